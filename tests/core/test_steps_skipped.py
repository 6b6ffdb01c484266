"""When nothing waits for a step (c5): its people are not there as long as its wait would last."""

from __future__ import annotations

from typing import Any

from service.core.model import Assigned, Pending
from service.core.telling.explain import explain
from tests.core.build import MINUTE_MS, START_MS
from tests.core.test_steps import HOUR, TWO, Climbing

FRIDAY_MS = START_MS + 3 * 24 * HOUR * MINUTE_MS
"""The test begins on a Tuesday at 22:13 UTC; three days on it is Friday night."""

OFFICE = {"hours": {"mon-fri": "09:00-18:00"}, "zone": "UTC"}
SKIPPING: list[Any] = [{"pool": "emea", "wait": "15m", "skip_if": "nobody_present"}, {"pool": "world"}]


def office(*, also: dict[str, Any] | None = None) -> Climbing:
    """A division whose people of emea work in an office, from Friday night on."""
    users = {"ann": OFFICE, "bob": OFFICE, "eve": {}} | (also or {})
    division = Climbing(SKIPPING, users=users)
    division.later(minutes=(FRIDAY_MS - START_MS) // MINUTE_MS)
    return division


def test_c5_nobody_is_there_before_monday_so_the_world_is_asked_at_once() -> None:
    """c5 And who was skipped has it all the same where they are back first."""
    division = office()
    assert division.new("lead/1") == Assigned("eve", "world", 1)
    assert division.last().trace.steps[0].skipped == "nobody_present"
    division.away("eve")
    division.new("lead/2")
    division.later(minutes=3 * 24 * HOUR)

    assert division.owner("lead/2") in ("ann", "bob")


def test_c5_somebody_is_on_in_five_minutes_so_they_are_waited_for() -> None:
    division = office()
    minutes_to_nine = (33 * HOUR + 24 * HOUR) - 22 * HOUR - (FRIDAY_MS // MINUTE_MS) % HOUR
    division.later(minutes=minutes_to_nine + 24 * HOUR - 5)
    assert isinstance(division.new(), Pending)
    division.later(minutes=5)

    assert division.owner() in ("ann", "bob")


def test_c5_a_record_that_is_days_old_waits_for_a_step_as_one_that_is_new() -> None:
    """c5 It was three days in another step, and the next has its whole wait."""
    steps = [{"pool": "old", "wait": "3d"}, *SKIPPING]
    pools = {**TWO, "old": {"record_type": "lead", "members": ["zed"]}}
    division = Climbing(steps, pools, users={"ann": OFFICE, "bob": OFFICE, "eve": {}, "zed": {}})
    division.away("zed")
    minutes_to_nine = 33 * HOUR - 22 * HOUR - (START_MS // MINUTE_MS) % HOUR
    division.later(minutes=minutes_to_nine - 5 + 2 * 24 * HOUR)
    division.new()
    division.later(minutes=3 * 24 * HOUR)
    assert division.owner() == "", "it is Monday, 08:55"
    division.later(minutes=5)
    assert division.owner() in ("ann", "bob")


def test_who_is_away_without_a_known_end_is_not_counted_on() -> None:
    division = Climbing(SKIPPING)
    division.away("ann")
    division.away("bob", until_minutes=15)
    assert division.new("lead/1") == Assigned("eve", "world", 1)
    division.away("bob", until_minutes=14)

    assert isinstance(division.new("lead/2"), Pending)


def test_an_explanation_says_which_steps_were_reached_and_why_nothing_waited() -> None:
    """D16 D56"""
    division = office()
    division.new()

    assert explain(division.last(), division.config)[1:4] == [
        "  step 1   pool emea    reached Fri 2023-11-17 22:13 UTC, without a wait: nobody of it is there in time",
        "  step 2   pool world   reached Fri 2023-11-17 22:13 UTC",
        "  eve   chosen   0 open, place 1 of 1, never served",
    ]
