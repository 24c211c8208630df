"""Satisfaction: what an order leaves behind."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Satisfaction(Section):
    """An order satisfies with probability `rate`, drawn for itself.

    Good purchases deposit trust in the tie that sold, bad ones withdraw it (`kocsim.mechanisms.trust`), and who is
    disappointed lapses at once with probability `upset`. Feedback mends the product (C73): the share of disappointing
    orders halves every `feedback` days. Switched off by ``rate = 1``.
    """

    rate: float = param(
        1.0, unit="probability/order", ge=0, le=1,
        meaning="chance that an order satisfies, on the first day",
        source="1: off; the preset full says 0.9, an assumption",
    )
    upset: float = param(
        0.3, unit="probability", ge=0, le=1,
        meaning="chance that a disappointed customer lapses at once",
        source="assumption",
    )
    feedback: float = param(
        0.0, unit="days", ge=0, le=1e6,
        meaning="days in which the share of disappointing orders halves (0: never)",
        source="0: off, an assumption; sweep (C73)",
    )

    def on_day(self, day: int) -> float:
        """Chance that an order satisfies on a day."""
        bad = 1 - self.rate
        return 1 - (bad * 2 ** (-(day - 1) / self.feedback) if self.feedback else bad)
