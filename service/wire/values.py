"""The stored form of the state's values: a JSON array of the value's fields, in their order.

One form serves the memory, the log and the snapshots, so it is decided in one place. It is stable: the same value gives
the same bytes, also when they were parsed as part of a larger document and written anew. A kind's fields never change:
what is new is a kind of its own. Records, of which there are most, have a form of their own (`service.wire.records`),
and people a short one from a level on (`service.wire.people`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from service.core.person import Person
from service.core.state import KINDS, Kind, Value
from service.wire.people import IN_SHORT_FROM, pack_person, read_person

_READERS: Final[Mapping[Kind, Callable[[bytes], Value]]] = {
    **{kind: msgspec.json.Decoder(row.form).decode for kind, row in KINDS.items() if kind != "record"},
    "person": read_person,
}

pack: Final = msgspec.json.Encoder().encode
"""The value's bytes. Whole numbers must fit 64 bits and fractions be finite: JSON has no others."""


def pack_at(level: int, value: Value) -> bytes:
    """The value's bytes on a lane at this level."""
    return pack_person(value) if level >= IN_SHORT_FROM and isinstance(value, Person) else pack(value)


def unpack(kind: Kind, packed: bytes) -> Value:
    """The value that one of the two made these bytes of. Raises ValueError or TypeError for bytes they did not make."""
    return _READERS[kind](packed)
