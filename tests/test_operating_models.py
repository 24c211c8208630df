"""The comparison of operating models runs, goes on after being cut off, and compares at equal budget."""

from __future__ import annotations

import math
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import kocsim as ks
from experiments.claims.lab import Estimate, Lab
from experiments.operating_models import models, questions, run
from experiments.operating_models.models import (
    MILLION,
    MODELS,
    NETWORK,
    Record,
    Task,
    differences,
    interval,
    known,
    measure,
    overtaken,
    run_all,
    sized,
)
from experiments.operating_models.questions import QUESTIONS, Decides, verdict
from kocsim.errors import ParameterError

FOLDER = Path(__file__).parents[1] / "experiments" / "operating_models"
SMALL = ["--residents", "3000", "--replicates", "2", "--days", "30", "--budget", "100000", "--threads", "1"]
each_model = pytest.mark.parametrize("model", MODELS)


def test_a_killed_command_goes_on_and_says_what_one_go_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed after its second run, it takes up what is done and leaves it as it is; two runs at a time say the same."""
    killed = subprocess.Popen(
        [sys.executable, str(FOLDER / "run.py"), *SMALL, "--out", str(tmp_path / "cut")], stderr=subprocess.PIPE)
    while len(list((tmp_path / "cut").glob("*.json"))) < 2:
        assert killed.poll() is None, killed.communicate()[1]
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cut").glob("*.json")}
    assert 2 <= len(kept) < 6
    told = []
    for folder, threads in (("cut", "1"), ("whole", "2")):
        assert run.main([*SMALL, "--threads", threads, "--out", str(tmp_path / folder)]) == 0
        out, progress = capsys.readouterr()
        told.append(out.replace(str(tmp_path / folder), ""))
        assert f"6 runs, {len(kept) if folder == 'cut' else 0} of them done before" in progress
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert told[0] == told[1]
    for path in (tmp_path / "cut").glob("*.json"):
        assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
    assert "leader less shop" in told[0] and "who overtakes whom" in told[0]
    assert (tmp_path / "cut" / "operating_models.png").stat().st_size > 10_000


def test_ctrl_c_says_that_finished_runs_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = models._write

    def interrupted(path: Path, record: models.Record) -> None:
        written(path, record)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(models, "_write", interrupted)
    assert run.main([*SMALL, "--out", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("script", "arguments", "sentence"), [
    (run, ["--replicates", "1"], "--replicates must be at least 2, for a standard error; got 1"),
    (run, ["--residents", "100"], "--residents must be at least 2000, so that there is a shop; got 100"),
    (run, ["--budget", "0"], "--budget must be above 0, or there is nothing to compare at; got 0"),
    (questions, ["--days"], "unrecognized arguments: --days"),
    (questions, ["C999"], "there is no question 'C999' here; there are C26, C29"),
])
def test_what_cannot_be_run_is_refused_in_a_sentence(
    script: ModuleType, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        script.main(arguments)
    assert sentence in capsys.readouterr().err


# ---- presets and scale


def test_the_three_presets_share_world_buyers_and_budget() -> None:
    """What differs are shops, leaders, and how the firm holds them: nothing of the county or of how residents buy."""
    presets = [ks.Scenario.preset(name) for name in MODELS]
    alike = (
        "residents", "kocs", "shops", "population", "friends", "groups", "shop", "need", "price", "purchase",
        "response", "attention", "identification", "posting", "content", "trust", "sharing", "moments", "group_chat",
        "attribution")
    for name in alike:
        first, *others = (getattr(preset, name) for preset in presets)
        assert all(other == first for other in others), name
    assert len({preset.money.budget for preset in presets}) == 1 and presets[0].money.budget > 0
    shop, leader, hybrid = presets
    assert shop.shop_visit.display and hybrid.shop_visit.display and not leader.shop_visit.display
    assert leader.recruiting == hybrid.recruiting and leader.recruiting.firm > shop.recruiting.firm
    assert shop.recruiting.leader == 0 < leader.recruiting.leader
    assert (shop.leaving.owner, leader.leaving.owner, hybrid.leaving.owner) == ("firm", "koc", "koc")
    assert (shop.money.rent, shop.money.opening) == (hybrid.money.rent, hybrid.money.opening) != (0, 0)


@each_model
@pytest.mark.parametrize("residents", [MILLION, 100_000, 20_000])
def test_scaled_managers_give_the_same_care_for_the_same_money(model: str, residents: int) -> None:
    whole, part = ks.Scenario.preset(model), sized(model, residents)
    assert part.management.care() == pytest.approx(whole.management.care())
    assert part.management.wage / part.management.span == pytest.approx(whole.management.wage / whole.management.span)
    assert part.money.budget / residents == pytest.approx(whole.money.budget / MILLION)
    assert (part.kocs / residents, part.shops / residents) == (0.01, 0.0005)
    if residents == MILLION:
        assert part == whole


def test_a_parameter_out_of_range_is_refused_before_anything_is_scaled() -> None:
    with pytest.raises(ParameterError, match=r"money\.rent"):
        sized("shop", 20_000, **{"money.rent": -1.0})


# ---- equal budget


@each_model
def test_no_model_spends_more_than_it_has(model: str) -> None:
    """On no day has the network cost more than the budget so far; but for the last manager, whom the purse does not ask
    for (`kocsim.sellers.Sellers._upkeep` is a KOC's share of one), what runs on fits into a day's budget."""
    shops = {} if model == "leader" else {"shop_visit.display": 1.0, "shop_visit.pace": 2000.0}
    scenario = sized(model, 5000, **{"money.budget": 60_000.0, "management.span": 200} | shops)
    result = Lab(5000, 3).run(scenario, 60)
    days = np.arange(1, 61)
    paid = result.ledger["amount"].unstack("account")[list(NETWORK)]
    spent = paid.sum(axis=1).cumsum().to_numpy()
    budget, manager = (round(yuan * 100) for yuan in (scenario.money.budget, scenario.management.wage))
    assert (spent <= (budget + manager) * days).all()
    assert paid[["rent", "staff", "phones"]].sum(axis=1).max() <= budget + manager
    assert spent[-1] > 0
    assert (paid["rent"].sum() > 0) == (model != "leader") == (paid["opening"].sum() > 0)
    record = measure(result)
    assert record.figures["spent of budget"] == pytest.approx(spent[-1] / (scenario.money.budget * 100 * 60))
    assert record.daily["spent"][-1] * 5000 == pytest.approx(spent[-1] / 100)


# ---- figures


def test_figures_of_a_run_are_those_of_its_tables() -> None:
    result = Lab(4000, 1).run(sized("leader", 4000, **{"recruiting.start": 0.5}), 56)
    record = measure(result)
    won = int(result.daily["new_customers"].sum())
    assert won > 0
    assert record.figures["customers, 4 weeks"] == result.daily["new_customers"].head(28).sum() / 4
    assert record.figures["customers"] == won / 4 == record.daily["customers"][-1]
    assert math.isnan(record.figures["customers, 12 weeks"])
    assert record.figures["profit"] == pytest.approx(ks.measures.profit(result))
    assert record.figures["Gini"] == ks.measures.koc_gini(result)
    cost = result.ledger["amount"].unstack("account")[["commission", "recruiting", "staff"]].sum().sum() / 100
    assert record.figures["cost a customer"] == pytest.approx(cost / won)
    state = result.kocs["state"]
    assert record.figures["left"] == (state == "left").sum() / (state != "candidate").sum() > 0


def test_income_a_day_counts_days_as_koc_only() -> None:
    """Where everybody is a KOC from the first day and stays, it is income over days."""
    result = Lab(3000, 1).run(
        sized("leader", 3000, **{"recruiting.start": 1.0, "leaving.base": 0.0, "leaving.pressure": 0.0}), 40)
    assert measure(result).figures["income a day"] == pytest.approx(result.kocs["income"].median() / 100 / 40)
    over = (result.kocs["income"] / 100 / 40 / result.kocs["wants"]).median()
    assert measure(result).figures["earns over wants"] == pytest.approx(over)


@pytest.mark.parametrize(("first", "second", "day"), [
    ([0, 0, 0], [1, 2, 3], 1), ([1, 2, 3], [0, 2, 4], 3), ([0, 3, 3], [1, 1, 4], 3), ([1, 2, 3], [1, 2, 3], math.inf),
    ([1, 2, 3], [2, 3, 3], math.inf),
])
def test_overtaken_from_the_day_on_which_it_is_for_good(first: list[int], second: list[int], day: float) -> None:
    assert overtaken(np.array(first), np.array(second)) == day


def test_overtaking_is_that_of_the_package() -> None:
    lab = Lab(3000, 2)
    runs = [lab.run(sized(name, 3000, **{"recruiting.start": start}), 40) for name, start in
            (("shop", 0.05), ("leader", 0.3))]
    kept = [measure(run) for run in runs]
    got = overtaken(kept[0].daily["orders"], kept[1].daily["orders"])
    assert got == ks.measures.overtaking_day(*runs, column="orders") < math.inf


def test_intervals_and_differences_leave_out_what_cannot_tell() -> None:
    assert known([1.0, math.nan, math.inf, 2.0]) == [1.0, 2.0]
    low, high = interval(Estimate.of([1.0, 2.0, 3.0]))
    assert (low + high) / 2 == pytest.approx(2) and high - 2 == pytest.approx(4.302653 / math.sqrt(3))
    assert differences([1.0, math.nan, 5.0], [0.0, 1.0, 2.0]) == Estimate.of([1.0, 3.0])
    assert differences([1.0, math.nan], [0.0, 1.0]) is None


# ---- records and questions


def test_a_record_is_for_one_scenario_seed_and_length(tmp_path: Path) -> None:
    scenario = sized("shop", 2000)
    one = Task("shop", scenario, 1, 2)
    others = [one._replace(seed=2), one._replace(days=3), one._replace(scenario=scenario.replace(money={"rent": 51.0}))]
    assert len({task.path(tmp_path) for task in (one, *others)}) == 4
    first, second = run_all([one, one], tmp_path, 1)
    assert first.figures.keys() == second.figures.keys() and len(list(tmp_path.iterdir())) == 1
    assert isinstance(first, Record) and len(first.daily["cash"]) == 2


def test_verdicts_need_three_standard_errors() -> None:
    question = QUESTIONS["C29"]
    sure, unsure = [1.0, 1.1, 0.9, 1.05], [1.0, -1.0, 3.0, 0.1]
    no = [-value for value in sure]
    assert verdict(question, [Decides("a", sure), Decides("b", sure)]) == "holds"
    assert verdict(question, [Decides("a", sure), Decides("b", no)]) == "fails"
    assert verdict(question, [Decides("a", sure), Decides("b", unsure)]) == "undecided"
    assert verdict(question, [Decides("a", sure, 1.0)]) == "undecided"


@pytest.mark.parametrize("claim", QUESTIONS)
def test_questions_can_be_asked(claim: str) -> None:
    """Each setting is a scenario, and no two settings of a question are alike."""
    tasks = QUESTIONS[claim].tasks(20_000, [1])
    assert len({task.scenario.to_toml() for (task,) in tasks.values()}) == len(tasks) >= 3


def test_a_question_prints_its_table_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here one of twenty days, and of three settings."""
    asked = questions.QUESTIONS["C36"]
    few = dict(list(asked.settings().items())[:3])
    monkeypatch.setitem(questions.QUESTIONS, "C36", asked._replace(settings=lambda: few, days=20))
    assert questions.main(["C36", *SMALL[:4], "--threads", "1", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert all(f"\n| {setting} | " in told for setting in few)
    sentence = r"\*\*C36 (holds|fails|undecided)\*\*: share aware after 26 weeks, one shop alone: \d\.\d+ ± "
    assert re.search(sentence, told)
