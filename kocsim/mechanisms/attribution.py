"""Attribution: whom a resident heard first and last, so that awareness and orders can be credited (C37, C48)."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Attribution(Section):
    """Remember every resident's first and last touch: the channel, and the KOC, customer or shop it came from.

    A resident's last touch is the latest post she saw; of several on one day the lot decides. Her first touch is the
    last touch of the day on which she became aware. First orders are credited to both. Mechanisms that need to know
    who sold (satisfaction, invitations, membership, broadcasts) track whatever `track` says.
    """

    track: bool = param(
        False, unit="switch",
        meaning="whether to remember touches; without them nothing is credited, and there is no tree of who won whom",
        source="free choice; off, because it takes 22 bytes a resident and some time; on in the preset full",
    )
