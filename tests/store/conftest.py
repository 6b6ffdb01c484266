"""The stores that must keep the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store.port import Store
from tests.store.losing import Losing, LosingMemory, LosingRedis

ADDRESSES = {"redis": "redis_address", "cluster": "redis_cluster_address"}


@pytest.fixture(params=["memory", *ADDRESSES])
async def losing(request: pytest.FixtureRequest) -> AsyncIterator[Losing]:
    """Each implementation in turn, empty."""
    if request.param == "memory":
        yield LosingMemory()
        return
    redis = LosingRedis(request.getfixturevalue(ADDRESSES[request.param]), request.getfixturevalue("redis_prefix"))
    yield redis
    await redis.close()


@pytest.fixture
def store(losing: Losing) -> Store:
    """Each implementation in turn, empty."""
    return losing.store
