"""Executes the notebooks and writes them with their outputs.

    python notebooks/build.py                 # all six, at full size: ten minutes
    python notebooks/build.py 03 --small      # one, as the tests run it: half a minute

A notebook's source is the ``.py`` beside it, in cells; the ``.ipynb`` is made from it. Needs the extra
``kocsim[notebooks]``.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
SOURCES = sorted(HERE.glob("0*.py"))


def notebook(source: Path, small: bool = False) -> nbformat.NotebookNode:
    """A notebook without outputs; with the sizes that its parameters cell names for tests, where `small`."""
    book = jupytext.read(source)
    for k, cell in enumerate(book.cells):
        cell["id"] = f"{source.stem[:2]}-{k:03d}"         # random ones would change with every build
        if "parameters" in cell.metadata.get("tags", ()) and small:
            for name, value in cell.metadata["small"].items():
                cell.source, found = re.subn(rf"(?m)^{name} = [\d_]+", f"{name} = {value}", cell.source)
                if found != 1:
                    raise ValueError(f"{source.name}: the parameters cell must set {name} once; it does {found} times.")
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return book


def workplace(root: Path) -> Path:
    """A fresh folder to run in, as deep as this one, so that real data that lie beside the repository are found."""
    folder = root / "kocsim" / "notebooks"
    folder.mkdir(parents=True)
    shared = HERE.parents[1] / "shared"
    if shared.is_dir():
        (root / "shared").symlink_to(shared)
    return folder


def execute(book: nbformat.NotebookNode, folder: Path, seconds: float = 1800) -> nbformat.NotebookNode:
    """Run all cells in a folder.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        With the cell and its traceback.
    """
    NotebookClient(
        book, timeout=seconds, resources={"metadata": {"path": str(folder)}}, record_timing=False).execute()
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    return book


def main() -> int:
    """Execute and write."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("numbers", nargs="*", help="such as 03; all when none is given")
    parser.add_argument("--small", action="store_true", help="as in the tests; nothing is written")
    given = parser.parse_args()
    for source in SOURCES:
        if given.numbers and source.stem[:2] not in given.numbers:
            continue
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as root:
            book = execute(notebook(source, given.small), workplace(Path(root)))
        if not given.small:
            nbformat.write(book, source.with_suffix(".ipynb"))
        print(f"{source.stem}: {time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
