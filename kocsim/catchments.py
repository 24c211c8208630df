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


def by_catchment(serves: NDArray[np.int32], population: NDArray[np.int64], shops: int) -> NDArray[np.int64]:
    """Shops by residents of the communities that go to them, the largest first."""
    return np.argsort(-populations(serves, shops, population), kind="stable")


def walk_in_chances(
    serves: NDArray[np.int32], where: NDArray[np.int32], x: NDArray[np.float32], y: NDArray[np.float32],
    shows: NDArray[np.bool_], *, visit: float, scale: float,
) -> NDArray[np.float64]:
    """Chance that a resident of each community walks into its shop on a day, and finds the product there.

    Parameters
    ----------
    serves, where
        Shop of each community, or -1; community of each shop.
    x, y
        Of the communities; km.
    shows
        Which shops show the product.
    visit, scale : float
        ``visit * exp(-distance / scale)``.
    """
    shown = np.append(shows, False)[serves]  # the last one: no shop
    return np.where(shown, visit * np.exp(-ways(serves, where, x, y) / scale), 0.0)


def ways(
    serves: NDArray[np.int32], where: NDArray[np.int32], x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Distance from each community to its shop, in km; without meaning where it has none."""
    at = where[serves] if where.size else np.zeros(serves.size, np.int32)
    distance: NDArray[np.float64] = np.hypot(x.astype(np.float64) - x[at], y.astype(np.float64) - y[at])
    return distance


def populations(serves: NDArray[np.int32], shops: int, of_each: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of a whole number of each community (its residents, for example) over the communities of each shop."""
    served = serves >= 0
    return np.bincount(serves[served], of_each[served], shops).astype(np.int64)


def pick_up_points(serves: NDArray[np.int32], at_shops: bool) -> NDArray[np.int64]:
    """Number of the place to which each community's orders are brought: its own, or its shop's where it has one."""
    own = np.arange(serves.size)
    return np.where(serves >= 0, serves + serves.size, own) if at_shops else own


def pick_up_chances(
    serves: NDArray[np.int32], where: NDArray[np.int32], x: NDArray[np.float32], y: NDArray[np.float32], scale: float
) -> NDArray[np.float64]:
    """Chance that a resident of each community comes to its shop for an order: ``exp(-distance / scale)``, or 0."""
    return np.where(serves >= 0, np.exp(-ways(serves, where, x, y) / scale), 0.0)
