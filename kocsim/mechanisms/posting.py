"""Posting: what a KOC does on a day unless a policy of its own says otherwise."""

from __future__ import annotations

from kocsim.parameters import Section, param

MAX_POSTS = 250
"""Most posts of one KOC on one channel and day (they are counted in a byte)."""


class Posting(Section):
    """A KOC posts floor(r) times a day, and once more with probability r - floor(r).

    r is `moments` for Moments and `groups` for the groups the KOC leads. At the default of 1 all KOCs post
    every day, which is the paper's picture (C18, C19).
    """

    moments: float = param(
        1.0, unit="posts/KOC/day", ge=0, le=MAX_POSTS,
        meaning="mean number of posts a KOC makes to Moments",
        source="the paper: all 10,000 KOCs post to Moments (C19)",
    )
    groups: float = param(
        1.0, unit="posts/KOC/day", ge=0, le=MAX_POSTS,
        meaning="mean number of posts a KOC makes to the groups it leads",
        source="assumption: as often as to Moments",
    )
    messages: float = param(
        0.0, unit="messages/KOC/day", ge=0, le=5000,
        meaning="contacts to whom a KOC writes privately in a day, at most all of them",
        source="0: off; the preset full says 10, an assumption",
    )
    until: int = param(
        0, unit="day", ge=0, le=60_000,
        meaning="last day on which KOCs post unless a policy of their own says otherwise (0: no end)",
        source="0, no end, by definition; set it to see what lasts when posting stops (C38, C106)",
    )
    quality: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="quality of a KOC's posts: multiplies the evidence they carry",
        source="assumption: 1, so that strength of ties and channel alone decide",
    )
