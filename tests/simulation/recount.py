"""Whether what a lane has counted is what its records say (D26): a recount of everything that its memory holds."""

from __future__ import annotations

from service.core.state import KINDS, State
from service.lane.book import RESIDENT_KINDS, Book
from service.lane.ownership import Tenure, load_records
from service.store.keys import LAYOUT, MARK, parted
from service.store.memory import MemoryStore
from tests.core.build import check_books


async def miscounted(store: MemoryStore) -> list[str]:
    """What does not add up in the memory of any lane, each division by itself.

    A memory that has lost a key which nobody needed since is left out: it is built anew when somebody does.
    """
    found = []
    for lane, memory in store.lanes.items():
        if not memory.is_whole(LAYOUT.keys):
            continue
        book, names = Book(), []
        for kind in RESIDENT_KINDS:
            for key in LAYOUT.keys_of(kind):
                book.absorb(kind, memory.fields(key))
        for key in LAYOUT.keys_of("record"):
            names += [parted(name) for name in memory.fields(key) if name != MARK]
        assert memory.token is not None, "a lane that was owned has a token"
        tenure = Tenure(lane, memory.token, memory.head.revision, memory.head, book, (), 0)
        await load_records(store, tenure, names)
        for division, state in book.divisions.items():
            alone = State()
            alone.apply({kind: state.of_kind(kind) for kind in KINDS})
            try:
                check_books(alone)
            except AssertionError as complaint:
                found.append(f"lane {lane}, division {division}: {complaint}")
    return found
