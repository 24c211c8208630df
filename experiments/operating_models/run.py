"""Shops, leaders, or both? The paper's three operating models at equal budget (claims C26 to C36).

    python experiments/operating_models/run.py                                         # some minutes
    python experiments/operating_models/run.py --residents 20000 --replicates 3        # a look

Runs ``sweep.toml``, prints one table and draws one figure. Every run that is done is kept in the folder `--out`; a
command that was cut off goes on when it is given again. Questions about one model or another stand in ``questions.py``
beside this file.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that it runs as a script, from anywhere

import kocsim as ks
from experiments.claims.lab import Estimate
from experiments.claims.run import shown
from experiments.operating_models.models import (
    MODELS,
    WEEKS,
    YEAR,
    Record,
    columns,
    differences,
    interval,
    known,
    overtaken,
    run_all,
    sized,
)

PAIRS = (("shop", "leader"), ("shop", "hybrid"), ("leader", "hybrid"))
"""Of each, the second less the first."""
ROWS = {
    **{f"customers, {w} weeks": f"customers won in {w} weeks, a 1,000 residents" for w in WEEKS},
    "orders": "orders, a 1,000 residents",
    "repurchase": "customers who ordered again, share",
    "trust": "trust in KOCs at the end, mean of ties",
    "active KOCs": "active KOCs at the end, a million residents",
    "left": "KOCs who have left, share",
    "shops": "shops that show the product, a million residents",
    "spent of budget": "spent of the budget, share",
    "cost a customer": "full cost of a customer, yuan",
    "profit": "profit, yuan a resident",
    "income a day": "median income of a KOC, yuan a day as KOC",
    "earns over wants": "the same over what she wants",
    "Gini": "Gini coefficient of KOCs' incomes",
    "R of leaders": "R of leaders, KOCs whom a KOC recruits in half of the run",
}
"""Figures of a run and what they say."""
RACES = {"customers": "customers won", "orders": "orders so far", "cash": "cash so far"}
STYLE = {"shop": ("#0072B2", "-"), "leader": ("#D55E00", "--"), "hybrid": ("#009E73", "-.")}
"""Colours told apart with any colour vision (Okabe and Ito), and lines told apart without."""


def scenarios(given: argparse.Namespace) -> dict[str, ks.Scenario]:
    """The models of ``sweep.toml`` in counties of the size that is asked for."""
    change = {name: float(value) for name, value in (one.split("=") for one in given.set)}
    if given.budget is not None:
        change["money.budget"] = given.budget
    plan = ks.read_sweep(Path(__file__).with_name("sweep.toml"))
    return {
        name: sized(preset, given.residents, **change).replace(days=given.days)
        for name, preset in plan["scenario"].items()}


def table(records: Mapping[str, Sequence[Record]]) -> str:
    """Means by model and paired differences, in Markdown."""
    head = ["", *MODELS, *(f"{second} less {first}" for first, second in PAIRS)]
    lines = [" | ".join(head), " | ".join(["---", *["---:"] * (len(head) - 1)])]
    for figure, words in ROWS.items():
        values = columns(records, figure)
        cells = [mean(values[model]) for model in MODELS]
        cells += [between(differences(values[second], values[first])) for first, second in PAIRS]
        if any(cells):
            lines.append(" | ".join([words, *cells]))
    return "\n".join(f"| {line} |" for line in lines)


def mean(values: Sequence[float]) -> str:
    """Mean and standard error; nothing where no replicate can tell."""
    told = known(values)
    if len(told) < 2:
        return ""
    few = f" ({len(told)} of {len(values)})" if len(told) < len(values) else ""
    return shown(Estimate.of(told)) + few


def between(estimate: Estimate | None) -> str:
    """A difference and its 95% interval."""
    if estimate is None:
        return ""
    digits = max(0, 1 - math.floor(math.log10(estimate.se))) if estimate.se else 2
    low, high = interval(estimate)
    return f"{estimate.mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def races(records: Mapping[str, Sequence[Record]], days: int) -> str:
    """When one model overtakes another for good, in Markdown."""
    lines = ["who overtakes whom | in | how often | on day (median) | quartiles", "--- | --- | ---: | ---: | ---:"]
    for first, second in PAIRS:
        for behind, ahead in ((first, second), (second, first)):
            for race, words in RACES.items():
                when = np.array(crossings(records, behind, ahead, race))
                if not np.isfinite(when).any():
                    continue
                late = when[(when > 1) & np.isfinite(when)]
                always = int((when == 1).sum())
                low, middle, high = np.quantile(late, (0.25, 0.5, 0.75)) if late.size else (math.nan,) * 3
                told = [f"{middle:.0f}", f"{low:.0f} to {high:.0f}"] if late.size else ["", ""]
                ever = f"{late.size} of {when.size}" + (f", ahead from the start in {always}" if always else "")
                lines.append(" | ".join([f"{ahead} overtakes {behind}", words, ever, *told]))
    return "\n".join(f"| {line} |" for line in lines) + (
        f"\n\nA model overtakes another on the day from which it is ahead until the end (day {days}).")


def crossings(records: Mapping[str, Sequence[Record]], behind: str, ahead: str, race: str) -> list[float]:
    """Day on which a model overtakes another for good, by replicate."""
    return [overtaken(a.daily[race], b.daily[race])
            for a, b in zip(records[behind], records[ahead], strict=True)]


def draw(records: Mapping[str, Sequence[Record]], given: argparse.Namespace) -> Figure:
    """Customers and cash over time, mean and 95% interval by model, with the day of overtaking."""
    figure = Figure(figsize=(5.0, 6.2), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    days = np.arange(1, given.days + 1)
    reach = stats.t.ppf(0.975, given.replicates - 1) / math.sqrt(given.replicates)
    for axes, race in zip(panels, ("customers", "cash"), strict=True):
        for model in MODELS:
            colour, style = STYLE[model]
            runs = np.array([record.daily[race] for record in records[model]])
            middle, half = runs.mean(axis=0), reach * runs.std(axis=0, ddof=1)
            axes.fill_between(days, middle - half, middle + half, color=colour, alpha=0.2, linewidth=0)
            axes.plot(days, middle, style, color=colour, lw=1.8, label=model.upper())
        mark(axes, records, race, given.days)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0)
    panels[0].set_ylabel("customers won, a 1,000 residents")
    panels[0].set_ylim(bottom=0)
    panels[1].set_ylabel("cash so far, yuan a resident")
    panels[1].axhline(0, color="black", lw=0.8)
    panels[1].set_xlabel("day")
    title = f"{given.replicates} counties of {given.residents:,} residents, equal budget; mean and 95% interval"
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False,
                  handlelength=2.6, title=title, title_fontsize=9)
    return figure


def mark(axes, records: Mapping[str, Sequence[Record]], race: str, days: int) -> None:
    """The median day on which leaders and shops change places, in those replicates in which they do, if most do."""
    for behind, ahead in (("shop", "leader"), ("leader", "shop")):
        when = np.array(crossings(records, behind, ahead, race))
        late = when[(when > 1) & np.isfinite(when)]
        if late.size > when.size / 2:
            day = float(np.median(late))
            axes.axvline(day, color="black", lw=1, ls=":")
            left = day > 0.6 * days
            axes.annotate(
                f"{ahead.upper()} overtakes\n{behind.upper()}: day {day:.0f}", (day, 0.62),
                xycoords=("data", "axes fraction"), xytext=(-4 if left else 4, 0), textcoords="offset points",
                fontsize=8, ha="right" if left else "left", va="center")


def options() -> argparse.ArgumentParser:
    """What run.py and questions.py take alike."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, help="processes; default: as many as there are processors")
    parser.add_argument("--out", type=Path, default=Path("out/operating_models"), help="folder of finished runs")
    return parser


def checked(parser: argparse.ArgumentParser, given: argparse.Namespace) -> argparse.Namespace:
    """Refuse what cannot be run, in a sentence."""
    for name, least, why in (
        ("replicates", 2, ", for a standard error"), ("seed", 0, ""), ("days", 1, ""),
        ("residents", 2000, ", so that there is a shop"),
    ):
        if getattr(given, name, least) < least:
            parser.error(f"--{name} must be at least {least}{why}; got {getattr(given, name)}")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    parser = options()
    parser.description = (__doc__ or "").splitlines()[0]
    parser.add_argument("--residents", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=YEAR)
    parser.add_argument("--budget", type=float, help="yuan a day for a million residents; default: as in the presets")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER",
                        help="change a parameter of all three, as for a million residents; repeatable")
    parser.add_argument("--picture", type=Path, help="default: operating_models.png in the folder")
    given = checked(parser, parser.parse_args(arguments))
    if given.budget is not None and given.budget <= 0:
        parser.error(f"--budget must be above 0, or there is nothing to compare at; got {given.budget:g}")
    asked = scenarios(given)
    parts = given.residents, given.days, given.seed, given.budget or 0
    name = "-".join([*(f"{part:g}" for part in parts), *given.set])
    try:
        records = run_all(asked, given.replicates, given.seed, given.out / name, given.workers)
    except KeyboardInterrupt:
        print("Stopped; runs that were finished are kept, and the same command goes on.", file=sys.stderr)
        return 130
    budget = asked["shop"].money.budget * 1e6 / given.residents
    print(f"kocsim {ks.__version__}, {date.today()}, {platform.machine()}: {given.residents:,} residents, "
          f"{given.replicates} replicates of seed {given.seed}, {given.days} days, {budget:,.0f} yuan a day "
          f"to spend for a million residents\n")
    print("Mean ± standard error; differences on the same seeds with 95% intervals\n")
    print(f"{table(records)}\n\n{races(records, given.days)}")
    picture = given.picture or given.out / "operating_models.png"
    draw(records, given).savefig(picture, dpi=200)
    print(f"\npicture: {picture}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
