"""Who won whom: cascades of customers, as a tree and as distributions of size and depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.errors import DataError, ParameterError
from kocsim.plot.style import (
    BLUE,
    ORANGE,
    RAMP,
    SERIES,
    axes_for,
    check_result,
    columns,
    ems,
    fitted,
    font_of,
    name_axes,
    size_of,
)
from kocsim.plot.words import say, worded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from kocsim.results import Result


class Forest(NamedTuple):
    """All cascades of a run, by resident."""

    by: NDArray[np.int64]
    """Who won her; -1: nobody, or not somebody."""
    root: NDArray[np.int64]
    """At whom her tree begins."""
    depth: NDArray[np.int64]
    """Steps from there."""


def forest(result: Result) -> Forest:
    """Cascades of who won whom.

    Raises
    ------
    DataError
        Where touches were not remembered.
    """
    tree = result.tree
    won = tree[tree["by"] >= 0]
    n = result.provenance["residents"]
    by = np.full(n, -1)
    by[won.index.to_numpy()] = won["by"].to_numpy()
    root = np.where(by >= 0, by, np.arange(n))
    depth = (by >= 0).astype(np.int64)
    while True:  # twice as far up at each turn
        further = root[root]
        if (further == root).all():
            return Forest(by, root, depth)
        depth, root = depth + depth[root], further


@worded
def cascade(result: Result, koc: int | None = None, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """Who won whom, as a tree: one KOC in the middle, whom she won around her, whom these won further out.

    Parameters
    ----------
    result : Result
        With touches remembered: ``attribution.track = true``.
    koc : int, optional
        The resident at whom it begins. Default: in whose tree customers won most; of several, the largest tree.
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        Without axes of its own: a ring is a generation, and its radius the square root of the generation, so that the
        first, which is the largest most often, has room.

    Raises
    ------
    ParameterError
        For somebody who won nobody.
    DataError
        Where touches were not remembered, or nobody was won by anybody.
    """
    from matplotlib.collections import LineCollection

    check_result(result)
    trees = forest(result)
    sizes, later = (np.bincount(trees.root[trees.depth > k], minlength=trees.by.size) for k in (0, 1))
    if not sizes.any():
        raise DataError("There is no cascade to draw: no customer was won by a KOC or another customer.")
    most = int(np.lexsort((sizes, later))[-1])
    whole = isinstance(koc, (int, np.integer)) and not isinstance(koc, bool)
    if koc is not None and not (whole and 0 <= koc < sizes.size and sizes[koc]):
        raise ParameterError(
            f"koc must be a resident with whom a cascade begins, such as {most}; got {koc!r}.")
    start = most if koc is None else int(koc)
    place, order = _rings(trees, start)
    ax = axes_for(ax)
    ax.set_axis_off()
    ax.set_aspect("equal")
    many = len(order) - 1
    deepest = int(trees.depth[order].max())
    x, y = place[:, 0], place[:, 1]
    row = {person: k for k, person in enumerate(order)}
    parents = np.array([row[int(trees.by[person])] for person in order[1:]])
    ax.add_collection(LineCollection(
        np.stack([place[parents], place[1:]], axis=1).tolist(), colors="0.7", zorder=1,
        linewidths=0.6 if many < 400 else 0.3))
    reach = 1.1 * deepest**0.5
    step = min(size_of(ax)) / (2 * reach)  # to the first ring, in points
    apart = min(2 * np.pi * k**0.5 * step / many_here for k, many_here in enumerate(
        np.bincount(trees.depth[order])[1:].tolist(), start=1))
    dot = float(np.clip((0.8 * apart) ** 2, 3, 60))
    ax.scatter(x[:1], y[:1], s=3 * dot, color=ORANGE, zorder=3, label=f"{say('KOC')} {start}")
    for k in range(1, deepest + 1):
        here = trees.depth[order] == k
        ax.scatter(x[here], y[here], s=dot, color=RAMP[max(len(RAMP) - k, 1)], edgecolors="white",
                   linewidths=0.3, zorder=2, label=f"{say('generation {k}', k=k)}: {int(here.sum()):,}")
    font = min(font_of(ax), 9)
    names = ax.get_legend_handles_labels()[1]
    wide = size_of(ax)[0] > 1.15 * size_of(ax)[1]  # then there is room beside the tree that it cannot use
    beside = (max(map(ems, names)) + 3) * font / step if wide else 0.0
    ax.set_xlim(-reach, reach + beside)
    ax.set_ylim(-reach, reach)
    where: dict[str, Any] = {"loc": "center right"} if wide else {
        "loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": columns(ax, names, font)}
    key: Any = ax.legend(
        **where, frameon=False, fontsize=font, handletextpad=0.2, columnspacing=1, borderpad=0, borderaxespad=0)
    for mark in key.legend_handles:  # points of a large tree are small
        mark.set_sizes([max(float(mark.get_sizes()[0]), 14.0)])
    title = say("customers won by {who}: {n}", who=f"{say('KOC')} {start}", n=f"{many:,}")
    ax.set_title(fitted(title, (1.15 if wide else 1) * size_of(ax)[0] / font), fontsize=font, loc="left")
    return ax


def _rings(trees: Forest, start: int) -> tuple[NDArray[np.float64], list[int]]:
    """Places of a tree's members, parents first: angles by leaves, and the same area for each generation."""
    members = np.flatnonzero((trees.root == start) & (trees.by >= 0))
    members = members[np.argsort(trees.depth[members], kind="stable")]
    children: dict[int, list[int]] = {start: []}
    for person in members.tolist():
        children[person] = []
        children[int(trees.by[person])].append(person)
    order = [start, *members.tolist()]
    leaves: dict[int, int] = {}
    for person in reversed(order):
        leaves[person] = sum(leaves[child] for child in children[person]) or 1
    begins = {start: 0.0}
    turn = 2 * np.pi / leaves[start]
    place = np.zeros((len(order), 2))
    for k, person in enumerate(order):
        at = begins[person]
        angle, radius = at + turn * leaves[person] / 2, trees.depth[person] ** 0.5
        place[k] = radius * np.cos(angle), radius * np.sin(angle)
        for child in sorted(children[person], key=lambda one: -leaves[one]):
            begins[child] = at
            at += turn * leaves[child]
    return place, order


@worded
def cascade_sizes(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """How many customers KOCs and customers won: by themselves, and KOCs with all that came of it.

    Parameters
    ----------
    result : Result
        With touches remembered: ``attribution.track = true``.
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: customers won, s, logarithmic; y: how many won s or more, logarithmic. A straight line would be a power law.

    Raises
    ------
    DataError
        Where touches were not remembered, or nobody was won by anybody.
    """
    check_result(result)
    trees = forest(result)
    won = trees.by >= 0
    if not won.any():
        raise DataError("There is no cascade to draw: no customer was won by a KOC or another customer.")
    ax = axes_for(ax)
    kinds = (("won by one person", np.bincount(trees.by[won])), ("in her whole tree", np.bincount(trees.root[won])))
    for (label, sizes), (colour, line, mark) in zip(kinds, SERIES, strict=False):
        s, number = np.unique(sizes[sizes > 0], return_counts=True)
        ax.plot(s, number[::-1].cumsum()[::-1], line, color=colour, marker=mark, markersize=3.5, label=say(label))
    ax.set(xscale="log", yscale="log")
    name_axes(ax, say("customers won, s"), say("KOCs and customers who won s or more"))
    _plain_numbers(ax.xaxis, ax.yaxis)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=min(font_of(ax), 9))
    return ax


@worded
def cascade_depths(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """How deep word of mouth goes: customers by generations from the KOC with whom their cascade began.

    Parameters
    ----------
    result : Result
        With touches remembered: ``attribution.track = true``.
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: generations, from 1 (won by a KOC herself); y: customers, logarithmic, with numbers above the bars.

    Raises
    ------
    DataError
        Where touches were not remembered, or nobody was won by anybody.
    """
    check_result(result)
    trees = forest(result)
    number = np.bincount(trees.depth)[1:]
    if not number.sum():
        raise DataError("There is no cascade to draw: no customer was won by a KOC or another customer.")
    ax = axes_for(ax)
    generations = np.arange(1, number.size + 1)
    bars = ax.bar(generations, number, width=0.65, color=BLUE)
    ax.set_yscale("log")
    ax.set_ylim(0.7, float(number.max()) * 2.5)
    ax.bar_label(bars, [f"{many:,}" for many in number], fontsize=min(font_of(ax), 9), padding=1)
    ax.set_xticks(generations)
    name_axes(ax, say("generations from a KOC"), say("customers, number"))
    _plain_numbers(ax.yaxis)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _plain_numbers(*scales: Any) -> None:
    """1, 10, 100 in place of powers."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for scale in scales:
        scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else ""))
        scale.set_minor_formatter(NullFormatter())
