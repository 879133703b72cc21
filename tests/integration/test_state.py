"""An operator can look into the state and mend it; a worker that refuses it says how."""

import asyncio
import json
import re
import time
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from schemas.partitioning import partition_for
from stack.waiting import until
from streams.kafka.fuse import EXIT_CODE
from tests.harness.topics import produce
from tests.integration.deployment import PARTITIONS, Deployment, Sent, creators_of

CREATORS = [creator for p in range(PARTITIONS) for creator in creators_of(p, 1)]


def likes(number: int, creators: list[str] = CREATORS) -> list[Sent]:
    """One like for each creator."""
    now_ms = int(time.time() * 1000)
    return [
        Sent(
            "likes",
            creator.encode(),
            json.dumps(
                {
                    "event_id": f"e{number}",
                    "creator_id": creator,
                    "platform": "x",
                    "occurred_at": now_ms,
                    "post_id": "p",
                    "actor_id": "a",
                }
            ).encode(),
        )
        for creator in creators
    ]


async def run(deployment: Deployment, *arguments: str, **env: str) -> tuple[int, str]:
    return await asyncio.to_thread(deployment.command, *arguments, **env)


async def counted(deployment: Deployment) -> dict[str, int]:
    """The likes of a day by creator, as last published."""
    scores = await deployment.values("engagement-scores")
    return {score["creator_id"]: score["windows"]["24h"]["likes"] for score in scores}


async def await_counts(deployment: Deployment, wanted: dict[str, int]) -> None:
    async def equal() -> bool:
        return await counted(deployment) == wanted

    await until(equal, 40, lambda: f"{wanted}\n{deployment.tails()}")


async def test_state_is_listed_shown_and_exported_while_a_worker_runs(
    deployed: Deployment, tmp_path: Path
):
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(likes(0))
    await await_counts(deployed, dict.fromkeys(CREATORS, 1))

    status, output = await run(deployed, "state", "list", "--json")
    listed = [json.loads(line) for line in output.splitlines()]
    assert status == 0
    assert {line["creator_id"] for line in listed} == {*CREATORS, None}
    assert {line["kind"] for line in listed} >= {"now", "card", "shard", "duplicates"}
    for line in listed:
        if line["creator_id"]:
            assert line["partition"] == partition_for(line["creator_id"].encode(), PARTITIONS)

    status, output = await run(deployed, "state", "list", "--unreadable")
    assert (status, output) == (0, "")
    status, output = await run(deployed, "state", "show", CREATORS[0])
    assert status == 0
    assert json.loads(output)["records"]["card"]["value"]["platform"] == "x"
    status, output = await run(deployed, "state", "show", "nobody")
    assert status == 1
    assert "nothing is stored of 'nobody'" in output

    file = tmp_path / "state.jsonl"
    status, output = await run(deployed, "state", "export", str(file), "--kind", "shard")
    assert (status, output) == (0, f"{PARTITIONS} records\n")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["value"]["positions"]["likes"] for line in lines] == [1] * PARTITIONS

    status, output = await run(
        deployed, "state", "delete", "--creator", CREATORS[0], "--yes", PULSE_SESSION_TIMEOUT="3"
    )
    assert status == 1
    assert "stop them all first" in output
    await worker.stop()


async def test_a_corrupt_record_stops_the_worker_until_it_is_deleted_as_the_message_says(
    deployed: Deployment,
):
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(likes(0))
    await await_counts(deployed, dict.fromkeys(CREATORS, 1))
    await worker.stop()

    victim = CREATORS[2]
    changelog = f"{deployed.env['PULSE_APP_ID']}-engagement-changelog"
    # A record as a broken disk or another program might leave it.
    await produce(deployed.bootstrap, [(changelog, f"n{victim}".encode(), b"\x01\xc1", 2)])
    worker = deployed.worker()
    assert await asyncio.to_thread(worker.process.wait, 40) == EXIT_CODE
    output = worker.process.output()
    said = re.search(rf"{changelog}\[2\] at offset (\d+), written .*: the state record", output)
    assert said, output
    assert f"now of creator {victim}" in output
    assert "Traceback" not in output
    command = re.search(r"`pulse (state delete [^`]+)`", output)
    assert command, output

    status, listed = await run(deployed, "state", "list", "--unreadable", "--json")
    assert status == 1
    [line] = [json.loads(line) for line in listed.splitlines()]
    assert (line["offset"], line["creator_id"]) == (int(said.group(1)), victim)
    assert line["error"] in output

    status, told = await run(deployed, *command.group(1).split())
    assert (status, "would be deleted" in told) == (0, True)
    status, _ = await run(deployed, "state", "list", "--unreadable")
    assert status == 1
    status, told = await run(deployed, *command.group(1).split(), "--yes")
    assert (status, "1 records deleted" in told) == (0, True)
    status, told = await run(deployed, *command.group(1).split(), "--yes")
    assert status == 1
    assert "there is no such record" in told

    worker = deployed.worker()
    await worker.ready()
    await deployed.send(likes(1))
    others = [creator for creator in CREATORS if creator != victim]

    async def others_go_on() -> bool:
        seen = await counted(deployed)
        return all(seen[creator] == 2 for creator in others) and seen[victim] >= 1

    await until(others_go_on, 40, lambda: f"counts go on\n{worker.process.tail()}")
    await worker.stop()


async def test_a_creator_that_is_deleted_counts_anew(deployed: Deployment):
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(likes(0))
    await await_counts(deployed, dict.fromkeys(CREATORS, 1))
    await worker.stop()
    status, output = await run(deployed, "state", "delete", "--creator", CREATORS[1], "--yes")
    assert status == 0, output
    worker = deployed.worker()
    await worker.ready()
    await deployed.send(likes(1))
    await await_counts(deployed, dict.fromkeys(CREATORS, 2) | {CREATORS[1]: 1})
    await worker.stop()


async def test_what_cannot_be_deleted_is_refused_with_the_reason(deployed: Deployment):
    status, output = await run(deployed, "state", "delete", "--partition", "0", "--key", "%00shard")
    assert status == 1
    assert "pulse reset" in output
    status, output = await run(deployed, "state", "delete", "--partition", "9", "--key", "nx")
    assert status == 1
    assert "PULSE_PARTITIONS" in output
    status, output = await run(deployed, "state", "delete", "--key", "nx")
    assert status == 2
    assert "Traceback" not in output


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning_when_told_so(
    deployed: Deployment,
):
    worker = deployed.worker()
    await worker.ready()
    await deployed.send([*likes(0), *likes(1), *likes(2)])
    await await_counts(deployed, dict.fromkeys(CREATORS, 3))
    await worker.stop()

    name = deployed.prefix + "likes"
    admin = AIOKafkaAdminClient(bootstrap_servers=deployed.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([name])

        async def gone() -> bool:
            return name not in await admin.list_topics()

        await until(gone, 60, f"{name} is gone")
    finally:
        await admin.close()
    status, output = await run(deployed, "topics", "create")
    assert status == 0, output
    await deployed.send(likes(3))
    status, output = await run(deployed, "doctor")
    assert status == 1
    assert "pulse state accept-gap --made-anew" in output
    worker = deployed.worker()
    assert await asyncio.to_thread(worker.process.wait, 40) == EXIT_CODE
    assert f"{name}[" in worker.process.output()
    assert "ends at 1, but the state stands at 3" in worker.process.output()
    assert "pulse state accept-gap --made-anew" in worker.process.output()
    assert "Traceback" not in worker.process.output()
    status, output = await run(deployed, "state", "accept-gap", "--yes")
    assert (status, "the topic was made anew" in output) == (1, True)

    status, output = await run(deployed, "state", "accept-gap", "--made-anew", "--yes")
    assert status == 0, output
    assert output.count("read on at 0, not 3") == PARTITIONS
    worker = deployed.worker()
    await worker.ready()
    await await_counts(deployed, dict.fromkeys(CREATORS, 4))
    await worker.stop()


async def test_state_that_is_not_there_is_told_at_once_with_what_to_do(bare_deployment: Deployment):
    for command in (["list"], ["show", "x"], ["export"], ["migrate", "--partitions", "8"]):
        status, output = await run(bare_deployment, "state", *command)
        assert status == 1
        assert "-changelog: not on the brokers. Run `pulse topics create`." in output
    assert (await run(bare_deployment, "topics", "create"))[0] == 0
    status, output = await run(bare_deployment, "state", "list", PULSE_PARTITIONS="16")
    assert status == 1
    assert f"the state has partitions 0 to {PARTITIONS - 1}, and no 15" in output
