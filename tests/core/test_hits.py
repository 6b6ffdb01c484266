"""Rules are reviewed: how often each entry gave a record, and when it last did."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from service.core.events import Target
from service.core.hits import DEFAULT, TEAM
from service.core.rule_sets import Entry, RuleSet
from service.core.state import Hit
from tests.core.build import START_MS, Division, created, pool, predicate, rules, updated

VIP = Entry("vip", Target("pool", "sales"), (predicate("tier equals vip"),))
BIG = Entry("big", Target("user", "zoe"), (predicate("size > 100"),), on=frozenset({"created", "updated"}))
RULES = rules(VIP, BIG)
DEFAULTS = {"lead": Target("pool", "sales")}


def division(**settings: Any) -> Division:
    return Division(pool("ann"), **({"rule_sets": RULES, "defaults": DEFAULTS} | settings))


def test_the_entry_that_gave_the_record_is_counted() -> None:
    """S61: with the time of the last; what was only asked is not counted."""
    lane = division()
    lane.send(created("lead/1", facts={"tier": "vip"}))
    lane.later(ms=7)
    lane.send(created("lead/2", facts={"tier": "VIP", "size": 500}))
    lane.send(created("lead/3", facts={"size": 500}))
    assert lane.state.hits == {"inbound/vip": Hit(2, START_MS + 7), "inbound/big": Hit(1, START_MS + 7)}


def test_what_the_rules_leave_over_is_counted_beside_them() -> None:
    """S61: the team that matched, else the default, so that the shares add up."""
    team = pool("bob", id="emea", domain=predicate("country equals DE"))
    lane = Division(pool("ann"), team, rule_sets=RULES, defaults=DEFAULTS)
    lane.send(created("lead/1", facts={"country": "DE"}))
    lane.send(created("lead/2", facts={"country": "FR"}))
    assert lane.state.hits == {f"inbound/{TEAM}": Hit(1, START_MS), f"inbound/{DEFAULT}": Hit(1, START_MS)}


def test_an_entry_that_could_not_have_the_record_is_not_counted() -> None:
    """S61: the one that was tried next and could is."""
    lost = replace(VIP, id="lost", target=Target("pool", "gone"))
    lane = division(rule_sets=rules(lost, VIP))
    lane.send(created("lead/1", facts={"tier": "vip"}))
    assert lane.state.hits == {"inbound/vip": Hit(1, START_MS)}


def test_a_target_named_by_the_event_counts_for_no_entry() -> None:
    """S61: rules were not asked."""
    lane = division()
    lane.create("lead/1", "pool:sales", facts={"tier": "vip"})
    assert lane.state.hits == {}


def test_a_record_that_is_created_again_is_not_counted_again() -> None:
    """S61 D19: a record is decided once."""
    lane = division()
    event = created("lead/1", facts={"tier": "vip"})
    lane.send(event)
    lane.send(event)
    lane.send(created("lead/1", facts={"tier": "vip"}))
    assert lane.state.hits == {"inbound/vip": Hit(1, START_MS)}


def test_an_update_counts_only_where_it_gave_the_record() -> None:
    """S61 S41: an entry that matched and left the record with its owner did nothing."""
    always = replace(BIG, reassign="always")
    lane = division(rule_sets=rules(VIP, always))
    lane.send(created("lead/1", facts={"tier": "vip"}))
    lane.send(updated("lead/1", facts={"size": 500}))
    lane.send(updated("lead/1", facts={"size": 501}))
    assert lane.record().owner == "zoe"
    assert lane.state.hits == {"inbound/vip": Hit(1, START_MS), "inbound/big": Hit(1, START_MS)}


def test_a_record_without_any_target_is_no_hit() -> None:
    """S61: nobody got it."""
    lane = division(defaults={})
    lane.send(created("lead/1"))
    assert lane.state.hits == {}


def test_a_switch_of_the_configuration_drops_the_counts_of_entries_that_are_gone() -> None:
    """S61: what stays keeps its count, whatever its place; an inactive rule set has none."""
    lane = division()
    lane.send(created("lead/1", facts={"tier": "vip"}))
    lane.send(created("lead/2", facts={"size": 500}))
    lane.send(created("lead/3"))
    lane.configure(pool("ann"), rule_sets=rules(replace(VIP, name="Our best"), replace(BIG, id="huge")))
    assert lane.state.hits == {"inbound/vip": Hit(1, START_MS), f"inbound/{DEFAULT}": Hit(1, START_MS)}
    lane.configure(pool("ann"), rule_sets={"lead": RuleSet("other", "lead", (VIP,))})
    assert lane.state.hits == {}
