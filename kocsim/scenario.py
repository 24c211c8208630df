"""A scenario: everything a run needs but its seed. Typed, immutable, and at home in a TOML file."""

from __future__ import annotations

import difflib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from kocsim.blueprint import Friends, Groups, Population, Shops, check_world
from kocsim.errors import FileError, ParameterError
from kocsim.html import card
from kocsim.mechanisms.attention import Attention
from kocsim.mechanisms.attribution import Attribution
from kocsim.mechanisms.broadcasts import (
    Advertising,
    Broadcast,
    LiveStream,
    OfficialAccount,
    ShopVisit,
    check_broadcasts,
)
from kocsim.mechanisms.business import Business
from kocsim.mechanisms.channels import QQ, Bilibili, Douyin, GroupChat, Kuaishou, Moments, PrivateMessage
from kocsim.mechanisms.content import Content
from kocsim.mechanisms.delivery import Delivery, check_delivery
from kocsim.mechanisms.effort import Effort
from kocsim.mechanisms.event import Event, check_event
from kocsim.mechanisms.identification import Identification
from kocsim.mechanisms.invitation import Invitation
from kocsim.mechanisms.ladder import Ladder
from kocsim.mechanisms.leaving import Leaving
from kocsim.mechanisms.management import Management
from kocsim.mechanisms.membership import Membership
from kocsim.mechanisms.money import Money
from kocsim.mechanisms.need import Need
from kocsim.mechanisms.pool import Pool
from kocsim.mechanisms.posting import Posting, check_posting
from kocsim.mechanisms.price import Price
from kocsim.mechanisms.purchase import Purchase
from kocsim.mechanisms.recruiting import Recruiting
from kocsim.mechanisms.response import Response
from kocsim.mechanisms.salons import Salons
from kocsim.mechanisms.satisfaction import Satisfaction
from kocsim.mechanisms.sharing import Sharing
from kocsim.mechanisms.shock import Shock
from kocsim.mechanisms.tiers import Tiers
from kocsim.mechanisms.trust import Trust
from kocsim.parameters import Section, param

if TYPE_CHECKING:
    from kocsim.parameters import Parameter

PRESETS = Path(__file__).parent / "presets"


class Scenario(Section):
    """Parameters of a county and of what happens in it.

    Values are read by name (``scenario.friends.koc_median``) and changed by making another scenario
    (``scenario.replace(kocs=500, friends={"koc_median": 128})``). Every value is checked on the way in. Equal
    scenarios compare equal and hash alike.
    """

    name: str = param(
        "custom", unit="text", meaning="name of the scenario", source="free choice"
    )
    description: str = param(
        "", unit="text", meaning="what it is for, one sentence", source="free choice"
    )
    residents: int = param(
        1_000_000, unit="residents", ge=1, le=1 << 24,
        meaning="residents of the county",
        source="the paper (C17); the mean county of China has 399,200",
    )
    kocs: int = param(
        10_000, unit="KOCs", ge=0, le=1 << 24,
        meaning="key opinion consumers among the residents",
        source="the paper (C18): 1% of the county",
    )
    shops: int = param(
        500, unit="shops", ge=0, le=100_000,
        meaning="shops in the county",
        source="assumption: one for 2,000 residents",
    )
    days: int = param(
        180, unit="days", ge=1, le=60_000,
        meaning="days that a run lasts unless told otherwise",
        source="assumption: half a year",
    )
    # the world
    population: Population = Field(default_factory=Population, description="who lives where")
    friends: Friends = Field(default_factory=Friends, description="who knows whom; KOCs' audiences")
    groups: Groups = Field(default_factory=Groups, description="social groups")
    shop: Shops = Field(default_factory=Shops, description="shops")
    # the day, in order
    need: Need = Field(default_factory=Need, description="need for the category")
    recruiting: Recruiting = Field(default_factory=Recruiting, description="how residents become KOCs")
    leaving: Leaving = Field(default_factory=Leaving, description="why KOCs stop, and whose their pools are")
    effort: Effort = Field(default_factory=Effort, description="on how many days KOCs work")
    salons: Salons = Field(default_factory=Salons, description="the firm meets its KOCs")
    tiers: Tiers = Field(default_factory=Tiers, description="KOCs ranked by what they sell")
    management: Management = Field(default_factory=Management, description="who looks after KOCs")
    shock: Shock = Field(default_factory=Shock, description="a time of other needs")
    pool: Pool = Field(default_factory=Pool, description="to whom KOCs speak")
    posting: Posting = Field(default_factory=Posting, description="what KOCs post")
    content: Content = Field(default_factory=Content, description="what KOCs' posts are for")
    sharing: Sharing = Field(default_factory=Sharing, description="what customers pass on")
    moments: Moments = Field(default_factory=Moments, description="channel: WeChat Moments")
    group_chat: GroupChat = Field(default_factory=GroupChat, description="channel: group chat")
    private_message: PrivateMessage = Field(default_factory=PrivateMessage, description="channel: private message")
    kuaishou: Kuaishou = Field(default_factory=Kuaishou, description="channel: Kuaishou")
    qq: QQ = Field(default_factory=QQ, description="channel: QQ")
    douyin: Douyin = Field(default_factory=Douyin, description="channel: Douyin")
    bilibili: Bilibili = Field(default_factory=Bilibili, description="channel: Bilibili")
    official_account: OfficialAccount = Field(
        default_factory=OfficialAccount, description="broadcast: the firm's official account"
    )
    live_stream: LiveStream = Field(default_factory=LiveStream, description="broadcast: live stream")
    shop_visit: ShopVisit = Field(default_factory=ShopVisit, description="broadcast: what shops show")
    advertising: Advertising = Field(default_factory=Advertising, description="broadcast: public advertising")
    broadcasts: tuple[Broadcast, ...] = Field(default=(), description="broadcasts of the user's own")
    attention: Attention = Field(default_factory=Attention, description="what a day's attention holds")
    trust: Trust = Field(default_factory=Trust, description="trust in KOCs, and muting")
    response: Response = Field(default_factory=Response, description="from posts seen to evidence")
    identification: Identification = Field(
        default_factory=Identification, description="from evidence to identification"
    )
    purchase: Purchase = Field(default_factory=Purchase, description="orders, repeat orders, lapsing")
    business: Business = Field(default_factory=Business, description="business buyers")
    price: Price = Field(default_factory=Price, description="income and price")
    event: Event = Field(default_factory=Event, description="days of low prices and many posts")
    delivery: Delivery = Field(default_factory=Delivery, description="pick-up points, and who goes there")
    ladder: Ladder = Field(default_factory=Ladder, description="from one category to the next")
    satisfaction: Satisfaction = Field(default_factory=Satisfaction, description="what an order leaves behind")
    invitation: Invitation = Field(default_factory=Invitation, description="customers who bring friends")
    membership: Membership = Field(default_factory=Membership, description="members, free and paid")
    money: Money = Field(default_factory=Money, description="what sales cost, and who earns")
    attribution: Attribution = Field(default_factory=Attribution, description="first and last touch")

    @classmethod
    def _prefix(cls) -> str:
        return ""

    def model_post_init(self, context: Any) -> None:
        check_world(self)
        check_broadcasts(self.broadcasts)
        check_posting(self.posting, {
            "kuaishou": self.kuaishou.posts, "qq": self.qq.posts, "douyin": self.douyin.posts,
            "bilibili": self.bilibili.posts})
        check_event(self.event, self.posting)
        check_delivery(self.delivery)

    # ---- what is switched on

    @property
    def airs(self) -> bool:
        """Whether anything is broadcast: by the firm, by platforms, or by what the user added."""
        own = (self.official_account.posts, self.live_stream.posts, self.shop_visit.display, self.advertising.budget)
        platforms = (self.kuaishou, self.qq, self.douyin, self.bilibili)
        return any(own) or bool(self.broadcasts) or any(p.posts and p.recommended for p in platforms)

    @property
    def deals(self) -> bool:
        """Whether residents differ in how they buy (by need, income, segment ...), or orders leave anything behind."""
        return bool(
            self.need.sigma or self.need.of_category()[1] or self.price.elasticity or self.business.share or self.tracks
            or self.event.deals or self.delivery.range
        )

    @property
    def staffs(self) -> bool:
        """Whether it changes who speaks for the firm, or the firm has a purse."""
        return bool(
            self.recruiting.start < 1 or self.leaving.happens or self.effort.varies or self.salons.every
            or self.tiers.every or self.management.span or self.money.budget
            or (self.shop_visit.display and self.shop_visit.pace)
        )

    @property
    def moves_trust(self) -> bool:
        """Whether trust in KOCs ever changes."""
        return self.trust.moves or (self.leaving.happens and self.leaving.owner == "firm")

    @property
    def tracks(self) -> bool:
        """Whether first and last touches are remembered."""
        return bool(
            self.attribution.track or self.airs or self.trust.sold or self.membership.scan or self.ladder.step
            or self.invitation.rate or self.satisfaction.rate < 1
            or self.leaving.pressure or self.effort.response or self.tiers.every or self.recruiting.override
        )

    # ---- where scenarios come from

    @classmethod
    def preset(cls, name: str) -> Self:
        """A scenario that comes with kocsim; `presets` lists them.

        Raises
        ------
        ParameterError
            For a name that is not there.
        """
        names = presets()
        if name not in names:
            near = difflib.get_close_matches(str(name), names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ParameterError(f"preset must be one of {', '.join(names)}; got {name!r}.{hint}")
        return cls.load(PRESETS / f"{name}.toml")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a scenario from a TOML file; what the file does not name keeps its default.

        Raises
        ------
        FileError
            When the file cannot be read or is not TOML.
        ParameterError
            For unknown names and values out of range, naming file, parameter, range and value.
        """
        try:
            text = Path(path).read_text("utf-8-sig")  # Windows' editors put a mark in front
        except UnicodeDecodeError:
            raise FileError(f"Cannot read scenario {path}: it is not UTF-8 text.") from None
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            why = getattr(error, "strerror", None) or error
            raise FileError(f"Cannot read scenario {path}: {why}.") from None
        return cls.from_toml(text, where=f"{path}: ")

    @classmethod
    def from_toml(cls, text: str, where: str = "") -> Self:
        """As `load`, from text."""
        try:
            values = tomllib.loads(text)
        except ValueError as error:  # TOMLDecodeError, or a number of more digits than Python reads
            raise FileError(f"{where}this is not TOML: {error}.") from None
        return cls._checked(values, where)

    # ---- where they go

    def to_toml(self) -> str:
        """All parameters as TOML, each with unit, range and meaning as a comment; `from_toml` reads it back."""
        import tomlkit

        about = {p.name: p for p in self.parameters()}
        document = tomlkit.document()
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Section):
                table = tomlkit.table()
                for key, entry in value.model_dump().items():
                    _commented(table, key, entry, about[f"{name}.{key}"])
                document.add(tomlkit.nl())
                document.add(name, table)
            elif isinstance(value, tuple):
                if value:
                    rows = tomlkit.aot()
                    for item in value:
                        table = tomlkit.table()
                        for one in item.parameters():
                            _commented(table, one.name, one.value, one)
                        rows.append(table)
                    document.add(tomlkit.nl())
                    document.add(name, rows)
            else:
                _commented(document, name, value, about[name])
        return tomlkit.dumps(document)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_toml` to a file.

        Raises
        ------
        FileError
            When the file cannot be written.
        """
        try:
            Path(path).write_text(self.to_toml(), "utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise FileError(f"Cannot write scenario {path}: {why}.") from None
        return Path(path)

    # ---- how they are seen

    def table(self) -> Any:
        """Every parameter as a DataFrame: name, value, unit, range, meaning, source."""
        import pandas as pd

        return pd.DataFrame(self.parameters()).set_index("name")

    def differences(self) -> dict[str, Any]:
        """Values that are not the default, by dotted name."""
        default = {p.name: p.value for p in _defaults()}
        changed = {p.name: p.value for p in self.parameters() if p.value != default.get(p.name)}
        return {name: value for name, value in changed.items() if not name.startswith("broadcasts.")} | (
            {"broadcasts": self.broadcasts} if self.broadcasts else {}
        )

    def __repr__(self) -> str:
        said = ", ".join(
            f"{name}={value!r}" if "." not in name else f"**{{{name!r}: {value!r}}}"
            for name, value in self.differences().items()
        )
        return f"Scenario().replace({said})" if said else "Scenario()"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        changed = self.differences()
        size = ("residents", "kocs", "shops", "days")
        about = {p.name: p for p in self.parameters()}
        names = [*size, *(name for name in changed if name not in (*size, "name", "description"))]
        rows = []
        for name in names:
            known, value = about.get(name), changed.get(name, getattr(self, name, None))
            if isinstance(value, tuple):  # the user's own broadcasts
                value = ", ".join(one.name for one in value)
            shown = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
            rows.append((name, shown, known.unit if known else "", known.meaning if known else ""))
        return card(f"Scenario {self.name!r}: {self.description}", rows, ("parameter", "value", "unit", "meaning"),
                    f"all {len(about)} parameters, with ranges and sources: .table(); the others have their defaults")


def _commented(table: Any, key: str, value: Any, about: Parameter) -> None:
    import tomlkit

    item = tomlkit.item(value)
    item.comment(f"{about.unit}, {about.range}: {about.meaning}")
    table.add(key, item)


@cache
def _defaults() -> list[Parameter]:
    return Scenario().parameters()


def presets() -> list[str]:
    """Names of the scenarios that come with kocsim."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def as_scenario(scenario: Scenario | str | os.PathLike[str]) -> Scenario:
    """A scenario, the name of a preset, or the path of a ``.toml`` file as a scenario."""
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, os.PathLike) or (
        isinstance(scenario, str) and (scenario.endswith(".toml") or os.sep in scenario)
    ):
        return Scenario.load(scenario)
    return Scenario.preset(scenario)
