"""Send a file's events in the file's order, in large batches, and say what could not be sent.

A batch whose arrival is in doubt goes again: its events carry the same ids, so what had arrived is recognised. The
first event is read as ingest will read it, so that a wrong map is told before anything is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, get_args

import orjson

from schemas.events import Channel
from service.connectors.file.converting import Converter, compile_map
from service.connectors.file.event_map import ReadMap
from service.connectors.file.rows import BadRow, Format, NumberedRow, csv_rows, json_rows
from service.core.model import RecordEvent
from service.kafka.port import Lost, Message
from service.wire.inputs import LaneInput, decode, read_input
from service.wire.messages import Poison, RawRecord
from service.wire.topics import Topics

BATCH: Final = 2_000
ATTEMPTS: Final = 5
PAUSE_SECONDS: Final = 1.0
MEMBER_EVENTS: Final = "crm.member."
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)

Convert = Callable[[NumberedRow], Message | BadRow]


class NothingFits(Exception):
    """The first event would go to the dead letters: the map, or the file, is not what it should be."""


class Sender(Protocol):
    """What is needed of a producer; see `service.kafka.publisher`."""

    async def publish(self, messages: list[Message]) -> None: ...

    async def renew(self) -> None: ...


@dataclass
class Progress:
    """How far it is: events sent, and rows that could not be."""

    sent: int = 0
    bad: list[BadRow] = field(default_factory=list)


class Opened(NamedTuple):
    """An open file: its columns (none for JSON lines), its rows, and the bytes beneath, which tell how far it is."""

    columns: list[str] | None
    rows: Iterable[NumberedRow | BadRow]
    raw: BinaryIO


@contextmanager
def opened(path: Path, form: Format, delimiter: str) -> Iterator[Opened]:
    """Open a file as rows. Raises `OSError`, and `UnicodeDecodeError` also while it is read."""
    with path.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
        if form == "csv":
            header, rows = csv_rows(lines, delimiter)
            yield Opened(header, rows, raw)
        else:
            yield Opened(None, json_rows(lines), raw)


def converter(read: ReadMap | None, file: Path, columns: list[str] | None, topics: Topics) -> Convert:
    """How rows become events: by the map, or, without one, each JSON line is an event already."""
    if read is None:
        return lambda row: event_as_it_is(row, topics)
    made: Converter = compile_map(read, file, columns, topics.sources[0])
    return lambda row: made.convert(*row)


def event_as_it_is(found: NumberedRow, topics: Topics) -> Message | BadRow:
    """A line that is an event, plain or structured. Its record or person is its key."""
    line, event = found
    kind, data = event.get("type"), event.get("data", event)
    if not isinstance(kind, str) or not isinstance(data, dict):
        return BadRow(line, "an event has a `type`; other rows need a map")
    match data:
        case {"record": {"type": str(record_type), "id": str(record_id)}}:
            key = f"{record_type}/{record_id}"
        case {"person": str(key)}:
            pass
        case _:
            return BadRow(line, "an event names a record or a person")
    topic = topics.sources[-1] if kind.startswith(MEMBER_EVENTS) else topics.sources[0]
    return Message(topic, str(event.get("partitionkey") or key).encode(), orjson.dumps(event))


async def send(
    rows: Iterable[NumberedRow | BadRow], convert: Convert, sender: Sender, progress: Progress, told: Callable[[], None]
) -> None:
    """Send every row; `told` is called after each batch. Raises `NothingFits`, `Lost`."""
    batch: list[Message] = []
    for row in rows:
        event = row if isinstance(row, BadRow) else convert(row)
        if isinstance(event, BadRow):
            progress.bad.append(event)
            continue
        if not (progress.sent or batch):
            refuse_unreadable(event)
        batch.append(event)
        if len(batch) == BATCH:
            await _deliver(batch, sender, progress)
            told()
            batch = []
    await _deliver(batch, sender, progress)
    told()


def refuse_unreadable(event: Message) -> None:
    """Read an event as ingest will, but for what it would ignore: in a file that is a mistake. Raises `NothingFits`."""
    found = decode(RawRecord(event.topic, 0, 0, event.key, event.value, event.headers, 0), epoch=0)
    if isinstance(found, Poison):
        raise NothingFits(f"the first event would be a dead letter ({found.reason}): {found.detail}")
    if found.unknown:
        raise NothingFits(f"the first event has parts that no event has: {', '.join(found.unknown)}")
    read = read_input(found.value)
    channel = read.event.channel if isinstance(read, LaneInput) and isinstance(read.event, RecordEvent) else None
    if channel is not None and channel not in CHANNELS:
        raise NothingFits(f"the first event came in through {channel}; there are the channels {', '.join(CHANNELS)}")


async def _deliver(batch: list[Message], sender: Sender, progress: Progress) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await sender.publish(batch)
        except Lost:
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
            await sender.renew()
        else:
            progress.sent += len(batch)
            return
