"""Draws for KOCs, and what becomes of the trust in one whose pool is taken over."""

from __future__ import annotations

from numba import int64, uint8, uint32

from kocsim.kernels.bits import ID_MASK, entity_key, high, jit, low, mix32


@jit
def draws(out, who, key):
    """31 random bits for each resident of `who`."""
    k0, k1 = low(key), high(key)
    for x in range(who.size):
        out[x] = mix32(k0, k1, uint32(who[x])) >> uint32(1)


@jit
def pair_draws(out, one, other, key):
    """32 random bits for each pair of residents."""
    for x in range(one.size):
        own = entity_key(key, one[x], 0)
        out[x] = mix32(low(own), high(own), uint32(other[x]))


@jit
def hand_over(trust, ties, share, koc, key, lo, hi):
    """Keep `share` / 65536 of the trust in the ties lo..hi of one KOC, rounded by lot."""
    own = entity_key(key, koc, 0)
    k0, k1 = low(own), high(own)
    for e in range(lo, hi):
        luck = mix32(k0, k1, uint32(ties[e] & uint32(ID_MASK))) >> uint32(16)
        trust[e] = uint8((int64(trust[e]) * share + int64(luck)) >> 16)
