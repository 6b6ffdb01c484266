"""Read a lane's log as everybody must read it: what counts, what does not, and what it adds up to.

A batch, chunk or end of a snapshot counts if its token is the newest claim before it. Here are the one rule for that,
the search for the newest complete snapshot, and the fold of a snapshot and the batches after it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from service.kafka.port import LogReader, Truncated
from service.store.keys import ALL_KEYS
from service.store.port import NO_REVISION, Head
from service.wire.log_records import (
    NO_OFFSET,
    Batch,
    Chunk,
    Claim,
    Complete,
    LogRecord,
    SnapshotMark,
    checksum,
    decode_for_state,
)

SEARCH_WIDTH: Final = 256
"""So many records are read at a time, backwards, to find one that names a snapshot."""


class Entry(NamedTuple):
    """One log record, read without its outputs. `size` is its length in bytes, `digest` its checksum."""

    offset: int
    record: LogRecord
    size: int
    digest: str


async def entries(transport: LogReader, start: int, stop: int) -> AsyncIterator[Entry]:
    """All records with start <= offset < stop, those that do not count included. Raises `Truncated`."""
    async for offset, value in transport.read_log(start, stop):
        yield Entry(offset, decode_for_state(value), len(value), checksum(value))


@dataclass
class Validity:
    """Tells which records count, if asked for each in order. `token` is the newest claim so far."""

    token: int = NO_OFFSET

    def counts(self, entry: Entry) -> bool:
        """Whether the entry counts. A claim always does, and is the newest from then on."""
        if isinstance(entry.record, Claim):
            self.token = entry.offset
            return True
        return entry.record.token == self.token


@dataclass
class Fold:
    """What a stretch of log adds up to: the content of the keys that `covered` names, and how far that is."""

    content: dict[str, dict[str, bytes]] = field(default_factory=dict)
    covered: set[str] = field(default_factory=set)
    head: Head = Head()
    snapshots: tuple[SnapshotMark, ...] = ()
    grown: int = 0

    def add_batch(self, entry: Entry, batch: Batch) -> None:
        """Apply a batch that counts."""
        for key, name, value in batch.changes:
            if key not in self.covered:
                continue
            fields = self.content.setdefault(key, {})
            if value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        self.head = Head(entry.offset, entry.digest)
        self.snapshots = batch.snapshots
        self.grown = batch.grown + entry.size

    def add_complete(self, complete: Complete) -> None:
        """Note that a snapshot that counts is complete."""
        self.snapshots = (*complete.snapshots, SnapshotMark(complete.start, complete.time_ms))

    def add_chunk(self, chunk: Chunk) -> None:
        """Let a chunk replace what it covers."""
        for key, fields in chunk.content.items():
            self.content[key] = dict(fields)
            self.covered.add(key)


async def rebuild_content(transport: LogReader, begin: int, token: int) -> Fold:
    """The whole of the lane as of `token`, from the newest complete snapshot or from the log's very beginning.

    Raises `Truncated` where neither is there: then only a person can help.
    """
    for start in await _snapshot_starts(transport, begin, token):
        fold = await fold_snapshot(transport, start, token)
        if fold is not None:
            return fold
    if begin > 0:
        raise Truncated(begin, token)
    fold = Fold(covered=set(ALL_KEYS))
    validity = Validity()
    async for entry in entries(transport, 0, token):
        if validity.counts(entry) and isinstance(entry.record, Batch):
            fold.add_batch(entry, entry.record)
    return fold


async def fold_snapshot(transport: LogReader, start: int, token: int) -> Fold | None:
    """The snapshot whose first chunk is at `start`, and all batches up to `token`. None: it is not complete."""
    fold = Fold()
    validity: Validity | None = None
    closing: Complete | None = None
    async for entry in entries(transport, start, token):
        record = entry.record
        if validity is None:
            if not isinstance(record, Chunk) or record.start is not None:
                return None
            validity = Validity(record.token)
        if not validity.counts(entry):
            continue
        if isinstance(record, Claim) and closing is None:
            return None
        if isinstance(record, Batch):
            fold.add_batch(entry, record)
        elif isinstance(record, Chunk) and (entry.offset if record.start is None else record.start) == start:
            fold.add_chunk(record)
        elif isinstance(record, Complete) and record.start == start:
            closing = record
            _close(fold, record)
    if closing is None or fold.covered != set(ALL_KEYS):
        return None
    return fold


def _close(fold: Fold, complete: Complete) -> None:
    if fold.head.revision == NO_REVISION:
        fold.head = Head(complete.batch, complete.checksum)
    fold.add_complete(complete)


async def _snapshot_starts(transport: LogReader, begin: int, token: int) -> list[int]:
    """Where snapshots may start, newest first, as named by the newest records that name any still in the log."""
    stop = token
    while stop > begin:
        start = max(begin, stop - SEARCH_WIDTH)
        found = {offset for entry in [e async for e in entries(transport, start, stop)] for offset in _named(entry)}
        there = sorted((offset for offset in found if offset >= begin), reverse=True)
        if there:
            return there
        stop = start
    return []


def _named(entry: Entry) -> Iterable[int]:
    record = entry.record
    if isinstance(record, Claim):
        return ()
    named = [mark.start for mark in record.snapshots]
    return [record.start, *named] if isinstance(record, Complete) else named
