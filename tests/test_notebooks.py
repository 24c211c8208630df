"""Notebooks run from the first cell to the last, on small counties; those committed are made from their sources."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext", reason="needs the extra notebooks")
nbformat = pytest.importorskip("nbformat", reason="needs the extra notebooks")
pytest.importorskip("nbclient", reason="needs the extra notebooks")
pytest.importorskip("ipykernel", reason="needs the extra notebooks")

from notebooks.build import SOURCES, execute, notebook, workplace  # noqa: E402


def test_there_are_six() -> None:
    assert [source.stem[:2] for source in SOURCES] == ["01", "02", "03", "04", "05", "06"]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_it_runs(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCES[0].parents[1]), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # tests of figures set it: in a notebook there would be none
    book = execute(notebook(source, small=True), workplace(tmp_path), 300)
    assert any("image/png" in out.get("data", {}) for cell in book.cells for out in cell.get("outputs", ()))


def test_it_runs_without_data_beside_it(tmp_path: Path) -> None:
    book = execute(notebook(SOURCES[4], small=True), tmp_path, 300)
    said = "".join(out.get("text", "") for cell in book.cells for out in cell.get("outputs", ()))
    assert "Les Miserables, with times of our own making" in said


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_what_is_committed_is_the_source_with_its_outputs(source: Path) -> None:
    """Otherwise: python notebooks/build.py"""
    built = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    made = notebook(source)
    assert [(cell.cell_type, cell.source) for cell in built.cells] == [
        (cell.cell_type, cell.source) for cell in made.cells]
    numbers = [cell.execution_count for cell in built.cells if cell.cell_type == "code"]
    assert numbers == list(range(1, len(numbers) + 1))
    outputs = [out for cell in built.cells for out in cell.get("outputs", ())]
    assert outputs and not any(out.output_type == "error" for out in outputs)
    assert "**Question.**" in built.cells[0].source and "Answer, and its limits" in "".join(
        cell.source for cell in built.cells[-1:])
