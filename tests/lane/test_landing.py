"""A batch that is true lands while the next one is prepared, and never do two of them land at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.kafka.memory import MemoryTransport
from service.kafka.port import Lost
from service.wire.messages import Message
from tests.core.build import created
from tests.lane.build import LANE, SMALL, TOPICS, Owner, World

ROUNDS = 50


class Gated(MemoryTransport):
    """A broker that is slow to take outputs: it waits for the gate, and refuses them where `is_away` says so."""

    def __init__(self, world: World) -> None:
        super().__init__(world.broker, LANE, TOPICS)
        self.gate = asyncio.Event()
        self.is_away = False

    async def publish(self, messages: Sequence[Message]) -> None:
        await self.gate.wait()
        if self.is_away:
            raise Lost("away")
        await super().publish(messages)


async def owner_with(world: World, transport: Gated, steps: list[str]) -> Owner:
    """Somebody who has the configuration, decides one event a batch, and publishes through the gate from now on."""
    owner = await world.owner(limits=replace(SMALL, batch_max=1), step=steps.append)
    await owner.work()
    owner.lane.transport = owner.lane._landing.transport = transport
    await transport.seek(owner.tenure.book.place.offset)
    steps.clear()
    return owner


async def settle() -> None:
    """Let everybody work until nothing new happens."""
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


async def rounds(owner: Owner, count: int) -> None:
    """So many rounds, without waiting for a batch to land that nothing waits for; then for the last one."""
    for _ in range(count):
        await owner.lane.work_once(owner.tenure)
    await owner.lane.land()


async def test_the_next_batch_is_decided_but_not_written_before_the_last_one_is_out() -> None:
    """One batch at most is in the log and not yet published: that is the one a take-over publishes again."""
    world, steps = World(), list[str]()
    transport = Gated(world)
    owner = await owner_with(world, transport, steps)
    written = len(world.batches)
    world.send(created("lead/1", "pool:sales"), created("lead/2", "pool:sales"))
    working = asyncio.create_task(rounds(owner, 2))
    await settle()
    assert (steps.count("decided"), steps.count("advanced"), len(world.batches)) == (2, 1, written + 1)
    transport.gate.set()
    await working
    assert (len(world.batches), world.owners) == (written + 2, ["ann", "bob"])
    world.check()


async def test_outputs_that_did_not_arrive_are_noticed_although_nothing_else_comes_in() -> None:
    """Else the last assignment of a day would be published on the next morning."""
    world = World()
    transport = Gated(world)
    owner = await owner_with(world, transport, [])
    world.send(created("lead/1", "pool:sales"))
    transport.is_away = True
    transport.gate.set()
    await owner.lane.work_once(owner.tenure)
    with pytest.raises(Lost):
        await owner.lane.work_once(owner.tenure)


async def test_an_owner_who_leaves_lets_the_last_batch_land() -> None:
    """And one who is surprised leaves nothing behind that goes on by itself."""
    world, steps = World(), list[str]()
    transport = Gated(world)
    owner = await owner_with(world, transport, steps)
    world.send(created("lead/1", "pool:sales"))
    lane = owner.lane
    owning = asyncio.create_task(lane.own(lambda tenure: lane.leave()))
    await settle()
    assert not owning.done()
    transport.gate.set()
    await owning
    assert world.owners == ["ann"]
    world.check()
