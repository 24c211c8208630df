"""Channels: how a post gets from who posts to who may see it.

A post on a channel is delivered to the whole audience of its author on that channel. Whether one of them sees it
depends on three things, in this order: does she look at the channel today (`visit`, one draw a resident and day,
so posts of one day share that luck), does the post fall within what her attention holds
(`kocsim.mechanisms.attention`), and does it register (`view`).
"""

from __future__ import annotations

from typing import Final

from kocsim.parameters import Section, param

LOAD_UNIT: Final = 256
"""Loads are counted in 1/256 of a post, so that sums do not depend on their order."""
WEIGHT_UNIT: Final = 256
"""Quality x persuasiveness is counted in 1/256; with the strength byte a full cue weighs 255 * 256."""


class Channel(Section):
    """What all channels have in common."""

    visit: float
    view: float
    persuasiveness: float
    load: float

    def load_units(self) -> int:
        """Load of one post in 1/256 of a Moments post."""
        return round(self.load * LOAD_UNIT)

    def weight_units(self, quality: float) -> int:
        """Persuasiveness x quality in 1/256."""
        return round(self.persuasiveness * quality * WEIGHT_UNIT)


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
