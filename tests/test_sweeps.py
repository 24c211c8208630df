"""Sweeps: what their tables say, that runs are those of `simulate`, and who does them."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import kocsim as ks
from kocsim.ensemble.origin import described
from kocsim.ensemble.study import replicate_seed

TOWN = ks.Scenario(residents=600, kocs=12, shops=2, days=6)
QUIET: dict[str, Any] = {"workers": 0, "progress": False}


def line(seed: int, x: float, y: float = 0.0) -> dict[str, float]:
    """A model without a county."""
    return {"sum": x + y, "luck": float(seed % 97)}


@pytest.fixture(scope="module")
def grid() -> ks.Sweep:
    return ks.sweep(
        TOWN, {"kocs": [5, 12], "moments.view": [0.1, 0.3]}, replicates=3, seed=7, measures=["customers", "profit"],
        **QUIET)


# ---- runs


def test_every_row_is_a_run_of_simulate(grid: ks.Sweep) -> None:
    assert len(grid.table) == grid.done == grid.planned == 12
    place = replicate_seed(7, 0)
    for _, row in grid.table.iterrows():
        scenario = TOWN.replace(kocs=row["kocs"], moments={"view": row["moments.view"]})
        alone = ks.simulate(
            scenario, ks.County.generate(scenario, place), row["seed"], progress=False)
        assert alone.digest() == row["digest"]
        assert ks.measures.customers(alone) == row["customers"]
        assert ks.measures.profit(alone) == row["profit"]


def test_with_a_county_for_each_replicate_the_seed_is_all_it_takes() -> None:
    done = ks.replicate(TOWN, n=3, seed=4, measures="customers", **QUIET)
    for _, row in done.table.iterrows():
        assert ks.simulate(TOWN, seed=row["seed"], progress=False).digest() == row["digest"]


def test_curves_are_the_days_of_the_runs(grid: ks.Sweep) -> None:
    days = grid.result(5).daily[list(grid.curves.columns)]
    assert grid.curves.loc[5].to_numpy().tolist() == days.to_numpy().tolist()
    assert list(grid.curves.loc[5].index) == list(days.index)
    assert grid.result(5).digest() == grid.table.loc[5, "digest"]


def test_replicates_share_their_luck_across_points(grid: ks.Sweep) -> None:
    seeds = grid.table.groupby("replicate")["seed"].nunique()
    assert seeds.tolist() == [1, 1, 1]
    own = ks.sweep(TOWN, {"kocs": [5, 12]}, replicates=2, seed=7, luck="own", measures="customers", **QUIET)
    assert own.table["seed"].nunique() == 4


def test_seeds_do_not_shift_when_points_or_replicates_are_added(grid: ks.Sweep) -> None:
    more = ks.sweep(
        TOWN, {"kocs": [4, 5, 12], "moments.view": [0.1, 0.2, 0.3]}, replicates=4, seed=7,
        measures=["customers", "profit"], **QUIET)
    axes = ["kocs", "moments.view", "replicate"]
    both = grid.table.merge(more.table, on=axes, suffixes=("", "_more"))
    assert len(both) == 12
    assert (both["digest"] == both["digest_more"]).all()


def test_seeds_are_those_of_numpy() -> None:
    words = np.random.SeedSequence(7, spawn_key=(3,)).generate_state(2)
    assert replicate_seed(7, 3) == (int(words[0]) * 2**32 + int(words[1])) // 2
    assert len({replicate_seed(s, r) for s in range(30) for r in range(30)}) == 900


def test_counties_are_made_once_for_what_they_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[tuple[int, int]] = Counter()
    usual = ks.County.generate.__func__  # type: ignore[attr-defined]

    def counted(cls: Any, scenario: Any, seed: int, threads: int | None = None) -> ks.County:
        made[scenario.kocs, seed] += 1
        county: ks.County = usual(cls, scenario, seed, threads)
        return county

    monkeypatch.setattr(ks.County, "generate", classmethod(counted))
    monkeypatch.setattr("kocsim.ensemble.study.CountyStudy.rehearse", lambda self: None)
    ks.sweep(TOWN, {"kocs": [5, 12], "moments.view": [0.1, 0.3]}, replicates=3, days=1, measures="customers", **QUIET)
    assert sorted(made.values()) == [1, 1]
    made.clear()
    ks.sweep(
        TOWN, {"kocs": [5, 12], "moments.view": [0.1, 0.3]}, replicates=4, counties=2, days=1, measures="customers",
        **QUIET)
    assert sorted(made.values()) == [1, 1, 1, 1]
    assert len({seed for _, seed in made}) == 2


def test_workers_map_the_county_instead_of_holding_it(tmp_path: Path) -> None:
    def mapped(result: ks.Result) -> float:
        import gc

        counties = [one for one in gc.get_objects() if type(one).__name__ == "County" and one.n == 600]
        ties = [county.friends.ties for county in counties]
        return float(all(isinstance(_base(one), np.memmap) for one in ties) and len(ties) == 1)

    def _base(array: Any) -> Any:
        while getattr(array, "base", None) is not None and not isinstance(array, np.memmap):
            array = array.base
        return array

    done = ks.sweep(TOWN, {"moments.view": [0.1, 0.3]}, replicates=2, days=1, measures={"mapped": mapped}, workers=2,
                    out=tmp_path, progress=False)
    assert done.table["mapped"].tolist() == [1.0] * 4
    assert not (tmp_path / "worlds").exists()


def test_a_county_of_ones_own() -> None:
    county = ks.County.generate(TOWN, seed=99)
    done = ks.sweep(TOWN, {"moments.view": [0.1, 0.3]}, replicates=2, county=county, measures="customers", **QUIET)
    row = done.table.iloc[-1]
    alone = ks.simulate(TOWN.replace(moments={"view": 0.3}), county, row["seed"], progress=False)
    assert alone.digest() == row["digest"]
    with pytest.raises(ks.ParameterError, match="kocs cannot be varied in a county that is given"):
        ks.sweep(TOWN, {"kocs": [1, 2]}, county=county, **QUIET)


def test_several_scenarios_are_an_axis() -> None:
    arms = {"few": TOWN.replace(kocs=3), "many": ks.Arm(TOWN)}
    done = ks.sweep(arms, {"moments.view": [0.1, 0.3]}, measures="customers", **QUIET)
    assert done.table[["scenario", "moments.view"]].to_numpy().tolist() == [
        ["few", 0.1], ["few", 0.3], ["many", 0.1], ["many", 0.3]]
    alone = ks.simulate(TOWN.replace(kocs=3, moments={"view": 0.3}), seed=done.table["seed"][1], progress=False)
    assert alone.digest() == done.table["digest"][1]


class Quieter:
    """A policy that remembers: every run must have one of its own."""

    def __init__(self) -> None:
        self.days = 0

    def __call__(self, morning: ks.Morning) -> None:
        self.days += 1
        if self.days > 2:
            morning.moments[:] = 0


def test_policies_start_anew_in_each_run() -> None:
    policy = Quieter()
    done = ks.sweep(ks.Arm(TOWN, policy=policy), replicates=2, measures="koc_posts", **QUIET)
    assert policy.days == 0
    for _, row in done.table.iterrows():
        county = ks.County.generate(TOWN, replicate_seed(0, 0))
        assert ks.simulate(TOWN, county, row["seed"], progress=False, policy=Quieter()).digest() == row["digest"]


def test_one_at_a_time_shows_the_scenarios_own_values() -> None:
    done = ks.sweep(
        TOWN, {"kocs": [5], "moments.view": [0.1]}, design="one_at_a_time", days=1, measures="customers", **QUIET)
    view = TOWN.moments.view
    assert done.table[["kocs", "moments.view"]].to_numpy().tolist() == [[12, view], [5, view], [12, 0.1]]


def test_a_function_of_ones_own() -> None:
    done = ks.sweep(line, {"x": [1.0, 2.0], "y": ks.Range(0.0, 1.0)}, design="grid", points=2, replicates=2, **QUIET)
    assert done.table["sum"].tolist() == [1, 1, 2, 2, 2, 2, 3, 3]
    assert done.table["luck"].tolist() == [float(seed % 97) for seed in done.table["seed"]]
    assert done.measures == ["sum", "luck"]


# ---- tables


def test_summaries_are_students(grid: ks.Sweep) -> None:
    summary = grid.summary(ci=0.9)
    values = grid.table.query("kocs == 5 and `moments.view` == 0.3")["profit"].to_numpy()
    low, high = stats.t.interval(0.9, 2, values.mean(), stats.sem(values))
    row = summary.loc[(5, 0.3), "profit"]
    assert row[["mean", "low", "high"]].tolist() == pytest.approx([values.mean(), low, high])
    assert row["n"] == 3
    alone = ks.sweep(TOWN, {"kocs": [5]}, days=1, measures="customers", **QUIET).summary()
    assert alone["customers"]["n"].tolist() == [1]
    assert math.isnan(alone["customers"]["se"].iloc[0])


def test_quantiles_are_those_of_the_curves(grid: ks.Sweep) -> None:
    bands = grid.quantiles([0.0, 0.5, 1.0])
    runs = grid.table.query("kocs == 12 and `moments.view` == 0.1").index
    day = grid.curves.loc[runs].xs(4, level="day")["aware"]
    assert bands.loc[(12, 0.1, 4), "aware"].tolist() == [day.min(), day.median(), day.max()]
    one = ks.replicate(TOWN, n=3, days=4, curves=("orders",), measures="customers", **QUIET)
    assert list(one.quantiles([0.5]).index) == [1, 2, 3, 4]
    assert one.quantiles([0.5])["orders", 0.5].tolist() == one.curves["orders"].groupby("day").median().tolist()


def test_cubes_hold_the_same_numbers(grid: ks.Sweep) -> None:
    pytest.importorskip("xarray")
    cube = grid.to_xarray()
    for run, row in grid.table.iterrows():
        at = cube.sel({"kocs": row["kocs"], "moments.view": row["moments.view"], "replicate": row["replicate"]})
        assert float(at["profit"]) == row["profit"]
        assert at["aware_by_day"].values.tolist() == grid.curves.loc[run, "aware"].tolist()
    assert cube["customers"].attrs["units"] == "share of residents"
    scattered = ks.sweep(line, {"x": ks.Range(0.0, 1.0), "y": ks.Range(0.0, 1.0)}, design="latin", points=5, **QUIET)
    assert scattered.to_xarray()["sum"].dims == ("point", "replicate")
    assert scattered.to_xarray()["x"].values.tolist() == scattered.points["x"].tolist()
    alone = ks.replicate(TOWN, n=2, days=2, measures="customers", **QUIET)
    assert alone.to_xarray()["customers"].dims == ("replicate",)


def test_a_folder_says_the_same_as_the_sweep(tmp_path: Path) -> None:
    done = ks.sweep(TOWN, {"kocs": [5, 12]}, replicates=2, measures=["customers"], out=tmp_path, **QUIET)
    read = ks.open_sweep(tmp_path)
    pd.testing.assert_frame_equal(read.table, done.table)
    pd.testing.assert_frame_equal(read.curves, done.curves)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), done.table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "curves.parquet"), done.curves)
    pd.testing.assert_frame_equal(read.summary(), done.summary())
    assert repr(read) == repr(done)
    names = [".lock", "curves.parquet", "runs.sqlite", "table.parquet"]
    assert sorted(file.name for file in tmp_path.iterdir()) == names


def test_measures_by_name_column_function_and_pair() -> None:
    def tenth(result: ks.Result) -> float:
        return len(result.residents) / 10

    done = ks.sweep(TOWN, measures={
        "customers": "customers", "orders": "orders", "tenth": tenth, "pair": (ks.measures.profit, "yuan/resident"),
    }, **QUIET)
    result = done.result(0)
    assert done.table.iloc[0][["customers", "orders", "tenth", "pair"]].tolist() == [
        ks.measures.customers(result), result.daily["orders"].iloc[-1], 60.0, ks.measures.profit(result)]
    assert done.units == {
        "customers": "share of residents", "orders": "orders/day", "tenth": "", "pair": "yuan/resident"}


def test_measures_of_several_numbers_and_curves_of_ones_own() -> None:
    def money(result: ks.Result) -> dict[str, float]:
        return {"goods": float(result.ledger["amount"].xs("goods", level="account").sum()), "days": len(result.daily)}

    def cash(result: ks.Result) -> Any:
        return result.ledger["amount"].xs("cash", level="account").cumsum() / 100

    done = ks.sweep(
        TOWN, {"kocs": [5, 12]}, measures={"money": money, "customers": "customers"},
        curves={"cash": cash, "orders": "orders", "first": "new_customers"}, **QUIET)
    assert done.measures == ["goods", "days", "customers"]
    result = done.result(1)
    assert done.table.loc[1, ["goods", "days"]].tolist() == list(money(result).values())
    assert done.curves.loc[1, "cash"].tolist() == cash(result).tolist()
    assert done.curves.loc[1, "orders"].tolist() == result.daily["orders"].tolist()
    assert done.curves.loc[1, "first"].tolist() == result.daily["new_customers"].tolist()
    assert done.curves.dtypes.astype(str).tolist() == ["float64", "int64", "float64"]
    short = ks.sweep(TOWN, measures="customers", curves={"short": lambda result: [1, 2]}, **QUIET)
    assert short.errors["error"].tolist() == [
        "DataError: The curve 'short' must have a number for each of 6 days; got (2,)."]
    words = ks.sweep(TOWN, measures={"words": lambda result: "many"}, **QUIET)
    assert "must return a number, or a mapping of numbers; got 'many'" in words.errors["error"].iloc[0]


# ---- who does it


def test_processes_executors_and_this_process_say_the_same(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def go(out: str, **who: Any) -> bytes:
        ks.sweep(TOWN, {"kocs": [5, 12], "moments.view": [0.1, 0.3]}, replicates=2, measures=["customers", "profit"],
                 out=tmp_path / out, progress=False, **who)
        return (tmp_path / out / "table.parquet").read_bytes()

    here = go("here", workers=0)
    assert go("processes", workers=2) == here
    with ThreadPoolExecutor(2) as pool:
        assert go("threads", executor=pool) == here


def test_a_dask_cluster_of_two_processes(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")

    def where(result: ks.Result) -> float:
        import os

        return float(os.getpid())

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1",
            local_directory=str(tmp_path)) as cluster,
        distributed.Client(cluster) as client,
    ):
        done = ks.sweep(
            TOWN, {"kocs": [5, 12], "moments.view": [0.1, 0.2, 0.3]}, replicates=4,
            measures={"customers": "customers", "where": where}, executor=client.get_executor(), out=tmp_path / "out",
            progress=False)
    assert done.done == 24
    assert done.table["where"].nunique() == 2
    here = ks.sweep(
        TOWN, {"kocs": [5, 12], "moments.view": [0.1, 0.2, 0.3]}, replicates=4, measures="customers", **QUIET)
    assert done.table["digest"].tolist() == here.table["digest"].tolist()


def test_the_engine_takes_little_beside_the_runs() -> None:
    """At most 25 ms a run, 5% of a run of half a second. Sleep takes no processor, so a busy machine does no harm."""
    import time

    def nap(seed: int, x: int) -> float:
        time.sleep(0.1)
        return float(x)

    def wall(runs: int) -> float:
        start = time.perf_counter()
        ks.sweep(nap, {"x": list(range(runs))}, workers=2, progress=False)
        return time.perf_counter() - start

    few, many = wall(4), wall(64)
    assert (2 * (many - few) - 60 * 0.1) / 60 < 0.025


# ---- what is refused, before the first run


@pytest.mark.parametrize(("given", "words"), [
    ({"space": {"koks": [1]}}, r"At point 0 of the sweep \(koks=1\): .*koks.*Did you mean 'kocs'"),
    ({"space": {"moments.view": [0.1, 1.5]}}, r"At point 1 of the sweep \(moments.view=1.5\): moments.view must .*1.5"),
    ({"space": [{"kocs": 3}, {"kocs": 3}]}, "Points 0 and 1 of the sweep are the same: kocs=3"),
    ({"space": {"replicate": [1]}}, "replicate is a column of the table and cannot be varied"),
    ({"replicates": 0}, r"replicates must be a whole number in \[1, inf\]; got 0"),
    ({"seed": -1}, r"seed must be a whole number in \[0, inf\]; got -1"),
    ({"days": 0}, r"days must be a whole number in \[1, 60000\]; got 0"),
    ({"counties": 0}, r"counties must be a whole number in \[1, inf\]; got 0"),
    ({"luck": "none"}, "luck must be one of shared, own; got 'none'"),
    ({"measures": "profits"}, "got 'profits'. Did you mean 'profit'"),
    ({"measures": []}, "at least one; got"),
    ({"curves": ["awares"]}, "curves must be columns of Result.daily or functions of a Result; got 'awares'"),
    ({"curves": "aware"}, "curves must be a sequence of columns of Result.daily, or a mapping; got 'aware'"),
    ({"workers": -1}, r"workers must be a whole number in \[0, 256\]; got -1"),
    ({"workers": 0, "limit": 3}, "limit needs workers >= 1"),
    ({"limit": 0}, r"limit must be a number of seconds in \(0, inf\); got 0"),
    ({"executor": 3}, "executor must be a concurrent.futures.Executor; got 3"),
    ({"scenario": {}}, "scenario must be one, or a mapping from names to scenarios"),
    ({"scenario": {"a": TOWN, "b": TOWN}, "space": {"scenario": ["a"]}}, "scenario is an axis of its own"),
])
def test_bad_input_is_refused_before_any_work(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    given = {"scenario": TOWN, "out": tmp_path / "out", "progress": False, **given}
    with pytest.raises(ks.ParameterError, match=words):
        ks.sweep(**given)
    assert not (tmp_path / "out").exists()


def test_a_function_must_take_what_is_varied() -> None:
    with pytest.raises(ks.ParameterError, match="must take seed and the parameters of the design"):
        ks.sweep(line, {"z": [1]}, **QUIET)
    with pytest.raises(ks.ParameterError, match="measures are of a Result"):
        ks.sweep(line, {"x": [1]}, measures="customers", **QUIET)


def test_levels_and_quantiles_are_checked(grid: ks.Sweep) -> None:
    with pytest.raises(ks.ParameterError, match=r"ci must be a number in \(0, 1\); got 95"):
        grid.summary(ci=95)
    with pytest.raises(ks.ParameterError, match=r"q must be in \[0, 1\]; got 50"):
        grid.quantiles([50])
    with pytest.raises(ks.DataError, match="run must be one of the table's; got 99"):
        grid.result(99)


# ---- from files and the command line


def test_sweeps_from_toml(tmp_path: Path) -> None:
    TOWN.save(tmp_path / "town.toml")
    (tmp_path / "sweep.toml").write_text("""
        scenario = "town.toml"
        replicates = 2
        seed = 3
        measures = ["customers"]
        design = "grid"
        points = 3
        set = { "need.rate" = 0.1 }
        [space]
        kocs = [5, 12]
        moments.view = { low = 0.1, high = 0.3 }
        [scenarios]
        plain = {}
        quiet = { set = { "sharing.rate" = 0.0 } }
        large = { base = "small", set = { residents = 700, kocs = 7 } }
    """)
    given = ks.read_sweep(tmp_path / "sweep.toml")
    assert list(given["scenario"]) == ["plain", "quiet", "large"]
    assert given["scenario"]["quiet"] == TOWN.replace(need={"rate": 0.1}, sharing={"rate": 0.0})
    assert given["scenario"]["large"].residents == 700
    assert given["space"] == {"kocs": [5, 12], "moments.view": ks.Range(0.1, 0.3)}
    del given["scenario"]["large"]
    assert len(ks.sweep(**given, **QUIET).points) == 12


@pytest.mark.parametrize(("text", "words"), [
    ("replicate = 3", "there is no key 'replicate' in a sweep file. Did you mean replicates"),
    ("replicates = 2.5", "replicates must be a whole number; got 2.5"),
    ("measures = 'x'", "measures must be a list; got 'x'"),
    ("space = 3", "space must be a table; got 3"),
    ("scenario = 'papr'", "preset must be one of .* got 'papr'. Did you mean 'paper'"),
    ("space.kocs = { low = 1 }", "space.kocs must be a list or"),
    ("[scenarios]\na = 3", "scenarios.a must be a preset, a path, or"),
    ("set.koks = 3", "koks"),
])
def test_bad_files_are_refused_in_a_sentence(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(ks.ParameterError, match=f"s.toml: .*{words}"):
        ks.read_sweep(tmp_path / "s.toml")
    with pytest.raises(ks.FileError, match="Cannot read sweep"):
        ks.read_sweep(tmp_path / "none.toml")


def test_what_is_changed_in_a_function_is_noticed() -> None:
    def make(body: str) -> Any:
        space: dict[str, Any] = {}
        exec(f"def f(result, k=1):\n    return {body}", space)
        return space["f"]

    assert described(make("1")) == described(make("1"))
    assert described(line) != described(test_levels_and_quantiles_are_checked)
    power = [lambda r, k=k: k for k in (1, 2, 2)]
    assert described(power[0]) != described(power[1]) == described(power[2])
    one, two, three = Quieter(), Quieter(), Quieter()
    two.days = 5
    assert described(one) != described(two)
    assert described(one) == described(three)
    assert not re.search("0x[0-9a-f]{6}", json.dumps([described(one), described(object())]))
