"""Counties joined by few ties, super-KOCs and their followers, exchange of contacts between KOCs."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kocsim as ks
from kocsim import rng
from kocsim.countycheck import arrays_of
from kocsim.rng import Decision

IDS = np.uint32(0xFFFFFF)

TOWN = ks.Scenario(name="town").replace(
    residents=1500, kocs=20, shops=6,
    population={"community_median": 150.0, "township_mean": 500.0, "area": 100.0},
    friends={"median": 60.0, "koc_median": 60.0}, groups={"led_median": 20.0},
)
BUSY = TOWN.replace(**{
    "identification.absolute": 0.5, "need.rate": 0.2, "purchase.first": 0.5, "attention.posts_per_day": 50.0,
})
"""Much happens in few days."""


@pytest.fixture(scope="module")
def east() -> ks.County:
    return ks.County.generate(TOWN, 1)


@pytest.fixture(scope="module")
def west() -> ks.County:
    return ks.County.generate(TOWN.replace(residents=1100, kocs=9, shops=3), 2)


@pytest.fixture(scope="module")
def empty() -> ks.County:
    """A county without KOCs."""
    return ks.County.generate(TOWN.replace(residents=1000, kocs=0), 3)


@pytest.fixture(scope="module")
def three(east: ks.County, empty: ks.County, west: ks.County) -> ks.County:
    return ks.County.join({"east": east, "mid": empty, "west": west}, ties=0.1, koc_ties=0.2, seed=5)


def rows(offsets: Any, ties: Any) -> list[list[int]]:
    values = ties.tolist()
    return [values[a:b] for a, b in pairwise(offsets.tolist())]


def assert_same(one: ks.County, other: ks.County, but: tuple[str, ...] = ()) -> None:
    a, b = arrays_of(one), arrays_of(other)
    for name in ALL_ARRAYS:
        if name not in but:
            assert a[name].dtype == b[name].dtype, name
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


ALL_ARRAYS = (
    "friends_offsets", "friends_ties", "ties_in", "contacts", "household", "community", "koc", "koc_offsets",
    "koc_ties", "koc_via", "group_offsets", "group_members", "group_leader", "community_x", "community_y",
    "community_township", "community_shop", "shop_community",
)


# ---- joined: what each county keeps


def test_joined_counties_pass_the_check_and_can_be_run(three: ks.County) -> None:
    three.check()
    assert three.n == 3600 and three.koc.size == 29 and three.shops == 15
    result = ks.simulate(BUSY, county=three, seed=1, days=6, progress=False, debug=True)
    again = ks.simulate(BUSY, county=three, seed=1, days=6, progress=False, threads=3)
    assert result.digest() == again.digest() and result.daily["new_customers"].sum() > 0


def test_every_county_keeps_what_is_its_own(
    three: ks.County, east: ks.County, empty: ks.County, west: ks.County
) -> None:
    friends = rows(three.friends.offsets, three.friends.ties)
    groups = rows(three.group_offsets, three.group_members)
    lo = group = koc = community = shop = home = town = 0
    for own in (east, empty, west):
        hi = lo + own.n
        for i, row in enumerate(rows(own.friends.offsets, own.friends.ties)):
            assert [tie for tie in friends[lo + i] if lo <= tie & 0xFFFFFF < hi] == [tie + lo for tie in row]
        for q, row in enumerate(rows(own.group_offsets, own.group_members)):
            assert groups[group + q] == [tie + lo for tie in row]
            leads = int(own.group_leader[q])
            assert three.group_leader[group + q] == (leads + koc if leads >= 0 else -1)
        np.testing.assert_array_equal(three.koc[koc : koc + own.koc.size], own.koc + lo)
        for k in range(own.koc.size):
            mine, joined = slice(*own.koc_offsets[k : k + 2]), slice(*three.koc_offsets[koc + k : koc + k + 2])
            ids = three.koc_ties[joined] & IDS
            inside = (ids >= lo) & (ids < hi)
            np.testing.assert_array_equal(three.koc_ties[joined][inside], own.koc_ties[mine] + np.uint32(lo))
            np.testing.assert_array_equal(three.koc_via[joined][inside], own.koc_via[mine])
            assert (three.koc_via[joined][~inside] == 1).all()
        np.testing.assert_array_equal(three.household[lo:hi], own.household + home)
        np.testing.assert_array_equal(three.community[lo:hi], own.community + community)
        here = slice(community, community + own.communities)
        np.testing.assert_array_equal(three.community_township[here], own.community_township + town)
        np.testing.assert_array_equal(
            three.community_shop[here], np.where(own.community_shop >= 0, own.community_shop + shop, -1))
        np.testing.assert_array_equal(
            three.shop_community[shop : shop + own.shops], own.shop_community + community)
        np.testing.assert_array_equal(three.columns["county"][lo:hi], {0: 0, 1500: 1, 2500: 2}[lo])
        lo, group, koc, shop = hi, group + own.groups, koc + own.koc.size, shop + own.shops
        community, home = community + own.communities, home + int(own.household.max()) + 1
        town += int(own.community_township.max()) + 1
    for number, name in enumerate(("east", "mid", "west")):
        np.testing.assert_array_equal(three.columns[f"in_{name}"], three.columns["county"] == number)


def test_catchments_do_not_mix(three: ks.County) -> None:
    x, y = three.community_x.astype(float), three.community_y.astype(float)
    county = three.columns["county"][np.searchsorted(three.community, np.arange(three.communities))]
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    assert apart[county[:, None] != county].min() > TOWN.shop.catchment


def test_friendships_between_counties_are_as_many_as_asked_and_mutual(
    three: ks.County, east: ks.County, empty: ks.County, west: ks.County
) -> None:
    inside = east.friends.m + empty.friends.m + west.friends.m
    assert three.friends.m - inside == 2 * round(0.1 * inside / 2)
    assert three.friends.is_symmetric()
    np.testing.assert_array_equal(three.ties_in, three.friends.out_degree())
    source = np.repeat(three.columns["county"], three.friends.out_degree())
    target = three.columns["county"][three.friends.ties & IDS]
    strength = (three.friends.ties >> np.uint32(24))[source != target] / 255
    assert abs(strength.mean() - 0.4) < 4 * 0.2 / np.sqrt(3 * strength.size) + 1 / 255
    assert strength.min() >= 0.2 - 1 / 255 and strength.max() <= 0.6 + 1 / 255
    # all pairs of residents of different counties are equally likely: chi-square of the three pairs of counties
    size = np.array([1500.0, 1000.0, 1100.0])
    got, law = [], []
    for a, b in ((0, 1), (0, 2), (1, 2)):
        got.append(np.count_nonzero((source == a) & (target == b)))
        law.append(size[a] * size[b])
    expected = np.array(law) / sum(law) * sum(got)
    assert ((np.array(got) - expected) ** 2 / expected).sum() < 2 + 5 * np.sqrt(2 * 2)
    # and residents of a county alike: variance of a Poisson number within a few standard errors of its mean
    far = np.bincount(np.repeat(np.arange(three.n), three.friends.out_degree())[source != target], minlength=three.n)
    east_far = far[:1500]
    assert abs(east_far.var() / east_far.mean() - 1) < 5 * np.sqrt(2 / 1500)


def test_more_ties_are_those_there_were_and_others(east: ks.County, empty: ks.County) -> None:
    few, many = (ks.County.join({"a": east, "b": empty}, ties=ties, seed=9) for ties in (0.02, 0.2))
    for less, more in zip(
        rows(few.friends.offsets, few.friends.ties & IDS), rows(many.friends.offsets, many.friends.ties & IDS),
        strict=True,
    ):
        assert set(less) <= set(more)


def test_contacts_of_kocs_in_other_counties_are_as_many_as_asked(
    three: ks.County, east: ks.County, west: ks.County
) -> None:
    home = three.columns["county"][three.koc]
    where = three.columns["county"][three.koc_ties & IDS]
    k = np.repeat(np.arange(three.koc.size), np.diff(three.koc_offsets))
    away = np.bincount(k[where != home[k]], minlength=three.koc.size)
    own = [
        np.count_nonzero(c.koc_via[a:b] & 1) for c in (east, west) for a, b in pairwise(c.koc_offsets.tolist())
    ]
    assert (np.abs(away - 0.2 * np.array(own)) < 1).all() and away.sum() > 0
    # drawn evenly from the others
    got = np.bincount(where[(where != home[k]) & (home[k] == 0)], minlength=3)[1:]
    expected = got.sum() * np.array([1000, 1100]) / 2100
    assert ((got - expected) ** 2 / expected).sum() < 1 + 5 * np.sqrt(2)


def test_contacts_grow_only_where_more_are_known(three: ks.County, east: ks.County) -> None:
    grown = three.contacts[: east.n] > east.contacts
    assert (three.contacts[: east.n] >= east.contacts).all()
    degree = three.friends.out_degree()[: east.n]
    ordinary = grown & (east.is_koc == 0)
    np.testing.assert_array_equal(three.contacts[: east.n][ordinary], degree[ordinary])


# ---- joined: what it does to a run


def test_a_county_alone_is_itself(east: ks.County) -> None:
    alone = ks.County.join({"east": east}, ties=0.5, koc_ties=0.5)
    assert_same(alone, east)
    scenario = TOWN.replace(residents=east.n)
    runs = [ks.simulate(scenario, county=c, seed=4, days=10, progress=False).digest() for c in (alone, east)]
    assert runs[0] == runs[1]


def test_without_ties_nothing_spills_over(east: ks.County, empty: ks.County) -> None:
    """The first county lives the very life it has alone, and in the one without KOCs nobody hears of anything."""
    apart = ks.County.join({"east": east, "west": empty}, ties=0.0)
    result = ks.simulate(BUSY, county=apart, seed=4, days=12, progress=False)
    alone = ks.simulate(BUSY, county=east, seed=4, days=12, progress=False)
    pd.testing.assert_frame_equal(result.residents.iloc[: east.n], alone.residents)
    assert alone.daily["new_customers"].sum() > 0
    west = result.residents.iloc[east.n :]
    assert (west["stage"] == 0).all() and (west["sources"] == 0).all()


@pytest.mark.parametrize("through", ["ties", "koc_ties"])
def test_ties_spill_over(east: ks.County, empty: ks.County, through: str) -> None:
    joined = ks.County.join({"east": east, "west": empty}, **{"ties": 0.0, "koc_ties": 0.0, through: 0.3})
    result = ks.simulate(BUSY, county=joined, seed=4, days=12, progress=False)
    assert (result.residents["sources"].iloc[east.n :] > 0).sum() > 0


def test_a_broadcast_can_address_one_county(east: ks.County, empty: ks.County) -> None:
    joined = ks.County.join({"east": east, "west": empty}, ties=0.0)
    leaflet = ks.Broadcast(name="leaflet", audience="in_west", posts=1.0, visit=1.0, view=1.0)
    result = ks.simulate(
        TOWN.replace(broadcasts=(leaflet,), posting={"moments": 0.0, "groups": 0.0}), county=joined, seed=1, days=3,
        progress=False)
    aware = (result.residents["day_aware"] != 65_535).to_numpy()
    assert aware[east.n :].mean() > 0.5
    assert not aware[: east.n][east.is_koc == 0].any()


def test_joined_counties_can_be_saved(three: ks.County, tmp_path: Path) -> None:
    opened = ks.County.open(three.save(tmp_path / "three"))
    assert_same(opened, three)
    assert list(opened.columns) == ["county", "in_east", "in_mid", "in_west"]
    for name, column in three.columns.items():
        np.testing.assert_array_equal(opened.columns[name], column)
    assert opened.asked == json.loads(json.dumps(three.asked))


def test_summary_of_joined_counties(three: ks.County) -> None:
    table = three.summary()
    assert table.loc["counties", "got"] == 3
    friends = table.loc["friends in other counties: mean"]
    assert friends["got"] == pytest.approx(friends["asked"], abs=2 / three.n) and friends["got"] > 0
    koc_county = three.columns["county"][three.koc]
    k = np.repeat(np.arange(three.koc.size), np.diff(three.koc_offsets))
    away = three.columns["county"][three.koc_ties & IDS] != koc_county[k]
    assert table.loc["KOC contacts in other counties: mean", "got"] == pytest.approx(away.sum() / three.koc.size)


def test_own_networks_can_be_joined_with_their_labels_and_columns() -> None:
    one = ks.County.from_ties(
        ([0, 1], [1, 2]), residents=pd.DataFrame({"age": [30, 40, 50], "rural": [True, False, True]}), kocs=[0])
    two = ks.County.from_ties((["x", "y"], ["y", "z"]), residents=pd.DataFrame(
        {"age": [1, 2, 3]}, index=["x", "y", "z"]), kocs=["x"])
    joined = ks.County.join({"one": one, "two": two}, ties=0.0)
    joined.check()
    assert joined.columns["age"].tolist() == [30, 40, 50, 1, 2, 3]
    assert joined.columns["rural"].tolist() == [True, False, True, False, False, False]
    assert joined.friends.labels is not None
    assert joined.friends.labels.tolist() == [
        ("one", 0), ("one", 1), ("one", 2), ("two", "x"), ("two", "y"), ("two", "z")]


@pytest.mark.parametrize(("changes", "error", "sentence"), [
    ({"counties": {}}, ks.ParameterError, "counties must name at least one county; got none."),
    ({"counties": [1]}, ks.ParameterError, "counties must be a mapping from names to counties; got [1]."),
    ({"counties": {"a": 1}}, ks.ParameterError, "counties['a'] must be a County; got 1."),
    ({"ties": 1.5}, ks.ParameterError, "ties must lie in [0, 1]; got 1.5."),
    ({"ties": float("nan")}, ks.ParameterError, "ties must lie in [0, 1]; got nan."),
    ({"koc_ties": -1}, ks.ParameterError, "koc_ties must lie in [0, 1]; got -1."),
    ({"strength": True}, ks.ParameterError, "strength must lie in [0, 1]; got True."),
    ({"spread": "x"}, ks.ParameterError, "spread must lie in [0, 1]; got 'x'."),
    ({"seed": -1}, ks.ParameterError, "seed must be a whole number in [0, inf]; got -1."),
])
def test_what_cannot_be_joined(east: ks.County, changes: dict[str, Any], error: type, sentence: str) -> None:
    given = {"counties": {"a": east, "b": east}} | changes
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        ks.County.join(**given)


def test_names_and_columns_that_cannot_be_joined(east: ks.County) -> None:
    with pytest.raises(ks.ParameterError, match=r"^A county's name must be text; got 1\.$"):
        ks.County.join({1: east})  # type: ignore[dict-item]
    both = ks.County.join({"a": east, "b": east})
    with pytest.raises(ks.DataError, match=r"^County 'c' has a column 'county', which joining makes"):
        ks.County.join({"c": both, "d": east})
    aged = ks.County.from_ties(([0], [1]), residents=pd.DataFrame({"age": [1, 2]}))
    named = ks.County.from_ties(([0], [1]), residents=pd.DataFrame({"age": ["old", "young"]}))
    with pytest.raises(ks.DataError, match=r"^County 'b' has no column 'age'; only columns of truth values may be"):
        ks.County.join({"a": aged, "b": east})
    with pytest.raises(ks.DataError, match=r"^Column 'age' of county 'b' holds values of another kind than before\.$"):
        ks.County.join({"a": aged, "b": named})
    few = ks.County.from_ties(([0, 1, 2], [1, 2, 0]), directed=False)
    with pytest.raises(ks.ParameterError, match=r"^ties = 1 asks for 3 friendships between counties with 3 pairs of"):
        ks.County.join({"a": few, "b": ks.County.from_ties((np.zeros(0, int), np.zeros(0, int)), n=1)}, ties=1)


def test_more_residents_than_ties_can_name(east: ks.County) -> None:
    many = {f"c{i}": east for i in range(2**24 // east.n + 1)}
    with pytest.raises(ks.DataError, match=r"^A county holds 1 to 16,777,216 residents; got 16,777,500\.$"):
        ks.County.join(many)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(2, 60), st.integers(0, 4)), min_size=1, max_size=4), st.floats(0, 0.2),
    st.floats(0, 1), st.integers(0, 2**32),
)
def test_any_counties_can_be_joined(sizes: list[tuple[int, int]], ties: float, koc_ties: float, seed: int) -> None:
    world = ks.Scenario(shops=1, friends={"median": 5.0, "koc_median": 10.0}, groups={"median": 5.0})
    counties = {
        f"c{q}": ks.County.generate(world.replace(residents=n, kocs=min(n, k)), q, threads=1)
        for q, (n, k) in enumerate(sizes)
    }
    try:
        joined = ks.County.join(counties, ties=ties, koc_ties=koc_ties, seed=seed)
    except ks.ParameterError as refused:
        assert "can be drawn" in str(refused)
        return
    joined.check()
    assert joined.friends.is_symmetric() and joined.n == sum(n for n, _ in sizes)
    inside = sum(c.friends.m for c in counties.values())
    assert joined.friends.m - inside == (2 * round(ties * inside / 2) if len(sizes) > 1 else 0)


# ---- super-KOCs and exchange: neutral when off


def test_super_kocs_and_exchange_are_off_by_default_and_then_change_nothing(east: ks.County) -> None:
    off = TOWN.replace(friends={
        "super_kocs": 0, "super_audience": 7, "strength_super": 0.9, "exchange": 0.0, "exchange_strength": 1.0})
    assert_same(ks.County.generate(off, 1), east)
    assert TOWN.friends.super_kocs == 0 and TOWN.friends.exchange == 0 and not east.columns


@pytest.mark.parametrize("friends", [{"super_kocs": 2, "super_audience": 900}, {"exchange": 0.5}])
def test_both_change_only_whom_kocs_reach(east: ks.County, friends: dict[str, Any]) -> None:
    county = ks.County.generate(TOWN.replace(friends=friends), 1)
    county.check()
    assert_same(county, east, but=("koc_offsets", "koc_ties", "koc_via"))
    assert county.koc_ties.size > east.koc_ties.size


def reached(county: ks.County) -> list[dict[int, tuple[int, int]]]:
    """For each KOC, whom she reaches: strength byte, and through what."""
    return [
        {int(t & IDS): (int(t >> np.uint32(24)), int(v)) for t, v in zip(
            county.koc_ties[a:b], county.koc_via[a:b], strict=True)}
        for a, b in pairwise(county.koc_offsets.tolist())
    ]


def by_lot(decision: Decision, many: int, seed: int) -> list[int]:
    """Numbers of KOCs in the order of their draws."""
    key = rng.stream(seed, decision, 1)
    return sorted(range(many), key=lambda k: rng.mix32(key, k))


# ---- super-KOCs


def test_super_kocs_are_followed_evenly_from_all_over_the_county(east: ks.County) -> None:
    county = ks.County.generate(TOWN.replace(friends={
        "super_kocs": 3, "super_audience": 500, "strength_super": 0.8, "strength_spread": 0.2}), 1)
    first = sorted(by_lot(Decision.SUPER_KOC, 20, 1)[:3])
    assert np.flatnonzero(county.columns["super_koc"]).tolist() == county.koc[first].tolist()
    for k, (before, after) in enumerate(zip(reached(east), reached(county), strict=True)):
        if k not in first:
            assert before == after
            continue
        new = {j: at for j, at in after.items() if j not in before}
        assert all(after[j][0] == tie for j, (tie, _) in before.items())  # who was reached keeps her tie
        promoted = [j for j, (_, via) in before.items() if via == 2 and after[j][1] == 3]
        known = [j for j, (_, via) in before.items() if via & 1 and j in after]
        assert 500 - len(known) <= len(new) + len(promoted) <= 500
        assert {via for _, via in new.values()} == {1} and int(county.koc[k]) not in new
        strengths = np.array([tie for tie, _ in new.values()]) / 255
        assert abs(strengths.mean() - 0.8) < 4 * 0.2 / np.sqrt(3 * strengths.size) + 1 / 255
        # strata: every stretch of the county has its share
        spread = np.bincount(np.array(list(new)) * 5 // county.n, minlength=5)
        assert (np.abs(spread - len(new) / 5) < 5 * np.sqrt(len(new) / 5)).all()


def test_everybody_can_follow_and_no_account_is_full(east: ks.County) -> None:
    county = ks.County.generate(TOWN.replace(friends={"super_kocs": 1, "super_audience": 10**6, "cap": 100}), 1)
    k = by_lot(Decision.SUPER_KOC, 20, 1)[0]
    assert sorted(reached(county)[k]) == [i for i in range(county.n) if i != county.koc[k]]
    assert all(via & 1 for _, via in reached(county)[k].values())


def test_a_further_super_koc_leaves_the_earlier_ones_what_they_are() -> None:
    one, two = (
        reached(ks.County.generate(TOWN.replace(friends={"super_kocs": k, "super_audience": 300}), 1)) for k in (1, 2))
    new = by_lot(Decision.SUPER_KOC, 20, 1)[1]
    assert [k for k in range(20) if one[k] != two[k]] == [new]


def test_followers_hear_posts_to_moments(east: ks.County) -> None:
    scenario = BUSY.replace(groups={"led": 0}, friends={
        "koc_median": 0.0, "super_kocs": 1, "super_audience": 2000}, sharing={"rate": 0.0}, kocs=1)
    result = ks.simulate(scenario, seed=2, days=8, progress=False, debug=True)
    assert result.provenance["county"]["koc_ties"] == 1499
    assert result.kocs["contacts"].tolist() == [1499]
    assert (result.residents["kocs"] == 1).sum() > 700


@pytest.mark.parametrize(("friends", "sentence"), [
    ({"super_kocs": 21}, "friends.super_kocs must lie in [0, kocs] = [0, 20]; got 21."),
    ({"super_kocs": -1}, "friends.super_kocs must be a whole number in [0, 16777216]; got -1."),
    ({"exchange": 1.5}, "friends.exchange must lie in [0, 1]; got 1.5."),
    ({"exchange_strength": 2}, "friends.exchange_strength must lie in [0, 1]; got 2.0."),
])
def test_bad_parameters(friends: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ks.ParameterError) as error:
        TOWN.replace(friends=friends)
    assert str(error.value) == sentence


def test_more_followers_than_can_be_held() -> None:
    with pytest.raises(ks.ParameterError) as error:
        ks.Scenario(residents=2**24, kocs=1000, friends={"super_kocs": 129, "super_audience": 2**24})
    assert str(error.value) == (
        "friends.super_kocs * friends.super_audience must lie in [0, 2147483648]; got 2164260735.")


# ---- exchange


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("kocs", [6, 7])
def test_partners_get_what_they_are_given(share: float, kocs: int) -> None:
    """Exact: the lot, who is given, what is kept, and every strength."""
    seed = 11
    world = TOWN.replace(residents=300, kocs=kocs, friends={"koc_median": 40.0})
    before = reached(ks.County.generate(world, seed))
    county = ks.County.generate(world.replace(friends={"exchange": share, "exchange_strength": 0.5}), seed)
    order = by_lot(Decision.PARTNER, kocs, seed)
    partner = {order[q]: order[q ^ 1] for q in range(kocs // 2 * 2)}
    assert len(partner) == kocs // 2 * 2
    key = rng.stream(seed, Decision.EXCHANGE)
    bound = rng.chance(share)
    for k, after in enumerate(reached(county)):
        expected = dict(before[k])
        if k in partner:
            giver = rng.entity_key(key, partner[k])
            for j, (tie, via) in before[partner[k]].items():
                if not via & 1 or j == county.koc[k] or rng.uniform31(giver, j) >= bound:
                    continue
                mine, how = expected.get(j, (int(tie * 0.5 + 0.5), 1))
                expected[j] = mine, how | 1
        assert after == expected
    assert sum(map(len, reached(county))) > sum(map(len, before))


def test_a_larger_share_gives_all_that_a_smaller_one_gives() -> None:
    few, many = (reached(ks.County.generate(TOWN.replace(friends={"exchange": x}), 1)) for x in (0.2, 0.7))
    for less, more in zip(few, many, strict=True):
        assert less.items() <= more.items() or set(less) <= set(more)
        assert all(more[j][0] == tie for j, (tie, _) in less.items())


def test_followers_are_not_given_away() -> None:
    county = ks.County.generate(TOWN.replace(friends={"super_kocs": 1, "super_audience": 1500, "exchange": 1.0}), 1)
    k = by_lot(Decision.SUPER_KOC, 20, 1)[0]
    assert [q for q, row in enumerate(reached(county)) if len(row) > 1000] == [k]


def test_exchange_of_nothing_worth_is_no_evidence() -> None:
    """Ties of strength 0 are heard, and persuade nobody: who is only reached through them is never identified."""
    world = BUSY.replace(groups={"led": 0}, sharing={"rate": 0.0}, kocs=2, friends={"koc_median": 100.0})
    plain = ks.County.generate(world, 1)
    mine = set(map(int, plain.koc_ties & IDS))
    swapped = world.replace(friends={"exchange": 1.0, "exchange_strength": 0.0})
    result = ks.simulate(swapped, seed=1, days=15, progress=False)
    new = result.residents["day_identified"].to_numpy() < 65_535
    assert set(np.flatnonzero(new).tolist()) <= mine | set(map(int, plain.koc)) and new.sum() > 10


def test_summary_shows_super_kocs_and_exchange(east: ks.County) -> None:
    table = ks.County.generate(TOWN.replace(friends={"super_kocs": 2, "super_audience": 800}), 1).summary()
    assert table.loc["super-KOCs", ["asked", "got"]].tolist() == [2, 2]
    assert 800 <= table.loc["super-KOC contacts and followers: mean", "got"] < 1000
    swapped = ks.County.generate(TOWN.replace(friends={"exchange": 0.5}), 1).summary()
    assert np.isnan(swapped.loc["KOC contacts: median", "asked"])
    assert swapped.loc["KOC contacts: median", "got"] > east.summary().loc["KOC contacts: median", "got"]


def test_counties_saved_before_these_parameters_still_fit(east: ks.County, tmp_path: Path) -> None:
    folder = east.save(tmp_path / "old")
    manifest = json.loads((folder / "county.json").read_text())
    for name in ("super_kocs", "super_audience", "strength_super", "exchange", "exchange_strength"):
        del manifest["asked"]["friends"][name]
    (folder / "county.json").write_text(json.dumps(manifest))
    old = ks.County.open(folder)
    ks.simulate(TOWN, county=old, seed=1, days=1, progress=False)
    old.summary()
    with pytest.raises(ks.DataError, match=r"^The county was generated with friends\.exchange = 0\.0, the"):
        ks.simulate(TOWN.replace(friends={"exchange": 0.5}), county=old, days=1, progress=False)
