"""Taking over a lane: from whatever the last owner left, to where the log says it is."""

from __future__ import annotations

import asyncio
import copy

import pytest

from service.core.events import MemberEvent
from service.core.state import KINDS, LEVEL
from service.kafka.memory import Fault
from service.lane.book import Book
from service.lane.lanes import Lanes
from service.lane.surprise import Fenced, Halted, Surprise
from service.lane.surroundings import Step
from service.store.port import NO_REVISION, Head
from service.wire.log_records import Claim
from service.wire.messages import Message
from tests.core.build import MINUTE_MS, START_MS, created
from tests.lane.build import LANE, LOG, TOPICS, World


def dies_after(name: str) -> Step:
    """A step at which the process ends."""

    def step(done: str) -> None:
        if done == name:
            raise Dead

    return step


class Dead(Exception):
    """The process is gone."""


async def test_the_next_owner_goes_on_where_the_log_ends() -> None:
    """Turns go on, nothing is decided again."""
    world = World()
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"))
    await (await world.owner("one")).work(2)
    world.send(created("lead/3", "pool:sales"))
    await (await world.owner("two")).work()
    assert world.owners == ["ann", "bob", "cem"]
    world.check()


@pytest.mark.parametrize("step", ["appended", "advanced", "published"])
async def test_the_next_owner_publishes_the_last_batch_again(step: str) -> None:
    """Only the outputs of the last batch can be missing; they come again with the same bytes."""
    world = World()
    await (await world.owner()).work()
    world.send(created("lead/1", "pool:sales"))
    dying = await world.owner(step=dies_after(step))
    with pytest.raises(Dead):
        await dying.work()
    before = len(world.published())
    await world.owner("two")
    assert len(world.published()) == before + 1
    assert len({(each.key, each.value, each.headers) for each in world.published()}) == 1
    world.check()


async def test_a_batch_that_never_reached_the_log_is_decided_by_the_next_owner() -> None:
    """Before the append nothing has happened."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    dying = await world.owner(step=dies_after("decided"))
    with pytest.raises(Dead):
        await dying.work(2)
    await (await world.owner("two")).work()
    assert world.owners == ["ann"]
    world.check()


async def test_a_flushed_memory_is_built_again_from_the_log() -> None:
    """The owner finds it behind, claims again, and goes on with nothing lost."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await owner.work(2)
    world.store.lanes.clear()
    world.send(created("lead/2", "pool:sales"))
    with pytest.raises(Surprise):
        await owner.work()
    await (await world.owner()).work()
    assert world.owners == ["ann", "bob"]
    world.check()


async def test_what_stays_in_memory_is_taken_from_the_log_where_the_memory_was_made_of_it() -> None:
    """A new owner knows the same whether it read the memory or wrote it anew."""
    world = World()
    world.send(created("lead/1", "pool:sales"), MemberEvent("m1", "ann", "away"), created("lead/2", "pool:sales"))
    await (await world.owner()).work(4)
    read = (await world.owner("reads")).tenure.book
    world.store.lanes.clear()
    written = (await world.owner("writes")).tenure.book
    for book in (read, written):
        state = book.divisions["main"]
        assert state.people.keys() == {"ann"}
        assert state.pools.keys() == {"sales"}
    assert _known(written) == _known(read)


def _known(book: Book) -> list[object]:
    states = [{kind: dict(state.values_of(row)) for kind, row in KINDS.items()} for state in book.divisions.values()]
    return [book.place, book.clock_ms, book.marks, book.versions, book.epoch, *states]


async def test_a_memory_restored_from_an_older_copy_is_caught_up() -> None:
    """Only what the log has after the copy is applied, and the records in it are not loaded stale."""
    world = World()
    owner = await world.owner()
    world.send(created("lead/1", "pool:sales"))
    await owner.work(2)
    copied = copy.deepcopy(world.store.lanes)
    world.send(created("lead/2", "pool:sales"))
    await owner.work()
    world.store.lanes = copied
    await world.owner()
    world.check()


async def test_a_rebuild_that_was_interrupted_is_begun_again() -> None:
    """A memory that is being built means nothing to the next owner."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    await (await world.owner()).work(2)
    world.store.lanes.clear()
    with pytest.raises(Dead):
        await world.owner(step=dies_after("rebuilding"))
    assert world.memory.head.building
    await world.owner("two")
    world.check()


async def test_who_was_claimed_after_stops_and_publishes_nothing() -> None:
    """Contiguous offsets are the fence: the zombie's batch lands behind the claim and does not count."""
    world = World()
    zombie = await world.owner("zombie")
    await zombie.work()
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner("owner")
    with pytest.raises(Fenced):
        await zombie.work()
    assert world.published() == []
    await owner.work()
    assert world.owners == ["ann"]
    world.check()


async def test_a_late_record_under_an_older_token_is_stepped_over() -> None:
    """It counts for nobody, and the owner who finds it in the gap in front of their own goes on."""
    world = World()
    owner = await world.owner()
    await owner.work()
    world.send(created("lead/1", "pool:sales"))
    late = world.broker.partitions[LOG].records[1].value.replace(b'"token":0', b'"token":-5')
    world.broker.write(LOG, [Message("", b"", late)])
    await owner.work()
    assert world.owners == ["ann"]
    world.check()


async def test_a_log_that_is_cut_while_it_is_read_is_read_again() -> None:
    """An earlier owner may still delete what their snapshot made superfluous: a reason to claim again, not to halt."""
    world = World()
    await (await world.owner()).work()
    world.store.lanes.clear()
    lane = world.lane("two")
    bounds = lane.transport.log_bounds

    async def cut_right_after() -> tuple[int, int]:
        found = await bounds()
        if found[1] > 2:
            await lane.transport.truncate_log(1)
        return found

    lane.transport.log_bounds = cut_right_after  # type: ignore[method-assign]  # the other one cuts right after us
    with pytest.raises(Surprise, match="cut"):
        await lane.take_over()


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_lost_append_is_never_hoped_for(fault: Fault) -> None:
    """Whether it arrived, did not, or will: claim again and read the log, which says so."""
    world = World()
    owner = await world.owner()
    await owner.work()
    world.send(created("lead/1", "pool:sales"))
    faults = [fault]
    world.broker.fault = lambda operation, topic: faults.pop() if operation == "append" and faults else None
    with pytest.raises(Exception, match="append"):
        await owner.work()
    second = await world.owner()
    for late in list(world.broker.late):
        world.broker.land(late)
    await second.work(2)
    assert set(world.owners) == {"ann"}
    world.check()


async def test_a_memory_beyond_the_logs_end_halts() -> None:
    """Redis is never ahead of the log: this is another life of the log, and a person must choose."""
    world = World()
    await (await world.owner()).work()
    world.memory.head = Head(1_000, "other")
    with pytest.raises(Halted, match="another log"):
        await world.owner()


async def test_a_memory_with_another_checksum_halts() -> None:
    """The batch that it holds is not the one that stands in the log."""
    world = World()
    await (await world.owner()).work()
    world.memory.head = world.memory.head._replace(checksum="other")
    with pytest.raises(Halted, match="another log"):
        await world.owner()


async def test_a_memory_at_a_record_that_is_no_batch_halts() -> None:
    """Its revision is the offset of a claim: another log again."""
    world = World()
    await (await world.owner()).work()
    world.memory.head = world.memory.head._replace(revision=0)
    with pytest.raises(Halted, match="another log"):
        await world.owner()


async def test_a_memory_that_knows_a_newer_claim_than_the_log_halts() -> None:
    """FENCED without a newer claim in the log."""
    world = World()
    await (await world.owner()).work()
    world.memory.token = 1_000
    with pytest.raises(Halted, match="newer claim"):
        await world.owner()


async def test_a_claim_that_another_has_overtaken_is_given_up() -> None:
    """FENCED with a newer claim in the log: they are the owner."""
    world = World()
    lane = world.lane("slow")
    append = lane.transport.append

    async def overtaken(*values: bytes) -> int:
        token = await append(*values)
        await world.owner("quick")
        return token

    lane.transport.append = overtaken  # type: ignore[method-assign]  # the other one claims right after us
    with pytest.raises(Fenced):
        await lane.take_over()


async def test_an_empty_memory_beside_an_empty_log_begins_at_nothing() -> None:
    """The first owner there ever was."""
    world = World()
    owner = await world.owner()
    assert (owner.tenure.head.revision, owner.tenure.book.place.offset) == (NO_REVISION, 0)
    assert world.log == [Claim("one", LEVEL)]


async def test_timers_and_parked_records_come_back_with_the_lane() -> None:
    """D3: who waits is served by the next owner when somebody is back, by the time of the log."""
    world = World()
    away = [MemberEvent(f"e-{person}", person, "away", START_MS + MINUTE_MS) for person in ("ann", "bob", "cem")]
    owner = await world.owner()
    await owner.work()
    world.send(*away)
    world.send(created("lead/1", "pool:sales"))
    await owner.work()
    assert world.owners == []
    world.now_ms += 2 * MINUTE_MS
    await (await world.owner("two")).work(3)
    assert len(world.owners) == 1
    assert world.broker.records(TOPICS.events)[-1].value == b'{"tick":1}'
    world.check()


async def test_an_idle_lane_ticks_only_when_a_timer_is_due() -> None:
    """No timer, no tick; and not again at once while the tick is under way, also when the clock was turned back."""
    world = World()
    owner = await world.owner()
    await owner.work(3)
    assert world.broker.records(TOPICS.events) == []
    world.send(MemberEvent("e", "ann", "away", START_MS + MINUTE_MS))
    await owner.work()
    world.now_ms += 60 * MINUTE_MS
    owner.lane._ticked_ms = world.now_ms + MINUTE_MS
    world.broker.fault = lambda operation, topic: Fault.BEFORE if operation == "tick" else None
    with pytest.raises(Exception, match="tick"):
        await owner.work()


async def test_the_first_surprise_is_answered_at_once() -> None:
    """A memory that was emptied is made anew without a pause: somebody waits for the next assignment."""
    world = World()
    pauses: list[int] = []

    async def pause(attempt: int) -> None:
        pauses.append(attempt)

    async def still_ours(number: int) -> bool:
        return True

    lanes = Lanes(lambda number: world.lane(), still_ours, pause)
    lanes.assign([LANE])
    for lead in ("lead/1", "lead/2"):
        world.store.lanes.clear()
        world.send(created(lead, "pool:sales"))
        for _ in range(2_000):
            await asyncio.sleep(0)
    assert (lanes.running[LANE].state, pauses, len(world.owners)) == ("owned", [], 2)

    for again in (1, 2):
        world.store.lanes.clear()
        world.send(created(f"lead/again-{again}", "pool:sales"))
        for _ in range(2_000):
            await asyncio.sleep(0)
        assert pauses == [1] * again, "a memory that is lost again and again does not fill the log with claims"
    await lanes.stop()
    world.check()
