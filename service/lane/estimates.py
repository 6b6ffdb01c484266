"""About how large what was changed becomes in the log, before it is written down."""

from __future__ import annotations

from typing import Final

from service.core.in_process import InProcess
from service.core.parked import Fields
from service.core.past import Past
from service.core.record import Record
from service.core.state import Changes

RECORD_BYTES: Final = 200
FIELD_BYTES: Final = 100
"""What a changed record and another changed value take, besides the texts in them."""


def bytes_of(changes: Changes) -> int:
    """A verdict's changes as bytes of a log record. Texts within JSON texts may double."""
    size = FIELD_BYTES * sum(map(len, changes.values()))
    for record in changes.get("record", {}).values():
        size += RECORD_BYTES
        if isinstance(record, Record):
            size += 2 * len(record.facts) + sum(map(len, record.outstanding))
    for progress in changes.get("progress", {}).values():
        if isinstance(progress, InProcess):
            size += FIELD_BYTES * (len(progress.marks) + len(progress.open) + len(progress.weighed))
    for past in changes.get("past", {}).values():
        if isinstance(past, Past):
            size += sum(FIELD_BYTES + len(path) + 2 * len(told.text) for path, told in past.values.items())
    return size + sum(2 * len(kept.text) for kept in changes.get("fields", {}).values() if isinstance(kept, Fields))
