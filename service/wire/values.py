"""The stored form of the state's values: a JSON array of the value's positions.

One form serves the memory, the log and the snapshots, so it is decided in one place. It is compact because trailing
positions that hold their default are left out, and it is stable: the same value gives the same bytes, and bytes that
were parsed as part of a larger document (`orjson.Fragment` going in, a row coming out) are the same bytes again when
the row is packed. A position that a newer version added at the end takes its default when an older value is read.
"""

from __future__ import annotations

from typing import Final, get_origin, get_type_hints

import orjson

from service.core.state import KINDS, Kind, Value

Row = list[object]
"""A packed value after JSON parsing."""


def _shape(form: type[Value]) -> tuple[int, tuple[object, ...]]:
    """How many positions a value always has, and all its positions' defaults (none for those)."""
    defaults = form._field_defaults
    return len(form._fields) - len(defaults), tuple(defaults.get(name) for name in form._fields)


def _tuple_positions(form: type[Value]) -> tuple[int, ...]:
    hints = get_type_hints(form)
    return tuple(at for at, name in enumerate(form._fields) if get_origin(hints[name]) is tuple)


_SHAPES: Final = {row.form: _shape(row.form) for row in KINDS.values()}
_READERS: Final = {kind: (row.form, _tuple_positions(row.form)) for kind, row in KINDS.items()}


def pack(value: Value) -> bytes:
    """The value's bytes. Whole numbers must fit 64 bits and fractions be finite: JSON has no others."""
    required, defaults = _SHAPES[type(value)]
    length = len(defaults)
    while length > required and value[length - 1] == defaults[length - 1]:
        length -= 1
    return orjson.dumps(value[:length])


def unpack(kind: Kind, packed: bytes) -> Value:
    """The value that `pack` made these bytes of. Raises ValueError or TypeError for bytes it did not make."""
    return unpack_row(kind, orjson.loads(packed))


def unpack_row(kind: Kind, row: Row) -> Value:
    """The same for a packed value that was parsed as part of a larger document. Takes the row: it may be altered."""
    form, tuple_positions = _READERS[kind]
    for at in tuple_positions:
        if at < len(row):
            row[at] = tuple(row[at])  # type: ignore[arg-type]  # pack wrote an array at this position
    return form(*row)  # type: ignore[arg-type]  # pack wrote this form's positions


def pack_row(row: Row) -> bytes:
    """The packed bytes of a value that was parsed as part of a larger document."""
    return orjson.dumps(row)
