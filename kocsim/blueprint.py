"""What a synthetic county is made from: the parameters of its people, friendships, groups and shops."""

from __future__ import annotations

from typing import Protocol

from kocsim.errors import ParameterError
from kocsim.parameters import Section, param

MOST_FOLLOWERS = 2**31
"""Of all super-KOCs together: that many ties take 13 GB in a run."""


class Population(Section):
    """Households in communities (社区) on a plane: a county seat and townships of skewed sizes (C06)."""

    household_mean: float = param(
        2.62, unit="residents", ge=1, le=8,
        meaning="mean size of a household; sizes are 1 + Poisson(mean - 1), at most 8",
        source="census of China 2020: 2.62",
    )
    community_median: float = param(
        1500.0, unit="residents", ge=10, le=1e6,
        meaning="median size of a community",
        source="assumption",
    )
    community_sigma: float = param(
        0.5, unit="log units", ge=0, le=2,
        meaning="spread of community sizes (lognormal)",
        source="assumption",
    )
    township_mean: float = param(
        40_000.0, unit="residents", ge=10, le=1e7,
        meaning="mean size of a township outside the county seat; sizes are lognormal with sigma 0.6",
        source="assumption",
    )
    seat_share: float = param(
        0.3, unit="share", ge=0, le=1,
        meaning="share of residents who live in the county seat",
        source="assumption",
    )
    area: float = param(
        2000.0, unit="km2", gt=0, le=1e6,
        meaning="area of the county, a square",
        source="assumption: of the order of a county in eastern or central China",
    )


class Friends(Section):
    """Who has whom as a WeChat contact.

    A resident's contacts are lognormal; `in_county` of them live here. These are drawn from nested tiers: the
    household (always), a circle of `circle_size` neighbours, the community, the township, the county. Shares
    `circle`, `community` and `township` say how many come from each of the nearer ones; the county gets the rest. Small
    circles make clustering. Both ends of a friendship hear each other, with the same strength.

    A KOC has an audience of its own: `koc_median` contacts in the county, one way (KOC to resident), of which
    `koc_local` come from its own township and the rest from anywhere in the county, all residents alike.

    Ties are drawn without repetition, so in a county of some thousands the residents with the most contacts get fewer
    than they ask for; ``County.summary`` shows by how much.

    `super_kocs` of the KOCs, drawn by lot, are personal brands (C61): beside their contacts, `super_audience` residents
    drawn evenly from the county follow each one way. Followers hear all that contacts hear, are no friends, and take
    no place on an account. A further super-KOC leaves the earlier ones what they are.

    KOCs may exchange contacts (C05, C89): a lot pairs them (the odd one out exchanges with nobody), and each of a KOC's
    contacts, followers apart, is given to the partner too with probability `exchange`, with `exchange_strength` times
    the strength of the tie to the giver. Who is a contact of both already, or a follower, keeps the tie there is. A
    larger share gives all that a smaller one gives.
    """

    median: float = param(
        95.0, unit="contacts", ge=0, le=5000,
        meaning="median number of contacts of a resident, wherever they live",
        source="with sigma 0.8 the mean is 131; 128 in the official WeChat white paper of 2015",
    )
    sigma: float = param(
        0.8, unit="log units", ge=0, le=3,
        meaning="spread of contact counts (0: all alike)",
        source="derived with the median; two reports of 2015 and 2016 disagree on the tail",
    )
    cap: int = param(
        5000, unit="contacts", ge=1, le=65_535,
        meaning="most contacts an account can hold",
        source="the paper (C84); Tencent has since raised it to about 10,000",
    )
    in_county: float = param(
        0.65, unit="share", ge=0, le=1,
        meaning="share of a resident's contacts who live in the county",
        source="assumption; no figure found; sweep 0.4 to 0.9",
    )
    circle: float = param(
        0.3, unit="share", ge=0, le=1,
        meaning="share of in-county contacts from the resident's circle of near neighbours",
        source="assumption",
    )
    community: float = param(
        0.25, unit="share", ge=0, le=1,
        meaning="share of in-county contacts from the resident's community outside the circle",
        source="assumption",
    )
    township: float = param(
        0.25, unit="share", ge=0, le=1,
        meaning="share of in-county contacts from the resident's township outside the community",
        source="assumption",
    )
    circle_size: int = param(
        60, unit="residents", ge=2, le=100_000,
        meaning="size of a circle of near neighbours",
        source="assumption",
    )
    strength_near: float = param(
        0.6, unit="strength", ge=0, le=1,
        meaning="mean strength of ties in household and circle",
        source="assumption",
    )
    strength_far: float = param(
        0.4, unit="strength", ge=0, le=1,
        meaning="mean strength of other friendships",
        source="assumption",
    )
    strength_koc: float = param(
        0.4, unit="strength", ge=0, le=1,
        meaning="mean strength of the tie from a KOC to a contact",
        source="assumption: as an ordinary friend's",
    )
    strength_spread: float = param(
        0.2, unit="strength", ge=0, le=1,
        meaning="strengths are uniform within this distance of their mean, cut to [0, 1]",
        source="assumption",
    )
    koc_median: float = param(
        500.0, unit="contacts in the county", ge=0, le=1e6,
        meaning="median number of in-county contacts of a KOC",
        source="assumption; the paper gives none; sweep 128, 500, 1000",
    )
    koc_sigma: float = param(
        0.5, unit="log units", ge=0, le=3,
        meaning="spread of KOCs' contact counts (0: all alike)",
        source="assumption",
    )
    koc_accounts: int = param(
        1, unit="accounts", ge=1, le=50,
        meaning="accounts of a KOC, each holding at most `cap` contacts (the matrix, C86)",
        source="the paper names 20 people with 50 phones; 1 is an assumption",
    )
    koc_local: float = param(
        0.5, unit="share", ge=0, le=1,
        meaning="share of a KOC's contacts drawn from its own township (0: all from anywhere alike)",
        source="assumption",
    )
    super_kocs: int = param(
        0, unit="KOCs", ge=0, le=1 << 24,
        meaning="KOCs who are followed by strangers all over the county",
        source="0: off; the paper names personal brands (C61), no number",
    )
    super_audience: int = param(
        100_000, unit="residents/KOC", ge=0, le=1 << 24,
        meaning="residents who follow a super-KOC; all others where the county has fewer",
        source="assumption; sweep 1e4 to 1e6",
    )
    strength_super: float = param(
        0.4, unit="strength", ge=0, le=1,
        meaning="mean strength of the tie from a super-KOC to a follower",
        source="assumption: as from any KOC to a contact, so that only numbers differ; sweep 0.1 to 0.6",
    )
    exchange: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of a KOC's contacts that a partner gets to address too",
        source="0: off; the paper names the exchange (C89), no share",
    )
    exchange_strength: float = param(
        0.5, unit="factor", ge=0, le=1,
        meaning="strength of a tie to an exchanged contact, as a part of the giver's",
        source="assumption: half; no figure found",
    )


class Groups(Section):
    """Social groups (社群), kept as membership (C07, C08); and the groups that KOCs lead.

    A social group has a home community; `local` of its members live there and the others anywhere in the
    county. A KOC's group draws `led_from_contacts` of its members from the KOC's contacts and the others from
    the KOC's community.
    """

    per_resident: float = param(
        3.0, unit="groups/resident", ge=0, le=100,
        meaning="mean number of social groups a resident belongs to",
        source="assumption",
    )
    median: float = param(
        40.0, unit="members", ge=2, le=500,
        meaning="median size of a social group",
        source="assumption; groups start at 40 members by WeChat's first limit",
    )
    sigma: float = param(
        1.0, unit="log units", ge=0, le=3,
        meaning="spread of group sizes (lognormal)",
        source="assumption",
    )
    cap: int = param(
        500, unit="members", ge=2, le=65_535,
        meaning="most members of a group",
        source="WeChat's limit: 500",
    )
    local: float = param(
        0.6, unit="share", ge=0, le=1,
        meaning="share of a social group's members from its home community",
        source="assumption",
    )
    strength: float = param(
        0.3, unit="strength", ge=0, le=1,
        meaning="mean strength of the tie from a group to a member",
        source="assumption: below a friend's",
    )
    led: int = param(
        1, unit="groups/KOC", ge=0, le=5,
        meaning="groups that each KOC leads",
        source="assumption",
    )
    led_median: float = param(
        157.0, unit="members", ge=0, le=500,
        meaning="median size of a group that a KOC leads",
        source="one group of 157 members, Lichuan county 2021 (South China Morning Post 3126942)",
    )
    led_sigma: float = param(
        0.5, unit="log units", ge=0, le=3,
        meaning="spread of the sizes of led groups (lognormal)",
        source="assumption",
    )
    led_from_contacts: float = param(
        0.7, unit="share", ge=0, le=1,
        meaning="share of a led group's members drawn from the KOC's contacts",
        source="assumption",
    )


class Shops(Section):
    """Shops stand in communities, more of them where more people live; each serves those for whom it is nearest."""

    catchment: float = param(
        3.0, unit="km", gt=0, le=1000,
        meaning="farthest distance from which residents walk in",
        source="assumption",
    )


class World(Protocol):
    """What `kocsim.generate` needs to know: a `kocsim.scenario.Scenario` has it."""

    @property
    def residents(self) -> int: ...
    @property
    def kocs(self) -> int: ...
    @property
    def shops(self) -> int: ...
    @property
    def population(self) -> Population: ...
    @property
    def friends(self) -> Friends: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def shop(self) -> Shops: ...


def check_world(world: World) -> None:
    """What a single range cannot say.

    Raises
    ------
    ParameterError
        More KOCs than residents, or super-KOCs than KOCs; more followers than ties can be numbered; shares that sum to
        more than 1.
    """
    if world.kocs > world.residents:
        raise ParameterError(
            f"kocs must lie in [0, residents] = [0, {world.residents}]; got {world.kocs}."
        )
    f = world.friends
    if f.super_kocs > world.kocs:
        raise ParameterError(f"friends.super_kocs must lie in [0, kocs] = [0, {world.kocs}]; got {f.super_kocs}.")
    if (followers := f.super_kocs * min(f.super_audience, world.residents - 1)) > MOST_FOLLOWERS:
        raise ParameterError(
            f"friends.super_kocs * friends.super_audience must lie in [0, {MOST_FOLLOWERS}]; got {followers}."
        )
    if (total := f.circle + f.community + f.township) > 1 + 1e-9:
        raise ParameterError(
            "friends.circle + friends.community + friends.township must lie in [0, 1]; "
            f"got {total:g}."
        )
