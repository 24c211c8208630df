"""Networks of known law to try a rule on: complete, ring, torus, and random ones with given degrees.

Every tie runs both ways with strength 1, and nobody is tied to themselves or twice to the same resident. The random
ones are functions of their arguments and `seed`, for any number of threads.

>>> from kocsim import networks
>>> networks.ring(6, 2).row(0)
array([1, 5], dtype=int32)
"""

from __future__ import annotations

import numbers
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kocsim.errors import ParameterError, at_least
from kocsim.packing import FULL, ID_BITS, MAX_RESIDENTS
from kocsim.ties import Ties
from kocsim.wording import shown

IntArray = npt.NDArray[np.int64]

LARGEST_COMPLETE: Final = 2**15
"""Most residents of a stored complete network: 1,073,709,056 ties, 4.3 GB."""

_GNP, _PAIRING = 1, 2
"""Numbers of the random streams, so that two kinds of network with one seed have nothing in common."""
_ROUNDS: Final = 200
"""Rounds of switches after which a pairing is given up for a fresh one."""
_PAIRINGS: Final = 50
"""Fresh pairings after which a sequence of degrees is given up."""
_SIMPLE: Final = 2000
"""The same where a pairing must be simple as it is drawn."""


def complete(n: int) -> Ties:
    """Everybody hears everybody else.

    Parameters
    ----------
    n : int
        Number of residents, in [1, 32768]: all n (n - 1) ties are stored. `kocsim.WellMixed` is the same without
        storing any.

    Raises
    ------
    ParameterError
        If `n` is out of range.
    """
    n = at_least("n", n, 1, LARGEST_COMPLETE)
    others = np.arange(n - 1, dtype=np.uint32)
    row = np.arange(n, dtype=np.uint32)[:, None]
    return _rows(others + (others >= row))


def ring(n: int, k: int) -> Ties:
    """A ring on which everybody hears the k nearest: k / 2 on each side (Watts & Strogatz 1998 before any rewiring).

    Parameters
    ----------
    n : int
        Number of residents, in [1, 2**24]; resident i stands between i - 1 and i + 1, and n - 1 beside 0.
    k : int
        Number of neighbours, even, in [0, n - 1].

    Raises
    ------
    ParameterError
        If `n` or `k` is out of range, or `k` is odd.
    """
    n = at_least("n", n, 1, MAX_RESIDENTS)
    k = at_least("k", k, 0, n - 1)
    if k % 2:
        raise ParameterError(f"k must be even, half of the neighbours on each side; got {k}.")
    half = k // 2
    steps = np.concatenate([np.arange(-half, 0), np.arange(1, half + 1)]).astype(np.int32)
    rows = np.arange(n, dtype=np.int32)[:, None] + steps
    for edge in (rows[:half], rows[n - half :]):  # the two ends of the array meet; elsewhere rows ascend as they are
        edge %= n
        edge.sort(axis=1)
    return _rows(rows.view(np.uint32))


def torus(side: int, dimensions: int = 2) -> Ties:
    """A square (cubic, ...) lattice without borders; everybody hears the 2 x `dimensions` next ones (von Neumann).

    Parameters
    ----------
    side : int
        Residents along each dimension, at least 3; ``side ** dimensions`` residents in all, at most 2**24.
    dimensions : int, default 2
        In [1, 15]. In two, resident ``row * side + column`` stands at (row, column).

    Raises
    ------
    ParameterError
        If `side` or `dimensions` is out of range.
    """
    dimensions = at_least("dimensions", dimensions, 1, 15)
    longest = int(MAX_RESIDENTS ** (1 / dimensions))
    longest += (longest + 1) ** dimensions <= MAX_RESIDENTS  # roots such as 255.99999
    side = at_least("side", side, 3, longest)
    number = np.arange(side**dimensions, dtype=np.int32)
    rows = np.empty((number.size, 2 * dimensions), np.int32)
    for d in range(dimensions):
        stride = side**d
        place = number // stride % side
        rows[:, 2 * d] = number + np.where(place > 0, -stride, (side - 1) * stride)
        rows[:, 2 * d + 1] = number + np.where(place < side - 1, stride, (1 - side) * stride)
    rows.sort(axis=1)
    return _rows(rows.view(np.uint32))


def gnp(n: int, mean_degree: float, seed: int) -> Ties:
    """The random network G(n, p): each pair of residents is tied with probability p, independently of all others.

    The law is exact: the gaps between tied pairs, in a fixed order of all pairs, are geometric (Batagelj & Brandes
    2005, Phys. Rev. E 71, 036113). So the number of ties is binomial, and degrees are nearly Poisson.

    Parameters
    ----------
    n : int
        Number of residents, in [1, 2**24].
    mean_degree : float
        Expected number of contacts, in [0, n - 1]; p = mean_degree / (n - 1).
    seed : int
        At least 0.

    Raises
    ------
    ParameterError
        If an argument is out of range.
    """
    n = at_least("n", n, 1, MAX_RESIDENTS)
    if not isinstance(mean_degree, numbers.Real) or isinstance(mean_degree, bool) or not 0 <= mean_degree <= n - 1:
        raise ParameterError(f"mean_degree must lie in [0, n - 1] = [0, {n - 1}]; got {shown(mean_degree)}.")
    rng = _stream(seed, _GNP)
    p = float(mean_degree) / (n - 1) if n > 1 else 0.0
    number = np.arange(n, dtype=np.int64)
    first = number * (number - 1) // 2  # pairs in the order (1, 0), (2, 0), (2, 1), (3, 0): those of j start here
    pair = _chosen(n * (n - 1) // 2, p, rng)
    larger = np.repeat(number, np.diff(np.searchsorted(pair, first), append=pair.size))
    return _both_ways(larger, pair - first[larger], n)


def regular(n: int, degree: int, seed: int) -> Ties:
    """A random network in which everybody has the same number of contacts.

    Parameters
    ----------
    n : int
        Number of residents, in [1, 2**24]; n x degree must be even.
    degree : int
        Contacts of each, in [0, n - 1].
    seed : int
        At least 0.

    Notes
    -----
    Uniform over all such networks exactly for degrees up to 3 (or from n - 4 up), otherwise nearly; see
    `configuration`.

    Raises
    ------
    ParameterError
        If an argument is out of range, or n x degree is odd.
    """
    n = at_least("n", n, 1, MAX_RESIDENTS)
    degree = at_least("degree", degree, 0, n - 1)
    if n * degree % 2:
        raise ParameterError(f"n x degree must be even; got n = {n} and degree = {degree}.")
    if degree > (n - 1) // 2:  # whom nobody knows is as random as whom one knows, and there is room to switch
        return _complement(regular(n, n - 1 - degree, seed))
    return configuration(np.full(n, degree), seed)


def configuration(degrees: npt.ArrayLike, seed: int) -> Ties:
    """A random network in which resident i has ``degrees[i]`` contacts.

    Ends of ties are paired at random (configuration model; Bollobás 1980). Where degrees are low, pairings are drawn
    anew until one is simple. Otherwise a pair of a resident with themselves, and each but one of equal pairs, exchanges
    an end with a pair picked at random, wherever this makes two pairs that were not there.

    Parameters
    ----------
    degrees : array of int, shape (n,)
        Number of contacts of each resident, in [0, n - 1], with an even sum.
    seed : int
        At least 0.

    Notes
    -----
    With l = sum d (d - 1) / (2 sum d), a random pairing is simple with probability near exp(-l - l**2). Up to
    l + l**2 = 3 the law is exactly uniform over all simple networks with these degrees; everybody with up to 3 contacts
    is such a case. Above, it is nearly uniform: about l + l**2 pairs in all need an exchange, however large n is, so
    that their share vanishes as n grows. It does not where a few residents have contacts in the order of the square
    root of all ties, or more: the largest are then tied to each other less at random.

    Raises
    ------
    ParameterError
        If `degrees` are not such numbers, or no simple network has them.
    """
    degree = _read_degrees(degrees)
    rng = _stream(seed, _PAIRING)
    ends = np.repeat(np.arange(degree.size, dtype=np.int64), degree)
    further = float((degree * (degree - 1)).sum() / max(2 * ends.size, 1))
    patient = further + further**2 <= 3  # then one pairing in 20 is simple, or more
    for _ in range(_SIMPLE if patient else _PAIRINGS):
        one, other = rng.permutation(ends).reshape(2, -1)
        if _mend(one, other, rng, rounds=1 if patient else _ROUNDS):
            return _both_ways(one, other, degree.size)
    raise ParameterError(
        f"degrees leave too little choice: their {ends.size} ends could not be paired at random."
    )


# -- from pairs and rows to ties -------------------------------------------------------------------


def _stream(seed: int, kind: int) -> np.random.Generator:
    return np.random.default_rng([at_least("seed", seed, 0), kind])


def _rows(receivers: npt.NDArray[np.uint32]) -> Ties:
    """Ties from a table with a row a resident, receivers ascending; it is used up."""
    n, k = receivers.shape
    receivers |= np.uint32(FULL << ID_BITS)
    return Ties(np.arange(n + 1, dtype=np.int64) * k, receivers.reshape(-1), check=False)


def _both_ways(one: IntArray, other: IntArray, n: int) -> Ties:
    """Ties from distinct pairs of distinct residents."""
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(one, minlength=n) + np.bincount(other, minlength=n), out=offsets[1:])
    key = np.empty((2, one.size), np.int64)
    np.bitwise_or(one << ID_BITS, other, out=key[0])
    np.bitwise_or(other << ID_BITS, one, out=key[1])
    words = key.reshape(-1)
    words.sort()
    ties = words.astype(np.uint32)
    ties |= np.uint32(FULL << ID_BITS)  # the low bits of the source lie below these, and are covered by them
    return Ties(offsets, ties, check=False)


def _complement(ties: Ties) -> Ties:
    """Those who are not tied become tied, and the other way round; everybody has as many contacts as anybody."""
    apart = np.ones((ties.n, ties.n), np.bool_)
    np.fill_diagonal(apart, False)
    apart[np.repeat(np.arange(ties.n), ties.out_degree()), ties.targets] = False
    others = np.nonzero(apart)[1].astype(np.uint32)
    return _rows(others.reshape(ties.n, -1))


def _chosen(size: int, p: float, rng: np.random.Generator) -> IntArray:
    """Numbers below `size`, each in with probability p, ascending."""
    if p == 0 or size == 0:
        return np.empty(0, np.int64)
    mean = size * p
    block = int(mean + 6 * mean**0.5) + 10  # enough at once nearly always
    parts: list[IntArray] = []
    last = -1
    while last < size:
        # a gap longer than everything is as good as one of that length, and cannot overflow the sum
        gaps = np.minimum(rng.geometric(p, block), size + 1)
        gaps[0] += last
        parts.append(np.cumsum(gaps, out=gaps))
        last = int(gaps[-1])
    chosen = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return chosen[: np.searchsorted(chosen, size)]


# -- pairing ---------------------------------------------------------------------------------------


def _read_degrees(degrees: Any) -> IntArray:
    """Degrees that a simple network can have."""
    given = np.asarray(degrees)
    if given.ndim != 1 or given.dtype.kind not in "iu" or not given.size:
        raise ParameterError(
            f"degrees must be a one-dimensional array of whole numbers; got shape {given.shape} of {given.dtype}."
        )
    n = at_least("len(degrees)", given.size, 1, MAX_RESIDENTS)
    if (bad := (given < 0) | (given > n - 1)).any():
        i = int(bad.argmax())
        raise ParameterError(f"degrees must lie in [0, n - 1] = [0, {n - 1}]; got {given[i]} for resident {i}.")
    degree = given.astype(np.int64)
    if (total := int(degree.sum())) % 2:
        raise ParameterError(f"degrees must have an even sum, as every tie has two ends; got {total}.")
    # Erdős and Gallai 1960: the k largest find room among themselves and the rest
    falling = np.sort(degree)[::-1]
    k = np.arange(1, n + 1)
    above = np.minimum(n - np.searchsorted(falling[::-1], k, side="left"), n)  # residents with at least k contacts
    below = np.concatenate([np.cumsum(falling[::-1])[::-1], [0]])  # ends of those from rank i on
    first_low = np.maximum(k, above)
    room = k * (k - 1) + k * (first_low - k) + below[first_low]
    if (short := np.cumsum(falling) > room).any():
        i = int(k[short][0])
        raise ParameterError(f"degrees must fit a simple network; the {i} largest find too few others to be tied to.")
    return degree


def _mend(one: IntArray, other: IntArray, rng: np.random.Generator, rounds: int) -> bool:
    """Exchange ends, in place, until all pairs are distinct and of two residents; False if the last round finds some
    that are not."""
    for _ in range(rounds):
        key = _key(one, other)
        ranked = np.sort(key)
        bad = one == other
        among = np.flatnonzero(np.isin(key, ranked[1:][ranked[1:] == ranked[:-1]]))  # pairs that are there twice
        bad[among] |= True
        bad[among[np.unique(key[among], return_index=True)[1]]] = False  # one of each may stay ...
        bad |= one == other  # ... but not a pair with oneself
        a = np.flatnonzero(bad)
        if not a.size:
            return True
        # a pair takes part in one exchange a round: of proposals with the same partner the first counts
        b, first = np.unique(rng.integers(0, one.size, a.size), return_index=True)
        a, b = a[first][~bad[b]], b[~bad[b]]
        turn = rng.random(a.size) < 0.5  # which end of the partner comes over
        near, far = np.where(turn, one[b], other[b]), np.where(turn, other[b], one[b])
        new = np.stack([_key(one[a], near), _key(other[a], far)])
        place = np.minimum(np.searchsorted(ranked, new), ranked.size - 1)
        fits = (one[a] != near) & (other[a] != far) & (ranked[place] != new).all(axis=0)
        # nor may two exchanges of one round make the same pair
        _, index, times = np.unique(new, return_inverse=True, return_counts=True)
        fits &= (times[index.reshape(new.shape)] == 1).all(axis=0)
        a, b, near, far = a[fits], b[fits], near[fits], far[fits]
        one[b], other[b] = other[a], far
        other[a] = near
    return False


def _key(one: IntArray, other: IntArray) -> IntArray:
    """One number a pair, whichever way round it stands."""
    key: IntArray = np.minimum(one, other) << ID_BITS | np.maximum(one, other)
    return key
