"""The broker under contract, once each: lists, mock cluster, real Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import assert_never

import pytest

from service.embedded.kafka import EmbeddedKafka
from service.kafka.connection import KafkaConnection
from service.wire.topics import Topics
from tests.kafka.transports import CANNOT, Broker, InMemory, on_the_wire


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(ability): leaves out brokers that cannot do it; see `transports.CANNOT`")


@pytest.fixture(scope="session")
def mock_connection() -> Iterator[KafkaConnection]:
    """How to reach a mock cluster that all tests share."""
    with EmbeddedKafka() as embedded:
        yield KafkaConnection(embedded.bootstrap, embedded=True)


@pytest.fixture(params=["memory", "mock", "real"])
async def broker(request: pytest.FixtureRequest, topics: Topics) -> AsyncIterator[Broker]:
    """Each broker in turn. A test marked `needs(ability)` leaves out those that say why they cannot."""
    needed = [mark.args[0] for mark in request.node.iter_markers("needs")]
    refused = [reason for ability, reason in CANNOT[request.param].items() if ability in needed]
    if refused:
        pytest.skip(refused[0])
    match request.param:
        case "memory":
            yield InMemory(topics)
        case "mock":
            async with on_the_wire(request.getfixturevalue("mock_connection"), topics) as wired:
                yield wired
        case "real":
            async with on_the_wire(request.getfixturevalue("real_kafka").connection(), topics) as wired:
                yield wired
        case other:
            assert_never(other)
