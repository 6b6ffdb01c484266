"""The store in a dictionary, for scenarios, simulation and replay: nothing outlives the process.

It answers exactly as Redis does; one contract suite holds both to it. `lanes` is a plain dictionary so that a
simulation may copy, restore and empty it, as a failing Redis would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.store.keys import MARK, Hashes, Layout, Stored
from service.store.port import Head, Refusal, Reply

EMPTY: Final = Head()


@dataclass(slots=True)
class LaneMemory:
    """One lane's part: its fence, its head, and key → field → value, with each key's mark among its fields.

    No token: nobody ever fenced it. While a rebuild is open, `stage` is its token and the number of its latest chunk.
    """

    token: int | None = None
    head: Head = EMPTY
    stage: tuple[int, int] | None = None
    generation: bytes | None = None
    content: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def refusal(self, token: int) -> Refusal | None:
        """Why this token may not do anything here; none: it is the fence."""
        if self.token is None or self.token < token:
            return "BEHIND"
        return "FENCED" if self.token > token else None

    def refusal_at(self, token: int, revision: int) -> Refusal | None:
        """The same, and BEHIND unless the memory is exactly at `revision` with no rebuild open."""
        if said := self.refusal(token):
            return said
        return "BEHIND" if self.head.building or self.head.revision != revision else None

    def is_whole(self, keys: Iterable[str]) -> bool:
        """Whether these keys are those of the last rebuild."""
        mark = self.generation
        return mark is not None and all(self.content.get(key, {}).get(MARK) == mark for key in keys)

    def lose(self) -> Refusal:
        """Note that a part is lost: nothing here means anything before the next rebuild."""
        self.head, self.stage = self.head._replace(building=True), None
        return "BEHIND"

    def fields(self, key: str) -> dict[str, bytes]:
        """What a key holds, without its mark."""
        return {name: value for name, value in self.content.get(key, {}).items() if name != MARK}

    def write(self, changes: Sequence[Stored]) -> None:
        """Make each change's final value the value of its field."""
        for key, name, value in changes:
            if value is not None:
                self.content.setdefault(key, {})[name] = value
            elif fields := self.content.get(key):
                fields.pop(name, None)


class MemoryStore:
    """The `Store` of one process."""

    def __init__(self) -> None:
        self.lanes: dict[int, LaneMemory] = {}

    async def fence(self, lane: int, token: int) -> Head | Refusal:
        """See `Store.fence`."""
        memory = self.lanes.setdefault(lane, LaneMemory())
        if memory.token is not None and memory.token > token:
            return "FENCED"
        memory.token = token
        return memory.head

    async def load(
        self, lane: int, token: int, revision: int, wanted: Sequence[tuple[str, str]]
    ) -> list[bytes | None] | Refusal:
        """See `Store.load`."""
        memory = self._lane(lane)
        if said := memory.refusal_at(token, revision):
            return said
        if not memory.is_whole(key for key, _ in wanted):
            return memory.lose()
        return [memory.content.get(key, {}).get(name) for key, name in wanted]

    async def read(self, lane: int, token: int, revision: int, keys: Sequence[str]) -> list[dict[str, bytes]] | Refusal:
        """See `Store.read`."""
        memory = self._lane(lane)
        if said := memory.refusal_at(token, revision):
            return said
        if not memory.is_whole(keys):
            return memory.lose()
        return [memory.fields(key) for key in keys]

    async def advance(self, lane: int, token: int, revision: int, head: Head, changes: Sequence[Stored]) -> Reply:
        """See `Store.advance`."""
        memory = self._lane(lane)
        if said := memory.refusal(token):
            return said
        if memory.head.is_at(head):
            return "OK"
        if said := memory.refusal_at(token, revision):
            return said
        if not memory.is_whole(change.key for change in changes):
            return memory.lose()
        memory.write(changes)
        memory.head = head._replace(layout=memory.head.layout)
        return "OK"

    async def begin(self, lane: int, token: int, layout: Layout, gone: Sequence[str] = ()) -> Reply:
        """See `Store.begin`."""
        memory = self._lane(lane)
        if said := memory.refusal(token):
            return said
        memory.generation = b"%d" % token
        memory.content = {key: {MARK: memory.generation} for key in layout.keys}
        memory.head, memory.stage = Head(building=True, layout=layout.text()), (token, 0)
        return "OK"

    async def rebuild(self, lane: int, token: int, number: int, content: Hashes, head: Head | None) -> Reply:
        """See `Store.rebuild`."""
        memory = self._lane(lane)
        if said := memory.refusal(token):
            return said
        if head is not None and memory.head.is_at(head):
            return "OK"
        if memory.stage not in ((token, number - 1), (token, number)):
            return "BEHIND"
        if not memory.is_whole(content):
            return memory.lose()
        for key, fields in content.items():
            memory.content[key].update(fields)
        if head is None:
            memory.stage = (token, number)
        else:
            memory.head, memory.stage = head._replace(layout=memory.head.layout), None
        return "OK"

    async def peek(self, lane: int, keys: Sequence[str]) -> tuple[Head, list[Mapping[str, bytes]]]:
        """See `Store.peek`."""
        memory = self._lane(lane)
        is_lost = memory.generation is not None and not memory.is_whole(keys)
        head = memory.head._replace(building=True) if is_lost else memory.head
        return head, [memory.fields(key) if memory.is_whole([key]) else {} for key in keys]

    async def forget(self, lane: int) -> None:
        """See `Store.forget`."""
        self.lanes.pop(lane, None)

    async def close(self) -> None:
        """See `Store.close`."""

    def _lane(self, lane: int) -> LaneMemory:
        return self.lanes.get(lane, LaneMemory())
