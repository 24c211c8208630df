"""What one run of a study is: from a point and a replicate to a row of numbers. The same here and in every worker."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from kocsim.ensemble.origin import described, ground
from kocsim.errors import DataError, ParameterError
from kocsim.scenario import Scenario, as_scenario

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.mechanisms.identification import Rule
    from kocsim.morning import Policy
    from kocsim.results import Result

SCENARIO: Final = "scenario"
"""Name of the axis along several scenarios."""
WORLD: Final = ("residents", "kocs", "shops", "population", "friends", "groups", "shop")
"""Parameters that a generated county depends on."""
CURVES: Final = ("aware", "identified", "customers", "orders")
"""Columns of `Result.daily` that are kept of each run unless told otherwise."""
DAILY: Final = "daily"
"""How a curve that is a column of `Result.daily` is noted."""
LUCK: Final = ("shared", "own")

Point = dict[str, Any]
Measure = Callable[["Result"], "float | Mapping[str, float]"]
Curve = Callable[["Result"], Any]


@dataclass(frozen=True)
class Arm:
    """A scenario with what cannot stand in a scenario, for `kocsim.sweep`, `replicate`, `compare` and `critical`.

    Parameters
    ----------
    scenario : Scenario, str or path
    policy : callable, optional
        What the firm decides each morning; see `kocsim.morning.Morning`. Each run gets a copy of its own.
    rule : callable, optional
        From evidence to identification; see `kocsim.mechanisms.identification.Rule`.
    """

    scenario: Any
    policy: Policy | None = None
    rule: Rule | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenario", as_scenario(self.scenario))
        for name in ("policy", "rule"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise ParameterError(f"Arm.{name} must be callable or None; got {getattr(self, name)!r}.")


class Run(NamedTuple):
    """One run that is to be done."""

    key: bytes
    """What it is kept under: 16 bytes for point and replicate."""
    point: Point
    replicate: int
    seed: int


class World(NamedTuple):
    """A county that is to be made."""

    scenario: Scenario
    seed: int



class Study(Protocol):
    """What can be run many times: `CountyStudy`, `FunctionStudy`."""

    @property
    def seed(self) -> int:
        """Of the whole study."""

    @property
    def luck(self) -> str:
        """One of `LUCK`."""

    def identity(self) -> dict[str, Any]:
        """What runs must have in common to stand in one table: plain values that JSON can hold."""

    def check(self, point: Point) -> None:
        """Refuse a point that no run could be made of."""

    def world_part(self, point: Point) -> str | None:
        """A name for all that the county of a point depends on but its seed; None where none is to be made."""

    def world(self, run: Run) -> World:
        """The county that a run takes place in."""

    def county_seed(self, run: Run) -> int:
        """Seed of that county."""

    def value(self, point: Point, name: str) -> Any:
        """The value of a parameter at a point that does not name it."""

    def perform(self, run: Run, place: str | None) -> tuple[dict[str, float], str, bytes]:
        """Measures, digest and packed curves of a run; `place` is the folder of its county."""

    def parameters(self, run: Run) -> str:
        """All that a run was made of, as a line of Python."""

    def rehearse(self) -> None:
        """Do something small that makes the compiled kernels be loaded."""


# ---- luck


def replicate_seed(seed: int, replicate: int, point: Point | None = None) -> int:
    """Seed of a replicate: the same whatever other replicates and points there are.

    ``SeedSequence(seed, spawn_key=(replicate,))``, its first 63 bits; where a point has luck of its own, the point is
    part of the spawn key. `kocsim.simulate` takes it as ``seed``.
    """
    from numpy.random import SeedSequence

    key: tuple[int, ...] = (replicate,)
    if point is not None:
        key = (replicate, int.from_bytes(hashlib.blake2b(canonical(point).encode(), digest_size=8).digest(), "big"))
    words = SeedSequence(seed, spawn_key=key).generate_state(2)
    return (int(words[0]) << 32 | int(words[1])) >> 1


def runs_of(study: Study, point: Point, replicates: Sequence[int]) -> list[Run]:
    """The runs of a point."""
    own = point if study.luck == "own" else None
    text = canonical(point)
    return [
        Run(
            hashlib.blake2b(f"{text}\n{r}".encode(), digest_size=16).digest(), point, r,
            replicate_seed(study.seed, r, own))
        for r in replicates
    ]


def canonical(value: Any) -> str:
    """One text for equal values."""
    return json.dumps(value, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Scenario) or hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        return value.tolist()
    raise ParameterError(f"A point may hold numbers, text, truth values, lists and mappings; got {value!r}.")


# ---- counties


@dataclass(frozen=True)
class CountyStudy:
    """Runs of scenarios in counties.

    Attributes
    ----------
    arms : dict of str to Arm
        By name.
    axis : bool
        Whether arms are an axis of the design, "scenario".
    seed : int
    days : int or None
        None: as many as each scenario says.
    counties : int
        Replicate r takes place in county ``r % counties`` of its parameters.
    luck : str
        "shared": replicate r has the same seed at all points; "own": one of its own at each.
    measures : dict of str to callable
        From a `Result` to a number, or to a mapping of numbers by name.
    curves : dict of str to callable or None
        From a `Result` to a number a day; None: the column of `Result.daily` of that name.
    place : str or None
        Folder of a saved county that all runs share.
    fingerprint : str
        Of that county.
    threads : int
        Of each run.
    """

    arms: dict[str, Arm]
    axis: bool
    seed: int
    days: int | None
    counties: int
    luck: str
    measures: dict[str, Measure]
    curves: dict[str, Curve | None]
    place: str | None = None
    fingerprint: str = ""
    threads: int = 1

    def identity(self) -> dict[str, Any]:
        arms = {
            name: {
                "scenario": arm.scenario.model_dump(mode="json"), "policy": described(arm.policy),
                "rule": described(arm.rule),
            }
            for name, arm in self.arms.items()
        }
        return {
            "scenario": arms, "seed": self.seed, "days": self.days, "counties": self.counties, "luck": self.luck,
            "county": self.fingerprint,
            "curves": {
                name: DAILY if curve is None else described(curve) for name, curve in self.curves.items()},
            "measures": {name: described(measure) for name, measure in self.measures.items()}, **ground(),
        }

    def arm(self, point: Point) -> Arm:
        """The arm of a point, with the point's changes to its scenario."""
        changes = dict(point)
        label = changes.pop(SCENARIO, None)
        arm = self.arms[label] if label is not None else next(iter(self.arms.values()))
        return dataclasses.replace(arm, scenario=arm.scenario.replace(**changes)) if changes else arm

    def check(self, point: Point) -> None:
        self.arm(point)

    def world_part(self, point: Point) -> str | None:
        if self.place is not None:
            return None
        asked = canonical(self.arm(point).scenario.model_dump(mode="json", include=set(WORLD)))
        return hashlib.blake2b(asked.encode(), digest_size=12).hexdigest()

    def world(self, run: Run) -> World:
        return World(self.arm(run.point).scenario, self.county_seed(run))

    def county_seed(self, run: Run) -> int:
        return replicate_seed(self.seed, run.replicate % self.counties, run.point if self.luck == "own" else None)

    def value(self, point: Point, name: str) -> Any:
        if name == SCENARIO:
            return next(iter(self.arms))
        value: Any = self.arm({SCENARIO: point[SCENARIO]} if SCENARIO in point else {}).scenario
        for part in name.split("."):
            value = getattr(value, part)
        return value

    def simulate(self, run: Run, place: str | None, progress: bool = False) -> Result:
        """The run itself."""
        from copy import deepcopy

        from kocsim.run import simulate

        arm = self.arm(run.point)
        place = self.place or place
        county = opened(place) if place is not None else None
        if county is None:
            county = generated(arm.scenario, self.county_seed(run), self.threads)
        return simulate(
            arm.scenario, county, run.seed, self.days, self.threads, progress, rule=arm.rule,
            policy=deepcopy(arm.policy))

    def perform(self, run: Run, place: str | None) -> tuple[dict[str, float], str, bytes]:
        result = self.simulate(run, place)
        numbers: dict[str, float] = {}
        for name, measure in self.measures.items():
            answer = measure(result)
            several = answer if isinstance(answer, Mapping) else {name: answer}
            try:
                numbers |= {str(key): float(value) for key, value in several.items()}
            except (TypeError, ValueError):
                raise DataError(
                    f"The measure {name!r} must return a number, or a mapping of numbers; got {answer!r}.") from None
        return numbers, result.digest(), self._curves(result) if self.curves else b""

    def _curves(self, result: Result) -> bytes:
        """Curves as bytes: whole numbers as long as all are columns of the days."""
        import numpy as np

        days = len(result.daily)
        columns = []
        for name, curve in self.curves.items():
            values = np.asarray(result.daily[name] if curve is None else curve(result))
            if values.shape != (days,):
                raise DataError(f"The curve {name!r} must have a number for each of {days} days; got {values.shape}.")
            columns.append(values)
        return packed(np.column_stack(columns).astype(dtype_of(self.curves.values())))

    def parameters(self, run: Run) -> str:
        arm = self.arm(run.point)
        days = arm.scenario.days if self.days is None else self.days
        place = "a county of the user's" if self.place is not None else f"seed {self.county_seed(run)}"
        extra = "".join(f", {name}={getattr(arm, name)!r}" for name in ("policy", "rule") if getattr(arm, name))
        return f"simulate({arm.scenario!r}, seed={run.seed}, days={days}{extra}); county: {place}"

    def rehearse(self) -> None:
        import contextlib

        from kocsim.run import simulate

        for arm in self.arms.values():
            s = arm.scenario
            with contextlib.suppress(Exception):  # what is wrong is told by the run that it is wrong in
                small = s.replace(residents=500, kocs=min(s.kocs, 20), shops=min(s.shops, 2), friends={"super_kocs": 0})
                simulate(small, seed=1, days=3, threads=1, progress=False, rule=arm.rule)


@dataclass(frozen=True)
class FunctionStudy:
    """Runs of a function of the user's: ``function(seed=..., **point)`` returns a number or a mapping of numbers."""

    function: Callable[..., Any]
    seed: int
    luck: str = "shared"
    named: str = "value"

    def identity(self) -> dict[str, Any]:
        return {"scenario": described(self.function), "seed": self.seed, "luck": self.luck, **ground()}

    def check(self, point: Point) -> None:
        try:
            inspect.signature(self.function).bind(seed=0, **point)
        except TypeError as error:
            raise ParameterError(
                f"{self.function!r} must take seed and the parameters of the design: {error}.") from None

    def world_part(self, point: Point) -> str | None:
        return None

    def world(self, run: Run) -> World:
        raise AssertionError("a function has no county")

    def county_seed(self, run: Run) -> int:
        raise AssertionError("a function has no county")

    def value(self, point: Point, name: str) -> Any:
        return None

    def perform(self, run: Run, place: str | None) -> tuple[dict[str, float], str, bytes]:
        answer = self.function(seed=run.seed, **run.point)
        try:
            values = answer if isinstance(answer, Mapping) else {self.named: answer}
            return {str(name): float(value) for name, value in values.items()}, "", b""
        except (TypeError, ValueError):
            raise DataError(
                f"{self.function!r} must return a number or a mapping of numbers; got {answer!r}.") from None

    def parameters(self, run: Run) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in run.point.items())
        return f"{getattr(self.function, '__name__', self.function)}({given}{', ' * bool(given)}seed={run.seed})"

    def rehearse(self) -> None:
        return None


# ---- where a run takes place


@lru_cache(maxsize=4)
def opened(place: str) -> County | None:
    """The county in a folder, memory-mapped, once a process; None where it cannot be had here."""
    from kocsim.county import County
    from kocsim.errors import FileError

    try:
        return County.open(place)
    except FileError:  # another machine's folder, perhaps
        return None


_LAST: dict[str, Any] = {}


def generated(scenario: Scenario, seed: int, threads: int) -> County:
    """A county made here; the last one is kept, in case that the next run asks for it again."""
    from kocsim.county import County

    asked = canonical([scenario.model_dump(mode="json", include=set(WORLD)), seed])
    if asked not in _LAST:
        _LAST.clear()
        _LAST[asked] = County.generate(scenario, seed, threads)
    county: County = _LAST[asked]
    return county


def dtype_of(curves: Iterable[Any]) -> str:
    """Of packed curves: whole numbers where all of them are columns of `Result.daily` (None)."""
    return "<i8" if all(curve is None for curve in curves) else "<f8"


def packed(values: NDArray[Any]) -> bytes:
    """Curves as bytes."""
    return zlib.compress(values.tobytes(), 1)


def unpacked(data: bytes, columns: int, dtype: str) -> NDArray[Any]:
    """Curves from bytes; shape (days, columns)."""
    import numpy as np

    return np.frombuffer(zlib.decompress(data), dtype).reshape(-1, columns)
