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
from numba import float64, int32, int64, uint8, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32

BLOCK = 1024
WEEK_LEFT = (1 << 64) - (1 << 32)
SELLING, SERVICE, NOISE, DISCLOSED = 0, 1, 2, 3


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
def deliver_changes(arrived, before_m, before_g, now_m, now_g, load_m, load_g, offsets, ties, via, muted, lo, hi):
    """Bring `arrived` (load units, u32) from yesterday's posts of KOC rows lo..hi to today's.

    ``muted`` (uint8, a tie, or empty): 1 for ties over which nothing is heard any more.
    """
    for q in range(lo, hi):
        m = (int64(now_m[q]) - int64(before_m[q])) * load_m
        g = (int64(now_g[q]) - int64(before_g[q])) * load_g
        if m == 0 and g == 0:
            continue
        um, ug = uint32(m), uint32(g)
        if muted.size:
            for e in range(uint64(offsets[q]), uint64(offsets[q + 1])):
                v = uint32(via[e]) * uint32(1 - muted[e])
                arrived[uint64(ties[e] & uint32(ID_MASK))] += (v & uint32(1)) * um + (v >> uint32(1)) * ug
            continue
        for e in range(uint64(offsets[q]), uint64(offsets[q + 1])):
            v = uint32(via[e])
            arrived[uint64(ties[e] & uint32(ID_MASK))] += (v & uint32(1)) * um + (
                v >> uint32(1)
            ) * ug


@jit
def deliver_rows(arrived, rows, load, offsets, ties, lo, hi):
    """Add one post's load for every tie of the rows ``rows[lo:hi]``."""
    u = uint32(load)
    for q in range(lo, hi):
        r = rows[q]
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
def attend(
    see_m, see_g, rough_m, rough_g, koc_arrived, arrived, background, budget,
    key_m, visit_m, view_m, key_g, visit_g, view_g, lo, hi,
):
    """Chance (of 2**31) that each resident sees one post on Moments and one in a group today.

    ``rough_*`` get the upper 8 bits of the chances. `koc_arrived` and `arrived` have a row a thread, in units of
    1/256 post; `arrived` is emptied.
    ``visit_*`` are chances of 2**31, ``view_*`` probabilities x 2**31. Returns the highest chance on each channel.
    """
    top_m = top_g = uint32(0)
    m0, m1, g0, g1 = low(key_m), high(key_m), low(key_g), high(key_g)
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
        for i in range(uint64(b), stop):
            feed = float64(background[i]) + float64(arrived[0, i]) * (1.0 / 256.0)
            arrived[0, i] = uint32(0)
            room = float64(budget[i])
            # at most 1 by comparison, not by division: an empty feed is attended in full
            share = room / feed if room < feed else 1.0
            am = uint32((mix32(m0, m1, uint32(i)) >> uint32(1)) < visit_m)
            ag = uint32((mix32(g0, g1, uint32(i)) >> uint32(1)) < visit_g)
            see_m[i] = am * uint32(int64(share * view_m))
            see_g[i] = ag * uint32(int64(share * view_g))
        for i in range(uint64(b), stop):
            top_m = max(top_m, see_m[i])
            top_g = max(top_g, see_g[i])
            rough_m[i] = min(see_m[i] >> uint32(23), uint32(255))
            rough_g[i] = min(see_g[i] >> uint32(23), uint32(255))
    return top_m, top_g


@helper
def _who_sees(ties, start, size, bound, see, rough, pk, work):
    """Positions (from `start`) of the ties over which the post is seen, in ``work[3]``; returns how many.

    ``bound`` is the highest chance of anybody: what lies above it is out without looking up the receiver. `rough`
    holds the upper 8 bits of every chance: a quarter of the memory, and enough to decide all but one tie in 256.
    Each loop does one thing, so that the loads from far memory of one loop do not wait for each other.
    """
    luck, found, near, hits = work[0], work[1], work[2], work[3]
    k0, k1 = low(pk), high(pk)
    for x in range(size):
        luck[x] = mix32(k0, k1, ties[start + x] & uint32(ID_MASK)) >> uint32(1)
    n = uint64(0)
    for x in range(size):
        found[n] = x
        n += uint64(luck[x] < bound)
    for c in range(n):
        near[c] = rough[uint64(ties[start + uint64(found[c])] & uint32(ID_MASK))]
    m = uint64(0)
    undecided = uint64(0)
    for c in range(n):
        x = found[c]
        upper = luck[uint64(x)] >> uint32(23)
        hits[m] = x
        m += uint64(upper < near[c])
        found[undecided] = x
        undecided += uint64(upper == near[c])
    for c in range(undecided):
        x = uint64(found[c])
        hits[m] = x
        m += uint64(luck[x] < see[uint64(ties[start + x] & uint32(ID_MASK))])
    return m


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
def draw_kinds(entity, posts_m, posts_g, key_m, key_g, service, noise, disclosed, kind):
    """Kind of every post, KOC after KOC, Moments first; bounds are chances of 2**31. See `mechanisms.content`."""
    at = 0
    for q in range(entity.size):
        for turn in range(int64(posts_m[q]) + int64(posts_g[q])):
            if turn < int64(posts_m[q]):
                pk = entity_key(key_m, entity[q], turn)
            else:
                pk = entity_key(key_g, entity[q], turn - int64(posts_m[q]))
            luck = mix32(low(pk), high(pk), uint32(0)) >> uint32(1)
            other = NOISE if luck < noise else DISCLOSED if luck < disclosed else SELLING
            kind[at] = SERVICE if luck < service else other
            at += 1


@helper
def _return(trust, ties, start, size, key, share):
    """One day later: trust of a block of ties comes a share (of 65536) of the way back to their strength."""
    k0, k1 = low(key), high(key)
    for x in range(size):
        tie = ties[start + x]
        have = int32(trust[start + x])
        step = (int32(tie >> uint32(24)) - have) * int32(share)
        luck = int32(mix32(k0, k1, tie & uint32(ID_MASK)) >> uint32(16))
        trust[start + x] = uint8(have + ((step + luck) >> int32(16)))


@helper
def _moved(have, change, luck):
    """Trust after a change in 1/65536, rounded by lot (16 bits)."""
    return min(max(have + ((change + luck) >> 16), 0), 255)


@jit
def see_kocs(
    sums, views, state, offsets, spans, ties, via, entity, posts_m, posts_g, post_at, weight, kind,
    see_m, rough_m, top_m, see_g, rough_g, top_g, key_m, key_g,
    trust, changes, key_trust_m, key_trust_g, returning, key_return, muted, mute, key_mute_m, key_mute_g,
    arrived, load_m, load_g, work, add, left, lo, hi,
):
    """Posts of KOC rows lo..hi: who sees them. Returns the number of posts seen, and of ties muted.

    Row q's contacts are ties ``offsets[q] .. spans[q, 0]``, the members of its groups ``spans[q, 1] .. offsets[q+1]``.
    Its posts are ``post_at[q] ..``, Moments first: ``weight`` in weight units (persuasiveness x quality x kind), and
    ``kind``. ``top_*`` are the highest chances in ``see_*``. ``views[q]`` gets how many times its posts were seen. Ages
    the week of every tie by a day first.

    ``trust`` (uint8, a tie) replaces strength where it is not empty, and moves by ``changes`` (int64, by kind) with
    every post seen; see `kocsim.mechanisms.trust`. ``muted`` (uint8, a tie, or empty), ``mute`` a chance of 2**31:
    who mutes sees no further post, and what the KOC put into her feed is taken off `arrived`.
    """
    n = uint64(sums.size // 2)
    mutes = int64(0)
    olds = sums[n:]
    hits, to = work[3], work[0]
    seen = int64(0)
    for q in range(lo, hi):
        first, stop = offsets[q], offsets[q + 1]
        for b in range(first, stop, BLOCK):
            _age(state, ties, olds, uint64(b), uint64(min(BLOCK, stop - b)), left, work)
        if trust.size and returning:
            rk = entity_key(key_return, entity[q], 0)
            for b in range(first, stop, BLOCK):
                _return(trust, ties, uint64(b), uint64(min(BLOCK, stop - b)), rk, returning)
        count = int64(0)
        for turn in range(int64(posts_m[q]) + int64(posts_g[q])):
            moments = turn < int64(posts_m[q])
            post = uint64(post_at[q] + turn)
            heft = uint64(weight[post])
            if moments:
                a, z, own = first, spans[q, 0], turn
                pk = entity_key(key_m, entity[q], own)
            else:
                a, z, own = spans[q, 1], stop, turn - int64(posts_m[q])
                pk = entity_key(key_g, entity[q], own)
            change, sells = int64(0), False
            tk = mk = uint64(0)
            if trust.size:
                change = changes[kind[post]]
                tk = entity_key(key_trust_m if moments else key_trust_g, entity[q], own)
            if muted.size:
                sells = kind[post] != SERVICE
                mk = entity_key(key_mute_m if moments else key_mute_g, entity[q], own)
            for b in range(a, z, BLOCK):
                size = uint64(min(BLOCK, z - b))
                if moments:
                    m = _who_sees(ties, uint64(b), size, top_m, see_m, rough_m, pk, work)
                else:
                    m = _who_sees(ties, uint64(b), size, top_g, see_g, rough_g, pk, work)
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
                    add[x] = (
                        faith * heft
                        + ((uint64(1) - met_today) << uint64(48))
                        + (back << uint64(32))
                    )
                _add_up(sums, to, add, m)
                if change != 0:
                    t0, t1 = low(tk), high(tk)
                    for x in range(m):
                        e = uint64(b) + uint64(hits[x])
                        luck = int64(mix32(t0, t1, ties[e] & uint32(ID_MASK)) >> uint32(16))
                        trust[e] = uint8(_moved(int64(trust[e]), change, luck))
                if sells:
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
                                (v & uint32(1)) * uint32(posts_m[q]) * uint32(load_m)
                                + (v >> uint32(1)) * uint32(posts_g[q]) * uint32(load_g)
                            )
        views[q] = count
        seen += count
    return seen, mutes


@helper
def _remember(heard, base, d):
    """Set bit `d` of the bits that begin at byte `base`; returns what it was."""
    at = base + (d >> uint64(3))
    bit = d & uint64(7)
    byte = uint64(heard[at])
    heard[at] = uint8(byte | (uint64(1) << bit))
    return (byte >> bit) & uint64(1)


@jit
def see_friends(sums, heard, offsets, ties, rows, weight, see, rough, top, key, work, add, lo, hi):
    """One post of each of the residents ``rows[lo:hi]`` to their friends. Returns the posts seen."""
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
            m = _who_sees(ties, uint64(b), uint64(min(BLOCK, stop - b)), top, see, rough, pk, work)
            seen += int64(m)
            for x in range(m):
                e = uint64(b) + uint64(hits[x])
                tie = ties[e]
                old = _remember(heard, base, e - uint64(first))
                to[x] = uint32(old * n + uint64(tie & uint32(ID_MASK)))
                add[x] = uint64(tie >> uint32(24)) * w0 + ((uint64(1) - old) << uint64(32))
            _add_up(sums, to, add, m)
    return seen


@jit
def see_group_posts(
    sums, heard, offsets, ties, author, group, weight, see, rough, top, key, work, add, lo, hi
):
    """Posts ``lo..hi`` of members to groups; `group` ascending, all posts of a group in one range.

    The group is the source: the first post ever seen in it is news, every other is repetition.
    """
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
            m = _who_sees(ties, uint64(b), uint64(min(BLOCK, stop - b)), top, see, rough, pk, work)
            k = uint64(0)
            for x in range(m):
                e = uint64(b) + uint64(hits[x])
                tie = ties[e]
                if tie & uint32(ID_MASK) == me:
                    continue
                old = _remember(heard, base, e - uint64(first))
                to[k] = uint32(old * n + uint64(tie & uint32(ID_MASK)))
                add[k] = uint64(tie >> uint32(24)) * w0 + ((uint64(1) - old) << uint64(32))
                k += uint64(1)
            _add_up(sums, to, add, k)
            seen += int64(k)
    return seen
