"""Take over a lane: claim it in the log, bring its memory up to the claim, and publish once more what may be missing.

There is one path for every beginning and every surprise. Afterwards the memory equals the log at the last batch, the
outputs of that batch are out, and the book says where to go on reading.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import structlog

from service.kafka.port import LogEntry, LogReader, Transport, Truncated
from service.lane.book import RESIDENT_KEYS, Book
from service.lane.folding import Entry, Fold, Validity, entries, rebuild_content
from service.lane.surprise import Fenced, Halted, Surprise
from service.store.keys import place
from service.store.port import NO_REVISION, Head, Refusal, Reply, Store, Stored
from service.telemetry import METERS
from service.wire.log_records import Batch, Claim, Complete, SnapshotMark, checksum, decode, encode
from service.wire.values import unpack

log = structlog.get_logger()

T = TypeVar("T")

CHANGES_PER_CALL: Final = 5_000
"""So many changes go to the memory in one call while it is caught up or rebuilt."""

Step = Callable[[str], None]
"""Called with the name of each step that was done; tests end the process there."""


class Stage(NamedTuple):
    """How far taking over is: what is being done, and so many of so many where it can be counted."""

    doing: str
    done: int = 0
    of: int = 0

    def __str__(self) -> str:
        return f"{self.doing}, {self.done} of {self.of}" if self.of else self.doing


Heed = Callable[[Stage], None]
"""Told how far taking over is, between any two pieces of it. Raises `Left` where the owner was told to leave."""


def no_heed(stage: Stage) -> None:
    """Nobody waits for the end of taking over."""


@dataclass
class Tenure:
    """What the owner of a lane knows of it.

    `token` is his claim, `last` the offset of the newest log record, `head` where the memory is. `snapshots` are those
    known to be complete; `grown` is how many bytes of log there are since the newest began.
    """

    lane: int
    token: int
    last: int
    head: Head
    book: Book
    snapshots: tuple[SnapshotMark, ...]
    grown: int


@dataclass(frozen=True, slots=True)
class TakeOver:
    """One attempt to take over one lane. `owner` names the process, for people who read the log.

    It may take minutes where the memory is made anew, so it is told to `heed` how far it is.
    """

    lane: int
    owner: str
    transport: Transport
    store: Store
    step: Step
    republish: bool = True
    heed: Heed = no_heed

    async def run(self) -> Tenure:
        """Claim and catch up. Raises `Fenced`, `Surprise`, `Halted`, `Left`, and what the drivers raise."""
        self.heed(Stage("claiming"))
        await self.transport.renew()
        token = await self.transport.append(encode(Claim(self.owner)))
        self.step("claimed")
        head = await self._fence(token)
        self.step("fenced")
        begin, end = await self.transport.log_bounds()
        if not begin <= token < end:
            raise Surprise(f"the claim's offset {token} is not in the log, which holds {begin} to {end}")
        if head.revision >= token:
            raise Halted(f"the memory is at {head.revision}, beyond the claim at {token}: this is another log")
        fold = await self._catch_up(token, head, begin)
        self.heed(Stage("publishing the last batch again"))
        self.step("caught_up")
        await self._publish_again(fold)
        self.step("published_again")
        self.heed(Stage("reading the memory"))
        book = await self._read_book(token, fold.head.revision)
        await self.transport.seek(book.place.offset)
        log.info("lane.claimed", lane=self.lane, token=token, revision=fold.head.revision, input=book.place.offset)
        return Tenure(self.lane, token, token, fold.head, book, fold.snapshots, fold.grown)

    async def _fence(self, token: int) -> Head:
        answer = await self.store.fence(self.lane, token)
        if isinstance(answer, Head):
            return answer
        _, end = await self.transport.log_bounds()
        async for entry in entries(self.transport, token + 1, end):
            if isinstance(entry.record, Claim):
                raise Fenced(f"claimed again at {entry.offset}")
        raise Halted("the memory knows a newer claim than the log has: this is another log")

    async def _catch_up(self, token: int, head: Head, begin: int) -> Fold:
        if head.building or head.revision == NO_REVISION or head.revision < begin:
            return await self._rebuild(token, begin)
        try:
            return await self._fold_tail(token, head)
        except Truncated:
            return await self._rebuild(token, begin)

    async def _fold_tail(self, token: int, head: Head) -> Fold:
        """Apply to the memory what the log has after the memory's last batch."""
        fold = Fold(head=head)
        validity: Validity | None = None
        pending: list[Stored] = []
        at = head
        async for entry in entries(_HeededLog(self.transport, self.heed, token), head.revision, token):
            if validity is None:
                validity = Validity(_token_of(entry, head))
            if not validity.counts(entry):
                continue
            if isinstance(entry.record, Complete):
                fold.add_complete(entry.record)
            if not isinstance(entry.record, Batch):
                continue
            fold.add_batch(entry, entry.record)
            if entry.offset == head.revision:
                continue
            pending += entry.record.changes
            if len(pending) >= CHANGES_PER_CALL:
                await self._advance(token, at, fold.head, pending)
                at, pending = fold.head, []
        if fold.head != at:
            await self._advance(token, at, fold.head, pending)
        return fold

    async def _advance(self, token: int, at: Head, to: Head, changes: Sequence[Stored]) -> None:
        latest = {(change.key, change.field): change for change in changes}
        reply = await self.store.advance(self.lane, token, at.revision, to, list(latest.values()))
        expect_ok(reply)

    async def _rebuild(self, token: int, begin: int) -> Fold:
        """Write the memory anew, in numbered chunks."""
        log.info("memory.rebuilding", lane=self.lane)
        try:
            fold = await rebuild_content(_HeededLog(self.transport, self.heed, token), begin, token)
        except Truncated as gone:
            if (await self.transport.log_bounds())[0] != begin:
                raise Surprise("the log was cut by an earlier owner while it was read") from gone
            raise Halted(f"the log begins at {gone.begin} and holds no complete snapshot") from gone
        slices = [*_slices(fold), []]
        for number, changes in enumerate(slices):
            self.heed(Stage("writing the memory anew", number, len(slices)))
            final = fold.head if number == len(slices) - 1 else None
            expect_ok(await self.store.rebuild(self.lane, token, number, changes, final))
            self.step("rebuilding")
        if fold.head.revision != NO_REVISION:
            METERS.count("rebuilds", lane=str(self.lane))
        log.info("memory.rebuilt", lane=self.lane, revision=fold.head.revision)
        return fold

    async def _publish_again(self, fold: Fold) -> None:
        """The last batch's outputs may be missing, for one batch is in flight at a time; all earlier ones are out."""
        if not self.republish or fold.head.revision == NO_REVISION:
            return
        await self.transport.publish((await self._read_batch(fold.head)).outputs)

    async def _read_batch(self, head: Head) -> Batch:
        with suppress(Truncated):
            async for _, value in self.transport.read_log(head.revision, head.revision + 1):
                record = decode(value)
                if isinstance(record, Batch) and checksum(value) == head.checksum:
                    return record
        raise Halted(f"the last batch, {head.revision}, is not in the log")

    async def _read_book(self, token: int, revision: int) -> Book:
        book = Book()
        contents = accept(await self.store.read(self.lane, token, revision, RESIDENT_KEYS))
        for key, fields in zip(RESIDENT_KEYS, contents, strict=True):
            book.absorb(key, fields)
        await load_records(self.store, self.lane, token, revision, book.parked_records(), book)
        return book


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


async def load_records(
    store: Store, lane: int, token: int, revision: int, names: Sequence[tuple[str, str]], book: Book
) -> None:
    """Load these records (division, name) into the book. Records we never heard of stay absent."""
    wanted = [place("record", division, name) for division, name in names]
    values = accept(await store.load(lane, token, revision, wanted)) if wanted else []
    for (division, name), value in zip(names, values, strict=True):
        if value is not None:
            book.state(division).apply({"record": {name: unpack("record", value)}})


def accept(answer: list[T] | Refusal) -> list[T]:
    """The answer of the memory, unless it refused."""
    if isinstance(answer, list):
        return answer
    raise _refusal(answer)


def expect_ok(reply: Reply) -> None:
    """Raise what a refusal of the memory means."""
    if reply != "OK":
        raise _refusal(reply)


def _refusal(refusal: Refusal) -> Exception:
    return Fenced("the memory knows a newer claim") if refusal == "FENCED" else Surprise("the memory is behind")


def _token_of(entry: Entry, head: Head) -> int:
    """The token in force at the memory's last batch; it has to be the very same batch."""
    if not isinstance(entry.record, Batch) or entry.digest != head.checksum:
        raise Halted(f"the log's record {head.revision} is not the batch that the memory holds: this is another log")
    return entry.record.token


def _slices(fold: Fold) -> Iterator[list[Stored]]:
    changes: list[Stored] = []
    for key, fields in fold.content.items():
        for name, value in fields.items():
            changes.append(Stored(key, name, value))
            if len(changes) == CHANGES_PER_CALL:
                yield changes
                changes = []
    yield changes
