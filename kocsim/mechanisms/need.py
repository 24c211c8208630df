"""Need: when a resident could use the product at all."""

from __future__ import annotations

from kocsim.parameters import Section, param


class Need(Section):
    """Each resident's need for the category arises anew each day with probability `rate` (C22).

    A purchase happens only on a day of need, so sales lag awareness by about 1 / `rate` days and can never
    exceed `rate` orders a resident and day.
    """

    rate: float = param(
        48.6 / 365, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident needs the category on a given day",
        source="Pinduoduo 2020: 38.3 bn orders / 788.4 m buyers = 48.6 orders a buyer and year",
    )
