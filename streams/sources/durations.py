"""Durations: spans of time as people write them on a command line.

Knows the spelling. Must not know what is measured.
"""

import re

import click

_UNITS_MS = {"": 1_000, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")


def in_ms(text: str, *, bare: bool = False) -> float | None:
    """Milliseconds of a text such as `45s`, `1h30m` or `2d`; None of what is spelt otherwise.

    With `bare`, a number without a unit is one of seconds.
    """
    parts: list[tuple[str, str]] = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    if any(not unit for _, unit in parts) and (len(parts) > 1 or not bare):
        return None
    return sum(float(number) * _UNITS_MS[unit] for number, unit in parts)


class Duration(click.ParamType):
    """Seconds, from texts such as `90`, `45s`, `1h30m` or `2d`."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds as a float, never negative."""
        if isinstance(value, (int, float)):
            return float(value)
        told_ms = in_ms(str(value).strip().lower(), bare=True)
        if told_ms is None:
            self.fail(f"{value!r} is not a duration such as 90, 45s, 1h30m or 2d", param, ctx)
        return told_ms / 1000


DURATION = Duration()
