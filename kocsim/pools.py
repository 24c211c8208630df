"""KOCs' pools in a run: who is in them, whom they have called, and what it costs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.mechanisms.pool import MONTH
from kocsim.rng import Decision, chance, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kocsim.books import Books
    from kocsim.county import County
    from kocsim.scenario import Scenario

EVERYBODY = 1 << 31
"""Chance of 2**31 to be called that leaves out nobody."""
OUTSIDE = 2
"""Bit of what is heard over a tie: the resident is outside the KOC's pool; see `kocsim.kernels.pools`."""


class Pools:
    """Every KOC's pool: how many are in it, and how far her open call has got.

    Attributes
    ----------
    members, contacts, called : ndarray of int64, shape (kocs,)
    """

    TRANSIENT: Final = frozenset(("pool", "county", "seed", "_entry", "_review"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, scenario: Scenario, county: County, seed: int) -> None:
        self.pool, self.county, self.seed = scenario.pool, county, seed
        self._size = np.zeros((3, county.koc.size), np.int64)
        self._called_below = np.zeros(county.koc.size, np.int64)
        self._began = np.zeros(county.koc.size, np.bool_)
        alike = scenario.need.sigma == 0
        self._entry = (*self.pool.bar(self.pool.precision, alike), self.pool.chances_to_enter())
        self._review = self.pool.bar(self.pool.review_precision, alike)

    @property
    def members(self) -> NDArray[np.int64]:
        """Members of each KOC's pool."""
        row: NDArray[np.int64] = self._size[0]
        return row

    @property
    def contacts(self) -> NDArray[np.int64]:
        """Members who are her contacts; the others are members of her groups only."""
        row: NDArray[np.int64] = self._size[1]
        return row

    @property
    def called(self) -> NDArray[np.int64]:
        """All whom she ever called."""
        row: NDArray[np.int64] = self._size[2]
        return row

    def manage(
        self, day: int, there: NDArray[np.bool_], muted: NDArray[np.uint8], stage: NDArray[np.uint8],
        arrived: NDArray[np.uint32],
        loads: NDArray[np.int64], books: Books, cuts: list[int], each: Callable[[list[Callable[[], Any]]], list[Any]],
    ) -> bool:
        """Begin a day: a KOC's open call, screening and entry on her first, reviews on theirs, upkeep on all.

        Parameters
        ----------
        day : int
        there : ndarray of bool, shape (kocs,)
            KOCs who work for the firm, or whose pools it keeps.
        muted, stage
            What is heard over each tie from a KOC, and where each resident stands.
        arrived, loads
            What KOCs' posts have put into each feed so far, a row a thread, and what each adds for a contact and for a
            member of her groups.
        books : Books
            Charged with what is spent.
        cuts : list of int
            Where each thread's KOCs begin and end.
        each : callable
            Runs such parts at the same time.

        Returns
        -------
        bool
            Whether anybody entered or left.
        """
        from kocsim.kernels import pools

        p, c, before = self.pool, self.county, int(self.called.sum())
        rows = (c.koc_offsets, c.koc_ties, c.koc_via, c.koc)
        threads = range(len(cuts) - 1)
        below, reviewed = self._called_below.copy(), 0
        if day == 1:
            muted |= OUTSIDE
        elif p.review and (day - 1) % p.review == 0:
            left = np.zeros(self.members.size, np.int64)
            keys = self._key(Decision.POOL_REVIEW, day), self._key(Decision.NEED_CLASS)

            def look_again(t: int) -> int:
                return int(pools.look_again(
                    muted, self._size, left, there, stage, rows, keys, *self._review, arrived[t], loads,
                    cuts[t], cuts[t + 1]))

            reviewed = sum(each([partial(look_again, t) for t in threads]))
            further = self._called_below + p.further_call(left, np.diff(c.koc_offsets))
            self._called_below = np.minimum(further, EVERYBODY)
        begins = there & ~self._began
        self._called_below[begins] = chance(p.call)
        self._began |= begins
        calls = np.vstack([below, self._called_below])
        changed = day == 1 or begins.any() or reviewed > 0
        if changed:
            keys_in = tuple(self._key(one) for one in (
                Decision.POOL_CALL, Decision.POOL_SCREEN, Decision.POOL_ENTRY, Decision.NEED_CLASS))

            def let_in(t: int) -> None:
                pools.let_in(
                    muted, self._size, calls, rows, keys_in, *self._entry, arrived[t], loads,
                    cuts[t], cuts[t + 1])

            each([partial(let_in, t) for t in threads])
        called = int(self.called.sum()) - before
        for cost, many in (
            (p.call_cost, called), (p.screen_cost, called), (p.review_cost, reviewed),
            (p.upkeep / MONTH, int(self.members[there].sum())),
        ):
            books.charge("pool", round(many * cost * 100))
        return bool(changed)

    def _key(self, decision: Decision, day: int = 0) -> np.uint64:
        return np.uint64(stream(self.seed, decision, day))
