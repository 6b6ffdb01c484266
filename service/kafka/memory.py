"""A broker that is a few lists, and a lane's side of it: for scenarios, replay and the simulation of faults.

It keeps the promises of a real one that lanes build on: offsets without holes, a beginning that moves, order per key
by the same choice of partition, and writes of which nobody knows whether they arrived. Its lists are public, so that
whoever runs a lane on it can look in. Time is what the given clock says; nothing here waits.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Literal, NamedTuple, assert_never

from service.kafka.partitions import Place, partition_of
from service.kafka.port import Arrived, LogEntry, Lost, Truncated
from service.wire.messages import Headers, Message
from service.wire.topics import Topics

Operation = Literal["append", "publish", "tick"]


class Fault(Enum):
    """What goes wrong with a write. The writer always sees the same: `Lost`."""

    BEFORE = auto()
    """It never arrives."""
    AFTER = auto()
    """It arrives, but the answer does not."""
    LATE = auto()
    """It arrives when nobody expects it any more: it waits in `late` until `land`."""


class BrokerRecord(NamedTuple):
    """One record as the broker keeps it; `time_ms` is the append time."""

    offset: int
    time_ms: int
    key: bytes
    value: bytes
    headers: Headers


class Late(NamedTuple):
    """A write that is still under way: the records of one partition."""

    place: Place
    messages: tuple[Message, ...]


@dataclass
class Partition:
    """The records that are there, oldest first, without holes. `begin` is the offset of the first, or the next."""

    begin: int = 0
    records: list[BrokerRecord] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The offset the next record will have."""
        return self.begin + len(self.records)

    def slice(self, start: int, stop: int) -> list[BrokerRecord]:
        """Records with start <= offset < stop. Raises `Truncated` when `start` is not there."""
        if not self.begin <= start <= self.end:
            raise Truncated(self.begin, self.end)
        return self.records[start - self.begin : max(start, stop) - self.begin]


def no_fault(operation: Operation, topic: str) -> Fault | None:
    """Every write arrives."""
    return None


@dataclass
class MemoryBroker:
    """All topics of a broker, `lanes` partitions each. `clock`: milliseconds since 1970, UTC.

    `fault` is asked once per partition that is written to, with the operation and the topic.
    """

    clock: Callable[[], int]
    lanes: int = 1
    fault: Callable[[Operation, str], Fault | None] = no_fault
    partitions: defaultdict[Place, Partition] = field(default_factory=lambda: defaultdict(Partition))
    late: list[Late] = field(default_factory=list)

    def write(self, place: Place, messages: Sequence[Message]) -> int:
        """Append to a partition; the first one's offset. This is also how an input gets in."""
        partition = self.partitions[place]
        first, now = partition.end, self.clock()
        partition.records += [
            BrokerRecord(offset, now, message.key, message.value, message.headers)
            for offset, message in enumerate(messages, start=first)
        ]
        return first

    def land(self, late: Late) -> int:
        """Let a late write arrive after all; its first offset."""
        self.late.remove(late)
        return self.write(late.place, late.messages)

    def records(self, topic: str) -> list[BrokerRecord]:
        """Everything a topic holds, partition by partition."""
        return [record for lane in range(self.lanes) for record in self.partitions[Place(topic, lane)].records]

    def receive(self, operation: Operation, place: Place, messages: Sequence[Message]) -> int:
        """Write as a client does it, with what may go wrong on the way. Raises `Lost`."""
        fault = self.fault(operation, place.topic)
        match fault:
            case None:
                return self.write(place, messages)
            case Fault.BEFORE:
                pass
            case Fault.AFTER:
                self.write(place, messages)
            case Fault.LATE:
                self.late.append(Late(place, tuple(messages)))
            case _:
                assert_never(fault)
        raise Lost(f"{operation} to {place.topic}: {fault.name.lower()}")


class MemoryTransport:
    """`Transport` on a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, lane: int, topics: Topics) -> None:
        self._broker = broker
        self._input = Place(topics.events, lane)
        self._log = Place(topics.log, lane)
        self._position: int | None = None
        self._lost = False

    async def log_bounds(self) -> tuple[int, int]:
        """First offset of the log, and the offset the next record will have."""
        partition = self._broker.partitions[self._log]
        return partition.begin, partition.end

    async def read_log(self, start: int, stop: int) -> AsyncIterator[LogEntry]:
        """The log's records with start <= offset < stop that are there now. Raises `Truncated`."""
        for record in self._broker.partitions[self._log].slice(start, stop):
            yield LogEntry(record.offset, record.value)

    async def append(self, *values: bytes) -> int:
        """Append to the log, all or none; the first one's offset. Raises `Lost`."""
        return self._write("append", self._log, values)

    async def seek(self, offset: int) -> None:
        """Make `offset` the next input position to poll."""
        self._position = offset

    async def poll(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        """Up to `limit` input records in order. Without any it does not wait: only others' work can bring some."""
        await asyncio.sleep(0)
        if self._position is None:
            raise RuntimeError("seek before the first poll")
        start = self._position
        records = self._broker.partitions[self._input].slice(start, start + limit)
        self._position = start + len(records)
        return [Arrived(record.offset, record.time_ms, record.value) for record in records]

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish all, in order per key. Raises `Lost`; other partitions' messages may have arrived then."""
        placed: defaultdict[Place, list[Message]] = defaultdict(list)
        for message in messages:
            placed[Place(message.topic, partition_of(message.key, self._broker.lanes))].append(message)
        self._refuse_when_lost()
        losses = []
        for place, parts in placed.items():
            try:
                self._broker.receive("publish", place, parts)
            except Lost as loss:
                losses.append(loss)
        if losses:
            self._lost = True
            raise losses[0]

    async def tick(self, value: bytes) -> None:
        """Append to the lane's own input. Raises `Lost`."""
        self._write("tick", self._input, [value])

    async def truncate_log(self, before: int) -> None:
        """Delete the log's records below `before`; nothing when there are none, or `before` is beyond the end."""
        partition = self._broker.partitions[self._log]
        if partition.begin < before <= partition.end:
            del partition.records[: before - partition.begin]
            partition.begin = before

    async def renew(self) -> None:
        """After a loss: write again. What was lost may still be late."""
        self._lost = False

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _write(self, operation: Operation, place: Place, values: Sequence[bytes]) -> int:
        self._refuse_when_lost()
        try:
            return self._broker.receive(operation, place, [Message(place.topic, b"", value) for value in values])
        except Lost:
            self._lost = True
            raise

    def _refuse_when_lost(self) -> None:
        if self._lost:
            raise Lost("an earlier write was lost: renew the producer first")
