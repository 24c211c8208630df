"""The paper's three operating models in counties of any size: how they are scaled, run, kept on disk and measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from scipy import stats

import kocsim as ks
from experiments.claims.lab import Estimate

MODELS: Final = ("shop", "leader", "hybrid")
MILLION: Final = 1_000_000
"""Residents for whom the presets are made."""
NETWORK: Final = ("rent", "opening", "recruiting", "salons", "staff", "phones", "pool")
"""Accounts that the budget pays."""
WEEKS: Final = (4, 12, 26, 52)
YEAR: Final = 364


def sized(preset: ks.Scenario, residents: int, **overrides: Any) -> ks.Scenario:
    """A preset, with parameters by dotted name changed as for a million residents, in a county of another size.

    What the firm does in a day and its money shrink with the county. So do managers: a tenth of the county gets
    managers of a tenth of a day's work, for a tenth of the wage, who look after a tenth of the KOCs with the same care.
    Otherwise the only manager of a small county would cost more than its budget.
    """
    s = preset.replace(**overrides)
    share = residents / MILLION
    m = s.management
    part = max(1, round(m.span * share)) / m.span if m.span else 1.0
    return s.replace(
        residents=residents, kocs=round(s.kocs * share), shops=max(round(s.shops * share), 1),
        recruiting={"firm": s.recruiting.firm * share}, shop_visit={"pace": s.shop_visit.pace * share},
        money={"budget": s.money.budget * share, "staff": s.money.staff * share},
        advertising={"budget": s.advertising.budget * share},
        management={"span": round(m.span * part), "half": m.half * part, "wage": m.wage * part})


class Record(NamedTuple):
    """What is kept of a run.

    Attributes
    ----------
    figures : dict of str to float
        By name; NaN where the run cannot tell.
    daily : dict of str to ndarray, shape (days,)
        Sums so far: customers won and orders (a 1,000 residents), cash and what the network has cost (yuan a resident).
    """

    figures: dict[str, float]
    daily: dict[str, np.ndarray]


def figures(result: ks.Result) -> dict[str, float]:
    """Figures of a run, each in units in which counties of any size can be compared; NaN where the run cannot tell."""
    n, days = result.provenance["residents"], len(result.daily)
    asked = result.provenance["scenario"]
    ledger = result.ledger["amount"].unstack("account")
    kocs = result.kocs
    if "state" not in kocs:  # all are there from the first day, and stay
        kocs = kocs.assign(state="active", joined=1, left=days + 1, wants=math.nan)
    kocs = kocs[kocs["state"] != "candidate"]
    joined, left = (kocs[name].to_numpy().astype(np.int64) for name in ("joined", "left"))
    a_day = kocs["income"].to_numpy() / 100 / np.maximum(np.minimum(left, days + 1) - joined, 1)
    over = a_day / kocs["wants"].to_numpy()
    stayed = (kocs["state"] == "active").to_numpy()
    shows = result.shops["display"]
    rent = round(asked["money"]["rent"] * 100)
    shop_days = result.shops["rent"].sum() / rent if rent else 0
    won_so_far, cash, spent = customers(result), cash_so_far(result), spent_so_far(result)
    won = int(result.daily["new_customers"].sum())
    full = sum(float(ledger[list(accounts)].sum().sum()) for accounts in ks.measures.ACQUIRES.values()) / 100
    budget = asked["money"]["budget"]
    quarter = max(1, days // 4)
    return {
        **{f"customers, {w} weeks": float(won_so_far[7 * w - 1]) if 7 * w <= days else math.nan for w in WEEKS},
        "customers": float(won_so_far[-1]),
        "orders": float(orders(result)[-1]),
        "orders, last quarter": float(result.daily["orders"].tail(quarter).sum() * 1000 / n),
        "aware": float(result.daily["aware"].iloc[-1] / n),
        "repurchase": ks.measures.repurchase_rate(result),
        "trust": ks.measures.trust(result),
        "active KOCs": float(result.daily["active_kocs"].iloc[-1] * MILLION / n),
        "ever KOCs": float(len(kocs) * MILLION / n),
        "shops": float(shows.sum() * MILLION / n),
        "shops above break-even": ks.measures.shops_above(result),
        "orders a shop and day": float(result.shops["credited_orders"].sum() / shop_days) if shop_days else math.nan,
        "spent": float(spent[-1]),
        "spent of budget": float(spent[-1] * n / (budget * days)) if budget else math.nan,
        "salons": float(ledger["salons"].sum() / 100 / n),
        "cost a customer": full / won if won else math.nan,
        "profit": float(cash[-1]),
        "income a day": float(np.median(a_day)) if len(a_day) else math.nan,
        "earns over wants": float(np.median(over)) if len(over) else math.nan,
        "earns over wants, stayed": float(np.median(over[stayed])) if stayed.any() else math.nan,
        "earn what they want": float((over >= 1).mean()) if len(over) else math.nan,
        "Gini": ks.measures.koc_gini(result),
        "R of leaders": ks.measures.leader_offspring(result),
        "left": float((~stayed).mean()) if len(kocs) else math.nan,
    }


def customers(result: ks.Result) -> np.ndarray:
    """Customers won so far, day by day, a 1,000 residents."""
    return result.daily["new_customers"].cumsum().to_numpy() * 1000 / result.provenance["residents"]


def orders(result: ks.Result) -> np.ndarray:
    """Orders so far, day by day, a 1,000 residents."""
    return result.daily["orders"].cumsum().to_numpy() * 1000 / result.provenance["residents"]


def cash_so_far(result: ks.Result) -> np.ndarray:
    """Cash, day by day, in yuan a resident."""
    cash = result.ledger["amount"].xs("cash", level="account")
    return cash.cumsum().to_numpy() / 100 / result.provenance["residents"]


def spent_so_far(result: ks.Result) -> np.ndarray:
    """What the network has cost, day by day, in yuan a resident."""
    spent = result.ledger["amount"].unstack("account")[list(NETWORK)].sum(axis=1)
    return spent.cumsum().to_numpy() / 100 / result.provenance["residents"]


CURVES: Final = {"customers": customers, "orders": orders, "cash": cash_so_far, "spent": spent_so_far}


def run_all(
    scenarios: Mapping[str, ks.Scenario], replicates: int, seed: int, out: Path, workers: int | None
) -> dict[str, list[Record]]:
    """Records of each scenario: the same counties and luck for all of them, a county for each replicate.

    Parameters
    ----------
    scenarios : mapping of str to Scenario
        Each with its own ``days``.
    replicates, seed : int
    out : Path
        Folder of what is finished; the same call goes on in it.
    workers : int, optional
        Processes; results do not depend on it.
    """
    sweep = ks.sweep(
        scenarios, replicates=replicates, counties=replicates, seed=seed, out=out, measures={"figures": figures},
        curves=CURVES, workers=workers)
    if sweep.failed:
        raise RuntimeError(f"{sweep.failed} runs failed, the first with {sweep.errors['error'].iloc[0]}")
    table, days = sweep.table, sweep.curves
    return {
        name: [
            Record(row[sweep.measures].to_dict(), {c: days.loc[run, c].to_numpy() for c in CURVES})
            for run, row in table[table["scenario"] == name].iterrows()]
        for name in scenarios}


def overtaken(first: np.ndarray, second: np.ndarray) -> float:
    """Day from which the second sum is above the first for good; infinite where it ends below or level."""
    behind = np.flatnonzero(second <= first)
    if behind.size and behind[-1] == len(first) - 1:
        return math.inf
    return float(behind[-1] + 2) if behind.size else 1.0


def known(values: Sequence[float]) -> list[float]:
    """Without those of replicates that cannot tell."""
    return [value for value in values if math.isfinite(value)]


def interval(estimate: Estimate) -> tuple[float, float]:
    """95% of Student's t."""
    reach = float(stats.t.ppf(0.975, estimate.replicates - 1)) * estimate.se
    return estimate.mean - reach, estimate.mean + reach


def differences(ours: Sequence[float], theirs: Sequence[float]) -> Estimate | None:
    """Of pairs on the same seeds; None where fewer than two can tell."""
    values = known([a - b for a, b in zip(ours, theirs, strict=True)])
    return Estimate.of(values) if len(values) > 1 else None


def columns(records: Mapping[str, Sequence[Record]], figure: str) -> dict[str, list[float]]:
    """One figure by model, a value a replicate."""
    return {name: [record.figures[figure] for record in some] for name, some in records.items()}
