"""One resident's day is told as it was: in random worlds, with every mechanism, and in a county of a million."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kocsim as ks
from kocsim.explaining import WORDS, Explanation, Window
from kocsim.stages import Stage
from tests.worlds import scenarios

HAMLET = ks.Scenario(residents=30, kocs=2, shops=1, days=10)


def run(scenario: ks.Scenario, days: int, seed: int = 4, **how: Any) -> ks.Simulation:
    simulation = ks.Simulation(scenario, seed=seed, **how)
    for _ in range(days):
        simulation.step()
    return simulation


def states(scenario: ks.Scenario, days: int, seed: int = 4) -> list[tuple[np.ndarray, ...]]:
    """Stage, evidence, sources, KOCs of everybody, morning by morning and in the last evening."""
    simulation = ks.Simulation(scenario, seed=seed)
    out = []
    for day in range(days + 1):
        out.append((simulation.stage.copy(), simulation.evidence.copy(), simulation.sources.copy()))
        if day < days:
            simulation.step()
    return out


def test_every_day_of_everybody_in_a_hamlet() -> None:
    """What is told is what was: stages and evidence before and after, and the sum of what was seen."""
    eager = HAMLET.replace(identification={"absolute": 0.3}, purchase={"first": 0.9})
    known = states(eager, 10)
    model = run(eager, 10)
    moved: Counter[tuple[Stage, Stage]] = Counter()
    for i, day in itertools.product(range(30), range(1, 11)):
        told = model.explain(i, day)
        (stage, evidence, sources), (then, later, more) = known[day - 1], known[day]
        assert (told.stage_before, told.stage_after) == (stage[i], then[i])
        assert (np.float32(told.evidence_before), np.float32(told.evidence_after)) == (evidence[i], later[i])
        assert told.threshold == model.threshold[i]
        gains = told.gains
        kept = told.evidence_before * 2 ** (-1 / 30)
        assert told.evidence_kept == pytest.approx(kept)
        assert told.evidence_after == pytest.approx(kept + gains["evidence"].sum(), abs=1e-6)
        assert (gains["weight"] * gains["factor"]).to_numpy() == pytest.approx(gains["evidence"].to_numpy())
        new = gains[gains["role"] != "heard before"]
        assert len(new) == more[i] - sources[i] and new["source"].is_unique
        moved[told.stage_before, told.stage_after] += 1
    assert len(moved) >= 5


def test_delivered_posts_are_those_that_arrived() -> None:
    model = run(HAMLET.replace(residents=300, kocs=12), 6)
    seen = 0
    for i in range(0, 300, 7):
        told = model.explain(i, 5)
        table = told.delivered
        assert len(table[table["fate"] == "seen"]) == len(told.gains)
        assert told.arrived == pytest.approx(sum(h.post.load for h in told.heard) / 256)
        assert told.share == pytest.approx(min(1, told.budget / (told.background + told.arrived)))
        looked = table["channel"].map({"Moments": told.looked["moments"], "GroupChat": told.looked["group_chat"]})
        by_luck = looked.astype(bool) & (table["drawn"] < table["chance"])
        assert (by_luck == (table["fate"] == "seen")).all()
        assert set(table["fate"]) <= {"seen", "did not look", "passed over"}
        seen += len(told.gains)
    assert seen > 20


def test_draws_of_orders_are_told() -> None:
    model = run(HAMLET.replace(purchase={"first": 0.9, "repeat": 0.9}, identification={"absolute": 0.05}), 10)
    bought = np.flatnonzero((model.day_customer >= 1) & (model.day_customer <= 10))
    assert bought.size > 3
    for i in bought.tolist():
        draws = model.explain(i, int(model.day_customer[i])).draws.set_index("decision")
        assert draws.loc["need", "happened"] and draws.loc["buy", "happened"]
        assert draws.loc["buy", "chance"] == pytest.approx(0.9) and draws.loc["buy", "drawn"] < 0.9


@settings(max_examples=25, deadline=None)
@given(scenario=scenarios(residents=60), seed=st.integers(0, 2**32), who=st.data())
def test_any_day_in_any_world(scenario: ks.Scenario, seed: int, who: st.DataObject) -> None:
    """Every mechanism, in every mixture: the telling compares itself with the kernels and raises where it differs."""
    model = run(scenario, 7, seed)
    for _ in range(6):
        i, day = who.draw(st.integers(0, model.county.n - 1)), who.draw(st.integers(1, 7))
        told = model.explain(i, day)
        assert f"Resident {i}, day {day}: {WORDS[told.stage_before]} in the morning" in repr(told)


@pytest.mark.parametrize("preset", ["full", "hybrid"])
def test_days_with_every_mechanism(preset: str) -> None:
    scenario = ks.Scenario.preset(preset).replace(residents=2_000, kocs=40, shops=3)
    known = states(scenario, 12)
    model = run(scenario, 12)
    seen = 0
    for i in range(0, 2_000, 83):
        told = model.explain(i, 12)
        assert (told.stage_before, told.stage_after) == (known[11][0][i], known[12][0][i])
        assert np.float32(told.evidence_after) == known[12][1][i]
        seen += len(told.gains)
        if told.decisions is None:
            with pytest.raises(ks.DataError, match="Orders are told only where all residents buy alike"):
                _ = told.draws
    assert seen > 5


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_matter(threads: int) -> None:
    scenario = ks.Scenario(residents=45_000, kocs=450, shops=20)
    assert repr(run(scenario, 3, threads=threads).explain(44_444)) == repr(run(scenario, 3, threads=1).explain(44_444))


# ---- in Mesa, with rules, policies and agents


class Loud(ks.KOC):
    """Posts three times on every second day."""

    def decide(self) -> ks.Posts:
        return ks.Posts(moments=3 * (self.model.steps % 2), groups=0)


def test_agents_and_policies_are_repeated() -> None:
    model = ks.CountyModel(HAMLET.replace(residents=200, kocs=6), rng=4, koc_class={1: Loud, 3: Loud})
    model.kocs.select(lambda koc: koc.index == 5).do("remove")
    model.run_days(5)
    posts = model.explain(int(model.kocs[1].resident), 3)
    assert posts.day == 3
    for i in range(0, 200, 11):
        told = model.explain(i)
        assert told.day == 5 and told.evidence_after == pytest.approx(float(model.simulation.evidence[i]))

    def quiet(morning: ks.Morning) -> None:
        morning.moments[::2] = 0

    decided = run(HAMLET.replace(residents=200, kocs=6), 4, policy=quiet)
    assert all(decided.explain(i).evidence_after == decided.evidence[i] for i in range(0, 200, 9))


def test_a_rule_of_the_users_own_is_named() -> None:
    def two_voices(weighed: Any) -> Any:
        return weighed.sources >= 2

    model = run(HAMLET, 10, rule=two_voices)
    day = model.day_identified[(model.day_identified > 0) & (model.day_identified <= 10)].min()
    i = int(np.flatnonzero(model.day_identified == day)[0])
    assert "She is identified now: the rule two_voices decided." in repr(model.explain(i, int(day)))


def test_what_was_changed_by_hand_cannot_be_told() -> None:
    model = ks.CountyModel(HAMLET, rng=4)
    model.run_days(3)
    model.simulation.put(np.array([7]), Stage.IDENTIFIED)
    model.run_days(2)
    assert model.explain(7, 2).day == 2  # before that
    with pytest.raises(ks.DataError, match="Day 5 cannot be told: the run, repeated from its first day, is another"):
        model.explain(7, 5)

    calls = itertools.count()

    def forgetful(morning: ks.Morning) -> None:
        morning.moments[:] = 1 if next(calls) < 3 else 0

    changing = run(HAMLET.replace(residents=300, kocs=12), 4, policy=forgetful)
    with pytest.raises(ks.DataError, match="a policy or agents with a memory of their own"):
        changing.explain(3)


# ---- the check itself


@pytest.mark.parametrize("break_it", [
    lambda window: window.resident.__setattr__("evidence", window.resident.evidence + 0.01),
    lambda window: window.resident.seen.update({("koc", 10**6): 0}),
    lambda window: window.budget.__setitem__(window.i, window.budget[window.i] * 0.05),
    lambda window: window.trust.update(dict.fromkeys(window.trust, 1)),
])
def test_a_wrong_telling_is_noticed(break_it: Callable[[Window], None], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Window.__init__

    def broken(self: Window, simulation: ks.Simulation, i: int) -> None:
        whole(self, simulation, i)
        break_it(self)

    model = run(HAMLET.replace(residents=100, kocs=10, attention={"posts_per_day": 100.0}), 4)
    heard = next(i for i in range(100) if any(h.post.source[0] == "koc" and h.fate == "seen"
                                              for h in model.explain(i).heard))
    monkeypatch.setattr(Window, "__init__", broken)
    with pytest.raises(RuntimeError, match=rf"The day of resident {heard} cannot be told: the reference and the ker"):
        model.explain(heard)


@pytest.mark.parametrize(("asked", "words"), [
    ((30, 1), "resident must be a whole number in [0, 29]; got 30."),
    ((-1, 1), "resident must be a whole number in [0, 29]; got -1."),
    ((True, 1), "resident must be a whole number in [0, 29]; got True."),
    ((3, 0), "day must be a whole number in [1, 2]; got 0."),
    ((3, 3), "day must be a whole number in [1, 2]; got 3."),
    ((3, 1.5), "day must be a whole number in [1, 2]; got 1.5."),
])
def test_bad_input_is_refused_in_a_sentence(asked: tuple[Any, Any], words: str) -> None:
    with pytest.raises(ks.ParameterError) as error:
        run(HAMLET, 2).explain(*asked)
    assert str(error.value) == words
    with pytest.raises(ks.ParameterError, match="no day of this run is"):
        ks.Simulation(HAMLET, seed=1).explain(3)


def test_the_story_holds_the_numbers() -> None:
    model = run(HAMLET.replace(attention={"posts_per_day": 200.0}), 10)
    told = next(told for i in range(30) for told in [model.explain(i, 3)] if len(told.gains) > 1)
    assert isinstance(told, Explanation)
    text = repr(told)
    for row in told.gains.itertuples():
        assert f"{row.source} ({row.channel.replace('_', ' ')}), {row.role}: {row.weight:.3f} x" in text
    assert f"today: {told.evidence_after:.3f}." in text
    html = told._repr_html_()
    assert html.count("<tr>") == min(len(told.gains), 12) + 1 and f"day {told.day}" in html


@pytest.mark.slow
def test_in_a_county_of_a_million() -> None:
    """Run with -s to see how long it takes."""
    model = run(ks.Scenario.preset("paper"), 180)
    for day in (30, 180):
        who = int(np.flatnonzero(model.day_identified == day)[0])
        start = time.perf_counter()
        told = model.explain(who, day)
        print(f"day {day} of one of 1,000,000 residents: {time.perf_counter() - start:.1f} s")
        assert told.stage_before == Stage.AWARE and told.stage_after >= Stage.IDENTIFIED
        assert told.stage_after != Stage.IDENTIFIED or "evidence reaches her threshold" in repr(told)
