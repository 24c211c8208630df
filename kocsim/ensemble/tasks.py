"""What workers do: a run of a study that came as bytes, a county, a rehearsal."""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from typing import TYPE_CHECKING, NamedTuple

from kocsim.ensemble.study import opened

if TYPE_CHECKING:
    from kocsim.ensemble.study import Run, Study, World


class Outcome(NamedTuple):
    """What came of a run."""

    numbers: str
    """Measures by name, as JSON; empty where it failed."""
    digest: str
    curves: bytes
    seconds: float
    error: str
    trace: str


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
