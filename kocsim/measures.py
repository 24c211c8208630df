"""Figures that sum up a run: how often customers come back, whom they bring, what lasts, what was wasted.

Each measure is a function of a `Result` that returns one number, NaN where the run cannot tell (a mechanism was off, or
nobody bought; most of them need ``attribution.track``). `table` gives all of `standard` with unit and meaning::

    ks.measures.table(result)
    ks.measures.loop_gain(result)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from kocsim.errors import DataError, ParameterError, at_least
from kocsim.stages import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from kocsim.results import Result

FROM_CUSTOMERS: Final = ("shares", "group_shares", "invitations")
"""Channels on which customers win customers."""
PRIVATE: Final = ("moments", "group_chat", "private_message", *FROM_CUSTOMERS, "official_account")
"""Channels that reach people who know the sender, or chose to follow."""
PLATFORMS: Final = ("kuaishou", "qq", "douyin", "bilibili")
"""Platforms that also show to strangers; whom they win counts as won by the KOCs who post there."""
PUBLIC: Final = ("advertising",)
ACQUIRES: Final = {
    "private": ("commission", "rewards", "fees", "staff", "phones", "recruiting", "salons", "pool"),
    "shops": ("rent", "opening"),
    "public": (),
}
"""Accounts of the ledger that pay for winning and keeping customers, by whom they pay for; beside what is spent on each
channel ("posts" and "advertising")."""
WEEK: Final = 7
NAN: Final = math.nan


def identified(result: Result) -> float:
    """Residents who ever identified with the product, of all."""
    return _share(result.daily["identified"].max(), result.provenance["residents"])


def customers(result: Result) -> float:
    """Residents who ever ordered, KOCs included, of all."""
    return _share(result.daily["customers"].max(), result.provenance["residents"])


def sales(result: Result) -> float:
    """Sales of the whole run, in yuan a resident."""
    return _share(result.daily["sales"].sum() / 100, result.provenance["residents"])


def repurchase_rate(result: Result) -> float:
    """Customers who ordered at least twice, of those who ordered first at least 30 days before the end."""
    bought = _won(result, 30)
    return NAN if bought is None else _share((bought["orders"] >= 2).sum(), len(bought))


def orders_a_customer(result: Result) -> float:
    """Orders of a customer so far, KOCs not counted."""
    bought = _won(result, 0)
    return NAN if bought is None else _share(bought["orders"].sum(), len(bought))


def referrals_a_customer(result: Result) -> float:
    """Customers won by customers (last touch: a share or an invitation), for each customer there is."""
    bought = _won(result, 0)
    if bought is None or "won_channel" not in bought:
        return NAN
    return _share(bought["won_channel"].isin(FROM_CUSTOMERS).sum(), len(bought))


def loop_gain(result: Result) -> float:
    """R: customers whom a customer wins within half of the run, counted in the tree of who won whom.

    Mean over those who became customers in the first half of the run, KOCs not counted, so that each is followed for
    equally many days. Above 1, growth feeds itself; below, it ends with the seeding (C38). A customer wins whoever's
    last touch before the first order was her share, her post in a group or her invitation.
    """
    bought = _won(result, 0)
    if bought is None or "won_channel" not in bought:
        return NAN
    half = len(result.daily) // 2
    day = bought["day_customer"].astype("int64")
    parents = day[day <= len(result.daily) - half]
    won = bought[bought["won_channel"].isin(FROM_CUSTOMERS)]
    by = won["won_by"]
    known = by.isin(parents.index)
    since = won["day_customer"].astype("int64")[known].to_numpy() - parents.loc[by[known]].to_numpy()
    return _share(int((since <= half).sum()), len(parents))


def sales_half_life(result: Result) -> float:
    """Days until sales fall to half after KOCs stop posting (`posting.until`); infinite where they do not.

    The mean of seven days is compared with that of the last seven days of posting; NaN where it stops within a week.
    """
    until = result.provenance["scenario"]["posting"]["until"]
    weekly = result.daily["sales"].rolling(WEEK).mean()
    if not until or until >= len(weekly) or not weekly.get(until, NAN) > 0:
        return NAN
    below = weekly.loc[until + 1 :] <= weekly.loc[until] / 2
    return float(below.idxmax() - until) if below.any() else math.inf


def muted(result: Result) -> float:
    """Ties from KOCs that are muted, of all."""
    return _share(result.trust["muted"].sum(), result.trust["ties"].sum())


def trust(result: Result) -> float:
    """Mean trust in KOCs over ties on the last day (from bins of 0.05)."""
    ties = result.trust["ties"]
    middle = ties.index.to_numpy() + 0.5 / len(ties)
    return _share(float(ties.to_numpy() @ middle), ties.sum())


def precision_private(result: Result) -> float:
    """Customers among those who heard on private channels, each channel's audience counted (C107)."""
    return _precision(result, PRIVATE)


def precision_public(result: Result) -> float:
    """Customers among those who saw an advertisement (C107)."""
    return _precision(result, PUBLIC)


def order_value_private(result: Result) -> float:
    """Yuan an order whose last touch was private (C48)."""
    return _of_channels(result, PRIVATE, "sales", "orders") / 100


def order_value_public(result: Result) -> float:
    """Yuan an order whose last touch was an advertisement (C48)."""
    return _of_channels(result, PUBLIC, "sales", "orders") / 100


def cost_a_customer_public(result: Result) -> float:
    """Yuan of advertising for each customer whose last touch it was, infinite where it won nobody (C39)."""
    cost, won = (_sum(result, PUBLIC, column) for column in ("cost", "new_customers"))
    return math.inf if cost and not won else _share(cost / 100, won)


def profit(result: Result) -> float:
    """Yuan a resident that are left of sales after goods, discounts, commission, advertising and all else."""
    if not len(result.ledger):
        return NAN
    cash = result.ledger.index.get_level_values("account") == "cash"
    return _share(result.ledger.loc[cash, "amount"].sum() / 100, result.provenance["residents"])


def cost_a_customer_private(result: Result) -> float:
    """Yuan of full cost (commission, staff, recruiting, posts ...) for each customer won in private (C02, C39)."""
    if not len(result.daily):
        return NAN
    spent = result.ledger.index.get_level_values("account").isin(ACQUIRES["private"])
    names = tuple(name for name in result.channels.index.unique("channel") if _traffic(name) == "private")
    cost = int(result.ledger.loc[spent, "amount"].sum()) + _sum(result, names, "cost")
    won = _sum(result, names, "new_customers")
    return math.inf if cost and not won else _share(cost / 100, won)


def lifetime_value(result: Result) -> float:
    """Yuan of margin that a new customer brings until she lapses, at the rates of the last 30 days.

    Margin an order (sales less discounts, goods, delivery and commission) times ``1 + r / l``: r orders again, and l
    lapses, a day and active customer. Infinite where nobody lapses.
    """
    last = result.daily.tail(30)
    if not len(last):
        return NAN
    ledger = result.ledger["amount"].unstack("account").tail(30).sum()
    active, orders = last["active_customers"].sum(), last["orders"].sum()
    if not active or not orders:
        return NAN
    margin = -float(ledger[["sales", "discounts", "goods", "delivery", "commission"]].sum()) / 100 / orders
    again, lapses = last["repeat_orders"].sum() / active, last["lapsed_today"].sum() / active
    return math.copysign(math.inf, margin) if not lapses else margin * (1 + again / lapses)


def payback(result: Result) -> float:
    """Day from which the money that the firm has put in has come back for good, infinite where it has not (C50)."""
    if not len(result.ledger):
        return NAN
    cash = result.ledger["amount"].unstack("account")["cash"].cumsum().to_numpy()
    below = np.flatnonzero(cash < 0)
    if below.size and below[-1] == len(cash) - 1:
        return math.inf
    return float(below[-1] + 2) if below.size else 1.0


def leader_offspring(result: Result) -> float:
    """R of leaders: KOCs whom a KOC recruits within half of the run (C75).

    Mean over KOCs who joined in the first half, so that each is followed for equally many days, whether she stays or
    not. Above 1, the net of KOCs grows by itself until nobody is left to ask.
    """
    kocs = result.kocs
    if "raised_by" not in kocs:
        return NAN
    half = len(result.daily) // 2
    joined = kocs["joined"].astype("int64")
    parents = joined[joined <= len(result.daily) - half]
    raised = kocs[kocs["raised_by"].isin(parents.index)]
    since = joined[raised.index].to_numpy() - parents.loc[raised["raised_by"]].to_numpy()
    return _share(int((since <= half).sum()), len(parents))


def koc_income(result: Result) -> float:
    """Median income of those who ever were KOCs over the whole run, in yuan, failures included (C54)."""
    kocs = ever_kocs(result)
    known = "customers" in kocs and len(kocs) > 0 and len(result.daily) > 0
    return float(kocs["income"].median() / 100) if known else NAN


def koc_gini(result: Result) -> float:
    """Gini coefficient of the incomes of those who ever were KOCs, those who earn nothing included (C54)."""
    income = np.sort(ever_kocs(result)["income"].to_numpy().astype(float))
    if not income.sum():
        return NAN
    rank = np.arange(1, income.size + 1)
    return float(2 * (rank @ income) / (income.size * income.sum()) - (income.size + 1) / income.size)


def delivery_cost(result: Result) -> float:
    """Yuan of delivery for each order (C10)."""
    account = result.ledger.index.get_level_values("account") == "delivery"
    return _share(result.ledger.loc[account, "amount"].sum() / 100, result.daily["orders"].sum())


def shop_break_even(result: Result) -> float:
    """Orders a day after visits to a shop at which their margin pays its rent, at list price (C29).

    ``rent / (price x (1 - goods) - delivery.order)``: the KOC's commission is not due where a shop was the last touch.
    Infinite where an order leaves nothing; NaN where no shop shows the product.
    """
    s = result.provenance["scenario"]
    if not result.shops["display"].any() or not len(result.daily):
        return NAN
    margin = s["price"]["price"] * (1 - s["money"]["goods"]) - s["delivery"]["order"]
    return s["money"]["rent"] / margin if margin > 0 else math.inf


def shops_above(result: Result) -> float:
    """Shops whose orders after visits have paid their rent over the run, of those that show the product (C29, C36)."""
    shops = result.shops[result.shops["display"]]
    if not len(result.daily):
        return NAN
    brought = round(result.provenance["scenario"]["delivery"]["order"] * 100) * shops["credited_orders"]
    return _share((shops["sales"] - shops["goods"] - brought >= shops["rent"]).sum(), len(shops))
def pool_size(result: Result) -> float:
    """Members of a KOC's pool on the last day, on average; NaN where KOCs have no pools (C91)."""
    return _share(result.kocs["pool"].sum(), len(result.kocs)) if "pool" in result.kocs else NAN


def pool_cost(result: Result) -> float:
    """Yuan spent on pools over the whole run, for each member on the last day (C60, C92)."""
    if "pool" not in result.kocs or not len(result.ledger):
        return NAN
    spent = result.ledger["amount"].xs("pool", level="account").sum() / 100
    return _share(spent, result.kocs["pool"].sum())


standard: Final[dict[str, tuple[Callable[[Result], float], str]]] = {
    "identified": (identified, "share of residents"),
    "customers": (customers, "share of residents"),
    "sales": (sales, "yuan/resident"),
    "repurchase_rate": (repurchase_rate, "share of customers"),
    "orders_a_customer": (orders_a_customer, "orders"),
    "referrals_a_customer": (referrals_a_customer, "customers"),
    "loop_gain": (loop_gain, "customers"),
    "sales_half_life": (sales_half_life, "days"),
    "muted": (muted, "share of ties"),
    "trust": (trust, "trust"),
    "precision_private": (precision_private, "share of exposed"),
    "precision_public": (precision_public, "share of exposed"),
    "order_value_private": (order_value_private, "yuan/order"),
    "order_value_public": (order_value_public, "yuan/order"),
    "cost_a_customer_public": (cost_a_customer_public, "yuan/customer"),
    "profit": (profit, "yuan/resident"),
    "cost_a_customer_private": (cost_a_customer_private, "yuan/customer"),
    "lifetime_value": (lifetime_value, "yuan/customer"),
    "payback": (payback, "day"),
    "leader_offspring": (leader_offspring, "KOCs"),
    "koc_income": (koc_income, "yuan"),
    "koc_gini": (koc_gini, "share"),
    "delivery_cost": (delivery_cost, "yuan/order"),
    "shop_break_even": (shop_break_even, "orders/shop/day"),
    "shops_above": (shops_above, "share of shops"),
    "pool_size": (pool_size, "members"),
    "pool_cost": (pool_cost, "yuan/member"),
}
"""Measures by name, each with its unit."""


def table(result: Result) -> pd.DataFrame:
    """All standard measures of a run.

    Returns
    -------
    DataFrame
        Index "measure"; columns "value", "unit", "meaning".
    """
    import pandas as pd

    rows = {
        name: (float(measure(result)), unit, str(measure.__doc__).split("\n")[0])
        for name, (measure, unit) in standard.items()
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "unit", "meaning"])
    return frame.rename_axis("measure")


def acquisition(result: Result, every: int = 30) -> pd.DataFrame:
    """What it costs in full to win a customer, over time, by whence she came (C02, C39).

    Costs are those of the ledger (`ACQUIRES`) and of channels, all of them and not only those of new customers:
    commission on orders that come again is the price of keeping them. Customers are counted by last touch: "private"
    are posts, messages and shares, "shops" visits, "public" advertising, live streams and broadcasts of the user's own.

    Parameters
    ----------
    every : int
        Days to a period, >= 1; the last one may be shorter.

    Returns
    -------
    DataFrame
        Index (period, traffic), period being its first day; ``cost`` (fen), ``new_customers``, ``cost_a_customer``
        (yuan; infinite where there was cost and nobody came).

    Raises
    ------
    ParameterError, DataError
        For a period below a day; for a run of no days.
    """
    import pandas as pd

    every = at_least("every", every, 1)
    if not len(result.daily):
        raise DataError("There is nothing to be won in a run of no days.")
    first = (result.daily.index.to_numpy() - 1) // every * every + 1
    ledger = result.ledger["amount"].unstack("account").groupby(first).sum()
    won, spent = (
        result.channels[column].unstack("channel").groupby(first).sum() for column in ("new_customers", "cost"))
    parts = []
    for traffic, accounts in ACQUIRES.items():
        channels = [name for name in won.columns if name != "none" and _traffic(name) == traffic]
        parts.append(pd.DataFrame({
            "traffic": traffic,
            "cost": (ledger.reindex(columns=list(accounts)).sum(axis=1) + spent[channels].sum(axis=1)).astype("int64"),
            "new_customers": won[channels].sum(axis=1),
        }).rename_axis("period"))
    table = pd.concat(parts).set_index("traffic", append=True).sort_index()
    each = table["cost"] / 100 / table["new_customers"].where(table["new_customers"] > 0)
    return table.assign(cost_a_customer=each.mask((table["new_customers"] == 0) & (table["cost"] > 0), math.inf))


def _traffic(channel: str) -> str:
    if channel == "shop_visit":
        return "shops"
    return "private" if channel in PRIVATE or channel in PLATFORMS else "public"


def generations(result: Result) -> pd.DataFrame:
    """KOCs by generation: how many joined, what they sold and earned, whom they recruited, who has left (C75).

    Returns
    -------
    DataFrame
        Index "generation" (0: recruited by the firm, or there from the start); ``kocs``; ``orders`` and ``income``
        (fen), the mean of each; ``raised``, KOCs recruited by each, on average; ``left``, the share of them.

    Raises
    ------
    DataError
        For a run in which KOCs neither join nor leave.
    """
    kocs = result.kocs
    if "raised_by" not in kocs:
        raise DataError("KOCs neither join nor leave in this run: it needs recruiting.start < 1 or leaving.")
    raised = kocs["raised_by"].value_counts().reindex(kocs.index, fill_value=0)
    joined = kocs.assign(raised=raised, gone=kocs["state"].isin(["left", "kept"]))[kocs["state"] != "candidate"]
    return joined.groupby("generation").agg(
        kocs=("orders", "size"), orders=("orders", "mean"), income=("income", "mean"), raised=("raised", "mean"),
        left=("gone", "mean"))


def overtaking_day(first: Result, second: Result, column: str = "customers") -> float:
    """Day from which the second run is ahead of the first for good; infinite where it ends behind or level.

    Parameters
    ----------
    first, second : Result
        Of equally many days; on one seed, their difference is the scenario's alone.
    column : str
        Of `Result.daily`; flows ("orders", "sales" ...) are compared as sums so far.

    Raises
    ------
    ParameterError, DataError
        For a column that is not there, and for runs of different length.
    """
    if column not in first.daily:
        raise ParameterError(f"column must be one of {', '.join(first.daily.columns)}; got {column!r}.")
    if len(first.daily) != len(second.daily):
        raise DataError(f"Both runs must have as many days; got {len(first.daily)} and {len(second.daily)}.")
    stock = column in ("aware", "identified", "customers", "active_customers", "active_kocs")
    a, b = (one.daily[column] if stock else one.daily[column].cumsum() for one in (first, second))
    behind = np.flatnonzero((b <= a).to_numpy())
    if behind.size and behind[-1] == len(a) - 1:
        return math.inf
    return float(behind[-1] + 2) if behind.size else 1.0


def by_tier(result: Result) -> pd.DataFrame:
    """Customers by tier of membership: how many, their orders, and how many have lapsed.

    The difference between tiers is cause and self-selection together; the cause alone is the difference to a run on the
    same seed whose members get nothing (`kocsim.mechanisms.membership`).

    Returns
    -------
    DataFrame
        Index "tier"; ``customers``; ``orders``, the mean of each; ``lapsed``, the share of them.

    Raises
    ------
    DataError
        For a run without membership, or without the table of residents.
    """
    bought = _won(result, 0)
    if bought is None or "tier" not in bought:
        raise DataError("There are no members in this run: it needs membership.scan > 0 and the table of residents.")
    groups = bought.assign(lapsed=bought["stage"] == 5).groupby("tier", observed=False)
    return groups.agg(customers=("orders", "size"), orders=("orders", "mean"), lapsed=("lapsed", "mean"))


def ever_kocs(result: Result) -> pd.DataFrame:
    """Those who ever were KOCs."""
    kocs = result.kocs
    return kocs[kocs["state"] != "candidate"] if "state" in kocs else kocs


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else NAN


def _won(result: Result, days: int) -> pd.DataFrame | None:
    """Residents who became customers, KOCs not counted, at least so many days before the end; None: unknown."""
    people = result.residents
    if "orders" not in people or not len(people):
        return None
    day = people["day_customer"].to_numpy().copy()
    if "joined" in result.kocs:  # who became a customer by being recruited
        recruited = result.kocs[result.kocs["state"] != "candidate"]
        at = recruited["resident"].to_numpy()
        day[at[day[at] == recruited["joined"].to_numpy().astype(np.int64) - 1]] = 0
    early = day.astype(np.int64) <= len(result.daily) - days
    bought: pd.DataFrame = people[(day > 0) & (day != NEVER) & (people["orders"] > 0) & early]
    return bought


def _precision(result: Result, channels: tuple[str, ...]) -> float:
    heard = result.audiences[result.audiences.index.isin(channels)]
    return _share(heard["customers"].sum(), heard["exposed"].sum())


def _of_channels(result: Result, channels: tuple[str, ...], part: str, whole: str) -> float:
    return _share(_sum(result, channels, part), _sum(result, channels, whole))


def _sum(result: Result, channels: tuple[str, ...], column: str) -> float:
    some = result.channels.index.get_level_values("channel").isin(channels)
    return float(result.channels.loc[some, column].sum())
