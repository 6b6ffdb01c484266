"""Take CRM events to their lanes: decode, re-key, send.

Ingest knows nothing of configuration, so running it twice is harmless: a lane drops what it has taken before. What
matters is order. Of one source partition no later event may be sent before an earlier one, so there is one batch
outstanding per lane, and after a failed send the same batch goes again from its start with a new producer. No
exception leaves `handle` but a cancellation.

A record costs nobody but itself: whatever reading it raises makes a dead letter of it alone. What does not get through
is told in `problem`, and a dead letter that its topic is too small for goes again with half the size.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol

import structlog

from service.kafka.partitions import Place
from service.kafka.port import Refused
from service.nouns import counted
from service.printable import SECRET_HEADERS, is_secret
from service.telemetry.metrics import METERS
from service.wire.dead_letters import LEAST_LIMIT_BYTES, LIMIT_BYTES, dead_letter
from service.wire.inputs import decode
from service.wire.lanes import lane_of
from service.wire.messages import Message, Poison, Position, RawRecord
from service.wire.outputs import DEFAULT_DIVISION
from service.wire.seals import sealed
from service.wire.topics import Topics

log = structlog.get_logger(__name__)

TOLD_ATTEMPTS: Final = 3
"""After so many failed attempts it is a problem and not a broker that was elsewhere for a moment."""

LONGEST_PAUSE_SECONDS: Final = 5.0
LONGEST_PAUSE_ATTEMPT: Final = 6


class LaneSender(Protocol):
    """What ingest needs of a producer; see `service.kafka.publisher`."""

    async def publish(self, messages: Sequence[Message]) -> None: ...

    async def append(self, place: Place, messages: Sequence[Message]) -> int: ...

    async def renew(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How sources are read. The epoch covers the division attribute and the number of lanes: neither changes alone.

    A topic that was made anew has an epoch of its own, by its name in `topic_epochs`. `life` is the identity of the
    lanes' topic that was agreed on: inputs are sealed for it.
    """

    topics: Topics
    lanes: int
    epoch: int = 0
    division_attribute: str = "division"
    size_limit_bytes: int = 262_144
    dead_letter_limit_bytes: int = LIMIT_BYTES
    dropped_headers: frozenset[str] = frozenset(SECRET_HEADERS)
    topic_epochs: Mapping[str, int] = field(default_factory=dict)
    life: str = ""

    def epoch_of(self, topic: str) -> int:
        """The epoch of a source topic's positions."""
        return self.topic_epochs.get(topic, self.epoch)


class Letter(NamedTuple):
    """A dead letter before it is written: how large it may be is known when it is sent."""

    poison: Poison
    position: Position
    traceback: str = ""

    def message(self, topics: Topics, limit_bytes: int = LIMIT_BYTES) -> Message:
        """As it is written, cut to the limit."""
        return dead_letter(self.poison, self.position, topics, self.traceback, limit_bytes)


class Sorted(NamedTuple):
    """A batch of source records as it is sent: per lane, and what could not be read."""

    lanes: dict[int, list[Message]]
    dead_letters: list[Letter]


def no_step(name: str) -> None:
    """Nothing happens between the steps."""


async def pause(attempt: int) -> None:
    """Wait longer with each attempt, up to a bound."""
    await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, 0.1 * 2.0 ** min(attempt, LONGEST_PAUSE_ATTEMPT)))


@dataclass
class Ingest:
    """Sends batches of source records to their lanes. `step` is called between any two things it does.

    `problem` says what keeps a batch from getting through, after some attempts; empty while all is well. `todo` says
    what to do about it, where the broker has said which topic refuses what.
    """

    reading: Reading
    sender: LaneSender
    step: Callable[[str], None] = no_step
    pause: Callable[[int], Awaitable[None]] = field(default=pause)
    problem: str = field(default="", init=False)
    todo: str = field(default="", init=False)
    _topic_takes_bytes: int | None = field(default=None, init=False)

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Send all of a batch, however often it takes. Only a cancellation ends it before."""
        self.step("ingest_polled")
        batch = sort_batch(records, self.reading)
        attempt = 0
        while failures := await self._send(batch):
            attempt += 1
            self._tell(failures, attempt)
            await self.pause(attempt)
            await self.sender.renew()
        self.problem = ""
        self.step("ingest_sent")
        for topic, amount in Counter(record.topic for record in records).items():
            METERS.count("events_ingested", amount, topic=topic)

    async def _send(self, batch: Sorted) -> list[Exception]:
        """One attempt at everything, and why it is not known what arrived; nothing: all is there."""
        writes = [
            self.sender.append(Place(self.reading.topics.events, lane), messages)
            for lane, messages in batch.lanes.items()
        ]
        return await _failures(*writes, self._send_letters(batch.dead_letters))

    async def _send_letters(self, letters: Sequence[Letter]) -> None:
        """All at once, or each alone once their topic has turned out to take less than the settings say."""
        topics = self.reading.topics
        limit = self._topic_takes_bytes or self.reading.dead_letter_limit_bytes
        messages = [letter.message(topics, limit) for letter in letters]
        parts = [messages] if self._topic_takes_bytes is None else [[message] for message in messages]
        for part in parts:
            await self.sender.publish(part)

    def _tell(self, failures: Sequence[Exception], attempt: int) -> None:
        """Say why an attempt failed, and cut dead letters to what their topic may take."""
        reason = "; ".join(sorted({str(failure) or repr(failure) for failure in failures}))
        log.warning("batch.lost", reason=reason, attempt=attempt)
        if attempt >= TOLD_ATTEMPTS:
            self.problem = f"events are not sent on, after {counted(attempt, 'attempt')}: {reason}"
            self.todo = "; ".join(sorted({failure.remedy for failure in failures if isinstance(failure, Refused)}))
        for failure in failures:
            if isinstance(failure, Refused) and failure.is_too_large:
                self._heed(failure)

    def _heed(self, refused: Refused) -> None:
        if refused.topic == self.reading.topics.dead_letters:
            known = self._topic_takes_bytes or self.reading.dead_letter_limit_bytes
            self._topic_takes_bytes = max(LEAST_LIMIT_BYTES, min(known, refused.size) // 2)
            log.error("dead_letters.cut", topic=refused.topic, limit_bytes=self._topic_takes_bytes)


async def _failures(*work: Awaitable[Any]) -> list[Exception]:
    """Do everything side by side; what was raised. A cancellation goes on."""
    answers = await asyncio.gather(*work, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Exception):
            raise answer
    return [answer for answer in answers if isinstance(answer, Exception)]


def sort_batch(records: Sequence[RawRecord], reading: Reading) -> Sorted:
    """Decode each record, and say where it goes. Order is kept. Whatever a record raises makes a dead letter of it."""
    lanes: defaultdict[int, list[Message]] = defaultdict(list)
    letters = []
    for record in records:
        trace = ""
        try:
            placed = _placed(record, reading)
        except Exception as error:  # noqa: BLE001  # the one place: what a record raises costs it, not its batch
            trace = "".join(traceback.format_exception(error))
            placed = Poison("decode_raised", f"reading it raised {type(error).__name__}", record)
        if isinstance(placed, Poison):
            kept = replace(placed, raw=_without_secrets(record, reading.dropped_headers))
            letters.append(Letter(kept, Position(reading.epoch_of(record.topic), *record[:3]), trace))
            _count(letters[-1])
            continue
        message, own_lanes = placed
        for lane in own_lanes:
            lanes[lane].append(message)
    return Sorted(dict(lanes), letters)


def _without_secrets(record: RawRecord, names: frozenset[str]) -> RawRecord:
    """The record whose headers of these names are still there, without their values: a letter is kept for long."""
    return record._replace(
        headers=tuple((name, None if is_secret(name, names) else value) for name, value in record.headers)
    )


def _placed(record: RawRecord, reading: Reading) -> tuple[Message, Sequence[int]] | Poison:
    """The input that a record makes, and the lanes it is for."""
    decoded = decode(
        record,
        epoch=reading.epoch_of(record.topic),
        division_attribute=reading.division_attribute,
        size_limit=reading.size_limit_bytes,
    )
    if isinstance(decoded, Poison):
        return decoded
    division = decoded.division or DEFAULT_DIVISION
    for key, meant in decoded.misspelt:
        log.warning("key.ignored", key=key, looks_like=meant, topic=record.topic)
        METERS.count("keys_misspelt", key=meant)
    message = Message(reading.topics.events, division.encode(), sealed(decoded.value, reading.life))
    return message, range(reading.lanes) if decoded.broadcast else (lane_of(division, reading.lanes),)


def _count(letter: Letter) -> None:
    """Without the detail, which may name fields of a record: it stands in the dead letter."""
    reason = letter.poison.reason
    say = log.error if letter.traceback else log.warning
    say("event.refused", reason=reason, position=str(letter.position))
    METERS.count("dead_letters", reason=reason)
