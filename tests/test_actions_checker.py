"""The checker finds actions and notifications without a cause, or beyond one: each rule beside what keeps it."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.actions_checker import cause_violations
from tests.log_reader import Seen

RECORD: Final = {"type": "deal", "id": "1"}
OUTCOMES: Final = [
    [1, 0, "assigned", "", "0-0-1-0", "0/crm/0/1"],
    [1, 1, "nothing", "", "0-0-1-1", "0/crm/0/1"],
    [2, 0, "dropped", "duplicate_event", "0-0-2-0", "0/crm/0/2"],
    [3, 0, "nothing", "told_late", "0-0-3-0", ""],
    [4, 0, "pending", "nobody_eligible", "0-0-4-0", "0/crm/0/4"],
    [5, 0, "nothing", "still_waiting", "0-0-5-0", ""],
    [6, 0, "nothing", "still_waiting", "0-0-6-0", ""],
]


def acts(name: str, decision: str = "0-0-1-0", **said: Any) -> Seen:
    body = {"decision": decision, "record": RECORD, "workflow": "greet", "action": "set_field", **said}
    return _seen("workflow.action_requested.v1", name, decision, body)


def tells(name: str, decision: str = "0-0-1-0") -> Seen:
    body = {"decision": decision, "kind": "assigned", "person": "ann"}
    return _seen("notification.requested.v1", name, decision, body)


def sums_up(name: str, cause: str = "0-0-3-0") -> Seen:
    return _seen("notification.summary_requested.v1", name, cause, {"kind": "assigned", "person": "ann", "count": 2})


def waits(name: str) -> Seen:
    return _seen("assignment.pending.v1", name, "e4", {"record": RECORD})


def complaints(*outputs: Seen) -> str:
    batch = {"format": 1, "kind": "batch", "token": 0, "changes": {}, "outcomes": OUTCOMES}
    return " ".join(cause_violations([[Seen("log", 0, 1, b"", json.dumps(batch).encode())]], outputs, ()))


def _seen(kind: str, name: str, cause: str, body: dict[str, Any]) -> Seen:
    headers = (("ce_type", kind.encode()), ("ce_id", name.encode()), ("ce_causationid", cause.encode()))
    return Seen("outputs", 0, 0, b"", json.dumps(body).encode(), headers)


def test_what_has_a_cause_is_right_however_often_it_is_published() -> None:
    told = (tells("0-0-1-0/assigned/ann"), sums_up("main/ann/assigned/17"))
    first, second = acts("0-0-1-0/greet"), acts("0-0-1-0/greet/2", number=2)
    assert complaints(first, second, first, *told, *told) == ""
    assert complaints(waits("0-0-4-0"), acts("0-0-5-0/greet", "0-0-5-0"), acts("0-0-5-0/greet", "0-0-5-0")) == ""


@pytest.mark.parametrize(
    ("outputs", "complaint"),
    [
        ([acts("0-0-1-0/greet", number=2)], "not called after its cause"),
        ([acts("0-0-9-0/greet", "0-0-9-0")], "which nobody decided"),
        ([acts("0-0-2-0/greet", "0-0-2-0")], "that nobody heard"),
        ([acts("0-0-1-0/greet"), acts("0-0-1-1/greet", "0-0-1-1")], "one action of one event"),
        ([acts("0-0-5-0/greet", "0-0-5-0")], "are actions of 0 waits"),
        (
            [waits("0-0-4-0"), acts("0-0-5-0/greet", "0-0-5-0"), acts("0-0-6-0/greet", "0-0-6-0")],
            "are actions of 1 waits",
        ),
        ([tells("0-0-1-0/assigned/bob")], "not called after its cause"),
        ([tells("0-0-9-0/assigned/ann", "0-0-9-0")], "which nobody decided"),
        ([tells("0-0-2-0/assigned/ann", "0-0-2-0")], "that nobody heard"),
        ([sums_up("ann/reassigned/17")], "not called after its cause"),
        ([sums_up("ann/assigned/17", "0-0-9-0")], "which nobody decided"),
    ],
)
def test_what_has_no_cause_of_its_own_is_found(outputs: list[Seen], complaint: str) -> None:
    assert complaint in complaints(*outputs)
