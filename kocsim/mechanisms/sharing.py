"""Sharing: customers who pass the product on to their own friends."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Sharing(Section):
    """A customer shares the product on Moments with probability `rate` a day (C38, C67).

    With probability `group` a share also goes to one of the customer's social groups, drawn evenly. Only active
    customers share, lapsed ones do not; KOCs post as KOCs and do not share beside that.
    """

    rate: float = param(
        0.011, unit="probability/day", ge=0, le=1,
        meaning="chance that an active customer shares the product with friends",
        source="0.110 posts a user and day (Zhang Xiaolong, January 2021: 120 m of 1.09 bn daily users "
        "post to Moments) x 0.1 of them about the product (assumption)",
    )
    group: float = param(
        0.3, unit="probability", ge=0, le=1,
        meaning="chance that a share also goes to one of the customer's groups",
        source="assumption",
    )
    quality: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="quality of a customer's share: multiplies the evidence it carries",
        source="assumption: as a KOC's post",
    )
