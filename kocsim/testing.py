"""Laws that every rule of diffusion must keep, put to any rule: `check_rule`."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kocsim.diffusion import Diffusion, diffuse
from kocsim.errors import ParameterError, at_least
from kocsim.rules.base import Rule, Seen
from kocsim.ties import Ties

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LawBroken(AssertionError):
    """A rule breaks a law; the message names law, network and resident."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One network with seeds on which a rule is tried."""

    name: str
    ties: Ties
    seeds: dict[int, int]
    immune: list[int]
    silent: list[int]
    steps: int | None
    seed: int

    def run(self, rule: Rule, **changes: Any) -> Diffusion:
        given: dict[str, Any] = {
            "network": self.ties, "rule": rule, "seeds": self.seeds, "steps": self.steps, "replicates": 12,
            "seed": self.seed, "immune": self.immune, "silent": self.silent, "threads": 1, "times": True,
        }
        return diffuse(**(given | changes))


Law = Callable[[Rule, Trial, Diffusion], None]


def check_rule(
    rule: Rule, *, stronger: Rule | None = None, network: Ties | None = None, seed: int = 0
) -> tuple[str, ...]:
    """Put a rule through every law, on small random networks, chains, stars, and networks without a tie.

    Parameters
    ----------
    rule : Rule
    stronger : Rule, optional
        A rule that must delay nobody compared with `rule`, on the same draws: a higher probability, a lower threshold.
    network : Ties, optional
        Try it on this network only; needed for rules with a value for each edge or resident.
    seed : int
        Which random networks, seeds and draws.

    Returns
    -------
    tuple of str
        The laws that were put to it, all of them kept.

    Raises
    ------
    LawBroken
        At the first law that is not kept.

    Examples
    --------
    >>> import kocsim as ks
    >>> from kocsim.testing import check_rule
    >>> laws = check_rule(ks.rules.SI(beta=0.2), stronger=ks.rules.SI(beta=0.3))
    >>> "an earlier seed delays nobody" in laws
    True
    """
    if not isinstance(rule, Rule):
        raise ParameterError(f"rule must be a kocsim.rules.Rule; got {rule!r}.")
    at_least("seed", seed, 0)
    laws: dict[str, Law] = {
        "figures agree with each other": _figures,
        "seeds adopt at their step or before": _seeds,
        "the immune never adopt": _immune,
        "the same seed gives the same, on any number of threads": _same,
        "replicates do not depend on each other": _replicates,
        "fewer steps are the beginning of more": _prefix,
        "what is decided depends on nothing but what is seen": _pure,
        "each resident is decided by herself": _alone,
    }
    if not rule.spontaneous:
        laws["nothing comes of nothing"] = _nothing
        laws["the silent pass nothing on"] = _silent
    if _pickles(rule):
        laws["a pickled rule is the same rule"] = _pickled
    if rule.monotone:
        laws["an earlier seed delays nobody"] = _earlier
        laws["another seed delays nobody"] = _another
    if network is None:
        laws["a layer may be split"] = _split
    if rule.monotone_in_ties and network is None:
        laws["another tie delays nobody"] = _tie
    if type(rule).plan is not Rule.plan:
        laws["kernels and NumPy give the same"] = _fast
    if stronger is not None:
        laws["the stronger rule delays nobody"] = lambda r, trial, out: _no_later(
            out, trial.run(stronger), "under the stronger rule")
    for trial in _trials(rule, network, seed):
        out = trial.run(rule)
        for name, law in laws.items():
            try:
                law(rule, trial, out)
            except AssertionError as broken:
                raise LawBroken(f"{rule!r} breaks a law, {name!r}, on {trial.name}: {broken}") from None
    return tuple(laws)


def _trials(rule: Rule, network: Ties | None, seed: int) -> Iterator[Trial]:
    """Networks, seeds, immune and silent residents."""
    rng = np.random.default_rng([seed, 1])
    named: list[tuple[str, Ties]] = []
    if network is not None:
        named = [("the network given", network)] * 3
    else:
        chain = np.arange(11)
        hub = np.zeros(9, np.int64)
        named = [
            ("a network without ties", Ties.from_edges([], [], n=5)),
            ("a chain", Ties.from_edges(chain, chain + 1, directed=False)),
            ("a star", Ties.from_edges(hub, np.arange(1, 10), directed=False)),
        ]
        for k in range(5):
            n = int(rng.integers(8, 40))
            ends = rng.integers(0, n, (2, int(rng.integers(n, 6 * n))))
            strength = rng.integers(0, 256, ends.shape[1]) / 255
            ties = Ties.from_edges(ends[0], ends[1], strength, n=n, directed=k % 2 == 0)
            named.append((f"random network {k} of {n} residents", ties))
    for name, ties in named:
        n = ties.n
        who = rng.permutation(n)
        seeds = {int(v): int(t) for v, t in zip(who[: min(3, n)], (0, 0, 2), strict=False)}
        rest = who[len(seeds) :]
        endless = rule.waits or type(rule).plan is Rule.plan
        yield Trial(
            name, ties, seeds, rest[: n // 10].tolist(), rest[n // 10 : n // 5].tolist(), 30 if endless else None,
            int(rng.integers(2**32)),
        )


# ---- laws


def _figures(rule: Rule, trial: Trial, out: Diffusion) -> None:
    times, curve = out.times, out.curve
    assert (np.diff(curve, axis=1) >= 0).all(), "the curve falls"
    counted = np.stack([((times >= 0) & (times <= t)).sum(axis=1) for t in range(curve.shape[1])], axis=1)
    assert np.array_equal(curve, counted), "the curve is not what the times say"
    assert np.array_equal(out.sizes, (times >= 0).sum(axis=1)), "sizes are not what the times say"
    assert np.allclose(out.probability, (times >= 0).mean(axis=0)), "probabilities are not what the times say"
    last = np.maximum(times.max(axis=1, initial=0), 0)
    assert np.array_equal(out.duration, last), "durations are not what the times say"


def _seeds(rule: Rule, trial: Trial, out: Diffusion) -> None:
    for resident, step in trial.seeds.items():
        at = out.times[:, resident]
        late = (at < 0) | (at > step)
        assert not late.any() or (trial.steps is not None and step > trial.steps), (
            f"seed {resident} of step {step} adopts at {at[late][0]}")


def _immune(rule: Rule, trial: Trial, out: Diffusion) -> None:
    hit = (out.times[:, trial.immune] >= 0).any(axis=0)
    assert not hit.any(), f"resident {np.array(trial.immune)[hit][0]} is immune and adopts"


def _nothing(rule: Rule, trial: Trial, out: Diffusion) -> None:
    empty = trial.run(rule, seeds=())
    assert not empty.sizes.any(), f"{empty.sizes.max()} adopt without a seed"


def _silent(rule: Rule, trial: Trial, out: Diffusion) -> None:
    quiet = trial.run(rule, silent=list(range(trial.ties.n)))
    others = np.delete(quiet.times, list(trial.seeds), axis=1)
    assert (others < 0).all(), "somebody adopts although all are silent"


def _same(rule: Rule, trial: Trial, out: Diffusion) -> None:
    for threads in (1, 2, 3):
        _equal(out, trial.run(rule, threads=threads), f"on {threads} threads")


def _replicates(rule: Rule, trial: Trial, out: Diffusion) -> None:
    fewer = trial.run(rule, replicates=5)
    assert np.array_equal(out.times[:5], fewer.times), "the first five of twelve replicates are not those of five"


def _prefix(rule: Rule, trial: Trial, out: Diffusion) -> None:
    for steps in (0, 1, 3):
        short = trial.run(rule, steps=steps).times
        cut = np.where(out.times <= steps, out.times, -1)
        assert np.array_equal(short, cut), f"with steps={steps} it begins otherwise"


def _split(rule: Rule, trial: Trial, out: Diffusion) -> None:
    ties = trial.ties
    source = np.repeat(np.arange(ties.n), ties.out_degree())
    half = np.random.default_rng(trial.seed).random(ties.m) < 0.5
    parts = {
        name: Ties.from_edges(source[take], ties.targets[take], ties.weight[take], n=ties.n)
        for name, take in (("a", half), ("b", ~half))
    }
    _equal(out, trial.run(rule, network=parts), "when its ties are split into two layers")


def _pure(rule: Rule, trial: Trial, out: Diffusion) -> None:
    _equal_answers(rule, trial, lambda seen, answer: rule.adopt(seen), "when it is asked a second time")


def _alone(rule: Rule, trial: Trial, out: Diffusion) -> None:
    def some(seen: Seen, answer: NDArray[np.bool_]) -> NDArray[np.bool_]:
        take = np.random.default_rng([trial.seed, seen.step]).random(seen.resident.size) < 0.5
        asked = answer.copy()
        if take.any():
            asked[take] = rule.adopt(_part(seen, take))
        return asked

    _equal_answers(rule, trial, some, "when fewer are asked about at once")


def _pickled(rule: Rule, trial: Trial, out: Diffusion) -> None:
    _equal(out, trial.run(pickle.loads(pickle.dumps(rule))), "after pickling")


def _earlier(rule: Rule, trial: Trial, out: Diffusion) -> None:
    sooner = trial.run(rule, seeds=dict.fromkeys(trial.seeds, 0))
    _no_later(out, sooner, "with all seeds at step 0")


def _another(rule: Rule, trial: Trial, out: Diffusion) -> None:
    free = sorted(set(range(trial.ties.n)) - set(trial.seeds) - set(trial.immune))
    for resident in free[:3]:
        more = trial.run(rule, seeds=trial.seeds | {resident: 0})
        _no_later(out, more, f"with resident {resident} as a seed as well")


def _tie(rule: Rule, trial: Trial, out: Diffusion) -> None:
    ties, rng = trial.ties, np.random.default_rng([trial.seed, 2])
    source = np.repeat(np.arange(ties.n), ties.out_degree())
    for _ in range(3):
        a, b = (int(v) for v in rng.choice(ties.n, 2, replace=False))
        more = Ties.from_edges(
            np.append(source, a), np.append(ties.targets, b), np.append(ties.weight, 1.0), n=ties.n)
        _no_later(out, trial.run(rule, network=more), f"with a tie {a} -> {b} as well")


def _fast(rule: Rule, trial: Trial, out: Diffusion) -> None:
    slow = trial.run(rule, fast=False)
    _equal(out, slow, "by its NumPy form")
    assert np.array_equal(out.active, slow.active), "those who are still trying differ by its NumPy form"
    plain = trial.run(rule, immune=(), silent=(), seeds=list(trial.seeds))
    _equal(plain, trial.run(rule, immune=(), silent=(), seeds=list(trial.seeds), fast=False), "by its NumPy form")


# ---- tools


def _pickles(rule: Rule) -> bool:
    """Not so where a class is defined in a function."""
    try:
        pickle.dumps(rule)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _equal(one: Diffusion, other: Diffusion, when: str) -> None:
    if not np.array_equal(one.times, other.times):
        r, v = np.argwhere(one.times != other.times)[0]
        raise AssertionError(
            f"resident {v} adopts at {other.times[r, v]} instead of {one.times[r, v]} in replicate {r} {when}")


def _no_later(before: Diffusion, after: Diffusion, when: str) -> None:
    a, b = before.times, after.times
    later = (a >= 0) & ((b < 0) | (b > a))
    if later.any():
        r, v = np.argwhere(later)[0]
        raise AssertionError(f"resident {v} adopts at {b[r, v]} instead of {a[r, v]} in replicate {r} {when}")


class _Watched(Rule):
    """A rule whose every answer is compared with another way of asking."""

    def __init__(self, rule: Rule, again: Callable[[Seen, NDArray[np.bool_]], NDArray[np.bool_]], when: str) -> None:
        self.rule, self.again, self.when = rule, again, when
        for name in ("spontaneous", "waits", "combine", "log_end"):
            setattr(self, name, getattr(rule, name))

    def tie_values(self, ties: Ties, layer: str | None) -> Any:
        return self.rule.tie_values(ties, layer)

    def adopt(self, seen: Seen) -> NDArray[np.bool_]:
        answer = np.asarray(self.rule.adopt(seen))
        again = np.asarray(self.again(seen, answer))
        if answer.shape == again.shape and (answer != again).any():
            i = int((answer != again).argmax())
            raise AssertionError(
                f"resident {seen.resident[i]} is told {bool(again[i])} instead of {bool(answer[i])} at step "
                f"{seen.step} {self.when}"
            )
        return answer


def _equal_answers(rule: Rule, trial: Trial, again: Callable[..., NDArray[np.bool_]], when: str) -> None:
    trial.run(_Watched(rule, again, when), replicates=2)


def _part(seen: Seen, take: NDArray[np.bool_]) -> Seen:
    """What a rule sees when it is asked about some residents only."""
    where = np.cumsum(take) - 1
    columns = ("resident", "adopted", "fresh", "contacts", "weight", "total", "draw", "luck")

    def tries(ever: bool) -> Any:
        every = seen.tries(ever)
        kept = take[every.row]
        return every._replace(
            row=where[every.row[kept]], sender=every.sender[kept], age=every.age[kept], draw=every.draw[kept],
            value=every.value[kept],
        )

    part = {name: getattr(seen, name)[take] for name in columns}
    return replace(seen, tries=tries, happens=lambda chance: seen.happens(chance)[take], **part)
