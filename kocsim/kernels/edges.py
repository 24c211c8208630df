"""Edges in any order into rows of ties: ascending, each tie once, the strongest of equal edges kept.

An edge travels in one word of 64 bits. From high to low: its source within the bucket; its target; its number among
those given, times two and plus one where it is heard against the direction in which it was given, if edges are heard
both ways; its strength byte, if strengths differ. Words are first parted by source into buckets that fit a core's
cache, then sorted within each digit by digit. Parting keeps the order of edges, and so does sorting: of equal edges the
first given comes first.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint8, uint32, uint64

from kocsim.kernels.bits import ID_MASK, helper, jit

BLOCK = 8_192
"""Entries looked at together: few enough to stay in the cache nearest to the core."""
FEW = 32
"""Up to so many words are sorted one by one, without counting digits."""


@jit
def survey(source, target, out):
    """Lowest and highest source, lowest and highest target, self-ties, and 1 if all are in tie order; at least one."""
    low_s = high_s = int64(source[0])
    low_t = high_t = int64(target[0])
    alike = 0
    ordered = True
    for lo in range(0, source.size, BLOCK):
        hi = min(source.size, lo + BLOCK)
        a = b = source[lo]
        c = d = target[lo]
        same = 0
        for k in range(lo, hi):
            s, t = source[k], target[k]
            a, b = min(a, s), max(b, s)
            c, d = min(c, t), max(d, t)
            same += s == t
        alike += same
        low_s, high_s = min(low_s, int64(a)), max(high_s, int64(b))
        low_t, high_t = min(low_t, int64(c)), max(high_t, int64(d))
        if ordered:
            falls = 0
            for k in range(max(lo, 1), hi):
                before, s = source[k - 1], source[k]
                falls += (s < before) | ((s == before) & (target[k] <= target[k - 1]))
            ordered = falls == 0
    out[0], out[1] = low_s, high_s
    out[2], out[3] = low_t, high_t
    out[4] = alike
    out[5] = ordered and alike == 0


@jit
def strength_bytes(values, out):
    """Bytes of strengths in [0, 1]. Returns the first entry that is none, else -1; and how many are no multiple of
    1/255."""
    between = 0
    for lo in range(0, values.size, BLOCK):
        hi = min(values.size, lo + BLOCK)
        bad = 0
        for k in range(lo, hi):
            v = float64(values[k])
            bad += not ((v >= 0.0) & (v <= 1.0))
        if bad:
            for k in range(lo, hi):
                v = float64(values[k])
                if not (v >= 0.0 and v <= 1.0):
                    return k, between
        for k in range(lo, hi):
            v = float64(values[k])
            b = np.rint(v * 255.0)
            between += abs(v - b / 255.0) > 1e-9
            out[k] = uint8(b)
    return -1, between


@jit
def rows_in_order(source, target, strength, offsets, ties):
    """Ties from edges that are in tie order; `strength` has an entry an edge, or one for all."""
    one = strength.size == 1
    byte = uint32(strength[0]) << uint32(24)
    row = 0
    for k in range(source.size):
        while row < source[k]:
            row += 1
            offsets[row] = k
        if not one:
            byte = uint32(strength[k]) << uint32(24)
        ties[k] = uint32(target[k]) | byte
    while row < offsets.size - 1:
        row += 1
        offsets[row] = source.size


@jit
def rows_as_they_are(offsets, receivers, strength, ties):
    """Ties from rows of receivers. Returns False where rows are not those of a layer; `ties` then holds anything.

    `offsets` must start at 0 and end at the number of receivers.
    """
    one = strength.size == 1
    byte = uint32(strength[0]) << uint32(24)
    n = offsets.size - 1
    for i in range(n):
        start, stop = offsets[i], offsets[i + 1]
        if stop == start:
            continue
        if stop < start or stop > receivers.size or receivers[start] < 0 or receivers[stop - 1] >= n:
            return False
        wrong = int64(receivers[start] == i)
        for k in range(start + 1, stop):
            wrong += (receivers[k] <= receivers[k - 1]) | (receivers[k] == i)
        if wrong:
            return False
        for k in range(start, stop):
            if not one:
                byte = uint32(strength[k]) << uint32(24)
            ties[k] = uint32(receivers[k]) | byte
    return True


@jit
def bucket_sizes(source, target, shift, both, count):
    """count[b] += words that begin in bucket b, of 2**shift residents; `both`: edges are heard both ways."""
    cut = uint64(shift)
    for k in range(source.size):
        s, t = uint64(source[k]), uint64(target[k])
        if s != t:
            count[s >> cut] += 1
            if both:
                count[t >> cut] += 1


@jit
def part(source, target, strength, layout, both, at, words):
    """Put each edge into its bucket, the next place of which is at[b].

    `layout`: bits of the source within a bucket, of a target, of number and strength together, of strength.
    """
    cut, wide, tail, carry = uint64(layout[0]), uint64(layout[1]), uint64(layout[2]), uint64(layout[3])
    within = (uint64(1) << cut) - uint64(1)
    for k in range(source.size):
        s, t = uint64(source[k]), uint64(target[k])
        if s == t:
            continue
        own = uint64(2 * k if both else k) << carry
        if carry:
            own |= uint64(strength[k])
        p = at[s >> cut]
        at[s >> cut] = p + uint64(1)
        words[p] = (((s & within) << wide | t) << tail) | own
        if both:
            p = at[t >> cut]
            at[t >> cut] = p + uint64(1)
            words[p] = (((t & within) << wide | s) << tail) | own | (uint64(1) << carry)


@jit
def tie_bucket_sizes(ties, shift, count):
    """count[b] += ties that end in bucket b."""
    cut = uint64(shift)
    for k in range(ties.size):
        count[uint64(ties[k] & uint32(ID_MASK)) >> cut] += 1


@jit
def part_ties(offsets, ties, numbers, layout, at, words):
    """Put each tie, turned round, into its bucket, as `part`; sources ascend. Empty `numbers`: ties count from 0."""
    cut, wide, tail, carry = uint64(layout[0]), uint64(layout[1]), uint64(layout[2]), uint64(layout[3])
    within = (uint64(1) << cut) - uint64(1)
    counted = numbers.size == 0
    for i in range(offsets.size - 1):
        for k in range(offsets[i], offsets[i + 1]):
            t = uint64(ties[k] & uint32(ID_MASK))
            own = (uint64(k) if counted else uint64(numbers[k])) << carry
            if carry:
                own |= uint64(ties[k] >> uint32(24))
            p = at[t >> cut]
            at[t >> cut] = p + uint64(1)
            words[p] = (((t & within) << wide | uint64(i)) << tail) | own


@helper
def digit_of(cuts, d):
    """The d-th digit's bits, all set."""
    return (uint64(1) << uint64(cuts[d + 1] - cuts[d])) - uint64(1)


@jit
def sort_words(words, other, cuts, count):
    """Sort by digits, the d-th being bits cuts[d] to cuts[d + 1]. True: they end in `other`.

    ``count[d, j]`` becomes the number of words whose d-th digit is at most j, unless there are few words.
    """
    size = words.size
    if size <= FEW:  # as whole words: those with equal digits are in order already
        for k in range(1, size):
            w = words[k]
            j = k
            while j > 0 and words[j - 1] > w:
                words[j] = words[j - 1]
                j -= 1
            words[j] = w
        return False
    digits = cuts.size - 1
    count[:] = 0
    if digits == 3:  # the usual case, unrolled: each word is read once
        c0, c1, c2 = count[0], count[1], count[2]
        s0, s1, s2 = uint64(cuts[0]), uint64(cuts[1]), uint64(cuts[2])
        d0, d1, d2 = digit_of(cuts, 0), digit_of(cuts, 1), digit_of(cuts, 2)
        for k in range(size):
            w = words[k]
            c0[(w >> s0) & d0] += uint32(1)
            c1[(w >> s1) & d1] += uint32(1)
            c2[(w >> s2) & d2] += uint32(1)
    else:
        for d in range(digits):
            at, shift, digit = count[d], uint64(cuts[d]), digit_of(cuts, d)
            for k in range(size):
                at[(words[k] >> shift) & digit] += uint32(1)
    here, there = words, other
    for d in range(digits):
        at, shift, digit = count[d], uint64(cuts[d]), digit_of(cuts, d)
        total = uint32(0)
        for j in range(at.size):
            c = at[j]
            at[j] = total
            total += c
        for k in range(size):
            w = here[k]
            j = (w >> shift) & digit
            p = at[j]
            at[j] = p + uint32(1)
            there[p] = w
        here, there = there, here
    return digits & 1 == 1


@jit
def rows(words, starts, layout, cuts, both, fill, exact, other, count, weights, offsets, ties, edge, weight):
    """Sort the words of each bucket and write their ties. Returns ties, and edges given twice in one direction.

    `layout` as in `part`, `cuts` as in `sort_words`; the last digit is the source within the bucket, if that has bits.
    `fill` is the strength byte where words carry none. `exact` has an entry an edge given; it and `weight` are empty
    where not wanted. `other`, `count` and `weights` are room to work in, the last in a short loop that lets loads from
    far memory overlap.
    """
    n = offsets.size - 1
    shift = layout[0]
    wide, tail, carry = uint64(layout[1]), uint64(layout[2]), uint64(layout[3])
    turned = uint64(1) if both else uint64(0)
    skip = carry + turned
    low, targets = (uint64(1) << tail) - uint64(1), (uint64(1) << wide) - uint64(1)
    keep_exact = exact.size > 0
    byte = uint32(uint64(fill) << uint64(24))
    m = 0
    duplicates = 0
    row = 0
    for b in range(starts.size - 1):
        here = words[starts[b] : starts[b + 1]]
        if sort_words(here, other, cuts, count):
            here = other
        size = starts[b + 1] - starts[b]
        if keep_exact:
            for k in range(size):
                weights[k] = exact[(here[k] & low) >> skip]
        base = b << shift
        while row < base:
            row += 1
            offsets[row] = m
        again = 0
        for k in range(1, size):
            again += (here[k] ^ here[k - 1]) <= low
        if again == 0 and size > FEW:  # loops without a branch, and rows end where the last digit does
            to, came = ties[m : m + size], edge[m : m + size]
            if carry:
                for k in range(size):
                    to[k] = uint32((here[k] >> tail) & targets) | uint32((here[k] & uint64(0xFF)) << uint64(24))
            else:
                for k in range(size):
                    to[k] = uint32((here[k] >> tail) & targets) | byte
            for k in range(size):
                came[k] = int64((here[k] & low) >> skip)
            if keep_exact:
                weight[m : m + size] = weights[:size]
            for j in range(min(int64(1) << shift, n - base)):
                offsets[base + j + 1] = m + (int64(count[cuts.size - 2, j]) if shift else size)
            row = min(base + (int64(1) << shift), n)
            m += size
            continue
        last = uint64(0xFFFFFFFFFFFFFFFF)
        listed = False
        for k in range(size):
            w = here[k]
            key = w >> tail
            forward = ((w >> carry) & turned) == 0
            if carry:
                byte = uint32((w & uint64(0xFF)) << uint64(24))
            if key == last:
                duplicates += listed and forward
                listed = listed or forward
                held = ties[m - 1] & uint32(0xFF000000)
                if not (byte > held or (keep_exact and byte == held and weights[k] > weight[m - 1])):
                    continue
                m -= 1
            else:
                last = key
                listed = forward
                i = base + int64(key >> wide)
                while row < i:
                    row += 1
                    offsets[row] = m
            ties[m] = uint32(key & targets) | byte
            edge[m] = int64((w & low) >> skip)
            if keep_exact:
                weight[m] = weights[k]
            m += 1
    while row < n:
        row += 1
        offsets[row] = m
    return m, duplicates
