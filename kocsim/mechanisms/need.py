"""Need: when a resident could use the product at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from kocsim.mechanisms.price import CLASSES, lognormal_classes
from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

CATEGORIES: Final = {"fresh": (48.6 / 365, 0.0), "daily": (1 / 14, 0.8), "durable": (1 / 180, 0.98)}
"""Rate (a day) and how much of an unmet need is still there on the next day. Fresh goods: as `Need.rate`, and what was
not bought today is no longer wanted; the others are assumptions."""


class Need(Section):
    """Each resident's need for the category arises anew each day with probability `rate` (C22).

    A purchase happens only on a day of need, so sales lag awareness by about 1 / `rate` days and can never
    exceed `rate` orders a resident and day. A need that was not met lasts to the next day with probability `keep`
    (perishability: 0 for what must be fresh). Rates of residents are lognormal around a mean of `rate`, in 256 classes,
    at most 1. A `category` other than "custom" brings its own rate and keep (C33).
    """

    category: Literal["custom", "fresh", "daily", "durable"] = param(
        "custom", unit="switch",
        meaning="what the product is; custom: as rate and keep say",
        source="assumption; the paper speaks of fresh and daily goods (C33)",
    )
    rate: float = param(
        48.6 / 365, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident needs the category on a given day",
        source="Pinduoduo 2020: 38.3 bn orders / 788.4 m buyers = 48.6 orders a buyer and year",
    )
    sigma: float = param(
        0.0, unit="log units", ge=0, le=3,
        meaning="spread of residents' own rates (0: all alike)",
        source="0: off; the preset full says 0.8, an assumption",
    )
    keep: float = param(
        0.0, unit="probability", ge=0, le=1,
        meaning="chance that an unmet need is still there on the next day",
        source="0: off, an assumption, as for fresh goods",
    )

    def of_category(self) -> tuple[float, float]:
        """Rate and keep of the category."""
        return CATEGORIES[self.category] if self.category != "custom" else (self.rate, self.keep)

    def relative(self) -> NDArray[np.float64]:
        """Residents' own rates by class, in units of their mean; shape (256,)."""
        values = lognormal_classes(self.sigma)
        return np.asarray(values / values.mean())

    def rates(self, factor: float = 1.0) -> NDArray[np.float64]:
        """Residents' own rates by class, times `factor`; shape (256,). One rate for all where all are alike."""
        relative = self.relative() if self.sigma else np.ones(CLASSES)
        return np.minimum(self.of_category()[0] * relative * factor, 1.0)
