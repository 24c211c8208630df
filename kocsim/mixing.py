"""Everybody hears everybody: the network of the closed forms, without a tie stored."""

from __future__ import annotations

from dataclasses import dataclass

from kocsim.errors import at_least
from kocsim.packing import MAX_RESIDENTS


@dataclass(frozen=True)
class WellMixed:
    """A population in which every resident is a contact of every other.

    What the complete graph is, at no cost of memory: its 10^12 ties at a million residents could not be held. Rules
    that work on it: `IndependentCascade` (the Reed-Frost chain), `SI`, `SIR`, `Bass`, `Referral`, `Threshold`,
    `LinearThreshold`, `ComplexContagion`, and a user's own that does not ask for single attempts.

    Parameters
    ----------
    n : int
        Number of residents, in [1, 2**24].

    Raises
    ------
    ParameterError
        For another number.

    Examples
    --------
    >>> import kocsim as ks
    >>> out = ks.diffuse(ks.WellMixed(100), ks.rules.SI(beta=0.01), seeds=[0], steps=5, seed=1)
    >>> out.curve.shape
    (1, 6)
    """

    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", at_least("WellMixed.n", self.n, 1, MAX_RESIDENTS))
