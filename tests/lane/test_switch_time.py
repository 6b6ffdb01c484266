"""A switch is decided at no older time than that of what was there when it was begun."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.kafka.port import Arrived
from service.wire.inputs import tick
from tests.core.build import START_MS, created, pool
from tests.lane.build import INPUT, SMALL, World
from tests.lane.lane_world import World as LaneWorld
from tests.lane.lane_world import configuration

HOUR_MS: Final = 3_600_000
EXAMPLES: Final = 25
"""Each is a lane with all that it leaves behind."""
DEEDS: Final = ("time", "time", "send", "configure", "work", "work", "leave")


def switched_ms(world: World) -> list[int]:
    """When the lane went over to each version, by its clock."""
    return [
        batch.time_ms
        for batch in world.batches
        if any(line.reason == "configuration_switched" for line in batch.outcomes)
    ]


async def nothing(limit: int, wait_ms: int) -> Sequence[Arrived]:
    """A poll of an input of which nothing can be read."""
    return ()


def ticks(world: World) -> int:
    """How many ticks came into the lane's input."""
    return sum(record.value == tick() for record in world.broker.partitions[INPUT].records)


async def test_a_lane_at_rest_hears_what_time_it_is_before_it_goes_over() -> None:
    """D53: else quiet hours that are moved were judged by the time of the last input, and what they hold was told."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    owner = await world.owner()
    await owner.work(2)
    world.now_ms += 7 * HOUR_MS
    world.configure(pool("dia"))
    await owner.work(2)
    assert switched_ms(world) == [0, START_MS + 7 * HOUR_MS]
    assert ticks(world) == 1
    world.check()


async def test_a_lane_with_a_backlog_goes_over_at_once_at_the_time_of_what_comes_next() -> None:
    """Nothing is put into its input, and nothing of the backlog is decided before."""
    world = World()
    owner = await world.owner(limits=replace(SMALL, batch_max=1))
    await owner.work(1)
    for number in range(3):
        world.now_ms += HOUR_MS
        world.send(created(f"lead/{number}", "pool:sales"))
    await owner.work(1)
    world.configure(pool("dia"))
    await owner.work(3)
    assert switched_ms(world) == [0, START_MS + 2 * HOUR_MS]
    assert (world.owners, ticks(world)) == (["ann", "dia", "dia"], 0)
    world.check()


async def test_a_lane_that_is_given_none_of_its_inputs_says_by_what_waits_that_it_does_not_go_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own ticks wait with the rest, and `/ready` names a lane for which something waits and that does nothing."""
    world = World()
    owner = await world.owner()
    await owner.work(1)
    world.now_ms += HOUR_MS
    world.configure(pool("dia"))
    with monkeypatch.context() as patched:
        patched.setattr(owner.lane.transport, "poll", nothing)
        await owner.work(3)
        waiting = world.broker.partitions[INPUT].end - owner.tenure.book.place.offset
        assert (switched_ms(world), waiting, ticks(world)) == ([0], 3, 3)
    await owner.work(2)
    assert switched_ms(world) == [0, START_MS + HOUR_MS]
    assert owner.tenure.book.place.offset == world.broker.partitions[INPUT].end
    world.check()


async def test_the_first_configuration_waits_for_nothing() -> None:
    """Nothing is remembered whose time could have come."""
    world = World()
    owner = await world.owner()
    await owner.work(1)
    assert (switched_ms(world), ticks(world)) == ([0], 0)


async def test_who_goes_on_with_a_switch_hours_later_decides_the_rest_at_that_time() -> None:
    """The steps that are left are made by a new owner of the lane: its clock stood as long as nobody had it."""
    world = World()
    owner = await world.owner(limits=replace(SMALL, switch_steps=1))
    await owner.work(1)
    assert owner.tenure.book.switching == {"main"}
    world.now_ms += HOUR_MS
    owner = await world.owner("two")
    await owner.work(1)
    assert (owner.tenure.book.switching, owner.tenure.book.clock_ms) == (set(), world.now_ms)
    world.check()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(
    deeds=st.lists(st.sampled_from(DEEDS), min_size=4, max_size=24),
    batch_max=st.sampled_from((1, 3)),
    switch_steps=st.sampled_from((1, 1_000)),
)
def test_whatever_happens_in_between_no_switch_is_decided_by_a_clock_that_stood(
    deeds: list[str], batch_max: int, switch_steps: int
) -> None:
    """A law, held by the checker: a lane goes over at the time of the input that it does so in front of, or later."""

    async def live() -> World:
        world = World()
        limits = replace(SMALL, batch_max=batch_max, switch_steps=switch_steps)
        owner = await world.owner(limits=limits)
        for number, deed in enumerate(deeds):
            match deed:
                case "time":
                    world.now_ms += HOUR_MS
                case "send":
                    world.send(created(f"lead/{number}", "pool:sales"))
                case "configure":
                    world.configure(pool("ann", f"new-{number}"))
                case "leave":
                    owner = await world.owner(f"owner-{number}", limits=limits)
                case _:
                    await owner.work(1)
        while owner.tenure.book.switching or owner.tenure.book.place.offset < world.broker.partitions[INPUT].end:
            await owner.work(1)
        await owner.work(2)
        return world

    asyncio.run(live()).check()


async def test_a_lane_at_rest_goes_over_in_front_of_its_own_tick(world: LaneWorld) -> None:
    """On a real broker, too: the tick is there before the switch, which is not older. Where a broker is slow to show it
    there may be another.
    """
    await world.send("1")
    before = await world.work()
    world.config = configuration(version=2)
    switched = await world.work()
    assert switched.book.versions == {"main": 2}
    assert switched.book.place.offset == before.book.place.offset
    assert switched.book.clock_ms >= before.book.clock_ms
    world.inputs += 1
    after = await world.work()
    assert after.book.place.offset > before.book.place.offset
    assert after.book.clock_ms >= switched.book.clock_ms
