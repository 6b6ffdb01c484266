"""A store under test together with the ways it can lose what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Protocol

from redis.asyncio import Redis, RedisCluster

from service.store.keys import Stored
from service.store.memory import LaneMemory, MemoryStore
from service.store.port import Head, Store
from service.store.redis import RedisStore, connect


def hashes(changes: Iterable[Stored]) -> dict[str, dict[str, bytes]]:
    """What these changes leave of keys that were empty, as a rebuild writes them."""
    found: dict[str, dict[str, bytes]] = {}
    for key, name, value in changes:
        fields = found.setdefault(key, {})
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    return found


class Losing(Protocol):
    """A store, and what may happen to its memory behind its back."""

    @property
    def store(self) -> Store:
        """The store under test."""

    async def lose(self) -> None:
        """All is gone, fences too."""

    async def keep(self) -> None:
        """Remember what is there now."""

    async def go_back(self) -> None:
        """What was last kept is there again, and nothing else."""

    async def lose_key(self, lane: int, key: str, *, is_spoilt: bool) -> None:
        """One key is gone, or something of another type stands in its place. `head` is the lane's head."""

    async def get_back(self, lane: int, key: str) -> None:
        """One key is again as it was last kept."""


class LosingMemory:
    """The dictionary."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self._kept: dict[int, LaneMemory] = {}

    async def lose(self) -> None:
        """See `Losing.lose`."""
        self.store.lanes.clear()

    async def keep(self) -> None:
        """See `Losing.keep`."""
        self._kept = deepcopy(self.store.lanes)

    async def go_back(self) -> None:
        """See `Losing.go_back`."""
        self.store.lanes.clear()
        self.store.lanes.update(deepcopy(self._kept))

    async def lose_key(self, lane: int, key: str, *, is_spoilt: bool) -> None:
        """See `Losing.lose_key`. Another type has no mark, which is all that can be seen of it."""
        memory = self.store.lanes[lane]
        if key == "head":
            memory.token, memory.head, memory.stage, memory.generation = None, Head(), None, None
        elif is_spoilt:
            memory.content[key] = {}
        else:
            memory.content.pop(key, None)

    async def get_back(self, lane: int, key: str) -> None:
        """See `Losing.get_back`."""
        self.store.lanes[lane].content[key] = deepcopy(self._kept[lane].content[key])


class LosingRedis:
    """Redis or a cluster, of which only the keys under one prefix are touched: others share it."""

    def __init__(self, address: str, prefix: str) -> None:
        self.store: RedisStore = connect(address, prefix)
        self.client: Redis | RedisCluster = self.store._client
        self._prefix = prefix
        self._kept: dict[bytes, bytes] = {}

    async def keys(self) -> list[bytes]:
        """Full names of all keys under the prefix."""
        return [key async for key in self.client.scan_iter(match=f"{self._prefix}*", count=5000)]

    async def lose(self) -> None:
        """See `Losing.lose`."""
        pipeline = self.client.pipeline(transaction=False)
        for key in await self.keys():
            pipeline.execute_command("UNLINK", key)  # for a cluster `unlink` splits keys, and waits
        await pipeline.execute()

    async def keep(self) -> None:
        """See `Losing.keep`."""
        keys, pipeline = await self.keys(), self.client.pipeline(transaction=False)
        for key in keys:
            pipeline.dump(key)
        dumped = zip(keys, await pipeline.execute(), strict=True)
        self._kept = {key: content for key, content in dumped if content is not None}

    async def go_back(self) -> None:
        """See `Losing.go_back`."""
        await self.lose()
        pipeline = self.client.pipeline(transaction=False)
        for key, dumped in self._kept.items():
            pipeline.restore(key, 0, dumped)
        await pipeline.execute()

    async def lose_key(self, lane: int, key: str, *, is_spoilt: bool) -> None:
        """See `Losing.lose_key`."""
        name = self._name(lane, key)
        await self.client.unlink(name)
        if is_spoilt:
            await self.client.set(name, "spoilt")

    async def get_back(self, lane: int, key: str) -> None:
        """See `Losing.get_back`."""
        name = self._name(lane, key)
        await self.client.restore(name, 0, self._kept[name], replace=True)

    def _name(self, lane: int, key: str) -> bytes:
        return f"{self._prefix}{{lane-{lane}}}:{key}".encode()

    async def close(self) -> None:
        """Leave nothing behind."""
        await self.lose()
        await self.store.close()
