"""Strikes at the worst moments, which a worker is armed for and meets by itself.

Knows the moments by name and what proves that they were met. Must not know where they are in the
product: the launcher does.
"""

import asyncio
from typing import Any

from tests.faults.cluster import Cluster
from tests.faults.fleet import Worker
from tests.faults.scene import FULL_LOAD_LAG, Fault, Scene
from tests.faults.strikes import dismiss

_MEET_S = 45.0
_MOMENTS = {
    "in_sends": "some of a checkpoint's records were sent",
    "before_commit": "all was sent and EndTxn was not",
}


async def _died(scene: Scene, worker: Worker, pid: int) -> dict[str, Any]:
    """Wait until the process has met its moment; what it wrote before it died."""

    def met() -> dict[str, Any] | None:
        hit = worker.arms.hit()
        return hit if hit and not _alive(worker, hit["pid"]) else None

    hit: dict[str, Any] = await scene.until(met, f"worker {worker.number} meets it", _MEET_S)
    scene.fleet.note_exit(worker)
    scene.tell(f"worker {worker.number} (process {pid}) died {hit['moment']}")
    return hit


def _alive(worker: Worker, pid: int) -> bool:
    return worker.process.pid == pid and worker.process.running


async def in_transaction(scene: Scene, worker: Worker) -> Fault:
    """SIGKILL in full load while a checkpoint is half sent, or between its last send and EndTxn."""
    await scene.owned(worker)
    moment = scene.chance.choice(list(_MOMENTS))
    if scene.plan.without:
        moment = "in_sends" if scene.plan.without == "transaction" else "before_commit"
    at, pid = scene.fleet.seconds(), worker.process.pid
    async with scene.full_load():
        worker.arms.arm(moment, "kill", holding=["late-events"])
        hit = await _died(scene, worker, pid)
        lag = await scene.cluster.lag()
    opened = await _open_on(scene.cluster, hit["partition"])
    proof = f"{lag:,} records behind; died when {_MOMENTS[moment]}"
    if opened:
        proof += f"; {await scene.aborted(opened)}"
    bit = bool(opened) and lag >= FULL_LOAD_LAG
    details = {"moment": moment, "lag": lag} | hit
    return Fault("kill_in_transaction", at, proof, bit, worker.number, details)


async def _open_on(cluster: Cluster, partition: int) -> Any:
    found = await cluster.open_transactions([partition], "late-events")
    return found[0] if found else None


async def in_restore(scene: Scene, worker: Worker) -> Fault:
    """SIGKILL, and another one while the next process restores its first partition."""
    await scene.owned(worker)
    at, pid = scene.fleet.seconds(), worker.process.pid
    worker.arms.arm("in_restore", "kill")
    await asyncio.to_thread(worker.process.kill)
    hit = await _died(scene, worker, pid)
    proof = (
        f"died in the restore of partition {hit['partition']}, {hit['read']:,} of"
        f" {hit['total']:,} offsets read"
    )
    return Fault("kill_in_restore", at, proof, bit=True, worker=worker.number, details=hit)


async def in_revocation(scene: Scene, worker: Worker) -> Fault:
    """A worker joins, and one that is to give partitions up dies before its last checkpoint."""
    await scene.owned(worker)
    at, pid = scene.fleet.seconds(), worker.process.pid
    worker.arms.arm("in_revocation", "kill")
    scene.fleet.spare.start()
    hit = await _died(scene, worker, pid)
    await scene.owned(scene.fleet.spare)
    code = await dismiss(scene)
    proof = f"died in the callback that revoked partitions {hit['partitions']}"
    details = hit | {"spare_left_with": code}
    return Fault("kill_in_revocation", at, proof, bit=True, worker=worker.number, details=details)


async def in_rebalance(scene: Scene, worker: Worker) -> Fault:
    """Back-to-back rebalances: one joins and dies as it takes over, one leaves, both come again."""
    await scene.owned(worker)
    spare, at = scene.fleet.spare, scene.fleet.seconds()
    before = generation(scene)
    spare.arms.arm("in_takeover", "kill")
    spare.start()
    spare.held = True
    hit = await _died(scene, spare, spare.process.pid)
    worker.process.terminate()
    spare.start()
    await scene.owned(spare)
    code = await dismiss(scene)
    await scene.until(lambda: scene.fleet.settled(scene.plan.partitions), "all are back")
    after = generation(scene)
    proof = (
        f"died taking over in generation {hit['generation']}; {after - before} generations in a"
        f" row, {before} to {after}"
    )
    details = hit | {"spare_left_with": code}
    return Fault("kill_in_rebalance", at, proof, after - before >= 3, worker.number, details)


def generation(scene: Scene) -> int:
    """The group's generation, as the broker has last written it to its log; 0 if it has not."""
    latest = 0
    for line in scene.broker.log_path.read_text(errors="replace").splitlines():
        if "tabilized group" in line and " generation " in line:
            latest = int(line.partition(" generation ")[2].split()[0])
    return latest
