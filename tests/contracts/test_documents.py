"""The committed documents say what the types say, and what the codec does."""

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import asyncapi, codec, topics
from schemas import jsonschema as schema_documents
from schemas.__main__ import HERE, documents, drift, write
from tests.contracts import examples
from tests.contracts.values import valid_under

INBOUND = [topic.name for topic in topics.INBOUND]
OUTBOUND = [topic.name for topic in topics.OUTBOUND]
SCHEMAS = {topic.name: schema_documents.for_topic(topic) for topic in topics.ALL}


def validator(topic: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        SCHEMAS[topic], format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def accepted(topic: str, value: object) -> bool:
    return not isinstance(codec.decode(topic, json.dumps(value).encode()), codec.Fault)


def test_committed_documents_are_in_step_with_the_types():
    assert drift() == []


def test_drift_names_what_is_missing_outdated_and_unknown(tmp_path: Path):
    write(tmp_path)
    (tmp_path / "json/likes.schema.json").unlink()
    (tmp_path / "json/posts.schema.json").write_text("{}")
    (tmp_path / "json/stories.schema.json").write_text("{}")
    assert drift(tmp_path) == [
        "missing json/likes.schema.json",
        "outdated json/posts.schema.json",
        "unknown json/stories.schema.json",
    ]


@pytest.mark.parametrize("topic", OUTBOUND)
def test_every_field_that_is_published_is_explained_in_the_contract(topic: str):
    page = (HERE.parent / "docs/contract.md").read_text()
    explained = {
        word
        for named in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))
        for word in named.split()
    }
    published = {
        name
        for node in _nodes(SCHEMAS[topic])
        if isinstance(node, dict) and isinstance(node.get("properties"), dict)
        for name in node["properties"]
    }
    assert published - explained == set()


@pytest.mark.parametrize("topic", SCHEMAS)
def test_every_schema_is_a_valid_2020_12_schema(topic: str):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[topic])


@pytest.mark.parametrize("topic", SCHEMAS)
def test_a_schema_stands_alone(topic: str):
    references = {
        node["$ref"] for node in _nodes(SCHEMAS[topic]) if isinstance(node, dict) and "$ref" in node
    }
    defined = {f"#/$defs/{name}" for name in SCHEMAS[topic].get("$defs", {})}
    assert references == defined


@pytest.mark.parametrize("topic", INBOUND)
@pytest.mark.parametrize("kind", ["MINIMAL", "FULL"])
def test_examples_pass_both_the_schema_and_the_codec(topic: str, kind: str):
    example = getattr(examples, kind)[topic]
    validator(topic).validate(example)
    assert accepted(topic, example)


@pytest.mark.parametrize("topic", INBOUND)
def test_unknown_fields_pass_both_the_schema_and_the_codec(topic: str):
    example = examples.MINIMAL[topic] | {"a_field_of_next_year": {"deep": [1]}}
    validator(topic).validate(example)
    assert accepted(topic, example)


@pytest.mark.parametrize("topic", INBOUND)
def test_a_missing_field_fails_both_the_schema_and_the_codec(topic: str):
    for field in examples.MINIMAL[topic]:
        example = {k: v for k, v in examples.MINIMAL[topic].items() if k != field}
        assert not validator(topic).is_valid(example)
        assert not accepted(topic, example)


@pytest.mark.parametrize("topic", INBOUND)
def test_a_wrong_type_fails_both_the_schema_and_the_codec(topic: str):
    for field in examples.FULL[topic]:
        example = examples.FULL[topic] | {field: [["neither"]]}
        assert not validator(topic).is_valid(example)
        assert not accepted(topic, example)


@pytest.mark.parametrize("topic", INBOUND)
def test_what_the_schema_allows_the_codec_accepts(topic: str):
    check = validator(topic)

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
    @given(valid_under(SCHEMAS[topic]))
    def agree(value: object) -> None:
        check.validate(value)
        event = codec.decode(topic, json.dumps(value).encode())
        assert not isinstance(event, codec.Fault), event
        again = codec.encode(event)
        assert codec.decode(topic, again) == event
        check.validate(json.loads(again))

    agree()


@pytest.mark.parametrize("topic", OUTBOUND)
def test_what_workers_write_passes_the_schema(topic: str):
    check = validator(topic)
    record = topics.BY_NAME[topic].value

    @settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
    @given(valid_under(SCHEMAS[topic]) if topic != "late-events" else _late_events())
    def written(value: object) -> None:
        read = msgspec.json.decode(json.dumps(value), type=record)
        check.validate(json.loads(codec.encode(read)))

    written()


@pytest.mark.parametrize("topic", OUTBOUND)
def test_every_field_that_workers_write_is_promised(topic: str):
    schema = SCHEMAS[topic]
    assert set(schema["required"]) == set(schema["properties"])


def test_the_asyncapi_document_reads_back_as_it_was_meant():
    assert yaml.safe_load(documents()["asyncapi.yaml"]) == asyncapi.document()


YAML_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)
)
YAML_KEYS = st.text("ab.$-", min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        YAML_KEYS,
        st.recursive(
            YAML_SCALARS,
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(YAML_KEYS, inner, max_size=3)
            ),
            max_leaves=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_yaml_reads_back_as_it_was_written(value: object):
    assert yaml.safe_load(asyncapi.to_yaml(value)) == value


def test_every_topic_has_one_channel_one_operation_and_one_message():
    document = yaml.safe_load((HERE / "asyncapi.yaml").read_text(encoding="utf-8"))
    for topic in topics.ALL:
        channel = document["channels"][topic.name]
        assert channel["address"] == topic.name
        assert (
            channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == topic.retention_ms
        )
        action = "receive" if topic in topics.INBOUND else "send"
        operation = document["operations"][f"{action}-{topic.name}"]
        assert operation["action"] == action
        for message in operation["messages"]:
            payload = _resolve(document, _resolve(document, message))["payload"]["$ref"]
            assert json.loads((HERE / payload).read_text(encoding="utf-8")) == SCHEMAS[topic.name]
    assert len(document["channels"]) == len(document["operations"]) == len(topics.ALL)


def _resolve(document: dict, node: dict) -> dict:
    while "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _nodes(node: object):
    yield node
    if isinstance(node, dict):
        for child in node.values():
            yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)


def _late_events() -> st.SearchStrategy[dict]:
    schema = SCHEMAS["late-events"]
    known = {name: field for name, field in schema["properties"].items() if name != "event"}
    rest = valid_under({**schema, "properties": known})
    return st.builds(
        lambda late, event: late | {"event": event}, rest, valid_under(SCHEMAS["likes"])
    )
