"""Rows of those whom KOCs reach, and further contacts put into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from kocsim.packing import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Reach: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]
    """`County.koc_offsets`, `koc_ties` and `koc_via`."""


def with_further(
    reach: Reach, koc: NDArray[np.int32], further_at: NDArray[np.int64], further: NDArray[np.uint32]
) -> Reach:
    """The same rows with further contacts.

    Parameters
    ----------
    reach : tuple of ndarray
        Offsets (k + 1,), ties and their channels, as in a `County`.
    koc : ndarray of int32, shape (k,)
        The resident whose row it is; she is no contact of her own.
    further_at, further : ndarray of int64 (k + 1,), uint32
        Rows of ties that ascend by resident. Who is in the KOC's row already keeps the tie there is, and becomes a
        contact where she was only a member of a group.
    """
    from kocsim.kernels import contacts as kernels

    me = koc.astype(np.int64)
    length = np.empty(koc.size, np.int64)
    rows = [read_only(array) for array in (*reach, further_at, further, me)]
    kernels.count_further(length, *rows)
    offsets = np.zeros(koc.size + 1, np.int64)
    np.cumsum(length, out=offsets[1:])
    ties, via = np.empty(int(offsets[-1]), np.uint32), np.empty(int(offsets[-1]), np.uint8)
    kernels.fill_further(ties, via, offsets, *rows)
    return offsets, ties, via
