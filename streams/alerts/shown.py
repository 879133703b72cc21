"""Shown: one alert in lines for a terminal, with its evidence and all that was said of it.

Knows what is worth a line, and how it reads. Must not know where alerts come from.
"""

from collections.abc import Iterator

from schemas.alerts import Alert, Evidence
from schemas.commands import AlertCommand
from schemas.instants import from_ms, to_ms
from streams import words
from streams.alerts.ledger import Entry
from streams.engine.alerting import chance, clock, count, span
from streams.printable import printable


def state(alert: Alert) -> str:
    """Whether it still fires."""
    return alert.status if alert.status == "resolved" else "firing"


def said(entry: Entry) -> str:
    """What was said of an alert, or why nobody is called for it, in a few words."""
    taken, quiet = entry.acknowledged, entry.latest.quiet
    parts = [f"taken by {taken.by}" if taken else ""]
    if entry.feedback:
        parts.append(words.of(words.ACTIONS, entry.feedback))
    if quiet is not None and quiet != "acknowledged":
        parts.append(words.of(words.QUIET, quiet))
    return ", ".join(part for part in parts if part)


def lines(entry: Entry) -> Iterator[str]:
    """All that is known of an alert."""
    alert = entry.latest
    yield f"{state(alert)}, {alert.severity}: {printable(alert.title)}"
    yield printable(alert.reason)
    yield f"Cause: {words.of(words.CAUSES, alert.explanation)}."
    if alert.quiet:
        yield f"Nobody is called: {words.of(words.QUIET, alert.quiet)}."
    yield "Evidence"
    for name, text in _figures(alert.evidence):
        yield f"  {name:<15} {printable(text)}"
    for command in entry.commands:
        note = f": {printable(command.note)}" if command.note else ""
        done = words.of(words.ACTIONS, command.action)
        yield f"{_moment(command)} {done} by {printable(command.by)}{note}"


def _figures(evidence: Evidence) -> Iterator[tuple[str, str]]:
    begin, end = to_ms(evidence.window_start), to_ms(evidence.window_end)
    yield "observed", f"{count(evidence.observed)} {words.of(words.METRICS, evidence.metric)}"
    yield "expected", f"{count(evidence.expected)}, from {evidence.samples:,} past observations"
    if evidence.expected:
        yield "ratio", f"{count(evidence.ratio) if evidence.ratio >= 1 else f'{evidence.ratio:g}'}"
    if evidence.probability < 1.0:
        yield "by chance", chance(evidence.probability)
    yield "counted", f"{clock(begin)} to {clock(end)} ({span(end - begin)})"
    if evidence.followers is not None:
        yield "followers", f"{evidence.followers:,}"
    if evidence.hollow_profiles is not None:
        share, known = evidence.hollow_profiles, evidence.profiles or 0
        yield "empty or new", f"{100 * share:.0f} % of {known:,} accounts whose profile is known"
    if evidence.authors is not None:
        yield "people", f"{evidence.authors:,} or more wrote what counts"
    for post in evidence.posts:
        expected, age = count(post.expected), span(60_000 * post.age_minutes)
        yield "post", f"{post.post_id}: {post.observed:,} of {expected} expected by {age}"
    for comment in evidence.comments:
        yield "comment", f"{comment.compound:+.2f} “{comment.text}” on {comment.post_id}"
    if evidence.baseline:
        yield "usual lately", ", ".join(count(value) for value in evidence.baseline)


def _moment(command: AlertCommand) -> str:
    at = command.occurred_at
    return f"{(from_ms(at) if isinstance(at, int) else at).astimezone():%d %b %H:%M}"
