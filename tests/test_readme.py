"""Every block of code in the README runs, in order, as a reader would type it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one namespace, as in a notebook."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    found = blocks("python")
    assert len(found) >= 4
    for block in found:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(block, str(README), "exec"), namespace)


def test_command_lines_run(tmp_path: Path) -> None:
    """Lines that begin with kocsim, with the command of this interpreter."""
    lines = [
        line.split("#")[0].strip()
        for block in blocks("sh") for line in block.splitlines() if line.startswith("kocsim ")
    ]
    assert len(lines) >= 3
    (file,) = blocks("toml")
    (tmp_path / "sweep.toml").write_text(file)
    folder = str(Path(sys.executable).parent)
    for line in lines:
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, capture_output=True, text=True,
            env={**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]},
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_pictures_are_there() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README.read_text("utf-8")):
        assert (README.parent / path).is_file(), path


def test_setup_commands_stand_alone() -> None:
    """Two commands set up and run; continuous integration runs the second one as it stands."""
    commands = [block.strip() for block in blocks("sh") if "venv" in block]
    assert len(commands) == 2
    assert all("\n" not in command for command in commands)
    assert commands[0].endswith("kocsim run paper --seed 1 --days 180 --out out/paper")
    assert commands[1].endswith("-m pytest -n auto")
