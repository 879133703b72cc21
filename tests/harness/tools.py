"""Programs that some machines cannot have: missing, they fail a test where CI runs."""

import os
from pathlib import Path

import pytest

from stack import tools


def tool(name: str) -> Path:
    """Return the path of a program; without it the test fails in CI, and is not run elsewhere."""
    try:
        return tools.tool(name)
    except tools.ToolMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
