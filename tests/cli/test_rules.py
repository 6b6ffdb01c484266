"""`fairlead rules stats`: how often each entry was used, and which never were."""

from __future__ import annotations

from typing import Any

from service.core.configuration import Entry
from service.core.hits import DEFAULT
from service.core.model import Target
from service.core.state import Hit
from service.lane.book import stored
from service.store.keys import LAYOUT, MARK
from service.store.memory import LaneMemory, MemoryStore
from service.tools.rule_stats import EntryHits, rule_stats
from service.wire.lanes import lane_of
from tests.cli.conftest import Run
from tests.cli.running import Service, lead
from tests.core.build import config, pool, predicate, rules


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


def test_rules_stats_lists_hits_and_names_entries_never_hit(run: Run, service: Service) -> None:
    """S61: with share and time of the last; only what rules gave is counted."""
    (leads,) = said(run("rules", "stats", "--json").json)
    assert (leads["rule_set"], leads["record_type"], leads["never_hit"][0]) == ("leads", "lead", "vip")
    vip, everybody, _ = leads["entries"]
    assert (vip["entry"], vip["hits"], vip["share"], vip["last"]) == ("vip", 0, 0, None)
    assert (everybody["entry"], everybody["name"]) == ("all", "Everybody else")
    assert 0 < everybody["share"] <= 1
    assert everybody["last"].startswith("20")
    service.send(lead("counted"))
    (after,) = said(run("rules", "stats", "--json").json)
    assert after["entries"][1]["hits"] == everybody["hits"] + 1


def test_rules_stats_as_a_table(run: Run) -> None:
    """S61: for people who review the rules."""
    told = run("rules", "stats")
    assert told.code == 0
    assert "Everybody else" in told.out
    assert "%" in told.out
    assert "never hit: vip" in told.out


def test_a_division_without_rules_is_a_problem(run: Run) -> None:
    """The answer says so."""
    told = run("rules", "stats", "--division", "acme")
    assert (told.code, told.err) == (1, "no rule set is active\n")


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
    memory.write(LAYOUT.placed({"hit": stored("hit", "main", state)}))
    store = MemoryStore()
    store.lanes[lane] = memory
    (found,) = await rule_stats(store, {"main": configured}, 4)
    assert found.entries == (
        EntryHits("big", "", 3, 0.75, 7),
        EntryHits("vip", "", 0, 0.0, None),
        EntryHits(DEFAULT, "", 1, 0.25, 5),
    )
    assert found.never_hit == ("vip",)
