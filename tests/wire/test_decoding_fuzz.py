"""The whole decoder against hostile, careless and unlucky senders: whatever the bytes, an answer and never a raise.

Events begin valid and are spoilt in one or two places, for what is invalid at once is refused at the door. The text is
written by the standard library, which also writes what JSON has no form for.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import INPUTS, RecordData
from service.ingest import Reading, sort_batch
from service.wire.dead_letters import dead_letter, stored_bytes
from service.wire.inputs import LANE_INPUT_LIMIT_BYTES, Decoded, LaneInput, decode, read_input
from service.wire.messages import Header, Poison, Position, RawRecord
from service.wire.times import iso_time
from service.wire.topics import Topics
from tests.wire.builders import lane_input, plain, poison

TOPICS = Topics.of()
RECORD: dict[str, Any] = {
    "record": {
        "type": "lead",
        "id": "1",
        "fields": {"country": "DE"},
        "status": "closed",
        "merged_into": "2",
        "linked": {"account": {"id": "7", "type": "account", "owner": {"kind": "user", "id": "ann"}, "fields": {}}},
        "process": "hunt",
    },
    "action": "1-2-3-0/w",
    "channel": "api",
    "actor": {"id": "eve"},
    "owner": {"kind": "pool", "id": "sales"},
    "version": 3,
    "assign": "by_rules",
    "tool": "t",
    "offer": "o",
    "person": "ann",
    "process": "sales",
    "step": "won",
    "marked": False,
}
CATALOGUE: dict[str, Any] = {
    "record_type": "deal",
    "field": "budget",
    "process": "sales",
    "step": "won",
    "requires_note": True,
    "generates_task": False,
    "actor": {"id": "eve"},
    "version": 3,
}
MEMBER: dict[str, Any] = {"person": "ann", "availability": "away", "until": "2026-03-01T08:00:00Z"}
ENVELOPE: dict[str, Any] = {
    "id": "e1",
    "source": "/crm",
    "time": "2026-03-01T08:00:00Z",
    "division": "north",
    "correlationid": "c",
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    "tracestate": "x=1",
    "chaindepth": 2,
}


def _deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EDGES = st.sampled_from(
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    ]
)
TIMES = st.builds(lambda time, zone: time.replace(tzinfo=zone).isoformat(), EDGES | st.datetimes(), ZONES)
TEXTS = st.sampled_from(
    ["", "\x00", "\ud800", "é", "a\nb", "/", "\u202e", "x" * 300, "1e300", "-" * 20, "2026-13-99T99:99:99Z"]
)
NUMBERS = st.sampled_from([0, -1, 2**53, 2**63, 2**64, 10**400, 1e15, 1e300, float("inf"), float("nan"), -0.0])
ODD = (
    st.none()
    | st.booleans()
    | NUMBERS
    | TEXTS
    | st.text()
    | TIMES
    | st.builds(list)
    | st.sampled_from([(), (("", 1),), (("__class__", 1),)]).map(dict)
    | st.sampled_from([9, 60, 260, 900]).map(_deep)
)
BYTES = (
    st.sampled_from([b"", b"\x00", b"\xff", "é".encode(), b"1.0", b"2", b"null", b"application/cloudevents+json"])
    | st.binary()
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_specversion", "ce_id", "ce_time", "ce_division", "ce_data", "content-type", "division"])
        | st.text(st.characters()),
        st.none() | BYTES,
    ),
    max_size=3,
)


@st.composite
def spoilt(draw: st.DrawFn, whole: dict[str, Any]) -> dict[str, Any]:
    """The object with something odd at up to two places anywhere in it."""
    made = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(0, 2))):
        place = made
        name = draw(st.sampled_from([*place, "odd"]))
        while isinstance(place.get(name), dict) and place[name] and draw(st.booleans()):
            place = place[name]
            name = draw(st.sampled_from([*place, "odd"]))
        place[draw(TEXTS) if name == "odd" else name] = draw(ODD)
    return dict(made)


@st.composite
def records(draw: st.DrawFn) -> RawRecord:
    """A source record in any of the forms."""
    kind = draw(st.sampled_from(list(INPUTS)) | TEXTS)
    whole = RECORD
    if kind in INPUTS and not issubclass(INPUTS[kind], RecordData):
        whole = MEMBER if kind.startswith("crm.member") else CATALOGUE
    data = draw(spoilt(whole))
    envelope = draw(spoilt({"specversion": "1.0", "type": kind, **ENVELOPE}))
    form = draw(st.sampled_from(["binary", "structured", "base64", "plain", "anything", "nothing"]))
    headers: list[Header] = draw(HEADERS)
    body = json.dumps(data).encode()
    match form:
        case "binary":
            headers += [(f"ce_{name}", _text(value).encode(errors="surrogatepass")) for name, value in envelope.items()]
        case "structured":
            body = json.dumps({**envelope, "data": data}).encode()
        case "base64":
            encoded = draw(st.just(base64.b64encode(body).decode()) | ODD)
            body = json.dumps({**envelope, "data_base64": encoded}, ensure_ascii=draw(st.booleans())).encode(
                errors="surrogatepass"
            )
        case "plain":
            envelope.pop("specversion", None)
            body = json.dumps({**envelope, **data}).encode()
        case _:
            body = draw(st.binary())
    key = draw(st.none() | st.binary())
    return RawRecord("crm.records", 3, 17, key, None if form == "nothing" else body, tuple(headers), 1_000)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@settings(deadline=None)
@given(records())
def test_whatever_a_record_holds_the_decoder_answers_and_what_it_accepts_a_lane_reads(record: RawRecord) -> None:
    """Nothing raises on the way to a lane or to the dead letters; both fit where they go."""
    found = decode(record, epoch=0)
    match found:
        case Decoded():
            assert isinstance(read_input(found.value), LaneInput)
            assert len(found.value) <= LANE_INPUT_LIMIT_BYTES
        case Poison():
            letter = dead_letter(found, Position(0, *record[:3]), TOPICS)
            assert stored_bytes(letter) > len(record.value or b"")
    batch = sort_batch([record], Reading(TOPICS, lanes=4))
    assert [letter.poison.reason for letter in batch.dead_letters if letter.traceback] == []


@given(st.binary() | st.text().map(str.encode))
def test_base64_of_anything_is_data_or_is_refused(data: bytes) -> None:
    for encoded in (base64.b64encode(data).decode(), data.decode(errors="replace")):
        body = {"specversion": "1.0", "type": "crm.record.created.v1", **ENVELOPE, "data_base64": encoded}
        record = RawRecord("crm.records", 0, 0, None, json.dumps(body, ensure_ascii=False).encode(), (), 0)
        assert isinstance(decode(record, epoch=0), Decoded | Poison)


@given(TIMES)
def test_a_time_is_refused_or_can_be_written_again(text: str) -> None:
    """The years 1970 to 9999 in UTC: a time that leads beyond by its zone once halted a lane at every decision."""
    at = datetime.fromisoformat(text)
    within = datetime(1970, 1, 1, tzinfo=UTC) <= at <= datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
    for record, where in (
        (plain("crm.member.changed.v1", person="ann", availability="away", until=text), "until_ms"),
        (plain(time=text), "time_ms"),
    ):
        if within:
            time_ms = getattr(lane_input(record).event, where)
            assert abs(datetime.fromisoformat(iso_time(time_ms)) - at) < timedelta(milliseconds=1)
        else:
            assert "1970 to 9999" in poison(record).detail
