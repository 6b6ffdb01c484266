"""Write a lane's state into its own log, a few chunks at a time in quiet moments between batches.

A snapshot needs no fence of its own: its chunks stand in the log under the owner's token, and a new owner's claim ends
it. A bucket is read once; where it is too large for a chunk its parts follow one another, with no batch in between. A
snapshot begins when the log since the last one is larger than the state, and when it is complete, the log in front of
what the keep window still needs can be deleted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from service.kafka.port import Transport
from service.lane.ownership import Tenure, accept
from service.lane.surroundings import Step
from service.limits import Limits
from service.store.port import Store
from service.telemetry.metrics import METERS
from service.wire.log_forms import SnapshotMark
from service.wire.log_records import NO_OFFSET, Chunk, Complete, LogRecord, Opening

log = structlog.get_logger()

KEYS_PER_TURN: Final = 32
"""At most so many keys are read between two batches."""
CHUNK_BYTES: Final = 48_000
TURN_BYTES: Final = CHUNK_BYTES
"""About so much is written between two batches, with one append, for what comes in waits meanwhile; more where the log
grows fast."""
QUIET_MS: Final = 20
"""Where nothing came for so long, the moment is quiet: a turn then makes hardly anybody wait."""
KEPT_SNAPSHOTS: Final = 8

Append = Callable[[LogRecord], Awaitable[int]]
"""Appends under the tenure's token and returns the offset; raises if anybody else has claimed."""


@dataclass
class Snapshots:
    """The snapshot that is being written, if one is."""

    tenure: Tenure
    store: Store
    transport: Transport
    append: Append
    step: Step
    limits: Limits
    _start: int = NO_OFFSET
    _left: list[str] = field(default_factory=list)
    _written: int = 0
    _state_bytes: int = 0
    _key_bytes: int = 0
    _is_asked: bool = False

    def ask(self) -> None:
        """Have a snapshot made although the log has not grown: what was forgotten is to be gone from it."""
        self._is_asked = True

    @property
    def is_open(self) -> bool:
        """Whether a snapshot was begun and is not complete."""
        return bool(self._left) or self._start != NO_OFFSET

    @property
    def is_due(self) -> bool:
        """Whether one is open, or it is time for one."""
        tenure = self.tenure
        has_grown = tenure.grown >= max(self.limits.snapshot_min_bytes, self._state_bytes) and tenure.head.revision >= 0
        return self.is_open or has_grown or self._is_asked

    def has_turn(self, *, is_quiet: bool) -> bool:
        """Whether to go on now. While inputs come only to begin, or when a turn's worth is missing: see `_wanted`."""
        return self.is_due and (is_quiet or not self.is_open or self._wanted() >= TURN_BYTES)

    def _wanted(self) -> int:
        """How many bytes are missing until the snapshot is written half as fast as the log grows.

        So what a rebuild has to read stays bounded however many inputs come.
        """
        return self.tenure.grown // 2 - self._written

    async def go_on(self) -> None:
        """Write the next few chunks, or begin a snapshot, if it is due. The memory must have the last batch."""
        if not self.is_due:
            return
        if not self.is_open:
            await self._open()
        count, before = self._keys_in_a_turn(), self._written
        keys = self._left[:count]
        contents = accept(await self.store.read(self.tenure.lane, self.tenure.token, self.tenure.head.revision, keys))
        for piece in _pieces(dict(zip(keys, contents, strict=True))):
            await self._write(piece)
        self._left = self._left[count:]
        self._key_bytes = (self._written - before) // max(1, len(keys))
        if not self._left:
            await self._complete()

    def _keys_in_a_turn(self) -> int:
        """How many keys fill a turn, if they are like those of the last turn, or of the last snapshot."""
        key_bytes = max(self._key_bytes, self._state_bytes // len(self.tenure.layout.keys), 1)
        return max(1, min(KEYS_PER_TURN, max(TURN_BYTES, self._wanted()) // key_bytes))

    async def _open(self) -> None:
        tenure = self.tenure
        tenure.grown, self._is_asked = 0, False
        opening = Opening(tenure.token, tenure.layout.kinds, tenure.snapshots, tenure.level)
        self._start = await self.append(opening)
        self._left, self._written = list(tenure.layout.keys), 0

    async def _write(self, piece: _Piece) -> None:
        tenure = self.tenure
        chunk = Chunk(tenure.token, self._start, piece.content, piece.goes_on, tenure.snapshots, tenure.level)
        await self.append(chunk)
        self._written += sum(_size(fields) for fields in piece.content.values())
        self.step("chunk_written")

    async def _complete(self) -> None:
        tenure, start = self.tenure, self._start
        head, clock_ms = tenure.head, tenure.book.clock_ms
        at = (tenure.token, start, head.revision, head.checksum, clock_ms)
        await self.append(Complete(*at, tenure.snapshots, tenure.level))
        self._start, self._state_bytes = NO_OFFSET, self._written
        tenure.snapshots = thinned((*tenure.snapshots, SnapshotMark(start, clock_ms)))
        self.step("snapshot_completed")
        METERS.count("snapshots", lane=str(tenure.lane))
        log.info("snapshot.completed", lane=tenure.lane, start=start, bytes=self._written)
        await self._truncate()

    async def _truncate(self) -> None:
        """Delete the log before the newest snapshot that is older than the keep window, but never the last batch."""
        tenure = self.tenure
        old = [mark for mark in tenure.snapshots if mark.time_ms <= tenure.book.clock_ms - self.limits.keep_ms]
        if not old:
            return
        tenure.snapshots = tenure.snapshots[len(old) - 1 :]
        await self.transport.truncate_log(min(old[-1].start, tenure.outputs_from))
        self.step("log_truncated")


def thinned(marks: tuple[SnapshotMark, ...]) -> tuple[SnapshotMark, ...]:
    """At most `KEPT_SNAPSHOTS`, without the one whose neighbours are closest in time.

    The oldest stays, so that one of them does leave the keep window, however often snapshots are written.
    """
    if len(marks) <= KEPT_SNAPSHOTS:
        return marks
    spare = min(range(1, len(marks) - 1), key=lambda at: marks[at + 1].time_ms - marks[at - 1].time_ms)
    return marks[:spare] + marks[spare + 1 :]


class _Piece(NamedTuple):
    """What one chunk takes. `goes_on`: the last key is not whole, the next piece has more of it."""

    content: dict[str, dict[str, bytes]]
    goes_on: bool


def _pieces(contents: Mapping[str, Mapping[str, bytes]]) -> Iterator[_Piece]:
    """The keys in pieces of at most `CHUNK_BYTES`, or of one field; a large key is divided."""
    content: dict[str, dict[str, bytes]] = {}
    size = 0
    for key, fields in contents.items():
        content[key] = {}
        for name, value in fields.items():
            needed = len(name) + len(value)
            if size and size + needed > CHUNK_BYTES:
                if not content[key]:
                    del content[key]
                yield _Piece(content, goes_on=key in content)
                content, size = {key: {}}, 0
            content[key][name] = value
            size += needed
    yield _Piece(content, goes_on=False)


def _size(fields: Mapping[str, bytes]) -> int:
    return sum(len(name) + len(value) for name, value in fields.items())
