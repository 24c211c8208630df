"""The residents' side of the market: neutral when off, and of the sign and size that each definition demands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import kocsim as ks
from kocsim.catchments import by_catchment, walk_in_chances
from kocsim.stages import Stage

SMALL = ks.Scenario(residents=3000, kocs=30, shops=3, friends={"koc_median": 100.0}, purchase={"first": 0.5})
N = 20_000
FOLLOWS, LEFT = 4, 16


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(SMALL, seed=1)


@pytest.fixture(scope="module")
def star() -> ks.County:
    """One KOC, heard by 20,000 others over ties of strength 0.6."""
    source, target = np.zeros(N, int), np.arange(1, N + 1)
    return ks.County.from_ties((source, target), n=N + 1, kocs=[0], strength=np.full(N, 0.6))


def plain(**changes: Any) -> ks.Scenario:
    """Whatever is shown is seen; nothing crowds; nobody needs, shares or lapses."""
    base = ks.Scenario.preset("mixed").replace(
        shops=0, moments={"view": 1.0, "visit": 1.0}, need={"rate": 0.0}, identification={"sigma": 0.0},
        posting={"moments": 0.0, "groups": 0.0}, purchase={"lapse": 0.0}, attribution={"track": True},
        private_message={"view": 1.0, "visit": 1.0},
    )
    return base.replace(**changes)


def run(scenario: ks.Scenario, county: ks.County, days: int, stage: Stage | None = None) -> ks.Simulation:
    """So many days; everybody but the KOC put in a stage first."""
    simulation = ks.Simulation(scenario, county, seed=3, debug=True)
    if stage is not None:
        simulation.put(np.arange(1, county.n), stage)
    for _ in range(days):
        simulation.step()
    return simulation


def total(simulation: ks.Simulation, column: str) -> int:
    return sum(row[column] for row in simulation.record.rows)


def near(many: float, n: float, p: float) -> bool:
    """Whether a binomial count is within five standard deviations of its mean."""
    return abs(many - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 1e-9


# ---- off


@pytest.mark.parametrize("neutral", [
    {"attribution": {"track": True}},
    {"private_message": {"visit": 0.1}, "kuaishou": {"members": 0.1}, "douyin": {"recommended": 9.0}},
    {"official_account": {"followers": 0.5, "followed": 900.0}, "live_stream": {"visit": 1.0}},
    {"shop_visit": {"visit": 1.0}, "advertising": {"click": 1.0, "until": 3}},
    {"business": {"cycle": 2.0}, "ladder": {"daily_need": 1.0}, "satisfaction": {"upset": 1.0, "feedback": 3.0}},
    {"price": {"price": 90.0, "income_sigma": 2.0}, "money": {"commission": 0.5, "rent": 9.0}},
    {"invitation": {"friends": 10.0, "quality": 0.1}, "membership": {"join": 1.0, "lift_free": 5.0}},
    # on, and of no effect: the same luck for everything else
    {"membership": {"scan": 1.0, "join": 1.0, "upgrade": 0.5, "lift_free": 0.0, "lift_paid": 0.0, "lock_free": 0.0,
                    "lock_paid": 0.0, "discount_free": 0.0, "discount_paid": 0.0}},
    {"ladder": {"step": 1.0, "daily_need": 0.0, "durable_need": 0.0}},
    {"invitation": {"rate": 1.0, "friends": 0.0}},
    {"satisfaction": {"rate": 0.5, "upset": 0.0}},
    {"business": {"share": 1e-9}},
    {"kuaishou": {"posts": 1.0, "members": 0.0, "load": 0.0}},
    {"broadcasts": [{"name": "unseen", "view": 0.0, "load": 0.0}]},
    {"posting": {"messages": 5.0}, "private_message": {"view": 0.0, "load": 0.0}},
])
def test_what_is_off_leaves_all_draws_as_they_were(county: ks.County, neutral: dict[str, Any]) -> None:
    before = ks.simulate(SMALL, county, seed=1, days=15, progress=False)
    after = ks.simulate(SMALL.replace(**neutral), county, seed=1, days=15, progress=False, debug=True)
    assert after.digest() == before.digest()
    assert after.daily["orders"].sum() > 50


# ---- channels of KOCs


def test_a_koc_writes_to_as_many_as_it_says(star: ks.County) -> None:
    simulation = run(plain(posting={"messages": 500.0}), star, 4)
    assert near(total(simulation, "koc_exposures"), 4 * N, 500 / N)


@pytest.mark.parametrize(("members", "reach"), [(0.3, 1.0), (1.0, 0.4), (0.5, 0.5)])
def test_followers_are_those_on_the_platform_to_whom_it_shows(star: ks.County, members: float, reach: float) -> None:
    platform = {"posts": 1.0, "members": members, "reach": reach, "view": 1.0, "visit": 1.0, "recommended": 0.0}
    simulation = run(plain(qq=platform), star, 1)
    assert near(total(simulation, "koc_exposures"), N, members * reach)


def test_what_is_withheld_from_followers_goes_to_strangers(star: ks.County) -> None:
    """Two strangers for each of 20,000 followers who are not served, among those on the platform."""
    platform = {"posts": 1.0, "members": 0.5, "reach": 0.0, "view": 1.0, "visit": 1.0, "recommended": 2.0}
    result = run(plain(douyin=platform), star, 1).result()
    assert result.daily["koc_exposures"].sum() == 0
    assert near(result.channels["exposures"].sum(), 2 * (N + 1), 0.5 * N / (N + 1))
    assert (result.residents["first_by"] == -1).all()


def test_posting_ends(county: ks.County) -> None:
    scenario = SMALL.replace(posting={"until": 4, "messages": 3.0}, kuaishou={"posts": 1.0})
    daily = ks.simulate(scenario, county, seed=1, days=9, progress=False).daily
    assert (daily["koc_posts"].loc[:4] > 0).all() and not daily["koc_posts"].loc[5:].any()


@pytest.mark.parametrize("synchrony", [0.0, 0.5, 1.0])
def test_bursts_and_staggered_posts_are_equally_many(synchrony: float) -> None:
    scenario = SMALL.replace(kocs=700, posting={"moments": 2.0, "groups": 0.5, "every": 7, "synchrony": synchrony})
    daily = ks.simulate(scenario, seed=1, days=28, progress=False).daily["koc_posts"]
    weekly = daily.groupby((daily.index - 1) // 7).sum()
    assert (abs(weekly - 7 * 700 * 2.5) <= 5 * math.sqrt(700 / 4)).all()
    together = daily[(daily.index - 1) % 7 == 0].sum() / daily.sum()
    expected = synchrony + (1 - synchrony) / 7
    assert abs(together - expected) <= 5 * math.sqrt(expected * (1 - expected) / 700)


def test_posts_gathered_beyond_a_byte_are_refused() -> None:
    sentence = r"posting\.moments x posting\.every must lie in \[0, 250\]; got 9 x 30\."
    with pytest.raises(ks.ParameterError, match=sentence):
        SMALL.replace(posting={"moments": 9.0, "every": 30})


# ---- broadcasts


def account(**changes: Any) -> dict[str, Any]:
    base = {"posts": 1.0, "followers": 0.3, "visit": 1.0, "view": 1.0, "followed": 10.0, "background_posts": 0.0}
    return base | changes


def test_followers_read_the_account(star: ks.County) -> None:
    simulation = run(plain(official_account=account()), star, 2)
    followers = int(((simulation.flags & FOLLOWS) > 0).sum())
    assert near(followers, N, 0.3)
    assert total(simulation, "exposures") == 2 * followers


def test_nobody_follows_beyond_the_cap(star: ks.County) -> None:
    """Accounts followed are lognormal: with a cap at the median plus this one, half have room."""
    shares = [
        ((run(plain(official_account=account(followers=1.0, cap=cap)), star, 1).flags & FOLLOWS) > 0).mean()
        for cap in (0, 11, 100_000)
    ]
    assert shares[0] == 0 and shares[2] == 1
    assert near(shares[1] * (N + 1), N + 1, 0.5)


def test_who_leaves_the_account_stays_away(star: ks.County) -> None:
    simulation = run(plain(official_account=account(strength=0.0), trust={"mute": 1.0}), star, 3)
    rows = simulation.record.rows
    assert rows[0]["lost_followers"] == rows[0]["exposures"] > 0
    assert rows[1]["exposures"] == rows[2]["exposures"] == 0
    assert not (simulation.flags & FOLLOWS).any() and (simulation.flags & LEFT).any()


def test_walking_in_falls_with_distance() -> None:
    at = np.array([0.0, 1.0, 2.0, 50.0], np.float32)
    serves = np.array([0, 0, 1, -1], np.int32)
    where, nowhere = np.array([0, 2], np.int32), np.zeros(4, np.float32)
    chances = walk_in_chances(serves, where, at, nowhere, np.array([True, True]), visit=0.4, scale=2.0)
    np.testing.assert_allclose(chances, [0.4, 0.4 * math.exp(-0.5), 0.4, 0.0])
    half = walk_in_chances(serves, where, at, nowhere, np.array([True, False]), visit=0.4, scale=2.0)
    assert half[0] > 0 and half[2] == 0
    assert by_catchment(serves, np.array([5, 5, 3, 9]), 2).tolist() == [0, 1], "the larger catchment first"
    assert by_catchment(serves, np.array([5, 5, 30, 9]), 2).tolist() == [1, 0]


def test_a_scene_wins_trust_in_the_shop(county: ks.County) -> None:
    shop = {"display": 1.0, "visit": 1.0, "view": 1.0, "range": 100.0, "strength": 0.5}
    trusts = [
        run(SMALL.replace(shop_visit=shop | {"scene": scene}), county, 5).broadcasting.shop_trust.mean()  # type: ignore[union-attr]
        for scene in (0.0, 0.02)
    ]
    assert trusts[0] == 128 and trusts[1] > 140


def test_advertising_gets_dearer() -> None:
    ads = ks.Scenario(advertising={"budget": 5000.0}).advertising
    for other in (ads.replace(rivals=9), ads.replace(saturation=5.0), ads.replace(cpm=60.0)):
        assert other.impressions(10**6) < ads.impressions(10**6)
    for one in (ads, ads.replace(saturation=0.0)):
        bought = one.impressions(10**6)
        assert one.price(bought, 10**6) * bought / 1000 == pytest.approx(5000)
    assert ads.replace(budget=10_000.0).impressions(10**6) < 2 * ads.impressions(10**6)


def test_clicks_lead_into_the_private_pool(star: ks.County) -> None:
    ads = {"budget": 1000.0, "visit": 1.0, "view": 1.0, "click": 0.2, "transfer": 0.5, "until": 3}
    simulation = run(plain(advertising=ads, official_account={"followed": 0.0, "followers": 0.0}), star, 5)
    seen, clicks = total(simulation, "exposures"), total(simulation, "clicks")
    assert near(clicks, seen, 0.2) and clicks > 500
    followers = int(((simulation.flags & FOLLOWS) > 0).sum())
    assert 0.35 * clicks < followers <= 0.55 * clicks, "some click twice"
    assert simulation.record.rows[3]["exposures"] == 0, "until day 3"
    ledger = simulation.result().ledger["amount"].unstack()
    assert ledger["advertising"].tolist() == [100_000] * 3 + [0, 0]


def test_who_clicks_may_buy_unpersuaded_on_a_day_of_need(star: ks.County) -> None:
    ads = {"budget": 1000.0, "visit": 1.0, "view": 1.0, "click": 1.0, "convert": 0.5, "strength": 0.0}
    for rate in (0.0, 0.4):
        simulation = run(plain(advertising=ads, need={"rate": rate}), star, 1)
        reached = (simulation.evidence == 0) & (simulation.stage > 0)
        assert near(simulation.record.rows[0]["orders_after_click"], reached[1:].sum(), 0.5 * rate)


@pytest.mark.parametrize(
    ("audience", "heard"), [("everyone", N + 1), ("customers", 1), ("members", 0), ("followers", 0)])
def test_a_broadcast_reaches_its_audience(star: ks.County, audience: str, heard: int) -> None:
    own = ks.Broadcast(name="own", audience=audience, visit=1.0, view=1.0)
    assert total(run(plain(broadcasts=[own], official_account={"followers": 0.0}), star, 1), "exposures") == heard


def test_an_audience_that_is_not_there_is_refused(star: ks.County) -> None:
    sentence = r"must be one of everyone, .*this county has none.*got 'custmers'\. Did you mean 'customers'"
    with pytest.raises(ks.DataError, match=sentence):
        ks.Simulation(plain(broadcasts=[{"name": "own", "audience": "custmers"}]), star)


# ---- buying


def test_businesses_take_as_long_as_erlang_says(star: ks.County) -> None:
    steps, cycle = 4, 30.0
    scenario = plain(
        business={"share": 1.0, "steps": steps, "cycle": cycle, "need": 0.0}, posting={"moments": 1.0},
        identification={"absolute": 0.1})
    simulation = run(scenario, star, 160)
    days = simulation.day_customer[1:].astype(float) - simulation.day_identified[1:] + 1
    p = steps / cycle
    assert (simulation.day_customer[1:] < 65535).mean() > 0.999
    assert abs(np.median(days) - 28) <= 2
    assert abs(days[days < 1000].mean() - cycle) < 5 * math.sqrt(steps * (1 - p) / p**2 / N) + 0.1
    assert abs(days[days < 1000].std() - math.sqrt(steps * (1 - p)) / p) < 0.5
    funnel = simulation.result().funnel.groupby("segment").sum().loc["businesses"]
    assert funnel["lead"] == funnel["screening"] == funnel["intent"] == N >= funnel["deal"] > 0.999 * N


def test_a_decision_needs_trust_that_lasts(star: ks.County) -> None:
    scenario = plain(
        business={"share": 1.0, "steps": 3, "cycle": 6.0, "restart": 1.0}, posting={"moments": 1.0, "until": 2},
        identification={"absolute": 0.5}, response={"half_life": 1.0})
    assert total(run(scenario, star, 30), "new_customers") < 0.3 * N
    lasting = scenario.replace(response={"half_life": 1000.0})
    assert total(run(lasting, star, 30), "new_customers") > 0.9 * N


def buyers(star: ks.County, days: int = 10, **changes: Any) -> ks.Simulation:
    """Everybody a customer who orders whenever she needs, on average in two days of ten."""
    base = {"need": {"rate": 0.2}, "purchase": {"repeat": 1.0, "lapse": 0.0}}
    return run(plain(**base).replace(**changes), star, days, Stage.CUSTOMER)


def test_a_spread_of_needs_keeps_their_mean(star: ks.County) -> None:
    simulation = buyers(star, **{"need.sigma": 0.6})
    market = simulation.market
    assert market is not None
    rates = market.need_rates()
    assert market.scenario.need.rates().mean() == pytest.approx(0.2, rel=2e-3)  # a few are cut at 1
    assert abs(market.orders.sum() - 10 * rates.sum()) < 5 * math.sqrt(10 * (rates * (1 - rates)).sum())
    assert np.corrcoef(rates, market.orders)[0, 1] > 0.5


def test_needs_that_keep_are_met_later(star: ks.County) -> None:
    """A need waits for geometrically many days: with keep = 1, order days are those with a need open."""
    orders = [
        total(buyers(star, 30, **{"need.keep": keep, "purchase.repeat": 0.3}), "orders") for keep in (0.0, 0.5, 1.0)]
    assert orders[0] < orders[1] < orders[2]
    assert near(orders[0], 30 * (N + 1), 0.2 * 0.3)
    # open or not is a chain: opens with 0.2, is met with 0.3 on each day that it is open, the first included
    open_ = 0.0
    expected = 0.0
    for _ in range(30):
        open_ = open_ + (1 - open_) * 0.2
        expected += open_ * 0.3
        open_ *= 0.7
    assert abs(orders[2] / (N + 1) - expected) < 5 * math.sqrt(30 * 0.25 / N)


def test_price_halves_orders_at_elasticity_one(star: ks.County) -> None:
    price = {"price": 40.0, "elasticity": 1.0, "income_exponent": 0.0}
    assert near(total(buyers(star, price=price), "orders"), 10 * (N + 1), 0.2 * 0.5)


def test_those_of_low_income_respond_more(star: ks.County) -> None:
    def ratio(exponent: float) -> float:
        price = {"price": 30.0, "elasticity": 1.0, "income_exponent": exponent}
        market = buyers(star, 20, price=price).market
        assert market is not None
        poor = market.incomes() < 2000
        return float(market.orders[poor].mean() / market.orders[~poor].mean())

    assert abs(ratio(0.0) - 1) < 0.03
    assert ratio(0.8) < 0.8


def test_some_orders_satisfy_and_the_disappointed_leave(star: ks.County) -> None:
    simulation = buyers(star, 1, satisfaction={"rate": 0.7, "upset": 0.4})
    row = simulation.record.rows[0]
    assert near(row["satisfied_orders"], row["orders"], 0.7)
    assert near(row["lapsed_today"], row["orders"] - row["satisfied_orders"], 0.4)
    satisfaction = ks.Scenario(satisfaction={"rate": 0.6, "feedback": 10.0}).satisfaction
    assert [satisfaction.on_day(day) for day in (1, 11, 21)] == pytest.approx([0.6, 0.8, 0.9])


# ---- what orders leave behind


@pytest.mark.parametrize(("rate", "sign"), [(1.0, 1), (0.0, -1)])
def test_orders_move_the_trust_of_the_tie_that_sold(star: ks.County, rate: float, sign: int) -> None:
    simulation = run(plain(
        posting={"moments": 1.0}, need={"rate": 0.3}, purchase={"repeat": 1.0},
        satisfaction={"rate": rate, "upset": 0.0}, trust={"purchase": 0.1, "disappointment": 0.1},
    ), star, 3, Stage.CUSTOMER)
    market = simulation.market
    assert market is not None
    orders = market.orders[1:]
    moved = simulation.trust - 153 / 255
    assert not moved[orders == 0].any()
    assert (np.sign(moved[orders > 0]) == sign).all()
    assert moved[orders == 2].mean() == pytest.approx(0.2 * sign, abs=0.01)


def test_what_sells_below_the_gate_carries_nothing(star: ks.County) -> None:
    for content, gate, carries in (({}, 0.7, False), ({}, 0.5, True), ({"service": 1.0}, 0.7, True)):
        simulation = run(plain(content=content, trust={"gate": gate}, posting={"moments": 1.0}), star, 1)
        assert (simulation.evidence[1:] > 0).all() == carries
        assert (simulation.stage[1:] > 0).all(), "seen all the same"


def test_the_ladder_is_climbed_by_trust(star: ks.County) -> None:
    simulation = buyers(star, 40, ladder={"step": 0.3})
    market = simulation.market
    assert market is not None
    assert market.breadth.max() == 2 and market.breadth[market.orders == 0].max() == 0
    assert near(buyers(star, 1, ladder={"step": 0.3}).record.rows[0]["categories_added"], N, 0.2 * 0.3)
    assert total(simulation, "sales") > 2000 * total(simulation, "orders")
    heard = run(plain(
        posting={"moments": 1.0}, need={"rate": 0.2}, purchase={"repeat": 1.0}, ladder={"step": 0.3},
    ), star, 1, Stage.CUSTOMER)
    row = heard.record.rows[0]
    assert near(row["categories_added"], row["orders"], 0.3 * 153 / 255), "step x trust"


@pytest.mark.parametrize("exponent", [0.0, 2.0])
def test_customers_invite_by_trust(star: ks.County, exponent: float) -> None:
    simulation = run(plain(
        posting={"moments": 1.0}, need={"rate": 0.3}, purchase={"repeat": 1.0},
        invitation={"rate": 0.4, "trust_exponent": exponent},
    ), star, 1, Stage.CUSTOMER)
    row = simulation.record.rows[0]
    assert near(row["inviters"], row["orders"], 0.4 * (153 / 255) ** exponent)


def test_so_many_friends_are_invited(county: ks.County) -> None:
    """Three of each inviter's friends on average, who all look and see."""
    scenario = SMALL.replace(
        invitation={"rate": 1.0, "friends": 3.0}, purchase={"first": 1.0}, need={"rate": 0.5},
        private_message={"visit": 1.0, "view": 1.0}, attention={"posts_per_day": 1e6})
    result = ks.simulate(scenario, county, seed=1, days=25, progress=False)
    sent, seen = result.channels.xs("invitations", level="channel")[["posts", "exposures"]].sum()
    assert sent > 1000 and abs(seen / sent - 3) < 5 * math.sqrt(3 / sent)


def test_joiners_scan_and_join(star: ks.County) -> None:
    membership = {"scan": 0.5, "join": 0.4, "upgrade": 0.0}
    row = buyers(star, 1, membership=membership).record.rows[0]
    assert near(row["scans"], row["orders"], 0.5)
    assert near(row["new_members"], row["orders"], 0.2)


def test_tiers_lift_orders_and_lock_in(star: ks.County) -> None:
    none = {"lift_free": 0.0, "lock_free": 0.0, "discount_free": 0.0}
    membership = {"scan": 1.0, "join": 1.0, "upgrade": 0.0, **none}
    base = {"purchase": {"repeat": 0.4, "lapse": 0.05}}
    plain_run = buyers(star, 30, **base, membership=membership)
    lifted = buyers(star, 30, **base, membership=membership | {"lift_free": 0.5})
    locked = buyers(star, 30, **base, membership=membership | {"lock_free": 0.8})
    assert total(lifted, "orders") > 1.2 * total(plain_run, "orders")
    assert total(locked, "lapsed_today") < 0.8 * total(plain_run, "lapsed_today")


def test_selection_is_not_cause(star: ks.County) -> None:
    """Members order more than others although membership does nothing: exactly nothing, on the same luck."""
    nothing = {"lift_free": 0.0, "lock_free": 0.0, "discount_free": 0.0, "upgrade": 0.0}
    members = buyers(star, 30, **{"need.sigma": 0.8}, membership={"scan": 0.2, "selection": 2.0, **nothing})
    without = buyers(star, 30, **{"need.sigma": 0.8})
    assert members.market is not None and without.market is not None
    assert (members.market.orders == without.market.orders).all()
    joined = members.market.tier > 0
    assert members.market.orders[joined].mean() > 1.5 * members.market.orders[~joined].mean()


@pytest.mark.parametrize("statement", [0.0, 0.5])
def test_paying_members_renew_by_what_they_saved(star: ks.County, statement: float) -> None:
    """All join and pay on the first day of their first order; what they saved is far above the fee."""
    membership = {"scan": 1.0, "join": 1.0, "upgrade": 1.0, "fee": 1.0, "renewal": 0.3, "statement": statement}
    simulation = ks.Simulation(plain(
        need={"rate": 0.5}, purchase={"repeat": 1.0, "lapse": 0.0}, membership=membership), star, 3)
    simulation.put(np.arange(1, 2001), Stage.CUSTOMER)
    for _ in range(372):
        simulation.step()
    due = total(simulation, "renewals") + total(simulation, "not_renewed")
    assert due > 1500 and near(total(simulation, "renewals"), due, 0.3 + statement)


# ---- money


def test_quality_costs_its_square(star: ks.County) -> None:
    scenario = plain(posting={"moments": 2.0, "quality": 0.5}, content={"quality_cost": 8.0})
    ledger = run(scenario, star, 3).result().ledger["amount"].unstack()
    assert ledger["posts"].tolist() == [2 * 800 // 4] * 3
    assert (ledger.sum(axis=1) == 0).all()


def test_the_ledger_by_hand(star: ks.County) -> None:
    """Orders at 20 yuan, all sold by the one KOC who is heard every day."""
    money = {"goods": 0.8, "commission": 0.1, "staff": 7.0, "phone": 2.0}
    simulation = run(plain(
        posting={"moments": 1.0}, need={"rate": 0.2}, purchase={"repeat": 1.0}, money=money), star, 2, Stage.CUSTOMER)
    orders = np.array([row["orders"] for row in simulation.record.rows])
    own = (simulation.market.orders[0])  # type: ignore[union-attr]
    result = simulation.result()
    ledger = result.ledger["amount"].unstack()
    assert (ledger["sales"] == -2000 * orders).all() and (ledger["goods"] == 1600 * orders).all()
    assert ledger["commission"].sum() == 200 * (orders.sum() - own) == result.kocs["income"].sum()
    assert (ledger["staff"] == 700).all() and (ledger["phones"] == 200).all()
    assert (ledger["cash"] == 400 * orders - ledger["commission"] - 900).all()


@pytest.mark.parametrize(("change", "sentence"), [
    ({"membership": {"discount_paid": 1.0}}, r"membership\.discount_paid must lie in \[0, 0\.99\]; got 1"),
    ({"business": {"steps": 0}}, r"business\.steps must be a whole number in \[1, 60\]; got 0"),
    ({"kuaishou": {"reach": 1.2}}, r"kuaishou\.reach must lie in \[0, 1\]; got 1\.2"),
    ({"advertising": {"cpm": 0}}, r"advertising\.cpm must lie in \(0, 1000000\]; got 0"),
    ({"broadcasts": [{"name": "x", "vew": 1}]},
     r"There is no parameter 'broadcasts\.0\.vew'\. Did you mean 'broadcasts\.0\.view'"),
    ({"broadcasts": [{"name": f"x{k}"} for k in range(11)]}, r"broadcasts must be at most 10; got 11"),
    ({"need": {"category": "food"}},
     r"need\.category must be one of 'custom', 'fresh', 'daily', 'durable'; got 'food'"),
])
def test_bad_values_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ks.ParameterError, match=sentence):
        SMALL.replace(**change)
