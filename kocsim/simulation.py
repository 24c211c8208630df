"""The day, over arrays. `Simulation.STEPS` is the table of contents of the model.

What each step does to one resident is written out in plain Python in `kocsim.reference`, to which this module is equal
resident by resident and day by day.
"""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

import numpy as np

from kocsim import checkpoint
from kocsim.books import Books
from kocsim.broadcasting import Broadcasting, check_audiences
from kocsim.county import County
from kocsim.crew import Crew, balanced
from kocsim.errors import DataError, ParameterError, at_least
from kocsim.market import CREDITS, Market
from kocsim.mechanisms.channels import FROM_CUSTOMERS, MOST_CHANNELS
from kocsim.mechanisms.identification import Rule, Weighed, apply_rule
from kocsim.mechanisms.posting import MAX_POSTS
from kocsim.mechanisms.trust import WEEK
from kocsim.memory import scattered
from kocsim.morning import Morning, Policy
from kocsim.pools import OUTSIDE, Pools
from kocsim.record import Record, channel_names, check_laws, outlay, tables
from kocsim.results import CHANNEL_UNITS
from kocsim.rng import Decision, Luck, chance, stream
from kocsim.sameworld import WORLD_SECTIONS, check_same_world
from kocsim.scenario import Scenario, as_scenario
from kocsim.sellers import ACTIVE, KEPT, Sellers
from kocsim.shopbooks import ShopBooks
from kocsim.speaking import MUTING, SEEING, TRUST, Plan, Speaking
from kocsim.stages import EXPOSURE_LIMIT, KOC_LIMIT, NEVER, SLACK, Stage
from kocsim.threads import usable_threads
from kocsim.touches import NO_LOG, Log, Touches

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator
    from pathlib import Path
    from types import EllipsisType

    from numpy.typing import NDArray

    from kocsim.explaining import Explanation, Watcher
    from kocsim.results import Result

T = TypeVar("T")
RESIDENTS_A_THREAD = 20_000
"""Fewest residents for which another thread is used: waking one takes as long as their day."""
SHARES, GROUP_SHARES, INVITATIONS = FROM_CUSTOMERS


class Shares(NamedTuple):
    """Customers who share today, and those of them who also post to a group (ordered by group)."""

    who: NDArray[np.int32]
    author: NDArray[np.int32]
    group: NDArray[np.int32]
    inviters: NDArray[np.int32]
    """Customers of yesterday who write to some of their friends today."""


class Seen(NamedTuple):
    """Posts seen on a day, and what came of them."""

    by_channel: NDArray[np.int64]
    """Posts seen, by channel."""
    by_kocs: int
    mutes: int
    clicks: int
    followed: int
    unfollowed: int
    plan: Plan
    logs: list[tuple[Log, ...]]
    """Of each thread: who saw the posts of KOCs, of sharers, in groups, and invitations."""


class Simulation:
    """One run: a county, a scenario, a seed, and the state of every resident.

    Parameters
    ----------
    scenario : Scenario or str
        Or the name of a preset, or a path of a TOML file.
    county : County, optional
        Generated from the scenario with the run's seed when not given.
    seed : int, optional
        Any whole number >= 0; drawn and recorded when not given.
    threads : int, optional
        Default: as many as there are processors. Results do not depend on it.
    rule : callable, optional
        A user's own way from evidence to identification; see `kocsim.mechanisms.identification.Rule`.
    debug : bool
        Check the laws of conservation after every day.
    policy : callable, optional
        What the firm decides each morning; see `kocsim.morning.Morning`.
    barred : ndarray of bool, shape (kocs,), optional
        KOCs who work for a rival when this run begins (`kocsim.rivalry`).

    Attributes
    ----------
    day : int
        Days that are over.
    stage, evidence, sources, kocs, week, today, threshold : ndarray, shape (residents,)
        `Stage`; evidence; distinct sources ever seen; distinct KOCs seen ever, in the last seven days and on the
        last day; personal threshold.
    day_aware, day_identified, day_customer : ndarray of uint16, shape (residents,)
        When it first happened; 0 from the start, 65535 never.
    ordered : ndarray of uint8, shape (residents,)
        1 for those who ordered on the last day (made on each access).
    channels : list of Spoken
        The channels on which KOCs speak in this scenario.
    posts : ndarray of uint8, shape (channels, kocs)
        What each KOC posts today, on each of `channels`; filled by `plan`.
    posts_moments, posts_groups : ndarray of uint8, shape (kocs,)
        The first two rows of `posts`.
    speaking : Speaking
        The channels on which KOCs speak, and whom they reach there.
    silent : ndarray of bool, shape (kocs,)
        KOCs who say nothing on any channel, whatever is planned; may be written to between days.
    quality : ndarray of float64, shape (kocs,)
        Quality of each KOC's posts today, in [0, 1].
    kinds : ndarray of uint8, shape (posts of KOCs today,)
        `kocsim.mechanisms.content.KINDS` of each post of the last day, KOC after KOC, channel after channel.
    flags : ndarray of uint8, shape (residents,)
        Bit 1 buys for a business, 2 has an unmet need, 4 follows the official account, 16 has left it for good; empty
        where nobody differs.
    market : Market or None
        Needs, incomes, businesses, members, baskets; None where all residents buy alike.
    broadcasting : Broadcasting or None
        What the firm says itself; None where it says nothing.
    books : Books
        The ledger, and what each KOC has earned.
    sellers : Sellers or None
        Who speaks for the firm; None where all KOCs do, every day.
    is_koc : ndarray of uint8, shape (residents,)
        1 for those who are KOCs today.
    shop_books : ShopBooks
        What shops sold, and what delivery costs.
    pools : Pools or None
        To whom KOCs speak; None where it is all whom they reach.
    touches : Touches or None
        Whom residents heard first and last; None where nobody asks.
    mutes : int
        Ties from KOCs that were muted on the last day.
    won_by_joining : int
        Residents who became active customers on the last day by becoming KOCs.
    views : ndarray of int64, shape (kocs,)
        How many times each KOC's posts were seen on the last day.
    seconds : dict of str to float
        Wall time spent in each step so far.
    record : Record
        What was measured so far.
    branches : list of dict
        Days after which the run was resumed with another scenario, rule or policy, and what that had been.
    """

    STEPS: Final = (
        ("plan", "each KOC decides what to post; customers decide whether to share"),
        ("deliver", "posts arrive: count what each resident gets"),
        ("attend", "what share of it each resident's day holds"),
        ("see", "which posts are seen, and whether their source is new to the resident"),
        ("remember", "who was heard last, and who first: for attribution"),
        ("move_on", "weigh what was seen, identify, buy at need, order again, lapse"),
        ("afterwards", "what orders leave behind: trust, members, baskets, invitations"),
        ("measure", "one row for the county"),
    )
    TRANSIENT: Final = frozenset((
        # given again
        "scenario", "county", "seed", "threads", "rule", "policy", "debug", "_barred",
        # made again by the set-up
        "threshold", "channels", "is_koc", "_attention", "_most_kocs", "_others", "crew", "_koc_cuts", "_broken",
        # overwritten by a day; what KOCs' posts add to feeds is brought up to date from nothing
        "_attended", "_rough", "_units_before", "_koc_arrived", "_sums", "_arrived", "_work", "_add", "_flags",
    ))
    """What no checkpoint holds; see `kocsim.checkpoint`."""
    watcher: Watcher | None = None
    """Who looks over a resident's shoulder; see `kocsim.explaining`."""

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] = "paper",
        county: County | None = None,
        seed: int | None = None,
        threads: int | None = None,
        rule: Rule | None = None,
        debug: bool = False,
        policy: Policy | None = None,
        barred: NDArray[np.bool_] | None = None,
    ) -> None:
        self.scenario = as_scenario(scenario)
        if not isinstance(seed, Luck):  # one brand of several
            seed = secrets.randbits(32) if seed is None else at_least("seed", seed, 0)
        self.seed: int = seed
        self.threads = usable_threads(threads)
        if rule is not None and not callable(rule):
            raise ParameterError(f"rule must be callable or None; got {rule!r}.")
        if policy is not None and not callable(policy):
            raise ParameterError(f"policy must be callable or None; got {policy!r}.")
        self.rule = rule
        self.policy = policy
        self._barred = barred
        self.debug = debug
        if county is None:
            check_audiences(self.scenario.broadcasts, {})
            county = County.generate(self.scenario, self.seed, self.threads)
        elif not isinstance(county, County):
            raise ParameterError(f"county must be a County or None; got {county!r}.")
        check_same_world(self.scenario, county)
        self.county = county
        self.day = 0
        self.seconds = dict.fromkeys((name for name, _ in self.STEPS), 0.0)
        self.record = Record(county.n)
        self.branches: list[dict[str, Any]] = []
        self._broken = False
        self._set_up()

    def _set_up(self) -> None:
        """State of all residents before the first day: KOCs are customers, nobody else knows the product."""
        c, s = self.county, self.scenario
        n, k = c.n, c.koc.size
        self.stage = np.zeros(n, np.uint8)
        self.evidence = np.zeros(n, np.float32)
        self.sources = np.zeros(n, np.uint16)
        self.kocs = np.zeros(n, np.uint16)
        self.week = np.zeros(n, np.uint16)
        self.today = np.zeros(n, np.uint16)
        self._fate = np.zeros(n, np.uint8)
        self.day_aware, self.day_identified, self.day_customer = (
            np.full(n, NEVER, np.uint16) for _ in range(3)
        )
        self.speaking = Speaking(s, c, self.seed)
        self.sellers = None
        if s.staffs or self.policy is not None or self._barred is not None:
            self.sellers = Sellers(s, c, self.seed, self.speaking.audience, self._barred)
        self.is_koc = self._who_speaks()
        self.put(np.flatnonzero(self.is_koc), Stage.CUSTOMER)
        self.threshold = self.thresholds_as_set_up()
        contacts = np.arange(int(c.contacts.max(initial=0)) + 1)
        further: tuple[Any, ...] = (np.zeros(0, np.float32), np.uint64(0))
        self.channels = self.speaking.channels
        self.posts = np.zeros((len(self.channels), k), np.uint8)
        self.quality = np.full(k, s.posting.quality)
        self.kinds = np.zeros(0, np.uint8)
        self.mutes = self.won_by_joining = 0
        self.views = np.zeros(k, np.int64)
        self.silent = np.zeros(k, np.bool_)
        self._state = np.zeros(c.koc_ties.size, np.uint8)
        self._trust = np.zeros(0, np.uint8)
        if s.moves_trust or (self.policy is not None and s.leaving.owner == "firm"):
            self._trust = (c.koc_ties >> np.uint32(24)).astype(np.uint8)
        self._muted = np.zeros(c.koc_ties.size if s.trust.mute or s.pool.screened else 0, np.uint8)
        self.pools = Pools(s, c, self.seed) if s.pool.screened else None
        self._heard = np.zeros(c.friends.m // 8 + n + 1, np.uint8)
        self._heard_group = np.zeros(c.group_members.size // 8 + c.groups + 1, np.uint8)
        self._attended = scattered(n, np.float64)
        self._rough = scattered((len(self.channels), n), np.uint8)
        self.flags = np.zeros(n if s.deals else 0, np.uint8)
        self.market = Market(s, c, self.seed, self.flags) if s.deals else None
        if self.market is not None:
            self.market.is_koc = self.is_koc
        self.books = Books(s, k)
        self.shop_books = ShopBooks(s, c)
        self.touches = Touches(c) if s.tracks else None
        self.broadcasting = Broadcasting(s, c, self.seed, self.flags) if s.airs else None
        if self.broadcasting is not None:
            further = self.broadcasting.background(), self.broadcasting.followed_key
        self._attention = (c.contacts, s.attention.budget(contacts), s.attention.background(contacts), *further)
        self._units_before = np.zeros((2, k), np.int64)
        self._most_kocs = int(c.kocs_in.max(initial=0))
        if self._most_kocs > KOC_LIMIT:
            raise DataError(
                f"At most {KOC_LIMIT:,} KOCs may reach one resident; resident "
                f"{int(c.kocs_in.argmax())} is reached by {self._most_kocs:,}."
            )
        self._others = int((c.ties_in + c.group_mates).max(initial=0))
        parts = min(self.threads, max(1, (n + c.koc_ties.size // 8) // RESIDENTS_A_THREAD))
        self.crew = Crew(n, parts)
        self._koc_cuts = balanced(c.koc_offsets, np.arange(k), parts)
        self._scratch()

    def _who_speaks(self) -> NDArray[np.uint8]:
        return self.county.is_koc if self.sellers is None else self.sellers.is_koc

    def thresholds_as_set_up(self) -> NDArray[np.float32]:
        """Every resident's threshold before anybody set one from outside; shape (residents,)."""
        from kocsim.kernels import world

        z = np.empty(self.county.n)
        world.normals(z, np.uint64(stream(self.seed, Decision.THRESHOLD)), 0, z.size)
        return self.scenario.identification.thresholds(z, self.county.ties_in)

    def _scratch(self) -> None:
        """Sums that are empty between days, a row a thread."""
        t, n = self.crew.parts, self.county.n
        self._sums = scattered((t, 2 * n), np.uint64)
        self._arrived = scattered((t, n), np.uint32)
        self._koc_arrived = scattered((t, n), np.uint32)
        self._work = np.zeros((t, 4, 1024), np.uint32)
        self._add = np.zeros((t, 1024), np.uint64)
        self._flags = np.zeros((t, 1024), np.uint8)

    @property
    def posts_moments(self) -> NDArray[np.uint8]:
        """What each KOC posts to Moments today; shape (kocs,)."""
        row: NDArray[np.uint8] = self.posts[0]
        return row

    @property
    def posts_groups(self) -> NDArray[np.uint8]:
        """What each KOC posts to each of her groups today; shape (kocs,)."""
        row: NDArray[np.uint8] = self.posts[1]
        return row

    @property
    def ordered(self) -> NDArray[np.uint8]:
        """1 for residents who ordered on the last day; shape (residents,)."""
        return self._fate & np.uint8(1)

    @property
    def trust(self) -> NDArray[np.float64]:
        """Trust in KOCs, a tie each, in [0, 1]; shape of ``county.koc_ties``. Made on each access."""
        held = self._trust if self._trust.size else (self.county.koc_ties >> np.uint32(24)).astype(np.uint8)
        return held / 255.0

    @property
    def held_trust(self) -> NDArray[np.uint8]:
        """The bytes behind `trust`; empty where trust never moves."""
        return self._trust

    def shop_orders(self) -> NDArray[np.int64]:
        """Orders of the last day by the shop that the buyer's community goes to; shape (shops,)."""
        shop = self.county.community_shop[self.county.community[self.ordered.view(np.bool_)]]
        return np.bincount(shop[shop >= 0], minlength=self.county.shops)

    @property
    def muted(self) -> NDArray[np.bool_]:
        """Whether each tie from a KOC is muted; shape of ``county.koc_ties``."""
        if self._muted.size:
            return (self._muted & 1).astype(np.bool_)
        return np.zeros(self.county.koc_ties.size, np.bool_)

    @property
    def pooled(self) -> NDArray[np.bool_]:
        """Whether each tie from a KOC is in her pool; shape of ``county.koc_ties``."""
        if self._muted.size:
            return np.asarray(self._muted & OUTSIDE == 0)
        return np.ones(self.county.koc_ties.size, np.bool_)

    def put(self, residents: NDArray[Any], stage: Stage) -> None:
        """Place residents in a stage from outside the model, and date what they had not reached before.

        They count as aware, identified or customers from now on, without being anybody's new ones of a day.
        """
        who = np.unique(np.arange(self.county.n)[residents])
        stages = self.record.stages[-1]
        stages -= np.bincount(self.stage[who], minlength=6)
        stages[stage] += who.size
        self._place(who, stage, self.day)

    def _place(self, residents: NDArray[Any], stage: Stage, day: int) -> None:
        self.stage[residents] = stage
        for name, column, least in (
            ("aware", self.day_aware, Stage.AWARE),
            ("identified", self.day_identified, Stage.IDENTIFIED),
            ("customers", self.day_customer, Stage.CUSTOMER),
        ):
            if stage >= least:
                self.record.reached[name] += int((column[residents] == NEVER).sum())
                column[residents] = np.minimum(column[residents], day)

    def welcome(self, recruits: NDArray[np.int64]) -> None:
        """KOCs who join this morning, by number, have tried the product the evening before."""
        who = self.county.koc[recruits].astype(np.int64)
        if self.sellers is not None:
            self.sellers.given[recruits] |= self.day_customer[who] == NEVER
        who = who[~np.isin(self.stage[who], (Stage.CUSTOMER, Stage.REPEAT))]
        self.won_by_joining += who.size
        self._place(who, Stage.CUSTOMER, self.day - 1)

    def show(self, shops: NDArray[np.bool_]) -> None:
        """Decide which shops show the product from today on; shape (shops,).

        With a budget, only as many open, by ascending number, as the purse has the money for.

        Raises
        ------
        DataError
            Where shops show nothing in the scenario.
        """
        air = self.broadcasting
        if air is None or not self.scenario.shop_visit.display:
            raise DataError("Shops can only decide what to show in a scenario with shop_visit.display > 0.")
        if (shops != air.shows).any():
            shops, opened = shops.copy(), np.flatnonzero(shops & ~air.shows)
            if self.sellers is not None:
                many = self.sellers.change_shops(opened.size, int((air.shows & ~shops).sum()))
                shops[opened[many:]] = False
                opened = opened[:many]
            self.books.charge("opening", opened.size * round(self.scenario.money.opening * 100))
            air.show(shops)

    def by_channel(self) -> dict[str, dict[str, int]]:
        """The last day's figures by channel, as in `Result.channels`; empty before the first."""
        if not self.record.channels:
            return {}
        names, figures = channel_names(self), self.record.channels[-1]
        rows = [*names.items(), (MOST_CHANNELS, "none")]
        return {name: dict(zip(CHANNEL_UNITS, figures[:, number].tolist(), strict=True)) for number, name in rows}

    # ---- the day

    def step(self, decide: Callable[[Simulation], None] | None = None) -> dict[str, int]:
        """Simulate one day.

        Parameters
        ----------
        decide : callable, optional
            Called after the default plan stands; may change `posts_moments`, `posts_groups` and `quality`.

        Returns
        -------
        dict
            The day's row of `Result.daily`.
        """
        parts = self.day_in_parts(decide)
        while True:
            try:
                next(parts)
            except StopIteration as end:
                row: dict[str, int] = end.value
                return row

    def day_in_parts(self, decide: Callable[[Simulation], None] | None = None) -> Generator[str, None, dict[str, int]]:
        """One day that stops where rivals meet: when all is "delivered", and when all is "weighed".

        Returns what `step` does.
        """
        if self.day >= NEVER - 1:
            raise ParameterError(f"days must lie in [1, {NEVER - 1}]; got {self.day + 1}.")
        if self._broken:
            raise DataError(f"This run broke off on day {self.day + 1} with an error and cannot go on.")
        self.day += 1
        try:
            shares = self._timed("plan", self.plan, decide)
            self._timed("deliver", self.deliver, shares)
            if self.watcher is not None:
                self.watcher.delivered(self, shares)
            yield "delivered"
            tops = self._timed("attend", self.attend)
            seen = self._timed("see", self.see, shares, tops)
            firsts = self._timed("remember", self.remember, shares, seen)
            counts, tally = self._timed("move_on", self.weigh)
            if self.watcher is not None:
                self.watcher.weighed(self)
            yield "weighed"
            counts, tally = self._timed("move_on", self.trade, counts, tally)
            credited = self._timed("afterwards", self.afterwards, tally)
            return self._timed("measure", self.measure, shares, seen, counts, tally, firsts, credited)
        except BaseException:
            self.day -= 1  # the tables end with the last whole day
            self._broken = True
            raise

    def _timed(self, name: str, work: Callable[..., T], *arguments: Any) -> T:
        start = time.perf_counter()
        try:
            return work(*arguments)
        finally:
            self.seconds[name] += time.perf_counter() - start

    def plan(self, decide: Callable[[Simulation], None] | None) -> Shares:
        """Who posts what today."""
        self.won_by_joining = 0
        if self.market is not None:
            self.market.decide_discount(None)
        self._settle()
        self.speaking.draw(self.posts, self.day)
        self.quality[:] = self.scenario.posting.quality if self.sellers is None else self.sellers.quality()
        if self.policy is not None:
            self.policy(Morning(self))
        if decide is not None:
            decide(self)
        if self.policy is not None or decide is not None:
            self._check_plan()
        if self.sellers is not None:
            self.sellers.go_to_work(self.day)
        self.posts[:, self._quiet] = 0
        if self.broadcasting is not None:
            self.broadcasting.plan(self.day, self.speaking.shown(self.posts))
        self._check_room()
        return self._customers_who_share()

    def _settle(self) -> None:
        """Who works for the firm this morning, and who is in whose pool."""
        there = np.ones(self.county.koc.size, np.bool_)
        if self.sellers is not None:
            self.welcome(self.sellers.morning(self.day, self.books, self.broadcasting, self.stage, self._trust))
            there = np.isin(self.sellers.state, (ACTIVE, KEPT))
        if self.pools is not None and self.pools.manage(
            self.day, there, self._muted, self.stage, self._koc_arrived, self._units_before, self.books,
            self._koc_cuts, self.crew.run,
        ):
            self.speaking.speak_to(self.pools.contacts.copy())

    def _check_room(self) -> None:
        """More posts than can be counted must not reach one resident."""
        busiest = int(self.posts.sum(axis=0, dtype=np.int64).max(initial=0))
        most = self._most_kocs * busiest + self._others
        most += self.broadcasting.most() if self.broadcasting is not None else 0
        if most > EXPOSURE_LIMIT:
            raise DataError(
                f"At most {EXPOSURE_LIMIT:,} posts a day may reach one resident; on day {self.day} "
                f"up to {most:,} could."
            )

    def _customers_who_share(self) -> Shares:
        from kocsim.kernels import exposure

        c, s = self.county, self.scenario.sharing
        out = np.empty(c.n, np.int32)
        found = self.crew.over(lambda t, lo, hi: (lo, exposure.sharers(
            self.stage, int(Stage.CUSTOMER), int(Stage.REPEAT), self.is_koc, self._key(Decision.SHARE),
            np.uint32(chance(s.rate)), out, self._flags[t], lo, hi)))
        who = np.concatenate([out[lo : lo + many] for lo, many in found])
        group = np.empty(who.size, np.int32)
        offsets, of = c.memberships
        exposure.choose_groups(
            who, of, offsets, self._key(Decision.SHARE_GROUP), np.uint32(chance(s.group)),
            self._key(Decision.WHICH_GROUP), group,
        )
        order = np.argsort(group, kind="stable")
        order = order[np.searchsorted(group[order], 0) :]
        inviters = self.market.inviters if self.market is not None else np.zeros(0, np.int32)
        return Shares(who, who[order], group[order], inviters)

    @property
    def _quiet(self) -> NDArray[np.bool_]:
        """KOCs who say nothing today; shape (kocs,)."""
        return self.silent if self.sellers is None else self.silent | ~self.sellers.speaks

    def _check_plan(self) -> None:
        rows = [(f"posts[{row}]", values, 0, MAX_POSTS) for row, values in enumerate(self.posts[2:], 2)]
        for name, values, low, high in (
            ("posts_moments", self.posts_moments, 0, MAX_POSTS),
            ("posts_groups", self.posts_groups, 0, MAX_POSTS),
            *rows,
            ("quality", self.quality, 0, 1),
        ):
            wrong = np.flatnonzero(~((values >= low) & (values <= high)))
            if wrong.size:
                raise DataError(
                    f"{name} must lie in [{low}, {high}]; got {values[wrong[0]]} for the KOC who is "
                    f"resident {self.county.koc[wrong[0]]} on day {self.day}."
                )

    def deliver(self, shares: Shares) -> None:
        """Count what arrives at each resident today, in units of 1/256 post."""
        from kocsim.kernels import exposure

        c = self.county
        friends, groups = c.friends, (c.group_offsets, c.group_members)
        before, now = self._units_before, self.speaking.loads(self.posts, self.day)
        now[:, self._quiet] = 0
        changed = bool((now != before).any())
        load_g = self.scenario.group_chat.load_units()
        loads = np.full(shares.who.size, self.scenario.moments.load_units(), np.uint32)
        invited = self.speaking.invitation_loads(shares.inviters)

        def work(t: int, kocs: range, sharers: range, posts: range, inviters: range) -> None:
            if changed:
                exposure.deliver_changes(
                    self._koc_arrived[t], before, now, c.koc_offsets, c.koc_ties, c.koc_via, self._muted,
                    kocs.start, kocs.stop)
            arrived, ties = self._arrived[t], (friends.offsets, friends.ties)
            exposure.deliver_rows(arrived, shares.who, loads, *ties, sharers.start, sharers.stop)
            exposure.deliver_rows(arrived, shares.inviters, invited, *ties, inviters.start, inviters.stop)
            exposure.deliver_group_posts(
                arrived, shares.author, shares.group, load_g, *groups, posts.start, posts.stop)

        if changed or shares.who.size or shares.inviters.size:
            self._each_of(shares, work)
        self._units_before = now
        if self.broadcasting is not None:
            air, people = self.broadcasting, self._people
            self.crew.over(lambda t, lo, hi: air.deliver(self._arrived[0], people, lo, hi))

    @property
    def _people(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """Stage, flags and tier: what decides who is in the audience of a broadcast."""
        return self.stage, self.flags, self.market.tier if self.market is not None else self.flags[:0]

    def attend(self) -> NDArray[np.uint32]:
        """What of the day's posts each resident gets to; returns the highest chance to see one, channel by channel."""
        from kocsim.kernels import exposure

        tops = np.zeros((self.crew.parts, len(self.channels)), np.uint32)
        looks = self.speaking.looks(self.day)
        self.crew.over(lambda t, lo, hi: exposure.attend(
            self._attended, self._rough, tops[t], self._koc_arrived, self._arrived, self._attention,
            looks, lo, hi))
        return np.asarray(tops.max(axis=0))

    def see(self, shares: Shares, tops: NDArray[np.uint32]) -> Seen:
        """Draw who sees what."""
        from kocsim.kernels import exposure

        c, s = self.county, self.scenario
        friends, groups = c.friends, (c.group_offsets, c.group_members)
        speaking, day = self.speaking, self.day
        plan = speaking.plan(self.posts, self.quality, day)
        self.kinds = plan.kinds
        feed = (self._attended, self._rough, tops, speaking.looks(day))
        keys = (speaking.keys(SEEING, day), speaking.keys(TRUST, day), speaking.keys(MUTING, day))
        trusting = (
            self._trust, s.trust.gate_units(), s.trust.returning(), self.day % WEEK, self._key(Decision.TRUST_RETURN),
            self._muted, np.uint32(chance(s.trust.mute)),
        )
        messages = speaking.row.get("private_message", -1)
        addressed = (messages, self._key(Decision.ADDRESSED), speaking.addressed)
        audience = (c.koc_offsets, speaking.spans, c.koc_ties, c.koc_via, c.koc)
        share_m = s.moments.weight_units(s.sharing.quality)
        share_g = s.group_chat.weight_units(s.sharing.quality)
        invite = s.private_message.weight_units(s.invitation.quality)
        everybody = (self._key(Decision.SHARE), -1.0)
        some = (self._key(Decision.INVITED_FRIENDS), s.invitation.friends)
        logs = [self._logs(t, plan, shares, *cut) for t, cut in enumerate(self._cuts(shares))]
        posts = speaking.for_kernel(self.posts, plan)

        def work(
            t: int, kocs: range, sharers: range, in_groups: range, inviters: range
        ) -> tuple[NDArray[np.int64], int]:
            sums, scratch, log = self._sums[t], (self._work[t], self._add[t]), logs[t]
            seen = np.zeros(MOST_CHANNELS, np.int64)
            by_row = np.zeros(len(self.channels), np.int64)
            mutes = exposure.see_kocs(
                sums, self.views, self._state, audience, posts, feed, keys, trusting, addressed, log[0],
                self._koc_arrived[t], self._units_before, *scratch, self._flags[t], by_row, kocs.start, kocs.stop)
            for one, many in zip(self.channels, by_row, strict=True):
                seen[one.number] += many
            seen[SHARES] += exposure.see_friends(
                sums, self._heard, friends.offsets, friends.ties, shares.who, share_m, 0, feed,
                self._key(Decision.SEE_FRIEND), everybody, log[1], *scratch, sharers.start, sharers.stop)
            seen[GROUP_SHARES] += exposure.see_group_posts(
                sums, self._heard_group, *groups, shares.author, shares.group, share_g, 1, feed,
                self._key(Decision.SEE_MEMBER), log[2], *scratch, in_groups.start, in_groups.stop)
            return seen, mutes

        parts = self._each_of(shares, work)
        seen = sum((part[0] for part in parts), np.zeros(MOST_CHANNELS, np.int64))
        by_kocs = int(seen[:SHARES].sum())
        self.mutes = sum(part[1] for part in parts)
        if shares.inviters.size:
            row = speaking.row["private_message"]

            def write(t: int, kocs: range, sharers: range, in_groups: range, inviters: range) -> int:
                return int(exposure.see_friends(
                    self._sums[t], self._heard, friends.offsets, friends.ties, shares.inviters, invite, row, feed,
                    self._key(Decision.SEE_INVITATION), some, logs[t][3], self._work[t], self._add[t],
                    inviters.start, inviters.stop))

            seen[INVITATIONS] = sum(self._each_of(shares, write))
        aired = np.zeros((MOST_CHANNELS, 4), np.int64)
        if self.broadcasting is not None:
            assert self.touches is not None
            air, touches, people = self.broadcasting, self.touches, self._people
            aired = sum(self.crew.over(lambda t, lo, hi: air.hear(
                self._sums[t], self._attended, people, touches, self.day, lo, hi)), aired)
        clicks, followed, unfollowed = (int(many) for many in aired[:, 1:].sum(axis=0))
        return Seen(seen + aired[:, 0], by_kocs, self.mutes, clicks, followed, unfollowed, plan, logs)

    def _logs(
        self, t: int, plan: Plan, shares: Shares, kocs: range, sharers: range, posts: range, inviters: range
    ) -> tuple[Log, ...]:
        """Room for who sees what of one thread's posts, where it is to be remembered: for all who could."""
        if self.touches is None:
            return (NO_LOG,) * 4
        degree, members = np.diff(self.county.friends.offsets), np.diff(self.county.group_offsets)
        room = (
            (self.speaking.room(self.posts, kocs), plan.kinds.size),
            *((int(sizes[rows[part.start : part.stop]].sum()), rows.size) for sizes, rows, part in (
                (degree, shares.who, sharers), (members, shares.group, posts), (degree, shares.inviters, inviters))),
        )
        return tuple(self.touches.log((t, which), *need) for which, need in enumerate(room))


    def remember(self, shares: Shares, seen: Seen) -> NDArray[np.int64]:
        """Last and first touches; returns the unaware who heard for the first time today, by the channel of it."""
        firsts = np.zeros(MOST_CHANNELS, np.int64)
        if self.touches is None:
            return firsts
        touches, key, plan = self.touches, self._key(Decision.TOUCH), seen.plan
        authors = (shares.who, shares.author, shares.inviters)

        def sort(t: int, *cut: range) -> None:
            of_kocs, *of_customers = seen.logs[t]
            posts = plan.of(cut[0])
            touches.sort((t, 0), of_kocs.of(posts), plan.channel[posts], plan.author[posts], True, key, self.day)
            for which, (log, who, part) in enumerate(zip(of_customers, authors, cut[1:], strict=True)):
                some = slice(part.start, part.stop)
                channel = np.full(len(part), FROM_CUSTOMERS[which], np.uint8)
                touches.sort((t, which + 1), log.of(some), channel, who[some], False, key, self.day)

        self._each_of(shares, sort)
        self.crew.over(lambda t, lo, hi: touches.note(t, self.crew.parts))
        return sum(self.crew.over(lambda t, lo, hi: touches.close(self.stage, lo, hi)), firsts)

    def weigh(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Evidence, awareness, identification; returns counts of the kernels and of the market, a row a thread.

        Where all buy alike, `trade` does it all in one pass.
        """
        from kocsim.kernels import residents as kernels
        from kocsim.kernels import trade

        counts = np.zeros((self.crew.parts, kernels.COUNTS), np.int64)
        tally = np.zeros((self.crew.parts, trade.TALLY), np.int64)
        people, weighed = (self.stage, self.evidence, self.sources, self.kocs), (self.week, self.today)
        if self.rule is not None:
            self.crew.over(lambda t, lo, hi: kernels.weigh(
                *people, *weighed, self.day_aware, self._sums, self.day, *self._response, counts[t], lo, hi))
            self._ask(self.rule, counts[0])
        elif self.market is not None:
            hysteresis = self.scenario.identification.hysteresis
            self.crew.over(lambda t, lo, hi: trade.weigh_and_identify(
                *people, *weighed, self.threshold, self.day_aware, self.day_identified, self.day, self._sums,
                *self._response, SLACK, hysteresis, counts[t], lo, hi))
        return counts, tally

    @property
    def _response(self) -> tuple[float, float, float, float]:
        r = self.scenario.response
        return r.first, r.further, r.repeat, r.retention()

    def trade(
        self, counts: NDArray[np.int64], tally: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Purchase and lapsing; returns the sums of both counts."""
        from kocsim.kernels import residents as kernels

        s, digest_key = self.scenario, np.uint64(stream(0, Decision.DIGEST, self.day))
        people = (self.stage, self.evidence, self.sources, self.kocs)
        if self.market is not None:
            market, dates = self.market, (self.day_aware, self.day_identified, self.day_customer)
            self.crew.over(lambda t, lo, hi: market.trade(
                (*people, self.threshold, self._fate), dates, self.day, counts[t], tally[t], digest_key, lo, hi))
            return counts.sum(axis=0), tally.sum(axis=0)
        p = s.purchase
        buy = (
            self._key(Decision.NEED), np.uint32(chance(s.need.rates(s.shock.factor(self.day))[0])),
            self._key(Decision.BUY),
            np.uint32(chance(p.first)), np.uint32(chance(p.repeat)), np.uint32(chance(p.win_back)),
            self._key(Decision.LAPSE), np.uint32(chance(p.lapse)), digest_key,
        )
        if self.rule is not None:
            self.crew.over(lambda t, lo, hi: kernels.buy(
                *people, self.threshold, self._fate, self.day_customer, self.day, SLACK, *buy, counts[t], lo, hi))
        else:
            self.crew.over(lambda t, lo, hi: kernels.move_on(
                *people, self.week, self.today, self.threshold, self._fate, self.day_aware, self.day_identified,
                self.day_customer, self.day, self._sums, *self._response, SLACK, s.identification.hysteresis, *buy,
                counts[t], lo, hi))
        return counts.sum(axis=0), tally.sum(axis=0)

    def afterwards(self, tally: NDArray[np.int64]) -> NDArray[np.int64]:
        """What today's orders leave behind; returns orders by channel, see `kocsim.kernels.trade.afterwards`."""
        credited = np.zeros((CREDITS, MOST_CHANNELS + 1), np.int64)
        if self.market is None:
            return credited
        market, parts = self.market, self.crew.parts
        who = np.flatnonzero(self.ordered.view(np.bool_))
        invites = np.zeros(who.size, np.uint8)
        paid, listed = np.zeros((2, who.size), np.int64)
        seller, shop = np.full((2, who.size), -1, np.int32)
        sold = (paid, seller, listed, shop)
        memory = (np.zeros(0, np.uint64), np.zeros(0, np.uint32), np.zeros(0, np.uint32))
        if self.touches is not None:
            memory = (self.touches.last, self.touches.first, self.touches.met)
        air = self.broadcasting
        shop_trust = air.shop_trust if air is not None else self.flags[:0]
        room = air.room if air is not None else np.ones(256, np.bool_)
        tallies = np.zeros((parts, tally.size), np.int64)

        def work(t: int, lo: int, hi: int) -> NDArray[np.int64]:
            a, z = who.size * t // parts, who.size * (t + 1) // parts
            part = market.afterwards(
                who, self._fate, self._trust, shop_trust, memory, room, self.day, tallies[t], invites, sold, a, z)
            return part

        credited = sum(self.crew.over(work), credited)
        market.converted += credited[5, :-1]
        self.crew.over(lambda t, lo, hi: market.renew(self.day, tallies[t], lo, hi))
        tally += tallies.sum(axis=0)
        if self.sellers is None:
            self.books.sell(paid, seller, self.scenario.money.commission, None)
        else:
            self.books.sell(paid, seller, self.sellers.commissions(), self.sellers.recruiters())
        self.shop_books.sell(shop, self.day_customer[who] == self.day, paid, listed)
        market.inviters = who[invites.astype(np.bool_)].astype(np.int32)
        return credited

    def _ask(self, rule: Rule, counts: NDArray[np.int64]) -> None:
        """Let the user's rule decide who is identified."""
        from kocsim.kernels import residents as kernels

        who = np.flatnonzero((self.stage == Stage.AWARE) | (self.stage == Stage.IDENTIFIED))
        weighed = Weighed(
            self.day, who, self.stage[who], self.evidence[who], self.threshold[who], self.sources[who],
            self.kocs[who], self.county.ties_in[who],
        )
        kernels.obey(self.stage, who, apply_rule(rule, weighed), self.day_identified, self.day, counts)

    def measure(
        self, shares: Shares, seen: Seen, counts: NDArray[np.int64], tally: NDArray[np.int64],
        firsts: NDArray[np.int64], credited: NDArray[np.int64],
    ) -> dict[str, int]:
        """Add the day to the record."""
        posts, cost = outlay(self, shares)
        koc_posts = int(posts[:SHARES].sum())
        orders = int(counts[9])
        row = self.record.add_day(counts, {
            "posts": int(posts[: INVITATIONS + 1].sum()), "koc_posts": koc_posts,
            "shares": shares.who.size, "group_shares": shares.group.size,
            "exposures": int(seen.by_channel.sum()), "koc_exposures": seen.by_kocs, "mutes": self.mutes,
        }, {
            "sales": int(tally[8]) if self.market is not None else orders * round(self.scenario.price.price * 100),
            "satisfied_orders": int(tally[9]) if self.market is not None else orders,
            "business_orders": int(tally[10]), "clicks": seen.clicks, "orders_after_click": int(tally[11]),
            "new_followers": seen.followed + int(tally[17]), "lost_followers": seen.unfollowed,
            "new_members": int(tally[12]), "new_paying_members": int(tally[13]), "renewals": int(tally[14]),
            "not_renewed": int(tally[15]), "scans": int(tally[16]), "categories_added": int(tally[18]),
            "active_kocs": self.sellers.active if self.sellers is not None else self.county.koc.size,
            "recruits": self.sellers.recruits if self.sellers is not None else 0,
            "departures": self.sellers.departures if self.sellers is not None else 0,
            "inviters": int(tally[19]), "brought_forward": int(tally[21]), "met_from_stock": int(tally[22]),
        })
        if self.scenario.delivery.costs:
            self.books.charge("delivery", self.shop_books.delivered(self.ordered))
        air = self.broadcasting
        if air is not None:
            self.shop_books.pay_rent(air.shows)
        listed = int(tally[20]) if self.market is not None else row["sales"]
        self.books.close(
            row, listed, int(credited[0, list(FROM_CUSTOMERS)].sum()), cost, air.displays if air is not None else 0,
            self.county.koc.size * self.scenario.friends.koc_accounts if self.sellers is None
            else self.sellers.accounts())
        if self.market is None:  # nobody knows whom to credit
            credited[:5, -1] = row["new_customers"], orders, row["new_customers"], orders, row["sales"]
        self.record.add_channels(np.vstack([posts, seen.by_channel, firsts, credited[:5, :-1], cost]), credited[:5, -1])
        if self.market is not None:
            self.record.funnel.append(tally[:8].reshape(2, 4).copy())
        if self.debug:
            check_laws(self)
        return row

    def idle(self) -> bool:
        """Whether nothing is on its way: the kernels' sums are empty, as they are between days."""
        return not (self._sums.any() or self._arrived.any())

    def result(self, *, residents: bool = True, interrupted: bool = False) -> Result:
        """Tables of the days so far; `residents` False leaves the table of residents empty."""
        return tables(self, residents, interrupted)

    def explain(self, resident: int, day: int | None = None) -> Explanation:
        """Tell one resident's day: what reached her, what she saw, what it weighed, why she moved on.

        The run is repeated from its first day up to that one (at 1,000,000 residents 180 days take some ten seconds);
        her day is then done in plain Python on the same draws, and must agree with the kernels.

        Parameters
        ----------
        resident : int
            Row number in the county.
        day : int, optional
            In [1, `day`]; default: the last one.

        Returns
        -------
        Explanation
            Prints as a story; ``.delivered``, ``.gains`` and ``.draws`` are tables.

        Raises
        ------
        ParameterError
            For a resident or a day that is not there.
        DataError
            When the run cannot be repeated: it was changed by hand, or a policy has a memory of its own.

        Examples
        --------
        >>> import kocsim as ks
        >>> run = ks.Simulation(ks.Scenario(residents=30, kocs=2, shops=1), seed=4)
        >>> for _ in range(3):
        ...     row = run.step()
        >>> print(repr(run.explain(5, 2)).split(":")[0])
        Resident 5, day 2
        """
        from kocsim.explaining import explain

        def again() -> tuple[Simulation, Callable[[], Any]]:
            other = Simulation(
                self.scenario, self.county, self.seed, self.threads, self.rule, False, self.policy, self._barred)
            return other, other.step

        return explain(self, resident, self.day if day is None else day, again)

    # ---- on disk

    @property
    def between_days(self) -> bool:
        """Whether no day has begun that is not over."""
        return not self._broken and len(self.record.rows) == self.day

    def checkpoint(self, path: str | os.PathLike[str]) -> Path:
        """Save the run as it stands to one file, from which `resume` goes on; about 10 to 40 bytes a resident.

        The file is written aside first, so a full disk leaves what was there. It holds neither county nor rule nor
        policy, and no code: it is read without pickle.

        Raises
        ------
        FileError
            When the file cannot be written, or something else than a checkpoint has its name.
        DataError
            In the middle of a day, or for an attribute of a type that no checkpoint holds.
        """
        return checkpoint.save(self, path)

    @classmethod
    def resume(
        cls, path: str | os.PathLike[str], *, county: County | None = None, threads: int | None = None,
        rule: Rule | EllipsisType | None = ..., policy: Policy | EllipsisType | None = ...,
        scenario: Scenario | str | os.PathLike[str] | None = None, debug: bool = False,
    ) -> Self:
        """Go on from a checkpoint, bit for bit as if there had been none; or branch.

        Parameters
        ----------
        path : path-like
        county : County, optional
            Generated again when not given, if it was generated by a scenario; a user's own, or one of several that
            were joined, has to be given.
        threads : int, optional
            Default: as many as there are processors. Results do not depend on it.
        rule, policy : callable or None
            To be given again if the run had one, because no file holds them; or another one, or None, for a branch.
            What a policy remembered is not in the checkpoint. A run that had no policy goes on with one as if that had
            been there, and had done nothing, from the first day.
        scenario : Scenario, str or path, optional
            For a branch with other parameters from the next day on. The county's must be the same, and so must what is
            remembered of residents, KOCs and ties: values may change, but a mechanism that has to remember something
            can be neither switched on nor off. What was drawn or begun stays: who is a business, who follows or is a
            member, trust, stock. Thresholds follow the new scenario unless they had been set from outside.
        debug : bool
            Check the laws of conservation after every day.

        Raises
        ------
        FileError
            When there is no checkpoint, it is damaged, or it comes from another version of kocsim.
        DataError
            For another county than the run's, a scenario that does not fit, or a rule or policy that is missing.
        """
        world = ("residents", "kocs", "shops", *WORLD_SECTIONS)
        return checkpoint.resume(cls, checkpoint.load(path), world, county, threads, rule, policy, scenario, debug)

    def resumed(self) -> None:
        """Tie together what a checkpoint has put back."""
        self.is_koc = self._who_speaks()
        if self.market is not None:
            self.market.is_koc = self.is_koc

    # ---- where rivals meet

    def arrivals(self) -> NDArray[np.uint32]:
        """What of this brand's posts has been delivered to each resident today, in 1/256 post; shape (residents,)."""
        total: NDArray[np.uint32] = self._arrived.sum(axis=0, dtype=np.uint32)
        total += self._koc_arrived.sum(axis=0, dtype=np.uint32)
        return total

    def crowd(self, arrivals: NDArray[np.uint32]) -> None:
        """Let others' posts fill the feeds of today as well."""
        self._arrived[0] += arrivals

    # ---- work on threads

    def _key(self, decision: Decision) -> np.uint64:
        return np.uint64(stream(self.seed, decision, self.day))

    def _each_of(self, shares: Shares, work: Callable[[int, range, range, range, range], Any]) -> list[Any]:
        """Call ``work(thread, kocs, sharers, group posts, inviters)`` for ranges of about equal numbers of ties."""
        return self.crew.run([partial(work, t, *cut) for t, cut in enumerate(self._cuts(shares))])

    def _cuts(self, shares: Shares) -> list[tuple[range, range, range, range]]:
        """Each thread's part of the KOCs, sharers, group posts and inviters."""
        c, parts = self.county, self.crew.parts
        cuts = (
            self._koc_cuts,
            balanced(c.friends.offsets, shares.who, parts),
            balanced(c.group_offsets, shares.group, parts, whole=True),
            balanced(c.friends.offsets, shares.inviters, parts),
        )
        return [
            (range(a[t], a[t + 1]), range(b[t], b[t + 1]), range(g[t], g[t + 1]), range(i[t], i[t + 1]))
            for t in range(parts) for a, b, g, i in (cuts,)
        ]

    def __getstate__(self) -> dict[str, Any]:
        scratch = ("_sums", "_arrived", "_koc_arrived", "_work", "_add", "_flags")
        return {name: value for name, value in self.__dict__.items() if name not in scratch}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._scratch()
        # what KOCs' posts add to feeds is brought up to date from nothing on the next day
        self._units_before = np.zeros_like(self._units_before)
