"""Ties as packed words in compressed rows (CSR), and edges sorted into such rows.

An edge is packed in one int64: source (24 bits), target (24), strength (8). Sorting these keys sorts rows and receivers
at once and leaves the strongest of equal edges last. For 20 million edges that was faster than SciPy's coo -> csr with
sorted rows, which moreover sums duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kocsim.errors import DataError
from kocsim.wording import is_whole, out_of_range, shown

IntArray = npt.NDArray[np.integer[Any]]
AnyArray = npt.NDArray[Any]

MAX_RESIDENTS: Final = 2**24
"""Most residents a layer can hold: ids take 24 bits."""
ID_BITS: Final = 24
ID_MASK: Final = np.uint32(MAX_RESIDENTS - 1)
"""Picks the receiver out of a tie."""
FULL: Final = 255
"""The byte of strength 1."""

_BYTE_BITS = 8
_BLOCK = 1 << 20


def pack_edges(
    source: IntArray,
    target: IntArray,
    strength: npt.NDArray[np.uint8] | None,
    n: int,
    directed: bool,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32], dict[str, int]]:
    """Sort checked edges into rows, setting self-ties and duplicates aside.

    Parameters
    ----------
    source, target : array of int in [0, n), shape (edges,)
    strength : array of uint8, shape (edges,), or None
        Bytes; None means strength 1.
    n : int
        Number of residents, in [0, 2**24].
    directed : bool
        False: every edge runs both ways.

    Returns
    -------
    tuple of ndarray of int64 (n + 1,), ndarray of uint32 (m,), dict
        Offsets, ties, and how many self-ties and duplicates were set aside.
    """
    key = source.astype(np.int64)
    key <<= ID_BITS
    np.bitwise_or(key, target, out=key, dtype=np.int64, casting="unsafe")  # ids are in range
    key <<= _BYTE_BITS
    key |= FULL if strength is None else strength
    alike = source == target
    self_ties = int(np.count_nonzero(alike))
    if self_ties:
        key = key[~alike]
    del alike
    key.sort()
    key, duplicates = _distinct(key)
    if not directed:
        both = np.empty(2 * len(key), np.int64)
        both[: len(key)] = key
        for part in blocks(len(key)):
            there = both[len(key) :][part]
            there[:] = _swapped(key[part])
        both.sort()
        key, _ = _distinct(both)
    offsets, ties = _unpacked(key, n)
    return offsets, ties, {"self_ties": self_ties, "duplicates": duplicates}


def pack_reverse(
    offsets: npt.NDArray[np.int64], ties: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """The same ties pointing the other way, strengths kept: offsets and ties."""
    n = len(offsets) - 1
    key = np.repeat(np.arange(n, dtype=np.int64), np.diff(offsets))
    key <<= _BYTE_BITS
    key |= (ties & ID_MASK).astype(np.int64) << (ID_BITS + _BYTE_BITS)
    key |= ties >> np.uint32(ID_BITS)
    key.sort()
    return _unpacked(key, n)


def _swapped(key: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Keys with source and target exchanged."""
    receivers = int(ID_MASK) << _BYTE_BITS
    return ((key & receivers) << ID_BITS) | ((key >> ID_BITS) & receivers) | (key & FULL)


def _distinct(key: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """Keep the last, hence strongest, of each run of sorted keys that are the same edge."""
    last = np.ones(len(key), np.bool_)
    for part in blocks(len(key) - 1):
        here = key[part]
        following = key[part.start + 1 : part.stop + 1]
        np.greater(here ^ following, FULL, out=last[part])
    duplicates = len(key) - int(np.count_nonzero(last))
    return (key[last] if duplicates else key), duplicates


def _unpacked(
    key: npt.NDArray[np.int64], n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Offsets and ties of sorted, distinct keys."""
    firsts = np.arange(n + 1, dtype=np.int64) << (ID_BITS + _BYTE_BITS)
    offsets = np.searchsorted(key, firsts).astype(np.int64, copy=False)
    low = key.astype(np.uint32)  # the low 32 bits: target, then strength; swap the two
    ties = low >> np.uint32(_BYTE_BITS)
    low <<= np.uint32(ID_BITS)
    ties |= low
    return offsets, ties


def blocks(length: int) -> Iterator[slice]:
    """Slices that cover ``range(length)``, small enough for temporaries to stay small."""
    for start in range(0, length, _BLOCK):
        yield slice(start, min(start + _BLOCK, length))


def check_layer(offsets: AnyArray, ties: AnyArray) -> None:
    """Refuse arrays that do not form a layer.

    Raises
    ------
    DataError
        Naming the array, and where it goes wrong.
    """
    if offsets.ndim != 1 or offsets.dtype.kind not in "iu" or len(offsets) == 0:
        raise DataError(
            "offsets must be a one-dimensional array of n + 1 whole numbers; "
            f"got shape {offsets.shape} of {offsets.dtype}."
        )
    if ties.ndim != 1 or ties.dtype != np.uint32:
        raise DataError(
            "ties must be a one-dimensional array of uint32; "
            f"got shape {ties.shape} of {ties.dtype}."
        )
    n, m = len(offsets) - 1, len(ties)
    check_residents(n, "len(offsets) - 1")
    if offsets[0] != 0 or offsets[-1] != m:
        raise DataError(
            f"offsets must run from 0 to the {m} ties; got {offsets[0]} to {offsets[-1]}."
        )
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        raise DataError(f"offsets must not fall; they do after entry {int(falls.argmax())}.")
    ids = ties & ID_MASK
    if m and ids.max() >= n:
        raise out_of_range("ties", int(ids.max()), n)
    degree: npt.NDArray[np.int64] = (offsets[1:] - offsets[:-1]).astype(np.int64)
    row = np.repeat(np.arange(n, dtype=np.uint32), degree)
    if (alike := row == ids).any():
        raise DataError(f"ties let resident {ids[alike.argmax()]} hear themselves.")
    unsorted = (ids[1:] <= ids[:-1]) & (row[1:] == row[:-1])
    if unsorted.any():
        raise DataError(f"ties of resident {row[unsorted.argmax()]} must ascend, each named once.")


def check_residents(n: Any, name: str) -> int:
    """Check a number of residents.

    Raises
    ------
    DataError
        Unless it is a whole number in [0, 2**24].
    """
    if not is_whole(n) or not 0 <= n <= MAX_RESIDENTS:
        raise DataError(f"{name} must be a whole number in [0, {MAX_RESIDENTS}]; got {shown(n)}.")
    return int(n)
