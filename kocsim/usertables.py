"""A user's tables: columns and rows, checked, and told apart as the user wrote them.

Nothing is guessed: what can be read in two ways or not at all is refused in one sentence that names the table, the
column and the row.
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kocsim.edges import any_whole
from kocsim.errors import DataError
from kocsim.wording import is_whole, shown, suggest, there_are

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.ties import Ties


# ---- tables


def as_table(given: Any, name: str) -> pd.DataFrame:
    """A pandas table whose columns and rows can be told apart by their names."""
    import pandas as pd

    table = _frame(given, name)
    columns = [str(column) for column in table.columns]
    if len(set(columns)) < len(columns):
        twice = next(column for i, column in enumerate(columns) if column in columns[:i])
        raise DataError(f"{name} has two columns named {twice!r}.")
    if isinstance(table.index, pd.MultiIndex):
        raise DataError(f"{name}.index must have one level; it has {table.index.nlevels}.")
    refuse_missing(table.index, f"{name}.index")
    if name == "residents" and not table.index.is_unique:
        raise DataError(
            f"{name}.index must name each resident once; it names "
            f"{shown(table.index[table.index.duplicated()][0])} twice."
        )
    return table


def _frame(table: Any, name: str) -> pd.DataFrame:
    import pandas as pd

    frame = table
    if hasattr(table, "to_pandas"):
        frame = table.to_pandas()
    elif isinstance(table, dict):
        try:
            frame = pd.DataFrame(table)
        except ValueError:
            sizes = ", ".join(f"{column} has {len(values)}" for column, values in table.items())
            raise DataError(f"{name} must have columns of equal length; {sizes}.") from None
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{name} must be a DataFrame; got {type(table).__name__}.")
    return frame


# ---- columns


def grouped(column: pd.Series[Any], where: str) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Numbers 0, 1, ... for the distinct values of a column, and these values, sorted."""
    refuse_missing(column, where)
    try:
        distinct, codes = np.unique(column.to_numpy(), return_inverse=True)
    except TypeError:
        raise DataError(f"{where} must hold values of one kind, all numbers or all text.") from None
    return codes.reshape(-1).astype(np.int32), distinct


def finite_numbers(column: pd.Series[Any], where: str) -> NDArray[np.float64]:
    """Finite numbers."""
    refuse_missing(column, where)
    values = column.to_numpy()
    if values.dtype.kind not in "biuf":
        for i, one in enumerate(values.tolist()):
            if not isinstance(one, numbers.Real):
                raise DataError(f"{where} must hold numbers; got {shown(one)} in {row_name(column, i)}.")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        i = int(np.isfinite(values).argmin())
        raise DataError(f"{where} must be finite; got {values[i]} in {row_name(column, i)}.")
    return values


def named_columns(table: pd.DataFrame, taken: Mapping[str, object]) -> dict[str, NDArray[Any]]:
    """The columns of a table of residents that have no meaning of their own here, as arrays without objects.

    Parameters
    ----------
    table : DataFrame
    taken : mapping
        Names of the columns to leave out.

    Raises
    ------
    DataError
        For a column that holds something else than numbers, truth values, text or dates, or text with gaps.
    """
    return {
        str(name): _plain_column(table[name], f"residents.{name}")
        for name in table.columns if name not in taken
    }


def _plain_column(column: pd.Series[Any], where: str) -> NDArray[Any]:
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    if numeric and not isinstance(column.dtype, np.dtype):  # pandas' own types, with gaps perhaps
        values = column.to_numpy(dtype=float, na_value=np.nan) if column.hasnans else column.to_numpy()
    else:
        values = column.to_numpy()
    if values.dtype.kind in "biufMm":
        return values
    missing = np.asarray(pd.isna(column))
    if missing.any():
        raise DataError(f"{where} is missing in row {int(missing.argmax())}; fill the gaps or leave it out.")
    kinds = {type(one) for one in values}
    if all(issubclass(kind, str) for kind in kinds):
        return values.astype(str)
    if len(kinds) == 1 and issubclass(kinds.copy().pop(), (bool, np.bool_, int, float)):
        values = np.array(values.tolist())
        if values.dtype.kind in "biuf":
            return values
    row = next(i for i, one in enumerate(values) if not isinstance(one, str))
    raise DataError(
        f"{where} must hold numbers, truth values, text or dates, all of one kind; "
        f"got {type(values[row]).__name__} in row {row}."
    )


def as_column(values: Any, where: str, noun: str) -> NDArray[Any]:
    """One-dimensional, without gaps and truth values; text and mixtures as objects."""
    if hasattr(values, "to_numpy"):
        column = np.asarray(values.to_numpy())
    elif isinstance(values, np.ndarray):
        column = values
    else:
        column = np.fromiter(values, object)  # NumPy would read [1, "a"] as ["1", "a"]
    if column.ndim != 1:
        raise DataError(f"{where} must be one-dimensional; got {column.ndim} dimensions.")
    refuse_missing(column, where, noun)
    if column.dtype == bool or (column.dtype == object and any(isinstance(one, bool) for one in column)):
        raise DataError(
            f"{where} must hold row numbers or labels, not truth values; numpy.flatnonzero gives them."
        )
    return column.astype(object) if column.dtype.kind in "UTS" else column


# ---- residents by row number or label


class Labelled(Protocol):
    """Residents, with names where they have any."""

    @property
    def n(self) -> int: ...

    @property
    def labels(self) -> NDArray[Any] | None: ...


def rows_of_residents(values: Any, where: str, friends: Labelled, noun: str = "row") -> NDArray[np.int64]:
    """Row numbers of residents given by row number or label."""
    column = as_column(values, where, noun)
    labels, n = friends.labels, friends.n
    if not column.size:
        return np.zeros(0, np.int64)
    whole = _whole(column)
    if labels is not None and (whole is None or any_whole(labels)):
        rows = np.asarray(as_index(labels).get_indexer(as_index(column if whole is None else whole)), np.int64)
        if (strange := rows < 0).any():
            i = int(strange.argmax())
            name = column[i]
            raise DataError(f"{where} names {shown(name)} in {noun} {i}, {not_in_network(name, labels)}.")
        return rows
    if whole is None:
        i = next(i for i, one in enumerate(column.tolist()) if not is_whole(one) or not -(2**63) <= one < 2**63)
        raise DataError(
            f"{where} must hold row numbers, as residents have no labels; got {shown(column[i])} in "
            f"{noun} {i}."
        )
    if (strange := (whole < 0) | (whole >= n)).any():
        i = int(strange.argmax())
        raise DataError(f"{where} names resident {whole[i]} in {noun} {i}, but {there_are(n)}.")
    return whole


def _whole(column: NDArray[Any]) -> NDArray[np.int64] | None:
    """A column as whole numbers, or None when it holds something else."""
    if column.dtype == object:
        if not all(is_whole(one) and -(2**63) <= one < 2**63 for one in column):
            return None
        return column.astype(np.int64)
    if column.dtype.kind == "f":  # pandas turns whole numbers into these where a table had gaps
        return column.astype(np.int64) if (column == np.trunc(column)).all() else None
    if column.dtype.kind not in "iu" or (column.dtype == np.uint64 and int(column.max()) >= 2**63):
        return None
    return column.astype(np.int64)


def not_in_network(name: Any, labels: NDArray[Any]) -> str:
    """The end of a sentence on a name that no resident has."""
    hint = ""
    if isinstance(name, str) and labels.size <= 10_000:
        hint = suggest(name, [one for one in labels if isinstance(one, str)])
    return f"who is not in the network{hint}"


def resident_name(friends: Ties, row: int) -> str:
    """A resident as the user calls them: by label, or else by row number."""
    return f"resident {row}" if friends.labels is None else shown(friends.labels[row])


# ---- small things


def refuse_missing(values: Any, where: str, noun: str = "row") -> None:
    """Refuse a column with gaps, naming the row of the first.

    Raises
    ------
    DataError
    """
    import pandas as pd

    missing = np.asarray(pd.isna(values))
    if missing.any():
        i = int(missing.argmax())
        raise DataError(f"{where} is missing in {row_name(values, i, noun)}.")


def row_name(table: Any, i: int, noun: str = "row") -> str:
    """Row i as a user finds it: by its place in the index, where there is one."""
    index = getattr(table, "index", None)
    return f"{noun} {i}" if index is None or callable(index) else f"{noun} {shown(index[i])}"


def as_index(labels: Any) -> pd.Index[Any]:
    """A pandas index in which labels are looked up, tuples as they are."""
    import pandas as pd

    index: pd.Index[Any] = pd.Index(labels, tupleize_cols=False)
    return index
