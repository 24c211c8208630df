"""The county as a Mesa model: the engine's results, agents who are obeyed, residents as columns."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import sys
import weakref
from functools import cache
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kocsim as ks
from kocsim.model import KOC, CountyModel, Posts, Shop, UnknownColumn
from kocsim.results import UNITS

SMALL = ks.Scenario.preset("small").replace(
    residents=2000,
    kocs=20,
    shops=4,
    days=6,
    population={"community_median": 100, "township_mean": 400, "area": 20},
    friends={"koc_median": 60},
    need={"rate": 0.2},
)
ALONE = SMALL.replace(sharing={"rate": 0})
"""Nobody passes anything on: what differs does so because of a KOC."""
STATE = ("stage", "evidence", "sources", "kocs", "week", "day_aware", "day_identified", "day_customer")


@cache
def county() -> ks.County:
    return ks.County.generate(SMALL, 1)


def small(scenario: ks.Scenario = SMALL, days: int = 0, **options: Any) -> CountyModel:
    model = CountyModel(scenario, county=county(), rng=1, threads=1, **options)
    model.run_days(days)
    return model


def koc(model: CountyModel, index: int) -> KOC:
    agent = model.koc(index)
    assert agent is not None
    return agent


def state(model: CountyModel) -> pd.DataFrame:
    return model.residents.to_frame(STATE)


def digest(model: CountyModel) -> str:
    return model.result().digest()


class Loud(KOC):
    def decide(self) -> Posts:
        return Posts(moments=5, groups=3, quality=0.5)


class Undecided(KOC):
    def decide(self) -> None:
        return None


class Listening(KOC):
    """Posts only while few have seen its posts; notes what it was asked."""

    def __init__(self, model: CountyModel, index: int) -> None:
        super().__init__(model, index)
        self.noted: list[tuple[int, int]] = []

    def decide(self) -> Posts:
        self.noted.append((self.model.steps, self.views))
        return Posts(moments=0 if self.views else 2, groups=0)


class Gambler(KOC):
    def decide(self) -> Posts:
        return Posts(moments=self.random.randrange(3), groups=int(self.rng.integers(2)))


class Bookshop(Shop):
    pass


# ---- the same run as without Mesa


@pytest.fixture(scope="module")
def plain() -> ks.Result:
    return ks.simulate(SMALL, county(), seed=1, progress=False)


def test_a_model_gives_the_results_of_simulate(plain: ks.Result) -> None:
    model = CountyModel(SMALL, rng=1, debug=True)
    model.step()
    assert model.steps == model.simulation.day == 1
    model.run_days(5)
    result = model.result()
    assert result.digest() == plain.digest()
    pd.testing.assert_frame_equal(result.daily, plain.daily)
    pd.testing.assert_frame_equal(result.residents, plain.residents)
    assert result.provenance["seed"] == 1


def test_the_data_collector_holds_the_daily_table(plain: ks.Result) -> None:
    collected = small(days=6).datacollector.get_model_vars_dataframe()
    assert list(collected) == list(UNITS)
    pd.testing.assert_frame_equal(collected, plain.daily.reset_index(drop=True))


def test_the_model_stops_when_its_days_are_over_and_may_go_on() -> None:
    model = small(days=5)
    assert model.running
    model.run_model()
    assert (model.steps, model.running) == (6, False)
    model.run_days(2)
    assert (model.steps, model.simulation.day, model.running) == (8, 8, False)
    longer = ks.simulate(SMALL, county(), seed=1, days=8, progress=False)
    assert digest(model) == longer.digest()


@pytest.mark.parametrize("agent", [KOC, Undecided])
@pytest.mark.parametrize("again", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_a_copy_made_between_days_goes_on_like_the_original(
    agent: type[KOC], again: Any, plain: ks.Result
) -> None:
    model = small(days=3, koc_class=agent)
    koc(model, 4).remove()
    other = again(model)
    model.run_days(3)
    before = state(other)
    other.run_days(3)
    assert digest(other) == digest(model) != plain.digest()
    assert not before.equals(state(other))
    pd.testing.assert_frame_equal(state(other), state(model))
    assert other.steps == 6 and len(other.kocs) == 19 and not other.running
    assert len(other.datacollector.get_model_vars_dataframe()) == 6
    assert all(one.model is other for one in other.agents)
    assert koc(other, 5) is not koc(model, 5)


def test_agents_decide_alike_in_a_copy() -> None:
    model = small(days=2, koc_class=Gambler)
    other = pickle.loads(pickle.dumps(model))
    model.run_days(3)
    other.run_days(3)
    assert digest(other) == digest(model)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("argument", [False, True])
def test_batch_run(processes: int, argument: bool) -> None:
    options: dict[str, Any] = {"number_processes": processes, "max_steps": 10, "display_progress": False}
    parameters = {"scenario": [SMALL], "days": 2, "friends.koc_median": [30.0, 60.0]}
    if not argument:
        parameters["rng"] = [1, 2]
    elif "rng" in inspect.signature(mesa.batch_run).parameters:
        options["rng"] = [1, 2]
    else:
        pytest.skip("Mesa 3.3 takes seeds among the parameters only")
    rows = mesa.batch_run(CountyModel, parameters, **options)
    got = {
        (row["seed"] if argument else row["rng"], row["friends.koc_median"]): row["exposures"] for row in rows
    }
    expected = {
        (seed, median): ks.simulate(
            SMALL.replace(friends={"koc_median": median}), seed=seed, days=2, progress=False
        ).daily["exposures"].iloc[-1]
        for seed in (1, 2)
        for median in (30.0, 60.0)
    }
    assert got == expected
    assert len(set(got.values())) == 4


def test_results_do_not_depend_on_the_models_generators(plain: ks.Result) -> None:
    model = small()
    for _ in range(6):
        model.random.random()
        model.rng.random(7)
        model.agents.shuffle_do("step")
        model.residents.sample(10)
        model.step()
    assert digest(model) == plain.digest()


def test_a_model_is_freed_and_numbers_agents_by_itself() -> None:
    model = small(days=1)
    assert [one.unique_id for one in model.agents] == list(range(1, 26))
    other = pickle.loads(pickle.dumps(model))
    koc(other, 3).remove()
    assert KOC(other, 3).unique_id == 26
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_the_page_of_mesa_can_hand_over_any_parameter() -> None:
    parameters = inspect.signature(CountyModel).parameters
    assert parameters["kwargs"].kind is inspect.Parameter.VAR_KEYWORD
    assert not any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters.values())
    inherited = ("scenario", "time", "data_registry", "run_for", "run_until")
    assert not any(name in vars(CountyModel) for name in inherited)


# ---- what it is made from


def test_changes_to_the_scenario() -> None:
    model = CountyModel(
        "small", rng=np.int64(1), residents=np.int64(500), kocs=np.int16(5), shops=0, days=2,
        friends={"median": np.float32(20)}, **{"friends.koc_median": np.int64(40)},
    )
    assert model.parameters == ks.Scenario.preset("small").replace(
        residents=500, kocs=5, shops=0, days=2, friends={"median": 20, "koc_median": 40}
    )
    assert (model.county.n, len(model.kocs), len(model.shops)) == (500, 5, 0)
    assert type(model.simulation.seed) is int


def test_what_seeds_may_be() -> None:
    def seed(**given: Any) -> int:
        return CountyModel(SMALL, county=county(), **given).simulation.seed

    assert seed(rng=7) == seed(seed=7) == seed(rng=np.uint8(7)) == 7
    assert seed(rng=0) == 0
    assert seed(rng=1 << 80) == 1 << 80
    assert seed() != seed()
    for make in (np.random.default_rng, np.random.SeedSequence, np.random.PCG64, lambda n: [n, 2]):
        assert seed(rng=make(5)) == seed(rng=make(5)) == seed(seed=make(5)) != seed(rng=make(6))
    assert CountyModel(SMALL, county=county(), rng=np.random.default_rng(5)).result().provenance["seed"] >= 0
    model, other = (CountyModel(SMALL, county=county(), rng=3) for _ in range(2))
    assert model.random.random() == other.random.random() and model.rng.random() == other.rng.random()


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"rng": 1, "seed": 2}, ks.ParameterError, "Give rng or seed, not both; got rng=1 and seed=2."),
        ({"rng": -1}, ks.ParameterError, "rng must be a whole number in [0, inf]; got -1."),
        ({"seed": 1.5}, ks.ParameterError, "seed must be a whole number in [0, inf]; got 1.5."),
        ({"rng": [1, -2]}, ks.ParameterError, "rng must be a whole number in [0, inf]; got -2."),
        ({"kosc": 3}, ks.ParameterError, "There is no parameter 'kosc'. Did you mean 'kocs'?"),
        (
            {"friends.koc_medain": 3},
            ks.ParameterError,
            "There is no parameter 'friends.koc_medain'. Did you mean 'friends.koc_median'?",
        ),
        (
            {"koc_class": 3},
            ks.ParameterError,
            "koc_class must be a class derived from KOC, a function from numbers to classes "
            "or a mapping; got 3.",
        ),
        (
            {"koc_class": Shop},
            ks.ParameterError,
            "koc_class must give classes derived from KOC; got <class 'kocsim.model.agents.Shop'>.",
        ),
        (
            {"koc_class": lambda index: KOC if index < 7 else None},
            ks.ParameterError,
            "koc_class must give classes derived from KOC; got None for number 7.",
        ),
        (
            {"koc_class": {20: Loud}},
            ks.ParameterError,
            "each number in koc_class must be a whole number in [0, 19]; got 20.",
        ),
        (
            {"shop_class": {1: Loud}},
            ks.ParameterError,
            f"shop_class must give classes derived from Shop; got {Loud!r} for number 1.",
        ),
    ],
)
def test_input_that_does_not_fit(options: dict[str, Any], error: type[Exception], sentence: str) -> None:
    # a county of the paper's size would take seconds: the sentence comes before any work
    with pytest.raises(error) as raised:
        CountyModel("paper", **({"kocs": 20} | options))
    assert str(raised.value) == sentence


# ---- KOCs


def test_classes_of_agents() -> None:
    model = small(koc_class={3: Loud}, shop_class=lambda index: Bookshop if index else Shop)
    assert [type(one) for one in model.kocs] == [KOC] * 3 + [Loud] + [KOC] * 16
    assert [type(one) for one in model.shops] == [Shop] + [Bookshop] * 3
    assert len(model.agents) == 25
    assert set(model.agents_by_type) == {KOC, Loud, Shop, Bookshop, ks.Firm}
    assert isinstance(model.kocs.select(lambda one: one.audience > 50), mesa.agent.AgentSet)
    assert model.result().provenance["agents"] == {"KOC": 19, "Loud": 1, "Shop": 1, "Bookshop": 3, "Firm": 1}


def test_what_a_koc_knows() -> None:
    model = small(days=1, koc_class={3: Loud})
    c = model.county
    for one in model.kocs:
        lo, hi = c.koc_offsets[one.index], c.koc_offsets[one.index + 1]
        via = c.koc_via[lo:hi]
        assert one.resident == c.koc[one.index]
        assert one.community == c.community[one.resident]
        assert one.audience == hi - lo == len(one.listeners)
        assert (one.contacts, one.members) == ((via & 1 > 0).sum(), (via & 2 > 0).sum())
        assert set(one.listeners.index) == set(c.koc_ties[lo:hi] & 0xFFFFFF)
        assert one.stage is ks.Stage.CUSTOMER or one.stage is ks.Stage(model.simulation.stage[one.resident])
        assert one.views == model.simulation.views[one.index]
    assert koc(model, 3).posts == Posts(5, 3, 0.5) and koc(model, 3).quality == 0.5
    assert koc(model, 2).posts == Posts(1, 1, 1.0)
    assert model.kocs.agg("views", sum) == model.today["koc_exposures"] > 0
    assert model.kocs.agg("members", max) > 0
    assert repr(koc(model, 3)) == f"<Loud 3: resident {koc(model, 3).resident}>"


def test_a_koc_that_decides_is_obeyed_and_changes_only_whom_it_reaches() -> None:
    base, other = small(ALONE, days=6), small(ALONE, days=6, koc_class={3: Loud})
    differ = (state(base) != state(other)).any(axis=1).to_numpy()
    reached = np.isin(np.arange(2000), koc(base, 3).listeners.index)
    assert differ.sum() > 10
    assert not (differ & ~reached).any()
    assert other.today["koc_posts"] == base.today["koc_posts"] + 4 + 2
    assert koc(other, 3).views > koc(base, 3).views


def test_a_koc_reads_the_last_day_and_decides_for_the_coming_one() -> None:
    model = small(days=1, koc_class={5: Listening})
    first = koc(model, 5).views
    assert first > 0
    model.run_days(3)
    one = koc(model, 5)
    assert isinstance(one, Listening)
    assert [day for day, _ in one.noted] == [1, 2, 3, 4]
    assert [views > 0 for _, views in one.noted] == [False, True, False, True]
    assert one.noted[1] == (2, first)


@pytest.mark.parametrize("agent", [Undecided, lambda index: Undecided if index % 2 else KOC])
def test_who_decides_nothing_follows_the_scenario(agent: Any, plain: ks.Result) -> None:
    assert digest(small(days=6, koc_class=agent)) == plain.digest()


def test_decisions_equal_to_the_scenarios_change_nothing(plain: ks.Result) -> None:
    class Ordinary(KOC):
        def decide(self) -> Posts:
            return Posts()

    assert digest(small(days=6, koc_class=Ordinary)) == plain.digest()


def test_a_decide_given_to_one_agent_or_to_a_class_later_on_is_obeyed(plain: ks.Result) -> None:
    class Later(KOC):
        pass

    model = small(days=1, koc_class={1: Later, 3: KOC})
    base = model.today["koc_posts"]
    koc(model, 3).decide = lambda: Posts(7, 0)  # type: ignore[method-assign]
    model.step()
    assert model.today["koc_posts"] == base + 7 - 2
    Later.decide = Loud.decide  # type: ignore[method-assign, assignment]
    model.step()
    assert model.today["koc_posts"] == base + 7 - 2 + 8 - 2
    assert [one.posts.moments for one in model.kocs][:5] == [1, 5, 1, 7, 1]
    gone = weakref.ref(koc(model, 3))
    koc(model, 3).remove()
    model.step()
    assert model.today["koc_posts"] == base + 8 - 2 - 2
    gc.collect()
    assert gone() is None


def test_agents_that_decide_nothing_of_their_own_cost_nothing() -> None:
    def calls(kocs: int) -> int:
        scenario = SMALL.replace(kocs=kocs, friends={"koc_median": 5})
        model = CountyModel(scenario, rng=1, threads=1)
        model.run_days(2)
        seen = 0

        def count(frame: Any, event: str, argument: Any) -> None:
            nonlocal seen
            seen += event == "call"

        gc.collect()
        gc.disable()  # what a collection happens to call has nothing to do with it
        sys.setprofile(count)
        try:
            model.step()
        finally:
            sys.setprofile(None)
            gc.enable()
        return seen

    assert calls(400) == calls(10)


def test_a_removed_koc_is_silent_and_only_its_listeners_differ() -> None:
    base, other = small(ALONE, days=2), small(ALONE, days=2)
    removed = koc(other, 3)
    seen = removed.listeners.agg("kocs", sum)
    removed.remove()
    assert other.koc(3) is None and removed not in other.kocs and removed not in other.agents
    base.run_days(4)
    other.run_days(4)
    assert other.simulation.views[3] == 0 and other.simulation.posts_moments[3] == 0
    assert other.today["koc_posts"] == base.today["koc_posts"] - 2
    differ = (state(base) != state(other)).any(axis=1).to_numpy()
    assert differ.any()
    assert set(np.flatnonzero(differ)) <= set(removed.listeners.index)
    assert removed.listeners.agg("kocs", sum) >= seen, "what was seen stays seen"
    removed.remove()  # Mesa takes a second time quietly
    assert len(other.kocs) == 19


def test_all_removed_is_as_if_nobody_posted() -> None:
    model = small()
    model.remove_all_agents()
    model.run_days(6)
    nobody = small(SMALL.replace(posting={"moments": 0, "groups": 0}), days=6)
    assert digest(model) == digest(nobody)
    assert model.today["koc_posts"] == 0 and len(model.kocs) == len(model.shops) == 0


def test_a_new_agent_takes_the_place_of_a_removed_one(plain: ks.Result) -> None:
    model = small()
    with pytest.raises(ks.ParameterError) as raised:
        Loud(model, 3)
    assert str(raised.value) == "KOC 3 has an agent; remove that one first."
    assert len(model.kocs) == len(model.agents) - 5 == 20
    koc(model, 3).remove()
    KOC(model, 3)
    koc(model, 4).remove()
    model.run_days(3)
    Loud(model, 4)
    model.run_days(3)
    assert koc(model, 4).posts == Posts(5, 3, 0.5)
    assert model.today["koc_posts"] == int(plain.daily["koc_posts"].iloc[-1]) + 6
    for index, got in ((20, "20"), (-1, "-1")):
        with pytest.raises(ks.ParameterError) as raised:
            KOC(model, index)
        assert str(raised.value) == f"index of a KOC must be a whole number in [0, 19]; got {got}."


def test_a_koc_removed_by_another_while_they_decide_is_silent_on_that_day() -> None:
    class Rival(Loud):
        def decide(self) -> Posts:
            for one in (koc(self.model, 7), self.model.koc(2), self):
                if one is not None and one in self.model.kocs:
                    one.remove()
            return super().decide()

    model = small()
    for index in (3, 7):
        koc(model, index).remove()
    Rival(model, 3)
    Rival(model, 7)
    model.step()
    assert model.simulation.posts_moments.tolist() == [int(i not in (2, 3, 7)) for i in range(20)]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Posts(300), "moments of {} must be a whole number in [0, 250]; got 300 on day 2."),
        (Posts(1.5), "moments of {} must be a whole number in [0, 250]; got 1.5 on day 2."),  # type: ignore[arg-type]
        (Posts(1, -1), "groups of {} must be a whole number in [0, 250]; got -1 on day 2."),
        (Posts(1, 1, 1.5), "quality of {} must lie in [0, 1]; got 1.5 on day 2."),
        (Posts(1, 1, float("nan")), "quality of {} must lie in [0, 1]; got nan on day 2."),
        (3, "Wrong.decide must return Posts or None; got 3 from {} on day 2."),
    ],
)
def test_a_decision_out_of_range_is_refused_before_the_day(answer: Any, sentence: str) -> None:
    class Wrong(KOC):
        def decide(self) -> Any:
            return answer if self.model.steps == 2 else None

    model = small(days=1, koc_class={3: Wrong})
    before = digest(model)
    with pytest.raises(ks.DataError) as raised:
        model.step()
    assert str(raised.value) == sentence.format(f"KOC 3 (resident {county().koc[3]})")
    assert not model.running
    assert model.simulation.day == 1 and digest(model) == before


def test_bounds_of_decisions_are_allowed() -> None:
    class Much(KOC):
        def decide(self) -> Posts:
            return Posts(np.uint8(250), 0, np.float32(0)) if self.index else Posts(0, 250, 1)  # type: ignore[arg-type]

    model = small(days=1, koc_class=lambda index: Much if index < 2 else KOC)
    assert [koc(model, i).posts for i in (0, 1)] == [Posts(0, 250, 1.0), Posts(250, 0, 0.0)]


# ---- shops


def test_shops_count_the_orders_of_their_communities() -> None:
    model = small()
    assert model.shops.agg("orders_today", sum) == 0
    c = model.county
    served = c.community_shop[c.community]
    for _ in range(4):
        model.step()
        ordered = model.residents.ordered
        assert ordered.sum() == model.today["orders"]
        for shop in model.shops:
            assert shop.orders_today == (ordered & (served == shop.index)).sum()
    assert model.shops.agg("orders_today", sum) > 0
    assert model.shops.agg("catchment", sum) == (served >= 0).sum()
    for shop in model.shops:
        assert shop.catchment == (served == shop.index).sum()
        assert (c.community_shop[shop.communities] == shop.index).all()
        assert shop.place == (c.community_x[shop.community], c.community_y[shop.community])
        assert shop.community == c.shop_community[shop.index]
    assert len(set(model.shops.get("orders_today"))) > 1


# ---- residents


@pytest.fixture(scope="module")
def model() -> CountyModel:
    return small(days=6)


@pytest.fixture(scope="module")
def frame(model: CountyModel) -> pd.DataFrame:
    return model.residents.to_frame()


def test_columns_are_the_arrays(model: CountyModel, frame: pd.DataFrame) -> None:
    s, c = model.simulation, model.county
    assert len(model.residents) == 2000 == len(frame)
    for name in ("stage", "evidence", "sources", "kocs", "week", "threshold", "day_aware"):
        np.testing.assert_array_equal(frame[name], getattr(s, name))
    for name in ("household", "community", "contacts", "ties_in"):
        np.testing.assert_array_equal(frame[name], getattr(c, name))
    np.testing.assert_array_equal(frame["township"], c.community_township[c.community])
    assert np.flatnonzero(frame["koc"]).tolist() == c.koc.tolist()
    assert int(frame["ordered"].sum()) == model.today["orders"] > 0
    assert list(frame) == model.residents.columns
    assert frame.index.name == "resident"
    assert {*model.residents.columns, "select", "agg"} <= set(dir(model.residents))
    pd.testing.assert_frame_equal(
        frame[["kocs", "stage"]], model.residents.to_frame(["kocs", "stage"]), check_names=False
    )


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.one_of(st.sampled_from(list(ks.Stage)), st.lists(st.integers(0, 5), max_size=3)),
        "koc": st.booleans(),
        "community": st.one_of(st.integers(0, 25), st.sets(st.integers(0, 25))),
        "kocs": st.integers(0, 8),
    },
)


@given(
    equals=CONDITIONS,
    further=CONDITIONS,
    above=st.one_of(st.none(), st.floats(0, 3, width=32)),
    at_most=st.one_of(st.integers(0, 2500), st.floats(0, 1), st.just(float("inf"))),
)
@settings(deadline=None)
def test_select_is_what_pandas_selects(
    model: CountyModel, frame: pd.DataFrame, equals: Any, further: Any, above: Any, at_most: float
) -> None:
    def wanted(table: pd.DataFrame, conditions: dict[str, Any]) -> pd.DataFrame:
        for name, value in conditions.items():
            table = table[table[name].isin(value if isinstance(value, (list, set)) else [value])]
        return table

    expected = wanted(frame, equals)
    if above is not None:
        expected = expected[expected["evidence"] > above]
    many = at_most if at_most == float("inf") or isinstance(at_most, int) else int(len(frame) * at_most)
    expected = expected.iloc[: min(many, len(expected))]
    test = None if above is None else (lambda r: r.evidence > above)
    got = model.residents.select(test, at_most, **equals)
    pd.testing.assert_frame_equal(got.to_frame(), expected)
    pd.testing.assert_frame_equal(got.select(**further).to_frame(), wanted(expected, further))
    assert len(got) == len(expected)
    assert got.index.tolist() == expected.index.tolist()


@given(
    by=st.sampled_from(["stage", "community", "township", "koc", "household", "kocs"]),
    name=st.sampled_from(["evidence", "sources", "stage", "contacts", "ordered"]),
    func=st.sampled_from([sum, min, max, np.sum, np.mean, np.max, len, np.median]),
    low=st.integers(0, 4),
)
@settings(deadline=None, max_examples=60)
def test_groups_are_selections(model: CountyModel, by: str, name: str, func: Any, low: int) -> None:
    some = model.residents.select(lambda r: r.kocs >= low).sort("household")
    groups = some.groupby(by)
    assert len(groups) == len(set(some.get(by).tolist()))
    figures, counts, values = groups.agg(name, func), groups.count(), groups.get(name)
    assert list(figures) == list(counts) == list(values) == list(groups.groups) == sorted(figures)
    for key, group in list(groups)[:40]:
        chosen = some.select(**{by: key})
        assert group.index.tolist() == chosen.index.tolist()
        expected = chosen.agg(name, func)
        assert figures[key] == expected and np.asarray(figures[key]).dtype == np.asarray(expected).dtype
        assert counts[key] == len(chosen)
        np.testing.assert_array_equal(values[key], chosen.get(name))


def test_groups_in_mesas_words(model: CountyModel) -> None:
    residents = model.residents
    groups = residents.groupby("stage")
    assert {type(key) for key in groups.groups} == {ks.Stage}
    assert len(groups.groups[ks.Stage.CUSTOMER]) == groups.count()[3]
    assert groups.map(len) == groups.count() == groups.map("__len__")
    assert sum(groups.count().values()) == 2000
    by_function = residents.groupby(lambda r: r.kocs > 2).agg("evidence", [np.min, np.max])
    assert set(by_function) == {False, True}
    assert by_function[True] == residents.select(lambda r: r.kocs > 2).agg("evidence", [np.min, np.max])
    none = residents.select(kocs=999).groupby("community")
    assert len(none) == 0 and none.agg("evidence", sum) == none.count() == {}
    assert repr(groups) == f"<{len(groups)} groups of 2,000 residents>"


def test_agg(model: CountyModel, frame: pd.DataFrame) -> None:
    residents = model.residents
    assert residents.agg("evidence", np.mean) == np.mean(frame["evidence"].to_numpy())
    assert residents.agg("kocs", [min, max]) == [frame["kocs"].min(), frame["kocs"].max()]
    assert residents.agg("kocs", {"least": min, "n": len}) == {"least": frame["kocs"].min(), "n": 2000}
    assert residents.agg("stage", sum) == frame["stage"].astype(int).sum() > 255, "bytes do not overflow"
    with pytest.raises(ValueError, match="read-only"):
        residents.agg("evidence", lambda values: values.sort())


def test_get_is_a_copy_that_the_days_do_not_change() -> None:
    model = small(days=2)
    for residents in (model.residents, model.residents.select(koc=False)):
        evidence = residents.evidence
        kept = evidence.copy()
        model.step()
        np.testing.assert_array_equal(evidence, kept)
        assert (residents.evidence != kept).any()
        evidence[:] = 0
        assert residents.agg("evidence", max) > 0
    rows = model.residents.get(["kocs", "evidence"])
    assert rows.shape == (2000, 2)
    np.testing.assert_array_equal(rows[:, 0], model.residents.kocs)
    np.testing.assert_array_equal(rows[:, 1], model.residents.evidence)


def test_sort_and_sample(model: CountyModel, frame: pd.DataFrame) -> None:
    for ascending in (False, True):
        expected = frame.sort_values("kocs", ascending=ascending, kind="stable")
        pd.testing.assert_frame_equal(model.residents.sort("kocs", ascending).to_frame(), expected)
        by_function = model.residents.sort(lambda r: r.kocs * 1.0, ascending)
        assert by_function.index.tolist() == expected.index.tolist()
    customers = model.residents.select(stage=["customer", "aware", "repeat"])
    sample = customers.sample(20, rng=3)
    assert len(sample) == 20 and set(sample.index) < set(customers.index)
    assert sample.index.tolist() == customers.sample(20, rng=3).index.tolist()
    assert sample.index.tolist() != customers.sample(20, rng=4).index.tolist()
    assert customers.sample(20).index.tolist() != customers.sample(20).index.tolist()
    assert len(customers.sample(len(customers), np.random.default_rng(1))) == len(customers)
    assert customers.select(model.county.koc).index.tolist() == customers.select(koc=True).index.tolist()
    assert int(model.county.koc[0]) in model.residents and 2000 not in model.residents
    assert customers.index[0] in customers and model.residents.select(stage=0).index[0] not in customers


def test_set_evidence_and_threshold(plain: ks.Result) -> None:
    model = small(days=2)
    some = model.residents.select(koc=False, community=[1, 2])
    before = state(model)
    assert some.set("threshold", 0) is some
    some.set("evidence", np.arange(len(some)))
    np.testing.assert_array_equal(some.evidence, np.arange(len(some), dtype=np.float32))
    np.testing.assert_array_equal(some.threshold, 0)
    others = np.setdiff1d(np.arange(2000), some.index)
    pd.testing.assert_frame_equal(state(model).loc[others], before.loc[others])
    model.run_days(4)
    assert digest(model) != plain.digest()
    aware = some.select(lambda r: r.stage > ks.Stage.UNAWARE)
    assert (aware.stage > ks.Stage.AWARE).all(), "a threshold of nothing is reached by all who are aware"


@pytest.mark.parametrize("value", [ks.Stage.IDENTIFIED, 2, "identified", "IDENTIFIED"])
def test_set_stage_dates_what_had_not_been_reached(value: Any) -> None:
    model = small(days=3)
    some = model.residents.select(stage=["unaware", "aware"], community=range(3))
    before = some.to_frame()
    assert set(before["stage"]) == {0, 1}
    some.set("stage", value)
    after = some.to_frame()
    assert (after["stage"] == 2).all()
    assert (after["day_aware"] == before["day_aware"].clip(upper=3)).all()
    assert (after["day_identified"] == before["day_identified"].clip(upper=3)).all()
    assert (after["day_customer"] == 65535).all()


def test_set_stages_one_by_one() -> None:
    model = small()
    some = model.residents.select(koc=False, at_most=3).set("stage", ["lapsed", "unaware", "aware"])
    assert some.stage.tolist() == [5, 0, 1]
    assert some.day_aware.tolist() == [0, 65535, 0]
    assert some.day_customer.tolist() == [0, 65535, 65535]
    model.run_days(2)


def test_what_cannot_be_asked_or_set(model: CountyModel) -> None:
    residents = model.residents
    three = residents.select([5, 7, 9])
    aware = residents.select(lambda r: r.day_aware != 65535, at_most=1)
    day, who = aware.day_aware[0], aware.index[0]
    nan = float("nan")
    before = state(model)
    cases: list[tuple[Any, str]] = [
        (lambda: residents.get("evidnce"), "Residents have no column 'evidnce'. Did you mean 'evidence'?"),
        (
            lambda: residents.zzz,
            f"Residents have no column 'zzz'. There are: {', '.join(residents.columns)}.",
        ),
        (lambda: residents.select(stagge=1), "Residents have no column 'stagge'. Did you mean 'stage'?"),
        (
            lambda: residents.to_frame(["komunity"]),
            "Residents have no column 'komunity'. Did you mean 'community'?",
        ),
        (
            lambda: residents.select(stage="costumer"),
            "stage must be one of unaware, aware, identified, customer, repeat, lapsed; got 'costumer'. "
            "Did you mean 'customer'?",
        ),
        (lambda: residents.select(community="3"), "community holds numbers; it cannot equal '3'."),
        (
            lambda: residents.select(at_most=-1),
            "at_most must be a whole number >= 0, a share in [0, 1] or inf; got -1.",
        ),
        (
            lambda: residents.select(at_most=nan),
            "at_most must be a whole number >= 0, a share in [0, 1] or inf; got nan.",
        ),
        (
            lambda: three.select([True, False]),
            "A filter must give 3 truth values, one for each resident; got shape (2,).",
        ),
        (
            lambda: three.select(lambda r: r.evidence),
            "A filter must give truth values or numbers of residents; got dtype float32 and shape (3,).",
        ),
        (
            lambda: residents.select([1, 2000]),
            "A filter names resident 2000, but there are 2,000 residents (0..1999).",
        ),
        (lambda: three.sample(4), "n must be a whole number in [0, 3]; got 4."),
        (
            lambda: three.sort(lambda r: [1]),
            "A key must give 3 values, one for each resident; got shape (1,).",
        ),
        (
            lambda: residents.set("sources", 1),
            "sources cannot be set; the columns that can are stage, evidence, threshold.",
        ),
        (
            lambda: three.set("evidence", [1, 2]),
            "evidence takes one value or 3, one for each resident; got shape (2,).",
        ),
        (
            lambda: three.set("evidence", [1, nan, 2]),
            "evidence must lie in [0, inf); got nan for resident 7.",
        ),
        (lambda: three.set("threshold", -0.5), "threshold must lie in [0, inf); got -0.5 for resident 5."),
        (lambda: three.set("evidence", 1e39), "evidence must lie in [0, inf); got 1e+39 for resident 5."),
        (lambda: three.set("evidence", "much"), "evidence must be numbers; got dtype <U4."),
        (lambda: three.set("stage", [1, 2, 6]), "stage must lie in [0, 5]; got 6 for resident 9."),
        (
            lambda: three.set("stage", 1.0),
            "stage must be a Stage, its number or its name; got dtype float64.",
        ),
        (
            lambda: aware.set("stage", "unaware"),
            f"stage of resident {who} cannot be unaware: she has been aware since day {day}.",
        ),
    ]
    for call, sentence in cases:
        with pytest.raises(ks.ParameterError) as raised:
            call()
        assert str(raised.value) == sentence
    with pytest.raises(AttributeError) as missing:
        residents.evidence = 3
    assert str(missing.value) == "A column is written with set('evidence', values)."
    assert not hasattr(residents, "nothing_of_the_sort")
    assert issubclass(UnknownColumn, AttributeError)
    pd.testing.assert_frame_equal(state(model), before)


def test_a_view_is_pickled_with_its_selection(model: CountyModel) -> None:
    some = model.residents.select(stage="customer")
    for other in (pickle.loads(pickle.dumps(some)), copy.copy(some)):
        pd.testing.assert_frame_equal(other.to_frame(), some.to_frame())
    assert repr(some).startswith(f"<{len(some)} of 2,000 residents after day 6; columns stage, evidence, ")


def test_a_users_own_network_and_columns() -> None:
    rng = np.random.default_rng(1)
    n = 60
    people = pd.DataFrame({
        "segment": rng.choice(["b", "c"], n),
        "income": rng.lognormal(size=n),
        "community": rng.integers(0, 3, n),
    })
    ties = pd.DataFrame({"source": rng.integers(0, n, 400), "target": rng.integers(0, n, 400)})
    ties = ties[ties["source"] != ties["target"]].drop_duplicates()
    world = ks.County.from_ties(ties, kocs=[0, 1, 2], residents=people)
    model = CountyModel(county=world, rng=1, koc_class={2: Loud})
    model.run_days(3)
    residents = model.residents
    assert residents.columns[-2:] == ["segment", "income"]
    assert residents.groupby("segment").count() == people["segment"].value_counts().to_dict()
    rich = residents.select(lambda r: r.income > 1, segment="b")
    assert rich.index.tolist() == people.query("income > 1 and segment == 'b'").index.tolist()
    rows = rich.get(["segment", "kocs"])
    assert rows.tolist() == rich.to_frame(["segment", "kocs"]).to_numpy(object).tolist()
    assert residents.select(segment=["b", "c"]).index.size == n
    with pytest.raises(ks.DataError) as raised:
        CountyModel(county=ks.County.from_ties(ties, residents=people.rename(columns={"income": "kocs"})))
    assert str(raised.value) == (
        "The county's column 'kocs' has the name of a column that every run has; rename it."
    )
