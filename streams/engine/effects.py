"""Effects: what each kind of accepted event does to its creator.

Knows the meaning of every inbound kind. Must not know why a record is refused, sent on, dropped or
late, nor windows' lengths, scores or alerts.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from xxhash import xxh3_64_digest

from schemas.commands import AlertCommand
from schemas.events import (
    ActorProfile,
    Click,
    Comment,
    Conversion,
    Counters,
    CreatorProfile,
    Envelope,
    Follow,
    Like,
    Post,
    Share,
)
from schemas.instants import to_ms
from schemas.signals import FleetSignal
from streams.engine import counts
from streams.engine.bounds import (
    HEARD_CHARS,
    PANE_DETAILS,
    PANE_HEARD,
    REMARK_CHARS,
    place,
    quote,
    trim,
)
from streams.engine.calendar import Calendar
from streams.engine.counters import EVENTS, Delta
from streams.engine.counts import Counts, money, one
from streams.engine.creator import Creator, micro
from streams.engine.desk import Desk
from streams.engine.facts import PaneFacts, Published, Spread
from streams.engine.moods import CLASS, mark_of
from streams.engine.registry import Registry
from streams.engine.sentiment import Analyser, Verdict
from streams.engine.sentiment.flags import Flag
from streams.engine.slot import Slot

_POLLED: Final = ("likes", "comments", "shares", "saves", "views", "followers")
_UNLIKED: Final = one(counts.UNLIKES)
_SHARED: Final = one(counts.SHARES)
_UNSHARED: Final = one(counts.UNSHARES)
_COMMENTED: Final = one(counts.COMMENTS)
_UNCOMMENTED: Final = one(counts.UNCOMMENTS)
_ANSWERED: Final = _COMMENTED + one(counts.OWN_COMMENTS)
_FOLLOWED: Final = one(counts.FOLLOWS)
_UNFOLLOWED: Final = one(counts.UNFOLLOWS)

YOUNG_MS: Final = 30 * 86_400_000
"""An account is new for so long."""
# Members of an enum are slow to reach in a hot loop.
_SPAM: Final = Flag.SPAM.value
_STOCK: Final = Flag.STOCK.value
_SPAMMED: Final = one(counts.SPAM)

Effect = Callable[[Creator, Slot, Any, int], Counts]
"""Given a creator, the slot, an event and its time: what the event adds to the slot's counts."""


class Effects:
    """The effect of each kind of event."""

    def __init__(
        self,
        registry: Registry,
        calendar: Calendar,
        desk: Desk,
        analyser: Analyser,
        actor_secret: bytes,
    ) -> None:
        self._registry = registry
        self._stats = registry.stats
        self._calendar = calendar
        self._judge = analyser.judge
        self._judge_mark = mark_of(analyser.version)
        # Of a hash only the lowest 16 bits are ever kept, so a fast one gives away no more.
        key = blake2b(b"actors", key=actor_secret, digest_size=8).digest()
        self._actor_seed: object = int.from_bytes(key, "little")
        self._digest: Callable[[bytes, Any], bytes] = xxh3_64_digest
        self.by_type: dict[type[Envelope], Effect] = {
            Share: self._share,
            Comment: self._comment,
            Follow: self._follow,
            Post: self._post,
            Click: self._click,
            Conversion: self._conversion,
            Counters: self._counters,
        }
        self.beside: dict[type[Envelope], Callable[[Creator, Any, int], None]] = {
            CreatorProfile: self._profile,
            AlertCommand: desk.take,
            FleetSignal: calendar.signal,
        }
        """What events do that count nothing, given the creator and their time."""

    def _actor(self, actor_id: str) -> int:
        """The keyed hash of an actor: the lowest 16 bits, which a table of actors or a voice uses.

        Of no more is ever made a number.
        """
        hashed = self._digest(actor_id.encode(), self._actor_seed)
        return hashed[6] << 8 | hashed[7]

    def _single(self, creator: Creator, metric: str) -> bool:
        """Whether single events count this metric for the creator; else polled totals do."""
        if creator.sources.get(metric) == EVENTS:
            return True
        if creator.card.ledger.counts(metric, EVENTS):
            creator.card_dirty = True
            return True
        self._stats.snapshots["events reconciled"] += 1
        return False

    def _tally(self, creator: Creator, slot: Slot, post_id: str, change: int) -> None:
        """Count one engagement for its post."""
        by_post = slot.by_post
        got = by_post.get(post_id)
        if got is None:
            got = 0
            self._grow(creator, slot.facts, len(by_post) + 1)
        by_post[post_id] = got + change

    def _grow(self, creator: Creator, facts: PaneFacts, size: int) -> None:
        """An open pane has got a detail, and has `size` of that sort: make room if that is many."""
        creator.details += 1
        if size > PANE_DETAILS:
            folded = trim(facts, creator.known_posts())
            self._stats.folded["details"] += folded
            creator.details -= folded

    def like(self, creator: Creator, slot: Slot, event: Like, at: int) -> None:
        """Count a like. Most events are likes: their effect is called by name."""
        if not creator.likes_count:
            if not self._single(creator, "likes"):
                return
            creator.likes_count = True  # for good, see `Ledger`
        if event.action == "remove":
            self._tally(creator, slot, event.post_id, -1)
            slot.counts += _UNLIKED
            return
        self._tally(creator, slot, event.post_id, 1)
        slot.likes += 1
        actor = self._actor(event.actor_id)
        slot.actors.append(actor)
        profile = event.actor
        if profile is not None:
            self._guest(creator, slot.facts, event.post_id, actor, profile, at)

    def _share(self, creator: Creator, slot: Slot, event: Share, at: int) -> Counts:
        if not self._single(creator, "shares"):
            return 0
        if event.action == "remove":
            self._tally(creator, slot, event.post_id, -1)
            return _UNSHARED
        self._tally(creator, slot, event.post_id, 1)
        slot.actors.append(self._actor(event.actor_id))
        return _SHARED

    def _comment(self, creator: Creator, slot: Slot, event: Comment, at: int) -> Counts:
        if event.action == "edit":
            return 0
        counted, removed = self._single(creator, "comments"), event.action == "remove"
        if counted:
            self._tally(creator, slot, event.post_id, -1 if removed else 1)
        if removed:
            return _UNCOMMENTED if counted else 0
        if event.actor_id == event.creator_id:
            return _ANSWERED if counted else 0
        verdict = self._judge(event.text, event.lang)
        creator.mood_owed = True
        actor = self._actor(event.actor_id)
        facts = slot.facts
        said: int = verdict.flags
        mark = 2 * place(facts, event.post_id) + (said & _STOCK != 0)
        facts.talk.append((actor, mark))
        self._grow(creator, facts, len(facts.talk))
        if said & _SPAM:
            slot.mood += _SPAMMED  # a lure is no opinion
        else:
            tone = round(verdict.compound * 1000)
            slot.mood += CLASS[verdict.label] + one(counts.COMPOUND, tone)
            facts.tones.append(tone)
            self._voice(facts, event, actor, mark, verdict)
        if event.actor is not None:
            self._guest(creator, facts, event.post_id, actor, event.actor, at)
        if not counted:
            return 0
        slot.actors.append(actor)
        return _COMMENTED

    def _voice(
        self, facts: PaneFacts, event: Comment, actor: int, mark: int, verdict: Verdict
    ) -> None:
        """Keep what a comment says, and of the first and some negative ones the words."""
        label = int(verdict.label)
        facts.judge = self._judge_mark
        facts.voices.append((actor, label))
        if label >= 0 and len(facts.heard) >= PANE_HEARD:
            return
        score = round(100.0 * verdict.compound)
        if len(facts.heard) < PANE_HEARD:
            words = event.text[:HEARD_CHARS]
            facts.heard.append((actor, mark, event.comment_id, words, score))
        if label < 0:
            quote(facts, (event.comment_id, event.post_id, event.text[:REMARK_CHARS], score))

    def _guest(
        self,
        creator: Creator,
        facts: PaneFacts,
        post_id: str,
        actor: int,
        profile: ActorProfile,
        at: int,
    ) -> None:
        """Keep whether an account that engages is hollow."""
        guests = facts.guests
        guests.append((actor, 2 * place(facts, post_id) + _hollow(profile, at)))
        self._grow(creator, facts, len(guests))

    def _follow(self, creator: Creator, slot: Slot, event: Follow, at: int) -> Counts:
        if not self._single(creator, "followers"):
            return 0
        if event.action == "follow":
            facts = slot.facts
            facts.follows += 1
            if event.actor is not None:
                facts.profiles += 1
                facts.hollow += _hollow(event.actor, at)
            return _FOLLOWED
        slot.facts.unfollows += 1
        return _UNFOLLOWED

    def _post(self, creator: Creator, slot: Slot, event: Post, at: int) -> Counts:
        if event.followers_at_publish is not None:
            self._followers(creator, event.followers_at_publish, at)
        facts = slot.facts
        if event.action == "publish":
            facts.published.append(
                Published(event.post_id, at, event.media_type, event.campaign_id)
            )
            self._grow(creator, facts, len(facts.published))
            return one(counts.POSTS)
        if event.action == "delete":
            facts.deleted.append(event.post_id)
            self._grow(creator, facts, len(facts.deleted))
        return 0

    def _click(self, creator: Creator, slot: Slot, event: Click, at: int) -> Counts:
        return one(counts.CLICKS)

    def _conversion(self, creator: Creator, slot: Slot, event: Conversion, at: int) -> Counts:
        place, amount = creator.currency(event.currency), micro(event.value)
        if event.action == "refund":
            return one(counts.REFUNDS) + money(place, -amount)
        return one(counts.CONVERSIONS) + money(place, amount)

    def _counters(self, creator: Creator, slot: Slot, event: Counters, at: int) -> Counts:
        ledger, window, facts = creator.card.ledger, slot.window, slot.facts
        creator.card_dirty = True
        for metric in _POLLED:
            value = getattr(event, metric)
            if value is None or (metric == "followers" and event.post_id is not None):
                continue
            if metric == "followers":
                self._followers(creator, value, at)
            known = len(ledger.totals)
            delta = ledger.snapshot(metric, event.post_id, value, at)
            if delta == "baseline" and len(ledger.totals) == known:
                self._stats.folded["totals"] += 1
            if not isinstance(delta, Delta):
                self._stats.snapshots[delta] += 1
                continue
            self._stats.snapshots["counted"] += 1
            rise, fall = counts.RISES_FALLS[metric]
            kind = rise if delta.amount >= 0 or fall is None else fall
            amount = abs(delta.amount)
            if amount:
                # Of its minute as a whole, but spread over the panes since the last poll.
                window.counts += one(kind, amount)
                creator.panes.spread(kind, amount, min(delta.since_ms + 1, at), at + 1)
            if metric != "views":
                spread = Spread(metric, delta.amount, delta.since_ms)
                facts.spreads.append((event.post_id or "", spread))
                self._grow(creator, facts, len(facts.spreads))
        return 0

    def _profile(self, creator: Creator, event: CreatorProfile, at: int) -> None:
        """Who the creator is; of two profiles the newer counts."""
        card = creator.card
        self._registry.dirty[creator.creator_id] = creator
        if at < card.profile_at:
            return
        creator.introduce()
        card.profile_at = at
        card.platform, card.handle, card.tier = event.platform, event.handle, event.tier
        if event.followers is not None:
            self._followers(creator, event.followers, at)
        self._calendar.owe(creator)

    def _followers(self, creator: Creator, followers: int, at: int) -> None:
        """The newest known total wins, whoever tells it."""
        card = creator.card
        if at >= card.followers_at:
            card.followers, card.followers_at = followers, at
            creator.introduce()


def _hollow(actor: ActorProfile, at: int) -> bool:
    """Whether an account looks made for the purpose: new, or empty in two ways."""
    created = actor.created_at
    if created is not None and at - to_ms(created) < YOUNG_MS:
        return True
    followers, following = actor.followers, actor.following
    empty = actor.has_avatar is False, actor.posts == 0, followers is not None and followers < 5
    crowd = following is not None and followers is not None and following > 20 * (followers + 5)
    return sum(empty) + crowd >= 2
