"""D49 as a law: what answers an action of ours never hides what somebody did in the same event."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.core.events import RecordEvent
from service.core.workflow_specs import Action, Trigger, TriggerKind
from tests.core.build import MINUTE_MS, OUTSIDER, Division, created, event, updated
from tests.core.flows import CALL, SET_X, division, flow, names, on, was_changed, where, withheld

MAKE: Final = Action("create_record", record_type="lead", fields=(("stage", "copy"),))
TRIGGERS: Final[dict[str, tuple[Trigger, dict[str, Any]]]] = {
    "any": (on("updated"), {}),
    "asks": (on("updated"), {"criteria": where("country equals FR")}),
    "asks-change": (on("updated"), {"changed": was_changed("y")}),
    "assigned": (on("assigned"), {}),
    "changed": (on("updated", changed=("y", "x")), {}),
    "cleared": (Trigger(("field_cleared",), "tags", "text"), {}),
    "cleared-ours": (Trigger(("field_cleared",), "x", "number"), {}),
    "created": (on("created"), {}),
    "deleted": (on("deleted"), {}),
    "filled": (Trigger(("field_filled",), "y", "number"), {}),
    "filled-ours": (Trigger(("field_filled",), "x", "number"), {}),
    "marked": (Trigger(("step_marked",), step=CALL), {}),
    "owner": (on("owner_changed"), {}),
    "waits": (Trigger(("waiting_for",), after_ms=MINUTE_MS), {}),
}
"""Every kind of trigger."""
CHANGES: Final[dict[str, dict[str, Any]]] = {
    "filled": {"facts": {"y": 5}},
    "emptied": {"facts": {"tags": None}},
    "asked for": {"facts": {"country": "FR"}},
    "asked for, with what stays": {"facts": {"country": "FR", "y": 0}},
    "not remembered": {"facts": {"last_activity": 7}},
    "owner": {"owner": OUTSIDER},
    "pool": {"owner": "pool:sales"},
    "status": {"status": "closed"},
    "process": {"process": "other"},
}


def _begun(*asking: Any) -> Division:
    """A division in which a record has all that is asked for open."""
    flows = [flow(f"w-{name}", trigger, **more) for name, (trigger, more) in TRIGGERS.items()]
    told = division(*asking, *flows, pools={"sales": ["ann"]})
    told.send(created(facts={"country": "DE", "y": 0, "x": None, "tags": "a", "note": None}))
    told.send(updated(facts={"when": "2026-01-01"}))
    return told


def _with(event_of: Any, echo: dict[str, Any], change: dict[str, Any]) -> RecordEvent:
    made: RecordEvent = event_of(**{**change, "facts": {**echo, **change.get("facts", {})}})
    return made


def test_each_kind_of_trigger_is_among_them() -> None:
    """What is no row here is not held to the law."""
    assert {kind for trigger, _ in TRIGGERS.values() for kind in trigger.on} == {*get_args(TriggerKind)}


@pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])
@pytest.mark.parametrize(
    ("action", "echo"),
    [(SET_X, {"x": "1"}), (Action("require_field", field="x", field_type="number"), {"x": 7})],
    ids=["set", "asked for"],
)
def test_an_update_that_answers_us_sets_off_what_the_rest_of_it_sets_off(
    action: Action, echo: dict[str, Any], change: dict[str, Any]
) -> None:
    """D49 An echo with a real change in one event: exactly what the real change alone sets off."""
    asking = flow("a", on("updated", changed=("when",)), action)
    apart, both = _begun(asking), _begun(asking)
    alone = names(apart, _with(updated, {}, change))
    assert "w-any" in alone
    assert names(both, _with(updated, echo, change)) == alone


@pytest.mark.parametrize("facts", [{}, {"country": "DE", "y": 0.0, "note": None, "unknown": 5}], ids=["it", "whole"])
def test_an_update_that_only_answers_us_sets_nothing_off_and_says_so(facts: dict[str, Any]) -> None:
    """D49 The same where the CRM always tells the whole record; `own_action` for whatever would have been set off."""
    told = _begun(flow("a", on("updated", changed=("when",)), SET_X))
    assert names(told, updated(facts={**facts, "x": 1})) == []
    assert withheld(told) == {
        "w-any": "own_action",
        "w-asks": "own_action",
        "w-asks-change": "own_action",
        "w-cleared-ours": "not_cleared",
        "w-filled-ours": "own_action",
    }


@pytest.mark.parametrize("facts", [{"y": 5}, {"tags": None}, {"x": 1}])
def test_a_step_that_we_had_marked_hides_no_field(facts: dict[str, Any]) -> None:
    """D49 The step is ours, the fields told with it are news."""
    asking = flow("a", on("updated", changed=("when",)), Action("mark_step", step=CALL))
    apart, both = _begun(asking), _begun(asking)
    alone = names(apart, event("step_marked", facts=facts, process="sales", step=None))
    assert names(both, event("step_marked", facts=facts, process="sales", step=CALL)) == alone
    assert withheld(both)["w-marked"] == "own_action"


@pytest.mark.parametrize("facts", [{}, {"y": 5}, {"x": 1, "y": 0}, {"note": "a"}])
def test_a_record_that_we_had_made_hides_no_field_that_we_had_not_asked_for(facts: dict[str, Any]) -> None:
    """D49 Its creation is ours, and what somebody filled in besides is news."""
    asking = flow("a", on("updated", changed=("when",)), MAKE)
    apart, both = _begun(asking), _begun(asking)
    alone = names(apart, created("lead/2", facts=facts))
    assert alone.count("w-created") == 1
    told = names(both, created("lead/2", facts={"stage": "copy", **facts}))
    assert told == [name for name in alone if name != "w-created"]
    assert withheld(both)["w-created"] == "own_action"


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What happens to a field: values that we ask for (`ask`), the CRM's answer to each in any order behind it
    (`answer`), and values of people in between (`person`), which are all different.
    """
    asked = draw(st.lists(st.integers(1, 3), min_size=1, max_size=6))
    deeds: list[tuple[str, int]] = []
    for value in asked:
        at = draw(st.integers(0, len(deeds)))
        deeds.insert(at, ("ask", value))
        deeds.insert(draw(st.integers(at + 1, len(deeds))), ("answer", value))
    for number in range(draw(st.integers(0, 3))):
        deeds.insert(draw(st.integers(0, len(deeds))), ("person", 100 + number))
    return deeds


@given(histories())
@settings(max_examples=120, deadline=None, derandomize=True)
@example([("ask", 1), ("ask", 2), ("answer", 1), ("answer", 2)])
@example([("ask", 1), ("ask", 2), ("answer", 2), ("answer", 1)])
@example([("ask", 1), ("ask", 2), ("answer", 1), ("person", 100), ("answer", 2)])
@example([("ask", 1), ("person", 100), ("ask", 1), ("answer", 1), ("answer", 1)])
def test_whatever_order_the_crm_answers_in_its_answers_are_ours_and_what_a_person_sets_is_news(
    deeds: list[tuple[str, int]],
) -> None:
    """D49 Each value that was asked for is told once, and sets nothing off; each that somebody sets sets off once."""
    asking = [
        flow(
            f"a{value}",
            on("updated", changed=("stage",)),
            Action("set_field", field="x", value=value),
            criteria=where(f"stage starts with to-{value}-"),
        )
        for value in (1, 2, 3)
    ]
    told = division(*asking, flow("w", on("updated", changed=("x",))))
    told.send(created(facts={"x": 0, "stage": ""}))
    due: Counter[int] = Counter()
    for number, (deed, value) in enumerate(deeds):
        match deed:
            case "ask":
                due[value] += names(told, updated(facts={"stage": f"to-{value}-{number}"})) == [f"a{value}"]
            case "answer" if due[value]:
                due[value] -= 1
                assert names(told, updated(facts={"x": value})) == []
            case "person":
                assert names(told, updated(facts={"x": value})) == ["w"]
            case _:
                pass


def test_a_value_that_is_not_asked_for_any_more_is_somebody_elses_a_day_later() -> None:
    """D49 The CRM may have told two of our values as one; nothing is ours for ever."""
    told = division(
        flow("a", on("updated", changed=("stage",)), SET_X, Action("set_field", field="x", value=2)),
        flow("w", on("updated", changed=("x",))),
    )
    told.send(created(facts={"x": 0}))
    told.send(updated(facts={"stage": "won"}))
    assert names(told, updated(facts={"x": 2})) == []
    told.later(minutes=24 * 60)
    assert names(told, updated(facts={"x": 1})) == ["w"]


def test_a_value_is_ours_also_where_the_crm_says_first_that_it_was_set() -> None:
    """D49 That it was not is another matter: then the value is somebody else's."""
    for result, expected in (("action_done", []), ("action_failed", ["w"])):
        told = division(flow("a", on("updated", changed=("stage",)), SET_X), flow("w", on("updated", changed=("x",))))
        told.send(created(facts={"x": 0}))
        told.send(updated(facts={"stage": "won"}))
        told.send(event(result, action="0-0-1-0/a"))  # type: ignore[arg-type]  # both are kinds of events
        assert names(told, updated(facts={"x": 1})) == expected
        assert "lead/1" not in told.state.answerable
