"""Broadcasts: one source, everybody in its audience. A loop over residents, so nothing is pushed along ties."""

from __future__ import annotations

import numpy as np
from numba import int64, uint8, uint32, uint64

from kocsim.kernels.bits import entity_key, helper, high, jit, low, mix32
from kocsim.kernels.touches import touch_value

BUSINESS, PENDING, FOLLOWS, CLICKED, LEFT = 1, 2, 4, 8, 16
"""Flags of a resident: buys for a business; a need is still unmet; follows the official account; clicked today; left it
for good."""
EVERYONE, FOLLOWERS, CUSTOMERS, MEMBERS, PLATFORM, CATCHMENT, COLUMN = 0, 1, 2, 3, 4, 5, 6
BLOCK = 1024
FIRM = 1 << 24
"""Numbers from here on stand for broadcasts where a draw asks for the author of a post."""


@helper
def _hears(audience, people, i):
    """Whether resident i is in an audience. (Platforms and catchments are decided by the chance to be there.)"""
    stage, flags, tier, column = people
    if audience == FOLLOWERS:
        return (flags[i] & uint8(FOLLOWS)) != 0
    if audience == CUSTOMERS:
        return stage[i] == 3 or stage[i] == 4
    if audience == MEMBERS:
        return tier.size > 0 and tier[i] > 0
    if audience == COLUMN:
        return column[i] != 0
    return True


@jit
def deliver(arrived, audience, people, member_key, member, load, lo, hi):
    """Add `load` (units) to the feeds of the residents lo..hi who are in the audience."""
    u = uint32(load)
    k0, k1 = low(member_key), high(member_key)
    if audience == EVERYONE:
        for i in range(uint64(lo), uint64(hi)):
            arrived[i] += u
    elif audience == PLATFORM:
        for i in range(uint64(lo), uint64(hi)):
            arrived[i] += u * uint32((mix32(k0, k1, uint32(i)) >> uint32(1)) < member)
    elif audience == FOLLOWERS:
        flags = people[1]
        for i in range(uint64(lo), uint64(hi)):
            arrived[i] += u * uint32((flags[i] & uint8(FOLLOWS)) != 0)
    else:
        for i in range(uint64(lo), uint64(hi)):
            if _hears(audience, people, i):
                arrived[i] += u


@jit
def first_followers(flags, key, chance, followed_key, room, lo, hi):
    """Who follows from the start, of those who have room for another account (``room``, by class)."""
    k0, k1, f0, f1 = low(key), high(key), low(followed_key), high(followed_key)
    for i in range(uint64(lo), uint64(hi)):
        if (mix32(k0, k1, uint32(i)) >> uint32(1)) < chance and room[mix32(f0, f1, uint32(i)) >> uint32(24)]:
            flags[i] |= uint8(FOLLOWS)


@jit
def hear(sums, share, people, post, walk_in, clicking, memory, faith, out, day, candidates, lo, hi):
    """One broadcast of the day, and the residents lo..hi: who sees it, clicks, follows, leaves.

    Draws come first, for all residents and in a loop that vectorises; only the few whom they let through are looked at.

    Parameters
    ----------
    sums : uint64, shape (2 n,)
        See `kocsim.kernels.exposure`; ranges of residents do not share any.
    share
        What `attend` left.
    people : (stage, flags, tier, column)
    post : (audience, turns, visit key, visit, member key, member, view, see key, weight, strength, source, channel,
        compete)
        Chances of 2**31, ``view`` a probability x 2**31. ``visit`` is the highest of all where they differ.
        ``source`` is the bit of ``met`` that remembers whether it was heard before. Without ``compete`` it takes
        nothing from attention.
    walk_in : (community, chance, shop)
        For a catchment: chance to walk in and shop, by community.
    clicking : (click key, click, transfer key, transfer, followed key, room, unfollow key, unfollow)
    memory : (touch, met, touch key)
    faith : (trust in the shop, scene, scene key)
        ``scene`` in 1/65536.
    out : int64
        Adds posts seen, clicks, new followers, followers lost.
    candidates : uint8, shape (BLOCK,)
        Scratch.
    """
    (audience, turns, visit_key, visit, member_key, member, view, see_key, weight, strength, source, channel,
     compete) = post
    community, chance, shop = walk_in
    click_key, click, transfer_key, transfer, followed_key, room, unfollow_key, unfollow = clicking
    touch, met, touch_key = memory
    shop_trust, scene, scene_key = faith
    flags = people[1]
    n = uint64(sums.size // 2)
    v0, v1, m0, m1 = low(visit_key), high(visit_key), low(member_key), high(member_key)
    highest = uint32(int64(view))
    words = candidates.view(np.uint64)
    for turn in range(turns):
        k = entity_key(see_key, turn, 0)
        k0, k1 = low(k), high(k)
        for b in range(lo, hi, BLOCK):
            size = min(BLOCK, hi - b)
            for x in range(size):
                r = uint32(b + x)
                looks = (mix32(v0, v1, r) >> uint32(1)) < visit
                candidates[uint64(x)] = uint8(looks) & uint8((mix32(k0, k1, r) >> uint32(1)) < highest)
            for x in range(size, (size + 7) // 8 * 8):
                candidates[uint64(x)] = uint8(0)
            for word in range((size + 7) // 8):
                if not words[word]:
                    continue
                for x in range(word * 8, word * 8 + 8):
                    if not candidates[uint64(x)]:
                        continue
                    i = uint64(b + x)
                    r = uint32(i)
                    if not _hears(audience, people, i):
                        continue
                    if audience == CATCHMENT and (mix32(v0, v1, r) >> uint32(1)) >= chance[community[i]]:
                        continue
                    if (mix32(m0, m1, r) >> uint32(1)) >= member:
                        continue
                    if (mix32(k0, k1, r) >> uint32(1)) >= uint32(int64((share[i] if compete else 1.0) * view)):
                        continue
                    out[0] += 1
                    old = (met[i] >> uint32(source)) & uint32(1)
                    met[i] |= (uint32(1) << uint32(source)) | (uint32(1) << uint32(channel))
                    index = uint64(0)
                    trusted = uint64(strength)
                    if audience == CATCHMENT:
                        index = uint64(shop[community[i]] + 1)
                        trusted = uint64(shop_trust[i])
                        if scene:
                            luck = int64(mix32(low(scene_key), high(scene_key), r) >> uint32(16))
                            shop_trust[i] = uint8(min(int64(trusted) + ((scene + luck) >> 16), 255))
                    touch[i] = max(touch[i], touch_value(touch_key, FIRM + channel, r, day, channel, index))
                    sums[n * uint64(old) + i] += trusted * uint64(weight) + (uint64(1 - old) << uint64(32))
                    if click:
                        c = entity_key(click_key, turn, 0)
                        if (mix32(low(c), high(c), r) >> uint32(1)) < click:
                            out[1] += 1
                            flags[i] |= uint8(CLICKED)
                            t = entity_key(transfer_key, turn, 0)
                            if (mix32(low(t), high(t), r) >> uint32(1)) < transfer:
                                out[2] += follow(flags, room, followed_key, i)
                    if audience == FOLLOWERS and (flags[i] & uint8(FOLLOWS)) and unfollow:
                        u = entity_key(unfollow_key, turn, channel)
                        if (mix32(low(u), high(u), r) >> uint32(1)) < unfollow:
                            flags[i] = uint8((flags[i] & ~uint8(FOLLOWS)) | uint8(LEFT))
                            out[3] += 1


@helper
def follow(flags, room, followed_key, i):
    """Resident i follows the official account, unless she has left it or has no room; returns 1 if that is new."""
    if flags[i] & uint8(FOLLOWS | LEFT):
        return 0
    if not room[mix32(low(followed_key), high(followed_key), uint32(i)) >> uint32(24)]:
        return 0
    flags[i] |= uint8(FOLLOWS)
    return 1
