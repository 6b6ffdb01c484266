"""A redrive: the event of a dead letter as a new record of its topic, with the original's bytes, key and headers.

Two headers of ours are added. One names the position of the *first* letter, however often it was redriven since: by it
a lane knows whether the event was decided in the meantime. The other is the time at which the original was written, for
events that tell none of their own: to be sent again makes nothing newer.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from service.wire.messages import Headers, Position, RawRecord

POSITION: Final = "redrive_position"
TIME: Final = "redrive_time"
OURS: Final = frozenset({POSITION, TIME})

HEADERS_BYTES: Final = 400
"""What both take at most: the size limit of events does not count them."""

NUMBER_LIMIT: Final = 19
LAST_TIME_MS: Final = 253_402_300_799_999
"""The last of the year 9999 in UTC."""


class Redrive(NamedTuple):
    """Where the event was first read, and when it was written, in milliseconds since 1970, UTC."""

    position: Position
    time_ms: int


class Again(NamedTuple):
    """A record to append to a source topic. In its form it is a message whose key and value may be missing."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def read_redrive(headers: Headers) -> Redrive | None:
    """What our headers say; none: the record was not redriven. Raises `ValueError` where somebody else wrote them."""
    found = {known: value for name, value in headers if (known := name.lower()) in OURS}
    if not found:
        return None
    position = read_position((found.get(POSITION) or b"").decode(errors="replace"))
    time = found.get(TIME) or b""
    if position is None or not _is_digits(time.decode(errors="replace")) or int(time) > LAST_TIME_MS:
        raise ValueError(f"the headers {POSITION} and {TIME} are not those of a redrive")
    return Redrive(position, int(time))


def read_position(text: str) -> Position | None:
    """A position in the form in which it is written, `epoch/topic/partition/offset`; none: it is not one."""
    parts = text.split("/")
    if len(parts) != len(Position._fields):
        return None
    epoch, topic, partition, offset = parts
    if not (topic and all(map(_is_digits, (epoch, partition, offset)))):
        return None
    position = Position(int(epoch), topic, int(partition), int(offset))
    return position if position.is_possible else None


def redrive_of(original: RawRecord, epoch: int) -> Redrive:
    """What a redrive of this source record names: the first letter's position and time, or its own."""
    try:
        known = read_redrive(original.headers)
    except ValueError:
        known = None
    own = Position(epoch, original.topic, original.partition, original.offset)
    return known or Redrive(own, min(max(0, original.time_ms), LAST_TIME_MS))


def again(original: RawRecord, redrive: Redrive) -> Again:
    """The source record once more, as a redrive."""
    kept = [header for header in original.headers if header[0].lower() not in OURS]
    return Again(original.topic, original.key, original.value, (*kept, *redrive_headers(redrive)))


def redrive_headers(redrive: Redrive) -> Headers:
    """The headers that name it."""
    return (POSITION, str(redrive.position).encode()), (TIME, str(redrive.time_ms).encode())


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= NUMBER_LIMIT
