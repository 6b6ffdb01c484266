"""What workflows do: what later ones see, what comes back, and what stands against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.core.acting import COUNTED_MAX
from service.core.model import Assigned, Released
from service.core.rule_sets import OwnerOf
from service.core.telling.explain import explain
from service.core.telling.why import why
from service.core.workflow_specs import Action, FromField, Hearers, Workflows
from tests.core.build import OUTSIDER, created, deleted, event, target, updated
from tests.core.flows import (
    CALL,
    SET_X,
    TASK,
    TELL,
    asked,
    division,
    flow,
    names,
    on,
    told_people,
    where,
    withheld,
)
from tests.core.nights import person, quiet


def test_later_workflows_see_what_earlier_ones_set_and_it_is_remembered_only_when_told() -> None:
    """D49 In the order of their ids, each once."""
    told = division(
        flow("a", on("updated", changed=("stage",)), SET_X),
        flow("b", on("updated", changed=("stage",)), criteria=where("x equals 1")),
        flow("c", on("updated"), criteria=where("x equals 1")),
    )
    told.send(created(facts={"x": 0}))
    assert names(told, updated(facts={"stage": "won"})) == ["a", "b", "c"]
    assert names(told, updated(facts={"country": "FR"})) == []


def test_an_update_that_says_what_was_asked_for_closes_that_and_sets_nothing_off() -> None:
    """D49 By type: 1 and "1" are one. Everything else in the event is news."""
    told = division(
        flow("a", on("updated", changed=("stage",)), SET_X),
        flow("b", on("updated", changed=("x",))),
        flow("c", on("updated", changed=("y",))),
        flow("d", on("updated")),
    )
    told.send(created(facts={"x": 0}))
    assert "a" in names(told, updated(facts={"stage": "won"}))
    assert names(told, updated(facts={"x": "1"})) == []
    assert withheld(told) == {"d": "own_action"}
    assert told.state.acting["lead/1"].wanted == ()
    assert names(told, updated(facts={"x": 2})) == ["b", "d"]


def test_a_value_may_come_from_a_field_and_is_not_asked_for_where_it_is_there_already() -> None:
    """D48 What the record has already is nothing to do."""
    copy = Action("set_field", field="country", value=FromField("origin"))
    told = division(flow("w", on("updated", changed=("stage",)), copy))
    told.send(created(facts={"origin": "FR"}))
    (action,) = asked(told, updated(facts={"stage": "a"}))
    assert (action.field, action.value, action.before, action.after) == (
        "country",
        "FR",
        {"stage": None},
        {"stage": "a"},
    )
    told.send(updated(facts={"country": "FR"}))
    assert names(told, updated(facts={"stage": "b"})) == []
    assert withheld(told) == {"w": "set_already"}


def test_a_record_that_we_asked_for_sets_nothing_off_when_it_comes() -> None:
    """D49 The creation with all its fields is the echo; another one, or the same a second time, is not."""
    make = Action("create_record", record_type="lead", fields=(("stage", "copy"), ("x", 1)))
    told = division(flow("w", on("created"), make))
    assert names(told, created("lead/1")) == ["w"]
    assert names(told, created("lead/2", facts={"stage": "copy", "x": 1.0})) == []
    assert withheld(told) == {"w": "own_action"}
    assert names(told, created("lead/3", facts={"stage": "copy", "x": 1})) == ["w"]


def test_several_actions_run_in_order_each_at_most_once_with_numbers_and_sequences() -> None:
    """D49 The number is part of what the action is called; sequences grow."""
    told = division(flow("w", on("created"), SET_X, TASK, Action("mark_step", step=CALL)))
    found = asked(told, created())
    assert [(each.action, each.number) for each in found] == [
        ("set_field", 1),
        ("create_record", 2),
        ("mark_step", 3),
    ]
    assert [each.sequence for each in found] == sorted({each.sequence for each in found})


def test_assigning_runs_behind_the_events_own_decision_once_and_only_the_last_owner_is_told() -> None:
    """D49 D5 Two workflows want to give it: the first does."""
    told = division(
        flow("a", on("created"), Action("assign", target=target("pool:vip"))),
        flow("b", on("created"), Action("assign", target=target("ann"))),
        pools={"sales": ["ann"], "vip": ["bob"]},
    )
    known = len(told.decisions)
    told.send(created(owner="pool:sales"))
    outcomes = [each.outcome for each in told.decisions[known:]]
    assert [type(each) for each in outcomes] == [Assigned, Released, Assigned]
    assert [each.person for decision in told.decisions[known:] for each in decision.notifications] == ["bob"]
    assert withheld(told) == {"a": None, "b": "assigned_already"}
    assert told.decisions[-1].trace.question == "workflow"


@pytest.mark.parametrize("is_night", [False, True])
def test_who_loses_a_record_to_a_workflow_hears_which_one_it_was(*, is_night: bool) -> None:
    """D22 S20 So do those who get it, and whom it only tells, also in the morning; and the decisions say so."""
    give = flow("vips", on("updated"), Action("assign", target=target("pool:vip")), TELL)
    users = [person(name, quiet=quiet(10, 60) if is_night else None) for name in ("ann", "bob", OUTSIDER)]
    told = division(replace(give, name="To the VIPs"), pools={"sales": ["ann"], "vip": ["bob"]}, users=users)
    told.send(created(owner="pool:sales"))
    told.later(minutes=20)
    known = len(told.decisions)
    told.send(updated(facts={"a": 1}))
    given = told.decisions[known:]
    assert [type(each.outcome) for each in given[-2:]] == [Released, Assigned]
    assert {each.trace.workflow for each in given[-2:]} == {"vips"}
    assert all('by the workflow "To the VIPs"' in explain(each, told.config)[0] for each in given[-2:])
    told.later(minutes=60)
    words = {
        each.person: each.late.why if each.late else why(decision, each)
        for decision in told.decisions[known:]
        for each in decision.notifications
    }
    assert words == {"ann": "reassigned_by_workflow vips", "bob": "by_workflow vips", OUTSIDER: "workflow vips"}


def test_a_persons_choice_is_never_overridden_by_a_workflow() -> None:
    """D5 Nor is a record given that is there already."""
    told = division(
        flow("w", on("updated"), Action("assign", target=target("pool:sales"))), pools={"sales": ["ann", "bob"]}
    )
    told.send(created("lead/1", owner=OUTSIDER))
    told.send(updated("lead/1", facts={"a": 1}))
    assert withheld(told) == {"w": "owner_chosen"}
    told.send(created("lead/2", owner="pool:sales"))
    told.send(updated("lead/2", facts={"a": 1}))
    assert withheld(told) == {"w": "there_already"}


def test_a_target_that_leads_nowhere_is_no_harm() -> None:
    """D16 The reason is said, and the record stays where it is."""
    told = division(flow("w", on("created"), Action("assign", target=OwnerOf(("account",)))))
    told.send(created(owner=OUTSIDER))
    told.send(created("lead/2"))
    assert withheld(told) == {"w": "target_unfit"}


def test_people_are_told_once_even_where_nothing_else_is_published() -> None:
    """D22 D53 Two workflows, one message; whom nobody knows hears nothing."""
    told = division(
        flow("a", on("updated"), TELL),
        flow("b", on("updated"), TELL),
        flow("c", on("updated"), Action("notify", told=Hearers(field="stage"))),
    )
    told.send(created(owner=OUTSIDER))
    told.send(updated(facts={"stage": "nobody-we-know"}))
    assert told_people(told) == [OUTSIDER]
    assert withheld(told) == {"a": None, "b": "told_already", "c": "nobody_to_tell"}


@pytest.mark.parametrize("result", ["action_done", "action_failed"])
def test_the_crm_may_say_what_became_of_an_action(result: Any) -> None:
    """D49 Then it is not open any more, and what was said is remembered."""
    told = division(flow("w", on("updated", changed=("stage",)), SET_X, TASK))
    told.send(created(facts={"x": 0}))
    told.send(updated(facts={"stage": "a"}))
    told.send(event(result, "lead/1", action="0-0-7-0/w", reason="no"))
    told.send(event(result, "lead/1", action="0-0-7-0/w/2"))
    acting = told.state.acting["lead/1"]
    assert acting.wanted == ()
    assert [(each.workflow, each.number, each.said) for each in acting.answers] == [("w", 1, "no"), ("w", 2, "")]
    assert "task" not in told.state.orders
    assert names(told, updated(facts={"stage": "b"})) == ["w", "w"]


@pytest.mark.parametrize("action", ["", "x", "1-2-3-4/", "1-2-3-4/none", "a/w/999", "a/w/" + "9" * 500, "a/w/0"])
def test_an_answer_that_names_nothing_of_ours_does_no_harm(action: str) -> None:
    """D36 Whatever the CRM calls it."""
    told = division(flow("w", on("created"), SET_X))
    told.send(created())
    told.send(event("action_failed", "lead/1", action=action))
    assert len(told.state.acting["lead/1"].wanted) == 1


def test_a_chain_that_is_too_deep_is_cut_with_a_reason() -> None:
    """D7 The depth that an event tells counts."""
    told = division(flow("w", on("created")))
    assert names(told, created(depth=50)) == []
    assert withheld(told) == {"w": "chain_depth"}


def test_what_is_remembered_of_a_record_is_bounded_and_goes_with_it() -> None:
    """S105 However many workflows act on it, nothing stays of a record that is gone."""
    told = division(*(flow(f"w{n:03}", on("updated")) for n in range(COUNTED_MAX + 20)))
    told.send(created())
    told.send(updated(facts={"a": 1}))
    assert len(told.state.acting["lead/1"].acted) == COUNTED_MAX + 1
    told.send(deleted())
    assert "lead/1" not in told.state.acting
    told.configure(workflows=Workflows())
    assert (told.state.tallies, told.state.orders) == ({}, {})


def test_who_gets_what_waited_sets_workflows_off_as_well() -> None:
    """S79 `assigned` by a timer, with the fields that were told before."""
    told = division(flow("w", on("assigned"), criteria=where("country equals FR")), pools={"sales": ["ann"]})
    told.away("ann")
    told.send(created(owner="pool:sales", facts={"country": "FR"}))
    told.back("ann")
    told.later(minutes=1)
    assert [each.workflow for decision in told.decisions for each in decision.actions] == ["w"]


def test_where_nothing_is_new_about_what_workflows_did_nothing_is_written() -> None:
    """S79 A condition that fails again for the same reason; what it was is still known."""
    told = division(flow("w", on("updated"), criteria=where("country equals FR")))
    told.send(created(facts={"country": "DE"}))
    told.send(updated(facts={"a": 1}))
    known = told.state.progress["lead/1"], told.state.acting["lead/1"]
    told.later(minutes=1)
    told.send(updated(facts={"a": 2}))
    assert withheld(told) == {"w": "condition"}
    assert (told.state.progress["lead/1"], told.state.acting["lead/1"]) == known
    assert names(told, updated(facts={"country": "FR"}), updated(facts={"a": 3})) == ["w", "w"]
