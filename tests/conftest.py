"""What all tests share: one lazily started Kafka, names of their own, no network in unit tests, and
the order in which files are begun."""

import gc
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from stack.kafka import KafkaServer

# How busy the machine is must not decide whether a property holds.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

_WITHOUT_NETWORK = {"unit", "property", "scenarios"}

_TESTS = Path(__file__).parent
_LONGEST = (
    "integration/test_exactness.py",
    "scenarios/test_simulated_days.py",
    "integration/test_api.py",
    "scenarios/test_told_scenarios.py",
    "integration/test_every_alert.py",
    "scenarios/test_platform_cases.py",
    "integration/test_worker_time.py",
    "integration/test_alert_cases.py",
    "scenarios/test_post_cases.py",
    "integration/test_migrate.py",
    "integration/test_stack.py",
    "integration/test_reset.py",
    "integration/test_state.py",
    "integration/test_sources.py",
    "integration/test_compiled.py",
    "integration/test_acls.py",
    "integration/test_page.py",
)
"""Files of a minute and more, those that wait and those that compute by turns."""
_WAITS = "integration"
"""Tests of these mostly wait for brokers and workers."""


def _by_turns(paths: list[Path]) -> list[Path]:
    """The longest files first, so that none of them is begun when the others end; then what waits
    and what computes spread evenly over each other, so that there is always something to compute.
    """
    longest = [_TESTS / name for name in _LONGEST]
    assert all(path.exists() for path in longest), "a file was renamed: so must it be in _LONGEST"
    places = {path: -1.0 + place / len(longest) for place, path in enumerate(longest)}
    others = [path for path in paths if path not in places]
    for waits in (True, False):
        group = [path for path in others if (_WAITS in path.parts) == waits]
        places |= {path: place / len(group) for place, path in enumerate(group)}
    return sorted(paths, key=lambda path: places[path])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files for several processes, which take one after another off one list."""
    places = {path: place for place, path in enumerate(_by_turns(list({i.path: 0 for i in items})))}
    items.sort(key=lambda item: places[item.path])


def pytest_collection_finish() -> None:
    """Take what was collected out of each later search for garbage: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """One broker for all tests that neither stop it nor need settings of their own."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture
def unique() -> str:
    """A short name that no other test has, for topics, groups and application ids."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def topic_prefix(unique: str) -> str:
    """A topic prefix of this test's own (for PULSE_TOPIC_PREFIX)."""
    return f"{unique}."


@pytest.fixture
def app_id(unique: str) -> str:
    """An application id of this test's own (for PULSE_APP_ID)."""
    return f"pulse-{unique}"


@pytest.fixture(autouse=True)
def _no_network_in_pure_tests(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.path.relative_to(_TESTS).parts[0] not in _WITHOUT_NETWORK:
        return

    def refuse(_self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test of the pure core reaches for the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
