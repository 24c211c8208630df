"""Recruiting: how residents become KOCs."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kocsim.parameters import Section, param

GENERATIONS = 256
"""Generations are counted up to one less."""


class Recruiting(Section):
    """Who speaks for the firm from the start, and who is won to do so later (C28, C30, C68, C75).

    The county's `kocs` are those who could be KOCs. A share `start` of them are so from the first day; the others are
    residents like all until somebody recruits them. The firm recruits `firm` of them a day, chosen as `select` says. An
    active KOC recruits with probability `leader` a day one of those in her own audience, by lot: so leaders raise small
    leaders (小团长) and these again, until nobody is left to ask. A candidate asked by several goes to one of them, by
    lot.

    Whoever is recruited tries the product: she is a customer from that morning on. The firm's recruits are of
    generation 0; a recruit's is one above that of who recruited her, and her posts carry ``fade ** generation`` of
    their quality. A leader gets `reward` for each recruit, and `override` of what her recruits sell.

    Switched off by ``start = 1``: then nobody is left to recruit.
    """

    start: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="share of the county's KOCs who are so from the first day",
        source="the paper: all 10,000 are there (C18)",
    )
    firm: float = param(
        0.0, unit="KOCs/day", ge=0, le=1e6,
        meaning="mean number of KOCs that the firm recruits in a day",
        source="assumption: 0; sweep (C28)",
    )
    leader: float = param(
        0.0, unit="probability/day", ge=0, le=1,
        meaning="chance that an active KOC recruits one of her audience on a given day",
        source="assumption: 0; sweep (C75)",
    )
    select: Literal["lot", "contacts", "customers"] = param(
        "lot", unit="switch",
        meaning="whom the firm takes first: by lot, by most contacts, or by lot among customers; "
                "of KOCs, 'customers' lets them recruit customers only",
        source="assumption; compare (C68)",
    )
    cost: float = param(
        0.0, unit="yuan/KOC", ge=0, le=1e6,
        meaning="what it costs the firm to find and train a KOC itself",
        source="assumption: 0; the presets of operating models say more",
    )
    reward: float = param(
        0.0, unit="yuan/KOC", ge=0, le=1e6,
        meaning="what a KOC gets from the firm for a KOC she recruits",
        source="assumption: 0",
    )
    override: float = param(
        0.0, unit="share of sales", ge=0, le=1,
        meaning="what a KOC gets, beside their own commission, of what those whom she recruited sell",
        source="assumption: 0; direct selling pays it (C54)",
    )
    fade: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="quality of a recruit's posts beside that of who recruited her",
        source="assumption: 1, as good; sweep (C75: later generations may be weaker)",
    )

    def fades(self) -> NDArray[np.float64]:
        """What quality is multiplied by, by generation; shape (256,)."""
        values: NDArray[np.float64] = np.float64(self.fade) ** np.arange(GENERATIONS)
        return values
