"""A consumer that behaves as the driver's does, its faults included: for properties of the reader.

What it copies from the driver: all records of a fetched page are unpacked by one generator per partition, which ends
where it raises; what a call has drained of other partitions is dropped when one raises; the position is moved to where
the generator is when a page ends, also over what was never handed out; a seek throws the page away. Beyond the
driver, it may lose what it has read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord, TopicPartition

BROKEN = "broken"
MARKER = "marker"


class CannotUnpack(Exception):
    """What the driver raises for a record it cannot read."""


@dataclass
class Page:
    """What was fetched of a partition. `next` is the offset after what the generator has yielded or passed."""

    next: int
    records: Iterator[ConsumerRecord[bytes, bytes]]


@dataclass
class FakeConsumer:
    """Partitions are lists: the offset is the index, an entry is a value, `BROKEN` or `MARKER`.

    `jump` says how many of a read's records are left out.
    """

    logs: dict[TopicPartition, list[str]]
    jump: Callable[[], int] = lambda: 0
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    paused: set[TopicPartition] = field(default_factory=set)
    pages: dict[TopicPartition, Page] = field(default_factory=dict)
    reads: int = 0
    _jumped: set[TopicPartition] = field(default_factory=set)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset
        self.pages.pop(partition, None)

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.paused -= set(partitions)

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        await asyncio.sleep(0)
        self.reads += 1
        drained = {}
        for partition in partitions:
            if partition in self.paused:
                continue
            records = self._drain(partition, max_records)
            if records:
                drained[partition] = records
        return drained

    def _drain(self, partition: TopicPartition, limit: int) -> list[ConsumerRecord[bytes, bytes]]:
        position = self.positions[partition]
        page = self.pages.get(partition)
        if page is None or page.next != position:
            page = self.pages[partition] = self._fetch(partition, position)
        drained = []
        for record in page.records:
            drained.append(record)
            if len(drained) >= limit:
                break
        else:
            del self.pages[partition]
        self.positions[partition] = page.next
        return drained[self._left_out(partition) :]

    def _left_out(self, partition: TopicPartition) -> int:
        """How many records a read loses. Never twice in a row: a fault, not what is there."""
        if partition in self._jumped:
            self._jumped.remove(partition)
            return 0
        left_out = self.jump()
        if left_out:
            self._jumped.add(partition)
        return left_out

    def _fetch(self, partition: TopicPartition, position: int) -> Page:
        page = Page(position, iter(()))

        def unpack() -> Iterator[ConsumerRecord[bytes, bytes]]:
            for offset, value in enumerate(self.logs[partition]):
                if offset < position:
                    continue
                if value == BROKEN:
                    raise CannotUnpack(offset)
                page.next = offset + 1
                if value != MARKER:
                    yield record_of(partition, offset, value)

        page.records = unpack()
        return page


def record_of(partition: TopicPartition, offset: int, value: str) -> ConsumerRecord[bytes, bytes]:
    """A record as the driver gives it."""
    return ConsumerRecord(*partition, offset, 0, 1, None, value.encode(), None, -1, len(value), ())
