"""JSON Schema: the contract's types as documents that any other language can use.

Knows how a record type becomes one self-contained schema (2020-12) for each topic. Must not know
where the documents are kept.
"""

from typing import Any

import msgspec

from schemas import codec, topics

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = 1

Document = dict[str, Any]


def for_topic(topic: topics.Topic) -> Document:
    """The schema of the values of `topic`, with every type that it refers to under `$defs`."""
    (root,), components = msgspec.json.schema_components([topic.value])
    name = root["$ref"].rsplit("/", 1)[1]
    body = components.pop(name)
    if topic.direction == "outbound":
        for record in (body, *components.values()):
            _require_all(record)
    if topic is topics.COUNTERS:
        body["anyOf"] = [_present(field) for field in codec.COUNTED]
    document = {
        "$schema": DIALECT,
        "$id": f"urn:creator-pulse:schema:{topic.name}:v{VERSION}",
        **body,
    }
    if components:
        document["$defs"] = components
    return document


def _require_all(record: Document) -> None:
    """Workers write every field of a record, those with a default too."""
    if "properties" in record:
        record["required"] = list(record["properties"])


def _present(field: str) -> Document:
    return {"required": [field], "properties": {field: {"type": "integer"}}}
