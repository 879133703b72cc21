"""Strikes at worker processes: signals at any moment, members that come and go, no memory left.

Knows signals, limits and what proves that they bit. Must not know the order of faults or what is
counted.
"""

import asyncio
import signal
import time

from stack.waiting import until
from tests.faults.cluster import OpenTransaction
from tests.faults.fleet import Worker
from tests.faults.scene import FULL_LOAD_LAG, SESSION_TIMEOUT_S, Fault, Scene

_MEET_S = 2.0
_STOP_S = 12.0
_STARVE_S = 30.0
_AGAIN = 0.3
"""Share of the kills after which the new process is killed, too, as it takes its partitions."""


async def kill(scene: Scene, worker: Worker) -> Fault:
    """SIGKILL in full load, in the middle of a transaction if one can be met in time."""
    partitions = await scene.owned(worker)
    async with scene.full_load():
        opened = await _meet(scene, partitions)
        worker.held = True
        at = scene.fleet.seconds()
        await asyncio.to_thread(worker.process.kill)
        lag = await scene.cluster.lag()
    scene.fleet.note_exit(worker)
    down = scene.chance.choice([0.0, 0.0, 2.0, SESSION_TIMEOUT_S + 3.0])
    scene.tell(f"killed worker {worker.number}, {lag:,} records behind; down for {down:g} s")
    await asyncio.sleep(down)
    worker.start()
    proof = f"exit code {worker.process.exit_code or -9}"
    if scene.chance.random() < _AGAIN:
        await asyncio.sleep(scene.chance.uniform(0.5, 4))
        await asyncio.to_thread(worker.process.kill)
        proof += ", the next process was killed as it came up"
    if opened:
        proof += f"; {await scene.aborted(opened)}"
    bit = lag >= FULL_LOAD_LAG
    details = {"lag": lag, "in_transaction": bool(opened), "down_s": down}
    return Fault("kill", at, f"{lag:,} records behind; {proof}", bit, worker.number, details)


async def _meet(scene: Scene, partitions: set[int]) -> OpenTransaction | None:
    deadline = time.monotonic() + _MEET_S
    while time.monotonic() < deadline:
        if found := await scene.cluster.open_transactions(partitions):
            return found[-1]
    return None


async def stop(scene: Scene, worker: Worker) -> Fault:
    """SIGTERM, as in a rolling restart: it must leave in order."""
    await scene.owned(worker)
    at, began = scene.fleet.seconds(), time.monotonic()
    worker.held = True
    code = await asyncio.to_thread(worker.process.end, _STOP_S)
    scene.fleet.note_exit(worker)
    lasted = time.monotonic() - began
    scene.tell(f"stopped worker {worker.number} in {lasted:.1f} s, code {code}")
    worker.start()
    proof = f"it left in order, with code {code}, after {lasted:.1f} s"
    return Fault("stop", at, proof, bit=code == 0, worker=worker.number)


async def freeze(scene: Scene, worker: Worker) -> Fault:
    """SIGSTOP until the group has put the worker out and others have its partitions.

    Every other time it is frozen between its sends and EndTxn.
    """
    partitions = await scene.owned(worker)
    exits, members = len(scene.fleet.exits), await scene.cluster.members()
    at = scene.fleet.seconds()
    worker.frozen = True
    armed = scene.plan.without == "fencing" or scene.chance.random() < 0.5
    try:
        if armed:
            worker.arms.arm("before_commit", "freeze", holding=[])
            await scene.until(worker.arms.hit, "the worker stops before a commit", 20)
        else:
            worker.process.freeze()
        began = time.monotonic()
        scene.tell(f"froze worker {worker.number}" + (" before EndTxn" if armed else ""))

        async def put_out() -> bool:
            return await scene.cluster.members() < members

        await scene.until(put_out, "the group puts the frozen worker out")
        positions = await scene.cluster.positions()

        async def taken_over() -> bool:
            now = await scene.cluster.positions()
            return all(
                any(now[tp] > positions.get(tp, 0) for tp in now if tp.partition == partition)
                for partition in partitions
            )

        await scene.until(taken_over, f"others work on partitions {sorted(partitions)}")
    finally:
        worker.arms.disarm()
        worker.process.thaw()
        worker.frozen = False
    lasted = time.monotonic() - began
    scene.tell(f"thawed worker {worker.number} after {lasted:.1f} s")
    await asyncio.sleep(2)
    left = [exited.code for exited in scene.fleet.exits_of(worker, exits)]
    proof = f"put out of the group, partitions {sorted(partitions)} taken over by others"
    proof += f"; it was fenced and left with code {left[0]}" if left else "; it joined again"
    details = {"frozen_s": round(lasted, 1), "before_end_txn": armed}
    return Fault("freeze", at, proof, bit=True, worker=worker.number, details=details)


async def join(scene: Scene, _: Worker) -> Fault:
    """One more worker joins, works for a while and leaves in order."""
    spare, at = scene.fleet.spare, scene.fleet.seconds()
    spare.start()
    owned = await scene.owned(spare)
    members = await scene.cluster.members()
    scene.tell(f"worker {spare.number} joined and has partitions {sorted(owned)}")
    await asyncio.sleep(scene.chance.uniform(1, 4))
    code = await dismiss(scene)
    proof = f"{members} members, partitions {sorted(owned)} moved there; left with code {code}"
    return Fault("join", at, proof, bit=code == 0 and bool(owned), worker=spare.number)


async def dismiss(scene: Scene) -> int | None:
    """Stop the spare worker in order; its exit code."""
    spare = scene.fleet.spare
    spare.held = True
    code = await asyncio.to_thread(spare.process.end, _STOP_S)
    scene.fleet.note_exit(spare)
    return code


async def memory(scene: Scene, worker: Worker) -> Fault:
    """The worker has used up all memory that it may have (RLIMIT_AS), under a burst."""
    await scene.owned(worker)
    at, pid = scene.fleet.seconds(), worker.process.pid
    worker.arms.arm("in_delivery", "starve")
    async with scene.burst():
        await scene.until(worker.arms.hit, f"worker {worker.number} has no memory left", 20)
        scene.tell(f"worker {worker.number} has no memory left")
        deadline = time.monotonic() + _STARVE_S

        def over() -> bool:
            ended = not worker.process.running or worker.process.pid != pid
            return ended or time.monotonic() > deadline

        await until(over, _STARVE_S + 5, "the worker ends or does without")
    if worker.process.running and worker.process.pid == pid:
        worker.process.signal(signal.SIGUSR1)
        await asyncio.to_thread(worker.process.kill)
        proof = f"it neither worked nor ended within {_STARVE_S:g} s"
        return Fault("memory", at, proof, bit=False, worker=worker.number)
    exited = await scene.ended(worker)
    proof = f"exit code {exited.code}: {exited.last_words}"
    return Fault("memory", at, proof, bit=True, worker=worker.number)
