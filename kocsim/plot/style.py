"""What figures have in common: colours, axes, labels at the ends of lines, and the language of their words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from kocsim.errors import ParameterError
from kocsim.plot.words import say
from kocsim.results import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SERIES: Final = (
    (BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (PURPLE, ":", "D"), (BLACK, "-", "v"),
    (YELLOW, "--", "P"), (SKY, "-.", "X"))
"""Colour, line and mark of one series after the other: told apart with any colour vision (Okabe and Ito), or none."""
RAMP: Final = ("#E3E3E3", "#C5DDF0", "#82B6DC", "#3A82BD", "#0B3C73")
"""What is ordered: the more, the darker."""


def check_result(result: Any) -> None:
    """Refuse what is no result, or holds no day."""
    if not isinstance(result, Result):
        raise ParameterError(f"result must be a Result; got {result!r}.")
    if not len(result.daily):
        raise ParameterError("result must hold 1 day or more; got a result of 0 days.")


def one_of(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse a value that is none of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.")


def axes_for(ax: Axes | None, **size: Any) -> Axes:
    """The axes given, or those of a new figure."""
    from matplotlib.axes import Axes

    if ax is None:
        import matplotlib.pyplot as plt

        new: Axes = plt.subplots(layout="constrained", **size)[1]
        return new
    if not isinstance(ax, Axes):
        raise ParameterError(f"ax must be a matplotlib Axes or None; got {type(ax).__name__}.")
    return ax


def size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points, as far as they are known before layout."""
    box, dpi = ax.get_window_extent(), ax.figure.dpi
    return float(box.width * 72 / dpi), float(box.height * 72 / dpi)


def font_of(ax: Axes) -> float:
    """Size of labels at the ends, in points: the axis labels' size, or less on small axes."""
    usual = float(ax.xaxis.label.get_fontsize())
    return max(min(usual * 0.95, size_of(ax)[0] / 22), 6.5)


def ems(text: str) -> float:
    """Width of a text in ems, at most: 0.6 is a wide letter, and a Chinese character is 1."""
    return sum(1.0 if ord(letter) > 0x2E7F else 0.6 for letter in text)


def ink(colour: str) -> str:
    """A colour for words: pale ones darker, so that they can be read on white."""
    parts = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    red, green, blue = ((part / 255) ** 2.2 for part in parts)
    pale = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.28
    return "#" + "".join(f"{round(part * 0.65):02X}" for part in parts) if pale else colour


def label_room(ax: Axes, labels: Sequence[str]) -> float:
    """Share of the width of the axes that labels at the right ends need."""
    longest = max(map(ems, labels)) + 1.5
    return min(longest * font_of(ax) / size_of(ax)[0], 0.5)


def day_axis(ax: Axes, low: float, high: float, room: float) -> None:
    """Days from `low` to `high`; the share `room` of the width beyond them is kept for labels."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlim(low, low + (high - low) / (1 - room))
    ticks = MaxNLocator(nbins=5, integer=True, min_n_ticks=1).tick_values(math.ceil(low), math.floor(high))
    ticks = [tick for tick in ticks if low <= tick <= high and tick == int(tick)]
    ax.set_xticks(ticks, [f"{int(tick)}" for tick in ticks])
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["bottom"].set_bounds(low, high)
    ax.set_xlabel(say("day"), x=(1 - room) / 2)


def percent_axis(ax: Axes, room: float = 0.0, highest: float = math.inf) -> None:
    """Ticks in %, none above `highest`, and light lines across the share of the width that is not `room`."""
    from matplotlib.ticker import MaxNLocator

    top = min(ax.get_ylim()[1], highest)
    ticks = [tick for tick in MaxNLocator(nbins=5).tick_values(0, top) if 0 <= tick <= top * (1 + 1e-9)]
    ax.set_yticks(ticks, [f"{tick:g}%" for tick in ticks])
    for tick in ticks[1:]:
        ax.axhline(tick, xmax=1 - room, color="0.9", linewidth=0.7, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["left"].set_bounds(0, top)


def end_labels(
    ax: Axes, x: float, heights: Sequence[float], labels: Sequence[str], colours: Sequence[str],
    heading: str = "",
) -> None:
    """Write each label at the right end `x`, at its height or as near as labels do not overlap.

    Lines get labels of their colour; bands, told by a `heading` above their labels, a square of it. The axis of x may
    be logarithmic.
    """
    font = font_of(ax)
    width, height = size_of(ax)
    low, high = ax.get_ylim()
    x = float(ax.transLimits.transform(ax.transScale.transform((x, low)))[0])  # as a share of the width
    across = ax.get_yaxis_transform()
    gap, em = 1.3 * font / height * (high - low), font / width
    places = spread_out(heights, gap, low, high - gap if heading else high)
    for y, at, label, colour in zip(places, heights, labels, colours, strict=True):
        if heading:
            ax.plot([x + 0.75 * em], [y], marker="s", markersize=font * 0.75, color=colour,
                    markeredgecolor="0.45", markeredgewidth=0.5, clip_on=False, transform=across)
        else:
            ax.plot([x + 0.25 * em, x + 0.9 * em], [at, y], color=colour, linewidth=0.8, clip_on=False,
                    transform=across)
        ax.text(x + 1.4 * em, y, label, va="center", fontsize=font, color="0.15" if heading else ink(colour),
                transform=across)
    if heading:
        ax.text(x + 0.35 * em, high - gap / 2, heading, va="center", fontsize=font, color="0.15", transform=across)


def spread_out(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
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


def in_percent(value: float) -> str:
    """A share in % with two digits that matter: "0.32%", "7.8%", "45%"; never "100%" for less than all."""
    if value >= 99.5:
        return "100%" if value == 100 else f"{min(value, 99.99):.4g}%" if value >= 99.95 else f"{value:.1f}%"
    return "0%" if value == 0 else f"{value:.0f}%" if value >= 9.95 else f"{value:.2g}%"


def counted(number: int, what: str) -> str:
    """A number of things: 1 KOC, 2 KOCs."""
    return say(f"{{n}} {what}{'' if number == 1 else 's'}", n=f"{number:,}")


def name_axes(ax: Axes, x: str = "", y: str = "") -> None:
    """Labels of the axes, in as many lines as it takes for them not to be longer than the axes."""
    width, height = size_of(ax)
    for text, room, put in ((x, width, ax.set_xlabel), (y, height, ax.set_ylabel)):
        if text:
            put(fitted(text, max(room, 60) / float(ax.xaxis.label.get_fontsize())))


def fitted(text: str, room: float) -> str:
    """A text in as few lines of at most `room` ems as it takes, about as long as each other.

    Lines end between words, or before any Chinese character.
    """
    ways = [_broken(text, room * k / 40) for k in range(40, 19, -1)]
    return "\n".join(min((way for way in ways if len(way) == len(ways[0])), key=lambda way: max(map(ems, way))))


def _broken(text: str, room: float) -> list[str]:
    import re

    lines = [""]
    for word in re.findall(r"[^\s\u2e80-\uffff]+\s*|（?[\u2e80-\uffff][，：；、）]*\s*|\s+", text):
        if lines[-1] and 0.93 * ems((lines[-1] + word).rstrip()) > room:
            lines.append("")
        lines[-1] += word
    return [line.rstrip() for line in lines]


def columns(ax: Axes, names: Sequence[str], font: float) -> int:
    """How many names stand beside each other in a legend above the axes."""
    fit = int(size_of(ax)[0] / (font * (max(map(ems, names)) + 5)))
    return min(max(fit, 1), len(names))


def folded(text: str, width: int) -> str:
    """A text in lines of so many letters."""
    import textwrap

    return "\n".join(textwrap.wrap(text, width))
