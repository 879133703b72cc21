"""Alertmanager: alerts that call somebody, pushed to its v2 API.

Knows how an alert becomes one of Alertmanager's, when it is sent, and again, and that a failing
receiver holds nothing up. Must not know when an alert is due, or Kafka.

What is sent has been committed. Everything that fires is sent again each `resend` seconds with an
end a few of those ahead, as Prometheus does: if all workers die, Alertmanager lets go by itself.
What is over is sent until it was received. The latest state of an alert replaces what waits.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
import msgspec

from schemas.alerts import Alert, Severity
from schemas.instants import from_ms
from streams import trouble, words
from streams.engine.alerting import SEVERITIES
from streams.outputs.credentials import Credentials

log = logging.getLogger(__name__)

BATCH = 100
"""Alerts in one request."""
HORIZON = 4
"""Resends after which Alertmanager takes an alert for over that nobody sends any more."""
TIMEOUT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 15.0
"""At most so long after a failure it is tried again: an Alertmanager that is back is told soon."""
_MOST_ENDS = 10_000
"""Ended alerts that wait for one Alertmanager; what fires is bounded by what fires."""
_REFUSED = frozenset({400, 413, 422})
"""Statuses about what was sent. Others, such as a wrong token, can be mended: try again."""
_alert = msgspec.json.Decoder(Alert)


class Target(NamedTuple):
    """One Alertmanager: its base URL, and a name for metrics and logs."""

    url: str

    @property
    def name(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


class Push(NamedTuple):
    """One try to push: to which Alertmanager, with what outcome, in how many seconds."""

    target: str
    outcome: str
    seconds: float
    alerts: int


OUTCOMES = ("delivered", "rejected", "failed")
"""`rejected` is what the receiver finds faulty; `failed` is tried again."""


def link(template: str, alert: Alert) -> str:
    """The address of an alert's dashboard. `template` names fields of the alert in braces."""
    names = ("alert_id", "creator_id", "platform", "campaign_id", "kind")
    return template.format(**{name: quote(str(getattr(alert, name) or ""), "") for name in names})


class Known(NamedTuple):
    """An alert that fires here, its partition, and the severity that it is labelled with.

    The label may only rise: to Alertmanager another label is another alert. `sure` is whether it is
    known since the alert began; another worker may have used a more urgent one. `owner` is whose
    campaign it was in then: as a label, it stays too.
    """

    partition: int
    alert: Alert
    label: Severity
    sure: bool
    owner: str | None


class State(NamedTuple):
    """The latest of an alert, with its labels and, where it is over, the end."""

    alert: Alert
    label: Severity
    ended: datetime | None
    owner: str | None = None

    @property
    def key(self) -> str:
        """To Alertmanager the same alert has the same labels."""
        return f"{self.alert.alert_id} {self.label}"


class Pusher:
    """Pushes the alerts of this worker's partitions. What tells it of them never waits."""

    def __init__(
        self,
        urls: Iterable[str],
        *,
        resend: float,
        template: str = "",
        credentials: Credentials | None = None,
        owner_of: Callable[[str], str | None] = lambda campaign_id: None,
        tell: Callable[[Push], None] = lambda push: None,
        clock: Callable[[], float] = time.time,
        past_ms: Callable[[], int] | None = None,
    ) -> None:
        """With `past_ms`, records of what is so long ago by `clock` call nobody.

        Where time is that of the events nobody else knows what is over.
        """
        self._resend = resend
        self._template = template
        self._credentials = credentials or Credentials()
        self._owner_of = owner_of
        self._clock = clock
        self._past_ms = past_ms
        self._known: dict[str, Known] = {}
        self._doubted: set[str] = set()
        self._senders = [_Sender(Target(url.rstrip("/")), self, tell) for url in urls]
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    @property
    def targets(self) -> list[str]:
        """Names of the Alertmanagers."""
        return [sender.target.name for sender in self._senders]

    def waiting(self) -> dict[str, int]:
        """Alerts whose latest state was not received yet, by Alertmanager."""
        return {sender.target.name: len(sender.waiting) for sender in self._senders}

    def restored(self, partition: int, firing: Iterable[bytes]) -> None:
        """A partition came here; these are the last records of what fires there."""
        for raw in firing:
            self.committed(partition, raw)

    def dropped(self, partition: int) -> None:
        """A partition has gone: its next owner sends what fires there."""
        for alert_id in [i for i, known in self._known.items() if known.partition == partition]:
            del self._known[alert_id]
            for sender in self._senders:
                sender.withdraw(alert_id)

    def forget_but(self, partition: int, firing: Iterable[bytes]) -> None:
        """Of a partition nothing else fires any more: creators may have been erased.

        What is resolved is not, until that is committed: so only what is found missing twice goes.
        """
        mine = {i for i, known in self._known.items() if known.partition == partition}
        if mine:
            missing = mine - {_alert.decode(raw).alert_id for raw in firing}
            for alert_id in missing & self._doubted:
                del self._known[alert_id]
            self._doubted = self._doubted - mine | missing

    def committed(self, partition: int, raw: bytes) -> None:
        """A record on `alerts` was committed."""
        if not self._senders:
            return
        alert = _alert.decode(raw)
        if alert.reviewed_at is not None:
            return  # over long ago, and resolved then
        known = self._known.get(alert.alert_id)
        if known is None and self._past(alert):
            return
        if alert.status == "resolved":
            self._known.pop(alert.alert_id, None)
            if known is not None or alert.called:
                self._end(alert, known)
        elif alert.called:
            label, sure = alert.severity, alert.status == "firing"
            owner = self._owner(alert, known)
            if known is not None:
                label, sure = min(known.label, label, key=SEVERITIES.index), known.sure
                if label != known.label:
                    self._put(State(known.alert, known.label, self._now(), owner))
            self._known[alert.alert_id] = Known(partition, alert, label, sure, owner)
            self._put(State(alert, label, None, owner))

    def _past(self, alert: Alert) -> bool:
        if self._past_ms is None:
            return False
        return alert.updated_at < self._now() - timedelta(milliseconds=self._past_ms())

    def _end(self, alert: Alert, known: Known | None) -> None:
        label = known.label if known else alert.severity
        ended = min(alert.ended_at or alert.updated_at, self._now())
        # What ends that never fired calls nobody.
        first = SEVERITIES.index(label) if known and known.sure else 0
        for used in SEVERITIES[first : SEVERITIES.index(label) + 1]:
            self._put(State(alert, used, ended, self._owner(alert, known)))

    def _owner(self, alert: Alert, known: Known | None) -> str | None:
        if known is not None:
            return known.owner
        return self._owner_of(alert.campaign_id) if alert.campaign_id else None

    def _put(self, state: "State") -> None:
        for sender in self._senders:
            sender.put(state)

    def everything(self) -> list["State"]:
        """All that fires."""
        return [State(k.alert, k.label, None, k.owner) for k in self._known.values()]

    def _now(self) -> datetime:
        return from_ms(round(self._clock() * 1000))

    def wire(self, state: "State") -> dict[str, Any]:
        """A state as Alertmanager takes it, now: what fires ends some resends ahead."""
        alert, label, ended, owner = state
        end = ended or self._now() + timedelta(seconds=HORIZON * self._resend)
        # Alertmanager refuses what ends before it begins, and time here is not that of the events.
        end = max(end, alert.started_at)
        address = link(self._template, alert) if self._template else ""
        return _wire(alert, label, owner, end, address)

    async def start(self) -> None:
        """Begin to send."""
        if self._senders:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout)
            self._tasks = [asyncio.create_task(sender.run()) for sender in self._senders]

    async def stop(self, grace: float = 2.0) -> None:
        """Send what waits, for so many seconds at most, and end."""
        if self._tasks:
            flushing = [asyncio.create_task(sender.flush()) for sender in self._senders]
            _, late = await asyncio.wait(flushing, timeout=grace)
            for task in (*late, *self._tasks):
                task.cancel()
            await asyncio.gather(*late, *self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def post(self, target: Target, states: list["State"]) -> str:
        """One request; its outcome."""
        assert self._session is not None, "the pusher is not started"
        url = f"{target.url}/api/v2/alerts"
        wires = [self.wire(state) for state in states]
        # A redirect is a wrong address: followed, the alerts would be left behind.
        options: dict[str, Any] = {"json": wires, "allow_redirects": False}
        try:
            headers = self._credentials.headers()
            async with self._session.post(url, headers=headers, **options) as answer:
                if answer.status < 300:
                    return "delivered"
                said = (await answer.text())[:300]
                if answer.status in _REFUSED:
                    if len(states) == 1:
                        name, alert_id = target.name, states[0].alert.alert_id
                        log.error("%s rejects %s: %d %s", name, alert_id, answer.status, said)
                    return "rejected"
                why = f"{answer.status} {answer.headers.get('Location', '')} {said}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = trouble.why(error)
        log.warning("alerts cannot be pushed to %s: %s", target.name, why)
        return "failed"

    @property
    def resend(self) -> float:
        """Seconds after which what fires is sent again."""
        return self._resend


class _Sender:
    """What waits for one Alertmanager, and the task that sends it."""

    def __init__(self, target: Target, pusher: Pusher, tell: Callable[[Push], None]) -> None:
        self.target = target
        self._pusher = pusher
        self._tell = tell
        self._news = asyncio.Event()
        self._sending = asyncio.Lock()
        self.waiting: dict[str, State] = {}
        """The latest state of each alert (by its labels) that was not received yet."""

    def put(self, state: State) -> None:
        """Send this soon, instead of an older state of the same alert."""
        self.waiting.pop(state.key, None)
        self.waiting[state.key] = state
        if len(self.waiting) > _MOST_ENDS:
            # Not sent again, an alert ends by itself some resends later.
            ends = [key for key, waiting in self.waiting.items() if waiting.ended]
            for key in ends[:-_MOST_ENDS]:
                del self.waiting[key]
        self._news.set()

    def withdraw(self, alert_id: str) -> None:
        """Do not send any more that this fires: somebody else knows how it is now."""
        for key, state in list(self.waiting.items()):
            if state.alert.alert_id == alert_id and not state.ended:
                del self.waiting[key]

    async def run(self) -> None:
        """Send what comes, and everything again from time to time, for ever."""
        wait, again = 0.0, time.monotonic() + self._pusher.resend
        while True:
            left = max(again - time.monotonic(), 0.0)
            if wait:
                await asyncio.sleep(min(wait, max(left, 0.1)))
            else:
                try:
                    async with asyncio.timeout(left):
                        await self._news.wait()
                except TimeoutError:
                    pass
            if time.monotonic() >= again:
                again = time.monotonic() + self._pusher.resend
                for state in self._pusher.everything():
                    self.put(state)
            if await self._flushed():
                wait = 0.0
            else:
                wait = min(max(2.0 * wait, 1.0), LONGEST_WAIT_SECONDS)
                wait *= random.uniform(0.5, 1.0)

    async def _flushed(self) -> bool:
        try:
            return await self.flush()
        except Exception:
            # A fault of ours must not end the pushing of all that comes after it.
            log.exception("pushing alerts to %s went wrong", self.target.name)
            return False

    async def flush(self) -> bool:
        """Send all that waits; False where it was not received."""
        async with self._sending:
            self._news.clear()
            most = BATCH
            while self.waiting:
                part = list(self.waiting.values())[:most]
                began = time.monotonic()
                outcome = await self._pusher.post(self.target, part)
                took = time.monotonic() - began
                if outcome == "rejected" and len(part) > 1:
                    # One of them is faulty: halve until it is found, for the sake of the others.
                    most = len(part) // 2
                    continue
                self._tell(Push(self.target.name, outcome, took, len(part)))
                if outcome == "failed":
                    return False
                most = min(2 * most, BATCH)
                for state in part:
                    if self.waiting.get(state.key) is state:
                        del self.waiting[state.key]
            return True


def _number(value: float) -> str:
    """Six digits at most, or the whole number: a person reads no exponent."""
    return f"{value:.0f}" if abs(value) >= 100_000 else f"{value:g}"


def _wire(
    alert: Alert, label: Severity, owner: str | None, end: datetime, address: str
) -> dict[str, Any]:
    """An alert as Alertmanager takes it: labels are few and stay, numbers are annotations."""
    evidence = alert.evidence
    labels = {
        "alertname": "".join(word.capitalize() for word in alert.kind.split("_")),
        "alert_id": alert.alert_id,
        "creator_id": alert.creator_id,
        "platform": alert.platform,
        "campaign_id": alert.campaign_id,
        "owner": owner,
        "severity": label,
        "source": "creator-pulse",
    }
    annotations = {
        "summary": alert.title,
        "description": alert.reason,
        "kind": words.of(words.KINDS, alert.kind),
        "explanation": words.of(words.CAUSES, alert.explanation),
        "observed": _number(evidence.observed),
        "expected": _number(evidence.expected),
        "acknowledged_by": alert.acknowledged_by,
        "link": address,
    }
    wire = {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": alert.started_at.isoformat(),
        "endsAt": end.isoformat(),
    }
    return wire | {"generatorURL": address} if address else wire
