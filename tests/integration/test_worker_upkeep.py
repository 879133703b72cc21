"""What an operator does to a running system: watch it, share a cluster, change the guarantee."""

import asyncio
import time

from aiokafka import AIOKafkaProducer

from stack.waiting import until
from streams.kafka.fuse import EXIT_CODE
from tests.integration.deployment import PARTITIONS, Deployment, creators_of
from tests.integration.history import (
    MINUTE_MS,
    History,
    counted_by_minute,
    counted_by_scores,
    sent,
    sentinels,
)


async def test_open_transactions_and_changes_of_hand_are_seen_in_the_metrics(deployed: Deployment):
    worker = deployed.worker()
    await worker.ready()
    epochs = [
        worker.metric("engagement_producer_epoch", partition=str(p)) for p in range(PARTITIONS)
    ]
    stray = AIOKafkaProducer(
        bootstrap_servers=deployed.bootstrap, transactional_id=f"{deployed.prefix}somebody"
    )
    await stray.start()
    try:
        await stray.begin_transaction()
        await stray.send_and_wait(deployed.prefix + "likes", b"{}", creators_of(0, 1)[0].encode())

        async def hidden() -> bool:
            return worker.metric("engagement_hidden_records", topic="likes") == 1

        await until(hidden, 30, lambda: f"a record is hidden\n{worker.process.tail()}")

        async def waits() -> bool:
            return 1 <= worker.metric("engagement_consumer_lag_seconds", topic="likes") < 60

        await until(waits, 30, lambda: f"it waits, and is told for how long\n{worker.log}")
        await stray.abort_transaction()

        async def seen() -> bool:
            return not any(
                worker.metric(f"engagement_{name}", topic="likes")
                for name in ("hidden_records", "consumer_lag_records", "consumer_lag_seconds")
            )

        await until(seen, 30, lambda: f"nothing is hidden\n{worker.process.tail()}")
    finally:
        await stray.stop()
    assert worker.metric("engagement_checkpoint_failures_total") == 0
    await worker.stop()
    worker = deployed.worker()
    await worker.ready()
    assert [
        worker.metric("engagement_producer_epoch", partition=str(p)) for p in range(PARTITIONS)
    ] == [epoch + 1 for epoch in epochs]
    await worker.stop()


async def test_a_second_deployment_with_the_same_app_id_is_refused_and_harms_nobody(
    deployed: Deployment,
):
    worker = deployed.worker()
    await worker.ready()
    other = {"PULSE_TOPIC_PREFIX": f"other-{deployed.prefix}"}
    status, output = await asyncio.to_thread(deployed.command, "topics", "create", **other)
    assert status == 0, output
    status, output = await asyncio.to_thread(
        deployed.command, "worker", PULSE_HTTP_PORT="0", **other
    )
    assert status == 1
    assert "each needs a PULSE_APP_ID of its own" in output
    assert "Traceback" not in output
    status, output = await asyncio.to_thread(deployed.command, "doctor", **other)
    assert (status, "PULSE_APP_ID of its own" in output) == (1, True)
    assert worker.get("/readyz")[0] == 200
    assert worker.metric("engagement_rebalances_total") == 1
    await worker.stop()


async def test_two_deployments_that_start_at_once_with_one_app_id_end_with_its_name(
    deployed: Deployment,
):
    other = {"PULSE_TOPIC_PREFIX": f"other-{deployed.prefix}"}
    status, output = await asyncio.to_thread(deployed.command, "topics", "create", **other)
    assert status == 0, output
    both = [deployed.worker(), deployed.worker(**other)]

    async def one_has_ended() -> bool:
        return not all(worker.process.running for worker in both)

    await until(one_has_ended, 60, lambda: "\n".join(w.process.tail() for w in both))
    ended = [worker for worker in both if not worker.process.running]
    for worker in ended:
        assert worker.process.exit_code in {1, EXIT_CODE}
        assert "PULSE_APP_ID" in worker.process.output()


async def test_the_guarantee_can_be_lowered_and_raised_again_over_stops_and_kills(
    deployed: Deployment,
):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(17, start_ms)
    guarantees = ["exactly_once", "at_least_once", "exactly_once"]
    for number, guarantee in enumerate(guarantees):
        worker = deployed.worker(PULSE_PROCESSING_GUARANTEE=guarantee)
        await worker.ready()
        for _ in range(4):
            await deployed.send(sent(*history.event(minutes=3)) for _ in range(100))
        if number == 0:
            # In the middle of things: what was not committed is read again, by the lower guarantee.
            worker.process.kill()
        else:
            await worker.stop()
    worker = deployed.worker(PULSE_PROCESSING_GUARANTEE="exactly_once")
    await worker.ready()
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))

    async def complete() -> bool:
        return await counted_by_minute(deployed) == history.by_minute()

    await until(complete, 60, lambda: f"all is counted once\n{worker.process.tail()}")

    async def scores_are_equal() -> bool:
        return await counted_by_scores(deployed) == history.totals()

    await until(scores_are_equal, 30, lambda: f"scores equal\n{worker.process.tail()}")
    await worker.stop()


async def test_releases_are_rolled_out_and_back_over_one_state(deployed: Deployment):
    start_ms = (int(time.time() * 1000) - 30 * MINUTE_MS) // MINUTE_MS * MINUTE_MS
    history = History(23, start_ms)

    async def more() -> None:
        await deployed.send(sent(*history.event(minutes=3)) for _ in range(200))

    first = deployed.worker()
    await first.ready()
    await more()
    # Both at once, on partitions that change hands; then only the later one.
    later = deployed.worker(release="later")
    await later.ready()
    await more()
    await first.stop()
    await more()
    await later.ready()
    status, output = await asyncio.to_thread(deployed.command, "state", "list", "--unreadable")
    assert (status, output) == (0, "")
    # And back.
    again = deployed.worker()
    await again.ready()
    await more()
    await later.stop()
    await more()
    await deployed.send(sentinels(start_ms + 10 * MINUTE_MS))

    async def complete() -> bool:
        return await counted_by_minute(deployed) == history.by_minute()

    await until(complete, 90, lambda: f"all is counted once\n{again.process.tail()}")

    async def scores_are_equal() -> bool:
        return await counted_by_scores(deployed) == history.totals()

    await until(scores_are_equal, 30, lambda: f"scores equal\n{again.process.tail()}")
    await again.stop()
