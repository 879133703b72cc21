"""Faust's recovery and table manager, with our takeover in place of their restore.

Knows how Faust runs a rebalance and starts the flow again. Must not know how a partition changes
hands.
"""

import asyncio
import logging
from typing import Any, cast

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP
from mode import Service

from streams.kafka.fuse import Blown, FatalError
from streams.kafka.seam import Seam
from streams.kafka.takeover import Overtaken, Takeover

log = logging.getLogger(__name__)

NEXT_ASSIGNMENT_SECONDS = 120.0
"""How long a worker waits for the assignment that has to follow the one that was overtaken."""


class TakeoverRecovery(Recovery):
    """Faust's recovery without its restore: changelogs are read by `Takeover`."""

    def __init__(self, app: Any, tables: Any, **options: Any) -> None:
        super().__init__(app, tables, **options)
        self._seam: Seam = app.seam
        self._takeover = Takeover(self._seam)

    async def on_start(self) -> None:
        """Let time pass for the shards."""
        self._seam.start()

    async def on_stop(self) -> None:
        """The last checkpoint, while this worker is still in the group."""
        await self._takeover.stop()
        await self._seam.stop()

    def add_active(self, table: Any, tp: TP) -> None:
        """Nothing for Faust to restore: with a transactional changelog it would wait for ever."""

    def add_standby(self, table: Any, tp: TP) -> None:
        """No standbys."""

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Note what is lost, then have the takeover run after the callback."""
        self._seam.rebalances += 1
        self._takeover.note(assigned, generation_id)
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)

    @Service.task
    async def _restart_recovery(self) -> None:
        # Faust would end this loop silently when a step takes long, and a worker without it holds
        # its partitions for ever: whatever happens here ends the process.
        try:
            consuming = True
            while not self.should_stop:
                if await self._stopped_before_assignment(
                    None if consuming else NEXT_ASSIGNMENT_SECONDS
                ):
                    return
                self.signal_recovery_start.clear()
                consuming = await self._attempt(self._generation_id)
        except Blown:
            return
        except Exception as error:
            self._seam.fuse.blow("taking partitions over failed", error)

    async def _stopped_before_assignment(self, limit: float | None) -> bool:
        try:
            async with asyncio.timeout(limit):
                return await self.wait_for_stopped(self.signal_recovery_start.wait())
        except TimeoutError as error:
            raise FatalError(
                f"the group moved on, but no newer assignment came within {limit} s"
            ) from error

    async def _attempt(self, generation: int) -> bool:
        """Take over for `generation`; False if that was overtaken and a newer one is due."""
        attempt = asyncio.ensure_future(self._take_over(generation))
        overtaken = asyncio.ensure_future(self.signal_recovery_start.wait())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({attempt, overtaken, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in (attempt, overtaken, stopped):
                future.cancel()
            await asyncio.wait({attempt})
        return not attempt.cancelled() and attempt.result()

    async def _take_over(self, generation: int) -> bool:
        app, seam = cast(Any, self.app), self._seam
        suspensions = seam.suspensions
        flowing = False

        async def consume(partitions: frozenset[int]) -> None:
            nonlocal flowing
            # A revocation since then has written its last checkpoint: nothing may flow after it.
            if suspensions != seam.suspensions or app.consumer_generation_id != generation:
                raise Overtaken
            seam.resume(partitions)
            if not flowing:
                flowing = True
                await self._start_flow()

        try:
            await app.on_rebalance_complete.send()
            await self._takeover.run(consume)
            if not flowing:
                await consume(frozenset())
        except Overtaken:
            log.info("overtaken by a newer generation than %s", generation)
            return False
        seam.ready = True
        self.completed.set()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        log.info("consuming partitions %s", sorted(seam.owned()))
        return True

    async def _start_flow(self) -> None:
        app, consumer = cast(Any, self.app), self._seam.consumer
        consumer.resume_partitions(
            {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        )
        app.flow_control.resume()
        consumer.resume_flow()
        # Half a start would leave a fetcher that never fetches.
        await asyncio.shield(app._fetcher.maybe_start())

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing arrives: changelogs are assigned, but never read by Faust's consumer."""

    @Service.task
    async def _publish_stats(self) -> None:
        """Progress is told through the seam's hooks."""

    def flush_buffers(self) -> None:
        """There are none."""


class SeamTableManager(TableManager):
    """Faust's table manager with `TakeoverRecovery`."""

    @property
    def recovery(self) -> TakeoverRecovery:
        """The recovery service, made on first use."""
        if self._recovery is None:
            self._recovery = TakeoverRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast(TakeoverRecovery, self._recovery)
