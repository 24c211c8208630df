"""What a county turned out to be, beside what was asked for: `County.summary`."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.packing import ID_MASK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.county import County

BLOCK = 1 << 21
"""Ties looked at in one go."""
MANY_TIES = 5_000_000
"""Figures that need both ends of ties are of residents with about so many, where a county has more."""
SAMPLE_KEY = 0x6B6F6373696D0001
"""Any fixed number: the sample must not change from call to call, nor depend on a run's seed."""
NORMAL_90, NORMAL_99 = 1.2815515655446004, 2.3263478740408408
"""Quantiles of the standard normal distribution."""


def summarise(county: County, sample: int = 2000) -> pd.DataFrame:
    """Measure a county.

    Parameters
    ----------
    county : County
    sample : int
        Residents on whom clustering and reciprocity are measured, spread evenly over the rows; at least 1.

    Returns
    -------
    DataFrame
        Index "quantity"; columns "asked" (NaN where nothing was asked, or what comes out follows from several
        parameters at once), "got" (NaN where there is nothing to measure) and "unit".

    Notes
    -----
    Clustering is local: of the pairs of those who hear a resident, the share in which one hears the other,
    averaged over residents whom at least two hear. Components are weak: the direction of ties does not count.
    Above 5 million ties, shares of ties inside communities and townships and the degree correlation are of
    residents with about so many ties between them, spread evenly over the rows. All other figures are of the
    whole county.
    """
    import pandas as pd

    asked = _asked(county)
    rows = [
        *_people(county), *_friends(county), *_structure(county, sample), *_between(county), *_kocs(county),
        *_super_kocs(county), *_groups(county), *_shops(county), *_storage(county),
    ]
    table = pd.DataFrame(
        [(asked.get(name, math.nan), float(got), unit) for name, got, unit in rows],
        index=pd.Index([name for name, _, _ in rows], name="quantity"), columns=["asked", "got", "unit"],
    )
    return table


Row = tuple[str, float, str]


def _people(c: County) -> list[Row]:
    homes = np.bincount(c.household)
    homes = homes[homes > 0]
    return [
        ("residents", c.n, "residents"),
        ("households", homes.size, "households"),
        ("household size: mean", c.n / homes.size, "residents"),
        ("communities", c.communities, "communities"),
        ("community size: median", float(np.median(c.community_population)), "residents"),
    ]


def _friends(c: County) -> list[Row]:
    degree = c.friends.out_degree()
    median, high, top = _quantiles(degree, 0.5, 0.9, 0.99)
    strength = sum(int((ties >> np.uint32(24)).sum(dtype=np.uint64)) for _, _, ties in _blocks(c))
    return [
        ("contacts: median", _quantiles(c.contacts, 0.5)[0], "contacts"),
        ("ties", c.friends.m, "ties"),
        ("friends in the county: mean", float(degree.mean()), "residents"),
        ("friends in the county: median", median, "residents"),
        ("friends in the county: 90th percentile", high, "residents"),
        ("friends in the county: 99th percentile", top, "residents"),
        ("friends in the county: most", float(degree.max()), "residents"),
        ("residents without friends", float((degree == 0).mean()), "share"),
        ("tie strength: mean", _share(strength, 255 * c.friends.m), "strength"),
    ]


def _structure(c: County, sample: int) -> list[Row]:
    """Who is tied to whom."""
    from kocsim.kernels import world

    offsets, ties = c.friends.offsets, c.friends.ties
    who = _sample(c.n, sample)
    local = np.empty(who.size)
    world.clustering(offsets, ties, who, local)
    local = local[local >= 0]
    returned: Any = world.reciprocated(offsets, ties, who)
    parent = np.empty(c.n, np.int64)
    world.components(offsets, ties, parent)
    parts = np.bincount(parent)
    community, township, correlation = _along_ties(c)
    return [
        ("clustering: mean", float(local.mean()) if local.size else math.nan, "share"),
        ("ties returned", _share(*returned), "share"),
        ("degree correlation", correlation, "correlation"),
        ("components", float(np.count_nonzero(parts)), "components"),
        ("largest component", float(parts.max()) / c.n, "share of residents"),
        ("ties within the community", community, "share"),
        ("ties within the township", township, "share"),
    ]


def _along_ties(c: County) -> tuple[float, float, float]:
    """Share of ties inside a community and inside a township; how degrees at both ends of a tie correlate."""
    offsets, degree = c.friends.offsets, c.friends.out_degree()
    who = _sample(c.n, max(1, c.n * MANY_TIES // c.friends.m) if c.friends.m > MANY_TIES else c.n)
    many = degree[who]
    source = np.repeat(who, many)
    inside = np.arange(source.size) - np.repeat(np.cumsum(many) - many, many)
    target = (c.friends.ties[np.repeat(offsets[who], many) + inside] & ID_MASK).astype(np.int64)
    a, b = c.community[source], c.community[target]
    town = c.community_township
    return (
        _share(int(np.count_nonzero(a == b)), source.size),
        _share(int(np.count_nonzero(town[a] == town[b])), source.size),
        _correlation(degree[source].astype(np.float64), degree[target].astype(np.float64)),
    )


def _between(c: County) -> list[Row]:
    """Ties between counties that were joined."""
    if "counties" not in c.asked:
        return []
    at = np.concatenate([[0], np.cumsum(np.bincount(c.columns["county"]))])
    bounds = c.friends.offsets[at]
    friends = contacts = 0
    for lo, hi, a, z in zip(at, at[1:], bounds, bounds[1:], strict=False):
        friends += _outside(c.friends.ties[a:z], lo, hi)
        rows = c.koc_offsets[np.searchsorted(c.koc, [lo, hi])]
        own = slice(*rows)
        contacts += _outside(c.koc_ties[own][c.koc_via[own] & 1 == 1], lo, hi)
    return [
        ("counties", len(c.asked["counties"]), "counties"),
        ("friends in other counties: mean", friends / c.n, "residents"),
        ("KOC contacts in other counties: mean", contacts / c.koc.size if c.koc.size else math.nan, "residents"),
    ]


def _outside(ties: NDArray[np.uint32], lo: int, hi: int) -> int:
    """Ties to others than residents lo..hi."""
    ids = ties & ID_MASK
    return int(np.count_nonzero((ids < lo) | (ids >= hi)))


def _contacts(c: County) -> NDArray[np.int64]:
    """Contacts of each KOC; shape (k,)."""
    first = np.zeros(c.koc_ties.size + 1, np.int64)
    np.cumsum(c.koc_via & 1, out=first[1:])
    return first[c.koc_offsets[1:]] - first[c.koc_offsets[:-1]]


def _super_kocs(c: County) -> list[Row]:
    """KOCs who are followed beside their contacts."""
    if "super_koc" not in c.columns:
        return []
    contacts = _contacts(c)[c.columns["super_koc"][c.koc]]
    mean = float(contacts.mean()) if contacts.size else math.nan
    return [
        ("super-KOCs", contacts.size, "KOCs"),
        ("super-KOC contacts and followers: mean", mean, "residents"),
    ]


def _kocs(c: County) -> list[Row]:
    contacts = _contacts(c)
    median, high, most = _quantiles(contacts, 0.5, 0.9, 1.0)
    led = np.diff(c.group_offsets)[c.group_leader >= 0]
    strength = float((c.koc_ties >> np.uint32(24)).mean()) / 255 if c.koc_ties.size else math.nan
    return [
        ("KOCs", c.koc.size, "KOCs"),
        ("KOC contacts: median", median, "residents"),
        ("KOC contacts: 90th percentile", high, "residents"),
        ("KOC contacts: most", most, "residents"),
        ("KOC tie strength: mean", strength, "strength"),
        ("groups led by KOCs", led.size, "groups"),
        ("groups led by KOCs, size: median", _quantiles(led, 0.5)[0], "residents"),
        ("KOCs who reach a resident: mean", c.koc_ties.size / c.n, "KOCs"),
        ("residents whom no KOC reaches", float((c.kocs_in == 0).mean()), "share"),
    ]


def _groups(c: County) -> list[Row]:
    size = np.diff(c.group_offsets)
    social = size[c.group_leader < 0]
    median, most = _quantiles(social, 0.5, 1.0)
    return [
        ("social groups", social.size, "groups"),
        ("social groups of a resident: mean", float(social.sum()) / c.n, "groups"),
        ("social group size: median", median, "residents"),
        ("social group size: most", most, "residents"),
        ("groups of a resident, led ones included: mean", float(size.sum()) / c.n, "groups"),
    ]


def _shops(c: County) -> list[Row]:
    far = c.community_shop < 0
    return [
        ("shops", c.shops, "shops"),
        ("residents without a shop in reach", float(c.community_population[far].sum()) / c.n, "share"),
    ]


def _storage(c: County) -> list[Row]:
    return [
        ("self-ties set aside", c.friends.dropped.get("self_ties", 0), "ties"),
        ("duplicate ties set aside", c.friends.dropped.get("duplicates", 0), "ties"),
        ("memory", c.nbytes / c.n, "bytes/resident"),
    ]


def _asked(c: County) -> dict[str, float]:
    """What the county's parameters say of each quantity; nothing for a user's own network."""
    asked = c.asked
    out: dict[str, float] = {
        quantity: asked[name]
        for name, quantity in (("residents", "residents"), ("kocs", "KOCs"), ("shops", "shops"))
        if name in asked
    }
    if "population" in asked:
        p = asked["population"]
        out["household size: mean"] = p["household_mean"]
        out["community size: median"] = p["community_median"]
    if "friends" in asked:
        out |= _asked_friends(asked["friends"], c.n)
    if "counties" in asked:
        inside = c.friends.m / c.n / (1 + asked["ties"])
        out["friends in other counties: mean"] = asked["ties"] * inside
    if "groups" in asked:
        g = asked["groups"]
        out["social groups of a resident: mean"] = g["per_resident"]
        out["social group size: median"] = g["median"]
        out["groups led by KOCs"] = g["led"] * c.koc.size
        out["groups led by KOCs, size: median"] = min(g["led_median"], g["cap"])
    return out


def _asked_friends(f: dict[str, Any], n: int) -> dict[str, float]:
    def quantile(z: float, most: float) -> float:
        return min(float(f["median"]) * math.exp(f["sigma"] * z), most)

    here, cap = f["in_county"], float(f["cap"])
    accounts = min(cap * f["koc_accounts"], n - 1)
    kocs: dict[str, float] = {}
    if not f.get("exchange"):
        kocs = {
            "KOC contacts: median": min(f["koc_median"], accounts),
            "KOC contacts: 90th percentile": min(
                f["koc_median"] * math.exp(f["koc_sigma"] * NORMAL_90), accounts
            ),
        }
    if f.get("super_kocs"):
        kocs["super-KOCs"] = f["super_kocs"]
    elif not f.get("exchange"):
        kocs["KOC tie strength: mean"] = f["strength_koc"]
    return kocs | {
        "contacts: median": quantile(0, cap),
        "friends in the county: mean": here * _capped_mean(f["median"], f["sigma"], cap),
        "friends in the county: median": here * quantile(0, cap),
        "friends in the county: 90th percentile": here * quantile(NORMAL_90, cap),
        "friends in the county: 99th percentile": here * quantile(NORMAL_99, cap),
        "ties returned": 1.0,
        "ties within the community": f["circle"] + f["community"],
        "ties within the township": f["circle"] + f["community"] + f["township"],
    }


def _capped_mean(median: float, sigma: float, cap: float) -> float:
    """Mean of the lesser of a lognormal number and `cap`."""
    if sigma == 0 or median == 0:
        return min(median, cap)
    z = math.log(cap / median) / sigma
    below = median * math.exp(sigma**2 / 2) * _normal_cdf(z - sigma)
    return below + cap * (1.0 - _normal_cdf(z))


def _normal_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _sample(n: int, size: int) -> NDArray[np.int64]:
    """Rows of residents, ascending: all, or one at a random place in each of `size` equal stretches."""
    from kocsim.kernels import world

    if size >= n:
        return np.arange(n)
    u = np.empty(size)
    world.uniforms(u, np.uint64(SAMPLE_KEY), 0, size)
    edges = np.arange(size + 1, dtype=np.int64) * n // size
    rows: NDArray[np.int64] = edges[:-1] + (u * np.diff(edges)).astype(np.int64)
    return rows


def _blocks(c: County) -> Iterator[tuple[int, int, NDArray[np.uint32]]]:
    """Friendship in ranges of rows with about `BLOCK` ties each."""
    offsets = c.friends.offsets
    cuts = np.searchsorted(offsets, np.arange(0, c.friends.m, BLOCK))
    ends = np.unique(np.append(cuts, c.n)).tolist()
    for lo, hi in itertools.pairwise(ends):
        yield lo, hi, c.friends.ties[offsets[lo] : offsets[hi]]


def _quantiles(values: NDArray[Any], *levels: float) -> list[float]:
    if not values.size:
        return [math.nan] * len(levels)
    return [float(q) for q in np.quantile(values, levels)]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if not x.size or not x.std() or not y.std():
        return math.nan
    return float(np.corrcoef(x, y)[0, 1])
