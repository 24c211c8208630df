"""What the page says, in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kocsim.errors import ParameterError

if TYPE_CHECKING:
    from kocsim.demo.findings import Verdict

LANGUAGES: Final = {"en": "English", "zh": "中文"}

ENGLISH: Final[dict[str, str]] = {
    "title": "When does word of mouth become a medium?",
    "story": (
        "A county of 50,000 residents. Some of them are **KOCs** (key opinion consumers): ordinary customers who post "
        "about a product to the people they know. **Each dot is a resident, each disc a community, each black dot a "
        "KOC.** A and B are the same county on the same luck: what differs between them comes from the sliders. The "
        "paper says: *one KOC is a channel, many are a medium*. Is it so?"
    ),
    "try": "Try, in five minutes",
    "tries": (
        "1. **One KOC, or 500?** Leave A at 1 KOC and B at 500; press play. Then 50. Whom does one KOC reach? Does "
        "a KOC win more customers among many (C13)?\n"
        "2. **Everybody knows, but who buys?** Set A and B to 500 KOCs, and *who is convinced* of B to *after a share of "
        "friends*. The same posts are seen. Compare green.\n"
        "3. **All together?** 500 KOCs in A and B, rhythm *all on one day a week* in A and *in turn* in B: as many "
        "posts, other days (C19). Again with attention at 3.\n"
        "4. **Contacts or KOCs?** 500 KOCs of 128 contacts beside 100 KOCs of 500: which carries further?\n"
        "5. **Who organises it?** Set the operating model of B to shops, leaders, or both, and wait for day 180."
    ),
    "settings": "Settings", "language": "language", "seed": "luck (seed)", "open": "open a setting (TOML)",
    "kocs": "KOCs", "contacts": "contacts of a KOC (median)", "posting": "posts a KOC and day",
    "rhythm": "rhythm", "attention": "posts a resident gets to a day",
    "further": "weight of each further source", "threshold": "who is convinced", "model": "operating model",
    "rhythm daily": "every day", "rhythm together": "all on one day a week", "rhythm in turn": "once a week, in turn",
    "threshold absolute": "after so many voices", "threshold fractional": "after a share of friends",
    "model posting": "none: all KOCs from day 1", "model shop": "shops", "model leader": "group leaders",
    "model hybrid": "shops and leaders",
    "play": "play", "pause": "pause", "day": "day", "on day": "day {day}", "none": "unaware",
    "aware": "aware", "identified": "identified", "customers": "customers", "koc": "KOC",
    "residents %": "residents, % of the county",
    "seen": "distinct KOCs seen so far", "map of": "Map of", "funnel of": "How far the product got,",
    "coverage of": "KOCs seen,",
    "numbers": "Day {days} in numbers",
    "number aware": "aware", "number identified": "identified: made it their own", "number customers": "customers",
    "number saw_one": "saw at least 1 KOC", "number saw_three": "saw at least 3 KOCs",
    "number won_a_koc": "customers won for each KOC",
    "claims": "What the paper claims, and what is seen here",
    "yes": "holds here", "no": "fails here", "untold": "not told by these settings", "split": "in one of the two",
    "colon": ": ",
    "C13": "One KOC is a channel, a crowd of KOCs is a medium: each wins more among many (C13).",
    "C13 needs": "Let A and B differ in the number of KOCs and in nothing else.",
    "C13 more": "With {many:,.0f} KOCs each wins {won_many:,.1f} customers; with {few:,.0f}, {won_few:,.1f}.",
    "C13 same": "Each wins as many: {won_many:,.1f} with {many:,.0f} KOCs, {won_few:,.1f} with {few:,.0f}.",
    "C13 fewer": "More KOCs win more, but each wins less: {won_many:,.1f} with {many:,.0f} KOCs, {won_few:,.1f} with "
                 "{few:,.0f}. They reach the same people.",
    "C18": "KOCs who are 1% of the county cover it: at least 80% become aware (C18).",
    "C18 needs": "Set A or B to 500 KOCs, all from day 1.",
    "C18 holds": "{aware:.0%} are aware; but {customers:.0%} are customers.",
    "C18 fails": "Only {aware:.0%} are aware.",
    "C19": "All posting together beats posting in turn (C19).",
    "C19 needs": "Let A and B differ in rhythm only: all on one day, and in turn.",
    "C19 more": "Together {together:.1%} became customers, in turn {in_turn:.1%}.",
    "C19 same": "Nearly the same: together {together:.1%} became customers, in turn {in_turn:.1%}.",
    "C19 fewer": "Together {together:.1%} became customers, in turn {in_turn:.1%}: a day holds only so much attention.",
    "C20": "Posts cross: half of the county sees three KOCs or more (C20).",
    "C20 both": "A {a:.0%}, B {b:.0%}.", "C20 neither": "A {a:.0%}, B {b:.0%}.",
    "C20 A": "A {a:.0%}, B only {b:.0%}.", "C20 B": "B {b:.0%}, A only {a:.0%}.",
    "caution": (
        "One seed is one story: move *luck* to see another. Probabilities of purchase are assumptions; compare A with "
        "B, do not read off sales."
    ),
    "take": "Take along", "toml": "setting {side} (TOML)", "figure": "figure (PNG)",
    "again": "A setting runs again, with every parameter open to change: `kocsim run {file} --seed {seed}`",
    "refused": "This file cannot be shown here: {why}",
}

CHINESE: Final[dict[str, str]] = {
    "title": "口碑何时成为媒体？",
    "story": (
        "一个五万居民的县。其中一些人是 **KOC**（关键意见消费者）：向熟人发帖谈论某产品的普通顾客。**每个点是一位居民，每个圆是一个社区，"
        "黑点是 KOC。** A 与 B 是同一个县、同样的运气：两者的差别只来自滑块。文中说：*单个 KOC 是渠道，一群 KOC 是媒体*。果真如此吗？"
    ),
    "try": "五分钟试一试",
    "tries": (
        "1. **一个还是五百个？** A 为 1 个 KOC，B 为 500 个，按播放；再试 50 个。一个 KOC 能触达谁？在众多 KOC 之中，每个 KOC 赢得的顾客更多吗（C13）？\n"
        "2. **人人皆知，谁来购买？** A 与 B 都设为 500 个 KOC，B 的*何时被说服*改为*好友中的一定比例*。看到的帖子相同，比较绿色。\n"
        "3. **齐发？** A 与 B 都是 500 个 KOC，A 的节奏为*每周同一天*，B 为*轮流*：帖子数相同，日子不同（C19）。再把注意力调到 3。\n"
        "4. **联系人还是 KOC？** 500 个 KOC 各 128 个联系人，对比 100 个 KOC 各 500 个：哪边传得更远？\n"
        "5. **由谁来组织？** 把 B 的经营模式设为门店、团长或两者兼有，看到第 180 天。"
    ),
    "settings": "设置", "language": "语言", "seed": "运气（种子）", "open": "打开设置（TOML）",
    "kocs": "KOC 人数", "contacts": "KOC 的联系人数（中位数）", "posting": "每个 KOC 每天发帖数",
    "rhythm": "节奏", "attention": "居民每天能看的帖子数",
    "further": "每个新增来源的权重", "threshold": "何时被说服", "model": "经营模式",
    "rhythm daily": "每天", "rhythm together": "每周同一天齐发", "rhythm in turn": "每周一次，轮流",
    "threshold absolute": "听到一定数量的声音", "threshold fractional": "好友中的一定比例",
    "model posting": "无：KOC 第一天全部到位", "model shop": "门店", "model leader": "团长", "model hybrid": "门店加团长",
    "play": "播放", "pause": "暂停", "day": "天", "on day": "第 {day} 天", "none": "不知道", "aware": "认知", "identified": "认同",
    "customers": "顾客", "koc": "KOC", "residents %": "居民，占全县 %",
    "seen": "至今看到的不同 KOC 数", "map of": "地图", "funnel of": "产品走了多远，", "coverage of": "看到的 KOC，",
    "numbers": "第 {days} 天的数字",
    "number aware": "认知", "number identified": "认同", "number customers": "顾客",
    "number saw_one": "看到至少 1 个 KOC", "number saw_three": "看到至少 3 个 KOC",
    "number won_a_koc": "每个 KOC 赢得的顾客",
    "claims": "文中的论断与这里所见",
    "yes": "此处成立", "no": "此处不成立", "untold": "这组设置无法判断", "split": "两者之一成立", "colon": "：",
    "C13": "单个 KOC 是渠道，一群 KOC 是媒体：人多时每个 KOC 赢得更多（C13）。",
    "C13 needs": "请让 A 与 B 只在 KOC 人数上不同。",
    "C13 more": "{many:,.0f} 个 KOC 时每个赢得 {won_many:,.1f} 位顾客；{few:,.0f} 个时 {won_few:,.1f} 位。",
    "C13 same": "每个赢得的一样多：{many:,.0f} 个 KOC 时 {won_many:,.1f} 位，{few:,.0f} 个时 {won_few:,.1f} 位。",
    "C13 fewer": "KOC 多，顾客总数多，但每个赢得的更少：{many:,.0f} 个 KOC 时 {won_many:,.1f} 位，{few:,.0f} 个时 {won_few:,.1f} 位。"
                 "他们触达的是同一批人。",
    "C18": "占全县 1% 的 KOC 能覆盖全县：至少 80% 的居民认知（C18）。",
    "C18 needs": "请把 A 或 B 设为 500 个 KOC，第一天全部到位。",
    "C18 holds": "{aware:.0%} 认知；但顾客占 {customers:.0%}。",
    "C18 fails": "只有 {aware:.0%} 认知。",
    "C19": "齐发胜过轮流（C19）。",
    "C19 needs": "请让 A 与 B 只在节奏上不同：齐发与轮流。",
    "C19 more": "齐发 {together:.1%} 成为顾客，轮流 {in_turn:.1%}。",
    "C19 same": "几乎相同：齐发 {together:.1%} 成为顾客，轮流 {in_turn:.1%}。",
    "C19 fewer": "齐发 {together:.1%} 成为顾客，轮流 {in_turn:.1%}：一天的注意力有限。",
    "C20": "信息交叉覆盖：全县一半的人看到三个以上 KOC（C20）。",
    "C20 both": "A {a:.0%}，B {b:.0%}。", "C20 neither": "A {a:.0%}，B {b:.0%}。",
    "C20 A": "A {a:.0%}，B 只有 {b:.0%}。", "C20 B": "B {b:.0%}，A 只有 {a:.0%}。",
    "caution": "一个种子只是一个故事：移动*运气*可看另一个。购买概率都是假设；请比较 A 与 B，不要直接读销量。",
    "take": "带走", "toml": "设置 {side}（TOML）", "figure": "图（PNG）",
    "again": "设置可以重跑，所有参数均可修改：`kocsim run {file} --seed {seed}`",
    "refused": "此文件无法在这里显示：{why}",
}

WORDS: Final = {"en": ENGLISH, "zh": CHINESE}


def words(lang: str) -> dict[str, str]:
    """All that the page says in a language.

    Raises
    ------
    ParameterError
        For a language that it does not speak.
    """
    if lang not in WORDS:
        raise ParameterError(f"lang must be one of {', '.join(map(repr, WORDS))}; got {lang!r}.")
    return WORDS[lang]


def told(verdict: Verdict, lang: str) -> tuple[str, str, str]:
    """A claim, whether it holds, and why, in words."""
    say = words(lang)
    if verdict.holds is None:
        holds = say["untold"] if verdict.why.endswith("needs") else say["split"]
    else:
        holds = say["yes"] if verdict.holds else say["no"]
    return say[verdict.claim], holds, say[verdict.why].format(**verdict.values)
