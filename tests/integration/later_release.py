"""`pulse` of a later release, as far as its state shows: each stored struct has one more field."""

from streams.cli import main
from streams.engine.shard import Shard, Snapshot
from tests.contracts.state import of_later_release

_take = Shard.take_snapshot


def take_snapshot(self: Shard) -> Snapshot:
    snapshot = _take(self)
    for records in snapshot.tables.values():
        for key, value in records.items():
            if value is not None:
                records[key] = of_later_release(key, value)
    return snapshot


if __name__ == "__main__":
    Shard.take_snapshot = take_snapshot  # type: ignore[method-assign]
    main()
