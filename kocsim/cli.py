"""The command line: thin, and quick to start."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kocsim.errors import DataError, FileError, Interrupted, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kocsim.ensemble.outcome import Sweep
    from kocsim.results import Result
    from kocsim.scenario import Scenario

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="How key opinion consumers carry a product through a Chinese county market.",
)

Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="Name of a preset, or path of a .toml file.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter, e.g. friends.koc_median=128; repeatable."),
]
Seed = Annotated[int, typer.Option(help="Any whole number >= 0.")]
Threads = Annotated[int | None, typer.Option(help="Default: as many as there are processors.")]


def _scenario(name: str, changes: list[str] | None, days: int | None = None) -> Scenario:
    """The scenario as it will be run: changed by --set, and by --days."""
    from kocsim.scenario import as_scenario

    scenario = as_scenario(name)
    changed = _changed(scenario, changes or [])
    return changed if days is None else changed.replace(days=days)


def _change(text: str, words: set[str]) -> tuple[str, Any]:
    """NAME=VALUE: a number, truth value or quoted text as in TOML; all else, and parameters in `words`, is text."""
    import tomllib

    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise ParameterError(f"--set takes NAME=VALUE, such as friends.koc_median=128; got {text!r}.")
    try:
        read = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        try:
            return name, value if name in words else float(value)  # TOML knows no ".25"
        except ValueError:
            return name, value
    plain = len(read) == 1 and isinstance(read["value"], str if name in words else (bool, int, float, str))
    return name, read["value"] if plain else value


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C where no finished day can be kept: a sentence and exit code 130. (Typer itself would say nothing.)"""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted; what was not saved yet is lost.", err=True)
        raise typer.Exit(130) from None


@app.command()
def run(
    scenario: Name,
    seed: Seed = 1,
    days: Annotated[int | None, typer.Option(help="Default: the scenario's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for tables, provenance, scenario and picture.")] = None,
    threads: Threads = None,
    county: Annotated[Path | None, typer.Option(help="A county saved by 'kocsim county'.")] = None,
    changes: Changes = None,
    communities: Annotated[bool, typer.Option(help="Record every community on every day.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress bar.")] = False,
) -> None:
    """Run a scenario; print a table; with --out, save tables and a picture."""
    from kocsim.errors import at_least
    from kocsim.threads import usable_threads

    # all that can be refused is refused before the county is made
    chosen = _scenario(scenario, changes, days)
    at_least("seed", seed, 0)
    usable_threads(threads)
    if out is not None:
        from kocsim.results import check_output

        check_output(out)
    with _interruptible():
        _run(chosen, seed, out, threads, county, communities, quiet)


def _run(
    scenario: Scenario, seed: int, out: Path | None, threads: int | None, county: Path | None,
    communities: bool, quiet: bool,
) -> None:
    from kocsim.county import County
    from kocsim.run import simulate

    start = time.perf_counter()
    place = County.generate(scenario, seed, threads) if county is None else County.open(county)
    built = time.perf_counter()
    try:
        result = simulate(
            scenario, place, seed, threads=threads, progress=not quiet, communities=communities
        )
        finished = True
    except Interrupted as stop:
        result, finished = stop.result, False
    ran = time.perf_counter()
    _report(result, built - start, ran - built)
    if out is not None:
        _save(result, scenario, out)
    if not finished:
        kept = f"saved in {out}" if out is not None else "not saved, as --out was not given"
        typer.echo(f"Interrupted after {len(result.daily)} finished days; {kept}.", err=True)
        raise typer.Exit(130)


def _report(result: Result, build: float, days: float) -> None:
    table = result.summary()
    width = max(map(len, table.index))
    typer.echo(f"\n{result.provenance['scenario']['name']}, day {len(result.daily)}\n")
    for name, row in table.iterrows():
        share = f"{row.iloc[1]:>9.2%}" if row.iloc[1] == row.iloc[1] else ""
        typer.echo(f"  {name:{width}} {int(row.iloc[0]):>12,} {share}".rstrip())
    if len(result.audiences):
        from kocsim import measures

        typer.echo()
        for name, row in measures.table(result).iterrows():
            if row["value"] == row["value"]:
                typer.echo(f"  {name:{width}} {row['value']:>12,.3f} {row['unit']}")
    typer.echo(
        f"\nseed {result.provenance['seed']}, digest {result.digest()}\n"
        f"county {build:.1f} s, days {days:.1f} s{_peak_memory()}"
    )


def _peak_memory() -> str:
    try:
        import resource
    except ImportError:  # not on Windows
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f", peak memory {peak / 2**30:.2f} GiB"


def _save(result: Result, scenario: Scenario, out: Path) -> None:
    import warnings

    from matplotlib.figure import Figure

    from kocsim import plot

    result.save(out)
    scenario.save(out / "scenario.toml")
    figure = plot.overview(result, Figure(figsize=(12, 9)))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a Chinese name, and no font for it
            figure.savefig(out / "overview.png", dpi=150)
    except OSError as error:
        raise FileError(f"Cannot write {out / 'overview.png'}: {error.strerror}.") from None
    typer.echo(f"saved in {out}: tables (Parquet), provenance.json, scenario.toml, overview.png")


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sweep as TOML: scenario, [space], replicates ...")],
    out: Annotated[Path, typer.Option(help="Folder for all that is finished; the same line again goes on in it.")],
    workers: Annotated[int | None, typer.Option(help="Processes; default: as many as there are processors.")] = None,
    replicates: Annotated[int | None, typer.Option(help="Instead of the file's.")] = None,
    days: Annotated[int | None, typer.Option(help="Instead of the file's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the file's.")] = None,
    limit: Annotated[float | None, typer.Option(help="Seconds after which a run is stopped, and failed.")] = None,
    changes: Changes = None,
    quiet: Annotated[bool, typer.Option(help="No progress bar.")] = False,
) -> None:
    """Run a scenario at many points, with replicates; go on where an earlier call was cut off."""
    from kocsim.ensemble import outcome, sweeps
    from kocsim.ensemble.sweepfile import read_sweep

    given = read_sweep(file)
    options = {"replicates": replicates, "days": days, "seed": seed, "limit": limit}
    given |= {name: value for name, value in options.items() if value is not None}
    if changes:
        arms = given["scenario"]
        given["scenario"] = {name: _changed(one, changes) for name, one in arms.items()} if isinstance(
            arms, dict) else _changed(arms, changes)
    start = time.perf_counter()
    try:
        done, finished = sweeps.sweep(**given, out=out, workers=workers, progress=not quiet), True
    except Interrupted as stop:
        done, finished = stop.result, False
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; what was finished before is in {out}.", err=True)
        raise typer.Exit(130) from None
    _report_sweep(done, time.perf_counter() - start, out)
    if not finished:
        typer.echo(f"Interrupted after {done.finished()}, kept in {out}; the same line goes on.", err=True)
        raise typer.Exit(130)
    if done.failed:
        typer.echo(f"{done.failed} of {done.planned:,} runs failed; see {out / outcome.ERRORS}.", err=True)
        raise typer.Exit(1)


def _report_sweep(done: Sweep, seconds: float, out: Path) -> None:
    """Means and intervals of what the runs could tell."""
    if not done.done:
        typer.echo("No run is finished.")
        return
    summary = done.summary()
    typer.echo(f"\n{done!r}\n\nmeans and 95% intervals over replicates\n")
    shown = {}
    for name in done.measures:
        if (summary[name]["n"] > 0).any():
            shown[name] = [_interval(row) for _, row in summary[name].iterrows()]
    import pandas as pd

    table = pd.DataFrame(shown, index=summary.index)
    typer.echo((table if len(table) <= 60 else table.head(60)).T.to_string() if len(table) <= 4 else table.to_string())
    typer.echo(f"\n{seconds:.1f} s; tables in {out}: {', '.join(file.name for file in sorted(out.glob('*.parquet')))}")


def _interval(row: Any) -> str:
    """A mean and its interval with as many digits as the interval has meaning for."""
    import math

    mean, low, high = float(row["mean"]), float(row["low"]), float(row["high"])
    if not math.isfinite(mean) or not high - low > 0:
        return f"{mean:,.6g}"
    digits = min(max(0, 1 - math.floor(math.log10(high - low))), 9)
    return f"{mean:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


def _changed(scenario: Scenario, changes: list[str]) -> Scenario:
    words = {p.name for p in scenario.parameters() if isinstance(p.value, str)}
    return scenario.replace(**dict(_change(text, words) for text in changes))


@app.command()
def show(
    scenario: Name,
    only: Annotated[list[str], typer.Option(
        default_factory=list, help="Only parameters whose name begins so, e.g. friends; may be given several times.")],
    toml: Annotated[bool, typer.Option("--toml", help="As a TOML file, to be edited.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a table for a paper or a README.")] = False,
    changes: Changes = None,
) -> None:
    """Every parameter: value, unit, range, meaning, source. An asterisk marks what is not the default."""
    chosen = _scenario(scenario, changes)
    if toml:
        typer.echo(chosen.to_toml(), nl=False)
        return
    for begin in only:
        if not any(p.name.startswith(begin) for p in chosen.parameters()):
            raise ParameterError(f"--only must begin a parameter's name; got {begin!r}.{_did_you_mean(begin, chosen)}")
    rows = [p for p in chosen.parameters() if not only or p.name.startswith(tuple(only))]
    if markdown:
        typer.echo("| parameter | value | unit | range | meaning | source |\n|---|---|---|---|---|---|")
        for p in rows:
            cells = (f"`{p.name}`", f"{p.value}", p.unit, p.range, p.meaning, p.source)
            typer.echo("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        return
    import shutil
    import textwrap

    width = max(60, shutil.get_terminal_size((100, 24)).columns)
    changed = chosen.differences()
    for p in rows:
        mark = " *" if p.name in changed else ""
        typer.secho(f"{p.name} = {p.value!r}{mark}", bold=True)
        for text in (f"{p.unit}; {p.range}", p.meaning, f"source: {p.source}"):
            typer.echo(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "))


def _did_you_mean(only: str, scenario: Scenario) -> str:
    import difflib

    names = [p.name for p in scenario.parameters()]
    sections = [name.split(".")[0] for name in names]
    near = difflib.get_close_matches(only, [*dict.fromkeys(sections), *names], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


@app.command()
def presets() -> None:
    """The scenarios that come with kocsim."""
    from kocsim.scenario import Scenario
    from kocsim.scenario import presets as names

    for name in names():
        typer.echo(f"{name:10} {Scenario.preset(name).description}")


@app.command()
def county(
    scenario: Name,
    out: Annotated[Path, typer.Option(help="Folder for the county.")],
    seed: Seed = 1,
    threads: Threads = None,
    changes: Changes = None,
) -> None:
    """Make a county, save it, and print what was asked beside what came out."""
    from kocsim.county import County

    chosen = _scenario(scenario, changes)
    _check_county_folder(out)
    with _interruptible():
        made = County.generate(chosen, seed, threads)
        made.save(out)
        typer.echo(made.summary().to_string(na_rep="-", float_format=_figure))
        typer.echo(f"\nsaved in {out}: {made.nbytes / 2**20:,.0f} MiB")


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="On this machine, 127.0.0.1.")] = 2718,
    lang: Annotated[str, typer.Option(help="en or zh; the page can switch.")] = "en",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Open a page with sliders: two settings of a county of 50,000, side by side (needs kocsim[demo])."""
    from kocsim.demo.serve import serve

    raise typer.Exit(serve(port, lang, browser))


def _check_county_folder(out: Path) -> None:
    """Refuse at once, not after the county is made, a place where it cannot be saved."""
    import os

    from kocsim.countyfile import MANIFEST

    if out.exists() and not (out / MANIFEST).is_file():
        raise FileError(f"{out} exists and is not a county; choose another name.")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir():
        raise FileError(f"Cannot write the county to {out}: {above} is not a folder.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise FileError(f"Cannot write the county to {out}: {above} may not be written.")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _version(wanted: bool) -> None:
    if wanted:
        from kocsim import __version__

        typer.echo(f"kocsim {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """How key opinion consumers carry a product through a Chinese county market."""


def main() -> None:
    """Entry point: what does not fit is told in a sentence, with exit code 2."""
    try:
        app()
    except (ParameterError, DataError, FileError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
