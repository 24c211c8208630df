"""Channels: how a post gets from who posts to who may see it.

A post on a channel is for the whole audience of its author there. Whether one of them sees it depends, in this order,
on four things: does she look at the channel today (`visit`, one draw a resident and day, so posts of one day share
that luck), does the platform show it to her (`reach`: the privateness of C49), does it fall within what her attention
holds (`kocsim.mechanisms.attention`), and does it register (`view`). So a post is seen with probability ::

    visit x reach x attended x view

and fills ``reach x load`` of her feed. What is seen weighs strength of the tie x `persuasiveness` x quality of the
post.

KOCs speak on Moments, in the groups they lead, by private message and on four further platforms, to their own
contacts and members. What the firm itself says, to many at once, stands in `kocsim.mechanisms.broadcasts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kocsim.parameters import Section, param
from kocsim.rng import Decision

if TYPE_CHECKING:
    from kocsim.scenario import Scenario

LOAD_UNIT: Final = 256
"""Loads are counted in 1/256 of a post, so that sums do not depend on their order."""
WEIGHT_UNIT: Final = 256
"""Quality x persuasiveness is counted in 1/256; with the strength byte a full cue weighs 255 * 256."""
CHANNELS: Final = (
    "moments", "group_chat", "private_message", "kuaishou", "qq", "douyin", "bilibili",
    "shares", "group_shares", "invitations",
    "official_account", "live_stream", "shop_visit", "advertising",
)
"""By what a resident may hear of the product, by number: from KOCs, from customers, from the firm. A user's own
broadcasts follow, in the order of `Scenario.broadcasts`."""
FROM_CUSTOMERS: Final = (7, 8, 9)
"""Numbers of the channels on which customers speak: shares to friends, to a group, invitations."""
MOST_CHANNELS: Final = 24
"""Channels that there is room for, a user's own included."""
CONTACTS, MEMBERS = 0, 1
"""Whom a KOC's channel reaches: her contacts, or the members of the groups she leads."""


class Channel(Section):
    """What all channels have in common: reach, persuasiveness, load and cost. The audience stands in the docstring."""

    visit: float
    view: float
    persuasiveness: float
    load: float
    reach: float = param(
        1.0, unit="probability", ge=0, le=1,
        meaning="chance that the platform shows a post to one of its audience (privateness)",
        source="1, an assumption: in order of time, without an algorithm, as on WeChat",
    )
    cost: float = param(
        0.0, unit="yuan/post", ge=0, le=1e6,
        meaning="what one post costs",
        source="the paper: private channels are free to use (C01)",
    )

    def load_units(self) -> int:
        """Load of one post in 1/256 of a Moments post, as far as the platform shows it."""
        return round(self.load * self.reach * LOAD_UNIT)

    def weight_units(self, quality: float) -> int:
        """Persuasiveness x quality in 1/256."""
        return round(self.persuasiveness * quality * WEIGHT_UNIT)

    def registers(self) -> float:
        """Chance that a post within the day's attention is shown and registers."""
        return self.view * self.reach


class Moments(Channel):
    """WeChat Moments: seen by the author's contacts, in order of time, without an algorithm."""

    visit: float = param(
        0.716, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident looks at Moments on a given day",
        source="780 m of 1.09 bn daily users look at Moments (Zhang Xiaolong, January 2021)",
    )
    view: float = param(
        0.4, unit="probability", ge=0, le=1,
        meaning="chance that a post within the day's attention registers",
        source="assumption, set so that a resident of 130 contacts sees a friend's post with probability "
        "0.716 x 10/14.3 x 0.4 = 0.2; sweep 0.1 to 1",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="evidence carried by a full-quality post over a tie of full strength",
        source="1 by definition: the unit of evidence",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16,
        meaning="attention taken by one post, in Moments posts",
        source="1 by definition: the unit of attention",
    )


class GroupChat(Channel):
    """A message in a social group: delivered to its members."""

    visit: float = param(
        0.6, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident opens group chats on a given day",
        source="assumption; no published figure found",
    )
    view: float = param(
        0.3, unit="probability", ge=0, le=1,
        meaning="chance that a message within the day's attention registers",
        source="assumption; below Moments because many groups are muted",
    )
    persuasiveness: float = param(
        0.8, unit="share", ge=0, le=1,
        meaning="evidence carried by a full-quality message over a tie of full strength",
        source="assumption",
    )
    load: float = param(
        0.25, unit="posts", ge=0, le=16,
        meaning="attention taken by one message, in Moments posts",
        source="assumption: a line against a post with pictures",
    )


class PrivateMessage(Channel):
    """A message to one contact (C90): `kocsim.mechanisms.posting` says how many a KOC writes in a day.

    Whom she writes to is drawn anew each day, all contacts alike. Each contact's feed holds the expected load,
    messages / contacts x `load`. Customers' invitations (`kocsim.mechanisms.invitation`) travel the same way.
    """

    visit: float = param(
        0.9, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident opens chats on a given day",
        source="assumption: above Moments",
    )
    view: float = param(
        0.8, unit="probability", ge=0, le=1,
        meaning="chance that a message within the day's attention registers",
        source="assumption: twice Moments; personal messages work better each (Aral & Walker 2011, Mgmt Sci 57:1623)",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="evidence carried by a full-quality message over a tie of full strength",
        source="assumption: as Moments; what is personal shows in `view`",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16,
        meaning="attention taken by one message, in Moments posts",
        source="assumption",
    )


class Platform(Channel):
    """A platform beside WeChat on which KOCs post to their followers (C49).

    A KOC's followers there are those of her contacts who are on the platform; who is, is drawn once a resident and
    platform. The platform shows a post to a follower with probability `reach`, its privateness; feeds hold what that
    brings on average. What it withholds from followers it may show to strangers, `recommended` of them for each
    follower not served; to a stranger a KOC is nobody in particular, so this counts as one source, the platform's
    own, over a tie of strength `stranger`.
    """

    posts: float = param(
        0.0, unit="posts/KOC/day", ge=0, le=250,
        meaning="mean number of posts a KOC makes here",
        source="0: off; the paper's KOCs post to WeChat",
    )
    members: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="share of residents who use the platform",
        source="assumption",
    )
    visit: float = param(
        0.6, unit="probability/day", ge=0, le=1,
        meaning="chance that somebody on the platform opens it on a given day",
        source="assumption",
    )
    view: float = param(
        0.4, unit="probability", ge=0, le=1,
        meaning="chance that a post within the day's attention registers",
        source="assumption: as on Moments",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="evidence carried by a full-quality post over a tie of full strength",
        source="assumption: as on Moments",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16,
        meaning="attention taken by one post, in Moments posts",
        source="assumption: as on Moments",
    )
    recommended: float = param(
        0.5, unit="strangers/follower", ge=0, le=100,
        meaning="strangers in the county who are shown a post for each follower from whom it is withheld",
        source="assumption",
    )
    stranger: float = param(
        0.1, unit="strength", ge=0, le=1,
        meaning="strength of the tie from a recommended post to a stranger",
        source="assumption",
    )


def _privateness(value: float) -> float:
    reach: float = param(
        value, unit="probability", ge=0, le=1,
        meaning="privateness: chance that the platform shows a post to one of its author's followers",
        source="assumption; the order is the paper's (C49): WeChat, Kuaishou, QQ, Douyin, Bilibili",
    )
    return reach


class Kuaishou(Platform):
    """Kuaishou: followers first; second by privateness in the paper."""

    reach: float = _privateness(0.5)


class QQ(Platform):
    """QQ: third by privateness in the paper."""

    reach: float = _privateness(0.4)


class Douyin(Platform):
    """Douyin: what is shown is what the algorithm picks; fourth by privateness in the paper."""

    reach: float = _privateness(0.1)


class Bilibili(Platform):
    """Bilibili: fifth by privateness in the paper."""

    reach: float = _privateness(0.08)


class Spoken(NamedTuple):
    """One of KOCs' channels, as a day goes through it."""

    name: str
    number: int
    """In `CHANNELS`."""
    channel: Channel
    span: int
    """`CONTACTS` or `MEMBERS`."""
    posts: float
    """Mean number of posts a KOC and day."""
    members: float = 1.0
    """Share of the audience who are there at all."""
    messages: float = 0.0
    """Contacts addressed a day; 0: all of them."""

    @property
    def decisions(self) -> tuple[Decision, Decision, Decision, Decision, Decision, Decision]:
        """Streams of: posting, looking, seeing, kind, trust, muting. Moments and groups have streams of their own;
        others share one each and are told apart by number."""
        if self.name == "moments":
            return (Decision.KOC_MOMENTS, Decision.VISIT_MOMENTS, Decision.SEE_KOC_MOMENTS,
                    Decision.CONTENT_MOMENTS, Decision.TRUST_MOMENTS, Decision.MUTE_MOMENTS)
        if self.name == "group_chat":
            return (Decision.KOC_GROUPS, Decision.VISIT_GROUPS, Decision.SEE_KOC_GROUPS,
                    Decision.CONTENT_GROUPS, Decision.TRUST_GROUPS, Decision.MUTE_GROUPS)
        return (Decision.KOC_OTHER, Decision.VISIT_OTHER, Decision.SEE_KOC_OTHER,
                Decision.CONTENT_OTHER, Decision.TRUST_OTHER, Decision.MUTE_OTHER)

    @property
    def expected(self) -> bool:
        """Whether feeds hold the load that a day brings on average, not that of today's posts."""
        return 3 <= self.number < 7

    @property
    def shared(self) -> bool:
        """Whether its streams are shared with other channels."""
        return self.number > 1


def spoken(scenario: Scenario) -> list[Spoken]:
    """The channels on which KOCs speak in a scenario, Moments and groups first."""
    s = scenario
    channels = [
        Spoken("moments", 0, s.moments, CONTACTS, s.posting.moments),
        Spoken("group_chat", 1, s.group_chat, MEMBERS, s.posting.groups),
    ]
    if s.posting.messages or s.invitation.rate:
        writes = float(s.posting.messages > 0)
        channels.append(Spoken("private_message", 2, s.private_message, CONTACTS, writes, messages=s.posting.messages))
    for number, name in enumerate(CHANNELS[3:7], 3):
        platform: Platform = getattr(s, name)
        if platform.posts:
            channels.append(Spoken(name, number, platform, CONTACTS, platform.posts, platform.members))
    return channels
