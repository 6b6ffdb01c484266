"""The stage: one broker and one memory for all contestants, and what measures them from outside.

How far a contestant is, is read from the end of the topic that it writes to, many times a second: that costs the
broker next to nothing, and treats everybody alike. Processor time is what the operating system counts for the process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.kafka.connection import KafkaConnection
from service.kafka.publisher import Publisher
from service.kafka.topics import create, read_wanted
from service.settings import Settings
from service.wire.messages import Message
from service.wire.topics import Topics
from tests.bench.contestants import Program, Task

SOURCE: Final = "crm.records"
LOOK_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 90
WARM_UP: Final = 0.2
"""This part of the events passes before a contestant's time begins: imports, connections and caches are behind it."""
SENT_AT_ONCE: Final = 5_000
END_SECONDS: Final = 10

_numbers = count(1)


class Stuck(Exception):
    """A contestant ended, or did not get on: see its log, which the message names."""


@dataclass(frozen=True)
class Stage:
    """Where everything runs. `directory` takes the contestants' logs."""

    bootstrap: str
    redis_url: str
    config_dir: Path
    directory: Path

    async def prepare(self, **changed: Mapping[str, object]) -> Task:
        """Topics of its own for the next contestant, made as the service makes them, and the service's settings.

        `changed` are groups of settings that differ from the defaults.
        """
        prefix = f"bench{next(_numbers)}."
        groups: dict[str, Mapping[str, object]] = {
            "kafka": {"bootstrap": self.bootstrap, "topic_prefix": prefix},
            "redis": {"url": self.redis_url, "prefix": prefix.rstrip(".")},
            "ingest": {"topics": (SOURCE,)},
            "log": {"format": "json", "level": "warning"},
        }
        settings = Settings.model_validate({**groups, "config_dir": self.config_dir, **changed})
        task = Task(settings, Topics.of(prefix, (SOURCE,)), KafkaConnection(self.bootstrap), self.directory / prefix)
        created = await create(task.connection, read_wanted(task.topics, settings.kafka.lanes))
        if created.problems:
            raise Stuck("; ".join(map(str, created.problems)))
        return task


class Mark(NamedTuple):
    """A contestant at a moment: records written, and its processor time so far."""

    seconds: float
    records: int
    cpu_seconds: float


class Pace(NamedTuple):
    """How fast a contestant was: events a second, and how much processor time of its process an event took."""

    events_per_second: float
    cpu_us_per_event: float


class Progress:
    """Looks at a topic, and at the process that writes to it."""

    def __init__(self, process: SpawnProcess, task: Task, topic: str) -> None:
        self._process = process
        self._task = task
        wanted = read_wanted(task.topics, task.settings.kafka.lanes)
        (partitions,) = [each.partitions for each in wanted if each.name == topic]
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._consumer = AIOKafkaConsumer(**task.connection.consumer_options())

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def records(self) -> int:
        """How many records the topic has got."""
        return sum((await self._consumer.end_offsets(self._partitions)).values())

    async def reached(self, records: int) -> Mark:
        """Wait until there are so many records. Raises `Stuck`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := await self.records()) < records:
            if not self._process.is_alive() or time.monotonic() > deadline:
                raise Stuck(f"{found} of {records} records were written: see {self._task.log}")
            await pause(LOOK_SECONDS)
        return Mark(time.perf_counter(), found, cpu_seconds(self._process))

    async def pace(self, records: int, warm_up: int = 0) -> Pace:
        """The pace until so many records are there, without those that are warm-up; 0: a part of all."""
        before = await self.records()
        warm = await self.reached(before + (warm_up or int(WARM_UP * (records - before))))
        done = await self.reached(records)
        passed = done.records - warm.records
        return Pace(passed / (done.seconds - warm.seconds), (done.cpu_seconds - warm.cpu_seconds) / passed * 1_000_000)


@contextmanager
def running(program: Program, task: Task) -> Iterator[SpawnProcess]:
    """The program in a process of its own, ended with the block."""
    process = multiprocessing.get_context("spawn").Process(target=program, args=(task,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(END_SECONDS)
        process.kill()
        process.join()


async def pace_of(program: Program, task: Task, topic: str, records: int, warm_up: int = 0) -> Pace:
    """Run a program until it has written so many records to the topic, see `Progress.pace`."""
    with running(program, task) as process:
        async with Progress(process, task, topic) as progress:
            return await progress.pace(records, warm_up)


async def send(task: Task, messages: Sequence[Message]) -> None:
    """Write all, each to the partition of its key."""
    publisher = Publisher(task.connection)
    for first in range(0, len(messages), SENT_AT_ONCE):
        await publisher.publish(messages[first : first + SENT_AT_ONCE])
    await publisher.close()


async def pause(seconds: float) -> None:
    """Let so much time pass."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


def cpu_seconds(process: SpawnProcess) -> float:
    """User and system time of a process and its threads, from the kernel's table."""
    stat = Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
