"""Which of several is better: runs in pairs that share their luck, no more of them than the answer takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.analysis.asking import aligned, failed_of, figure, one_question, refuse_infinite, said, values_of
from kocsim.ensemble.designs import Design
from kocsim.ensemble.outcome import Sweep, checked_level
from kocsim.ensemble.pools import as_pool
from kocsim.ensemble.study import CURVES, SCENARIO, Run, runs_of
from kocsim.ensemble.sweeps import Desk, laid_out, session
from kocsim.errors import DataError, ParameterError, at_least

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.county import County


def compare(
    arms: Mapping[str, Any],
    replicates: int = 200,
    measure: Any = "profit",
    *,
    baseline: str | None = None,
    seed: int = 0,
    days: int | None = None,
    level: float = 0.95,
    first: int = 8,
    out: str | os.PathLike[str] | None = None,
    counties: int = 1,
    county: County | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    limit: float | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare scenarios on shared luck, and stop as soon as every difference to the baseline is decided.

    Parameters
    ----------
    arms : mapping
        Two or more, by name: Scenario, str, path or `Arm`.
    replicates : int
        At most so many runs of each arm, >= 2.
    measure : str, callable or mapping of one
        What is compared; see `kocsim.ensemble.asking.as_measures`.
    baseline : str, optional
        The arm that all others are compared with; default: the first.
    seed, days, out, county, workers, executor, limit, progress
        As in `kocsim.sweep`. With `out`, the same line run again goes on where it was cut off.
    level : float
        Confidence of all intervals together, in (0, 1).
    first : int
        Replicates at the first look, >= 2; then twice as many, and so on, the last look being at `replicates`.
    counties : int
        Replicate r takes place in county ``r % counties`` of its parameters. With 1 the answer is about one county;
        intervals tell of counties too only where there are as many of them as replicates.

    Returns
    -------
    Comparison

    Raises
    ------
    ParameterError
        For anything that does not fit, before the first run.
    DataError
        When the measure is infinite, or missing (NaN, or the run failed) in more than half of the pairs.
    FileError, Interrupted
        As `kocsim.sweep`.

    Notes
    -----
    Replicate r has the same seed in all arms (common random numbers), so that the difference of an arm to the baseline
    is a mean of n paired differences ``d_r = x_r - b_r`` with ``se = sd(d) / sqrt(n)``. Independent runs would have
    ``sqrt(var(x) / n + var(b) / n)``. The ratio of both, squared, says how many times more independent runs the same
    interval would take; below 1, sharing the luck did harm (Law 2015, Simulation Modeling and Analysis, ch. 10.2,
    11.2).

    Whoever looks again and again until an interval excludes zero will see that happen by chance. So the error is spent
    in equal parts: with K planned looks and m differences, each look's intervals are Student's t at
    ``1 - (1 - level) / (K m)`` (Bonferroni). The chance that any difference which is zero is ever called decided is
    then at most ``1 - level``, whatever the number of looks that were made, as far as differences are normal. A
    difference is decided if the interval at the last look made excludes zero.

    Where all n differences are the same, no t interval exists. They count as decided if as many of one sign are
    rarer, by tossing coins, than the look's part of the error: ``2 ** (1 - n)``.

    Examples
    --------
    >>> import kocsim as ks
    >>> small = ks.Scenario(residents=600, kocs=12, shops=2, days=6)
    >>> done = ks.compare({"few": small, "many": small.replace(kocs=40)}, 16, "customers", workers=0, progress=False)
    >>> done.replicates, done.decided
    (8, True)
    """
    if not isinstance(arms, Mapping) or len(arms) < 2:
        raise ParameterError(f"arms must be a mapping from names to two scenarios or more; got {arms!r}.")
    most = at_least("replicates", replicates, 2)
    looks = planned_looks(at_least("first", first, 2), most)
    level = checked_level("level", level)
    if baseline is not None and baseline not in arms:
        raise ParameterError(f"baseline must be one of the arms, {', '.join(map(str, arms))}; got {baseline!r}.")
    study, units, name = one_question(
        arms, measure, seed=at_least("seed", seed, 0), days=days, counties=counties, county=county, curves=CURVES)
    design = Design("comparison", (), ({},))
    points = laid_out(study, design)
    names = [str(point[SCENARIO]) for point in points]
    base = 0 if baseline is None else names.index(baseline)
    pool = as_pool(executor, workers, limit)
    with session(study, units, out, pool, county) as desk:
        runs = [runs_of(study, point, range(most)) for point in points]
        made: list[Sweep] = []

        def ask(n: int) -> NDArray[np.float64]:
            asked = [(number, run) for r in range(n) for number, run in enumerate(row[r] for row in runs)]
            made.append(desk.do(design, points, asked, progress))
            values = values_of(desk, [run for row in runs for run in row[:n]], name)
            refuse_infinite([run for row in runs for run in row[:n]], values, name, nan=False)
            values = values.reshape(len(names), n)
            _refuse_gaps(desk, runs, values, base, names, name)
            return values

        values, judged = in_looks(ask, looks, base, level)
        failed = len(failed_of(desk, [run for row in runs for run in row[: values.shape[1]]]))
    return Comparison(
        arms=names, baseline=names[base], measure=name, unit=units.get(name, ""), level=level, counties=counties,
        replicates=values.shape[1], planned=tuple(looks), failed=failed, values=values, judged=judged, sweep=made[-1])


def planned_looks(first: int, most: int) -> list[int]:
    """Numbers of replicates at which to look: the first, twice as many ..., and the most."""
    looks = []
    while first < most:
        looks.append(first)
        first *= 2
    return [*looks, most]


class Judged(NamedTuple):
    """The difference of an arm to the baseline."""

    arm: int
    difference: float
    se: float
    low: float
    high: float
    decided: bool
    se_independent: float
    variance_ratio: float
    pairs: int
    missing: int


def in_looks(
    ask: Callable[[int], NDArray[np.float64]], looks: Sequence[int], base: int, level: float
) -> tuple[NDArray[np.float64], list[Judged]]:
    """Look at growing numbers of replicates until all differences are decided.

    Parameters
    ----------
    ask : callable
        From n to the values of the first n replicates, shape (arms, n).
    looks : sequence of int
        All that are planned.
    base : int
        Row of the baseline.
    level : float
        Of all intervals at all looks together.
    """
    for n in looks:
        values = ask(n)
        alpha = (1 - level) / (len(looks) * (len(values) - 1))
        judged = [judge(values, arm, base, alpha) for arm in range(len(values)) if arm != base]
        if all(one.decided for one in judged):
            break
    return values, judged


def judge(values: NDArray[np.float64], arm: int, base: int, alpha: float) -> Judged:
    """A paired difference with Student's t interval; pairs with a missing value are left out."""
    from scipy.special import stdtrit

    one, other = values[arm], values[base]
    there = np.isfinite(one) & np.isfinite(other)
    one, other = one[there], other[there]
    n = one.size
    apart = one - other
    mean = float(apart.mean())
    if np.ptp(apart) <= 1e-12 * float(np.abs(values[np.isfinite(values)]).max()):  # the same but for rounding
        variance = 0.0
        reach = 0.0 if mean == 0 or 2.0 ** (1 - n) <= alpha else np.inf
    else:
        variance = float(apart.var(ddof=1))
        reach = -float(stdtrit(n - 1, alpha / 2)) * (variance / n) ** 0.5
    alone = float(one.var(ddof=1) + other.var(ddof=1))
    ratio = alone / variance if variance else np.inf if alone else np.nan
    low, high = mean - reach, mean + reach
    return Judged(
        arm, mean, (variance / n) ** 0.5, low, high, low > 0 or high < 0, (alone / n) ** 0.5, ratio, n,
        int(there.size - n))


def _refuse_gaps(
    desk: Desk, runs: list[list[Run]], values: NDArray[np.float64], base: int, names: list[str], measure: str
) -> None:
    """Refuse differences most of which are missing."""
    gaps = np.isnan(values)
    for arm, name in enumerate(names):
        missing = int((gaps[arm] | gaps[base]).sum())
        if arm == base or (2 * missing <= values.shape[1] and values.shape[1] - missing >= 2):
            continue
        failed = [one for row in (arm, base) for one in failed_of(desk, runs[row][: values.shape[1]])]
        why = f"; {len(failed)} runs failed, the first ({said(failed[0][0])}): {failed[0][1]}" if failed else ""
        raise DataError(
            f"{name!r} cannot be compared with {names[base]!r}: {missing} of {values.shape[1]} pairs have no number "
            f"for {measure}{why.rstrip('.')}.")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Differences of arms to a baseline, on shared luck.

    Attributes
    ----------
    arms : list of str
    baseline : str
    measure, unit : str
    level : float
        Of all intervals together.
    counties : int
        How many counties the runs took place in, at most.
    replicates : int
        How many were used.
    planned : tuple of int
        Numbers of replicates at which to look, of which `looks` were made.
    failed : int
        Runs that failed.
    values : ndarray
        Of the measure; shape (arms, replicates), NaN where there is none.
    sweep : Sweep
        All runs.
    """

    arms: list[str]
    baseline: str
    measure: str
    unit: str
    level: float
    counties: int
    replicates: int
    planned: tuple[int, ...]
    failed: int
    values: NDArray[np.float64]
    judged: list[Judged]
    sweep: Sweep

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of replicates at which was looked."""
        return tuple(n for n in self.planned if n <= self.replicates)

    @property
    def decided(self) -> bool:
        """Whether all differences are."""
        return all(one.decided for one in self.judged)

    @property
    def table(self) -> pd.DataFrame:
        """Each arm by itself: index "arm"; columns ``mean``, ``se``, ``n``."""
        import pandas as pd

        rows = [row[np.isfinite(row)] for row in self.values]
        return pd.DataFrame({
            "mean": [row.mean() for row in rows], "se": [row.std(ddof=1) / row.size**0.5 for row in rows],
            "n": [row.size for row in rows],
        }, index=pd.Index(self.arms, name="arm"))

    @property
    def differences(self) -> pd.DataFrame:
        """Each arm against the baseline, index "arm".

        Columns ``difference``, ``se``, ``low``, ``high``, ``decided``, ``se_independent`` (of as many independent
        runs), ``variance_ratio`` (how many times fewer runs it took), ``pairs`` and ``missing`` (pairs left out).
        """
        import pandas as pd

        frame = pd.DataFrame(self.judged, columns=list(Judged._fields))
        return frame.set_index(pd.Index([self.arms[one.arm] for one in self.judged], name="arm")).drop(columns="arm")

    def __repr__(self) -> str:
        unit = f" ({self.unit})" if self.unit else ""
        undecided = sum(not one.decided for one in self.judged)
        state = "every difference is decided" if not undecided else f"{undecided} of {len(self.judged)} not decided"
        lines = [
            f"Comparison of {self.measure}{unit} with {self.baseline!r} on shared luck: {state} after "
            f"{self.replicates} replicates of at most {self.planned[-1]}.",
            f"Intervals hold at {self.level:.4g} for planned looks ({len(self.planned)}) and differences "
            f"({len(self.judged)}) all together, "
            f"{'within one county' if self.counties == 1 else f'in {self.counties:,} counties'}.",
        ]
        rows = [("arm", "difference", "from", "to", "decided", "se", "se if independent", "variance ratio")]
        rows += [
            (self.arms[one.arm], f"{one.difference:+.4g}", f"{one.low:+.4g}", f"{one.high:+.4g}",
             "yes" if one.decided else "no", f"{one.se:.3g}", f"{one.se_independent:.3g}",
             f"{one.variance_ratio:.3g}")
            for one in self.judged]
        lines += aligned(rows)
        lines.append("Variance ratio: so many times more independent runs would the same interval take.")
        lines += [
            f"{self.arms[one.arm]!r}: {one.missing} pairs without a number were left out, {one.pairs} counted."
            for one in self.judged if one.missing]
        if self.failed:
            lines.append(f"{self.failed} runs failed: see sweep.errors.")
        means = ", ".join(f"{name} {figure(mean)}" for name, mean in self.table["mean"].items())
        return "\n".join([*lines, f"Means: {means}."])
