"""The model, one resident at a time, in plain Python: the specification that runs.

Read `run` from the top: it is one day after the other, and a day is nine steps, each a function of a few lines.
Nothing here is fast, and nothing is clever: posts go into inboxes, a resident reads hers, weighs what she saw, and
moves on. In a quarter of an hour: `run`, `deliver` and `read_and_weigh` below; `Post` and `Resident` in `people`;
`kocs_post` and `customers_share` in `posting`; `read` and `weigh` in `reading`; `identify` and `buy` in `buying`. What
else stands there belongs to mechanisms that are off unless a scenario switches them on. ``run.explain(resident, day)``
of a `kocsim.Simulation` shows the same functions at work on one resident of any county.

- `kocsim.reference.people`: who there is, and what lies in an inbox;
- `kocsim.reference.selling`: who speaks for the firm today;
- `kocsim.reference.pooling`: to whom a KOC speaks at all;
- `kocsim.reference.posting`: who posts what, and into whose inbox it comes;
- `kocsim.reference.reading`: what is seen, and what it weighs;
- `kocsim.reference.buying`: identification, orders, and what orders leave behind;
- `kocsim.reference.competing`: the same for several brands in one county.

Random numbers come from the same streams as in `kocsim.simulation`, so the two agree on every resident, every day,
exactly; the test suite holds them to it. Arithmetic is done in double precision and evidence is kept in single
precision, as in the kernels.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from kocsim.reference.buying import buy, deliver_goods, identify
from kocsim.reference.people import Post, World
from kocsim.reference.posting import Inbox, customers_invite, customers_share, firm_broadcasts, kocs_post
from kocsim.reference.reading import arrived, attended, hear, read, weigh
from kocsim.reference.selling import morning

if TYPE_CHECKING:
    from collections.abc import Callable

    from kocsim.county import County
    from kocsim.mechanisms.broadcasts import Aired
    from kocsim.scenario import Scenario


class Day(NamedTuple):
    """What the county looks like after a day."""

    stage: list[int]
    evidence: list[float]
    sources: list[int]
    kocs: list[int]
    week: list[int]
    today: list[int]
    day_aware: list[int]
    day_identified: list[int]
    day_customer: list[int]
    ordered: list[bool]
    trust: list[int]
    """Of each tie from a KOC, 0 to 255, KOC by KOC."""
    muted: list[bool]
    """Whether it is muted."""
    pooled: list[bool]
    """Whether it is in the KOC's pool."""
    exposures: int
    """Posts seen by anybody."""
    touch: list[tuple[int, int, int, int]]
    """Of the latest post seen: day, lot, channel, index."""
    first: list[int]
    won: list[int]
    """Credits of the first touch, and of the last before the first order."""
    met: list[int]
    """Channels ever heard on, a bit each."""
    flags: list[int]
    phase: list[int]
    tier: list[int]
    saved: list[int]
    breadth: list[int]
    orders: list[int]
    stock: list[int]
    shop_trust: list[int]
    inviters: list[int]
    sales: int
    """Of all days so far, in fen."""
    income: list[int]
    """Of each KOC, in fen."""
    kocs_state: list[str]
    raised_by: list[int]
    loyalty: list[float]
    purse: int
    """What the firm may still spend, in fen."""
    displays: int
    """Shops that show the product."""
    delivered: int
    """What delivery has cost on all days so far, in fen."""
    by_shop: list[list[int]]
    """First orders, orders and sales (fen) of each shop whose visit was the last touch."""
    called: list[int]
    """By each KOC, to her pool."""
    pool_cost: int
    """Of all days so far, in fen."""


def run(
    scenario: Scenario,
    county: County,
    seed: int,
    days: int,
    posts: Callable[[int, int], tuple[int, int, float]] | None = None,
) -> list[Day]:
    """Simulate `days` days.

    Parameters
    ----------
    scenario : Scenario
    county : County
        Small: every post is an object here.
    seed, days : int
    posts : callable, optional
        ``posts(day, koc)`` gives (posts to Moments, posts to groups, quality) instead of the scenario's posting.

    Returns
    -------
    list of Day
        One a day, from day 1.
    """
    world = World(scenario, county, seed)
    history = []
    for day in range(1, days + 1):
        inbox, air = deliver(world, day, posts)
        exposures = 0
        for i, resident in enumerate(world.residents):
            exposures += read_and_weigh(world, day, i, inbox[i], air, arrived(world, i, inbox[i], air))
            buy(world, day, i, resident)
        history.append(look(world, day, exposures))
    return history


def deliver(
    world: World, day: int, posts: Callable[[int, int], tuple[int, int, float]] | None = None
) -> tuple[Inbox, list[tuple[Aired, int]]]:
    """What is settled in the morning, and what is then posted and broadcast."""
    inbox: Inbox = [[] for _ in world.residents]
    morning(world, day)
    shown = kocs_post(world, day, inbox, posts)
    customers_share(world, day, inbox)
    customers_invite(world, day, inbox)
    return inbox, firm_broadcasts(world, day, shown)


def read_and_weigh(
    world: World, day: int, i: int, inbox: list[Post], air: list[tuple[Aired, int]], delivered: int
) -> int:
    """What resident i sees today, and what it makes of her; returns how many posts she saw."""
    share = attended(world, i, delivered)
    seen = read(world, day, i, inbox, share) + hear(world, day, i, air, share)
    weigh(world, day, world.residents[i], seen)
    identify(world, day, world.residents[i])
    return len(seen)


def look(world: World, day: int, exposures: int) -> Day:
    """The day's goods are delivered; columns of what residents have become."""
    deliver_goods(world)
    people = world.residents
    kocs = [Counter(kind for kind, _ in r.seen)["koc"] for r in people]
    return Day(
        stage=[int(r.stage) for r in people],
        evidence=[r.evidence for r in people],
        sources=[len(r.seen) for r in people],
        kocs=kocs,
        week=[r.kocs_since(day - 6) for r in people],
        today=[r.kocs_since(day) for r in people],
        day_aware=[r.day_aware for r in people],
        day_identified=[r.day_identified for r in people],
        day_customer=[r.day_customer for r in people],
        ordered=[r.ordered for r in people],
        trust=list(world.trust.values()),
        muted=[tie in world.muted for tie in world.trust],
        pooled=[tie not in world.outside for tie in world.trust],
        exposures=exposures,
        touch=[r.touch for r in people],
        first=[r.first for r in people],
        won=[r.won for r in people],
        met=[sum(1 << channel for channel in r.met) for r in people],
        flags=[r.business | r.pending << 1 | r.follows << 2 | r.left << 4 for r in people],
        phase=[r.phase for r in people],
        tier=[r.tier for r in people],
        saved=[r.saved for r in people],
        breadth=[r.breadth for r in people],
        orders=[r.orders for r in people],
        stock=[r.stock for r in people],
        shop_trust=[r.shop_trust for r in people],
        inviters=[i for i, r in enumerate(people) if r.invites],
        sales=world.sales,
        income=list(world.income),
        kocs_state=[one.state for one in world.firm.kocs],
        raised_by=[one.raised_by for one in world.firm.kocs],
        loyalty=[one.loyalty for one in world.firm.kocs],
        purse=world.firm.purse,
        displays=world.displays,
        delivered=world.delivered,
        by_shop=[list(shop) for shop in world.by_shop],
        called=list(world.called),
        pool_cost=world.pool_cost,
    )
