"""What each mechanism of the preset `full` changes: the same county on the same luck, one mechanism off at a time.

    python experiments/full_market/run.py [--residents 50000] [--days 180] [--seed 1]
"""

from __future__ import annotations

import argparse

import kocsim as ks

OFF = {
    "KOCs who come and go": ("recruiting", "leaving"),
    "rest, tiers, salons, managers": ("effort", "tiers", "salons", "management"),
    "pools": ("pool",),
    "events": ("event",),
    "content": ("content",),
    "trust and muting": ("trust",),
    "spread of needs": ("need",),
    "private messages": ("posting.messages",),
    "platforms": ("kuaishou", "douyin"),
    "official account, stream": ("official_account", "live_stream"),
    "shops": ("shop_visit",),
    "advertising": ("advertising",),
    "business buyers": ("business",),
    "ladder": ("ladder",),
    "satisfaction": ("satisfaction",),
    "invitations": ("invitation",),
    "membership": ("membership",),
}
"""Sections or parameters that go back to their defaults."""
MEASURES = ("identified", "customers", "repurchase_rate", "orders_a_customer", "loop_gain", "sales", "profit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, default=50_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    n = options.residents
    size = {"residents": n, "kocs": n // 100, "shops": max(1, n // 2000)}
    share = n / 1_000_000  # what the firm does in a day is meant for a million residents
    firm = {"recruiting.firm": 5.0 * share, "shop_visit.pace": 100.0 * share, "advertising.budget": 2000.0 * share}
    full = ks.Scenario.preset("full").replace(**size, **firm)
    paper = ks.Scenario.preset("paper").replace(**size, attribution={"track": True})
    county = ks.County.generate(full, seed=options.seed)
    default = {p.name: p.value for p in ks.Scenario().parameters()}

    print(f"{n:,} residents, {n // 100:,} KOCs, {options.days} days, seed {options.seed}\n")
    print(f"| scenario | {' | '.join(MEASURES)} |\n|---|{'---:|' * len(MEASURES)}")
    scenarios = {"paper": paper, "full": full} | {
        f"full without {name}": full.replace(
            **{p.name: default[p.name] for p in full.parameters() if p.name.startswith(sections)})
        for name, sections in OFF.items()
    }
    for name, scenario in scenarios.items():
        result = ks.simulate(scenario, county, seed=options.seed, days=options.days, progress=False)
        values = ks.measures.table(result)["value"]
        print(f"| {name} | {' | '.join(f'{values[measure]:.3f}' for measure in MEASURES)} |", flush=True)


if __name__ == "__main__":
    main()
