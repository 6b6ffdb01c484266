"""Three lanes of two divisions on a broker that is a few lists, with their memory in a real Redis."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from service.config.compiler import compile_document
from service.config.loader import load
from service.core.configuration import Config
from service.ingest import Reading, sort_batch
from service.kafka.memory import BrokerRecord, MemoryBroker, MemoryTransport
from service.kafka.partitions import Place
from service.lane.loop import Lane
from service.lane.ownership import Tenure
from service.lane.surroundings import Surroundings
from service.limits import Limits
from service.store.port import Store
from service.wire.messages import RawRecord
from service.wire.topics import Topics
from tests.checker import Evidence, violations
from tests.lane.mixed_events.events import START_MS, Sent
from tests.log_reader import Seen
from tests.memory_checker import Memory

LANES: Final = 3
TOPICS: Final = Topics.of()
READING: Final = Reading(TOPICS, lanes=LANES)
LIMITS: Final = Limits(poll_wait_ms=0, batch_max=40, snapshot_min_bytes=20_000, keep_ms=30 * 60_000)
IDLE_ROUNDS: Final = 3
"""A lane that wrote nothing in so many rounds has nothing to do."""


@dataclass
class Owned:
    """A lane and its owner's tenure."""

    lane: Lane
    tenure: Tenure


@dataclass
class Deployment:
    """The lanes, a clock that only moves when told, and everything that their logs ever held.

    `versions` are the configurations that become valid one after another; so many of them are `valid` by now.
    """

    store: Store
    versions: Sequence[Mapping[str, Config]]
    valid: int = 1
    now_ms: int = START_MS
    broker: MemoryBroker = field(init=False)
    logs: dict[int, list[Seen]] = field(default_factory=lambda: {lane: [] for lane in range(LANES)})
    inputs: dict[int, list[Seen]] = field(default_factory=lambda: {lane: [] for lane in range(LANES)})
    once: list[str] = field(default_factory=list)
    everywhere: list[str] = field(default_factory=list)
    owned: dict[int, Owned] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.broker = MemoryBroker(lambda: self.now_ms, lanes=LANES)

    async def own(self, owner: str) -> None:
        """Somebody takes all lanes over."""
        for number in range(LANES):
            around = Surroundings(
                owner, TOPICS, lambda: self.versions[self.valid - 1], self._configured, lambda: self.now_ms
            )
            lane = Lane(number, MemoryTransport(self.broker, number, TOPICS), self.store, around, LIMITS)
            tenure = await lane.take_over()
            self.owned[number] = Owned(lane, tenure)
        self.take_down()

    async def settle(self) -> None:
        """Let every lane work until it has nothing to do."""
        for number, owned in self.owned.items():
            idle = 0
            while idle < IDLE_ROUNDS:
                before = self.broker.partitions[Place(TOPICS.log, number)].end
                await owned.lane.work_once(owned.tenure)
                await owned.lane.land()
                self.take_down()
                idle = idle + 1 if self.broker.partitions[Place(TOPICS.log, number)].end == before else 0

    def send(self, arriving: Sequence[Sent]) -> None:
        """Ingest reads these, and the lanes' inputs have them."""
        batch = sort_batch([_raw(sent, self.now_ms) for sent in arriving], READING)
        letters = [letter.message(TOPICS) for letter in batch.dead_letters]
        for lane, messages in batch.lanes.items():
            self.broker.write(Place(TOPICS.events, lane), messages)
        self.broker.write(Place(TOPICS.dead_letters, 0), letters)
        reached = Counter(_source(message.value) for messages in batch.lanes.values() for message in messages)
        reached |= Counter(str(letter.key, "utf-8") for letter in letters)
        for source, lanes in reached.items():
            known = self.everywhere if lanes == LANES else self.once
            if source not in known:
                known.append(source)

    def take_down(self) -> None:
        """Keep what the logs and inputs hold now, before their beginning is cut off."""
        for kept, topic in ((self.logs, TOPICS.log), (self.inputs, TOPICS.events)):
            for lane, seen in kept.items():
                known = seen[-1].offset if seen else -1
                records = self.broker.partitions[Place(topic, lane)].records
                seen += [
                    Seen(topic, lane, each.offset, each.key, each.value) for each in records if each.offset > known
                ]

    def complaints(self, memories: Mapping[int, Memory]) -> list[str]:
        """What the independent checker finds."""
        self.take_down()
        names = (TOPICS.assignments, TOPICS.notifications, TOPICS.workflow_actions, TOPICS.dead_letters)
        outputs = [
            Seen(name, 0, each.offset, each.key, each.value, each.headers)
            for name in names
            for each in self.broker.records(name)
        ]
        begins = {lane: self.broker.partitions[Place(TOPICS.log, lane)].begin for lane in range(LANES)}
        evidence = Evidence(
            once=self.once,
            everywhere=self.everywhere,
            inputs=self.inputs,
            logs=self.logs,
            outputs=outputs,
            memories=memories,
            log_begins=begins,
        )
        return violations(evidence)

    def _newest(self) -> Mapping[str, Config]:
        return self.versions[self.valid - 1]

    async def _configured(self, division: str, version: int) -> Config:
        return self.versions[version - 1][division]


def configurations(directories: Sequence[Path]) -> Sequence[Mapping[str, Config]]:
    """What was valid one after another: each directory's divisions, compiled as the next version."""
    return [
        {division: compile_document(document, version) for division, document in sorted(load(each).documents.items())}
        for version, each in enumerate(directories, start=1)
    ]


def _seen(topic: str, lane: int, record: BrokerRecord) -> Seen:
    return Seen(topic, lane, record.offset, record.key, record.value)


def _source(value: bytes) -> str:
    epoch, topic, partition, offset = json.loads(value)["at"]
    return f"{epoch}/{topic}/{partition}/{offset}"


def _raw(sent: Sent, time_ms: int) -> RawRecord:
    return RawRecord(sent.topic, sent.partition, sent.offset, sent.key, sent.value, sent.headers, time_ms)
