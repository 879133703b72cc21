"""Catalogue: what each metric of `pulse api` is for.

Knows what readers do with it. Must not know where a number comes from; `docs/metrics.md` is made
of this and of the worker's catalogue.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from streams.api.metrics import ApiMetrics, ApiReading, ReaderReading

LABELS: Mapping[str, str] = {
    "method": "of a request",
    "reader": "`now` (scores, profiles, campaigns) or `history` (windows, alerts, commands)",
    "route": "path with `{names}` in place of ids, or `(unknown)`",
}
PURPOSES: Mapping[str, str] = {
    "build_info": "Which releases run, side by side during an upgrade.",
    "ready": "The same as `/readyz`: 0 while what is shown may be old or incomplete.",
    "requests_total": "Traffic, and the share of it that fails (`5xx`).",
    "request_seconds": "Whether people wait: one creator is answered within 50 ms, as a rule.",
    "sign_ins_refused_total": "Guessing, or a token that was taken away from a client in use.",
    "streams": "Listeners; `PULSE_API_MAX_STREAMS` bounds them.",
    "streams_dropped_total": "Listeners whose token or session has ended meanwhile.",
    "commands_total": "Whether people answer alerts by the page or the API.",
    "lag_records": "How much is written and not shown yet.",
    "caught_up": "0 after a start, until all is read.",
    "brokers_answered_timestamp_seconds": "Its age is for how long the brokers have been silent.",
    "records_applied_total": "What is read, by topic; one that falls silent shows.",
    "records_refused_total": "Records of another release, or of another writer.",
    "lost_records_total": "History has a gap: it was down for longer than retention.",
    "history_windows_total": "How fast history grows.",
    "history_bytes": "How large history is.",
    "creators": "What the board shows; memory grows with it.",
    "campaigns": "0 although campaigns were published: the topic was not read.",
    "alerts_open": "What the alert feed shows.",
}


def families() -> Iterable[Metric]:
    """Every metric of an instance that has something to tell in each of them."""
    readers = {"now": ReaderReading(asked=1.0)}
    reading = ApiReading(readers=readers, applied={"alerts": 1})
    metrics = ApiMetrics(CollectorRegistry(), lambda: reading, [("GET", "/")], process=False)
    return metrics.registry.collect()
