"""What stands in the log is read back exactly: bytes that were written are the bytes that are published."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import astuple

from service.core.state import FIRST_LEVEL, LEVEL
from service.wire.cloudevents import JSON_CONTENT
from service.wire.dead_letters import dead_letter
from service.wire.log_forms import OBJECTS_LEVEL, Cursor, OutcomeLine, SnapshotMark
from service.wire.log_records import (
    Batch,
    Chunk,
    Claim,
    Complete,
    ForeignRecord,
    LogRecord,
    NewerLog,
    Opening,
    Outputs,
    decode,
    decode_for_state,
    encode,
)
from service.wire.messages import Message, Poison, Position, RawRecord
from service.wire.topics import Topics
from tests.log_outputs import read_outputs

FINITE = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=5)
)
PLAIN = FINITE | some.just(float("inf"))
"""The last is no JSON, though Python reads and writes it."""


def nested(inner: some.SearchStrategy[object]) -> some.SearchStrategy[object]:
    """Lists and objects of these."""
    return some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3)


MARKS = (SnapshotMark(3, 1_000), SnapshotMark(9, 2_000))
BATCH = Batch(
    token=4,
    start=Cursor(7, 1),
    end=Cursor(8),
    time_ms=1_700_000_000_000,
    versions={"main": 2},
    code=1,
    outcomes=[OutcomeLine(7, 1, "assigned", "", "0-0-7-1", "0/crm.records/1/17")],
    changes={"record": {"main/lead/é": b'["ann",1.5,null]'}, "timer": {"main/drain/sales": None}},
    outputs=[Message("assignments", b"lead/1", b'{"a": 1}', (("ce_id", b"0-0-7-1"), ("none", None), ("raw", b"\xff")))],
    kinds={"record": 1024, "timer": 16},
    snapshots=MARKS,
    grown=17,
    level=2,
)
SAID = Message("assignments", b"lead/2", b'{"a": "\xc3\xa9\\n", "b":1e3,"b":{}}', (("ce_id", b"0-0-7-2"), JSON_CONTENT))
"""No writer of ours writes it like that: read and written anew it would have other bytes."""
RECORDS: dict[str, LogRecord] = {
    "claim": Claim("one", 3),
    "batch": BATCH,
    "batch with objects": replace(BATCH, outputs=[SAID, *BATCH.outputs], level=OBJECTS_LEVEL),
    "outputs": Outputs(4, [SAID], OBJECTS_LEVEL - 1),
    "outputs with objects": Outputs(4, [SAID, *BATCH.outputs], OBJECTS_LEVEL),
    "opening": Opening(4, {"record": 1024, "later": 7}, MARKS),
    "chunk": Chunk(4, 11, {"record:1": {"main/lead/1": b'["ann"]'}, "record:2": {}}, goes_on=False, snapshots=MARKS),
    "part": Chunk(4, 11, {"later:3": {"main/x": b'{"any":[1,{}]}'}}, goes_on=True, snapshots=MARKS),
    "complete": Complete(4, 11, 10, "abc", 5, MARKS),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_is_read_back_byte_for_byte(record: LogRecord) -> None:
    """Also when it was read and written once more."""
    read: object = decode(encode(record))
    assert read == record
    assert isinstance(read, LogRecord)
    assert encode(read) == encode(record)


LEVELS = some.integers(FIRST_LEVEL, LEVEL)


@given(
    some.binary(), some.binary(), some.lists(some.tuples(some.text(max_size=9), some.none() | some.binary())), LEVELS
)
def test_any_output_comes_back_as_it_was(
    key: bytes, value: bytes, headers: list[tuple[str, bytes | None]], level: int
) -> None:
    """Whatever bytes a dead letter holds."""
    printable = tuple((name.encode(errors="replace").decode(), said) for name, said in headers)
    assert_comes_back(Message("topic", key, value, printable), level)


@given(
    some.dictionaries(some.text(max_size=9), some.recursive(FINITE, nested, max_leaves=5), max_size=4),
    some.integers(0, 3) | some.none(),
    LEVELS,
)
def test_any_object_comes_back_as_it_was(said: dict[str, object], indent: int | None, level: int) -> None:
    """However it is written, and to whoever reads: the lane, and the checker that shares nothing with it."""
    value = json.dumps(said, indent=indent).encode()
    assert_comes_back(Message("topic", b"key", value, (JSON_CONTENT,)), level)


def assert_comes_back(output: Message, level: int) -> None:
    """Read by both, from a batch of the level."""
    written = encode(Batch(0, Cursor(), Cursor(), 0, {}, 1, [], {}, [output], level=level))
    read = decode(written)
    assert isinstance(read, Batch)
    assert list(read.outputs) == [output]
    assert [tuple(each) for each in read_outputs(written)] == [astuple(output)]


@given(some.binary(), LEVELS)
def test_a_letter_about_what_calls_itself_json_comes_back_as_it_was(value: bytes, level: int) -> None:
    """What is said of the original says nothing of the letter: it may be half of something."""
    at = Position(0, "crm.records", 0, 3)
    original = RawRecord(at.topic, at.partition, at.offset, None, value, (JSON_CONTENT,), 0)
    assert_comes_back(dead_letter(Poison("invalid_json", "it is cut off", original), at, Topics.of()), level)


def test_a_log_has_objects_from_a_level_on() -> None:
    """Below it another build may own the lane next, and it reads texts alone; from it on nothing is escaped."""
    below, at = (encode(Outputs(4, [SAID], level)) for level in (OBJECTS_LEVEL - 1, OBJECTS_LEVEL))
    assert json.loads(below)["outputs"][0][2] == SAID.value.decode()
    assert SAID.value in at


BATCH_JSON = json.loads(encode(BATCH))
FOREIGN: dict[str, bytes] = {
    "nothing": b"",
    "half of something": b"{",
    "a list": b"[]",
    "an empty object": b"{}",
    "no JSON": bytes(range(256)),
    "deep": b"[" * 100_000,
    "no format": b'{"kind":"claim","owner":"one","level":1}',
    "another kind": b'{"format":1,"level":1,"kind":"other"}',
    "a batch without anything": b'{"format":1,"level":1,"kind":"batch"}',
    "a level that is none": b'{"format":1,"level":"high","kind":"claim","owner":"one"}',
    "a token that is none": json.dumps(BATCH_JSON | {"token": 1e300}).encode(),
    "a list of changes": json.dumps(BATCH_JSON | {"changes": []}).encode(),
    "a kind that is no name": json.dumps(BATCH_JSON | {"kinds": {"a b:{}": 1}}).encode(),
    "no buckets": json.dumps(BATCH_JSON | {"kinds": {"record": 0}}).encode(),
    "outputs without their headers": json.dumps(BATCH_JSON | {"headers": []}).encode(),
    "outputs that are no base64": json.dumps(BATCH_JSON | {"outputs": [["t", ["%"], "v", []]]}).encode(),
    "an output that is a number": json.dumps(BATCH_JSON | {"outputs": [["t", "k", 1, []]]}).encode(),
    "an output that is no text": json.dumps(BATCH_JSON | {"outputs": [["t", "k", ["%"], []]]}).encode(),
    "a chunk with a list": b'{"format":1,"level":1,"kind":"chunk","token":1,"start":0,"content":[],"goes_on":false}',
}


@pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN)
def test_what_no_lane_wrote_is_foreign(value: bytes) -> None:
    """It is named as such and does not count; nothing is guessed, and nothing raises."""
    assert isinstance(decode(value), ForeignRecord)


@given(some.binary() | some.recursive(PLAIN, nested).map(lambda value: json.dumps(value).encode()))
def test_reading_never_raises(value: bytes) -> None:
    """Whatever stands there."""
    for read in (decode, decode_for_state):
        assert isinstance(read(value), ForeignRecord)


@given(some.data())
def test_a_record_with_something_else_in_one_place_is_foreign_or_a_record(data: some.DataObject) -> None:
    """Right JSON with a wrong type anywhere is read as something or as nothing, and raises nothing."""
    found = json.loads(encode(data.draw(some.sampled_from(list(RECORDS.values())))))
    name = data.draw(some.sampled_from(sorted(found.keys() - {"format"})))
    found[name] = data.draw(some.recursive(PLAIN, nested))
    value = json.dumps(found).encode()
    for read in (decode, decode_for_state):
        assert isinstance(read(value), LogRecord | ForeignRecord)


@pytest.mark.parametrize("value", [b'{"format":2}', b'{"format":2,"kind":"whatever","owner":[]}'])
def test_a_newer_format_is_not_guessed_at(value: bytes) -> None:
    """S: who reads half of it would decide wrongly; the lane halts and says which version it needs."""
    with pytest.raises(NewerLog, match="format 2"):
        decode(value)
