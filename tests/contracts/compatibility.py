"""Compatibility: what a new schema takes away from those who rely on an old one.

Producers rely on inbound schemas: what they send today must be accepted tomorrow. Consumers rely
on outbound schemas: what they read today must be there tomorrow, with the same type. Outbound names
of kinds and codes may grow in number, as the contract says.
"""

from typing import Any, Literal

Node = dict[str, Any]

_NOTES = {"title", "description", "default", "$id", "$schema", "$defs"}
_LOWER = ("minimum", "minLength", "minItems")
_UPPER = ("maximum", "maxLength", "maxItems")


def breaks(old: Node, new: Node, side: Literal["inbound", "outbound"]) -> list[str]:
    """Every way in which `new` breaks a promise of `old`, as a path and a sentence."""
    if side == "inbound":
        return list(_narrower(old, new, old, new, "$"))
    # Whatever will be written must have been allowed before: the same question the other way.
    return [
        *_narrower(new, old, new, old, "$", inbound=False),
        *(f"{path}: is no longer written" for path in _gone(old, new, old, new, "$")),
    ]


def _narrower(one: Node, other: Node, ones: Node, others: Node, at: str, *, inbound: bool = True):
    """Ways in which a value that `one` allows may fail under `other`."""
    one, other = _follow(one, ones), _follow(other, others)
    if "anyOf" in one and "properties" not in one:
        for choice in one["anyOf"]:
            yield from _narrower(choice, other, ones, others, at, inbound=inbound)
        return
    if "anyOf" in other and "properties" not in other:
        ways = [
            list(_narrower(one, choice, ones, others, at, inbound=inbound))
            for choice in other["anyOf"]
        ]
        if all(ways):
            yield from min(ways, key=len)
        return
    if other.keys() <= _NOTES:
        return
    types = one.get("type"), other.get("type")
    if types[0] != types[1] and types != ("integer", "number"):
        yield f"{at}: {other.get('type')} instead of {one.get('type')}"
        return
    yield from _limits(one, other, at, enums=inbound)
    for name in set(other.get("required", ())) - set(one.get("required", ())):
        if inbound or name in one["properties"]:
            yield f"{at}.{name}: is required now"
    for name, field in one.get("properties", {}).items():
        if name in other["properties"]:
            wanted = other["properties"][name]
            yield from _narrower(field, wanted, ones, others, f"{at}.{name}", inbound=inbound)
        elif inbound:
            yield f"{at}.{name}: is gone"
    for inner in ("items", "additionalProperties", "propertyNames"):
        if inner in one and inner in other:
            yield from _narrower(one[inner], other[inner], ones, others, f"{at}[]", inbound=inbound)


def _limits(one: Node, other: Node, at: str, *, enums: bool):
    for limit in _LOWER:
        if limit in other and one.get(limit, float("-inf")) < other[limit]:
            yield f"{at}: {limit} {other[limit]} is stricter"
    for limit in _UPPER:
        if limit in other and one.get(limit, float("inf")) > other[limit]:
            yield f"{at}: {limit} {other[limit]} is stricter"
    for exact in ("pattern", "format", "contentEncoding"):
        if exact in other and one.get(exact) != other[exact]:
            yield f"{at}: {exact} {other[exact]} instead of {one.get(exact)}"
    if "enum" in other and enums:
        for value in one.get("enum", ["any value"]):
            if value not in other["enum"]:
                yield f"{at}: {value} is not among {other['enum']}"


def _gone(old: Node, new: Node, olds: Node, news: Node, at: str):
    old, new = _follow(old, olds), _follow(new, news)
    for name, field in old.get("properties", {}).items():
        if name not in new.get("required", ()):
            yield f"{at}.{name}"
        else:
            yield from _gone(field, new["properties"][name], olds, news, f"{at}.{name}")


def _follow(node: Node, document: Node) -> Node:
    return document["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
