"""A day's broadcasts: who is in the audience, what is posted, who hears it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.catchments import by_catchment, walk_in_chances
from kocsim.errors import DataError
from kocsim.mechanisms.broadcasts import AUDIENCES, CATCHMENT, COLUMN, Aired, Broadcast, aired
from kocsim.mechanisms.channels import MOST_CHANNELS, Platform
from kocsim.mechanisms.price import lognormal_classes
from kocsim.rng import Decision, chance, entity_key, stream, uniform31

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.scenario import Scenario
    from kocsim.touches import Touches



def check_audiences(broadcasts: tuple[Broadcast, ...], columns: Mapping[str, NDArray[Any]]) -> None:
    """Refuse an audience that a county with these columns does not have.

    Raises
    ------
    DataError
        Naming it and the columns there are.
    """
    have = sorted(name for name, column in columns.items() if column.dtype == np.bool_)
    known = AUDIENCES[:4]
    for own in broadcasts:
        if own.audience not in (*known, *have):
            near = difflib.get_close_matches(own.audience, (*known, *have), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DataError(
                f"The audience of broadcast {own.name!r} must be one of {', '.join(known)} or a column of truth values "
                f"of the county's residents ({', '.join(have) or 'this county has none'}); got {own.audience!r}.{hint}"
            )


class Broadcasting:
    """State of what is broadcast: trust in shops, and who may follow the official account.

    Attributes
    ----------
    shop_trust : ndarray of uint8, shape (residents,)
        Trust of each resident in the shop that her community goes to; empty without displays.
    room : ndarray of bool, shape (256,)
        By class of accounts already followed: whether there is room for another.
    shows : ndarray of bool, shape (shops,)
        Which shops show the product.
    budget : float or None
        Yuan for advertising today where a policy has decided so.
    spent : float
        Yuan for which advertisements were bought today, if any were.
    today : list of (Aired, int)
        What is broadcast today, and how often.
    """

    TRANSIENT: Final = frozenset((
        "scenario", "county", "seed", "room", "followed_key", "today", "_planned", "_walk_in", "_columns"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, scenario: Scenario, county: County, seed: int, flags: NDArray[np.uint8]) -> None:
        self.scenario, self.county, self.seed = scenario, county, seed
        account, shop = scenario.official_account, scenario.shop_visit
        followed = account.followed * lognormal_classes(account.followed_sigma)
        self.room = followed + 1 <= account.cap
        self.followed_key = np.uint64(stream(seed, Decision.FOLLOWED))
        c = county
        self.shop_trust = np.zeros(0, np.uint8)
        self._planned = by_catchment(c.community_shop, c.community_population, c.shops)[: round(shop.display * c.shops)]
        self.shows, self._shown = np.zeros((2, c.shops), np.bool_)
        self._walk_in = (c.community, np.zeros(c.communities, np.uint32), c.community_shop)
        if shop.display:
            self.shop_trust = np.full(c.n, round(shop.strength * 255), np.uint8)
            self.open(0 if shop.pace else self._planned.size)
        self.budget: float | None = None
        self.spent = 0.0
        check_audiences(scenario.broadcasts, county.columns)
        self._columns = {
            own.column: county.columns[own.column].astype(np.uint8)
            for own in self._day(1, {}) if own.audience == COLUMN}
        self.today: list[tuple[Aired, int]] = []
        from kocsim.kernels import broadcasts

        broadcasts.first_followers(
            flags, np.uint64(stream(seed, Decision.FOLLOWS)), np.uint32(chance(account.followers)), self.followed_key,
            self.room, 0, c.n)

    @property
    def displays(self) -> int:
        """Shops that show the product."""
        return int(self.shows.sum())

    @property
    def waiting(self) -> int:
        """Shops that are to show the product and never have; one that was closed by decision is not opened again."""
        return int((~self._shown[self._planned]).sum())

    def open(self, shops: int) -> None:
        """Let so many more of the planned shops show the product, the largest catchments first."""
        shows = self.shows.copy()
        shows[self._planned[~self._shown[self._planned]][:shops]] = True
        self.show(shows)

    def show(self, shows: NDArray[np.bool_]) -> None:
        """Decide which shops show the product from now on."""
        c, shop = self.county, self.scenario.shop_visit
        self.shows = shows
        self._shown |= shows
        chances = walk_in_chances(
            c.community_shop, c.shop_community, c.community_x, c.community_y, shows,
            visit=shop.visit, scale=shop.range)
        self._walk_in = (c.community, np.array([chance(p) for p in chances.tolist()], np.uint32), c.community_shop)

    def resumed(self) -> None:
        """Find out again who comes by the shops that show the product."""
        if self.scenario.shop_visit.display:
            self.show(self.shows)

    def background(self) -> NDArray[np.float32]:
        """Articles a day of the other accounts that a resident follows, by class; empty where the firm has none."""
        account = self.scenario.official_account
        if not account.posts:
            return np.zeros(0, np.float32)
        followed = account.followed * lognormal_classes(account.followed_sigma)
        return (np.minimum(followed, account.cap) * account.background_posts * account.load).astype(np.float32)

    def _day(self, day: int, posted: Mapping[str, int]) -> list[Aired]:
        return aired(self.scenario, self.county.n, day, posted, self.budget)

    def plan(self, day: int, posted: Mapping[str, int]) -> None:
        """Decide how often each broadcast is made today; `posted` as for `aired`."""
        self.today = []
        self.spent = self.scenario.advertising.budget if self.budget is None else self.budget
        for one in self._day(day, posted):
            whole = int(one.posts)
            luck = uniform31(entity_key(stream(self.seed, Decision.AIRED, day), one.source), 0)
            turns = whole + (luck < chance(one.posts - whole))
            if turns:
                self.today.append((one, turns))
        self.budget = None

    def most(self) -> int:
        """Most broadcasts that one resident can hear today."""
        return sum(turns for _, turns in self.today)

    def _membership(self, one: Aired) -> tuple[np.uint64, np.uint32]:
        """Key and chance of being on the platform at all."""
        key = np.uint64(entity_key(stream(self.seed, Decision.ON_PLATFORM), one.number))
        members = one.channel.members if isinstance(one.channel, Platform) else 1.0
        return key, np.uint32(chance(members))

    def deliver(self, arrived: NDArray[np.uint32], people: tuple[Any, ...], lo: int, hi: int) -> None:
        """What today's broadcasts add to the feeds of the residents lo..hi; ``people``: (stage, flags, tier)."""
        from kocsim.kernels import broadcasts

        for one, turns in self.today:
            load = turns * one.load_units
            if load and one.audience != CATCHMENT:
                broadcasts.deliver(
                    arrived, one.audience, (*people, self._of(one)), *self._membership(one), load, lo, hi)

    def _of(self, one: Aired) -> NDArray[np.uint8]:
        return self._columns.get(one.column, np.zeros(0, np.uint8))

    def hear(
        self, sums: NDArray[np.uint64], share: NDArray[np.float64], people: tuple[Any, ...], touches: Touches,
        day: int, lo: int, hi: int,
    ) -> NDArray[np.int64]:
        """Who among the residents lo..hi hears today's broadcasts.

        Returns
        -------
        ndarray of int64, shape (channels, 4)
            Posts seen, clicks, new followers, followers lost, by channel.
        """
        from kocsim.kernels import broadcasts

        s, seed = self.scenario, self.seed
        out = np.zeros((MOST_CHANNELS, 4), np.int64)

        def key(decision: Decision, one: Aired) -> np.uint64:
            return np.uint64(entity_key(stream(seed, decision, day), one.source))

        for one, turns in self.today:
            c = one.channel
            strength = round(one.strength * 255)
            visits = np.uint64(entity_key(stream(seed, Decision.VISIT_OTHER, day), one.number))
            visit = int(self._walk_in[1].max(initial=0)) if one.audience == CATCHMENT else chance(c.visit)
            post = (
                one.audience, turns, visits, np.uint32(visit), *self._membership(one),
                c.view * one.reach * 2.0**31, key(Decision.SEE_AIRED, one), c.weight_units(1.0), strength, one.source,
                one.number, one.audience != CATCHMENT,
            )
            unfollow = chance(s.trust.mute) * (255 - strength) // 255
            clicking = (
                key(Decision.CLICK, one), np.uint32(chance(one.click)), key(Decision.TRANSFER, one),
                np.uint32(chance(one.transfer)), self.followed_key, self.room, key(Decision.UNFOLLOW, one),
                np.uint32(unfollow),
            )
            memory = (touches.last, touches.met, np.uint64(stream(seed, Decision.TOUCH, day)))
            faith = (self.shop_trust, round(s.shop_visit.scene * 255 * 65536), key(Decision.SCENE, one))
            broadcasts.hear(
                sums, share, (*people, self._of(one)), post, self._walk_in, clicking, memory, faith, out[one.number],
                day, np.zeros(1024, np.uint8), lo, hi)
        return out
