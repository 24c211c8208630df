"""A checkpoint on disk: one file, a zip that any tool can list, written whole or not at all, and without pickle.

``manifest.json`` says what it is: format, version, scenario, seed, day, county. ``state.json.zst`` is a tree of plain
values and a table of arrays; small arrays stand in the table, others in members of their own (``arrays/17.zst``: the
bytes, in zstd). The zip's own checksums are compared with each member on reading.
"""

from __future__ import annotations

import base64
import json
import math
import os
import secrets
import zipfile
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.errors import DataError, FileError
from kocsim.memory import scattered
from kocsim.stages import Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT: Final = "kocsim checkpoint 1"
MANIFEST: Final = "manifest.json"
STATE: Final = "state.json.zst"
MAGIC: Final = f'{MANIFEST}{{"format": "kocsim checkpoint '.encode()
"""How each checkpoint goes on after `HEADER` bytes: a zip begins with the name and the bytes of its first member."""
HEADER: Final = 30
INLINE: Final = 4096
"""Arrays of fewer bytes stand in the table."""
LEVEL: Final = 1
"""Of zstd. Higher ones take twice as long for 1% less."""
STACKED: Final = 4
"""From so many arrays of one shape on, a list of them is kept as one array."""
HELD: Final = "numbers, text, arrays, and lists, tuples, sets, deques and mappings of these"


# ---- values as JSON


class Writer:
    """Turns plain values into JSON, and puts arrays aside; one that is met twice is kept once.

    Attributes
    ----------
    arrays : list of ndarray
        In the order of their numbers.
    further : callable or None
        Asked for the JSON of what is not plain, ``{tag: ...}``; gives None where it does not know either.
    """

    def __init__(self) -> None:
        self.arrays: list[NDArray[Any]] = []
        self.further: Callable[[Any], dict[str, Any] | None] | None = None
        self._numbers: dict[int, int] = {}
        self._inside: list[int] = []

    def value(self, value: Any, where: str) -> Any:
        """JSON of a value.

        Parameters
        ----------
        value
        where : str
            What it is, for errors.

        Raises
        ------
        DataError
            For a type that a checkpoint does not hold, or a list that holds itself.
        """
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is Stage:
            return {"stage": int(value)}
        if kind is np.ndarray and value.dtype.kind in "biufcUSmM":
            return {"array": self._number(value)}
        if isinstance(value, np.generic) and value.dtype.kind in "biufcUSmM":
            return {"scalar": [value.dtype.str, value.tobytes().hex()]}
        if kind in (list, tuple, dict, set, frozenset, deque):
            if id(value) in self._inside:
                raise DataError(f"{where} holds itself; a checkpoint does not hold such a {kind.__name__}.")
            self._inside.append(id(value))
            try:
                return self._container(value, where)
            finally:
                self._inside.pop()
        known = self.further(value) if self.further is not None else None
        if known is None:
            raise DataError(f"{where} is a {kind.__name__}, which a checkpoint does not hold; it holds {HELD}.")
        return known

    def _container(self, value: Any, where: str) -> Any:
        if isinstance(value, dict):
            if all(type(key) is str for key in value):
                return {"map": {key: self.value(one, f"{where}[{key!r}]") for key, one in value.items()}}
            return {"dict": [
                [self.value(key, f"a key of {where}"), self.value(one, f"{where}[{key!r}]")]
                for key, one in value.items()]}
        if _alike(value):
            return {"stack": self._number(np.stack(value))}
        items = [self.value(one, f"{where}[{at}]") for at, one in enumerate(value)]
        if isinstance(value, list):
            return items
        return {type(value).__name__: [items, value.maxlen] if isinstance(value, deque) else items}

    def _number(self, array: NDArray[Any]) -> int:
        number = self._numbers.setdefault(id(array), len(self.arrays))
        if number == len(self.arrays):
            self.arrays.append(array)  # which also keeps its id from being given to another
        return number


def _alike(value: Any) -> bool:
    """Whether it is a list of arrays of one shape, each of its own."""
    if type(value) is not list or len(value) < STACKED or type(value[0]) is not np.ndarray:
        return False
    first = value[0]
    return (
        first.dtype.kind in "biuf" and len({id(one) for one in value}) == len(value)
        and all(type(one) is np.ndarray and one.shape == first.shape and one.dtype == first.dtype for one in value))


class Saved:
    """A checkpoint that was read.

    Attributes
    ----------
    path : Path
    manifest : dict
    state : Any
        As `Writer` made it; `value` turns parts of it back.
    """

    def __init__(
        self, path: Path, manifest: dict[str, Any], state: Any, table: list[dict[str, Any]], members: dict[int, bytes]
    ) -> None:
        self.path, self.manifest, self.state = path, manifest, state
        self._table, self._members = table, members
        self._arrays: dict[int, NDArray[Any]] = {}

    def array(self, number: int) -> NDArray[Any]:
        """An array by number; the same object each time."""
        if number not in self._arrays:
            about = self._table[number]
            kind, shape = np.dtype(about["dtype"]), tuple(about["shape"])
            if "data" in about:
                data: Any = base64.b64decode(about["data"])
            else:
                data = _unpacked(self._members.pop(number), math.prod(shape) * kind.itemsize)
            array = scattered(shape, kind.newbyteorder("="))
            array[...] = np.frombuffer(data, kind).reshape(shape)
            self._arrays[number] = array
        return self._arrays[number]

    def value(self, packed: Any, further: Callable[[str, Any], Any] | None = None) -> Any:
        """The value of what `Writer.value` made; `further` makes those of tags that its own `further` gave."""
        if isinstance(packed, list):
            return [self.value(one, further) for one in packed]
        if not isinstance(packed, dict):
            return packed
        (tag, held), = packed.items()
        if tag == "map":
            return {key: self.value(one, further) for key, one in held.items()}
        if tag == "dict":
            return {self.value(key, further): self.value(one, further) for key, one in held}
        if tag == "array":
            return self.array(held)
        if tag == "stack":
            return list(self.array(held))
        if tag == "scalar":
            return np.frombuffer(bytes.fromhex(held[1]), held[0])[0]
        if tag in ("tuple", "set", "frozenset"):
            made: Any = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag]
            return made(self.value(one, further) for one in held)
        if tag == "deque":
            return deque(self.value(held[0], further), held[1])
        if tag == "float":
            return float(held)
        if tag == "stage":
            return Stage(held)
        assert further is not None
        return further(tag, held)


# ---- writing


def write(path: str | os.PathLike[str], manifest: dict[str, Any], state: Any, arrays: list[NDArray[Any]]) -> Path:
    """Write a checkpoint aside, then give it its name; what had the name is replaced, if it was a checkpoint.

    Parameters
    ----------
    path : path-like
    manifest : dict
        Without the format.
    state, arrays
        From a `Writer`.

    Raises
    ------
    FileError
        When it cannot be written, or something else has the name. What was there stays there.
    """
    path = Path(path)
    try:
        target = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
        _check_place(path, target)
        aside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
        try:
            with open(aside, "xb") as file:
                _write(file, manifest, state, arrays)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, target)
        finally:
            aside.unlink(missing_ok=True)
    except FileError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        why = getattr(error, "strerror", None) or error
        raise FileError(f"Cannot write the checkpoint to {path}: {why}.") from None
    return path


def _check_place(path: Path, target: Path) -> None:
    if target.is_dir():
        raise FileError(f"Cannot write the checkpoint to {path}: it is a folder.")
    if not target.parent.is_dir():
        raise FileError(f"Cannot write the checkpoint to {path}: there is no folder {path.parent}.")
    if target.exists() and not _ours(target):
        raise FileError(f"{path} exists and is not a checkpoint; choose another name.")


def _ours(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(HEADER + len(MAGIC))[HEADER:] == MAGIC


def _write(file: Any, manifest: dict[str, Any], state: Any, arrays: list[NDArray[Any]]) -> None:
    table: list[dict[str, Any]] = []
    large: list[tuple[str, NDArray[np.uint8]]] = []
    for number, array in enumerate(arrays):
        about: dict[str, Any] = {"dtype": array.dtype.str, "shape": array.shape}
        data = np.frombuffer(np.ascontiguousarray(array).data.cast("B"), np.uint8) if array.nbytes >= INLINE else None
        if data is None:
            about["data"] = base64.b64encode(array.tobytes()).decode()
        else:
            large.append((f"arrays/{number}.zst", data))
        table.append(about)
    text = json.dumps({"state": state, "arrays": table}, separators=(",", ":"), allow_nan=False).encode()
    manifest = {"format": FORMAT, **manifest, "state_bytes": len(text)}
    with zipfile.ZipFile(file, "w") as members:
        _add(members, MANIFEST, json.dumps(manifest).encode())
        _add(members, STATE, _packed(text))
        for name, data in large:
            _add(members, name, _packed(data))


def _add(members: zipfile.ZipFile, name: str, data: bytes) -> None:
    members.writestr(zipfile.ZipInfo(name), data)  # dated 1980, so that one state makes one file


def _packed(data: Any) -> bytes:
    import pyarrow as pa

    packed: bytes = pa.Codec("zstd", compression_level=LEVEL).compress(data, asbytes=True)
    return packed


def _unpacked(data: bytes, size: int) -> Any:
    import pyarrow as pa

    return pa.Codec("zstd").decompress(data, decompressed_size=size)


# ---- reading


def read(path: str | os.PathLike[str], version: str) -> Saved:
    """Read a checkpoint that this version of kocsim has written; all checksums are compared.

    Raises
    ------
    FileError
        When there is none, it is damaged, or it comes from another version.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder, not a checkpoint.")
        if not path.exists():
            raise FileError(f"There is no checkpoint at {path}.")
        ours = _ours(path)
    except FileError:
        raise
    except (OSError, ValueError) as error:
        raise FileError(f"Cannot read checkpoint {path}: {getattr(error, 'strerror', None) or error}.") from None
    if not ours:
        raise FileError(f"{path} is not a kocsim checkpoint.")
    try:
        with zipfile.ZipFile(path) as members:
            manifest = json.loads(members.read(MANIFEST))
            _check_version(path, manifest, version)
            held = json.loads(bytes(_unpacked(members.read(STATE), manifest["state_bytes"])))
            large = {
                number: members.read(f"arrays/{number}.zst")
                for number, about in enumerate(held["arrays"]) if "data" not in about}
    except FileError:
        raise
    # anything may be wrong with a damaged zip
    except (OSError, zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, RuntimeError, EOFError) as error:
        raise FileError(f"Checkpoint {path} is damaged: {str(error).rstrip('.')}.") from None
    return Saved(path, manifest, held["state"], held["arrays"], large)


def _check_version(path: Path, manifest: dict[str, Any], version: str) -> None:
    if manifest["format"] != FORMAT:
        raise FileError(f"{path} is a {manifest['format']!r}; this version of kocsim reads {FORMAT!r}.")
    if manifest["kocsim"] != version:
        raise FileError(
            f"Checkpoint {path} was made by kocsim {manifest['kocsim']} and goes on only there; "
            f"this is kocsim {version}.")
