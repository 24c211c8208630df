"""Content: what a KOC's post is for, and what it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

SELLING, SERVICE, NOISE, DISCLOSED = range(4)
KINDS: Final = ("selling", "service", "noise", "disclosed")
"""Kinds of posts by number; "disclosed": a selling post that says it is paid for."""


class Content(Section):
    """Each post of a KOC is of one kind, drawn for itself: service, noise, or else selling.

    Service helps (C51: a post of value to others), noise is about nothing (a share `noise` of the posts that do not
    help), selling asks for an order (C24). A share `disclosed` of the selling posts says that a commission is paid
    (C65). A kind carries evidence in proportion to its weight; the KOC's own experience, told in a user's voice, is a
    selling post at weight 1 (C63-C65). What kinds do to trust stands with `kocsim.mechanisms.trust`. Switched off by
    ``service = noise = disclosed = 0``: all posts sell.
    """

    service: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of a KOC's posts that help rather than sell",
        source="assumption: 0, all posts sell; sweep (C51)",
    )
    noise: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of a KOC's other posts that do not sell either",
        source="assumption: 0",
    )
    disclosed: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of selling posts that disclose a commission",
        source="assumption: 0; sweep (C65)",
    )
    service_weight: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="evidence carried by a service post, beside a selling post",
        source="assumption: the product is shown, not urged",
    )
    noise_weight: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="evidence carried by noise, beside a selling post",
        source="0 by definition: it is not about the product",
    )
    quality_cost: float = param(
        0.0, unit="yuan/post", ge=0, le=1e6,
        meaning="what a KOC's post of full quality costs; one of quality q costs q squared of it",
        source="assumption: 0; sweep (C63, C97)",
    )
    disclosed_weight: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="evidence carried by a selling post that discloses a commission, beside one that does not",
        source="assumption: half (C65 puts it to the test); sweep 0 to 1",
    )

    @property
    def mixed(self) -> bool:
        """Whether there is any kind but selling."""
        return bool(self.service or self.noise or self.disclosed)

    def bounds(self) -> NDArray[np.float64]:
        """Below which draw a post is service, service or noise, or one of those or disclosed."""
        rest = 1 - self.service
        selling = rest * (1 - self.noise)
        return np.array([self.service, 1 - selling, 1 - selling * (1 - self.disclosed)])

    def weights(self) -> NDArray[np.float64]:
        """Weight of each kind, by number."""
        return np.array([1.0, self.service_weight, self.noise_weight, self.disclosed_weight])
