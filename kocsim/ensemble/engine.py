"""In which order runs are done: those that share a county one after the other, each kept as soon as it is finished."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kocsim.ensemble import tasks as work
from kocsim.errors import FileError

if TYPE_CHECKING:
    from kocsim.ensemble.pools import Pool
    from kocsim.ensemble.store import Store
    from kocsim.ensemble.study import Point, Run, Study
    from kocsim.ensemble.tasks import Outcome

WORLDS: Final = "worlds"
COMMIT: Final = 0.1
"""Seconds from one write to the next, at least: of shorter runs several are written at once."""
WAKE: Final = 1.0
"""Seconds after which the driver looks up, so that Ctrl-C is noticed on every system."""


@dataclass
class _Group:
    """Runs that take place in one county."""

    key: str | None
    """What the county depends on; None where none is to be made."""
    runs: list[Run] = field(default_factory=list)
    place: str | None = None
    left: int = 0
    """Runs that are not finished yet."""


class Engine:
    """Does runs of one study, and keeps them.

    Parameters
    ----------
    study : Study
    store : Store
    pool : Pool
    tick : callable, optional
        Called with the number of runs that were just kept, and how many of them failed.
    """

    def __init__(
        self, study: Study, store: Store, pool: Pool, tick: Callable[[int, int], Any] | None = None
    ) -> None:
        import cloudpickle

        self.study, self.store, self.pool = study, store, pool
        self._tick = tick or (lambda kept, failed: None)
        self._bytes: bytes = cloudpickle.dumps(study)
        base = store.folder if store.folder is not None else Path(tempfile.mkdtemp(prefix="kocsim-sweep-"))
        self._base, self._own = base, store.folder is None
        self._worlds = base / WORLDS
        shutil.rmtree(self._worlds, ignore_errors=True)  # of a driver that was killed
        self._rehearsed = False
        self.seconds = self.building = 0.0
        """Of runs and of counties made for them, in the workers."""

    def close(self, at_once: bool = False) -> None:
        """Let go of the workers and of the counties on disk."""
        try:
            self.pool.close(at_once)
        finally:
            shutil.rmtree(self._base if self._own else self._worlds, ignore_errors=True)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.close(at_once=kind is not None)

    def run(self, runs: Sequence[Run]) -> None:
        """Do those of the runs that are not done yet.

        Raises
        ------
        FileError
            When there is no room to keep them; what was finished before is kept.
        BaseException
            What the executor raises when it breaks, and KeyboardInterrupt; likewise.
        """
        done = self.store.done()
        groups = self._grouped(run for run in runs if run.key not in done)
        if not groups:
            return
        if not self._rehearsed:  # one process compiles kernels, or loads them, before the others ask for them
            self.pool.submit(work.rehearse, self._bytes).result()
            self._rehearsed = True
        _Shift(self, groups).work()

    def _grouped(self, runs: Iterable[Run]) -> deque[_Group]:
        """Runs by county, each county where it is needed first; those that need none stand together."""
        groups: dict[str | None, _Group] = {}
        point: Point | None = None
        part: str | None = None
        for run in runs:
            if run.point is not point:
                point, part = run.point, self.study.world_part(run.point)
            key = None if part is None else f"{part}-{self.study.county_seed(run):x}"
            group = groups.setdefault(key, _Group(key))
            group.runs.append(run)
            group.left += 1
        return deque(groups.values())


class _Shift:
    """The work on some groups of runs."""

    def __init__(self, engine: Engine, groups: deque[_Group]) -> None:
        self.engine, self.groups = engine, groups
        self.ready: deque[tuple[Run, _Group]] = deque()
        self.waiting: dict[Future[Any], tuple[Run | None, _Group]] = {}
        self.building = 0
        self.finished: list[tuple[Run, Outcome, str]] = []
        """Not kept yet, for a tenth of a second at most."""
        self.kept_at = 0.0

    def work(self) -> None:
        """Until all is done."""
        try:
            while self.groups or self.ready or self.waiting:
                self._hand_out()
                finished, _ = wait(self.waiting, timeout=WAKE, return_when=FIRST_COMPLETED)
                for future in finished:
                    self._take_in(future)
                if not self.waiting or time.monotonic() - self.kept_at > COMMIT:
                    self._keep()
        except BaseException as error:
            for future in self.waiting:
                future.cancel()
            if not isinstance(error, FileError):  # what is finished already is not lost
                for future in [one for one in self.waiting if one.done() and not one.cancelled()]:
                    with suppress(Exception):
                        self._take_in(future)
                self._keep()
            raise

    def _hand_out(self) -> None:
        pool, engine = self.engine.pool, self.engine
        while len(self.waiting) < pool.ahead:
            if not self.ready:
                if not self.groups or self.building > 1:
                    return
                self._open(self.groups.popleft())
                continue
            run, group = self.ready.popleft()
            self.waiting[pool.submit(work.perform, engine._bytes, run, group.place, limited=True)] = run, group
            if len(self.ready) < pool.ahead and not self.building and self.groups:
                self._open(self.groups.popleft())  # so that nobody waits for the next county

    def _open(self, group: _Group) -> None:
        """Get ready a group's runs; where several share a county, it is made and saved first."""
        if group.key is None or len(group.runs) == 1:
            self._release(group)
            return
        engine = self.engine
        engine._worlds.mkdir(parents=True, exist_ok=True)
        group.place = str(engine._worlds.absolute() / group.key)
        world = engine.study.world(group.runs[0])
        threads = max(1, getattr(engine.study, "threads", 1))
        self.building += 1
        self.waiting[engine.pool.submit(work.build, world, group.place, threads)] = None, group

    def _release(self, group: _Group) -> None:
        self.ready.extend((run, group) for run in group.runs)
        group.runs.clear()

    def _take_in(self, future: Future[Any]) -> None:
        """Note what a task came to."""
        run, group = self.waiting.pop(future)
        if run is None:
            self._built(future, group)
            return
        self._note(run, self._outcome(future))
        group.left -= 1
        if group.left == 0 and group.place is not None:
            shutil.rmtree(group.place, ignore_errors=True)

    def _note(self, run: Run, outcome: Outcome) -> None:
        made_of = self.engine.study.parameters(run) if outcome.error else ""
        self.finished.append((run, outcome, made_of))

    def _keep(self) -> None:
        """Write down what is finished."""
        kept, engine = self.finished, self.engine
        if kept:
            engine.store.add(kept)
            self.finished = []
            engine.seconds += sum(outcome.seconds for _, outcome, _ in kept)
            engine._tick(len(kept), sum(bool(outcome.error) for _, outcome, _ in kept))
        self.kept_at = time.monotonic()

    def _built(self, future: Future[Any], group: _Group) -> None:
        """A county is there; or it is not, and none of its runs can be."""
        self.building -= 1
        try:
            made = self._outcome(future)
        except FileError as error:
            raise FileError(
                f"{error} What was finished before is kept; make room and run the same line again.") from None
        if not made.error:
            self.engine.building += made.seconds
            self._release(group)
            return
        for run in group.runs:
            self._note(run, made)
        group.runs.clear()

    def _outcome(self, future: Future[Any]) -> Outcome:
        try:
            outcome: Outcome = future.result()
            return outcome
        except (Exception, CancelledError) as error:
            return self._failure(error)

    def _failure(self, error: BaseException) -> Outcome:
        """What was lost with its worker; any other error is not the run's."""
        words = self.engine.pool.lost(error)
        if words is None:
            raise error
        return work.Outcome("", "", b"", 0.0, words, "")
