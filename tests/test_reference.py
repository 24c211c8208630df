"""The kernels do what the reference says: every resident, every day, at any number of threads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kocsim as ks
import kocsim.simulation
from kocsim import reference
from kocsim.sellers import STATES
from tests.worlds import scenarios


@pytest.fixture(autouse=True, scope="module")
def threads_for_small_counties() -> Iterator[None]:
    """Use all threads asked for, however few the residents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kocsim.simulation, "RESIDENTS_A_THREAD", 1)
        yield


COLUMNS = (
    "stage", "evidence", "sources", "kocs", "week", "today", "day_aware", "day_identified", "day_customer",
)


def assert_same_day(simulation: ks.Simulation, row: dict[str, int], day: reference.Day) -> None:
    """Everything that can be seen of a day, compared exactly."""
    for name in COLUMNS:
        column = getattr(simulation, name)
        np.testing.assert_array_equal(
            column, np.array(getattr(day, name), column.dtype), f"{name} on day {simulation.day}"
        )
    np.testing.assert_array_equal(simulation.ordered, day.ordered)
    np.testing.assert_array_equal(np.rint(simulation.trust * 255), day.trust)
    np.testing.assert_array_equal(simulation.muted, day.muted)
    np.testing.assert_array_equal(simulation.pooled, day.pooled)
    if simulation.pools is not None:
        np.testing.assert_array_equal(simulation.pools.called, day.called)
    assert sum(books["pool"] for books in simulation.books.days) == day.pool_cost
    assert row["exposures"] == day.exposures
    assert row["orders"] == sum(day.ordered)
    if (market := simulation.market) is not None:
        assert_same(simulation, "flags", simulation.flags, day.flags)
        for name in ("phase", "tier", "saved", "breadth", "orders", "stock"):
            assert_same(simulation, name, getattr(market, name), getattr(day, name))
        assert_same(simulation, "inviters", market.inviters, day.inviters, always=True)
        if simulation.touches is not None:
            assert_same(simulation, "won", market.won, day.won)
            assert_same(simulation, "income", simulation.books.income, day.income, always=True)
        sold = simulation.shop_books.credited[:3].T
        np.testing.assert_array_equal(sold, np.array(day.by_shop, int).reshape(sold.shape), "what shops sold")
        assert sum(row["sales"] for row in simulation.record.rows) == day.sales
    assert sum(row["delivery"] for row in simulation.books.days) == day.delivered
    if (touches := simulation.touches) is not None:
        packed = [d << 48 | lot << 40 | channel << 35 | index for d, lot, channel, index in day.touch]
        assert_same(simulation, "touch", touches.last, packed)
        assert_same(simulation, "first", touches.first, day.first)
        assert_same(simulation, "met", touches.met & np.uint32(0xFFFFFF), day.met)
    if (firm := simulation.sellers) is not None:
        assert [STATES[state] for state in firm.state] == day.kocs_state
        assert_same(simulation, "who raised her", firm.raised_by, day.raised_by, always=True)
        assert_same(simulation, "loyalty", firm.loyalty, day.loyalty, always=True)
        assert not simulation.scenario.money.budget or firm.purse == day.purse
    if (air := simulation.broadcasting) is not None:
        assert air.displays == day.displays
        assert_same(simulation, "trust in shops", air.shop_trust, day.shop_trust)


def assert_same(
    simulation: ks.Simulation, name: str, column: np.ndarray, expected: list[int], always: bool = False
) -> None:
    """A column that is only kept where its mechanism is on."""
    if column.size or always:
        np.testing.assert_array_equal(column, expected, f"{name} on day {simulation.day}")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(scenario=scenarios(), seed=st.integers(0, 2**70), world=st.integers(0, 2**32))
def test_kernels_equal_the_reference(scenario: ks.Scenario, seed: int, world: int) -> None:
    county = ks.County.generate(scenario, seed=world, threads=1)
    history = reference.run(scenario, county, seed, days=9)
    for threads in (1, 2, 4):
        simulation = ks.Simulation(scenario, county, seed, threads, debug=True)
        for day in history:
            assert_same_day(simulation, simulation.step(), day)


@pytest.mark.parametrize("threshold", ["absolute", "fractional"])
@pytest.mark.parametrize("seed", range(3))
def test_kernels_equal_the_reference_where_all_is_default(threshold: str, seed: int) -> None:
    """Default parameters, 400 residents, four weeks: long enough for the week and for fading."""
    scenario = ks.Scenario(
        residents=400, kocs=8, shops=1, friends={"koc_median": 60.0},
        identification={"threshold": threshold, "fraction": 0.02},
    )
    county = ks.County.generate(scenario, seed=seed)
    simulation = ks.Simulation(scenario, county, seed, threads=3, debug=True)
    for day in reference.run(scenario, county, seed, days=28):
        assert_same_day(simulation, simulation.step(), day)
    stages = np.bincount(simulation.stage, minlength=6)
    assert (stages[1:4] > 0).all(), "a run in which nothing happened compares nothing"


def test_plans_of_agents_equal_the_reference() -> None:
    """Posts that KOCs choose themselves, several a day and of different quality."""
    scenario = ks.Scenario(residents=200, kocs=6, shops=0, friends={"koc_median": 50.0})
    county = ks.County.generate(scenario, seed=3)

    def posts(day: int, koc: int) -> tuple[int, int, float]:
        return (day + koc) % 4, (day * koc) % 3, 0.25 * (1 + koc % 4)

    def decide(simulation: ks.Simulation) -> None:
        for k in range(county.koc.size):
            plan = posts(simulation.day, k)
            simulation.posts_moments[k], simulation.posts_groups[k], simulation.quality[k] = plan

    for threads in (1, 2):
        simulation = ks.Simulation(scenario, county, 5, threads, debug=True)
        for day in reference.run(scenario, county, 5, days=12, posts=posts):
            assert_same_day(simulation, simulation.step(decide), day)


def test_the_comparison_notices_a_wrong_kernel() -> None:
    """A law that must fail: a scenario that differs in one constant is not equal."""
    scenario = ks.Scenario(residents=200, kocs=6, shops=0, friends={"koc_median": 50.0})
    county = ks.County.generate(scenario, seed=3)
    other = scenario.replace(response={"repeat": scenario.response.repeat + 1e-3})
    simulation = ks.Simulation(other, county, 5)
    with pytest.raises(AssertionError, match="evidence on day"):
        for day in reference.run(scenario, county, 5, days=5):
            assert_same_day(simulation, simulation.step(), day)
