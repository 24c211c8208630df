"""Identification: when evidence is enough for a resident to make the product her own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from kocsim.errors import DataError
from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

class Identification(Section):
    """An aware resident identifies when evidence >= threshold (with a slack of 1e-9).

    Thresholds are personal and lognormal: ``median * exp(sigma * z)``. Under ``threshold="absolute"`` the median is
    `absolute`, in evidence (1 = the first full cue). Under ``"fractional"`` the threshold is a share of the
    resident's in-county ties, median `fraction`: evidence must reach fraction x ties (Watts, PNAS 2002). Which of
    the two holds decides the critical density of KOCs more than anything else, so it is a switch and not a
    constant. An identified resident falls back to aware when evidence drops below `hysteresis` x threshold.
    """

    threshold: Literal["absolute", "fractional"] = param(
        "absolute", unit="switch",
        meaning="whether evidence is compared with a number or with a share of the resident's ties",
        source="assumption; run both (Watts 2002 against Granovetter-type counts)",
    )
    absolute: float = param(
        1.5, unit="evidence", ge=0, le=1e6,
        meaning="median personal threshold when absolute",
        source="assumption: more than one full cue, so that one source alone rarely persuades",
    )
    fraction: float = param(
        0.18, unit="share of ties", ge=0, le=1,
        meaning="median personal threshold when fractional",
        source="Watts, PNAS 99:5766 (2002), the threshold of his worked example",
    )
    sigma: float = param(
        0.5, unit="log units", ge=0, le=5,
        meaning="spread of personal thresholds (0: all alike)",
        source="assumption",
    )
    hysteresis: float = param(
        0.0, unit="share of threshold", ge=0, le=1,
        meaning="identification is lost when evidence falls below this share of the threshold (0: never)",
        source="assumption: 0",
    )

    def thresholds(
        self, z: NDArray[np.float64], ties: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Personal thresholds in units of evidence.

        Parameters
        ----------
        z : ndarray of float, shape (residents,)
            Standard normal draws.
        ties : ndarray of int, shape (residents,)
            In-county friends that can reach each resident.
        """
        spread = np.exp(self.sigma * z)
        if self.threshold == "absolute":
            return (self.absolute * spread).astype(np.float32)
        return (np.minimum(self.fraction * spread, 1.0) * ties).astype(np.float32)


class Weighed(NamedTuple):
    """What a rule gets to see: the residents it may move, a row each, and nothing of the others."""

    day: int
    """The day, from 1."""
    resident: NDArray[np.int64]
    """Row number in the county."""
    stage: NDArray[np.uint8]
    """`Stage.AWARE` or `Stage.IDENTIFIED`: the only stages between which a rule decides."""
    evidence: NDArray[np.float32]
    """After today's posts and a day's fading."""
    threshold: NDArray[np.float32]
    """Personal threshold of the built-in rule, in units of evidence."""
    sources: NDArray[np.uint16]
    """Distinct sources ever seen."""
    kocs: NDArray[np.uint16]
    """Distinct KOCs ever seen."""
    ties: NDArray[np.int32]
    """In-county friends."""


@runtime_checkable
class Rule(Protocol):
    """A user's own way from evidence to identification.

    Any callable that takes a `Weighed` and returns a boolean array, a value a row: identified from today on, or
    not. It is called once a day, in the main thread, with all residents who are aware or identified, newly aware
    ones included. It should draw no random numbers of its own unless they depend on day and resident only.
    """

    def __call__(self, weighed: Weighed) -> NDArray[np.bool_]: ...


def apply_rule(rule: Rule, weighed: Weighed) -> NDArray[np.bool_]:
    """Call a user's rule and check what it returns.

    Raises
    ------
    DataError
        When the answer has another shape than asked, or holds anything but true and false; the first resident
        at fault is named.
    """
    answer = np.asarray(rule(weighed))
    name = getattr(rule, "__name__", type(rule).__name__)
    if answer.shape != weighed.resident.shape:
        raise DataError(
            f"rule {name} must return one value for each of {weighed.resident.size} residents, "
            f"shape {weighed.resident.shape}; got shape {answer.shape} on day {weighed.day}."
        )
    if answer.dtype != np.bool_:
        if answer.dtype.kind not in "iuf":
            raise DataError(f"rule {name} must return true or false; got dtype {answer.dtype}.")
        wrong = np.flatnonzero((answer != 0) & (answer != 1))
        if wrong.size:
            raise DataError(
                f"rule {name} must return true or false; got {answer[wrong[0]]} "
                f"for resident {weighed.resident[wrong[0]]} on day {weighed.day}."
            )
    return answer.astype(np.bool_)
