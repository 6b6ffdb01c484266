"""How far a partition cannot be read: for those who pass it knowingly, and must not pass anything else.

A batch that is compressed fails as a whole, and so does what lies behind a bad record in its batch. So offset after
offset is asked for by itself, with the options of the service, until one can be read.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from service.kafka.connection import KafkaConnection, let_go
from service.kafka.reading import partitions_of
from service.kafka.sources import UNREADABLE

MOST_PROBED: Final = 10_000
"""More offsets than this in a row are not passed at once: the largest batches of usual producers hold fewer."""


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
    isolation = "read_uncommitted" if connection.embedded else "read_committed"
    there = await partitions_of(connection, topic)
    if partition not in there:
        return Readable(f"no such partition: {topic} has {len(there)}, from 0 on")
    consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"isolation_level": isolation}))
    place = TopicPartition(topic, partition)
    try:
        async with asyncio.timeout(connection.start_timeout_seconds):
            await consumer.start()
        consumer.assign([place])
        begin = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        if not begin <= offset < end:
            return Readable(f"{topic}/{partition} holds offsets {begin} to {end - 1}")
        first = await _error_at(consumer, place, offset, connection.request_timeout_ms)
        if first is None:
            return Readable("it can be read, or nothing is there that a reader sees")
        for stop in range(offset + 1, min(end, offset + MOST_PROBED)):
            if await _error_at(consumer, place, stop, connection.request_timeout_ms) is None:
                return Unreadable(offset, stop, first)
        return Unreadable(offset, min(end, offset + MOST_PROBED), first)
    finally:
        await let_go(consumer.stop())


async def _error_at(consumer: AIOKafkaConsumer, place: TopicPartition, offset: int, patience_ms: int) -> str | None:
    """What reading from here raises; none: nothing. Raises `KafkaError` that is not about the records."""
    consumer.seek(place, offset)
    read = consumer.getmany(place, timeout_ms=patience_ms, max_records=1)
    answers: list[object] = await asyncio.gather(read, return_exceptions=True)
    match answers[0]:
        case KafkaError() as error if not isinstance(error, UNREADABLE):
            raise error
        case BaseException() as error:
            return repr(error)
        case _:
            return None
