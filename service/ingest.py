"""Take CRM events to their lanes: decode, re-key, send, and only then acknowledge.

Ingest knows nothing of configuration, so running it twice is harmless: a lane drops what it has taken before. What
matters is order. Of one source partition no later event may be sent before an earlier one, so there is one batch
outstanding per lane, and after a failed send the same batch goes again from its start with a new producer. Whoever
calls `handle` calls it again with the same batch where it raises (`service.app.intake`).
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from service.kafka.port import Lost, Message
from service.kafka.publisher import Place
from service.telemetry import METERS
from service.wire.dead_letters import dead_letter
from service.wire.inputs import decode
from service.wire.lanes import lane_of
from service.wire.messages import Poison, Position, RawRecord
from service.wire.outputs import DEFAULT_DIVISION
from service.wire.topics import Topics

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """What ingest needs of a producer; see `service.kafka.publisher`."""

    async def publish(self, messages: Sequence[Message]) -> None: ...

    async def append(self, place: Place, messages: Sequence[Message]) -> int: ...

    async def renew(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How sources are read. The epoch covers the division attribute and the number of lanes: neither changes alone.

    A topic that was made anew has an epoch of its own, by its name in `topic_epochs`.
    """

    topics: Topics
    lanes: int
    epoch: int = 0
    division_attribute: str = "division"
    size_limit_bytes: int = 262_144
    topic_epochs: Mapping[str, int] = field(default_factory=dict)

    def epoch_of(self, topic: str) -> int:
        """The epoch of a source topic's positions."""
        return self.topic_epochs.get(topic, self.epoch)


class Sorted(NamedTuple):
    """A batch of source records as it is sent: per lane, and what could not be read."""

    lanes: dict[int, list[Message]]
    dead_letters: list[Message]


def no_step(name: str) -> None:
    """Nothing happens between the steps."""


async def pause(attempt: int) -> None:
    """Wait longer with each attempt, at most five seconds."""
    await asyncio.sleep(min(5.0, 0.1 * 2.0**attempt))


@dataclass
class Ingest:
    """Sends batches of source records to their lanes. `step` is called between any two things it does."""

    reading: Reading
    sender: Sender
    step: Callable[[str], None] = no_step
    pause: Callable[[int], Awaitable[None]] = field(default=pause)

    async def handle(self, records: Sequence[RawRecord], acknowledge: Callable[[], Awaitable[None]]) -> None:
        """Send all of a batch, however often it takes, then acknowledge it."""
        self.step("ingest_polled")
        batch = sort_batch(records, self.reading)
        attempt = 0
        while not await self._send(batch):
            attempt += 1
            await self.pause(attempt)
            await self.sender.renew()
        self.step("ingest_sent")
        await acknowledge()
        self.step("ingest_acknowledged")
        for topic, amount in Counter(record.topic for record in records).items():
            METERS.count("events_ingested", amount, topic=topic)

    async def _send(self, batch: Sorted) -> bool:
        """One attempt at everything. False: it is not known what arrived."""
        writes = [
            self.sender.append(Place(self.reading.topics.events, lane), messages)
            for lane, messages in batch.lanes.items()
        ]
        answers = await asyncio.gather(*writes, self.sender.publish(batch.dead_letters), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, Lost):
                log.warning("batch.lost", reason=str(answer))
                return False
            if isinstance(answer, BaseException):
                raise answer
        return True


def sort_batch(records: Sequence[RawRecord], reading: Reading) -> Sorted:
    """Decode each record, and say where it goes. Order is kept."""
    lanes: defaultdict[int, list[Message]] = defaultdict(list)
    dead_letters = []
    for record in records:
        decoded = decode(
            record,
            epoch=reading.epoch_of(record.topic),
            division_attribute=reading.division_attribute,
            size_limit=reading.size_limit_bytes,
        )
        if isinstance(decoded, Poison):
            position = Position(reading.epoch_of(record.topic), record.topic, record.partition, record.offset)
            log.warning("event.refused", reason=decoded.reason, detail=decoded.detail, position=str(position))
            METERS.count("dead_letters", reason=decoded.reason)
            dead_letters.append(dead_letter(decoded, position, reading.topics))
            continue
        division = decoded.division or DEFAULT_DIVISION
        message = Message(reading.topics.events, division.encode(), decoded.value)
        for lane in range(reading.lanes) if decoded.broadcast else (lane_of(division, reading.lanes),):
            lanes[lane].append(message)
    return Sorted(dict(lanes), dead_letters)
