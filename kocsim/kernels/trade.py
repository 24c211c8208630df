"""Buying where residents differ: in need, income, segment, tier and basket; and what an order leaves behind.

`trade` does what `kocsim.kernels.residents.buy` does where all buy alike. Most residents on most days need nothing, so
this is a loop with early exits and not a pass of vectors.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, uint8, uint16, uint32, uint64

from kocsim.kernels.bits import helper, high, jit, low, mix32
from kocsim.kernels.broadcasts import BUSINESS, CLICKED, PENDING, follow
from kocsim.kernels.residents import (
    BLOCK,
    GONE,
    NEW,
    RETURNED,
    count_bytes,
    digest,
    identify,
    weigh,
)
from kocsim.kernels.touches import INDEX, KOC_CHANNELS, _row, credit_of
from kocsim.stages import NEVER, Stage

UNAWARE, AWARE, IDENTIFIED, CUSTOMER, REPEAT, LAPSED = (int(stage) for stage in Stage)
ORDERED, PLEASED, ENTRY, DAILY, DURABLE = 1, 16, 128, 32, 64
"""Bits of a fate beside `NEW`, `RETURNED` and `GONE`: ordered; it satisfied; what was in the order."""
TALLY = 23
"""Consumers: 0 leads, 1 screening, 2 intent, 3 deals; businesses: 4-7 the same. 8 sales (fen), 9 orders that satisfied,
10 orders of businesses, 11 first orders after a click, 12 new members, 13 new paying members, 14 renewals, 15 not
renewed,
16 codes scanned, 17 new followers, 18 second and third categories added, 19 customers who invite, 20 sales at list
price (fen), 21 orders brought forward, 22 needs or orders met from stock."""
SHOP_VISIT = 12
NEEDS_BLOCK = 1024


@helper
def _draw(key, i):
    """31 random bits for a resident."""
    return mix32(low(key), high(key), uint32(i)) >> uint32(1)


@helper
def _class(key, i, many):
    """Class of a resident, of 256; 0 where all are alike."""
    return mix32(low(key), high(key), uint32(i)) >> uint32(24) if many else uint32(0)


@helper
def _needs(needy, flags, key, class_key, chances, business_chance, by_class, lo, hi):
    """Who needs the category today, anew or still: in loops of one thing each, of which the draws vectorise."""
    k0, k1, c0, c1 = low(key), high(key), low(class_key), high(class_key)
    drawn = np.empty(NEEDS_BLOCK, np.uint32)
    for x in range(uint64(hi - lo)):
        drawn[x] = mix32(k0, k1, uint32(lo + x)) >> uint32(1)
    if by_class:
        for x in range(uint64(hi - lo)):
            needy[x] = uint8(mix32(c0, c1, uint32(lo + x)) >> uint32(24))
        for x in range(uint64(hi - lo)):
            needy[x] = uint8(drawn[x] < chances[needy[x]])
    else:
        for x in range(uint64(hi - lo)):
            needy[x] = uint8(drawn[x] < chances[0])
    for x in range(uint64(hi - lo)):
        f = flags[lo + x]
        at_work = uint8(drawn[x] < business_chance)
        needy[x] = at_work if f & uint8(BUSINESS) else needy[x] | uint8((f & uint8(PENDING)) != 0)


@helper
def _further(key, i, whole, rest):
    """How many further orders one order brings forward."""
    return uint8(int64(whole) + int64(_draw(key, i) < rest))


@jit
def trade(
    people, dates, day, slack, kinds, keys, chances, stocking, collecting, elsewhere, counts, tally, digest_key, lo, hi
):
    """Needs, orders and lapsing of the residents lo..hi.

    Parameters
    ----------
    people : (stage, evidence, sources, kocs, threshold, fate, flags, phase, tier, breadth)
        The last three are empty where nobody differs.
    dates : (day_aware, day_identified, day_customer)
    kinds : (needs differ, incomes differ)
    keys : need, buy, lapse, need class, income class, keep, daily, durable, convert, step on, start again, pleased,
        upset
    chances : (need, first, repeat, back, convert, lapse, keep, business need, step, steps, restart, daily, durable,
        pleased, upset, values)
        Of 2**31: by class of need; by tier and class of income (four tables); by tier. ``values`` in fen, by tier and
        at last the list price: an order of a consumer, of a business, daily goods, durables.
    stocking : (stock, key, whole, rest, any need)
        Orders at home, uint8, empty where nobody stocks up; an order today brings ``whole`` further ones forward, and
        one more with a chance of ``rest``. What is at home meets any need, or else what would have been an order.
    collecting : (community, chance, key)
        Chance that a consumer of a community goes through with an order; empty where nobody has a way to go.
    elsewhere : uint8
        1 for residents who turn to another brand today; empty without rivals.
    counts, tally : int64
        See `kocsim.kernels.residents` and `TALLY`.
    """
    stage, evidence, sources, kocs, threshold, fate, flags, phase, tier, breadth = people
    day_aware, day_identified, day_customer = dates
    by_need, by_income = kinds
    (k_need, k_buy, k_lapse, k_need_class, k_income, k_keep, k_daily, k_durable, k_convert, k_step, k_again, k_pleased,
     k_upset) = keys
    (c_need, c_first, c_repeat, c_back, c_convert, c_lapse, keep, c_business, c_step, steps, c_restart, c_daily,
     c_durable, c_pleased, c_upset, values) = chances
    stock, k_stock, further, rest, any_need = stocking
    community, c_collect, k_collect = collecting
    listed = values.shape[1] - 1
    needy = np.empty(NEEDS_BLOCK, np.uint8)
    for i in range(uint64(lo), uint64(hi)):
        x = (i - uint64(lo)) & uint64(NEEDS_BLOCK - 1)
        if x == uint64(0):
            _needs(needy, flags, k_need, k_need_class, c_need, c_business, by_need, i, min(i + NEEDS_BLOCK, uint64(hi)))
        s = int64(stage[i])
        f = flags[i]
        business = (f & uint8(BUSINESS)) != 0
        row = 4 if business else 0
        fate[i] = uint8(0)
        if day_aware[i] == uint16(day):
            tally[row] += 1
        if business and day_identified[i] == uint16(day):
            tally[5] += 1
        needs = needy[x] != uint8(0) and not (elsewhere.size and elsewhere[i])
        active = s in (CUSTOMER, REPEAT)
        if (not active and not (needs or business)) or (s == UNAWARE and keep == 0):
            flags[i] = f & ~uint8(CLICKED)
            continue
        t = uint64(tier[i]) if tier.size else uint64(0)
        rich = _class(k_income, i, by_income)
        new = again = by_click = False
        what = uint8(0)
        if business and s == IDENTIFIED:
            if float64(evidence[i]) + slack >= float64(threshold[i]):
                if _draw(k_step, i) < c_step:
                    phase[i] += uint8(1)
                    tally[6] += phase[i] == uint8((steps + 1) // 2)
                    new = phase[i] == uint8(steps)
                    phase[i] = uint8(0) if new else phase[i]
            elif phase[i] and _draw(k_again, i) < c_restart:
                phase[i] = uint8(0)
        elif needs and any_need and stock.size and stock[i]:
            stock[i] -= uint8(1)
            tally[22] += 1
            needs = False
        elif needs:
            luck = _draw(k_buy, i)
            if s in (AWARE, IDENTIFIED):
                tally[row + 1] += not business
                tally[row + 2] += s == IDENTIFIED and not business
                new = s == IDENTIFIED and luck < c_first[t, rich]
                if not new and not business and (f & uint8(CLICKED)) and _draw(k_convert, i) < c_convert[t, rich]:
                    new = by_click = True
            elif active:
                again = luck < c_repeat[t, rich]
            elif s == LAPSED:
                again = (
                    luck < c_back[t, rich] and float64(evidence[i]) + slack >= float64(threshold[i])
                )
                if again:
                    what |= RETURNED
        if new or again:
            if c_collect.size and not business and _draw(k_collect, i) >= c_collect[community[i]]:
                new = again = by_click = False
                what = uint8(0)
            elif again and stock.size and stock[i]:
                stock[i] -= uint8(1)
                tally[22] += 1
                needs = again = False
                what = uint8(0)
        bought = new or again
        if bought:
            what |= uint8(ENTRY)
            tally[11] += by_click
            if stock.size:
                stock[i] += _further(k_stock, i, further, rest)
                tally[21] += stock[i]
        if active and breadth.size and breadth[i]:
            # daily goods and durables are needed each for itself, and bought as readily as any repeat order
            willing = _draw(k_buy, i) < c_repeat[t, rich]
            if willing and c_collect.size and not business:
                willing = _draw(k_collect, i) < c_collect[community[i]]
            if willing and _draw(k_daily, i) < c_daily:
                what |= uint8(DAILY)
            if willing and breadth[i] > uint8(1) and _draw(k_durable, i) < c_durable:
                what |= uint8(DURABLE)
        after = s
        if new:
            after = CUSTOMER
        elif what & uint8(ENTRY | DAILY | DURABLE):
            after = REPEAT
        if what & uint8(ENTRY | DAILY | DURABLE):
            what |= uint8(ORDERED)
            counts[9] += 1
            tally[10] += business
            for kind, bit in ((1 if business else 0, ENTRY), (2, DAILY), (3, DURABLE)):
                if what & uint8(bit):
                    units = int64(stock[i]) + 1 if bit == ENTRY and stock.size else 1
                    tally[8] += values[kind, t] * units
                    tally[20] += values[kind, listed] * units
            if new and day_customer[i] == uint16(NEVER):
                day_customer[i] = uint16(day)
                what |= NEW
                counts[8] += 1
                tally[row + 3] += 1
            if _draw(k_pleased, i) < c_pleased:
                what |= uint8(PLEASED)
                tally[9] += 1
            elif _draw(k_upset, i) < c_upset:
                what |= GONE
            if what & RETURNED:
                counts[12] += 1
        if active and _draw(k_lapse, i) < c_lapse[t]:
            what |= GONE
        if what & GONE:
            after = LAPSED
            counts[11] += 1
        unmet = keep > 0 and not business and needs and not bought and _draw(k_keep, i) < keep
        flags[i] = uint8((f & ~uint8(CLICKED | PENDING)) | (uint8(PENDING) if unmet else uint8(0)))
        stage[i] = uint8(after)
        fate[i] = what
    counts[10] = counts[9] - counts[8]
    for b in range(lo, hi, BLOCK):
        stop = min(b + BLOCK, hi)
        for s in range(6):
            counts[s] += count_bytes(stage, 255, s, b, stop)
        counts[26] += digest(stage, evidence, sources, kocs, digest_key, b, stop)


@jit
def weigh_and_identify(
    stage, evidence, sources, kocs, week, today, threshold, day_aware, day_identified, day, sums, first, further,
    repeat, retention, slack, hysteresis, counts, lo, hi,
):
    """`weigh` and `identify`, a block of residents at a time."""
    for b in range(lo, hi, BLOCK):
        stop = min(b + BLOCK, hi)
        weigh(
            stage, evidence, sources, kocs, week, today, day_aware, sums, day,
            first, further, repeat, retention, counts, b, stop,
        )
        identify(stage, evidence, threshold, day_identified, day, slack, hysteresis, counts, b, stop)


@helper
def _moved(have, change, luck):
    """Trust after a change in 1/65536, rounded by lot (16 bits)."""
    return uint8(min(max(int64(have) + ((change + int64(luck)) >> 16), 0), 255))


@jit
def afterwards(
    who, people, ties, memory, moves, joining, climbing, inviting, keys, values, sold, credited, tally, day, lo, hi
):
    """What the orders of the residents ``who[lo:hi]`` leave behind: trust, membership, baskets, invitations.

    Parameters
    ----------
    people : (fate, flags, tier, joined, saved, breadth, won, orders, invites, is_koc, stock)
    ties : (trust, strength as koc_ties, trust in shops, offsets, entity)
    memory : (touch, first, met)
    moves : (change of trust by an order that satisfies, and by one that does not), in 1/65536
    joining : (scan, join, upgrade, needs differ, room): chances by class of need
    climbing, inviting : uint32, shape (256,)
        Chances by trust in who sold. ``inviting`` of a KOC is never asked.
    keys : trust, need class, scan, join, upgrade, climb, invite, followed
    values : (fen without discount, by kind of order; share of it that paying members save; fen by kind and tier)
    sold : (paid, seller, listed, shop)
        Of each of ``who``: gets what she paid, in fen, and the number of the KOC who sold, -1 for none; the same at
        list price, and the shop whose visit was the last touch, -1 for none.
    credited : int64, shape (6, channels + 1)
        Adds first orders and orders by last touch, the same by first touch, sales (fen) by last touch, and first
        orders of those who had heard on a channel.
    """
    fate, flags, tier, joined, saved, breadth, won, orders, invites, is_koc, stock = people
    paid, seller, listed, shop = sold
    trust, koc_ties, shop_trust, offsets, entity = ties
    touch, first, met = memory
    scan, join, upgrade, by_need, room = joining
    k_trust, k_class, k_scan, k_join, k_upgrade, k_climb, k_invite, k_followed = keys
    worth, off, price = values
    last_channel = credited.shape[1] - 1
    for x in range(lo, hi):
        i = uint64(who[x])
        what = fate[i]
        pleased = (what & uint8(PLEASED)) != 0
        orders[i] = uint16(min(uint32(orders[i]) + uint32(1), uint32(65535)))
        # who sold
        last = touch[i] if touch.size else uint64(0)
        channel = int64((last >> uint64(35)) & uint64(31)) if last else last_channel
        index = last & uint64(INDEX)
        earlier = last_channel
        if touch.size and first[i] != uint32(0xFFFFFFFF):
            earlier = int64((first[i] >> uint32(24)) & uint32(31))
        new = (what & NEW) != 0
        t = uint64(tier[i]) if tier.size else uint64(0)
        row = 1 if flags[i] & uint8(BUSINESS) else 0
        units = 1 + int64(stock[i]) if stock.size else int64(1)  # had there been any, she would not have bought
        credited[1, channel] += 1
        credited[3, earlier] += 1
        for kind, bit in ((row, ENTRY), (2, DAILY), (3, DURABLE)):
            if what & uint8(bit):
                many = units if bit == ENTRY else int64(1)
                credited[4, channel] += price[kind, t] * many
                paid[x] += price[kind, t] * many
                listed[x] += worth[kind] * many
        if new:
            credited[0, channel] += 1
            credited[2, earlier] += 1
            if touch.size:
                won[i] = credit_of(last, offsets, entity)
                for c in range(last_channel):
                    credited[5, c] += int64((met[i] >> uint32(c)) & uint32(1))
        faith = uint64(255)
        change = moves[0] if pleased else moves[1]
        luck = mix32(low(k_trust), high(k_trust), uint32(i)) >> uint32(16)
        if last and channel < KOC_CHANNELS and index > uint64(0):
            e = index - uint64(1)
            seller[x] = _row(offsets, int64(e))
            if trust.size:
                faith = uint64(trust[e])
                trust[e] = _moved(trust[e], change, luck)
            else:
                faith = uint64(koc_ties[e] >> uint32(24))
        elif last and channel == SHOP_VISIT:
            shop[x] = int64(index) - 1
            faith = uint64(shop_trust[i])
            shop_trust[i] = _moved(shop_trust[i], change, luck)
        # membership
        if tier.size:
            if t == uint64(2):
                sum_ = int64(0)
                if what & uint8(ENTRY):
                    sum_ += worth[row] * units
                if what & uint8(DAILY):
                    sum_ += worth[2]
                if what & uint8(DURABLE):
                    sum_ += worth[3]
                saved[i] = uint16(min(float64(saved[i]) + np.rint(sum_ * off), 65535.0))
            cls = _class(k_class, i, by_need)
            if _draw(k_scan, i) < scan:
                tally[16] += 1
                if t == uint64(0) and _draw(k_join, i) < join[cls]:
                    tier[i] = uint8(1)
                    tally[12] += 1
                    tally[17] += follow(flags, room, k_followed, i)
            if t == uint64(1) and _draw(k_upgrade, i) < upgrade[cls]:
                tier[i] = uint8(2)
                joined[i] = uint16(day)
                saved[i] = uint16(0)
                tally[13] += 1
        if pleased and breadth.size and breadth[i] < uint8(2) and _draw(k_climb, i) < climbing[faith]:
            breadth[i] += uint8(1)
            tally[18] += 1
        invited = pleased and not is_koc[i] and _draw(k_invite, i) < inviting[faith]
        invites[x] = uint8(invited)
        tally[19] += invited


@jit
def renew(tier, joined, saved, day, year, key, base, statement, fee, tally, lo, hi):
    """Paying members whose year is over renew or fall back.

    ``base`` and ``statement`` are probabilities, ``fee`` is in 0.1 yuan.
    """
    for i in range(uint64(lo), uint64(hi)):
        if tier[i] == uint8(2) and day > joined[i] and (day - int64(joined[i])) % year == 0:
            share = min(1.0, float64(saved[i]) / fee) if fee > 0 else 1.0
            if _draw(key, i) < uint32(min(base + statement * share, 1.0) * 2147483648.0):
                tally[14] += 1
            else:
                tier[i] = uint8(1)
                tally[15] += 1
            saved[i] = uint16(0)


@jit
def businesses(flags, key, chance, is_koc, lo, hi):
    """Who buys for a business."""
    for i in range(uint64(lo), uint64(hi)):
        if not is_koc[i] and _draw(key, i) < chance:
            flags[i] |= uint8(BUSINESS)
