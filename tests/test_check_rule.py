"""`kocsim.testing.check_rule` passes every built-in rule, and catches a rule that breaks a law, law by law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import kocsim as ks
from kocsim.rules import (
    SI,
    SIR,
    Bass,
    ComplexContagion,
    IndependentCascade,
    LinearThreshold,
    Referral,
    Rule,
    Seen,
    Threshold,
)
from kocsim.testing import LawBroken, check_rule


@pytest.mark.parametrize(
    ("rule", "stronger"),
    [
        (IndependentCascade(0.2), IndependentCascade(0.3)), (IndependentCascade("weighted"), None),
        (IndependentCascade("strength"), IndependentCascade(1.0)), (LinearThreshold(), None),
        (Threshold(count=2), Threshold(count=1)), (Threshold(fraction=0.3), Threshold(fraction=0.2)),
        (Threshold(count=0), None), (Threshold(count=stats.randint(1, 4)), Threshold(count=stats.randint(1, 3))),
        (Threshold(fraction=stats.uniform(0, 1)), None),
        (Threshold(count=1.5, weights="strength"), Threshold(count=1.0, weights="strength")),
        (Threshold(fraction=0.4, weights="strength"), None),
        (ComplexContagion([0.1, 0.4, 0.6]), ComplexContagion([0.2, 0.4, 0.6])),
        (SI(0.1), SI(0.2)), (SI(1.0), None), (SI("strength"), None),
        (SIR(0.2, 0.4), SIR(0.2, 0.3)), (SIR(0.3, 1.0), None),
        (Bass(0.02, 0.3), Bass(0.03, 0.3)), (Bass(0.02, 0.3, per="contact"), None),
        (Bass(0.02, 0.3, form="exponential"), Bass(0.02, 0.4, form="exponential")),
        (Bass(0.02, 0.3, form="product", per="contact"), None), (Bass(0.0, 0.3, dt=0.5, form="product"), None),
        (Referral(1.2), Referral(1.4)), (Referral(3.0, 0.5), Referral(3.0, 0.6)),
    ],
    ids=lambda rule: repr(rule)[:70],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_built_in_rules_keep_every_law(rule: Rule, stronger: Rule | None, seed: int) -> None:
    laws = check_rule(rule, stronger=stronger, seed=seed)
    assert "kernels and NumPy give the same" in laws
    assert ("another tie delays nobody" in laws) == rule.monotone_in_ties
    assert ("the stronger rule delays nobody" in laws) == (stronger is not None)


def test_rules_with_a_value_for_each_edge_or_resident() -> None:
    rng = np.random.default_rng(1)
    source, target = rng.integers(0, 30, (2, 120))
    ties = ks.Ties.from_edges(source, target, n=30)
    check_rule(IndependentCascade(rng.random(120)), network=ties)
    check_rule(SI(rng.random(120) / 4), network=ties)
    check_rule(Threshold(count=rng.integers(0, 4, 30)), network=ties)
    check_rule(Threshold(count=1.2, weights=rng.random(120)), network=ties)
    check_rule(LinearThreshold(rng.random(120) / 20), network=ties)


class Two(Rule):
    """Two adopted contacts: a sound rule."""

    def adopt(self, seen: Seen) -> np.ndarray:
        return seen.adopted >= 2


class Dice(Two):
    """Draws of its own."""

    def adopt(self, seen: Seen) -> np.ndarray:
        return np.random.default_rng().random(seen.resident.size) < 0.5


class Memory(Two):
    """Remembers how often it was asked."""

    asked = 0

    def adopt(self, seen: Seen) -> np.ndarray:
        type(self).asked += 1
        return (seen.adopted >= 1) & (seen.resident % 5 != type(self).asked % 5)


class Crowd(Two):
    """Compares residents with each other."""

    monotone = False

    def adopt(self, seen: Seen) -> np.ndarray:
        return seen.adopted >= seen.adopted.mean()


class Snob(Two):
    """Adopts only as long as few others have."""

    def adopt(self, seen: Seen) -> np.ndarray:
        return seen.adopted == 1


class Herd(Two):
    """Claims that ties help; weighs contacts against all contacts."""

    monotone_in_ties = True  # type: ignore[assignment]

    def adopt(self, seen: Seen) -> np.ndarray:
        return 2 * seen.adopted >= seen.contacts


class TwoWays(Two):
    """Its fast form is another rule."""

    def plan(self, network: object) -> object:  # type: ignore[override]
        return Threshold(count=3).plan(network)  # type: ignore[arg-type]


class Weaker(Two):
    def adopt(self, seen: Seen) -> np.ndarray:
        return seen.adopted >= 3


class Layered(Two):
    """Counts a layer by its name."""

    combine = "sum"

    def tie_values(self, ties: ks.Ties, layer: str | None) -> float:
        return 2.0 if layer == "b" else 1.0

    def adopt(self, seen: Seen) -> np.ndarray:
        return seen.weight >= 2 * 2.0**38


@pytest.mark.parametrize(
    ("rule", "law"),
    [
        (Dice(), "the same seed gives the same"),
        (Memory(), "the same seed gives the same|decided depends on nothing"),
        (Crowd(), "each resident is decided by herself"),
        (Snob(), "another seed delays nobody|an earlier seed delays nobody"),
        (Herd(), "another tie delays nobody"),
        (TwoWays(), "kernels and NumPy give the same"),
        (Layered(), "a layer may be split"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_each_law_can_fail(rule: Rule, law: str) -> None:
    with pytest.raises(LawBroken, match=law):
        for seed in range(5):
            check_rule(rule, seed=seed)


def test_a_rule_that_is_not_stronger_is_found_out() -> None:
    check_rule(Two())
    with pytest.raises(LawBroken, match="the stronger rule delays nobody"):
        for seed in range(5):
            check_rule(Two(), stronger=Weaker(), seed=seed)


def test_what_is_no_rule() -> None:
    with pytest.raises(ks.ParameterError, match=r"rule must be a kocsim\.rules\.Rule; got 3"):
        check_rule(3)  # type: ignore[arg-type]
