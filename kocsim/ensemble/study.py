"""What one run of a study is: from a point and a replicate to a row of numbers. The same here and in every worker."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import platform
import re
import time
import traceback
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from kocsim.errors import DataError, ParameterError, at_least
from kocsim.scenario import Scenario, as_scenario

if TYPE_CHECKING:
    import numpy as np
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
LUCK: Final = ("shared", "own")
BLIND: Final = ("cli.py", "plot.py")
"""Sources that no run depends on."""

Point = dict[str, Any]


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


class Outcome(NamedTuple):
    """What came of a run."""

    numbers: str
    """Measures by name, as JSON; empty where it failed."""
    digest: str
    curves: bytes
    seconds: float
    error: str
    trace: str


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
        One, or several along the axis "scenario".
    seed : int
    days : int or None
        None: as many as each scenario says.
    counties : int
        Replicate r takes place in county ``r % counties`` of its parameters.
    luck : str
        "shared": replicate r has the same seed at all points; "own": one of its own at each.
    measures : dict of str to callable
        From a `Result` to a number.
    curves : tuple of str
        Columns of `Result.daily` to keep.
    place : str or None
        Folder of a saved county that all runs share.
    fingerprint : str
        Of that county.
    threads : int
        Of each run.
    """

    arms: dict[str, Arm]
    seed: int
    days: int | None
    counties: int
    luck: str
    measures: dict[str, Callable[[Result], float]]
    curves: tuple[str, ...]
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
            "county": self.fingerprint, "curves": list(self.curves),
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
        numbers = {}
        for name, measure in self.measures.items():
            value = measure(result)
            try:
                numbers[name] = float(value)
            except (TypeError, ValueError):
                raise DataError(f"The measure {name!r} must return one number; got {value!r}.") from None
        daily = result.daily[list(self.curves)].to_numpy("int64")
        return numbers, result.digest(), packed(daily) if self.curves else b""

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


# ---- in a worker


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


def packed(values: NDArray[np.int64]) -> bytes:
    """Curves as bytes."""
    return zlib.compress(values.astype("<i8").tobytes(), 1)


def unpacked(data: bytes, columns: int) -> NDArray[np.int64]:
    """Curves from bytes; shape (days, columns)."""
    import numpy as np

    return np.frombuffer(zlib.decompress(data), "<i8").reshape(-1, columns)


_STUDIES: dict[bytes, Study] = {}


def perform(study: bytes, run: Run, place: str | None) -> Outcome:
    """Do a run of a study that came as bytes. Whatever goes wrong in it is its outcome."""
    start = time.perf_counter()
    try:
        numbers, digest, curves = _study(study).perform(run, place)
        return Outcome(json.dumps(numbers), digest, curves, time.perf_counter() - start, "", "")
    except Exception as error:
        return failed(error, time.perf_counter() - start)


def failed(error: BaseException, seconds: float = 0.0) -> Outcome:
    """The outcome of a run that ended with an error."""
    name = type(error).__name__
    words = str(error) or "no message"
    return Outcome("", "", b"", seconds, f"{name}: {words}", "".join(traceback.format_exception(error)))


def build(world: World, place: str, threads: int) -> Outcome:
    """Make a county and save it; what goes wrong in making it is the outcome, what goes wrong on disk is raised."""
    from kocsim.county import County

    start = time.perf_counter()
    try:
        county = County.generate(world.scenario, world.seed, threads)
    except Exception as error:
        return failed(error, time.perf_counter() - start)
    county.save(place)
    return Outcome("", "", b"", time.perf_counter() - start, "", "")


def rehearse(study: bytes) -> None:
    """Load what runs of a study need."""
    _study(study).rehearse()


def _study(data: bytes) -> Study:
    import cloudpickle

    key = hashlib.blake2b(data, digest_size=16).digest()
    if key not in _STUDIES:
        _STUDIES.clear()
        opened.cache_clear()
        _STUDIES[key] = cloudpickle.loads(data)
    return _STUDIES[key]


# ---- what runs were made by


@cache
def code() -> str:
    """Digest of the package's sources."""
    here = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(here.rglob("*.py")):
        if file.name not in BLIND:
            digest.update(f"{file.relative_to(here).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def ground() -> dict[str, Any]:
    """Code, libraries and machine that results depend on."""
    from importlib.metadata import version

    from kocsim import __version__

    return {
        "kocsim": __version__, "code": code(), "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in ("numpy", "numba", "pandas", "scipy")}, "machine": platform.machine(),
    }


def described(thing: Any) -> str | None:
    """What a user's function or object is, so that a changed one is noticed: its name, its source and what it holds.

    What a function reads from its module is not looked at.
    """
    if thing is None:
        return None
    if isinstance(thing, partial):
        return f"partial({described(thing.func)}, {_shown(thing.args)}, {_shown(thing.keywords)})"
    kind = thing if inspect.isfunction(thing) or inspect.isclass(thing) or inspect.isbuiltin(thing) else type(thing)
    if inspect.ismethod(thing):
        return f"{described(thing.__func__)} of {described(thing.__self__)}"
    name = f"{kind.__module__}.{kind.__qualname__}"
    if str(kind.__module__).split(".")[0] == "kocsim" or inspect.isbuiltin(kind):
        source = ""  # the package's sources are in its own digest
    else:
        try:
            source = inspect.getsource(kind)
        except (OSError, TypeError):
            source = _compiled(getattr(kind, "__code__", None))
    held: Any = None
    if inspect.isfunction(thing):
        cells = [cell.cell_contents for cell in thing.__closure__ or ()]
        held = [described(one) if callable(one) else _shown(one) for one in cells], _shown(thing.__defaults__)
    elif thing is not kind:
        held = _shown(vars(thing)) if hasattr(thing, "__dict__") else _shown(thing)
    digest = hashlib.sha256(f"{source}\n{held}".encode()).hexdigest()[:12]
    return f"{name} {digest}"


def _compiled(code: Any) -> str:
    """What a function does, where its source cannot be had."""
    if code is None:
        return ""
    return "\n".join([_shown((code.co_code, code.co_names, code.co_consts)), *(
        _compiled(inner) for inner in code.co_consts if inspect.iscode(inner))])


def _shown(value: Any) -> str:
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


# ---- from what a user gives


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


Measures = Mapping[str, Any] | Sequence[Any] | str | Callable[..., Any]


def as_measures(measures: Any) -> tuple[dict[str, Callable[[Result], float]], dict[str, str]]:
    """Functions by name, and the units of those that are known.

    Parameters
    ----------
    measures : mapping, sequence, str or callable
        Functions of a `Result`, names of `kocsim.measures.standard`, names of columns of `Result.daily` (their value on
        the last day); or a mapping from names to any of these, or to pairs of a function and its unit.

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


def _measure(one: Any) -> tuple[Callable[[Result], float], str]:
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
    import difflib

    names = [*standard, *UNITS]
    near = difflib.get_close_matches(str(one), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ParameterError(
        f"A measure must be a function of a Result, one of kocsim.measures.standard or a column of Result.daily; got "
        f"{one!r}.{hint}")


def last(column: str, result: Result) -> float:
    """A column of `Result.daily` on the last day."""
    return float(result.daily[column].iloc[-1])


def county_study(
    scenario: Any, *, seed: int, days: int | None, counties: int, luck: str, measures: Any, curves: Sequence[str],
    threads: int,
) -> tuple[CountyStudy, dict[str, str]]:
    """A study of counties from what a user gives, and the units of its measures."""
    from kocsim.results import UNITS

    functions, units = as_measures(measures)
    wrong = next((name for name in curves if name not in UNITS), None) if not isinstance(curves, str) else curves
    if wrong is not None:
        raise ParameterError(f"curves must be a sequence of columns of Result.daily; got {wrong!r}.")
    if luck not in LUCK:
        raise ParameterError(f"luck must be one of {', '.join(LUCK)}; got {luck!r}.")
    study = CountyStudy(
        as_arms(scenario), at_least("seed", seed, 0), None if days is None else at_least("days", days, 1, 60_000),
        at_least("counties", counties, 1), luck, functions, tuple(curves), threads=at_least("threads", threads, 1, 256))
    return study, units
