"""Where a measure takes off along a parameter, if it does: bisection on shared luck."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from kocsim.analysis.asking import figure, name_of, one_question, refuse_failed, refuse_infinite, values_of
from kocsim.ensemble.designs import Design
from kocsim.ensemble.outcome import Sweep, checked_level
from kocsim.ensemble.pools import as_pool
from kocsim.ensemble.study import CountyStudy, Point, Run, Study, runs_of
from kocsim.ensemble.sweeps import Desk, laid_out, session
from kocsim.errors import DataError, ParameterError, at_least

if TYPE_CHECKING:
    import pandas as pd

    from kocsim.county import County

NEAR: Final = 0.1
"""Half of the window around a crossing in which a take-off must happen, as a share of where it is ..."""
PART: Final = 0.05
"""... and at most as a share of the range that is searched."""
WIDEST: Final = 0.2
"""A window that takes more of the range than this cannot tell a jump from a rise."""
JUMP: Final = 0.5
"""Share of the whole rise that must happen within the window to be called a take-off."""
FALL: Final = 0.1
"""Share of the whole rise by which a response must fall somewhere to be called not monotone."""


def critical(
    scenario: Any,
    parameter: str,
    lo: float,
    hi: float,
    *,
    measure: Any = "customers",
    level: float | None = None,
    replicates: int = 20,
    seed: int = 0,
    days: int | None = None,
    tolerance: float = 0.02,
    log: bool | None = None,
    ci: float = 0.95,
    counties: int = 1,
    county: County | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    limit: float | None = None,
    progress: bool = True,
) -> Critical:
    """Find where a measure reaches a level along one parameter, and whether it jumps there or rises gradually.

    Parameters
    ----------
    scenario : Scenario, str, path, `Arm` or callable
        A callable is a model of the user's own, ``function(seed=..., **{parameter: x})``, which returns a number.
    parameter : str
        Dotted name of the parameter.
    lo, hi : int or float
        Ends of the range to search, finite, lo < hi. Of two whole numbers all values are whole.
    measure : str, callable or mapping of one
        The response, which should rise with the parameter; see `kocsim.ensemble.asking.as_measures`. Of a callable that
        returns several numbers: the name of one.
    level : float, optional
        To be reached. Default: half way between the mean responses at `lo` and `hi`.
    replicates : int
        Each with luck of its own, the same at all values of the parameter. At least as many as an interval at `ci`
        takes (6 at 0.95).
    seed, days, counties, county, out, workers, executor, limit, progress
        As in `kocsim.sweep`. With `out`, the same line run again goes on where it was cut off.
    tolerance : float
        In (0, 1): the width at which a bracket is narrow enough, as a share of its position.
    log : bool, optional
        Halve brackets in the logarithm (lo > 0). Default: where hi is ten times lo or more.
    ci : float
        Confidence of the interval, in (0, 1).

    Returns
    -------
    Critical

    Raises
    ------
    ParameterError
        For anything that does not fit, before the first run.
    DataError
        When runs fail, a response is not finite, or (without a level) the response does not rise from lo to hi.
    FileError, Interrupted
        As `kocsim.sweep`.

    Notes
    -----
    For each replicate r the response ``f_r(x)`` is bisected for the smallest x with ``f_r(x) >= level``: of a bracket
    with ``f_r(a) < level <= f_r(b)``, the (geometric) middle is tried, until ``b - a <= tolerance x middle``, or 1 for
    whole numbers. On a linear scale a middle near zero counts as a hundredth of the range. All replicates go on
    together, a batch of runs a round. A last round tries both ends of a window around the crossing: 10% of x to either
    side, or 5% of the range where that is less, and never less than the bracket. The cost is
    ``replicates x (4 + log2(width / tolerance))`` runs, about; replicates that go the same way share counties.

    The critical point is the median of the crossings. Its interval ``[x_(k), x_(n + 1 - k)]`` is that of the order
    statistics, which needs no law of the crossings: k is the largest for which ``1 - 2 P(Binomial(n, 1/2) < k) >= ci``
    (Conover 1999, Practical Nonparametric Statistics, sect. 3.2). Its ends are ends of brackets, so that it holds for
    the crossings themselves. Replicates that are at the level at lo already, or below it at hi still, count in the
    median as crossings at -inf and inf. The level, where none is given, is taken as it was measured.

    A crossing is no take-off: any rising curve crosses. So each replicate's ``jump`` is the share of its whole rise,
    ``f(hi) - f(lo)``, that happens within the window. `takes_off` says whether that is at least half in the median
    replicate, and is None (it cannot be told) where the window takes more than a fifth of the range or half of the
    replicates do not cross. A straight line has a jump of about a tenth at most.

    Where a response falls by more than a tenth of its whole rise, from one value tried to a larger one, there
    may be several crossings, of which one was found; the number of these replicates is `not_monotone`.

    Examples
    --------
    >>> import kocsim as ks
    >>> def fire(seed, density):
    ...     return float(density >= 0.59 + seed % 100 / 10_000)
    >>> found = ks.critical(fire, "density", 0.0, 1.0, workers=0, progress=False)
    >>> bool(0.59 <= found.low <= found.point <= found.high <= 0.61), found.takes_off
    (True, True)
    """
    scale = _scale(lo, hi, log, tolerance)
    ci = checked_level("ci", ci)
    many = at_least("replicates", replicates, 1)
    if rank(many, ci) < 1:
        raise ParameterError(
            f"replicates must be at least {least_replicates(ci)} for an interval at ci = {ci:g}; got {many}.")
    if level is not None and (isinstance(level, bool) or not isinstance(level, (int, float)) or math.isinf(level)
                              or math.isnan(level)):
        raise ParameterError(f"level must be a finite number or None; got {level!r}.")
    if not isinstance(parameter, str):
        raise ParameterError(f"parameter must be the dotted name of one; got {parameter!r}.")
    study, units, name = one_question(
        scenario, measure, seed=at_least("seed", seed, 0), days=days, counties=counties, county=county,
        varied=[parameter])
    if isinstance(study, CountyStudy) and study.axis:
        raise ParameterError("scenario must be one, not a mapping: search each of several by itself.")
    laid_out(study, _design(parameter, dict.fromkeys([scale.lo, scale.hi, scale.middle(scale.lo, scale.hi)])))
    pool = as_pool(executor, workers, limit)
    with session(study, units, out, pool, county) as desk:
        batches = _Batches(desk, study, parameter, name, progress)
        found = search(batches.ask, scale, many, level)
        sweep = batches.sweep()
        return Critical(
            parameter=parameter, measure=name_of(sweep, name), unit=units.get(name, ""), scale=scale, ci=ci,
            found=found, seeds=[run.seed for run in runs_of(study, {}, range(many))], runs=len(batches.runs),
            sweep=sweep)


def _design(parameter: str, xs: Any) -> Design:
    return Design("search for a critical point", (parameter,), tuple({parameter: x} for x in xs))


class _Batches:
    """Does the runs of a search, a round at a time."""

    def __init__(self, desk: Desk, study: Study, parameter: str, measure: str, progress: bool) -> None:
        self.desk, self.study, self.parameter, self.measure, self.progress = desk, study, parameter, measure, progress
        self.points: dict[float, int] = {}
        self.runs: list[tuple[int, Run]] = []
        self._sweeps: list[Sweep] = []

    def ask(self, asked: Sequence[tuple[int, float]]) -> list[float]:
        """Responses of replicates at values of the parameter."""
        new = []
        for replicate, x in asked:
            point: Point = {self.parameter: x}
            if x not in self.points:
                self.study.check(point)
            number = self.points.setdefault(x, len(self.points))
            new += [(number, run) for run in runs_of(self.study, point, [replicate])]
        self.runs += new
        design = _design(self.parameter, self.points)
        self._sweeps = [self.desk.do(design, [dict(row) for row in design], self.runs, self.progress)]
        runs = [run for _, run in new]
        refuse_failed(self.desk, runs)
        values = values_of(self.desk, runs, self.measure)
        refuse_infinite(runs, values, name_of(self.sweep(), self.measure), nan=True)
        return [float(value) for value in values]

    def sweep(self) -> Sweep:
        """Of all runs so far."""
        return self._sweeps[-1]


# ---- the search itself: of any responses


class Scale(NamedTuple):
    """The values that a parameter may take, and how near is near enough."""

    lo: float
    hi: float
    log: bool
    whole: bool
    tolerance: float

    def size(self, x: float) -> float:
        """What shares of a position are shares of."""
        return abs(x) if self.log else max(abs(x), (self.hi - self.lo) / 100)

    def middle(self, a: float, b: float) -> float:
        """Where to halve a bracket; of whole numbers, the upper one where there is none between."""
        middle = math.sqrt(a) * math.sqrt(b) if self.log else a + (b - a) / 2
        return min(max(round(middle), int(a) + 1), int(b)) if self.whole else middle

    def narrow(self, a: float, b: float) -> bool:
        """Whether a bracket is narrow enough."""
        middle = self.middle(a, b)
        width = self.tolerance * self.size(middle)
        return b - a <= max(width, 1) if self.whole else b - a <= width or not a < middle < b

    def window(self, a: float, b: float) -> tuple[float, float]:
        """Values below and above a bracket, between which a take-off must happen."""
        middle = self.middle(a, b)
        if self.log:
            part = PART * math.log(self.hi / self.lo)
            below, above = max((1 - NEAR) * middle, middle * math.exp(-part)), min(
                (1 + NEAR) * middle, middle * math.exp(part))
        else:
            half = min(NEAR * self.size(middle), PART * (self.hi - self.lo))
            below, above = middle - half, middle + half
        if self.whole:
            below, above = math.floor(below), math.ceil(above)
        return max(min(below, a), self.lo), min(max(above, b), self.hi)

    def part(self, a: float, b: float) -> float:
        """Share of the range between two values."""
        return math.log(b / a) / math.log(self.hi / self.lo) if self.log else (b - a) / (self.hi - self.lo)


def _scale(lo: float, hi: float, log: bool | None, tolerance: float) -> Scale:
    """The scale that a user asks for."""
    for name, value in (("lo", lo), ("hi", hi)):
        plain = value.item() if isinstance(value, np.generic) else value
        if isinstance(plain, bool) or not isinstance(plain, (int, float)) or not math.isfinite(plain):
            raise ParameterError(f"{name} must be a finite number; got {value!r}.")
    lo, hi = (value.item() if isinstance(value, np.generic) else value for value in (lo, hi))
    if not lo < hi:
        raise ParameterError(f"lo must be below hi; got {lo!r} and {hi!r}.")
    if log not in (None, True, False):
        raise ParameterError(f"log must be true, false or None; got {log!r}.")
    if log and lo <= 0:
        raise ParameterError(f"lo must be > 0 where brackets are halved in the logarithm; got {lo!r}.")
    whole = isinstance(lo, int) and isinstance(hi, int)
    return Scale(
        lo if whole else float(lo), hi if whole else float(hi), lo > 0 and hi / lo >= 10 if log is None else bool(log),
        whole, checked_level("tolerance", tolerance))


@dataclass
class _Replicate:
    """The search of one replicate: responses by value tried, and the bracket so far."""

    seen: dict[float, float]
    bracket: tuple[float, float]
    censored: str = ""
    window: tuple[float, float] | None = None

    def not_monotone(self, level: float) -> bool:
        """Whether the response falls, by much or through the level."""
        xs = sorted(self.seen)
        highest = -math.inf
        rise = abs(self.seen[xs[-1]] - self.seen[xs[0]])
        for x in xs:
            value = self.seen[x]
            if highest - value > FALL * rise or value < level <= highest:
                return True
            highest = max(highest, value)
        return False


@dataclass
class Found:
    """What a search came to: the level, and each replicate's bracket."""

    level: float
    replicates: list[_Replicate] = field(default_factory=list)


def search(
    ask: Callable[[Sequence[tuple[int, float]]], Sequence[float]], scale: Scale, replicates: int, level: float | None
) -> Found:
    """Bisect the responses of replicates, all together.

    Parameters
    ----------
    ask : callable
        From pairs of a replicate and a value of the parameter to responses; no pair is asked twice.
    scale : Scale
    replicates : int
    level : float or None
        None: half way between the mean responses at the ends.

    Raises
    ------
    DataError
        When no level is given and the mean does not rise.
    """
    lo, hi = scale.lo, scale.hi
    ends = ask([(r, x) for r in range(replicates) for x in (lo, hi)])
    every = [_Replicate({lo: ends[2 * r], hi: ends[2 * r + 1]}, (lo, hi)) for r in range(replicates)]
    if level is None:
        low, high = (float(np.mean([one.seen[x] for one in every])) for x in (lo, hi))
        if not low < high:
            raise DataError(
                f"The response must rise from {lo:g} to {hi:g}; its mean goes from {low:.4g} to {high:.4g}: search "
                "another range, or a measure that rises.")
        level = low + (high - low) / 2
    for one in every:
        one.censored = "low" if one.seen[lo] >= level else "high" if one.seen[hi] < level else ""
    while wide := [r for r, one in enumerate(every) if not one.censored and not scale.narrow(*one.bracket)]:
        asked = [(r, scale.middle(*every[r].bracket)) for r in wide]
        for (r, x), value in zip(asked, ask(asked), strict=True):
            one = every[r]
            one.seen[x] = value
            one.bracket = (one.bracket[0], x) if value >= level else (x, one.bracket[1])
    last = []
    for r, one in enumerate(every):
        if not one.censored:
            one.window = scale.window(*one.bracket)
            last += [(r, x) for x in one.window if x not in one.seen]
    for (r, x), value in zip(last, ask(last) if last else (), strict=True):
        every[r].seen[x] = value
    return Found(level, every)


def rank(n: int, ci: float) -> int:
    """The largest k for which the k-th smallest and k-th largest of n hold the median at `ci`; 0 where none do."""
    below, ways, k = 0, 1, 0
    while k < n // 2:
        below += ways
        if 2**n - 2 * below < Fraction(ci) * 2**n:
            break
        ways = ways * (n - k) // (k + 1)
        k += 1
    return k


def least_replicates(ci: float) -> int:
    """How many an interval of the median takes."""
    return next(n for n in range(2, 2_000) if rank(n, ci) > 0)


def median_interval(lower: Sequence[float], upper: Sequence[float], ci: float) -> tuple[float, float]:
    """Interval of the median of values each of which lies in a bracket from `lower` to `upper`."""
    k = rank(len(lower), ci)
    return float(np.sort(lower)[k - 1]), float(np.sort(upper)[len(upper) - k])


# ---- what is told of it


@dataclass(frozen=True, eq=False, repr=False)
class Critical:
    """Where a measure reaches a level along a parameter.

    Attributes
    ----------
    parameter, measure, unit : str
    scale : Scale
        The range that was searched, and how.
    ci : float
    found : Found
    seeds : list of int
        Of replicates.
    runs : int
        How many it took.
    sweep : Sweep
        All of them.
    """

    parameter: str
    measure: str
    unit: str
    scale: Scale
    ci: float
    found: Found
    seeds: list[int]
    runs: int
    sweep: Sweep

    @property
    def level(self) -> float:
        """The response that is to be reached."""
        return self.found.level

    @property
    def point(self) -> float:
        """Median of the crossings; -inf or inf where half or more lie below or above the range, NaN half and half."""
        crossings = sorted(float(x) for x in self.crossings["crossing"])
        middle = crossings[(len(crossings) - 1) // 2 : len(crossings) // 2 + 1]
        return middle[0] if len(middle) == 1 or middle[0] == middle[1] else (middle[0] + middle[1]) / 2

    @property
    def interval(self) -> tuple[float, float]:
        """Of the median, at `ci`; ends of -inf and inf lie outside the range."""
        frame = self.crossings
        return median_interval(frame["low"].tolist(), frame["high"].tolist(), self.ci)

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.interval[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.interval[1]

    @cached_property
    def crossings(self) -> pd.DataFrame:
        """A row a replicate.

        Columns ``replicate``, ``seed``, ``low`` and ``high`` (between which it crosses), ``crossing`` (the middle),
        ``below`` and ``above`` (responses at the ends of the window), ``jump`` (share of the whole rise between these),
        ``jump_in_bracket`` (between low and high), ``window`` (share of the range), ``censored`` ("", "low": at the
        level at lo already, "high": not even at hi) and ``not_monotone``.
        """
        import pandas as pd

        return pd.DataFrame([self._row(r, one) for r, one in enumerate(self.found.replicates)])

    def _row(self, number: int, one: _Replicate) -> dict[str, Any]:
        scale, (a, b) = self.scale, one.bracket
        row: dict[str, Any] = {"replicate": number, "seed": self.seeds[number]}
        if one.window is None:
            outside = (-math.inf, scale.lo, -math.inf) if one.censored == "low" else (scale.hi, math.inf, math.inf)
            row |= dict(zip(("low", "high", "crossing"), map(float, outside), strict=True))
            row |= dict.fromkeys(("below", "above", "jump", "jump_in_bracket", "window"), math.nan)
        else:
            rise = one.seen[scale.hi] - one.seen[scale.lo]
            below, above = (one.seen[x] for x in one.window)
            # of whole numbers the lower end is below the level, so the crossing is the next one at the least
            row |= {"low": float(a + 1 if scale.whole else a), "high": float(b), "crossing": float(scale.middle(a, b)),
                    "below": below, "above": above, "jump": (above - below) / rise,
                    "jump_in_bracket": (one.seen[b] - one.seen[a]) / rise, "window": scale.part(*one.window)}
        return row | {"censored": one.censored, "not_monotone": one.not_monotone(self.level)}

    @property
    def evaluations(self) -> pd.DataFrame:
        """A row a run: ``replicate``, ``x``, ``value``."""
        import pandas as pd

        rows = [(r, x, value) for r, one in enumerate(self.found.replicates) for x, value in sorted(one.seen.items())]
        return pd.DataFrame(rows, columns=["replicate", "x", "value"])

    @property
    def jump(self) -> float:
        """Share of the whole rise within the window, in the median replicate that crosses; NaN where none does."""
        return float(self.crossings["jump"].median())

    @property
    def takes_off(self) -> bool | None:
        """Whether that is at least half; None where it cannot be told."""
        return self.jump >= JUMP if not self._untold() else None

    @property
    def not_monotone(self) -> int:
        """Replicates in which the response falls somewhere."""
        return int(self.crossings["not_monotone"].sum())

    def _untold(self) -> str:
        """Why it cannot be told whether there is a take-off; empty where it can."""
        frame = self.crossings
        if 2 * (frame["censored"] != "").sum() >= len(frame):
            return "half of the replicates or more do not cross the level within the range"
        part = float(frame["window"].median())
        return f"the range is so narrow that the window is {part:.0%} of it" if part > WIDEST else ""

    def __repr__(self) -> str:
        frame, (low, high), scale = self.crossings, self.interval, self.scale
        unit = f" {self.unit}" if self.unit else ""
        n = len(frame)
        text = [
            f"Critical {self.parameter} for {self.measure} to reach {self.level:.4g}{unit}: {self._said()} "
            f"({self.ci:.4g} interval {self._end(low)} to {self._end(high)}, median of {n} replicates, "
            f"{self.runs:,} runs, searched from {figure(scale.lo)} to {figure(scale.hi)})."]
        untold = self._untold()
        if untold:
            text.append(f"Whether it takes off there cannot be told: {untold}.")
        else:
            windows = [one.window for one in self.found.replicates if one.window is not None]
            a, b = (float(np.median(ends)) for ends in zip(*windows, strict=True))
            where = f"{self.jump:.0%} of the whole rise happens between {figure(a)} and {figure(b)}"
            text.append(f"It takes off: {where}." if self.takes_off else f"It rises gradually, no take-off: {where}.")
        for kind, words in (("low", f"reach the level at {figure(scale.lo)} already"),
                            ("high", f"do not reach it at {figure(scale.hi)}")):
            if count := int((frame["censored"] == kind).sum()):
                text.append(f"{count} of {n} replicates {words}.")
        if self.not_monotone:
            text.append(f"In {self.not_monotone} of {n} replicates the response falls somewhere: there may be several "
                        "crossings.")
        return "\n".join(text)

    def _said(self) -> str:
        if math.isnan(self.point):
            return "outside the range on either side"
        if math.isinf(self.point):
            return f"below {figure(self.scale.lo)}" if self.point < 0 else f"above {figure(self.scale.hi)}"
        return figure(self.point)

    def _end(self, x: float) -> str:
        if math.isinf(x):
            return f"below {figure(self.scale.lo)}" if x < 0 else f"above {figure(self.scale.hi)}"
        return figure(x)
