"""The command line: thin, and quick to start."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kocsim.errors import DataError, FileError, Interrupted, ParameterError

if TYPE_CHECKING:
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


def _scenario(name: str, changes: list[str] | None) -> Scenario:
    from kocsim.scenario import as_scenario

    scenario = as_scenario(name)
    return scenario.replace(**dict(_change(text) for text in changes or ()))


def _change(text: str) -> tuple[str, Any]:
    """NAME=VALUE, the value as in TOML; a bare word is text."""
    import tomllib

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ParameterError(f"--set takes NAME=VALUE, such as friends.koc_median=128; got {text!r}.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


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
    from kocsim.county import County
    from kocsim.run import simulate

    chosen = _scenario(scenario, changes)
    if out is not None:
        from kocsim.results import check_output

        check_output(out)
    start = time.perf_counter()
    place = County.generate(chosen, seed, threads) if county is None else County.open(county)
    built = time.perf_counter()
    try:
        result = simulate(
            chosen, place, seed, days, threads, progress=not quiet, communities=communities
        )
        finished = True
    except Interrupted as stop:
        result, finished = stop.result, False
    ran = time.perf_counter()
    if len(result.daily):
        _report(result, built - start, ran - built)
        if out is not None:
            _save(result, chosen, out)
    if not finished:
        kept = f"; saved in {out}" if out is not None and len(result.daily) else ""
        typer.echo(f"Interrupted after {len(result.daily)} finished days{kept}.", err=True)
        raise typer.Exit(130)


def _report(result: Result, build: float, days: float) -> None:
    table = result.summary()
    width = max(map(len, table.index))
    typer.echo(f"\n{result.provenance['scenario']['name']}, day {len(result.daily)}\n")
    for name, row in table.iterrows():
        share = f"{row.iloc[1]:>9.2%}" if row.iloc[1] == row.iloc[1] else ""
        typer.echo(f"  {name:{width}} {int(row.iloc[0]):>12,} {share}".rstrip())
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
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from kocsim import plot

    result.save(out)
    scenario.save(out / "scenario.toml")
    figure = plot.overview(result)
    try:
        figure.savefig(out / "overview.png", dpi=150)
    except OSError as error:
        raise FileError(f"Cannot write {out / 'overview.png'}: {error.strerror}.") from None
    finally:
        plt.close(figure)
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
        raise ParameterError(f"--only must begin a parameter's name; got {only!r}.")
    import shutil
    import textwrap

    width = max(60, shutil.get_terminal_size((100, 24)).columns)
    changed = chosen.differences()
    for p in rows:
        mark = " *" if p.name in changed else ""
        typer.secho(f"{p.name} = {p.value!r}{mark}", bold=True)
        for text in (f"{p.unit}; {p.range}", p.meaning, f"source: {p.source}"):
            typer.echo(textwrap.fill(text, width, initial_indent="    ", subsequent_indent="    "))


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

    made = County.generate(_scenario(scenario, changes), seed, threads)
    made.save(out)
    typer.echo(made.summary().to_string(na_rep="-", float_format=lambda x: f"{x:,.4g}"))
    typer.echo(f"\nsaved in {out}: {made.nbytes / 2**20:,.0f} MiB")


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
    except KeyboardInterrupt:
        typer.echo("Interrupted before the first day.", err=True)
        sys.exit(130)
