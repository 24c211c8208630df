"""Random numbers: the same in Python and in the kernels, exact at 0 and 1, and independent.

The statistical tests use fixed seeds, so they give the same answer every time. `FALSE_ALARM` is the probability that
a perfect generator with other seeds would fail any of those in this file: each of `TESTS` p-values (two-sided, so that
draws which are too even fail as well) must be above ``FALSE_ALARM / TESTS``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from numba import njit, uint32, uint64
from numpy.typing import NDArray
from scipy import stats

from kocsim import rng
from kocsim.kernels import exposure, world
from kocsim.kernels.bits import entity_key, high, low, mix32, splitmix64
from kocsim.rng import M32, M64, Decision

FALSE_ALARM = 1e-6
TESTS = 1000
"""More than there are; `test_the_number_of_tests` counts them."""
MANY = 1 << 21
SEEDS = (0, 1, 2, 20_261_122)
BYTES = (0, 8, 16, 24)

Bits = NDArray[np.uint32]
Filler = Callable[[Bits, Any, int], None]
"""Writes the draws of counters start, start + 1, ... under a key."""


# ---- compiled here, from the kernels' helpers


@njit
def kernel_mix32(out, keys, counters):  # type: ignore[no-untyped-def]
    for i in range(out.size):
        out[i] = mix32(low(keys[i]), high(keys[i]), counters[i])


@njit
def kernel_splitmix64(out, keys):  # type: ignore[no-untyped-def]
    for i in range(out.size):
        out[i] = splitmix64(keys[i])


@njit
def kernel_entity_key(out, keys, entities, turns):  # type: ignore[no-untyped-def]
    for i in range(out.size):
        out[i] = entity_key(keys[i], entities[i], turns[i])


@njit
def draw(out, key, start):  # type: ignore[no-untyped-def]
    """The draws of one stream for many residents."""
    k0, k1 = low(key), high(key)
    for i in range(out.size):
        out[i] = mix32(k0, k1, uint32(start + i))


@njit
def draw_for_authors(out, key, resident, first, step, turn):  # type: ignore[no-untyped-def]
    """One resident's draws for the posts of authors first, first + step, ..."""
    for i in range(out.size):
        k = entity_key(key, uint64(first + i * step), turn)
        out[i] = mix32(low(k), high(k), uint32(resident))


@njit
def draw_two_multiplications(out, key, start):  # type: ignore[no-untyped-def]
    """A hash that looks fine and is not: the tests below have to notice."""
    k0, k1 = low(key), high(key)
    for i in range(out.size):
        x = uint32(uint32(start + i) + k0)
        x = uint32(x ^ (x >> uint32(16)))
        x = uint32(x * uint32(0x7FEB352D))
        x = uint32(x ^ k1)
        x = uint32(x ^ (x >> uint32(15)))
        x = uint32(x * uint32(0x846CA68B))
        out[i] = uint32(x ^ (x >> uint32(16)))


@njit
def draw_weyl(out, key, start):  # type: ignore[no-untyped-def]
    """Far too even: a sequence of equal steps."""
    for i in range(out.size):
        out[i] = uint32(uint32(start + i) * uint32(0x9E3779B9) + low(key))


# ---- the same in Python and in the kernels


def edges_and_random(bits: int, size: int) -> list[int]:
    source = random.Random(bits)
    top = (1 << bits) - 1
    edges = [0, 1, 2, 3, 255, 256, 1 << (bits - 1), (1 << (bits - 1)) - 1, top - 1, top]
    return edges + [source.randrange(1 << bits) for _ in range(size - len(edges))]


def test_kernels_hash_as_python_does() -> None:
    keys = edges_and_random(64, 3000)
    counters = edges_and_random(32, 3000)
    random.Random(0).shuffle(counters)
    k, c = np.array(keys, np.uint64), np.array(counters, np.uint32)

    out = np.empty(k.size, np.uint32)
    kernel_mix32(out, k, c)
    assert out.tolist() == [rng.mix32(*pair) for pair in zip(keys, counters, strict=True)]

    wide = np.empty(k.size, np.uint64)
    kernel_splitmix64(wide, k)
    assert wide.tolist() == [rng.splitmix64(key) for key in keys]

    turns = [i % 251 for i in range(k.size)]
    kernel_entity_key(wide, k, c.astype(np.uint64), np.array(turns, np.int64))
    expected = [rng.entity_key(*three) for three in zip(keys, counters, turns, strict=True)]
    assert wide.tolist() == expected


def test_kernels_uniforms_are_those_of_python() -> None:
    key = rng.stream(5, Decision.PLACE)
    out = np.empty(500)
    world.uniforms(out, np.uint64(key), 0, out.size)
    assert out.tolist() == [rng.uniform(key, i) for i in range(out.size)]


@pytest.mark.parametrize(
    ("key", "counter", "bits"),
    [(0, 0, 0), (0, 1, 0xFD42F46A), (M64, M32, 0xFA1912DD), (1 << 32, 0, 0x780F8A7A)],
)
def test_values_stay_what_they_were(key: int, counter: int, bits: int) -> None:
    """Every result ever published hangs on these."""
    assert rng.mix32(key, counter) == bits


def test_streams_stay_what_they_were() -> None:
    assert rng.stream(0, Decision.NEED, 1) == 0x7CE2480AF1BFE549
    assert rng.stream(1 << 70, Decision.KOC_MOMENTS, 180) == 0x1595CC3B5CA0F004
    assert rng.entity_key(rng.stream(7, Decision.SEE_FRIEND, 3), 11, 2) == 0x1A7E243CB90D4161


# ---- chances


def counter_with(key: int, bits: int) -> int:
    """The only counter that `mix32` takes to `bits`: each of its steps undone, last first."""

    def unshift(x: int, by: int) -> int:
        y = x
        for _ in range(32 // by + 1):
            y = x ^ (y >> by)
        return y

    def divide(x: int, by: int) -> int:
        return x * pow(by, -1, 1 << 32) & M32

    x = divide(unshift(bits, 14), 0x31848BAB)
    x = divide(unshift(x, 15), 0xAC4C1B51)
    x = unshift(x, 11) ^ (key >> 32)
    x = unshift(divide(x, 0xED5AD4BB), 17)
    return divide((x - key) & M32, 0x9E3779B9)


@pytest.mark.parametrize("seed", SEEDS)
def test_never_and_always(seed: int) -> None:
    """Probability 0 never happens and 1 always does, with the lowest and the highest draw there can be."""
    key = rng.stream(seed, Decision.NEED, 1)
    lowest, highest = counter_with(key, 0), counter_with(key, M32)
    assert rng.mix32(key, lowest) == 0
    assert rng.mix32(key, highest) == M32
    assert rng.uniform31(key, lowest) >= rng.chance(0.0)
    assert rng.uniform31(key, highest) < rng.chance(1.0)
    assert rng.uniform31(key, highest) >= rng.chance(np.nextafter(1.0, 0.0))
    assert rng.uniform31(key, lowest) < rng.chance(2.0**-31)
    assert 0.0 < rng.uniform(key, lowest) < rng.uniform(key, highest) < 1.0

    who = np.array([lowest, highest, *range(1000)], np.uint32)
    for probability, times in ((0.0, 0), (1.0, 1)):
        out = np.zeros(who.size, np.uint8)
        exposure.add_where(out, who, np.uint64(key), np.uint32(rng.chance(probability)))
        assert np.all(out == times)


# ---- independence


def two_sided(statistic: float, freedom: int) -> float:
    """p-value of a chi-square that is too large or too small."""
    return float(2 * min(stats.chi2.sf(statistic, freedom), stats.chi2.cdf(statistic, freedom)))


def chi_square(counts: NDArray[np.int64]) -> float:
    expected = counts.sum() / counts.size
    return two_sided(float(((counts - expected) ** 2).sum() / expected), counts.size - 1)


def bytes_uniform(a: Bits) -> list[float]:
    """p-value of each of the four bytes being uniform."""
    return [chi_square(np.bincount(a >> s & 255, minlength=256)) for s in BYTES]


def bytes_independent(a: Bits, b: Bits) -> list[float]:
    """p-value of the pair of bytes being uniform on 256 x 256, for each of the four bytes.

    a[i], b[i] for different i must not share draws, or pairs would not be independent of each other.
    """
    return [
        chi_square(np.bincount((a >> s & 255) << 8 | (b >> s & 255), minlength=1 << 16))
        for s in BYTES
    ]


def drawn(fill: Filler, key: int, start: int = 0, size: int = MANY) -> Bits:
    out = np.empty(size, np.uint32)
    fill(out, np.uint64(key), start)
    return out


def uniformity(fill: Filler, seed: int) -> list[float]:
    return bytes_uniform(drawn(fill, rng.stream(seed, Decision.NEED, 1)))


def next_resident(fill: Filler, seed: int) -> list[float]:
    a = drawn(fill, rng.stream(seed, Decision.NEED, 1), size=2 * MANY)
    return bytes_independent(a[0::2], a[1::2])


def within_a_draw(fill: Filler, seed: int) -> list[float]:
    a = drawn(fill, rng.stream(seed, Decision.NEED, 1))
    return bytes_independent(a, a >> np.uint32(16) | a << np.uint32(16))[:2]


def next_day(fill: Filler, seed: int) -> list[float]:
    days = [drawn(fill, rng.stream(seed, Decision.NEED, day)) for day in (1, 2)]
    return bytes_independent(*days)


def next_decision(fill: Filler, seed: int) -> list[float]:
    assert Decision.BUY == Decision.NEED + 1
    return bytes_independent(
        *(drawn(fill, rng.stream(seed, decision, 1)) for decision in (Decision.NEED, Decision.BUY))
    )


def next_seed(fill: Filler, seed: int) -> list[float]:
    return bytes_independent(
        *(drawn(fill, rng.stream(s, Decision.NEED, 1)) for s in (seed, seed + 1))
    )


def next_author(fill: Filler, seed: int) -> list[float]:
    """The same residents, the posts of two KOCs that stand beside each other."""
    key = rng.stream(seed, Decision.SEE_KOC_MOMENTS, 1)
    return bytes_independent(*(drawn(fill, rng.entity_key(key, q)) for q in (6, 7)))


def next_turn(fill: Filler, seed: int) -> list[float]:
    """The same residents, two posts of one KOC."""
    key = rng.stream(seed, Decision.SEE_KOC_MOMENTS, 1)
    return bytes_independent(*(drawn(fill, rng.entity_key(key, 6, turn)) for turn in (0, 1)))


FAMILIES = (
    uniformity, next_resident, within_a_draw, next_day, next_decision, next_seed, next_author,
    next_turn,
)  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.parametrize("seed", SEEDS)
def test_independent(family: Callable[[Filler, int], list[float]], seed: int) -> None:
    assert min(family(draw, seed)) > FALSE_ALARM / TESTS


def authors(seed: int) -> dict[str, list[float]]:
    """One resident, and very many authors: here the keys differ and the counter does not."""
    key = np.uint64(rng.stream(seed, Decision.SEE_FRIEND, 1))

    def of(first: int, resident: int, turn: int) -> Bits:
        out = np.empty(MANY, np.uint32)
        draw_for_authors(out, key, resident, first, 2, turn)
        return out

    base = of(0, 1000, 0)
    return {
        "uniform": bytes_uniform(base),
        "next author": bytes_independent(base, of(1, 1000, 0)),
        "next resident": bytes_independent(base, of(0, 1001, 0)),
        "next turn": bytes_independent(base, of(0, 1000, 1)),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_ties_are_independent(seed: int) -> None:
    p = authors(seed)
    assert min(min(values) for values in p.values()) > FALSE_ALARM / TESTS, p


@pytest.mark.parametrize("probability", [1e-4, 0.011, 0.133, 0.5, 0.9])
@pytest.mark.parametrize("seed", SEEDS)
def test_events_are_as_frequent_as_asked(probability: float, seed: int) -> None:
    """Residents to whom it happens: binomial, tested without approximation."""
    key = np.uint64(rng.stream(seed, Decision.BUY, 3))
    out = np.zeros(MANY, np.uint8)
    exposure.add_where(out, np.arange(MANY, dtype=np.uint32), key, np.uint32(rng.chance(probability)))
    assert stats.binomtest(int(out.sum()), MANY, probability).pvalue > FALSE_ALARM / TESTS


def test_the_number_of_tests() -> None:
    """`TESTS` is not below the number of p-values that are looked at."""
    families = 4 * (len(FAMILIES) - 1) + 2
    assert len(SEEDS) * (families + 4 * 4 + 5) <= TESTS


def test_a_known_bad_hash_is_caught() -> None:
    """The tests above have the power that they are there for."""
    p = [q for seed in SEEDS for q in next_resident(draw_two_multiplications, seed)]
    assert min(p) < FALSE_ALARM / TESTS
    assert min(uniformity(draw_weyl, 0)) < FALSE_ALARM / TESTS  # too even


def test_dependent_streams_are_caught() -> None:
    """Without entities in the key, all authors' posts would share one resident's luck."""

    def shared_luck(out: Bits, key: Any, start: int) -> None:
        draw(out, np.uint64(5), start)

    assert min(next_author(shared_luck, 0)) < FALSE_ALARM / TESTS


# ---- one decision, one stream


def test_decisions_have_numbers_of_their_own() -> None:
    """In an enumeration, a second name for a number would be an alias and not an error."""
    members = Decision.__members__
    assert len({int(decision) for decision in members.values()}) == len(members)


def test_no_two_streams_are_the_same() -> None:
    seeds = (0, 1, 2, M64, M64 + 1, M64 + 2, 1 << 128, (1 << 128) + 1, random.Random(1).getrandbits(300))
    streams = [rng.stream(*what) for what in product(seeds, Decision, range(0, 1001))]
    # 64 bits, 2.6e5 streams: two equal by chance with probability 2e-9
    assert len(set(streams)) == len(streams)


def overlapping(keys: list[int], fill: Filler) -> int:
    """How many pairs of neighbouring draws (64 bits) occur twice in the first draws of all streams."""
    size = 1 << 12
    words = np.concatenate(
        [a[:-1].astype(np.uint64) << np.uint64(32) | a[1:] for a in (drawn(fill, key, 0, size) for key in keys)]
    )
    return int(words.size - np.unique(words).size)


def test_no_stream_is_another_one_shifted() -> None:
    keys = [rng.stream(3, decision, day) for decision in Decision for day in range(8)]
    keys += [rng.entity_key(keys[0], entity, turn) for entity in range(8) for turn in range(8)]
    # 1.2e6 words of 64 bits: one occurs twice by chance with probability 4e-8
    assert overlapping(keys, draw) == 0
    # a key that moves by the step of the counter is what this is about
    assert overlapping([5, 5 + 0x9E3779B9], draw) > 4000


def test_any_whole_number_is_a_seed() -> None:
    assert rng.stream(np.int64(7), Decision.KOC, 2) == rng.stream(7, Decision.KOC, 2)  # type: ignore[arg-type]
    assert rng.stream(np.uint64(M64), Decision.KOC) == rng.stream(M64, Decision.KOC)  # type: ignore[arg-type]
    for a, b in pairwise([0, 1, M64, M64 + 1, 1 << 128, 1 << 192]):
        assert rng.stream(a, Decision.KOC) != rng.stream(b, Decision.KOC)
    with pytest.raises(ValueError, match=r"^seed must be a whole number in \[0, inf\]; got -1\.$"):
        rng.stream(-1, Decision.KOC)
