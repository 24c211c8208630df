"""Classic diffusion on any network: one rule, many replicates."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.errors import Interrupted, ParameterError, at_least
from kocsim.layers import as_layers, combined
from kocsim.plans import LATE, Setting, Tally, Worker
from kocsim.rules.base import Rule
from kocsim.seam import SeamWorker
from kocsim.seeds import residents, seeding
from kocsim.threads import usable_threads

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

MOST_BYTES = 4 * 2**30
"""Most memory that `Diffusion.times` or `Diffusion.curve` may take."""
BATCH_SECONDS = 0.05
"""How long a thread works before it looks whether it should stop."""


def diffuse(
    network: Any,
    rule: Rule,
    seeds: Any = (),
    steps: int | None = None,
    replicates: int = 1,
    seed: int | None = None,
    *,
    immune: Any = (),
    silent: Any = (),
    times: bool = False,
    threads: int | None = None,
    fast: bool = True,
) -> Diffusion:
    """Let a rule spread over a network, from seeds to the end, as often as asked.

    Parameters
    ----------
    network : Ties, WellMixed, mapping, or whatever `Ties.from_any` reads
        Ties point the way information flows: a tie ``i -> j`` lets j hear i. A mapping from names to networks of the
        same residents makes layers; what a tie in two layers does stands with each rule. Self-ties and
        duplicates are set aside when Ties are made.
    rule : Rule
        One of `kocsim.rules`, or your own.
    seeds : sequence of residents, mapping from resident to step, `seeds.Random` or `seeds.TopDegree`
        Who adopts without anybody's doing: at step 0, or at the step given. By row number or label, or as a mask (n,).
    steps : int, optional
        Most steps, >= 0. Default: until nothing more can happen.
    replicates : int
        >= 1.
    seed : int, optional
        Any whole number >= 0; drawn, and kept in the result, when not given. Replicate k is the same whatever the
        number of replicates and threads.
    immune, silent : sequence of residents, or mask of shape (n,)
        Who never adopts; who adopts, but passes nothing on.
    times : bool
        Record at once at which step everybody adopted; otherwise `Diffusion.times` runs it all again when asked for.
    threads : int, optional
        Default: as many as there are processors. Replicates are shared among them; one replicate takes one thread.
    fast : bool
        False runs a built-in rule by its NumPy form, `Rule.adopt`: the same result, slowly.

    Returns
    -------
    Diffusion

    Raises
    ------
    ParameterError, DataError
        For anything that does not fit, in one sentence, before any work.
    Interrupted
        At Ctrl-C, once the replicates under way are over; its `result` holds all that were finished.

    Notes
    -----
    Steps are synchronous: who adopts at step t counts from step t + 1 on. Every draw is a function of seed, decision,
    replicate, resident and, for a tie, both its ends. So two runs with one seed share their luck: a higher
    probability, an earlier seed or a lower threshold delays nobody, exactly; nor does one more tie, where the rule
    is `monotone_in_ties`.

    Examples
    --------
    >>> import kocsim as ks
    >>> ties = ks.Ties.from_edges([0, 0, 1], [1, 2, 2])
    >>> out = ks.diffuse(ties, ks.rules.IndependentCascade(p=0.5), seeds=[0], replicates=1000, seed=1)
    >>> out.curve.shape, out.probability.round(2).tolist()
    ((1000, 3), [1.0, 0.51, 0.64])
    """
    if not isinstance(rule, Rule):
        hint = f"; make one: {rule.__name__}(...)" if isinstance(rule, type) and issubclass(rule, Rule) else ""
        raise ParameterError(f"rule must be a kocsim.rules.Rule; got {rule!r}{hint}.")
    steps = LATE if steps is None else at_least("steps", steps, 0, LATE - 1)
    replicates = at_least("replicates", replicates, 1, 2**32 - 1)
    seed = secrets.randbits(32) if seed is None else at_least("seed", seed, 0)
    threads = usable_threads(threads)
    one = combined(as_layers(network), rule)
    rule.check(one)
    barred = np.zeros(one.n, np.bool_)
    barred[residents(immune, "immune", one)] = True
    quiet = np.zeros(one.n, np.uint8)
    quiet[residents(silent, "silent", one)] = 1
    setting = Setting(one, seeding(seeds, one, barred, seed), quiet if quiet.any() else quiet[:0], barred, seed, steps)
    _affordable("sizes", replicates * 16, "16 bytes a replicate")
    if times:
        _affordable("times", replicates * one.n * 4, "replicates x residents")
    run = _Run(rule, setting, replicates, threads, fast)
    return run.go(times)


@dataclass(frozen=True, eq=False)
class _Run:
    """What it takes to run it again."""

    rule: Rule
    setting: Setting
    replicates: int
    threads: int
    fast: bool

    def worker(self) -> Worker:
        plan = self.rule.plan(self.setting.network) if self.fast else None
        return plan.worker(self.setting) if plan is not None else SeamWorker(self.rule, self.setting)

    def go(self, times: bool) -> Diffusion:
        n, many = self.setting.network.n, self.replicates
        shape = (many, n) if times else (0, 0)
        tally = Tally(
            np.zeros(many, np.int64), np.zeros(many, np.int32), np.zeros(many, np.int32), np.full(shape, -1, np.int32)
        )
        threads = min(self.threads, many)
        pool = _Batches(many, threads)
        workers = [self.worker() for _ in range(threads)]
        done = pool.run([lambda lo, hi, w=w: w.run(lo, hi, tally) for w in workers])  # type: ignore[misc]
        counts = np.zeros(n, np.int64)
        for worker in workers:
            counts += worker.counts
        result = Diffusion(self, _first(tally, done), counts, done)
        if pool.interrupted:
            raise Interrupted(result)
        return result


def _first(tally: Tally, many: int) -> Tally:
    """A tally of the first replicates."""
    times = tally.times[:many] if tally.times.shape[0] else tally.times
    return Tally(tally.sizes[:many], tally.lengths[:many], tally.durations[:many], times, tally.levels)


class _Batches:
    """Replicates handed out to threads in batches that grow until one takes a good while."""

    def __init__(self, many: int, threads: int) -> None:
        self.many, self.threads = many, threads
        self.lock = threading.Lock()
        self.next = 0
        self.size = 1
        self.stop = self.interrupted = False

    def run(self, works: list[Callable[[int, int], None]]) -> int:
        """Do them all; returns how many are done, fewer after Ctrl-C: batches under way are finished."""
        futures: list[Future[None]] = []
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for work in works:
                    futures.append(pool.submit(self._work, work))
                for future in futures:
                    future.result()
            except KeyboardInterrupt:
                self.stop = self.interrupted = True
                for future in futures:
                    future.result()
            except BaseException:
                self.stop = True
                raise
        return self.next

    def _take(self) -> tuple[int, int]:
        with self.lock:
            lo = self.next
            if self.stop or lo >= self.many:
                return lo, lo
            fair = max(1, (self.many - lo) // (4 * self.threads))
            hi = min(lo + min(self.size, fair), self.many)
            self.next = hi
            return lo, hi

    def _work(self, work: Callable[[int, int], None]) -> None:
        while True:
            lo, hi = self._take()
            if lo == hi:
                return
            start = time.perf_counter()
            try:
                work(lo, hi)
            except BaseException:
                self.stop = True  # the other threads need not finish
                raise
            with self.lock:
                if hi - lo == self.size and time.perf_counter() - start < BATCH_SECONDS:
                    self.size *= 2


def _affordable(name: str, size: int, what: str) -> None:
    if size > MOST_BYTES:
        raise ParameterError(
            f"{name} would take {size / 2**30:.1f} GiB ({what}), more than {MOST_BYTES / 2**30:g} GiB; ask for fewer "
            "replicates or steps."
        )


class Diffusion:
    """What came of it, replicate by replicate.

    Attributes
    ----------
    rule : Rule
    seed : int
    n, replicates : int
        Residents; how often it was run.
    sizes : ndarray of int64, shape (replicates,)
        Final adopters, seeds included; under SIR all who were ever infected.
    duration : ndarray of int64, shape (replicates,)
        The last step at which somebody adopted.
    """

    def __init__(
        self, run: _Run, tally: Tally, counts: NDArray[np.int64], replicates: int
    ) -> None:
        self._run = run
        self._tally = tally
        self._counts = counts
        self.rule = run.rule
        self.seed = run.setting.seed
        self.n = run.setting.network.n
        self.replicates = replicates
        self.sizes = tally.sizes
        self.duration = tally.durations.astype(np.int64)

    @property
    def steps(self) -> int:
        """The last step of `curve`: as many as were asked for, or else the most that any replicate took."""
        last = self._run.setting.last
        return last if last < LATE else int(self._tally.lengths.max(initial=1)) - 1

    @cached_property
    def curve(self) -> NDArray[np.int64]:
        """Adopters after 0, 1 ... steps, seeds at 0; shape (replicates, steps + 1)."""
        return self._dense(0).cumsum(axis=1)

    @cached_property
    def active(self) -> NDArray[np.int64]:
        """Residents who are still trying after 0, 1 ... steps, the silent included; shape (replicates, steps + 1).

        Under `SIR` those currently infectious, under any other rule all adopters.
        """
        new = self._dense(0)
        if all(ended.size == 0 for _, ended in self._tally.levels.values()):
            return self.curve
        return (new - self._dense(1)).cumsum(axis=1)

    def _dense(self, which: int) -> NDArray[np.int64]:
        """Adopters (0) or those who stopped (1) at each step, padded with zeros."""
        width = self.steps + 1
        _affordable("curve", self.replicates * width * 8, "replicates x steps")
        dense = np.zeros((self.replicates, width), np.int64)
        for first, pair in sorted(self._tally.levels.items()):
            counts, at, r = pair[which], 0, first
            while at < counts.size and r < self.replicates:
                length = int(self._tally.lengths[r])
                dense[r, :length] = counts[at : at + length]
                at += length
                r += 1
        return dense

    @property
    def probability(self) -> NDArray[np.float64]:
        """Share of the replicates in which each resident adopted; shape (n,)."""
        return self._counts / max(self.replicates, 1)

    @cached_property
    def times(self) -> NDArray[np.int32]:
        """Step at which each resident adopted: 0 for seeds, -1 never; int32, shape (replicates, n).

        Runs all again unless `diffuse` was told ``times=True``; 4 bytes a resident and replicate.

        Raises
        ------
        ParameterError
            When that is more than 4 GiB.
        """
        if self._tally.times.shape[0] == self.replicates:
            return self._tally.times
        _affordable("times", self.replicates * self.n * 4, "replicates x residents")
        return replace(self._run, replicates=self.replicates).go(times=True)._tally.times

    @property
    def mean(self) -> float:
        """Mean of `sizes`: the expected spread."""
        return float(self.sizes.mean())

    @property
    def se(self) -> float:
        """Standard error of `mean`; nan for a single replicate."""
        if self.replicates < 2:
            return float("nan")
        return float(self.sizes.std(ddof=1) / np.sqrt(self.replicates))

    def finished(self) -> str:
        """What is done, in words."""
        return f"{self.replicates:,} finished replicates"

    def summary(self) -> pd.Series[Any]:
        """Final adopters over replicates: mean, standard error, quantiles; and their share of all residents."""
        import pandas as pd

        low, median, high = np.quantile(self.sizes, [0.05, 0.5, 0.95])
        return pd.Series({
            "residents": self.n, "replicates": self.replicates, "mean": self.mean, "se": self.se, "5%": low,
            "median": median, "95%": high, "mean share": self.mean / max(self.n, 1),
            "mean duration": float(self.duration.mean()),
        }, name=repr(self.rule))

    def to_frame(self) -> pd.DataFrame:
        """The curves as a tidy table: columns replicate, step, adopters."""
        import pandas as pd

        many, width = self.curve.shape
        return pd.DataFrame({
            "replicate": np.repeat(np.arange(many), width), "step": np.tile(np.arange(width), many),
            "adopters": self.curve.ravel(),
        })

    def to_xarray(self) -> xr.Dataset:
        """Curves, sizes and probabilities as one labelled data set (needs the extra ``kocsim[xarray]``)."""
        try:
            import xarray as xr
        except ImportError:
            raise ImportError(
                "Diffusion.to_xarray needs xarray; install it with: pip install 'kocsim[xarray]'"
            ) from None
        data = xr.Dataset(
            {
                "curve": (("replicate", "step"), self.curve, {"units": "residents"}),
                "size": (("replicate",), self.sizes, {"units": "residents"}),
                "duration": (("replicate",), self.duration, {"units": "steps"}),
                "probability": (("resident",), self.probability, {"units": "share of replicates"}),
            },
            coords={"replicate": np.arange(self.replicates), "step": np.arange(self.curve.shape[1])},
            attrs={"rule": repr(self.rule), "seed": str(self.seed)},
        )
        layers = self._run.setting.network.layers
        if layers and layers[0].labels is not None:
            data = data.assign_coords(resident=np.asarray(layers[0].labels))
        return data

    def __repr__(self) -> str:
        if not self.replicates:
            return f"<Diffusion of {self.rule!r}: no replicates>"
        spread = f"{self.mean:,.2f}" + (f" ± {self.se:.2g}" if self.replicates > 1 else "")
        return (
            f"<Diffusion of {self.rule!r}, seed {self.seed}: {self.replicates:,} replicate"
            f"{'s' if self.replicates > 1 else ''}, {spread} of {self.n:,} residents adopt>"
        )
