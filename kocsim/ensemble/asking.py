"""What users give, checked: scenarios, measures, curves."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from kocsim.ensemble.study import LUCK, Arm, CountyStudy, Curve, Measure
from kocsim.errors import ParameterError, at_least

if TYPE_CHECKING:
    from kocsim.results import Result


def as_arms(scenario: Any) -> dict[str, Arm]:
    """Arms from a scenario, an `Arm`, or a mapping from names to these.

    Raises
    ------
    ParameterError
        For an empty mapping, and names that are no text.
    """
    if not isinstance(scenario, Mapping):
        arm = scenario if isinstance(scenario, Arm) else Arm(scenario)
        return {arm.scenario.name: arm}
    if not scenario or not all(isinstance(name, str) and name for name in scenario):
        raise ParameterError(f"scenario must be one, or a mapping from names to scenarios; got {scenario!r}.")
    return {name: one if isinstance(one, Arm) else Arm(one) for name, one in scenario.items()}


def as_measures(measures: Any) -> tuple[dict[str, Measure], dict[str, str]]:
    """Functions by name, and the units of those that are known.

    Parameters
    ----------
    measures : mapping, sequence, str or callable
        Functions of a `Result` that return a number (or several, as a mapping, each a column of its own), names of
        `kocsim.measures.standard`, names of columns of `Result.daily` (their value on the last day); or a
        mapping from names to any of these, or to pairs of a function and its unit.

    Raises
    ------
    ParameterError
        For names that nobody knows.
    """
    if isinstance(measures, str) or callable(measures):
        measures = [measures]
    if not isinstance(measures, Mapping):
        if not isinstance(measures, Sequence) or not measures:
            raise ParameterError(f"measures must be a mapping, names or functions, at least one; got {measures!r}.")
        measures = {one if isinstance(one, str) else getattr(one, "__name__", repr(one)): one for one in measures}
    functions, units = {}, {}
    for name, one in measures.items():
        functions[str(name)], units[str(name)] = _measure(one)
    return functions, units


def _measure(one: Any) -> tuple[Measure, str]:
    from kocsim.measures import standard
    from kocsim.results import UNITS

    if isinstance(one, tuple) and len(one) == 2 and callable(one[0]):
        return one[0], str(one[1])
    if callable(one):
        known = next((unit for function, unit in standard.values() if function is one), "")
        return one, known
    if one in standard:
        return standard[one]
    if one in UNITS:
        return partial(last, one), UNITS[one]
    names = [*standard, *UNITS]
    near = difflib.get_close_matches(str(one), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ParameterError(
        f"A measure must be a function of a Result, one of kocsim.measures.standard or a column of Result.daily; got "
        f"{one!r}.{hint}")


def last(column: str, result: Result) -> float:
    """A column of `Result.daily` on the last day."""
    return float(result.daily[column].iloc[-1])


def as_curves(curves: Any) -> dict[str, Curve | None]:
    """Curves by name from columns of `Result.daily`, or a mapping from names to columns and functions.

    Raises
    ------
    ParameterError
        For columns that are not there.
    """
    from kocsim.results import UNITS

    if isinstance(curves, str) or not isinstance(curves, (Mapping, Sequence)):
        raise ParameterError(f"curves must be a sequence of columns of Result.daily, or a mapping; got {curves!r}.")
    named = curves if isinstance(curves, Mapping) else {name: name for name in curves}
    out: dict[str, Curve | None] = {}
    for name, one in named.items():
        if not callable(one) and one not in UNITS:
            raise ParameterError(f"curves must be columns of Result.daily or functions of a Result; got {one!r}.")
        out[str(name)] = one if callable(one) else None if one == name else partial(column, one)
    return out


def column(name: str, result: Result) -> Any:
    """A column of `Result.daily`."""
    return result.daily[name]


def county_study(
    scenario: Any, *, seed: int, days: int | None, counties: int, luck: str, measures: Any, curves: Any, threads: int
) -> tuple[CountyStudy, dict[str, str]]:
    """A study of counties from what a user gives, and the units of its measures."""
    functions, units = as_measures(measures)
    if luck not in LUCK:
        raise ParameterError(f"luck must be one of {', '.join(LUCK)}; got {luck!r}.")
    return CountyStudy(
        arms=as_arms(scenario), axis=isinstance(scenario, Mapping), seed=at_least("seed", seed, 0),
        days=None if days is None else at_least("days", days, 1, 60_000), counties=at_least("counties", counties, 1),
        luck=luck, measures=functions, curves=as_curves(curves), threads=at_least("threads", threads, 1, 256),
    ), units
