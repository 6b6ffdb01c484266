"""A dead letter that is sent again is decided once, however often that is done."""

from __future__ import annotations

from itertools import count

import msgspec
import orjson
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import Event, Target
from service.core.rule_sets import Entry
from service.lane import positions
from service.lane.positions import BLOCK, KEPT_MS, Positions
from service.wire.messages import Position
from service.wire.seals import sealed
from tests.core.build import START_MS, config, created, planted, pool, rules
from tests.lane.build import TOPICS, World, input_of

FIRST = Position(0, "crm.records", 0, 7)


def raises(fact: object) -> bool:
    """A criterion with a bug."""
    raise ZeroDivisionError("planted")


def again(world: World, event: Event, first: Position, division: str | None = None) -> None:
    """The event arrives as a redrive, at the next position of its source."""
    world.sent["crm.records"] = offset = world.sent.get("crm.records", -1) + 1
    value = orjson.loads(input_of(event, (0, "crm.records", 0, offset), division))
    del value["seal"]
    world.put(sealed(orjson.dumps(value | {"redriven": first[:]})))


async def test_what_was_redriven_and_decided_is_nothing_to_do_when_it_comes_again() -> None:
    """D37: also while the first redrive is still under way, and for whoever takes the lane over."""
    world = World()
    owner = await world.owner()
    lead = created("lead/1", "pool:sales")
    for _ in range(2):
        again(world, lead, FIRST)
    await owner.work(2)
    other = await world.owner("two")
    again(world, lead, FIRST)
    again(world, created("lead/2", "pool:sales"), FIRST._replace(offset=8))
    await other.work(2)
    assert world.outcomes[1:] == [
        ("assigned", ""),
        ("nothing", "redriven_already"),
        ("nothing", "redriven_already"),
        ("assigned", ""),
    ]
    world.check()


async def test_a_redrive_that_ends_as_a_dead_letter_may_be_redriven() -> None:
    """D37: until it is decided. A division has no configuration yet, or deciding raises."""
    world = World()
    owner = await world.owner()
    lead = created("lead/1", "pool:sales")
    again(world, lead, FIRST, "west")
    await owner.work(2)
    bug = planted("field", raises)
    broken = config(pool("dia"), rule_sets=rules(Entry("bug", Target("pool", "sales"), (bug,))))
    world.configure(*broken.pools.values(), division="west", rule_sets=broken.rule_sets)
    again(world, created("lead/1"), FIRST, "west")
    await owner.work(2)
    world.configure(pool("dia"), division="west")
    again(world, lead, FIRST, "west")
    again(world, lead, FIRST, "west")
    await owner.work(2)
    ends = [outcome for outcome in world.outcomes if outcome[1] != "configuration_switched"]
    assert ends == [
        ("dead_letter", "no_configuration"),
        ("dead_letter", "decide_raised"),
        ("assigned", ""),
        ("nothing", "redriven_already"),
    ]
    assert len(world.published(TOPICS.dead_letters)) == 2
    world.check()


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30))
def test_each_first_position_is_decided_once(redrives: list[tuple[int, bool]]) -> None:
    """D37, as a law: whatever is redriven in whatever order, and whoever takes over in between."""
    memory, stored, decided = Positions(), dict[str, bytes](), []
    for time, (offset, is_taken_over) in enumerate(redrives):
        first = FIRST._replace(offset=offset * (BLOCK // 2))
        if not memory.holds(first):
            decided.append(first)
            memory.remember(first, START_MS + time)
        for field, value in memory.take_changes():
            assert value is not None
            stored[field] = value
        if is_taken_over:
            memory = Positions()
            for field, value in stored.items():
                memory.absorb(field, value)
    assert len(decided) == len(set(decided)) == len({offset for offset, _ in redrives})


def test_it_is_forgotten_when_no_letter_is_left_to_be_redriven() -> None:
    """It ends with the retention of the topic of dead letters, and what is forgotten leaves the memory."""
    memory = Positions()
    memory.remember(FIRST, START_MS)
    memory.take_changes()
    other = FIRST._replace(partition=1)
    memory.remember(other, START_MS + KEPT_MS - 1)
    assert memory.holds(FIRST)
    memory.remember(other, START_MS + KEPT_MS)
    assert not memory.holds(FIRST)
    assert dict(memory.take_changes())["0/crm.records/0/0"] is None


def test_a_lane_remembers_a_bounded_number_and_the_oldest_go_first() -> None:
    """Also after it was taken over, when the fields come in any order."""
    memory = Positions()
    times = count(START_MS)
    for number in reversed(range(positions.MAX_BLOCKS)):
        memory.absorb(f"0/crm.records/0/{number}", msgspec.json.encode((1, next(times))))
    memory.remember(FIRST._replace(partition=1), next(times))
    assert len(memory) == positions.MAX_BLOCKS
    assert not memory.holds(FIRST._replace(offset=(positions.MAX_BLOCKS - 1) * BLOCK))
    assert memory.holds(FIRST._replace(offset=0))
