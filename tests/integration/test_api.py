"""`pulse api` beside a worker and a simulator: live, acted on, restarted, shut to strangers."""

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from stack.ports import free_port
from stack.procs import Process, pulse
from stack.waiting import until
from streams.api.tokens import make
from tests.integration.deployment import Deployment, Sent
from tests.integration.test_alert_commands import HOUR_MS, SOON, burst, follows, now_ms
from tests.unit.api.caller import alert

V1 = "/api/v1"
ADA = "ada"


class Api:
    """One `pulse api` that demands tokens, and questions to it."""

    def __init__(self, deployment: Deployment, name: str = "api", **env: str) -> None:
        made = {role: make(f"{role}-1:{role}") for role in ("viewer", "operator")}
        self.tokens = {role: token for role, (token, _) in made.items()}
        self.port = free_port()
        self.report = deployment.workdir / f"{name}.json"
        own = {
            "PULSE_API_PORT": str(self.port),
            "PULSE_API_ACCESS": "token",
            "PULSE_API_TOKENS": ",".join(entry for _, entry in made.values()),
            "PULSE_API_DATABASE": str(deployment.workdir / f"{name}.sqlite3"),
            "PULSE_API_STREAM_INTERVAL": "0.1",
        }
        self.process: Process = pulse(
            "api",
            "--report",
            str(self.report),
            log=deployment.workdir / f"{name}.log",
            env=deployment.env | own | env,
        )

    def headers(self, role: str | None) -> dict[str, str]:
        return {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}

    async def ask(
        self, method: str, path: str, body: Any = None, role: str | None = "viewer"
    ) -> tuple[int, Any]:
        """Status and decoded body; status 0 while nothing listens."""
        try:
            async with (
                aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as session,
                session.request(method, path, json=body, headers=self.headers(role)) as answer,
            ):
                return answer.status, await answer.json(content_type=None)
        except aiohttp.ClientConnectionError:
            return 0, None

    async def get(self, path: str) -> Any:
        status, body = await self.ask("GET", V1 + path)
        assert status == 200, (path, status, body)
        return body

    async def ready(self) -> None:
        """Wait until all that there was is read."""

        async def read() -> bool:
            assert self.process.running, f"ended\n{self.process.tail()}"
            return (await self.ask("GET", "/readyz"))[0] == 200

        await until(read, 60, lambda: f"all is read\n{self.process.tail()}")

    @asynccontextmanager
    async def stream(self, query: str = "") -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
        """The events of a live stream as (name, data)."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", timeout=timeout) as session,
            session.get(f"{V1}/stream{query}", headers=self.headers("viewer")) as answer,
        ):
            assert answer.status == 200

            async def events() -> AsyncIterator[tuple[str, Any]]:
                name = ""
                async for line in answer.content:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        yield name, json.loads(value)

            yield events()

    async def totals(self) -> Counter[str]:
        """Accepted events of each creator, by the history of the last two days, in hours."""
        found: Counter[str] = Counter()
        cursor = ""
        while True:
            page = await self.get(f"/creators?limit=500{cursor}")
            for creator in page["creators"]:
                creator_id = creator["creator_id"]
                path = f"/creators/{quote(creator_id, safe='')}/history"
                begin = now_ms() - 24 * HOUR_MS
                for step in ("1m", "1h"):
                    series = await self.get(f"{path}?from={begin}&to={now_ms()}&step={step}")
                    found[f"{creator_id} {step}"] += sum(p["events"] for p in series["points"])
            if page["next"] is None:
                return +found
            cursor = f"&cursor={page['next']}"


async def published(deployment: Deployment) -> Counter[str]:
    """Accepted events of each creator, as the windows on the topic have them."""
    found: Counter[str] = Counter()
    for window in await deployment.values("engagement-windows"):
        for step in ("1m", "1h"):
            found[f"{window['creator_id']} {step}"] += window["events"]
    return +found


async def first(events: AsyncIterator[tuple[str, Any]], name: str, **wanted: object) -> Any:
    """The data of the next event of this name that has what is wanted."""

    async def found() -> Any:
        async for event, data in events:
            if event == name and all(data[key] == value for key, value in wanted.items()):
                return data
        raise AssertionError(f"the stream ended without {name} {wanted}")

    return await asyncio.wait_for(found(), 60)


def simulator(deployment: Deployment) -> Process:
    return pulse(
        "simulate", "--creators", "6", "--backfill", "30m", "--rate", "30", "--seed", "5",
        log=deployment.workdir / "simulate.log", env=deployment.env,
    )  # fmt: skip


@pytest.mark.timeout(300)
async def test_scores_and_alerts_are_live_are_acted_on_and_survive_restarts(
    deployed: Deployment,
) -> None:
    await deployed.send(follows(ADA, now_ms() - 7 * HOUR_MS, "first", 1))
    worker = deployed.worker(**SOON)
    await worker.ready()
    simulated = simulator(deployed)
    api = Api(deployed)
    try:
        simulated.start()
        api.process.start()
        await api.ready()
        await score_and_alert(deployed, api)
        await kill_and_compare(deployed, api, simulated)
        await worker.stop()

        began = time.monotonic()
        api.process.terminate()
        assert await asyncio.to_thread(api.process.wait, 60) == 0
        assert time.monotonic() - began < 10
        report = json.loads(api.report.read_text())
        assert (report["exit_status"], report["exit_reason"]) == (0, "stopped by SIGTERM")
        assert report["commands"] == 0, "that was the process before"
        output = api.process.output()
        assert not any(token in output for token in api.tokens.values())
    finally:
        simulated.end()
        api.process.end()


async def score_and_alert(deployed: Deployment, api: Api) -> None:
    """A score comes live; an alert is shown; it is taken, by an operator only."""
    async with api.stream() as events:
        await first(events, "ready")
        # A profile comes as a score, too, without one yet.
        while (score := await first(events, "score"))["as_of"] is None:
            pass
        shown = await api.get(f"/creators/{quote(score['creator_id'], safe='')}")
        assert shown["summary"]["as_of"] >= score["as_of"]

        await burst(deployed, ADA, 400)
        alert = await first(events, "alert", creator_id=ADA, kind="follower_spike")
    alert_id = alert["alert_id"]
    page = await api.get("/creators?with_alert=true")
    assert ADA in [creator["creator_id"] for creator in page["creators"]]
    assert alert_id in [a["alert_id"] for a in (await api.get(f"/alerts?creator={ADA}"))["alerts"]]

    path = f"{V1}/alerts/{quote(alert_id, safe='')}/commands"
    body = {"action": "acknowledge", "note": "on it"}
    assert (await api.ask("POST", path, body, role="viewer"))[0] == 403
    assert (await api.ask("POST", path, body, role=None))[0] == 401
    status, said = await api.ask("POST", path, body, role="operator")
    assert (status, said["command"]["by"]) == (202, "operator-1")

    async def taken() -> bool:
        story = await api.get(f"/alerts/{quote(alert_id, safe='')}")
        return story["latest"]["acknowledged_by"] == "operator-1" and [
            command["note"] for command in story["said"]
        ] == ["on it"]

    await until(taken, 60, lambda: f"the alert is taken\n{deployed.tails()}")


async def kill_and_compare(deployed: Deployment, api: Api, simulated: Process) -> None:
    """Killed while records come, and started again, it has each of them once."""
    api.process.kill()
    seen = len(await deployed.values("engagement-windows"))
    more = len(await deployed.settled("engagement-windows", seen + 5, timeout=120))
    assert more > seen, "there is something that was missed"
    api.process.start()
    await api.ready()
    alerts = {alert["alert_id"] for alert in (await api.get("/alerts?state=all"))["alerts"]}
    assert alerts == {alert["alert_id"] for alert in await deployed.values("alerts")}
    simulated.interrupt()
    assert await asyncio.to_thread(simulated.wait, 30) == 0

    last: dict[str, Mapping[str, int]] = {}

    async def agree() -> bool:
        last.update(topic=await published(deployed), api=await api.totals())
        return last["topic"] == last["api"]

    def difference() -> str:
        topic, shown = Counter(last["topic"]), Counter(last["api"])
        return f"history is what is published: missing {topic - shown}, too much {shown - topic}"

    await until(agree, 60, difference)


async def test_a_second_instance_reads_for_itself_and_a_taken_file_is_refused(
    deployed: Deployment,
) -> None:
    one, other = Api(deployed), Api(deployed, "other")
    same = Api(deployed, "same", PULSE_API_DATABASE=str(deployed.workdir / "api.sqlite3"))
    with one.process, other.process:
        await one.ready()
        await other.ready()
        with same.process:
            assert await asyncio.to_thread(same.process.wait, 30) == 1
            assert "is in use by another process" in same.process.output()
        assert json.loads(same.report.read_text())["exit_status"] == 1
        status, said = await one.ask("GET", "/healthz", role=None)
        assert (status, said["ok"]) == (200, True)
        for path in ("/readyz", f"{V1}/creators", f"{V1}/stream", f"{V1}/openapi.json", "/none"):
            assert (await one.ask("GET", path, role=None))[0] == 401, path
        one.process.interrupt()
        assert await asyncio.to_thread(one.process.wait, 60) == 0


async def test_a_start_that_cannot_be_says_why(bare_deployment: Deployment, tmp_path: Path) -> None:
    for env, status, told in (
        ({}, 1, "Run `pulse topics create`"),
        (
            {"PULSE_BOOTSTRAP_SERVERS": "127.0.0.1:1", "PULSE_START_TIMEOUT": "0"},
            1,
            "no broker can be reached at 127.0.0.1:1",
        ),
        ({"PULSE_API_HOST": "192.0.2.1"}, 1, "cannot listen on 192.0.2.1"),
        ({"PULSE_API_HOST": "0.0.0.0", "PULSE_API_TOKENS": ""}, 2, "a token at least"),
        ({"PULSE_API_TOKENS": "hunter2"}, 2, "number 1 is none"),
    ):
        api = Api(bare_deployment, **env)
        with api.process:
            ended = await asyncio.to_thread(api.process.wait, 60)
            output = api.process.output()
            assert (ended, told in output) == (status, True), output
            assert "hunter2" not in output
            assert "Traceback" not in output
        api.process.log.unlink()


async def test_a_part_that_fails_ends_the_process_with_a_message(deployed: Deployment) -> None:
    api = Api(deployed)
    with api.process:
        await api.ready()
        other = sqlite3.connect(deployed.workdir / "api.sqlite3")
        other.execute("DROP TABLE alert_records")
        other.close()
        told = alert(ADA)
        await deployed.send([Sent("alerts", told.key, told.value)])
        assert await asyncio.to_thread(api.process.wait, 30) == 70
        assert "following history failed: no such table" in api.process.output()
    assert json.loads(api.report.read_text())["exit_status"] == 70
