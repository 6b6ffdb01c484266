"""The back ends recovery is tested on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.store.redis import connect
from service.wire.topics import Topics
from tests.lane.lane_world import World, in_memory


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.real)])
async def world(request: pytest.FixtureRequest, topics: Topics) -> AsyncIterator[World]:
    """A lane in memory, and one on a real Kafka and a real Redis."""
    if request.param == "memory":
        yield in_memory()
        return
    store = connect(request.getfixturevalue("redis_address"), request.getfixturevalue("redis_prefix"))
    made = World(topics, store, None, request.getfixturevalue("real_kafka"))
    await made.make_topics()
    yield made
    await made.close()
