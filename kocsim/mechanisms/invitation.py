"""Invitation: customers who bring friends, one by one (转介绍, 裂变)."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Invitation(Section):
    """After an order that satisfies, a customer invites friends with probability ``rate x trust ** trust_exponent``.

    Trust is that of the tie that sold to her, 1 where no KOC and no shop did (C67: the more trust, the more
    referral). On the next day each of her friends in the county gets a private message with probability friends / her
    number of friends, so `friends` of them on average. It travels as any private message
    (`kocsim.mechanisms.channels.PrivateMessage`) and comes from the same source as what she shares. KOCs do not
    invite beside what they post. Switched off by ``rate = 0``.
    """

    rate: float = param(
        0.0, unit="probability/order", ge=0, le=1,
        meaning="chance that a satisfying order leads to an invitation, at full trust",
        source="0: off; the preset full says 0.05, an assumption",
    )
    trust_exponent: float = param(
        1.0, unit="exponent", ge=0, le=10,
        meaning="how inviting rises with trust in who sold (above 1: convex)",
        source="assumption; sweep 0 to 2 (C67)",
    )
    friends: float = param(
        3.0, unit="friends", ge=0, le=5000,
        meaning="mean number of friends invited at a time",
        source="assumption: a small group-buying team",
    )
    quality: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="quality of an invitation: multiplies the evidence it carries",
        source="assumption: as a customer's share",
    )
