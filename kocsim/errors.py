"""What kocsim raises when input does not fit: one sentence each, before any work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kocsim.diffusion import Diffusion
    from kocsim.ensemble.outcome import Sweep
    from kocsim.results import Result


class ParameterError(ValueError):
    """A parameter has an unknown name, a wrong type or a value out of range."""


class DataError(ValueError):
    """A user's network, table or rule does not fit the county."""


class FileError(OSError):
    """A file or folder cannot be read, written, or is not what it should be."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run.

    Attributes
    ----------
    result : Result, Diffusion or Sweep
        Every day, replicate or run that was finished before the interruption.
    """

    def __init__(self, result: Result | Diffusion | Sweep) -> None:
        done = result.finished()
        super().__init__(f"interrupted after {done}")
        self.result: Any = result

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.result,)


def at_least(name: str, value: int, low: int, high: int | None = None) -> int:
    """Check a whole number that is not part of a scenario (days, seed, threads).

    Raises
    ------
    ParameterError
        Naming the parameter, the range and the value.
    """
    import numbers

    rng = f"[{low}, {'inf' if high is None else high}]"
    integral = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not integral or value < low or (high is not None and value > high):
        raise ParameterError(f"{name} must be a whole number in {rng}; got {value!r}.")
    return int(value)
