"""Where residents differ in how they buy: needs, incomes, businesses, members; and what orders leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.catchments import pick_up_chances
from kocsim.mechanisms.channels import MOST_CHANNELS
from kocsim.mechanisms.membership import YEAR
from kocsim.rng import Decision, chance, stream
from kocsim.stages import SLACK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.scenario import Scenario

NOBODY = (1 << 32) - 1
MOST_PRICES = 100
"""Discounts for which tables are kept."""
CREDITS = 6
"""Rows of what is credited to channels: see `kocsim.kernels.trade.afterwards`."""


def chances(probabilities: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Probabilities, cut at 1, as chances of 2**31."""
    return (np.minimum(probabilities, 1.0) * 2.0**31).astype(np.uint32)


class Market:
    """State of buyers beside their stage.

    Attributes
    ----------
    is_koc : ndarray of uint8, shape (residents,)
        1 for those who are KOCs today.
    elsewhere : ndarray of uint8, shape (residents,)
        1 for those who turn to another brand with today's need; empty without rivals.
    phase : ndarray of uint8, shape (residents,)
        Steps that a business buyer has taken towards a deal; empty without businesses.
    tier : ndarray of uint8, shape (residents,)
        0 no member, 1 free, 2 paying; empty without membership.
    joined, saved : ndarray of uint16, shape (residents,)
        Day on which a member began to pay; what she has saved in this year, in 0.1 yuan.
    breadth : ndarray of uint8, shape (residents,)
        Categories bought beside the first; empty without a ladder.
    orders : ndarray of uint16, shape (residents,)
        Orders ever.
    won : ndarray of uint32, shape (residents,)
        Credit of the last touch before the first order; see `kocsim.kernels.touches`.
    converted : ndarray of int64, shape (channels,)
        Customers who had heard on each channel by their first order.
    inviters : ndarray of int32
        Who invites friends tomorrow, ascending.
    stock : ndarray of uint8, shape (residents,)
        Orders at home that were brought forward; empty where nobody stocks up.
    """

    TRANSIENT: Final = frozenset((
        "scenario", "county", "seed", "is_koc", "elsewhere", "_kinds", "_worth", "_others", "_joining", "_climbing",
        "_inviting", "_discount", "_priced", "_collect"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, scenario: Scenario, county: County, seed: int, flags: NDArray[np.uint8]) -> None:
        self.scenario, self.county, self.seed = scenario, county, seed
        self.flags = flags
        self.is_koc = county.is_koc
        self.elsewhere = np.zeros(0, np.uint8)
        n, s = county.n, scenario

        def column(wanted: float, kind: Any) -> NDArray[Any]:
            return np.zeros(n if wanted else 0, kind)

        self.phase = column(s.business.share, np.uint8)
        self.tier = column(s.membership.scan, np.uint8)
        self.joined = column(s.membership.scan, np.uint16)
        self.saved = column(s.membership.scan, np.uint16)
        self.breadth = column(s.ladder.step, np.uint8)
        self.stock = column(s.event.stocks, np.uint8)
        self.orders = np.zeros(n, np.uint16)
        self.won = np.full(n, NOBODY, np.uint32)
        self.inviters = np.zeros(0, np.int32)
        self.converted = np.zeros(MOST_CHANNELS, np.int64)
        self._tables()
        self._discount: float | None = None
        self._priced = {off: self._at_prices(off) for off in {0.0, s.event.discount}}
        c = county
        collect = pick_up_chances(
            c.community_shop, c.shop_community, c.community_x, c.community_y, s.delivery.range or np.inf)
        self._collect = chances(collect[: c.communities if s.delivery.range else 0])
        if s.business.share:
            from kocsim.kernels import trade

            trade.businesses(
                flags, np.uint64(stream(seed, Decision.BUSINESS)), np.uint32(chance(s.business.share)), county.is_koc,
                0, n)

    def _tables(self) -> None:
        """Probabilities by class and tier, as the kernels take them."""
        s = self.scenario
        m, b, price = s.membership, s.business, s.price
        self._kinds = (s.need.sigma > 0, price.elasticity > 0 and price.income_sigma > 0)
        self._worth = np.array([
            price.price, price.price * b.value, s.ladder.daily_price, s.ladder.durable_price,
        ])
        self._others = (
            np.uint32(chance(s.need.of_category()[1])), np.uint32(chance(b.need)), np.uint32(chance(b.step_chance())),
            b.steps, np.uint32(chance(b.restart)), np.uint32(chance(s.ladder.daily_need)),
            np.uint32(chance(s.ladder.durable_need)),
        )
        relative = s.need.relative() ** m.selection if s.need.sigma else np.ones(256)
        trust = np.arange(256) / 255
        self._joining = (np.uint32(chance(m.scan)), chances(m.join * relative), chances(m.upgrade * relative))
        self._climbing = chances(s.ladder.step * trust)
        self._inviting = chances(s.invitation.rate * trust**s.invitation.trust_exponent)

    def off(self, day: int) -> float:
        """What all pay less today, as a share: a policy's discount, or else the event's."""
        return self.scenario.event.discount_on(day) if self._discount is None else self._discount

    def decide_discount(self, share: float | None) -> None:
        """Let all pay so much less today; None leaves it to events."""
        self._discount = share
        if share is not None and share not in self._priced:
            if len(self._priced) > MOST_PRICES:
                self._priced = {}
            self._priced |= {off: self._at_prices(off) for off in (share, 0.0, self.scenario.event.discount)}

    def _at_prices(self, off: float) -> tuple[tuple[NDArray[np.uint32], ...], NDArray[np.int64]]:
        """Chances where all pay `off` less; and fen by kind of order and tier, at last the list price."""
        s = self.scenario
        p, m = s.purchase, s.membership
        discounts = m.discounts(off)
        factors = s.price.factors(discounts)
        tables = (
            chances(p.first * factors), chances(p.repeat * factors * m.lifts()[:, None]),
            chances(p.win_back * factors), chances(s.advertising.convert * factors), chances(p.lapse * m.locks()),
        )
        return tables, np.rint(self._worth[:, None] * 100 * (1 - np.append(discounts, 0.0))).astype(np.int64)

    def _key(self, decision: Decision, day: int = 0) -> np.uint64:
        return np.uint64(stream(self.seed, decision, day))

    def trade(
        self, people: tuple[Any, ...], dates: tuple[Any, ...], day: int, counts: NDArray[np.int64],
        tally: NDArray[np.int64], digest_key: np.uint64, lo: int, hi: int,
    ) -> None:
        """Needs, orders and lapsing of the residents lo..hi; see `kocsim.kernels.trade.trade`."""
        from kocsim.kernels import trade

        d = Decision
        keys = (
            *(self._key(k, day) for k in (d.NEED, d.BUY, d.LAPSE)),
            self._key(d.NEED_CLASS), self._key(d.INCOME_CLASS),
            *(self._key(k, day) for k in (
                d.KEEP_NEED, d.NEED_DAILY, d.NEED_DURABLE, d.CONVERT, d.STEP_ON, d.START_AGAIN, d.SATISFIED, d.UPSET)),
        )
        s = self.scenario
        likely = tuple(np.uint32(chance(p)) for p in (s.satisfaction.on_day(day), s.satisfaction.upset))
        prices, values = self._priced[self.off(day)]
        whole, rest = s.event.stock_on(day)
        trade.trade(
            (*people, self.flags, self.phase, self.tier, self.breadth), dates, day, SLACK, self._kinds, keys,
            (chances(s.need.rates(s.shock.factor(day))), *prices, *self._others, *likely, values),
            (self.stock, self._key(d.STOCK_UP, day), whole, np.uint32(chance(rest)),
             s.event.replaces == "needs"),
            (self.county.community, self._collect, self._key(d.COLLECT, day)), self.elsewhere, counts, tally,
            digest_key, lo, hi)

    def afterwards(
        self, who: NDArray[np.int64], fate: NDArray[np.uint8], trust: NDArray[np.uint8],
        shop_trust: NDArray[np.uint8], memory: tuple[Any, Any, Any], room: NDArray[np.bool_], day: int,
        tally: NDArray[np.int64], invites: NDArray[np.uint8], sold: tuple[NDArray[Any], ...], lo: int, hi: int,
    ) -> NDArray[np.int64]:
        """What the orders of ``who[lo:hi]`` leave behind; returns orders by channel, see the kernel."""
        from kocsim.kernels import trade

        c, s, d = self.county, self.scenario, Decision
        credited = np.zeros((CREDITS, MOST_CHANNELS + 1), np.int64)
        keys = (
            self._key(d.TRUST_ORDER, day), self._key(d.NEED_CLASS),
            *(self._key(k, day) for k in (d.SCAN, d.JOIN, d.UPGRADE, d.CLIMB, d.INVITE_NOW)), self._key(d.FOLLOWED),
        )
        off = self.off(day)
        values = self._priced[off][1]
        trade.afterwards(
            who, (fate, self.flags, self.tier, self.joined, self.saved, self.breadth, self.won, self.orders, invites,
                  self.is_koc, self.stock),
            (trust, c.koc_ties, shop_trust, c.koc_offsets, c.koc), memory, s.trust.sale_changes(),
            (*self._joining, self._kinds[0], room), self._climbing, self._inviting, keys,
            (values[:, -1], s.membership.discount_paid * (1 - off) / 10, values), sold, credited, tally, day, lo, hi)
        return credited

    @property
    def columns(self) -> list[str]:
        """What `column` knows of residents here."""
        return ["orders", "business", "income", "need", *(["tier"] if self.tier.size else []),
                *(["categories"] if self.breadth.size else [])]

    def column(self, name: str) -> NDArray[Any]:
        """One of `columns`, of all residents."""
        if name == "business":
            return (self.flags & 1).astype(np.bool_)
        if name == "income":
            return self.incomes()
        if name == "need":
            return np.where(self.flags & 1, self.scenario.business.need, self.need_rates())
        if name == "categories":
            return self.breadth + (self.orders > 0).astype(np.uint8)
        values: NDArray[Any] = getattr(self, name)
        return values

    def incomes(self) -> NDArray[np.float64]:
        """Income of each resident, yuan a month; shape (residents,)."""
        return self.scenario.price.incomes()[self._classes(Decision.INCOME_CLASS)]

    def need_rates(self) -> NDArray[np.float64]:
        """Each consumer's own need for the category, a day; shape (residents,)."""
        return self.scenario.need.rates()[self._classes(Decision.NEED_CLASS)]

    def _classes(self, decision: Decision) -> NDArray[np.uint8]:
        from kocsim.kernels import world

        out = np.empty(self.county.n, np.uint8)
        world.classes(out, self._key(decision))
        return out

    def renew(self, day: int, tally: NDArray[np.int64], lo: int, hi: int) -> None:
        """Paying members whose year is over."""
        from kocsim.kernels import trade

        m = self.scenario.membership
        if self.tier.size and m.upgrade:
            trade.renew(
                self.tier, self.joined, self.saved, day, YEAR, self._key(Decision.RENEW, day), m.renewal, m.statement,
                m.fee * 10, tally, lo, hi)
