"""What waits costs no memory but its place in a line: records and fields come when a batch or a timer needs them."""

from __future__ import annotations

import json

import pytest

from service.core.events import MemberEvent
from service.core.holding import lines
from service.core.pool_spec import Membership
from service.core.state import State
from service.lane import book as books
from tests.core.build import created, deleted, pool, predicate, updated
from tests.lane.build import Owner, World

WAITING = 300


async def with_waiting(*names: str, world: World | None = None) -> tuple[World, Owner]:
    """A lane whose members are all away, taken over while these records wait."""
    world = world or World()
    world.send(*(MemberEvent(f"away-{person}", person, "away") for person in ("ann", "bob", "cem")))
    world.send(*(created(name, "pool:sales", facts={"country": "DE", "phone": "555"}) for name in names))
    owner = await world.owner()
    while owner.tenure.book.state("main").parked.keys() != set(names):
        await owner.work()
    return world, await world.owner("two")


def state_of(owner: Owner) -> State:
    return owner.tenure.book.state("main")


async def settle(owner: Owner) -> None:
    """Work until nothing is left to be done."""
    book = owner.tenure.book
    while True:
        done = await owner.lane.work_once(owner.tenure)
        await owner.lane.land()
        timer = book.next_timer()
        if not done and (timer is None or timer[0] > book.clock_ms):
            return


def many(count: int = WAITING) -> list[str]:
    return [f"lead/{number:03}" for number in range(count)]


async def test_a_take_over_loads_nothing_of_what_waits_but_its_line() -> None:
    """The fields of 100,000 records that wait may be a gigabyte; how much room they take is known all the same."""
    _, owner = await with_waiting(*many())
    state = state_of(owner)
    assert len(state.parked) == WAITING
    assert not state.records
    assert not state.fields
    assert state.room.taken_bytes == sum(parked.kept_bytes for parked in state.parked.values()) > 0


@pytest.mark.interpreted
async def test_a_drain_loads_what_it_may_move_and_gives_out_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch ends in front of a drain whose records are not loaded, and a bounded number is loaded for the next."""
    monkeypatch.setattr(books, "KEPT_RECORDS", 60)
    world, owner = await with_waiting(*many())
    world.configure(pool("ann", "bob", "cem", drain_per_minute=1_000))
    world.send(MemberEvent("back", "ann", "available"))
    loaded = []
    while state_of(owner).parked:
        await owner.work()
        loaded.append(len(state_of(owner).fields))
    assert world.owners == ["ann"] * WAITING
    assert max(loaded) <= lines.LOOKED_AT_PER_FIRING
    await settle(owner)
    assert not state_of(owner).fields
    assert not state_of(owner).records
    assert not any(key.startswith("fields:") and fields for key, fields in world.state.items())
    world.check()


async def test_news_of_a_record_that_waits_finds_all_its_fields() -> None:
    """Its record names what stands beside it, and that is loaded with it (D31)."""
    world, owner = await with_waiting("lead/1", "lead/2")
    world.configure(pool(Membership("ann", domain=predicate("country equals DE"))))
    world.send(updated("lead/2", facts={"zone": "south"}))
    await settle(owner)
    (kept,) = [fields["main/lead/2"] for fields in world.state.values() if b"south" in fields.get("main/lead/2", b"")]
    assert json.loads(json.loads(kept)[0]) == {"country": "DE", "phone": "555", "zone": "south"}
    owner = await world.owner("three")
    world.send(MemberEvent("back", "ann", "available"))
    await settle(owner)
    assert world.owners == ["ann", "ann"]
    world.check()


async def test_what_stops_waiting_leaves_no_fields_behind() -> None:
    """Also where its fields were never in this owner's memory before."""
    world, owner = await with_waiting("lead/1")
    world.send(deleted("lead/1"))
    await settle(owner)
    assert state_of(owner).room.taken_bytes == 0
    assert not any(key.startswith("fields:") and fields for key, fields in world.state.items())
    world.check()


async def test_many_that_do_not_fit_any_more_are_asked_anew() -> None:
    """A timer for each of them, each with a record of its own: they are loaded many at a time."""
    world, owner = await with_waiting(*many(120))
    world.configure(pool("ann", id="other"))
    await settle(owner)
    assert not state_of(owner).parked
    assert not any(key.startswith("fields:") and fields for key, fields in world.state.items())
    world.check()


async def test_a_line_whose_record_the_memory_lost_goes_on() -> None:
    """Single lost fields are not noticed, and what waits in the line is given out all the same."""
    world, owner = await with_waiting("lead/1", "lead/2")
    for key, fields in world.memory.content.items():
        if key.startswith("record:"):
            fields.pop("main/lead/1", None)
    world.send(MemberEvent("back", "ann", "available"))
    await settle(owner)
    assert world.owners == ["ann", "ann"]
