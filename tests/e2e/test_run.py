"""`fairlead run` as an operator meets it: how it starts, what it says when it cannot, and how it leaves."""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.kafka.reading import read_topic
from service.kafka.topics import create, read_wanted
from service.wire.log_records import Batch, decode
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import RedisServer
from tests.e2e.conftest import LANES, environment
from tests.e2e.programs import Service, a_moment, fairlead, running

CONFIG: Final = """
users: [ann, bob]
pools: {sales: {record_type: lead, members: [ann, bob]}}
defaults: {lead: {pool: sales}}
"""
LOAD: Final = 4_000
PUBLISHED: Final = frozenset({"assigned", "pending", "rejected", "released"})
ANY_PORT: Final = {"FAIRLEAD_HTTP__PORT": "0"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.yaml").write_text(CONFIG)
    return folder


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_embedded_needs_nothing_and_leaves_when_told(how: signal.Signals) -> None:
    """The example configuration is used, and the addresses are told as variables for other commands."""
    async with running("--embedded", environment=ANY_PORT) as service:
        await service.logged("process.started")
        assert (await service.ask("/live")).status == 200
        await until_ready(service)
        assert await service.leave(how) == 0
        told = await service.errors()
    assert "nothing here is durable" in told
    assert "export FAIRLEAD_KAFKA__BOOTSTRAP=127.0.0.1:" in told
    assert "FAIRLEAD_REDIS__URL=redis://127.0.0.1:" in told


@pytest.mark.real
async def test_it_waits_for_what_is_not_there_and_says_so(config: Path, own_kafka: KafkaServer) -> None:
    """D24: live at once, not ready with the reason, and ready when memory and broker have come."""
    own_kafka.stop()
    redis = RedisServer()
    async with running(config, environment=environment(own_kafka.bootstrap, redis.address)) as service:
        assert (await service.ask("/live")).status == 200
        delayed = await service.logged("start.delayed")
        assert delayed["why"] == "waiting for the memory (Redis) and the broker (Kafka)"
        refused = await service.ask("/ready")
        assert refused.status == 503
        (problem,) = refused.said["problems"]
        assert (problem["name"], problem["what"]) == ("starting", delayed["why"])
        redis.start()
        try:
            await until_waiting_for(service, "waiting for the broker (Kafka)")
            own_kafka.start()
            await service.logged("process.started")
            await until_ready(service)
            assert await service.leave() == 0
        finally:
            redis.stop()


@pytest.mark.parametrize(
    ("variables", "directory", "told"),
    [
        ({"FAIRLEAD_KAFKA__LANS": "3"}, None, "FAIRLEAD_KAFKA__LANS: there is no such setting"),
        ({"FAIRLEAD_KAFKA__LANES": "0"}, None, "FAIRLEAD_KAFKA__LANES"),
        ({}, "nowhere", "the directory cannot be read"),
        ({}, "wrong", "all.yaml:1:"),
    ],
)
async def test_what_only_a_person_can_mend_ends_it(
    variables: Mapping[str, str], directory: str | None, told: str, tmp_path: Path
) -> None:
    """Exit code 2 and a sentence, before anything is waited for."""
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "all.yaml").write_text("pools: {sales: {record_type: leed}}")
    arguments = [] if directory is None else [tmp_path / directory]
    ended = await fairlead("run", *arguments, environment={**ANY_PORT, **variables})
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


async def test_a_port_that_is_taken_is_said(config: Path) -> None:
    """With the variable that changes it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await fairlead("run", config, environment={"FAIRLEAD_HTTP__PORT": port})
    assert ended.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.err
    assert "FAIRLEAD_HTTP__PORT" in ended.err


@pytest.mark.real
async def test_another_counted_lanes_is_refused(config: Path, where: Mapping[str, str]) -> None:
    """The number belongs to the epoch: a process with another one must not run."""
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        ended = await fairlead("run", config, environment={**where, "FAIRLEAD_KAFKA__LANES": "3"})
        assert await service.leave() == 0
    assert ended.code == 2
    assert "fairlead sources reset" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.real
async def test_it_publishes_what_it_has_decided_before_it_leaves(
    config: Path, where: Mapping[str, str], real_kafka: Kafka, topics: Topics
) -> None:
    """Told to leave under load, it leaves no decision in the log that is not published."""
    connection = real_kafka.connection()
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        await send_leads(connection, topics)
        while not [record async for record in read_topic(connection, topics.assignments)]:
            await a_moment()
        assert await service.leave() == 0
    decided: set[str] = set()
    async for record in read_topic(connection, topics.log):
        entry = decode(record.value or b"")
        if isinstance(entry, Batch):
            decided |= {line.decision_id for line in entry.outcomes if line.kind in PUBLISHED}
    told = [dict(record.headers)["ce_id"] or b"" async for record in read_topic(connection, topics.assignments)]
    assert decided
    assert {name.decode() for name in told} == decided


@pytest.mark.real
async def test_a_topic_that_is_new_to_a_group_at_work_is_read_from_its_beginning(
    config: Path, where: Mapping[str, str], real_kafka: Kafka, topics: Topics
) -> None:
    """No position can be committed for a group that has members, so who gets a partition begins it."""
    connection = real_kafka.connection()
    await create(connection, read_wanted(topics, LANES, replication=1))
    await send_leads(connection, topics)
    options = connection.consumer_options() | {"group_id": f"{where['FAIRLEAD_KAFKA__GROUP']}.ingest"}
    member = AIOKafkaConsumer(topics.notifications, **(options | {"auto_offset_reset": "latest"}))
    await member.start()
    try:
        async with running(config, environment=where) as service:
            await service.logged("positions.begun")
            while len([record async for record in read_topic(connection, topics.assignments)]) < LOAD:
                await a_moment()
            assert await service.leave() == 0
    finally:
        await member.stop()


async def send_leads(connection: KafkaConnection, topics: Topics) -> None:
    publisher = Publisher(connection)
    events = {
        str(number): {"type": "crm.record.created.v1", "record": {"type": "lead", "id": str(number)}}
        for number in range(LOAD)
    }
    await publisher.publish(
        [Message(topics.sources[0], key.encode(), orjson.dumps(event)) for key, event in events.items()]
    )
    await publisher.close()


async def until_waiting_for(service: Service, what: str) -> None:
    while what not in [problem["what"] for problem in (await service.ask("/ready")).said["problems"]]:
        await a_moment()


async def until_ready(service: Service) -> None:
    while (await service.ask("/ready")).status != 200:
        await a_moment()
