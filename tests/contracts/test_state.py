"""State that was written once is read for ever, and what a later release adds does no harm."""

import json
from pathlib import Path

import pytest

from streams.engine.layout import WATCH, CorruptStateError
from streams.engine.stored import UNKNOWN, named, plain
from tests.contracts.state import (
    ARCHIVE,
    Tables,
    go_on,
    layout,
    load,
    newest,
    of_later_release,
    write_state,
)

ALL = sorted(ARCHIVE.glob("*.json"))
every = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
HOW = "python -m tests.contracts.state"


@every
def test_an_archived_state_is_read_and_counted_on_from(path: Path) -> None:
    body, tables = load(path)
    assert json.loads(json.dumps(go_on(tables))) == body["facts"]


@every
def test_every_archived_record_can_be_shown(path: Path) -> None:
    for records in load(path)[1].values():
        for key, value in records.items():
            assert named(key).kind != UNKNOWN
            json.dumps(plain(key, value))


def test_the_archive_holds_some_of_everything() -> None:
    body, tables = load(newest())
    kinds = {named(key).kind for records in tables.values() for key in records}
    assert kinds >= {"now", "panes", "actors", "watch", "card", "mood", "shard", "duplicates"}
    assert "poison" in kinds
    watches = [plain(key, raw) for key, raw in tables["engagement"].items() if key[:1] == WATCH]
    assert any(watch["outliers"] for watch in watches)
    assert body["facts"]["duplicates"] == 1
    assert body["facts"]["alerts"] == ["alarmed/follower_spike"]
    assert body["facts"]["scores"]["busy"]["handle"] == "@busy"


def test_the_present_layout_is_archived() -> None:
    changed = (
        f"what is stored has changed: see docs/decisions/0016-stored-state.md, then `{HOW} NAME`"
        " adds it to the archive; the older files must still be read"
    )
    assert layout() == load(newest())[0]["layout"], changed


def test_the_present_state_counts_on_as_the_archived_one_does() -> None:
    facts = json.loads(json.dumps(go_on(write_state().tables[0])))
    assert facts == load(newest())[0]["facts"]


def test_a_rollback_reads_what_a_later_release_has_added() -> None:
    body, tables = load(newest())
    later: Tables = {
        table: {key: of_later_release(key, value) for key, value in records.items()}
        for table, records in tables.items()
    }
    assert later != tables
    assert json.loads(json.dumps(go_on(later))) == body["facts"]


def test_another_version_is_refused_by_its_byte() -> None:
    _, tables = load(newest())
    key = next(key for key in tables["engagement"] if named(key).kind == "card")
    tables["engagement"][key] = b"\x02" + tables["engagement"][key][1:]
    with pytest.raises(CorruptStateError, match="version 02, expected 01"):
        go_on(tables)
