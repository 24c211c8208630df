"""Salons: the firm meets its KOCs."""

from __future__ import annotations

from typing import Literal

from kocsim.parameters import Section, param


class Salons(Section):
    """Every so many days the firm invites its active KOCs, at a cost a head (C72, C74).

    A salon closes the share `lift` of what is missing to full loyalty, and loyalty, which makes leaving rarer
    (`kocsim.mechanisms.leaving`), fades with `half_life`. It also trains: the share `skill` of what the quality of a
    KOC's posts lacks to 1 is made up, for good. With ``who = "elite"`` only the upper tier is invited
    (`kocsim.mechanisms.tiers`). Switched off by ``every = 0``.
    """

    every: int = param(
        0, unit="days", ge=0, le=60_000,
        meaning="days from one salon to the next (0: none)",
        source="assumption: 0; sweep (C74)",
    )
    who: Literal["all", "elite"] = param(
        "all", unit="switch",
        meaning="who is invited",
        source="assumption; compare (C72)",
    )
    cost: float = param(
        50.0, unit="yuan/head", ge=0, le=1e6,
        meaning="what a salon costs for each who is invited",
        source="assumption",
    )
    lift: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="share of what is missing to full loyalty that a salon adds",
        source="assumption; sweep (C74)",
    )
    half_life: float = param(
        60.0, unit="days", gt=0, le=1e6,
        meaning="half-life of loyalty",
        source="assumption",
    )
    skill: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of what a KOC's quality lacks that a salon makes up",
        source="assumption: 0; sweep",
    )

    def retention(self) -> float:
        """Share of loyalty that is left a day later."""
        return float(2.0 ** (-1.0 / self.half_life))
