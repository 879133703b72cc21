"""Reading PromQL: the parts of an expression, and what is around each."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser

Found = tuple[Any, tuple[Any, ...]]
"""A part, and the parts around it, innermost last."""


def parts(expression: str) -> list[Found]:
    """Every part of an expression."""
    return list(_walk(promql_parser.parse(expression), ()))


def selectors(expression: str) -> list[Found]:
    """Every selector of series in it."""
    return [found for found in parts(expression) if _selects(found[0])]


def selected(expression: str) -> set[str]:
    """The text of these, without ranges and offsets: what must be there now."""
    found = {selector.prettify() for selector, _ in selectors(expression)}
    return {re.sub(r"\s+offset .*", "", text) for text in found}


def _selects(node: Any) -> bool:
    return isinstance(node, promql_parser.VectorSelector)


def _walk(node: Any, above: tuple[Any, ...]) -> Iterator[Found]:
    yield node, above
    inner = [getattr(node, name, None) for name in ("lhs", "rhs", "expr", "vector_selector")]
    for child in [*inner, *getattr(node, "args", ())]:
        if child is not None:
            yield from _walk(child, (*above, node))
