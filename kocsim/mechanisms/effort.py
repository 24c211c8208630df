"""Effort: on how many days a KOC works."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kocsim.parameters import Section, param

LEVELS = 256
"""Income below what is wanted is told apart in so many steps."""


class Effort(Section):
    """A KOC works on a given day with probability ::

        activity' x min(1, income / wants) ** response,   activity' = activity + (1 - activity) x drive

    and says nothing on the others, on any channel. Income and what she wants are those of
    `kocsim.mechanisms.leaving`; drive comes from managers (`kocsim.mechanisms.management`). Pools that the firm keeps
    are worked on every day. Switched off by ``activity = 1`` and ``response = 0``.
    """

    activity: float = param(
        1.0, unit="probability/day", ge=0, le=1,
        meaning="chance that a KOC works on a given day",
        source="the paper: all 10,000 post (C19)",
    )
    response: float = param(
        0.0, unit="exponent", ge=0, le=10,
        meaning="how effort falls with income below what a KOC wants (0: not at all)",
        source="assumption: 0; sweep",
    )

    @property
    def varies(self) -> bool:
        """Whether anybody ever rests."""
        return self.activity < 1 or self.response > 0

    def levels(self) -> NDArray[np.float64]:
        """Effort by level of income, from next to nothing to what is wanted; shape (256,).

        Who earns nothing still tries now and then: else she could never earn again.
        """
        values: NDArray[np.float64] = ((np.arange(LEVELS) + 1) / LEVELS) ** self.response
        return values
