"""A synthetic county from the parameters in `kocsim.blueprint`.

Residents are numbered by township, community and household, so that who lives near stands near in every array. All
draws are hashes of (seed, decision, entity): the county is the same for any number of threads.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.catchments import nearest_shops
from kocsim.packing import ID_MASK
from kocsim.reach import with_further
from kocsim.rng import Decision, chance, stream
from kocsim.ties import Ties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from kocsim.blueprint import World
    from kocsim.county import County
    from kocsim.reach import Reach

SLOTS = 8
"""Mean number of lottery slots a resident: the grain in which contact counts enter the friendship lottery."""
DENSEST = 0.6
"""Part of a circle that one resident can have as friends."""


class _Pool:
    """Runs kernels over ranges of rows on a few threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def over(self, rows: int, work: Callable[[int, int, int], Any]) -> None:
        """Call ``work(thread, lo, hi)`` for equal ranges of `rows`, and wait for all of them."""
        cuts = [rows * t // self.threads for t in range(self.threads + 1)]
        if self.pool is None:
            work(0, 0, rows)
            return
        running: list[Future[Any]] = [
            self.pool.submit(work, t, cuts[t], cuts[t + 1]) for t in range(self.threads)
        ]
        for one in running:
            one.result()


def _u64(key: int) -> np.uint64:
    return np.uint64(key)


def _normal(seed: int, decision: Decision, size: int) -> NDArray[np.float64]:
    from kocsim.kernels import world

    out = np.empty(size)
    world.normals(out, _u64(stream(seed, decision)), 0, size)
    return out


def _uniform(seed: int, decision: Decision, size: int) -> NDArray[np.float64]:
    """Uniform draws in (0, 1), apart from the normal ones of the same decision."""
    from kocsim.kernels import world

    out = np.empty(size)
    world.uniforms(out, _u64(stream(seed, decision, 1)), 0, size)
    return out


def _sizes(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split `total` in proportion to weights; whole numbers that sum to it."""
    edges = np.rint(np.cumsum(weights) / weights.sum() * total).astype(np.int64)
    edges[-1] = total
    parts: NDArray[np.int64] = np.diff(edges, prepend=0)
    return parts


def _lognormal(z: NDArray[np.float64], median: float, sigma: float) -> NDArray[np.float64]:
    return median * np.exp(sigma * z)


def _offsets(sizes: Iterable[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    sizes = np.asarray(sizes, np.int64)
    offsets = np.zeros(sizes.size + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def generate(world: World, seed: int, threads: int) -> County:
    """Make a county; see `kocsim.County.generate`, which checks what comes in."""
    from kocsim.county import County

    pool = _Pool(threads)
    places = _places(world, seed)
    com_start, com_stop = places["community_start"][:-1], places["community_start"][1:]
    town = places["community_township"]
    town_start = com_start[np.searchsorted(town, town, side="left")]
    town_stop = com_stop[np.searchsorted(town, town, side="right") - 1]
    community = np.repeat(
        np.arange(com_start.size, dtype=np.int32), com_stop - com_start
    )
    household = _households(world, seed, com_start)
    contacts = _contacts(world, seed)
    housemates = np.bincount(household)[household] - 1
    contacts = np.maximum(contacts, housemates).astype(np.uint16)

    friends = _friends(
        world, seed, pool, contacts, household, community, com_start, com_stop, town_start, town_stop
    )
    koc, koc_contacts = _koc_contacts(
        world, seed, pool, community, town_start, town_stop
    )
    in_county = world.friends.in_county
    # a KOC's feed is as long as its list of contacts; at least its own in-county contacts
    apparent = np.diff(koc_contacts[0]) / max(in_county, 0.01)
    contacts[koc] = np.maximum(contacts[koc], np.minimum(apparent, 65_535).astype(np.uint16))
    group_offsets, members, leader = _groups(
        world, seed, pool, koc, koc_contacts, community, com_start, com_stop
    )
    koc_offsets, koc_ties, koc_via = _further(
        world, seed, koc, koc_contacts,
        _reach(world, seed, pool, koc, koc_contacts, group_offsets, members, leader),
    )
    shops = _shops(world, seed, places)
    if pool.pool is not None:
        pool.pool.shutdown()
    asked = {
        "residents": world.residents, "kocs": world.kocs, "shops": world.shops, "seed": seed,
        "population": world.population.model_dump(), "friends": world.friends.model_dump(),
        "groups": world.groups.model_dump(), "shop": world.shop.model_dump(),
    }
    return County(
        friends=friends, ties_in=np.diff(friends.offsets).astype(np.int32), contacts=contacts,
        household=household, community=community,
        koc=koc, koc_offsets=koc_offsets, koc_ties=koc_ties, koc_via=koc_via,
        group_offsets=group_offsets, group_members=members, group_leader=leader,
        community_x=places["x"], community_y=places["y"], community_township=town,
        **shops, columns=_columns(world, seed, koc), asked=asked,
    )


def _places(world: World, seed: int) -> dict[str, Any]:
    """Townships and communities: sizes, and centres on the plane in km."""
    n, p = world.residents, world.population
    seat = round(n * p.seat_share)
    outside = max(0, round((n - seat) / p.township_mean))
    if outside == 0:
        seat = n
    z = _normal(seed, Decision.TOWNSHIP, max(outside, 1))
    sizes = np.concatenate([[seat], _sizes(n - seat, np.exp(0.6 * z))]) if outside else np.array([n])
    side = float(np.sqrt(p.area))
    u = _uniform(seed, Decision.TOWNSHIP, 2 * 30 * sizes.size).reshape(-1, 30, 2)
    centres = np.empty((sizes.size, 2))
    centres[0] = side / 2
    for t in range(1, sizes.size):
        # of 30 candidate places the one farthest from the townships that are there: spread out, not a grid
        candidates = (0.08 + 0.84 * u[t]) * side
        apart = np.linalg.norm(candidates[:, None] - centres[None, :t], axis=2).min(axis=1)
        centres[t] = candidates[apart.argmax()]
    mean = p.community_median * np.exp(p.community_sigma**2 / 2)
    start, town, xs, ys = [0], [], [], []
    many = [max(1, round(size / mean)) for size in sizes]
    z = _normal(seed, Decision.COMMUNITY, sum(many))
    place = _normal(seed, Decision.PLACE, 2 * sum(many))
    at = 0
    reach = side / 3.0 / np.sqrt(sizes.size) * 0.8
    for t, (size, count) in enumerate(zip(sizes, many, strict=True)):
        parts = _sizes(int(size), np.exp(p.community_sigma * z[at : at + count]))
        for c, part in enumerate(parts):
            if part == 0:
                continue
            radius = reach * (0.45 if t == 0 else 1.0)
            xs.append(centres[t, 0] + radius * place[2 * (at + c)])
            ys.append(centres[t, 1] + radius * place[2 * (at + c) + 1])
            town.append(t)
            start.append(start[-1] + int(part))
        at += count
    return {
        "community_start": np.array(start, np.int64),
        "community_township": np.array(town, np.int32),
        "x": _folded(np.array(xs), side),
        "y": _folded(np.array(ys), side),
    }


def _folded(place: NDArray[np.float64], side: float) -> NDArray[np.float32]:
    """Places beyond the border, mirrored back into the county."""
    return (side - np.abs(side - np.abs(place) % (2 * side))).astype(np.float32)


def _households(world: World, seed: int, com_start: NDArray[np.int64]) -> NDArray[np.int32]:
    """Household of each resident: runs of 1 + Poisson(mean - 1) residents, at most 8."""
    n = world.residents
    mean = world.population.household_mean - 1.0
    poisson = np.exp(-mean) * np.cumprod(np.concatenate([[1.0], mean / np.arange(1, 7)]))
    u = _uniform(seed, Decision.HOUSEHOLD, n)  # n households always suffice
    ends = np.cumsum(1 + np.searchsorted(np.cumsum(poisson), u))
    starts = np.union1d(ends[ends < n], com_start)  # a household ends where its community ends
    return (np.searchsorted(starts, np.arange(n), side="right") - 1).astype(np.int32)


def _contacts(world: World, seed: int) -> NDArray[np.uint16]:
    f = world.friends
    z = _normal(seed, Decision.CONTACTS, world.residents)
    return np.minimum(np.rint(_lognormal(z, f.median, f.sigma)), f.cap).astype(np.uint16)


def _friends(
    world: World,
    seed: int,
    pool: _Pool,
    contacts: NDArray[np.uint16],
    household: NDArray[np.int32],
    community: NDArray[np.int32],
    com_start: NDArray[np.int64],
    com_stop: NDArray[np.int64],
    town_start: NDArray[np.int64],
    town_stop: NDArray[np.int64],
) -> Ties:
    from kocsim.kernels import world as kernels

    n, f = world.residents, world.friends
    ends = np.cumsum(np.bincount(household))
    outside = np.maximum(contacts * f.in_county - (np.diff(ends, prepend=0)[household] - 1.0), 0.0)
    # a circle can hold only so many friends; what does not fit is drawn from farther away
    room = np.minimum(f.circle_size, (com_stop - com_start)[community]) * DENSEST
    near = np.minimum(outside * f.circle, room)
    far = outside - near
    rest = max(0.0, 1.0 - f.circle - f.community - f.township)
    shares = np.array([0.0, 0.0, f.community, f.township, rest])
    shares = _reachable_shares(shares, n, com_start, com_stop, town_start, town_stop)
    luck = _uniform(seed, Decision.FRIENDS, n)
    near_slots, far_slots = _slots(near, luck), _slots(far, luck)
    base = np.array([f.strength_near] * 2 + [f.strength_far] * 3)
    strength = np.empty((5, 256), np.uint32)
    kernels.strength_table(strength, base, f.strength_spread)
    key = _u64(stream(seed, Decision.FRIENDS))
    count = np.zeros((pool.threads, n), np.int32)
    own = np.empty(n, np.int32)
    own_at = np.zeros(n, np.int64)
    pos = np.empty((pool.threads, n), np.int64)
    adj = np.empty(0, np.uint32)
    household_stop = ends[household].astype(np.int32)

    def draw(fill: bool) -> None:
        pool.over(n, lambda t, lo, hi: kernels.friends(
            count[t], own, adj, pos[t], own_at, fill, lo, hi, near, far, *near_slots,
            *far_slots, household_stop, f.circle_size, community, com_start, com_stop, town_start,
            town_stop, shares, strength, key,
        ))

    draw(False)
    offsets = np.empty(n + 1, np.int64)
    kernels.row_offsets(count, own, offsets, pos, own_at)
    adj = np.empty(int(offsets[-1]), np.uint32)
    draw(True)
    return Ties(offsets, adj, check=False)


def _slots(
    weight: NDArray[np.float64], luck: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[Any]]:
    """Lottery slots in proportion to `weight`, rounded up or down by luck.

    Returns where each resident's slots begin, and the two tables of `kocsim.kernels.world.slot_owners`.
    """
    from kocsim.kernels import world as kernels

    mean = max(float(weight.mean()), 1e-9)
    cum = _offsets(np.floor(SLOTS * weight / mean + luck).astype(np.int64))
    slots = int(cum[-1])
    first = np.empty((slots >> kernels.SLOT_BLOCK) + 1, np.uint32)
    beyond: NDArray[Any] = np.empty(slots, np.uint16)
    if not kernels.slot_owners(first, beyond, cum):
        beyond = np.empty(slots, np.uint32)
        kernels.slot_owners(first, beyond, cum)
    return cum, first, beyond


def _reachable_shares(
    shares: NDArray[np.float64],
    n: int,
    com_start: NDArray[np.int64],
    com_stop: NDArray[np.int64],
    town_start: NDArray[np.int64],
    town_stop: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Shares of the tiers outside the circle, scaled to sum to 1; a tier that is nowhere there gets none."""
    there = np.array([
        False, False, True, bool((town_stop - town_start > com_stop - com_start).any()),
        bool((n > town_stop - town_start).any()),
    ])
    kept = np.where(there, shares, 0.0)
    total = kept.sum()
    return kept / total if total > 0 else np.where(there, 1.0 / there.sum(), 0.0)


def _koc_contacts(
    world: World,
    seed: int,
    pool: _Pool,
    community: NDArray[np.int32],
    town_start: NDArray[np.int64],
    town_stop: NDArray[np.int64],
) -> tuple[NDArray[np.int32], tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """Which residents are KOCs (one in each of K equal stretches of the county), and their contacts."""
    from kocsim.kernels import world as kernels

    n, k, f = world.residents, world.kocs, world.friends
    stretch = np.arange(k + 1, dtype=np.int64) * n // max(k, 1)
    u = _uniform(seed, Decision.KOC, k)
    koc = (stretch[:-1] + (u * np.diff(stretch)).astype(np.int64)).astype(np.int32)
    z = _normal(seed, Decision.KOC_CONTACTS, k)
    most = min(f.cap * f.koc_accounts, n - 1)
    wanted = np.minimum(np.rint(_lognormal(z, f.koc_median, f.koc_sigma)), most).astype(np.int64)
    start, stop = town_start[community[koc]], town_stop[community[koc]]
    others = stop - start - 1
    local = wanted * (f.koc_local + (1.0 - f.koc_local) * others / max(n - 1, 1))
    at_home = np.floor(local + _uniform(seed, Decision.KOC_TIES, k)).astype(np.int64)
    at_home = np.minimum(np.maximum(at_home, wanted - (n - 1 - others)), np.minimum(others, wanted))
    offsets = _offsets(wanted)
    contacts = np.empty(int(offsets[-1]), np.uint32)
    key = _u64(stream(seed, Decision.KOC_TIES))
    pool.over(k, lambda t, lo, hi: kernels.home_and_away(
        contacts, offsets, at_home, start, stop, koc.astype(np.int64), n, key, lo, hi))
    return koc, (offsets, contacts)


def _groups(
    world: World,
    seed: int,
    pool: _Pool,
    koc: NDArray[np.int32],
    koc_contacts: tuple[NDArray[np.int64], NDArray[np.uint32]],
    community: NDArray[np.int32],
    com_start: NDArray[np.int64],
    com_stop: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32]]:
    """Members of social groups, then of the groups that KOCs lead; rows ascending."""
    from kocsim.kernels import world as kernels

    n, g = world.residents, world.groups
    mean = max(1.0, g.median * np.exp(g.sigma**2 / 2))
    rough = round(n * g.per_resident / mean)
    z = _normal(seed, Decision.GROUP, rough)
    size = np.clip(np.rint(_lognormal(z, g.median, g.sigma)), 2, min(g.cap, n)).astype(np.int64)
    if size.size and size.mean() > 0:  # the cap lowers the mean, so take as many groups as give the asked total
        many = max(1, round(n * g.per_resident / float(size.mean()))) if g.per_resident else 0
        size = np.resize(size, many)
    home = community[(_uniform(seed, Decision.GROUP, size.size) * n).astype(np.int64)]
    start, stop = com_start[home], com_stop[home]
    at_home = np.minimum(np.rint(size * g.local).astype(np.int64), stop - start)
    at_home = np.maximum(at_home, size - (n - (stop - start)))
    offsets = _offsets(size)
    members = np.empty(int(offsets[-1]), np.uint32)
    nobody = np.full(size.size, -1, np.int64)
    key = _u64(stream(seed, Decision.MEMBERS))
    pool.over(size.size, lambda t, lo, hi: kernels.home_and_away(
        members, offsets, at_home, start, stop, nobody, n, key, lo, hi))

    led_offsets, led, leader = _led_groups(
        world, seed, pool, koc, koc_contacts, community, com_start, com_stop
    )
    offsets = np.concatenate([offsets, offsets[-1] + led_offsets[1:]])
    members = np.concatenate([members, led])
    key = _u64(stream(seed, Decision.STRENGTH))
    pool.over(offsets.size - 1, lambda t, lo, hi: kernels.pair_strengths(
        members, offsets, g.strength, world.friends.strength_spread, key, lo, hi))
    return offsets, members, np.concatenate([nobody.astype(np.int32), leader])


def _led_groups(
    world: World,
    seed: int,
    pool: _Pool,
    koc: NDArray[np.int32],
    koc_contacts: tuple[NDArray[np.int64], NDArray[np.uint32]],
    community: NDArray[np.int32],
    com_start: NDArray[np.int64],
    com_stop: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32]]:
    from kocsim.kernels import world as kernels

    g, k = world.groups, koc.size
    leader = np.repeat(np.arange(k, dtype=np.int32), g.led)
    rows = leader.size
    z = _normal(seed, Decision.LED_GROUP, rows)
    size = np.minimum(np.rint(_lognormal(z, g.led_median, g.led_sigma)), g.cap).astype(np.int64)
    have = np.diff(koc_contacts[0])[leader] if rows else np.zeros(0, np.int64)
    from_contacts = np.minimum(np.rint(size * g.led_from_contacts).astype(np.int64), have)
    start, stop = com_start[community[koc]][leader], com_stop[community[koc]][leader]
    from_home = np.minimum(size - from_contacts, stop - start - 1)
    key = stream(seed, Decision.LED_GROUP)
    a_at, b_at = _offsets(from_contacts), _offsets(from_home)
    a, b = np.empty(int(a_at[-1]), np.uint32), np.empty(int(b_at[-1]), np.uint32)
    me = koc[leader].astype(np.int64)
    pool.over(rows, lambda t, lo, hi: kernels.sample_rows(
        a, a_at, koc_contacts[1], koc_contacts[0], leader.astype(np.int64), _u64(key), lo, hi))
    pool.over(rows, lambda t, lo, hi: kernels.home_and_away(
        b, b_at, from_home, start, stop, me, world.residents, _u64(key), lo, hi))
    out_at = a_at + b_at
    wide, via = np.empty(int(out_at[-1]), np.uint32), np.empty(int(out_at[-1]), np.uint8)
    length = np.zeros(rows, np.int64)
    scratch = np.empty((pool.threads, int(np.diff(out_at).max(initial=0))), np.uint32)
    pool.over(rows, lambda t, lo, hi: kernels.reach_rows(
        wide, via, out_at, length, a, a_at, b, b_at, 1, 1, me, lo, hi, scratch[t]))
    offsets = _offsets(length)
    members, bits = np.empty(int(offsets[-1]), np.uint32), np.empty(int(offsets[-1]), np.uint8)
    kernels.close_gaps(members, bits, offsets, wide, via, out_at)
    return offsets, members, leader


def _reach(
    world: World,
    seed: int,
    pool: _Pool,
    koc: NDArray[np.int32],
    koc_contacts: tuple[NDArray[np.int64], NDArray[np.uint32]],
    group_offsets: NDArray[np.int64],
    members: NDArray[np.uint32],
    leader: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]:
    """All whom a KOC reaches, each once: as a contact, as a member of a group it leads, or both."""
    from kocsim.kernels import world as kernels

    k, led = koc.size, world.groups.led
    first = int(np.searchsorted(leader, 0))  # led groups stand last, in the order of their leaders
    member_at = group_offsets[first:] - group_offsets[first]
    led_members = members[group_offsets[first]:] & ID_MASK
    at = koc_contacts[0]
    out_at = at + member_at[:: led] if led else at
    wide, wide_via = np.empty(int(out_at[-1]), np.uint32), np.empty(int(out_at[-1]), np.uint8)
    length = np.zeros(k, np.int64)
    scratch = np.empty((pool.threads, int(np.diff(out_at).max(initial=0))), np.uint32)
    pool.over(k, lambda t, lo, hi: kernels.reach_rows(
        wide, wide_via, out_at, length, koc_contacts[1], at, led_members, member_at, led, 2,
        koc.astype(np.int64), lo, hi, scratch[t]))
    offsets = _offsets(length)
    ties, via = np.empty(int(offsets[-1]), np.uint32), np.empty(int(offsets[-1]), np.uint8)
    kernels.close_gaps(ties, via, offsets, wide, wide_via, out_at)
    f = world.friends
    key = _u64(stream(seed, Decision.KOC_TIES, 2))
    pool.over(k, lambda t, lo, hi: kernels.pair_strengths(
        ties, offsets, f.strength_koc, f.strength_spread, key, lo, hi))
    return offsets, ties, via


def _columns(world: World, seed: int, koc: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    """What residents are beside what every county says of them."""
    if not world.friends.super_kocs:
        return {}
    is_super = np.zeros(world.residents, np.bool_)
    is_super[koc[_super_kocs(world, seed)]] = True
    return {"super_koc": is_super}


def _super_kocs(world: World, seed: int) -> NDArray[np.int64]:
    """Numbers of the KOCs with followers, ascending: those with the smallest draws."""
    order = np.argsort(_uniform(seed, Decision.SUPER_KOC, world.kocs), kind="stable")
    return np.sort(order[: world.friends.super_kocs])


def _partners(world: World, seed: int) -> NDArray[np.int64]:
    """With whom each KOC exchanges contacts, by number: neighbours in the order of their draws; -1 for the odd one."""
    order = np.argsort(_uniform(seed, Decision.PARTNER, world.kocs), kind="stable")
    partner = np.full(world.kocs, -1, np.int64)
    pairs = order[: world.kocs // 2 * 2].reshape(-1, 2)
    partner[pairs] = pairs[:, ::-1]
    return partner


def _further(
    world: World, seed: int, koc: NDArray[np.int32], koc_contacts: tuple[NDArray[np.int64], NDArray[np.uint32]],
    reach: Reach,
) -> Reach:
    """Whom KOCs reach beyond their own contacts and groups: followers, and contacts of a partner."""
    from kocsim.kernels import contacts as kernels
    from kocsim.kernels import world as drawing

    n, k, f = world.residents, world.kocs, world.friends
    if f.super_kocs and f.super_audience:
        many = np.zeros(k, np.int64)
        many[_super_kocs(world, seed)] = min(f.super_audience, n - 1)
        offsets = _offsets(many)
        followers = np.empty(int(offsets[-1]), np.uint32)
        me, nobody = koc.astype(np.int64), np.full(k, -1, np.int64)
        drawing.home_and_away(
            followers, offsets, np.zeros(k, np.int64), me, me + 1, nobody, n,
            _u64(stream(seed, Decision.FOLLOWERS)), 0, k)
        drawing.pair_strengths(
            followers, offsets, f.strength_super, f.strength_spread, _u64(stream(seed, Decision.FOLLOWERS, 1)), 0, k)
        reach = with_further(reach, koc, offsets, followers)
    if f.exchange:
        # rows of what each gives, with the strengths of the giver's own ties
        keep = np.empty(koc_contacts[1].size, np.bool_)
        kernels.given(
            keep, koc_contacts[1], koc_contacts[0], _u64(stream(seed, Decision.EXCHANGE)),
            np.uint32(chance(f.exchange)))
        passed = koc_contacts[1][keep]
        at = np.concatenate([[0], np.cumsum(keep)])[koc_contacts[0]]
        drawing.pair_strengths(
            passed, at, f.strength_koc, f.strength_spread, _u64(stream(seed, Decision.KOC_TIES, 2)), 0, k)
        kernels.weaken(passed, f.exchange_strength)
        partner = _partners(world, seed)
        paired = partner >= 0
        many = np.where(paired, np.diff(at)[partner], 0)
        offsets = _offsets(many)
        inside = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], many)
        received = passed[np.repeat(at[partner], many) + inside]
        reach = with_further(reach, koc, offsets, received)
    return reach


def _shops(world: World, seed: int, places: dict[str, Any]) -> dict[str, Any]:
    """Each shop stands in a community drawn by population; each community goes to the nearest shop in reach."""
    weights = np.diff(places["community_start"]).astype(np.float64)
    x, y = places["x"], places["y"]
    u = np.sort(_uniform(seed, Decision.SHOP, world.shops))
    where = np.searchsorted(np.cumsum(weights) / weights.sum(), u).astype(np.int32)
    return nearest_shops(where, x, y, world.shop.catchment)
