"""What a CRM says is open, compared with what is remembered: the open items as they should be and as they are.

The list is of a moment. Of what was heard since, it says nothing, and what the memory has now may be other tomorrow:
so each difference tells whether the record changed since the list, and carries the mark of the record as it was seen.
Only the types of record that the list names are compared; one that names no deal says nothing of deals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from service.core.configuration import Config
from service.core.given import USUAL
from service.core.record import Record
from service.core.unchanged import mark_of
from service.lane.book import Book
from service.store.keys import LAYOUT, parted
from service.store.port import Store
from service.views.peeking import MemoryState, memory_state
from service.wire.lanes import lane_of
from service.wire.records import read_base, read_record

KEYS_AT_ONCE: Final = 64
MINUTE_MS: Final = 60_000

What = Literal["not_known", "deleted", "closed", "other_owner", "other_size", "not_listed"]
"""How a record differs: in the list it is open, and nobody here has heard of it, or it is deleted, closed, somebody
else's or of another weight here; or it is open here and not in the list.
"""
WORDS: Final[Mapping[What, str]] = {
    "not_known": "open in the list, not known here",
    "deleted": "open in the list, deleted here",
    "closed": "open in the list, closed here",
    "other_owner": "another owner",
    "other_size": "another size",
    "not_listed": "open here, not in the list",
}


class Listed(NamedTuple):
    """What the list says of an open record. `owner` empty: nobody has it; `size` none: the list does not say."""

    owner: str
    size: int | None


class Kept(NamedTuple):
    """What is remembered of a record, and with what weight it is counted."""

    record: Record
    size: int


class Disagreement(NamedTuple):
    """One record that differs. `listed` and `kept` are owner and size there and here, none: it is not there.

    `is_newer`: something was heard of it since the list was made. `mark`: as it was seen here.
    """

    record: str
    what: What
    listed: Listed | None
    kept: Listed | None
    is_newer: bool
    mark: str


class RecordsKept(NamedTuple):
    """The records of a division, and whether the memory means anything."""

    records: Mapping[str, Kept]
    memory: MemoryState


async def remembered(store: Store, division: str, lanes: int, types: Iterable[str]) -> RecordsKept:
    """All records of these types of a division, as its lane's memory has them."""
    lane, wanted = lane_of(division, lanes), frozenset(types)
    head, sizes = await store.peek(lane, LAYOUT.keys_of("size"))
    book = Book()
    for fields in sizes:
        book.absorb("size", fields)
    weights = book.state(division).sizes
    found: dict[str, Kept] = {}
    keys = LAYOUT.keys_of("record")
    for start in range(0, len(keys), KEYS_AT_ONCE):
        _, contents = await store.peek(lane, keys[start : start + KEYS_AT_ONCE])
        for full, packed in (each for fields in contents for each in fields.items()):
            whose, name = parted(full)
            if whose == division and name.partition("/")[0] in wanted:
                weight = weights.get(name)
                record = read_record(read_base(packed), {})
                found[name] = Kept(record, USUAL if weight is None else weight.size)
    return RecordsKept(found, memory_state(head))


def compare(
    listed: Mapping[str, Listed], kept: Mapping[str, Kept], config: Config, as_of_ms: int
) -> Iterator[Disagreement]:
    """The records that differ, by name: `listed` was made at `as_of_ms`."""
    for name in sorted(listed.keys() | kept.keys()):
        here, told = kept.get(name), listed.get(name)
        what = _difference(name, told, here, config)
        if what is None:
            continue
        is_newer = here is not None and (here.record.heard_min + 1) * MINUTE_MS > as_of_ms
        counted = None if here is None else Listed(here.record.owner, here.size)
        yield Disagreement(name, what, told, counted, is_newer, mark_of(None if here is None else here.record))


def _difference(name: str, told: Listed | None, here: Kept | None, config: Config) -> What | None:
    if told is None:
        return "not_listed" if here is not None and here.record.counted else None
    if here is None:
        return "not_known"
    if here.record.deleted or here.record.closed:
        return "deleted" if here.record.deleted else "closed"
    if config.person(told.owner) != here.record.owner:
        return "other_owner"
    is_weighed = name.partition("/")[0] in config.sizes and told.size is not None and here.record.counted
    return "other_size" if is_weighed and told.size != here.size else None


def correctable(found: Iterable[Disagreement], config: Config) -> list[Disagreement]:
    """Those that an event can correct, in the order in which they are to be told: what was heard since the list is
    newer, and a weight that a linked record tells is not the record's own.

    A place that is freed goes to what waits at once. So first comes what somebody has more than is known, then what
    moves, then what nobody has, and last what is closed: nobody is given more than their limit by a half-told list.
    """
    return sorted(
        (each for each in found if not each.is_newer and not (each.what == "other_size" and _is_linked(each, config))),
        key=_turn,
    )


def _turn(difference: Disagreement) -> int:
    if difference.listed is None:
        return 3
    if not difference.listed.owner:
        return 2
    return int(difference.what in {"other_owner", "other_size"})


def _is_linked(difference: Disagreement, config: Config) -> bool:
    return "." in config.sizes[difference.record.partition("/")[0]]
