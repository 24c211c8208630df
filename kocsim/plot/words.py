"""Words of figures, in English and Chinese."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from kocsim.errors import DataError, ParameterError

P = ParamSpec("P")
R = TypeVar("R")
LANGUAGES: Final = ("en", "zh")
FONTS: Final = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "PingFang SC",
    "Hiragino Sans GB", "Heiti SC", "Microsoft YaHei", "SimHei", "Noto Sans CJK JP", "Arial Unicode MS",
)
"""Fonts with Chinese characters, the first that is installed is taken."""
FILES: Final = (
    "notosanscjk", "notosanssc", "sourcehansans", "wqy", "pingfang", "hiraginosansgb", "stheiti", "msyh", "simhei")
"""How their files are called: fonts installed after Matplotlib made its list are not on it."""

CHINESE: Final[dict[str, str]] = {
    # what is counted
    "day": "天", "residents, % of the county": "居民，占全县 %", "residents": "居民", "{n} residents": "{n} 位居民",
    "{n} resident": "{n} 位居民", "{n} KOCs": "{n} 位 KOC", "{n} KOC": "{n} 位 KOC", "{n} days": "{n} 天",
    "{n} day": "{n} 天",
    "seed {seed}": "随机种子 {seed}", ", interrupted": "（中断）", "km": "公里",
    # funnel
    "aware": "认知", "identified": "认同", "customers": "顾客", "still active": "仍活跃",
    # coverage
    "no KOC": "未见 KOC", "1 KOC": "1 位 KOC", "2 KOCs": "2 位 KOC", "3 KOCs": "3 位 KOC", "4+ KOCs": "4 位及以上",
    "seen that day": "当天见到", "seen in 7 days": "7 天内见到", "seen so far": "至今见到",
    "measured, day {day}: mean {mean}": "模拟，第 {day} 天：平均 {mean}",
    "random mixing, same mean {mean}": "随机混合，同平均 {mean}",
    "random mixing, full reach: mean {mean}": "随机混合，全部触达：平均 {mean}",
    "distinct KOCs seen so far": "至今见到的不同 KOC 数",
    "distinct KOCs seen on the last day": "最后一天见到的不同 KOC 数",
    # map
    "ordering that day": "当天下单", "{what} on day {day}, %": "第 {day} 天{what}，%", "county seat": "县城",
    # overview
    "How far the product got": "产品走了多远", "How many KOCs residents saw, day by day": "居民逐日见到多少 KOC",
    "KOCs seen on the last day, beside random mixing": "最后一天见到的 KOC，与随机混合相比",
    "Where the customers live": "顾客住在哪里",
    # cascades
    "KOC": "KOC", "generation {k}": "第 {k} 代",
    "customers won by {who}: {n}": "由 {who} 带来的顾客：{n}",
    "won by one person": "由一人直接带来", "in her whole tree": "整棵树", "customers won, s": "带来的顾客数 s",
    "KOCs and customers who won s or more": "带来至少 s 位顾客者（人）",
    "generations from a KOC": "距 KOC 的代数", "customers, number": "顾客（人）",
    # trust and attention
    "trust in the source, 0 to 1": "对来源的信任，0 至 1", "ties, % per 0.05": "关系，%（每 0.05）",
    "ties to KOCs": "与 KOC 的关系", "of these muted": "其中已屏蔽",
    "their shop: median, 5-95%": "所去商店：中位数，5–95%", "seen on": "渠道",
    "posts seen per resident and day": "每位居民每天看到的帖子数",
    # money
    "earned (left) and spent (right), yuan a resident": "收入（左）与支出（右），元 / 居民",
    "KOCs, poorest first, %": "KOC（由低到高），%", "share of all their income, %": "占总收入，%",
    "equal incomes": "收入相等", "incomes, Gini {gini}": "收入，基尼系数 {gini}",
    "cash": "现金", "sales": "销售", "discounts": "折扣", "goods": "进货", "delivery": "配送", "commission": "佣金",
    "rewards": "奖励", "advertising": "广告", "posts": "发帖", "fees": "会费", "rent": "房租", "opening": "开店",
    "staff": "人员", "phones": "手机", "recruiting": "招募", "salons": "沙龙", "pool": "流量池", "profit": "利润",
    "loss": "亏损",
    # channels
    "moments": "朋友圈", "group_chat": "群聊", "private_message": "私信", "kuaishou": "快手", "qq": "QQ",
    "douyin": "抖音",
    "bilibili": "哔哩哔哩", "shares": "顾客转发", "group_shares": "顾客群转发", "invitations": "邀请",
    "official_account": "公众号", "live_stream": "直播", "shop_visit": "到店", "others": "其他",
    # many runs
    "difference to {baseline}: {measure}": "与 {baseline} 之差：{measure}", "percentage points": "个百分点",
    "not decided": "未判定", "share of variance": "占方差比例", "first order": "一阶", "total": "总",
    "size of effect, per range": "效应大小（每个取值范围）", "response of each run": "每次运行的响应",
    "level {level}": "水平 {level}", "median {point}": "中位数 {point}", "{name}, {unit}": "{name}，{unit}",
    "scenario": "情景",
    # measures
    "repurchase_rate": "复购率", "orders_a_customer": "每位顾客的订单",
    "referrals_a_customer": "每位顾客的转介绍", "loop_gain": "循环增益 R", "sales_half_life": "销售半衰期",
    "muted": "已屏蔽的关系", "trust": "信任", "precision_private": "私域精准度", "precision_public": "公域精准度",
    "order_value_private": "私域客单价", "order_value_public": "公域客单价", "cost_a_customer_public": "公域获客成本",
    "cost_a_customer_private": "私域获客成本", "lifetime_value": "顾客终身价值", "payback": "回本日",
    "leader_offspring": "KOC 裂变数 R", "koc_income": "KOC 收入", "koc_gini": "KOC 收入基尼系数",
    "delivery_cost": "配送成本", "shop_break_even": "商店保本订单", "shops_above": "过保本点的商店",
    "pool_size": "流量池规模", "pool_cost": "流量池成本",
    # columns of days
    "active_customers": "仍活跃的顾客", "new_aware": "新认知", "new_identified": "新认同", "new_customers": "新顾客",
    "lapsed_today": "当天流失", "won_back": "当天挽回", "lost_identification": "失去认同", "orders": "订单",
    "repeat_orders": "复购订单", "koc_posts": "KOC 发帖", "exposures": "看到的帖子", "koc_exposures": "看到的 KOC 帖子",
    "mutes": "屏蔽", "koc_meetings": "见到的 KOC", "satisfied_orders": "满意的订单", "business_orders": "企业订单",
    "clicks": "点击", "orders_after_click": "点击后的订单", "new_followers": "新关注", "lost_followers": "取消关注",
    "new_members": "新会员", "new_paying_members": "新付费会员", "renewals": "续费", "not_renewed": "未续费",
    "scans": "扫码", "categories_added": "新增品类", "inviters": "邀请者", "active_kocs": "在任 KOC",
    "recruits": "新招 KOC", "departures": "离开的 KOC", "brought_forward": "提前的订单", "met_from_stock": "由存货满足",
}
UNITS: Final[dict[str, str]] = {
    "residents": "居民", "resident": "居民", "KOCs": "KOC", "KOC": "KOC", "day": "天", "days": "天", "week": "周",
    "month": "月", "year": "年", "yuan": "元", "fen": "分", "orders": "订单", "order": "订单", "posts": "帖子",
    "post": "帖子", "posts seen": "看到的帖子", "clicks": "点击", "resident-KOC pairs": "居民与 KOC 对",
    "customers": "顾客", "customer": "顾客", "shops": "商店", "shop": "商店", "members": "成员", "member": "成员",
    "accounts": "账号", "account": "账号", "contacts": "联系人", "contact": "联系人",
    "contacts in the county": "县内联系人", "friends": "好友", "groups": "群", "messages": "消息",
    "bidders": "竞价者", "bidder": "竞价者", "consumer orders": "消费者订单",
    "managers": "主管", "manager": "主管", "strangers": "陌生人", "follower": "关注者", "streams": "场",
    "visit": "到店", "head": "人", "point": "自提点", "pool": "流量池", "1,000 impressions": "千次展示",
    "probability": "概率", "share": "比例", "%": "%", "evidence": "证据", "trust": "信任", "strength": "强度",
    "exponent": "指数", "factor": "倍", "log units": "对数单位", "steps": "步", "km": "公里", "km2": "平方公里",
    "ties": "关系", "exposed": "触达者", "sales": "销售额", "price": "价格", "list price": "标价", "threshold": "阈值",
}
"""Units and the parts that they are made of, as in "yuan/order" and "share of customers"."""


_LANGUAGE: ContextVar[str] = ContextVar("language of figures", default="en")


def say(text: str, **values: object) -> str:
    """A text in the language of the figure, with its values filled in."""
    if _LANGUAGE.get() == "zh":
        text = CHINESE[text]
    return text.format(**values) if values else text


def name_of(word: str) -> str:
    """A word that may be the user's own (a channel, a measure): translated where it is known."""
    known = CHINESE.get(word) if _LANGUAGE.get() == "zh" else None
    return known or word.replace("_", " ")


def unit_of(unit: str) -> str:
    """A unit in the language of the figure: "yuan/order", "share of ties"; a user's own stays as it is."""
    if _LANGUAGE.get() == "en":
        return unit
    kind, of, whole = unit.partition(" of ")
    if of and kind in ("share", "%") and whole in UNITS:
        return f"占{UNITS[whole]}{'比例' if kind == 'share' else ' %'}"
    parts = unit.split("/")
    return "/".join(UNITS[part] for part in parts) if all(part in UNITS for part in parts) else unit


def with_unit(word: str, unit: str) -> str:
    """A word with its unit, where it has one."""
    return say("{name}, {unit}", name=name_of(word), unit=unit_of(unit)) if unit else name_of(word)


@functools.cache
def installed_font() -> str | None:
    """The first of `FONTS` that is there."""
    from matplotlib import font_manager

    for again in (False, True):
        if again:
            for path in font_manager.findSystemFonts():
                if Path(path).stem.lower().replace(" ", "").startswith(FILES):
                    font_manager.fontManager.addfont(path)
        known = set(font_manager.get_font_names())
        if found := next((name for name in FONTS if name in known), None):
            return found
    return None


def families() -> list[str]:
    """Fonts for a text that may be Chinese: those asked for, then one that has the characters, if there is one."""
    from matplotlib import rcParams

    font = installed_font()
    asked = list(rcParams["font.family"])
    return asked if font is None or font in asked else [*asked, font]


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Words and fonts of a language, while a figure is drawn.

    Raises
    ------
    ParameterError
        For another language than "en" and "zh".
    DataError
        For "zh" where no font has the characters.
    """
    if lang not in LANGUAGES:
        raise ParameterError(f"lang must be one of {', '.join(map(repr, LANGUAGES))}; got {lang!r}.")
    if lang == "zh" and installed_font() is None:
        raise DataError(
            f"lang='zh' needs a font with Chinese characters, but none is installed of {', '.join(FONTS)}; on Debian "
            "and Ubuntu: apt install fonts-noto-cjk.")
    before = _LANGUAGE.set(lang)
    try:
        if lang == "en":
            yield
        else:
            from matplotlib import rc_context

            with rc_context({"font.family": families(), "axes.unicode_minus": False}):
                yield
    finally:
        _LANGUAGE.reset(before)


def worded(draw: Callable[P, R]) -> Callable[P, R]:
    """A figure that speaks the language of its keyword `lang`."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        from matplotlib.artist import Artist

        lang: Any = kwargs.get("lang", "en")
        with speaking(lang):
            out = draw(*args, **kwargs)
            if isinstance(out, Artist):
                _write_characters(out)
        return out

    return drawn


def _write_characters(drawn: Any) -> None:
    """Give what is Chinese a font that has it: in English figures too, for names that are the user's own."""
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    panels = [drawn] if isinstance(drawn, Axes) else drawn.axes
    bars = [one.colorbar.ax for ax in panels for one in (*ax.images, *ax.collections) if one.colorbar is not None]
    ticks = [text for ax in panels for text in (*ax.get_xticklabels(), *ax.get_yticklabels())]  # written only now
    texts = [*drawn.findobj(Text), *ticks, *(text for bar in bars for text in bar.findobj(Text))]
    chinese = [text for text in texts if any(ord(letter) > 0x2E7F for letter in text.get_text())]
    fonts = families() if chinese else []
    for text in chinese:
        text.set_fontfamily(fonts)
