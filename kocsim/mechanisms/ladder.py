"""The ladder: from one category to the next (C22, C33, C66)."""

from __future__ import annotations

from kocsim.parameters import Section, param

BREADTH = 3
"""Categories there are: the one that the county hears of, and two more."""


class Ladder(Section):
    """A satisfied customer may come to buy a second category, and then a third.

    After an order that satisfies, with probability ``step x trust`` (of the tie that sold; 1 where nobody did) she
    adds the next category to her basket: daily goods, then durables. Need for each arises on its own; on a day of any
    of them she orders again with the probability of a repeat order, all that she needs in one order. Switched off by
    ``step = 0``.
    """

    step: float = param(
        0.0, unit="probability/order", ge=0, le=1,
        meaning="chance that a satisfying order adds the next category, at full trust",
        source="0: off; the preset full says 0.05, an assumption (C66)",
    )
    daily_need: float = param(
        1 / 14, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident needs daily goods on a given day",
        source="assumption: every two weeks",
    )
    daily_price: float = param(
        30.0, unit="yuan/order", ge=0, le=1e6, meaning="what daily goods cost", source="assumption",
    )
    durable_need: float = param(
        1 / 180, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident needs a durable on a given day",
        source="assumption: twice a year",
    )
    durable_price: float = param(
        300.0, unit="yuan/order", ge=0, le=1e6, meaning="what a durable costs", source="assumption",
    )
