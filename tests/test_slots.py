"""The lottery of friendship: whose slot is it?"""

from __future__ import annotations

import numpy as np
import pytest

from kocsim import generate
from kocsim.kernels import world


@pytest.mark.parametrize(
    ("weights", "width"),
    [
        (np.random.default_rng(1).lognormal(0, 1, 5000), np.uint16),
        (np.random.default_rng(2).lognormal(0, 3, 20_000), np.uint16),
        (np.ones(3), np.uint16),
        (np.concatenate([np.ones(5), np.zeros(70_000), np.ones(5)]), np.uint32),
        (np.zeros(10), np.uint16),
    ],
)
def test_every_slot_has_its_owner(weights: np.ndarray, width: type) -> None:
    """Also where a run of residents without a slot is longer than 16 bits tell."""
    luck = np.random.default_rng(3).random(weights.size)
    if width is np.uint32:
        luck[:] = 0.0
    cum, first, beyond = generate._slots(weights, luck)
    owner = first[np.arange(cum[-1]) >> world.SLOT_BLOCK] + beyond.astype(np.int64)
    assert beyond.dtype == width
    np.testing.assert_array_equal(owner, np.repeat(np.arange(weights.size), np.diff(cum)))
    wanted = generate.SLOTS * weights / max(weights.mean(), 1e-9)
    assert (np.abs(np.diff(cum) - wanted) < 1 + 1e-9).all()
