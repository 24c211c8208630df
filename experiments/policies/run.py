"""Do the worked example policies earn more than the default, on the same luck?

    python experiments/policies/run.py                    # 50,000 residents, eight seeds, five minutes
    python experiments/policies/run.py --residents 20000 --replicates 3

Each policy of `kocsim.policies` beside the default of a preset: same counties, same seeds, so what differs is the
policy's doing. Profit a resident over half a year and what else each policy changes, with the paired difference and its
standard error.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import kocsim as ks

MILLION = 1_000_000


class Case(NamedTuple):
    """A policy, and what it is compared with."""

    preset: str
    default: dict[str, Any]
    """Changes to the preset in both arms."""
    changes: dict[str, Any]
    """Further changes in the policy's arm."""
    options: Callable[[], dict[str, Any]]
    """The policy, made anew for each run."""
    figures: dict[str, Callable[[ks.Result], float]]
    """What it changes beside profit, a resident."""


def spent(account: str) -> Callable[[ks.Result], float]:
    """Yuan a resident on one account of the ledger."""

    def measure(result: ks.Result) -> float:
        return float(result.ledger["amount"].unstack()[account].sum() / 100 / result.provenance["residents"])

    return measure


def unserved(result: ks.Result) -> float:
    """Share of residents who saw no KOC in the last week."""
    return float(result.coverage["week"]["0"].iloc[-1] / result.provenance["residents"])


def each(column: str) -> Callable[[ks.Result], float]:
    """A column of `Result.daily`, summed."""
    return lambda result: float(result.daily[column].sum() / result.provenance["residents"])


def margin(result: ks.Result) -> float:
    """Sales less discounts and goods, yuan."""
    return -sum(spent(account)(result) for account in ("sales", "discounts", "goods"))


def margin_of_visits(result: ks.Result) -> float:
    """The same of orders whose last touch was a visit to a shop."""
    shops = result.shops
    return float((shops["sales"] - shops["goods"]).sum() / 100 / result.provenance["residents"])


CASES = {
    "CapAdvertising(willing=10)": Case(
        "full", {}, {}, lambda: {"policy": ks.policies.CapAdvertising(willing=10.0)},
        {"advertising, yuan": spent("advertising"), "margin, yuan": margin}),
    "CoverGaps(many=1)": Case(
        "leader", {"recruiting.firm": 20.0}, {"recruiting.firm": 0.0},
        lambda: {"policy": ks.policies.CoverGaps(many=1)},
        {"saw no KOC in the last week": unserved, "margin, yuan": margin}),
    "ThriftyShop": Case(
        "shop", {"shop_visit.pace": 200.0, "money.budget": 20_000.0}, {},
        lambda: {"shop_class": ks.policies.ThriftyShop},
        {"rent, yuan": spent("rent"), "margin, yuan": margin, "of it after visits": margin_of_visits}),
    "CarefulKOC": Case(
        "full", {}, {}, lambda: {"koc_class": ks.policies.CarefulKOC},
        {"posts of KOCs": each("koc_posts"), "trust": ks.measures.trust, "orders": each("orders")}),
}


def scaled(preset: str, residents: int, changes: dict[str, Any]) -> ks.Scenario:
    """A preset in a smaller county: as many KOCs and shops a head, and as much money."""
    share = residents / MILLION
    s = ks.Scenario.preset(preset).replace(**changes)
    return s.replace(
        residents=residents, kocs=round(s.kocs * share), shops=round(s.shops * share),
        recruiting={"firm": s.recruiting.firm * share}, shop_visit={"pace": s.shop_visit.pace * share},
        advertising={"budget": s.advertising.budget * share}, money={"budget": s.money.budget * share})


def run(scenario: ks.Scenario, county: ks.County, seed: int, options: dict[str, Any]) -> ks.Result:
    model = ks.CountyModel(scenario, county=county, rng=seed, **options)
    model.run_model()
    return model.result(residents=False)


def shown(values: np.ndarray) -> str:
    error = float(values.std(ddof=1) / math.sqrt(values.size))
    digits = max(0, 1 - math.floor(math.log10(error))) if error else 2
    return f"{values.mean():.{digits}f} ± {error:.{digits}f}"


def compare(case: Case, given: argparse.Namespace) -> dict[str, dict[str, str]]:
    figures = {"profit, yuan": ks.measures.profit, **case.figures}
    found = []
    for seed in range(given.seed, given.seed + given.replicates):
        default = scaled(case.preset, given.residents, case.default).replace(days=given.days)
        county = ks.County.generate(default, seed)
        arms = run(default, county, seed, {}), run(default.replace(**case.changes), county, seed, case.options())
        found.append([[of(arm) for arm in arms] for of in figures.values()])
    return {
        name: {"default": shown(a), "policy": shown(b), "difference": shown(b - a)}
        for name, (a, b) in zip(figures, np.array(found).transpose(1, 2, 0), strict=True)}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.replicates < 2:
        parser.error("--replicates must be at least 2")
    print(f"{date.today()}, {platform.machine()}, kocsim {ks.__version__}: {given.residents:,} residents, "
          f"{given.replicates} seeds from {given.seed}, {given.days} days; a resident, mean ± standard error; "
          "difference paired by seed")
    for name, case in CASES.items():
        print(f"\n{name}, preset {case.preset!r}\n{pd.DataFrame(compare(case, given)).T.to_string()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
