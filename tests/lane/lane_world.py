"""One lane on back ends that can lose a topic: run it over some records, take things away, look what is there."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

import orjson

from service.config.loader import compile_inline
from service.core.configuration import Config
from service.kafka.memory import MemoryBroker, MemoryTransport
from service.kafka.port import Transport
from service.kafka.topics import create, read_wanted
from service.kafka.transport import KafkaTransport
from service.lane.loop import Lane
from service.lane.ownership import Tenure
from service.lane.recovery import Patient
from service.lane.surroundings import Surroundings
from service.store.memory import MemoryStore
from service.store.port import Store
from service.wire.inputs import Decoded, decode
from service.wire.messages import RawRecord
from service.wire.seals import sealed
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka

LANE: Final = 0
NEWEST_EPOCH: Final = 1
"""Of the sources: a lane that reads its input anew begins the next one."""
MEMBERS: Final = ["ann", "bob", "eve"]


def configuration(version: int = 1) -> Config:
    """One pool of three for leads, to which a lead without an owner goes."""
    pools = {"sales": {"record_type": "lead", "members": MEMBERS}}
    document = {"pools": pools, "defaults": {"lead": {"pool": "sales"}}}
    return replace(compile_inline(document, "test"), version=version)


@dataclass
class World:
    """A lane's back ends: `broker`, or a real `kafka`. `sent` is the source's next offset, `inputs` how many inputs the
    lane's topic got.
    """

    topics: Topics
    store: Store
    broker: MemoryBroker | None
    kafka: Kafka | None
    config: Config = field(default_factory=configuration)
    opened: list[Transport] = field(default_factory=list)
    sent: int = 0
    inputs: int = 0

    def transport(self) -> Transport:
        if self.kafka is None:
            assert self.broker is not None
            return MemoryTransport(self.broker, LANE, self.topics)
        self.opened.append(KafkaTransport(self.kafka.connection(), LANE, self.topics))
        return self.opened[-1]

    async def make_topics(self) -> None:
        if self.kafka is not None:
            await create(self.kafka.connection(), read_wanted(self.topics, lanes=1, replication=1))

    async def lose_topics(self, *, log: bool = True, events: bool = False) -> None:
        """From now on these topics are other, empty ones."""
        names = {"log": f"{self.topics.log}2"} if log else {}
        if events:
            names["events"], self.inputs = f"{self.topics.events}2", 0
        self.topics = replace(
            self.topics, log=names.get("log", self.topics.log), events=names.get("events", self.topics.events)
        )
        if self.kafka is not None:
            await create(
                self.kafka.connection(),
                [
                    replace(wanted, name=name)
                    for kind, name in names.items()
                    for wanted in read_wanted(self.topics, lanes=1, replication=1)
                    if wanted.name == f"{self.topics.prefix}assignment.{kind}"
                ],
            )

    def patient(self) -> Patient:
        return Patient(LANE, self.topics, self.transport(), self.store, newest_epoch=NEWEST_EPOCH)

    async def send(self, *records: str, offset: int | None = None) -> None:
        """Put created leads into the lane's input. `offset` is the first one's in the source; else they go on."""
        self.sent = self.sent if offset is None else offset
        transport = self.transport()
        for record in records:
            await transport.tick(lane_input(record, self.sent))
            self.sent += 1
            self.inputs += 1

    async def work(self) -> Tenure:
        """Claim, and work until nothing is left to do."""
        around = Surroundings(
            "tests",
            self.topics,
            lambda: {"main": self.config},
            self._configured,
            lambda: time.time_ns() // 1_000_000,
            newest_epoch=lambda: NEWEST_EPOCH,
        )
        lane = Lane(LANE, self.transport(), self.store, around)
        tenure = await lane.take_over()
        while tenure.book.place.offset < self.inputs or tenure.book.versions != {"main": self.config.version}:
            await lane.work_once(tenure)
        await lane.land()
        return tenure

    async def _configured(self, division: str, version: int) -> Config:
        return replace(self.config, version=version)

    async def close(self) -> None:
        for transport in self.opened:
            await transport.close()
        await self.store.close()


def lane_input(record: str, offset: int, epoch: int = 0) -> bytes:
    """A created lead as ingest sends it on."""
    event = {
        "type": "crm.record.created.v1",
        "id": f"e-{record}",
        "record": {"type": "lead", "id": record, "fields": {}},
    }
    decoded = decode(RawRecord("crm.records", 0, offset, None, orjson.dumps(event), (), 0), epoch=epoch)
    assert isinstance(decoded, Decoded)
    return sealed(decoded.value)


def owners(tenure: Tenure) -> Counter[str]:
    """How many open items each member of the pool has."""
    seats = tenure.book.state("main").seats
    return Counter({name.rpartition("/")[2]: seat.open_items for name, seat in seats.items()})


def turn(tenure: Tenure) -> int:
    """The number of the pool's last turn."""
    return tenure.book.state("main").pools["sales"].turn


def in_memory() -> World:
    """A world of lists and dictionaries."""
    return World(Topics.of(), MemoryStore(), MemoryBroker(lambda: time.time_ns() // 1_000_000), None)
