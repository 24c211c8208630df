"""Attention: a day holds only so much, so posts crowd each other out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFERENCE_CONTACTS: Final = 130.0
"""Contacts at which `Attention.posts_per_day` is stated (the mean of the default distribution)."""


class Attention(Section):
    """The share of the day's feed that a resident gets to.

    ::

        attended = min(1, budget / (background + arrived))
        budget     = posts_per_day * (contacts / 130) ** contacts_exponent
        background = background_posts * contacts

    `arrived` is what came in today about the product, in Moments posts; `background` is everything else.
    More posts, whoever sends them, leave less for each (C01, C59). With the defaults and nothing about the
    product arriving, a friend's post is seen with probability 0.2 * (contacts / 130) ** -0.5, at most 0.29.
    """

    posts_per_day: float = param(
        10.0, unit="posts/day", ge=0, le=1e6,
        meaning="posts that a resident of 130 contacts gets to in a day",
        source="assumption; sweep 3 to 100",
    )
    contacts_exponent: float = param(
        0.5, unit="exponent", ge=0, le=2,
        meaning="how the budget grows with contacts; below 1, users with many friends see a smaller part",
        source="direction: Liu et al. 2018, Physica A 496:318; size: assumption",
    )
    background_posts: float = param(
        0.110, unit="posts/contact/day", ge=0, le=100,
        meaning="posts about anything else that arrive from each contact",
        source="120 m of 1.09 bn daily users post to Moments on a day (Zhang Xiaolong, January 2021)",
    )

    def budget(self, contacts: NDArray[Any]) -> NDArray[np.float32]:
        """Posts a day that somebody of so many contacts gets to; shape as `contacts`."""
        ratio = contacts.astype(np.float64) / REFERENCE_CONTACTS
        return (self.posts_per_day * ratio**self.contacts_exponent).astype(np.float32)

    def background(self, contacts: NDArray[Any]) -> NDArray[np.float32]:
        """Other posts a day that arrive at somebody of so many contacts; shape as `contacts`."""
        return (self.background_posts * contacts.astype(np.float64)).astype(np.float32)
