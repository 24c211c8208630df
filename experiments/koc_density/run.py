"""How many KOCs does a county need, and is there a critical density? (C13, C18)

    python experiments/koc_density/run.py                                        # a quarter of an hour
    python experiments/koc_density/run.py --residents 2000 --replicates 8        # a look

Runs ``sweep.toml``, then searches the point of take-off for each kind of threshold, prints both and draws one figure.
Every run that is done is kept in the folder ``--out``; a command that was cut off goes on when it is given again.
"""

from __future__ import annotations

import argparse
import platform
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from scipy import stats

import kocsim as ks

HERE = Path(__file__).parent
CONTACTS = "friends.koc_median"
WORDS = {
    "absolute": "threshold: evidence of 1.5 (default)", "low": "threshold: evidence of 0.5",
    "fractional": "threshold: share of ties",
}
STYLE = {128.0: ("#0072B2", "-.", "^"), 500.0: ("#D55E00", "-", "o"), 1000.0: ("#009E73", "--", "s")}
"""Colours told apart with any colour vision (Okabe and Ito), and lines told apart without."""


def sized(scenario: ks.Scenario, residents: int) -> ks.Scenario:
    """A scenario in a county of another size; KOCs are set by the sweep."""
    return scenario.replace(residents=residents, kocs=residents // 100, shops=max(residents // 2000, 1))


def coverage(sweep: ks.Sweep) -> str:
    """Share identified by KOCs and contacts, in Markdown, a table for each kind of threshold."""
    summary = sweep.summary()["identified"]
    lines = []
    for name, words in WORDS.items():
        one = summary.loc[name]
        lines += [f"| {words}; KOCs | " + " | ".join(f"{c:g} contacts" for c in STYLE) + " |",
                  "|---:|" + "---:|" * len(STYLE)]
        for kocs in one.index.unique("kocs"):
            cells = [one.loc[(kocs, c)] for c in STYLE]
            share = kocs / sweep.study.arms[name].scenario.residents  # type: ignore[union-attr]
            lines.append(f"| {share:.2%} | " + " | ".join(
                f"{cell['mean']:.1%} ± {(cell['high'] - cell['low']) / 2:.1%}" for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def elasticity(sweep: ks.Sweep) -> str:
    """By how many per cent more residents identify, KOCs not counted, for 1% more KOCs; in Markdown.

    Logarithms of ratios between neighbouring numbers of KOCs on the same luck: mean over replicates, with 95% intervals
    (Student's t). Above 1, a KOC among more KOCs wins more than one among few (C13).
    """
    table = sweep.table[sweep.table[CONTACTS] == 500.0]
    lines = ["| KOCs, at 500 contacts | " + " | ".join(WORDS.values()) + " |", "|---:|" + "---:|" * len(WORDS)]
    cells = {}
    for name in WORDS:
        residents = sweep.study.arms[name].scenario.residents  # type: ignore[union-attr]
        won = table[table["scenario"] == name].pivot(index="replicate", columns="kocs", values="identified")
        won = won * residents - won.columns.to_numpy()
        for few, many in pairwise(won.columns):
            slope = np.log(won[many] / won[few]) / np.log(many / few)
            reach = slope.sem() * stats.t.ppf(0.975, len(slope) - 1)
            share = f"{few / residents:.2%} to {many / residents:.2%}"
            mean = slope.mean()
            cells.setdefault(share, []).append(f"{mean:.2f} [{mean - reach:.2f}, {mean + reach:.2f}]")
    return "\n".join([*lines, *(f"| {share} | {' | '.join(row)} |" for share, row in cells.items()), ""])


def draw(sweep: ks.Sweep, path: Path) -> None:
    """Share identified by density, a panel a kind of threshold."""
    summary = sweep.summary()["identified"]
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    panels = figure.subplots(1, len(WORDS), sharey=True)
    for axes, (name, words) in zip(panels, WORDS.items(), strict=True):
        residents = sweep.study.arms[name].scenario.residents  # type: ignore[union-attr]
        for contacts, (colour, line, mark) in STYLE.items():
            one = summary.loc[name].xs(contacts, level=CONTACTS)
            share = 100 * one.index.to_numpy() / residents
            axes.plot(share, 100 * one["mean"], line, color=colour, marker=mark, markersize=4, label=f"{contacts:g}")
            axes.fill_between(share, 100 * one["low"], 100 * one["high"], color=colour, alpha=0.2, linewidth=0)
        axes.set(xscale="log", xlabel="KOCs, % of residents", title=words)
        axes.title.set_fontsize(10)
        axes.set_xticks([0.05, 0.1, 0.5, 1, 5])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.axvline(1, color="0.6", linewidth=0.8, linestyle=":")
    panels[0].set_ylabel("residents who have identified, %")
    panels[0].legend(title="contacts of a KOC", frameon=False, fontsize=9)
    panels[-1].annotate("the paper's 1%", (1, 97), ha="right", va="top", fontsize=8, color="0.4", rotation=90)
    figure.savefig(path, dpi=150)


def take_off(plan: dict[str, Any], residents: int, replicates: int, workers: int | None, out: Path) -> None:
    """Where the county takes off, if it does."""
    for name, scenario in plan["scenario"].items():
        found = ks.critical(
            scenario, "kocs", max(residents // 5000, 2), residents // 20, measure="identified", replicates=replicates,
            seed=plan["seed"], days=plan["days"], counties=replicates, workers=workers, out=out / name)
        print(f"\n{WORDS[name]}\n{found!r}")


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--residents", type=int, default=50_000, help="of each county")
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--days", type=int, help="default: as in the file")
    parser.add_argument("--workers", type=int, help="processes; default: as many as there are processors")
    parser.add_argument("--out", type=Path, default=Path("out/koc_density"))
    given = parser.parse_args()
    plan = ks.read_sweep(HERE / "sweep.toml")
    share = given.residents / 50_000
    plan["scenario"] = {name: sized(scenario, given.residents) for name, scenario in plan["scenario"].items()}
    plan["space"]["kocs"] = sorted({max(round(kocs * share), 1) for kocs in plan["space"]["kocs"]})
    plan |= {"replicates": given.replicates, "counties": given.replicates, "days": given.days or plan["days"]}
    out = given.out / f"{given.residents}"
    sweep = ks.sweep(**plan, out=out, workers=given.workers)
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: {given.residents:,} residents, "
          f"{given.replicates} replicates; share identified after {plan['days']} days, ± half of the 95% interval\n")
    print(coverage(sweep))
    print(elasticity(sweep))
    aware = sweep.summary()["aware"]["mean"]
    print(f"fewest aware after {plan['days']} days at a given number of KOCs: " + ", ".join(
        f"{kocs:,}: {people / given.residents:.1%}" for kocs, people in aware.groupby("kocs").min().items()) + "\n")
    draw(sweep, out / "figure.png")
    take_off(plan, given.residents, given.replicates, given.workers, out)
    print(f"\nfigure: {out / 'figure.png'}; all runs: {out / 'table.parquet'}")


if __name__ == "__main__":
    main()
