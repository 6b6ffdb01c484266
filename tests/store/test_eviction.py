"""A memory that throws keys away when it is full is known before it does."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from service.store.redis import connect
from tests.backends.redis_server import RedisServer


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru", "volatile-ttl"])
async def test_the_policy_is_told_without_config(policy: str, redis_server: RedisServer) -> None:
    """From `INFO`, which also a user without CONFIG may ask."""
    async with Redis(port=redis_server.port) as client:
        await client.config_set("maxmemory-policy", policy)
        await client.acl_setuser("svc", enabled=True, passwords="+pw", keys="*", commands=["+@all", "-config"])
    store = connect(f"redis://svc:pw@127.0.0.1:{redis_server.port}/0", "test")
    assert await store.eviction_policies() == {policy}
    await store.close()


async def test_who_may_not_ask_is_told_nothing(redis_server: RedisServer) -> None:
    """Where even `INFO` is refused, the service works as well as it can know."""
    async with Redis(port=redis_server.port) as client:
        await client.acl_setuser("svc", enabled=True, passwords="+pw", keys="*", commands=["+@all", "-info"])
    store = connect(f"redis://svc:pw@127.0.0.1:{redis_server.port}/0", "test")
    assert await store.eviction_policies() == frozenset()
    await store.close()


async def test_all_servers_of_a_cluster_are_asked(redis_cluster_address: str) -> None:
    store = connect(redis_cluster_address, "test")
    assert await store.eviction_policies() == {"noeviction"}
    await store.close()
