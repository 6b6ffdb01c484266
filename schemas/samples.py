"""One example of every event, as a structured CloudEvent: what the generated documents show.

Each is built from the model it illustrates, so that an example that its own model refuses cannot exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from schemas.decisions import (
    OUTPUTS,
    NotificationRequested,
    NotificationSummaryRequested,
    Output,
    WorkflowActionRequested,
)
from schemas.envelope import Envelope
from schemas.events import INPUTS
from schemas.output_examples import EXAMPLES

Sample = Mapping[str, object]

_LEAD: Final = {
    "type": "lead",
    "id": "4711",
    "fields": {"country": "DE", "score": 55, "company": "Nordwind GmbH", "interests": ["crm", "support"]},
    "linked": {
        "account": {
            "type": "account",
            "id": "88",
            "owner": {"kind": "user", "id": "eve"},
            "fields": {"sector": "software", "employees": 500},
        }
    },
}
_NAME: Final = {"type": "lead", "id": "4711"}
_DEAL: Final = {"type": "deal", "id": "815", "process": "new-business"}
_QUALIFIED: Final = {"process": "new-business", "step": "qualified"}
_ANN: Final = {"kind": "user", "id": "ann"}
_SALES: Final = {"kind": "pool", "id": "sales-emea"}

_READ: Final[Mapping[str, Mapping[str, object]]] = {
    "crm.record.created.v1": {
        "record": _LEAD,
        "channel": "capture_form",
        "actor": {"id": "eve"},
        "owner": _SALES,
        "version": 1,
        "tool": "newsletter-form",
    },
    "crm.record.owner_changed.v1": {
        "record": _NAME,
        "channel": "detail_page",
        "actor": {"id": "eve"},
        "owner": _SALES,
        "version": 4,
    },
    "crm.record.updated.v1": {
        "record": {**_NAME, "status": "open", "fields": {"country": "FR", "score": 70}},
        "channel": "api",
        "owner": _ANN,
        "version": 3,
    },
    "crm.record.deleted.v1": {"record": {**_NAME, "merged_into": "4700"}, "actor": {"id": "eve"}, "version": 5},
    "crm.record.contacted.v1": {"record": _NAME, "person": "ann"},
    "crm.assignment.accepted.v1": {"record": _NAME, "person": "ann", "decision": "3-0-81442-0"},
    "crm.assignment.declined.v1": {
        "record": _NAME,
        "person": "ann",
        "decision": "3-0-81442-0",
        "reason": "on the road all day",
    },
    "crm.offer.ordered.v1": {"record": _LEAD, "offer": "starter-2026"},
    "crm.offer.paid.v1": {"record": _NAME, "offer": "starter-2026"},
    "crm.offer.payment_failed.v1": {"record": _NAME, "offer": "starter-2026"},
    "crm.step.marked.v1": {"record": _DEAL, **_QUALIFIED, "actor": {"id": "ann"}, "version": 6},
    "crm.action.done.v1": {"record": _DEAL, "action": "3-0-81442-0/needs-budget"},
    "crm.action.failed.v1": {"record": _DEAL, "action": "3-0-81442-0/needs-budget", "reason": "the deal is locked"},
    "crm.step.deleted.v1": {**_QUALIFIED, "actor": {"id": "eve"}},
    "crm.step.changed.v1": {**_QUALIFIED, "requires_note": True, "version": 2},
    "crm.field.deleted.v1": {"record_type": "deal", "field": "budget", "actor": {"id": "eve"}},
    "crm.member.changed.v1": {"person": "ann", "availability": "away", "until": "2026-03-02T08:00:00Z"},
}


def _read(event_type: str, data: Mapping[str, object]) -> Sample:
    attributes = {
        "specversion": "1.0",
        "id": "01J8Z6Q4",
        "source": "/crm/eu-1",
        "type": event_type,
        "time": "2026-03-01T09:15:00.123Z",
        "datacontenttype": "application/json",
        "division": "acme",
        "partitionkey": _key(data),
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    return {**_checked(attributes), "data": _json(INPUTS[event_type].model_validate(data))}


def _key(data: Mapping[str, object]) -> str:
    """What is kept in order: what happens to a record, a person, a process, or the fields of a type of record."""
    match data:
        case {"record": {"type": str(record_type), "id": str(record_id)}}:
            return f"{record_type}/{record_id}"
        case {"person": str(name)} | {"process": str(name)} | {"record_type": str(name)}:
            return name
        case _:
            raise ValueError("an event is about a record, a person, a step or a field")


def _written(data: Output) -> Sample:
    event_type = next(name for name, model in OUTPUTS.items() if model is type(data))
    about, cause, key = "lead/4711", "01J8Z6Q4", "lead/4711"
    if isinstance(data, NotificationSummaryRequested):
        event_id, cause, key = f"{data.person}/{data.kind}/1772356500000", "3-0-81460-0", data.person
        about = ""
    elif isinstance(data, NotificationRequested):
        event_id, cause, key = f"{data.decision}/{data.kind}/{data.person}", data.decision, data.person
    elif isinstance(data, WorkflowActionRequested):
        event_id = f"{data.decision}/{data.workflow}"
    else:
        event_id = data.decision
    attributes = {
        "specversion": "1.0",
        "id": event_id,
        "source": "fairlead/acme",
        "type": event_type,
        "time": "2026-03-01T09:15:00.130Z",
        **({"subject": about} if about else {}),
        "datacontenttype": "application/json",
        "division": "acme",
        **({"correlationid": "01J8Z6Q4"} if about else {}),
        "causationid": cause,
        "partitionkey": f"acme/{key}",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-53995c3f42cd8ad8-01",
        "chaindepth": 1,
    }
    return {**_checked(attributes), "data": _json(data)}


def _checked(attributes: Mapping[str, object]) -> Mapping[str, object]:
    Envelope.model_validate(attributes)
    return attributes


def _json(data: BaseModel) -> dict[str, object]:
    dumped: dict[str, object] = data.model_dump(mode="json", exclude_unset=True)
    return dumped


SAMPLES: Final[Mapping[str, Sample]] = {
    **{event_type: _read(event_type, data) for event_type, data in _READ.items()},
    **{str(sample["type"]): sample for sample in map(_written, EXAMPLES)},
}
"""An example per event type, read and written."""
