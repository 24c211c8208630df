"""What a notebook shows of scenarios, counties, results and sweeps: their numbers, escaped, nothing from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import kocsim as ks
from kocsim.html import MOST_ROWS, card

QUIET: dict[str, Any] = {"workers": 0, "progress": False}
TOWN = ks.Scenario(name="<b>town</b>", residents=600, kocs=12, shops=2, days=8, moments={"view": 0.25})


class Cells(HTMLParser):
    """Rows of the tables, and names of the tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        assert not self.open, "every tag is closed"

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def cells(thing: Any) -> dict[str, list[str]]:
    text = thing._repr_html_()
    found = Cells(text)
    assert found.tags <= {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "small"}
    assert not re.search(r"https?:|src=|color|background", text)
    return {row[0]: row[1:] for row in found.rows if row}


def test_a_scenario_shows_what_it_changes() -> None:
    rows = cells(TOWN)
    assert rows["residents"][:2] == ["600", "residents"] and rows["kocs"][0] == "12"
    assert rows["moments.view"][0] == "0.25" and "registers" in rows["moments.view"][2]
    assert set(rows) == {"parameter", "residents", "kocs", "shops", "days", "moments.view"}
    assert "<b>" not in TOWN._repr_html_() and "&lt;b&gt;town" in TOWN._repr_html_()
    leaflet = ks.Broadcast(name="leaflet", posts=1.0)
    assert cells(TOWN.replace(broadcasts=[leaflet]))["broadcasts"][0] == "leaflet"


def test_a_county_shows_its_size() -> None:
    county = ks.County.generate(TOWN, seed=1)
    rows = cells(county)
    assert rows["residents"] == ["600", f"in {county.communities:,} communities"]
    assert rows["ties"][0] == f"{county.friends.m:,}" and rows["KOCs"][0] == "12"


def test_a_result_shows_how_far_it_got() -> None:
    result = ks.simulate(TOWN, seed=1, progress=False)
    rows = cells(result)
    last = result.daily.iloc[-1]
    assert rows["aware"] == [f"{last['aware']:,}", f"{last['aware'] / 600:.1%}"]
    assert rows["saw 3 KOCs or more"][0] == f"{result.coverage['ever'].iloc[-1][['3', '4+']].sum():,}"
    assert rows["orders"][0] == f"{result.daily['orders'].sum():,}"


def test_a_sweep_shows_how_much_is_done(tmp_path: Path) -> None:
    def breaks(result: ks.Result) -> float:
        if result.provenance["scenario"]["kocs"] == 3:
            raise ValueError("no")
        return 1.0

    sweep = ks.sweep(TOWN, {"kocs": [3, 5, 9]}, 2, measures=breaks, out=tmp_path / "<out>", **QUIET)
    rows = cells(sweep)
    assert rows["runs finished"] == ["4", "of 6"] and rows["failed"][0] == "2"
    assert rows["kocs"] == ["3 values", "3, 5, 9"] and rows["measures"][1] == "breaks"
    assert "&lt;out&gt;" in sweep._repr_html_()


def test_tables_stay_short() -> None:
    text = card("many", [(k, k) for k in range(30)])
    assert len(Cells(text).rows) == MOST_ROWS and "and 18 more" in text


@pytest.mark.parametrize("days", [0, 1])
def test_a_run_of_no_days_is_shown_too(days: int) -> None:
    simulation = ks.Simulation(TOWN, seed=1)
    for _ in range(days):
        simulation.step()
    assert f"{days} finished days" in simulation.result()._repr_html_()
