"""The life of KOCs and the firm's purse: neutral when off, of the sign and size that each definition demands."""

from __future__ import annotations

import dataclasses
import math
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kocsim as ks
import kocsim.simulation
from kocsim import measures
from kocsim.catchments import by_catchment
from kocsim.sellers import ACTIVE, CANDIDATE, KEPT, LEFT, Sellers
from kocsim.stages import NEVER, Stage

SMALL = ks.Scenario(
    residents=3000, kocs=30, shops=3, friends={"koc_median": 100.0}, purchase={"first": 0.5}, need={"rate": 0.2},
    identification={"absolute": 0.5}, attribution={"track": True})
LIVELY = SMALL.replace(
    recruiting={"start": 0.3, "firm": 0.7, "leader": 0.1, "cost": 40.0, "reward": 25.0, "override": 0.05, "fade": 0.9},
    leaving={"base": 0.01, "pressure": 0.05, "grace": 3, "opportunity": 2.0, "memory": 5.0},
    effort={"activity": 0.8, "response": 0.3}, salons={"every": 5, "cost": 3.0, "skill": 0.1},
    tiers={"every": 4, "elite": 0.3, "bonus": 0.05, "lock": 0.5}, management={"span": 4, "wage": 10.0},
    shop_visit={"display": 1.0, "pace": 1.0},
    money={"budget": 150.0, "rent": 7.0, "opening": 200.0, "phone": 0.35, "staff": 1.0})
"""Everything at once, in a county where it happens often."""
K = 4000
PRICE = round(SMALL.price.price * 100)
"""What an order brings in `SMALL`, fen."""


@pytest.fixture(autouse=True, scope="module")
def threads_for_small_counties() -> Iterator[None]:
    """Use all threads asked for, however few the residents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kocsim.simulation, "RESIDENTS_A_THREAD", 1)
        yield


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(SMALL, seed=1)


@pytest.fixture(scope="module")
def crowd() -> ks.County:
    """4,000 KOCs, each heard by the next."""
    who = np.arange(K)
    return ks.County.from_ties((who, (who + 1) % K), n=K, kocs=who)


@pytest.fixture(scope="module")
def star() -> ks.County:
    """One KOC, heard by 20,000 others over ties of strength 0.6."""
    n = 20_000
    return ks.County.from_ties(
        (np.zeros(n, int), np.arange(1, n + 1)), n=n + 1, kocs=[0], strength=np.full(n, 0.6))


def plain(**changes: Any) -> ks.Scenario:
    """Whatever is shown is seen; nobody needs or shares anything."""
    base = ks.Scenario.preset("mixed").replace(
        shops=0, moments={"view": 1.0, "visit": 1.0}, need={"rate": 0.0}, identification={"sigma": 0.0},
        posting={"moments": 1.0, "groups": 0.0}, sharing={"rate": 0.0}, purchase={"lapse": 0.0})
    return base.replace(**changes)


def run(scenario: ks.Scenario, county: ks.County, days: int, **options: Any) -> ks.Simulation:
    simulation = ks.Simulation(scenario, county, seed=3, debug=True, **options)
    for _ in range(days):
        simulation.step()
    return simulation


def sellers(simulation: ks.Simulation) -> Sellers:
    assert simulation.sellers is not None
    return simulation.sellers


def gone(simulation: ks.Simulation) -> set[tuple[int, int]]:
    """Who has left, and when."""
    left = sellers(simulation).left
    return {(k, int(left[k])) for k in np.flatnonzero(left != NEVER).tolist()}


def rows(simulation: ks.Simulation, column: str) -> list[int]:
    return [row[column] for row in simulation.record.rows]


def near(many: float, n: float, p: float) -> bool:
    """Whether a binomial count is within five standard deviations of its mean."""
    return bool(abs(many - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 1e-9)


def nothing(morning: ks.Morning) -> None:
    """A policy that decides nothing."""


# ---- off


@pytest.mark.parametrize("neutral", [
    {"recruiting": {"firm": 50.0, "leader": 1.0, "select": "contacts", "cost": 9.0, "reward": 9.0, "override": 0.5,
                    "fade": 0.1}},
    {"leaving": {"opportunity": 900.0, "sigma": 3.0, "memory": 1.0, "grace": 0, "owner": "firm", "handover": 0.0,
                 "keeper": 9.0}},
    {"salons": {"who": "elite", "cost": 900.0, "lift": 1.0, "half_life": 1.0, "skill": 1.0}},
    {"tiers": {"elite": 1.0, "bonus": 1.0, "lock": 1.0}},
    {"management": {"wage": 900.0, "half": 1.0, "control": 1.0, "drive": 1.0}},
    {"shop_visit": {"pace": 9.0}, "money": {"opening": 900.0}},
    # on, and of no effect: the same luck for everything else
    {"salons": {"every": 1, "cost": 0.0, "lift": 1.0, "skill": 0.5}},
    {"tiers": {"every": 2, "elite": 0.5, "lock": 1.0}},
    {"management": {"span": 5, "wage": 0.0}},
    {"money": {"budget": 1e6}},
    {"leaving": {"base": 1e-12, "owner": "firm", "handover": 0.0}},
    {"leaving": {"pressure": 1.0, "grace": 0, "opportunity": 0.0}},
    {"effort": {"response": 3.0}, "leaving": {"opportunity": 0.0}},
    {"tiers": {"every": 2}, "recruiting": {"firm": 9.0, "leader": 1.0, "cost": 9.0, "reward": 9.0, "override": 1.0}},
])
def test_what_is_off_leaves_draws_and_ledger_as_they_were(county: ks.County, neutral: dict[str, Any]) -> None:
    before = ks.simulate(SMALL, county, seed=1, days=15, progress=False)
    after = ks.simulate(SMALL.replace(**neutral), county, seed=1, days=15, progress=False, debug=True)
    assert after.digest() == before.digest()
    pd.testing.assert_frame_equal(after.ledger, before.ledger)
    pd.testing.assert_frame_equal(after.daily, before.daily)
    assert before.ledger["amount"].unstack()["commission"].sum() > 0


@pytest.mark.parametrize("scenario", [SMALL, LIVELY], ids=["plain", "lively"])
def test_a_policy_that_decides_nothing_is_neutral(county: ks.County, scenario: ks.Scenario) -> None:
    one, other = (
        ks.simulate(scenario, county, seed=1, days=15, progress=False, policy=policy) for policy in (None, nothing))
    assert one.digest() == other.digest()
    pd.testing.assert_frame_equal(one.ledger, other.ledger)


def test_a_pool_kept_at_full_trust_goes_on_as_if_nobody_had_left(county: ks.County) -> None:
    scenario = SMALL.replace(sharing={"rate": 0.0})
    kept = scenario.replace(leaving={"base": 0.2, "owner": "firm", "handover": 1.0})
    one, other = (ks.simulate(s, county, seed=1, days=15, progress=False, debug=True) for s in (scenario, kept))
    assert other.daily["departures"].sum() > 20
    assert one.digest() == other.digest()
    # ... and sells as much, of which those who have left get nothing
    commission = [of.ledger["amount"].unstack()["commission"].sum() for of in (one, other)]
    assert 0 < commission[1] < commission[0]


# ---- leaving


@pytest.mark.parametrize(("changes", "hazard"), [
    ({}, 0.02),
    ({"management": {"span": 30, "half": 30.0, "control": 0.8}}, 0.02 * 0.6),
    ({"salons": {"every": 1, "lift": 1.0, "cost": 0.0}}, 0.0),
])
def test_so_many_leave(crowd: ks.County, changes: dict[str, Any], hazard: float) -> None:
    simulation = run(plain(leaving={"base": 0.02}, **changes), crowd, 30)
    if "salons" in changes:  # the first salon comes after the first morning's departures; loyalty fades overnight
        loyalty = 2 ** (-1 / 60)
        assert near(rows(simulation, "departures")[0], K, 0.02)
        assert near(sum(rows(simulation, "departures")[1:]), K * 0.98, 1 - (1 - 0.02 * (1 - loyalty)) ** 29)
    else:
        assert near(sum(rows(simulation, "departures")), K, 1 - (1 - hazard) ** 30)
    stays = sellers(simulation).state == ACTIVE
    assert rows(simulation, "active_kocs")[-1] == stays.sum() == K - len(gone(simulation))


def test_income_falls_by_half_life_and_the_poor_leave(crowd: ks.County) -> None:
    """Nobody earns anything: the share of wants that mean income is falls to 2 ** (-(day - 1) / memory)."""
    memory, pressure, grace = 6.0, 0.1, 4
    scenario = plain(leaving={"pressure": pressure, "memory": memory, "grace": grace})
    departures = rows(run(scenario, crowd, 20), "departures")
    stay = K
    for day, left in enumerate(departures, 1):
        hazard = pressure * (1 - 2 ** (-(day - 1) / memory)) if day - 1 >= grace else 0.0
        assert near(left, stay, hazard), day
        stay -= left
    assert departures[:grace] == [0] * grace and stay < K / 2


@pytest.mark.parametrize(("base", "fewer"), [
    ({}, {"leaving.base": 0.03}),
    ({}, {"management.span": 10}),
    ({"management.span": 10}, {"management.control": 0.9}),
    ({"management.span": 10}, {"management.span": 5}),
    ({}, {"salons.every": 2}),
    ({"salons.every": 4}, {"salons.lift": 0.9}),
    ({"salons.every": 4}, {"salons.half_life": 600.0}),
    ({"tiers.every": 1, "tiers.elite": 1.0}, {"tiers.lock": 0.7}),
    ({}, {"leaving.pressure": 0.0}),
    ({}, {"leaving.grace": 12}),
    ({}, {"leaving.memory": 60.0}),
])
def test_what_holds_kocs_back_holds_back_some_of_those_who_left(
    crowd: ks.County, base: dict[str, Any], fewer: dict[str, Any]
) -> None:
    """By shared luck: who leaves at the lower hazard has left by then at the higher one."""
    scenario = plain(leaving={"base": 0.05, "pressure": 0.1, "grace": 2, "memory": 4.0}, salons={"cost": 0.0})
    scenario = scenario.replace(**base)
    more, less = (dict(gone(run(s, crowd, 12))) for s in (scenario, scenario.replace(**fewer)))
    assert all(more.get(k, NEVER) <= day for k, day in less.items())
    assert 0 < len(less) < len(more)


def test_dearer_time_makes_more_leave(county: ks.County) -> None:
    scenario = SMALL.replace(leaving={"pressure": 0.2, "grace": 5, "memory": 5.0, "sigma": 0.5})
    left = [
        sum(rows(run(scenario.replace(leaving={"opportunity": yuan}), county, 30), "departures"))
        for yuan in (0.01, 20.0, 2000.0)]
    assert left[0] < left[1] < left[2]


@pytest.mark.parametrize(("owner", "heard"), [("koc", 0), ("firm", 20_000)])
def test_whose_the_pool_is_decides_whether_it_falls_silent(star: ks.County, owner: str, heard: int) -> None:
    scenario = plain(leaving={"base": 1.0, "owner": owner, "keeper": 2.5}, money={"phone": 1.5})
    simulation = run(scenario, star, 4)
    assert rows(simulation, "koc_exposures") == [heard] * 4
    assert sellers(simulation).state.tolist() == [LEFT if owner == "koc" else KEPT]
    ledger = simulation.result().ledger["amount"].unstack()
    accounts = scenario.friends.koc_accounts
    assert (ledger["staff"] == (0 if owner == "koc" else 250)).all()
    assert (ledger["phones"] == (0 if owner == "koc" else 150 * accounts)).all()


@pytest.mark.parametrize("handover", [0.0, 0.3, 1.0])
def test_handing_over_costs_trust(star: ks.County, handover: float) -> None:
    simulation = run(plain(leaving={"base": 1.0, "owner": "firm", "handover": handover}), star, 3)
    trust = simulation.trust * 255
    expected = 153 * round(handover * 65536) / 65536
    assert abs(trust.mean() - expected) <= 5 * math.sqrt(1 / 4 / trust.size)
    assert set(trust.round()) <= {math.floor(expected), math.ceil(expected)}, "rounded by lot"


def test_those_who_left_and_candidates_share_like_anybody() -> None:
    """All are customers; of those who are no KOCs, a share `rate` posts."""
    who = np.arange(K)
    county = ks.County.from_ties((who, (who + 1) % K), n=K, kocs=who)
    for changes, expected in (
        ({}, 0.0), ({"recruiting.start": 0.0}, 0.3), ({"leaving.base": 1.0}, 0.3), ({"recruiting.start": 0.5}, 0.15),
        ({"leaving.base": 1.0, "leaving.owner": "firm"}, 0.3),
    ):
        simulation = ks.Simulation(plain(**{"sharing.rate": 0.3}, **changes), county, seed=3, debug=True)
        simulation.put(who, Stage.CUSTOMER)
        simulation.step()
        assert near(rows(simulation, "shares")[0], K, expected)


# ---- effort


@pytest.mark.parametrize(("changes", "share"), [
    ({"effort.activity": 0.4}, 0.4),
    ({"effort.activity": 0.0}, 0.0),
    ({"effort.activity": 0.4, "management.span": 15, "management.drive": 0.9}, 0.4 + 0.6 * 0.9 * 2 / 3),
    ({"effort.activity": 0.0, "leaving.base": 1.0, "leaving.owner": "firm"}, 1.0),
])
def test_kocs_work_on_so_many_days(crowd: ks.County, changes: dict[str, Any], share: float) -> None:
    simulation = run(plain(**changes), crowd, 10)
    assert near(sum(rows(simulation, "koc_posts")), 10 * K, share)


def test_effort_follows_income(crowd: ks.County) -> None:
    """Income halves every four days, and effort is the square root of what is left of it, in steps of 1/255."""
    simulation = run(plain(effort={"response": 0.5}, leaving={"memory": 4.0}), crowd, 16)
    for day, posts in enumerate(rows(simulation, "koc_posts"), 1):
        step = math.floor(2 ** (-(day - 1) / 4.0) * 255 + 1e-9)
        assert near(posts, K, math.sqrt(step / 255)) or near(posts, K, math.sqrt((step - 1) / 255)), day


# ---- recruiting


def test_the_firm_recruits_so_many_a_day_until_nobody_is_left(crowd: ks.County) -> None:
    simulation = run(plain(recruiting={"start": 0.9, "firm": 150.0, "cost": 2.5}), crowd, 5)
    assert rows(simulation, "recruits") == [150, 150, 100, 0, 0]
    assert rows(simulation, "active_kocs") == [3750, 3900, 4000, 4000, 4000]
    ledger = simulation.result().ledger["amount"].unstack()
    assert ledger["recruiting"].tolist() == [150 * 250, 150 * 250, 100 * 250, 0, 0]


def test_a_broken_number_is_kept_to_by_lot(crowd: ks.County) -> None:
    recruits = rows(run(plain(recruiting={"start": 0.0, "firm": 1.3}), crowd, 300), "recruits")
    assert set(recruits) == {1, 2} and near(sum(recruits) - 300, 300, 0.3)


def test_the_best_connected_first(county: ks.County) -> None:
    firm = sellers(run(SMALL.replace(recruiting={"start": 0.2, "firm": 3.0, "select": "contacts"}), county, 6))
    contacts = ks.simulate(SMALL, county, seed=3, days=1, progress=False).kocs["contacts"].to_numpy()
    day = np.where(firm.joined == NEVER, 999, firm.joined).astype(int)
    assert np.bincount(day, minlength=8)[1:7].tolist() == [6 + 3, 3, 3, 3, 3, 3] and (day == 999).sum() == 6
    for earlier in range(1, 7):
        assert contacts[day == earlier].min() >= contacts[day > earlier].max()


def test_only_customers_where_it_says_so(county: ks.County) -> None:
    scenario = SMALL.replace(recruiting={"start": 0.1, "firm": 5.0, "select": "customers", "leader": 0.5})
    simulation = run(scenario, county, 25)
    firm = sellers(simulation)
    later = (firm.joined > 1) & (firm.joined != NEVER)
    assert later.sum() > 2 and not firm.given[later].any()
    assert (simulation.day_customer[county.koc[later]] < firm.joined[later]).all()
    assert sum(rows(simulation, "recruits")) == later.sum()
    # who is recruited otherwise becomes a customer by it, on the eve
    simulation = run(SMALL.replace(recruiting={"start": 0.1, "firm": 5.0}, need={"rate": 0.0}), county, 4)
    firm = sellers(simulation)
    later = (firm.joined > 1) & (firm.joined != NEVER)
    assert later.sum() == 15 and firm.given[later].all()
    assert (simulation.day_customer[county.koc[later]] == firm.joined[later] - 1).all()
    assert simulation.record.rows[-1]["customers"] == 3 + 20 and simulation.record.rows[-1]["new_customers"] == 0


def test_stages_of_a_day_know_nothing_of_the_next_mornings_recruits(county: ks.County) -> None:
    result = ks.simulate(LIVELY.replace(recruiting={"firm": 5.0}), county, seed=1, days=8, progress=False, debug=True)
    stages = result.stages[["customer", "repeat"]].sum(axis=1)
    assert stages.loc[1:].tolist() == result.daily["active_customers"].tolist()
    assert (result.stages.sum(axis=1) == 3000).all() and stages.loc[0] == 9
    flows = result.daily["new_customers"].cumsum() + 9
    assert (result.daily["customers"] - flows).iloc[-1] > 3, "who became a customer by becoming a KOC"


def test_a_chain_of_leaders(crowd: ks.County) -> None:
    """Each asks the only one whom she reaches, on the day after she joined."""
    scenario = plain(
        recruiting={"start": 1 / K, "leader": 1.0, "reward": 12.0, "fade": 0.9}, posting={"quality": 0.8})
    simulation = run(scenario, crowd, 12)
    firm = sellers(simulation)
    order = np.argsort(firm.joined, kind="stable")[:12]
    assert firm.joined[order].tolist() == list(range(1, 13))
    assert firm.generation[order].tolist() == list(range(12))
    assert firm.raised_by[order].tolist() == [-1, *order[:-1].tolist()]
    assert order.tolist() == [(order[0] + step) % K for step in range(12)]
    np.testing.assert_allclose(simulation.quality[order], 0.8 * 0.9 ** np.arange(12))
    assert simulation.books.income[order].tolist() == [1200] * 11 + [0]
    assert sum(day["recruiting"] for day in simulation.books.days) == 11 * 1200
    assert rows(simulation, "recruits") == [0] + [1] * 11
    result = simulation.result()
    assert measures.leader_offspring(result) == 1.0
    table = measures.generations(result)
    assert table["kocs"].tolist() == [1] * 12 and table["raised"].tolist() == [1.0] * 11 + [0.0]
    assert table["income"].tolist() == [1200.0] * 11 + [0.0] and not table["left"].any()


def test_a_candidate_asked_by_many_follows_one() -> None:
    """All leaders reach one candidate: one of them gets her, by lot."""
    chosen = set()
    for seed in range(8):
        county = ks.County.from_ties((np.arange(1, 6), np.zeros(5, int)), n=6, kocs=range(6))
        simulation = ks.Simulation(plain(recruiting={"start": 5 / 6, "leader": 1.0}), county, seed, debug=True)
        simulation.step()
        simulation.step()
        firm = sellers(simulation)
        if firm.joined[0] == 2:
            chosen.add(int(firm.raised_by[0]))
            assert firm.recruits == 1
    assert len(chosen) > 1


@pytest.mark.parametrize("seed", [1, 2])
def test_commission_and_overrides_to_the_fen(county: ks.County, seed: int) -> None:
    scenario = SMALL.replace(
        recruiting={"start": 0.2, "firm": 0.3, "leader": 0.2, "reward": 7.0, "override": 0.05},
        money={"commission": 0.1})
    kocs = ks.simulate(scenario, county, seed=seed, days=30, progress=False, debug=True).kocs
    raised = kocs[kocs["raised_by"] >= 0]
    expected = kocs["orders"] * PRICE // 10
    expected = expected.add(raised.groupby("raised_by")["orders"].sum() * PRICE // 20, fill_value=0)
    expected = expected.add(raised["raised_by"].value_counts() * 700, fill_value=0)
    assert len(raised) > 5 and raised["orders"].sum() > 0
    assert expected.astype("int64").tolist() == kocs["income"].tolist()
    assert not kocs.loc[kocs["state"] == "candidate", "orders"].any()


def test_who_recruited_is_paid_only_while_both_are_there() -> None:
    firm = Sellers(
        ks.Scenario(recruiting={"start": 0.5}), ks.County.from_ties(([0], [1]), n=5, kocs=range(5)), 1,
        np.ones((2, 5), np.int64))
    firm.state[:] = [ACTIVE, LEFT, ACTIVE, ACTIVE, KEPT]
    firm.raised_by[:] = [-1, 0, 0, 1, 0]
    assert firm.recruiters().tolist() == [-1, -1, 0, -1, -1]
    assert firm.commissions().tolist() == [0.1, 0.0, 0.1, 0.1, 0.0]


# ---- tiers and salons


def test_the_best_sellers_are_the_upper_tier_and_earn_more(county: ks.County) -> None:
    scenario = SMALL.replace(tiers={"every": 10, "elite": 0.3, "bonus": 0.05})
    simulation = run(scenario, county, 11)
    firm, sold = sellers(simulation), []
    simulation = ks.Simulation(scenario, county, 3, debug=True)
    for _ in range(20):
        simulation.step()
        sold.append(simulation.books.orders.copy())
    elite = firm.elite
    assert elite.sum() == 9 and (sellers(simulation).elite == elite).all(), "until the next ranking, on day 21"
    assert sold[9][elite].min() >= sold[9][~elite].max() and sold[9][elite].sum() > sold[9][~elite].mean() * 9
    extra = (sold[19] - sold[9]) * elite * (PRICE // 20)
    assert (simulation.books.income == sold[19] * (PRICE // 10) + extra).all()


def test_a_share_of_kocs_in_whole_numbers() -> None:
    assert [ks.Scenario(tiers={"elite": 0.29}).tiers.first(many) for many in (0, 3, 4, 99, 100)] == [0, 0, 1, 28, 29]


def test_loyalty_and_skill_by_closed_form(crowd: ks.County) -> None:
    scenario = plain(
        salons={"every": 3, "lift": 0.4, "half_life": 5.0, "cost": 1.5, "skill": 0.25}, posting={"quality": 0.6})
    simulation = ks.Simulation(scenario, crowd, 3, debug=True)
    loyalty = 0.0
    for day in range(1, 14):
        simulation.step()
        loyalty *= 2 ** (-1 / 5)
        loyalty += 0.4 * (1 - loyalty) * (day % 3 == 0)
        np.testing.assert_allclose(sellers(simulation).loyalty, loyalty)
        np.testing.assert_allclose(simulation.quality, 1 - 0.4 * 0.75 ** (day // 3))
    spent = [day["salons"] for day in simulation.books.days]
    assert spent == [150 * K * (day % 3 == 0) for day in range(1, 14)]


def test_a_salon_for_the_upper_tier(crowd: ks.County) -> None:
    scenario = plain(salons={"every": 1, "who": "elite", "cost": 1.0}, tiers={"every": 1, "elite": 0.25})
    simulation = run(scenario, crowd, 2)
    firm = sellers(simulation)
    assert firm.elite.sum() == K // 4 and ((firm.loyalty > 0) == firm.elite).all()
    assert [day["salons"] for day in simulation.books.days] == [0, K // 4 * 100]


# ---- the purse

BOOKED = ("rent", "opening", "staff", "phones", "recruiting", "salons")


def meddle(morning: ks.Morning) -> None:
    """A policy that recruits, dismisses, meets, opens and closes; some on the day on which it did the opposite."""
    rng = np.random.default_rng(morning.day)
    kocs = morning.county.koc.size
    morning.recruit(rng.integers(kocs, size=3))
    morning.dismiss(rng.integers(kocs, size=2))
    morning.meet(rng.integers(kocs, size=2))
    morning.show(rng.random(morning.county.shops) < 0.5)


@pytest.mark.parametrize("policy", [None, meddle])
@pytest.mark.parametrize("changes", [
    {}, {"leaving.owner": "firm", "leaving.keeper": 1.0}, {"money.budget": 20.0}, {"money.budget": 0.01},
    {"recruiting.start": 0.0, "money.phone": 3.0}, {"leaving.base": 0.5}, {"friends.koc_accounts": 3},
])
def test_the_purse_is_the_budget_less_what_was_booked(
    county: ks.County, policy: Callable[[ks.Morning], None] | None, changes: dict[str, Any]
) -> None:
    scenario = LIVELY.replace(**changes)
    if "friends.koc_accounts" in changes:
        county = ks.County.generate(scenario, seed=1)
    simulation = ks.Simulation(scenario, county, seed=3, debug=True, policy=policy)
    purse = 0
    for _ in range(40):
        simulation.step()
        booked = simulation.books.days[-1]
        purse += round(scenario.money.budget * 100) - sum(booked[account] for account in BOOKED)
        assert sellers(simulation).purse == purse, simulation.day
        bought = booked["opening"] + booked["recruiting"] + booked["salons"]
        assert not bought or purse >= 0, "what the purse does not hold is not bought"
    if not changes:
        assert sum(day["opening"] for day in simulation.books.days) > 0
        assert sum(rows(simulation, "recruits")) > 3


@pytest.mark.parametrize("name", ["shop", "leader", "hybrid"])
def test_operating_models_keep_to_their_budget(name: str) -> None:
    """All they buy is for sale only while the purse holds it, and what runs is bought only while the budget bears it.

    A manager is paid whole, so that their wages may exceed what was reckoned for each KOC, by one wage at most.
    """
    s = ks.Scenario.preset(name)
    scenario = s.replace(residents=5000, kocs=100, shops=10, money={"budget": 500.0}, recruiting={"start": 0.02},
                         shop_visit={"pace": 0.7 * bool(s.shop_visit.pace)}, days=60)
    simulation = ks.Simulation(scenario, seed=2, debug=True)
    spent = []
    for _ in range(60):
        simulation.step()
        spent.append(sum(simulation.books.days[-1][account] for account in BOOKED))
        assert sellers(simulation).running <= 50_000 + round(scenario.management.wage * 100)
    assert (np.cumsum(spent) <= 50_000 * np.arange(1, 61)).all()
    assert sum(rows(simulation, "recruits")) > 5


def test_a_budget_buys_so_many(crowd: ks.County) -> None:
    """100 yuan a day buy 33 KOCs at 3 yuan, and what is left stays in the purse: 34 on the third day."""
    scenario = plain(recruiting={"start": 0.1, "firm": 90.0, "cost": 3.0}, money={"budget": 100.0})
    simulation = run(scenario, crowd, 6)
    assert rows(simulation, "recruits") == [33, 33, 34, 33, 33, 34]
    assert sellers(simulation).purse == 0
    # 2 yuan a day for the phone of each: 400 are there, and 5 more are what the budget bears
    scenario = plain(
        recruiting={"start": 0.1, "firm": 90.0}, money={"budget": 810.0, "phone": 2.0}, friends={"koc_accounts": 1})
    simulation = run(scenario, crowd, 4)
    assert rows(simulation, "recruits") == [5, 0, 0, 0] and sellers(simulation).purse == 0


def test_a_salon_is_for_all_or_for_nobody(crowd: ks.County) -> None:
    scenario = plain(salons={"every": 1, "cost": 1.0}, money={"budget": 1000.0})
    simulation = run(scenario, crowd, 8)
    assert [day["salons"] for day in simulation.books.days] == [0, 0, 0, K * 100] * 2


@pytest.mark.parametrize("pace", [0.7, 7.0, 10.5])
def test_shops_open_at_the_pace(pace: float) -> None:
    scenario = SMALL.replace(shops=20, shop_visit={"display": 0.9, "pace": pace}, money={"opening": 50.0, "rent": 2.0})
    county = ks.County.generate(scenario, seed=1)
    simulation = ks.Simulation(scenario, county, seed=3, debug=True)
    first = by_catchment(county.community_shop, county.community_population, 20)
    for day in range(1, 22):
        simulation.step()
        assert simulation.broadcasting is not None
        many = min(int(pace * day / 7), 18)
        assert sorted(np.flatnonzero(simulation.broadcasting.shows)) == sorted(first[:many])
        assert simulation.books.days[-1]["rent"] == many * 200
    assert sum(day["opening"] for day in simulation.books.days) == many * 5000
    # with a budget they open no faster, and not at all where it does not bear the rent
    for budget, most in ((20.0, 9), (1.0, 0)):
        opened = np.array([day["opening"] for day in run(
            scenario.replace(money={"budget": budget}), county, 21).books.days]).cumsum() // 5000
        assert (opened <= np.floor(pace * np.arange(1, 22) / 7)).all() and opened[-1] <= most
        assert (opened[-1] > 0) == (most > 0)


def test_a_shop_that_was_closed_is_not_opened_again_by_the_pace() -> None:
    scenario = SMALL.replace(shops=6, shop_visit={"display": 1.0, "pace": 7.0}, money={"opening": 50.0})
    county = ks.County.generate(scenario, seed=1)
    first = int(by_catchment(county.community_shop, county.community_population, 6)[0])

    def close(morning: ks.Morning) -> None:
        if morning.day == 2:
            morning.show(np.arange(6) == -1)

    simulation = run(scenario, county, 10, policy=close)
    assert simulation.broadcasting is not None
    assert simulation.broadcasting.displays == 4 and not simulation.broadcasting.shows[first]
    assert sum(day["opening"] for day in simulation.books.days) == 6 * 5000


# ---- the same whatever the machine does


def test_results_do_not_depend_on_threads(county: ks.County) -> None:
    results = [
        ks.simulate(LIVELY, county, seed=5, days=25, threads=threads, progress=False, debug=True, policy=policy)
        for policy in (None, meddle) for threads in (1, 2, 4)]
    for at, one in enumerate(results):
        same = results[at // 3 * 3]
        assert one.digest() == same.digest()
        for name in ("daily", "ledger", "kocs", "shops", "channels"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(same, name))
    assert all(results[3].daily[column].sum() > 10 for column in ("recruits", "departures"))


@pytest.mark.parametrize("owner", ["koc", "firm"])
def test_a_saved_run_goes_on_as_it_would_have(county: ks.County, owner: str) -> None:
    scenario = LIVELY.replace(leaving={"owner": owner})
    through, stopped = (run(scenario, county, 10) for _ in range(2))
    stopped = pickle.loads(pickle.dumps(stopped))
    for _ in range(15):
        assert through.step() == stopped.step()
    assert through.books.days == stopped.books.days
    for name in ("state", "joined", "raised_by", "elite", "loyalty", "income", "purse", "is_koc"):
        np.testing.assert_array_equal(getattr(sellers(through), name), getattr(sellers(stopped), name))
    assert stopped.is_koc is sellers(stopped).is_koc


class Meddler(ks.Firm):
    def decide(self, morning: ks.Morning) -> None:
        meddle(morning)


def test_a_saved_model_goes_on_as_it_would_have(county: ks.County) -> None:
    through, stopped = (ks.CountyModel(LIVELY, county=county, rng=4, firm_class=Meddler, debug=True) for _ in range(2))
    for model in (through, stopped):
        model.run_days(8)
    stopped = pickle.loads(pickle.dumps(stopped))
    for model in (through, stopped):
        model.run_days(12)
    one, other = through.result(), stopped.result()
    assert one.digest() == other.digest()
    pd.testing.assert_frame_equal(one.ledger, other.ledger)
    pd.testing.assert_frame_equal(one.kocs, other.kocs)
    with_policy = ks.simulate(LIVELY, county, seed=4, days=20, progress=False, policy=meddle)
    assert with_policy.digest() == one.digest(), "a firm's agent is a policy"


# ---- where there is little


@pytest.mark.parametrize("changes", [
    {"kocs": 0}, {"shops": 0}, {"kocs": 0, "shops": 0}, {"recruiting.start": 0.0, "recruiting.firm": 0.0},
    {"recruiting.start": 0.0}, {"leaving.base": 1.0, "recruiting.firm": 0.0, "recruiting.leader": 0.0},
    {"money.budget": 0.001}, {"money.budget": 0.0}, {"residents": 1, "kocs": 1, "shops": 1},
    {"recruiting.start": 0.0, "recruiting.firm": 0.0, "effort.activity": 0.0},
])
@pytest.mark.parametrize("policy", [None, nothing])
def test_next_to_nothing(changes: dict[str, Any], policy: Any) -> None:
    result = ks.simulate(LIVELY.replace(**changes), seed=1, days=12, progress=False, debug=True, policy=policy)
    table = measures.table(result)
    assert not table["value"].isna().all()
    if changes.get("leaving.base") == 1.0:
        assert not result.daily[["active_kocs", "koc_posts"]].iloc[-1].any()


def test_removed_agents_are_silent_wherever_they_speak(county: ks.County) -> None:
    scenario = LIVELY.replace(posting={"messages": 5.0}, qq={"posts": 1.0}, leaving={"base": 0.0, "pressure": 0.0})
    model = ks.CountyModel(scenario, county=county, rng=1, debug=True)
    for koc in list(model.kocs):
        koc.remove()
    model.run_days(5)
    assert not model.result().daily["koc_posts"].any()
    assert not model.simulation._koc_arrived.any(), "and fill no feed"
    assert model.today["active_kocs"] > 0, "they work for the firm as before"
    model = ks.CountyModel(SMALL.replace(qq={"posts": 1.0}), county=county, rng=1, debug=True)
    model.run_days(2)
    assert model.simulation._koc_arrived.any()
    for koc in list(model.kocs):
        koc.remove()
    model.run_days(1)
    assert not model.simulation._koc_arrived.any() and not model.today["koc_posts"]
    ks.KOC(model, 4)
    model.run_days(1)
    assert model.simulation._koc_arrived.any() and model.today["koc_posts"]


def test_recruited_and_dismissed_on_one_morning(county: ks.County) -> None:
    seen = []

    def fickle(morning: ks.Morning) -> None:
        if morning.day == 2:
            wanted = np.flatnonzero(morning.state == "candidate")[:4]
            joined = morning.recruit(wanted)
            assert joined.tolist() == wanted.tolist() == np.flatnonzero(morning.joined == 2).tolist()
            morning.dismiss(joined)
            assert not morning.recruit(joined).size, "who has left is no candidate"
            morning.dismiss(joined)
            seen.extend(joined.tolist())

    simulation = run(SMALL.replace(recruiting={"start": 0.5, "cost": 3.0}), county, 3, policy=fickle)
    row = simulation.record.rows[1]
    assert (row["recruits"], row["departures"], row["active_kocs"]) == (4, 4, 15)
    firm = sellers(simulation)
    assert (firm.state[seen] == LEFT).all() and (firm.left[seen] == 2).all() and (firm.joined[seen] == 2).all()
    assert not simulation.is_koc[county.koc[seen]].any() and simulation.is_koc.sum() == 15
    assert simulation.books.days[1]["recruiting"] == 4 * 300


@pytest.mark.parametrize("owner", ["koc", "firm"])
def test_dismissed_where_nobody_leaves_and_trust_never_moves(star: ks.County, owner: str) -> None:
    def dismiss(morning: ks.Morning) -> None:
        if morning.day == 2:
            morning.dismiss(morning.active)

    scenario = plain(leaving={"owner": owner, "handover": 0.5})
    for model in (
        run(scenario, star, 3, policy=dismiss),
        pickle.loads(pickle.dumps(run(scenario, star, 3, policy=nothing))),
    ):
        heard = rows(model, "koc_exposures")
        left = sum(rows(model, "departures"))
        assert heard == ([20_000, 0, 0] if left and owner == "koc" else [20_000] * 3)
        assert abs(model.trust.mean() * 255 - (76.5 if left and owner == "firm" else 153)) < 0.02


# ---- input that does not fit


@pytest.mark.parametrize(("section", "values", "sentence"), [
    ("recruiting", {"start": 1.5}, r"recruiting\.start must lie in \[0, 1\]; got 1\.5"),
    ("recruiting", {"select": "best"}, r"recruiting\.select must be .*lot.*contacts.*customers.*; got 'best'"),
    ("recruiting", {"firm": -1}, r"recruiting\.firm must lie in \[0, 1000000\]; got -1"),
    ("leaving", {"owner": "shop"}, r"leaving\.owner must be .*koc.*firm.*; got 'shop'"),
    ("leaving", {"memory": 0}, r"leaving\.memory must lie in \(0, 1000000\]; got 0"),
    ("leaving", {"grace": 1.5}, r"leaving\.grace must .*; got 1\.5"),
    ("effort", {"response": 11}, r"effort\.response must lie in \[0, 10\]; got 11"),
    ("salons", {"half_life": 0}, r"salons\.half_life must lie in \(0, 1000000\]; got 0"),
    ("salons", {"who": "some"}, r"salons\.who must be .*; got 'some'"),
    ("tiers", {"elite": 2}, r"tiers\.elite must lie in \[0, 1\]; got 2"),
    ("management", {"half": 0.0}, r"management\.half must lie in \(0, 1000000\]; got 0"),
    ("money", {"budget": -5}, r"money\.budget must lie in \[0, 1000000000\]; got -5"),
])
def test_bad_values_are_refused(section: str, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ks.ParameterError, match=sentence):
        SMALL.replace(**{section: values})


@pytest.mark.parametrize(("decision", "error", "sentence"), [
    (lambda m: m.recruit([30]), ks.ParameterError, r"recruit: kocs must lie in \[0, 29\]; got 30\."),
    (lambda m: m.dismiss(-1), ks.ParameterError, r"dismiss: kocs must lie in \[0, 29\]; got -1\."),
    (lambda m: m.meet([0.5]), ks.ParameterError, r"meet: kocs must be numbers of KOCs, or 30 truth values; got"),
    (lambda m: m.recruit(np.ones(29, bool)), ks.ParameterError, r"recruit: kocs must be numbers of KOCs, or 30 truth"),
    (lambda m: m.advertise(10.0), ks.DataError, r"advertise needs a scenario with advertising\.budget > 0\."),
    (lambda m: m.show([1, 0]), ks.DataError, r"show: shops must be 3 truth values; got int64 of shape \(2,\)\."),
    (lambda m: m.show([True] * 3), ks.DataError, r"only decide what to show in a scenario with shop_visit\.display"),
])
def test_decisions_that_do_not_fit_are_refused(
    county: ks.County, decision: Callable[[ks.Morning], Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        run(SMALL, county, 1, policy=lambda morning: decision(morning))


@pytest.mark.parametrize("yuan", [-1.0, math.nan, 1e10])
def test_no_sum_to_advertise_for(county: ks.County, yuan: float) -> None:
    with pytest.raises(ks.DataError, match=r"advertise: yuan must lie in \[0, 1e\+09\]; got .* on day 1\."):
        run(SMALL.replace(advertising={"budget": 1.0}), county, 1, policy=lambda morning: morning.advertise(yuan))


def test_a_policy_is_callable() -> None:
    with pytest.raises(ks.ParameterError, match="policy must be callable or None; got 3"):
        ks.Simulation(SMALL, policy=3)  # type: ignore[arg-type]


# ---- what a morning shows


def test_what_a_firm_sees_is_what_the_tables_say(county: ks.County) -> None:
    scenario = LIVELY.replace(advertising={"budget": 5.0})
    seen: list[tuple[ks.Morning, dict[str, Any]]] = []

    def look(morning: ks.Morning) -> None:
        names = ("income", "orders", "joined", "active", "elite", "purse", "shows", "shop_orders")
        seen.append((morning, {name: getattr(morning, name) for name in names}))
        for values in (morning.stage, morning.week):
            with pytest.raises(ValueError, match="read-only"):
                values[0] = 1

    result = ks.simulate(scenario, county, seed=3, days=12, progress=False, policy=look, debug=True)
    first, noted = seen[0]
    assert not (first.yesterday or first.ledger or first.channels) and noted["purse"] < 150
    for day, (morning, _) in enumerate(seen[1:], 1):
        assert morning.day == day + 1
        assert morning.yesterday == result.daily.loc[day].to_dict()
        assert morning.ledger == result.ledger.loc[day]["amount"].to_dict()
        assert morning.channels == result.channels.loc[day].to_dict("index")
    assert seen[-1][1]["shows"].sum() == int(12 / 7)
    assert (seen[-1][1]["orders"] <= result.kocs["orders"]).all() and seen[-1][1]["orders"].any()
    assert (seen[-1][1]["joined"] == result.kocs["joined"]).all()


# ---- measures


def test_candidates_are_an_audience_and_recruits_are_not() -> None:
    """Half of the county could be KOCs: those who buy as residents count, who are made customers do not."""
    scenario = SMALL.replace(
        residents=1000, kocs=500, shops=0, recruiting={"start": 0.02, "firm": 2.0}, purchase={"first": 1.0})
    simulation = ks.Simulation(scenario, seed=2, debug=True)
    for _ in range(30):
        simulation.step()
    result = simulation.result()
    audiences = result.audiences
    assert (audiences["customers"] <= audiences["exposed"]).all()
    given = sellers(simulation).given
    assert given.sum() > 10 and (sellers(simulation).state == CANDIDATE).sum() > 100
    met = (simulation.touches.met & 1).astype(bool)  # type: ignore[union-attr]
    met[simulation.county.koc[given]] = False
    assert audiences.loc["moments", "exposed"] == met.sum()
    new = (result.residents["orders"] > 0) & (result.residents["day_customer"] > 0)
    new &= ~result.residents.index.isin(simulation.county.koc[given])
    assert measures.orders_a_customer(result) == pytest.approx(result.residents.loc[new, "orders"].mean(), rel=0.02)


@pytest.fixture(scope="module")
def lively(county: ks.County) -> ks.Result:
    scenario = LIVELY.replace(
        advertising={"budget": 20.0, "convert": 0.5, "click": 0.5, "view": 1.0},
        live_stream={"posts": 1.0, "cost": 9.0}, moments={"cost": 0.01}, recruiting={"leader": 0.3})
    return ks.simulate(scenario, county, seed=6, days=50, progress=False, debug=True)


@pytest.mark.parametrize("every", [1, 7, 50, 99])
def test_acquisition_is_ledger_over_customers(lively: ks.Result, every: int) -> None:
    table = measures.acquisition(lively, every)
    book = lively.ledger["amount"].unstack()
    channel = lively.channels
    traffic = {
        "private": (["commission", "rewards", "fees", "staff", "phones", "recruiting", "salons"],
                    ["moments", "group_chat", "shares", "group_shares"]),
        "shops": (["rent", "opening"], ["shop_visit"]),
        "public": ([], ["advertising", "live_stream"]),
    }
    days = pd.Series(range(1, 51))
    for first in range(1, 51, every):
        period = days[(days >= first) & (days < first + every)]
        for name, (accounts, channels) in traffic.items():
            of = channel.loc[[(day, one) for day in period for one in channels]]
            cost = int(book.loc[period, accounts].to_numpy().sum() + of["cost"].sum())
            won = int(of["new_customers"].sum())
            row = table.loc[(first, name)]
            assert (row["cost"], row["new_customers"]) == (cost, won)
            each = math.inf if cost and not won else cost / 100 / won if won else math.nan
            assert row["cost_a_customer"] == pytest.approx(each, nan_ok=True)
    spent = ["advertising", "posts", "commission", "rewards", "fees", "staff", "phones", "recruiting", "salons", "rent",
             "opening", "pool"]
    assert table["cost"].sum() == book[spent].to_numpy().sum(), "every fen that is spent is spent on somebody"
    if every == 50:
        private = table.loc[(1, "private"), "cost_a_customer"]
        assert measures.cost_a_customer_private(lively) == pytest.approx(private)
    with pytest.raises(ks.ParameterError, match=r"every must be a whole number in \[1, inf\]; got 0"):
        measures.acquisition(lively, 0)


def test_lifetime_value_at_known_rates(lively: ks.Result) -> None:
    """100 customers; ten orders again a day and two lapse: five orders more, of 5 yuan each."""
    days = pd.RangeIndex(1, 41, name="day")
    daily = lively.daily.reindex(days).assign(active_customers=100, orders=12, repeat_orders=10, lapsed_today=2)
    names = lively.ledger.index.get_level_values("account").unique()
    index = pd.MultiIndex.from_product([days, names], names=["day", "account"])
    ledger = pd.DataFrame(0, index=index, columns=["amount"])
    for account, each in (("sales", -30_00), ("discounts", 2_00), ("goods", 18_00), ("delivery", 3_00),
                          ("commission", 2_00), ("rent", 99_00)):
        ledger.loc[(slice(None), account), "amount"] = 12 * each
    run = dataclasses.replace(lively, daily=daily, ledger=ledger)
    assert measures.lifetime_value(run) == pytest.approx(5.0 * (1 + 5))
    assert measures.lifetime_value(dataclasses.replace(run, daily=daily.assign(lapsed_today=0))) == math.inf
    assert math.isnan(measures.lifetime_value(dataclasses.replace(run, daily=daily.assign(orders=0))))
    # the rates of the last 30 days only
    before = daily.copy()
    before.loc[:10, ["repeat_orders", "orders"]] = 10**6
    assert measures.lifetime_value(dataclasses.replace(run, daily=before)) == pytest.approx(30.0)


@pytest.mark.parametrize(("cash", "day"), [
    ([5, 1, 1], 1), ([0, 0, 0], 1), ([-5, 2, 3], 3), ([-5, 2, 2], math.inf), ([-5, 9, -9, 5], 4),
    ([5, -9, 3], math.inf),
    ([-1, 3, 3], 2),
])
def test_payback_by_hand(lively: ks.Result, cash: list[int], day: float) -> None:
    index = pd.MultiIndex.from_product([range(1, len(cash) + 1), ["cash", "sales"]], names=["day", "account"])
    ledger = pd.DataFrame({"amount": np.column_stack([cash, np.negative(cash)]).ravel()}, index=index)
    assert measures.payback(dataclasses.replace(lively, ledger=ledger)) == day


def kocs_of(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    """A table of KOCs from (state, joined, raised by)."""
    state, joined, by = zip(*rows, strict=True)
    raised = np.array(by)
    generation = [0] * len(rows)
    for k in range(len(rows)):
        at = k
        while raised[at] >= 0:
            at, generation[k] = int(raised[at]), generation[k] + 1
    return pd.DataFrame({
        "state": pd.Categorical(state, ["candidate", "active", "left", "kept"]), "joined": np.array(joined, np.uint16),
        "raised_by": np.array(by, np.int32), "generation": np.array(generation, np.uint8),
        "orders": range(len(rows)), "income": [10 * k for k in range(len(rows))]})


TREE = [
    ("active", 1, -1),        # 0: a root
    ("left", 3, 0),           # 1
    ("active", 10, 1),        # 2: on the last day of the first half; 7 days after 1
    ("active", 12, 0),        # 3: eleven days after 0
    ("kept", 13, 1),          # 4: ten days after 1
    ("active", 14, 1),        # 5: eleven days after 1
    ("active", 20, 2),        # 6: ten days after 2
    ("active", 16, 3),        # 7: by 3, who came in the second half
    ("candidate", NEVER, -1),
]


@pytest.mark.parametrize(("days", "expected"), [
    (20, 4 / 3),  # 0, 1, 2 are followed for ten days; 1, 2, 4, 6 count
    (22, 6 / 3),  # 3 and 5 are in time as well
    (24, 7 / 4),  # 3 is followed for twelve days too, and 7 counts
])
def test_offspring_of_leaders_in_a_known_tree(lively: ks.Result, days: int, expected: float) -> None:
    run = dataclasses.replace(
        lively, kocs=kocs_of(TREE), daily=lively.daily.reindex(pd.RangeIndex(1, days + 1, name="day")))
    assert measures.leader_offspring(run) == pytest.approx(expected)
    table = measures.generations(run)
    assert table["kocs"].tolist() == [1, 2, 4, 1]  # 0; 1, 3; 2, 4, 5, 7; 6
    assert table["raised"].tolist() == [2.0, 2.0, 0.25, 0.0]
    assert table["left"].tolist() == [0.0, 0.5, 0.25, 0.0]
    assert table["orders"].tolist() == [0.0, 2.0, 4.5, 6.0] and table["income"].tolist() == [0.0, 20.0, 45.0, 60.0]


def test_offspring_of_a_run(lively: ks.Result) -> None:
    """Counted leader by leader."""
    kocs, half = lively.kocs, 25
    early = [k for k in kocs.index if kocs.loc[k, "joined"] <= half]
    children = [
        sum(kocs.loc[c, "raised_by"] == k and int(kocs.loc[c, "joined"]) - int(kocs.loc[k, "joined"]) <= half
            for c in kocs.index)
        for k in early]
    assert measures.leader_offspring(lively) == pytest.approx(np.mean(children)) and sum(children) > 3


def test_no_generations_where_nobody_joins_or_leaves(county: ks.County) -> None:
    result = ks.simulate(SMALL, county, seed=1, days=3, progress=False)
    with pytest.raises(ks.DataError, match="neither join nor leave"):
        measures.generations(result)
    assert math.isnan(measures.leader_offspring(result))


@pytest.mark.parametrize(("first", "second", "column", "day"), [
    ([1, 2, 3], [2, 3, 4], "customers", 1), ([1, 2, 3], [1, 2, 4], "customers", 3),
    ([1, 2, 3], [0, 5, 3], "customers", math.inf), ([3, 0, 0], [1, 1, 2], "orders", 3),
    ([3, 0, 0], [1, 1, 1], "orders", math.inf), ([1, 1, 1], [2, 0, 2], "orders", 3),
])
def test_overtaking_by_hand(
    lively: ks.Result, first: list[int], second: list[int], column: str, day: float
) -> None:
    runs = [
        dataclasses.replace(lively, daily=pd.DataFrame({column: of}, index=pd.RangeIndex(1, 4, name="day")))
        for of in (first, second)]
    assert measures.overtaking_day(*runs, column) == day


def test_overtaking_needs_runs_that_can_be_compared(lively: ks.Result) -> None:
    with pytest.raises(ks.ParameterError, match=r"column must be one of aware, .*; got 'custmers'\."):
        measures.overtaking_day(lively, lively, "custmers")
    short = dataclasses.replace(lively, daily=lively.daily.head(3))
    with pytest.raises(ks.DataError, match="Both runs must have as many days; got 50 and 3"):
        measures.overtaking_day(lively, short)
    assert measures.overtaking_day(lively, lively) == math.inf


def test_incomes_count_those_who_failed_and_not_those_who_never_tried(lively: ks.Result) -> None:
    kocs = lively.kocs
    ever = kocs.loc[kocs["state"] != "candidate", "income"].to_numpy() / 100
    assert measures.koc_income(lively) == pytest.approx(np.median(ever))
    differences = np.abs(ever[:, None] - ever[None, :]).mean()
    assert measures.koc_gini(lively) == pytest.approx(differences / (2 * ever.mean()))
