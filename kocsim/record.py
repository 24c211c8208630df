"""What a run has measured so far, the laws that hold between the figures, and the tables made of them."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kocsim.mechanisms.broadcasts import PLATFORM, Advertising, used
from kocsim.mechanisms.channels import CHANNELS, CONTACTS, FROM_CUSTOMERS, MOST_CHANNELS
from kocsim.mechanisms.membership import TIERS
from kocsim.results import CHANNEL_UNITS, KOC_COUNTS, UNITS, WINDOWS, Result, coverage_columns
from kocsim.sellers import STATES
from kocsim.stages import NEVER, Stage

TRUST_BINS = 20
INVITATIONS = CHANNELS.index("invitations")
SHOP_VISIT = CHANNELS.index("shop_visit")

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.simulation import Shares, Simulation


@dataclass
class Record:
    """Figures of the days that are over.

    Attributes
    ----------
    residents : int
    rows : list of dict
        `Result.daily`, a dict a day.
    stages : list of ndarray, shape (6,)
        Residents in each stage after each day, day 0 included.
    coverage : list of ndarray, shape (15,)
        `Result.coverage`, a row a day.
    communities : list of (day, columns)
        Where it was asked for.
    channels : list of ndarray, shape (9, channels + 1)
        `Result.channels`: its columns by channel, the last one for orders that are credited to nobody.
    funnel : list of ndarray, shape (2, 4)
        `Result.funnel`; empty where all residents buy alike.
    digests : list of int
        A hash of all residents' states after each day.
    reached : dict of str to int
        Residents who were ever aware, identified, customers.
    """

    TRANSIENT: ClassVar = frozenset[str]()
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    residents: int
    rows: list[dict[str, int]] = field(default_factory=list)
    stages: list[NDArray[np.int64]] = field(default_factory=list)
    coverage: list[NDArray[np.int64]] = field(default_factory=list)
    communities: list[tuple[int, dict[str, NDArray[np.int64]]]] = field(default_factory=list)
    channels: list[NDArray[np.int64]] = field(default_factory=list)
    funnel: list[NDArray[np.int64]] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    reached: dict[str, int] = field(
        default_factory=lambda: {"aware": 0, "identified": 0, "customers": 0}
    )

    def __post_init__(self) -> None:
        self.stages.append(np.array([self.residents, 0, 0, 0, 0, 0], np.int64))

    def add_day(
        self, counts: NDArray[np.int64], posts: dict[str, int], trade: dict[str, int]
    ) -> dict[str, int]:
        """Enter a day from the kernels' counts (see `kocsim.kernels.residents`), what was posted and seen, and sold."""
        n = [int(count) for count in counts]
        self.stages.append(counts[:6].copy())
        cover = counts[14:26].reshape(len(WINDOWS), len(KOC_COUNTS) - 1)
        self.coverage.append(np.column_stack([cover, self.residents - cover.sum(axis=1)]).ravel())
        self.digests.append(n[26])
        for name, new in zip(self.reached, n[6:9], strict=True):
            self.reached[name] += new
        row = {
            **self.reached,
            "active_customers": n[3] + n[4],
            "new_aware": n[6], "new_identified": n[7], "new_customers": n[8],
            "lapsed_today": n[11], "won_back": n[12], "lost_identification": n[13],
            "orders": n[9], "repeat_orders": n[10], **posts, "koc_meetings": n[27], **trade,
        }
        self.rows.append(row)
        return row

    def add_channels(self, columns: NDArray[np.int64], to_nobody: NDArray[np.int64]) -> None:
        """Enter a day's figures by channel, and what is credited to nobody (rows 3 to 7)."""
        last = np.zeros((columns.shape[0], 1), np.int64)
        last[3:8, 0] = to_nobody
        self.channels.append(np.hstack([columns, last]))

    def add_communities(self, run: Simulation) -> None:
        """Enter a row a community for the day that is over."""
        self.communities.append((run.day, _by_community(run)))

    def digest(self) -> str:
        """One hash of all days."""
        digest = blake2b(np.array(self.digests, np.int64).tobytes(), digest_size=16)
        digest.update(np.int64(self.residents).tobytes())
        return digest.hexdigest()


def outlay(run: Simulation, shares: Shares) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Posts of a day by channel, and what they cost, in fen; see `Result.channels`."""
    posts, cost = np.zeros((2, MOST_CHANNELS), np.int64)
    posts[list(FROM_CUSTOMERS)] = shares.who.size, shares.group.size, shares.inviters.size
    for row, one in enumerate(run.channels):
        made = run.posts[row].astype(np.int64)
        if one.messages:
            made = made * np.rint(np.minimum(run.speaking.listeners, one.messages)).astype(np.int64)
        posts[one.number] += int(made.sum())
        each = one.channel.cost + run.scenario.content.quality_cost * run.quality**2
        cost[one.number] += round(float(made @ np.broadcast_to(each, made.shape)) * 100)
    air = run.broadcasting
    for aired, turns in air.today if air is not None else []:
        assert air is not None
        if isinstance(aired.channel, Advertising):
            posts[aired.number] += round(aired.channel.impressions(run.county.n, air.spent))
            cost[aired.number] += round(air.spent * 100)
        elif aired.audience != PLATFORM:  # what platforms recommend was posted by KOCs
            posts[aired.number] += turns
            cost[aired.number] += round(turns * aired.channel.cost * 100)
    return posts, cost


def channel_names(run: Simulation) -> dict[int, str]:
    """The channels that a scenario uses, by number."""
    names = {one.number: one.name for one in run.channels}
    names |= {number: CHANNELS[number] for number in FROM_CUSTOMERS}
    if not run.scenario.invitation.rate:
        del names[INVITATIONS]
    return dict(sorted((names | dict(used(run.scenario))).items()))


def _by_community(run: Simulation) -> dict[str, NDArray[np.int64]]:
    return {
        name: run.county.by_community(column)
        for name, column in (
            ("aware", run.day_aware != NEVER), ("identified", run.day_identified != NEVER),
            ("customers", run.day_customer != NEVER), ("orders", run.ordered),
        )
    }


def check_laws(run: Simulation) -> None:
    """Conservation: stages and coverage sum to the residents, flows to changes, sums are empty between days.

    Raises
    ------
    AssertionError
        Naming the law and the day.
    """
    record, n = run.record, run.county.n
    row, stages, cover = record.rows[-1], record.stages[-1], record.coverage[-1]
    cover = cover.reshape(len(WINDOWS), len(KOC_COUNTS))
    active_before = int(record.stages[-2][3:5].sum()) + run.won_by_joining
    laws = {
        "stages sum to residents": int(stages.sum()) == n,
        "stages are what residents are in": bool((np.bincount(run.stage, minlength=6) == stages).all()),
        "coverage sums to residents": bool((cover.sum(axis=1) == n).all()),
        "coverage has no negative cell": bool((cover >= 0).all()),
        "coverage today is what residents saw": int((run.today == 1).sum()) == int(cover[0, 1]),
        "coverage of the week is what residents saw": int((run.week == 2).sum()) == int(cover[1, 2]),
        "coverage ever is what residents saw": int((run.kocs == 0).sum()) == int(cover[2, 0]),
        "today <= week <= ever": bool(((run.today <= run.week) & (run.week <= run.kocs)).all()),
        "meetings are what residents saw": row["koc_meetings"] == int(run.today.sum(dtype=np.int64)),
        "aware residents have seen a source": bool(((run.stage != Stage.UNAWARE) | (run.sources == 0)).all()),
        "aware = before + new": row["aware"] == int((run.day_aware != NEVER).sum()),
        "identified = before + new": row["identified"] == int((run.day_identified != NEVER).sum()),
        "customers = before + new": row["customers"] == int((run.day_customer != NEVER).sum()),
        "orders are residents who ordered": row["orders"] == int(run.ordered.sum()),
        "orders = first + repeat": row["orders"] == row["new_customers"] + row["repeat_orders"],
        "active = before + recruited + new + won back - lapsed": row["active_customers"]
        == active_before + row["new_customers"] + row["won_back"] - row["lapsed_today"],
        "KOCs' views sum to exposures": int(run.views.sum()) == row["koc_exposures"],
        "nothing is on its way between days": run.idle(),
        "channels' exposures sum to exposures": int(record.channels[-1][1].sum()) == row["exposures"],
    }
    if run.market is not None:
        funnel, credited = record.funnel[-1], record.channels[-1]
        laws |= {
            "leads sum to the newly aware": int(funnel[:, 0].sum()) == row["new_aware"],
            "deals sum to new customers": int(funnel[:, 3].sum()) == row["new_customers"],
            "credited orders sum to orders": credited[[4, 6]].sum(axis=1).tolist() == [row["orders"]] * 2,
            "credited customers sum to new ones": credited[[3, 5]].sum(axis=1).tolist() == [row["new_customers"]] * 2,
            "credited sales sum to sales": int(credited[7].sum()) == row["sales"],
            "stock = brought forward - needs met from it": int(run.market.stock.sum()) == sum(
                row["brought_forward"] - row["met_from_stock"] for row in record.rows),
            "shops' sales sum to those after visits": [int(row.sum()) for row in run.shop_books.credited[:3]] == [
                sum(int(day[row, SHOP_VISIT]) for day in record.channels) for row in (3, 4, 7)],
        }
    laws["the ledger sums to zero"] = sum(run.books.days[-1].values()) == 0
    if run.market is not None:
        laws["sales less discounts are what was paid"] = -(
            run.books.days[-1]["sales"] + run.books.days[-1]["discounts"]) == row["sales"]
    laws["KOCs' income is commission and rewards paid"] = int(run.books.income.sum()) - run.books.rewards == sum(
        day["commission"] for day in run.books.days)
    if run.pools is not None:
        laws["pools sum to ties in them"] = int(run.pools.members.sum()) == int(run.pooled.sum())
    if run.touches is not None:
        laws["first touches sum to the newly aware"] = int(record.channels[-1][2].sum()) == row["new_aware"]
    broken = [law for law, holds in laws.items() if not holds]
    assert not broken, f"day {run.day}: {'; '.join(broken)}"


def tables(run: Simulation, residents: bool, interrupted: bool) -> Result:
    """A run's `Result`."""
    import pandas as pd

    record = run.record
    days = pd.RangeIndex(1, run.day + 1, name="day")
    people = pd.DataFrame({
        "stage": run.stage, "evidence": run.evidence, "sources": run.sources, "kocs": run.kocs,
        "day_aware": run.day_aware, "day_identified": run.day_identified, "day_customer": run.day_customer,
        **(_of_buyers(run) if residents else {}),
    }, index=pd.RangeIndex(run.county.n, name="resident"))
    return Result(
        daily=pd.DataFrame(record.rows, index=days, columns=list(UNITS)).astype("int64"),
        stages=pd.DataFrame(
            np.array(record.stages), columns=[stage.name.lower() for stage in Stage],
            index=pd.RangeIndex(run.day + 1, name="day"),
        ),
        coverage=pd.DataFrame(
            np.array(record.coverage, np.int64).reshape(run.day, len(WINDOWS) * len(KOC_COUNTS)),
            index=days, columns=coverage_columns(),
        ),
        communities=_communities(run),
        residents=people.copy() if residents else people.iloc[:0].copy(),
        channels=_channels(run, days),
        funnel=_funnel(run, days),
        audiences=_audiences(run),
        trust=_trust(run),
        ledger=run.books.table(days),
        kocs=_kocs(run),
        shops=run.shop_books.table(run.market.orders if run.market is not None else None),
        provenance=_provenance(run, interrupted),
    )


def _of_buyers(run: Simulation) -> dict[str, Any]:
    """Columns of residents that are there where they differ in how they buy, and where touches are remembered."""
    import pandas as pd

    columns: dict[str, Any] = {}
    if run.market is not None:
        columns |= {"orders": run.market.orders, "business": (run.flags & 1).astype(np.bool_)}
        if run.market.tier.size:
            columns["tier"] = pd.Categorical.from_codes(run.market.tier.astype(np.int8), pd.Index(TIERS))
        if run.market.breadth.size:
            columns["categories"] = run.market.column("categories")
        if run.broadcasting is not None:
            columns["follows"] = (run.flags & 4).astype(np.bool_)
    if run.touches is not None and run.market is not None:
        names = channel_names(run)
        place = np.full(256, -1, np.int8)
        place[list(names)] = np.arange(len(names))
        for name, credit in (("first", run.touches.first), ("won", run.market.won)):
            byte = (credit >> np.uint32(24)).astype(np.uint8)
            channel = np.where(byte == 255, byte, byte & 31)
            columns[f"{name}_channel"] = pd.Categorical.from_codes(place[channel], pd.Index(list(names.values())))
            nobody = byte > INVITATIONS  # the firm, a shop, or what a platform recommended
            by = (credit & np.uint32(0xFFFFFF)).astype(np.int32)
            columns[f"{name}_by"] = np.where(nobody, -1, by).astype(np.int32)
    return columns


def _channels(run: Simulation, days: pd.RangeIndex) -> pd.DataFrame:
    import pandas as pd

    names = channel_names(run)
    rows = [*names, MOST_CHANNELS]
    values = np.array(run.record.channels, np.int64).reshape(len(days), len(CHANNEL_UNITS), MOST_CHANNELS + 1)
    index = pd.MultiIndex.from_product([days, [*names.values(), "none"]], names=["day", "channel"])
    flat = values[:, :, rows].transpose(0, 2, 1).reshape(-1, len(CHANNEL_UNITS))
    return pd.DataFrame(flat, index=index, columns=list(CHANNEL_UNITS))


def _funnel(run: Simulation, days: pd.RangeIndex) -> pd.DataFrame:
    import pandas as pd

    values = np.array(run.record.funnel, np.int64).reshape(-1, 4)
    segments = ["consumers", "businesses"]
    index = pd.MultiIndex.from_product([days[: len(values) // 2], segments], names=["day", "segment"])
    return pd.DataFrame(values, index=index, columns=["lead", "screening", "intent", "deal"])


def _audiences(run: Simulation) -> pd.DataFrame:
    import pandas as pd

    names = channel_names(run) if run.touches is not None else {}
    rows = []
    for number in names:
        assert run.touches is not None
        heard = (run.touches.met >> np.uint32(number) & np.uint32(1)).astype(np.bool_)
        heard[run.county.koc if run.sellers is None else run.county.koc[run.sellers.given]] = False
        rows.append([int(heard.sum()), int(run.market.converted[number]) if run.market is not None else 0])
    table = pd.DataFrame(
        np.array(rows, np.int64).reshape(-1, 2), columns=["exposed", "customers"],
        index=pd.Index(list(names.values()), name="channel", dtype=str))
    return table.assign(precision=table["customers"] / table["exposed"].where(table["exposed"] > 0))


def _kocs(run: Simulation) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {
        "resident": run.county.koc, "contacts": run.speaking.audience[CONTACTS],
        "orders": run.books.orders, "income": run.books.income,
    }
    if run.pools is not None:
        columns |= {"pool": run.pools.members, "called": run.pools.called}
    if run.touches is not None and run.market is not None:
        channel, who = run.market.won >> np.uint32(24), run.market.won & np.uint32(0xFFFFFF)
        place = np.searchsorted(run.county.koc, who[channel < FROM_CUSTOMERS[0]])
        columns["customers"] = np.bincount(place, minlength=run.county.koc.size)
    if run.sellers is not None:
        firm = run.sellers
        columns |= {
            "state": pd.Categorical.from_codes(firm.state.astype(np.int8), pd.Index(STATES)), "joined": firm.joined,
            "left": firm.left, "raised_by": firm.raised_by, "generation": firm.generation, "elite": firm.elite,
            "loyalty": firm.loyalty, "wants": firm.wants / 100,
        }
    return pd.DataFrame(columns, index=pd.RangeIndex(run.county.koc.size, name="koc"))


def _trust(run: Simulation) -> pd.DataFrame:
    import pandas as pd

    held = run.trust
    bins = np.minimum((held * TRUST_BINS).astype(np.int64), TRUST_BINS - 1)
    muted = run.muted
    columns = {
        "ties": np.bincount(bins, minlength=TRUST_BINS), "muted": np.bincount(bins[muted], minlength=TRUST_BINS),
    }
    if run.broadcasting is not None and run.broadcasting.shop_trust.size:
        shops = np.minimum(run.broadcasting.shop_trust.astype(np.int64) * TRUST_BINS // 255, TRUST_BINS - 1)
        columns["shops"] = np.bincount(shops, minlength=TRUST_BINS)
    return pd.DataFrame(columns, index=pd.Index(np.arange(TRUST_BINS) / TRUST_BINS, name="trust"))


def _communities(run: Simulation) -> pd.DataFrame:
    import pandas as pd

    c = run.county
    place = pd.DataFrame({
        "x": c.community_x, "y": c.community_y, "township": c.community_township,
        "residents": c.community_population,
    }, index=pd.RangeIndex(c.communities, name="community"))
    if not run.record.communities:
        return place.assign(**_by_community(run))
    return pd.concat(
        {day: place.assign(**columns) for day, columns in run.record.communities}, names=["day"]
    )


def _provenance(run: Simulation, interrupted: bool) -> dict[str, Any]:
    """Everything it takes to run it again, and on what it ran."""
    from importlib.metadata import version

    from kocsim import __version__

    c = run.county
    return {
        "kocsim": __version__,
        "seed": run.seed, "days": run.day, "interrupted": interrupted, "threads": run.threads,
        "residents": c.n, "kocs": int(c.koc.size),
        "digest": run.record.digest(),
        "rule": None if run.rule is None else repr(run.rule),
        "scenario": run.scenario.model_dump(mode="json"),
        "county": {**c.asked, "ties": c.friends.m, "koc_ties": int(c.koc_ties.size)},
        # what the law of random mixing is compared at: KOCs who could reach a resident, on average
        "reach": {"kocs_in_mean": float(c.koc_ties.size / c.n)},
        "seconds": {name: round(value, 4) for name, value in run.seconds.items()},
        "versions": {
            "python": platform.python_version(), **{name: version(name) for name in ("numpy", "numba")}
        },
        "machine": platform.machine(), "date": time.strftime("%Y-%m-%d"),
        **({"branches": run.branches} if run.branches else {}),
    }
