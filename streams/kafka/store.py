"""The two state tables: known to Faust for their changelogs and assignment, written by checkpoints.

Knows how Faust makes tables and stores. Must not know what the records mean.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import faust
from faust.stores.base import Store

from schemas import topics
from streams.kafka.options import KafkaOptions


class CheckpointStore(Store[Any, Any]):
    """A store without data: the shards hold the state, the changelog its committed image.

    Reading or writing through the Faust table would go past the checkpoint, so both are errors.
    """

    def persisted_offset(self, tp: Any) -> int | None:
        """Nothing is kept on disk."""
        return None

    def set_persisted_offset(self, tp: Any, offset: int) -> None:
        """Nothing is kept on disk."""

    async def need_active_standby_for(self, tp: Any) -> bool:
        """No partition needs a standby."""
        return False

    async def on_rebalance(self, *_args: Any, **_options: Any) -> None:
        """Takeover is the recovery's business."""

    async def on_recovery_completed(self, *_args: Any) -> None:
        """Takeover is the recovery's business."""

    def apply_changelog_batch(self, *_args: Any, **_options: Any) -> None:
        """Changelogs are restored by the recovery, not by Faust."""

    def reset_state(self) -> None:
        """There is none here."""

    def _refuse(self) -> RuntimeError:
        return RuntimeError(f"the state of table {self.table_name!r} lives in the shards")

    def __getitem__(self, key: Any) -> Any:
        raise self._refuse()

    def __setitem__(self, key: Any, value: Any) -> None:
        raise self._refuse()

    def __delitem__(self, key: Any) -> None:
        raise self._refuse()

    def __iter__(self) -> Any:
        raise self._refuse()

    def __len__(self) -> int:
        return 0

    def _clear(self) -> None:
        """There is nothing to clear."""

    async def backup_partition(self, *_args: Any, **_options: Any) -> None:
        """The changelog is the backup."""

    def restore_backup(self, *_args: Any, **_options: Any) -> None:
        """The changelog is the backup."""


class StateTable(faust.Table[Any, Any]):
    """A plain Faust table on a `CheckpointStore`."""

    def _new_store(self) -> CheckpointStore:
        return CheckpointStore(
            "memory://",
            self.app,
            self,
            table_name=self.name,
            key_type=self.key_type,
            key_serializer=self.key_serializer,
            value_serializer=self.value_serializer,
            value_type=self.value_type,
            loop=self.loop,
            options=self.options,
        )


def create_tables(app: faust.App, options: KafkaOptions) -> Mapping[str, StateTable]:
    """Register the state tables with Faust, by name."""
    names: Iterable[str] = topics.TABLES
    tables = {
        name: StateTable(
            app, name=name, partitions=options.partitions, key_type=bytes, value_type=bytes
        )
        for name in names
    }
    for table in tables.values():
        app.tables.add(table)
    return tables
