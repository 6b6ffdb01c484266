"""An example of everything that Fairlead writes."""

from __future__ import annotations

from typing import Final

from schemas.decisions import (
    AssignmentAssigned,
    AssignmentPending,
    AssignmentRejected,
    AssignmentReleased,
    NotificationRequested,
    NotificationSummaryRequested,
    Output,
    WorkflowActionRequested,
)

_NAME: Final = {"type": "lead", "id": "4711"}
_ANN: Final = {"kind": "user", "id": "ann"}
_SALES: Final = {"kind": "pool", "id": "sales-emea"}
_DECIDED: Final = "3-0-81442-0"
_DECISION: Final = {
    "record": _NAME,
    "decision": _DECIDED,
    "sequence": 1,
    "expected_owner": _SALES,
    "expected_version": 1,
    "configuration": {"version": 7, "label": "9f3c2e"},
    "trace": {
        "question": "rule_set",
        "rule_set": "inbound",
        "tried": [
            {"entry": "vip-accounts", "matched": False, "criterion": 0},
            {"entry": "emea-inbound", "matched": True, "criterion": None},
        ],
        "target": _SALES,
        "candidates": [
            {"person": "ann", "excluded": None, "load": 7_560, "last_turn": 315, "open_items": 1},
            {"person": "bob", "excluded": "away", "load": 7_560, "last_turn": 316, "open_items": 4},
        ],
        "omitted": 0,
    },
}

EXAMPLES: Final[tuple[Output, ...]] = (
    AssignmentAssigned.model_validate({**_DECISION, "owner": _ANN, "pool": "sales-emea", "turn": 318}),
    AssignmentPending.model_validate(
        {**_DECISION, "pool": "sales-emea", "reason": "nobody_eligible", "next_try": "2026-03-02T08:00:00Z"}
    ),
    AssignmentRejected.model_validate(
        {**_DECISION, "reason": "wrong_record_type", "detail": "pool sales-emea serves lead records"}
    ),
    AssignmentReleased.model_validate(
        {**_DECISION, "previous_owner": _ANN, "pool": "sales-emea", "reason": "owner_chosen"}
    ),
    NotificationRequested.model_validate(
        {
            "decision": _DECIDED,
            "kind": "assigned",
            "person": "ann",
            "via": ["email", "chat"],
            "record": _NAME,
            "reason": "It was your turn in Sales EMEA.",
            "link": "https://crm.example/lead/4711",
            "language": "en",
            "subject": "Yours: lead 4711",
            "body": "lead 4711 is yours now. It was your turn in Sales EMEA.\nhttps://crm.example/lead/4711",
        }
    ),
    NotificationSummaryRequested.model_validate(
        {
            "kind": "assigned",
            "person": "ann",
            "via": ["email"],
            "count": 96,
            "since": "2026-03-01T09:15:00Z",
            "until": "2026-03-01T09:25:00Z",
            "records": [_NAME],
            "language": "en",
            "subject": "96 more: yours now",
            "body": "96 more since Sun 2026-03-01 10:15 Europe/Berlin: yours now.\nlead 4711, … (+95)",
        }
    ),
    WorkflowActionRequested.model_validate(
        {
            "decision": _DECIDED,
            "record": _NAME,
            "sequence": 2,
            "workflow": "needs-budget",
            "action": "require_field",
            "process": "new-business",
            "step": "qualified",
            "field": "budget",
            "enforcement": "required",
            "before": False,
            "after": True,
            "reason": "Needs budget: the step qualified of new-business was marked and the field budget is empty, so "
            "it must be filled",
            "configuration": {"version": 7, "label": "9f3c2e"},
        }
    ),
)
"""An example of each. None can exist that its own model refuses."""
