"""An API for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.api.caller import Api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """One that demands tokens."""
    made = Api(tmp_path)
    yield made
    made.close()


@pytest.fixture
def open_api(tmp_path: Path) -> Iterator[Api]:
    """One on loopback without tokens."""
    made = Api(tmp_path, open_to_all=True)
    yield made
    made.close()
