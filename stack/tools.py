"""Tools: the programs of Prometheus and Alertmanager, from set-up or from PATH.

Knows where set-up puts them. Must not know what they are started with.
"""

import shutil
from pathlib import Path

from stack.procs import REPOSITORY


class ToolMissing(AssertionError):
    """A program is not there; the message says how to get it."""


def tool(name: str) -> Path:
    """The path of `prometheus`, `promtool`, `prometheus-alertmanager` or `amtool`."""
    for unpacked in sorted(REPOSITORY.glob(f".tools/*/{name}")):
        return unpacked
    if found := shutil.which(name):
        return Path(found)
    raise ToolMissing(
        f"there is no {name} on this machine: run `make setup-prometheus`, or install it"
    )
