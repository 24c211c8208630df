"""How the product spread: stages over the days, and how many KOCs residents saw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.errors import DataError, ParameterError
from kocsim.plot.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    RAMP,
    axes_for,
    check_result,
    day_axis,
    end_labels,
    font_of,
    in_percent,
    label_room,
    one_of,
    percent_axis,
    size_of,
)
from kocsim.plot.words import say, worded
from kocsim.results import KOC_COUNTS, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

FUNNEL: Final = (
    ("aware", "aware", BLUE, "-"),
    ("identified", "identified", ORANGE, "-"),
    ("customers", "customers", GREEN, "-"),
    ("active_customers", "still active", BLACK, "--"),
)
"""Column of `Result.daily`, label, colour, line."""
BANDS: Final = ("no KOC", "1 KOC", "2 KOCs", "3 KOCs", "4+ KOCs")
WINDOWS: Final = {"today": "seen that day", "week": "seen in 7 days", "ever": "seen so far"}


@worded
def funnel(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """How far the product got: residents aware, identified and customers over the days.

    The first three have ever got that far and cannot fall; the dashed line leaves out customers who have lapsed.
    KOCs count as customers from the start, day 0.

    Parameters
    ----------
    result : Result
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: day; y: residents, % of the county.

    Raises
    ------
    ParameterError
        When `result` is no result, or holds no day.
    """
    check_result(result)
    ax = axes_for(ax)
    percent = 100 / result.provenance["residents"]
    start = result.stages.loc[0]
    at_start = {
        "aware": start.drop("unaware").sum(),
        "identified": start[["identified", "customer", "repeat", "lapsed"]].sum(),
        "customers": start[["customer", "repeat", "lapsed"]].sum(),
        "active_customers": start[["customer", "repeat"]].sum(),
    }
    days = np.concatenate([[0], result.daily.index.to_numpy()])
    lines = {
        name: np.concatenate([[at_start[name]], result.daily[name].to_numpy()]) * percent for name, *_ in FUNNEL
    }
    top = max(float(values.max()) for values in lines.values())
    ax.set_ylim(0, 100 if top > 40 else max(top * 1.1, 1))
    room = label_room(ax, [f"{say(label)} {in_percent(100)}" for _, label, *_ in FUNNEL])
    day_axis(ax, 0, int(days[-1]), room)
    percent_axis(ax, room)
    for name, label, colour, style in FUNNEL:
        ax.plot(days, lines[name], color=colour, linestyle=style, linewidth=1.8, label=say(label), clip_on=False,
                zorder=3)
    end_labels(
        ax, days[-1], [float(lines[name][-1]) for name, *_ in FUNNEL],
        [f"{say(label)} {in_percent(lines[name][-1])}" for name, label, *_ in FUNNEL],
        [colour for *_, colour, _ in FUNNEL],
    )
    ax.set_ylabel(say("residents, % of the county"))
    return ax


@worded
def coverage(result: Result, window: str = "ever", ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """Residents by the number of distinct KOCs of whom they saw a post, day by day.

    Parameters
    ----------
    result : Result
    window : {"ever", "week", "today"}
        Seen since the start, in the last seven days, or on the day itself.
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: day; y: residents, % of the county, stacked up to 100; those who saw most KOCs at the bottom.

    Raises
    ------
    ParameterError
        For an unknown window, or a result without days.
    """
    check_result(result)
    one_of("window", window, ("ever", "week", "today"))
    ax = axes_for(ax)
    table = result.coverage[window][list(KOC_COUNTS)]
    shares = table.to_numpy() * (100 / result.provenance["residents"])
    first, last = int(table.index[0]), int(table.index[-1])
    ax.set_ylim(0, 100)
    room = label_room(ax, [say(WINDOWS[window]), *(f"{say(band)} {in_percent(99.9)}" for band in BANDS)])
    day_axis(ax, first - 0.5, last + 0.5, room)
    percent_axis(ax, room)
    edges = np.arange(first, last + 2) - 0.5  # a day is as wide as a bar, so that a single day is one
    bottom = np.zeros(len(shares))
    middles = [0.0] * len(BANDS)
    for k in reversed(range(len(BANDS))):
        top = bottom + shares[:, k]
        low, high = (np.append(values, values[-1]) for values in (bottom, top))
        ax.fill_between(edges, low, high, step="post", color=RAMP[k], linewidth=0, label=say(BANDS[k]))
        middles[k] = float(bottom[-1] + top[-1]) / 2
        bottom = top
    end_labels(
        ax, last + 0.5, middles, [f"{say(BANDS[k])} {in_percent(shares[-1, k])}" for k in range(len(BANDS))],
        list(RAMP), heading=say(WINDOWS[window]),
    )
    ax.set_ylabel(say("residents, % of the county"))
    return ax


def poisson_shares(mean: float) -> NDArray[np.float64]:
    r"""The law of random mixing: shares of residents who meet 0, 1, 2, 3, and 4 or more distinct KOCs.

    Were KOCs met independently and by all residents alike, numbers would be Poisson,
    :math:`P(k) = e^{-m} m^k / k!`.

    Parameters
    ----------
    mean : float
        Distinct KOCs a resident meets on average, m, in [0, inf).

    Returns
    -------
    ndarray, shape (5,)
        In the order of `kocsim.results.KOC_COUNTS`; sums to 1.

    Raises
    ------
    ParameterError
        For a mean out of range.
    """
    number = isinstance(mean, (int, float, np.integer, np.floating)) and not isinstance(mean, bool)
    if not (number and math.isfinite(mean) and mean >= 0):
        raise ParameterError(f"mean must lie in [0, inf); got {mean!r}.")
    from scipy.special import gammainc

    m = float(mean)
    below = [math.exp(-m) * m**k / math.factorial(k) for k in range(4)]
    return np.array([*below, float(gammainc(4, m))])  # the tail itself, not 1 - the rest: exact when small


@worded
def coverage_law(result: Result, window: str = "ever", ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """The last day's residents by distinct KOCs seen, beside what random mixing would give.

    Bars are what happened. Diamonds are the Poisson law with the same mean: as many meetings, dealt out blindly
    over the county. More "no KOC" and more "4+" than the law means that posts fall where others have already
    fallen. For "ever", rings are the law at full reach: everyone in every KOC's audience had seen the KOC, and
    audiences were drawn blindly.

    Parameters
    ----------
    result : Result
        For the window "ever" with its table of residents.
    window : {"ever", "today"}
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: distinct KOCs; y: residents, % of the county.

    Raises
    ------
    ParameterError
        For an unknown window, or a result without days.
    DataError
        When the result does not hold what the mean is taken from.
    """
    check_result(result)
    one_of("window", window, ("ever", "today"))
    mean = _mean_kocs(result, window)
    ax = axes_for(ax)
    n, reach = result.provenance["residents"], float(result.provenance["reach"]["kocs_in_mean"])
    day = int(result.coverage.index[-1])
    places = np.arange(len(KOC_COUNTS))
    measured = result.coverage[window][list(KOC_COUNTS)].iloc[-1].to_numpy() * (100 / n)
    law, ceiling = 100 * poisson_shares(mean), 100 * poisson_shares(reach)
    bars = ax.bar(places, measured, width=0.62, color=RAMP, edgecolor="0.45", linewidth=0.6)
    # a middle colour stands for all in the legend
    bars[2].set_label(say("measured, day {day}: mean {mean}", day=day, mean=f"{mean:.3g}"))
    handles: list[Any] = [bars[2], *ax.plot(
        places, law, linestyle="none", marker="D", markersize=6.5, color="#D55E00", markeredgecolor="white",
        label=say("random mixing, same mean {mean}", mean=f"{mean:.3g}"), clip_on=False, zorder=4,
    )]
    top = max(measured.max(), law.max())
    if window == "ever":
        handles += ax.plot(
            places, ceiling, linestyle="none", marker="o", markersize=9.5, markerfacecolor="none",
            markeredgecolor="black", markeredgewidth=1.2, clip_on=False, zorder=3,
            label=say("random mixing, full reach: mean {mean}", mean=f"{reach:.3g}"),
        )
        top = max(top, ceiling.max())
    top = min(top * 1.04, 100)
    font = min(font_of(ax), 9)
    legend = min((len(handles) * 1.6 + 0.8) * font / size_of(ax)[1], 0.5)  # of the height, kept free above all bars
    ax.set_ylim(0, top / (1 - legend))
    percent_axis(ax, highest=top)
    ax.set_xlim(-0.55, len(places) - 0.45)
    ax.set_xticks(places, KOC_COUNTS)
    ax.tick_params(axis="x", length=0, pad=7)  # markers at 0% reach below the axis
    ax.set_xlabel(say("distinct KOCs seen so far" if window == "ever" else "distinct KOCs seen on the last day"))
    ax.set_ylabel(say("residents, % of the county"))
    ax.legend(handles=handles, loc="upper left", frameon=False, fontsize=font, handletextpad=0.6,
              handlelength=1.4, borderaxespad=0.2, borderpad=0)
    return ax


def _mean_kocs(result: Result, window: str) -> float:
    """Distinct KOCs a resident saw on average, up to or on the last day."""
    if window == "ever":
        if not len(result.residents):
            raise DataError(
                "The mean number of KOCs seen needs the table of residents: run with residents=True."
            )
        return float(result.residents["kocs"].mean())
    if "koc_meetings" not in result.daily:
        raise DataError("The mean number of KOCs seen today needs the column 'koc_meetings' of result.daily.")
    return float(result.daily["koc_meetings"].iloc[-1] / result.provenance["residents"])


