"""The cache of compiled kernels: never serves an old kernel, and works where the package cannot be written.

Each test copies the package and runs it in processes of its own, with one small kernel compiled.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kocsim import rng

OLD, NEW = "0x31848BAB", "0x31848BAD"
REPORT = """
import json
from numba import config
before = config.CACHE_DIR
import numpy as np
import kocsim
from kocsim.kernels import world
out = np.empty(4)
world.uniforms(out, np.uint64(12345678901234567890), 0, 4)
stats = world.uniforms.stats
print(json.dumps({
    "from": kocsim.__file__, "draws": out.tolist(), "hits": sum(stats.cache_hits.values()),
    "folder": stats.cache_path, "before": before, "after": config.CACHE_DIR,
}))
"""


@pytest.fixture
def copied(package: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the package, to be put on the path."""
    folder = tmp_path / "site"
    shutil.copytree(package, folder / "kocsim", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(folder: Path, cache: Path | None, **environment: str) -> dict[str, Any]:
    """Draw four numbers with the copy in `folder`, in a new process."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    # no bytecode: an edit within the same second could go unnoticed by Python itself
    env |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    if cache is not None:
        env["NUMBA_CACHE_DIR"] = str(cache)
    done = subprocess.run([sys.executable, "-c", REPORT], env=env, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert Path(report["from"]).is_relative_to(folder)  # the copy, not the installed one
    return report


def edit_helper(folder: Path) -> None:
    """Change a constant in a helper that other files' kernels have compiled into them."""
    path = folder / "kocsim" / "kernels" / "bits.py"
    text = path.read_text("utf-8")
    assert text.count(OLD) == 1
    path.write_text(text.replace(OLD, NEW), "utf-8")


def test_an_edit_in_a_helper_is_noticed(copied: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, again = run(copied, cache), run(copied, cache)
    assert (first["hits"], again["hits"]) == (0, 1)  # there is a cache, or this test would show nothing
    edit_helper(copied)
    edited = run(copied, cache)

    assert first["draws"] == again["draws"] == draws(int(OLD, 16))
    assert edited["draws"] == draws(int(NEW, 16))
    assert edited["hits"] == 0
    assert len(list(cache.glob("kernels-*"))) == 2


def draws(last_multiplier: int) -> list[float]:
    """What the kernel should return."""

    def mix32(key: int, counter: int) -> int:
        x = (counter * 0x9E3779B9 + key) & rng.M32
        x ^= x >> 17
        x = (x * 0xED5AD4BB) & rng.M32
        x ^= key >> 32
        x ^= x >> 11
        x = (x * 0xAC4C1B51) & rng.M32
        x ^= x >> 15
        x = (x * last_multiplier) & rng.M32
        return x ^ (x >> 14)

    return [(mix32(12345678901234567890, i) + 0.5) / 2**32 for i in range(4)]


def add_comment(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "\n# a comment\n", "utf-8")


def test_any_source_counts(copied: Path, tmp_path: Path) -> None:
    """The name of the cache folder depends on every file of the kernels, and on nothing else."""

    def folder() -> str:
        code = "import kocsim.kernels as k; print(k._cache_folder())"
        env = os.environ | {
            "PYTHONPATH": str(copied), "NUMBA_CACHE_DIR": str(tmp_path / "c"), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=copied, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    names = [folder()]
    add_comment(copied / "kocsim" / "errors.py")
    assert folder() == names[0]
    kernels = sorted((copied / "kocsim" / "kernels").glob("*.py"))
    assert len(kernels) >= 4
    for path in kernels:
        add_comment(path)
        names.append(folder())
    assert len(set(names)) == len(kernels) + 1


def test_numbas_setting_is_put_back(copied: Path, tmp_path: Path) -> None:
    """Other packages' kernels go where they went before."""
    chosen = run(copied, tmp_path / "cache")
    assert chosen["before"] == chosen["after"] == str(tmp_path / "cache")
    assert Path(chosen["folder"]).is_relative_to(tmp_path / "cache")
    default = run(copied, None)
    assert default["before"] == default["after"] == ""
    assert Path(default["folder"]).is_relative_to(copied / "kocsim" / "kernels" / "__pycache__")


@pytest.mark.parametrize("which", ["package", "setting"])
def test_where_nothing_can_be_written(which: str, copied: Path, tmp_path: Path) -> None:
    """Then kernels are kept in the folder for temporary files. A file in the folder's place stops root as well."""
    (tmp_path / "temp").mkdir()
    blocked = copied / "kocsim" / "kernels" / "__pycache__" if which == "package" else tmp_path / "file"
    blocked.write_text("not a folder")
    cache = None if which == "package" else blocked
    first, again = (run(copied, cache, TMPDIR=str(tmp_path / "temp")) for _ in range(2))
    assert Path(first["folder"]).is_relative_to(tmp_path / "temp")
    assert (first["hits"], again["hits"]) == (0, 1)
    assert first["draws"] == again["draws"] == draws(int(OLD, 16))
