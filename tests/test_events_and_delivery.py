"""Events, shocks, delivery and shops on the books: neutral when off, of the sign and size that definitions demand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kocsim as ks
from kocsim import reference
from kocsim.mechanisms.event import Event
from kocsim.mechanisms.shock import Shock
from kocsim.stages import Stage
from tests.test_market import near, total
from tests.test_reference import assert_same_day

SMALL = ks.Scenario(residents=3000, kocs=30, shops=3, friends={"koc_median": 100.0}, purchase={"first": 0.5})
N = 20_000
"""Residents of a county in which all are customers, and nobody posts, shares or lapses."""
DISTANCES = (0.0, 1.0, 2.5, 9.0)
"""Of four communities from the shop, in km; the last is out of its reach."""


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(SMALL, seed=1)


@pytest.fixture(scope="module")
def line() -> ks.County:
    """Four communities of 5,000 on a line; a shop stands in the first and serves those within 3 km."""
    residents = pd.DataFrame({
        "community": np.repeat(np.arange(4), N // 4), "x": np.repeat(DISTANCES, N // 4), "y": np.zeros(N),
    })
    nobody = np.zeros(0, int)
    return ks.County.from_ties((nobody, nobody), n=N, residents=residents, shops=[0], catchment=3.0)


def customers(line: ks.County, days: int, who: int = N, **changes: Any) -> ks.Simulation:
    """The first `who` residents of a community each are customers who need the product at 0.1 a day and buy it."""
    scenario = SMALL.replace(
        residents=N, kocs=0, shops=0, purchase={"lapse": 0.0, "repeat": 1.0}, need={"rate": 0.1},
        sharing={"rate": 0.0},
    ).replace(**changes)
    simulation = ks.Simulation(scenario, line, seed=5, debug=True)
    simulation.put(np.flatnonzero(np.arange(N) % (N // 4) < who // 4), Stage.CUSTOMER)
    for _ in range(days):
        simulation.step()
    return simulation


def column(simulation: ks.Simulation, name: str) -> list[int]:
    return [row[name] for row in simulation.record.rows]


def account(simulation: ks.Simulation, name: str) -> list[int]:
    return [day[name] for day in simulation.books.days]


# ---- off


@pytest.mark.parametrize("neutral", [
    {"event": {"every": 5, "discount": 0.5, "posts": 5, "stock": 9.0}, "shock": {"need": 0.0}},
    {"delivery": {"point": "shop"}, "money": {"rent": 9.0}},
    # on, and of no effect: the same luck for everything else
    {"event": {"day": 3, "posts": 0, "stock": 0.0, "discount": 0.5}},
    {"event": {"day": 3, "posts": 0, "stock": 0.0, "discount": 0.0}, "price": {"elasticity": 2.0}},
    {"event": {"day": 16, "posts": 9, "stock": 9.0}},
    {"shock": {"day": 3, "need": 1.0}},
    {"shock": {"day": 3, "days": 4, "need": 1.0, "lasting": 1.0}, "attribution": {"track": True}},
    {"delivery": {"stop": 5.0, "order": 1.0}},
    {"delivery": {"stop": 5.0, "order": 1.0, "point": "shop"}, "attribution": {"track": True}},
])
def test_what_is_off_leaves_all_draws_as_they_were(county: ks.County, neutral: dict[str, Any]) -> None:
    before = ks.simulate(SMALL, county, seed=1, days=15, progress=False)
    after = ks.simulate(SMALL.replace(**neutral), county, seed=1, days=15, progress=False, debug=True)
    assert after.digest() == before.digest()
    assert after.daily["orders"].sum() > 50


@pytest.mark.parametrize("replaces", ["orders", "needs"])
def test_kernels_equal_the_reference_where_all_of_it_happens(replaces: str) -> None:
    scenario = ks.Scenario.preset("full").replace(
        residents=300, kocs=10, shops=3, friends={"koc_median": 60.0}, need={"rate": 0.5, "keep": 0.5, "sigma": 0.5},
        identification={"absolute": 0.3}, purchase={"first": 0.7, "repeat": 0.7}, price={"elasticity": 1.0},
        shop_visit={"display": 1.0, "visit": 0.5, "view": 1.0}, shop={"catchment": 20.0},
        population={"community_median": 20.0, "township_mean": 80.0}, satisfaction={"upset": 0.1},
        event={"day": 3, "every": 5, "days": 2, "discount": 0.3, "posts": 2, "stock": 1.4, "replaces": replaces},
        shock={"day": 4, "days": 3, "need": 1.5}, delivery={"stop": 7.0, "order": 0.5, "point": "shop", "range": 4.0},
    )
    county = ks.County.generate(scenario, seed=2)
    simulation = ks.Simulation(scenario, county, 7, threads=2, debug=True)
    for day in reference.run(scenario, county, 7, days=16):
        assert_same_day(simulation, simulation.step(), day)
    assert total(simulation, "brought_forward") > total(simulation, "met_from_stock") > 50
    assert (simulation.shop_books.credited[:3] > 0).any(axis=1).all()
    assert sum(account(simulation, "delivery")) > 1000


# ---- events


def test_on_which_days_there_is_an_event() -> None:
    assert [day for day in range(1, 40) if Event(day=4, every=14, days=3).on(day)] == [4, 5, 6, 18, 19, 20, 32, 33, 34]
    assert [day for day in range(1, 40) if Event(day=4, days=3).on(day)] == [4, 5, 6]
    assert not any(Event(every=1, days=1).on(day) for day in range(1, 40))


@pytest.mark.parametrize("replaces", ["orders", "needs"])
def test_who_always_buys_stocks_up_and_waits(line: ks.County, replaces: str) -> None:
    """Two brought forward on day 2, at a quarter off: nobody orders on days 3 and 4."""
    event = {"day": 2, "days": 1, "discount": 0.25, "stock": 2.0, "replaces": replaces}
    simulation = customers(line, 6, need={"rate": 1.0}, event=event, money={"goods": 0.5})
    assert column(simulation, "orders") == [N, N, 0, 0, N, N]
    assert column(simulation, "brought_forward") == [0, 2 * N, 0, 0, 0, 0]
    assert column(simulation, "met_from_stock") == [0, 0, N, N, 0, 0]
    assert column(simulation, "sales") == [2000 * N, 3 * 1500 * N, 0, 0, 2000 * N, 2000 * N]
    assert account(simulation, "sales") == [-2000 * N, -6000 * N, 0, 0, -2000 * N, -2000 * N]
    assert account(simulation, "discounts") == [0, 1500 * N, 0, 0, 0, 0]
    assert account(simulation, "goods") == [1000 * N, 3000 * N, 0, 0, 1000 * N, 1000 * N]


@pytest.mark.parametrize("stock", [0.3, 1.0, 1.5])
def test_mean_number_brought_forward(line: ks.County, stock: float) -> None:
    simulation = customers(line, 1, need={"rate": 1.0}, event={"day": 1, "stock": stock})
    further = total(simulation, "brought_forward") - N * int(stock)
    assert near(further, N, stock - int(stock))


def test_pull_forward_alone_sells_nothing_more(county: ks.County) -> None:
    """Without a lower price and further posts, all that is bought more is what is still at home: to the last order."""
    event = {"day": 8, "every": 20, "days": 4, "discount": 0.0, "posts": 0, "stock": 1.5}
    runs = []
    for on in ({}, {"event": event}):
        scenario = SMALL.replace(purchase={"lapse": 0.0, "repeat": 0.8}, attribution={"track": True}, **on)
        runs.append(ks.Simulation(scenario, county, seed=1, debug=True))
        for _ in range(26):
            runs[-1].step()
    without, there = runs
    assert there.market is not None
    bought = total(there, "orders") + total(there, "brought_forward")
    at_home = int(there.market.stock.sum())
    assert bought - total(without, "orders") == at_home > 0
    assert total(there, "met_from_stock") > 20
    assert sum(column(there, "orders")[11:]) < sum(column(without, "orders")[11:])
    assert total(there, "new_customers") == total(without, "new_customers")
    assert total(there, "sales") == 2000 * bought


def test_stock_that_meets_any_need_takes_sales_from_others(line: ks.County) -> None:
    """Who buys at one need of four uses up one order at each of them, and goes on to buy."""
    runs = {
        replaces: customers(
            line, 40, need={"rate": 1.0}, purchase={"repeat": 0.25},
            event={"day": 1, "days": 1, "discount": 0.0, "stock": 4.0, "replaces": replaces})
        for replaces in ("orders", "needs")}
    met = {replaces: sum(column(run, "met_from_stock")[1:5]) for replaces, run in runs.items()}
    stocked = column(runs["needs"], "orders")[0]
    assert met["needs"] == 4 * stocked
    assert near(met["orders"], 4 * stocked, 0.25)
    assert total(runs["needs"], "sales") > total(runs["orders"], "sales")


def test_a_lower_price_wins_who_minds_it(line: ks.County) -> None:
    """Elasticity 2 at 20% off: 1.5625 times as many on the days of the event, as many as ever on others."""
    simulation = customers(
        line, 3, purchase={"repeat": 0.5}, price={"elasticity": 2.0, "income_exponent": 0.0, "income_sigma": 0.0},
        event={"day": 2, "days": 1, "discount": 0.2, "stock": 0.0})
    for orders, p in zip(column(simulation, "orders"), (0.05, 0.05 * 0.8**-2, 0.05), strict=True):
        assert near(orders, N, p)


def test_members_save_on_what_the_event_leaves() -> None:
    scenario = SMALL.replace(membership={"discount_free": 0.1, "discount_paid": 0.5})
    assert scenario.membership.discounts(0.2).tolist() == pytest.approx([0.2, 0.28, 0.6], abs=1e-12)
    assert scenario.membership.discounts().tolist() == [0.0, 0.1, 0.5]


def test_further_posts_on_the_days_of_an_event(county: ks.County) -> None:
    event = {"day": 2, "every": 4, "days": 2, "posts": 3}
    scenario = SMALL.replace(posting={"moments": 1.0, "groups": 2.0, "until": 6}, event=event)
    daily = ks.simulate(scenario, county, seed=1, days=8, progress=False).daily
    assert daily["koc_posts"].tolist() == [90, 270, 270, 90, 90, 270, 0, 0]


# ---- shocks


def test_factor_of_a_shock() -> None:
    shock = Shock(day=3, days=2, need=3.0, lasting=0.25)
    assert [shock.factor(day) for day in (1, 2, 3, 4, 5, 500)] == [1.0, 1.0, 3.0, 3.0, 1.5, 1.5]
    assert Shock(day=3, days=2, need=0.0, lasting=1.0).factor(9) == 0.0
    assert Shock(need=3.0).factor(9) == 1.0


@pytest.mark.parametrize("further", [{}, {"attribution": {"track": True}}])
@pytest.mark.parametrize(("need", "chances"), [
    (3.0, (0.1, 0.3, 0.3, 0.2)), (0.5, (0.1, 0.05, 0.05, 0.075)), (0.0, (0.1, 0.0, 0.0, 0.05)),
    (400.0, (0.1, 1.0, 1.0, 1.0)),
])
def test_orders_follow_needs(
    line: ks.County, need: float, chances: tuple[float, ...], further: dict[str, Any]
) -> None:
    """Where all buy alike and where they differ: as many need it as the factor says, and none more than once a day."""
    simulation = customers(line, 4, shock={"day": 2, "days": 2, "need": need, "lasting": 0.5}, **further)
    assert all(near(orders, N, p) for orders, p in zip(column(simulation, "orders"), chances, strict=True))


def test_needs_that_differ_are_cut_one_by_one(line: ks.County) -> None:
    shock = {"day": 1, "need": 5.0}
    simulation = customers(line, 1, need={"sigma": 1.0}, shock=shock)
    rates = np.minimum(simulation.scenario.need.rates() * 5.0, 1.0)
    assert (rates == 1).any()
    assert near(column(simulation, "orders")[0], N, float(rates.mean()))


def test_the_same_residents_need_it_in_both_ways_of_counting(county: ks.County) -> None:
    shocked = SMALL.replace(shock={"day": 4, "days": 5, "need": 3.0})
    plain, tracked = (
        ks.simulate(s, county, seed=1, days=15, progress=False)
        for s in (shocked, shocked.replace(attribution={"track": True})))
    assert plain.digest() == tracked.digest()
    assert plain.daily["orders"].sum() > ks.simulate(SMALL, county, seed=1, days=15, progress=False).daily[
        "orders"].sum()


def test_businesses_need_what_they_needed(line: ks.County) -> None:
    """All buy for businesses, which need it every tenth day: as without the shock."""
    business = {"share": 1.0, "need": 0.1}
    runs = [customers(line, 3, business=business, **more) for more in ({}, {"shock": {"day": 1, "need": 9.0}})]
    assert column(runs[0], "orders") == column(runs[1], "orders")
    assert column(runs[0], "orders")[0] > 0


# ---- delivery


def replay(line: ks.County, point: str, **delivery: Any) -> tuple[list[int], list[int]]:
    """What delivery was booked at, and what it should be, day by day."""
    scenario = SMALL.replace(
        residents=N, kocs=0, shops=0, need={"rate": 0.0005}, purchase={"lapse": 0.0, "repeat": 1.0},
        delivery={"point": point, **delivery})
    simulation = ks.Simulation(scenario, line, seed=5, debug=True)
    simulation.put(np.arange(N), Stage.CUSTOMER)
    expected = []
    for _ in range(12):
        simulation.step()
        places = line.community[np.flatnonzero(simulation.ordered)]
        served = line.community_shop[places]
        stops = {f"community {c}" if point == "community" or s < 0 else f"shop {s}"
                 for c, s in zip(places.tolist(), served.tolist(), strict=True)}
        expected.append(
            len(stops) * round(delivery["stop"] * 100) + places.size * round(delivery["order"] * 100))
    return account(simulation, "delivery"), expected


@pytest.mark.parametrize("point", ["community", "shop"])
def test_stops_and_orders_are_paid(line: ks.County, point: str) -> None:
    booked, expected = replay(line, point, stop=12.34, order=0.56)
    assert booked == expected
    assert len(set(booked)) > 3


def test_shops_take_fewer_stops_than_communities(line: ks.County) -> None:
    """Three communities share a shop, the fourth is out of reach: two stops where there were four."""
    stops = [sum(account(customers(line, 2, delivery={"stop": 1.0, "point": point}), "delivery"))
             for point in ("community", "shop")]
    assert stops == [2 * 400, 2 * 200]


def test_an_order_costs_less_where_customers_are_dense(line: ks.County) -> None:
    """Stops x cost over orders, in yuan; it falls with every step of density."""
    costs = []
    for who in (40, 400, 4000, N):
        result = customers(line, 5, who=who, need={"rate": 1.0}, delivery={"stop": 10.0, "order": 0.5}).result()
        costs.append(ks.measures.delivery_cost(result))
        assert costs[-1] == pytest.approx(4 * 10.0 / who + 0.5)
    assert costs == sorted(costs, reverse=True)
    assert ks.measures.delivery_cost(customers(line, 2).result()) == 0.0


@pytest.mark.parametrize("scale", [0.5, 2.0, 1000.0])
def test_fewer_come_from_farther_away(line: ks.County, scale: float) -> None:
    simulation = customers(line, 1, need={"rate": 1.0}, delivery={"point": "shop", "range": scale})
    orders = np.bincount(line.community[simulation.ordered == 1], minlength=4)
    for many, distance in zip(orders[:3], DISTANCES, strict=False):
        assert near(many, N // 4, math.exp(-distance / scale))
    assert orders[0] == N // 4 and orders[3] == 0


def test_a_need_that_nobody_comes_for_is_not_met(line: ks.County) -> None:
    """She still needs it on the next day, and may come then."""
    simulation = customers(
        line, 1, need={"rate": 1.0, "keep": 1.0}, delivery={"point": "shop", "range": 2.0})
    pending = (simulation.flags & 2) > 0
    assert (pending == (simulation.ordered == 0)).all() and pending.any()


def test_first_orders_that_nobody_comes_for_win_nobody(county: ks.County) -> None:
    """Also those who come back after they lapsed stay away; the funnel's and the ledger's laws hold (debug)."""
    scenario = SMALL.replace(
        attribution={"track": True}, purchase={"lapse": 0.1, "win_back": 1.0}, identification={"absolute": 0.3})
    far = scenario.replace(delivery={"point": "shop", "range": 1e-9})
    near_by, away = (ks.simulate(s, county, seed=1, days=20, progress=False, debug=True) for s in (scenario, far))
    assert near_by.daily["won_back"].sum() > 0 and near_by.daily["new_customers"].sum() > 0
    home = county.community_shop[county.community]
    at_shop = (home >= 0) & np.isin(county.community, county.shop_community)
    won = away.residents["day_customer"].between(1, 20).to_numpy()
    assert not won[~at_shop].any()


def test_businesses_have_theirs_brought(line: ks.County) -> None:
    more = {"business": {"share": 1.0, "need": 1.0}, "delivery": {"point": "shop", "range": 0.001}}
    assert column(customers(line, 2, **more), "orders") == [N, N]


# ---- shops


@pytest.fixture(scope="module")
def sold() -> ks.Result:
    """All in the catchment of three shops walk in and are won at once; two of the shops show the product."""
    scenario = SMALL.replace(
        kocs=0, shop={"catchment": 10.0}, shop_visit={"display": 0.67, "visit": 0.5, "view": 1.0, "strength": 1.0},
        identification={"absolute": 0.2}, purchase={"first": 1.0, "repeat": 1.0}, sharing={"rate": 0.3},
        moments={"view": 1.0}, money={"rent": 100.0, "goods": 0.75},
        event={"day": 5, "days": 2, "discount": 0.1, "stock": 0.5},
    )
    return ks.simulate(scenario, seed=3, days=20, progress=False, debug=True)


def test_shops_sum_to_the_channel_and_to_the_county(sold: ks.Result) -> None:
    visits = sold.channels.xs("shop_visit", level="channel").sum()
    shops = sold.shops.sum()
    assert [shops["first_orders"], shops["credited_orders"], shops["sales"]] == [
        visits["new_customers"], visits["orders"], visits["sales"]]
    assert 0 < shops["first_orders"] < shops["credited_orders"] <= shops["orders"] <= sold.daily["orders"].sum()
    assert shops["credited_orders"] < sold.daily["orders"].sum(), "some are credited to customers' shares"
    rent = sold.ledger.xs("rent", level="account")["amount"].sum()
    assert shops["rent"] == rent == 2 * 20 * 10_000
    assert sold.shops["catchment"].sum() <= 3000


def test_shops_that_show_nothing_sell_nothing(sold: ks.Result) -> None:
    shops = sold.shops
    assert shops["display"].sum() == 2
    assert shops[shops["display"]]["catchment"].min() >= shops[~shops["display"]]["catchment"].max()
    assert (shops[shops["display"]][["first_orders", "sales", "rent"]] > 0).all(axis=None)
    assert (shops[~shops["display"]][["first_orders", "credited_orders", "sales", "goods", "rent"]] == 0).all(axis=None)


def test_orders_of_a_catchment(sold: ks.Result) -> None:
    """The same from the table of residents."""
    county = ks.County.generate(ks.Scenario.from_toml("").replace(**sold.provenance["scenario"]), seed=3)
    shop = county.community_shop[county.community]
    orders = [int(sold.residents["orders"][shop == s].sum()) for s in range(3)]
    assert sold.shops["orders"].tolist() == orders
    assert (sold.shops["community"] == county.shop_community).all()
    assert (sold.shops["catchment"] == np.bincount(shop[shop >= 0], minlength=3)).all()


def test_saved_and_loaded(sold: ks.Result, tmp_path: Path) -> None:
    sold.save(tmp_path)
    pd.testing.assert_frame_equal(ks.Result.load(tmp_path).shops, sold.shops)


@pytest.mark.parametrize(("money", "brought", "orders"), [
    ({"rent": 100.0, "goods": 0.75}, 0.0, 20.0), ({"rent": 333.0, "goods": 0.83}, 0.4, 111.0),
    ({"rent": 0.0}, 0.0, 0.0), ({"rent": 9.0, "goods": 1.0}, 0.0, math.inf),
])
def test_orders_at_which_a_shop_breaks_even(
    line: ks.County, money: dict[str, float], brought: float, orders: float
) -> None:
    """Rent over the margin of an order of 20 yuan."""
    changes = {"money": money, "delivery": {"order": brought}, "shop_visit": {"display": 1.0}}
    result = customers(line, 1, **changes).result()
    assert ks.measures.shop_break_even(result) == pytest.approx(orders)


def test_shops_above_their_rent(sold: ks.Result) -> None:
    """None where the rent is above every shop's margin, one of two at the mean of theirs, all where there is none."""
    shops = sold.shops[sold.shops["display"]]
    margin = (shops["sales"] - shops["goods"]) / 20 / 100
    for rent, share in ((0.0, 1.0), (float(margin.mean()), 0.5), (float(margin.max()) + 1, 0.0)):
        paid = sold.shops.assign(rent=np.where(sold.shops["display"], round(rent * 20 * 100), 0))
        result = ks.Result(**{**sold.__dict__, "shops": paid})
        assert ks.measures.shops_above(result) == share


def test_measures_know_no_shops(line: ks.County) -> None:
    result = customers(line, 1).result()
    assert math.isnan(ks.measures.shops_above(result)) and math.isnan(ks.measures.shop_break_even(result))
    assert "orders" not in result.shops, "where all buy alike, nobody counts each resident's orders"


# ---- bad input


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"event": {"every": 5, "days": 6}}, "event.days must lie in [1, event.every] = [1, 5]; got 6."),
    ({"event": {"day": 1, "posts": 250}},
     "posting.moments x posting.every + event.posts must lie in [0, 250]; got 1 x 1 + 250."),
    ({"event": {"discount": 1.0}}, "event.discount must lie in [0, 0.99]; got 1.0."),
    ({"event": {"stock": -1.0}}, "event.stock must lie in [0, 100]; got -1.0."),
    ({"shock": {"need": -0.5}}, "shock.need must lie in [0, 1000]; got -0.5."),
    ({"delivery": {"range": 3.0}},
     "delivery.range must be 0 where delivery.point is 'community', because nobody has a way to go there; got 3."),
    ({"delivery": {"point": "door"}}, "delivery.point must be one of 'community', 'shop'; got 'door'."),
])
def test_bad_input(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ks.ParameterError) as error:
        SMALL.replace(**changes)
    assert str(error.value) == sentence
