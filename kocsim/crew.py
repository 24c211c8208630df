"""Work shared among threads: equal ranges of residents, and rows of ties cut into parts of about equal work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class Crew:
    """Threads that do a run's days together.

    Attributes
    ----------
    residents : int
    parts : int
        Into how many parts work is cut; what comes of it does not depend on that.
    """

    def __init__(self, residents: int, parts: int) -> None:
        self.residents, self.parts = residents, parts
        self._pool: ThreadPoolExecutor | None = None

    def over(self, work: Callable[[int, int, int], Any]) -> list[Any]:
        """Call ``work(part, lo, hi)`` for equal ranges of the residents; answers in order."""
        n, parts = self.residents, self.parts
        return self.run([partial(work, t, n * t // parts, n * (t + 1) // parts) for t in range(parts)])

    def run(self, parts: list[Callable[[], Any]]) -> list[Any]:
        """Run the parts at the same time, the first of them on this thread."""
        if len(parts) == 1:
            return [parts[0]()]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.parts - 1, thread_name_prefix="kocsim")
        others = [self._pool.submit(part) for part in parts[1:]]
        return [parts[0](), *(other.result() for other in others)]

    def __getstate__(self) -> dict[str, Any]:
        return {"residents": self.residents, "parts": self.parts, "_pool": None}


def balanced(
    offsets: NDArray[np.int64], rows: NDArray[Any], parts: int, whole: bool = False
) -> list[int]:
    """Cut a list of CSR rows into ranges of about equal numbers of ties; `whole` keeps equal rows together."""
    if parts == 1 or rows.size == 0:
        return [0] + [rows.size] * parts
    work = np.cumsum(offsets[rows + 1] - offsets[rows] + 1)
    cuts = np.searchsorted(work, work[-1] * np.arange(1, parts) / parts).tolist()
    if whole:
        cuts = np.searchsorted(rows, rows[np.minimum(cuts, rows.size - 1)]).tolist()
    return [0, *cuts, rows.size]
