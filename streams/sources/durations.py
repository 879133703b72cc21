"""Durations: spans of time as people write them on a command line.

Knows the spelling. Must not know what is measured.
"""

import re

import click

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")


class Duration(click.ParamType):
    """Seconds, from texts such as `90`, `45s`, `1h30m` or `2d`."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds as a float, never negative."""
        if isinstance(value, (int, float)):
            return float(value)
        text = str(value).strip().lower()
        parts = _PART.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"{value!r} is not a duration such as 90, 45s, 1h30m or 2d", param, ctx)
        if any(not unit for _, unit in parts) and len(parts) > 1:
            self.fail(f"{value!r} has a number without a unit", param, ctx)
        return sum(float(number) * _UNITS[unit] for number, unit in parts)


DURATION = Duration()
