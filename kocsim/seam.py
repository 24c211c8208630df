"""Any rule, by its NumPy form: what a user's rule runs on, and what the kernels are compared with.

A step asks `Rule.adopt` about the residents concerned, all at once. The draws are those of the kernels, so a built-in
rule gives the same here, resident by resident.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.errors import DataError
from kocsim.packing import ID_MASK
from kocsim.plans import Setting, Tally, Worker
from kocsim.rng import Decision, entity_key, stream
from kocsim.rules.base import Rule, Seen, Tries, in_units
from kocsim.seeds import MOST_STEPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_IDLE = 20_000
"""Steps without an adopter after which a run that is not told when to stop gives up."""


class SeamWorker(Worker):
    """Replicates of a rule that has no plan, on one thread."""

    def __init__(self, rule: Rule, setting: Setting) -> None:
        super().__init__(setting)
        self.rule = rule
        network = setting.network
        self.values: NDArray[np.float64] | None = None
        self.units: NDArray[np.int64] | None = None
        self.total = np.zeros(network.n)
        if network.values is not None and not network.mixed:
            self.values = np.broadcast_to(np.asarray(network.values, np.float64), network.m)
            with np.errstate(invalid="ignore", over="ignore"):
                self.units = in_units(np.clip(np.nan_to_num(self.values, neginf=0.0), 0.0, 2.0**24))
            self.total = network.incoming(self.units)

    def room(self) -> int:
        return 1

    def call(self, who: Any, when: Any, lo: int, hi: int, tally: Tally) -> int:
        raise NotImplementedError("a seam worker has no kernel")

    def run(self, lo: int, hi: int, tally: Tally) -> None:
        for r in range(lo, hi):
            who, when = self.setting.seeding.of(r, r + 1)
            tally.levels[r] = Replicate(self, r).run(who[0], when[0], tally)


class Replicate:
    """One replicate: who has adopted, and what that means for the others."""

    def __init__(self, worker: SeamWorker, r: int) -> None:
        self.worker = worker
        self.setting = worker.setting
        self.network = worker.setting.network
        self.r = r
        n = self.network.n
        self.time = np.full(n, -1, np.int64)
        self.met = np.zeros(n, np.int64)
        self.fresh = np.zeros(n, np.int64)
        self.weight = np.zeros(n, np.int64)
        self.adopters = self.senders = np.zeros(0, np.int64)  # who are not silent: all, and those of the last step
        self.ends: dict[int, int] = {}  # step -> how many stop trying
        self.draw = np.empty(n)
        self.stay = self.staying = 1.0  # a mixed population: the chance not to have adopted before, and after this step
        worker.kernels.draws(self.key(Decision.PERSON), np.arange(n), self.draw)

    def key(self, decision: Decision) -> np.uint64:
        return np.uint64(entity_key(stream(self.setting.seed, decision), self.r))

    def run(
        self, who: NDArray[Any], when: NDArray[Any], tally: Tally
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Adopters and those who stopped trying at each step."""
        s, rule = self.setting, self.worker.rule
        levels: list[int] = []
        endings: list[int] = []
        idle = t = 0
        while True:
            new = np.zeros(0, np.int64)
            candidates = np.zeros(0, np.int64)
            if t:
                candidates = self._candidates()
                if candidates.size:
                    new = candidates[self._ask(t, candidates)]
            seeds = who[when == t].astype(np.int64)
            if seeds.size:
                self.time[new] = t
                new = np.concatenate([new, seeds[(self.time[seeds] < 0) & ~s.immune[seeds]]])
            self._spread(new, t)
            levels.append(new.size)
            endings.append(self.ends.pop(t, 0))
            if t == s.last or not ((when > t).any() or self._going(t, new.size)):
                break
            idle = 0 if new.size or (when > t).any() else idle + 1
            if idle > MOST_IDLE and s.last > MOST_STEPS:
                raise DataError(f"{type(rule).__name__}: nobody has adopted for {MOST_IDLE:,} steps; give steps.")
            t += 1
        last = max((t for t, new in enumerate(levels) if new), default=0)
        length = max(last, max((t for t, ended in enumerate(endings) if ended), default=0)) + 1
        adopters = self.time >= 0
        self.worker.counts += adopters.astype(np.uint32)
        if tally.times.shape[0]:
            tally.times[self.r] = self.time
        tally.sizes[self.r] = int(adopters.sum())
        tally.durations[self.r] = last
        tally.lengths[self.r] = length
        kept = endings[:length] if rule.log_end < 0 else []
        return np.array(levels[:length], np.int32), np.array(kept, np.int32)

    def _going(self, t: int, new: int) -> bool:
        """Whether anything more can happen."""
        rule = self.worker.rule
        if new or (t == 0 and rule.spontaneous) or self.ends:
            return True
        if rule.log_end < 0:
            return False  # all have stopped trying
        return rule.waits and bool(self._candidates().size)

    def _candidates(self) -> NDArray[np.int64]:
        open_ = (self.time < 0) & ~self.setting.immune
        if not self.worker.rule.spontaneous:
            open_ &= self.met > 0
        return np.flatnonzero(open_)

    def _spread(self, new: NDArray[np.int64], t: int) -> None:
        """Let everybody's contacts know of the new adopters."""
        s, network = self.setting, self.network
        self.time[new] = t
        loud = new[s.silent[new] == 0] if s.silent.size else new
        self.senders = np.sort(loud)
        if loud.size:
            self.adopters = np.concatenate([self.adopters, self.senders])
        if self.worker.rule.log_end < 0:
            lasts = np.empty(new.size, np.int64)
            self.worker.kernels.waits(self.key(Decision.TRYING), new, self.worker.rule.log_end, lasts)
            for step in (t + lasts).tolist():
                self.ends[step] = self.ends.get(step, 0) + 1
        self.fresh[:] = 0
        if network.mixed:
            self.fresh += loud.size
            self.met += loud.size
            return
        at = _places(network.offsets, loud)
        heard = (network.ties[at] & ID_MASK).astype(np.int64)
        self.fresh += np.bincount(heard, minlength=network.n)
        self.met += self.fresh
        if self.worker.units is not None:
            np.add.at(self.weight, heard, self.worker.units[at])

    def _ask(self, t: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Call the rule and check what it returns.

        Raises
        ------
        DataError
            When the answer has another shape than asked or holds anything but true and false; the first resident
            at fault is named.
        """
        network, kernels = self.network, self.worker.kernels
        luck = np.empty(rows.size)
        kernels.draws(np.uint64(entity_key(int(self.key(Decision.STEP)), t, 1)), rows, luck)
        seen = Seen(
            step=t, resident=rows, adopted=self.met[rows], fresh=self.fresh[rows], contacts=network.contacts[rows],
            weight=self.weight[rows].astype(np.float64), total=self.worker.total[rows], draw=self.draw[rows], luck=luck,
            senders=self.senders, adopters=self.adopters, ages=t - self.time[self.adopters], network=network,
            tries=lambda ever: self._tries(t, rows, ever), happens=lambda chance: self._happens(rows, chance),
            draw_of=self._draw_of, key=lambda decision: int(self.key(decision)),
        )
        rule = self.worker.rule
        name = type(rule).__name__
        try:
            answer = np.asarray(given := rule.adopt(seen))
        except ValueError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # the rule's own
            raise DataError(f"{name}.adopt must return one row of true and false; got {given!r} at step {t}.") from None
        self.stay = self.staying
        if answer.shape != rows.shape:
            raise DataError(
                f"{name}.adopt must return one value for each of {rows.size} residents, shape {rows.shape}; got shape "
                f"{answer.shape} at step {t}."
            )
        if answer.dtype != np.bool_:
            if answer.dtype.kind not in "iuf":
                raise DataError(f"{name}.adopt must return true or false; got dtype {answer.dtype} at step {t}.")
            wrong = np.flatnonzero((answer != 0) & (answer != 1))
            if wrong.size:
                raise DataError(
                    f"{name}.adopt must return true or false; got {answer[wrong[0]]} for resident {rows[wrong[0]]} "
                    f"at step {t}."
                )
        return answer.astype(np.bool_)

    def _happens(self, rows: NDArray[np.int64], chance: float) -> NDArray[np.bool_]:
        self.staying = self.stay * (1.0 - chance)
        return self._draw_of(rows, Decision.STEP) < 1.0 - self.staying

    def _draw_of(self, residents: NDArray[np.int64], decision: Decision) -> NDArray[np.float64]:
        out = np.empty(len(residents))
        self.worker.kernels.draws(self.key(decision), np.asarray(residents, np.int64), out)
        return out

    def _tries(self, t: int, rows: NDArray[np.int64], ever: bool) -> Tries:
        network = self.network
        if network.mixed:
            name = type(self.worker.rule).__name__
            raise DataError(f"{name} asks for single ties, which a WellMixed network has not.")
        loud = self.adopters if ever else self.senders
        at = _places(network.offsets, loud)
        sender = np.repeat(loud, network.offsets[loud + 1] - network.offsets[loud])
        heard = (network.ties[at] & ID_MASK).astype(np.int64)
        row = np.full(network.n, -1, np.int64)
        row[rows] = np.arange(rows.size)
        row = row[heard]
        kept = row >= 0
        at, sender, heard, row = at[kept], sender[kept], heard[kept], row[kept]
        draw = np.empty(at.size)
        self.worker.kernels.pair_draws(self.key(Decision.TIE), sender, heard, draw)
        values = self.worker.values
        value = np.ones(at.size) if values is None else values[at]
        return Tries(row, sender, t - self.time[sender], draw, value)


def _places(offsets: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of all ties of these rows."""
    first, many = offsets[rows], offsets[rows + 1] - offsets[rows]
    ends = np.cumsum(many)
    return np.repeat(first - (ends - many), many) + np.arange(ends[-1] if ends.size else 0)
