"""Who can hear whom: one audience layer, read from the libraries and files people keep networks in.

**Ties point the way information flows**: a tie ``source -> target`` means that `target` can hear
what `source` says. Surveys often record the opposite ("A names B as her source of advice"): swap
the two columns when importing those, or call `Ties.reverse` afterwards.

The layer is held in compressed rows (CSR). Receiver and strength of a tie share one 32-bit word, so that a county of a
million residents with twenty million ties takes 88 MB. Layers read from edges also remember which edge each tie came
from (4 bytes a tie, unless edges were given in the order of ties), and strengths that are no multiples of 1/255
(another 4).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from kocsim import edges
from kocsim.errors import DataError
from kocsim.packing import (
    FULL,
    ID_MASK,
    AnyArray,
    IntArray,
    Rows,
    check_layer,
    pack_edges,
    pack_reverse,
    picked,
    read_only,
    strengths,
)
from kocsim.wording import count, is_whole, shown, there_are

if TYPE_CHECKING:
    from scipy.sparse import csr_array

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
    edge : ndarray of int32 or int64, shape (m,), or None
        The edge that each tie came from, counted from 0 in the order in which edges were given. Of duplicates it is
        the one that was kept: the strongest; of equally strong ones, the first. Both directions of an undirected
        edge came from the same edge. None: tie k is edge k.
    edges_given : int
        How many edges were given, those set aside included; m where `edge` is None.
    exact : ndarray of float32, shape (m,), or None
        Strengths as they were given, where not all of them are multiples of 1/255 (to 1e-9). Layers made from
        finished arrays have none.

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

    __slots__ = ("dropped", "edge", "edges_given", "exact", "labels", "offsets", "ties")

    offsets: npt.NDArray[np.int64]
    ties: npt.NDArray[np.uint32]
    labels: AnyArray | None
    dropped: dict[str, int]
    edge: IntArray | None
    edges_given: int
    exact: npt.NDArray[np.float32] | None

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
            check_layer(bounds, words)
            labels = None if labels is None else edges.read_labels(labels, len(bounds) - 1)
        self.offsets = np.ascontiguousarray(bounds, dtype=np.int64)
        self.ties = np.ascontiguousarray(words, dtype=np.uint32)
        self.labels = cast("AnyArray | None", labels)
        self.dropped = {"self_ties": 0, "duplicates": 0} | (dropped or {})
        self.edge, self.edges_given, self.exact = None, len(self.ties), None

    @classmethod
    def _of(cls, rows: Rows, labels: AnyArray | None, dropped: dict[str, int], edges_given: int) -> Ties:
        """A layer in checked rows, which came from `edges_given` edges."""
        made = cls(rows.offsets, rows.ties, labels, dropped, check=False)
        made.edge, made.edges_given, made.exact = rows.edge, edges_given, rows.exact
        return made

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
        return (self.ties & ID_MASK).view(np.int32)

    @property
    def strength(self) -> npt.NDArray[np.uint8]:
        """Strength byte of every tie, uint8, shape (m,): b means b/255. New at each access."""
        return strengths(self.ties)

    @property
    def weight(self) -> npt.NDArray[np.float64]:
        """Strength of every tie in [0, 1], float64, shape (m,): `exact` where there, else byte/255. New at each access.

        Exact strengths have the 24 bits of a float32: relative error 6e-8.
        """
        return self.strength / FULL if self.exact is None else self.exact.astype(np.float64)

    def arranged(self, values: npt.ArrayLike, name: str = "values") -> AnyArray:
        """Values that are given an edge each, in the order of ties.

        Parameters
        ----------
        values : array, shape (edges_given,)
            A value for each edge, in the order in which edges were given: rows of a table, stored entries of a
            sparse matrix (as ``tocoo()`` lists them), ``graph.edges`` of networkx, edge ids of igraph. A layer made
            from finished arrays has its ties for edges.
        name : str, default "values"
            What messages call them.

        Returns
        -------
        ndarray, shape (m,)
            The value of the edge that each tie came from; see `edge`. Where that is None, the array that was given.

        Raises
        ------
        DataError
            If `values` has another shape.

        Examples
        --------
        >>> ties = Ties.from_edges([1, 0, 0], [2, 2, 1])
        >>> ties.arranged([0.3, 0.2, 0.1])
        array([0.1, 0.2, 0.3])
        """
        try:
            column = np.asarray(values)
        except ValueError as error:
            raise DataError(f"{name} must be one-dimensional; got rows of unequal length.") from error
        if column.ndim != 1:
            raise DataError(f"{name} must be one-dimensional; got {count(column.ndim, 'dimension')}.")
        if len(column) != self.edges_given:
            edges_given = count(self.edges_given, "edge")
            raise DataError(f"{name} must have one value for each of the {edges_given} given; got {len(column)}.")
        return column if self.edge is None else picked(column, self.edge)

    def out_degree(self) -> npt.NDArray[np.int64]:
        """How many residents can hear each resident, shape (n,)."""
        return np.diff(self.offsets)

    def in_degree(self) -> npt.NDArray[np.int64]:
        """How many residents each resident can hear, shape (n,)."""
        from kocsim.kernels import world

        out = np.zeros(self.n, np.int64)
        world.in_degrees(read_only(self.ties), out)
        return out

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
        if not is_whole(i) or not 0 <= i < self.n:
            raise DataError(f"row names resident {shown(i)}, but {there_are(self.n)}.")
        start, stop = self.offsets[i], self.offsets[i + 1]
        return (self.ties[start:stop] & ID_MASK).view(np.int32)

    def reverse(self) -> Ties:
        """The same ties pointing the other way; strengths are kept, and which edge each tie came from."""
        rows = pack_reverse(self.offsets, self.ties, self.exact, self.edge)
        return Ties._of(rows, self.labels, dict(self.dropped), self.edges_given)

    def is_symmetric(self) -> bool:
        """Whether every tie also runs the other way, with the same strength."""
        if not np.array_equal(self.out_degree(), self.in_degree()):
            return False
        back = pack_reverse(self.offsets, self.ties, self.exact, None)
        if not np.array_equal(self.ties, back.ties):
            return False
        return self.exact is None or back.exact is None or np.array_equal(self.exact, back.exact)

    def to_scipy(self) -> csr_array[Any]:
        """Adjacency in SciPy's form: rows are sources, values are strengths in [0, 1].

        Returns
        -------
        scipy.sparse.csr_array of float64, shape (n, n)
            A tie of strength 0 is a stored zero. ``Ties.from_scipy(matrix, strength=True)`` gives
            the layer back, but for its labels and the order of its edges.
        """
        from scipy.sparse import csr_array

        index = np.int32 if self.m < 2**31 else np.int64
        parts = (self.weight, self.targets.astype(index), self.offsets.astype(index))
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
        """Same residents, ties, strengths (as float32) and labels; `dropped` and `edge` do not count."""
        if not isinstance(other, Ties):
            return NotImplemented
        if (self.labels is None) != (other.labels is None):
            return False
        return (
            np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.ties, other.ties)
            and (self.exact is other.exact is None or np.array_equal(self._exact, other._exact))
            and (self.labels is None or np.array_equal(self.labels, cast(AnyArray, other.labels)))
        )

    @property
    def _exact(self) -> npt.NDArray[np.float32]:
        return (self.strength / FULL).astype(np.float32) if self.exact is None else self.exact

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
            In [0, 1]. Default 1. Bytes hold them in steps of 1/255, and `exact` as they are where that is not enough.
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
            Columns of int32 or int64 in the order of ties are read fastest.

        Raises
        ------
        DataError
            Columns of different lengths; ids that are negative, missing, fractional or too high;
            unknown names; strengths outside [0, 1]. Rows in messages count from 0.
        """
        names = ("edges.source", "edges.target")
        read = edges.read_columns(source, target, strength, n, directed, labels, names, "edges.strength")
        return _assemble(read)

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
        return _assemble(edges.read_frame(frame, source, target, strength, n, directed, labels))

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
        table = edges.read_parquet(path, source, target, strength)
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

        Notes
        -----
        A CSR matrix with sorted indices, nothing stored twice and nothing on the diagonal is read in one pass.

        Raises
        ------
        DataError
            If the matrix is not sparse or not square, or a value is NaN or outside [0, 1].
        """
        return _assemble(edges.read_scipy(matrix, strength))

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
        return _assemble(edges.read_networkx(graph, strength))

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
        return _assemble(edges.read_igraph(graph, strength))

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


def _assemble(read: edges.Edges | Rows) -> Ties:
    if isinstance(read, Rows):  # as they were given
        return Ties._of(read, None, {}, len(read.ties))
    byte, exact = (None, None) if read.strength is None else read.strength
    rows = pack_edges(read.columns, byte, exact, read.n, read.directed)
    given = len(read.columns.source)
    if read.place is not None:  # only some of those given are edges
        given = read.given
        edge = read.place if rows.edge is None else read.place[rows.edge]
        rows = rows._replace(edge=edge.astype(np.int32 if given <= 2**31 else np.int64))
    return Ties._of(rows, read.labels, {"self_ties": rows.self_ties, "duplicates": rows.duplicates}, given)
