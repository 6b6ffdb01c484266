"""All declared limits at once: whatever is done, each record fits the log and others have their turn meanwhile.

`make limits` runs this with all users, pools, members, entries and waiting records there may be, and tells for each
part how long it took and how long it kept everything else from its turn at most; the suite runs it with a fiftieth.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import pytest

from schemas.config import Document
from service.config.compiler import compile_document, from_wire, to_wire
from service.config.consistency import findings, notes
from service.config.findings import Declared
from service.config.lint import warnings
from service.config.loader import MAX_WIRE_BYTES
from service.config.people import people_of
from service.core.configuration import Config
from service.core.events import MemberEvent
from service.core.holding.lines import DRAINED_PER_FIRING
from service.kafka.port import MAX_RECORD_BYTES
from service.limits import Limits
from service.settings import KafkaSettings
from service.store.memory import MemoryStore
from service.store.port import Store
from service.wire.log_records import Batch
from tests.core.build import MINUTE_MS, created
from tests.lane.build import LANE, LOG, Owner, World
from tests.limits.largest import PARKED, largest
from tests.store.losing import LosingRedis

IS_FULL: Final = bool(os.environ.get("FAIRLEAD_TEST_LIMITS"))
SHARE: Final = 1.0 if IS_FULL else 0.02
SESSION_SECONDS: Final = KafkaSettings().session_timeout_ms / 1_000
LIMITS: Final = Limits(poll_wait_ms=0, snapshot_min_bytes=10**12)
WAITING_POOL: Final = "p1"

pytestmark = pytest.mark.timeout(1_200)


@dataclass
class Pauses:
    """How long nobody else had a turn, at most."""

    longest_seconds: float = 0.0

    async def watch(self) -> None:
        """Ask for a turn again and again."""
        while True:
            asked = perf_counter()
            await asyncio.sleep(0)
            self.longest_seconds = max(self.longest_seconds, perf_counter() - asked)


@asynccontextmanager
async def others_have_their_turn(what: str) -> AsyncIterator[None]:
    """Whatever is done in here leaves others their turn well within a session."""
    pauses, started = Pauses(), perf_counter()
    watching = asyncio.create_task(pauses.watch())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await asyncio.sleep(0)
        watching.cancel()
    print(f"{what:<34} {perf_counter() - started:8.2f} s, at most {pauses.longest_seconds:6.3f} s without a pause")
    assert pauses.longest_seconds < SESSION_SECONDS


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.model_validate(largest(SHARE))


@pytest.fixture(scope="module")
def config(document: Document) -> Config:
    return from_wire(to_wire(document), 1)


def sizes(world: World) -> list[int]:
    """How large the records of the log are."""
    return [len(record.value) for record in world.broker.partitions[LOG].records]


async def work(owner: Owner) -> None:
    """Work until nothing is left to be done."""
    before = -1
    while before != owner.tenure.last:
        before = owner.tenure.last
        for _ in range(3):
            await owner.work()
            await asyncio.sleep(0)


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.real)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each kind of memory, empty."""
    if request.param == "memory":
        yield MemoryStore()
        return
    redis = LosingRedis(request.getfixturevalue("redis_address"), request.getfixturevalue("redis_prefix"))
    yield redis.store
    await redis.close()


async def at_the_limits(config: Config, store: Store, waiting: int) -> tuple[World, Owner]:
    """A lane with this configuration and so many waiting records."""
    world = World(configs={"main": [config]}, store=store)  # type: ignore[arg-type]  # its content is not looked at
    owner = await world.owner(limits=LIMITS)
    async with others_have_their_turn("switch"):
        await work(owner)
    world.send(
        *(MemberEvent(f"away-{each.person}", each.person, "away") for each in config.pools[WAITING_POOL].members)
    )
    world.send(*(created(f"lead/{number}", f"pool:{WAITING_POOL}") for number in range(waiting)))
    async with others_have_their_turn("records that have to wait"):
        await work(owner)
    return world, owner


async def test_a_lane_at_all_limits_at_once(config: Config, store: Store) -> None:
    """Switch, waiting, snapshot, take-over, rebuild and drain; on Redis with a tenth of the waiting records."""
    waiting = int(PARKED * SHARE) // (1 if isinstance(store, MemoryStore) else 10)
    world, owner = await at_the_limits(config, store, waiting)
    assert len(owner.tenure.book.state("main").parked) == waiting
    owner = await world.owner("snapshots", limits=replace(LIMITS, snapshot_min_bytes=1, keep_ms=0))
    async with others_have_their_turn("snapshot"):
        while not owner.tenure.snapshots:
            await owner.work()
            await asyncio.sleep(0)
    async with others_have_their_turn("take-over"):
        owner = await world.owner("two", limits=LIMITS)
    await store.forget(LANE)
    async with others_have_their_turn("rebuild and take-over"):
        owner = await world.owner("three", limits=LIMITS)
    assert len(owner.tenure.book.state("main").parked) == waiting
    world.send(
        *(MemberEvent(f"back-{each.person}", each.person, "available") for each in config.pools[WAITING_POOL].members)
    )
    async with others_have_their_turn("drain of a minute"):
        await work(owner)
    paced = sum(spec.drain_per_minute for spec in [config.pools[WAITING_POOL]] for _ in spec.members)
    assert len(owner.tenure.book.state("main").parked) == waiting - paced
    world.now_ms += MINUTE_MS
    await work(owner)
    assert len(owner.tenure.book.state("main").parked) == waiting - 2 * paced
    given = [len(record.outcomes) for record in world.log if isinstance(record, Batch)]
    assert max(given) <= LIMITS.batch_max + LIMITS.timers_per_batch * DRAINED_PER_FIRING
    assert max(sizes(world)) <= MAX_RECORD_BYTES


async def test_a_choice_among_the_most_members_there_may_be(config: Config) -> None:
    """Everybody of the largest pool is looked at once for each record, and nobody twice."""
    world = World(configs={"main": [config]})
    owner = await world.owner(limits=LIMITS)
    await work(owner)
    world.send(*(created(f"lead/{number}", "pool:p0") for number in range(LIMITS.batch_max)))
    async with others_have_their_turn(f"a batch of {LIMITS.batch_max} for the largest pool"):
        await work(owner)
    assert len(set(world.owners)) == min(LIMITS.batch_max, len(config.pools["p0"].members))


async def test_checking_and_compiling(document: Document) -> None:
    """A process compiles in its loop what it hears of; lint is a command's."""
    assert len(to_wire(document)) <= MAX_WIRE_BYTES
    async with others_have_their_turn("check of a configuration"):
        declared = Declared(frozenset(document.users), frozenset(document.pools))
        assert list(findings(document, declared)) == []
        assert list(notes(document)) == []
    started = perf_counter()
    list(warnings(document))
    print(f"{'lint of a configuration':<34} {perf_counter() - started:8.2f} s, in a command of its own")
    async with others_have_their_turn("compilation of a configuration"):
        compile_document(document)


def test_people_are_looked_for_among_those_who_fit(document: Document) -> None:
    """Each target that describes people once looked at every user, several times: forty million looks."""
    looked_at = 0

    class Counting(dict[str, object]):
        def items(self):  # type: ignore[no-untyped-def]  # those of a dictionary
            nonlocal looked_at
            looked_at += len(self)
            return super().items()

    counted = document.model_copy(update={"users": Counting(document.users)})
    described = [entry.target.users for entry in document.rule_sets["all"].entries if entry.target.users is not None]
    assert len(described) > 10
    for people in described:
        people_of(counted, people)
    assert looked_at == len(document.users)
