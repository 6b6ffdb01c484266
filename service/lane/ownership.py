"""To own a lane: what its owner knows of it, and how the owner writes to its log and asks its memory.

Every write and every question is under the owner's token. Whatever the answer, it is either what was expected or one
of the ways in which owning ends (`surprise`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from service.core.state import FIRST_LEVEL
from service.kafka.port import Transport, Truncated
from service.lane.book import RECORD_KINDS, Book
from service.lane.folding import entries
from service.lane.surprise import Fenced, Surprise
from service.store.keys import LAYOUT, Layout, full_name
from service.store.port import Head, Refusal, Reply, Store
from service.wire.log_records import NO_OFFSET, Claim, ForeignRecord, SnapshotMark
from service.wire.values import unpack

T = TypeVar("T")

BEYOND: Final = 2**62
"""An offset no topic reaches: asking for it makes the broker say what there is."""
ANSWER_MS: Final = 2_000
"""How long to wait for input records that should be there."""
RECORDS_PER_CALL: Final = 1_000
"""So many records are asked of the memory in one call."""


@dataclass
class Tenure:
    """What the owner of a lane knows of it.

    `token` is the owner's claim, `last` the offset of the newest log record, `head` where the memory is and `layout`
    how it is laid out. `snapshots` are those known to be complete; `grown` is how many bytes of log there are since the
    newest began. `outputs_from` is where the outputs of the last batch begin, which may be in front of it. `foreign`
    are records of the log that no lane wrote: offset and why each is none.
    """

    lane: int
    token: int
    last: int
    head: Head
    book: Book
    snapshots: tuple[SnapshotMark, ...]
    grown: int
    layout: Layout = LAYOUT
    level: int = FIRST_LEVEL
    outputs_from: int = NO_OFFSET
    foreign: list[tuple[int, str]] = field(default_factory=list)


async def append(tenure: Tenure, transport: Transport, value: bytes, *, is_contiguous: bool = True) -> int:
    """Append under the token. Raises `Fenced` where anybody has claimed since, `Surprise` where it is not known.

    `is_contiguous`: what stands between our last record and this one is read; off only in a test of what it is for.
    """
    offset = await transport.append(value)
    if offset <= tenure.last:
        raise Surprise(f"the broker says the record is at {offset}; the one before is at {tenure.last}")
    if is_contiguous and offset > tenure.last + 1:
        async for entry in entries(transport, tenure.last + 1, offset):
            if isinstance(entry.record, Claim):
                raise Fenced(f"claimed again at {entry.offset}")
            if isinstance(entry.record, ForeignRecord):
                tenure.foreign.append((entry.offset, entry.record.reason))
    tenure.last = offset
    return offset


async def input_bounds(transport: Transport) -> tuple[int, int]:
    """First offset of the lane's input, and the offset the next one will have. Afterwards `seek` again."""
    await transport.seek(BEYOND)
    try:
        await transport.poll(1, ANSWER_MS)
    except Truncated as there:
        return there.begin, there.end
    raise TimeoutError("the broker does not say what the lane's input holds")


async def load_records(store: Store, tenure: Tenure, names: Sequence[tuple[str, str]]) -> None:
    """Load these records (division, name) into the book, page by page. Those we never heard of stay absent."""
    for start in range(0, len(names), RECORDS_PER_CALL):
        page = names[start : start + RECORDS_PER_CALL]
        named = [(kind, division, name) for kind in RECORD_KINDS for division, name in page]
        full = [(kind, full_name(kind, division, name)) for kind, division, name in named]
        wanted = [(tenure.layout.key(kind, name), name) for kind, name in full]
        values = accept(await store.load(tenure.lane, tenure.token, tenure.head.revision, wanted))
        for (kind, division, name), value in zip(named, values, strict=True):
            if value is not None:
                tenure.book.kept_state(division).apply({kind: {name: unpack(kind, value)}})
        await asyncio.sleep(0)


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
