"""Dead letters: what could not be read or decided, kept so that a person can look at it and send it again.

The value is the original's, byte for byte, and so are its key and headers, under other names. What is ours stands in
headers too, so that nothing of the original is touched. A lane's dead letter holds the decoded event: the headers name
the source position, where the original is.

A dead letter must fit its topic whatever the original was, for a refused one would hold up everything behind it. A
source may hold more than we can write: its broker counts compressed bytes. What does not fit is cut: the value and the
key keep their beginning, a header is kept whole or left out. The letter then names the parts that were cut, and has the
size and the checksum of the original value, which still lies at the source position.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

from service.wire.messages import Header, Headers, Message, Poison, Position, RawRecord
from service.wire.topics import Topics

REASON: Final = "dead_letter_reason"
DETAIL: Final = "dead_letter_detail"
TRACEBACK: Final = "dead_letter_traceback"
SOURCE_EPOCH: Final = "dead_letter_source_epoch"
SOURCE_TOPIC: Final = "dead_letter_source_topic"
SOURCE_PARTITION: Final = "dead_letter_source_partition"
SOURCE_OFFSET: Final = "dead_letter_source_offset"
CUT: Final = "dead_letter_cut"
ORIGINAL_VALUE_BYTES: Final = "original_value_bytes"
ORIGINAL_VALUE_SHA256: Final = "original_value_sha256"
ORIGINAL_KEY: Final = "original_key"
ORIGINAL_VALUE_NULL: Final = "original_value_null"
ORIGINAL_TIME: Final = "original_time"
"""When the source record was written, in milliseconds since 1970; only where the letter holds the record."""
ORIGINAL_HEADER_PREFIX: Final = "original_header_"

DETAIL_LIMIT: Final = 2_000
TRACEBACK_LIMIT: Final = 16_000
"""In bytes. Of a long traceback the end is kept: it says what was raised and where."""

LIMIT_BYTES: Final = 900_000
LEAST_LIMIT_BYTES: Final = 2_048
"""A dead letter's size by default, and the smallest that holds position, reason and the end of a trace."""

BATCH_BYTES: Final = 100
HEADER_BYTES: Final = 10
"""What a broker counts of a record alone in its batch, and of each header, besides their bytes; at most."""

CUT_HEADERS_BYTES: Final = 200
"""What the headers take that tell of a cut, at most."""

TOPIC_LIMIT: Final = 249
NUMBER_LIMIT: Final = 20
KEY_LIMIT: Final = 320
"""A position fits. One that a foreign writer invented is cut to this."""


class _Parts(NamedTuple):
    """An original, its headers already under their names in the dead letter."""

    key: bytes | None
    value: bytes | None
    headers: Headers


def dead_letter(
    poison: Poison, position: Position, topics: Topics, traceback: str = "", limit_bytes: int = LIMIT_BYTES
) -> Message:
    """The message for the dead letter topic; `position` is the source position, also where a lane gave up.

    It has at most `limit_bytes` as `stored_bytes` counts them, which are at least `LEAST_LIMIT_BYTES`.
    """
    original = _parts(poison.raw)
    key = _utf8(str(position))[:KEY_LIMIT]
    where = (*_where(position), *_written(poison.raw))
    room = limit_bytes - BATCH_BYTES - len(key) - _headers_bytes(where) - CUT_HEADERS_BYTES
    reason, *texts = _why(poison, traceback, room)
    room -= _headers_bytes((reason, *texts))
    kept = original if _bytes(original) <= room else _cut(original, room)
    cut = [name for name, whole, part in zip(original._fields, original, kept, strict=True) if whole != part]
    return Message(
        topics.dead_letters,
        key,
        kept.value or b"",
        (reason, texts[0], *where, *texts[1:], *_cut_headers(original, cut), *_named(kept), *kept.headers),
    )


def stored_bytes(message: Message) -> int:
    """What a broker counts of the message against its limit, when it comes alone and uncompressed; at most."""
    return BATCH_BYTES + len(message.key) + len(message.value) + _headers_bytes(message.headers)


def _parts(raw: RawRecord | bytes) -> _Parts:
    if isinstance(raw, bytes):
        return _Parts(None, raw, ())
    headers = tuple((ORIGINAL_HEADER_PREFIX + _utf8(name).decode(), value) for name, value in raw.headers)
    return _Parts(raw.key, raw.value, headers)


def _where(position: Position) -> Headers:
    return (
        (SOURCE_EPOCH, _number(position.epoch)),
        (SOURCE_TOPIC, _utf8(position.topic)[:TOPIC_LIMIT]),
        (SOURCE_PARTITION, _number(position.partition)),
        (SOURCE_OFFSET, _number(position.offset)),
    )


def _written(raw: RawRecord | bytes) -> Headers:
    return () if isinstance(raw, bytes) else ((ORIGINAL_TIME, _number(raw.time_ms)),)


def _why(poison: Poison, traceback: str, room: int) -> list[Header]:
    """Reason, detail and trace, which leave a quarter of the room at least."""
    room -= _headers_bytes(((REASON, poison.reason.encode()), (DETAIL, b""), (TRACEBACK, b"")))
    told: list[Header] = [
        (REASON, poison.reason.encode()),
        (DETAIL, _whole_characters(_utf8(poison.detail[:DETAIL_LIMIT])[: min(DETAIL_LIMIT, room // 4)])),
    ]
    if traceback:
        end = _utf8(traceback[-TRACEBACK_LIMIT:])[-min(TRACEBACK_LIMIT, room // 2) :]
        told.append((TRACEBACK, _whole_characters(end)))
    return told


def _cut_headers(original: _Parts, cut: Iterable[str]) -> Headers:
    """What tells that parts were cut; nothing where none was."""
    names = " ".join(cut)
    if not names:
        return ()
    value = original.value or b""
    return (
        (CUT, names.encode()),
        (ORIGINAL_VALUE_BYTES, b"%d" % len(value)),
        (ORIGINAL_VALUE_SHA256, sha256(value).hexdigest().encode()),
    )


def _named(parts: _Parts) -> list[Header]:
    """The headers that stand for the key, and for a value that was missing."""
    named: list[Header] = [] if parts.key is None else [(ORIGINAL_KEY, parts.key)]
    return named if parts.value is not None else [*named, (ORIGINAL_VALUE_NULL, b"true")]


def _cut(original: _Parts, room: int) -> _Parts:
    """As much of the original as there is room for: a little of the key, headers in order, the value with the rest."""
    room -= _headers_bytes(_named(original._replace(key=None if original.key is None else b"")))
    key = None if original.key is None else original.key[: room // 8]
    room -= len(key or b"")
    value = original.value or b""
    share = max(room // 4, room - len(value))
    headers = []
    for header in original.headers:
        size = _headers_bytes((header,))
        if size <= share:
            share -= size
            room -= size
            headers.append(header)
    return _Parts(key, None if original.value is None else value[:room], tuple(headers))


def _bytes(parts: _Parts) -> int:
    return len(parts.value or b"") + _headers_bytes(_named(parts)) + _headers_bytes(parts.headers)


def _headers_bytes(headers: Iterable[Header]) -> int:
    return sum(HEADER_BYTES + len(name.encode()) + len(value or b"") for name, value in headers)


def _number(number: int) -> bytes:
    return str(number).encode()[:NUMBER_LIMIT]


def _utf8(text: str) -> bytes:
    """Text of an exception, or of a header's name, may hold half characters, which UTF-8 has no form for."""
    return text.encode(errors="backslashreplace")


def _whole_characters(data: bytes) -> bytes:
    """Without the half characters at the ends of cut text."""
    return data.decode(errors="ignore").encode()
