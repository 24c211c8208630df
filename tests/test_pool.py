"""Pools: neutral when off, closed forms of call, screening, entry and review, and of the sign their definitions ask."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

import kocsim as ks
from kocsim.mechanisms.pool import Pool, estimate
from kocsim.mechanisms.price import lognormal_classes

SMALL = ks.Scenario(residents=3000, kocs=30, shops=1, friends={"koc_median": 100.0}, need={"sigma": 0.8})


def star(n: int, kocs: int = 1, strength: float = 1.0) -> ks.County:
    """KOCs who are each heard by everybody else."""
    source = np.repeat(np.arange(kocs), n)
    target = np.tile(np.arange(kocs, kocs + n), kocs)
    return ks.County.from_ties(
        (source, target), n=kocs + n, kocs=range(kocs), strength=np.full(source.size, strength))


def plain(**changes: Any) -> ks.Scenario:
    """Every post is seen, nothing crowds, nobody buys or shares anything."""
    base = ks.Scenario.preset("mixed").replace(
        moments={"view": 1.0, "visit": 1.0}, need={"rate": 0.0, "sigma": 0.8}, posting={"moments": 1.0, "groups": 0.0})
    return base.replace(**changes)


def run(scenario: ks.Scenario, county: ks.County, days: int, threads: int = 1) -> ks.Simulation:
    simulation = ks.Simulation(scenario, county, seed=3, threads=threads, debug=True)
    for _ in range(days):
        simulation.step()
    return simulation


def pool_cost(simulation: ks.Simulation) -> list[int]:
    return [day["pool"] for day in simulation.books.days]


def close(share: float, p: float, n: int) -> bool:
    """Within five standard errors of a share p of n."""
    return abs(share - p) <= 5 * math.sqrt(p * (1 - p) / n) + 2**-16


# ---- neutrality


@pytest.mark.parametrize("pool", [
    {"screened": True, "keep": 1.0, "precision": 1.0},
    {"screened": True, "keep": 1.0, "review": 3, "upkeep": 2.0},
    {"keep": 0.1, "call": 0.1, "entry": 0.1, "call_cost": 5.0, "upkeep": 5.0, "review": 2, "review_cost": 5.0},
])
@pytest.mark.parametrize("messages", [0.0, 10.0])
def test_pools_of_everybody_change_nothing(pool: dict[str, Any], messages: float) -> None:
    """Nor do parameters of pools that are off."""
    scenario = SMALL.replace(posting={"messages": messages}, trust={"selling": 0.02, "mute": 0.02})
    county = ks.County.generate(scenario, seed=1)
    before, after = (
        ks.simulate(s, county, seed=2, days=15, progress=False) for s in (scenario, scenario.replace(pool=pool)))
    assert before.digest() == after.digest()
    spent = after.ledger["amount"].xs("pool", level="account").sum()
    assert (spent > 0) == ("upkeep" in pool and "screened" in pool)


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_do_not_matter(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kocsim.simulation.RESIDENTS_A_THREAD", 1)
    scenario = SMALL.replace(pool={"screened": True, "call": 0.5, "review": 4, "refill": 1.0, "upkeep": 0.7})
    county = ks.County.generate(scenario, seed=1)
    one, many = (run(scenario, county, 10, t) for t in (1, threads))
    assert one.record.digest() == many.record.digest()
    assert pool_cost(one) == pool_cost(many)
    assert (one.pooled == many.pooled).all()


@pytest.mark.parametrize("day", [7, 8])
def test_a_run_that_is_laid_aside_goes_on_as_if_it_was_not(day: int) -> None:
    """Also where the next day begins with a review."""
    scenario = SMALL.replace(
        pool={"screened": True, "call": 0.5, "review": 4, "refill": 1.0}, posting={"messages": 5.0})
    county = ks.County.generate(scenario, seed=1)
    through = run(scenario, county, 14)
    stopped = pickle.loads(pickle.dumps(run(scenario, county, day)))
    for _ in range(14 - day):
        stopped.step()
    assert through.record.digest() == stopped.record.digest()
    assert (through.pooled == stopped.pooled).all() and pool_cost(through) == pool_cost(stopped)
    assert (through._koc_arrived.sum(axis=0) == stopped._koc_arrived.sum(axis=0)).all()


# ---- closed forms


@pytest.mark.parametrize("precision", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("keep", [0.0, 1e-3, 0.1, 0.5, 0.77, 1.0])
def test_the_bar_lets_through_the_share_that_is_kept(precision: float, keep: float) -> None:
    known, bar = Pool(keep=keep).bar(precision, alike=False)
    need, lot = np.divmod(np.arange(1 << 24), 1 << 16)
    assert (estimate(known, need, lot) >= bar).mean() == pytest.approx(keep, abs=2**-16)


def test_an_estimate_weighs_need_and_lot() -> None:
    """Half of each: the middle class at the middle lot stands in the middle; the lot decides between equals."""
    assert estimate(1 << 15, 128, 1 << 15) >> 16 == pytest.approx(2**31, rel=0.002)
    assert estimate(1 << 16, 7, 5) >> 16 == estimate(1 << 16, 7, 9) >> 16 == (7 * 256 + 128) << 16
    assert estimate(1 << 16, 7, 5) < estimate(1 << 16, 7, 9) < estimate(1 << 16, 8, 0)
    assert estimate(0, 255, 5) < estimate(0, 0, 6)


@pytest.mark.parametrize(
    ("call", "keep", "entry"), [(1.0, 0.3, 1.0), (0.4, 0.3, 1.0), (0.4, 1.0, 0.5), (0.6, 0.5, 0.5)])
def test_stages_multiply(call: float, keep: float, entry: float) -> None:
    """Over ties of strength 0.8 (204 of 255) accepting falls to entry x 0.8 squared."""
    n = 40_000
    pool = {"screened": True, "call": call, "keep": keep, "entry": entry, "entry_exponent": 2.0}
    simulation = run(plain(pool=pool), star(n, strength=0.8), 1)
    assert simulation.pools is not None
    assert close(simulation.pools.called[0] / n, call, n)
    assert close(simulation.pools.members[0] / n, call * keep * entry * 0.64, n)
    assert simulation.pooled.sum() == simulation.pools.members[0] == simulation.pools.contacts[0]


def test_those_outside_hear_nothing_and_get_no_load() -> None:
    """Everybody in the pool sees the post, nobody else does; feeds hold it for members only."""
    simulation = run(plain(pool={"screened": True, "keep": 0.3}), star(5000), 2)
    assert ((simulation.kocs[1:] == 1) == simulation.pooled).all()
    assert 0 < simulation.pooled.mean() < 1
    assert ((simulation._koc_arrived.sum(axis=0)[1:] == 256) == simulation.pooled).all()
    assert not simulation.muted.any()


@pytest.mark.parametrize("precision", [0.0, 0.5, 1.0])
def test_screening_finds_need(precision: float) -> None:
    """Mean need of members against its mean over class and lot, exactly; perfect eyes see the upper classes only."""
    n, keep, sigma = 60_000, 0.25, 0.8
    scenario = plain(pool={"screened": True, "keep": keep, "precision": precision}, attribution={"track": True})
    simulation = run(scenario.replace(need={"rate": 0.01}), star(n), 1)
    assert simulation.market is not None
    values = lognormal_classes(sigma) / lognormal_classes(sigma).mean()
    known, bar = Pool(keep=keep).bar(precision, alike=False)
    need, lot = np.divmod(np.arange(1 << 24), 1 << 16)
    expected = values[need[estimate(known, need, lot) >= bar]]
    found = simulation.market.need_rates()[1:][simulation.pooled] / 0.01
    assert found.mean() == pytest.approx(expected.mean(), abs=5 * expected.std() / math.sqrt(n * keep))
    if precision == 1:
        assert found.min() == pytest.approx(values[192])


def test_where_all_need_alike_precision_is_nothing() -> None:
    """Not even KOCs who agree: each picks by luck of her own."""
    county = star(3000, kocs=2)
    pools = [
        run(plain(need={"sigma": 0.0}, pool={"screened": True, "precision": p, "keep": 0.5}), county, 1).pooled
        for p in (0.0, 1.0)]
    assert (pools[0] == pools[1]).all()
    both = pools[1].reshape(2, -1).all(axis=0).mean()
    assert close(both, 0.25, 3000)
    seen = run(plain(pool={"screened": True, "precision": 1.0, "keep": 0.5}), county, 1).pooled.reshape(2, -1)
    assert (seen[0] == seen[1]).mean() > 0.99  # but for lots at the bar


def test_stricter_screening_takes_from_the_pool_only() -> None:
    """One luck for all: a smaller share, or a shorter call, keeps none whom the larger one leaves out."""
    county = star(4000)
    for name, values in (("keep", (0.7, 0.3)), ("call", (0.9, 0.2)), ("entry", (0.8, 0.4))):
        wide, narrow = (run(plain(pool={"screened": True, name: v}), county, 1).pooled for v in values)
        assert (narrow <= wide).all() and narrow.sum() < wide.sum(), name


# ---- private messages


def test_private_messages_go_to_members() -> None:
    """Ten messages a day: each member gets 10 / members of them, and her feed holds as much."""
    scenario = plain(
        posting={"moments": 0.0, "messages": 200.0}, private_message={"view": 1.0, "visit": 1.0},
        pool={"screened": True, "keep": 0.2})
    simulation = run(scenario, star(5000), 1)
    assert simulation.pools is not None
    members, days = int(simulation.pools.members[0]), 40
    rows = [simulation.record.rows[0], *(simulation.step() for _ in range(days - 1))]
    seen = sum(row["koc_exposures"] for row in rows)
    assert abs(seen - 200 * days) < 5 * math.sqrt(200 * days)
    arrived = simulation._koc_arrived.sum(axis=0)[1:]
    assert (arrived == np.where(simulation.pooled, round(256 * 200 / members), 0)).all()
    assert not simulation.kocs[1:][~simulation.pooled].any()


def test_messages_cannot_outnumber_members() -> None:
    scenario = plain(
        posting={"moments": 0.0, "messages": 200.0}, private_message={"view": 1.0, "visit": 1.0, "cost": 1.0},
        pool={"screened": True, "keep": 0.01})
    simulation = run(scenario, star(5000), 1)
    assert simulation.pools is not None
    assert simulation.record.rows[0]["koc_exposures"] == simulation.pools.members[0] < 100
    assert simulation.books.days[0]["posts"] == 100 * simulation.pools.members[0]


# ---- reviews


def test_a_review_drops_who_never_ordered_and_looks_needless() -> None:
    """Reviewed with perfect eyes on days 4 and 7, a blind pool is left with the upper half, and customers."""
    n = 20_000
    pool = {"screened": True, "precision": 0.0, "review": 3, "review_precision": 1.0, "review_cost": 0.01}
    simulation = run(plain(pool=pool), star(n), 3)
    before = simulation.pooled.copy()
    assert close(before.mean(), 0.5, n)
    simulation.put(np.arange(1, 2001), ks.Stage.REPEAT)
    simulation.put(np.arange(2001, 4001), ks.Stage.LAPSED)
    simulation.step()
    after = simulation.pooled
    assert (after <= before).all()
    assert (after[:4000] == before[:4000]).all()
    assert close(after[4000:].sum() / before[4000:].sum(), 0.5, int(before[4000:].sum()))
    assert pool_cost(simulation) == [0, 0, 0, int(before[4000:].sum())]
    assert ((simulation.today[1:] == 1) == after).all()
    for _ in range(3):
        simulation.step()
    assert (simulation.pooled == after).all(), "who looks well to perfect eyes stays"
    assert ((simulation._koc_arrived.sum(axis=0)[1:] == 256) == simulation.pooled).all()


def test_further_calls_refill_what_a_review_took() -> None:
    n = 40_000
    pool = {
        "screened": True, "call": 0.2, "precision": 0.0, "keep": 0.5, "entry": 0.8, "review": 2,
        "review_precision": 0.0, "call_cost": 0.01, "screen_cost": 0.02,
    }
    for refill in (0.0, 0.5, 1.0):
        simulation = run(plain(pool=pool | {"refill": refill}), star(n), 2)
        assert simulation.pools is not None
        first, called = int(simulation.pools.members[0]), int(simulation.pools.called[0])
        simulation.step()
        left = first / 2  # those below a bar at the middle of lots drawn afresh
        expected = first - left + refill * left
        assert abs(simulation.pools.members[0] - expected) < 6 * math.sqrt(first)
        more = int(simulation.pools.called[0]) - called
        assert abs(more - refill * left / 0.4) < 6 * math.sqrt(first / 0.4)
        assert pool_cost(simulation) == [3 * called, 0, 3 * more]


def test_a_call_ends_when_all_were_called() -> None:
    pool = {
        "screened": True, "call": 0.7, "precision": 0.0, "review": 1, "review_precision": 0.0, "refill": 1.0}
    simulation = run(plain(pool=pool), star(500), 30)
    assert simulation.pools is not None
    assert simulation.pools.called[0] == 500 and simulation.pools.members[0] < 10


def test_muted_members_stay_muted_and_can_be_dropped() -> None:
    scenario = plain(
        trust={"mute": 1.0}, pool={"screened": True, "precision": 0.0, "review": 2, "review_precision": 1.0})
    simulation = run(scenario, star(3000, strength=0.0), 3)
    assert simulation.muted.any() and simulation.pooled.any()
    assert (simulation.muted & ~simulation.pooled).any()
    assert not simulation._koc_arrived.sum(axis=0).any()
    assert ks.measures.muted(simulation.result()) == simulation.muted.mean()


# ---- money and measures


def test_costs_by_hand() -> None:
    pool = {"screened": True, "call": 0.5, "call_cost": 0.1, "screen_cost": 0.25, "upkeep": 3.0}
    simulation = run(plain(pool=pool), star(1000), 3)
    assert simulation.pools is not None
    called, members = int(simulation.pools.called[0]), int(simulation.pools.members[0])
    assert pool_cost(simulation) == [35 * called + 10 * members, 10 * members, 10 * members]
    result = simulation.result()
    assert result.kocs["pool"].tolist() == [members] and result.kocs["called"].tolist() == [called]
    assert ks.measures.pool_size(result) == members
    assert ks.measures.pool_cost(result) == pytest.approx(0.35 * called / members + 0.3)
    assert math.isnan(ks.measures.pool_size(run(plain(), star(10), 1).result()))
    assert math.isnan(ks.measures.pool_cost(run(plain(), star(10), 1).result()))


def test_an_empty_pool_is_silent_and_free() -> None:
    simulation = run(
        plain(pool={"screened": True, "keep": 0.0, "upkeep": 5.0, "review": 1, "refill": 1.0, "review_cost": 1.0}),
        star(100), 3)
    assert not simulation.pooled.any() and pool_cost(simulation) == [0, 0, 0]
    assert not simulation.kocs.any()
    assert math.isnan(ks.measures.pool_cost(simulation.result()))


# ---- bad input


@pytest.mark.parametrize(("name", "value", "said"), [
    ("keep", 1.5, "pool.keep must lie in [0, 1]; got 1.5."),
    ("precision", -0.1, "pool.precision must lie in [0, 1]; got -0.1."),
    ("review", 2.5, "pool.review must be a whole number in [0, 60000]; got 2.5."),
    ("upkeep", math.nan, "pool.upkeep must lie in [0, 1000000]; got nan."),
])
def test_bad_input_is_said_in_one_sentence(name: str, value: float, said: str) -> None:
    with pytest.raises(ks.ParameterError) as error:
        ks.Scenario(pool={name: value})
    assert str(error.value) == said
