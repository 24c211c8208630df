"""Do both partners gain when KOCs exchange contacts? (Claims C05 and C89 of the paper.)

    python experiments/pool_exchange/run.py                   # a county of 20,000, four minutes
    python experiments/pool_exchange/run.py --replicates 3    # a look

The same county with and without exchange: each KOC gives half of its contacts to a partner too, over ties that are
weaker than its own. From plentiful attention to scarce attention, KOCs who post eight times a day, and residents who
mute them.
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

PLENTY, SCARCE = {"attention.posts_per_day": 100.0}, {"attention.posts_per_day": 3.0}
FLOOD = {"posting.moments": 8.0, "posting.groups": 8.0}
MUTING = {"trust.mute": 0.05}
STRENGTHS = (0.5, 0.2)
SETTINGS = {
    "plenty": PLENTY, "default": {}, "default, 8 posts": FLOOD, "scarce, 8 posts": SCARCE | FLOOD,
    "scarce, 8 posts, muting": SCARCE | FLOOD | MUTING,
}


def won(scenario: ks.Scenario, seed: int, days: int) -> tuple[np.ndarray, pd.Series]:
    """Residents won, orders and mutes in all, and the customers whom each KOC won (last touch)."""
    result = ks.simulate(scenario, seed=seed, days=days, progress=False)
    total = result.daily[["new_customers", "orders", "mutes"]].sum().to_numpy(float)
    return total, result.kocs["customers"]


def shown(values: Sequence[float]) -> str:
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values)))
    digits = max(0, 1 - math.floor(math.log10(error))) if error else 4
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def table(given: argparse.Namespace) -> pd.DataFrame:
    n = given.residents
    rows = {}
    for name, overrides in SETTINGS.items():
        base = ks.Scenario.preset("paper").replace(
            residents=n, kocs=n // 100, shops=n // 2000, attribution={"track": True}).replace(**overrides)
        found: dict[float, list[list[float]]] = {strength: [] for strength in STRENGTHS}
        for seed in range(given.seed, given.seed + given.replicates):
            alone, of_kocs = won(base, seed, given.days)
            for strength, values in found.items():
                swapped = base.replace(friends={"exchange": given.share, "exchange_strength": strength})
                total, of_partners = won(swapped, seed, given.days)
                values.append([
                    alone[0] / n, *np.log(total[:2] / alone[:2]), (total[2] - alone[2]) / n,
                    float((of_partners > of_kocs).mean()), float((of_partners < of_kocs).mean())])
        for strength, values in found.items():
            columns = [shown(column) for column in np.array(values).T]
            rows[name, strength] = dict(zip((
                "won without", "log customers", "log orders", "further mutes", "KOCs who gain", "KOCs who lose",
            ), columns, strict=True))
    return pd.DataFrame(rows).T.rename_axis(["attention", "strength"])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=20_000)
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--share", type=float, default=0.5, help="of a KOC's contacts, given to a partner")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.replicates < 2:
        parser.error(f"--replicates must be at least 2, for a standard error; got {given.replicates}")
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: {given.residents:,} residents, "
          f"{given.replicates} replicates from seed {given.seed}, {given.days} days, {given.share:.0%} of contacts; "
          "mean ± standard error")
    print("log: logarithm of with over without exchange, above 0 is a gain; mutes a resident\n")
    print(table(given).to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
