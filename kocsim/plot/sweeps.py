"""Many runs: a measure along a parameter, over two, and day by day."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.ensemble.outcome import Sweep, checked_level
from kocsim.errors import DataError, ParameterError
from kocsim.plot.style import (
    SERIES,
    axes_for,
    day_axis,
    end_labels,
    fitted,
    font_of,
    label_room,
    name_axes,
    one_of,
    size_of,
)
from kocsim.plot.words import name_of, say, unit_of, with_unit, worded
from kocsim.results import UNITS
from kocsim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WIDE = 15
"""Numbers of which the largest is so many times the smallest are drawn on a logarithmic axis."""
WIDEST = 0.4
"""Names at the ends of lines take this share of the width at most."""
MOST_NUMBERS = 120
"""Cells of a heat map into which numbers are written, at most."""


@worded
def bands(
    sweep: Sweep, measure: str, x: str, by: str | None = None, ax: Axes | None = None, *, ci: float = 0.95,
    lang: str = "en",
) -> Axes:
    """A measure along a parameter: means over replicates with bands of intervals, a line for each value of `by`.

    Values that are no numbers, such as scenarios, have no order: there each mean stands alone, with its interval.

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
    factor, label = scaled(measure, sweep.units.get(measure, ""))
    groups = [("", table)] if by is None else list(table.groupby(by, sort=False))
    names = [value_of(value) for value, _ in groups]
    values = list(dict.fromkeys(table[x]))
    number = all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in values)
    for k, ((_, one), (colour, line, mark)) in enumerate(zip(groups, _series(len(groups)), strict=True)):
        mean, low, high = (factor * one[name].to_numpy(float) for name in ("mean", "low", "high"))
        if number:
            at = one[x].to_numpy(float)
            order = np.argsort(at)
            ax.fill_between(at[order], low[order], high[order], color=colour, alpha=0.2, linewidth=0)
            ax.plot(at[order], mean[order], line, color=colour, marker=mark, markersize=4, linewidth=1.6)
        else:
            aside = (k - (len(groups) - 1) / 2) * min(0.15, 0.5 / len(groups))
            at = np.array([values.index(value) for value in one[x]]) + aside
            ax.vlines(at, low, high, color=colour, linewidth=1.6)
            ax.plot(at, mean, mark, color=colour, markersize=5)
    room = 0.0 if by is None else _beside(ax, names)
    _along(ax, values, number, 1 - room)
    ax.spines[["top", "right"]].set_visible(False)
    if by is not None:
        ends = [factor * float((one.sort_values(x) if number else one)["mean"].iloc[-1]) for _, one in groups]
        ax.set_ylim(ax.get_ylim())
        right = _keep_room(ax, room, number)
        _name_series(ax, right, ends, names, axis_of(by) if by != "scenario" else "", room)
    name_axes(ax, axis_of(x), label)
    ax.xaxis.label.set_x((1 - room) / 2)
    return ax


def _beside(ax: Axes, names: list[str]) -> float:
    """Share of the width that names at the ends of lines take; 0 where they are too long to stand there."""
    room = label_room(ax, names)
    return room if room <= WIDEST else 0.0


def _name_series(
    ax: Axes, x: float, ends: list[float], names: list[str], heading: str, room: float, marks: bool = True
) -> None:
    """Names of lines where they end, at `x`, or above the axes where these are too long."""
    styles = _series(len(names))
    font = font_of(ax)
    heading = fitted(heading, size_of(ax)[0] / font)
    shown = [k for k, end in enumerate(ends) if math.isfinite(end)]
    if room:
        end_labels(ax, x, [ends[k] for k in shown], [names[k] for k in shown], [styles[k][0] for k in shown])
        ax.text(1, 1, heading, ha="right", va="bottom", fontsize=font, color="0.15", transform=ax.transAxes)
        return
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=styles[k][0], ls=styles[k][1], marker=styles[k][2] if marks else "", markersize=4,
               label=fitted(names[k], size_of(ax)[0] / font - 2))
        for k in sorted(shown, key=lambda k: -ends[k])]  # in the order of the lines' ends
    ax.legend(handles=handles, title=heading or None, frameon=False, fontsize=font, title_fontsize=font,
              loc="lower left", bbox_to_anchor=(0, 1), alignment="left", borderpad=0.1)


def _along(ax: Axes, values: list[Any], number: bool, part: float) -> None:
    """The axis of a parameter: logarithmic where its values span much, one place after the other for names.

    It takes a `part` of the width.
    """
    if not number:
        each = 0.9 * part * size_of(ax)[0] / float(ax.xaxis.label.get_fontsize()) / len(values)
        ax.set_xticks(range(len(values)), [fitted(value_of(value), each) for value in values])
        ax.set_xlim(-0.5, len(values) - 0.5)
    elif len(values) == 1:
        ax.set_xticks(values, [value_of(values[0])])
    elif min(values) > 0 and max(values) / min(values) > WIDE:
        ax.set_xscale("log")
        plain(ax)
        steps = sorted(values)
        if len(steps) <= 6 and min(b / a for a, b in pairwise(steps)) >= 2:  # what was tried
            ax.set_xticks(steps, [value_of(value) for value in steps])


def _keep_room(ax: Axes, room: float, number: bool) -> float:
    """Keep a share of the width free at the right, for labels.

    Returns
    -------
    float
        Where it begins.
    """
    from matplotlib.ticker import MaxNLocator, NullLocator

    low, high = ax.get_xlim()
    log = ax.get_xscale() == "log"
    if number and not log and len(ax.get_xticks()) > 1:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    ax.set_xlim(low, low * (high / low) ** (1 / (1 - room)) if log else low + (high - low) / (1 - room))
    if number:
        ax.set_xticks(ticks)
        ax.xaxis.set_minor_locator(NullLocator())
    ax.spines["bottom"].set_bounds(low, high)
    return high


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
    factor, label = scaled(measure, sweep.units.get(measure, ""))
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
    last = max(int(days.max()), int(days.min()) + 1)
    room = 0.0 if by is None else _beside(ax, names)
    day_axis(ax, int(days.min()), last, room)
    ends = []
    one: Any
    for (_, one), (colour, line, _) in zip(groups, _series(len(groups)), strict=True):
        ax.fill_between(one["day"], one[q[0]], one[q[2]], color=colour, alpha=0.2, linewidth=0)
        ax.plot(one["day"], one[q[1]], line, color=colour, linewidth=1.6)
        ends.append(float(np.asarray(one[q[1]], np.float64)[-1]))
    if by is not None:
        _name_series(ax, int(days.max()), ends, names, axis_of(by) if by != "scenario" else "", room, marks=False)
    name_axes(ax, y=with_unit(curve, UNITS.get(curve, "")))
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


def scaled(measure: str, unit: str) -> tuple[float, str]:
    """By what to multiply a measure, and how to call it: shares are shown in %."""
    factor, unit = in_percent_of(unit)
    return factor, with_unit(measure, unit)


def in_percent_of(unit: str) -> tuple[float, str]:
    """By what to multiply what has this unit, and its unit then: shares are shown in %."""
    return (100.0, f"%{unit[5:]}") if unit == "share" or unit.startswith("share of ") else (1.0, unit)


def axis_of(name: str) -> str:
    """A parameter with its unit, where it is one of a scenario's."""
    for parameter in Scenario().parameters():
        if parameter.name == name and parameter.unit not in ("switch", "text", "name"):
            same = parameter.unit.lower() == name  # residents, KOCs, days
            return unit_of(parameter.unit) if same else say("{name}, {unit}", name=name, unit=unit_of(parameter.unit))
    return name_of(name) if name == "scenario" else name


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
