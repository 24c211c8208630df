"""Runs that are saved on one day and go on in another process, or branch."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kocsim as ks
from kocsim.checkpointfile import HEADER, MAGIC, Writer, read, write
from kocsim.model import KOC, CountyModel, Firm, Posts, Shop
from kocsim.results import TABLES
from kocsim.rivalry import Rivalry
from kocsim.rng import Luck
from tests.worlds import MARKET, scenarios

FULL = ks.Scenario.preset("full").replace(
    residents=1500, kocs=15, shops=4, days=9,
    population={"community_median": 100, "township_mean": 400, "area": 20}, friends={"koc_median": 60},
    need={"rate": 0.2}, pool={"review": 5}, tiers={"every": 4}, salons={"every": 3}, leaving={"base": 0.02},
    trust={"mute": 0.02, "selling": 0.02, "service": 0.02},
    event={"day": 6, "every": 20},
)
HELD = 60
"""Most bytes that a resident may take."""
OF_ONE_PROCESS = {"crew", "_work", "_add", "_flags", "_logs", "_room", "_sorted", "seconds", "_barred"}
OF_A_DAY = {"_attended", "_rough", "_units_before", "_koc_arrived", "today", "elsewhere", "_discount", "_priced"}


def everything(part: Any, left_out: set[str], where: str = "") -> dict[str, Any]:
    """All attributes of a run and its parts, whatever is declared transient."""
    found: dict[str, Any] = {}
    for name, value in vars(part).items():
        if name in OF_ONE_PROCESS | left_out:
            continue
        if hasattr(value, "TRANSIENT"):
            found |= everything(value, left_out, f"{where}{name}.")
        elif name == "_koc_arrived":
            found[where + name] = value.sum(axis=0)  # threads share it in other ways
        else:
            found[where + name] = value
    return found


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray) and one.dtype == other.dtype and one.shape == other.shape
            and one.flags.writeable == other.flags.writeable and one.flags.c_contiguous == other.flags.c_contiguous
            and one.tobytes() == other.tobytes())
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, ks.County):
        return isinstance(other, ks.County) and one.fingerprint == other.fingerprint
    return bool(one == other)


def assert_equal(one: ks.Simulation, other: ks.Simulation, left_out: set[str] | None = None) -> None:
    """Everything that two runs know, attribute by attribute, and which of them share an array."""
    mine, others = everything(one, left_out or set()), everything(other, left_out or set())
    assert set(mine) == set(others)
    assert [name for name in mine if not same(mine[name], others[name])] == []
    if one.market is not None:
        assert other.market is not None and other.market.flags is other.flags and other.market.is_koc is other.is_koc
    if one.sellers is not None:
        assert other.sellers is not None and other.sellers.is_koc is other.is_koc


def assert_results(one: ks.Result, other: ks.Result) -> None:
    assert one.digest() == other.digest()
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), obj=name)
    for key in ("seed", "days", "scenario", "residents"):
        assert one.provenance[key] == other.provenance[key]


def run(scenario: Any, days: int, **given: Any) -> ks.Simulation:
    simulation = ks.Simulation(scenario, **({"seed": 3, "threads": 1} | given))
    for _ in range(days):
        simulation.step()
    return simulation


def nothing(morning: ks.Morning) -> None:
    """A policy that decides nothing."""


def everything_on() -> st.SearchStrategy[ks.Scenario]:
    """Random worlds in which all that can be switched on is."""
    return st.tuples(scenarios(), st.fixed_dictionaries(MARKET)).map(lambda two: two[0].replace(**two[1]))


# ---- what is saved is all there is


@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenario=scenarios() | everything_on(), seed=st.integers(0, 1 << 70), day=st.integers(0, 7))
def test_a_resumed_run_is_the_run_in_all_it_knows(
    tmp_path_factory: pytest.TempPathFactory, scenario: ks.Scenario, seed: int, day: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "a.kocsim"
    through, stopped = (run(scenario, day, seed=seed) for _ in range(2))
    assert stopped.checkpoint(path) == path
    assert_equal(through, stopped)
    resumed = ks.Simulation.resume(path, threads=1, debug=True)
    assert resumed.day == day and resumed.debug
    resumed.debug = False
    assert_equal(through, resumed, OF_A_DAY)
    resumed.debug = True
    for _ in range(7):
        assert resumed.step() == through.step()
    resumed.debug = False
    assert_equal(through, resumed)
    assert_results(through.result(), resumed.result())


@pytest.mark.parametrize("preset", ks.presets())
def test_it_goes_on_in_another_process(preset: str, tmp_path: Path) -> None:
    scenario = ks.Scenario.preset(preset).replace(residents=2000, kocs=20, shops=4)
    simulation = run(scenario, 7, threads=2)
    simulation.checkpoint(tmp_path / "a.kocsim")
    script = (
        "import sys, kocsim as ks\n"
        "run = ks.Simulation.resume(sys.argv[1], threads=1)\n"
        "for _ in range(7): run.step()\n"
        "run.result().save(sys.argv[2])\n")
    subprocess.run([sys.executable, "-c", script, tmp_path / "a.kocsim", tmp_path / "out"], check=True)
    for _ in range(7):
        simulation.step()
    simulation.result().save(tmp_path / "through")
    assert_results(ks.Result.load(tmp_path / "through"), ks.Result.load(tmp_path / "out"))


def test_results_do_not_depend_on_threads_before_or_after(tmp_path: Path) -> None:
    scenario = FULL.replace(residents=90_000, kocs=900, shops=30)
    county = ks.County.generate(scenario, 1)
    through = run(scenario, 6, county=county, threads=2)
    run(scenario, 3, county=county, threads=2).checkpoint(tmp_path / "a.kocsim")
    for threads in (1, 2, 4):
        resumed = ks.Simulation.resume(tmp_path / "a.kocsim", county=county, threads=threads)
        for _ in range(3):
            resumed.step()
        assert_results(through.result(), resumed.result())


def test_a_checkpoint_of_a_resumed_run_is_the_same_file(tmp_path: Path) -> None:
    run(FULL, 5).checkpoint(tmp_path / "a.kocsim")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim")
    resumed.checkpoint(tmp_path / "b.kocsim")
    assert (tmp_path / "a.kocsim").read_bytes() == (tmp_path / "b.kocsim").read_bytes()


def test_what_was_set_from_outside_is_saved(tmp_path: Path) -> None:
    through = run("small", 3)
    through.threshold[[5, 70]] = 0.0, 9.0
    through.silent[2] = True
    through.put(np.array([11, 12]), ks.Stage.REPEAT)
    through.checkpoint(tmp_path / "a.kocsim")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim", threads=1)
    assert_equal(through, resumed, OF_A_DAY)
    for _ in range(3):
        assert resumed.step() == through.step()
    assert resumed.threshold[[5, 70]].tolist() == [0.0, 9.0]


def test_an_attribute_that_nobody_thought_of_is_saved_or_refused(tmp_path: Path) -> None:
    simulation = run(FULL, 2)
    assert simulation.market is not None
    simulation.market.fresh = np.arange(3)  # type: ignore[attr-defined]
    simulation.checkpoint(tmp_path / "a.kocsim")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim")
    assert vars(resumed.market)["fresh"].tolist() == [0, 1, 2]
    simulation.market.fresh = SimpleNamespace()  # type: ignore[attr-defined]
    with pytest.raises(ks.DataError, match=r"^Simulation\.market\.fresh is a SimpleNamespace, which a checkpoint does "
                       "not hold; it holds numbers, text, arrays, and lists"):
        simulation.checkpoint(tmp_path / "a.kocsim")
    simulation.market.fresh = np.array([None])  # type: ignore[attr-defined]
    with pytest.raises(ks.DataError, match=r"market\.fresh is a ndarray"):
        simulation.checkpoint(tmp_path / "a.kocsim")


class Later(ks.Simulation):
    """Knows something more, as after a change of the package between two versions."""

    def _set_up(self) -> None:
        super()._set_up()
        self.weather = np.zeros(3)


def test_a_checkpoint_that_lacks_something_is_refused(small: Path) -> None:
    with pytest.raises(ks.DataError, match=r"a\.kocsim holds no weather of the Later: it was made by another state "):
        Later.resume(small)


def test_transient_names_are_attributes() -> None:
    for part in (simulation := run(FULL, 1), *(one for one in vars(simulation).values() if hasattr(one, "TRANSIENT"))):
        assert set(part.TRANSIENT) <= set(vars(part)), type(part).__name__


def test_a_brand_of_several_goes_on(tmp_path: Path) -> None:
    county = ks.County.generate(FULL, 4)
    brands = {"own": FULL, "other": FULL.replace(price={"price": 40.0})}
    through, stopped = (Rivalry(brands, county, 4, enters={"other": 3}, threads=1) for _ in range(2))
    for _ in range(5):
        through.step()
        stopped.step()
    for name, brand in stopped.runs.items():
        brand.checkpoint(tmp_path / f"{name}.kocsim")
        stopped.runs[name] = ks.Simulation.resume(tmp_path / f"{name}.kocsim", county=county, threads=1)
        again, seed = stopped.runs[name].seed, brand.seed
        assert isinstance(again, Luck) and isinstance(seed, Luck)
        assert (int(again), again.people, again.since) == (int(seed), seed.people, seed.since)
    for _ in range(5):
        assert stopped.step() == through.step()
    for name, result in through.result().results.items():
        assert_results(result, stopped.result().results[name])


def test_plain_values_come_back_as_they_were(tmp_path: Path) -> None:
    array = np.arange(6.0)
    values = {
        "text": "é\n", "numbers": [1, 2.5, float("inf"), True, None, 10**30], "pair": (1, (2,)), "set": {1, 2},
        "by number": {1: "a", (2, 3): "b"}, "queue": deque([(1, 2)], maxlen=7), "numpy": np.float32(0.1),
        "day": np.datetime64("2024-02-29"), "stage": ks.Stage.REPEAT, "arrays": [np.eye(2)] * 2,
        "rows": [np.array([day, 1]) for day in range(9)], "empty": np.zeros((0, 3), np.int8), "words": np.array(["ab"]),
        "large": np.arange(5000, dtype=np.uint16).reshape(2, -1).T, "twice": [array, {"again": array}],
    }
    writer = Writer()
    packed = writer.value(values, "values")
    write(tmp_path / "a", {"kocsim": "1"}, packed, writer.arrays)
    saved = read(tmp_path / "a", "1")
    back = saved.value(saved.state)
    assert np.isnan(saved.value(Writer().value(float("nan"), "x")))
    assert back["twice"][0] is back["twice"][1]["again"] and back["arrays"][0] is back["arrays"][1]
    assert back["queue"].maxlen == 7 and type(back["numpy"]) is np.float32 and back["stage"] is ks.Stage.REPEAT
    back["large"] = np.asfortranarray(back["large"])
    for name, value in values.items():
        assert same(value, back[name]), name
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ks.DataError, match=r"^x\[0\] holds itself"):
        Writer().value(circle, "x")


# ---- branches


@pytest.mark.parametrize("preset", ks.presets())
def test_a_branch_into_a_policy_is_as_if_it_had_been_there_and_done_nothing(preset: str, tmp_path: Path) -> None:
    scenario = ks.Scenario.preset(preset).replace(residents=2000, kocs=20, shops=4)
    through = run(scenario, 20, policy=nothing)
    run(scenario, 10).checkpoint(tmp_path / "a.kocsim")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim", policy=nothing, threads=1, debug=True)
    for _ in range(10):
        resumed.step()
    assert_results(through.result(), resumed.result())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenario=scenarios(), day=st.integers(0, 5))
def test_so_is_one_in_a_random_world(
    tmp_path_factory: pytest.TempPathFactory, scenario: ks.Scenario, day: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "a.kocsim"

    def dismiss(morning: ks.Morning) -> None:
        """From the day on which it may decide."""
        if morning.day == day + 1:
            morning.dismiss(np.flatnonzero(morning.active)[:2])

    through = run(scenario, 10, policy=dismiss)
    run(scenario, day).checkpoint(path)
    resumed = ks.Simulation.resume(path, policy=dismiss, threads=1)
    for _ in range(10 - day):
        resumed.step()
    assert_results(through.result(), resumed.result())
    unlike = {"income", "purse"} if not scenario.staffs else set()
    assert_equal(through, resumed, unlike | {"_earned", "branches"})
    assert resumed.branches == [{"day": day, "was": {"scenario": {}, "policy": None}}]


def test_branches_of_one_day(tmp_path: Path) -> None:
    scenario = FULL.replace(advertising={"budget": 50.0})
    county = ks.County.generate(scenario, 3)
    trunk = run(scenario, 6, county=county)
    trunk.checkpoint(tmp_path / "a.kocsim")

    def branch(**given: Any) -> ks.Simulation:
        resumed = ks.Simulation.resume(tmp_path / "a.kocsim", county=county, threads=1, **given)
        for _ in range(8):
            resumed.step()
        return resumed

    def silent(morning: ks.Morning) -> None:
        morning.advertise(0.0)

    as_it_is, mute = branch(), branch(policy=silent)
    for _ in range(8):
        trunk.step()
    assert as_it_is.record.rows == trunk.record.rows
    assert mute.record.rows[:6] == trunk.record.rows[:6] and mute.books.days[:6] == trunk.books.days[:6]
    assert all(day["advertising"] == 0 for day in mute.books.days[6:])
    assert any(day["advertising"] > 0 for day in trunk.books.days[6:])
    dearer = branch(scenario=scenario.replace(price={"price": 99.0}))
    assert dearer.record.rows[:6] == trunk.record.rows[:6] and dearer.scenario.price.price == 99.0
    assert dearer.books.days[6:] != trunk.books.days[6:]
    assert dearer.branches == [{"day": 6, "was": {"scenario": {"price.price": scenario.price.price}}}]
    assert dearer.result().provenance["branches"] == dearer.branches and not as_it_is.branches
    stubborn = branch(scenario=scenario.replace(identification={"absolute": 50.0, "fraction": 1.0}))
    assert (stubborn.threshold == run(stubborn.scenario, 0, county=county).threshold).all()
    assert stubborn.record.reached["identified"] < trunk.record.reached["identified"]


def test_a_policy_can_be_left_out_only_in_words(tmp_path: Path) -> None:
    for function in ({"policy": nothing}, {"rule": lambda weighed: weighed.evidence > 1}):
        name, = function
        stopped = run("small", 2, **function)
        stopped.checkpoint(tmp_path / "a.kocsim")
        with pytest.raises(ks.DataError, match=f"^The run had a {name}, .*, which no checkpoint holds: give {name}= "):
            ks.Simulation.resume(tmp_path / "a.kocsim")
        without = ks.Simulation.resume(tmp_path / "a.kocsim", threads=1, **{name: None})  # type: ignore[arg-type]
        again = ks.Simulation.resume(tmp_path / "a.kocsim", threads=1, **function)  # type: ignore[arg-type]
        assert without.step()["aware"] >= stopped.record.rows[-1]["aware"]
        assert again.step() == stopped.step()
        assert (without.sellers is None) == (stopped.sellers is None)


def test_those_whom_a_policy_dismissed_stay_away_without_it(tmp_path: Path) -> None:
    scenario = ks.Scenario.preset("small").replace(leaving={"owner": "firm"})
    stopped = run(scenario, 2, policy=lambda morning: morning.dismiss([0, 1]))
    stopped.checkpoint(tmp_path / "a.kocsim")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim", policy=None, debug=True)
    assert resumed.step()["active_kocs"] == stopped.county.koc.size - 2
    assert (resumed.trust == stopped.trust).all() and (resumed.trust != run(scenario, 0).trust).any()


@pytest.mark.parametrize(("change", "sentence"), [
    ({"friends": {"median": 3.0}}, r"^A run goes on in the county that it began in, which was generated with friends = "
     r"median: 25\.0; the scenario says median: 3\.0\.$"),
    ({"residents": 999}, r"generated with residents = 2000; the scenario says 999\.$"),
    ({"attribution": {"track": True}}, r"^The scenario keeps other things than that of the checkpoint: flags is uint8 "
     r"of shape \(2000,\), and was uint8 of shape \(0,\)\. A branch may change values"),
    ({"effort": {"activity": 0.5}}, r"(sellers|flags|market) is .*there, and was not there"),
    ({"trust": {"mute": 0.1}}, r"_muted is uint8 of shape"),
    ({"kuaishou": {"posts": 1.0}}, r"posts is uint8 of shape \(3, 20\), and was uint8 of shape \(2, 20\)"),
])
def test_a_scenario_that_does_not_fit(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    scenario = ks.Scenario.preset("small").replace(residents=2000, kocs=20, shops=4, friends={"median": 25.0})
    run(scenario, 2).checkpoint(tmp_path / "a.kocsim")
    with pytest.raises(ks.DataError, match=sentence):
        ks.Simulation.resume(tmp_path / "a.kocsim", scenario=scenario.replace(**change))


def test_a_channel_cannot_take_the_place_of_another(tmp_path: Path) -> None:
    scenario = ks.Scenario.preset("small").replace(kuaishou={"posts": 1.0, "recommended": 0.0})
    run(scenario, 2).checkpoint(tmp_path / "a.kocsim")
    other = scenario.replace(kuaishou={"posts": 0.0}, douyin={"posts": 1.0, "recommended": 0.0})
    with pytest.raises(ks.DataError, match=r"channels is .*douyin.*, and was .*kuaishou"):
        ks.Simulation.resume(tmp_path / "a.kocsim", scenario=other)


# ---- the county


def test_a_county_of_another_seed_is_generated_again(tmp_path: Path) -> None:
    scenario = ks.Scenario.preset("small")
    through = run(scenario, 3, county=ks.County.generate(scenario, 8))
    through.checkpoint(tmp_path / "a.kocsim")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim", threads=1)
    assert resumed.county.asked["seed"] == 8 and resumed.seed == 3
    assert resumed.step() == through.step()
    other = ks.County.generate(scenario, 9)
    with pytest.raises(ks.DataError, match=r"took place in another county, of [\d,]+ residents and \d+ KOCs; got <Cou"):
        ks.Simulation.resume(tmp_path / "a.kocsim", county=other)
    with pytest.raises(ks.ParameterError, match=r"^county must be a County or None; got 'here'\.$"):
        ks.Simulation.resume(tmp_path / "a.kocsim", county="here")  # type: ignore[arg-type]


def test_a_users_county_is_given_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    ends = rng.integers(0, 60, (2, 400))
    ends = ends[:, ends[0] != ends[1]]
    people = pd.DataFrame({"segment": rng.choice(["b", "c"], 60), "rich": rng.random(60) < 0.5})
    ties = pd.DataFrame({"source": ends[0], "target": ends[1]}).drop_duplicates()
    county, same_again = (ks.County.from_ties(ties, kocs=[0, 1], residents=people) for _ in range(2))
    renamed = ks.County.from_ties(ties, kocs=[0, 1], residents=people.assign(segment="b"))
    assert county.fingerprint == same_again.fingerprint != renamed.fingerprint
    through = run("small", 3, county=county)
    through.checkpoint(tmp_path / "a.kocsim")
    with pytest.raises(ks.DataError, match=r"was not generated by a scenario, and that a checkpoint does not hold: "):
        ks.Simulation.resume(tmp_path / "a.kocsim")
    county.save(tmp_path / "county")
    resumed = ks.Simulation.resume(tmp_path / "a.kocsim", county=ks.County.open(tmp_path / "county"), threads=1)
    assert resumed.step() == through.step()


# ---- models


class Remembers(KOC):
    """Decides by what it drew and saw, and keeps all sorts of things."""

    made = 0

    def __init__(self, model: CountyModel, index: int) -> None:
        super().__init__(model, index)
        type(self).made += 1
        self.mood = np.float64(self.rng.random())
        self.seen: deque[int] = deque(maxlen=3)
        self.last: Posts | None = None
        self.friend: KOC | None = None
        self.notes = {"days": [0], "at": np.zeros(2)}

    def decide(self) -> Posts:
        self.mood = np.float64((self.mood + self.random.random() + self.rng.random()) % 1)
        self.seen.append(self.views)
        self.notes["days"].append(self.model.steps)
        if self.friend is None:
            self.friend = self.model.koc((self.index + 1) % 15)
        kin = self.friend.last if isinstance(self.friend, Remembers) else None
        self.last = Posts(int(4 * self.mood), kin.moments if kin else 1, 0.5)
        return self.last


class Closes(Shop):
    def decide(self) -> bool | None:
        return (self.model.steps + self.index) % 3 > 0


class Manager(Firm):
    def __init__(self, model: CountyModel) -> None:
        super().__init__(model)
        self.spent: list[float] = []

    def decide(self, morning: ks.Morning) -> None:
        self.spent.append(morning.purse)
        if len(self.spent) % 3 == 0:
            morning.dismiss(np.flatnonzero(morning.active)[-1:])


CLASSES: dict[str, Any] = {
    "koc_class": lambda index: Remembers if index < 9 else KOC, "shop_class": {1: Closes}, "firm_class": Manager}


def of_agents(model: CountyModel) -> list[Any]:
    return [
        (type(agent), agent.unique_id, {
            name: getattr(value, "unique_id", value) for name, value in sorted(vars(agent).items()) if name != "model"})
        for agent in model.agents]


def test_a_model_goes_on_with_its_agents(tmp_path: Path) -> None:
    through, stopped = (CountyModel(FULL, rng=5, threads=1, **CLASSES) for _ in range(2))
    for model in (through, stopped):
        model.run_days(3)
        for gone in (2, 12):
            agent = model.koc(gone)
            assert agent is not None
            agent.remove()
        KOC(model, 12)
        model.step()
        model.note = {"of": model.koc(3), "day": 4}
    made = Remembers.made
    stopped.checkpoint(tmp_path / "a.kocsim")
    with pytest.raises(ks.DataError, match=r"the checkpoint of a CountyModel: resume it with CountyModel\.resume"):
        ks.Simulation.resume(tmp_path / "a.kocsim")
    resumed = CountyModel.resume(tmp_path / "a.kocsim", threads=1, **CLASSES)
    assert Remembers.made == made and resumed.steps == 4 and resumed.running
    assert resumed.note["of"] is resumed.koc(3) and resumed.koc(2) is None
    for day in range(6):
        assert resumed.running is through.running is (day < 5)
        assert same(of_agents(through), of_agents(resumed))
        assert_equal(through.simulation, resumed.simulation, {"policy"} | OF_A_DAY)
        assert_results(through.result(), resumed.result())
        assert through.today == resumed.today and through.steps == resumed.steps
        through.step()
        resumed.step()
    assert through.random.random() == resumed.random.random() and through.rng.random() == resumed.rng.random()
    for name in ("kocs", "shops", "agents"):
        assert [one.unique_id for one in getattr(through, name)] == [one.unique_id for one in getattr(resumed, name)]
    assert all(one.model is resumed for one in resumed.agents) and type(resumed.firm) is Manager
    assert KOC(through, 2).unique_id == KOC(resumed, 2).unique_id
    pd.testing.assert_frame_equal(*(
        one.datacollector.get_model_vars_dataframe() for one in (through, resumed)))  # type: ignore[call-arg]
    assert not hasattr(resumed, "_user_step") or resumed._user_step.__func__ is type(resumed).step


def test_a_plain_model_branches(tmp_path: Path) -> None:
    trunk = CountyModel(FULL, rng=np.random.Generator(np.random.Philox(5)), threads=1)
    trunk.run_days(9)
    assert not trunk.running
    trunk.checkpoint(tmp_path / "a.kocsim")
    resumed = CountyModel.resume(tmp_path / "a.kocsim", threads=1)
    assert not resumed.running and resumed.rng.random() == trunk.rng.random()
    branch = CountyModel.resume(tmp_path / "a.kocsim", policy=ks.policies.CapAdvertising(5.0))
    longer = CountyModel.resume(tmp_path / "a.kocsim", scenario=FULL.replace(days=12))
    assert longer.running and longer.parameters.days == 12
    longer.run_model()
    resumed.run_days(3)
    branch.run_days(3)
    trunk.run_days(3)
    assert longer.result().digest() == resumed.result().digest() == trunk.result().digest()
    assert longer.today == trunk.today


class Town(CountyModel):
    """With something of its own."""

    def __init__(self, size: int) -> None:
        super().__init__(FULL.replace(residents=size), rng=1, threads=1)
        self.size = size
        self.datacollector = mesa.DataCollector({"size": "size"}, {"views": "views"})


def test_a_derived_model_and_its_collector(tmp_path: Path) -> None:
    town = Town(1400)
    for agent in (*town.shops, town.firm):
        agent.views = 0
    town.run_days(2)
    town.firm.remove()
    town.checkpoint(tmp_path / "a.kocsim")
    with pytest.raises(ks.DataError, match=r"is the checkpoint of a Town, not of a CountyModel"):
        CountyModel.resume(tmp_path / "a.kocsim")
    with pytest.raises(ks.DataError, match=r"^The data collector has other columns than that of .*; give datacolle"):
        Town.resume(tmp_path / "a.kocsim")
    again = Town.resume(
        tmp_path / "a.kocsim", threads=1, datacollector=mesa.DataCollector({"size": "size"}, {"views": "views"}))
    assert again.size == 1400 and again.firm not in again.agents and again.firm.unique_id == town.firm.unique_id
    for model in (town, again):
        model.run_days(2)
    pd.testing.assert_frame_equal(
        town.datacollector.get_agent_vars_dataframe(), again.datacollector.get_agent_vars_dataframe())
    assert len(again.datacollector.get_model_vars_dataframe()) == 4


class Stranger(mesa.Agent):  # type: ignore[misc]
    pass


def test_what_a_model_cannot_save(tmp_path: Path) -> None:
    model = CountyModel(FULL, rng=5, koc_class={3: Remembers})
    path = tmp_path / "a.kocsim"
    model.checkpoint(path)
    for classes, sentence in (
        ({}, r"^KOC 3 was a Remembers in .*, and koc_class does not give it: give the same classes again"),
        ({"koc_class": {3: Remembers}, "firm_class": Manager}, r"^The firm was a Firm in .*, and firm_class does not "),
    ):
        with pytest.raises(ks.DataError, match=sentence):
            CountyModel.resume(path, **classes)  # type: ignore[arg-type]
    with pytest.raises(ks.ParameterError, match="not both"):
        CountyModel.resume(path, firm_class=Manager, policy=nothing)
    run(FULL, 0).checkpoint(tmp_path / "run.kocsim")
    with pytest.raises(ks.DataError, match=r"is the checkpoint of a Simulation: resume it with Simulation\.resume"):
        CountyModel.resume(tmp_path / "run.kocsim")
    koc = model.koc(4)
    assert koc is not None
    koc.decide = lambda: None  # type: ignore[method-assign]
    with pytest.raises(ks.DataError, match=r"^The attribute 'decide' of KOC 4 is a function, which a checkpoint does"):
        model.checkpoint(path)
    del koc.decide
    model.plan = {"a": [object()]}
    with pytest.raises(ks.DataError, match=r"^The attribute 'plan' of the model\['a'\]\[0\] is a object"):
        model.checkpoint(path)
    del model.plan
    other = CountyModel(FULL, rng=5)
    koc.ally = other.koc(1)
    with pytest.raises(ks.DataError, match=r"^The attribute 'ally' of KOC 4 is a KOC"):
        model.checkpoint(path)
    del koc.ally
    stranger = Stranger(model)
    with pytest.raises(ks.DataError, match=r"^Agent \d+ is a Stranger; a checkpoint holds KOCs, shops and the firm"):
        model.checkpoint(path)
    stranger.remove()
    model.checkpoint(path)


class Saves(KOC):
    def decide(self) -> None:
        self.model.checkpoint("never.kocsim")


def test_nothing_is_saved_in_the_middle_of_a_day(tmp_path: Path) -> None:
    path = tmp_path / "a.kocsim"
    model = CountyModel(FULL, rng=5, koc_class={1: Saves})
    with pytest.raises(ks.DataError, match=r"^A checkpoint is made between days; step 1 has begun\.$"):
        model.step()
    simulation = run(FULL, 2)
    simulation.policy = lambda morning: simulation.checkpoint(path)
    with pytest.raises(ks.DataError, match=r"^A checkpoint is made between days; day 3 has begun\.$"):
        simulation.step()
    with pytest.raises(ks.DataError, match="between days"):  # it broke off
        simulation.checkpoint(path)
    assert not path.exists()


# ---- files


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "a.kocsim"
    run(FULL, 2).checkpoint(path)
    return path


def edited(path: Path, to: Path, **changes: Any) -> Path:
    """A checkpoint with another manifest."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                data = json.dumps({**json.loads(data), **changes}).encode()
            new.writestr(zipfile.ZipInfo(name), data)
    return to


def test_a_checkpoint_is_a_zip_without_code(small: Path) -> None:
    with zipfile.ZipFile(small) as members:
        assert members.testzip() is None
        manifest = json.loads(members.read("manifest.json"))
    assert manifest["format"] == "kocsim checkpoint 1" and manifest["kocsim"] == ks.__version__
    assert manifest["day"] == 2 and manifest["seed"] == 3
    assert ks.Scenario(**manifest["scenario"]) == FULL
    assert b"pickle" not in small.read_bytes()


def test_files_that_are_no_checkpoints(small: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with zipfile.ZipFile(tmp_path / "zip", "w") as other:
        other.writestr("a.txt", "hello")
    for name, sentence in (
        ("missing", r"^There is no checkpoint at .*missing\.$"), ("", "is a folder, not a checkpoint"),
        ("text", r"text is not a kocsim checkpoint\.$"), ("zip", r"zip is not a kocsim checkpoint\.$"),
        ("a\0b", r"^There is no checkpoint at "),
    ):
        with pytest.raises(ks.FileError, match=sentence):
            ks.Simulation.resume(f"{tmp_path}/{name}" if name else tmp_path)
    with pytest.raises(ks.FileError, match=r"is a 'kocsim checkpoint 99'; this version of kocsim reads 'kocsim "):
        ks.Simulation.resume(edited(small, tmp_path / "b", format="kocsim checkpoint 99"))
    with pytest.raises(ks.FileError, match=r"was made by kocsim 0\.0 and goes on only there; this is kocsim "):
        ks.Simulation.resume(edited(small, tmp_path / "b", kocsim="0.0"))


def test_a_damaged_checkpoint_is_refused(small: Path, tmp_path: Path) -> None:
    whole = small.read_bytes()
    county = ks.County.generate(FULL, 3)
    wanted = everything(ks.Simulation.resume(small, county=county), set())
    broken = tmp_path / "b.kocsim"
    rng = np.random.default_rng(1)
    refused = 0
    for at in [len(whole) // 2, HEADER + len(MAGIC) + 40, *rng.integers(0, len(whole), 40).tolist()]:
        damaged = bytearray(whole)
        damaged[at] ^= 1 << int(rng.integers(8))
        broken.write_bytes(damaged)
        try:
            got = everything(ks.Simulation.resume(broken, county=county), set())
        except ks.FileError as error:
            assert "is damaged: " in str(error) or "is not a kocsim checkpoint" in str(error)
            refused += 1
        else:  # a date, a flag: nothing that is read
            assert all(same(wanted[name], got[name]) for name in wanted)
    assert refused > 35
    for cut in (100, len(whole) // 3, len(whole) - 1):
        broken.write_bytes(whole[:cut])
        with pytest.raises(ks.FileError, match="is damaged: "):
            ks.Simulation.resume(broken)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    simulation = run("small", 1)
    (tmp_path / "notes.txt").write_text("mine")
    for place, sentence in (
        (tmp_path, r"^Cannot write the checkpoint to .*: it is a folder\.$"),
        (tmp_path / "no" / "a.kocsim", r"^Cannot write the checkpoint to .*: there is no folder .*no\.$"),
        (tmp_path / "notes.txt", r"notes\.txt exists and is not a checkpoint; choose another name\.$"),
        ("a\0b", r"^Cannot write the checkpoint to a"),
    ):
        with pytest.raises(ks.FileError, match=sentence):
            simulation.checkpoint(place)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("what", ["replace", "fsync"])
def test_a_full_disk_leaves_what_was_there(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = run("small", 1)
    path = simulation.checkpoint(tmp_path / "a.kocsim")
    before = path.read_bytes()
    simulation.step()

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, what, full)
        with pytest.raises(ks.FileError, match=r"^Cannot write the checkpoint to .*: No space left on device\.$"):
            simulation.checkpoint(path)
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["a.kocsim"]
    simulation.checkpoint(path)
    assert ks.Simulation.resume(path).day == 2


def test_a_link_stays_one(tmp_path: Path) -> None:
    simulation = run("small", 1)
    (tmp_path / "link").symlink_to(tmp_path / "a.kocsim")
    simulation.checkpoint(tmp_path / "link")
    simulation.checkpoint(tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "a.kocsim").is_file()


def test_bytes_a_resident(tmp_path: Path) -> None:
    scenario = ks.Scenario.preset("full").replace(residents=50_000, kocs=500, shops=25)
    path = run(scenario, 30, threads=2).checkpoint(tmp_path / "a.kocsim")
    assert path.stat().st_size / 50_000 <= HELD
