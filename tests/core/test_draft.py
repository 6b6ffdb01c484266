"""A decision changes copies of its own: what it gives out is what differs, and the state stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import pytest

from service.core.decide import decide
from service.core.draft import Draft
from service.core.events import Target
from service.core.person import Person
from service.core.record import Record
from service.core.rule_sets import Entry
from service.core.seating import Seat
from service.core.state import (
    KINDS,
    Kind,
    State,
    Timer,
    Value,
)
from service.core.timers import fire
from tests.core.build import Division, config, created, planted, pool, rules, switch


def content(state: State) -> Mapping[Kind, Mapping[str, Value]]:
    """Everything in the state, as it is now."""
    return deepcopy({kind: dict(state.of_kind(kind)) for kind in KINDS})


def state_with_ann() -> State:
    """A record of ann's."""
    state = State()
    state.apply({"record": {"lead/1": Record(owner="ann", seen=("e1",))}, "timer": {"back/ann": Timer(7)}})
    return state


def test_an_edited_value_is_the_decisions_own() -> None:
    """Changed in place, seen by the rest of the decision, and by nobody else until the changes are applied."""
    state = state_with_ann()
    draft = Draft(state)
    draft.records.edit("lead/1").owner = "bob"
    draft.records.edit("lead/1").sequence += 1
    assert draft.records.get("lead/1") == Record(owner="bob", sequence=1, seen=("e1",))
    assert state.records["lead/1"] == Record(owner="ann", seen=("e1",))
    state.apply(draft.changes())
    assert state.records["lead/1"] == Record(owner="bob", sequence=1, seen=("e1",))


def test_what_does_not_differ_is_no_change() -> None:
    """A copy left as it was, a value made anew that says the same, something dropped that never was there."""
    draft = Draft(state_with_ann())
    draft.records.edit("lead/1").owner = "ann"
    draft.timers.drop("back/ann")
    draft.set_timer("back/ann", 7)
    draft.people.drop("bob")
    assert draft.changes() == {}


def test_what_is_not_known_is_begun_with_its_defaults() -> None:
    """A seat has none: nobody sits down by accident."""
    draft = Draft(State())
    draft.pools.edit("sales").turn = 1
    assert draft.changes().keys() == {"pool"}
    with pytest.raises(KeyError):
        draft.seats.edit("sales/ann")


def test_what_was_dropped_begins_anew() -> None:
    """Nothing of the old value comes back."""
    draft = Draft(state_with_ann())
    draft.records.drop("lead/1")
    assert draft.records.get("lead/1") is None
    assert draft.records.edit("lead/1") == Record()


def test_indexes_follow_the_seats() -> None:
    """Who is in which pool, in joining order; the seat of somebody who left counts for nothing."""
    state = State()

    def seat(joined: int) -> Seat:
        return Seat(served_pass=0, last_turn=0, joined=joined, open_items=1)

    state.apply({"seat": {"b/ann": seat(2), "b/bob": seat(1), "a/ann": seat(1)}})
    assert state.membership.members("b") == ["bob", "ann"]
    assert state.membership.pools_of("ann") == ["a", "b"]
    state.apply({"seat": {"b/ann": seat(0), "a/ann": None, "b/cem": seat(3)}})
    assert state.membership.members("b") == ["bob", "cem"]
    assert state.membership.pools_of("ann") == []
    state.apply({"seat": {"b/ann": seat(4)}})
    assert state.membership.members("b") == ["bob", "cem", "ann"]


def test_a_decision_that_raises_leaves_the_state_as_it_was() -> None:
    """The record was noted and released by then."""

    def raises(fact: object) -> bool:
        raise ZeroDivisionError("planted")

    bug = Entry("bug", Target("pool", "sales"), (planted("field", raises),), reassign="always")
    division = Division(pool("ann"), rule_sets=rules(bug))
    division.create("lead/1")
    before = content(division.state)
    with pytest.raises(ZeroDivisionError):
        decide(created("lead/2"), division.state, division.config, division.now_ms)
    assert content(division.state) == before


def test_a_timer_leaves_the_state_as_it_was() -> None:
    """What it decides is in its changes alone, however many records it moves."""
    division = Division(pool("ann", "bob"))
    division.away("ann")
    division.away("bob")
    for number in range(20):
        division.create(f"lead/{number}")
    division.state.apply({"person": {"ann": Person()}, "timer": {"drain/sales": Timer(division.now_ms)}})
    before = content(division.state)
    verdict = fire("drain/sales", division.state, division.config, division.now_ms)
    assert verdict.decisions
    assert content(division.state) == before


def test_a_switch_leaves_the_state_as_it_was() -> None:
    """Whoever joins and leaves with it."""
    division = Division(pool("ann", "bob"))
    division.create("lead/1")
    before = content(division.state)
    changes = switch(division.state, config(pool("bob", "cem"), version=2), division.now_ms).changes
    assert set(changes["seat"]) == {"sales/ann", "sales/cem"}
    assert content(division.state) == before


def test_a_finished_draft_lies_over_the_state_for_the_next_decision() -> None:
    """It is empty then, and sees what the state has become: also where what was changed came to nothing."""
    state = state_with_ann()
    first = Draft.over(state)
    first.records.edit("lead/1").owner = "bob"
    first.timers.put("back/ann", Timer(7))
    state.apply(first.finish())
    second = Draft.over(state)
    assert second is first
    assert second.changes() == {}
    assert second.records.get("lead/1") == Record(owner="bob", seen=("e1",))


def test_a_draft_that_was_not_finished_is_nobodys() -> None:
    """Its decision raised, or is not over yet: nobody else sees what was changed in it."""
    state = state_with_ann()
    left = Draft.over(state)
    left.records.edit("lead/1").owner = "bob"
    other = Draft.over(state)
    assert other.changes() == {}
    assert other.records.get("lead/1") == Record(owner="ann", seen=("e1",))


def test_changes_come_in_the_order_of_kinds() -> None:
    """Whichever of them a decision looked at first."""
    draft = Draft(State())
    draft.hits.edit("inbound/1").times = 1
    draft.pools.edit("sales").turn = 1
    draft.records.edit("lead/1").owner = "ann"
    assert list(draft.changes()) == ["record", "pool", "hit"]
