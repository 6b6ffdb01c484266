"""The stored form of the state's values: a JSON array of the value's fields, in their order.

One form serves the memory, the log and the snapshots, so it is decided in one place. It is stable: the same value gives
the same bytes, also when they were parsed as part of a larger document and written anew. A kind's fields never change:
what is new is a kind of its own. Records, of which there are most, have a form of their own (`service.wire.records`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from service.core.state import KINDS, Kind, Value

_DECODERS: Final[Mapping[Kind, msgspec.json.Decoder[Value]]] = {
    kind: msgspec.json.Decoder(row.form) for kind, row in KINDS.items() if kind != "record"
}

pack: Final = msgspec.json.Encoder().encode
"""The value's bytes. Whole numbers must fit 64 bits and fractions be finite: JSON has no others."""


def unpack(kind: Kind, packed: bytes) -> Value:
    """The value that `pack` made these bytes of. Raises ValueError or TypeError for bytes it did not make."""
    return _DECODERS[kind].decode(packed)
