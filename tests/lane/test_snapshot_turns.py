"""How a snapshot goes on while inputs come: nobody waits for it, and whatever happens it is exact or none."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.events import Event
from service.kafka.memory import Fault, MemoryTransport
from service.kafka.port import TOGETHER_BYTES, Lost
from service.lane.ownership import Tenure, append
from service.lane.snapshot import KEYS_PER_TURN, LONGEST_TURN_BYTES, TURN_BYTES
from service.lane.surroundings import Step, no_step
from service.store.keys import LAYOUT
from service.wire.log_records import Chunk, decode
from tests.core.build import closed, created, deleted, reopened
from tests.lane.build import INPUT, LANE, LOG, SMALL, TOPICS, Owner, World

EAGER = replace(SMALL, snapshot_min_bytes=1)
ROUNDS = 1_000
"""In fewer a snapshot is complete, whatever comes."""


class Dead(Exception):
    """The process is gone."""


async def working(world: World, *, step: Step = no_step) -> Owner:
    """An owner that has assigned a record and begun a snapshot."""
    world.send(created("lead/one", "pool:sales"))
    owner = await world.owner(limits=EAGER, step=step)
    await owner.work(2)
    assert owner.snapshots.is_open
    return owner


class Together(MemoryTransport):
    """A broker that notes what is appended together."""

    def __init__(self, world: World) -> None:
        super().__init__(world.broker, LANE, TOPICS)
        self.appends: list[list[str]] = []

    async def append(self, *values: bytes) -> int:
        self.appends.append([type(decode(value)).__name__ for value in values])
        return await super().append(*values)


async def busy(owner: Owner, world: World, grown: int) -> int:
    """One round with an input, when the log has grown by so many bytes; how many keys are read behind it."""
    left = len(owner.snapshots._left)
    owner.tenure.grown = grown
    world.send(created(f"lead/{len(world.broker.partitions[INPUT].records)}", "pool:sales"))
    await owner.lane.work_once(owner.tenure)
    await owner.lane.land()
    if owner.snapshots._ahead is not None:
        await asyncio.wait([owner.snapshots._ahead])
    return left - len(owner.snapshots._left)


def grown_by(owner: Owner, missing: int) -> int:
    """So large is the log when the snapshot lacks so many bytes."""
    return 2 * (owner.snapshots._written + missing)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(TURN_BYTES - 2_000, 0), (TURN_BYTES, 8), (3 * TURN_BYTES, 24), (10**9, LONGEST_TURN_BYTES // 2_000)],
)
async def test_while_inputs_come_a_snapshot_is_written_as_fast_as_is_missing(missing: int, expected: int) -> None:
    """In small pieces, for they go with batches; in larger ones where a rebuild had too much to read."""
    world = World()
    owner = await working(world)
    owner.snapshots._key_bytes = dict.fromkeys(LAYOUT.kinds, 2_000)
    assert await busy(owner, world, grown_by(owner, missing)) == expected


@pytest.mark.parametrize(
    ("key_bytes", "keys"),
    [(0, KEYS_PER_TURN), (LONGEST_TURN_BYTES // 4, 4), (LONGEST_TURN_BYTES, 1), (9 * LONGEST_TURN_BYTES, 1)],
)
async def test_a_turn_is_bounded_however_much_is_missing(key_bytes: int, keys: int) -> None:
    """By what the keys of the kind held so far, and by their number; one key is always read."""
    world = World()
    owner = await working(world)
    owner.snapshots._key_bytes = dict.fromkeys(LAYOUT.kinds, key_bytes)
    assert await busy(owner, world, grown_by(owner, 10**9)) == keys


async def test_while_inputs_come_nobody_waits_for_a_turn() -> None:
    """It is read beside the next batch and stands in the log in front of it, with one append for both."""
    world = World()
    owner = await working(world)
    owner.lane.transport = transport = Together(world)
    await transport.seek(owner.tenure.book.place.offset)
    for _ in range(3):
        await busy(owner, world, grown_by(owner, TURN_BYTES))
    await busy(owner, world, 0)
    await busy(owner, world, 0)
    assert transport.appends == [["Batch"], ["Chunk", "Batch"], ["Chunk", "Batch"], ["Chunk", "Batch"], ["Batch"]]


async def test_a_quiet_moment_writes_what_was_read_for_the_next_batch() -> None:
    """Nothing may come for hours."""
    world = World()
    owner = await working(world)
    owner.lane.transport = transport = Together(world)
    await transport.seek(owner.tenure.book.place.offset)
    await busy(owner, world, grown_by(owner, TURN_BYTES))
    await owner.work(2)
    assert transport.appends == [["Batch"], ["Chunk"], ["Chunk"]]


@pytest.mark.parametrize(
    ("tenths", "together"),
    [
        ([], []),
        ([1], [1]),
        ([5, 5], [2]),
        ([5, 5, 1], [2, 1]),
        ([9, 2, 2], [1, 2]),
        ([20, 1], [1, 1]),
        ([1, 20], [1, 1]),
    ],
)
async def test_what_is_too_large_for_one_append_goes_in_several_and_in_order(
    tenths: list[int], together: list[int]
) -> None:
    """A broker takes records of up to two megabytes, and several together as one batch of a megabyte at most."""
    world = World()
    owner = await working(world)
    transport, last = Together(world), owner.tenure.last
    values = [b"%d" % number * (TOGETHER_BYTES // 10 * size) for number, size in enumerate(tenths)]
    assert await append(owner.tenure, transport, *values) == owner.tenure.last == last + len(values)
    assert [record.value for record in world.broker.partitions[LOG].records[last + 1 :]] == values
    assert [len(each) for each in transport.appends] == together


async def with_a_turn_ahead(world: World, step: Step = no_step) -> Owner:
    """An owner who has read a turn, which goes into the log with their next batch."""
    owner = await working(world, step=step)
    await busy(owner, world, grown_by(owner, TURN_BYTES))
    assert owner.snapshots._ahead is not None
    return owner


async def goes_on(world: World) -> None:
    """Another owner goes on where the log stands, snapshot and all, and nothing is missing."""
    second = await world.owner("two", limits=EAGER)
    while not second.tenure.snapshots:
        await second.work()
    held = world.state
    world.store.lanes.clear()
    third = await world.owner("three")
    assert world.state == held
    await third.work()
    world.check()


@pytest.mark.parametrize(
    "at", ["polled", "loaded", "decided", "chunk_written_ahead", "appended", "advanced", "published"]
)
async def test_a_process_may_die_anywhere_with_a_turn_under_way(at: str) -> None:
    """What goes together is in the log together: the batch counts, and of the snapshot nothing is read."""
    world, armed = World(), list[str]()

    def step(name: str) -> None:
        if name in armed:
            raise Dead

    owner = await with_a_turn_ahead(world, step)
    armed.append(at)
    with pytest.raises(Dead):
        await busy(owner, world, 0)
    await owner.snapshots.give_up()
    await owner.lane._landing.give_up()
    await goes_on(world)


@pytest.mark.parametrize("fault", Fault)
async def test_an_append_that_is_lost_takes_turn_and_batch_with_it(fault: Fault) -> None:
    """Or has both arrive, also late, behind the next owner's claim: then neither counts."""
    world = World()
    owner = await with_a_turn_ahead(world)
    faults = [fault]
    world.broker.fault = lambda operation, topic: faults.pop() if operation == "append" and faults else None
    end = world.broker.partitions[LOG].end
    with pytest.raises(Lost):
        await busy(owner, world, 0)
    assert world.broker.partitions[LOG].end - end == (2 if fault is Fault.AFTER else 0)
    await world.owner("quick")
    for late in list(world.broker.late):
        world.broker.land(late)
    await goes_on(world)


async def test_who_leaves_lets_go_of_the_turn_that_was_read() -> None:
    """Nothing of it goes on by itself."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    lane = world.lane(limits=EAGER)
    turns: list[asyncio.Task[list[Chunk]]] = []

    def on_batch(tenure: Tenure) -> None:
        tenure.grown = 10**6
        world.send(created(f"lead/{len(world.log)}", "pool:sales"))
        if turn := lane.snapshots._ahead:
            turns.append(turn)
            lane.leave()

    await lane.own(on_batch)
    assert [turn.done() for turn in turns] == [True]
    assert lane.snapshots._ahead is None


COMING: dict[str, Callable[[int], list[Event]]] = {
    "new": lambda number: [created(f"lead/new{number}", "pool:sales")],
    "more": lambda number: [created(f"lead/more{number}-{at}", "pool:sales") for at in range(9)],
    "closed": lambda number: [closed("lead/one")],
    "reopened": lambda number: [reopened("lead/one")],
    "deleted": lambda number: [deleted(f"lead/new{number - 1}")],
    "nothing": lambda number: [],
}


@given(coming=st.lists(st.sampled_from(sorted(COMING)), min_size=5, max_size=25), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_whatever_comes_while_it_is_written_a_snapshot_is_exact(coming: list[str], seed: int) -> None:
    """Each chunk tells of the memory as of the record in front of it, wherever batches and quiet moments fall."""
    asyncio.run(snapshot_among(coming, seed))


async def snapshot_among(coming: list[str], seed: int) -> None:
    world = World()
    owner = await working(world)
    for number, name in enumerate(itertools.islice(itertools.cycle(coming), ROUNDS)):
        world.send(*COMING[name](number))
        owner.tenure.grown = grown_by(owner, TURN_BYTES * ((number + seed) % 4))
        await owner.lane.work_once(owner.tenure)
        if owner.tenure.snapshots:
            break
    await owner.lane.land()
    assert owner.tenure.snapshots
    held = world.state
    world.store.lanes.clear()
    await world.owner("two")
    assert world.state == held
