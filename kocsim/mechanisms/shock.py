"""Shocks: a time in which residents need what is sold online more than before, or less."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Shock(Section):
    """From `day` on and for `days` days every consumer's need for the category is `need` times what it was (C99).

    Afterwards a share `lasting` of the change stays: with ``need = 3`` and ``lasting = 0.25`` needs are 1.5 times
    what they were before. Chances are cut at 1. Needs of businesses, and for further categories of the ladder, stay as
    they are. Switched off by ``day = 0``.
    """

    day: int = param(
        0, unit="day", ge=0, le=60_000,
        meaning="first day of the shock (0: there is none)",
        source="0: off, an assumption",
    )
    days: int = param(
        60, unit="days", ge=1, le=60_000,
        meaning="how long it lasts",
        source="assumption: two months, as the lockdowns of early 2020",
    )
    need: float = param(
        2.0, unit="factor", ge=0, le=1000,
        meaning="what every consumer's need is multiplied by during the shock",
        source="assumption; no published figure found, sweep 0 to 5 (C99)",
    )
    lasting: float = param(
        0.25, unit="share", ge=0, le=1,
        meaning="share of the change that stays afterwards",
        source="assumption; sweep 0 to 1 (C99)",
    )

    def factor(self, day: int) -> float:
        """What needs are multiplied by on a day."""
        if not self.day or day < self.day:
            return 1.0
        return self.need if day < self.day + self.days else 1 + self.lasting * (self.need - 1)
