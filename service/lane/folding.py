"""Read a lane's log as everybody must read it: what counts, what does not, and what it adds up to.

A batch, or a part of a snapshot, counts if its token is the newest claim before it. Here are the one rule for that, the
search for the newest complete snapshot, and the fold of a snapshot and the batches after it. A snapshot is complete by
what it declares itself: other versions know other kinds, and whatever a log names is carried along.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from service.core.state import FIRST_LEVEL, LEVEL
from service.kafka.port import LogReader, Transport, Truncated
from service.lane.content import Content
from service.store.keys import Layout
from service.store.port import NO_REVISION, Head
from service.wire.log_forms import SnapshotMark
from service.wire.log_records import (
    NO_OFFSET,
    Batch,
    Chunk,
    Claim,
    Complete,
    ForeignRecord,
    LogRecord,
    NewerLog,
    Opening,
    Outputs,
    checksum,
    decode_for_state,
)

SEARCH_WIDTH: Final = 256
"""At most so many records are read at a time, backwards, to find one that names a snapshot. Nearly each names some, and
one may have a megabyte: first it is a few."""
LEVEL_WIDTH: Final = 8
"""So many of the newest records are looked at to learn a log's level: more than zombies and strangers leave there."""
READ_PER_TURN: Final = 16
"""So many records are read before others have their turn."""
FOREIGN_KEPT: Final = 1_000
"""So many foreign records are named; a stretch of log with more has a problem that needs no more lines."""


class DecodedEntry(NamedTuple):
    """One log record, read without its outputs, and its bytes."""

    offset: int
    record: LogRecord | ForeignRecord
    value: bytes

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.value)

    @property
    def digest(self) -> str:
        """Its checksum, as a memory names a batch by."""
        return checksum(self.value)


async def entries(transport: LogReader, start: int, stop: int) -> AsyncIterator[DecodedEntry]:
    """All records with start <= offset < stop, those that do not count included. Raises `Truncated`, `NewerLog`."""
    read = 0
    async for offset, value in transport.read_log(start, stop):
        record = decode_for_state(value)
        yield DecodedEntry(offset, record, value)
        read += 1
        if read % READ_PER_TURN == 0:
            await asyncio.sleep(0)


async def counted(transport: LogReader, validity: Validity, start: int, stop: int) -> AsyncIterator[DecodedEntry]:
    """The same, but only those that count. Raises `Truncated`, `NewerLog`."""
    async for entry in entries(transport, start, stop):
        if validity.counts(entry):
            yield entry


async def level_of(transport: Transport, *, fresh: int = FIRST_LEVEL) -> int:
    """The level that the newest records of a log carry, asked before it is claimed: whoever does not know that level
    must not fence one who does. Where it cannot be seen now the claim reads it later. `fresh`: that of a log which
    holds nothing and never did. Raises `NewerLog`.

    Claims say it only where there is nothing else: they carry a level, and raise none (see `Validity`). One at a level
    that this version does not know says nothing: where that level was agreed on, it does not come to claim.
    """
    begin, end = await transport.log_bounds()
    claimed = FIRST_LEVEL if end else fresh
    stop = end
    while stop > begin:
        start = max(begin, stop - LEVEL_WIDTH)
        records = []
        with suppress(Truncated):
            records = [entry.record async for entry in entries(transport, start, stop)]
        said = {(each.token, each.level) for each in records if not isinstance(each, Claim | ForeignRecord)}
        levels = await _believed(transport, begin, said)
        if levels:
            highest = max(levels)
            return highest if highest <= LEVEL else await _counted_level(transport, begin, end, highest)
        claims = [record for record in records if isinstance(record, Claim)]
        claimed = max([claimed, *(claim.level for claim in claims if claim.level <= LEVEL)])
        stop = start
    return claimed


async def _believed(transport: LogReader, begin: int, said: set[tuple[int, int]]) -> set[int]:
    """The levels that records say, each under a token. Where they differ, only those whose token is a claim."""
    levels = {level for _, level in said}
    if len(levels) == 1 and max(levels) <= LEVEL:
        return levels
    return {level for token, level in said if token < begin or await _is_claim(transport, token)}


async def _counted_level(transport: LogReader, begin: int, end: int, told: int) -> int:
    """The level by all that counts, where some record told one that is not known: nobody may have written it."""
    try:
        return (await rebuild_content(transport, begin, end)).fold.validity.level
    except Truncated:
        return expect_known(told)


async def _is_claim(transport: LogReader, offset: int) -> bool:
    with suppress(Truncated):
        return any([isinstance(entry.record, Claim) async for entry in entries(transport, offset, offset + 1)])
    return False


def expect_known(level: int) -> int:
    """The level. Raises `NewerLog` for one that this version does not know."""
    if level > LEVEL:
        raise NewerLog(f"the lane is at level {level} and this version knows {LEVEL}: let a newer version own it")
    return level


@dataclass
class Validity:
    """Tells which records count, if asked for each in order.

    `token` is the newest claim so far, `level` the highest of what counts, `foreign` what is no record of a lane.
    `has_begun`: something else than a claim has counted. From then on a claim carries the level that the log has; one
    with a higher level is nobody's, for only a batch raises it. Before, each is the newest, whatever level it has: so
    all versions agree on what counts. One that this version does not know is named, and says no level.
    """

    token: int = NO_OFFSET
    level: int = FIRST_LEVEL
    foreign: list[tuple[int, str]] = field(default_factory=list)
    has_begun: bool = False

    def counts(self, entry: DecodedEntry) -> bool:
        """Whether the entry counts. A claim does, and is the newest from then on. Raises `NewerLog`."""
        record = entry.record
        doubt = foreign_reason(record, self.level, has_begun=self.has_begun)
        if doubt or isinstance(record, ForeignRecord):
            self._name(entry, doubt)
            return False
        if isinstance(record, Claim):
            self.token = entry.offset
            if record.level > LEVEL:
                self._name(
                    entry, f"it claims a lane that holds nothing at level {record.level}, which is not agreed on"
                )
                return True
        elif record.token != self.token:
            return False
        else:
            self.has_begun = True
        self.level = max(self.level, expect_known(record.level))
        return True

    def _name(self, entry: DecodedEntry, reason: str) -> None:
        if len(self.foreign) < FOREIGN_KEPT:
            self.foreign.append((entry.offset, reason))


def foreign_reason(record: LogRecord | ForeignRecord, level: int, *, has_begun: bool) -> str:
    """Why nobody of us wrote a record into a log of this level; empty: it may be ours. See `Validity`."""
    match record:
        case ForeignRecord(reason):
            return reason
        case Claim() if has_begun and record.level > level:
            return f"it claims the lane at level {record.level}; the lane is at level {level}, and no claim raises it"
        case _:
            return ""


@dataclass
class Fold:
    """What a stretch of log adds up to, apart from the state: how far that is, and what it tells of snapshots.

    `begun` is the batch that it goes on from.
    """

    validity: Validity
    begun: Head = Head()
    snapshots: tuple[SnapshotMark, ...] = ()
    grown: int = 0
    _newest: DecodedEntry | None = None

    @property
    def head(self) -> Head:
        """The newest batch; a checksum is made of that one alone."""
        if self._newest is not None:
            self.begun, self._newest = Head(self._newest.offset, self._newest.digest), None
        return self.begun

    def add_batch(self, entry: DecodedEntry, batch: Batch) -> None:
        """Note a batch that counts."""
        self._newest = entry
        self.snapshots = batch.snapshots
        self.grown = batch.grown + entry.size

    def add_complete(self, complete: Complete) -> None:
        """Note that a snapshot that counts is complete."""
        if self.head.revision == NO_REVISION:
            self.begun = Head(complete.batch, complete.checksum)
        self.snapshots = (*complete.snapshots, SnapshotMark(complete.start, complete.time_ms))


class Rebuilt(NamedTuple):
    """The whole of a lane as its log tells it."""

    fold: Fold
    content: Content


async def rebuild_content(transport: LogReader, begin: int, token: int) -> Rebuilt:
    """The whole of the lane as of `token`, from the newest complete snapshot or from the log's very beginning.

    Raises `Truncated` where neither is there: then only a person can help.
    """
    async for start in _snapshot_starts(transport, begin, token):
        rebuilt = await fold_snapshot(transport, start, token)
        if rebuilt is not None:
            return rebuilt
    if begin > 0:
        raise Truncated(begin, token)
    fold, content = Fold(Validity()), Content()
    async for entry in counted(transport, fold.validity, 0, token):
        if isinstance(entry.record, Batch):
            fold.add_batch(entry, entry.record)
            content.change(entry.record)
    return Rebuilt(fold, content)


async def fold_snapshot(transport: LogReader, start: int, token: int) -> Rebuilt | None:
    """The snapshot that opens at `start`, and all batches up to `token`. None: it is not complete."""
    if start >= token:
        return None
    reading: _Reading | None = None
    async for entry in entries(transport, start, token):
        if reading is None:
            if not isinstance(entry.record, Opening) or entry.offset != start:
                return None
            reading = _Reading(start, Fold(Validity(entry.record.token)), Content(Layout(entry.record.kinds)))
        if reading.fold.validity.counts(entry) and not reading.take(entry):
            return None
    return Rebuilt(reading.fold, reading.content) if reading is not None and reading.is_closed else None


@dataclass
class _Reading:
    """A snapshot, and what comes after it, as it is read. `is_closed`: it was complete."""

    start: int
    fold: Fold
    content: Content
    is_closed: bool = False

    def take(self, entry: DecodedEntry) -> bool:
        """Take the next record that counts. False: the snapshot will never be complete."""
        match entry.record:
            case Batch() as batch:
                self.fold.add_batch(entry, batch)
                self.content.change(batch)
                return not self.content.is_going_on
            case Claim():
                return self.is_closed
            case Chunk() as chunk if chunk.start == self.start and not self.is_closed:
                return self.content.cover(chunk)
            case Complete() as complete if complete.start == self.start:
                self.fold.add_complete(complete)
                self.is_closed = self.content.is_whole
                return self.is_closed
            case Complete() as complete if self.is_closed:
                self.fold.add_complete(complete)
        return True


async def _snapshot_starts(transport: LogReader, begin: int, token: int) -> AsyncIterator[int]:
    """Where snapshots that are still in the log may start, newest first, as far as records name them: the newest do
    first, and what they name was complete if they count.
    """
    told: set[int] = set()
    stop, width = token, LEVEL_WIDTH
    while stop > begin:
        start = max(begin, stop - width)
        found: set[int] = set()
        async for entry in entries(transport, start, stop):
            found.update(_named(entry.record))
        for offset in sorted(found - told, reverse=True):
            if offset >= begin:
                yield offset
        told |= found
        stop, width = start, min(2 * width, SEARCH_WIDTH)


def _named(record: LogRecord | ForeignRecord) -> Iterable[int]:
    if isinstance(record, Claim | Outputs | ForeignRecord):
        return ()
    named = [mark.start for mark in record.snapshots]
    return [record.start, *named] if isinstance(record, Complete) else named
