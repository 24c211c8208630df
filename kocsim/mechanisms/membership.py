"""Membership: who joins, what it does to her, and who would have stayed anyway (C41-C42, C77-C81)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE, FREE, PAID = range(3)
TIERS: Final = ("none", "free", "paid")
YEAR: Final = 365


class Membership(Section):
    """A code on each unit sold leads into a free tier, and from there into a paid one.

    *Joining.* Who orders scans the code with probability `scan`, and one who is no member then joins with probability
    ``join x (need / mean need) ** selection``: with `selection` above 0 those who buy more anyway join first. Joining
    makes her follow the official account. A free member goes on to the paid tier with probability `upgrade` an order,
    selected in the same way, and pays `fee` for a year.

    *What it does.* Members pay less (`discount`, of the price; points are a discount on later orders, counted alike),
    buy again on a day of need with a probability raised by the share `lift`, and lapse with one lowered by the share
    `lock`. With ``lift = lock = discount = 0`` the same residents join on the same luck and nothing else changes: the
    difference between the two runs is the causal effect, the difference between members and others within one run is
    that and self-selection together.

    *Renewal.* After each year a paid member renews with probability ``renewal + statement x min(1, saved / fee)``,
    `saved` being what the discount saved her in the year, as the statement shows it (C78); else she falls back to the
    free tier. Lapsed customers keep their tier. Switched off by ``scan = 0``.
    """

    scan: float = param(
        0.0, unit="probability/order", ge=0, le=1,
        meaning="chance that a code on what was bought is scanned",
        source="0: off; the preset full says 0.3, an assumption (C42)",
    )
    join: float = param(
        0.3, unit="probability", ge=0, le=1,
        meaning="chance that one who scans joins",
        source="assumption",
    )
    selection: float = param(
        0.5, unit="exponent", ge=0, le=5,
        meaning="how joining and upgrading rise with a resident's own need (0: all alike)",
        source="assumption: frequent buyers join more; sweep (C77)",
    )
    upgrade: float = param(
        0.02, unit="probability/order", ge=0, le=1,
        meaning="chance that a free member's order makes her a paying one",
        source="assumption",
    )
    fee: float = param(
        99.0, unit="yuan/year", ge=0, le=1e5,
        meaning="what the paid tier costs",
        source="assumption",
    )
    discount_free: float = param(
        0.02, unit="share of price", ge=0, le=0.99,
        meaning="discount of free members, points included",
        source="assumption",
    )
    discount_paid: float = param(
        0.08, unit="share of price", ge=0, le=0.99,
        meaning="discount of paying members, points included",
        source="assumption",
    )
    lift_free: float = param(
        0.1, unit="share", ge=0, le=10,
        meaning="by how much the tier itself raises the chance of a repeat order",
        source="assumption; joiners' +30% (Luckin 2020, trade press) is before and after, not causal",
    )
    lift_paid: float = param(
        0.2, unit="share", ge=0, le=10,
        meaning="the same for paying members",
        source="assumption",
    )
    lock_free: float = param(
        0.1, unit="share", ge=0, le=1,
        meaning="by how much the tier itself lowers the chance to lapse",
        source="assumption (C77)",
    )
    lock_paid: float = param(
        0.3, unit="share", ge=0, le=1,
        meaning="the same for paying members",
        source="assumption (C77)",
    )
    renewal: float = param(
        0.4, unit="probability/year", ge=0, le=1,
        meaning="chance that a paying member renews who saved nothing",
        source="assumption",
    )
    statement: float = param(
        0.4, unit="probability/year", ge=0, le=1,
        meaning="what a statement of savings worth the fee adds to it",
        source="assumption (C78)",
    )

    def discounts(self, off: float = 0.0) -> NDArray[np.float64]:
        """Discount by tier, where all pay `off` less and members save their share of the rest."""
        return off + (1 - off) * np.array([0.0, self.discount_free, self.discount_paid])

    def lifts(self) -> NDArray[np.float64]:
        """What the chance of a repeat order is multiplied by, by tier."""
        return 1 + np.array([0.0, self.lift_free, self.lift_paid])

    def locks(self) -> NDArray[np.float64]:
        """What the chance to lapse is multiplied by, by tier."""
        return 1 - np.array([0.0, self.lock_free, self.lock_paid])
