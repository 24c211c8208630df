"""Rivals: several brands, one county, one need."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Rivals(Section):
    """What rivals share and fight for: attention, the hour of need, and KOCs (C15, C100, C105).

    All brands' posts fill the same feeds, so each crowds the others out. When a resident needs the category she looks
    at one brand, drawn with chances in proportion to ::

        (evidence + habit x [customer] + 0.01) x (reference / price) ** switching

    over the brands that she would consider: those she identifies with, is or was a customer of, or clicked on today.
    From then on the need is that brand's to lose, by its own rules; businesses, who decide over months, deal with each
    brand for itself. A share `multihome` of the KOCs, the same ones throughout, would work for several brands; the
    others work for one, and when they leave it with their audience, they go over to a rival with probability `defect`.
    """

    multihome: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of KOCs who would work for several brands at a time",
        source="assumption: 0; sweep (C31, C105)",
    )
    defect: float = param(
        0.5, unit="probability", ge=0, le=1,
        meaning="chance that a KOC who leaves one brand with her audience goes over to a rival",
        source="assumption; sweep (C105)",
    )
    habit: float = param(
        1.0, unit="full cues", ge=0, le=1000,
        meaning="evidence that being a customer is worth when a brand is chosen",
        source="assumption: one full cue; sweep (C15)",
    )
    switching: float = param(
        1.5, unit="exponent", ge=0, le=20,
        meaning="by how many per cent the weight of a brand falls when its price rises by one",
        source="assumption: as price.elasticity in the preset full",
    )

    def attraction(self, evidence: float, customer: bool, price: float, reference: float) -> float:
        """Weight of one brand that is considered."""
        return float((evidence + self.habit * customer + FLOOR) * self.worth(price, reference))

    def worth(self, price: float, reference: float) -> float:
        """What a brand's weight is multiplied by at a price."""
        return float((reference / max(price, 0.01)) ** self.switching)


FLOOR = 0.01
"""Weight of a brand that is considered although nothing speaks for it any more."""
