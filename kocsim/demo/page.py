"""The page of ``kocsim demo``, a marimo app. What it computes and says stands in the modules beside it."""

import marimo

app = marimo.App(width="full", app_title="kocsim", css_file="page.css")


@app.cell
def _():
    import marimo as mo

    from kocsim.demo import findings, pictures, runs
    from kocsim.demo.player import Player
    from kocsim.demo.setting import DAYS, STEPS, SWITCHES, Setting, setting_of
    from kocsim.demo.words import LANGUAGES, told, words
    from kocsim.errors import DataError, FileError, ParameterError
    from kocsim.scenario import Scenario

    refusals = (DataError, FileError, ParameterError)
    return (
        DAYS, LANGUAGES, Player, STEPS, SWITCHES, Scenario, Setting, findings, mo, pictures, refusals, runs, setting_of,
        told, words,
    )


@app.cell
def _(LANGUAGES, mo):
    asked = mo.cli_args().get("lang") or "en"
    language = mo.ui.radio(
        options={name: code for code, name in LANGUAGES.items()}, value=LANGUAGES[asked], inline=True)
    return (language,)


@app.cell
def _(language, words):
    lang = language.value
    say = words(lang)
    return lang, say


@app.cell
def _(Setting):
    # what the sliders said last: not reactive on purpose, so that they can be made anew in another language
    kept = {"a": Setting(kocs=1), "b": Setting(kocs=500), "seed": 1, "opened": {}}
    return (kept,)


@app.cell
def _(mo, say):
    opener = {
        side: mo.ui.file(filetypes=[".toml"], kind="button", label=f"{side.upper()}: {say['open']}", max_size=1_000_000)
        for side in "ab"}
    open_a, open_b = opener["a"], opener["b"]
    return open_a, open_b


@app.cell
def _(STEPS, SWITCHES, Scenario, kept, mo, open_a, open_b, refusals, say, setting_of):
    refused = []
    for _side, _opened in (("a", open_a), ("b", open_b)):
        _text = _opened.contents().decode("utf-8", "replace") if _opened.value else None
        if _text is None or kept["opened"].get(_side) == _text:
            continue
        kept["opened"][_side] = _text
        try:
            kept[_side] = setting_of(Scenario.from_toml(_text))
        except refusals as _error:
            refused.append(say["refused"].format(why=_error))

    def controls(side):
        """Sliders and switches of a side, where they stood last."""
        sliders = {
            name: mo.ui.slider(
                steps=list(steps), value=getattr(kept[side], name), debounce=True, show_value=True, full_width=True)
            for name, steps in STEPS.items()}
        switches = {
            name: mo.ui.dropdown(
                options={say[f"{name} {choice}"]: choice for choice in choices},
                value=say[f"{name} {getattr(kept[side], name)}"], full_width=True, allow_select_none=False)
            for name, choices in SWITCHES.items()}
        return mo.ui.dictionary(sliders | switches)

    side_a, side_b = controls("a"), controls("b")
    seed = mo.ui.slider(1, 20, value=kept["seed"], debounce=True, show_value=True, full_width=True)
    return refused, seed, side_a, side_b


@app.cell
def _(Setting, kept, side_a):
    a = kept["a"] = Setting(**side_a.value)
    return (a,)


@app.cell
def _(Setting, kept, side_b):
    b = kept["b"] = Setting(**side_b.value)
    return (b,)


@app.cell
def _(kept, seed):
    luck = kept["seed"] = seed.value
    return (luck,)


@app.cell
def _(DAYS, Player, say):
    player = Player(days=DAYS, words={**say, "A": "A", "B": "B"})
    return (player,)


@app.cell
def _(a, luck, player, runs):
    result_a = runs.run(a, luck)
    player.show("a", result_a, runs.places_of(a, luck))
    return (result_a,)


@app.cell
def _(b, luck, player, runs):
    result_b = runs.run(b, luck)
    player.show("b", result_b, runs.places_of(b, luck))
    return (result_b,)


@app.cell
def _(language, mo, say):
    mo.vstack([
        mo.hstack([mo.md(f"# {say['title']}"), language], justify="space-between", align="center"),
        mo.md(say["story"]),
        mo.accordion({say["try"]: mo.md(say["tries"])}),
    ])
    return


@app.cell
def _(STEPS, SWITCHES, mo, player, refused, say, seed, side_a, side_b):
    def _line(side, control):
        return mo.hstack([mo.Html(f"<span class='kd-name'>{side}</span>"), control], widths=[0.07, 0.93], gap=0.3)

    def _name(key):
        return mo.Html(f"<span class='kd-name'>{say[key]}</span>")

    _rows = [mo.callout(mo.md(_why), kind="warn") for _why in refused]
    for _key in (*STEPS, *SWITCHES):
        _rows.append(mo.vstack([_name(_key), _line("A", side_a[_key]), _line("B", side_b[_key])], gap=0.1))
    _rows.append(mo.vstack([_name("seed"), seed], gap=0.1))
    mo.hstack([mo.vstack(_rows, gap=0.4), mo.ui.anywidget(player)], widths=[0.26, 0.74], gap=1.5, align="start")
    return


@app.cell
def _(DAYS, a, b, findings, lang, mo, result_a, result_b, say, told):
    def _heading(text):  # no heading of Markdown: marimo would set an outline of them beside the page
        return f"<span class='kd-heading'>{text}</span>\n\n"

    def _shown(name, value):
        if name == "won_a_koc":
            return f"{value:,.1f}"
        return f"{value:.1%}" if value >= 0.01 or value == 0 else f"{value:.2%}"

    _of_a, _of_b = findings.numbers(result_a)._asdict(), findings.numbers(result_b)._asdict()
    _table = ["| | A | B |", "|---|---:|---:|"] + [
        f"| {say[f'number {name}']} | {_shown(name, _of_a[name])} | {_shown(name, _of_b[name])} |" for name in _of_a]
    _told = [told(verdict, lang) for verdict in findings.verdicts(a, b, result_a, result_b)]
    _claims = "\n".join(f"- {claim} **{holds}**{say['colon']}{why}" for claim, holds, why in _told)
    mo.vstack([
        mo.hstack([
            mo.md(_heading(say['numbers'].format(days=DAYS)) + "\n".join(_table)),
            mo.md(_heading(say['claims']) + _claims),
        ], widths=[0.36, 0.64], gap=2, align="start"),
        mo.md(f"*{say['caution']}*"),
    ])
    return


@app.cell
def _(a, b, lang, luck, mo, open_a, open_b, pictures, result_a, result_b, runs, say):
    _settings = {"a": a, "b": b}
    _downloads = [
        mo.download(
            runs.toml(setting, side, luck).encode(), filename=f"demo-{side}.toml", mimetype="application/toml",
            label=say["toml"].format(side=side.upper()))
        for side, setting in _settings.items()]

    def _figure():
        titles = {side: f"{side.upper()}: {setting.title()}" for side, setting in _settings.items()}
        return pictures.figure({"a": result_a, "b": result_b}, titles, lang)

    _downloads.append(mo.download(_figure, filename="demo.png", mimetype="image/png", label=say["figure"]))
    mo.vstack([
        mo.Html(f"<span class='kd-heading'>{say['take']}</span>"),
        mo.hstack([*_downloads, open_a, open_b], justify="start", wrap=True),
        mo.md(say["again"].format(file="demo-a.toml", seed=luck)),
    ])
    return


if __name__ == "__main__":
    app.run()
