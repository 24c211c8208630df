"""Experiments run as their READMEs say, smaller, and print what their runs came to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kocsim as ks

EXPERIMENTS = Path(__file__).resolve().parents[1] / "experiments"
PLANS = sorted(EXPERIMENTS.glob("*/sweep.toml"))


def run(name: str, out: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXPERIMENTS / name / "run.py"), "--workers", "0", "--out", str(out), *options],
        capture_output=True, text=True, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_plans_can_be_run_and_are_explained(path: Path) -> None:
    """By the command line too: every name and value in the file is known. A README says what came out."""
    plan = ks.read_sweep(path)
    assert plan["replicates"] >= 5 and plan["measures"]
    readme = (path.parent / "README.md").read_text("utf-8")
    for part in ("**Question.**", "**Hypothes", "false", "**Answer", "run.py", "sweep.toml", ".png"):
        assert part.lower() in readme.lower(), part
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", readme):
        assert (path.parent / picture).is_file()


def test_there_are_plans() -> None:
    assert {"burst_or_staggered", "koc_density", "operating_models"} <= {path.parent.name for path in PLANS}


def test_koc_density(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run("koc_density", out, "--residents", "2000", "--replicates", "6", "--days", "40")
    table = pd.read_parquet(out / "2000" / "table.parquet")
    mean = table.groupby(["scenario", "kocs", "friends.koc_median"])["identified"].mean()
    printed = [float(x) / 100 for x in re.findall(r"([\d.]+)% ± ", said)]
    assert np.allclose(np.sort(printed), np.sort(mean.to_numpy()), atol=0.00051)
    assert said.count("Critical kocs for identified to reach") == 3
    assert (out / "2000" / "figure.png").stat().st_size > 10_000


def test_burst_or_staggered(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run("burst_or_staggered", out, "--residents", "2000", "--replicates", "3")
    table = pd.read_parquet(out / "2000" / "table.parquet")
    sales = np.log(table.set_index(["scenario", "attention.posts_per_day", "replicate"])["sales"].unstack("scenario"))
    for posts, row in (sales["burst"] - sales["staggered"]).groupby("attention.posts_per_day").mean().items():
        assert f"| {posts:g} | {row:.3f} [" in said
    assert (out / "2000" / "figure.png").stat().st_size > 10_000
