"""What the engine of sweeps costs beside the runs themselves, and what a second worker brings.

    python benchmarks/sweep.py                # 200 runs of a county of 50,000 residents, some minutes
    python benchmarks/sweep.py --runs 40      # a look

The same runs in turn: in a plain loop of `kocsim.simulate`, by a sweep with one worker, by one with two, and by two
plain loops at once, which shows what the machine allows. In blocks, so that a machine whose speed drifts drifts for
all. Overhead is the time that the sweep took beside that in runs, the start of its processes included, as a part of
the latter; in what two workers bring, the start counts once for all runs, as it does in one sweep of them. The command
ends with exit code 1 when overhead is above its limit, or when two workers bring less than theirs on a machine that
allows more.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from datetime import date
from multiprocessing import get_context

import kocsim as ks
from kocsim.ensemble.study import replicate_seed

LIMITS = {"overhead": 0.05, "two workers over one": 1.8}
SEED = 7


def scenario(residents: int, days: int) -> ks.Scenario:
    """The paper's county, smaller."""
    return ks.Scenario.preset("paper").replace(
        residents=residents, kocs=residents // 100, shops=max(residents // 2000, 1), days=days)


def loop(s: ks.Scenario, replicates: range) -> float:
    """Seconds for the runs one after the other, in the county that a sweep would make."""
    start = time.perf_counter()
    county = ks.County.generate(s, replicate_seed(SEED, 0), 1)
    for r in replicates:
        for view in VIEWS:
            result = ks.simulate(
                s.replace(moments={"view": view}), county, replicate_seed(SEED, r), threads=1, progress=False)
            ks.measures.table(result)
    return time.perf_counter() - start


VIEWS = (0.05, 0.1, 0.2, 0.3)
"""Points of the sweep: four, all in one county."""


def swept(s: ks.Scenario, replicates: int, workers: int) -> tuple[float, float]:
    """Wall seconds of a sweep, and the seconds that its workers spent in runs."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        sweep = ks.sweep(
            s, {"moments.view": list(VIEWS)}, replicates, seed=SEED, out=out, workers=workers, progress=False)
        wall = time.perf_counter() - start
        assert sweep.failed == 0
        return wall, float(sweep.seconds.sum())


def side_by_side(s: ks.Scenario, replicates: range) -> float:
    """Wall seconds of two plain loops in two processes, each of all the runs: what the machine allows."""
    context = get_context("spawn")
    with context.Pool(2) as pool:
        pool.starmap(loop, [(s, range(1))] * 2)
        start = time.perf_counter()
        pool.starmap(loop, [(s, replicates)] * 2, chunksize=1)
        return time.perf_counter() - start


def main() -> int:
    """Print; 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--blocks", type=int, default=4)
    given = parser.parse_args()
    s = scenario(given.residents, given.days)
    each = max(given.runs // (len(VIEWS) * given.blocks), 1)
    runs = each * len(VIEWS)
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} processors, kocsim {ks.__version__}: {given.blocks} "
          f"x {runs} runs of {given.residents:,} residents and {given.days} days\n")
    loop(s, range(1))  # kernels
    rows = []
    for block in range(given.blocks):
        plain = loop(s, range(each))
        one, inside = swept(s, each, 1)
        two, inside_two = swept(s, each, 2)
        both = side_by_side(s, range(each))
        rows.append((plain, one, inside, two, inside_two, both))
        print(f"block {block + 1}: loop {plain:6.1f} s, one worker {one:6.1f} s (in runs {inside:6.1f}), two workers "
              f"{two:6.1f} s (in runs {inside_two:6.1f}), two loops at once {both:6.1f} s", flush=True)
    # of blocks short beside the start of the processes, the start is what is seen: it is taken once, for all runs, and
    # with it all that kept a worker from running
    start = statistics.median(row[1] - row[2] for row in rows)
    start_two = statistics.median(row[3] - row[4] / 2 for row in rows)
    plain, _, inside, _, inside_two, both = (sum(column) for column in zip(*rows, strict=True))
    overhead = start / inside
    one, two = start + inside, start_two + inside_two / 2
    brought, allowed = one / two, 2 * plain / both
    total = given.blocks * runs
    print(f"\na run                         {inside / total:8.3f} s in a worker, {plain / total:.3f} s in a plain loop "
          f"({inside / plain:.2f} x)")
    print(f"start, county, tables         {start:8.2f} s a sweep: {overhead:.1%} of {total} runs; "
          f"with two workers {start_two:.2f} s")
    print(f"runs an hour                  {3600 * total / one:8,.0f} with one worker, {3600 * total / two:,.0f} with "
          f"two: {brought:.2f} x; two plain loops at once bring {allowed:.2f} x")
    print(f"peak memory of the driver     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MiB")
    wrong = []
    if overhead > LIMITS["overhead"]:
        wrong.append(f"overhead {overhead:.1%} is above {LIMITS['overhead']:.0%}")
    if brought < LIMITS["two workers over one"] <= allowed:
        wrong.append(f"two workers bring {brought:.2f} x where the machine allows {allowed:.2f} x")
    for sentence in wrong:
        print(f"FAILED: {sentence}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
