"""What KOCs say on a day: on which channels, how much of a feed it fills, of which kind each post is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from kocsim.mechanisms.channels import CONTACTS, Spoken, spoken
from kocsim.mechanisms.content import SERVICE
from kocsim.rng import Decision, chance, entity_key, stream, uniform31

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kocsim.county import County
    from kocsim.scenario import Scenario

POSTING, LOOKING, SEEING, KIND, TRUST, MUTING = range(6)
"""Kinds of decision, in the order of `Spoken.decisions`."""


class Plan(NamedTuple):
    """A day's posts of all KOCs: KOC after KOC, channel after channel."""

    at: NDArray[np.int64]
    """Where each KOC's posts begin; shape (KOCs + 1,)."""
    kinds: NDArray[np.uint8]
    weight: NDArray[np.uint16]
    """Persuasiveness x quality x kind, in weight units."""
    change: NDArray[np.int64]
    """By how much each moves the trust of who sees it, in 1/65536 of 1/255."""
    sells: NDArray[np.uint8]
    channel: NDArray[np.uint8]
    """Number of the channel, in `kocsim.mechanisms.channels.CHANNELS`."""
    author: NDArray[np.int32]
    """The resident who posted."""

    def of(self, kocs: range) -> slice:
        """Positions of the posts of a range of KOCs."""
        return slice(int(self.at[kocs.start]), int(self.at[kocs.stop]))


class Speaking:
    """The channels on which KOCs speak in a scenario, and what a day's kernels need to know of them.

    Attributes
    ----------
    channels : list of Spoken
        Moments and groups first.
    row : dict of str to int
        Row of each channel, by name.
    spans : ndarray of int64, shape (KOCs, 2)
        Where each row of ties ends its contacts and begins the members of her groups.
    audience : ndarray of int64, shape (2, KOCs)
        Contacts of each KOC, and members of her groups.
    listeners : ndarray of int64, shape (KOCs,)
        Contacts to whom each KOC speaks: all of them, or those in her pool.
    addressed : ndarray of uint32, shape (KOCs,)
        Chance of 2**31 that a contact gets a private message today.
    """

    TRANSIENT: Final = frozenset((
        "scenario", "county", "seed", "channels", "row", "spans", "audience", "_phase", "_span", "_load"))
    """What no checkpoint holds; see `kocsim.checkpoint`."""

    def __init__(self, scenario: Scenario, county: County, seed: int) -> None:
        from kocsim.kernels import world

        self.scenario, self.county, self.seed = scenario, county, seed
        self.channels: list[Spoken] = spoken(scenario)
        self.row = {one.name: row for row, one in enumerate(self.channels)}
        self.spans = np.empty((county.koc.size, 2), np.int64)
        world.channel_spans(county.koc_via, county.koc_offsets, self.spans)
        offsets = county.koc_offsets
        self.audience = np.vstack([self.spans[:, 0] - offsets[:-1], offsets[1:] - self.spans[:, 1]])
        self.speak_to(self.audience[CONTACTS])
        self._phase = self._phases()
        self._span = np.array([one.span for one in self.channels], np.uint8)
        self._load = [round(one.channel.load_units() * one.members) for one in self.channels]

    def speak_to(self, listeners: NDArray[np.int64]) -> None:
        """Let each KOC speak to so many of her contacts, over whom her private messages are spread."""
        self.listeners = listeners
        messages = max((one.messages for one in self.channels), default=0.0)
        self._addressed_share = np.minimum(messages / np.maximum(listeners, 1), 1.0)
        self.addressed = (self._addressed_share * 2.0**31).astype(np.uint32)

    # ---- what depends on the day

    def keys(self, which: int, day: int) -> NDArray[np.uint64]:
        """A day's keys of one kind of decision, channel by channel."""
        keys = []
        for one in self.channels:
            key = stream(self.seed, one.decisions[which], day)
            keys.append(entity_key(key, one.number) if one.shared else key)
        return np.array(keys, np.uint64)

    def looks(self, day: int) -> tuple[NDArray[Any], ...]:
        """What the chance to see a post depends on beside attention; see `kocsim.kernels.exposure._chance`."""
        there = [entity_key(stream(self.seed, Decision.ON_PLATFORM), one.number) for one in self.channels]
        return (
            self.keys(LOOKING, day), np.array([chance(one.channel.visit) for one in self.channels], np.uint32),
            np.array(there, np.uint64), np.array([chance(one.members) for one in self.channels], np.uint32),
            np.array([one.channel.registers() * 2.0**31 for one in self.channels]),
        )

    def draw(self, posts: NDArray[np.uint8], day: int) -> None:
        """How often each KOC posts unless she decides otherwise, into ``posts`` (channels, KOCs)."""
        from kocsim.kernels import exposure

        keys = self.keys(POSTING, day)
        off = (day - 1) % self.scenario.posting.every != self._phase
        for row, one in enumerate(self.channels):
            mean = one.posts if one.messages else self.scenario.posting.gathered(one.posts)
            whole = int(mean)
            posts[row] = 0 if self._silent(day) else whole
            if mean > whole and not self._silent(day):
                exposure.add_where(posts[row], self.county.koc, keys[row], np.uint32(chance(mean - whole)))
            if not one.messages:
                posts[row][off] = 0
        if not self._silent(day):
            posts[:2] += np.uint8(self.scenario.event.posts_on(day))

    def _phases(self) -> NDArray[np.int64]:
        """On which of `posting.every` days each KOC posts; 0 is the day in common."""
        p = self.scenario.posting
        in_step, own = (stream(self.seed, decision) for decision in (Decision.IN_STEP, Decision.PHASE))
        return np.array([
            0 if p.every == 1 or uniform31(in_step, i) < chance(p.synchrony) else uniform31(own, i) * p.every >> 31
            for i in self.county.koc.tolist()
        ], np.int64)

    def _silent(self, day: int) -> bool:
        return 0 < self.scenario.posting.until < day

    def loads(self, posts: NDArray[np.uint8], day: int) -> NDArray[np.int64]:
        """What each KOC's posts add to the feed of a contact, and of a member of her groups; shape (2, KOCs)."""
        units = np.zeros((2, posts.shape[1]), np.int64)
        for row, one in enumerate(self.channels):
            if one.expected:
                units[one.span] += 0 if self._silent(day) else round(one.posts * self._load[row])
            else:
                made = posts[row].astype(np.int64)
                units[one.span] += made * (self._message_load if one.messages else self._load[row])
        return units

    @property
    def _message_load(self) -> NDArray[np.int64]:
        loads: NDArray[np.int64] = np.rint(self._addressed_share * self._load[self.row["private_message"]])
        return loads.astype(np.int64)

    def invitation_loads(self, who: NDArray[np.int32]) -> NDArray[np.uint32]:
        """What an invitation by each of some residents adds to each friend's feed, on average."""
        if not who.size:
            return np.zeros(0, np.uint32)
        many = np.diff(self.county.friends.offsets)[who]
        share = np.minimum(self.scenario.invitation.friends / np.maximum(many, 1), 1.0)
        loads: NDArray[np.float64] = np.rint(share * self._load[self.row["private_message"]])
        return loads.astype(np.uint32)

    def plan(self, posts: NDArray[np.uint8], quality: NDArray[np.float64], day: int) -> Plan:
        """A day's posts one by one, and of which kind each is."""
        from kocsim.kernels import exposure

        s, k = self.scenario, self.county.koc.size
        many = posts.sum(axis=0, dtype=np.int64)
        at = np.concatenate([[0], np.cumsum(many)])
        kinds = np.zeros(int(at[-1]), np.uint8)
        row = np.repeat(np.tile(np.arange(len(self.channels)), k), posts.T.ravel())
        worth = carries = np.repeat(quality, many)
        if s.content.mixed:
            exposure.draw_kinds(
                self.county.koc, posts, at, self.keys(KIND, day), *(np.uint32(chance(b)) for b in s.content.bounds()),
                kinds)
            carries = worth * s.content.weights()[kinds]
        persuasive = np.array([one.channel.persuasiveness * 256 for one in self.channels])
        change = np.array(s.trust.changes(), np.int64)[kinds]
        # what helps deposits as much as it is worth
        change = np.where(kinds == SERVICE, np.rint(change * worth), change).astype(np.int64)
        return Plan(
            at, kinds, np.rint(carries * persuasive[row]).astype(np.uint16), change,
            (kinds != SERVICE).astype(np.uint8), np.array([one.number for one in self.channels], np.uint8)[row],
            np.repeat(self.county.koc, many))

    def for_kernel(self, posts: NDArray[np.uint8], plan: Plan) -> tuple[Any, ...]:
        """Posts as `kocsim.kernels.exposure.see_kocs` takes them."""
        return posts, self._span, plan.at, plan.weight, plan.change, plan.sells

    def room(self, posts: NDArray[np.uint8], kocs: range) -> int:
        """Most times that the posts of a range of KOCs can be seen."""
        of = slice(kocs.start, kocs.stop)
        return sum(
            int(posts[row, of].astype(np.int64) @ self.audience[one.span, of]) for row, one in enumerate(self.channels))

    def shown(self, posts: NDArray[np.uint8]) -> dict[str, int]:
        """By channel, the contacts to whom those who post there speak, counted once a post."""
        return {
            one.name: int(posts[row].astype(np.int64) @ self.listeners)
            for row, one in enumerate(self.channels)}
