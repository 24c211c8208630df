"""Tiers: the firm sorts its KOCs by what they sell."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Tiers(Section):
    """Every so many days the active KOCs are ranked by their orders since the last ranking (C72).

    The first `elite` of them (rounded down; equals by lot) are the upper tier until the next ranking: they get `bonus`
    more of their sales, and leave more rarely by `lock`. Newcomers begin below. Switched off by ``every = 0``.
    """

    every: int = param(
        0, unit="days", ge=0, le=60_000,
        meaning="days from one ranking to the next (0: no tiers)",
        source="assumption: 0; sweep (C72)",
    )
    elite: float = param(
        0.1, unit="share", ge=0, le=1,
        meaning="share of active KOCs in the upper tier",
        source="assumption",
    )
    bonus: float = param(
        0.0, unit="share of sales", ge=0, le=1,
        meaning="commission of the upper tier beside the ordinary one",
        source="assumption: 0; sweep",
    )
    lock: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="by how much rarer the upper tier leaves",
        source="assumption: 0; sweep",
    )

    def first(self, kocs: int) -> int:
        """How many of so many KOCs are the upper tier; 0.29 of 100 are 29, though the product falls short of it."""
        return int(self.elite * kocs + 1e-9)
