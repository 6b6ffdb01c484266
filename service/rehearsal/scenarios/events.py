"""From a step to the events that a CRM would send for it, in plain JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.scenario import (
    Content,
    DeleteStep,
    Linked,
    MemberStep,
    Moment,
    OwnerStep,
    OwnerValue,
    RecordStep,
    RecordWords,
    StepStep,
    UpdateStep,
)
from service.wire.inputs import milliseconds
from service.wire.times import iso_time

Body = dict[str, object]


def record_events(step: RecordWords) -> Iterator[tuple[str, Body]]:
    """Each record that the step is about, with its event."""
    match step:
        case RecordStep():
            for name in step.records:
                yield name, _event(step.event, name, step)
        case UpdateStep():
            yield step.update, _event("updated", step.update, step)
        case DeleteStep():
            yield step.delete, _event("deleted", step.delete, step)
        case OwnerStep():
            for name, owner in step.owner.items():
                yield name, _event("owner_changed", name, step) | {"owner": _owner(owner)}
        case StepStep():
            for name, marked in step.step.items():
                body = _event("updated", name, step) | {"type": "crm.step.marked.v1", **marked.model_dump()}
                yield name, body


def member_events(step: MemberStep, now_ms: int) -> Iterator[Body]:
    """One event for each person."""
    for person, state in step.member.items():
        body: Body = {"type": "crm.member.changed.v1", "person": person, "availability": state.state}
        if state.until is not None:
            body["until"] = iso_time(at(state.until, now_ms))
        yield body


def at(moment: Moment, now_ms: int) -> int:
    """The moment in milliseconds since 1970; what is relative counts from now."""
    match moment:
        case timedelta():
            return now_ms + moment // timedelta(milliseconds=1)
        case datetime():
            return milliseconds(moment)


def _event(kind: str, name: str, step: RecordWords) -> Body:
    record_type, _, record_id = name.partition("/")
    record: Body = {"type": record_type, "id": record_id, "status": step.status, "merged_into": step.merged_into}
    record = {key: value for key, value in record.items() if value is not None}
    body: Body = {"type": f"crm.record.{kind}.v1", "record": record, "actor": step.actor and {"id": step.actor}}
    body |= {"id": step.id, "version": step.version, "channel": step.channel, "division": step.division}
    body |= {"correlationid": step.correlation, "chaindepth": step.depth}
    body = {key: value for key, value in body.items() if value is not None}
    if step.process is not None:
        record["process"] = step.process
    if isinstance(step, Content | StepStep):
        record["fields"] = step.fields
    if isinstance(step, Content):
        record["linked"] = {link: _linked(linked) for link, linked in step.linked.items()}
        if "owner" in step.model_fields_set:
            body["owner"] = _owner(step.owner)
        if step.assign is not None:
            body["assign"] = step.assign
    return body


def _linked(linked: Linked) -> Body:
    return linked.model_dump(exclude_none=True, exclude={"owner"}) | {"owner": _owner(linked.owner)}


def _owner(owner: OwnerValue | None) -> Body | None:
    return None if owner is None else {"kind": owner.kind, "id": owner.id}
