"""Events: some days of low prices and many posts, and what they only bring forward."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kocsim.errors import ParameterError
from kocsim.mechanisms.posting import MAX_POSTS
from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from kocsim.mechanisms.posting import Posting


class Event(Section):
    """An event (C40) begins on `day` and again each `every` days; it lasts `days` days.

    *Discount.* All pay `discount` less than the list price, on top of what members save. Who buys more for it is said
    by `kocsim.mechanisms.price`: nobody, without an elasticity.

    *Posts.* Each KOC makes `posts` more posts to Moments, and as many to the groups she leads, on each day of an event
    on which KOCs post at all (`posting.until`).

    *Pull-forward.* Who orders during an event stocks up: her order holds 1 + k times the product, at the event's price,
    where k is `stock` on average (its whole part, and one more with the probability of the rest). The stock then stands
    in for what comes next. Where it `replaces` "orders", her next k repeat orders are not made: what is bought is
    bought earlier, and nothing more is sold. Where it replaces "needs", it meets her next k needs whatever they are,
    those included that she would have met elsewhere: so the firm sells more, at others' expense. Daily goods and
    durables of the ladder are not stocked. Switched off by ``day = 0``.
    """

    day: int = param(
        0, unit="day", ge=0, le=60_000,
        meaning="first day of the first event (0: there is none)",
        source="0: off, an assumption",
    )
    every: int = param(
        0, unit="days", ge=0, le=60_000,
        meaning="days from the beginning of one event to the next (0: there is one only)",
        source="assumption; sweep 30 to 182, twice a year as the big online sales of June and November",
    )
    days: int = param(
        3, unit="days", ge=1, le=365,
        meaning="how long an event lasts",
        source="assumption",
    )
    discount: float = param(
        0.2, unit="share of price", ge=0, le=0.99,
        meaning="what all pay less during an event",
        source="assumption; sweep 0 to 0.5",
    )
    posts: int = param(
        1, unit="posts/KOC/day", ge=0, le=MAX_POSTS,
        meaning="further posts of a KOC to Moments, and to the groups she leads, on a day of an event",
        source="assumption",
    )
    stock: float = param(
        1.0, unit="orders/order", ge=0, le=100,
        meaning="mean number of further orders that an order during an event brings forward",
        source="assumption; no published figure found, sweep 0 to 5 (C40)",
    )

    replaces: Literal["orders", "needs"] = param(
        "orders", unit="switch",
        meaning="what is not bought later: her next orders, or what she would have met her next needs with anywhere",
        source="by definition: orders is pull-forward and nothing else (C40); needs adds what is taken from others",
    )

    def on(self, day: int) -> bool:
        """Whether a day belongs to an event."""
        since = day - self.day
        return bool(self.day) and since >= 0 and (since % self.every if self.every else since) < self.days

    def discount_on(self, day: int) -> float:
        """What all pay less on a day, as a share of the price."""
        return self.discount if self.on(day) else 0.0

    def posts_on(self, day: int) -> int:
        """Further posts of a KOC on a day."""
        return self.posts if self.on(day) else 0

    def stock_on(self, day: int) -> tuple[int, float]:
        """How many further orders an order brings forward on a day, and the chance of one more."""
        mean = self.stock if self.on(day) else 0.0
        return int(mean), mean - int(mean)

    @property
    def deals(self) -> bool:
        """Whether it changes what residents buy, or at what price."""
        return bool(self.day and (self.discount or self.stock))

    @property
    def stocks(self) -> bool:
        """Whether residents stock up."""
        return bool(self.day and self.stock)


def check_event(event: Event, posting: Posting) -> None:
    """What a single range cannot say.

    Raises
    ------
    ParameterError
        For events that run into each other, and for more posts on a day than can be counted.
    """
    if event.every and event.days > event.every:
        raise ParameterError(
            f"event.days must lie in [1, event.every] = [1, {event.every}]; got {event.days}."
        )
    for name, mean in (("moments", posting.moments), ("groups", posting.groups)):
        if event.day and posting.gathered(mean) + event.posts > MAX_POSTS:
            raise ParameterError(
                f"posting.{name} x posting.every + event.posts must lie in [0, {MAX_POSTS}]; got {mean:g} x "
                f"{posting.every} + {event.posts}."
            )
