"""Write a lane's state into its own log, a turn of a few chunks at a time.

A snapshot needs no fence of its own: its chunks stand in the log under the owner's token, and a new owner's claim ends
it. A bucket is read once; where it is too large for a chunk its parts follow one another, with no batch in between. A
snapshot begins when the log since the last one is larger than the state, and when it is complete, the log in front of
what the keep window still needs can be deleted.

In a quiet moment a turn is read and written at once. While inputs come nobody waits for it: it is read beside the
polling, loading and deciding of the next batch, and goes into the log in front of that batch, with the same append.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from service.kafka.port import Transport
from service.lane.content import size_of
from service.lane.ownership import Tenure, accept
from service.lane.surroundings import Step
from service.limits import Limits
from service.store.keys import kind_of
from service.store.port import Store
from service.telemetry.metrics import METERS
from service.wire.log_forms import SnapshotMark
from service.wire.log_records import NO_OFFSET, Chunk, Complete, LogRecord, Opening

log = structlog.get_logger()

KEYS_PER_TURN: Final = 256
"""At most so many keys are read in a turn: most are empty, and take the bytes of their names."""
CHUNK_BYTES: Final = 48_000
"""A chunk holds about so much, and so does a turn in a quiet moment."""
TURN_BYTES: Final = 16_000
"""About so much goes in front of a batch while inputs come; more where the log grows fast."""
LONGEST_TURN_BYTES: Final = 500_000
"""About so much at most: half of what the largest batch makes the log grow, and a little more."""
QUIET_MS: Final = 20
"""Where nothing came for so long, the moment is quiet."""
KEPT_SNAPSHOTS: Final = 8

Append = Callable[[LogRecord], Awaitable[int]]
"""Appends under the tenure's token and returns the offset; raises if anybody else has claimed."""
Remembered = Callable[[], Awaitable[None]]
"""Waits until the memory has the last batch, and raises what went wrong with that."""


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
    _ahead: asyncio.Task[list[Chunk]] | None = None
    _written: int = 0
    _state_bytes: int = 0
    _key_bytes: dict[str, int] = field(default_factory=dict)
    """What a key of each kind held that was read last: the buckets of a kind are alike."""
    _is_asked: bool = False

    def ask(self) -> None:
        """Have a snapshot made although the log has not grown: what was forgotten is to be gone from it."""
        self._is_asked = True

    @property
    def is_open(self) -> bool:
        """Whether a snapshot was begun and is not complete."""
        return self._start != NO_OFFSET

    @property
    def is_due(self) -> bool:
        """Whether one is open, or it is time for one."""
        tenure = self.tenure
        has_grown = tenure.grown >= max(self.limits.snapshot_min_bytes, self._state_bytes) and tenure.head.revision >= 0
        return self.is_open or has_grown or self._is_asked

    async def work(self, remembered: Remembered, *, is_quiet: bool) -> None:
        """The snapshot's part of a round, behind the batch if there was one. `is_quiet`: there was none.

        While inputs come only its beginning and its end are written here; a turn is read as soon as the memory has the
        last batch, and is then `ahead` of the next one.
        """
        if not self.is_due:
            return
        if is_quiet:
            await remembered()
            await self.go_on()
        elif not self.is_open:
            await self._open()
        elif self._ahead is None and not self._left:
            await self._complete()
        elif self._ahead is None and self._wanted() >= TURN_BYTES:
            self._ahead = asyncio.create_task(self._read_behind(remembered))

    async def ahead(self) -> list[Chunk]:
        """What must go into the log in front of the next batch, for it tells of the memory as it is now."""
        turn, self._ahead = self._ahead, None
        return [] if turn is None else await turn

    async def go_on(self) -> None:
        """Begin a snapshot, if it is due, and write a turn of it, and its end. The memory must have the last batch."""
        if not self.is_due:
            return
        if not self.is_open:
            await self._open()
        for chunk in await self.ahead() or await self._read(CHUNK_BYTES):
            await self.append(chunk)
            self.step("chunk_written")
        if not self._left:
            await self._complete()

    async def give_up(self) -> None:
        """Let go of a turn that is being read: the lane is ours no more."""
        if self._ahead is not None:
            self._ahead.cancel()
            await asyncio.gather(self._ahead, return_exceptions=True)
            self._ahead = None

    def _wanted(self) -> int:
        """How many bytes are missing until the snapshot is written half as fast as the log grows.

        So what a rebuild has to read stays bounded however many inputs come.
        """
        return self.tenure.grown // 2 - self._written

    async def _read_behind(self, remembered: Remembered) -> list[Chunk]:
        await remembered()
        return await self._read(min(self._wanted(), LONGEST_TURN_BYTES))

    async def _read(self, size: int) -> list[Chunk]:
        """Chunks of the next keys, of about so many bytes, exact as of the memory's last batch."""
        tenure, keys = self.tenure, self._next_keys(size)
        contents = accept(await self.store.read(tenure.lane, tenure.token, tenure.head.revision, keys))
        found = dict(zip(keys, contents, strict=True))
        sizes = {key: size_of(fields) for key, fields in found.items()}
        self._key_bytes |= {kind_of(key): size for key, size in sizes.items()}
        self._written += sum(sizes.values())
        self._left = self._left[len(keys) :]
        return [
            Chunk(tenure.token, self._start, piece.content, piece.goes_on, tenure.snapshots, tenure.level)
            for piece in _pieces(found, sizes)
            if piece.content
        ]

    def _next_keys(self, size: int) -> list[str]:
        """As many keys as make about so many bytes. Of a kind of which nothing is known yet one comes, as the last."""
        keys: list[str] = []
        for key in self._left[:KEYS_PER_TURN]:
            expected = self._key_bytes.get(kind_of(key))
            if keys and expected is not None and expected > size:
                break
            keys.append(key)
            if expected is None:
                break
            size -= expected
        return keys

    async def _open(self) -> None:
        tenure = self.tenure
        tenure.grown, self._is_asked = 0, False
        opening = Opening(tenure.token, tenure.layout.kinds, tenure.snapshots, tenure.level)
        self._start = await self.append(opening)
        self._left, self._written = list(tenure.layout.keys), 0

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


def _pieces(contents: Mapping[str, dict[str, bytes]], sizes: Mapping[str, int]) -> Iterator[_Piece]:
    """The keys in pieces of at most `CHUNK_BYTES`, or of one field; a large key is divided."""
    content: dict[str, dict[str, bytes]] = {}
    size = 0
    for key, fields in contents.items():
        if size + sizes[key] <= CHUNK_BYTES:
            content[key] = fields
            size += sizes[key]
            continue
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
