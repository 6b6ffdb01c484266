"""The product's own way from source records to what is published, in memory. Nothing else here imports `service`.

Ingest's function sorts what arrives, one lane owns its input until it is idle, and everything is taken down: what is
published in the order in which the lane hands it to its transport, and the outcomes of each record that it appends to
its log. Only outcomes are taken from the log: how its records are written is its own affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from service.config.compiler import compile_document
from service.config.loader import load
from service.core.configuration import Config
from service.ingest import Reading, sort_batch
from service.kafka.memory import MemoryBroker, MemoryTransport
from service.kafka.partitions import Place
from service.kafka.port import Arrived
from service.lane.loop import Lane
from service.lane.surroundings import Surroundings
from service.store.memory import MemoryStore
from service.wire.log_records import Batch, decode
from service.wire.messages import Message, RawRecord
from service.wire.topics import Topics
from tests.lane.mixed_events.events import START_MS, Sent, Step
from tests.lane.mixed_events.taken import Outcome, Published, Taken

TOPICS = Topics.of()
READING = Reading(TOPICS, lanes=1)
LANE = 0
INPUT = Place(TOPICS.events, LANE)


class Watched(MemoryTransport):
    """A lane's transport that takes down what goes through it. `is_idle`: nothing came in, and nothing was written."""

    def __init__(self, broker: MemoryBroker, taken: Taken) -> None:
        super().__init__(broker, LANE, TOPICS)
        self.is_idle = False
        self._taken = taken

    async def poll(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        arrived = await super().poll(limit, wait_ms)
        self.is_idle = not arrived
        return arrived

    async def append(self, *values: bytes) -> int:
        self.is_idle = False
        for record in map(decode, values):
            if isinstance(record, Batch):
                self._taken.outcomes += [
                    Outcome(line.offset, line.ordinal, line.kind, line.reason, line.decision_id, line.source)
                    for line in record.outcomes
                ]
        self._taken.log_bytes += values
        return await super().append(*values)

    async def tick(self, value: bytes) -> None:
        self.is_idle = False
        await super().tick(value)

    async def publish(self, messages: Sequence[Message]) -> None:
        self._taken.published += map(_published, messages)
        await super().publish(messages)


class Run:
    """A lane, its surroundings and a clock that only steps move. `configurations`: those at first, those later."""

    def __init__(self, steps: Iterable[Step], configurations: Sequence[Path]) -> None:
        self.taken = Taken()
        self._steps: Iterator[Step] = iter(steps)
        self._later = iter([_configs(directory, number) for number, directory in enumerate(configurations, 1)])
        self._now_ms = START_MS
        self._broker = MemoryBroker(lambda: self._now_ms)
        self._store = MemoryStore()
        self._newest: Mapping[str, Config] = {}
        self._known: dict[tuple[str, int], Config] = {}
        self._is_over = False
        self._switch()

    async def play(self) -> Taken:
        """Own the lane from the first step to the last: anew after each restart, every other time without a memory."""
        owners = 0
        while not self._is_over:
            owners += 1
            if owners % 2 == 0:
                self._store.lanes.clear()
            await self._own(f"owner-{owners}")
        return self.taken

    async def _own(self, owner: str) -> None:
        around = Surroundings(owner, TOPICS, lambda: self._newest, self._version, lambda: self._now_ms)
        transport = Watched(self._broker, self.taken)
        lane = Lane(LANE, transport, self._store, around)
        await lane.own(lambda tenure: self._go_on(lane, transport))

    def _go_on(self, lane: Lane, transport: Watched) -> None:
        """Where the lane is idle: the next step."""
        if not transport.is_idle:
            return
        transport.is_idle = False
        step = next(self._steps, None)
        if step is None:
            self._is_over = True
            lane.leave()
            return
        self._now_ms += step.pass_ms
        if step.is_switch:
            self._switch()
        self.taken.begin(step.events)
        batch = sort_batch([_raw(sent, self._now_ms) for sent in step.arriving], READING)
        self._broker.write(INPUT, batch.lanes.get(LANE, []))
        self.taken.published += [_published(letter.message(TOPICS)) for letter in batch.dead_letters]
        self._broker.write(INPUT, [Message(TOPICS.events, b"", value) for value in step.foreign])
        if step.is_restart:
            lane.leave()

    def _switch(self) -> None:
        self._newest = next(self._later, self._newest)
        self._known |= {(config.division, config.version): config for config in self._newest.values()}

    async def _version(self, division: str, version: int) -> Config:
        return self._known[division, version]


def play(steps: Iterable[Step], configurations: Sequence[Path]) -> Taken:
    """What is published and decided in these steps; a step that switches makes the next configuration valid."""
    return asyncio.run(Run(steps, configurations).play())


def _configs(directory: Path, version: int) -> Mapping[str, Config]:
    documents = load(directory).documents
    return {division: compile_document(document, version) for division, document in sorted(documents.items())}


def _raw(sent: Sent, time_ms: int) -> RawRecord:
    return RawRecord(sent.topic, sent.partition, sent.offset, sent.key, sent.value, sent.headers, time_ms)


def _published(message: Message) -> Published:
    return Published(message.topic, message.key, message.value, tuple((name, value) for name, value in message.headers))
