"""From a source record to the core's event, and what cannot be read on the way (D24)."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.events import (
    CatalogueEvent,
    MemberEvent,
    RecordEvent,
    Target,
)
from service.wire.input_fields import KINDS
from service.wire.inputs import (
    LANE_INPUT_LIMIT_BYTES,
    SIZE_LIMIT_BYTES,
    Decoded,
    LaneInput,
    Tick,
    decode,
    read_input,
    tick,
)
from service.wire.messages import Poison, PoisonReason, Position, RawRecord
from tests.wire.builders import CREATED, LEAD, binary, decoded, lane_input, plain, poison, raw, structured

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def record_event(record: RawRecord) -> RecordEvent:
    event = lane_input(record).event
    assert isinstance(event, RecordEvent)
    return event


def test_a_record_event_arrives_with_all_it_said() -> None:
    """Nothing is lost between the CRM and the core."""
    data = {
        "record": {"type": "deal", "id": "12", "fields": {"amount": 10}},
        "channel": "conversion",
        "actor": {"id": "eve"},
        "owner": {"kind": "pool", "id": "sales"},
        "version": 7,
        "assign": "by_rules",
        "tool": "form",
        "offer": "starter",
    }
    event = record_event(
        structured(data, time="1970-01-01T00:00:01.5Z", correlationid="c1", chaindepth=2, type="crm.offer.paid.v1")
    )
    assert event == RecordEvent(
        kind="paid",
        id=event.id,
        record_type="deal",
        record_id="12",
        facts={"amount": 10},
        owner=Target("pool", "sales"),
        channel="conversion",
        actor="eve",
        version=7,
        time_ms=1_500,
        by_rules=True,
        tool="form",
        offer="starter",
        depth=2,
        correlation_id="c1",
    )


@pytest.mark.parametrize(("event_type", "kind"), KINDS.items())
def test_each_type_of_record_event_has_its_kind(event_type: str, kind: str) -> None:
    """Seven types, seven words of the core."""
    told = {"offer": "starter", "person": "ann", "process": "sales", "step": "won", "action": "1-2-3-0/w"}
    assert record_event(plain(event_type, owner=None, **told)).kind == kind


def test_what_an_event_leaves_out_is_the_cores_default() -> None:
    """The event without anything optional equals the one the core would make."""
    event = record_event(plain())
    assert event == RecordEvent(
        kind="created",
        id=event.id,
        record_type="lead",
        record_id="1",
        facts={},
        correlation_id="0/crm.records/3/17",
    )


@pytest.mark.parametrize("kind", ["user", "pool", "queue", "plan"])
@pytest.mark.parametrize(
    "event_type", ["crm.record.created.v1", "crm.record.updated.v1", "crm.record.owner_changed.v1"]
)
def test_every_kind_of_owner_reaches_the_core(event_type: str, kind: str) -> None:
    """S10, D25: `{kind, id}` on the wire is a target in the core, whatever event it came with."""
    owner = record_event(plain(event_type, owner={"kind": kind, "id": "x"})).owner
    assert str(owner) == f"{kind}:x"


def test_linked_records_are_facts_under_their_names() -> None:
    """`account.sector` is one walk; a link's id, type and owner are facts too, and hide its fields of those names."""
    linked = {
        "account": {
            "type": "account",
            "id": "88",
            "owner": {"kind": "user", "id": "eve"},
            "fields": {"sector": "IT", "id": "hidden"},
        },
        "partner": {},
    }
    fields = {"country": "DE", "account": "a field of the same name"}
    event = record_event(plain(record={"type": "lead", "id": "1", "fields": fields, "linked": linked}))
    assert event.facts == {
        "country": "DE",
        "account": {"sector": "IT", "id": "88", "type": "account", "owner": "user:eve"},
        "partner": {},
    }


def test_a_member_event_goes_to_every_lane() -> None:
    """Somebody's absence matters to all divisions they work for."""
    record = plain("crm.member.changed.v1", person="ann", availability="away", until="1970-01-01T00:00:02Z")
    assert decoded(record).broadcast
    event = lane_input(record).event
    assert event == MemberEvent(event.id, "ann", "away", 2_000, "0/crm.records/3/17")


def test_a_member_event_that_names_a_division_goes_to_its_lane_alone() -> None:
    """To every other lane the division would be one without a configuration, which is a dead letter."""
    named = decoded(plain("crm.member.changed.v1", person="ann", availability="away", division="acme"))
    assert (named.division, named.broadcast) == ("acme", False)


def test_a_marked_step_arrives_with_its_process() -> None:
    """S85 It is an event about its record, which may name the process that the record goes through, too."""
    deal = {"type": "deal", "id": "1", "process": "hunt"}
    event = lane_input(plain("crm.step.marked.v1", record=deal, process="sales", step=3)).event
    assert isinstance(event, RecordEvent)
    assert (event.kind, event.process, event.step, event.marked) == ("step_marked", "hunt", ("sales", "3"), True)


@pytest.mark.parametrize(
    ("event_type", "kind", "name", "told"),
    [
        ("crm.field.deleted.v1", "field_deleted", ("deal", "budget"), {"record_type": "deal", "field": "budget"}),
        ("crm.step.deleted.v1", "step_deleted", ("sales", "won"), {"process": "sales", "step": "won"}),
        ("crm.step.changed.v1", "step_changed", ("sales", "won"), {"process": "sales", "step": "won"}),
    ],
)
def test_news_of_fields_and_steps_go_to_the_lane_of_their_division(
    event_type: str, kind: str, name: tuple[str, str], told: dict[str, str]
) -> None:
    """S105 No record is meant; what is not said stays as it was, and what is not known is passed over."""
    found = decoded(plain(event_type, **told, actor={"id": "eve"}, version="4", colour="red"))
    event = lane_input(plain(event_type, **told, actor={"id": "eve"}, version="4", colour="red")).event
    assert not found.broadcast
    assert isinstance(event, CatalogueEvent)
    assert (event.kind, event.name, event.actor, event.version) == (kind, name, "eve", 4)
    assert (event.requires_note, event.generates_task) == (None, None)


def test_a_record_event_goes_to_one_lane() -> None:
    """The division names it; none named is the default one."""
    named, unnamed = decoded(plain(division="acme")), decoded(plain())
    assert (named.division, named.broadcast) == ("acme", False)
    assert (unnamed.division, unnamed.broadcast) == (None, False)
    assert lane_input(plain(division="acme")).division == "acme"
    assert lane_input(plain()).division is None


def test_a_lane_input_carries_the_source_position_and_the_origin() -> None:
    """The position recognises redelivery; the origin ties the outputs to their cause."""
    found = decode(binary(traceparent=TRACEPARENT, tracestate="a=b"), epoch=2)
    assert isinstance(found, Decoded)
    read = read_input(found.value)
    assert isinstance(read, LaneInput)
    assert read.position == Position(2, "crm.records", 3, 17)
    assert read.origin == ("e1", "/crm", TRACEPARENT, "a=b")


@pytest.mark.parametrize("traceparent", ["nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", TRACEPARENT.upper()])
def test_a_broken_trace_context_is_dropped_and_the_event_kept(traceparent: str) -> None:
    """W3C: what cannot be read as a trace starts none; the event itself is fine."""
    assert lane_input(binary(traceparent=traceparent, tracestate="a=b")).origin[2:] == ("", "")


def test_decoding_again_gives_the_same_bytes() -> None:
    """Ingest is a pure function of the bytes: running it twice is harmless."""
    assert decode(binary(), epoch=0) == decode(binary(), epoch=0)


def test_the_same_event_is_recognised_and_another_sources_is_not_taken_for_it() -> None:
    """An event id is unique within its source only (CloudEvents)."""
    first = lane_input(binary(id="1", source="/crm")).event.id
    assert lane_input(binary(id="1", source="/crm")._replace(offset=99)).event.id == first
    assert lane_input(binary(id="1", source="/enrichment")).event.id != first
    assert lane_input(binary(id="2", source="/crm")).event.id != first


def test_a_conversion_is_two_events_of_one_chain() -> None:
    """D25: both created events carry the sender's correlation id."""
    contact = binary({"record": {"type": "contact", "id": "1"}, "channel": "conversion"}, id="a", correlationid="c")
    deal = binary({"record": {"type": "deal", "id": "2"}, "channel": "conversion"}, id="b", correlationid="c")
    assert {record_event(contact).correlation_id, record_event(deal).correlation_id} == {"c"}


def test_an_event_without_a_chain_begins_one() -> None:
    """Its own id is the correlation id of what follows."""
    assert record_event(binary(id="e7")).correlation_id == "e7"


def test_an_unknown_record_type_is_readable() -> None:
    """D24: the core rejects it; it is not a dead letter."""
    assert record_event(plain(record={"type": "spaceship", "id": "1"})).record_type == "spaceship"


def test_what_an_earlier_release_wrote_and_nobody_reads_any_more_is_passed_over() -> None:
    """Inputs outlive releases: they lie in a topic, and in dead letters."""
    sent = decoded(plain()).value
    told = orjson.loads(sent)
    told["record"]["previous_owner"] = {"kind": "user", "id": "ann"}
    assert read_input(orjson.dumps(told)) == read_input(sent)


def test_a_tick_is_read_as_a_tick() -> None:
    """Time passes on an idle lane through its own input."""
    assert read_input(tick()) == Tick()


BAD: list[tuple[str, RawRecord, PoisonReason]] = [
    ("broken JSON", raw(b'{"type": '), "invalid_json"),
    ("an empty value", raw(b""), "invalid_json"),
    ("not UTF-8", raw(b'{"type": "\xff"}'), "invalid_json"),
    ("NaN", raw(b'{"type": NaN}'), "invalid_json"),
    ("not an object", raw(b"[1]"), "invalid_envelope"),
    ("no type", raw(orjson.dumps(LEAD)), "invalid_envelope"),
    ("a type that is no text", raw(b'{"type": 7}'), "invalid_envelope"),
    ("a division that is no name", plain(division="a b"), "invalid_envelope"),
    ("no source", raw(orjson.dumps({"specversion": "1.0", "id": "1", "type": CREATED})), "invalid_envelope"),
    ("a time without a zone", structured(time="2026-01-01T00:00:00"), "invalid_envelope"),
    ("unknown type", plain("crm.record.cloned.v1"), "unknown_type"),
    ("no record", binary({}), "invalid_schema"),
    ("no data", structured(None), "invalid_schema"),
    ("no owner in a change of owner", plain("crm.record.owner_changed.v1"), "invalid_schema"),
    ("a channel that is no text", plain(channel=7), "invalid_schema"),
    ("nested without end", raw(b'{"type":"x","record":' + b"[" * 5_000), "invalid_json"),
    (
        "nested too deeply",
        plain(record={"type": "lead", "id": "1", "fields": {"a": [[[[[[[[[1]]]]]]]]]}}),
        "invalid_schema",
    ),
    ("a header without a value", binary(LEAD, ("ce_division", None)), "invalid_header"),
    ("a header not UTF-8", binary(LEAD, ("ce_division", b"\xff")), "invalid_header"),
    ("too big", plain(tool="x" * SIZE_LIMIT_BYTES), "too_large"),
]


@pytest.mark.parametrize(("record", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_cannot_be_read_is_poison_with_its_reason(record: RawRecord, reason: PoisonReason) -> None:
    """D24: envelope, schema, size. The original stays in hand, untouched."""
    found = poison(record)
    assert found.reason == reason
    assert found.raw is record
    assert found.detail


def test_size_counts_key_value_and_headers() -> None:
    """The limit is on the whole record, and reaching it is allowed."""
    record = plain(CREATED, ("x", b"12345"))._replace(key=b"123")
    assert record.value is not None
    size = len(record.value) + 9
    assert isinstance(decode(record, epoch=0, size_limit=size), Decoded)
    assert isinstance(decode(record, epoch=0, size_limit=size - 1), Poison)


def test_an_event_that_grows_beyond_what_a_lane_takes_is_poison() -> None:
    """Numbers written short become long: what ingest sends on must fit the lane's input and its log."""
    fields = b"[" + b",".join([b"1e15"] * 60_000) + b"]"
    record = raw(b'{"type":"crm.record.created.v1","record":{"type":"lead","id":"1","fields":{"a":%b}}}' % fields)
    found = decode(record, epoch=0, size_limit=500_000)
    assert isinstance(found, Poison)
    assert (found.reason, found.raw) == ("too_large", record)
    assert str(LANE_INPUT_LIMIT_BYTES) in found.detail


@pytest.mark.parametrize(
    "at", [[0, "t", 0, 2**63], [-1, "t", 0, 0], [0, "t" * 250, 0, 0], [0, 7, 0, 0], [0, "t", 1e300, 0]], ids=str
)
def test_a_position_that_no_broker_has_is_poison(at: list[object]) -> None:
    """A foreign writer's: it would stand in keys and marks, whatever its size."""
    found = orjson.loads(decoded(plain()).value)
    assert isinstance(read_input(orjson.dumps({**found, "at": at})), Poison)


def test_a_poison_names_places_and_quotes_no_values() -> None:
    """A record's fields are people's data and do not belong in a reason, which is logged."""
    found = poison(plain(record={"type": "lead", "id": "1", "fields": "secret"}, channel=["secret"], actor="secret"))
    assert "record.fields" in found.detail
    assert "channel" in found.detail
    assert "secret" not in found.detail


def test_of_many_problems_the_first_few_are_told() -> None:
    """A reason is a sentence, not a page."""
    found = poison(plain(channel=1, version=-2, tool=[], offer=[], actor=5))
    assert found.detail.endswith("; 2 more")


WHOLE = decoded(plain()).value


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{}",
        b"[]",
        b"7",
        b"{\xff}",
        b'{"at":[],"origin":[],"record":{}}',
        b'{"record":{"x":1}}',
        b'{"at":[0,"crm.records",0,0],"origin":["","","",""]}',
        b'{"at":' + b"[" * 100_000,
        WHOLE.replace(b'"facts":{}', b'"facts":' + b'{"a":' * 100_000),
        WHOLE.replace(b'"created"', b'"invented"'),
        WHOLE.replace(b'"record_id":"1"', b'"record_id":1'),
    ],
)
def test_a_foreign_record_in_a_lanes_input_is_poison(value: bytes) -> None:
    """Only ingest writes there; something else is set aside, and the lane goes on."""
    found = read_input(value)
    assert isinstance(found, Poison)
    assert (found.reason, found.raw) == ("unreadable_event", value)


HEADER_NAMES = (
    st.sampled_from(["ce_specversion", "ce_type", "ce_id", "ce_time", "content-type", "division"]) | st.text()
)
HEADER_VALUES = st.none() | st.binary() | st.sampled_from([b"1.0", CREATED.encode(), b"application/cloudevents+json"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["type", "data", "record", "id"]) | st.text(), inner)
    ),
)
BODIES = st.none() | st.binary() | JSON.map(lambda value: orjson.dumps(_in_64_bits(value)))


def _in_64_bits(value: object) -> object:
    if isinstance(value, dict):
        return {name.encode(errors="replace").decode(): _in_64_bits(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_in_64_bits(part) for part in value]
    if isinstance(value, int):
        return value % 2**63
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


@given(BODIES, st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=6))
def test_decoding_never_raises(value: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    """Whatever the bytes: something to send on, or a poison."""
    assert isinstance(decode(raw(value, *headers), epoch=0), Decoded | Poison)


@given(JSON.map(_in_64_bits))
def test_any_field_value_arrives_or_is_refused(value: object) -> None:
    """What is accepted reaches the core as it was sent."""
    record = plain(record={"type": "lead", "id": "1", "fields": {"custom": value}})
    found = decode(record, epoch=0)
    if isinstance(found, Poison):
        assert "nested deeper" in found.detail
    else:
        assert record_event(record).facts == orjson.loads(orjson.dumps({"custom": value}))


@given(st.binary())
def test_reading_a_lane_input_never_raises(value: bytes) -> None:
    """A lane survives whatever stands in its topic."""
    assert isinstance(read_input(value), Poison | Tick | LaneInput)
