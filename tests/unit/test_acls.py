"""Permissions: complete, by name, and as commands that can be run."""

import shlex

from schemas import topics
from streams.acls import needed
from tests.unit.kafka.shards import OPTIONS


def granted(role: str) -> dict[str, set[str]]:
    """Operations by resource."""
    found: dict[str, set[str]] = {}
    for acl in needed(OPTIONS, role):  # type: ignore[arg-type]
        for name in acl.names or ("",):
            found.setdefault(f"{acl.kind} {name}", set()).update(acl.operations)
    return found


def test_a_worker_reads_all_inbound_topics_and_its_changelogs() -> None:
    mine = granted("worker")
    for topic in topics.INBOUND:
        assert {"Read", "Describe"} <= mine[f"topic p.{topic.name}"]
    assert mine["topic app-sentiment-changelog"] >= {"Read", "Write"}
    assert mine["topic p.likes"] >= {"Write"}, "records of another partition are sent on"
    assert "Write" not in mine["topic p.campaigns"]
    assert "Read" not in mine["topic p.alerts"]
    assert mine["transactional-id app-"] == {"Write", "Describe"}


def test_only_an_operator_may_delete_and_alter() -> None:
    assert not any(
        {"Delete", "Alter", "Create"} & operations for operations in granted("worker").values()
    )
    assert "Delete" in granted("operator")["topic p.engagement-windows"]


def test_a_command_grants_all_of_it_to_the_principal() -> None:
    words = shlex.split(needed(OPTIONS, "worker")[4].command("k:1", "User:a b"))
    assert words[:6] == [
        "kafka-acls.sh",
        "--bootstrap-server",
        "k:1",
        "--add",
        "--allow-principal",
        "User:a b",
    ]
    assert words[-2:] == ["--resource-pattern-type", "prefixed"]
    assert words[-4:-2] == ["--transactional-id", "app-"]


def test_the_api_reads_what_it_shows_and_writes_commands_alone() -> None:
    mine = granted("api")
    written = {name for name, operations in mine.items() if "Write" in operations}
    assert written == {"topic p.alert-commands"}
    for name in ("engagement-scores", "engagement-windows", "alerts", "campaigns"):
        assert mine[f"topic p.{name}"] == {"Read", "Describe"}
    assert not any(name.startswith(("group", "cluster", "transactional")) for name in mine)
