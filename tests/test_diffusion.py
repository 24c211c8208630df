"""What a user types, what comes back, and what is refused."""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import time

import networkx as nx
import numpy as np
import pytest
from scipy import stats

import kocsim as ks
from kocsim import diffusion
from kocsim.rules import (
    SI,
    SIR,
    Bass,
    ComplexContagion,
    IndependentCascade,
    LinearThreshold,
    Referral,
    Rule,
    Threshold,
)

RULES = [
    IndependentCascade(0.2), IndependentCascade("weighted"), LinearThreshold(), Threshold(count=2),
    Threshold(fraction=0.3), ComplexContagion([0.1, 0.5]), SI(0.1), SIR(0.3, 0.4), Bass(0.02, 0.3),
    Bass(0.02, 0.3, form="exponential"), Referral(1.5),
]


def random_ties(n: int = 50, m: int = 200, seed: int = 1) -> ks.Ties:
    rng = np.random.default_rng(seed)
    return ks.Ties.from_edges(rng.integers(0, n, m), rng.integers(0, n, m), n=n)


# ---- what comes back


def test_the_readers_lines() -> None:
    """The lines that the documentation begins with."""
    source, target = [0, 0, 33, 1], [1, 2, 3, 3]
    ties = ks.Ties.from_edges(source, target, strength=None, n=34, directed=True)
    out = ks.diffuse(ties, ks.rules.IndependentCascade(p=0.1), seeds=[0, 33], steps=None, replicates=10_000, seed=1)
    assert out.sizes.shape == (10_000,) and out.sizes.dtype == np.int64
    assert out.curve.shape[0] == 10_000 and (out.curve[:, 0] == 2).all() and (out.curve[:, -1] == out.sizes).all()
    assert out.probability.shape == (34,) and out.probability[0] == out.probability[33] == 1.0
    assert out.times.shape == (10_000, 34) and out.times.dtype == np.int32
    assert set(np.unique(out.times[:, 0])) == {0} and (out.times[:, 10] == -1).all()
    expected = 2 + 0.1 + 0.1 + (1 - (1 - 0.1) * (1 - 0.1 * 0.1))
    assert abs(out.mean - expected) < 5 * out.se


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_figures_fit_together(rule: Rule) -> None:
    out = ks.diffuse(random_ties(), rule, [0, 5], 25, 20, seed=2)
    assert out.curve.shape == (20, 26) == out.active.shape
    assert (np.diff(out.curve, axis=1) >= 0).all()
    assert np.array_equal(out.curve[:, -1], out.sizes)
    assert np.array_equal(out.duration, out.times.max(axis=1))
    assert np.allclose(out.probability.sum(), out.mean)
    tidy = out.to_frame()
    assert tidy.columns.tolist() == ["replicate", "step", "adopters"] and len(tidy) == 20 * 26
    assert tidy.query("replicate == 3 and step == 7").adopters.item() == out.curve[3, 7]
    assert out.summary()["mean"] == out.mean
    assert repr(rule) in repr(out)


def test_without_steps_curves_end_where_the_longest_does() -> None:
    path = ks.networks.ring(30, 2)
    out = ks.diffuse(path, IndependentCascade(0.7), [0], replicates=50, seed=1)
    assert out.curve.shape == (50, out.duration.max() + 1)
    assert np.array_equal(out.curve[:, -1], out.sizes)


def test_one_replicate_is_the_same_among_many() -> None:
    ties = random_ties()
    for rule in RULES:
        for seeds in ([3], ks.seeds.Random(4)):
            many = ks.diffuse(ties, rule, seeds, 20, 40, seed=9, times=True, threads=3)
            few = ks.diffuse(ties, rule, seeds, 20, 7, seed=9, times=True, threads=1)
            assert np.array_equal(many.times[:7], few.times)


def test_times_recorded_and_computed_again_are_the_same() -> None:
    ties = random_ties()
    for rule in RULES:
        asked = ks.diffuse(ties, rule, ks.seeds.Random(3), 20, 30, seed=4, times=True)
        later = ks.diffuse(ties, rule, ks.seeds.Random(3), 20, 30, seed=4)
        assert np.array_equal(asked.times, later.times)


def test_active_of_sir_rises_and_falls() -> None:
    """Infected at t with G steps: counted at t ... t + G - 1."""
    out = ks.diffuse(ks.networks.ring(40, 4), SIR(0.6, 0.5), [0], replicates=200, seed=5)
    assert (out.active[:, 0] == 1).all() and (out.active[:, -1] == 0).all()
    assert (out.active <= out.curve).all()
    alone = ks.diffuse(ks.Ties.from_edges([], [], n=1), SIR(0.5, 0.25), [0], replicates=20_000, seed=6)
    share = alone.active[:, :6].mean(axis=0)
    law = 0.75 ** np.arange(6)
    assert (abs(share - law) < 5 * np.sqrt(law * (1 - law) / 20_000) + 1e-12).all()
    assert np.array_equal(ks.diffuse(random_ties(), SI(0.2), [0], 9, 3, seed=1).active[:, -1:],
                          ks.diffuse(random_ties(), SI(0.2), [0], 9, 3, seed=1).curve[:, -1:])


def test_to_xarray_names_residents() -> None:
    out = ks.diffuse(nx.florentine_families_graph(), IndependentCascade(0.3), ["Medici"], replicates=10, seed=1)
    data = out.to_xarray()
    assert data.probability.sel(resident="Medici").item() == 1.0
    assert data["curve"].dims == ("replicate", "step")


# ---- networks


def test_every_kind_of_network_gives_the_same() -> None:
    graph = nx.gnp_random_graph(40, 0.1, seed=3)
    source = [a for a, b in graph.edges] + [b for a, b in graph.edges]
    target = [b for a, b in graph.edges] + [a for a, b in graph.edges]
    kinds = [graph, nx.to_scipy_sparse_array(graph), ks.Ties.from_edges(source, target, n=40)]
    outs = [ks.diffuse(kind, IndependentCascade(0.4), [0], replicates=20, seed=1, times=True) for kind in kinds]
    for out in outs[1:]:
        assert np.array_equal(out.times, outs[0].times)


def test_probabilities_stand_in_the_order_of_edges() -> None:
    """Edges out of order, one of them twice, one to itself: each keeps its own p."""
    source = np.array([2, 0, 1, 1, 0, 0])
    target = np.array([3, 2, 1, 0, 1, 2])
    p = np.array([1.0, 1.0, 0.5, 0.0, 0.0, 1.0])
    out = ks.diffuse(ks.Ties.from_edges(source, target, n=4), IndependentCascade(p), [0], seed=1)
    assert out.times.tolist() == [[0, -1, 1, 2]]
    ties = ks.Ties.from_edges(source, target, strength=p, n=4)
    assert ks.diffuse(ties, IndependentCascade("strength"), [0], seed=1).times.tolist() == [[0, -1, 1, 2]]
    with pytest.raises(ValueError, match=r"IndependentCascade\.p must have one value for each of the 6 edges"):
        ks.diffuse(ks.Ties.from_edges(source, target, n=4), IndependentCascade(p[:4]), [0], seed=1)


def test_probability_per_tie_is_exact() -> None:
    """Strengths are kept beyond the byte of the packed tie: 1/3 of 1/1000 is not 0."""
    n = 200_000
    star = ks.Ties.from_edges(np.zeros(n, int), np.arange(1, n + 1), strength=np.full(n, 1 / 3000))
    for rule in (IndependentCascade("strength"), IndependentCascade(np.full(n, 1 / 3000))):
        size = ks.diffuse(star, rule, [0], replicates=50, seed=1).sizes - 1
        assert abs(size.mean() - n / 3000) < 5 * np.sqrt(n / 3000 / 50)


def test_layers() -> None:
    """A tie in two layers makes an attempt in each; a contact in two layers is one contact for thresholds."""
    one = ks.Ties.from_edges([0, 1], [2, 2], n=3)
    two = ks.Ties.from_edges([0], [2], n=3)
    both = {"strong": one, "weak": two}
    out = ks.diffuse(both, IndependentCascade({"strong": 0.3, "weak": 0.5}), [0], replicates=40_000, seed=1)
    assert abs(out.probability[2] - (1 - 0.7 * 0.5)) < 5 * 0.5 / 200
    assert ks.diffuse(both, Threshold(count=2), [0], seed=1).sizes.item() == 1
    assert ks.diffuse(both, Threshold(count=2), [0, 1], seed=1).sizes.item() == 3
    weigh = Threshold(count=1.5, weights={"strong": 1.0, "weak": 0.5})
    assert ks.diffuse(both, weigh, [0], seed=1).sizes.item() == 2
    assert ks.diffuse(both, weigh, [1], seed=1).sizes.item() == 1
    with pytest.raises(ks.ParameterError, match=r"IndependentCascade\.p has no value for the layer 'weak'"):
        ks.diffuse(both, IndependentCascade({"strong": 0.3}), [0])
    with pytest.raises(ks.ParameterError, match=r"names layers \('strong'\), but the network has none"):
        ks.diffuse(one, IndependentCascade({"strong": 0.3}), [0])


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_networks_without_ties_or_residents(rule: Rule) -> None:
    empty = ks.Ties.from_edges([], [], n=3)
    out = ks.diffuse(empty, rule, [1], 0 if rule.waits else None, seed=1)
    assert out.sizes.tolist() == [1] and out.times.tolist() == [[-1, 0, -1]]
    if not isinstance(rule, Referral):
        nobody = ks.diffuse(ks.Ties.from_edges([], []), rule, (), 3, 2, seed=1)
        assert nobody.sizes.tolist() == [0, 0] and nobody.probability.shape == (0,)


def test_components_without_seeds_stay_out() -> None:
    ties = ks.Ties.from_edges([0, 1, 3], [1, 2, 4], directed=False)
    out = ks.diffuse(ties, IndependentCascade(1.0), [0], seed=1)
    assert out.times.tolist() == [[0, 1, 2, -1, -1]]


# ---- seeds, immune, silent


def test_seeds_by_label_mask_step_and_place() -> None:
    graph = nx.florentine_families_graph()
    labels = list(graph)
    by_label = ks.diffuse(graph, IndependentCascade(0.3), ["Medici", "Strozzi"], replicates=5, seed=1, times=True)
    rows = [labels.index("Medici"), labels.index("Strozzi")]
    mask = np.zeros(15, bool)
    mask[rows] = True
    for seeds in (mask, dict.fromkeys(("Medici", "Strozzi"), 0)):
        same = ks.diffuse(graph, IndependentCascade(0.3), seeds, replicates=5, seed=1, times=True)
        assert np.array_equal(same.times, by_label.times)
    top = ks.diffuse(graph, IndependentCascade(0.0), ks.seeds.TopDegree(1), seed=1)
    assert labels[int(top.times[0].argmax())] == "Medici"
    later = ks.diffuse(ks.networks.ring(9, 2), IndependentCascade(1.0), {0: 0, 4: 2}, seed=1)
    assert later.times[0].tolist() == [0, 1, 2, 3, 2, 3, 3, 2, 1]


def test_a_late_seed_after_everything_is_over() -> None:
    ties = ks.Ties.from_edges([0, 2], [1, 3], n=4)
    for rule in (IndependentCascade(1.0), Threshold(count=1), SI(1.0), SIR(1.0, 1.0), LinearThreshold()):
        assert ks.diffuse(ties, rule, {0: 0, 2: 7}, seed=1).times.tolist() == [[0, 1, 7, 8]]


def test_random_seeds_are_nested_uniform_and_spare_the_immune() -> None:
    ties = random_ties(40, 0)
    few, more = (
        ks.diffuse(ties, IndependentCascade(0), ks.seeds.Random(k), replicates=4000, seed=3, immune=[7], times=True)
        for k in (5, 9)
    )
    assert (few.sizes == 5).all() and (more.sizes == 9).all()
    assert ((more.times == 0) | (few.times == -1)).all()
    assert few.probability[7] == 0
    p = 5 / 39
    z = (np.delete(few.probability, 7) - p) / np.sqrt(p * (1 - p) / 4000)
    assert abs(z).max() < 5
    assert (ks.diffuse(ties, IndependentCascade(0), ks.seeds.Random(share=0.25), seed=1).sizes == 10).all()
    assert (ks.diffuse(ties, IndependentCascade(0), ks.seeds.Random(40), seed=1).sizes == 40).all()


def test_immune_and_silent() -> None:
    path = ks.networks.ring(12, 2)
    for rule in (IndependentCascade(1.0), Threshold(count=1), SI(1.0), SIR(1.0, 0.5)):
        stopped = ks.diffuse(path, rule, [0], seed=1, immune=[3], silent=[10])
        assert stopped.times.tolist() == [[0, 1, 2, -1, -1, -1, -1, -1, -1, -1, 2, 1]]


# ---- coupling


def delays_nobody(before: ks.Diffusion, after: ks.Diffusion) -> bool:
    a, b = before.times, after.times
    return bool(((a < 0) | ((b >= 0) & (b <= a))).all())


@pytest.mark.parametrize(
    ("weak", "strong"),
    [
        (IndependentCascade(0.1), IndependentCascade(0.12)), (SI(0.02), SI(0.021)), (SIR(0.05, 0.2), SIR(0.06, 0.2)),
        (SIR(0.05, 0.2), SIR(0.05, 0.1)), (Threshold(count=3), Threshold(count=2)),
        (Threshold(fraction=0.5), Threshold(fraction=0.4)), (Bass(0.01, 0.2), Bass(0.011, 0.2)),
        (Bass(0.01, 0.2, form="exponential"), Bass(0.01, 0.25, form="exponential")),
        (ComplexContagion([0.1, 0.2]), ComplexContagion([0.1, 0.3])), (Referral(0.9), Referral(1.0)),
        (Referral(2.0, 0.4), Referral(2.0, 0.5)),
        (Threshold(fraction=stats.norm(0.5, 0.0001)), Threshold(fraction=stats.norm(0.4, 0.0001))),
    ],
    ids=lambda rule: repr(rule)[:60],
)
def test_the_stronger_rule_delays_nobody(weak: Rule, strong: Rule) -> None:
    """Exactly, on shared draws, at 20,000 residents; and it does help somebody."""
    ties = ks.networks.gnp(20_000, 8, seed=4)
    before, after = (
        ks.diffuse(ties, rule, ks.seeds.Random(400), 12, 3, seed=5, times=True) for rule in (weak, strong)
    )
    assert delays_nobody(before, after)
    assert after.mean > before.mean


def test_another_tie_delays_nobody_at_size() -> None:
    rng = np.random.default_rng(8)
    source, target = rng.integers(0, 5000, (2, 30_000))
    fewer = ks.Ties.from_edges(source[:29_000], target[:29_000], n=5000)
    more = ks.Ties.from_edges(source, target, n=5000)
    for rule in (IndependentCascade(0.2), SI(0.05), SIR(0.1, 0.3), Threshold(count=3), ComplexContagion([0.1, 0.3])):
        before, after = (
            ks.diffuse(ties, rule, ks.seeds.Random(50), 15, 4, seed=1, times=True) for ties in (fewer, more)
        )
        assert delays_nobody(before, after) and after.mean > before.mean


# ---- kernels and NumPy


@pytest.mark.parametrize("seed", range(4))
def test_kernels_equal_numpy_on_larger_networks(seed: int) -> None:
    """Rows longer than a buffer, residents of many and of no contacts, thousands of adopters a step."""
    rng = np.random.default_rng([seed, 5])
    n = 6000
    hubs = rng.integers(0, 3, 9000)
    source = np.concatenate([rng.integers(0, n, 30_000), hubs, rng.integers(0, n, 4000)])
    target = np.concatenate([rng.integers(0, n, 30_000), rng.integers(0, n, 9000), rng.integers(0, 3, 4000)])
    ties = ks.Ties.from_edges(source, target, strength=rng.random(source.size), n=n)
    for rule in [
        IndependentCascade(0.15), IndependentCascade("weighted"), IndependentCascade("strength"), LinearThreshold(),
        Threshold(count=2), Threshold(fraction=0.2), Threshold(count=0.8, weights="strength"),
        Threshold(fraction=stats.beta(2, 5)), ComplexContagion([0.05, 0.3, 0.2]), SI(0.05), SI("strength"),
        SIR(0.1, 0.5), Bass(0.01, 0.4), Bass(0.01, 0.4, form="exponential"),
        Bass(0.01, 0.02, form="product", per="contact"), Referral(1.3),
    ]:
        fast, plain = (
            ks.diffuse(
                ties, rule, ks.seeds.Random(20), 8, 3, seed, immune=np.arange(100, 150), silent=np.arange(200, 300),
                times=True, fast=fast,
            ) for fast in (True, False)
        )
        assert np.array_equal(fast.times, plain.times), rule
        assert np.array_equal(fast.curve, plain.curve), rule
        assert fast.mean > 20


@pytest.mark.parametrize("n", [2, 100, 3000])
def test_kernels_equal_numpy_where_everybody_hears_everybody(n: int) -> None:
    for rule in [
        IndependentCascade(2 / n), IndependentCascade(1.0), SI(0.3 / n), SIR(1 / n, 0.3), SIR(2 / n, 1.0),
        Bass(0.02, 0.4),
        Bass(0.02, 0.4, form="exponential"), Bass(0.01, 0.2 / n, form="product", per="contact"),
        Threshold(count=3), LinearThreshold(), ComplexContagion([0.0, 0.1]), Referral(1.5),
    ]:
        few = n == 2
        fast, plain = (
            ks.diffuse(
                ks.WellMixed(n), rule, {0: 0, 1: 3} if few else {3: 0, 4: 0, 5: 0, 90: 3}, 30, 4, seed=4,
                immune=[] if few else [7, 8], silent=[] if few else [4, *range(20, 30)], times=True, fast=fast,
            ) for fast in (True, False)
        )
        assert np.array_equal(fast.times, plain.times), rule
        assert np.array_equal(fast.curve, plain.curve), rule
        if not few:
            assert (fast.probability[[7, 8]] == 0).all()


@pytest.mark.parametrize("network", [ks.WellMixed(40), ks.networks.ring(40, 4)], ids=["mixed", "ring"])
def test_sir_by_numpy_ends_and_counts_the_infectious(network: object) -> None:
    for rule in (SIR(0.02, 1.0), SIR(0.05, 0.3), SIR(0.5, 0.6)):
        for steps in (None, 6):
            fast, plain = (ks.diffuse(network, rule, [0, 9], steps, 5, seed=3, fast=fast) for fast in (True, False))
            assert np.array_equal(fast.curve, plain.curve) and np.array_equal(fast.active, plain.active)


def test_a_rule_that_waits_for_ever_is_given_up() -> None:
    class Never(Rule):
        waits = True

        def adopt(self, seen):  # type: ignore[no-untyped-def]
            return np.zeros(seen.resident.size, bool)

    with pytest.raises(ks.DataError, match="Never: nobody has adopted for 20,000 steps; give steps"):
        ks.diffuse(TIES, Never(), [0], seed=1)
    assert ks.diffuse(TIES, Never(), [0], 10, seed=1).sizes.item() == 1


def test_ties_without_weight_persuade_nobody() -> None:
    ties = ks.Ties.from_edges([0, 1], [1, 2], strength=[0.0, 0.0])
    for seeds in ((), [0]):
        out = ks.diffuse(ties, Threshold(fraction=0.5, weights="strength"), seeds, seed=1)
        assert out.sizes.item() == len(seeds)


def test_thresholds_below_zero_are_zero() -> None:
    """Granovetter's normal thresholds: who needs less than nobody begins."""
    n = 4000
    out = ks.diffuse(ks.WellMixed(n), Threshold(count=stats.norm(2000, 1000)), steps=1, replicates=20, seed=1)
    p = stats.norm.cdf(-2)
    assert abs(out.curve[:, 1].mean() / n - p) < 5 * np.sqrt(p * (1 - p) / (20 * n))


def test_small_conversions_hold_beyond_the_list() -> None:
    """A chance of 0.0003 at each of 5,000 contacts: the independent cascade of the same p."""
    ties = ks.networks.complete(1500)
    sizes = [
        ks.diffuse(ties, rule, ks.seeds.Random(40), replicates=300, seed=1).sizes
        for rule in (ComplexContagion([5e-4]), IndependentCascade(5e-4))
    ]
    error = np.sqrt(sum(size.var() for size in sizes) / 300)
    assert abs(sizes[0].mean() - sizes[1].mean()) < 5 * error
    wide = ks.diffuse(ks.WellMixed(50_000), ComplexContagion([1e-5]), range(500), 2, seed=1)
    assert wide.mean > 500


def test_certainty_is_certain_at_every_draw() -> None:
    table = ComplexContagion([0.0, 1.0])._table(10)
    assert table.tolist()[:2] == [0, 2**32]


def test_many_threads_and_batches_change_nothing() -> None:
    ties = random_ties(300, 1500)
    for rule in RULES:
        outs = [
            ks.diffuse(ties, rule, ks.seeds.Random(5), 15, 900, seed=3, threads=threads) for threads in (1, 2, 4)
        ]
        for out in outs[1:]:
            assert np.array_equal(out.sizes, outs[0].sizes)
            assert np.array_equal(out.probability, outs[0].probability)
            assert np.array_equal(out.curve, outs[0].curve)


def test_runs_longer_than_the_first_guess() -> None:
    """More steps than the kernels make room for at first, and more plans than residents."""
    ring = ks.networks.ring(6000, 2)
    slow = ks.diffuse(ring, SI(0.3), [0], replicates=2, seed=1, times=True)
    assert (slow.sizes == 6000).all() and slow.duration.min() > 4096
    plain = ks.diffuse(ring, SI(0.3), [0], 5000, seed=1, times=True, fast=False)
    assert np.array_equal(np.where(slow.times[0] <= 5000, slow.times[0], -1), plain.times[0])
    dense = ks.networks.complete(400)
    many = ks.diffuse(dense, SI(0.0005), [0], replicates=3, seed=2, times=True)
    assert np.array_equal(many.times, ks.diffuse(dense, SI(0.0005), [0], 9999, 3, seed=2, times=True, fast=False).times)
    rare = ks.diffuse(ks.Ties.from_edges([0], [1]), Bass(1e-3, 0.5, dt=0.5), (), replicates=4, seed=1)
    assert (rare.sizes == 2).all()


# ---- rules as values


def test_rules_are_values() -> None:
    for rule in [*RULES, Threshold(count=[1, 2, 3]), IndependentCascade([0.1, 0.2]), SI({"a": 0.1})]:
        assert pickle.loads(pickle.dumps(rule)) == rule
    names = vars(ks.rules)
    for rule in RULES:
        assert eval(repr(rule), dict(names)) == rule
    assert IndependentCascade(0.1) != IndependentCascade(0.2) and SI(0.1) != SIR(0.1)


def test_the_rule_of_the_documentation() -> None:
    class Majority(ks.rules.Rule):
        def adopt(self, seen):  # type: ignore[no-untyped-def]
            return 2 * seen.adopted > seen.contacts

    assert ks.diffuse(ks.networks.ring(10, 2), Majority(), seeds=[0, 2], seed=1).sizes.tolist() == [3]
    mixed = ks.diffuse(ks.WellMixed(11), Majority(), seeds=range(6), seed=1)
    assert mixed.sizes.tolist() == [11]


# ---- refusals: one sentence, before any work

TIES = ks.Ties.from_edges([0, 1], [1, 2])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: IndependentCascade(1.5), "IndependentCascade.p must lie in [0, 1]; got 1.5."),
        (lambda: IndependentCascade([0.1, np.nan]), "IndependentCascade.p must lie in [0, 1]; got nan in entry 1."),
        (lambda: IndependentCascade("strong"),
         "IndependentCascade.p must be a number, a value for each edge, or one of 'strength', 'weighted'; "
         "got 'strong'."),
        (lambda: IndependentCascade(True), "IndependentCascade.p must lie in [0, 1]; got True."),
        (lambda: LinearThreshold(2.0), "LinearThreshold.weights must lie in [0, 1]; got 2.0."),
        (lambda: Threshold(), "Threshold takes either count or fraction."),
        (lambda: Threshold(count=1, fraction=0.1), "Threshold takes either count or fraction."),
        (lambda: Threshold(count=-1), "Threshold.count must lie in [0, inf); got -1."),
        (lambda: Threshold(fraction=float("nan")), "Threshold.fraction must lie in [0, inf); got nan."),
        (lambda: ComplexContagion([]), "ComplexContagion.conversion must hold at least one number; got none."),
        (lambda: ComplexContagion([0.1, 2]), "ComplexContagion.conversion must lie in [0, 1]; got 2 in entry 1."),
        (lambda: ComplexContagion(0.1), "ComplexContagion.conversion must be a sequence of numbers; got 0.1."),
        (lambda: SI(-0.1), "SI.beta must lie in [0, 1]; got -0.1."),
        (lambda: SIR(0.1, 0), "SIR.gamma must lie in (0, 1]; got 0."),
        (lambda: Bass(-1, 0.1), "Bass.p must lie in [0, inf); got -1."),
        (lambda: Bass(dt=0), "Bass.dt must lie in (0, inf); got 0."),
        (lambda: Bass(form="euler"), "Bass.form must be one of 'additive', 'exponential', 'product'; got 'euler'."),
        (lambda: Bass(2, 0.1, form="product"), "Bass.p x dt must lie in [0, 1] in the form 'product'; got 2 x 1."),
        (lambda: Bass(q=[0.1, 0.2]), "Bass.q must lie in [0, 1.67772e+07]; got [0.1, 0.2]."),
        (lambda: Bass(q={"a": "strength"}, per="contact"), "Bass.q['a'] must lie in [0, 1.67772e+07]; got 'strength'."),
        (lambda: IndependentCascade({"a": {"q": 0.1}}),
         "IndependentCascade.p['a'] must be a number or a value for each edge; got {'q': 0.1}."),
        (lambda: ks.diffuse(TIES, SI(), [0, 2**70]), "seeds must hold row numbers"),
        (lambda: ks.diffuse(TIES, SI(), {0: 0, 2: 2 * 10**9}),
         "seeds[2] must be a whole number in [0, 16777216]; got 2000000000."),
        (lambda: ks.diffuse(TIES, SI(), [0], replicates=2**31), "sizes would take 32.0 GiB"),
        (lambda: ks.diffuse(ks.WellMixed(5), SI(), [0.5]), "seeds must hold row numbers"),
        (lambda: Bass(q={"a": 1.0}), "Bass.q by layer needs per='contact': a share is of the contacts in all layers."),
        (lambda: Referral(-1), "Referral.mean must lie in [0, 1000]; got -1."),
        (lambda: Referral(1, 2), "Referral.conversion must lie in [0, 1]; got 2."),
        (lambda: ks.WellMixed(0), "WellMixed.n must be a whole number in [1, 16777216]; got 0."),
        (lambda: ks.seeds.Random(), "seeds.Random takes either count or share."),
        (lambda: ks.seeds.Random(share=2), "seeds.Random.share must lie in [0, 1]; got 2."),
        (lambda: ks.diffuse(TIES, SI(), [0], replicates=0),
         "replicates must be a whole number in [1, 4294967295]; got 0."),
        (lambda: ks.diffuse(TIES, SI(), [0], steps=-1), "steps must be a whole number in [0, 2147483646]; got -1."),
        (lambda: ks.diffuse(TIES, SI(), [0], seed=-1), "seed must be a whole number in [0, inf]; got -1."),
        (lambda: ks.diffuse(TIES, SI, [0]), "rule must be a kocsim.rules.Rule; got"),
        (lambda: ks.diffuse(TIES, SI(), [0, 3]),
         "seeds names resident 3 in entry 1, but there are 3 residents (0..2)."),
        (lambda: ks.diffuse(TIES, SI(), [-1]), "seeds names resident -1 in entry 0, but there are 3 residents (0..2)."),
        (lambda: ks.diffuse(TIES, SI(), [0, 0]), "seeds names resident 0 twice."),
        (lambda: ks.diffuse(TIES, SI(), 5), "seeds must be residents, such as [0, 33], or seeds.Random(5)"),
        (lambda: ks.diffuse(TIES, SI(), "top"), "seeds must be a sequence of residents or a mask; got 'top'."),
        (lambda: ks.diffuse(TIES, SI(), {0: -1}), "seeds[0] must be a whole number in [0, 16777216]; got -1."),
        (lambda: ks.diffuse(TIES, SI(), [0], immune=[0]), "seeds names resident 0, who is immune."),
        (lambda: ks.diffuse(TIES, SI(), ks.seeds.Random(4)),
         "seeds must be at most 3 residents (those not immune); got Random(count=4, share=None)."),
        (lambda: ks.diffuse(TIES, SI(), [0], silent=np.ones(4, bool)),
         "silent as a mask must have shape (3,), one for each resident; got (4,)."),
        (lambda: ks.diffuse(TIES, SI(), [0], immune=[9]),
         "immune names resident 9 in entry 0, but there are 3 residents (0..2)."),
        (lambda: ks.diffuse({}, SI(), [0]), "network must have at least one layer; got an empty mapping."),
        (lambda: ks.diffuse({"a": TIES, "b": ks.Ties.from_edges([], [], n=2)}, SI(), [0]),
         "Layers must have the same residents: 'a' has 3, 'b' has 2."),
        (lambda: ks.diffuse(ks.Ties.from_edges([0, 1], [2, 2]), LinearThreshold(0.7), [0]),
         "LinearThreshold.weights of each resident's incoming ties must sum to at most 1; got 1.4 for resident 2."),
        (lambda: ks.diffuse(TIES, Threshold(count=[1, 2]), [0]),
         "Threshold.count must have one value for each of the 3 residents; got 2."),
        (lambda: ks.diffuse(ks.WellMixed(10), IndependentCascade("strength"), [0]),
         "IndependentCascade.p must be a number on a WellMixed network; got 'strength'."),
        (lambda: ks.diffuse(ks.WellMixed(10), SI(), ks.seeds.TopDegree(2)),
         "seeds.TopDegree needs ties: in a WellMixed network all residents are alike."),
        (lambda: ks.diffuse(ks.WellMixed(10), SI(), [10]),
         "seeds names resident 10 in entry 0, but there are 10 residents (0..9)."),
        (lambda: ks.diffuse(ks.WellMixed(2**20), SI(), [0], 1, replicates=2**12, times=True),
         "times would take 16.0 GiB (replicates x residents), more than 4 GiB; ask for fewer replicates or steps."),
    ],
)
def test_refusals(make, sentence: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="^" + re.escape(sentence)) as caught:
        make()
    assert isinstance(caught.value, (ks.ParameterError, ks.DataError))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda seen: np.ones(2, bool),
         "must return one value for each of 1 residents, shape (1,); got shape (2,) at step 1."),
        (lambda seen: np.array(["x"]), "must return true or false; got dtype <U1 at step 1."),
        (lambda seen: np.array([np.nan]), "must return true or false; got nan for resident 1 at step 1."),
    ],
)
def test_what_a_users_rule_returns_is_checked(answer, sentence: str) -> None:  # type: ignore[no-untyped-def]
    class Mine(Rule):
        def adopt(self, seen):  # type: ignore[no-untyped-def]
            return answer(seen)

    with pytest.raises(ks.DataError, match=re.escape(sentence)):
        ks.diffuse(TIES, Mine(), [0], seed=1)


def test_an_error_in_a_users_rule_comes_through() -> None:
    class Mine(Rule):
        def adopt(self, seen):  # type: ignore[no-untyped-def]
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ks.diffuse(TIES, Mine(), [0], replicates=50, seed=1, threads=2)


def test_curves_beyond_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    out = ks.diffuse(TIES, IndependentCascade(1.0), [0], replicates=200, seed=1)
    monkeypatch.setattr(diffusion, "MOST_BYTES", 1000)
    assert out.mean == 3.0
    with pytest.raises(ks.ParameterError, match="curve would take"):
        _ = out.curve
    with pytest.raises(ks.ParameterError, match="times would take"):
        _ = out.times


def test_ctrl_c_keeps_what_was_finished() -> None:
    ties = ks.networks.gnp(20_000, 10, seed=1)
    whole = ks.diffuse(ties, IndependentCascade(0.3), [0], replicates=40, seed=2)

    def press() -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    with pytest.raises(ks.Interrupted) as caught:
        ks.diffuse(ties, IndependentCascade(0.3), [0], replicates=10**7, seed=2)
    part = caught.value.result
    assert 0 < part.replicates < 10**7 and part.sizes.shape == (part.replicates,)
    k = min(40, part.replicates)
    assert np.array_equal(part.sizes[:k], whole.sizes[:k])
    assert np.isclose(part.probability.sum(), part.mean)
    assert str(caught.value) == f"interrupted after {part.replicates:,} finished replicates"
