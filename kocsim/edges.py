"""A user's network, in whatever it is kept, read as checked columns of edges: who speaks, who hears it, how strongly.

What does not fit is refused in one sentence that names the column and the row. `kocsim.ties.Ties` documents what each
reader takes and refuses.
"""

from __future__ import annotations

import itertools
import numbers
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kocsim.errors import DataError, FileError
from kocsim.packing import (
    MAX_RESIDENTS,
    AnyArray,
    Columns,
    IntArray,
    Rows,
    blocks,
    check_residents,
    pack_rows,
    read_only,
    survey,
)
from kocsim.wording import count, is_whole, no_such, out_of_range, shown, suggest, there_are

Place = Callable[[int], str]
"""Says where entry i of a column stands in the user's data, for an error message."""

_EXACT = 2**53  # beyond it a float64 no longer tells neighbouring whole numbers apart


class Strengths(NamedTuple):
    """Strengths of edges, an entry each or one for all."""

    byte: npt.NDArray[np.uint8]
    """Byte b means b/255."""
    exact: npt.NDArray[np.float32] | None
    """As given, where bytes do not hold them."""


class Edges(NamedTuple):
    """Edges of a network, checked: edge k lets ``target[k]`` hear ``source[k]``."""

    columns: Columns
    """Source and target: row numbers in [0, n), shape (edges,)."""
    strength: Strengths | None
    """None: all 1."""
    n: int
    """Number of residents."""
    directed: bool
    """False: every edge is heard both ways."""
    labels: AnyArray | None
    """The user's own names of the residents, in row order."""
    place: IntArray | None = None
    """Where each edge stands among those given; None: all those given are here."""
    given: int = 0
    """How many were given, where not all are here."""


# -- one reader for each thing that networks are kept in -----------------------------------------


def read_columns(
    source: Any,
    target: Any,
    strength: Any,
    n: int | None,
    directed: bool,
    labels: Iterable[Any] | None,
    where: tuple[str, str],
    where_strength: str,
) -> Edges:
    """Two columns of ids or names, and strengths."""
    if n is not None:
        n = check_residents(n, "n")
    ends = [_as_column(source, where[0]), _as_column(target, where[1])]
    m = len(ends[0])
    if len(ends[1]) != m:
        raise DataError(f"{where[0]} has {count(m, 'entry')}, but {where[1]} has {len(ends[1])}.")
    single = strength is not None and _is_single(strength)
    if strength is not None:
        strength = _as_column([strength] if single else strength, where_strength)
        if not single and len(strength) != m:
            raise DataError(
                f"{where_strength} has {count(len(strength), 'entry')}, "
                f"but there {'is' if m == 1 else 'are'} {count(m, 'edge')}."
            )
    known = None if labels is None else read_labels(labels, n)
    ends = [_read_ids(column, name) for column, name in zip(ends, where, strict=True)]
    if known is not None:
        n = len(known)
        by_name = any_whole(known) or any(column.dtype == object for column in ends)
        if by_name:
            ends = [_look_up(c, known, name) for c, name in zip(ends, where, strict=True)]
    elif any(column.dtype == object for column in ends):
        ends[0], ends[1], known = _number(ends[0], ends[1], where)
        if n is not None and n != len(known):
            raise DataError(
                f"n must be the number of names in {where[0]} and {where[1]}, {len(known)}, "
                f"unless labels names the others; got {n}."
            )
        n = check_residents(len(known), "the number of names")
    columns = survey(ends[0], ends[1])
    top = MAX_RESIDENTS if n is None else n
    if min(columns.lowest) < 0 or max(columns.highest) >= top:
        for column, name in zip(ends, where, strict=True):
            _check_range(column, name, n)
    if n is None:
        n = max(columns.highest) + 1
    read = None
    if strength is not None:
        place = (lambda _: "every row") if single else (lambda i: f"row {i}")
        read = _read_strength(strength, where_strength, place)
    return Edges(columns, read, n, directed, known)


def read_frame(
    frame: Any,
    source: str,
    target: str,
    strength: str | None,
    n: int | None,
    directed: bool,
    labels: Iterable[Any] | None,
) -> Edges:
    """The named columns of a table with a row an edge."""
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
            raise DataError(no_such("edges", "column", column, there))
    return read_columns(
        frame[source],
        frame[target],
        None if strength is None else frame[strength],
        n,
        directed,
        labels,
        (f"edges.{source}", f"edges.{target}"),
        f"edges.{strength}",
    )


def read_parquet(
    path: str | os.PathLike[str], source: str, target: str, strength: str | None
) -> Any:
    """The named columns of a Parquet file, as a pyarrow Table."""
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
                    raise DataError(no_such(path.name, "column", column, there))
            table = file.read(columns=list(dict.fromkeys(wanted)))
    except (pyarrow.ArrowException, OSError) as error:
        raise FileError(f"{str(path)!r} cannot be read as a Parquet file.") from error
    return table


def read_scipy(matrix: Any, strength: bool) -> Edges | Rows:
    """The entries of a square sparse matrix; in rows, where it already holds them as a layer does."""
    if not hasattr(matrix, "tocoo"):
        raise DataError(f"from_scipy takes a sparse matrix; got {type(matrix).__name__}.")
    shape = tuple(matrix.shape)
    if len(shape) != 2 or shape[0] != shape[1]:
        size = " x ".join(map(str, shape))
        raise DataError(f"matrix must be square, a row and a column a resident; got {size}.")
    n = check_residents(int(shape[0]), "matrix.shape")
    in_rows = (
        getattr(matrix, "format", None) == "csr"
        and len(matrix.indptr) == n + 1
        and len(matrix.indices) == len(matrix.data)
    )
    coo = None if in_rows else matrix.tocoo()
    data = np.asarray(matrix.data if coo is None else coo.data)
    if data.dtype.kind not in "biuf":
        raise DataError(f"matrix must hold real numbers; got {data.dtype}.")

    def place(i: int) -> str:
        entries = matrix.tocoo()
        return f"row {entries.row[i]}, column {entries.col[i]}"

    read = _read_strength(data, "matrix values", place) if strength else None
    held = None if strength else _not_zero(data, place)
    if in_rows and held is None:
        strengths = (None, None) if read is None else read
        rows = pack_rows(np.asarray(matrix.indptr), np.asarray(matrix.indices), *strengths)
        if rows is not None:
            return rows
    coo = matrix.tocoo() if coo is None else coo
    row, col = np.asarray(coo.row), np.asarray(coo.col)
    if held is None:
        return Edges(_within(row, col, n), read, n, True, None)
    return Edges(_within(row[held], col[held], n), None, n, True, None, held, len(data))


def _not_zero(data: AnyArray, place: Place) -> IntArray | None:
    """Which entries are not zero; None for all of them."""
    all_held = True
    for part in blocks(len(data)):
        block = data[part]
        if block.dtype.kind == "f" and (missing := np.isnan(block)).any():
            raise DataError(f"matrix holds nan in {place(part.start + int(missing.argmax()))}.")
        all_held = all_held and bool((block != 0).all())
    return None if all_held else np.flatnonzero(data)


def _within(row: IntArray, col: IntArray, n: int) -> Columns:
    """Row and column numbers of a matrix, looked at: SciPy does not when its arrays are written to."""
    columns = survey(row, col)
    if min(columns.lowest) < 0 or max(columns.highest) >= n:
        for ids in (row, col):
            _check_range(ids, "matrix", n)
    return columns


def read_networkx(graph: Any, strength: str | None) -> Edges:
    """Nodes and edges of a networkx graph."""
    if not (hasattr(graph, "number_of_nodes") and hasattr(graph, "edges")):
        raise DataError(f"from_networkx takes a networkx graph; got {type(graph).__name__}.")
    nodes = list(graph)
    n = check_residents(len(nodes), "graph.number_of_nodes()")
    rank = {node: i for i, node in enumerate(nodes)}
    edges = list(graph.edges(data=True))
    source = np.fromiter((rank[edge[0]] for edge in edges), np.int64, len(edges))
    target = np.fromiter((rank[edge[1]] for edge in edges), np.int64, len(edges))
    read = None
    if strength is not None:

        def place(i: int) -> str:
            return f"edge {edges[i][0]!r} -> {edges[i][1]!r}"

        for i, edge in enumerate(edges):
            if strength not in edge[2]:
                raise DataError(no_such(place(i), "attribute", strength, list(edge[2])))
        where = f"edge attribute {strength!r}"
        values = _as_column([edge[2][strength] for edge in edges], where)
        read = _read_strength(values, where, place)
    labels = read_labels(nodes, n)
    return Edges(survey(source, target), read, n, bool(graph.is_directed()), labels)


def read_igraph(graph: Any, strength: str | None) -> Edges:
    """Vertices and edges of an igraph graph."""
    if not (hasattr(graph, "get_edgelist") and hasattr(graph, "vcount")):
        raise DataError(f"from_igraph takes an igraph graph; got {type(graph).__name__}.")
    n = check_residents(int(graph.vcount()), "graph.vcount()")
    pairs = itertools.chain.from_iterable(graph.get_edgelist())
    ends = np.fromiter(pairs, np.int64, 2 * int(graph.ecount())).reshape(-1, 2)
    read = None
    if strength is not None:
        there = list(graph.es.attributes())
        if strength not in there:
            raise DataError(no_such("graph.es", "attribute", strength, there))

        def place(i: int) -> str:
            return f"edge {ends[i, 0]} -> {ends[i, 1]}"

        where = f"edge attribute {strength!r}"
        read = _read_strength(_as_column(graph.es[strength], where), where, place)
    named = "name" in graph.vs.attributes()
    labels = read_labels(graph.vs["name"], n) if named else None
    return Edges(survey(ends[:, 0], ends[:, 1]), read, n, bool(graph.is_directed()), labels)


# -- columns -------------------------------------------------------------------------------------


def _as_column(values: Any, where: str) -> AnyArray:
    """One-dimensional array of what was given, without turning numbers into text."""
    try:
        array = np.asarray(_decoded(values))
    except ValueError as error:
        raise DataError(f"{where} must be one-dimensional; got rows of unequal length.") from error
    if array.dtype.kind == "U" and not hasattr(values, "dtype"):
        array = _objects(values)  # NumPy would read [1, "a"] as ["1", "a"]
    if array.ndim != 1:
        raise DataError(f"{where} must be one-dimensional; got {count(array.ndim, 'dimension')}.")
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
    for part in blocks(len(column)):
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
        raise out_of_range(where, low if low < 0 else high, n)


def _read_strength(column: AnyArray, where: str, place: Place) -> Strengths:
    """Strengths in [0, 1] as bytes, and as they are where they lie between two of them."""
    if column.dtype.kind in "OUT":
        import pandas as pd

        column = column.astype(object)
        column[np.asarray(pd.isna(column))] = np.nan
        for i, value in enumerate(column):
            if not isinstance(value, numbers.Real):
                raise DataError(f"{where} must hold numbers; got {shown(value)} in {place(i)}.")
        column = column.astype(np.float64)
    if column.dtype.kind not in "biuf":
        raise DataError(f"{where} must hold numbers; got {column.dtype}.")
    from kocsim.kernels import edges as kernels

    kind = np.float32 if column.dtype == np.float32 else np.float64
    values = np.require(column, kind, ["C", "A"])
    out = np.empty(len(column), np.uint8)
    bad, between = kernels.strength_bytes(read_only(values), out)
    if bad >= 0:
        raise DataError(f"{where} must lie in [0, 1]; got {column[bad]} in {place(bad)}.")
    return Strengths(out, values.astype(np.float32) if between else None)


def read_labels(labels: Iterable[Any], n: int | None) -> AnyArray:
    """Names of residents: int64 where all are whole numbers, otherwise objects; all different."""
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise DataError(f"labels must be a sequence of names; got {shown(labels)}.")
    names = _objects(labels)
    if n is not None and len(names) != n:
        raise DataError(f"labels has {count(len(names), 'name')}, but {there_are(n)}.")
    check_residents(len(names), "the number of labels")
    _refuse_missing(names, "labels")
    seen: set[Any] = set()
    for i, name in enumerate(names):
        try:
            if name in seen:
                raise DataError(
                    f"labels must all be different; got {shown(name)} again in row {i}."
                )
            seen.add(name)
        except TypeError:
            raise DataError(
                f"labels must be text or whole numbers; got {name!r} in row {i}."
            ) from None
    if len(names) and all(is_whole(x) and -(2**63) <= x < 2**63 for x in names):
        return names.astype(np.int64)
    return names


def any_whole(labels: AnyArray) -> bool:
    """Whether a whole number could be one of these labels, rather than a row number."""
    return labels.dtype != object or any(is_whole(label) for label in labels)


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
            hint = suggest(name, [label for label in labels if isinstance(label, str)])
        raise DataError(
            f"{where} names {shown(name)} in row {i}, which is not among the "
            f"{count(len(labels), 'label')}{hint}."
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
                    f"got {shown(value)} in row {i}."
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


def _objects(values: Iterable[Any]) -> AnyArray:
    """Object array with an element each, even where the elements are sequences."""
    return np.fromiter(values.tolist() if hasattr(values, "tolist") else values, object)


def _is_single(value: Any) -> bool:
    """Whether this is one value rather than a column of them."""
    return isinstance(value, str) or not hasattr(value, "__len__") or getattr(value, "ndim", 1) == 0
