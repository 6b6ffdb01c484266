"""What all values of the state have in common, whatever their kind."""

from __future__ import annotations

from msgspec import Struct


class Remembered(Struct, array_like=True, forbid_unknown_fields=True, gc=False):
    """A value of the state: its own to whoever made it, read only once it was handed over.

    Stored it is the list of its fields in their order (see `service.wire.values`).
    """
