"""A county on disk: a folder of ``.npy`` files and a manifest with their checksums, written whole or not at all."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import secrets
import shutil
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from kocsim.countycheck import DTYPES, arrays_of, check_sizes
from kocsim.errors import DataError, FileError
from kocsim.ties import Ties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from kocsim.county import County

C = TypeVar("C", bound="County")
FORMAT = "kocsim county 1"
MANIFEST = "county.json"


def save_county(county: County, path: str | os.PathLike[str]) -> Path:
    """See `County.save`."""
    path = Path(path)
    target = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    try:
        if os.path.lexists(target):
            _check_replaceable(path, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
        aside.mkdir()
    except FileError:
        raise
    except FileExistsError:  # on the way there stands a file
        raise FileError(f"Cannot write the county to {path}: Not a directory.") from None
    except OSError as error:
        raise FileError(f"Cannot write the county to {path}: {error.strerror}.") from None
    try:
        _write(county, aside)
        _put_in_place(aside, target)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"Cannot write the county to {path}: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return path


def open_county(cls: type[C], path: str | os.PathLike[str], verify: bool) -> C:
    """See `County.open`."""
    path = Path(path)
    manifest = _manifest(path)
    try:
        county = _assembled(cls, path, manifest, verify)
        if verify:
            county.check()
    except DataError as error:
        raise FileError(f"County {path} is damaged: {error}") from None
    return county


# ---- writing


def _write(county: County, folder: Path) -> None:
    arrays = arrays_of(county)
    labels = None
    if "friends_labels" in arrays:
        labels, arrays["friends_labels"] = _labels_as_text(arrays["friends_labels"])
    listed = {}
    names = {f"column_{name}": f"column_{i}" for i, name in enumerate(county.columns)}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise DataError(f"{name} holds Python objects and cannot be written.")
        array = np.ascontiguousarray(array)
        file = names.get(name, name)  # a user's own name may not do as a file's
        np.save(folder / f"{file}.npy", array, allow_pickle=False)
        listed[file] = {"dtype": array.dtype.str, "shape": array.shape, "crc32": _checksum(array)}
    manifest = {
        "format": FORMAT, "arrays": listed, "columns": list(county.columns), "labels": labels,
        "asked": county.asked, "dropped": county.friends.dropped,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, default=_plain), "utf-8")


def _check_replaceable(path: Path, target: Path) -> None:
    """Only a county is ever deleted: a manifest of ours and arrays, and nothing beside them."""
    try:
        manifest = json.loads((target / MANIFEST).read_text("utf-8"))
        ours = str(manifest["format"]).startswith("kocsim county ")
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise FileError(f"{path} exists and is not a county; choose another name.")
    others = sorted(one.name for one in target.iterdir() if one.name != MANIFEST and one.suffix != ".npy")
    if others:
        raise FileError(f"{path} holds {others[0]} beside a county; move it away or choose another name.")


def _put_in_place(aside: Path, target: Path) -> None:
    """Give the finished folder its name. What had the name is deleted last, or gets it back."""
    if not target.exists():
        os.replace(aside, target)
        return
    old = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    os.replace(target, old)
    try:
        os.replace(aside, target)
    except BaseException:
        os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def fingerprint(arrays: Mapping[str, NDArray[Any]]) -> str:
    """See `County.fingerprint`."""
    digest = hashlib.blake2b(digest_size=16)
    for name, array in arrays.items():
        held = np.array(repr(array.tolist())) if array.dtype.kind in "OT" else array  # labels, and text of any length
        digest.update(f"{name} {array.dtype} {array.shape} {_checksum(held)};".encode())
    return digest.hexdigest()


def _checksum(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data) if array.size else 0


def _plain(value: Any) -> Any:
    """NumPy's numbers as JSON's."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _labels_as_text(labels: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """Labels in a form that NumPy can write, and the name of that form."""
    if labels.dtype != object:
        return "whole", labels
    if all(type(one) is str and not one.endswith("\0") for one in labels):  # NumPy drops final zeros
        return "text", labels.astype(str)
    text = [repr(one.item() if isinstance(one, np.generic) else one) for one in labels]
    for i, (one, written) in enumerate(zip(labels, text, strict=True)):
        with suppress(ValueError, SyntaxError, TypeError):
            if ast.literal_eval(written) == one:
                continue
        raise DataError(
            f"labels must be text, numbers or tuples of these to be written; got {one!r} in row {i}."
        )
    return "literal", np.array(text, dtype=str)


# ---- reading


def _manifest(path: Path) -> dict[str, Any]:
    if not os.path.lexists(path):
        raise FileError(f"There is no county at {path}.")
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        raise FileError(f"{path} is not a kocsim county (no readable {MANIFEST} in it).") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise FileError(f"{path} has format {found!r}; this version reads {FORMAT!r}.")
    return manifest


def _assembled(cls: type[C], path: Path, manifest: dict[str, Any], verify: bool) -> C:
    """The county of a manifest, each array of the type and size that compiled code takes it for."""
    entries, columns, labels = (manifest.get(name) for name in ("arrays", "columns", "labels"))
    asked, dropped = manifest.get("asked"), manifest.get("dropped")
    whole = (
        isinstance(entries, dict) and isinstance(asked, dict) and isinstance(dropped, dict)
        and isinstance(columns, list) and labels in (None, "whole", "text", "literal")
    )
    if not whole:
        raise DataError(f"{MANIFEST} is incomplete.")
    assert isinstance(entries, dict) and isinstance(columns, list) and isinstance(asked, dict)
    named = [f"column_{i}" for i in range(len(columns))]
    wanted = [*DTYPES, *named, *(["friends_labels"] if labels else [])]
    if (odd := sorted(set(wanted) ^ set(entries))) or len(set(columns)) < len(columns):
        what = f"{MANIFEST} lacks" if odd and odd[0] in wanted else f"{MANIFEST} does not know"
        raise DataError(f"{what} {odd[0]}." if odd else f"{MANIFEST} names a column twice.")
    arrays = {name: _load(path, name, entries[name], verify) for name in wanted}
    for name, dtype in DTYPES.items():
        if arrays[name].dtype != dtype or arrays[name].ndim != 1:
            raise DataError(f"{name} must be a column of {np.dtype(dtype)}; it is {arrays[name].dtype} of "
                            f"{arrays[name].ndim} dimensions.")
    friends = Ties(
        arrays.pop("friends_offsets"), arrays.pop("friends_ties"), dropped=dropped, check=False,
        labels=_text_as_labels(labels, arrays.pop("friends_labels")) if labels else None,
    )
    own = {str(name): arrays.pop(file) for name, file in zip(columns, named, strict=True)}
    county = cls(friends=friends, columns=own, asked=asked, **arrays)
    check_sizes(county)
    return county


def _load(path: Path, name: str, entry: Any, verify: bool) -> NDArray[Any]:
    file = f"{name}.npy"
    try:
        array = np.asarray(np.load(path / file, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{file} cannot be read ({why}).") from None
    try:
        dtype, shape, crc = np.dtype(entry["dtype"]), tuple(entry["shape"]), entry["crc32"]
    except (KeyError, TypeError):
        raise DataError(f"{MANIFEST} says nothing that makes sense of {file}.") from None
    if array.dtype != dtype or array.shape != shape:
        raise DataError(
            f"{file} holds {array.dtype} of shape {array.shape} instead of {dtype} of shape {shape}."
        )
    if verify and _checksum(array) != crc:
        raise DataError(f"the checksum of {file} does not match.")
    return array


def _text_as_labels(form: str, written: NDArray[Any]) -> NDArray[Any]:
    if form == "whole":
        return np.asarray(written, np.int64)
    names = written.tolist()
    try:
        return np.fromiter(names if form == "text" else map(ast.literal_eval, names), object)
    except (ValueError, SyntaxError, TypeError):
        raise DataError("friends_labels.npy does not hold labels.") from None
