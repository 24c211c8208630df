"""At which points of a parameter space to run: grids, Latin hypercubes, Sobol' sequences, one at a time, tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kocsim.errors import ParameterError, at_least

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MOST_POINTS: Final = 10_000_000
STEPS: Final = 5
"""Values of a `Range` in a design that goes along it, unless told otherwise."""


@dataclass(frozen=True)
class Range:
    """Values between two ends.

    Parameters
    ----------
    low, high : int or float
        Finite, low < high. Of two whole numbers all values are whole, and both ends are as likely as the others.
    log : bool
        Even in the logarithm: low must be > 0.

    Raises
    ------
    ParameterError
        For ends that do not fit.

    Examples
    --------
    >>> Range(100, 10_000, log=True).along(3)
    [100, 1000, 10000]
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ParameterError(f"Range.{name} must be a finite number; got {value!r}.")
        if not self.low < self.high:
            raise ParameterError(f"Range.low must be below Range.high; got {self.low!r} and {self.high!r}.")
        if self.log and self.low <= 0:
            raise ParameterError(f"Range.low must be > 0 when log is true; got {self.low!r}.")

    @property
    def whole(self) -> bool:
        """Whether values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, u: float) -> float:
        """The value at a quantile, u in [0, 1]."""
        low, high = float(self.low), float(self.high)
        if self.whole:  # each whole number has a cell of its own
            low, high = low - 0.5, high + 0.5
            if self.log:
                low = max(low, float(self.low) * 0.5)
        value = low * (high / low) ** u if self.log else low + (high - low) * u
        value = math.floor(value + 0.5) if self.whole else value
        return min(max(value, self.low), self.high)

    def along(self, many: int) -> list[float]:
        """So many values from end to end, evenly spaced; fewer where whole numbers coincide."""
        low, high = self.low, self.high
        parts = [k / (many - 1) for k in range(many)]
        values = [low * (high / low) ** u if self.log else low + (high - low) * u for u in parts]
        values[-1] = high
        return list(dict.fromkeys(round(v) for v in values)) if self.whole else values


Space = Mapping[str, Any]
"""Parameters by dotted name, each with a list of values or a `Range`."""


@dataclass(frozen=True)
class Design:
    """Points of a parameter space; made by `grid`, `latin`, `sobol`, `one_at_a_time` and `table`.

    Attributes
    ----------
    kind : str
    names : tuple of str
        Parameters that are varied.
    rows : tuple of dict
        What each point changes; a parameter that is not in it keeps the scenario's value.
    """

    kind: str
    names: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return f"<{self.kind} of {len(self):,} points over {', '.join(self.names) or 'nothing'}>"

    def to_frame(self) -> pd.DataFrame:
        """A row a point, a column a parameter; missing where a point keeps the scenario's value."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.names)).rename_axis("point")


def grid(space: Space, steps: int = STEPS) -> Design:
    """All combinations; the last parameter varies fastest.

    Parameters
    ----------
    space : mapping
        Lists of values; of a `Range`, `steps` values from end to end.
    steps : int
        >= 2.
    """
    space = checked(space)
    values = {name: _values(given, steps) for name, given in space.items()}
    many = math.prod(map(len, values.values()))
    if many > MOST_POINTS:
        raise ParameterError(f"A grid may have at most {MOST_POINTS:,} points; this one has {many:,}.")
    return Design("grid", tuple(space), tuple(
        dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())))


def latin(space: Space, points: int, seed: int = 0) -> Design:
    """A Latin hypercube: `points` points, and each parameter's values evenly spread (McKay and others 1979).

    Lists are cut into equal parts of [0, 1], a `Range` is walked by its quantiles.
    """
    from scipy.stats import qmc

    space = checked(space)
    points = at_least("points", points, 1, MOST_POINTS)
    sample = qmc.LatinHypercube(len(space), rng=at_least("seed", seed, 0)).random(points)
    return from_unit("Latin hypercube", space, sample)


def sobol(space: Space, points: int, seed: int = 0) -> Design:
    """A scrambled Sobol' sequence, which fills the space evenly: `points` must be a power of 2."""
    from scipy.stats import qmc

    space = checked(space)
    points = at_least("points", points, 1, MOST_POINTS)
    if points & (points - 1):
        raise ParameterError(f"points of a Sobol' sequence must be a power of 2; got {points}.")
    sampler = qmc.Sobol(len(space), rng=at_least("seed", seed, 0))
    return from_unit("Sobol' sequence", space, sampler.random_base2(points.bit_length() - 1))


def one_at_a_time(space: Space, steps: int = STEPS) -> Design:
    """The scenario itself, and each parameter's values while all others keep the scenario's."""
    space = checked(space)
    rows: list[dict[str, Any]] = [{}]
    for name, given in space.items():
        rows += [{name: value} for value in _values(given, steps)]
    return Design("one-at-a-time design", tuple(space), tuple(rows))


def table(rows: Any) -> Design:
    """Points of the user's own.

    Parameters
    ----------
    rows : DataFrame or sequence of mappings
        A row a point, a column a parameter. What is missing (None, NaN) keeps the scenario's value.
    """
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
        rows = rows.to_dict("records")
    if isinstance(rows, (str, Mapping)) or not isinstance(rows, Sequence) or not all(
        isinstance(row, Mapping) for row in rows
    ):
        raise ParameterError(f"A design's table must be a DataFrame or a sequence of mappings; got {rows!r}.")
    if not rows:
        raise ParameterError("A design needs at least one point; got a table of none.")
    own = [{str(name): _plain(value) for name, value in row.items() if not _missing(value)} for row in rows]
    names = dict.fromkeys(name for row in own for name in row)
    return Design("table", tuple(names), tuple(own))


def from_unit(kind: str, space: Space, sample: NDArray[Any]) -> Design:
    """The design whose points are given in the unit cube; shape (points, parameters)."""

    def value(given: Any, u: float) -> Any:
        return given.at(u) if isinstance(given, Range) else given[min(int(u * len(given)), len(given) - 1)]

    return Design(kind, tuple(space), tuple(
        {name: value(given, u) for (name, given), u in zip(space.items(), row, strict=True)}
        for row in sample.tolist()))


DESIGNS: Final = ("grid", "latin", "sobol", "one_at_a_time")


def as_design(space: Any, design: str | None, points: int | None, seed: int) -> Design:
    """A design from what `kocsim.sweep` was given.

    Raises
    ------
    ParameterError
        For an unknown design; for points where the design has none, and none where it needs them.
    """
    if isinstance(space, Design) or not isinstance(space, Mapping):
        if design is not None or points is not None:
            raise ParameterError("design and points go with a mapping of parameters, not with a table or a Design.")
        return space if isinstance(space, Design) else table(space)
    if design not in (None, *DESIGNS):
        raise ParameterError(f"design must be one of {', '.join(DESIGNS)}; got {design!r}.")
    if design in ("latin", "sobol"):
        if points is None:
            raise ParameterError(f"points must be given with design = {design!r}: how many points to draw.")
        return (latin if design == "latin" else sobol)(space, points, seed)
    if not space:
        return Design("grid", (), ({},))
    space = checked(space)
    ranges = [name for name, given in space.items() if isinstance(given, Range)]
    if design is None and ranges:
        raise ParameterError(
            f"{ranges[0]} is a Range, so say how to sample it: design='latin' or 'sobol' with points=, or "
            "design='grid' or 'one_at_a_time' with points= values along each Range.")
    steps = STEPS if points is None else at_least("points", points, 2, MOST_POINTS)
    return one_at_a_time(space, steps) if design == "one_at_a_time" else grid(space, steps)


def checked(space: Space) -> dict[str, Any]:
    """A space with a `Range` or a list of at least one value, no value twice, for each parameter."""
    if not isinstance(space, Mapping) or not space:
        raise ParameterError(f"A space must be a mapping from parameters to lists or ranges; got {space!r}.")
    out: dict[str, Any] = {}
    for name, given in space.items():
        if not isinstance(name, str):
            raise ParameterError(f"A space is keyed by parameters' names; got {name!r}.")
        if isinstance(given, Range):
            out[name] = given
            continue
        if hasattr(given, "tolist"):
            given = given.tolist()  # NumPy, pandas
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, (Sequence, range)):
            raise ParameterError(f"{name} must have a list of values or a kocsim.Range in a space; got {given!r}.")
        values = [_plain(value) for value in given]
        if not values:
            raise ParameterError(f"{name} must have at least one value in a space; got none.")
        out[name] = values
    return out


def _values(given: Any, steps: int) -> list[Any]:
    return given.along(at_least("steps", steps, 2)) if isinstance(given, Range) else given


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item() if hasattr(value, "item") and not isinstance(value, (str, bytes)) else value


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
