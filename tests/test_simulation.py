"""Runs: the same whatever the threads, repeatable from what they leave behind, and clear about bad input."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kocsim as ks
import kocsim.simulation
from kocsim.mechanisms.identification import Weighed
from kocsim.results import TABLES


@pytest.fixture(autouse=True, scope="module")
def threads_for_small_counties() -> Iterator[None]:
    """Use all threads asked for, however few the residents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kocsim.simulation, "RESIDENTS_A_THREAD", 1)
        yield


GOLDEN = Path(__file__).with_name("golden.json")
SCENARIO = ks.Scenario.preset("small").replace(residents=6000, kocs=60, shops=3)


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(SCENARIO, seed=1)


def run(county: ks.County | None, days: int = 12, **options: object) -> ks.Result:
    options = {"seed": 1, "progress": False, "debug": True, **options}
    return ks.simulate(SCENARIO, county, days=days, **options)  # type: ignore[arg-type]


# ---- the same, or not


def test_threads_change_nothing(county: ks.County) -> None:
    results = [run(county, threads=threads) for threads in (1, 2, 3, 4)]
    assert len({result.digest() for result in results}) == 1
    for result in results[1:]:
        pd.testing.assert_frame_equal(result.daily, results[0].daily)
        pd.testing.assert_frame_equal(result.coverage, results[0].coverage)
        pd.testing.assert_frame_equal(result.residents, results[0].residents)


def test_the_county_made_on_the_way_is_the_same(county: ks.County) -> None:
    assert run(None).digest() == run(county).digest()


def test_seeds_differ(county: ks.County) -> None:
    assert run(county, seed=2).digest() != run(county).digest()


def test_the_digest_notices_one_resident(county: ks.County) -> None:
    """One resident's evidence, moved by the least amount on one day."""
    digests = []
    for nudge in (False, True):
        simulation = ks.Simulation(SCENARIO, county, seed=1)
        for day in range(6):
            if nudge and day == 3:
                simulation.evidence[77] = np.nextafter(simulation.evidence[77], np.float32(9))
            simulation.step()
        digests.append(simulation.result().digest())
    assert digests[0] != digests[1]


def test_golden(county: ks.County) -> None:
    """Results move only together with ``python -m tests.update_golden`` and a line in the changelog."""
    golden = json.loads(GOLDEN.read_text())
    result = run(county, days=golden["days"])
    assert result.daily.iloc[-1].to_dict() == golden["daily"]
    assert result.coverage["ever"].iloc[-1].tolist() == golden["coverage_ever"]
    assert [int(x) for x in result.stages.iloc[-1]] == golden["stages"]
    assert {"ties": county.friends.m, "koc_ties": county.koc_ties.size} == golden["county"]


def test_a_result_can_be_repeated_from_its_provenance(county: ks.County) -> None:
    first = run(county, seed=None)
    p = json.loads(json.dumps(first.provenance))
    again = ks.simulate(
        ks.Scenario(**p["scenario"]),
        ks.County.generate(ks.Scenario(**p["scenario"]), seed=p["county"]["seed"]),
        seed=p["seed"], days=p["days"], progress=False,
    )
    assert again.digest() == first.digest()


def test_pickled_in_the_middle_it_goes_on_the_same(county: ks.County) -> None:
    simulation = ks.Simulation(SCENARIO, county, seed=1, threads=2)
    for _ in range(5):
        simulation.step()
    copy = pickle.loads(pickle.dumps(simulation))
    for _ in range(7):
        simulation.step()
        copy.step()
    assert copy.result().digest() == simulation.result().digest() == run(county).digest()


# ---- one decision, one stream


def test_switching_sharing_off_leaves_other_luck_alone(county: ks.County) -> None:
    """Who needs, and who sees a KOC's post while nothing crowds, does not depend on whether customers share."""
    wide = SCENARIO.replace(attention={"posts_per_day": 1e6})
    shared = ks.Simulation(wide, county, seed=1)
    silent = ks.Simulation(wide.replace(sharing={"rate": 0.0}), county, seed=1)
    for _ in range(15):
        shared.step()
        silent.step()
        assert (shared.kocs == silent.kocs).all()
        assert (shared.today == silent.today).all()
    assert (shared.sources != silent.sources).any()


def test_mechanisms_are_neutral_when_off(county: ks.County) -> None:
    """Group chat that nobody opens, or that no one posts to, gives what a county without posts to groups gives."""
    none = SCENARIO.replace(posting={"groups": 0.0}, sharing={"group": 0.0})
    base = ks.simulate(none, county, seed=1, days=12, progress=False)
    for change in ({"group_chat": {"visit": 0.0}}, {"group_chat": {"view": 0.0}}):
        off = ks.simulate(
            SCENARIO.replace(**change, **{"group_chat.load": 0.0}), county, seed=1, days=12, progress=False
        )
        assert off.digest() == base.digest()
    assert run(county).digest() != base.digest()


# ---- a user's own rule


def test_the_built_in_rule_written_by_a_user_gives_the_same(county: ks.County) -> None:
    def absolute(weighed: Weighed) -> np.ndarray:
        was = weighed.stage == ks.Stage.IDENTIFIED
        return was | (weighed.evidence.astype(float) + 1e-9 >= weighed.threshold)

    for threads in (1, 2):
        assert run(county, rule=absolute, threads=threads).digest() == run(county).digest()


def test_a_rule_decides(county: ks.County) -> None:
    def three_sources(weighed: Weighed) -> np.ndarray:
        return weighed.sources >= 3

    residents = run(county, rule=three_sources).residents
    ordinary = residents[~residents.index.isin(county.koc)]
    assert (ordinary.sources[ordinary.day_identified != 65535] >= 3).all()
    assert (ordinary.sources[ordinary.stage == ks.Stage.AWARE] < 3).all()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            lambda w: np.ones(3, bool),
            r"must return one value for each of \d+ residents, shape \(\d+,\); got shape \(3,\) on day 1",
        ),
        (lambda w: np.full(w.resident.size, np.nan), r"must return true or false; got nan for resident \d+ on day 1"),
        (lambda w: np.full(w.resident.size, 2), r"must return true or false; got 2 for resident \d+ on day 1"),
        (lambda w: np.full(w.resident.size, "x"), r"must return true or false; got dtype <U1"),
    ],
)
def test_a_wrong_rule_is_told_so(county: ks.County, answer: object, sentence: str) -> None:
    with pytest.raises(ks.DataError, match=sentence):
        run(county, rule=answer)


# ---- bad input, before any work


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"days": 0}, "days must be a whole number in [1, 60000]; got 0."),
        ({"days": 1.5}, "days must be a whole number in [1, 60000]; got 1.5."),
        ({"seed": -1}, "seed must be a whole number in [0, inf]; got -1."),
        ({"seed": "x"}, "seed must be a whole number in [0, inf]; got 'x'."),
        ({"seed": True}, "seed must be a whole number in [0, inf]; got True."),
        ({"threads": 0}, "threads must be a whole number in [1, 256]; got 0."),
        ({"rule": 3}, "rule must be callable or None; got 3."),
        ({"county": "somewhere"}, "county must be a County or None; got 'somewhere'."),
    ],
)
def test_bad_arguments(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ks.ParameterError) as error:
        ks.simulate(SCENARIO, **{"progress": False, **options})  # type: ignore[arg-type]
    assert str(error.value) == sentence


def test_a_county_of_another_scenario_is_refused(county: ks.County) -> None:
    with pytest.raises(ks.DataError) as error:
        ks.simulate(SCENARIO.replace(friends={"koc_median": 128.0}), county, seed=1, progress=False)
    assert str(error.value) == (
        "The county was generated with friends.koc_median = 500.0, the scenario says 128.0: "
        "generate a county from this scenario, or leave county out."
    )
    # what is not about the world may differ
    ks.simulate(SCENARIO.replace(moments={"view": 0.1}), county, seed=1, days=1, progress=False)


def test_more_posts_than_the_sums_hold_are_refused() -> None:
    n = 300
    network = (np.repeat(np.arange(270), n), np.tile(np.arange(n), 270))
    county = ks.County.from_ties(network, n=n, kocs=range(270))
    loud = ks.Scenario.preset("mixed").replace(posting={"moments": 250.0})
    with pytest.raises(ks.DataError, match=r"At most 65,535 posts a day may reach one resident; on day 1 up to 67,"):
        ks.simulate(loud, county, seed=1, progress=False)


# ---- what is left behind


def test_tables_agree_with_each_other(county: ks.County) -> None:
    result = run(county, days=30, communities=True)
    daily, stages, people = result.daily, result.stages, result.residents
    n = county.n
    assert list(daily.index) == list(range(1, 31))
    assert (stages.sum(axis=1) == n).all()
    for window in ("today", "week", "ever"):
        assert (result.coverage[window].sum(axis=1) == n).all()
    for name in ("aware", "identified", "customers"):
        new = {"customers": "new_customers"}.get(name, f"new_{name}")
        day = {"customers": "day_customer"}.get(name, f"day_{name}")
        assert (daily[name].diff().dropna() == daily[new].iloc[1:]).all()
        assert int((people[day] != 65535).sum()) == daily[name].iloc[-1]
    assert (daily.aware >= daily.identified).all()
    assert (daily.identified >= daily.customers).all()
    by_day = result.communities.groupby("day")[["aware", "identified", "customers", "orders"]].sum()
    pd.testing.assert_frame_equal(
        by_day, daily[["aware", "identified", "customers", "orders"]], check_names=False, check_index_type=False
    )


def test_the_week_is_the_last_seven_days(county: ks.County) -> None:
    """Recount from the ties: a KOC seen within the week was seen on one of its days."""
    result = run(county, days=20)
    week, today = result.coverage["week"], result.coverage["today"]
    assert (week["0"] <= today["0"]).all()
    assert (week["0"].iloc[:7] == result.coverage["ever"]["0"].iloc[:7]).all()
    silent = ks.Simulation(SCENARIO, county, seed=1, debug=True)
    for _ in range(7):
        silent.step()

    def quiet(simulation: ks.Simulation) -> None:
        simulation.posts_moments[:] = 0
        simulation.posts_groups[:] = 0

    for _ in range(6):
        silent.step(quiet)
        assert silent.week.any()
    silent.step(quiet)
    assert not silent.week.any()
    assert silent.kocs.any()


def test_save_and_load(county: ks.County, tmp_path: Path) -> None:
    result = run(county)
    result.save(tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "audiences.parquet", "channels.parquet", "communities.parquet", "coverage.parquet", "daily.parquet",
        "funnel.parquet", "kocs.parquet", "ledger.parquet", "provenance.json", "residents.parquet", "shops.parquet",
        "stages.parquet", "trust.parquet",
    ]
    loaded = ks.Result.load(tmp_path / "out")
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(loaded, table), getattr(result, table))
    assert loaded.provenance == result.provenance
    assert loaded.digest() == result.digest()
    run(county, seed=2).save(tmp_path / "out")
    assert ks.Result.load(tmp_path / "out").digest() != result.digest()


def test_a_full_disk_keeps_the_earlier_result(
    county: ks.County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(county)
    result.save(tmp_path / "out")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(ks.FileError, match=r"Cannot write the result to .*: No space left on device"):
        run(county, seed=2).save(tmp_path / "out")
    assert ks.Result.load(tmp_path / "out").digest() == result.digest()
    assert not list((tmp_path / "out").glob(".writing*"))


def test_bad_folders(county: ks.County, tmp_path: Path) -> None:
    result = run(county, days=1)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ks.FileError, match="file: it is not a folder"):
        result.save(tmp_path / "file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("x")
    with pytest.raises(ks.FileError, match="other: it holds files of something else"):
        result.save(tmp_path / "other")
    with pytest.raises(ks.FileError, match="There is no kocsim result at"):
        ks.Result.load(tmp_path / "nowhere")
    result.save(tmp_path / "out")
    (tmp_path / "out" / "daily.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ks.FileError, match=r"is damaged: daily\.parquet"):
        ks.Result.load(tmp_path / "out")
    (tmp_path / "out" / "provenance.json").write_text('{"format": "kocsim result 99"}')
    with pytest.raises(ks.FileError, match="has format 'kocsim result 99'; this version reads 'kocsim result 4'"):
        ks.Result.load(tmp_path / "out")


def test_xarray(county: ks.County) -> None:
    pytest.importorskip("xarray")
    result = run(county)
    data = result.to_xarray()
    assert dict(data.sizes) == {"day": 12, "channel": 5, "account": 17, "window": 3, "kocs": 5, "stage": 6}
    assert int(data.coverage.sel(day=12, window="ever", kocs="4+")) == result.coverage["ever"]["4+"].iloc[-1]
    assert data.aware.attrs["units"] == "residents"
    assert int(data.channel_posts.sel(day=12, channel="moments")) == county.koc.size
    assert data.attrs["digest"] == result.digest()


# ---- interruption


def test_ctrl_c_keeps_the_finished_days(county: ks.County) -> None:
    """A real signal in the middle of a long run."""
    def press() -> None:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(ks.Interrupted) as caught:
        ks.simulate(SCENARIO, county, seed=1, days=50_000, progress=False)
    thread.join()
    result = caught.value.result
    days = len(result.daily)
    assert 0 < days < 50_000
    assert result.provenance["interrupted"] is True
    assert isinstance(caught.value, KeyboardInterrupt)
    assert run(county, days=days, debug=False).digest() == result.digest()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_runs_outside_the_main_thread(county: ks.County) -> None:
    results: list[ks.Result] = []
    thread = threading.Thread(target=lambda: results.append(run(county)))
    thread.start()
    thread.join()
    assert results[0].digest() == run(county).digest()


def test_a_process_that_only_simulates_never_loads_mesa() -> None:
    code = (
        "import sys, kocsim as ks; s = ks.Scenario(residents=50, kocs=2, days=2);"
        "ks.simulate(s, seed=1, progress=False); assert 'mesa' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
