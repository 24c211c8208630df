"""How far do 10,000 KOCs reach at 128, 500 and 1,000 contacts? (Claims C18 and C20 of the paper.)

    python experiments/koc_degree/run.py                    # a county of 1,000,000, about two minutes
    python experiments/koc_degree/run.py --residents 50000  # a look

Three tables. The first lets each KOC post once in a county that mixes at random, beside the binomial law. The second is
the default county: first day, first week and half a year. The third asks whether 1% of KOCs suffice when residents need
a share of their ties, not a number of cues, to be persuaded.
"""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import date

import pandas as pd
from scipy import stats

import kocsim as ks

DEGREES = (128, 500, 1000)


def one_wave(residents: int, seed: int) -> pd.DataFrame:
    """Random mixing, one post: share of residents reached by at least 1, 2, 3 KOCs, and the law."""
    rows = {}
    for degree in DEGREES:
        for view in (0.1, 0.3):
            scenario = ks.Scenario.preset("mixed").replace(
                residents=residents, kocs=residents // 100, shops=0,
                friends={"koc_median": float(degree)}, moments={"view": view},
            )
            result = ks.simulate(scenario, seed=seed, progress=False)
            ever = result.coverage["ever"].iloc[-1] / residents
            law = stats.binom(scenario.kocs, view * degree / (residents - 1))
            row = {}
            for k in (1, 2, 3):
                row[f">= {k}"] = ever.iloc[k:].sum()
                row[f"law >= {k}"] = law.sf(k - 1)
            rows[degree, view] = row
    return pd.DataFrame(rows).T.rename_axis(["contacts", "view"])


def county(residents: int, days: int, seed: int, threshold: str) -> pd.DataFrame:
    """The default county."""
    rows = {}
    for degree in DEGREES:
        scenario = ks.Scenario.preset("paper").replace(
            residents=residents, kocs=residents // 100, shops=residents // 2000,
            friends={"koc_median": float(degree)}, identification={"threshold": threshold},
        )
        result = ks.simulate(scenario, seed=seed, days=days, progress=False)
        for day in (1, 7, days):
            ever = result.coverage["ever"].loc[day] / residents
            daily = result.daily.loc[day] / residents
            rows[degree, day] = {
                "aware": daily["aware"], "identified": daily["identified"], "customers": daily["customers"],
                **{f"saw >= {k}": ever.iloc[k:].sum() for k in (1, 2, 3)},
                "could see": result.provenance["reach"]["kocs_in_mean"],
            }
    return pd.DataFrame(rows).T.rename_axis(["contacts", "day"])


def show(title: str, table: pd.DataFrame) -> None:
    print(f"\n{title}\n")
    print(table.to_string(formatters={
        name: (lambda x: f"{x:.2f}") if name == "could see" else (lambda x: f"{x:.1%}") for name in table
    }))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    n = options.residents
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: {n:,} residents, {n // 100:,} KOCs, "
          f"seed {options.seed}")
    show("One post of every KOC, random mixing, attention without bounds", one_wave(n, options.seed))
    show("The default county (KOCs post every day; 'could see': KOCs who reach a resident, mean)",
         county(n, options.days, options.seed, "absolute"))
    show("The same with fractional thresholds (median 18% of ties)",
         county(n, options.days, options.seed, "fractional"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
