"""Cascades over ties: replicates of one rule on one network, from seeds to the end.

Every kernel runs replicates ``lo..hi`` on one thread and returns the first one that it has not done, which is below
`hi` when its output is full (or, in `delays`, when the caller must enlarge something: see there). A replicate costs
what its cascade touches, not what the network holds: state is put back by walking the residents touched.

The residents who adopt at one step are taken in groups. First all of a group's rows are looked up, so that the loads
from far memory do not wait for each other; then their ties are laid side by side in short buffers, on which each loop
does one job: draw, pick the hits, look at the receivers.

Common arguments
----------------
offsets, ties : CSR audience, receiver in the low 24 bits of a tie.
silent : uint8 (n,) or (0,); those who pass nothing on.
key : uint64; stream of this decision; a replicate's is ``entity_key(key, replicate)``.
seed_who, seed_when : uint32 and int32 (replicates of this call or 1, k); ascending by step. A seed who is immune
    or has adopted by then is passed over.
last : most steps.
levels : int32; adopters at each step, replicate after replicate, ``lengths[r]`` steps each.
sizes, lengths : int64, int32 (replicates,).
counts : uint32 (n,); in how many replicates each resident adopted, added to.
times : int32 (replicates, n) or (0, 0); step of adoption, prefilled with -1.
queue : uint32 (n + 1,); scratch. row_at, row_end : int64 (GROUP,); row_key : uint64 (GROUP,).
work : uint32 (7, CAP).
"""

import math

from numba import float64, int32, int64, uint8, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32

GROUP = 64
CAP = 1024
ENOUGH, FULL_LEVELS, FULL_EVENTS, FULL_STEPS = 0, 1, 2, 3
FREE, ADOPTED, IMMUNE = 0, 1, 2
LATE = 2**31 - 1
SCALE_BITS = 38


@helper
def _rows(offsets, ties, silent, key, queue, head, g, row_at, row_end, row_key, work):
    """Look up the rows of ``queue[head:head + g]``; reads the first tie of each, to have it on its way."""
    for i in range(g):
        u = uint64(queue[head + i])
        row_at[i] = offsets[u]
        row_end[i] = offsets[u + uint64(1)]
    if silent.size:
        for i in range(g):
            if silent[uint64(queue[head + i])]:
                row_end[i] = row_at[i]
    touched = uint32(0)
    for i in range(g):
        row_key[i] = entity_key(key, queue[head + i], 0)
        touched |= ties[min(uint64(row_at[i]), uint64(ties.size - 1))]
    work[5, 0] = touched  # so that the reading is not optimised away


@helper
def _lay_out(ties, row_at, row_end, row_key, row_bound, g, i, work, bounded, placed):
    """Lay rows i.. of the group side by side until the buffers are full: receivers, halves of the sender's key, and
    where asked the sender's bound and place in the group, and the ties' places.

    Advances ``row_at``; returns the row to go on with and how many ties were laid out.
    """
    to, k0, k1, bound, place, owner = work[0], work[1], work[2], work[4], work[5], work[6]
    x = uint64(0)
    while i < g and x < uint64(CAP):
        key = row_key[i]
        a, b = low(key), high(key)
        e = uint64(row_at[i])
        z = min(uint64(row_end[i]) - e, uint64(CAP) - x)
        for y in range(z):
            to[x + y] = ties[e + y] & uint32(ID_MASK)
            k0[x + y] = a
            k1[x + y] = b
        if bounded:
            c = row_bound[i]
            for y in range(z):
                bound[x + y] = c
                owner[x + y] = uint32(i)
        if placed:
            for y in range(z):
                place[x + y] = uint32(e + y)
        x += z
        row_at[i] = int64(e + z)
        if row_at[i] == row_end[i]:
            i += uint64(1)
    return i, x


@helper
def _note(r, tail, lengths, durations, levels, endings, start, steps, sizes):
    """Write down a replicate that is over: its size, when it ended, and its steps but for the empty ones at the end."""
    sizes[r] = int64(tail)
    at = steps
    while at > 0 and levels[start + at] == 0:
        at -= 1
    durations[r] = at
    if endings.size:
        while steps > at and endings[start + steps] == 0:
            steps -= 1
        at = steps
    lengths[r] = at + 1
    return start + at + 1


@helper
def _count(r, tail, queue, counts, times, levels, start, length):
    for x in range(tail):
        counts[uint64(queue[x])] += uint32(1)
    if times.shape[0]:
        x = uint64(0)
        for t in range(length):
            for _ in range(levels[start + t]):
                times[r, uint64(queue[x])] = t
                x += uint64(1)


@helper
def _no_room(levels, start, offsets, seed_when, last):
    """Whether one more replicate, in which every step but waits for seeds adds somebody, might not fit."""
    k = seed_when.shape[1]
    longest = int64(offsets.size) + 2
    if k:
        longest += int64(seed_when[0, k - 1])
    return int64(levels.size) - start < min(longest, last + 2)


# ---- one attempt a tie


@jit
def cascade(
    offsets, ties, silent, chance, chances, of_receiver, key, seed_who, seed_when, last, lo, hi, state,
    queue, row_at, row_end, row_key, work, levels, sizes, lengths, durations, counts, times,
):
    """Independent cascade: a new adopter tries each of its ties once, at the next step.

    ``chance`` (of 2**31) holds for every tie when ``chances`` (uint32, a tie, or a resident if ``of_receiver``) is
    empty. The draw belongs to (replicate, sender, receiver). ``state`` (uint8, n): FREE, or IMMUNE; the same
    afterwards.
    """
    start = int64(0)
    to, k0, k1, luck, place = work[0], work[1], work[2], work[3], work[5]
    k = seed_who.shape[1]
    for r in range(lo, hi):
        if _no_room(levels, start, offsets, seed_when, last):
            return r
        row = r - lo if seed_who.shape[0] > 1 else 0
        rkey = entity_key(key, r, 0)
        tail = head = uint64(0)
        s = 0
        t = int64(0)
        while True:
            before = tail
            # those who adopted at the last step try
            while head < before:
                g = min(before - head, uint64(GROUP))
                _rows(offsets, ties, silent, rkey, queue, head, g, row_at, row_end, row_key, work)
                head += g
                i = uint64(0)
                while i < g:
                    placed = chances.size > 0 and not of_receiver
                    i, m = _lay_out(ties, row_at, row_end, row_key, row_key, g, i, work, False, placed)
                    for x in range(m):
                        luck[x] = mix32(k0[x], k1[x], to[x]) >> uint32(1)
                    hits = uint64(0)
                    if chances.size:
                        for x in range(m):
                            v = to[x]
                            to[hits] = v
                            hits += uint64(luck[x] < chances[uint64(v if of_receiver else place[x])])
                    else:
                        for x in range(m):
                            v = to[x]
                            to[hits] = v
                            hits += uint64(luck[x] < chance)
                    for x in range(hits):
                        v = uint64(to[x])
                        queue[tail] = uint32(v)
                        tail += uint64(state[v] == uint8(FREE))
                        state[v] |= uint8(ADOPTED)
            while s < k and seed_when[row, s] <= t:
                v = uint64(seed_who[row, s])
                queue[tail] = uint32(v)
                tail += uint64(state[v] == uint8(FREE))
                state[v] |= uint8(ADOPTED)
                s += 1
            levels[start + t] = int32(tail - before)
            if t == last or (head == tail and s == k):
                break
            t += 1
        following = _note(r, tail, lengths, durations, levels, levels[:0], start, t, sizes)
        _count(r, tail, queue, counts, times, levels, start, lengths[r])
        for x in range(tail):
            state[uint64(queue[x])] = uint8(FREE)
        start = following
    return hi


# ---- a number of contacts each


@helper
def _need(mode, base, table, degree, k0, k1, v):
    """How much a resident who is touched for the first time needs, in contacts or in units of weight.

    Mode 0: the same for all, ``base[0]``. 1: each their own, ``base[v]``. 2: linear threshold with equal weights,
    the least whole number >= U x contacts. 3: linear threshold in units of 2**-SCALE_BITS. 4: from a law, the first
    entry of `table` (cumulative chances of 2**32) above the draw; beyond its end never.
    """
    if mode == 0:
        return base[0]
    if mode == 1:
        return base[v]
    h = uint64(mix32(k0, k1, uint32(v)))
    if mode == 2:
        return int64(((uint64(2) * h + uint64(1)) * uint64(degree[v]) + uint64(2**33 - 1)) >> uint64(33))
    if mode == 3:
        return int64((uint64(2) * h + uint64(1)) << uint64(SCALE_BITS - 33))
    a, b = 0, table.size
    while a < b:
        c = (a + b) >> 1
        if table[c] > h:
            b = c
        else:
            a = c + 1
    return int64(a + 1) if a < table.size else int64(LATE)


@helper
def _placed(left, untouched, touched, reached, filled, queue, tail, v):
    """Let a resident adopt by other means, unless she has, or cannot."""
    if left[v] > 0:
        if left[v] == untouched and not filled:
            touched[reached] = uint32(v)
            reached += uint64(1)
        left[v] = 0
        queue[tail] = uint32(v)
        tail += uint64(1)
    return reached, tail


@jit
def countdown(
    offsets, ties, silent, weights, mode, base, table, degree, spontaneous, barred, untouched, key, seed_who, seed_when,
    last, lo, hi, left, touched, queue, row_at, row_end, row_key, work, levels, sizes, lengths, durations, counts,
    times,
):
    """Thresholds: every adopted contact takes one (or the weight of its tie) off what a resident still needs.

    ``left`` (int32, or int64 with `weights`; n): ``untouched``, its largest value, or 0 for those in ``barred``
    (uint32), who never adopt; the same afterwards. ``weights``: int64 a tie, or empty. ``spontaneous`` (uint32):
    residents who adopt at step 1 without anybody. ``touched`` uint32 (n + 1,). See `_need` for `mode`, `base`,
    `table` and `degree`.

    A need is filled in when its resident is first touched; once a good share are, all the others at once, so that a
    large cascade need not ask tie by tie. It falls from 1 or more to 0 or less exactly when the resident adopts.
    """
    start = int64(0)
    k = seed_who.shape[1]
    n = uint64(offsets.size - 1)
    most = int64(untouched) - 1
    for r in range(lo, hi):
        if _no_room(levels, start, offsets, seed_when, last):
            return r
        row = r - lo if seed_who.shape[0] > 1 else 0
        rkey = entity_key(key, r, 0)
        p0, p1 = low(rkey), high(rkey)
        tail = head = reached = uint64(0)
        filled = False
        s = 0
        t = int64(0)
        while True:
            before = tail
            while head < before:
                g = min(before - head, uint64(GROUP))
                _rows(offsets, ties, silent, rkey, queue, head, g, row_at, row_end, row_key, work)
                head += g
                if not filled and reached > n >> uint64(2):
                    filled = True
                    for v in range(n):
                        if left[v] == untouched:
                            left[v] = min(max(int64(_need(mode, base, table, degree, p0, p1, v)), int64(1)), most)
                for i in range(g):
                    a, b = uint64(row_at[i]), uint64(row_end[i])
                    if not filled:
                        for e in range(a, b):
                            v = uint64(ties[e] & uint32(ID_MASK))
                            if left[v] == untouched:
                                # who needs nobody adopts at step 1 in any case
                                left[v] = min(max(int64(_need(mode, base, table, degree, p0, p1, v)), int64(1)), most)
                                touched[reached] = uint32(v)
                                reached += uint64(1)
                    if weights.size:
                        for e in range(a, b):
                            v = uint64(ties[e] & uint32(ID_MASK))
                            had = left[v]
                            have = had - weights[e]
                            left[v] = have
                            queue[tail] = uint32(v)
                            tail += uint64((have <= 0) & (had > 0))
                    else:
                        for e in range(a, b):
                            v = uint64(ties[e] & uint32(ID_MASK))
                            have = left[v] - 1
                            left[v] = have
                            queue[tail] = uint32(v)
                            tail += uint64(have == 0)
            if t == 1:
                for x in range(spontaneous.size):
                    reached, tail = _placed(
                        left, untouched, touched, reached, filled, queue, tail, uint64(spontaneous[x]))
            while s < k and seed_when[row, s] <= t:
                reached, tail = _placed(
                    left, untouched, touched, reached, filled, queue, tail, uint64(seed_who[row, s]))
                s += 1
            levels[start + t] = int32(tail - before)
            if t == last or (head == tail and s == k and (t > 0 or spontaneous.size == 0)):
                break
            t += 1
        following = _note(r, tail, lengths, durations, levels, levels[:0], start, t, sizes)
        _count(r, tail, queue, counts, times, levels, start, lengths[r])
        if filled:
            left[:] = untouched
        else:
            for x in range(reached):
                left[uint64(touched[x])] = untouched
        for x in range(barred.size):
            left[uint64(barred[x])] = 0
        start = following
    return hi


# ---- delays: an attempt at every step, until it succeeds


@helper
def _wait(h, log_stay):
    """Steps until the first success, from 32 random bits: geometric with P(wait > k) = exp(k x log_stay)."""
    if log_stay == 0.0:
        return int64(LATE)
    wait = math.log1p(-((float64(h) + 0.5) / 4294967296.0)) / log_stay
    return int64(wait) + 1 if wait < 2147483000.0 else int64(LATE)


@helper
def _schedule(v, at, last, due, first, nexts, whos, events, touched, reached):
    """Plan resident v's adoption at step `at`, earlier than any planned before. Returns the number of events, of
    residents touched, and why there was no room for it."""
    if at > last:
        return events, reached, ENOUGH
    if at >= first.size:
        return events, reached, FULL_STEPS
    if events >= uint64(whos.size):
        return events, reached, FULL_EVENTS
    if due[v] == LATE:
        touched[reached] = uint32(v)
        reached += uint64(1)
    due[v] = int32(at)
    whos[events] = uint32(v)
    nexts[events] = first[at]
    first[at] = int32(events)
    return events + uint64(1), reached, ENOUGH


@jit
def delays(
    offsets, ties, silent, mode, rates, shares, log_end, log_external, key, key_end, key_external, seed_who, seed_when,
    last, lo, hi, due, first, ended, nexts, whos, touched, row_bound, row_ends,
    queue, row_at, row_end, row_key, work, levels, endings, sizes, lengths, durations, counts, times,
):
    """An adopter tries each tie at every step from the next one on: the wait for the first success is drawn at once.

    Exact: waits of independent attempts are independent geometric numbers, so a tie is visited once whatever its wait.
    ``rates`` are log-probabilities that one attempt fails, <= 0: one for all (mode 0), a tie (1) or a receiver (2).
    With ``log_end`` < 0 an adopter stops trying after a geometric number of steps, the log-probability of going on
    being log_end (SIR). With ``log_external`` < 0 everybody also adopts by themselves after a geometric wait (Bass).

    ``shares`` (uint32): for mode 0, chances of 2**31, rounded up, to transmit within 0, 1, 2 ... steps, the last
    holding beyond; most ties are settled by it without looking up the receiver. ``due`` (int32, n): LATE, or -1 for
    the immune; the same afterwards. ``first`` (int32): -1; planned adoptions by step, as lists in ``nexts``,
    ``whos``. ``ended`` (int32, as long): 0. ``endings``: like `levels`, those who stopped trying; empty without
    `log_end`. ``row_bound`` uint32, ``row_ends`` int64 (GROUP,).

    Returns the next replicate and why it stopped: ENOUGH, or what there was no room for: FULL_LEVELS (at least as long
    as `first`, so call again), FULL_EVENTS (enlarge `nexts` and `whos`), FULL_STEPS (enlarge `first` and `ended`).
    """
    start = int64(0)
    to, k0, k1, luck, bound, place, owner = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    k = seed_who.shape[1]
    n = uint64(offsets.size - 1)
    ends = log_end < 0.0
    for r in range(lo, hi):
        row = r - lo if seed_who.shape[0] > 1 else 0
        rkey = entity_key(key, r, 0)
        ekey = entity_key(key_end, r, 0)
        e0, e1 = low(ekey), high(ekey)
        events = taken = tail = reached = uint64(0)
        infectious = int64(0)
        why = ENOUGH
        for s in range(k):
            v = uint64(seed_who[row, s])
            if seed_when[row, s] < due[v]:
                events, reached, full = _schedule(
                    v, int64(seed_when[row, s]), last, due, first, nexts, whos, events, touched, reached)
                why = max(why, full)
        if log_external < 0.0:
            xkey = entity_key(key_external, r, 0)
            x0, x1 = low(xkey), high(xkey)
            for v in range(n):
                at = _wait(mix32(x0, x1, uint32(v)), log_external)
                if at < due[v]:
                    events, reached, full = _schedule(
                        v, at, last, due, first, nexts, whos, events, touched, reached)
                    why = max(why, full)
        t = int64(0)
        while why == ENOUGH:
            if start + t >= levels.size:
                why = FULL_LEVELS
                break
            before = tail
            x = first[t]
            first[t] = -1
            while x >= 0:
                v = uint64(whos[x])
                taken += uint64(1)
                queue[tail] = uint32(v)
                tail += uint64(due[v] == t)
                x = nexts[x]
            levels[start + t] = int32(tail - before)
            if ends:
                infectious += int64(tail - before) - int64(ended[t])
                endings[start + t] = ended[t]
                ended[t] = 0
            if t == last:
                break
            head = before
            while head < tail and why == ENOUGH:
                g = min(tail - head, uint64(GROUP))
                _rows(offsets, ties, silent, rkey, queue, head, g, row_at, row_end, row_key, work)
                for j in range(g):
                    trying = int64(LATE)
                    if ends:
                        trying = _wait(mix32(e0, e1, queue[head + j]), log_end)
                        if t + trying <= last:
                            if t + trying < ended.size:
                                ended[t + trying] += 1
                            else:
                                why = FULL_STEPS
                    row_ends[j] = min(t + trying, last)
                    row_bound[j] = shares[min(row_ends[j] - t, int64(shares.size) - 1)]
                head += g
                i = uint64(0)
                while i < g:
                    i, m = _lay_out(ties, row_at, row_end, row_key, row_bound, g, i, work, True, True)
                    for x in range(m):
                        luck[x] = mix32(k0[x], k1[x], to[x])
                    hits = uint64(0)
                    for x in range(m):
                        h, v32, e32, j32 = luck[x], to[x], place[x], owner[x]
                        luck[hits] = h
                        to[hits] = v32
                        place[hits] = e32
                        owner[hits] = j32
                        hits += uint64((h >> uint32(1)) < bound[x])
                    for x in range(hits):
                        v = uint64(to[x])
                        longest = min(int64(due[v]) - 1, row_ends[uint64(owner[x])]) - t
                        if longest < 1:
                            continue
                        rate = rates[0]
                        if mode == 1:
                            rate = rates[uint64(place[x])]
                        elif mode == 2:
                            rate = rates[v]
                        # most are settled by -log(1 - u) >= u, without a logarithm
                        if (float64(luck[x]) + 0.5) / 4294967296.0 > -rate * float64(longest) * 1.000000001:
                            continue
                        wait = _wait(luck[x], rate)
                        if wait <= longest:
                            events, reached, full = _schedule(
                                v, t + wait, last, due, first, nexts, whos, events, touched, reached)
                            why = max(why, full)
            if taken == events and (not ends or infectious == 0):
                break
            t += 1
        for x in range(reached):
            due[uint64(touched[x])] = LATE
        if why != ENOUGH:
            first[:] = -1
            ended[:] = 0
            return r, why
        following = _note(r, tail, lengths, durations, levels, endings, start, t, sizes)
        _count(r, tail, queue, counts, times, levels, start, durations[r] + 1)
        start = following
    return hi, ENOUGH


# ---- a hazard at every step


@jit
def hazard(
    offsets, ties, silent, weights, external, peer, span, share, degree, key, seed_who, seed_when, last, lo, hi,
    met, left, status, queue, levels, sizes, lengths, durations, counts, times,
):
    """At every step each resident who has not adopted does so with probability ``(external + peer x) span``, cut at 1.

    x: adopted contacts (with ``weights``, int64 a tie: their sum in units of 2**-SCALE_BITS), divided by
    ``degree[v]`` if `share`. The draw belongs to (replicate, step, resident). ``met`` (int64, n): scratch. ``left``
    (uint32, n): scratch, those who have not adopted. ``status`` (uint8, n): FREE or IMMUNE; the same afterwards.
    Returns the next replicate; the one that does not fit into `levels` is begun anew when called again.
    """
    start = int64(0)
    k = seed_who.shape[1]
    n = uint64(offsets.size - 1)
    unit = 1.0 / float64(2**SCALE_BITS) if weights.size else 1.0
    for r in range(lo, hi):
        row = r - lo if seed_who.shape[0] > 1 else 0
        rkey = entity_key(key, r, 0)
        met[:] = 0
        m = tail = head = uint64(0)
        for v in range(n):
            left[m] = uint32(v)
            m += uint64(status[v] == uint8(FREE))
        s = 0
        t = int64(0)
        full = False
        while True:
            if start + t >= levels.size:
                full = True
                break
            before = tail
            possible = False
            if t > 0:
                tkey = entity_key(rkey, t, 1)
                t0, t1 = low(tkey), high(tkey)
                stay = uint64(0)
                for x in range(m):
                    v = left[x]
                    heat = float64(met[uint64(v)]) * unit
                    if share:
                        d = degree[uint64(v)]
                        heat = heat / float64(d) if d else 0.0
                    h = (external + peer * heat) * span
                    possible |= h > 0.0
                    draw = (float64(mix32(t0, t1, v)) + 0.5) / 4294967296.0
                    adopts = draw < h
                    queue[tail] = v
                    tail += uint64(adopts)
                    left[stay] = v
                    stay += uint64(not adopts)
                m = stay
                for x in range(before, tail):
                    status[uint64(queue[x])] = uint8(ADOPTED)
            placed = tail
            while s < k and seed_when[row, s] <= t:
                v = uint64(seed_who[row, s])
                queue[tail] = uint32(v)
                tail += uint64(status[v] == uint8(FREE))
                status[v] |= uint8(ADOPTED)
                s += 1
            if tail > placed:
                stay = uint64(0)
                for x in range(m):
                    v = left[x]
                    left[stay] = v
                    stay += uint64(status[uint64(v)] == uint8(FREE))
                m = stay
            levels[start + t] = int32(tail - before)
            while head < tail:
                u = uint64(queue[head])
                head += uint64(1)
                if silent.size and silent[u]:
                    continue
                for e in range(uint64(offsets[u]), uint64(offsets[u + uint64(1)])):
                    v = uint64(ties[e] & uint32(ID_MASK))
                    met[v] += weights[e] if weights.size else int64(1)
            if t == last or (s == k and (m == 0 or (t > 0 and not possible and tail == before))):
                break
            t += 1
        for x in range(tail):
            status[uint64(queue[x])] = uint8(FREE)
        if full:
            return r
        following = _note(r, tail, lengths, durations, levels, levels[:0], start, t, sizes)
        _count(r, tail, queue, counts, times, levels, start, durations[r] + 1)
        start = following
    return hi


# ---- invitations


@helper
def _below(k0, k1, counter, n):
    """A whole number below n <= 2**24."""
    return (uint64(mix32(k0, k1, counter)) * uint64(n)) >> uint64(32)


@jit
def invitations(
    offsets, ties, silent, mixed, cdf, chance, key, key_whom, key_yes, seed_who, seed_when, last, lo, hi, state, chosen,
    queue, levels, sizes, lengths, durations, counts, times,
):
    """Branching: each new adopter once invites a random number of different contacts; an invited one accepts by chance.

    ``cdf`` (uint32): the number invited is the first entry above a draw of 32 bits. ``mixed``: everybody is a contact
    of everybody else and `ties` is not looked at. ``state`` as in `cascade`. ``chosen`` uint64 (len(cdf) + 1,):
    scratch.
    """
    start = int64(0)
    k = seed_who.shape[1]
    n = uint64(offsets.size - 1)
    for r in range(lo, hi):
        if _no_room(levels, start, offsets, seed_when, last):
            return r
        row = r - lo if seed_who.shape[0] > 1 else 0
        rkey = entity_key(key, r, 0)
        wkey = entity_key(key_whom, r, 0)
        ykey = entity_key(key_yes, r, 0)
        r0, r1 = low(rkey), high(rkey)
        tail = head = uint64(0)
        s = 0
        t = int64(0)
        while True:
            before = tail
            while head < before:
                u = uint64(queue[head])
                head += uint64(1)
                if silent.size and silent[u]:
                    continue
                draw = mix32(r0, r1, uint32(u))
                many = uint64(0)
                while many < uint64(cdf.size) and cdf[many] <= draw:
                    many += uint64(1)
                first = uint64(0)
                degree = n - uint64(1)
                if not mixed:
                    first = uint64(offsets[u])
                    degree = uint64(offsets[u + uint64(1)]) - first
                many = min(many, degree)
                if many == uint64(0):
                    continue
                uk = entity_key(wkey, u, 0)
                u0, u1 = low(uk), high(uk)
                yk = entity_key(ykey, u, 0)
                y0, y1 = low(yk), high(yk)
                turn = uint32(0)
                for c in range(many):
                    if many == degree:
                        at = uint64(c)
                    else:
                        again = True
                        while again:
                            at = _below(u0, u1, turn, degree)
                            turn = uint32(turn + uint32(1))
                            again = False
                            for b in range(c):
                                again |= chosen[b] == at
                        chosen[c] = at
                    v = at + uint64(at >= u) if mixed else uint64(ties[first + at] & uint32(ID_MASK))
                    yes = (mix32(y0, y1, uint32(v)) >> uint32(1)) < chance
                    queue[tail] = uint32(v)
                    tail += uint64(yes and state[v] == uint8(FREE))
                    state[v] |= uint8(ADOPTED) * uint8(yes)
            while s < k and seed_when[row, s] <= t:
                v = uint64(seed_who[row, s])
                queue[tail] = uint32(v)
                tail += uint64(state[v] == uint8(FREE))
                state[v] |= uint8(ADOPTED)
                s += 1
            levels[start + t] = int32(tail - before)
            if t == last or (head == tail and s == k):
                break
            t += 1
        following = _note(r, tail, lengths, durations, levels, levels[:0], start, t, sizes)
        _count(r, tail, queue, counts, times, levels, start, lengths[r])
        for x in range(tail):
            state[uint64(queue[x])] = uint8(FREE)
        start = following
    return hi


# ---- draws for arrays


@jit
def waits(key, residents, log_end, out):
    """How many steps each of these residents goes on trying; see `delays`."""
    k0, k1 = low(key), high(key)
    for x in range(residents.size):
        out[x] = _wait(mix32(k0, k1, uint32(residents[x])), log_end)


@jit
def draws(key, residents, out):
    """A number in (0, 1) for each of these residents."""
    k0, k1 = low(key), high(key)
    for x in range(residents.size):
        out[x] = (float64(mix32(k0, k1, uint32(residents[x]))) + 0.5) / 4294967296.0


@jit
def draw_keys(key, residents, out):
    """The 32 bits behind `draws`, above the resident's number: sorting puts residents in the order of their draws."""
    k0, k1 = low(key), high(key)
    for x in range(residents.size):
        v = uint32(residents[x])
        out[x] = (uint64(mix32(k0, k1, v)) << uint64(32)) | uint64(v)


@jit
def pair_draws(key, senders, receivers, out):
    """A number in (0, 1) for each pair."""
    for x in range(senders.size):
        k = entity_key(key, senders[x], 0)
        out[x] = (float64(mix32(low(k), high(k), uint32(receivers[x]))) + 0.5) / 4294967296.0


@jit
def random_seeds(key, lo, hi, who, taken):
    """Different residents at random, a row a replicate; a longer row begins with the shorter one.

    ``taken`` (uint8, n): 0, or 1 for those who cannot be drawn; the same afterwards. At least as many must be free.
    """
    n = uint64(taken.size)
    for r in range(lo, hi):
        rkey = entity_key(key, r, 0)
        k0, k1 = low(rkey), high(rkey)
        turn = uint32(0)
        for x in range(who.shape[1]):
            v = _below(k0, k1, turn, n)
            turn = uint32(turn + uint32(1))
            while taken[v]:
                v = _below(k0, k1, turn, n)
                turn = uint32(turn + uint32(1))
            taken[v] = uint8(1)
            who[r - lo, x] = uint32(v)
        for x in range(who.shape[1]):
            taken[uint64(who[r - lo, x])] = uint8(0)
