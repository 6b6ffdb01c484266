"""A broker that is stopped, killed or hangs: every write ends as `Lost` in bounded time, and nothing hangs with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from service.kafka.connection import KafkaConnection
from service.kafka.port import BrokerUnreachable, Lost
from service.kafka.topics import create, read_wanted
from service.kafka.transport import KafkaTransport
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.backends.kafka_server import KafkaServer
from tests.kafka.transports import LANE, LANES

pytestmark = [pytest.mark.real, pytest.mark.faults]

REQUEST_TIMEOUT_MS = 1_500
PATIENCE_SECONDS = 5.0
"""Request timeout and what a busy machine adds; a client that waits without bound waits longer than any of this."""
CLOSE_SECONDS = 7.0
BACK_SECONDS = 60
"""A broker that was killed leads its partitions again only when its old session has run out."""


@pytest.fixture
async def transport(own_kafka: KafkaServer, topics: Topics) -> AsyncIterator[KafkaTransport]:
    connection = KafkaConnection(own_kafka.bootstrap, request_timeout_ms=REQUEST_TIMEOUT_MS)
    used = {topics.events, topics.log, topics.assignments}
    await create(connection, [topic for topic in read_wanted(topics, LANES) if topic.name in used])
    made = KafkaTransport(connection, LANE, topics)
    yield made
    await made.close()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


async def append_until_it_works(transport: KafkaTransport, value: bytes) -> int:
    """What a lane does: renew and try again, the same value, until the broker is back."""
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            try:
                return await transport.append(value)
            except Lost:
                await transport.renew()


async def test_writes_to_a_stopped_broker_are_lost(
    own_kafka: KafkaServer, transport: KafkaTransport, topics: Topics
) -> None:
    """Append, publish and tick all say so in bounded time; after it came back a renewed producer goes on."""
    await append_until_it_works(transport, b"before")
    own_kafka.stop()
    try:
        with at_most(PATIENCE_SECONDS), pytest.raises(Lost):
            await transport.append(b"while away")
        for write in (
            lambda: transport.publish([Message(topics.assignments, b"k", b"v")]),
            lambda: transport.tick(b"tick"),
            lambda: transport.append(b"again"),
        ):
            with at_most(PATIENCE_SECONDS), pytest.raises(Lost):
                await write()
            await transport.renew()
        with at_most(PATIENCE_SECONDS), pytest.raises(BrokerUnreachable):
            await transport.log_bounds()
        with at_most(CLOSE_SECONDS):
            await transport.close()
    finally:
        await asyncio.to_thread(own_kafka.start)
    offset = await append_until_it_works(transport, b"after")
    entries = [entry async for entry in transport.read_log(0, offset + 1)]
    assert (entries[0].value, entries[-1].value) == (b"before", b"after")


async def test_acknowledged_records_survive_a_kill(own_kafka: KafkaServer, transport: KafkaTransport) -> None:
    """A broker that is killed and started on its data has every record that an append returned an offset for."""
    first = await append_until_it_works(transport, b"before")
    offsets = [await transport.append(b"acknowledged") for _ in range(20)]
    own_kafka.kill()
    await asyncio.to_thread(own_kafka.start)
    last = await append_until_it_works(transport, b"after")
    entries = [entry async for entry in transport.read_log(0, last + 1)]
    assert offsets == list(range(first + 1, first + 21))
    assert {entries[offset].value for offset in offsets} == {b"acknowledged"}
    assert entries[-1].value == b"after"


async def test_a_broker_that_hangs_is_not_waited_for(own_kafka: KafkaServer, transport: KafkaTransport) -> None:
    """Connections stay open and nothing answers: the write is lost, renewing is quick, and so is closing."""
    await append_until_it_works(transport, b"before")
    await transport.seek(0)
    own_kafka.freeze()
    try:
        with at_most(PATIENCE_SECONDS), pytest.raises(Lost):
            await transport.append(b"into the void")
        with at_most(0.1):
            await transport.renew()
        assert list(await transport.poll(10, 50)) == []
        with at_most(CLOSE_SECONDS):
            await transport.close()
    finally:
        own_kafka.thaw()


async def test_after_a_loss_nothing_is_written_until_renewed(
    own_kafka: KafkaServer, transport: KafkaTransport, topics: Topics
) -> None:
    """Also when the broker is back: else a later write could arrive without an earlier one."""
    await append_until_it_works(transport, b"before")
    own_kafka.freeze()
    try:
        with pytest.raises(Lost):
            await transport.append(b"in doubt")
    finally:
        own_kafka.thaw()
    with pytest.raises(Lost):
        await transport.tick(b"tick")
    with pytest.raises(Lost):
        await transport.publish([Message(topics.assignments, b"k", b"v")])
    await transport.renew()
    assert await append_until_it_works(transport, b"after") >= 1


async def test_what_a_thrown_away_producer_holds_is_not_sent_again(
    own_kafka: KafkaServer, transport: KafkaTransport
) -> None:
    """A record that was never accepted does not turn up once the broker is back."""
    await append_until_it_works(transport, b"before")
    own_kafka.stop()
    try:
        with pytest.raises(Lost):
            await transport.append(b"given up")
        await transport.renew()
    finally:
        await asyncio.to_thread(own_kafka.start)
    offset = await append_until_it_works(transport, b"after")
    values = {entry.value async for entry in transport.read_log(0, offset + 1)}
    assert values == {b"before", b"after"}
