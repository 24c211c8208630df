"""Ties beyond those that a county was first made with: further contacts of KOCs, friendships between counties."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32


@helper
def _id(tie):
    return int64(tie & uint32(ID_MASK))


@helper
def _up_to(ties, at, stop, j):
    """The first position from `at` on whose receiver is not below j, in a stretch that ascends."""
    while at < stop and _id(ties[at]) < j:
        at += 1
    return at


@helper
def _holds(ties, at, stop, j):
    return at < stop and _id(ties[at]) == j


@helper
def _stretches(via, start, stop):
    """Where the contacts of a row end, and where its members begin."""
    end = start
    while end < stop and via[end] == 1:
        end += 1
    begin = end
    while begin < stop and via[begin] == 3:
        begin += 1
    return end, begin


@jit
def count_further(length, offsets, ties, via, further_at, further, me):
    """Length of each row of `fill_further`."""
    for k in range(length.size):
        a, z = offsets[k], offsets[k + 1]
        b, c = _stretches(via, a, z)
        end, begin = b, c
        n = z - a
        for e in range(further_at[k], further_at[k + 1]):
            j = _id(further[e])
            a = _up_to(ties, a, end, j)
            b = _up_to(ties, b, begin, j)
            c = _up_to(ties, c, z, j)
            known = _holds(ties, a, end, j) or _holds(ties, b, begin, j) or _holds(ties, c, z, j)
            n += int64(not known and j != me[k])
        length[k] = n


@jit
def fill_further(out, out_via, out_at, offsets, ties, via, further_at, further, me):
    """Rows of KOCs (see `County.koc_via`) with further contacts, which ascend in each row of `further`.

    Who is reached already keeps her tie, and becomes a contact where she was a member only. The KOC herself (``me[k]``)
    is left out.
    """
    for k in range(me.size):
        start, z = offsets[k], offsets[k + 1]
        end, begin = _stretches(via, start, z)
        o = out_at[k]
        a, b, c = start, end, begin
        for e in range(further_at[k], further_at[k + 1]):
            j = _id(further[e])
            while a < end and _id(ties[a]) < j:
                out[o] = ties[a]
                out_via[o] = 1
                o += 1
                a += 1
            b = _up_to(ties, b, begin, j)
            c = _up_to(ties, c, z, j)
            known = _holds(ties, a, end, j) or _holds(ties, b, begin, j) or _holds(ties, c, z, j)
            if not known and j != me[k]:
                out[o] = further[e]
                out_via[o] = 1
                o += 1
        while a < end:
            out[o] = ties[a]
            out_via[o] = 1
            o += 1
            a += 1
        b, c = end, begin
        for e in range(further_at[k], further_at[k + 1]):
            j = _id(further[e])
            c = _up_to(ties, c, z, j)
            if _holds(ties, c, z, j):
                while b < begin and _id(ties[b]) < j:
                    out[o] = ties[b]
                    out_via[o] = 3
                    o += 1
                    b += 1
                out[o] = ties[c]
                out_via[o] = 3
                o += 1
        while b < begin:
            out[o] = ties[b]
            out_via[o] = 3
            o += 1
            b += 1
        e = further_at[k]
        for c in range(begin, z):
            while e < further_at[k + 1] and _id(further[e]) < _id(ties[c]):
                e += 1
            if e == further_at[k + 1] or _id(further[e]) != _id(ties[c]):
                out[o] = ties[c]
                out_via[o] = 2
                o += 1


@jit
def given(keep, contacts, offsets, key, bound):
    """Whether each contact of each KOC is given on: her draw, by KOC and resident, falls below `bound` (of 2**31)."""
    for k in range(offsets.size - 1):
        pk = entity_key(key, k, 0)
        k0, k1 = low(pk), high(pk)
        for e in range(offsets[k], offsets[k + 1]):
            keep[e] = (mix32(k0, k1, contacts[e] & uint32(ID_MASK)) >> uint32(1)) < bound


@jit
def weaken(ties, factor):
    """Multiply the strength of ties, in place; rounded to the nearest byte."""
    for e in range(ties.size):
        byte = uint32(float64(ties[e] >> uint32(24)) * factor + 0.5)
        ties[e] = (ties[e] & uint32(ID_MASK)) | byte << uint32(24)


@jit
def joined_rows(out, offsets, own, own_at, shift, between, between_at, lo):
    """Rows lo, lo + 1 ... of the joined friendship: a county's own rows, ids raised by `shift`, and those between.

    ``between`` (ascending) holds nobody of this county, so that a row is what lies below it, its own, what lies above.
    """
    n = own_at.size - 1
    for r in range(n):
        i = lo + r
        o = offsets[i]
        e = between_at[i]
        while e < between_at[i + 1] and _id(between[e]) < lo:
            out[uint64(o)] = between[e]
            o += 1
            e += 1
        for f in range(own_at[r], own_at[r + 1]):
            out[uint64(o)] = own[f] + uint32(shift)
            o += 1
        while e < between_at[i + 1]:
            out[uint64(o)] = between[e]
            o += 1
            e += 1


@jit
def pairs_between(out_a, out_b, first, second, starts, share):
    """Ends of friendships between counties, from two draws in (0, 1) each: a resident, and one of another county.

    ``share`` (cumulated, to 1) is the chance that the first end lies in each county; ``starts`` are the counties' first
    residents. The lower end comes first.
    """
    n = starts[starts.size - 1]
    for m in range(first.size):
        c = np.searchsorted(share, first[m], side="right")
        below = share[c - 1] if c else 0.0
        inside = (first[m] - below) / (share[c] - below)
        here = starts[c + 1] - starts[c]
        i = starts[c] + min(int64(inside * here), here - 1)
        j = int64(second[m] * float64(n - here))
        if j >= starts[c]:
            j += here
        out_a[m] = min(i, j)
        out_b[m] = max(i, j)
