"""Strikes at the broker: killed, stopped, out of disk, or told to take no larger records.

Knows the broker as a process and its topics' settings. Must not know what workers make of it.
"""

import asyncio
import resource
import time

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, for_code

from tests.faults.cluster import Cluster
from tests.faults.fleet import Worker
from tests.faults.scene import PATIENCE_S, Fault, Scene

_DOWN_S = 4.0
_FULL_S = 40.0
_TINY_S = 4.0
_DYNAMIC_TOPIC = 1
"""Where a setting comes from: the topic itself."""


async def _up(scene: Scene) -> None:
    await asyncio.to_thread(scene.broker.start)
    await scene.until(scene.answers, "the broker answers", PATIENCE_S)


def _left(scene: Scene, exits: int) -> str:
    left = scene.fleet.exits[exits:]
    return f"{len(left)} workers left meanwhile" if left else "no worker left meanwhile"


async def kill(scene: Scene, _: Worker) -> Fault:
    """SIGKILL to the broker, and its return some seconds later on the same data."""
    at, exits, pid = scene.fleet.seconds(), len(scene.fleet.exits), scene.broker.process.pid
    down = scene.chance.uniform(0, _DOWN_S)
    async with scene.excused():
        await asyncio.to_thread(scene.broker.kill)
        scene.tell(f"killed the broker; down for {down:.1f} s")
        await asyncio.sleep(down)
        await _up(scene)
    proof = f"process {pid} gave way to {scene.broker.process.pid}; {_left(scene, exits)}"
    return Fault("broker_kill", at, proof, bit=True, details={"down_s": round(down, 1)})


async def stop(scene: Scene, _: Worker) -> Fault:
    """The broker is stopped in order, for a minute."""
    at, exits, began = scene.fleet.seconds(), len(scene.fleet.exits), time.monotonic()
    async with scene.excused():
        await asyncio.to_thread(scene.broker.stop)
        scene.tell(f"stopped the broker for {scene.plan.broker_down_s:g} s")
        await asyncio.sleep(scene.plan.broker_down_s)
        await _up(scene)
    lasted = time.monotonic() - began
    proof = f"nothing answered for {lasted:.0f} s; {_left(scene, exits)}"
    return Fault("broker_stop", at, proof, bit=lasted >= scene.plan.broker_down_s)


async def full_disk(scene: Scene, _: Worker) -> Fault:
    """No file of the broker may grow any more: its log directory fails, as on a full disk."""
    at, exits, process = scene.fleet.seconds(), len(scene.fleet.exits), scene.broker.process
    async with scene.excused():
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4_096, hard))
        scene.tell("the broker can write no more")
        deadline = time.monotonic() + _FULL_S
        while process.running and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        ended = not process.running
        code = process.exit_code
        await asyncio.to_thread(scene.broker.kill)
        await _up(scene)
    proof = f"the broker ended with code {code}; {_left(scene, exits)}"
    return Fault("disk_full", at, proof, bit=ended and code != 0)


async def oversize(scene: Scene, _: Worker) -> Fault:
    """For some seconds `late-events` takes no record at all: too large, says the broker."""
    at, exits = scene.fleet.seconds(), len(scene.fleet.exits)
    topic = scene.plan.prefix + "late-events"
    async with scene.excused():
        settings = await topic_settings(scene.cluster, topic)
        await set_topic(scene.cluster, topic, settings | {"max.message.bytes": "100"})
        scene.tell("late-events takes no records")
        await asyncio.sleep(_TINY_S)
        await set_topic(scene.cluster, topic, settings)
    left = [one for one in scene.fleet.exits[exits:] if "larger than" in one.last_words]
    proof = f"{len(left)} workers left, saying: {left[0].last_words}" if left else "nobody minded"
    return Fault("oversize", at, proof, bit=bool(left) or scene.plan.without == "send-futures")


async def topic_settings(cluster: Cluster, topic: str) -> dict[str, str]:
    """What is set on the topic itself."""
    (answer,) = await cluster.admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic)]
    )
    ((_, _, _, _, entries),) = answer.resources
    return {name: value for name, value, _, source, *_ in entries if source == _DYNAMIC_TOPIC}


async def set_topic(cluster: Cluster, topic: str, settings: dict[str, str]) -> None:
    """Set exactly this on the topic. Raises KafkaError."""
    answers = await cluster.admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)]
    )
    for code, _, _, _ in answers[0].resources:
        if for_code(code) is not NoError:
            raise for_code(code)(topic)
