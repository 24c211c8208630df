"""The comparison of operating models runs, goes on after being cut off, and compares at equal budget."""

from __future__ import annotations

import math
import re
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
    differences,
    interval,
    known,
    overtaken,
    run_all,
    sized,
)
from experiments.operating_models.questions import QUESTIONS, Decides, verdict
from kocsim.ensemble import engine
from kocsim.errors import ParameterError

FOLDER = Path(__file__).parents[1] / "experiments" / "operating_models"
SMALL = ["--residents", "3000", "--replicates", "2", "--days", "30", "--budget", "100000", "--workers", "0"]
each_model = pytest.mark.parametrize("model", MODELS)


def test_a_command_says_the_same_again_without_running_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What sweeps survive is tested in test_survival; here, that the command is one."""
    told = []
    for folder, workers in (("one", "1"), ("one", "2"), ("two", "2")):
        assert run.main([*SMALL, "--workers", workers, "--out", str(tmp_path / folder)]) == 0
        out, progress = capsys.readouterr()
        told.append(out.replace(str(tmp_path / folder), ""))
        assert ("100%" in progress) and ("run/s" in progress or "s/run" in progress or "6/6" in progress)
    assert told[0] == told[1] == told[2]
    kept = [(tmp_path / folder / "3000-30-1-100000" / "table.parquet").read_bytes() for folder in ("one", "two")]
    assert kept[0] == kept[1]
    assert "leader less shop" in told[0] and "who overtakes whom" in told[0]
    assert (tmp_path / "one" / "operating_models.png").stat().st_size > 10_000


def test_ctrl_c_says_that_finished_runs_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.Engine, "run", interrupted)
    assert run.main([*SMALL, "--out", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


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
    whole, part = ks.Scenario.preset(model), sized(ks.Scenario.preset(model), residents)
    assert part.management.care() == pytest.approx(whole.management.care())
    assert part.management.wage / part.management.span == pytest.approx(whole.management.wage / whole.management.span)
    assert part.money.budget / residents == pytest.approx(whole.money.budget / MILLION)
    assert (part.kocs / residents, part.shops / residents) == (0.01, 0.0005)
    if residents == MILLION:
        assert part == whole


def test_a_parameter_out_of_range_is_refused_before_anything_is_scaled() -> None:
    with pytest.raises(ParameterError, match=r"money\.rent"):
        sized(ks.Scenario.preset("shop"), 20_000, **{"money.rent": -1.0})


# ---- equal budget


@each_model
def test_no_model_spends_more_than_it_has(model: str) -> None:
    """On no day has the network cost more than the budget so far; but for the last manager, whom the purse does not ask
    for (`kocsim.sellers.Sellers._upkeep` is a KOC's share of one), what runs on fits into a day's budget."""
    shops = {} if model == "leader" else {"shop_visit.display": 1.0, "shop_visit.pace": 2000.0}
    scenario = sized(ks.Scenario.preset(model), 5000, **{"money.budget": 60_000.0, "management.span": 200} | shops)
    result = Lab(5000, 3).run(scenario, 60)
    days = np.arange(1, 61)
    paid = result.ledger["amount"].unstack("account")[list(NETWORK)]
    spent = paid.sum(axis=1).cumsum().to_numpy()
    budget, manager = (round(yuan * 100) for yuan in (scenario.money.budget, scenario.management.wage))
    assert (spent <= (budget + manager) * days).all()
    assert paid[["rent", "staff", "phones"]].sum(axis=1).max() <= budget + manager
    assert spent[-1] > 0
    assert (paid["rent"].sum() > 0) == (model != "leader") == (paid["opening"].sum() > 0)
    record = Record(models.figures(result), {name: curve(result) for name, curve in models.CURVES.items()})
    assert record.figures["spent of budget"] == pytest.approx(spent[-1] / (scenario.money.budget * 100 * 60))
    assert record.daily["spent"][-1] * 5000 == pytest.approx(spent[-1] / 100)


# ---- figures


def test_figures_of_a_run_are_those_of_its_tables() -> None:
    result = Lab(4000, 1).run(sized(ks.Scenario.preset("leader"), 4000, **{"recruiting.start": 0.5}), 56)
    record = Record(models.figures(result), {name: curve(result) for name, curve in models.CURVES.items()})
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
    stay = {"recruiting.start": 1.0, "leaving.base": 0.0, "leaving.pressure": 0.0}
    result = Lab(3000, 1).run(sized(ks.Scenario.preset("leader"), 3000, **stay), 40)
    assert models.figures(result)["income a day"] == pytest.approx(result.kocs["income"].median() / 100 / 40)
    over = (result.kocs["income"] / 100 / 40 / result.kocs["wants"]).median()
    assert models.figures(result)["earns over wants"] == pytest.approx(over)


@pytest.mark.parametrize(("first", "second", "day"), [
    ([0, 0, 0], [1, 2, 3], 1), ([1, 2, 3], [0, 2, 4], 3), ([0, 3, 3], [1, 1, 4], 3), ([1, 2, 3], [1, 2, 3], math.inf),
    ([1, 2, 3], [2, 3, 3], math.inf),
])
def test_overtaken_from_the_day_on_which_it_is_for_good(first: list[int], second: list[int], day: float) -> None:
    assert overtaken(np.array(first), np.array(second)) == day


def test_overtaking_is_that_of_the_package() -> None:
    lab = Lab(3000, 2)
    runs = [lab.run(sized(ks.Scenario.preset(name), 3000, **{"recruiting.start": start}), 40) for name, start in
            (("shop", 0.05), ("leader", 0.3))]
    got = overtaken(*(models.orders(run) for run in runs))
    assert got == ks.measures.overtaking_day(*runs, column="orders") < math.inf


def test_intervals_and_differences_leave_out_what_cannot_tell() -> None:
    assert known([1.0, math.nan, math.inf, 2.0]) == [1.0, 2.0]
    low, high = interval(Estimate.of([1.0, 2.0, 3.0]))
    assert (low + high) / 2 == pytest.approx(2) and high - 2 == pytest.approx(4.302653 / math.sqrt(3))
    assert differences([1.0, math.nan, 5.0], [0.0, 1.0, 2.0]) == Estimate.of([1.0, 3.0])
    assert differences([1.0, math.nan], [0.0, 1.0]) is None


# ---- records and questions


def test_records_are_those_of_runs(tmp_path: Path) -> None:
    scenario = sized(ks.Scenario.preset("shop"), 2000).replace(days=3)
    asked = {"shop": scenario, "dear": scenario.replace(money={"rent": 51.0}, days=2)}
    found = run_all(asked, 2, 5, tmp_path, 0)
    table = ks.open_sweep(tmp_path).table
    for name, records in found.items():
        seeds = table.loc[table["scenario"] == name, "seed"]
        for record, seed in zip(records, seeds, strict=True):
            result = ks.simulate(asked[name], seed=seed, progress=False)
            assert record.figures == pytest.approx(models.figures(result), nan_ok=True)
            assert record.daily["cash"].tolist() == models.cash_so_far(result).tolist()
            assert len(record.daily["spent"]) == asked[name].days


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
    asked = QUESTIONS[claim].scenarios(20_000)
    assert len(set(asked.values())) == len(asked) >= 3


def test_a_question_prints_its_table_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here one of twenty days, and of three settings."""
    asked = questions.QUESTIONS["C36"]
    few = dict(list(asked.settings().items())[:3])
    monkeypatch.setitem(questions.QUESTIONS, "C36", asked._replace(settings=lambda: few, days=20))
    assert questions.main(["C36", *SMALL[:4], "--workers", "0", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert all(f"\n| {setting} | " in told for setting in few)
    sentence = r"\*\*C36 (holds|fails|undecided)\*\*: share aware after 26 weeks, one shop alone: \d\.\d+ ± "
    assert re.search(sentence, told)
