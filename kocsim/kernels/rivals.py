"""To which brand a resident turns in the hour of need."""

from __future__ import annotations

from numba import float64, uint8, uint32, uint64

from kocsim.kernels.bits import high, jit, low, mix32
from kocsim.kernels.broadcasts import CLICKED
from kocsim.stages import Stage

AWARE, IDENTIFIED, CUSTOMER, REPEAT = (
    int(Stage.AWARE), int(Stage.IDENTIFIED), int(Stage.CUSTOMER), int(Stage.REPEAT))


@jit
def attraction(out, stage, evidence, flags, habit, floor, worth, lo, hi):
    """Weight of one brand for the residents lo..hi; 0 for who would not consider it."""
    for i in range(uint64(lo), uint64(hi)):
        s = stage[i]
        considers = s >= IDENTIFIED or (s == AWARE and (flags[i] & uint8(CLICKED)) != 0)
        customer = s in (CUSTOMER, REPEAT)
        weight = (float64(evidence[i]) + habit * float64(customer) + floor) * worth
        out[i] = weight if considers else 0.0


@jit
def route(attractions, key, elsewhere, lo, hi):
    """Draw one brand a resident; ``elsewhere[b, i]`` is 1 where resident i's need is not brand b's today."""
    k0, k1 = low(key), high(key)
    brands = attractions.shape[0]
    for i in range(uint64(lo), uint64(hi)):
        total = 0.0
        for b in range(brands):
            total += attractions[b, i]
        if total == 0.0:
            for b in range(brands):
                elsewhere[b, i] = uint8(0)
            continue
        luck = float64(mix32(k0, k1, uint32(i)) >> uint32(1)) / 2147483648.0 * total
        chosen = -1
        reached = 0.0
        for b in range(brands):
            reached += attractions[b, i]
            if chosen < 0 and luck < reached:
                chosen = b
        for b in range(brands):
            elsewhere[b, i] = uint8(b != chosen)
