"""Send a file's events in the file's order, in large batches, and say what could not be sent.

A batch whose arrival is in doubt goes again: its events carry the same ids, so what had arrived is recognised. The
first event is read as ingest will read it, so that a wrong map is told before anything is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, get_args

import orjson

from schemas.envelope import as_text
from schemas.events import INPUTS, CatalogueChanged, Channel, RecordData
from service.connectors.file.converting import Converter, compile_map
from service.connectors.file.event_map import ReadMap
from service.connectors.file.progress import Convert, Progress, events_of
from service.connectors.file.rows import BadRow, NumberedRow
from service.core.events import RecordEvent
from service.kafka.port import Lost
from service.wire.inputs import LaneInput, decode, read_input
from service.wire.messages import Message, Poison, RawRecord
from service.wire.topics import Topics

BATCH: Final = 2_000
ATTEMPTS: Final = 5
NAMELESS: Final = "an event names a record or a person: add `record` with `type` and `id`, or `person`"
PAUSE_SECONDS: Final = 1.0
MEMBER_EVENTS: Final = "crm.member."
CATALOGUE_KEY: Final = "catalogue"
"""Of events about fields and steps themselves, which name no record: all in one order."""
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)


class NothingFits(Exception):
    """The first event would go to the dead letters: the map, or the file, is not what it should be."""


class EventSender(Protocol):
    """What is needed of a producer; see `service.kafka.publisher`."""

    async def publish(self, messages: list[Message]) -> None: ...

    async def renew(self) -> None: ...


def converter(read: ReadMap | None, file: Path, columns: list[str] | None, topics: Topics) -> Convert:
    """How rows become events: by the map, or, without one, each JSON line is an event already."""
    if read is None:
        return lambda row: event_as_it_is(row, topics)
    made: Converter = compile_map(read, file, columns, topics.sources[0])
    return made.convert


def readable(convert: Convert) -> Convert:
    """The same, but what ingest could not read is a bad row."""

    def read(row: NumberedRow) -> Message | BadRow:
        event = convert(row)
        if isinstance(event, Message) and (mistake := _mistake(event)):
            return BadRow(row.line, f"it {mistake}", 1, row.cells)
        return event

    return read


def event_as_it_is(found: NumberedRow, topics: Topics) -> Message | BadRow:
    """A line that is an event, plain or structured. Its record or person is its key, or what it is about besides."""
    line, event, cells = found
    kind, data = event.get("type"), event.get("data", event)
    if not isinstance(kind, str) or not isinstance(data, dict):
        return BadRow(line, "an event has a `type`; other rows need a map", 1, cells)
    key = _key(kind, data)
    if not key:
        return BadRow(line, NAMELESS, 1, cells)
    topic = topics.sources[-1] if kind.startswith(MEMBER_EVENTS) else topics.sources[0]
    return Message(topic, str(event.get("partitionkey") or key).encode(), orjson.dumps(event))


def _key(kind: str, data: Mapping[str, Any]) -> str:
    """What keeps events of one thing in order: its record, its person, or that it is about fields or steps themselves.
    Ids are read as ingest reads them. Empty: the event names nothing.
    """
    match data:
        case {"record": {"type": str(record_type), "id": told}} if (record_id := as_text(told)) and isinstance(
            record_id, str
        ):
            return f"{record_type}/{record_id}"
        case {"person": told} if (person := as_text(told)) and isinstance(person, str):
            return person
        case _ if issubclass(INPUTS.get(kind, RecordData), CatalogueChanged):
            return CATALOGUE_KEY
        case _:
            return ""


async def send(
    rows: Iterable[NumberedRow | BadRow],
    convert: Convert,
    sender: EventSender,
    progress: Progress,
    progressed: Callable[[], None],
) -> None:
    """Send every row; `progressed` is called after each batch. Raises `NothingFits`, `Lost`."""
    batch: list[Message] = []
    for event in events_of(rows, convert, progress):
        if not (progress.sent or batch):
            refuse_unreadable(event)
        batch.append(event)
        if len(batch) == BATCH:
            await _deliver(batch, sender, progress)
            progressed()
            batch = []
    await _deliver(batch, sender, progress)
    progressed()


def refuse_unreadable(event: Message) -> None:
    """Read an event as ingest will, but for what it would ignore: in a file that is a mistake. Raises `NothingFits`."""
    mistake = _mistake(event)
    if mistake:
        raise NothingFits(f"the first event {mistake}")


def _mistake(event: Message) -> str:
    """What is wrong with an event that somebody wrote into a file; empty: nothing is."""
    found = decode(RawRecord(event.topic, 0, 0, event.key, event.value, event.headers, 0), epoch=0)
    if isinstance(found, Poison):
        return f"would be a dead letter ({found.reason}): {found.detail}"
    if found.unknown:
        return f"has parts that no event has: {', '.join(found.unknown)}"
    read = read_input(found.value)
    channel = read.event.channel if isinstance(read, LaneInput) and isinstance(read.event, RecordEvent) else None
    if channel is not None and channel not in CHANNELS:
        return f"came in through {channel}; there are the channels {', '.join(CHANNELS)}"
    return ""


async def _deliver(batch: list[Message], sender: EventSender, progress: Progress) -> None:
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
