"""Memory for arrays that are read and written all over the place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HUGE: Final = 1 << 22
"""From so many bytes on, NumPy asks the operating system for huge pages (Linux)."""


def scattered(shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros, on huge pages where the array is large enough for it to matter.

    Random access to a few megabytes on pages of 4 kB spends half of its time looking up pages. So an array of 0.5 MB or
    more takes at least `HUGE` bytes of address space; only what is used of it takes memory.
    """
    kind = np.dtype(dtype)
    many = math.prod(shape) if isinstance(shape, tuple) else shape
    if not HUGE // 8 <= many * kind.itemsize < HUGE:
        return np.zeros(shape, kind)
    return np.zeros(HUGE // kind.itemsize, kind)[:many].reshape(shape)
