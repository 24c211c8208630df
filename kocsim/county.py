"""A county: residents, communities, groups, KOCs, shops and who can hear whom. Made once, never changed.

Arrays only; runs keep their own state beside it. So one county, saved and opened memory-mapped, serves any
number of runs and processes.
"""

from __future__ import annotations

import ast
import itertools
import json
import os
import secrets
import shutil
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from kocsim.errors import DataError, FileError, at_least
from kocsim.ties import MAX_RESIDENTS, Ties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from kocsim.generate import World

C = TypeVar("C", bound="County")
FORMAT = "kocsim county 1"
MANIFEST = "county.json"
ID_MASK = np.uint32(0xFFFFFF)
BLOCK = 1 << 20
"""Ties looked at in one go when a county is checked, so that temporaries stay small."""
CHANNEL_ORDER = np.array([3, 0, 2, 1])
"""Where a KOC's tie stands in its row by `County.koc_via`: contacts only, both, members only."""
DTYPES = {
    "friends_offsets": np.int64, "friends_ties": np.uint32, "ties_in": np.int32, "contacts": np.uint16,
    "household": np.int32, "community": np.int32, "koc": np.int32, "koc_offsets": np.int64,
    "koc_ties": np.uint32, "koc_via": np.uint8, "group_offsets": np.int64, "group_members": np.uint32,
    "group_leader": np.int32, "community_x": np.float32, "community_y": np.float32,
    "community_township": np.int32, "community_shop": np.int32, "shop_community": np.int32,
}
"""What compiled code takes each array for."""


@dataclass(frozen=True, eq=False, repr=False)
class County:
    """The world that runs take place in. Made by `generate`, `from_ties` or `open`.

    Residents are rows 0..n-1 of every array, for ever. A tie is one uint32: the receiver in the low 24 bits
    and the strength in the high 8 (byte b is strength b / 255). All arrays are read-only.

    Attributes
    ----------
    friends : Ties
        Friendship, from each resident to those who hear her.
    ties_in : ndarray of int32, shape (n,)
        Friends in the county who can reach each resident.
    contacts : ndarray of uint16, shape (n,)
        WeChat contacts of each resident, wherever they live: how long her feed is.
    household, community : ndarray of int32, shape (n,)
    koc : ndarray of int32, shape (k,)
        Residents who are KOCs, ascending.
    koc_offsets, koc_ties, koc_via : ndarray of int64 (k + 1,), uint32 (m,), uint8 (m,)
        Whom each KOC reaches, each resident once, and through what: bit 1 contact (Moments), bit 2 member of
        a group the KOC leads. Rows stand in the order contacts only, both, members only; ascending within
        each.
    group_offsets, group_members, group_leader : ndarray of int64 (g + 1,), uint32, int32 (g,)
        Members of each group, and the number of the KOC who leads it, or -1.
    community_x, community_y : ndarray of float32, shape (c,)
        Centres on the plane, km.
    community_township : ndarray of int32, shape (c,)
        0 is the county seat.
    community_shop : ndarray of int32, shape (c,)
        The shop each community goes to, or -1.
    shop_community : ndarray of int32, shape (s,)
        Where each shop stands.
    columns : dict of str to ndarray
        A user's further columns of residents.
    asked : dict
        What the county was made from.
    """

    friends: Ties
    ties_in: NDArray[np.int32]
    contacts: NDArray[np.uint16]
    household: NDArray[np.int32]
    community: NDArray[np.int32]
    koc: NDArray[np.int32]
    koc_offsets: NDArray[np.int64]
    koc_ties: NDArray[np.uint32]
    koc_via: NDArray[np.uint8]
    group_offsets: NDArray[np.int64]
    group_members: NDArray[np.uint32]
    group_leader: NDArray[np.int32]
    community_x: NDArray[np.float32]
    community_y: NDArray[np.float32]
    community_township: NDArray[np.int32]
    community_shop: NDArray[np.int32]
    shop_community: NDArray[np.int32]
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._freeze()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._freeze()

    def _freeze(self) -> None:
        """Look at all arrays read-only, in memory as from disk.

        Numba compiles once for arrays that may be written and once for those that may not; so one form serves
        all.
        """
        put = self.__dict__
        for name, value in put.items():
            if isinstance(value, np.ndarray):
                put[name] = _read_only(value)
        f = self.friends
        put["friends"] = Ties(_read_only(f.offsets), _read_only(f.ties), f.labels, f.dropped, check=False)
        put["columns"] = {name: _read_only(column) for name, column in self.columns.items()}

    # ---- making one

    @classmethod
    def generate(cls, scenario: World, seed: int, threads: int | None = None) -> County:
        """Make the county that a scenario describes.

        Parameters
        ----------
        scenario : Scenario
        seed : int
            Any whole number >= 0; the same county for the same seed, whatever the threads.
        threads : int, optional
            Default: as many as there are processors.

        Raises
        ------
        ParameterError
            For a bad seed, number of threads or combination of parameters.
        """
        from kocsim import generate

        seed = at_least("seed", seed, 0)
        threads = usable_threads(threads)
        generate.check_world(scenario)
        return generate.generate(scenario, seed, threads)

    @classmethod
    def from_ties(
        cls,
        network: Any,
        *,
        kocs: int | Sequence[Any] | NDArray[Any] = (),
        residents: pd.DataFrame | None = None,
        groups: pd.DataFrame | None = None,
        shops: int | Sequence[Any] | NDArray[Any] = (),
        catchment: float = 3.0,
        seed: int = 0,
        **options: Any,
    ) -> County:
        """A county from a user's own network and tables.

        Parameters
        ----------
        network
            Anything that `Ties.from_any` takes: `Ties`, SciPy sparse, NetworkX, igraph, an edge DataFrame,
            the path of a Parquet file, a pair of arrays. Ties point the way information flows.
        kocs : int or sequence
            How many residents are KOCs, drawn at random; or which ones, by row number or by label. (Where
            whole numbers are labels, as in most NetworkX graphs, they are read as labels.) A KOC's contacts
            are its ties in the network.
        residents : DataFrame, optional
            A row a resident. An index of labels says whose row is whose; otherwise rows stand in the
            network's order. Columns "community" and "household" (anything that can be grouped by; numbered in
            the order of their sorted values), "x" and "y" (km; a community lies at the mean of its residents)
            and "contacts" (in [0, 65535]; default: ties in the network) have a meaning. All others (numbers,
            truth values, text, dates) are kept and can be selected and grouped by. Default: one community,
            each resident a household.
        groups : DataFrame, optional
            A row a member: columns "group" and "resident" (row number or label), and optionally "strength"
            (in [0, 1], default 1) and "leader": true for the KOC, at most one a group, who leads it. A leader
            is a member too, and hears what others post there.
        shops : int or sequence
            How many shops to place, in proportion to population; or the communities in which they stand, by
            the values of ``residents["community"]``. Shops are numbered by community.
        catchment : float
            Farthest distance to a shop, km, in (0, inf). Without "x" and "y" nobody knows distances: all
            communities lie at (0, 0) and a shop serves the community that it stands in.
        seed : int
            For what is drawn here: KOCs and shops given as numbers. Any whole number >= 0.
        **options
            Passed on to `Ties.from_any` (`source`, `target`, `strength`, `directed`, `n`, `labels`).

        Raises
        ------
        DataError
            When tables and network do not fit each other, naming what and where. Rows in messages count from
            0.
        ParameterError
            For a bad seed, catchment, number of KOCs or shops, or an unknown option.
        FileError
            When a Parquet file cannot be read.
        """
        from kocsim.adapt import county_from_ties

        return county_from_ties(
            network, kocs=kocs, residents=residents, groups=groups, shops=shops,
            catchment=catchment, seed=seed, options=options,
        )

    # ---- what it is

    @property
    def n(self) -> int:
        """Number of residents."""
        return self.contacts.size

    @property
    def communities(self) -> int:
        """Number of communities."""
        return self.community_x.size

    @property
    def shops(self) -> int:
        """Number of shops."""
        return self.shop_community.size

    @property
    def groups(self) -> int:
        """Number of social groups, those led by KOCs included."""
        return self.group_leader.size

    @cached_property
    def is_koc(self) -> NDArray[np.uint8]:
        """1 for residents who are KOCs; shape (n,)."""
        flags = np.zeros(self.n, np.uint8)
        flags[self.koc] = 1
        return flags

    @cached_property
    def memberships(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Groups of each resident as rows: offsets (n + 1,) and group numbers."""
        from kocsim.kernels import world

        offsets = np.zeros(self.n + 1, np.int64)
        of = np.empty(self.group_members.size, np.int32)
        world.transpose(self.group_offsets, self.group_members, offsets, of)
        return offsets, of

    @cached_property
    def community_population(self) -> NDArray[np.int64]:
        """Residents of each community; shape (communities,)."""
        return np.bincount(self.community, minlength=self.communities)

    @cached_property
    def kocs_in(self) -> NDArray[np.int64]:
        """KOCs who can reach each resident; shape (n,)."""
        from kocsim.kernels import world

        out = np.zeros(self.n, np.int64)
        world.in_degrees(self.koc_ties, out)
        return out

    @cached_property
    def group_mates(self) -> NDArray[np.int64]:
        """Members of all of each resident's groups together, herself included; shape (n,)."""
        size = np.diff(self.group_offsets)
        members = (self.group_members & ID_MASK).astype(np.int64)
        mates = np.bincount(members, weights=np.repeat(size, size), minlength=self.n)
        return mates.astype(np.int64)

    def by_community(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Sums of a column of residents over each community; shape (communities,)."""
        return np.bincount(
            self.community, weights=values, minlength=self.communities
        ).astype(np.int64)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self._arrays().values())

    def __deepcopy__(self, memo: dict[int, Any]) -> County:
        return self  # it never changes, so a copy of a run shares it

    def __repr__(self) -> str:
        return (
            f"<County: {self.n:,} residents in {self.communities:,} communities, {self.friends.m:,} ties, "
            f"{self.koc.size:,} KOCs, {self.groups:,} groups, {self.shops:,} shops>"
        )

    def summary(self, sample: int = 2000) -> pd.DataFrame:
        """What was asked for beside what came out.

        Parameters
        ----------
        sample : int
            Residents on whom clustering and reciprocity are measured.

        Returns
        -------
        DataFrame
            Index "quantity"; columns "asked" (NaN where nothing was), "got" and "unit".
        """
        from kocsim.measure import summarise

        return summarise(self, at_least("sample", sample, 1))

    # ---- on disk

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {
            "friends_offsets": self.friends.offsets, "friends_ties": self.friends.ties,
        }
        if self.friends.labels is not None:
            arrays["friends_labels"] = self.friends.labels
        arrays |= {name: getattr(self, name) for name in DTYPES if not name.startswith("friends_")}
        arrays |= {f"column_{name}": column for name, column in self.columns.items()}
        return arrays

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the county to a folder of ``.npy`` files and a manifest with their checksums.

        The folder appears under its name only when all of it is written. A county already there is replaced;
        anything else is not.

        Raises
        ------
        FileError
            When the folder cannot be written, or is something else than a county.
        DataError
            When a label or a column cannot be written: text, numbers, truth values and dates can, and labels
            may also be tuples of these.
        """
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
            self._write(aside)
            _put_in_place(aside, target)
        except FileError:
            raise
        except OSError as error:
            raise FileError(f"Cannot write the county to {path}: {error.strerror or error}.") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return path

    def _write(self, folder: Path) -> None:
        arrays = self._arrays()
        labels = None
        if "friends_labels" in arrays:
            labels, arrays["friends_labels"] = _labels_as_text(arrays["friends_labels"])
        listed = {}
        names = {f"column_{name}": f"column_{i}" for i, name in enumerate(self.columns)}
        for name, array in arrays.items():
            if array.dtype.hasobject:
                raise DataError(f"{name} holds Python objects and cannot be written.")
            array = np.ascontiguousarray(array)
            file = names.get(name, name)  # a user's own name may not do as a file's
            np.save(folder / f"{file}.npy", array, allow_pickle=False)
            listed[file] = {"dtype": array.dtype.str, "shape": array.shape, "crc32": _checksum(array)}
        manifest = {
            "format": FORMAT, "arrays": listed, "columns": list(self.columns), "labels": labels,
            "asked": self.asked, "dropped": self.friends.dropped,
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, default=_plain), "utf-8")

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, verify: bool = True) -> Self:
        """Open a saved county, memory-mapped: only what is used is read, and processes share it.

        Parameters
        ----------
        path : path-like
        verify : bool
            Read every array once, compare its checksum, and check that the arrays make up a county. Without,
            only sizes and types are compared: for a folder that nobody else has touched.

        Raises
        ------
        FileError
            When there is nothing there, it is not a county, or it is damaged.
        """
        path = Path(path)
        manifest = _manifest(path)
        try:
            county = _assembled(cls, path, manifest, verify)
            if verify:
                county.check()
        except DataError as error:
            raise FileError(f"County {path} is damaged: {error}") from None
        return county

    def check(self) -> None:
        """Check that all arrays fit each other, so that compiled code stays within them.

        Raises
        ------
        DataError
            Naming the first array that does not, and where.
        """
        n, k, c, s = self.n, self.koc.size, self.communities, self.shops
        _check_sizes(self)
        _check_rows("friends", self.friends.offsets, self.friends.ties, n, np.arange(n))
        _check_rows("group_members", self.group_offsets, self.group_members, n)
        for name, values, low, high in (
            ("ties_in", self.ties_in, 0, n - 1),
            ("household", self.household, 0, n - 1),
            ("community", self.community, 0, c - 1),
            ("koc", self.koc, 0, n - 1),
            ("koc_via", self.koc_via, 1, 3),
            ("group_leader", self.group_leader, -1, k - 1),
            ("community_township", self.community_township, 0, None),
            ("community_shop", self.community_shop, -1, s - 1),
            ("shop_community", self.shop_community, 0, c - 1),
        ):
            _check_range(name, values, low, high)
        for name, finite in (
            ("community_x", np.isfinite(self.community_x)), ("community_y", np.isfinite(self.community_y))
        ):
            if not finite.all():
                raise DataError(f"{name} must be finite; it is not for community {int(finite.argmin())}.")
        if (falls := np.diff(self.koc) <= 0).any():
            raise DataError(f"koc must ascend; it does not after entry {int(falls.argmax())}.")
        _check_rows("koc_ties", self.koc_offsets, self.koc_ties, n, self.koc, CHANNEL_ORDER[self.koc_via])
        if not np.array_equal(self.ties_in, in_degrees(self.friends)):
            raise DataError("ties_in must count the ties that end at each resident.")


# ---- reading and writing


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
    _check_sizes(county)
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


def _text_as_labels(form: str, written: NDArray[Any]) -> NDArray[Any]:
    if form == "whole":
        return np.asarray(written, np.int64)
    names = written.tolist()
    try:
        return np.fromiter(names if form == "text" else map(ast.literal_eval, names), object)
    except (ValueError, SyntaxError, TypeError):
        raise DataError("friends_labels.npy does not hold labels.") from None


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


# ---- do the arrays fit each other?


def _check_sizes(county: County) -> None:
    c = county
    n, k, m = c.n, c.koc.size, c.koc_ties.size
    if not 1 <= n <= MAX_RESIDENTS:
        raise DataError(f"contacts must name 1 to {MAX_RESIDENTS:,} residents; got {n:,}.")
    sizes: list[tuple[str, NDArray[Any], int]] = [
        ("friends_offsets", c.friends.offsets, n + 1), ("ties_in", c.ties_in, n),
        ("household", c.household, n), ("community", c.community, n),
        ("koc_offsets", c.koc_offsets, k + 1), ("koc_via", c.koc_via, m),
        ("group_offsets", c.group_offsets, c.groups + 1), ("community_y", c.community_y, c.communities),
        ("community_township", c.community_township, c.communities),
        ("community_shop", c.community_shop, c.communities),
        *((f"column {name!r}", column, n) for name, column in c.columns.items()),
    ]
    for name, array, size in sizes:
        if array.ndim != 1 or array.size != size:
            raise DataError(f"{name} must have {size:,} entries; it has {array.size:,}.")
    for name, offsets, ties in (
        ("friends_offsets", c.friends.offsets, c.friends.ties), ("koc_offsets", c.koc_offsets, c.koc_ties),
        ("group_offsets", c.group_offsets, c.group_members),
    ):
        if offsets[0] != 0 or offsets[-1] != ties.size:
            raise DataError(f"{name} must run from 0 to {ties.size:,}; they run from {offsets[0]:,} to "
                            f"{offsets[-1]:,}.")


def _check_range(name: str, values: NDArray[Any], low: int, high: int | None) -> None:
    if not values.size:
        return
    least, most = int(values.min()), int(values.max())
    if least < low or (high is not None and most > high):
        wrong = least if least < low else most
        raise DataError(f"{name} must lie in [{low}, {'inf' if high is None else high}]; got {wrong}.")


def _check_rows(
    name: str, offsets: NDArray[np.int64], ties: NDArray[np.uint32], n: int,
    owner: NDArray[Any] | None = None, stretch: NDArray[Any] | None = None,
) -> None:
    """Rows of a CSR: residents who exist, ascending, each once, and never the `owner` of the row.

    With `stretch`, rows ascend by that first and within it by resident.
    """
    if (falls := offsets[1:] < offsets[:-1]).any():
        raise DataError(f"offsets of {name} must not fall; they do after entry {int(falls.argmax())}.")
    for a, b in _row_blocks(offsets):
        block = slice(offsets[a], offsets[b])
        ids = ties[block] & ID_MASK
        if ids.size and ids.max() >= n:
            raise DataError(f"{name} names resident {int(ids.max())}, but the last is {n - 1}.")
        row = np.repeat(np.arange(a, b), np.diff(offsets[a : b + 1]))
        if owner is not None and (alike := owner[row] == ids).any():
            raise DataError(f"row {row[alike.argmax()]} of {name} must not name its own resident.")
        rank = ids.astype(np.int64)
        if stretch is not None:
            twice = np.diff(np.sort(row << 24 | ids)) == 0
            if twice.any():
                raise DataError(f"a row of {name} from {a} to {b - 1} names a resident twice.")
            rank |= stretch[block] << 24
        wrong = (rank[1:] <= rank[:-1]) & (row[1:] == row[:-1])
        if wrong.any():
            how = "each resident once" if stretch is None else "contacts first, then both, then members"
            raise DataError(f"row {row[wrong.argmax()]} of {name} must ascend, {how}.")


def _row_blocks(offsets: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about `BLOCK` ties each; none where there are no ties."""
    cuts = np.searchsorted(offsets, np.arange(0, int(offsets[-1]), BLOCK), side="left")
    return itertools.pairwise(np.unique(np.append(cuts, offsets.size - 1)).tolist())


# ---- small things that others need too


def usable_threads(threads: int | None) -> int:
    """The number asked for, or as many as this process may use.

    Raises
    ------
    ParameterError
        Unless it lies in [1, 256].
    """
    if threads is not None:
        return at_least("threads", threads, 1, 256)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_size(residents: int) -> None:
    """Refuse more residents than ties of 24 bits can name, and none at all.

    Raises
    ------
    DataError
        Unless the number lies in [1, 2**24].
    """
    if not 1 <= residents <= MAX_RESIDENTS:
        raise DataError(f"A county holds 1 to {MAX_RESIDENTS:,} residents; got {residents:,}.")


def in_degrees(friends: Ties) -> NDArray[np.int64]:
    """How many residents each resident can hear, as `Ties.in_degree`, compiled; shape (n,)."""
    from kocsim.kernels import world

    out = np.zeros(friends.n, np.int64)
    world.in_degrees(friends.ties, out)
    return out


def named_columns(table: pd.DataFrame, taken: Mapping[str, object]) -> dict[str, NDArray[Any]]:
    """The columns of a table of residents that have no meaning of their own here, as arrays without objects.

    Parameters
    ----------
    table : DataFrame
    taken : mapping
        Names of the columns to leave out.

    Raises
    ------
    DataError
        For a column that holds something else than numbers, truth values, text or dates, or text with gaps.
    """
    return {
        str(name): _plain_column(table[name], f"residents.{name}")
        for name in table.columns if name not in taken
    }


def _plain_column(column: pd.Series[Any], where: str) -> NDArray[Any]:
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
    if numeric and not isinstance(column.dtype, np.dtype):  # pandas' own types, with gaps perhaps
        values = column.to_numpy(dtype=float, na_value=np.nan) if column.hasnans else column.to_numpy()
    else:
        values = column.to_numpy()
    if values.dtype.kind in "biufMm":
        return values
    missing = np.asarray(pd.isna(column))
    if missing.any():
        raise DataError(f"{where} is missing in row {int(missing.argmax())}; fill the gaps or leave it out.")
    kinds = {type(one) for one in values}
    if all(issubclass(kind, str) for kind in kinds):
        return values.astype(str)
    if len(kinds) == 1 and issubclass(kinds.copy().pop(), (bool, np.bool_, int, float)):
        values = np.array(values.tolist())
        if values.dtype.kind in "biuf":
            return values
    row = next(i for i, one in enumerate(values) if not isinstance(one, str))
    raise DataError(
        f"{where} must hold numbers, truth values, text or dates, all of one kind; "
        f"got {type(values[row]).__name__} in row {row}."
    )


def as_codes(values: ArrayLike) -> NDArray[np.int32]:
    """Numbers 0, 1, ... for the distinct values of a column, in sorted order."""
    return np.unique(np.asarray(values), return_inverse=True)[1].reshape(-1).astype(np.int32)
