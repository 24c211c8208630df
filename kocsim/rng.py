"""Random numbers as a function of what they decide: one decision, one stream.

No generator is ever advanced. Every draw is a hash of (seed, decision, day, entity and, where a
decision is about a pair, the other entity). So it does not matter in which order, on how many
threads, or for how many others a draw is made, and two scenarios that share a seed share their
luck: a difference between them has the scenario as its only cause.

Three layers, each the same here (whole numbers of Python) and in the compiled kernels:

``stream(seed, decision, day)``
    64-bit key of one decision on one day.
``entity_key(key, entity, turn)``
    64-bit key of one entity (the one who posts) within that stream; ``turn`` tells its posts apart.
``uniform31(key, counter)``
    31 random bits for one resident. An event of probability p happens when they are below
    ``chance(p)`` = p * 2**31, so that p = 0 never and p = 1 always happens.

``mix32`` is a counter hash of three multiplications with a Weyl pre-multiplication. Without the
latter, neighbouring residents' draws are visibly dependent; the pair tests in the suite keep watch.
The multipliers are those of ``triple32`` (C. Wellons, hash-prospector, public domain); ``splitmix64`` is
that of Steele, Lea and Flood (OOPSLA 2014).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, Self

M32: Final = 0xFFFFFFFF
M64: Final = 0xFFFFFFFFFFFFFFFF
GOLDEN: Final = 0x9E3779B97F4A7C15
TURN: Final = 0xD1B54A32D192ED03
DAY: Final = 0x8CB92BA72F3D8DD7
ONE: Final = 1 << 31
"""``chance(1.0)``: the number of different values of `uniform31`."""


class Decision(IntEnum):
    """Every random decision of the model, each its own stream. Numbers are never reused."""

    # the world
    TOWNSHIP = 1
    COMMUNITY = 2
    PLACE = 3
    HOUSEHOLD = 4
    CONTACTS = 5
    FRIENDS = 6
    KOC = 7
    KOC_CONTACTS = 8
    KOC_TIES = 9
    GROUP = 10
    MEMBERS = 11
    LED_GROUP = 12
    SHOP = 13
    STRENGTH = 14
    THRESHOLD = 15
    BETWEEN = 16
    KOC_BETWEEN = 17
    SUPER_KOC = 18
    FOLLOWERS = 19
    PARTNER = 20
    EXCHANGE = 21
    # the day
    KOC_MOMENTS = 32
    KOC_GROUPS = 33
    SHARE = 34
    SHARE_GROUP = 35
    WHICH_GROUP = 36
    VISIT_MOMENTS = 37
    VISIT_GROUPS = 38
    SEE_KOC_MOMENTS = 39
    SEE_KOC_GROUPS = 40
    SEE_FRIEND = 41
    SEE_MEMBER = 42
    NEED = 43
    BUY = 44
    LAPSE = 45
    CONTENT_MOMENTS = 46
    CONTENT_GROUPS = 47
    TRUST_MOMENTS = 48
    TRUST_GROUPS = 49
    MUTE_MOMENTS = 50
    MUTE_GROUPS = 51
    TRUST_RETURN = 52
    KOC_OTHER = 53
    VISIT_OTHER = 54
    SEE_KOC_OTHER = 55
    CONTENT_OTHER = 56
    TRUST_OTHER = 57
    MUTE_OTHER = 58
    ADDRESSED = 59
    ON_PLATFORM = 60
    TOUCH = 61
    FOLLOWS = 62
    FOLLOWED = 63
    AIRED = 65
    SEE_AIRED = 66
    CLICK = 67
    TRANSFER = 68
    CONVERT = 69
    UNFOLLOW = 79
    SCENE = 80
    BUSINESS = 81
    STEP_ON = 82
    START_AGAIN = 83
    NEED_CLASS = 84
    INCOME_CLASS = 85
    KEEP_NEED = 86
    NEED_DAILY = 87
    NEED_DURABLE = 88
    SATISFIED = 89
    UPSET = 90
    TRUST_ORDER = 91
    SCAN = 92
    JOIN = 93
    UPGRADE = 94
    RENEW = 95
    CLIMB = 96
    INVITE_NOW = 97
    SEE_INVITATION = 98
    INVITED_FRIENDS = 99
    IN_STEP = 100
    PHASE = 101
    WANTS = 102
    LEAVE = 103
    WORK = 104
    RECRUITS = 105
    CANDIDATE = 106
    RAISE = 107
    CHOOSE = 108
    RANK = 109
    HANDOVER = 110
    STOCK_UP = 116
    COLLECT = 117
    ROUTE = 136
    MULTIHOME = 137
    OFFER = 138
    DEFECT = 139
    POOL_CALL = 126
    POOL_SCREEN = 127
    POOL_ENTRY = 128
    POOL_REVIEW = 129
    # classic diffusion; the place of the day is taken by the replicate
    TIE = 70
    PERSON = 71
    STEP = 72
    SEED = 73
    EXTERNAL = 74
    TRYING = 75
    INVITE = 76
    INVITED = 77
    ACCEPT = 78
    # not a decision: the hash of a run's results
    DIGEST = 64


OF_RESIDENTS: Final = frozenset((
    Decision.THRESHOLD, Decision.VISIT_MOMENTS, Decision.VISIT_GROUPS, Decision.VISIT_OTHER, Decision.ON_PLATFORM,
    Decision.NEED, Decision.BUSINESS, Decision.NEED_CLASS, Decision.INCOME_CLASS, Decision.FOLLOWED, Decision.WANTS,
))
"""What residents are and need whichever brand is looked at: rivals share these streams (`Luck`)."""


class Luck(int):
    """A seed for one brand of several: residents' own traits and needs follow `people` instead.

    Parameters
    ----------
    seed : int
        Of everything that concerns the brand.
    people : int
        Seed that all brands share.
    since : int
        Days that are over on the day before the brand's first one.
    """

    people: int
    since: int

    def __new__(cls, seed: int, people: int, since: int = 0) -> Self:
        """A whole number that remembers the other two."""
        luck = super().__new__(cls, seed)
        luck.people, luck.since = people, since
        return luck

    def __reduce__(self) -> tuple[Any, ...]:
        return Luck, (int(self), self.people, self.since)


def splitmix64(z: int) -> int:
    """Scramble 64 bits one to one."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def stream(seed: int, decision: Decision, day: int = 0) -> int:
    """Key of one decision on one day.

    Parameters
    ----------
    seed : int
        Any whole number >= 0; numbers of more than 64 bits are folded.
    decision : Decision
    day : int
        >= 0; 0 for what is decided once.

    Returns
    -------
    int
        64 bits.

    Raises
    ------
    ValueError
        For a seed below 0.
    """
    if isinstance(seed, Luck) and decision in OF_RESIDENTS:
        day += seed.since if day else 0
        seed = seed.people
    seed = int(seed)  # a NumPy integer would overflow below
    if seed < 0:
        raise ValueError(f"seed must be a whole number in [0, inf]; got {seed}.")
    folded = seed & M64
    rest = seed >> 64
    while rest:
        folded = splitmix64((folded + GOLDEN) & M64) ^ (rest & M64)
        rest >>= 64
    z = splitmix64((folded + GOLDEN) & M64)
    z = splitmix64((z + int(decision) * TURN) & M64)
    return splitmix64((z + day * DAY + GOLDEN) & M64)


def entity_key(key: int, entity: int, turn: int = 0) -> int:
    """Key of one entity in a stream; `turn` counts its posts of the day."""
    return splitmix64((key + entity * GOLDEN + turn * TURN) & M64)


def mix32(key: int, counter: int) -> int:
    """32 random bits for one counter under a 64-bit key."""
    x = (counter * 0x9E3779B9 + key) & M32
    x ^= x >> 17
    x = (x * 0xED5AD4BB) & M32
    x ^= key >> 32
    x ^= x >> 11
    x = (x * 0xAC4C1B51) & M32
    x ^= x >> 15
    x = (x * 0x31848BAB) & M32
    return x ^ (x >> 14)


def uniform31(key: int, counter: int) -> int:
    """31 random bits: below ``chance(p)`` with probability p."""
    return mix32(key, counter) >> 1


def uniform(key: int, counter: int) -> float:
    """A number in (0, 1), of 32 bits."""
    return (mix32(key, counter) + 0.5) / 4294967296.0


def chance(probability: float) -> int:
    """Threshold for `uniform31`, exact at 0 and 1."""
    return int(probability * ONE)
