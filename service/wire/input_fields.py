"""What a lane's input holds of an event: the fields of the core's event, those at their default left out.

An event is read by the models or by their forms (`schemas.forms`), which have the same attributes: so what happened is
told by the kind of the event, and no class is asked for.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, cast

import orjson

from schemas.envelope import Envelope
from schemas.events import CatalogueChanged, CrmRecord, Input, Linked, MemberChanged, RecordData
from service.core.events import CatalogueEventKind, RecordEventKind
from service.wire.messages import Position
from service.wire.process_inputs import catalogue_fields, process_fields

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS: Final = 86_400_000
TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

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

_OFFER: Final = "offer"
_ONLY_OF: Final[dict[RecordEventKind, tuple[str, ...]]] = {
    "contacted": ("person",),
    "action_done": ("action", "reason"),
    "action_failed": ("action", "reason"),
    "accepted": ("person", "reason", "decision"),
    "declined": ("person", "reason", "decision"),
}
"""What only some events tell, in the core's own words."""


def input_of(position: Position, envelope: Envelope, data: Input, redriven: Position | None = None) -> bytes:
    """The lane's input that an event makes. Raises `orjson.JSONEncodeError` for whole numbers beyond 64 bits."""
    kind = envelope.type
    found: dict[str, object] = {"at": position[:], "origin": (envelope.id, envelope.source, *_trace_context(envelope))}
    if redriven is not None:
        found["redriven"] = redriven[:]
    if envelope.division is not None:
        found["division"] = envelope.division
    if kind in KINDS:
        found["record"] = _record_fields(envelope, cast("RecordData", data))
    elif kind in CATALOGUE_KINDS:
        found["catalogue"] = _fields_of_catalogue(envelope, cast("CatalogueChanged", data))
    else:
        found["member"] = _member_fields(envelope, cast("MemberChanged", data))
    return orjson.dumps(found)


def milliseconds(time: datetime) -> int:
    """Since 1970 in UTC; what is finer is cut off."""
    since = time - EPOCH
    return since.days * DAY_MS + since.seconds * 1_000 + since.microseconds // 1_000


def _trace_context(envelope: Envelope) -> tuple[str, str]:
    """Both parts of the sender's trace; empty where there is none or it is not one."""
    traceparent = envelope.traceparent
    if traceparent is None or not TRACEPARENT.fullmatch(traceparent):
        return "", ""
    return traceparent, envelope.tracestate or ""


def _is_merged(record: CrmRecord, kind: RecordEventKind) -> bool:
    """One that was merged into another is gone, however that was told."""
    return record.merged_into is not None and record.merged_into != record.id and kind in RECORD_KINDS


def _record_fields(envelope: Envelope, data: RecordData) -> dict[str, object]:
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
    _add_told(fields, data)
    fields.update(_only_of(data, kind))
    if data.actor is not None:
        fields["actor"] = data.actor.id
    if envelope.time is not None:
        fields["time_ms"] = milliseconds(envelope.time)
    if data.assign == "by_rules":
        fields["by_rules"] = True
    if envelope.chaindepth is not None:
        fields["depth"] = envelope.chaindepth
    fields.update(process_fields(data, kind))
    return fields


def _add_told(fields: dict[str, object], data: RecordData) -> None:
    """What an event about a record says in the core's own words, but for its owner."""
    if data.owner is not None:
        fields["owner"] = {"kind": data.owner.kind, "id": data.owner.id}
    if data.channel is not None:
        fields["channel"] = data.channel
    if data.version is not None:
        fields["version"] = data.version
    if data.tool is not None:
        fields["tool"] = data.tool
    offers = _offers(data)
    if offers:
        fields["offer"] = offers[0]
    if data.if_unchanged is not None:
        fields["if_unchanged"] = data.if_unchanged


def _fields_of_catalogue(envelope: Envelope, data: CatalogueChanged) -> dict[str, object]:
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
    further = () if kind == "deleted" else _offers(data)[1:]
    return {"more_offers": further} if further else {}


def _offers(data: RecordData) -> tuple[str, ...]:
    """The offers that it is about. Read by its name: most events are about one at most, and by that type compiled code
    would read it.
    """
    offer = getattr(data, _OFFER)
    if offer is None:
        return ()
    return offer if isinstance(offer, tuple) else (offer,)


def _member_fields(envelope: Envelope, data: MemberChanged) -> dict[str, object]:
    """Of somebody's presence: a `MemberEvent`."""
    times = {"begins_ms": data.begins, "until_ms": data.until, "time_ms": envelope.time}
    return {
        "id": _identity(envelope),
        "person": data.person,
        "availability": data.availability,
        "correlation_id": envelope.correlationid or envelope.id,
        **{name: milliseconds(time) for name, time in times.items() if time is not None},
    }


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
