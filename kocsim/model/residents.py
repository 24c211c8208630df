"""Residents in the words of Mesa's AgentSet, without an object a resident."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from kocsim.errors import DataError, ParameterError, at_least
from kocsim.stages import NEVER, Stage

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from kocsim.simulation import Simulation

    Rows = slice | NDArray[np.int64]
    Filter = Callable[["Residents"], ArrayLike] | ArrayLike
    Functions = Callable[[NDArray[Any]], Any] | Iterable[Callable[[NDArray[Any]], Any]] | Mapping[
        Any, Callable[[NDArray[Any]], Any]
    ]

OF_RUN: Final = (
    "stage", "evidence", "sources", "kocs", "week", "threshold", "day_aware", "day_identified",
    "day_customer", "ordered",
)
"""Columns that are arrays of the simulation."""
OF_COUNTY: Final = ("household", "community", "township", "contacts", "ties_in", "koc")
"""Columns that are arrays of the county, or made from them."""
WRITABLE: Final = ("stage", "evidence", "threshold")

# Python's own sum overflows in a column of bytes and takes a second for a million residents
OF_ARRAYS: Final[tuple[tuple[Any, Any], ...]] = ((sum, np.sum), (min, np.min), (max, np.max))
AT_ONCE: Final[tuple[tuple[Any, np.ufunc], ...]] = ((np.sum, np.add), (np.min, np.minimum), (np.max,
np.maximum))
"""What can be found for all groups in one go."""


class UnknownColumn(ParameterError, AttributeError):
    """Residents have no such column; an AttributeError too, so that `hasattr` works."""


class Residents:
    """The residents of a run, or a selection of them, as columns.

    Reads like Mesa's AgentSet: ``model.residents.select(stage="customer").agg("evidence", np.mean)``. A
    selection is a fixed list of residents; its columns are read when asked for, and what is handed out
    is a copy, which does not change as the days go on.

    Columns (``residents.columns`` lists them; each is also an attribute):

    - ``stage`` (`Stage`, 0..5), ``evidence``, ``threshold`` (both in evidence): these can be set;
    - ``sources``, ``kocs``, ``week``: distinct sources ever seen; distinct KOCs seen ever and in the
      last seven days;
    - ``day_aware``, ``day_identified``, ``day_customer``: 0 before the first day, 65535 never;
    - ``ordered``: whether she ordered on the last day;
    - ``household``, ``community``, ``township``: numbers; ``contacts``: wherever they live; ``ties_in``:
      friends in the county who can reach her; ``koc``: whether she is one;
    - the county's further columns;
    - where residents differ in how they buy: ``orders`` ever, ``business``, ``income`` (yuan a month), ``need`` (a
      day),
      ``tier`` (0 no member, 1 free, 2 paying), ``categories`` bought; a column of the county of the same name stands
      before them.

    Parameters
    ----------
    simulation : Simulation
    rng : Generator
        What `sample` draws from unless told otherwise.
    rows : ndarray of int64, optional
        Resident numbers; all when not given.

    Raises
    ------
    DataError
        When the county has a column of its own with the name of one of these.
    """

    __slots__ = ("_rng", "_rows", "_simulation")

    _simulation: Simulation
    _rng: np.random.Generator
    _rows: NDArray[np.int64] | None

    def __init__(
        self, simulation: Simulation, rng: np.random.Generator, rows: NDArray[np.int64] | None = None
    ) -> None:
        taken = [name for name in simulation.county.columns if name in (*OF_RUN, *OF_COUNTY)]
        if taken:
            raise DataError(
                f"The county's column {taken[0]!r} has the name of a column that every run has; rename it."
            )
        for name, value in (("_simulation", simulation), ("_rng", rng), ("_rows", rows)):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._simulation, self._rng, self._rows)

    # ---- columns

    @property
    def columns(self) -> list[str]:
        """Names of all columns."""
        own = self._simulation.county.columns
        return [*OF_RUN, *OF_COUNTY, *own, *(name for name in self._of_market() if name not in own)]

    def _of_market(self) -> list[str]:
        """Columns that are there where residents differ in how they buy."""
        market = self._simulation.market
        return market.columns if market is not None else []

    @property
    def index(self) -> NDArray[np.int64]:
        """Numbers of these residents: their rows in every array."""
        return np.arange(len(self)) if self._rows is None else self._rows.copy()

    def get(self, attr_names: str | Sequence[str]) -> NDArray[Any]:
        """A copy of one column, or of several side by side.

        Parameters
        ----------
        attr_names : str or sequence of str

        Returns
        -------
        ndarray, shape (len,) or (len, columns)
            Several columns get the type that holds them all: object beside text. `to_frame`
            keeps each one's own.

        Raises
        ------
        ParameterError
            For an unknown column.
        """
        if isinstance(attr_names, str):
            return np.array(self._column(attr_names))
        columns = [self._column(name) for name in attr_names]
        if any(column.dtype.kind not in "biuf" for column in columns):
            columns = [column.astype(object) for column in columns]
        return np.column_stack(columns) if columns else np.empty((len(self), 0))

    def _column(self, name: str) -> NDArray[Any]:
        """A column as it is, not to be written to."""
        run, county = self._simulation, self._simulation.county
        rows: Rows = slice(None) if self._rows is None else self._rows
        if name == "township":
            column = county.community_township[county.community[rows]]
        elif name == "koc":
            column = county.is_koc[rows].view(np.bool_)
        elif name == "ordered":
            column = run.ordered[rows].view(np.bool_)
        elif name in OF_RUN or name in OF_COUNTY:
            column = getattr(run if name in OF_RUN else county, name)[rows]
        elif name in county.columns:
            column = county.columns[name][rows]
        elif run.market is not None and name in run.market.columns:
            column = run.market.column(name)[rows]
        else:
            near = difflib.get_close_matches(str(name), self.columns, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(self.columns)}."
            raise UnknownColumn(f"Residents have no column {name!r}. {hint}")
        column = column.view()
        column.flags.writeable = False
        return column

    def __getattr__(self, name: str) -> NDArray[Any]:
        if name.startswith("__"):  # what copy, pickle and NumPy ask any object for
            raise AttributeError(name)
        return self.get(name)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"A column is written with set({name!r}, values).")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns]

    def set(self, attr_name: str, value: Any) -> Residents:
        """Write a column of these residents, between days or while agents decide.

        Those put in a stage are dated: whoever had not reached it before did so on the last day
        that is over. Nobody who has ever been aware can be made unaware.

        Parameters
        ----------
        attr_name : {"stage", "evidence", "threshold"}
        value : scalar or array-like, shape (len,)
            A `Stage`, its number or name; evidence and threshold >= 0, finite.

        Returns
        -------
        Residents
            Itself.

        Raises
        ------
        ParameterError
            For other columns, shapes and values; the first resident at fault is named. Nothing
            is written then.
        """
        column = self._column(attr_name)
        if attr_name not in WRITABLE:
            raise ParameterError(
                f"{attr_name} cannot be set; the columns that can are {', '.join(WRITABLE)}."
            )
        given = np.asarray(_as_stages(value) if attr_name == "stage" else value)
        if given.shape not in ((), (len(self),)):
            raise ParameterError(
                f"{attr_name} takes one value or {len(self)}, one for each resident; got shape {given.shape}."
            )
        values = np.broadcast_to(given, (len(self),))
        if attr_name == "stage":
            self._put(values)
            return self
        if given.dtype.kind not in "biuf":
            raise ParameterError(f"{attr_name} must be numbers; got dtype {given.dtype}.")
        with np.errstate(over="ignore"):
            stored = values.astype(column.dtype)
        self._refuse(attr_name, "lie in [0, inf)", values, ~(np.isfinite(stored) & (stored >= 0)))
        getattr(self._simulation, attr_name)[self.index] = stored
        return self

    def _put(self, stages: NDArray[Any]) -> None:
        if stages.dtype.kind not in "iu":
            raise ParameterError(f"stage must be a Stage, its number or its name; got dtype {stages.dtype}.")
        self._refuse("stage", f"lie in [0, {len(Stage) - 1}]", stages, (stages < 0) | (stages >= len(Stage)))
        aware = self._column("day_aware")
        back = np.flatnonzero((stages == Stage.UNAWARE) & (aware != NEVER))
        if back.size:
            raise ParameterError(
                f"stage of resident {self.index[back[0]]} cannot be unaware: "
                f"she has been aware since day {aware[back[0]]}."
            )
        for stage in np.unique(stages):
            self._simulation.put(self.index[stages == stage], Stage(int(stage)))

    def _refuse(self, name: str, must: str, values: NDArray[Any], wrong: NDArray[np.bool_]) -> None:
        if wrong.any():
            first = int(wrong.argmax())
            raise ParameterError(
                f"{name} must {must}; got {values[first]} for resident {self.index[first]}."
            )

    # ---- selections

    def _those(self, positions: NDArray[Any]) -> Residents:
        rows = positions.astype(np.int64) if self._rows is None else self._rows[positions]
        return type(self)(self._simulation, self._rng, rows)

    def select(
        self, filter_func: Filter | None = None, at_most: float = float("inf"), **equals: Any
    ) -> Residents:
        """Residents who pass all conditions, in the order they have here.

        Parameters
        ----------
        filter_func : callable or array-like, optional
            A function that takes these residents and returns a boolean array (``lambda r:
            r.evidence > 1``); or that array; or numbers of residents, of whom those are
            selected who are here.
        at_most : int or float
            How many at most, the first ones; a float in [0, 1] is a share of those here, rounded down. For a
            random choice use `sample`.
        **equals
            Columns and the value each must have, or a list of values: ``stage="customer"``,
            ``community=[3, 4]``, ``koc=True``. A stage is a `Stage`, its number or its name.

        Raises
        ------
        ParameterError
            For unknown columns and arrays that do not fit.
        """
        keep = np.ones(len(self), np.bool_)
        if filter_func is not None:
            keep &= self._mask(filter_func(self) if callable(filter_func) else filter_func)
        for name, value in equals.items():
            keep &= self._equal(name, value)
        return self._those(np.flatnonzero(keep)[: self._most(at_most)])

    def _most(self, at_most: float) -> int:
        if isinstance(at_most, (float, np.floating)):
            if at_most == float("inf"):
                return len(self)
            if 0 <= at_most <= 1:
                return int(len(self) * at_most)
        elif isinstance(at_most, (int, np.integer)) and at_most >= 0:
            return int(at_most)
        raise ParameterError(
            f"at_most must be a whole number >= 0, a share in [0, 1] or inf; got {at_most!r}."
        )

    def _mask(self, given: ArrayLike) -> NDArray[np.bool_]:
        array = np.asarray(given)
        if array.dtype == np.bool_:
            if array.shape != (len(self),):
                raise ParameterError(
                    f"A filter must give {len(self)} truth values, one for each resident; "
                    f"got shape {array.shape}."
                )
            return array
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise ParameterError(
                "A filter must give truth values or numbers of residents; "
                f"got dtype {array.dtype} and shape {array.shape}."
            )
        n = self._simulation.county.n
        wrong = np.flatnonzero((array < 0) | (array >= n)) if array.size else array
        if wrong.size:
            raise ParameterError(
                f"A filter names resident {array[wrong[0]]}, but there are {n:,} residents (0..{n - 1})."
            )
        chosen = np.zeros(n, np.bool_)
        chosen[array.astype(np.int64)] = True
        return chosen if self._rows is None else chosen[self._rows]

    def _equal(self, name: str, value: Any) -> NDArray[np.bool_]:
        column = self._column(name)
        if isinstance(value, (set, frozenset)):
            value = list(value)
        wanted = np.asarray(_as_stages(value) if name == "stage" else value)
        if column.dtype.kind in "biuf" and wanted.size and wanted.dtype.kind not in "biuf":
            raise ParameterError(f"{name} holds numbers; it cannot equal {value!r}.")
        if column.dtype.kind in "UT" and wanted.dtype.kind in "biuf" and wanted.size:
            raise ParameterError(f"{name} holds text; it cannot equal {value!r}.")
        return np.isin(column, wanted) if wanted.ndim else np.asarray(column == wanted[()], np.bool_)

    def sample(self, n: int, rng: int | np.random.Generator | None = None) -> Residents:
        """Draw some of these residents, all alike and none twice, in the order they have here.

        Parameters
        ----------
        n : int
            How many, in [0, len].
        rng : int or Generator, optional
            Default: the model's ``rng``, on which no result of the model depends.

        Raises
        ------
        ParameterError
            When there are not so many.
        """
        n = at_least("n", n, 0, len(self))
        generator = self._rng if rng is None else np.random.default_rng(rng)
        return self._those(np.sort(generator.choice(len(self), n, replace=False, shuffle=False)))

    def sort(self, key: str | Callable[[Residents], ArrayLike], ascending: bool = False) -> Residents:
        """These residents by a column or a function of them; as in AgentSet, from the greatest down."""
        values = self._values(key)
        if ascending:
            return self._those(np.argsort(values, kind="stable"))
        last = len(self) - 1
        return self._those(last - np.argsort(values[::-1], kind="stable")[::-1])

    def _values(self, key: str | Callable[[Residents], ArrayLike]) -> NDArray[Any]:
        if isinstance(key, str):
            return self._column(key)
        values = np.asarray(key(self))
        if values.shape != (len(self),):
            raise ParameterError(
                f"A key must give {len(self)} values, one for each resident; got shape {values.shape}."
            )
        return values

    # ---- figures

    def agg(self, attribute: str, func: Functions) -> Any:
        """One or more figures of a column.

        Parameters
        ----------
        attribute : str
        func : callable, iterable or mapping of callables
            Of an array that cannot be written to. Python's `sum`, `min` and `max` stand for NumPy's.

        Returns
        -------
        What `func` returns; a list for an iterable, a dict for a mapping.
        """
        return _aggregate(self._column(attribute), func)

    def groupby(self, by: str | Callable[[Residents], ArrayLike]) -> ResidentGroups:
        """Residents by the value of a column or of a function of them.

        Parameters
        ----------
        by : str or callable
            A callable takes these residents and returns a value for each.
        """
        return ResidentGroups(self, self._values(by), is_stage=isinstance(by, str) and by == "stage")

    def to_frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Columns (default: all) as a DataFrame with index "resident"."""
        import pandas as pd

        names = self.columns if columns is None else columns
        return pd.DataFrame(
            {name: self.get(name) for name in names}, index=pd.Index(self.index, name="resident")
        )

    def __len__(self) -> int:
        return self._simulation.county.n if self._rows is None else self._rows.size

    def __contains__(self, resident: int) -> bool:
        if self._rows is None:
            return 0 <= resident < len(self)
        return bool((self._rows == resident).any())

    def __repr__(self) -> str:
        return (
            f"<{len(self):,} of {self._simulation.county.n:,} residents after day {self._simulation.day}; "
            f"columns {', '.join(self.columns)}>"
        )


class ResidentGroups:
    """Residents by group; made by `Residents.groupby`.

    Iterating gives pairs of key and `Residents`, by ascending key.

    Parameters
    ----------
    residents : Residents
    by : ndarray, shape (len,)
        The key of each.
    is_stage : bool
        Keys are `Stage`.
    """

    def __init__(self, residents: Residents, by: NDArray[Any], is_stage: bool = False) -> None:
        import pandas as pd

        codes, keys = pd.factorize(np.asarray(by), sort=True, use_na_sentinel=False)
        self._keys: list[Any] = [Stage(key) for key in keys] if is_stage else list(keys.tolist())
        self._residents = residents
        self._order = np.argsort(codes, kind="stable")
        self._cuts = np.zeros(len(keys) + 1, np.int64)
        np.cumsum(np.bincount(codes, minlength=len(keys)), out=self._cuts[1:])

    @property
    def groups(self) -> dict[Any, Residents]:
        """Residents by key."""
        return dict(iter(self))

    def count(self) -> dict[Any, int]:
        """How many by key."""
        return dict(zip(self._keys, np.diff(self._cuts).tolist(), strict=True))

    def get(self, attr_name: str) -> dict[Any, NDArray[Any]]:
        """A column by key."""
        values = self._residents._column(attr_name)[self._order]
        return {key: values[start:stop] for key, start, stop in self._spans()}

    def agg(self, attr_name: str, func: Functions) -> dict[Any, Any]:
        """Figures of a column by key; `func` as in `Residents.agg`."""
        values = self._residents._column(attr_name)[self._order]
        whole = _of_arrays(func)
        at_once = next((ufunc for known, ufunc in AT_ONCE if whole is known), None)
        # sums of floats are left to NumPy's more exact summation, group by group
        kinds = "biu" if at_once is np.add else "biuf"
        if at_once is not None and values.dtype.kind in kinds and self._keys:
            figures = at_once.reduceat(values, self._cuts[:-1], dtype=whole(values[:1]).dtype)
            return dict(zip(self._keys, figures, strict=True))
        return {key: _aggregate(values[start:stop], func) for key, start, stop in self._spans()}

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """What a function of residents, or a method of `Residents` by name, returns for each group."""
        if isinstance(method, str):
            return {key: getattr(group, method)(*args, **kwargs) for key, group in self}
        return {key: method(group, *args, **kwargs) for key, group in self}

    def _spans(self) -> Iterator[tuple[Any, int, int]]:
        return zip(self._keys, self._cuts[:-1].tolist(), self._cuts[1:].tolist(), strict=True)

    def __iter__(self) -> Iterator[tuple[Any, Residents]]:
        for key, start, stop in self._spans():
            yield key, self._residents._those(self._order[start:stop])

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"<{len(self):,} groups of {len(self._residents):,} residents>"


def _of_arrays(func: Any) -> Any:
    """NumPy's function in place of Python's."""
    return next((better for plain, better in OF_ARRAYS if func is plain), func)


def _aggregate(values: NDArray[Any], func: Functions) -> Any:
    if isinstance(func, Mapping):
        return {name: _aggregate(values, one) for name, one in func.items()}
    if not callable(func):
        return [_aggregate(values, one) for one in func]
    return _of_arrays(func)(values)


def _as_stages(value: Any) -> Any:
    """Names of stages as their numbers; anything else as it is.

    Raises
    ------
    ParameterError
        For a name that is none.
    """
    if isinstance(value, str):
        names = [stage.name.lower() for stage in Stage]
        if value.lower() not in names:
            near = difflib.get_close_matches(value.lower(), names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ParameterError(f"stage must be one of {', '.join(names)}; got {value!r}.{hint}")
        return int(Stage[value.upper()])
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_as_stages(one) for one in value]
    if isinstance(value, np.ndarray) and value.dtype.kind in "UO":
        return [_as_stages(one) for one in value.tolist()]
    return value
