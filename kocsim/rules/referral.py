"""Referral: new customers bring new customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kocsim.errors import ParameterError
from kocsim.packing import ID_MASK
from kocsim.rng import Decision, entity_key, mix32
from kocsim.rules.base import BuiltIn, Seen
from kocsim.rules.checks import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Network
    from kocsim.plans import Plan

MOST = 1000.0


@dataclass(frozen=True, eq=False)
class Referral(BuiltIn):
    """At the step after her adoption, a new customer invites a Poisson number of different contacts; each may accept.

    Contacts are picked at random, all alike, those who are customers already included; who has fewer contacts than
    she would invite invites all. As long as repeats are rare, founders and all who come through them are a branching
    process with mean offspring R = mean x conversion: below 1, a founder's tree has 1 / (1 - R) members on average
    (law of Borel).

    Parameters
    ----------
    mean : float, default 0.5
        Mean number of contacts invited, in [0, 1000].
    conversion : float, default 1
        Probability that an invited contact accepts, in [0, 1], in steps of 2**-31.

    Raises
    ------
    ParameterError
        For values out of range.

    Notes
    -----
    A further tie may take the place of another among those invited, so more ties can delay somebody: this rule is not
    monotone in ties.

    References
    ----------
    Borel (1942), C. R. Acad. Sci. 214:452; Tanner (1961), Biometrika 48:222.
    """

    mean: float = 0.5
    conversion: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", number("Referral.mean", self.mean, 0.0, MOST))
        object.__setattr__(self, "conversion", number("Referral.conversion", self.conversion, 0.0, 1.0))

    def _cdf(self) -> NDArray[np.uint32]:
        """Chances of 2**32 to invite at most 0, 1, 2 ...; the last entry before certainty."""
        from scipy import stats

        most = int(stats.poisson.isf(2.0**-33, self.mean)) + 1
        below = np.asarray(stats.poisson.cdf(np.arange(most), self.mean), np.float64)
        return np.floor(below * (2.0**32 - 1)).astype(np.uint32)

    @property
    def _chance(self) -> int:
        return int(self.conversion * 2.0**31)

    def check(self, network: Network) -> None:
        if network.n == 0:
            raise ParameterError("Referral needs at least one resident; the network has none.")

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        network = seen.network
        won = np.zeros(network.n, np.bool_)
        many, accept = seen.key(Decision.INVITE), seen.key(Decision.ACCEPT)
        cdf = self._cdf()
        for u in seen.senders.tolist():
            contacts = np.delete(np.arange(network.n), u)
            if not network.mixed:
                contacts = (network.ties[network.offsets[u] : network.offsets[u + 1]] & ID_MASK).astype(np.int64)
            asked = min(int(np.searchsorted(cdf, mix32(many, u), side="right")), contacts.size)
            answers = entity_key(accept, u)
            for v in contacts[_different(entity_key(seen.key(Decision.INVITED), u), asked, contacts.size)].tolist():
                won[v] |= mix32(answers, v) >> 1 < self._chance
        return np.asarray(won[seen.resident])

    def plan(self, network: Network) -> Plan:
        from kocsim import plans

        return plans.Invitations(self._cdf(), self._chance)


def _different(key: int, many: int, n: int) -> list[int]:
    """As many different whole numbers below n; with more asked for, the first ones stay the same."""
    if many == n:
        return list(range(n))
    picked: list[int] = []
    turn = 0
    while len(picked) < many:
        at = mix32(key, turn) * n >> 32
        turn += 1
        if at not in picked:
            picked.append(at)
    return picked
