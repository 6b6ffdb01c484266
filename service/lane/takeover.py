"""Take over a lane: claim it in the log, bring its memory up to the claim, and publish once more what may be missing.

There is one path for every beginning and every surprise. Afterwards the memory equals the log at the last batch, the
outputs of that batch are out, and the book says where to go on reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from service.kafka.port import Transport, Truncated
from service.lane.book import RESIDENT_KEYS, Book
from service.lane.folding import Entry, Fold, Validity, entries, rebuild_content
from service.lane.ownership import Tenure, accept, expect_ok, load_records
from service.lane.surprise import Fenced, Halted, Surprise
from service.lane.surroundings import Surroundings
from service.store.port import NO_REVISION, Head, Store, Stored
from service.telemetry import METERS
from service.wire.log_records import Batch, Claim, Complete, checksum, decode, encode

log = structlog.get_logger()

CHANGES_PER_CALL: Final = 5_000
"""So many changes go to the memory in one call while it is caught up or rebuilt."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """One attempt to take over one lane."""

    lane: int
    transport: Transport
    store: Store
    around: Surroundings

    async def run(self) -> Tenure:
        """Claim and catch up. Raises `Fenced`, `Surprise`, `Halted`, and what the driver of either back end raises."""
        await self.transport.renew()
        token = await self.transport.append(encode(Claim(self.around.owner)))
        self.around.step("claimed")
        head = await self._fence(token)
        self.around.step("fenced")
        begin, end = await self.transport.log_bounds()
        if not begin <= token < end:
            raise Surprise(f"the claim's offset {token} is not in the log, which holds {begin} to {end}")
        if head.revision >= token:
            raise Halted(f"the memory is at {head.revision}, beyond the claim at {token}: this is another log")
        fold = await self._catch_up(token, head, begin)
        self.around.step("caught_up")
        await self._publish_again(fold)
        self.around.step("published_again")
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
        async for entry in entries(self.transport, head.revision, token):
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
            fold = await rebuild_content(self.transport, begin, token)
        except Truncated as gone:
            if (await self.transport.log_bounds())[0] != begin:
                raise Surprise("the log was cut by an earlier owner while it was read") from gone
            raise Halted(f"the log begins at {gone.begin} and holds no complete snapshot") from gone
        slices = [*_slices(fold), []]
        for number, changes in enumerate(slices):
            final = fold.head if number == len(slices) - 1 else None
            expect_ok(await self.store.rebuild(self.lane, token, number, changes, final))
            self.around.step("rebuilding")
        METERS.count("rebuilds", lane=str(self.lane))
        log.info("memory.rebuilt", lane=self.lane, revision=fold.head.revision)
        return fold

    async def _publish_again(self, fold: Fold) -> None:
        """The last batch's outputs may be missing, for one batch is in flight at a time; all earlier ones are out."""
        if not self.around.safeguards.republication or fold.head.revision == NO_REVISION:
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
