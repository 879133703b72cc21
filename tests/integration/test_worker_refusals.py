"""A worker that cannot work says why, in one message, and ends with a status that tells so."""

import asyncio

from tests.harness.topics import create_topics
from tests.integration.deployment import PARTITIONS, Deployment


async def test_without_topics_a_worker_names_them_and_the_remedy(bare_deployment: Deployment):
    status, output = await asyncio.to_thread(bare_deployment.command, "worker", PULSE_HTTP_PORT="0")
    assert status == 1
    assert f"{bare_deployment.prefix}likes" in output
    assert "pulse topics create" in output
    assert "Traceback" not in output


async def test_wrong_partition_counts_are_refused_with_the_topic_and_both_counts(
    bare_deployment: Deployment,
):
    wrong = f"{bare_deployment.prefix}shares"
    await create_topics(bare_deployment.bootstrap, {wrong: PARTITIONS + 1})
    status, output = await asyncio.to_thread(bare_deployment.command, "topics", "create")
    assert status == 1
    message = f"{wrong}: the number of partitions is {PARTITIONS + 1}, expected {PARTITIONS}"
    assert message in output

    status, output = await asyncio.to_thread(bare_deployment.command, "worker", PULSE_HTTP_PORT="0")
    assert status == 1
    assert message in output
    assert "Traceback" not in output


async def test_brokers_that_are_not_there_end_the_start_after_the_time_allowed(
    bare_deployment: Deployment,
):
    status, output = await asyncio.to_thread(
        bare_deployment.command,
        "worker",
        PULSE_BOOTSTRAP_SERVERS="127.0.0.1:1",
        PULSE_HTTP_PORT="0",
        PULSE_START_TIMEOUT="0",
    )
    assert status == 1
    assert "cannot start" in output
    assert "127.0.0.1" in output
    assert "Traceback" not in output


async def test_a_taken_port_is_told_with_the_setting_to_change(deployed: Deployment):
    first = deployed.worker()
    await first.ready()
    status, output = await asyncio.to_thread(
        deployed.command, "worker", PULSE_HTTP_PORT=str(first.port)
    )
    assert status == 1
    assert "PULSE_HTTP_PORT" in output
    assert "Traceback" not in output


async def test_faulty_settings_are_all_told_before_anything_starts(bare_deployment: Deployment):
    status, output = await asyncio.to_thread(
        bare_deployment.command, "worker", PULSE_PARTITIONS="x", PULSE_HTTP_PORT="y", PULSE_OOPS="1"
    )
    assert status == 2
    assert "PULSE_PARTITIONS='x'" in output
    assert "PULSE_HTTP_PORT='y'" in output
    assert "PULSE_OOPS is not a setting" in output
    assert "Traceback" not in output


async def test_topics_are_created_once_and_can_be_checked_at_any_time(bare_deployment: Deployment):
    status, output = await asyncio.to_thread(bare_deployment.command, "topics", "check")
    assert status == 1
    assert ": not on the brokers. Run `pulse topics create`." in output
    status, output = await asyncio.to_thread(bare_deployment.command, "topics", "create")
    assert (status, output.count("created ")) == (0, 20)
    status, output = await asyncio.to_thread(bare_deployment.command, "topics", "create")
    assert (status, "nothing was missing" in output) == (0, True)
    status, output = await asyncio.to_thread(bare_deployment.command, "topics", "check")
    assert (status, "20 topics can be used" in output) == (0, True)
