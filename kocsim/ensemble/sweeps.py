"""What users call: `sweep` and `replicate`, and the `Sweep` that they get."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kocsim.ensemble.asking import as_arms, county_study
from kocsim.ensemble.designs import Design, as_design
from kocsim.ensemble.engine import Engine
from kocsim.ensemble.outcome import RESERVED, Sweep
from kocsim.ensemble.pools import Pool, as_pool
from kocsim.ensemble.store import Store
from kocsim.ensemble.study import (
    CURVES,
    SCENARIO,
    CountyStudy,
    FunctionStudy,
    Point,
    Run,
    Study,
    canonical,
    runs_of,
)
from kocsim.errors import Interrupted, ParameterError, at_least
from kocsim.progress import progress_bar

if TYPE_CHECKING:
    from kocsim.county import County


def sweep(
    scenario: Any,
    space: Any = None,
    replicates: int = 1,
    days: int | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    measures: Any = None,
    *,
    design: str | None = None,
    points: int | None = None,
    luck: str = "shared",
    counties: int = 1,
    county: County | None = None,
    curves: Any = CURVES,
    workers: int | None = None,
    threads: int = 1,
    executor: Executor | None = None,
    limit: float | None = None,
    progress: bool = True,
) -> Sweep:
    """Run a scenario at many points of a parameter space, with replicates. Run the same line again: it goes on.

    Parameters
    ----------
    scenario : Scenario, str, path, `Arm`, mapping of these, or callable
        What is varied. A mapping from names makes an axis "scenario". A callable is a model of the user's own,
        ``function(seed=..., **point)``, which returns a number or a mapping of numbers.
    space : mapping, `Design`, DataFrame or sequence of mappings, optional
        Parameters by dotted name, each with a list of values or a `Range`; all combinations unless `design` says
        otherwise. Or points of one's own.
    replicates : int
        >= 1. A sweep may be given more of them later, and more points: what is done is not done again.
    days : int, optional
        In [1, 60000]; default: what each scenario says.
    seed : int
        Of the whole sweep, >= 0.
    out : path, optional
        Folder for ``runs.sqlite`` (all that is finished, run by run), ``table.parquet``, ``curves.parquet`` and, where
        runs failed, ``errors.txt``. Without it all is kept in memory and lost with the process.
    measures : mapping, sequence, str or callable, optional
        What is measured of each `Result`; see `kocsim.ensemble.study.as_measures`. Default: `kocsim.measures.standard`.
    design : str, optional
        "grid", "latin", "sobol" or "one_at_a_time"; see `kocsim.ensemble.designs`.
    points : int, optional
        Points of a Latin hypercube or Sobol' sequence; values along each `Range` of the other designs.
    luck : str
        "shared": replicate r has the same luck at all points, so that differences between points have the parameters as
        their only cause; "own": each point has luck of its own.
    counties : int
        How many different counties of the same parameters: replicate r takes place in number ``r % counties``. With 1,
        intervals tell of luck within one county; with as many as replicates, of counties too.
    county : County, optional
        One county for all runs. Parameters of the world cannot be varied then.
    curves : sequence of str, or mapping
        Columns of `Result.daily` to keep of each run, day by day; a mapping from names may also have functions of a
        `Result` that return a number for each day.
    workers : int, optional
        Processes; default as many as there are processors; 0: none, all in this process. Results do not depend on it.
    threads : int
        Of each run.
    executor : Executor, optional
        Any of ``concurrent.futures``, such as Dask's ``client.get_executor()``, instead of `workers`. Where it is on
        other machines, a shared `out` spares them from making each county again.
    limit : float, optional
        Seconds after which a run is stopped and counts as failed.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Sweep

    Raises
    ------
    ParameterError
        For anything that does not fit, at any point, before the first run.
    FileError
        When `out` holds another sweep (other code, library versions, scenario ...), cannot be written, or is full.
    Interrupted
        On Ctrl-C (a `KeyboardInterrupt`); its ``result`` is the sweep so far.

    Notes
    -----
    The seed of replicate r is `replicate_seed` of the sweep's seed and r alone, whatever other points and replicates
    there are. A run that fails (exception, killed, out of memory or time) costs that run: it is listed in
    `Sweep.errors`, and tried again when the line is run again.

    Examples
    --------
    >>> import kocsim as ks
    >>> done = ks.sweep("small", {"kocs": [50, 200]}, replicates=2, days=10, measures="customers", workers=0,
    ...                 progress=False)
    >>> done.table[["kocs", "replicate"]].values.tolist()
    [[50, 0], [50, 1], [200, 0], [200, 1]]
    """
    at_least("replicates", replicates, 1)
    seed = at_least("seed", seed, 0)
    chosen = as_design({} if space is None else space, design, points, seed)
    if county is not None:
        check_county(scenario, chosen.names, county)
    study, units = make_study(
        scenario, seed=seed, days=days, counties=counties, luck=luck, measures=measures, curves=curves, threads=threads)
    pointed = laid_out(study, chosen)
    pool = as_pool(executor, workers, limit)
    with session(study, units, out, pool, county) as desk:
        runs = [
            (number, run) for number, point in enumerate(pointed)
            for run in runs_of(study, point, range(replicates))]
        return desk.do(chosen, pointed, runs, progress)


def replicate(
    scenario: Any, n: int = 20, seed: int = 0, days: int | None = None, **options: Any
) -> Sweep:
    """Run one scenario `n` times, each with luck and a county of its own.

    Parameters
    ----------
    scenario : Scenario, str, path or `Arm`
    n : int
        >= 1.
    seed, days
        As in `sweep`.
    **options
        As in `sweep`: `out`, `measures`, `counties` (here `n` unless given), `county`, `curves`, `workers` ...

    Returns
    -------
    Sweep
        Of one point.

    Examples
    --------
    >>> import kocsim as ks
    >>> bands = ks.replicate("small", n=4, days=5, workers=0, progress=False).quantiles([0.1, 0.9])
    >>> bands.shape
    (5, 8)
    """
    n = at_least("n", n, 1)
    options.setdefault("counties", 1 if options.get("county") is not None else n)
    return sweep(scenario, None, n, days, seed, **options)


def open_sweep(path: str | os.PathLike[str]) -> Sweep:
    """Read a sweep from its folder, finished or not, also while it runs.

    Raises
    ------
    FileError
        When there is none.
    """
    return Sweep(Store(Path(path), write=False))


# ---- how it is done


def make_study(scenario: Any, *, seed: int, measures: Any = None, **options: Any) -> tuple[Study, dict[str, str]]:
    """The study that a user's first argument asks for, and the units of its measures."""
    from kocsim.ensemble.study import Arm
    from kocsim.scenario import Scenario

    if callable(scenario) and not isinstance(scenario, (Scenario, Arm, str, os.PathLike)):
        if measures is not None:
            raise ParameterError("measures are of a Result; a function of your own returns its numbers itself.")
        return FunctionStudy(scenario, seed, options["luck"]), {}
    if measures is None:
        from kocsim.measures import standard as measures
    return county_study(scenario, seed=seed, measures=measures, **options)


def check_county(scenario: Any, names: Sequence[str], county: County) -> None:
    """Refuse a county that some scenario, or what is varied, does not fit.

    Raises
    ------
    ParameterError, DataError
    """
    from kocsim.ensemble.study import WORLD
    from kocsim.sameworld import check_same_world

    if callable(scenario):
        raise ParameterError("county goes with scenarios, not with a function of your own.")
    if not hasattr(county, "fingerprint"):
        raise ParameterError(f"county must be a County or None; got {county!r}.")
    for arm in as_arms(scenario).values():
        check_same_world(arm.scenario, county)
    varied = next((name for name in names if name.split(".")[0] in WORLD), None)
    if varied is not None:
        raise ParameterError(f"{varied} cannot be varied in a county that is given: it is part of the world.")


def laid_out(study: Study, design: Design) -> list[Point]:
    """The points of a design for each scenario, all of them checked.

    Raises
    ------
    ParameterError
        Naming what does not fit, and the point.
    """
    arms = list(study.arms) if isinstance(study, CountyStudy) else [""]
    axis = isinstance(study, CountyStudy) and study.axis
    if axis and SCENARIO in design.names:
        raise ParameterError("scenario is an axis of its own where several are given; it cannot be in the space too.")
    taken = next((name for name in design.names if name in RESERVED), None)
    if taken is not None:
        raise ParameterError(f"{taken} is a column of the table and cannot be varied.")
    points = [{SCENARIO: arm, **row} if axis else dict(row) for arm in arms for row in design]
    seen: dict[str, int] = {}
    for number, point in enumerate(points):
        try:
            study.check(point)
        except ParameterError as error:
            raise ParameterError(f"At point {number} of the sweep ({_said(point)}): {error}") from None
        before = seen.setdefault(canonical(point), number)
        if before != number:
            raise ParameterError(f"Points {before} and {number} of the sweep are the same: {_said(point)}.")
    return points


def _said(point: Point) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in point.items()) or "the scenario itself"


class Desk:
    """A study with its store and its workers: what sweeps, comparisons and searches have in common."""

    def __init__(self, study: Study, units: dict[str, str], store: Store, pool: Pool) -> None:
        self.study, self.units, self.store = study, units, store
        self._pool = pool
        self._engine: Engine | None = None
        self._failed: set[bytes] = set()
        """Runs that were tried at this desk; a longer list of runs does not try them once more."""

    def do(
        self, design: Design, points: Sequence[Point], runs: Sequence[tuple[int, Run]], progress: bool,
        report: bool = True,
    ) -> Sweep:
        """Do what is missing of the runs (each with the number of its point), and give the sweep of all."""

        names = [*([SCENARIO] if points and SCENARIO in points[0] else []), *design.names]
        shown = (
            (point, {name: point[name] if name in point else self.study.value(point, name) for name in names})
            for point in points)
        self.store.lay_out(shown, runs)
        self.store.note({"design": design.kind, "axes": json.dumps(names), "units": json.dumps(self.units)})
        done = self.store.done()
        before = sum(run.key in done or run.key in self._failed for _, run in runs)
        if before < len(runs) and self._engine is None:
            self._engine = Engine(self.study, self.store, self._pool)
        with progress_bar(total=len(runs), initial=before, unit="run", disable=not progress) as bar:
            failures = 0

            def tick(kept: int, failed: int) -> None:
                nonlocal failures
                failures += failed
                if failures:
                    bar.set_postfix_str(f"{failures} failed", refresh=False)
                bar.update(kept)

            try:
                if self._engine is not None:
                    self._engine._tick = tick
                    self._engine.run([run for _, run in runs if run.key not in self._failed])
            except KeyboardInterrupt:
                raise Interrupted(self._sweep(report)) from None
        if failures:
            done = self.store.done()
            self._failed |= {run.key for _, run in runs if run.key not in done}
        return self._sweep(report)

    def _sweep(self, report: bool) -> Sweep:
        result = Sweep(self.store, self.study)
        if report and self.store.folder is not None:
            result.write()
        return result

    def close(self, at_once: bool) -> None:
        """Let go of workers and folder; what is in memory stays."""
        try:
            if self._engine is not None:
                self._engine.close(at_once)
            else:
                self._pool.close(at_once)
        finally:
            if self.store.folder is not None:
                self.store.close()


@contextmanager
def session(
    study: Study, units: dict[str, str], out: str | os.PathLike[str] | None, pool: Pool, county: County | None = None
) -> Iterator[Desk]:
    """A desk that is cleared when the work is over, however it ends."""
    import dataclasses
    import shutil

    at_once = True
    aside: str | None = None
    store: Store | None = None
    desk: Desk | None = None
    try:
        if county is not None:
            assert isinstance(study, CountyStudy)
            aside = tempfile.mkdtemp(prefix="kocsim-county-")
            study = dataclasses.replace(
                study, place=str(county.save(Path(aside) / "county")), fingerprint=county.fingerprint)
        store = Store(None if out is None else Path(out))
        store.claim(study.identity())
        desk = Desk(study, units, store, pool)
        yield desk
        at_once = False
    finally:
        if desk is not None:
            desk.close(at_once)
        else:
            pool.close(True)
            if store is not None:
                store.close()
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)
