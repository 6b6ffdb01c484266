"""`/ready` tells the truth: each thing that keeps a process from its work is named, and is gone when it is mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from redis import Redis

from service.kafka.connection import KafkaConnection, administration
from service.kafka.partitions import Place
from service.kafka.publisher import Publisher
from service.kafka.reading import read_topic
from service.kafka.topics import create, read_wanted
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import RedisServer
from tests.cli.running import lead
from tests.core.build import created
from tests.e2e.conftest import LANES, environment
from tests.e2e.programs import Service, a_moment, fairlead, running
from tests.e2e.test_run import CONFIG
from tests.lane.build import input_of

pytestmark = pytest.mark.real

SOURCE_PARTITIONS: Final = 12
OUR_LINES_OF_A_MINUTE: Final = 300
"""Far below what a driver alone says while its broker is away."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "all.yaml").write_text(CONFIG)
    return folder


@pytest.fixture
def alone(real_kafka: Kafka, redis_server: RedisServer, topics: Topics) -> Mapping[str, str]:
    """Topics and a memory that nobody else uses."""
    return environment(real_kafka.bootstrap, redis_server.address, topics.prefix)


@pytest.fixture
async def service(alone: Mapping[str, str], config: Path) -> AsyncIterator[Service]:
    """A service that is ready."""
    async with ready(config, alone) as started:
        yield started


@asynccontextmanager
async def ready(config: Path, variables: Mapping[str, str]) -> AsyncIterator[Service]:
    """A service, as soon as it is ready."""
    async with running(config, environment=variables) as started:
        await started.logged("process.started")
        await until(started, set())
        yield started


async def until(service: Service, names: set[str], seconds: float = 60) -> list[dict[str, Any]]:
    """Ask until exactly these troubles (with none: no trouble) are named, others that follow from them apart."""
    said: dict[str, Any] = {}
    async with asyncio.timeout(seconds):
        while True:
            status, said = await service.ask("/ready")
            found = {problem["name"] for problem in said["problems"]}
            if names <= found and (names or not found):
                assert (status, said["ready"]) == ((503, False) if names else (200, True))
                return [problem for problem in said["problems"] if problem["name"] != "starting"]
            await a_moment()


async def test_without_any_configuration_it_is_not_ready(alone: Mapping[str, str], config: Path) -> None:
    """D37: it could decide nothing. Publishing one is all it takes."""
    async with running(environment=alone) as service:
        await service.logged("process.started")
        (problem,) = await until(service, {"configuration_missing"})
        assert "fairlead config publish" in problem["todo"]
        assert (await fairlead("config", "publish", config, environment=alone)).code == 0
        await until(service, set())
        assert (await service.logged("trouble.ended"))["name"] in {"starting", "configuration_missing"}


async def test_a_memory_that_evicts_is_not_ready(service: Service, redis_server: RedisServer) -> None:
    with Redis(port=redis_server.port) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        (problem,) = await until(service, {"redis_evicts"})
        assert "allkeys-lru" in problem["what"]
        client.config_set("maxmemory-policy", "noeviction")
    await until(service, set())


async def test_a_memory_that_does_not_answer_is_named_also_while_idle(
    service: Service, redis_server: RedisServer
) -> None:
    with Redis(port=redis_server.port) as client:
        client.client_pause(30_000)
    await until(service, {"redis_silent"})
    await until(service, set())


@pytest.mark.faults
async def test_a_broker_that_is_away_is_named_and_does_not_flood_the_log(
    config: Path, own_kafka: KafkaServer, redis_address: str, topics: Topics
) -> None:
    """It is ours that is read: one line when it begins, one when it ends, few of the driver's in between."""
    async with ready(config, environment(own_kafka.bootstrap, redis_address, topics.prefix)) as service:
        before = len(service.lines)
        await asyncio.to_thread(own_kafka.kill)
        try:
            problem = next(each for each in await until(service, {"kafka_silent"}) if each["name"] == "kafka_silent")
            assert problem["seconds"] >= 0
            assert problem["since"].endswith("+00:00")
        finally:
            await asyncio.to_thread(own_kafka.start)
        await until(service, set())
        await service.logged("trouble.ended", name="kafka_silent")
        said = service.lines[before:]
    told = [line for line in said if line.get("name") == "kafka_silent"]
    assert [line["event"] for line in told] == ["trouble.begun", "trouble.ended"]
    assert len(said) < OUR_LINES_OF_A_MINUTE


async def test_a_topic_that_is_gone_is_named(service: Service, real_kafka: Kafka, topics: Topics) -> None:
    """Nothing works without the lanes' input, and the driver says nothing of it."""
    async with administration(real_kafka.connection()) as admin:
        await admin.delete_topics([topics.events])
    problem = next(each for each in await until(service, {"topic_unfit"}) if each["name"] == "topic_unfit")
    assert topics.events in problem["what"]


async def test_a_log_that_somebody_else_shortens_is_not_ready(
    where: Mapping[str, str], config: Path, real_kafka: Kafka, topics: Topics
) -> None:
    """It works, and loses the truth some day: the remedy is named."""
    await make(real_kafka, topics, {"retention.ms": "604800000"})
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        (problem,) = await until(service, {"topic_unfit"})
        assert "retention.ms is 604800000, -1 is wanted" in problem["what"]
        assert "--add-config retention.ms=-1" in problem["todo"]


async def test_a_log_that_is_compacted_refuses_the_start(
    where: Mapping[str, str], config: Path, real_kafka: Kafka, topics: Topics
) -> None:
    await make(real_kafka, topics, {"cleanup.policy": "compact"})
    ended = await fairlead("run", config, environment=where)
    assert ended.code == 2
    assert "cleanup.policy is compact, delete is wanted" in ended.err
    assert "Traceback" not in ended.err


async def test_topics_that_the_broker_refuses_are_waited_for_and_named(where: Mapping[str, str], config: Path) -> None:
    """More copies than there are brokers: the answer to `create` is what tells why nothing begins."""
    async with running(config, environment={**where, "FAIRLEAD_KAFKA__REPLICATION_FACTOR": "3"}) as service:
        problems = await until(service, {"starting", "topic_unfit"})
        assert "replication factor" in str(problems).lower()
        assert {problem["name"] for problem in problems} == {"topic_unfit"}


async def make(kafka: Kafka, topics: Topics, log_settings: Mapping[str, str]) -> None:
    """All topics as they must be, but for these settings of the log."""
    wanted = read_wanted(topics, LANES)
    await create(
        kafka.connection(),
        [
            replace(topic, settings={**topic.settings, **log_settings}) if topic.name == topics.log else topic
            for topic in wanted
        ],
    )


async def test_events_of_a_lanes_topic_made_anew_are_decided_after_the_remedy(
    where: Mapping[str, str], config: Path, real_kafka: Kafka, topics: Topics
) -> None:
    """The new topic's offsets lie below the lanes' places: they would be passed over in silence."""
    connection = real_kafka.connection()
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        await until(service, set())
        await send(connection, topics, "lead/1", "lead/2", "lead/3")
        await decided(connection, topics, "lead/1", "lead/2", "lead/3")
        await lose_events(connection, topics)
        await send(connection, topics, "lead/4")
        problem = next(each for each in await until(service, {"lane_halted"}) if each["name"] == "lane_halted")
        assert "fairlead sources reset" in problem["todo"]
        await service.leave()
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        await until(service, {"lane_halted"})
        await service.leave()
    assert (await fairlead("sources", "reset", "--yes", environment=where)).code == 0
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        await decided(connection, topics, "lead/4")
        await until(service, set())
        await send(connection, topics, "lead/5")
        await decided(connection, topics, "lead/5")


async def test_a_position_that_no_source_has_reached_is_named_and_loses_nothing(
    where: Mapping[str, str], config: Path, real_kafka: Kafka, topics: Topics
) -> None:
    """Somebody writes it into every lane's input: what comes later would count as taken before, so it waits until the
    topic is reset, also for processes that come later.
    """
    connection = real_kafka.connection()
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        await send(connection, topics, "lead/1")
        await decided(connection, topics, "lead/1")
        await forge(connection, topics, 10**9)
        await until(service, {"source_unread"})
        await send(connection, topics, "lead/2")
        await service.leave()
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        found = await until(service, {"source_unread"})
        assert all(f"fairlead sources reset --topic {topics.sources[0]}" in each["what"] for each in found)
        await service.leave()
    assert (await fairlead("sources", "reset", "--topic", topics.sources[0], "--yes", environment=where)).code == 0
    async with running(config, environment=where) as service:
        await service.logged("process.started")
        await decided(connection, topics, "lead/2")
        await until(service, set())


async def forge(connection: KafkaConnection, topics: Topics, offset: int) -> None:
    """Write inputs like those of ingest, at a position where ingest has never read."""
    publisher = Publisher(connection)
    try:
        for partition in range(SOURCE_PARTITIONS):
            value = input_of(created("lead/0", "pool:sales"), (0, topics.sources[0], partition, offset))
            for lane in range(LANES):
                await publisher.append(Place(topics.events, lane), [Message(topics.events, b"", value)])
    finally:
        await publisher.close()


async def lose_events(connection: KafkaConnection, topics: Topics) -> None:
    """Delete the lanes' topic and make it again, as it must be."""
    async with administration(connection) as admin:
        await admin.delete_topics([topics.events])
    async with asyncio.timeout(60):
        while topics.events not in (await create(connection, read_wanted(topics, LANES, 1))).topics:
            await a_moment()


async def send(connection: KafkaConnection, topics: Topics, *records: str) -> None:
    """Leads happen in the CRM."""
    publisher = Publisher(connection)
    try:
        await publisher.publish(
            [Message(topics.sources[0], b"k", lead(record.removeprefix("lead/")).value) for record in records]
        )
    finally:
        await publisher.close()


async def decided(connection: KafkaConnection, topics: Topics, *records: str) -> None:
    """Wait until all of these are decided."""
    wanted = {record.encode() for record in records}
    async with asyncio.timeout(60):
        while not wanted <= {record.key async for record in read_topic(connection, topics.assignments)}:
            await a_moment()
