"""Questions about the operating models, one claim of the paper each: does it hold, or fail?

    python experiments/operating_models/questions.py C29 C96       # two of them
    python experiments/operating_models/questions.py               # all, a quarter of an hour

Each prints what was run, the mean and standard error of a few figures over the replicates, and one sentence: holds,
fails, or undecided where an estimate is within three standard errors of its bound. Finished runs are kept in `--out`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that it runs as a script, from anywhere

import kocsim as ks
from experiments.claims.lab import Estimate
from experiments.claims.run import shown
from experiments.operating_models.models import MODELS, YEAR, Record, differences, known, run_all, sized
from experiments.operating_models.run import checked, mean, options

HALF_YEAR: Final = 182
Records = Mapping[str, Sequence[Record]]


class Decides(NamedTuple):
    """A figure that lies above its bound where the claim holds.

    Attributes
    ----------
    says : str
    values : list of float
        One a replicate.
    bound : float
    """

    says: str
    values: list[float]
    bound: float = 0.0


class Question(NamedTuple):
    """One claim, and how it is asked here.

    Attributes
    ----------
    title, says : str
        The claim, and what is compared.
    settings : dict of str to (str, dict)
        By name: preset and what differs from it, for a million residents.
    show : tuple of str
        Figures for the reader.
    judge : callable
        From records by setting to what decides.
    need : {"all", "any"}
        Whether all of what decides must lie above its bound, or any.
    days : int
    """

    title: str
    says: str
    settings: Callable[[], dict[str, tuple[str, dict[str, Any]]]]
    show: tuple[str, ...]
    judge: Callable[[Records], list[Decides]]
    need: Literal["all", "any"] = "all"
    days: int = YEAR

    def scenarios(self, residents: int) -> dict[str, ks.Scenario]:
        """Each setting in a county of a size."""
        return {
            name: sized(ks.Scenario.preset(preset), residents, **change).replace(days=self.days)
            for name, (preset, change) in self.settings().items()}


def of(records: Records, setting: str, figure: str) -> list[float]:
    """A figure, a value a replicate."""
    return [record.figures[figure] for record in records[setting]]


def less(records: Records, setting: str, other: str, figure: str) -> list[float]:
    """Differences on the same seeds."""
    return [a - b for a, b in zip(of(records, setting, figure), of(records, other, figure), strict=True)]


def best(records: Records, settings: Sequence[str], figure: str) -> str:
    """The setting whose mean is highest."""
    return max(settings, key=lambda name: Estimate.of(of(records, name, figure)).mean)


# ---- C26


def gaps(records: Records) -> list[Decides]:
    """Of each figure, the smallest distance between two models, in standard errors of the paired difference."""
    found = []
    for figure in ("customers", "repurchase", "cost a customer", "profit"):
        closest: tuple[float, Decides] | None = None
        for at, first in enumerate(MODELS):
            for second in MODELS[at + 1 :]:
                one = differences(of(records, second, figure), of(records, first, figure))
                if one is None:
                    raise ValueError(f"Fewer than two replicates tell {figure!r}: take a larger county.")
                apart = abs(one.mean) / one.se if one.se else 0.0
                sign = 1 if one.mean >= 0 else -1
                values = [sign * value for value in less(records, second, first, figure)]
                if closest is None or apart < closest[0]:
                    closest = apart, Decides(f"{figure}: {first} and {second} (the closest two) differ", values)
        if closest is not None:
            found.append(closest[1])
    return found


# ---- C29

RENTS: Final = (0, 50, 100, 333)


def rents() -> dict[str, tuple[str, dict[str, Any]]]:
    """SHOP at rents from nothing on, and shops that are there anyway: without an opening, too."""
    return {"there anyway": ("shop", {"money.rent": 0.0, "money.opening": 0.0})} | {
        f"rent {rent}": ("shop", {"money.rent": float(rent)}) for rent in RENTS}


# ---- C33

DURABLE: Final = {
    "need.rate": 1 / 365, "need.keep": 0.98, "price.price": 500.0, "price.reference": 500.0, "money.goods": 0.7}
"""Once a year, 500 yuan, a gross margin of 30%; a need that waits for seven weeks."""


def advantage(records: Records, goods: str) -> list[float]:
    """Profit of HYBRID less that of the better of the other two, over what is spent."""
    values = []
    for shop, leader, hybrid in zip(*(records[f"{name}, {goods}"] for name in MODELS), strict=True):
        values.append(hybrid.figures["profit"] - max(shop.figures["profit"], leader.figures["profit"]))
    return values


# ---- C36

CROWD: Final = (0, 100, 1000, 10_000)
"""KOCs in a million residents."""


def one_shop() -> dict[str, tuple[str, dict[str, Any]]]:
    """The only shop, which everybody near goes to and notices, and KOCs who are there from the start and stay."""
    quiet = {
        "recruiting.firm": 0.0, "leaving.base": 0.0, "money.budget": 0.0, "management.span": 0,
        "shop_visit.pace": 0.0}
    shop = {"shops": 1, "shop_visit.visit": 0.5, "shop_visit.view": 0.6, "shop_visit.scene": 0.01}
    return {
        f"{many:,} KOCs{with_shop}": ("shop", quiet | shop | {
            "recruiting.start": many / 10_000, "shop_visit.display": float(bool(with_shop))})
        for many in CROWD for with_shop in (" and a shop", "") if many or with_shop}


# ---- C03

LEAVERS: Final = (0.1, 0.5)
"""Share of KOCs who leave within a year."""


def owners() -> dict[str, tuple[str, dict[str, Any]]]:
    """LEADER with 2,000 leaders from the start, of whom some leave for reasons of their own, and nobody comes."""
    ground = {
        "recruiting.start": 0.2, "recruiting.firm": 0.0, "recruiting.leader": 0.0, "leaving.pressure": 0.0,
        "leaving.base": 0.0, "money.budget": 0.0, "management.span": 0}
    return {"nobody leaves": ("leader", ground)} | {
        f"{share:.0%} leave, owner {owner}": ("leader", ground | {
            "leaving.base": 1 - (1 - share) ** (1 / YEAR), "leaving.owner": owner, "leaving.handover": 0.5})
        for share in LEAVERS for owner in ("koc", "firm")} | {
        "50% leave, owner firm at 5 yuan a pool and day, a tenth of the trust kept": ("leader", ground | {
            "leaving.base": 1 - 0.5 ** (1 / YEAR), "leaving.owner": "firm", "leaving.handover": 0.1,
            "leaving.keeper": 5.0})}


def lost(records: Records, share: float, owner: str) -> list[float]:
    """Share of the last quarter's orders that is lost to leaving."""
    before, after = (of(records, name, "orders, last quarter")
                     for name in ("nobody leaves", f"{share:.0%} leave, owner {owner}"))
    return [1 - b / a for a, b in zip(before, after, strict=True)]


def kept(records: Records) -> list[Decides]:
    """The firm loses less where it owns the pool, and less than the share who left."""
    found = []
    for share in LEAVERS:
        firm, koc = (lost(records, share, owner) for owner in ("firm", "koc"))
        found.append(Decides(
            f"share of orders lost at {share:.0%} leavers, owner koc less owner firm",
            [k - f for k, f in zip(koc, firm, strict=True)]))
        found.append(Decides(
            f"{share:.0%} leavers less the share of orders lost, owner firm", [share - f for f in firm]))
    return found


# ---- C72, C74, C96

SPANS: Final = (10, 20, 50, 100, 200)
SALON: Final = {"salons.every": 30, "salons.half_life": 60.0}


def interior(records: Records) -> list[Decides]:
    """The best span between over the narrowest, and over no managers."""
    names = [f"span {span}" for span in SPANS]
    top = best(records, names[1:], "profit")
    return [
        Decides(f"profit, {top} (the best between) less {names[0]}", less(records, top, names[0], "profit")),
        Decides(f"profit, {top} less nobody manages", less(records, top, "nobody manages", "profit"))]


def three() -> dict[str, tuple[str, dict[str, Any]]]:
    """The presets as they are."""
    return {name: (name, {}) for name in MODELS}


QUESTIONS: Final = {
    "C26": Question(
        "Three models that differ", "SHOP, LEADER and HYBRID at equal budget; it fails for a figure where the closest "
        "two cannot be told apart.", three, ("customers", "repurchase", "cost a customer", "profit", "spent of budget"),
        gaps),
    "C29": Question(
        "Shops bear high fixed costs", "SHOP at rents of 0 to 333 yuan a day, at equal budget; it fails where shops "
        "with rent earn as much as those that are there anyway.", rents,
        ("shops", "orders a shop and day", "shops above break-even", "customers", "spent of budget", "profit"),
        lambda r: [
            Decides(f"profit, there anyway less rent {rent}", less(r, "there anyway", f"rent {rent}", "profit"))
            for rent in RENTS[1:]]),
    "C33": Question(
        "The advantage of HYBRID is one of fresh and daily goods", "Profit of HYBRID less the better of the others, "
        "for goods as in the presets and for durable ones (once a year, 500 yuan, 30% margin); it fails where HYBRID "
        "is no better for fresh goods, or still better for durable ones.",
        lambda: {f"{name}, {goods}": (name, change) for goods, change in (("fresh", {}), ("durable", DURABLE))
                   for name in MODELS},
        ("customers", "orders", "spent of budget", "profit"),
        lambda r: [
            Decides("profit, HYBRID less the better of the others, fresh", advantage(r, "fresh")),
            Decides("the better of the others less HYBRID, durable", [-v for v in advantage(r, "durable")])]),
    "C36": Question(
        "Saturate one shop, ignite a county", "One shop that everybody near visits, with and without KOCs; it fails "
        "where the shop alone leaves 70% of the county unaware after half a year.", one_shop,
        ("aware", "customers", "orders a shop and day"),
        lambda r: [Decides("share aware after 26 weeks, one shop alone", of(r, "0 KOCs and a shop", "aware"), 0.3)],
        days=HALF_YEAR),
    "C03": Question(
        "The pool is an asset that somebody owns", "Orders of the last quarter where KOCs leave with their pools, or "
        "the firm goes on (half of the trust kept); it fails where the firm loses as much, or more than the share who "
        "left.", owners, ("customers", "orders", "orders, last quarter", "profit"), kept),
    "C54": Question(
        "Those who sell live by it", "What the median KOC earned a day over what she wants, failures included; it "
        "fails where she earns less. The other settings do not decide: who stayed, double commission, wants of 1 yuan, "
        "and the paper's KOCs (all there from the start, nobody leaves).",
        lambda: {
            "leader": ("leader", {}), "leader, commission 0.2": ("leader", {"money.commission": 0.2}),
            "leader, wants 1 yuan": ("leader", {"leaving.opportunity": 1.0}),
            "shop": ("shop", {}), "hybrid": ("hybrid", {}),
            "all there, nobody leaves": ("leader", {
                "recruiting.start": 1.0, "leaving.base": 0.0, "leaving.pressure": 0.0, "money.budget": 0.0,
                "management.span": 0}),
        },
        ("income a day", "earns over wants", "earns over wants, stayed", "earn what they want", "Gini", "left"),
        lambda r: [Decides("earned over wanted, the median KOC of LEADER", of(r, "leader", "earns over wants"), 1.0)]),
    "C72": Question(
        "Manage KOCs by tiers", "Salons for the best tenth every 5 days, or for all every 60, at about equal "
        "spending; it fails where tiers earn no more.",
        lambda: {
            "no salons": ("leader", {"money.budget": 0.0}),
            "all, every 60 days": ("leader", {"money.budget": 0.0, "salons.every": 60}),
            "elite, every 5 days": ("leader", {
                "money.budget": 0.0, "salons.every": 5, "salons.who": "elite", "tiers.every": 30}),
        },
        ("salons", "spent", "left", "active KOCs", "customers", "profit"),
        lambda r: [Decides(
            "profit, elite less all", less(r, "elite, every 5 days", "all, every 60 days", "profit"))]),
    "C74": Question(
        "Salons pay back", "LEADER with a salon a month and without; it fails where the salon costs more than it "
        "brings.",
        lambda: {
            "no salons": ("leader", {}), "salons at 50 yuan": ("leader", SALON),
            "salons at 10 yuan": ("leader", SALON | {"salons.cost": 10.0}),
            "salons for nothing": ("leader", SALON | {"salons.cost": 0.0}),
        },
        ("salons", "spent of budget", "left", "active KOCs", "customers", "profit"),
        lambda r: [Decides(
            "profit, salons at 50 yuan less none", less(r, "salons at 50 yuan", "no salons", "profit"))]),
    "C96": Question(
        "KOCs are the lowest rank of managers", "LEADER with one manager for so many KOCs; it fails where the "
        "narrowest span or none at all earns most. At a tenth of the wage, for comparison.",
        lambda: {f"span {span}": ("leader", {"management.span": span}) for span in SPANS} | {
            "nobody manages": ("leader", {"management.span": 0})} | {
            f"span {span}, wage 15": ("leader", {"management.span": span, "management.wage": 15.0})
            for span in (10, 20, 50, 200)},
        ("spent of budget", "left", "active KOCs", "customers", "profit"), interior),
}
"""Questions by claim."""


def verdict(question: Question, decides: Sequence[Decides]) -> str:
    """Holds, fails or undecided, by more than three standard errors."""
    estimates = [Estimate.of(known(one.values)) for one in decides]
    above = [e.above(one.bound) for e, one in zip(estimates, decides, strict=True)]
    below = [e.not_above(one.bound) for e, one in zip(estimates, decides, strict=True)]
    enough, counter = (any, all) if question.need == "any" else (all, any)
    if enough(above):
        return "holds"
    return "fails" if counter(below) else "undecided"


def answer(name: str, question: Question, records: Records) -> str:
    """A question, its table and its sentence, in Markdown."""
    decides = question.judge(records)
    lines = [
        f"### {name} {question.title}", "", question.says, "",
        f"| mean ± standard error | {' | '.join(question.show)} |", f"|---|{'---:|' * len(question.show)}",
        *(f"| {setting} | {' | '.join(mean(of(records, setting, figure)) for figure in question.show)} |"
          for setting in records), "",
    ]
    told = "; ".join(f"{one.says}: {shown(Estimate.of(known(one.values)))}" + (
        f" (bound {one.bound:g})" if one.bound else "") for one in decides)
    return "\n".join([*lines, f"**{name} {verdict(question, decides)}**: {told}."])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = options()
    parser.description = (__doc__ or "").splitlines()[0]
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"of {', '.join(QUESTIONS)}; all when none is named")
    parser.add_argument("--residents", type=int, default=100_000)
    given = checked(parser, parser.parse_args(arguments))
    unknown = [name for name in given.claims if name not in QUESTIONS]
    if unknown:
        parser.error(f"there is no question {unknown[0]!r} here; there are {', '.join(QUESTIONS)}")
    print(f"kocsim {ks.__version__}, {date.today()}: {given.residents:,} residents, {given.replicates} replicates of "
          f"seed {given.seed}; customers and orders a 1,000 residents, KOCs and shops a million residents, profit and "
          "spending in yuan a resident")
    for name in given.claims or QUESTIONS:
        asked, out = QUESTIONS[name].scenarios(given.residents), given.out / f"{name}-{given.residents}-{given.seed}"
        try:
            records = run_all(asked, given.replicates, given.seed, out, given.workers)
        except KeyboardInterrupt:
            print("Stopped; runs that were finished are kept, and the same command goes on.", file=sys.stderr)
            return 130
        print(f"\n{answer(name, QUESTIONS[name], records)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
