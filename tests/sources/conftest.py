"""Reading sources without saying so: the tests make thousands of gaps and errors. A world for those on a broker."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.sources.world import World


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Log lines are not looked at."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture
async def world(real_kafka: Kafka, topics: Topics) -> World:
    """Topics of one test on a real broker."""
    made = World(real_kafka.connection(), topics)
    await made.make_topics()
    return made
