"""Contagion at every step: susceptible and infected, with or without an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kocsim.errors import ParameterError
from kocsim.layers import value_of_layer
from kocsim.rng import Decision
from kocsim.rules.base import BuiltIn, Seen, any_of, geometric
from kocsim.rules.checks import number, of_tie, tie_parameter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Combine, Network
    from kocsim.plans import Plan
    from kocsim.ties import Ties


class _Contagion(BuiltIn):
    beta: Any
    waits: ClassVar[bool] = True
    combine: ClassVar[Combine] = "sum"

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float:
        """Log-probability that an attempt fails."""
        name = f"{type(self).__name__}.beta"
        beta = of_tie(name, value_of_layer(self.beta, layer, name), ties)
        with np.errstate(divide="ignore"):
            stay = np.log1p(-np.asarray(beta, np.float64))
        return stay if isinstance(beta, np.ndarray) else float(stay)

    def check(self, network: Network) -> None:
        if network.mixed and isinstance(self.beta, (str, Mapping, np.ndarray)):
            kind = type(self).__name__
            raise ParameterError(f"{kind}.beta must be a number on a WellMixed network; got {self.beta!r}.")

    @property
    def monotone_in_ties(self) -> bool:
        return not isinstance(self.beta, np.ndarray)

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        if seen.network.mixed:
            lasts = np.full(seen.adopters.size, np.inf)
            if (end := self.log_end) < 0:
                lasts = geometric(seen.draw_of(seen.adopters, Decision.TRYING), end)
            return seen.happens(_Mixed(self.beta, end)(0, 0, int((seen.ages <= lasts).sum())))
        tries = seen.tries(True)
        wait = geometric(tries.draw, tries.value)
        hit = wait == tries.age
        if (end := self.log_end) < 0:
            hit &= tries.age <= geometric(seen.draw_of(tries.sender, Decision.TRYING), end)
        return any_of(tries.row[hit], seen.resident.size)

    def plan(self, network: Network) -> Plan:
        from kocsim import plans

        if network.mixed:
            return plans.Mixed(_Mixed(self.beta, self.log_end))
        values = np.atleast_1d(np.asarray(network.values, np.float64))
        return plans.Waits(int(isinstance(network.values, np.ndarray)), values, self.log_end)


@dataclass(frozen=True, eq=False)
class SI(_Contagion):
    """At every step from the next one on, an adopter wins each contact who has not adopted with probability beta.

    Parameters
    ----------
    beta : float, "strength", array of float or mapping, default 0.1
        Probability a tie and step, in [0, 1]; an array: one for each edge, in the order in which the edges were given;
        a mapping: a value a layer. A tie in two layers makes an attempt in each.

    Raises
    ------
    ParameterError
        When beta lies outside [0, 1].

    References
    ----------
    Kiss, Miller & Simon (2017), Mathematics of Epidemics on Networks, Springer.
    """

    beta: Any = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", tie_parameter("SI.beta", self.beta, ("strength",), 0.0, 1.0))


@dataclass(frozen=True, eq=False)
class SIR(_Contagion):
    """As `SI`, but an adopter stops passing it on: at the end of each step in which she tries, with probability gamma.

    Infected at step t, she tries at steps t + 1 ... t + G, where G = 1, 2, ... is geometric with mean 1 / gamma:
    always at least once. So a tie transmits with probability beta / (beta + gamma - beta x gamma), and with gamma = 1
    this is, in law, the independent cascade. Adopters are all who were ever infected; ``Diffusion.active`` counts
    those who still try.

    Parameters
    ----------
    beta : float, "strength", array of float or mapping, default 0.1
        As for `SI`.
    gamma : float, default 0.2
        Probability a step to stop, in (0, 1].

    Raises
    ------
    ParameterError
        When beta lies outside [0, 1] or gamma outside (0, 1].

    References
    ----------
    Kermack & McKendrick (1927), Proc. R. Soc. A 115:700; Newman (2002), PRE 66:016128.
    """

    beta: Any = 0.1
    gamma: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "beta", tie_parameter("SIR.beta", self.beta, ("strength",), 0.0, 1.0))
        object.__setattr__(self, "gamma", number("SIR.gamma", self.gamma, 0.0, 1.0, above=True))

    @property
    def log_end(self) -> float:  # type: ignore[override]
        """Log-probability of trying for another step."""
        return -np.inf if self.gamma == 1.0 else float(np.log1p(-self.gamma))


@dataclass(frozen=True)
class _Mixed:
    beta: float
    log_end: float

    def __call__(self, adopted: int, fresh: int, active: int) -> float:
        if self.beta == 1.0:
            return float(active > 0)
        return float(-np.expm1(active * np.log1p(-self.beta)))
