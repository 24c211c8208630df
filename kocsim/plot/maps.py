"""Where in the county: communities on the plane, on a day or as a film of all days."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.errors import DataError, ParameterError, at_least
from kocsim.plot.style import axes_for, check_result, counted, font_of, one_of, size_of
from kocsim.plot.words import say, speaking, worded

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from kocsim.results import Result

VALUES: Final = {
    "aware": "aware", "identified": "identified", "customers": "customers", "orders": "ordering that day",
}
"""Columns of `Result.communities`, in the words of the colour bar."""


@worded
def county_map(
    result: Result, value: str = "customers", day: int | None = None, ax: Axes | None = None, *, lang: str = "en",
) -> Axes:
    """Where in the county: each community a circle, its area by residents, its colour by share.

    Parameters
    ----------
    result : Result
    value : {"aware", "identified", "customers", "orders"}
        Whose share of a community's residents to show. The colours span most communities, not 0 to 100%: the map
        shows where it is more and less, the bar beside it how much. They span at least a fifth of the higher
        end, so that communities that are nearly alike look so.
    day : int, optional
        Default: the last day. Earlier days are there when the run recorded communities daily
        (``simulate(..., communities=True)``).
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        The plane, in km. A colour bar in % stands beside it; communities of the county seat have a black rim.

    Raises
    ------
    ParameterError
        For an unknown value, a day that is not there, or a result without days.
    DataError
        When the communities have no places: there are several, and all lie at one point.
    """
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    check_result(result)
    one_of("value", value, tuple(VALUES))
    table, day = _communities_on(result, day)
    table = _by_size(table)
    x, y, people = (table[name].to_numpy(float) for name in ("x", "y", "residents"))
    if len(table) > 1 and np.ptp(x) == 0 and np.ptp(y) == 0:
        raise DataError(
            f"county_map needs places, but all {len(table):,} communities lie at one point: "
            "give residents x and y."
        )
    ax = axes_for(ax)
    share = 100 * table[value].to_numpy(float) / people
    seat = (table["township"] == 0).to_numpy()
    told_apart = bool(seat.any() and not seat.all())
    size = _circle_sizes(ax, people)
    # few people make extreme shares: the colours span what nine tenths of the communities of some size show
    low, high = (float(np.quantile(share[people >= np.median(people)], q)) for q in (0.05, 0.95))
    high = max(high, 0.1)
    low = min(low, 0.8 * high)
    dots = ax.scatter(
        x, y, s=size, c=share, cmap="cividis", vmin=low, vmax=high, alpha=0.9,
        edgecolors=["black" if told_apart and inside else "white" for inside in seat],
        linewidths=np.where(told_apart & seat, np.minimum(0.12 * np.sqrt(size), 1.1), 0.3).tolist(),
    )
    _frame(ax, x, y, math.sqrt(float(size.max())) / 2)
    ax.set_xlabel(say("km"))
    ax.set_ylabel(say("km"))
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    bar = ax.figure.colorbar(
        dots, ax=ax, shrink=0.85, pad=0.03, extend=beyond[bool(share.min() < low), bool(share.max() > high)]
    )
    bar.set_label(say("{what} on day {day}, %", what=say(VALUES[value]), day=day))
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(nbins=5)
    bar.formatter = StrMethodFormatter("{x:.4g}%")
    bar.update_ticks()
    _map_key(ax, people, size, told_apart)
    return ax


@worded
def animate_map(
    result: Result, value: str = "customers", *, every: int = 1, fps: float = 10, lang: str = "en"
) -> FuncAnimation:
    """The map day by day, in one scale of colours for all of them.

    In Jupyter, ``IPython.display.HTML(animate_map(result).to_jshtml())`` shows it with buttons; ``.save("map.gif")``
    writes it.

    Parameters
    ----------
    result : Result
        With communities on every day: ``simulate(..., communities=True)``.
    value : {"aware", "identified", "customers", "orders"}
    every : int
        Days from one picture to the next, >= 1.
    fps : float
        Pictures a second, > 0.
    lang : {"en", "zh"}

    Returns
    -------
    FuncAnimation
        Of matplotlib; keep it until it is saved or shown.

    Raises
    ------
    ParameterError
        For an unknown value, or numbers out of range.
    DataError
        When the result has communities on the last day only, or these have no places.
    """
    from matplotlib.animation import FuncAnimation

    check_result(result)
    one_of("value", value, tuple(VALUES))
    every = at_least("every", every, 1)
    if isinstance(fps, bool) or not isinstance(fps, (int, float)) or not 0 < fps < math.inf:
        raise ParameterError(f"fps must be a number > 0; got {fps!r}.")
    if result.communities.index.nlevels != 2:
        raise DataError("animate_map needs every community on every day: simulate(..., communities=True).")
    last = int(result.daily.index[-1])
    ax = county_map(result, value, last, lang=lang)
    dots: Any = ax.collections[0]
    figure: Any = ax.figure
    tables = result.communities[result.communities["residents"] > 0]
    share = 100 * tables[value] / tables["residents"]
    dots.set_clim(0, max(float(share.quantile(0.99)), 0.1))
    final: Any = tables.loc[last]
    order = _by_size(final).index
    days = [day for day in range(1, last + 1) if (last - day) % every == 0]

    def show(day: int) -> tuple[Any, ...]:
        with speaking(lang):
            dots.set_array(share.loc[day].reindex(order).to_numpy(float))
            dots.colorbar.set_label(say("{what} on day {day}, %", what=say(VALUES[value]), day=day))
        return (dots,)

    show(days[0])
    return FuncAnimation(figure, show, frames=days, interval=1000 / fps, blit=False)


def _by_size(table: pd.DataFrame) -> pd.DataFrame:
    """Largest first, so that small circles lie on top."""
    return table[table["residents"] > 0].sort_values("residents", ascending=False, kind="stable")


def _communities_on(result: Result, day: int | None) -> tuple[pd.DataFrame, int]:
    """The table of communities of a day, and the day."""
    table, last = result.communities, int(result.daily.index[-1])
    daily = table.index.nlevels == 2
    first = int(table.index[0][0]) if daily else last
    if day is None:
        day = last
    whole = isinstance(day, (int, np.integer)) and not isinstance(day, bool)
    if not whole or not first <= day <= last:
        hint = "" if daily else " (simulate(..., communities=True) keeps every day)"
        raise ParameterError(f"day must be a whole number in [{first}, {last}]{hint}; got {day!r}.")
    shown: Any = table.loc[int(day)] if daily else table
    return shown, int(day)


# ---- the map


def _circle_sizes(ax: Axes, people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas of circles in square points, in proportion to residents.

    Together they take a fifth of the axes, and none more than a fiftieth.
    """
    width, height = size_of(ax)
    room = min(width, height) ** 2
    per_head = min(0.2 * room / people.sum(), 0.02 * room / people.max())
    return np.asarray(people * per_head)


def _frame(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], radius: float) -> None:
    """A square of the plane around all communities, at least 2 km wide, and a strip above it for the key.

    `radius` of the largest circle, in points, is kept free on all sides.
    """
    margin = 2 * radius / min(size_of(ax))
    half = max(np.ptp(x), np.ptp(y), 2.0) / 2 * 1.04 / (1 - 1.3 * margin)
    across, up = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    ax.set_xlim(across - half, across + half)
    ax.set_ylim(up - half, up + half * 1.2)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)


def _map_key(ax: Axes, people: NDArray[np.float64], size: NDArray[np.float64], seat: bool) -> None:
    """In that strip: how large a circle is for how many residents, and which circles are the county seat."""
    from matplotlib.lines import Line2D

    font = min(font_of(ax), 9)
    per_head = size[0] / people[0]
    largest = (1.1 * font) ** 2  # no larger than a line of text
    typical = float(f"{min(np.median(people), largest / per_head):.1g}")
    across = math.sqrt(typical * per_head)

    def ring(label: str, **how: Any) -> Line2D:
        return Line2D([], [], linestyle="none", marker="o", label=label, **how)

    handles = []
    if typical >= 1 and len(people) > 1:
        handles.append(ring(counted(int(typical), "resident"), markersize=across, markerfacecolor="0.75",
                            markeredgecolor="white"))
    if seat:
        handles.append(ring(say("county seat"), markersize=7, markerfacecolor="none", markeredgecolor="black",
                            markeredgewidth=1.1))
    if handles:
        ax.legend(handles=handles, loc="upper left", ncols=2, frameon=False, fontsize=font, columnspacing=1,
                  handletextpad=0.5, handlelength=1.2, borderaxespad=0.2, borderpad=0)
