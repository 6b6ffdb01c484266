"""The independent checker follows a lane that was restored, whoever adopts it at once, and sees what that undid."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.lane.recovery import RecoveryRefused, adopt, restore
from service.lane.surprise import Fenced, Halted
from tests.checker import violations
from tests.core.build import created, deleted, owner_changed, pool
from tests.lane.build import World
from tests.lane.test_bounds import until_idle
from tests.lane.test_halted import patient


async def of_two_lives(*names: str) -> World:
    """A lane that has decided these and halts: its memory says it is of another log, though what it holds is right."""
    world = World()
    world.send(*(created(f"lead/{name}", "pool:sales") for name in names))
    await until_idle(await world.owner())
    world.memory.head = world.memory.head._replace(checksum="of another life")
    with pytest.raises(Halted):
        await world.owner("halting")
    return world


async def go_on(world: World, *names: str) -> None:
    world.send(*(created(f"lead/{name}", "pool:sales") for name in names))
    await until_idle(await world.owner("after"))


async def test_a_lane_that_was_restored_goes_on_with_its_numbers() -> None:
    """What its snapshot holds is what the lane is: turns, sequences, marks, and the memory before its next batch."""
    world = await of_two_lives("1", "2", "3")
    await restore(patient(world), "tests", {"main"})
    await world.owner("before anything is decided")
    world.check()
    await go_on(world, "4", "5")
    world.send(deleted("lead/1"), owner_changed("lead/2", "pool:sales", actor="cem"))
    await until_idle(await world.owner("after"))
    world.check()
    assert len(world.owners) >= 5


async def test_what_a_restore_undid_is_seen_when_it_is_decided_otherwise() -> None:
    """A memory of before the last decisions, and a pool that is another now: somebody was told of two owners."""
    world = World()
    world.send(created("lead/1", "pool:sales"))
    await until_idle(await world.owner())
    backup = deepcopy(world.store.lanes)
    await go_on(world, "2")
    world.store.lanes.update(backup)
    world.memory.head = world.memory.head._replace(checksum="of another life")
    await restore(patient(world), "tests", {"main"})
    world.configure(pool("eve"))
    await go_on(world, "3")
    assert violations(world.evidence()) == ["0-0-1-1 is the first with sequence 1; 1 came before"]


class Interrupted:
    """A port of which calls are preceded by something else, which is told their names."""

    def __init__(self, port: Any, before_call: Callable[[str], Awaitable[None]]) -> None:
        self._port, self._before_call = port, before_call

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._port, name)
        if not asyncio.iscoroutinefunction(attribute):
            return attribute

        async def called(*arguments: Any, **options: Any) -> Any:
            await self._before_call(name)
            return await attribute(*arguments, **options)

        return called


@pytest.mark.parametrize("other", ["adopt", "adopt and work", "restore", "restore and work"])
@given(st.sampled_from(["log_bounds", "peek", "seek", "renew", "append", "forget"]), st.integers(1, 4))
def test_whoever_recovers_it_at_once_nothing_is_decided_twice(other: str, call: str, at: int) -> None:
    """Before any step of a restore somebody else adopts or restores the lane, and perhaps starts a process."""

    async def run() -> None:
        world = await of_two_lives("1", "2", "3")
        calls = Counter[str]()

        async def before_call(name: str) -> None:
            calls[name] += 1
            if (name, calls[name]) == (call, at):
                await somebody_else(world, other)

        ours = patient(world)
        ours = replace(
            ours, transport=Interrupted(ours.transport, before_call), store=Interrupted(ours.store, before_call)
        )
        with suppress(RecoveryRefused):
            await restore(ours, "tests", {"main"})
        try:
            await go_on(world, "last")
        except (Halted, Fenced):
            await adopt(patient(world))
            await go_on(world)
        world.check()
        assert len(world.owners) == (5 if calls[call] >= at and "work" in other else 4)

    asyncio.run(run())


async def somebody_else(world: World, how: str) -> None:
    if "adopt" in how:
        await adopt(patient(world))
    else:
        with suppress(RecoveryRefused):
            await restore(patient(world), "other", {"main"})
    if "work" in how:
        await go_on(world, "meanwhile")
        world.configure(pool("eve"))  # whatever was decided twice would be decided otherwise
