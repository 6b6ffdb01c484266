"""A store under test together with the ways it can lose what it holds."""

from __future__ import annotations

from copy import deepcopy
from typing import Protocol

from redis.asyncio import Redis, RedisCluster

from service.store.memory import LaneMemory, MemoryStore
from service.store.port import Store
from service.store.redis import RedisStore, connect


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
        for key in await self.keys():
            await self.client.unlink(key)

    async def keep(self) -> None:
        """See `Losing.keep`."""
        dumped = {key: await self.client.dump(key) for key in await self.keys()}
        self._kept = {key: content for key, content in dumped.items() if content is not None}

    async def go_back(self) -> None:
        """See `Losing.go_back`."""
        await self.lose()
        for key, dumped in self._kept.items():
            await self.client.restore(key, 0, dumped)

    async def close(self) -> None:
        """Leave nothing behind."""
        await self.lose()
        await self.store.close()
