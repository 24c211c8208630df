"""The model, one resident at a time, in plain Python: the specification that runs.

Read `run` from the top: it is one day after the other, and a day is seven steps. Nothing here is fast, and nothing
is clever: posts go into inboxes, a resident reads hers, weighs what she saw, and moves on. Random numbers come from
the same streams as in `kocsim.simulation`, so the two agree on every resident, every day, exactly; the test suite
holds them to it.

Arithmetic is done in double precision and evidence is kept in single precision, as in the kernels.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.mechanisms.content import DISCLOSED, NOISE, SELLING, SERVICE
from kocsim.rng import Decision, chance, entity_key, mix32, stream, uniform, uniform31
from kocsim.stages import NEVER, SLACK, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from kocsim.county import County
    from kocsim.scenario import Scenario

Source = tuple[str, int]
"""Whom a resident hears from: ("koc", number), ("friend", resident) or ("group", number)."""


class Post(NamedTuple):
    """A post as it lies in a resident's inbox."""

    source: Source
    author: int
    """The resident who posted."""
    channel: str
    """"moments" or "group_chat"."""
    decision: Decision
    """The stream from which it is drawn whether the post is seen."""
    turn: int
    """0 for the author's first post of the day on this channel, 1 for the second, ..."""
    strength: int
    """Of the tie it came over, 0 to 255; from a KOC, the resident's trust."""
    quality: float
    kind: int = SELLING


@dataclass
class Resident:
    """Everything that changes about one resident."""

    threshold: float
    stage: Stage = Stage.UNAWARE
    evidence: float = 0.0
    seen: dict[Source, int] = field(default_factory=dict)
    """Every source ever seen, and the last day on which it was."""
    day_aware: int = NEVER
    day_identified: int = NEVER
    day_customer: int = NEVER
    ordered: bool = False

    def kocs_since(self, day: int) -> int:
        """Distinct KOCs seen on `day` or later."""
        return sum(kind == "koc" and last >= day for (kind, _), last in self.seen.items())


class Day(NamedTuple):
    """What the county looks like after a day."""

    stage: list[int]
    evidence: list[float]
    sources: list[int]
    kocs: list[int]
    week: list[int]
    today: list[int]
    day_aware: list[int]
    day_identified: list[int]
    day_customer: list[int]
    ordered: list[bool]
    trust: list[int]
    """Of each tie from a KOC, 0 to 255, KOC by KOC."""
    muted: list[bool]
    """Whether it is muted."""
    exposures: int
    """Posts seen by anybody."""


def run(
    scenario: Scenario,
    county: County,
    seed: int,
    days: int,
    posts: Callable[[int, int], tuple[int, int, float]] | None = None,
) -> list[Day]:
    """Simulate `days` days.

    Parameters
    ----------
    scenario : Scenario
    county : County
        Small: every post is an object here.
    seed, days : int
    posts : callable, optional
        ``posts(day, koc)`` gives (posts to Moments, posts to groups, quality) instead of the scenario's posting.

    Returns
    -------
    list of Day
        One a day, from day 1.
    """
    world = _World(scenario, county, seed)
    history = []
    for day in range(1, days + 1):
        inbox: list[list[Post]] = [[] for _ in world.residents]
        _kocs_post(world, day, inbox, posts)
        _customers_share(world, day, inbox)
        exposures = 0
        for i, resident in enumerate(world.residents):
            seen = _read(world, day, i, inbox[i])
            exposures += len(seen)
            _weigh(world, day, resident, seen)
            _identify(world, day, resident)
            _buy(world, day, i, resident)
        history.append(_look(world, day, exposures))
    return history


class _World:
    """The county as lists of Python's own, and every resident's state before the first day."""

    def __init__(self, scenario: Scenario, county: County, seed: int) -> None:
        self.scenario, self.seed = scenario, seed
        n = county.n
        self.contacts = county.contacts
        self.friends = [_row(county.friends.offsets, county.friends.ties, i) for i in range(n)]
        self.groups = [
            _row(county.group_offsets, county.group_members, g) for g in range(county.groups)
        ]
        self.groups_of: list[list[int]] = [[] for _ in range(n)]
        for g, members in enumerate(self.groups):
            for j, _ in members:
                self.groups_of[j].append(g)
        self.koc = [int(i) for i in county.koc]
        self.reach = []
        for k in range(len(self.koc)):
            row = _row(county.koc_offsets, county.koc_ties, k)
            via = county.koc_via[county.koc_offsets[k] : county.koc_offsets[k + 1]]
            self.reach.append(
                [(j, strength, int(v)) for (j, strength), v in zip(row, via, strict=True)]
            )
        self.residents = self._before_day_one(county)
        for i in self.koc:  # a KOC is a consumer first
            self.residents[i].stage = Stage.CUSTOMER
            self.residents[i].day_aware = 0
            self.residents[i].day_identified = 0
            self.residents[i].day_customer = 0
        attention = scenario.attention
        self.budget = attention.budget(county.contacts).tolist()
        self.background = attention.background(county.contacts).tolist()

        # trust of each resident in each KOC who reaches her, 0 to 255, and whom she has muted
        self.trust = {(k, j): strength for k, row in enumerate(self.reach) for j, strength, _ in row}
        self.muted: set[tuple[int, int]] = set()

    def _before_day_one(self, county: County) -> list[Resident]:
        """Unaware, with a personal threshold: Box and Muller on two draws."""
        key = stream(self.seed, Decision.THRESHOLD)
        n = county.n
        u = np.array([uniform(key, 2 * i) for i in range(n)])
        v = np.array([uniform(key, 2 * i + 1) for i in range(n)])
        z = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)
        thresholds = self.scenario.identification.thresholds(z, county.ties_in)
        return [Resident(float(threshold)) for threshold in thresholds]

    def happens(self, decision: Decision, day: int, who: int, probability: float) -> bool:
        """One resident's draw in one decision on one day."""
        return uniform31(stream(self.seed, decision, day), who) < chance(probability)


def _row(offsets: Any, ties: Any, r: int) -> list[tuple[int, int]]:
    """(resident, strength) of each tie of a row."""
    return [
        (int(tie) & 0xFFFFFF, int(tie) >> 24) for tie in ties[offsets[r] : offsets[r + 1]]
    ]


# ---- the day


def _kocs_post(
    world: _World,
    day: int,
    inbox: list[list[Post]],
    posts: Callable[[int, int], tuple[int, int, float]] | None,
) -> None:
    """Each KOC posts to its contacts on Moments and to the members of the groups it leads."""
    posting = world.scenario.posting
    for k, author in enumerate(world.koc):
        if posts is not None:
            on_moments, in_groups, quality = posts(day, k)
        else:
            on_moments = _how_many(world, Decision.KOC_MOMENTS, day, author, posting.moments)
            in_groups = _how_many(world, Decision.KOC_GROUPS, day, author, posting.groups)
            quality = posting.quality
        moments = [
            _koc_post(world, day, k, "moments", Decision.SEE_KOC_MOMENTS, turn, quality)
            for turn in range(on_moments)
        ]
        groups = [
            _koc_post(world, day, k, "group_chat", Decision.SEE_KOC_GROUPS, turn, quality)
            for turn in range(in_groups)
        ]
        for j, strength, via in world.reach[k]:
            _trust_returns(world, day, k, j, strength)
            if (k, j) not in world.muted:
                inbox[j] += (moments if via & 1 else []) + (groups if via & 2 else [])


def _koc_post(
    world: _World, day: int, k: int, channel: str, decision: Decision, turn: int, quality: float
) -> Post:
    """One post of a KOC: of which kind, and how much it carries."""
    content, author = world.scenario.content, world.koc[k]
    kind = SELLING
    if content.mixed:
        of_kind = Decision.CONTENT_MOMENTS if channel == "moments" else Decision.CONTENT_GROUPS
        luck = uniform31(entity_key(stream(world.seed, of_kind, day), author, turn), 0)
        below = [luck < chance(bound) for bound in content.bounds()]
        kind = [SERVICE, NOISE, DISCLOSED, SELLING][[*below, True].index(True)]
        quality = quality * float(content.weights()[kind])
    return Post(("koc", k), author, channel, decision, turn, 0, quality, kind)


def _trust_returns(world: _World, day: int, k: int, j: int, strength: int) -> None:
    """Overnight, trust comes some of the way back to the strength of the tie."""
    trust = world.scenario.trust
    if trust.moves and trust.returning():
        key = entity_key(stream(world.seed, Decision.TRUST_RETURN, day), world.koc[k])
        step = (strength - world.trust[k, j]) * trust.returning()
        world.trust[k, j] += (step + (mix32(key, j) >> 16)) >> 16


def _react(world: _World, day: int, post: Post, i: int) -> None:
    """A post of a KOC that is seen moves trust, and may be the last one that is."""
    trust, k = world.scenario.trust, post.source[1]
    moments = post.channel == "moments"
    change = trust.changes()[post.kind]
    if trust.moves and change:
        of_trust = Decision.TRUST_MOMENTS if moments else Decision.TRUST_GROUPS
        luck = mix32(entity_key(stream(world.seed, of_trust, day), post.author, post.turn), i) >> 16
        world.trust[k, i] = min(max(world.trust[k, i] + ((change + luck) >> 16), 0), 255)
    if trust.mute and post.kind != SERVICE:
        of_mute = Decision.MUTE_MOMENTS if moments else Decision.MUTE_GROUPS
        key = entity_key(stream(world.seed, of_mute, day), post.author, post.turn)
        if uniform31(key, i) < chance(trust.mute) * (255 - world.trust[k, i]) // 255:
            world.muted.add((k, i))


def _how_many(world: _World, decision: Decision, day: int, who: int, mean: float) -> int:
    """The whole part of the mean, and one more with the probability of the rest."""
    whole = int(mean)
    return whole + world.happens(decision, day, who, mean - whole)


def _customers_share(world: _World, day: int, inbox: list[list[Post]]) -> None:
    """Some customers post to their friends, and some of these to one of their groups as well."""
    sharing = world.scenario.sharing
    for i, resident in enumerate(world.residents):
        if resident.stage not in (Stage.CUSTOMER, Stage.REPEAT) or i in world.koc:
            continue
        if not world.happens(Decision.SHARE, day, i, sharing.rate):
            continue
        for j, strength in world.friends[i]:
            inbox[j].append(
                Post(("friend", i), i, "moments", Decision.SEE_FRIEND, 0, strength, sharing.quality)
            )
        groups = world.groups_of[i]
        if groups and world.happens(Decision.SHARE_GROUP, day, i, sharing.group):
            luck = uniform31(stream(world.seed, Decision.WHICH_GROUP, day), i)
            g = groups[luck * len(groups) >> 31]
            for j, strength in world.groups[g]:
                if j != i:
                    inbox[j].append(
                        Post(("group", g), i, "group_chat", Decision.SEE_MEMBER, 0, strength, sharing.quality)
                    )


def _read(world: _World, day: int, i: int, inbox: list[Post]) -> list[Post]:
    """The posts that resident i sees today."""
    scenario = world.scenario
    channels = {"moments": scenario.moments, "group_chat": scenario.group_chat}
    arrived = sum(channels[post.channel].load_units() for post in inbox) / 256
    feed = world.background[i] + arrived
    attended = world.budget[i] / feed if world.budget[i] < feed else 1.0
    looks = {
        "moments": world.happens(Decision.VISIT_MOMENTS, day, i, scenario.moments.visit),
        "group_chat": world.happens(Decision.VISIT_GROUPS, day, i, scenario.group_chat.visit),
    }
    seen = []
    for post in inbox:
        if looks[post.channel] and (post.source[1], i) not in (world.muted if post.source[0] == "koc" else ()):
            key = entity_key(stream(world.seed, post.decision, day), post.author, post.turn)
            if uniform31(key, i) < int(attended * (channels[post.channel].view * 2.0**31)):
                if post.source[0] == "koc":
                    post = post._replace(strength=world.trust[post.source[1], i])
                    _react(world, day, post, i)
                seen.append(post)
    return seen


def _weigh(world: _World, day: int, resident: Resident, seen: list[Post]) -> None:
    """Yesterday's evidence fades; posts from new sources and repeated ones add to it."""
    response = world.scenario.response
    channels = {"moments": world.scenario.moments, "group_chat": world.scenario.group_chat}
    first_ever = not resident.seen
    new_weight = old_weight = 0
    new_sources = 0
    for post in seen:
        weight = post.strength * channels[post.channel].weight_units(post.quality)
        if post.source in resident.seen:
            old_weight += weight
        else:
            new_weight += weight
            new_sources += 1
        resident.seen[post.source] = day
    gain = response.further * new_weight + response.repeat * old_weight
    if first_ever:
        gain += (response.first - response.further) * (new_weight / max(new_sources, 1))
    resident.evidence = float(
        np.float32(resident.evidence * response.retention() + gain / (255 * 256))
    )
    if resident.stage == Stage.UNAWARE and resident.seen:
        resident.stage = Stage.AWARE
        resident.day_aware = day


def _identify(world: _World, day: int, resident: Resident) -> None:
    """Enough evidence makes an aware resident identify; too little may lose her again."""
    enough = resident.evidence + SLACK >= resident.threshold
    kept = world.scenario.identification.hysteresis * resident.threshold
    if resident.stage == Stage.AWARE and enough:
        resident.stage = Stage.IDENTIFIED
        resident.day_identified = min(resident.day_identified, day)
    elif resident.stage == Stage.IDENTIFIED and resident.evidence + SLACK < kept:
        resident.stage = Stage.AWARE


def _buy(world: _World, day: int, i: int, resident: Resident) -> None:
    """On a day of need, buy or not, by stage; then customers of earlier days may lapse."""
    purchase = world.scenario.purchase
    needs = world.happens(Decision.NEED, day, i, world.scenario.need.rate)
    persuaded = resident.evidence + SLACK >= resident.threshold
    before = resident.stage
    active = before in (Stage.CUSTOMER, Stage.REPEAT)
    resident.ordered = False
    if needs and before == Stage.IDENTIFIED and world.happens(Decision.BUY, day, i, purchase.first):
        resident.stage, resident.ordered = Stage.CUSTOMER, True
        resident.day_customer = min(resident.day_customer, day)
    elif (needs and active and world.happens(Decision.BUY, day, i, purchase.repeat)) or (
        needs and persuaded and before == Stage.LAPSED
        and world.happens(Decision.BUY, day, i, purchase.win_back)
    ):
        resident.stage, resident.ordered = Stage.REPEAT, True
    if active and world.happens(Decision.LAPSE, day, i, purchase.lapse):
        resident.stage = Stage.LAPSED


def _look(world: _World, day: int, exposures: int) -> Day:
    """Columns of what residents have become."""
    people = world.residents
    kocs = [Counter(kind for kind, _ in r.seen)["koc"] for r in people]
    return Day(
        stage=[int(r.stage) for r in people],
        evidence=[r.evidence for r in people],
        sources=[len(r.seen) for r in people],
        kocs=kocs,
        week=[r.kocs_since(day - 6) for r in people],
        today=[r.kocs_since(day) for r in people],
        day_aware=[r.day_aware for r in people],
        day_identified=[r.day_identified for r in people],
        day_customer=[r.day_customer for r in people],
        ordered=[r.ordered for r in people],
        trust=list(world.trust.values()),
        muted=[tie in world.muted for tie in world.trust],
        exposures=exposures,
    )
