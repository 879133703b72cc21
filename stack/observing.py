"""Observing: the points about parts, dashboards, rules, the API and the page: each has an answer.

Knows where panels, rules and addresses are. Must not know parts by their processes.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from stack import scrape
from stack.dashboards import RESTORES, Query, dashboards, put_in, queries
from stack.http import get, get_json
from stack.prometheus import Prometheus

RANGE_SECONDS, STEP_SECONDS = 60.0, 5.0
GIVEN = {"__rate_interval": "1m", "__interval": "15s", "__range": "10m"}
"""What Grafana puts in by itself."""

MAY_BE_EMPTY = RESTORES | {"alert-quality.json: Judged false A": "nobody judges alerts here"}


class AllUp:
    """Every part is ready, and Prometheus has scraped each of so many workers, and all else."""

    name, says = "parts", "all parts are up"

    def __init__(
        self, ready: Callable[[], Mapping[str, bool]], prometheus: Prometheus, workers: int
    ) -> None:
        self._ready, self._prometheus, self._workers = ready, prometheus, workers
        self._parts = 0
        self._missing: list[str] = []
        self._targets = 0

    def look(self) -> bool:
        """Ask each."""
        parts = self._ready()
        self._parts = len(parts)
        self._missing = [name for name, ready in parts.items() if not ready]
        targets = self._prometheus.api("targets")["activeTargets"]
        self._targets = len(targets)
        self._missing += [target["scrapeUrl"] for target in targets if target["health"] != "up"]
        found = [target for target in targets if target["labels"]["job"] == scrape.JOB]
        if len(found) != self._workers:
            self._missing.append(f"{len(found)} of {self._workers} workers known to Prometheus")
        return not self._missing

    def detail(self) -> str:
        """How many, or who is missing."""
        if self._missing:
            return f"not up: {', '.join(self._missing)}"
        return f"{self._parts} parts, {self._targets} targets of Prometheus"


class Whole:
    """Every worker has partitions, and none of them has no worker.

    A worker that stood still is fenced at its next commit, leaves, and is started again; or it
    first hears that others have its partitions, drops all it knew, and joins anew. Both are right.
    """

    name, says = "whole", "the frozen worker shares in the work again"

    def __init__(self, prometheus: Prometheus, workers: int, restarts: Callable[[], int]) -> None:
        self._prometheus, self._workers, self._restarts = prometheus, workers, restarts
        self._owned: dict[str, int] = {}
        self._all = 0

    def look(self) -> bool:
        """Ask who owns how many."""
        found = self._prometheus.query("engagement_partitions_owned")
        self._owned = {one["metric"]["instance"]: int(one["value"][1]) for one in found}
        (configured,) = self._prometheus.query("max(engagement_partitions_configured)")
        self._all = int(configured["value"][1])
        shares = self._owned.values()
        return len(shares) == self._workers and all(shares) and sum(shares) == self._all

    def detail(self) -> str:
        """Who owns how many, and what became of the worker."""
        shares = ", ".join(f"{name} has {share}" for name, share in sorted(self._owned.items()))
        way = "fenced and started again" if self._restarts() else "it joined anew"
        return f"of {self._all} partitions {shares or 'nobody has any'}; {way}"


class Panels:
    """Every query of every panel of every committed dashboard, but a few, has returned data."""

    name, says = "panels", "every query of every panel returns data"

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        self._boards = dashboards()
        self._open = [
            (name, query)
            for name, board in self._boards.items()
            for query in queries(board)
            if f"{name}: {query.name}" not in MAY_BE_EMPTY
        ]
        self._all = len(self._open)
        self._turns = itertools.count()

    def look(self) -> bool:
        """Ask what had no answer so far; of a variable with one value, the next one each time."""
        turn = next(self._turns)
        values = {name: self._values(board, turn) for name, board in self._boards.items()}
        self._open = [
            (name, query) for name, query in self._open if not self._answer(query, values[name])
        ]
        return not self._open

    def detail(self) -> str:
        """How many, or which have no answer."""
        if self._open:
            missing = "; ".join(f"{name}: {query.name}" for name, query in self._open)
            return f"{len(self._open)} of {self._all} without data: {missing}"
        few = f"{len(MAY_BE_EMPTY)} that may be empty left out"
        return f"{self._all} queries of {len(self._boards)} dashboards, {few}"

    def _answer(self, query: Query, values: Mapping[str, str]) -> list[dict[str, Any]]:
        expression = put_in(query.expression, values)
        if query.instant:
            return self._prometheus.query(expression)
        now = time.time()
        return self._prometheus.query_range(expression, now - RANGE_SECONDS, now, STEP_SECONDS)

    def _values(self, board: Mapping[str, Any], turn: int) -> dict[str, str]:
        """What is put in for the variables of a board."""
        values = dict(GIVEN)
        for variable in board["templating"]["list"]:
            name = variable["name"]
            if variable.get("multi") or variable.get("includeAll"):
                values[name] = ".+"
            elif variable["type"] == "query":
                selector, _, label = variable["query"][len("label_values(") : -1].rpartition(", ")
                found = self._prometheus.label_values(put_in(selector, values), label)
                values[name] = found[turn % len(found)] if found else ""
            else:
                values[name] = str((variable.get("current") or {}).get("value", ""))
        return values


class Rules:
    """Every shipped rule evaluates without a fault, and what is recorded has values."""

    name, says = "rules", "every rule evaluates"

    def __init__(self, prometheus: Prometheus) -> None:
        self._prometheus = prometheus
        document = yaml.safe_load((scrape.SHIPPED / "rules.yml").read_text())
        rules = [rule for group in document["groups"] for rule in group["rules"]]
        self._recorded = [rule["record"] for rule in rules if "record" in rule]
        self._all = len(rules)
        self._faults: list[str] = []

    def look(self) -> bool:
        """Ask for the health of each, and for the values of what is recorded."""
        self._faults = list(self._found())
        return not self._faults

    def _found(self) -> Iterator[str]:
        loaded = self._prometheus.rules()
        if len(loaded) != self._all:
            yield f"{len(loaded)} of {self._all} rules are loaded"
        for rule in loaded:
            if rule["health"] != "ok":
                yield f"{rule['name']} is {rule['health']} {rule.get('lastError', '')}".rstrip()
        for name in self._recorded:
            if not self._prometheus.query(name):
                yield f"{name} has no values"

    def detail(self) -> str:
        """How many, or what is wrong."""
        if self._faults:
            return "; ".join(self._faults)
        alerts = self._all - len(self._recorded)
        return f"{len(self._recorded)} recording rules with values, {alerts} alert rules"


class Api:
    """The API is up to date, and knows creators and alerts."""

    name, says = "api", "the API answers"

    def __init__(self, url: str, token: str = "") -> None:
        self._url, self._token = url, token
        self._detail = "nothing answers"

    def look(self) -> bool:
        """Ask for its health, creators and alerts."""
        status, _ = get(f"{self._url}/readyz", self._token)
        base = f"{self._url}/api/v1"
        creators = get_json(f"{base}/creators?limit=1", self._token) or {"total": 0}
        alerts = get_json(f"{base}/alerts?state=all", self._token) or {"alerts": []}
        counts = creators["total"], len(alerts["alerts"])
        self._detail = f"/readyz {status}, {counts[0]} creators, {counts[1]} alerts"
        return status == 200 and all(counts)

    def detail(self) -> str:
        """What it said."""
        return self._detail


class Page:
    """The page for browsers is served."""

    name, says = "page", "the page answers"

    def __init__(self, url: str) -> None:
        self._url = url
        self._detail = "nothing answers"

    def look(self) -> bool:
        """Ask for it."""
        status, body = get(f"{self._url}/")
        html = body.lstrip()[:15].lower().startswith(b"<!doctype html")
        self._detail = f"/ {status}, {len(body)} bytes" if html else f"/ {status}: not there"
        return status == 200 and html

    def detail(self) -> str:
        """What it said."""
        return self._detail
