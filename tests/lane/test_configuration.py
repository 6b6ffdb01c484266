"""A lane goes over to a new configuration in a batch of its own, and joining order is history in its log."""

from __future__ import annotations

from tests.core.build import created, pool
from tests.lane.build import World


async def serve(world: World, *numbers: int) -> list[str]:
    """Records arrive and are decided by a new owner; who got the last so many."""
    world.send(*[created(f"lead/{number}", "pool:sales") for number in numbers])
    owner = await world.owner()
    await owner.work(4)
    world.check()
    return world.owners[-len(numbers) :]


async def test_a_switch_is_a_batch_of_its_own() -> None:
    """Without input; it names the version, and the batches after it decide with that."""
    world = World()
    await serve(world, 1)
    first, second = world.batches[:2]
    assert (first.start.offset, first.end.offset) == (0, 0)
    assert [(line.kind, line.reason) for line in first.outcomes] == [("nothing", "configuration_switched")]
    assert (first.versions["main"], second.versions["main"]) == (1, 1)


async def test_a_switch_waits_for_no_input_and_inputs_wait_for_no_switch() -> None:
    """Inputs that were read before a switch are decided after it, each once."""
    world = World()
    owner = await world.owner()
    world.send(*[created(f"lead/{number}", "pool:sales") for number in range(4)])
    await owner.work(2)
    world.configure(pool("dia"))
    world.send(created("lead/9", "pool:sales"))
    await owner.work(3)
    assert world.owners == ["ann", "bob", "cem", "ann", "dia"]
    world.check()


async def test_a_reordered_file_changes_nothing() -> None:
    """S16: the order cannot be set by the user."""
    world = World()
    assert await serve(world, 1) == ["ann"]
    world.configure(pool("cem", "bob", "ann"))
    assert await serve(world, 2, 3, 4) == ["bob", "cem", "ann"]


async def test_several_new_members_join_at_the_end_in_file_order() -> None:
    """S17: a new member goes to the end; several in one version join as the file has them."""
    world = World()
    assert await serve(world, 1) == ["ann"]
    world.configure(pool("fay", "ann", "eve", "bob", "cem"))
    assert await serve(world, 2, 3, 4, 5, 6) == ["bob", "cem", "fay", "eve", "ann"]


async def test_who_was_removed_and_added_again_is_new() -> None:
    """S17 S18: their old place is gone."""
    world = World()
    assert await serve(world, 1) == ["ann"]
    world.configure(pool("ann", "cem"))
    assert await serve(world, 2) == ["cem"]
    world.configure(pool("ann", "bob", "cem"))
    assert await serve(world, 3, 4, 5) == ["ann", "cem", "bob"]


async def test_a_lane_never_decides_with_an_older_version_than_it_logged() -> None:
    """A process that has not heard of it yet waits for it, and does not switch back."""
    world = World()
    world.configure(pool("dia"))
    await serve(world, 1)
    lane = world.lane("slow")
    around = lane.around
    old = world.configs["main"][0]
    lane.around = type(around)(around.owner, around.topics, lambda: {"main": old}, around.configured, around.now_ms)
    tenure = await lane.take_over()
    world.send(created("lead/2", "pool:sales"))
    await lane.work_once(tenure)
    assert world.owners[-1] == "dia"
    assert [line for line in world.outcomes if line[1] == "configuration_switched"] == [
        ("nothing", "configuration_switched")
    ]


async def test_a_lane_whose_version_cannot_be_used_goes_over_to_the_next_before_it_decides() -> None:
    """Its log names what a newer release went over to; what is given for it is the version that replaced it."""
    world = World()
    await serve(world, 1)
    world.configure(pool("eve"))
    await serve(world, 2)
    world.configure(pool("dia"))
    world.configs["main"][1] = world.configs["main"][2]
    world.send(created("lead/3", "pool:sales"))
    owner = await world.owner("two")
    assert owner.tenure.book.versions == {"main": 2}
    await owner.work(3)
    assert owner.tenure.book.versions == {"main": 3}
    assert world.owners[-1] == "dia"
    switches = [
        batch for batch in world.batches if any(line.reason == "configuration_switched" for line in batch.outcomes)
    ]
    assert [batch.versions["main"] for batch in switches] == [1, 2, 3]
    world.check()
