"""Where a piece of state lies in a lane's memory: a fixed set of keys, each a small hash.

Places are derived, never written down: kind, division and field lead to a key by the *layout*, which says over how many
buckets each kind is spread, by a hash that is the same in every process and version. The set of keys is fixed so that
the whole of a lane can be emptied exactly, read part by part, and written to the log as a snapshot, without ever asking
the memory which keys it has.

A field's full name begins with its division and a slash, because a lane serves many; what belongs to the whole lane has
an empty division. A layout may hold kinds that this version knows nothing of: their values are bytes like any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from zlib import crc32

import orjson

from service.core.state import KINDS
from service.wire.log_forms import FORMAT
from service.wire.record_forms import SIDES

LANE: Final = "lane"
"""The kind of what a lane remembers about itself; it is none of the state's."""

REDRIVEN: Final = "redriven"
"""The kind of which dead letters were redriven and decided; a lane's own, too."""
REDRIVEN_BUCKETS: Final = 16

REFUSED: Final = "refused"
"""The kind of which events became dead letters; a lane's own, too."""
REFUSED_BUCKETS: Final = 16

MARK: Final = "generation"
"""A field of every key, also of an empty one: which rebuild of the memory made it. No other field lacks a slash."""


class Stored(NamedTuple):
    """One change at its place: the final value (JSON bytes) of a field of a key; none: gone."""

    key: str
    field: str
    value: bytes | None


Hashes = Mapping[str, Mapping[str, bytes]]
"""What keys hold: by key and field the value (JSON bytes)."""


class Layout:
    """Over how many keys each kind is spread. `keys` are all of them, in a fixed order."""

    def __init__(self, kinds: Mapping[str, int]) -> None:
        self.kinds = dict(sorted(kinds.items()))
        self._keys = {kind: tuple([f"{kind}:{at}" for at in range(count)]) for kind, count in self.kinds.items()}
        self.keys = tuple([key for keys in self._keys.values() for key in keys])

    def keys_of(self, kind: str) -> tuple[str, ...]:
        """The keys of one kind."""
        return self._keys[kind]

    def key(self, kind: str, name: str) -> str:
        """Where the field with this full name lies."""
        keys = self._keys[kind]
        return keys[crc32(name.encode()) % len(keys)]

    def placed(self, changes: Mapping[str, Mapping[str, bytes | None]]) -> list[Stored]:
        """These changes, given by kind and full name, at their places."""
        found: list[Stored] = []
        for kind, fields in changes.items():
            keys = self._keys[kind]
            count = len(keys)
            for name, value in fields.items():
                found.append(Stored(keys[crc32(name.encode()) % count], name, value))
        return found

    def filled(self, content: Mapping[str, Mapping[str, bytes]]) -> dict[str, dict[str, bytes]]:
        """What is given by kind and full name, by key."""
        found: dict[str, dict[str, bytes]] = {}
        for kind, fields in content.items():
            for name, value in fields.items():
                found.setdefault(self.key(kind, name), {})[name] = value
        return found

    def holds(self, kinds: Mapping[str, int]) -> bool:
        """Whether all these kinds are there, spread as given."""
        return all(self.kinds.get(kind) == count for kind, count in kinds.items())

    def knows(self, kinds: Iterable[str]) -> bool:
        """Whether all these kinds have a place."""
        return all(kind in self.kinds for kind in kinds)

    def joined(self, kinds: Mapping[str, int]) -> Layout:
        """The layout that has a place for these kinds, too. Those that are there stay as they are."""
        return Layout({**kinds, **self.kinds})

    def text(self) -> str:
        """The layout as a memory carries it; two memories with the same text are laid out in the same way."""
        return orjson.dumps({"format": FORMAT, "kinds": self.kinds}, option=orjson.OPT_SORT_KEYS).decode()


LAYOUT: Final = Layout(
    {
        LANE: 1,
        REDRIVEN: REDRIVEN_BUCKETS,
        REFUSED: REFUSED_BUCKETS,
        **{kind: row.buckets for kind, row in KINDS.items()},
        **SIDES,
    }
)
"""Of the kinds that this version knows."""

_OF_THE_LANE: Final = frozenset({LANE, REDRIVEN, REFUSED, *(kind for kind, row in KINDS.items() if row.is_of_lane)})


def read_layout(text: str) -> Layout | None:
    """The layout that a memory carries; none: it is of another format, or carries none."""
    try:
        found = orjson.loads(text)
        kinds = found["kinds"] if found["format"] == FORMAT else {}
        is_layout = bool(kinds) and all(isinstance(count, int) and count > 0 for count in kinds.values())
        return Layout(kinds) if is_layout else None
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def full_name(kind: str, division: str, field: str) -> str:
    """A field with its division. A division's name has no slash; a field may have any character."""
    return f"/{field}" if kind in _OF_THE_LANE else f"{division}/{field}"


def parted(name: str) -> tuple[str, str]:
    """Division and field of a full name; the division is empty for what belongs to the whole lane."""
    division, _, field = name.partition("/")
    return division, field


def kind_of(key: str) -> str:
    """The kind whose key this is."""
    return key.rpartition(":")[0]
