"""Events of a division that was never configured: dead letters that leave no state, and only after asking the topic."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from service.core.events import MemberEvent
from service.lane.positions import BLOCK
from service.lane.surprise import Left
from service.store.keys import MARK, kind_of
from service.wire.dead_letters import REASON
from tests.core.build import created, pool
from tests.lane.build import TOPICS, World


def away(number: int) -> MemberEvent:
    return MemberEvent(f"m{number}", "ann", "away")


async def test_an_event_of_a_division_without_a_configuration_is_a_dead_letter_with_its_source_position() -> None:
    """D37 D24: it can be sent again once there is one; nobody has decided anything."""
    world = World()
    owner = await world.owner()
    world.send(created("lead/1", "pool:sales"), division="west")
    world.send(away(1), division="west")
    world.send(created("lead/2", "pool:sales"))
    await owner.work(3)
    assert world.outcomes[1:] == [
        ("dead_letter", "no_configuration"),
        ("dead_letter", "no_configuration"),
        ("assigned", ""),
    ]
    letters = world.published(TOPICS.dead_letters)
    assert sorted(letter.key for letter in letters) == [b"0/crm.members/0/0", b"0/crm.records/0/0"]
    assert {dict(letter.headers)[REASON] for letter in letters} == {b"no_configuration"}
    world.check()


async def test_invented_divisions_leave_no_state() -> None:
    """D37: whoever may write to the sources cannot fill the memory of a lane with names.

    What comes to it is how far their partition was taken, how far the sweep is, and a bit for each dead letter.
    """
    world = World()
    owner = await world.owner()
    await owner.work()
    for number in range(10_000):
        world.send(created(f"lead/{number}", "pool:sales"), division=f"invented{number}")
    before = {key: len(fields) for key, fields in world.memory.content.items() if fields}
    while owner.tenure.book.place.offset < 10_000:
        await owner.work()
    after = {key: len(fields) for key, fields in world.memory.content.items() if fields}
    assert list(owner.tenure.book.divisions) == ["main"]
    grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
    assert grown.pop("lane:0") == 2
    assert {kind_of(key) for key in grown} == {"refused"}
    assert sum(grown.values()) == -(-10_000 // BLOCK)
    assert owner.lane._loaded == set()
    assert len(world.published(TOPICS.dead_letters)) == 10_000


async def test_news_of_a_person_that_name_no_division_concern_nobody_where_none_is_configured() -> None:
    """D37: they go to every lane, and a lane without divisions is no reason for a letter."""
    world = World(configs={})
    owner = await world.owner()
    world.send(away(1))
    await owner.work()
    assert world.outcomes == [("nothing", "no_division")]
    assert {kind_of(key) for key, fields in world.memory.content.items() if fields.keys() - {MARK}} == {"lane"}
    world.check()


async def test_what_was_published_until_then_is_read_before_a_division_is_said_to_have_none() -> None:
    """D37: an event may overtake the configuration that was published before it."""
    world = World()
    asked = []

    async def read_up() -> None:
        asked.append(len(world.outcomes))
        world.configure(pool("dia"), division="west")

    owner = await world.owner()
    owner.lane.around = replace(owner.lane.around, read_up=read_up)
    world.send(created("lead/1", "pool:sales"))
    await owner.work(2)
    assert asked == []
    world.send(created("lead/1", "pool:sales"), division="west")
    world.send(created("lead/2", "pool:sales"), division="west")
    await owner.work(3)
    assert (len(asked), world.owners) == (1, ["ann", "dia", "dia"])
    assert world.published(TOPICS.dead_letters) == []
    world.check()


async def test_leaving_ends_the_wait_for_the_configurations() -> None:
    """The topic may not answer for long; what was decided before is out."""
    world = World()
    owner = await world.owner()
    asked = asyncio.Event()

    async def read_up() -> None:
        asked.set()
        await asyncio.Event().wait()

    owner.lane.around = replace(owner.lane.around, read_up=read_up)
    world.send(created("lead/1", "pool:sales"))
    await owner.work(2)
    world.send(created("lead/1", "pool:sales"), division="west")
    working = asyncio.create_task(owner.lane.work_once(owner.tenure))
    await asked.wait()
    owner.lane.leave()
    with pytest.raises(Left):
        await working
    assert world.owners == ["ann"]
