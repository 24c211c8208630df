"""What a claim is, and how it is asked: settings, runs on shared luck, estimates with their errors, verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy import stats

import kocsim as ks
from kocsim.mechanisms.rivals import Rivals

Verdict = Literal["holds", "fails", "undecided"]


class Range(NamedTuple):
    """Between which values a parameter may be swept, and who says so."""

    low: float
    high: float
    stated: str


@dataclass
class Lab:
    """Runs on one seed: every setting meets the same residents, counties and luck.

    Parameters
    ----------
    residents : int
        Residents of the counties.
    seed : int
        Of counties and runs alike.
    threads : int
        Results do not depend on it.
    """

    residents: int
    seed: int
    threads: int = 1
    worlds: dict[Any, ks.County] = field(default_factory=dict)
    runs: dict[Any, ks.Result] = field(default_factory=dict)

    def sized(self, scenario: ks.Scenario, density: float = 0.01) -> ks.Scenario:
        """The scenario in a county of this size, with KOCs of that density."""
        n = self.residents
        return scenario.replace(residents=n, kocs=round(density * n), shops=n // 2000)

    def county(self, s: ks.Scenario) -> ks.County:
        """The county of a scenario, on this seed."""
        world = (s.residents, s.kocs, s.shops, s.population, s.friends, s.groups, s.shop)
        if world not in self.worlds:
            self.worlds[world] = ks.County.generate(s, seed=self.seed, threads=self.threads)
        return self.worlds[world]

    def run(self, scenario: ks.Scenario, days: int, county: ks.County | None = None) -> ks.Result:
        """A run on this seed; counties are generated once for all scenarios that share theirs."""
        if county is not None:
            return ks.simulate(scenario, county, self.seed, days, self.threads, progress=False)
        asked = scenario, days
        if asked not in self.runs:  # what two settings have in common is run once
            self.runs[asked] = ks.simulate(
                scenario, self.county(scenario), self.seed, days, self.threads, progress=False)
        return self.runs[asked]


class Measured(NamedTuple):
    """What one replicate says.

    Attributes
    ----------
    decides : dict of str to float
        Compared with the claim's bound.
    beside : dict of str to float
        For the reader.
    """

    decides: dict[str, float]
    beside: dict[str, float]


@dataclass(frozen=True)
class Setting:
    """Where a claim is tried.

    Attributes
    ----------
    overrides : mapping of str to value
        Parameters by dotted name that differ from the claim's common ground.
    why : str
        Why the claim should hold, or fail, there.
    """

    overrides: Mapping[str, Any]
    why: str


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes
    ----------
    id : str
        As the README numbers it.
    says, quote : str
        The claim in English and in the paper's words.
    hypothesis : str
        What can come out false.
    measure : callable
        From a lab and a scenario to what is `Measured`.
    bound : float
        What decides lies above it where the claim holds.
    need : {"any", "all"}
        Whether any or all of what decides must lie above.
    scale : str
        What is measured, over which window and on which scale, and why that one.
    holds, fails : Setting
        The pair.
    preset : str, tuple of str or mapping
        Where everything else comes from. Of several, the measure gets all, by name, each with the same changes. A
        mapping gives them names of their own; "rivals" there stands for the rules of `kocsim.mechanisms.rivals`.
    ground : mapping of str to value
        What both settings change of the preset, so that the measure is clean.
    """

    id: str
    says: str
    quote: str
    hypothesis: str
    measure: Callable[[Lab, Any], Measured]
    bound: float
    need: Literal["any", "all"]
    scale: str
    holds: Setting
    fails: Setting
    preset: str | tuple[str, ...] | Mapping[str, str] = "paper"
    ground: Mapping[str, Any] = field(default_factory=dict)

    def scenario(self, setting: Setting) -> Any:
        """The setting as a scenario, or as one for each preset; every value is checked against its range.

        A parameter written as "name: parameter" is changed in the preset of that name only.
        """
        if isinstance(self.preset, str):
            return ks.Scenario.preset(self.preset).replace(**self.ground).replace(**setting.overrides)
        named = self.preset if isinstance(self.preset, Mapping) else {name: name for name in self.preset}
        return {
            name: (Rivals() if preset == "rivals" else ks.Scenario.preset(preset)).replace(
                **_of(name, self.ground)).replace(**_of(name, setting.overrides))
            for name, preset in named.items()
        }

    def verdict(self, decides: Mapping[str, Estimate]) -> Verdict:
        """Holds or fails where estimates are clear of the bound, else undecided."""
        above = [estimate.above(self.bound) for estimate in decides.values()]
        below = [estimate.not_above(self.bound) for estimate in decides.values()]
        enough, counter = (any, all) if self.need == "any" else (all, any)
        if enough(above):
            return "holds"
        return "fails" if counter(below) else "undecided"


def _of(preset: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Those changes that concern a preset, without its name before them; rules of rivals are always named."""
    split = {name: name.rpartition(": ") for name in overrides}
    meant = ("rivals",) if preset == "rivals" else ("", preset)
    return {split[name][2]: value for name, value in overrides.items() if split[name][0] in meant}


class Estimate(NamedTuple):
    """A mean over replicates and its standard error."""

    mean: float
    se: float
    replicates: int

    @classmethod
    def of(cls, values: list[float]) -> Estimate:
        """From one value a replicate."""
        return cls(float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(len(values))), len(values))

    @property
    def reach(self) -> float:
        """Three standard errors, widened (Student) for a standard error that comes from few replicates."""
        return float(stats.t.ppf(stats.norm.cdf(3), self.replicates - 1)) * self.se

    def above(self, bound: float) -> bool:
        """Whether the mean is above the bound by more than chance."""
        return self.mean - self.reach > bound

    def not_above(self, bound: float) -> bool:
        """Whether the mean is below the bound by more than chance, or at it without any."""
        return self.mean + self.reach <= bound


class Answer(NamedTuple):
    """What came out for one setting."""

    verdict: Verdict
    decides: dict[str, Estimate]
    beside: dict[str, Estimate]


def ask(claim: Claim, residents: int, replicates: int, seed: int = 1, threads: int = 1) -> tuple[Answer, Answer]:
    """Measure a claim's two settings on the same seeds: the answer where it should hold, and where it should fail.

    Parameters
    ----------
    claim : Claim
        One of `CLAIMS`.
    residents : int
        Residents of each county.
    replicates : int
        At least 2; seeds are `seed`, `seed` + 1 ...
    seed, threads : int
        First seed; results do not depend on threads.
    """
    scenarios = [claim.scenario(setting) for setting in (claim.holds, claim.fails)]
    found: list[list[Measured]] = [[], []]
    for replicate in range(replicates):
        lab = Lab(residents, seed + replicate, threads)  # one at a time: its counties go with it
        for rows, scenario in zip(found, scenarios, strict=True):
            rows.append(claim.measure(lab, scenario))
    first, second = (_answer(claim, rows) for rows in found)
    return first, second


def _answer(claim: Claim, rows: list[Measured]) -> Answer:
    decides = {name: Estimate.of([row.decides[name] for row in rows]) for name in rows[0].decides}
    beside = {name: Estimate.of([row.beside[name] for row in rows]) for name in rows[0].beside}
    return Answer(claim.verdict(decides), decides, beside)
