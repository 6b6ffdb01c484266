"""D49 as a law: what answers an action of ours never hides what somebody did in the same event."""

from __future__ import annotations

from typing import Any, Final, get_args

import pytest

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
