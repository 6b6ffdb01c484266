"""A mark of what is remembered of a record, so that an event can say which record it means: as it was when looked at.

Who compares a list with the memory and sends corrections is late by the way of an event. A correction carries the mark,
and is nothing to do where the record has heard of something else meanwhile.
"""

from __future__ import annotations

from typing import Final

from service.core.order import short_id
from service.core.record import UNHEARD, Record

UNKNOWN: Final = "unknown"
"""The mark of a record that nobody has heard of."""


def mark_of(record: Record | None) -> str:
    """It changes with each event that the record hears and each decision about it. What tells it stands in the base
    value of a record, so that it can be seen without what stands beside that.
    """
    if record is None or record is UNHEARD:
        return UNKNOWN
    moment = (record.version, record.time_ms, record.sequence, record.seen[-1:])
    return short_id(repr((*moment, record.owner, record.pool, record.closed, record.deleted, record.parked)))
