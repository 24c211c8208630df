"""Those who decide: KOCs and shops as Mesa agents.

An agent holds its number and nothing else; what it knows about itself is read from the arrays at the moment
of asking. So ten thousand of them cost little, and none can be out of date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import mesa
import numpy as np

from kocsim.errors import DataError, ParameterError, at_least
from kocsim.mechanisms.posting import MAX_POSTS
from kocsim.model.residents import Residents
from kocsim.morning import Morning
from kocsim.packing import ID_MASK
from kocsim.sellers import STATES
from kocsim.shopbooks import LISTED, ORDERS, SALES
from kocsim.stages import Stage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.model.countymodel import CountyModel

CONTACT, MEMBER = 1, 2
"""Bits of `County.koc_via`."""


class Posts(NamedTuple):
    """What a KOC posts on one day; returned by `KOC.decide`.

    Attributes
    ----------
    moments : int
        Posts to Moments, in [0, 250].
    groups : int
        Posts to each group that the KOC leads, in [0, 250].
    quality : float
        Multiplies the evidence that these posts carry, in [0, 1].
    """

    moments: int = 1
    groups: int = 1
    quality: float = 1.0


class KOC(mesa.Agent):  # type: ignore[misc]
    """A key opinion consumer: a resident who posts.

    To give KOCs a policy of their own, override `decide` and hand the class to
    ``CountyModel(koc_class=...)``.

    Who is asked: every KOC whose class overrides `decide`, and every KOC that was given a ``decide`` of
    its own (``koc.decide = function``), once a day before anything else happens, by ascending number.
    All others post what the scenario's section "posting" says and are not even looped over.

    ``remove()`` silences a KOC from the next day that begins: it posts nothing more. The resident that it is
    stays, and what others have seen of it stays seen. A silenced KOC speaks again when an agent of any
    KOC class is made for its number (``MyKOC(model, index)``); two agents for one number are refused.

    Parameters
    ----------
    model : CountyModel
    index : int
        Number of the KOC, in [0, KOCs - 1]; the row in `County.koc`, `Simulation.views` and the like.

    Raises
    ------
    ParameterError
        When there is no such KOC, or it has an agent.
    """

    model: CountyModel

    def __init__(self, model: CountyModel, index: int) -> None:
        self.index = at_least("index of a KOC", index, 0, model.county.koc.size - 1)
        if model.koc(self.index) is not None:
            raise ParameterError(f"KOC {self.index} has an agent; remove that one first.")
        super().__init__(model)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "decide":  # else the model would have to look at every KOC every day to find it
            self.model.ask_daily(self)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index}: resident {self.resident}>"

    def decide(self) -> Posts | None:
        """What to post today; to be overridden.

        Called before the day begins: ``model.steps`` is the number of the day to come, and all that
        can be read (``views``, ``stage``, ``model.residents``) stands as the last day left it.
        Random numbers drawn from ``self.rng`` or ``self.random`` change nothing but what is decided
        by them.

        Returns
        -------
        Posts or None
            None leaves it to the scenario's posting.
        """
        return None

    # ---- who she is

    @property
    def resident(self) -> int:
        """The resident that this KOC is."""
        return int(self.model.county.koc[self.index])

    @property
    def community(self) -> int:
        """Where she lives."""
        return int(self.model.county.community[self.resident])

    @property
    def audience(self) -> int:
        """Distinct residents she reaches, through Moments or her groups."""
        offsets = self.model.county.koc_offsets
        return int(offsets[self.index + 1] - offsets[self.index])

    @property
    def contacts(self) -> int:
        """Residents who see her Moments."""
        return int(np.count_nonzero(self.model.county.koc_via[self._row] & CONTACT))

    @property
    def members(self) -> int:
        """Distinct members of the groups she leads."""
        return int(np.count_nonzero(self.model.county.koc_via[self._row] & MEMBER))

    @property
    def listeners(self) -> Residents:
        """The residents she reaches."""
        ties = self.model.county.koc_ties[self._row]
        return Residents(
            self.model.simulation, self.model.rng, np.sort(ties & ID_MASK).astype(np.int64)
        )

    @property
    def _row(self) -> slice:
        offsets = self.model.county.koc_offsets
        return slice(int(offsets[self.index]), int(offsets[self.index + 1]))

    # ---- how she stands

    @property
    def stage(self) -> Stage:
        """Her own stage; KOCs begin as customers."""
        return Stage(int(self.model.simulation.stage[self.resident]))

    @property
    def posts(self) -> Posts:
        """What she posted on the last day."""
        s = self.model.simulation
        return Posts(int(s.posts_moments[self.index]), int(s.posts_groups[self.index]), self.quality)

    @property
    def quality(self) -> float:
        """Quality of her posts on the last day, in [0, 1]."""
        return float(self.model.simulation.quality[self.index])

    @property
    def views(self) -> int:
        """How many times her posts were seen on the last day."""
        return int(self.model.simulation.views[self.index])

    @property
    def trust(self) -> float:
        """Mean trust in her of those whom she reaches, in [0, 1]; NaN where she reaches nobody."""
        s = self.model.simulation
        held = s.held_trust[self._row] if s.held_trust.size else self.model.county.koc_ties[self._row] >> 24
        return float(held.mean() / 255) if held.size else float("nan")

    @property
    def state(self) -> str:
        """"candidate", "active", "left" or "kept" (by the firm, after she left)."""
        sellers = self.model.simulation.sellers
        return "active" if sellers is None else STATES[sellers.state[self.index]]

    @property
    def income(self) -> int:
        """What she has earned so far, fen."""
        return int(self.model.simulation.books.income[self.index])

    @property
    def orders(self) -> int:
        """Orders that she has sold so far (last touch)."""
        return int(self.model.simulation.books.orders[self.index])


DEFAULT_DECIDE: Final = KOC.decide
"""A class whose `decide` is this one leaves posting to the scenario."""


def asked(koc: KOC, day: int) -> Posts | None:
    """A KOC's decision for a day, checked.

    Raises
    ------
    DataError
        When it is not `Posts` or None, or a number is out of range; names KOC, resident and day.
    """
    posts = koc.decide()
    if posts is None:
        return None
    who = f"KOC {koc.index} (resident {koc.resident})"
    if not isinstance(posts, Posts):
        raise DataError(
            f"{type(koc).__name__}.decide must return Posts or None; got {posts!r} from {who} on day {day}."
        )
    for name, value in (("moments", posts.moments), ("groups", posts.groups)):
        if not isinstance(value, (int, np.integer)) or not 0 <= value <= MAX_POSTS:
            raise DataError(
                f"{name} of {who} must be a whole number in [0, {MAX_POSTS}]; got {value!r} on day {day}."
            )
    quality = posts.quality
    if not isinstance(quality, (int, float, np.integer, np.floating)) or not 0 <= quality <= 1:
        raise DataError(f"quality of {who} must lie in [0, 1]; got {quality!r} on day {day}.")
    return posts


class Shop(mesa.Agent):  # type: ignore[misc]
    """A shop and the communities that go to it.

    A shop may show the product (``shop_visit.display > 0``). To let shops decide for themselves, override `decide` and
    hand the class to ``CountyModel(shop_class=...)``; all others do what the scenario says. Removing an agent changes
    nothing but that it is no longer asked.

    Parameters
    ----------
    model : CountyModel
    index : int
        Number of the shop, in [0, shops - 1]; the row in `County.shop_community`.

    Raises
    ------
    ParameterError
        When there is no such shop.
    """

    model: CountyModel

    def __init__(self, model: CountyModel, index: int) -> None:
        self.index = at_least("index of a shop", index, 0, model.county.shops - 1)
        super().__init__(model)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.index}: community {self.community}>"

    def decide(self) -> bool | None:
        """Whether to show the product from today on; to be overridden.

        Called like `KOC.decide`, once a day, after KOCs and the firm. An opening costs the firm `money.opening`.

        Returns
        -------
        bool or None
            None leaves it as it is.
        """
        return None

    @property
    def shows(self) -> bool:
        """Whether it shows the product."""
        air = self.model.simulation.broadcasting
        return air is not None and bool(air.shows[self.index])

    @property
    def community(self) -> int:
        """The community it stands in."""
        return int(self.model.county.shop_community[self.index])

    @property
    def place(self) -> tuple[float, float]:
        """(x, y) on the plane, km."""
        c = self.model.county
        return float(c.community_x[self.community]), float(c.community_y[self.community])

    @property
    def communities(self) -> NDArray[np.int64]:
        """The communities that go to it, ascending."""
        return np.flatnonzero(self.model.county.community_shop == self.index)

    @property
    def catchment(self) -> int:
        """Residents of those communities."""
        return int(self.model.county.community_population[self.communities].sum())

    @property
    def orders_today(self) -> int:
        """Orders of the last day by residents of those communities."""
        return int(self.model.shop_orders()[self.index])

    @property
    def orders(self) -> int:
        """Orders so far whose last touch was a visit to this shop."""
        return int(self.model.simulation.shop_books.credited[ORDERS, self.index])

    @property
    def margin(self) -> int:
        """What those orders have left after goods, fen."""
        paid, listed = (int(self.model.simulation.shop_books.credited[row, self.index]) for row in (SALES, LISTED))
        return paid - round(listed * self.model.parameters.money.goods)

    @property
    def days(self) -> int:
        """Days so far on which it showed the product."""
        return int(self.model.simulation.shop_books.days[self.index])

    @property
    def rent(self) -> int:
        """What it has cost the firm on those days, fen."""
        return self.days * round(self.model.parameters.money.rent * 100)


class Firm(mesa.Agent):  # type: ignore[misc]
    """The firm. To give it a policy, override `decide` and hand the class to ``CountyModel(firm_class=...)``.

    Parameters
    ----------
    model : CountyModel
    """

    model: CountyModel

    def decide(self, morning: Morning) -> None:
        """What to do today, over all KOCs and shops at once; to be overridden.

        Called each morning before KOCs and shops with a policy of their own.

        Parameters
        ----------
        morning : Morning
            What the firm sees, and may decide.
        """
