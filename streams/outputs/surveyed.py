"""Surveyed: the metrics of creators, campaigns, platforms and what fires, as a survey found them.

Knows their names, labels and where each is in a `Survey`. Must not know how one is made.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import get_args

from prometheus_client.core import GaugeMetricFamily, Metric

from schemas import alerts
from streams.outputs.families import PREFIX, gauges, unit_of
from streams.outputs.readings import CreatorReading, Source, Survey

_KINDS = get_args(alerts.Kind)
_REASONS = get_args(alerts.Quiet)


def surveyed(found: Survey) -> Iterator[Metric]:
    """All of them."""
    yield from _alerts(found)
    yield from _creators(found.creators)
    alerting, others = found.unshown
    yield gauges(
        "creators_unshown",
        "Active creators without a series of their own, by whether they have alerts.",
        "alerting",
        {"true": alerting, "false": others},
    )
    yield from _sources(found.sources)
    yield _by(
        "roster_creators",
        "Creators of a running campaign that have a score, by how they do against their own past.",
        ("campaign", "standing"),
        [
            ((campaign, standing), number)
            for campaign, standings in found.standing.items()
            for standing, number in standings.items()
        ],
    )


def _by(
    name: str, help_: str, labels: Sequence[str], values: Sequence[tuple[Sequence[str], float]]
) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, help_, labels=labels, unit=unit_of(name))
    for named, number in values:
        family.add_metric(named, number)
    return family


def _alerts(found: Survey) -> Iterator[Metric]:
    yield gauges(
        "alerts_active",
        "Episodes that are firing.",
        "kind",
        {kind: found.active[kind] for kind in _KINDS},
    )
    yield gauges(
        "alerts_lasting",
        "Episodes that have been firing for 8 hours.",
        "kind",
        {kind: found.lasting[kind] for kind in _KINDS},
    )
    yield gauges(
        "alerts_silent",
        "Episodes that are firing and call nobody now, by the reason.",
        "reason",
        {reason: found.quiet[reason] for reason in _REASONS},
    )
    yield _by(
        "alerts_calling",
        "Episodes that are firing, call somebody, and that nobody has acknowledged; always 1.",
        ("creator", "kind", "severity", "campaign"),
        [(call, 1) for call in found.calls],
    )


def _sources(sources: dict[str, Source]) -> Iterator[Metric]:
    yield _by(
        "source_creators",
        "Creators in memory, by whether anything was counted of them within a day.",
        ("platform", "heard"),
        [
            ((platform, heard), number)
            for platform, source in sources.items()
            for heard, number in (("true", source.heard), ("false", source.silent))
        ],
    )
    yield gauges(
        "source_last_event_timestamp_seconds",
        "Latest time at which something was counted of a platform.",
        "platform",
        {platform: source.last_event for platform, source in sources.items()},
    )
    yield gauges(
        "source_low_partitions",
        "Partitions on which hardly anything comes of a platform, of which much usually does.",
        "platform",
        {platform: source.low for platform, source in sources.items()},
    )
    yield _by(
        "posts_far",
        "Live posts far from what is usual at their age, of creators in memory.",
        ("platform", "direction"),
        [
            ((platform, direction), number)
            for platform, source in sources.items()
            for direction, number in (("over", source.over), ("under", source.under))
        ],
    )


def _creators(creators: list[CreatorReading]) -> Iterator[Metric]:
    def family(name: str, help_: str, value: Callable[[CreatorReading], float | None]) -> Metric:
        told = {creator.creator_id: value(creator) for creator in creators}
        known = {creator: number for creator, number in told.items() if number is not None}
        return gauges(name, help_, "creator", known)

    yield family(
        "creator_engagements", "Net engagements within the last hour.", lambda c: c.engagements
    )
    yield family(
        "creator_score", "Engagement against the creator's own past, 0 to 100.", lambda c: c.score
    )
    yield family(
        "creator_engagement_ratio",
        "Net engagements of the last 24 hours as a share of the followers.",
        lambda c: c.engagement_rate,
    )
    yield family(
        "creator_sentiment_ratio",
        "Positive less negative comments of the last 24 hours, as a share of them, -1 to 1.",
        lambda c: c.sentiment,
    )
