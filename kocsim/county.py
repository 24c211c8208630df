"""A county: residents, communities, groups, KOCs, shops and who can hear whom. Made once, never changed.

Arrays only; runs keep their own state beside it. So one county, saved and opened memory-mapped, serves any number of
runs and processes.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zlib
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kocsim.errors import DataError, FileError, at_least
from kocsim.ties import MAX_RESIDENTS, Ties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from kocsim.generate import World

FORMAT = "kocsim county 1"
MANIFEST = "county.json"
ID_MASK = np.uint32(0xFFFFFF)


@dataclass(frozen=True, eq=False, repr=False)
class County:
    """The world that runs take place in. Made by `generate`, `from_ties` or `open`.

    Residents are rows 0..n-1 of every array, for ever. A tie is one uint32: the receiver in the low 24 bits and the
    strength in the high 8 (byte b is strength b / 255).

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
        Whom each KOC reaches, each resident once, and through what: bit 1 contact (Moments), bit 2 member of a
        group the KOC leads.
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
        shops: int | Sequence[int] = (),
        catchment: float = 3.0,
        seed: int = 0,
        **options: Any,
    ) -> County:
        """A county from a user's own network and tables.

        Parameters
        ----------
        network
            Anything that `Ties.from_any` takes: `Ties`, SciPy sparse, NetworkX, igraph, an edge DataFrame, the path
            of a Parquet file, a pair of arrays. Ties point the way information flows.
        kocs : int or sequence
            Which residents are KOCs, by row number or (if the network has labels) by label; or how many, drawn at
            random. A KOC's contacts are its ties in the network.
        residents : DataFrame, optional
            A row a resident, in order. Columns "community" and "household" (anything that can be grouped by), "x"
            and "y" (km; a community lies at the mean of its residents) and "contacts" (default: ties in the network)
            have a meaning; all others are kept and can be selected and grouped by.
        groups : DataFrame, optional
            Columns "group" and "resident"; a KOC leads a group where an optional boolean column "leader" is true.
        shops : int or sequence of int
            Communities in which shops stand, or how many shops to place.
        catchment : float
            Farthest distance to a shop, km.
        seed : int
            For what is drawn here: KOCs and shops given as numbers.
        **options
            Passed on to `Ties.from_any` (`source`, `target`, `strength`, `directed`, `n`).

        Raises
        ------
        DataError
            When tables and network do not fit each other, naming what and where.
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
        arrays = {"friends_offsets": self.friends.offsets, "friends_ties": self.friends.ties}
        if self.friends.labels is not None:
            arrays["friends_labels"] = np.asarray(self.friends.labels)
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, np.ndarray):
                arrays[one.name] = value
        arrays |= {f"column_{name}": column for name, column in self.columns.items()}
        return arrays

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the county to a folder of ``.npy`` files and a manifest with their checksums.

        The folder appears under its name only when all of it is written. A county already there is replaced; anything
        else is not.

        Raises
        ------
        FileError
            When the folder cannot be written, or is something else than a county.
        """
        path = Path(path)
        if path.exists() and not (path / MANIFEST).is_file():
            raise FileError(f"{path} exists and is not a county; choose another name.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        except OSError as error:
            raise FileError(f"Cannot write the county to {path}: {error.strerror}.") from None
        try:
            listed = {}
            for name, array in self._arrays().items():
                array = np.ascontiguousarray(array)
                if array.dtype == object:
                    array = array.astype(str)
                np.save(aside / f"{name}.npy", array, allow_pickle=False)
                listed[name] = {
                    "dtype": array.dtype.str, "shape": array.shape, "crc32": _checksum(array)
                }
            manifest = {
                "format": FORMAT, "arrays": listed, "columns": list(self.columns),
                "asked": self.asked, "dropped": self.friends.dropped,
            }
            (aside / MANIFEST).write_text(json.dumps(manifest, indent=1, default=_plain), "utf-8")
            if path.exists():
                shutil.rmtree(path)
            os.replace(aside, path)
        except OSError as error:
            raise FileError(f"Cannot write the county to {path}: {error.strerror}.") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return path

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, verify: bool = True) -> Self:
        """Open a saved county, memory-mapped: only what is used is read, and processes share it.

        Parameters
        ----------
        path : path-like
        verify : bool
            Read every array once and compare its checksum. Without, only sizes and types are compared.

        Raises
        ------
        FileError
            When there is nothing there, it is not a county, or it is damaged.
        """
        path = Path(path)
        manifest = _manifest(path)
        arrays: dict[str, Any] = {}
        for name, entry in manifest["arrays"].items():
            file = path / f"{name}.npy"
            try:
                array = np.load(file, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise FileError(f"County {path} is damaged: {file.name} cannot be read ({error}).") from None
            if array.dtype.str != entry["dtype"] or list(array.shape) != entry["shape"]:
                raise FileError(
                    f"County {path} is damaged: {file.name} holds {array.dtype} of shape {array.shape} "
                    f"instead of {np.dtype(entry['dtype'])} of shape {tuple(entry['shape'])}."
                )
            if verify and _checksum(array) != entry["crc32"]:
                raise FileError(f"County {path} is damaged: the checksum of {file.name} does not match.")
            arrays[name] = array
        try:
            friends = Ties(
                arrays.pop("friends_offsets"), arrays.pop("friends_ties"),
                labels=arrays.pop("friends_labels", None), dropped=manifest["dropped"],
            )
            columns = {name: arrays.pop(f"column_{name}") for name in manifest["columns"]}
            return cls(friends=friends, columns=columns, asked=manifest["asked"], **arrays)
        except (KeyError, TypeError) as error:
            raise FileError(f"County {path} is damaged: {MANIFEST} lacks {error}.") from None


def _manifest(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FileError(f"There is no county at {path}.")
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        raise FileError(f"{path} is not a kocsim county (no readable {MANIFEST} in it).") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise FileError(f"{path} has format {found!r}; this version reads {FORMAT!r}.")
    return manifest


def _checksum(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data) if array.size else 0


def _plain(value: Any) -> Any:
    """NumPy's numbers as JSON's."""
    return value.item() if isinstance(value, np.generic) else str(value)


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
    """Raise `DataError` above the number of residents that ties of 24 bits can name."""
    if residents > MAX_RESIDENTS:
        raise DataError(
            f"A county holds at most {MAX_RESIDENTS:,} residents; got {residents:,}."
        )


def named_columns(table: pd.DataFrame, taken: Mapping[str, object]) -> dict[str, NDArray[Any]]:
    """The columns of a table of residents that have no meaning of their own here."""
    return {str(name): table[name].to_numpy() for name in table.columns if name not in taken}


def as_codes(values: ArrayLike) -> NDArray[np.int32]:
    """Numbers 0, 1, ... for the distinct values of a column, in sorted order."""
    return np.unique(np.asarray(values), return_inverse=True)[1].reshape(-1).astype(np.int32)
