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
    "customers won by {who}: {n}, in {depth} generations": "由 {who} 带来的顾客：{n}，共 {depth} 代",
    "won by one person": "由一人直接带来", "in her whole tree": "整棵树", "customers won, s": "带来的顾客数 s",
    "KOCs and customers who won s or more": "带来至少 s 位的 KOC 与顾客（人）",
    "generations from a KOC": "距 KOC 的代数", "customers, number": "顾客（人）",
    # trust and attention
    "trust in the source": "对来源的信任", "share of ties, % per 0.05": "占全部关系 %（每 0.05）",
    "ties to KOCs": "与 KOC 的关系", "of these muted": "其中已屏蔽",
    "their shop: median, 5-95%": "所去商店：中位数，5–95%", "seen on": "渠道",
    "posts about the product seen, per resident and day": "每位居民每天看到的产品帖子数",
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
    "{level} interval": "{level} 区间", "difference to {baseline}: {measure}": "与 {baseline} 之差：{measure}",
    "decided": "已判定", "not decided": "未判定", "share of variance": "占方差比例", "first order": "一阶",
    "total": "总",
    "size of effect, per range": "效应大小（每个取值范围）", "replicates": "重复次数", "{n} replicates": "{n} 次重复",
    "replicates that have crossed, %": "已越过阈值的重复，%", "response of each run": "每次运行的响应",
    "level {level}": "水平 {level}", "median {point}": "中位数 {point}",
    "share of residents": "居民占比", "% of residents": "占居民 %", "contacts in the county": "县内联系人",
    "yuan a resident": "元 / 居民", "orders": "订单", "yuan": "元", "share": "比例",
}


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


@functools.cache
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
        from matplotlib.text import Text

        lang: Any = kwargs.get("lang", "en")
        with speaking(lang):
            out = draw(*args, **kwargs)
            if lang == "zh" and isinstance(out, Artist):  # labels of axes that were there before
                for text in out.findobj(Text):
                    text.set_fontfamily(families())
        return out

    return drawn
