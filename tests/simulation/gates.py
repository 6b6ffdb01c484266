"""Where a simulated process can be held: in front of and behind each call to the broker and the memory.

The scheduler opens one gate at a time. A process that is held anywhere long enough is a zombie; one whose gates never
open again is dead. A memory behind a gate may also be unreachable, before or after it did what it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from service.kafka.port import Arrived, LogEntry, Transport
from service.store.keys import Hashes, Layout, Stored
from service.store.port import Head, Refusal, Reply, Store, StoreUnreachable
from service.wire.messages import Message

T = TypeVar("T")


@dataclass
class Gate:
    """One process waiting at one place."""

    process: int
    name: str
    opened: asyncio.Future[None]


@dataclass
class Gates:
    """All gates at which somebody waits, in the order in which they came."""

    waiting: list[Gate] = field(default_factory=list)

    async def wait(self, process: int, name: str) -> None:
        """Come to a gate and wait until it is opened."""
        gate = Gate(process, name, asyncio.get_running_loop().create_future())
        self.waiting.append(gate)
        await gate.opened

    def open(self, gate: Gate) -> None:
        """Let one through."""
        self.waiting.remove(gate)
        if not gate.opened.done():
            gate.opened.set_result(None)

    def forget(self, process: int) -> None:
        """Nobody of this process will come through any more."""
        self.waiting = [gate for gate in self.waiting if gate.process != process]


@dataclass
class Passage:
    """The gates as one process uses them. `is_unreachable` is asked at each call to the memory."""

    gates: Gates
    process: int
    is_unreachable: Callable[[], bool] = lambda: False

    async def __call__(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        await self.gates.wait(self.process, f"before {name}")
        answer = await call()
        await self.gates.wait(self.process, f"after {name}")
        return answer

    async def to_memory(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        """The same, and the connection may break on the way there or back."""
        await self.gates.wait(self.process, f"before {name}")
        self._break_now_and_then()
        answer = await call()
        await self.gates.wait(self.process, f"after {name}")
        self._break_now_and_then()
        return answer

    def _break_now_and_then(self) -> None:
        if self.is_unreachable():
            raise StoreUnreachable("the memory does not answer")


@dataclass
class GatedTransport:
    """A transport behind gates. `before_truncating` is told what is about to be deleted."""

    inner: Transport
    passage: Passage
    before_truncating: Callable[[int], None]

    async def log_bounds(self) -> tuple[int, int]:
        return await self.passage("bounds", self.inner.log_bounds)

    async def read_log(self, start: int, stop: int) -> AsyncIterator[LogEntry]:
        await self.passage.gates.wait(self.passage.process, "before read")
        async for entry in self.inner.read_log(start, stop):
            yield entry
        await self.passage.gates.wait(self.passage.process, "after read")

    async def append(self, *values: bytes) -> int:
        return await self.passage("append", lambda: self.inner.append(*values))

    async def seek(self, offset: int) -> None:
        await self.inner.seek(offset)

    async def poll(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        return await self.passage("poll", lambda: self.inner.poll(limit, wait_ms))

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.passage("publish", lambda: self.inner.publish(messages))

    async def tick(self, value: bytes) -> None:
        await self.passage("tick", lambda: self.inner.tick(value))

    async def truncate_log(self, before: int) -> None:
        await self.passage.gates.wait(self.passage.process, "before truncate")
        self.before_truncating(before)
        await self.inner.truncate_log(before)

    async def renew(self) -> None:
        await self.inner.renew()

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class GatedStore:
    """A memory behind gates."""

    inner: Store
    passage: Passage

    async def fence(self, lane: int, token: int) -> Head | Refusal:
        return await self.passage.to_memory("fence", lambda: self.inner.fence(lane, token))

    async def load(
        self, lane: int, token: int, revision: int, wanted: Sequence[tuple[str, str]]
    ) -> list[bytes | None] | Refusal:
        return await self.passage.to_memory("load", lambda: self.inner.load(lane, token, revision, wanted))

    async def read(self, lane: int, token: int, revision: int, keys: Sequence[str]) -> list[dict[str, bytes]] | Refusal:
        return await self.passage.to_memory("read", lambda: self.inner.read(lane, token, revision, keys))

    async def advance(self, lane: int, token: int, revision: int, head: Head, changes: Sequence[Stored]) -> Reply:
        return await self.passage.to_memory("advance", lambda: self.inner.advance(lane, token, revision, head, changes))

    async def begin(self, lane: int, token: int, layout: Layout, gone: Sequence[str] = ()) -> Reply:
        return await self.passage.to_memory("begin", lambda: self.inner.begin(lane, token, layout, gone))

    async def rebuild(self, lane: int, token: int, number: int, content: Hashes, head: Head | None) -> Reply:
        return await self.passage.to_memory("rebuild", lambda: self.inner.rebuild(lane, token, number, content, head))

    async def peek(self, lane: int, keys: Sequence[str]) -> tuple[Head, list[Mapping[str, bytes]]]:
        return await self.inner.peek(lane, keys)

    async def forget(self, lane: int) -> None:
        await self.inner.forget(lane)

    async def close(self) -> None:
        await self.inner.close()
