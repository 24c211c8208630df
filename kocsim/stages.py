"""The stages through which a resident passes."""

from __future__ import annotations

from enum import IntEnum


class Stage(IntEnum):
    """Where a resident stands: unaware, aware (认知), identified (认同), customer (交易), repeat customer, lapsed."""

    UNAWARE = 0
    AWARE = 1
    IDENTIFIED = 2
    CUSTOMER = 3
    REPEAT = 4
    LAPSED = 5


NEVER = 65_535
"""In columns of days: it has not happened. 0 means "before the first day"."""
SLACK = 1e-9
"""Evidence has reached a threshold when it is at most this much below it."""
EXPOSURE_LIMIT = 65_535
"""Most posts that one resident can see on one day (two bytes in the kernels' sums)."""
KOC_LIMIT = 32_767
"""Most KOCs that can reach one resident."""
