"""What a resident sees, what it does to her, and what it weighs: steps 4 and 5 of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kocsim.mechanisms.broadcasts import CATCHMENT, FOLLOWERS
from kocsim.mechanisms.content import SERVICE
from kocsim.reference.people import FIRM, Post, Resident, World
from kocsim.rng import Decision, chance, entity_key, mix32, stream, uniform31
from kocsim.stages import Stage

if TYPE_CHECKING:
    from kocsim.mechanisms.broadcasts import Aired


def arrived(world: World, i: int, inbox: list[Post], air: list[tuple[Aired, int]]) -> int:
    """What has been delivered to resident i today, in 1/256 post."""
    return world.expected[i] + sum(post.load for post in inbox) + sum(
        turns * one.load_units for one, turns in air if one.audience != CATCHMENT and world.hears(one, i))


def attended(world: World, i: int, arrived: int) -> float:
    """The share of the day's feed that resident i gets to."""
    feed = world.background[i] + arrived / 256
    return float(world.budget[i] / feed) if world.budget[i] < feed else 1.0


def read(world: World, day: int, i: int, inbox: list[Post], share: float) -> list[tuple[Post, int]]:
    """The posts that resident i sees today, each with its weight."""
    looks = [
        uniform31(world.key_of(one, 1, day), i) < chance(one.channel.visit)
        and world.on_platform(one.number, i, one.members)
        for one in world.channels
    ]
    seen = []
    for post in inbox:
        by_koc = post.source[0] == "koc"
        fate = fate_of(world, i, post, looks[post.looks], share)
        if fate == "seen":
            if by_koc:
                post = post._replace(strength=world.trust[post.source[1], i])
                _react(world, day, post, i)
            gated = by_koc and post.kind != SERVICE and post.strength < world.scenario.trust.gate_units()
            seen.append((post, 0 if gated else post.strength * post.channel.weight_units(post.quality)))
            _touch(world, day, i, post.author, post.number, post.place)
        world.note_fate(post, fate, seen)
    return seen


def fate_of(world: World, i: int, post: Post, looks: bool, share: float) -> str:
    """What becomes of a post in resident i's inbox: seen, or why not."""
    if not looks:
        return "did not look"
    if post.source[0] == "koc" and (post.source[1], i) in world.muted:
        return "muted"
    if uniform31(post.key, i) >= int(share * (post.channel.registers() * 2.0**31)):
        return "passed over"
    if uniform31(post.only_key, i) >= post.only:
        return "sent to others"
    return "seen"


def _react(world: World, day: int, post: Post, i: int) -> None:
    """A post of a KOC that is seen moves trust, and may be the last one that is."""
    trust, k, one = world.scenario.trust, post.source[1], world.channels[post.row]
    change = trust.changes()[post.kind]
    if post.kind == SERVICE:  # what helps deposits as much as it is worth; the weight of its kind is not meant
        change = round(change * world.quality[k])
    if world.scenario.moves_trust and change:
        luck = mix32(entity_key(world.key_of(one, 4, day), post.author, post.turn), i) >> 16
        world.trust[k, i] = min(max(world.trust[k, i] + ((change + luck) >> 16), 0), 255)
    if trust.mute and post.kind != SERVICE:
        key = entity_key(world.key_of(one, 5, day), post.author, post.turn)
        if uniform31(key, i) < chance(trust.mute) * (255 - world.trust[k, i]) // 255:
            world.muted.add((k, i))


def _touch(world: World, day: int, i: int, author: int, channel: int, index: int) -> None:
    """The latest post seen is remembered; of several on one day the lot decides."""
    if world.scenario.tracks:
        lot = mix32(entity_key(stream(world.seed, Decision.TOUCH, day), author), i) >> 24
        resident = world.residents[i]
        resident.touch = max(resident.touch, (day, lot, channel, index))
        resident.met.add(channel)


def hear(world: World, day: int, i: int, air: list[tuple[Aired, int]], share: float) -> list[tuple[Post, int]]:
    """The broadcasts that resident i hears today, each with its weight; clicks, new followers, followers lost."""
    resident, heard = world.residents[i], []

    def key(decision: Decision, one: Aired, turn: int = 0) -> int:
        return entity_key(entity_key(stream(world.seed, decision, day), one.source), turn)

    for one, turns in air:
        visits = entity_key(stream(world.seed, Decision.VISIT_OTHER, day), one.number)
        in_shop = one.audience == CATCHMENT
        limit = world.walk_in[i] if in_shop else chance(one.channel.visit)
        if uniform31(visits, i) >= limit:
            continue
        attention = 1.0 if in_shop else share
        for turn in range(turns):
            if not world.hears(one, i):
                break
            if uniform31(key(Decision.SEE_AIRED, one, turn), i) >= int(
                attention * (one.channel.view * one.reach * 2.0**31)
            ):
                continue
            strength, index = round(one.strength * 255), 0
            if in_shop:
                strength, index = resident.shop_trust, world.shop[i] + 1
                scene = round(world.scenario.shop_visit.scene * 255 * 65536)
                if scene:
                    luck = mix32(entity_key(stream(world.seed, Decision.SCENE, day), one.source), i) >> 16
                    resident.shop_trust = min(resident.shop_trust + ((scene + luck) >> 16), 255)
            source = ("firm", one.source)
            post = Post(source, FIRM + one.number, one.channel, one.number, 0, 0, strength, index, 1.0, 0)
            heard.append((post, strength * one.channel.weight_units(1.0)))
            _touch(world, day, i, post.author, one.number, index)
            if one.click and uniform31(key(Decision.CLICK, one, turn), i) < chance(one.click):
                resident.clicked = True
                if uniform31(key(Decision.TRANSFER, one, turn), i) < chance(one.transfer):
                    follow(world, i)
            if one.audience == FOLLOWERS and resident.follows:
                put_off = chance(world.scenario.trust.mute) * (255 - strength) // 255
                of_leaving = entity_key(stream(world.seed, Decision.UNFOLLOW, day), one.source)
                if put_off and uniform31(entity_key(of_leaving, turn, one.number), i) < put_off:
                    resident.follows, resident.left = False, True
    return heard


def follow(world: World, i: int) -> None:
    """Resident i follows the official account, unless she has left it or follows too many."""
    resident = world.residents[i]
    if not resident.left and world.room[world.followed_class(i)]:
        resident.follows = True


def weigh(world: World, day: int, resident: Resident, seen: list[tuple[Post, int]]) -> None:
    """Yesterday's evidence fades; posts from new sources and repeated ones add to it."""
    response = world.scenario.response
    first_ever = not resident.seen
    new_weight = old_weight = 0
    new_sources = 0
    for post, weight in seen:
        if post.source in resident.seen:
            old_weight += weight
        else:
            new_weight += weight
            new_sources += 1
        resident.seen[post.source] = day
    gain = response.further * new_weight + response.repeat * old_weight
    if first_ever:
        gain += (response.first - response.further) * (new_weight / max(new_sources, 1))
    resident.evidence = float(np.float32(resident.evidence * response.retention() + gain / (255 * 256)))
    if resident.stage == Stage.UNAWARE and resident.seen:
        resident.stage = Stage.AWARE
        resident.day_aware = day
    if resident.touch[0] == day and resident.first == (1 << 32) - 1:
        resident.first = credit(world, resident)


def credit(world: World, resident: Resident) -> int:
    """To whom a resident's last touch is credited: channel in the high 8 bits, then resident or shop."""
    _, _, channel, index = resident.touch
    if resident.touch == (0, 0, 0, 0):
        return (1 << 32) - 1
    who = max(index - 1, 0)
    if channel < 7 and not index:  # recommended by a platform
        return 1 << 31 | channel << 24
    if channel < 7:
        k = max(k for k, at in enumerate(world.first_tie[:-1]) if at <= who)
        who = world.koc[k]
    return channel << 24 | who
