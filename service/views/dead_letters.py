"""Read dead letters back: what `service.wire.dead_letters` wrote becomes the original again, beside what is ours."""

from __future__ import annotations

from typing import Final, NamedTuple

from service.views.published import Foreign, foreign
from service.wire.dead_letters import (
    CUT,
    DETAIL,
    ORIGINAL_HEADER_PREFIX,
    ORIGINAL_KEY,
    ORIGINAL_TIME,
    ORIGINAL_VALUE_BYTES,
    ORIGINAL_VALUE_NULL,
    ORIGINAL_VALUE_SHA256,
    REASON,
    TRACEBACK,
)
from service.wire.messages import Headers, RawRecord

LONGEST_NUMBER: Final = 20


class DeadLetter(NamedTuple):
    """One dead letter. `key`, `value` and `headers` are the original's, untouched; `position` is where it was read.

    `traceback` is empty unless reading or deciding raised; of the latter the value is the lane's decoded input and not
    the source's bytes. `cut` names the parts of which only some is here, `sha256` is then the whole value's;
    `value_bytes` is how long that is. `written_ms` is when the source record was written; none: the letter holds no
    source record, but what a lane made of it, or nothing where no client could read it.
    """

    position: str
    reason: str
    detail: str
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    traceback: str
    cut: str
    value_bytes: int
    sha256: str
    written_ms: int | None


def read_dead_letter(record: RawRecord) -> DeadLetter | Foreign:
    """The dead letter that the record of the topic holds; every one of ours has a reason."""
    ours = dict(record.headers)
    if not ours.get(REASON):
        return foreign(record, f"it has no header {REASON}")
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
        cut=_text(ours.get(CUT)),
        value_bytes=_number(ours.get(ORIGINAL_VALUE_BYTES), len(record.value or b"")),
        sha256=_text(ours.get(ORIGINAL_VALUE_SHA256)),
        written_ms=_number(written, 0) if (written := ours.get(ORIGINAL_TIME)) else None,
    )


def _number(value: bytes | None, otherwise: int) -> int:
    return int(value) if value is not None and value.isdigit() and len(value) <= LONGEST_NUMBER else otherwise


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="backslashreplace")
