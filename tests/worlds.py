"""Random small worlds and scenarios, in which everything happens often."""

from __future__ import annotations

from hypothesis import strategies as st

import kocsim as ks


def share(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[float]:
    """Shares with the ends as likely as anything between them."""
    return st.one_of(st.sampled_from([low, high]), st.floats(low, high))


PLATFORM = st.fixed_dictionaries({
    "posts": st.floats(0, 2), "members": share(), "visit": share(0.5), "view": share(), "reach": share(),
    "recommended": st.floats(0, 30), "stranger": share(), "load": st.floats(0, 4),
})
BROADCAST = {
    "visit": share(0.5), "view": share(), "reach": share(), "persuasiveness": share(), "strength": share(),
    "load": st.floats(0, 4),
}
AUDIENCES = st.sampled_from(["everyone", "followers", "customers", "members"])
MARKET = {
    "private_message": st.fixed_dictionaries({"visit": share(0.5), "view": share(), "load": st.floats(0, 4)}),
    "kuaishou": PLATFORM,
    "bilibili": PLATFORM,
    "official_account": st.fixed_dictionaries({
        **BROADCAST, "posts": st.floats(0, 2), "followers": share(), "followed": st.floats(0, 2000),
        "followed_sigma": st.floats(0, 2), "background_posts": st.floats(0, 0.1),
    }),
    "live_stream": st.fixed_dictionaries({
        **BROADCAST, "posts": st.floats(0, 1), "audience": AUDIENCES,
    }),
    "shop_visit": st.fixed_dictionaries({
        "display": share(), "pace": st.sampled_from([0.0, 3.0]), "visit": share(0.5), "view": share(),
        "range": st.floats(0.5, 20), "scene": share(0, 0.3), "strength": share(), "tempt": share(),
    }),
    "advertising": st.fixed_dictionaries({
        **BROADCAST, "budget": st.floats(0, 10), "saturation": st.floats(0, 2), "click": share(), "convert": share(),
        "transfer": share(), "until": st.sampled_from([0, 5]),
    }),
    "broadcasts": st.lists(st.fixed_dictionaries({
        **BROADCAST, "posts": st.floats(0, 2), "audience": AUDIENCES, "click": share(), "transfer": share(),
    }), max_size=2).map(lambda some: [{**one, "name": f"own{at}"} for at, one in enumerate(some)]),
    "business": st.fixed_dictionaries({
        "share": share(), "cycle": st.floats(1, 8), "steps": st.integers(1, 5), "restart": share(), "need": share(),
        "value": st.floats(0, 100),
    }),
    "price": st.fixed_dictionaries({
        "price": st.floats(1, 60), "elasticity": st.floats(0, 3), "income_exponent": st.floats(0, 2),
        "income_sigma": st.floats(0, 1.5),
    }),
    "ladder": st.fixed_dictionaries({"step": share(), "daily_need": share(), "durable_need": share()}),
    "satisfaction": st.fixed_dictionaries({"rate": share(), "upset": share(), "feedback": st.floats(0, 20)}),
    "invitation": st.fixed_dictionaries({
        "rate": share(), "trust_exponent": st.floats(0, 3), "friends": st.floats(0, 10), "quality": share(),
    }),
    "membership": st.fixed_dictionaries({
        "scan": share(0.5), "join": share(0.5), "selection": st.floats(0, 2), "upgrade": share(),
        "fee": st.floats(0, 50),
        "discount_free": st.floats(0, 0.5), "discount_paid": st.floats(0, 0.9), "lift_free": st.floats(0, 2),
        "lift_paid": st.floats(0, 2), "lock_free": share(), "lock_paid": share(),
    }),
    "money": st.fixed_dictionaries({
        "commission": share(), "goods": share(), "budget": st.sampled_from([0.0, 0.0, 20.0]), "rent": st.floats(0, 5),
        "opening": st.floats(0, 10), "phone": st.floats(0, 1), "staff": st.floats(0, 3),
    }),
    "recruiting": st.fixed_dictionaries({
        "start": share(), "firm": st.floats(0, 2), "leader": share(), "cost": st.floats(0, 5),
        "reward": st.floats(0, 5), "select": st.sampled_from(["lot", "contacts", "customers"]), "override": share(),
        "fade": share(),
    }),
    "leaving": st.fixed_dictionaries({
        "base": share(0, 0.3), "pressure": share(), "opportunity": st.floats(0, 10), "memory": st.floats(0.5, 10),
        "grace": st.integers(0, 4), "owner": st.sampled_from(["koc", "firm"]), "handover": share(),
        "keeper": st.floats(0, 1),
    }),
    "effort": st.fixed_dictionaries({"activity": share(), "response": st.floats(0, 2)}),
    "salons": st.fixed_dictionaries({
        "every": st.integers(1, 4), "who": st.sampled_from(["all", "elite"]), "cost": st.floats(0, 5), "lift": share(),
        "skill": share(), "half_life": st.floats(1, 20),
    }),
    "tiers": st.fixed_dictionaries({
        "every": st.integers(1, 3), "elite": share(), "bonus": share(), "lock": share(),
    }),
    "management": st.fixed_dictionaries({
        "span": st.integers(1, 6), "wage": st.floats(0, 5), "half": st.floats(1, 10), "control": share(),
        "drive": share(),
    }),
    "event": st.fixed_dictionaries({
        "day": st.integers(1, 4), "every": st.sampled_from([0, 4]), "days": st.integers(1, 4),
        "discount": share(0, 0.9), "posts": st.integers(0, 3), "stock": st.floats(0, 3),
        "replaces": st.sampled_from(["orders", "needs"]),
    }),
    "delivery": st.fixed_dictionaries({
        "stop": st.floats(0, 20), "order": st.floats(0, 5), "point": st.just("shop"), "range": st.floats(0.1, 10),
    }) | st.fixed_dictionaries({"stop": st.floats(0, 20), "order": st.floats(0, 5)}),
    "shock": st.fixed_dictionaries({
        "day": st.integers(1, 5), "days": st.integers(1, 4), "need": st.floats(0, 5), "lasting": share(),
    }),
    "pool": st.fixed_dictionaries({
        "screened": st.just(True), "call": share(), "precision": share(), "keep": share(), "entry": share(0.5),
        "entry_exponent": st.floats(0, 2), "review": st.sampled_from([0, 1, 3]), "review_precision": share(),
        "refill": share(), "call_cost": st.floats(0, 2), "screen_cost": st.floats(0, 2),
        "review_cost": st.floats(0, 2), "upkeep": st.floats(0, 9),
    }),
    "attribution": st.fixed_dictionaries({"track": st.booleans()}),
}
"""What may be switched on, section by section."""


SELLERS = ("recruiting", "leaving", "effort", "salons", "tiers", "management", "pool", "event", "delivery", "money")
"""Sections of those who address; the preset full switches them on, too."""


def as_it_is(scenario: ks.Scenario) -> ks.Scenario:
    """The residents' side of a scenario: all KOCs work from the first day on, and nothing is spent on them."""
    default = ks.Scenario()
    return scenario.replace(
        **{name: getattr(default, name) for name in SELLERS}, posting={"quality": 1.0},
        shop_visit={"pace": 0.0, "tempt": 0.0})


@st.composite
def scenarios(draw: st.DrawFn, residents: int = 120) -> ks.Scenario:
    """A county of a handful to `residents` people in which nobody waits long for anything."""
    n = draw(st.integers(1, residents))
    kocs = draw(st.integers(0, min(n, 12)))
    off = st.just(0.0)  # as likely as not: a mechanism that is switched off
    return ks.Scenario(
        residents=n,
        kocs=kocs,
        shops=draw(st.integers(0, 3)),
        population={
            "community_median": draw(st.sampled_from([10.0, 40.0])),
            "township_mean": 80.0,
            "seat_share": draw(share()),
        },
        friends={
            "median": draw(st.floats(0, 40)),
            "in_county": draw(share()),
            "koc_median": draw(st.floats(0, 60)),
            "koc_local": draw(share()),
            "circle_size": draw(st.sampled_from([2, 10, 1000])),
            "strength_spread": draw(share()),
            "super_kocs": draw(st.just(0) | st.integers(0, min(kocs, 2))),
            "super_audience": draw(st.integers(0, residents)),
            "exchange": draw(off | share()),
            "exchange_strength": draw(share()),
        },
        groups={
            "per_resident": draw(st.floats(0, 4)),
            "median": 8.0,
            "led": draw(st.integers(0, 2)),
            "led_median": draw(st.floats(0, 20)),
        },
        need={
            "rate": draw(share(0.2)),
            "sigma": draw(off | st.floats(0, 1.5)),
            "keep": draw(off | share()),
        },
        posting={
            "moments": draw(st.floats(0, 2.5)),
            "groups": draw(st.floats(0, 1.5)),
            "quality": draw(share()),
            "messages": draw(off | st.floats(0, 30)),
            "until": draw(st.sampled_from([0, 0, 4])),
            "every": draw(st.sampled_from([1, 1, 3])),
            "synchrony": draw(share()),
        },
        **draw(st.just({}) | st.fixed_dictionaries({}, optional=MARKET)),
        content={
            "service": draw(share()),
            "noise": draw(share()),
            "disclosed": draw(off | share()),
            "service_weight": draw(share()),
            "noise_weight": draw(share()),
        },
        trust={
            "service": draw(off | st.floats(0, 0.1)),
            "selling": draw(off | st.floats(0, 0.1)),
            "noise": draw(off | share()),
            "half_life": draw(off | st.floats(0.5, 60)),
            "mute": draw(off | share()),
            "purchase": draw(off | st.floats(0, 0.3)),
            "disappointment": draw(off | st.floats(0, 0.5)),
            "gate": draw(off | share()),
        },
        sharing={"rate": draw(share()), "group": draw(share()), "quality": draw(share())},
        moments={
            "visit": draw(share(0.3)),
            "view": draw(share()),
            "persuasiveness": draw(share(0.5)),
            "load": draw(st.floats(0, 4)),
        },
        group_chat={"visit": draw(share(0.3)), "view": draw(share()), "load": draw(st.floats(0, 4))},
        attention={
            "posts_per_day": draw(st.floats(0, 30)),
            "background_posts": draw(st.floats(0, 0.3)),
        },
        response={
            "first": draw(st.floats(0, 3)),
            "further": draw(st.floats(0, 3)),
            "repeat": draw(st.floats(0, 1)),
            "half_life": draw(st.floats(0.5, 60)),
        },
        identification={
            "threshold": draw(st.sampled_from(["absolute", "fractional"])),
            "absolute": draw(st.floats(0, 4)),
            "fraction": draw(share()),
            "sigma": draw(st.floats(0, 1.5)),
            "hysteresis": draw(share()),
        },
        purchase={
            "first": draw(share(0.2)),
            "repeat": draw(share()),
            "lapse": draw(share(0.0, 0.3)),
            "win_back": draw(share()),
        },
    )
