"""Several brands in one county: a duopoly, or an entrant who comes later (C15, C100, C105)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.county import County
from kocsim.errors import ParameterError, at_least
from kocsim.mechanisms.rivals import FLOOR, Rivals
from kocsim.progress import progress_bar
from kocsim.rng import Decision, Luck, chance, entity_key, splitmix64, stream, uniform31
from kocsim.sameworld import WORLD_SECTIONS
from kocsim.scenario import Scenario, as_scenario
from kocsim.sellers import ACTIVE, CANDIDATE, LEFT
from kocsim.simulation import Simulation

if TYPE_CHECKING:
    import os

    import pandas as pd
    from numpy.typing import NDArray

from kocsim.results import Result

MOST_BRANDS = 8


@dataclass(frozen=True, eq=False, repr=False)
class Competition:
    """What came of several brands in one county.

    Attributes
    ----------
    results : dict of str to Result
        Each brand's tables; the days of a brand that came later count from its entry.
    shares : DataFrame
        Index (day, brand), days of the county: ``orders``, ``sales`` (fen), ``customers`` (active ones), ``kocs``
        (active ones), and ``share`` of the day's orders (NaN on a day without any).
    """

    results: dict[str, Result]
    shares: pd.DataFrame

    def concentration(self) -> pd.Series:
        """Herfindahl index of orders by day: 1 where one brand gets all, 1 / brands where all get as many."""
        return (self.shares["share"] ** 2).groupby("day").sum(min_count=1).rename("concentration")

    def __repr__(self) -> str:
        last = self.shares.loc[self.shares.index[-1][0]]
        said = ", ".join(f"{name} {share:.1%}" for name, share in last["share"].items())
        return f"<Competition on day {self.shares.index[-1][0]}: shares of orders {said}>"

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save each brand's result in a folder of its name, and the shares as ``shares.parquet``.

        Raises
        ------
        FileError
            When a folder cannot be written.
        """
        for name, result in self.results.items():
            result.save(Path(folder) / name)
        self.shares.to_parquet(Path(folder) / "shares.parquet")
        return Path(folder)


class Rivalry:
    """Runs of several brands, a day at a time.

    Parameters
    ----------
    brands : mapping of str to Scenario, str or path
        Two to eight, of the same world (residents, KOCs, shops, and all that they are generated from). Touches are
        remembered for all, whatever the scenarios say.
    county : County, optional
        Generated from the first brand's scenario and the seed when not given.
    seed : int, optional
        Any whole number >= 0; drawn and recorded when not given.
    enters : mapping of str to int, optional
        Day on which a brand enters, 1 for those not named; one of them has to be there on day 1.
    threads : int, optional
        Default: as many as there are processors. Results do not depend on it.
    debug : bool
        Check the laws of conservation after every day.
    **rules
        Of `kocsim.mechanisms.rivals.Rivals`: ``multihome``, ``defect``, ``habit``, ``switching``.

    Attributes
    ----------
    day : int
        Days that are over.
    runs : dict of str to Simulation
        Of the brands that have entered.
    """

    def __init__(
        self, brands: Mapping[str, Scenario | str | os.PathLike[str]], county: County | None = None,
        seed: int | None = None, enters: Mapping[str, int] | None = None, threads: int | None = None,
        debug: bool = False, **rules: Any,
    ) -> None:
        if not isinstance(brands, Mapping) or not 2 <= len(brands) <= MOST_BRANDS:
            raise ParameterError(f"brands must map 2 to {MOST_BRANDS} names to scenarios; got {brands!r}.")
        self.rules = Rivals().replace(**rules)
        self.scenarios = {
            str(name): as_scenario(one).replace(attribution={"track": True}) for name, one in brands.items()}
        first, *others = self.scenarios.values()
        for other in others:
            for section in ("residents", "kocs", "shops", *WORLD_SECTIONS):
                if getattr(other, section) != getattr(first, section):
                    raise ParameterError(
                        f"All brands must be of one world; {section} is {getattr(first, section)!r} for one and "
                        f"{getattr(other, section)!r} for another.")
        self.enters = dict.fromkeys(self.scenarios, 1)
        for name, day in (enters or {}).items():
            if name not in self.enters:
                raise ParameterError(f"enters must name brands ({', '.join(self.enters)}); got {name!r}.")
            self.enters[name] = at_least(f"enters[{name!r}]", day, 1, 60_000)
        if min(self.enters.values()) > 1:
            raise ParameterError(f"enters must leave one brand to begin on day 1; got {dict(enters or {})}.")
        self.seed = secrets.randbits(32) if seed is None else at_least("seed", seed, 0)
        self.county = county if county is not None else County.generate(first, self.seed, threads)
        self.threads, self.debug = threads, debug
        self.day = 0
        self.runs: dict[str, Simulation] = {}
        self._rows: list[dict[str, Any]] = []
        self._multihome = self._lots(Decision.MULTIHOME) < chance(self.rules.multihome)

    def step(self) -> dict[str, dict[str, int]]:
        """One day of all brands; returns the day's row of each."""
        self.day += 1
        self._go_over()
        self._bar()
        for name, day in self.enters.items():
            if day == self.day:
                self._enter(name)
        parts = {name: run.day_in_parts() for name, run in self.runs.items()}
        for part in parts.values():
            next(part)
        arrivals = {name: run.arrivals() for name, run in self.runs.items()}
        for name, run in self.runs.items():
            for other, many in arrivals.items():
                if other != name:
                    run.crowd(many)
        for part in parts.values():
            next(part)
        if len(self.runs) > 1:
            self._route()
        rows = {name: _finish(part) for name, part in parts.items()}
        for name in self.scenarios:
            row = rows.get(name, {})
            self._rows.append({"day": self.day, "brand": name} | {
                column: row.get(of, 0) for column, of in (
                    ("orders", "orders"), ("sales", "sales"), ("customers", "active_customers"),
                    ("kocs", "active_kocs"))})
        return rows

    def _enter(self, name: str) -> None:
        """A brand's first day: its own luck, but the same residents with the same needs."""
        order = list(self.scenarios).index(name)
        own = splitmix64((stream(self.seed, Decision.ROUTE) + order) & 0xFFFFFFFFFFFFFFFF) if order else self.seed
        self.runs[name] = Simulation(
            self.scenarios[name], self.county, Luck(own, self.seed, self.day - 1), self.threads, debug=self.debug,
            barred=self._elsewhere(name))

    def _elsewhere(self, name: str) -> NDArray[np.bool_]:
        """KOCs who cannot be recruited by a brand today: they work for another, or listen to another today.

        A KOC whom nobody has listens to one brand a day, by lot, so that two cannot recruit her on one morning.
        """
        there = [other for other, day in self.enters.items() if day <= self.day]
        listens = self._lots(Decision.OFFER, self.day).astype(np.int64) * len(there) >> 31
        barred: NDArray[np.bool_] = listens != there.index(name)
        for other, run in self.runs.items():
            assert run.sellers is not None
            if other != name:
                barred |= run.sellers.state == ACTIVE
        return barred & ~self._multihome

    def _lots(self, decision: Decision, day: int = 0) -> NDArray[np.uint32]:
        """31 random bits for each KOC."""
        from kocsim.kernels import sellers

        out = np.empty(self.county.koc.size, np.uint32)
        sellers.draws(out, self.county.koc.astype(np.uint32), np.uint64(stream(self.seed, decision, day)))
        return out

    def _bar(self) -> None:
        for name, run in self.runs.items():
            assert run.sellers is not None
            run.sellers.barred = self._elsewhere(name)

    def _go_over(self) -> None:
        """KOCs who left one brand yesterday, with their audiences, may join another this morning."""
        for name, run in self.runs.items():
            assert run.sellers is not None
            gone = np.flatnonzero((run.sellers.state == LEFT) & (run.sellers.left == run.day))
            others = [one for other, one in self.runs.items() if other != name]
            key = stream(self.seed, Decision.DEFECT, self.day)
            for k in gone.tolist():
                own = entity_key(key, k)
                if not others or uniform31(own, 0) >= chance(self.rules.defect):
                    continue
                to = others[uniform31(own, 1) * len(others) >> 31].sellers
                assert to is not None
                if to.state[k] == CANDIDATE and k not in to.coming:
                    to.coming = np.append(to.coming, k)

    def _route(self) -> None:
        """Each resident's need of today is one brand's."""
        from kocsim.kernels import rivals

        n, runs = self.county.n, list(self.runs.values())
        weights = np.empty((len(runs), n))
        elsewhere = np.empty((len(runs), n), np.uint8)
        key = np.uint64(stream(self.seed, Decision.ROUTE, self.day))
        for b, run in enumerate(runs):
            assert run.market is not None
            price = run.scenario.price
            worth = self.rules.worth(price.price * (1 - run.market.off(run.day)), price.reference)
            rivals.attraction(weights[b], run.stage, run.evidence, run.flags, self.rules.habit, FLOOR, worth, 0, n)
        rivals.route(weights, key, elsewhere, 0, n)
        for b, run in enumerate(runs):
            assert run.market is not None
            run.market.elsewhere = elsewhere[b]

    def result(self) -> Competition:
        """Tables of the days so far."""
        import pandas as pd

        columns = ["day", "brand", "orders", "sales", "customers", "kocs"]
        shares = pd.DataFrame(self._rows, columns=columns).set_index(["day", "brand"])
        total = shares.groupby("day")["orders"].transform("sum")
        shares["share"] = shares["orders"] / total.where(total > 0)
        return Competition({name: run.result() for name, run in self.runs.items()}, shares)


def _finish(part: Any) -> dict[str, int]:
    try:
        next(part)
    except StopIteration as end:
        row: dict[str, int] = end.value
        return row
    raise AssertionError("a day has two halts")


def compete(
    brands: Mapping[str, Scenario | str | os.PathLike[str]], county: County | None = None, seed: int | None = None,
    days: int | None = None, enters: Mapping[str, int] | None = None, threads: int | None = None,
    progress: bool = True, *, debug: bool = False, **rules: Any,
) -> Competition:
    """Run several brands against one another in one county.

    Parameters
    ----------
    brands, county, seed, enters, threads, debug, **rules
        As for `Rivalry`.
    days : int, optional
        In [1, 60000]; default the first brand's ``scenario.days``.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Competition

    Raises
    ------
    ParameterError, DataError
        For input that does not fit, before any work is done.

    Examples
    --------
    >>> ks.compete({"local": "leader", "giant": cheap}, seed=1, enters={"giant": 91})   # doctest: +SKIP
    """
    rivalry = Rivalry(brands, county, seed, enters, threads, debug, **rules)
    days = next(iter(rivalry.scenarios.values())).days if days is None else at_least("days", days, 1, 60_000)
    for _ in progress_bar(iterable=range(days), desc="rivals", unit="day", disable=not progress):
        rivalry.step()
    return rivalry.result()
