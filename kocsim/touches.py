"""Attribution: whom a resident heard first and last, and what is credited to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from kocsim.mechanisms.channels import MOST_CHANNELS
from kocsim.memory import scattered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.county import County

NOBODY = (1 << 32) - 1
"""Credit of those who never heard of the product."""


BUCKETS = 64
"""A power of two: of a million residents, what is touched in one bucket fits the cache of a core."""


class Log(NamedTuple):
    """What one thread saw happen: who saw each post, and over which tie."""

    to: NDArray[np.uint32]
    over: NDArray[np.uint32]
    end: NDArray[np.int64]

    def of(self, posts: slice) -> Log:
        """The same with the ends of some of its posts only."""
        return self._replace(end=self.end[posts])


NO_LOG = Log(np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros(0, np.int64))


class Touches:
    """First and last touch of every resident.

    Attributes
    ----------
    last : ndarray of uint64, shape (residents,)
        See `kocsim.kernels.touches`; 0 for those who heard nothing.
    first : ndarray of uint32, shape (residents,)
        Credit of the first touch; `NOBODY` for those who heard nothing.
    met : ndarray of uint32, shape (residents,)
        A bit for each channel on which the resident ever heard of the product.
    """

    TRANSIENT: Final = frozenset(("_kocs", "_shift", "_logs", "_room", "_sorted"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, county: County) -> None:
        n = county.n
        self.last = scattered(n, np.uint64)
        self.first = np.full(n, NOBODY, np.uint32)
        self.met = scattered(n, np.uint32)
        self._kocs = (county.koc_offsets, county.koc)
        self._shift = max(0, (max(n, 1) - 1).bit_length() - BUCKETS.bit_length() + 1)
        self._logs: dict[tuple[int, int], NDArray[np.uint32]] = {}
        self._room: dict[tuple[int, int], tuple[NDArray[np.uint32], NDArray[np.uint64]]] = {}
        self._sorted: dict[tuple[int, int], tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]] = {}

    def log(self, place: tuple[int, int], room: int, posts: int) -> Log:
        """An empty log with room for so many entries of so many posts; `place` as for `sort`.

        Memory is kept from day to day, because fresh memory is slow to touch; only what is written takes any.
        """
        have = self._logs.get(place)
        if have is None or have.shape[1] < room:
            have = self._logs[place] = np.empty((2, room + room // 4), np.uint32)
        return Log(have[0], have[1], np.zeros(posts, np.int64))

    def sort(
        self, place: tuple[int, int], log: Log, channel: NDArray[np.uint8], author: NDArray[np.int32], of_kocs: bool,
        key: np.uint64, day: int,
    ) -> None:
        """Sort a log by receivers, to be entered by `note`.

        Parameters
        ----------
        place : (int, int)
            Which log it is: of one thread at a time.
        log : Log
        channel, author : ndarray
            Of each post.
        of_kocs : bool
            Whether ties are KOCs'.
        """
        from kocsim.kernels import touches

        if not log.end.size or not log.end[-1]:
            self._sorted.pop(place, None)
            return
        many = int(log.end[-1])
        room = self._room.get(place)
        if room is None or room[0].size < many:
            room = np.empty(many + many // 4, np.uint32), np.empty(many + many // 4, np.uint64)
            self._room[place] = room
        starts = np.zeros(BUCKETS + 2, np.int64)
        touches.sort_posts(
            *room, starts, log.to, log.over, log.end, channel, author, of_kocs, key, day, np.uint32(self._shift))
        self._sorted[place] = (*room, starts)

    def note(self, part: int, parts: int) -> None:
        """Enter what was sorted today into one of `parts` parts of the residents."""
        from kocsim.kernels import touches

        a, z = BUCKETS * part // parts, BUCKETS * (part + 1) // parts
        for bucket in range(a, z):
            for who, value, starts in self._sorted.values():
                touches.touch_posts(self.last, self.met, who, value, starts[bucket], starts[bucket + 1])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_logs": {}, "_room": {}, "_sorted": {}}

    def close(self, stage: NDArray[np.uint8], lo: int, hi: int) -> NDArray[np.int64]:
        """Credit the first touches of the day; returns how many of the unaware had one, by channel."""
        from kocsim.kernels import touches

        firsts = np.zeros(MOST_CHANNELS + 8, np.int64)
        touches.credit_first(self.first, self.last, stage, *self._kocs, firsts, lo, hi)
        return firsts[:MOST_CHANNELS]

    def credits(self, who: NDArray[Any]) -> NDArray[np.uint32]:
        """Credits of the last touches of some residents: channel in the high 8 bits, then resident or shop."""
        from kocsim.kernels import touches

        out = np.empty(who.size, np.uint32)
        touches.credits(out, self.last, who, *self._kocs)
        return out
