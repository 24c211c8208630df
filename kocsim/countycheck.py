"""What the arrays of a county must be: their types and sizes, the order of their rows, and how they fit each other.

Compiled code relies on it and looks at nothing again.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.errors import DataError
from kocsim.packing import ID_MASK, MAX_RESIDENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.ties import Ties

BLOCK = 1 << 20
"""Ties looked at in one go when a county is checked, so that temporaries stay small."""
CHANNEL_ORDER = np.array([3, 0, 2, 1])
"""Where a KOC's tie stands in its row by `County.koc_via`: contacts only, both, members only."""
DTYPES = {
    "friends_offsets": np.int64, "friends_ties": np.uint32, "ties_in": np.int32, "contacts": np.uint16,
    "household": np.int32, "community": np.int32, "koc": np.int32, "koc_offsets": np.int64,
    "koc_ties": np.uint32, "koc_via": np.uint8, "group_offsets": np.int64, "group_members": np.uint32,
    "group_leader": np.int32, "community_x": np.float32, "community_y": np.float32,
    "community_township": np.int32, "community_shop": np.int32, "shop_community": np.int32,
}
"""What compiled code takes each array for."""


def arrays_of(county: County) -> dict[str, NDArray[Any]]:
    """All arrays of a county by name, labels and a user's own columns included."""
    arrays: dict[str, NDArray[Any]] = {
        "friends_offsets": county.friends.offsets, "friends_ties": county.friends.ties,
    }
    if county.friends.labels is not None:
        arrays["friends_labels"] = county.friends.labels
    arrays |= {name: getattr(county, name) for name in DTYPES if not name.startswith("friends_")}
    arrays |= {f"column_{name}": column for name, column in county.columns.items()}
    return arrays


def in_degrees(friends: Ties) -> NDArray[np.int64]:
    """How many residents each resident can hear, as `Ties.in_degree`, compiled; shape (n,)."""
    from kocsim.kernels import world

    out = np.zeros(friends.n, np.int64)
    world.in_degrees(friends.ties, out)
    return out


def check_size(residents: int) -> None:
    """Refuse more residents than ties of 24 bits can name, and none at all.

    Raises
    ------
    DataError
        Unless the number lies in [1, 2**24].
    """
    if not 1 <= residents <= MAX_RESIDENTS:
        raise DataError(f"A county holds 1 to {MAX_RESIDENTS:,} residents; got {residents:,}.")


def check_county(county: County) -> None:
    """See `County.check`."""
    c = county
    n, k, s = c.n, c.koc.size, c.shops
    check_sizes(c)
    _check_rows("friends", c.friends.offsets, c.friends.ties, n, np.arange(n))
    _check_rows("group_members", c.group_offsets, c.group_members, n)
    for name, values, low, high in (
        ("ties_in", c.ties_in, 0, n - 1),
        ("household", c.household, 0, n - 1),
        ("community", c.community, 0, c.communities - 1),
        ("koc", c.koc, 0, n - 1),
        ("koc_via", c.koc_via, 1, 3),
        ("group_leader", c.group_leader, -1, k - 1),
        ("community_township", c.community_township, 0, None),
        ("community_shop", c.community_shop, -1, s - 1),
        ("shop_community", c.shop_community, 0, c.communities - 1),
    ):
        _check_range(name, values, low, high)
    for name, finite in (
        ("community_x", np.isfinite(c.community_x)), ("community_y", np.isfinite(c.community_y))
    ):
        if not finite.all():
            raise DataError(f"{name} must be finite; it is not for community {int(finite.argmin())}.")
    if (falls := np.diff(c.koc) <= 0).any():
        raise DataError(f"koc must ascend; it does not after entry {int(falls.argmax())}.")
    _check_rows("koc_ties", c.koc_offsets, c.koc_ties, n, c.koc, CHANNEL_ORDER[c.koc_via])
    if not np.array_equal(c.ties_in, in_degrees(c.friends)):
        raise DataError("ties_in must count the ties that end at each resident.")


def check_sizes(county: County) -> None:
    """Check the number of entries of every array, without reading what is in them.

    Raises
    ------
    DataError
        Naming the first array of the wrong size.
    """
    c = county
    n, k, m = c.n, c.koc.size, c.koc_ties.size
    if not 1 <= n <= MAX_RESIDENTS:
        raise DataError(f"contacts must name 1 to {MAX_RESIDENTS:,} residents; got {n:,}.")
    sizes: list[tuple[str, NDArray[Any], int]] = [
        ("friends_offsets", c.friends.offsets, n + 1), ("ties_in", c.ties_in, n),
        ("household", c.household, n), ("community", c.community, n),
        ("koc_offsets", c.koc_offsets, k + 1), ("koc_via", c.koc_via, m),
        ("group_offsets", c.group_offsets, c.groups + 1), ("community_y", c.community_y, c.communities),
        ("community_township", c.community_township, c.communities),
        ("community_shop", c.community_shop, c.communities),
        *((f"column {name!r}", column, n) for name, column in c.columns.items()),
    ]
    for name, array, size in sizes:
        if array.ndim != 1 or array.size != size:
            raise DataError(f"{name} must have {size:,} entries; it has {array.size:,}.")
    for name, offsets, ties in (
        ("friends_offsets", c.friends.offsets, c.friends.ties), ("koc_offsets", c.koc_offsets, c.koc_ties),
        ("group_offsets", c.group_offsets, c.group_members),
    ):
        if offsets[0] != 0 or offsets[-1] != ties.size:
            raise DataError(f"{name} must run from 0 to {ties.size:,}; they run from {offsets[0]:,} to "
                            f"{offsets[-1]:,}.")


def _check_range(name: str, values: NDArray[Any], low: int, high: int | None) -> None:
    if not values.size:
        return
    least, most = int(values.min()), int(values.max())
    if least < low or (high is not None and most > high):
        wrong = least if least < low else most
        raise DataError(f"{name} must lie in [{low}, {'inf' if high is None else high}]; got {wrong}.")


def _check_rows(
    name: str, offsets: NDArray[np.int64], ties: NDArray[np.uint32], n: int,
    owner: NDArray[Any] | None = None, stretch: NDArray[Any] | None = None,
) -> None:
    """Rows of a CSR: residents who exist, ascending, each once, and never the `owner` of the row.

    With `stretch`, rows ascend by that first and within it by resident.
    """
    if (falls := offsets[1:] < offsets[:-1]).any():
        raise DataError(f"offsets of {name} must not fall; they do after entry {int(falls.argmax())}.")
    for a, b in _row_blocks(offsets):
        block = slice(offsets[a], offsets[b])
        ids = ties[block] & ID_MASK
        if ids.size and ids.max() >= n:
            raise DataError(f"{name} names resident {int(ids.max())}, but the last is {n - 1}.")
        row = np.repeat(np.arange(a, b), np.diff(offsets[a : b + 1]))
        if owner is not None and (alike := owner[row] == ids).any():
            raise DataError(f"row {row[alike.argmax()]} of {name} must not name its own resident.")
        rank = ids.astype(np.int64)
        if stretch is not None:
            twice = np.diff(np.sort(row << 24 | ids)) == 0
            if twice.any():
                raise DataError(f"a row of {name} from {a} to {b - 1} names a resident twice.")
            rank |= stretch[block] << 24
        wrong = (rank[1:] <= rank[:-1]) & (row[1:] == row[:-1])
        if wrong.any():
            how = "each resident once" if stretch is None else "contacts first, then both, then members"
            raise DataError(f"row {row[wrong.argmax()]} of {name} must ascend, {how}.")


def _row_blocks(offsets: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about `BLOCK` ties each; none where there are no ties."""
    cuts = np.searchsorted(offsets, np.arange(0, int(offsets[-1]), BLOCK), side="left")
    return itertools.pairwise(np.unique(np.append(cuts, offsets.size - 1)).tolist())
