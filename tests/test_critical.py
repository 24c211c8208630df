"""Critical points: closed forms, published thresholds of bootstrap percolation, and curves that only rise."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kocsim as ks
from kocsim.analysis.critical import Scale, least_replicates, median_interval, rank, search
from kocsim.ensemble.study import replicate_seed
from tests import oracles

QUIET: dict[str, Any] = {"workers": 0, "progress": False}
CALLS: Counter[tuple[int, float]] = Counter()


def luck(seed: int) -> float:
    """Uniform in (0, 1), of a seed."""
    return float(np.random.default_rng(seed).random())


def where(seed: int) -> float:
    """At which density a forest burns: anywhere from 100 to 400, by luck."""
    return 100 * 4 ** luck(seed)


def forest(seed: int, density: float) -> float:
    CALLS[seed, density] += 1
    return float(density >= where(seed))


def found(function: Any, lo: float, hi: float, name: str = "density", **options: Any) -> ks.Critical:
    return ks.critical(function, name, lo, hi, **QUIET | options)


# ---- closed forms


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_a_step_is_found_within_the_tolerance(log: bool, whole: bool) -> None:
    lo, hi = (10, 5000) if whole else (10.0, 5000.0)
    done = found(forest, lo, hi, log=log, tolerance=0.01, replicates=9, seed=3)
    for _, row in done.crossings.iterrows():
        true = where(row["seed"])
        assert row["seed"] == replicate_seed(3, row["replicate"])
        # halved until no wider than 1 % of the position (on a linear scale: at least of a hundredth of the range), or 1
        allowed = max(0.01 * max(true * 1.01, 0 if log else 49.9), 1 if whole else 0)
        assert row["low"] - whole <= true <= row["high"] <= row["low"] + allowed
        assert abs(row["crossing"] - true) <= allowed
        assert (row["below"], row["above"], row["jump"], row["jump_in_bracket"]) == (0, 1, 1, 1)
    assert done.level == 0.5
    assert done.point == done.crossings["crossing"].median()
    assert done.takes_off is True and "takes off" in repr(done)
    assert not done.not_monotone and not done.crossings["not_monotone"].any()


def test_of_whole_numbers_the_smallest_is_found() -> None:
    CALLS.clear()
    done = found(forest, 10, 500, tolerance=1e-6, replicates=6)
    for _, row in done.crossings.iterrows():
        assert row["low"] == row["high"] == row["crossing"] == math.ceil(where(row["seed"]))
    assert {type(x) for _, x in CALLS} == {int}


def test_runs_are_as_few_as_bisection_takes() -> None:
    done = found(forest, 10.0, 5000.0, tolerance=0.02)
    rounds = math.ceil(math.log2(math.log(500) / 0.02))
    assert done.runs == len(done.evaluations) <= 20 * (4 + rounds)
    assert not done.evaluations.duplicated(["replicate", "x"]).any()
    assert done.sweep.done == done.runs
    for replicate, x, value in done.evaluations.itertuples(index=False):
        assert value == (x >= where(replicate_seed(0, replicate)))


def test_a_mean_level_lies_half_way_between_the_ends() -> None:
    def line(seed: int, x: float) -> float:
        return 3 * x + luck(seed)

    done = found(line, 1.0, 5.0, name="x")
    lucks = np.array([luck(replicate_seed(0, r)) for r in range(20)])
    assert done.level == pytest.approx(3 * 3 + lucks.mean())
    assert done.crossings["crossing"].to_numpy() == pytest.approx((done.level - lucks) / 3, rel=0.011)
    given = found(line, 1.0, 5.0, name="x", level=6.0)
    assert given.level == 6.0
    assert given.crossings["crossing"].to_numpy() == pytest.approx((6 - lucks) / 3, rel=0.011)


# ---- the interval


def test_ranks_are_those_of_the_binomial_tables() -> None:
    # Conover 1999, table A3: ranks of the interval of a median at 95 %
    assert [rank(n, 0.95) for n in (5, 6, 9, 12, 20, 25, 100)] == [0, 1, 2, 3, 6, 8, 40]
    assert [least_replicates(ci) for ci in (0.9, 0.95, 0.99)] == [5, 6, 8]
    assert rank(2000, 0.95) == 956
    assert median_interval([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7], 0.95) == (1, 7)


@pytest.mark.parametrize("replicates", [6, 15])
def test_intervals_hold_the_true_median(replicates: int) -> None:
    rng = np.random.default_rng(5)
    scale = Scale(1.0, 1000.0, True, False, 0.02)
    repeats, level = 2000, 0.95
    held = 0
    for _ in range(repeats):
        true = np.exp(rng.normal(3.0, 0.5, replicates))
        done = search(lambda asked, true=true: [float(x >= true[r]) for r, x in asked], scale, replicates, 0.5)
        ends = np.array([one.bracket for one in done.replicates])
        low, high = median_interval(ends[:, 0], ends[:, 1], level)
        held += low <= math.exp(3.0) <= high
    assert held / repeats >= level - 3 * math.sqrt(level * (1 - level) / repeats)


# ---- is it a take-off?


@pytest.mark.parametrize("curve", [
    lambda x: x, lambda x: x**2, lambda x: math.log(x), lambda x: 1 - math.exp(-x / 100), lambda x: x / (x + 50),
    lambda x: 1 / (1 + math.exp(-(x - 300) / 100)),
])
@pytest.mark.parametrize("log", [True, False])
def test_what_rises_gradually_does_not_take_off(curve: Any, log: bool) -> None:
    def smooth(seed: int, x: float) -> float:
        return float(curve(x) * (1 + luck(seed) / 100))

    done = found(smooth, 1.0, 1000.0, name="x", log=log, replicates=6)
    assert done.takes_off is False
    assert done.jump < 0.25
    assert "no take-off" in repr(done)


def test_half_of_the_rise_must_happen_at_once() -> None:
    def partly(seed: int, x: float, share: float) -> float:
        return share * (x >= where(seed)) + (1 - share) * x / 1000

    for share in (0.4, 0.6):
        done = found(partial(partly, share=share), 1.0, 1000.0, name="x", level=0.45)
        assert done.takes_off is (share > 0.5)
        assert done.jump == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("step", [True, False])
def test_a_narrow_range_is_looked_at_through_a_narrow_window(step: bool) -> None:
    def response(seed: int, x: float) -> float:
        return float(x >= 541) if step else (x - 500) / 100

    done = found(response, 500, 600, name="x")
    assert done.takes_off is step
    assert done.crossings["window"].max() <= 0.15


def test_a_range_that_is_too_narrow_to_tell_is_said_to_be() -> None:
    done = found(lambda seed, x: float(x), 1, 4, name="x")
    assert done.takes_off is None
    assert "cannot be told: the range is so narrow that the window is 67% of it" in repr(done)


# ---- what may be found instead


def test_those_who_cross_elsewhere_count_in_the_median() -> None:
    every = {r: where(replicate_seed(0, r)) for r in range(20)}
    lo, hi = sorted(every.values())[4] + 1, sorted(every.values())[-4] - 1
    done = found(forest, lo, hi, level=0.5)
    assert Counter(done.crossings["censored"]) == {"low": 5, "high": 4, "": 11}
    for r, row in done.crossings.iterrows():
        assert row["censored"] == ("low" if every[r] <= lo else "high" if every[r] > hi else "")
    assert done.point == pytest.approx(np.median(list(every.values())), rel=0.02)
    assert done.low <= np.median(list(every.values())) <= done.high
    assert "5 of 20 replicates reach the level at" in repr(done) and "4 of 20 replicates do not reach" in repr(done)


def test_a_median_outside_the_range_is_told_in_words() -> None:
    above = found(forest, 1.0, 50.0, level=0.5)
    assert (above.point, above.low, above.high, above.takes_off) == (math.inf, 50.0, math.inf, None)
    assert "above 50 (0.95 interval 50 to above 50" in repr(above)
    below = found(forest, 500.0, 1000.0, level=0.5)
    assert (below.point, below.low, below.high, below.takes_off) == (-math.inf, -math.inf, 500.0, None)
    assert "below 500 (0.95 interval below 500 to 500" in repr(below)
    assert "half of the replicates or more do not cross" in repr(below)
    either = found(lambda seed, x: 2.0 * (seed in FIRST_TEN), 1.0, 2.0, name="x", level=1.0)
    assert math.isnan(either.point) and "outside the range on either side" in repr(either)


FIRST_TEN = {replicate_seed(0, r) for r in range(10)}


def test_responses_that_fall_are_counted() -> None:
    done = found(lambda seed, x: float(x >= 10) - 0.3 * (x > 10.5), 1.0, 1000.0, name="x")
    assert done.not_monotone == 20
    assert "In 20 of 20 replicates the response falls somewhere" in repr(done)


def test_a_response_that_falls_has_no_critical_point() -> None:
    with pytest.raises(ks.DataError, match=r"must rise from 1 to 9; its mean goes from -1 to -9: search another range"):
        found(lambda seed, x: -x, 1.0, 9.0, name="x")


# ---- bootstrap percolation


NETWORKS = 16


@lru_cache(maxsize=NETWORKS)
def network(n: int, z: float, seed: int) -> ks.Ties:
    return ks.networks.gnp(n, z, seed)


def percolation(seed: int, seeds: int, n: int, z: float, r: int) -> float:
    """Share of G(n, z / n) that `seeds` random residents set off where r contacts suffice."""
    rule, start = ks.rules.Threshold(count=r), ks.seeds.Random(count=seeds)
    done = ks.diffuse(network(n, z, seed % NETWORKS), rule, seeds=start, seed=seed, threads=1)
    return float(done.sizes[0]) / n


def published(n: int, z: int) -> float:
    """Where half of all runs ignite: the finite-size formula for r = 2."""
    if not oracles.FILE.is_file():
        pytest.skip("needs the folder 'shared' beside the checkout")
    return float(oracles.published()["BOOT-1"]["expected"][f"n={n} z={z} r=2"]["a_c_finite"])


def percolates(n: int, z: int, replicates: int, tolerance: float) -> ks.Critical:
    about = 1 / (2 * z * z) * n
    return found(
        partial(percolation, n=n, z=z, r=2), max(round(about / 5), 2), round(about * 5), name="seeds",
        replicates=replicates, tolerance=tolerance)


def jumps(done: ks.Critical, n: int, z: int) -> None:
    """Below, the cascade stalls where the fixed point says; above, it reaches nearly all."""
    assert done.takes_off is True
    assert done.jump > 0.9
    assert done.crossings["jump_in_bracket"].median() > 0.9
    assert not done.not_monotone  # seed sets are nested
    case = oracles.published()["BOOT-3"]["expected"][f"z={z}"]["r=2"]
    assert done.crossings["above"].median() == pytest.approx(case["active_just_above"], abs=0.005)
    assert done.crossings["below"].median() < 1.5 * case["active_just_below"]


def is_where_it_should_be(done: ks.Critical, n: int, z: int) -> None:
    """By the law of the fewest seeds that ignite, which is exact."""
    least = oracles.least_seeds(n, z, 2, draws=4000)
    replicates = len(done.crossings)
    error = 1.25 * float(least.std()) * math.sqrt(1 / replicates + 1 / least.size)  # of medians
    assert done.point == pytest.approx(np.median(least), abs=4 * error + 0.01 * done.point)
    assert done.high - done.low < 8 * error


def test_bootstrap_percolation_takes_off_where_it_should() -> None:
    n, z = 10_000, 10
    published(n, z)
    done = percolates(n, z, 40, 0.01)
    is_where_it_should_be(done, n, z)
    jumps(done, n, z)


@pytest.mark.slow
@pytest.mark.parametrize("z", [10, 20])
def test_bootstrap_percolation_in_a_large_network(z: int) -> None:
    n = 100_000
    expected = published(n, z)
    done = percolates(n, z, 400, 0.01)
    is_where_it_should_be(done, n, z)
    assert done.point == pytest.approx(expected, rel=0.06)  # as BOOT-1 allows
    jumps(done, n, z)


# ---- the county


def test_a_county_is_searched_run_by_run(tmp_path: Path) -> None:
    town = ks.Scenario(residents=600, kocs=12, shops=2, days=8)
    line: dict[str, Any] = {"measure": "identified", "replicates": 6, "seed": 2, "out": tmp_path / "out"} | QUIET
    done = ks.critical(town, "kocs", 2, 200, **line)
    assert done.unit == "share of residents"
    row = done.sweep.table.iloc[-1]
    scenario = town.replace(kocs=int(row["kocs"]))
    alone = ks.simulate(scenario, ks.County.generate(scenario, replicate_seed(2, 0)), row["seed"], progress=False)
    assert ks.measures.identified(alone) == row["identified"]
    again = ks.critical(town, "kocs", 2, 200, **line)
    assert (again.sweep.seconds == done.sweep.seconds).all()  # of the runs as they were done before
    assert again.evaluations.equals(done.evaluations)
    assert repr(again) == repr(done)


def test_no_run_is_done_twice(tmp_path: Path) -> None:
    line: dict[str, Any] = {"replicates": 6, "seed": 99, "out": tmp_path / "out"}
    CALLS.clear()
    done = found(forest, 10.0, 5000.0, **line)
    assert set(CALLS.values()) == {1} and len(CALLS) == done.runs
    again = found(forest, 10.0, 5000.0, **line)
    assert set(CALLS.values()) == {1} and len(CALLS) == again.runs
    found(forest, 10.0, 5000.0, **line | {"replicates": 8})
    assert set(CALLS.values()) == {1} and len(CALLS) > again.runs


# ---- what is refused


@pytest.mark.parametrize(("given", "words"), [
    ({"lo": 5, "hi": 5}, "lo must be below hi; got 5 and 5."),
    ({"lo": math.nan}, "lo must be a finite number; got nan."),
    ({"hi": "9"}, "hi must be a finite number; got '9'."),
    ({"lo": -1.0, "log": True}, "lo must be > 0 where brackets are halved in the logarithm; got -1.0."),
    ({"log": "yes"}, "log must be true, false or None; got 'yes'."),
    ({"tolerance": 0}, "tolerance must be a number in (0, 1); got 0."),
    ({"ci": 95}, "ci must be a number in (0, 1); got 95."),
    ({"level": math.inf}, "level must be a finite number or None; got inf."),
    ({"replicates": 5}, "replicates must be at least 6 for an interval at ci = 0.95; got 5."),
    ({"parameter": 3}, "parameter must be the dotted name of one; got 3."),
    ({"parameter": "koc"}, "koc"),
    ({"parameter": "seed"}, "seed is a column of the table and cannot be varied."),
    ({"lo": 2.0, "hi": 200.0}, "kocs"),
    ({"measure": ["customers", "profit"]}, "measure must be exactly one; got customers, profit."),
    ({"measure": "customer"}, "Did you mean 'customers'?"),
    ({"scenario": {"a": "small", "b": "paper"}}, "scenario must be one, not a mapping"),
])
def test_bad_input_is_refused_in_a_sentence(given: dict[str, Any], words: str) -> None:
    line = {"scenario": ks.Scenario(residents=600, kocs=12, shops=2), "parameter": "kocs", "lo": 2, "hi": 200} | given
    with pytest.raises(ks.ParameterError) as error:
        ks.critical(**line, **QUIET)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_failures_and_gaps_are_refused() -> None:
    def fails(seed: int, x: float) -> float:
        if x > 4:
            raise ValueError("too hot")
        return x

    with pytest.raises(ks.DataError, match=r"^6 of 12 runs failed; the first \(x=9.0, replicate 0, seed \d+\): "
                                           r"ValueError: too hot\.$"):
        found(fails, 1.0, 9.0, name="x", replicates=6)
    with pytest.raises(ks.DataError, match=r"^value must be a finite number; it is nan in 6 of 12 runs, the first at "
                                           r"x=9.0, replicate 0"):
        found(lambda seed, x: x if x < 4 else math.nan, 1.0, 9.0, name="x", replicates=6)
    several = found(lambda seed, x: {"a": x, "b": -x}, 1.0, 9.0, name="x", measure="a")
    assert several.point == pytest.approx(5, rel=0.02) and several.measure == "a"
    with pytest.raises(ks.DataError, match="measure must be one of a, b; got 'c'"):
        found(lambda seed, x: {"a": x, "b": -x}, 1.0, 9.0, name="x", measure="c")
