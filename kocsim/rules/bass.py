"""Bass: innovation from outside, imitation of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from kocsim.errors import ParameterError
from kocsim.layers import value_of_layer
from kocsim.rng import Decision
from kocsim.rules.base import UNIT, BuiltIn, Seen, any_of, geometric, in_units
from kocsim.rules.checks import number, of_tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Combine, Network
    from kocsim.plans import Plan
    from kocsim.ties import Ties

FORMS = ("additive", "exponential", "product")
PER = ("share", "contact")
MOST = 2.0**24
"""Largest peer hazard, summed over contacts: whole numbers of 2**-38 then fit 63 bits."""


@dataclass(frozen=True, eq=False)
class Bass(BuiltIn):
    """Adopt with a hazard that has an external part p (advertising) and a part q for what contacts do.

    In a step of length dt, with x the share of contacts who have adopted (``per="share"``) or their number
    (``per="contact"``), a resident adopts with probability

    - additive: ``(p + q x) dt``, cut at 1;
    - exponential: ``1 - exp(-(p + q x) dt)``;
    - product: ``1 - (1 - p dt)(1 - q dt)^a``, where a is the number of adopted contacts (with ``per="share"``,
      q / contacts in place of q): each source gets a chance of its own.

    All three tend to the same process as dt -> 0; on a `WellMixed` network with ``per="share"`` to the curve of Bass,
    F(t) = (1 - e^-(p+q)t) / (1 + q/p e^-(p+q)t). A run over time T takes ``steps = T / dt``. No seeds are needed.

    Parameters
    ----------
    p : float, default 0.03
        External hazard, per unit of time, >= 0.
    q : float or mapping, default 0.38
        Peer hazard, in [0, 2**24]; a mapping from layers only with ``per="contact"``, where a contact in two layers
        counts in each.
    dt : float, default 1
        Length of a step, > 0. "product" takes ``p dt`` and ``q dt`` in [0, 1].
    form : "additive", "exponential" or "product"
    per : "share" or "contact"

    Raises
    ------
    ParameterError
        For values out of range.

    References
    ----------
    Bass (1969), Management Science 15:215. Goldenberg, Libai & Muller (2001), Marketing Letters 12:211 (product).
    Fibich & Gibori (2010), Operations Research 58:1450 (networks).
    """

    p: float = 0.03
    q: Any = 0.38
    dt: float = 1.0
    form: Literal["additive", "exponential", "product"] = "additive"
    per: Literal["share", "contact"] = "share"
    spontaneous: ClassVar[bool] = True
    waits: ClassVar[bool] = True
    combine: ClassVar[Combine] = "sum"

    def __post_init__(self) -> None:
        for name, allowed in (("form", FORMS), ("per", PER)):
            if not isinstance(getattr(self, name), str) or getattr(self, name) not in allowed:
                words = ", ".join(map(repr, allowed))
                raise ParameterError(f"Bass.{name} must be one of {words}; got {getattr(self, name)!r}.")
        object.__setattr__(self, "p", number("Bass.p", self.p, 0.0, np.inf))
        object.__setattr__(self, "dt", number("Bass.dt", self.dt, 0.0, np.inf, above=True))
        if isinstance(self.q, Mapping):
            q: Any = {layer: number(f"Bass.q[{layer!r}]", one, 0.0, MOST) for layer, one in self.q.items()}
        else:
            q = number("Bass.q", self.q, 0.0, MOST)
        object.__setattr__(self, "q", q)
        if isinstance(self.q, Mapping) and self.per == "share":
            raise ParameterError("Bass.q by layer needs per='contact': a share is of the contacts in all layers.")
        if self.form == "product":
            for name, rate in (("p", self.p), *(("q", q) for q in self._every_q())):
                if rate * self.dt > 1:
                    raise ParameterError(
                        f"Bass.{name} x dt must lie in [0, 1] in the form 'product'; got {rate:g} x {self.dt:g}.")

    @property
    def monotone_in_ties(self) -> bool:
        return self.per == "contact"

    def _every_q(self) -> list[float]:
        return [float(q) for q in self.q.values()] if isinstance(self.q, Mapping) else [float(self.q)]

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float | None:
        """Per contact: q, or the log-probability that a contact does not win her in a step."""
        q = of_tie("Bass.q", value_of_layer(self.q, layer, "Bass.q"), ties)
        if self.per == "share":
            return 0.0
        return q if self.form == "additive" else self._stay(q)

    def _stay(self, q: Any) -> Any:
        if self.form == "exponential":
            return -q * self.dt
        with np.errstate(divide="ignore"):
            return np.log1p(-q * self.dt)

    @property
    def _alone(self) -> float:
        """Log-probability that nothing from outside wins her in a step."""
        return float(self._stay(self.p))

    def check(self, network: Network) -> None:
        if network.mixed and isinstance(self.q, Mapping):
            raise ParameterError(f"Bass.q must be a number on a WellMixed network; got {self.q!r}.")
        if not network.mixed and self.form == "additive" and self.per == "contact":
            total = network.incoming(np.broadcast_to(np.asarray(network.values), network.m))
            if total.size and total.max() >= MOST:
                i = int(total.argmax())
                raise ParameterError(
                    f"Bass.q summed over a resident's contacts must lie below {MOST:,.0f}; got {total[i]:g} for "
                    f"resident {i}."
                )

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        if seen.network.mixed:
            return seen.happens(self._mixed(seen.network.n)(seen.adopters.size, 0, 0))
        contacts = np.maximum(seen.contacts, 1)
        if self.form == "additive":
            q: Any = self.q
            x: Any = seen.adopted.astype(np.float64)
            if self.per == "share":
                x = x / contacts
            else:
                q, x = 1.0, seen.weight / UNIT
            return np.asarray(seen.luck < (self.p + q * x) * self.dt)
        tries = seen.tries(True)
        stay = tries.value
        if self.per == "share":
            stay = self._stay(self.q / contacts[tries.row])
        hit = geometric(tries.draw, stay) == tries.age
        outside = geometric(seen.draw_of(seen.resident, Decision.EXTERNAL), self._alone) == seen.step
        return np.asarray(any_of(tries.row[hit], seen.resident.size) | outside)

    def _mixed(self, n: int) -> _Mixed:
        return _Mixed(self, max(n - 1, 1))

    def plan(self, network: Network) -> Plan:
        from kocsim import plans

        if network.mixed:
            return plans.Mixed(self._mixed(network.n))
        share = self.per == "share"
        if self.form == "additive":
            if share or not isinstance(network.values, np.ndarray):
                return plans.Hazard(self.p, float(self.q) if share else float(network.values or 0.0), self.dt, share)
            return plans.Hazard(self.p, 1.0, self.dt, False, in_units(network.values))
        if share:
            rates = np.asarray(self._stay(self.q / np.maximum(network.contacts, 1)), np.float64)
            return plans.Waits(2, rates, log_external=self._alone)
        values = np.atleast_1d(np.asarray(network.values, np.float64))
        return plans.Waits(int(isinstance(network.values, np.ndarray)), values, log_external=self._alone)


@dataclass(frozen=True)
class _Mixed:
    """The hazard when everybody hears everybody."""

    rule: Bass
    others: int
    log_end: float = 0.0

    def __call__(self, adopted: int, fresh: int, active: int) -> float:
        r = self.rule
        x = adopted / self.others if r.per == "share" else float(adopted)
        if r.form == "additive":
            return float(min((r.p + r.q * x) * r.dt, 1.0))
        if r.form == "exponential":
            return float(-np.expm1(-(r.p + r.q * x) * r.dt))
        q = r.q / self.others if r.per == "share" else r.q
        return float(1.0 - (1.0 - r.p * r.dt) * (1.0 - q * r.dt) ** adopted)
