"""Thresholds: a resident adopts once enough of her contacts have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kocsim.errors import ParameterError
from kocsim.layers import value_of_layer
from kocsim.rules.base import UNIT, BuiltIn, Seen, in_units
from kocsim.rules.checks import number, numbers_in, of_tie, tie_parameter
from kocsim.stages import SLACK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Combine, Network
    from kocsim.plans import Plan
    from kocsim.ties import Ties

NEVER = 2**31 - 1
"""More contacts than anybody can have."""
TOO_HEAVY = 2.0**24
"""Weights of all incoming ties of a resident must stay below: whole numbers of 2**-38 then fit 63 bits."""


class _Weighted(BuiltIn):
    """Rules that may weigh ties."""

    weights: Any

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float | None:
        if self.weights is None:
            return None
        name = f"{type(self).__name__}.weights"
        return of_tie(name, value_of_layer(self.weights, layer, name), ties)

    def _incoming(self, network: Network) -> NDArray[np.float64]:
        """Summed weights of each resident's incoming ties, in units."""
        total = network.incoming(np.broadcast_to(in_units(network.values), network.m))
        if total.size and total.max() >= TOO_HEAVY * UNIT:
            i = int(total.argmax())
            raise ParameterError(
                f"{type(self).__name__}.weights of one resident's incoming ties must sum to less than "
                f"{TOO_HEAVY:,.0f}; got {total[i] / UNIT:g} for resident {i}."
            )
        return total


@dataclass(frozen=True, eq=False)
class LinearThreshold(_Weighted):
    """Adopt when the summed weight of adopted contacts is at least a personal threshold, uniform on (0, 1).

    Thresholds are drawn anew in each replicate. The final adopters follow the same law as when each resident listens
    to at most one contact, picked with probability equal to its weight.

    Parameters
    ----------
    weights : "equal", "strength", float, array of float or mapping, default "equal"
        In [0, 1]. "equal": 1 / contacts; "strength": the tie's; an array: one for each edge, in the order in which the
        edges were given; a mapping: a number, "strength" or an array a layer, added up where a tie is in several.
        Weights of one resident's incoming ties must sum to at most 1.

    Raises
    ------
    ParameterError
        For weights outside [0, 1], or that sum to more than 1 (+ 1e-6).

    References
    ----------
    Granovetter (1978), American Journal of Sociology 83:1420. Kempe, Kleinberg & Tardos (2003), KDD, theorem 2.5.
    """

    weights: Any = "equal"
    combine: ClassVar[Combine] = "sum"

    def __post_init__(self) -> None:
        words = ("strength",) if isinstance(self.weights, Mapping) else ("equal", "strength")
        checked = tie_parameter("LinearThreshold.weights", self.weights, words, 0.0, 1.0)
        object.__setattr__(self, "weights", checked)

    @property
    def _equal(self) -> bool:
        return isinstance(self.weights, str) and self.weights == "equal"

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float | None:
        # equal shares of all contacts are known once layers are one
        return None if self._equal else super().tie_values(ties, layer)

    def check(self, network: Network) -> None:
        if network.mixed:
            if not self._equal:
                raise ParameterError(
                    f"LinearThreshold.weights must be 'equal' on a WellMixed network; got {self.weights!r}.")
        elif not self._equal:
            total = self._incoming(network) / UNIT
            if total.size and total.max() > 1 + 1e-6:
                i = int(total.argmax())
                raise ParameterError(
                    f"LinearThreshold.weights of each resident's incoming ties must sum to at most 1; got {total[i]:g} "
                    f"for resident {i}."
                )

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        if self._equal:  # U x contacts, in whole numbers: U is an odd multiple of 2**-33
            least = -(-((seen.draw * 2.0**33).astype(np.int64) * seen.contacts) >> 33)
            return (seen.adopted >= least) & (seen.contacts > 0)
        return seen.weight >= seen.draw * UNIT

    def plan(self, network: Network) -> Plan | None:
        from kocsim import plans

        if network.mixed:
            return None
        if self._equal:
            return plans.Needs(mode=2)
        return plans.Needs(mode=3, weights=in_units(np.broadcast_to(np.asarray(network.values), network.m)))


@dataclass(frozen=True, eq=False)
class Threshold(_Weighted):
    """Adopt when at least `count` contacts, or at least the share `fraction` of all contacts, have adopted.

    The comparison is >=, with a slack of 1e-9: 0.3 of ten contacts are three. A contact in two layers is one contact.
    `count` on seeds at random is bootstrap percolation; `fraction` is the model of Watts.

    Parameters
    ----------
    count : float, array of float (residents,) or distribution, optional
        >= 0. A `scipy.stats` distribution (frozen) is drawn from for each resident, anew in each replicate. 0: adopts
        at step 1, whoever has adopted.
    fraction : likewise, optional
        >= 0; above 1: never. Without any contact a resident never adopts by it.
    weights : None, "strength", float, array of float or mapping, optional
        Compare the summed weight of ties from adopted contacts instead of their number (and, with `fraction`, with that
        of all incoming ties): "strength" the tie's (trust), an array one for each edge as given, a mapping a value a
        layer. Weights >= 0; those of a tie in several layers are added up.

    Raises
    ------
    ParameterError
        Unless exactly one of count and fraction is given, and in range.

    References
    ----------
    Granovetter (1978), AJS 83:1420; Watts (2002), PNAS 99:5766; Centola & Macy (2007), AJS 113:702; Janson, Luczak,
    Turova & Vallier (2012), Annals of Applied Probability 22:1989.
    """

    count: Any = None
    fraction: Any = None
    weights: Any = None
    spontaneous: ClassVar[bool] = True
    combine: ClassVar[Combine] = "sum"

    def __post_init__(self) -> None:
        if (self.count is None) == (self.fraction is None):
            raise ParameterError("Threshold takes either count or fraction.")
        name = "count" if self.count is not None else "fraction"
        given = getattr(self, name)
        if not hasattr(given, "ppf"):
            if hasattr(given, "__len__") or np.ndim(given):
                given = numbers_in(f"Threshold.{name}", given, 0.0, np.inf).copy()
                given.flags.writeable = False
            else:
                given = number(f"Threshold.{name}", given, 0.0, np.inf)
            object.__setattr__(self, name, given)
        if self.weights is not None:
            weights = tie_parameter("Threshold.weights", self.weights, ("strength",), 0.0, TOO_HEAVY)
            object.__setattr__(self, "weights", weights)

    def check(self, network: Network) -> None:
        name = "count" if self.count is not None else "fraction"
        given = getattr(self, name)
        if hasattr(given, "ppf"):  # the lowest that can be drawn, before any work
            self._levels(np.array([0.5 / 2.0**32]), slice(None))
        if isinstance(given, np.ndarray) and given.size != network.n:
            raise ParameterError(
                f"Threshold.{name} must have one value for each of the {network.n} residents; got {given.size}.")
        if self.weights is not None:
            if network.mixed:
                raise ParameterError("Threshold.weights must be None on a WellMixed network, which has no ties.")
            self._incoming(network)

    def _levels(self, draw: NDArray[np.float64], which: Any) -> NDArray[np.float64]:
        """Thresholds of the residents `which`, given their personal draws."""
        given = self.count if self.count is not None else self.fraction
        if hasattr(given, "ppf"):
            try:
                level = np.broadcast_to(np.asarray(given.ppf(draw), np.float64), draw.shape)
            except (TypeError, ValueError):
                raise ParameterError("Threshold: ppf of the distribution must give a number for each draw.") from None
            if np.isnan(level).any():
                raise ParameterError("Threshold: ppf of the distribution must give a number for each draw; got nan.")
            return level
        return np.asarray(given[which] if isinstance(given, np.ndarray) else np.full(draw.shape, given))

    def _least(self, draw: NDArray[np.float64], which: Any, contacts: Any, total: Any) -> NDArray[np.float64]:
        """The least number of contacts, or units of weight, with which they adopt; inf: never."""
        level = self._levels(draw, which) - SLACK
        if self.weights is None:
            least = np.ceil(level * contacts) if self.count is None else np.ceil(level)
        else:
            least = np.ceil(level * total) if self.count is None else np.ceil(level * UNIT)
        if self.count is None:
            least = np.where((contacts if self.weights is None else total) == 0, np.inf, least)
        return np.asarray(np.maximum(least, 0.0))

    @property
    def monotone_in_ties(self) -> bool:
        return self.fraction is None and not isinstance(self.weights, np.ndarray)

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        least = self._least(seen.draw, seen.resident, seen.contacts, seen.total)
        have = seen.adopted if self.weights is None else seen.weight
        return np.asarray(have >= least)

    def plan(self, network: Network) -> Plan | None:
        from kocsim import plans

        if network.mixed:
            return None
        weights = plans.EMPTY_I64
        total: Any = 0.0
        if self.weights is not None:
            weights = in_units(np.broadcast_to(np.asarray(network.values), network.m))
            total = self._incoming(network)
        most = NEVER if self.weights is None else 2**62

        def needs(draw: NDArray[np.float64]) -> NDArray[np.int64]:
            contacts = 0 if self.count is not None else network.contacts
            return np.minimum(self._least(draw, slice(None), contacts, total), most).astype(np.int64)

        given = self.count if self.count is not None else self.fraction
        if hasattr(given, "ppf"):
            return plans.Needs(mode=1, weights=weights, drawn=needs)
        if self.count is not None and not isinstance(given, np.ndarray):
            return plans.Needs(mode=0, base=needs(np.zeros(1)), weights=weights)
        return plans.Needs(mode=1, base=needs(np.zeros(network.n)), weights=weights)


@dataclass(frozen=True, eq=False)
class ComplexContagion(BuiltIn):
    """The k-th distinct contact who adopts convinces with probability ``conversion[k - 1]``; beyond it with the last.

    Each distinct contact convinces at most once, and a contact in two layers is one contact. So the number of
    contacts that a resident needs is a personal draw, anew in each replicate: P(more than k) = (1 - c_1) ... (1 -
    c_k). With ``conversion=[c]`` this is, in law, the independent cascade; with ``[0, 1]`` a threshold of two.

    Parameters
    ----------
    conversion : sequence of float
        In [0, 1], at least one.

    Raises
    ------
    ParameterError
        For an empty list and values outside [0, 1].

    References
    ----------
    Centola & Macy (2007), AJS 113:702; Backstrom et al. (2006), KDD; Ugander et al. (2012), PNAS 109:5962.
    """

    conversion: Any = (0.05, 0.2)

    def __post_init__(self) -> None:
        if not hasattr(self.conversion, "__len__"):
            raise ParameterError(f"ComplexContagion.conversion must be a sequence of numbers; got {self.conversion!r}.")
        column = numbers_in("ComplexContagion.conversion", self.conversion, 0.0, 1.0)
        if not column.size:
            raise ParameterError("ComplexContagion.conversion must hold at least one number; got none.")
        object.__setattr__(self, "conversion", tuple(column.tolist()))

    def _table(self, most: int) -> NDArray[np.uint64]:
        """Chances of 2**32 that 1, 2 ... contacts are enough, as far as they go."""
        c = np.asarray(self.conversion)
        if c[-1] > 0:
            c = np.concatenate([c, np.full(max(most - c.size, 0), c[-1])])
        enough = 1.0 - np.cumprod(1.0 - c)
        return np.round(enough * 2.0**32).astype(np.uint64)

    @property
    def monotone_in_ties(self) -> bool:
        return True

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        table = self._table(int(seen.contacts.max(initial=0)))
        least = np.searchsorted(table, np.floor(seen.draw * 2.0**32).astype(np.uint64), side="right") + 1
        return (least <= table.size) & (seen.adopted >= least)

    def plan(self, network: Network) -> Plan | None:
        from kocsim import plans

        if network.mixed:
            return None
        return plans.Needs(mode=4, table=self._table(int(network.contacts.max(initial=0))))
