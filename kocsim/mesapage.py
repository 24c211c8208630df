"""A county on Mesa's own page (SolaraViz): step or play the days, see map and curves; change parameters and reset.

Needs ``pip install 'kocsim[solara]'``. ``python -m kocsim.mesapage`` starts it at http://127.0.0.1:8765 without the
two things that Solara would send out: a look for a newer version, and statistics of use. (``solara run
kocsim.mesapage`` starts it with them.) ``kocsim demo`` is the page for a class.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import solara
from matplotlib.figure import Figure
from mesa.visualization import Slider, SolaraViz, make_plot_component
from mesa.visualization.utils import update_counter

from kocsim import plot
from kocsim.model import CountyModel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = {"aware": "#0072B2", "identified": "#D55E00", "customers": "#009E73"}
RESIDENTS: Final = 10_000
PARAMETERS: Final[dict[str, Any]] = {
    "scenario": "small",
    "residents": RESIDENTS,
    "shops": 5,
    "population.community_median": 250.0,
    "seed": {"type": "InputText", "value": 1, "label": "seed"},
    "kocs": Slider("KOCs", 100, 1, 500, 1),
    "friends.koc_median": Slider("contacts of a KOC (median)", 500, 32, 1000, 4),
    "posting.moments": Slider("posts a KOC and day", 1.0, 0.1, 3.0, 0.1),
    "attention.posts_per_day": Slider("posts a resident gets to a day", 10, 1, 100, 1),
    "response.further": Slider("weight of each further source", 0.5, 0.0, 2.0, 0.1),
    "identification.threshold": {
        "type": "Select", "value": "absolute", "values": ["absolute", "fractional"], "label": "threshold",
    },
}
"""Parameters of `CountyModel`: what is fixed, and what the page can change."""


class PageModel(CountyModel):
    """A `CountyModel` that takes its seed as the page's text field gives it."""

    def __init__(self, *, seed: Any = 1, **kwargs: Any) -> None:
        super().__init__(kwargs.pop("scenario", "small"), seed=int(seed), **kwargs)


@solara.component
def Map(model: CountyModel) -> None:
    """Customers by community, after the last day that was stepped."""
    update_counter.get()  # draw again after each step
    figure = Figure(figsize=(6, 5), layout="constrained")
    if model.simulation.day:
        plot.county_map(model.result(residents=False), "customers", ax=figure.subplots())
    else:
        figure.text(0.5, 0.5, "press STEP or PLAY", ha="center")
    solara.FigureMatplotlib(figure, format="png", bbox_inches="tight")


def _shape(axes: Axes) -> None:
    axes.set_ylim(0, RESIDENTS)
    axes.set_ylabel("residents")


def start() -> PageModel:
    """The model with which the page begins."""
    return PageModel(**{
        name: getattr(given, "value", given["value"] if isinstance(given, dict) else given)
        for name, given in PARAMETERS.items()})


def serve(port: int = 8765) -> int:
    """Serve the page on this machine until interrupted, with nothing sent out; returns the server's exit status."""
    line = [sys.executable, "-m", "solara", "run", "kocsim.mesapage", "--host", "127.0.0.1", "--port", str(port),
            "--no-open", "--no-check-version", "--production"]
    try:
        return subprocess.run(line, env=os.environ | {"SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false"}).returncode
    except KeyboardInterrupt:
        return 0


@solara.component
def Page() -> None:
    """What Solara shows: a county of one's own for everybody who opens the page."""
    model = solara.use_memo(start, [])
    SolaraViz(
        model, components=[Map, make_plot_component(COLOURS, post_process=_shape)], model_params=PARAMETERS,
        name=f"kocsim: a county of {RESIDENTS:,} residents", play_interval=50)


if __name__ == "__main__":
    sys.exit(serve(*map(int, sys.argv[1:2])))
