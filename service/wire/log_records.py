"""What stands in a lane's log: claims, batches, and the opening, chunks and end of snapshots.

The log is physical. A batch holds what was changed and what must be published, byte for byte, so that recovery never
decides again and an upgrade never reads an old decision differently. Records are JSON, so that people and other
programs can check the promises from the topics alone. Outputs are objects in it, in the bytes that are published; or
texts, where an older build may own the lane next (`OBJECTS_LEVEL`).

Each record carries the format and the lane's level. State is named by kind and full name (`main/lead/4711`), never by
place; whoever needs places derives them, and how many buckets a kind has stands beside what names it. So kinds can be
added: a reader carries along what it does not know. A record of a newer format it does not guess at (`NewerLog`), and
what is no record of a lane at all is `ForeignRecord`: it does not count.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar, assert_never

import msgspec
import orjson
from msgspec.structs import astuple

from service.core.state import FIRST_LEVEL
from service.wire.cloudevents import JSON_CONTENT
from service.wire.log_forms import (
    FORMAT,
    OBJECTS_LEVEL,
    BatchForm,
    BatchState,
    ChunkForm,
    ClaimForm,
    CompleteForm,
    Cursor,
    FormatOnly,
    OpeningForm,
    OutcomeLine,
    OutputsForm,
    OutputsState,
    SnapshotMark,
    Text,
)
from service.wire.messages import Header, Message

NO_OFFSET: Final = -1

Fields = Mapping[str, bytes | None]
"""By full name the final value, as JSON bytes; none: gone."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`owner` takes the lane. The offset of this record is the owner's token."""

    owner: str
    level: int = FIRST_LEVEL


@dataclass(frozen=True, slots=True)
class Batch:
    """Decisions made in one go, valid if `token` is the newest claim before it.

    `time_ms` is the lane's clock; `versions` the configuration version of each division, `code` the deciding code's,
    `zones` the release of the time zones it went by (empty: of a build that did not say);
    `parts` are the offsets of the `Outputs` in front of it that belong to it, where its outputs were too many for one
    record. `changes` are by kind, and `kinds` says how many buckets each of these has; `grown` the bytes of log since
    the newest snapshot began, this record not counted.
    """

    token: int
    start: Cursor
    end: Cursor
    time_ms: int
    versions: Mapping[str, int]
    code: int
    outcomes: Sequence[OutcomeLine]
    changes: Mapping[str, Fields]
    outputs: Sequence[Message]
    kinds: Mapping[str, int] = field(default_factory=dict)
    snapshots: tuple[SnapshotMark, ...] = ()
    grown: int = 0
    level: int = FIRST_LEVEL
    parts: tuple[int, ...] = ()
    zones: str = ""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Outputs of the batch that follows and names this record. Without that batch they are none."""

    token: int
    outputs: Sequence[Message]
    level: int = FIRST_LEVEL


@dataclass(frozen=True, slots=True)
class Opening:
    """A snapshot begins: of these kinds, each with so many buckets. It is complete when all of them were covered."""

    token: int
    kinds: Mapping[str, int]
    snapshots: tuple[SnapshotMark, ...] = ()
    level: int = FIRST_LEVEL


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the snapshot that opened at `start`: some buckets (`pool:3`), as of the record before.

    `goes_on`: the last of them is not whole, the next chunk has more of it, with no batch in between.
    """

    token: int
    start: int
    content: Mapping[str, Mapping[str, bytes]]
    goes_on: bool = False
    snapshots: tuple[SnapshotMark, ...] = ()
    level: int = FIRST_LEVEL


@dataclass(frozen=True, slots=True)
class Complete:
    """All chunks since `start` are there. `batch` is the last batch before, with its checksum."""

    token: int
    start: int
    batch: int
    checksum: str
    time_ms: int
    snapshots: tuple[SnapshotMark, ...] = ()
    level: int = FIRST_LEVEL


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """Something else than a lane wrote it, or nothing at all is there. It does not count."""

    reason: str


LogRecord = Claim | Outputs | Batch | Opening | Chunk | Complete


class NewerLog(Exception):
    """A lane's log was written by a newer version, or is at a level this one does not know. Let a newer one own it."""


def checksum(value: bytes) -> str:
    """A short fingerprint of a log record's bytes."""
    return hashlib.blake2b(value, digest_size=8).hexdigest()


def encode(record: LogRecord) -> bytes:
    """The record as JSON."""
    match record:
        case Claim():
            return _dump("claim", record, {"owner": record.owner})
        case Batch():
            return _encode_batch(record)
        case Outputs():
            headers, outputs = _encode_outputs(record.outputs, record.level)
            return _dump("outputs", record, {"token": record.token, "headers": headers, "outputs": outputs})
        case Opening():
            return _dump("snapshot", record, {"token": record.token, "kinds": record.kinds})
        case Chunk():
            content = {key: _raw_fields(fields) for key, fields in record.content.items()}
            rest = {"token": record.token, "start": record.start, "content": content, "goes_on": record.goes_on}
            return _dump("chunk", record, rest)
        case Complete():
            rest = {
                "token": record.token,
                "start": record.start,
                "batch": record.batch,
                "checksum": record.checksum,
                "time": record.time_ms,
            }
            return _dump("complete", record, rest)
        case _:
            assert_never(record)


def decode(value: bytes) -> LogRecord | ForeignRecord:
    """Read a record back. Raises `NewerLog`."""
    form = _form(lambda: _WHOLE_READER.decode(value), value)
    try:
        return _record(form, _decode_outputs(form) if isinstance(form, BatchForm | OutputsForm) else ())
    except (IndexError, ValueError, msgspec.MsgspecError) as error:
        return ForeignRecord(f"the outputs of a batch cannot be read: {error}")


def decode_for_state(value: bytes) -> LogRecord | ForeignRecord:
    """Read a record back without a batch's outputs, which are most of it. Raises `NewerLog`."""
    return _record(_form(lambda: _STATE_READER.decode(value), value))


def _encode_batch(batch: Batch) -> bytes:
    headers, outputs = _encode_outputs(batch.outputs, batch.level)
    return _dump(
        "batch",
        batch,
        {
            "token": batch.token,
            "from": tuple(batch.start),
            "to": tuple(batch.end),
            "time": batch.time_ms,
            "versions": batch.versions,
            "code": batch.code,
            "zones": batch.zones,
            "outcomes": [astuple(line) for line in batch.outcomes],
            "kinds": batch.kinds,
            "changes": {kind: _raw_fields(fields) for kind, fields in batch.changes.items()},
            "headers": headers,
            "outputs": outputs,
            "parts": batch.parts,
            "grown": batch.grown,
        },
    )


def _dump(kind: str, record: LogRecord, rest: Mapping[str, object]) -> bytes:
    head: dict[str, object] = {"kind": kind, "format": FORMAT, "level": record.level}
    if not isinstance(record, Claim | Outputs):
        head["snapshots"] = [tuple(mark) for mark in record.snapshots]
    return orjson.dumps({**head, **rest})


def _raw_fields(fields: Fields) -> dict[str, orjson.Fragment | None]:
    return {name: None if value is None else orjson.Fragment(value) for name, value in fields.items()}


def _encode_outputs(outputs: Sequence[Message], level: int) -> tuple[list[object], list[object]]:
    """The headers that occur, each once, and the outputs, which name theirs by position: most repeat in every one.

    Nearly all is text through and through; only a dead letter may hold other bytes.
    """
    try:
        return _headers_and_rows(outputs, level, bytes.decode)
    except UnicodeDecodeError:
        return _headers_and_rows(outputs, level, _text)


def _headers_and_rows(
    outputs: Sequence[Message], level: int, text: Callable[[bytes], Text]
) -> tuple[list[object], list[object]]:
    """What we made says that it is JSON, and stands there as the object that it is: nothing of it is escaped. A dead
    letter may hold anything, and says nothing of it under that name.
    """
    known: dict[Header, int] = {}
    position, has_objects = known.setdefault, level >= OBJECTS_LEVEL
    rows: list[object] = [
        (
            output.topic,
            text(output.key),
            orjson.Fragment(output.value) if has_objects and JSON_CONTENT in output.headers else text(output.value),
            [position(header, len(known)) for header in output.headers],
        )
        for output in outputs
    ]
    return [(name, None if value is None else text(value)) for name, value in known], rows


def output_bytes(output: Message) -> int:
    """What an output alone takes in a batch of any level, at most: exactly that where it stands there as a text."""
    return len(orjson.dumps(_encode_outputs([output], FIRST_LEVEL)))


def _text(value: bytes) -> Text:
    """Bytes as JSON can hold them."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return (base64.b64encode(value).decode(),)


def _bytes(text: Text) -> bytes:
    return text.encode() if isinstance(text, str) else base64.b64decode(text[0], validate=True)


_StateForm = ClaimForm | OutputsState | BatchState | OpeningForm | ChunkForm | CompleteForm
_WholeForm = ClaimForm | OutputsForm | BatchForm | OpeningForm | ChunkForm | CompleteForm
_FORMAT_READER: Final = msgspec.json.Decoder(FormatOnly)
_TEXT_READER: Final[msgspec.json.Decoder[Text]] = msgspec.json.Decoder(Text)
_WHOLE_READER: Final[msgspec.json.Decoder[_WholeForm]] = msgspec.json.Decoder(_WholeForm)
_STATE_READER: Final[msgspec.json.Decoder[_StateForm]] = msgspec.json.Decoder(_StateForm)


F = TypeVar("F")


def _form(read: Callable[[], F], value: bytes) -> F | ForeignRecord:
    try:
        return read()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _refuse_newer(value)
        return ForeignRecord(f"{type(error).__name__}: {error}")


def _refuse_newer(value: bytes) -> None:
    """Raise `NewerLog` for a record that says it is of a newer format."""
    try:
        found = _FORMAT_READER.decode(value).format
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    if found > FORMAT:
        raise NewerLog(f"the log has a record of format {found}, and this version reads up to {FORMAT}")


def _record(form: _StateForm | ForeignRecord, outputs: Sequence[Message] = ()) -> LogRecord | ForeignRecord:
    match form:
        case BatchState():
            changes = {kind: _plain_or_gone(fields) for kind, fields in form.changes.items()}
            return Batch(
                token=form.token,
                start=form.start,
                end=form.end,
                time_ms=form.time,
                versions=form.versions,
                code=form.code,
                outcomes=form.outcomes,
                changes=changes,
                outputs=outputs,
                kinds=form.kinds,
                snapshots=form.snapshots,
                grown=form.grown,
                level=form.level,
                parts=form.parts,
                zones=form.zones,
            )
        case OutputsState():
            return Outputs(form.token, outputs, form.level)
        case ClaimForm():
            return Claim(form.owner, form.level)
        case OpeningForm():
            return Opening(form.token, form.kinds, form.snapshots, form.level)
        case ChunkForm():
            content = {key: {name: bytes(raw) for name, raw in fields.items()} for key, fields in form.content.items()}
            return Chunk(form.token, form.start, content, form.goes_on, form.snapshots, form.level)
        case CompleteForm():
            at = (form.token, form.start, form.batch, form.checksum, form.time)
            return Complete(*at, form.snapshots, form.level)
        case ForeignRecord():
            return form
        case _:
            assert_never(form)


def _plain_or_gone(fields: Mapping[str, msgspec.Raw]) -> dict[str, bytes | None]:
    return {name: None if (value := bytes(raw)) == b"null" else value for name, raw in fields.items()}


def _decode_outputs(form: BatchForm | OutputsForm) -> list[Message]:
    known = [(name, None if value is None else _bytes(value)) for name, value in form.headers]
    return [
        Message(topic, _bytes(key), _published(bytes(value)), tuple([known[position] for position in positions]))
        for topic, key, value, positions in form.outputs
    ]


def _published(value: bytes) -> bytes:
    """The bytes of an output: the object itself, or what the text that stands for them says."""
    return value if value.startswith(b"{") else _bytes(_TEXT_READER.decode(value))
