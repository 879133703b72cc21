"""What all tests share: one lazily started Kafka, names of their own, no network in unit tests."""

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
    tests = Path(__file__).parent
    if request.path.relative_to(tests).parts[0] not in _WITHOUT_NETWORK:
        return

    def refuse(_self: socket.socket, address: object) -> None:
        raise AssertionError(f"a test of the pure core reaches for the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
