"""One resident's day, told draw by draw: what reached her, what she saw, what it weighed, why she moved on.

Nothing is kept while a run lasts, but every draw is a function of the seed, the day and who is concerned. So a day of
the past is lived again: the same run is repeated up to that morning, and what happens to the one resident is done a
second time in plain Python, by the functions of `kocsim.reference`, on the same draws. The kernels do the day as well,
and both must agree, or nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from kocsim.errors import DataError, ParameterError
from kocsim.html import card
from kocsim.mechanisms.content import KINDS
from kocsim.reference.buying import buy, identify
from kocsim.reference.people import Post, Resident, Source, World
from kocsim.reference.posting import (
    invitation,
    posts_of,
    reaching,
    share,
    share_in_group,
    trust_returns,
)
from kocsim.reference.reading import attended, hear, read, weigh
from kocsim.rng import Decision, chance, uniform31
from kocsim.stages import Stage

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kocsim.simulation import Shares, Simulation

BLOCK: Final = 1 << 23
"""Ties that are looked through at a time."""
WORDS: Final = {
    Stage.UNAWARE: "unaware", Stage.AWARE: "aware", Stage.IDENTIFIED: "identified", Stage.CUSTOMER: "a customer",
    Stage.REPEAT: "a repeat customer", Stage.LAPSED: "lapsed",
}


class Told(NamedTuple):
    """A draw that was asked for: of which decision, how likely it was to succeed, what was drawn in [0, 1)."""

    decision: str
    chance: float
    drawn: float
    happened: bool


class Heard(NamedTuple):
    """A post in the inbox, and what became of it."""

    post: Post
    fate: str
    chance: float
    drawn: float
    weight: int


def explain(
    simulation: Simulation, resident: int, day: int, again: Callable[[], tuple[Simulation, Callable[[], Any]]]
) -> Explanation:
    """One resident's day of a run; see `kocsim.Simulation.explain`.

    Parameters
    ----------
    simulation : Simulation
        Which has gone through that day.
    resident, day : int
    again : callable
        Gives the same run before its first day, and what steps it.
    """
    n = simulation.county.n
    _in_range("resident", resident, 0, n - 1)
    if simulation.day < 1:
        raise ParameterError("day must be one that is over; no day of this run is.")
    _in_range("day", day, 1, simulation.day)
    other, step = again()
    for _ in range(day - 1):
        step()
    watcher = Watcher(int(resident))
    other.watcher = watcher
    step()
    days = (zip(run.record.rows, run.record.digests, strict=True) for run in (simulation, other))
    for k, (was, now) in enumerate(zip(*days, strict=False), 1):  # the first run may have gone on
        if was != now:
            raise DataError(
                f"Day {day} cannot be told: the run, repeated from its first day, is another one from day {k} on. What "
                "was changed by hand between days, a policy or agents with a memory of their own, or a branch at a "
                "checkpoint, cannot be repeated.")
    return watcher.tell(other)


def _in_range(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise ParameterError(f"{name} must be a whole number in [{low}, {high}]; got {value!r}.")


class Watcher:
    """Looks over one resident's shoulder while the kernels do a day."""

    def __init__(self, resident: int) -> None:
        self.i = resident
        self.window: Window | None = None

    def delivered(self, simulation: Simulation, shares: Shares) -> None:
        """When all posts are delivered, and nobody has looked yet: live her day."""
        s, i, day = simulation.scenario, self.i, simulation.day
        self.window = w = Window(simulation, i)
        self.before = w.resident.stage, w.resident.evidence
        self.known = dict(w.resident.seen)
        self.arrived = int(simulation._koc_arrived[:, i].sum() + simulation._arrived[:, i].sum())
        w.share = self.share = attended(w, i, self.arrived)
        inbox = w.inbox(simulation, shares)
        air = [] if simulation.broadcasting is None else simulation.broadcasting.today
        self.seen = read(w, day, i, inbox, self.share) + hear(w, day, i, air, self.share)
        self.aired = air
        weigh(w, day, w.resident, self.seen)
        if simulation.rule is None:
            identify(w, day, w.resident)
        self.weighed_as = w.resident.stage
        self.bought_by_hand = simulation.market is None and simulation.rule is None
        if self.bought_by_hand:
            w.decisions.clear()
            buy(w, day, i, w.resident)
        self.threshold = float(simulation.threshold[i])
        self.s = s

    def weighed(self, simulation: Simulation) -> None:
        """When evidence has been weighed: where orders are not told, her stage must agree now."""
        self.stage_weighed = Stage(int(simulation.stage[self.i]))

    def tell(self, simulation: Simulation) -> Explanation:
        """Compare with what the kernels did, and tell.

        Raises
        ------
        RuntimeError
            When they did not agree: a defect of kocsim.
        """
        w, i = self.window, self.i
        assert w is not None
        did = (
            np.float32(simulation.evidence[i]), int(simulation.sources[i]), int(simulation.kocs[i]),
            float(simulation._attended[i]))
        told = (
            np.float32(w.resident.evidence), len(w.resident.seen),
            sum(kind == "koc" for kind, _ in w.resident.seen), self.share)
        stages = (self.stage_weighed, self.weighed_as)
        if self.bought_by_hand:
            stages = (Stage(int(simulation.stage[i])), w.resident.stage)
        elif simulation.rule is not None:
            stages = (stages[0], stages[0])
        if did != told or stages[0] != stages[1]:
            raise RuntimeError(
                f"The day of resident {i} cannot be told: the reference and the kernels differ (evidence, sources, "
                f"KOCs, attention, stage: {told}, {stages[1]}; {did}, {stages[0]}). This is a defect of kocsim.")
        after = Stage(int(simulation.stage[i]))
        return Explanation(
            resident=i, day=simulation.day, stage_before=self.before[0], stage_after=after,
            evidence_before=self.before[1], evidence_after=float(w.resident.evidence), threshold=self.threshold,
            arrived=self.arrived / 256, background=float(w.background[i]), budget=float(w.budget[i]), share=self.share,
            identified_by=getattr(simulation.rule, "__name__", type(simulation.rule).__name__)
            if simulation.rule is not None else "",
            heard=w.heard, weighed=self._weighed(), decisions=w.decisions if self.bought_by_hand else None,
            looked=w.looked(simulation.day), evidence_kept=self.before[1] * self.s.response.retention())

    def _weighed(self) -> list[dict[str, Any]]:
        """What each post that was seen added."""
        r, known = self.s.response, dict(self.known)
        new = [post.source not in known and all(post.source != other.source for other, _ in self.seen[:at])
               for at, (post, _) in enumerate(self.seen)]
        first_day, sources = not known, sum(new)
        rows = []
        for (post, weight), fresh in zip(self.seen, new, strict=True):
            factor = r.repeat
            if fresh:
                factor = r.further + ((r.first - r.further) / sources if first_day else 0.0)
            role = ("first source ever" if first_day and sources == 1 else "one of the first sources" if first_day
                    else "new source") if fresh else "heard before"
            rows.append({
                "source": said_source(post.source), "channel": channel_name(self.s, post), "role": role,
                "weight": weight / (255 * 256), "factor": factor, "evidence": factor * weight / (255 * 256)})
        return rows


class Window(World):
    """The county as far as one resident's day depends on it: a `World` in which only she and her ties are filled in."""

    def __init__(self, simulation: Simulation, i: int) -> None:
        c, s = simulation.county, simulation.scenario
        self.scenario, self.county, self.seed, self.n, self.i = s, c, simulation.seed, c.n, i
        self.channels = simulation.speaking.channels
        self.koc, self.first_tie = c.koc.tolist(), c.koc_offsets.tolist()
        self.koc_contacts = simulation.speaking.listeners.tolist()
        self.quality = simulation.quality.tolist()
        self.heard: list[Heard] = []
        self.decisions: list[Told] = []
        self.share = 1.0
        self.sales = 0
        at = np.array([i])
        contacts = c.contacts[at]
        # of all residents, a reference world has lists: here she alone is filled in
        self.budget: Any = {i: float(s.attention.budget(contacts)[0])}
        background = s.attention.background(contacts)
        if simulation.broadcasting is not None and (further := simulation.broadcasting.background()).size:
            background = background + further[self.of_class(Decision.FOLLOWED, i)]
        self.background: Any = {i: float(background[0])}
        self.columns: Any = {name: {i: values[i]} for name, values in c.columns.items()}
        self.room = [True] * 256
        self.walk_in: Any = {i: 0}
        self.shop: Any = {i: -1}
        self.collects: Any = {i: 1.0}
        self.resident = self._resident(simulation, i)
        self.residents: Any = {i: self.resident}
        if simulation.broadcasting is not None:
            air = simulation.broadcasting
            self.room = air.room.tolist()
            community, chances, community_shop = air._walk_in
            self.walk_in[i] = int(chances[community[i]])
            self.shop[i] = int(community_shop[community[i]])
            if air.shop_trust.size:
                self.resident.shop_trust = int(air.shop_trust[i])
        self.trust: dict[tuple[int, int], int] = {}
        self.muted: set[tuple[int, int]] = set()
        self._koc_ties = _ties_to(c.koc_offsets, c.koc_ties, i)
        for k, tie in self._koc_ties:
            held = simulation._trust[tie] if simulation._trust.size else c.koc_ties[tie] >> np.uint32(24)
            self.trust[k, i] = int(held)
            if simulation._muted.size and simulation._muted[tie]:
                self.muted.add((k, i))
            if simulation._state[tie] & 0x80:
                self.resident.seen["koc", k] = 0
        self._friend_ties = _ties_to(c.friends.offsets, c.friends.ties, i)
        for f, tie in self._friend_ties:
            if _bit(simulation._heard, c.friends.offsets, f, tie):
                self.resident.seen["friend", f] = 0
        self._group_ties = _ties_to(c.group_offsets, c.group_members, i)
        for g, tie in self._group_ties:
            if _bit(simulation._heard_group, c.group_offsets, g, tie):
                self.resident.seen["group", g] = 0
        if simulation.broadcasting is not None and simulation.touches is not None:
            met = int(simulation.touches.met[i])
            for source in _sources(simulation):
                if met >> source & 1:
                    self.resident.seen["firm", source] = 0

    def _resident(self, simulation: Simulation, i: int) -> Resident:
        m = simulation.market
        one = Resident(
            float(simulation.threshold[i]), Stage(int(simulation.stage[i])), float(simulation.evidence[i]),
            day_aware=int(simulation.day_aware[i]), day_identified=int(simulation.day_identified[i]),
            day_customer=int(simulation.day_customer[i]))
        if simulation.flags.size:
            flags = int(simulation.flags[i])
            one.business, one.pending, one.follows, one.left = (bool(flags >> bit & 1) for bit in (0, 1, 2, 4))
        if m is not None and m.tier.size:
            one.tier = int(m.tier[i])
        return one

    def inbox(self, simulation: Simulation, shares: Shares) -> list[Post]:
        """All posts of today that reach her, in the order of the reference."""
        c, i, day = self.county, self.i, simulation.day
        posts: list[Post] = []
        for k, tie in self._koc_ties:
            trust_returns(self, day, k, i, int(c.koc_ties[tie] >> np.uint32(24)))
            if (k, i) not in self.muted:
                made = posts_of(self, day, k, simulation.posts[:, k].tolist(), self.quality[k])
                held = self.trust[k, i]  # as the day begins: what is seen may move it
                posts += [post._replace(strength=held) for post in reaching(self, made, int(c.koc_via[tie]), tie)]
        sharing, inviting = set(shares.who.tolist()), set(shares.inviters.tolist())
        for f, tie in self._friend_ties:
            strength = int(c.friends.ties[tie] >> np.uint32(24))
            if f in sharing:
                posts.append(share(self, day, f)._replace(strength=strength))
            if f in inviting:
                many = int(c.friends.offsets[f + 1] - c.friends.offsets[f])
                posts.append(invitation(self, day, f, many)._replace(strength=strength))
        mine = {g: int(c.group_members[tie] >> np.uint32(24)) for g, tie in self._group_ties}
        for author, g in zip(shares.author.tolist(), shares.group.tolist(), strict=True):
            if g in mine and author != i:
                posts.append(share_in_group(self, day, author, g)._replace(strength=mine[g]))
        return posts

    def looked(self, day: int) -> dict[str, bool]:
        """Which channels of KOCs and customers she looked at today."""
        return {
            one.name: uniform31(self.key_of(one, 1, day), self.i) < chance(one.channel.visit)
            and self.on_platform(one.number, self.i, one.members) for one in self.channels}

    # ---- what the reference asks for

    def note_fate(self, post: Post, fate: str, seen: list[tuple[Post, int]]) -> None:
        """Remember a post and what became of it."""
        limit = int(self.share * (post.channel.registers() * 2.0**31)) / 2**31
        drawn = uniform31(post.key, self.i) / 2**31
        self.heard.append(Heard(seen[-1][0] if fate == "seen" else post, fate, limit, drawn,
                                seen[-1][1] if fate == "seen" else 0))

    def happens(self, decision: Decision, day: int, who: int, probability: float) -> bool:
        """Remember her draws."""
        out = super().happens(decision, day, who, probability)
        if who == self.i:
            drawn = self.luck(decision, day, who) / 2**31
            self.decisions.append(Told(decision.name.lower(), float(probability), drawn, out))
        return out

    def speakers(self) -> list[int]:
        """Nobody: whether she is a KOC herself matters to invitations only."""
        return []


def _ties_to(offsets: NDArray[np.int64], ties: NDArray[np.uint32], i: int) -> list[tuple[int, int]]:
    """(row, tie) of all ties that lead to a resident, found by looking through all of them."""
    found = [
        np.flatnonzero((ties[at : at + BLOCK] & np.uint32(0xFFFFFF)) == np.uint32(i)) + at
        for at in range(0, ties.size, BLOCK)]
    at = np.concatenate(found) if found else np.zeros(0, np.int64)
    rows = np.searchsorted(offsets, at, side="right") - 1
    return list(zip(rows.tolist(), at.tolist(), strict=True))


def _bit(heard: NDArray[np.uint8], offsets: NDArray[np.int64], row: int, tie: int) -> bool:
    """Whether something was heard over a tie before; see `kocsim.kernels.exposure`."""
    first = int(offsets[row])
    d = tie - first
    return bool(heard[first // 8 + row + d // 8] >> (d % 8) & 1)


def _sources(simulation: Simulation) -> Iterator[int]:
    assert simulation.broadcasting is not None
    from kocsim.mechanisms.broadcasts import aired

    shown = simulation.speaking.shown(np.ones_like(simulation.posts))
    yield from {one.source for one in aired(simulation.scenario, simulation.county.n, simulation.day, shown)}


def said_source(source: Source) -> str:
    """A source in words."""
    kind, number = source
    return {"koc": "KOC number {}", "friend": "friend {}", "group": "group {}", "firm": "the firm, {}"}[kind].format(
        number)


def channel_name(scenario: Any, post: Post) -> str:
    """The channel a post came on."""
    from kocsim.mechanisms.channels import CHANNELS

    own = [one.name for one in scenario.broadcasts]
    return CHANNELS[post.number] if post.number < len(CHANNELS) else own[post.number - len(CHANNELS)]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """One resident's day.

    Attributes
    ----------
    resident, day : int
    stage_before, stage_after : Stage
        In the morning, and after the day.
    evidence_before, evidence_kept, evidence_after : float
        In the morning; what a day's fading left of it; in the evening.
    threshold : float
        In units of evidence.
    arrived, background, budget : float
        Posts about the product that arrived, counted in Moments posts; all others; posts that she gets to in a day.
    share : float
        Of her feed that she got to, in [0, 1].
    looked : dict of str to bool
        Channels on which KOCs and customers speak: whether she looked at each today.
    identified_by : str
        Name of the user's rule; empty where the built-in one decides.
    """

    resident: int
    day: int
    stage_before: Stage
    stage_after: Stage
    evidence_before: float
    evidence_kept: float
    evidence_after: float
    threshold: float
    arrived: float
    background: float
    budget: float
    share: float
    looked: dict[str, bool]
    identified_by: str
    heard: list[Heard] = field(default_factory=list)
    weighed: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[Told] | None = None

    @property
    def delivered(self) -> pd.DataFrame:
        """Posts of KOCs and customers that reached her, a row each.

        Columns ``source``, ``author`` (resident), ``channel``, ``kind``, ``strength`` (of the tie, or trust in the KOC;
        0 to 1), ``chance`` to be seen where she looks, ``drawn`` (seen if below), ``fate``.
        """
        import pandas as pd

        return pd.DataFrame([{
            "source": said_source(h.post.source), "author": h.post.author, "channel": h.post.channel.__class__.__name__,
            "kind": KINDS[h.post.kind] if h.post.source[0] == "koc" else "", "strength": h.post.strength / 255,
            "chance": h.chance, "drawn": h.drawn, "fate": h.fate} for h in self.heard], columns=[
                "source", "author", "channel", "kind", "strength", "chance", "drawn", "fate"])

    @property
    def gains(self) -> pd.DataFrame:
        """Posts that she saw, and what each added: ``weight`` x ``factor`` = ``evidence``."""
        import pandas as pd

        return pd.DataFrame(self.weighed, columns=["source", "channel", "role", "weight", "factor", "evidence"])

    @property
    def draws(self) -> pd.DataFrame:
        """Her draws on needs, orders and lapsing: ``chance``, ``drawn`` in [0, 1), ``happened`` if below.

        Raises
        ------
        DataError
            Where residents differ in how they buy, or a rule of the user's own decides: then orders are not told.
        """
        import pandas as pd

        if self.decisions is None:
            raise DataError(
                "Orders are told only where all residents buy alike and the built-in rule decides; this scenario has "
                "sections (need, price, business, membership and the like) that tell residents apart, or a rule.")
        return pd.DataFrame(self.decisions, columns=["decision", "chance", "drawn", "happened"])

    def _story(self) -> list[str]:
        number = len(self.heard)
        text = [
            f"Resident {self.resident}, day {self.day}: {WORDS[self.stage_before]} in the morning, with evidence "
            f"{self.evidence_before:.3f} of {self.threshold:.3f} that she needs."]
        shown = [name.replace("_", " ") for name, there in self.looked.items() if there]
        text.append(
            f"Delivered: {number} post{'s' * (number != 1)} of KOCs and customers; all that arrived about the product "
            f"counts {self.arrived:.2f}, beside {self.background:.1f} about other things. She gets to "
            f"{self.budget:.1f} posts a day: {self.share:.1%} of her feed. She looks at "
            f"{' and '.join(shown) or 'nothing'} today.")
        fates = {fate: sum(h.fate == fate for h in self.heard) for fate in (
            "seen", "did not look", "passed over", "muted", "sent to others")}
        said = {"seen": "seen", "did not look": "where she did not look", "passed over": "passed over",
                "muted": "from KOCs whom she muted", "sent to others": "sent to other friends"}
        parts = [f"{many} {said[fate]}" for fate, many in fates.items() if many]
        if parts:
            text.append(f"Of these, {', '.join(parts)}.")
        for row in self.weighed[:8]:
            text.append(f"  {row['source']} ({row['channel'].replace('_', ' ')}), {row['role']}: "
                        f"{row['weight']:.3f} x {row['factor']:.3g} = {row['evidence']:+.3f}")
        if len(self.weighed) > 8:
            text.append(f"  and {len(self.weighed) - 8} more (.gains)")
        gained = sum(row["evidence"] for row in self.weighed)
        text.append(f"Evidence: {self.evidence_kept:.3f} left after a day's fading, {gained:+.3f} today: "
                    f"{self.evidence_after:.3f}.")
        text.append(self._why())
        return text

    def _why(self) -> str:
        """Why she is where she is in the evening."""
        enough = self.evidence_after + 1e-9 >= self.threshold
        level = f"evidence {'reaches' if enough else 'stays below'} her threshold of {self.threshold:.3f}"
        if self.identified_by:
            level = f"the rule {self.identified_by} decided"
        if self.stage_after == self.stage_before:
            why = f"She stays {WORDS[self.stage_after]}"
            if self.stage_after in (Stage.UNAWARE, Stage.AWARE):
                why += ": she saw nothing" if self.stage_after == Stage.UNAWARE else f": {level}"
        else:
            why = f"She is {WORDS[self.stage_after]} now"
            if self.stage_before == Stage.UNAWARE and self.stage_after == Stage.AWARE:
                why += f": she saw it for the first time, and {level}"
            elif self.stage_after == Stage.IDENTIFIED:
                why += f": {level}"
        if self.decisions:
            drawn = "; ".join(
                f"{told.decision.replace('_', ' ')}: {told.drawn:.4f} {'<' if told.happened else '>='} "
                f"{told.chance:.4g}" for told in self.decisions if told.chance not in (0.0, 1.0))
            if drawn:
                why += f". Draws: {drawn}"
        return why + "."

    def __repr__(self) -> str:
        return "\n".join(self._story())

    def _repr_html_(self) -> str:
        title, *lines = self._story()
        rows = [
            (one["source"], one["channel"].replace("_", " "), one["role"], f"{one['weight']:.3f}",
             f"{one['factor']:.3g}", f"{one['evidence']:+.3f}") for one in self.weighed]
        told = " ".join(line for line in lines if not line.startswith("  "))
        head = ("seen", "channel", "role", "weight", "factor", "evidence") if rows else ()
        return card(title, rows, head, told)
