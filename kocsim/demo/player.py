"""Maps and curves of A and B that play day by day in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from kocsim.demo.pictures import curves_of, days_of, kocs_of, places

if TYPE_CHECKING:
    from kocsim.county import County
    from kocsim.results import Result


class Player(anywidget.AnyWidget):
    """Two runs beside each other, with a slider for the day and a button that plays.

    The browser holds all days of both runs, so that moving through them asks nothing of Python. Names that begin with
    "a" and "b" belong to the sides.

    Attributes
    ----------
    a_places, b_places : bytes
        `kocsim.demo.pictures.places`, uint16.
    gap : float
        Distance of neighbouring dots.
    a_days, b_days, a_kocs, b_kocs : bytes
        `days_of` (uint8) and `kocs_of` (int32).
    a_curves, b_curves : dict
        `curves_of`.
    days : int
    words : dict of str to str
        What the player says; "A" and "B" are the titles of the sides.
    """

    _esm = Path(__file__).with_name("player.js")
    _css = Path(__file__).with_name("player.css")
    gap = traitlets.Float().tag(sync=True)
    days = traitlets.Int(1).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    a_places = traitlets.Bytes().tag(sync=True)
    a_days = traitlets.Bytes().tag(sync=True)
    a_kocs = traitlets.Bytes().tag(sync=True)
    a_curves = traitlets.Dict().tag(sync=True)
    b_places = traitlets.Bytes().tag(sync=True)
    b_days = traitlets.Bytes().tag(sync=True)
    b_kocs = traitlets.Bytes().tag(sync=True)
    b_curves = traitlets.Dict().tag(sync=True)

    def show(self, side: str, result: Result, county: County) -> None:
        """Show a run on a side, "a" or "b"."""
        xy, gap = places(county)
        shown: dict[str, Any] = {
            "gap": gap, "days": len(result.daily), f"{side}_places": xy.tobytes(),
            f"{side}_days": days_of(result).tobytes(), f"{side}_kocs": kocs_of(result).tobytes(),
            f"{side}_curves": curves_of(result),
        }
        with self.hold_sync():
            for name, value in shown.items():
                setattr(self, name, value)
