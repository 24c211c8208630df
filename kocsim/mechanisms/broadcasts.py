"""Broadcasts: what the firm says itself, to many at once, and what platforms show to strangers.

A broadcast has no author among the residents. Everybody in its audience gets each of its posts, sees it as on any other
channel (`kocsim.mechanisms.channels`), and takes it for the word of one source: news the first time, repetition after
that. The tie it comes over is the same for all, `strength`, except for shops, where trust is a resident's own.

Four are built in; a user's own are a line each::

    leaflet = ks.Broadcast(name="leaflet", audience="everyone", posts=1 / 7, visit=0.3, view=0.5,
                           persuasiveness=0.4, strength=0.2, load=0.0, cost=20.0)
    scenario = scenario.replace(broadcasts=[leaflet])
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from kocsim.errors import ParameterError
from kocsim.mechanisms.channels import CHANNELS, MOST_CHANNELS, Channel
from kocsim.parameters import param

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kocsim.scenario import Scenario

AUDIENCES: Final = ("everyone", "followers", "customers", "members", "platform", "catchment", "column")
"""By number, as kernels know them."""
EVERYONE, FOLLOWERS, CUSTOMERS, MEMBERS, PLATFORM, CATCHMENT, COLUMN = range(7)


class OfficialAccount(Channel):
    """The firm's official account (公众号): its articles go to those who follow it.

    A share `followers` of the residents follow from the start; others come by clicking on an advertisement
    (`kocsim.mechanisms.broadcasts.Advertising`) or by joining as members (`kocsim.mechanisms.membership`). A resident
    follows lognormally many other accounts, which fill her feed with `background_posts` each a day; nobody can follow
    more than `cap` in all (C85). Who is put off by a selling post (`kocsim.mechanisms.trust`: mute) stops following for
    good.
    """

    posts: float = param(
        0.0, unit="posts/day", ge=0, le=100,
        meaning="mean number of articles a day",
        source="0: off; the preset full says 1/7, an assumption",
    )
    followers: float = param(
        0.01, unit="share", ge=0, le=1,
        meaning="share of residents who follow from the start",
        source="assumption",
    )
    visit: float = param(
        0.4, unit="probability/day", ge=0, le=1,
        meaning="chance that a follower looks at subscriptions on a given day",
        source="assumption: below Moments",
    )
    view: float = param(
        0.2, unit="probability", ge=0, le=1,
        meaning="chance that an article within the day's attention is opened",
        source="assumption",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="evidence carried by an article over a tie of full strength",
        source="assumption: as on Moments",
    )
    strength: float = param(
        0.36, unit="strength", ge=0, le=1,
        meaning="strength of the tie from the firm to a follower",
        source="a KOC's 0.4 x 82/91: 82% in China trust a brand's own site, 91% people they know (Nielsen 2009)",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16,
        meaning="attention taken by one article, in Moments posts",
        source="assumption",
    )
    followed: float = param(
        50.0, unit="accounts", ge=0, le=1e5,
        meaning="median number of other accounts that a resident follows",
        source="assumption",
    )
    followed_sigma: float = param(
        1.0, unit="log units", ge=0, le=4,
        meaning="spread of the number of other accounts",
        source="assumption",
    )
    background_posts: float = param(
        0.02, unit="posts/account/day", ge=0, le=100,
        meaning="articles of each other account that reach a resident's feed",
        source="assumption",
    )
    cap: int = param(
        1000, unit="accounts", ge=0, le=1_000_000,
        meaning="most accounts that a resident can follow",
        source="the paper (C85): 1,000",
    )


class LiveStream(Channel):
    """The firm's live stream: few drop in, and who does is shown a lot."""

    posts: float = param(
        0.0, unit="streams/day", ge=0, le=24,
        meaning="mean number of streams a day",
        source="0: off; the preset full says 1/7, an assumption",
    )
    audience: Literal["everyone", "followers", "customers", "members"] = param(
        "followers", unit="switch",
        meaning="who gets notice: followers of the official account, customers, members or everyone",
        source="assumption",
    )
    visit: float = param(
        0.05, unit="probability/day", ge=0, le=1,
        meaning="chance that one who has notice drops in",
        source="assumption",
    )
    view: float = param(
        0.9, unit="probability", ge=0, le=1,
        meaning="chance that a stream within the day's attention is followed",
        source="assumption",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="evidence carried by a stream over a tie of full strength",
        source="assumption",
    )
    strength: float = param(
        0.36, unit="strength", ge=0, le=1,
        meaning="strength of the tie from the streamer to a viewer",
        source="assumption: as the official account's",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16,
        meaning="attention taken by the notice of a stream, in Moments posts",
        source="assumption",
    )


class ShopVisit(Channel):
    """The shop that a resident's community goes to: who walks in may notice the product there.

    The chance to walk in falls with distance, ``visit x exp(-distance / range)``; a visit takes nothing from the day's
    attention for the phone. Shops begin to show the product one after the other, the largest catchments first, where
    `pace` says so (`kocsim.mechanisms.money`: what an opening costs). Trust in the shop is a byte a resident: it begins
    at `strength`, good purchases deposit and bad ones withdraw as for KOCs (`kocsim.mechanisms.trust`), and each visit
    on which the product is noticed adds `scene` (a shop turned into a scene, C35).
    """

    display: float = param(
        0.0, unit="share", ge=0, le=1,
        meaning="share of shops that put the product on display, the largest catchments first",
        source="0: off; the preset full says 1, an assumption",
    )
    pace: float = param(
        0.0, unit="shops/week", ge=0, le=1e6,
        meaning="shops that begin to show the product in a week, until `display` is reached (0: all from the start)",
        source="0, all at once, by definition; sweep (C28)",
    )
    visit: float = param(
        0.15, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident next door walks in on a given day",
        source="assumption: about once a week",
    )
    range: float = param(
        1.5, unit="km", gt=0, le=1000,
        meaning="distance over which the chance to walk in falls to 1/e",
        source="assumption: half of the catchment",
    )
    view: float = param(
        0.3, unit="probability", ge=0, le=1,
        meaning="chance that a visitor notices the product",
        source="assumption",
    )
    persuasiveness: float = param(
        0.8, unit="share", ge=0, le=1,
        meaning="evidence carried by noticing the product, with full trust in the shop",
        source="assumption: below a KOC's own experience",
    )
    strength: float = param(
        0.5, unit="strength", ge=0, le=1,
        meaning="trust in the shop at the start",
        source="assumption: above a KOC's (C27: shops are trusted)",
    )
    tempt: float = param(
        0.0, unit="probability", ge=0, le=1,
        meaning="chance that one who notices it picks it up: she then buys as after a click (`advertising.convert`)",
        source="assumption: 0, shops only show; sweep (C27: walk-in traffic)",
    )
    scene: float = param(
        0.0, unit="trust/visit", ge=0, le=1,
        meaning="trust added by a visit on which the product is noticed",
        source="assumption: 0; sweep (C35)",
    )
    load: float = param(
        0.0, unit="posts", ge=0, le=16,
        meaning="attention taken, in Moments posts",
        source="0 by definition: not on the phone",
    )


class Advertising(Channel):
    """Public traffic: impressions bought at auction, `budget` yuan a day (C39, C88, C100-C101).

    Impressions go to residents by lot. A thousand cost ::

        cpm x (1 + rival_effect x rivals) x (1 + saturation x impressions per resident and day)

    so they get dearer with rivals and with what is already bought. What is seen weighs `strength`, far below a
    friend. Who sees one clicks with probability `click`; who clicked buys on a day of need with probability `convert`
    even if not persuaded, and follows the firm's official account, its private pool, with probability `transfer`.
    """

    budget: float = param(
        0.0, unit="yuan/day", ge=0, le=1e9,
        meaning="what is spent on impressions in a day",
        source="0: off; the preset full says 2,000, an assumption",
    )
    until: int = param(
        0, unit="day", ge=0, le=60_000,
        meaning="last day of advertising (0: no end)",
        source="0, no end, by definition",
    )
    cpm: float = param(
        30.0, unit="yuan/1,000 impressions", gt=0, le=1e6,
        meaning="price without rivals and for the first impression",
        source="assumption; no published price of Moments advertisements was found",
    )
    rivals: int = param(
        3, unit="bidders", ge=0, le=10_000,
        meaning="others who bid for the same residents",
        source="assumption",
    )
    rival_effect: float = param(
        0.2, unit="share/bidder", ge=0, le=100,
        meaning="by how much each rival raises the price",
        source="assumption (C101)",
    )
    saturation: float = param(
        1.0, unit="share", ge=0, le=1000,
        meaning="by how much one impression a resident and day raises the price",
        source="assumption",
    )
    visit: float = param(
        0.716, unit="probability/day", ge=0, le=1,
        meaning="chance that a resident looks at where advertisements are shown",
        source="as Moments: 780 m of 1.09 bn daily users (Zhang Xiaolong, January 2021)",
    )
    view: float = param(
        0.2, unit="probability", ge=0, le=1,
        meaning="chance that an advertisement within the day's attention registers",
        source="assumption: half of a friend's post",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1,
        meaning="evidence carried by an advertisement over a tie of full strength",
        source="assumption: what is weak is the tie",
    )
    strength: float = param(
        0.21, unit="strength", ge=0, le=1,
        meaning="strength of the tie from an advertiser to a resident",
        source="a KOC's 0.4 x 47/91: 47% trust television advertisements (2012), 91% people they know (2009), Nielsen",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16,
        meaning="attention taken by one advertisement, in Moments posts",
        source="assumption",
    )
    click: float = param(
        0.02, unit="probability", ge=0, le=1,
        meaning="chance that one who sees an advertisement clicks on it",
        source="assumption; no published rate was found",
    )
    convert: float = param(
        0.1, unit="probability", ge=0, le=1,
        meaning="chance that one who clicked buys, on a day of need",
        source="assumption: as an identified resident",
    )
    transfer: float = param(
        0.1, unit="probability", ge=0, le=1,
        meaning="chance that one who clicked follows the official account",
        source="assumption; sweep (C88)",
    )

    def price(self, impressions: float, residents: int) -> float:
        """Yuan for a thousand, when so many are bought in a day."""
        rivals = 1 + self.rival_effect * self.rivals
        return self.cpm * rivals * (1 + self.saturation * impressions / max(residents, 1))

    def impressions(self, residents: int, budget: float | None = None) -> float:
        """Impressions that the budget, or so many yuan, buy in a day: budget = price x impressions / 1,000, solved."""
        budget = self.budget if budget is None else budget
        first = self.price(0.0, residents) / 1000
        slope = first * self.saturation / max(residents, 1)
        if slope == 0:
            return budget / first
        return 2 * budget / (first + math.sqrt(first * first + 4 * slope * budget))


class Broadcast(Channel):
    """A channel of the user's own.

    Its audience: "everyone"; "followers" of the official account; "customers"; "members"; or the name of a column of
    truth values among the county's own (`County.from_ties`).
    """

    name: str = param("broadcast", unit="text", meaning="name in tables", source="free choice")
    audience: str = param(
        "everyone", unit="name", source="free choice",
        meaning="everyone, followers, customers, members, or a column of the county's residents",
    )
    posts: float = param(
        1.0, unit="posts/day", ge=0, le=100, meaning="mean number of posts a day", source="free choice",
    )
    visit: float = param(
        0.5, unit="probability/day", ge=0, le=1, meaning="chance that one of the audience looks on a given day",
        source="free choice",
    )
    view: float = param(
        0.4, unit="probability", ge=0, le=1, meaning="chance that a post within the day's attention registers",
        source="free choice",
    )
    persuasiveness: float = param(
        1.0, unit="share", ge=0, le=1, meaning="evidence carried by a post over a tie of full strength",
        source="free choice",
    )
    strength: float = param(
        0.2, unit="strength", ge=0, le=1, meaning="strength of the tie to each of the audience", source="free choice",
    )
    load: float = param(
        1.0, unit="posts", ge=0, le=16, meaning="attention taken by one post, in Moments posts", source="free choice",
    )
    click: float = param(
        0.0, unit="probability", ge=0, le=1, meaning="chance that one who sees a post clicks on it",
        source="free choice",
    )
    transfer: float = param(
        0.0, unit="probability", ge=0, le=1,
        meaning="chance that one who clicked follows the official account", source="free choice",
    )


class Aired(NamedTuple):
    """One broadcast, as a day goes through it."""

    name: str
    number: int
    """In `CHANNELS`; a user's own follow."""
    source: int
    """Bit that remembers whether it was heard before."""
    channel: Channel
    audience: int
    """In `AUDIENCES`."""
    posts: float
    """Mean number a day; the whole part is certain."""
    reach: float
    """Chance that one of the audience is shown a post."""
    strength: float
    click: float = 0.0
    transfer: float = 0.0
    column: str = ""

    @property
    def load_units(self) -> int:
        """Load of one post on each of the audience, in 1/256 post."""
        return round(self.channel.load * self.reach * 256)


def used(scenario: Scenario) -> list[tuple[int, str]]:
    """Numbers and names of the firm's and the user's broadcasts that a scenario uses."""
    s = scenario
    on = (s.official_account.posts, s.live_stream.posts, s.shop_visit.display, s.advertising.budget)
    own = [broadcast.name for broadcast in s.broadcasts]
    return [
        *((10 + at, CHANNELS[10 + at]) for at, on_air in enumerate(on) if on_air), *enumerate(own, len(CHANNELS)),
    ]


def aired(
    scenario: Scenario, residents: int, day: int, posted: Mapping[str, int], budget: float | None = None
) -> list[Aired]:
    """The broadcasts of one day.

    Parameters
    ----------
    scenario : Scenario
    residents, day : int
    posted : mapping of str to int
        By platform, the contacts of those KOCs who post there today, counted once a post: the followers from whom the
        platform can withhold it.
    budget : float, optional
        Yuan for advertising today, in place of the scenario's.
    """
    s, out = scenario, []
    for number, name in enumerate(CHANNELS[3:7], 3):
        platform = getattr(s, name)
        shown = posted.get(name, 0) * (1 - platform.reach) * platform.recommended / max(residents, 1)
        if shown:
            turns = math.ceil(shown)
            out.append(Aired(
                name, number, MOST_CHANNELS + number, platform, PLATFORM, turns, shown / turns, platform.stranger))
    account, stream, shop, ads = s.official_account, s.live_stream, s.shop_visit, s.advertising
    if account.posts:
        out.append(Aired(
            "official_account", 10, 10, account, FOLLOWERS, account.posts, account.reach, account.strength))
    if stream.posts:
        where = AUDIENCES.index(stream.audience)
        out.append(Aired("live_stream", 11, 11, stream, where, stream.posts, stream.reach, stream.strength))
    if shop.display:
        out.append(Aired("shop_visit", 12, 12, shop, CATCHMENT, 1.0, 1.0, shop.strength, shop.tempt))
    if budget is None:
        budget = ads.budget if day <= ads.until or not ads.until else 0.0
    if budget:
        shown = ads.impressions(residents, budget) / max(residents, 1)
        turns = max(1, math.ceil(shown))
        out.append(Aired(
            "advertising", 13, 13, ads, EVERYONE, turns, shown / turns * ads.reach, ads.strength, ads.click,
            ads.transfer))
    for number, own in enumerate(s.broadcasts, len(CHANNELS)):
        known = own.audience in AUDIENCES[:4]
        out.append(Aired(
            own.name, number, number, own, AUDIENCES.index(own.audience) if known else COLUMN, own.posts, own.reach,
            own.strength, own.click, own.transfer, "" if known else own.audience))
    return out


def check_broadcasts(broadcasts: tuple[Broadcast, ...]) -> None:
    """What a single range cannot say.

    Raises
    ------
    ParameterError
        Too many broadcasts, or two of one name.
    """
    most = MOST_CHANNELS - len(CHANNELS)
    if len(broadcasts) > most:
        raise ParameterError(f"broadcasts must be at most {most}; got {len(broadcasts)}.")
    names = [*CHANNELS, "none"]
    for own in broadcasts:
        if not own.name.strip():
            raise ParameterError(f"A broadcast's name must not be empty; got {own.name!r}.")
        if own.name in names:
            raise ParameterError(f"Every channel needs a name of its own, and not 'none'; got {own.name!r} again.")
        names.append(own.name)
