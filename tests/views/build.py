"""A memory as lanes leave it, for views to read."""

from __future__ import annotations

from collections.abc import Mapping

from service.core.state import Kind, Value
from service.lane.changed import stored
from service.store.keys import LAYOUT, MARK
from service.store.memory import LaneMemory, MemoryStore
from service.wire.lanes import lane_of


def remembering(state: Mapping[Kind, Mapping[str, Value]], lanes: int = 4) -> MemoryStore:
    """The memory of all lanes, in which the division `main` has this state."""
    memory = LaneMemory(generation=b"0", content={key: {MARK: b"0"} for key in LAYOUT.keys})
    for kind, values in state.items():
        memory.write(LAYOUT.placed(stored(kind, "main", values)))
    store = MemoryStore()
    store.lanes[lane_of("main", lanes)] = memory
    return store
