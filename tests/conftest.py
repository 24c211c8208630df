"""Options and fixtures of the whole suite."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Data sets of other places, for checks of realism; beside the checkout where there are any."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes minutes; run with --slow"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data; tests that ask for it are skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder 'shared' beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def package() -> Path:
    """The folder of the package under test."""
    import kocsim

    return Path(kocsim.__file__).parent
