"""How long a customer waits: from an event's append to the arrival of its assignment, at a steady rate.

Sender and reader are one process, so both moments are read from one clock. The event's moment is taken before it is
handed to the producer, the assignment's when a consumer has it: what the broker takes on both sides is in the figure.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer

from service.kafka.publisher import Publisher
from service.wire.messages import Message
from tests.bench.contestants import Task
from tests.bench.stage import Stuck, pause

TICK_SECONDS: Final = 0.01
POLL_MS: Final = 50
SETTLE_SECONDS: Final = 3.0
"""Events of the first seconds are sent and not counted."""
PATIENCE_SECONDS: Final = 20


class Latency(NamedTuple):
    """Percentiles in milliseconds, of how many events, and the rate that was reached in sending them."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    events: int
    events_per_second: float


@dataclass
class Stopwatch:
    """When each event was sent and its assignment seen, by the number in the event's id."""

    sent: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    reads: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, task: Task) -> None:
        """Note what arrives from now on, for ever."""
        consumer = AIOKafkaConsumer(
            task.topics.assignments, **task.connection.client_options(), auto_offset_reset="latest"
        )
        await consumer.start()
        try:
            await consumer.seek_to_end()
            self.reads.set()
            while True:
                pages = await consumer.getmany(timeout_ms=POLL_MS)
                now = time.perf_counter()
                for page in pages.values():
                    self.seen.update({_cause(record.headers): now for record in page})
        finally:
            await consumer.stop()

    async def send(self, task: Task, messages: Sequence[Message], rate: int) -> None:
        """Send at a rate, a few every hundredth of a second, each batch on its own time whatever became of the last."""
        publisher = Publisher(task.connection)
        start, at_once = time.perf_counter(), max(1, int(rate * TICK_SECONDS))
        for number, first in enumerate(range(0, len(messages), at_once)):
            await pause(start + number * at_once / rate - time.perf_counter())
            due = messages[first : first + at_once]
            now = time.perf_counter()
            self.sent.update({_cause(message.headers, "ce_id"): now for message in due})
            await publisher.publish(due)
        await publisher.close()

    async def all_seen(self) -> None:
        """Wait until every event has its assignment. Raises `Stuck`."""
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while missing := self.sent.keys() - self.seen.keys():
            if time.perf_counter() > deadline:
                raise Stuck(f"{len(missing)} assignments did not arrive")
            await pause(TICK_SECONDS)

    def waits_ms(self, since: float = 0.0) -> list[float]:
        """How long each event that was sent since that moment took, in order of length."""
        return sorted(1000 * (self.seen[event] - sent) for event, sent in self.sent.items() if sent >= since)

    def latency(self) -> Latency:
        """Of all events but the first seconds'."""
        begin = min(self.sent.values()) + SETTLE_SECONDS
        waits = self.waits_ms(begin)
        seconds = max(self.sent.values()) - begin
        return Latency(
            _percentile(waits, 50),
            _percentile(waits, 95),
            _percentile(waits, 99),
            waits[-1],
            len(waits),
            len(waits) / seconds,
        )


async def timed(task: Task, messages: Sequence[Message], rate: int) -> Stopwatch:
    """Send the events to a running service at a rate, and wait for all their assignments."""
    watch = Stopwatch()
    reading = asyncio.create_task(watch.read(task))
    try:
        await watch.reads.wait()
        await watch.send(task, messages, rate)
        await watch.all_seen()
    finally:
        reading.cancel()
        await asyncio.wait([reading])
    return watch


def _cause(headers: Sequence[tuple[str, bytes | None]], name: str = "ce_causationid") -> str:
    return next((value or b"").decode() for known, value in headers if known == name)


def _percentile(ordered: Sequence[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
