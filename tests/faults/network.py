"""Strikes at the network between one worker and the broker: slow, stalled, or broken off.

Knows what a worker's proxy can do. Must not know what goes through it.
"""

import asyncio
from dataclasses import replace

from tests.faults.fleet import Worker
from tests.faults.scene import SESSION_TIMEOUT_S, Fault, Scene

_SLOW_S = 12.0
_DELAY_S = 0.2
_BYTES_PER_S = 100_000
_REFUSED_S = 2.0


async def slow(scene: Scene, worker: Worker) -> Fault:
    """Every chunk is held up, both ways, and each connection carries little."""
    await scene.owned(worker)
    at, before = scene.fleet.seconds(), replace(worker.proxy.passed)
    scene.tell(f"the network of worker {worker.number} is slow")
    async with scene.excused():
        worker.proxy.slow(_DELAY_S, _BYTES_PER_S)
        await asyncio.sleep(_SLOW_S)
        worker.proxy.heal()
    chunks = worker.proxy.passed.delayed - before.delayed
    held = worker.proxy.passed.delayed_s - before.delayed_s
    proof = f"{chunks} chunks were held up, {held / max(chunks, 1):.2f} s each on average"
    return Fault("slow_network", at, proof, bit=chunks > 10, worker=worker.number)


async def cut(scene: Scene, worker: Worker) -> Fault:
    """All connections of a worker break, and new ones are refused for a moment."""
    await scene.owned(worker)
    at = scene.fleet.seconds()
    refused = worker.proxy.passed.refused
    worker.proxy.refusing = True
    broken = worker.proxy.cut()
    scene.tell(f"cut {broken} ends of connections of worker {worker.number}")
    await asyncio.sleep(_REFUSED_S)
    worker.proxy.heal()
    refused = worker.proxy.passed.refused - refused
    proof = f"{broken} ends of connections were broken, {refused} new connections were refused"
    return Fault("connection_cut", at, proof, bit=broken > 2, worker=worker.number)


async def full_buffer(scene: Scene, worker: Worker) -> Fault:
    """Nothing that a worker sends is read any more, longer than its session lasts."""
    await scene.owned(worker)
    at, exits = scene.fleet.seconds(), len(scene.fleet.exits)
    members = await scene.cluster.members()
    scene.tell(f"nothing that worker {worker.number} sends is read")
    worker.proxy.stall()
    try:
        async with scene.burst():
            await asyncio.sleep(SESSION_TIMEOUT_S + 1)

            async def put_out() -> bool:
                return await scene.cluster.members() < members

            await scene.until(put_out, "the group puts the worker out")
    finally:
        worker.proxy.heal()
    await asyncio.sleep(1)
    left = [f"code {one.code}, {one.last_words}" for one in scene.fleet.exits_of(worker, exits)]
    proof = "its checkpoint could not be sent and the group put it out; "
    proof += f"it left with {left[0]}" if left else "it joined again"
    return Fault("full_buffer", at, proof, bit=True, worker=worker.number)
