"""Measure: `python -m tests.bench [--events 30000] [--json] [--assert]`, or `make bench`.

Starts a broker and a memory, lets each contestant do the same work on them in turn, several rounds of it, then runs
the service at a steady rate. Wants a machine with nothing else to do; the ratios stand a little company.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from redis import Redis
from rich.console import Console

from service.ingest import Reading, sort_batch
from service.kafka.partitions import Place
from service.kafka.publisher import Publisher
from service.settings import LogSettings
from service.telemetry.logs import configure_logging
from service.wire.messages import Message, RawRecord
from tests.backends.kafka_server import KafkaServer
from tests.backends.redis_server import own_redis
from tests.bench import report as told
from tests.bench.contestants import Task, batch_copy_loop, copy_loop, ingest_alone, lane_alone, naive_service, service
from tests.bench.events import created_leads, size_of
from tests.bench.latency import Latency, timed
from tests.bench.meters import StepCost, free_port, samples, split_of
from tests.bench.report import BATCH_COPY, COPY, INGEST, LANE, NAIVE, SERVICE, Memory, Report
from tests.bench.stage import SOURCE, Pace, Progress, Stage, pace_of, running, send

CONFIG_DIR: Final = Path(__file__).parents[2] / "deploy" / "config"
NAIVE_SHARE: Final = 10
"""The naive service gets so many times fewer events, for it is slow."""
STEADY_SECONDS: Final = 12
STEADY_RATE: Final = 1_000
SNAPSHOT_BYTES: Final = 1_000_000
CHUNK: Final = 500


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    events: int
    records: int
    rounds: int
    seed: int


class Bench:
    """One run. Events are made once and sent to each contestant's own topic."""

    def __init__(self, stage: Stage, asked: Asked, console: Console) -> None:
        self._stage = stage
        self._asked = asked
        self._console = console
        self._leads = created_leads(SOURCE, 0, asked.events, asked.seed)
        self._split: list[StepCost] = []

    async def run(self) -> Report:
        """Everything, in order."""
        paces: defaultdict[str, list[Pace]] = defaultdict(list)
        for number in range(1, self._asked.rounds + 1):
            self._console.print(f"round {number} of {self._asked.rounds}")
            for name, pace in (await self._round()).items():
                paces[name].append(pace)
        latency, snapshots, memory = await self._steady()
        events = dict.fromkeys(paces, self._asked.events) | {NAIVE: self._asked.events // NAIVE_SHARE}
        return Report(
            told.machine(),
            self._asked.seed,
            size_of(self._leads[0]),
            events,
            dict(paces),
            self._split,
            latency,
            snapshots,
            memory,
        )

    async def _round(self) -> dict[str, Pace]:
        few, all_events = self._asked.events // NAIVE_SHARE, self._asked.events
        paces = {}
        task = await self._filled()
        paces[COPY] = await pace_of(copy_loop, task, task.topics.assignments, all_events)
        task = await self._filled()
        paces[BATCH_COPY] = await pace_of(batch_copy_loop, task, task.topics.assignments, all_events)
        task = await self._filled()
        paces[NAIVE] = await pace_of(naive_service, task, task.topics.assignments, few)
        task = await self._filled()
        paces[INGEST] = await pace_of(ingest_alone, task, task.topics.events, all_events)
        paces[LANE] = await self._lane()
        task = await self._filled()
        paces[SERVICE] = await pace_of(service, task, task.topics.assignments, all_events)
        return paces

    async def _filled(self) -> Task:
        """A contestant's task whose source holds all events."""
        task = await self._stage.prepare(http={"port": 0})
        await send(task, moved(self._leads, task))
        return task

    async def _lane(self) -> Pace:
        """The lane alone, on events that were decoded before, and what its batches wait for."""
        port = free_port()
        task = await self._stage.prepare(http={"port": port})
        await send_decoded(task, moved(self._leads, task))
        with running(lane_alone, task) as process:
            async with Progress(process, task, task.topics.assignments) as progress:
                pace = await progress.pace(self._asked.events)
            self._split = split_of(await samples(port))
        return pace

    async def _steady(self) -> tuple[Latency, int, Memory]:
        """A service that knows many records gets events at a steady rate, and then loses its memory."""
        port, wanted = free_port(), self._asked.records
        task = await self._stage.prepare(http={"port": port}, lane={"snapshot_min_bytes": SNAPSHOT_BYTES})
        with Redis.from_url(task.settings.redis.url) as redis, running(service, task) as process:
            redis.flushall()
            empty = redis.info("memory")["used_memory"]
            async with Progress(process, task, task.topics.assignments) as progress:
                for first in range(0, wanted, self._asked.events):
                    count = min(self._asked.events, wanted - first)
                    await send(task, self._new_leads(task, first, count))
                    await progress.reached(first + count)
                self._console.print(f"{wanted:,} records are known; {STEADY_RATE:,} events/s for {STEADY_SECONDS} s")
                used = redis.info("memory")["used_memory"] - empty
                before = await samples(port)
                steady = self._new_leads(task, wanted, STEADY_RATE * STEADY_SECONDS)
                latency = (await timed(task, steady, STEADY_RATE)).latency()
                after = await samples(port)
                records = wanted + len(steady)
                redis.flushall()
                lost = await timed(task, self._new_leads(task, records, 1), STEADY_RATE)
        snapshots = sum(after[key] - before.get(key, 0) for key in after if key[0] == "fairlead_snapshots_total")
        return latency, int(snapshots), Memory(records, used / wanted, lost.waits_ms()[0] / 1000)

    def _new_leads(self, task: Task, first: int, count: int) -> list[Message]:
        return moved(created_leads(SOURCE, first, count, self._asked.seed), task)


def moved(messages: Sequence[Message], task: Task) -> list[Message]:
    """The same messages, to the task's source topic."""
    (source,) = task.topics.sources
    return [message._replace(topic=source) for message in messages]


async def send_decoded(task: Task, messages: Sequence[Message]) -> None:
    """Do ingest's work for a lane: decode the events and put them into its input."""
    (source,) = task.topics.sources
    raw = [
        RawRecord(source, 0, at, message.key, message.value, message.headers, 0) for at, message in enumerate(messages)
    ]
    sender = Publisher(task.connection)
    for first in range(0, len(raw), CHUNK):
        decoded = sort_batch(raw[first : first + CHUNK], Reading(task.topics, task.settings.kafka.lanes))
        for lane, inputs in decoded.lanes.items():
            await sender.append(Place(task.topics.events, lane), inputs)
    await sender.close()


def asked_for() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the service and two others.")
    parser.add_argument("--events", type=int, default=30_000, choices=range(1_000, 200_001), metavar="1000-200000")
    parser.add_argument("--records", type=int, default=100_000, help="known when the memory is lost")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--assert", dest="asserts", action="store_true", help="end with 1 if an expectation fails")
    return parser.parse_args()


def main() -> int:
    """Run it; 1: an expectation failed, and it was asked for."""
    given = asked_for()
    configure_logging(LogSettings(level="error"), sys.stderr)
    asked = Asked(given.events, given.records, given.rounds, given.seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, KafkaServer() as kafka, own_redis() as redis:
        stage = Stage(kafka.bootstrap, redis.address, CONFIG_DIR, Path(directory))
        report = asyncio.run(Bench(stage, asked, Console(stderr=True)).run())
    if given.json:
        sys.stdout.write(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        told.show(report, Console())
    return int(given.asserts and not all(each.holds for each in report.expectations()))


if __name__ == "__main__":
    sys.exit(main())
