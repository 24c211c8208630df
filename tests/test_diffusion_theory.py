"""Every rule says what exact calculation says, where that can be done: small networks step by step, and closed forms.

`unfold` follows the probabilities of all states of a small network, from the words of the rules alone; nothing of
kocsim is in it. On stars, paths, trees, cliques, rings and random networks there are formulas besides.

Seeds are fixed. Statistical comparisons allow five standard errors (false alarm 6e-7 each), chi-square p-values 1e-6.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

import kocsim as ks
from kocsim import networks, rules

RUNS = 60_000

# ---- exact, state by state

Contacts = Sequence[int]
Chance = Callable[[int, Contacts | None, Contacts], float]
"""Probability that a resident adopts now, given her contacts who adopted before the last step (None: there was none
before), and those who did at the last step."""


class Small:
    """A small directed network in one or two layers, with a value an arc, and who is immune or silent."""

    def __init__(self, n: int, layers: Mapping[str, Mapping[tuple[int, int], float]], seeds: Mapping[int, int],
                 immune: Contacts = (), silent: Contacts = ()) -> None:
        self.n, self.layers, self.seeds, self.immune, self.silent = n, layers, dict(seeds), immune, silent
        self.contacts = [sorted({s for arcs in layers.values() for s, t in arcs if t == v}) for v in range(n)]

    @classmethod
    def random(cls, seed: int, layers: int = 2, n: int = 6, arcs: int = 16) -> Small:
        """Arcs at random, different ones in each layer but for chance; values are multiples of 1 / 255."""
        rng = np.random.default_rng([seed, 77])
        pairs = [(s, t) for s in range(n) for t in range(n) if s != t]
        made = {}
        for name in "ab"[:layers]:
            which = rng.choice(len(pairs), arcs // layers, replace=False)
            made[name] = {pairs[k]: int(rng.integers(20, 230)) / 255 for k in which.tolist()}
        who = rng.permutation(n).tolist()
        silent = who[1:2] if seed % 2 else who[4:5]
        return cls(n, made, {who[0]: 0, who[1]: 0, who[2]: 2}, immune=who[3:4], silent=silent)

    def ties(self) -> dict[str, ks.Ties] | ks.Ties:
        made = {}
        for name, arcs in self.layers.items():
            source, target = zip(*arcs, strict=True)
            made[name] = ks.Ties.from_edges(source, target, strength=list(arcs.values()), n=self.n)
        return made if len(made) > 1 else made["a"]

    def values(self, v: int, senders: Contacts) -> list[float]:
        """Values of the ties through which v hears these, an entry a layer."""
        return [arcs[s, v] for arcs in self.layers.values() for s in senders if (s, v) in arcs]

    def unfold(self, chance: Chance, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities to have adopted after 0 ... steps, shape (steps + 1, n), and of the number of adopters then."""
        heard = [set(c) - set(self.silent) for c in self.contacts]
        now: dict[tuple[frozenset[int], frozenset[int]], float]
        now = {(frozenset(), frozenset(v for v, t in self.seeds.items() if t == 0)): 1.0}
        marginal = np.zeros((steps + 1, self.n))
        for step in range(steps + 1):
            for (old, fresh), weight in now.items():
                marginal[step, list(old | fresh)] += weight
            if step == steps:
                break
            following: dict[tuple[frozenset[int], frozenset[int]], float] = defaultdict(float)
            for (old, fresh), weight in now.items():
                odds = []
                for v in range(self.n):
                    if v in old or v in fresh or v in self.immune:
                        continue
                    if self.seeds.get(v) == step + 1:
                        odds.append((v, 1.0))
                    elif p := chance(v, sorted(heard[v] & old) if step else None, sorted(heard[v] & fresh)):
                        odds.append((v, p))
                for picks in itertools.product((True, False), repeat=len(odds)):
                    p = math.prod(q if pick else 1 - q for pick, (_, q) in zip(picks, odds, strict=True))
                    if p:
                        new = frozenset(v for pick, (v, _) in zip(picks, odds, strict=True) if pick)
                        following[old | fresh, new] += weight * p
            now = following
        sizes = np.zeros(self.n + 1)
        for (old, fresh), weight in now.items():
            sizes[len(old | fresh)] += weight
        return marginal, sizes


def assert_probabilities(measured: Any, expected: Any, runs: int) -> None:
    """Shares of independent runs; exact binomial tails, as wide as five standard errors are for a normal law."""
    count, tail = np.rint(np.asarray(measured) * runs), stats.norm.sf(5.0)
    low, high = np.clip(np.asarray(expected) - 1e-9, 0, 1), np.clip(np.asarray(expected) + 1e-9, 0, 1)
    good = (stats.binom.cdf(count, runs, low) > tail) & (stats.binom.sf(count - 1, runs, high) > tail)
    assert good.all(), f"expected {np.asarray(expected)[~good]}, got {np.asarray(measured)[~good]} of {runs}"


def assert_law(sizes: np.ndarray, pmf: np.ndarray) -> None:
    """Chi-square with rare sizes pooled; impossible ones must not occur."""
    seen = np.bincount(sizes, minlength=len(pmf))
    assert len(seen) == len(pmf) and seen[np.asarray(pmf) < 1e-15].sum() == 0
    expected = np.asarray(pmf) * len(sizes)
    rare = expected < 5
    seen, expected = np.append(seen[~rare], seen[rare].sum()), np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < 5:
        seen, expected = np.append(seen[:-2], seen[-2:].sum()), np.append(expected[:-2], expected[-2:].sum())
    if seen.size > 1:
        assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-6


def assert_mean(values: np.ndarray, expected: float, bias: float = 0.0) -> None:
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    assert abs(np.mean(values) - expected) <= 5 * error + bias


def failing(values: Sequence[float]) -> float:
    return math.prod(1 - p for p in values)


def tried_once(net: Small, p: Callable[[int, Contacts], list[float]]) -> Chance:
    return lambda v, old, fresh: 1 - failing(p(v, fresh))


def tried_always(net: Small, p: Callable[[int, Contacts], list[float]]) -> Chance:
    return lambda v, old, fresh: 1 - failing(p(v, [*(old or ()), *fresh]))


def passed(weight: Callable[[int, Contacts], float], survive: Callable[[int, float], float]) -> Chance:
    """A personal threshold: given that the old contacts were not enough. survive(v, w) = P(threshold of v > w)."""

    def chance(v: int, old: Contacts | None, fresh: Contacts) -> float:
        before = 1.0 if old is None else survive(v, weight(v, old))
        return 1 - survive(v, weight(v, [*(old or ()), *fresh])) / before if before > 0 else 1.0

    return chance


def many(net: Small) -> Callable[[int, Contacts], float]:
    return lambda v, senders: float(len(senders))


def weights_of(net: Small, scale: float = 1.0) -> Callable[[int, Contacts], float]:
    return lambda v, senders: scale * sum(net.values(v, senders))


def spread_evenly(net: Small, each: float) -> Callable[[int, Contacts], list[float]]:
    return lambda v, senders: [each] * len(net.values(v, senders))


Made = tuple[rules.Rule, Chance]


def by_layer(net: Small, a: float, b: float) -> Callable[[int, Contacts], list[float]]:
    return lambda v, senders: [
        p for name, p in (("a", a), ("b", b)) for s in senders if (s, v) in net.layers.get(name, {})
    ]


def array(net: Small) -> np.ndarray:
    return np.array(list(net.layers["a"].values()))


def survive_uniform(v: int, w: float) -> float:
    return min(1.0, 1 - w)


def survive_listed(c: Sequence[float]) -> Callable[[int, float], float]:
    return lambda v, k: math.prod(1 - c[min(i, len(c) - 1)] for i in range(max(0, int(k))))


def bass_chance(net: Small, rule: rules.Bass, q: Callable[[int, Contacts], list[float]]) -> Chance:
    def chance(v: int, old: Contacts | None, fresh: Contacts) -> float:
        adopted = [*(old or ()), *fresh]
        rates = [rule.q / len(net.contacts[v])] * len(adopted) if rule.per == "share" and adopted else q(v, adopted)
        if rule.form == "product":
            return 1 - (1 - rule.p * rule.dt) * failing([r * rule.dt for r in rates])
        hazard = (rule.p + sum(rates)) * rule.dt
        return min(1.0, hazard) if rule.form == "additive" else -math.expm1(-hazard)

    return chance


ONE_LAYER: dict[str, Callable[[Small], Made]] = {
    "cascade, strength": lambda net: (rules.IndependentCascade(p="strength"), tried_once(net, net.values)),
    "cascade, array": lambda net: (rules.IndependentCascade(p=array(net)), tried_once(net, net.values)),
    "cascade, weighted": lambda net: (
        rules.IndependentCascade(p="weighted"),
        tried_once(net, lambda v, s: [1 / len(net.contacts[v])] * len(s) if s else []),
    ),
    "linear threshold, equal": lambda net: (
        rules.LinearThreshold(),
        passed(lambda v, s: len(s) / max(1, len(net.contacts[v])), survive_uniform),
    ),
    "linear threshold, array": lambda net: (
        rules.LinearThreshold(weights=array(net) / 5),
        passed(weights_of(net, 0.2), survive_uniform),
    ),
    "SI, array": lambda net: (rules.SI(beta=array(net) / 2), tried_always(net, lambda v, s: [
        w / 2 for w in net.values(v, s)])),
}
TWO_LAYERS: dict[str, Callable[[Small], Made]] = {
    "cascade": lambda net: (rules.IndependentCascade(p=0.4), tried_once(net, spread_evenly(net, 0.4))),
    "cascade by layer": lambda net: (
        rules.IndependentCascade(p={"a": 0.25, "b": "strength"}),
        tried_once(net, lambda v, s: [
            *[0.25 for x in s if (x, v) in net.layers["a"]],
            *[net.layers["b"][x, v] for x in s if (x, v) in net.layers["b"]],
        ]),
    ),
    "cascade, weighted over layers": lambda net: (
        rules.IndependentCascade(p="weighted"),
        tried_once(net, lambda v, s: [1 / len(net.contacts[v])] * len(s) if s else []),
    ),
    "linear threshold over layers": lambda net: (
        rules.LinearThreshold(weights={"a": 0.12, "b": 0.07}),
        passed(lambda v, s: sum(by_layer(net, 0.12, 0.07)(v, s)), survive_uniform),
    ),
    "two contacts": lambda net: (
        rules.Threshold(count=2), passed(many(net), lambda v, k: float(k < 2))
    ),
    "half of the contacts": lambda net: (
        rules.Threshold(fraction=0.5),
        passed(many(net), lambda v, k: float(k < 0.5 * len(net.contacts[v]) or not net.contacts[v])),
    ),
    "a third, exactly": lambda net: (
        rules.Threshold(fraction=1 / 3),
        passed(many(net), lambda v, k: float(3 * k < len(net.contacts[v]) or not net.contacts[v])),
    ),
    "thresholds of their own": lambda net: (
        rules.Threshold(count=np.arange(net.n) % 3 + 1.0), passed(many(net), lambda v, k: float(k < v % 3 + 1))
    ),
    "some need nobody": lambda net: (
        rules.Threshold(count=np.arange(net.n) % 3), passed(many(net), lambda v, k: float(k < v % 3))
    ),
    "drawn counts": lambda net: (
        rules.Threshold(count=stats.poisson(1.3)), passed(many(net), lambda v, k: float(stats.poisson(1.3).sf(k)))
    ),
    "drawn fractions": lambda net: (
        rules.Threshold(fraction=stats.beta(2, 2)),
        passed(lambda v, s: len(s) / max(1, len(net.contacts[v])), lambda v, x: float(stats.beta(2, 2).sf(x))
               if net.contacts[v] else 1.0),
    ),
    "summed weight": lambda net: (
        rules.Threshold(count=1.0, weights="strength"),
        passed(weights_of(net), lambda v, w: float(w < 1.0 - 1e-9)),
    ),
    "summed weight by layer, of all": lambda net: (
        rules.Threshold(fraction=0.4, weights={"a": 3.0, "b": 0.5}),
        passed(
            lambda v, s: sum(by_layer(net, 3.0, 0.5)(v, s)),
            lambda v, w: float(
                w < 0.4 * sum(by_layer(net, 3.0, 0.5)(v, net.contacts[v])) - 1e-9 or not net.contacts[v]
            ),
        ),
    ),
    "complex contagion": lambda net: (
        rules.ComplexContagion(conversion=[0.1, 0.6, 0.3]), passed(many(net), survive_listed([0.1, 0.6, 0.3]))
    ),
    "SI": lambda net: (rules.SI(beta=0.3), tried_always(net, spread_evenly(net, 0.3))),
    "SI by layer": lambda net: (rules.SI(beta={"a": 0.4, "b": 0.1}), tried_always(net, by_layer(net, 0.4, 0.1))),
    **{
        f"Bass, {form}, {per}": (
            lambda net, form=form, per=per: (
                rule := rules.Bass(p=0.1, q=0.5, dt=0.5, form=form, per=per),
                bass_chance(net, rule, spread_evenly(net, 0.5)),
            )
        )
        for form in ("additive", "exponential", "product")
        for per in ("share", "contact")
    },
    **{
        f"Bass by layer, {form}": (
            lambda net, form=form: (
                rule := rules.Bass(p=0.05, q={"a": 0.6, "b": 0.2}, form=form, per="contact"),
                bass_chance(net, rule, by_layer(net, 0.6, 0.2)),
            )
        )
        for form in ("additive", "exponential", "product")
    },
}


@pytest.mark.parametrize("world", range(3))
@pytest.mark.parametrize("name", [f"1: {name}" for name in ONE_LAYER] + [f"2: {name}" for name in TWO_LAYERS])
def test_small_networks_step_by_step(name: str, world: int) -> None:
    """Immune, silent and late seeds included, on random directed networks of six."""
    layers, _, kind = name.partition(": ")
    net = Small.random(world, layers=int(layers))
    rule, chance = (ONE_LAYER if layers == "1" else TWO_LAYERS)[kind](net)
    steps = 6
    runs = 6_000 if "drawn" in kind else RUNS  # distributions of the user's are drawn from in NumPy
    marginal, sizes = net.unfold(chance, steps)
    out = ks.diffuse(
        net.ties(), rule, seeds=net.seeds, steps=steps, replicates=runs, seed=world, immune=net.immune,
        silent=net.silent, times=True,
    )
    for step in range(steps + 1):
        assert_probabilities(((out.times >= 0) & (out.times <= step)).mean(axis=0), marginal[step], runs)
        assert_mean(out.curve[:, step], marginal[step].sum(), bias=1e-6)
    assert_probabilities(out.probability, marginal[-1], runs)
    assert_law(out.sizes, sizes)


SURE = [
    "two contacts", "half of the contacts", "a third, exactly", "thresholds of their own", "some need nobody",
    "summed weight", "summed weight by layer, of all",
]
"""Rules that leave nothing to chance."""


@pytest.mark.parametrize("name", SURE)
def test_thresholds_on_small_networks_exactly(name: str) -> None:
    moved = 0
    for world in range(60):
        net = Small.random(world, arcs=20)
        rule, chance = TWO_LAYERS[name](net)
        marginal, _ = net.unfold(chance, 6)
        out = ks.diffuse(
            net.ties(), rule, seeds=net.seeds, steps=6, seed=1, immune=net.immune, silent=net.silent, times=True
        )
        for step in range(7):
            adopted = (out.times[0] >= 0) & (out.times[0] <= step)
            assert adopted.tolist() == (marginal[step] == 1).tolist()
        moved += int(out.sizes[0] > len(net.seeds))
    assert moved > 20  # something happens in many of them


MIXED: dict[str, Callable[[Small], Made]] = {
    "cascade": lambda net: (rules.IndependentCascade(p=0.3), tried_once(net, spread_evenly(net, 0.3))),
    "SI": lambda net: (rules.SI(beta=0.2), tried_always(net, spread_evenly(net, 0.2))),
    "linear threshold": lambda net: (
        rules.LinearThreshold(), passed(lambda v, s: len(s) / (net.n - 1), survive_uniform)
    ),
    "three contacts": lambda net: (rules.Threshold(count=3), passed(many(net), lambda v, k: float(k < 3))),
    "drawn fractions": lambda net: (
        rules.Threshold(fraction=stats.uniform(0, 1)), passed(lambda v, s: len(s) / (net.n - 1), survive_uniform)
    ),
    "complex contagion": lambda net: (
        rules.ComplexContagion(conversion=[0.05, 0.5]), passed(many(net), survive_listed([0.05, 0.5]))
    ),
    **{
        f"Bass, {form}, {per}": (
            lambda net, form=form, per=per: (
                rule := rules.Bass(p=0.1, q=0.6, dt=0.5, form=form, per=per),
                bass_chance(net, rule, spread_evenly(net, 0.6)),
            )
        )
        for form in ("additive", "exponential", "product")
        for per in ("share", "contact")
    },
}


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("name", MIXED)
def test_everybody_hears_everybody_step_by_step(name: str, stored: bool) -> None:
    """Without ties, and over stored ties: six residents, one immune, one silent, one late seed."""
    n, steps, runs = 6, 5, 10_000 if stored else 3_000
    net = Small(n, {"a": {(s, t): 1.0 for s in range(n) for t in range(n) if s != t}}, {0: 0, 3: 0, 1: 3}, [2], [3])
    rule, chance = MIXED[name](net)
    marginal, sizes = net.unfold(chance, steps)
    out = ks.diffuse(
        networks.complete(n) if stored else ks.WellMixed(n), rule, seeds=net.seeds, steps=steps, replicates=runs,
        seed=1, immune=net.immune, silent=net.silent, times=True,
    )
    for step in range(steps + 1):
        assert_probabilities(((out.times >= 0) & (out.times <= step)).mean(axis=0), marginal[step], runs)
    assert_law(out.sizes, sizes)


def test_the_calculation_agrees_with_live_edges() -> None:
    """`unfold` against the other way round: keep each arc with its probability, or one arc a resident by its weight."""
    net = Small.random(4, layers=1)
    arcs = list(net.layers["a"].items())

    def reached(kept: list[tuple[int, int]]) -> set[int]:
        found = {v for v, t in net.seeds.items() if t <= 8} - set(net.immune)
        for _ in range(net.n):
            found |= {t for s, t in kept if s in found and s not in net.silent and t not in net.immune}
        return found

    cascade, linear = np.zeros(net.n), np.zeros(net.n)
    for picks in itertools.product((True, False), repeat=len(arcs)):
        p = math.prod(w if pick else 1 - w for pick, (_, w) in zip(picks, arcs, strict=True))
        cascade[list(reached([arc for pick, (arc, _) in zip(picks, arcs, strict=True) if pick]))] += p
    heard = [[(arc, w / 5) for arc, w in arcs if arc[1] == v] for v in range(net.n)]
    for one in itertools.product(*[[*h, (None, 1 - sum(w for _, w in h))] for h in heard]):
        linear[list(reached([arc for arc, _ in one if arc]))] += math.prod(w for _, w in one)
    assert np.allclose(net.unfold(tried_once(net, net.values), 9)[0][-1], cascade)
    assert np.allclose(net.unfold(passed(weights_of(net, 0.2), survive_uniform), 9)[0][-1], linear)


# ---- independent cascade: trees, cycles, cliques


def undirected(edges: Sequence[tuple[int, int]], n: int) -> ks.Ties:
    return ks.Ties.from_edges(*zip(*edges, strict=True), n=n, directed=False)


def star(leaves: int) -> ks.Ties:
    return undirected([(0, i) for i in range(1, leaves + 1)], leaves + 1)


def path(n: int) -> ks.Ties:
    return undirected([(i, i + 1) for i in range(n - 1)], n)


def tree(depth: int) -> ks.Ties:
    n = 2 ** (depth + 1) - 1
    return undirected([((i - 1) // 2, i) for i in range(1, n)], n)


LEVEL = np.floor(np.log2(np.arange(1, 128))).astype(int)
"""Depth of each resident of `tree(6)`."""


def test_cascade_on_a_star() -> None:
    leaves, p = 12, 0.3
    rule = rules.IndependentCascade(p=p)
    hub = ks.diffuse(star(leaves), rule, seeds=[0], replicates=RUNS, seed=1)
    size = np.arange(leaves + 2)
    assert_law(hub.sizes, stats.binom(leaves, p).pmf(size - 1))
    leaf = ks.diffuse(star(leaves), rule, seeds=[5], replicates=RUNS, seed=2)
    expected = p * stats.binom(leaves - 1, p).pmf(size - 2)
    expected[1] += 1 - p
    assert_law(leaf.sizes, expected)
    assert leaf.duration.max() == 2


@pytest.mark.parametrize("p", [0.2, 0.7])
def test_cascade_on_a_path_is_geometric(p: float) -> None:
    n = 10
    out = ks.diffuse(path(n), rules.IndependentCascade(p=p), seeds=[0], replicates=RUNS, seed=3, times=True)
    size = np.arange(n + 1)
    assert_law(out.sizes, np.where(size == n, p ** (n - 1), np.where(size > 0, p ** (size - 1.0) * (1 - p), 0)))
    assert_probabilities(out.probability, p ** np.arange(n), RUNS)
    assert (out.duration == out.sizes - 1).all()
    assert ((out.times == np.arange(n)) | (out.times == -1)).all()


def test_cascade_on_a_ring() -> None:
    """k residents in a row: k p^(k - 1) (1 - p)^2 ways."""
    p, n = 0.5, 500
    out = ks.diffuse(networks.ring(n, 2), rules.IndependentCascade(p=p), seeds=[7], replicates=RUNS, seed=4)
    k = np.arange(n + 1)
    pmf = k * p ** (k - 1.0) * (1 - p) ** 2
    assert_law(np.minimum(out.sizes, 60), np.append(pmf[:60], pmf[60:].sum()))


@pytest.mark.parametrize("p", [0.3, 0.5, 0.8])
def test_cascade_on_a_binary_tree(p: float) -> None:
    out = ks.diffuse(tree(6), rules.IndependentCascade(p=p), seeds=[0], replicates=RUNS, seed=5)
    assert_probabilities(out.probability, p**LEVEL, RUNS)
    assert_mean(out.sizes, (p**LEVEL).sum())
    assert_mean(np.diff(out.curve, axis=1, prepend=0)[:, 3], (2 * p) ** 3)


@lru_cache
def reed_frost(n: int, p: float) -> np.ndarray:
    """Law of the final number of adopters from one seed, everybody hearing everybody."""
    state = {(1, n - 1): 1.0}  # fresh, not yet
    pmf = np.zeros(n + 1)
    while state:
        following: dict[tuple[int, int], float] = defaultdict(float)
        for (fresh, left), weight in state.items():
            new = stats.binom.pmf(np.arange(left + 1), left, 1 - (1 - p) ** fresh)
            pmf[n - left] += weight * new[0]
            for k in range(1, left + 1):
                following[k, left - k] += weight * new[k]
        state = following
    return pmf


def test_cascade_on_two_cliques_and_a_bridge() -> None:
    """Across the bridge only if its near end was reached; then as from a seed of the second clique."""
    m, p, bridge = 6, 0.15, 0.4
    inside = [(a, b) for a in range(m) for b in range(a)]
    edges = [*inside, *[(a + m, b + m) for a, b in inside], (m - 1, m)]
    ties = undirected(edges, 2 * m)
    p_by_edge = np.array([p] * (len(edges) - 1) + [bridge])
    out = ks.diffuse(ties, rules.IndependentCascade(p=p_by_edge), seeds=[0], replicates=RUNS, seed=6)
    pmf = reed_frost(m, p)
    mean = (pmf * np.arange(m + 1)).sum()
    near_end = (mean - 1) / (m - 1)
    expected = np.array([1] + [near_end] * (m - 1) + [near_end * bridge] + [near_end * bridge * near_end] * (m - 1))
    assert_probabilities(out.probability, expected, RUNS)
    # the near end belongs to a cascade of size k with probability (k - 1) / (m - 1)
    size = np.arange(m + 1)
    crossing = pmf * bridge * np.maximum(size - 1, 0) / (m - 1)
    assert_law(out.sizes, np.append(pmf - crossing, np.zeros(m)) + np.convolve(crossing, pmf))


@pytest.mark.parametrize("mixed", [False, True])
def test_final_sizes_of_the_reed_frost_chain(mixed: bool) -> None:
    n, p = 20, 0.08
    out = ks.diffuse(
        ks.WellMixed(n) if mixed else networks.complete(n), rules.IndependentCascade(p=p), seeds=[3], replicates=6_000,
        seed=7,
    )
    assert_law(out.sizes, reed_frost(n, p))


# ---- contagion that ends


def reach(beta: float, gamma: float) -> float:
    """A tie transmits before the sender stops."""
    return beta / (beta + gamma - beta * gamma)


@pytest.mark.parametrize(("beta", "gamma"), [(0.1, 0.2), (0.6, 0.9), (0.3, 1.0), (1.0, 0.1), (0.05, 0.02)])
def test_contagion_with_an_end_on_one_tie(beta: float, gamma: float) -> None:
    """Transmitted at step t with probability beta ((1 - beta) (1 - gamma))^(t - 1); she stops after G steps."""
    runs = 20_000
    out = ks.diffuse(path(2), rules.SIR(beta=beta, gamma=gamma), seeds=[0], replicates=runs, seed=8, times=True)
    assert_probabilities(out.probability[1], reach(beta, gamma), runs)
    step = np.arange(out.curve.shape[1])
    still = (1 - beta) * (1 - gamma)
    at = np.append(0.0, beta * still ** step[:-1])
    hit = np.bincount(out.times[:, 1][out.times[:, 1] >= 0], minlength=step.size) / runs
    assert_probabilities(hit[1:], at[1:], runs)
    # the seed is infectious after step t with (1 - gamma)^t, the other one with what is left of hers
    active = (1 - gamma) ** step + [sum(at[s] * (1 - gamma) ** (t - s) for s in range(1, t + 1)) for t in step]
    error = np.std(out.active, axis=0, ddof=1) / math.sqrt(runs)
    rare = active * runs < 20  # the normal law does not hold there
    assert (np.abs(out.active.mean(axis=0) - active)[~rare] <= 5 * error[~rare] + 1e-9).all()
    assert out.active[:, -1].max() == 0


def test_contagion_with_an_end_on_a_star_shares_the_senders_time() -> None:
    """Leaves are won together: binomial given how long the hub goes on."""
    leaves, beta, gamma = 10, 0.15, 0.3
    out = ks.diffuse(star(leaves), rules.SIR(beta=beta, gamma=gamma), seeds=[0], replicates=RUNS, seed=9)
    pmf = np.zeros(leaves + 2)
    for g in range(1, 200):
        pmf[1:] += gamma * (1 - gamma) ** (g - 1) * stats.binom.pmf(np.arange(leaves + 1), leaves, 1 - (1 - beta) ** g)
    assert_law(out.sizes, pmf)


def test_contagion_with_an_end_on_a_path_and_a_tree() -> None:
    beta, gamma = 0.3, 0.25
    transmitted = reach(beta, gamma)
    out = ks.diffuse(path(8), rules.SIR(beta=beta, gamma=gamma), seeds=[0], replicates=RUNS, seed=10)
    assert_probabilities(out.probability, transmitted ** np.arange(8), RUNS)
    out = ks.diffuse(tree(6), rules.SIR(beta=beta, gamma=gamma), seeds=[0], replicates=RUNS, seed=11)
    assert_probabilities(out.probability, transmitted**LEVEL, RUNS)


def epidemic(n: int, beta: float, gamma: float, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean ever infected and mean infectious after each step, and the law of the former at the end; one seed."""
    state = np.zeros((n + 1, n + 1))  # not yet, infectious
    state[n - 1, 1] = 1.0
    ever, active = [1.0], [1.0]
    left_axis, active_axis = np.arange(n + 1)[:, None], np.arange(n + 1)[None, :]
    for _ in range(steps):
        following = np.zeros_like(state)
        for left, infectious in zip(*np.nonzero(state), strict=True):
            new = stats.binom.pmf(np.arange(left + 1), left, 1 - (1 - beta) ** infectious)
            stay = stats.binom.pmf(np.arange(infectious + 1), infectious, 1 - gamma)
            for k, p in enumerate(new):
                following[left - k, k : k + infectious + 1] += state[left, infectious] * p * stay
        state = following
        ever.append(n - (state * left_axis).sum())
        active.append((state * active_axis).sum())
    return np.array(ever), np.array(active), state.sum(axis=1)[::-1]


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize(("beta", "gamma"), [(0.06, 0.3), (0.2, 1.0)])
def test_contagion_with_an_end_where_everybody_hears_everybody(beta: float, gamma: float, mixed: bool) -> None:
    n, steps, runs = 9, 60, 3_000
    ever, active, pmf = epidemic(n, beta, gamma, steps)
    network = ks.WellMixed(n) if mixed else networks.complete(n)
    out = ks.diffuse(network, rules.SIR(beta=beta, gamma=gamma), seeds=[4], steps=steps, replicates=runs, seed=12)
    for step in (1, 2, 3, 5, 8, 13, 20, 40):
        assert_mean(out.curve[:, step], ever[step], bias=1e-9)
        if active[step] * runs > 20:
            assert_mean(out.active[:, step], active[step], bias=1e-9)
    assert_law(out.sizes, pmf)


def test_contagion_that_ends_at_once_is_the_cascade() -> None:
    """gamma = 1: the same law on any network; and so is the complex contagion with one conversion."""
    ties = networks.gnp(300, 4, seed=1)
    p, runs = 0.35, 20_000
    sizes = [
        ks.diffuse(ties, rule, seeds=[5, 17], replicates=runs, seed=k).sizes
        for k, rule in enumerate(
            [rules.IndependentCascade(p=p), rules.SIR(beta=p, gamma=1.0), rules.ComplexContagion(conversion=[p])]
        )
    ]
    for one in sizes[1:]:
        error = math.hypot(sizes[0].std(), one.std()) / math.sqrt(runs)
        assert abs(one.mean() - sizes[0].mean()) < 5 * error
        bins = np.unique(np.quantile(sizes[0], np.linspace(0, 1, 25)))
        table = np.array([np.histogram(s, [-1, *bins, 301])[0] for s in (sizes[0], one)])
        assert stats.chi2_contingency(table[:, table.sum(axis=0) > 0]).pvalue > 1e-6


# ---- contagion without an end


def test_contagion_along_a_path_takes_negative_binomial_times() -> None:
    n, beta = 7, 0.3
    out = ks.diffuse(path(n), rules.SI(beta=beta), seeds=[0], replicates=RUNS, seed=13, times=True)
    assert (out.sizes == n).all()
    for k in range(1, n):
        failures = out.times[:, k] - k
        assert failures.min() >= 0
        pmf = stats.nbinom(k, beta).pmf(np.arange(failures.max() + 1))
        top = int(stats.nbinom(k, beta).ppf(0.9999))
        assert_law(np.minimum(failures, top), np.append(pmf[:top], 1 - pmf[:top].sum()))


def test_contagion_from_the_hub_of_a_star() -> None:
    """The last of 9 leaves at step t with probability (1 - (1 - beta)^t)^9 or earlier."""
    leaves, beta = 9, 0.25
    out = ks.diffuse(star(leaves), rules.SI(beta=beta), seeds=[0], replicates=RUNS, seed=14)
    t = np.arange(30)
    assert_probabilities([(out.duration <= s).mean() for s in t], (1 - (1 - beta) ** t) ** leaves, RUNS)


@pytest.mark.parametrize("mixed", [False, True])
def test_contagion_where_everybody_hears_everybody(mixed: bool) -> None:
    n, beta, steps, runs = 30, 0.01, 40, 2_000
    law = np.zeros(n + 1)
    law[1] = 1.0
    out = ks.diffuse(
        ks.WellMixed(n) if mixed else networks.complete(n), rules.SI(beta=beta), seeds=[0], steps=steps,
        replicates=runs, seed=15,
    )
    for step in range(1, steps + 1):
        following = np.zeros(n + 1)
        for a in np.flatnonzero(law):
            following[a:] += law[a] * stats.binom.pmf(np.arange(n - a + 1), n - a, 1 - (1 - beta) ** a)
        law = following
        if step % 8 == 0:
            assert_law(out.curve[:, step], law)


# ---- Bass


@pytest.mark.parametrize("form", ["additive", "exponential", "product"])
@pytest.mark.parametrize("network", ["mixed", "ring", "nobody"])
def test_bass_without_peers(form: str, network: str) -> None:
    n, p, dt, steps = 100_000, 0.3, 0.25, 20
    where = {
        "mixed": lambda: ks.WellMixed(n),
        "ring": lambda: networks.ring(n, 4),
        "nobody": lambda: networks.gnp(n, 0, seed=1),
    }[network]()
    q = 0.0 if network != "nobody" else 0.9  # no contacts: no share of them
    out = ks.diffuse(where, rules.Bass(p=p, q=q, dt=dt, form=form), steps=steps, seed=16)
    stay = math.exp(-p * dt) if form == "exponential" else 1 - p * dt
    assert_probabilities(out.curve[0] / n, 1 - stay ** np.arange(steps + 1), n)


def edge_based(
    shares: Mapping[int, float], rate: Callable[[int], float], p: float, steps: int
) -> np.ndarray:
    """Share of adopters after each step on a large random network with these degrees, and no short loops.

    ``rate(k)``: probability a step that an adopted contact wins a resident with k contacts; p: from outside. theta(k):
    a given contact of such a resident has not; phi(k): nor has, but adopted. Exact for an infinite tree, and so for a
    ring, which is one of degree 2 (edge-based compartments: Miller, Slim & Volz 2012, J. R. Soc. Interface 9:890).
    """
    degrees = np.array([k for k in shares if k > 0])
    weight = np.array([shares[k] * k for k in degrees])
    weight = weight / weight.sum()  # of a contact
    rates = np.array([rate(int(k)) for k in degrees])
    theta, phi = np.ones(degrees.size), np.zeros(degrees.size)
    curve = [0.0]
    for step in range(1, steps + 1):
        theta = theta - rates * phi
        alone = (1 - p) ** step
        idle = alone * (weight * theta ** (degrees - 1.0)).sum()  # the contact, but for the tie through which we look
        phi = theta - idle
        everybody = sum(s for k, s in shares.items() if k == 0)
        curve.append(1 - alone * (everybody + sum(shares[int(k)] * t**k for k, t in zip(degrees, theta, strict=True))))
    return np.array(curve)


@pytest.mark.parametrize("form", ["exponential", "product"])
@pytest.mark.parametrize("per", ["share", "contact"])
@pytest.mark.parametrize("network", ["ring 2", "regular 3", "regular 8", "G(n, p) 4"])
def test_bass_on_networks_without_short_loops(network: str, per: str, form: str) -> None:
    """At any length of step: sources act on their own in these two forms, so ties do too."""
    n, p, q, dt, steps, runs = 100_000, 0.05, 0.8, 0.5, 24, 6
    kind, z = network.rsplit(" ", 1)
    if kind == "ring":
        ties = networks.ring(n, 2)
    elif kind == "regular":
        ties = networks.regular(n, int(z), seed=17)
    else:
        ties = networks.gnp(n, float(z), seed=17)
    # the degrees that are there: those of one G(n, p) differ a little from Poisson
    counts = np.bincount(ties.in_degree())
    shares = {k: c / n for k, c in enumerate(counts.tolist()) if c}

    def once(hazard: float) -> float:
        return -math.expm1(-hazard * dt) if form == "exponential" else hazard * dt

    expected = edge_based(shares, lambda k: once(q / k if per == "share" else q), once(p), steps)
    out = ks.diffuse(ties, rules.Bass(p=p, q=q, dt=dt, form=form, per=per), steps=steps, replicates=runs, seed=18)
    share = out.curve / n
    # neighbours adopt together, so counts vary more than binomially; short loops and a finite n weigh about 1 / n
    error = np.maximum(share.std(axis=0, ddof=1), np.sqrt(expected * (1 - expected) / n)) / math.sqrt(runs)
    assert (np.abs(share.mean(axis=0) - expected) <= 5 * error + 20 / n).all()


def halved(
    network: Any, p: float, q: float, dt: float, until: float, runs: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Share of adopters at 1, 2 ... until for dt -> 0, from steps of dt and dt / 2, and its standard error."""
    shares = []
    for k, step in enumerate((dt, dt / 2)):
        rule = rules.Bass(p=p, q=q, dt=step)
        out = ks.diffuse(network, rule, steps=round(until / step), replicates=runs, seed=seed + k)
        shares.append(out.curve[:, round(1 / step) :: round(1 / step)] / out.n)
    limit = 2 * shares[1].mean(axis=0) - shares[0].mean(axis=0)
    variance = 4 * shares[1].var(axis=0, ddof=1) + shares[0].var(axis=0, ddof=1)
    return limit, np.sqrt(variance / runs)


def test_bass_on_a_ring_has_a_closed_form() -> None:
    """Fibich & Gibori 2010, Operations Research 58:1450: F(t) = 1 - exp(-(p + q) t + q (1 - exp(-p t)) / p)."""
    p, q, until = 0.06, 0.7, 12
    limit, error = halved(networks.ring(100_000, 2), p, q, 0.1, until, runs=10, seed=19)
    t = np.arange(1, until + 1)
    expected = -np.expm1(-(p + q) * t + q * (1 - np.exp(-p * t)) / p)
    # what is left after halving is of order dt^2: 0.1^2 x q^2 / 12 at most, by the exact steps of `edge_based`
    assert (np.abs(limit - expected) <= 5 * error + 5e-4).all()


@pytest.mark.parametrize("degree", [3, 6])
def test_bass_on_a_regular_network_follows_its_differential_equation(degree: int) -> None:
    """theta' = -q / k (theta - e^(-p t) theta^(k - 1)), F = 1 - e^(-p t) theta^k."""
    from scipy.integrate import solve_ivp

    p, q, until = 0.05, 0.9, 10
    t = np.arange(1, until + 1)
    theta = solve_ivp(
        lambda s, x: -q / degree * (x - np.exp(-p * s) * x ** (degree - 1)), (0, until), [1.0], t_eval=t,
        rtol=1e-9, atol=1e-12,
    ).y[0]
    limit, error = halved(networks.regular(100_000, degree, seed=20), p, q, 0.1, until, runs=10, seed=21)
    assert (np.abs(limit - (1 - np.exp(-p * t) * theta**degree)) <= 5 * error + 5e-4).all()


def test_bass_on_more_contacts_comes_nearer_to_the_closed_form() -> None:
    """Between the ring and everybody: the more contacts, the faster (Fibich & Gibori 2010)."""
    p, q, n, until = 0.02, 0.6, 20_000, 12
    grid = [networks.ring(n, 2), networks.regular(n, 3, 1), networks.regular(n, 20, 1), ks.WellMixed(n)]
    shares = [ks.diffuse(g, rules.Bass(p=p, q=q, dt=0.1), steps=120, replicates=4, seed=22).mean / n for g in grid]
    assert (np.diff(shares) > [0.1, 0.1, 0.002]).all()
    decay = math.exp(-(p + q) * until)
    assert abs(shares[-1] - (1 - decay) / (1 + q / p * decay)) < 0.03


# ---- thresholds


def test_thresholds_on_a_binary_tree() -> None:
    """Within: three contacts, of whom the parent is a third; leaves: the parent is all."""
    for fraction, reached in ((0.33, 6), (1 / 3, 6), (0.34, 0)):
        out = ks.diffuse(tree(6), rules.Threshold(fraction=fraction), seeds=[0], seed=1, times=True)
        assert out.curve[0].tolist() == [2 ** (k + 1) - 1 for k in range(reached + 1)]
        assert (out.times[0] == np.where(reached >= LEVEL, LEVEL, -1)).all()
    # from the leaves up: two children are two thirds of a parent's contacts, but all of the root's
    leaves = np.flatnonzero(LEVEL == 6)
    for fraction, reached in ((0.66, 127), (0.67, 64)):
        assert ks.diffuse(tree(6), rules.Threshold(fraction=fraction), seeds=leaves, seed=1).sizes[0] == reached


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.25, 0.3, 1.0, 1.01])
def test_thresholds_on_a_star(fraction: float) -> None:
    leaves = 20
    for seeds in (1, 4, 5, 6, 19, 20):
        out = ks.diffuse(star(leaves), rules.Threshold(fraction=fraction), seeds=range(1, seeds + 1), seed=1)
        if fraction == 0:
            assert out.curve[0].tolist()[:2] == [seeds, leaves + 1]
        elif fraction > 1 or seeds < fraction * leaves:
            assert out.sizes[0] == seeds
        else:
            assert out.sizes[0] == leaves + 1
            assert out.duration[0] == (2 if seeds < leaves else 1)


@pytest.mark.parametrize("mixed", [False, True])
def test_granovetters_crowd(mixed: bool) -> None:
    """Thresholds 0, 1, 2 ... 99: one after the other, all; with 2 instead of 1: nobody but the first."""
    n = 100
    network = ks.WellMixed(n) if mixed else networks.complete(n)
    crowd = np.random.default_rng(1).permutation(n)
    out = ks.diffuse(network, rules.Threshold(count=crowd), seed=1)
    assert out.curve[0].tolist() == list(range(n + 1))
    other = np.where(crowd == 1, 2, crowd)
    assert ks.diffuse(network, rules.Threshold(count=other), seed=1).sizes.tolist() == [1]
    out = ks.diffuse(network, rules.Threshold(fraction=crowd / (n - 1)), seed=1)
    assert out.curve[0].tolist() == list(range(n + 1))
    assert ks.diffuse(network, rules.Threshold(fraction=other / (n - 1)), seed=1).sizes.tolist() == [1]


@pytest.mark.parametrize(("deviation", "rises"), [(0.05, False), (0.1, False), (0.2, True)])
def test_drawn_thresholds_follow_their_distribution(deviation: float, rises: bool) -> None:
    """x(t + 1) = F(x(t)): a wider spread about the same mean tips the crowd (Granovetter 1978, figure 2)."""
    n, steps = 50_000, 25
    law = stats.truncnorm(-0.25 / deviation, 40, 0.25, deviation)
    x = [0.01]
    for _ in range(steps):
        x.append(0.01 + 0.99 * float(law.cdf(x[-1])))
    assert (x[-1] > 0.9) == rises
    out = ks.diffuse(
        ks.WellMixed(n), rules.Threshold(fraction=law), seeds=ks.seeds.Random(share=0.01), steps=steps, replicates=3,
        seed=23,
    )
    share = out.curve / n
    # each step adds its own chance, which the next ones multiply by the density f: where f stays below 1, errors add up
    # to those of one step / (1 - f); above, they grow with it
    error, x_error = [0.0], 0.0
    for now, following in itertools.pairwise(x):
        x_error = math.sqrt(following * (1 - following) / n) + float(law.pdf(now)) * x_error
        error.append(x_error)
    assert (np.abs(share - np.array(x)) <= 5 * np.array(error) + 2 / n).all()


def test_uniform_thresholds_on_a_complete_network() -> None:
    """LinearThreshold where everybody hears everybody: x(t + 1) = s + (1 - s) x(t), in the limit of many residents."""
    n = 2000
    seeds = ks.seeds.Random(count=40)
    out = ks.diffuse(networks.complete(n), rules.LinearThreshold(), seeds=seeds, replicates=20, seed=1)
    x = 40 / n
    for t in range(6):
        assert_mean(out.curve[:, t] / n, x, bias=2 / n)
        x = 40 / n + (1 - 40 / n) * x


@pytest.mark.parametrize(("k", "count"), [(4, 2), (6, 3), (8, 3), (10, 5)])
def test_complex_contagion_needs_wide_ties_on_a_ring(k: int, count: int) -> None:
    """From k / 2 + 1 neighbours, a sure success at the count-th contact adds 2 (k / 2 - count + 1) a step."""
    n, half = 400, k // 2
    sure = rules.ComplexContagion(conversion=[0.0] * (count - 1) + [1.0])
    out = ks.diffuse(networks.ring(n, k), sure, seeds=range(half + 1), seed=1)
    same = ks.diffuse(networks.ring(n, k), rules.Threshold(count=count), seeds=range(half + 1), seed=1)
    assert out.curve.tolist() == same.curve.tolist()
    assert set(np.diff(out.curve[0])[:-1].tolist()) == {2 * (half - count + 1)}
    assert out.sizes[0] == n


# ---- referral


def test_referral_from_the_hub_of_a_star() -> None:
    """Poisson many of 6 contacts, all of them if there are more to invite; each accepts with probability c."""
    leaves, mean, c = 6, 3.0, 0.7
    ties = ks.Ties.from_edges([0] * leaves, range(1, leaves + 1), n=leaves + 1)
    out = ks.diffuse(ties, rules.Referral(mean=mean, conversion=c), seeds=[0], replicates=RUNS, seed=24)
    asked = stats.poisson(mean).pmf(np.arange(leaves + 1))
    asked[-1] = stats.poisson(mean).sf(leaves - 1)
    size = np.arange(leaves + 1)
    pmf = sum(asked[k] * stats.binom(k, c).pmf(size) for k in range(leaves + 1))
    assert_law(out.sizes, np.append(0, pmf))
    assert np.ptp(out.probability[1:]) < 6 * math.sqrt(2 * 0.25 / RUNS)  # all alike


def test_referral_down_a_tree_is_a_branching_process() -> None:
    """Everybody has three contacts of her own: mean offspring m a generation, m^k in the k-th."""
    depth, mean, c = 6, 1.5, 0.6
    n = (3 ** (depth + 1) - 1) // 2
    child = np.arange(1, n)
    ties = ks.Ties.from_edges((child - 1) // 3, child, n=n)
    out = ks.diffuse(ties, rules.Referral(mean=mean, conversion=c), seeds=[0], replicates=RUNS, seed=25)
    offspring = c * (stats.poisson(mean).pmf(np.arange(3)) @ np.arange(3) + 3 * stats.poisson(mean).sf(2))
    new = np.diff(out.curve, axis=1, prepend=0)
    for k in range(depth + 1):
        assert_mean(new[:, k], offspring**k)


@pytest.mark.parametrize("mixed", [False, True])
def test_referral_where_everybody_hears_everybody(mixed: bool) -> None:
    """Invitations also reach customers, and are lost on them: exact mean of the second generation."""
    n, mean, runs = 8, 2.0, 20_000
    network = ks.WellMixed(n) if mixed else networks.complete(n)
    out = ks.diffuse(network, rules.Referral(mean=mean), seeds=[0], replicates=runs, seed=26)
    asked = stats.poisson(mean).pmf(np.arange(n))
    asked[-1] = stats.poisson(mean).sf(n - 2)
    assert_law(out.curve[:, 1], np.append(0, asked))
    # each of k new customers misses a given other one with probability 1 - E(asked) / (n - 1), independently
    miss = 1 - (asked @ np.arange(n)) / (n - 1)
    expected = 1 + sum(asked[k] * (k + (n - 1 - k) * (1 - miss**k)) for k in range(n))
    assert_mean(out.curve[:, min(2, out.curve.shape[1] - 1)], expected)


# ---- seeds


def test_random_seeds_are_all_alike() -> None:
    """Any two of seven as likely as any; the immune never."""
    out = ks.diffuse(
        networks.gnp(8, 0, seed=0), rules.IndependentCascade(p=0.0), seeds=ks.seeds.Random(count=2), replicates=RUNS,
        seed=27, immune=[3], times=True,
    )
    pairs = np.array([sum(1 << int(v) for v in np.flatnonzero(row == 0)) for row in out.times[:20_000]])
    values, counts = np.unique(pairs, return_counts=True)
    assert values.size == 21 and not (values & 8).any()
    assert stats.chisquare(counts).pvalue > 1e-6
    assert_probabilities(out.probability, np.where(np.arange(8) == 3, 0, 2 / 7), RUNS)


def test_rare_events_are_as_rare_as_said() -> None:
    """Small probabilities, many chances: the sum is Poisson with the mean that the rule states."""
    n = 1_000_000
    steps = 400
    for hazard in (2e-8, 1e-7, 1e-6):
        out = ks.diffuse(ks.WellMixed(n), rules.Bass(p=hazard, q=0.0), steps=steps, seed=28)
        mean = n * steps * hazard
        assert abs(out.sizes[0] - mean) <= 5 * math.sqrt(mean) + 0.01 * mean
    ties = ks.Ties.from_edges(np.zeros(n - 1, int), np.arange(1, n), n=n)
    for p in (1e-6, 1e-5):
        out = ks.diffuse(ties, rules.IndependentCascade(p=p), seeds=[0], replicates=50, seed=29)
        mean = (n - 1) * p * 50
        assert abs((out.sizes - 1).sum() - mean) <= 5 * math.sqrt(mean) + 0.001 * mean
