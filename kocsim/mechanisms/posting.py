"""Posting: what a KOC does on a day unless a policy of its own says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kocsim.errors import ParameterError
from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_POSTS = 250
"""Most posts of one KOC on one channel and day (they are counted in a byte)."""


class Posting(Section):
    """A KOC posts floor(r) times a day, and once more with probability r - floor(r).

    Where `every` is above 1 she gathers them: one day in `every` she posts r x every times, and on the others not at
    all. A share `synchrony` of the KOCs have that day in common (a burst: all post together, C19), the others have days
    of their own, evenly spread (staggered). The number of posts is the same. Private messages are written day by day.

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
    every: int = param(
        1, unit="days", ge=1, le=250,
        meaning="days whose posts a KOC gathers into one",
        source="1: off, every day alike, an assumption",
    )
    synchrony: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="share of KOCs who gather them into the same day (1: burst; 0: staggered)",
        source="the paper: all 10,000 post together (C19); sweep 0 to 1",
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

    def gathered(self, mean: float) -> float:
        """Mean number of posts on the day on which a KOC posts."""
        return mean * self.every


def check_posting(posting: Posting, platforms: Mapping[str, float]) -> None:
    """What a single range cannot say; `platforms` are posts a day by platform.

    Raises
    ------
    ParameterError
        When more posts are gathered into one day than can be counted.
    """
    means = {"posting.moments": posting.moments, "posting.groups": posting.groups} | {
        f"{name}.posts": mean for name, mean in platforms.items()}
    for name, mean in means.items():
        if posting.gathered(mean) > MAX_POSTS:
            raise ParameterError(
                f"{name} x posting.every must lie in [0, {MAX_POSTS}]; got {mean:g} x {posting.every}."
            )
