"""Source records for the tests of the wire layer: each builder takes what matters and invents the rest."""

from __future__ import annotations

import orjson

from service.wire.cloudevents import binary_message
from service.wire.inputs import Decoded, LaneInput, decode, read_input
from service.wire.messages import Headers, Poison, RawRecord

CREATED = "crm.record.created.v1"
LEAD: dict[str, object] = {"record": {"type": "lead", "id": "1"}}


def raw(
    value: bytes | None, *headers: tuple[str, bytes | None], key: bytes | None = None, topic: str = "crm.records"
) -> RawRecord:
    return RawRecord(topic, 3, 17, key, value, headers, 1_000)


def plain(event_type: str = CREATED, *headers: tuple[str, bytes | None], **parts: object) -> RawRecord:
    body = parts if event_type == "crm.member.changed.v1" else LEAD | parts
    return raw(orjson.dumps({"type": event_type, **body}), *headers)


def binary(data: object = LEAD, *headers: tuple[str, bytes | None], **attributes: str) -> RawRecord:
    message = binary_message("crm.records", "lead/1", {**_attributes(), **attributes}, data)
    return raw(message.value, *message.headers, *headers, key=message.key)


def structured(data: object = LEAD, **attributes: object) -> RawRecord:
    body = {"specversion": "1.0", **_attributes(), **attributes, "data": data}
    return raw(orjson.dumps(body), ("content-type", b"application/cloudevents+json; charset=UTF-8"))


def decoded(record: RawRecord, division_attribute: str = "division") -> Decoded:
    found = decode(record, epoch=0, division_attribute=division_attribute)
    assert isinstance(found, Decoded), found
    return found


def lane_input(record: RawRecord) -> LaneInput:
    found = read_input(decoded(record).value)
    assert isinstance(found, LaneInput), found
    return found


def poison(record: RawRecord) -> Poison:
    found = decode(record, epoch=0)
    assert isinstance(found, Poison), found
    return found


def header(headers: Headers, name: str) -> bytes | None:
    return dict(headers).get(name)


def _attributes() -> dict[str, str]:
    return {"id": "e1", "source": "/crm", "type": CREATED}
