"""Take over a lane: claim it in the log, bring its memory up to the claim, and publish once more what may be missing.

There is one path for every beginning and every surprise. Afterwards the memory equals the log at the last batch, the
outputs of that batch are out, and the book says where to go on reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from service.core.state import LEVEL
from service.kafka.port import LogEntry, LogReader, Transport, Truncated
from service.lane.book import RESIDENT_KINDS, Book, ResidentKind
from service.lane.content import Content
from service.lane.folding import Fold, Validity, counted, entries, level_of, rebuild_content
from service.lane.ownership import Tenure, accept, expect_ok, input_bounds
from service.lane.surprise import Fenced, Halted, Surprise
from service.lane.surroundings import Surroundings
from service.store.keys import LAYOUT, Layout, Stored, read_layout
from service.store.port import NO_REVISION, Head, Store
from service.telemetry.metrics import METERS
from service.wire.log_records import Batch, Claim, Complete, ForeignRecord, LogRecord, Outputs, checksum, decode, encode

log = structlog.get_logger()

CHANGES_PER_CALL: Final = 5_000
LOOK_SECONDS: Final = 0.1
"""How often to ask whether an epoch was heard of, or a level taken back."""
BYTES_READ: Final = 250_000
"""About so much of the memory is read in one call."""
BYTES_PER_CALL: Final = 1_000_000
"""So much goes to the memory in one call while it is caught up (and the rest of a batch) or rebuilt."""


EPOCH_REMEDY: Final = (
    "bring back the records of the topic; or stop all processes, run `fairlead sources reset --above {epoch}`, and "
    "start them again"
)
LEVEL_REMEDY: Final = (
    "run a release that knows this level; if it was agreed on by mistake, take it back with `fairlead level lower`"
)


class Stage(NamedTuple):
    """How far taking over is: what is being done, and so many of so many where it can be counted.

    `todo`: what a person must do where it lasts; empty: nothing.
    """

    doing: str
    done: int = 0
    of: int = 0
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.doing}, {self.done} of {self.of}" if self.of else self.doing


Heed = Callable[[Stage], None]
"""Told how far taking over is, between any two pieces of it. Raises `Left` where the owner was told to leave."""


def no_heed(stage: Stage) -> None:
    """Nobody waits for the end of taking over."""


class _CaughtUp(NamedTuple):
    """What the log adds up to, how the memory is laid out, and what was written into it if it was made anew."""

    fold: Fold
    layout: Layout
    content: Content | None = None


_Bucket = tuple[ResidentKind, str]
"""A kind and one of its keys."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """One attempt to take over one lane.

    It may take minutes where the memory is made anew, so it is told to `heed` how far it is.
    """

    lane: int
    transport: Transport
    store: Store
    around: Surroundings
    heed: Heed = no_heed

    async def run(self) -> Tenure:
        """Claim and catch up. Raises all of `surprise`, `NewerLog`, and that a back end is away."""
        await self._know_level()
        self.heed(Stage("claiming"))
        level = await level_of(self.transport, fresh=self.around.level())
        await self.transport.renew()
        token = await self.transport.append(encode(Claim(self.around.owner, level)))
        self.around.step("claimed")
        head = await self._fence(token)
        self.around.step("fenced")
        begin, end = await self.transport.log_bounds()
        if not begin <= token < end:
            raise Surprise(f"the claim's offset {token} is not in the log, which holds {begin} to {end}")
        if head.revision >= token:
            raise Halted("two_lives", f"the memory is at {head.revision}, beyond the claim at {token}, of another log")
        fold, layout, content = await self._catch_up(token, head, begin)
        if fold.validity.has_begun and level > fold.validity.level:
            raise Surprise(f"claimed at level {level}, when somebody had just begun the lane at {fold.validity.level}")
        self.heed(Stage("publishing the last batch again"))
        self.around.step("caught_up")
        outputs_from = await self._publish_again(fold)
        self.around.step("published_again")
        self.heed(Stage("reading the memory"))
        tenure = Tenure(self.lane, token, token, fold.head, Book(), fold.snapshots, fold.grown, layout)
        tenure.level, tenure.foreign = max(level, fold.validity.level), fold.validity.foreign
        tenure.outputs_from = outputs_from
        await self._read_book(tenure, content)
        await self._hear_of_epoch(tenure.book.source_epoch(self.around.topics.events))
        await self._find_input(tenure.book)
        offset = tenure.book.place.offset
        await self.transport.seek(offset)
        log.info("lane.claimed", lane=self.lane, token=token, revision=fold.head.revision, input=offset)
        return tenure

    async def _fence(self, token: int) -> Head:
        answer = await self.store.fence(self.lane, token)
        if isinstance(answer, Head):
            return answer
        _, end = await self.transport.log_bounds()
        async for entry in entries(self.transport, token + 1, end):
            if isinstance(entry.record, Claim):
                raise Fenced(f"claimed again at {entry.offset}")
        raise Halted("two_lives", "the memory knows a newer claim than the log has: this is another log")

    async def _catch_up(self, token: int, head: Head, begin: int) -> _CaughtUp:
        layout = read_layout(head.layout)
        is_sound = layout is not None and not head.building and begin <= head.revision != NO_REVISION
        if layout is None or not is_sound or not layout.holds(LAYOUT.kinds):
            return await self._rebuild(token, begin, layout)
        try:
            fold = await self._fold_tail(token, head, layout)
        except Truncated:
            fold = None
        return _CaughtUp(fold, layout) if fold is not None else await self._rebuild(token, begin, layout)

    async def _fold_tail(self, token: int, head: Head, layout: Layout) -> Fold | None:
        """Apply to the memory what the log has after the memory's last batch. None: it has no place for all of it."""
        fold = Fold(Validity(await self._token_at(head)), head)
        pending: list[Stored] = []
        at, size = head, 0
        async for entry in counted(self._heeded(token), fold.validity, head.revision, token):
            if isinstance(entry.record, Complete):
                fold.add_complete(entry.record)
            if not isinstance(entry.record, Batch):
                continue
            fold.add_batch(entry, entry.record)
            if entry.offset == head.revision:
                continue
            if not layout.knows(entry.record.changes):
                return None
            pending += layout.placed(entry.record.changes)
            size += entry.size
            if len(pending) >= CHANGES_PER_CALL or size >= BYTES_PER_CALL:
                await self._advance(token, at, fold.head, pending)
                at, pending, size = fold.head, [], 0
        if fold.head.revision != at.revision:
            await self._advance(token, at, fold.head, pending)
        return fold

    def _heeded(self, end: int) -> LogReader:
        return _HeededLog(self.transport, self.heed, end)

    async def _token_at(self, head: Head) -> int:
        """The token in force at the memory's last batch; it has to be the very same batch."""
        async for entry in entries(self.transport, head.revision, head.revision + 1):
            if isinstance(entry.record, Batch) and entry.digest == head.checksum:
                return entry.record.token
        raise Halted(
            "two_lives", f"the log's record {head.revision} is not the batch that the memory holds: this is another log"
        )

    async def _advance(self, token: int, at: Head, to: Head, changes: Sequence[Stored]) -> None:
        latest = {(change.key, change.field): change for change in changes}
        reply = await self.store.advance(self.lane, token, at.revision, to, list(latest.values()))
        expect_ok(reply)

    async def _rebuild(self, token: int, begin: int, found: Layout | None) -> _CaughtUp:
        """Write the memory anew, in numbered chunks. `found` is how it was laid out."""
        log.info("memory.rebuilding", lane=self.lane)
        try:
            fold, content = await rebuild_content(self._heeded(token), begin, token)
        except Truncated as gone:
            if (await self.transport.log_bounds())[0] != begin:
                raise Surprise("the log was cut by an earlier owner while it was read") from gone
            raise Halted("log_cut", f"the log begins at {gone.begin} and holds no complete snapshot") from gone
        layout = content.layout
        expect_ok(await self.store.begin(self.lane, token, layout, found.keys if found else ()))
        number = written = 0
        size = content.size
        for number, piece in enumerate(content.slices(CHANGES_PER_CALL, BYTES_PER_CALL), 1):
            self.heed(Stage("writing the memory anew", written, size))
            written += sum(map(len, piece.values()))
            expect_ok(await self.store.rebuild(self.lane, token, number, piece, None))
            self.around.step("rebuilding")
            await asyncio.sleep(0)
        expect_ok(await self.store.rebuild(self.lane, token, number + 1, {}, fold.head))
        if fold.head.revision != NO_REVISION:
            METERS.count("rebuilds", lane=str(self.lane))
        log.info("memory.rebuilt", lane=self.lane, revision=fold.head.revision)
        return _CaughtUp(fold, layout, content)

    async def _publish_again(self, fold: Fold) -> int:
        """The last batch's outputs may be missing, for one batch is in flight at a time; all earlier ones are out.

        Returns where they begin in the log.
        """
        revision = fold.head.revision
        if not self.around.safeguards.republication or revision == NO_REVISION:
            return revision
        batch, digest = await self._read(revision)
        if not isinstance(batch, Batch) or digest != fold.head.checksum:
            raise Halted("log_cut", f"the last batch, {revision}, is not in the log")
        for offset in batch.parts:
            part, _ = await self._read(offset)
            if not isinstance(part, Outputs) or part.token != batch.token:
                raise Halted("log_cut", f"outputs of the last batch, {revision}, are not in the log at {offset}")
            await self.transport.publish(part.outputs)
        await self.transport.publish(batch.outputs)
        return min(batch.parts, default=revision)

    async def _read(self, offset: int) -> tuple[LogRecord | ForeignRecord, str]:
        """The record at an offset, and its checksum."""
        with suppress(Truncated):
            async for _, value in self.transport.read_log(offset, offset + 1):
                return decode(value), checksum(value)
        return ForeignRecord("nothing is there"), ""

    async def _read_book(self, tenure: Tenure, content: Content | None) -> None:
        """Read what stays in memory, in pieces. Records come when they are needed, also those that wait.

        What was just written anew is at hand. Else the buckets of a kind are alike: the first of each tells how many of
        the others fit into a piece.
        """
        if content is not None:
            for kind in RESIDENT_KINDS:
                for key in tenure.layout.keys_of(kind):
                    if fields := content.bucket(key):
                        tenure.book.absorb(kind, fields)
                        await asyncio.sleep(0)
            return
        firsts, others = [], []
        for kind in RESIDENT_KINDS:
            first, *rest = [(kind, key) for key in tenure.layout.keys_of(kind)]
            firsts.append(first)
            others += rest
        sizes = dict(zip(RESIDENT_KINDS, await self._absorb(tenure, firsts), strict=True))
        for piece in _pieces(others, sizes):
            await self._absorb(tenure, piece)

    async def _know_level(self) -> None:
        """Wait while it was agreed to raise the lanes to a level that this version does not know.

        It would keep from the lanes what was agreed on. Where that was a mistake it goes on by itself.
        """
        while (level := self.around.level()) > LEVEL:
            doing = f"the lanes are to be raised to level {level}, and this release knows {LEVEL}: it claims none"
            self.heed(Stage(doing, todo=LEVEL_REMEDY))
            await asyncio.sleep(LOOK_SECONDS)

    async def _hear_of_epoch(self, epoch: int) -> None:
        """Wait for the epoch that the lane's marks are of: where nobody knows it, all that comes would look old.

        A moment after it was begun everybody has heard of it, unless the topic of configurations has lost it.
        """
        while epoch > (known := self.around.newest_epoch()):
            doing = f"waiting to hear of epoch {epoch} of the sources; the topic of configurations knows {known}"
            self.heed(Stage(doing, todo=EPOCH_REMEDY.format(epoch=epoch)))
            await asyncio.sleep(LOOK_SECONDS)

    async def _find_input(self, book: Book) -> None:
        """See whether the input is still the topic that the lane has a place in; another one it reads from the start.

        Which topic is the right one is agreed on by all: it is another one only when the sources were reset.
        """
        seen = self.around.input()
        if seen.problem:
            raise Halted("input_lost", seen.problem)
        if not seen.identity or seen.identity == book.input_identity:
            return
        if not book.input_identity:
            book.know_input(seen.identity)
            return
        begin, _ = await input_bounds(self.transport)
        log.warning("input.begun", lane=self.lane, left=book.place.offset, begin=begin)
        book.begin_input(seen.identity, begin, (self.around.topics.events, self.lane))

    async def _absorb(self, tenure: Tenure, piece: Sequence[_Bucket]) -> list[int]:
        """Read these buckets into the book; how many bytes each has."""
        keys = [key for _, key in piece]
        contents = accept(await self.store.read(self.lane, tenure.token, tenure.head.revision, keys))
        for (kind, _), fields in zip(piece, contents, strict=True):
            tenure.book.absorb(kind, fields)
            await asyncio.sleep(0)
        return [sum(len(name) + len(value) for name, value in fields.items()) for fields in contents]


@dataclass(frozen=True, slots=True)
class _HeededLog:
    """The log while it is read for a take-over: between any two records it is heeded how far that is."""

    log: LogReader
    heed: Heed
    end: int

    async def read_log(self, start: int, stop: int) -> AsyncIterator[LogEntry]:
        async for entry in self.log.read_log(start, stop):
            self.heed(Stage("reading the log", entry.offset, self.end))
            yield entry


def _pieces(buckets: Sequence[_Bucket], sizes: Mapping[ResidentKind, int]) -> Iterator[list[_Bucket]]:
    """The buckets in pieces of about `BYTES_READ`, by what they hold, or of one."""
    piece: list[_Bucket] = []
    size = 0
    for kind, key in buckets:
        if piece and size + sizes[kind] > BYTES_READ:
            yield piece
            piece, size = [], 0
        piece.append((kind, key))
        size += sizes[kind]
    if piece:
        yield piece
