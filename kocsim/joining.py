"""Several counties as one, joined by few ties: `County.join`."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kocsim.county import County
from kocsim.countycheck import check_size
from kocsim.errors import DataError, ParameterError, at_least
from kocsim.packing import ID_BITS, pack_edges, read_only, survey
from kocsim.reach import with_further
from kocsim.rng import Decision, stream
from kocsim.ties import Ties
from kocsim.wording import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.reach import Reach

CONTACTS_MOST = 65_535
GAP = 1.0
"""Between two counties on the plane lies the largest catchment and so many km."""
PARTS_OF_PAIRS = 2
"""Of all pairs of residents of different counties, at most one in so many can be friends."""


class _Places(NamedTuple):
    """Where the rows of each county begin in the joined one; an entry a county, and the total."""

    residents: NDArray[np.int64]
    households: NDArray[np.int64]
    communities: NDArray[np.int64]
    townships: NDArray[np.int64]
    shops: NDArray[np.int64]
    kocs: NDArray[np.int64]


def join(
    counties: Mapping[str, County], ties: float, koc_ties: float, strength: float, spread: float, seed: int
) -> County:
    """See `County.join`."""
    members = _checked(counties)
    names, all_of = list(members), list(members.values())
    for name, value in (("ties", ties), ("koc_ties", koc_ties), ("strength", strength), ("spread", spread)):
        _check_share(name, value)
    seed = at_least("seed", seed, 0)
    at = _Places(*(
        np.concatenate([[0], np.cumsum([size(c) for c in all_of])]) for size in (
            lambda c: c.n, lambda c: int(c.household.max()) + 1, lambda c: c.communities,
            lambda c: int(c.community_township.max()) + 1, lambda c: c.shops, lambda c: c.koc.size)
    ))
    bytes_of = _strengths(strength, spread)
    between = _friendships(all_of, at.residents, ties, bytes_of, seed)
    friends = _joined_friends(all_of, names, at.residents, between)
    koc = _end_to_end([c.koc for c in all_of], at.residents)
    reach = _reach(all_of, koc, at, koc_ties, (strength, spread), seed)
    met = np.diff(between[0])
    contacts = _contacts(all_of, np.diff(friends.offsets), met, koc, reach)
    heard = np.concatenate([c.ties_in for c in all_of]) + met.astype(np.int32)
    asked = {
        "source": "joined", "residents": int(at.residents[-1]), "kocs": int(at.kocs[-1]), "shops": int(at.shops[-1]),
        "ties": float(ties), "koc_ties": float(koc_ties), "strength": float(strength), "spread": float(spread),
        "seed": seed, "counties": {name: c.asked for name, c in members.items()},
    }
    return County(
        friends=friends, ties_in=heard, contacts=contacts,
        household=_end_to_end([c.household for c in all_of], at.households),
        community=_end_to_end([c.community for c in all_of], at.communities),
        koc=koc, koc_offsets=reach[0], koc_ties=reach[1], koc_via=reach[2],
        group_offsets=_offsets_end_to_end([c.group_offsets for c in all_of]),
        group_members=_end_to_end([c.group_members for c in all_of], at.residents),
        group_leader=_end_to_end([c.group_leader for c in all_of], at.kocs, least=0),
        community_x=_side_by_side(all_of), community_y=np.concatenate([c.community_y for c in all_of]),
        community_township=_end_to_end([c.community_township for c in all_of], at.townships),
        community_shop=_end_to_end([c.community_shop for c in all_of], at.shops, least=0),
        shop_community=_end_to_end([c.shop_community for c in all_of], at.communities),
        columns=_columns(members), asked=asked,
    )


# ---- what comes in


def _checked(counties: Mapping[str, County]) -> dict[str, County]:
    if not isinstance(counties, Mapping):
        raise ParameterError(f"counties must be a mapping from names to counties; got {shown(counties)}.")
    if not counties:
        raise ParameterError("counties must name at least one county; got none.")
    for name, county in counties.items():
        if not isinstance(name, str) or not name:
            raise ParameterError(f"A county's name must be text; got {shown(name)}.")
        if not isinstance(county, County):
            raise ParameterError(f"counties[{name!r}] must be a County; got {shown(county)}.")
    check_size(sum(county.n for county in counties.values()))
    return dict(counties)


def _check_share(name: str, value: Any) -> None:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0 <= float(value) <= 1:
        raise ParameterError(f"{name} must lie in [0, 1]; got {shown(value)}.")


# ---- rows laid end to end


def _end_to_end(
    columns: list[NDArray[Any]], starts: NDArray[np.int64], least: int | None = None
) -> NDArray[Any]:
    """Columns of numbers, each raised by where its county begins; those below `least` are left as they are.

    The low bits of a tie are raised without touching its strength: there are at most 2**24 residents.
    """
    out: NDArray[Any] = np.concatenate(columns)
    a = 0
    for column, start in zip(columns, starts.tolist(), strict=False):
        part = out[a : a + column.size]
        if start:
            np.add(part, part.dtype.type(start), out=part, where=True if least is None else part >= least)
        a += column.size
    return out


def _offsets_end_to_end(offsets: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    ends = np.cumsum([0, *(int(one[-1]) for one in offsets)]).tolist()
    return np.concatenate([[0], *(one[1:] + end for one, end in zip(offsets, ends, strict=False))])


def _side_by_side(counties: list[County]) -> NDArray[np.float32]:
    """Where communities lie from west to east, the first county where it was."""
    gap = max(_catchment(c.asked) for c in counties) + GAP
    east, columns = None, []
    for c in counties:
        x = c.community_x
        if east is not None:
            x = (x.astype(np.float64) + (east + gap - float(x.min()))).astype(np.float32)
        east = float(x.max())
        columns.append(x)
    return np.concatenate(columns)


def _catchment(asked: Mapping[str, Any]) -> float:
    """Of a generated county, of a user's own, or the largest of joined ones."""
    if "counties" in asked:
        return max(_catchment(one) for one in asked["counties"].values())
    return float(asked["shop"]["catchment"] if "shop" in asked else asked.get("catchment", 0.0))


def _columns(members: dict[str, County]) -> dict[str, NDArray[Any]]:
    """Further columns of all counties, and where each resident lives."""
    made = ["county", *(f"in_{name}" for name in members)]
    kinds: dict[str, str] = {}
    for name, county in members.items():
        for column, values in county.columns.items():
            if column in made:
                raise DataError(
                    f"County {name!r} has a column {column!r}, which joining makes: rename it, or join all counties at "
                    "once."
                )
            if kinds.setdefault(column, values.dtype.kind) != values.dtype.kind:
                raise DataError(f"Column {column!r} of county {name!r} holds values of another kind than before.")
    columns: dict[str, NDArray[Any]] = {}
    for column, kind in kinds.items():
        lacks = next((name for name, county in members.items() if column not in county.columns), None)
        if lacks is not None and kind != "b":
            raise DataError(
                f"County {lacks!r} has no column {column!r}; only columns of truth values may be missing (false there)."
            )
        columns[column] = np.concatenate([
            county.columns.get(column, np.zeros(county.n, np.bool_)) for county in members.values()
        ])
    sizes = [county.n for county in members.values()]
    columns["county"] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    for number, name in enumerate(members):
        columns[f"in_{name}"] = columns["county"] == number
    return columns


# ---- ties between counties


def _uniforms(seed: int, decision: Decision, turn: int, lo: int, hi: int) -> NDArray[np.float64]:
    """Draws number lo to hi of an endless row."""
    from kocsim.kernels import world

    out = np.empty(hi)
    world.uniforms(out, np.uint64(stream(seed, decision, turn)), lo, hi)
    return out[lo:]


def _strengths(strength: float, spread: float) -> NDArray[np.uint8]:
    """Strength byte by 8 random bits."""
    from kocsim.kernels import world

    table = np.empty((1, 256), np.uint32)
    world.strength_table(table, np.array([float(strength)]), float(spread))
    strengths: NDArray[np.uint8] = (table[0] >> np.uint32(ID_BITS)).astype(np.uint8)
    return strengths


def _friendships(
    counties: list[County], starts: NDArray[np.int64], ties: float, bytes_of: NDArray[np.uint8], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Friendships between counties as rows, ascending.

    All pairs of residents of different counties are equally likely; pairs are drawn one after the other, and those
    drawn before are passed over, so that a larger share has all the friendships of a smaller one.
    """
    n = int(starts[-1])
    sizes = np.diff(starts)
    pairs = (n * n - int((sizes * sizes).sum())) // 2
    wanted = round(ties * sum(c.friends.m for c in counties) / 2) if pairs else 0
    if wanted > pairs // PARTS_OF_PAIRS:
        raise ParameterError(
            f"ties = {ties:g} asks for {wanted:,} friendships between counties with {pairs:,} pairs of residents; at "
            f"most {pairs // PARTS_OF_PAIRS:,} can be drawn."
        )
    if not wanted:
        return np.zeros(n + 1, np.int64), np.zeros(0, np.uint32)
    share = np.cumsum(sizes * (n - sizes)) / float((sizes * (n - sizes)).sum())
    share[np.flatnonzero(sizes)[-1] :] = 1.0
    found = np.zeros(0, np.int64)
    drawn = 0
    while found.size < wanted:
        more = drawn + (wanted - found.size) * 5 // 4 + 16
        a, b = np.empty(more - drawn, np.int64), np.empty(more - drawn, np.int64)
        from kocsim.kernels import contacts as kernels

        first, second = (_uniforms(seed, Decision.BETWEEN, turn, drawn, more) for turn in (1, 2))
        kernels.pairs_between(a, b, first, second, starts, share)
        every = np.concatenate([found, a << 24 | b])
        _, at = np.unique(every, return_index=True)
        at.sort()
        found, drawn = every[at[:wanted]], more
    luck = _uniforms(seed, Decision.BETWEEN, 3, 0, wanted)
    strengths = bytes_of[(luck * 256).astype(np.int64)]
    rows = pack_edges(survey(found >> 24, found & 0xFFFFFF), strengths, None, n, directed=False)
    return rows.offsets, rows.ties


def _joined_friends(
    counties: list[County], names: list[str], starts: NDArray[np.int64],
    between: tuple[NDArray[np.int64], NDArray[np.uint32]],
) -> Ties:
    """Every county's own friendships, and those between, row by row."""
    from kocsim.kernels import contacts as kernels

    offsets = _offsets_end_to_end([c.friends.offsets for c in counties]) + between[0]
    out = np.empty(int(offsets[-1]), np.uint32)
    at, ties = read_only(between[0]), read_only(between[1])
    for c, start in zip(counties, starts.tolist(), strict=False):
        kernels.joined_rows(out, offsets, c.friends.ties, c.friends.offsets, start, ties, at, start)
    dropped: dict[str, int] = {}
    for c in counties:
        for what, many in c.friends.dropped.items():
            dropped[what] = dropped.get(what, 0) + many
    return Ties(offsets, out, _labels(counties, names), dropped, check=False)


def _labels(counties: list[County], names: list[str]) -> NDArray[Any] | None:
    """Of a single county its own; of several (county, label) where any has labels; otherwise none."""
    if len(counties) == 1:
        return counties[0].friends.labels
    if all(c.friends.labels is None for c in counties):
        return None
    labels = np.empty(sum(c.n for c in counties), object)
    a = 0
    for name, c in zip(names, counties, strict=True):
        own = range(c.n) if c.friends.labels is None else c.friends.labels.tolist()
        labels[a : a + c.n] = np.fromiter(zip(repeat(name, c.n), own, strict=True), object, c.n)
        a += c.n
    return labels


def _reach(
    counties: list[County], koc: NDArray[np.int32], at: _Places, share: float, strength: tuple[float, float], seed: int
) -> Reach:
    """Whom KOCs reach: in their own county as before, and `share` times as many contacts in the others."""
    from kocsim.kernels import world

    reach: Reach = (
        _offsets_end_to_end([c.koc_offsets for c in counties]),
        _end_to_end([c.koc_ties for c in counties], at.residents), np.concatenate([c.koc_via for c in counties]),
    )
    k, n = koc.size, int(at.residents[-1])
    if not share or not k or len(counties) == 1:
        return reach
    home = np.repeat(np.arange(len(counties)), np.diff(at.kocs))
    start, stop = at.residents[home], at.residents[home + 1]
    luck = _uniforms(seed, Decision.KOC_BETWEEN, 1, 0, k)
    many = np.floor(share * _contacts_of(reach) + luck).astype(np.int64)
    many = np.minimum(many, n - (stop - start))
    offsets = np.concatenate([[0], np.cumsum(many)])
    further = np.empty(int(offsets[-1]), np.uint32)
    none_at_home, nobody = np.zeros(k, np.int64), np.full(k, -1, np.int64)
    world.home_and_away(
        further, offsets, none_at_home, start, stop, nobody, n, np.uint64(stream(seed, Decision.KOC_BETWEEN)), 0, k)
    world.pair_strengths(
        further, offsets, *strength, np.uint64(stream(seed, Decision.KOC_BETWEEN, 2)), 0, k)
    return with_further(reach, koc, offsets, further)


def _contacts_of(reach: Reach) -> NDArray[np.int64]:
    """Contacts of each KOC, members who are none left out."""
    first = np.concatenate([[0], np.cumsum(reach[2] & 1, dtype=np.int64)])
    many: NDArray[np.int64] = first[reach[0][1:]] - first[reach[0][:-1]]
    return many


def _contacts(
    counties: list[County], friends: NDArray[np.int64], met: NDArray[np.int64], koc: NDArray[np.int32], reach: Reach
) -> NDArray[np.uint16]:
    """Contacts wherever they live: friends between counties are among them; more only where there are more friends."""
    contacts = np.concatenate([c.contacts for c in counties])
    most = np.minimum(friends, CONTACTS_MOST).astype(np.uint16)
    np.maximum(contacts, most, out=contacts, where=met > 0)
    before = np.concatenate([np.diff(c.koc_offsets) for c in counties])
    further = np.diff(reach[0]) > before
    mine = np.minimum(_contacts_of(reach), CONTACTS_MOST).astype(np.uint16)
    contacts[koc] = np.where(further, np.maximum(contacts[koc], mine), contacts[koc])
    return contacts
