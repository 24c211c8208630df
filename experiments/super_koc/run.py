"""One personal brand or many KOCs, at equal total reach? (Claims C61 and C62 of the paper.)

    python experiments/super_koc/run.py                   # a county of 20,000, one to two minutes
    python experiments/super_koc/run.py --replicates 3    # a look

A super-KOC with D followers against n KOCs with D / n contacts each. Nobody leads a group; all post to Moments once a
day. The super-KOC's ties are as strong as a KOC's, and then half as strong.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

import kocsim as ks

SHARES = (0.5, 0.95)
CROWDS = (20, 200)
SETTINGS = {"default": {}, "identification.absolute = 0.5": {"identification.absolute": 0.5}}
MEASURES = ("aware", "identified", "customers")


def won(scenario: ks.Scenario, seed: int, days: int) -> list[float]:
    """Residents beside KOCs who became aware, identified, customers, as shares of the county."""
    daily = ks.simulate(scenario, seed=seed, days=days, progress=False).daily
    return [daily[f"new_{name}"].sum() / scenario.residents for name in MEASURES]


def mean_and_error(values: Sequence[float]) -> str:
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values)))
    digits = max(0, 1 - math.floor(math.log10(error))) if error else 4
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def table(overrides: dict[str, float], reach: int, given: argparse.Namespace) -> pd.DataFrame:
    base = ks.Scenario.preset("paper").replace(
        residents=given.residents, shops=given.residents // 2000, groups={"led": 0}, friends={"koc_sigma": 0.0},
    ).replace(**overrides)
    one = {"super_kocs": 1, "super_audience": reach, "koc_median": 0.0}
    trials = {
        "1 super-KOC": base.replace(kocs=1, friends=one),
        "1 super-KOC, half the strength": base.replace(kocs=1, friends={**one, "strength_super": 0.2}),
        **{f"{n} KOCs of {reach // n}": base.replace(kocs=n, friends={"koc_median": reach / n}) for n in CROWDS},
    }
    seeds = range(given.seed, given.seed + given.replicates)
    got = {name: np.array([won(trial, seed, given.days) for seed in seeds]) for name, trial in trials.items()}
    rows = {}
    for name, values in got.items():
        rows[name] = {measure: mean_and_error(values[:, at]) for at, measure in enumerate(MEASURES)}
        less = got["1 super-KOC"][:, 2] - values[:, 2]
        rows[name]["super-KOC less these, customers"] = "" if name == "1 super-KOC" else mean_and_error(less)
    return pd.DataFrame(rows).T


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.replicates < 2:
        parser.error(f"--replicates must be at least 2, for a standard error; got {given.replicates}")
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: {given.residents:,} residents, "
          f"{given.replicates} replicates from seed {given.seed}, {given.days} days; shares of residents, mean ± "
          "standard error")
    for name, overrides in SETTINGS.items():
        for share in SHARES:
            reach = round(share * given.residents)
            print(f"\n{name}, total reach {reach:,}\n\n{table(overrides, reach, given).to_string()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
