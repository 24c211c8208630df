"""Parameters of rules: numbers, arrays and mappings, checked in one sentence."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.errors import ParameterError
from kocsim.wording import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.ties import Ties


def is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def number(name: str, value: Any, low: float, high: float, *, above: bool = False, below: bool = False) -> float:
    """A finite number in [low, high]; `above`: not low itself, `below`: not high itself.

    Raises
    ------
    ParameterError
        Naming the parameter, the range and the value.
    """
    inside = is_number(value) and low <= value <= high and np.isfinite(float(value))
    if not inside or (above and value == low) or (below and value == high):
        raise ParameterError(f"{name} must lie in {_range(low, high, above, below)}; got {shown(value)}.")
    return float(value)


def _range(low: float, high: float, above: bool = False, below: bool = False) -> str:
    open_end = below or high == np.inf
    return f"{'(' if above else '['}{low:g}, {high:g}{')' if open_end else ']'}"


def numbers_in(name: str, values: Any, low: float, high: float) -> NDArray[np.float64]:
    """A column of finite numbers in [low, high].

    Raises
    ------
    ParameterError
        Naming the first entry at fault.
    """
    try:
        column = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise ParameterError(f"{name} must hold numbers; got {shown(values)[:80]}.") from None
    if column.ndim != 1:
        raise ParameterError(f"{name} must be one-dimensional; got shape {column.shape}.")
    if (wrong := ~((column >= low) & (column <= high) & np.isfinite(column))).any():
        i = int(wrong.argmax())
        raise ParameterError(f"{name} must lie in {_range(low, high)}; got {column[i]:g} in entry {i}.")
    return column


def tie_parameter(name: str, value: Any, words: tuple[str, ...], low: float, high: float) -> Any:
    """What may be given a tie: a number, a word, a column, or a mapping from layers to any of these.

    Returns
    -------
    The same; columns as read-only float64 arrays.

    Raises
    ------
    ParameterError
        Naming the parameter, the range and the value.
    """
    if isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(one, Mapping):
                raise ParameterError(f"{name}[{key!r}] must be a number or a value for each edge; got {shown(one)}.")
        return {key: tie_parameter(f"{name}[{key!r}]", one, words, low, high) for key, one in value.items()}
    if isinstance(value, str):
        if value not in words:
            allowed = ", ".join(map(repr, words))
            raise ParameterError(f"{name} must be a number, a value for each edge, or one of {allowed}; got {value!r}.")
        return value
    if hasattr(value, "__len__") or np.ndim(value):
        column = numbers_in(name, value, low, high).copy()
        column.flags.writeable = False
        return column
    return number(name, value, low, high)


def of_tie(name: str, value: Any, ties: Ties) -> NDArray[np.float64] | float:
    """A number, or a column in the order of ties, from what `tie_parameter` let pass for this layer."""
    if isinstance(value, str):  # "strength"
        return ties.weight
    if isinstance(value, np.ndarray):
        return ties.arranged(value, name)
    return float(value)


def same(a: Any, b: Any) -> bool:
    """Equality of parameters, arrays included."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return type(a) is type(b) and bool(np.array_equal(a, b))
    return bool(a == b)
