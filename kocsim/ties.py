"""Who can hear whom: one audience layer, read from the libraries and files people keep networks in.

**Ties point the way information flows**: a tie ``source -> target`` means that `target` can hear
what `source` says. Surveys often record the opposite ("A names B as her source of advice"): swap
the two columns when importing those, or call `Ties.reverse` afterwards.

The layer is held in compressed rows (CSR). Receiver and strength of a tie share one 32-bit word,
so that a county of a million residents with twenty million ties takes 88 MB.
"""

from __future__ import annotations

import difflib
import itertools
import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from kocsim.errors import DataError, FileError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

IntArray = npt.NDArray[np.integer[Any]]
AnyArray = npt.NDArray[Any]
Place = Callable[[int], str]
"""Says where entry i of a column stands in the user's data, for an error message."""

MAX_RESIDENTS = 2**24
"""Most residents a layer can hold: ids take 24 bits."""

_ID_BITS = 24
_BYTE_BITS = 8
_ID_MASK = MAX_RESIDENTS - 1
_FULL = 255
_BLOCK = 1 << 20
_EXACT = 2**53  # beyond it a float64 no longer tells neighbouring whole numbers apart

_ACCEPTED = (
    "Ties, a scipy sparse matrix, a networkx or igraph graph, a DataFrame, "
    "the path of a .parquet file, or a tuple (source, target)"
)


class Ties:
    """One audience layer: for every resident, who can hear them and how strongly.

    A tie points the way information flows, from the one who speaks to the one who hears. If your
    data say "A names B as her source", then B is the `source` and A the `target`.

    Use one of the ``from_...`` methods to read a network; the constructor takes finished arrays.

    Parameters
    ----------
    offsets : array of int, shape (n + 1,)
        The audience of resident i is ``ties[offsets[i]:offsets[i + 1]]``.
    ties : array of uint32, shape (m,)
        Receiver id in the low 24 bits, strength byte in the high 8: byte b means strength b/255.
        Within a row, receivers ascend, without duplicates and without the resident themselves.
    labels : sequence, shape (n,), optional
        The user's own names of the residents, in row order, all different.
    dropped : dict, optional
        What an import set aside: ``{"self_ties": k, "duplicates": k}``.
    check : bool, default True
        Check the arrays. Leave it on unless they come from code that has already done so.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n + 1,)
    ties : ndarray of uint32, shape (m,)
    labels : ndarray of int64 or object, shape (n,), or None
    dropped : dict of str to int

    Raises
    ------
    DataError
        If the arrays do not form such a layer.

    See Also
    --------
    Ties.from_any : reads whatever you have.

    Examples
    --------
    >>> ties = Ties.from_edges([0, 0, 1], [1, 2, 2], strength=[1.0, 0.5, 1.0])
    >>> ties
    <Ties: 3 residents, 3 ties>
    >>> ties.row(0)
    array([1, 2], dtype=int32)
    """

    __slots__ = ("dropped", "labels", "offsets", "ties")

    offsets: npt.NDArray[np.int64]
    ties: npt.NDArray[np.uint32]
    labels: AnyArray | None
    dropped: dict[str, int]

    def __init__(
        self,
        offsets: npt.ArrayLike,
        ties: npt.ArrayLike,
        labels: Iterable[Any] | None = None,
        dropped: dict[str, int] | None = None,
        *,
        check: bool = True,
    ) -> None:
        words = np.asarray(ties)
        bounds = np.asarray(offsets)
        if check:
            _check_layer(bounds, words)
            labels = None if labels is None else _read_labels(labels, len(bounds) - 1)
        self.offsets = np.ascontiguousarray(bounds, dtype=np.int64)
        self.ties = np.ascontiguousarray(words, dtype=np.uint32)
        self.labels = cast("AnyArray | None", labels)
        self.dropped = {"self_ties": 0, "duplicates": 0} | (dropped or {})

    # -- what is in it ---------------------------------------------------------------------------

    @property
    def n(self) -> int:
        """Number of residents."""
        return len(self.offsets) - 1

    @property
    def m(self) -> int:
        """Number of ties; an undirected edge makes two."""
        return len(self.ties)

    @property
    def targets(self) -> npt.NDArray[np.int32]:
        """Receiver of every tie, int32, shape (m,). A new array at each access."""
        return (self.ties & np.uint32(_ID_MASK)).view(np.int32)

    @property
    def strength(self) -> npt.NDArray[np.uint8]:
        """Strength byte of every tie, uint8, shape (m,): b means b/255. New at each access."""
        return (self.ties >> np.uint32(_ID_BITS)).astype(np.uint8)

    def out_degree(self) -> npt.NDArray[np.int64]:
        """How many residents can hear each resident, shape (n,)."""
        return np.diff(self.offsets)

    def in_degree(self) -> npt.NDArray[np.int64]:
        """How many residents each resident can hear, shape (n,)."""
        return np.bincount(self.targets, minlength=self.n).astype(np.int64, copy=False)

    def row(self, i: int) -> npt.NDArray[np.int32]:
        """Those who can hear resident i, ascending.

        Parameters
        ----------
        i : int
            A row number in [0, n), not a label.

        Raises
        ------
        DataError
            If there is no such resident.
        """
        if not _is_whole(i) or not 0 <= i < self.n:
            raise DataError(f"row names resident {_shown(i)}, but {_there_are(self.n)}.")
        start, stop = self.offsets[i], self.offsets[i + 1]
        return (self.ties[start:stop] & np.uint32(_ID_MASK)).view(np.int32)

    def reverse(self) -> Ties:
        """The same ties pointing the other way, strengths kept."""
        key = np.repeat(np.arange(self.n, dtype=np.int64), self.out_degree())
        key <<= _BYTE_BITS
        key |= self.targets.astype(np.int64) << (_ID_BITS + _BYTE_BITS)
        key |= self.strength
        key.sort()
        return _from_key(key, self.n, self.labels, dict(self.dropped))

    def is_symmetric(self) -> bool:
        """Whether every tie also runs the other way, with the same strength."""
        if not np.array_equal(self.out_degree(), self.in_degree()):
            return False
        return np.array_equal(self.ties, self.reverse().ties)

    def to_scipy(self) -> csr_array[Any]:
        """Adjacency in SciPy's form: rows are sources, values are strengths in [0, 1].

        Returns
        -------
        scipy.sparse.csr_array of float64, shape (n, n)
            A tie of strength 0 is a stored zero. ``Ties.from_scipy(matrix, strength=True)`` gives
            the layer back, but for its labels.
        """
        from scipy.sparse import csr_array

        index = np.int32 if self.m < 2**31 else np.int64
        parts = (self.strength / _FULL, self.targets.astype(index), self.offsets.astype(index))
        return csr_array(parts, shape=(self.n, self.n))

    def __repr__(self) -> str:
        aside = [
            f"{count:,} {kind.replace('_', '-') if count != 1 else kind[:-1].replace('_', '-')}"
            for kind, count in self.dropped.items()
            if count
        ]
        tail = f", set aside {' and '.join(aside)}" if aside else ""
        people = "resident" if self.n == 1 else "residents"
        return f"<Ties: {self.n:,} {people}, {self.m:,} {'tie' if self.m == 1 else 'ties'}{tail}>"

    def __eq__(self, other: object) -> bool:
        """Same residents, ties, strengths and labels; `dropped` does not count."""
        if not isinstance(other, Ties):
            return NotImplemented
        if (self.labels is None) != (other.labels is None):
            return False
        return (
            np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.ties, other.ties)
            and (self.labels is None or np.array_equal(self.labels, cast(AnyArray, other.labels)))
        )

    __hash__ = None  # type: ignore[assignment]  # arrays can change

    # -- where it comes from ---------------------------------------------------------------------

    @classmethod
    def from_edges(
        cls,
        source: npt.ArrayLike | Sequence[Any],
        target: npt.ArrayLike | Sequence[Any],
        strength: npt.ArrayLike | Sequence[Any] | None = None,
        n: int | None = None,
        directed: bool = True,
        labels: Iterable[Any] | None = None,
    ) -> Ties:
        """Read two columns: who speaks, and who hears it.

        Parameters
        ----------
        source, target : array, shape (edges,)
            Edge k lets `target[k]` hear `source[k]`. Either whole numbers in [0, n), or names.
            Names without `labels` make the sorted distinct names the labels.
        strength : float or array of float, shape (edges,), optional
            In [0, 1], stored in steps of 1/255. Default 1.
        n : int, optional
            Number of residents, in [0, 2**24]. Default: the highest id + 1, or as many as labels.
        directed : bool, default True
            False: every edge is heard both ways.
        labels : sequence, shape (n,), optional
            Names of the residents in row order, all different; needed only to fix the order, or
            to include residents without ties. `source` and `target` are then looked up among
            them. Only where no label is a whole number are whole numbers taken as row numbers.

        Returns
        -------
        Ties
            Rows ascending. Self-ties are left out and duplicates merged, the highest strength
            winning; ``dropped`` counts both. With ``directed=False``, an edge listed once each way
            is not a duplicate (many files list edges so), and the higher strength holds both ways.

        Raises
        ------
        DataError
            Columns of different lengths; ids that are negative, missing, fractional or too high;
            unknown names; strengths outside [0, 1]. Rows in messages count from 0.
        """
        names = ("edges.source", "edges.target")
        return _read_edges(source, target, strength, n, directed, labels, names, "edges.strength")

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        source: str = "source",
        target: str = "target",
        strength: str | None = None,
        n: int | None = None,
        directed: bool = True,
        labels: Iterable[Any] | None = None,
    ) -> Ties:
        """Read a table with a row an edge: pandas, polars, a pyarrow Table, or the like.

        Parameters
        ----------
        frame : DataFrame
            The table.
        source, target : str
            Names of the columns with the speaker and the hearer: whole numbers in [0, n), or
            names of residents.
        strength : str, optional
            Name of a column with strengths in [0, 1]. Default: all 1.
        n, directed, labels
            As in `from_edges`.

        Raises
        ------
        DataError
            If a column is missing, and for whatever `from_edges` refuses.
        """
        if not hasattr(frame, "columns") and not hasattr(frame, "column_names"):
            if not hasattr(frame, "__arrow_c_stream__"):
                kind = type(frame).__name__
                raise DataError(f"from_frame takes a DataFrame; got {kind}.")
            import pyarrow

            frame = pyarrow.table(frame)
        there = list(frame.column_names if hasattr(frame, "column_names") else frame.columns)
        wanted = [source, target] + ([] if strength is None else [strength])
        for column in wanted:
            if column not in there:
                raise DataError(_no_such("edges", "column", column, there))
        return _read_edges(
            frame[source],
            frame[target],
            None if strength is None else frame[strength],
            n,
            directed,
            labels,
            (f"edges.{source}", f"edges.{target}"),
            f"edges.{strength}",
        )

    @classmethod
    def from_parquet(
        cls,
        path: str | os.PathLike[str],
        source: str = "source",
        target: str = "target",
        strength: str | None = None,
        n: int | None = None,
        directed: bool = True,
        labels: Iterable[Any] | None = None,
    ) -> Ties:
        """Read the named columns of a Parquet file with a row an edge; see `from_frame`.

        Raises
        ------
        FileError
            If there is no such file, or it is not Parquet.
        DataError
            As `from_frame`.
        """
        import pyarrow
        from pyarrow import parquet

        path = Path(path)
        if not path.is_file():
            raise FileError(f"There is no file {str(path)!r}.")
        wanted = [source, target] + ([] if strength is None else [strength])
        try:
            with parquet.ParquetFile(path) as file:
                there = file.schema_arrow.names
                for column in wanted:
                    if column not in there:
                        raise DataError(_no_such(path.name, "column", column, there))
                table = file.read(columns=list(dict.fromkeys(wanted)))
        except (pyarrow.ArrowException, OSError) as error:
            raise FileError(f"{str(path)!r} cannot be read as a Parquet file.") from error
        return cls.from_frame(table, source, target, strength, n, directed, labels)

    @classmethod
    def from_scipy(cls, matrix: Any, strength: bool = False) -> Ties:
        """Read a square SciPy sparse matrix or array: entry (i, j) lets j hear i.

        Parameters
        ----------
        matrix : scipy.sparse matrix or array, shape (n, n)
            Rows are sources.
        strength : bool, default False
            False: every entry that is not zero is a tie of strength 1. True: the stored values
            are the strengths, in [0, 1], a stored zero being a tie of strength 0. Entries stored
            more than once are duplicates: the highest holds; they are not summed.

        Raises
        ------
        DataError
            If the matrix is not sparse or not square, or a value is NaN or outside [0, 1].
        """
        if not hasattr(matrix, "tocoo"):
            raise DataError(f"from_scipy takes a sparse matrix; got {type(matrix).__name__}.")
        shape = tuple(matrix.shape)
        if len(shape) != 2 or shape[0] != shape[1]:
            size = " x ".join(map(str, shape))
            raise DataError(f"matrix must be square, a row and a column a resident; got {size}.")
        n = _read_n(int(shape[0]), "matrix.shape")
        coo = matrix.tocoo()
        row, col, data = np.asarray(coo.row), np.asarray(coo.col), np.asarray(coo.data)
        if data.dtype.kind not in "biuf":
            raise DataError(f"matrix must hold real numbers; got {data.dtype}.")

        def place(i: int) -> str:
            return f"row {row[i]}, column {col[i]}"

        if strength:
            return _assemble(row, col, _read_strength(data, "matrix values", place), n, True, None)
        if data.dtype.kind == "f" and (missing := np.isnan(data)).any():
            raise DataError(f"matrix holds nan in {place(int(missing.argmax()))}.")
        if not (held := data != 0).all():
            row, col = row[held], col[held]
        return _assemble(row, col, None, n, True, None)

    @classmethod
    def from_networkx(cls, graph: Any, strength: str | None = None) -> Ties:
        """Read a networkx graph; nodes become 0..n-1 in graph order and are kept as labels.

        Parameters
        ----------
        graph : networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
            Edges of an undirected graph are heard both ways. Parallel edges are duplicates.
        strength : str, optional
            Name of the edge attribute with strengths in [0, 1]. Default: all 1.

        Raises
        ------
        DataError
            If an edge lacks the attribute, or its value is not a strength.
        """
        if not (hasattr(graph, "number_of_nodes") and hasattr(graph, "edges")):
            raise DataError(f"from_networkx takes a networkx graph; got {type(graph).__name__}.")
        nodes = list(graph)
        n = _read_n(len(nodes), "graph.number_of_nodes()")
        rank = {node: i for i, node in enumerate(nodes)}
        edges = list(graph.edges(data=True))
        source = np.fromiter((rank[edge[0]] for edge in edges), np.int64, len(edges))
        target = np.fromiter((rank[edge[1]] for edge in edges), np.int64, len(edges))
        bytes_ = None
        if strength is not None:

            def place(i: int) -> str:
                return f"edge {edges[i][0]!r} -> {edges[i][1]!r}"

            for i, edge in enumerate(edges):
                if strength not in edge[2]:
                    raise DataError(_no_such(place(i), "attribute", strength, list(edge[2])))
            values = [edge[2][strength] for edge in edges]
            bytes_ = _read_strength(values, f"edge attribute {strength!r}", place)
        labels = _read_labels(nodes, n)
        return _assemble(source, target, bytes_, n, bool(graph.is_directed()), labels)

    @classmethod
    def from_igraph(cls, graph: Any, strength: str | None = None) -> Ties:
        """Read an igraph graph; the vertex attribute "name", where there is one, gives the labels.

        Parameters
        ----------
        graph : igraph.Graph
            Edges of an undirected graph are heard both ways. Parallel edges are duplicates.
        strength : str, optional
            Name of the edge attribute with strengths in [0, 1]. Default: all 1.

        Raises
        ------
        DataError
            If there is no such attribute, its values are not strengths, or names are not unique.
        """
        if not (hasattr(graph, "get_edgelist") and hasattr(graph, "vcount")):
            raise DataError(f"from_igraph takes an igraph graph; got {type(graph).__name__}.")
        n = _read_n(int(graph.vcount()), "graph.vcount()")
        pairs = itertools.chain.from_iterable(graph.get_edgelist())
        ends = np.fromiter(pairs, np.int64, 2 * int(graph.ecount())).reshape(-1, 2)
        bytes_ = None
        if strength is not None:
            there = list(graph.es.attributes())
            if strength not in there:
                raise DataError(_no_such("graph.es", "attribute", strength, there))

            def place(i: int) -> str:
                return f"edge {ends[i, 0]} -> {ends[i, 1]}"

            values = graph.es[strength]
            bytes_ = _read_strength(values, f"edge attribute {strength!r}", place)
        named = "name" in graph.vs.attributes()
        labels = _read_labels(graph.vs["name"], n) if named else None
        return _assemble(ends[:, 0], ends[:, 1], bytes_, n, bool(graph.is_directed()), labels)

    @classmethod
    def from_any(cls, network: Any, **kw: Any) -> Ties:
        """Read a network, whatever it is kept in.

        Parameters
        ----------
        network : Ties, scipy sparse, networkx or igraph graph, DataFrame, path or tuple
            A path must end in ``.parquet``; a tuple is ``(source, target)``, two columns.
        **kw
            Keywords of the method for that kind: `from_scipy`, `from_networkx`, `from_igraph`,
            `from_frame`, `from_parquet`, `from_edges`. Ties take none.

        Raises
        ------
        DataError
            If the network is none of these, and for whatever the method refuses.
        """
        if isinstance(network, Ties):
            if kw:
                raise DataError(f"Ties are taken as they are; got the keyword {next(iter(kw))!r}.")
            return network
        if isinstance(network, (str, os.PathLike)):
            path = os.fsdecode(network)
            if not path.lower().endswith(".parquet"):
                raise DataError(f"network must be {_ACCEPTED}; got the path {path!r}.")
            return cls.from_parquet(path, **kw)
        if hasattr(network, "tocoo"):
            return cls.from_scipy(network, **kw)
        if hasattr(network, "number_of_nodes") and hasattr(network, "edges"):
            return cls.from_networkx(network, **kw)
        if hasattr(network, "get_edgelist") and hasattr(network, "vcount"):
            return cls.from_igraph(network, **kw)
        if any(hasattr(network, name) for name in ("columns", "column_names")) or hasattr(
            network, "__arrow_c_stream__"
        ):
            return cls.from_frame(network, **kw)
        if isinstance(network, tuple) and len(network) == 2:
            return cls.from_edges(network[0], network[1], **kw)
        raise DataError(f"network must be {_ACCEPTED}; got {type(network).__name__}.")


# -- from columns to rows ------------------------------------------------------------------------
#
# An edge is packed in one int64: source (24 bits), target (24), strength (8). Sorting these keys
# sorts rows and receivers at once and leaves the strongest of equal edges last. For 20 million
# edges that was faster than SciPy's coo -> csr with sorted rows, which moreover sums duplicates.


def _assemble(
    source: IntArray,
    target: IntArray,
    strength: npt.NDArray[np.uint8] | None,
    n: int,
    directed: bool,
    labels: AnyArray | None,
) -> Ties:
    """Sort checked edges into rows, setting self-ties and duplicates aside."""
    key = source.astype(np.int64)
    key <<= _ID_BITS
    np.bitwise_or(key, target, out=key, dtype=np.int64, casting="unsafe")  # ids are in range
    key <<= _BYTE_BITS
    key |= _FULL if strength is None else strength
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
        for part in _blocks(len(key)):
            there = both[len(key) :][part]
            there[:] = _swapped(key[part])
        both.sort()
        key, _ = _distinct(both)
    return _from_key(key, n, labels, {"self_ties": self_ties, "duplicates": duplicates})


def _swapped(key: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Keys with source and target exchanged."""
    receivers = _ID_MASK << _BYTE_BITS
    return ((key & receivers) << _ID_BITS) | ((key >> _ID_BITS) & receivers) | (key & _FULL)


def _distinct(key: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """Keep the last, hence strongest, of each run of sorted keys that are the same edge."""
    last = np.ones(len(key), np.bool_)
    for part in _blocks(len(key) - 1):
        here = key[part]
        following = key[part.start + 1 : part.stop + 1]
        np.greater(here ^ following, _FULL, out=last[part])
    duplicates = len(key) - int(np.count_nonzero(last))
    return (key[last] if duplicates else key), duplicates


def _from_key(
    key: npt.NDArray[np.int64], n: int, labels: AnyArray | None, dropped: dict[str, int]
) -> Ties:
    """Unpack sorted, distinct keys."""
    firsts = np.arange(n + 1, dtype=np.int64) << (_ID_BITS + _BYTE_BITS)
    offsets = np.searchsorted(key, firsts).astype(np.int64, copy=False)
    low = key.astype(np.uint32)  # the low 32 bits: target, then strength; swap the two
    ties = low >> np.uint32(_BYTE_BITS)
    low <<= np.uint32(_ID_BITS)
    ties |= low
    return Ties(offsets, ties, labels, dropped, check=False)


def _blocks(length: int) -> Iterator[slice]:
    """Slices that cover ``range(length)``, small enough for temporaries to stay small."""
    for start in range(0, length, _BLOCK):
        yield slice(start, min(start + _BLOCK, length))


def _check_layer(offsets: AnyArray, ties: AnyArray) -> None:
    """Refuse arrays that do not form a layer."""
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
    _read_n(n, "len(offsets) - 1")
    if offsets[0] != 0 or offsets[-1] != m:
        raise DataError(
            f"offsets must run from 0 to the {m} ties; got {offsets[0]} to {offsets[-1]}."
        )
    falls = offsets[1:] < offsets[:-1]
    if falls.any():
        raise DataError(f"offsets must not fall; they do after entry {int(falls.argmax())}.")
    ids = ties & np.uint32(_ID_MASK)
    if m and ids.max() >= n:
        raise _out_of_range("ties", int(ids.max()), n)
    degree: npt.NDArray[np.int64] = (offsets[1:] - offsets[:-1]).astype(np.int64)
    row = np.repeat(np.arange(n, dtype=np.uint32), degree)
    if (alike := row == ids).any():
        raise DataError(f"ties let resident {ids[alike.argmax()]} hear themselves.")
    unsorted = (ids[1:] <= ids[:-1]) & (row[1:] == row[:-1])
    if unsorted.any():
        raise DataError(f"ties of resident {row[unsorted.argmax()]} must ascend, each named once.")


# -- reading a user's columns --------------------------------------------------------------------


def _read_edges(
    source: Any,
    target: Any,
    strength: Any,
    n: int | None,
    directed: bool,
    labels: Iterable[Any] | None,
    where: tuple[str, str],
    where_strength: str,
) -> Ties:
    """Check two columns of ids or names, and strengths, then assemble them."""
    if n is not None:
        n = _read_n(n, "n")
    ends = [_as_column(source, where[0]), _as_column(target, where[1])]
    m = len(ends[0])
    if len(ends[1]) != m:
        raise DataError(f"{where[0]} has {_count(m, 'entry')}, but {where[1]} has {len(ends[1])}.")
    if strength is not None and not _is_single(strength):
        k = len(_as_column(strength, where_strength))
        if k != m:
            raise DataError(
                f"{where_strength} has {_count(k, 'entry')}, "
                f"but there {'is' if m == 1 else 'are'} {_count(m, 'edge')}."
            )
    known = None if labels is None else _read_labels(labels, n)
    ends = [_read_ids(column, name) for column, name in zip(ends, where, strict=True)]
    if known is not None:
        n = len(known)
        by_name = _any_whole(known) or any(column.dtype == object for column in ends)
        if by_name:
            ends = [_look_up(c, known, name) for c, name in zip(ends, where, strict=True)]
    elif any(column.dtype == object for column in ends):
        ends[0], ends[1], known = _number(ends[0], ends[1], where)
        if n is not None and n != len(known):
            raise DataError(
                f"n must be the number of names in {where[0]} and {where[1]}, {len(known)}, "
                f"unless labels names the others; got {n}."
            )
        n = _read_n(len(known), "the number of names")
    for column, name in zip(ends, where, strict=True):
        _check_range(column, name, n)
    if n is None:
        n = max((int(column.max()) for column in ends if len(column)), default=-1) + 1
    bytes_ = None
    if strength is not None:
        single = _is_single(strength)
        place = (lambda _: "every row") if single else (lambda i: f"row {i}")
        bytes_ = _read_strength([strength] if single else strength, where_strength, place)
        if single:
            bytes_ = np.broadcast_to(bytes_, (m,))
    return _assemble(ends[0], ends[1], bytes_, n, directed, known)


def _read_n(n: Any, name: str) -> int:
    """Check a number of residents."""
    if not _is_whole(n) or not 0 <= n <= MAX_RESIDENTS:
        raise DataError(f"{name} must be a whole number in [0, {MAX_RESIDENTS}]; got {_shown(n)}.")
    return int(n)


def _as_column(values: Any, where: str) -> AnyArray:
    """One-dimensional array of what was given, without turning numbers into text."""
    try:
        array = np.asarray(_decoded(values))
    except ValueError as error:
        raise DataError(f"{where} must be one-dimensional; got rows of unequal length.") from error
    if array.dtype.kind == "U" and not hasattr(values, "dtype"):
        array = _objects(values)  # NumPy would read [1, "a"] as ["1", "a"]
    if array.ndim != 1:
        raise DataError(f"{where} must be one-dimensional; got {_count(array.ndim, 'dimension')}.")
    return array


def _decoded(values: Any) -> Any:
    """What was given, but for a pyarrow dictionary column: plain values.

    pyarrow's own conversion fills the gaps of such a column with one of its values.
    """
    if type(values).__module__.startswith("pyarrow"):
        import pyarrow

        if pyarrow.types.is_dictionary(values.type):
            return values.cast(values.type.value_type)
    return values


def _read_ids(column: AnyArray, where: str) -> AnyArray:
    """Whole numbers as an integer array, names as an object array; refuse everything else."""
    kind = column.dtype.kind
    if kind in "iu":
        return column
    if kind == "f":
        return _whole(column, where)
    if kind not in "OUT":
        raise DataError(f"{where} must hold whole numbers or text; got {column.dtype}.")
    column = column.astype(object, copy=False)
    _refuse_missing(column, where)
    kinds = set(map(type, column))
    if not all(issubclass(k, numbers.Real) and not issubclass(k, bool) for k in kinds):
        return column
    if not all(issubclass(k, numbers.Integral) for k in kinds):
        return _whole(column.astype(np.float64), where)
    for i, value in enumerate(column):
        if not -(2**63) <= value < 2**63:
            raise DataError(f"{where} must hold whole numbers below 2**63; got {value} in row {i}.")
    return column.astype(np.int64)


def _whole(column: AnyArray, where: str) -> npt.NDArray[np.int64]:
    """Floats that are whole numbers, as integers."""
    for part in _blocks(len(column)):
        block = column[part].astype(np.float64)
        if (bad := np.isnan(block)).any():
            raise DataError(f"{where} is missing in row {part.start + int(bad.argmax())}.")
        if (bad := (block != np.trunc(block)) | (np.abs(block) > _EXACT)).any():
            i = int(bad.argmax())
            raise DataError(
                f"{where} must hold whole numbers; got {block[i]} in row {part.start + i}."
            )
    return column.astype(np.int64)


def _refuse_missing(column: AnyArray, where: str) -> None:
    import pandas as pd

    missing = np.asarray(pd.isna(column))
    if missing.any():
        raise DataError(f"{where} is missing in row {int(missing.argmax())}.")


def _check_range(ids: AnyArray, where: str, n: int | None) -> None:
    """Refuse ids outside 0..n-1 before anything is cast to fewer bits."""
    if not len(ids):
        return
    low, high = int(ids.min()), int(ids.max())
    if n is None and low < 0:
        raise DataError(f"{where} names resident {low}, but ids start at 0.")
    if n is None and high >= MAX_RESIDENTS:
        raise DataError(
            f"{where} names resident {high}, but there can be at most "
            f"{MAX_RESIDENTS} residents (0..{MAX_RESIDENTS - 1})."
        )
    if n is not None and (low < 0 or high >= n):
        raise _out_of_range(where, low if low < 0 else high, n)


def _read_strength(values: Any, where: str, place: Place) -> npt.NDArray[np.uint8]:
    """Strengths in [0, 1] as bytes."""
    column = _as_column(values, where)
    if column.dtype.kind in "OUT":
        import pandas as pd

        column = column.astype(object)
        column[np.asarray(pd.isna(column))] = np.nan
        for i, value in enumerate(column):
            if not isinstance(value, numbers.Real):
                raise DataError(f"{where} must hold numbers; got {_shown(value)} in {place(i)}.")
        column = column.astype(np.float64)
    if column.dtype.kind not in "biuf":
        raise DataError(f"{where} must hold numbers; got {column.dtype}.")
    out = np.empty(len(column), np.uint8)
    for part in _blocks(len(column)):
        block = column[part].astype(np.float64)
        if (bad := ~((block >= 0) & (block <= 1))).any():
            i = int(bad.argmax())
            value = column[part][i]
            raise DataError(f"{where} must lie in [0, 1]; got {value} in {place(part.start + i)}.")
        block *= _FULL
        out[part] = np.rint(block, out=block)
    return out


def _read_labels(labels: Iterable[Any], n: int | None) -> AnyArray:
    """Names of residents: int64 where all are whole numbers, otherwise objects; all different."""
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise DataError(f"labels must be a sequence of names; got {_shown(labels)}.")
    names = _objects(labels)
    if n is not None and len(names) != n:
        raise DataError(f"labels has {_count(len(names), 'name')}, but {_there_are(n)}.")
    _read_n(len(names), "the number of labels")
    _refuse_missing(names, "labels")
    seen: set[Any] = set()
    for i, name in enumerate(names):
        try:
            if name in seen:
                raise DataError(
                    f"labels must all be different; got {_shown(name)} again in row {i}."
                )
            seen.add(name)
        except TypeError:
            raise DataError(
                f"labels must be text or whole numbers; got {name!r} in row {i}."
            ) from None
    if len(names) and all(_is_whole(x) and -(2**63) <= x < 2**63 for x in names):
        return names.astype(np.int64)
    return names


def _any_whole(labels: AnyArray) -> bool:
    """Whether a whole number could be one of these labels, rather than a row number."""
    return labels.dtype != object or any(_is_whole(label) for label in labels)


def _look_up(column: AnyArray, labels: AnyArray, where: str) -> npt.NDArray[np.int64]:
    """Row numbers of names."""
    import pandas as pd

    index = pd.Index(labels, tupleize_cols=False)
    rows = index.get_indexer(pd.Index(column, tupleize_cols=False))
    unknown = np.asarray(rows) < 0
    if unknown.any():
        i = int(unknown.argmax())
        name = column[i]
        hint = ""
        if isinstance(name, str) and len(labels) <= 10_000:
            hint = _suggest(name, [label for label in labels if isinstance(label, str)])
        raise DataError(
            f"{where} names {_shown(name)} in row {i}, which is not among the "
            f"{_count(len(labels), 'label')}{hint}."
        )
    return np.asarray(rows, dtype=np.int64)


def _number(
    source: AnyArray, target: AnyArray, where: tuple[str, str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], AnyArray]:
    """Number the sorted distinct names of two columns of text."""
    import pandas as pd

    text = [column.dtype == object for column in (source, target)]
    for column, name, named in zip((source, target), where, text, strict=True):
        for i, value in enumerate(column if named else ()):
            if not isinstance(value, str):
                raise DataError(
                    f"{name} must hold whole numbers only or text only; "
                    f"got {_shown(value)} in row {i}."
                )
    if not all(text):
        first, second = where if text[0] else where[::-1]
        raise DataError(f"{first} holds text, but {second} holds whole numbers.")
    codes, names = pd.factorize(np.concatenate([source, target]))
    order = np.argsort(np.asarray(names, dtype=object), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    rows = rank[codes]
    return rows[: len(source)], rows[len(source) :], np.asarray(names, dtype=object)[order]


# -- words ---------------------------------------------------------------------------------------


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))


def _objects(values: Iterable[Any]) -> AnyArray:
    """Object array with an element each, even where the elements are sequences."""
    return np.fromiter(values.tolist() if hasattr(values, "tolist") else values, object)


def _is_single(value: Any) -> bool:
    """Whether this is one value rather than a column of them."""
    return isinstance(value, str) or not hasattr(value, "__len__") or getattr(value, "ndim", 1) == 0


def _shown(value: Any) -> str:
    """A value as a user would write it: 5, not np.int64(5)."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def _count(k: int, noun: str) -> str:
    if k == 1:
        return f"1 {noun}"
    return f"{k} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def _there_are(n: int) -> str:
    if n == 0:
        return "there are 0 residents"
    if n == 1:
        return "there is 1 resident (0)"
    return f"there are {n} residents (0..{n - 1})"


def _out_of_range(where: str, resident: int, n: int) -> DataError:
    return DataError(f"{where} names resident {resident}, but {_there_are(n)}.")


def _suggest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _no_such(where: str, noun: str, name: str, there: Sequence[Any]) -> str:
    """Sentence on a column or attribute that is not there, with those that are."""
    listed = ", ".join(repr(x) for x in there[:20]) + (", ..." if len(there) > 20 else "")
    hint = _suggest(name, [x for x in there if isinstance(x, str)]) if isinstance(name, str) else ""
    has = f"it has {listed}" if there else "it has none"
    return f"{where} has no {noun} {name!r}; {has}{hint}."
