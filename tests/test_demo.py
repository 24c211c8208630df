"""The pages: what their sliders mean, what they say, and that they work in a browser."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from kocsim.cli import app
from kocsim.demo import findings, pictures, runs, serve, setting
from kocsim.demo.setting import STEPS, SWITCHES, Setting, setting_of
from kocsim.demo.words import CHINESE, ENGLISH, told, words
from kocsim.errors import DataError, ParameterError
from kocsim.plot.words import installed_font
from kocsim.scenario import Scenario

# ---- what the sliders mean


def test_the_page_begins_in_the_middle_of_a_preset() -> None:
    """Nothing but its name tells the default setting from the preset "small"."""
    begun, preset = Setting().scenario(), Scenario.preset("small")
    assert begun.replace(name=preset.name, description=preset.description) == preset


@pytest.mark.parametrize(
    ("name", "value", "parameters"),
    [
        ("kocs", 50, {"kocs": 50}),
        ("contacts", 128, {"friends.koc_median": 128.0}),
        ("posting", 2, {"posting.moments": 2.0, "posting.groups": 2.0}),
        ("rhythm", "together", {"posting.every": 7}),
        ("rhythm", "in turn", {"posting.every": 7, "posting.synchrony": 0.0}),
        ("attention", 50, {"attention.posts_per_day": 50.0}),
        ("further", 0, {"response.further": 0.0}),
        ("threshold", "fractional", {"identification.threshold": "fractional"}),
    ],
)
def test_each_control_changes_its_parameters_only(name: str, value: Any, parameters: dict[str, Any]) -> None:
    usual, changed = Setting().scenario().differences(), Setting(**{name: value}).scenario().differences()
    usual.pop("description")
    changed.pop("description")
    assert {key: changed[key] for key in parameters} == parameters
    assert {key: v for key, v in changed.items() if key not in parameters} == {
        key: v for key, v in usual.items() if key not in parameters}


def test_operating_models_are_the_presets_made_small() -> None:
    shop = Setting(model="shop").scenario()
    preset = Scenario.preset("shop")
    assert shop.money.budget == preset.money.budget / 20
    assert shop.shop_visit.pace == preset.shop_visit.pace / 20
    assert shop.management.span == preset.management.span // 20
    assert shop.shops == preset.shops / 20
    assert shop.recruiting.start == preset.recruiting.start


def test_settings_come_back_from_their_file() -> None:
    """Every step and every switch, one at a time, and some together."""
    one = [Setting(**{name: value}) for name, values in (*STEPS.items(), *SWITCHES.items()) for value in values]
    several = [Setting(50, 128, 0.2, "in turn", 3, 2, "fractional", model) for model in SWITCHES["model"]]
    for given in (*one, *several):
        assert setting_of(Scenario.from_toml(given.scenario("x").to_toml())) == given


def test_what_is_no_setting_of_the_page_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"purchase.rate|response.half_life = 10.0"):
        setting_of(Setting().scenario().replace(response={"half_life": 10.0}))
    with pytest.raises(ParameterError, match="kocs = 499"):
        setting_of(Setting().scenario().replace(kocs=499))
    with pytest.raises(ParameterError, match=r"kocs must be one of 1, 5, .*; got 3"):
        Setting(kocs=3)
    with pytest.raises(ParameterError, match="model must be one of 'posting', 'shop', 'leader', 'hybrid'; got 'x'"):
        Setting(model="x")


def test_differences() -> None:
    assert Setting().differences(Setting()) == []
    assert Setting(kocs=1).differences(Setting(model="shop")) == ["kocs", "model"]


# ---- runs


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A county of a fiftieth, and three weeks."""
    usual = setting._model
    monkeypatch.setattr(setting, "_model", lambda name: usual(name).replace(
        residents=2000, shops=1, days=21, kocs=10, population={"community_median": 300.0}))
    for made in (runs._run, runs._county):
        made.cache_clear()
    yield
    for made in (runs._run, runs._county):
        made.cache_clear()


FEW, MANY = Setting(kocs=5), Setting(kocs=50)


def test_runs_and_counties_are_made_once(town: None) -> None:
    assert runs.run(MANY, 1) is runs.run(Setting(kocs=50), 1)
    assert runs.run(MANY, 1) is not runs.run(MANY, 2)
    county = runs.places_of(MANY, 1)
    assert runs.places_of(Setting(kocs=50, further=2, threshold="fractional", model="hybrid"), 1) is county
    other = runs.places_of(Setting(kocs=50, contacts=64), 1)
    assert other is not county
    assert np.array_equal(other.community, county.community)  # the same places, and the same KOCs
    assert np.array_equal(other.koc, county.koc)


@pytest.mark.parametrize("model", SWITCHES["model"])
def test_the_file_gives_the_same_run(town: None, tmp_path: Path, model: str) -> None:
    text = runs.toml(Setting(kocs=50, model=model), "a", 3)
    (tmp_path / "demo-a.toml").write_text(text, "utf-8")
    line = text.splitlines()[0].removeprefix("# kocsim ").replace("demo-a.toml", str(tmp_path / "demo-a.toml"))
    done = CliRunner().invoke(app, [*line.split(), "--quiet"])
    assert done.exit_code == 0, done.output
    assert text.splitlines()[1].removeprefix("# digest ") in done.output


# ---- pictures


def test_places(town: None) -> None:
    """Discs of the right number, near each other within, and none over another."""
    county = runs.places_of(MANY, 1)
    xy, gap = pictures.places(county)
    assert xy.shape == (county.n, 2)
    at = xy / 65_535
    people = np.bincount(county.community)
    centre = np.array([at[county.community == c].mean(axis=0) for c in range(county.communities)])
    radius = gap * np.sqrt(people / np.pi)
    away = np.hypot(*(at - centre[county.community]).T)
    assert (away <= radius[county.community] * 1.05 + gap).all()
    apart = np.hypot(*(centre[:, None] - centre[None]).transpose(2, 0, 1)) + 10 * np.eye(len(centre))
    assert (apart > 0.95 * (radius[:, None] + radius[None])).all()
    assert len(np.unique(xy, axis=0)) == county.n
    follow = np.hypot(*np.diff(at, axis=0).T)[np.diff(county.community) == 0]
    assert np.median(follow) < 3 * gap


def test_what_the_player_gets_adds_up(town: None) -> None:
    """The map, day by day, shows as many residents in each stage as the curves say.

    Who is recruited in the morning counts from that day on, and is dated the evening before.
    """
    for one in (MANY, Setting(kocs=50, model="leader")):
        result = runs.run(one, 1)
        early = 100 * result.daily["recruits"].max() / 2000
        days, curves = pictures.days_of(result), pictures.curves_of(result)
        for row, name in enumerate(pictures.CURVES):
            for day in (1, 10, 21):
                share = 100 * (days[row] <= day).mean()
                assert -6e-4 <= share - curves[name][day - 1] <= (early if day < 21 else 0) + 6e-4
        assert np.allclose(np.sum([curves[count] for count in ("0", "1", "2", "3", "4+")], axis=0), 100, atol=3e-3)


def test_kocs_are_those_who_are_there(town: None) -> None:
    still = pictures.kocs_of(runs.run(MANY, 1))
    assert still[:, 0].tolist() == runs.places_of(MANY, 1).koc.tolist()
    assert (still[:, 1] == 0).all() and (still[:, 2] == 65_535).all()
    result = runs.run(Setting(kocs=50, model="leader"), 1)
    kocs = pictures.kocs_of(result)
    for day in (1, 10, 21):
        there = ((kocs[:, 1] <= day) & (day < kocs[:, 2])).sum()
        assert there == pytest.approx(result.daily["active_kocs"].loc[day], abs=1)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_figure(town: None, lang: str) -> None:
    if lang == "zh" and installed_font() is None:
        pytest.skip("no font with Chinese characters is installed")
    results = {"a": runs.run(FEW, 1), "b": runs.run(MANY, 1)}
    png = pictures.figure(results, {"a": f"A: {FEW.title()}", "b": f"B: {MANY.title()}"}, lang)
    assert png.startswith(b"\x89PNG") and len(png) > 20_000


# ---- findings


def _of(**shares: float) -> findings.Numbers:
    return findings.Numbers(**{**dict.fromkeys(findings.Numbers._fields, 0.0), **shares})


def test_numbers(town: None) -> None:
    result = runs.run(MANY, 1)
    n, last = findings.numbers(result), result.daily.iloc[-1]
    assert n.customers == last["customers"] / 2000
    assert n.saw_three == pytest.approx((result.residents["kocs"] >= 3).mean())
    assert n.won_a_koc == (last["customers"] - 50) / 50


@pytest.mark.parametrize(("won", "holds"), [(20.0, True), (10.1, False), (5.0, False)])
def test_medium(won: float, holds: bool) -> None:
    """Each KOC must win more among many, whichever side they are on."""
    few, many = _of(won_a_koc=10.0), _of(won_a_koc=won)
    assert findings._medium(FEW, MANY, few, many).holds is holds
    assert findings._medium(MANY, FEW, many, few) == findings._medium(FEW, MANY, few, many)
    assert findings._medium(FEW, Setting(kocs=50, posting=2), few, many).holds is None
    assert findings._medium(FEW, FEW, few, few).holds is None


def test_covered_and_crossed_and_burst() -> None:
    percent = Setting(kocs=500)
    assert findings._covered(percent, FEW, _of(aware=0.8), _of()).holds is True
    assert findings._covered(FEW, percent, _of(aware=1.0), _of(aware=0.79)).holds is False
    assert findings._covered(FEW, Setting(model="leader"), _of(), _of()).holds is None
    assert findings._crossed(_of(saw_three=0.5), _of(saw_three=0.9)).holds is True
    assert findings._crossed(_of(saw_three=0.4), _of(saw_three=0.1)).holds is False
    assert findings._crossed(_of(saw_three=0.4), _of(saw_three=0.9)) == findings.Verdict(
        "C20", None, "C20 B", {"a": 0.4, "b": 0.9})
    together, turn = Setting(rhythm="together"), Setting(rhythm="in turn")
    assert findings._burst(together, turn, _of(customers=0.5), _of(customers=0.4)).holds is True
    assert findings._burst(turn, together, _of(customers=0.5), _of(customers=0.4)).holds is False
    assert findings._burst(together, Setting(), _of(customers=0.5), _of(customers=0.4)).holds is None


# ---- words


def test_both_languages_say_the_same_things() -> None:
    assert list(ENGLISH) == list(CHINESE)
    for key, text in ENGLISH.items():
        fields = [{field for _, field, _, _ in string.Formatter().parse(one) if field} for one in (text, CHINESE[key])]
        assert fields[0] == fields[1], key
    with pytest.raises(ParameterError, match="lang must be one of 'en', 'zh'; got 'fr'"):
        words("fr")


def test_every_verdict_can_be_told() -> None:
    names = ("few", "many", "won_few", "won_many", "aware", "customers", "together", "in_turn", "a", "b")
    values = dict.fromkeys(names, 0.5)
    for lang in ("en", "zh"):
        for why in [key for key in ENGLISH if key[0] == "C" and " " in key]:
            claim, holds, reason = told(findings.Verdict(why[:3], None, why, values), lang)
            assert claim and holds and reason and "{" not in reason


# ---- the server


def test_the_server_is_for_this_machine_only() -> None:
    pytest.importorskip("marimo", reason="needs marimo (kocsim[demo])")
    pytest.importorskip("anywidget", reason="needs anywidget (kocsim[demo])")
    line = serve.command(2718, "zh", browser=False)
    assert line[line.index("--host") + 1] == "127.0.0.1"
    assert "--headless" in line and "--headless" not in serve.command(2718, "en", browser=True)


def test_what_cannot_be_served(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ParameterError, match=r"port must be a whole number in \[1, 65535\]; got 0"):
        serve.command(0, "en", browser=False)
    with pytest.raises(ParameterError, match="lang must be"):
        serve.command(2718, "fr", browser=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install 'kocsim\[demo\]'"):
        serve.command(2718, "en", browser=False)


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ParameterError, match=r"cannot be used: .*; choose another with --port"):
            serve.serve(taken.getsockname()[1], "en", browser=False)


# ---- in a browser


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def _served(line: list[str], port: int) -> Iterator[str]:
    """A server that is started, and ended with all that it started."""
    url = f"http://127.0.0.1:{port}/"
    server = subprocess.Popen(
        line, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])})
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert server.poll() is None, server.stdout and server.stdout.read()
                time.sleep(0.25)
        yield url
    finally:
        if server.poll() is None:
            os.killpg(server.pid, 15)
        server.wait(20)


class Watched:
    """A page of a real browser, and what it did that it should not."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.asked = 0
        page.on("request", self._request)
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", lambda socket: socket.on("framesent", self._sent))

    def _request(self, request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.asked += 1
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.outside.append(request.url)

    def _sent(self, frame: Any) -> None:
        self.asked += 1


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A page of the Chromium that is installed."""
    pytest.importorskip("playwright", reason="needs playwright (kocsim[browser])")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs a Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(30_000)
            yield Watched(page)
        finally:
            browser.close()


def _drawn(page: Any, selector: str, number: int) -> str:
    """What stands on a canvas."""
    text: str = page.locator(selector).nth(number).evaluate("canvas => canvas.toDataURL()")
    return text


def _said(page: Any, side: str, text: str) -> str:
    """The line below the map of a side, once it holds `text`."""
    line = page.locator(f".kd-{side} .kd-said", has_text=text)
    line.wait_for()
    return str(line.inner_text())


def test_the_page_in_a_browser(watched: Watched, tmp_path: Path) -> None:
    """Sliders moved, days scrubbed and played, language switched, file taken, run and opened: pictures follow."""
    for name in serve.NEEDS:
        pytest.importorskip(name, reason=f"needs {name} (kocsim[demo])")
    port, page = _free_port(), watched.page
    with _served(serve.command(port, "zh", browser=False), port) as url:
        page.goto(url)
        _said(page, "b", "第 180 天 · 500 KOC")
        page.get_by_role("radio").nth(0).click()
        page.get_by_text(ENGLISH["title"]).wait_for()
        _said(page, "a", "day 180 · 1 KOC")
        _said(page, "b", "day 180 · 500 KOC")
        maps = [_drawn(page, ".kd-map", side) for side in (0, 1)]
        curves = _drawn(page, ".kd-funnel", 1), _drawn(page, ".kd-coverage", 1)

        kocs_b = page.get_by_role("slider").nth(1)
        kocs_b.press("ArrowLeft")
        _said(page, "b", "250 KOC")
        assert _drawn(page, ".kd-map", 0) == maps[0]
        assert _drawn(page, ".kd-map", 1) != maps[1]
        assert _drawn(page, ".kd-funnel", 1) != curves[0] and _drawn(page, ".kd-coverage", 1) != curves[1]

        before = _said(page, "b", "250 KOC")
        page.get_by_role("combobox").nth(3).select_option(label=ENGLISH["threshold fractional"])
        page.locator(".kd-b .kd-said").filter(has_not_text=before).wait_for()
        page.get_by_text(ENGLISH["C13 needs"]).wait_for()  # A and B differ in more than KOCs now

        asked, last = watched.asked, _drawn(page, ".kd-map", 1)
        day = page.get_by_role("slider", name="day")
        day.press("Home")
        _said(page, "b", "day 0 · 250 KOC")
        assert _drawn(page, ".kd-map", 1) != last
        page.get_by_role("button", name="play").click()
        page.get_by_role("button", name="pause").wait_for()
        while int(page.locator(".kd-shown").inner_text()) < 5:
            page.wait_for_timeout(50)
        page.get_by_role("button", name="pause").click()
        reached = int(page.locator(".kd-shown").inner_text())
        page.wait_for_timeout(300)
        assert int(page.locator(".kd-shown").inner_text()) == reached < 180
        day.press("End")
        _said(page, "b", "day 180 · 250 KOC")
        assert _drawn(page, ".kd-map", 1) == last
        assert watched.asked == asked  # none of it asked the server

        page.get_by_role("radio").nth(1).click()
        page.get_by_text(CHINESE["title"]).wait_for()
        _said(page, "b", "第 180 天 · 250 KOC")
        assert page.get_by_text(ENGLISH["claims"]).count() == 0
        assert page.get_by_role("combobox").nth(3).input_value() == CHINESE["threshold fractional"]
        page.get_by_role("radio").nth(0).click()
        shown = _said(page, "b", "day 180 · 250 KOC")

        with page.expect_download() as taken:
            page.get_by_text(ENGLISH["toml"].format(side="B")).click()
        file = tmp_path / taken.value.suggested_filename
        taken.value.save_as(file)
        assert file.name == "demo-b.toml"
        assert setting_of(Scenario.load(file)) == Setting(kocs=250, threshold="fractional")
        done = CliRunner().invoke(app, ["run", str(file), "--seed", "1", "--quiet"])
        assert file.read_text("utf-8").splitlines()[1].removeprefix("# digest ") in done.output

        page.locator("input[type=file]").nth(0).set_input_files(file)
        assert _said(page, "a", "250 KOC") == shown
        assert _drawn(page, ".kd-map", 0) == _drawn(page, ".kd-map", 1)

        with page.expect_download() as taken:
            page.get_by_text(ENGLISH["figure"]).click()
        taken.value.save_as(tmp_path / "demo.png")
        assert (tmp_path / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert watched.outside == []
    assert watched.errors == []


def test_mesas_page_in_a_browser(watched: Watched) -> None:
    """Steps move map and curves; after a slider and Reset it is another county; nothing leaves the machine."""
    for name in ("solara", "altair"):
        pytest.importorskip(name, reason=f"needs {name} (kocsim[solara])")
    port, page = _free_port(), watched.page
    with _served([sys.executable, "-m", "kocsim.mesapage", str(port)], port) as url:
        page.goto(url)
        step, kocs = page.get_by_role("button", name="Step"), page.get_by_role("slider", name="KOCs")

        def drawn(unlike: list[bytes]) -> list[bytes]:
            """Map and curves, once neither is as before."""
            for _ in range(100):
                images = [image.screenshot() for image in page.locator("img.widget-image").all()]
                if len(images) == 2 and not set(images) & set(unlike):
                    return images
                page.wait_for_timeout(100)
            raise AssertionError("map and curves stay as they are")

        def step_to(day: int) -> None:
            for number in range(day):
                page.get_by_text(f"Step: {number}", exact=True).wait_for()
                step.click()
            page.get_by_text(f"Step: {day}", exact=True).wait_for()

        begun = drawn([])
        step_to(3)
        third = drawn(begun)
        for _ in range(20):
            kocs.press("ArrowRight")
        assert kocs.get_attribute("aria-valuenow") == "120"
        page.get_by_role("button", name="Reset").click()
        step_to(3)
        drawn([*begun, *third])
        page.get_by_role("button", name="▶").click()
        page.get_by_text(re.compile(r"^Step: ([4-9]|\d\d+)$")).wait_for()  # steps go by faster than one looks
    assert watched.outside == []
    assert watched.errors == []
