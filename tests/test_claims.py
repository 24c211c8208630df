"""The model can answer yes and no to the paper's central claims; figures and settings stand in experiments/claims."""

from __future__ import annotations

import pytest

from experiments.claims.claims import (
    CALLS,
    CLAIMS,
    DENSITIES,
    FACTORIAL,
    FREQUENCIES,
    PRECISION,
    RANGES,
    SEEDS,
    SERVICE,
    dose_response,
    loop,
)
from experiments.claims.lab import Claim, Estimate, Lab, ask

SIZES = {
    "C01": (2000, 5), "C19": (5000, 5), "C38": (10_000, 7), "C52": (1500, 5), "C27": (20_000, 8), "C28": (20_000, 6),
    "C32": (20_000, 8), "C34": (20_000, 6), "C39": (20_000, 8), "C75": (10_000, 6), "C15": (10_000, 6),
    "C105": (10_000, 8), "C60": (4000, 5), "C87": (4000, 5), "C91": (4000, 5), "C93": (4000, 5), "C95": (5000, 5),
}
"""Residents and replicates where others than (10,000, 5) do: years are slow, and a loop that starts from few varies; a
network that is built from a handful of leaders varies more."""

claims = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)


@claims
def test_each_claim_can_hold_and_can_fail(claim: Claim) -> None:
    """Clear of the bound by three standard errors over the replicates, on the same seeds."""
    held, failed = ask(claim, *SIZES.get(claim.id, (10_000, 5)))
    assert held.verdict == "holds", held.decides
    assert failed.verdict == "fails", failed.decides


@claims
def test_settings_lie_in_the_stated_ranges(claim: Claim) -> None:
    for setting in (claim.holds, claim.fails):
        for name, value in setting.overrides.items():
            known = RANGES[name.rpartition(": ")[2]]
            assert known.low <= value <= known.high, name
    assert claim.scenario(claim.holds) != claim.scenario(claim.fails)


def test_what_measures_vary_lies_in_the_stated_ranges() -> None:
    densities, strengths = FACTORIAL
    for name, values in (
        ("density", (*DENSITIES, *densities, SEEDS)), ("friends.strength_koc", strengths),
        ("posting.moments", FREQUENCIES), ("posting.groups", FREQUENCIES), ("content.service", SERVICE),
        ("pool.call", CALLS), ("pool.precision", PRECISION),
    ):
        assert all(RANGES[name].low <= value <= RANGES[name].high for value in values), name


def test_a_further_cue_without_weight_adds_exactly_nothing() -> None:
    """With ties of one strength there is nothing to dilute: the dose response is flat, and that counts as failing."""
    claim = CLAIMS["C21"]
    flat = claim.scenario(claim.fails).replace(friends={"strength_spread": 0.0})
    measured = [dose_response(Lab(2000, seed), flat) for seed in (1, 2)]
    rises = {name: Estimate.of([one.decides[name] for one in measured]) for name in measured[0].decides}
    assert {rise.mean for rise in rises.values()} == {0.0}
    assert min(measured[0].beside.values()) > 0
    assert claim.verdict(rises) == "fails"


def test_without_customers_who_pass_it_on_r_is_exactly_zero() -> None:
    claim = CLAIMS["C38"]
    silent = claim.scenario(claim.holds).replace(sharing={"rate": 0.0})
    decides, beside = loop(Lab(4000, 1), silent)
    assert decides["R, customers won by a customer"] == 0
    assert [value for name, value in beside.items() if name.endswith("by customers")] == [0]


@pytest.mark.parametrize(
    ("values", "verdict"),
    [([9, 10, 11, 10], "holds"), ([-9, -10, -11, -10], "fails"), ([-9, 10, 11, 10], "undecided")],
)
def test_verdicts_are_decided_by_the_standard_error(values: list[float], verdict: str) -> None:
    assert CLAIMS["C16"].verdict({"interaction": Estimate.of(values)}) == verdict


def test_any_or_all() -> None:
    """C13 needs one step above its bound, C21 needs every rise."""
    above, below, noise = Estimate(2.0, 0.01, 5), Estimate(-2.0, 0.01, 5), Estimate(1.0, 5.0, 5)
    assert CLAIMS["C13"].verdict({"a": above, "b": below}) == "holds"
    assert CLAIMS["C13"].verdict({"a": noise, "b": below}) == "undecided"
    assert CLAIMS["C21"].verdict({"a": above, "b": below}) == "fails"
    assert CLAIMS["C21"].verdict({"a": above, "b": noise}) == "undecided"


@pytest.mark.parametrize("claim", ["C13", "C38"])
def test_too_small_a_county_is_said(claim: str) -> None:
    with pytest.raises(ValueError, match="take a larger one"):
        ask(CLAIMS[claim], 400, 2)
