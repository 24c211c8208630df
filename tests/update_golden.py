"""Write ``golden.json`` anew: run it when results are meant to move, and say so in the changelog."""

from __future__ import annotations

import json

import kocsim as ks
from tests.test_simulation import GOLDEN, SCENARIO

DAYS = 40


def main() -> None:
    county = ks.County.generate(SCENARIO, seed=1)
    result = ks.simulate(SCENARIO, county, seed=1, days=DAYS, progress=False)
    GOLDEN.write_text(
        json.dumps(
            {
                "days": DAYS,
                "daily": {name: int(value) for name, value in result.daily.iloc[-1].items()},
                "coverage_ever": result.coverage["ever"].iloc[-1].tolist(),
                "stages": result.stages.iloc[-1].tolist(),
                "county": {"ties": county.friends.m, "koc_ties": int(county.koc_ties.size)},
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
