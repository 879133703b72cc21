"""A fresh deployment with all its topics, for each test, on the one Kafka that all share."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stack.kafka import KafkaServer
from tests.integration.deployment import Deployment


@pytest.fixture
async def bare_deployment(
    kafka: KafkaServer, unique: str, tmp_path: Path
) -> AsyncIterator[Deployment]:
    """A deployment without topics."""
    made = Deployment(kafka.bootstrap, unique, tmp_path)
    yield made
    await asyncio.to_thread(made.end)


@pytest.fixture
async def deployed(bare_deployment: Deployment) -> Deployment:
    """A deployment with all topics and no worker yet."""
    await bare_deployment.make_topics()
    return bare_deployment
