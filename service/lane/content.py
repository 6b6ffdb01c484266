"""A lane's state as it is put together from its log, before a memory has it.

Values are bytes, and stay what they are in the log. What leaves here is bounded: no bucket is too large for a memory's
call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.store.keys import LAYOUT, Hashes, Layout, kind_of
from service.wire.log_records import Batch, Chunk


class Content:
    """A lane's state as it is put together, at the places that it has in a memory of this version.

    It begins empty and whole, or as an opened snapshot says: then a change to a bucket that no chunk has covered yet is
    not one, for the chunk will bring it. `layout` has a place for all kinds that were named, with their buckets.
    """

    def __init__(self, opened: Layout | None = None) -> None:
        self.layout = LAYOUT if opened is None else LAYOUT.joined(opened.kinds)
        self._fields: dict[str, dict[str, bytes]] = {}
        self._opened = opened
        self._missing = set() if opened is None else set(opened.keys)
        self._going_on = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing any more."""
        return not self._missing

    @property
    def is_going_on(self) -> bool:
        """Whether the next chunk must have more of the same bucket."""
        return bool(self._going_on)

    @property
    def size(self) -> int:
        """How many fields there are."""
        return sum(map(len, self._fields.values()))

    @property
    def fields(self) -> dict[str, dict[str, bytes]]:
        """All of it by kind and full name."""
        found: dict[str, dict[str, bytes]] = {}
        for key, fields in self._fields.items():
            found.setdefault(kind_of(key), {}).update(fields)
        return found

    def bucket(self, key: str) -> Mapping[str, bytes]:
        """What one key holds."""
        return self._fields.get(key, {})

    def change(self, batch: Batch) -> None:
        """Apply what a batch changed. A kind whose buckets nobody names has no place."""
        if not self.layout.knows(batch.kinds):
            self.layout = self.layout.joined(batch.kinds)
        for kind, changed in batch.changes.items():
            if self.layout.knows([kind]):
                self._change(kind, changed)

    def cover(self, chunk: Chunk) -> bool:
        """Take in a chunk's buckets. False: it does not go on where the one before it ended."""
        keys = list(chunk.content)
        if self._going_on and keys[:1] != [self._going_on]:
            return False
        if not self._missing.issuperset(keys):
            return False
        for key, fields in chunk.content.items():
            self._cover(key, fields)
        self._going_on = keys[-1] if chunk.goes_on and keys else ""
        self._missing.difference_update(keys[:-1] if self._going_on else keys)
        return True

    def slices(self, max_fields: int, max_bytes: int) -> Iterator[Hashes]:
        """All of it in pieces that are bounded in both ways, or are one field; a bucket is divided where it must."""
        piece: dict[str, Mapping[str, bytes]] = {}
        count = size = 0
        for key, whole in self._fields.items():
            for fields in _parts(whole, max_fields, max_bytes):
                needed = size_of(fields)
                if piece and (count + len(fields) > max_fields or size + needed > max_bytes):
                    yield piece
                    piece, count, size = {}, 0, 0
                piece[key] = fields
                count, size = count + len(fields), size + needed
        yield piece

    def _change(self, kind: str, changed: Mapping[str, bytes | None]) -> None:
        for name, value in changed.items():
            if self._missing and self._lacks(kind, name):
                continue
            fields = self._fields.setdefault(self.layout.key(kind, name), {})
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value

    def _cover(self, key: str, fields: Mapping[str, bytes]) -> None:
        """Take in a part of a bucket, which is one here too unless this version spreads the kind otherwise."""
        kind = kind_of(key)
        if self._opened is not None and self._opened.kinds[kind] == self.layout.kinds[kind]:
            self._fields.setdefault(key, {}).update(fields)
            return
        for name, value in fields.items():
            self._fields.setdefault(self.layout.key(kind, name), {})[name] = value

    def _lacks(self, kind: str, name: str) -> bool:
        return self._opened is not None and kind in self._opened.kinds and self._opened.key(kind, name) in self._missing


def _parts(fields: Mapping[str, bytes], max_fields: int, max_bytes: int) -> Iterator[Mapping[str, bytes]]:
    """A bucket as it is, or in as few parts as keep within the bounds; an empty one has none."""
    if len(fields) <= max_fields and size_of(fields) <= max_bytes:
        if fields:
            yield fields
        return
    part: dict[str, bytes] = {}
    size = 0
    for name, value in fields.items():
        needed = len(name) + len(value)
        if part and (len(part) == max_fields or size + needed > max_bytes):
            yield part
            part, size = {}, 0
        part[name] = value
        size += needed
    yield part


def size_of(fields: Mapping[str, bytes]) -> int:
    """What the fields of a key take, roughly in bytes."""
    return sum(map(len, fields)) + sum(map(len, fields.values()))
