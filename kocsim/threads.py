"""How many threads a process may use."""

from __future__ import annotations

import os

from kocsim.errors import at_least


def usable_threads(threads: int | None) -> int:
    """The number asked for, or as many as this process may use.

    Raises
    ------
    ParameterError
        Unless it lies in [1, 256].
    """
    if threads is not None:
        return at_least("threads", threads, 1, 256)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
