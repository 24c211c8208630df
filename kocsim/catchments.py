"""Which shop the residents of a community go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def nearest_shops(
    where: NDArray[np.int32], x: NDArray[np.float32], y: NDArray[np.float32], catchment: float
) -> dict[str, Any]:
    """The shop that each community goes to: the nearest within `catchment` km, or -1.

    Communities whose nearest place holds several shops are dealt to them in turn.
    """
    serves = np.full(x.size, -1, np.int32)
    if where.size:
        sites, first, count = np.unique(where, return_index=True, return_counts=True)
        served = np.zeros(sites.size, np.int64)
        for c in range(x.size):
            distance = np.hypot(x[sites] - x[c], y[sites] - y[c])
            site = int(distance.argmin())
            if distance[site] <= catchment:
                serves[c] = first[site] + served[site] % count[site]
                served[site] += 1
    return {"shop_community": where, "community_shop": serves}
