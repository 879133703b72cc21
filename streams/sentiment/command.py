"""`pulse sentiment`: the commands.

Knows their names. Must not know what they do.
"""

import click

from streams.cli import Group
from streams.sentiment import evaluate, explain
from streams.sentiment.train import train


@click.group("sentiment", cls=Group)
def group() -> None:
    """See how comments are judged, and measure how well.

    \b
    Examples:
      pulse sentiment explain "not the scam i expected 😍"
      pulse sentiment eval comments.csv
      pulse sentiment train comments.csv
    """


group.add_command(explain.command)
group.add_command(evaluate.command)
group.add_command(train)
