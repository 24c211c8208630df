"""Several figures on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kocsim.errors import DataError
from kocsim.plot.maps import county_map
from kocsim.plot.spread import coverage, coverage_law, funnel
from kocsim.plot.style import check_result, counted, folded
from kocsim.plot.words import families, say, worded

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kocsim.results import Result


@worded
def overview(result: Result, figure: Figure | None = None, *, lang: str = "en") -> Figure:
    """The run on one page: funnel, coverage, the law of random mixing, and the map.

    Parameters
    ----------
    result : Result
    figure : Figure, optional
        An empty figure to draw on; default: a new one of pyplot's.
    lang : {"en", "zh"}

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        When `result` is no result, or holds no day.
    """
    check_result(result)
    if figure is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=(12, 9))
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    panels = figure.subplots(2, 2).ravel()
    p = result.provenance
    drawn: tuple[tuple[Axes, str, Callable[[Axes], Axes]], ...] = (
        (panels[0], "How far the product got", lambda a: funnel(result, a, lang=lang)),
        (panels[1], "How many KOCs residents saw, day by day", lambda a: coverage(result, "ever", a, lang=lang)),
        (panels[2], "KOCs seen on the last day, beside random mixing",
         lambda a: coverage_law(result, "today", a, lang=lang)),
        (panels[3], "Where the customers live", lambda a: county_map(result, ax=a, lang=lang)),
    )
    for ax, title, draw in drawn:
        try:
            draw(ax)
        except DataError as error:  # one table is missing: the other figures still stand
            ax.set_axis_off()
            ax.text(0.5, 0.5, folded(str(error), 48), ha="center", va="center", color="0.4", transform=ax.transAxes)
        ax.set_title(say(title), loc="left", fontweight="bold", fontsize="medium")
    days = len(result.daily)
    stopped = say(", interrupted") if p["interrupted"] else ""
    figure.suptitle(
        f"{p['scenario']['name']}: {counted(p['residents'], 'resident')}, {counted(p['kocs'], 'KOC')}, "
        f"{counted(days, 'day')}{stopped}, {say('seed {seed}', seed=p['seed'])}",
        fontsize="large", fontweight="bold", fontfamily=families(),
    )
    return figure


