"""A lane's input that is another topic than before: nothing of it is passed over, and nothing is decided by halves."""

from __future__ import annotations

import pytest

from service.app.probes import beyond_their_input
from service.kafka.memory import Partition
from service.lane.surprise import Halted
from service.lane.surroundings import InputSeen
from tests.core.build import created
from tests.lane.build import INPUT, Owner, World, input_of

OLD, NEW = InputSeen("old"), InputSeen("new")


async def begun() -> tuple[World, Owner]:
    """A lane that has decided two events of a topic that is known."""
    world = World(input=OLD)
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"))
    owner = await world.owner()
    await owner.work(3)
    assert world.owners == ["ann", "bob"]
    return world, owner


def make_anew(world: World, *records: str, epoch: int) -> None:
    """The topic is another one, into which ingest has sent these, read in this epoch."""
    world.broker.partitions[INPUT] = Partition()
    for offset, record in enumerate(records):
        world.put(input_of(created(record, "pool:sales"), (epoch, "crm.records", 0, offset)))


@pytest.mark.parametrize("is_rebuilt", [False, True], ids=["caught up", "rebuilt from the log"])
async def test_a_topic_made_anew_is_read_from_its_beginning(is_rebuilt: bool) -> None:
    """Once all have agreed on it. What was never decided is; what was decided is recognised."""
    world, _ = await begun()
    make_anew(world, "lead/1", "lead/2", "lead/3", "lead/4", epoch=1)
    world.input = NEW
    if is_rebuilt:
        world.store.lanes.clear()
    owner = await world.owner("two")
    await owner.work(3)
    assert world.owners == ["ann", "bob", "cem", "ann"]
    ids = [line.decision_id for batch in world.batches for line in batch.outcomes]
    assert len(set(ids)) == len(ids)


async def test_a_topic_that_is_the_same_is_read_on() -> None:
    """Whoever takes the lane over, and however often."""
    world, _ = await begun()
    for number in (3, 4):
        world.send(created(f"lead/{number}", "pool:sales"))
        await (await world.owner()).work(2)
    assert world.owners == ["ann", "bob", "cem", "ann"]
    assert not [reason for kind, reason in world.outcomes if kind == "dropped"]


async def test_while_nobody_has_agreed_on_it_nothing_is_decided() -> None:
    """Its first events lie below the lane's place and would never be decided: a person is asked."""
    world, owner = await begun()
    make_anew(world, "lead/3", "lead/4", "lead/5", epoch=0)
    world.input = OLD._replace(problem="it was made anew")
    for attempt in (owner.work, world.owner):
        with pytest.raises(Halted, match="it was made anew") as halted:
            await attempt()
        assert halted.value.cause == "input_lost"
    assert world.owners == ["ann", "bob"]


async def test_an_input_that_ends_before_the_place_halts_with_a_remedy() -> None:
    world, owner = await begun()
    make_anew(world, "lead/3", epoch=0)
    with pytest.raises(Halted, match="the topic holds 0 to 1") as halted:
        await owner.work()
    assert halted.value.cause == "input_lost"


@pytest.mark.parametrize(
    ("places", "ends", "lanes"),
    [
        ({0: 5}, {0: 5}, []),
        ({0: 5}, {0: 9}, []),
        ({0: 5}, {}, []),
        ({0: 5}, {0: 4}, [0]),
        ({0: 5, 1: 5, 2: 0}, {0: 0, 1: 6, 2: 0}, [0]),
    ],
)
def test_a_place_behind_the_end_is_seen(places: dict[int, int], ends: dict[int, int], lanes: list[int]) -> None:
    """The driver may wait there for ever and say nothing."""
    assert list(beyond_their_input(places, ends)) == lanes
