"""Comparisons: that shared luck saves runs, as many as is said, and that looking often does not make differences."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import kocsim as ks
from kocsim.analysis.comparison import in_looks, judge, planned_looks
from kocsim.ensemble.study import replicate_seed
from kocsim.measures import customers

QUIET: dict[str, Any] = {"workers": 0, "progress": False}
TOWN = ks.Scenario(residents=600, kocs=12, shops=2, days=6)
COUNTY = ks.Scenario(residents=5_000, kocs=50, shops=3, days=5)
CLOSE = {"as it is": COUNTY, "views": COUNTY.replace(moments={"view": 0.9 * COUNTY.moments.view})}
REPLICATES = 48


# ---- decisions


def test_looks_are_twice_as_late_each_time() -> None:
    assert planned_looks(8, 200) == [8, 16, 32, 64, 128, 200]
    assert planned_looks(8, 8) == planned_looks(20, 8) == [8]
    assert planned_looks(2, 4) == [2, 4]


def test_a_look_is_a_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(0, 3, 40)
    values = np.array([common + rng.normal(0, 1, 40), common + rng.normal(0.4, 1, 40)])
    one = judge(values, 1, 0, 0.05)
    known = stats.ttest_rel(values[1], values[0])
    interval = known.confidence_interval(0.95)
    assert (one.low, one.high) == pytest.approx((interval.low, interval.high))
    assert one.decided == (known.pvalue < 0.05)
    assert one.difference == pytest.approx((values[1] - values[0]).mean())
    assert one.se == pytest.approx(stats.sem(values[1] - values[0]))
    assert one.se_independent == pytest.approx(math.hypot(*stats.sem(values, axis=1)))
    assert one.variance_ratio == pytest.approx((one.se_independent / one.se) ** 2)


@pytest.mark.parametrize("arms", [2, 4])
def test_no_difference_is_called_decided_in_no_more_than_alpha(arms: int) -> None:
    """However many looks there are; with four arms, any of three differences."""
    rng, repeats, level = np.random.default_rng(7), 3000, 0.9
    looks = planned_looks(4, 128)
    wrong = naive = 0
    for _ in range(repeats):
        values = rng.normal(size=(arms, 128)) + rng.normal(size=128)
        _, judged = in_looks(lambda n, values=values: values[:, :n], looks, 0, level)
        wrong += any(one.decided for one in judged)
        naive += any(judge(values[:, :n], 1, 0, 1 - level).decided for n in looks)
    most = 1 - level + 3 * math.sqrt(level * (1 - level) / repeats)
    assert wrong / repeats <= most
    assert naive / repeats > 2 * most  # what comes of spending the whole error at each look


def test_at_the_last_look_intervals_hold_the_true_differences() -> None:
    rng, repeats, level = np.random.default_rng(8), 2000, 0.9
    true = np.array([0.0, 0.3, -0.6])
    missed = 0
    for _ in range(repeats):
        values = rng.normal(size=(3, 64)) + true[:, None]
        _, judged = in_looks(lambda n, values=values: values[:, :n], planned_looks(8, 64), 0, level)
        missed += any(not one.low <= true[one.arm] <= one.high for one in judged)
    assert missed / repeats <= 1 - level + 3 * math.sqrt(level * (1 - level) / repeats)


def test_a_difference_is_decided_as_soon_as_it_is_clear() -> None:
    rng = np.random.default_rng(2)
    asked = []

    def ask(n: int) -> np.ndarray:
        asked.append(n)
        return values[:, :n]

    values = rng.normal(size=(2, 200)) + np.array([[0.0], [5.0]])
    assert in_looks(ask, planned_looks(8, 200), 0, 0.95)[1][0].decided
    assert asked == [8]
    values = rng.normal(size=(3, 200)) + np.array([[0.0], [5.0], [1.0]])
    asked.clear()
    kept, judged = in_looks(ask, planned_looks(8, 200), 0, 0.95)
    assert all(one.decided for one in judged) and asked == [8, 16, 32, 64, 128, 200][: len(asked)]
    assert kept.shape == (3, asked[-1]) and 8 < asked[-1] < 200


def test_differences_that_are_all_the_same_need_as_many_as_tosses_of_a_coin() -> None:
    luck = np.random.default_rng(3).random(20)
    for n, alpha, decided in ((5, 0.05, False), (6, 0.05, True), (7, 0.01, False), (8, 0.01, True)):
        one = judge(np.array([luck[:n], luck[:n] + 0.1]), 1, 0, alpha)
        assert one.decided is decided
        assert one.difference == pytest.approx(0.1)
        assert one.variance_ratio == math.inf and one.se == 0
        assert (one.high - one.low == 0) is decided
    same = judge(np.array([luck, luck]), 1, 0, 0.05)
    assert (same.difference, same.low, same.high, same.decided) == (0, 0, 0, False)


# ---- in the county


@pytest.fixture(scope="module")
def close() -> ks.Comparison:
    return ks.compare(CLOSE, REPLICATES, customers, first=REPLICATES, seed=1, **QUIET)


def test_shared_luck_saves_runs(close: ks.Comparison) -> None:
    row = close.differences.loc["views"]
    assert row["se"] < row["se_independent"]
    assert row["variance_ratio"] > 2
    assert f"{row['variance_ratio']:.3g}" in repr(close)


def test_it_saves_as_many_as_is_said(close: ks.Comparison) -> None:
    """Against runs each with luck of its own: variances of both arms, added up, are those the comparison states."""
    own = ks.sweep(CLOSE, None, REPLICATES, seed=9, luck="own", counties=1, measures=customers, **QUIET).table
    assert own["seed"].nunique() == 2 * REPLICATES
    apart = own.pivot(index="replicate", columns="scenario", values="customers")
    independent = float((apart["views"] - apart["as it is"]).var(ddof=1)) / REPLICATES
    stated = close.differences.loc["views", "se_independent"] ** 2
    # a ratio of two estimates of one variance: each with 47 to 94 degrees of freedom, four standard errors
    assert abs(math.log(independent / stated)) < 4 * math.sqrt(2 / (REPLICATES - 1) + 2 / (REPLICATES - 1))
    ratio = independent / close.differences.loc["views", "se"] ** 2
    assert abs(math.log(ratio / close.differences.loc["views", "variance_ratio"])) < 4 * math.sqrt(
        4 / (REPLICATES - 1))


def test_tables_are_of_the_runs(close: ks.Comparison) -> None:
    table = close.sweep.table.pivot(index="replicate", columns="scenario", values="customers")
    assert close.arms == ["as it is", "views"] and close.baseline == "as it is"
    assert close.values.tolist() == [table[name].tolist() for name in close.arms]
    assert close.table["mean"].to_dict() == pytest.approx(table.mean().to_dict())
    assert close.table["n"].tolist() == [REPLICATES, REPLICATES]
    assert close.sweep.table["seed"].nunique() == REPLICATES
    assert close.sweep.table["seed"].min() > 0
    assert close.measure == "customers" and close.unit == "share of residents"
    assert replicate_seed(1, 0) in set(close.sweep.table["seed"])


def test_it_stops_when_all_is_decided_and_goes_on_where_it_was(tmp_path: Path) -> None:
    arms = {"few": TOWN, "many": TOWN.replace(kocs=60), "more": TOWN.replace(kocs=100)}
    line: dict[str, Any] = {"measure": "customers", "seed": 2, "out": tmp_path / "out"} | QUIET
    done = ks.compare(arms, 64, **line)
    assert done.decided and done.differences["decided"].all() and done.replicates < 64
    assert done.looks == tuple(n for n in (8, 16, 32, 64) if n <= done.replicates)
    assert done.sweep.done == 3 * done.replicates
    assert "every difference is decided" in repr(done) and "within one county" in repr(done)
    again = ks.compare(arms, 64, **line)
    assert (again.sweep.seconds == done.sweep.seconds).all() and repr(again) == repr(done)
    other = ks.compare(arms, 64, baseline="more", **line)
    assert list(other.differences.index) == ["few", "many"]
    assert other.differences.loc["few", "difference"] == pytest.approx(-done.differences.loc["more", "difference"])


def test_what_cannot_be_told_apart_takes_all_replicates() -> None:
    done = ks.compare({"a": TOWN, "b": TOWN}, 6, "customers", first=2, counties=3, **QUIET)
    assert not done.decided and done.replicates == 6 and done.looks == (2, 4, 6)
    assert done.differences.loc["b", ["difference", "low", "high"]].tolist() == [0, 0, 0]
    assert done.differences.loc["b", "variance_ratio"] == math.inf
    assert "1 of 1 not decided after 6 replicates of at most 6" in repr(done) and "in 3 counties" in repr(done)


# ---- gaps


def gaps(result: Any) -> float:
    """No number where luck has it."""
    seed = result.provenance["seed"]
    return math.nan if seed % 3 == 0 and result.provenance["scenario"]["kocs"] == 40 else customers(result)


def test_pairs_with_a_gap_are_left_out_and_counted() -> None:
    arms = {"few": TOWN, "many": TOWN.replace(kocs=40)}
    done = ks.compare(arms, 12, gaps, first=12, **QUIET)
    there = [replicate_seed(0, r) % 3 != 0 for r in range(12)]
    row = done.differences.loc["many"]
    assert (row["pairs"], row["missing"]) == (sum(there), 12 - sum(there)) and row["missing"] > 0
    apart = (done.values[1] - done.values[0])[there]
    assert row["difference"] == pytest.approx(apart.mean()) and row["se"] == pytest.approx(stats.sem(apart))
    assert f"'many': {row['missing']} pairs without a number were left out, {row['pairs']} counted." in repr(done)


FAILED: list[int] = []


def fails(result: Any) -> float:
    """Breaks in every third replicate."""
    if result.provenance["seed"] % 3 == 0:
        FAILED.append(result.provenance["seed"])
        raise ValueError("no answer")
    return float((result.provenance["seed"] % 100 - 50) * result.provenance["scenario"]["kocs"])


def test_runs_that_fail_are_counted_and_not_tried_at_every_look() -> None:
    arms = {"few": TOWN, "many": TOWN.replace(kocs=40)}
    FAILED.clear()
    done = ks.compare(arms, 16, fails, first=4, **QUIET)
    assert done.looks == (4, 8, 16)
    assert done.failed == len(FAILED) == 2 * done.differences.loc["many", "missing"] > 0
    assert f"{done.failed} runs failed: see sweep.errors." in repr(done)
    assert len(done.sweep.errors) == done.failed


def nothing(result: Any) -> float:
    """Never a number."""
    return math.nan


def endless(result: Any) -> float:
    """Without end."""
    return math.inf


def broken(result: Any) -> float:
    """Always fails."""
    raise ValueError("no answer")


@pytest.mark.parametrize(("measure", "words"), [
    (nothing, r"'b' cannot be compared with 'a': 4 of 4 pairs have no number for nothing\."),
    (broken, r"4 of 4 pairs have no number for broken; 8 runs failed, the first \(scenario='b', replicate 0, "
             r"seed \d+\): ValueError: no answer\."),
    (endless, r"endless must be a finite number; it is inf in 8 of 8 runs, the first at scenario='a', replicate 0"),
])
def test_what_has_no_numbers_is_refused(measure: Any, words: str) -> None:
    with pytest.raises(ks.DataError) as error:
        ks.compare({"a": TOWN, "b": TOWN.replace(kocs=40)}, 4, measure, **QUIET)
    assert re.search(words, str(error.value))


@pytest.mark.parametrize(("given", "words"), [
    ({"arms": {"a": TOWN}}, "arms must be a mapping from names to two scenarios or more"),
    ({"arms": [TOWN, TOWN]}, "arms must be a mapping"),
    ({"arms": {"a": TOWN, "b": "smal"}}, "smal"),
    ({"arms": {"a": TOWN, 2: TOWN}}, "mapping from names to scenarios"),
    ({"replicates": 1}, "replicates must be a whole number in [2, inf]; got 1."),
    ({"first": 1}, "first must be a whole number in [2, inf]; got 1."),
    ({"baseline": "c"}, "baseline must be one of the arms, a, b; got 'c'."),
    ({"level": 1.0}, "level must be a number in (0, 1); got 1.0."),
    ({"measure": ["customers", "profit"]}, "measure must be exactly one; got customers, profit."),
    ({"measure": None}, "measure must be given"),
    ({"days": 0}, "days must be a whole number in [1, 60000]; got 0."),
    ({"counties": 0}, "counties must be a whole number in [1, inf]; got 0."),
    ({"limit": 3}, "limit needs workers >= 1"),
])
def test_bad_input_is_refused_in_a_sentence(given: dict[str, Any], words: str) -> None:
    line = {"arms": {"a": TOWN, "b": TOWN.replace(kocs=40)}, "replicates": 4} | given
    with pytest.raises(ValueError) as error:
        ks.compare(**line, **QUIET)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
