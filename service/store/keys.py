"""Where a piece of state lies in a lane's memory: a fixed set of keys, each a small hash.

The set is fixed so that the whole of a lane can be emptied exactly, read part by part, and written to the log as
snapshot chunks, without ever asking the memory which keys it has. What there is much of is spread over buckets by a
hash that is the same in every process and version. A field carries its division's name, because a lane serves many;
the lane's own fields carry none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal
from zlib import crc32

from service.core.state import Kind

PlacedKind = Kind | Literal["lane"]
"""A kind of state, or `lane`: what the lane remembers about itself."""

RECORD_BUCKETS: Final = 1024
FIELDS_BUCKETS: Final = 256
"""Of what waiting records said of themselves there may be 64 MB, and a bucket must fit a record of the log."""
BUCKETS: Final = 16


def _numbered(kind: str, count: int) -> tuple[str, ...]:
    return tuple(f"{kind}:{number}" for number in range(count))


KEYS: Final[Mapping[PlacedKind, tuple[str, ...]]] = {
    "lane": ("lane",),
    "person": _numbered("person", BUCKETS),
    "pool": ("pool",),
    "seat": _numbered("seat", BUCKETS),
    "open": _numbered("open", BUCKETS),
    "pace": _numbered("pace", BUCKETS),
    "timer": _numbered("timer", BUCKETS),
    "parked": _numbered("parked", BUCKETS),
    "fields": _numbered("fields", FIELDS_BUCKETS),
    "hit": _numbered("hit", BUCKETS),
    "record": _numbered("record", RECORD_BUCKETS),
}
"""The keys of each kind."""

ALL_KEYS: Final[tuple[str, ...]] = tuple(key for keys in KEYS.values() for key in keys)
"""Every key a lane can have, in a fixed order."""

_KIND_OF: Final[Mapping[str, PlacedKind]] = {key: kind for kind, keys in KEYS.items() for key in keys}
_OF_THE_LANE: Final = frozenset({"lane"})


def place(kind: PlacedKind, division: str, field: str) -> tuple[str, str]:
    """Key and stored field of a piece of state. A division's name has no slash; a field may have any character."""
    stored = f"/{field}" if kind in _OF_THE_LANE else f"{division}/{field}"
    keys = KEYS[kind]
    return keys[crc32(stored.encode()) % len(keys)], stored


def locate(key: str, stored: str) -> tuple[PlacedKind, str, str]:
    """Kind, division and field of what lies there; the division is empty for what belongs to the whole lane."""
    division, _, field = stored.partition("/")
    return _KIND_OF[key], division, field
