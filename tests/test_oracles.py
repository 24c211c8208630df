"""Thirty published or exact results, from the file that states them; what is measured stands in `tests.oracles`.

Seeds are fixed, so that each comparison gives the same result every time.
"""

from __future__ import annotations

import pytest

from tests import oracles

pytestmark = pytest.mark.skipif(not oracles.FILE.is_file(), reason="needs the folder 'shared' beside the checkout")


def assert_all(lines: list[oracles.Line]) -> None:
    assert lines
    assert not (wrong := [str(line) for line in lines if not line.ok]), "\n".join(wrong)


def test_every_case_is_measured() -> None:
    assert set(oracles.CASES) == set(oracles.published())
    assert len(oracles.CASES) == 30


@pytest.mark.parametrize("name", oracles.CASES)
def test_a_published_result(name: str) -> None:
    assert_all(oracles.measure(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(oracles.LONG))
def test_a_published_result_at_its_own_size(name: str) -> None:
    assert_all(oracles.measure(name, full=True))
