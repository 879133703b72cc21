"""Hypothesis strategies for values of a JSON Schema, as far as the contract's schemas go."""

import base64
from datetime import UTC
from typing import Any

from hypothesis import strategies as st

# A Python int would survive any size, a JSON number of other languages would not.
_EXACT = 2**53
_TEXT = st.characters(exclude_categories=["Cs"])
_MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())


def valid_under(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that `schema` accepts."""
    return _of(schema, schema.get("$defs", {}))


def _of(node: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in node:
        return _of(defs[node["$ref"].rsplit("/", 1)[1]], defs)
    if "enum" in node:
        return st.sampled_from(node["enum"])
    if "properties" in node:
        return _objects(node, defs)
    if "anyOf" in node:
        return st.one_of(_of(choice, defs) for choice in node["anyOf"])
    match node.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(node.get("minimum", -_EXACT), node.get("maximum", _EXACT))
        case "number":
            return st.floats(
                node.get("minimum"), node.get("maximum"), allow_nan=False, allow_infinity=False
            )
        case "string":
            return _strings(node)
        case "array":
            return st.lists(_of(node["items"], defs), max_size=min(node.get("maxItems", 3), 3))
        case "object":
            keys = _of(node.get("propertyNames", {"type": "string"}) | {"type": "string"}, defs)
            return st.dictionaries(keys, _of(node["additionalProperties"], defs), max_size=3)
    raise NotImplementedError(node)


def _strings(node: dict[str, Any]) -> st.SearchStrategy[str]:
    if node.get("format") == "date-time":
        return _MOMENTS
    if node.get("contentEncoding") == "base64":
        return st.binary(max_size=9).map(lambda raw: base64.b64encode(raw).decode())
    if "pattern" in node:
        return st.from_regex(node["pattern"], fullmatch=True, alphabet=st.characters(codec="ascii"))
    return st.text(
        _TEXT, min_size=node.get("minLength", 0), max_size=min(node.get("maxLength", 20), 20)
    )


def _objects(node: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = set(node.get("required", ()))
    fields = {name: _of(field, defs) for name, field in node["properties"].items()}
    objects = st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )
    if "anyOf" not in node:
        return objects
    named = [name for choice in node["anyOf"] for name in choice["required"]]
    present = st.one_of(
        st.fixed_dictionaries({name: fields[name].filter(lambda value: value is not None)})
        for name in named
    )
    return st.builds(lambda whole, part: whole | part, objects, present)
