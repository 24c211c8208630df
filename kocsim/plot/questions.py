"""Answers of `kocsim.compare`, `kocsim.critical` and `kocsim.sensitivity`, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kocsim.analysis.comparison import Comparison
from kocsim.analysis.critical import Critical
from kocsim.analysis.sensitivity import Sensitivity
from kocsim.errors import DataError, ParameterError
from kocsim.plot.style import BLACK, BLUE, ORANGE, axes_for, columns, font_of, name_axes
from kocsim.plot.sweeps import WIDE, axis_of, in_percent_of, plain, scaled
from kocsim.plot.words import name_of, say, unit_of, with_unit, worded

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@worded
def differences(comparison: Comparison, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """Paired differences of arms to the baseline, with intervals; filled where they are decided.

    Parameters
    ----------
    comparison : Comparison
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: difference to the baseline, in the unit of the measure, shares in percentage points; y: the arms.

    Raises
    ------
    ParameterError
        For what is no comparison.
    """
    from matplotlib.patheffects import withStroke

    if not isinstance(comparison, Comparison):
        raise ParameterError(f"comparison must come from kocsim.compare; got {type(comparison).__name__}.")
    table = comparison.differences
    ax = axes_for(ax)
    factor, unit = in_percent_of(comparison.unit)
    font = min(font_of(ax), 9)
    ax.axvline(0, color="0.4", linewidth=0.9)
    finite = [float(x) for x in (factor * table[["low", "high", "difference"]]).to_numpy().ravel() if np.isfinite(x)]
    reach = max(abs(x) for x in finite) or 1.0
    places = np.arange(len(table))[::-1]
    for place, (_, row) in zip(places, table.iterrows(), strict=True):
        low, high = (factor * float(np.clip(row[end], -9 * reach, 9 * reach)) for end in ("low", "high"))
        colour = (ORANGE if row["difference"] < 0 else BLUE) if row["decided"] else "0.45"
        ax.plot([low, high], [place, place], color=colour, linewidth=1.8, solid_capstyle="butt")
        ax.plot([factor * row["difference"]], [place], "o", color=colour, markersize=6,
                markerfacecolor=colour if row["decided"] else "white")
        word = f"{factor * row['difference']:+.3g}".replace("-", "\u2212") if row["decided"] else say("not decided")
        ax.annotate(word, (factor * row["difference"], place), (0, 6), textcoords="offset points", ha="center",
                    fontsize=font, color=colour,  # over the line of zero
                    path_effects=[withStroke(linewidth=3, foreground=ax.get_facecolor())])
    ax.set_ylim(-0.6, len(table) - 0.3)
    ax.set_yticks(places, [str(arm) for arm in table.index])
    ax.margins(x=0.18)
    unit = say("percentage points") if unit != comparison.unit else unit_of(unit)
    what = say("{name}, {unit}", name=name_of(comparison.measure), unit=unit) if unit else name_of(comparison.measure)
    name_axes(ax, say("difference to {baseline}: {measure}", baseline=comparison.baseline, measure=what))
    ax.xaxis.label.set(x=1.0, ha="right")  # names of arms leave little room to the right, and much to the left
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


@worded
def critical(found: Critical, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """Every run of a search for a critical point: responses by the parameter, the level, the median with its interval.

    Parameters
    ----------
    found : Critical
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: the parameter; y: the response, in its unit, shares in %.

    Raises
    ------
    ParameterError
        For what is no critical point.
    """
    if not isinstance(found, Critical):
        raise ParameterError(f"found must come from kocsim.critical; got {type(found).__name__}.")
    ax = axes_for(ax)
    factor, label = scaled(found.measure, found.unit)
    runs = found.evaluations
    runs["value"] *= factor
    for _, one in runs.groupby("replicate"):
        ax.plot(one["x"], one["value"], "-", color=BLUE, alpha=0.25, linewidth=0.8, zorder=1)
    ax.plot(runs["x"], runs["value"], "o", color=BLUE, markersize=3, alpha=0.5, markeredgewidth=0,
            label=say("response of each run"))
    level = factor * found.level
    ax.axhline(level, color="0.4", linewidth=0.9, linestyle="--",
               label=say("level {level}", level=f"{level:.3g}" + "%" * (factor > 1)))
    if found.scale.log and found.scale.hi / found.scale.lo > WIDE:
        ax.set_xscale("log")
    if np.isfinite(found.point):
        low, high = max(found.low, found.scale.lo), min(found.high, found.scale.hi)
        ax.axvspan(low, high, color=ORANGE, alpha=0.25, linewidth=0)
        ax.axvline(found.point, color=ORANGE, linewidth=1.4, label=say("median {point}", point=f"{found.point:,.4g}"))
    if ax.get_xscale() == "log":
        plain(ax)
    name_axes(ax, axis_of(found.parameter), label)
    ax.spines[["top", "right"]].set_visible(False)
    font = min(font_of(ax), 9)
    names = ax.get_legend_handles_labels()[1]
    ax.legend(frameon=False, fontsize=font, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns(ax, names, font),
              borderpad=0.1, columnspacing=1.2)  # above: the median may be anywhere
    return ax


@worded
def sensitivity(found: Sensitivity, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """What the answer hangs on: indices of parameters with intervals, the most important on top.

    Parameters
    ----------
    found : Sensitivity
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: share of variance (Sobol'), or size of the effect per range (Morris); y: parameters.

    Raises
    ------
    ParameterError
        For what is no sensitivity.
    DataError
        When no index is a number.
    """
    if not isinstance(found, Sensitivity):
        raise ParameterError(f"found must come from kocsim.sensitivity; got {type(found).__name__}.")
    ax = axes_for(ax)
    sobol = found.method == "sobol"
    kinds = (("total", BLUE, 0.16, "total"), ("first", BLACK, -0.16, "first order")) if sobol else (
        ("mu_star", BLUE, 0.0, ""),)
    table = found.table.sort_values(kinds[0][0])
    if not np.isfinite(table[kinds[0][0]]).any():
        raise DataError("There is no index to draw: none is a number.")
    places = np.arange(len(table))
    for name, colour, shift, label in kinds:
        low, high = (table[f"{name}_{end}"].to_numpy(float) for end in ("low", "high"))
        ax.hlines(places + shift, low, high, color=colour, linewidth=1.6)
        ax.plot(table[name], places + shift, "o" if shift >= 0 else "s", color=colour, markersize=5,
                label=say(label) if label else None)
    ax.axvline(0, color="0.6", linewidth=0.8)
    ax.set_yticks(places, table.index, fontsize=min(font_of(ax), 9))
    ax.set_ylim(-0.6, len(table) - 0.4)
    if sobol:
        name_axes(ax, f"{name_of(found.measure)}: {say('share of variance')}")
        ax.legend(frameon=False, fontsize=min(font_of(ax), 9), loc="lower right")
    else:
        effect = say("size of effect, per range")
        name_axes(ax, f"{name_of(found.measure)}: {with_unit(effect, found.unit)}")
    ax.xaxis.label.set(x=1.0, ha="right")  # names of parameters leave little room to the right, and much to the left
    ax.spines[["top", "right"]].set_visible(False)
    return ax
