"""Read partitions from their beginning while they grow, without leaving anything out.

The embedded broker drops the oldest records of a partition when it has five megabytes. Whoever counts must be told
when he was too slow, so a gap is an error here and never a smaller number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Place
from service.tools.reading import raw_record
from service.wire.messages import RawRecord

POLL_MS: Final = 50


class ReadTooSlowly(Exception):
    """The broker dropped records before they were read, so what was counted is wrong: send less at once."""


class Follower:
    """Gives every record of some partitions to `take`, in order per partition, while `until` waits."""

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
            pages = await self._consumer.getmany(timeout_ms=POLL_MS)
        except OffsetOutOfRangeError as error:
            raise ReadTooSlowly(f"records were dropped before they were read: {error}") from error
        for partition, records in pages.items():
            for record in records:
                if record.offset != self._next[partition]:
                    raise ReadTooSlowly(f"{partition} goes on at {record.offset}, not at {self._next[partition]}")
                self._next[partition] = record.offset + 1
                self._take(raw_record(record))
