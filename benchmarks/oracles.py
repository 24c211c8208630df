"""Published and exact results at the size their tolerances are meant for: what came out, beside what should.

    python benchmarks/oracles.py                # all 30 cases, about ten minutes
    python benchmarks/oracles.py RF-3 WATTS-1   # some of them
    python benchmarks/oracles.py --quick        # smaller, as in the tests
    python benchmarks/oracles.py --all          # every comparison; otherwise the worst of each case

One line a case: the comparison that is nearest to its limit, or beyond it; "share of limit" is how much of what is
allowed it takes. The cases are read from ``shared/oracles.json`` beside the checkout. The command ends with exit code 1
when something is off.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from speed import cpu

if TYPE_CHECKING:
    from tests.oracles import Line


def figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.6g}" if value else "0"


def show(line: Line, name: str) -> None:
    error = figure(line.error) if line.error else "-"
    limits = f"{figure(line.low)} .. {figure(line.high)}"
    print(
        f"{name:8} {figure(line.expected):>11} {figure(line.measured):>11} {error:>11}  {limits:25} "
        f"{line.used:6.0%} {'ok  ' if line.ok else 'FAIL'} {line.what}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", help="names of cases, such as RF-3; default: all")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, as in the tests")
    parser.add_argument("--all", action="store_true", help="every comparison")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tests import oracles

    if not oracles.FILE.is_file():
        parser.error("needs the folder 'shared' beside the checkout")
    if unknown := set(options.cases) - set(oracles.CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(oracles.CASES)}")
    import numba

    print(f"{date.today()}, {cpu()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
          f"NumPy {np.__version__}, Numba {numba.__version__}")
    print(f"{'case':8} {'expected':>11} {'measured':>11} {'se':>11}  {'may be':25} {'share of limit'}")
    failed = 0
    for name in options.cases or oracles.CASES:
        start = time.perf_counter()
        lines = oracles.measure(name, full=not options.quick)
        seconds = time.perf_counter() - start
        wrong = [line for line in lines if not line.ok]
        failed += bool(wrong)
        worst = max(lines, key=lambda one: (one.error > 0, one.used))  # figures that are exact may be off by a digit
        for line in lines if options.all else wrong or [worst]:
            show(line, name)
        print(f"{'':8} {len(lines) - len(wrong)} of {len(lines)} comparisons ok, {seconds:.1f} s", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
