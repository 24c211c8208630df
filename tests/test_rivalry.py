"""Several brands in one county: the reference, what rivals share, who works for whom, and bad input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import kocsim as ks
import kocsim.simulation
from kocsim.mechanisms.rivals import Rivals
from kocsim.reference.competing import compete
from kocsim.sellers import ACTIVE
from tests.test_reference import assert_same_day

BUSY = ks.Scenario.preset("full").replace(
    residents=900, kocs=40, shops=4, friends={"koc_median": 60.0}, purchase={"first": 0.5, "repeat": 0.4},
    need={"rate": 0.3}, recruiting={"start": 0.5, "firm": 0.7, "leader": 0.1}, leaving={"base": 0.05},
    advertising={"budget": 10.0})
PLAIN = ks.Scenario(
    residents=3000, kocs=30, shops=3, friends={"koc_median": 200.0}, purchase={"first": 0.5}, need={"rate": 0.3},
    identification={"absolute": 0.3}, attribution={"track": True})


@pytest.fixture(autouse=True, scope="module")
def threads_for_small_counties() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kocsim.simulation, "RESIDENTS_A_THREAD", 1)
        yield


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(PLAIN, seed=1)


@pytest.mark.parametrize(("seed", "late", "rules"), [
    (1, 1, {"multihome": 0.3, "defect": 0.7, "habit": 0.5}), (2, 4, {"defect": 1.0}), (3, 3, {"multihome": 1.0}),
])
def test_rivals_equal_the_reference(seed: int, late: int, rules: dict[str, float]) -> None:
    """Every resident of every brand on every day, with everything switched on, at 1 and 3 threads."""
    track = {"track": True}
    cheap = BUSY.replace(price={"price": 12.0}, event={"day": 2, "every": 5, "days": 2, "discount": 0.3})
    brands = {"a": BUSY, "b": cheap, "c": BUSY.replace(recruiting={"start": 0.1})}
    enters = {"a": 1, "b": late, "c": 2}
    county = ks.County.generate(BUSY, seed=seed)
    expected = compete(
        {name: one.replace(attribution=track) for name, one in brands.items()}, county, seed, 12, enters,
        Rivals().replace(**rules))
    for threads in (1, 3):
        rivalry = ks.Rivalry(brands, county, seed, enters, threads, debug=True, **rules)
        for day in range(1, 13):
            for name, row in rivalry.step().items():
                assert_same_day(rivalry.runs[name], row, expected[name][day - enters[name]])


def test_before_a_rival_comes_the_brand_is_alone(county: ks.County) -> None:
    """Its first days are those of a run without rivals, resident by resident."""
    alone = ks.Simulation(PLAIN, county, seed=5)
    rivalry = ks.Rivalry({"first": PLAIN, "second": PLAIN}, county, 5, {"second": 9})
    for _ in range(8):
        assert rivalry.step()["first"] == alone.step()
    assert rivalry.runs["first"].record.digest() == alone.record.digest()
    rivalry.step()
    assert rivalry.runs["first"].record.digest() != alone.record.digest()


def test_a_need_is_met_once(county: ks.County) -> None:
    rivalry = ks.Rivalry({"a": PLAIN, "b": PLAIN}, county, 1, multihome=1.0, debug=True)
    both = 0
    for _ in range(40):
        rivalry.step()
        a, b = (run.ordered for run in rivalry.runs.values())
        assert not (a & b).any()
        both += bool(a.any() and b.any())
    assert both > 20, "both brands sell"


def test_an_equal_rival_takes_about_half(county: ks.County) -> None:
    """Equal brands, whose KOCs work for both: neither is ahead by more than luck; together they outsell one."""
    orders = []
    for seed in range(6):
        run = ks.compete({"a": PLAIN, "b": PLAIN}, county, seed, 60, progress=False, multihome=1.0)
        orders.append(run.shares.groupby("brand")["orders"].sum().to_numpy())
    difference = np.diff(np.array(orders), axis=1)[:, 0]
    assert abs(difference.mean()) < 3 * difference.std(ddof=1) / np.sqrt(len(difference)) + 1
    alone = ks.simulate(PLAIN, county, seed=0, days=60, progress=False).daily["orders"].sum()
    assert max(orders[0]) < alone


def test_habit_and_price_decide_by_their_signs(county: ks.County) -> None:
    """An entrant gets less where habit weighs more, and more where its price is lower."""
    def entrant(price: float = 20.0, **rules: float) -> float:
        brands = {"old": PLAIN, "new": PLAIN.replace(price={"price": price})}
        result = ks.compete(brands, county, 3, 60, {"new": 21}, progress=False, multihome=1.0, **rules)
        return float(result.shares["share"].unstack().iloc[-20:]["new"].mean())

    assert entrant(habit=0.0) > entrant(habit=5.0) + 0.05
    assert entrant(price=10.0) > entrant() + 0.05
    assert entrant(price=10.0, switching=0.0) == pytest.approx(entrant(switching=0.0))


def test_who_works_for_whom(county: ks.County) -> None:
    """Without multihoming no KOC works for two at a time; with it those of the lot do."""
    some = PLAIN.replace(recruiting={"start": 0.4, "firm": 1.0}, leaving={"base": 0.05})
    for share in (0.0, 0.5, 1.0):
        rivalry = ks.Rivalry({"a": some, "b": some}, county, 2, multihome=share)
        shared = np.zeros(county.koc.size, bool)
        for _ in range(30):
            rivalry.step()
            states = [run.sellers.state == ACTIVE for run in rivalry.runs.values()]  # type: ignore[union-attr]
            shared |= states[0] & states[1]
        assert shared.any() == (share > 0)
        assert not shared[~rivalry._multihome].any()


def test_defectors_take_their_audience_over(county: ks.County) -> None:
    old = PLAIN.replace(leaving={"base": 0.1})
    new = PLAIN.replace(recruiting={"start": 0.0, "firm": 0.0, "select": "customers"})
    active = []
    for defect in (0.0, 1.0):
        result = ks.compete({"old": old, "new": new}, county, 1, 30, progress=False, defect=defect)
        active.append(int(result.shares["kocs"].unstack()["new"].iloc[-1]))
        gone = int(result.results["old"].daily["departures"].iloc[:-1].sum())
    assert active[0] == 0
    assert 0 < active[1] == gone


def test_concentration() -> None:
    import pandas as pd

    index = pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["day", "brand"])
    shares = pd.DataFrame({"share": [1.0, 0.0, 0.5, 0.5]}, index=index)
    assert ks.Competition({}, shares).concentration().tolist() == [1.0, 0.5]


def test_a_competition_can_be_saved(county: ks.County, tmp_path) -> None:  # type: ignore[no-untyped-def]
    result = ks.compete({"a": PLAIN, "b": PLAIN}, county, 1, 3, progress=False)
    folder = result.save(tmp_path / "out")
    assert ks.Result.load(folder / "b").digest() == result.results["b"].digest()
    assert "shares of orders a" in repr(result)


@pytest.mark.parametrize(("arguments", "sentence"), [
    ({"brands": {"a": PLAIN}}, "brands must map 2 to 8 names"),
    ({"enters": {"c": 3}}, "enters must name brands"),
    ({"enters": {"a": 0}}, "must be a whole number in"),
    ({"enters": {"a": 2, "b": 2}}, "one brand to begin on day 1"),
    ({"brands": {"a": PLAIN, "b": PLAIN.replace(kocs=3)}}, "All brands must be of one world; kocs is 30"),
    ({"habit": -1.0}, "habit must lie in"),
    ({"loyalty": 1.0}, "There is no parameter"),
])
def test_bad_input_is_one_sentence(county: ks.County, arguments: dict[str, object], sentence: str) -> None:
    given = {"brands": {"a": PLAIN, "b": PLAIN}, "county": county, "seed": 1} | arguments
    with pytest.raises(ks.ParameterError, match=sentence):
        ks.Rivalry(**given)  # type: ignore[arg-type]
