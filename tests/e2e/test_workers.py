"""`fairlead run --workers`: several processes from one command, as an operator meets them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from service.kafka.connection import KafkaConnection, administration
from service.kafka.publisher import Publisher
from service.kafka.reading import read_topic
from service.telemetry.folding import read_page
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka
from tests.e2e.conftest import LANES, environment
from tests.e2e.programs import Service, a_moment, fairlead, running
from tests.e2e.test_run import CONFIG

EVENTS: Final = 200
DIVISIONS: Final = 16
NOWHERE: Final = environment("127.0.0.1:9", "redis://127.0.0.1:9/0")
"""Back ends that are not there: processes wait for them, as long as they live."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Sixteen divisions, so that each lane has some."""
    folder = tmp_path / "config"
    folder.mkdir()
    documents = [f"division: d{number}\n{CONFIG}" for number in range(DIVISIONS)]
    (folder / "all.yaml").write_text("---\n".join(documents))
    return folder


@pytest.mark.real
@pytest.mark.timeout(300)  # four programs begin one after the other, each on cores that others may want
async def test_two_workers_share_the_work_and_one_that_is_killed_is_replaced(
    config: Path, where: Mapping[str, str], real_kafka: Kafka, topics: Topics
) -> None:
    """Nothing is lost and nothing decided twice; `/ready` and `/metrics` tell what happened; SIGTERM ends all."""
    connection = real_kafka.connection()
    async with running(config, "--workers", "2", environment=where) as service:
        said = await until_ready(service)
        assert {lane["worker"] for lane in said["lanes"].values()} == {1, 2}
        assert len(said["lanes"]) == LANES
        await send(connection, topics, range(EVENTS // 2))
        await decided(connection, topics, EVENTS // 2)
        before = await decisions(service)

        os.kill((await service.logged("worker.begun", worker=2))["pid"], signal.SIGKILL)
        ended = await service.logged("worker.ended", worker=2)
        assert (ended["how"], ended["times"]) == ("was ended by SIGKILL", 1)
        status, said = await service.ask("/ready")
        assert (status, said["ready"]) == (503, False)
        assert any(problem["name"] == "worker_ended" or problem.get("worker") == 2 for problem in said["problems"])
        await send(connection, topics, range(EVENTS // 2, EVENTS))
        await decided(connection, topics, EVENTS)
        said = await until_ready(service)
        assert {lane["worker"] for lane in said["lanes"].values()} == {1, 2}

        page = read_page((await asyncio.to_thread(numbers, service)).encode())
        replaced = page["fairlead_workers_replaced"].series
        assert replaced == {("fairlead_workers_replaced_total", (("worker", "2"),)): 1.0}
        assert await decisions(service) >= before
        assert await service.leave() == 0
        await service.ended()
    for group in ("ingest", "lanes"):
        assert await members(connection, f"{where['FAIRLEAD_KAFKA__GROUP']}.{group}") == 0
    workers = {line["worker"] for line in service.lines if line["event"] == "process.stopped"}
    assert workers == {1, 2}


async def test_workers_do_not_outlive_a_parent_that_is_killed() -> None:
    """They leave by themselves: afterwards nobody holds the output any more."""
    async with running("--workers", "2", environment=NOWHERE) as service:
        await both_answer(service)
        service.program.kill()
        await service.ended()


async def test_a_terminal_that_closes_tells_all_to_leave_in_order() -> None:
    """A shell and the system may both say so, also to the workers: once or more often, it is one telling."""
    async with running("--workers", "2", environment=NOWHERE) as service:
        await both_answer(service)
        pids = [(await service.logged("worker.begun", worker=worker))["pid"] for worker in (1, 2)]
        for pid in (service.program.pid, *pids, service.program.pid):
            os.kill(pid, signal.SIGHUP)
        assert await service.leave(signal.SIGHUP) == 0
        await service.ended()
    assert {line["worker"] for line in service.lines if line["event"] == "process.stopped"} == {1, 2}


async def test_told_twice_all_end_at_once() -> None:
    """Also who cannot hear it; and that is not all well."""
    async with running("--workers", "2", environment=NOWHERE) as service:
        await both_answer(service)
        os.kill((await service.logged("worker.begun", worker=1))["pid"], signal.SIGSTOP)
        service.program.send_signal(signal.SIGTERM)
        await service.logged("process.stopped", worker=2)
        assert await service.leave() == 1
        await service.ended()


async def test_what_a_worker_refuses_for_ends_all(config: Path, tmp_path: Path) -> None:
    """Exit code 2, with the worker's own sentence."""
    tls = {"FAIRLEAD_REDIS__URL": "rediss://127.0.0.1:9/0", "FAIRLEAD_REDIS__CA_FILE": str(tmp_path / "none.pem")}
    ended = await fairlead("run", config, "--workers", "2", environment={**NOWHERE, **tls})
    assert ended.code == 2
    assert "FAIRLEAD_REDIS__CA_FILE" in ended.err
    assert "Traceback" not in ended.err


async def send(connection: KafkaConnection, topics: Topics, records: range) -> None:
    publisher = Publisher(connection)
    await publisher.publish([Message(topics.sources[0], str(number).encode(), event(number)) for number in records])
    await publisher.close()


def event(number: int) -> bytes:
    return orjson.dumps(
        {
            "type": "crm.record.created.v1",
            "division": f"d{number % DIVISIONS}",
            "record": {"type": "lead", "id": str(number)},
        }
    )


async def decided(connection: KafkaConnection, topics: Topics, count: int) -> None:
    """Until so many records have an owner, each by one decision."""
    async with asyncio.timeout(60):
        while True:
            found = [orjson.loads(record.value or b"") async for record in read_topic(connection, topics.assignments)]
            by_record = {said["record"]["id"]: said["decision"] for said in found}
            assert len({said["decision"] for said in found}) == len(by_record)
            if len(by_record) == count:
                return
            await a_moment()


async def until_ready(service: Service) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            status, said = await service.ask("/ready")
            if status == 200:
                return said
            await a_moment()


def numbers(service: Service) -> str:
    with urlopen(f"http://127.0.0.1:{service.port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


async def decisions(service: Service) -> float:
    page = read_page((await asyncio.to_thread(numbers, service)).encode())
    return sum(page["fairlead_decisions"].series.values())


async def both_answer(service: Service) -> None:
    for worker in (1, 2):
        await service.logged("http.opened", worker=worker)


async def members(connection: KafkaConnection, group: str) -> int:
    """How many members a group has now: who leaves it in order is none at once."""
    async with administration(connection) as admin:
        return await _members(admin, group)


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    (described,) = await admin.describe_consumer_groups([group])
    ((_, _, _, _, _, found, *_),) = described.groups
    return len(found)
