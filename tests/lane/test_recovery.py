"""A lane whose log and memory contradict each other comes back, either way, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Awaitable
from copy import deepcopy

import pytest

from service.kafka.memory import Operation, no_fault
from service.kafka.partitions import Place
from service.lane.recovery import RecoveryRefused, adopt, restore, survey
from service.lane.surprise import Halted
from service.store.keys import LAYOUT
from service.store.memory import MemoryStore
from service.store.port import NO_REVISION, Head
from service.wire.log_records import Claim, Opening, encode
from service.wire.messages import Message
from tests.lane.lane_world import LANE, World, configuration, in_memory, lane_input, owners, turn


async def worked(world: World, *records: str) -> None:
    """A lane that has decided these records."""
    await world.send(*records)
    await world.work()


async def decision_ids(world: World) -> list[str]:
    """The ids of all decisions on the topic, as published, of a world in memory."""
    assert world.broker is not None
    records = world.broker.records(world.topics.assignments)
    return [(dict(record.headers)["ce_id"] or b"").decode() for record in records]


async def test_adopting_rebuilds_the_memory_from_the_log(world: World) -> None:
    """The memory is of another life: it knows a claim that the log has not. Afterwards it is what the log says."""
    await worked(world, "1", "2", "3", "4")
    await world.store.fence(LANE, 10_000)
    with pytest.raises(Halted):
        await world.work()
    await adopt(world.patient())
    await world.send("5")
    tenure = await world.work()
    assert turn(tenure) == 5
    assert owners(tenure) == {"ann": 2, "bob": 2, "eve": 1}


async def test_a_restored_lane_goes_on_with_the_turns_of_its_memory_on_a_new_log(world: World) -> None:
    """The log topic was lost: turn numbers, open items and the place in the input go on as if nothing had been."""
    await worked(world, "1", "2", "3", "4")
    await world.lose_topics()
    with pytest.raises(Halted):
        await world.work()
    done = await restore(world.patient(), "tests", {"main"})
    assert done.input.offset == 4
    await world.send("5")
    tenure = await world.work()
    assert turn(tenure) == 5
    assert owners(tenure) == {"ann": 2, "bob": 2, "eve": 1}


async def test_a_restored_lane_can_be_claimed_again_before_it_has_decided_anything(world: World) -> None:
    """The revision is none until the next batch, so each claim rebuilds from the snapshot."""
    await worked(world, "1", "2")
    await world.lose_topics()
    await restore(world.patient(), "tests", {"main"})
    await world.work()
    assert turn(await world.work()) == 2


async def test_a_log_that_another_life_wrote_is_overruled_by_a_restore(world: World) -> None:
    """What stands before the restore's claim does not count any more."""
    await worked(world, "1", "2", "3")
    kept, world.store = world.store, MemoryStore()
    await world.lose_topics()
    await worked(world, "other-1")
    world.store = kept
    with pytest.raises(Halted):
        await world.work()
    assert not (await survey(world.patient())).belong_together
    await restore(world.patient(), "tests", {"main"})
    await world.send("5")
    tenure = await world.work()
    assert turn(tenure) == 5
    assert tenure.book.state("main").membership.members("sales") == ["ann", "bob", "eve"]


async def test_an_input_that_was_begun_anew_is_read_from_its_beginning(world: World) -> None:
    """What was taken before is dropped, the others are decided, and the ids of decisions do not repeat."""
    await worked(world, "1", "2", "3")
    await world.lose_topics(log=True, events=True)
    await world.send("3", "4", offset=2)
    found = await survey(world.patient())
    assert found.input_fate == "begun_anew"
    done = await restore(world.patient(), "tests", {"main"})
    assert done.input.offset == 0
    tenure = await world.work()
    assert (turn(tenure), tenure.book.epoch) == (4, 1)


async def test_ids_of_decisions_on_an_input_begun_anew_are_new() -> None:
    """Consumers ignore an id they have seen: with offsets that begin again the epoch must be another."""
    world = in_memory()
    await worked(world, "1", "2", "3")
    before = await decision_ids(world)
    await world.lose_topics(log=True, events=True)
    await world.send("4", "5", "6")
    await restore(world.patient(), "tests", {"main"})
    await world.work()
    after = await decision_ids(world)
    assert after[: len(before)] == before
    assert len(after) == len(set(after)) == 6


async def test_an_input_begun_anew_that_has_grown_again_is_recognised(world: World) -> None:
    """The place is in range, but what stands before it was never taken."""
    await worked(world, "1", "2")
    await world.lose_topics(log=True, events=True)
    await world.send("3", "4", "5")
    assert (await survey(world.patient())).input_fate == "begun_anew"


@pytest.mark.parametrize(
    "stranger", [lane_input("s", 900)[:-1] + b" }", lane_input("s", 900, epoch=5)], ids=["changed", "epoch"]
)
async def test_what_the_lane_did_not_believe_says_nothing_of_its_input(stranger: bytes) -> None:
    """A stranger's input before its place was never taken: it was a dead letter, and the topic is still the same."""
    world = in_memory()
    await worked(world, "1", "2")
    await world.transport().tick(stranger)
    world.inputs += 1
    await worked(world, "3")
    assert (await survey(world.patient())).input_fate == "goes_on"


async def test_an_input_known_to_be_another_is_read_from_its_beginning_on_demand() -> None:
    """Where all that stands before the place was taken, only a person can know; it is dropped then, and nothing is
    decided twice.
    """
    world = in_memory()
    await worked(world, "1", "2")
    await world.lose_topics()
    done = await restore(world.patient(), "tests", {"main"}, input_begun_anew=True)
    assert done.input.offset == 0
    tenure = await world.work()
    assert turn(tenure) == 2
    assert tenure.book.place.offset == 2


async def test_events_that_were_deleted_before_they_were_read_are_told() -> None:
    """The lane goes on with what is there."""
    world = in_memory()
    await worked(world, "1")
    await world.send("2", "3")
    await world.lose_topics()
    assert world.broker is not None
    events = world.broker.partitions[Place(world.topics.events, LANE)]
    del events.records[:2]
    events.begin = 2
    assert (await survey(world.patient())).input_fate == "lost"
    assert (await restore(world.patient(), "tests", {"main"})).input.offset == 2


async def test_a_lost_input_alone_is_restored_on_the_same_log() -> None:
    """Log and memory belong together, but the lane could never read on."""
    world = in_memory()
    await worked(world, "1", "2", "3")
    await world.lose_topics(log=False, events=True)
    assert (await survey(world.patient())).belong_together
    await restore(world.patient(), "tests", {"main"})
    await world.send("4")
    assert turn(await world.work()) == 4


async def test_a_restored_lane_goes_over_to_the_configuration_that_is_valid_now() -> None:
    """The configuration topic may be another one, whose versions begin again."""
    world = in_memory()
    world.config = configuration(version=7)
    await worked(world, "1")
    world.config = configuration(version=1)
    await world.lose_topics()
    await restore(world.patient(), "tests", {"main"})
    tenure = await world.work()
    assert tenure.book.versions == {"main": 1}
    assert tenure.book.state("main").membership.members("sales") == ["ann", "bob", "eve"]


async def test_what_is_restored_is_the_memory_to_the_byte(world: World) -> None:
    """All but the lane's own place and versions; nothing is made up, nothing left out."""
    await worked(world, *(f"r{number}" for number in range(300)))
    _, before = await world.store.peek(LANE, LAYOUT.keys)
    await world.lose_topics()
    await restore(world.patient(), "tests", {"main"})
    head, gone = await world.store.peek(LANE, LAYOUT.keys)
    assert (head, [fields for fields in gone if fields]) == (Head(), [])
    await world.work()
    _, after = await world.store.peek(LANE, LAYOUT.keys)
    kept = [(key, a, b) for key, a, b in zip(LAYOUT.keys, before, after, strict=True) if key != "lane:0"]
    assert all(a == b for _, a, b in kept)


async def refused(work: Awaitable[object]) -> str:
    """What recovery says against it."""
    with pytest.raises(RecoveryRefused) as caught:
        await work
    return str(caught.value)


async def test_a_log_that_cannot_rebuild_is_not_adopted() -> None:
    """Then the memory is all there is."""
    world = in_memory()
    await worked(world, "1", "2")
    await world.transport().truncate_log(2)
    assert "no complete snapshot" in await refused(adopt(world.patient()))
    assert (await world.store.peek(LANE, []))[0].revision != NO_REVISION


async def test_a_memory_that_belongs_to_the_log_is_not_restored(world: World) -> None:
    """A memory that is only behind would undo what the log has decided since."""
    await worked(world, "1", "2")
    before = await world.transport().log_bounds()
    assert "nothing to restore" in await refused(restore(world.patient(), "tests", {"main"}))
    assert await world.transport().log_bounds() == before


async def test_an_empty_or_half_built_memory_is_not_restored() -> None:
    """There is nothing whole in it."""
    world = in_memory()
    assert "nothing whole" in await refused(restore(world.patient(), "tests", {"main"}))
    await world.store.fence(LANE, 1)
    await world.store.begin(LANE, 1, LAYOUT)
    assert "nothing whole" in await refused(restore(world.patient(), "tests", {"main"}))


async def test_a_memory_that_lost_a_part_is_not_restored() -> None:
    """Its snapshot would carry the loss into the log."""
    world = in_memory()
    await worked(world, "1")
    await world.lose_topics()
    assert isinstance(world.store, MemoryStore)
    world.store.lanes[LANE].content.pop(LAYOUT.keys_of("record")[5])
    assert "nothing whole" in await refused(restore(world.patient(), "tests", {"main"}))


async def test_a_division_without_a_configuration_is_told_before_anything_is_written() -> None:
    """The restored lane would reject its events."""
    world = in_memory()
    await worked(world, "1")
    await world.lose_topics()
    assert "config publish" in await refused(restore(world.patient(), "tests", set()))
    assert await world.transport().log_bounds() == (0, 0)


async def test_a_restore_gives_up_when_somebody_else_writes_into_the_log() -> None:
    """Its snapshot does not count without its end, and the memory stays."""
    world = in_memory()
    await worked(world, "1")
    await world.lose_topics()
    assert world.broker is not None
    broker, log = world.broker, Place(world.topics.log, LANE)

    def claim_in_between(operation: Operation, topic: str) -> None:
        if broker.partitions[log].end == 1:
            broker.write(log, [Message(log.topic, b"", encode(Claim("somebody")))])

    broker.fault = claim_in_between
    head, _ = await world.store.peek(LANE, [])
    said = await refused(restore(world.patient(), "tests", {"main"}))
    assert "somebody else writes" in said
    assert (await world.store.peek(LANE, []))[0] == head


async def test_a_restore_does_not_overrule_what_was_decided_while_it_looked() -> None:
    """Somebody adopted the log meanwhile and started a process: what that decided is published, and stays."""
    world = in_memory()
    await worked(world, "1", "2")
    await world.lose_topics()
    patient = world.patient()
    renew = patient.transport.renew

    async def adopted_meanwhile() -> None:
        await adopt(world.patient())
        await worked(world, "3")
        await renew()

    patient.transport.renew = adopted_meanwhile  # type: ignore[method-assign]  # right before its claim
    assert "stop all processes" in await refused(restore(patient, "tests", {"main"}))
    await world.send("4")
    assert turn(await world.work()) == 4


async def test_what_does_not_count_does_not_stop_a_restore() -> None:
    """Somebody who is fenced writes on for a while, or a stranger does; the last record of the snapshot counts."""
    world = in_memory()
    await worked(world, "1", "2")
    await world.lose_topics()
    assert world.broker is not None
    broker, log = world.broker, Place(world.topics.log, LANE)

    def noise(operation: Operation, topic: str) -> None:
        end = broker.partitions[log].end
        broker.write(log, [Message(log.topic, b"", [b"noise", encode(Opening(-2, {}))][end % 2])] if end else [])

    broker.fault = noise
    await restore(world.patient(), "tests", {"main"})
    broker.fault = no_fault
    await world.send("3")
    assert turn(await world.work()) == 3


async def test_a_restore_that_was_interrupted_may_be_run_again() -> None:
    """Its snapshot is complete, the memory still there: another restore, or adopting, ends at the same state."""
    world = in_memory()
    await worked(world, "1", "2")
    await world.lose_topics()
    assert isinstance(world.store, MemoryStore)
    kept = deepcopy(world.store.lanes)
    await restore(world.patient(), "tests", {"main"})
    world.store.lanes.update(kept)
    await adopt(world.patient())
    await world.send("3")
    assert turn(await world.work()) == 3
