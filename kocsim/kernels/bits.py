"""Random bits inside kernels: bit for bit the functions of `kocsim.rng`, inlined and vectorised."""

from __future__ import annotations

from functools import partial
from typing import Any

from numba import njit, uint32, uint64

jit: Any = partial(njit, nogil=True, cache=True, error_model="numpy")
helper: Any = partial(njit, nogil=True, cache=True, error_model="numpy", forceinline=True)

ID_MASK = 0xFFFFFF
"""Low 24 bits of a tie: the resident at its end. The high 8 bits are its strength."""


@helper
def splitmix64(z):
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@helper
def entity_key(key, entity, turn):
    return splitmix64(
        uint64(key)
        + uint64(entity) * uint64(0x9E3779B97F4A7C15)
        + uint64(turn) * uint64(0xD1B54A32D192ED03)
    )


@helper
def mix32(k0, k1, counter):
    """`k0`, `k1`: low and high half of the key (uint32); `counter` uint32."""
    x = uint32(counter * uint32(0x9E3779B9) + k0)
    x = uint32(x ^ (x >> uint32(17)))
    x = uint32(x * uint32(0xED5AD4BB))
    x = uint32(x ^ k1)
    x = uint32(x ^ (x >> uint32(11)))
    x = uint32(x * uint32(0xAC4C1B51))
    x = uint32(x ^ (x >> uint32(15)))
    x = uint32(x * uint32(0x31848BAB))
    return uint32(x ^ (x >> uint32(14)))


@helper
def low(key):
    return uint32(key & uint64(0xFFFFFFFF))


@helper
def high(key):
    return uint32(key >> uint64(32))
