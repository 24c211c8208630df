"""The words of messages: values, counts and suggestions as a user would write them."""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from kocsim.errors import DataError


def is_whole(value: Any) -> bool:
    """Whether this is what a user calls a whole number: not a truth value, not 1.0."""
    return isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))


def shown(value: Any) -> str:
    """A value as a user would write it: 5, not np.int64(5)."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def count(k: int, noun: str) -> str:
    """1 row, 2 rows; 1 entry, 2 entries."""
    if k == 1:
        return f"1 {noun}"
    return f"{k} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def there_are(n: int) -> str:
    """How many residents there are, and their numbers."""
    if n == 0:
        return "there are 0 residents"
    if n == 1:
        return "there is 1 resident (0)"
    return f"there are {n} residents (0..{n - 1})"


def out_of_range(where: str, resident: int, n: int) -> DataError:
    """The error for the number of a resident who is not there."""
    return DataError(f"{where} names resident {resident}, but {there_are(n)}.")


def suggest(name: str, known: Sequence[str]) -> str:
    """The known name that is most like this one, as the end of a sentence; empty where none is."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def no_such(where: str, noun: str, name: str, there: Sequence[Any]) -> str:
    """Sentence on a column or attribute that is not there, with those that are."""
    listed = ", ".join(repr(x) for x in there[:20]) + (", ..." if len(there) > 20 else "")
    hint = suggest(name, [x for x in there if isinstance(x, str)]) if isinstance(name, str) else ""
    has = f"it has {listed}" if there else "it has none"
    return f"{where} has no {noun} {name!r}; {has}{hint}."
