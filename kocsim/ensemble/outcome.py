"""What comes of a sweep: tables of what was measured, and of what failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kocsim.ensemble.store import Row, Store, written_aside
from kocsim.ensemble.study import DAILY, CountyStudy, Run, Study, dtype_of, unpacked
from kocsim.errors import DataError, ParameterError
from kocsim.html import card

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from kocsim.results import Result

TABLE: Final = "table.parquet"
CURVES_FILE: Final = "curves.parquet"
ERRORS: Final = "errors.txt"
BLOCK: Final = 10_000
"""Runs to a row group of the tables on disk."""
RESERVED: Final = ("run", "point", "replicate", "seed", "digest", "day")
"""Columns of the tables that no parameter may be called."""


class Sweep:
    """Runs of a sweep: tables of what was measured, and of what failed.

    Attributes
    ----------
    study : Study or None
        What the runs are of; None when it was read from a folder.
    axes : list of str
        Parameters that are varied.
    design : str
        What kind of design it is.
    """

    def __init__(self, store: Store, study: Study | None = None) -> None:
        self._folder = store.folder
        self._memory = store if store.folder is None else None
        self.study = study
        self.axes: list[str] = json.loads(store.about("axes") or "[]")
        self.design = store.about("design") or "empty sweep"
        self.units: dict[str, str] = json.loads(store.about("units") or "{}")
        self.identity: dict[str, Any] = json.loads(store.about("identity") or "{}")
        self.planned, self.done, self.failed = store.counts()
        if store.folder is not None and study is None:
            store.close()

    @contextmanager
    def _open(self) -> Iterator[Store]:
        if self._memory is not None:
            yield self._memory
            return
        store = Store(self._folder, write=False)
        try:
            yield store
        finally:
            store.close()

    @cached_property
    def points(self) -> pd.DataFrame:
        """A row a point, a column an axis."""
        import pandas as pd

        with self._open() as store:
            shown = [values for _, values in store.points()]
        table = pd.DataFrame({name: [_cell(values[name]) for values in shown] for name in self.axes},
                             index=pd.RangeIndex(len(shown), name="point"))
        return table

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a finished run: ``point``, the axes, ``replicate``, ``seed``, the measures, ``digest``.

        Index "run": its place in the design. Failed runs are in `errors` instead.
        """
        import pandas as pd

        with self._open() as store:
            blocks = [self._frame(rows) for rows in _blocks(store.rows())]
        return pd.concat(blocks) if blocks else self._frame([])

    @cached_property
    def measures(self) -> list[str]:
        """Names of what was measured: as the first finished run has them."""
        with self._open() as store:
            first = next(store.rows(), None)
        return list(self.identity.get("measures", ())) if first is None else list(json.loads(first.numbers))

    def _frame(self, rows: Sequence[Row]) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        numbers = [json.loads(row.numbers) for row in rows]
        number = np.array([row.point for row in rows], np.int64)
        columns: dict[str, Any] = {"point": number}
        columns |= {name: self.points[name].array[number] for name in self.axes}
        columns |= {
            "replicate": np.array([row.replicate for row in rows], np.int64),
            "seed": np.array([row.seed for row in rows], np.int64),
        }
        columns |= {
            name: np.array([one.get(name, np.nan) for one in numbers], np.float64) for name in self.measures}
        columns["digest"] = pd.array([row.digest for row in rows], dtype="str")
        index = pd.Index(np.array([row.position for row in rows], np.int64), name="run")
        return pd.DataFrame(columns, index=index)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Days of all finished runs: index (run, day), a column a curve."""
        import pandas as pd

        with self._open() as store:
            blocks = [self._days(rows) for rows in _blocks(store.rows(curves=True))]
        return pd.concat(blocks) if blocks else self._days([])

    def _days(self, rows: Sequence[Row]) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        noted = self.identity.get("curves", {})
        kept = {name: None if how == DAILY else how for name, how in noted.items()}
        names, dtype = list(kept), dtype_of(kept.values())
        parts = [unpacked(row.curves, len(names), dtype) for row in rows if row.curves]
        runs = np.array([row.position for row in rows if row.curves], np.int64)
        sizes = np.array([len(part) for part in parts], np.int64)
        days = np.concatenate([np.arange(1, size + 1) for size in sizes]) if parts else np.zeros(0, np.int64)
        index = pd.MultiIndex.from_arrays([np.repeat(runs, sizes), days.astype(np.int64)], names=["run", "day"])
        values = np.concatenate(parts) if parts else np.zeros((0, len(names)), dtype)
        table = pd.DataFrame(values, index=index, columns=names)
        return table.astype({name: np.int64 for name, curve in kept.items() if curve is None})

    @cached_property
    def errors(self) -> pd.DataFrame:
        """A row a failed run: axes, ``replicate``, ``seed``, ``error``, ``traceback``, and its exact ``parameters``."""
        import pandas as pd

        with self._open() as store:
            rows = list(store.rows(done=False))
        number = [row.point for row in rows]
        columns: dict[str, Any] = {name: self.points[name].array[number] for name in self.axes}
        columns |= {
            "replicate": [row.replicate for row in rows], "seed": [row.seed for row in rows],
            "error": [row.error for row in rows], "traceback": [row.trace for row in rows],
            "parameters": [row.parameters for row in rows],
        }
        return pd.DataFrame(columns, index=pd.Index([row.position for row in rows], name="run", dtype="int64"))

    @cached_property
    def seconds(self) -> pd.Series[float]:
        """Seconds that each finished run took in its worker; of no consequence for any table."""
        import pandas as pd

        with self._open() as store:
            found = {row.position: row.seconds for row in store.rows()}
        return pd.Series(found, name="seconds", dtype="float64").rename_axis("run")

    def summary(self, ci: float = 0.95) -> pd.DataFrame:
        """Means over replicates, with intervals.

        Parameters
        ----------
        ci : float
            Level of the intervals (Student's t), in (0, 1).

        Returns
        -------
        DataFrame
            Index: the axes (a single row where nothing is varied); columns (measure, statistic) with ``mean``, ``se``,
            ``low``, ``high`` and ``n``, the runs that could tell. Replicates of which the measure is NaN are left out.
        """
        import pandas as pd
        from scipy import stats

        ci = checked_level("ci", ci)
        groups = self.table.groupby("point")
        parts = {}
        for name in self.measures:
            finite = groups[name].agg(["mean", "std", "count"])
            se = finite["std"] / finite["count"] ** 0.5
            reach = se * stats.t.ppf((1 + ci) / 2, (finite["count"] - 1).clip(lower=1))
            parts[name] = pd.DataFrame({
                "mean": finite["mean"], "se": se, "low": finite["mean"] - reach, "high": finite["mean"] + reach,
                "n": finite["count"]})
        table = pd.concat(parts, axis=1, names=["measure", "statistic"])
        return self._by_axes(table)

    def quantiles(self, q: Sequence[float] = (0.1, 0.5, 0.9)) -> pd.DataFrame:
        """Bands: quantiles of the curves over replicates, day by day.

        Parameters
        ----------
        q : sequence of float
            In [0, 1].

        Returns
        -------
        DataFrame
            Index: the axes and "day" (only "day" where nothing is varied); columns (curve, quantile).
        """
        import pandas as pd

        levels = [checked_share("q", one) for one in ([q] if isinstance(q, float) else q)]
        days = self.curves
        if not len(days.columns) or not len(days):
            raise DataError("This sweep kept no curves: ask for some with curves=.")
        point = self.table["point"].reindex(days.index.get_level_values("run")).to_numpy()
        groups = days.groupby([point, days.index.get_level_values("day")])
        table = pd.concat({one: groups.quantile(one) for one in levels}, axis=1)
        table = table.swaplevel(axis=1).reindex(columns=pd.MultiIndex.from_product(
            [days.columns, levels], names=["curve", "quantile"])).rename_axis(index=["point", "day"])
        if not self.axes:
            return table.droplevel("point")
        axes = self.points.loc[table.index.get_level_values("point")].reset_index(drop=True)
        index = pd.MultiIndex.from_frame(axes.assign(day=table.index.get_level_values("day")))
        return table.set_axis(index)

    def _by_axes(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table by point, by the axes instead."""
        import pandas as pd

        if not self.axes:
            return table
        axes = self.points.loc[table.index]
        index = pd.Index(axes[self.axes[0]]) if len(self.axes) == 1 else pd.MultiIndex.from_frame(axes)
        return table.set_axis(index)

    def to_xarray(self) -> xr.Dataset:
        """Measures and curves as one labelled data set (needs the extra ``kocsim[xarray]``).

        Dimensions: each axis of a complete grid, otherwise "point" with the axes as its coordinates; "replicate";
        "day" for curves. What failed or was not measured is NaN.
        """
        try:
            import xarray as xr
        except ImportError:
            raise ImportError("Sweep.to_xarray needs xarray; install it with: pip install 'kocsim[xarray]'") from None
        import numpy as np

        table, points = self.table, self.points
        replicates = np.unique(table["replicate"].to_numpy())
        row = table["point"].to_numpy(), np.searchsorted(replicates, table["replicate"].to_numpy())
        data = xr.Dataset(coords={"replicate": replicates, "point": points.index.to_numpy()})
        for name in self.measures:
            values = np.full((len(points), replicates.size), np.nan)
            values[row] = table[name]
            data[name] = ("point", "replicate"), values, {"units": self.units.get(name, "")}
        days = self.curves
        if len(days):
            from kocsim.results import UNITS

            length = int(days.index.get_level_values("day").max())
            place = np.searchsorted(table.index.to_numpy(), days.index.get_level_values("run"))
            where = row[0][place], row[1][place], days.index.get_level_values("day").to_numpy() - 1
            data = data.assign_coords(day=np.arange(1, length + 1))
            for name in days.columns:
                values = np.full((len(points), replicates.size, length), np.nan)
                values[where] = days[name]
                data[f"{name}_by_day"] = ("point", "replicate", "day"), values, {"units": UNITS.get(name, "")}
        data.attrs = {"design": self.design, "seed": str(self.identity.get("seed"))}
        coordinates = {name: ("point", points[name].to_numpy()) for name in self.axes}
        if not self.axes:
            return data.isel(point=0, drop=True)
        sizes = [points[name].nunique() for name in self.axes]
        if int(np.prod(sizes)) == len(points) and not points.duplicated().any():
            data = data.assign_coords(coordinates).set_index(point=self.axes) if len(self.axes) > 1 else (
                data.drop_vars("point").assign_coords({self.axes[0]: coordinates[self.axes[0]]})
                .swap_dims(point=self.axes[0]))
            return data.unstack("point") if len(self.axes) > 1 else data
        return data.assign_coords(coordinates)

    def result(self, run: int, progress: bool = False) -> Result:
        """A run again, whole: the same to the last resident, because it is made from the same seeds.

        Parameters
        ----------
        run : int
            As in the index of `table`.

        Raises
        ------
        DataError
            For runs that are not in the design, and sweeps that were read from a folder or are of no scenario.
        """
        if not isinstance(self.study, CountyStudy):
            raise DataError("Only a sweep of scenarios that was just run can repeat a run; run its line again.")
        if self.study.place is not None:
            raise DataError("The county was the user's: run kocsim.simulate with it and the run's seed.")
        with self._open() as store:
            found = store.run(run)
            points = store.points()
        if found is None:
            raise DataError(f"run must be one of the table's; got {run!r}.")
        key, number, replicate, seed = found
        return self.study.simulate(Run(key, points[number][0], replicate, seed), None, progress)

    def write(self) -> None:
        """Write the tables to the sweep's folder, a block at a time: memory does not grow with the runs.

        Raises
        ------
        FileError
            When they cannot be written.
        """
        if self._folder is None:
            raise DataError("This sweep is in memory; give sweep a folder with out=.")
        with self._open() as store:
            written_aside(self._folder / TABLE, lambda path: _to_parquet(
                path, self._frame([]), (self._frame(rows) for rows in _blocks(store.rows()))))
            if self.identity.get("curves"):
                written_aside(self._folder / CURVES_FILE, lambda path: _to_parquet(
                    path, self._days([]), (self._days(rows) for rows in _blocks(store.rows(curves=True), 500))))
            if self.failed:
                text = "\n\n".join(
                    f"run {row.position}: {row.error}\n{row.parameters}\n{row.trace}" for row in store.rows(done=False))
                written_aside(self._folder / ERRORS, lambda path: path.write_text(text, "utf-8"))
            else:
                (self._folder / ERRORS).unlink(missing_ok=True)

    def finished(self) -> str:
        """What is done, in words."""
        return f"{self.done:,} of {self.planned:,} runs"

    def __len__(self) -> int:
        return self.done

    def __repr__(self) -> str:
        where = "in memory" if self._folder is None else f"in {self._folder}"
        missing = self.planned - self.done - self.failed
        state = [f"{self.done:,} run{'s' if self.done != 1 else ''}"]
        state += [f"{self.failed:,} failed (see .errors)"] * bool(self.failed)
        state += [f"{missing:,} not done yet"] * bool(missing)
        over = ", ".join(self.axes) or "nothing"
        return f"<Sweep: {self.design} over {over}; {', '.join(state)}, {where}>"


    def _repr_html_(self) -> str:
        missing = self.planned - self.done - self.failed
        rows: list[tuple[object, ...]] = [
            ("runs finished", f"{self.done:,}", f"of {self.planned:,}"),
            *([("failed", f"{self.failed:,}", "see .errors")] * bool(self.failed)),
            *([("not done yet", f"{missing:,}", "run the same line again")] * bool(missing)),
        ]
        for name in self.axes:
            values = list(dict.fromkeys(self.points[name]))
            many = f"{len(values):,} value{'s' * (len(values) != 1)}"
            said = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values[:6])
            rows.append((name, many, said + (", ..." if len(values) > 6 else "")))
        if self.done:
            rows.append(("measures", f"{len(self.measures):,}", ", ".join(self.measures[:6]) + (
                ", ..." if len(self.measures) > 6 else "")))
        where = "in memory" if self._folder is None else f"in {self._folder}"
        return card(f"Sweep: {self.design}, {where}", rows, note=".table, .summary(), .curves, .to_xarray()")


def checked_level(name: str, value: float) -> float:
    """A level of confidence, in (0, 1)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise ParameterError(f"{name} must be a number in (0, 1); got {value!r}.")
    return float(value)


def checked_share(name: str, value: float) -> float:
    """A share, in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ParameterError(f"{name} must be in [0, 1]; got {value!r}.")
    return float(value)


def _blocks(rows: Iterator[Row], size: int = BLOCK) -> Iterator[list[Row]]:
    while block := list(islice(rows, size)):
        yield block


def _to_parquet(path: Path, empty: pd.DataFrame, blocks: Iterator[pd.DataFrame]) -> None:
    """Tables one after the other in one file; the same bytes for the same tables."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.Schema.from_pandas(empty)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for block in blocks:
            writer.write_table(pa.Table.from_pandas(block, schema=schema))


def _cell(value: Any) -> Any:
    """A parameter's value as a cell of a table: a number, a truth value or text."""
    return value if isinstance(value, (int, float, str, bool)) or value is None else json.dumps(value)

