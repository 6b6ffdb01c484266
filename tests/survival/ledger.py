"""What the sources hold, read from the topics themselves and without anything of the service that reads them.

Partition by partition, and only what was committed. Where a read raises, the partition is read record by record, and
an offset that raises even alone is one that no client can read. A topic that is made anew begins another life, whose
positions have another epoch; what was read of the one before stays in the ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError

from service.kafka.connection import KafkaConnection, let_go
from service.wire.topics import Topics

POLL_MS: Final = 100
FETCH_WAIT_MS: Final = 20
"""How long the broker may hold back a read of what is not there yet; a seek waits as long."""
UNREADABLE: Final = (CorruptRecordException, UnsupportedCodecError)
"""Of the driver's errors those that are about records; what is none of its errors is about records, too."""


class Ledger:
    """Grows by `read_on`. Positions are `epoch/topic/partition/offset`, in the order in which they were read.

    `records` must end in one lane, `members` in each; `unreadable` cannot be read by anybody.
    """

    def __init__(self, connection: KafkaConnection, topics: Topics) -> None:
        options = {"isolation_level": "read_committed", "fetch_max_wait_ms": FETCH_WAIT_MS}
        self._consumer = AIOKafkaConsumer(**(connection.consumer_options() | options))
        self._records_topic, self._members_topic = topics.sources
        self.records: list[str] = []
        self.members: list[str] = []
        self.unreadable: list[str] = []
        self._epochs = dict.fromkeys(topics.sources, 0)
        self._marks: dict[TopicPartition, int] = {}
        self._singly: set[TopicPartition] = set()

    async def open(self) -> None:
        """Be ready to read from the beginning."""
        await self._consumer.start()
        for topic in self._epochs:
            await self._consumer._client.add_topic(topic)
            for number in sorted(self._consumer.partitions_for_topic(topic)):
                self._marks[TopicPartition(topic, number)] = 0
        self._assign()

    async def close(self) -> None:
        """Let go of the connection."""
        await let_go(self._consumer.stop())

    def partitions(self, topic: str) -> int:
        """How many the topic has."""
        return sum(place.topic == topic for place in self._marks)

    def begin_life(self, topic: str, epoch: int) -> None:
        """The topic was made anew: read it from its beginning, under this epoch."""
        self._epochs[topic] = epoch
        for place in self._marks:
            if place.topic == topic:
                self._marks[place] = 0
        self._assign()

    async def read_on(self) -> None:
        """Read to the end of each partition as it is now. Raises `KafkaError`."""
        ends = await self._consumer.end_offsets(list(self._marks))
        for place, end in ends.items():
            while self._marks[place] < end:
                await self._read(place)

    def _assign(self) -> None:
        self._consumer.assign(list(self._marks))
        for place, mark in self._marks.items():
            self._consumer.seek(place, mark)

    async def _read(self, place: TopicPartition) -> None:
        most = 1 if place in self._singly else None
        read = self._consumer.getmany(place, timeout_ms=POLL_MS, max_records=most)
        answers: Sequence[Any] = await asyncio.gather(read, return_exceptions=True)
        match answers[0]:
            case KafkaError() as error if not isinstance(error, UNREADABLE):
                raise error
            case Exception():
                self._stumble(place)
            case BaseException() as end:
                raise end
            case pages:
                self._note(place, pages.get(place, ()))
                self._marks[place] = await self._consumer.position(place)

    def _stumble(self, place: TopicPartition) -> None:
        """A read raised: see which record it was, or know that this one is it."""
        if place in self._singly:
            self.unreadable.append(self._position(place, self._marks[place]))
            self._marks[place] += 1
        self._singly.add(place)
        self._consumer.seek(place, self._marks[place])

    def _note(self, place: TopicPartition, read: Sequence[ConsumerRecord[Any, Any]]) -> None:
        if read:
            self._singly.discard(place)
        kept = self.members if place.topic == self._members_topic else self.records
        kept += [self._position(place, record.offset) for record in read]

    def _position(self, place: TopicPartition, offset: int) -> str:
        return f"{self._epochs[place.topic]}/{place.topic}/{place.partition}/{offset}"
