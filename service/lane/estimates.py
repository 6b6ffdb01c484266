"""About how large what was changed becomes in the log, before it is written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from service.core.acting import Acting, Answerables, Orders
from service.core.in_process import InProcess
from service.core.parked import Fields
from service.core.past import Past
from service.core.record import Record
from service.core.skew import Skew
from service.core.state import Changes, Kind, Value

RECORD_BYTES: Final = 200
FIELD_BYTES: Final = 100
"""What a changed record and another changed value take, besides the texts in them."""
LOAD_BYTES: Final = 20
"""What somebody's load takes, besides their name."""


def bytes_of(changes: Changes) -> int:
    """A verdict's changes as bytes of a log record."""
    size = 0
    for kind, fields in changes.items():
        size += FIELD_BYTES * len(fields)
        more = MORE.get(kind)
        if more is not None:
            size += sum([more(value) for value in fields.values()])
    return size


def _of_record(record: Value | None) -> int:
    if not isinstance(record, Record):
        return RECORD_BYTES
    return RECORD_BYTES + 2 * len(record.facts) + sum(map(len, record.outstanding))


def _of_progress(progress: Value | None) -> int:
    if not isinstance(progress, InProcess):
        return 0
    return FIELD_BYTES * (len(progress.marks) + len(progress.open) + len(progress.weighed))


def _of_past(past: Value | None) -> int:
    if not isinstance(past, Past):
        return 0
    return sum([FIELD_BYTES + len(path) + 2 * len(told.text) for path, told in past.values.items()])


def _of_fields(kept: Value | None) -> int:
    return 2 * len(kept.text) if isinstance(kept, Fields) else 0


def _of_acting(acting: Value | None) -> int:
    if not isinstance(acting, Acting):
        return 0
    parts = len(acting.wanted) + len(acting.acted) + len(acting.answers) + len(acting.near)
    texts = sum([len(each.text) for each in acting.wanted]) + sum([len(each.said) for each in acting.answers])
    return FIELD_BYTES * parts + 2 * texts


def _of_answerables(answerables: Value | None) -> int:
    if not isinstance(answerables, Answerables):
        return 0
    return sum([FIELD_BYTES + 2 * len(each.text) for each in answerables.values])


def _of_skew(skew: Value | None) -> int:
    return sum([LOAD_BYTES + len(person) for person in skew.since]) if isinstance(skew, Skew) else 0


def _of_orders(orders: Value | None) -> int:
    return sum([FIELD_BYTES + 2 * len(each.text) for each in orders.open]) if isinstance(orders, Orders) else 0


MORE: Final[dict[Kind, Callable[[Value | None], int]]] = {
    "record": _of_record,
    "progress": _of_progress,
    "past": _of_past,
    "fields": _of_fields,
    "acting": _of_acting,
    "answerable": _of_answerables,
    "orders": _of_orders,
    "skew": _of_skew,
}
"""What a value of these kinds takes besides. Texts within JSON texts may double."""
