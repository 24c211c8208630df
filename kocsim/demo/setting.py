"""What the sliders of the page say, as a scenario; and back."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Final

from kocsim.errors import ParameterError
from kocsim.scenario import Scenario

RESIDENTS: Final = 50_000
"""Residents of the page's county."""
DAYS: Final = 180
"""Days of every run."""
WEEK: Final = 7
"""Days whose posts are gathered into one in the rhythms "together" and "in turn"."""
STEPS: Final[dict[str, tuple[float, ...]]] = {
    "kocs": (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500),
    "contacts": (32, 64, 128, 250, 500, 1000),
    "posting": (0.1, 0.2, 0.5, 1, 2, 3),
    "attention": (3, 5, 10, 20, 50, 100),
    "further": (0, 0.25, 0.5, 1, 1.5, 2),
}
"""Where each slider can stand."""
SWITCHES: Final[dict[str, tuple[str, ...]]] = {
    "rhythm": ("daily", "together", "in turn"),
    "threshold": ("absolute", "fractional"),
    "model": ("posting", "shop", "leader", "hybrid"),
}
"""What each switch can say."""
RHYTHMS: Final = {"daily": (1, 1.0), "together": (WEEK, 1.0), "in turn": (WEEK, 0.0)}
"""`posting.every` and `posting.synchrony` of each rhythm."""


@dataclass(frozen=True)
class Setting:
    """One side of the page.

    Attributes
    ----------
    kocs : int
        KOCs of the county; under the operating models, the first of them and those who may be recruited.
    contacts : float
        Median contacts of a KOC in the county (`friends.koc_median`).
    posting : float
        Posts of a KOC in a day, to Moments and to each of its groups (`posting.moments`, `posting.groups`).
    rhythm : {"daily", "together", "in turn"}
        Every day; or a week's posts on one day, the same for all KOCs or spread over the week.
    attention : float
        Posts that a resident gets to in a day (`attention.posts_per_day`).
    further : float
        Weight of each further source beside the first: 0 none counts, above 1 reinforcement (`response.further`).
    threshold : {"absolute", "fractional"}
        Kind of personal threshold (`identification.threshold`).
    model : {"posting", "shop", "leader", "hybrid"}
        "posting": all KOCs post from the first day, and nothing else is switched on (the preset "small"); or one of the
        paper's operating models.

    Raises
    ------
    ParameterError
        For a value that no slider or switch can say.
    """

    kocs: int = 500
    contacts: float = 500
    posting: float = 1
    rhythm: str = "daily"
    attention: float = 10
    further: float = 0.5
    threshold: str = "absolute"
    model: str = "posting"

    def __post_init__(self) -> None:
        for name, values in (*STEPS.items(), *SWITCHES.items()):
            value = getattr(self, name)
            if isinstance(value, bool) or value not in values:
                raise ParameterError(f"{name} must be one of {', '.join(map(repr, values))}; got {value!r}.")

    def scenario(self, name: str = "demo") -> Scenario:
        """The scenario that this setting stands for; `name` becomes its name."""
        every, synchrony = RHYTHMS[self.rhythm]
        return _model(self.model).replace(
            name=name, description=f"A setting of the page of 'kocsim demo': {self.words()}.",
            kocs=self.kocs, friends={"koc_median": self.contacts},
            posting={"moments": self.posting, "groups": self.posting, "every": every, "synchrony": synchrony},
            attention={"posts_per_day": self.attention}, response={"further": self.further},
            identification={"threshold": self.threshold})

    def words(self) -> str:
        """All values by name, such as "kocs 500, contacts 128"."""
        return ", ".join(f"{field.name} {getattr(self, field.name)}" for field in fields(self))

    def title(self) -> str:
        """`words` on two lines."""
        said = self.words().split(", ")
        return ", ".join(said[:4]) + ",\n" + ", ".join(said[4:])

    def differences(self, other: Setting) -> list[str]:
        """Names of what differs."""
        return [field.name for field in fields(self) if getattr(self, field.name) != getattr(other, field.name)]


def setting_of(scenario: Scenario) -> Setting:
    """The setting that a scenario of the page was made from, whatever its name.

    Raises
    ------
    ParameterError
        When no setting of the page gives this scenario; a parameter in which the nearest one differs is named.
    """
    rhythm = {how: name for name, how in RHYTHMS.items()}.get((scenario.posting.every, scenario.posting.synchrony))
    said: dict[str, float] = {
        "kocs": scenario.kocs, "contacts": scenario.friends.koc_median, "posting": scenario.posting.moments,
        "attention": scenario.attention.posts_per_day, "further": scenario.response.further}
    steps: dict[str, Any] = {name: _nearest(STEPS[name], value) for name, value in said.items()}
    near = Setting(**steps, rhythm=rhythm or "daily", threshold=scenario.identification.threshold)
    values = _values(scenario)
    nearest: tuple[str, Any] | None = None
    fewest = math.inf
    for model in SWITCHES["model"]:
        setting = replace(near, model=model)
        wanted = _values(setting.scenario())
        other = [name for name in {**wanted, **values} if wanted.get(name) != values.get(name)]
        if not other:
            return setting
        if len(other) < fewest:
            fewest, nearest = len(other), (other[0], values.get(other[0]))
    assert nearest is not None
    raise ParameterError(
        f"The page has no setting that gives this scenario: {nearest[0]} = {nearest[1]!r} is none of its own.")


def _nearest(steps: tuple[float, ...], value: float) -> float:
    return min(steps, key=lambda step: abs(step - value))


def _values(scenario: Scenario) -> dict[str, Any]:
    return {p.name: p.value for p in scenario.parameters() if p.name not in ("name", "description")}


@cache
def _model(name: str) -> Scenario:
    """An operating model in the page's county."""
    if name == "posting":
        return Scenario.preset("small").replace(residents=RESIDENTS, days=DAYS)
    s = Scenario.preset(name)
    share = RESIDENTS / s.residents
    # What the firm does in a day and its money shrink with the county. So do managers, each for a part of a day's work
    # and wage and as small a part of the KOCs: the only manager of a small county would cost more than its budget.
    m = s.management
    part = max(1, round(m.span * share)) / m.span if m.span else 1.0
    return s.replace(
        residents=RESIDENTS, shops=round(s.shops * share), days=DAYS,
        recruiting={"firm": s.recruiting.firm * share}, shop_visit={"pace": s.shop_visit.pace * share},
        money={"budget": s.money.budget * share}, kocs=round(s.kocs * share),
        management={"span": round(m.span * part), "half": m.half * part, "wage": m.wage * part})
