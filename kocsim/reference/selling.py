"""Who speaks for the firm today: step 0 of the day. KOCs leave, are ranked, meet, are recruited, and work or rest."""

from __future__ import annotations

from kocsim.reference.people import World
from kocsim.rng import Decision, chance, entity_key, mix32, stream
from kocsim.stages import Stage


def morning(world: World, day: int) -> None:
    """Everything that is settled before anybody posts."""
    firm, s = world.firm, world.scenario
    if not world.staffed:
        return
    for k, one in enumerate(firm.kocs):
        if one.state == "active" and one.joined < day:
            keep = s.leaving.retention()
            one.income = one.income * keep + (1 - keep) * (world.income[k] - one.earned)
        one.earned = world.income[k]
        one.loyalty *= s.salons.retention()
    for k in firm.active():
        _leave(world, day, k)
    _rank(world, day)
    for k in firm.coming:
        _join(world, day, k, -1)
    firm.coming = []
    _pay(world)
    _meet(world, day)
    _open_shops(world, day)
    _recruit(world, day)
    for k, one in enumerate(firm.kocs):
        one.works = one.state == "kept" or (one.state == "active" and _works(world, day, k))
        base = s.posting.quality
        world.quality[k] = (base + (1 - base) * one.skill) * float(s.recruiting.fades()[one.generation])


def _leave(world: World, day: int, k: int) -> None:
    s, one, author = world.scenario, world.firm.kocs[k], world.koc[k]
    pressure = s.leaving.pressure * (1 - one.content()) if day - one.joined >= s.leaving.grace else 0.0
    hazard = (s.leaving.base + pressure) * (1 - one.loyalty) * (1 - s.management.control * s.management.care())
    hazard *= 1 - s.tiers.lock if one.elite else 1.0
    if not s.leaving.happens or not world.happens(Decision.LEAVE, day, author, min(hazard, 1.0)):
        return
    one.left, one.elite, one.state = day, False, "left"
    if s.leaving.owner == "firm":
        one.state = "kept"
        key = entity_key(stream(world.seed, Decision.HANDOVER, day), author)
        for j, _, _ in world.reach[k]:
            kept = world.trust[k, j] * round(s.leaving.handover * 65536)
            world.trust[k, j] = (kept + (mix32(key, j) >> 16)) >> 16


def _rank(world: World, day: int) -> None:
    """The best sellers since the last ranking are the upper tier."""
    tiers, firm = world.scenario.tiers, world.firm
    if not tiers.every or day == 1 or (day - 1) % tiers.every:
        return
    best = sorted(firm.active(), key=lambda k: (
        firm.kocs[k].ranked - world.sold[k], world.luck(Decision.RANK, day, world.koc[k]), k))
    for k, one in enumerate(firm.kocs):
        one.elite = k in best[: tiers.first(len(best))]
        one.ranked = world.sold[k]


def _pay(world: World) -> None:
    """The purse pays for all that runs."""
    s, firm = world.scenario, world.firm
    active, kept = len(firm.active()), sum(one.state == "kept" for one in firm.kocs)
    managers = -(-active // s.management.span) if s.management.span else 0
    firm.running = (
        managers * round(s.management.wage * 100) + kept * round(s.leaving.keeper * 100) + round(s.money.staff * 100)
        + (active + kept) * s.friends.koc_accounts * round(s.money.phone * 100)
        + world.displays * round(s.money.rent * 100))
    firm.purse += round(s.money.budget * 100) - firm.running


def _affords(world: World, price: int, more: int = 0) -> bool:
    """Pay `price` once and `more` a day from now on, if purse and budget hold as much."""
    firm, budget = world.firm, round(world.scenario.money.budget * 100)
    if budget and ((price and firm.purse < price) or (more and budget - firm.running < more)):
        return False
    firm.purse -= price
    firm.running += more
    return True


def _meet(world: World, day: int) -> None:
    salons, firm = world.scenario.salons, world.firm
    if not salons.every or day % salons.every:
        return
    invited = [firm.kocs[k] for k in firm.active() if salons.who == "all" or firm.kocs[k].elite]
    if _affords(world, len(invited) * round(salons.cost * 100)):
        for one in invited:
            one.loyalty += salons.lift * (1 - one.loyalty)
            one.skill += salons.skill * (1 - one.skill)


def _open_shops(world: World, day: int) -> None:
    """So many more shops show the product as were planned and can be paid."""
    shop, m = world.scenario.shop_visit, world.scenario.money
    if not shop.display or not shop.pace:
        return
    price, rent = round(m.opening * 100), round(m.rent * 100)
    for _ in range(int(shop.pace * day / 7) - int(shop.pace * (day - 1) / 7)):
        if world.displays < world.shops and _affords(world, price + rent, rent):
            world.open_shops(1)


def _recruit(world: World, day: int) -> None:
    """By the firm, from its list; by KOCs, each one of her audience."""
    s, firm = world.scenario, world.firm
    r = s.recruiting
    free = [
        one.state == "candidate" and k not in firm.barred
        and (r.select != "customers" or world.residents[i].stage in (Stage.CUSTOMER, Stage.REPEAT))
        for k, (i, one) in enumerate(zip(world.koc, firm.kocs, strict=True))]
    phones = s.friends.koc_accounts * round(s.money.phone * 100)
    more = phones
    more += -(-round(s.management.wage * 100) // s.management.span) if s.management.span else 0
    planned = int(r.firm) + (world.luck(Decision.RECRUITS, day, 0) < chance(r.firm - int(r.firm)))
    for k in [k for k in firm.queue if free[k]][:planned]:
        if _affords(world, round(r.cost * 100) + phones, more):
            _join(world, day, k, -1)
            free[k] = False
    asked: dict[int, list[tuple[int, int]]] = {}
    number = {i: k for k, i in enumerate(world.koc)}
    for k in firm.active():
        if firm.kocs[k].joined == day or not world.happens(Decision.RAISE, day, world.koc[k], r.leader):
            continue
        key = entity_key(stream(world.seed, Decision.CHOOSE, day), world.koc[k])
        near = [(mix32(key, j), number[j]) for j, _, _ in world.reach[k] if j in number and free[number[j]]]
        if near:
            luck, candidate = min(near)
            asked.setdefault(candidate, []).append((luck, k))
    for candidate in sorted(asked):
        if _affords(world, round(r.reward * 100) + phones, more):
            leader = min(asked[candidate])[1]
            _join(world, day, candidate, leader)
            world.income[leader] += round(r.reward * 100)


def _join(world: World, day: int, k: int, by: int) -> None:
    """She tries the product the evening before, and speaks from this morning on."""
    one, resident = world.firm.kocs[k], world.residents[world.koc[k]]
    one.state, one.joined, one.raised_by = "active", day, by
    one.generation = min(world.firm.kocs[by].generation + 1, 255) if by >= 0 else 0
    if resident.stage not in (Stage.CUSTOMER, Stage.REPEAT):
        resident.stage = Stage.CUSTOMER
        resident.day_aware = min(resident.day_aware, day - 1)
        resident.day_identified = min(resident.day_identified, day - 1)
        resident.day_customer = min(resident.day_customer, day - 1)


def _works(world: World, day: int, k: int) -> bool:
    s = world.scenario
    if not s.effort.varies:
        return True
    often = s.effort.activity + (1 - s.effort.activity) * s.management.drive * s.management.care()
    level = float(s.effort.levels()[int(world.firm.kocs[k].content() * 255)])
    return world.happens(Decision.WORK, day, world.koc[k], often * level)
