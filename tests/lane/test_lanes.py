"""The lanes of a process: the group advises who runs what, and no answer of the log is ever argued with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.core.configuration import Config
from service.kafka.port import MAX_RECORD_BYTES, Arrived, BrokerUnreachable
from service.lane.lanes import Lanes
from service.lane.loop import Lane
from service.lane.takeover import Stage
from service.wire.log_records import Batch, Claim, decode, encode
from service.wire.messages import Message
from tests.core.build import created
from tests.lane.build import LANE, LOG, SMALL, World

ROUNDS = 2_000


class Process:
    """A process with one lane; what its group says can be set."""

    def __init__(self, world: World, name: str = "one", *, is_ours: bool = True) -> None:
        self.world = world
        self.is_ours = is_ours
        self.asked = 0
        self.made = 0
        self.name = name
        self.pauses: list[int] = []
        self.lanes = Lanes(self._make, self._still_ours, self._pause)

    def _make(self, number: int) -> Lane:
        self.made += 1
        return self.world.lane(self.name)

    async def _still_ours(self, number: int) -> bool:
        self.asked += 1
        return self.is_ours

    async def _pause(self, attempt: int) -> None:
        self.pauses.append(attempt)
        await asyncio.sleep(0)

    @property
    def state(self) -> str:
        return self.lanes.running[LANE].state


async def settle() -> None:
    """Let everybody work until nothing new happens."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


def somebody_claims(world: World) -> None:
    """A claim of another process appears in the log."""
    world.broker.write(LOG, [Message("", b"", encode(Claim("somebody")))])


async def test_a_lane_that_is_assigned_works_and_one_that_is_gone_stops() -> None:
    """Assign starts and stops; what stays is left alone."""
    world = World()
    process = Process(world)
    process.lanes.assign([LANE])
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert (world.owners, process.state) == (["ann"], "owned")
    assert process.lanes.positions() == {LANE: 1}
    process.lanes.assign([LANE])
    await settle()
    assert process.made == 1
    process.lanes.assign([])
    assert process.lanes.running == {}
    world.check()


async def test_a_lane_that_was_revoked_works_until_the_next_assignment() -> None:
    """Nothing is told to it; when another claims, it finds out from the log and asks the group."""
    world = World()
    first, second = Process(world, "one"), Process(world, "two")
    first.lanes.assign([LANE])
    await settle()
    first.is_ours = False
    second.lanes.assign([LANE])
    await settle()
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert (first.state, second.state) == ("silent", "owned")
    await first.lanes.stop()
    await second.lanes.stop()
    world.check()


async def test_a_fenced_lane_that_is_still_ours_claims_again() -> None:
    """After a growing pause; a late claim of a zombie must not leave the lane dead."""
    world = World()
    process = Process(world)
    process.lanes.assign([LANE])
    await settle()
    somebody_claims(world)
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert (process.state, process.asked, process.pauses) == ("owned", 1, [1])
    assert world.owners == ["ann"]
    await process.lanes.stop()
    world.check()


async def test_a_silent_lane_starts_again_when_it_is_assigned() -> None:
    """The group has made up its mind."""
    world = World()
    process = Process(world, is_ours=False)
    process.lanes.assign([LANE])
    await settle()
    somebody_claims(world)
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert process.state == "silent"
    process.lanes.assign([LANE])
    await settle()
    assert (process.state, world.owners) == ("owned", ["ann"])
    await process.lanes.stop()


async def test_an_assignment_is_newer_than_an_answer_that_was_asked_for_before() -> None:
    """Else the lane would be silent although it is ours, until the group changes again."""
    world = World()
    process = Process(world)
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    process.lanes.still_ours = lambda number: answer
    process.lanes.assign([LANE])
    await settle()
    somebody_claims(world)
    world.send(created("lead/1", "pool:sales"))
    await settle()
    process.lanes.assign([LANE])
    answer.set_result(False)
    await settle()
    assert (process.state, world.owners) == ("owned", ["ann"])
    await process.lanes.stop()
    world.check()


async def test_an_assignment_counts_also_while_a_silent_lane_lets_go_of_its_connections() -> None:
    """That takes seconds where the broker is slow; nobody would assign the lane once more."""
    world = World()
    process, may_close = Process(world, is_ours=False), asyncio.Event()

    async def close() -> None:
        await may_close.wait()

    process.lanes.assign([LANE])
    process.lanes.running[LANE].lane.transport.close = close  # type: ignore[method-assign]  # a slow broker
    await settle()
    somebody_claims(world)
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert process.state == "silent"
    process.lanes.assign([LANE])
    may_close.set()
    await settle()
    assert (process.state, world.owners) == ("owned", ["ann"])
    await process.lanes.stop()


async def test_a_halted_lane_stays_halted() -> None:
    """Another life of the log is for a person to settle; being assigned once more does not."""
    world = World()
    await (await world.owner()).work()
    world.memory.head = world.memory.head._replace(checksum="other")
    process = Process(world)
    for _ in range(2):
        process.lanes.assign([LANE])
        await settle()
        assert process.state == "halted"
        assert "another log" in process.lanes.running[LANE].problem
    assert process.made == 1
    await process.lanes.stop()


async def test_a_lane_that_is_claimed_in_vain_counts_its_attempts() -> None:
    """A few are nobody's worry; readiness names what failed of too many."""
    world = World()
    process = Process(world)

    async def fails(*values: bytes) -> int:
        raise BrokerUnreachable("no broker")

    def make(number: int) -> Lane:
        lane = world.lane()
        lane.transport.append = fails  # type: ignore[method-assign]  # the broker is away
        return lane

    process.lanes.make = make
    process.lanes.assign([LANE])
    await settle()
    one = process.lanes.running[LANE]
    assert process.pauses == list(range(2, one.attempts + 1))
    assert (one.state, one.problem) == ("claiming", "BrokerUnreachable: no broker")
    await process.lanes.stop()


async def test_a_lane_that_met_a_bug_is_no_owner_and_claims_again() -> None:
    """A dead task must not look like one that works."""
    world = World()
    process = Process(world)

    def make(number: int) -> Lane:
        return world.lane(step=trips)

    process.lanes.make = make
    process.lanes.assign([LANE])
    await settle()
    assert process.state == "claiming"
    assert [trouble.about for trouble in process.lanes.supervisor.troubles()] == [f"lane-{LANE}"]
    process.lanes.assign([])
    await process.lanes.supervisor.stop()


def trips(name: str) -> None:
    """A bug that shows as soon as there is something to decide."""
    if name == "appended":
        raise ZeroDivisionError("planted")


class Held:
    """A step at which lanes are held until a test lets them go on."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()


async def test_assigning_never_waits_for_a_lane_that_is_writing() -> None:
    """The whole group waits for whoever answers late. The number is taken up again only when the old one has ended."""
    world, held = World(), Held()
    process = Process(world)
    append = None

    def make(number: int) -> Lane:
        nonlocal append
        process.made += 1
        lane = world.lane(f"owner-{process.made}")
        if process.made == 1:
            append = lane.transport.append

            async def slow(*values: bytes) -> int:
                assert append is not None
                if any(isinstance(decode(value), Batch) for value in values):
                    held.reached.set()
                    await held.go_on.wait()
                return await append(*values)

            lane.transport.append = slow  # type: ignore[method-assign]  # the broker takes its time
        return lane

    process.lanes.make = make
    process.lanes.assign([LANE])
    world.send(created("lead/1", "pool:sales"))
    await held.reached.wait()
    process.lanes.assign([])
    assert process.lanes.running == {}
    process.lanes.assign([LANE])
    await settle()
    claims = [record.owner for record in world.log if isinstance(record, Claim)]
    assert (claims, process.state) == (["owner-1"], "claiming")
    held.go_on.set()
    await settle()
    claims = [record.owner for record in world.log if isinstance(record, Claim)]
    assert (claims, process.state, world.owners) == (["owner-1", "owner-2"], "owned", ["ann"])
    await process.lanes.stop()
    world.check()


async def test_a_lane_that_waits_for_a_configuration_leaves_when_it_is_told_to() -> None:
    """The topic may lack the version for ever: it is named, and nobody else waits for it."""
    world = World()
    await (await world.owner()).work()
    process = Process(world)

    async def never(division: str, version: int) -> Config:
        await asyncio.Event().wait()
        raise AssertionError

    def make(number: int) -> Lane:
        lane = world.lane()
        return replace(lane, around=replace(lane.around, configured=never))

    process.lanes.make = make
    process.lanes.assign([LANE])
    await settle()
    one = process.lanes.running[LANE]
    assert (one.state, one.lane.awaited) == ("claiming", ("main", 1))
    assert str(one.lane.stage) == "waiting for version 1 of the configuration of main"
    process.lanes.assign([])
    await asyncio.wait_for(process.lanes.stop(), 1)


@pytest.mark.parametrize("doing", ["reading the log", "writing the memory anew"])
async def test_taking_over_heeds_leaving(doing: str) -> None:
    """Between any two records of the log and pieces of the memory: a rebuild of minutes must not hold up the group."""
    world = World()
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(20)))
    await (await world.owner(limits=replace(SMALL, batch_max=2))).work(11)
    world.store.lanes.clear()
    process = Process(world)
    read: list[int] = []

    def make(number: int) -> Lane:
        lane = world.lane()
        heed = lane._heed

        def leave_then(stage: Stage) -> None:
            read.append(stage.done)
            if stage.doing == doing:
                lane.leave()
            heed(stage)

        lane._heed = leave_then  # type: ignore[method-assign]  # told to leave in the midst
        return lane

    process.lanes.make = make
    process.lanes.assign([LANE])
    await settle()
    task = process.lanes.running[LANE].task
    assert task is not None
    assert task.done()
    assert len(world.batches) == 11
    successor = Process(world)
    successor.lanes.assign([LANE])
    await settle()
    assert successor.state == "owned"
    await process.lanes.stop()
    await successor.lanes.stop()
    world.check()


async def test_an_idle_lane_leaves_at_once() -> None:
    """It may wait for long; whoever takes over should not meet it still."""
    world = World()
    lane = world.lane(limits=replace(SMALL, poll_wait_ms=10_000))
    polling = asyncio.Event()

    async def nothing(limit: int, wait_ms: int) -> Sequence[Arrived]:
        polling.set()
        await asyncio.Event().wait()
        return ()

    lane.transport.poll = nothing  # type: ignore[method-assign]  # nothing ever comes
    owning = asyncio.create_task(lane.own(lambda tenure: None))
    await polling.wait()
    lane.leave()
    async with asyncio.timeout(5):
        await owning


async def test_taking_over_says_how_far_it_is() -> None:
    """A rebuild takes long where the log is long; that it goes on must be seen."""
    world = World()
    world.send(*(created(f"lead/{number}", "pool:sales") for number in range(4)))
    await (await world.owner()).work(2)
    world.store.lanes.clear()
    lane, stages = world.lane(), []
    heed = lane._heed

    def note(stage: Stage) -> None:
        stages.append(str(stage))
        heed(stage)

    lane._heed = note  # type: ignore[method-assign]  # to look at what is told
    await lane.take_over()
    assert stages[0] == "claiming"
    assert "reading the log, 1 of 3" in stages
    assert any(stage.startswith("writing the memory anew, 0 of ") for stage in stages)


async def test_outputs_that_no_log_record_takes_go_in_parts() -> None:
    """Control characters take six times their length: nothing is decided again, and nothing lost."""
    world, events = World(), 500
    odd = "\x01" * 200
    world.send(*(created(f"lead/{number}{odd}", "pool:sales", correlation_id=odd) for number in range(events)))
    process = Process(world)
    process.lanes.assign([LANE])
    await settle()
    sizes = [len(record.value) for record in world.broker.partitions[LOG].records]
    assert (max(sizes) <= MAX_RECORD_BYTES, process.pauses, process.state) == (True, [], "owned")
    assert len(world.owners) == events
    await process.lanes.stop()
    world.check()
