"""Money: what sales cost, and who earns from them. It is counted, in fen; nothing here moves anybody."""

from __future__ import annotations

from typing import Final

from kocsim.parameters import Section, param

ACCOUNTS: Final = (
    "cash", "sales", "discounts", "goods", "delivery", "commission", "rewards", "advertising", "posts", "fees", "rent",
    "opening", "staff", "phones", "recruiting", "salons", "pool",
)
"""Accounts of the ledger: what was earned is negative, what was spent positive, and cash makes each day sum to zero."""


class Money(Section):
    """One double-entry ledger in whole fen (C02, C39, C54).

    Every order is booked at list price under sales and its discount under discounts; `goods` of the list price are
    paid for what was sold. Of what a customer paid, the KOC from whose post her last touch came gets `commission`; a
    customer who won her gets `reward` once. Advertising, posts (cost of channels and of quality), members' fees, rent
    of the shops that show the product, staff and phones (one for each account of a KOC) are booked day by day.
    Commission and rewards need touches (`kocsim.mechanisms.attribution`).

    With a `budget`, the firm's purse gets so much each morning. From it are paid, in this order: rent, staff, phones,
    managers and pools that are kept, whatever they come to; then a salon, shops that open, KOCs that are recruited by
    the firm and by KOCs, each only if the purse still holds its price. What is not spent stays in the purse.
    """

    goods: float = param(
        0.83, unit="share of list price", ge=0, le=10,
        meaning="what the firm pays for what it sells",
        source="assumption: 1 less a gross margin of about 17% at Xingsheng in 2024, by a weak source",
    )
    commission: float = param(
        0.10, unit="share of sales", ge=0, le=1,
        meaning="what a KOC gets of an order that she sold",
        source="5-10% of sales (Rest of World 2021), 5-20% (chinatalk.nl)",
    )
    reward: float = param(
        0.0, unit="yuan/customer", ge=0, le=1e6,
        meaning="what a customer gets for each customer she won",
        source="assumption: 0; sweep (C38)",
    )
    rent: float = param(
        0.0, unit="yuan/shop/day", ge=0, le=1e6,
        meaning="what the firm pays for a shop that shows the product",
        source="assumption: 0, the shops are there anyway (C29); sweep 100 to 333, 3,000 to 10,000 a month",
    )
    staff: float = param(
        0.0, unit="yuan/day", ge=0, le=1e9,
        meaning="what the firm's own staff costs",
        source="assumption: 0; sweep (C86)",
    )
    phone: float = param(
        0.0, unit="yuan/account/day", ge=0, le=1e6,
        meaning="what the phone behind each account of a KOC costs the firm",
        source="assumption: 0, KOCs use their own; sweep (C86)",
    )
    opening: float = param(
        0.0, unit="yuan/shop", ge=0, le=1e6,
        meaning="what it costs the firm to put the product into one more shop",
        source="assumption: 0; sweep (C29)",
    )
    budget: float = param(
        0.0, unit="yuan/day", ge=0, le=1e9,
        meaning="what the firm may spend on building its network (0: whatever it takes)",
        source="0, no limit, by definition; set it to compare at equal budget (C26)",
    )
