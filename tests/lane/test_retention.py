"""Nothing that a lane remembers grows without end, and what is forgotten is gone from memory, snapshots and log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.core.case import Case
from service.core.configuration import Config
from service.core.events import MemberEvent
from service.core.holding import load
from service.core.holding.retention import forget
from service.core.parked import Fields
from service.core.pool_spec import Membership, PoolSpec
from service.core.record import Record
from service.core.state import State, Timer
from service.lane.agenda import LEAST
from service.lane.book import Book
from service.limits import DAY_MS
from service.wire.records import read_base, read_record
from tests.core.build import closed, created, deleted, owner_changed, pool, reopened, updated
from tests.lane.build import LOG, SMALL, Owner, World

RETAINED = replace(SMALL, deleted_ms=30 * DAY_MS, untouched_ms=400 * DAY_MS, keep_ms=10_000 * DAY_MS)
ROUNDS = 1_200
"""More than a sweep and a snapshot take when each bucket is a turn of its own."""


async def days_pass(world: World, owner: Owner, days: int) -> None:
    """So many days on which nothing comes in."""
    for _ in range(days):
        world.now_ms += DAY_MS
        await owner.work(3)
        while owner.lane._sweep.is_due or owner.snapshots.is_due:
            await owner.work()


async def with_records(*events: Any, keep_ms: int = RETAINED.keep_ms) -> tuple[World, Owner]:
    """A lane that has decided these events."""
    world = World()
    world.send(*events)
    owner = await world.owner(limits=replace(RETAINED, keep_ms=keep_ms))
    await owner.work(3)
    return world, owner


def names(world: World) -> set[str]:
    """The records in the memory."""
    return {name for key, fields in world.state.items() if key.startswith("record:") for name in fields}


async def test_a_deleted_record_is_forgotten_after_a_month() -> None:
    """Its tombstone recognises what comes late, and nothing comes so late."""
    world, owner = await with_records(created("lead/1", "pool:sales"), created("lead/2", "user:zoe"), deleted("lead/1"))
    await days_pass(world, owner, 29)
    assert names(world) == {"main/lead/1", "main/lead/2"}
    await days_pass(world, owner, 2)
    assert names(world) == {"main/lead/2"}
    world.check()


async def test_a_record_of_which_nothing_is_heard_is_forgotten_and_is_nobodys_open_item() -> None:
    """What is heard of, even if nothing comes of it, stays."""
    world, owner = await with_records(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"))
    world.now_ms += 399 * DAY_MS
    world.send(updated("lead/2"))
    await owner.work(3)
    await days_pass(world, owner, 2)
    assert names(world) == {"main/lead/2"}
    seats = owner.tenure.book.state("main").seats
    assert {name: seat.open_items for name, seat in seats.items()} == {"sales/ann": 0, "sales/bob": 1, "sales/cem": 0}
    world.check()


async def test_a_closed_record_is_forgotten_in_its_own_time() -> None:
    """D33 It stays what it was until then: opened again it is still the owner's."""
    world = World()
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"), closed("lead/1"), closed("lead/2"))
    owner = await world.owner(limits=replace(RETAINED, closed_ms=60 * DAY_MS))
    await owner.work(3)
    await days_pass(world, owner, 59)
    world.send(reopened("lead/2"))
    await owner.work(3)
    await days_pass(world, owner, 2)
    assert names(world) == {"main/lead/2"}
    opened = owner.tenure.book.state("main").open
    assert {name: each.open_items for name, each in opened.items()} == {"lead/bob": 1}
    world.check()


async def test_what_was_only_refused_is_forgotten_like_a_deleted_record() -> None:
    """Anybody may invent a type of record."""
    world, owner = await with_records(*(created(f"invented{number}/1") for number in range(20)))
    assert len(names(world)) == 20
    await days_pass(world, owner, 31)
    assert names(world) == set()
    world.check()


async def test_what_waits_is_never_forgotten() -> None:
    """It is still to be given to somebody."""
    world = World()
    world.configure(pool("ann"))
    world.send(MemberEvent("away", "ann", "away"), created("lead/1", "pool:sales"))
    owner = await world.owner(limits=RETAINED)
    await owner.work(3)
    world.now_ms += 500 * DAY_MS
    await days_pass(world, owner, 1)
    assert names(world) == {"main/lead/1"}
    world.send(MemberEvent("back", "ann", "available"))
    await owner.work(3)
    assert world.owners == ["ann"]
    world.check()


def test_no_fields_outlive_their_record() -> None:
    """Only what waits has fields of its own; wherever some are left, they go with the record."""
    state = State()
    state.apply({"record": {"lead/1": Record(deleted=True)}, "fields": {"lead/1": Fields("{}")}})
    changes = forget("lead/1", state, Config("main"), 0)
    assert changes["record"] == changes["fields"] == {"lead/1": None}


async def test_a_forgotten_record_that_comes_again_is_no_repeat_to_a_consumer() -> None:
    """Its sequence numbers go on above those of all that were forgotten."""
    first = [created("lead/1", "pool:sales"), owner_changed("lead/1", None), owner_changed("lead/1", "pool:sales")]
    world, owner = await with_records(*first, deleted("lead/1"))
    before = owner.tenure.book.kept_state("main").records.get("lead/1") or await stored(world, "main/lead/1")
    assert isinstance(before, Record)
    await days_pass(world, owner, 31)
    world.send(created("lead/1", "pool:sales"), created("lead/new", "pool:sales"))
    await owner.work(3)
    for name in ("main/lead/1", "main/lead/new"):
        again = await stored(world, name)
        assert again.sequence == before.sequence + 1
    world.check()


async def stored(world: World, name: str) -> Record:
    """A record as the memory has it."""
    (value,) = [fields[name] for key, fields in world.state.items() if key.startswith("record:") and name in fields]
    return read_record(read_base(value), {})


async def test_what_was_forgotten_is_gone_from_the_log_also_on_an_idle_lane() -> None:
    """A tick a day, a sweep, a snapshot, and the keep window: then no record of the log names it any more."""
    world, owner = await with_records(
        created("lead/unmistakable", "pool:sales"), deleted("lead/unmistakable"), keep_ms=7 * DAY_MS
    )
    await days_pass(world, owner, 30)
    assert b"unmistakable" in b"".join(record.value for record in world.broker.partitions[LOG].records)
    await days_pass(world, owner, 1 + 7 + 2)
    assert b"unmistakable" not in b"".join(record.value for record in world.broker.partitions[LOG].records)
    assert len(world.broker.partitions[LOG].records) < 10_000
    again = await world.owner("two", limits=RETAINED)
    assert again.tenure.book.swept == owner.tenure.book.swept


async def test_a_sweep_that_was_begun_is_finished_by_the_next_owner() -> None:
    """In bounded batches, each behind what came in meanwhile."""
    world, owner = await with_records(*(created(f"lead/{number}", "user:zoe") for number in range(300)))
    world.now_ms += 401 * DAY_MS
    await owner.work(1)
    for _ in range(20):
        await owner.work(1)
    left = len(names(world))
    assert 0 < left < 300
    again = await world.owner("two", limits=RETAINED)
    world.send(created("lead/meanwhile", "pool:sales"))
    for _ in range(ROUNDS):
        if not again.lane._sweep.is_due:
            break
        await again.work(1)
    assert names(world) == {"main/lead/meanwhile"}
    gone = [list(batch.changes.get("record", {}).values()).count(None) for batch in world.batches]
    assert sum(gone) == 300
    world.check()


@pytest.mark.interpreted
async def test_forgetting_that_raises_costs_its_record_only(monkeypatch: pytest.MonkeyPatch) -> None:
    world, owner = await with_records(created("lead/1", "pool:sales"), created("lead/2", "user:zoe"))
    count_off = load.count_off

    def fails_for_lead_1(case: Case) -> None:
        if case.name == "lead/1":
            raise ZeroDivisionError("planted")
        count_off(case)

    monkeypatch.setattr(load, "count_off", fails_for_lead_1)
    world.now_ms += 401 * DAY_MS
    await days_pass(world, owner, 1)
    assert names(world) == {"main/lead/1"}
    assert world.outcomes.count(("dead_letter", "sweep_raised")) >= 1


async def test_a_division_that_somebody_invents_takes_no_room_in_memory() -> None:
    """1.2 kB each, once, as long as the lane was owned."""
    book = Book()
    for number in range(1_000):
        assert not book.state(f"invented-{number}").records
        book.forget_records([(f"invented-{number}", "lead/1")])
    assert not book.divisions


def test_an_agenda_has_no_more_entries_than_twice_its_timers() -> None:
    """A timer that is put off again and again once left an entry each time, until it had been due."""
    book = Book()
    for number in range(20_000):
        book.apply("main", {"timer": {"back/ann": Timer(10**12 + number), "drain/sales": Timer(10**12)}})
    assert len(book.agenda) <= LEAST + 2
    assert book.next_timer() == (10**12, "main", "drain/sales")


def implied(*members: str) -> PoolSpec:
    """The pool of the people whom a target describes."""
    return PoolSpec("lead:role=rep", "lead", tuple(map(Membership, members)), implied=True)


async def test_an_implied_pool_whose_rule_is_gone_goes_when_it_holds_nothing() -> None:
    """It stays while an item is open; a pool with a name keeps its turns for ever."""
    world = World()
    world.configure(implied("ann", "bob"), pool("ann"))
    world.send(created("lead/1", "pool:lead:role=rep"), created("lead/2", "pool:sales"))
    owner = await world.owner(limits=RETAINED)
    await owner.work(4)
    world.configure()
    await owner.work(2)
    assert owner.tenure.book.state("main").pools.keys() == {"lead:role=rep", "sales"}
    world.send(deleted("lead/1"))
    world.configure()
    await owner.work(3)
    world.configure()
    await owner.work(2)
    assert owner.tenure.book.state("main").pools.keys() == {"sales"}
    world.check()
