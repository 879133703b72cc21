"""On a cluster that asks for permissions, those that the doctor names are enough, and needed."""

import asyncio
import json
import shlex
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.partitioning import partition_for
from stack.kafka import java_runtime, kafka_libs
from stack.waiting import await_condition, until
from tests.integration.deployment import PARTITIONS, Deployment, Sent
from tests.integration.guarded import guarded_server


class Guarded(Deployment):
    """A deployment that may do what it was granted; `bootstrap` is a super user's door."""

    async def grant(self, role: str) -> None:
        """Run the commands that the doctor prints for a role."""
        status, output = await asyncio.to_thread(
            self.command, "doctor", "--acls", "--role", role, "--principal", "User:pulse"
        )
        assert status == 0, output
        tool = [java_runtime(), "-XX:TieredStopAtLevel=1", "-cp", str(kafka_libs() / "*")]
        tool += ["org.apache.kafka.tools.AclCommand", "--bootstrap-server", self.bootstrap]

        async def run(line: str) -> None:
            words = shlex.split(line)
            assert words[:3] == [
                "kafka-acls.sh",
                "--bootstrap-server",
                self.env["PULSE_BOOTSTRAP_SERVERS"],
            ]
            done = await asyncio.to_thread(
                subprocess.run, [*tool, *words[3:]], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr

        await asyncio.gather(*map(run, output.splitlines()))


@pytest.fixture
async def guarded(unique: str, tmp_path: Path) -> AsyncIterator[Guarded]:
    server, door = guarded_server(
        tmp_path / "kafka",
        {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        },
    )
    await asyncio.to_thread(server.start)
    made = Guarded(server.bootstrap, unique, tmp_path)
    made.env |= door
    yield made
    await asyncio.to_thread(made.end)
    await asyncio.to_thread(server.stop)


def like(number: int, partition: int | None = None) -> Sent:
    event = {
        "event_id": f"e{number}",
        "creator_id": "c1",
        "platform": "x",
        "occurred_at": int(time.time() * 1000),
        "post_id": "p",
        "actor_id": "a",
    }
    return Sent("likes", b"c1", json.dumps(event).encode(), partition)


async def test_what_the_doctor_names_is_what_a_worker_and_an_operator_need(guarded: Guarded):
    status, output = await asyncio.to_thread(guarded.command, "topics", "create")
    assert status == 1
    assert "Traceback" not in output
    status, output = await asyncio.to_thread(
        guarded.command,
        "topics",
        "create",
        PULSE_BOOTSTRAP_SERVERS=guarded.bootstrap,
        PULSE_SECURITY_PROTOCOL="PLAINTEXT",
        PULSE_SASL_USERNAME="",
        PULSE_SASL_PASSWORD="",
    )
    assert status == 0, output
    await guarded.grant("worker")

    worker = guarded.worker()
    await worker.ready()
    elsewhere = (partition_for(b"c1", PARTITIONS) + 1) % PARTITIONS
    await guarded.send([like(0), like(1, elsewhere)])

    async def counted(wanted: int) -> None:
        async def equal() -> bool:
            scores = await guarded.values("engagement-scores")
            return bool(scores) and scores[-1]["windows"]["24h"]["likes"] == wanted

        await until(equal, 60, lambda: f"{wanted} likes\n{guarded.tails()}")

    await counted(2)
    await worker.stop()
    status, output = await asyncio.to_thread(guarded.command, "reset", "--to", "earliest", "--yes")
    assert (status, "Traceback" in output) == (1, False)
    await guarded.grant("operator")
    for command in (
        ("topics", "create"),
        ("doctor",),
        ("state", "list"),
        ("state", "accept-gap", "--yes"),
        ("reset", "--to", "earliest", "--yes"),
        ("state", "migrate", "--partitions", "8"),
    ):
        status, output = await asyncio.to_thread(guarded.command, *command)
        if command[1:2] == ("migrate",):
            assert "there are unread events" in output
        else:
            assert status == 0, f"{command}: {output}"
    worker = guarded.worker()
    await worker.ready()

    def caught_up() -> bool:
        # The scores are those of before, so they cannot tell.
        accepted = worker.metric("engagement_events_accepted_total")
        return (accepted, worker.metric("engagement_consumer_lag_records")) == (2, 0)

    await asyncio.to_thread(await_condition, caught_up, 60, guarded.tails)
    await counted(2)
    await worker.stop()
    status, output = await asyncio.to_thread(
        guarded.command, "state", "migrate", "--partitions", "8", "--yes"
    )
    assert status == 0, output
