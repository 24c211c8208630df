"""A county from a user's own network and tables: `County.from_ties`.

Everything is checked before anything is built, and what does not fit is refused in one sentence that names
the table, the column and the row. Nothing is guessed: where two readings of a table are possible, it says so.
"""

from __future__ import annotations

import numbers
import os
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.catchments import nearest_shops
from kocsim.county import County
from kocsim.countycheck import CHANNEL_ORDER, check_size, in_degrees
from kocsim.errors import DataError, ParameterError, at_least
from kocsim.packing import FULL, ID_BITS, ID_MASK
from kocsim.rng import Decision, stream
from kocsim.ties import Ties
from kocsim.usertables import (
    as_column,
    as_index,
    as_table,
    finite_numbers,
    grouped,
    named_columns,
    not_in_network,
    refuse_missing,
    resident_name,
    row_name,
    rows_of_residents,
)
from kocsim.wording import count, shown, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

OPTIONS = ("source", "target", "strength", "directed", "n", "labels")
MEANT = ("community", "household", "x", "y", "contacts")
"""Columns of residents that have a meaning; all others are the user's own."""
MOST_CONTACTS = 65_535
CONTACT, MEMBER = 1, 2
"""Bits of `County.koc_via`."""


def county_from_ties(
    network: Any,
    *,
    kocs: int | Sequence[Any] | NDArray[Any] = (),
    residents: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    shops: int | Sequence[Any] | NDArray[Any] = (),
    catchment: float = 3.0,
    seed: int = 0,
    options: dict[str, Any] | None = None,
) -> County:
    """See `County.from_ties`."""
    seed = at_least("seed", seed, 0)
    catchment = _catchment(catchment)
    table = None if residents is None else as_table(residents, "residents")
    friends, table = _network(network, table, dict(options or {}))
    n = friends.n
    check_size(n)
    heard = in_degrees(friends)
    people = _people(table, friends, heard)
    koc = _kocs(kocs, friends, seed)
    members = _groups(groups, friends, koc)
    places = _places(people, shops, catchment, seed)
    koc_offsets, koc_ties, koc_via = _reach(friends, koc, members)
    arrays: dict[str, Any] = {
        "ties_in": heard.astype(np.int32), "contacts": people.contacts,
        "household": people.household, "community": people.community,
        "koc": koc, "koc_offsets": koc_offsets, "koc_ties": koc_ties, "koc_via": koc_via,
        "group_offsets": members.offsets, "group_members": members.ties, "group_leader": members.leader,
        **places,
    }
    asked = {
        "source": "own network", "residents": n, "kocs": int(koc.size),
        "shops": int(places["shop_community"].size), "catchment": catchment, "seed": seed,
        "checksum": _checksum([friends.offsets, friends.ties, *arrays.values()]),
    }
    return County(friends=friends, columns=people.columns, asked=asked, **arrays)


# ---- network and table of residents: whose row is whose


def _network(
    network: Any, table: pd.DataFrame | None, options: dict[str, Any]
) -> tuple[Ties, pd.DataFrame | None]:
    """The ties, and the table of residents in the order of their rows."""
    _check_options(options)
    named = table is not None and not _is_counted(table)
    edges = _is_edge_list(network)
    if table is not None and named and edges and "labels" not in options:
        options["labels"] = table.index.tolist()
    friends = _read(network, options)
    if table is None:
        return friends, None
    if edges and friends.labels is None and "n" not in options:
        friends = _with_those_without_ties(friends, len(table))
    labels = friends.labels
    if labels is not None and edges and "labels" not in options and not named:
        raise DataError(
            f"The network names residents ({shown(labels[0])}, ...): set the index of residents to these "
            "names, so that it is clear whose row is whose."
        )
    if len(table) != friends.n:
        raise DataError(
            f"residents has {count(len(table), 'row')}, but the network has {count(friends.n, 'resident')}."
        )
    if labels is None:
        if not named:
            return friends, table
        if _is_shuffled(table):
            raise DataError(
                f"residents.index starts with {table.index[0]}, so that it is not clear whose row is whose: "
                "sort the table by its index, or reset the index if rows stand in the network's order."
            )
        return Ties(friends.offsets, friends.ties, table.index.tolist(), friends.dropped), table
    rows = np.asarray(table.index.get_indexer(as_index(labels)), np.int64)
    if (rows >= 0).all():
        if not named and not np.array_equal(rows, np.arange(friends.n)):
            raise DataError(
                f"residents.index counts from 0, but the network's first resident is {shown(labels[0])}: "
                "set the index to labels, so that it is clear whose row is whose."
            )
        return friends, table.iloc[rows]
    if named:
        strange = table.index[~table.index.isin(labels)][0]
        raise DataError(f"residents.index names {shown(strange)}, {not_in_network(strange, labels)}.")
    return friends, table


def _with_those_without_ties(friends: Ties, n: int) -> Ties:
    """An edge list names no residents beyond the last who has a tie; the table does."""
    if friends.n > n:
        raise DataError(f"The network names resident {friends.n - 1}, but residents has {count(n, 'row')} "
                        f"(0..{n - 1}).")
    offsets = np.concatenate([friends.offsets, np.full(n - friends.n, friends.m)])
    return Ties(offsets, friends.ties, dropped=friends.dropped, check=False)


def _read(network: Any, options: dict[str, Any]) -> Ties:
    try:
        return Ties.from_any(network, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        name = next((one for one in OPTIONS if f"'{one}'" in str(error)), "?")
        kind = type(network).__name__
        raise ParameterError(f"A network of type {kind} takes no option {name!r}.") from None


def _check_options(options: dict[str, Any]) -> None:
    for name in options:
        if name not in OPTIONS:
            known = [*OPTIONS, "kocs", "residents", "groups", "shops", "catchment", "seed"]
            raise ParameterError(f"from_ties has no parameter {name!r}{suggest(name, known)}.")


def _is_edge_list(network: Any) -> bool:
    """Whether residents without ties, and the order of the others, cannot be read off the network itself."""
    if isinstance(network, (tuple, str, os.PathLike)):
        return True
    frame = any(hasattr(network, name) for name in ("columns", "column_names", "__arrow_c_stream__"))
    return frame and not hasattr(network, "tocoo")


def _is_counted(table: pd.DataFrame) -> bool:
    """Whether the index is 0, 1, 2, ... and so says nothing."""
    return _is_whole_index(table) and np.array_equal(table.index.to_numpy(), np.arange(len(table)))


def _is_shuffled(table: pd.DataFrame) -> bool:
    """Whether the index is 0, 1, 2, ... in another order."""
    return _is_whole_index(table) and np.array_equal(
        np.sort(table.index.to_numpy()), np.arange(len(table))
    )


def _is_whole_index(table: pd.DataFrame) -> bool:
    return table.index.dtype.kind in "iu"


# ---- columns of residents


class _People(NamedTuple):
    contacts: NDArray[np.uint16]
    household: NDArray[np.int32]
    community: NDArray[np.int32]
    names: NDArray[Any]
    """The user's value for each community."""
    x: NDArray[np.float32] | None
    y: NDArray[np.float32] | None
    columns: dict[str, NDArray[Any]]


def _people(table: pd.DataFrame | None, friends: Ties, heard: NDArray[np.int64]) -> _People:
    import pandas as pd

    n = friends.n
    if table is None:
        table = pd.DataFrame(index=pd.RangeIndex(n))
    community, names = np.zeros(n, np.int32), np.zeros(1, np.int64)
    household = np.arange(n, dtype=np.int32)
    if "community" in table:
        community, names = grouped(table["community"], "residents.community")
    if "household" in table:
        household, _ = grouped(table["household"], "residents.household")
    x = y = None
    if ("x" in table) != ("y" in table):
        here, lacks = ("x", "y") if "x" in table else ("y", "x")
        raise DataError(f"residents has a column {here!r} but no {lacks!r}; a place needs both.")
    if "x" in table:
        size = np.bincount(community)
        means = (
            np.bincount(community, weights=finite_numbers(table[axis], f"residents.{axis}")) / size for axis in "xy"
        )
        x, y = (mean.astype(np.float32) for mean in means)
    if "contacts" in table:
        contacts = finite_numbers(table["contacts"], "residents.contacts")
        whole = (contacts >= 0) & (contacts <= MOST_CONTACTS) & (contacts == np.trunc(contacts))
        if not whole.all():
            i = int(whole.argmin())
            raise DataError(
                f"residents.contacts must hold whole numbers in [0, {MOST_CONTACTS}]; got {contacts[i]:g} in "
                f"{row_name(table, i)}."
            )
    else:
        contacts = np.minimum(np.maximum(friends.out_degree(), heard), MOST_CONTACTS)
    return _People(
        contacts.astype(np.uint16), household, community, names, x, y,
        named_columns(table, dict.fromkeys(MEANT)),
    )


# ---- KOCs


def _kocs(kocs: Any, friends: Ties, seed: int) -> NDArray[np.int32]:
    """Rows of the KOCs, ascending."""
    n = friends.n
    if isinstance(kocs, numbers.Integral) and not isinstance(kocs, bool):
        many = int(kocs)
        if not 0 <= many <= n:
            raise ParameterError(f"kocs must lie in [0, residents] = [0, {n}]; got {many}.")
        # those with the smallest draws: with more KOCs, all who were KOCs before still are
        order = np.argsort(_uniforms(seed, Decision.KOC, n), kind="stable")
        return np.sort(order[:many]).astype(np.int32)
    if isinstance(kocs, (str, bytes)) or not np.iterable(kocs):
        raise DataError(f"kocs must be a number, or a sequence of row numbers or labels; got {shown(kocs)}.")
    rows = np.sort(rows_of_residents(kocs, "kocs", friends, "entry"))
    if (twice := rows[1:] == rows[:-1]).any():
        raise DataError(f"kocs names {resident_name(friends, int(rows[1:][twice][0]))} twice.")
    return rows.astype(np.int32)


# ---- groups


class _Members(NamedTuple):
    offsets: NDArray[np.int64]
    ties: NDArray[np.uint32]
    leader: NDArray[np.int32]


def _groups(groups: Any, friends: Ties, koc: NDArray[np.int32]) -> _Members:
    """Members of each group, ascending, and the number of the KOC who leads it."""
    if groups is None:
        return _Members(np.zeros(1, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.int32))
    table = as_table(groups, "groups")
    for name in ("group", "resident"):
        if name not in table:
            raise DataError(f"groups has no column {name!r}; it has {_listed(table)}.")
    group, names = grouped(table["group"], "groups.group")
    who = rows_of_residents(table["resident"], "groups.resident", friends)
    strength = np.full(who.size, FULL, np.uint32)
    if "strength" in table:
        given = finite_numbers(table["strength"], "groups.strength")
        if (wrong := (given < 0) | (given > 1)).any():
            i = int(wrong.argmax())
            raise DataError(f"groups.strength must lie in [0, 1]; got {given[i]:g} in {row_name(table, i)}.")
        strength = np.rint(given * FULL).astype(np.uint32)
    leader = _leaders(table, group, names, who, friends, koc)
    order = np.lexsort((who, group))
    group, who = group[order], who[order]
    if (twice := (group[1:] == group[:-1]) & (who[1:] == who[:-1])).any():
        i = int(twice.argmax())
        member = resident_name(friends, int(who[i]))
        raise DataError(f"groups names {member} twice in group {shown(names[group[i]])}.")
    offsets = np.zeros(names.size + 1, np.int64)
    np.cumsum(np.bincount(group, minlength=names.size), out=offsets[1:])
    return _Members(offsets, who.astype(np.uint32) | (strength[order] << np.uint32(ID_BITS)), leader)


def _leaders(
    table: pd.DataFrame, group: NDArray[np.int32], names: NDArray[Any], who: NDArray[np.int64], friends: Ties,
    koc: NDArray[np.int32],
) -> NDArray[np.int32]:
    """The number of the KOC who leads each group, or -1."""
    leader = np.full(names.size, -1, np.int32)
    if "leader" not in table:
        return leader
    refuse_missing(table["leader"], "groups.leader")
    leads = table["leader"].to_numpy()
    odd = np.array([one not in (0, 1) for one in leads.tolist()], bool)
    if odd.any():
        i = int(odd.argmax())
        raise DataError(f"groups.leader must be true or false; got {shown(leads[i])} in {row_name(table, i)}.")
    rows = np.flatnonzero(leads.astype(bool))
    at = np.searchsorted(koc, who[rows])
    is_koc = np.zeros(friends.n, bool)
    is_koc[koc] = True
    if not is_koc[who[rows]].all():
        i = rows[int(is_koc[who[rows]].argmin())]
        raise DataError(
            f"groups.leader: {resident_name(friends, int(who[i]))} leads group {shown(names[group[i]])} "
            "but is not a KOC."
        )
    led, many = np.unique(group[rows], return_counts=True)
    if (many > 1).any():
        first = names[led[(many > 1).argmax()]]
        raise DataError(
            f"groups.leader: group {shown(first)} has {many[many > 1][0]} leaders; it can have one."
        )
    leader[group[rows]] = at
    return leader


# ---- places and shops


def _places(people: _People, shops: Any, catchment: float, seed: int) -> dict[str, Any]:
    c = people.names.size
    stands = _stands(shops, people, seed)
    zeros = np.zeros(c, np.float32)
    if people.x is None or people.y is None:
        x = y = zeros
        # each community is a place of its own, and the others are out of reach
        served = nearest_shops(stands, np.arange(c, dtype=np.float32), zeros, 0.5)
    else:
        x, y = people.x, people.y
        served = nearest_shops(stands, x, y, catchment)
    return {"community_x": x, "community_y": y, "community_township": np.zeros(c, np.int32), **served}


def _stands(shops: Any, people: _People, seed: int) -> NDArray[np.int32]:
    """Communities in which shops stand, ascending; several shops may stand in one."""
    names = people.names
    if isinstance(shops, numbers.Integral) and not isinstance(shops, bool):
        many = at_least("shops", int(shops), 0)
        weights = np.cumsum(np.bincount(people.community, minlength=names.size).astype(np.float64))
        u = np.sort(_uniforms(seed, Decision.SHOP, many))
        return np.searchsorted(weights / weights[-1], u).astype(np.int32)
    if isinstance(shops, (str, bytes)) or not np.iterable(shops):
        raise DataError(f"shops must be a number, or a sequence of communities; got {shown(shops)}.")
    given = as_column(shops, "shops", "entry")
    if not given.size:
        return np.zeros(0, np.int32)
    rows = np.asarray(as_index(names).get_indexer(as_index(given)), np.int64)
    if (strange := rows < 0).any():
        i = int(strange.argmax())
        raise DataError(
            f"shops names community {shown(given[i])} in entry {i}, but there "
            f"{'is only' if names.size == 1 else 'are only'} {_some(names)}."
        )
    return np.sort(rows).astype(np.int32)


def _catchment(catchment: Any) -> float:
    number = isinstance(catchment, numbers.Real) and not isinstance(catchment, bool)
    if not number or not 0 < float(catchment) < float("inf"):
        raise ParameterError(f"catchment must be a number of km in (0, inf); got {shown(catchment)}.")
    return float(catchment)


# ---- whom KOCs reach


def _reach(
    friends: Ties, koc: NDArray[np.int32], members: _Members
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]:
    """Each KOC's contacts and the members of the groups it leads, united; contacts keep their strength.

    Rows stand in the order contacts only, both, members only, as compiled code expects; ascending within
    each.

    A tie is packed in one int64: KOC (24 bits), resident (24), 1 for a member who comes in through a group,
    and 255 - strength (8). Sorted, the first of those with equal KOC and resident is the contact where there
    is one, otherwise the strongest membership.
    """
    by_contact = _packed(np.arange(koc.size), friends.ties, _entries(friends.offsets, koc), 0)
    led = np.flatnonzero(members.leader >= 0)
    by_group = _packed(members.leader[led], members.ties, _entries(members.offsets, led), 1)
    pair = by_group >> 9
    by_group = by_group[(pair & 0xFFFFFF) != koc[pair >> 24]]  # a leader is no audience of her own
    key = np.concatenate([by_contact, by_group])
    key.sort()
    pair = key >> 9
    first = np.ones(key.size, bool)
    first[1:] = pair[1:] != pair[:-1]
    starts = np.flatnonzero(first)
    bits = np.where((key >> 8) & 1, MEMBER, CONTACT).astype(np.uint8)
    via = np.bitwise_or.reduceat(bits, starts) if starts.size else bits
    strength = (FULL - (key[starts] & 0xFF)).astype(np.uint32)
    pair = pair[starts]
    order = np.argsort((pair >> 24) << 26 | CHANNEL_ORDER[via] << 24 | (pair & 0xFFFFFF))
    ties = (pair & 0xFFFFFF).astype(np.uint32) | strength << np.uint32(ID_BITS)
    offsets = np.searchsorted(pair >> 24, np.arange(koc.size + 1)).astype(np.int64)
    return offsets, ties[order], via[order]


def _entries(
    offsets: NDArray[np.int64], rows: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of all entries of some rows of a CSR, and how many each row has."""
    size = offsets[rows + 1] - offsets[rows]
    ends = np.cumsum(size)
    inside = np.arange(int(ends[-1]) if ends.size else 0) - np.repeat(ends - size, size)
    return np.repeat(offsets[rows], size) + inside, size


def _packed(
    owner: NDArray[Any], ties: NDArray[np.uint32], entries: tuple[NDArray[np.int64], NDArray[np.int64]],
    through_group: int,
) -> NDArray[np.int64]:
    at, size = entries
    taken = ties[at]
    key = np.repeat(owner.astype(np.int64), size) << 24 | (taken & ID_MASK).astype(np.int64)
    return key << 9 | through_group << 8 | (FULL - (taken >> np.uint32(ID_BITS)).astype(np.int64))


# ---- small things


def _uniforms(seed: int, decision: Decision, size: int) -> NDArray[np.float64]:
    from kocsim.kernels import world

    out = np.empty(size)
    world.uniforms(out, np.uint64(stream(seed, decision, 1)), 0, size)
    return out


def _checksum(arrays: list[NDArray[Any]]) -> str:
    """Tells one county from another in what a run reports."""
    crc = 0
    for array in arrays:
        if array.size:
            crc = zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, crc)
    return f"{crc:08x}"


def _some(values: NDArray[Any]) -> str:
    """The first few values, and the last."""
    first = [shown(one) for one in values[:3]]
    return ", ".join(first if values.size <= 3 else [*first, "...", shown(values[-1])])


def _listed(table: pd.DataFrame) -> str:
    return ", ".join(repr(column) for column in table.columns) or "none"
