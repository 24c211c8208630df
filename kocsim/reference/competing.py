"""Several brands in one county: they share residents' attention and needs, and fight for KOCs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kocsim.mechanisms.rivals import Rivals
from kocsim.reference import Day, deliver, look, read_and_weigh
from kocsim.reference.buying import buy
from kocsim.reference.people import World
from kocsim.reference.reading import arrived
from kocsim.rng import Decision, Luck, chance, entity_key, splitmix64, stream, uniform31
from kocsim.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kocsim.county import County
    from kocsim.scenario import Scenario


def compete(
    brands: Mapping[str, Scenario], county: County, seed: int, days: int, enters: Mapping[str, int], rules: Rivals
) -> dict[str, list[Day]]:
    """Simulate `days` days of the county; each brand's days count from its entry.

    Parameters
    ----------
    brands : mapping of str to Scenario
        With touches remembered (``attribution.track``).
    county, seed, days
        As for `kocsim.reference.run`.
    enters : mapping of str to int
        Day of entry of every brand.
    rules : Rivals
    """
    worlds: dict[str, World] = {}
    history: dict[str, list[Day]] = {name: [] for name in brands}
    for day in range(1, days + 1):
        _go_over(worlds, seed, day, enters, rules)
        there = [name for name in brands if enters[name] <= day]
        for name, world in worlds.items():
            world.firm.barred = _elsewhere(county, worlds, there, name, seed, day, rules)
        for at, (name, scenario) in enumerate(brands.items()):
            if enters[name] == day:
                own = splitmix64((stream(seed, Decision.ROUTE) + at) & (1 << 64) - 1) if at else seed
                barred = _elsewhere(county, worlds, there, name, seed, day, rules)
                worlds[name] = World(scenario, county, Luck(own, seed, day - 1), barred)
        _one_day(worlds, history, seed, day, enters, rules)
    return history


def _one_day(
    worlds: dict[str, World], history: dict[str, list[Day]], seed: int, day: int, enters: Mapping[str, int],
    rules: Rivals,
) -> None:
    own_day = {name: day - enters[name] + 1 for name in worlds}
    posted = {name: deliver(world, own_day[name]) for name, world in worlds.items()}
    exposures = dict.fromkeys(worlds, 0)
    for i in range(next(iter(worlds.values())).n):
        feed = sum(arrived(worlds[name], i, inbox[i], air) for name, (inbox, air) in posted.items())
        for name, (inbox, air) in posted.items():
            exposures[name] += read_and_weigh(worlds[name], own_day[name], i, inbox[i], air, feed)
        _route(worlds, own_day, seed, day, i, rules)
        for name, world in worlds.items():
            buy(world, own_day[name], i, world.residents[i])
    for name, world in worlds.items():
        history[name].append(look(world, own_day[name], exposures[name]))


def _route(
    worlds: dict[str, World], own_day: dict[str, int], seed: int, day: int, i: int, rules: Rivals
) -> None:
    """Resident i's need of today is one brand's."""
    weights = {}
    for name, world in worlds.items():
        one, s = world.residents[i], world.scenario
        considers = one.stage >= Stage.IDENTIFIED or (one.stage == Stage.AWARE and one.clicked)
        price = s.price.price * (1 - s.event.discount_on(own_day[name]))
        customer = one.stage in (Stage.CUSTOMER, Stage.REPEAT)
        weights[name] = rules.attraction(one.evidence, customer, price, s.price.reference) if considers else 0.0
    total = sum(weights.values())
    luck = uniform31(stream(seed, Decision.ROUTE, day), i) / 2147483648.0 * total
    reached, chosen = 0.0, ""
    for name, weight in weights.items():
        reached += weight
        if not chosen and luck < reached:
            chosen = name
    for name, world in worlds.items():
        world.residents[i].elsewhere = bool(total) and name != chosen


def _elsewhere(
    county: County, worlds: dict[str, World], there: list[str], name: str, seed: int, day: int, rules: Rivals
) -> set[int]:
    """KOCs who cannot be recruited by a brand: they work for another, or listen to another today."""
    barred = set()
    for k, i in enumerate(county.koc.tolist()):
        if uniform31(stream(seed, Decision.MULTIHOME), i) < chance(rules.multihome):
            continue
        listens = uniform31(stream(seed, Decision.OFFER, day), i) * len(there) >> 31
        works = any(world.firm.kocs[k].state == "active" for other, world in worlds.items() if other != name)
        if works or there[listens] != name:
            barred.add(k)
    return barred


def _go_over(
    worlds: dict[str, World], seed: int, day: int, enters: Mapping[str, int], rules: Rivals
) -> None:
    """KOCs who left one brand yesterday, with their audiences, may join another this morning."""
    key = stream(seed, Decision.DEFECT, day)
    for name, world in worlds.items():
        others = [one for other, one in worlds.items() if other != name]
        for k, koc in enumerate(world.firm.kocs):
            own = entity_key(key, k)
            gone = koc.state == "left" and koc.left == day - enters[name]
            if not gone or not others or uniform31(own, 0) >= chance(rules.defect):
                continue
            to = others[uniform31(own, 1) * len(others) >> 31].firm
            if to.kocs[k].state == "candidate" and k not in to.coming:
                to.coming.append(k)
