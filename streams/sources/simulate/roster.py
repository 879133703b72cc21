"""The roster: who the creators are, how they work, and the campaigns that they are in.

Knows tiers, platforms, habits and audiences. Must not know what happens on a given day.
"""

from math import exp, log

import numpy as np
from msgspec import Struct

from streams.engine.facts import tier_of
from streams.sources.simulate.plan import DAY_MS, Plan

POLLED = ("instagram", "tiktok", "youtube")
"""Platforms that push no single likes, shares or follows: these come as counters."""

_PLATFORMS = ("x", "bluesky", "mastodon", "twitch", *POLLED)
_PLATFORM_SHARES = (0.33, 0.27, 0.10, 0.05, 0.13, 0.07, 0.05)
_TIERS = (
    # share of the roster, least and most followers, usual engagement rate of a post
    (0.09, 3_000, 10_000, 0.022),
    (0.75, 10_000, 100_000, 0.012),
    (0.13, 100_000, 400_000, 0.0042),
    (0.03, 500_000, 900_000, 0.0022),
)
_QUALITIES = (
    "quiet", "slow", "bright", "little", "honest", "northern", "wild", "plain", "golden", "early",
    "salty", "mossy", "curious", "sunday", "lucky", "paper", "velvet", "urban", "coastal", "humble",
)  # fmt: skip
_NICHES = (
    ("pottery", "craft", "handmade"), ("trails", "hiking", "outdoors"), ("bread", "baking", "food"),
    ("kettle", "tea", "food"), ("stitches", "knitting", "handmade"), ("lens", "photography", "art"),
    ("miles", "running", "fitness"), ("garden", "plants", "home"), ("pixels", "gaming", "indie"),
    ("chapters", "books", "reading"), ("spokes", "cycling", "outdoors"), ("vinyl", "music", "art"),
    ("skincare", "beauty", "care"), ("pantry", "vegan", "food"), ("threads", "fashion", "thrift"),
    ("synth", "music", "tech"), ("paws", "dogs", "pets"), ("loft", "interior", "home"),
)  # fmt: skip
_LANGUAGES = ("en", "es", "de", "fr", "pt", "it")
_LANGUAGE_SHARES = (0.66, 0.10, 0.08, 0.07, 0.06, 0.03)
_BRANDS = ("Fieldnote", "Oatmere", "Lumen & Co", "Northpass", "Tidewater", "Kindling")


class Creator(Struct, frozen=True, kw_only=True):
    """One simulated account with its habits; times of day are minutes of its local day."""

    number: int
    creator_id: str
    platform: str
    handle: str
    person_id: str | None
    tags: tuple[str, ...]
    tier: str
    followers: int
    polled: bool
    language: str
    offset_ms: int
    slots: tuple[int, ...]
    skips: float
    reactions: float
    fade_minutes: float
    fade_power: float
    comment_share: float
    share_share: float
    cheer: float
    answers: float
    growth: float
    campaign: int | None
    drift: tuple[tuple[float, float, float], ...]


class Brief(Struct, frozen=True, kw_only=True):
    """One simulated campaign: its contract record and how well its links work."""

    campaign_id: str
    currency: str
    click_rate: float
    conversion_rate: float
    order_value: float
    record: dict[str, object]


def roster(plan: Plan) -> list[Creator]:
    """The creators of `plan`; the first n are the same however many there are in all but tier."""
    rng = np.random.default_rng([plan.seed, 1])
    places = rng.permutation(plan.creators)
    return [_creator(plan, number, float(places[number])) for number in range(plan.creators)]


def usual_rate(creators: list[Creator]) -> float:
    """Reactions per second that `creators` get on average, about."""
    daily = sum(c.reactions * len(c.slots) * (1 - c.skips) for c in creators)
    return daily * 1.1 / 86_400


def campaigns(plan: Plan, creators: list[Creator]) -> list[Brief]:
    """The campaigns that run through all of `plan`, with the creators that take part."""
    rng = np.random.default_rng([plan.seed, 2])
    return [_brief(plan, creators, number, rng) for number in range(_campaign_count(plan))]


def _campaign_count(plan: Plan) -> int:
    return max(1, min(6, plan.creators // 8))


def _creator(plan: Plan, number: int, place: float) -> Creator:
    rng = np.random.default_rng([plan.seed, 3, number])
    rank = (place + float(rng.random())) / plan.creators
    for tier in _TIERS[:-1]:
        if rank < tier[0]:
            break
        rank -= tier[0]
    else:
        tier = _TIERS[-1]
    least, most, rate = tier[1:]
    followers = int(exp(rng.uniform(log(least), log(most))))
    platform = str(rng.choice(_PLATFORMS, p=_PLATFORM_SHARES))
    niche = _NICHES[int(rng.integers(len(_NICHES)))]
    quality = _QUALITIES[int(rng.integers(len(_QUALITIES)))]
    posts = int(rng.integers(4, 9)) if rng.random() < 0.85 else int(rng.integers(1, 4))
    return Creator(
        number=number,
        creator_id=f"{platform}-{number:04d}",
        platform=platform,
        handle=f"{quality}.{niche[0]}" + (str(number) if number >= 10 else ""),
        person_id=f"person-{number // 2:04d}" if number % 16 < 2 else None,
        tags=niche[1:],
        tier=tier_of(followers),
        followers=followers,
        polled=platform in POLLED,
        language=str(rng.choice(_LANGUAGES, p=_LANGUAGE_SHARES)),
        offset_ms=int(rng.integers(-11, 13)) * DAY_MS // 24,
        slots=_slots(rng, posts),
        skips=float(rng.uniform(0.03, 0.15)),
        reactions=plan.volume * followers * rate * float(np.exp(rng.normal(0.0, 0.35))),
        fade_minutes=float(rng.uniform(18.0, 40.0)),
        fade_power=float(rng.uniform(0.65, 0.95)),
        comment_share=float(rng.uniform(0.05, 0.13)),
        share_share=float(rng.uniform(0.03, 0.10)),
        cheer=float(rng.uniform(0.35, 0.65)),
        answers=float(rng.choice([0.0, 0.05, 0.15, 0.35, 0.6])),
        growth=float(rng.uniform(0.0003, 0.0025)),
        campaign=int(rng.integers(_campaign_count(plan))) if rng.random() < 0.6 else None,
        drift=tuple(
            (
                float(rng.uniform(1.3, 11.0)),
                float(rng.uniform(0, 6.283)),
                float(rng.uniform(0, 0.11)),
            )
            for _ in range(3)
        ),
    )


def _slots(rng: np.random.Generator, posts: int) -> tuple[int, ...]:
    """Habitual minutes of posting between eight and eleven o'clock, at some distance."""
    first, last = 8 * 60, 23 * 60
    step = (last - first) / posts
    return tuple(int(first + step * (i + rng.uniform(0.15, 0.85))) for i in range(posts))


def _brief(plan: Plan, creators: list[Creator], number: int, rng: np.random.Generator) -> Brief:
    campaign_id = f"campaign-{number + 1:02d}"
    members = [creator.creator_id for creator in creators if creator.campaign == number]
    currency = ("EUR", "USD", "GBP")[number % 3]
    begin = plan.start_ms - plan.start_ms % DAY_MS - 7 * DAY_MS
    value = float(rng.uniform(18.0, 70.0))
    brand = _BRANDS[number % len(_BRANDS)]
    return Brief(
        campaign_id=campaign_id,
        currency=currency,
        click_rate=float(rng.uniform(0.04, 0.12)),
        conversion_rate=float(rng.uniform(0.015, 0.05)),
        order_value=value,
        record={
            "campaign_id": campaign_id,
            "name": f"{brand} {('spring', 'summer', 'autumn', 'winter')[number % 4]} launch",
            "brand": brand,
            "owner": "campaign-ops",
            "starts_at": begin,
            "ends_at": begin + 28 * DAY_MS,
            "creators": members,
            "cost": {member: round(float(rng.uniform(150, 900)), 2) for member in members},
            "currency": currency,
            "targets": {"clicks": 200.0 * len(members), "conversions": 6.0 * len(members)},
            "deliverables": [
                {
                    "creator_id": member,
                    "media_type": "image",
                    "count": 3,
                    "due_at": begin + 21 * DAY_MS,
                }
                for member in members
            ],
            "event_id": f"{campaign_id}-v1",
            "occurred_at": plan.start_ms,
        },
    )
