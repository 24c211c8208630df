"""Does a county without KOCs take off because its neighbour has many? (Claim C14 of the paper.)

    python experiments/neighbours/run.py                    # two counties of 20,000, two to three minutes
    python experiments/neighbours/run.py --replicates 3     # a look

Two counties joined by few friendships; KOCs live in the eastern one only. For each density of KOCs there, and two
shares of ties between the counties: how much of each county buys within a year, and by what power of the tie share the
west does.
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

DENSITIES = (0.001, 0.01, 0.05)
TIES = (0.005, 0.02)
SETTINGS = {"default": {}, "identification.absolute = 0.5": {"identification.absolute": 0.5}}
QUARTER = 91


def customers(
    scenario: ks.Scenario, east: ks.County, west: ks.County, ties: float, koc_ties: float, seed: int, days: int
) -> tuple[float, float, float, float]:
    """Residents won in the east and in the west, and of the latter those of the last quarter and the one before."""
    county = ks.County.join({"east": east, "west": west}, ties=ties, koc_ties=koc_ties, seed=seed)
    result = ks.simulate(scenario, county=county, seed=seed, days=days, progress=False)
    day = result.residents["day_customer"].to_numpy()
    won, in_west = (day > 0) & (day <= days), county.columns["in_west"]
    late = won & in_west & (day > days - QUARTER)
    before = won & in_west & (day > days - 2 * QUARTER) & ~late
    return tuple(float(np.count_nonzero(some)) for some in (won & ~in_west, won & in_west, late, before))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    return float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values)))


def ratio(above: Sequence[float], below: Sequence[float], scale: float) -> tuple[float, float]:
    """Logarithm of the ratio of two sums over replicates, divided by `scale`, with its jackknife standard error."""
    a, b = np.array(above), np.array(below)

    def of(x: float, y: float) -> float:
        return math.log(x / y) / scale if x and y else math.nan

    each = np.array([of(a.sum() - x, b.sum() - y) for x, y in zip(a, b, strict=True)])
    return of(a.sum(), b.sum()), float(np.sqrt((len(a) - 1) * np.mean((each - each.mean()) ** 2)))


def table(overrides: dict[str, float], given: argparse.Namespace) -> pd.DataFrame:
    n = given.residents
    rows = {}
    for density in DENSITIES:
        got: dict[float, list[tuple[float, float, float, float]]] = {ties: [] for ties in TIES}
        for seed in range(given.seed, given.seed + given.replicates):
            base = ks.Scenario.preset("paper").replace(residents=n, shops=n // 2000).replace(**overrides)
            east = ks.County.generate(base.replace(kocs=round(density * n)), seed=2 * seed)
            west = ks.County.generate(base.replace(kocs=0), seed=2 * seed + 1)
            for ties in TIES:
                got[ties].append(customers(base, east, west, ties, given.koc_ties, seed, given.days))
        few, many = (np.array(got[ties]).T for ties in TIES)
        rows[f"{density:.2%}"] = {
            "east": mean_and_error(few[0] / n),
            **{f"west, ties {ties:g}": mean_and_error(of[1] / n) for ties, of in zip(TIES, (few, many), strict=True)},
            "power of ties": ratio(many[1], few[1], math.log(TIES[1] / TIES[0])),
            "log growth": ratio(many[2], many[3], 1.0),
        }
    return pd.DataFrame(rows).T.rename_axis("KOCs in the east")


def shown(pair: tuple[float, float]) -> str:
    digits = 2 if math.isnan(pair[1]) or not pair[1] else max(0, 1 - math.floor(math.log10(pair[1])))
    return f"{pair[0]:.{digits}f} ± {pair[1]:.{digits}f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=20_000, help="of each county")
    parser.add_argument("--replicates", type=int, default=5)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--koc-ties", type=float, default=0.0, help="contacts of KOCs in the other county, as a share")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.replicates < 2 or given.days < 2 * QUARTER:
        parser.error(f"--replicates must be at least 2, and --days at least {2 * QUARTER}")
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: twice {given.residents:,} residents, "
          f"{given.replicates} replicates from seed {given.seed}, {given.days} days; mean ± standard error")
    print("east, west: share won; power of ties: 1 is proportional; log growth: new customers in the west, last "
          "quarter over the one before, at the larger share of ties")
    for name, overrides in SETTINGS.items():
        print(f"\n{name}\n\n{table(overrides, given).map(shown).to_string()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
