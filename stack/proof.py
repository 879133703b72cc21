"""Proof: all points together, in the order in which a stack can show them.

Knows when a worker is frozen and when it may go on. Must not know how any point is judged, nor what
the parts of the stack are made of: processes or containers.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from schemas.topics import LIKES
from stack.alarms import Fires, Resolves, of_a_creator, of_the_pipeline, told_over
from stack.alertmanager import Alertmanager
from stack.observing import AllUp, Api, Page, Panels, Rules, Whole
from stack.points import Point, all_ok
from stack.prometheus import Prometheus

FIRST_SECONDS = 150.0
"""A worker is frozen once the points about a healthy stack are met, or at the latest then: a point
that fails does not take others with it."""


@dataclass
class Worker:
    """The worker that is frozen, by whatever means."""

    name: str
    freeze: Callable[[], None]
    thaw: Callable[[], None]
    restarts: Callable[[], int]
    of: int
    """How many workers there are."""


@dataclass
class Subject:
    """A stack that runs: its addresses, and what can be done with it."""

    bootstrap: str
    api: str
    prometheus: Prometheus
    alertmanager: Alertmanager
    panels: Prometheus
    """Of whom dashboards ask."""
    ready: Callable[[], Mapping[str, bool]]
    """Whether each part is, by name."""
    worker: Worker
    token: str = ""


class Proof:
    """`brief` leaves out what takes minutes: alerts that end, and the frozen worker."""

    def __init__(self, subject: Subject, tell: Callable[[str], None], *, brief: bool) -> None:
        self._subject, self._tell = subject, tell
        prometheus, alertmanager = subject.prometheus, subject.alertmanager
        api, token = subject.api, subject.token
        domain = Fires("domain fires", "an alert of a creator fires", alertmanager, of_a_creator)
        self._healthy = [
            Point(AllUp(subject.ready, prometheus, subject.worker.of)),
            Point(Rules(prometheus)),
            Point(Panels(subject.panels)),
            Point(Api(api, token)),
            Point(Page(api)),
            Point(domain),
        ]
        self.points = list(self._healthy)
        self._spoilt = False
        self._frozen = self._thawed = brief
        self._after: list[Point] = []
        if brief:
            return
        pipeline = Fires(
            "pipeline fires", "an alert of the pipeline fires", alertmanager, of_the_pipeline
        )
        over = told_over(api, token)
        worker = subject.worker
        self._fires = Point(pipeline)
        self.points += [
            Point(Resolves("domain resolves", "an alert of a creator resolves", domain, over)),
            self._fires,
            Point(Resolves("pipeline resolves", "the alert of the pipeline resolves", pipeline)),
        ]
        self._after = [Point(Whole(prometheus, worker.of, worker.restarts))]
        self.points += self._after

    @property
    def done(self) -> bool:
        """Whether there is nothing left to be shown."""
        return all_ok(self.points)

    def step(self, seconds: float) -> None:
        """Look at what is open, `seconds` after the start."""
        for point in self.points:
            if (self._thawed or point not in self._after) and point.take(seconds):
                self._tell(point.told())
        worker = self._subject.worker
        if not self._spoilt and self.points[0].met:
            # Counted from nothing to one between two scrapes: panels about dead letters show it.
            self._spoilt = True
            asyncio.run(_spoil(self._subject.bootstrap))
        if not self._frozen and (all_ok(self._healthy) or seconds > FIRST_SECONDS):
            self._frozen = True
            worker.freeze()
            self._tell(f"{worker.name} is frozen, until somebody is told")
        elif self._frozen and not self._thawed and self._fires.met:
            self._thawed = True
            worker.thaw()
            self._tell(f"{worker.name} may go on")


async def _spoil(bootstrap: str) -> None:
    """Send one record that is refused."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(LIKES.name, b"{", b"nobody")
