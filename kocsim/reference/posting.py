"""Who posts what, and into whose inbox it comes: steps 1 to 3 of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kocsim.mechanisms.broadcasts import Aired, aired
from kocsim.mechanisms.content import DISCLOSED, NOISE, SELLING, SERVICE
from kocsim.mechanisms.trust import WEEK
from kocsim.reference.people import Post, World
from kocsim.reference.pooling import manage_pools
from kocsim.rng import Decision, chance, entity_key, mix32, stream, uniform31
from kocsim.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kocsim.mechanisms.channels import Spoken

Inbox = list[list[Post]]


def kocs_post(
    world: World, day: int, inbox: Inbox, posts: Callable[[int, int], tuple[int, int, float]] | None
) -> dict[str, int]:
    """Each KOC posts to her contacts and to the members of the groups she leads, channel by channel.

    Returns, by channel, the contacts to whom those who posted there speak, counted once a post.
    """
    manage_pools(world, day)
    posting = world.scenario.posting
    world.expected = [0] * world.n
    silent = 0 < posting.until < day
    shown = dict.fromkeys((one.name for one in world.channels), 0)
    for k, author in enumerate(world.koc):
        plan = [0 if silent else _how_many(world, one, day, author) for one in world.channels]
        if not silent:
            plan[:2] = [many + world.scenario.event.posts_on(day) for many in plan[:2]]
        works = world.firm.kocs[k].works
        quality = world.quality[k] if world.staffed else posting.quality
        if posts is not None:
            plan[0], plan[1], quality = posts(day, k)
        if not works:
            plan = [0] * len(plan)
        world.quality[k] = quality
        made = posts_of(world, day, k, plan, quality)
        for one, many in zip(world.channels, plan, strict=True):
            shown[one.name] += many * world.koc_contacts[k]
        for x, (j, strength, via) in enumerate(world.reach[k]):
            trust_returns(world, day, k, j, strength)
            if (k, j) not in world.muted and (k, j) not in world.outside:
                world.expected[j] += sum(
                    round(one.posts * round(one.channel.load_units() * one.members))
                    for one in world.channels if one.expected and works and not silent and via >> one.span & 1)
                inbox[j] += reaching(world, made, via, world.first_tie[k] + x)
    return shown


def posts_of(world: World, day: int, k: int, plan: Sequence[int], quality: float) -> list[Post]:
    """A KOC's posts of today: so many on each channel."""
    return [
        _koc_post(world, day, k, row, turn, quality) for row, many in enumerate(plan) for turn in range(many)]


def reaching(world: World, made: list[Post], via: int, tie: int) -> list[Post]:
    """Those of a KOC's posts that reach who hears her over a tie: as a contact, a member of her groups, or both."""
    return [post._replace(place=tie + 1) for post in made if via >> world.channels[post.row].span & 1]


def _how_many(world: World, one: Spoken, day: int, who: int) -> int:
    """The whole part of the mean number of posts, and one more with the probability of the rest."""
    posting = world.scenario.posting
    mean = one.posts
    if not one.messages and posting.every > 1:
        mean = posting.gathered(mean)
        in_step = uniform31(stream(world.seed, Decision.IN_STEP), who) < chance(posting.synchrony)
        phase = 0 if in_step else uniform31(stream(world.seed, Decision.PHASE), who) * posting.every >> 31
        if (day - 1) % posting.every != phase:
            return 0
    whole = int(mean)
    return whole + (uniform31(world.key_of(one, 0, day), who) < chance(mean - whole))


def _koc_post(world: World, day: int, k: int, row: int, turn: int, quality: float) -> Post:
    """One post of a KOC: of which kind, how much it carries, and to whom it is addressed."""
    content, author, one = world.scenario.content, world.koc[k], world.channels[row]
    kind = SELLING
    carries = quality
    if content.mixed:
        luck = uniform31(entity_key(world.key_of(one, 3, day), author, turn), 0)
        below = [luck < chance(bound) for bound in content.bounds()]
        kind = [SERVICE, NOISE, DISCLOSED, SELLING][[*below, True].index(True)]
        carries = quality * float(content.weights()[kind])
    load = 0 if one.expected else one.channel.load_units()
    only = 1 << 31
    if one.messages:
        share = min(one.messages / max(world.koc_contacts[k], 1), 1.0)
        only, load = int(share * 2.0**31), round(share * load)
    return Post(
        ("koc", k), author, one.channel, one.number, row, entity_key(world.key_of(one, 2, day), author, turn), 0, 0,
        carries, load, only, entity_key(stream(world.seed, Decision.ADDRESSED, day), author, turn), kind, turn, row)


def trust_returns(world: World, day: int, k: int, j: int, strength: int) -> None:
    """Once a week, trust comes some of the way back to the strength of the tie."""
    trust = world.scenario.trust
    if world.scenario.moves_trust and trust.returning() and k % WEEK == day % WEEK:
        key = entity_key(stream(world.seed, Decision.TRUST_RETURN, day), world.koc[k])
        step = (strength - world.trust[k, j]) * trust.returning()
        world.trust[k, j] += (step + (mix32(key, j) >> 16)) >> 16


def customers_share(world: World, day: int, inbox: Inbox) -> None:
    """Some customers post to their friends, and some of these to one of their groups as well."""
    s, kocs = world.scenario, set(world.speakers())
    for i, resident in enumerate(world.residents):
        if resident.stage not in (Stage.CUSTOMER, Stage.REPEAT) or i in kocs:
            continue
        if not world.happens(Decision.SHARE, day, i, s.sharing.rate):
            continue
        post = share(world, day, i)
        for j, strength in world.friends[i]:
            inbox[j].append(post._replace(strength=strength))
        groups = world.groups_of[i]
        if groups and world.happens(Decision.SHARE_GROUP, day, i, s.sharing.group):
            g = groups[world.luck(Decision.WHICH_GROUP, day, i) * len(groups) >> 31]
            post = share_in_group(world, day, i, g)
            for j, strength in world.groups[g]:
                if j != i:
                    inbox[j].append(post._replace(strength=strength))


def share(world: World, day: int, i: int) -> Post:
    """What a customer posts for friends."""
    s = world.scenario
    key = entity_key(stream(world.seed, Decision.SEE_FRIEND, day), i)
    return Post(("friend", i), i, s.moments, 7, 0, key, 0, i + 1, s.sharing.quality, round(s.moments.load_units()))


def share_in_group(world: World, day: int, i: int, g: int) -> Post:
    """What a customer posts in a group: one voice with all others there."""
    s = world.scenario
    key = entity_key(stream(world.seed, Decision.SEE_MEMBER, day), i)
    return Post(("group", g), i, s.group_chat, 8, 1, key, 0, i + 1, s.sharing.quality, round(s.group_chat.load_units()))


def customers_invite(world: World, day: int, inbox: Inbox) -> None:
    """Customers whom yesterday's order pleased write to some of their friends."""
    s = world.scenario
    if not s.invitation.rate:
        return
    for i, resident in enumerate(world.residents):
        if not resident.invites:
            continue
        resident.invites = False
        post = invitation(world, day, i, len(world.friends[i]))
        for j, strength in world.friends[i]:
            inbox[j].append(post._replace(strength=strength))


def invitation(world: World, day: int, i: int, friends: int) -> Post:
    """What a customer writes to some of her friends, each by lot."""
    s = world.scenario
    row = [one.name for one in world.channels].index("private_message")
    only = min(int(s.invitation.friends * 2.0**31 / max(friends, 1)), 1 << 31)
    load = round(min(s.invitation.friends / max(friends, 1), 1.0) * s.private_message.load_units())
    key = entity_key(stream(world.seed, Decision.SEE_INVITATION, day), i)
    to = entity_key(stream(world.seed, Decision.INVITED_FRIENDS, day), i)
    return Post(
        ("friend", i), i, s.private_message, 9, row, key, 0, i + 1, s.invitation.quality, load, only, to)


def firm_broadcasts(world: World, day: int, shown: dict[str, int]) -> list[tuple[Aired, int]]:
    """What is broadcast today, and how often."""
    if not world.scenario.airs:
        return []
    today = []
    for one in aired(world.scenario, world.n, day, shown):
        whole = int(one.posts)
        luck = uniform31(entity_key(stream(world.seed, Decision.AIRED, day), one.source), 0)
        today.append((one, whole + (luck < chance(one.posts - whole))))
    return today
