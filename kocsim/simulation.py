"""The day, over arrays. `Simulation.STEPS` is the table of contents of the model.

What each step does to one resident is written out in plain Python in `kocsim.reference`, to which this module is equal
resident by resident and day by day.
"""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from kocsim.county import County
from kocsim.errors import DataError, ParameterError, at_least
from kocsim.mechanisms.identification import Rule, Weighed, apply_rule
from kocsim.mechanisms.posting import MAX_POSTS
from kocsim.record import Record, check_laws, tables
from kocsim.rng import Decision, chance, stream
from kocsim.scenario import Scenario, as_scenario
from kocsim.stages import EXPOSURE_LIMIT, KOC_LIMIT, NEVER, SLACK, Stage
from kocsim.threads import usable_threads

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kocsim.results import Result

RESIDENTS_A_THREAD = 20_000
"""Fewest residents for which another thread is used: waking one takes as long as their day."""
WORLD_SECTIONS: Final = ("population", "friends", "groups", "shop")


class Shares(NamedTuple):
    """Customers who share today, and those of them who also post to a group (ordered by group)."""

    who: NDArray[np.int32]
    author: NDArray[np.int32]
    group: NDArray[np.int32]


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
    posts_moments, posts_groups : ndarray of uint8, shape (kocs,)
        What each KOC posts today; filled by `plan`.
    quality : ndarray of float64, shape (kocs,)
        Quality of each KOC's posts today, in [0, 1].
    kinds : ndarray of uint8, shape (posts of KOCs today,)
        `kocsim.mechanisms.content.KINDS` of each post of the last day, KOC after KOC, Moments first.
    mutes : int
        Ties from KOCs that were muted on the last day.
    views : ndarray of int64, shape (kocs,)
        How many times each KOC's posts were seen on the last day.
    seconds : dict of str to float
        Wall time spent in each step so far.
    record : Record
        What was measured so far.
    """

    STEPS: Final = (
        ("plan", "each KOC decides what to post; customers decide whether to share"),
        ("deliver", "posts arrive: count what each resident gets"),
        ("attend", "what share of it each resident's day holds"),
        ("see", "which posts are seen, and whether their source is new to the resident"),
        ("move_on", "weigh what was seen, identify, buy at need, order again, lapse"),
        ("measure", "one row for the county"),
    )

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] = "paper",
        county: County | None = None,
        seed: int | None = None,
        threads: int | None = None,
        rule: Rule | None = None,
        debug: bool = False,
    ) -> None:
        self.scenario = as_scenario(scenario)
        self.seed = secrets.randbits(32) if seed is None else at_least("seed", seed, 0)
        self.threads = usable_threads(threads)
        if rule is not None and not callable(rule):
            raise ParameterError(f"rule must be callable or None; got {rule!r}.")
        self.rule = rule
        self.debug = debug
        if county is None:
            county = County.generate(self.scenario, self.seed, self.threads)
        elif not isinstance(county, County):
            raise ParameterError(f"county must be a County or None; got {county!r}.")
        _check_same_world(self.scenario, county)
        self.county = county
        self.day = 0
        self.seconds = dict.fromkeys((name for name, _ in self.STEPS), 0.0)
        self.record = Record(county.n)
        self._broken = False
        self._pool: ThreadPoolExecutor | None = None
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
        self.put(c.koc, Stage.CUSTOMER)
        z = np.empty(n)
        from kocsim.kernels import world

        world.normals(z, np.uint64(stream(self.seed, Decision.THRESHOLD)), 0, n)
        self.threshold = s.identification.thresholds(z, c.ties_in)
        self._budget = s.attention.budget(c.contacts)
        self._background = s.attention.background(c.contacts)
        self.posts_moments = np.zeros(k, np.uint8)
        self.posts_groups = np.zeros(k, np.uint8)
        self.quality = np.full(k, s.posting.quality)
        self.kinds = np.zeros(0, np.uint8)
        self.mutes = 0
        self.views = np.zeros(k, np.int64)
        self._yesterday = (self.posts_moments.copy(), self.posts_groups.copy())
        self._state = np.zeros(c.koc_ties.size, np.uint8)
        self._trust = np.zeros(0, np.uint8)
        if s.trust.moves:
            self._trust = (c.koc_ties >> np.uint32(24)).astype(np.uint8)
        self._muted = np.zeros(c.koc_ties.size if s.trust.mute else 0, np.uint8)
        self._spans = np.empty((k, 2), np.int64)
        world.channel_spans(c.koc_via, c.koc_offsets, self._spans)
        self._heard = np.zeros(c.friends.m // 8 + n + 1, np.uint8)
        self._heard_group = np.zeros(c.group_members.size // 8 + c.groups + 1, np.uint8)
        self._see_moments = np.zeros(n, np.uint32)
        self._see_groups = np.zeros(n, np.uint32)
        self._rough_moments = np.zeros(n, np.uint8)
        self._rough_groups = np.zeros(n, np.uint8)
        self._most_kocs = int(c.kocs_in.max(initial=0))
        if self._most_kocs > KOC_LIMIT:
            raise DataError(
                f"At most {KOC_LIMIT:,} KOCs may reach one resident; resident "
                f"{int(c.kocs_in.argmax())} is reached by {self._most_kocs:,}."
            )
        self._others = int((c.ties_in + c.group_mates).max(initial=0))
        self._parts = min(self.threads, max(1, (n + c.koc_ties.size // 8) // RESIDENTS_A_THREAD))
        self._koc_cuts = _balanced(c.koc_offsets, np.arange(k), self._parts)
        self._scratch()

    def _scratch(self) -> None:
        """Sums that are empty between days, a row a thread."""
        t, n = self._parts, self.county.n
        self._sums = np.zeros((t, 2 * n), np.uint64)
        self._arrived = np.zeros((t, n), np.uint32)
        self._koc_arrived = np.zeros((t, n), np.uint32)
        self._work = np.zeros((t, 4, 1024), np.uint32)
        self._add = np.zeros((t, 1024), np.uint64)
        self._flags = np.zeros((t, 1024), np.uint8)

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
    def muted(self) -> NDArray[np.bool_]:
        """Whether each tie from a KOC is muted; shape of ``county.koc_ties``."""
        if self._muted.size:
            return self._muted.astype(np.bool_)
        return np.zeros(self.county.koc_ties.size, np.bool_)

    def put(self, residents: NDArray[Any], stage: Stage) -> None:
        """Place residents in a stage from outside the model, and date what they had not reached before.

        They count as aware, identified or customers from now on, without being anybody's new ones of a day.
        """
        self.stage[residents] = stage
        for name, column, least in (
            ("aware", self.day_aware, Stage.AWARE),
            ("identified", self.day_identified, Stage.IDENTIFIED),
            ("customers", self.day_customer, Stage.CUSTOMER),
        ):
            if stage >= least:
                column[residents] = np.minimum(column[residents], self.day)
            self.record.reached[name] = int((column != NEVER).sum())
        self.record.stages[-1] = np.bincount(self.stage, minlength=6).astype(np.int64)

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
        if self.day >= NEVER - 1:
            raise ParameterError(f"days must lie in [1, {NEVER - 1}]; got {self.day + 1}.")
        if self._broken:
            raise DataError(f"This run broke off on day {self.day + 1} with an error and cannot go on.")
        self.day += 1
        try:
            return self._one_day(decide)
        except BaseException:
            self.day -= 1  # the tables end with the last whole day
            self._broken = True
            raise

    def _one_day(self, decide: Callable[[Simulation], None] | None) -> dict[str, int]:
        clock = time.perf_counter
        marks = [clock()]
        shares = self.plan(decide)
        marks.append(clock())
        self.deliver(shares)
        marks.append(clock())
        tops = self.attend()
        marks.append(clock())
        seen, koc_seen = self.see(shares, *tops)
        marks.append(clock())
        counts = self.move_on()
        marks.append(clock())
        row = self.measure(shares, seen, koc_seen, counts)
        marks.append(clock())
        for (name, _), start, stop in zip(self.STEPS, marks, marks[1:], strict=False):
            self.seconds[name] += stop - start
        return row

    def plan(self, decide: Callable[[Simulation], None] | None) -> Shares:
        """Who posts what today."""
        from kocsim.kernels import exposure

        p = self.scenario.posting
        self.posts_moments[:] = self._default_posts(p.moments, Decision.KOC_MOMENTS)
        self.posts_groups[:] = self._default_posts(p.groups, Decision.KOC_GROUPS)
        self.quality[:] = p.quality
        if decide is not None:
            decide(self)
            self._check_plan()
        busiest = int(self.posts_moments.max(initial=0)) + int(self.posts_groups.max(initial=0))
        most = self._most_kocs * busiest + self._others
        if most > EXPOSURE_LIMIT:
            raise DataError(
                f"At most {EXPOSURE_LIMIT:,} posts a day may reach one resident; on day {self.day} "
                f"up to {most:,} could."
            )
        # customers who share
        c, s = self.county, self.scenario.sharing
        out = np.empty(c.n, np.int32)
        found = self._over(lambda t, lo, hi: (lo, exposure.sharers(
            self.stage, int(Stage.CUSTOMER), int(Stage.REPEAT), c.is_koc, self._key(Decision.SHARE),
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
        return Shares(who, who[order], group[order])

    def _default_posts(self, mean: float, decision: Decision) -> NDArray[np.uint8]:
        from kocsim.kernels import exposure

        whole = int(mean)
        out = np.full(self.county.koc.size, whole, np.uint8)
        if mean > whole:
            exposure.add_where(
                out, self.county.koc, self._key(decision), np.uint32(chance(mean - whole))
            )
        return out

    def _check_plan(self) -> None:
        for name, values, low, high in (
            ("posts_moments", self.posts_moments, 0, MAX_POSTS),
            ("posts_groups", self.posts_groups, 0, MAX_POSTS),
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

        c, s = self.county, self.scenario
        load_m, load_g = s.moments.load_units(), s.group_chat.load_units()
        friends, groups = c.friends, (c.group_offsets, c.group_members)
        before, now = self._yesterday, (self.posts_moments, self.posts_groups)
        changed = any((a != b).any() for a, b in zip(before, now, strict=True))

        def work(t: int, kocs: range, sharers: range, posts: range) -> None:
            if changed:
                exposure.deliver_changes(
                    self._koc_arrived[t], *before, *now, load_m, load_g, c.koc_offsets, c.koc_ties, c.koc_via,
                    self._muted, kocs.start, kocs.stop)
            exposure.deliver_rows(
                self._arrived[t], shares.who, load_m, friends.offsets, friends.ties, sharers.start, sharers.stop)
            exposure.deliver_group_posts(
                self._arrived[t], shares.author, shares.group, load_g, *groups, posts.start, posts.stop)

        if changed or shares.who.size:
            self._each_of(shares, work)
        if changed:
            self._yesterday = (self.posts_moments.copy(), self.posts_groups.copy())

    def attend(self) -> tuple[int, int]:
        """Each resident's chance to see one post on Moments and one in a group; returns the highest of each."""
        from kocsim.kernels import exposure

        m, g = self.scenario.moments, self.scenario.group_chat
        tops = self._over(lambda t, lo, hi: exposure.attend(
            self._see_moments, self._see_groups, self._rough_moments, self._rough_groups, self._koc_arrived,
            self._arrived, self._background, self._budget,
            self._key(Decision.VISIT_MOMENTS), np.uint32(chance(m.visit)), m.view * 2.0**31,
            self._key(Decision.VISIT_GROUPS), np.uint32(chance(g.visit)), g.view * 2.0**31, lo, hi))
        return max(top for top, _ in tops), max(top for _, top in tops)

    def see(self, shares: Shares, top_m: int, top_g: int) -> tuple[int, int]:
        """Draw who sees what; returns the posts seen, and those of them that were KOCs'."""
        from kocsim.kernels import exposure

        c, s = self.county, self.scenario
        m, g = s.moments, s.group_chat
        friends, groups = c.friends, (c.group_offsets, c.group_members)
        post_at, weight = self._posts()
        trusting = (
            self._trust, np.array(s.trust.changes(), np.int64), self._key(Decision.TRUST_MOMENTS),
            self._key(Decision.TRUST_GROUPS), s.trust.returning(), self._key(Decision.TRUST_RETURN), self._muted,
            np.uint32(chance(s.trust.mute)), self._key(Decision.MUTE_MOMENTS), self._key(Decision.MUTE_GROUPS),
        )
        moments = (self._see_moments, self._rough_moments, top_m)
        in_groups = (self._see_groups, self._rough_groups, top_g)
        share_m, share_g = m.weight_units(s.sharing.quality), g.weight_units(s.sharing.quality)

        def work(t: int, kocs: range, sharers: range, posts: range) -> tuple[int, int, int]:
            sums, scratch = self._sums[t], (self._work[t], self._add[t])
            by_kocs, mutes = exposure.see_kocs(
                sums, self.views, self._state, c.koc_offsets, self._spans, c.koc_ties, c.koc_via, c.koc,
                self.posts_moments, self.posts_groups, post_at, weight, self.kinds, *moments, *in_groups,
                self._key(Decision.SEE_KOC_MOMENTS), self._key(Decision.SEE_KOC_GROUPS), *trusting,
                self._koc_arrived[t], m.load_units(), g.load_units(),
                *scratch, self._flags[t], kocs.start, kocs.stop)
            by_friends = exposure.see_friends(
                sums, self._heard, friends.offsets, friends.ties, shares.who, share_m, *moments,
                self._key(Decision.SEE_FRIEND), *scratch, sharers.start, sharers.stop)
            by_members = exposure.see_group_posts(
                sums, self._heard_group, *groups, shares.author, shares.group, share_g, *in_groups,
                self._key(Decision.SEE_MEMBER), *scratch, posts.start, posts.stop)
            return by_kocs + by_friends + by_members, by_kocs, mutes

        seen, by_kocs, self.mutes = (sum(part) for part in zip(*self._each_of(shares, work), strict=True))
        return seen, by_kocs

    def _posts(self) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """Where each KOC's posts begin, and the weight units of each post; draws their `kinds`."""
        from kocsim.kernels import exposure

        s = self.scenario
        many = self.posts_moments.astype(np.int64) + self.posts_groups
        post_at = np.concatenate([[0], np.cumsum(many)])
        self.kinds = np.zeros(int(post_at[-1]), np.uint8)
        quality = np.repeat(self.quality, many)
        if s.content.mixed:
            exposure.draw_kinds(
                self.county.koc, self.posts_moments, self.posts_groups, self._key(Decision.CONTENT_MOMENTS),
                self._key(Decision.CONTENT_GROUPS), *(np.uint32(chance(b)) for b in s.content.bounds()), self.kinds)
            quality = quality * s.content.weights()[self.kinds]
        on_moments = np.arange(post_at[-1]) - np.repeat(post_at[:-1], many) < np.repeat(self.posts_moments, many)
        persuasive = np.where(on_moments, s.moments.persuasiveness * 256, s.group_chat.persuasiveness * 256)
        return post_at, np.rint(quality * persuasive).astype(np.uint16)

    def move_on(self) -> NDArray[np.int64]:
        """Evidence, awareness, identification, purchase, lapsing; returns the kernels' counts."""
        from kocsim.kernels import residents as kernels

        s = self.scenario
        r, i, p = s.response, s.identification, s.purchase
        counts = np.zeros((self._parts, kernels.COUNTS), np.int64)
        weigh = (r.first, r.further, r.repeat, r.retention())
        buy = (
            self._key(Decision.NEED), np.uint32(chance(s.need.rate)), self._key(Decision.BUY),
            np.uint32(chance(p.first)), np.uint32(chance(p.repeat)), np.uint32(chance(p.win_back)),
            self._key(Decision.LAPSE), np.uint32(chance(p.lapse)), np.uint64(stream(0, Decision.DIGEST, self.day)),
        )
        people = (self.stage, self.evidence, self.sources, self.kocs)
        if self.rule is None:
            self._over(lambda t, lo, hi: kernels.move_on(
                *people, self.week, self.today, self.threshold, self._fate, self.day_aware, self.day_identified,
                self.day_customer, self.day, self._sums, *weigh, SLACK, i.hysteresis, *buy,
                counts[t], lo, hi))
        else:
            self._over(lambda t, lo, hi: kernels.weigh(
                *people, self.week, self.today, self.day_aware, self._sums, self.day, *weigh, counts[t], lo, hi))
            self._ask(self.rule, counts[0])
            self._over(lambda t, lo, hi: kernels.buy(
                *people, self.threshold, self._fate, self.day_customer, self.day, SLACK, *buy,
                counts[t], lo, hi))
        total: NDArray[np.int64] = counts.sum(axis=0)
        return total

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
        self, shares: Shares, seen: int, koc_seen: int, counts: NDArray[np.int64]
    ) -> dict[str, int]:
        """Add the day to the record."""
        koc_posts = int(self.posts_moments.sum(dtype=np.int64) + self.posts_groups.sum(dtype=np.int64))
        row = self.record.add_day(counts, {
            "posts": koc_posts + shares.who.size + shares.group.size, "koc_posts": koc_posts,
            "shares": shares.who.size, "group_shares": shares.group.size,
            "exposures": seen, "koc_exposures": koc_seen, "mutes": self.mutes,
        })
        if self.debug:
            check_laws(self)
        return row

    def idle(self) -> bool:
        """Whether nothing is on its way: the kernels' sums are empty, as they are between days."""
        return not (self._sums.any() or self._arrived.any())

    def result(self, *, residents: bool = True, interrupted: bool = False) -> Result:
        """Tables of the days so far; `residents` False leaves the table of residents empty."""
        return tables(self, residents, interrupted)

    # ---- work on threads

    def _key(self, decision: Decision) -> np.uint64:
        return np.uint64(stream(self.seed, decision, self.day))

    def _over(self, work: Callable[[int, int, int], Any]) -> list[Any]:
        """Call ``work(thread, lo, hi)`` for equal ranges of the residents; answers in order."""
        n, parts = self.county.n, self._parts
        return self._run([partial(work, t, n * t // parts, n * (t + 1) // parts) for t in range(parts)])

    def _each_of(self, shares: Shares, work: Callable[[int, range, range, range], Any]) -> list[Any]:
        """Call ``work(thread, kocs, sharers, group posts)`` for ranges of about equal numbers of ties."""
        c, parts = self.county, self._parts
        cuts = (
            self._koc_cuts,
            _balanced(c.friends.offsets, shares.who, parts),
            _balanced(c.group_offsets, shares.group, parts, whole=True),
        )
        return self._run(
            [partial(work, t, *(range(cut[t], cut[t + 1]) for cut in cuts)) for t in range(parts)]
        )

    def _run(self, parts: list[Callable[[], Any]]) -> list[Any]:
        """Run the parts at the same time, the first of them on this thread."""
        if len(parts) == 1:
            return [parts[0]()]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="kocsim")
        others = [self._pool.submit(part) for part in parts[1:]]
        return [parts[0](), *(other.result() for other in others)]

    def __getstate__(self) -> dict[str, Any]:
        scratch = ("_pool", "_sums", "_arrived", "_koc_arrived", "_work", "_add", "_flags")
        return {name: value for name, value in self.__dict__.items() if name not in scratch}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._pool = None
        self._scratch()
        # what KOCs' posts add to feeds is brought up to date from nothing on the next day
        self._yesterday = (np.zeros_like(self.posts_moments), np.zeros_like(self.posts_groups))


def _balanced(
    offsets: NDArray[np.int64], rows: NDArray[Any], parts: int, whole: bool = False
) -> list[int]:
    """Cut a list of CSR rows into ranges of about equal numbers of ties; `whole` keeps equal rows together."""
    if parts == 1 or rows.size == 0:
        return [0] + [rows.size] * parts
    work = np.cumsum(offsets[rows + 1] - offsets[rows] + 1)
    cuts = np.searchsorted(work, work[-1] * np.arange(1, parts) / parts).tolist()
    if whole:
        cuts = np.searchsorted(rows, rows[np.minimum(cuts, rows.size - 1)]).tolist()
    return [0, *cuts, rows.size]


def _check_same_world(scenario: Scenario, county: County) -> None:
    """A generated county must be the one that the scenario describes."""
    if "population" not in county.asked:
        return  # a user's own
    wanted = scenario.model_dump()
    for name in ("residents", "kocs", "shops", *WORLD_SECTIONS):
        if county.asked[name] == wanted[name]:
            continue
        if isinstance(wanted[name], dict):
            key = next(k for k in wanted[name] if wanted[name][k] != county.asked[name].get(k))
            name, asked, has = f"{name}.{key}", wanted[name][key], county.asked[name].get(key)
        else:
            asked, has = wanted[name], county.asked[name]
        raise DataError(
            f"The county was generated with {name} = {has!r}, the scenario says {asked!r}: "
            "generate a county from this scenario, or leave county out."
        )
