"""How often each entry was used, counted from what lanes remember."""

from __future__ import annotations

from service.core.events import Target
from service.core.hits import DEFAULT
from service.core.rule_sets import Entry
from service.core.state import Hit
from service.lane.changed import stored
from service.store.keys import LAYOUT, MARK
from service.store.memory import LaneMemory, MemoryStore
from service.views.hits import EntryHits, rule_stats
from service.wire.lanes import lane_of
from tests.core.build import config, pool, predicate, rules


async def test_shares_add_up_and_entries_that_are_gone_are_not_shown() -> None:
    """S61: what was left to teams and default stands behind the entries; so it is in each division."""
    entries = [Entry(id, Target("pool", "sales"), (predicate("size > 5"),)) for id in ("big", "vip")]
    configured = config(pool("ann"), rule_sets=rules(*entries))
    state = {
        "inbound/big": Hit(3, 7),
        "inbound/gone": Hit(9, 9),
        "other/big": Hit(9, 9),
        f"inbound/{DEFAULT}": Hit(1, 5),
    }
    lane = lane_of("main", 4)
    memory = LaneMemory(generation=b"0", content={key: {MARK: b"0"} for key in LAYOUT.keys})
    memory.write(LAYOUT.placed(stored("hit", "main", state)))
    store = MemoryStore()
    store.lanes[lane] = memory
    (found,) = await rule_stats(store, {"main": configured}, 4)
    assert found.entries == (
        EntryHits("big", "", 3, 0.75, 7),
        EntryHits("vip", "", 0, 0.0, None),
        EntryHits(DEFAULT, "", 1, 0.25, 5),
    )
    assert found.never_hit == ("vip",)
