"""What only a real Redis can do to its store: lose its scripts, restart, not answer, be a cluster or a sentinel's."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from redis.asyncio import Redis, RedisCluster
from redis.crc import key_slot

from service.store.keys import LAYOUT, MARK, Stored
from service.store.port import Head, StoreUnreachable
from service.store.redis import RedisStore, connect
from tests.backends.redis_server import RedisServer, own_sentinel
from tests.store.losing import LosingRedis, hashes

LANE, TOKEN = 3, 10
LEAD = (LAYOUT.key("record", "main/lead/1"), "main/lead/1")
FIRST, SECOND = (Head(offset, "aa", layout=LAYOUT.text()) for offset in (100, 101))
LEAD_SET = Stored(*LEAD, b"[1]")


@pytest.fixture
async def shared(redis_address: str, redis_prefix: str) -> AsyncIterator[LosingRedis]:
    losing = LosingRedis(redis_address, redis_prefix)
    yield losing
    await losing.close()


@pytest.fixture
async def own(redis_server: RedisServer, redis_prefix: str) -> AsyncIterator[RedisStore]:
    store = connect(redis_server.address, redis_prefix)
    yield store
    await store.close()


async def begun(store: RedisStore) -> None:
    await store.fence(LANE, TOKEN)
    assert await store.begin(LANE, TOKEN, LAYOUT) == "OK"
    assert await store.rebuild(LANE, TOKEN, 1, hashes([LEAD_SET]), FIRST) == "OK"


async def test_scripts_that_redis_forgot_are_sent_again(shared: LosingRedis) -> None:
    """The script cache is empty after a restart or a failover; no caller notices."""
    await begun(shared.store)
    assert isinstance(shared.client, Redis)
    await shared.client.script_flush()
    assert await shared.store.fence(LANE, TOKEN) == FIRST
    assert await shared.store.load(LANE, TOKEN, FIRST.revision, [LEAD]) == [b"[1]"]
    assert await shared.store.advance(LANE, TOKEN, FIRST.revision, SECOND, []) == "OK"


async def test_all_keys_of_a_lane_lie_in_one_cluster_slot(shared: LosingRedis) -> None:
    """A script may only touch one slot of a Redis Cluster; the hash tag sees to it, also for the head."""
    await begun(shared.store)
    keys = await shared.keys()
    assert len(keys) == len(LAYOUT.keys) + 1
    assert {key_slot(key) for key in keys} == {key_slot(b"{lane-%d}" % LANE)}


async def test_an_emptied_lane_holds_marks_only(shared: LosingRedis) -> None:
    """No key of a lane is forgotten when a rebuild begins, and an empty one says so."""
    await begun(shared.store)
    await shared.store.begin(LANE, TOKEN, LAYOUT)
    names = [name for name in await shared.keys() if not name.endswith(b":head")]
    assert len(names) == len(LAYOUT.keys)
    for name in names:
        assert await shared.client.hgetall(name) == {MARK.encode(): b"%d" % TOKEN}


async def test_stores_with_different_prefixes_do_not_meet(shared: LosingRedis, redis_address: str) -> None:
    """Two deployments may share a Redis."""
    await begun(shared.store)
    other = connect(redis_address, f"{shared._prefix}other:")
    assert await other.fence(LANE, 1) == Head()
    await other.close()


async def test_a_redis_started_empty_is_behind(redis_server: RedisServer, own: RedisStore) -> None:
    """Killed, and nothing was saved: the store finds its way back by itself and says that all is gone."""
    await begun(own)
    redis_server.restart()
    assert await own.load(LANE, TOKEN, FIRST.revision, [LEAD]) == "BEHIND"
    assert await own.fence(LANE, TOKEN) == Head()


async def test_a_redis_started_from_an_older_file_is_behind(redis_server: RedisServer, own: RedisStore) -> None:
    """The lane went on after the file was written; fencing again tells where the file stands."""
    await begun(own)
    saved = redis_server.save()
    assert await own.advance(LANE, TOKEN, FIRST.revision, SECOND, [Stored(*LEAD, b"[2]")]) == "OK"
    redis_server.restart(saved)
    assert await own.load(LANE, TOKEN, SECOND.revision, [LEAD]) == "BEHIND"
    assert await own.fence(LANE, TOKEN) == FIRST
    assert await own.load(LANE, TOKEN, FIRST.revision, [LEAD]) == [b"[1]"]


async def test_a_file_from_the_middle_of_a_rebuild_is_still_building(
    redis_server: RedisServer, own: RedisStore
) -> None:
    """The rebuild ended, then Redis came back from a file written before its end."""
    await begun(own)
    await own.begin(LANE, TOKEN, LAYOUT)
    saved = redis_server.save()
    assert await own.rebuild(LANE, TOKEN, 1, {}, SECOND) == "OK"
    redis_server.restart(saved)
    assert await own.load(LANE, TOKEN, SECOND.revision, [LEAD]) == "BEHIND"
    assert await own.fence(LANE, TOKEN) == Head(building=True, layout=LAYOUT.text())
    assert await own.rebuild(LANE, TOKEN, 2, {}, SECOND) == "BEHIND"


async def test_a_redis_that_is_not_there_is_unreachable(redis_server: RedisServer, own: RedisStore) -> None:
    """After a bounded number of tries, before and after it was there."""
    await begun(own)
    redis_server.kill()
    with pytest.raises(StoreUnreachable):
        await own.load(LANE, TOKEN, FIRST.revision, [LEAD])
    redis_server.start()
    assert await own.load(LANE, TOKEN, FIRST.revision, [LEAD]) == "BEHIND"


@contextmanager
def somebody_silent() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_redis_that_does_not_answer_is_unreachable_too() -> None:
    """A frozen server accepts connections and says nothing."""
    with somebody_silent() as address:
        store = connect(address, "test:", timeout_s=0.05)
        with pytest.raises(StoreUnreachable):
            await store.fence(LANE, TOKEN)
        await store.close()


async def test_a_sentinel_is_asked_for_the_master(redis_server: RedisServer, redis_prefix: str) -> None:
    """The address names sentinels and a service; what they name is used like any Redis."""
    with own_sentinel(redis_server, "crm") as address:
        store = connect(address, redis_prefix)
        await begun(store)
        await store.close()
    async with Redis(port=redis_server.port) as client:
        assert await client.exists(f"{redis_prefix}{{lane-{LANE}}}:head")


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("redis://ann:pw@r:1/2", {"host": "r", "port": 1, "db": 2, "username": "ann", "password": "pw"}),
        ("rediss://r?ssl_ca_certs=/ca.pem", {"host": "r", "ssl_ca_certs": "/ca.pem"}),
        ("redis+sentinel://ann:pw@a,b:2/crm?db=4", {"username": "ann", "password": "pw", "db": 4}),
        ("rediss+sentinel://a/crm?ssl_ca_certs=/ca.pem", {"ssl_ca_certs": "/ca.pem"}),
    ],
)
async def test_an_address_says_how_to_connect(address: str, seen: dict[str, object]) -> None:
    """Account, database and TLS options come from the address."""
    store = connect(address, "test:")
    assert isinstance(store._client, Redis)
    made_with = store._client.connection_pool.connection_kwargs
    assert {name: made_with.get(name) for name in seen} == seen
    await store.close()


async def test_a_cluster_address_may_ask_for_tls() -> None:
    """`rediss+cluster` is a cluster whose nodes are reached over TLS."""
    store = connect("rediss+cluster://ann:pw@node:7000?ssl_ca_certs=/ca.pem", "test:")
    assert isinstance(store._client, RedisCluster)
    asked = store._client.connection_kwargs
    assert {name: asked[name] for name in ("username", "ssl_ca_certs")} == {
        "username": "ann",
        "ssl_ca_certs": "/ca.pem",
    }
    await store.close()


@pytest.mark.parametrize("address", ["http://r", "redis+ring://r", "redis+sentinel://a:1,b:2"])
def test_an_address_of_no_kind_is_refused(address: str) -> None:
    """Before anything is sent, with the address in the message."""
    with pytest.raises(ValueError, match=r"redis|Redis"):
        connect(address, "test:")


def test_a_prefix_may_not_choose_the_slot() -> None:
    """The first curly brackets of a key decide its slot: they are the lane's."""
    with pytest.raises(ValueError, match="curly"):
        RedisStore(Redis(), "mine{1}:")
