"""What the page's pictures are drawn from, and a figure to take along."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final

import numpy as np

from kocsim import plot
from kocsim.plot.words import families
from kocsim.results import KOC_COUNTS
from kocsim.stages import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.results import Result

UNTOLD: Final = 255
"""In a byte of `days_of`: never."""
FILLED: Final = 0.5
"""Share of the map that communities cover."""
CURVES: Final = ("aware", "identified", "customers")


def places(county: County) -> tuple[NDArray[np.uint16], float]:
    """A place on the map for every resident: communities are discs, a resident a dot in its disc.

    Discs are as large as their residents are many, and moved apart where they would overlap, so that the map
    is not to scale. Residents who are near in the county's order (households, circles of friends) lie near each other.

    Returns
    -------
    ndarray of uint16, shape (residents, 2)
        x from left and y from the top, in 1/65535 of the map's width, a square.
    float
        Distance of neighbouring dots, as a share of the map's width.
    """
    people = np.bincount(county.community, minlength=county.communities)
    centre = np.column_stack([county.community_x, -county.community_y]).astype(float)
    spread = max(float(np.ptp(centre, axis=0).max()), 1e-9)
    centre = (centre - centre.min(axis=0)) / spread * 0.8
    gap = math.sqrt(FILLED / people.sum())
    radius = gap * np.sqrt(people / math.pi)
    centre = _apart(centre, radius * 1.06)
    low, high = (centre - radius[:, None]).min(axis=0), (centre + radius[:, None]).max(axis=0)
    across = float((high - low).max()) / 0.98
    middle = (low + high) / 2
    xy = np.empty((county.n, 2))
    order = np.argsort(county.community, kind="stable")
    ends = np.cumsum(people)
    for c in range(county.communities):  # some dozens
        xy[order[ends[c] - people[c] : ends[c]]] = centre[c] + radius[c] * _disc(int(people[c]))
    within = (xy - middle) / across + 0.5
    return np.round(within.clip(0, 1) * 65_535).astype(np.uint16), gap / across


def _apart(centre: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Discs moved until none overlaps another, or nearly so."""
    centre = centre.copy()
    number = len(centre)
    for _ in range(400):
        between = centre[:, None] - centre[None]
        distance = np.hypot(between[..., 0], between[..., 1])
        overlap = np.clip(radius[:, None] + radius[None] - distance, 0, None)
        overlap[np.arange(number), np.arange(number)] = 0
        if overlap.max(initial=0) < 1e-4:
            break
        away = between / np.maximum(distance, 1e-9)[..., None]
        centre += 0.5 * (away * overlap[..., None]).sum(axis=1)
    return centre


def _disc(number: int) -> NDArray[np.float64]:
    """So many points, evenly spread over the unit disc, in an order in which neighbours follow each other."""
    turn = np.arange(number)
    points = np.sqrt((turn + 0.5) / max(number, 1))[:, None] * np.column_stack(
        [np.cos(turn * math.pi * (3 - math.sqrt(5))), np.sin(turn * math.pi * (3 - math.sqrt(5)))])
    cell = ((points + 1) * 511.5).astype(np.int64)
    code = np.zeros(number, np.int64)
    for bit in range(10):  # Morton's order: bits of x and y in turn
        code |= ((cell[:, 0] >> bit & 1) << (2 * bit)) | ((cell[:, 1] >> bit & 1) << (2 * bit + 1))
    return np.asarray(points[np.argsort(code, kind="stable")])


def days_of(result: Result) -> NDArray[np.uint8]:
    """The days on which each resident became aware, identified and a customer; shape (3, residents).

    0 from the start, `UNTOLD` never.
    """
    days = result.residents[["day_aware", "day_identified", "day_customer"]].to_numpy().T
    return np.where(days == NEVER, UNTOLD, np.minimum(days, UNTOLD - 1)).astype(np.uint8)


def kocs_of(result: Result) -> NDArray[np.int32]:
    """Resident, first day and day of leaving of every KOC who ever was one; shape (kocs, 3). They leave on day
    65535: never."""
    kocs = result.kocs
    ones = np.ones(len(kocs), np.int64)
    joined, left = (kocs["joined"], kocs["left"]) if "joined" in kocs else (0 * ones, NEVER * ones)
    table = np.column_stack([kocs["resident"], joined, left]).astype(np.int32)
    return np.asarray(table[table[:, 1] != NEVER])


def curves_of(result: Result) -> dict[str, list[float]]:
    """Shares of residents in %, a number a day from day 1: `CURVES`, and "0" to "4+" distinct KOCs seen so far."""
    percent = 100 / result.provenance["residents"]
    curves = {name: result.daily[name] for name in CURVES} | {
        count: result.coverage["ever"][count] for count in KOC_COUNTS}
    return {name: (values.to_numpy() * percent).round(3).tolist() for name, values in curves.items()}


def figure(results: Mapping[str, Result], titles: Mapping[str, str], lang: str = "en") -> bytes:
    """Funnel, coverage and map of several results, a column each, as a PNG.

    Parameters
    ----------
    results : dict of str to Result
    titles : dict of str to str
        Above each column.
    lang : {"en", "zh"}
    """
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.2 * len(results), 12), layout="constrained")
    for column, (name, result) in zip(drawn.subplots(3, len(results), squeeze=False).T, results.items(), strict=True):
        funnel = plot.funnel(result, column[0], lang=lang)
        funnel.set_title(titles[name], loc="left", fontweight="bold", fontsize="medium", fontfamily=families())
        plot.coverage(result, "ever", column[1], lang=lang)
        plot.county_map(result, ax=column[2], lang=lang)
    page = io.BytesIO()
    drawn.savefig(page, dpi=110)
    return page.getvalue()
