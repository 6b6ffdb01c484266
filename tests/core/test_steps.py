"""Targets with steps (D56): a record waits for every step that it has reached, and each has its own wait."""

from __future__ import annotations

from typing import Any

import pytest

from service.config.loader import compile_inline
from service.core.model import Assigned, Outcome, Pending, Queued, StepSeen
from service.core.parts import at
from service.core.rule_sets import FieldUser, LadderStep
from tests.core.build import MINUTE_MS, START_MS, Division, closed, created, event, owner_changed, updated

EMEA = {"record_type": "lead", "members": ["ann", "bob"]}
WORLD = {"record_type": "lead", "members": ["eve"]}
TWO = {"emea": EMEA, "world": WORLD}
HOUR = 60
BY_MANAGER = LadderStep(FieldUser(("manager",))).line("lead") or ""


class Climbing(Division):
    """A division whose leads go to a target with these steps."""

    def __init__(self, steps: list[Any], pools: dict[str, Any] | None = None, **sections: Any) -> None:
        self.document = {"pools": TWO if pools is None else pools, "defaults": {"lead": steps}} | sections
        super().__init__()

    def configure(self, *_: Any, **sections: Any) -> None:
        """Switch to a new version in which these sections are others."""
        self.document |= sections
        given = compile_inline(self.document, "here")
        self.take_over(given)

    def new(self, record: str = "lead/1", **facts: object) -> Outcome:
        """A record that nobody was named for."""
        return self.create(record, None, facts=facts)

    def owner(self, record: str = "lead/1") -> str:
        return self.record(record).owner

    def said(self, record: str = "lead/1") -> list[str]:
        """What the last decision tells of each step: in how many minutes since the beginning it was reached, or begins,
        and why it was skipped.
        """
        return [told(each) for each in self.last(record).trace.steps]


def told(step: StepSeen) -> str:
    moment = step.since or step.begins
    minute = "" if moment is None else f" {round(moment.timestamp() * 1000 - START_MS) // MINUTE_MS}"
    return f"{step.target}{minute}{' ahead' if step.since is None else ''}{f' {step.skipped}' if step.skipped else ''}"


def test_d56_it_goes_to_the_first_step_while_somebody_can() -> None:
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world"}])

    assert division.new() == Assigned("ann", "emea", 1)
    assert division.said() == ["pool:emea 0", "pool:world 15 ahead"]


def test_d56_after_the_wait_it_waits_for_both() -> None:
    """Whoever of them can first takes it: of the second step at once, or of the first later."""
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world"}])
    for person in ("ann", "bob", "eve"):
        division.away(person)

    assert division.new("lead/1") == Pending("emea", "nobody_eligible", START_MS + 15 * MINUTE_MS)
    division.new("lead/2")
    division.back("eve")
    assert division.owner("lead/1") == "", "world is not reached yet"
    division.later(minutes=15)
    assert [division.owner("lead/1"), division.owner("lead/2")] == ["eve", "eve"]
    division.away("eve")
    division.new("lead/3")
    division.later(minutes=20)
    division.back("bob")
    assert division.owner("lead/3") == "bob"
    assert division.said("lead/3") == ["pool:emea 15", "pool:world 30"]


def test_c5_the_wait_runs_from_when_the_step_was_reached() -> None:
    """c5 Not from the record's age: the second step has its whole wait."""
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world", "wait": "1h"}, {"user": "boss"}])
    for person in ("ann", "bob", "eve"):
        division.away(person)
    division.new()
    division.later(minutes=74)
    assert division.owner() == ""
    division.later(minutes=1)
    assert division.last().outcome == Assigned("boss")
    assert division.said() == ["pool:emea 0", "pool:world 15", "user:boss 75"]


@pytest.mark.parametrize(
    ("emea", "why"),
    [
        ({"record_type": "lead"}, "nobody"),
        ({"record_type": "lead", "members": ["off"]}, "nobody"),
        ({"record_type": "lead", "members": ["ann"], "criteria": ["country equals DE"]}, "outside_domain"),
    ],
)
def test_c5_a_step_that_nobody_could_ever_take_has_no_wait(emea: dict[str, Any], why: str) -> None:
    users = {"ann": {}, "off": {"active": False}, "eve": {}}
    division = Climbing(
        [{"pool": "emea", "wait": "15m"}, {"pool": "world"}], {"emea": emea, "world": WORLD}, users=users
    )

    assert division.new() == Assigned("eve", "world", 1)
    assert division.said() == [f"pool:emea 0 {why}", "pool:world 0"]


def test_who_joins_a_step_that_was_skipped_is_asked_all_the_same() -> None:
    division = Climbing(
        [{"pool": "emea", "wait": "15m"}, {"pool": "world"}], {"emea": {"record_type": "lead"}, "world": WORLD}
    )
    division.away("eve")
    division.new()
    division.configure(pools={"emea": EMEA, "world": WORLD})

    assert division.owner() == "ann"


def test_a_last_person_has_it_as_soon_as_they_are_reached() -> None:
    steps = [{"pool": "emea", "wait": "15m"}, {"user": "boss"}]
    division = Climbing(steps, {"emea": EMEA}, users=["ann", "bob", "boss"])
    for person in ("ann", "bob", "boss"):
        division.away(person)
    division.new()
    division.later(minutes=15)

    assert division.owner() == "boss"


def test_a_person_in_between_is_waited_for_and_served_when_they_are_back() -> None:
    """D30 Absent: the next is asked after the wait, and they still have it first where they are back first."""
    steps = [{"user": "ann", "wait": "1h"}, {"pool": "world", "wait": "1h"}, {"user": "boss"}]
    division = Climbing(steps, {"world": WORLD})
    division.away("ann", until_minutes=30)
    division.away("eve")
    division.new("lead/1")
    division.later(minutes=29)
    assert division.owner("lead/1") == ""
    division.later(minutes=1)
    assert division.owner("lead/1") == "ann"
    assert division.last("lead/1").trace.question == "parked"

    division.away("ann")
    division.new("lead/2")
    division.later(minutes=70)
    assert division.owner("lead/2") == ""
    division.back("ann")
    assert division.owner("lead/2") == "ann", "who was reached is asked on"


def test_a_person_without_a_wait_is_asked_first_and_no_more_than_that() -> None:
    division = Climbing([{"user": "ann"}, {"pool": "world", "wait": "1h"}, {"user": "boss"}], {"world": WORLD})

    assert division.new("lead/1") == Assigned("ann")
    division.away("ann")
    assert division.new("lead/2") == Assigned("eve", "world", 1)


@pytest.mark.parametrize("told", [None, "", "nobody-we-know", "off", "queue:x", ["ann", "eve"]])
def test_a_person_whom_a_field_names_is_passed_over_where_it_names_nobody(told: object) -> None:
    """D30 Unset, unknown, switched off: the next step is asked at once."""
    users = {"ann": {}, "off": {"active": False}, "eve": {}}
    steps = [{"user": {"field": "account.manager"}, "wait": "1h"}, {"pool": "world"}]
    division = Climbing(steps, {"world": WORLD}, users=users)

    assert division.new(account={"manager": told}) == Assigned("eve", "world", 1)
    assert division.last().trace.steps[0].skipped is not None


def test_a_person_whom_a_field_names_is_waited_for() -> None:
    steps = [{"user": {"field": "manager"}, "wait": "1h"}, {"user": "boss"}]
    division = Climbing(steps, {"world": WORLD}, users=["ann", "eve", "boss"])
    assert division.new("lead/1", manager="ann") == Assigned("ann")
    division.away("ann")
    division.away("eve")
    assert division.new("lead/2", manager="ann") == Pending(BY_MANAGER, "nobody_eligible", START_MS + HOUR * MINUTE_MS)
    division.new("lead/3", manager="eve")
    division.new("lead/4", manager="eve")
    division.send(updated("lead/4", facts={"manager": "ann"}))
    division.back("ann")

    assert [division.owner(f"lead/{number}") for number in (2, 3, 4)] == ["ann", "", "ann"]
    division.later(minutes=60)
    assert division.owner("lead/3") == "boss"


def test_a_field_may_name_the_target_of_an_entry() -> None:
    """D30 As a person who is named: absent, unknown or unset, the next entry is tried."""
    rules = {
        "inbound": {
            "record_type": "lead",
            "active": True,
            "entries": [{"target": {"user": {"field": "manager"}}}, {"target": {"pool": "world"}}],
        }
    }
    division = Climbing([{"pool": "world"}, {"user": "boss"}], {"world": WORLD}, users=["ann", "boss"], rule_sets=rules)
    division.away("boss")

    assert division.new("lead/1", manager="ann") == Assigned("ann")
    assert division.new("lead/2", manager="boss") == Assigned("eve", "world", 1)
    assert division.last("lead/2").trace.tried[0].unresolved == "away"
    division.new("lead/3")
    assert division.last("lead/3").trace.tried[0].unresolved == "field_unset"


def test_what_waits_for_one_person_comes_by_score_and_at_their_pace() -> None:
    """D3 D40"""
    division = Climbing([{"user": "ann", "wait": "99h"}, {"user": "boss"}], {"world": WORLD})
    division.away("ann")
    for number in range(12):
        division.new(f"lead/{number}", score=number)
    division.back("ann")
    had = [number for number in range(12) if division.owner(f"lead/{number}") == "ann"]
    assert had == list(range(2, 12))
    division.later(minutes=1)
    assert division.owner("lead/0") == "ann"


def test_a_person_who_is_full_gets_it_when_they_have_room() -> None:
    users = {"ann": {"limits": [{"at_most": 1, "open": True}]}, "boss": {}}
    division = Climbing([{"user": "ann", "wait": "99h"}, {"user": "boss"}], {"world": WORLD}, users=users)
    division.new("lead/1")
    division.new("lead/2")
    assert division.owner("lead/2") == ""
    division.send(closed("lead/1"))

    assert division.owner("lead/2") == "ann"


def test_a_person_at_a_limit_of_a_time_gets_it_when_that_is_over() -> None:
    users = {"ann": {"limits": [{"at_most": 1, "per": "1h"}]}, "boss": {}}
    division = Climbing([{"user": "ann", "wait": "99h"}, {"user": "boss"}], {"world": WORLD}, users=users)
    division.new("lead/1")
    division.new("lead/2")
    division.later(minutes=61)

    assert division.owner("lead/2") == "ann"


def test_a_queue_at_the_end_takes_it() -> None:
    pools = {"emea": EMEA, "rest": {"record_type": "lead", "strategy": "take", "members": ["eve"]}}
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"queue": "rest"}], pools)
    division.away("ann")
    division.away("bob")
    division.new()
    division.later(minutes=15)

    assert division.last().outcome == Queued("rest")
    assert not division.state.climbs


def test_a_freed_place_of_a_later_step_serves_what_stands_in_the_line_of_an_earlier_one() -> None:
    """D26 D56"""
    pools = {"emea": EMEA, "world": {"record_type": "lead", "members": [{"user": "eve", "max_open": 1}]}}
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world"}], pools)
    division.create("lead/0", "pool:world")
    division.away("ann")
    division.away("bob")
    division.create("lead/plain", "pool:emea")
    division.new("lead/1")
    division.later(minutes=15)
    assert division.owner("lead/1") == ""
    division.send(closed("lead/0"))

    assert [division.owner("lead/1"), division.owner("lead/plain")] == ["eve", ""]


def test_last_resorts_of_pools_come_behind_the_last_step() -> None:
    """D3 D55 Until then the steps say what is done."""
    emea = {**EMEA, "nobody_eligible": "assign_anyway"}
    world = {**WORLD, "nobody_eligible": {"fallback": {"user": "boss"}}}
    steps = [{"pool": "emea", "wait": "15m"}, {"pool": "world", "wait": "15m"}, {"user": {"field": "manager"}}]
    for pools, got in (({"emea": emea, "world": WORLD}, "ann"), ({"emea": EMEA, "world": world}, "boss")):
        division = Climbing(steps, pools, users=["ann", "bob", "eve", "boss"])
        for person in ("ann", "bob", "eve"):
            division.away(person)
        division.new()
        division.later(minutes=29)
        assert division.owner() == ""
        division.later(minutes=1)
        assert division.owner() == got


def test_d50_what_comes_back_unaccepted_is_on_its_steps() -> None:
    """D50 D56 The wait of a step goes on while somebody thinks it over."""
    emea = {**EMEA, "accept_within": "10m"}
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world"}], {"emea": emea, "world": WORLD})
    division.away("bob")
    assert division.new() == Assigned("ann", "emea", 1, START_MS + 10 * MINUTE_MS)
    division.later(minutes=10)
    assert isinstance(division.last().outcome, Pending)
    division.later(minutes=4)
    assert division.owner() == ""
    division.later(minutes=1)
    assert division.owner() == "eve"
    assert division.said() == ["pool:emea 0", "pool:world 15"]
    assert not division.state.climbs


def test_an_escalation_ends_the_steps() -> None:
    emea = {**EMEA, "escalate": {"after": "10m", "to": {"user": "boss"}}}
    steps = [{"pool": "emea", "wait": "15m"}, {"pool": "world"}]
    division = Climbing(steps, {"emea": emea, "world": WORLD}, users=["ann", "bob", "eve", "boss"])
    for person in ("ann", "bob", "eve"):
        division.away(person)
    division.new()
    division.later(minutes=10)

    assert division.owner() == "boss"
    assert not division.state.climbs


@pytest.mark.parametrize(
    "sent",
    [
        lambda: closed("lead/1"),
        lambda: owner_changed("lead/1", "zoe"),
        lambda: owner_changed("lead/1", "pool:world"),
        lambda: event("deleted", "lead/1"),
    ],
    ids=["closed", "chosen", "named", "deleted"],
)
def test_what_ends_the_waiting_ends_the_steps(sent: Any) -> None:
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world"}], users=["zoe"])
    for person in ("ann", "bob", "eve"):
        division.away(person)
    division.new()
    division.send(sent())

    assert not division.state.climbs
    assert "step/lead/1" not in division.state.timers


def test_other_steps_ask_anew_and_the_same_go_on() -> None:
    """A switch that leaves the steps as they are takes nothing from their waits."""
    division = Climbing([{"pool": "emea", "wait": "15m"}, {"pool": "world"}])
    for person in ("ann", "bob", "eve"):
        division.away(person)
    division.new()
    division.later(minutes=10)
    division.configure(users={"boss": {}})
    division.back("eve")
    division.later(minutes=5)
    assert division.owner() == "eve"

    division.away("eve")
    division.new("lead/2")
    division.later(minutes=10)
    division.configure(defaults={"lead": [{"pool": "world", "wait": "5m"}, {"user": "boss"}]})
    assert division.said("lead/2") == ["pool:world 25", "user:boss 30 ahead"]
    division.later(minutes=5)
    assert division.owner("lead/2") == "boss"
    assert not division.state.climbs


def test_below_its_level_only_the_first_step_is_there() -> None:
    steps = [{"user": {"field": "manager"}, "wait": "1m"}, {"pool": "emea", "wait": "1m"}, {"pool": "world"}]
    config = Climbing(steps).config
    division = Division()
    division.take_over(at(config, 3))
    division.away("ann")
    division.away("bob")

    assert division.send(created(owner=None)) == (Pending("emea", "nobody_eligible"),)
    assert not division.state.climbs
    assert at(config, 4) is config
