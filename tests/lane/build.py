"""Builders for tests of lanes: a broker and a memory with one lane, its input, and owners that come and go.

A test says what arrives and lets an owner work; what came of it is read from the broker and the memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from service.core.configuration import Config
from service.core.events import (
    CatalogueEvent,
    EmptyEvent,
    Event,
    MemberEvent,
    RecordEvent,
)
from service.core.pool_spec import PoolSpec
from service.kafka.memory import BrokerRecord, MemoryBroker, MemoryTransport
from service.kafka.partitions import Place
from service.lane.loop import Lane
from service.lane.needs import Read
from service.lane.ownership import Tenure
from service.lane.snapshot import Snapshots
from service.lane.surroundings import InputSeen, Step, Surroundings, no_step
from service.limits import Limits
from service.store.memory import LaneMemory, MemoryStore
from service.wire.inputs import read_input
from service.wire.log_records import Batch, ForeignRecord, LogRecord, decode
from service.wire.messages import Message
from service.wire.seals import sealed
from service.wire.topics import Topics
from tests.checker import Evidence, violations
from tests.core.build import START_MS, config, pool
from tests.log_reader import Seen
from tests.memory_checker import Memory

LANE = 0
TOPICS = Topics.of()
LOG = Place(TOPICS.log, LANE)
INPUT = Place(TOPICS.events, LANE)
OUTPUTS = (TOPICS.assignments, TOPICS.notifications, TOPICS.workflow_actions, TOPICS.dead_letters)
SMALL = Limits(poll_wait_ms=0, snapshot_min_bytes=10**9)


def input_of(event: Event, position: tuple[int, str, int, int], division: str | None = None) -> bytes:
    """An event as ingest writes it into a lane's input."""
    kinds = {RecordEvent: "record", MemberEvent: "member", CatalogueEvent: "catalogue", EmptyEvent: "empty"}
    kind = kinds[type(event)]
    found = {"at": position, "origin": ("event", "crm", "", ""), kind: event}
    return sealed(msgspec.json.encode(found | ({} if division is None else {"division": division})))


def read(event: Event, offset: int, *, time_ms: int = START_MS, division: str | None = None) -> Read:
    """An input as a lane has read it; its source position has the same offset."""
    raw = input_of(event, (0, "crm.records", 0, offset), division)
    return Read(offset, time_ms, read_input(raw), raw)


@dataclass
class Owner:
    """A lane that was taken over."""

    lane: Lane
    tenure: Tenure

    @property
    def snapshots(self) -> Snapshots:
        """The snapshot that is being written, if one is."""
        return self.lane.snapshots

    async def work(self, rounds: int = 1) -> None:
        """So many rounds: a switch, a batch or a tick each, and a piece of snapshot."""
        for _ in range(rounds):
            await self.lane.work_once(self.tenure)
            await self.lane.land()


@dataclass
class World:
    """A broker, a memory, a clock and the configurations of one lane."""

    configs: dict[str, list[Config]] = field(default_factory=lambda: {"main": [config(pool("ann", "bob", "cem"))]})
    now_ms: int = START_MS
    broker: MemoryBroker = field(init=False)
    store: MemoryStore = field(default_factory=MemoryStore)
    sent: dict[str, int] = field(default_factory=dict)
    newest_epoch: int = 2**63
    input: InputSeen = InputSeen()

    def __post_init__(self) -> None:
        self.broker = MemoryBroker(lambda: self.now_ms)

    def configure(self, *pools: PoolSpec, division: str = "main", **settings: Any) -> None:
        """The division's next version."""
        versions = self.configs.setdefault(division, [])
        made = config(*pools, version=len(versions) + 1, **settings)
        versions.append(replace(made, division=division))

    def send(self, *events: Event, division: str | None = None) -> None:
        """Events arrive, each at the next position of its source."""
        for event in events:
            topic = "crm.members" if isinstance(event, MemberEvent) else "crm.records"
            offset = self.sent[topic] = self.sent.get(topic, -1) + 1
            self.put(input_of(event, (0, topic, 0, offset), division))

    def put(self, value: bytes) -> None:
        """Bytes arrive in the lane's input."""
        self.broker.write(INPUT, [Message("", b"", value)])

    def lane(self, owner: str = "one", *, limits: Limits = SMALL, step: Step = no_step) -> Lane:
        """The lane as one process has it, not claimed."""

        def newest() -> Mapping[str, Config]:
            return {division: versions[-1] for division, versions in self.configs.items()}

        async def configured(division: str, version: int) -> Config:
            return self.configs[division][version - 1]

        around = Surroundings(
            owner,
            TOPICS,
            newest,
            configured,
            lambda: self.now_ms,
            step,
            newest_epoch=lambda: self.newest_epoch,
            input=lambda: self.input,
        )
        return Lane(LANE, MemoryTransport(self.broker, LANE, TOPICS), self.store, around, limits)

    async def owner(self, owner: str = "one", *, limits: Limits = SMALL, step: Step = no_step) -> Owner:
        """Somebody who has claimed the lane."""
        lane = self.lane(owner, limits=limits, step=step)
        tenure = await lane.take_over()
        return Owner(lane, tenure)

    @property
    def log(self) -> list[LogRecord | ForeignRecord]:
        """The lane's log as it is now."""
        return [decode(record.value) for record in self.broker.partitions[LOG].records]

    @property
    def batches(self) -> list[Batch]:
        """All batches of the log, those that do not count included."""
        return [record for record in self.log if isinstance(record, Batch)]

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Kind and reason of everything in the log, in order."""
        return [(line.kind, line.reason) for batch in self.batches for line in batch.outcomes]

    @property
    def memory(self) -> LaneMemory:
        """The lane's part of the memory."""
        return self.store.lanes[LANE]

    @property
    def state(self) -> dict[str, dict[str, bytes]]:
        """What the memory holds, key by key, without marks."""
        return {key: fields for key in self.memory.content if (fields := self.memory.fields(key))}

    def published(self, topic: str = TOPICS.assignments) -> list[BrokerRecord]:
        """What is in a topic."""
        return self.broker.records(topic)

    @property
    def owners(self) -> list[str]:
        """Who was given records, in the order in which it was first published."""
        first: dict[bytes | None, bytes] = {}
        for record in self.published():
            first.setdefault(dict(record.headers)["ce_id"], record.value)
        said = [json.loads(value) for value in first.values()]
        return [each["owner"]["id"] for each in said if "owner" in each]

    def check(self) -> None:
        """The independent checker finds nothing to complain about."""
        assert violations(self.evidence()) == []

    def evidence(self) -> Evidence:
        """All that the checker looks at."""
        memory = self.memory
        seen = {
            topic: [
                Seen(topic, 0, each.offset, each.key, each.value, each.headers, each.time_ms)
                for each in self.published(topic)
            ]
            for topic in (TOPICS.events, TOPICS.log, *OUTPUTS)
        }
        outputs = [each for topic in OUTPUTS for each in seen[topic]]
        return Evidence(
            once=[f"0/crm.records/0/{at}" for at in range(self.sent.get("crm.records", -1) + 1)],
            everywhere=[f"0/crm.members/0/{at}" for at in range(self.sent.get("crm.members", -1) + 1)],
            inputs={LANE: seen[TOPICS.events]},
            logs={LANE: seen[TOPICS.log]},
            outputs=outputs,
            memories={LANE: Memory(memory.head.revision, memory.head.checksum, memory.head.building, memory.content)},
        )
