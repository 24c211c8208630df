"""Content, trust and muting: neutral when off, of the sign their definitions demand, and on their closed forms."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import kocsim as ks


def plain(**changes: object) -> ks.Scenario:
    """Every post is seen, nothing crowds, nobody needs or shares anything; 2 KOCs heard by 20,000 residents."""
    base = ks.Scenario.preset("mixed").replace(
        residents=20_002, kocs=2, days=1, shops=0, moments={"view": 1.0, "visit": 1.0}, need={"rate": 0.0},
        identification={"sigma": 0.0}, posting={"moments": 1.0, "groups": 0.0},
    )
    return base.replace(**changes)


def star(strength: float) -> ks.County:
    """Two KOCs, each heard by everybody else with the same strength."""
    n = 20_002
    source = np.repeat([0, 1], n - 2)
    target = np.tile(np.arange(2, n), 2)
    return ks.County.from_ties((source, target), n=n, kocs=[0, 1], strength=np.full(source.size, strength))


def run(scenario: ks.Scenario, county: ks.County, days: int) -> ks.Simulation:
    simulation = ks.Simulation(scenario, county, seed=3, debug=True)
    for _ in range(days):
        simulation.step()
    return simulation


SMALL = ks.Scenario(residents=3000, kocs=30, shops=1, friends={"koc_median": 100.0})


@pytest.mark.parametrize(
    "neutral",
    [
        {"content": {"service": 0.4, "noise": 0.3, "disclosed": 0.5, "service_weight": 1.0, "noise_weight": 1.0,
                     "disclosed_weight": 1.0}},
        {"trust": {"half_life": 10.0}},
        {"content": {"service_weight": 0.1, "noise_weight": 0.7}},
        {"trust": {"service": 0.1, "noise": 0.1}},
        {"content": {"service": 1.0, "service_weight": 1.0}, "trust": {"mute": 0.5, "selling": 0.2}},
    ],
)
def test_what_is_off_leaves_all_draws_as_they_were(neutral: dict[str, dict[str, float]]) -> None:
    """Kinds that weigh the same, trust that nothing moves, muting that nobody provokes: the digest of before."""
    county = ks.County.generate(SMALL, seed=1)
    before = ks.simulate(SMALL, county, seed=1, days=20, progress=False)
    after = ks.simulate(SMALL.replace(**neutral), county, seed=1, days=20, progress=False)
    assert after.digest() == before.digest()
    assert not after.daily["mutes"].any()


def test_kinds_are_drawn_in_their_shares() -> None:
    scenario = SMALL.replace(kocs=3000, posting={"moments": 4.0, "groups": 0.0},
                             content={"service": 0.3, "noise": 0.4, "disclosed": 0.5})
    simulation = run(scenario, ks.County.generate(scenario, seed=1), 1)
    count = np.bincount(simulation.kinds, minlength=4)
    expected = np.array([0.21, 0.3, 0.28, 0.21])
    assert (abs(count / 12_000 - expected) < 5 * np.sqrt(expected * (1 - expected) / 12_000)).all()


@pytest.mark.parametrize(("kind", "weight"), [("service", 0.3), ("noise", 0.0), ("disclosed", 0.7)])
def test_a_kind_carries_its_weight(kind: str, weight: float) -> None:
    content = {kind: 1.0, f"{kind}_weight": weight}
    simulation = run(plain(content=content, response={"first": 1.0}), star(1.0), 1)
    further = ks.Scenario().response.further
    units = round(weight * 256) / 256
    assert np.allclose(simulation.evidence[2:], units * (2 * further + (1 - further)), atol=1e-6)


@pytest.mark.parametrize(
    ("content", "sign"), [({"service": 1.0}, 1), ({}, -1), ({"noise": 1.0}, -1), ({"disclosed": 1.0}, -1)]
)
def test_service_deposits_selling_withdraws_noise_costs(content: dict[str, float], sign: int) -> None:
    trust = {"service": 0.013, "selling": 0.013, "noise": 0.013}
    simulation = run(plain(content=content, trust=trust), star(0.5), 6)
    moved = simulation.trust - round(0.5 * 255) / 255
    change = sign * 0.013 * 6
    assert abs(moved.mean() - change) < 5 * (1 / 255) * math.sqrt(6 / 4 / moved.size)  # rounded by lot six times
    assert (np.sign(moved) == sign).all()


def test_trust_multiplies_evidence() -> None:
    """Evidence of the last day is that of the first, scaled by trust."""
    trust = {"selling": 0.1}
    scenario = plain(trust=trust, response={"half_life": 1e-3, "repeat": 1.0, "further": 1.0})
    first, later = run(scenario, star(1.0), 1), run(scenario, star(1.0), 5)
    before = run(scenario, star(1.0), 4).trust.reshape(2, -1).sum(axis=0)
    assert np.allclose(first.evidence[2:], 2.0) and np.allclose(later.evidence[2:], before, atol=1e-6)


def test_trust_comes_back() -> None:
    """Withdrawal w every day, and a share r of the way back once a week: base - trust follows x -> (1 - r) x + w."""
    half_life, selling, base = 5.0, 0.02, 204 / 255
    simulation = run(plain(trust={"selling": selling, "half_life": half_life}), star(0.8), 20)
    back = 1 - 2 ** (-7 / half_life)
    trust = simulation.trust.reshape(2, -1)
    for koc in range(2):  # KOC 0 on days 7 and 14, KOC 1 on days 1, 8 and 15
        gap = 0.0
        for day in range(1, 21):
            gap = gap * (1 - back * (day % 7 == koc)) + selling
        assert abs((base - trust[koc]).mean() - gap) < 5 * (1 / 255) * math.sqrt(20 / 2 / 20_000) + 1e-4


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_muting_is_geometric_and_for_good(strength: float) -> None:
    mute, days = 0.1, 6
    simulation = run(plain(trust={"mute": mute}), star(strength), days)
    p = 1 - (1 - mute * (1 - strength)) ** days
    assert abs(simulation.muted.mean() - p) < 5 * math.sqrt(p * (1 - p) / simulation.muted.size)
    rows = simulation.record.rows
    assert sum(row["mutes"] for row in rows) == simulation.muted.sum()
    heard = [row["koc_exposures"] for row in rows]
    muted = np.cumsum([0] + [row["mutes"] for row in rows])[:-1]
    assert heard == [40_000 - m for m in muted.tolist()]


def test_trusted_kocs_and_helpful_posts_are_not_muted() -> None:
    assert not run(plain(trust={"mute": 1.0}), star(1.0), 3).muted.any()
    assert not run(plain(trust={"mute": 1.0}, content={"service": 1.0}), star(0.2), 3).muted.any()


def test_what_is_muted_fills_no_feed() -> None:
    """All mute on the first day; from then on feeds hold what they would without KOCs."""
    simulation = run(plain(trust={"mute": 1.0}), star(0.0), 1)
    assert simulation.muted.all()
    assert not simulation._koc_arrived.any()
    simulation.step()
    assert simulation.record.rows[-1]["koc_exposures"] == 0 and not simulation._koc_arrived.any()


def test_a_saved_run_goes_on_with_its_trust() -> None:
    scenario = SMALL.replace(
        content={"service": 0.3, "noise": 0.2},
        trust={"service": 0.03, "selling": 0.02, "noise": 0.05, "half_life": 20.0, "mute": 0.2},
    )
    county = ks.County.generate(scenario, seed=2)
    through = ks.Simulation(scenario, county, 5, threads=2)
    stopped = ks.Simulation(scenario, county, 5, threads=2)
    for _ in range(10):
        through.step()
        stopped.step()
    stopped = pickle.loads(pickle.dumps(stopped))
    for _ in range(10):
        assert through.step() == stopped.step()
    assert (through.trust == stopped.trust).all() and (through.muted == stopped.muted).all()
    assert through.muted.any() and not through.muted.all()


def test_bad_values_are_refused() -> None:
    with pytest.raises(ks.ParameterError, match=r"trust\.mute must lie in \[0, 1\]; got 2"):
        SMALL.replace(trust={"mute": 2})
    with pytest.raises(ks.ParameterError, match=r"content\.service must lie in \[0, 1\]; got -0\.1"):
        SMALL.replace(content={"service": -0.1})
