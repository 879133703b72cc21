"""The doctor finds what is wrong and says what to do, on a real Kafka and without one."""

import asyncio
import json

from tests.integration.deployment import PARTITIONS, Deployment


async def examine(deployment: Deployment, **env: str) -> tuple[int, dict[str, object], list[str]]:
    status, output = await asyncio.to_thread(deployment.command, "doctor", "--json", **env)
    told = json.loads(output)
    findings = [f"{f['severity']}: {f['text']} {f['remedy']}" for f in told["findings"]]
    return status, told, findings


async def test_a_sound_deployment_is_told_so(deployed: Deployment):
    status, told, findings = await examine(deployed)
    assert (status, findings) == (0, [])
    assert told["ok"] is True
    assert told["settings"]["PULSE_ACTOR_SECRET"] == "(hidden)"
    assert told["versions"].keys() >= {"creator-pulse", "python", "faust-streaming", "aiokafka"}
    assert told["broker"]["brokers"] == 1
    assert told["broker"]["transactions"] is True
    assert told["broker"]["speaks_like"].startswith("Kafka 4")


async def test_missing_topics_are_one_error_with_the_remedy(bare_deployment: Deployment):
    status, _, findings = await examine(bare_deployment)
    assert status == 1
    assert len(findings) == 1
    assert f"{bare_deployment.prefix}likes" in findings[0]
    assert "pulse topics create" in findings[0]


async def test_another_number_of_partitions_is_an_error(deployed: Deployment):
    status, _, findings = await examine(deployed, PULSE_PARTITIONS=str(PARTITIONS + 1))
    assert status == 1
    assert f"the number of partitions is {PARTITIONS}, expected {PARTITIONS + 1}" in findings[0]


async def test_more_copies_than_brokers_are_an_error(deployed: Deployment):
    status, _, findings = await examine(deployed, PULSE_REPLICATION_FACTOR="3")
    assert status == 1
    assert (
        "error: PULSE_REPLICATION_FACTOR is 3, with 1 broker(s). Set it to at most 1." in findings
    )


async def test_brokers_that_are_not_there_are_an_error_and_nothing_is_logged_beside_it(
    bare_deployment: Deployment,
):
    status, _, findings = await examine(
        bare_deployment, PULSE_BOOTSTRAP_SERVERS="127.0.0.1:1", PULSE_REPLICATIONFACTOR="3"
    )
    assert status == 1
    assert (
        "error: No broker can be used at 127.0.0.1:1 (Connection refused): expected Kafka that"
        " speaks PLAINTEXT. Start Kafka there, or set PULSE_BOOTSTRAP_SERVERS to where it is."
    ) in " ".join(findings)
    assert any("Set PULSE_REPLICATION_FACTOR instead?" in finding for finding in findings)


async def test_faulty_settings_are_findings_too(bare_deployment: Deployment):
    status, _, findings = await examine(
        bare_deployment, PULSE_PARTITIONS="x", PULSE_CHECKPOINT_INTERVAL="y"
    )
    assert status == 1
    assert [finding.split("=")[0] for finding in findings] == [
        "error: PULSE_CHECKPOINT_INTERVAL",
        "error: PULSE_PARTITIONS",
    ]


async def test_for_people_it_is_readable_text(deployed: Deployment):
    status, output = await asyncio.to_thread(deployed.command, "doctor")
    assert status == 0
    for heading in ("Settings", "Versions", "Broker", "Permissions", "Findings"):
        assert f"\n{heading}" in f"\n{output}"
    assert "  All is well." in output
    assert deployed.env["PULSE_ACTOR_SECRET"] not in output
