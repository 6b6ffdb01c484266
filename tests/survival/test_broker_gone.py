"""The broker may vanish: what is under way is found out, and an end in order stays one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.kafka.connection import KafkaConnection
from service.wire.topics import Topics
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import RedisServer
from tests.survival.cluster import Cluster, a_moment

pytestmark = [pytest.mark.real, pytest.mark.faults]


@pytest.fixture
async def alone(
    own_kafka: KafkaServer, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """A deployment on a broker that nobody else uses."""
    made = Cluster(KafkaConnection(own_kafka.bootstrap), topics, redis_server, tmp_path)
    try:
        await made.open()
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("processes", [1, 2])
async def test_the_broker_may_be_killed_under_load(alone: Cluster, own_kafka: KafkaServer, processes: int) -> None:
    """A write that nobody confirmed is found out by claiming again, and nobody needs another one's help."""
    workers = [alone.start() for _ in range(processes)]
    await alone.owned_by(*workers)

    async with alone.under_load():
        await a_moment(1.0)
        await asyncio.to_thread(own_kafka.kill)
        await asyncio.to_thread(own_kafka.start)
        await a_moment(1.0)

    assert await alone.finish() == []


async def test_a_process_ends_in_order_also_without_a_broker(alone: Cluster, own_kafka: KafkaServer) -> None:
    worker = alone.start()
    await alone.owned_by(worker)
    await alone.send(100)
    await alone.quiet()
    await asyncio.to_thread(own_kafka.kill)
    try:
        await alone.stop(worker)
    finally:
        await asyncio.to_thread(own_kafka.start)

    assert worker.has_logged("process.stopped")
