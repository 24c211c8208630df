"""KOCs' pools: who is called, let in, looked at again and dropped.

What is heard over a KOC's tie is a byte (``muted``, see `kocsim.kernels.exposure`): 0 everything, bit 0 the resident
has muted the KOC, bit 1 she is outside the KOC's pool. Bits are set apart, so a member who muted is still a member,
of which the KOC knows nothing.
"""

from __future__ import annotations

from numba import int64, uint8, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32

OUTSIDE = 2
CUSTOMER = 3
"""Stage of those who have ordered, and of all above."""


@helper
def _passes(known, bar, n0, n1, p0, p1, who):
    """Whether a resident looks needy enough; see `kocsim.mechanisms.pool.estimate`."""
    need = uint64(mix32(n0, n1, who) >> uint32(24))
    lot = uint64(mix32(p0, p1, who) >> uint32(16))
    known = uint64(known)
    looks = known * (uint64(256) * need + uint64(128)) + (uint64(65536) - known) * lot
    return ((looks << uint64(16)) | lot) >= uint64(bar)


@helper
def _load(via, loads, q):
    """Units that today's feed holds for a tie of KOC row q, through contacts, groups or both."""
    v = uint32(via)
    return (v & uint32(1)) * uint32(loads[0, q]) + (v >> uint32(1)) * uint32(loads[1, q])


@jit
def let_in(muted, size, calls, rows, keys, known, bar, accept, arrived, loads, lo, hi):
    """Open call, screening and entry, of KOC rows lo..hi.

    Parameters
    ----------
    muted
        See the module; who enters is outside no more.
    size : int64 (3, KOCs)
        Gets what is added to: members, those of them who are contacts, and all ever called.
    calls : int64 (2, KOCs)
        Called are those whose lot, of 2**31, lies from the first on and below the second.
    rows : (offsets, ties, via, entity)
        As in `kocsim.kernels.exposure.see_kocs`.
    keys : (call, screen, entry, need)
    known, bar
        See `kocsim.mechanisms.pool.Pool.bar`.
    accept : uint32 (256,)
        Chance of 2**31 to accept, by strength.
    arrived, loads
        What KOCs' posts put into feeds, and what each adds: who enters gets it.
    """
    offsets, ties, via, entity = rows
    call_key, screen_key, entry_key, need_key = keys
    n0, n1 = low(need_key), high(need_key)
    for q in range(lo, hi):
        since, until = calls[0, q], calls[1, q]
        if until <= since:
            continue
        ck = entity_key(call_key, entity[q], 0)
        sk = entity_key(screen_key, entity[q], 0)
        ek = entity_key(entry_key, entity[q], 0)
        c0, c1, s0, s1, e0, e1 = low(ck), high(ck), low(sk), high(sk), low(ek), high(ek)
        for e in range(uint64(offsets[q]), uint64(offsets[q + 1])):
            who = ties[e] & uint32(ID_MASK)
            lot = int64(mix32(c0, c1, who) >> uint32(1))
            if lot < since or lot >= until:
                continue
            size[2, q] += 1
            if not _passes(known, bar, n0, n1, s0, s1, who):
                continue
            if (mix32(e0, e1, who) >> uint32(1)) >= accept[uint64(ties[e] >> uint32(24))]:
                continue
            muted[e] = muted[e] & uint8(1)
            size[0, q] += 1
            size[1, q] += int64(via[e] & uint8(1))
            if not muted[e]:
                arrived[uint64(who)] += _load(via[e], loads, q)


@jit
def look_again(muted, size, left, there, stage, rows, keys, known, bar, arrived, loads, lo, hi):
    """Review the members of KOC rows lo..hi who never ordered; returns how many those are.

    Only those KOCs do so who are ``there``.

    ``left`` (int64, a KOC) gets how many of them leave; what KOCs put into their feeds is taken off `arrived`.
    ``keys``: (review, need). The rest as in `let_in`.
    """
    offsets, ties, via, entity = rows
    review_key, need_key = keys
    n0, n1 = low(need_key), high(need_key)
    reviewed = int64(0)
    for q in range(lo, hi):
        rk = entity_key(review_key, entity[q], 0)
        r0, r1 = low(rk), high(rk)
        left[q] = 0
        if not there[q]:
            continue
        for e in range(uint64(offsets[q]), uint64(offsets[q + 1])):
            if muted[e] & uint8(OUTSIDE):
                continue
            who = ties[e] & uint32(ID_MASK)
            if stage[uint64(who)] >= uint8(CUSTOMER):
                continue
            reviewed += 1
            if _passes(known, bar, n0, n1, r0, r1, who):
                continue
            if not muted[e]:
                arrived[uint64(who)] -= _load(via[e], loads, q)
            muted[e] = muted[e] | uint8(OUTSIDE)
            left[q] += 1
            size[0, q] -= 1
            size[1, q] -= int64(via[e] & uint8(1))
    return reviewed
