"""Moments: points in time as people write them on a command line.

Knows the spelling. Must not know what happened then.
"""

from datetime import datetime

import click

from schemas.instants import to_ms


class Moment(click.ParamType):
    """Epoch milliseconds, from a text such as `2026-01-15T12:00:00Z`."""

    name = "time"

    def __init__(self, *words: str) -> None:
        """`words` may stand in its place: they are told beside it where there is neither."""
        self._expected = " or ".join((*words, "a time such as 2026-01-15T12:00:00Z"))

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Milliseconds of a moment whose offset is said."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not {self._expected}", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no offset: for UTC it is {moment.isoformat()}Z", param, ctx)
        return to_ms(moment)


MOMENT = Moment()
