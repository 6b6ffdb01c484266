"""The lanes of a process: the group advises who runs what, and no answer of the log is ever argued with."""

from __future__ import annotations

import asyncio

from service.kafka.port import MAX_RECORD_BYTES, BrokerUnreachable, Message
from service.lane.lanes import TOLERATED_ATTEMPTS, Lanes
from service.lane.loop import Lane
from service.wire.log_records import Claim, encode
from tests.core.build import created
from tests.lane.build import LANE, LOG, World

ROUNDS = 300


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

    async def _make(self, number: int) -> Lane:
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
    await process.lanes.assign([LANE])
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert (world.owners, process.state) == (["ann"], "owned")
    assert process.lanes.positions() == {LANE: 1}
    await process.lanes.assign([LANE])
    await settle()
    assert process.made == 1
    await process.lanes.assign([])
    assert process.lanes.running == {}
    world.check()


async def test_a_lane_that_was_revoked_works_until_the_next_assignment() -> None:
    """Nothing is told to it; when another claims, it finds out from the log and asks the group."""
    world = World()
    first, second = Process(world, "one"), Process(world, "two")
    await first.lanes.assign([LANE])
    await settle()
    first.is_ours = False
    await second.lanes.assign([LANE])
    await settle()
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert (first.state, second.state) == ("silent", "owned")
    assert first.lanes.is_ready
    await first.lanes.stop()
    await second.lanes.stop()
    world.check()


async def test_a_fenced_lane_that_is_still_ours_claims_again() -> None:
    """After a growing pause; a late claim of a zombie must not leave the lane dead."""
    world = World()
    process = Process(world)
    await process.lanes.assign([LANE])
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
    await process.lanes.assign([LANE])
    await settle()
    somebody_claims(world)
    world.send(created("lead/1", "pool:sales"))
    await settle()
    assert process.state == "silent"
    await process.lanes.assign([LANE])
    await settle()
    assert (process.state, world.owners) == ("owned", ["ann"])
    await process.lanes.stop()


async def test_an_assignment_is_newer_than_an_answer_that_was_asked_for_before() -> None:
    """Else the lane would be silent although it is ours, until the group changes again."""
    world = World()
    process = Process(world)
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    process.lanes.still_ours = lambda number: answer
    await process.lanes.assign([LANE])
    await settle()
    somebody_claims(world)
    world.send(created("lead/1", "pool:sales"))
    await settle()
    await process.lanes.assign([LANE])
    answer.set_result(False)
    await settle()
    assert (process.state, world.owners) == ("owned", ["ann"])
    await process.lanes.stop()
    world.check()


async def test_a_halted_lane_stays_halted_and_is_not_ready() -> None:
    """Another life of the log is for a person to settle; being assigned once more does not."""
    world = World()
    await (await world.owner()).work()
    world.memory.head = world.memory.head._replace(checksum="other")
    process = Process(world)
    for _ in range(2):
        await process.lanes.assign([LANE])
        await settle()
        assert process.state == "halted"
        assert not process.lanes.is_ready
        assert "another log" in process.lanes.running[LANE].problem
    assert process.made == 1
    await process.lanes.stop()


async def test_a_lane_that_is_claimed_in_vain_for_long_is_not_ready() -> None:
    """A few attempts are nobody's worry."""
    world = World()
    process = Process(world)

    async def fails(value: bytes) -> int:
        raise BrokerUnreachable("no broker")

    async def make(number: int) -> Lane:
        lane = world.lane()
        lane.transport.append = fails  # type: ignore[method-assign]  # the broker is away
        return lane

    async def pause(attempt: int) -> None:
        assert process.lanes.is_ready == (attempt <= TOLERATED_ATTEMPTS)
        await process._pause(attempt)

    process.lanes.make, process.lanes.pause = make, pause
    await process.lanes.assign([LANE])
    await settle()
    assert len(process.pauses) > TOLERATED_ATTEMPTS
    assert not process.lanes.is_ready
    await process.lanes.stop()


async def test_a_lane_that_met_a_bug_is_not_ready() -> None:
    """A dead task must not look like an owner."""
    world = World()
    process = Process(world)

    async def make(number: int) -> Lane:
        return world.lane(step=trips)

    process.lanes.make = make
    await process.lanes.assign([LANE])
    await settle()
    assert not process.lanes.is_ready
    await process.lanes.stop()


def trips(name: str) -> None:
    """A bug that shows as soon as there is something to decide."""
    if name == "appended":
        raise ZeroDivisionError("planted")


async def test_outputs_that_no_log_record_takes_go_in_parts() -> None:
    """Control characters take six times their length: nothing is decided again, and nothing lost."""
    world, events = World(), 500
    odd = "\x01" * 200
    world.send(*(created(f"lead/{number}{odd}", "pool:sales", correlation_id=odd) for number in range(events)))
    process = Process(world)
    await process.lanes.assign([LANE])
    await settle()
    sizes = [len(record.value) for record in world.broker.partitions[LOG].records]
    assert (max(sizes) <= MAX_RECORD_BYTES, process.pauses, process.state) == (True, [], "owned")
    assert len(world.owners) == events
    await process.lanes.stop()
    world.check()
