"""Who there is: residents, what lies in their inboxes, and the county as lists of Python's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.catchments import walk_in_chances
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
    orders: int = 0
    shop_trust: int = 0
    invites: bool = False
    """Will invite friends tomorrow."""

    def kocs_since(self, day: int) -> int:
        """Distinct KOCs seen on `day` or later."""
        return sum(kind == "koc" and last >= day for (kind, _), last in self.seen.items())


class World:
    """The county as lists of Python's own, and every resident's state before the first day."""

    def __init__(self, scenario: Scenario, county: County, seed: int) -> None:
        self.scenario, self.seed = scenario, seed
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
        self.called = [0] * len(self.koc)
        self.pool_cost = 0
        """What pools have cost, in fen."""
        self.channels: list[Spoken] = spoken(scenario)
        self.residents = self._before_day_one(county)
        for i in self.koc:  # a KOC is a consumer first
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
        self.income = [0] * len(self.koc)
        """What KOCs have earned, in fen."""

        attention = scenario.attention
        self.budget = attention.budget(county.contacts).tolist()
        background = attention.background(county.contacts)
        self.room = [True] * 256
        self.walk_in = [0] * n
        self.shop = [-1] * n
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

    def _set_up_broadcasts(self, county: County, background: Any) -> Any:
        """Who follows the official account and others, and who walks into which shop."""
        account, shop = self.scenario.official_account, self.scenario.shop_visit
        followed = account.followed * lognormal_classes(account.followed_sigma)
        self.room = (followed + 1 <= account.cap).tolist()
        if account.posts:
            posts = np.minimum(followed, account.cap) * account.background_posts * account.load
            background = background + posts.astype(np.float32)[[self.followed_class(i) for i in range(self.n)]]
        c = county
        chances = [0.0] * c.communities
        if shop.display:
            chances = walk_in_chances(
                c.community_shop, c.shop_community, c.community_x, c.community_y, c.community_population,
                visit=shop.visit, scale=shop.range, display=shop.display).tolist()
        for i, resident in enumerate(self.residents):
            resident.follows = self.room[self.followed_class(i)] and self.happens(
                Decision.FOLLOWS, 0, i, account.followers)
            resident.shop_trust = round(shop.strength * 255) if shop.display else 0
            self.walk_in[i] = chance(chances[c.community[i]])
            self.shop[i] = int(c.community_shop[c.community[i]])
        return background

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
