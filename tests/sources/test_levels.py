"""A release reads the sources at the level that it knows, and at no higher one; on a real broker."""

from __future__ import annotations

import pytest

from service.config.sources import AgreedLevel
from service.core.state import LEVEL
from tests.sources.world import World

pytestmark = pytest.mark.real

OLD = ["old-0", "old-1", "old-2"]
NEW = ["new-0", "new-1", "new-2"]


async def test_a_release_below_the_agreed_level_reads_nothing(world: World) -> None:
    """It would leave out what only newer ones read in an event, and nobody would ever miss it."""
    async with world.reading():
        await world.send(0, OLD)
        await world.arrive(OLD)
        await world.agree(AgreedLevel(LEVEL + 1))
        await world.send(0, NEW)
        await world.problem(f"raised to level {LEVEL + 1} and this release knows level {LEVEL}")
    async with world.reading():
        await world.problem("End this process")
        assert "lead/new-0" not in await world.arrived()
        await world.agree(AgreedLevel(LEVEL, LEVEL + 1))
        await world.arrive(NEW)
        await world.no_problem()
