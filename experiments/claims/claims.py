"""Claims of the paper as data: each with a hypothesis, a measure, a setting where it holds and one where it fails.

`CLAIMS` is the one definition; the command beside this file prints it and the tests ask for both answers. A further
claim is a function that measures one scenario on one seed, and an entry in `CLAIMS`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy import stats

import kocsim as ks
from experiments.claims.lab import Claim, Lab, Measured, Range, Setting
from experiments.claims.models import MODELS

RANGES: Final = {
    "density": Range(0.0001, 0.05, "KOCs a resident; the sweep of the paper's 1%"),
    "friends.koc_median": Range(128, 5000, "WeChat's white paper of 2015: 128; the paper's limit of an account: 5,000"),
    "friends.strength_koc": Range(0.2, 0.8, "assumption: either side of an ordinary friend's 0.4 and a near one's 0.6"),
    "moments.view": Range(0.1, 1, "the parameter's sweep, which stands for a friend's post seen at 0.05 to 0.5"),
    "response.further": Range(0, 1, "Huang & Lin (SSRN 3901637): 0; Centola (Science 2010): 1"),
    "identification.absolute": Range(0.5, 3, "assumption: from half a full cue to three"),
    "identification.hysteresis": Range(0, 1, "the whole scale: never lost, to lost with the threshold"),
    "attention.posts_per_day": Range(3, 100, "the parameter's sweep"),
    "posting.moments": Range(1 / 7, 8, "assumption: from a post a week to one every two waking hours"),
    "posting.groups": Range(1 / 7, 8, "as posting.moments"),
    "delivery.stop": Range(1, 50, "assumption: from a neighbour's hand to a van's detour; the parameter's sweep"),
    "price.elasticity": Range(0, 3, "assumption: from nobody minds to twice the default of the preset full"),
    "event.posts": Range(0, 5, "assumption: from none to as many again as five days' worth"),
    "content.service": Range(0, 1, "the whole scale: all posts sell, to none"),
    "shop_visit.tempt": Range(0, 1, "the whole scale: shops only show, or whoever notices may buy"),
    "shop_visit.visit": Range(0.05, 0.5, "assumption: from three visits in two months to every other day"),
    "shop_visit.view": Range(0.1, 1, "assumption: from one visitor in ten to all"),
    "leaving.base": Range(0, 0.02, "assumption: from nobody to half of all within five weeks"),
    "recruiting.cost": Range(0, 500, "assumption: from nothing to more than a month of what a leader wants"),
    "recruiting.reward": Range(0, 500, "as recruiting.cost"),
    "recruiting.firm": Range(0, 50, "assumption: from none to fifty a day in a million residents"),
    "recruiting.leader": Range(0, 0.05, "assumption: from nobody to one in three weeks"),
    "recruiting.start": Range(0, 1, "the whole scale"),
    "recruiting.fade": Range(0, 1, "the whole scale"),
    "money.rent": Range(0, 333, "assumption: to 10,000 yuan a month; the parameter's sweep"),
    "multihome": Range(0, 1, "the whole scale: KOCs work for one, to all for several"),
    "habit": Range(0, 10, "assumption: from none to ten full cues"),
    "money.commission": Range(0.05, 0.2, "5-10% of sales (Rest of World 2021), 5-20% (chinatalk.nl)"),
    "pool.call": Range(0, 1, "the whole scale: nobody is called, to everybody"),
    "pool.keep": Range(0.05, 1, "assumption: from one contact in twenty to all of them, the paper's \"everyone\""),
    "pool.precision": Range(0, 1, "the whole scale: blind, to seeing through everybody"),
    "pool.upkeep": Range(0, 0.6, "assumption: up to a wage of 3,000 yuan a month for an account of 5,000 contacts"),
}
"""Every parameter that a setting overrides or a measure varies; the tests hold each value against it."""


# ---- what is measured

HALF_YEAR: Final = 180
DENSITIES: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05)
FACTORIAL: Final = ((0.005, 0.01), (0.3, 0.6))
DOSES: Final = (1, 2, 3, 4, 5)
YEAR: Final = 365
WEEK: Final = 7
FREQUENCIES: Final = (1 / 7, 1.0, 3.0, 8.0)
SERVICE: Final = (0.0, 1 / 3, 2 / 3, 1.0)
BOUNDED: Final = 1000.0
"""A range (km) at which all who have a shop in reach go there, and nobody else orders."""
EVENT: Final = 31
"""Day on which the event begins, and the quarter in which its sales are counted."""
QUARTER: Final = 90
AFTER: Final = 14
"""Days after the event that show what was only brought forward."""
SEEDS: Final = 0.0005
"""Density of the KOCs who start the loop: few, so that there is room to grow."""
STOP: Final = 30
"""Last day of seeding."""
COHORT: Final = 30
"""Days after it in which the customers become such whose own customers are counted."""
FOLLOWED: Final = 300
"""Days for which each of them is followed."""
REVIEW: Final = 30
"""Days between reviews of pools."""
CALLS: Final = (0.25, 0.5, 0.75, 1.0)
"""Chances to be called into a pool."""
PRECISION: Final = (0.0, 0.5, 1.0)
LATER: Final = 90
"""Days after the cohort's that new customers are counted again."""


def won(result: ks.Result) -> int:
    """Residents who became customers; KOCs start as customers and are not counted."""
    return int(result.daily["new_customers"].sum())


def crowd(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C13: elasticity of adoptions in the number of KOCs, step by step of density."""
    kocs, adopted = [], []
    for density in DENSITIES:
        sized = lab.sized(scenario, density)
        kocs.append(sized.kocs)
        adopted.append(won(lab.run(sized, HALF_YEAR)))
    if not all(kocs) or not all(adopted):
        raise ValueError(
            f"C13 needs KOCs and adoptions at every density; got {kocs} and {adopted} in a county of "
            f"{lab.residents:,} residents: take a larger one."
        )
    elasticity = {
        f"elasticity, {a:.2%} to {b:.2%} KOCs": math.log(more / less) / math.log(k_more / k_less)
        for a, b, less, more, k_less, k_more in zip(
            DENSITIES, DENSITIES[1:], adopted, adopted[1:], kocs, kocs[1:], strict=False
        )
    }
    return Measured(elasticity, {
        f"adoptions a KOC, {density:.2%} KOCs": many / k
        for density, many, k in zip(DENSITIES, adopted, kocs, strict=True)
    })


def region(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C10: half a year's profit with orders from the shops' region only, less that with orders from everywhere."""
    profit, beside = [], {}
    for name, scale in (("the region", BOUNDED), ("everywhere", 0.0)):
        sized = lab.sized(scenario.replace(delivery={"point": "shop", "range": scale}))
        result = lab.run(sized, HALF_YEAR)
        profit.append(ks.measures.profit(result))
        beside |= {
            f"profit, {name}, yuan a resident": profit[-1],
            f"orders a resident, {name}": float(result.daily["orders"].sum()) / lab.residents,
            f"delivery, {name}, yuan an order": ks.measures.delivery_cost(result),
        }
    return Measured({"profit, the region less everywhere, yuan a resident": profit[0] - profit[1]}, beside)


def complements(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C16: a 2 x 2 factorial of density and strength; share of residents won."""
    densities, strengths = FACTORIAL
    share = {}
    for strength in strengths:
        for density in densities:
            sized = lab.sized(scenario.replace(friends={"strength_koc": strength}), density)
            share[strength, density] = won(lab.run(sized, HALF_YEAR)) / (sized.residents - sized.kocs)
    (sparse, dense), (weak, strong) = FACTORIAL
    effect = {strength: share[strength, dense] - share[strength, sparse] for strength in strengths}
    ratio = {strength: math.log(share[strength, dense] / share[strength, sparse]) for strength in strengths}
    return Measured(
        {"interaction, share of residents": effect[strong] - effect[weak]},
        {"interaction on the scale of ratios, logarithm": ratio[strong] - ratio[weak]}
        | {f"won, strength {strength:g}, {density:.1%} KOCs": value for (strength, density), value in share.items()},
    )


def cross_coverage(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C20: share of residents who see three distinct KOCs on the day on which all post."""
    sized = lab.sized(scenario)
    result = lab.run(sized, HALF_YEAR)
    share = result.coverage / sized.residents
    today, ever = (float(share[window].loc[day].iloc[3:].sum()) for window, day in (("today", 1), ("ever", HALF_YEAR)))
    mean = float(result.daily["koc_meetings"].loc[1] / sized.residents)
    law = float(stats.poisson.sf(2, mean))
    return Measured({"saw ≥ 3 KOCs on day 1": today}, {
        "KOCs seen on day 1, mean": mean, "Poisson of that mean, ≥ 3": law, "county less Poisson": today - law,
        f"saw ≥ 3 KOCs within {HALF_YEAR} days": ever,
    })


def dose_response(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C21: share of residents who identify when 1, 2, 3 ... KOCs show them the product on the same day.

    The same residents get every dose, in worlds that differ by one KOC: who sees more has no other contacts, strengths
    or threshold than who sees less.
    """
    most, n = DOSES[-1], lab.residents
    mean, spread = scenario.friends.strength_koc, scenario.friends.strength_spread
    strength = np.random.default_rng(lab.seed).uniform(mean - spread, mean + spread, most * n).clip(0, 1)
    ties = np.repeat(np.arange(most), n), np.tile(np.arange(most, most + n), most)
    share = {}
    for dose in DOSES:
        county = ks.County.from_ties(ties, n=most + n, strength=strength, kocs=range(dose))
        stage = lab.run(scenario, 1, county).residents["stage"].to_numpy()[most:]
        share[dose] = float((stage == ks.Stage.IDENTIFIED).mean())
    rises = {f"rise with KOC {dose}": share[dose] - share[dose - 1] for dose in (2, 3)}
    return Measured(rises, {f"identified, {dose} KOC{'s' * (dose > 1)}": value for dose, value in share.items()})


def ordered(lab: Lab, scenario: ks.Scenario) -> tuple[float, ks.Result]:
    """Orders in a year by residents who are not KOCs, a resident; and the run."""
    result = lab.run(lab.sized(scenario), YEAR)
    people = result.residents
    others = people["orders"][people["day_customer"] != 0]  # KOCs alone are customers from the start
    if not others.any():
        raise ValueError(f"Nobody ordered in a county of {lab.residents:,} residents: take a larger one.")
    return float(others.mean()), result


def frequency(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C01: logarithm of the ratio of a year's sales, from one posting frequency to the next higher."""
    sales, muted = [], []
    for posts in FREQUENCIES:
        orders, result = ordered(lab, scenario.replace(posting={"moments": posts, "groups": posts}))
        sales.append(orders)
        muted.append(ks.measures.muted(result))
    names = [f"{posts:g}" if posts >= 1 else f"1/{1 / posts:g}" for posts in FREQUENCIES]
    steps = {
        f"sales, {b} over {a} posts a day, logarithm": math.log(more / less)
        for a, b, less, more in zip(names, names[1:], sales, sales[1:], strict=False)
    }
    return Measured(
        steps,
        {f"orders a resident, {name} posts a day": orders for name, orders in zip(names, sales, strict=True)}
        | {f"ties muted, {name} posts a day": share for name, share in zip(names, muted, strict=True)},
    )


def loop(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C38: R after KOCs stopped posting, counted in the tree of who won whom; and whether growth goes on.

    R is the mean number of customers whom a customer of a cohort won, by last touch (her share, her post in a group,
    her invitation). The cohort are those who first ordered in the `COHORT` days after the last post of a KOC, and each
    is followed for `FOLLOWED` days, so all for equally long: a customer shares until she lapses, 200 days on average,
    and whom she persuades buys weeks later. Growth uses up the residents who are left, which lowers R. What KOCs said
    before they stopped still helps those who share after them, which raises it. So R is not the whole answer, and
    whether growth goes on is asked for beside it.
    """
    result = lab.run(lab.sized(scenario, SEEDS), STOP + COHORT + FOLLOWED)
    day, tree = result.residents["day_customer"].astype("int64"), result.tree
    cohort = day[(day > STOP) & (day <= STOP + COHORT)]
    if not len(cohort):
        raise ValueError(
            f"C38 needs customers won in the {COHORT} days after day {STOP}; got none in a county of "
            f"{lab.residents:,} residents: take a larger one."
        )
    by_customers = tree[tree["channel"].isin(ks.measures.FROM_CUSTOMERS)]
    children = by_customers[by_customers["by"].isin(cohort.index)]
    after = children["day"].to_numpy("int64") - cohort.loc[children["by"]].to_numpy()
    new = result.daily["new_customers"]
    first, last = STOP + LATER + 1, STOP + LATER + COHORT
    later = int(new.loc[first:last].sum())
    since = len(day[(day > STOP) & (day <= len(new))])
    return Measured(
        {
            "R, customers won by a customer": float((after <= FOLLOWED).sum() / len(cohort)),
            f"new customers, days {first} to {last} over {STOP + 1} to {STOP + COHORT}": later / len(cohort),
        },
        {
            "residents won by the end": won(result) / lab.residents,
            f"of those won since day {STOP + 1}, by customers": float((by_customers["day"] > STOP).sum() / since),
            "R over the run's first half, seeding included (`ks.measures.loop_gain`)": ks.measures.loop_gain(result),
            "customers who ordered again": ks.measures.repurchase_rate(result),
        },
    )


def timing(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C19: logarithm of half a year's sales with KOCs posting on one day a week together, over each on her own day."""
    orders = {}
    for name, synchrony in (("all on one day", 1.0), ("each on her own", 0.0)):
        posting = {"every": WEEK, "synchrony": synchrony}
        people = lab.run(lab.sized(scenario.replace(posting=posting)), HALF_YEAR).residents
        orders[name] = float(people["orders"][people["day_customer"] != 0].mean())
    burst, staggered = orders.values()
    return Measured(
        {"sales, burst over staggered, logarithm": math.log(burst / staggered)},
        {f"orders a resident, {name}": value for name, value in orders.items()},
    )


def event(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C40: logarithm of a quarter's sales with an event at its beginning, over the same quarter without one."""
    first, last = EVENT, EVENT + QUARTER - 1
    after = first + scenario.event.days
    daily = [
        lab.run(lab.sized(scenario.replace(event={"day": day})), last).daily for day in (EVENT, 0)]
    there, without = (table["sales"] for table in daily)
    if not without.loc[first:last].sum():
        raise ValueError(f"Nobody ordered in a county of {lab.residents:,} residents: take a larger one.")

    def ratio(begin: int, end: int) -> float:
        return math.log(there.loc[begin:end].sum() / without.loc[begin:end].sum())

    won_more = daily[0]["new_customers"].sum() / daily[1]["new_customers"].sum()
    return Measured(
        {f"sales of {QUARTER} days, event over none, logarithm": ratio(first, last)},
        {
            "the days of the event": ratio(first, after - 1),
            f"the {AFTER} days after it": ratio(after, after + AFTER - 1),
            "the rest of the quarter": ratio(after + AFTER, last),
            "customers won, event over none, logarithm": math.log(won_more),
        },
    )


def deposit(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C52: a year's sales of each mix of service and selling over those of the better of the two extremes."""
    sales = {share: ordered(lab, scenario.replace(content={"service": share}))[0] for share in SERVICE}
    extremes = max(sales[SERVICE[0]], sales[SERVICE[-1]])
    return Measured(
        {f"sales, {share:.0%} service over the better extreme, logarithm": math.log(sales[share] / extremes)
         for share in SERVICE[1:-1]},
        {f"orders a resident, {share:.0%} service": orders for share, orders in sales.items()},
    )


def profit(lab: Lab, scenario: ks.Scenario, **pool: float) -> tuple[float, ks.Result]:
    """Profit of half a year with these pools, in yuan a resident; and the run."""
    result = lab.run(lab.sized(scenario.replace(pool=pool)), HALF_YEAR)
    return ks.measures.profit(result), result


def more_members(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C60: what further members of pools, picked blindly, bring, step by step of pool size; yuan a resident."""
    earned, sizes = [], []
    for call in CALLS:
        yuan, result = profit(lab, scenario, call=call, keep=1.0)
        earned.append(yuan)
        sizes.append(ks.measures.pool_size(result))
    return Measured(
        {f"profit, {b:.0%} of contacts in pools less {a:.0%}": more - less
         for a, b, less, more in zip(CALLS, CALLS[1:], earned, earned[1:], strict=False)},
        {f"profit, {call:.0%}": yuan for call, yuan in zip(CALLS, earned, strict=True)}
        | {f"members a KOC, {call:.0%}": size for call, size in zip(CALLS, sizes, strict=True)},
    )


def screening(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C91: profit of pools into which the needier half gets, less that of pools of everybody; yuan a resident."""
    screened, everybody = profit(lab, scenario)[0], profit(lab, scenario, keep=1.0)[0]
    blind = profit(lab, scenario, precision=0.0)[0]
    return Measured({"profit, screened less everybody": screened - everybody}, {
        "profit, screened": screened, "profit, everybody": everybody,
        "profit, as many picked blindly": blind,
    })


def four_stages(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C93: profit of open call, screening, entry and reviews, less that of adding at once all who are called.

    The one stage calls as many as the four have to deal with: each call, each screening and each review is a contact.
    """
    four, result = profit(lab, scenario)
    free = profit(lab, scenario, call_cost=0.0, screen_cost=0.0, review_cost=0.0)[1]
    spent, upkeep = (float(run.ledger["amount"].xs("pool", level="account").sum()) for run in (result, free))
    contacts = (spent - upkeep) / (scenario.pool.call_cost * 100)
    reached = result.provenance["county"]["koc_ties"]
    if contacts > reached:
        raise ValueError(f"C93: {contacts:,.0f} contacts made, but KOCs reach {reached:,}: let pool.call be lower.")
    one, other = profit(lab, scenario, call=contacts / reached, keep=1.0, screen_cost=0.0, review=0)
    return Measured({"profit, four stages less one": four - one}, {
        "profit, four stages": four, "profit, one": one, "contacts made, of all whom KOCs reach": contacts / reached,
        "profit, one, of as few members": profit(
            lab, scenario, call=int(result.kocs["pool"].sum()) / reached, keep=1.0, screen_cost=0.0, review=0)[0],
        "members a KOC, four stages": ks.measures.pool_size(result),
        "members a KOC, one": ks.measures.pool_size(other),
    })


def reviews(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C87: profit with a review of pools every 30 days, less that without; yuan a resident."""
    reviewed, result = profit(lab, scenario, review=REVIEW)
    left, other = profit(lab, scenario, review=0)
    return Measured({"profit, reviewed less left alone": reviewed - left}, {
        "profit, reviewed": reviewed, "profit, left alone": left,
        "members a KOC, reviewed": ks.measures.pool_size(result),
        "members a KOC, left alone": ks.measures.pool_size(other),
    })


def targeting(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C95: what each half of precision brings, in yuan a resident, and by how much the first brings more."""
    blind, half, full = (profit(lab, scenario, precision=precision)[0] for precision in PRECISION)
    alike, alike_full = (  # ranks are there, but make no difference: what is left is that KOCs agree
        profit(lab, scenario.replace(need={"sigma": 1e-6}), precision=precision)[0] for precision in PRECISION[::2])
    return Measured(
        {"profit, precision 0.5 less 0": half - blind, "profit, precision 1 less 0.5": full - half,
         "first rise less second": 2 * half - blind - full},
        {"profit, precision 0": blind, "profit, precision 0.5": half, "profit, precision 1": full,
         "precision 1 less 0 where all need alike": alike_full - alike},
    )


# ---- the claims

ATTENTIVE: Final = {
    "moments.visit": 1.0, "moments.view": 1.0, "attention.background_posts": 0.0, "attention.posts_per_day": 1e6,
    "posting.groups": 0.0, "need.rate": 0.0,
}
"""Every post is seen, and nothing else happens."""

TIRING: Final = {"trust.service": 0.02, "trust.selling": 0.01, "trust.half_life": 60.0, "trust.mute": 0.005}
"""Trust as in the preset full: selling uses it up, service and time restore it, and without it KOCs get muted."""

PARTICULAR: Final = {"need.sigma": 0.8, "pool.screened": True, "attribution.track": True}
"""Residents differ in need as in the preset full, and KOCs have pools."""

CLAIMS: Final = {claim.id: claim for claim in (
    Claim(
        id="C01",
        says="Private traffic is an unpaid channel to users, at any time and any frequency.",
        quote="不付费、可以在任意时间、任意频次,直接触达用户的渠道",
        hypothesis="Posts cost nothing, and every step from one post a week to eight a day raises the sales of a "
        "year. False if sales fall at a step: the best frequency then lies between.",
        measure=frequency, bound=0.0, need="all",
        scale="Orders of 365 days by residents who are not KOCs (1% of residents are); logarithm of the ratio from one "
        "frequency to the next. Each KOC posts so often to Moments and so often to her groups, and all posts sell.",
        holds=Setting(
            {"identification.hysteresis": 0.0},
            "Who once identified stays so. It only counts how high evidence gets, and posts in a burst get it higher "
            "than the same posts spread out, even if they use up trust and KOCs are muted afterwards.",
        ),
        fails=Setting(
            {"identification.hysteresis": 0.5},
            "Identification has to be kept up: it is lost when evidence fades to half of the threshold. Who posts "
            "eight times a day has used up trust within months, before most residents come to need a durable product, "
            "and what she says then weighs too little to keep them.",
        ),
        ground=TIRING | {
            "need.category": "durable", "attention.posts_per_day": 30.0, "response.half_life": 14.0,
        },
    ),
    Claim(
        id="C10",
        says="Community group buying serves the consumers of one region, online and offline.",
        quote="对一定区域内的消费者实行线上线下的互动",
        hypothesis="A firm that takes orders only from where a shop is in reach earns more than one that takes them "
        "from everywhere, because its orders are denser. False if selling everywhere earns more.",
        measure=region, bound=0.0, need="all",
        scale="Profit of 180 days in yuan a resident of the county, on the same seed. Goods go to the shop of a "
        "community, within 3 km; where orders are taken from everywhere, a community without a shop is a stop of its "
        "own. An order costs 0.5 yuan beside the stop. Communities have 300 residents (median), townships 2,000.",
        holds=Setting(
            {"delivery.stop": 8.0},
            "Outside the region orders are so thin that a stop costs more than they leave; inside they are dense "
            "enough to earn it.",
        ),
        fails=Setting(
            {"delivery.stop": 1.0},
            "Stops are cheap, so that nearly every order from outside the region earns its way.",
        ),
        ground={
            "attribution.track": True, "delivery.order": 0.5, "population.community_median": 300.0,
            "population.township_mean": 2000.0,
        },
    ),
    Claim(
        id="C13",
        says="A single KOC is a channel; a crowd of KOCs is a medium.",
        quote="单个KOC是渠道,它只具备渠道属性;一群KOC是媒体",
        hypothesis="Somewhere between 0.1% and 5% of residents, adoptions grow faster than the number of KOCs "
        "(elasticity above 1). False if adoptions a KOC fall all the way.",
        measure=crowd, bound=1.0, need="any",
        scale="Residents won as customers within 180 days, KOCs themselves not counted; elasticity between one density "
        "and the next.",
        holds=Setting(
            {},
            "The default. One KOC's cue (0.4) is below most thresholds (median 1.5), so KOCs work where several of "
            "them meet; beyond 1% residents run out.",
        ),
        fails=Setting(
            {"identification.absolute": 0.5},
            "People are quickly persuaded: the first cue (0.4) takes a third of them, a few repetitions nearly all. So "
            "one KOC does what several would do, audiences only overlap, and more KOCs find fewer residents to win.",
        ),
    ),
    Claim(
        id="C16",
        says="The key is the strength of KOCs times the density of the KOC crowd.",
        quote="关键环节还是KOC强度与KOC群的密度",
        hypothesis="Strength and density are complements: going from 0.5% to 1% KOCs wins more residents where KOCs' "
        "ties are strong (0.6) than where they are weak (0.3). False if as many or fewer (substitutes).",
        measure=complements, bound=0.0, need="all",
        scale="Share of residents won as customers within 180 days, on the additive scale, because a firm is paid by "
        "the customer. The scale of ratios, on which the answer can differ, stands beside.",
        holds=Setting(
            {"friends.koc_median": 128.0},
            "Few KOCs reach a resident, so most residents are far below their threshold: it takes several KOCs of "
            "strong ties to get them across.",
        ),
        fails=Setting(
            {"friends.koc_median": 1000.0},
            "Many KOCs reach every resident: strength or density alone gets most across, and both together find few "
            "left.",
        ),
    ),
    Claim(
        id="C19",
        says="All ten thousand KOCs post to Moments at the same time.",
        quote="这一万人齐齐发朋友圈",
        hypothesis="At equal posts, a burst (all KOCs post a week's posts on the same day) brings more sales than "
        "staggered posting (each on a day of her own). False if attention makes spaced posting win.",
        measure=timing, bound=0.0, need="all",
        scale="Orders of 180 days by residents who are not KOCs (1% of residents are); logarithm of the ratio, on the "
        "same seed. Each KOC makes seven posts to Moments and seven to her groups on one day a week.",
        holds=Setting(
            {"attention.posts_per_day": 100.0},
            "Residents get to nearly all that arrives even on the day of the burst, and evidence that comes at once "
            "reaches thresholds that it would fade below if it were spread.",
        ),
        fails=Setting(
            {"attention.posts_per_day": 10.0},
            "The default. On the day of the burst posts crowd each other out, and on the other days nobody posts.",
        ),
        ground={"attribution.track": True},
    ),
    Claim(
        id="C20",
        says="All KOCs posting together makes high-intensity cross-coverage.",
        quote="高强度的信息交叉覆盖",
        hypothesis="On a day on which all KOCs (1% of residents) post, at least half of the residents see three or "
        "more distinct KOCs.",
        measure=cross_coverage, bound=0.5, need="all",
        scale="Share of residents; the window is the first day, the paper's picture (each KOC posts once to Moments "
        "and once to its group). Half a year of daily posts stands beside it.",
        holds=Setting(
            {"friends.koc_median": 1000.0, "moments.view": 1.0},
            "KOCs are hubs, so that more than ten reach a resident, and every post she gets to registers: a friend's "
            "post is then seen with probability 0.5, the top of its range.",
        ),
        fails=Setting(
            {"friends.koc_median": 128.0},
            "KOCs know as many people as anybody. On average 2.3 reach a resident at all, so that even half a year of "
            "posting does not bring half of the county to three.",
        ),
    ),
    Claim(
        id="C21",
        says="Awareness and identification form gradually, as exposures repeat.",
        quote="逐渐形成认知、认同",
        hypothesis="More residents identify at two distinct KOCs than at one, and more at three than at two. False if "
        "either adds nothing.",
        measure=dose_response, bound=0.0, need="all",
        scale="Share of residents who identify when 1 to 5 KOCs post on one day and all is seen. Each resident gets "
        "each dose, so that who sees more differs in nothing else.",
        holds=Setting(
            {"response.further": 1.0},
            "Each distinct source weighs as much as the first (Centola).",
        ),
        fails=Setting(
            {"response.further": 0.0},
            "Only the first cue counts (Huang & Lin). Those of one day count as their mean, so that a further KOC even "
            "dilutes the odd strong tie.",
        ),
        ground=ATTENTIVE,
    ),
    Claim(
        id="C38",
        says="After the deal, repurchase, referral and fission close a loop of growth.",
        quote="打通了复购、转介绍、裂变增长的营销闭环",
        hypothesis="When KOCs stop posting, a customer goes on to win more than one customer (R > 1), and three months "
        "later there are more new customers than at first. False if either is fewer: growth ends with the seeding.",
        measure=loop, bound=1.0, need="all",
        scale="KOCs are 0.05% of residents and post for 30 days. R: customers won by last touch within 300 days by one "
        "who first ordered in the 30 days after that, counted in the tree of who won whom. Growth: new customers of 30 "
        "days, 90 days after those of the cohort, over the cohort.",
        holds=Setting(
            {"identification.absolute": 0.5},
            "A cue or two from friends persuade, so each customer passes it on to people whom nobody else has told.",
        ),
        fails=Setting(
            {"identification.absolute": 1.5},
            "The default. It takes several friends to persuade one, and while customers are few hardly anybody has "
            "several among her friends.",
        ),
        ground={"attribution.track": True, "posting.until": STOP},
    ),
    Claim(
        id="C40",
        says="Days of concentrated activity on the consumers' side bring record sales.",
        quote="千城万店联动创下单日成交额过亿",
        hypothesis="An event of three days lifts the sales of the whole quarter. False if it only brings purchases "
        "forward.",
        measure=event, bound=0.0, need="all",
        scale="Sales in yuan of the 90 days that begin with the event (day 31), over those without an event on the "
        "same seed, as a logarithm. During the event all pay 20% less, and each order brings one more forward, which "
        "stands in for the buyer's next.",
        holds=Setting(
            {"price.elasticity": 1.5, "event.posts": 3},
            "Residents who mind the price buy for the first time while it is low, KOCs post three times more, and "
            "those won go on to buy at the full price.",
        ),
        fails=Setting(
            {"price.elasticity": 0.0, "event.posts": 0},
            "Nobody buys who would not have bought. Customers stock up at the low price and stay away afterwards, and "
            "the discount is lost.",
        ),
        ground={
            "attribution.track": True, "event.days": 3, "event.discount": 0.2, "event.stock": 1.0,
            "event.replaces": "orders",
        },
    ),
    Claim(
        id="C52",
        says="Deposit first, withdraw later: help, then sell.",
        quote="先存钱、后取钱",
        hypothesis="Some mix of posts that help and posts that sell brings more sales in a year than selling alone and "
        "than helping alone. False if no mix does.",
        measure=deposit, bound=0.0, need="any",
        scale="Orders of 365 days by residents who are not KOCs (1% of residents are); logarithm of the ratio to the "
        "better of the two extremes on the same seed. A service post carries half of a selling post's evidence.",
        holds=Setting(
            {"posting.moments": 2.0, "posting.groups": 2.0},
            "At two posts a day selling takes so much from trust that service, which fills it up, pays: the other "
            "posts weigh more, and fewer KOCs are muted.",
        ),
        fails=Setting(
            {"posting.moments": 0.5, "posting.groups": 0.5},
            "A post every other day takes less from trust, so there is less to restore, and residents hear so seldom "
            "that each post that helps is missed as one that sells.",
        ),
        ground=TIRING | {"attribution.track": True},
    ),
    Claim(
        id="C60",
        says="An increment of private traffic inevitably brings commercial value.",
        quote="私域流量的增量必然带来商业价值",
        hypothesis="Profit rises with every quarter of KOCs' contacts who come into their pools. False if a further "
        "member costs more than she brings.",
        measure=more_members, bound=0.0, need="all",
        scale="Profit of 180 days in yuan a resident (1% of residents are KOCs), after goods, commission and pools. "
        "Members are picked blindly.",
        holds=Setting(
            {"pool.upkeep": 0.0},
            "A member costs nothing, and even the last quarter hears from further KOCs what persuades.",
        ),
        fails=Setting(
            {"pool.upkeep": 0.2},
            "Serving a member costs 0.2 yuan a month: more than the margin of what she comes to buy through it.",
        ),
        ground=PARTICULAR,
    ),
    Claim(
        id="C87",
        says="Keep screening friends by talking to them.",
        quote="通过微信与客户交流不断筛选好友",
        hypothesis="Looking again at members who never ordered, every 30 days, and dropping those who seem to need "
        "little raises profit. False if the tail that is dropped mattered.",
        measure=reviews, bound=0.0, need="all",
        scale="Profit of 180 days in yuan a resident (1% of residents are KOCs), after goods, commission and pools. "
        "Pools begin with the half of contacts that seems needier at precision 0.5; a review sees with 0.8 and costs "
        "0.01 yuan a member.",
        holds=Setting(
            {"pool.upkeep": 0.2},
            "Serving a member costs 0.2 yuan a month, and those who are dropped bring less in the months that are "
            "left.",
        ),
        fails=Setting(
            {"pool.upkeep": 0.0},
            "Members cost nothing, and some of those who are dropped would have ordered in the months that are left.",
        ),
        ground=PARTICULAR | {"pool.review_cost": 0.01},
    ),
    Claim(
        id="C91",
        says="It is definitely not adding everybody one meets, nor pulling everybody into groups.",
        quote="绝对不是逢人就加好友,逢人就拉入群",
        hypothesis="Pools into which the half of contacts that seems needier gets earn more than pools of everybody. "
        "False if mass adding wins on volume.",
        measure=screening, bound=0.0, need="all",
        scale="Profit of 180 days in yuan a resident (1% of residents are KOCs), after goods, commission and pools. "
        "Half of the estimate is true need, half is luck.",
        holds=Setting(
            {"pool.upkeep": 0.1},
            "Serving a member costs 0.1 yuan a month, and half of them bring less than that.",
        ),
        fails=Setting(
            {"pool.upkeep": 0.0},
            "Adding costs nothing and posts reach all members at once, so each one left out is only lost.",
        ),
        ground=PARTICULAR,
    ),
    Claim(
        id="C93",
        says="Open call, screening, entry into the pool, optimisation.",
        quote="海选-筛选-入池",
        hypothesis="At as many contacts made, four stages earn more than one, in which all who are called are added. "
        "False if the stages cost more than they gain.",
        measure=four_stages, bound=0.0, need="all",
        scale="Profit of 180 days in yuan a resident (1% of residents are KOCs). A call, a screening and a review is a "
        "contact each, at 0.01 yuan; four stages call 30%, keep half, and review twice; one stage calls as many as "
        "that makes contacts.",
        holds=Setting(
            {"pool.upkeep": 0.15},
            "Serving a member costs 0.15 yuan a month, so contacts are better spent on finding out than on adding.",
        ),
        fails=Setting(
            {"pool.upkeep": 0.0},
            "Members cost nothing, so the same contacts are better spent on adding eight times as many.",
        ),
        ground=PARTICULAR | {
            "pool.call": 0.3, "pool.review": 60, "pool.call_cost": 0.01, "pool.screen_cost": 0.01,
            "pool.review_cost": 0.01,
        },
    ),
    Claim(
        id="C95",
        says="A battle map and a portrait for each friend.",
        quote="对每一位好友都做好“作战地图”、做好画像描述",
        hypothesis="Profit rises with precision, from 0 to half of the estimate and from there to all of it, and the "
        "first half brings more than the second (concave). False if it is flat, or if the second half brings more.",
        measure=targeting, bound=0.0, need="all",
        scale="Profit of 180 days in yuan a resident (1% of residents are KOCs). Each KOC writes 15 private messages a "
        "day to members of her pool, and does nothing else. Precision: how much of the estimate is true need.",
        holds=Setting(
            {"pool.keep": 0.5},
            "The needier half is told from the rest by a rough portrait already; a perfect one adds those at the "
            "margin.",
        ),
        fails=Setting(
            {"pool.keep": 0.1},
            "The neediest tenth is found by sharp eyes only. And KOCs who see alike write to the same few residents, "
            "who are persuaded by several at once: the last bit of precision brings most.",
        ),
        ground=PARTICULAR | {"posting.moments": 0.0, "posting.groups": 0.0, "posting.messages": 15.0},
    ),
    *MODELS,
)}
