"""Sweeps as TOML files: what `kocsim sweep` reads."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kocsim.ensemble.designs import Range
from kocsim.errors import FileError, ParameterError
from kocsim.scenario import Scenario, presets

WHOLE, TEXT, LIST = (int, "a whole number"), (str, "text"), (list, "a list")
PLAIN: Final[dict[str, tuple[Any, str]]] = {
    "replicates": WHOLE, "days": WHOLE, "seed": WHOLE, "design": TEXT, "points": WHOLE, "luck": TEXT,
    "counties": WHOLE, "threads": WHOLE, "limit": ((int, float), "a number"), "measures": LIST, "curves": LIST,
}
"""Keys that are handed on to `kocsim.sweep` as they are, their types, and what these are called."""
TABLES: Final = ("scenario", "set", "scenarios", "space")


def read_sweep(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The arguments of `kocsim.sweep` from a TOML file.

    Parameters
    ----------
    path : path
        Keys: ``scenario`` (a preset, or the path of a scenario file, beside this one); ``[set]``, changes to it by
        dotted name; ``[scenarios]``, several by name, each ``{base = ..., set = {...}}``, base being ``scenario``
        unless given; ``[space]``, each parameter with a list of values or ``{low = ..., high = ..., log = true}``; and
        ``replicates``, ``days``, ``seed``, ``design``, ``points``, ``luck``, ``counties``, ``threads``, ``limit``,
        ``measures`` and ``curves`` as in `kocsim.sweep`.

    Returns
    -------
    dict
        For ``kocsim.sweep(**read_sweep(path), out=...)``.

    Raises
    ------
    FileError
        When the file cannot be read or is not TOML.
    ParameterError
        For unknown keys and values that do not fit, naming the file.

    Examples
    --------
    A file::

        scenario = "paper"
        replicates = 20
        days = 180
        seed = 7
        measures = ["customers", "profit"]

        [space]
        kocs = [100, 1_000, 10_000]
        "friends.koc_median" = [128, 500, 1_000]
    """
    path = Path(path)
    try:
        given = tomllib.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        raise FileError(f"Cannot read sweep {path}: it is not UTF-8 text.") from None
    except OSError as error:
        raise FileError(f"Cannot read sweep {path}: {error.strerror or error}.") from None
    except ValueError as error:
        raise FileError(f"{path}: this is not TOML: {error}.") from None
    try:
        return _arguments(given, path.parent)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from None


def _arguments(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    for key in given:
        if key not in PLAIN and key not in TABLES:
            near = difflib.get_close_matches(key, [*PLAIN, *TABLES], n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ParameterError(f"there is no key {key!r} in a sweep file.{hint}")
    out = {key: _typed(key, given[key]) for key in PLAIN if key in given}
    for key in ("set", "scenarios", "space"):
        if not isinstance(given.get(key, {}), Mapping):
            raise ParameterError(f"{key} must be a table; got {given[key]!r}.")
    base, changes = given.get("scenario", "paper"), given.get("set", {})
    if given.get("scenarios"):
        arms = {}
        for name, one in given["scenarios"].items():
            own: Any = {"base": one} if isinstance(one, str) else one
            if not isinstance(own, Mapping) or set(own) - {"base", "set"}:
                raise ParameterError(
                    f"scenarios.{name} must be a preset, a path, or {{base = ..., set = {{...}}}}; got {one!r}.")
            own_changes = {**_flat(changes), **_flat(own.get("set", {}))}
            arms[name] = _scenario(own.get("base", base), folder).replace(**own_changes)
        out["scenario"] = arms
    else:
        out["scenario"] = _scenario(base, folder).replace(**_flat(changes))
    out["space"] = {name: _axis(name, value) for name, value in _flat(given.get("space", {}), ranges=True).items()}
    return out


def _typed(key: str, value: Any) -> Any:
    kind, words = PLAIN[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ParameterError(f"{key} must be {words}; got {value!r}.")
    return value


def _scenario(base: Any, folder: Path) -> Scenario:
    if not isinstance(base, str):
        raise ParameterError(f"a scenario must be the name of a preset or a path; got {base!r}.")
    if base in presets() or not (folder / base).is_file():
        return Scenario.preset(base)
    return Scenario.load(folder / base)


def _flat(values: Mapping[str, Any], prefix: str = "", ranges: bool = False) -> dict[str, Any]:
    """Nested tables by dotted name, so that [space.friends] and "friends.koc_median" mean the same."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and not (ranges and "low" in value):
            out |= _flat(value, f"{name}.", ranges)
        else:
            out[name] = value
    return out


def _axis(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if set(value) - {"low", "high", "log"} or "high" not in value:
        raise ParameterError(
            f"space.{name} must be a list or {{low = ..., high = ..., log = ...}}; got {dict(value)!r}.")
    return Range(**value)
