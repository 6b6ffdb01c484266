"""Writes to the broker: one idempotent producer, whole batches, and no doubt left about what happened.

A write either is known to be at the broker or it is `Lost`. After a loss nothing more is written with the same
producer: a broker accepts the first batch of a fresh producer whatever its sequence, so a later batch could arrive
without an earlier one. `renew` throws the producer away at once, with all it still holds, and the next write starts
another. Whatever goes wrong is a loss, also what only a fault of the driver or of ours can raise: who writes repeats it
and says so, and nobody above has to know what a driver may raise. What a broker refuses for good is `Refused`.

Batches are filled by hand and sent whole, which costs a tenth of sending message by message. Of one partition only
one batch is under way, and the next is sent after the broker has confirmed it. To rely on the sequence numbers instead
would not do: after a batch that failed for good they guard nothing, see above.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Final, TypeVar

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    BrokerResponseError,
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnsupportedForMessageFormatError,
)
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from service.kafka.connection import KafkaConnection, let_go
from service.kafka.partitions import Place, partition_of
from service.kafka.port import Lost, Refused
from service.wire.messages import Message
from service.wire.redrive import Again

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
REFUSED: Final = (
    *TOO_LARGE,
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
    UnsupportedForMessageFormatError,
    UnknownError,
)
"""Answers that another producer would get, too. The last stands for those that the driver has no name for, as that of
a record which the topic's rules do not allow."""

END_SENDER_SECONDS = 0.2
"""How long a producer's sender may take to end before the request it waits for is cancelled, too."""


class Publisher:
    """One producer and its replacements. Connects with the first write, so that making one never fails.

    Not safe for concurrent writes to one partition.
    """

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._starting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._lost: AIOKafkaProducer | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Write all, each to the partition of its key, in order per partition, and wait. Raises `Lost`."""
        if messages:
            with self._or_lost():
                await self._write(await self._placed(messages))

    async def append(self, place: Place, messages: Sequence[Message | Again]) -> int:
        """Write all to one partition, whatever their topics and keys; the first one's offset. Raises `Lost`.

        The offset is the broker's word: -1 where it does not know any more (a batch it had already seen).
        """
        with self._or_lost():
            return (await self._write({place: messages}))[0]

    async def renew(self) -> None:
        """Throw the producer away with all it holds. Does not wait for the broker."""
        self._discard()

    async def close(self) -> None:
        """Let go of every connection, within a few seconds also when the broker does not answer."""
        self._discard()
        if self._ending:
            await asyncio.wait(self._ending)

    async def _placed(self, messages: Sequence[Message]) -> dict[Place, Sequence[Message | Again]]:
        counts = {topic: await self._partitions(topic) for topic in {message.topic for message in messages}}
        placed: defaultdict[tuple[str, int], list[Message]] = defaultdict(list)
        for message in messages:
            topic = message.topic
            placed[topic, partition_of(message.key, counts[topic])].append(message)
        return {Place(*place): own for place, own in placed.items()}

    async def _partitions(self, topic: str) -> int:
        producer = await self._ready()
        found = await self._bounded(producer, producer.partitions_for(topic), self._connection.request_timeout_seconds)
        return len(found)

    async def _write(self, placed: Mapping[Place, Sequence[Message | Again]]) -> list[int]:
        """Send the batches of all places side by side, those of one place in turn; the places' first offsets."""
        producer = await self._ready()
        rows = list(zip_longest(*(_batches(producer, messages) for messages in placed.values())))
        seconds = self._connection.request_timeout_seconds
        offsets = [await self._bounded(producer, _send(producer, placed, row), seconds) for row in rows]
        return offsets[0]

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                self._producer = AIOKafkaProducer(**self._connection.producer_options())
                await self._bounded(self._producer, self._producer.start(), self._connection.start_timeout_seconds)
            if self._producer is self._lost:
                raise Lost("an earlier write was lost: renew the producer first")
            return self._producer

    async def _bounded(self, producer: AIOKafkaProducer, work: Awaitable[Result], seconds: float) -> Result:
        with self._or_lost(producer):
            async with asyncio.timeout(seconds):
                return await work

    @contextmanager
    def _or_lost(self, producer: AIOKafkaProducer | None = None) -> Iterator[None]:
        """Make whatever the block raises a loss; after it the producer, if it had one at hand, is of no use."""
        try:
            yield
        except (asyncio.CancelledError, Lost):
            self._lost = producer or self._lost
            raise
        except Exception as error:  # the driver's faults have no common type: a loss tells them all
            self._lost = producer or self._lost
            why = str(error) or type(error).__name__
            raise Lost(f"the broker at {self._connection.bootstrap} did not confirm a write: {why}") from error

    def _discard(self) -> None:
        if self._producer is not None:
            task = asyncio.create_task(_end(self._producer))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        self._producer = self._lost = None


def _batches(producer: AIOKafkaProducer, messages: Sequence[Message | Again]) -> list[BatchBuilder]:
    batches = [producer.create_batch()]
    for each in messages:
        key, value, headers = each.key, each.value, list(each.headers)
        if batches[-1].append(timestamp=None, key=key, value=value, headers=headers) is None:
            batches.append(producer.create_batch())
            batches[-1].append(timestamp=None, key=key, value=value, headers=headers)
    return batches


async def _send(producer: AIOKafkaProducer, places: Iterable[Place], row: Sequence[BatchBuilder | None]) -> list[int]:
    """Send one batch per place, wait for all; the first offset of each."""
    sent = [
        (await producer.send_batch(batch, place.topic, partition=place.partition), place, batch)
        for place, batch in zip(places, row, strict=True)
        if batch is not None
    ]
    return await asyncio.gather(*(_confirmed(*each) for each in sent))


async def _confirmed(answer: Awaitable[RecordMetadata], place: Place, batch: BatchBuilder) -> int:
    """The offset at which the broker has the batch. Raises `Refused` where it never will, and says so in the log."""
    try:
        return int((await answer).offset)
    except BrokerResponseError as error:
        if not isinstance(error, REFUSED):
            raise
        log.error("write.refused", topic=place.topic, bytes=batch.size(), error=repr(error))
        too_large = isinstance(error, TOO_LARGE)
        raise Refused(place.topic, batch.size(), error, is_too_large=too_large) from error


async def _end(producer: AIOKafkaProducer) -> None:
    """End a producer without sending what it holds.

    Its own `stop` flushes first, for as long as the broker is away, and may send a record that everybody has given up
    long ago. Without its sender it has nothing to flush, and only closes the connections.
    """
    sender = producer._sender.sender_task  # noqa: SLF001  # there is no public way to drop what is held
    while sender is not None and not sender.done():
        sender.cancel()
        await asyncio.wait([sender], timeout=END_SENDER_SECONDS)
    producer._sender = None  # noqa: SLF001  # see above
    await let_go(producer.stop())
