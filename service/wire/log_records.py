"""What stands in a lane's log: claims, batches, and the chunks and end of snapshots.

The log is physical. A batch holds what was changed and what must be published, byte for byte, so that recovery never
decides again and an upgrade never reads an old decision differently. Records are JSON, so that people and other
programs can check the promises from the topics alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, assert_never

import orjson

from service.wire.messages import Header, Message

NO_OFFSET: Final = -1


class Place(NamedTuple):
    """How far the input is used: the next offset, and how many decisions already carry it (timers come first)."""

    offset: int = 0
    ordinal: int = 0


class OutcomeLine(NamedTuple):
    """One decision, as the log lists it. `source` is the CRM's position, `epoch/topic/partition/offset`, where one is.

    `kind` is an outcome's name in lower case, `dead_letter`, or `dropped` for an input that was taken before.
    """

    offset: int
    ordinal: int
    kind: str
    reason: str
    decision_id: str
    source: str


class SnapshotMark(NamedTuple):
    """A snapshot that has landed complete: the offset of its first chunk, and the lane's clock when it ended."""

    start: int
    time_ms: int


class Stored(NamedTuple):
    """One change in its stored form: the final value (JSON bytes) of a field of a key; none: gone."""

    key: str
    field: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Claim:
    """`owner` takes the lane. The offset of this record is his token."""

    owner: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Decisions made in one go, valid if `token` is the newest claim before it.

    `time_ms` is the lane's clock; `versions` the configuration version of each division, `code` the deciding code's;
    `grown` the bytes of log since the newest snapshot began, this record not counted.
    """

    token: int
    start: Place
    end: Place
    time_ms: int
    versions: Mapping[str, int]
    code: int
    outcomes: Sequence[OutcomeLine]
    changes: Sequence[Stored]
    outputs: Sequence[Message]
    snapshots: tuple[SnapshotMark, ...] = ()
    grown: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """The whole content of some keys, as of the record before. `start` is the first chunk's offset, none for itself."""

    token: int
    start: int | None
    content: Mapping[str, Mapping[str, bytes]]
    snapshots: tuple[SnapshotMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Complete:
    """All chunks since `start` are there. `batch` is the last batch before, with its checksum."""

    token: int
    start: int
    batch: int
    checksum: str
    time_ms: int
    snapshots: tuple[SnapshotMark, ...] = field(default=())


LogRecord = Claim | Batch | Chunk | Complete
ReadOutputs = Callable[[dict[str, Any]], Sequence[Message]]


class UnreadableLog(Exception):
    """A record of a lane's log is not one of ours. The topic has a foreign writer, or a newer version wrote it."""


def checksum(value: bytes) -> str:
    """A short fingerprint of a log record's bytes."""
    return hashlib.blake2b(value, digest_size=8).hexdigest()


def encode(record: LogRecord) -> bytes:
    """The record as JSON."""
    match record:
        case Claim():
            return orjson.dumps({"kind": "claim", "owner": record.owner})
        case Batch():
            return _encode_batch(record)
        case Chunk():
            content = {
                key: {name: orjson.Fragment(value) for name, value in fields.items()}
                for key, fields in record.content.items()
            }
            return _dump("chunk", record.token, record.snapshots, {"start": record.start, "content": content})
        case Complete():
            rest = {
                "start": record.start,
                "batch": record.batch,
                "checksum": record.checksum,
                "time": record.time_ms,
            }
            return _dump("complete", record.token, record.snapshots, rest)
        case _:
            assert_never(record)


def decode(value: bytes) -> LogRecord:
    """Read a record back. Raises `UnreadableLog`."""
    return _decode(value, _decode_outputs)


def decode_for_state(value: bytes) -> LogRecord:
    """Read a record back without a batch's outputs, which are most of it. Raises `UnreadableLog`."""
    return _decode(value, lambda data: ())


def _decode(value: bytes, outputs: ReadOutputs) -> LogRecord:
    try:
        data = orjson.loads(value)
        return _decode_batch(data, outputs) if data["kind"] == "batch" else _DECODERS[data["kind"]](data)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableLog(f"a record of the log cannot be read ({error!r}): {value[:80]!r}") from error


def _encode_batch(batch: Batch) -> bytes:
    headers, outputs = _encode_outputs(batch.outputs)
    return _dump(
        "batch",
        batch.token,
        batch.snapshots,
        {
            "from": tuple(batch.start),
            "to": tuple(batch.end),
            "time": batch.time_ms,
            "versions": batch.versions,
            "code": batch.code,
            "outcomes": [tuple(line) for line in batch.outcomes],
            "changes": [(key, name, _raw(value)) for key, name, value in batch.changes],
            "headers": headers,
            "outputs": outputs,
            "grown": batch.grown,
        },
    )


def _dump(kind: str, token: int, snapshots: tuple[SnapshotMark, ...], rest: Mapping[str, object]) -> bytes:
    return orjson.dumps({"kind": kind, "token": token, "snapshots": [tuple(mark) for mark in snapshots], **rest})


def _encode_outputs(outputs: Sequence[Message]) -> tuple[list[object], list[object]]:
    """The headers that occur, each once, and the outputs, which name theirs by position: most repeat in every one.

    Nearly all is text through and through; only a dead letter may hold other bytes.
    """
    known: dict[Header, int] = {}
    position = known.setdefault
    try:
        rows: list[object] = [
            (topic, key.decode(), value.decode(), [position(header, len(known)) for header in headers])
            for topic, key, value, headers in outputs
        ]
    except UnicodeDecodeError:
        rows = [
            (topic, _text(key), _text(value), [position(header, len(known)) for header in headers])
            for topic, key, value, headers in outputs
        ]
    return [(name, _text(value)) for name, value in known], rows


def output_bytes(output: Message) -> int:
    """What an output alone takes in a batch, exactly."""
    return len(orjson.dumps(_encode_outputs([output])))


def _raw(value: bytes | None) -> orjson.Fragment | None:
    return None if value is None else orjson.Fragment(value)


def _text(value: bytes | None) -> str | list[str] | None:
    """Bytes as JSON can hold them: text where they are UTF-8, else a list with their base64."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return [base64.b64encode(value).decode()]


def _bytes(text: str | list[str]) -> bytes:
    return text.encode() if isinstance(text, str) else base64.b64decode(text[0])


def _marks(data: dict[str, Any]) -> tuple[SnapshotMark, ...]:
    return tuple(SnapshotMark(*mark) for mark in data["snapshots"])


def _decode_outputs(data: dict[str, Any]) -> list[Message]:
    known = [(name, None if value is None else _bytes(value)) for name, value in data["headers"]]
    return [
        Message(topic, _bytes(key), _bytes(value), tuple([known[position] for position in positions]))
        for topic, key, value, positions in data["outputs"]
    ]


def _decode_batch(data: dict[str, Any], outputs: ReadOutputs) -> Batch:
    return Batch(
        token=data["token"],
        start=Place(*data["from"]),
        end=Place(*data["to"]),
        time_ms=data["time"],
        versions=data["versions"],
        code=data["code"],
        outcomes=[OutcomeLine(*line) for line in data["outcomes"]],
        changes=[
            Stored(key, name, None if value is None else orjson.dumps(value)) for key, name, value in data["changes"]
        ],
        outputs=outputs(data),
        snapshots=_marks(data),
        grown=data["grown"],
    )


def _decode_chunk(data: dict[str, Any]) -> Chunk:
    content = {
        key: {name: orjson.dumps(value) for name, value in fields.items()} for key, fields in data["content"].items()
    }
    return Chunk(data["token"], data["start"], content, _marks(data))


def _decode_complete(data: dict[str, Any]) -> Complete:
    return Complete(data["token"], data["start"], data["batch"], data["checksum"], data["time"], _marks(data))


_DECODERS: Final[Mapping[str, Callable[[dict[str, Any]], LogRecord]]] = {
    "claim": lambda data: Claim(data["owner"]),
    "chunk": _decode_chunk,
    "complete": _decode_complete,
}
