"""Identification, orders, and what orders leave behind: steps 6 to 8 of the day."""

from __future__ import annotations

import numpy as np

from kocsim.mechanisms.membership import YEAR
from kocsim.reference.people import Resident, World
from kocsim.reference.reading import credit, follow
from kocsim.rng import Decision, mix32, stream
from kocsim.stages import SLACK, Stage


def identify(world: World, day: int, resident: Resident) -> None:
    """Enough evidence makes an aware resident identify; too little may lose her again."""
    enough = resident.evidence + SLACK >= resident.threshold
    kept = world.scenario.identification.hysteresis * resident.threshold
    if resident.stage == Stage.AWARE and enough:
        resident.stage = Stage.IDENTIFIED
        resident.day_identified = min(resident.day_identified, day)
    elif resident.stage == Stage.IDENTIFIED and resident.evidence + SLACK < kept:
        resident.stage = Stage.AWARE


def buy(world: World, day: int, i: int, resident: Resident) -> None:
    """On a day of need, buy or not, by stage; then customers of earlier days may lapse."""
    s, d = world.scenario, Decision
    before = resident.stage
    active = before in (Stage.CUSTOMER, Stage.REPEAT)
    persuaded = resident.evidence + SLACK >= resident.threshold
    needs = _needs(world, day, i, resident) and not resident.elsewhere
    at_home = resident.stock > 0
    from_stock = needs and at_home and s.event.replaces == "needs"
    needs = needs and not from_stock
    price = s.price.factors(s.membership.discounts(s.event.discount_on(day)))[resident.tier][_income_class(world, i)]
    again = s.purchase.repeat * price * s.membership.lifts()[resident.tier]

    first = later = False
    if before == Stage.IDENTIFIED and resident.business:
        first = _step_on(world, day, i, resident, persuaded)
    elif (needs and before == Stage.IDENTIFIED and _happens(world, d.BUY, day, i, s.purchase.first * price)) or (
        needs and before in (Stage.AWARE, Stage.IDENTIFIED) and resident.clicked and not resident.business
        and _happens(world, d.CONVERT, day, i, s.advertising.convert * price)
    ):
        first = True
    elif (needs and active and _happens(world, d.BUY, day, i, again)) or (
        needs and persuaded and before == Stage.LAPSED
        and _happens(world, d.BUY, day, i, s.purchase.win_back * price)
    ):
        later = True
    comes = resident.business or _happens(world, d.COLLECT, day, i, world.collects[i])
    first, later = first and comes, later and comes
    if later and at_home:
        later = needs = False
        from_stock = True
    resident.stock -= from_stock
    bought = first or later
    more = [False, False]
    if active and resident.breadth and comes and _happens(world, d.BUY, day, i, again):
        more[0] = _happens(world, d.NEED_DAILY, day, i, s.ladder.daily_need)
        more[1] = resident.breadth > 1 and _happens(world, d.NEED_DURABLE, day, i, s.ladder.durable_need)

    resident.ordered = bought or any(more)
    pleased, upset = True, False
    newly = first and resident.day_customer == 65535
    if resident.ordered:
        resident.stage = Stage.CUSTOMER if first else Stage.REPEAT
        if first:
            resident.day_customer = min(resident.day_customer, day)
        pleased = _happens(world, d.SATISFIED, day, i, s.satisfaction.on_day(day))
        upset = not pleased and _happens(world, d.UPSET, day, i, s.satisfaction.upset)
    lapse = s.purchase.lapse * s.membership.locks()[resident.tier]
    if upset or (active and _happens(world, d.LAPSE, day, i, lapse)):
        resident.stage = Stage.LAPSED

    keep = s.need.of_category()[1]
    resident.pending = bool(
        needs and not bought and not resident.business and _happens(world, d.KEEP_NEED, day, i, keep))
    resident.clicked = False
    if bought:
        whole, rest = s.event.stock_on(day)
        resident.stock += whole + _happens(world, d.STOCK_UP, day, i, rest)
    if resident.ordered:
        _afterwards(world, day, i, resident, newly, pleased, [bought, *more])
    _renew(world, day, i, resident)


def _happens(world: World, decision: Decision, day: int, i: int, probability: float) -> bool:
    return world.happens(decision, day, i, min(float(probability), 1.0))


def _income_class(world: World, i: int) -> int:
    price = world.scenario.price
    return world.of_class(Decision.INCOME_CLASS, i) if price.elasticity and price.income_sigma else 0


def _need_class(world: World, i: int) -> int:
    return world.of_class(Decision.NEED_CLASS, i) if world.scenario.need.sigma else 0


def _needs(world: World, day: int, i: int, resident: Resident) -> bool:
    """Whether she needs the category today, anew or still."""
    s = world.scenario
    if resident.business:
        return world.happens(Decision.NEED, day, i, s.business.need)
    rate = float(s.need.rates(s.shock.factor(day))[_need_class(world, i)])
    return world.happens(Decision.NEED, day, i, rate) or resident.pending


def _step_on(world: World, day: int, i: int, resident: Resident, persuaded: bool) -> bool:
    """A business buyer's decision goes on, or starts again; whether it has come to the deal."""
    business = world.scenario.business
    if persuaded:
        if world.happens(Decision.STEP_ON, day, i, business.step_chance()):
            resident.phase += 1
        if resident.phase == business.steps:
            resident.phase = 0
            return True
    elif resident.phase and world.happens(Decision.START_AGAIN, day, i, business.restart):
        resident.phase = 0
    return False


def _afterwards(
    world: World, day: int, i: int, resident: Resident, newly: bool, pleased: bool, goods: list[bool]
) -> None:
    """Trust in who sold, the code on what was bought, the next category, friends to invite."""
    s, d = world.scenario, Decision
    m, worth = s.membership, [s.price.price, s.ladder.daily_price, s.ladder.durable_price]
    if resident.business:
        worth[0] *= s.business.value
    many = [1 + resident.stock, 1, 1]  # what she needs today, and what she brings forward
    event = s.event.discount_on(day)
    off = m.discounts(event)[resident.tier]
    paid = sum(round(w * 100 * (1 - off)) * n for w, g, n in zip(worth, goods, many, strict=True) if g)
    world.sales += paid
    _, _, channel, shop = resident.touch
    if channel == 12:
        for row, more in enumerate((newly, 1, paid)):
            world.by_shop[shop - 1][row] += more
    seller = _seller(world, resident)
    if seller is not None:
        _pay_commission(world, seller, paid)
    resident.orders += 1
    if newly:
        resident.won = credit(world, resident)
    faith = _repay_trust(world, day, i, resident, pleased)

    if m.scan:
        if resident.tier == 2:
            full = sum(round(w * 100) * n for w, g, n in zip(worth, goods, many, strict=True) if g)
            resident.saved = int(min(resident.saved + np.rint(full * (m.discount_paid * (1 - event) / 10)), 65535))
        eager = s.need.relative()[_need_class(world, i)] ** m.selection if s.need.sigma else 1.0
        before = resident.tier
        if world.happens(d.SCAN, day, i, m.scan) and before == 0 and _happens(world, d.JOIN, day, i, m.join * eager):
            resident.tier = 1
            follow(world, i)
        if before == 1 and _happens(world, d.UPGRADE, day, i, m.upgrade * eager):
            resident.tier, resident.joined, resident.saved = 2, day, 0
    if pleased and resident.breadth < 2 and _happens(world, d.CLIMB, day, i, s.ladder.step * (faith / 255)):
        resident.breadth += 1
    rate = s.invitation.rate * (faith / 255) ** s.invitation.trust_exponent
    resident.invites = pleased and i not in world.speakers() and _happens(world, d.INVITE_NOW, day, i, rate)


def _pay_commission(world: World, k: int, paid: int) -> None:
    """The KOC who sold, and who recruited her, get their shares, unless they have left."""
    s, kocs = world.scenario, world.firm.kocs
    world.sold[k] += 1
    if kocs[k].state == "active":
        world.income[k] += round(paid * (s.money.commission + (s.tiers.bonus if kocs[k].elite else 0.0)))
        above = kocs[k].raised_by
        if above >= 0 and kocs[above].state == "active":
            world.income[above] += round(paid * s.recruiting.override)


def _seller(world: World, resident: Resident) -> int | None:
    """The KOC who was heard last, if it was one."""
    _, _, channel, index = resident.touch
    if channel < 7 and index:
        return max(k for k, at in enumerate(world.first_tie[:-1]) if at <= index - 1)
    return None


def _repay_trust(world: World, day: int, i: int, resident: Resident, pleased: bool) -> int:
    """Trust in the KOC or shop that was heard last, before this order moves it; 255 where neither was."""
    channel = resident.touch[2]
    change = world.scenario.trust.sale_changes()[0 if pleased else 1]
    luck = mix32(stream(world.seed, Decision.TRUST_ORDER, day), i) >> 16
    k = _seller(world, resident)
    if k is not None:
        faith = world.trust[k, i]
        if world.scenario.moves_trust:
            world.trust[k, i] = min(max(faith + ((change + luck) >> 16), 0), 255)
        return faith
    if channel == 12:
        faith = resident.shop_trust
        resident.shop_trust = min(max(faith + ((change + luck) >> 16), 0), 255)
        return faith
    return 255


def _renew(world: World, day: int, i: int, resident: Resident) -> None:
    """A paying member's year is over: she renews, or falls back to the free tier."""
    m = world.scenario.membership
    if resident.tier == 2 and day > resident.joined and (day - resident.joined) % YEAR == 0:
        share = min(1.0, resident.saved / (m.fee * 10)) if m.fee else 1.0
        if not _happens(world, Decision.RENEW, day, i, m.renewal + m.statement * share):
            resident.tier = 1
        resident.saved = 0


def deliver_goods(world: World) -> None:
    """Each place to which anything is brought today costs a stop, and each order its own."""
    delivery = world.scenario.delivery
    brought = [world.point[i] for i, resident in enumerate(world.residents) if resident.ordered]
    world.delivered += len(set(brought)) * round(delivery.stop * 100) + len(brought) * round(delivery.order * 100)
