"""Read dead letters back: what `service.wire.dead_letters` wrote becomes the original again, beside what is ours."""

from __future__ import annotations

from typing import NamedTuple

from service.wire.dead_letters import (
    DETAIL,
    ORIGINAL_HEADER_PREFIX,
    ORIGINAL_KEY,
    ORIGINAL_VALUE_NULL,
    REASON,
    TRACEBACK,
)
from service.wire.messages import Headers, RawRecord


class DeadLetter(NamedTuple):
    """One dead letter. `key`, `value` and `headers` are the original's, untouched; `position` is where it was read.

    `traceback` is empty unless deciding raised; then the value is the lane's decoded input and not the source's bytes.
    """

    position: str
    reason: str
    detail: str
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    traceback: str


def read_dead_letter(record: RawRecord) -> DeadLetter:
    """The dead letter that the record of the topic holds."""
    ours = dict(record.headers)
    return DeadLetter(
        position=_text(record.key),
        reason=_text(ours.get(REASON)),
        detail=_text(ours.get(DETAIL)),
        time_ms=record.time_ms,
        key=ours.get(ORIGINAL_KEY),
        value=None if ours.get(ORIGINAL_VALUE_NULL) else record.value,
        headers=tuple(
            (name.removeprefix(ORIGINAL_HEADER_PREFIX), value)
            for name, value in record.headers
            if name.startswith(ORIGINAL_HEADER_PREFIX)
        ),
        traceback=_text(ours.get(TRACEBACK)),
    )


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="backslashreplace")
