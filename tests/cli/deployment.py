"""A deployment in which nobody runs, for the commands that change one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from service.config.history import proposals, sources_record
from service.config.loader import load
from service.config.sources import FIRST_EPOCH, Sources
from service.kafka.configuration import ConfigurationFeed
from service.kafka.topics import create, read_wanted
from service.store.redis import connect
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka, unique_topics
from tests.lane.lane_world import LANE, World, turn

if TYPE_CHECKING:
    from tests.cli.conftest import Ended, Run

T = TypeVar("T")

DIRECTORY = """
pools: {sales: {record_type: lead, members: [ann, bob, eve]}}
users: {ann: {}, bob: {}, eve: {}}
defaults: {lead: {pool: sales}}
"""


@dataclass
class Deployment:
    """A deployment of one lane on real back ends, in which nobody runs. `topics` may become others': Kafka was lost."""

    kafka: Kafka
    redis: str
    redis_prefix: str
    directory: Path
    run_alone: Run
    monkeypatch: pytest.MonkeyPatch
    topics: Topics

    def begin(self) -> None:
        """Topics, the first epoch and the first configuration, as a first start makes them."""
        for name, value in {
            "KAFKA__TOPIC_PREFIX": self.topics.prefix,
            "KAFKA__LANES": "1",
            "KAFKA__REPLICATION_FACTOR": "1",
            "REDIS__URL": self.redis,
            "REDIS__PREFIX": self.redis_prefix,
        }.items():
            self.monkeypatch.setenv(f"FAIRLEAD_{name}", value)
        asyncio.run(self._begin())

    async def _begin(self) -> None:
        connection = self.kafka.connection()
        await create(connection, read_wanted(self.topics, 1, 1))
        feed = ConfigurationFeed(connection, self.topics.config)
        await feed.start()
        try:
            await feed.publish([sources_record(Sources(FIRST_EPOCH, "division", 1))])
            await feed.publish(proposals(load(self.directory).documents.values(), feed.history))
        finally:
            await feed.stop()

    def lose_kafka(self) -> None:
        """All topics are others, as after a new cluster; the memory is still there."""
        self.topics = unique_topics()
        self.begin()

    def run(self, *arguments: str | Path) -> Ended:
        return self.run_alone(*arguments, "--kafka", self.kafka.bootstrap)

    def work(self, *records: str, knows_claim: int = 0) -> int:
        """Let a lane decide these leads; the number of the last turn. `knows_claim`: the memory knows this token."""

        async def work(world: World) -> int:
            await world.send(*records)
            tenure = await world.work()
            if knows_claim:
                await world.store.fence(LANE, knows_claim)
            return turn(tenure)

        return self._in_world(work)

    def _in_world(self, work: Callable[[World], Awaitable[T]]) -> T:
        async def run() -> T:
            world = World(self.topics, connect(self.redis, self.redis_prefix), None, self.kafka)
            try:
                world.inputs = (await world.transport().log_bounds())[1] and await _end(self.kafka, self.topics.events)
                world.sent = self.sent
                return await work(world)
            finally:
                self.sent = world.sent
                await world.close()

        return asyncio.run(run())

    sent: int = 0


async def _end(kafka: Kafka, topic: str) -> int:
    consumer = AIOKafkaConsumer(**kafka.connection().consumer_options())
    await consumer.start()
    try:
        partition = TopicPartition(topic, LANE)
        consumer.assign([partition])
        return int((await consumer.end_offsets([partition]))[partition])
    finally:
        await consumer.stop()
