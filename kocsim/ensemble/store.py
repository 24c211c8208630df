"""Where finished runs are kept: one SQLite file a sweep, written by one process at a time, readable by any.

A run is committed when it is finished, so that neither kill -9 nor a power cut takes it away again. One file serves a
hundred thousand runs where Parquet would need one for each block of runs, and lose the block that is not full yet; the
tables for users are written to Parquet, from here, when the sweep ends.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kocsim.errors import FileError

if TYPE_CHECKING:
    from kocsim.ensemble.study import Point, Run
    from kocsim.ensemble.tasks import Outcome

FORMAT: Final = "kocsim sweep 1"
FILE: Final = "runs.sqlite"
LOCK: Final = ".lock"
TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE points (point INTEGER PRIMARY KEY, changes TEXT NOT NULL, shown TEXT NOT NULL);
CREATE TABLE design (position INTEGER PRIMARY KEY, key BLOB NOT NULL, point INTEGER NOT NULL,
    replicate INTEGER NOT NULL, seed INTEGER NOT NULL);
CREATE TABLE runs (key BLOB PRIMARY KEY, done INTEGER NOT NULL, numbers TEXT NOT NULL, digest TEXT NOT NULL,
    curves BLOB NOT NULL, seconds REAL NOT NULL, error TEXT NOT NULL, trace TEXT NOT NULL, parameters TEXT NOT NULL);
"""
WAIT: Final = 30.0
"""Seconds to wait for another process that is reading."""


class Row(NamedTuple):
    """A run of the design with what came of it."""

    position: int
    point: int
    replicate: int
    seed: int
    numbers: str
    digest: str
    curves: bytes
    seconds: float
    error: str
    trace: str
    parameters: str


class Store:
    """Finished runs of one sweep.

    Parameters
    ----------
    folder : Path or None
        None keeps them in memory.
    write : bool
        Take hold of the folder, and make it when it is not there.

    Raises
    ------
    FileError
        When the folder cannot be written, holds no sweep, or another process is writing to it.
    """

    def __init__(self, folder: Path | None, write: bool = True) -> None:
        self.folder = folder
        self._lock: sqlite3.Connection | None = None
        if folder is None:
            self._file = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            self._file.executescript(TABLES)
            return
        path = folder / FILE
        try:
            if write:
                folder.mkdir(parents=True, exist_ok=True)
                self._lock = _hold(folder)
                new = not path.exists()
                self._file = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
                if new or not self._file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    with self._all_or_nothing():
                        for statement in TABLES.split(";"):
                            self._file.execute(statement)
                # written ahead: a commit is safe from kill -9 at once and from a power cut a little later, at no cost
                self._file.execute("PRAGMA journal_mode = WAL")
                self._file.execute("PRAGMA synchronous = NORMAL")
            else:
                if not path.is_file():
                    raise FileError(f"There is no sweep in {folder} (no {FILE}).")
                address = path.absolute().as_uri() + "?mode=ro"
                self._file = sqlite3.connect(address, uri=True, timeout=WAIT, isolation_level=None,
                                             check_same_thread=False)
            self._file.execute("SELECT count(*) FROM about").fetchone()
        except FileError:
            self.close()
            raise
        except (OSError, sqlite3.Error) as error:
            self.close()
            why = getattr(error, "strerror", None) or error
            raise FileError(f"Cannot {'write' if write else 'read'} the sweep in {folder}: {why}.") from None

    def close(self) -> None:
        """Let go of the folder."""
        if hasattr(self, "_file"):
            if self._lock is not None:
                with suppress(sqlite3.Error):  # one file again, which can be read where nobody may write
                    self._file.execute("PRAGMA journal_mode = DELETE")
            self._file.close()
        if self._lock is not None:
            with suppress(sqlite3.Error):
                self._lock.rollback()
            self._lock.close()
            self._lock = None

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """A transaction; a disk that is full is told in a sentence."""
        try:
            self._file.execute("BEGIN IMMEDIATE")
            yield
            self._file.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                self._file.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and self.folder is not None:
                raise FileError(
                    f"Cannot write to {self.folder / FILE}: {error}. What was finished before is kept; make room and "
                    "run the same line again.") from error
            raise

    # ---- what it is a sweep of

    def claim(self, identity: dict[str, Any]) -> None:
        """Note what this is a sweep of; refuse one that is another.

        Raises
        ------
        FileError
            Naming the first thing that differs.
        """
        text = json.dumps(identity)
        kept = self.about("identity")
        if kept is None:
            self.note({"format": FORMAT, "identity": text})
            return
        if self.about("format") != FORMAT:
            raise FileError(f"{self.folder} has format {self.about('format')!r}; this version writes {FORMAT!r}.")
        different = list(_differences(json.loads(kept), json.loads(text)))
        if different:
            name, had, has = different[0]
            further = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
            raise FileError(
                f"{self.folder} holds a sweep with {name} = {_short(had)}; this one has {_short(has)}{further}. "
                "Results of both must not be mixed: choose another folder, or delete this one.")

    def note(self, values: dict[str, str]) -> None:
        """Keep texts by name."""
        with self._all_or_nothing():
            self._file.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", values.items())

    def about(self, name: str) -> str | None:
        """A text by name."""
        row = self._file.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def lay_out(self, points: Iterable[tuple[Point, dict[str, Any]]], runs: Iterable[tuple[int, Run]]) -> None:
        """Keep a design: points with what is shown of them, and runs in the order of the table."""
        with self._all_or_nothing():
            self._file.execute("DELETE FROM points")
            self._file.execute("DELETE FROM design")
            self._file.executemany("INSERT INTO points VALUES (?, ?, ?)", (
                (number, json.dumps(point, default=str), json.dumps(shown, default=str))
                for number, (point, shown) in enumerate(points)))
            self._file.executemany("INSERT INTO design VALUES (?, ?, ?, ?, ?)", (
                (position, run.key, point, run.replicate, run.seed) for position, (point, run) in enumerate(runs)))

    # ---- runs

    def done(self) -> set[bytes]:
        """Keys of runs that were finished without an error."""
        return {row[0] for row in self._file.execute("SELECT key FROM runs WHERE done")}

    def add(self, outcomes: Sequence[tuple[Run, Outcome, str]]) -> None:
        """Keep what came of runs, and of those that failed what they were made of."""
        with self._all_or_nothing():
            self._file.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (
                (run.key, not one.error, one.numbers, one.digest, one.curves, one.seconds, one.error, one.trace, said)
                for run, one, said in outcomes))

    def numbers(self, keys: Sequence[bytes]) -> list[dict[str, float] | None]:
        """Measures of runs by key; None where a run failed or was not done."""
        one = "SELECT numbers FROM runs WHERE key = ? AND done"
        found = (self._file.execute(one, (key,)).fetchone() for key in keys)
        return [None if row is None else json.loads(row[0]) for row in found]

    def error(self, key: bytes) -> str:
        """What a run failed with; empty where it did not."""
        row = self._file.execute("SELECT error FROM runs WHERE key = ?", (key,)).fetchone()
        return "" if row is None else str(row[0])

    def rows(self, done: bool = True, curves: bool = False) -> Iterator[Row]:
        """Runs of the design that are finished, or that failed, in the order of the table."""
        bytes_of = "curves" if curves else "x''"
        cursor = self._file.execute(
            f"SELECT position, point, replicate, seed, numbers, digest, {bytes_of}, seconds, error, trace, parameters "
            "FROM design JOIN runs USING (key) WHERE done = ? ORDER BY position", (int(done),))
        return (Row(*row) for row in cursor)

    def points(self) -> list[tuple[Point, dict[str, Any]]]:
        """Points of the design: what they change, and what is shown of them."""
        found = self._file.execute("SELECT changes, shown FROM points ORDER BY point")
        return [(json.loads(changes), json.loads(shown)) for changes, shown in found]

    def counts(self) -> tuple[int, int, int]:
        """Runs of the design; of these finished; of these failed."""
        planned, done, tried = self._file.execute(
            "SELECT count(*), sum(coalesce(done, 0)), count(done) FROM design LEFT JOIN runs USING (key)").fetchone()
        return int(planned), int(done or 0), int(tried) - int(done or 0)

    def run(self, position: int) -> tuple[bytes, int, int, int] | None:
        """Key, point, replicate and seed of a row of the design."""
        found: tuple[bytes, int, int, int] | None = self._file.execute(
            "SELECT key, point, replicate, seed FROM design WHERE position = ?", (position,)).fetchone()
        return found


def _hold(folder: Path) -> sqlite3.Connection:
    """A lock on a folder that ends with this process, however it ends."""
    lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise
        raise FileError(f"Another process is running the sweep in {folder}; wait for it, or stop it.") from None
    return lock


def _differences(had: Any, has: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """What differs between two trees of values, by dotted name."""
    if isinstance(had, dict) and isinstance(has, dict):
        for name in dict.fromkeys([*had, *has]):
            yield from _differences(had.get(name), has.get(name), f"{path}.{name}" if path else name)
    elif had != has:
        yield path, had, has


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def written_aside(path: Path, write: Any) -> None:
    """Write a file under another name and then give it its own: all of it or nothing.

    Raises
    ------
    FileError
        When it cannot be written.
    """
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        write(aside)
        os.replace(aside, path)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise FileError(f"Cannot write {path}: {error.strerror or error}.") from None
