"""Sensitivity: closed-form indices, and what is said of luck, gaps and parameters that do nothing."""

from __future__ import annotations

import math
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kocsim as ks
from kocsim.analysis.sensitivity import luck_share

QUIET: dict[str, Any] = {"workers": 0, "progress": False}
PI = math.pi
A, B = 7.0, 0.1
ANGLES = {name: ks.Range(-PI, PI) for name in ("x", "y", "z")}
UNIT = {name: ks.Range(0.0, 1.0) for name in ("x", "y", "z")}


def ishigami(seed: int, x: float, y: float, z: float) -> float:
    return math.sin(x) + A * math.sin(y) ** 2 + B * z**4 * math.sin(x)


def line(seed: int, x: float, y: float, z: float) -> float:
    return 3 * x - 2 * y + 0 * z


def known() -> tuple[list[float], list[float], float]:
    """First-order and total indices of Ishigami's function, and its variance (Ishigami & Homma 1990)."""
    one, two, mixed = (1 + B * PI**4 / 5) ** 2 / 2, A**2 / 8, 8 * B**2 * PI**8 / 225
    whole = one + two + mixed
    return [one / whole, two / whole, 0.0], [(one + mixed) / whole, two / whole, mixed / whole], whole


def test_indices_of_ishigamis_function() -> None:
    done = ks.sensitivity(ishigami, ANGLES, points=1024, **QUIET)
    first, total, variance = known()
    table = done.table
    for column, true in (("first", first), ("total", total)):
        reach = ((table[f"{column}_high"] - table[f"{column}_low"]) / 2).to_numpy()
        assert (reach < 0.15).all()
        assert (np.abs(table[column].to_numpy() - true) < 2 * reach + 1e-12).all()  # four standard errors
        assert (table[f"{column}_low"] <= table[column]).all() and (table[column] <= table[f"{column}_high"]).all()
    assert done.sd**2 == pytest.approx(variance, rel=0.05)
    assert done.mean == pytest.approx(A / 2, rel=0.05)
    assert done.runs == 1024 * 5 and done.luck is None
    assert list(table.index) == ["x", "y", "z"]
    assert "1,024 points x 5, 5,120 runs" in repr(done) and "One replicate" in repr(done)


def test_intervals_are_of_the_level_asked_for() -> None:
    wide, narrow = (ks.sensitivity(line, UNIT, points=128, ci=ci, seed=1, **QUIET).table for ci in (0.99, 0.8))
    assert (wide["first"] == narrow["first"]).all()
    for name in ("x", "y"):
        ratio = (wide["total_high"] - wide["total_low"])[name] / (narrow["total_high"] - narrow["total_low"])[name]
        assert ratio == pytest.approx(2.576 / 1.282, rel=0.15)


def test_the_same_line_gives_the_same_intervals() -> None:
    one, two, other = (ks.sensitivity(line, UNIT, points=32, seed=seed, **QUIET) for seed in (3, 3, 4))
    assert one.table.equals(two.table)
    assert not one.table.equals(other.table)


def test_a_straight_line_has_no_interactions() -> None:
    table = ks.sensitivity(line, UNIT, points=512, **QUIET).table
    assert table["first"].tolist() == pytest.approx([9 / 13, 4 / 13, 0], abs=0.02)
    assert table["total"].tolist() == pytest.approx([9 / 13, 4 / 13, 0], abs=0.02)


def test_lists_are_cut_into_equal_parts_and_points_that_coincide_are_run_once() -> None:
    worth = {"red": 0.0, "green": 1.0, "blue": 5.0}

    def coloured(seed: int, colour: str, size: int) -> float:
        return worth[colour] + size

    done = ks.sensitivity(coloured, {"colour": list(worth), "size": ks.Range(1, 3)}, points=512, **QUIET)
    assert done.runs == 9
    var = np.var(list(worth.values())), np.var([1, 2, 3])
    assert done.table["first"].tolist() == pytest.approx([v / sum(var) for v in var], abs=0.03)
    assert len(done.sweep.table) == 9 and set(done.sweep.table["colour"]) == set(worth)


# ---- luck


def noisy(seed: int, x: float, y: float, common: float, own: float) -> float:
    everywhere = np.random.default_rng(seed).normal()
    here = np.random.default_rng([seed, int(x * 2**40), int(y * 2**40)]).normal()
    return x + common * float(everywhere) + own * float(here)


@pytest.mark.parametrize(("common", "own"), [(0.5, 0.0), (0.0, 0.5), (0.3, 0.4)])
def test_the_share_of_luck(common: float, own: float) -> None:
    space = {"x": ks.Range(0.0, 1.0), "y": ks.Range(0.0, 1.0)}
    done = ks.sensitivity(partial(noisy, common=common, own=own), space, points=64, replicates=8, **QUIET)
    luck = common**2 + own**2
    # luck that is common to all points is seen 8 times only
    error = math.sqrt(2 / 7) * common**2 / luck + math.sqrt(2 / (128 * 7)) * own**2 / luck
    expected = luck / (luck + 1 / 12)
    assert done.luck == pytest.approx(expected, abs=4 * error * expected * (1 - expected) + 0.03)
    assert f"Luck: {done.luck:.1%} of the variance" in repr(done)
    assert done.runs == 64 * 4 * 8


def test_the_share_of_luck_is_unbiased() -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(500):
        each = rng.normal(size=(64, 1)) + 0.5 * rng.normal(size=(1, 3)) + rng.normal(size=(64, 3))
        found.append(luck_share(each))
    mean, error = np.mean(found), np.std(found) / math.sqrt(500)
    assert mean == pytest.approx(1.25 / 2.25, abs=4 * error + 0.02)


# ---- Morris


def test_morris_effects_of_a_straight_line_are_its_slopes() -> None:
    pytest.importorskip("SALib")
    done = ks.sensitivity(line, UNIT, method="morris", points=8, **QUIET)
    assert done.table["mu"].tolist() == pytest.approx([3, -2, 0])
    assert done.table["mu_star"].tolist() == pytest.approx([3, 2, 0])
    assert done.table["mu_star_low"].tolist() == pytest.approx([3, 2, 0])
    assert done.table["mu_star_high"].tolist() == pytest.approx([3, 2, 0])
    assert done.table["sigma"].tolist() == pytest.approx([0, 0, 0], abs=1e-12)
    assert done.runs <= 8 * 4 and done.luck is None
    assert repr(done).index("\nx ") < repr(done).index("\ny ") < repr(done).index("\nz ")


def test_morris_effects_are_per_range() -> None:
    pytest.importorskip("SALib")
    space = {"x": ks.Range(0.0, 10.0), "y": ks.Range(2.0, 4.0), "z": ks.Range(0, 99)}
    done = ks.sensitivity(line, space, method="morris", points=8, seed=0, **QUIET)
    assert done.table["mu"].tolist() == pytest.approx([30, -4, 0])


def test_morris_sees_what_interacts() -> None:
    pytest.importorskip("SALib")
    done = ks.sensitivity(lambda seed, x, y, z: x * y + z, UNIT, method="morris", points=64, seed=1, **QUIET)
    assert (done.table["sigma"] > 0.1).tolist() == [True, True, False]
    assert (done.table["mu_star_low"] < done.table["mu_star"]).tolist()[:2] == [True, True]
    # the mean over the levels 0, 1/3, 2/3, 1 of the other one is 1/2
    reach = (done.table["mu_star_high"] - done.table["mu_star_low"]) / 2
    assert (abs(done.table["mu_star"] - [0.5, 0.5, 1]) <= 2 * reach + 1e-9).all()
    again = ks.sensitivity(lambda seed, x, y, z: x * y + z, UNIT, method="morris", points=64, seed=1, **QUIET)
    assert again.table.equals(done.table)


def test_without_salib_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SALib.sample.morris", None)
    with pytest.raises(ImportError, match=r"method 'morris' needs SALib; install it with: pip install 'kocsim\[mor"):
        ks.sensitivity(line, UNIT, method="morris", **QUIET)


# ---- in the county, and again


def test_what_matters_in_a_county() -> None:
    town = ks.Scenario(residents=600, kocs=12, shops=2, days=4)
    space = {"kocs": ks.Range(2, 60, log=True), "moments.view": [0.1, 0.3]}
    done = ks.sensitivity(town, space, "identified", points=8, replicates=2, **QUIET)
    assert done.unit == "share of residents" and 0 <= done.luck <= 1
    assert done.runs == done.sweep.done == 2 * len(done.sweep.points) <= 8 * 4 * 2
    assert done.sweep.table["seed"].nunique() == 2
    assert list(done.sweep.points.columns) == ["kocs", "moments.view"]


CALLS: Counter[tuple[int, float, float, float]] = Counter()


def counted(seed: int, x: float, y: float, z: float) -> float:
    CALLS[seed, x, y, z] += 1
    return line(seed, x, y, z)


def test_no_run_is_done_twice(tmp_path: Path) -> None:
    given: dict[str, Any] = {"points": 16, "out": tmp_path / "out"} | QUIET
    CALLS.clear()
    done = ks.sensitivity(counted, UNIT, **given)
    assert set(CALLS.values()) == {1} and len(CALLS) == done.runs == 80
    again = ks.sensitivity(counted, UNIT, **given)
    assert set(CALLS.values()) == {1} and len(CALLS) == 80
    assert again.table.equals(done.table)
    ks.sensitivity(counted, UNIT, replicates=2, **given)
    assert set(CALLS.values()) == {1} and len(CALLS) == 160


# ---- what is refused


def test_one_gap_is_refused() -> None:
    def gap(seed: int, x: float, y: float, z: float) -> float:
        return math.nan if x > 0.9 else x

    with pytest.raises(ks.DataError, match=r"^value must be a finite number; it is nan in \d+ of 160 runs, the first "
                                           r"at x=0\.9\d+, y=0\.\d+, z=0\.\d+, replicate 0, seed \d+\.$"):
        ks.sensitivity(gap, UNIT, points=32, **QUIET)
    with pytest.raises(ks.DataError, match=r"it is inf in 160 of 160 runs"):
        ks.sensitivity(lambda seed, x, y, z: math.inf, UNIT, points=32, **QUIET)


def test_failures_are_refused() -> None:
    def fails(seed: int, x: float, y: float, z: float) -> float:
        raise ValueError("too hot")

    with pytest.raises(ks.DataError, match=r"^20 of 20 runs failed; the first \(x=.*\): ValueError: too hot\.$"):
        ks.sensitivity(fails, UNIT, points=4, **QUIET)


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_a_constant_has_nothing_to_explain(method: str) -> None:
    pytest.importorskip("SALib")
    with pytest.raises(ks.DataError, match=r"^value is 0\.3 at all \d+ points: no parameter of the space has"):
        ks.sensitivity(lambda seed, x, y, z: 0.3, UNIT, method=method, points=4, **QUIET)


@pytest.mark.parametrize(("given", "words"), [
    ({"method": "fast"}, "method must be one of sobol, morris; got 'fast'."),
    ({"points": 100}, "points must be a power of 2 for Sobol' indices; got 100."),
    ({"points": 1}, "points must be a whole number in [2, inf]; got 1."),
    ({"space": {}}, "A space must be a mapping from parameters to lists or ranges; got {}."),
    ({"space": {"kocs": []}}, "kocs must have at least one value in a space; got none."),
    ({"space": {"koc": [1, 2]}}, "koc"),
    ({"space": {"kocs": ks.Range(-5, 5)}}, "kocs"),
    ({"ci": 95}, "ci must be a number in (0, 1); got 95."),
    ({"replicates": 0}, "replicates must be a whole number in [1, inf]; got 0."),
    ({"measure": None}, "measure must be given"),
    ({"measure": ["sales", "profit"]}, "measure must be exactly one; got sales, profit."),
    ({"scenario": {"a": "small"}}, "scenario must be one, not a mapping"),
])
def test_bad_input_is_refused_in_a_sentence(given: dict[str, Any], words: str) -> None:
    line = {
        "scenario": ks.Scenario(residents=600, kocs=12, shops=2), "space": {"kocs": ks.Range(2, 40)},
        "measure": "sales"} | given
    with pytest.raises(ks.ParameterError) as error:
        ks.sensitivity(**line, **QUIET)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
