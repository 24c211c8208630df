"""What shops and pick-up points have to do with money: last touches of shop visits, rent, and stops of the delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.catchments import pick_up_points, populations

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.scenario import Scenario

FIRST, ORDERS, SALES, LISTED = range(4)
"""Rows of `ShopBooks.credited`."""


class ShopBooks:
    """Orders by shop, and what delivery costs.

    Attributes
    ----------
    credited : ndarray of int64, shape (4, shops)
        Of the orders whose last touch was a visit to a shop: first orders, orders, sales (fen), the same at list price.
    shows, days : ndarray of bool and int64, shape (shops,)
        Whether each shop showed the product on the last day, and on how many days it has.
    """

    TRANSIENT: Final = frozenset(("scenario", "county", "catchment", "_points"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, scenario: Scenario, county: County) -> None:
        c = county
        self.scenario, self.county = scenario, c
        self.catchment = populations(c.community_shop, c.shops, c.community_population)
        self.shows = np.zeros(c.shops, np.bool_)
        self.days = np.zeros(c.shops, np.int64)
        self.credited = np.zeros((4, c.shops), np.int64)
        self._points = pick_up_points(c.community_shop, scenario.delivery.point == "shop")

    def sell(
        self, shop: NDArray[np.int32], new: NDArray[np.bool_], paid: NDArray[np.int64], listed: NDArray[np.int64]
    ) -> None:
        """Credit a day's orders: shop of the last touch of each (-1: none), whether first, fen paid, fen listed."""
        here = shop >= 0
        if here.any():
            at, many = shop[here], self.credited.shape[1]
            # whole numbers below 2**53, so sums of floats are exact
            for row, of_each in ((FIRST, new), (ORDERS, None), (SALES, paid), (LISTED, listed)):
                weights = None if of_each is None else of_each[here].astype(np.float64)
                self.credited[row] += np.bincount(at, weights, many).astype(np.int64)

    def pay_rent(self, shows: NDArray[np.bool_]) -> None:
        """Count a day for the shops that show the product."""
        self.shows = shows
        self.days += shows

    def delivered(self, ordered: NDArray[np.uint8]) -> int:
        """What it costs to bring a day's orders, in fen; ``ordered`` is 1 for residents who ordered."""
        d, who = self.scenario.delivery, np.flatnonzero(ordered.view(np.bool_))
        somebody = np.zeros(self.county.communities, np.bool_)
        somebody[self.county.community[who]] = True
        stops = np.unique(self._points[somebody]).size
        return int(stops * round(d.stop * 100) + who.size * round(d.order * 100))

    def table(self, orders: NDArray[np.uint16] | None) -> pd.DataFrame:
        """`Result.shops`; ``orders`` of each resident so far, where they are known."""
        import pandas as pd

        c, m = self.county, self.scenario.money
        columns: dict[str, Any] = {
            "community": c.shop_community, "x": c.community_x[c.shop_community], "y": c.community_y[c.shop_community],
            "catchment": self.catchment, "display": self.shows,
        }
        if orders is not None:
            by_community = np.bincount(c.community, orders, c.communities).astype(np.int64)
            columns["orders"] = populations(c.community_shop, c.shops, by_community)
        columns |= {
            "first_orders": self.credited[FIRST], "credited_orders": self.credited[ORDERS],
            "sales": self.credited[SALES], "goods": np.rint(self.credited[LISTED] * m.goods).astype(np.int64),
            "rent": self.days * round(m.rent * 100),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(c.shops, name="shop"))
