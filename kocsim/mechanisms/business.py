"""Business buyers: few, of high value, and slow to decide (C43-C46)."""

from __future__ import annotations

from kocsim.parameters import Section, param

MOST_STEPS = 60


class Business(Section):
    """A share of the residents buys for a business: lead, screening, intent, deal, over months.

    Who does is drawn once (KOCs do not). A business buyer becomes aware (a lead) and identifies (screening begins) as
    anybody does. From then on the decision takes `steps` steps, Erlang with mean `cycle` days: on a day on which her
    evidence still reaches her threshold, she takes a step with probability steps / cycle; after half of the steps it
    is an intent, after the last one a deal, her first order. On a day on which her evidence does not reach it any
    more, she starts again from the first step with probability `restart`: trust must last as long as the decision.
    Further orders come on days of need, at the rate `need`.
    """

    share: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of residents who buy for a business",
        source="0: off; the preset full says 0.01, an assumption",
    )
    cycle: float = param(
        180.0, unit="days", ge=1, le=1e5,
        meaning="mean time from identification to the deal while persuaded",
        source="the paper (C45): months to years; 180 is an assumption, sweep 90 to 720",
    )
    steps: int = param(
        4, unit="steps", ge=1, le=MOST_STEPS,
        meaning="steps of the decision (Erlang shape)",
        source="assumption: lead, screening, intent, deal",
    )
    restart: float = param(
        1 / 30, unit="probability/day", ge=0, le=1,
        meaning="chance that a decision starts again on a day without enough evidence",
        source="assumption",
    )
    need: float = param(
        1 / 30, unit="probability/day", ge=0, le=1,
        meaning="chance that a business customer needs the category on a given day",
        source="assumption: once a month",
    )
    value: float = param(
        50.0, unit="consumer orders", ge=0, le=1e6,
        meaning="value of an order, in consumers' orders",
        source="assumption",
    )

    def step_chance(self) -> float:
        """Chance of a step on a day."""
        return min(1.0, self.steps / self.cycle)
