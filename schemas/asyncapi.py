"""AsyncAPI: the whole contract as one document, for catalogues, code generators and people.

Knows how topics and records map to channels, operations and messages of AsyncAPI 3.0 with the
Kafka bindings 0.5.0. Must not know where the document is kept.
"""

import json
import re
from typing import Any

from schemas import topics

BINDING = "0.5.0"
VERSION = "1.0.0"

Document = dict[str, Any]

_PLAIN = re.compile(r"^[A-Za-z_$][\w$.-]*$", re.ASCII)
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})

_DESCRIPTION = (
    "Events of creators in, exact engagement, sentiment and alerts out. Values are JSON in UTF-8. "
    "Addresses are the topics' names with an empty PULSE_TOPIC_PREFIX. Consumers should read with "
    "isolation.level=read_committed and ignore fields that they do not know; producers should use "
    "the partitioner of the Java client (murmur2_random in librdkafka)."
)


def document() -> Document:
    """The AsyncAPI document. Operations are those of the worker: it receives and it sends."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:creator-pulse",
        "info": {
            "title": "creator-pulse",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:9092",
                "protocol": "kafka",
                "description": "The default of PULSE_BOOTSTRAP_SERVERS.",
            }
        },
        "channels": {topic.name: _channel(topic) for topic in topics.ALL},
        "operations": dict(_operation(topic) for topic in topics.ALL),
        "components": {"messages": {topic.value.__name__: _message(topic) for topic in topics.ALL}},
    }


def _channel(topic: topics.Topic) -> Document:
    message = topic.value.__name__
    binding: Document = {
        "topic": topic.name,
        "topicConfiguration": {
            "cleanup.policy": topic.cleanup.split(","),
            "retention.ms": topic.retention_ms,
            "max.message.bytes": topic.max_message_bytes,
        },
        "bindingVersion": BINDING,
    }
    if not topic.shared_partitions:
        binding["partitions"] = 1
    return {
        "address": topic.name,
        "title": topic.name,
        "description": topic.summary,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": binding},
    }


def _operation(topic: topics.Topic) -> tuple[str, Document]:
    action = "receive" if topic.direction == "inbound" else "send"
    return f"{action}-{topic.name}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.summary,
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{topic.value.__name__}"}],
    }


def _message(topic: topics.Topic) -> Document:
    return {
        "name": topic.value.__name__,
        "title": topic.value.__name__,
        "summary": topic.summary,
        "contentType": "application/json",
        "payload": {"$ref": f"./json/{topic.name}.schema.json"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"{topic.key}, UTF-8"},
                "bindingVersion": BINDING,
            }
        },
    }


def to_yaml(value: Any, indent: int = 0) -> str:
    """`value`, made of dicts, lists and scalars, as block-style YAML 1.2."""
    pad = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines.append(f"{pad}{_scalar(key)}:{_below(item, indent)}")
    else:
        for item in value:
            nested = to_yaml(item, indent + 1).lstrip() if _is_block(item) else _scalar(item) + "\n"
            lines.append(f"{pad}- {nested}")
    return "".join(lines)


def _below(item: Any, indent: int) -> str:
    return "\n" + to_yaml(item, indent + 1) if _is_block(item) else f" {_scalar(item)}\n"


def _is_block(item: Any) -> bool:
    return isinstance(item, dict | list) and bool(item)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _RESERVED:
        return value
    return json.dumps(value, ensure_ascii=False)
