"""Who was heard last, and who first: the touches that orders and awareness are credited to.

A resident's last touch is one u64, so that "the latest, and by lot among those of one day" is a maximum, whatever the
order of threads: bits 48-63 the day, 40-47 the lot, 35-39 the channel, 0-34 one more than a tie (for KOCs' channels),
a resident (customers') or a shop; 0 for the firm itself. A credit is a u32: channel in the high 8 bits, and below them
the resident or the shop that it goes to. What a platform recommended goes to nobody: bit 31 is set.
"""

from __future__ import annotations

from numba import int64, uint8, uint32, uint64

from kocsim.kernels.bits import entity_key, helper, high, jit, low, mix32

NOBODY = (1 << 32) - 1
"""Credit of those who never heard of the product."""
RECOMMENDED = 1 << 31
INDEX = (1 << 35) - 1
KOC_CHANNELS = 7
"""Channels below this one carry KOCs' ties."""


@helper
def touch_value(key, author, resident, day, channel, index):
    """The u64 of one touch; `index` is one more than the tie, resident or shop."""
    k = entity_key(key, author, 0)
    lot = mix32(low(k), high(k), resident) >> uint32(24)
    return (uint64(day) << uint64(48)) | (uint64(lot) << uint64(40)) | (uint64(channel) << uint64(35)) | uint64(index)


@jit
def sort_posts(who, value, starts, to, over, end, channel, author, of_kocs, key, day, shift):
    """Sort what one log says (see `kocsim.kernels.exposure.see_kocs`) by bucket of receivers, ``receiver >> shift``.

    Writes receivers and values of their touches to ``who`` and ``value``, and where each bucket begins to ``starts``.
    Touching residents bucket by bucket keeps what is touched in the cache: half the time, sorting included.
    """
    starts[:] = 0
    for x in range(uint64(end[-1])):
        starts[uint64(to[x] >> shift) + uint64(2)] += 1
    for bucket in range(2, starts.size):
        starts[bucket] += starts[bucket - 1]
    start = uint64(0)
    for p in range(end.size):
        stop = uint64(end[p])
        k = entity_key(key, author[p], 0)
        k0, k1 = low(k), high(k)
        head = (uint64(day) << uint64(48)) | (uint64(channel[p]) << uint64(35))
        author_index = uint64(author[p]) + uint64(1)
        for x in range(start, stop):
            r = to[x]
            lot = uint64(mix32(k0, k1, r) >> uint32(24))
            index = uint64(over[x]) + uint64(1) if of_kocs else author_index
            bucket = uint64(r >> shift) + uint64(1)
            at = uint64(starts[bucket])
            starts[bucket] += 1
            who[at] = r
            value[at] = head | (lot << uint64(40)) | index
        start = stop


@jit
def touch_posts(touch, met, who, value, start, stop):
    """Enter sorted touches ``start .. stop``; ``met`` (u32) gets a bit for each channel ever heard on."""
    for x in range(uint64(start), uint64(stop)):
        i, v = uint64(who[x]), value[x]
        touch[i] = max(touch[i], v)
        met[i] |= uint32(1) << uint32((v >> uint64(35)) & uint64(31))


@helper
def _row(offsets, e):
    """The row of a CSR table that entry e stands in."""
    a, z = int64(0), int64(offsets.size - 1)
    while z - a > 1:
        middle = (a + z) // 2
        if offsets[middle] <= e:
            a = middle
        else:
            z = middle
    return a


@helper
def credit_of(touch, offsets, entity):
    """The credit of a last touch; ``offsets`` and ``entity`` of KOCs."""
    if touch == uint64(0):
        return uint32(NOBODY)
    channel = (touch >> uint64(35)) & uint64(31)
    index = touch & uint64(INDEX)
    who = uint64(0) if index == uint64(0) else index - uint64(1)
    if channel < uint64(KOC_CHANNELS):
        if index == uint64(0):
            return uint32(RECOMMENDED | (channel << uint64(24)))
        who = uint64(entity[_row(offsets, int64(who))])
    return uint32((channel << uint64(24)) | who)


@jit
def credit_first(first, touch, stage, offsets, entity, firsts, lo, hi):
    """Credit those who heard for the first time today, and count those of them who were unaware, by channel."""
    for i in range(uint64(lo), uint64(hi)):
        if touch[i] != uint64(0) and first[i] == uint32(NOBODY):
            credit = credit_of(touch[i], offsets, entity)
            first[i] = credit
            firsts[(credit >> uint32(24)) & uint32(31)] += stage[i] == uint8(0)


@jit
def credits(out, touch, who, offsets, entity):
    """Credits of the last touches of some residents."""
    for x in range(who.size):
        out[x] = credit_of(touch[uint64(who[x])], offsets, entity)
