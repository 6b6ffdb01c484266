"""News that are told later, in a lane that changes hands: nothing is lost, nothing comes twice under another id."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from service.core.calendar import Block, WorkCalendar
from service.core.configuration import User
from service.core.held import HELD_LIMIT
from service.core.wishes import Digesting, Wishes
from service.kafka.memory import BrokerRecord
from service.limits import Limits
from service.wire.inputs import tick
from service.wire.messages import Message
from tests.core.build import MINUTE_MS, START_MS, created, deleted, owner_changed, pool
from tests.lane.build import INPUT, TOPICS, Owner, World

DAY = 1_440
NOW = START_MS % (DAY * MINUTE_MS) // MINUTE_MS
QUIET = WorkCalendar("UTC", tuple(Block(weekday, NOW, NOW + 60) for weekday in range(7)))
"""From when tests begin, for an hour."""
NIGHT = Wishes(quiet=QUIET)


def told(world: World) -> list[tuple[str, str]]:
    """Id and record of all that people were told, once for each id, in the order in which it was first published."""
    first: dict[str, BrokerRecord] = {}
    for record in world.published(TOPICS.notifications):
        event_id = (dict(record.headers)["ce_id"] or b"").decode()
        known = first.setdefault(event_id, record)
        assert known.value == record.value, "an id has one message"
    said = {event_id: json.loads(record.value) for event_id, record in first.items()}
    return [
        (event_id, each["record"]["id"] if "record" in each else str(each["count"])) for event_id, each in said.items()
    ]


def by_division(world: World) -> dict[str, list[str]]:
    """The records, or how many, of all that people of each division were told, in order."""
    divisions: dict[str, str] = {}
    for record in world.published(TOPICS.notifications):
        headers = dict(record.headers)
        divisions[(headers["ce_id"] or b"").decode()] = (headers["ce_division"] or b"").decode()
    found: dict[str, list[str]] = {}
    for event_id, about in told(world):
        found.setdefault(divisions[event_id], []).append(about)
    return found


async def settle(owner: Owner) -> None:
    """Work until nothing is left to be done."""
    book = owner.tenure.book
    while True:
        done = await owner.lane.work_once(owner.tenure)
        await owner.lane.land()
        timer = book.next_timer()
        if not done and (timer is None or timer[0] > book.clock_ms):
            return


async def test_news_of_a_record_that_was_forgotten_meanwhile_leave_it_as_if_it_were_never_heard_of() -> None:
    """What is heard of it next begins a new record, with numbers above all that were forgotten."""
    world = World()
    world.configure(pool("ann"), users=[User("ann", wishes=NIGHT)])
    world.send(created("lead/1", "pool:sales"), deleted("lead/1"))
    limits = Limits(deleted_ms=MINUTE_MS, sweep_every_ms=10 * MINUTE_MS)
    owner = await world.owner(limits=limits)
    await settle(owner)
    later(world, 20)
    await settle(owner)
    while owner.lane._sweep.is_due:
        await owner.work()
    assert not any("main/lead/1" in fields for key, fields in world.state.items() if key.startswith("record:"))
    for _ in range(2):
        later(world, 20)
        await settle(owner)
    assert "untold_moved" in [reason for _, reason in world.outcomes]
    world.send(created("lead/1", "pool:sales"))
    await settle(owner)
    said = [json.loads(record.value) for record in world.published()]
    assert [(each["sequence"], each.get("turn")) for each in said] == [(1, 1), (2, None), (3, 2)]
    world.check()


def later(world: World, minutes: int) -> None:
    world.now_ms += minutes * MINUTE_MS
    world.broker.write(INPUT, [Message("", b"", tick())])


async def test_a_take_over_in_the_middle_of_a_night_tells_each_piece_once_with_its_own_decision() -> None:
    """D22 Redelivered, taken over, and with the memory built anew from the log; ids are those of the decisions."""
    world = World()
    world.configure(pool("ann"), users=[User("ann", wishes=NIGHT)])
    events = [created(f"lead/{number}", "pool:sales") for number in range(4)]
    world.send(*events[:2])
    await settle(await world.owner())
    world.store.lanes.clear()
    world.send(*events[2:], *events)
    await settle(await world.owner("two"))
    world.send(owner_changed("lead/1", "user:zoe"))
    await settle(await world.owner("three"))
    assert told(world) == []
    later(world, 60)
    world.store.lanes.clear()
    await settle(await world.owner("four"))
    await settle(await world.owner("five"))
    decisions = {
        json.loads(record.value)["record"]["id"]: json.loads(record.value)["decision"]
        for record in reversed(world.published())
        if json.loads(record.value).get("owner")
    }
    assert told(world) == [(f"{decisions[name]}/assigned/ann", name) for name in ("0", "2", "3")]
    assert Counter(reason for _, reason in world.outcomes if reason.startswith(("told", "untold"))) == {
        "told_late": 3,
        "untold_moved": 2,
    }
    world.check()


async def test_a_take_over_in_the_middle_of_a_summary_counts_each_piece_once() -> None:
    """D22 f1 Its id is person, kind and the beginning of its time, whoever publishes it, and however often."""
    world = World()
    world.configure(pool("ann"), users=[User("ann", wishes=Wishes(digest=Digesting(2, 10 * MINUTE_MS)))])
    events = [created(f"lead/{number}", "pool:sales") for number in range(9)]
    world.send(*events[:5])
    await settle(await world.owner())
    world.store.lanes.clear()
    world.send(*events)
    await settle(await world.owner("two"))
    later(world, 10)
    await settle(await world.owner("three"))
    world.store.lanes.clear()
    await settle(await world.owner("four"))
    assert [record for _, record in told(world)] == ["0", "1", "7"]
    assert told(world)[-1][0] == f"ann/assigned/{START_MS}"
    world.check()


async def test_two_divisions_with_the_same_people_and_records_tell_each_its_own() -> None:
    """D22 Lines, summaries and ids are a division's own: where one has no quiet hours any more the other has them
    still.
    """
    world = World()
    divisions = ("acme", "beta")
    wishes = Wishes(quiet=QUIET, digest=Digesting(2, 10 * MINUTE_MS))
    for division in divisions:
        world.configure(
            pool("ann", "bob"), users=[User("ann", wishes=NIGHT), User("bob", wishes=wishes)], division=division
        )
    for number in range(8):
        for division in divisions:
            world.send(created(f"lead/{number}", "pool:sales"), division=division)
    world.send(owner_changed("lead/0", "user:zoe"), division="beta")
    await settle(await world.owner())
    assert told(world) == []
    world.configure(pool("ann", "bob"), users=[User("ann"), User("bob")], division="acme")
    await settle(await world.owner("two"))
    assert by_division(world) == {"acme": ["0", "2", "4", "6", "1", "3", "2"]}
    later(world, 30)
    await settle(await world.owner("three"))
    later(world, 30)
    world.store.lanes.clear()
    await settle(await world.owner("four"))
    assert by_division(world) == {
        "acme": ["0", "2", "4", "6", "1", "3", "2"],
        "beta": ["2", "4", "6", "1", "3", "2"],
    }
    world.check()


@pytest.mark.parametrize("crash_after", [1, 2, 5])
async def test_a_thousand_that_are_due_at_one_time_are_told_in_bounded_batches(crash_after: int) -> None:
    """A batch fires so many timers and no more, and whoever comes after goes on where it was."""
    people = [f"p{number:04}" for number in range(1_000)]
    world = World()
    world.configure(pool(*people), users=[User(name, wishes=NIGHT) for name in people])
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(1_000)))
    await settle(await world.owner())
    later(world, 60)
    limits = Limits(poll_wait_ms=0, snapshot_min_bytes=10**9, timers_per_batch=100)
    owner = await world.owner("two", limits=limits)
    before = len(world.batches)
    await owner.work(crash_after)
    assert 0 < len(told(world)) <= 100 * crash_after
    await settle(await world.owner("three", limits=limits))
    assert Counter(record for _, record in told(world)) == Counter(str(number) for number in range(1_000))
    assert max(len(batch.outcomes) for batch in world.batches[before:]) <= 101
    world.check()


async def test_a_whole_line_is_told_though_its_records_come_in_pieces() -> None:
    """The timer goes as far as its records are loaded, and goes off again."""
    world = World()
    world.configure(pool("ann"), users=[User("ann", wishes=NIGHT)])
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(HELD_LIMIT + 5)))
    await settle(await world.owner())
    later(world, 61)
    await settle(await world.owner("two"))
    assert [record for _, record in told(world)] == [*map(str, range(HELD_LIMIT)), "5"]
    world.check()


async def test_a_record_that_is_forgotten_before_it_is_told_holds_up_nobody() -> None:
    """D22 D33 What is held back looks at its record; of one that is gone it says so, and the next piece is told."""
    world = World()
    world.configure(pool("ann"), users=[User("ann", wishes=NIGHT)])
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"), deleted("lead/1"))
    limits = Limits(poll_wait_ms=0, deleted_ms=5 * MINUTE_MS, sweep_every_ms=10 * MINUTE_MS)
    owner = await world.owner(limits=limits)
    await owner.work(50)
    later(world, 40)
    await owner.work(1_100)
    kept = {name for key, fields in world.state.items() if key.startswith("record:") for name in fields}
    assert kept == {"main/lead/2"}
    later(world, 21)
    await owner.work(10)
    assert [record for _, record in told(world)] == ["2"]
    assert [reason for _, reason in world.outcomes].count("untold_moved") == 1
    assert not owner.tenure.book.state("main").held
    world.check()
