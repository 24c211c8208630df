"""Purchase: first and repeat orders at need, and leaving again."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Purchase(Section):
    """On a day of need, each stage buys with a probability of its own.

    An identified resident buys for the first time with probability `first` and is a customer from then on. A
    customer orders again with probability `repeat`, and is a repeat customer from the second order on. At the
    end of a day, customers of earlier days lapse with probability `lapse`, whether they bought or not. A lapsed
    customer whose evidence reaches her threshold comes back with probability `win_back` on a day of need.
    """

    first: float = param(
        0.1, unit="probability", ge=0, le=1,
        meaning="chance that an identified resident buys on a day of need",
        source="assumption; no published figure found",
    )
    repeat: float = param(
        0.3, unit="probability", ge=0, le=1,
        meaning="chance that a customer orders again on a day of need",
        source="assumption; repurchase rates of community group buying are published by vendors only",
    )
    lapse: float = param(
        0.005, unit="probability/day", ge=0, le=1,
        meaning="chance that a customer lapses on a given day",
        source="assumption: half of the customers within 139 days",
    )
    win_back: float = param(
        0.05, unit="probability", ge=0, le=1,
        meaning="chance that a lapsed customer who is persuaded buys on a day of need",
        source="assumption",
    )
