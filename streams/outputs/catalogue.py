"""Catalogue: the page of all metrics, `python -m streams.outputs.catalogue > docs/metrics.md`.

Knows which question each metric answers and what readers do with it. Names, types, labels and help
are read off a registry, so that they are told once. Must not know where numbers come from.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from streams.api import catalogue as api
from streams.api.metrics import PREFIX as API_PREFIX
from streams.outputs.alertmanager import Push
from streams.outputs.families import PREFIX
from streams.outputs.metrics import Metrics
from streams.outputs.readings import OTHERS, Call, CreatorReading, Reading, Source, Survey

BUDGET = 2_000
"""Series of one worker at most, with the settings as they are and up to 64 partitions."""
LABELS: Mapping[str, str] = {
    "action": "what a command asks for, or `unknown`",
    "aiokafka": "release of aiokafka",
    "alerting": "`true` or `false`",
    "alertmanager": "host and port, as in `PULSE_ALERTMANAGER_URLS`",
    "applied": "`true` where a sliding window still took the event, else `false`",
    "campaign": "id of a campaign: of those that run, the 50 of the most creators; or of an alert",
    "code": "why a record was refused ([codes](contract.md#dead-letters))",
    "creator": f"at most `PULSE_MAX_CREATOR_SERIES` creators, and `{OTHERS}` for all the rest",
    "digest": "of the rules that hold",
    "direction": "of a post: `over` or `under` what is usual at its age",
    "faust": "release of Faust",
    "heard": "`true` where something was counted of a creator within a day, else `false`",
    "kind": "of alert, or of what was folded: `details`, `totals`",
    "outcome": "of a push: `delivered`, `rejected`, `failed`; or what became of a polled total",
    "partition": "one of `PULSE_PARTITIONS`, where this worker owns it",
    "platform": f"the 15 of the most creators, and `{OTHERS}` for the rest",
    "python": "release of Python",
    "reason": "how a checkpoint failed: `fenced`, `too_large`, `timeout`, `other`; or why an alert"
    " called nobody ([reasons](detection.md#who-is-called))",
    "severity": "of an alert: `info`, `warning`, `critical`",
    "standing": "by score: `below` 40, `above` 60, or `usual`",
    "status": "step of an alert's life cycle; of a request to the API `2xx`, `4xx`, `5xx`",
    "table": "`engagement` or `sentiment`",
    "topic": "logical name of a topic, without `PULSE_TOPIC_PREFIX`",
    "version": "release of creator-pulse",
    **api.LABELS,
}
"""Every label, and the few values that it may have."""

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "Does it work?": {
        "build_info": "Which releases run, side by side during an upgrade.",
        "ready": "The same as `/readyz`; 0 on all workers means that nothing is processed.",
        "heartbeat_timestamp_seconds": "Its age is how long the main loop has been held up.",
        "partitions_owned": "Their sum over workers is `partitions_configured` when all is well.",
        "partitions_configured": "`PULSE_PARTITIONS`, to compare that sum with.",
        "events_received_total": "Traffic as it is; a topic that falls silent shows.",
        "events_accepted_total": "Traffic that counts: without duplicates and dead letters.",
    },
    "Is it up to date?": {
        "event_to_commit_seconds": "The objective of freshness: 99 % within 5 s.",
        "watermark_timestamp_seconds": "Its age is the lag of event time: windows are final to it.",
        "consumer_lag_records": "How much is unread; it grows in a backlog and without workers.",
        "consumer_lag_seconds": "The same as time, by when records were written, not by rates.",
        "hidden_records": "A producer holds a transaction open: nobody can read behind it.",
        "partitions_waiting": "Topics travel together; these wait for slower ones, on purpose.",
        "last_event_timestamp_seconds": "How far event time reaches; ahead of now: a wrong clock.",
        "scores_waiting": "By 5,000 for each partition, the seconds that the last one waits.",
        "scores_postponed_total": "Its share of the scores published is what came late.",
    },
    "Is the input good?": {
        "dead_letters_total": "What producers must mend; the record itself is on the topic.",
        "events_duplicate_total": "Producers that send again; harmless, but it is their traffic.",
        "events_late_total": "Sources behind `PULSE_ALLOWED_LATENESS`; windows are without them.",
        "events_forwarded_total": "Producers with another partitioner than Kafka's own.",
        "snapshots_total": "Whether polled totals count, and how many counters fall or are old.",
        "events_reconciled_total": "Two sources tell of the same; only one of them is counted.",
        "state_folded_total": "Somebody floods a creator: details beyond the bounds of its state.",
    },
    "Is the data of each platform whole and current?": {
        "source_creators": "How many of a platform's creators were heard of within a day.",
        "source_last_event_timestamp_seconds": "Its age is how far behind a platform is.",
        "source_low_partitions": "Above 0: a platform delivers far less than usual.",
    },
    "Are commits healthy?": {
        "checkpoint_seconds": "Brokers that are slow, long before transactions time out at 10 s.",
        "last_checkpoint_timestamp_seconds": "Its age is below 2 s; `/healthz` fails at 30 s.",
        "checkpoint_failures_total": "Seldom scraped, since the worker ends; it is in `--report`.",
        "producer_epoch": "Rises when a writer is fenced off by the next; steadily: two owners.",
        "uncommitted_records": "Work that waits for the next checkpoint; it grows while none ends.",
        "state_records_written_total": "What state costs the brokers, in records.",
        "state_written_bytes_total": "What state costs the brokers, before compression.",
    },
    "What comes out?": {
        "records_published_total": "Readers see this many records, and no others.",
        "windows_closed_total": "One for each active creator and minute; flat: time stands still.",
        "alerts_total": "How many episodes begin, go on and end, of each kind.",
        "alerts_active": "What fires now.",
        "alerts_lasting": "What was open overnight, and still is.",
        "alerts_calling": "Who needs somebody now, and why; the most urgent, of as many creators"
        " as may have series.",
        "alerts_silent": "What fires and is snoozed, acknowledged, or left to the digest.",
        "alerts_quiet_total": "Why nobody was called: snoozed, capped, quiet hours, replayed.",
        "alert_commands_total": "Whether people answer what they are told.",
        "alert_acknowledgement_seconds": "How long people take to answer.",
        "alert_pushes_total": "Whether an Alertmanager takes what it is sent.",
        "alert_push_seconds": "Slow Alertmanagers, before they time out at 10 s.",
        "alert_push_success_timestamp_seconds": "Absent until one has received something.",
        "alerts_unpushed": "What still waits for an Alertmanager; above 0 for long: it is away.",
    },
    "Which rules hold?": {
        "rules_info": "Two digests at once: workers disagree about the rules.",
        "rules_loaded_timestamp_seconds": "When a change of the rules took effect.",
        "rules_reload_failures_total": "A rules file that is no good: the old rules still hold.",
    },
    "Do partitions move?": {
        "rebalances_total": "Workers that come and go, or sessions that time out.",
        "restore_progress_ratio": "How far a takeover has come; there only while it lasts.",
        "recovery_seconds": "How long takeovers take: these partitions stand still meanwhile.",
        "restored_records_total": "How much state was read back.",
        "batch_holes_total": "A few at a rebalance; steadily without one: a fault of ours.",
    },
    "How are creators doing?": {
        "creator_score": "Who stands out; 50 is as usual, absent until three posts are known.",
        "creator_engagements": "Who is busy now.",
        "creator_engagement_ratio": "Who reaches the followers; absent where they are unknown.",
        "creator_sentiment_ratio": "Whose comments turn; absent without comments.",
        "posts_far": "Which posts over- or underperform: the live page names them.",
        "roster_creators": "Campaigns below expectation: many of their creators are.",
        "creators_unshown": "With alerts: dashboards miss them, raise the limit.",
    },
    "How large is it?": {
        "creators_known": "Creators with state; memory and restores grow with it.",
        "campaigns_known": "0 although campaigns were published: the topic was not read.",
    },
}
"""What each of our metrics is for, by the question that it helps to answer."""

PROCESS: Mapping[str, str] = {
    "process_cpu_seconds": "One core is the most that a worker uses.",
    "process_max_fds": "The limit of the next one.",
    "process_open_fds": "Connections to brokers, mostly.",
    "process_resident_memory_bytes": "Grows with creators, then stays.",
    "process_start_time_seconds": "Its changes are restarts.",
    "process_virtual_memory_bytes": "Says little.",
}


class Row(NamedTuple):
    """One metric as readers ask for it; a histogram by its stem."""

    name: str
    type: str
    unit: str
    labels: tuple[str, ...]
    help: str
    purpose: str


def one_of_each() -> Metrics:
    """Metrics of a worker that has something to tell in each of them."""
    creator = CreatorReading("c", 1, score=1.0, engagement_rate=1.0, sentiment=1.0)
    reading = Reading(
        watermarks={0: 1.0},
        epochs={0: 1},
        restoring={0: 0.5},
        unpushed={"am": 1},
        found=Survey(
            creators=[creator],
            calls=[Call("c", "silence", "warning", "spring")],
            sources={"instagram": Source()},
            standing={"spring": Counter(below=1)},
        ),
    )
    metrics = Metrics(CollectorRegistry(), lambda: reading)
    metrics.pushes_to(["am"])
    metrics.pushed(Push("am", "delivered", 0.1, 1))
    return metrics


def every_family() -> dict[str, Metric]:
    """All metrics of workers and of the API, by name."""
    found = {family.name: family for family in one_of_each().registry.collect()}
    return found | {family.name: family for family in api.families()}


def rows() -> Iterator[tuple[str, list[Row]]]:
    """Every question with its metrics. Raises KeyError for one that is not exposed."""
    families = every_family()
    for question, purposes in QUESTIONS.items():
        ours = {PREFIX + name: purpose for name, purpose in purposes.items()}
        if question == "How large is it?":
            ours |= {name: told for name, told in PROCESS.items() if name in families}
        yield question, [_row(families, name, purpose) for name, purpose in ours.items()]
    told = {API_PREFIX + name: purpose for name, purpose in api.PURPOSES.items()}
    yield "How is the API?", [_row(families, name, purpose) for name, purpose in told.items()]


def _row(families: Mapping[str, Metric], name: str, purpose: str) -> Row:
    family = families[name.removesuffix("_total")]
    asked = family.name + ("_total" if family.type == "counter" else "")
    last = family.name.rpartition("_")[2]
    unit = family.unit or (last if name.startswith("process_") and last != "fds" else "")
    labels = {label for sample in family.samples for label in sample.labels} - {"le"}
    help_ = family.documentation.rstrip(".") + "."
    return Row(asked, family.type, unit, tuple(sorted(labels)), help_, purpose)


def markdown() -> str:
    """The page, as `docs/metrics.md` holds it."""
    lines = [
        "# Metrics",
        "",
        "All that `/metrics` of a worker tells, by the question that it answers, and at the end",
        "what that of `pulse api` does (with a viewer's token, unless none is needed). This page",
        "is written by `python -m streams.outputs.catalogue`.",
        "",
        "Sum over workers: each tells of its own partitions. Counters start at 0 with each worker,",
        "all label values included, so that `rate` and `increase` miss nothing. Times are told as",
        "timestamps where an age is asked for (`time() - ..._timestamp_seconds`), so that a worker",
        "that hangs shows. Units are base units, and at the end of the name.",
    ]
    lines += [
        "",
        f"A worker has fewer than {BUDGET:,} series with the default `PULSE_MAX_CREATOR_SERIES`",
        "and up to 64 partitions, however many creators, campaigns and platforms there are. Each",
        "creator more that may have series of its own (`PULSE_MAX_CREATOR_SERIES`) adds five, each",
        "partition three. As OpenMetrics, `engagement_alerts_total` and the buckets of",
        "`engagement_event_to_commit_seconds` have exemplars: the id of the last alert of a kind",
        "and step, and of the event that waited longest; Prometheus keeps them with",
        "`--enable-feature=exemplar-storage`.",
    ]
    used: set[str] = set()
    for question, found in rows():
        lines += ["", f"## {question}", ""]
        lines += ["| metric | type | unit | labels | what it is | what it is for |"]
        lines += ["|---|---|---|---|---|---|"]
        for row in found:
            used.update(row.labels)
            labels = ", ".join(f"`{label}`" for label in row.labels)
            cells = (f"`{row.name}`", row.type, row.unit, labels, row.help, row.purpose)
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## Labels", "", "| label | values |", "|---|---|"]
    lines += [f"| `{label}` | {LABELS[label]} |" for label in sorted(used)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
