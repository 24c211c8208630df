"""Claims about those who address: operating models, leaders, acquisition cost, pools, tiers and spans."""

from __future__ import annotations

import math
from typing import Any, Final

import kocsim as ks
from experiments.claims.lab import Claim, Lab, Measured, Setting

MONTH: Final = 28
HALF_YEAR: Final = 180
YEAR: Final = 364
ENTRY: Final = 90
"""Days for which the first brand is alone."""
MODELS_OF_BUSINESS: Final = ("shop", "leader", "hybrid")
GROUND: Final = {"management.span": 0}
"""The presets are made for a million residents, and a manager cannot be divided: in a small county nobody manages."""
DUEL: Final = {"incumbent": "paper", "entrant": "paper", "rivals": "rivals"}
LIVELY: Final = {"leaving.base": 0.002, "recruiting.firm": 20.0, "rivals: multihome": 0.2}
"""KOCs leave, half of them after a year, and are replaced; one in five would work for two brands."""
FOUNDED: Final = GROUND | {"leader: recruiting.start": 0.05, "hybrid: recruiting.start": 0.05}
"""Leaders enough to begin with (25 in 50,000 residents) that it does not hang on one of them how it goes on."""


def sized(lab: Lab, scenario: ks.Scenario, density: float = 0.01) -> ks.Scenario:
    """A scenario for a million residents in a smaller county: what the firm does in a day, and its money, in scale."""
    s = lab.sized(scenario, density)
    share = lab.residents / 1_000_000
    return s.replace(
        recruiting={"firm": s.recruiting.firm * share}, shop_visit={"pace": s.shop_visit.pace * share},
        money={"budget": s.money.budget * share}, advertising={"budget": s.advertising.budget * share})


def run_all(lab: Lab, scenarios: dict[str, ks.Scenario], days: int) -> dict[str, ks.Result]:
    """Each operating model in the same county, on the same luck."""
    return {name: lab.run(sized(lab, scenario), days) for name, scenario in scenarios.items()}


def won(result: ks.Result) -> int:
    """Residents who became customers, those who were made KOCs not counted."""
    many = int(result.daily["new_customers"].sum())
    if not many:
        name = result.provenance["scenario"]["name"]
        raise ValueError(f"Nobody became a customer of {name!r}: take a larger county.")
    return many


def spent(result: ks.Result) -> float:
    """Yuan a resident spent on building and running the network: what the budget is for."""
    accounts = ["rent", "opening", "recruiting", "salons", "staff", "phones"]
    paid = result.ledger["amount"].unstack("account")[accounts].sum().sum()
    return float(paid / 100 / result.provenance["residents"])


def first_weeks(lab: Lab, scenarios: dict[str, ks.Scenario]) -> Measured:
    """C27: customers won in four weeks, shops over leaders."""
    runs = run_all(lab, scenarios, MONTH)
    return Measured(
        {"customers in 4 weeks, shops over leaders, logarithm": math.log(won(runs["shop"]) / won(runs["leader"]))},
        {f"customers a 1,000 residents, {name}": 1000 * won(run) / lab.residents for name, run in runs.items()}
        | {f"yuan a resident spent, {name}": spent(run) for name, run in runs.items()},
    )


def expansion(lab: Lab, scenarios: dict[str, ks.Scenario]) -> Measured:
    """C28: customers after a year, leaders over shops, and the day on which they are overtaken."""
    runs = run_all(lab, scenarios, YEAR)
    day = ks.measures.overtaking_day(runs["shop"], runs["leader"], "new_customers")
    return Measured(
        {"customers after a year, leaders over shops, logarithm": math.log(won(runs["leader"]) / won(runs["shop"]))},
        {"day on which leaders overtake (the last one where they do not)": min(day, YEAR)}
        | {f"customers a 1,000 residents, {name}": 1000 * won(run) / lab.residents for name, run in runs.items()}
        | {f"customers who ordered again, {name}": ks.measures.repurchase_rate(run) for name, run in runs.items()}
        | {f"yuan a resident spent, {name}": spent(run) for name, run in runs.items()},
    )


def dominance(lab: Lab, scenarios: dict[str, ks.Scenario]) -> Measured:
    """C32: by how much a year's profit of shops and leaders together exceeds that of the better of the two alone.

    As a share of the latter, since counties differ in how much there is to be earned at all.
    """
    runs = run_all(lab, scenarios, YEAR)
    profit = {name: ks.measures.profit(run) for name, run in runs.items()}
    better = max(profit["shop"], profit["leader"])
    if better <= 0:
        raise ValueError(f"C32 compares profits, and got {profit} yuan a resident: take a larger county.")
    return Measured(
        {"profit, hybrid over the better of the others, less 1": profit["hybrid"] / better - 1},
        {f"profit, yuan a resident, {name}": value for name, value in profit.items()}
        | {f"yuan a resident spent, {name}": spent(run) for name, run in runs.items()},
    )


def union(lab: Lab, scenarios: dict[str, ks.Scenario]) -> Measured:
    """C34: customers of shops and leaders together over those of the larger.

    The hybrid here has all the shops of the one and all the leaders of the other, and the money of both, so that what
    is less than the sum is overlap.
    """
    shop, leader = (sized(lab, scenarios[name]) for name in ("shop", "leader"))
    money = {"rent": shop.money.rent, "opening": shop.money.opening, "budget": shop.money.budget + leader.money.budget}
    both = leader.replace(shop_visit=shop.shop_visit, money=money)
    alone = {name: won(lab.run(one, HALF_YEAR)) for name, one in (("shops", shop), ("leaders", leader))}
    together = won(lab.run(both, HALF_YEAR))
    smaller, larger = sorted(alone.values())
    return Measured(
        {"customers, both over the larger": together / larger},
        {f"customers a 1,000 residents, {name}": 1000 * many / lab.residents for name, many in alone.items()}
        | {"customers a 1,000 residents, both": 1000 * together / lab.residents,
           "overlap, share of the smaller": (smaller + larger - together) / smaller},
    )


def amortised(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C39: full cost of a customer won in private, falling over a year, and below that of advertising at its end."""
    quarter = YEAR // 4
    table = ks.measures.acquisition(lab.run(sized(lab, scenario), YEAR), quarter)["cost_a_customer"].unstack()
    first, last = table["private"].iloc[0], table["private"].iloc[-1]
    return Measured(
        {"private, first quarter over last, logarithm": math.log(first / last),
         "last quarter, advertising over private, logarithm": math.log(table["public"].iloc[-1] / last)},
        {f"yuan a customer, {traffic}, quarter {at + 1}": float(value)
         for traffic in ("private", "public") for at, value in enumerate(table[traffic])},
    )


def offspring(lab: Lab, scenario: ks.Scenario) -> Measured:
    """C75: R of leaders, with a few to start from and none recruited by the firm."""
    result = lab.run(sized(lab, scenario, 0.02), HALF_YEAR)
    active = result.daily["active_kocs"]
    table = ks.measures.generations(result)
    return Measured(
        {"R, KOCs whom a KOC recruits within half of the run": ks.measures.leader_offspring(result)},
        {"KOCs at the end over those at the start": float(active.iloc[-1] / active.iloc[0]),
         "generations": float(table.index.max()),
         "orders a KOC of the first generation": float(table["orders"].iloc[0]),
         "recruits already gone": float((result.kocs["state"] == "left").sum() / max(table["kocs"].sum(), 1))},
    )


def kept(lab: Lab, sides: dict[str, Any]) -> Measured:
    """C15, C105: share of orders that a brand keeps, half a year after another has come."""
    brands = {name: sized(lab, sides[name]) for name in ("incumbent", "entrant")}
    run = ks.compete(
        brands, lab.county(brands["incumbent"]), lab.seed, ENTRY + HALF_YEAR, {"entrant": ENTRY + 1}, lab.threads,
        progress=False, **dict(sides["rivals"]))
    weeks = run.shares.unstack().iloc[-MONTH:]
    orders, kocs = weeks["orders"].sum(), weeks["kocs"].iloc[-1]
    return Measured(
        {"share of orders in the last four weeks": float(orders["incumbent"] / orders.sum())},
        {f"active KOCs, {name}": float(many) for name, many in kocs.items()}
        | {f"orders a resident in four weeks, {name}": float(many) / lab.residents for name, many in orders.items()}
        | {"concentration (Herfindahl index)": float(run.concentration().iloc[-MONTH:].mean())},
    )


def _entry(
    number: str, says: str, quote: str, hypothesis: str, measure: Any, scale: str, holds: Setting, fails: Setting,
    **rest: Any,
) -> Claim:
    return Claim(
        id=number, says=says, quote=quote, hypothesis=hypothesis, measure=measure, scale=scale, holds=holds,
        fails=fails, **{"bound": 0.0, "need": "all", "preset": MODELS_OF_BUSINESS, "ground": GROUND} | rest)


MODELS: Final = (
    _entry(
        "C27", "Shops have the larger traffic at first", "高信任度、组织约束紧密、前期流量更大",
        "SHOP has won more customers than LEADER after four weeks, at equal budget.", first_weeks,
        "Customers won in 28 days, logarithm of the ratio, so that both directions count alike. Shops stand from the "
        "first day (`shop_visit.pace = 0`): the claim is about shops that are there.",
        Setting({}, "who notices the product on a shelf may buy it at once; leaders have to be found first"),
        Setting({"leader: recruiting.start": 0.2}, "2,000 leaders in a million residents from the first day, bought "
                "from another firm, bring traffic at once"),
        preset=("shop", "leader"), ground=GROUND | {"shop_visit.pace": 0.0},
    ),
    _entry(
        "C28", "Shops expand far more slowly", "它的扩张力是远远落后的",
        "LEADER has overtaken SHOP in customers within 52 weeks, at equal budget.", expansion,
        "Customers won in 364 days, logarithm of the ratio.",
        Setting({"leader: recruiting.firm": 30.0}, "a leader costs a hundred yuan once, a shop fifty a day: thirty "
                "leaders a day in a million residents can be paid, and they raise others"),
        Setting({"leader: recruiting.firm": 1.0}, "one a day hardly makes up for those who leave"),
        preset=("shop", "leader"), ground=FOUNDED,
    ),
    _entry(
        "C32", "Shops and leaders together combine the advantages of both", "综合了前两种模式的优势",
        "HYBRID earns more in a year than SHOP and than LEADER, at equal budget.", dominance,
        "Profit of 364 days after all costs; ratio less 1.",
        Setting({}, "the same money buys half as many shops and hardly fewer leaders, and they win different people"),
        Setting({"shop_visit.tempt": 0.0, "money.rent": 80.0}, "shops that only show the product, at a rent of 80 yuan "
                "a day, win hardly anybody and take the money from leaders"),
        ground=FOUNDED,
    ),
    _entry(
        "C34", "Two groups of customers and two shelves double the traffic", "充分利用了“双客群”和“双货架”",
        "Shops and leaders together win at least 1.5 times what the larger of the two wins alone.", union,
        "Customers won in 180 days by all shops and all leaders, each with their own budget, over those of the larger.",
        Setting({}, "both have reached few by then, and hardly the same"),
        Setting({"shop_visit.visit": 0.5, "shop_visit.view": 1.0}, "shops reach far more than leaders do by then: "
                "the smaller adds little"),
        bound=1.5, ground=FOUNDED,
    ),
    _entry(
        "C39", "Endorsement and repurchase share out the cost of traffic", "有效分摊了企业的流量成本、降低企业获客成本",
        "The full cost of a customer won in private falls over a year, and ends below that of advertising.", amortised,
        "Yuan a customer by quarters: all that is spent on KOCs, commission on repeat orders included, over customers "
        "whose last touch was private; logarithms of ratios.",
        Setting({"money.commission": 0.05, "recruiting.cost": 300.0, "recruiting.reward": 150.0},
                "most is spent once, on finding leaders, and shared by more and more customers"),
        Setting({"money.commission": 0.2}, "most is commission on what customers buy again, and new ones become fewer"),
        preset="leader", ground=GROUND | {"advertising.budget": 5000.0, "recruiting.start": 0.02},
    ),
    _entry(
        "C75", "Leaders raise small leaders, again and again", "从中又可以挖掘培养“小团长”,如此往复",
        "A leader recruits more than one other, so that the net grows by itself.", offspring,
        "Mean number of KOCs recruited within 90 days by those who joined in the first 90 of 180.",
        Setting({"recruiting.leader": 0.03}, "a leader recruits once in a month, and stays for longer"),
        Setting({"recruiting.leader": 0.002}, "a leader recruits once in 500 days, and most have left before"),
        bound=1.0, preset="leader", ground=GROUND | {"recruiting.firm": 0.0, "recruiting.start": 0.02},
    ),
    _entry(
        "C15", "An early lead in density makes a giant", "养成“巨无霸”体质",
        "A brand that comes a quarter earlier keeps more than 80% of the orders against an equal one.", kept,
        "Share of orders in the last 28 of the 180 days after the second brand has come with the same means.",
        Setting({}, "most KOCs work for one brand, so the second gets those who leave the first, and one in five"),
        Setting({"rivals: multihome": 1.0, "rivals: habit": 0.0}, "KOCs work for both, and customers turn to whom they "
                "have heard most of lately: shares regress"),
        bound=0.8, preset=DUEL, ground=LIVELY,
    ),
    _entry(
        "C105", "Dense private pools withstand a giant who pays", "电商巨头陆续入场社区社群也是实锤证据",
        "Against one who sells at half the price and hires all he can, a brand keeps more than half of the orders.",
        kept,
        "As for C15; the entrant begins with no KOC, recruits up to 200 a day in a million residents, and sells at 10 "
        "yuan instead of 20.",
        Setting({}, "four in five KOCs work for one brand only: the entrant finds too few"),
        Setting({"rivals: multihome": 1.0}, "leaders work for both, and the price decides"),
        bound=0.5, preset=DUEL,
        ground=LIVELY | {
            "entrant: price.price": 10.0, "entrant: recruiting.start": 0.0, "entrant: recruiting.firm": 200.0},
    ),
)
