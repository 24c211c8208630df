"""What the day does to each resident: evidence, stage, orders. One pass over arrays, no branches.

The passes of a day run on blocks of `BLOCK` residents at a time, so that what one writes the next still finds in
the cache. Counts go to ``counts`` (int64), a row a range of residents:

0-5 residents in each stage; 6 newly aware; 7 newly identified; 8 new customers; 9 orders; 10 repeat orders;
11 lapsed today; 12 won back; 13 identification lost; 14-17, 18-21, 22-25 residents who saw 0, 1, 2, 3 distinct
KOCs today, within seven days, ever; 26 digest; 27 meetings of a resident and a distinct KOC today.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int32, int64, uint8, uint16, uint32, uint64

from kocsim.kernels.bits import helper, high, jit, low, mix32, splitmix64
from kocsim.stages import NEVER, Stage

BLOCK = 4096
COUNTS = 28
FULL_WEIGHT = 65280.0
"""255 * 256: strength byte and weight units of a full cue."""
UNAWARE, AWARE, IDENTIFIED, CUSTOMER, REPEAT, LAPSED = (int(stage) for stage in Stage)


@jit
def merge(sums, lo, hi):
    """Add up the threads' rows of `sums` into the first; the others are emptied."""
    for t in range(1, sums.shape[0]):
        total, part = sums[0], sums[t]
        for i in range(uint64(lo), uint64(hi)):
            total[i] += part[i]
            part[i] = uint64(0)


@helper
def _weight(sum_):
    """Low 32 bits as a float. int32 converts in one vector instruction, 64 bits do not; a weight may need all 32."""
    weight = uint32(sum_)
    upper, lower = int32(weight >> uint32(16)), int32(weight & uint32(0xFFFF))
    return float64(upper) * 65536.0 + float64(lower)


@jit
def add_evidence(evidence, sources, news, olds, first, further, repeat, retention, lo, hi):
    """Yesterday's evidence fades, what was seen today is added; see `kocsim.mechanisms.response`."""
    bonus = first - further
    fresh = uint16(1)
    for i in range(uint64(lo), uint64(hi)):
        fresh = min(fresh, sources[i])
    if fresh:  # everybody here has seen something before: no first cues
        for i in range(uint64(lo), uint64(hi)):
            gain = further * _weight(news[i]) + repeat * _weight(olds[i])
            evidence[i] = float32(float64(evidence[i]) * retention + gain / FULL_WEIGHT)
        return
    for i in range(uint64(lo), uint64(hi)):
        new_weight = _weight(news[i])
        new_sources = int32(uint32(news[i] >> uint64(32)) & uint32(0xFFFF))
        mean = new_weight / float64(max(new_sources, int32(1)))
        gain = further * new_weight + repeat * _weight(olds[i])
        gain += bonus * mean if sources[i] == uint16(0) else 0.0
        evidence[i] = float32(float64(evidence[i]) * retention + gain / FULL_WEIGHT)


@jit
def add_sources(sources, kocs, week, today, news, olds, lo, hi):
    """Distinct sources and KOCs seen so far, KOCs within the week and today; empties `news` and `olds`."""
    for i in range(uint64(lo), uint64(hi)):
        new, old = news[i], olds[i]
        news[i] = uint64(0)
        olds[i] = uint64(0)
        new_sources = uint32(new >> uint64(32)) & uint32(0xFFFF)
        new_kocs = uint32(new >> uint64(48))
        change = uint32(old >> uint64(32)) & uint32(0xFFFF)
        # a negative change borrowed one from the field above it
        today[i] = uint16(new_kocs + uint32(old >> uint64(48)) + (change >> uint32(15)))
        week[i] = uint16(uint32(week[i]) + new_kocs + change)
        sources[i] = uint16(min(uint32(sources[i]) + new_sources, uint32(65535)))
        kocs[i] = uint16(min(uint32(kocs[i]) + new_kocs, uint32(65535)))


@jit
def count_bytes(values, mask, value, lo, hi):
    """How many of a range of bytes are `value` under `mask`; counted in bytes, 255 at a time."""
    total = int64(0)
    m, v = uint8(mask), uint8(value)
    for b in range(lo, hi, 255):
        n = uint8(0)
        for i in range(uint64(b), uint64(min(b + 255, hi))):
            n = uint8(n + uint8((values[i] & m) == v))
        total += int64(n)
    return total


@jit
def notice(stage, sources, day_aware, day, lo, hi):
    """Who has seen a source is aware. Returns the newly aware; `hi` - `lo` <= BLOCK."""
    if count_bytes(stage, 255, UNAWARE, lo, hi) == 0:
        return int64(0)
    aware = uint16(0)
    for i in range(uint64(lo), uint64(hi)):
        moves = (stage[i] == uint8(UNAWARE)) & (sources[i] != uint16(0))
        day_aware[i] = uint16(day) if moves else day_aware[i]
        aware = uint16(aware + uint16(moves))
    if aware:
        for i in range(uint64(lo), uint64(hi)):
            moves = (stage[i] == uint8(UNAWARE)) & (sources[i] != uint16(0))
            stage[i] = uint8(AWARE) if moves else stage[i]
    return int64(aware)


@jit
def histogram(values, counts, at, lo, hi):
    """counts[at + k] += residents with value k, for k = 0, 1, 2, 3; `hi` - `lo` <= BLOCK.

    Counted in as many bits as the values have, so that as many fit a vector.
    """
    for k in range(4):
        n = uint16(0)
        for i in range(uint64(lo), uint64(hi)):
            n = uint16(n + uint16(values[i] == uint16(k)))
        counts[at + k] += int64(n)


@jit
def total(values, lo, hi):
    """Sum of a range."""
    n = int64(0)
    for i in range(uint64(lo), uint64(hi)):
        n += int64(values[i])
    return n


@jit
def weigh(
    stage, evidence, sources, kocs, week, today, day_aware, sums, day,
    first, further, repeat, retention, counts, lo, hi,
):
    """Turn what was seen into evidence and awareness; empties `sums` (a row a thread)."""
    n = stage.size
    news, olds = sums[0, :n], sums[0, n:]
    for b in range(lo, hi, BLOCK):
        stop = min(b + BLOCK, hi)
        merge(sums, b, stop)
        merge(sums, n + b, n + stop)
        add_evidence(evidence, sources, news, olds, first, further, repeat, retention, b, stop)
        add_sources(sources, kocs, week, today, news, olds, b, stop)
        counts[6] += notice(stage, sources, day_aware, day, b, stop)
        histogram(today, counts, 14, b, stop)
        counts[27] += total(today, b, stop)
        histogram(week, counts, 18, b, stop)
        histogram(kocs, counts, 22, b, stop)


@jit
def identify(stage, evidence, threshold, day_identified, day, slack, hysteresis, counts, lo, hi):
    """The built-in rule: aware and evidence >= threshold, up to `slack`; lost below hysteresis x threshold."""
    gained = int64(0)
    lost = int64(0)
    for i in range(uint64(lo), uint64(hi)):
        s = stage[i]
        e = float64(evidence[i])
        t = float64(threshold[i])
        up = uint8(s == uint8(AWARE)) & uint8(e + slack >= t)
        down = uint8(s == uint8(IDENTIFIED)) & uint8(e + slack < hysteresis * t)
        stage[i] = uint8(s + up - down)
        newly = up & uint8(day_identified[i] == uint16(NEVER))
        day_identified[i] = uint16(day) if newly else day_identified[i]
        gained += int64(newly)
        lost += int64(down)
    counts[7] += gained
    counts[13] += lost


@jit
def obey(stage, residents, answer, day_identified, day, counts):
    """A user's rule: move the residents it decided on between aware and identified."""
    for q in range(residents.size):
        i = residents[q]
        s = stage[i]
        if answer[q] and s == AWARE:
            stage[i] = IDENTIFIED
            if day_identified[i] == NEVER:
                day_identified[i] = day
                counts[7] += 1
        elif not answer[q] and s == IDENTIFIED:
            stage[i] = AWARE
            counts[13] += 1


NEEDS, FIRST, AGAIN, BACK, LEAVES, PERSUADED = (uint8(1 << bit) for bit in range(6))
"""What the day has in store for a resident, a bit each."""
NEW, RETURNED, GONE = uint8(2), uint8(4), uint8(8)
"""What came of it; bit 0 is "ordered"."""


@jit
def draw_fates(fate, need_key, need, buy_key, first, repeat, win_back, lapse_key, lapse, lo, hi):
    """Need, readiness to buy and lapsing, drawn for everybody alike; chances of 2**31."""
    n0, n1 = low(need_key), high(need_key)
    b0, b1 = low(buy_key), high(buy_key)
    l0, l1 = low(lapse_key), high(lapse_key)
    for i in range(uint64(lo), uint64(hi)):
        x = uint32(i)
        needs = (mix32(n0, n1, x) >> uint32(1)) < need
        luck = mix32(b0, b1, x) >> uint32(1)
        leaves = (mix32(l0, l1, x) >> uint32(1)) < lapse
        fate[i] = (
            (NEEDS if needs else uint8(0)) | (FIRST if luck < first else uint8(0))
            | (AGAIN if luck < repeat else uint8(0)) | (BACK if luck < win_back else uint8(0))
            | (LEAVES if leaves else uint8(0))
        )


@jit
def add_persuaded(fate, evidence, threshold, slack, lo, hi):
    """Whose evidence reaches her threshold, as one more bit."""
    for i in range(uint64(lo), uint64(hi)):
        fate[i] |= PERSUADED if float64(evidence[i]) + slack >= float64(threshold[i]) else uint8(0)


@jit
def follow_fates(stage, fate, lo, hi):
    """Orders and lapsing by stage; `fate` becomes what happened."""
    for i in range(uint64(lo), uint64(hi)):
        s, f = stage[i], fate[i]
        active = (s == uint8(CUSTOMER)) | (s == uint8(REPEAT))
        buys_first = (s == uint8(IDENTIFIED)) & ((f & (NEEDS | FIRST)) == (NEEDS | FIRST))
        buys_again = active & ((f & (NEEDS | AGAIN)) == (NEEDS | AGAIN))
        comes_back = NEEDS | BACK | PERSUADED
        returns = (s == uint8(LAPSED)) & ((f & comes_back) == comes_back)
        lapses = active & ((f & LEAVES) != uint8(0))
        after = uint8(CUSTOMER) if buys_first else s
        after = uint8(REPEAT) if buys_again | returns else after
        after = uint8(LAPSED) if lapses else after
        stage[i] = after
        fate[i] = (
            (uint8(1) if buys_first | buys_again | returns else uint8(0))
            | (NEW if buys_first else uint8(0)) | (RETURNED if returns else uint8(0))
            | (GONE if lapses else uint8(0))
        )


@jit
def date_customers(day_customer, fate, day, lo, hi):
    """Enter today for first orders. Returns how many there were; `hi` - `lo` <= BLOCK."""
    won = uint16(0)
    for i in range(uint64(lo), uint64(hi)):
        newly = ((fate[i] & NEW) != uint8(0)) & (day_customer[i] == uint16(NEVER))
        day_customer[i] = uint16(day) if newly else day_customer[i]
        won = uint16(won + uint16(newly))
    return int64(won)


@jit
def buy(
    stage, evidence, sources, kocs, threshold, ordered, day_customer, day, slack, need_key, need, buy_key,
    first, repeat, win_back, lapse_key, lapse, digest_key, counts, lo, hi,
):
    """Need, orders and lapsing; then the stages are counted and the state enters the digest.

    `ordered` gets bit 0 for everybody who bought today (and bits `NEW`, `RETURNED`, `GONE`).
    """
    for b in range(lo, hi, BLOCK):
        stop = min(b + BLOCK, hi)
        draw_fates(
            ordered, need_key, need, buy_key, first, repeat, win_back, lapse_key, lapse, b, stop
        )
        add_persuaded(ordered, evidence, threshold, slack, b, stop)
        follow_fates(stage, ordered, b, stop)
        won = date_customers(day_customer, ordered, day, b, stop)
        orders = count_bytes(ordered, 1, 1, b, stop)
        counts[8] += won
        counts[9] += orders
        counts[10] += orders - won
        counts[11] += count_bytes(ordered, GONE, GONE, b, stop)
        counts[12] += count_bytes(ordered, RETURNED, RETURNED, b, stop)
        for s in range(6):
            counts[s] += count_bytes(stage, 255, s, b, stop)
        counts[26] += digest(stage, evidence, sources, kocs, digest_key, b, stop)


@jit
def digest(stage, evidence, sources, kocs, key, lo, hi):
    """Sum over residents of a hash of each one's state: independent of order, wrapping at 64 bits."""
    bits = evidence.view(np.uint32)
    total = uint64(0)
    for i in range(uint64(lo), uint64(hi)):
        v = uint64(bits[i]) | (uint64(sources[i]) << uint64(32)) | (uint64(kocs[i]) << uint64(48))
        v += uint64(stage[i]) * uint64(0xD1B54A32D192ED03)
        total += splitmix64(v + i * uint64(0x9E3779B97F4A7C15) + uint64(key))
    return int64(total)


@jit
def move_on(
    stage, evidence, sources, kocs, week, today, threshold, ordered, day_aware, day_identified, day_customer, day,
    sums, first, further, repeat, retention, slack, hysteresis, need_key, need, buy_key,
    buy_first, buy_repeat, win_back, lapse_key, lapse, digest_key, counts, lo, hi,
):
    """`weigh`, `identify` and `buy`, a block of residents at a time while it is in the cache."""
    for b in range(lo, hi, BLOCK):
        stop = min(b + BLOCK, hi)
        weigh(
            stage, evidence, sources, kocs, week, today, day_aware, sums, day,
            first, further, repeat, retention, counts, b, stop,
        )
        identify(
            stage, evidence, threshold, day_identified, day, slack, hysteresis, counts, b, stop
        )
        buy(
            stage, evidence, sources, kocs, threshold, ordered, day_customer, day, slack, need_key, need,
            buy_key, buy_first, buy_repeat, win_back, lapse_key, lapse, digest_key, counts, b, stop,
        )
