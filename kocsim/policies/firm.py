"""Policies of a firm, over all KOCs at once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from kocsim.errors import ParameterError, at_least

if TYPE_CHECKING:
    from kocsim.morning import Morning


class CapAdvertising:
    """Stop advertising when it wins customers too dearly.

    Sees what advertising cost on each of the last seven days on which there was any, and whom it won (last touch).
    Decides to pause for `pause` days when a customer cost more than the firm is `willing` to pay; then tries another
    week. A week that won nobody is too dear at any price.

    Parameters
    ----------
    willing : float
        Yuan for a customer, >= 0.
    pause : int
        Days without advertising, >= 1.
    """

    def __init__(self, willing: float, pause: int = 28) -> None:
        if not willing >= 0:
            raise ParameterError(f"willing must be at least 0; got {willing!r}.")
        self.willing, self.pause = willing, at_least("pause", pause, 1)
        self.week: deque[tuple[int, int]] = deque(maxlen=7)
        self.until = 0

    def __call__(self, morning: Morning) -> None:
        """Decide."""
        if ads := morning.channels.get("advertising"):
            if morning.day - 1 > self.until:
                self.week.append((ads["cost"], ads["new_customers"]))
            cost, won = (sum(column) for column in zip(*self.week, strict=True)) if self.week else (0, 0)
            if len(self.week) == 7 and cost > self.willing * 100 * won:
                self.until = morning.day - 1 + self.pause
                self.week.clear()
        if morning.day <= self.until:
            morning.advertise(0)


class CoverGaps:
    """Recruit where residents are worst covered.

    Sees how many distinct KOCs each resident saw in the last seven days, and where candidates live. Decides to recruit
    `many` of them a day, in the communities with the lowest mean first, one in each; equals by number. The scenario's
    own recruiting by the firm is best switched off (``recruiting.firm = 0``).

    Parameters
    ----------
    many : int
        Candidates a day, >= 1; fewer where there are fewer communities with candidates, or the purse is empty.
    """

    def __init__(self, many: int) -> None:
        self.many = at_least("many", many, 1)

    def __call__(self, morning: Morning) -> None:
        """Decide."""
        county = morning.county
        people = np.maximum(county.community_population, 1)
        covered = np.bincount(county.community, morning.week, county.communities) / people
        candidates = np.flatnonzero(morning.state == "candidate")
        home = county.community[county.koc[candidates]]
        order = np.lexsort((candidates, home, covered[home]))
        _, first = np.unique(home[order], return_index=True)
        morning.recruit(candidates[order[np.sort(first)][: self.many]])
