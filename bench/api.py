"""`python -m bench.api`: what `pulse api` takes for many creators and many listeners.

On a real Kafka: so many creators are written to the topics as workers write them; then `pulse api`
is started, killed and started again, asked for one creator at a time, for pages, and listened to
while scores go on changing. Times are seconds or milliseconds on one machine, client included.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from aiokafka import AIOKafkaProducer

from bench.measure import cpu_seconds, resident_bytes
from schemas import scores
from schemas.instants import from_ms
from schemas.partitioning import partition_for
from stack.kafka import KafkaServer
from stack.ports import free_port
from stack.procs import Process, pulse
from stack.waiting import until

PARTITIONS = 4
V1 = "/api/v1"
Figures = dict[str, Any]


def score(creator_id: str, number: int, at_ms: int) -> bytes:
    dice = random.Random(number)
    likes = dice.randrange(5_000)
    counts = scores.Counts(
        events=likes * 2, likes=likes, comments=likes // 9, engagements=likes, views=likes * 11,
        unique_actors=likes, engagement_rate=likes / 50_000, basis="followers",
    )  # fmt: skip
    made = scores.EngagementScore(
        creator_id=creator_id,
        platform=dice.choice(["instagram", "tiktok", "bluesky"]),
        handle=creator_id.partition(":")[2],
        tier=dice.choice(["nano", "micro", "mid"]),
        as_of=from_ms(at_ms),
        watermark=from_ms(at_ms),
        followers=50_000,
        score=dice.random() * 100,
        score_samples=30,
        windows=scores.CountsByWindow(m1=counts, m5=counts, h1=counts, h24=counts),
    )
    return msgspec.json.encode(made)


def sentiment(creator_id: str, at_ms: int) -> bytes:
    mood = scores.Mood(comments=9, positive=5, neutral=3, negative=1, mean=0.2, net=0.4)
    made = scores.SentimentScore(
        creator_id=creator_id,
        as_of=from_ms(at_ms),
        watermark=from_ms(at_ms),
        analyser="lexicon",
        windows=scores.MoodByWindow(m1=mood, m5=mood, h1=mood, h24=mood),
    )
    return msgspec.json.encode(made)


def profile(creator_id: str, at_ms: int) -> bytes:
    value = {
        "event_id": "e", "creator_id": creator_id, "platform": "instagram", "occurred_at": at_ms,
        "handle": creator_id.partition(":")[2], "followers": 50_000, "tags": ["running", "food"],
    }  # fmt: skip
    return msgspec.json.encode(value)


class Bench:
    """One Kafka, one API, and what is measured of them."""

    def __init__(self, workdir: Path, creators: int) -> None:
        self.workdir = workdir
        self.ids = [f"instagram:creator.{number:07}" for number in range(creators)]
        self.port = free_port()
        self.bootstrap = ""
        self.sent_at: dict[str, float] = {}

    def env(self) -> dict[str, str]:
        return {
            "PULSE_BOOTSTRAP_SERVERS": self.bootstrap,
            "PULSE_PARTITIONS": str(PARTITIONS),
            "PULSE_API_PORT": str(self.port),
            "PULSE_API_DATABASE": str(self.workdir / "api.sqlite3"),
            "PULSE_API_REQUESTS_PER_MINUTE": "10000000",
        }

    def api(self) -> Process:
        return pulse("api", log=self.workdir / "api.log", env=self.env())

    async def fill(self) -> None:
        topics = pulse("topics", "create", log=self.workdir / "topics.log", env=self.env())
        with topics:
            assert topics.wait(60) == 0, topics.tail()
        now = time.time_ns() // 1_000_000
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=20, acks=1)
        await producer.start()
        for number, creator_id in enumerate(self.ids):
            key = creator_id.encode()
            partition = partition_for(key, PARTITIONS)
            for topic, value in (
                ("engagement-scores", score(creator_id, number, now)),
                ("sentiment-scores", sentiment(creator_id, now)),
                ("creators", profile(creator_id, now)),
            ):
                await producer.send(topic, value, key, partition)
        members = self.ids[:500]
        campaign = {"campaign_id": "c1", "name": "Spring", "creators": members}
        await producer.send("campaigns", msgspec.json.encode(campaign), b"c1")
        await producer.flush()
        await producer.stop()

    async def seconds_to_ready(self, process: Process) -> float:
        began = time.monotonic()
        process.start()

        async def ready() -> bool:
            assert process.running, process.tail()
            try:
                async with (
                    aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as session,
                    session.get("/readyz") as answer,
                ):
                    return answer.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await until(ready, 300, lambda: f"ready\n{process.tail()}")
        return round(time.monotonic() - began, 2)

    async def timed(self, paths: list[str], pause: float = 0.0) -> Figures:
        taken = []
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as session:
            for path in paths:
                began = time.perf_counter()
                async with session.get(path) as answer:
                    await answer.read()
                    assert answer.status == 200, path
                taken.append((time.perf_counter() - began) * 1000)
                if pause:
                    await asyncio.sleep(pause)
        taken.sort()
        at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {
            f"{name}_ms": round(taken[min(len(taken) - 1, int(len(taken) * share))], 2)
            for name, share in at.items()
        } | {"requests": len(taken)}

    def some(self, count: int) -> list[str]:
        dice = random.Random(1)
        return [f"{V1}/creators/{quote(dice.choice(self.ids), safe='')}" for _ in range(count)]

    async def timed_apart(self, count: int, pause: float) -> Figures:
        """The same in a process of its own, which the listeners here do not hold up."""
        words = [str(self.port), str(len(self.ids)), str(count), str(pause)]
        asking = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.api", "--ask", *words, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await asking.communicate()
        figures: Figures = json.loads(output)
        return figures

    @asynccontextmanager
    async def load(self, rate: int) -> AsyncIterator[None]:
        """Scores that change, so many a second."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, linger_ms=5, acks=1)
        await producer.start()

        async def work() -> None:
            number = 0
            while True:
                now = time.time_ns() // 1_000_000
                for _ in range(rate // 10):
                    creator_id = self.ids[number % 2_000]
                    number += 1
                    key = creator_id.encode()
                    value = score(creator_id, number, now)
                    await producer.send(
                        "engagement-scores", value, key, partition_for(key, PARTITIONS)
                    )
                await asyncio.sleep(0.1)

        working = asyncio.create_task(work())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await producer.stop()

    async def listen(self, count: int, got: list[float], ready: asyncio.Queue[int]) -> None:
        """A listener to the campaign; how old each score is when it comes, in seconds."""
        timeout = aiohttp.ClientTimeout(total=None)
        session = aiohttp.ClientSession(timeout=timeout)
        async with (
            session,
            session.get(
                f"http://127.0.0.1:{self.port}{V1}/stream?campaign=c1", max_line_size=65_536
            ) as answer,
        ):
            live = False
            async for line in answer.content:
                if line == b"event: ready\n":
                    live = True
                    ready.put_nowait(count)
                elif live and line.startswith(b'data: {"creator_id"'):
                    as_of = msgspec.json.decode(line[6:])["as_of"]
                    moment = msgspec.convert(as_of, type=scores.Instant)
                    got.append(time.time() - moment.timestamp())


async def measured(workdir: Path, creators: int, clients: int, rate: int) -> Figures:
    bench = Bench(workdir, creators)
    found: Figures = {"creators": creators, "clients": clients, "scores_a_second": rate}
    with KafkaServer(workdir / "kafka") as kafka:
        bench.bootstrap = kafka.bootstrap
        await bench.fill()
        process = bench.api()
        try:
            found["start_s"] = await bench.seconds_to_ready(process)
            process.kill()
            found["restart_s"] = await bench.seconds_to_ready(process)
            found["resident_mb"] = resident_bytes(process.pid) >> 20
            found["one_creator"] = await bench.timed(bench.some(5_000))
            page = f"{V1}/creators?limit=50"
            found["page_of_all"] = await bench.timed([page] * 100)
            found["page_found_by_text"] = await bench.timed([f"{page}&q=99"] * 100)
            found["page_of_campaign"] = await bench.timed([f"{page}&campaign=c1"] * 100)
            ages: list[float] = []
            ready: asyncio.Queue[int] = asyncio.Queue()
            async with bench.load(rate):
                listening = [
                    asyncio.create_task(bench.listen(n, ages, ready)) for n in range(clients)
                ]
                for _ in range(clients):
                    await asyncio.wait_for(ready.get(), 120)
                ages.clear()
                began, cpu = time.monotonic(), cpu_seconds(process.pid)
                found["one_creator_with_listeners"] = await bench.timed_apart(1_000, 0.01)
                seconds = time.monotonic() - began
                found["cpu_share_with_listeners"] = round(
                    (cpu_seconds(process.pid) - cpu) / seconds, 3
                )
                found["events_a_second"] = round(len(ages) / seconds)
                ages.sort()
                found["age_p50_s"] = round(ages[len(ages) // 2], 3)
                found["age_p99_s"] = round(ages[int(len(ages) * 0.99)], 3)
                found["resident_mb_with_listeners"] = resident_bytes(process.pid) >> 20
                began = time.monotonic()
                process.terminate()
                status = await asyncio.to_thread(process.wait, 15)
                found["stop_s"], found["exit_status"] = round(time.monotonic() - began, 2), status
                await asyncio.gather(*listening, return_exceptions=True)
        finally:
            process.end()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--creators", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=200, help="listeners at once")
    parser.add_argument("--rate", type=int, default=500, help="scores that change in a second")
    parser.add_argument("--report", type=Path, help="write the figures to this JSON file, too")
    parser.add_argument("--ask", nargs=4, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.ask:
        port, creators, count, pause = told.ask
        asking = Bench(Path(), int(creators))
        asking.port = int(port)
        print(json.dumps(asyncio.run(asking.timed(asking.some(int(count)), float(pause)))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-api-") as folder:
        workdir = Path(folder)
        (workdir / "kafka").mkdir()
        found = asyncio.run(measured(workdir, told.creators, told.clients, told.rate))
    text = json.dumps(found, indent=2)
    print(text)
    if told.report:
        told.report.write_text(text + "\n")


if __name__ == "__main__":
    main()
