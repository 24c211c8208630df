"""The ledger: every day's money in whole fen, and what each KOC has earned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.mechanisms.channels import CHANNELS
from kocsim.mechanisms.money import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.scenario import Scenario

ADVERTISING = CHANNELS.index("advertising")


class Books:
    """The ledger of a run.

    Attributes
    ----------
    days : list of dict of str to int
        Amount of each account on each day, in fen; a day sums to zero.
    income : ndarray of int64, shape (kocs,)
        What each KOC has earned, in fen.
    orders : ndarray of int64, shape (kocs,)
        Orders that each KOC sold.
    rewards : int
        What KOCs got for those whom they recruited, in fen.
    """

    TRANSIENT: Final = frozenset(("scenario",))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, scenario: Scenario, kocs: int) -> None:
        self.scenario = scenario
        self.days: list[dict[str, int]] = []
        self.income = np.zeros(kocs, np.int64)
        self.orders = np.zeros(kocs, np.int64)
        self.rewards = 0
        self._charged = dict.fromkeys(ACCOUNTS, 0)

    def charge(self, account: str, fen: int) -> None:
        """Book what is spent (or, below 0, earned) today under one of `ACCOUNTS`; adds up until the day is closed."""
        self._charged[account] += fen

    def sell(
        self, paid: NDArray[np.int64], seller: NDArray[np.int32], rates: NDArray[np.float64] | float,
        recruiters: NDArray[np.int32] | None,
    ) -> None:
        """Book commission and overrides of a day's orders.

        Parameters
        ----------
        paid, seller : ndarray
            What each order brought, in fen, and the KOC who sold it, -1 for none.
        rates : ndarray, shape (kocs,), or float
            Commission of each KOC.
        recruiters : ndarray, shape (kocs,), or None
            Who gets an override of what each KOC sells, -1 for nobody.
        """
        by_koc = seller >= 0
        paid, seller = paid[by_koc], seller[by_koc]
        self.orders += np.bincount(seller, minlength=self.income.size)
        self._pay(seller, paid * np.broadcast_to(rates, self.income.shape)[seller])
        if recruiters is not None:
            above = recruiters[seller]
            self._pay(above[above >= 0], paid[above >= 0] * self.scenario.recruiting.override)

    def _pay(self, to: NDArray[np.int32], amounts: NDArray[Any]) -> None:
        due = np.rint(amounts)  # whole numbers below 2**53, so sums of floats are exact
        self.income += np.bincount(to, due, self.income.size).astype(np.int64)
        self.charge("commission", int(due.sum()))

    def reward(self, kocs: NDArray[np.int64], fen: int) -> None:
        """Pay KOCs for one recruit each."""
        self.income[kocs] += fen
        self.rewards += kocs.size * fen
        self.charge("recruiting", kocs.size * fen)

    def close(
        self, row: Mapping[str, int], listed: int, won_by_customers: int, costs: NDArray[np.int64], displays: int,
        accounts: int,
    ) -> None:
        """Close a day.

        Parameters
        ----------
        row : mapping
            The day's row of `Result.daily`.
        listed : int
            Sales at list price, in fen.
        won_by_customers : int
            Customers whom customers won today.
        costs : ndarray of int64
            What was spent on each channel, in fen.
        displays, accounts : int
            Shops that show the product, and accounts of KOCs.
        """
        m = self.scenario.money
        fees = (row["new_paying_members"] + row["renewals"]) * round(self.scenario.membership.fee * 100)
        for account, fen in (
            ("sales", -listed),
            ("discounts", listed - row["sales"]),
            ("goods", round(listed * m.goods)),
            ("rewards", won_by_customers * round(m.reward * 100)),
            ("advertising", int(costs[ADVERTISING])),
            ("posts", int(costs.sum() - costs[ADVERTISING])),
            ("fees", -fees),
            ("rent", displays * round(m.rent * 100)),
            ("staff", round(m.staff * 100)),
            ("phones", accounts * round(m.phone * 100)),
        ):
            self.charge(account, fen)
        day, self._charged = self._charged, dict.fromkeys(ACCOUNTS, 0)
        day["cash"] = -sum(day.values())
        self.days.append(day)

    def table(self, days: pd.RangeIndex) -> pd.DataFrame:
        """`Result.ledger`."""
        import pandas as pd

        index = pd.MultiIndex.from_product([days, list(ACCOUNTS)], names=["day", "account"])
        amounts = [day[account] for day in self.days for account in ACCOUNTS]
        return pd.DataFrame({"amount": np.array(amounts, np.int64)}, index=index)
