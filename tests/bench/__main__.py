"""Measure: `python -m tests.bench [--events 30000] [--growth] [--json] [--assert]`, or `make bench`.

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
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import orjson
from msgspec.structs import replace
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
from tests.bench import choosing, triggers
from tests.bench import report as told
from tests.bench.contestants import Task, batch_copy_loop, copy_loop, ingest_alone, lane_alone, naive_service, service
from tests.bench.events import created_leads, size_of
from tests.bench.latency import timed
from tests.bench.meters import StepCost, free_port, samples, split_of
from tests.bench.peers import PEERS
from tests.bench.remembered import measured
from tests.bench.report import BATCH_COPY, COPY, INGEST, LANE, NAIVE, SERVICE, Memory, Report, Steady
from tests.bench.stage import SOURCE, Pace, Progress, Stage, pace_of, running, send

CONFIG_DIR: Final = Path(__file__).parents[2] / "deploy" / "config"
NAIVE_SHARE: Final = 10
"""The naive service gets so many times fewer events, for it is slow."""
STEADY_SECONDS: Final = 12
STEADY_RATE: Final = 1_000
SNAPSHOT_BYTES: Final = 1_000_000
NO_SNAPSHOT_BYTES: Final = 10**12
"""No log grows by so much."""
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
        peers, skipped = await self._peers()
        calm, _ = await self._steady(self._asked.events, NO_SNAPSHOT_BYTES)
        steady, memory = await self._steady(self._asked.records, SNAPSHOT_BYTES)
        remembered = await measured(self._stage.redis_url)
        events = dict.fromkeys([*paces, *peers], self._asked.events) | {NAIVE: self._asked.events // NAIVE_SHARE}
        return Report(
            machine=told.machine(),
            seed=self._asked.seed,
            payload_bytes=size_of(self._leads[0]),
            events=events,
            paces=paces | peers,
            skipped=skipped,
            split=self._split,
            calm=calm,
            steady=steady,
            memory=memory,
            remembered=remembered,
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

    async def _peers(self) -> tuple[dict[str, list[Pace]], dict[str, str]]:
        """The pace of each peer, once, and why others were skipped."""
        paces, skipped = {}, {}
        for peer in PEERS:
            if missing := peer.missing():
                skipped[peer.name] = missing
                continue
            self._console.print(f"{peer.name}, after {peer.warm_up:,} events to warm up")
            task, wanted = await self._stage.prepare(http={"port": 0}), peer.warm_up + self._asked.events
            for first in range(0, wanted, self._asked.events):
                await send(task, self._new_leads(task, first, min(self._asked.events, wanted - first)))
            paces[peer.name] = [await pace_of(peer.program, task, task.topics.assignments, wanted, peer.warm_up)]
        return paces, skipped

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

    async def _steady(self, wanted: int, snapshot_bytes: int) -> tuple[Steady, Memory]:
        """A service that knows many records gets events at a steady rate, and then loses its memory."""
        port = free_port()
        task = await self._stage.prepare(http={"port": port}, lane={"snapshot_min_bytes": snapshot_bytes})
        with Redis.from_url(task.settings.redis.url) as redis, running(service, task) as process:
            redis.flushall()
            used = [redis.info("memory")["used_memory"]]
            async with Progress(process, task, task.topics.assignments) as progress:
                half = wanted // 2
                for begin, end in ((0, half), (half, 2 * half)):
                    for first in range(begin, end, self._asked.events):
                        count = min(self._asked.events, end - first)
                        await send(task, self._new_leads(task, first, count))
                        await progress.reached(first + count)
                    used.append(redis.info("memory")["used_memory"])
                self._console.print(f"{wanted:,} records are known; {STEADY_RATE:,} events/s for {STEADY_SECONDS} s")
                before = await samples(port)
                coming = self._new_leads(task, 2 * half, STEADY_RATE * STEADY_SECONDS)
                latency = (await timed(task, coming, STEADY_RATE)).latency()
                after = await samples(port)
                records = 2 * half + len(coming)
                redis.flushall()
                lost = await timed(task, self._new_leads(task, records, 1), STEADY_RATE)
        snapshots = sum(after[key] - before.get(key, 0) for key in after if key[0] == "fairlead_snapshots_total")
        one_more = (used[2] - used[1]) / half
        memory = Memory(records, one_more, used[1] - used[0] - one_more * half, lost.waits_ms()[0] / 1000)
        return Steady(latency, int(snapshots), split_of(after, before)), memory

    def _new_leads(self, task: Task, first: int, count: int) -> list[Message]:
        return moved(created_leads(SOURCE, first, count, self._asked.seed), task)


def moved(messages: Sequence[Message], task: Task) -> list[Message]:
    """The same messages, to the task's source topic."""
    (source,) = task.topics.sources
    return [replace(message, topic=source) for message in messages]


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
    parser.add_argument("--records", type=int, default=100_000, help="known when the memory is lost; at least 2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--growth", action="store_true", help="what grows with members and workflows, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--assert", dest="asserts", action="store_true", help="end with 1 if an expectation fails")
    return parser.parse_args()


def main() -> int:
    """Run it; 1: an expectation failed, and it was asked for."""
    given = asked_for()
    configure_logging(LogSettings(level="error"), sys.stderr)
    asked = Asked(given.events, given.records, given.rounds, given.seed)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        KafkaServer(is_measured=True) as kafka,
        own_redis() as redis,
    ):
        stage = Stage(kafka.bootstrap, redis.address, CONFIG_DIR, Path(directory))
        report = asyncio.run(Bench(stage, asked, Console(stderr=True)).run())
    if given.json:
        sys.stdout.write(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        told.show(report, Console())
    has_grown = given.growth and grown(sys.stderr if given.json else sys.stdout)
    return int(has_grown or (given.asserts and not all(each.holds for each in report.expectations())))


def grown(stream: TextIO) -> bool:
    """Print what choices and workflows cost as they grow; whether a bound was passed, where that is asked for."""
    with redirect_stdout(stream):
        return any([choosing.main(), triggers.main()])


if __name__ == "__main__":
    sys.exit(main())
