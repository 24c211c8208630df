"""A county: residents, communities, groups, KOCs, shops and who can hear whom. Made once, never changed.

Arrays only; runs keep their own state beside it. So one county, saved and opened memory-mapped, serves any
number of runs and processes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kocsim.countycheck import arrays_of, check_county
from kocsim.countyfile import fingerprint, open_county, save_county
from kocsim.errors import ParameterError, at_least
from kocsim.html import card
from kocsim.packing import ID_MASK
from kocsim.threads import usable_threads
from kocsim.ties import Ties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.blueprint import World


@dataclass(frozen=True, eq=False, repr=False)
class County:
    """The world that runs take place in. Made by `generate`, `from_ties`, `join` or `open`.

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
        0 is the county seat (of joined counties, the first one's).
    community_shop : ndarray of int32, shape (c,)
        The shop each community goes to, or -1.
    shop_community : ndarray of int32, shape (s,)
        Where each shop stands.
    columns : dict of str to ndarray
        A user's further columns of residents; "super_koc" where there are such (true for them); of joined counties,
        in which one each resident lives.
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
        from kocsim.blueprint import check_world
        from kocsim.generate import generate

        if not hasattr(scenario, "population"):
            raise ParameterError(
                f"scenario must be a Scenario (ks.Scenario.preset and ks.Scenario.load make one); got {scenario!r}."
            )
        seed = at_least("seed", seed, 0)
        threads = usable_threads(threads)
        check_world(scenario)
        return generate(scenario, seed, threads)

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

    @classmethod
    def join(
        cls,
        counties: Mapping[str, County],
        *,
        ties: float = 0.01,
        koc_ties: float = 0.0,
        strength: float = 0.4,
        spread: float = 0.2,
        seed: int = 0,
    ) -> County:
        """One county of several, which keep all that is theirs, and few ties between them (C14).

        Parameters
        ----------
        counties : mapping of str to County
            Residents, households, communities, townships, groups, KOCs and shops are numbered county after county, in
            this order, at most 2**24 residents in all. Counties lie side by side, the first where it was, so that no
            shop's catchment reaches into another.
        ties : float
            Friends of a resident in other counties, as a share of those in her own, both on average; in [0, 1]. Any
            two residents of different counties are equally likely to be friends; both hear each other. A larger share
            has all the friendships of a smaller one.
        koc_ties : float
            Contacts of a KOC in other counties, as a share of those in its own, in [0, 1]: drawn evenly.
        strength, spread : float
            Strengths of ties between counties are uniform within `spread` of `strength`, cut to [0, 1]; defaults as for
            friends far apart (``friends.strength_far``, an assumption).
        seed : int
            For what is drawn here. Any whole number >= 0.

        Returns
        -------
        County
            With a column "county" (the number of each resident's) and, by name, columns of truth values such as
            "in_east", each of which may be the audience of a `Broadcast`. Further columns must be in all counties;
            those of truth values may be missing, and are false there. Contacts, which count friends wherever they live,
            grow only where more are known than they said.

        Raises
        ------
        DataError
            More residents than 2**24; columns that do not fit each other.
        ParameterError
            For no counties, bad names, shares and seeds, and more friendships than half of the pairs there are.

        Examples
        --------
        >>> import kocsim as ks
        >>> town = ks.Scenario(residents=400, kocs=4, shops=1)
        >>> east = ks.County.generate(town, seed=1)
        >>> west = ks.County.generate(town.replace(kocs=0), seed=2)
        >>> both = ks.County.join({"east": east, "west": west}, ties=0.05)
        >>> both.n, int(both.columns["in_west"].sum()), both.koc.size
        (800, 400, 4)
        """
        from kocsim.joining import join

        return join(counties, ties, koc_ties, strength, spread, seed)

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
        return sum(array.nbytes for array in arrays_of(self).values())

    @cached_property
    def fingerprint(self) -> str:
        """A checksum of all arrays: equal for equal counties, however they were made."""
        return fingerprint(arrays_of(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> County:
        return self  # it never changes, so a copy of a run shares it

    def __repr__(self) -> str:
        return (
            f"<County: {self.n:,} residents in {self.communities:,} communities, {self.friends.m:,} ties, "
            f"{self.koc.size:,} KOCs, {self.groups:,} groups, {self.shops:,} shops>"
        )

    def _repr_html_(self) -> str:
        rows = [
            ("residents", f"{self.n:,}", f"in {self.communities:,} communities"),
            ("ties", f"{self.friends.m:,}", f"{self.friends.m / self.n:.1f} a resident"),
            ("KOCs", f"{self.koc.size:,}", f"with {self.koc_ties.size:,} contacts and members of their groups"),
            ("groups", f"{self.groups:,}", f"with {self.group_members.size:,} members"),
            ("shops", f"{self.shops:,}", ""),
            ("memory", f"{self.nbytes / 2**20:,.0f}", "MiB"),
        ]
        return card("County", rows, note="what was asked beside what came out: .summary()")

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
        from kocsim.countysummary import summarise

        return summarise(self, at_least("sample", sample, 1))

    # ---- on disk

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
        return save_county(self, path)

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
        return open_county(cls, path, verify)

    def check(self) -> None:
        """Check that all arrays fit each other, so that compiled code stays within them.

        Raises
        ------
        DataError
            Naming the first array that does not, and where.
        """
        check_county(self)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
