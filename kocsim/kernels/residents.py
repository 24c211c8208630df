"""What the day does to each resident: evidence, stage, orders. One pass over arrays, no branches.

The passes of a day run on blocks of `BLOCK` residents at a time, so that what one writes the next still finds in
the cache. Counts go to ``counts`` (int64), a row a range of residents:

0-5 residents in each stage; 6 newly aware; 7 newly identified; 8 new customers; 9 orders; 10 repeat orders;
11 lapsed today; 12 won back; 13 identification lost; 14-17, 18-21, 22-25 residents who saw 0, 1, 2, 3 distinct
KOCs today, within seven days, ever; 26 digest.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, uint8, uint16, uint32, uint64

from kocsim.kernels.bits import high, jit, low, mix32, splitmix64
from kocsim.stages import NEVER, Stage

BLOCK = 4096
COUNTS = 27
FULL_WEIGHT = 65280.0
"""255 * 256: strength byte and weight units of a full cue."""
UNAWARE, AWARE, IDENTIFIED, CUSTOMER, REPEAT, LAPSED = (int(stage) for stage in Stage)


@jit
def weigh(
    stage, evidence, sources, kocs, week, day_aware, news, olds, day,
    first, further, repeat, retention, counts, lo, hi,
):
    """Turn what was seen into evidence and awareness; empties `news` and `olds` (a row a thread)."""
    threads = news.shape[0]
    aware = int64(0)
    for t in range(1, threads):
        for i in range(uint64(lo), uint64(hi)):
            news[0, i] += news[t, i]
            olds[0, i] += olds[t, i]
            news[t, i] = uint64(0)
            olds[t, i] = uint64(0)
    bonus = first - further
    t0 = t1 = t2 = t3 = int64(0)
    s0 = s1 = s2 = s3 = int64(0)
    e0 = e1 = e2 = e3 = int64(0)
    for i in range(uint64(lo), uint64(hi)):
        new, old = news[0, i], olds[0, i]
        news[0, i] = uint64(0)
        olds[0, i] = uint64(0)
        new_sources = uint32(new >> uint64(32)) & uint32(0xFFFF)
        new_kocs = uint32(new >> uint64(48))
        change = uint32(old >> uint64(32)) & uint32(0xFFFF)
        # a negative change borrowed one from the field above it
        old_kocs = (uint32(old >> uint64(48)) + (change >> uint32(15))) & uint32(0xFFFF)
        new_weight = float64(new & uint64(0xFFFFFFFF))
        old_weight = float64(old & uint64(0xFFFFFFFF))
        had = uint32(sources[i])
        mean = new_weight / float64(max(new_sources, uint32(1)))
        gain = further * new_weight + repeat * old_weight
        gain += bonus * mean if had == uint32(0) else 0.0
        evidence[i] = float32(float64(evidence[i]) * retention + gain / FULL_WEIGHT)
        now = min(had + new_sources, uint32(65535))
        sources[i] = uint16(now)
        k = min(uint32(kocs[i]) + new_kocs, uint32(65535))
        kocs[i] = uint16(k)
        w = (uint32(week[i]) + new_kocs + change) & uint32(0xFFFF)
        week[i] = uint16(w)
        s = stage[i]
        moves = uint8(s == uint8(UNAWARE)) & uint8(now > uint32(0))
        stage[i] = s + moves
        day_aware[i] = uint16(day) if moves else day_aware[i]
        aware += int64(moves)
        d = new_kocs + old_kocs
        t0 += int64(d == uint32(0))
        t1 += int64(d == uint32(1))
        t2 += int64(d == uint32(2))
        t3 += int64(d == uint32(3))
        s0 += int64(w == uint32(0))
        s1 += int64(w == uint32(1))
        s2 += int64(w == uint32(2))
        s3 += int64(w == uint32(3))
        e0 += int64(k == uint32(0))
        e1 += int64(k == uint32(1))
        e2 += int64(k == uint32(2))
        e3 += int64(k == uint32(3))
    counts[6] += aware
    for x, n in enumerate((t0, t1, t2, t3, s0, s1, s2, s3, e0, e1, e2, e3)):
        counts[14 + x] += n


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


@jit
def buy(
    stage, evidence, sources, kocs, threshold, ordered, day_customer, day, slack, need_key, need, buy_key,
    first, repeat, win_back, lapse_key, lapse, digest_key, counts, lo, hi,
):
    """Need, orders and lapsing; then the stages are counted and the state enters the digest.

    Chances are of 2**31. `ordered` gets 1 for everybody who bought today.
    """
    n0, n1 = low(need_key), high(need_key)
    b0, b1 = low(buy_key), high(buy_key)
    l0, l1 = low(lapse_key), high(lapse_key)
    won = back = gone = all_orders = int64(0)
    c1 = c2 = c3 = c4 = c5 = int64(0)
    for i in range(uint64(lo), uint64(hi)):
        s = stage[i]
        x = uint32(i)
        needs = uint8((mix32(n0, n1, x) >> uint32(1)) < need)
        luck = mix32(b0, b1, x) >> uint32(1)
        leaves = uint8((mix32(l0, l1, x) >> uint32(1)) < lapse)
        active = uint8(s == uint8(CUSTOMER)) | uint8(s == uint8(REPEAT))
        new = needs & uint8(s == uint8(IDENTIFIED)) & uint8(luck < first)
        again = needs & active & uint8(luck < repeat)
        persuaded = uint8(float64(evidence[i]) + slack >= float64(threshold[i]))
        returns = needs & uint8(s == uint8(LAPSED)) & persuaded & uint8(luck < win_back)
        after = uint8(CUSTOMER) if new else s
        after = uint8(REPEAT) if again | returns else after
        lapsed = active & leaves
        after = uint8(LAPSED) if lapsed else after
        stage[i] = after
        orders = new | again | returns
        ordered[i] = orders
        newly = new & uint8(day_customer[i] == uint16(NEVER))
        day_customer[i] = uint16(day) if newly else day_customer[i]
        won += int64(newly)
        back += int64(returns)
        gone += int64(lapsed)
        all_orders += int64(orders)
        c1 += int64(after == uint8(AWARE))
        c2 += int64(after == uint8(IDENTIFIED))
        c3 += int64(after == uint8(CUSTOMER))
        c4 += int64(after == uint8(REPEAT))
        c5 += int64(after == uint8(LAPSED))
    counts[0] += hi - lo - c1 - c2 - c3 - c4 - c5
    counts[1] += c1
    counts[2] += c2
    counts[3] += c3
    counts[4] += c4
    counts[5] += c5
    counts[8] += won
    counts[9] += all_orders
    counts[10] += all_orders - won
    counts[11] += gone
    counts[12] += back
    counts[26] += digest(stage, evidence, sources, kocs, digest_key, lo, hi)


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
    stage, evidence, sources, kocs, week, threshold, ordered, day_aware, day_identified, day_customer, day,
    news, olds, first, further, repeat, retention, slack, hysteresis, need_key, need, buy_key,
    buy_first, buy_repeat, win_back, lapse_key, lapse, digest_key, counts, lo, hi,
):
    """`weigh`, `identify` and `buy`, a block of residents at a time while it is in the cache."""
    for b in range(lo, hi, BLOCK):
        stop = min(b + BLOCK, hi)
        weigh(
            stage, evidence, sources, kocs, week, day_aware, news, olds, day,
            first, further, repeat, retention, counts, b, stop,
        )
        identify(
            stage, evidence, threshold, day_identified, day, slack, hysteresis, counts, b, stop
        )
        buy(
            stage, evidence, sources, kocs, threshold, ordered, day_customer, day, slack, need_key, need,
            buy_key, buy_first, buy_repeat, win_back, lapse_key, lapse, digest_key, counts, b, stop,
        )
