"""Where to run: grids, Latin hypercubes, Sobol' sequences, one at a time, tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kocsim.ensemble import designs
from kocsim.ensemble.designs import Range, as_design
from kocsim.errors import ParameterError


def test_a_grid_has_all_combinations_the_last_varying_fastest() -> None:
    points = list(designs.grid({"a": [1, 2], "b": ["x", "y", "z"]}))
    assert points == [{"a": a, "b": b} for a in (1, 2) for b in "xyz"]


def test_a_grid_walks_ranges_from_end_to_end() -> None:
    assert [p["a"] for p in designs.grid({"a": Range(0.0, 1.0)}, steps=3)] == [0.0, 0.5, 1.0]
    assert [p["a"] for p in designs.grid({"a": Range(1, 1000, log=True)}, steps=4)] == [1, 10, 100, 1000]
    assert [p["a"] for p in designs.grid({"a": Range(1, 3)}, steps=9)] == [1, 2, 3]  # no value twice


def test_whole_ranges_give_each_number_the_same_share() -> None:
    drawn = [Range(3, 6).at(u) for u in np.linspace(0, 1, 4000, endpoint=False)]
    assert {int(v): drawn.count(v) for v in set(drawn)} == {3: 1000, 4: 1000, 5: 1000, 6: 1000}
    assert all(type(v) is int for v in drawn)


def test_ranges_stay_within_their_ends() -> None:
    for one in (Range(0.1, 7.0), Range(0.1, 7.0, log=True), Range(1, 9, log=True), Range(-3, 4)):
        values = [one.at(u) for u in (0.0, 1e-12, 0.5, 1 - 1e-12, 1.0)]
        assert min(values) >= one.low
        assert max(values) <= one.high
        assert values == sorted(values)


def test_a_latin_hypercube_has_one_value_in_each_part() -> None:
    points = list(designs.latin({"a": Range(0.0, 1.0), "b": Range(10.0, 20.0), "c": ["x", "y"]}, 10, seed=3))
    for name, low, width in (("a", 0.0, 0.1), ("b", 10.0, 1.0)):
        parts = sorted(int((p[name] - low) / width) for p in points)
        assert parts == list(range(10))
    assert [p["c"] for p in points].count("x") == 5
    assert points == list(designs.latin({"a": Range(0.0, 1.0), "b": Range(10.0, 20.0), "c": ["x", "y"]}, 10, seed=3))


def test_a_sobol_sequence_is_more_even_than_chance() -> None:
    points = list(designs.sobol({"a": Range(0.0, 1.0), "b": Range(0.0, 1.0)}, 64, seed=1))
    cells = np.zeros((8, 8))
    for p in points:
        cells[int(p["a"] * 8), int(p["b"] * 8)] += 1
    assert (cells == 1).all()  # a net: one point in each of 64 cells
    with pytest.raises(ParameterError, match="power of 2; got 60"):
        designs.sobol({"a": Range(0.0, 1.0)}, 60)


def test_one_at_a_time_leaves_all_others_alone() -> None:
    points = list(designs.one_at_a_time({"a": [1, 2], "b": Range(0.0, 1.0)}, steps=2))
    assert points == [{}, {"a": 1}, {"a": 2}, {"b": 0.0}, {"b": 1.0}]


def test_tables_of_ones_own() -> None:
    frame = pd.DataFrame({"kocs": [10, 20], "friends.koc_median": [128.0, np.nan]})
    design = designs.table(frame)
    assert list(design) == [{"kocs": 10, "friends.koc_median": 128.0}, {"kocs": 20}]
    assert type(next(iter(design))["kocs"]) is int
    assert list(design.to_frame()["kocs"]) == [10, 20]
    assert list(designs.table([{"a": np.float64(1.5)}])) == [{"a": 1.5}]


@pytest.mark.parametrize(("call", "words"), [
    (lambda: Range(2, 1), r"Range\.low must be below Range\.high; got 2 and 1\."),
    (lambda: Range(0, 1, log=True), r"Range\.low must be > 0 when log is true; got 0\."),
    (lambda: Range(float("nan"), 1), r"Range\.low must be a finite number; got nan\."),
    (lambda: Range(0, True), r"Range\.high must be a finite number; got True\."),
    (lambda: designs.grid({}), "A space must be a mapping from parameters to lists or ranges"),
    (lambda: designs.grid({"a": []}), "a must have at least one value in a space; got none"),
    (lambda: designs.grid({"a": 3}), "a must have a list of values or a kocsim.Range in a space; got 3"),
    (lambda: designs.grid({"a": "xy"}), "a must have a list of values"),
    (lambda: designs.grid({3: [1]}), "keyed by parameters' names; got 3"),
    (lambda: designs.grid({c: range(1000) for c in "abc"}), "at most 10,000,000 points; this one has 1,000,000,000"),
    (lambda: designs.table([]), "at least one point"),
    (lambda: designs.table("x"), "must be a DataFrame or a sequence of mappings"),
    (lambda: as_design({"a": Range(0, 1)}, None, None, 0), "a is a Range, so say how to sample it"),
    (lambda: as_design({"a": Range(0, 1)}, "latin", None, 0), "points must be given with design = 'latin'"),
    (lambda: as_design({"a": [1]}, "lattin", None, 0), "design must be one of grid, latin, sobol, one_at_a_time"),
    (lambda: as_design([{"a": 1}], "grid", None, 0), "design and points go with a mapping of parameters"),
    (lambda: designs.latin({"a": [1]}, 0), r"points must be a whole number in \[1, 10000000\]; got 0"),
])
def test_bad_designs_are_refused_in_a_sentence(call, words) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ParameterError, match=words):
        call()
