"""A deployment for each test: topics of its own on the shared broker, a Redis of its own, processes that are ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.backends.redis_server import RedisServer
from tests.survival.cluster import Cluster


@pytest.fixture
async def cluster(
    real_kafka: Kafka, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """A deployment without any process yet."""
    made = Cluster(real_kafka.connection(), topics, redis_server, tmp_path)
    try:
        await made.open()
        yield made
    finally:
        await made.close()
