"""Trust: what a resident thinks of a KOC, tie by tie, and when she stops listening."""

from __future__ import annotations

import math
from typing import Final

from kocsim.parameters import Section, param

WEEK: Final = 7
"""Trust comes back once in so many days: KOC number k's on the days d with d % 7 == k % 7."""
UNITS: Final = 1 << 16
"""Changes of trust are counted in 1/65536 of its byte and rounded by lot, so that small ones are right on average."""


class Trust(Section):
    """Trust in a KOC multiplies the evidence of her posts; posts deposit and withdraw it one by one (C11, C24, C52).

    It begins as the strength of the tie, lies in [0, 1], and is kept in steps of 1/255, changes being rounded up or
    down by lot. Each post that is seen adds `service`, or takes off `selling` or `noise`, according to its
    kind (`kocsim.mechanisms.content`). Once a week trust returns towards the strength of the tie, half of the way in
    `half_life` days.

    A selling post or noise that is seen makes the resident mute the KOC with probability ``mute x (1 - trust)``: from
    then on she sees none of the KOC's posts, and they no longer fill her feed. She stays lost (C01).

    A purchase that satisfies adds `purchase` to the tie that sold, one that disappoints takes off `disappointment`
    (`kocsim.mechanisms.satisfaction`). What sells over a tie of trust below `gate` carries no evidence: help first,
    then attention, then trust, then the sale (C53).

    Switched off by zeros: trust stays the strength of the tie, and nobody mutes.
    """

    service: float = param(
        0.0, unit="trust/post", ge=0, le=1,
        meaning="trust added by a service post that is seen",
        source="0: off; the preset full says 0.02, an assumption",
    )
    selling: float = param(
        0.0, unit="trust/post", ge=0, le=1,
        meaning="trust taken off by a selling post that is seen",
        source="0: off; the preset full says 0.01, an assumption",
    )
    noise: float = param(
        0.0, unit="trust/post", ge=0, le=1,
        meaning="trust taken off by noise that is seen",
        source="0: off; the preset full says 0.02, an assumption",
    )
    half_life: float = param(
        0.0, unit="days", ge=0, le=1e6,
        meaning="days in which trust comes half of the way back to the strength of the tie (0: never)",
        source="0: off; the preset full says 60, an assumption",
    )
    mute: float = param(
        0.0, unit="probability/post", ge=0, le=1,
        meaning="chance that a selling post or noise seen without any trust makes a resident mute the KOC",
        source="0: off; the preset full says 0.005, an assumption; no published rate found",
    )
    purchase: float = param(
        0.0, unit="trust/order", ge=0, le=1,
        meaning="trust added by an order that satisfies",
        source="0: off; the preset full says 0.05, an assumption",
    )
    disappointment: float = param(
        0.0, unit="trust/order", ge=0, le=1,
        meaning="trust taken off by an order that disappoints",
        source="0: off; the preset full says 0.2, an assumption: bad weighs more than good",
    )
    gate: float = param(
        0.0, unit="trust", ge=0, le=1,
        meaning="trust below which what sells carries no evidence",
        source="0: off, an assumption; sweep (C53)",
    )

    @property
    def moves(self) -> bool:
        """Whether trust changes at all."""
        return bool(self.service or self.selling or self.noise or self.sold)

    @property
    def sold(self) -> bool:
        """Whether orders move it."""
        return bool(self.purchase or self.disappointment)

    def gate_units(self) -> int:
        """Least trust of a tie over which selling carries evidence, in 1/255."""
        return math.ceil(self.gate * 255 - 1e-9)

    def sale_changes(self) -> tuple[int, int]:
        """Change of trust by an order that satisfies, and by one that does not, in 1/65536 of 1/255."""
        return round(self.purchase * 255 * UNITS), -round(self.disappointment * 255 * UNITS)

    def changes(self) -> tuple[int, int, int, int]:
        """Change of trust by kind of post (selling, service, noise, disclosed), in 1/65536 of 1/255."""
        selling, service, noise = (round(x * 255 * UNITS) for x in (self.selling, self.service, self.noise))
        return -selling, service, -noise, -selling

    def returning(self) -> int:
        """Share of the way back to the strength of the tie in a week, in 1/65536."""
        return round((1 - 2 ** (-WEEK / self.half_life)) * UNITS) if self.half_life else 0
