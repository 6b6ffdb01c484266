"""A lane's side of a real broker.

Input and log are read by consumers of their own, without a group and without any reset: where to read is the lane's
decision alone, and a position that is not there is said (`Truncated`), never moved. All writes of the lane go through
one idempotent producer, so that an error costs one lane.

Reads raise `BrokerUnreachable`, with the driver's exception as its cause, when the broker is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from service.kafka.connection import KafkaConnection, administration, let_go
from service.kafka.partitions import Place
from service.kafka.port import Arrived, BrokerUnreachable, LogEntry, Truncated
from service.kafka.publisher import Publisher
from service.kafka.reading import tell_broken
from service.kafka.unpacking import read_pages
from service.wire.messages import Message
from service.wire.topics import Topics

LOG_PAGE_RECORDS = 500
"""How many log records are taken from the driver at once."""

log = structlog.get_logger()


class KafkaTransport:
    """`Transport` on Kafka. Connects when something is first asked of it."""

    def __init__(self, connection: KafkaConnection, lane: int, topics: Topics) -> None:
        self._connection = connection
        self._lane = lane
        self._input = _PatientReader(connection, TopicPartition(topics.events, lane))
        self._log = _Reader(connection, TopicPartition(topics.log, lane))
        self._publisher = Publisher(connection)

    async def log_bounds(self) -> tuple[int, int]:
        """First offset of the log, and the offset the next record will have."""
        return await self._log.bounds()

    async def read_log(self, start: int, stop: int) -> AsyncIterator[LogEntry]:
        """The log's records with start <= offset < stop that are there now. Raises `Truncated`."""
        begin, end = await self._log.bounds()
        if not begin <= start <= end:
            raise Truncated(begin, end)
        stop = min(stop, end)
        if start >= stop:
            return
        await self._log.seek(start)
        try:
            while await self._log.position() < stop:
                page = await self._log.page(LOG_PAGE_RECORDS, self._connection.request_timeout_ms)
                if not page:
                    raise BrokerUnreachable(f"{self._log.partition} could not be read up to offset {stop}")
                for record in page:
                    if record.offset < stop:
                        yield LogEntry(record.offset, record.value)
        finally:
            self._log.pause()

    async def append(self, *values: bytes) -> int:
        """Append a record, at most `MAX_RECORD_BYTES`, or several in one batch; the first offset. Raises `Lost`."""
        return await self._append(self._log.partition, *values)

    async def seek(self, offset: int) -> None:
        """Make `offset` the next input position to poll."""
        await self._input.seek(offset)

    async def poll(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        """Up to `limit` records from where `seek` pointed; empty after `wait_ms`. Raises `Truncated`.

        An idle lane lets go of its log's reader, which looks around many times a second.
        """
        arrived = await self._input.page(limit, wait_ms)
        if wait_ms and not arrived:
            await self._log.close()
        return arrived

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish all, in order per key, and wait until the broker has them. Raises `Lost`."""
        await self._publisher.publish(messages)

    async def tick(self, value: bytes) -> None:
        """Append to the lane's own input. Raises `Lost`."""
        await self._append(self._input.partition, value)

    async def truncate_log(self, before: int) -> None:
        """Delete the log's records below `before`. Where that is not possible, the log is left and it is said."""
        if self._connection.embedded:
            return
        request = {self._log.partition: RecordsToDelete(before_offset=before)}
        try:
            async with administration(self._connection) as admin:
                await admin.delete_records(request)
        except KafkaError as error:
            log.warning("log.not_truncated", lane=self._lane, before=before, error=repr(error))

    async def renew(self) -> None:
        """Throw the producer away, with what it may still hold. The next write makes a new one."""
        await self._publisher.renew()

    async def close(self) -> None:
        """Let go of every connection, within a few seconds also when the broker does not answer."""
        await asyncio.gather(self._input.close(), self._log.close(), self._publisher.close())

    async def _append(self, partition: TopicPartition, *values: bytes) -> int:
        place = Place(partition.topic, partition.partition)
        return await self._publisher.append(place, [Message(partition.topic, b"", value) for value in values])


class _Reader:
    """A consumer of exactly one partition, made when it is first needed."""

    def __init__(self, connection: KafkaConnection, partition: TopicPartition) -> None:
        self.partition = partition
        self._connection = connection
        self._consumer: AIOKafkaConsumer | None = None

    async def bounds(self) -> tuple[int, int]:
        """First offset that is there, and the offset the next record will have."""
        consumer = await self._ready()
        with _reaching():
            begin, end = await asyncio.gather(
                consumer.beginning_offsets([self.partition]), consumer.end_offsets([self.partition])
            )
        return begin[self.partition], end[self.partition]

    async def seek(self, offset: int) -> None:
        """Read from `offset` next, also after a pause."""
        consumer = await self._ready()
        consumer.seek(self.partition, offset)
        consumer.resume(self.partition)

    def pause(self) -> None:
        """Fetch nothing more until the next `seek`."""
        if self._consumer is not None:
            self._consumer.pause(self.partition)

    async def position(self) -> int:
        """The offset to be read next."""
        consumer = await self._ready()
        with _reaching():
            return int(await consumer.position(self.partition))

    async def page(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        """Up to `limit` records; none after `wait_ms`. Raises `Truncated`.

        What no client can read is one record without content, at the last offset of it: nobody of us wrote that.
        """
        consumer = await self._ready()
        try:
            with _reaching():
                limit_bytes = self._connection.unpacked_limit_bytes
                pages = await read_pages(consumer, [self.partition], limit_bytes, wait_ms, limit)
        except OffsetOutOfRangeError:
            raise Truncated(*await self.bounds()) from None
        page = pages.get(self.partition)
        if page is None:
            return []
        found = [Arrived(record.offset, record.timestamp, record.value or b"") for record in page.records]
        for broken in page.broken:
            tell_broken(self.partition, broken)
            found.append(Arrived(broken.stop - 1, 0, b""))
        return sorted(found)

    async def close(self) -> None:
        """Let go of the connection, whether or not the broker answers."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await let_go(consumer.stop())
            await let_go(consumer._client.close())  # noqa: SLF001  # a `stop` that gave up halfway left it open

    def _options(self) -> Mapping[str, Any]:
        return self._connection.prompt_options()

    async def _ready(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(**self._options())
            self._consumer = consumer
            consumer.assign([self.partition])
            try:
                with _reaching():
                    async with asyncio.timeout(self._connection.start_timeout_seconds):
                        await consumer.start()
            except BrokerUnreachable:
                await self.close()
                raise
        return self._consumer


class _PatientReader(_Reader):
    """A reader that mostly waits. An idle one costs next to nothing, and a record that comes ends its fetch at once."""

    _next: int | None = None

    async def seek(self, offset: int) -> None:
        """Read from `offset` next; elsewhere than it was going on with another consumer, not behind its idle fetch."""
        if self._next not in (None, offset):
            await self.close()
        await super().seek(offset)
        self._next = offset

    async def page(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        """Up to `limit` records; none after `wait_ms`. Raises `Truncated`."""
        records = await super().page(limit, wait_ms)
        if records:
            self._next = records[-1].offset + 1
        return records

    def _options(self) -> Mapping[str, Any]:
        return self._connection.patient_options()


@contextmanager
def _reaching() -> Iterator[None]:
    """The driver's errors are the port's. That a position is not there is another matter."""
    try:
        yield
    except OffsetOutOfRangeError:
        raise
    except (KafkaError, OSError) as error:
        raise BrokerUnreachable(f"the broker: {error!r}") from error
