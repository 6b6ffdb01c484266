"""Who is measured: each function is a whole program that runs in an operating system process of its own.

All read the same events from the same partitions, at most as many in one go, and write with the same producer options
(idempotent, all replicas). None of them is told that it is measured; each runs until it is ended.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from faststream.kafka import KafkaBroker
from prometheus_client import start_http_server
from pydantic import BaseModel
from redis.asyncio import Redis

from schemas.events import RecordCreated
from service.app import frame
from service.app.allocation import expect_batches
from service.app.group import LaneGroup
from service.app.intake import Intake
from service.app.process import Process
from service.app.sources import prepare_positions
from service.config.compiler import compile_document
from service.config.loader import load
from service.config.sources import SourceState
from service.core.configuration import Config
from service.http.serving import serving
from service.ingest import Ingest, Reading
from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.kafka.transport import KafkaTransport
from service.lane.loop import Lane
from service.lane.surroundings import Surroundings
from service.settings import Settings
from service.store.redis import connect
from service.telemetry.logs import configure_logging
from service.wire.lanes import lane_of
from service.wire.outputs import DEFAULT_DIVISION
from service.wire.topics import Topics
from tests.bench.meters import LOOPBACK

GROUP: Final = "bench"
POLL_MS: Final = 100


@dataclass(frozen=True)
class Task:
    """What a contestant is told. Its topics have a prefix of their own and exist; the source is filled."""

    settings: Settings
    topics: Topics
    connection: KafkaConnection
    log: Path


Program = Callable[[Task], None]


def copy_loop(task: Task) -> None:
    """A bare loop of the driver, as one writes it: each record that comes is sent on, with the same bytes."""
    _run(task, _copy(task))


def batch_copy_loop(task: Task) -> None:
    """The least that a consumer and a producer of the driver can do: pages in, batches filled by hand out."""
    _run(task, _copy_batches(task))


def naive_service(task: Task) -> None:
    """What one writes first: a typed handler per event that asks Redis for a number and publishes its answer."""
    _run(task, _naive(task))


def ingest_alone(task: Task) -> None:
    """The service's ingest in its frame, without lanes: source events in, decoded events out."""
    _run(task, _ingest(task))


def lane_alone(task: Task) -> None:
    """One lane without the rest of a process, but with its meters: decoded events in, assignments out."""
    _run(task, _lane(task))


def service(task: Task) -> None:
    """The service as it is run in production: source events in, assignments out."""
    configure_logging(task.settings.log, task.log.open("a", encoding="utf-8"))
    listener = socket.create_server((LOOPBACK, task.settings.http.port))
    serving(Process(task.settings).application).run([listener])


def _run(task: Task, program: Coroutine[Any, Any, None]) -> None:
    configure_logging(task.settings.log, task.log.open("a", encoding="utf-8"))
    sys.stdout = sys.stderr
    uvloop.run(program)


async def _copy(task: Task) -> None:
    consumer = AIOKafkaConsumer(*task.topics.sources, **_from_the_beginning(task))
    producer = AIOKafkaProducer(**task.connection.producer_options())
    await consumer.start()
    await producer.start()
    async for record in consumer:
        await producer.send(task.topics.assignments, record.value, record.key, headers=list(record.headers))


async def _copy_batches(task: Task) -> None:
    consumer = AIOKafkaConsumer(*task.topics.sources, **_from_the_beginning(task))
    producer = AIOKafkaProducer(**task.connection.producer_options())
    await consumer.start()
    await producer.start()
    limit = task.settings.ingest.batch
    while True:
        pages = await consumer.getmany(timeout_ms=POLL_MS, max_records=limit)
        sent = []
        for place, records in pages.items():
            batch = producer.create_batch()
            for record in records:
                batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
            sent.append(await producer.send_batch(batch, task.topics.assignments, partition=place.partition))
        await asyncio.gather(*sent)


class Answer(BaseModel):
    """What the naive service says about a record."""

    record: str
    turn: int


async def _naive(task: Task) -> None:
    redis = Redis.from_url(task.settings.redis.url)
    broker = KafkaBroker(task.connection.bootstrap, acks="all", enable_idempotence=True, logger=None)

    @broker.subscriber(*task.topics.sources, group_id=GROUP, auto_offset_reset="earliest")
    async def answer(event: RecordCreated) -> None:
        turn = await redis.incr(f"{task.topics.prefix}turn")
        said = Answer(record=event.record.id, turn=turn)
        await broker.publish(said, task.topics.assignments, key=event.record.id.encode())

    await broker.start()
    await asyncio.Event().wait()


async def _ingest(task: Task) -> None:
    settings, connection, topics = task.settings, task.connection, task.topics

    async def prepare() -> None:
        await prepare_positions(connection, f"{settings.kafka.group}.ingest", topics.sources)

    broker = frame.PatientBroker(connection, prepare)
    ingest = Ingest(Reading(topics, settings.kafka.lanes), Publisher(connection))
    intake = Intake(ingest, settings.ingest.batch, SourceState)
    frame.subscribe(broker, connection, topics, settings, frame.Listeners(intake, LaneGroup(topics.events)))
    await broker.start()
    expect_batches()
    await intake.run()


async def _lane(task: Task) -> None:
    number = lane_of(DEFAULT_DIVISION, task.settings.kafka.lanes)
    config = example(task.settings.config_dir)

    async def configured(division: str, version: int) -> Config:
        return config

    start_http_server(task.settings.http.port)
    around = Surroundings(
        owner="bench",
        topics=task.topics,
        configs=lambda: {config.division: config},
        configured=configured,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )
    store = connect(task.settings.redis.url, task.settings.redis.prefix)
    expect_batches()
    lane = Lane(number, KafkaTransport(task.connection, number, task.topics), store, around)
    await lane.own(lambda tenure: None)


def example(directory: Path | None) -> Config:
    """The compiled configuration of a directory that has one division."""
    assert directory is not None, "the bench names a directory"
    (document,) = load(directory).documents.values()
    return compile_document(document, 1)


def _from_the_beginning(task: Task) -> dict[str, Any]:
    return task.connection.client_options() | {"group_id": GROUP, "auto_offset_reset": "earliest"}
