"""What came of A and B: numbers, and what the paper claims beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kocsim.demo.pictures import kocs_of
from kocsim.demo.setting import RESIDENTS

if TYPE_CHECKING:
    from kocsim.demo.setting import Setting
    from kocsim.results import Result

SMALL: Final = 0.02
"""Differences between A and B below this part of the larger are called none: one seed tells no more."""
COVERED: Final = 0.8
"""Share of residents aware at which a county counts as covered (C18)."""
CROSSED: Final = 0.5
"""Share of residents who saw three KOCs or more at which coverage counts as crossed (C20)."""


class Numbers(NamedTuple):
    """One run on its last day; shares of residents, and customers won a KOC."""

    aware: float
    identified: float
    customers: float
    saw_one: float
    saw_three: float
    won_a_koc: float
    """Residents who became customers without ever being KOCs, for each KOC there ever was."""


class Verdict(NamedTuple):
    """What a run, or two, say to a claim."""

    claim: str
    """Its key in `kocsim.demo.words`, such as "C13"."""
    holds: bool | None
    """None where these settings cannot tell."""
    why: str
    """Key of the sentence with the reason."""
    values: dict[str, float]
    """What stands in that sentence."""


def numbers(result: Result) -> Numbers:
    """The last day of a run."""
    n = result.provenance["residents"]
    last = result.daily.iloc[-1]
    seen = result.coverage["ever"].iloc[-1].to_numpy() / n
    kocs = len(kocs_of(result))
    won = (int(last["customers"]) - kocs) / kocs if kocs else 0.0
    return Numbers(
        last["aware"] / n, last["identified"] / n, last["customers"] / n, float(seen[1:].sum()), float(seen[3:].sum()),
        won)


def verdicts(a: Setting, b: Setting, of_a: Result, of_b: Result) -> list[Verdict]:
    """What A and B together say to the claims C13, C18, C19 and C20."""
    first, second = numbers(of_a), numbers(of_b)
    return [_medium(a, b, first, second), _covered(a, b, first, second), _crossed(first, second),
            _burst(a, b, first, second)]


def _medium(a: Setting, b: Setting, of_a: Numbers, of_b: Numbers) -> Verdict:
    """C13: does each KOC win more where there are more of them?"""
    if a.differences(b) != ["kocs"]:
        return Verdict("C13", None, "C13 needs", {})
    few, many = (of_a, of_b) if a.kocs < b.kocs else (of_b, of_a)
    values = {"few": min(a.kocs, b.kocs), "many": max(a.kocs, b.kocs), "won_few": few.won_a_koc,
              "won_many": many.won_a_koc}
    more = _more(many.won_a_koc, few.won_a_koc)
    return Verdict("C13", more > 0, {1: "C13 more", 0: "C13 same", -1: "C13 fewer"}[more], values)


def _covered(a: Setting, b: Setting, of_a: Numbers, of_b: Numbers) -> Verdict:
    """C18: do KOCs who are 1% of the county, all there from the first day, make it aware?"""
    told = {name: side for name, setting, side in (("A", a, of_a), ("B", b, of_b))
            if (setting.kocs, setting.model) == (RESIDENTS // 100, "posting")}
    if not told:
        return Verdict("C18", None, "C18 needs", {})
    values = {"aware": min(side.aware for side in told.values()), "customers": min(s.customers for s in told.values())}
    holds = values["aware"] >= COVERED
    return Verdict("C18", holds, "C18 holds" if holds else "C18 fails", values)


def _crossed(of_a: Numbers, of_b: Numbers) -> Verdict:
    """C20: has half of the county seen three KOCs or more?"""
    values = {"a": of_a.saw_three, "b": of_b.saw_three}
    crossed = [share >= CROSSED for share in values.values()]
    why = {2: "C20 both", 1: "C20 A" if crossed[0] else "C20 B", 0: "C20 neither"}[sum(crossed)]
    return Verdict("C20", all(crossed) if crossed[0] == crossed[1] else None, why, values)


def _burst(a: Setting, b: Setting, of_a: Numbers, of_b: Numbers) -> Verdict:
    """C19: does posting together win more than posting in turn?"""
    if a.differences(b) != ["rhythm"] or "daily" in (a.rhythm, b.rhythm):
        return Verdict("C19", None, "C19 needs", {})
    together, in_turn = (of_a, of_b) if a.rhythm == "together" else (of_b, of_a)
    values = {"together": together.customers, "in_turn": in_turn.customers}
    more = _more(together.customers, in_turn.customers)
    return Verdict("C19", more > 0, {1: "C19 more", 0: "C19 same", -1: "C19 fewer"}[more], values)


def _more(one: float, other: float) -> int:
    """1 or -1 for more or less, 0 for nearly the same."""
    return 0 if abs(one - other) <= SMALL * max(one, other) else 1 if one > other else -1
