"""Posts on their way: who gets them, and who sees them.

All kernels push from the author to the audience, because few post and many are exposed. A tie is one u32 (receiver
in the low 24 bits, strength in the high 8). A row is worked on in blocks: first a loop without branches that
draws for every tie and that the compiler vectorises, then the ties that were hit are gathered, then the hits
are added up. Each hit is one 64-bit addition to its receiver:

``news[i]``, posts from sources that resident i sees for the first time ever:
    bits 48-63 distinct KOCs, bits 32-47 distinct sources, bits 0-31 weight
``olds[i]``, all other posts seen:
    bits 48-63 distinct KOCs, bits 32-47 change in the number of KOCs seen within seven days (two's complement),
    bits 0-31 weight

A weight is strength byte x weight units <= 255 x 256, so 65,535 posts seen by one resident on one day fit.

The state of a KOC's tie is a byte: bit 7 "ever seen", bits 0 to 6 "seen today, yesterday, ... six days ago".
The state of a friend's tie and of a membership is one bit, "heard before"; the bits of row r begin at byte
``offsets[r] // 8 + r``, so that no two rows share a byte and no two threads ever write the same one.
"""

from __future__ import annotations

from numba import float64, int64, uint8, uint32, uint64

from kocsim.kernels.bits import ID_MASK, entity_key, helper, high, jit, low, mix32

BLOCK = 1024
CONTACT = 1
"""Channel bit of a KOC's tie: a contact, reached through Moments."""
MEMBER = 2
"""Channel bit of a KOC's tie: a member of a group the KOC leads."""
ONE_KOC = 1 << 48
ONE_SOURCE = 1 << 32
WEEK_LEFT = (1 << 64) - (1 << 32)


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
        for x in range(m):
            out[n] = b + x
            n += uint64(hit[uint64(x)])
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
def deliver_changes(arrived, before_m, before_g, now_m, now_g, load_m, load_g, offsets, ties, via, lo, hi):
    """Bring `arrived` (load units, u32) from yesterday's posts of KOC rows lo..hi to today's."""
    for q in range(lo, hi):
        m = (int64(now_m[q]) - int64(before_m[q])) * load_m
        g = (int64(now_g[q]) - int64(before_g[q])) * load_g
        if m == 0 and g == 0:
            continue
        um, ug = uint32(m), uint32(g)
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
    see_m, see_g, koc_arrived, arrived, background, budget, key_m, visit_m, view_m, key_g, visit_g, view_g,
    lo, hi,
):
    """Chance (of 2**31) that each resident sees one post on Moments and one in a group today.

    `koc_arrived` and `arrived` have a row a thread, in units of 1/256 post; `arrived` is emptied.
    ``visit_*`` are chances of 2**31, ``view_*`` probabilities x 2**31.
    """
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


@helper
def _hits(ties, start, size, see, pk, hit):
    """Draw for ties start..start+size: 1 where the receiver sees the post."""
    k0, k1 = low(pk), high(pk)
    for x in range(uint64(size)):
        j = ties[uint64(start) + x] & uint32(ID_MASK)
        hit[x] = uint8((mix32(k0, k1, j) >> uint32(1)) < see[uint64(j)])


@helper
def _gather(hit, size, found):
    """Positions of the ones in `hit`, without a branch."""
    n = uint64(0)
    for x in range(uint64(size)):
        found[n] = x
        n += uint64(hit[x])
    return n


@jit
def see_kocs(
    news, olds, views, state, offsets, ties, via, entity, posts_m, posts_g, weight_m, weight_g,
    see_m, see_g, key_m, key_g, hit, found, lo, hi,
):
    """Posts of KOC rows lo..hi: who sees them. Returns the number of posts seen.

    ``weight_*[q]`` are weight units (persuasiveness x quality) of KOC q's posts. ``views[q]`` gets how
    many times KOC q's posts were seen. Ages the week of every tie by a day first.
    """
    seen = int64(0)
    for q in range(lo, hi):
        first, stop = offsets[q], offsets[q + 1]
        for b in range(first, stop, BLOCK):
            size = min(BLOCK, stop - b)
            for x in range(uint64(size)):
                s = state[uint64(b) + x]
                state[uint64(b) + x] = (s & uint8(0x80)) | (uint8(s << uint8(1)) & uint8(0x7F))
                hit[x] = uint8((s & uint8(0x7F)) == uint8(0x40))
            n = _gather(hit, size, found)
            for x in range(n):
                j = ties[uint64(b) + uint64(found[x])] & uint32(ID_MASK)
                olds[uint64(j)] += uint64(WEEK_LEFT)
        count = int64(0)
        for turn in range(int64(posts_m[q]) + int64(posts_g[q])):
            moments = turn < int64(posts_m[q])
            if moments:
                bit, weight = uint8(CONTACT), uint64(weight_m[q])
                pk = entity_key(key_m, entity[q], turn)
            else:
                bit, weight = uint8(MEMBER), uint64(weight_g[q])
                pk = entity_key(key_g, entity[q], turn - int64(posts_m[q]))
            for b in range(first, stop, BLOCK):
                size = min(BLOCK, stop - b)
                if moments:
                    _hits(ties, b, size, see_m, pk, hit)
                else:
                    _hits(ties, b, size, see_g, pk, hit)
                for x in range(uint64(size)):
                    hit[x] &= uint8((via[uint64(b) + x] & bit) == bit)
                n = _gather(hit, size, found)
                count += int64(n)
                for x in range(n):
                    e = uint64(b) + uint64(found[x])
                    tie = ties[e]
                    j = uint64(tie & uint32(ID_MASK))
                    w = uint64(tie >> uint32(24)) * weight
                    s = state[e]
                    state[e] = s | uint8(0x81)
                    if s & uint8(0x80):
                        if not s & uint8(1):
                            w += uint64(ONE_KOC)
                            if not s & uint8(0x7F):
                                w += uint64(ONE_SOURCE)  # back within the week
                        olds[j] += w
                    else:
                        news[j] += w + uint64(ONE_KOC) + uint64(ONE_SOURCE)
        views[q] = count
        seen += count
    return seen


@jit
def see_friends(
    news, olds, heard, offsets, ties, rows, weight, see, key, hit, found, lo, hi
):
    """One post of each of the residents ``rows[lo:hi]`` to their friends. Returns the posts seen."""
    seen = int64(0)
    w0 = uint64(weight)
    for q in range(lo, hi):
        r = rows[q]
        pk = entity_key(key, r, 0)
        first, stop = offsets[r], offsets[r + 1]
        base = uint64(first // 8 + r)
        for b in range(first, stop, BLOCK):
            size = min(BLOCK, stop - b)
            _hits(ties, b, size, see, pk, hit)
            n = _gather(hit, size, found)
            seen += int64(n)
            for x in range(n):
                e = uint64(b) + uint64(found[x])
                tie = ties[e]
                j = uint64(tie & uint32(ID_MASK))
                w = uint64(tie >> uint32(24)) * w0
                d = e - uint64(first)
                at = base + (d >> uint64(3))
                bit = uint8(1) << uint8(d & uint64(7))
                if heard[at] & bit:
                    olds[j] += w
                else:
                    heard[at] |= bit
                    news[j] += w + uint64(ONE_SOURCE)
    return seen


@jit
def see_group_posts(
    news, olds, heard, offsets, ties, author, group, weight, see, key, hit, found, lo, hi
):
    """Posts ``lo..hi`` of members to groups; `group` ascending, all posts of a group in one range.

    The group is the source: the first post ever seen in it is news, every other is repetition.
    """
    seen = int64(0)
    w0 = uint64(weight)
    for q in range(lo, hi):
        g = group[q]
        me = uint32(author[q])
        pk = entity_key(key, author[q], 0)
        first, stop = offsets[g], offsets[g + 1]
        base = uint64(first // 8 + g)
        for b in range(first, stop, BLOCK):
            size = min(BLOCK, stop - b)
            _hits(ties, b, size, see, pk, hit)
            n = _gather(hit, size, found)
            for x in range(n):
                e = uint64(b) + uint64(found[x])
                tie = ties[e]
                id_ = tie & uint32(ID_MASK)
                if id_ == me:
                    continue
                seen += 1
                j = uint64(id_)
                w = uint64(tie >> uint32(24)) * w0
                d = e - uint64(first)
                at = base + (d >> uint64(3))
                bit = uint8(1) << uint8(d & uint64(7))
                if heard[at] & bit:
                    olds[j] += w
                else:
                    heard[at] |= bit
                    news[j] += w + uint64(ONE_SOURCE)
    return seen
