"""Response: what seeing a post does to a resident's evidence for the product."""

from __future__ import annotations

import math

from kocsim.parameters import Section, param


class Response(Section):
    """Evidence from the first cue, from further distinct sources, and from repetition; and its fading.

    A post seen over a tie weighs w = strength x channel persuasiveness x quality, in [0, 1]. With
    N the sources seen today for the first time ever, R all other posts seen today, the day's evidence is ::

        gain = further * sum_N(w) + repeat * sum_R(w)
             + (first - further) * mean_N(w)      if no source had ever been seen before today
        evidence = evidence * 2 ** (-1 / half_life) + gain

    A source is a KOC (whatever the channel), a friend, or a social group (voices within one group are not
    independent of each other: Ugander et al., PNAS 2012, counted contexts, not contacts).

    The literature disagrees. Huang and Lin's experiment with 37 million users of Moments (SSRN 3901637)
    found that the first friend's cue raises clicks and further ones do not: `further` = 0. Centola (Science
    2010) found adoption to rise with each further neighbour: `further` = 1, or above for reinforcement.
    The default lies between.
    """

    first: float = param(
        1.0, unit="evidence", ge=0, le=100,
        meaning="evidence from the first source ever seen, at weight 1",
        source="1 by definition: the unit of evidence",
    )
    further: float = param(
        0.5, unit="evidence", ge=0, le=100,
        meaning="evidence from each further distinct source, at weight 1",
        source="assumption between Huang & Lin (SSRN 3901637: 0) and Centola (Science 2010: >= 1); sweep both",
    )
    repeat: float = param(
        0.1, unit="evidence", ge=0, le=100,
        meaning="evidence from a further post of a source already seen, at weight 1",
        source="assumption",
    )
    half_life: float = param(
        30.0, unit="days", gt=0, le=1e6,
        meaning="days in which evidence fades to half",
        source="assumption",
    )

    def retention(self) -> float:
        """Share of evidence left after one day."""
        return math.exp2(-1.0 / self.half_life)
