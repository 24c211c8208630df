"""Building a county: friendship, audiences of KOCs, members of groups; and measuring networks."""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32


@jit
def normals(out, key, lo, hi):
    """Standard normal draws of residents lo..hi by Box and Muller, from two hashes each."""
    k0, k1 = low(key), high(key)
    for i in range(lo, hi):
        u = (float64(mix32(k0, k1, uint32(2 * i))) + 0.5) / 4294967296.0
        v = (float64(mix32(k0, k1, uint32(2 * i + 1))) + 0.5) / 4294967296.0
        out[i] = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)


@jit
def uniforms(out, key, lo, hi):
    """Uniform draws in (0, 1) of residents lo..hi."""
    k0, k1 = low(key), high(key)
    for i in range(lo, hi):
        out[i] = (float64(mix32(k0, k1, uint32(i))) + 0.5) / 4294967296.0


SLOT_BLOCK = 8
"""Slots are looked up in blocks of 2 ** 8: the block's first resident in 32 bits, the distance from her in 16."""


@jit
def slot_owners(first, beyond, cum):
    """Whose slot s is: ``first[s >> 8] + beyond[s]`` = the resident i with cum[i] <= s < cum[i + 1].

    Returns False where a distance does not fit 16 bits: when residents without a slot stand together in tens of
    thousands.
    """
    fits = True
    for i in range(cum.size - 1):
        for s in range(cum[i], cum[i + 1]):
            block = s >> SLOT_BLOCK
            if s & ((1 << SLOT_BLOCK) - 1) == 0:
                first[block] = i
            distance = i - first[block]
            fits &= distance < 65_536
            beyond[s] = distance
    return fits


@helper
def _strength(base, spread, h):
    """Strength byte of a tie from 8 random bits."""
    s = base + spread * (float64(h & uint32(0xFF)) * (2.0 / 255.0) - 1.0)
    return uint32(max(0.0, min(1.0, s)) * 255.0 + 0.5) << uint32(24)


@jit
def strength_table(out, base, spread):
    """Strength bytes, in place, for each tier (row) and 8 random bits (column)."""
    for t in range(base.size):
        for h in range(256):
            out[t, h] = _strength(base[t], spread, uint32(h))


@jit
def friends(
    count, own, adj, pos, own_at, fill, lo, hi, near, far, near_cum, near_first, near_beyond,
    far_cum, far_first, far_beyond,
    household_stop, circle, community, com_start, com_stop, town_start, town_stop, shares, strength, key,
):
    """Draw the friendships that residents lo..hi own: each pair belongs to the lower of the two.

    Tiers, from near to far: household (everybody knows everybody), circle, community, township, county.
    A resident owns ``near[i] * (slots above her) / (slots of the circle)`` draws in her circle, and
    ``far[i] * shares[t] * ...`` in the tiers outside, stratified over the slots above her, so that they come out
    ascending; a slot belongs to a resident in proportion to her `near` or `far` degree. Called twice, with the
    same draws: to count (``fill=False``: `count` gets what each resident receives and `own` what she owns) and to
    fill (rows = what is received, ascending, then what is owned, ascending).
    """
    n = near.size
    start = np.empty(5, np.int64)
    stop = np.empty(5, np.int64)
    for i in range(lo, hi):
        pk = entity_key(key, i, 0)
        k0, k1 = low(pk), high(pk)
        c = community[i]
        o = own_at[i] if fill else int64(0)
        made = int64(0)
        house = int64(household_stop[i])
        for j in range(i + 1, house):
            if fill:
                w = strength[0, mix32(k0, k1, uint32(j) | uint32(0x80000000)) & uint32(0xFF)]
                adj[o + made] = uint32(j) | w
                p = pos[j]
                adj[p] = uint32(i) | w
                pos[j] = p + 1
            else:
                count[j] += 1
            made += 1
        start[1] = com_start[c] + (i - com_start[c]) // circle * circle
        stop[1] = max(min(start[1] + circle, com_stop[c]), house)
        start[2], stop[2] = com_start[c], com_stop[c]
        start[3], stop[3] = town_start[c], town_stop[c]
        start[4], stop[4] = 0, n
        a = house
        turn = uint32(0)
        for t in range(1, 5):
            b = stop[t]
            if t == 1:
                cum, owner, beyond = near_cum, near_first, near_beyond
                inside = float64(cum[house] - cum[i])
                want = near[i]
            else:
                cum, owner, beyond = far_cum, far_first, far_beyond
                inside = float64(cum[stop[t - 1]] - cum[start[t - 1]])
                want = far[i] * shares[t]
            whole = float64(cum[b] - cum[start[t]]) - inside
            if b <= a or whole <= 0.0:
                continue
            room = float64(cum[b] - cum[a])
            x = want * room / whole
            draws = int64(x)
            if float64(mix32(k0, k1, uint32(t) | uint32(0x40000000))) < (x - draws) * 4294967296.0:
                draws += 1
            draws = min(draws, b - a)
            if draws > 0:
                width = room / float64(draws)
                step = width * (1.0 / 4294967296.0)
                last = int64(-1)
                first = cum[a]
                final = cum[b] - 1
                for m in range(draws):
                    h = mix32(k0, k1, turn)
                    turn += uint32(1)
                    s = min(first + int64(float64(m) * width + float64(h) * step), final)
                    j = int64(owner[uint64(s >> SLOT_BLOCK)]) + int64(beyond[uint64(s)])
                    if j == last:
                        continue
                    last = j
                    if fill:
                        w = strength[t, h & uint32(0xFF)]
                        adj[o + made] = uint32(j) | w
                        p = pos[uint64(j)]
                        adj[p] = uint32(i) | w
                        pos[uint64(j)] = p + 1
                    else:
                        count[uint64(j)] += 1
                    made += 1
            a = b
        if not fill:
            own[i] = made


@jit
def row_offsets(count, own, offsets, pos, own_at):
    """Offsets of the rows, and where each thread's received ties and the owned ties go."""
    o = int64(0)
    for i in range(own.size):
        offsets[i] = o
        for t in range(count.shape[0]):
            pos[t, i] = o
            o += count[t, i]
        own_at[i] = o
        o += own[i]
    offsets[own.size] = o


@helper
def _stratum(m, strata, size, h):
    """One of [m * size / strata, (m + 1) * size / strata): distinct and ascending in m."""
    a = m * size // strata
    b = (m + 1) * size // strata
    return a + int64((uint64(h) * uint64(b - a)) >> uint64(32))


@jit
def home_and_away(out, offsets, at_home, home_start, home_stop, without, n, key, lo, hi):
    """Rows of distinct residents, ascending: `at_home[r]` from [home_start, home_stop), the rest elsewhere.

    Within each part every resident is as likely as any other (stratified). ``without[r]`` (in the home, or
    -1) is never drawn. The caller sees to it that the parts hold as many as are asked for.
    """
    for r in range(lo, hi):
        pk = entity_key(key, r, 0)
        k0, k1 = low(pk), high(pk)
        start, stop, self = home_start[r], home_stop[r], without[r]
        home = stop - start - (1 if self >= 0 else 0)
        away = n - (stop - start)
        inside = at_home[r]
        outside = offsets[r + 1] - offsets[r] - inside
        o = offsets[r]
        m = int64(0)
        while m < outside:
            j = _stratum(m, outside, away, mix32(k0, k1, uint32(m)))
            if j >= start:
                break
            out[o] = uint32(j)
            o += 1
            m += 1
        for q in range(inside):
            j = start + _stratum(q, inside, home, mix32(k0, k1, uint32(q) | uint32(0x80000000)))
            if self >= 0 and j >= self:
                j += 1
            out[o] = uint32(j)
            o += 1
        while m < outside:
            j = _stratum(m, outside, away, mix32(k0, k1, uint32(m))) + (stop - start)
            out[o] = uint32(j)
            o += 1
            m += 1


@jit
def pair_strengths(ties, offsets, base, spread, key, lo, hi):
    """Give the ties of rows lo..hi strengths that depend on row and resident only."""
    for r in range(lo, hi):
        pk = entity_key(key, r, 0)
        k0, k1 = low(pk), high(pk)
        for e in range(offsets[r], offsets[r + 1]):
            j = ties[e] & uint32(ID_MASK)
            ties[e] = j | _strength(base, spread, mix32(k0, k1, j))


@jit
def sample_rows(out, out_offsets, source, offsets, row, key, lo, hi):
    """Draw ``out_offsets[r+1] - out_offsets[r]`` distinct entries of row ``row[r]`` for each r."""
    for r in range(lo, hi):
        pk = entity_key(key, r, 0)
        k0, k1 = low(pk), high(pk)
        want = out_offsets[r + 1] - out_offsets[r]
        first = offsets[row[r]]
        size = offsets[row[r] + 1] - first
        for m in range(want):
            e = first + _stratum(m, want, size, mix32(k0, k1, uint32(m)))
            out[out_offsets[r] + m] = source[e]


@jit
def unite(out, via, size, rows, bits, scratch):
    """Union of sorted id lists laid end to end in `scratch`, with the bits of all that hold an id.

    `rows` are the boundaries of the lists in `scratch`, `bits` one channel bit each. Returns nothing; ``size[0]``
    gets the length. Ids are shifted left by two to carry the list's bit through the sort.
    """
    total = rows[rows.size - 1]
    for r in range(rows.size - 1):
        for e in range(rows[r], rows[r + 1]):
            scratch[e] = (scratch[e] << uint32(2)) | uint32(bits[r])
    part = scratch[:total]
    part.sort()
    n = int64(-1)
    last = uint32(0xFFFFFFFF)
    for e in range(total):
        j = part[e] >> uint32(2)
        if j != last:
            n += 1
            out[n] = j
            via[n] = part[e] & uint32(3)
            last = j
        else:
            via[n] |= part[e] & uint32(3)
    size[0] = n + 1


@jit
def by_channel(out, via, size, scratch):
    """Order a row's ids by via = 1, 3, 2, keeping their order otherwise."""
    n = int64(0)
    for want in (1, 3, 2):
        for e in range(size):
            if via[e] == want:
                scratch[n] = out[e]
                n += 1
    ones = int64(0)
    threes = int64(0)
    for e in range(size):
        ones += via[e] == 1
        threes += via[e] == 3
        out[e] = scratch[e]
    for e in range(size):
        via[e] = 1 if e < ones else (3 if e < ones + threes else 2)


@jit
def channel_spans(via, offsets, spans):
    """Where each row's contacts end (``spans[k, 0]``) and its groups' members begin (``spans[k, 1]``)."""
    for k in range(offsets.size - 1):
        end = begin = offsets[k]
        for e in range(offsets[k], offsets[k + 1]):
            end += via[e] & 1
            begin += via[e] == 1
        spans[k, 0] = end
        spans[k, 1] = begin


@jit
def reach_rows(
    out, via, out_at, length, contacts, contact_at, members, member_at, led, bit, me, lo, hi, scratch
):
    """For KOCs lo..hi: contacts (bit 1) and members of the `led` groups each leads (`bit`), united.

    Each row stands in the order contacts only, both, members only, so that whoever is reached through one channel
    lies in one stretch; ascending within each. Writes row k at ``out_at[k]`` and its length to ``length[k]``; the
    caller closes the gaps. The KOC itself (``me[k]``) is left out.
    """
    rows = np.empty(led + 2, np.int64)
    bits = np.empty(led + 1, np.uint32)
    size = np.empty(1, np.int64)
    for k in range(lo, hi):
        rows[0] = 0
        n = int64(0)
        for e in range(contact_at[k], contact_at[k + 1]):
            scratch[n] = contacts[e]
            n += 1
        rows[1] = n
        bits[0] = uint32(1)
        for g in range(led):
            for e in range(member_at[k * led + g], member_at[k * led + g + 1]):
                j = members[e]
                if j != uint32(me[k]):
                    scratch[n] = j
                    n += 1
            rows[g + 2] = n
            bits[g + 1] = uint32(bit)
        a = out_at[k]
        unite(out[a:], via[a:], size, rows, bits, scratch)
        length[k] = size[0]
        by_channel(out[a:], via[a:], size[0], scratch)


@jit
def close_gaps(out, via, offsets, wide, wide_via, wide_at):
    """Copy rows that lie apart in `wide` to their places end to end."""
    for k in range(offsets.size - 1):
        for m in range(offsets[k + 1] - offsets[k]):
            out[offsets[k] + m] = wide[wide_at[k] + m]
            via[offsets[k] + m] = wide_via[wide_at[k] + m]


@jit
def transpose(offsets, targets, back_offsets, back):
    """Rows of the reversed CSR, ascending. ``back_offsets`` comes zeroed, one longer than there are targets."""
    for e in range(targets.size):
        back_offsets[int64(targets[e] & uint32(ID_MASK)) + 1] += 1
    for i in range(back_offsets.size - 1):
        back_offsets[i + 1] += back_offsets[i]
    at = back_offsets[:-1].copy()
    for r in range(offsets.size - 1):
        for e in range(offsets[r], offsets[r + 1]):
            j = int64(targets[e] & uint32(ID_MASK))
            back[at[j]] = r
            at[j] += 1


@jit
def in_degrees(ties, out):
    """out[j] += ties that end at j."""
    for e in range(ties.size):
        out[int64(ties[e] & uint32(ID_MASK))] += 1


@jit
def clustering(offsets, ties, sample, out):
    """Share of pairs of out-neighbours that are tied, for each resident of `sample` (-1 below two ties)."""
    for q in range(sample.size):
        i = sample[q]
        d = offsets[i + 1] - offsets[i]
        if d < 2:
            out[q] = -1.0
            continue
        closed = int64(0)
        for e in range(offsets[i], offsets[i + 1]):
            j = int64(ties[e] & uint32(ID_MASK))
            a, b = offsets[i], offsets[j]
            while a < offsets[i + 1] and b < offsets[j + 1]:
                x = ties[a] & uint32(ID_MASK)
                y = ties[b] & uint32(ID_MASK)
                if x == y:
                    closed += 1
                    a += 1
                    b += 1
                elif x < y:
                    a += 1
                else:
                    b += 1
        out[q] = closed / (d * (d - 1.0))


@jit
def reciprocated(offsets, ties, sample):
    """Of the ties of the residents in `sample`, how many are returned; and how many there are."""
    back = int64(0)
    total = int64(0)
    for q in range(sample.size):
        i = sample[q]
        for e in range(offsets[i], offsets[i + 1]):
            j = int64(ties[e] & uint32(ID_MASK))
            a, b = offsets[j], offsets[j + 1]
            while a < b:
                m = (a + b) // 2
                if int64(ties[m] & uint32(ID_MASK)) < i:
                    a = m + 1
                else:
                    b = m
            total += 1
            if a < offsets[j + 1] and int64(ties[a] & uint32(ID_MASK)) == i:
                back += 1
    return back, total


@jit
def components(offsets, ties, parent):
    """Weakly connected components by union and find; ``parent`` ends as the least member of each."""
    n = parent.size
    for i in range(n):
        parent[i] = i
    for i in range(n):
        a = int64(i)
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        for e in range(offsets[i], offsets[i + 1]):
            b = int64(ties[e] & uint32(ID_MASK))
            while parent[b] != b:
                parent[b] = parent[parent[b]]
                b = parent[b]
            if a < b:
                parent[b] = a
            elif b < a:
                parent[a] = b
                a = b
    for i in range(n):
        a = int64(i)
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        parent[i] = a


@jit
def classes(out, key):
    """Class of each resident, of 256 of equal size."""
    k0, k1 = low(key), high(key)
    for i in range(out.size):
        out[i] = mix32(k0, k1, uint32(i)) >> uint32(24)
