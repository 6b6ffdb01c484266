"""What a batch changes, as the log and the memory take it: the last value of each field, by kind and full name.

A record's stored form has parts that few records need (see `wire.records`). Those it does not need any more are named
as gone, and only those: so what a record looked like before the batch is kept until then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from service.core.record import Record
from service.core.state import (
    LEVEL,
    Changes,
    Kind,
    State,
    Value,
)
from service.store.keys import full_name
from service.wire.record_forms import SIDES
from service.wire.records import pack_record
from service.wire.values import pack_at

StoredFields = dict[str, bytes | None]
"""By full name the stored form of a value; none: gone."""


class Changed:
    """What a batch in the making changes so far, on a lane at this level."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._fields: defaultdict[str, defaultdict[Kind, dict[str, Value | None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._before: dict[tuple[str, str], Record | None] = {}

    def add(self, division: str, changes: Changes, before: State) -> None:
        """Final values of one decision. `before` is the division's state without them."""
        for name in changes.get("record", ()):
            self._before.setdefault((division, name), before.records.get(name))
        known = self._fields[division]
        for kind, fields in changes.items():
            known[kind].update(fields)

    @property
    def records(self) -> frozenset[tuple[str, str]]:
        """Division and name of all records that changed."""
        return frozenset(self._before)

    def stored(self) -> dict[str, StoredFields]:
        """All of it in its stored form."""
        found: defaultdict[str, StoredFields] = defaultdict(dict)
        for division, kinds in self._fields.items():
            for kind, fields in kinds.items():
                for kept, values in stored(kind, division, fields, self._before, self._level).items():
                    found[kept].update(values)
        return dict(found)


def stored(
    kind: Kind,
    division: str,
    fields: Mapping[str, Value | None],
    before: Mapping[tuple[str, str], Record | None] | None = None,
    level: int = LEVEL,
) -> dict[str, StoredFields]:
    """Changes of one kind in their stored form on a lane at this level, by kind and full name. `before`: what records
    were until then.
    """
    if kind == "record":
        return _stored_records(division, fields, before or {})
    packed = {name: None if value is None else pack_at(level, value) for name, value in fields.items()}
    return {kind: {full_name(kind, division, name): value for name, value in packed.items()}}


def _stored_records(
    division: str, fields: Mapping[str, Value | None], before: Mapping[tuple[str, str], Record | None]
) -> dict[str, StoredFields]:
    """Base values, and what changed beside them. With a record that is gone goes all that may stand there."""
    found: defaultdict[str, StoredFields] = defaultdict(dict)
    for name, value in fields.items():
        full = full_name("record", division, name)
        if not isinstance(value, Record):
            found["record"][full] = None
            for side in SIDES:
                found[side][full] = None
            continue
        found["record"][full], beside = pack_record(value)
        known = before.get((division, name))
        was_beside = {} if known is None else pack_record(known)[1]
        for side in SIDES:
            if beside.get(side) != was_beside.get(side):
                found[side][full] = beside.get(side)
    return dict(found)
