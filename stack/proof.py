"""Proof: all points together, in the order in which a stack can show them.

Knows when a worker is frozen and when it may go on. Must not know how any point is judged.
"""

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaProducer

from schemas.topics import LIKES
from stack.alarms import Fires, Resolves, Restarted, of_a_creator, of_the_pipeline, told_over
from stack.observing import PAGE_REQUIRED, AllUp, Api, Page, Panels, Rules
from stack.parts import Parts
from stack.points import Point, all_ok

FIRST_SECONDS = 150.0
"""A worker is frozen once the points about a healthy stack are met, or at the latest then: a point
that fails does not take others with it."""


class Proof:
    """`brief` leaves out what takes minutes: alerts that end, and the frozen worker."""

    def __init__(self, parts: Parts, tell: Callable[[str], None], *, brief: bool) -> None:
        self._parts, self._tell = parts, tell
        prometheus, alertmanager = parts.prometheus_server, parts.alertmanager_server
        api = parts.api.address
        domain = Fires("domain fires", "an alert of a creator fires", alertmanager, of_a_creator)
        self._healthy = [
            Point(AllUp(parts.all, prometheus)),
            Point(Rules(prometheus)),
            Point(Panels(prometheus)),
            Point(Api(api)),
            Point(Page(api), required=PAGE_REQUIRED),
            Point(domain),
        ]
        self.points = list(self._healthy)
        self._spoilt = False
        self._frozen = self._thawed = brief
        self._worker = parts.workers[1]
        if brief:
            return
        pipeline = Fires(
            "pipeline fires", "an alert of the pipeline fires", alertmanager, of_the_pipeline
        )
        self._fires = Point(pipeline)
        self.points += [
            Point(
                Resolves(
                    "domain resolves", "an alert of a creator resolves", domain, told_over(api)
                )
            ),
            self._fires,
            Point(Resolves("pipeline resolves", "the alert of the pipeline resolves", pipeline)),
            Point(Restarted(self._worker)),
        ]

    @property
    def done(self) -> bool:
        """Whether there is nothing left to be shown."""
        return all_ok(self.points)

    def step(self, seconds: float) -> None:
        """Look at what is open, `seconds` after the start."""
        for point in self.points:
            if point.take(seconds):
                self._tell(point.told())
        if not self._spoilt and self.points[0].met:
            # Counted from nothing to one between two scrapes: panels about dead letters show it.
            self._spoilt = True
            asyncio.run(_spoil(self._parts.kafka_server.bootstrap))
        if not self._frozen and (all_ok(self._healthy) or seconds > FIRST_SECONDS):
            self._frozen = True
            self._worker.process.freeze()
            self._tell(f"{self._worker.name} is frozen (SIGSTOP), until somebody is told")
        elif self._frozen and not self._thawed and self._fires.met:
            self._thawed = True
            self._worker.process.thaw()
            self._tell(f"{self._worker.name} may go on (SIGCONT)")


async def _spoil(bootstrap: str) -> None:
    """Send one record that is refused."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(LIKES.name, b"{", b"nobody")
