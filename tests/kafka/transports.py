"""The three brokers the transport's contract is tested on, and what each of them cannot do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal, NamedTuple, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from service.kafka.connection import KafkaConnection
from service.kafka.memory import MemoryBroker, MemoryTransport
from service.kafka.partitions import Place
from service.kafka.port import Transport
from service.kafka.topics import create, read_wanted
from service.kafka.transport import KafkaTransport
from service.wire.messages import Headers, Message
from service.wire.topics import Topics

LANES = 4
LANE = 1

Ability = Literal["truncates"]

CANNOT: dict[str, dict[Ability, str]] = {
    "memory": {},
    "mock": {"truncates": "librdkafka's mock cluster knows no DeleteRecords"},
    "real": {},
}
"""What a broker cannot do, and why."""


class Published(NamedTuple):
    """One message as a consumer of the topic sees it."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Broker(Protocol):
    """A broker with topics of this test alone."""

    topics: Topics

    def transport(self) -> Transport:
        """A new transport of the one lane under test."""

    async def published(self, topic: str) -> list[Published]:
        """All there is in a topic, in order per partition."""

    async def write_nothing(self, topic: str) -> None:
        """Somebody else writes a record without a value into the lane's partition of a topic."""


class InMemory:
    """The lists."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self._broker = MemoryBroker(clock=lambda: int(time.time() * 1000), lanes=LANES)

    def transport(self) -> Transport:
        return MemoryTransport(self._broker, LANE, self.topics)

    async def published(self, topic: str) -> list[Published]:
        return [
            Published(place.partition, record.key, record.value, record.headers)
            for place, partition in self._broker.partitions.items()
            if place.topic == topic
            for record in partition.records
        ]

    async def write_nothing(self, topic: str) -> None:
        self._broker.write(Place(topic, LANE), [Message(topic, b"", b"")])


class OnTheWire:
    """Kafka, real or mock. `opened` are the transports that were made."""

    def __init__(self, connection: KafkaConnection, topics: Topics) -> None:
        self.topics = topics
        self._connection = connection
        self._opened: list[KafkaTransport] = []

    def transport(self) -> Transport:
        made = KafkaTransport(self._connection, LANE, self.topics)
        self._opened.append(made)
        return made

    async def published(self, topic: str) -> list[Published]:
        async with _consumer(self._connection) as consumer:
            await consumer._client.add_topic(topic)
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            for place in places:
                consumer.seek(place, 0)
            found: list[Published] = []
            while len(found) < sum(ends.values()):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += [Published(r.partition, r.key, r.value, r.headers) for r in records]
        return found

    async def write_nothing(self, topic: str) -> None:
        async with AIOKafkaProducer(**self._connection.client_options()) as producer:
            await producer.send_and_wait(topic, None, key=b"theirs", partition=LANE)

    async def close(self) -> None:
        for transport in self._opened:
            await transport.close()


@asynccontextmanager
async def on_the_wire(connection: KafkaConnection, topics: Topics) -> AsyncIterator[OnTheWire]:
    """Kafka with this test's topics made: those a transport writes to, and small, for hundreds are made in a run."""
    used = {topics.events, topics.log, topics.assignments, topics.notifications}
    wanted = [replace(topic, partitions=LANES) for topic in read_wanted(topics, LANES) if topic.name in used]
    await create(connection, wanted)
    broker = OnTheWire(connection, topics)
    try:
        yield broker
    finally:
        await broker.close()


@asynccontextmanager
async def _consumer(connection: KafkaConnection) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
