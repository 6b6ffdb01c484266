"""From a step to the events that a CRM would send for it, in plain JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from schemas.scenario import (
    AcceptedStep,
    AnswerStep,
    ContactedStep,
    Content,
    DeclinedStep,
    DeleteStep,
    MemberStep,
    OfferStep,
    OrderedStep,
    OwnerStep,
    PaidStep,
    PaymentFailedStep,
    RecordStep,
    RecordWords,
    StepStep,
    UpdateStep,
)
from schemas.scenario_values import Linked, Moment, OwnerValue
from service.wire.input_fields import milliseconds
from service.wire.times import iso_time

Body = dict[str, object]


TYPES: Final[Mapping[type[RecordWords], str]] = {
    UpdateStep: "crm.record.updated.v1",
    DeleteStep: "crm.record.deleted.v1",
    ContactedStep: "crm.record.contacted.v1",
    AcceptedStep: "crm.assignment.accepted.v1",
    DeclinedStep: "crm.assignment.declined.v1",
    OrderedStep: "crm.offer.ordered.v1",
    PaymentFailedStep: "crm.offer.payment_failed.v1",
    PaidStep: "crm.offer.paid.v1",
    OwnerStep: "crm.record.owner_changed.v1",
    StepStep: "crm.step.marked.v1",
}
"""The event of each step; a step about a record that begins with it says which."""


def record_events(step: RecordWords, now_ms: int) -> Iterator[tuple[str, Body]]:
    """Each record that the step is about, with its event."""
    kind = f"crm.record.{step.event}.v1" if isinstance(step, RecordStep) else TYPES[type(step)]
    for name in step.records:
        body = _event(kind, name, step, now_ms)
        match step:
            case OwnerStep(owner=owners):
                body["owner"] = _owner(owners[name])
            case StepStep(step=steps):
                body |= steps[name].model_dump()
            case _:
                pass
        yield name, body


def member_events(step: MemberStep, now_ms: int) -> Iterator[Body]:
    """One event for each person."""
    for person, state in step.member.items():
        body: Body = {"type": "crm.member.changed.v1", "person": person, "availability": state.state}
        for name, moment in (("begins", state.begins), ("until", state.until)):
            if moment is not None:
                body[name] = iso_time(at(moment, now_ms))
        yield body


def at(moment: Moment, now_ms: int) -> int:
    """The moment in milliseconds since 1970; what is relative counts from now."""
    match moment:
        case timedelta():
            return now_ms + moment // timedelta(milliseconds=1)
        case datetime():
            return milliseconds(moment)


def _event(kind: str, name: str, step: RecordWords, now_ms: int) -> Body:
    record_type, _, record_id = name.partition("/")
    record: Body = {"type": record_type, "id": record_id, "status": step.status, "merged_into": step.winner}
    record = {key: value for key, value in record.items() if value is not None}
    body: Body = {"type": kind, "record": record, "actor": step.actor and {"id": step.actor}}
    body |= {"id": step.id, "version": step.version, "channel": step.channel, "division": step.division}
    body |= {"correlationid": step.correlation, "chaindepth": step.depth}
    body["time"] = None if step.at is None else iso_time(at(step.at, now_ms))
    body["offer"] = step.offer if isinstance(step, OfferStep) else None
    body["person"] = step.person if isinstance(step, ContactedStep | AnswerStep) else None
    body["reason"] = step.reason or None if isinstance(step, DeclinedStep) else None
    body["tool"] = step.tool if isinstance(step, Content) else None
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
