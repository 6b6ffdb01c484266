"""Read topics as people do: from the beginning to where they end now, what comes from now on, or both.

Nothing here belongs to a group or commits anything, so looking never changes what the service does. What no client can
read is passed over, and said with its place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Self

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError, OffsetOutOfRangeError

from service.kafka.connection import KafkaConnection, administration, let_go
from service.kafka.partitions import Place, partition_of
from service.kafka.unpacking import Broken, Stretch, read_pages
from service.wire.messages import RawRecord
from service.wire.outputs import DEFAULT_DIVISION

log = structlog.get_logger(__name__)

PAGE_RECORDS: Final = 1_000
FOLLOW_MS: Final = 250
COUNT_MS: Final = 50
"""Who counts waits so long for a page before asking whether all is there."""


class NoSuchTopic(Exception):
    """A topic is not there: the deployment has another prefix, or was never started."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"topic {topic} does not exist: is the prefix right, and was the service ever started?")


class ReadTooSlowly(Exception):
    """The broker dropped records before they were read, so what was counted is wrong: send less at once."""


def record_key(division: str, record: str) -> bytes:
    """The key of what is published about a record (`lead/4711`). No record has the key of what is no text."""
    return (record if division == DEFAULT_DIVISION else f"{division}/{record}").encode(errors="surrogatepass")


async def read_key(connection: KafkaConnection, topic: str, key: bytes) -> list[RawRecord]:
    """All that the topic still holds under a key, oldest first. Raises `NoSuchTopic`, `KafkaError`."""
    count = len(await partitions_of(connection, topic))
    found = read_topic(connection, topic, {partition_of(key, count)})
    return [record async for record in found if record.key == key]


async def read_one(connection: KafkaConnection, topic: str, partition: int, offset: int) -> RawRecord | None:
    """The record at an offset; none where it is no longer kept, or never was. Raises `NoSuchTopic`, `KafkaError`."""
    return (await read_some(connection, Place(topic, partition), [offset])).get(offset)


async def read_some(connection: KafkaConnection, place: Place, offsets: Iterable[int]) -> dict[int, RawRecord]:
    """The records of a partition at these offsets; absent: no longer kept, or never there.

    Raises `NoSuchTopic`, `KafkaError`.
    """
    found = {}
    async with _reader(connection, place.topic, {place.partition}) as (consumer, partitions):
        begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for each in partitions:
            for offset in offsets:
                if begins[each] <= offset < ends[each]:
                    consumer.seek(each, offset)
                    pages = await _pages(connection, consumer, [each], connection.request_timeout_ms, 1)
                    for record in map(raw_record, pages[each].records if each in pages else ()):
                        found.update({offset: record} if record.offset == offset else {})
    return found


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
            pages = await _pages(connection, consumer, left, connection.request_timeout_ms)
            if not pages:
                raise KafkaTimeoutError(f"{topic} could not be read to its end")
            for partition, page in pages.items():
                for record in page.records:
                    if record.offset < ends[partition]:
                        yield raw_record(record)
            left = {partition for partition in left if await consumer.position(partition) < ends[partition]}


async def follow_topic(connection: KafkaConnection, topic: str) -> AsyncGenerator[RawRecord, None]:
    """What arrives in the topic from now on, for ever. Raises `NoSuchTopic`, `KafkaError`."""
    async with _reader(connection, topic, None) as (consumer, partitions):
        for partition, end in (await consumer.end_offsets(partitions)).items():
            consumer.seek(partition, end)
        while True:
            for page in (await _pages(connection, consumer, partitions, FOLLOW_MS)).values():
                for record in page.records:
                    yield raw_record(record)


async def _pages(
    connection: KafkaConnection,
    consumer: AIOKafkaConsumer,
    partitions: Collection[TopicPartition],
    timeout_ms: int,
    max_records: int = PAGE_RECORDS,
) -> Mapping[TopicPartition, Stretch]:
    pages = await read_pages(consumer, partitions, connection.unpacked_limit_bytes, timeout_ms, max_records)
    for partition, page in pages.items():
        for broken in page.broken:
            tell_broken(partition, broken)
    return pages


def tell_broken(partition: TopicPartition, broken: Broken) -> None:
    """Say which records nobody can read, and that they are passed over."""
    topic, number = partition
    log.error("record.unreadable", topic=topic, partition=number, start=broken.start, stop=broken.stop, why=broken.why)


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


class Follower:
    """Gives every record of some partitions to `take`, in order per partition, while `until` waits.

    It begins where the partitions do and goes on while they grow. The embedded broker drops the oldest records of a
    partition when it has five megabytes; whoever counts must be told when that was too soon for them, so a gap is an
    error and never a smaller number.
    """

    def __init__(self, connection: KafkaConnection, places: Sequence[Place], take: Callable[[RawRecord], None]) -> None:
        self._consumer = AIOKafkaConsumer(**connection.consumer_options())
        self._next = {TopicPartition(*place): 0 for place in places}
        self._take = take

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(list(self._next))
        for partition in self._next:
            self._consumer.seek(partition, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def until(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Read until something is so. False: it was not, in that time. Raises `ReadTooSlowly`, `KafkaError`."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            await self._read_page()
        return True

    async def _read_page(self) -> None:
        try:
            pages = await self._consumer.getmany(timeout_ms=COUNT_MS)
        except OffsetOutOfRangeError as error:
            raise ReadTooSlowly(f"records were dropped before they were read: {error}") from error
        for partition, records in pages.items():
            for record in records:
                if record.offset != self._next[partition]:
                    raise ReadTooSlowly(f"{partition} goes on at {record.offset}, not at {self._next[partition]}")
                self._next[partition] = record.offset + 1
                self._take(raw_record(record))
