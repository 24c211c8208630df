"""What a run has measured so far, the laws that hold between the figures, and the tables made of them."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.results import KOC_COUNTS, UNITS, WINDOWS, Result, coverage_columns
from kocsim.stages import NEVER, Stage

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.simulation import Simulation


@dataclass
class Record:
    """Figures of the days that are over.

    Attributes
    ----------
    residents : int
    rows : list of dict
        `Result.daily`, a dict a day.
    stages : list of ndarray, shape (6,)
        Residents in each stage after each day, day 0 included.
    coverage : list of ndarray, shape (15,)
        `Result.coverage`, a row a day.
    communities : list of (day, columns)
        Where it was asked for.
    digests : list of int
        A hash of all residents' states after each day.
    reached : dict of str to int
        Residents who were ever aware, identified, customers.
    """

    residents: int
    rows: list[dict[str, int]] = field(default_factory=list)
    stages: list[NDArray[np.int64]] = field(default_factory=lambda: [np.zeros(6, np.int64)])
    coverage: list[NDArray[np.int64]] = field(default_factory=list)
    communities: list[tuple[int, dict[str, NDArray[np.int64]]]] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    reached: dict[str, int] = field(
        default_factory=lambda: {"aware": 0, "identified": 0, "customers": 0}
    )

    def add_day(self, counts: NDArray[np.int64], posts: dict[str, int]) -> dict[str, int]:
        """Enter a day from the kernels' counts (see `kocsim.kernels.residents`) and what was posted and seen."""
        n = [int(count) for count in counts]
        self.stages.append(counts[:6].copy())
        cover = counts[14:26].reshape(len(WINDOWS), len(KOC_COUNTS) - 1)
        self.coverage.append(np.column_stack([cover, self.residents - cover.sum(axis=1)]).ravel())
        self.digests.append(n[26])
        for name, new in zip(self.reached, n[6:9], strict=True):
            self.reached[name] += new
        row = {
            **self.reached,
            "active_customers": n[3] + n[4],
            "new_aware": n[6], "new_identified": n[7], "new_customers": n[8],
            "lapsed_today": n[11], "won_back": n[12], "lost_identification": n[13],
            "orders": n[9], "repeat_orders": n[10], **posts, "koc_meetings": n[27],
        }
        self.rows.append(row)
        return row

    def add_communities(self, run: Simulation) -> None:
        """Enter a row a community for the day that is over."""
        self.communities.append((run.day, _by_community(run)))

    def digest(self) -> str:
        """One hash of all days."""
        digest = blake2b(np.array(self.digests, np.int64).tobytes(), digest_size=16)
        digest.update(np.int64(self.residents).tobytes())
        return digest.hexdigest()


def _by_community(run: Simulation) -> dict[str, NDArray[np.int64]]:
    return {
        name: run.county.by_community(column)
        for name, column in (
            ("aware", run.day_aware != NEVER), ("identified", run.day_identified != NEVER),
            ("customers", run.day_customer != NEVER), ("orders", run.ordered),
        )
    }


def check_laws(run: Simulation) -> None:
    """Conservation: stages and coverage sum to the residents, flows to changes, sums are empty between days.

    Raises
    ------
    AssertionError
        Naming the law and the day.
    """
    record, n = run.record, run.county.n
    row, stages, cover = record.rows[-1], record.stages[-1], record.coverage[-1]
    cover = cover.reshape(len(WINDOWS), len(KOC_COUNTS))
    active_before = int(record.stages[-2][3:5].sum())
    laws = {
        "stages sum to residents": int(stages.sum()) == n,
        "stages are what residents are in": bool((np.bincount(run.stage, minlength=6) == stages).all()),
        "coverage sums to residents": bool((cover.sum(axis=1) == n).all()),
        "coverage has no negative cell": bool((cover >= 0).all()),
        "coverage today is what residents saw": int((run.today == 1).sum()) == int(cover[0, 1]),
        "coverage of the week is what residents saw": int((run.week == 2).sum()) == int(cover[1, 2]),
        "coverage ever is what residents saw": int((run.kocs == 0).sum()) == int(cover[2, 0]),
        "today <= week <= ever": bool(((run.today <= run.week) & (run.week <= run.kocs)).all()),
        "meetings are what residents saw": row["koc_meetings"] == int(run.today.sum(dtype=np.int64)),
        "aware residents have seen a source": bool(((run.stage != Stage.UNAWARE) | (run.sources == 0)).all()),
        "aware = before + new": row["aware"] == int((run.day_aware != NEVER).sum()),
        "identified = before + new": row["identified"] == int((run.day_identified != NEVER).sum()),
        "customers = before + new": row["customers"] == int((run.day_customer != NEVER).sum()),
        "orders are residents who ordered": row["orders"] == int(run.ordered.sum()),
        "orders = first + repeat": row["orders"] == row["new_customers"] + row["repeat_orders"],
        "active = before + new + won back - lapsed": row["active_customers"]
        == active_before + row["new_customers"] + row["won_back"] - row["lapsed_today"],
        "KOCs' views sum to exposures": int(run.views.sum()) == row["koc_exposures"],
        "nothing is on its way between days": run.idle(),
    }
    broken = [law for law, holds in laws.items() if not holds]
    assert not broken, f"day {run.day}: {'; '.join(broken)}"


def tables(run: Simulation, residents: bool, interrupted: bool) -> Result:
    """A run's `Result`."""
    import pandas as pd

    record = run.record
    days = pd.RangeIndex(1, run.day + 1, name="day")
    people = pd.DataFrame({
        "stage": run.stage, "evidence": run.evidence, "sources": run.sources, "kocs": run.kocs,
        "day_aware": run.day_aware, "day_identified": run.day_identified, "day_customer": run.day_customer,
    }, index=pd.RangeIndex(run.county.n, name="resident"))
    return Result(
        daily=pd.DataFrame(record.rows, index=days, columns=list(UNITS)).astype("int64"),
        stages=pd.DataFrame(
            np.array(record.stages), columns=[stage.name.lower() for stage in Stage],
            index=pd.RangeIndex(run.day + 1, name="day"),
        ),
        coverage=pd.DataFrame(
            np.array(record.coverage, np.int64).reshape(run.day, len(WINDOWS) * len(KOC_COUNTS)),
            index=days, columns=coverage_columns(),
        ),
        communities=_communities(run),
        residents=people.copy() if residents else people.iloc[:0].copy(),
        provenance=_provenance(run, interrupted),
    )


def _communities(run: Simulation) -> pd.DataFrame:
    import pandas as pd

    c = run.county
    place = pd.DataFrame({
        "x": c.community_x, "y": c.community_y, "township": c.community_township,
        "residents": c.community_population,
    }, index=pd.RangeIndex(c.communities, name="community"))
    if not run.record.communities:
        return place.assign(**_by_community(run))
    return pd.concat(
        {day: place.assign(**columns) for day, columns in run.record.communities}, names=["day"]
    )


def _provenance(run: Simulation, interrupted: bool) -> dict[str, Any]:
    """Everything it takes to run it again, and on what it ran."""
    from importlib.metadata import version

    from kocsim import __version__

    c = run.county
    return {
        "kocsim": __version__,
        "seed": run.seed, "days": run.day, "interrupted": interrupted, "threads": run.threads,
        "residents": c.n, "kocs": int(c.koc.size),
        "digest": run.record.digest(),
        "rule": None if run.rule is None else repr(run.rule),
        "scenario": run.scenario.model_dump(mode="json"),
        "county": {**c.asked, "ties": c.friends.m, "koc_ties": int(c.koc_ties.size)},
        # what the law of random mixing is compared at: KOCs who could reach a resident, on average
        "reach": {"kocs_in_mean": float(c.koc_ties.size / c.n)},
        "seconds": {name: round(value, 4) for name, value in run.seconds.items()},
        "versions": {
            "python": platform.python_version(), **{name: version(name) for name in ("numpy", "numba")}
        },
        "machine": platform.machine(), "date": time.strftime("%Y-%m-%d"),
    }
