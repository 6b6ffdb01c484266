"""Reading the three forms of an event, with the CloudEvents SDK as a second opinion."""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent as SdkEvent

from schemas.events import INPUTS
from schemas.samples import SAMPLES
from service.core.events import RecordEvent
from service.wire.cloudevents import CloudEvent, binary_message, unpack
from service.wire.messages import Position, RawRecord
from tests.wire.builders import CREATED, LEAD, binary, decoded, lane_input, plain, poison, raw, structured

AT = Position(0, "crm.records", 3, 17)


def unpacked(record: RawRecord) -> CloudEvent:
    found = unpack(record, AT)
    assert isinstance(found, CloudEvent), found
    return found


def from_sdk(message: KafkaMessage) -> RawRecord:
    return raw(message.value, *message.headers.items())


def sdk_event() -> SdkEvent:
    attributes = {
        "id": "e1",
        "source": "/crm",
        "type": CREATED,
        "specversion": "1.0",
        "time": datetime(2026, 3, 1, 9, 15, tzinfo=UTC),
        "datacontenttype": "application/json",
        "division": "acme",
        "subject": "Köln",
    }
    return SdkEvent(attributes, LEAD)


@pytest.mark.parametrize("pack", [to_binary_event, to_structured_event], ids=["binary", "structured"])
def test_what_the_sdk_writes_is_read(pack: Callable[[SdkEvent], KafkaMessage]) -> None:
    """An event written by the reference library means the same to us, in both modes."""
    message = pack(sdk_event())
    event = unpacked(from_sdk(message))
    assert event.data == LEAD
    wanted = {
        "id": "e1",
        "source": "/crm",
        "type": CREATED,
        "specversion": "1.0",
        "division": "acme",
        "subject": "Köln",
    }
    assert {name: event.attributes.get(name) for name in wanted} == wanted
    found = lane_input(from_sdk(message)).event
    assert isinstance(found, RecordEvent)
    assert found.time_ms == 1_772_356_500_000


def test_what_we_write_in_binary_mode_the_sdk_reads() -> None:
    """Our outputs can be read with the reference library."""
    attributes = {"id": "e1", "source": "/crm", "type": CREATED, "division": "acme"}
    message = binary_message("crm.records", "lead/1", attributes, LEAD)
    headers = {name: value or b"" for name, value in message.headers}
    event = from_kafka_event(KafkaMessage(headers, message.key, message.value))
    assert event.get_data() == LEAD
    assert {name: event.get_attributes()[name] for name in attributes} == attributes


@pytest.mark.parametrize("event_type", INPUTS)
def test_an_event_means_the_same_in_every_form(event_type: str) -> None:
    """Binary, structured with and without content type, and plain give the same lane input, byte for byte."""
    sample = dict(SAMPLES[event_type])
    data = sample.pop("data")
    assert isinstance(data, dict)
    body = orjson.dumps({**sample, "data": data})
    message = binary_message("crm.records", "k", {name: str(value) for name, value in sample.items()}, data)
    bare = {name: value for name, value in sample.items() if name not in {"specversion", "datacontenttype"}}
    forms = {
        decoded(raw(message.value, *message.headers)),
        decoded(raw(body, ("content-type", b"application/cloudevents+json"))),
        decoded(raw(body)),
        decoded(raw(orjson.dumps({**bare, **data}))),
    }
    assert len(forms) == 1


def test_the_content_type_decides_the_mode() -> None:
    """A structured event may carry `ce_` headers as well; the body counts."""
    record = structured(id="body")
    headers = (("ce_specversion", b"1.0"), ("ce_id", b"header"))
    assert unpacked(record._replace(headers=(*record.headers, *headers))).attributes["id"] == "body"
    assert unpacked(record._replace(headers=headers)).attributes["id"] == "header"


def test_a_structured_event_may_carry_its_data_as_base64() -> None:
    """CloudEvents allows it for any data, JSON included."""
    body = {"specversion": "1.0", "id": "e1", "source": "/crm", "type": CREATED}
    encoded = base64.b64encode(orjson.dumps(LEAD)).decode()
    assert unpacked(raw(orjson.dumps({**body, "data_base64": encoded}))).data == LEAD
    assert poison(raw(orjson.dumps({**body, "data_base64": "%"}))).reason == "invalid_json"


def test_a_null_attribute_is_an_absent_one() -> None:
    """The JSON format allows nulls; the reference library does not."""
    assert decoded(structured(division=None, time=None)).division is None


def test_names_of_headers_are_remembered_for_speed_and_in_little_memory() -> None:
    """Senders name headers as they like, and as many as they like."""
    tracemalloc.start()
    try:
        for number in range(64):
            assert decoded(binary(LEAD, (f"{number:0100000}", b""))).division is None
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_another_structured_form_than_json_is_unreadable() -> None:
    """Avro, Protobuf and batches are not guessed at."""
    record = raw(b"{}", ("Content-Type", b"application/cloudevents-batch+json"))
    assert poison(record).reason == "invalid_envelope"


def test_a_plain_event_may_have_its_type_in_a_header() -> None:
    """The body is the data then, as in a topic with one kind of event."""
    body = orjson.dumps(LEAD)
    for name in ("type", "ce_type"):
        assert unpacked(raw(body, (name, CREATED.encode()))).attributes["type"] == CREATED


def test_a_plain_events_body_goes_before_its_headers() -> None:
    """What the sender wrote into the event itself counts."""
    assert unpacked(plain(CREATED, ("type", b"other"))).attributes["type"] == CREATED


def test_a_plain_event_without_an_id_is_named_by_its_position() -> None:
    """Reading the record again gives the same id; a second sending is another event."""
    event = unpacked(plain())
    assert event.attributes["id"] == "0/crm.records/3/17"
    assert event.attributes["source"] == "crm.records"
    assert lane_input(plain()).event.id == lane_input(plain()).event.id
    assert lane_input(plain()).event.id != lane_input(plain()._replace(offset=18)).event.id


def test_division_and_trace_context_may_stand_in_bare_headers() -> None:
    """Tracing libraries write `traceparent`, not `ce_traceparent`; the event's own attribute goes first."""
    headers = (("division", b"acme"), ("traceparent", b"00-x"))
    assert unpacked(binary(LEAD, *headers)).attributes["division"] == "acme"
    assert unpacked(binary(LEAD, *headers)).attributes["traceparent"] == "00-x"
    assert unpacked(binary(LEAD, *headers, division="other")).attributes["division"] == "other"
    assert unpacked(plain(CREATED, *headers)).attributes["division"] == "acme"


@pytest.mark.parametrize("record", [binary(LEAD, tenant="acme"), structured(tenant="acme"), plain(tenant="acme")])
def test_another_attribute_may_name_the_division(record: RawRecord) -> None:
    """A setting says which; `division` itself means nothing then."""
    assert decoded(record, "tenant").division == "acme"
    assert decoded(binary(LEAD, division="acme"), "tenant").division is None
