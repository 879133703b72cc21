"""Stories: cases made from a seed and a number, the same for ever.

Knows what an unfriendly world sends and when time passes. Must not know how cases are played.
"""

from random import Random

import msgspec

from tests.fuzz import events, lives, mutations
from tests.fuzz.cases import START_MS, Case, Damage, Decode, Feed, Pass, Save, Sent, Step

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000


def make(seed: int, number: int) -> Case:
    """The case of this number; numbers go from 0 without end."""
    rng = Random(f"{seed}/{number}")
    kind = rng.choices(("decoders", "shard", "life", "restore"), (8, 12, 2, 2))[0]
    if kind == "decoders":
        return Case(seed, number, kind, [_decode(rng) for _ in range(400)])
    if kind == "life":
        return Case(seed, number, kind, lives.life(rng, 150), undisturbed=number % 4 == 0)
    if kind == "restore":
        steps = _story(rng, 40, hostile=0.2)
        damages: list[Step] = [Damage(rng.getrandbits(48)) for _ in range(60)]
        return Case(seed, number, kind, [*steps, Save(), *damages])
    steps = _story(rng, 150, hostile=rng.choice((0.1, 0.4, 0.9)))
    return Case(seed, number, kind, steps, undisturbed=number % 8 == 0)


def _decode(rng: Random) -> Decode:
    at_ms = START_MS + rng.randrange(10**7)
    name = events.topic(rng) if rng.random() < 0.85 else "campaigns"
    own = name if rng.random() < 0.97 else rng.choice((*events.TOPICS, "campaigns"))
    record = events.campaign(rng) if own == "campaigns" else events.event(rng, own, at_ms)
    return Decode(name, mutations.spoil(rng, events.members(record), at_ms))


def _story(rng: Random, length: int, *, hostile: float) -> list[Step]:
    steps: list[Step] = []
    now = START_MS + rng.randrange(10**9)
    pace = rng.choice((50, 1_000, 20_000, 10 * _MINUTE_MS))
    erase = rng.random() < 0.3
    for _ in range(length):
        now += rng.randrange(pace)
        steps.append(_feed(rng, now, hostile, erase=erase))
        chance = rng.random()
        if chance < 0.12:
            steps.append(_tick(rng, now))
        elif chance < 0.16:
            steps.append(Save(crash=rng.random() < 0.4))
        elif chance < 0.163:
            now += rng.choice((3_600_000, _DAY_MS, 40 * _DAY_MS, 40 * _DAY_MS, 36_500 * _DAY_MS))
    return steps


def _tick(rng: Random, now_ms: int) -> Pass:
    undrained = rng.choice(([], [], ["likes"], ["posts", "likes"], list(events.TOPICS)))
    jump = rng.choice((0, 0, 0, -5_000_000, 5_000_000))
    return Pass(now_ms + jump, undrained, rng.random() < 0.1)


def _feed(rng: Random, now_ms: int, hostile: float, *, erase: bool) -> Feed:
    name = events.topic(rng) if rng.random() < 0.98 else "campaigns"
    records = [_sent(rng, name, now_ms, hostile, erase=erase) for _ in range(rng.choice((1, 1, 3)))]
    return Feed(name, records, rng.choice((0,) * 30 + (1, 1_000)))


def _sent(rng: Random, name: str, now_ms: int, hostile: float, *, erase: bool) -> Sent:
    ages = (0, 0, 0, 5_000, 45_000, 30 * _MINUTE_MS, _DAY_MS, rng.randrange(26 * 365 * _DAY_MS))
    at_ms = now_ms - rng.choice(ages)
    record = events.campaign(rng) if name == "campaigns" else events.event(rng, name, at_ms)
    right = str(record.get("creator_id", record.get("campaign_id"))).encode()
    if name == "creators" and erase and rng.random() < 0.2:
        return Sent(now_ms, mutations.key(rng, right), None)
    if rng.random() >= hostile:
        return Sent(now_ms, right, msgspec.json.encode(record))
    if rng.random() < 0.01:
        return Sent(mutations.timestamp(rng, now_ms), mutations.key(rng, right), None)
    return Sent(
        mutations.timestamp(rng, now_ms),
        mutations.key(rng, right),
        mutations.spoil(rng, events.members(record), at_ms),
        mutations.headers(rng),
    )
