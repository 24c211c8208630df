"""What a rule of diffusion is, and what it gets to see."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from kocsim.rng import Decision
from kocsim.rules.checks import same

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Combine, Network
    from kocsim.plans import Plan
    from kocsim.ties import Ties


class Tries(NamedTuple):
    """Ties from adopted contacts to the residents of a `Seen`, one entry a tie."""

    row: NDArray[np.int64]
    """Row of `Seen` of the one who hears."""
    sender: NDArray[np.int64]
    """The contact: row number in the network."""
    age: NDArray[np.int64]
    """Steps since the contact adopted, from 1."""
    draw: NDArray[np.float64]
    """In (0, 1), belongs to the pair: the same at every step of a replicate."""
    value: NDArray[np.float64]
    """What the rule's `tie_values` made of the tie; 1 where it makes nothing of it."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What a rule gets to see at one step: the residents it may move, a row each.

    Those are the residents who have not adopted and are not immune, and who have at least one adopted contact (all of
    them, for a rule that is `spontaneous`). All arrays have shape (k,) and agree row by row. What happens at this
    step counts from the next step on. Contacts who are silent do not count as adopted.
    """

    step: int
    """The step, from 1; seeds adopt at 0."""
    resident: NDArray[np.int64]
    """Row number in the network."""
    adopted: NDArray[np.int64]
    """Adopted contacts."""
    fresh: NDArray[np.int64]
    """Those of them who adopted at the last step."""
    contacts: NDArray[np.int64]
    """All contacts whom the resident can hear, the silent and immune included."""
    weight: NDArray[np.float64]
    """Values (`Rule.tie_values`) of the ties from adopted contacts, summed, in units of 2**-38."""
    total: NDArray[np.float64]
    """Values of all incoming ties, summed likewise."""
    draw: NDArray[np.float64]
    """In (0, 1), belongs to the resident: the same at every step of a replicate (a threshold, say)."""
    luck: NDArray[np.float64]
    """In (0, 1), new at every step."""
    senders: NDArray[np.int64]
    """Row numbers of all who adopted at the last step and are not silent."""
    network: Network
    """All ties; ``network.mixed`` where everybody hears everybody (`WellMixed`), and `tries` is not there."""
    tries: Callable[[bool], Tries]
    """``tries(True)``: ties from all adopted contacts; ``tries(False)``: from fresh ones only."""
    draw_of: Callable[[NDArray[np.int64], Decision], NDArray[np.float64]]
    """In (0, 1) for any residents and decision, the same at every step of a replicate."""
    adopters: NDArray[np.int64]
    """Row numbers of all who have adopted and are not silent."""
    ages: NDArray[np.int64]
    """Steps since each of these adopted, from 1."""
    happens: Callable[[float], NDArray[np.bool_]]
    """On a `WellMixed` network: to whom something of this chance, the same for all, happens now. To be asked once a
    step: a resident's one draw is compared with the chance that it has happened by now."""
    key: Callable[[Decision], int]
    """Key of a decision in this replicate, for draws by `kocsim.rng`."""


class Rule(ABC):
    """A rule of diffusion: who adopts at a step, given who has adopted before.

    Steps are synchronous: what happens at step t counts from step t + 1 on; seeds adopt at step 0; nobody un-adopts.
    A rule of your own is a subclass with `adopt`, in NumPy; the built-in rules have `adopt` too, as their definition in
    code, and besides a `plan` that runs the same, draw for draw, in compiled kernels. `kocsim.testing.check_rule`
    puts a rule through all the laws that a rule must keep.

    Examples
    --------
    >>> import kocsim as ks
    >>> class Majority(ks.rules.Rule):
    ...     def adopt(self, seen):
    ...         return 2 * seen.adopted > seen.contacts
    >>> out = ks.diffuse(ks.networks.ring(10, 2), Majority(), seeds=[0, 2], seed=1)
    >>> out.sizes
    array([3])
    """

    spontaneous: ClassVar[bool] = False
    """Somebody may adopt without an adopted contact: `adopt` is asked about all who have not."""
    waits: ClassVar[bool] = False
    """Somebody may adopt at a step although nobody did at the one before. Then a run without `steps` ends when there
    is nobody left to be asked about; a rule that can refuse somebody for ever needs `steps`."""
    log_end: float = 0.0
    """Log-probability that an adopter tries for another step (SIR); 0: for ever. A run ends when all have stopped."""
    monotone: ClassVar[bool] = True
    """More and earlier seeds delay nobody. `kocsim.testing.check_rule` holds a rule to it."""
    combine: ClassVar[Combine] = "union"
    """What becomes of a tie that is in two layers: values summed, 1 - (1 - a)(1 - b), or just one tie."""

    @property
    def monotone_in_ties(self) -> bool:
        """Another tie delays nobody. Not so where a resident weighs adopted contacts against the number of all."""
        return False

    @abstractmethod
    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        """Who of the residents seen adopts at this step; bool, shape (k,)."""

    def tie_values(self, ties: Ties, layer: str | None) -> NDArray[np.float64] | float | None:
        """What the rule makes of each tie of a layer: an array (m,) in the order of ties, one number, or None."""
        return None

    def check(self, network: Network) -> None:  # noqa: B027 - a rule need not check anything
        """Refuse a network that does not fit, before any work.

        Raises
        ------
        ParameterError, DataError
            In one sentence.
        """

    def plan(self, network: Network) -> Plan | None:
        """How kernels run it; None: by `adopt`."""
        return None


class BuiltIn(Rule):
    """A rule whose dataclass fields are its parameters: equal when these are, arrays included."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))  # type: ignore[arg-type]

    __hash__ = None  # type: ignore[assignment]  # parameters may be arrays


UNIT = 2.0**38
"""Weights are added up as whole numbers of 2**-38, so that the order of adding them does not matter."""


def in_units(values: Any) -> NDArray[np.int64]:
    """Weights as whole numbers of 2**-38."""
    return np.rint(np.asarray(values, np.float64) * UNIT).astype(np.int64)


def rounded_down(p: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Probabilities in steps of 2**-31, as kernels compare them."""
    return np.asarray(np.floor(np.asarray(p) * 2.0**31) / 2.0**31)


def chance_of(p: Any) -> NDArray[np.uint32]:
    """Probabilities as chances of 2**31."""
    return np.floor(np.asarray(p, np.float64) * 2.0**31).astype(np.uint32)


def geometric(draw: NDArray[np.float64], log_stay: Any) -> NDArray[np.float64]:
    """Steps until the first success of independent attempts, each of which fails with probability exp(log_stay)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        waits = np.floor(np.log1p(-draw) / np.asarray(log_stay, np.float64)) + 1
    return np.where(np.broadcast_to(np.asarray(log_stay) == 0.0, waits.shape), np.inf, waits)


def any_of(rows: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """Whether each of k rows is named."""
    hit = np.zeros(k, np.bool_)
    hit[rows] = True
    return hit
