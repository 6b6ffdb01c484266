"""What a workflow asks for as bytes, and back: for the CRM that is to do it, and for explanations.

Each action is an event of its own. Its id is that of the decision with the workflow's behind it, so whatever is decided
again or published again has the same one, and no workflow asks twice for one decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from service.core.model import ActionRequest, Decision, Weighed
from service.core.workflow_specs import StepName
from service.wire.messages import Header

ACTION: Final[Header] = ("ce_type", b"workflow.action_requested.v1")

_write: Final = msgspec.json.Encoder().encode


def action_id(decision_id: str, action: ActionRequest) -> str:
    """The id of the event that asks for an action. From its second action on, a workflow has the number behind it."""
    return f"{decision_id}/{action.workflow}" + (f"/{action.number}" if action.number > 1 else "")


def write_action(
    action: ActionRequest, decision: Decision, decision_id: str, record: Mapping[str, str], configuration: object
) -> bytes:
    """The event's data. `record` and `configuration` are as decisions name them."""
    return _write(
        {
            "decision": decision_id,
            "record": record,
            "sequence": action.sequence,
            "workflow": action.workflow,
            "action": action.action,
            **{name: value or None for name, value in action.step._asdict().items()},
            "field": action.field or None,
            "enforcement": action.enforcement,
            "before": action.before,
            "after": action.after,
            "reason": action.reason,
            "configuration": configuration,
            **_only_of(action),
            "withheld": [each for each in decision.trace.workflows if each.withheld is not None],
        }
    )


def _only_of(action: ActionRequest) -> dict[str, object]:
    """What only some actions have: the value of a field, the record to be made, their number from the second on."""
    match action.action:
        case "set_field":
            said: dict[str, object] = {"value": action.value}
        case "create_record":
            said = {"create": {"type": action.record_type, "fields": action.fields}}
        case _:
            said = {}
    return {**said, "number": action.number} if action.number > 1 else said


def read_action(said: Mapping[str, Any]) -> tuple[ActionRequest, tuple[Weighed, ...]]:
    """The action that an event's data asks for, and the workflows that asked for nothing.

    Raises `KeyError` or `TypeError` where it is no such event.
    """
    made = said.get("create") or {"type": "", "fields": None}
    action = ActionRequest(
        workflow=said["workflow"],
        action=said["action"],
        step=StepName(said["process"] or "", said["step"] or ""),
        field=said["field"] or "",
        number=said.get("number", 1),
        enforcement=said["enforcement"],
        before=said["before"],
        after=said["after"],
        reason=said["reason"],
        sequence=said["sequence"],
        value=said.get("value"),
        record_type=made["type"],
        fields=made["fields"],
    )
    return action, tuple(
        Weighed(each["workflow"], each["withheld"], each.get("criterion")) for each in said["withheld"]
    )
