"""Tell a lane's input again as the CRM would have: for a dead letter whose original is no longer in its topic.

The event that is told is read by ingest like any other, so nothing gets past its checks. Whether it says the same is
not trusted but tried: it is decoded here, and what does not come out as the very input is not told at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from service.core.events import (
    CatalogueEvent,
    EmptyEvent,
    MemberEvent,
    RecordEvent,
)
from service.core.workflow_specs import StepName
from service.wire.cloudevents import STRUCTURED_JSON
from service.wire.input_fields import CATALOGUE_KINDS, KINDS
from service.wire.inputs import Decoded, LaneInput, decode, read_input
from service.wire.messages import Headers, Position, RawRecord
from service.wire.redrive import Redrive, redrive_headers
from service.wire.times import iso_time

TYPES: Final[Mapping[str, str]] = {kind: name for name, kind in (*KINDS.items(), *CATALOGUE_KINDS.items())}
MEMBER_TYPE: Final = "crm.member.changed.v1"


def retold(value: bytes, place: Position, time_ms: int, division_attribute: str) -> RawRecord | None:
    """The event in a lane's input as a source record at `place`, written at `time_ms`; none: it cannot be told again.

    Key and foreign headers are not known any more.
    """
    content = read_input(value)
    if not isinstance(content, LaneInput) or isinstance(content.event, EmptyEvent):
        return None
    headers: Headers = (("content-type", STRUCTURED_JSON.encode()),)
    told = RawRecord(
        *place[1:], None, orjson.dumps(_event(content.event, content, division_attribute)), headers, time_ms
    )
    decoded = decode(told, epoch=place.epoch, division_attribute=division_attribute)
    if not isinstance(decoded, Decoded) or not _says_the_same(read_input(decoded.value), content):
        return None
    if content.redriven is None:
        return told
    return told._replace(headers=(*headers, *redrive_headers(Redrive(content.redriven, time_ms))))


def _says_the_same(found: object, content: LaneInput) -> bool:
    return isinstance(found, LaneInput) and found[1:4] == content[1:4]


def _event(
    event: RecordEvent | MemberEvent | CatalogueEvent, content: LaneInput, division_attribute: str
) -> dict[str, object]:
    origin, depth = content.origin, None
    match event:
        case RecordEvent():
            kind, depth, data = TYPES[event.kind], event.depth or None, _record(event)
        case CatalogueEvent():
            kind, data = TYPES[event.kind], _catalogue(event)
        case _:
            kind, data = MEMBER_TYPE, _member(event)
    told = {
        "specversion": "1.0",
        "id": origin.event_id,
        "source": origin.source,
        "type": kind,
        "time": None if event.time_ms is None else iso_time(event.time_ms),
        "correlationid": event.correlation_id,
        "chaindepth": depth,
        "traceparent": origin.traceparent or None,
        "tracestate": origin.tracestate or None,
        division_attribute: content.division,
    }
    return {name: value for name, value in told.items() if value is not None} | {"data": data}


def _record(event: RecordEvent) -> dict[str, object]:
    """Linked records are fields in the core's eyes; they are told as such."""
    record = {"type": event.record_type, "id": event.record_id, "fields": dict(event.facts)}
    for name in ("process", "status", "merged_into"):
        if getattr(event, name) is not None:
            record[name] = getattr(event, name)
    told = {
        "record": record,
        "channel": event.channel,
        "actor": None if event.actor is None else {"id": event.actor},
        "owner": None if event.owner is None else {"kind": event.owner.kind, "id": event.owner.id},
        "version": event.version,
        "assign": "by_rules" if event.by_rules else None,
        "tool": event.tool,
        "person": event.person,
        "reason": event.reason or None,
        "offer": list(event.offers) if event.more_offers else event.offer,
        "if_unchanged": event.if_unchanged,
        "action": event.action,
    }
    if event.step is not None:
        told |= {**event.step._asdict(), "marked": event.marked}
    if event.kind != "owner_changed":
        return {name: value for name, value in told.items() if value is not None}
    return {name: value for name, value in told.items() if value is not None or name == "owner"}


def _catalogue(event: CatalogueEvent) -> dict[str, object]:
    names = ("record_type", "field") if event.kind == "field_deleted" else StepName._fields
    told = dict(zip(names, event.name, strict=True)) | {
        "requires_note": event.requires_note,
        "generates_task": event.generates_task,
        "actor": None if event.actor is None else {"id": event.actor},
        "version": event.version,
    }
    return {name: value for name, value in told.items() if value is not None}


def _member(event: MemberEvent) -> dict[str, object]:
    told = {
        "person": event.person,
        "availability": event.availability,
        "begins": None if event.begins_ms is None else iso_time(event.begins_ms),
        "until": None if event.until_ms is None else iso_time(event.until_ms),
    }
    return {name: value for name, value in told.items() if value is not None}
