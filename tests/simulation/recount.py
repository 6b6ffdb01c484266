"""Whether what a lane's memory says is right: what it has counted is what its records say (D26), and nothing waits that
somebody could take (D3). Everything that the memory holds is counted and asked again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Set
from typing import NamedTuple

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.asking import find
from service.core.holding.climbing import STEP_PREFIX
from service.core.holding.waiting import ASK_PREFIX, DRAIN_PREFIX, is_fit, waiting_case
from service.core.state import KINDS, State
from service.lane.book import RESIDENT_KINDS, Book
from service.lane.ownership import Tenure, load_records
from service.store.keys import LAYOUT, MARK, parted
from service.store.memory import MemoryStore
from tests.core.build import check_books
from tests.log_reader import Reader
from tests.put_off import put_off


class Remembered(NamedTuple):
    """All that a lane's memory holds of one division."""

    lane: int
    division: str
    state: State


async def unsettled(store: MemoryStore, configs: Mapping[str, Config], readers: Mapping[int, Reader]) -> list[str]:
    """What does not add up in the memory of any lane, each division by itself, and what could go on and does not.

    `configs` are in force, and the clocks of the `readers` (by lane) are at rest: whatever was due has been done.
    """
    found = []
    async for lane, division, state in _remembered(store):
        where = f"lane {lane}, division {division}"
        try:
            check_books(state)
        except AssertionError as complaint:
            found.append(f"{where}: {complaint}")
        late = {name.removeprefix(f"{division}/") for name in put_off(readers[lane])}
        found += [f"{where}: {line}" for line in idle(state, configs[division], readers[lane].clock, late)]
    return found


def idle(state: State, config: Config, now_ms: int, late: Set[str] = frozenset()) -> Iterator[str]:
    """Records that wait though somebody can take them, or where they do not fit. What waits is given out at a pace, and
    where a rule raised it is asked anew later, as the lines and steps are whose timers are put off (`late`).
    """
    draft = Draft(state)
    for name, parked in state.parked.items():
        if parked.queued or ASK_PREFIX + name in state.timers:
            continue
        case = waiting_case(name, parked, draft, config, now_ms)
        if not is_fit(case, parked.pool, named=parked.named):
            yield f"{name} waits in {parked.pool}, where it does not fit"
            continue
        if late & {DRAIN_PREFIX + parked.pool, STEP_PREFIX + name}:
            continue
        found = find(case, config.pools[parked.pool], paced=True)
        if found.is_somebody:
            yield f"{name} waits in {parked.pool}, and {found.choice.chosen or found.resort} can take it"


async def _remembered(store: MemoryStore) -> AsyncIterator[Remembered]:
    """A memory that has lost a key which nobody needed since is left out: it is built anew when somebody does."""
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
            yield Remembered(lane, division, alone)
