"""One function a figure: takes a result, returns Axes, never calls show.

Every function draws on `ax`, or on a new figure when none is given. Colours are told apart by readers with any
colour vision (Okabe and Ito's set for lines, one light-to-dark ramp for what is ordered). Matplotlib is loaded
on first use, and its settings are left as they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.errors import DataError, ParameterError
from kocsim.results import KOC_COUNTS, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["county_map", "coverage", "coverage_law", "funnel", "overview", "poisson_shares"]

FUNNEL: Final = (
    ("aware", "aware", "#0072B2", "-"),
    ("identified", "identified", "#D55E00", "-"),
    ("customers", "customers", "#009E73", "-"),
    ("active_customers", "still active", "#000000", "--"),
)
"""Column of `Result.daily`, label, colour (Okabe-Ito), line."""
RAMP: Final = ("#E3E3E3", "#C5DDF0", "#82B6DC", "#3A82BD", "#0B3C73")
"""None, 1, 2, 3, 4 or more KOCs: the more, the darker."""
BANDS: Final = ("no KOC", "1 KOC", "2 KOCs", "3 KOCs", "4+ KOCs")
WORDS: Final = {"today": "seen that day", "week": "seen in 7 days", "ever": "seen so far"}
MAP_VALUES: Final = {
    "aware": "aware", "identified": "identified", "customers": "customers", "orders": "ordering that day",
}
"""Columns of `Result.communities` that `county_map` shows, in the words of its colour bar."""


def funnel(result: Result, ax: Axes | None = None) -> Axes:
    """How far the product got: residents aware, identified and customers over the days.

    The first three have ever got that far and cannot fall; the dashed line leaves out customers who have lapsed.
    KOCs count as customers from the start, day 0.

    Parameters
    ----------
    result : Result
    ax : Axes, optional

    Returns
    -------
    Axes
        x: day; y: residents, % of the county.

    Raises
    ------
    ParameterError
        When `result` is no result, or holds no day.
    """
    _check_result(result)
    ax = _axes(ax)
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
    room = _label_room(ax, [f"{label} {_percent(100)}" for _, label, *_ in FUNNEL])
    _day_axis(ax, 0, int(days[-1]), room)
    _percent_axis(ax, room)
    for name, label, colour, style in FUNNEL:
        ax.plot(days, lines[name], color=colour, linestyle=style, linewidth=1.8, label=label, clip_on=False,
                zorder=3)
    _end_labels(
        ax, days[-1], [float(lines[name][-1]) for name, *_ in FUNNEL],
        [f"{label} {_percent(lines[name][-1])}" for name, label, *_ in FUNNEL],
        [colour for *_, colour, _ in FUNNEL],
    )
    ax.set_ylabel("residents, % of the county")
    return ax


def coverage(result: Result, window: str = "ever", ax: Axes | None = None) -> Axes:
    """Residents by the number of distinct KOCs of whom they saw a post, day by day.

    Parameters
    ----------
    result : Result
    window : {"ever", "week", "today"}
        Seen since the start, in the last seven days, or on the day itself.
    ax : Axes, optional

    Returns
    -------
    Axes
        x: day; y: residents, % of the county, stacked up to 100; those who saw most KOCs at the bottom.

    Raises
    ------
    ParameterError
        For an unknown window, or a result without days.
    """
    _check_result(result)
    _one_of("window", window, ("ever", "week", "today"))
    ax = _axes(ax)
    table = result.coverage[window][list(KOC_COUNTS)]
    shares = table.to_numpy() * (100 / result.provenance["residents"])
    first, last = int(table.index[0]), int(table.index[-1])
    ax.set_ylim(0, 100)
    room = _label_room(ax, [WORDS[window], *(f"{band} {_percent(99.9)}" for band in BANDS)])
    _day_axis(ax, first - 0.5, last + 0.5, room)
    _percent_axis(ax, room)
    edges = np.arange(first, last + 2) - 0.5  # a day is as wide as a bar, so that a single day is one
    bottom = np.zeros(len(shares))
    middles = [0.0] * len(BANDS)
    for k in reversed(range(len(BANDS))):
        top = bottom + shares[:, k]
        low, high = (np.append(values, values[-1]) for values in (bottom, top))
        ax.fill_between(edges, low, high, step="post", color=RAMP[k], linewidth=0, label=BANDS[k])
        middles[k] = float(bottom[-1] + top[-1]) / 2
        bottom = top
    _end_labels(
        ax, last + 0.5, middles, [f"{BANDS[k]} {_percent(shares[-1, k])}" for k in range(len(BANDS))],
        list(RAMP), heading=WORDS[window],
    )
    ax.set_ylabel("residents, % of the county")
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


def coverage_law(result: Result, window: str = "ever", ax: Axes | None = None) -> Axes:
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
    _check_result(result)
    _one_of("window", window, ("ever", "today"))
    mean = _mean_kocs(result, window)
    ax = _axes(ax)
    n, reach = result.provenance["residents"], float(result.provenance["reach"]["kocs_in_mean"])
    day = int(result.coverage.index[-1])
    places = np.arange(len(KOC_COUNTS))
    measured = result.coverage[window][list(KOC_COUNTS)].iloc[-1].to_numpy() * (100 / n)
    law, ceiling = 100 * poisson_shares(mean), 100 * poisson_shares(reach)
    bars = ax.bar(places, measured, width=0.62, color=RAMP, edgecolor="0.45", linewidth=0.6)
    bars[2].set_label(f"measured, day {day}: mean {mean:.3g}")  # a middle colour stands for all in the legend
    handles: list[Any] = [bars[2], *ax.plot(
        places, law, linestyle="none", marker="D", markersize=6.5, color="#D55E00", markeredgecolor="white",
        label=f"random mixing, same mean {mean:.3g}", clip_on=False, zorder=4,
    )]
    top = max(measured.max(), law.max())
    if window == "ever":
        handles += ax.plot(
            places, ceiling, linestyle="none", marker="o", markersize=9.5, markerfacecolor="none",
            markeredgecolor="black", markeredgewidth=1.2, label=f"random mixing, full reach: mean {reach:.3g}",
            clip_on=False, zorder=3,
        )
        top = max(top, ceiling.max())
    top = min(top * 1.04, 100)
    font = min(_font(ax), 9)
    legend = min((len(handles) * 1.6 + 0.8) * font / _size(ax)[1], 0.5)  # of the height, kept free above all bars
    ax.set_ylim(0, top / (1 - legend))
    _percent_axis(ax, highest=top)
    ax.set_xlim(-0.55, len(places) - 0.45)
    ax.set_xticks(places, KOC_COUNTS)
    ax.tick_params(axis="x", length=0, pad=7)  # markers at 0% reach below the axis
    ax.set_xlabel(f"distinct KOCs seen {'so far' if window == 'ever' else 'on the last day'}")
    ax.set_ylabel("residents, % of the county")
    ax.legend(handles=handles, loc="upper left", frameon=False, fontsize=font, handletextpad=0.6,
              handlelength=1.4, borderaxespad=0.2, borderpad=0)
    return ax


def county_map(
    result: Result, value: str = "customers", day: int | None = None, ax: Axes | None = None
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

    _check_result(result)
    _one_of("value", value, tuple(MAP_VALUES))
    table, day = _communities_on(result, day)
    table = table[table["residents"] > 0].sort_values("residents", ascending=False)
    x, y, people = (table[name].to_numpy(float) for name in ("x", "y", "residents"))
    if len(table) > 1 and np.ptp(x) == 0 and np.ptp(y) == 0:
        raise DataError(
            f"county_map needs places, but all {len(table):,} communities lie at one point: "
            "give residents x and y."
        )
    ax = _axes(ax)
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
    ax.set_xlabel("km")
    ax.set_ylabel("km")
    beyond = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
    bar = ax.figure.colorbar(
        dots, ax=ax, shrink=0.85, pad=0.03, extend=beyond[bool(share.min() < low), bool(share.max() > high)]
    )
    bar.set_label(f"{MAP_VALUES[value]} on day {day}, %")
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(nbins=5)
    bar.formatter = StrMethodFormatter("{x:.4g}%")
    bar.update_ticks()
    _map_key(ax, people, size, told_apart)
    return ax


def overview(result: Result, figure: Figure | None = None) -> Figure:
    """The run on one page: funnel, coverage, the law of random mixing, and the map.

    Parameters
    ----------
    result : Result
    figure : Figure, optional
        An empty figure to draw on; default: a new one of pyplot's.

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        When `result` is no result, or holds no day.
    """
    _check_result(result)
    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=(12, 9))
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    panels = figure.subplots(2, 2).ravel()
    p = result.provenance
    drawn: tuple[tuple[Axes, str, Callable[[Axes], Axes]], ...] = (
        (panels[0], "How far the product got", lambda a: funnel(result, a)),
        (panels[1], "How many KOCs residents saw, day by day", lambda a: coverage(result, "ever", a)),
        (panels[2], "KOCs seen on the last day, beside random mixing", lambda a: coverage_law(result, "today", a)),
        (panels[3], "Where the customers live", lambda a: county_map(result, ax=a)),
    )
    for ax, title, draw in drawn:
        try:
            draw(ax)
        except DataError as error:  # one table is missing: the other figures still stand
            ax.set_axis_off()
            ax.text(0.5, 0.5, _folded(str(error), 48), ha="center", va="center", color="0.4", transform=ax.transAxes)
        ax.set_title(title, loc="left", fontweight="bold", fontsize="medium")
    days = len(result.daily)
    stopped = ", interrupted" if p["interrupted"] else ""
    figure.suptitle(
        f"{p['scenario']['name']}: {_count(p['residents'], 'resident')}, {_count(p['kocs'], 'KOC')}, "
        f"{_count(days, 'day')}{stopped}, seed {p['seed']}",
        fontsize="large", fontweight="bold", fontfamily=_families(),
    )
    return figure


# ---- what is drawn from


def _check_result(result: Result) -> None:
    if not isinstance(result, Result):
        raise ParameterError(f"result must be a Result; got {result!r}.")
    if not len(result.daily):
        raise ParameterError("result must hold 1 day or more; got a result of 0 days.")


def _one_of(name: str, value: str, choices: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.")


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


# ---- axes and labels


def _axes(ax: Axes | None) -> Axes:
    from matplotlib.axes import Axes

    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise ParameterError(f"ax must be a matplotlib Axes or None; got {type(ax).__name__}.")
    return ax


def _size(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points, as far as they are known before layout."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return float(box.width * 72 / dpi), float(box.height * 72 / dpi)


def _font(ax: Axes) -> float:
    """Size of labels at the ends, in points: the axis labels' size, or less on small axes."""
    usual = float(ax.xaxis.label.get_fontsize())
    return max(min(usual * 0.95, _size(ax)[0] / 22), 6.5)


def _label_room(ax: Axes, labels: Sequence[str]) -> float:
    """Share of the width of the axes that labels at the right ends need; 0.6 em is a wide letter."""
    longest = max(map(len, labels)) + 2.5
    return min(longest * 0.6 * _font(ax) / _size(ax)[0], 0.5)


def _day_axis(ax: Axes, low: float, high: float, room: float) -> None:
    """Days from `low` to `high`; the share `room` of the width beyond them is kept for labels."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(low, low + (high - low) / (1 - room))
    ticks = MaxNLocator(nbins=5, integer=True, min_n_ticks=1).tick_values(math.ceil(low), math.floor(high))
    ticks = [tick for tick in ticks if low <= tick <= high and tick == int(tick)]
    ax.set_xticks(ticks, [f"{int(tick)}" for tick in ticks])
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["bottom"].set_bounds(low, high)
    ax.set_xlabel("day", x=(1 - room) / 2)


def _percent_axis(ax: Axes, room: float = 0.0, highest: float = math.inf) -> None:
    """Ticks in %, none above `highest`, and light lines across the share of the width that is not `room`."""
    from matplotlib.ticker import MaxNLocator

    top = min(ax.get_ylim()[1], highest)
    ticks = [tick for tick in MaxNLocator(nbins=5).tick_values(0, top) if 0 <= tick <= top * (1 + 1e-9)]
    ax.set_yticks(ticks, [f"{tick:g}%" for tick in ticks])
    for tick in ticks[1:]:
        ax.axhline(tick, xmax=1 - room, color="0.9", linewidth=0.7, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["left"].set_bounds(0, top)


def _end_labels(
    ax: Axes, x: float, heights: Sequence[float], labels: Sequence[str], colours: Sequence[str],
    heading: str = "",
) -> None:
    """Write each label at the right end `x`, at its height or as near as labels do not overlap.

    Lines get labels of their colour; bands, told by a `heading` above their labels, a square of it.
    """
    font = _font(ax)
    width, height = _size(ax)
    low, high = ax.get_ylim()
    left, right = ax.get_xlim()
    gap, em = 1.3 * font / height * (high - low), font / width * (right - left)
    places = _spread(heights, gap, low, high - gap if heading else high)
    for y, at, label, colour in zip(places, heights, labels, colours, strict=True):
        if heading:
            ax.plot([x + 0.75 * em], [y], marker="s", markersize=font * 0.75, color=colour,
                    markeredgecolor="0.45", markeredgewidth=0.5, clip_on=False)
        else:
            ax.plot([x + 0.25 * em, x + 0.9 * em], [at, y], color=colour, linewidth=0.8, clip_on=False)
        ax.text(x + 1.4 * em, y, label, va="center", fontsize=font, color="0.15" if heading else colour)
    if heading:
        ax.text(x + 0.35 * em, high - gap / 2, heading, va="center", fontsize=font, color="0.15")


def _spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Heights moved apart to be `gap` from each other, in the same order, and between `low` and `high`."""
    order = sorted(range(len(heights)), key=lambda i: (heights[i], -i))
    placed: list[float] = []
    for i in order:
        placed.append(max(heights[i], placed[-1] + gap if placed else low + gap / 2))
    limit = high - gap / 2
    for rank in reversed(range(len(placed))):
        placed[rank] = min(placed[rank], limit)
        limit = placed[rank] - gap
    out = [0.0] * len(placed)
    for i, y in zip(order, placed, strict=True):
        out[i] = y
    return out


def _percent(value: float) -> str:
    """A share in % with two digits that matter: "0.32%", "7.8%", "45%"; never "100%" for less than all."""
    if value >= 99.5:
        return "100%" if value == 100 else f"{min(value, 99.99):.4g}%" if value >= 99.95 else f"{value:.1f}%"
    return "0%" if value == 0 else f"{value:.0f}%" if value >= 9.95 else f"{value:.2g}%"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _folded(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))


def _families() -> list[str]:
    """Fonts for a scenario's name, which may be Chinese: those asked for, then any that is installed."""
    from matplotlib import font_manager, rcParams

    known = set(font_manager.get_font_names())
    chinese = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "PingFang SC",
               "Microsoft YaHei", "SimHei")
    return [*rcParams["font.family"], *[name for name in chinese if name in known]]


# ---- the map


def _circle_sizes(ax: Axes, people: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas of circles in square points, in proportion to residents.

    Together they take a fifth of the axes, and none more than a fiftieth.
    """
    width, height = _size(ax)
    room = min(width, height) ** 2
    per_head = min(0.2 * room / people.sum(), 0.02 * room / people.max())
    return np.asarray(people * per_head)


def _frame(ax: Axes, x: NDArray[np.float64], y: NDArray[np.float64], radius: float) -> None:
    """A square of the plane around all communities, at least 2 km wide, and a strip above it for the key.

    `radius` of the largest circle, in points, is kept free on all sides.
    """
    margin = 2 * radius / min(_size(ax))
    half = max(np.ptp(x), np.ptp(y), 2.0) / 2 * 1.04 / (1 - 1.3 * margin)
    across, up = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    ax.set_xlim(across - half, across + half)
    ax.set_ylim(up - half, up + half * 1.2)
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)


def _map_key(ax: Axes, people: NDArray[np.float64], size: NDArray[np.float64], seat: bool) -> None:
    """In that strip: how large a circle is for how many residents, and which circles are the county seat."""
    from matplotlib.lines import Line2D

    font = min(_font(ax), 9)
    per_head = size[0] / people[0]
    largest = (1.1 * font) ** 2  # no larger than a line of text
    typical = float(f"{min(np.median(people), largest / per_head):.1g}")
    across = math.sqrt(typical * per_head)

    def ring(label: str, **how: Any) -> Line2D:
        return Line2D([], [], linestyle="none", marker="o", label=label, **how)

    handles = []
    if typical >= 1 and len(people) > 1:
        handles.append(ring(_count(int(typical), "resident"), markersize=across, markerfacecolor="0.75",
                            markeredgecolor="white"))
    if seat:
        handles.append(ring("county seat", markersize=7, markerfacecolor="none", markeredgecolor="black",
                            markeredgewidth=1.1))
    if handles:
        ax.legend(handles=handles, loc="upper left", ncols=2, frameon=False, fontsize=font, columnspacing=1,
                  handletextpad=0.5, handlelength=1.2, borderaxespad=0.2, borderpad=0)
