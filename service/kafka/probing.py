"""How far a partition cannot be read: for those who pass it knowingly, and must not pass anything else.

The batch is taken apart as the service does it (`unpacking`): one bad record is passed alone. Where a whole batch
cannot be read, its head says which offsets it is about.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka.connection import KafkaConnection, let_go
from service.kafka.reading import partitions_of
from service.kafka.unpacking import unpack


class Unreadable(NamedTuple):
    """Offsets from `start`, up to but without `stop`, cannot be read; `error` is what the first one raised."""

    start: int
    stop: int
    error: str


class Readable(NamedTuple):
    """There is nothing to pass; `why` in words."""

    why: str


async def probe(connection: KafkaConnection, topic: str, partition: int, offset: int) -> Unreadable | Readable:
    """How far it cannot be read from this offset on. Raises `NoSuchTopic`, `KafkaError` where no answer comes."""
    there = await partitions_of(connection, topic)
    if partition not in there:
        return Readable(f"no such partition: {topic} has {len(there)}, from 0 on")
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    place = TopicPartition(topic, partition)
    try:
        async with asyncio.timeout(connection.start_timeout_seconds):
            await consumer.start()
        consumer.assign([place])
        begin = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        if not begin <= offset < end:
            return Readable(f"{topic}/{partition} holds offsets {begin} to {end - 1}")
        is_committed, limit_bytes = not connection.embedded, connection.unpacked_limit_bytes
        batch = await unpack(consumer, place, offset, limit_bytes, committed=is_committed)
        for broken in batch.broken:
            if broken.start <= offset < broken.stop:
                return Unreadable(offset, broken.stop, broken.why)
        return Readable("it can be read, or nothing is there that a reader sees")
    finally:
        await let_go(consumer.stop())
