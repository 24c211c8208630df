"""Can the model answer no? Each claim in a setting where it holds and in one where it fails.

    python experiments/claims/run.py                                    # all claims, some minutes
    python experiments/claims/run.py C13 C20 --residents 10000          # two of them, a look

Prints one table a claim, and exits with 1 when one of them does not come out as stated. What is measured, and why the
settings do what they do, stands in ``claims.py`` beside this file.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that it runs as a script, from anywhere

import kocsim as ks
from experiments.claims.claims import CLAIMS
from experiments.claims.lab import Answer, Claim, Estimate, Setting, ask


def shown(estimate: Estimate) -> str:
    """Mean and standard error, to two digits of the error."""
    digits = max(0, 1 - math.floor(math.log10(estimate.se))) if estimate.se else 2
    return f"{estimate.mean:.{digits}f} ± {estimate.se:.{digits}f}"


def words(setting: Setting) -> str:
    """What a setting overrides."""
    return ", ".join(f"`{name} = {value:g}`" for name, value in setting.overrides.items()) or "default"


def table(claim: Claim, answers: tuple[Answer, Answer]) -> str:
    """A claim and its two settings in Markdown; figures above the verdict decide, those below stand beside."""
    a, b = answers
    which = "one figure above" if claim.need == "any" else "all figures above"
    lines = [
        f"### {claim.id} {claim.says} ({claim.quote})", "",
        f"*Hypothesis.* {claim.hypothesis}  ", f"*Measure.* {claim.scale}  ",
        f"*First setting.* {claim.holds.why}  ", f"*Second setting.* {claim.fails.why}", "",
        f"| mean ± standard error | {words(claim.holds)} | {words(claim.fails)} |", "|---|---:|---:|",
        *(f"| {name} | {shown(a.decides[name])} | {shown(b.decides[name])} |" for name in a.decides),
        f"| **verdict** (holds: {which} {claim.bound:g}) | **{a.verdict}** | **{b.verdict}** |",
        *(f"| {name} | {shown(a.beside[name])} | {shown(b.beside[name])} |" for name in a.beside),
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"of {', '.join(CLAIMS)}; all when none is named")
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--replicates", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    unknown = [name for name in given.claims if name not in CLAIMS]
    if unknown:
        parser.error(f"there is no claim {unknown[0]!r} here; there are {', '.join(CLAIMS)}")
    if given.replicates < 2:
        parser.error(f"--replicates must be at least 2, for a standard error; got {given.replicates}")
    print(f"kocsim {ks.__version__}, {date.today()}, {platform.machine()}, Python {platform.python_version()}: "
          f"{given.residents:,} residents, {given.replicates} replicates, seeds from {given.seed}")
    as_stated = True
    for name in given.claims or CLAIMS:
        answers = ask(CLAIMS[name], given.residents, given.replicates, given.seed, given.threads)
        as_stated &= [answer.verdict for answer in answers] == ["holds", "fails"]
        print(f"\n{table(CLAIMS[name], answers)}", flush=True)
    return 0 if as_stated else 1


if __name__ == "__main__":
    sys.exit(main())
