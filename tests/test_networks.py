"""Generated networks: their shape exactly, and the laws of the random ones.

Random networks have fixed seeds; a comparison at five standard errors gives a false alarm once in 1.7 million.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from kocsim import networks
from kocsim.errors import ParameterError
from kocsim.ties import Ties


def checked(ties: Ties) -> Ties:
    """The arrays form a layer of mutual ties of strength 1, nothing set aside."""
    assert Ties(ties.offsets, ties.ties) == ties  # passes the checks of the class
    assert ties.is_symmetric()
    assert (ties.strength == 255).all()
    assert ties.labels is None and not any(ties.dropped.values())
    return ties


def neighbours(ties: Ties) -> list[list[int]]:
    return [ties.row(i).tolist() for i in range(ties.n)]


# ---- shapes


@pytest.mark.parametrize("n", [1, 2, 3, 17])
def test_complete(n: int) -> None:
    ties = checked(networks.complete(n))
    assert neighbours(ties) == [[j for j in range(n) if j != i] for i in range(n)]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9, 30])
def test_ring(n: int) -> None:
    for k in range(0, n, 2):
        ties = checked(networks.ring(n, k))
        near = [{(i + s) % n for s in range(-k // 2, k // 2 + 1)} - {i} for i in range(n)]
        assert neighbours(ties) == [sorted(row) for row in near]


@pytest.mark.parametrize(("side", "dimensions"), [(3, 1), (7, 1), (3, 2), (4, 2), (9, 2), (3, 3), (5, 3), (3, 4)])
def test_torus(side: int, dimensions: int) -> None:
    ties = checked(networks.torus(side, dimensions))
    shape = (side,) * dimensions
    expected = []
    for place in np.ndindex(shape):
        row = set()
        for axis in range(dimensions):
            for step in (-1, 1):
                other = list(place)
                other[axis] = (other[axis] + step) % side
                row.add(int(np.ravel_multi_index(other, shape)))
        expected.append(sorted(row))
    assert neighbours(ties) == expected


def test_a_ring_is_a_torus_of_one_dimension() -> None:
    assert networks.ring(11, 2) == networks.torus(11, 1)


# ---- G(n, p)


def test_gnp_at_both_ends() -> None:
    assert checked(networks.gnp(1, 0, seed=0)).m == 0
    assert checked(networks.gnp(50, 0, seed=0)).m == 0
    assert networks.gnp(50, 49, seed=0) == networks.complete(50)
    assert checked(networks.gnp(1000, 1e-300, seed=0)).m == 0


@pytest.mark.parametrize(("n", "mean_degree"), [(3, 1.0), (6, 2.0), (40, 3.0), (40, 35.0)])
def test_the_number_of_ties_of_gnp_is_binomial(n: int, mean_degree: float) -> None:
    runs, pairs = 2000, n * (n - 1) // 2
    law = stats.binom(pairs, mean_degree / (n - 1))
    edges = np.array([networks.gnp(n, mean_degree, seed).m // 2 for seed in range(runs)])
    assert abs(edges.mean() - law.mean()) < 5 * law.std() / math.sqrt(runs)
    kurtosis = float(law.stats("k"))
    error = law.var() * math.sqrt((kurtosis + 2) / runs)
    assert abs(edges.var() - law.var()) < 5 * error


def test_every_pair_of_gnp_is_as_likely() -> None:
    """Chi-square over the 2^10 networks of five residents at p = 1/2: all equally likely (false alarm 1e-6)."""
    runs = 15_000
    counts = Counter(networks.gnp(5, 2.0, seed).ties.tobytes() for seed in range(runs))
    assert len(counts) <= 2**10
    seen = np.array([*counts.values(), *[0] * (2**10 - len(counts))])
    assert stats.chisquare(seen).pvalue > 1e-6


def test_degrees_of_a_large_gnp_are_poisson() -> None:
    """Among a million, in whichever part of the numbering they stand."""
    n, z = 1_000_000, 5.0
    ties = checked(networks.gnp(n, z, seed=1))
    degree = ties.out_degree()
    law = stats.binom(n - 1, z / (n - 1))
    # both ends of a tie count: the standard error of the mean is sqrt(2) larger than that of n independent degrees
    assert abs(degree.mean() - z) < 5 * math.sqrt(2 * z / n)
    for part in np.array_split(degree, 10):
        assert abs(part.mean() - z) < 5 * math.sqrt(2 * z / part.size)
    for k in range(15):
        p = law.pmf(k)
        assert abs((degree == k).mean() - p) < 5 * math.sqrt(2 * p / n)


# ---- given degrees


@pytest.mark.parametrize(
    ("n", "degree"),
    [
        (1, 0), (2, 1), (6, 0), (6, 5), (9, 4), (30, 14), (30, 15), (101, 50), (200, 199), (200, 150), (1000, 3),
        (999, 20),
    ],
)
def test_regular(n: int, degree: int) -> None:
    for seed in range(5):
        assert (checked(networks.regular(n, degree, seed)).out_degree() == degree).all()


@pytest.mark.parametrize(("n", "degree", "labelled"), [(5, 2, 12), (6, 2, 70), (6, 3, 70), (8, 1, 105)])
def test_low_regular_networks_are_uniform(n: int, degree: int, labelled: int) -> None:
    """Each of the labelled networks (OEIS A001205, A002829) is as likely as any (false alarm 1e-6)."""
    runs = 50 * labelled
    counts = Counter(networks.regular(n, degree, seed).ties.tobytes() for seed in range(runs))
    assert len(counts) <= labelled
    seen = np.array([*counts.values(), *[0] * (labelled - len(counts))])
    assert stats.chisquare(seen).pvalue > 1e-6


def test_triangles_of_a_mended_regular_network_are_poisson() -> None:
    """Mean (d - 1)^3 / 6 of a random d-regular network (Bollobás 1980), where ends had to be exchanged."""
    n, degree, runs = 2000, 6, 100
    triangles = []
    for seed in range(runs):
        a = networks.regular(n, degree, seed).to_scipy()
        triangles.append((a @ a).multiply(a).sum() / 6)
    mean = (degree - 1) ** 3 / 6
    assert abs(np.mean(triangles) - mean) < 5 * math.sqrt(mean / runs) + mean * 2 * degree / n  # of order 1 / n


def test_configuration_keeps_heavy_tailed_degrees() -> None:
    degrees = np.minimum(400, (np.random.default_rng(3).pareto(1.5, 5000) * 3 + 2).astype(int)) // 2 * 2
    ties = checked(networks.configuration(degrees, seed=1))
    assert (ties.out_degree() == degrees).all()


def test_configuration_takes_whatever_is_graphical() -> None:
    """All sequences of up to four residents, as networkx judges them, and some larger ones."""
    import networkx as nx

    rng = np.random.default_rng(0)
    sequences = [list(map(int, d)) for n in range(1, 5) for d in np.ndindex((n,) * n)]
    sequences += [rng.integers(0, n, n).tolist() for n in rng.integers(6, 12, 300)]
    for degrees in sequences:
        if nx.is_graphical(degrees):
            assert networks.configuration(degrees, seed=1).out_degree().tolist() == degrees
        else:
            with pytest.raises(ParameterError, match="degrees must"):
                networks.configuration(degrees, seed=1)


# ---- all of them


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: networks.gnp(300, 4.5, seed),
        lambda seed: networks.regular(300, 3, seed),
        lambda seed: networks.regular(300, 7, seed),
        lambda seed: networks.configuration(np.arange(60) // 2 + 1, seed),
    ],
    ids=["gnp", "regular 3", "regular 7", "configuration"],
)
def test_a_seed_is_a_network(make: Callable[[int], Ties]) -> None:
    assert make(7) == make(7)
    assert make(0) != make(1)
    assert make(2**80) != make(2**80 + 1)
    before = np.random.get_state()
    make(5)
    assert all(np.array_equal(x, y) for x, y in zip(before, np.random.get_state(), strict=True))


def test_seeds_stay_what_they_were() -> None:
    """Whoever changes a generator, so that a seed gives another network, must say so in the changelog."""
    gnp = [[2, 3, 6], [5], [0, 5], [0, 4, 5, 6, 7], [3, 5], [1, 2, 3, 4], [0, 3, 7], [3, 6]]
    regular = [[5, 6], [3, 4], [5, 7], [1, 4], [1, 3], [0, 2], [0, 7], [2, 6]]
    assert neighbours(networks.gnp(8, 2.0, seed=1)) == gnp
    assert neighbours(networks.regular(8, 2, seed=1)) == regular


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: networks.complete(0), "n must be a whole number in [1, 32768]; got 0."),
        (lambda: networks.complete(2**15 + 1), "n must be a whole number in [1, 32768]; got 32769."),
        (lambda: networks.ring(10, 3), "k must be even, half of the neighbours on each side; got 3."),
        (lambda: networks.ring(10, 10), "k must be a whole number in [0, 9]; got 10."),
        (lambda: networks.ring(2.0, 0), "n must be a whole number in [1, 16777216]; got 2.0."),
        (lambda: networks.torus(2), "side must be a whole number in [3, 4096]; got 2."),
        (lambda: networks.torus(257, 3), "side must be a whole number in [3, 256]; got 257."),
        (lambda: networks.torus(4, 16), "dimensions must be a whole number in [1, 15]; got 16."),
        (lambda: networks.gnp(10, 9.5, seed=1), "mean_degree must lie in [0, n - 1] = [0, 9]; got 9.5."),
        (lambda: networks.gnp(10, math.nan, seed=1), "mean_degree must lie in [0, n - 1] = [0, 9]; got nan."),
        (lambda: networks.gnp(10, "2", seed=1), "mean_degree must lie in [0, n - 1] = [0, 9]; got '2'."),
        (lambda: networks.gnp(10, 2, seed=-1), "seed must be a whole number in [0, inf]; got -1."),
        (lambda: networks.gnp(2**24 + 1, 2, seed=1), "n must be a whole number in [1, 16777216]; got 16777217."),
        (lambda: networks.regular(5, 3, seed=1), "n x degree must be even; got n = 5 and degree = 3."),
        (lambda: networks.regular(5, 5, seed=1), "degree must be a whole number in [0, 4]; got 5."),
        (
            lambda: networks.configuration([1, 3, 1], 1),
            "degrees must lie in [0, n - 1] = [0, 2]; got 3 for resident 1.",
        ),
        (
            lambda: networks.configuration([1, 1, 1], 1),
            "degrees must have an even sum, as every tie has two ends; got 3.",
        ),
        (
            lambda: networks.configuration([3, 3, 1, 1], 1),
            "degrees must fit a simple network; the 2 largest find too few others to be tied to.",
        ),
        (
            lambda: networks.configuration([0.5, 1], 1),
            "degrees must be a one-dimensional array of whole numbers; got shape (2,) of float64.",
        ),
    ],
)
def test_refusals(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.slow
def test_a_million_residents_with_ten_million_edges() -> None:
    n = 1_000_000
    checked(networks.ring(n, 20))
    assert (checked(networks.regular(n, 20, seed=1)).out_degree() == 20).all()
    edges = checked(networks.gnp(n, 20, seed=1)).m / 2
    assert abs(edges - 10 * n) < 5 * math.sqrt(10 * n)
