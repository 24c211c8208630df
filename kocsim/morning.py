"""The firm's morning: what it sees before a day begins, and what it may decide.

A policy is anything that can be called with a `Morning`: a function, or an object that remembers things between days.
It is called once a day, after the scenario's own plan stands, and changes what it likes, over all KOCs and shops at
once::

    def thrifty(morning):
        lost = morning.ledger.get("advertising", 0) > 30_00 * max(morning.yesterday.get("new_customers", 1), 1)
        morning.advertise(0 if lost else 500)

    result = ks.simulate("full", seed=1, policy=thrifty)

Worked examples stand in `kocsim.policies`. Who would rather write an object for each KOC or shop overrides
`kocsim.KOC.decide` or `kocsim.Shop.decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from kocsim.errors import DataError, ParameterError
from kocsim.mechanisms.channels import CONTACTS
from kocsim.sellers import ACTIVE, CANDIDATE, STATES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from kocsim.county import County
    from kocsim.scenario import Scenario
    from kocsim.simulation import Simulation


class Morning:
    """What a firm sees in the morning, and may decide.

    All arrays over KOCs have the shape (kocs,), over shops (shops,). Those that are seen are copies or read-only; the
    three that are decided by writing into them are `moments`, `groups` and `quality`. Decisions hold for the day,
    except who is recruited or dismissed and which shops show the product, which hold until changed.

    Attributes
    ----------
    day : int
        The day that begins, from 1.
    scenario : Scenario
    county : County
    yesterday : mapping of str to int
        Yesterday's row of `Result.daily`; empty on day 1.
    ledger : mapping of str to int
        Yesterday's ledger by account, in fen, spent positive; empty on day 1.
    channels : mapping of str to mapping
        Yesterday's figures of each channel, by column of `Result.channels`; empty on day 1.
    """

    def __init__(self, run: Simulation) -> None:
        self._run = run
        self.day = run.day
        self.scenario: Scenario = run.scenario
        self.county: County = run.county
        self.yesterday: Mapping[str, int] = dict(run.record.rows[-1]) if run.record.rows else {}
        self.ledger: Mapping[str, int] = dict(run.books.days[-1]) if run.books.days else {}
        self.channels: Mapping[str, Mapping[str, int]] = run.by_channel()
        assert run.sellers is not None
        self._sellers = run.sellers

    # ---- what it sees

    @property
    def state(self) -> NDArray[np.str_]:
        """"candidate", "active", "left" or "kept" (by the firm, after she left), of each KOC."""
        return np.array(STATES)[self._sellers.state]

    @property
    def active(self) -> NDArray[np.bool_]:
        """KOCs who work for the firm."""
        values: NDArray[np.bool_] = self._sellers.state == ACTIVE
        return values

    @property
    def income(self) -> NDArray[np.int64]:
        """What each KOC has earned so far, fen."""
        return self._run.books.income.copy()

    @property
    def orders(self) -> NDArray[np.int64]:
        """Orders that each KOC has sold so far (last touch; 0 where touches are not remembered)."""
        return self._run.books.orders.copy()

    @property
    def views(self) -> NDArray[np.int64]:
        """How often each KOC's posts were seen yesterday."""
        return self._run.views.copy()

    @property
    def contacts(self) -> NDArray[np.int64]:
        """Contacts of each KOC."""
        contacts: NDArray[np.int64] = self._run.speaking.audience[CONTACTS]
        return contacts.copy()

    @property
    def loyalty(self) -> NDArray[np.float64]:
        """Loyalty of each KOC to the firm, in [0, 1]."""
        return self._sellers.loyalty.copy()

    @property
    def elite(self) -> NDArray[np.bool_]:
        """KOCs in the upper tier."""
        return self._sellers.elite.copy()

    @property
    def stage(self) -> NDArray[np.uint8]:
        """`kocsim.Stage` of each resident, as the last day left it; shape (residents,); read-only."""
        view = self._run.stage.view()
        view.flags.writeable = False
        return view

    @property
    def joined(self) -> NDArray[np.int64]:
        """Day on which each KOC joined; 65535 for those who have not."""
        return self._sellers.joined.astype(np.int64)

    @property
    def week(self) -> NDArray[np.uint16]:
        """Distinct KOCs whom each resident saw in the last seven days; shape (residents,); read-only."""
        view = self._run.week.view()
        view.flags.writeable = False
        return view

    @property
    def shows(self) -> NDArray[np.bool_]:
        """Shops that show the product."""
        air = self._run.broadcasting
        return air.shows.copy() if air is not None else np.zeros(self.county.shops, np.bool_)

    @property
    def shop_orders(self) -> NDArray[np.int64]:
        """Yesterday's orders by the shop that the buyer's community goes to."""
        return self._run.shop_orders()

    @property
    def purse(self) -> float:
        """Yuan that are left of the budget; infinite without one (`money.budget`)."""
        return self._sellers.purse / 100 if self.scenario.money.budget else float("inf")

    # ---- what it decides by writing

    @property
    def moments(self) -> NDArray[np.uint8]:
        """Posts to Moments of each KOC today, in [0, 250]; write into it."""
        return self._run.posts_moments

    @property
    def groups(self) -> NDArray[np.uint8]:
        """Posts of each KOC to each group she leads today, in [0, 250]; write into it."""
        return self._run.posts_groups

    @property
    def quality(self) -> NDArray[np.float64]:
        """Quality of each KOC's posts today, in [0, 1]; write into it."""
        return self._run.quality

    # ---- what it decides by saying so

    def recruit(self, kocs: ArrayLike) -> NDArray[np.int64]:
        """Recruit candidates, at `recruiting.cost` each, as many in this order as the purse has money for.

        Parameters
        ----------
        kocs : array of int or of bool
            Numbers of KOCs, or a truth value for each; those who are no candidates are passed over.

        Returns
        -------
        ndarray of int64
            Who joined.
        """
        who = self._numbers("recruit", kocs)
        joined = self._sellers.recruit(
            who[self._sellers.state[who] == CANDIDATE], self.day, self._run.books)
        self._run.welcome(joined)
        return joined

    def dismiss(self, kocs: ArrayLike) -> None:
        """Let active KOCs go; `leaving.owner` says what becomes of their audiences."""
        who = self._numbers("dismiss", kocs)
        self._sellers.dismiss(who[self._sellers.state[who] == ACTIVE], self.day, self._run.held_trust)

    def meet(self, kocs: ArrayLike) -> bool:
        """Hold a salon for active KOCs (`kocsim.mechanisms.salons`); False when the purse lacks the money."""
        who = self._numbers("meet", kocs)
        return self._sellers.meet(who[self._sellers.state[who] == ACTIVE], self._run.books)

    def advertise(self, yuan: float) -> None:
        """Spend so much on advertising today.

        Raises
        ------
        DataError
            For less than nothing, or where the scenario has no advertising (``advertising.budget = 0``).
        """
        air = self._run.broadcasting
        if air is None or not self.scenario.advertising.budget:
            raise DataError("advertise needs a scenario with advertising.budget > 0.")
        if not 0 <= yuan <= 1e9:
            raise DataError(f"advertise: yuan must lie in [0, 1e+09]; got {yuan!r} on day {self.day}.")
        air.budget = float(yuan)

    def discount(self, share: float) -> None:
        """Let everybody pay so much less than the list price today, in place of an event's discount.

        What it does beside the money depends on `price.elasticity`.

        Raises
        ------
        DataError
            Outside [0, 1], or where all residents buy alike and nothing is remembered of them (``attribution.track``
            changes that).
        """
        market = self._run.market
        if market is None:
            raise DataError("discount needs a scenario in which touches are remembered (attribution.track).")
        if not 0 <= share <= 1:
            raise DataError(f"discount: share must lie in [0, 1]; got {share!r} on day {self.day}.")
        market.decide_discount(float(share))

    def show(self, shops: ArrayLike) -> None:
        """Decide which shops show the product from today on; opening one costs `money.opening`.

        With a budget, only as many open, by ascending number, as the purse has the money for.

        Parameters
        ----------
        shops : array of bool, shape (shops,)

        Raises
        ------
        DataError
            For another shape or kind, or where shops show nothing in the scenario (``shop_visit.display = 0``).
        """
        wanted = np.asarray(shops)
        if wanted.dtype != np.bool_ or wanted.shape != (self.county.shops,):
            raise DataError(
                f"show: shops must be {self.county.shops} truth values; got {wanted.dtype} of shape {wanted.shape}.")
        self._run.show(wanted)

    def _numbers(self, what: str, kocs: ArrayLike) -> NDArray[np.int64]:
        """Numbers of KOCs from numbers or truth values, each once, in the order given."""
        many = self.county.koc.size
        given: NDArray[Any] = np.atleast_1d(np.asarray(kocs))
        if given.dtype == np.bool_ and given.shape == (many,):
            return np.flatnonzero(given)
        if given.size == 0:
            return np.zeros(0, np.int64)
        if given.dtype.kind not in "iu" or given.ndim != 1:
            raise ParameterError(f"{what}: kocs must be numbers of KOCs, or {many} truth values; got {kocs!r}.")
        wrong = given[(given < 0) | (given >= many)]
        if wrong.size:
            raise ParameterError(f"{what}: kocs must lie in [0, {many - 1}]; got {wrong[0]}.")
        _, first = np.unique(given, return_index=True)
        return given[np.sort(first)].astype(np.int64)


Policy: TypeAlias = Callable[[Morning], None]
