"""A lane that has taken events of an epoch which nobody knows decides nothing: all that comes would look old."""

from __future__ import annotations

import asyncio

import pytest

from service.lane import takeover
from service.lane.surprise import Left
from tests.core.build import created
from tests.lane.build import TOPICS, World, input_of
from tests.lane.test_lanes import settle


async def begun(epoch: int) -> World:
    """A lane that has decided an event of this epoch."""
    world = World(newest_epoch=epoch)
    world.put(input_of(created("lead/1", "pool:sales"), (epoch, "crm.records", 0, 7)))
    await (await world.owner()).work(2)
    return world


async def test_a_lane_waits_for_an_epoch_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what to do. As soon as it is known, the lane goes on."""
    monkeypatch.setattr(takeover, "LOOK_SECONDS", 0)
    world = await begun(2)
    world.newest_epoch = 0
    world.put(input_of(created("lead/2", "pool:sales"), (0, "crm.records", 0, 0)))
    lane = world.lane("two")
    taking = asyncio.create_task(lane.take_over())
    while not lane.stage.todo:
        await settle()
    assert "fairlead sources reset --above 2" in lane.stage.todo
    assert "waiting to hear of epoch 2" in str(lane.stage)
    assert world.owners == ["ann"]
    world.newest_epoch = 3
    tenure = await taking
    assert tenure.book.source_epoch(TOPICS.events) == 2
    assert not lane.stage.todo


async def test_who_waits_for_an_epoch_leaves_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "LOOK_SECONDS", 0)
    world = await begun(2)
    world.newest_epoch = 1
    lane = world.lane("two")
    taking = asyncio.create_task(lane.take_over())
    while not lane.stage.todo:
        await settle()
    lane.leave()
    with pytest.raises(Left):
        await taking


async def test_an_epoch_of_a_restored_lane_is_no_epoch_of_a_source() -> None:
    """A lane whose input began anew has a newer epoch in its ids, of which nobody else knows."""
    world = await begun(2)
    owner = await world.owner("two")
    owner.tenure.book.begin_input("new", 0, (TOPICS.events, 0))
    assert owner.tenure.book.epoch == 3
    assert owner.tenure.book.source_epoch(TOPICS.events) == 2
