"""What was before is remembered with the record: it outlives the process, the memory and a rebuild, and no record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.core.past import Past, known_in
from service.lane.surprise import Surprise
from service.limits import DAY_MS
from service.wire.values import unpack
from tests.core.build import created, deleted, pool, updated
from tests.core.test_changes import rules
from tests.lane.build import World
from tests.lane.test_retention import RETAINED, days_pass


def world() -> World:
    """A lane whose leads go to the pool when they are won."""
    made = World()
    made.configure(pool("ann", "bob", "cem"), rule_sets=rules("stage changed to won", before="stage equals open"))
    return made


def remembered(made: World) -> dict[str, dict[str, object]]:
    """What the memory holds of fields before, by record."""
    found: dict[str, dict[str, object]] = {}
    for key, fields in made.state.items():
        for name, packed in fields.items() if key.startswith("past:") else ():
            value = unpack("past", packed)
            assert isinstance(value, Past)
            found[name] = known_in(value)
    return found


async def test_the_next_owner_knows_what_was_before() -> None:
    """D43 Nothing fires twice, and nothing is lost."""
    made = world()
    made.send(created("lead/1", None, facts={"stage": "open"}), updated("lead/1", facts={"amount": 1}))
    await (await made.owner()).work(3)
    made.send(updated("lead/1", facts={"stage": "won"}))
    await (await made.owner()).work(3)
    assert made.owners == ["ann"]
    made.send(updated("lead/1", facts={"stage": "won"}), updated("lead/1", facts={"stage": "open"}))
    await (await made.owner()).work(3)
    assert made.owners == ["ann"]
    assert remembered(made) == {"main/lead/1": {"stage": "open"}}
    made.check()


async def test_a_memory_that_was_lost_is_built_again_with_what_was_before() -> None:
    """D43 From the log."""
    made = world()
    made.send(created("lead/1", None, facts={"stage": "open"}))
    owner = await made.owner()
    await owner.work(2)
    made.store.lanes.clear()
    made.send(updated("lead/1", facts={"stage": "won"}))
    with pytest.raises(Surprise):
        await owner.work()
    await (await made.owner()).work(2)
    assert made.owners == ["ann"]
    made.check()


async def test_between_batches_what_was_before_is_not_held() -> None:
    """D43 It is loaded with its record, and let go of with it."""
    made = world()
    made.send(created("lead/1", None, facts={"stage": "open"}))
    owner = await made.owner()
    await owner.work(3)
    made.send(created("lead/2", "pool:sales"))
    await owner.work(3)
    state = owner.tenure.book.state("main")
    assert not {*state.records, *state.past} & {"lead/1"}


async def test_what_was_before_goes_with_its_record() -> None:
    """D43 When it is deleted, and when nothing was heard of it for long."""
    made = world()
    made.send(*(created(f"lead/{number}", None, facts={"stage": "open"}) for number in (1, 2)), deleted("lead/1"))
    owner = await made.owner(limits=replace(RETAINED, untouched_ms=40 * DAY_MS))
    await owner.work(3)
    assert remembered(made).keys() == {"main/lead/2"}
    await days_pass(made, owner, 42)
    assert remembered(made) == {}
    made.check()
