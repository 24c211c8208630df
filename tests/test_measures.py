"""Tables by channel, funnel, audience and trust, the tree of who won whom, and the measures made of them.

A county of 240 in which everything happens often is lived through once more in plain Python, a resident at a time
(`kocsim.reference`), and what happened is counted there by hand. Measures are put to tables made for the purpose, of
which the answer is known.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

import kocsim as ks
import kocsim.simulation
from kocsim import measures
from kocsim.reference.buying import buy, identify
from kocsim.reference.people import Post, World
from kocsim.reference.posting import customers_invite, customers_share, firm_broadcasts, kocs_post
from kocsim.reference.reading import arrived, attended, hear, read, weigh
from kocsim.results import CHANNEL_UNITS, TABLES, UNITS
from kocsim.rng import Decision
from kocsim.stages import NEVER, Stage
from tests.worlds import as_it_is

SEED, DAYS = 7, 24
SMALL = {"residents": 240, "kocs": 6, "shops": 2, "friends": {"koc_median": 50.0, "median": 15.0},
         "population": {"community_median": 40.0, "township_mean": 80.0}}
LEAFLET = {"name": "leaflet", "posts": 1.5, "visit": 0.4, "click": 0.1, "transfer": 0.5, "cost": 20.0}
BUSY = as_it_is(ks.Scenario.preset("full")).replace(
    **SMALL,
    need={"rate": 0.4, "keep": 0.3},
    posting={"moments": 1.0, "groups": 2.0, "messages": 7.4},
    trust={"mute": 0.05, "disappointment": 0.5},
    sharing={"rate": 0.6, "group": 0.6},
    moments={"cost": 0.01},
    private_message={"cost": 0.1},
    kuaishou={"posts": 1.0, "reach": 0.2, "recommended": 3.0, "members": 0.7, "cost": 2.5},
    douyin={"posts": 2.0, "reach": 0.1, "recommended": 3.0},
    official_account={"posts": 0.7, "followers": 0.4, "visit": 0.8, "view": 0.7, "cost": 5.0},
    live_stream={"posts": 0.5, "visit": 0.5, "cost": 11.0},
    shop_visit={"visit": 0.5},
    advertising={"budget": 25.0, "until": 18, "view": 0.4, "click": 0.3, "convert": 0.6, "transfer": 0.5},
    broadcasts=[LEAFLET],
    response={"half_life": 10.0},
    identification={"absolute": 0.8, "hysteresis": 0.9},
    purchase={"first": 0.3, "repeat": 0.6, "lapse": 0.04, "win_back": 0.5},
    business={"share": 0.15, "cycle": 6.0, "restart": 0.3, "need": 0.3},
    ladder={"step": 0.6, "daily_need": 0.5, "durable_need": 0.4},
    satisfaction={"rate": 0.7, "upset": 0.4},
    invitation={"rate": 0.9, "trust_exponent": 0.2, "friends": 4.0},
    membership={"scan": 0.8, "join": 0.6, "upgrade": 0.3},
)
KOC_CHANNELS = ["moments", "group_chat", "private_message", "kuaishou", "douyin"]
CUSTOMER_CHANNELS = ["shares", "group_shares", "invitations"]
FIRM_CHANNELS = ["official_account", "live_stream", "shop_visit", "advertising", "leaflet"]
NAMES = dict(zip(
    (0, 1, 2, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14), KOC_CHANNELS + CUSTOMER_CHANNELS + FIRM_CHANNELS, strict=True))
"""Channels that `BUSY` uses, by number."""


@pytest.fixture(autouse=True, scope="module")
def threads_for_small_counties() -> Iterator[None]:
    """Use all threads asked for, however few the residents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kocsim.simulation, "RESIDENTS_A_THREAD", 1)
        yield


# ---- the county lived through in plain Python, and counted


class Told(NamedTuple):
    """What happened, counted while it happened."""

    world: World
    channels: Counter[tuple[str, int, str]]
    """By column of `Result.channels`, day and channel."""
    daily: Counter[tuple[str, int]]
    """By column of `Result.daily` and day."""
    funnel: Counter[tuple[int, str, str]]
    """By day, segment and step."""
    met: list[set[str]]
    """Channels on which each resident ever heard of the product."""
    first: list[tuple[str, int, bool] | None]
    won: list[tuple[str, int, bool] | None]
    """First touch, and the last before the first order: channel, who (-1: the firm), and whether a platform put it
    before a stranger."""
    bought: list[set[str]]
    """Channels on which each had heard of it by the first order."""


def heard_last(world: World, i: int) -> tuple[str, int, bool] | None:
    """The last touch of a resident; see `Told.first`."""
    day, _, number, place = world.residents[i].touch
    if not day:
        return None
    by = place - 1
    if number < 7 and place:
        by = next(world.koc[k] for k in reversed(range(len(world.koc))) if world.first_tie[k] < place)
    return NAMES[number], by, number < 7 and not place


def needs(world: World, day: int, i: int) -> bool:
    """Whether a consumer needs the category."""
    rate = float(world.scenario.need.rates()[world.of_class(Decision.NEED_CLASS, i)])
    return world.happens(Decision.NEED, day, i, rate) or world.residents[i].pending


def tell(scenario: ks.Scenario, county: ks.County, seed: int, days: int) -> Told:
    """Live through the days, and count."""
    world = World(scenario, county, seed)
    people, s = world.residents, scenario
    n = len(people)
    channels: Counter[tuple[str, int, str]] = Counter()
    daily: Counter[tuple[str, int]] = Counter()
    funnel: Counter[tuple[int, str, str]] = Counter()
    met: list[set[str]] = [set() for _ in people]
    first: list[tuple[str, int, bool] | None] = [None] * n
    won: list[tuple[str, int, bool] | None] = [None] * n
    bought: list[set[str]] = [set() for _ in people]
    ad = s.advertising
    # budget = price a thousand x impressions / 1,000, where the price rises with impressions
    dear = ad.cpm * (1 + ad.rival_effect * ad.rivals) / 1000
    impressions = max(np.roots([dear * ad.saturation / n, dear, -ad.budget]).real)
    posted = {
        "moments": s.posting.moments, "group_chat": s.posting.groups, "kuaishou": s.kuaishou.posts,
        "douyin": s.douyin.posts}
    half = (s.business.steps + 1) // 2
    for day in range(1, days + 1):
        def post(channel: str, many: float, cost: float = 0.0, day: int = day) -> None:
            channels["posts", day, channel] += round(many)
            channels["cost", day, channel] += round(many * cost * 100)

        inbox: list[list[Post]] = [[] for _ in people]
        for name, many in posted.items():
            post(name, many * len(world.koc), getattr(s, name).cost)
        reached = sum(round(min(s.posting.messages, contacts)) for contacts in world.koc_contacts)
        post("private_message", reached, s.private_message.cost)
        for i, r in enumerate(people):
            if r.stage in (Stage.CUSTOMER, Stage.REPEAT) and i not in world.koc:
                sharing = world.happens(Decision.SHARE, day, i, s.sharing.rate)
                post("shares", sharing)
                post("group_shares", bool(sharing and world.groups_of[i] and world.happens(
                    Decision.SHARE_GROUP, day, i, s.sharing.group)))
            post("invitations", r.invites)
        shown = kocs_post(world, day, inbox, None)
        customers_share(world, day, inbox)
        customers_invite(world, day, inbox)
        air = firm_broadcasts(world, day, shown)
        for one, turns in air:
            if one.name in ("official_account", "live_stream", "shop_visit", "leaflet"):
                post(one.name, turns, one.channel.cost)
        if day <= ad.until:
            post("advertising", impressions)
            channels["cost", day, "advertising"] += round(ad.budget * 100)
        for i, r in enumerate(people):
            followed, left, muted = r.follows, r.left, len(world.muted)
            share = attended(world, i, arrived(world, i, inbox[i], air))
            seen = read(world, day, i, inbox[i], share) + hear(world, day, i, air, share)
            daily["mutes", day] += len(world.muted) - muted
            daily["lost_followers", day] += r.left and not left
            daily["new_followers", day] += (r.follows or (r.left and not left)) and not followed
            followed = r.follows
            for one_post, _ in seen:
                channels["exposures", day, NAMES[one_post.number]] += 1
                daily["koc_exposures", day] += one_post.source[0] == "koc"
                met[i].add(NAMES[one_post.number])
            was = r.stage
            weigh(world, day, r, seen)
            segment = "businesses" if r.business else "consumers"
            if seen and first[i] is None:
                first[i] = heard_last(world, i)
            if was == Stage.UNAWARE and r.stage == Stage.AWARE:
                channels["first_touches", day, str(first[i] and first[i][0])] += 1
                funnel[day, segment, "lead"] += 1
            identified = r.day_identified
            identify(world, day, r)
            if r.business:
                funnel[day, segment, "screening"] += r.day_identified != identified
            elif needs(world, day, i):
                funnel[day, segment, "screening"] += r.stage in (Stage.AWARE, Stage.IDENTIFIED)
                funnel[day, segment, "intent"] += r.stage == Stage.IDENTIFIED
            before, sales = dataclasses.replace(r), world.sales
            buy(world, day, i, r)
            # of several steps only the last to the deal makes the phase 0 again
            funnel[day, segment, "intent"] += r.business and r.phase == before.phase + 1 == half
            new = r.day_customer == day
            funnel[day, segment, "deal"] += new
            if new:
                won[i] = heard_last(world, i)
                bought[i] = set(met[i])
            if r.ordered:
                last = heard_last(world, i)
                for suffix, touch in (("", last), ("_first", first[i])):
                    channel = touch[0] if touch else "none"
                    channels["orders" + suffix, day, channel] += 1
                    channels["new_customers" + suffix, day, channel] += new
                channels["sales", day, last[0] if last else "none"] += world.sales - sales
                daily["sales", day] += world.sales - sales
                daily["orders", day] += 1
                daily["satisfied_orders", day] += world.happens(
                    Decision.SATISFIED, day, i, s.satisfaction.on_day(day))
                daily["business_orders", day] += r.business
                daily["scans", day] += world.happens(Decision.SCAN, day, i, s.membership.scan)
            daily["new_members", day] += before.tier == 0 and r.tier > 0
            daily["new_paying_members", day] += before.tier < 2 and r.tier == 2
            daily["categories_added", day] += r.breadth - before.breadth
            daily["inviters", day] += r.invites
            daily["new_followers", day] += r.follows and not followed
            daily["new_customers", day] += new
    return Told(world, channels, daily, funnel, met, first, won, bought)


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(BUSY, seed=2)


@pytest.fixture(scope="module")
def told(county: ks.County) -> Told:
    return tell(BUSY, county, SEED, DAYS)


@pytest.fixture(scope="module")
def result(county: ks.County) -> ks.Result:
    return ks.simulate(BUSY, county, SEED, DAYS, progress=False, debug=True)


def simulate(scenario: ks.Scenario, days: int = 12, **options: Any) -> ks.Result:
    return ks.simulate(scenario, seed=1, days=days, progress=False, **options)


@pytest.fixture(scope="module")
def plain() -> ks.Result:
    """A run in which nothing of all this is switched on."""
    return simulate(ks.Scenario.preset("small").replace(**SMALL, identification={"absolute": 0.2}), 40)


@pytest.fixture(scope="module")
def empty(county: ks.County) -> ks.Result:
    """Before the first day."""
    return ks.Simulation(BUSY, county, SEED).result()


# ---- tables


@pytest.mark.parametrize("column", CHANNEL_UNITS)
def test_channels(result: ks.Result, told: Told, column: str) -> None:
    index = pd.MultiIndex.from_product([range(1, DAYS + 1), [*NAMES.values(), "none"]], names=["day", "channel"])
    expected = pd.Series([told.channels[column, *at] for at in index], index, name=column)
    pd.testing.assert_series_equal(result.channels[column], expected, check_index_type=False)


def test_the_busy_county_leaves_nothing_out(result: ks.Result, told: Told) -> None:
    """What never happens would be compared to no purpose."""
    used = result.channels.groupby("channel")[["posts", "exposures"]].sum().drop("none")
    assert (used > 0).all(axis=None), used
    some = result.channels[["first_touches", "new_customers", "orders", "new_customers_first", "sales"]]
    assert ((some > 0).groupby("channel").any().sum() >= 8).all()
    assert (result.funnel.groupby("segment").sum() > 0).all(axis=None)
    never = result.daily.columns[result.daily.sum() == 0]
    # within a year, without events, and with all KOCs from the start
    assert set(never) == {"renewals", "not_renewed", "brought_forward", "met_from_stock", "recruits", "departures"}
    for touches in (told.first, told.won):
        assert sum(touch is not None and touch[2] for touch in touches) > 1, "nobody was won by a recommended post"


@pytest.mark.parametrize(("column", "of_day"), [
    ("exposures", "exposures"), ("first_touches", "new_aware"), ("new_customers", "new_customers"),
    ("new_customers_first", "new_customers"), ("orders", "orders"), ("orders_first", "orders"), ("sales", "sales"),
])
def test_channels_sum_to_the_day(result: ks.Result, column: str, of_day: str) -> None:
    sums = result.channels[column].groupby("day").sum()
    pd.testing.assert_series_equal(sums, result.daily[of_day], check_names=False, check_index_type=False)


def test_posts_of_kocs_and_customers(result: ks.Result) -> None:
    posts = result.channels["posts"].unstack()
    assert (posts[KOC_CHANNELS].sum(axis=1) == result.daily["koc_posts"]).all()
    assert (posts["shares"] == result.daily["shares"]).all()
    assert (posts["group_shares"] == result.daily["group_shares"]).all()


def test_posts_are_by_kocs_and_customers(result: ks.Result) -> None:
    """As the docstring of `Result.daily` has it."""
    posts = result.channels["posts"].unstack()
    assert (posts[KOC_CHANNELS + CUSTOMER_CHANNELS].sum(axis=1) == result.daily["posts"]).all()


@pytest.mark.parametrize("column", [
    "orders", "sales", "satisfied_orders", "business_orders", "scans", "new_members", "new_paying_members",
    "categories_added", "inviters", "new_customers", "new_followers", "lost_followers", "koc_exposures", "mutes",
])
def test_daily_columns(result: ks.Result, told: Told, column: str) -> None:
    assert result.daily[column].tolist() == [told.daily[column, day] for day in range(1, DAYS + 1)]


def test_funnel(result: ks.Result, told: Told) -> None:
    index = pd.MultiIndex.from_product([range(1, DAYS + 1), ["consumers", "businesses"]], names=["day", "segment"])
    expected = pd.DataFrame({
        step: [told.funnel[*at, step] for at in index] for step in ("lead", "screening", "intent", "deal")
    }, index)
    pd.testing.assert_frame_equal(result.funnel, expected, check_index_type=False)
    assert (result.funnel["lead"].groupby("day").sum() == result.daily["new_aware"]).all()
    assert (result.funnel["deal"].groupby("day").sum() == result.daily["new_customers"]).all()


def test_audiences(result: ks.Result, told: Told) -> None:
    people = [i for i in range(240) if i not in told.world.koc]
    for name, row in result.audiences.iterrows():
        heard = [i for i in people if name in told.met[i]]
        bought = sum(name in told.bought[i] for i in heard)
        assert (row["exposed"], row["customers"]) == (len(heard), bought)
        assert row["precision"] == pytest.approx(bought / len(heard))
    assert list(result.audiences.index) == list(NAMES.values())


def test_an_audience_of_nobody_has_no_precision() -> None:
    run = simulate(BUSY.replace(advertising={"visit": 0.0}), 3)
    row = run.audiences.loc["advertising"]
    assert row["exposed"] == 0 and math.isnan(row["precision"])


def test_a_broadcast_to_some_of_ones_own_residents() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 400, (2, 3000))
    people = pd.DataFrame({"farmer": rng.random(400) < 0.4})
    county = ks.County.from_ties((a[a != b], b[a != b]), kocs=range(10), residents=people)
    almanac = ks.Broadcast(name="almanac", audience="farmer", posts=1.0, visit=0.9, view=0.9, cost=3.0)
    run = ks.simulate(
        ks.Scenario.preset("mixed").replace(broadcasts=[almanac]), county, seed=1, days=30, progress=False)
    farmers = people["farmer"].to_numpy()
    assert run.audiences.loc["almanac", "exposed"] == farmers[10:].sum()  # 30 posts, and KOCs do not count
    heard_there = run.residents["first_channel"] == "almanac"
    assert heard_there.sum() > 50 and farmers[heard_there].all()
    assert (run.residents.loc[heard_there, "first_by"] == -1).all()
    assert run.channels.xs("almanac", level="channel")["cost"].tolist() == [300] * 30


def test_trust(result: ks.Result, told: Told) -> None:
    w = told.world
    ties, muted, shops = np.zeros((3, 20), int)
    for tie, byte in w.trust.items():
        at = min(20 * byte // 255, 19)
        ties[at] += 1
        muted[at] += tie in w.muted
    for r in w.residents:
        shops[min(20 * r.shop_trust // 255, 19)] += 1
    expected = pd.DataFrame(
        {"ties": ties, "muted": muted, "shops": shops}, index=pd.Index(np.arange(20) / 20, name="trust"))
    pd.testing.assert_frame_equal(result.trust, expected)
    assert "shops" not in simulate(BUSY.replace(shop_visit={"display": 0.0}), 1).trust


def test_columns_of_residents(result: ks.Result, told: Told) -> None:
    people, world = result.residents, told.world
    tiers = ("none", "free", "paid")
    for name, value in {
        "orders": lambda r: r.orders, "business": lambda r: r.business, "follows": lambda r: r.follows,
        "tier": lambda r: tiers[r.tier], "categories": lambda r: r.breadth + (r.orders > 0),
    }.items():
        assert people[name].tolist() == [value(r) for r in world.residents], name
    for name, touches in (("first", told.first), ("won", told.won)):
        have = people[f"{name}_channel"].astype(object).where(people[f"{name}_channel"].notna(), None)
        assert have.tolist() == [touch and touch[0] for touch in touches]
    assert people["business"].dtype == people["follows"].dtype == np.bool_
    assert list(people["tier"].cat.categories) == list(tiers)
    assert list(people["won_channel"].cat.categories) == list(NAMES.values())


@pytest.mark.parametrize("name", ["first", "won"])
def test_who_it_came_from(result: ks.Result, told: Told, name: str) -> None:
    by, touches = result.residents[f"{name}_by"], getattr(told, name)
    for i, touch in enumerate(touches):
        of_residents = touch is not None and not touch[2] and touch[0] in KOC_CHANNELS + CUSTOMER_CHANNELS
        assert by[i] == (touch[1] if touch and of_residents else -1), (i, touch)


@pytest.mark.parametrize("name", ["first", "won"])
def test_what_a_platform_recommends_comes_from_nobody(result: ks.Result, told: Told, name: str) -> None:
    strangers = [i for i, touch in enumerate(getattr(told, name)) if touch and touch[2]]
    assert (result.residents.loc[strangers, f"{name}_by"] == -1).all()


def test_tree(result: ks.Result, told: Told) -> None:
    tree, people = result.tree, result.residents
    assert len(tree) == result.daily["new_customers"].sum()
    assert tree.index.tolist() == [i for i, touch in enumerate(told.won) if touch]
    assert tree["day"].tolist() == [told.world.residents[i].day_customer for i in tree.index]
    assert tree["channel"].astype(str).tolist() == [told.won[i][0] for i in tree.index]  # type: ignore[index]
    assert (tree["by"] == people.loc[tree.index, "won_by"]).all()
    assert tree.groupby("channel", observed=False).size().to_dict() == result.channels.groupby("channel")[
        "new_customers"].sum().drop("none").to_dict()
    by_customers = tree[tree["channel"].isin(CUSTOMER_CHANNELS)]
    assert len(by_customers) > 3
    assert (people["day_customer"].loc[by_customers["by"]].to_numpy() < by_customers["day"].to_numpy()).all()
    assert (tree["day"].between(1, DAYS)).all()


def test_who_clicks_buys_without_being_persuaded() -> None:
    run = simulate(BUSY.replace(
        **{"purchase.first": 0.0, "business.share": 0.0, "advertising.click": 1.0, "advertising.until": 0,
           "broadcasts": []}))
    ads = run.channels.xs("advertising", level="channel")
    assert run.daily["orders_after_click"].sum() > 10
    assert (run.daily["orders_after_click"] == run.daily["new_customers"]).all()
    assert (run.daily["clicks"] == ads["exposures"]).all()


def test_without_clicks_nobody_comes_by_them() -> None:
    daily = simulate(BUSY.replace(advertising={"click": 0.0}, broadcasts=[])).daily
    assert not daily[["clicks", "orders_after_click"]].any(axis=None)


def test_members_of_a_year_renew_or_not(county: ks.County) -> None:
    run = ks.Simulation(BUSY, county, SEED)
    assert run.market is not None
    for day in range(1, 401):
        due = (run.market.tier == 2) & (day - run.market.joined.astype(int) == 365)
        row = run.step()
        after = run.market.tier[due]
        assert (row["renewals"], row["not_renewed"]) == ((after == 2).sum(), (after == 1).sum())
    daily = run.result().daily
    assert daily["renewals"].sum() > 3 and daily["not_renewed"].sum() > 3


def test_threads_change_no_table(county: ks.County, result: ks.Result) -> None:
    for threads in (1, 3):
        other = ks.simulate(BUSY, county, SEED, DAYS, threads, progress=False)
        for name in TABLES:
            pd.testing.assert_frame_equal(getattr(other, name), getattr(result, name))


# ---- where something is off, and where nothing is there yet


def test_without_any_of_it_tables_are_empty(plain: ks.Result) -> None:
    assert plain.funnel.empty and list(plain.funnel.columns) == ["lead", "screening", "intent", "deal"]
    assert plain.funnel.index.names == ["day", "segment"]
    assert plain.audiences.empty and list(plain.audiences.columns) == ["exposed", "customers", "precision"]
    assert list(plain.channels.loc[1].index) == ["moments", "group_chat", "shares", "group_shares", "none"]
    credits = plain.channels[["first_touches", "new_customers", "orders", "sales", "cost"]]
    assert not credits.drop("none", level="channel").any(axis=None)
    assert plain.trust["ties"].sum() == plain.provenance["county"]["koc_ties"]
    assert not plain.trust["muted"].any()
    assert not {"orders", "tier", "won_channel", "follows"} & set(plain.residents.columns)
    assert plain.daily["orders"].sum() > 20
    assert (plain.daily["sales"] == plain.daily["orders"] * 2000).all()


@pytest.mark.parametrize("need", [
    {"sigma": 0.8},
    {},
])
def test_what_is_credited_to_nobody_stands_under_none(need: dict[str, float]) -> None:
    """Orders of a run in which touches are not remembered; "so each sums to the day's"."""
    run = simulate(ks.Scenario.preset("small").replace(**SMALL, need=need, identification={"absolute": 0.2}), 30)
    assert run.daily["orders"].sum() > 0
    for column in ("orders", "sales"):
        assert (run.channels[column].groupby("day").sum() == run.daily[column]).all()


@pytest.mark.parametrize("name", [
    "repurchase_rate", "orders_a_customer", "referrals_a_customer", "loop_gain", "sales_half_life",
    "precision_private", "precision_public", "order_value_private", "order_value_public", "cost_a_customer_public",
])
def test_measures_are_not_a_number_where_the_mechanism_is_off(plain: ks.Result, name: str) -> None:
    assert math.isnan(getattr(measures, name)(plain))


@pytest.mark.parametrize("name", [
    *measures.standard,
])
def test_measures_of_no_days(empty: ks.Result, name: str) -> None:
    """One number or NaN, as for any run."""
    value = measures.standard[name][0](empty)
    known = {"sales": 0.0, "muted": 0.0, "trust": pytest.approx(0.4, abs=0.02)}
    assert value == known[name] if name in known else math.isnan(value)


def test_tables_of_no_days(empty: ks.Result) -> None:
    assert len(measures.table(empty)) > 5
    with pytest.raises(ks.DataError, match="a run of no days"):
        empty.summary()


def test_a_result_of_no_days(empty: ks.Result) -> None:
    assert repr(empty) == "<Result of 'full': no days>"
    assert len(empty.daily) == len(empty.channels) == len(empty.funnel) == len(empty.tree) == 0
    assert list(empty.daily.columns) == list(UNITS)
    assert list(empty.channels.columns) == list(CHANNEL_UNITS)
    assert list(empty.audiences.index) == list(NAMES.values())
    assert (empty.audiences[["exposed", "customers"]] == 0).all(axis=None)
    assert empty.audiences["precision"].isna().all()
    assert empty.trust["shops"].sum() == 240
    assert (measures.by_tier(empty)["customers"] == 0).all()


@pytest.mark.parametrize(("ask", "scenario", "sentence"), [
    (lambda result: result.tree, {"attribution": {"track": False}},
     "There is no tree of this run: it needs attribution.track = true and the table of residents."),
    (measures.by_tier, {"attribution": {"track": True}},
     "There are no members in this run: it needs membership.scan > 0 and the table of residents."),
])
def test_sentences(ask: Callable[[ks.Result], object], scenario: dict[str, Any], sentence: str) -> None:
    run = simulate(ks.Scenario.preset("small").replace(**SMALL, **scenario), 2)
    for one in (run, simulate(BUSY, 2, residents=False)):
        with pytest.raises(ks.DataError) as error:
            ask(one)
        assert str(error.value) == sentence


def test_without_the_table_of_residents(county: ks.County, result: ks.Result) -> None:
    run = ks.simulate(BUSY, county, SEED, DAYS, progress=False, residents=False)
    assert run.residents.empty
    for name in TABLES:
        if name != "residents":
            pd.testing.assert_frame_equal(getattr(run, name), getattr(result, name))
    for name, (measure, _) in measures.standard.items():
        if name in ("repurchase_rate", "orders_a_customer", "referrals_a_customer", "loop_gain", "sales_half_life"):
            assert math.isnan(measure(run)), name
        else:
            np.testing.assert_equal(measure(run), measure(result), name)


def test_communities_of_every_day(county: ks.County, result: ks.Result) -> None:
    run = ks.simulate(BUSY, county, SEED, DAYS, progress=False, communities=True)
    assert (run.communities["orders"].groupby("day").sum() == run.daily["orders"]).all()
    assert (run.communities["customers"].groupby("day").sum() == run.daily["customers"]).all()
    pd.testing.assert_frame_equal(run.communities.loc[DAYS], result.communities)
    pd.testing.assert_frame_equal(run.channels, result.channels)


def test_no_channel_is_called_none() -> None:
    with pytest.raises(ks.ParameterError):
        BUSY.replace(broadcasts=[{"name": "none"}])


# ---- on disk, in xarray, in Mesa


def assert_kept(result: ks.Result, folder: Path) -> None:
    result.save(folder)
    loaded = ks.Result.load(folder)
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(result, name))


def test_saved_and_loaded(result: ks.Result, tmp_path: Path) -> None:
    assert_kept(result, tmp_path)
    loaded = ks.Result.load(tmp_path)
    for name in ("tier", "first_channel", "won_channel"):
        assert isinstance(loaded.residents[name].dtype, pd.CategoricalDtype)
        assert list(loaded.residents[name].cat.categories) == list(result.residents[name].cat.categories)
    pd.testing.assert_frame_equal(loaded.tree, result.tree)
    pd.testing.assert_frame_equal(measures.table(loaded), measures.table(result))
    pd.testing.assert_frame_equal(measures.by_tier(loaded), measures.by_tier(result))


def test_saved_and_loaded_where_there_is_little(empty: ks.Result, plain: ks.Result, tmp_path: Path) -> None:
    assert_kept(empty, tmp_path / "empty")  # nobody has a channel: the column knows its categories all the same
    assert_kept(plain, tmp_path / "plain")
    assert_kept(simulate(BUSY, 2, residents=False, communities=True), tmp_path / "without")
    assert_kept(simulate(BUSY.replace(kocs=0), 2), tmp_path / "no KOCs")


def test_xarray(result: ks.Result) -> None:
    pytest.importorskip("xarray")
    data = result.to_xarray()
    assert dict(data.sizes) == {
        "day": DAYS, "channel": 14, "account": 17, "segment": 2, "window": 3, "kocs": 5, "stage": 6,
    }
    for column, unit in CHANNEL_UNITS.items():
        assert data[f"channel_{column}"].attrs["units"] == unit
        for day, channel in ((1, "moments"), (DAYS, "leaflet"), (9, "none"), (13, "shares")):
            here = data[f"channel_{column}"].sel(day=day, channel=channel)
            assert int(here) == result.channels.loc[(day, channel), column]


def test_xarray_has_the_funnel(result: ks.Result) -> None:
    """All tables over days, its docstring says."""
    pytest.importorskip("xarray")
    data = result.to_xarray()
    name = next(iter(name for name in data if str(name).startswith("funnel")), "funnel")
    assert data[name].sizes["day"] == DAYS


def test_mesa_gives_the_same_tables(county: ks.County, result: ks.Result) -> None:
    model = ks.CountyModel(BUSY, county=county, seed=SEED, debug=True)
    model.run_days(DAYS)
    other = model.result()
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(other, name), getattr(result, name))
    pd.testing.assert_frame_equal(other.tree, result.tree)
    pd.testing.assert_frame_equal(measures.table(other), measures.table(result))
    collected = model.datacollector.get_model_vars_dataframe()
    assert list(collected.columns) == list(UNITS)
    assert (collected.to_numpy() == result.daily.to_numpy()).all()


# ---- measures of a real run, counted another way


def test_measures_of_a_run(result: ks.Result, told: Told) -> None:
    people, kocs = told.world.residents, set(told.world.koc)
    won = [i for i, r in enumerate(people) if i not in kocs and r.day_customer != NEVER]

    def booked(*accounts: str) -> int:
        return sum(result.ledger["amount"].xs(name, level="account").sum() for name in accounts)

    def put_in(day: int) -> int:
        """Spent less earned by the end of a day."""
        cash = result.ledger["amount"].xs("cash", level="account")
        return -int(cash.loc[:day].sum())

    def count(column: str) -> int:
        return int(result.daily[column].sum())

    half = DAYS // 2

    def child_of(i: int, j: int) -> bool:
        touch = told.won[j]
        return touch is not None and touch[0] in CUSTOMER_CHANNELS and touch[1] == i

    parents = [i for i in won if people[i].day_customer <= half]
    children = sum(
        child_of(i, j) and people[j].day_customer - people[i].day_customer <= half for i in parents for j in won)
    assert children > 3

    def audience(names: tuple[str, ...]) -> float:
        heard = [(i, name) for i in range(240) if i not in kocs for name in names if name in told.met[i]]
        return sum(name in told.bought[i] for i, name in heard) / len(heard)

    def total(column: str, names: tuple[str, ...]) -> int:
        return sum(n for (of, _, channel), n in told.channels.items() if of == column and channel in names)

    private = ("moments", "group_chat", "private_message", "shares", "group_shares", "invitations", "official_account")
    public = ("advertising",)
    heard = (*private, "kuaishou", "qq", "douyin", "bilibili")
    expected = {
        "identified": sum(r.day_identified != NEVER for r in people) / 240,
        "customers": (len(won) + len(kocs)) / 240,
        "sales": told.world.sales / 100 / 240,
        "repurchase_rate": math.nan,  # 24 days are less than 30
        "orders_a_customer": sum(people[i].orders for i in won) / len(won),
        "referrals_a_customer": sum(
            told.won[i][0] in CUSTOMER_CHANNELS for i in won) / len(won),  # type: ignore[index]
        "loop_gain": children / len(parents),
        "sales_half_life": math.nan,
        "muted": len(told.world.muted) / len(told.world.trust),
        "trust": pytest.approx(np.mean(list(told.world.trust.values())) / 255, abs=0.025),
        "precision_private": audience(private),
        "precision_public": audience(public),
        "order_value_private": total("sales", private) / total("orders", private) / 100,
        "order_value_public": total("sales", public) / total("orders", public) / 100,
        "cost_a_customer_public": 18 * 25 / total("new_customers", public),
        "profit": -booked("sales", "discounts", "goods", "commission", "advertising", "posts", "fees") / 100 / 240,
        "cost_a_customer_private": (booked("commission", "fees") + total("cost", heard)) / 100 / total(
            "new_customers", heard),
        "lifetime_value": -booked("sales", "discounts", "goods", "commission") / 100 / count("orders") * (
            1 + count("repeat_orders") / count("lapsed_today")),
        "payback": 1.0 + max(day for day in range(1, DAYS + 1) if put_in(day) > 0),
        "leader_offspring": math.nan,
        "koc_income": np.median(told.world.income) / 100,
        "koc_gini": gini(told.world.income),
        "delivery_cost": 0.0,
        "shop_break_even": 0.0,  # no rent, and
        "shops_above": 1.0,  # members save less than the margin
        "pool_size": math.nan,  # tests/test_pool.py
        "pool_cost": math.nan,
    }
    table = measures.table(result)
    assert list(table.index) == list(expected) == list(measures.standard)
    assert table.index.name == "measure" and list(table.columns) == ["value", "unit", "meaning"]
    for name, value in expected.items():
        if isinstance(value, float):
            value = pytest.approx(value, nan_ok=True)
        assert table["value"][name] == value, name
        assert table["unit"][name] and table["meaning"][name].endswith(".")


def gini(incomes: list[int]) -> float:
    """Mean difference of two, of twice the mean."""
    some = np.array(incomes, float)
    return float(abs(some[:, None] - some).mean() / (2 * some.mean()))


def test_repurchase_rate_of_a_run() -> None:
    """Orders counted day by day."""
    run = ks.Simulation(BUSY, seed=3)
    orders, first = np.zeros((2, 240), int)
    for day in range(1, 51):
        run.step()
        orders += run.ordered
        first[(orders == 1) & (run.ordered == 1)] = day
    first[run.county.koc] = 0
    long_ago = (first > 0) & (first <= 20)
    assert 20 < long_ago.sum() < 230
    assert measures.repurchase_rate(run.result()) == pytest.approx((orders[long_ago] >= 2).mean())
    assert 0.1 < (orders[long_ago] >= 2).mean() < 1


def test_tiers_of_a_run(result: ks.Result, told: Told) -> None:
    table = measures.by_tier(result)
    assert list(table.index) == ["none", "free", "paid"]
    for number, (_, row) in enumerate(table.iterrows()):
        some = [
            r for i, r in enumerate(told.world.residents)
            if i not in told.world.koc and r.day_customer != NEVER and r.tier == number]
        assert row["customers"] == len(some) > 3
        assert row["orders"] == pytest.approx(np.mean([r.orders for r in some]))
        assert row["lapsed"] == pytest.approx(np.mean([r.stage == Stage.LAPSED for r in some]))


# ---- measures of tables made by hand


def people_of(rows: list[tuple[int, int, str | None, int]], **columns: list[Any]) -> pd.DataFrame:
    """A table of residents from rows of (day of the first order, orders, channel that won, who)."""
    day, orders, channel, by = zip(*rows, strict=True)
    return pd.DataFrame({
        "stage": np.full(len(rows), 3, np.uint8), "day_customer": np.array(day, np.uint16),
        "orders": np.array(orders, np.uint16), "won_channel": pd.Categorical(channel, list(NAMES.values())),
        "won_by": np.array(by, np.int32), **columns,
    }, index=pd.RangeIndex(len(rows), name="resident"))


def made(result: ks.Result, days: int, **tables: pd.DataFrame) -> ks.Result:
    """A result of so many days, with some tables of one's own."""
    daily = pd.DataFrame(0, index=pd.RangeIndex(1, days + 1, name="day"), columns=list(UNITS))
    return dataclasses.replace(result, **{"daily": daily, **tables})


FAMILY = [
    (0, 9, None, -1),               # 0: a KOC
    (3, 2, "moments", 0),           # 1
    (10, 1, "moments", 0),          # 2: on the last day of the first half
    (1, 5, "shop_visit", 1),        # 3: from shop 1, who is not resident 1
    (NEVER, 0, None, -1),           # 4: no customer
    (13, 1, "shares", 1),           # 5: ten days after 1: counts
    (14, 3, "invitations", 1),      # 6: eleven days after 1: does not
    (20, 1, "group_shares", 2),     # 7: ten days after 2: counts
    (15, 1, "shares", 5),           # 8: by 5, who came in the second half
    (5, 1, "group_shares", 3),      # 9: counts, and is followed herself
    (6, 1, "moments", 1),           # 10: what resident 1 posts as a KOC would not be a share
    (11, 1, "shares", 0),           # 11: by a KOC
]


@pytest.mark.parametrize(("days", "expected"), [
    (20, 3 / 5),  # 1, 2, 3, 9, 10 are followed for ten days; 5, 7, 9 count
    (21, 3 / 6),  # half of 21 is 10: those of day 11 are followed too, and 6 is still a day late
    (22, 4 / 6),  # followed for eleven days: 6 counts as well
])
def test_loop_gain_of_a_known_tree(result: ks.Result, days: int, expected: float) -> None:
    run = made(result, days, residents=people_of(FAMILY))
    assert measures.loop_gain(run) == pytest.approx(expected)


@pytest.mark.parametrize("gain", [0, 1, 2, 3])
def test_loop_gain_of_a_regular_tree(result: ks.Result, gain: int) -> None:
    """Each customer wins so many, on the day after her own first order; all generations."""
    rows: list[tuple[int, int, str | None, int]] = [(0, 1, None, -1), (1, 1, "moments", 0)]
    generation = [1]
    for day in range(2, 7):
        parents, generation = generation, []
        for parent in parents:
            for _ in range(gain):
                generation.append(len(rows))
                rows.append((day, 1, "invitations", parent))
    run = made(result, 6, residents=people_of(rows))
    assert measures.loop_gain(run) == gain
    assert measures.referrals_a_customer(run) == pytest.approx((len(rows) - 2) / (len(rows) - 1))


def test_what_customers_did_by_hand(result: ks.Result) -> None:
    run = made(result, 40, residents=people_of(FAMILY))
    assert measures.repurchase_rate(run) == pytest.approx(2 / 5)  # by day 10: 1, 2, 3, 9, 10; of them 1 and 3
    assert measures.orders_a_customer(run) == pytest.approx(17 / 10)
    assert measures.referrals_a_customer(run) == pytest.approx(6 / 10)
    nobody = made(result, 40, residents=people_of(FAMILY[:1]))
    for measure in (
        measures.repurchase_rate, measures.orders_a_customer, measures.referrals_a_customer, measures.loop_gain
    ):
        assert math.isnan(measure(nobody))


@pytest.mark.parametrize(("days", "followed"), [(39, 4), (40, 5), (41, 6), (43, 7), (45, 9)])
def test_customers_of_the_last_thirty_days_are_not_yet_judged(result: ks.Result, days: int, followed: int) -> None:
    run = made(result, days, residents=people_of(FAMILY))
    share = {4: 2 / 4, 5: 2 / 5, 6: 2 / 6, 7: 2 / 7, 9: 3 / 9}[followed]
    assert measures.repurchase_rate(run) == pytest.approx(share)


def test_tiers_by_hand(result: ks.Result) -> None:
    tiers = ["free", "none", "free", "paid", "none", "free", "none", "none", "none", "none", "none", "none"]
    people = people_of(FAMILY, tier=pd.Categorical(tiers, ["none", "free", "paid"]))  # type: ignore[arg-type]
    people.loc[[2, 7], "stage"] = 5
    table = measures.by_tier(made(result, 20, residents=people))
    assert table["customers"].to_dict() == {"none": 7, "free": 2, "paid": 1}
    assert table["orders"].to_dict() == pytest.approx({"none": 10 / 7, "free": 1.0, "paid": 5.0})
    assert table["lapsed"].to_dict() == pytest.approx({"none": 1 / 7, "free": 0.5, "paid": 0.0})


def selling(result: ks.Result, sales: list[int], until: int) -> ks.Result:
    """A run with these sales a day, in which KOCs post until a day."""
    run = made(result, len(sales))
    scenario = result.provenance["scenario"]
    posting = {**scenario["posting"], "until": until}
    return dataclasses.replace(
        run, daily=run.daily.assign(sales=sales),
        provenance={**result.provenance, "scenario": {**scenario, "posting": posting}})


@pytest.mark.parametrize(("after", "until", "days"), [
    ([350] * 30, 20, 7.0),                 # a mean of seven days is exactly half of it when all seven are
    ([0] * 30, 20, 4.0),                   # 3/7 of it are left
    ([351] * 30, 20, math.inf),            # never
    ([700] * 10 + [0] * 9, 20, 14.0),      # later
    ([0] * 3, 20, math.inf),               # not within the run
    ([700] * 2 + [0] * 5 + [9000] * 9, 20, 6.0),  # it is the first time that counts
    ([700] * 10, 0, math.nan),             # posting never stopped
    ([700] * 10, 30, math.nan),            # it stopped on the last day
    ([700] * 10, 31, math.nan),            # ... or would have later
    ([700] * 10, 6, math.nan),             # there is no week before
    ([0] * 30, 7, 17.0),                   # a week is enough
])
def test_half_life_of_known_sales(result: ks.Result, after: list[int], until: int, days: float) -> None:
    run = selling(result, [700] * 20 + after, until)
    assert measures.sales_half_life(run) == pytest.approx(days, nan_ok=True)


def test_half_life_without_sales_before(result: ks.Result) -> None:
    assert math.isnan(measures.sales_half_life(selling(result, [0] * 20 + [700] * 20, 20)))


def test_half_life_of_a_run() -> None:
    """Nobody but KOCs brings anybody, and evidence fades: sales last about as long as customers do."""
    run = simulate(BUSY.replace(**{
        "posting.until": 30, "purchase.lapse": 0.1, "purchase.win_back": 0.0, "sharing.rate": 0.0,
        "invitation.rate": 0.0, "advertising.budget": 0.0, "shop_visit.display": 0.0, "official_account.posts": 0.0,
        "live_stream.posts": 0.0, "broadcasts": [], "business.share": 0.0, "response.half_life": 30.0}), 90)
    sales = run.daily["sales"].to_numpy()
    assert not run.daily["koc_posts"].loc[31:].any()
    half = next(d for d in range(31, 91) if 2 * sales[d - 7 : d].sum() <= sales[23:30].sum()) - 30
    assert measures.sales_half_life(run) == half
    assert 0 < half < 60


def test_trust_and_muted_by_hand(result: ks.Result) -> None:
    index = pd.Index(np.arange(20) / 20, name="trust")
    ties, muted = np.zeros((2, 20), int)
    ties[[0, 8, 19]], muted[[0, 8]] = [1, 2, 1], [1, 1]
    run = made(result, 1, trust=pd.DataFrame({"ties": ties, "muted": muted}, index))
    assert measures.trust(run) == pytest.approx((0.025 + 2 * 0.425 + 0.975) / 4)
    assert measures.muted(run) == 0.5
    nothing = made(result, 1, trust=pd.DataFrame({"ties": 0 * ties, "muted": 0 * muted}, index))
    assert math.isnan(measures.trust(nothing)) and math.isnan(measures.muted(nothing))


def test_channels_by_hand(result: ks.Result) -> None:
    """What is private and what is public; other channels are neither."""
    names = ["moments", "shares", "official_account", "kuaishou", "shop_visit", "advertising", "leaflet"]
    audiences = pd.DataFrame(
        {"exposed": [10, 5, 5, 100, 100, 40, 100], "customers": [4, 3, 1, 50, 50, 2, 50]},
        index=pd.Index(names, name="channel"))
    index = pd.MultiIndex.from_product([[1, 2], [*names, "none"]], names=["day", "channel"])
    channels = pd.DataFrame(0, index=index, columns=list(CHANNEL_UNITS))
    channels.loc[(1, "moments"), ["orders", "sales", "cost", "new_customers"]] = 3, 6000, 900, 1
    channels.loc[(2, "shares"), ["orders", "sales"]] = 1, 3000
    channels.loc[(1, "advertising"), ["orders", "sales", "cost", "new_customers"]] = 2, 3000, 5000, 0
    channels.loc[(2, "advertising"), ["orders", "sales", "cost", "new_customers"]] = 2, 5000, 5000, 4
    channels.loc[(2, ["kuaishou", "shop_visit", "leaflet", "none"]), :] = 10**6
    run = made(result, 2, channels=channels, audiences=audiences)
    assert measures.precision_private(run) == pytest.approx(8 / 20)
    assert measures.precision_public(run) == pytest.approx(2 / 40)
    assert measures.order_value_private(run) == pytest.approx(22.5)
    assert measures.order_value_public(run) == pytest.approx(20.0)
    assert measures.cost_a_customer_public(run) == pytest.approx(25.0)
    without = made(result, 2, channels=channels.drop("advertising", level="channel"), audiences=audiences[:5])
    for measure in (measures.precision_public, measures.order_value_public, measures.cost_a_customer_public):
        assert math.isnan(measure(without))


def test_shares_by_hand(result: ks.Result) -> None:
    run = made(result, 3)
    run.daily.loc[3, ["identified", "customers"]] = 60, 24
    run.daily["sales"] = [0, 12000, 12000]
    assert measures.identified(run) == 0.25
    assert measures.customers(run) == 0.1
    assert measures.sales(run) == 1.0
