"""Crowds: people who come, or leave, all at once because of an incident.

Knows what each kind of incident brings, as rows. Must not know whom it befalls, or why.
"""

import numpy as np

from streams.sources.simulate import audience, reactions
from streams.sources.simulate.plan import DAY_MS, MINUTE_MS, SECOND_MS, Effect
from streams.sources.simulate.reactions import Account, Ints, Kind, Rows, Stream

_TAKE_OFF_MS = 20 * MINUTE_MS
"""A post that goes viral is at its height so long after it was picked up."""

_WORDS = {"sentiment_crisis": Kind.ANGRY, "sarcasm": Kind.SARCASTIC}


def crowd(seed: int, account: Account, incident: Effect) -> Stream | None:
    """The rows that `incident` adds to its creator's; None where it only takes some away."""
    if incident.kind == "follower_spike":
        return _bought(seed, account, incident)
    if incident.kind == "unfollow_wave":
        return _leavers(seed, account, incident)
    if incident.kind == "viral_post":
        return _surge(seed, account, incident)
    if incident.kind in _WORDS:
        return _talk(seed, account, incident)
    if incident.kind == "giveaway":
        return _entries(seed, account, incident)
    return None


def _bought(seed: int, account: Account, incident: Effect) -> Stream:
    """The follows of one `follower_spike`."""
    rng = np.random.default_rng([seed, 9, account.creator.number, incident.starts_at])
    began = incident.starts_at // SECOND_MS
    stream = Stream(account, f"{account.creator.creator_id}-{seed:x}s{began:x}")
    rows = Rows()
    at = _within(rng, incident, int(incident.size))
    rows.add(
        Kind.BOUGHT, at, audience.strangers(rng, len(at)), value=rng.integers(1 << 40, size=len(at))
    )
    stream.columns = rows.sorted()
    return stream


def _leavers(seed: int, account: Account, incident: Effect) -> Stream:
    """The unfollows of one `unfollow_wave`: most of them soon."""
    rng, stream = _begin(seed, account, incident, "w")
    rows = Rows()
    at = _within(rng, incident, int(incident.size))
    rows.add(Kind.UNFOLLOW, at, audience.members(rng, account.creator, len(at)))
    stream.columns = rows.sorted()
    return stream


def _surge(seed: int, account: Account, incident: Effect) -> Stream:
    """What strangers do with a post that goes viral: a wave that rises for minutes, then fades.

    They come from all over the world, so that the creator's night does not slow them.
    """
    creator = account.creator
    rng, stream = _begin(seed, account, incident, "v")
    count = rng.poisson(incident.size * creator.reactions / audience.CLUSTER_MEAN)
    delay = rng.gamma(2.0, _TAKE_OFF_MS, int(count)).astype(np.int64)
    at = audience.excited(rng, incident.starts_at + delay)
    at = at[at < incident.ends_at]
    rows, people, draw = Rows(), audience.strangers(rng, len(at)), rng.random(len(at))
    everybody = np.ones(len(at), dtype=bool)
    commented = draw < creator.comment_share
    shared = ~commented & (draw < creator.comment_share + creator.share_share)
    liked = ~(commented | shared)
    for kind, back, part in ((Kind.LIKE, 0.015, liked), (Kind.SHARE, 0.01, shared)):
        reactions.single(rng, rows, kind, at[part], people[part], everybody[part], back)
    reactions.discuss(rng, creator, rows, at[commented], people[commented], everybody[commented])
    fans = at[liked & (rng.random(len(at)) < 0.006)]
    reactions.gain(rng, rows, reactions.later(rng, fans, 5 * MINUTE_MS), everybody[: len(fans)])
    stream.columns = rows.sorted()
    return stream


def _talk(seed: int, account: Account, incident: Effect) -> Stream:
    """So many comments below the newest post, by strangers, some of whom write again."""
    rng, stream = _begin(seed, account, incident, "a")
    rows = Rows()
    at = _within(rng, incident, int(incident.size))
    people = audience.strangers(rng, len(at))
    again = rng.random(len(at)) < 0.1
    people[again] = rng.choice(people, int(again.sum()))
    rows.add(_WORDS[incident.kind], at, people, value=rng.integers(1 << 40, size=len(at)))
    stream.columns = rows.sorted()
    return stream


def _entries(seed: int, account: Account, incident: Effect) -> Stream:
    """A giveaway below the newest post: `size` people comment, like and follow to take part."""
    rng, stream = _begin(seed, account, incident, "g")
    rows = Rows()
    at = _within(rng, incident, int(incident.size))
    people, words = audience.strangers(rng, len(at)), rng.integers(1 << 40, size=len(at))
    rows.add(Kind.ENTRY, at, people, value=words)
    for kind, share in ((Kind.LIKE, 0.9), (Kind.FOLLOW, 0.8)):
        part = rng.random(len(at)) < share
        then = at[part] + rng.integers(1, 60 * SECOND_MS, int(part.sum()))
        rows.add(kind, then, people[part], value=words[part])
    stream.columns = rows.sorted()
    return stream


def _begin(
    seed: int, account: Account, incident: Effect, mark: str
) -> tuple[np.random.Generator, Stream]:
    """The dice of an incident, and its stream: about the creator's newest post, if there is one."""
    creator, start = account.creator, incident.starts_at
    rng = np.random.default_rng([seed, 11, creator.number, start, ord(mark)])
    recent = reactions.between(seed, creator, start - 7 * DAY_MS, start)
    newest = max(recent, key=lambda publication: publication.at_ms, default=None)
    label = f"{creator.creator_id}-{seed:x}{mark}{start // SECOND_MS:x}"
    post_id = None if newest is None else reactions.post_id(seed, creator, newest)
    return rng, Stream(account, label, post_id)


def _within(rng: np.random.Generator, incident: Effect, count: int) -> Ints:
    """`count` times within an incident: a fast rise, then a slower trickle."""
    span = incident.ends_at - incident.starts_at
    return incident.starts_at + (rng.beta(1.1, 1.8, count) * span).astype(np.int64)
