"""Who does the runs: processes of this machine, any executor of ``concurrent.futures``, or this process itself."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from multiprocessing import spawn
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Protocol

from kocsim.errors import ParameterError
from kocsim.threads import usable_threads


class Pool(Protocol):
    """What the engine needs of those who work."""

    workers: int
    ahead: int
    """Tasks to hand out before answers come back."""

    def submit(self, work: Callable[..., Any], *arguments: Any, limited: bool = False) -> Future[Any]:
        """Have a task done; `limited`: within the time limit, where there is one."""

    def close(self, at_once: bool) -> None:
        """Let go of the workers, when they are done or at once."""

    def lost(self, error: BaseException) -> str | None:
        """A sentence when a task was lost with its worker or ran out of time; None for other errors."""


class Here:
    """This process, one run after the other."""

    workers, ahead = 1, 1

    def submit(self, work: Callable[..., Any], *arguments: Any, limited: bool = False) -> Future[Any]:
        """Do it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self, at_once: bool) -> None:
        """Nothing to let go of."""

    def lost(self, error: BaseException) -> str | None:
        """This process cannot lose a task and go on."""
        return None


class Theirs:
    """An executor of the user's; it is not shut down."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.workers = int(getattr(executor, "_max_workers", None) or 0)  # not all of them say
        self.ahead = 4 * self.workers if self.workers else 64
        self._given: set[Future[Any]] = set()

    def submit(self, work: Callable[..., Any], *arguments: Any, limited: bool = False) -> Future[Any]:
        """Pass it on."""
        future = self.executor.submit(work, *arguments)
        self._given.add(future)
        future.add_done_callback(self._given.discard)
        return future

    def close(self, at_once: bool) -> None:
        """Take back what has not begun."""
        if at_once:
            for future in list(self._given):
                future.cancel()

    def lost(self, error: BaseException) -> str | None:
        """An executor that breaks takes all its tasks with it; one that lost a worker has errors of its own."""
        if isinstance(error, BrokenExecutor):
            return None
        return f"lost by the executor: {type(error).__name__}: {error}"


class Local:
    """Processes of this machine, begun anew (spawn); one that is killed costs the run that it was at."""

    def __init__(self, workers: int, limit: float | None) -> None:
        from pebble import ProcessPool

        self.workers, self.limit = workers, limit
        self.ahead = 2 * workers + 2
        self._pool = ProcessPool(workers, initializer=_begin, context=_Spawn())
        self._pool.schedule(os.getpid)  # begin to start them

    def submit(self, work: Callable[..., Any], *arguments: Any, limited: bool = False) -> Future[Any]:
        """Have it done by the next worker who is free."""
        future: Future[Any] = self._pool.schedule(
            work, args=arguments, timeout=self.limit if limited else None)
        return future

    def close(self, at_once: bool) -> None:
        """End the processes."""
        if at_once:
            self._pool.stop()  # type: ignore[no-untyped-call]
        else:
            self._pool.close()  # type: ignore[no-untyped-call]
        self._pool.join()

    def lost(self, error: BaseException) -> str | None:
        """A worker that died, or was stopped at the time limit."""
        from pebble import ProcessExpired

        if isinstance(error, ProcessExpired):
            code = getattr(error, "exitcode", None)
            if isinstance(code, int) and code < 0:
                names = {s.value: s.name for s in signal.Signals}
                hint = "; often a sign that memory ran out" if -code == 9 else ""
                return f"the worker was ended by {names.get(-code, f'signal {-code}')}{hint}"
            return f"the worker ended with exit code {code}"
        if isinstance(error, TimeoutError):
            return f"it took longer than the limit of {self.limit:g} s"
        return None


def as_pool(executor: Executor | None, workers: int | None, limit: float | None) -> Pool:
    """Who does the runs.

    Parameters
    ----------
    executor : Executor, optional
        Any of ``concurrent.futures``.
    workers : int, optional
        Processes of this machine; default as many as there are processors; 0: this process.
    limit : float, optional
        Seconds that a run may take.

    Raises
    ------
    ParameterError
        For what does not fit together.
    """
    if limit is not None and not (isinstance(limit, (int, float)) and 0 < limit < float("inf")):
        raise ParameterError(f"limit must be a number of seconds in (0, inf); got {limit!r}.")
    if executor is not None:
        if not callable(getattr(executor, "submit", None)):
            raise ParameterError(f"executor must be a concurrent.futures.Executor; got {executor!r}.")
        if limit is not None or workers is not None:
            raise ParameterError("limit and workers are of the local pool; with an executor, set them there.")
        return Theirs(executor)
    many = 0 if workers == 0 and not isinstance(workers, bool) else usable_workers(workers)
    if many == 0:
        if limit is not None:
            raise ParameterError("limit needs workers >= 1: nobody can stop a run in this process.")
        return Here()
    return Local(many, limit)


def usable_workers(workers: int | None) -> int:
    """The number asked for, or as many as there are processors."""
    try:
        return usable_threads(workers)
    except ParameterError:
        raise ParameterError(f"workers must be a whole number in [0, 256]; got {workers!r}.") from None


def _begin() -> None:
    """Let a worker load what it needs, and end when the process that began it is no more."""
    from multiprocessing import parent_process

    parent = parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # its own one is shared by processes, and left behind by those that are ended
    # workers share the processors; libraries must not each start a thread a processor
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"):
        os.environ.setdefault(name, "1")


class _Process(SpawnProcess):
    """A process that does not run the user's script a second time.

    Spawned processes import the main script, so that what it defines can be unpickled there, which asks every script
    for ``if __name__ == "__main__":``. What workers need of it comes to them by value (cloudpickle).
    """

    @staticmethod
    def _Popen(process: Any) -> Any:
        with _STARTING:
            usual = spawn.get_preparation_data
            spawn.get_preparation_data = _without_main
            try:
                return SpawnProcess._Popen(process)
            finally:
                spawn.get_preparation_data = usual


class _Spawn(SpawnContext):
    Process = _Process


_STARTING = threading.Lock()
_usual = spawn.get_preparation_data


def _without_main(name: str) -> dict[str, Any]:
    data: dict[str, Any] = _usual(name)
    return {key: value for key, value in data.items() if key not in ("init_main_from_name", "init_main_from_path")}
