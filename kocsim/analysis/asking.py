"""What questions asked of many runs have in common: one measure, its values, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.ensemble.study import CountyStudy, Point, Run, Study
from kocsim.ensemble.sweeps import Desk, check_county, make_study
from kocsim.errors import DataError, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.ensemble.outcome import Sweep


def one_question(
    scenario: Any, measure: Any, *, seed: int, days: int | None, counties: int, county: County | None,
    varied: Sequence[str] = (), curves: Any = (),
) -> tuple[Study, dict[str, str], str]:
    """A study with shared luck of one measure, the units of its measures, and the measure's name.

    Raises
    ------
    ParameterError
        For what `kocsim.sweep` refuses, and for more measures than one.
    """
    own = callable(scenario)
    if not own and measure is None:
        raise ParameterError("measure must be given: one of kocsim.measures.standard, or a function of a Result.")
    if county is not None:
        check_county(scenario, varied, county)
    study, units = make_study(
        scenario, seed=seed, days=days, counties=counties, luck="shared", measures=None if own else measure,
        curves=curves, threads=1)
    if not isinstance(study, CountyStudy):
        return study, units, measure if isinstance(measure, str) else ""
    if len(study.measures) != 1:
        raise ParameterError(f"measure must be exactly one; got {', '.join(study.measures)}.")
    return study, units, next(iter(study.measures))


def values_of(desk: Desk, runs: Sequence[Run], measure: str) -> NDArray[np.float64]:
    """What was measured of each run; NaN where it failed.

    Raises
    ------
    DataError
        When a run has several numbers, none of them called `measure`.
    """
    out = np.full(len(runs), np.nan)
    for place, numbers in enumerate(desk.store.numbers([run.key for run in runs])):
        if numbers is None:
            continue
        if measure not in numbers and len(numbers) != 1:
            raise DataError(f"measure must be one of {', '.join(numbers) or 'no numbers at all'}; got {measure!r}.")
        out[place] = numbers.get(measure, next(iter(numbers.values())))
    return out


def name_of(sweep: Sweep, measure: str) -> str:
    """What the measure is called: a function of one number has no name for it."""
    return measure if measure in sweep.measures else sweep.measures[0]


def refuse_failed(desk: Desk, runs: Sequence[Run]) -> None:
    """Raise when runs failed.

    Raises
    ------
    DataError
        Saying how many, and what the first failed with.
    """
    failed = failed_of(desk, runs)
    if failed:
        raise DataError(
            f"{len(failed)} of {len(runs)} runs failed; the first ({said(failed[0][0])}): {failed[0][1].rstrip('.')}.")


def failed_of(desk: Desk, runs: Sequence[Run]) -> list[tuple[Run, str]]:
    """Runs that failed, and what with."""
    return [(run, error) for run in runs if (error := desk.store.error(run.key))]


def refuse_infinite(runs: Sequence[Run], values: NDArray[np.float64], measure: str, nan: bool) -> None:
    """Raise at the first value that is infinite, or (where `nan`) is none at all.

    Raises
    ------
    DataError
        Naming the run.
    """
    wrong = np.flatnonzero(~np.isfinite(values) if nan else np.isinf(values))
    if wrong.size:
        run = runs[wrong[0]]
        raise DataError(
            f"{measure} must be a finite number; it is {values[wrong[0]]:g} in {wrong.size} of "
            f"{len(runs)} runs, the first at {said(run)}.")


def said(run: Run) -> str:
    """A run in words."""
    return f"{in_words(run.point)}, replicate {run.replicate}, seed {run.seed}"


def in_words(point: Point) -> str:
    """A point in words."""
    return ", ".join(f"{name}={value!r}" for name, value in point.items()) or "the scenario itself"


def figure(value: float) -> str:
    """A number for reading: four digits, thousands apart."""
    if not np.isfinite(value):
        return f"{value:g}"
    if value == int(value) and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table for reading: the first column to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(w) if k else cell.ljust(w) for k, (cell, w) in enumerate(
        zip(row, widths, strict=True))) for row in rows]
