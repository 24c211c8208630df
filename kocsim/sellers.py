"""The life of KOCs: who speaks, who joins, who leaves, who is promoted; and the firm's purse for all that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kocsim.mechanisms.channels import CONTACTS
from kocsim.mechanisms.effort import LEVELS
from kocsim.mechanisms.recruiting import GENERATIONS
from kocsim.packing import ID_MASK
from kocsim.rng import Decision, chance, stream, uniform31
from kocsim.stages import NEVER, Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.books import Books
    from kocsim.broadcasting import Broadcasting
    from kocsim.county import County
    from kocsim.scenario import Scenario

CANDIDATE, ACTIVE, LEFT, KEPT = range(4)
STATES: Final = ("candidate", "active", "left", "kept")
"""States of a KOC by number: not yet one; works; has left; has left, and the firm goes on in her place."""
FIRM: Final = -1
"""Recruited by the firm, or there from the start."""


class Sellers:
    """State of the county's KOCs, a row each.

    Attributes
    ----------
    state : ndarray of uint8, shape (kocs,)
        In `STATES`.
    given : ndarray of bool, shape (kocs,)
        Whether she became a customer by becoming a KOC, and not by an order.
    joined, left : ndarray of uint16, shape (kocs,)
        Days on which she became a KOC and ceased to be one; 65535: never.
    raised_by : ndarray of int32, shape (kocs,)
        The KOC who recruited her, or -1.
    generation : ndarray of uint8, shape (kocs,)
        KOCs between her and the firm.
    elite : ndarray of bool, shape (kocs,)
        Whether she is in the upper tier.
    loyalty, skill : ndarray of float64, shape (kocs,)
        In [0, 1].
    income, wants : ndarray of float64, shape (kocs,)
        What she earned in a day, as a mean that forgets, and what she wants to earn; fen.
    barred : ndarray of bool, shape (kocs,)
        Who cannot be recruited, because she works for a rival.
    coming : ndarray of int64
        Who comes over from a rival this morning.
    speaks : ndarray of bool, shape (kocs,)
        Who works today, or is kept by the firm.
    is_koc : ndarray of uint8, shape (residents,)
        1 for active KOCs; written in place.
    purse, running : int
        What the firm may still spend, and what a day costs it as things stand, fen; only with `money.budget`.
    recruits, departures : int
        KOCs who joined and left today.
    """

    TRANSIENT: Final = frozenset(("scenario", "county", "seed", "wants", "_residents", "_queue", "_near"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(
        self, scenario: Scenario, county: County, seed: int, audience: NDArray[np.int64],
        barred: NDArray[np.bool_] | None = None,
    ) -> None:
        self.scenario, self.county, self.seed = scenario, county, seed
        k, s = county.koc.size, scenario
        self._residents = county.koc.astype(np.uint32)
        lot = self._lots(Decision.CANDIDATE)
        key = -audience[CONTACTS] if s.recruiting.select == "contacts" else np.zeros(k, np.int64)
        self._queue = np.lexsort((lot, key))
        self.state = np.zeros(k, np.uint8)
        self.barred = np.zeros(k, np.bool_) if barred is None else barred
        self.coming = np.zeros(0, np.int64)
        first = self._queue[: round(s.recruiting.start * k)]
        self.state[first[~self.barred[first]]] = ACTIVE
        active = self.state == ACTIVE
        self.given = active.copy()
        self.joined = np.where(active, 1, NEVER).astype(np.uint16)
        self.left = np.full(k, NEVER, np.uint16)
        self.raised_by = np.full(k, FIRM, np.int32)
        self.generation = np.zeros(k, np.uint8)
        self.elite = np.zeros(k, np.bool_)
        self.loyalty, self.skill = np.zeros(k), np.zeros(k)
        self.wants = s.leaving.wants()[self._lots(Decision.WANTS) >> 23]
        self.income = self.wants.copy()
        self.speaks = active
        self.is_koc = np.zeros(county.n, np.uint8)
        self.is_koc[county.koc[active]] = 1
        self.purse = self.running = 0
        self._earned = np.zeros(k, np.int64)
        self._ranked = np.zeros(k, np.int64)
        self._near = self._candidates_near() if s.recruiting.leader else None
        self.recruits = self.departures = 0

    def take_over(self, books: Books) -> None:
        """Be as if there from the first day, where until today all KOCs worked and nobody kept a file on them.

        What they earned before is not remembered, and the purse is as on the first day; neither matters to anybody but
        a firm that did not have to care so far.
        """
        self.state[:] = ACTIVE
        self.joined[:] = 1
        self.given[:] = True
        self.speaks = self.state == ACTIVE
        self.is_koc[self.county.koc] = 1
        self._earned = books.income.copy()

    def _lots(self, decision: Decision, day: int = 0) -> NDArray[np.uint32]:
        """31 random bits for each KOC."""
        from kocsim.kernels import sellers

        out = np.empty(self._residents.size, np.uint32)
        sellers.draws(out, self._residents, np.uint64(stream(self.seed, decision, day)))
        return out

    def _candidates_near(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Pairs of KOCs of whom the second is in the audience of the first."""
        c = self.county
        number = np.full(c.n, -1, np.int32)
        number[c.koc] = np.arange(c.koc.size)
        found = number[c.koc_ties & np.uint32(ID_MASK)]
        at = np.flatnonzero(found >= 0)
        leader = np.searchsorted(c.koc_offsets, at, side="right") - 1
        return leader.astype(np.int32), found[at]

    # ---- a morning

    def morning(
        self, day: int, books: Books, air: Broadcasting | None, stage: NDArray[np.uint8], trust: NDArray[np.uint8]
    ) -> NDArray[np.int64]:
        """Everything that is settled before anybody posts.

        Parameters
        ----------
        day : int
        books : Books
            As the last day left them; what is spent this morning is charged to them.
        air : Broadcasting or None
            Opens shops.
        stage : ndarray of uint8, shape (residents,)
        trust : ndarray of uint8
            Of each tie from a KOC; pools that change hands lose some of it.

        Returns
        -------
        ndarray of int64
            KOCs, by number, who join today.
        """
        self._remember(day, books)
        self.recruits = self.departures = 0
        self._leave(day, trust)
        self._rank(day, books)
        coming, self.coming = self.coming, self.coming[:0]
        self._join(coming, np.full(coming.size, FIRM), day)
        self._run_up_costs(books, air)
        self._meet(day, books)
        self._open(day, books, air)
        return np.concatenate([coming, self._recruit(day, books, stage)])

    def _remember(self, day: int, books: Books) -> None:
        """Mean income, with yesterday's in it; loyalty fades."""
        keep = self.scenario.leaving.retention()
        there = (self.state == ACTIVE) & (self.joined < day)
        new = self.income * keep + (1 - keep) * (books.income - self._earned)
        self.income = np.where(there, new, self.income)
        self._earned = books.income.copy()
        self.loyalty *= self.scenario.salons.retention()

    def _content(self) -> NDArray[np.float64]:
        """Income as a share of what is wanted, at most 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.wants > 0, np.minimum(self.income / self.wants, 1.0), 1.0)

    def _leave(self, day: int, trust: NDArray[np.uint8]) -> None:
        s = self.scenario
        leaving, care = s.leaving, s.management.care()
        if not leaving.happens:
            return
        pressed = day - self.joined.astype(np.int64) >= leaving.grace
        hazard = leaving.base + np.where(pressed, leaving.pressure * (1 - self._content()), 0.0)
        hazard = hazard * (1 - self.loyalty) * (1 - s.management.control * care)
        hazard = hazard * np.where(self.elite, 1 - s.tiers.lock, 1.0)
        luck = self._lots(Decision.LEAVE, day)
        goes = luck < (np.minimum(hazard, 1.0) * 2.0**31).astype(np.uint32)
        self.part(np.flatnonzero((self.state == ACTIVE) & goes), day, trust)

    def dismiss(self, who: NDArray[np.int64], day: int, trust: NDArray[np.uint8]) -> None:
        """Let active KOCs go when today's costs are paid already: phones that are given back cost nothing today."""
        self.part(who, day, trust)
        if self.scenario.money.budget:
            kept = self.scenario.leaving.owner == "firm"
            back = 0 if kept else who.size * self._phones()
            self.purse += back
            self.running += who.size * round(self.scenario.leaving.keeper * 100) if kept else -back

    def part(self, who: NDArray[np.int64], day: int, trust: NDArray[np.uint8]) -> None:
        """Let active KOCs go; what becomes of their audiences is `leaving.owner`'s to say."""
        from kocsim.kernels import sellers

        leaving = self.scenario.leaving
        self.departures += who.size
        self.state[who] = KEPT if leaving.owner == "firm" else LEFT
        self.left[who] = day
        self.elite[who] = False
        self.is_koc[self.county.koc[who]] = 0
        if leaving.owner == "firm":
            key, share = np.uint64(stream(self.seed, Decision.HANDOVER, day)), round(leaving.handover * 65536)
            offsets = self.county.koc_offsets
            for k in who.tolist():
                sellers.hand_over(
                    trust, self.county.koc_ties, share, self.county.koc[k], key, offsets[k], offsets[k + 1])

    def _rank(self, day: int, books: Books) -> None:
        tiers = self.scenario.tiers
        if not tiers.every or day == 1 or (day - 1) % tiers.every:
            return
        active = np.flatnonzero(self.state == ACTIVE)
        sold = (books.orders - self._ranked)[active]
        order = active[np.lexsort((self._lots(Decision.RANK, day)[active], -sold))]
        self.elite[:] = False
        self.elite[order[: tiers.first(active.size)]] = True
        self._ranked = books.orders.copy()

    # ---- what costs money

    def _run_up_costs(self, books: Books, air: Broadcasting | None) -> None:
        """Charge managers and keepers; the purse pays for all that runs."""
        s = self.scenario
        m, management = s.money, s.management
        active, kept = (int((self.state == state).sum()) for state in (ACTIVE, KEPT))
        managers = -(-active // management.span) if management.span else 0
        run = managers * round(management.wage * 100) + kept * round(s.leaving.keeper * 100)
        books.charge("staff", run)
        run += round(m.staff * 100) + (active + kept) * self._phones()
        run += (air.displays if air is not None else 0) * round(m.rent * 100)
        self.running = run
        self.purse += round(m.budget * 100) - run

    def _affords(self, price: int, many: int, more: int = 0) -> int:
        """How many of `many` things of that price the purse holds, each of which costs `more` a day from now on."""
        budget = round(self.scenario.money.budget * 100)
        if not budget:
            return many
        for each, left in ((price, self.purse), (more, budget - self.running)):
            if each:
                many = min(many, max(left, 0) // each)
        self.purse -= many * price
        self.running += many * more
        return many

    def _meet(self, day: int, books: Books) -> None:
        salons = self.scenario.salons
        if not salons.every or day % salons.every:
            return
        self.meet(np.flatnonzero((self.state == ACTIVE) & (self.elite if salons.who == "elite" else True)), books)

    def meet(self, who: NDArray[np.int64], books: Books) -> bool:
        """Hold a salon for some KOCs, if the purse has the money for all of them."""
        salons = self.scenario.salons
        price = who.size * round(salons.cost * 100)
        if not self._affords(price, 1):
            return False
        books.charge("salons", price)
        self.loyalty[who] += salons.lift * (1 - self.loyalty[who])
        self.skill[who] += salons.skill * (1 - self.skill[who])
        return True

    def _open(self, day: int, books: Books, air: Broadcasting | None) -> None:
        pace = self.scenario.shop_visit.pace
        if air is None or not pace:
            return
        planned = int(pace * day / 7) - int(pace * (day - 1) / 7)
        price, rent = round(self.scenario.money.opening * 100), round(self.scenario.money.rent * 100)
        many = self._affords(price + rent, min(planned, air.waiting), rent)
        if many:
            air.open(many)
            books.charge("opening", many * price)

    def change_shops(self, opened: int, closed: int) -> int:
        """How many of `opened` shops the purse has the money for, when so many others close today."""
        money = self.scenario.money
        rent = round(money.rent * 100)
        if money.budget:
            self.purse += closed * rent
            self.running -= closed * rent
        return self._affords(round(money.opening * 100) + rent, opened, rent)

    def _recruit(self, day: int, books: Books, stage: NDArray[np.uint8]) -> NDArray[np.int64]:
        """KOCs, by number, who join today."""
        s = self.scenario.recruiting
        free = (self.state == CANDIDATE) & ~self.barred
        if s.select == "customers":
            free &= np.isin(stage[self.county.koc], (Stage.CUSTOMER, Stage.REPEAT))
        if not free.any():
            return np.zeros(0, np.int64)
        planned = int(s.firm) + (
            uniform31(stream(self.seed, Decision.RECRUITS, day), 0) < chance(s.firm - int(s.firm)))
        by_firm = self.recruit(self._queue[free[self._queue]][:planned], day, books)
        free[by_firm] = False
        leaders, raised = self._raise(day, free)
        price = round(s.reward * 100)
        many = self._affords(price + self._phones(), raised.size, self._upkeep())
        leaders, raised = leaders[:many], raised[:many]
        books.reward(leaders, price)
        self._join(raised, leaders, day)
        return np.concatenate([by_firm, raised]).astype(np.int64)

    def _upkeep(self) -> int:
        """What a day costs the firm for one KOC more, fen."""
        management = self.scenario.management
        care = -(-round(management.wage * 100) // management.span) if management.span else 0
        return self._phones() + care

    def _phones(self) -> int:
        """What the phones of one KOC cost in a day, fen."""
        return self.scenario.friends.koc_accounts * round(self.scenario.money.phone * 100)

    def recruit(self, who: NDArray[np.int64], day: int, books: Books) -> NDArray[np.int64]:
        """Let the firm recruit candidates, as many of them, in this order, as the purse has the money for."""
        price = round(self.scenario.recruiting.cost * 100)
        who = who[: self._affords(price + self._phones(), who.size, self._upkeep())]
        books.charge("recruiting", who.size * price)
        self._join(who, np.full(who.size, FIRM), day)
        return who

    def _raise(self, day: int, free: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Leaders who win one of their audience today, and whom; by number of the latter."""
        from kocsim.kernels import sellers

        nobody = np.zeros(0, np.int64)
        if self._near is None:
            return nobody, nobody
        asks = (self.state == ACTIVE) & (self.joined < day)
        asks &= self._lots(Decision.RAISE, day) < chance(self.scenario.recruiting.leader)
        leader, candidate = self._near
        pairs = np.flatnonzero(asks[leader] & free[candidate])
        leader, candidate = leader[pairs], candidate[pairs]
        luck = np.empty(pairs.size, np.uint32)
        sellers.pair_draws(
            luck, self._residents[leader], self._residents[candidate],
            np.uint64(stream(self.seed, Decision.CHOOSE, day)))
        # each leader asks one, each candidate follows one
        best = np.lexsort((candidate, luck, leader))
        best = best[np.unique(leader[best], return_index=True)[1]]
        best = best[np.lexsort((leader[best], luck[best], candidate[best]))]
        best = best[np.unique(candidate[best], return_index=True)[1]]
        return leader[best].astype(np.int64), candidate[best].astype(np.int64)

    def _join(self, who: NDArray[Any], by: NDArray[Any], day: int) -> None:
        above = np.where(by >= 0, self.generation[by].astype(np.int64) + 1, 0)
        self.recruits += who.size
        self.state[who] = ACTIVE
        self.joined[who] = day
        self.raised_by[who] = by
        self.generation[who] = np.minimum(above, GENERATIONS - 1)
        self.is_koc[self.county.koc[who]] = 1

    # ---- what they do

    def go_to_work(self, day: int) -> None:
        """Decide who speaks today: active KOCs who do not rest, and the firm for those it keeps."""
        effort, management = self.scenario.effort, self.scenario.management
        active = self.state == ACTIVE
        if effort.varies:
            often = effort.activity + (1 - effort.activity) * management.drive * management.care()
            level = effort.levels()[(self._content() * (LEVELS - 1)).astype(np.int64)]
            active &= self._lots(Decision.WORK, day) < (often * level * 2.0**31).astype(np.uint32)
        self.speaks = active | (self.state == KEPT)

    def quality(self) -> NDArray[np.float64]:
        """Quality of each KOC's posts unless she decides otherwise; shape (kocs,)."""
        base = self.scenario.posting.quality
        values: NDArray[np.float64] = (base + (1 - base) * self.skill) * (
            self.scenario.recruiting.fades()[self.generation])
        return values

    def commissions(self) -> NDArray[np.float64]:
        """Share of what she sells that each KOC gets today; shape (kocs,)."""
        rate = self.scenario.money.commission + np.where(self.elite, self.scenario.tiers.bonus, 0.0)
        return np.where(self.state == ACTIVE, rate, 0.0)

    def recruiters(self) -> NDArray[np.int32]:
        """Who gets an override of what each KOC sells, -1 for nobody; shape (kocs,)."""
        by = self.raised_by
        active = self.state == ACTIVE
        return np.where((by >= 0) & active & active[by], by, -1).astype(np.int32)

    @property
    def active(self) -> int:
        """KOCs who work for the firm."""
        return int((self.state == ACTIVE).sum())

    def accounts(self) -> int:
        """Accounts that are in use."""
        return int(np.isin(self.state, (ACTIVE, KEPT)).sum()) * self.scenario.friends.koc_accounts
