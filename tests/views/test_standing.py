"""How pools stand, from what lanes remember."""

from __future__ import annotations

from service.core.pool_spec import Membership, PoolSpec
from service.views.standing import standings
from tests.core.build import START_MS, config, pool
from tests.views.build import remembering


async def test_the_line_of_a_single_person_is_no_pool_to_look_at() -> None:
    """S6 Nobody takes turns in it; people who fit a target do, in a pool that is implied as well."""
    configured = config(
        pool("ann"),
        PoolSpec("empty", "lead", ()),
        PoolSpec("lead:users:0a1b", "lead", (Membership("ann"),), implied=True),
        PoolSpec("lead:user:boss", "lead", (), implied=True),
    )
    found = await standings(remembering({}), {"main": configured}, 4, START_MS)
    assert [each.pool for each in found] == ["empty", "lead:users:0a1b", "sales"]
