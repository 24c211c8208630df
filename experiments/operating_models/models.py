"""The paper's three operating models in counties of any size: how they are scaled, run, kept on disk and measured."""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from scipy import stats

import kocsim as ks
from experiments.claims.lab import Estimate, Lab

MODELS: Final = ("shop", "leader", "hybrid")
MILLION: Final = 1_000_000
"""Residents for whom the presets are made."""
NETWORK: Final = ("rent", "opening", "recruiting", "salons", "staff", "phones", "pool")
"""Accounts that the budget pays."""
WEEKS: Final = (4, 12, 26, 52)
YEAR: Final = 364


def sized(preset: str, residents: int, **overrides: Any) -> ks.Scenario:
    """A preset, with parameters by dotted name changed as for a million residents, in a county of another size.

    What the firm does in a day and its money shrink with the county. So do managers: a tenth of the county gets
    managers of a tenth of a day's work, for a tenth of the wage, who look after a tenth of the KOCs with the same care.
    Otherwise the only manager of a small county would cost more than its budget.
    """
    s = ks.Scenario.preset(preset).replace(**overrides)
    share = residents / MILLION
    m = s.management
    part = max(1, round(m.span * share)) / m.span if m.span else 1.0
    return s.replace(
        residents=residents, kocs=round(s.kocs * share), shops=max(round(s.shops * share), 1),
        recruiting={"firm": s.recruiting.firm * share}, shop_visit={"pace": s.shop_visit.pace * share},
        money={"budget": s.money.budget * share, "staff": s.money.staff * share},
        advertising={"budget": s.advertising.budget * share},
        management={"span": round(m.span * part), "half": m.half * part, "wage": m.wage * part})


class Task(NamedTuple):
    """One run.

    Attributes
    ----------
    label : str
        For the progress line.
    scenario : Scenario
    seed, days : int
    """

    label: str
    scenario: ks.Scenario
    seed: int
    days: int

    def path(self, out: Path) -> Path:
        """Where its record is kept: a name for all that it depends on, the code included."""
        asked = f"{self.scenario.to_toml()}\n{self.seed}\n{self.days}\n{code()}"
        return out / f"{self.scenario.name}-seed{self.seed}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}.json"


@cache
def code() -> str:
    """Digest of the package and of this file: a record made by other code is not taken up again."""
    files = [*sorted(Path(ks.__file__).parent.rglob("*.py")), Path(__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


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


def measure(result: ks.Result) -> Record:
    """Figures of a run, each in units in which counties of any size can be compared."""
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
    daily = {
        "customers": result.daily["new_customers"].cumsum().to_numpy() * 1000 / n,
        "orders": result.daily["orders"].cumsum().to_numpy() * 1000 / n,
        "cash": ledger["cash"].cumsum().to_numpy() / 100 / n,
        "spent": ledger[list(NETWORK)].sum(axis=1).cumsum().to_numpy() / 100 / n,
    }
    won = int(result.daily["new_customers"].sum())
    full = sum(float(ledger[list(accounts)].sum().sum()) for accounts in ks.measures.ACQUIRES.values()) / 100
    budget = asked["money"]["budget"]
    quarter = max(1, days // 4)
    figures = {
        **{f"customers, {w} weeks": float(daily["customers"][7 * w - 1]) if 7 * w <= days else math.nan for w in WEEKS},
        "customers": float(daily["customers"][-1]),
        "orders": float(daily["orders"][-1]),
        "orders, last quarter": float(result.daily["orders"].tail(quarter).sum() * 1000 / n),
        "aware": float(result.daily["aware"].iloc[-1] / n),
        "repurchase": ks.measures.repurchase_rate(result),
        "trust": ks.measures.trust(result),
        "active KOCs": float(result.daily["active_kocs"].iloc[-1] * MILLION / n),
        "ever KOCs": float(len(kocs) * MILLION / n),
        "shops": float(shows.sum() * MILLION / n),
        "shops above break-even": ks.measures.shops_above(result),
        "orders a shop and day": float(result.shops["credited_orders"].sum() / shop_days) if shop_days else math.nan,
        "spent": float(daily["spent"][-1]),
        "spent of budget": float(daily["spent"][-1] * n / (budget * days)) if budget else math.nan,
        "salons": float(ledger["salons"].sum() / 100 / n),
        "cost a customer": full / won if won else math.nan,
        "profit": float(daily["cash"][-1]),
        "income a day": float(np.median(a_day)) if len(a_day) else math.nan,
        "earns over wants": float(np.median(over)) if len(over) else math.nan,
        "earns over wants, stayed": float(np.median(over[stayed])) if stayed.any() else math.nan,
        "earn what they want": float((over >= 1).mean()) if len(over) else math.nan,
        "Gini": ks.measures.koc_gini(result),
        "R of leaders": ks.measures.leader_offspring(result),
        "left": float((~stayed).mean()) if len(kocs) else math.nan,
    }
    return Record(figures, daily)


def run_all(tasks: Sequence[Task], out: Path, threads: int) -> list[Record]:
    """Records of all tasks: those that are kept already, and those that are run now, each written when it is done.

    Parameters
    ----------
    tasks : sequence of Task
    out : Path
        Folder of the records; made where there is none.
    threads : int
        Runs at a time; results do not depend on it.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths = [task.path(out) for task in tasks]
    missing: dict[tuple[int, Any], list[tuple[Task, Path]]] = {}
    for path, task in dict(zip(paths, tasks, strict=True)).items():
        if not path.exists():
            s = task.scenario
            missing.setdefault((task.seed, (s.residents, s.kocs, s.shops)), []).append((task, path))  # share a county
    todo = sum(len(group) for group in missing.values())
    print(f"{len(tasks)} runs, {len(tasks) - todo} of them done before", file=sys.stderr, flush=True)
    if threads == 1 or len(missing) == 1:
        for group in missing.values():
            _run_group(group)
    elif missing:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(threads, len(missing)), context, _begin) as pool:
            try:
                for one in as_completed([pool.submit(_run_group, group) for group in missing.values()]):
                    one.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return [_read(path) for path in paths]


def _begin() -> None:
    """Let a worker end when it is told to, and when the command that began it is no more."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _run_group(group: list[tuple[Task, Path]]) -> None:
    lab = Lab(group[0][0].scenario.residents, group[0][0].seed)
    for task, path in group:
        start = time.perf_counter()
        _write(path, measure(lab.run(task.scenario, task.days)))
        print(f"{task.label}, seed {task.seed}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)


def _write(path: Path, record: Record) -> None:
    """All of it or nothing: under another name first."""
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(
        {"figures": record.figures, "daily": {name: values.tolist() for name, values in record.daily.items()}}))
    part.replace(path)


def _read(path: Path) -> Record:
    kept = json.loads(path.read_text())
    return Record(kept["figures"], {name: np.array(values) for name, values in kept["daily"].items()})


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
