"""Schemas that were published once stay as they were, and today's keep their promises.

After a compatible change, publish the new schemas beside the old: copy `schemas/json` into a new
directory of `archive` and append its hashes to `archive/SHA256SUMS`.
"""

import copy
import hashlib
import json
from pathlib import Path

import pytest

from schemas import jsonschema, topics
from tests.contracts.compatibility import breaks

ARCHIVE = Path(__file__).parent / "archive"
PUBLISHED = sorted(ARCHIVE.glob("*/*.schema.json"))
SUMS = dict(
    reversed(line.split("  ")) for line in (ARCHIVE / "SHA256SUMS").read_text().splitlines()
)


def load(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def schema(topic: str) -> dict:
    return copy.deepcopy(jsonschema.for_topic(topics.BY_NAME[topic]))


def test_published_schemas_are_never_edited():
    found = {
        path.relative_to(ARCHIVE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in PUBLISHED
    }
    assert found == SUMS


def test_the_present_schemas_are_published():
    newest = max(path.parent.name for path in PUBLISHED)
    published = {path.name: load(path) for path in PUBLISHED if path.parent.name == newest}
    present = {f"{t.name}.schema.json": jsonschema.for_topic(t) for t in topics.ALL}
    assert published == present


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_promise_of_a_published_schema_is_broken(path: Path):
    topic = topics.BY_NAME[path.name.removesuffix(".schema.json")]
    assert breaks(load(path), jsonschema.for_topic(topic), topic.direction) == []


def test_a_new_optional_inbound_field_breaks_nothing():
    old, new = schema("likes"), schema("likes")
    new["properties"]["weight"] = {"type": "integer"}
    assert breaks(old, new, "inbound") == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda new: new["properties"].pop("source"), "$.source: is gone"),
        (lambda new: new["required"].append("source"), "$.source: is required now"),
        (
            lambda new: new["properties"].update(actor_id={"type": "integer"}),
            "$.actor_id: integer instead of string",
        ),
        (
            lambda new: new["properties"]["post_id"].update(maxLength=64),
            "$.post_id: maxLength 64 is stricter",
        ),
        (
            lambda new: new["properties"]["action"].update(enum=["add"]),
            "$.action: remove is not among ['add']",
        ),
        (
            lambda new: new["properties"]["occurred_at"]["anyOf"].pop(),
            "$.occurred_at: string instead of integer",
        ),
    ],
)
def test_a_stricter_inbound_schema_breaks_producers(change, found: str):
    new = schema("likes")
    change(new)
    assert breaks(schema("likes"), new, "inbound") == [found]


def test_a_new_outbound_field_breaks_nothing():
    old, new = schema("engagement-scores"), schema("engagement-scores")
    new["properties"]["mood"] = {"type": "string"}
    new["required"].append("mood")
    new["$defs"]["Counts"]["properties"]["dislikes"] = {"type": "integer"}
    new["$defs"]["Counts"]["required"].append("dislikes")
    assert breaks(old, new, "outbound") == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda new: new["properties"].update(score={"type": "string"}),
            "$.score: number instead of string",
        ),
        (
            lambda new: new["$defs"]["Counts"]["required"].remove("likes"),
            "$.windows.1m.likes: is no longer written",
        ),
    ],
)
def test_a_looser_outbound_schema_breaks_consumers(change, found: str):
    new = schema("engagement-scores")
    change(new)
    assert found in breaks(schema("engagement-scores"), new, "outbound")


def test_a_new_kind_of_alert_breaks_nothing_because_readers_expect_it():
    new = schema("alerts")
    new["properties"]["kind"]["enum"].append("silence")
    assert breaks(schema("alerts"), new, "outbound") == []
