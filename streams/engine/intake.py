"""Intake: what each kind of record does to its creator.

Knows the meaning of every inbound kind, and the reasons for which a record is refused, sent on,
dropped or late. Must not know windows' lengths, scores or alerts.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b as _hashed
from typing import TYPE_CHECKING, Any

import xxhash

from schemas import codec, topics
from schemas.events import (
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
from streams.engine import counts
from streams.engine.actors import TICKS
from streams.engine.bounds import MAX_CURRENCIES, PANE_DETAILS, trim
from streams.engine.calendar import Calendar
from streams.engine.counters import EVENTS, Delta
from streams.engine.creator import CorruptStateError, Creator, micro
from streams.engine.dedup import DuplicateFilter
from streams.engine.detours import (
    EARLIEST_MS,
    LATEST_MS,
    MAX_AHEAD_MS,
    Detours,
    Spans,
    ahead,
    campaign_of,
    creator_of,
    out_of_time,
)
from streams.engine.facts import Published, Spread
from streams.engine.panes import FINE_MS
from streams.engine.registry import Output, Registry
from streams.engine.scores import MINUTE_MS
from streams.engine.sentiment import Analyser, Label
from streams.engine.watermark import Watermark

if TYPE_CHECKING:
    from streams.engine.shard import Record

_POLLED = ("likes", "comments", "shares", "saves", "views", "followers")
_MOOD = {
    Label.POSITIVE: counts.POSITIVE,
    Label.NEUTRAL: counts.NEUTRAL,
    Label.NEGATIVE: counts.NEGATIVE,
}


class ProcessingError(Exception):
    """The record at `offset` of `topic` could not be processed: a fault of ours, not of the record.

    The shard is half changed and must not be used or written any more.
    """

    def __init__(self, topic: str, offset: int) -> None:
        super().__init__(f"the record at offset {offset} of {topic} could not be processed")
        self.topic = topic
        self.offset = offset


class Intake:
    """Turns records into counts, dead letters, late events and forwards."""

    def __init__(
        self,
        registry: Registry,
        calendar: Calendar,
        watermark: Watermark,
        duplicates: DuplicateFilter,
        analyser: Analyser,
        actor_secret: bytes,
        settled: Spans,
    ) -> None:
        self._registry = registry
        self._stats = registry.stats
        self._calendar = calendar
        self._watermark = watermark
        self._detours = Detours(registry, watermark, settled)
        self.duplicates = duplicates
        self._judge = analyser.judge
        self._secret = actor_secret
        self._seeds = {
            topic.name: xxhash.xxh3_64_intdigest(topic.name.encode()) for topic in topics.INBOUND
        }
        self._count: dict[type, Callable[[Creator, Envelope, int], None]] = {
            Like: self._like,  # type: ignore[dict-item]
            Share: self._share,  # type: ignore[dict-item]
            Comment: self._comment,  # type: ignore[dict-item]
            Follow: self._follow,  # type: ignore[dict-item]
            Post: self._post,  # type: ignore[dict-item]
            Click: self._click,  # type: ignore[dict-item]
            Conversion: self._conversion,  # type: ignore[dict-item]
            Counters: self._counters,  # type: ignore[dict-item]
        }

    def take(self, topic: str, records: Iterable["Record"]) -> None:
        """Handle records of one topic in order."""
        if topic == topics.CAMPAIGNS.name:
            for record in records:
                self._campaign(record)
            return
        watermark, stats, detours = self._watermark, self._stats, self._detours
        live, accept = self._registry.live, self.duplicates.accept
        digest, seed, decode = xxhash.xxh3_64_intdigest, self._seeds[topic], codec.decode
        count = self._count.get(topics.BY_NAME[topic].value)
        full = self._full if topic == topics.CONVERSIONS.name else None
        clock = -1
        accepted = 0
        try:
            for record in records:
                raw = record.value
                if raw is None:
                    self._null(topic, record)
                    continue
                event = decode(topic, raw)
                if event.__class__ is codec.Fault:
                    detours.refuse(topic, record, event)
                    continue
                moment = event.occurred_at  # type: ignore[attr-defined]
                ms: int = moment if moment.__class__ is int else to_ms(moment)
                written = record.timestamp
                if written < 0:
                    written = ms
                if ms > written:
                    if ms > written + MAX_AHEAD_MS:
                        detours.refuse(topic, record, ahead(ms, written))
                        continue
                    at = written
                else:
                    at = ms
                if not EARLIEST_MS <= ms < LATEST_MS:
                    detours.refuse(topic, record, out_of_time(ms))
                    continue
                creator_id: str = event.creator_id  # type: ignore[attr-defined]
                creator = live.get(creator_id) or self._find(topic, record, event)  # type: ignore[arg-type]
                if creator is None:
                    continue
                if at > clock:
                    clock = at
                if full is not None and full(topic, record, creator, event):  # type: ignore[arg-type]
                    continue
                if not accept(digest(event.event_id.encode(), creator.seed ^ seed)):  # type: ignore[attr-defined]
                    stats.duplicates[topic] += 1
                    continue
                accepted += 1
                if count is None:
                    self._profile(creator, event, ms)  # type: ignore[arg-type]
                    continue
                fine, minute = at // FINE_MS, ms // MINUTE_MS
                if fine != creator.fine or minute != creator.minute:
                    self._calendar.open_slot(creator, fine, minute)
                creator.open[counts.EVENTS] += 1
                if creator.late:
                    detours.late(topic, record, creator, ms)
                count(creator, event, at)  # type: ignore[arg-type]
        except CorruptStateError:
            # Not the record's fault: set aside, it would be lost for a state that can be mended.
            raise
        except Exception as error:
            raise ProcessingError(topic, record.offset) from error
        if clock >= 0:
            watermark.observe(topic, clock)
            stats.last_event_ms = max(stats.last_event_ms, clock)
        stats.accepted[topic] += accepted

    def set_aside(self, topic: str, record: "Record", error: str) -> None:
        """Make a dead letter of a record that ended the process before, with `error`."""
        why = f"Processing failed, and ended the process, with: {error}"
        self._detours.refuse(topic, record, codec.Fault("processing_error", why, "$"))

    def _find(self, topic: str, record: "Record", event: Envelope) -> Creator | None:
        """The creator of an event that is not in memory; None when the record was sent away."""
        registry = self._registry
        known = registry.get(event.creator_id)
        if known is not None:
            return known
        if self._detours.away(topic, record, event.creator_id.encode()):
            return None
        return registry.create(event.creator_id, event.platform)

    def _full(self, topic: str, record: "Record", creator: Creator, event: Conversion) -> bool:
        """Whether a conversion is in one currency too many; then it is refused."""
        if creator.takes(event.currency):
            return False
        error = (
            f"Expected one of the {MAX_CURRENCIES} currencies that this creator was paid in, "
            f"got {event.currency}: more are not kept for one creator"
        )
        self._detours.refuse(topic, record, codec.Fault("out_of_range", error, "$.currency"))
        return True

    def _null(self, topic: str, record: "Record") -> None:
        """A null value: an erasure on `creators`, a fault elsewhere."""
        creator_id = creator_of(record.key)
        if topic != topics.CREATORS.name or record.key is None or creator_id is None:
            error = "Expected a JSON object, got a null value"
            if topic == topics.CREATORS.name:
                error = "A null value erases the creator named by its key, and this key names none"
            self._detours.refuse(topic, record, codec.Fault("unexpected_null", error, "$"))
            return
        if self._detours.away(topic, record, record.key):
            return
        self._stats.accepted[topic] += 1
        self._calendar.forget(creator_id)
        self._registry.erase(creator_id)
        for outbound in (topics.ENGAGEMENT_SCORES, topics.SENTIMENT_SCORES):
            self._registry.outputs.append(
                Output(outbound.name, record.key, None, self._registry.partition)
            )

    def _campaign(self, record: "Record") -> None:
        topic = topics.CAMPAIGNS.name
        if record.value is not None:
            campaign = campaign_of(record.value, record.timestamp)
            if isinstance(campaign, codec.Fault):
                self._detours.refuse(topic, record, campaign)
                return
        self._stats.accepted[topic] += 1

    def _engaged(self, creator: Creator, actor_id: str, at: int) -> None:
        """Remember the actor of an engagement, as a keyed hash only."""
        actor = _hashed(actor_id.encode(), digest_size=8, key=self._secret).digest()
        number = int.from_bytes(actor, "little")
        creator.actors.touch(number, at // FINE_MS % TICKS + 1)
        window = creator.open_window
        window.actors.add(number & window.mask)

    def _tally(self, creator: Creator, metric: str, post_id: str, change: int, count: int) -> bool:
        """Count one engagement; false where polled totals count this metric for the creator."""
        if creator.sources.get(metric) != EVENTS:
            if not creator.card.ledger.counts(metric, EVENTS):
                self._stats.snapshots["events reconciled"] += 1
                return False
            creator.card_dirty = True
        creator.open[count] += 1
        facts = creator.open_facts
        facts.engagements += change
        by_post = facts.by_post
        got = by_post.get(post_id)
        if got is None:
            got = 0
            if len(by_post) >= PANE_DETAILS:
                self._trim(creator)
        by_post[post_id] = got + change
        return True

    def _trim(self, creator: Creator) -> None:
        """Make room in the open pane of a creator with more details than are kept."""
        self._stats.folded["details"] += trim(creator.open_facts, creator.known_posts())

    def _like(self, creator: Creator, event: Like, at: int) -> None:
        if event.action == "add":
            if self._tally(creator, "likes", event.post_id, 1, counts.LIKES):
                self._engaged(creator, event.actor_id, at)
        else:
            self._tally(creator, "likes", event.post_id, -1, counts.UNLIKES)

    def _share(self, creator: Creator, event: Share, at: int) -> None:
        if event.action == "add":
            if self._tally(creator, "shares", event.post_id, 1, counts.SHARES):
                self._engaged(creator, event.actor_id, at)
        else:
            self._tally(creator, "shares", event.post_id, -1, counts.UNSHARES)

    def _comment(self, creator: Creator, event: Comment, at: int) -> None:
        if event.action == "edit":
            return
        if event.action == "remove":
            self._tally(creator, "comments", event.post_id, -1, counts.UNCOMMENTS)
            return
        own = event.actor_id == event.creator_id
        counted = self._tally(creator, "comments", event.post_id, 1, counts.COMMENTS)
        if own:
            creator.open[counts.OWN_COMMENTS] += counted
            return
        if counted:
            self._engaged(creator, event.actor_id, at)
        verdict = self._judge(event.text, event.lang)
        mood, kind = creator.open_mood, _MOOD[verdict.label]
        mood[kind] = mood.get(kind, 0) + 1
        mood[counts.COMPOUND] = mood.get(counts.COMPOUND, 0) + round(verdict.compound * 1000)
        creator.mood_owed = True
        facts = creator.open_facts
        facts.comments += 1
        if verdict.label is Label.NEGATIVE:
            facts.negative += 1
        elif verdict.label is Label.POSITIVE:
            facts.positive += 1

    def _follow(self, creator: Creator, event: Follow, at: int) -> None:
        ledger = creator.card.ledger
        if ledger.sources.get("followers") != EVENTS:
            if not ledger.counts("followers", EVENTS):
                self._stats.snapshots["events reconciled"] += 1
                return
            creator.card_dirty = True
        if event.action == "follow":
            creator.open[counts.FOLLOWS] += 1
            creator.open_facts.follows += 1
        else:
            creator.open[counts.UNFOLLOWS] += 1
            creator.open_facts.unfollows += 1

    def _post(self, creator: Creator, event: Post, at: int) -> None:
        if event.followers_at_publish is not None:
            self._followers(creator, event.followers_at_publish, at)
        if event.action == "publish":
            creator.open[counts.POSTS] += 1
            details: list[Any] = creator.open_facts.published
            details.append(Published(event.post_id, at, event.media_type, event.campaign_id))
        elif event.action == "delete":
            details = creator.open_facts.deleted
            details.append(event.post_id)
        else:
            return
        if len(details) > PANE_DETAILS:
            self._trim(creator)

    def _click(self, creator: Creator, event: Click, at: int) -> None:
        creator.open[counts.CLICKS] += 1

    def _conversion(self, creator: Creator, event: Conversion, at: int) -> None:
        revenue, amount = creator.currency(event.currency), micro(event.value)
        if event.action == "refund":
            creator.open[counts.REFUNDS] += 1
            amount = -amount
        else:
            creator.open[counts.CONVERSIONS] += 1
        creator.open_revenue[revenue] = creator.open_revenue.get(revenue, 0) + amount

    def _counters(self, creator: Creator, event: Counters, at: int) -> None:
        ledger, window, facts = creator.card.ledger, creator.open_window, creator.open_facts
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
                window.counts[kind] = window.counts.get(kind, 0) + amount
                creator.panes.spread(kind, amount, min(delta.since_ms + 1, at), at + 1)
            if metric != "views":
                spread = Spread(metric, delta.amount, delta.since_ms)
                facts.spreads.append((event.post_id or "", spread))
                if len(facts.spreads) > PANE_DETAILS:
                    self._trim(creator)

    def _profile(self, creator: Creator, event: CreatorProfile, at: int) -> None:
        card = creator.card
        self._registry.dirty[creator.creator_id] = creator
        if at < card.profile_at:
            return
        creator.card_dirty = True
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
            creator.card_dirty = True
