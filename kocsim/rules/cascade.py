"""Independent cascade: every tie carries at most once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kocsim.errors import ParameterError
from kocsim.layers import value_of_layer
from kocsim.rules.base import BuiltIn, Seen, any_of, chance_of, rounded_down
from kocsim.rules.checks import of_tie, tie_parameter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Combine, Network
    from kocsim.plans import Plan
    from kocsim.ties import Ties


@dataclass(frozen=True, eq=False)
class IndependentCascade(BuiltIn):
    """At the step after her adoption, an adopter tries each of her ties once, and wins who hears with probability p.

    On the complete graph this is the Reed-Frost chain; on any network, the final adopters are those whom the seeds
    reach over ties kept with probability p each (bond percolation).

    Parameters
    ----------
    p : float, "strength", "weighted", array of float or mapping, default 0.1
        Probability in [0, 1], in steps of 2**-31. One for all ties; "strength": the tie's own; "weighted": 1 /
        (contacts of the one who hears, in all layers), the weighted cascade; an array: one for each edge, in the
        order in which the edges were given; a mapping: a number, "strength" or an array a layer. A tie in two layers
        makes an attempt in each.

    Raises
    ------
    ParameterError
        When p lies outside [0, 1], or does not fit the network.

    References
    ----------
    Goldenberg, Libai & Muller (2001), Marketing Letters 12:211. Kempe, Kleinberg & Tardos (2003), KDD.

    Examples
    --------
    >>> import kocsim as ks
    >>> path = ks.Ties.from_edges([0, 1], [1, 2])
    >>> out = ks.diffuse(path, ks.rules.IndependentCascade(p=0.5), seeds=[0], replicates=4000, seed=1)
    >>> abs(out.mean - 1.75) < 0.05
    True
    """

    p: Any = 0.1
    combine: ClassVar[Combine] = "either"

    def __post_init__(self) -> None:
        words = ("strength",) if isinstance(self.p, Mapping) else ("strength", "weighted")
        object.__setattr__(self, "p", tie_parameter("IndependentCascade.p", self.p, words, 0.0, 1.0))

    @property
    def monotone_in_ties(self) -> bool:
        return not isinstance(self.p, np.ndarray) and not self._weighted

    @property
    def _weighted(self) -> bool:
        return isinstance(self.p, str) and self.p == "weighted"

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float | None:
        if self._weighted:
            return None
        p = value_of_layer(self.p, layer, "IndependentCascade.p")
        return of_tie("IndependentCascade.p", p, ties)

    def check(self, network: Network) -> None:
        if network.mixed and (isinstance(self.p, (str, Mapping, np.ndarray))):
            raise ParameterError(f"IndependentCascade.p must be a number on a WellMixed network; got {self.p!r}.")

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        if seen.network.mixed:
            return seen.happens(_Mixed(self.p)(0, seen.senders.size, 0))
        tries = seen.tries(False)
        p = 1.0 / seen.contacts[tries.row] if self._weighted else tries.value
        return any_of(tries.row[tries.draw < rounded_down(p)], seen.resident.size)

    def plan(self, network: Network) -> Plan:
        from kocsim import plans

        if network.mixed:
            return plans.Mixed(_Mixed(self.p))
        if self._weighted:
            return plans.Attempts(0, chance_of(1.0 / np.maximum(network.contacts, 1)), of_receiver=True)
        if isinstance(network.values, np.ndarray):
            return plans.Attempts(0, chance_of(network.values))
        return plans.Attempts(int(chance_of(network.values)))


@dataclass(frozen=True)
class _Mixed:
    p: float
    log_end: float = 0.0

    def __call__(self, adopted: int, fresh: int, active: int) -> float:
        if self.p == 1.0:
            return float(fresh > 0)
        return float(-np.expm1(fresh * np.log1p(-self.p)))
