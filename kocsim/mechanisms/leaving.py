"""Leaving: why KOCs stop, and what becomes of their audiences."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kocsim.mechanisms.price import lognormal_classes
from kocsim.parameters import Section, param


class Leaving(Section):
    """Income against opportunity cost, and who owns the pool (C03, C30, C31, C54, C74).

    On each morning an active KOC leaves with probability ::

        (base + pressure x max(0, 1 - income / wants)) x (1 - loyalty) x (1 - control) x (1 - lock)

    where income is a mean of what she earned with a half-life of `memory` days (at first, what she wants), and what she
    wants a day is lognormal over KOCs (`opportunity`, `sigma`). Pressure begins `grace` days after she joined. Loyalty
    comes from salons, control from managers, the lock from a tier (`kocsim.mechanisms.salons`, `management`, `tiers`).

    `owner` decides what becomes of her audience: the pool of a KOC who owns it falls silent; one that the firm owns (it
    runs the account, 企业微信) is kept by its staff, who go on as she would, over ties that hold `handover` of their
    trust, at `keeper` yuan a day each. Switched off by ``base = pressure = 0``.
    """

    base: float = param(
        0.0, unit="probability/day", ge=0, le=1,
        meaning="chance that a KOC leaves on a given day for reasons of her own",
        source="assumption: 0; sweep",
    )
    pressure: float = param(
        0.0, unit="probability/day", ge=0, le=1,
        meaning="chance that a KOC who earns nothing leaves on a given day, beside `base`",
        source="assumption: 0; sweep (C54)",
    )
    opportunity: float = param(
        5.0, unit="yuan/day", ge=0, le=1e6,
        meaning="median of what a KOC wants to earn in a day",
        source="assumption: a quarter of an hour of work; full-time leaders earn 250 to 500 US dollars a month (2021)",
    )
    sigma: float = param(
        0.8, unit="log units", ge=0, le=3,
        meaning="spread of what KOCs want",
        source="assumption: as incomes",
    )
    memory: float = param(
        30.0, unit="days", gt=0, le=1e6,
        meaning="half-life of the mean that a KOC takes of what she earns",
        source="assumption: a month",
    )
    grace: int = param(
        30, unit="days", ge=0, le=60_000,
        meaning="days after joining on which low income does not make a KOC leave",
        source="assumption: a month",
    )
    owner: Literal["koc", "firm"] = param(
        "koc", unit="switch",
        meaning="who keeps the audience of a KOC who leaves",
        source="the paper: private traffic is a person's private asset (C03)",
    )
    handover: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="trust left in each tie that the firm's staff takes over",
        source="assumption; sweep (C03)",
    )
    keeper: float = param(
        0.0, unit="yuan/pool/day", ge=0, le=1e6,
        meaning="what it costs to run a pool that was taken over",
        source="assumption: 0; sweep",
    )

    @property
    def happens(self) -> bool:
        """Whether anybody can leave."""
        return bool(self.base or self.pressure)

    def wants(self) -> NDArray[np.float64]:
        """What KOCs want to earn, by class, fen a day; shape (256,)."""
        return self.opportunity * 100 * lognormal_classes(self.sigma)

    def retention(self) -> float:
        """Weight that yesterday's mean income keeps."""
        return float(2.0 ** (-1.0 / self.memory))
