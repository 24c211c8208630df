"""What takes minutes: more random worlds against the reference, and the paper's county at one and two threads."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kocsim as ks
import kocsim.simulation
from kocsim import reference
from tests.test_reference import assert_same_day
from tests.worlds import scenarios

pytestmark = pytest.mark.slow


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(scenario=scenarios(residents=300), seed=st.integers(0, 2**70), world=st.integers(0, 2**32))
def test_kernels_equal_the_reference_over_three_weeks(scenario: ks.Scenario, seed: int, world: int) -> None:
    county = ks.County.generate(scenario, seed=world, threads=2)
    history = reference.run(scenario, county, seed, days=21)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kocsim.simulation, "RESIDENTS_A_THREAD", 1)
        for threads in (1, 2, 4):
            simulation = ks.Simulation(scenario, county, seed, threads, debug=True)
            for day in history:
                assert_same_day(simulation, simulation.step(), day)


@pytest.mark.parametrize("preset", ["paper", "full"])
def test_the_whole_county_at_one_and_two_threads(preset: str) -> None:
    """A million residents: races that corrupt a handful show here and nowhere else."""
    scenario = ks.Scenario.preset(preset)
    outcomes = []
    for threads in (1, 2, 4):
        county = ks.County.generate(scenario, seed=1, threads=threads)
        result = ks.simulate(scenario, county, 1, 30, threads, progress=False)
        outcomes.append((result.digest(), result.channels.sum().tolist(), result.trust.sum().tolist()))
    assert outcomes[0] == outcomes[1] == outcomes[2]
