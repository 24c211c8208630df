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
    words = {p.name for p in scenario.parameters() if isinstance(p.value, str)}
    values = dict(_change(text, words) for text in changes or ())
    return scenario.replace(**values, **({} if days is None else {"days": days}))


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
def show(
    scenario: Name,
    only: Annotated[str | None, typer.Option(help="Only parameters whose name begins so, e.g. friends.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="As a TOML file, to be edited.")] = False,
    changes: Changes = None,
) -> None:
    """Every parameter: value, unit, range, meaning, source. An asterisk marks what is not the default."""
    chosen = _scenario(scenario, changes)
    if toml:
        typer.echo(chosen.to_toml(), nl=False)
        return
    rows = [p for p in chosen.parameters() if only is None or p.name.startswith(only)]
    if not rows:
        raise ParameterError(f"--only must begin a parameter's name; got {only!r}.{_did_you_mean(only, chosen)}")
    import shutil
    import textwrap

    width = max(60, shutil.get_terminal_size((100, 24)).columns)
    changed = chosen.differences()
    for p in rows:
        mark = " *" if p.name in changed else ""
        typer.secho(f"{p.name} = {p.value!r}{mark}", bold=True)
        for text in (f"{p.unit}; {p.range}", p.meaning, f"source: {p.source}"):
            typer.echo(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "))


def _did_you_mean(only: str | None, scenario: Scenario) -> str:
    import difflib

    names = [p.name for p in scenario.parameters()]
    sections = [name.split(".")[0] for name in names]
    near = difflib.get_close_matches(str(only), [*dict.fromkeys(sections), *names], n=1)
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
