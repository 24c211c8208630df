"""Figures: labelled, true to the tables, and leaving matplotlib as it was."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator

os.environ.setdefault("MPLBACKEND", "Agg")

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from scipy import stats

import kocsim as ks
from kocsim.plot.spread import BANDS


@pytest.fixture(scope="module")
def result() -> ks.Result:
    scenario = ks.Scenario.preset("small").replace(residents=6000, kocs=60, shops=3)
    return ks.simulate(scenario, seed=1, days=15, progress=False, communities=True)


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


FIGURES: dict[str, Callable[[ks.Result, Axes | None], Axes]] = {
    "funnel": lambda result, ax: ks.plot.funnel(result, ax=ax),
    "coverage": lambda result, ax: ks.plot.coverage(result, ax=ax),
    "coverage today": lambda result, ax: ks.plot.coverage(result, "today", ax=ax),
    "coverage week": lambda result, ax: ks.plot.coverage(result, "week", ax=ax),
    "law": lambda result, ax: ks.plot.coverage_law(result, ax=ax),
    "law today": lambda result, ax: ks.plot.coverage_law(result, "today", ax=ax),
    "map": lambda result, ax: ks.plot.county_map(result, ax=ax),
    "map of a day": lambda result, ax: ks.plot.county_map(result, "aware", 2, ax=ax),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_draw_where_they_are_told(name: str, result: ks.Result) -> None:
    """On the given axes, with words on both of them; nothing shown, no setting changed, no second figure."""
    settings = dict(matplotlib.rcParams)
    figure, ax = plt.subplots()
    assert FIGURES[name](result, ax) is ax
    assert ax.get_xlabel() and ax.get_ylabel()
    assert "%" in ax.get_ylabel() or "km" in ax.get_ylabel()
    assert dict(matplotlib.rcParams) == settings
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    fresh = FIGURES[name](result, None)
    assert fresh.figure is not figure


def test_the_funnel_shows_the_table(result: ks.Result) -> None:
    ax = ks.plot.funnel(result)
    lines = {line.get_label(): np.asarray(line.get_ydata(), float) for line in ax.lines}
    lasts = {round(float(y[-1]), 6) for y in lines.values() if y.size >= 15}
    n = result.provenance["residents"]
    for name in ("aware", "identified", "customers"):
        assert round(100 * result.daily[name].iloc[-1] / n, 6) in lasts


def test_the_law_is_poisson(result: ks.Result) -> None:
    for mean in (0.0, 0.128, 1.5, 6.2):
        shares = ks.plot.poisson_shares(mean)
        law = stats.poisson(mean)
        np.testing.assert_allclose(shares, [*law.pmf([0, 1, 2, 3]), law.sf(3)], atol=1e-12)
        assert math.isclose(shares.sum(), 1.0)
    ax = ks.plot.coverage_law(result, "today")
    heights = [bar.get_height() for bar in ax.patches]
    expected = result.coverage["today"].iloc[-1] / result.provenance["residents"] * 100
    np.testing.assert_allclose(heights, expected)
    mean = result.daily["koc_meetings"].iloc[-1] / result.provenance["residents"]
    law_line = next(line for line in ax.lines if "same mean" in str(line.get_label()))
    np.testing.assert_allclose(law_line.get_ydata(), 100 * ks.plot.poisson_shares(mean))


def test_the_map_shows_every_community(result: ks.Result) -> None:
    ax = ks.plot.county_map(result, "customers", 15)
    places = np.asarray(ax.collections[0].get_offsets())
    table = result.communities.loc[15]
    assert len(places) == len(table)
    assert set(map(tuple, places.round(3))) == set(map(tuple, table[["x", "y"]].to_numpy(float).round(3)))


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda r: ks.plot.coverage(r, "month"), "window must be one of"),
        (lambda r: ks.plot.coverage_law(r, "week"), "window must be one of"),
        (lambda r: ks.plot.county_map(r, "profit"), "value must be one of"),
        (lambda r: ks.plot.county_map(r, day=99), r"day must be a whole number in \[1, 15\]; got 99"),
        (lambda r: ks.plot.funnel("paper"), "result must be a Result; got 'paper'"),
    ],
)
def test_bad_arguments(draw: Callable[[ks.Result], Axes], sentence: str, result: ks.Result) -> None:
    with pytest.raises(ks.ParameterError, match=sentence):
        draw(result)


@pytest.mark.parametrize("changes", [{}, {"kocs": 0}, {"residents": 3, "kocs": 1, "shops": 0}])
def test_overview_of_little(changes: dict[str, int]) -> None:
    """One day, no KOC, three residents: there is a page all the same."""
    scenario = ks.Scenario(residents=300, kocs=3, shops=1).replace(**changes)
    figure = ks.plot.overview(ks.simulate(scenario, seed=1, days=1, progress=False))
    figure.canvas.draw()
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert len(titles) == 4
    assert f"{scenario.residents:,} residents" in figure.get_suptitle()


def test_pyplot_keeps_no_figure_that_was_given(result: ks.Result) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5))
    assert ks.plot.overview(result, figure) is figure
    assert plt.get_fignums() == []


def test_the_bands_of_coverage_are_the_table(result: ks.Result) -> None:
    """Each band is as high on each day as its share, and together they are everyone."""
    ax = ks.plot.coverage(result, "week")
    n = result.provenance["residents"]
    bands = {str(band.get_label()): band for band in ax.collections}
    assert len(bands) == 5
    for name, label in zip(ks.results.KOC_COUNTS, BANDS, strict=True):
        data = bands[label].get_paths()[0].vertices
        for day in (1, 8, 15):
            at = data[np.abs(data[:, 0] - (day - 0.5)) < 1e-9][:, 1]
            after = data[np.abs(data[:, 0] - (day + 0.5)) < 1e-9][:, 1]
            height = result.coverage["week"].loc[day, name] * 100 / n
            tops = [a - b for a in at for b in after] + [a - b for a in at for b in at]
            assert min(abs(t - height) for t in tops) < 1e-6
    reach = {label: band.get_paths()[0].vertices[:, 1] for label, band in bands.items()}
    assert reach["4+ KOCs"].min() == 0, "those who saw most are at the bottom"
    assert np.isclose(reach["no KOC"].max(), 100), "and those who saw none on top"


@pytest.mark.parametrize("heights", [[0, 0, 0, 0], [100, 100, 99.9, 2], [50, 50, 50, 0.1], [7.8, 7.4, 44, 99.8]])
def test_labels_at_the_ends_do_not_overlap(heights: list[float]) -> None:
    from kocsim.plot.style import spread_out

    placed = spread_out(heights, 6.0, 0.0, 100.0)
    apart = np.diff(sorted(placed))
    assert (apart >= 6 - 1e-9).all()
    assert min(placed) >= 3 - 1e-9 and max(placed) <= 97 + 1e-9
    order = [i for i, _ in sorted(enumerate(placed), key=lambda pair: pair[1])]
    assert [heights[i] for i in order] == sorted(heights)


@pytest.mark.parametrize(
    ("percent", "text"),
    [(0, "0%"), (0.321, "0.32%"), (7.76, "7.8%"), (44.5, "44%"), (99.82, "99.8%"), (99.98, "99.98%"),
     (99.9999, "99.99%"), (100, "100%")],
)
def test_only_all_is_a_hundred_percent(percent: float, text: str) -> None:
    from kocsim.plot.style import in_percent

    assert in_percent(percent) == text


def test_alike_communities_look_alike(result: ks.Result) -> None:
    """The colours span at least a fifth of the higher end, so that chance is not painted as a difference."""
    for value in ("aware", "customers"):
        low, high = ks.plot.county_map(result, value).collections[0].get_clim()
        assert low <= 0.8 * high + 1e-9


def test_missing_tables_are_named_and_spare_the_page(result: ks.Result) -> None:
    from dataclasses import replace

    bare = replace(result, residents=result.residents.iloc[:0], communities=result.communities.assign(x=0.0, y=0.0))
    with pytest.raises(ks.DataError, match="residents=True"):
        ks.plot.coverage_law(bare)
    with pytest.raises(ks.DataError, match="lie at one point"):
        ks.plot.county_map(bare)
    assert plt.get_fignums() == [], "no empty figure is left by what was refused"
    page = ks.plot.overview(bare)
    assert any("lie at one point" in text.get_text().replace("\n", " ") for ax in page.axes for text in ax.texts)
