"""What sets workflows off, and how often: beyond the two directions of the source."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.acting import DAY_MS, Acting, Near
from service.core.configuration import User
from service.core.events import Target
from service.core.holding.retention import forget
from service.core.in_process import WEIGHED_MAX
from service.core.model import Assigned, Weighed
from service.core.telling.workflows import last_weighed
from service.core.workflow_specs import Action, Cap, Trigger
from tests.core.build import MINUTE_MS, OUTSIDER, created, deleted, event, updated
from tests.core.flows import (
    CALL,
    SET_X,
    TELL,
    catalogue,
    division,
    flow,
    names,
    on,
    was_changed,
    where,
    withheld,
)


@pytest.mark.parametrize(
    ("before", "now"),
    [("2026-10-27", "2026-10-27T00:00:00"), (5, 5.0), (5, "5"), (["a", "b"], ["b", "a"]), ("a;b", "b;a")],
)
def test_the_same_value_is_no_change(before: object, now: object) -> None:
    """e1 Compared by type: a date and its midnight, 5 and 5.0, a multi-select in another order."""
    told = division(flow("w", on("updated", changed=("when",)), TELL))
    told.send(created(facts={"when": before}))
    told.send(updated(facts={"when": now}))

    assert told.decisions[-1].trace.workflows == ()
    told.send(updated(facts={"when": "2027-01-01"}))
    assert withheld(told) == {"w": None}


def test_a_task_for_a_change_is_asked_for_once_though_the_crm_updates_something_else() -> None:
    """e2 With `changed: [stage]` one task."""
    told = division(flow("w", on("updated", changed=("stage",))))
    told.send(created(facts={"stage": "open"}))

    assert names(told, updated(facts={"stage": "won"})) == ["w"]
    assert names(told, *(updated(facts={"stage": "won", "last_activity": n}) for n in range(5))) == []


def test_a_task_for_any_update_comes_to_its_cap_and_the_workflow_is_paused_for_the_record() -> None:
    """e2 Without `changed`, each update that follows makes another task: cap and warning; others go on."""
    told = division(flow("w", on("updated"), cap=Cap(per_record=3)))
    told.send(created("lead/1"))
    told.send(created("lead/2"))

    assert names(told, *(updated("lead/1", facts={"last_activity": n}) for n in range(10))) == ["w"] * 3
    assert withheld(told) == {"w": "record_paused"}
    assert told.state.tallies["w"].records_paused == 1
    assert told.state.tallies["w"].last_record == "lead/1"
    assert names(told, updated("lead/2", facts={"last_activity": 1})) == ["w"]


def test_what_the_crm_sets_back_each_time_comes_to_a_cap() -> None:
    """e2 x set to 1, the CRM sets 0 each time: what it confirms is no news, what it undoes is, up to the cap."""
    told = division(flow("w", on("updated", changed=("x",)), SET_X, cap=Cap(per_record=4)))
    told.send(created(facts={"x": 5}))

    found = names(told, updated(facts={"x": 0}))
    for _ in range(10):
        assert names(told, updated(facts={"x": 1})) == []
        found += names(told, updated(facts={"x": 0}))
    assert found == ["w"] * 4
    assert withheld(told) == {"w": "record_paused"}


def test_a_paused_record_stays_paused_the_next_day_until_the_workflow_is_changed() -> None:
    """e2 Another revision of the workflow has it go on."""
    told = division(flow("w", on("updated"), cap=Cap(per_record=1)))
    told.send(created())
    assert names(told, updated(facts={"a": 1}), updated(facts={"a": 2})) == ["w"]
    told.later(ms=DAY_MS)
    assert names(told, updated(facts={"a": 3})) == []
    told.configure(workflows=catalogue(flow("w", on("updated"), cap=Cap(per_record=1), revision="2")))
    assert names(told, updated(facts={"a": 4})) == ["w"]


def test_a_days_actions_are_counted_over_all_records_and_begin_anew_the_next_day() -> None:
    """e2 Fewer than the cap each day: never paused. At the cap: paused as a whole."""
    told = division(flow("w", on("created"), cap=Cap(per_day=3)))
    assert names(told, *(created(f"lead/{n}") for n in range(2))) == ["w"] * 2
    told.later(ms=DAY_MS)
    assert names(told, *(created(f"lead/{n}") for n in range(2, 5))) == ["w"] * 3
    assert told.state.tallies["w"].paused_ms == 0
    assert names(told, created("lead/6")) == []
    assert withheld(told) == {"w": "cap_reached"}
    assert names(told, created("lead/7")) == []
    assert withheld(told) == {"w": "paused"}
    assert told.state.tallies["w"].paused_ms > 0


def test_filled_cleared_filled_is_two_and_so_is_closed_reopened_closed() -> None:
    """e3 Once per real change, not once for ever."""
    filled = flow("f", Trigger(("field_filled",), "stage", "text"), TELL)
    cleared = flow("c", Trigger(("field_cleared",), "stage", "text"), TELL)
    told = division(filled, cleared)
    told.send(created())
    found = []
    for value in ("a", "b", " ", None, "c"):
        told.send(updated(facts={"stage": value}))
        found.append(sorted(name for name, reason in withheld(told).items() if reason is None))
    assert found == [["f"], [], ["c"], [], ["f"]]


def test_a_form_that_is_still_empty_at_the_creation_is_filled_by_an_update() -> None:
    """e4 On created and updated with `changed: [country]`, if country is FR: once for each record."""
    asks = {"criteria": where("country equals FR"), "changed": was_changed("country")}
    told = division(flow("w", on("created", "updated", changed=("country",)), **asks))

    assert names(told, created("lead/1")) == []
    assert withheld(told) == {"w": "condition"}
    assert names(told, updated("lead/1", facts={"country": "FR"})) == ["w"]
    assert names(told, created("lead/2", facts={"country": "FR"})) == ["w"]
    assert names(told, updated("lead/2", facts={"country": "FR"})) == []


def test_waiting_counts_from_when_a_record_came_into_its_line_whatever_is_told_meanwhile() -> None:
    """e7 Waits from 10:00, edits at 10:10 and 10:25: at 10:30, once."""
    told = division(flow("w", Trigger(("waiting_for",), after_ms=30 * MINUTE_MS)), pools={"sales": []})
    told.send(created(owner="pool:sales"))
    told.later(minutes=10)
    told.send(updated(facts={"stage": "a"}))
    told.later(minutes=15)
    told.send(updated(facts={"stage": "b"}))
    told.later(minutes=4)
    assert [each for decision in told.decisions for each in decision.actions] == []
    told.later(minutes=1)
    assert [each.workflow for decision in told.decisions for each in decision.actions] == ["w"]
    told.later(minutes=60)
    assert len([each for decision in told.decisions for each in decision.actions]) == 1


def test_two_waits_each_have_their_time_and_who_leaves_the_line_is_not_waiting() -> None:
    """e7 In the order of their times; a record that leaves waits no more."""
    flows = [flow(f"w{n}", Trigger(("waiting_for",), after_ms=n * MINUTE_MS)) for n in (20, 10)]
    told = division(*flows, pools={"sales": []})
    told.send(created("lead/1", owner="pool:sales"))
    told.send(created("lead/2", owner="pool:sales"))
    told.later(minutes=15)
    told.send(event("owner_changed", "lead/2", OUTSIDER))
    told.later(minutes=60)
    found = [(each.record, action.workflow) for each in told.decisions for action in each.actions]
    assert found == [("lead/1", "w10"), ("lead/2", "w10"), ("lead/1", "w20")]


def test_what_a_workflow_gives_to_somebody_after_a_wait_sets_nothing_off_and_loses_no_action() -> None:
    """S106 D49 None is set off by another: not behind a timer either, and what the first asked for stands."""
    patient = Trigger(("waiting_for",), after_ms=30 * MINUTE_MS)
    task = Action("create_record", record_type="task")
    told = division(
        flow("w", patient, Action("assign", target=Target("user", OUTSIDER)), task),
        flow("other", on("assigned"), task),
        pools={"sales": []},
    )
    told.send(created(owner="pool:sales"))
    told.later(minutes=30)
    assert [each.outcome.owner for each in told.decisions if isinstance(each.outcome, Assigned)] == ["zoe"]
    asked = [(action.workflow, action.number) for each in told.decisions for action in each.actions]
    assert asked == [("w", 2)]


def test_what_is_asked_for_is_numbered_behind_all_that_is_decided_in_whatever_order_it_is_written() -> None:
    """D49 A record's numbers grow in the order of what is published: the decisions, then what hangs on the last."""
    task = Action("create_record", record_type="task")
    told = division(
        flow("w", on("created"), task, Action("assign", target=Target("user", OUTSIDER)), SET_X),
        pools={"sales": ["ann"]},
    )
    told.send(created(owner="pool:sales"))
    found = [(each.sequence, [action.sequence for action in each.actions]) for each in told.decisions]
    assert found == [(0, []), (1, []), (2, []), (3, [4, 5])]


@pytest.mark.parametrize(
    ("kind", "happens"),
    [
        ("created", lambda: [created()]),
        ("updated", lambda: [created(), updated(facts={"a": 1})]),
        ("deleted", lambda: [created(), deleted()]),
        ("owner_changed", lambda: [created(), event("owner_changed", "lead/1", OUTSIDER)]),
        ("assigned", lambda: [created(owner="pool:sales")]),
    ],
)
def test_what_happens_to_a_record_as_a_whole_sets_workflows_off_once(kind: Any, happens: Any) -> None:
    """S79 Each kind of trigger, and none of the others."""
    told = division(flow("w", on(kind)), pools={"sales": ["ann"]})
    assert names(told, *happens()) == ["w"]


def test_an_event_that_comes_again_or_too_late_sets_nothing_off() -> None:
    """S79 Redelivered and older events are no news."""
    told = division(flow("w", on("updated")))
    told.send(created(version=1))
    news = updated(facts={"a": 1}, version=5)
    assert names(told, news) == ["w"]
    assert names(told, news) == []
    assert names(told, updated(facts={"a": 2}, version=4)) == []


def test_our_own_choice_that_comes_back_is_no_change_of_owner() -> None:
    """D7 D44 The echo of an assignment sets nothing off."""
    told = division(flow("w", on("owner_changed")), pools={"sales": ["ann"]})
    told.send(created(owner="pool:sales"))
    assert names(told, event("owner_changed", "lead/1", "ann")) == []
    assert names(told, event("owner_changed", "lead/1", OUTSIDER)) == ["w"]


def test_a_condition_may_ask_who_did_it() -> None:
    """S79 By the right that somebody has."""
    eve = User("eve", roles=frozenset({"admin"}))
    told = division(flow("w", on("updated"), criteria=where("actor.right equals admin")), users=[eve, User("ann")])
    told.send(created())
    assert names(told, updated(facts={"a": 1}, actor="eve")) == ["w"]
    assert names(told, updated(facts={"a": 2}, actor="ann")) == []
    assert names(told, updated(facts={"a": 3})) == []
    assert withheld(told) == {"w": "condition"}


def test_a_condition_sees_fields_that_were_told_before() -> None:
    """D43 An update names one field, and the condition asks for another."""
    told = division(flow("w", on("updated", changed=("stage",)), criteria=where("country equals FR")))
    told.send(created(facts={"country": "FR"}))
    assert names(told, updated(facts={"stage": "won"})) == ["w"]


def test_a_decision_lists_who_acted_and_the_first_of_the_others() -> None:
    """It has to fit, however many care for one event."""
    refusing = [flow(f"a{number:02}", on("updated"), criteria=where("x equals 2")) for number in range(WEIGHED_MAX + 9)]
    told = division(*refusing, flow("z", on("updated")))
    told.send(created())
    told.send(updated(facts={"x": 1}))

    assert list(withheld(told).items()) == [*((each.id, "condition") for each in refusing[:WEIGHED_MAX]), ("z", None)]


def test_what_workflows_did_when_a_record_was_deleted_is_remembered_and_nothing_else_of_it() -> None:
    """D16 S105 Also where nothing acted, and nothing is published: with the comparison that decided."""
    told = division(flow("w", on("deleted"), TELL, criteria=where("country equals FR")), flow("x", on("updated")))
    told.send(created(owner=OUTSIDER, facts={"country": "DE"}))
    told.send(updated(facts={"country": "IT"}))
    told.send(deleted())
    found = last_weighed(told.state.progress["lead/1"], told.state.acting["lead/1"])
    assert found == (Weighed("w", "condition", 0),)
    assert told.state.acting["lead/1"] == Acting(near=(Near("w", 0),))
    assert told.state.progress["lead/1"].marks == ()
    assert told.state.records["lead/1"].has_progress
    assert forget("lead/1", told.state, told.config, told.now_ms).keys() >= {"progress", "acting"}


def test_what_nearly_happened_is_forgotten_once_something_else_was_weighed() -> None:
    """What is remembered of a record is how it stands, and where that is nothing, nothing."""
    told = division(
        flow("near", on("updated", changed=("x",)), criteria=where("x equals 2")),
        flow("other", Trigger(("field_cleared",), field="note", field_type="text")),
    )
    told.send(created(facts={"x": 0}))
    told.send(updated(facts={"x": 1}))
    assert [each.workflow for each in told.state.acting["lead/1"].near] == ["near"]

    told.send(updated(facts={"note": "a"}))
    assert withheld(told) == {"other": "not_cleared"}
    assert "lead/1" not in told.state.acting


@pytest.mark.parametrize(
    ("trigger", "happens"),
    [
        (on("created"), lambda: [updated(facts={"country": "FR"}), created()]),
        (on("updated"), lambda: [updated(facts={"a": 1})]),
        (on("deleted"), lambda: [deleted()]),
        (on("owner_changed"), lambda: [event("owner_changed", "lead/1", OUTSIDER)]),
        (on("assigned"), lambda: [event("owner_changed", "lead/1", "pool:sales")]),
        (Trigger(("field_filled",), "stage", "text"), lambda: [updated(facts={"stage": "a"})]),
        (Trigger(("field_cleared",), "tags", "text"), lambda: [updated(facts={"tags": None})]),
        (Trigger(("step_marked",), step=CALL), lambda: [event("step_marked", "lead/1", step=CALL)]),
    ],
    ids=lambda each: each.on[0] if isinstance(each, Trigger) else "",
)
def test_whatever_sets_a_workflow_off_its_condition_sees_what_is_remembered(trigger: Trigger, happens: Any) -> None:
    """D43 The event names no field that the condition asks for. Of waiting see the timers."""
    told = division(flow("w", trigger, criteria=where("country equals FR")), pools={"sales": ["ann"]})
    if trigger.on != ("created",):
        told.send(created(facts={"country": "FR", "tags": "a"}))
    assert names(told, *happens()) == ["w"]


def test_what_several_things_in_one_event_set_off_acts_once() -> None:
    """D49 Each at most once per event, at the first that nothing stands against; so no two actions have one name."""
    kinds = on("created", "updated", "owner_changed", "assigned")
    told = division(flow("w", kinds), flow("x", kinds, criteria=where("country equals FR")), pools={"sales": ["ann"]})
    assert names(told, created(owner="pool:sales", facts={"country": "FR"})) == ["w", "x"]
    assert names(told, updated(owner=OUTSIDER)) == ["w", "x"]
    assert names(told, updated(owner="pool:sales", facts={"country": "DE"}, actor=OUTSIDER)) == ["w"]
    assert [each.withheld for each in told.decisions[-1].trace.workflows] == [None, "condition"]


@given(
    actions=st.integers(1, 4),
    per_record=st.integers(1, 5),
    per_day=st.integers(1, 7),
    events=st.lists(st.tuples(st.integers(1, 2), st.booleans(), st.booleans()), max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_no_cap_is_ever_exceeded(
    actions: int, per_record: int, per_day: int, events: list[tuple[int, bool, bool]]
) -> None:
    """e2 However many actions a workflow has and things set it off: what is left of its row is not done, once the
    workflow is paused, which is told with what it did.
    """
    tasks = [Action("create_record", record_type="task", fields=(("n", n),)) for n in range(actions)]
    told = division(
        flow("w", on("updated", "assigned"), *tasks, cap=Cap(per_record, per_day)), pools={"sales": ["ann"]}
    )
    for n in (1, 2):
        told.send(created(f"lead/{n}", owner=OUTSIDER))
    done: Counter[int] = Counter()
    for n, is_given, is_next_day in events:
        found = names(told, updated(f"lead/{n}", "pool:sales" if is_given else None, facts={"a": 1}))
        assert len(found) <= actions
        if found and len(found) < actions:
            assert withheld(told)["w"] in ("cap_reached", "record_cap_reached")
        done[n] += len(found)
        assert done[n] <= per_record
        assert done.total() <= per_day
        if is_next_day:
            told.later(ms=DAY_MS)
            done.clear()
