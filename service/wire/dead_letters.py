"""Dead letters: what could not be read or decided, kept so that a person can look at it and send it again.

The value is the original's, byte for byte, and so are its key and headers, under other names. What is ours stands in
headers too, so that nothing of the original is touched. A lane's dead letter holds the decoded event: the headers name
the source position, where the original is.
"""

from __future__ import annotations

from typing import Final

from service.wire.messages import Headers, Message, Poison, Position
from service.wire.topics import Topics

REASON: Final = "dead_letter_reason"
DETAIL: Final = "dead_letter_detail"
TRACEBACK: Final = "dead_letter_traceback"
SOURCE_EPOCH: Final = "dead_letter_source_epoch"
SOURCE_TOPIC: Final = "dead_letter_source_topic"
SOURCE_PARTITION: Final = "dead_letter_source_partition"
SOURCE_OFFSET: Final = "dead_letter_source_offset"
ORIGINAL_KEY: Final = "original_key"
ORIGINAL_VALUE_NULL: Final = "original_value_null"
ORIGINAL_HEADER_PREFIX: Final = "original_header_"

DETAIL_LIMIT: Final = 2_000
TRACEBACK_LIMIT: Final = 16_000
"""In characters. Of a long traceback the end is kept: it says what was raised and where."""


def dead_letter(poison: Poison, position: Position, topics: Topics, traceback: str = "") -> Message:
    """The message for the dead letter topic; `position` is the source position, also where a lane gave up."""
    headers: list[tuple[str, bytes | None]] = [
        (REASON, poison.reason.encode()),
        (DETAIL, _utf8(poison.detail[:DETAIL_LIMIT])),
        (SOURCE_EPOCH, b"%d" % position.epoch),
        (SOURCE_TOPIC, position.topic.encode()),
        (SOURCE_PARTITION, b"%d" % position.partition),
        (SOURCE_OFFSET, b"%d" % position.offset),
    ]
    if traceback:
        headers.append((TRACEBACK, _utf8(traceback[-TRACEBACK_LIMIT:])))
    key = str(position).encode()
    if isinstance(poison.raw, bytes):
        return Message(topics.dead_letters, key, poison.raw, tuple(headers))
    if poison.raw.key is not None:
        headers.append((ORIGINAL_KEY, poison.raw.key))
    if poison.raw.value is None:
        headers.append((ORIGINAL_VALUE_NULL, b"true"))
    return Message(topics.dead_letters, key, poison.raw.value or b"", (*headers, *_originals(poison.raw.headers)))


def _originals(headers: Headers) -> Headers:
    return tuple((ORIGINAL_HEADER_PREFIX + name, value) for name, value in headers)


def _utf8(text: str) -> bytes:
    """Text of an exception may hold half characters, which UTF-8 has no form for."""
    return text.encode(errors="backslashreplace")
