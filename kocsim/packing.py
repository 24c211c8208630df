"""Ties as packed words in compressed rows (CSR), and edges sorted into such rows.

Edges are sorted by compiled code (`kocsim.kernels.edges`): parted into buckets of neighbouring sources, and sorted
there within the cache. Beside the columns that takes 8 bytes an arc while it works, and 4 for the tie and 4 for the
number of the edge it came from, which stay; an undirected edge makes two arcs. Strengths add a byte an edge; exact ones
4 bytes an edge, and 4 an arc, which stay.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

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

_BLOCK = 1 << 20
_BUCKET = 1 << 15  # words: with room to sort them, 512 KiB
_MOST_BUCKETS = 1 << 10  # written to in turns, so that their ends should fit the cache; more only for many residents
_DIGIT = 11  # bits sorted at a time: counting their 2048 values must pay
_WHOLE = np.full(1, FULL, np.uint8)
_NONE = np.empty(0, np.float32)
_NONE.flags.writeable = _WHOLE.flags.writeable = False


class Columns(NamedTuple):
    """Two columns of ids as kernels read them, with what one look at them shows."""

    source: IntArray
    """int32 or int64, both the same, read-only."""
    target: IntArray
    lowest: tuple[int, int]
    """Lowest source and target; 0 where there are no edges. Numbers of 2**31 (2**63) and more wrap round."""
    highest: tuple[int, int]
    """Highest source and target; -1 where there are no edges."""
    self_ties: int
    in_order: bool
    """No self-ties, and each edge lies beyond the one before it in (source, target)."""


class Rows(NamedTuple):
    """A layer in rows, and where its ties came from."""

    offsets: npt.NDArray[np.int64]
    ties: npt.NDArray[np.uint32]
    exact: npt.NDArray[np.float32] | None = None
    """Strengths, where bytes do not hold them."""
    edge: IntArray | None = None
    """The edge that each tie came from; None: tie k is edge k."""
    self_ties: int = 0
    """How many were set aside."""
    duplicates: int = 0


def survey(source: IntArray, target: IntArray) -> Columns:
    """Look at two columns of whole numbers, of equal length: ranges, self-ties, order."""
    source, target = _plain(source), _plain(target)
    if source.dtype != target.dtype:
        source, target = source.astype(np.int64, copy=False), target.astype(np.int64, copy=False)
    source, target = read_only(source), read_only(target)
    if not len(source):
        return Columns(source, target, (0, 0), (-1, -1), 0, True)
    from kocsim.kernels import edges as kernels

    out = np.empty(6, np.int64)
    kernels.survey(source, target, out)
    low_s, high_s, low_t, high_t, self_ties, in_order = out.tolist()
    return Columns(source, target, (low_s, low_t), (high_s, high_t), self_ties, bool(in_order))


def pack_edges(
    columns: Columns,
    strength: npt.NDArray[np.uint8] | None,
    exact: npt.NDArray[np.float32] | None,
    n: int,
    directed: bool,
) -> Rows:
    """Sort edges into rows, setting self-ties and duplicates aside.

    Parameters
    ----------
    columns : Columns
        Edges between residents in [0, n).
    strength : array of uint8, shape (edges,) or (1,), or None
        Bytes; one for all; None means strength 1.
    exact : array of float32, shape (edges,) or (1,), or None
        Strengths as given, where bytes do not hold them.
    n : int
        Number of residents, in [0, 2**24].
    directed : bool
        False: every edge runs both ways.

    Returns
    -------
    Rows
        Of equal edges the strongest is kept, of equally strong ones the first.

    Raises
    ------
    DataError
        If an edge names a resident who is not there, or there are too many edges (2**32 and more).
    """
    from kocsim.kernels import edges as kernels

    source, target = columns.source, columns.target
    for name, low, high in zip(("source", "target"), columns.lowest, columns.highest, strict=True):
        if low < 0 or high >= n:  # kernels do not look again
            raise out_of_range(name, low if low < 0 else high, n)
    offsets = np.zeros(n + 1, np.int64)
    if not len(source):
        return Rows(offsets, np.empty(0, np.uint32))
    strength = _WHOLE if strength is None else read_only(strength)
    if directed and columns.in_order:
        ties = np.empty(len(source), np.uint32)
        kernels.rows_in_order(source, target, strength, offsets, ties)
        return Rows(offsets, ties, _each(exact, len(source)))
    ways = 1 if directed else 2
    many = exact is not None and len(exact) > 1
    words = _Words((len(source) - columns.self_ties) * ways, n, ways * len(source), len(strength) > 1)
    kernels.bucket_sizes(source, target, words.layout[0], not directed, words.count)
    kernels.part(source, target, strength, words.layout, not directed, words.places(), words.words)
    rows = words.rows(offsets, len(source), not directed, int(strength[0]), exact if many else None)
    return rows._replace(exact=rows.exact if many else _each(exact, len(rows.ties)), self_ties=columns.self_ties)


def pack_rows(
    offsets: IntArray,
    receivers: IntArray,
    strength: npt.NDArray[np.uint8] | None,
    exact: npt.NDArray[np.float32] | None,
) -> Rows | None:
    """A layer from rows of receivers; None unless rows ascend, without duplicates and self-ties."""
    bounds = offsets.astype(np.int64)
    if bounds[0] != 0 or bounds[-1] != len(receivers):
        return None
    from kocsim.kernels import edges as kernels

    ties = np.empty(len(receivers), np.uint32)
    strength = _WHOLE if strength is None or not len(strength) else read_only(strength)
    if not kernels.rows_as_they_are(read_only(bounds), read_only(_plain(receivers)), strength, ties):
        return None
    return Rows(bounds, ties, _each(exact, len(ties)))


def pack_reverse(
    offsets: npt.NDArray[np.int64],
    ties: npt.NDArray[np.uint32],
    exact: npt.NDArray[np.float32] | None,
    edge: IntArray | None,
) -> Rows:
    """The same ties pointing the other way; strengths are kept, and the edge each tie came from."""
    n, m = len(offsets) - 1, len(ties)
    turned = np.zeros(n + 1, np.int64)
    if not m:
        return Rows(turned, np.empty(0, np.uint32), exact, edge)
    from kocsim.kernels import edges as kernels

    numbers: IntArray = np.empty(0, np.int32)  # ties are numbered as they come: exact strengths are looked up by that,
    if edge is not None and edge.dtype == np.int32 and exact is None:
        numbers = edge  # or take the number of their edge along
    below = int(numbers.max()) + 1 if len(numbers) else m
    offsets, ties = read_only(offsets), read_only(ties)
    words = _Words(m, n, below, True)
    kernels.tie_bucket_sizes(ties, words.layout[0], words.count)
    kernels.part_ties(offsets, ties, read_only(numbers), words.layout, words.places(), words.words)
    rows = words.rows(turned, below, False, 0, exact, from_bit=int(words.layout[1]))
    if edge is None or len(numbers) or rows.edge is None:
        return rows
    return rows._replace(edge=picked(edge, rows.edge))


class _Words:
    """Edges as kernels sort them, a word of 64 bits each: see `kocsim.kernels.edges`.

    Parameters
    ----------
    m : int
        How many; an edge that runs both ways makes two.
    n : int
        Number of residents.
    numbers : int
        Numbers of edges lie below it.
    carry : bool
        Whether strengths travel along.

    Raises
    ------
    DataError
        If 64 bits are not enough for a word.
    """

    def __init__(self, m: int, n: int, numbers: int, carry: bool) -> None:
        bits, byte = max(1, (n - 1).bit_length()), 8 if carry else 0
        tail = (numbers - 1).bit_length() + byte
        parting = (min(m // _BUCKET, _MOST_BUCKETS) | 1).bit_length() - 1
        shift = max(0, min(bits - parting, 64 - tail - bits, _DIGIT))
        if tail + bits > 64:
            raise DataError(f"{m} ties of {n} residents are too many to be sorted.")
        self.layout = np.array([shift, bits, tail, byte])
        self.words = np.empty(m, np.uint64)
        self._starts = np.zeros(((n - 1) >> shift) + 2, np.int64)

    @property
    def count(self) -> npt.NDArray[np.int64]:
        """Where to count the words of each bucket."""
        return self._starts[1:]

    def places(self) -> npt.NDArray[np.uint64]:
        """Where the words of each bucket begin, once they are counted."""
        np.cumsum(self._starts, out=self._starts)
        return self._starts.astype(np.uint64)

    def rows(
        self,
        offsets: npt.NDArray[np.int64],
        edges: int,
        both: bool,
        fill: int,
        exact: npt.NDArray[np.float32] | None,
        from_bit: int = 0,
    ) -> Rows:
        """The layer, once words are in their buckets; `offsets` is filled.

        Edges are numbered below `edges`; all have strength byte `fill` unless it was carried along. Below `from_bit`,
        targets are in order already.
        """
        from kocsim.kernels import edges as kernels

        shift, bits, tail, _ = self.layout.tolist()
        m = len(self.words)
        digits = -(-(bits - from_bit) // (_DIGIT if m > len(self._starts) << _DIGIT else 8))
        cuts = [tail + from_bit + (bits - from_bit) * d // digits for d in range(digits)] + [tail + bits]
        cuts += [tail + bits + shift] if shift else []  # the last digit is the source
        widest = max((high - low for low, high in itertools.pairwise(cuts)), default=0)
        largest = int(np.diff(self._starts).max(initial=0))
        ties = np.empty(m, np.uint32)
        edge: IntArray = np.empty(m, np.int32) if edges <= 2**31 else np.empty(m, np.int64)
        weight = np.empty(0 if exact is None else m, np.float32)
        kept, duplicates = kernels.rows(
            self.words, self._starts, self.layout, np.array(cuts), both, fill,
            _NONE if exact is None else read_only(exact),
            np.empty(largest, np.uint64),
            np.empty((len(cuts) - 1, 1 << widest), np.uint32),
            np.empty(0 if exact is None else largest, np.float32),
            offsets, ties, edge, weight,
        )
        for column in (ties, edge, weight) if kept < m else ():
            if len(column):
                column.resize(kept, refcheck=False)  # gives memory back without a copy; nobody else looks at it yet
        return Rows(offsets, ties, None if exact is None else weight, edge, duplicates=duplicates)


def picked(values: AnyArray, which: IntArray) -> AnyArray:
    """``values[which]``, for numbers that are known to be in range; without turning all of them into int64."""
    out = np.empty(len(which), values.dtype)
    for part in blocks(len(which)):
        np.take(values, which[part], out=out[part], mode="clip")
    return out


def strengths(ties: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Strength byte of every tie; a new array."""
    out = np.empty(len(ties), np.uint8)
    for part in blocks(len(ties)):
        out[part] = ties[part] >> np.uint32(ID_BITS)
    return out


def _each(values: npt.NDArray[np.float32] | None, m: int) -> npt.NDArray[np.float32] | None:
    """A value for each of m ties, from as many or one; a copy."""
    return None if values is None else np.array(np.broadcast_to(values, (m,)))


def _plain(column: IntArray) -> IntArray:
    """The whole numbers as kernels read them: int32 or int64, one beside the other."""
    native = column.dtype.newbyteorder("=")
    column = np.require(column, native, ["C", "A"])
    if native.kind == "u" and native.itemsize >= 4:
        return column.view(np.int32 if native.itemsize == 4 else np.int64)
    return column.astype(np.int64 if native.itemsize == 8 else np.int32, copy=False)


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same data, not to be written: kernels are compiled once for arrays they only read, whoever owns them."""
    view = array.view()
    view.flags.writeable = False
    return view


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
