"""What a checkpoint takes: bytes a resident, seconds to save a run and to resume it.

    python benchmarks/checkpoint.py                       # a million residents, about two minutes
    python benchmarks/checkpoint.py --residents 100000

Wall seconds on two threads, the median of three. Resuming is given the county; to generate it again takes as long as it
did at first. The command ends with exit code 1 when a figure is above its limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LIMITS = {"bytes a resident": 60.0, "save": 2.0, "resume": 2.0}
"""At a million residents, where the project promises them."""


def timed(work: Callable[[], object], repeat: int = 3) -> float:
    """Wall seconds of a call: the median of some."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def measure(preset: str, residents: int, days: int, path: Path) -> dict[str, float]:
    import kocsim as ks

    scenario = ks.Scenario.preset(preset).replace(
        residents=residents, kocs=residents // 100, shops=max(1, residents // 2000))
    county = ks.County.generate(scenario, 1, threads=2)
    run = ks.Simulation(scenario, county, 1, threads=2)
    for _ in range(days):
        run.step()

    def resume() -> ks.Simulation:
        vars(county).pop("fingerprint", None)  # a new process would have to find it
        return ks.Simulation.resume(path, county=county, threads=2)

    figures = {"save": timed(lambda: run.checkpoint(path)), "bytes a resident": path.stat().st_size / residents}
    figures["resume"] = timed(resume)
    other = resume()
    assert run.step() == other.step() and run.record.digest() == other.record.digest()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, nargs="+", default=[30, 180], help="days after which a run is saved")
    given = parser.parse_args()
    failed = False
    for preset in ("paper", "full"):
        for days in given.days:
            with tempfile.TemporaryDirectory() as folder:
                figures = measure(preset, given.residents, days, Path(folder) / "run.kocsim")
            over = [name for name, limit in LIMITS.items() if figures[name] > limit]
            failed |= bool(over)
            print(
                f"{preset:6} {given.residents:9,} residents, day {days:3}: {figures['bytes a resident']:5.1f} bytes a "
                f"resident, {figures['save']:.2f} s to save, {figures['resume']:.2f} s to resume"
                + (f"; FAIL: {', '.join(over)}" if over else ""), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
