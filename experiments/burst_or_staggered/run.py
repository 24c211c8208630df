"""Burst or staggered? All KOCs on one day a week, each on her own day, or every day, at equal posts (C19).

    python experiments/burst_or_staggered/run.py                                        # some minutes
    python experiments/burst_or_staggered/run.py --residents 2000 --replicates 3        # a look

Runs ``sweep.toml``, prints paired differences with intervals, and draws one figure. Every run that is done is kept in
the folder ``--out``; a command that was cut off goes on when it is given again.
"""

from __future__ import annotations

import argparse
import platform
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

import kocsim as ks

HERE = Path(__file__).parent
ATTENTION = "attention.posts_per_day"
PAIRS = (("burst", "staggered"), ("burst", "daily"), ("staggered", "daily"))
"""Of each, the logarithm of the first's sales over the second's."""
STYLE = {
    "burst over staggered": ("#0072B2", "-", "o"), "burst over daily": ("#D55E00", "--", "s"),
    "staggered over daily": ("#009E73", "-.", "^"),
}
"""Colours told apart with any colour vision (Okabe and Ito), and lines told apart without."""


def differences(table: pd.DataFrame) -> pd.DataFrame:
    """Logarithms of ratios of sales on the same luck: mean over replicates, with 95% intervals (Student's t)."""
    sales = np.log(table.set_index(["scenario", ATTENTION, "replicate"])["sales"].unstack("scenario"))
    rows = {}
    for first, second in PAIRS:
        by = (sales[first] - sales[second]).groupby(ATTENTION)
        mean, n = by.mean(), by.count()
        reach = by.sem() * stats.t.ppf(0.975, n - 1)
        rows[f"{first} over {second}"] = pd.DataFrame({"mean": mean, "low": mean - reach, "high": mean + reach})
    return pd.concat(rows, axis=1)


def markdown(found: pd.DataFrame) -> str:
    """A row for each attention, a column for each pair."""
    names = list(dict.fromkeys(found.columns.get_level_values(0)))
    lines = [f"| posts a day that a resident gets to | {' | '.join(names)} |", "|" + "---:|" * (len(names) + 1)]
    for posts, row in found.iterrows():
        cells = [f"{row[name]['mean']:.3f} [{row[name]['low']:.3f}, {row[name]['high']:.3f}]" for name in names]
        lines.append(f"| {posts:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(found: pd.DataFrame, title: str, path: Path) -> None:
    """Paired differences by attention, with bands."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, (colour, line, mark) in STYLE.items():
        one = found[name]
        axes.plot(one.index, one["mean"], line, color=colour, marker=mark, markersize=4, label=name)
        axes.fill_between(one.index, one["low"], one["high"], color=colour, alpha=0.2, linewidth=0)
    axes.axhline(0, color="0.4", linewidth=0.8)
    axes.set(xlabel="posts a day that a median resident gets to", ylabel="sales, logarithm of the ratio", title=title)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--residents", type=int, default=50_000, help="of each county; KOCs are 1%% of them")
    parser.add_argument("--replicates", type=int, default=20)
    parser.add_argument("--workers", type=int, help="processes; default: as many as there are processors")
    parser.add_argument("--out", type=Path, default=Path("out/burst_or_staggered"))
    given = parser.parse_args()
    size = {"residents": given.residents, "kocs": given.residents // 100, "shops": max(given.residents // 2000, 1)}
    plan = ks.read_sweep(HERE / "sweep.toml")
    plan["scenario"] = {name: scenario.replace(**size) for name, scenario in plan["scenario"].items()}
    plan |= {"replicates": given.replicates, "counties": given.replicates}
    out = given.out / f"{given.residents}"
    sweep = ks.sweep(**plan, out=out, workers=given.workers)
    found = differences(sweep.table)
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: {given.residents:,} residents, "
          f"{given.replicates} replicates; logarithm of the ratio of sales in {plan['days']} days\n")
    print(markdown(found))
    draw(found, f"KOCs post together, or apart ({given.residents:,} residents, 95% intervals)", out / "figure.png")
    print(f"\nfigure: {out / 'figure.png'}; all runs: {out / 'table.parquet'}")


if __name__ == "__main__":
    main()
