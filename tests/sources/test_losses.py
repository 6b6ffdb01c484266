"""A place that a partition did not hold is a loss: whoever sees it tells all, and nobody reads on until a reset."""

from __future__ import annotations

import pytest

from service.config.sources import Loss, SourceTopic
from tests.sources.world import World, names

pytestmark = pytest.mark.real


async def test_a_loss_of_the_epoch_before_is_not_told_of_the_next(world: World) -> None:
    """Whoever saw it late, or was frozen meanwhile, would have everybody refuse what was just reset."""
    async with world.reading():
        await world.send(0, names("old", 3))
        await world.arrive(names("old", 3))
        state = world.feed.history.source_state
        await world.agree(SourceTopic(world.source, "", 1))
        await world.intake.tell_lost([Loss(0, world.source, 0, 50), Loss(0, world.topics.sources[1], 0, 50)])
        await world.feed.read_up()
        assert state.loss_of(world.source, 0) is None
        assert state.loss_of(world.topics.sources[1], 0) is not None


async def test_what_somebody_sees_to_be_lost_is_read_by_nobody(world: World) -> None:
    """Its reader may have no doubt: the lanes have taken more than the partition holds, and would drop what comes."""
    async with world.reading():
        await world.send(0, names("old", 3))
        await world.arrive(names("old", 3))
        await world.agree(Loss(0, world.source, 0, 50))
        await world.intake.look()
        problem = await world.problem("once ended before offset 50")
        assert f"fairlead sources reset --topic {world.source}" in problem
        await world.send(0, names("lost", 3))
        await world.send(1, names("other", 3))
        assert "lead/lost-0" not in await world.arrive(names("other", 3))
