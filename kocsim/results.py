"""What a run leaves behind: tidy tables, a digest, and where all of it came from."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kocsim.errors import DataError, FileError
from kocsim.html import card

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FORMAT: Final = "kocsim result 4"
PROVENANCE: Final = "provenance.json"
TABLES: Final = (
    "daily", "stages", "coverage", "communities", "residents", "channels", "funnel", "audiences", "trust", "ledger",
    "kocs", "shops",
)
WINDOWS: Final = ("today", "week", "ever")
KOC_COUNTS: Final = ("0", "1", "2", "3", "4+")

UNITS: Final = {
    "aware": "residents", "identified": "residents", "customers": "residents",
    "active_customers": "residents", "new_aware": "residents/day", "new_identified": "residents/day",
    "new_customers": "residents/day", "lapsed_today": "residents/day", "won_back": "residents/day",
    "lost_identification": "residents/day", "orders": "orders/day", "repeat_orders": "orders/day",
    "posts": "posts/day", "koc_posts": "posts/day", "shares": "posts/day",
    "group_shares": "posts/day", "exposures": "posts seen/day", "koc_exposures": "posts seen/day",
    "mutes": "resident-KOC pairs/day", "koc_meetings": "resident-KOC pairs/day",
    "sales": "fen/day", "satisfied_orders": "orders/day", "business_orders": "orders/day", "clicks": "clicks/day",
    "orders_after_click": "orders/day", "new_followers": "residents/day", "lost_followers": "residents/day",
    "new_members": "residents/day", "new_paying_members": "residents/day", "renewals": "residents/day",
    "not_renewed": "residents/day", "scans": "orders/day", "categories_added": "residents/day",
    "inviters": "residents/day", "active_kocs": "KOCs", "recruits": "KOCs/day", "departures": "KOCs/day",
    "brought_forward": "orders/day", "met_from_stock": "orders/day",
}
"""Unit of each column of `Result.daily`."""
CHANNEL_UNITS: Final = {
    "posts": "posts/day", "exposures": "posts seen/day", "first_touches": "residents/day",
    "new_customers": "residents/day", "orders": "orders/day", "new_customers_first": "residents/day",
    "orders_first": "orders/day", "sales": "fen/day", "cost": "fen/day",
}
"""Unit of each column of `Result.channels`."""


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Tables of one run.

    Attributes
    ----------
    daily : DataFrame
        A row a day (index "day", from 1). ``aware``, ``identified``, ``customers``: residents who have ever got that
        far, so that each grows by its ``new_`` column, and by KOCs who are recruited; ``active_customers``: customers
        who have not lapsed;
        ``orders`` and ``repeat_orders``; ``posts`` (by KOCs and customers), ``exposures`` (posts seen),
        ``koc_meetings`` (each resident's distinct KOCs seen today, summed). Units in `UNITS`.
    stages : DataFrame
        Residents in each stage at the end of each day, day 0 included; rows sum to the residents.
    coverage : DataFrame
        Residents by number of distinct KOCs of whom they saw a post: columns (window, kocs) with windows "today",
        "week" (the last seven days) and "ever", and numbers "0", "1", "2", "3", "4+". Each window's row sums to
        the residents.
    communities : DataFrame
        The last day by community: place (km), residents, aware, identified, customers; or, where it was asked
        for, one row a day and community.
    residents : DataFrame
        The last day by resident: stage, evidence, distinct sources and KOCs ever seen, and the days on which she
        became aware, identified, a customer (0: from the start; 65535: never).
        Where residents differ in how they buy, also their orders, whether they buy for a business, tier of
        membership, categories bought and whether they follow the official account; where touches are remembered, the
        channel of the first touch and of the last before the first order, and the resident (KOC or customer) who it
        came from; -1 where it was the firm, a shop, or what a platform recommended.
    channels : DataFrame
        A row a day and channel: ``posts`` (a message counts for each contact, an advertisement for each
        impression, another broadcast once), ``exposures``,
        ``first_touches`` (residents who became aware), ``new_customers``, ``orders`` and ``sales`` (fen) by last
        touch, ``new_customers_first`` and ``orders_first`` by first touch, ``cost`` (fen). What is credited to nobody
        stands under "none", so each sums to the day's: all of it where touches are not remembered. Units in
        `CHANNEL_UNITS`.
    funnel : DataFrame
        A row a day and segment, where residents differ in how they buy. Consumers: ``lead`` newly aware, ``screening``
        a need and aware, ``intent`` a need and identified, ``deal`` first order. Businesses: ``screening`` newly
        identified, ``intent`` half of the steps to a deal done.
    audiences : DataFrame
        By channel: residents who ever heard of the product there, without those who became customers by becoming KOCs,
        ``customers`` who had by their first order, and their share (``precision``). Empty where touches are not
        remembered.
    trust : DataFrame
        Ties from KOCs by trust on the last day, in 20 bins (the index says where each begins), those of them that are
        muted, and residents by trust in the shop they go to (``shops``).
    ledger : DataFrame
        A row a day and account (`kocsim.mechanisms.money.ACCOUNTS`): ``amount`` in fen, spent positive, earned
        negative; each day sums to zero.
    kocs : DataFrame
        A row a KOC: resident, contacts, ``orders`` that she sold (last touch), ``income`` in fen, and, where touches
        are remembered, ``customers`` whom she won; where KOCs have pools, ``pool`` (members on the last day) and
        ``called`` (all whom she ever called). Where KOCs join or leave, also ``state`` (candidate, active, left,
        kept by the firm), the days on which she ``joined`` and ``left`` (65535: never), the KOC by whom she was
        ``raised_by`` (-1: the firm), her ``generation``, whether she is ``elite``, her ``loyalty``, and what she
        ``wants`` to earn in a day, in yuan.
    shops : DataFrame
        A row a shop: the community in which it stands, and its place (km); ``catchment``, the residents who go there;
        ``display``, whether it shows the product; ``orders`` of its residents so far, where residents differ in how
        they buy. Of the orders whose last touch was a visit to it: ``first_orders``, ``credited_orders``, ``sales`` and
        what was paid for ``goods``, in fen. ``rent`` in fen, of the whole run.
    provenance : dict
        Seed, scenario, county, versions and the like: enough to run it again.
    """

    daily: pd.DataFrame
    stages: pd.DataFrame
    coverage: pd.DataFrame
    communities: pd.DataFrame
    residents: pd.DataFrame
    channels: pd.DataFrame
    funnel: pd.DataFrame
    audiences: pd.DataFrame
    trust: pd.DataFrame
    ledger: pd.DataFrame
    kocs: pd.DataFrame
    shops: pd.DataFrame
    provenance: dict[str, Any]

    def digest(self) -> str:
        """One hash of every resident's whole trajectory (stage, evidence, sources and KOCs seen, day by day).

        Equal for equal results, whatever the number of threads, and with all probability different when a single
        resident differs in one of these on a single day. What moves none of them, such as money, is not in it.
        """
        return str(self.provenance["digest"])

    def __repr__(self) -> str:
        p = self.provenance
        if not len(self.daily):
            return f"<Result of {p['scenario']['name']!r}: no days>"
        last = self.daily.iloc[-1]
        n = p["residents"]
        return (
            f"<Result of {p['scenario']['name']!r}, seed {p['seed']}: {len(self.daily)} days, {n:,} residents; "
            f"aware {last.aware / n:.1%}, identified {last.identified / n:.1%}, "
            f"customers {last.customers / n:.1%}>"
        )

    def _repr_html_(self) -> str:
        p = self.provenance
        title = f"Result of {p['scenario']['name']!r}, seed {p['seed']}: {self.finished()}"
        if not len(self.daily):
            return card(title, [])
        n, last, ever = p["residents"], self.daily.iloc[-1], self.coverage["ever"].iloc[-1]
        counts = {
            "residents": n, "aware": last["aware"], "identified": last["identified"], "customers": last["customers"],
            "customers who have not lapsed": last["active_customers"],
            "saw 1 KOC or more": ever.iloc[1:].sum(), "saw 3 KOCs or more": ever.iloc[3:].sum(),
        }
        rows = [(name, f"{int(many):,}", f"{many / n:.1%}") for name, many in counts.items()]
        rows.append(("orders", f"{int(self.daily['orders'].sum()):,}", ""))
        tables = ", ".join(f".{name}" for name in TABLES if len(getattr(self, name)))
        return card(title, rows, ("on the last day", "number", "of residents"), f"tables: {tables}")

    def finished(self) -> str:
        """What is done, in words."""
        return f"{len(self.daily)} finished days"

    def summary(self) -> pd.DataFrame:
        """How far the product got: residents and share of the county who are aware, identified, customers, and
        who were reached by at least 1, 2, 3 and 4 distinct KOCs, on the last day."""
        import pandas as pd

        n = self.provenance["residents"]
        if not len(self.daily):
            raise DataError("There is nothing to sum up in a run of no days.")
        last = self.daily.iloc[-1]
        rows: dict[str, float] = {
            name: last[name] for name in ("aware", "identified", "customers", "active_customers")
        }
        for window, words in (("ever", "ever"), ("today", "on the last day")):
            cover = self.coverage[window].iloc[-1]
            for k in range(1, 5):
                rows[f"saw >= {k} KOCs {words}"] = cover.iloc[k:].sum()
        rows["orders, total"] = self.daily["orders"].sum()
        table = pd.DataFrame({"count": pd.Series(rows).astype("int64")})
        table["share of residents"] = table["count"] / n
        table.loc["orders, total", "share of residents"] = float("nan")  # orders are not residents
        return table

    @property
    def tree(self) -> pd.DataFrame:
        """Who won whom: a row a customer who was won, from `residents`.

        Index "resident"; ``day`` of the first order, ``channel`` of the last touch before it and ``by``, the KOC or
        customer (a resident) that it came from, -1 where it was none.

        Raises
        ------
        DataError
            Where touches were not remembered, or the table of residents was not kept.
        """
        if "won_channel" not in self.residents:
            raise DataError(
                "There is no tree of this run: it needs attribution.track = true and the table of residents."
            )
        won = self.residents[self.residents["won_channel"].notna()]
        return won[["day_customer", "won_channel", "won_by"]].set_axis(["day", "channel", "by"], axis=1)

    def to_xarray(self) -> xr.Dataset:
        """All tables over days as one labelled data set (needs the extra ``kocsim[xarray]``).

        Dimensions: day; channel; account; segment; stage; window and kocs for coverage.
        """
        try:
            import xarray as xr
        except ImportError:
            raise ImportError(
                "Result.to_xarray needs xarray; install it with: pip install 'kocsim[xarray]'"
            ) from None
        import numpy as np

        data = xr.Dataset.from_dataframe(self.daily)
        for name, unit in UNITS.items():
            data[name].attrs["units"] = unit
        cover = self.coverage.to_numpy().reshape(len(self.coverage), len(WINDOWS), len(KOC_COUNTS))
        by_channel = xr.Dataset.from_dataframe(self.channels)
        for name, unit in CHANNEL_UNITS.items():
            data[f"channel_{name}"] = by_channel[name]
            data[f"channel_{name}"].attrs["units"] = unit
        for table, columns in ((self.funnel, self.funnel.columns), (self.ledger, ["amount"])):
            if len(table):
                part = xr.Dataset.from_dataframe(table)
                for name in columns:
                    prefix, unit = ("ledger", "fen/day") if name == "amount" else ("funnel", "residents/day")
                    data[f"{prefix}_{name}"] = part[name]
                    data[f"{prefix}_{name}"].attrs["units"] = unit
        data["coverage"] = (("day", "window", "kocs"), cover)
        data["coverage"].attrs["units"] = "residents"
        data["stages"] = (("day", "stage"), self.stages.to_numpy()[1:])
        data["stages"].attrs["units"] = "residents"
        data = data.assign_coords(
            day=self.daily.index.to_numpy(), window=np.array(WINDOWS), kocs=np.array(KOC_COUNTS),
            stage=self.stages.columns.to_numpy(str),
        )
        data.attrs = {"provenance": json.dumps(self.provenance), "digest": self.digest()}
        return data

    # ---- on disk

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the tables (Parquet, zstd) and ``provenance.json`` to a folder.

        All is written aside first and then put in place, so a full disk leaves what was there. An earlier
        result in the folder is replaced; other files in it stay.

        Raises
        ------
        FileError
            When the folder cannot be written or holds something else.
        """
        path = Path(path)
        check_output(path)
        try:
            aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=path))
            try:
                for name in TABLES:
                    table = getattr(self, name)
                    if name == "coverage":
                        table = table.set_axis([f"{w}_{k}" for w, k in table.columns], axis=1)
                    table.to_parquet(aside / f"{name}.parquet", compression="zstd")
                text = json.dumps({"format": FORMAT, **self.provenance}, indent=1)
                (aside / PROVENANCE).write_text(text, "utf-8")
                (path / PROVENANCE).unlink(missing_ok=True)  # until all tables are there, it is no result
                for name in (*(f"{table}.parquet" for table in TABLES), PROVENANCE):
                    os.replace(aside / name, path / name)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        except OSError as error:
            raise FileError(f"Cannot write the result to {path}: {error.strerror or error}.") from None
        return path

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Result:
        """Read what `save` wrote.

        Raises
        ------
        FileError
            When there is no complete result at `path`.
        """
        import pandas as pd

        path = Path(path)
        try:
            provenance = json.loads((path / PROVENANCE).read_text("utf-8"))
        except (OSError, ValueError):
            raise FileError(f"There is no kocsim result at {path} (no readable {PROVENANCE}).") from None
        found = provenance.pop("format", None) if isinstance(provenance, dict) else None
        if found != FORMAT:
            raise FileError(f"{path} has format {found!r}; this version reads {FORMAT!r}.")
        tables = {}
        for name in TABLES:
            try:
                tables[name] = pd.read_parquet(path / f"{name}.parquet")
            except (OSError, ValueError) as error:
                raise FileError(f"Result {path} is damaged: {name}.parquet ({error}).") from None
        tables["coverage"].columns = coverage_columns()
        return cls(**tables, provenance=provenance)


def coverage_columns() -> pd.MultiIndex:
    """Columns of `Result.coverage`."""
    import pandas as pd

    return pd.MultiIndex.from_product([WINDOWS, KOC_COUNTS], names=["window", "kocs"])


def check_output(path: str | os.PathLike[str]) -> Path:
    """Make the folder for a result, or say why not; to be called before any work.

    Raises
    ------
    FileError
        When it cannot be made or written, or holds files that are not a result's.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise FileError(f"Cannot write the result to {path}: it is not a folder.")
    if path.is_dir() and any(path.iterdir()) and not (path / PROVENANCE).is_file():
        raise FileError(f"Cannot write the result to {path}: it holds files of something else.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            pass
    except OSError as error:
        raise FileError(f"Cannot write the result to {path}: {error.strerror}.") from None
    return path
