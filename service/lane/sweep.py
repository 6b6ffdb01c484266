"""Forget records, once a day: look through all of them, a few buckets between two batches, for what is long unheard of.

A timer for each record would cost more than the record. What a sweep finds it forgets in a batch like any other, so
that memory, snapshots and whoever reads the log hear of it as of all changes. A snapshot follows each sweep, and the
log in front of it is deleted when the keep window is over: then nothing forgotten is left of the lane anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from service.core.holding.retention import is_forgettable
from service.lane.book import Swept
from service.lane.ownership import Tenure, accept, load_records
from service.limits import Limits
from service.store.keys import parted
from service.store.port import Store
from service.wire.records import read_base, read_record

KEYS_PER_TURN: Final = 32
"""At most so many keys are read between two batches."""
FIELDS_PER_TURN: Final = 2_000
"""About so many records are looked at between two batches, for what comes in waits meanwhile."""
FORGOTTEN_PER_BATCH: Final = 500
"""At most so many records are forgotten in one batch; of what is left its key is looked at again."""


class Piece(NamedTuple):
    """What a turn of a sweep found: the records to be forgotten (division, name), and how far the sweep is then."""

    gone: list[tuple[str, str]]
    swept: Swept
    is_last: bool = False


@dataclass
class Sweep:
    """The sweep of a lane's records, if one is under way."""

    tenure: Tenure
    store: Store
    limits: Limits
    _keys_in_a_turn: int = 1

    @property
    def is_due(self) -> bool:
        """Whether the records were not looked through yet in this period, by the lane's clock. Begins with a batch."""
        swept = self.tenure.book.swept
        return swept is not None and (swept.period < self._period or swept.keys < self._keys)

    async def look(self) -> Piece:
        """Look through the next few keys. The last batch must have landed. The records found are loaded."""
        piece = await self._next_piece()
        await load_records(self.store, self.tenure, piece.gone)
        return piece

    async def _next_piece(self) -> Piece:
        tenure = self.tenure
        swept = self._current()
        keys = tenure.layout.keys_of("record")[swept.keys : swept.keys + self._keys_in_a_turn]
        contents = accept(await self.store.read(tenure.lane, tenure.token, tenure.head.revision, keys))
        gone: list[tuple[str, str]] = []
        for number, fields in enumerate(contents):
            found = self._forgettable(fields)
            room = FORGOTTEN_PER_BATCH - len(gone)
            gone += found[:room]
            if len(found) > room:
                return await self._loaded(Piece(gone, Swept(swept.period, swept.keys + number)))
            await asyncio.sleep(0)
        fields_in_a_key = sum(map(len, contents)) // max(1, len(contents))
        self._keys_in_a_turn = max(1, min(KEYS_PER_TURN, FIELDS_PER_TURN // max(1, fields_in_a_key)))
        done = swept.keys + len(contents)
        return await self._loaded(Piece(gone, Swept(swept.period, done), is_last=done == self._keys))

    async def _loaded(self, piece: Piece) -> Piece:
        """The piece, once all that is kept of its records is in memory."""
        await load_records(self.store, self.tenure, piece.gone)
        return piece

    def _current(self) -> Swept:
        """Where the sweep goes on; a new one begins with the first key."""
        swept = self.tenure.book.swept
        if swept is None or swept.keys >= self._keys:
            return Swept(self._period, 0)
        return swept

    def _forgettable(self, fields: Mapping[str, bytes]) -> list[tuple[str, str]]:
        book, limits = self.tenure.book, self.limits
        found = []
        for full in sorted(fields):
            record = read_record(read_base(fields[full]), {})
            division, name = parted(full)
            if is_forgettable(
                record,
                book.clock_ms,
                deleted_ms=limits.deleted_ms,
                closed_ms=limits.closed_ms,
                untouched_ms=limits.untouched_ms,
            ):
                found.append((division, name))
        return found

    @property
    def _period(self) -> int:
        return self.tenure.book.clock_ms // self.limits.sweep_every_ms

    @property
    def _keys(self) -> int:
        return len(self.tenure.layout.keys_of("record"))
