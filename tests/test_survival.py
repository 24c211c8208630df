"""What sweeps survive: runs that fail, workers and drivers that are killed, full disks, changed code."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

import kocsim as ks
from kocsim.ensemble import origin, study
from kocsim.ensemble.store import Store

TOWN = ks.Scenario(residents=600, kocs=12, shops=2, days=6)
QUIET: dict[str, Any] = {"workers": 0, "progress": False}
NAMES = ("table.parquet", "curves.parquet")


def files(folder: Path) -> list[bytes]:
    """The tables of a sweep, byte for byte."""
    return [(folder / name).read_bytes() for name in NAMES]


SCRIPT = """
import sys, time
import kocsim as ks

def customers(result):
    time.sleep(0.05)
    return ks.measures.customers(result)

town = ks.Scenario(residents=600, kocs=12, shops=2, days=6)
try:
    ks.sweep(
        town, {"kocs": [5, 8, 12], "moments.view": [0.1, 0.2, 0.3]}, replicates=8, seed=7, counties=2,
        measures={"customers": customers, "profit": "profit"}, workers=2, out=sys.argv[1], progress=False)
except ks.Interrupted as stop:
    print(stop, stop.result.done, len(stop.result.table))
"""
"""As users write them: no guard around what runs."""


def start(script: Path, out: Path) -> subprocess.Popen[bytes]:
    """The script in a process of its own."""
    return subprocess.Popen([sys.executable, str(script), str(out)], stderr=subprocess.PIPE)


def kept(out: Path) -> int:
    """Runs that are kept so far."""
    try:
        return ks.open_sweep(out).done
    except ks.FileError:
        return 0


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_driver_that_is_killed_again_and_again_loses_nothing_and_ends_the_same(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    whole = start(script, tmp_path / "whole")
    assert whole.communicate(timeout=300)[1] == b""
    assert whole.returncode == 0

    out, last = tmp_path / "killed", 0
    for more in (1, 9, 23):
        driver = start(script, out)
        while kept(out) < last + more and driver.poll() is None:
            time.sleep(0.01)
        assert driver.poll() is None
        driver.send_signal(signal.SIGKILL)
        driver.communicate()
        now = kept(out)
        assert now >= last + more  # all that was kept is there
        assert now < 72
        last = now
    workers = subprocess.run(["pgrep", "-f", str(script)], capture_output=True, text=True).stdout.split()
    assert not workers
    end = start(script, out)
    assert end.communicate(timeout=300)[1] == b""
    assert files(out) == files(tmp_path / "whole")
    assert sorted(file.name for file in out.iterdir()) == [".lock", "curves.parquet", "runs.sqlite", "table.parquet"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT)
    driver = subprocess.Popen([sys.executable, str(script), str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while kept(out) < 5:
        time.sleep(0.01)
        assert driver.poll() is None
    driver.send_signal(signal.SIGINT)
    said, errors = driver.communicate(timeout=60)
    many = kept(out)
    assert 5 <= many < 72
    assert said.decode().strip() == f"interrupted after {many} of 72 runs {many} {many}"
    assert errors == b""
    assert driver.returncode == 0


def mean(result: ks.Result) -> float:
    """Fails in every way there is, depending on the number of KOCs, until a file says that all is well."""
    kocs, flag = result.provenance["kocs"], os.environ["KOCSIM_TEST_FLAG"]
    if not Path(flag).exists():
        if kocs == 5:
            raise ValueError("five")
        if kocs == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        if kocs == 7:
            time.sleep(100)
        if kocs == 8:
            os._exit(3)
        if kocs == 9:
            raise MemoryError
    return ks.measures.customers(result)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_bad_run_costs_one_run_and_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flag = tmp_path / "well"
    monkeypatch.setenv("KOCSIM_TEST_FLAG", str(flag))

    def go(out: str) -> ks.Sweep:
        return ks.sweep(
            TOWN, {"kocs": [4, 5, 6, 7, 8, 9, 10]}, replicates=2, seed=1, measures=mean, workers=2, limit=3.0,
            out=tmp_path / out, progress=False)

    done = go("out")
    assert done.table["kocs"].tolist() == [4, 4, 10, 10]
    errors = done.errors
    assert errors["kocs"].tolist() == [5, 5, 6, 6, 7, 7, 8, 8, 9, 9]
    assert errors["error"].tolist()[::2] == [
        "ValueError: five", "the worker was ended by SIGKILL; often a sign that memory ran out",
        "it took longer than the limit of 3 s", "the worker ended with exit code 3", "MemoryError: no message"]
    assert 'raise ValueError("five")' in errors["traceback"].iloc[0]
    assert "kocs=6" in errors["parameters"].iloc[2]
    assert f"seed={errors['seed'].iloc[2]}" in errors["parameters"].iloc[2]
    assert "10 failed" in repr(done)
    assert "ValueError: five" in (tmp_path / "out" / "errors.txt").read_text()
    line = errors["parameters"].iloc[0].split("; county")[0]  # what is reported can be run again as it stands
    again = eval(line, {"simulate": lambda *a, **k: ks.simulate(*a, **k, progress=False), "Scenario": ks.Scenario})
    assert again.provenance["kocs"] == 5
    assert again.provenance["seed"] == errors["seed"].iloc[0]
    flag.touch()
    mended = go("out")
    assert not len(mended.errors)
    assert not (tmp_path / "out" / "errors.txt").exists()
    assert mended.done == 14
    go("whole")
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_a_county_that_cannot_be_made_costs_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ks.County.generate.__func__  # type: ignore[attr-defined]

    def broken(cls: Any, scenario: Any, seed: int, threads: int | None = None) -> ks.County:
        if scenario.kocs == 5:
            raise ks.DataError("no room for five")
        county: ks.County = usual(cls, scenario, seed, threads)
        return county

    monkeypatch.setattr(ks.County, "generate", classmethod(broken))
    done = ks.sweep(TOWN, {"kocs": [4, 5]}, replicates=2, days=2, measures="customers", **QUIET)
    assert done.table["kocs"].tolist() == [4, 4]
    assert done.errors["error"].tolist() == ["DataError: no room for five"] * 2


# ---- going on


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def noted(seed: int, x: int) -> float:
        with log.open("a") as file:
            file.write(f"{x} ")
        return float(x)

    def go(values: list[int], replicates: int) -> tuple[list[float], list[int]]:
        log.write_text("")
        done = ks.sweep(noted, {"x": values}, replicates=replicates, out=tmp_path / "out", **QUIET)
        return done.table["value"].tolist(), [int(x) for x in log.read_text().split()]

    assert go([1, 2], 2) == ([1, 1, 2, 2], [1, 1, 2, 2])
    assert go([2, 3, 1], 3) == ([2, 2, 2, 3, 3, 3, 1, 1, 1], [2, 3, 3, 3, 1])
    assert go([3], 1) == ([3], [])  # fewer are shown, none is lost
    assert go([2, 3, 1], 3) == ([2, 2, 2, 3, 3, 3, 1, 1, 1], [])


@pytest.mark.parametrize(("change", "words"), [
    ({"scenario": TOWN.replace(moments={"view": 0.05})}, "scenario.custom.scenario.moments.view = "),
    ({"days": 3}, "days = 2; this one has 3"),
    ({"seed": 1}, "seed = 0; this one has 1"),
    ({"measures": "profit"}, r"measures.customers = .* \(and 1 more\)"),
    ({"counties": 2}, "counties = 1; this one has 2"),
    ({"luck": "own"}, "luck = 'shared'; this one has 'own'"),
    ({"curves": ["aware"]}, "curves.identified = "),
])
def test_another_sweep_in_the_same_folder_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    given = {"scenario": TOWN, "space": {"kocs": [5]}, "days": 2, "measures": "customers", "out": tmp_path, **QUIET}
    ks.sweep(**given)
    before = files(tmp_path)
    with pytest.raises(ks.FileError, match=rf"holds a sweep with {words}.*must not be mixed"):
        ks.sweep(**{**given, **change})
    assert files(tmp_path) == before
    ks.sweep(**given)


@pytest.mark.parametrize("what", ["code", "numpy", "numba", "python", "kocsim"])
def test_other_code_and_libraries_are_noticed(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"scenario": TOWN, "space": {"kocs": [5]}, "days": 2, "measures": "customers", "out": tmp_path, **QUIET}
    ks.sweep(**given)
    usual = study.ground()
    monkeypatch.setattr(study, "ground", lambda: {**usual, what: "another"})
    with pytest.raises(ks.FileError, match=rf"holds a sweep with {what} = .*; this one has 'another'"):
        ks.sweep(**given)


def test_the_code_is_all_that_runs_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    here = Path(origin.__file__).parents[1]
    copy = tmp_path / "kocsim"
    shutil.copytree(here, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(origin, "__file__", str(copy / "ensemble" / "origin.py"))
    origin.code.cache_clear()
    before = origin.code()
    for name in ("simulation.py", "kernels/exposure.py", "mechanisms/trust.py"):
        (copy / name).write_text((copy / name).read_text() + "\n")
        origin.code.cache_clear()
        assert origin.code() != before
        before = origin.code()
    for name in origin.BLIND:
        for file in [copy / name] if name.endswith(".py") else (copy / name).rglob("*.py"):
            file.write_text("")
    assert (copy / "plot" / "maps.py").read_text() == ""
    origin.code.cache_clear()
    assert origin.code() == before
    origin.code.cache_clear()


def test_one_process_at_a_time_writes_to_a_folder(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ks.FileError, match="Another process is running the sweep in"):
        ks.sweep(TOWN, {"kocs": [5]}, days=1, measures="customers", out=tmp_path, **QUIET)
    assert ks.open_sweep(tmp_path).done == 0  # others may look
    store.close()
    assert ks.sweep(TOWN, {"kocs": [5]}, days=1, measures="customers", out=tmp_path, **QUIET).done == 1


def test_folders_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ks.FileError, match=r"Cannot write the sweep in .*file"):
        ks.sweep(TOWN, {"kocs": [5]}, out=tmp_path / "file", **QUIET)
    with pytest.raises(ks.FileError, match="There is no sweep in"):
        ks.open_sweep(tmp_path)
    (tmp_path / "runs.sqlite").write_text("this is not a database, and long enough to be taken for none" * 20)
    with pytest.raises(ks.FileError, match="Cannot write the sweep in"):
        ks.sweep(TOWN, {"kocs": [5]}, out=tmp_path, **QUIET)


# ---- full disks


def many(seed: int, x: int) -> dict[str, float]:
    """Fills a disk."""
    return {f"column {k}": x + k / 7 for k in range(60)}


def test_a_full_disk_ends_it_with_a_sentence_and_all_that_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ks.sweep(many, {"x": list(range(300))}, out=tmp_path / "whole", **QUIET)
    usual = sqlite3.connect
    pages = [40]

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = usual(*args, **options)
        if pages[0]:
            connection.execute(f"PRAGMA max_page_count = {pages[0]}")
        return connection

    monkeypatch.setattr("kocsim.ensemble.store.sqlite3.connect", connect)
    monkeypatch.setattr("kocsim.ensemble.engine.COMMIT", 0.0)
    with pytest.raises(ks.FileError, match=r"disk is full\. What was finished before is kept; make room and run"):
        ks.sweep(many, {"x": list(range(300))}, out=tmp_path / "full", **QUIET)
    pages[0] = 0
    some = ks.open_sweep(tmp_path / "full")
    assert 5 < some.done < 300
    assert some.table["column 3"].tolist() == whole.table["column 3"].tolist()[: some.done]
    ks.sweep(many, {"x": list(range(300))}, out=tmp_path / "full", **QUIET)
    assert (tmp_path / "full" / "table.parquet").read_bytes() == (tmp_path / "whole" / "table.parquet").read_bytes()


def test_no_room_for_a_county_ends_it_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"scenario": TOWN, "space": {"kocs": [5, 6]}, "replicates": 2, "days": 2, "measures": "customers",
             "out": tmp_path, **QUIET}
    usual = ks.County.save
    saved: list[Path] = []

    def save(self: ks.County, path: Any) -> Path:
        if saved:
            raise ks.FileError(f"Cannot write the county to {path}: No space left on device.")
        saved.append(usual(self, path))
        return saved[0]

    monkeypatch.setattr(ks.County, "save", save)
    with pytest.raises(ks.FileError, match=r"No space left on device\. What was finished before is kept; make room"):
        ks.sweep(**given)
    assert not (tmp_path / "worlds").exists()
    monkeypatch.undo()
    assert ks.sweep(**given).done == 4


def test_memory_does_not_grow_with_results() -> None:
    """Of ten times the runs, only the list of them takes more: less than 3 KB a run, whatever is measured."""
    code = textwrap.dedent("""
        import resource, sys, tempfile
        import kocsim as ks
        def many(seed, x):
            return {f"column {k}": x + k / 7 for k in range(60)}
        with tempfile.TemporaryDirectory() as out:
            ks.sweep(many, {"x": list(range(int(sys.argv[1])))}, workers=0, out=out, progress=False)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """)
    pytest.importorskip("resource")
    peak = [
        int(subprocess.run([sys.executable, "-c", code, n], capture_output=True, text=True, check=True).stdout)
        for n in ("1000", "20000")]
    each = (peak[1] - peak[0]) * (1 if sys.platform == "darwin" else 1024) / 19_000
    assert each < 3_000, each
