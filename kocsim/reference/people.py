"""Who there is: residents, what lies in their inboxes, and the county as lists of Python's own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.catchments import by_catchment, walk_in_chances
from kocsim.mechanisms.broadcasts import PLATFORM, Aired
from kocsim.mechanisms.channels import Spoken, spoken
from kocsim.mechanisms.content import SELLING
from kocsim.mechanisms.price import lognormal_classes
from kocsim.rng import Decision, chance, entity_key, mix32, stream, uniform, uniform31
from kocsim.stages import NEVER, Stage

if TYPE_CHECKING:
    from kocsim.county import County
    from kocsim.mechanisms.channels import Channel
    from kocsim.scenario import Scenario

Source = tuple[str, int]
"""Whom a resident hears from: ("koc", number), ("friend", resident), ("group", number) or ("firm", broadcast)."""
CERTAIN = 1 << 31
FIRM = 1 << 24
"""Numbers from here on stand for broadcasts where a draw asks for the author of a post."""
NOBODY = (1 << 32) - 1


class Post(NamedTuple):
    """A post as it lies in a resident's inbox."""

    source: Source
    author: int
    """The resident who posted."""
    channel: Channel
    number: int
    """Of the channel, in `kocsim.mechanisms.channels.CHANNELS`, as attribution counts it."""
    looks: int
    """Of the channel that a resident has to look at: a customer's share lies in Moments."""
    key: int
    """The stream from which it is drawn whether the post is seen: author and turn are in it."""
    strength: int
    """Of the tie it came over, 0 to 255; from a KOC, the resident's trust."""
    place: int
    """One more than the tie (of a KOC) or the resident (a customer) that it came from."""
    quality: float
    load: int
    """What it adds to the feed, in 1/256 post."""
    only: int = CERTAIN
    """Of those who could see it, it is addressed to so many of 2**31 ..."""
    only_key: int = 0
    """... on this stream."""
    kind: int = SELLING
    turn: int = 0
    row: int = 0
    """Among the channels on which KOCs speak."""


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
    # attribution
    touch: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Of the latest post seen: day, lot, channel, index."""
    first: int = NOBODY
    won: int = NOBODY
    """Credits: channel in the high 8 bits, then who: of the first touch, and of the last before the first order."""
    met: set[int] = field(default_factory=set)
    """Channels on which she ever heard of the product."""
    # what distinguishes buyers
    business: bool = False
    pending: bool = False
    """A need of an earlier day is still unmet."""
    follows: bool = False
    left: bool = False
    """Has left the official account for good."""
    clicked: bool = False
    phase: int = 0
    tier: int = 0
    joined: int = 0
    saved: int = 0
    breadth: int = 0
    stock: int = 0
    """Orders at home that were brought forward."""
    orders: int = 0
    shop_trust: int = 0
    elsewhere: bool = False
    """Turns to another brand with today's need."""
    invites: bool = False
    """Will invite friends tomorrow."""

    def kocs_since(self, day: int) -> int:
        """Distinct KOCs seen on `day` or later."""
        return sum(kind == "koc" and last >= day for (kind, _), last in self.seen.items())


@dataclass
class Seller:
    """Everything that changes about one KOC."""

    wants: float
    """What she wants to earn in a day, fen."""
    income: float
    """What she earned in a day, as a mean that forgets, fen."""
    state: str = "candidate"
    joined: int = NEVER
    left: int = NEVER
    raised_by: int = -1
    generation: int = 0
    elite: bool = False
    loyalty: float = 0.0
    skill: float = 0.0
    earned: int = 0
    """By yesterday morning, fen."""
    ranked: int = 0
    """Orders by the last ranking."""
    works: bool = True

    def content(self) -> float:
        """Income as a share of what is wanted, at most 1."""
        return min(self.income / self.wants, 1.0) if self.wants > 0 else 1.0


class Firm:
    """The firm's KOCs and its purse."""

    def __init__(self, world: World) -> None:
        s = world.scenario
        wants = s.leaving.wants()[[world.of_class(Decision.WANTS, i) for i in world.koc]].tolist()
        self.kocs = [Seller(want, want) for want in wants]
        by_contacts = s.recruiting.select == "contacts"
        self.queue = sorted(range(len(self.kocs)), key=lambda k: (
            -world.koc_contacts[k] if by_contacts else 0, world.luck(Decision.CANDIDATE, 0, world.koc[k]), k))
        self.barred = world.barred or set()
        """Who cannot be recruited, because she works for a rival."""
        self.coming: list[int] = []
        """Who comes over from a rival this morning."""
        for k in self.queue[: round(s.recruiting.start * len(self.kocs))]:
            if k in self.barred:
                continue
            self.kocs[k].state, self.kocs[k].joined = "active", 1
        self.purse = 0
        self.running = 0
        """What a day costs as things stand."""

    def active(self) -> list[int]:
        """KOCs who work for the firm."""
        return [k for k, one in enumerate(self.kocs) if one.state == "active"]


class World:
    """The county as lists of Python's own, and every resident's state before the first day."""

    def __init__(self, scenario: Scenario, county: County, seed: int, barred: set[int] | None = None) -> None:
        self.scenario, self.county, self.seed = scenario, county, seed
        self.barred = barred
        self.staffed = scenario.staffs or barred is not None
        n = county.n
        self.n = n
        self.friends = [_row(county.friends.offsets, county.friends.ties, i) for i in range(n)]
        self.groups = [
            _row(county.group_offsets, county.group_members, g) for g in range(county.groups)
        ]
        self.groups_of: list[list[int]] = [[] for _ in range(n)]
        for g, members in enumerate(self.groups):
            for j, _ in members:
                self.groups_of[j].append(g)
        self.koc = [int(i) for i in county.koc]
        self.first_tie = [int(at) for at in county.koc_offsets]
        self.reach = []
        for k in range(len(self.koc)):
            row = _row(county.koc_offsets, county.koc_ties, k)
            via = county.koc_via[county.koc_offsets[k] : county.koc_offsets[k + 1]]
            self.reach.append(
                [(j, strength, int(v)) for (j, strength), v in zip(row, via, strict=True)]
            )
        # contacts to whom each KOC speaks; whom she reaches but does not speak to, and how far her open call has got
        self.koc_contacts = [sum(via & 1 for _, _, via in row) for row in self.reach]
        self.outside: set[tuple[int, int]] = set()
        self.called_below = [0] * len(self.koc)
        self.began: set[int] = set()
        """KOCs who have made their open call."""
        self.called = [0] * len(self.koc)
        self.pool_cost = 0
        """What pools have cost, in fen."""
        self.channels: list[Spoken] = spoken(scenario)
        self.residents = self._before_day_one(county)
        self.firm = Firm(self)
        for i in self.speakers():  # a KOC is a consumer first
            self.residents[i].stage = Stage.CUSTOMER
            self.residents[i].day_aware = 0
            self.residents[i].day_identified = 0
            self.residents[i].day_customer = 0
        # trust of each resident in each KOC who reaches her, 0 to 255, and whom she has muted
        self.trust = {(k, j): strength for k, row in enumerate(self.reach) for j, strength, _ in row}
        self.muted: set[tuple[int, int]] = set()
        self.quality = [scenario.posting.quality] * len(self.koc)
        self.expected = [0] * n
        """What KOCs' posts to platforms add to each feed on a day, on average."""
        self.sales = 0
        self.delivered = 0
        """What delivery has cost, in fen."""
        self.by_shop = [[0, 0, 0] for _ in range(county.shops)]
        """First orders, orders and sales (fen) of each shop whose visit was the last touch."""
        self.point, self.collects = self._pick_up(county)
        self.income = [0] * len(self.koc)
        self.sold = [0] * len(self.koc)
        """What KOCs have earned, in fen, and how many orders they sold."""

        attention = scenario.attention
        self.budget = attention.budget(county.contacts).tolist()
        background = attention.background(county.contacts)
        self.room = [True] * 256
        self.walk_in = [0] * n
        self.shop = [-1] * n
        self.shops = self.displays = 0
        self.columns = {name: values.tolist() for name, values in county.columns.items()}
        if scenario.airs:
            background = self._set_up_broadcasts(county, background)
        self.background = background.tolist()
        if scenario.business.share:
            for i, resident in enumerate(self.residents):
                resident.business = i not in self.koc and self.happens(
                    Decision.BUSINESS, 0, i, scenario.business.share)

    def _before_day_one(self, county: County) -> list[Resident]:
        """Unaware, with a personal threshold: Box and Muller on two draws."""
        key = stream(self.seed, Decision.THRESHOLD)
        n = county.n
        u = np.array([uniform(key, 2 * i) for i in range(n)])
        v = np.array([uniform(key, 2 * i + 1) for i in range(n)])
        z = np.sqrt(-2.0 * np.log(u)) * np.cos(2.0 * np.pi * v)
        thresholds = self.scenario.identification.thresholds(z, county.ties_in)
        return [Resident(float(threshold)) for threshold in thresholds]

    def _pick_up(self, county: County) -> tuple[list[int], list[float]]:
        """Where the orders of each resident are brought, and the chance that she comes for one."""
        c, delivery = county, self.scenario.delivery
        points, collects = [], []
        for community in c.community.tolist():
            shop, way = int(c.community_shop[community]), math.inf
            if shop >= 0:
                at = c.shop_community[shop]
                way = float(np.hypot(
                    float(c.community_x[community]) - float(c.community_x[at]),
                    float(c.community_y[community]) - float(c.community_y[at])))
            points.append(c.communities + shop if shop >= 0 and delivery.point == "shop" else community)
            collects.append(float(np.exp(-way / delivery.range)) if delivery.range else 1.0)
        return points, collects

    def _set_up_broadcasts(self, county: County, background: Any) -> Any:
        """Who follows the official account and others, and who walks into which shop."""
        account, shop = self.scenario.official_account, self.scenario.shop_visit
        followed = account.followed * lognormal_classes(account.followed_sigma)
        self.room = (followed + 1 <= account.cap).tolist()
        if account.posts:
            posts = np.minimum(followed, account.cap) * account.background_posts * account.load
            background = background + posts.astype(np.float32)[[self.followed_class(i) for i in range(self.n)]]
        c = county
        self.shops = round(shop.display * c.shops)
        self.displays = 0 if shop.pace else self.shops
        if shop.display:
            self.open_shops(0)
        for i, resident in enumerate(self.residents):
            resident.follows = self.room[self.followed_class(i)] and self.happens(
                Decision.FOLLOWS, 0, i, account.followers)
            resident.shop_trust = round(shop.strength * 255) if shop.display else 0
            self.shop[i] = int(c.community_shop[c.community[i]])
        return background

    def open_shops(self, many: int) -> None:
        """So many more shops show the product."""
        c, shop = self.county, self.scenario.shop_visit
        self.displays += many
        shows = np.zeros(c.shops, np.bool_)
        shows[by_catchment(c.community_shop, c.community_population, c.shops)[: self.displays]] = True
        chances = walk_in_chances(
            c.community_shop, c.shop_community, c.community_x, c.community_y, shows,
            visit=shop.visit, scale=shop.range).tolist()
        self.walk_in = [chance(chances[community]) for community in c.community.tolist()]

    def speakers(self) -> list[int]:
        """Residents who are KOCs today."""
        return [self.koc[k] for k in self.firm.active()]

    # ---- draws

    def happens(self, decision: Decision, day: int, who: int, probability: float) -> bool:
        """One resident's draw in one decision on one day."""
        return self.luck(decision, day, who) < chance(probability)

    def luck(self, decision: Decision, day: int, who: int) -> int:
        """31 random bits for one resident in one decision on one day."""
        return uniform31(stream(self.seed, decision, day), who)

    def of_class(self, decision: Decision, who: int) -> int:
        """To which of 256 classes of equal size a resident belongs, for ever."""
        return mix32(stream(self.seed, decision), who) >> 24

    def followed_class(self, who: int) -> int:
        """Class by number of accounts followed."""
        return self.of_class(Decision.FOLLOWED, who)

    def key_of(self, channel: Spoken, which: int, day: int) -> int:
        """Key of one kind of decision (see `Spoken.decisions`) on a KOC's channel."""
        key = stream(self.seed, channel.decisions[which], day)
        return entity_key(key, channel.number) if channel.shared else key

    def on_platform(self, number: int, who: int, members: float) -> bool:
        """Whether a resident uses a platform at all."""
        key = entity_key(stream(self.seed, Decision.ON_PLATFORM), number)
        return uniform31(key, who) < chance(members)

    def note_fate(self, post: Post, fate: str, seen: list[tuple[Post, int]]) -> None:
        """Who looks over a resident's shoulder may note what becomes of each post; here nobody does."""

    # ---- audiences of broadcasts

    def hears(self, one: Aired, who: int) -> bool:
        """Whether a resident is in the audience of a broadcast."""
        resident = self.residents[who]
        if one.audience == PLATFORM:
            return self.on_platform(one.number, who, one.channel.members)  # type: ignore[attr-defined]
        return bool((
            True, resident.follows, resident.stage in (Stage.CUSTOMER, Stage.REPEAT), resident.tier > 0, True,
            self.walk_in[who] > 0, one.column and self.columns[one.column][who],
        )[one.audience])


def _row(offsets: Any, ties: Any, r: int) -> list[tuple[int, int]]:
    """(resident, strength) of each tie of a row."""
    return [
        (int(tie) & 0xFFFFFF, int(tie) >> 24) for tie in ties[offsets[r] : offsets[r + 1]]
    ]
