"""Read topics as people do: from the beginning to where they end now, or what comes from now on.

Nothing here belongs to a group or commits anything, so looking never changes what the service does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from service.kafka.connection import KafkaConnection, administration, let_go
from service.kafka.publisher import partition_of
from service.wire.messages import RawRecord
from service.wire.outputs import DEFAULT_DIVISION

PAGE_RECORDS: Final = 1_000
FOLLOW_MS: Final = 250


class NoSuchTopic(Exception):
    """A topic is not there: the deployment has another prefix, or was never started."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"topic {topic} does not exist: is the prefix right, and was the service ever started?")


def record_key(division: str, record: str) -> bytes:
    """The key of what is published about a record (`lead/4711`)."""
    return (record if division == DEFAULT_DIVISION else f"{division}/{record}").encode()


async def read_key(connection: KafkaConnection, topic: str, key: bytes) -> list[RawRecord]:
    """All that the topic still holds under a key, oldest first. Raises `NoSuchTopic`, `KafkaError`."""
    count = len(await partitions_of(connection, topic))
    found = read_topic(connection, topic, {partition_of(key, count)})
    return [record async for record in found if record.key == key]


async def read_one(connection: KafkaConnection, topic: str, partition: int, offset: int) -> RawRecord | None:
    """The record at an offset; none where it is no longer kept, or never was. Raises `NoSuchTopic`, `KafkaError`."""
    async with _reader(connection, topic, {partition}) as (consumer, partitions):
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for each in partitions:
            if begins[each] <= offset < ends[each]:
                consumer.seek(each, offset)
                page = await consumer.getmany(each, timeout_ms=connection.request_timeout_ms, max_records=1)
                return next((raw_record(record) for record in page.get(each, ()) if record.offset == offset), None)
    return None


async def read_topic(
    connection: KafkaConnection, topic: str, only: Collection[int] | None = None
) -> AsyncIterator[RawRecord]:
    """The topic from its beginning to its end as it is now; partitions come mixed, each in order.

    `only` names the partitions to read; none: all. Raises `NoSuchTopic`, `KafkaError`.
    """
    async with _reader(connection, topic, only) as (consumer, partitions):
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, begins[partition])
        left = {partition for partition in partitions if begins[partition] < ends[partition]}
        while left:
            page = await consumer.getmany(*left, timeout_ms=connection.request_timeout_ms, max_records=PAGE_RECORDS)
            if not page:
                raise KafkaTimeoutError(f"{topic} could not be read to its end")
            for partition, records in page.items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield raw_record(record)
            left = {partition for partition in left if await consumer.position(partition) < ends[partition]}


async def follow_topic(connection: KafkaConnection, topic: str) -> AsyncGenerator[RawRecord, None]:
    """What arrives in the topic from now on, for ever. Raises `NoSuchTopic`, `KafkaError`."""
    async with _reader(connection, topic, None) as (consumer, partitions):
        for partition, end in (await consumer.end_offsets(partitions)).items():
            consumer.seek(partition, end)
        while True:
            for records in (await consumer.getmany(timeout_ms=FOLLOW_MS)).values():
                for record in records:
                    yield raw_record(record)


def raw_record(record: ConsumerRecord[Any, Any]) -> RawRecord:
    """A record of the driver as a value of ours."""
    return RawRecord(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )


@asynccontextmanager
async def _reader(
    connection: KafkaConnection, topic: str, only: Collection[int] | None
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    numbers = [number for number in await partitions_of(connection, topic) if only is None or number in only]
    consumer = AIOKafkaConsumer(**connection.consumer_options())
    try:
        async with asyncio.timeout(connection.start_timeout_seconds):
            await consumer.start()
        partitions = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(partitions)
        yield consumer, partitions
    finally:
        await let_go(consumer.stop())


async def partitions_of(connection: KafkaConnection, topic: str) -> list[int]:
    """The numbers of a topic's partitions. Raises `NoSuchTopic`, `KafkaError`."""
    async with administration(connection) as admin:
        (described,) = await admin.describe_topics([topic])
    if described["error_code"]:
        raise NoSuchTopic(topic)
    return sorted(partition["partition"] for partition in described["partitions"])
