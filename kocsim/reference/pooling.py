"""To whom KOCs speak: open call, screening, entry, and reviews; the beginning of step 1 of the day."""

from __future__ import annotations

import numpy as np

from kocsim.mechanisms.pool import MONTH, estimate
from kocsim.reference.people import World
from kocsim.rng import Decision, chance, entity_key, mix32, stream, uniform31
from kocsim.stages import Stage

EVERYBODY = 1 << 31


def manage_pools(world: World, day: int) -> None:
    """Who enters and who leaves each KOC's pool today, and what it costs."""
    pool = world.scenario.pool
    if not pool.screened:
        return
    called = reviewed = 0
    members = 0
    for k in range(len(world.koc)):
        if day == 1:
            world.outside |= {(k, j) for j, _, _ in world.reach[k]}
        there = world.firm.kocs[k].state in ("active", "kept")
        since = world.called_below[k]
        if there and k not in world.began:
            world.began.add(k)
            world.called_below[k] = chance(pool.call)
        elif there and pool.review and (day - 1) % pool.review == 0:
            looked_at, left = _review(world, day, k)
            reviewed += looked_at
            further = pool.further_call(np.array([left]), np.array([len(world.reach[k])]))
            world.called_below[k] = min(since + int(further[0]), EVERYBODY)
        new = _call(world, k, since, world.called_below[k])
        called += new
        world.called[k] += new
        inside = [via for j, _, via in world.reach[k] if (k, j) not in world.outside]
        world.koc_contacts[k] = sum(via & 1 for via in inside)
        members += len(inside) if there else 0
    world.pool_cost += sum(round(many * cost * 100) for many, cost in (
        (called, pool.call_cost), (called, pool.screen_cost), (reviewed, pool.review_cost),
        (members, pool.upkeep / MONTH)))


def _call(world: World, k: int, since: int, until: int) -> int:
    """Call those whose lot lies in between, screen them, and let in who accepts; returns how many were called."""
    pool, called = world.scenario.pool, 0
    known, bar = pool.bar(pool.precision, alike=not world.scenario.need.sigma)
    accept = pool.chances_to_enter().tolist()
    for j, strength, _ in world.reach[k]:
        if not since <= _lot(world, Decision.POOL_CALL, k, j) < until:
            continue
        called += 1
        passes = _estimate(world, Decision.POOL_SCREEN, 0, k, j, known) >= bar
        if passes and _lot(world, Decision.POOL_ENTRY, k, j) < accept[strength]:
            world.outside.discard((k, j))
    return called


def _review(world: World, day: int, k: int) -> tuple[int, int]:
    """Look again at members who never ordered; returns how many those are, and how many of them leave."""
    pool = world.scenario.pool
    known, bar = pool.bar(pool.review_precision, alike=not world.scenario.need.sigma)
    unsold = [j for j, _, _ in world.reach[k]
              if (k, j) not in world.outside and world.residents[j].stage < Stage.CUSTOMER]
    leave = {(k, j) for j in unsold if _estimate(world, Decision.POOL_REVIEW, day, k, j, known) < bar}
    world.outside |= leave
    return len(unsold), len(leave)


def _lot(world: World, decision: Decision, k: int, j: int) -> int:
    """31 random bits for a KOC and one of those whom she reaches."""
    return uniform31(entity_key(stream(world.seed, decision), world.koc[k]), j)


def _estimate(world: World, decision: Decision, day: int, k: int, j: int, known: int) -> int:
    """How needy a resident looks to a KOC."""
    lot = mix32(entity_key(stream(world.seed, decision, day), world.koc[k]), j) >> 16
    return int(estimate(known, world.of_class(Decision.NEED_CLASS, j), lot))
