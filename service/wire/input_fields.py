"""What a lane's input holds of an event: the fields of the core's event, those at their default left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from schemas.envelope import Envelope
from schemas.events import CatalogueChanged, CrmRecord, Linked, MemberChanged, Owner, RecordData
from service.core.events import CatalogueEventKind, RecordEventKind
from service.wire.process_inputs import catalogue_fields, process_fields

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)

KINDS: Final[dict[str, RecordEventKind]] = {
    "crm.record.created.v1": "created",
    "crm.record.owner_changed.v1": "owner_changed",
    "crm.record.updated.v1": "updated",
    "crm.record.deleted.v1": "deleted",
    "crm.record.contacted.v1": "contacted",
    "crm.offer.ordered.v1": "ordered",
    "crm.offer.paid.v1": "paid",
    "crm.offer.payment_failed.v1": "payment_failed",
    "crm.step.marked.v1": "step_marked",
    "crm.action.done.v1": "action_done",
    "crm.action.failed.v1": "action_failed",
    "crm.assignment.accepted.v1": "accepted",
    "crm.assignment.declined.v1": "declined",
}
CATALOGUE_KINDS: Final[dict[str, CatalogueEventKind]] = {
    "crm.field.deleted.v1": "field_deleted",
    "crm.step.deleted.v1": "step_deleted",
    "crm.step.changed.v1": "step_changed",
}

RECORD_KINDS: Final = frozenset(kind for name, kind in KINDS.items() if name.startswith("crm.record."))
"""What happens to a record itself, and not to an offer."""

_AS_TOLD: Final = ("channel", "version", "tool", "offer", "if_unchanged")
"""What an event about a record says in the core's own words."""


_ONLY_OF: Final[dict[RecordEventKind, tuple[str, ...]]] = {
    "contacted": ("person",),
    "action_done": ("action", "reason"),
    "action_failed": ("action", "reason"),
    "accepted": ("person", "reason", "decision"),
    "declined": ("person", "reason", "decision"),
}
"""What only some events tell, in the core's own words."""


def milliseconds(time: datetime) -> int:
    """Since 1970 in UTC; what is finer is cut off."""
    return (time - EPOCH) // MILLISECOND


def _is_merged(record: CrmRecord, kind: RecordEventKind) -> bool:
    """One that was merged into another is gone, however that was told."""
    return record.merged_into is not None and record.merged_into != record.id and kind in RECORD_KINDS


def record_fields(envelope: Envelope, data: RecordData) -> dict[str, object]:
    """Of what happened to a record: a `RecordEvent`."""
    record = data.record
    kind = KINDS[envelope.type]
    is_merged = _is_merged(record, kind)
    if is_merged:
        kind = "deleted"
    fields: dict[str, object] = {"kind": kind}
    if record.status is not None:
        fields["status"] = record.status
    if is_merged:
        fields["merged_into"] = record.merged_into
    fields["id"] = _identity(envelope)
    fields["record_type"] = record.type
    fields["record_id"] = record.id
    fields["facts"] = _facts(record)
    fields["correlation_id"] = envelope.correlationid or envelope.id
    if data.owner is not None:
        fields["owner"] = _target(data.owner)
    fields |= {name: value for name in _AS_TOLD if (value := getattr(data, name)) is not None}
    fields |= _only_of(data, kind)
    if data.actor is not None:
        fields["actor"] = data.actor.id
    if envelope.time is not None:
        fields["time_ms"] = milliseconds(envelope.time)
    if data.assign == "by_rules":
        fields["by_rules"] = True
    if envelope.chaindepth is not None:
        fields["depth"] = envelope.chaindepth
    return fields | process_fields(data, kind)


def fields_of_catalogue(envelope: Envelope, data: CatalogueChanged) -> dict[str, object]:
    """Of what happened to a field or a step itself: a `CatalogueEvent`."""
    fields = catalogue_fields(data) | {
        "kind": CATALOGUE_KINDS[envelope.type],
        "id": _identity(envelope),
        "correlation_id": envelope.correlationid or envelope.id,
    }
    return fields if envelope.time is None else fields | {"time_ms": milliseconds(envelope.time)}


def _only_of(data: RecordData, kind: RecordEventKind) -> dict[str, object]:
    """What only some events tell. An event that tells of a merger is a deletion, and no longer one of these."""
    names = _ONLY_OF.get(kind)
    if names is not None:
        return {name: value for name in names if (value := getattr(data, name))}
    offers: object = data.offer
    if not isinstance(offers, tuple):
        return {}
    return {"offer": offers[0], "more_offers": offers[1:]}


def member_fields(envelope: Envelope, data: MemberChanged) -> dict[str, object]:
    """Of somebody's presence: a `MemberEvent`."""
    times = {"begins_ms": data.begins, "until_ms": data.until, "time_ms": envelope.time}
    return {
        "id": _identity(envelope),
        "person": data.person,
        "availability": data.availability,
        "correlation_id": envelope.correlationid or envelope.id,
        **{name: milliseconds(time) for name, time in times.items() if time is not None},
    }


def _target(owner: Owner) -> dict[str, str]:
    return {"kind": owner.kind, "id": owner.id}


def _facts(record: CrmRecord) -> dict[str, object]:
    """The record's fields, and each linked record under its name: one hides a field of the same name."""
    facts = dict(record.fields)
    for name, linked in record.linked.items():
        facts[name] = _linked_facts(linked)
    return facts


def _linked_facts(linked: Linked) -> dict[str, object]:
    facts = dict(linked.fields)
    if linked.id is not None:
        facts["id"] = linked.id
    if linked.type is not None:
        facts["type"] = linked.type
    if linked.owner is not None:
        facts["owner"] = f"{linked.owner.kind}:{linked.owner.id}"
    return facts


def _identity(envelope: Envelope) -> str:
    """What recognises a repeated event. An id is unique within its source only; short, because memory keeps it."""
    return blake2b(f"{envelope.source}\n{envelope.id}".encode(), digest_size=8).hexdigest()
