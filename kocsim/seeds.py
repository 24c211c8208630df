"""Who starts: seed sets that are drawn or chosen by their place in the network.

Chosen residents need nothing from here: give their numbers or labels, or a mapping from resident to the step at which
they start.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.errors import DataError, ParameterError, at_least
from kocsim.rng import Decision, stream
from kocsim.usertables import rows_of_residents
from kocsim.wording import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Network

MOST_STEPS = 2**24
"""Most steps of a run that waits for something."""


@dataclass(frozen=True)
class Random:
    """Residents drawn at random, anew in each replicate, all alike, without the immune.

    Seed sets are nested: with the same `seed` of the run, a larger number includes all of the smaller one's.

    Parameters
    ----------
    count : int, optional
        How many, in [0, residents].
    share : float, optional
        Or which share of the residents, in [0, 1]; ``round(share x residents)`` of them.
    """

    count: int | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if (self.count is None) == (self.share is None):
            raise ParameterError("seeds.Random takes either count or share.")
        if self.count is not None:
            at_least("seeds.Random.count", self.count, 0)
        elif not _is_share(self.share):
            raise ParameterError(f"seeds.Random.share must lie in [0, 1]; got {self.share!r}.")

    def size(self, n: int) -> int:
        """How many that is among n residents."""
        return int(self.count) if self.count is not None else round(float(self.share or 0.0) * n)


@dataclass(frozen=True)
class TopDegree:
    """The residents with the largest audience: most ties going out, over all layers, a contact in two counted once.

    Parameters
    ----------
    count : int
        How many, in [0, residents]. Among equals, those with smaller numbers come first. The immune are passed over.
    """

    count: int

    def __post_init__(self) -> None:
        at_least("seeds.TopDegree.count", self.count, 0)


def _is_share(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and 0 <= float(value) <= 1


@dataclass(frozen=True, eq=False)
class Seeding:
    """Seeds of every replicate.

    Attributes
    ----------
    who : ndarray of uint32, shape (1, k)
        Chosen seeds, by step.
    when : ndarray of int32, shape (1, k)
    random : int
        How many are drawn in each replicate instead.
    """

    who: NDArray[np.uint32]
    when: NDArray[np.int32]
    random: int
    barred: NDArray[np.uint8]
    key: int

    def of(self, lo: int, hi: int) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        """Seeds and their steps in replicates lo..hi: a row a replicate, or one for all."""
        if not self.random:
            return self.who, self.when
        from kocsim.kernels import diffusion

        who = np.empty((hi - lo, self.random), np.uint32)
        # a copy: several threads draw at once
        diffusion.random_seeds(np.uint64(self.key), lo, hi, who, self.barred.copy())
        return who, np.zeros(who.shape, np.int32)


def seeding(seeds: Any, network: Network, immune: NDArray[np.bool_], seed: int) -> Seeding:
    """Read what a user gives as seeds.

    Raises
    ------
    ParameterError, DataError
        For residents who do not exist, are named twice or are immune; for more seeds than residents.
    """
    n = network.n
    key = stream(seed, Decision.SEED)
    barred = immune.astype(np.uint8)
    free = n - int(barred.sum())
    nobody = np.zeros((1, 0), np.uint32), np.zeros((1, 0), np.int32)
    if isinstance(seeds, Random):
        many = seeds.size(n)
        if many > free:
            raise ParameterError(f"seeds must be at most {free} residents (those not immune); got {seeds!r}.")
        return Seeding(*nobody, many, barred, key)
    if isinstance(seeds, TopDegree):
        if network.mixed:
            raise ParameterError("seeds.TopDegree needs ties: in a WellMixed network all residents are alike.")
        if seeds.count > free:
            raise ParameterError(f"seeds must be at most {free} residents (those not immune); got {seeds!r}.")
        degree = np.diff(network.offsets)
        degree[immune] = -1
        who = np.argsort(-degree, kind="stable")[: seeds.count]
        return Seeding(who.astype(np.uint32)[None], np.zeros((1, who.size), np.int32), 0, barred, key)
    if isinstance(seeds, numbers.Integral):
        raise ParameterError(
            f"seeds must be residents, such as [0, 33], or seeds.Random({int(seeds)}) for as many at random; "
            f"got {seeds!r}."
        )
    steps: NDArray[np.int64]
    if isinstance(seeds, Mapping):
        rows = residents(list(seeds), "seeds", network)
        for resident, value in seeds.items():
            at_least(f"seeds[{resident!r}]", value, 0, MOST_STEPS)
        steps = np.fromiter(seeds.values(), np.int64, len(seeds))
    else:
        rows = residents(seeds, "seeds", network)
        steps = np.zeros(rows.size, np.int64)
    ordered = np.sort(rows)
    if (twice := ordered[1:] == ordered[:-1]).any():
        raise DataError(f"seeds names resident {ordered[1:][twice][0]} twice.")
    if (hit := immune[rows]).any():
        raise DataError(f"seeds names resident {rows[hit][0]}, who is immune.")
    order = np.argsort(steps, kind="stable")
    return Seeding(
        np.ascontiguousarray(rows[order].astype(np.uint32)[None]),
        np.ascontiguousarray(steps[order].astype(np.int32)[None]), 0, barred, key,
    )


def residents(given: Any, name: str, network: Network) -> NDArray[np.int64]:
    """Row numbers of residents given by number, by label, or as a mask with a truth value each.

    Raises
    ------
    DataError
        For residents who do not exist, and masks of another length.
    """
    n = network.n
    if given is None:
        return np.zeros(0, np.int64)
    if isinstance(given, (str, bytes)) or not np.iterable(given):
        raise DataError(f"{name} must be a sequence of residents or a mask; got {shown(given)}.")
    mask = np.asarray(given) if hasattr(given, "dtype") or isinstance(given, list) else None
    if mask is not None and mask.dtype == np.bool_:
        if mask.shape != (n,):
            raise DataError(f"{name} as a mask must have shape ({n},), one for each resident; got {mask.shape}.")
        return np.flatnonzero(mask)
    return rows_of_residents(given, name, network, "entry")
