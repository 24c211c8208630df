"""The examples in docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib.util
import pkgutil

import pytest

import kocsim

PAGES = {"kocsim.demo.page": "marimo", "kocsim.demo.player": "anywidget", "kocsim.mesapage": "solara"}
"""Modules that need an extra, and which."""
MODULES = sorted(
    name for _, name, _ in pkgutil.walk_packages(kocsim.__path__, "kocsim.")
    if not name.startswith("kocsim.kernels") and (name not in PAGES or importlib.util.find_spec(PAGES[name]))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 8
