"""Many runs: a measure along a parameter, over two, and day by day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.ensemble.outcome import Sweep, checked_level
from kocsim.errors import DataError, ParameterError
from kocsim.plot.style import (
    SERIES,
    axes_for,
    columns,
    day_axis,
    end_labels,
    fitted,
    font_of,
    label_room,
    name_axes,
    one_of,
    size_of,
)
from kocsim.plot.words import name_of, worded
from kocsim.results import UNITS
from kocsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WIDE = 15
"""Numbers of which the largest is so many times the smallest are drawn on a logarithmic axis."""
MOST_NUMBERS = 120
"""Cells of a heat map into which numbers are written, at most."""


@worded
def bands(
    sweep: Sweep, measure: str, x: str, by: str | None = None, ax: Axes | None = None, *, ci: float = 0.95,
    lang: str = "en",
) -> Axes:
    """A measure along a parameter: means over replicates with bands of intervals, a line for each value of `by`.

    Parameters
    ----------
    sweep : Sweep
    measure : str
        One of ``sweep.measures``.
    x, by : str
        Two of ``sweep.axes``; what else is varied must have one value.
    ax : Axes, optional
    ci : float
        Level of the bands, in (0, 1).
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: the parameter, logarithmic where its values span more than 15 times; y: the measure, shares in %.

    Raises
    ------
    ParameterError
        For names that the sweep does not have, or when it varies more than is drawn.
    DataError
        When no run is finished.
    """
    table = _table(sweep, measure, [x] if by is None else [x, by], ci)
    ax = axes_for(ax)
    factor, label = _scaled(measure, sweep.units.get(measure, ""))
    groups = [("", table)] if by is None else list(table.groupby(by, sort=False))
    names = [value_of(value) for value, _ in groups]
    values = list(dict.fromkeys(table[x]))
    number = all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in values)
    ends = []
    for (_, one), (colour, line, mark) in zip(groups, _series(len(groups)), strict=True):
        one = one.sort_values(x) if number else one
        at = one[x].to_numpy(float) if number else np.array([values.index(value) for value in one[x]])
        ax.fill_between(at, factor * one["low"].to_numpy(float), factor * one["high"].to_numpy(float), color=colour,
                        alpha=0.2, linewidth=0)
        ax.plot(at, factor * one["mean"].to_numpy(float), line, color=colour, marker=mark, markersize=4, linewidth=1.6)
        ends.append(factor * float(one["mean"].iloc[-1]))
    if number and min(values) > 0 and max(values) / min(values) > WIDE:
        ax.set_xscale("log")
        plain(ax)
    elif not number:
        ax.set_xticks(range(len(values)), [value_of(value) for value in values])
    name_axes(ax, axis_of(x), label)
    ax.spines[["top", "right"]].set_visible(False)
    if by is not None:
        from matplotlib.lines import Line2D

        handles = [Line2D([], [], color=colour, ls=line, marker=mark, markersize=4, label=name)
                   for name, (colour, line, mark) in zip(names, _series(len(names)), strict=True)]
        handles = [handles[k] for k in np.argsort(ends)[::-1]]  # in the order of the lines' ends
        font = min(font_of(ax), 9)
        title = None if by == "scenario" else fitted(axis_of(by), size_of(ax)[0] / font)
        ax.legend(handles=handles, title=title, frameon=False, fontsize=font, title_fontsize=font, loc="lower left",
                  bbox_to_anchor=(0, 1), ncols=columns(ax, names, font), alignment="left", borderpad=0.1)
    return ax


@worded
def heat_map(
    sweep: Sweep, measure: str, x: str, y: str, ax: Axes | None = None, *, lang: str = "en"
) -> Axes:
    """A measure over two parameters: means over replicates as colours, and as numbers where there is room.

    Parameters
    ----------
    sweep : Sweep
        Of a complete grid.
    measure : str
        One of ``sweep.measures``.
    x, y : str
        Two of ``sweep.axes``; what else is varied must have one value.
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x, y: values of the parameters, in equal steps. A colour bar stands beside it.

    Raises
    ------
    ParameterError
        For names that the sweep does not have, or when it varies more than is drawn.
    DataError
        When no run is finished.
    """
    if x == y:
        raise ParameterError(f"x and y must be two parameters; got {x!r} twice.")
    table = _table(sweep, measure, [x, y], 0.95)
    factor, label = _scaled(measure, sweep.units.get(measure, ""))
    grid = factor * table.pivot(index=y, columns=x, values="mean").astype(float)
    ax = axes_for(ax)
    image = ax.imshow(grid, origin="lower", aspect="auto", cmap="cividis")
    ax.set_xticks(range(len(grid.columns)), [value_of(value) for value in grid.columns])
    ax.set_yticks(range(len(grid.index)), [value_of(value) for value in grid.index])
    name_axes(ax, axis_of(x), axis_of(y))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    bar = ax.figure.colorbar(image, ax=ax, pad=0.03)
    bar.set_label(fitted(label, size_of(ax)[1] / font_of(ax)))
    bar.outline.set_visible(False)
    if grid.size <= MOST_NUMBERS:
        low, high = np.nanmin(grid), np.nanmax(grid)
        font = min(font_of(ax), 9)
        for (row, column), value in np.ndenumerate(grid.to_numpy(float)):
            dark = (value - low) <= 0.55 * (high - low)
            ax.text(column, row, "" if math.isnan(value) else f"{value:.3g}", ha="center", va="center", fontsize=font,
                    color="white" if dark else "black")
    return ax


@worded
def curves(
    sweep: Sweep, curve: str = "customers", by: str | None = None, ax: Axes | None = None, *, level: float = 0.8,
    lang: str = "en",
) -> Axes:
    """Day by day: the median over replicates, and the band that holds the middle `level` of them.

    Parameters
    ----------
    sweep : Sweep
        With curves kept.
    curve : str
        One of the columns of ``sweep.curves``.
    by : str, optional
        One of ``sweep.axes``: a line for each of its values; what else is varied must have one value.
    ax : Axes, optional
    level : float
        In (0, 1).
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: day; y: the curve, in its unit.

    Raises
    ------
    ParameterError
        For names that the sweep does not have, or when it varies more than is drawn.
    DataError
        When no curves were kept.
    """
    _check(sweep)
    level = checked_level("level", level)
    _check_axes(sweep, [] if by is None else [by])
    if curve not in sweep.curves.columns and len(sweep.curves.columns):
        one_of("curve", curve, list(sweep.curves.columns))
    q = ((1 - level) / 2, 0.5, (1 + level) / 2)
    table = sweep.quantiles(q)[curve].reset_index()
    ax = axes_for(ax)
    groups: list[tuple[Any, pd.DataFrame]] = [("", table)] if by is None else list(table.groupby(by, sort=False))
    names = [value_of(value) for value, _ in groups]
    top = float(np.asarray(table[q[2]], np.float64).max())
    ax.set_ylim(0, top * 1.05 if top > 0 else 1)
    days = table["day"]
    room = label_room(ax, names) if by is not None else 0.0
    day_axis(ax, int(days.min()), max(int(days.max()), int(days.min()) + 1), room)
    ends = []
    one: Any
    for (_, one), (colour, line, _) in zip(groups, _series(len(groups)), strict=True):
        ax.fill_between(one["day"], one[q[0]], one[q[2]], color=colour, alpha=0.2, linewidth=0)
        ax.plot(one["day"], one[q[1]], line, color=colour, linewidth=1.6)
        ends.append(float(np.asarray(one[q[1]], np.float64)[-1]))
    if by is not None:
        end_labels(ax, int(days.max()), ends, names, [colour for colour, *_ in _series(len(names))])
    name_axes(ax, y=f"{name_of(curve)}, {name_of(UNITS[curve])}" if curve in UNITS else name_of(curve))
    return ax


def _check(sweep: Sweep) -> None:
    if not isinstance(sweep, Sweep):
        raise ParameterError(f"sweep must be a Sweep; got {type(sweep).__name__}.")
    if not sweep.done:
        raise DataError("There is nothing to draw in a sweep of which no run is finished.")


def _check_axes(sweep: Sweep, drawn: list[str]) -> None:
    """Refuse parameters that are not varied, and those that are and are not drawn."""
    for name in drawn:
        if name not in sweep.axes:
            raise ParameterError(f"This sweep varies {', '.join(sweep.axes) or 'nothing'}; got {name!r}.")
    left = [name for name in sweep.axes if name not in drawn and sweep.points[name].nunique() > 1]
    if left:
        raise ParameterError(f"This sweep also varies {', '.join(left)}, of which a figure can show one value only.")


def _table(sweep: Sweep, measure: str, drawn: list[str], ci: float) -> pd.DataFrame:
    """Means and intervals of a measure, a row a point."""
    _check(sweep)
    one_of("measure", measure, sweep.measures)
    _check_axes(sweep, drawn)
    return sweep.summary(ci)[measure].reset_index()


def _scaled(measure: str, unit: str) -> tuple[float, str]:
    """By what to multiply a measure, and how to call it: shares are shown in %."""
    if unit == "share" or unit.startswith("share "):
        return 100.0, f"{name_of(measure)}, {name_of('%' + unit[5:])}"
    return 1.0, f"{name_of(measure)}, {name_of(unit)}" if unit else name_of(measure)


def axis_of(name: str) -> str:
    """A parameter with its unit, where it is one of a scenario's."""
    for parameter in Scenario().parameters():
        if parameter.name == name and parameter.unit not in ("switch", "text", name):
            return f"{name}, {name_of(parameter.unit)}"
    return name


def value_of(value: Any) -> str:
    """A value as it stands on an axis."""
    if isinstance(value, (bool, np.bool_, str)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 1000 and value == int(value) else f"{value:.4g}"


def _series(many: int) -> list[tuple[str, str, str]]:
    """Styles of so many lines: the colours come again after the seventh."""
    return [SERIES[k % len(SERIES)] for k in range(many)]


def plain(ax: Axes) -> None:
    """1, 10, 100 in place of powers, and numbers between where a decade is all there is."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = ax.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(subs=steps))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
