"""Rendering: one row of a stream as the JSON object that a producer would send.

Knows the contract's fields. Must not know why a row is there.
"""

from collections.abc import Callable
from math import exp

from schemas import topics
from streams.engine.facts import tier_of
from streams.sources.simulate import texts
from streams.sources.simulate.plan import DAY_MS, Plan
from streams.sources.simulate.reactions import Account, Kind, Stream
from streams.sources.simulate.roster import Brief

Event = dict[str, object]
Render = Callable[[Stream, str, int, int, int, int, int], Event | None]

_SOURCE = "simulator"
_FEW = tuple(int(exp(2 + 6 * i / 255)) for i in range(256))


def profile(account: Account, plan: Plan) -> Event:
    """The creator's profile as of the start of `plan`."""
    event_id = f"{account.creator.creator_id}-{plan.seed:x}-{plan.start_ms}"
    return _profile(account, event_id, plan.start_ms)


def _profile(account: Account, event_id: str, at_ms: int) -> Event:
    creator = account.creator
    event: Event = {
        "event_id": event_id,
        "creator_id": creator.creator_id,
        "platform": creator.platform,
        "occurred_at": at_ms,
        "source": _SOURCE,
        "handle": creator.handle,
        "followers": account.followers,
        "tags": list(creator.tags),
        "tier": tier_of(account.followers),
    }
    if creator.person_id is not None:
        event["person_id"] = creator.person_id
    return event


def campaign(brief: Brief) -> Event:
    """The campaign's record."""
    return brief.record


def _envelope(stream: Stream, at: str | int, event_id: str) -> Event:
    creator = stream.account.creator
    return {
        "event_id": event_id,
        "creator_id": creator.creator_id,
        "platform": creator.platform,
        "occurred_at": at,
        "source": _SOURCE,
    }


def _reaction(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    creator = stream.account.creator
    label = stream.label
    return {
        "event_id": f"{label}-{seq:x}",
        "creator_id": creator.creator_id,
        "platform": creator.platform,
        "occurred_at": at,
        "source": _SOURCE,
        "post_id": stream.post_id,
        "actor_id": f"u{actor:x}",
    }


def _taken_back(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    event = _reaction(stream, at, ms, actor, ref, value, seq)
    event["action"] = "remove"
    return event


def _comment(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
    creator = stream.account.creator
    event = _reaction(stream, at, ms, actor, ref, value, seq)
    event["comment_id"] = f"{stream.label}-c{seq:x}"
    text, language = texts.comment(creator.language, creator.tags[0], creator.cheer, value)
    event["text"] = text
    if language is not None:
        event["lang"] = language
    return event


def _spoken(write: Callable[[int], str]) -> Render:
    """Comments whose words are those of `write`, in English."""

    def way(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
        event = _reaction(stream, at, ms, actor, ref, value, seq)
        event["comment_id"] = f"{stream.label}-c{seq:x}"
        event["text"] = write(value)
        if value % 3:
            event["lang"] = "en"
        return event

    return way


def _reworded(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    event = _comment(stream, at, ms, actor, ref, value, seq)
    event["comment_id"] = f"{stream.label}-c{ref:x}"
    event["action"] = "edit"
    return event


def _uncomment(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    event = _reaction(stream, at, ms, actor, ref, value, seq)
    event["comment_id"] = f"{stream.label}-c{ref:x}"
    event["text"] = ""
    event["action"] = "remove"
    return event


def _answer(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
    event = _reaction(stream, at, ms, actor, ref, value, seq)
    event["actor_id"] = stream.account.creator.creator_id
    event["comment_id"] = f"{stream.label}-c{seq:x}"
    event["text"] = texts.answer(value)
    event["in_reply_to"] = f"{stream.label}-c{ref:x}"
    return event


def _follow(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event | None:
    stream.account.followers += 1
    if stream.account.creator.polled:
        return None
    event = _envelope(stream, at, f"{stream.label}-{seq:x}")
    event["actor_id"] = f"u{actor:x}"
    if value % 10:
        event["actor"] = {
            "created_at": ms - (value // 10 % 2900 + 20) * DAY_MS,
            "followers": _FEW[value & 255],
            "following": _FEW[value >> 8 & 255],
            "posts": _FEW[value >> 16 & 255],
            "has_avatar": value % 100 > 4,
        }
    return event


def _bought(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
    stream.account.followers += 1
    event = _envelope(stream, at, f"{stream.label}-{seq:x}")
    event["actor_id"] = f"u{actor:x}"
    event["actor"] = {
        "created_at": ms - (value // 10 % 25 + 1) * DAY_MS,
        "followers": value & 15,
        "following": 800 + (value >> 8 & 2047),
        "posts": value >> 20 & 3,
        "has_avatar": value % 100 > 65,
    }
    return event


def _unfollow(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event | None:
    stream.account.followers -= 1
    if stream.account.creator.polled:
        return None
    event = _envelope(stream, at, f"{stream.label}-{seq:x}")
    event["actor_id"] = f"u{actor:x}"
    event["action"] = "unfollow"
    return event


def _brief(stream: Stream) -> Brief:
    brief = stream.account.brief
    assert brief is not None, "only campaigns have links"
    return brief


def _click(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
    event = _reaction(stream, at, ms, actor, ref, value, seq)
    event["campaign_id"] = _brief(stream).campaign_id
    event["link_id"] = f"link-{stream.label}"
    return event


def _conversion(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    brief = _brief(stream)
    event = _envelope(stream, at, f"{stream.label}-{seq:x}")
    event["campaign_id"] = brief.campaign_id
    event["order_id"] = f"order-{stream.label}-{seq:x}"
    event["link_id"] = f"link-{stream.label}"
    event["value"] = value / 100
    event["currency"] = brief.currency
    return event


def _refund(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
    event = _conversion(stream, at, ms, actor, ref, value, seq)
    event["order_id"] = f"order-{stream.label}-{ref:x}"
    event["action"] = "refund"
    return event


def _post(stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int) -> Event:
    account = stream.account
    topic = account.creator.tags[0]
    event = _envelope(stream, at, f"{stream.label}-{seq:x}")
    event["post_id"] = stream.label
    event["media_type"] = stream.media
    event["text"] = texts.caption(topic, value)
    event["tags"] = list(account.creator.tags)
    event["followers_at_publish"] = account.followers
    if stream.paid and account.brief is not None:
        event["campaign_id"] = account.brief.campaign_id
        event["paid_partnership"] = True
    return event


def _post_edit(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    event = _post(stream, at, ms, actor, ref, value, seq)
    event["action"] = "edit"
    event["text"] = f"{event['text']} (edited)"
    return event


def _post_delete(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    event = _envelope(stream, at, f"{stream.label}-{seq:x}")
    event["post_id"] = stream.label
    event["action"] = "delete"
    return event


def _post_counters(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    likes, shares, saves, views = stream.totals[ref]
    event = _envelope(stream, ms, f"{stream.label}-{seq:x}")
    event |= {
        "post_id": stream.label,
        "likes": likes,
        "shares": shares,
        "saves": saves,
        "views": views,
    }
    return event


def _account_counters(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    event = _envelope(stream, ms, f"{stream.label}-{seq:x}")
    # A reading of nothing is what a platform gives whose counters have failed.
    event["followers"] = 0 if value else stream.account.followers
    return event


def _new_profile(
    stream: Stream, at: str, ms: int, actor: int, ref: int, value: int, seq: int
) -> Event:
    account = stream.account
    account.followers = value
    return _profile(account, f"{stream.label}-{seq:x}", ms)


_WAYS: dict[Kind, tuple[topics.Topic, Render]] = {
    Kind.LIKE: (topics.LIKES, _reaction),
    Kind.UNLIKE: (topics.LIKES, _taken_back),
    Kind.COMMENT: (topics.COMMENTS, _comment),
    Kind.ANSWER: (topics.COMMENTS, _answer),
    Kind.REWORDED: (topics.COMMENTS, _reworded),
    Kind.UNCOMMENT: (topics.COMMENTS, _uncomment),
    Kind.SHARE: (topics.SHARES, _reaction),
    Kind.UNSHARE: (topics.SHARES, _taken_back),
    Kind.FOLLOW: (topics.FOLLOWS, _follow),
    Kind.UNFOLLOW: (topics.FOLLOWS, _unfollow),
    Kind.BOUGHT: (topics.FOLLOWS, _bought),
    Kind.CLICK: (topics.CLICKS, _click),
    Kind.CONVERSION: (topics.CONVERSIONS, _conversion),
    Kind.REFUND: (topics.CONVERSIONS, _refund),
    Kind.POST: (topics.POSTS, _post),
    Kind.POST_EDIT: (topics.POSTS, _post_edit),
    Kind.POST_DELETE: (topics.POSTS, _post_delete),
    Kind.POST_COUNTERS: (topics.COUNTERS, _post_counters),
    Kind.ACCOUNT_COUNTERS: (topics.COUNTERS, _account_counters),
    Kind.ANGRY: (topics.COMMENTS, _spoken(texts.angry)),
    Kind.SARCASTIC: (topics.COMMENTS, _spoken(texts.sarcastic)),
    Kind.ENTRY: (topics.COMMENTS, _spoken(texts.entry)),
    Kind.PROFILE: (topics.CREATORS, _new_profile),
}
WAYS: tuple[tuple[str, Render], ...] = tuple((_WAYS[kind][0].name, _WAYS[kind][1]) for kind in Kind)
"""By kind: the topic, and the function from a row to its event (None: nobody would send it)."""
