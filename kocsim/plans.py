"""How a built-in rule is run fast: which kernel, with which arrays.

A rule says so in `kocsim.rules.Rule.plan`. A plan holds what all replicates share; a worker holds the scratch of one
thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kocsim.errors import DataError
from kocsim.rng import Decision, entity_key, stream
from kocsim.seeds import MOST_STEPS, Seeding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.layers import Network

LATE = 2**31 - 1
"""A step that never comes."""
LEVELS = 1 << 18
"""Steps of many replicates that are written down before a kernel returns."""
EMPTY_U32 = np.zeros(0, np.uint32)
EMPTY_I64 = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Setting:
    """What does not depend on the rule.

    Attributes
    ----------
    silent : ndarray of uint8, shape (n,) or (0,)
    immune : ndarray of bool, shape (n,)
    seed : int
    last : int
        Most steps; LATE for no limit.
    """

    network: Network
    seeding: Seeding
    silent: NDArray[np.uint8]
    immune: NDArray[np.bool_]
    seed: int
    last: int

    def key(self, decision: Decision) -> np.uint64:
        return np.uint64(stream(self.seed, decision))


@dataclass(eq=False)
class Tally:
    """What is measured, of all replicates.

    Attributes
    ----------
    sizes : ndarray of int64, shape (replicates,)
    lengths, durations : ndarray of int32, shape (replicates,)
        Steps written down, the 0th included; the last step at which somebody adopted.
    times : ndarray of int32, shape (replicates, n) or (0, 0)
    levels : dict
        First replicate of a batch -> adopters at each step, replicate after replicate; and who stopped trying.
    """

    sizes: NDArray[np.int64]
    lengths: NDArray[np.int32]
    durations: NDArray[np.int32]
    times: NDArray[np.int32]
    levels: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = field(default_factory=dict)


class Plan(ABC):
    """Which kernel runs a rule."""

    @abstractmethod
    def worker(self, setting: Setting) -> Worker:
        """Scratch and arrays of one thread."""


class Worker(ABC):
    """One thread's replicates."""

    def __init__(self, setting: Setting) -> None:
        from kocsim.kernels import diffusion

        self.kernels = diffusion
        self.setting = setting
        n = setting.network.n
        self.counts = np.zeros(n, np.uint32)
        self.queue = np.empty(n + 1, np.uint32)
        self.levels = np.empty(self.room(), np.int32)
        self.endings = np.empty(0, np.int32)
        self.rows = (
            np.empty(diffusion.GROUP, np.int64), np.empty(diffusion.GROUP, np.int64),
            np.empty(diffusion.GROUP, np.uint64),
        )
        self.work = np.empty((7, diffusion.CAP), np.uint32)

    def room(self) -> int:
        """Steps that any one replicate may need, and more."""
        s = self.setting
        longest = min(s.network.n + int(s.seeding.when.max(initial=0)), s.last) + 3
        return longest + LEVELS

    def run(self, lo: int, hi: int, tally: Tally) -> None:
        """Replicates lo..hi."""
        done = lo
        who, when = self.setting.seeding.of(lo, hi)
        while done < hi:
            first = done
            rest = slice(done - lo, None) if len(who) > 1 else slice(None)
            done = int(self.call(who[rest], when[rest], done, hi, tally))
            if done > first:
                used = int(tally.lengths[first:done].sum())
                tally.levels[first] = self.levels[:used].copy(), self.endings[:used].copy()

    @abstractmethod
    def call(
        self, who: NDArray[np.uint32], when: NDArray[np.int32], lo: int, hi: int, tally: Tally
    ) -> int:
        """One call of the kernel; the first replicate that is not done."""

    def outputs(self, tally: Tally) -> tuple[Any, ...]:
        return tally.sizes, tally.lengths, tally.durations, self.counts, tally.times


# ---- one attempt a tie


@dataclass(frozen=True, eq=False)
class Attempts(Plan):
    """One attempt a tie. ``chance``: of 2**31; ``chances``: a tie or (`of_receiver`) a resident, or empty."""

    chance: int
    chances: NDArray[np.uint32] = field(default_factory=lambda: EMPTY_U32)
    of_receiver: bool = False

    def worker(self, setting: Setting) -> Worker:
        return _Attempts(self, setting)


class _Attempts(Worker):
    def __init__(self, plan: Attempts, setting: Setting) -> None:
        super().__init__(setting)
        self.plan = plan
        self.state = np.where(setting.immune, self.kernels.IMMUNE, self.kernels.FREE).astype(np.uint8)

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        s, p = self.setting, self.plan
        return int(self.kernels.cascade(
            s.network.offsets, s.network.ties, s.silent, np.uint32(p.chance), p.chances, p.of_receiver,
            s.key(Decision.TIE), who, when, s.last, lo, hi, self.state, self.queue, *self.rows, self.work, self.levels,
            *self.outputs(tally),
        ))


# ---- a number of contacts each


@dataclass(frozen=True, eq=False)
class Needs(Plan):
    """What each resident needs, in contacts or (with `weights`) in units of weight; see `kernels.diffusion.countdown`.

    ``drawn`` gives the needs of one replicate from the residents' personal draws, for laws of the user's.
    """

    mode: int
    base: NDArray[np.int64] = field(default_factory=lambda: EMPTY_I64)
    table: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    weights: NDArray[np.int64] = field(default_factory=lambda: EMPTY_I64)
    drawn: Callable[[NDArray[np.float64]], NDArray[np.int64]] | None = None

    def worker(self, setting: Setting) -> Worker:
        return _Needs(self, setting)


class _Needs(Worker):
    def __init__(self, plan: Needs, setting: Setting) -> None:
        super().__init__(setting)
        self.plan = plan
        n = setting.network.n
        kind = np.dtype(np.int64 if plan.weights.size else np.int32)
        self.untouched = 2 ** (8 * kind.itemsize - 1) - 1
        self.barred = np.flatnonzero(setting.immune).astype(np.uint32)
        self.left = np.full(n, self.untouched, kind)
        self.left[self.barred] = 0
        self.touched = np.empty(n + 1, np.uint32)
        self.contacts = setting.network.contacts if plan.mode == 2 else EMPTY_I64
        self.base = plan.base
        self.spontaneous = self._spontaneous()

    def _spontaneous(self) -> NDArray[np.uint32]:
        """Those who need nobody."""
        if self.plan.mode > 1 or self.base.size == 0 or self.base.min() > 0:
            return EMPTY_U32
        return np.flatnonzero(np.broadcast_to(self.base <= 0, self.left.size)).astype(np.uint32)

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        s, p = self.setting, self.plan
        key = s.key(Decision.PERSON)
        if p.drawn is not None:  # a replicate at a time, each with needs of its own
            everybody = np.arange(s.network.n, dtype=np.int64)
            draws = np.empty(s.network.n)
            self.kernels.draws(np.uint64(entity_key(int(key), lo)), everybody, draws)
            self.base = np.ascontiguousarray(np.broadcast_to(p.drawn(draws), draws.shape))
            self.spontaneous = self._spontaneous()
            hi = lo + 1
        return int(self.kernels.countdown(
            s.network.offsets, s.network.ties, s.silent, p.weights, p.mode, self.base, p.table, self.contacts,
            self.spontaneous, self.barred, self.untouched, key, who, when, s.last, lo, hi, self.left, self.touched,
            self.queue, *self.rows, self.work, self.levels, *self.outputs(tally),
        ))


# ---- an attempt at every step


@dataclass(frozen=True, eq=False)
class Waits(Plan):
    """Geometric waits; see `kernels.diffusion.delays`."""

    mode: int
    rates: NDArray[np.float64]
    log_end: float = 0.0
    log_external: float = 0.0

    def worker(self, setting: Setting) -> Worker:
        return _Waits(self, setting)


class _Waits(Worker):
    def __init__(self, plan: Waits, setting: Setting) -> None:
        self.steps = setting.last + 1 if setting.last < 4096 else 4096
        super().__init__(setting)
        self.plan = plan
        n = setting.network.n
        self.due = np.full(n, LATE, np.int32)
        self.due[setting.immune] = -1
        self.touched = np.empty(n + 1, np.uint32)
        self._events(max(1024, 2 * n))
        self._buckets(self.steps)
        self.bounds = np.empty(self.kernels.GROUP, np.uint32), np.empty(self.kernels.GROUP, np.int64)
        self.shares = np.full(1, 1 << 31, np.uint32)
        if plan.mode == 0:
            reach = np.ones(1024)  # to transmit within so many steps
            if plan.rates[0] > -np.inf:
                reach = -np.expm1(np.arange(1024) * plan.rates[0])
            self.shares = np.minimum(reach * 2.0**31 + 2.0, 2.0**31).astype(np.uint32)
            self.shares[-1] = 1 << 31

    def room(self) -> int:
        return self.steps + LEVELS

    def _events(self, many: int) -> None:
        self.nexts, self.whos = np.empty(many, np.int32), np.empty(many, np.uint32)

    def _buckets(self, steps: int) -> None:
        self.first, self.ended = np.full(steps, -1, np.int32), np.zeros(steps, np.int32)
        self.steps = steps
        self.levels = np.empty(self.room(), np.int32)
        self.endings = np.empty(self.room() if self.plan.log_end < 0 else 0, np.int32)

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        s, p = self.setting, self.plan
        done, why = self.kernels.delays(
            s.network.offsets, s.network.ties, s.silent, p.mode, p.rates, self.shares, p.log_end, p.log_external,
            s.key(Decision.TIE), s.key(Decision.TRYING), s.key(Decision.EXTERNAL), who, when, s.last, lo, hi,
            self.due, self.first, self.ended, self.nexts, self.whos, self.touched, *self.bounds,
            self.queue, *self.rows, self.work, self.levels, self.endings, *self.outputs(tally),
        )
        if why == self.kernels.FULL_EVENTS:
            self._enlarge(done, lo, tally, lambda: self._events(2 * self.whos.size))
        elif why == self.kernels.FULL_STEPS:
            if self.steps >= MOST_STEPS:
                raise DataError(f"This takes more than {MOST_STEPS:,} steps: give fewer steps, or higher rates.")
            self._enlarge(done, lo, tally, lambda: self._buckets(min(4 * self.steps, MOST_STEPS)))
        return int(done)

    def _enlarge(self, done: int, lo: int, tally: Tally, grow: Callable[[], None]) -> None:
        """Make room, without losing the steps that wait in `levels` to be taken over."""
        levels, endings = self.levels, self.endings
        grow()
        used = int(tally.lengths[lo:done].sum())
        if self.levels is not levels:
            self.levels[:used] = levels[:used]
            if endings.size:
                self.endings[:used] = endings[:used]


# ---- a hazard at every step


@dataclass(frozen=True, eq=False)
class Hazard(Plan):
    """``(external + peer x) span`` at every step; see `kernels.diffusion.hazard`."""

    external: float
    peer: float
    span: float
    share: bool
    weights: NDArray[np.int64] = field(default_factory=lambda: EMPTY_I64)

    def worker(self, setting: Setting) -> Worker:
        return _Hazard(self, setting)


class _Hazard(Worker):
    def __init__(self, plan: Hazard, setting: Setting) -> None:
        self.longest = setting.last + 1 if setting.last < 4096 else 4096
        super().__init__(setting)
        self.plan = plan
        n = setting.network.n
        self.met = np.zeros(n, np.int64)
        self.left = np.empty(n + 1, np.uint32)
        self.status = np.where(setting.immune, self.kernels.IMMUNE, self.kernels.FREE).astype(np.uint8)
        self.contacts = setting.network.contacts if plan.share else EMPTY_I64

    def room(self) -> int:
        return self.longest + LEVELS

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        s, p = self.setting, self.plan
        done = int(self.kernels.hazard(
            s.network.offsets, s.network.ties, s.silent, p.weights, p.external, p.peer, p.span, p.share, self.contacts,
            s.key(Decision.STEP), who, when, s.last, lo, hi, self.met, self.left, self.status, self.queue,
            self.levels, *self.outputs(tally),
        ))
        if done == lo:  # one replicate alone is longer than there was room for
            if self.levels.size >= MOST_STEPS:
                raise DataError(f"This takes more than {MOST_STEPS:,} steps: give fewer steps, or higher rates.")
            self.levels = np.empty(4 * self.levels.size, np.int32)
        return done


# ---- invitations


@dataclass(frozen=True, eq=False)
class Invitations(Plan):
    """Branching; see `kernels.diffusion.invitations`."""

    cdf: NDArray[np.uint32]
    chance: int

    def worker(self, setting: Setting) -> Worker:
        return _Invitations(self, setting)


class _Invitations(Worker):
    def __init__(self, plan: Invitations, setting: Setting) -> None:
        super().__init__(setting)
        self.plan = plan
        self.state = np.where(setting.immune, self.kernels.IMMUNE, self.kernels.FREE).astype(np.uint8)
        self.chosen = np.empty(plan.cdf.size + 1, np.uint64)

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        s, p = self.setting, self.plan
        return int(self.kernels.invitations(
            s.network.offsets, s.network.ties, s.silent, s.network.mixed, p.cdf, np.uint32(p.chance),
            s.key(Decision.INVITE), s.key(Decision.INVITED), s.key(Decision.ACCEPT), who, when, s.last, lo, hi,
            self.state, self.chosen, self.queue, self.levels, *self.outputs(tally),
        ))


# ---- everybody hears everybody


class MixedHazard(Protocol):
    """The chance of everybody who has not adopted to do so at this step, in a population where all are alike."""

    @property
    def log_end(self) -> float:
        """Log-probability of going on to pass it on for another step; 0: for ever."""

    def __call__(self, adopted: int, fresh: int, active: int) -> float:
        """``adopted``: who have adopted and pass it on; ``fresh``: at the last step; ``active``: still trying."""


@dataclass(frozen=True, eq=False)
class Mixed(Plan):
    hazard: MixedHazard

    def worker(self, setting: Setting) -> Worker:
        return _Mixed(self, setting)


class _Mixed(Worker):
    """As all face the same chances, one draw each says when she adopts: when the chance to have done so exceeds it.

    Residents are put in the order of their draws, and a step costs no more than its adopters.
    """

    def __init__(self, plan: Mixed, setting: Setting) -> None:
        super().__init__(setting)
        self.hazard = plan.hazard
        self.candidates = np.flatnonzero(~setting.immune).astype(np.uint32)

    def room(self) -> int:
        return 1

    def run(self, lo: int, hi: int, tally: Tally) -> None:
        for r in range(lo, hi):
            who, when = self.setting.seeding.of(r, r + 1)
            tally.levels[r] = self._one(r, who[0], when[0], tally)

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        raise NotImplementedError("a well-mixed population has no kernel of ties")

    def _one(self, r: int, who: Any, when: Any, tally: Tally) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """One replicate; adopters and those who stopped trying at each step."""
        s, hazard = self.setting, self.hazard
        keys = np.empty(self.candidates.size, np.uint64)
        self.kernels.draw_keys(np.uint64(entity_key(int(s.key(Decision.STEP)), r)), self.candidates, keys)
        keys.sort()
        order = keys.astype(np.uint32)
        draws = ((keys >> np.uint64(32)).astype(np.float64) + 0.5) / 2.0**32
        key_end = np.uint64(entity_key(int(s.key(Decision.TRYING)), r))
        free = ~s.immune
        waiting = self.candidates.size
        passed, stay = 0, 1.0  # residents whose draw has been reached; the chance not to have adopted yet
        ends: dict[int, int] = {}  # step -> residents; `loud`: those of them who pass something on
        loud: dict[int, int] = {}
        levels: list[int] = []
        endings: list[int] = []
        adopted = fresh = active = infectious = 0
        t = 0
        while True:
            new = order[:0]
            if t:
                stay *= 1.0 - hazard(adopted, fresh, active)
                reached = int(np.searchsorted(draws, 1.0 - stay))
                new = order[passed:reached]
                new = new[free[new]]  # without those who were seeds
                passed = reached
            free[new] = False
            seeds = who[when == t]
            if seeds.size:
                new = np.concatenate([new, seeds[free[seeds]]])
                free[new] = False
            waiting -= new.size
            if tally.times.shape[0]:
                tally.times[r, new] = t
            self.counts[new] += np.uint32(1)
            trying = new[s.silent[new] == 0] if s.silent.size else new
            if hazard.log_end < 0:
                for members, calendar in ((new, ends), (trying, loud)):
                    lasts = np.empty(members.size, np.int64)
                    self.kernels.waits(key_end, members, hazard.log_end, lasts)
                    steps, many_end = np.unique(t + lasts, return_counts=True)
                    for step, k in zip(steps.tolist(), many_end.tolist(), strict=True):
                        calendar[step] = calendar.get(step, 0) + k
            fresh = trying.size
            adopted += fresh
            active += fresh - loud.pop(t, 0)
            levels.append(new.size)
            endings.append(ends.pop(t, 0))
            infectious += new.size - endings[-1]
            hot = waiting and hazard(adopted, fresh, active) > 0
            going = hot or (when > t).any() or (hazard.log_end < 0 and infectious)
            if t == s.last or not going:
                break
            if t >= MOST_STEPS:
                raise DataError(f"This takes more than {MOST_STEPS:,} steps: give fewer steps, or higher rates.")
            t += 1
        tally.sizes[r] = sum(levels)
        tally.durations[r] = max((t for t, k in enumerate(levels) if k), default=0)
        end = max((t for t, k in enumerate(endings) if k), default=0)
        tally.lengths[r] = length = max(int(tally.durations[r]), end) + 1
        kept = endings[:length] if hazard.log_end < 0 else []
        return np.array(levels[:length], np.int32), np.array(kept, np.int32)
