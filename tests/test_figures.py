"""Figures of cascades, minds, money, sweeps and answers: the numbers they draw, their words, and what they need."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

import kocsim as ks
from kocsim.plot import words
from kocsim.plot.cascades import forest
from kocsim.plot.style import ems, fitted

QUIET: dict[str, Any] = {"workers": 0, "progress": False}
TOWN = ks.Scenario(residents=600, kocs=12, shops=2, days=8)
CHINESE = pytest.mark.skipif(words.installed_font() is None, reason="no font with Chinese characters is installed")


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def full() -> ks.Result:
    scenario = ks.Scenario.preset("full").replace(residents=5_000, kocs=60, shops=4)
    return ks.simulate(scenario, seed=1, days=40, progress=False, communities=True)


@pytest.fixture(scope="module")
def sweep() -> ks.Sweep:
    space = {"kocs": [4, 20, 100], "moments.view": [0.1, 0.3]}
    return ks.sweep(TOWN, space, 3, seed=2, measures=["identified", "profit"], curves=["aware"], **QUIET)


@pytest.fixture(scope="module")
def compared() -> ks.Comparison:
    ways = {"as it is": TOWN, "fewer": TOWN.replace(kocs=3), "same": TOWN.replace(days=8)}
    return ks.compare(ways, 8, "identified", seed=1, **QUIET)


@pytest.fixture(scope="module")
def critical() -> ks.Critical:
    return ks.critical(TOWN, "kocs", 2, 200, measure="identified", replicates=6, seed=1, tolerance=0.2, **QUIET)


@pytest.fixture(scope="module")
def sensitivity() -> ks.Sensitivity:
    space = {"kocs": ks.Range(2, 100, log=True), "moments.view": ks.Range(0.1, 0.4)}
    return ks.sensitivity(TOWN, space, "identified", points=16, seed=1, **QUIET)


FIGURES: dict[str, Callable[..., Axes]] = {
    "cascade": lambda f, **how: ks.plot.cascade(f("full"), **how),
    "cascade_sizes": lambda f, **how: ks.plot.cascade_sizes(f("full"), **how),
    "cascade_depths": lambda f, **how: ks.plot.cascade_depths(f("full"), **how),
    "trust": lambda f, **how: ks.plot.trust(f("full"), **how),
    "attention": lambda f, **how: ks.plot.attention(f("full"), **how),
    "money": lambda f, **how: ks.plot.money(f("full"), **how),
    "lorenz": lambda f, **how: ks.plot.lorenz(f("full"), **how),
    "bands": lambda f, **how: ks.plot.bands(f("sweep"), "identified", "kocs", "moments.view", **how),
    "heat_map": lambda f, **how: ks.plot.heat_map(f("sweep"), "identified", "kocs", "moments.view", **how),
    "differences": lambda f, **how: ks.plot.differences(f("compared"), **how),
    "critical": lambda f, **how: ks.plot.critical(f("critical"), **how),
    "sensitivity": lambda f, **how: ks.plot.sensitivity(f("sensitivity"), **how),
    "funnel": lambda f, **how: ks.plot.funnel(f("full"), **how),
    "coverage": lambda f, **how: ks.plot.coverage(f("full"), **how),
    "coverage_law": lambda f, **how: ks.plot.coverage_law(f("full"), **how),
    "county_map": lambda f, **how: ks.plot.county_map(f("full"), **how),
}
COLUMN = (3.4, 2.5)
"""Inches: the column of a journal."""


def test_every_figure_is_looked_at() -> None:
    drawn = {name for name in ks.plot.__all__ if name not in ("overview", "poisson_shares", "animate_map", "curves")}
    assert drawn == set(FIGURES)


@pytest.mark.parametrize("lang", ["en", pytest.param("zh", marks=CHINESE)])
@pytest.mark.parametrize("name", FIGURES)
def test_figures_draw_where_they_are_told(name: str, lang: str, request: pytest.FixtureRequest) -> None:
    """On the given axes, both of them called something; no setting changed; readable in a column."""
    settings = dict(matplotlib.rcParams)
    figure, ax = plt.subplots(figsize=COLUMN, layout="constrained")
    assert FIGURES[name](request.getfixturevalue, ax=ax, lang=lang) is ax
    assert dict(matplotlib.rcParams) == settings
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    assert not troubles(figure)
    if name != "cascade":  # rings, not axes
        assert ax.get_xlabel()
        assert ax.get_ylabel() or len(ax.get_yticklabels()) > 1
    said = "".join(text.get_text() for text in figure.findobj(Text))
    assert bool(re.search(r"[\u4e00-\u9fff]", said)) is (lang == "zh")


def troubles(figure: Any) -> list[str]:
    """Texts that leave the figure, lie over each other or are too small to read."""
    figure.canvas.draw()
    unseen = set()  # Matplotlib keeps labels of ticks beyond the limits, which it does not draw
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            near = 1e-9 * (high - low)
            unseen |= {id(label) for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
                       for label in (tick.label1, tick.label2)
                       if not (ax.axison and low - near <= tick.get_loc() <= high + near)}
    there = [(text, text.get_window_extent()) for text in figure.findobj(Text)
             if text.get_visible() and text.get_text().strip() and id(text) not in unseen]
    page, found = figure.bbox, []
    for text, box in there:
        if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            found.append(f"{text.get_text()!r} leaves the figure")
        if text.get_fontsize() < 4.5:
            found.append(f"{text.get_text()!r} is too small")
    for (text, a), (other, b) in combinations(there, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > 1 and high > 0.25 * min(a.height, b.height):  # of a line's height, its letters fill less than all
            found.append(f"{text.get_text()!r} lies over {other.get_text()!r}")
    return found


def test_troubles_are_noticed() -> None:
    figure, ax = plt.subplots(figsize=COLUMN)
    ax.text(0.3, 0.5, "one upon")
    ax.text(0.35, 0.5, "another")
    ax.text(0.9, 0.2, "over the edge")
    ax.text(0.1, 0.1, "tiny", fontsize=3)
    assert sorted(troubles(figure)) == [
        "'one upon' lies over 'another'", "'over the edge' leaves the figure", "'tiny' is too small"]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_stand_alone(name: str, request: pytest.FixtureRequest) -> None:
    one, two = (FIGURES[name](request.getfixturevalue) for _ in range(2))
    assert one.figure is not two.figure


# ---- cascades


def chains(full: ks.Result) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Who won whom, and everybody's chain of those before her, followed one by one."""
    tree = full.tree
    by = {int(child): int(parent) for child, parent in tree["by"].items() if parent >= 0}
    up: dict[int, list[int]] = {}
    for child in by:
        chain = [child]
        while chain[-1] in by:
            chain.append(by[chain[-1]])
        up[child] = chain
    return by, up


def test_forests_are_followed_to_their_roots(full: ks.Result) -> None:
    by, up = chains(full)
    trees = forest(full)
    assert len(by) > 100 and (trees.by >= 0).sum() == len(by)
    for child, chain in up.items():
        assert (trees.root[child], trees.depth[child]) == (chain[-1], len(chain) - 1)
    assert trees.depth.max() >= 2


def test_a_cascade_is_one_tree(full: ks.Result) -> None:
    _, up = chains(full)
    members = {}
    for child, chain in up.items():
        members.setdefault(chain[-1], []).append(child)
    most = max(members, key=lambda root: (sum(len(up[child]) > 2 for child in members[root]), len(members[root]), root))
    ax = ks.plot.cascade(full)
    assert ax.get_title("left").replace("\n", " ") == f"customers won by KOC {most}: {len(members[most])}"
    ends = ax.collections[0].get_segments()
    assert len(ends) == len(members[most])
    inner, outer = (np.hypot(*np.array([np.asarray(end)[k] for end in ends]).T) ** 2 for k in (0, 1))
    assert sorted(np.round(outer, 6)) == sorted(float(len(up[child]) - 1) for child in members[most])
    assert inner == pytest.approx(outer - 1, abs=1e-6)
    other = next(root for root in members if root != most)
    title = ks.plot.cascade(full, other).get_title("left").replace("\n", " ")
    assert title == f"customers won by KOC {other}: {len(members[other])}"
    with pytest.raises(ks.ParameterError, match=rf"with whom a cascade begins, such as {most}; got 5000\."):
        ks.plot.cascade(full, 5000)


def test_cascades_in_numbers(full: ks.Result) -> None:
    by, up = chains(full)
    direct, whole = {}, {}
    for child, parent in by.items():
        direct[parent] = direct.get(parent, 0) + 1
        whole[up[child][-1]] = whole.get(up[child][-1], 0) + 1
    for line, sizes in zip(ks.plot.cascade_sizes(full).lines, (direct, whole), strict=True):
        for s, number in zip(*line.get_data(), strict=True):
            assert number == sum(size >= s for size in sizes.values())
    heights = [bar.get_height() for bar in ks.plot.cascade_depths(full).patches]
    depth = [len(chain) - 1 for chain in up.values()]
    assert heights == [depth.count(k) for k in range(1, max(depth) + 1)]


# ---- minds and money


def test_trust_is_of_ties(full: ks.Result) -> None:
    ax = ks.plot.trust(full)
    bars = [bar.get_height() for bar in ax.containers[0]]
    assert sum(bars) == pytest.approx(100)
    assert bars == pytest.approx((100 * full.trust["ties"] / full.trust["ties"].sum()).tolist())
    assert [bar.get_height() for bar in ax.containers[1]] == pytest.approx(
        (100 * full.trust["muted"] / full.trust["ties"].sum()).tolist())


def test_attention_is_all_that_was_seen(full: ks.Result) -> None:
    ax = ks.plot.attention(full)
    top = max(band.get_paths()[0].vertices[:, 1].max() for band in ax.collections)
    assert top == pytest.approx(full.daily["exposures"].max() / full.provenance["residents"])


def test_money_sums_to_zero(full: ks.Result) -> None:
    ax = ks.plot.money(full)
    bars = {label.get_text(): bar.get_width() for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)}
    assert sum(bars.values()) == pytest.approx(0, abs=1e-9)
    yuan = full.ledger["amount"].groupby("account").sum() / 100 / full.provenance["residents"]
    assert bars["sales"] == pytest.approx(yuan["sales"]) and bars["sales"] < 0 < bars["goods"]
    profit = ks.measures.profit(full)
    assert bars["profit" if profit > 0 else "loss"] == pytest.approx(profit)


def test_the_lorenz_curve_holds_the_gini_coefficient(full: ks.Result) -> None:
    ax = ks.plot.lorenz(full)
    x, y = (np.asarray(values, float) / 100 for values in ax.lines[1].get_data())
    gini = ks.measures.koc_gini(full)
    assert 1 - 2 * np.trapezoid(y, x) == pytest.approx(gini)
    assert f"Gini {gini:.2f}" in ax.get_legend().get_texts()[0].get_text()


def test_the_map_moves(full: ks.Result, tmp_path: Path) -> None:
    film = ks.plot.animate_map(full, "aware", every=10)
    ax = film._fig.axes[0]
    dots = ax.collections[0]
    table = full.communities.loc[10]
    table = table[table["residents"] > 0].sort_values("residents", ascending=False, kind="stable")
    film._func(10)
    assert np.asarray(dots.get_array()) == pytest.approx((100 * table["aware"] / table["residents"]).to_numpy())
    assert "day 10" in dots.colorbar.ax.get_ylabel()
    low, high = dots.get_clim()
    film._func(40)
    assert dots.get_clim() == (low, high) and low == 0
    film.save(tmp_path / "map.gif", writer="pillow")
    assert (tmp_path / "map.gif").stat().st_size > 5_000


# ---- sweeps and answers


def test_bands_are_the_summary(sweep: ks.Sweep) -> None:
    table = sweep.summary(0.9)["identified"]
    ax = ks.plot.bands(sweep, "identified", "kocs", "moments.view", ci=0.9)
    assert ax.get_xscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("KOCs", "identified, % of residents")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["4", "20", "100"]
    curves = [line for line in ax.lines if len(line.get_xdata()) == 3]
    for line, view in zip(curves, (0.1, 0.3), strict=True):
        mean = table.xs(view, level="moments.view")["mean"].to_numpy()
        assert np.asarray(line.get_ydata()) == pytest.approx(100 * mean)
    heights = np.concatenate([band.get_paths()[0].vertices[:, 1] for band in ax.collections])
    assert heights.max() == pytest.approx(100 * table["high"].max())
    assert heights.min() == pytest.approx(100 * table["low"].min())
    labels = {text.get_text(): text for text in ax.texts}
    assert set(labels) == {"0.1", "0.3", "moments.view, probability"}
    for line, view in zip(curves, ("0.1", "0.3"), strict=True):  # beside the ends of their lines
        assert labels[view].get_position()[1] == pytest.approx(line.get_ydata()[-1], abs=10)


def test_scenarios_are_not_joined_by_a_line() -> None:
    one = ks.sweep({"a": TOWN, "b": TOWN.replace(kocs=3)}, {"moments.view": [0.1, 0.3]}, 3, seed=2,
                   measures=["identified"], curves=[], **QUIET)
    table = 100 * one.summary()["identified"]
    ax = ks.plot.bands(one, "identified", "scenario", "moments.view")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"] and ax.get_xlabel() == "scenario"
    marks = [line for line in ax.lines if line.get_linestyle() == "None" and len(line.get_xdata()) == 2]
    for mark, whiskers, view in zip(marks, ax.collections, (0.1, 0.3), strict=True):
        arm = table.xs(view, level="moments.view")
        assert np.asarray(mark.get_ydata()) == pytest.approx(arm["mean"].to_numpy())
        ends = [np.asarray(end)[:, 1] for end in whiskers.get_segments()]
        assert np.asarray(ends) == pytest.approx(arm[["low", "high"]].to_numpy())


def test_long_names_do_not_squeeze_the_figure() -> None:
    ways = {"the county as the paper describes it": TOWN, "a quarter of its KOCs, all else equal": TOWN.replace(kocs=3)}
    one = ks.sweep(ways, {"moments.view": [0.1, 0.3]}, 2, seed=2, measures=["identified"], curves=["aware"], **QUIET)
    draws: list[Callable[[Axes], Axes]] = [
        lambda ax: ks.plot.bands(one, "identified", "moments.view", "scenario", ax=ax),
        lambda ax: ks.plot.curves(ks.sweep(ways, None, 2, measures=["profit"], curves=["aware"], **QUIET), "aware",
                                  "scenario", ax=ax)]
    for draw in draws:
        figure, ax = plt.subplots(figsize=COLUMN, layout="constrained")
        draw(ax)
        assert not troubles(figure)
        assert ax.get_position().width > 0.6
        assert [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()] == list(ways)


def test_a_heat_map_is_the_summary(sweep: ks.Sweep) -> None:
    mean = 100 * sweep.summary()["identified"]["mean"].unstack("kocs")
    ax = ks.plot.heat_map(sweep, "identified", "kocs", "moments.view")
    assert np.asarray(ax.images[0].get_array()) == pytest.approx(mean.to_numpy())
    assert [text.get_text() for text in ax.texts] == [f"{value:.3g}" for value in mean.to_numpy().ravel()]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["4", "20", "100"]


def test_curves_are_quantiles() -> None:
    two = {"a": TOWN, "b": TOWN.replace(kocs=3)}
    one = ks.sweep(two, None, 4, seed=2, measures=["profit"], curves=["aware"], **QUIET)
    ax = ks.plot.curves(one, "aware", "scenario")
    table = one.quantiles([0.1, 0.5, 0.9])["aware"]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 8]
    for line, name in zip(lines, "ab", strict=True):
        assert np.asarray(line.get_ydata()) == pytest.approx(table.loc[name][0.5].to_numpy())
    assert ax.get_ylabel() == "aware, residents"


def test_differences_are_those_of_the_comparison(compared: ks.Comparison) -> None:
    ax = ks.plot.differences(compared)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["fewer", "same"]
    spans = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 1.5]
    row = compared.differences.loc["fewer"]
    assert np.asarray(spans[0]) == pytest.approx([100 * row["low"], 100 * row["high"]])
    said = f"{100 * row['difference']:+.3g}".replace("-", "\u2212")
    assert [text.get_text() for text in ax.texts] == [said, "not decided"]
    assert ax.get_xlabel().replace("\n", " ") == "difference to as it is: identified, percentage points"


def test_a_critical_point_is_marked(critical: ks.Critical) -> None:
    ax = ks.plot.critical(critical)
    dots = next(line for line in ax.lines if line.get_label() == "response of each run")
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(100 * critical.evaluations["value"]))
    assert ax.get_ylabel().replace("\n", " ") == "identified, % of residents"
    assert f"median {critical.point:,.4g}" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_indices_are_in_order(sensitivity: ks.Sensitivity) -> None:
    ax = ks.plot.sensitivity(sensitivity)
    table = sensitivity.table.sort_values("total")
    assert [label.get_text() for label in ax.get_yticklabels()] == list(table.index)
    drawn = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == len(table) and line.get_marker() in "os"]
    assert np.asarray(drawn[0]) == pytest.approx(table["total"].to_numpy())
    assert np.asarray(drawn[1]) == pytest.approx(table["first"].to_numpy())


# ---- words


def test_all_words_are_known_in_chinese() -> None:
    """Every text that a figure says has a translation, with the same places for values."""
    folder = Path(words.__file__).parent
    said = set()
    for file in folder.glob("*.py"):
        said |= set(re.findall(r'say\(\s*"([^"]+)"', file.read_text("utf-8")))
    assert len(said) > 25
    for text in said:
        if re.fullmatch(r"[{}n ]*", text):
            continue
        assert text in words.CHINESE, text
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", words.CHINESE[text])), text


def test_names_and_units_of_the_model_are_known_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may stand on an axis: measures, columns of days, channels, accounts; and all their units."""
    from kocsim.mechanisms.channels import CHANNELS
    from kocsim.mechanisms.money import ACCOUNTS
    from kocsim.results import UNITS

    names = {*ks.measures.standard, *UNITS, *CHANNELS, *ACCOUNTS}
    assert not names - set(words.CHINESE)
    units = {unit for _, unit in ks.measures.standard.values()} | set(UNITS.values())
    units |= {one.unit for one in ks.Scenario().parameters()} - {"switch", "text", "name"}
    monkeypatch.setattr(words, "installed_font", lambda: "DejaVu Sans")
    with words.speaking("zh"):
        english = {unit for unit in units if re.search("[a-z]", words.unit_of(unit))}
        assert not english
        assert words.unit_of("yuan/order") == "元/订单" and words.unit_of("share of ties") == "占关系比例"
        assert words.with_unit("customers", "% of residents") == "顾客，占居民 %"
        assert words.unit_of("my own unit") == "my own unit"
    assert words.unit_of("yuan/order") == "yuan/order"


@CHINESE
def test_names_of_the_users_own_may_be_chinese_in_english_figures() -> None:
    compared = ks.compare({"as it is": TOWN, "农村": TOWN.replace(kocs=3)}, 4, "identified", seed=1, first=4, **QUIET)
    ax = ks.plot.differences(compared)
    ax.figure.canvas.draw()  # a character that no font has would warn
    label = ax.get_yticklabels()[0]
    assert label.get_text() == "农村" and words.installed_font() in label.get_fontfamily()
    assert words.installed_font() not in ax.xaxis.label.get_fontfamily()


@CHINESE
def test_chinese_is_written_in_a_font_that_has_it() -> None:
    ax = ks.plot.funnel(ks.simulate(TOWN, seed=1, progress=False), lang="zh")
    assert ax.get_ylabel() == "居民，占全县 %"
    assert words.installed_font() in ax.yaxis.label.get_fontfamily()
    assert words.say("day") == "day"  # and only there


def test_without_a_font_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "installed_font", lambda: None)
    result = ks.simulate(TOWN, seed=1, progress=False)
    with pytest.raises(ks.DataError, match=r"needs a font with Chinese characters, but none is installed of Noto Sans"):
        ks.plot.funnel(result, lang="zh")
    with pytest.raises(ks.ParameterError, match=r"lang must be one of 'en', 'zh'; got 'de'\."):
        ks.plot.funnel(result, lang="de")
    assert ks.plot.funnel(result).get_ylabel() == "residents, % of the county"


def test_long_names_are_folded() -> None:
    assert fitted("posts about the product seen", 10).split("\n") == ["posts about the", "product seen"]
    assert fitted("效应大小（每个取值范围），占居民比例", 16) == "效应大小（每个取值\n范围），占居民比例"
    assert fitted("每位居民每天看到的产品", 4) == "每位居民\n每天看到\n的产品"
    assert ems("ab") == pytest.approx(1.2) and ems("居民") == 2


# ---- what is missing


@pytest.mark.parametrize(("draw", "words_of_it"), [
    (lambda r: ks.plot.cascade(r), "attribution.track = true"),
    (lambda r: ks.plot.cascade_sizes(r), "attribution.track = true"),
    (lambda r: ks.plot.lorenz(r), "attribution.track = true and money.commission > 0"),
    (lambda r: ks.plot.animate_map(r), r"communities=True"),
])
def test_what_a_figure_needs_is_said(draw: Callable[[ks.Result], Any], words_of_it: str) -> None:
    result = ks.simulate(TOWN, seed=1, progress=False)
    with pytest.raises(ks.DataError, match=words_of_it):
        draw(result)
    with pytest.raises(ks.DataError, match=r"no trust to draw: no KOC has contacts\."):
        ks.plot.trust(ks.simulate(TOWN.replace(kocs=0), seed=1, progress=False))
    assert plt.get_fignums() == []


@pytest.mark.parametrize(("draw", "words_of_it"), [
    (lambda s: ks.plot.bands(s, "customer", "kocs"), "measure must be one of 'identified', 'profit'; got 'customer'"),
    (lambda s: ks.plot.bands(s, "identified", "kocs"), "also varies moments.view, of which a figure can show one"),
    (lambda s: ks.plot.bands(s, "identified", "shops"), "varies kocs, moments.view; got 'shops'"),
    (lambda s: ks.plot.heat_map(s, "identified", "kocs", "kocs"), "x and y must be two parameters; got 'kocs' twice"),
    (lambda s: ks.plot.bands("sweep", "identified", "kocs"), "sweep must be a Sweep; got str"),
    (lambda s: ks.plot.bands(s, "identified", "kocs", "moments.view", ci=2), r"ci must be a number in \(0, 1\); got 2"),
    (lambda s: ks.plot.curves(s, "sold", "kocs"), "also varies moments.view"),
    (lambda s: ks.plot.differences(s), "comparison must come from kocsim.compare; got Sweep"),
    (lambda s: ks.plot.critical(s), "found must come from kocsim.critical; got Sweep"),
    (lambda s: ks.plot.sensitivity(s), "found must come from kocsim.sensitivity; got Sweep"),
])
def test_bad_input_is_refused_in_a_sentence(draw: Callable[..., Any], words_of_it: str, sweep: ks.Sweep) -> None:
    with pytest.raises(ks.ParameterError, match=words_of_it):
        draw(sweep)
    assert plt.get_fignums() == []
