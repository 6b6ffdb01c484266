"""A division's state as its lane's memory has it at this moment, read without a fence: for people, never to decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from service.core.state import Kind, State
from service.lane.book import Book
from service.store.keys import LAYOUT
from service.store.port import NO_REVISION, Head, Store
from service.wire.lanes import lane_of

MemoryState = Literal["ready", "rebuilding", "empty"]
"""Of the lane's memory. While it is rebuilt its content means nothing; it is empty before the first decision, and
after it was thrown away until the lane next does something.
"""


class Peeked(NamedTuple):
    """What was read of a division, and whether it means anything."""

    state: State
    memory: MemoryState


async def peek(store: Store, division: str, lanes: int, kinds: Sequence[Kind]) -> Peeked:
    """The division's state, of these kinds."""
    places = [(kind, key) for kind in kinds for key in LAYOUT.keys_of(kind)]
    head, contents = await store.peek(lane_of(division, lanes), [key for _, key in places])
    book = Book()
    for (kind, _), fields in zip(places, contents, strict=True):
        book.absorb(kind, fields)
    return Peeked(book.state(division), memory_state(head))


def memory_state(head: Head) -> MemoryState:
    """Whether what a memory with this head holds means anything."""
    if head.building:
        return "rebuilding"
    return "empty" if head.revision == NO_REVISION else "ready"
