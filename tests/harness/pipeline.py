"""A pipeline that is well, as promtool's series, what may go wrong with it, and who is told when.

Knows promtool's notation: one value a minute, from minute 0 on, when it is also 0 o'clock.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from stack.procs import REPOSITORY
from tests.harness.prometheus import promtool

RULES = REPOSITORY / "prometheus" / "rules.yml"
JOB, API_JOB = "creator-pulse", "creator-pulse-api"
WORKERS = {"a": ("0", "1"), "b": ("2", "3")}
"""Two workers, with the partitions of each."""

Labels = frozenset[tuple[str, str]]


def levels(*phases: tuple[float | str, int]) -> str:
    """A gauge that stays at each value for so many minutes; `"_"` is no value.

    What vanishes between two scrapes ends at once, by a mark, as when a target goes.
    """
    return " ".join(
        f"stale _x{minutes - 1}" if value == "_" else f"{value}x{minutes - 1}"
        for value, minutes in phases
    )


def course(*phases: tuple[float, int], start: float = 0) -> str:
    """A number that grows by so much a minute, for so many minutes each."""
    parts = []
    for step, minutes in phases:
        parts.append(f"{start:.10g}{step:+.10g}x{minutes - 1}")
        start += step * minutes
    return " ".join(parts)


class Pipeline:
    """Series of two workers for so many minutes, all as they should be until `set` is called."""

    def __init__(self, minutes: int = 120) -> None:
        self.minutes = minutes
        self._series: dict[tuple[str, Labels], str] = {}
        for worker, partitions in WORKERS.items():
            self._worker(worker, partitions)
        for status, rate in (("2xx", 60), ("4xx", 1), ("5xx", 0)):
            answered = course((rate, self.minutes))
            self._api("requests_total", answered, method="GET", route="/me", status=status)
        for reader in ("now", "history"):
            self._api("lag_records", levels((5, self.minutes)), reader=reader)
        self._api("ready", levels((1, self.minutes)))
        self.add("up", levels((1, self.minutes)), job=API_JOB, instance="web")

    def _worker(self, worker: str, partitions: Iterable[str]) -> None:
        def add(metric: str, values: str, **labels: str) -> None:
            self.add(metric, values, instance=worker, **labels)

        long = self.minutes
        add("up", levels((1, long)))
        add("process_start_time_seconds", levels((1, long)))
        for name, level in (
            ("ready", 1),
            ("partitions_owned", 2),
            ("partitions_configured", 4),
            ("scores_waiting", 0),
        ):
            add(f"engagement_{name}", levels((level, long)))
        for partition in partitions:
            add("engagement_producer_epoch", levels((3, long)), partition=partition)
            behind = course((60, long), start=-10)
            add("engagement_watermark_timestamp_seconds", behind, partition=partition)
        for topic in ("likes", "posts", "creators"):
            rate = {"likes": 600, "posts": 6, "creators": 0}[topic]
            add("engagement_events_received_total", course((rate, long)), topic=topic)
            add("engagement_events_accepted_total", course((rate, long)), topic=topic)
            add("engagement_dead_letters_total", levels((0, long)), topic=topic, code="not_json")
            add("engagement_consumer_lag_records", levels((5, long)), topic=topic)
            add("engagement_consumer_lag_seconds", levels((0.2, long)), topic=topic)
            add("engagement_hidden_records", levels((0, long)), topic=topic)
        for applied in ("true", "false"):
            add("engagement_events_late_total", levels((0, long)), applied=applied)
        add("engagement_last_checkpoint_timestamp_seconds", course((60, long)))
        for metric in ("engagement_checkpoint_seconds", "engagement_event_to_commit_seconds"):
            for bound in ("1.0", "2.0", "5.0", "10.0", "+Inf"):
                add(f"{metric}_bucket", course((100, long)), le=bound)
            add(f"{metric}_count", course((100, long)))
        add("engagement_alerts_unpushed", levels((0, long)), alertmanager="am:9093")
        for outcome, rate in (("delivered", 1), ("rejected", 0), ("failed", 0)):
            pushed = course((rate, long))
            add("engagement_alert_pushes_total", pushed, alertmanager="am:9093", outcome=outcome)
        for alerting, level in (("true", 0), ("false", 1000)):
            add("engagement_creators_unshown", levels((level, long)), alerting=alerting)
        add("engagement_rules_reload_failures_total", levels((0, long)))
        add("engagement_rules_info", levels((1, long)), digest="shipped")

    def _api(self, name: str, values: str, **labels: str) -> None:
        self.add(f"pulse_api_{name}", values, job=API_JOB, instance="web", **labels)

    def add(self, metric: str, values: str, **labels: str) -> "Pipeline":
        """One more series."""
        key = metric, frozenset(({"job": JOB} | labels).items())
        assert key not in self._series, key
        self._series[key] = values
        return self

    def set(self, metric: str, values: str, **labels: str) -> "Pipeline":
        """Give other values to all series of this name and these labels."""
        for key in self._found(metric, labels):
            self._series[key] = values
        return self

    def drop(self, metric: str, **labels: str) -> "Pipeline":
        """Take these series away."""
        for key in self._found(metric, labels):
            del self._series[key]
        return self

    def _found(self, metric: str, labels: Mapping[str, str]) -> list[tuple[str, Labels]]:
        found = [
            key for key in self._series if key[0] == metric and frozenset(labels.items()) <= key[1]
        ]
        assert found, f"no series {metric} {labels}"
        return found

    def series(self) -> list[dict[str, str]]:
        """As promtool takes them."""
        told = []
        for (metric, labels), values in self._series.items():
            matchers = ", ".join(f'{name}="{value}"' for name, value in sorted(labels))
            told.append({"series": f"{metric}{{{matchers}}}", "values": values})
        return told


class Expect:
    """What is to be found at which minute, for one run of promtool."""

    def __init__(self) -> None:
        self._values: list[dict[str, Any]] = []
        self._alerts: list[dict[str, Any]] = []

    def value(self, expression: str, minute: int, samples: Mapping[str, float]) -> None:
        """The expression has exactly these series (their text) and values then."""
        wanted = [{"labels": labels, "value": value} for labels, value in samples.items()]
        self._values.append({"expr": expression, "eval_time": f"{minute}m", "exp_samples": wanted})

    def firing(self, alert: str, minute: int, count: int) -> None:
        """The alert fires for so many label sets then."""
        samples = {"{}": float(count)} if count else {}
        selector = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
        self.value(f"count({selector})", minute, samples)

    def ever(self, alerts: Iterable[str], minutes: int) -> None:
        """These alerts, and no others, have fired at some time before."""
        seen = f'count_over_time(ALERTS{{alertstate="firing"}}[{minutes}m])'
        samples = {f'{{alertname="{name}"}}': 1.0 for name in alerts}
        self.value(f"count by (alertname) ({seen}) ^ 0", minutes - 1, samples)

    def told(
        self, alert: str, minute: int, labels: Mapping[str, str], annotations: Mapping[str, str]
    ) -> None:
        """One alert fires then, with exactly these labels and annotations."""
        wanted = {"exp_labels": dict(labels), "exp_annotations": dict(annotations)}
        self._alerts.append({"alertname": alert, "eval_time": f"{minute}m", "exp_alerts": [wanted]})

    def check(self, pipeline: Pipeline, workdir: Path) -> None:
        """Run promtool; fail in its words."""
        rules = yaml.safe_load(RULES.read_text())
        document = {
            "rule_files": [str(RULES)],
            "evaluation_interval": "1m",
            # Else in any order, and what is recorded would be seen a minute later by chance.
            "group_eval_order": [group["name"] for group in rules["groups"]],
            "tests": [
                {
                    "interval": "1m",
                    "input_series": pipeline.series(),
                    "promql_expr_test": self._values,
                    "alert_rule_test": self._alerts,
                }
            ],
        }
        file = workdir / "rules_test.yml"
        file.write_text(yaml.safe_dump(document))
        done = promtool("test", "rules", file)
        assert done.returncode == 0, done.stdout + done.stderr
