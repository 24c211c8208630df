"""What goes on in residents: whom they trust, and what their attention goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kocsim.errors import DataError
from kocsim.plot.style import (
    BLUE,
    ORANGE,
    SERIES,
    axes_for,
    check_result,
    day_axis,
    end_labels,
    font_of,
    label_room,
    name_axes,
    size_of,
)
from kocsim.plot.words import name_of, say, worded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kocsim.results import Result

MOST_BANDS = 6
"""Channels drawn by themselves; the smaller ones together."""


@worded
def trust(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """Trust on the last day: of residents in KOCs, tie by tie, with those they muted; and in the shop they go to.

    Parameters
    ----------
    result : Result
        Where trust does not move (section `trust` of the scenario), it is what ties began with.
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: trust, 0 to 1; y: share of all ties, % for each 0.05 of trust. The line above: how nine tenths of the
        residents trust the shop they go to, and the median.

    Raises
    ------
    DataError
        When the result holds no trust.
    """
    check_result(result)
    table = result.trust
    if not len(table) or not table["ties"].sum():
        raise DataError("There is no trust to draw: no KOC has contacts.")
    ax = axes_for(ax)
    width = 1 / len(table)
    begins = table.index.to_numpy(float)
    total = table["ties"].sum()
    ax.bar(begins, 100 * table["ties"] / total, width, align="edge", color="#9EC9E6", edgecolor="white",
           linewidth=0.4, label=say("ties to KOCs"))
    if table["muted"].any():
        ax.bar(begins, 100 * table["muted"] / total, width, align="edge", color=ORANGE, edgecolor="white",
               linewidth=0.4, label=say("of these muted"))
    top = float(100 * table["ties"].max() / total)
    if "shops" in table and table["shops"].any():
        held = table["shops"].cumsum() / table["shops"].sum()
        low, middle, high = (float(np.interp(q, [0.0, *held], [0.0, *begins + width])) for q in (0.05, 0.5, 0.95))
        ax.plot([low, high], [1.08 * top] * 2, color=BLUE, linewidth=2)
        ax.plot([middle], [1.08 * top], "D", color=BLUE, markersize=5,
                label=say("their shop: median, 5-95%"))
    font = min(font_of(ax), 9)
    rows = len(ax.get_legend_handles_labels()[0])
    ax.set_ylim(0, 1.15 * top / (1 - min((1.5 * rows + 0.6) * font / size_of(ax)[1], 0.5)))
    ax.set_xlim(0, 1)
    name_axes(ax, say("trust in the source, 0 to 1"), say("ties, % per 0.05"))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=font, loc="upper left", borderaxespad=0.1)
    return ax


@worded
def attention(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """What attention went to: posts about the product that residents saw, by channel, day by day.

    Parameters
    ----------
    result : Result
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: day; y: posts seen, per resident and day, stacked; the largest channel at the bottom.

    Raises
    ------
    ParameterError
        When `result` is no result, or holds no day.
    """
    check_result(result)
    ax = axes_for(ax)
    seen = result.channels["exposures"].unstack("channel") / result.provenance["residents"]
    order = seen.sum().sort_values(ascending=False)
    names = [name for name in order.index if order[name] > 0]
    own, rest = (names, []) if len(names) <= MOST_BANDS else (names[: MOST_BANDS - 1], names[MOST_BANDS - 1 :])
    bands = {name_of(name): seen[name].to_numpy() for name in own}
    if rest:
        bands[say("others")] = seen[rest].sum(axis=1).to_numpy()
    days = seen.index.to_numpy()
    labels = list(bands)
    tops = np.cumsum([*bands.values()], axis=0) if bands else np.zeros((1, days.size))
    ax.set_ylim(0, max(float(tops.max()) * 1.05, 1e-3))
    room = label_room(ax, labels) if labels else 0.0
    day_axis(ax, int(days[0]), max(int(days[-1]), int(days[0]) + 1), room)
    colours = [colour for colour, *_ in SERIES]
    below = np.zeros(days.size)
    for label, top, colour in zip(labels, tops, colours, strict=False):
        ax.fill_between(days, below, top, color=colour, linewidth=0.4, edgecolor="white", alpha=0.85, label=label)
        below = top
    if labels:
        middles = [float(a + b) / 2 for a, b in zip([0.0, *tops[:-1, -1]], tops[:, -1], strict=True)]
        end_labels(ax, max(int(days[-1]), int(days[0]) + 1), middles, labels,
                   colours[: len(labels)], heading=say("seen on"))
    name_axes(ax, y=say("posts seen per resident and day"))
    return ax
