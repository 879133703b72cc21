"""The sender: a process of its own that puts the load on the broker at the pace it is told.

Knows producing and pacing. Must not know workers or faults: the campaign tells it the pace through
`Controls`, and reads there what it has done.
"""

import asyncio
import logging
import multiprocessing
import time
import traceback
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from tests.faults.load import Load, Sending, Tamper
from tests.faults.story import Story

_SPAWN = multiprocessing.get_context("spawn")
_TURN_S = 0.01
_LARGEST_TURN = 400
"""Events between two looks at the pace."""
_OUTLASTS_MS = 240_000
"""A record waits so long for the broker: longer than any outage."""


class Order(NamedTuple):
    """What to send: `events` at least, `behind_ms` is how far event time is behind the clock."""

    bootstrap: str
    prefix: str
    seed: int
    events: int
    creators: int
    partitions: int
    behind_ms: int
    history_hours: int
    incidents: int
    tamper: Tamper | None
    expected: Path
    """Where to write what the oracle expects, once all is acknowledged."""


class Controls:
    """What the campaign tells the sender, and what it tells back."""

    def __init__(self) -> None:
        self._rate = _SPAWN.Value("d", 0.0)
        self._late = _SPAWN.Value("b", 0)
        self._told = _SPAWN.Value("b", 0)
        self._ending = _SPAWN.Value("b", 0)
        self._rest = _SPAWN.Value("b", 0)
        self._close = _SPAWN.Value("b", 0)
        self._made = _SPAWN.Value("q", 0)
        self._acked = _SPAWN.Value("q", 0)

    @property
    def rate(self) -> float:
        """Events per second to send; infinite is as fast as it goes."""
        return self._rate.value

    @rate.setter
    def rate(self, rate: float) -> None:
        self._rate.value = rate

    @property
    def late(self) -> bool:
        """Whether late events may be sent."""
        return bool(self._late.value)

    @late.setter
    def late(self, late: bool) -> None:
        self._late.value = late

    @property
    def told(self) -> bool:
        """Whether all history is sent, so that the load may begin."""
        return bool(self._told.value)

    @told.setter
    def told(self, told: bool) -> None:
        self._told.value = told

    @property
    def ending(self) -> bool:
        """Whether the load may end as soon as it is large enough."""
        return bool(self._ending.value)

    @ending.setter
    def ending(self, ending: bool) -> None:
        self._ending.value = ending

    @property
    def rest(self) -> bool:
        """Whether only the last events are to come, which end all minutes."""
        return bool(self._rest.value)

    @rest.setter
    def rest(self, rest: bool) -> None:
        self._rest.value = rest

    @property
    def close(self) -> bool:
        """Whether those may be sent: what is on its way when they come is late."""
        return bool(self._close.value)

    @close.setter
    def close(self, close: bool) -> None:
        self._close.value = close

    @property
    def made(self) -> int:
        """Events made, duplicates not counted."""
        return self._made.value

    @made.setter
    def made(self, made: int) -> None:
        self._made.value = made

    @property
    def acked(self) -> int:
        """Records that the broker has acknowledged."""
        return self._acked.value

    @acked.setter
    def acked(self, acked: int) -> None:
        self._acked.value = acked


class Sender:
    """Sends one order. `wait` ends when the last record is acknowledged."""

    def __init__(self, order: Order) -> None:
        self.controls = Controls()
        self._log = order.expected.with_name("sender.log")
        self._process: SpawnProcess = _SPAWN.Process(
            target=_main, args=(order, self.controls, self._log), daemon=True
        )

    def start(self) -> None:
        """Start the process; it waits for a rate."""
        self._process.start()

    @property
    def done(self) -> bool:
        """Whether all was sent. Raises AssertionError if the sender has failed."""
        if self._process.is_alive():
            return False
        assert self._process.exitcode == 0, f"the sender failed\n{self._log.read_text()}"
        return True

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _main(order: Order, controls: Controls, log: Path) -> None:
    # An outage of the broker is meant; what the sender cannot make good for is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_send(order, controls))
    except BaseException:
        log.write_text(traceback.format_exc())
        raise


async def _send(order: Order, controls: Controls) -> None:
    story = Story(order.seed, order.incidents, order.history_hours)
    load = Load(order.seed, order.creators, order.partitions, order.tamper, story)
    failures: list[BaseException] = []
    acked = 0

    def settled(future: asyncio.Future[object]) -> None:
        nonlocal acked
        if error := future.exception():
            failures.append(error)
        acked += 1

    async with AIOKafkaProducer(
        bootstrap_servers=order.bootstrap,
        enable_idempotence=True,
        linger_ms=5,
        max_batch_size=65_536,
        request_timeout_ms=_OUTLASTS_MS,
    ) as producer:

        async def send(sendings: list[Sending], producer: AIOKafkaProducer = producer) -> None:
            for topic, key, value, partition in sendings:
                future = await producer.send(order.prefix + topic, value, key, partition)
                future.add_done_callback(settled)

        # At once: sent bit by bit, hours run by in moments, and workers that read along would take
        # what comes first for the present.
        async with (
            AIOKafkaProducer(
                bootstrap_servers=order.bootstrap,
                transactional_id=f"{order.prefix}history",
                transaction_timeout_ms=_OUTLASTS_MS,
                linger_ms=5,
                max_batch_size=65_536,
            ) as historian,
            historian.transaction(),
        ):
            for minute in load.history(time.time_ns() // 1_000_000 - order.behind_ms):
                await send(minute, historian)
        controls.told = True
        owed, last = 0.0, time.monotonic()
        while (load.made < order.events or not controls.ending) and not failures:
            now, rate = time.monotonic(), controls.rate
            owed = min(owed + rate * (now - last), _LARGEST_TURN) if rate else 0.0
            last = now
            late = controls.late
            for _ in range(int(owed)):
                now_ms = time.time_ns() // 1_000_000 - order.behind_ms
                await send(load.make(now_ms, late=late))
            owed -= int(owed)
            now_ms = time.time_ns() // 1_000_000 - order.behind_ms
            await send(load.live(now_ms, min(1.0, load.made / order.events)))
            controls.made, controls.acked = load.made, acked
            if rate != float("inf"):
                await asyncio.sleep(_TURN_S)
            else:
                owed = _LARGEST_TURN
                await asyncio.sleep(0)
        await send(load.doubles(rest=True))
        await producer.flush()
        controls.rest = True
        while not controls.close:
            await asyncio.sleep(_TURN_S)
        await send(load.closers(time.time_ns() // 1_000_000))
        await producer.flush()
    await asyncio.sleep(0)
    if failures:
        raise failures[0]
    controls.made, controls.acked = load.made, acked
    load.expected.save(order.expected)
    order.expected.with_name("sent.json").write_bytes(
        orjson.dumps({"events": load.made, "records": acked, **load.tally})
    )
