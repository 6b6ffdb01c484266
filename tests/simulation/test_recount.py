"""What is left undone at the end of a simulation is noticed: who is idle, and what waits where it does not fit."""

from __future__ import annotations

from typing import Final

import pytest

from service.config.loader import compile_inline
from service.core.holding.climbing import STEP_PREFIX
from service.core.holding.waiting import ASK_PREFIX, DRAIN_PREFIX
from service.core.state import Pace, Timer
from tests.core.build import MINUTE_MS, Division
from tests.simulation.recount import idle

POOLS: Final = {
    "sales": {"record_type": "lead", "members": ["ann"], "drain_per_minute": 1},
    "late": {"record_type": "lead", "members": ["bob"]},
}
STEPS: Final = [{"user": "eve", "wait": "1m"}, {"pool": "sales", "wait": "1m"}, {"pool": "late"}]


def waiting(target: object) -> Division:
    """A lead waits for people who are all away."""
    division = Division()
    division.take_over(compile_inline({"pools": POOLS, "users": ["eve"], "defaults": {"lead": target}}, "here"))
    for person in ("ann", "bob", "eve"):
        division.away(person)
    division.create("lead/1", None)
    assert division.record().parked
    return division


def found(division: Division) -> list[str]:
    return list(idle(division.state, division.config, division.now_ms))


@pytest.mark.parametrize("target", ["sales", STEPS])
def test_who_is_there_and_idle_is_noticed(target: object) -> None:
    """D3 D56 Nobody looked at the line when they came back; who had their share of this minute is not idle."""
    division = waiting({"pool": target} if target == "sales" else target)
    assert found(division) == []
    division.state.apply({"person": {"bob": None}})
    assert found(division) == []
    division.later(minutes=1)
    division.state.apply({"person": {"ann": None}})
    assert ["'ann'" in each and "can take it" in each for each in found(division)] == [True]
    division.state.apply({"pace": {"ann": Pace(division.now_ms // MINUTE_MS, 1)}})
    assert found(division) == []


def test_a_step_that_nobody_reached_in_time_is_noticed() -> None:
    """D56 Whoever asks finds that it is due."""
    division = waiting(STEPS)
    division.state.apply({"person": {"ann": None}})
    division.now_ms += MINUTE_MS - 1
    assert found(division) == []
    division.now_ms += 1
    assert ["'ann'" in each for each in found(division)] == [True]


@pytest.mark.parametrize("target", ["sales", STEPS])
def test_nobody_is_idle_for_whom_a_timer_that_raised_goes_off_again(target: object) -> None:
    """The line is looked at an hour later, and so is the next step."""
    division = waiting({"pool": target} if target == "sales" else target)
    late = f"{DRAIN_PREFIX}sales" if target == "sales" else f"{STEP_PREFIX}lead/1"
    division.later(minutes=1)
    division.state.apply({"person": {"ann": None}})
    assert len(found(division)) == 1
    assert list(idle(division.state, division.config, division.now_ms, {late})) == []


def test_what_waits_where_it_does_not_fit_is_noticed_unless_it_is_asked_anew() -> None:
    division = waiting({"pool": "sales"})
    division.config = compile_inline({"pools": {"late": POOLS["late"]}, "defaults": {"lead": {"pool": "late"}}}, "here")
    assert found(division) == ["lead/1 waits in sales, where it does not fit"]
    division.state.apply({"timer": {f"{ASK_PREFIX}lead/1": Timer(division.now_ms)}})
    assert found(division) == []
