"""Posts on their way: who gets them, and who sees them.

All kernels push from the author to the audience, because few post and many are exposed. A tie is one u32 (receiver
in the low 24 bits, strength in the high 8). A row is worked on in blocks: first a loop without branches that
draws for every tie and that the compiler vectorises, then the ties that were hit are gathered, then the hits
are added up. Each hit is one 64-bit addition to its receiver:

``sums[i]`` (news), posts from sources that resident i sees for the first time ever:
    bits 48-63 distinct KOCs, bits 32-47 distinct sources, bits 0-31 weight
``sums[n + i]`` (olds), all other posts seen:
    bits 48-63 distinct KOCs, bits 32-47 change in the number of KOCs seen within seven days (two's complement),
    bits 0-31 weight

A weight is strength byte x weight units <= 255 x 256, so 65,535 posts seen by one resident on one day fit.

The state of a KOC's tie is a byte: bit 7 "ever seen", bits 0 to 6 "seen today, yesterday, ... six days ago".
The state of a friend's tie and of a membership is one bit, "heard before"; the bits of row r begin at byte
``offsets[r] // 8 + r``, so that no two rows share a byte and no two threads ever write the same one.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int32, int64, uint8, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32

BLOCK = 1024
WEEK_LEFT = (1 << 64) - (1 << 32)
SELLING, SERVICE, NOISE, DISCLOSED = 0, 1, 2, 3
WEEK = 7


@jit
def add_where(out, entity, key, threshold):
    """out[q] += 1 where entity q's draw falls below `threshold`."""
    k0, k1 = low(key), high(key)
    for q in range(entity.size):
        out[q] += uint8((mix32(k0, k1, uint32(entity[q])) >> uint32(1)) < threshold)


@jit
def sharers(stage, lo_stage, hi_stage, is_koc, key, threshold, out, hit, lo, hi):
    """Residents of lo..hi in stages lo_stage..hi_stage, not KOCs, whose draw falls below `threshold`.

    Writes them ascending to `out` from position `lo` on (so that ranges of residents never collide) and returns
    how many.
    """
    k0, k1 = low(key), high(key)
    words = hit.view(np.uint64)
    n = uint64(lo)
    for b in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - b)
        for x in range(m):
            i = uint64(b + x)
            s = stage[i]
            hit[uint64(x)] = (
                uint8(s >= lo_stage)
                & uint8(s <= hi_stage)
                & uint8((mix32(k0, k1, uint32(i)) >> uint32(1)) < threshold)
                & (uint8(is_koc[i]) ^ uint8(1))
            )
        for x in range(m, (m + 7) // 8 * 8):
            hit[uint64(x)] = uint8(0)
        # few share: look at eight at a time
        for word in range((m + 7) // 8):
            if words[word]:
                for x in range(word * 8, word * 8 + 8):
                    if hit[uint64(x)]:
                        out[n] = b + x
                        n += uint64(1)
    return int64(n) - lo


@jit
def choose_groups(who, of, of_offsets, key_post, threshold, key_which, group):
    """The group each sharer also posts to, drawn evenly from hers; -1 for none."""
    p0, p1 = low(key_post), high(key_post)
    w0, w1 = low(key_which), high(key_which)
    for q in range(who.size):
        i = int64(who[q])
        n = of_offsets[i + 1] - of_offsets[i]
        group[q] = -1
        if n > 0 and (mix32(p0, p1, uint32(i)) >> uint32(1)) < threshold:
            u = uint64(mix32(w0, w1, uint32(i)) >> uint32(1))
            group[q] = of[of_offsets[i] + int64((u * uint64(n)) >> uint64(31))]


@jit
def deliver_changes(arrived, before, now, offsets, ties, via, muted, lo, hi):
    """Bring `arrived` (load units, u32) from yesterday's posts of KOC rows lo..hi to today's.

    ``before`` and ``now`` (int64, two rows of KOCs) are the units that a KOC's posts add to the feed of a contact,
    and of a member of her groups. ``muted`` (uint8, a tie, or empty): not 0 for ties over which nothing is heard.
    """
    for q in range(lo, hi):
        c = now[0, q] - before[0, q]
        g = now[1, q] - before[1, q]
        if c == 0 and g == 0:
            continue
        uc, ug = uint32(c), uint32(g)
        if muted.size:
            for e in range(uint64(offsets[q]), uint64(offsets[q + 1])):
                v = uint32(via[e]) * uint32(muted[e] == uint8(0))
                arrived[uint64(ties[e] & uint32(ID_MASK))] += (v & uint32(1)) * uc + (v >> uint32(1)) * ug
            continue
        for e in range(uint64(offsets[q]), uint64(offsets[q + 1])):
            v = uint32(via[e])
            arrived[uint64(ties[e] & uint32(ID_MASK))] += (v & uint32(1)) * uc + (
                v >> uint32(1)
            ) * ug


@helper
def share_of(few, many):
    """Chance of 2**31 that one of `many` is among the `few` that are drawn."""
    return uint32(min(int64(few * 2.0**31 / float64(max(many, 1))), int64(1 << 31)))


@jit
def deliver_rows(arrived, rows, loads, offsets, ties, lo, hi):
    """Add a post's load (``loads``, an entry a row) for every tie of the rows ``rows[lo:hi]``."""
    for q in range(lo, hi):
        r = rows[q]
        u = uint32(loads[q])
        for e in range(uint64(offsets[r]), uint64(offsets[r + 1])):
            arrived[uint64(ties[e] & uint32(ID_MASK))] += u


@jit
def deliver_group_posts(arrived, author, group, load, offsets, ties, lo, hi):
    """As `deliver_rows`, for posts of members: not to the author."""
    u = uint32(load)
    for q in range(lo, hi):
        g = group[q]
        me = uint32(author[q])
        for e in range(uint64(offsets[g]), uint64(offsets[g + 1])):
            j = ties[e] & uint32(ID_MASK)
            arrived[uint64(j)] += u * uint32(j != me)


@jit
def attend(share, rough, tops, koc_arrived, arrived, attention, looks, lo, hi):
    """What share of the day's posts each resident gets to, and the chance to see one post, channel by channel.

    ``share`` (float64) is what of the feed the day's attention holds. A row of ``rough`` (uint8) gets the upper 8
    bits of the chances on one channel, and ``tops`` the highest of them. ``looks`` says what else the chance depends
    on; see `_chance`. `koc_arrived` and `arrived` have a row a thread, in units of 1/256 post; `arrived` is emptied.

    ``attention`` is ``(contacts, budget, background, further, further_key)``: budget and background by number of
    contacts, and what is added to the background by class, of 256, or nothing.
    """
    visit_key, visit, member_key, member, view = looks
    contacts, budget, background, further, further_key = attention
    f0, f1 = low(further_key), high(further_key)
    feed = np.empty(BLOCK, np.float64)
    threads = arrived.shape[0]
    for b in range(lo, hi, BLOCK):
        stop = uint64(min(b + BLOCK, hi))
        for t in range(1, threads):
            for i in range(uint64(b), stop):
                arrived[0, i] += arrived[t, i]
                arrived[t, i] = uint32(0)
        for t in range(threads):
            for i in range(uint64(b), stop):
                arrived[0, i] += koc_arrived[t, i]
        for x in range(stop - uint64(b)):
            i = uint64(b) + x
            feed[x] = float64(arrived[0, i]) * (1.0 / 256.0)
            arrived[0, i] = uint32(0)
        if further.size:
            for x in range(stop - uint64(b)):
                i = uint64(b) + x
                rest = background[contacts[i]] + further[mix32(f0, f1, uint32(i)) >> uint32(24)]
                feed[x] += float64(float32(rest))
        else:
            for x in range(stop - uint64(b)):
                feed[x] += float64(background[contacts[uint64(b) + x]])
        for x in range(stop - uint64(b)):
            i = uint64(b) + x
            room = float64(budget[contacts[i]])
            # at most 1 by comparison, not by division: an empty feed is attended in full
            share[i] = room / feed[x] if room < feed[x] else 1.0
        for c in range(tops.size):
            row = rough[c]
            v0, v1, limit, some = low(visit_key[c]), high(visit_key[c]), visit[c], view[c]
            top = uint32(0)
            if member[c] < uint32(1 << 31):
                m0, m1 = low(member_key[c]), high(member_key[c])
                for i in range(uint64(b), stop):
                    there = uint32((mix32(v0, v1, uint32(i)) >> uint32(1)) < limit)
                    there &= uint32((mix32(m0, m1, uint32(i)) >> uint32(1)) < member[c])
                    see = there * uint32(int64(share[i] * some))
                    top = max(top, see)
                    row[i] = min(see >> uint32(23), uint32(255))
            else:
                for i in range(uint64(b), stop):
                    there = uint32((mix32(v0, v1, uint32(i)) >> uint32(1)) < limit)
                    see = there * uint32(int64(share[i] * some))
                    top = max(top, see)
                    row[i] = min(see >> uint32(23), uint32(255))
            tops[c] = max(tops[c], top)


@helper
def _chance(share, looks, c, i):
    """Chance of 2**31 that resident i sees one post on channel c today: 0 unless she is there and looks.

    ``looks`` holds, an entry a channel, the key and the chance of looking, the key and the chance of being on the
    platform at all (chances of 2**31), and the chance that what her attention holds registers, x 2**31.
    """
    visit_key, visit, member_key, member, view = looks
    there = (mix32(low(visit_key[c]), high(visit_key[c]), i) >> uint32(1)) < visit[c]
    there &= (mix32(low(member_key[c]), high(member_key[c]), i) >> uint32(1)) < member[c]
    return uint32(int64(share[uint64(i)] * view[c])) if there else uint32(0)


@helper
def _who_sees(ties, start, size, c, feed, pk, work):
    """Positions (from `start`) of the ties over which a post on channel c is seen, in ``work[3]``; returns how many.

    ``feed`` is what `attend` left: ``(share, rough, tops, looks)``. What lies above the highest chance of anybody is
    out without looking up the receiver. `rough` holds the upper 8 bits of every chance: an eighth of the memory, and
    enough to decide all but one tie in 256. Each loop does one thing, so that the loads from far memory of one loop
    do not wait for each other.
    """
    share, rough, tops, looks = feed
    luck, found, near, hits = work[0], work[1], work[2], work[3]
    k0, k1 = low(pk), high(pk)
    bound = tops[c]
    row = rough[c]
    for x in range(size):
        luck[x] = mix32(k0, k1, ties[start + x] & uint32(ID_MASK)) >> uint32(1)
    n = uint64(0)
    for x in range(size):
        found[n] = x
        n += uint64(luck[x] < bound)
    for x in range(n):
        near[x] = row[uint64(ties[start + uint64(found[x])] & uint32(ID_MASK))]
    m = uint64(0)
    undecided = uint64(0)
    for y in range(n):
        x = found[y]
        upper = luck[uint64(x)] >> uint32(23)
        hits[m] = x
        m += uint64(upper < near[y])
        found[undecided] = x
        undecided += uint64(upper == near[y])
    for y in range(undecided):
        x = uint64(found[y])
        hits[m] = x
        m += uint64(luck[x] < _chance(share, looks, c, ties[start + x] & uint32(ID_MASK)))
    return m


@helper
def _who_gets(ties, start, size, c, feed, only_key, bound, pk, work):
    """As `_who_sees`, for a post that goes only to those whose draw falls below `bound` (a chance of 2**31)."""
    share, looks = feed[0], feed[3]
    luck, found, hits = work[0], work[1], work[3]
    k0, k1, p0, p1 = low(only_key), high(only_key), low(pk), high(pk)
    for x in range(size):
        luck[x] = mix32(k0, k1, ties[start + x] & uint32(ID_MASK)) >> uint32(1)
    n = uint64(0)
    for x in range(size):
        found[n] = x
        n += uint64(luck[x] < bound)
    m = uint64(0)
    for y in range(n):
        r = ties[start + uint64(found[y])] & uint32(ID_MASK)
        hits[m] = found[y]
        m += uint64((mix32(p0, p1, r) >> uint32(1)) < _chance(share, looks, c, r))
    return m


@helper
def _note(log, at, ties, start, m, hits):
    """Note who saw a post, and over which tie; returns where the next one goes."""
    to, over = log
    for x in range(m):
        e = start + uint64(hits[x])
        to[at + x] = ties[e] & uint32(ID_MASK)
        over[at + x] = e
    return at + m


@helper
def _add_up(sums, to, what, size):
    for x in range(size):
        sums[uint64(to[x])] += what[x]


@helper
def _age(state, ties, olds, start, size, left, work):
    """One day later: shift the week of a block of ties, and take those that leave it off their receivers."""
    for x in range(size):
        s = state[start + x]
        state[start + x] = (s & uint8(0x80)) | (uint8(s << uint8(1)) & uint8(0x7F))
        left[x] = uint8((s & uint8(0x7F)) == uint8(0x40))
    to = work[0]
    n = uint64(0)
    for x in range(size):
        to[n] = ties[start + x] & uint32(ID_MASK)
        n += uint64(left[x])
    for x in range(n):
        olds[uint64(to[x])] += uint64(WEEK_LEFT)


@jit
def draw_kinds(entity, posts, post_at, keys, service, noise, disclosed, kind):
    """Kind of every post, KOC after KOC, channel after channel; bounds are chances of 2**31.

    ``posts`` (channels, KOCs), a key a channel. See `kocsim.mechanisms.content`.
    """
    for q in range(entity.size):
        at = post_at[q]
        for c in range(keys.size):
            for turn in range(posts[c, q]):
                pk = entity_key(keys[c], entity[q], turn)
                luck = mix32(low(pk), high(pk), uint32(0)) >> uint32(1)
                other = NOISE if luck < noise else DISCLOSED if luck < disclosed else SELLING
                kind[at] = SERVICE if luck < service else other
                at += 1


@helper
def _return(trust, ties, start, size, key, share):
    """One week later: trust of a block of ties comes a share (of 65536) of the way back to their strength.

    Every operation is cast back to 32 bits, without which Numba computes in 64 and the loop is not vectorised.
    """
    k0, k1 = low(key), high(key)
    back = int32(share)
    for x in range(size):
        tie = ties[start + x]
        have = int32(trust[start + x])
        step = int32(int32(int32(tie >> uint32(24)) - have) * back)
        luck = int32(mix32(k0, k1, tie & uint32(ID_MASK)) >> uint32(16))
        trust[start + x] = uint8(int32(have + int32(int32(step + luck) >> int32(16))))


@helper
def _moved(have, change, luck):
    """Trust after a change in 1/65536, rounded by lot (16 bits)."""
    return min(max(have + ((change + luck) >> 16), 0), 255)


@jit
def see_kocs(sums, views, state, audience, plan, feed, keys, trusting, addressed, log, arrived, loads, work, add, left,
             seen, lo, hi):
    """Posts of KOC rows lo..hi: who sees them. Adds them to ``seen``, by channel; returns the number of ties muted.

    Parameters
    ----------
    sums, state
        See the module.
    views : int64, a KOC
        Gets how many times her posts were seen.
    audience : (offsets, spans, ties, via, entity)
        Row q's contacts are ties ``offsets[q] .. spans[q, 0]``, the members of its groups ``spans[q, 1] ..
        offsets[q+1]``; ``entity[q]`` is the resident.
    plan : (posts, span, post_at, weight, change, sells)
        ``posts`` (channels, KOCs); a channel's ``span`` is 0 for contacts, 1 for members. Row q's posts are
        ``post_at[q] ..``, channel after channel: ``weight`` in weight units (persuasiveness x quality x kind), how much
        trust each moves, in 1/65536, and whether it sells.
    feed
        See `_who_sees`.
    keys : (see, trust, mute)
        A key a channel each.
    trusting : (trust, gate, returning, weekday, key_return, muted, mute)
        ``trust`` (uint8, a tie) replaces strength where it is not empty, and moves with every post seen; what sells
        over a tie of trust below ``gate`` carries nothing. ``muted`` (uint8, a tie, or empty): not 0 where nothing is
        heard, see `kocsim.kernels.pools`. ``mute`` a chance of 2**31: who mutes sees no further post, and what the KOC
        put into her feed is taken off `arrived`.
    addressed : (channel, key, chance)
        On that channel (-1: none) a post goes only to those whose draw falls below the KOC's chance.
    log : (to, over, end)
        Receivers, ties and, for every post, where its part of them ends; empty when nobody asks.
    loads : int64, two rows of KOCs
        Units that her posts of today add to the feed of a contact, and of a member.
    """
    offsets, spans, ties, via, entity = audience
    posts, span, post_at, weight, change, sells = plan
    see_key, trust_key, mute_key = keys
    trust, gate, returning, weekday, key_return, muted, mute = trusting
    thin_channel, thin_key, thin = addressed
    log_to, log_over, log_end = log
    n = uint64(sums.size // 2)
    mutes = int64(0)
    noted = uint64(0)
    olds = sums[n:]
    hits, to = work[3], work[0]
    for q in range(lo, hi):
        first, stop = offsets[q], offsets[q + 1]
        for b in range(first, stop, BLOCK):
            _age(state, ties, olds, uint64(b), uint64(min(BLOCK, stop - b)), left, work)
        if trust.size and returning and q % WEEK == weekday:
            rk = entity_key(key_return, entity[q], 0)
            for b in range(first, stop, BLOCK):
                _return(trust, ties, uint64(b), uint64(min(BLOCK, stop - b)), rk, returning)
        views[q] = 0
        post = uint64(post_at[q])
        for c in range(see_key.size):
            count = int64(0)
            a, z = (first, spans[q, 0]) if span[c] == 0 else (spans[q, 1], stop)
            for turn in range(posts[c, q]):
                heft, sold = uint64(weight[post]), bool(sells[post])
                pk = entity_key(see_key[c], entity[q], turn)
                for b in range(a, z, BLOCK):
                    size = uint64(min(BLOCK, z - b))
                    if c == thin_channel:
                        only = entity_key(thin_key, entity[q], turn)
                        m = _who_gets(ties, uint64(b), size, c, feed, only, thin[q], pk, work)
                    else:
                        m = _who_sees(ties, uint64(b), size, c, feed, pk, work)
                    if muted.size:
                        heard = uint64(0)
                        for x in range(m):
                            hit = hits[x]
                            hits[heard] = hit
                            heard += uint64(muted[uint64(b) + uint64(hit)] == uint8(0))
                        m = heard
                    count += int64(m)
                    for x in range(m):
                        e = uint64(b) + uint64(hits[x])
                        tie = ties[e]
                        s = uint64(state[e])
                        state[e] = uint8(s | uint64(0x81))
                        old = s >> uint64(7)
                        met_today = s & uint64(1)
                        # a source seen for the first time, or an old one back within the week
                        back = uint64((s & uint64(0x7F)) == uint64(0))
                        to[x] = uint32(old * n + uint64(tie & uint32(ID_MASK)))
                        faith = uint64(trust[e]) if trust.size else uint64(tie >> uint32(24))
                        faith = uint64(0) if sold and faith < uint64(gate) else faith
                        add[x] = (
                            faith * heft
                            + ((uint64(1) - met_today) << uint64(48))
                            + (back << uint64(32))
                        )
                    _add_up(sums, to, add, m)
                    if log_end.size:
                        noted = _note((log_to, log_over), noted, ties, uint64(b), m, hits)
                    if trust.size and change[post] != 0:
                        _move(trust, ties, uint64(b), m, change[post], entity_key(trust_key[c], entity[q], turn), hits)
                    if mute and sold:
                        mk = entity_key(mute_key[c], entity[q], turn)
                        m0, m1 = low(mk), high(mk)
                        for x in range(m):
                            e = uint64(b) + uint64(hits[x])
                            who = ties[e] & uint32(ID_MASK)
                            faith = uint64(trust[e]) if trust.size else uint64(ties[e] >> uint32(24))
                            bound = (uint64(mute) * (uint64(255) - faith)) // uint64(255)
                            if uint64(mix32(m0, m1, who) >> uint32(1)) < bound:
                                muted[e] = uint8(1)
                                mutes += 1
                                v = uint32(via[e])
                                arrived[uint64(who)] -= (
                                    (v & uint32(1)) * uint32(loads[0, q]) + (v >> uint32(1)) * uint32(loads[1, q])
                                )
                if log_end.size:
                    log_end[post] = noted
                post += uint64(1)
            views[q] += count
            seen[c] += count
    return mutes


@helper
def _move(trust, ties, start, m, change, key, hits):
    """Trust of the ties that were hit moves by ``change``, in 1/65536, rounded by lot."""
    k0, k1 = low(key), high(key)
    for x in range(m):
        e = start + uint64(hits[x])
        luck = int64(mix32(k0, k1, ties[e] & uint32(ID_MASK)) >> uint32(16))
        trust[e] = uint8(_moved(int64(trust[e]), change, luck))


@helper
def _remember(heard, base, d):
    """Set bit `d` of the bits that begin at byte `base`; returns what it was."""
    at = base + (d >> uint64(3))
    bit = d & uint64(7)
    byte = uint64(heard[at])
    heard[at] = uint8(byte | (uint64(1) << bit))
    return (byte >> bit) & uint64(1)


@jit
def see_friends(sums, heard, offsets, ties, rows, weight, c, feed, key, addressed, log, work, add, lo, hi):
    """One post on channel c of each of the residents ``rows[lo:hi]`` to their friends. Returns the posts seen.

    ``addressed``: (key, friends a post goes to, or -1 for all of them); drawn anew, all friends alike. ``log`` as in
    `see_kocs`, an end for each of the rows lo..hi.
    """
    thin_key, few = addressed
    log_to, log_over, log_end = log
    noted = uint64(0)
    n = uint64(sums.size // 2)
    hits, to = work[3], work[0]
    seen = int64(0)
    w0 = uint64(weight)
    for q in range(lo, hi):
        r = rows[q]
        pk = entity_key(key, r, 0)
        first, stop = offsets[r], offsets[r + 1]
        base = uint64(first // 8 + r)
        for b in range(first, stop, BLOCK):
            size = uint64(min(BLOCK, stop - b))
            if few >= 0:
                bound = share_of(few, stop - first)
                m = _who_gets(ties, uint64(b), size, c, feed, entity_key(thin_key, r, 0), bound, pk, work)
            else:
                m = _who_sees(ties, uint64(b), size, c, feed, pk, work)
            seen += int64(m)
            if log_end.size:
                noted = _note((log_to, log_over), noted, ties, uint64(b), m, hits)
            for x in range(m):
                e = uint64(b) + uint64(hits[x])
                tie = ties[e]
                old = _remember(heard, base, e - uint64(first))
                to[x] = uint32(old * n + uint64(tie & uint32(ID_MASK)))
                add[x] = uint64(tie >> uint32(24)) * w0 + ((uint64(1) - old) << uint64(32))
            _add_up(sums, to, add, m)
        if log_end.size:
            log_end[q] = noted
    return seen


@jit
def see_group_posts(
    sums, heard, offsets, ties, author, group, weight, c, feed, key, log, work, add, lo, hi
):
    """Posts ``lo..hi`` of members to groups; `group` ascending, all posts of a group in one range.

    The group is the source: the first post ever seen in it is news, every other is repetition.
    """
    log_to, log_over, log_end = log
    noted = uint64(0)
    n = uint64(sums.size // 2)
    hits, to = work[3], work[0]
    seen = int64(0)
    w0 = uint64(weight)
    for q in range(lo, hi):
        g = group[q]
        me = uint32(author[q])
        pk = entity_key(key, author[q], 0)
        first, stop = offsets[g], offsets[g + 1]
        base = uint64(first // 8 + g)
        for b in range(first, stop, BLOCK):
            m = _who_sees(ties, uint64(b), uint64(min(BLOCK, stop - b)), c, feed, pk, work)
            k = uint64(0)
            for x in range(m):
                e = uint64(b) + uint64(hits[x])
                tie = ties[e]
                if tie & uint32(ID_MASK) == me:
                    continue
                if log_end.size:
                    log_to[noted] = tie & uint32(ID_MASK)
                    log_over[noted] = e
                    noted += uint64(1)
                old = _remember(heard, base, e - uint64(first))
                to[k] = uint32(old * n + uint64(tie & uint32(ID_MASK)))
                add[k] = uint64(tie >> uint32(24)) * w0 + ((uint64(1) - old) << uint64(32))
                k += uint64(1)
            _add_up(sums, to, add, k)
            seen += int64(k)
        if log_end.size:
            log_end[q] = noted
    return seen
