"""What steps meet: updates that ask the rules, fields that change, deletion and return, lines that are long."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.model import Assigned, Nothing, Pending, Rejected
from service.core.state import State
from tests.core.build import MINUTE_MS, START_MS, deleted, owner_changed, updated
from tests.core.test_steps import EMEA, TWO, WORLD, Climbing

LADDER: list[dict[str, Any]] = [{"pool": "emea", "wait": "15m"}, {"pool": "world"}]


def ruled(**entry: object) -> dict[str, Any]:
    """A rule set whose one entry has steps and is asked on updates, too."""
    said = {"target": LADDER, "on": ["created", "updated"], "reassign": "always", "criteria": ["country equals DE"]}
    return {"inbound": {"record_type": "lead", "active": True, "entries": [said | entry]}}


def all_away(division: Climbing, *people: str) -> None:
    for person in people or ("ann", "bob", "eve"):
        division.away(person)


def test_an_update_that_asks_for_the_same_steps_leaves_it_on_them() -> None:
    """S41 D56"""
    division = Climbing(LADDER, rule_sets=ruled())
    all_away(division)
    division.new(country="DE")
    division.later(minutes=10)
    (outcome,) = division.send(updated(facts={"country": "DE", "size": 3}))
    assert outcome == Nothing("parked_already", "emea")
    division.later(minutes=5)
    division.back("eve")
    assert division.owner() == "eve"
    (outcome,) = division.send(updated(facts={"country": "DE", "size": 4}))
    assert outcome == Nothing("owner_kept", "eve")


def test_an_update_that_asks_for_steps_puts_it_on_them() -> None:
    division = Climbing([{"pool": "world", "wait": "1h"}, {"pool": "emea"}], rule_sets=ruled())
    all_away(division)
    division.new(country="FR")
    division.send(updated(facts={"country": "DE"}))

    assert division.said() == ["pool:emea 0", "pool:world 15 ahead"]


def test_what_no_step_means_anybody_for_is_not_lost() -> None:
    """The next entry is tried; a default that means nobody is refused in words."""
    picky = {"record_type": "lead", "members": ["ann"], "criteria": ["country equals DE"]}
    steps: list[dict[str, Any]] = [{"pool": "emea", "wait": "1h"}, {"user": {"field": "manager"}}]
    division = Climbing(steps, {"emea": picky})
    outcome = division.new("lead/1", country="FR")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "no_target"
    assert division.new("lead/2", country="FR", manager="ann") == Assigned("ann")


def test_a_pool_that_does_not_want_it_any_more_asks_the_rules_anew() -> None:
    """D31 Its steps begin anew, without the wait of what cannot have it."""
    picky = {**EMEA, "criteria": ["country equals DE"]}
    division = Climbing(LADDER, {"emea": picky, "world": WORLD})
    all_away(division)
    division.new(country="DE")
    division.send(updated(facts={"country": "FR"}))

    assert division.said() == ["pool:emea 0 outside_domain", "pool:world 0"]
    division.back("eve")
    assert division.owner() == "eve"


def test_a_deleted_record_that_is_back_begins_with_the_first_step() -> None:
    division = Climbing(LADDER)
    all_away(division)
    division.create(owner=None, version=1)
    division.later(minutes=20)
    division.send(deleted(version=2))
    division.send(updated(version=3))

    assert division.said() == ["pool:emea 20", "pool:world 35 ahead"]


def test_an_owner_who_is_taken_away_puts_nobody_back_on_steps() -> None:
    division = Climbing(LADDER)
    assert division.new() == Assigned("ann", "emea", 1)
    division.send(owner_changed(owner=None))

    assert not division.state.climbs


def test_the_score_orders_those_who_reached_a_step_and_the_pace_holds() -> None:
    """D3 D40"""
    slow = {**EMEA, "drain_per_minute": 1}
    division = Climbing(LADDER, {"emea": slow, "world": {**WORLD, "drain_per_minute": 1}})
    all_away(division)
    for number in (1, 3, 2):
        division.new(f"lead/{number}", score=number)
    division.later(minutes=15)
    got = []
    division.back("eve")
    for _ in range(3):
        got.append([number for number in (1, 2, 3) if division.owner(f"lead/{number}") == "eve"])
        division.later(minutes=1)
    assert got == [[3], [2, 3], [1, 2, 3]]


def test_many_reach_a_step_at_once_and_nobody_is_flooded() -> None:
    """D3 A step that is reached gives what waited, so the pace holds."""
    division = Climbing(LADDER)
    all_away(division, "ann", "bob")
    for number in range(25):
        division.new(f"lead/{number}")
    division.later(minutes=15)
    assert sum(division.owner(f"lead/{number}") == "eve" for number in range(25)) == 10
    division.later(minutes=2)
    assert sum(division.owner(f"lead/{number}") == "eve" for number in range(25)) == 25


def test_what_is_remembered_is_all_there_is() -> None:
    """Whoever takes the lane over knows who is awaited, and reaches the same steps at the same time."""
    steps = [{"user": "ann", "wait": "15m"}, {"pool": "world"}]
    division = Climbing(steps)
    all_away(division)
    division.new()
    other = State()
    other.apply({kind: dict(division.state.of_kind(kind)) for kind in ("record", "pool", "seat", "person")})
    other.apply({kind: dict(division.state.of_kind(kind)) for kind in ("parked", "fields", "timer", "climb")})
    division.state = other
    division.later(minutes=5)
    division.back("ann")

    assert division.owner() == "ann"


@pytest.mark.parametrize(("told", "until"), [("away", 5), ("leave", 5)])
def test_who_is_known_to_be_back_is_tried_then(told: str, until: int) -> None:
    division = Climbing([{"user": "ann", "wait": "15m"}, {"pool": "world"}], TWO)
    division.tell("ann", told, until_ms=START_MS + until * MINUTE_MS)
    assert division.new() == Pending("lead:user:ann", "nobody_eligible", START_MS + 15 * MINUTE_MS)
    division.later(minutes=until)

    assert division.owner() == "ann"


def test_the_line_of_a_person_is_forgotten_with_the_steps_that_named_them() -> None:
    division = Climbing([{"user": "ann", "wait": "15m"}, {"pool": "world"}])
    all_away(division)
    division.new()
    assert "lead:user:ann" in division.state.pools
    division.configure(defaults={"lead": {"pool": "emea"}})
    assert division.last().outcome == Pending("emea", "nobody_eligible")
    division.configure(users={"zed": {}})

    assert "lead:user:ann" not in division.state.pools
    assert not division.state.climbs


def test_what_is_closed_by_now_does_not_hold_up_what_waits_for_the_same_person() -> None:
    """D33 However many of those come first."""
    closed = {"lead": {"criteria": ["close_date < today"]}}
    division = Climbing([{"user": "ann", "wait": "99d"}, {"pool": "world"}], closed_when=closed)
    division.away("ann")
    for number in range(60):
        division.new(f"lead/{number}", close_date="2023-11-15", score=1)
    division.new("lead/last")
    division.later(minutes=3 * 24 * 60)
    division.back("ann")

    assert division.owner("lead/last") == "ann"
