"""A fresh deployment for each test, on the one Kafka that all tests share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stack.kafka import KafkaServer
from tests.integration.kafka.deployment import Deployment


@pytest.fixture
async def deployment(
    kafka: KafkaServer, app_id: str, topic_prefix: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    """A deployment without topics or workers yet."""
    made = Deployment(kafka.bootstrap, app_id, topic_prefix, tmp_path)
    yield made
    made.end()
