"""Delivery: goods are brought to pick-up points, and residents come for them."""

from __future__ import annotations

from typing import Literal

from kocsim.errors import ParameterError
from kocsim.parameters import Section, param


class Delivery(Section):
    """What is ordered on a day is brought to pick-up points together (C10).

    *Cost.* Each pick-up point with at least one order on a day costs `stop`, and each order `order`: so an order costs
    less, the more of them go to the same place. Both are booked under delivery and move nobody.

    *Point.* Every community has one (where its leader lives), or its residents go to the shop of their community
    (`kocsim.blueprint.Shops`). A community without a shop in reach then has a stop of its own.

    *Range.* A consumer who lives d km from the shop goes through with an order with probability ``exp(-d / range)``,
    drawn anew each day; else her need is not met. d is that of her community. Without a shop in reach nobody orders:
    the region is bounded. Businesses have theirs brought. Needs ``point = "shop"``; 0 km is off.
    """

    stop: float = param(
        0.0, unit="yuan/point/day", ge=0, le=1e6,
        meaning="what a pick-up point costs on a day on which anything is brought there",
        source="0: off, an assumption; sweep 5 to 50 (C10)",
    )
    order: float = param(
        0.0, unit="yuan/order", ge=0, le=1e6,
        meaning="what bringing one order costs beside",
        source="0: off, an assumption; sweep 0.5 to 2 (C10)",
    )
    point: Literal["community", "shop"] = param(
        "community", unit="switch",
        meaning="where goods are handed out: one point a community, or the shop it goes to",
        source="assumption: a leader hands out at home",
    )
    range: float = param(
        0.0, unit="km", ge=0, le=1000,
        meaning="distance to the shop at which 37% still go through with an order (0: distance does not matter)",
        source="0: off, an assumption; sweep 0.5 to 5 (C10)",
    )

    @property
    def costs(self) -> bool:
        """Whether it costs anything."""
        return bool(self.stop or self.order)


def check_delivery(delivery: Delivery) -> None:
    """What a single range cannot say.

    Raises
    ------
    ParameterError
        For a range where nobody has a way to go.
    """
    if delivery.range and delivery.point == "community":
        raise ParameterError(
            "delivery.range must be 0 where delivery.point is 'community', because nobody has a way to go there; got "
            f"{delivery.range:g}."
        )
