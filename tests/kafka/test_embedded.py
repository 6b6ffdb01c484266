"""The servers of a first look: there in a moment, gone without a trace, and loud about it."""

from __future__ import annotations

import socket

import pytest
import redis
from structlog.testing import capture_logs

from service.embedded.kafka import EMBEDDED_LANES, EmbeddedKafka
from service.embedded.redis import EmbeddedRedis
from service.kafka.connection import KafkaConnection
from service.kafka.topics import check, read_wanted
from service.wire.topics import Topics


def listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("server", [EmbeddedKafka, EmbeddedRedis])
def test_it_says_loudly_that_nothing_is_durable(server: type[EmbeddedKafka] | type[EmbeddedRedis]) -> None:
    """A warning with the address, each time it is started."""
    with capture_logs() as logs, server():
        pass
    (entry,) = logs
    assert entry["log_level"] == "warning"
    assert "DURABLE" in entry["note"]


def test_the_broker_listens_on_loopback_until_stopped() -> None:
    """Two at a time do not disturb each other."""
    with EmbeddedKafka() as first, EmbeddedKafka() as second:
        assert first.bootstrap.startswith("127.0.0.1:")
        assert first.bootstrap != second.bootstrap
        assert listens(first.bootstrap)
        assert listens(second.bootstrap)
    assert not listens(first.bootstrap)


async def test_its_topics_have_as_many_partitions_as_it_says(topics: Topics) -> None:
    """So that an embedded service can choose its number of lanes."""
    with EmbeddedKafka() as embedded:
        connection = KafkaConnection(embedded.bootstrap, embedded=True)
        assert await check(connection, read_wanted(topics, EMBEDDED_LANES)) == []


def test_the_memory_is_a_real_server_that_keeps_nothing() -> None:
    """It refuses writes rather than drop keys when it is full, writes nothing to disk, and is gone after a stop."""
    with EmbeddedRedis() as embedded:
        client = redis.Redis.from_url(embedded.url)
        assert client.set("a", "b")
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("appendonly") == {"appendonly": "no"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
        client.close()
        address = embedded.url.removeprefix("redis://").removesuffix("/0")
    assert not listens(address)


def test_stopping_twice_is_harmless() -> None:
    """Also what was never started."""
    for server in (EmbeddedKafka(), EmbeddedRedis()):
        server.stop()
        server.start()
        server.stop()
        server.stop()
