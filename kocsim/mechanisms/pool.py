"""The pool: to which of those she reaches a KOC speaks at all, and what it costs to find and keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONE: Final = 1 << 16
"""Precision is counted in 1/65536, and so is the lot that stands for what a KOC does not know."""
CLASSES: Final = 256
"""Classes of need of equal size (`kocsim.mechanisms.need`), the last of the highest need."""
MONTH: Final = 30
"""Days for which upkeep is paid at a time."""


class Pool(Section):
    """A KOC speaks only to members of her pool: open call, screening, entry, optimisation (C87, C91-C95).

    1. *Open call.* Each of those whom a KOC reaches is called with probability `call`.
    2. *Screening.* Of those called the share `keep` of highest estimated need is let through. Need is estimated as ::

           precision x rank of her need + (1 - precision) x lot

       where both are even on [0, 1] and the lot is drawn for KOC and resident. Precision 1 sees through everybody, 0
       picks blindly, and where all need alike (``need.sigma = 0``) there is nothing to see at any precision. The bar
       is one for the whole county, so who has needier friends keeps more of them.
    3. *Entry.* One who is let through accepts with probability ``entry x strength ** entry_exponent``.
    4. *Optimisation.* Every `review` days a KOC looks again at members who never ordered, with `review_precision` and
       a fresh lot. Those below the bar leave for good. Her open call goes on among those never called to bring, on
       average and over ties of full strength, the share `refill` of those who left.

    Who is outside gets nothing from the KOC on any channel, and it fills no feed. Private messages
    (`kocsim.mechanisms.posting`) go to members only, so each gets more of them, the fewer there are. Platforms
    recommend to strangers in proportion to members. A business buyer's estimate says nothing of her need for the
    business.

    What is spent is booked under the account "pool". Off by ``screened = false``: a KOC speaks to all whom she
    reaches, at no cost.
    """

    screened: bool = param(
        False, unit="switch",
        meaning="whether KOCs have pools; without them they speak to all whom they reach",
        source="assumption: off; the paper wants it (C91: not adding everyone)",
    )
    call: float = param(
        1.0, unit="probability", ge=0, le=1,
        meaning="chance that the open call reaches one of those whom a KOC reaches",
        source="assumption: all of them; sweep (C93)",
    )
    call_cost: float = param(
        0.0, unit="yuan/contact", ge=0, le=1e6,
        meaning="what it costs to call one contact",
        source="assumption: 0; sweep (C91)",
    )
    precision: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="how much of the estimate by which a KOC screens is true need; the rest is luck",
        source="assumption; sweep 0 to 1 (C95: a portrait of each friend)",
    )
    keep: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="share of those called whom screening lets through",
        source="assumption: half; sweep 0 to 1 (C91)",
    )
    screen_cost: float = param(
        0.0, unit="yuan/contact", ge=0, le=1e6,
        meaning="what it costs to screen one contact who was called",
        source="assumption: 0; sweep (C93, C95)",
    )
    entry: float = param(
        1.0, unit="probability", ge=0, le=1,
        meaning="chance that one who is let through accepts, over a tie of full strength",
        source="assumption: all accept; sweep",
    )
    entry_exponent: float = param(
        0.0, unit="exponent", ge=0, le=10,
        meaning="how accepting rises with the strength of the tie (0: all alike)",
        source="assumption: 0; sweep 0 to 2",
    )
    review: int = param(
        0, unit="days", ge=0, le=60_000,
        meaning="days between reviews of members who never ordered (0: none)",
        source="assumption: 0, none; the paper wants screening to go on (C87)",
    )
    review_precision: float = param(
        0.8, unit="share", ge=0, le=1,
        meaning="as precision, of a review",
        source="assumption: above that of the first look, after weeks of conversation (C87)",
    )
    review_cost: float = param(
        0.0, unit="yuan/contact", ge=0, le=1e6,
        meaning="what it costs to review one member",
        source="assumption: 0; sweep (C87, C93)",
    )
    refill: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of those who left on a review whom a further open call replaces",
        source="assumption: 0, nobody is replaced; needs call below 1",
    )
    upkeep: float = param(
        0.0, unit="yuan/member/month", ge=0, le=1e6,
        meaning="what serving one member costs, in a month of 30 days",
        source="assumption: 0; sweep (C60, C91, C92)",
    )

    def bar(self, precision: float, alike: bool) -> tuple[int, int]:
        """How much of 65536 is true need, and the least `estimate` that is let through.

        Where all need `alike`, nothing is. The bar is the highest that at least the share `keep` of the 2**24 pairs
        of class and lot reaches; 2**50, out of reach, where nobody is kept.
        """
        known = 0 if alike else round(precision * ONE)
        want = round(self.keep * CLASSES * ONE)
        low, high = 0, 1 << 50  # all reach the one, nobody the other
        while want and high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _reaching(known, middle) >= want else (low, middle)
        return known, low if want else high

    def chances_to_enter(self) -> NDArray[np.uint32]:
        """Chance of 2**31 to accept, by strength of the tie, 0 to 255."""
        strength = np.arange(256) / 255
        chances: NDArray[np.uint32] = (self.entry * strength**self.entry_exponent * 2.0**31).astype(np.uint32)
        return chances

    def further_call(self, left: NDArray[np.int64], reached: NDArray[np.int64]) -> NDArray[np.int64]:
        """By how much, of 2**31, the chance to have been called rises after a review.

        Parameters
        ----------
        left, reached : ndarray of int64, shape (kocs,)
            Members who left, and all whom each KOC reaches.
        """
        if_all_were_called = self.keep * self.entry * reached
        share = np.zeros(left.size)
        np.divide(self.refill * left, if_all_were_called, out=share, where=if_all_were_called > 0)
        return (np.minimum(share, 1.0) * 2.0**31).astype(np.int64)


def estimate(known: int, need: Any, lot: Any) -> Any:
    """How needy a resident looks, in [0, 2**50).

    Parameters
    ----------
    known : int
        How much of 65536 is true need.
    need : int, or ndarray of int64
        Class of need, 0 to 255.
    lot : int, or ndarray of int64
        0 to 65535; it also decides between those who look alike.
    """
    return (known * (256 * need + 128) + (ONE - known) * lot) << 16 | lot


def _reaching(known: int, bar: int) -> int:
    """How many of the 2**24 pairs of class and lot have an `estimate` of at least `bar`."""
    need = np.arange(CLASSES, dtype=np.int64)
    low, high = np.full(CLASSES, -1), np.full(CLASSES, ONE)
    while (high - low > 1).any():  # the least lot with which each class reaches it: an estimate rises with the lot
        middle = (low + high) // 2
        reaches = estimate(known, need, middle) >= bar
        low, high = np.where(reaches, low, middle), np.where(reaches, middle, high)
    return int((ONE - high).sum())
