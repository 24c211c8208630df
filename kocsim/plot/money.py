"""Money: what the firm earned and spent, and how evenly its KOCs earn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kocsim import measures
from kocsim.errors import DataError
from kocsim.plot.style import BLACK, BLUE, ORANGE, axes_for, check_result, font_of, name_axes, size_of
from kocsim.plot.words import name_of, say, worded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kocsim.results import Result


@worded
def money(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """The ledger of the whole run by account: what was earned to the left, what was spent to the right.

    Parameters
    ----------
    result : Result
        With orders that cost and bring something (section `money` of the scenario).
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: yuan a resident, over the whole run; y: accounts. The last bar is what remains, as profit or loss: all bars
        together sum to zero.

    Raises
    ------
    DataError
        When no money moved.
    """
    from matplotlib.ticker import FuncFormatter

    check_result(result)
    total = result.ledger["amount"].groupby("account").sum() / (100 * result.provenance["residents"])
    total = total[total != 0]
    if not len(total):
        raise DataError("There is no money to draw: nothing was sold or spent in this run; prices and costs are set in "
                        "the sections price and money.")
    ax = axes_for(ax)
    cash = float(total.get("cash", 0.0))
    rest = total.drop("cash", errors="ignore").sort_values()
    names = [*(name_of(name) for name in rest.index), say("profit" if cash >= 0 else "loss")]
    values = np.array([*rest, cash])
    places = np.arange(len(values))[::-1]
    colours = [*(BLUE if value < 0 else ORANGE for value in rest), BLACK]
    bars = ax.barh(places, values, color=colours, height=0.7)
    font = min(font_of(ax), 9, size_of(ax)[1] / (1.25 * len(values)))
    ax.bar_label(bars, [f"{abs(value):,.2f}" for value in values], fontsize=font, padding=2)
    ax.set_yticks(places, names, fontsize=font)
    ax.axvline(0, color="0.3", linewidth=0.8)
    ax.margins(x=0.25)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):,.4g}"))  # left and right say which
    name_axes(ax, say("earned (left) and spent (right), yuan a resident"))
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


@worded
def lorenz(result: Result, ax: Axes | None = None, *, lang: str = "en") -> Axes:
    """How evenly KOCs earn: the share of all their income that the poorest of them have.

    Of those who ever were KOCs, those who earned nothing included, over the whole run.

    Parameters
    ----------
    result : Result
        With commission paid: touches remembered (``attribution.track = true``).
    ax : Axes, optional
    lang : {"en", "zh"}

    Returns
    -------
    Axes
        x: KOCs, poorest first, %; y: share of their income, %. The diagonal is equal incomes; the Gini coefficient is
        twice the area between (`kocsim.measures.koc_gini`).

    Raises
    ------
    DataError
        When no KOC earned anything.
    """
    check_result(result)
    gini = measures.koc_gini(result)
    if np.isnan(gini):
        raise DataError(
            "There is no income to draw: no KOC earned anything; it needs attribution.track = true and money.commission"
            " > 0.")
    income = np.sort(measures.ever_kocs(result)["income"].to_numpy(float))
    ax = axes_for(ax)
    x = 100 * np.arange(income.size + 1) / income.size
    y = 100 * np.concatenate([[0.0], income.cumsum()]) / income.sum()
    even = ax.plot(x, x, color="0.45", linestyle="--", linewidth=1, label=say("equal incomes"))
    curve = ax.plot(x, y, color=BLUE, linewidth=1.8, label=say("incomes, Gini {gini}", gini=f"{gini:.2f}"))
    ax.fill_between(x, y, x, color=BLUE, alpha=0.12, linewidth=0)
    ax.set(xlim=(0, 100), ylim=(0, 100))
    name_axes(ax, say("KOCs, poorest first, %"), say("share of all their income, %"))
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(handles=[*curve, *even], frameon=False, fontsize=min(font_of(ax), 9), loc="upper left", handlelength=1.5,
              borderaxespad=0.1)  # the longer one on top, where the diagonal leaves more room
    return ax
