"""A lane at rest looks at its memory by itself: what is gone is built anew before the next event needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from service.lane.surprise import Surprise
from service.lane.watching import KEYS_PER_LOOK, LOOK_MS, MemoryWatch
from service.store.keys import LAYOUT, Layout
from service.store.memory import MemoryStore
from service.store.port import Refusal, StoreUnreachable
from tests.core.build import created
from tests.lane.build import LANE, World
from tests.lane.lane_world import World as BackEnds
from tests.lane.test_lanes import Process, settle

LOOKS_AT_ALL = -(-len(LAYOUT.keys) // KEYS_PER_LOOK)


class Asked(MemoryStore):
    """A memory that counts what is loaded from it, and that may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.is_away = False

    async def load(
        self, lane: int, token: int, revision: int, wanted: Sequence[tuple[str, str]]
    ) -> list[bytes | None] | Refusal:
        """See `Store.load`."""
        self.asked.append(len(wanted))
        if self.is_away:
            raise StoreUnreachable("away")
        return await super().load(lane, token, revision, wanted)


async def resting(store: MemoryStore) -> tuple[World, Process]:
    """A process whose one lane has decided all that came."""
    world = World(store=store)
    world.send(created("lead/1", "pool:sales"))
    process = Process(world)
    process.lanes.assign([LANE])
    await settle()
    assert (world.owners, process.state) == (["ann"], "owned")
    return world, process


async def rest(world: World, looks: int = 1) -> None:
    """Let so much time pass that the lane has looked so often."""
    for _ in range(looks):
        world.now_ms += LOOK_MS
        for _ in range(50):
            await asyncio.sleep(0)


@pytest.mark.parametrize("lost", ["all", "last key", "record"])
async def test_a_lane_at_rest_notices_a_lost_memory(lost: str) -> None:
    """And builds it anew from its log: in seconds where all is gone, else when the key's turn comes."""
    world, process = await resting(MemoryStore())
    before = world.state
    match lost:
        case "all":
            del world.store.lanes[LANE]
        case "last key":
            del world.memory.content[LAYOUT.keys[-1]]
        case _:
            del world.memory.content[LAYOUT.key("record", "main/lead/1")]
    await rest(world, 1 if lost == "all" else LOOKS_AT_ALL)
    await settle()
    assert world.state == before
    assert LAYOUT.keys[-1] in world.memory.content
    assert process.state == "owned"
    world.check()


async def test_looking_is_one_small_question_in_some_seconds() -> None:
    """However long a lane rests; and none while no time passes."""
    store = Asked()
    world, _ = await resting(store)
    store.asked.clear()
    await settle()
    assert store.asked == []
    await rest(world, LOOKS_AT_ALL)
    assert len(store.asked) == LOOKS_AT_ALL
    assert max(store.asked) <= KEYS_PER_LOOK
    assert sum(store.asked) >= len(LAYOUT.keys) - KEYS_PER_LOOK


async def test_a_memory_that_does_not_answer_is_no_lost_one() -> None:
    """The lane keeps its claim, and looks again when it answers."""
    store = Asked()
    world, process = await resting(store)
    claims = len(world.log)
    store.is_away = True
    await rest(world, 3)
    assert (process.state, len(world.log)) == ("owned", claims)
    store.is_away = False
    del world.store.lanes[LANE]
    await rest(world)
    await settle()
    assert (process.state, world.memory.head.building) == ("owned", False)
    assert len(world.log) > claims
    assert process.pauses == []


async def look_at_all(watch: MemoryWatch, after: int = 1) -> None:
    """Look so often that every key had its turn."""
    for looks in range(after, after + LOOKS_AT_ALL + 1):
        await watch.look(looks * LOOK_MS)


@pytest.mark.parametrize("lost", ["all", "key"])
async def test_a_look_at_a_whole_memory_finds_nothing_and_at_a_lost_one_that(world: BackEnds, lost: str) -> None:
    """In memory, and in a real Redis."""
    await world.send("1")
    tenure = await world.work()
    watch = MemoryWatch(tenure, world.store)
    await look_at_all(watch)
    if lost == "all":
        await world.store.forget(LANE)
    else:
        watch.tenure.layout = Layout({**LAYOUT.kinds, "of_another": 1})
    with pytest.raises(Surprise):
        await look_at_all(watch, after=LOOKS_AT_ALL + 1)
