"""The model says what closed forms say, where there are any.

Statistical comparisons use fixed seeds and five standard errors: a false alarm once in 1.7 million comparisons. COV and
REP name cases whose published or exact values are written out here.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import kocsim as ks


def plain(**changes: object) -> ks.Scenario:
    """Everything is seen, nothing crowds, nobody shares or buys: one mechanism at a time is switched on."""
    base = ks.Scenario.preset("mixed").replace(
        days=1, shops=0, moments={"view": 1.0}, need={"rate": 0.0}, identification={"sigma": 0.0}
    )
    return base.replace(**changes)


# ---- coverage


@pytest.mark.parametrize("contacts", [50, 100, 150, 300])
def test_coverage_by_distinct_kocs_is_binomial(contacts: int) -> None:
    """COV-1: 10,000 KOCs with d contacts each, picked at random among 1,000,000."""
    n, kocs = 1_000_000, 10_000
    scenario = plain(friends={"koc_median": float(contacts)})
    county = ks.County.generate(scenario, seed=contacts)
    assert (np.diff(county.koc_offsets) == contacts).all()
    result = ks.simulate(scenario, county, seed=1, progress=False)
    seen = result.residents["kocs"].to_numpy()
    law = stats.binom(kocs, contacts / (n - 1))
    for k in (1, 2, 3, 5):
        p = law.sf(k - 1)
        assert abs((seen >= k).mean() - p) < 5 * math.sqrt(p * (1 - p) / n)
    ever = result.coverage["ever"].iloc[0]
    assert ever.tolist() == np.bincount(np.minimum(seen, 4), minlength=5).tolist()
    assert (result.coverage["today"].iloc[0] == ever).all()


def test_coverage_is_thinned_by_the_view_probability() -> None:
    """Claim C20 at its own figures: 128 contacts, view 0.1: 12.0% reached, 0.8% by two."""
    n = 1_000_000
    scenario = ks.Scenario.preset("mixed")
    result = ks.simulate(scenario, seed=4, progress=False)
    law = stats.binom(10_000, 0.1 * 128 / (n - 1))
    seen = result.residents["kocs"].to_numpy()
    for k, share in ((1, 0.120), (2, 0.008)):
        p = law.sf(k - 1)
        assert abs(p - share) < 5e-4
        assert abs((seen >= k).mean() - p) < 5 * math.sqrt(p * (1 - p) / n)


def test_structure_changes_coverage_at_the_same_mean() -> None:
    """COV-5: a KOC every 100th place of a ring, 75 friends on each side: exactly 48/99 see one, 51/99 two."""
    n, spacing, reach = 1_000_000, 100, 75
    koc = np.arange(0, n, spacing)
    steps = np.concatenate([np.arange(-reach, 0), np.arange(1, reach + 1)])
    source = np.repeat(koc, steps.size)
    target = (koc[:, None] + steps).ravel() % n
    county = ks.County.from_ties((source, target), n=n, kocs=koc)
    result = ks.simulate(plain(), county, seed=1, progress=False)
    others = np.delete(result.residents["kocs"].to_numpy(), koc)
    assert (np.bincount(others, minlength=3) / others.size).tolist() == [0.0, 48 / 99, 51 / 99]


# ---- attention


@pytest.mark.parametrize(("posts", "budget", "expected"), [(4, 10.0, 4.0), (20, 10.0, 10.0), (40, 10.0, 10.0)])
def test_attention_holds_only_its_budget(posts: int, budget: float, expected: float) -> None:
    """m posts arrive, the budget is b: min(m, b) are seen on average, binomially."""
    n, kocs = 20_000, 4
    network = (np.repeat(np.arange(kocs), n), np.tile(np.arange(n), kocs))
    residents = pd.DataFrame({"contacts": np.full(n, 130)})
    county = ks.County.from_ties(network, n=n, kocs=range(kocs), residents=residents)
    scenario = plain(
        posting={"moments": posts / kocs}, attention={"posts_per_day": budget, "background_posts": 0.0}
    )
    result = ks.simulate(scenario, county, seed=2, progress=False)
    p = expected / posts
    # the four KOCs themselves get a quarter less
    share = result.daily["exposures"].iloc[0] / (posts * (n - 1))
    assert abs(share - p) < 5 * math.sqrt(p * (1 - p) / (posts * n)) + 1e-4


def test_more_posts_than_attention_leave_less_for_each_koc() -> None:
    """C01 and C59 can come out either way: posts crowd each other out exactly when the budget binds."""
    scenario = ks.Scenario.preset("small").replace(residents=4000, kocs=400, shops=0, days=1)
    county = ks.County.generate(scenario, seed=1)

    def views_a_post(moments: float, budget: float) -> float:
        run = scenario.replace(posting={"moments": moments}, attention={"posts_per_day": budget})
        day = ks.simulate(run, county, seed=1, progress=False).daily.iloc[0]
        return float(day["koc_exposures"] / day["koc_posts"])

    assert views_a_post(8, 10.0) < 0.5 * views_a_post(1, 10.0)
    assert views_a_post(8, 1e6) > 0.8 * views_a_post(1, 1e6)


# ---- evidence


@pytest.mark.parametrize(
    ("arrivals", "weight", "retention", "mean", "variance"),
    [(0.3, 0.4, 0.8, 0.6, 0.133333333), (0.1, 1.0, 0.95, 2.0, 1.025641026)],
)
def test_evidence_is_the_stationary_filter_of_poisson_arrivals(
    arrivals: float, weight: float, retention: float, mean: float, variance: float
) -> None:
    """COV-8: E' = retention x E + weight x Poisson(arrivals), and the way there."""
    n, kocs = 20_000, 200
    network = (np.repeat(np.arange(kocs), n), np.tile(np.arange(n), kocs))
    county = ks.County.from_ties(network, n=n, kocs=range(kocs))
    scenario = plain(
        moments={"view": arrivals / kocs},
        response={
            "first": weight, "further": weight, "repeat": weight,
            "half_life": -1 / math.log2(retention),
        },
    )
    simulation = ks.Simulation(scenario, county, seed=6)
    ordinary = slice(kocs, None)
    for day in range(1, 91):
        simulation.step()
        evidence = simulation.evidence[ordinary].astype(float)
        expected = mean * (1 - retention**day)
        spread = variance * (1 - retention ** (2 * day))
        assert abs(evidence.mean() - expected) < 5 * math.sqrt(spread / n)
    # sd of a sample variance, with the filter's fourth cumulant k4 = weight^4 x arrivals / (1 - retention^4)
    fourth = weight**4 * arrivals / (1 - retention**4)
    error = math.sqrt((fourth + 2 * variance**2) / n)
    # 200 KOCs make binomial arrivals, whose variance is smaller by 1 - arrivals / 200
    assert abs(evidence.var() - variance) < 5 * error + variance * arrivals / kocs


def one_day_evidence(seen: int, **response: float) -> float:
    """Evidence of a resident who sees one post of each of `seen` KOCs, over full ties."""
    county = ks.County.from_ties(
        (np.arange(1, seen + 1), np.zeros(seen, int)), n=seen + 1, kocs=range(1, seen + 1)
    )
    simulation = ks.Simulation(plain(response=response), county, seed=1)
    simulation.step()
    return float(simulation.evidence[0])


@pytest.mark.parametrize("seen", [1, 2, 3, 7])
@pytest.mark.parametrize("further", [0.0, 0.5, 1.0, 2.0])
def test_the_response_curve_is_first_plus_further(seen: int, further: float) -> None:
    """From Huang and Lin (further sources add nothing) to Centola (each adds as much, or more)."""
    assert one_day_evidence(seen, first=1.0, further=further) == 1.0 + further * (seen - 1)


def test_repetition_counts_as_repetition() -> None:
    """The second day's post of the same KOC adds `repeat`, and evidence fades in between."""
    county = ks.County.from_ties(([0], [1]), n=2, kocs=[0])
    scenario = plain(response={"first": 1.0, "repeat": 0.25, "half_life": 1.0})
    simulation = ks.Simulation(scenario, county, seed=1)
    values = []
    for _ in range(3):
        simulation.step()
        values.append(float(simulation.evidence[1]))
    assert values == [1.0, 0.5 + 0.25, 0.375 + 0.25]
    assert simulation.sources[1] == simulation.kocs[1] == 1


# ---- thresholds


def test_absolute_and_fractional_thresholds_part_at_the_degree() -> None:
    """Three KOCs speak to residents of in-degree 3 and 30: a count of 2.5 is reached by both, a tenth only by one."""
    n = 200
    ties_few = [(k, j) for k in range(3) for j in range(3, 100)]
    ties_many = [(k, j) for k in range(3) for j in range(100, n)]
    crowd = [(100 + s, j) for j in range(100, n) for s in range(28) if 100 + s != j]
    source, target = np.array(ties_few + ties_many + crowd).T
    county = ks.County.from_ties((source, target), n=n, kocs=[0, 1, 2])
    for threshold, reached in (("absolute", (True, True)), ("fractional", (True, False))):
        scenario = plain(
            response={"first": 1.0, "further": 1.0},
            identification={"threshold": threshold, "absolute": 2.5, "fraction": 0.15, "sigma": 0.0},
        )
        simulation = ks.Simulation(scenario, county, seed=1)
        simulation.step()
        identified = simulation.stage == ks.Stage.IDENTIFIED
        assert identified[3:100].all() == reached[0]
        assert identified[100:].all() == reached[1]
        assert identified[100:].any() == reached[1]


# ---- purchase


def everybody_customers(scenario: ks.Scenario, n: int) -> ks.Simulation:
    county = ks.County.from_ties(([0], [1]), n=n, kocs=[])
    simulation = ks.Simulation(scenario, county, seed=9)
    simulation.put(np.arange(n), ks.Stage.CUSTOMER)
    return simulation


@pytest.mark.parametrize(("buy", "lapse"), [(0.3, 0.05), (0.1, 0.2)])
def test_repeat_purchases_until_lapse(buy: float, lapse: float) -> None:
    """REP-1: buy with probability rho, then lapse with probability c: mean rho (1 - (1 - c)^T) / c."""
    n, days = 200_000, 26
    scenario = plain(need={"rate": 1.0}, purchase={"repeat": buy, "lapse": lapse, "win_back": 0.0})
    simulation = everybody_customers(scenario, n)
    bought = np.zeros(n)
    for day in range(1, days + 1):
        row = simulation.step()
        bought += simulation.ordered
        active = (1 - lapse) ** day
        assert abs(row["active_customers"] / n - active) < 5 * math.sqrt(active * (1 - active) / n)
        mean = buy * (1 - active) / lapse
        assert abs(bought.mean() - mean) < 5 * bought.std() / math.sqrt(n)


def test_lapsing_and_winning_back_switch() -> None:
    """REP-2: stay 0.9, win back 0.2: active share a' = 0.9 a + 0.2 (1 - a), towards 2/3."""
    n = 200_000
    scenario = plain(
        need={"rate": 1.0},
        purchase={"repeat": 0.5, "lapse": 0.1, "win_back": 0.2},
        identification={"absolute": 0.0},
    )
    simulation = everybody_customers(scenario, n)
    active = 1.0
    for _ in range(12):
        row = simulation.step()
        active = 0.9 * active + 0.2 * (1 - active)
        assert abs(row["active_customers"] / n - active) < 5 * math.sqrt(active * (1 - active) / n)
    assert abs(active - 0.671280429) < 1e-9


def test_sales_are_capped_by_need() -> None:
    """C22: with all identified and purchase certain, first orders follow 1 - (1 - rate)^t."""
    n, rate = 100_000, 0.1
    scenario = plain(need={"rate": rate}, purchase={"first": 1.0, "lapse": 0.0})
    county = ks.County.from_ties(([0], [1]), n=n, kocs=[])
    simulation = ks.Simulation(scenario, county, seed=9)
    simulation.put(np.arange(n), ks.Stage.IDENTIFIED)
    for day in range(1, 20):
        row = simulation.step()
        p = 1 - (1 - rate) ** day
        assert abs(row["customers"] / n - p) < 5 * math.sqrt(p * (1 - p) / n)


# ---- coupling: on shared luck, exactly


def days_of(result: ks.Result, name: str) -> np.ndarray:
    return result.residents[name].to_numpy().astype(int)


@pytest.mark.parametrize(
    ("more", "column"),
    [
        ({"moments": {"view": 0.6}}, "day_aware"),
        ({"posting": {"moments": 2.0}}, "day_aware"),
        ({"identification": {"absolute": 1.0}}, "day_identified"),
        ({"response": {"further": 0.9}}, "day_identified"),
        ({"response": {"half_life": 90.0}}, "day_identified"),
        ({"need": {"rate": 0.4}}, "day_customer"),
        ({"purchase": {"first": 0.4}}, "day_customer"),
    ],
)
def test_a_stronger_push_delays_nobody(more: dict[str, dict[str, float]], column: str) -> None:
    """Without crowding and sharing, each of these can only bring a resident's day forward."""
    scenario = ks.Scenario(
        residents=3000, kocs=30, shops=0, days=40, friends={"koc_median": 60.0}, sharing={"rate": 0.0},
        attention={"posts_per_day": 1e6},
    )
    county = ks.County.generate(scenario, seed=2)
    base = ks.simulate(scenario, county, seed=3, progress=False)
    pushed = ks.simulate(scenario.replace(**more), county, seed=3, progress=False)
    before, after = days_of(base, column), days_of(pushed, column)
    assert (after <= before).all()
    assert (after < before).any()
