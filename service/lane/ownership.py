"""To own a lane: what its owner knows of it, and how the owner writes to its log and asks its memory.

Every write and every question is under the owner's token. Whatever the answer, it is either what was expected or one
of the ways in which owning ends (`surprise`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from service.core.state import BESIDE, FIRST_LEVEL, Kind, State, Value
from service.kafka.port import TOGETHER_BYTES, Transport, Truncated
from service.lane.book import Book
from service.lane.folding import entries, foreign_reason
from service.lane.surprise import Fenced, Surprise
from service.store.keys import LAYOUT, Layout, full_name
from service.store.port import Head, Refusal, Reply, Store
from service.wire.log_forms import SnapshotMark
from service.wire.log_records import NO_OFFSET, Claim
from service.wire.record_forms import Base
from service.wire.records import read_base, read_record
from service.wire.values import unpack

T = TypeVar("T")

BEYOND: Final = 2**62
"""An offset no topic reaches: asking for it makes the broker say what there is."""
ANSWER_MS: Final = 2_000
"""How long to wait for input records that should be there."""
RECORDS_PER_CALL: Final = 1_000
"""So many records are asked of the memory in one call."""
BESIDE_PER_CALL: Final = 250
"""So many values beside records; the largest are fields of what waits (see `keeping`)."""


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


async def append(tenure: Tenure, transport: Transport, *values: bytes, is_contiguous: bool = True) -> int:
    """Append under the token, as many together as the broker takes; the offset of our last record then. Raises `Fenced`
    where anybody has claimed since, `Surprise` where it is not known.

    `is_contiguous`: what stands between our last record and this one is read; off only in a test of what it is for.
    """
    for together in _groups(values):
        await _append(tenure, transport, together, is_contiguous=is_contiguous)
    return tenure.last


def _groups(values: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The records in their order, in groups of at most `TOGETHER_BYTES`, or of one."""
    group: list[bytes] = []
    for value in values:
        if group and sum(map(len, group)) + len(value) > TOGETHER_BYTES:
            yield group
            group = []
        group.append(value)
    if group:
        yield group


async def _append(tenure: Tenure, transport: Transport, values: Sequence[bytes], *, is_contiguous: bool) -> None:
    offset = await transport.append(*values)
    if offset <= tenure.last:
        raise Surprise(f"the broker says the record is at {offset}; the one before is at {tenure.last}")
    if is_contiguous and offset > tenure.last + 1:
        async for entry in entries(transport, tenure.last + 1, offset):
            doubt = foreign_reason(entry.record, tenure.level, has_begun=tenure.last > tenure.token)
            if doubt:
                tenure.foreign.append((entry.offset, doubt))
            elif isinstance(entry.record, Claim):
                raise Fenced(f"claimed again at {entry.offset}")
    tenure.last = offset + len(values) - 1


async def input_bounds(transport: Transport) -> tuple[int, int]:
    """First offset of the lane's input, and the offset the next one will have. Afterwards `seek` again."""
    await transport.seek(BEYOND)
    try:
        await transport.poll(1, ANSWER_MS)
    except Truncated as there:
        return there.begin, there.end
    raise TimeoutError("the broker does not say what the lane's input holds")


async def load_records(store: Store, tenure: Tenure, names: Sequence[tuple[str, str]]) -> None:
    """Load these records (division, name) into the book, page by page. Those we never heard of stay absent.

    First what each has, then what stands beside those that have more.
    """
    for start in range(0, len(names), RECORDS_PER_CALL):
        page = names[start : start + RECORDS_PER_CALL]
        values = await _values(store, tenure, [("record", full_name("record", *name)) for name in page])
        bases = {name: read_base(value) for name, value in zip(page, values, strict=True) if value is not None}
        beside = [(name, kind) for name, base in bases.items() for kind in _beside(base)]
        found: defaultdict[tuple[str, str], dict[str, bytes]] = defaultdict(dict)
        for at in range(0, len(beside), BESIDE_PER_CALL):
            wanted = beside[at : at + BESIDE_PER_CALL]
            more = await _values(store, tenure, [(kind, full_name(kind, *name)) for name, kind in wanted])
            for (name, kind), value in zip(wanted, more, strict=True):
                if value is not None:
                    found[name][kind] = value
        for (division, record), base in bases.items():
            _absorb(tenure.book.kept_state(division), record, base, found[division, record])
        await asyncio.sleep(0)


def _beside(base: Base) -> list[str]:
    """Kinds of what stands beside the record in the memory."""
    return [*base.sides, *(kind for kind, flags in BESIDE.items() if any(map(base.says, flags)))]


def _absorb(state: State, name: str, base: Base, beside: Mapping[str, bytes]) -> None:
    """Take a record into memory, with what stands beside it."""
    changes: dict[Kind, dict[str, Value | None]] = {"record": {name: read_record(base, beside)}}
    for kind in BESIDE:
        if kind in beside:
            changes[kind] = {name: unpack(kind, beside[kind])}
    state.apply(changes)


async def _values(store: Store, tenure: Tenure, wanted: Sequence[tuple[str, str]]) -> list[bytes | None]:
    """What the memory holds of these, given by kind and full name."""
    if not wanted:
        return []
    at = [(tenure.layout.key(kind, name), name) for kind, name in wanted]
    return accept(await store.load(tenure.lane, tenure.token, tenure.head.revision, at))


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
