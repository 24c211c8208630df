"""The worked example policies do what they say, always alike, and make the difference that they are there for."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kocsim as ks
from kocsim.policies import CapAdvertising, CarefulKOC, CoverGaps, ThriftyShop

SMALL = ks.Scenario(
    residents=4000, kocs=60, shops=6, friends={"koc_median": 60.0}, purchase={"first": 0.5}, need={"rate": 0.2},
    identification={"absolute": 0.8}, attribution={"track": True},
    population={"community_median": 100.0, "township_mean": 500.0})
ADS = SMALL.replace(kocs=5, advertising={"budget": 40.0, "view": 0.5, "click": 0.05, "convert": 0.3})
RECRUITING = SMALL.replace(recruiting={"start": 0.1, "firm": 1.0, "cost": 5.0})
SHOPS = SMALL.replace(
    shop_visit={"display": 1.0, "visit": 0.3, "view": 0.5}, money={"rent": 3.0, "opening": 100.0})
TRUST = SMALL.replace(trust={"selling": 0.02, "mute": 0.02, "half_life": 60.0})


@pytest.fixture(scope="module")
def county() -> ks.County:
    return ks.County.generate(SMALL, seed=1)


def simulate(scenario: ks.Scenario, county: ks.County | None = None, days: int = 40, **options: Any) -> ks.Result:
    return ks.simulate(scenario, county, **{"seed": 1, **options}, days=days, progress=False, debug=True)


def model(scenario: ks.Scenario, county: ks.County, days: int = 40, seed: int = 1, **options: Any) -> ks.CountyModel:
    made = ks.CountyModel(scenario, county=county, rng=seed, debug=True, **options)
    made.run_days(days)
    return made


def assert_same(one: ks.Result, other: ks.Result) -> None:
    assert one.digest() == other.digest()
    pd.testing.assert_frame_equal(one.ledger, other.ledger)


def test_each_fits_on_a_card_and_says_what_it_sees_and_decides() -> None:
    for policy in (CapAdvertising, CoverGaps, ThriftyShop, CarefulKOC):
        text = inspect.getdoc(policy) or ""
        assert "Sees" in text and "Decides" in text
        code = inspect.getsource(policy).replace(policy.__doc__ or "", "")
        assert len([line for line in code.splitlines() if line.strip() and '"""' not in line]) <= 25


def test_policies_of_a_firm_do_not_load_mesa() -> None:
    code = (
        "import kocsim as ks, sys; ks.policies.CapAdvertising(1); ks.policies.CoverGaps(1); "
        "print('mesa' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ---- a firm that stops advertising


def paused(result: ks.Result, willing: float, pause: int) -> list[bool]:
    """On which days it should not have advertised, from the tables."""
    ads = result.channels.xs("advertising", level="channel")
    off: list[bool] = []
    while len(off) < len(ads):
        off += [False] * 7
        since = 0
        while True:  # a week is never over before the next begins, as long as it is worth its money
            week = ads.iloc[len(off) - 7 : len(off)]
            if len(off) >= len(ads) or week["cost"].sum() > willing * 100 * week["new_customers"].sum():
                break
            off.append(False)
            since += 1
        off += [True] * pause
    return off[: len(ads)]


@pytest.mark.parametrize("willing", [2.0, 12.0, 20.0])
@pytest.mark.parametrize("pause", [3, 28])
def test_it_advertises_while_customers_are_cheap_enough(willing: float, pause: int) -> None:
    result = simulate(ADS, days=70, policy=CapAdvertising(willing, pause))
    spent = result.ledger["amount"].unstack()["advertising"]
    off = paused(result, willing, pause)
    assert (spent.to_numpy() == np.where(off, 0, 4000)).all()
    assert any(off) and not all(off[7:])


def test_it_stops_at_once_where_no_price_is_right_and_never_where_all_are() -> None:
    never = simulate(ADS, days=40, policy=CapAdvertising(0.0)).ledger["amount"].unstack()["advertising"]
    assert np.flatnonzero(never).tolist() == [*range(7), *range(35, 40)]
    assert_same(simulate(ADS), simulate(ADS, policy=CapAdvertising(float("inf"))))
    assert_same(simulate(SMALL), simulate(SMALL, policy=CapAdvertising(0.0)))


def test_it_wins_customers_more_cheaply_than_the_default() -> None:
    for seed in (1, 2, 3):
        default, capped = (
            simulate(ADS, days=70, seed=seed, policy=policy) for policy in (None, CapAdvertising(15.0)))
        spent = [of.ledger["amount"].unstack()["advertising"].sum() for of in (default, capped)]
        assert spent[1] < spent[0]
        assert capped.daily["new_customers"].sum() < default.daily["new_customers"].sum(), "which is what it costs"
        assert ks.measures.profit(capped) > ks.measures.profit(default)


def test_a_saved_policy_goes_on_with_what_it_remembers() -> None:
    through, stopped = (ks.Simulation(ADS, seed=1, policy=CapAdvertising(15.0, 9)) for _ in range(2))
    for day in range(40):
        if day in (3, 10, 20):
            stopped = pickle.loads(pickle.dumps(stopped))
        assert through.step() == stopped.step()
    assert through.books.days == stopped.books.days


@pytest.mark.parametrize(("made", "sentence"), [
    (lambda: CapAdvertising(-1.0), r"willing must be at least 0; got -1\.0\."),
    (lambda: CapAdvertising(float("nan")), r"willing must be at least 0; got nan\."),
    (lambda: CapAdvertising(5.0, 0), r"pause must be a whole number in \[1, inf\]; got 0\."),
    (lambda: CoverGaps(0), r"many must be a whole number in \[1, inf\]; got 0\."),
    (lambda: CoverGaps(1.5), r"many must be a whole number in \[1, inf\]; got 1\.5\."),  # type: ignore[arg-type]
])
def test_what_cannot_be_decided(made: Any, sentence: str) -> None:
    with pytest.raises(ks.ParameterError, match=sentence):
        made()


# ---- a firm that recruits where residents are worst covered


def test_it_recruits_in_the_worst_covered_communities(county: ks.County) -> None:
    policy, seen = CoverGaps(3), 0

    def watched(morning: ks.Morning) -> None:
        nonlocal seen
        was = morning.state
        by = pd.Series(morning.week.astype(float)).groupby(county.community).mean()
        policy(morning)
        home = county.community[county.koc]
        chosen = home[(was == "candidate") & morning.active]
        waiting = home[was == "candidate"]
        assert len(set(chosen)) == len(chosen) == min(3, len(set(waiting)))
        if len(chosen):
            passed_over = by[list(set(waiting) - set(chosen))]
            assert by[chosen].max() <= passed_over.min() if len(passed_over) else True
        seen += len(chosen)

    result = simulate(RECRUITING.replace(recruiting={"firm": 0.0}), county, policy=watched)
    assert seen == result.daily["recruits"].sum() == 54, "until there are no candidates"
    assert result.ledger["amount"].unstack()["recruiting"].sum() == 54 * 500


def test_it_leaves_fewer_without_a_koc_than_recruiting_by_lot() -> None:
    """At equal numbers and equal luck; mean over seeds, by more than two standard errors of the paired difference."""
    gain = []
    for seed in range(6):
        county = ks.County.generate(RECRUITING, seed)
        lot = simulate(RECRUITING, county, days=25, seed=seed)
        gaps = simulate(RECRUITING.replace(recruiting={"firm": 0.0}), county, days=25, seed=seed, policy=CoverGaps(1))
        assert lot.daily["active_kocs"].equals(gaps.daily["active_kocs"])
        gain.append(int(lot.coverage["week"]["0"].iloc[-1]) - int(gaps.coverage["week"]["0"].iloc[-1]))
    assert np.mean(gain) > 2 * np.std(gain, ddof=1) / np.sqrt(len(gain)) > 0


def test_it_keeps_to_the_purse_and_to_who_is_left(county: ks.County) -> None:
    poor = simulate(
        RECRUITING.replace(recruiting={"firm": 0.0}, money={"budget": 2.5}), county, policy=CoverGaps(4))
    assert poor.daily["recruits"].tolist() == [0, 1] * 20
    for changes in ({"kocs": 0}, {"recruiting.start": 1.0}, {"residents": 1, "kocs": 1, "recruiting.start": 0.0}):
        assert simulate(RECRUITING.replace(**changes), days=3, policy=CoverGaps(4)).daily["recruits"].sum() <= 1


# ---- shops that stop


class Hasty(ThriftyShop):
    trial = 12


def test_shops_stop_when_visits_do_not_pay_the_rent(county: ks.County) -> None:
    run = model(SHOPS, county, 0, shop_class=Hasty)
    noted: dict[int, int] = {}
    for day in range(1, 41):
        standing = {shop.index: (shop.days, shop.margin, shop.rent, shop.shows) for shop in run.shops}
        run.step()
        for shop in run.shops:
            days, margin, rent, shows = standing[shop.index]
            if shows and days >= 12 and margin < rent:
                noted[shop.index] = day
            assert shop.shows == (shop.index not in noted), "and never again"
    assert 0 < len(noted) < 6
    table = run.result().shops
    assert table["display"].tolist() == [k not in noted for k in range(6)]
    assert table["rent"].tolist() == [(noted.get(k, 41) - 1) * 300 for k in range(6)]
    for shop in run.shops:
        row = table.loc[shop.index]
        assert (shop.orders, shop.margin, shop.rent) == (
            row["credited_orders"], row["sales"] - row["goods"], row["rent"])


def test_shops_without_rent_never_stop(county: ks.County) -> None:
    free = SHOPS.replace(money={"rent": 0.0})
    assert_same(simulate(free, county), model(free, county, shop_class=Hasty).result())


def test_shops_that_stop_cost_less_rent_and_sell_less(county: ks.County) -> None:
    default, thrifty = simulate(SHOPS, county, 60), model(SHOPS, county, 60, shop_class=Hasty).result()
    assert thrifty.shops["rent"].sum() < default.shops["rent"].sum()
    assert thrifty.shops["credited_orders"].sum() < default.shops["credited_orders"].sum()


# ---- KOCs who post less


class Anxious(CarefulKOC):
    loss = 0.001


def test_kocs_post_less_when_their_trust_falls(county: ks.County) -> None:
    default, careful = model(TRUST, county), model(TRUST, county, koc_class=Anxious)
    a, b = default.result(), careful.result()
    assert b.daily["koc_posts"].sum() < 0.6 * a.daily["koc_posts"].sum()
    assert b.daily["koc_posts"].iloc[0] == a.daily["koc_posts"].iloc[0], "trusted on the first day"
    assert ks.measures.trust(b) > ks.measures.trust(a)
    assert 0 < b.daily["mutes"].sum() < a.daily["mutes"].sum()


def test_on_which_days_a_koc_is_silent(county: ks.County) -> None:
    run = model(TRUST, county, 0, koc_class=Anxious)
    quiet = 0
    for day in range(1, 31):
        fell = {koc: koc.trust < koc.before - 0.001 for koc in run.kocs}
        run.step()
        for koc, lost in fell.items():
            rests = lost and (day + koc.index) % 4 != 0
            assert (koc.posts[:2] == (0, 0)) == (rests or SMALL.posting.moments == SMALL.posting.groups == 0)
            quiet += rests
    assert quiet > 100


def test_mean_trust_is_that_of_her_ties(county: ks.County) -> None:
    run = model(TRUST, county, 10)
    at = county.koc_offsets
    for koc in run.kocs:
        held = run.simulation.trust[at[koc.index] : at[koc.index + 1]]
        assert koc.trust == pytest.approx(held.mean()) if held.size else np.isnan(koc.trust)
    still = model(SMALL, county, 1).koc(0)
    assert still is not None
    assert still.trust == pytest.approx((county.koc_ties[: at[1]] >> 24).mean() / 255)


def test_where_trust_never_moves_careful_kocs_do_as_the_scenario_says(county: ks.County) -> None:
    assert_same(simulate(SMALL, county, 15), model(SMALL, county, 15, koc_class=CarefulKOC).result())


# ---- always alike


@pytest.mark.parametrize(("scenario", "options"), [
    (SMALL.replace(advertising={"budget": 40.0}), lambda: {"policy": CapAdvertising(15.0, 5)}),
    (RECRUITING.replace(recruiting={"firm": 0.0}), lambda: {"policy": CoverGaps(2)}),
    (SHOPS, lambda: {"shop_class": Hasty}),
    (TRUST, lambda: {"koc_class": Anxious}),
], ids=["advertising", "recruiting", "shops", "trust"])
def test_policies_decide_alike_at_any_number_of_threads(
    county: ks.County, scenario: ks.Scenario, options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kocsim.simulation.RESIDENTS_A_THREAD", 1)
    results = [model(scenario, county, 25, threads=threads, **options()).result() for threads in (1, 2, 4)]
    for other in results[1:]:
        assert_same(results[0], other)
    assert results[0].digest() != model(scenario, county, 25, seed=2, **options()).result().digest()


def test_a_discount_decided_daily_is_that_of_an_event() -> None:
    """The same orders and books whether an event lowers prices or the firm does each morning; then all as before."""
    scenario = ks.Scenario(
        residents=2000, kocs=20, shops=2, friends={"koc_median": 100.0}, need={"rate": 0.3}, purchase={"first": 0.5},
        price={"elasticity": 1.5}, attribution={"track": True})
    county = ks.County.generate(scenario, seed=1)

    def sale(morning: ks.Morning) -> None:
        if 3 <= morning.day <= 6:
            morning.discount(0.25)

    event = scenario.replace(event={"day": 3, "days": 4, "discount": 0.25, "posts": 0, "stock": 0.0})
    by_event = ks.simulate(event, county, seed=1, days=12, progress=False, debug=True)
    by_policy = ks.simulate(scenario, county, seed=1, days=12, progress=False, debug=True, policy=sale)
    plain = ks.simulate(scenario, county, seed=1, days=12, progress=False)
    assert by_policy.digest() == by_event.digest() != plain.digest()
    assert (by_policy.ledger == by_event.ledger).all(axis=None)
    discounts = by_policy.ledger["amount"].xs("discounts", level="account")
    assert (discounts > 0).tolist() == [3 <= day <= 6 for day in range(1, 13)]
    for share, sentence in ((1.5, "share must lie in"), (-0.1, "share must lie in")):
        with pytest.raises(ks.DataError, match=sentence):
            ks.simulate(
                scenario, county, seed=1, days=1, progress=False, policy=lambda m, off=share: m.discount(off))
    with pytest.raises(ks.DataError, match="touches are remembered"):
        ks.simulate(scenario.replace(attribution={"track": False}, price={"elasticity": 0.0}), county, seed=1, days=1,
                    progress=False, policy=lambda m: m.discount(0.1))
