"""Trust: what a resident thinks of a KOC, tie by tie, and when she stops listening."""

from __future__ import annotations

from typing import Final

from kocsim.parameters import Section, param

UNITS: Final = 1 << 16
"""Changes of trust are counted in 1/65536 of its byte and rounded by lot, so that small ones are right on average."""


class Trust(Section):
    """Trust in a KOC multiplies the evidence of her posts; posts deposit and withdraw it one by one (C11, C24, C52).

    It begins as the strength of the tie, lies in [0, 1], and is kept in steps of 1/255, changes being rounded up or
    down by lot. Each post that is seen adds `service`, or takes off `selling` or `noise`, according to its
    kind (`kocsim.mechanisms.content`). Day by day trust returns towards the strength of the tie, half of the way in
    `half_life` days.

    A selling post or noise that is seen makes the resident mute the KOC with probability ``mute x (1 - trust)``: from
    then on she sees none of the KOC's posts, and they no longer fill her feed. She stays lost (C01).

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

    @property
    def moves(self) -> bool:
        """Whether trust changes at all."""
        return bool(self.service or self.selling or self.noise)

    def changes(self) -> tuple[int, int, int, int]:
        """Change of trust by kind of post (selling, service, noise, disclosed), in 1/65536 of 1/255."""
        selling, service, noise = (round(x * 255 * UNITS) for x in (self.selling, self.service, self.noise))
        return -selling, service, -noise, -selling

    def returning(self) -> int:
        """Share of the way back to the strength of the tie in a day, in 1/65536."""
        return round((1 - 2 ** (-1 / self.half_life)) * UNITS) if self.half_life else 0
