"""Income and price: who can afford it, and who minds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES: Final = 256
"""Incomes and needs are lognormal in so many classes of equal size."""

MOST_OFTEN: Final = 1e9
"""More than any chance to buy is ever multiplied by."""


def lognormal_classes(sigma: float) -> NDArray[np.float64]:
    """Values of a lognormal of median 1 at the middle of each class; shape (256,)."""
    from scipy.special import ndtri

    values: NDArray[np.float64] = np.exp(sigma * ndtri((np.arange(CLASSES) + 0.5) / CLASSES))
    return values


class Price(Section):
    """What an order costs, and how residents respond, by income (C102).

    Incomes are lognormal. The chance to buy on a day of need is multiplied by ::

        (price / reference) ** -e,   e = elasticity x (income / median) ** -income_exponent

    so at the reference price nothing changes, below it all buy more, and those of low income most. Members pay less
    (`kocsim.mechanisms.membership`). Switched off by ``elasticity = 0``.
    """

    price: float = param(
        20.0, unit="yuan/order", ge=0.01, le=1e6,
        meaning="what an order costs",
        source="assumption: about 20 yuan an order at Xingsheng, by a weak source (frxsjm.cn)",
    )
    reference: float = param(
        20.0, unit="yuan/order", ge=0.01, le=1e6,
        meaning="price at which residents buy with the probabilities of the section purchase",
        source="by definition: the default price",
    )
    elasticity: float = param(
        0.0, unit="exponent", ge=0, le=20,
        meaning="by how many per cent the chance to buy falls when the price rises by one, at median income",
        source="0: off; the preset full says 1.5, an assumption",
    )
    income_exponent: float = param(
        0.5, unit="exponent", ge=0, le=5,
        meaning="how the elasticity falls with income (0: all respond alike)",
        source="assumption; sweep 0 to 1 (C102)",
    )
    income_median: float = param(
        2000.0, unit="yuan/month", gt=0, le=1e7,
        meaning="median income of a resident",
        source="assumption: below the 5,000 that the paper names for 600 million people (C102)",
    )
    income_sigma: float = param(
        0.8, unit="log units", ge=0, le=3,
        meaning="spread of incomes (lognormal)",
        source="assumption",
    )

    def incomes(self) -> NDArray[np.float64]:
        """Income by class, yuan a month; shape (256,)."""
        return self.income_median * lognormal_classes(self.income_sigma)

    def factors(self, discounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the chance to buy is multiplied by, by tier of membership and class of income; shape (tiers, 256)."""
        exponent = self.elasticity * lognormal_classes(self.income_sigma) ** -self.income_exponent
        ratio = np.maximum(self.price * (1 - discounts), 0.01) / self.reference
        with np.errstate(over="ignore"):
            return np.asarray(np.minimum(ratio[:, None] ** -exponent, MOST_OFTEN))
