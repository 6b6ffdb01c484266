"""What stands in the log is read back exactly: bytes that were written are the bytes that are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from service.wire.log_records import (
    Batch,
    Chunk,
    Claim,
    Complete,
    LogRecord,
    OutcomeLine,
    Place,
    SnapshotMark,
    Stored,
    UnreadableLog,
    decode,
    encode,
)
from service.wire.messages import Message

MARKS = (SnapshotMark(3, 1_000), SnapshotMark(9, 2_000))
BATCH = Batch(
    token=4,
    start=Place(7, 1),
    end=Place(8),
    time_ms=1_700_000_000_000,
    versions={"main": 2},
    code=1,
    outcomes=[OutcomeLine(7, 1, "assigned", "", "0-0-7-1", "0/crm.records/1/17")],
    changes=[Stored("record:1", "main/lead/é", b'["ann",1.5,null]'), Stored("timer:0", "main/drain/sales", None)],
    outputs=[Message("assignments", b"lead/1", b'{"a": 1}', (("ce_id", b"0-0-7-1"), ("none", None), ("raw", b"\xff")))],
    snapshots=MARKS,
    grown=17,
)
RECORDS: dict[str, LogRecord] = {
    "claim": Claim("one"),
    "batch": BATCH,
    "first chunk": Chunk(4, None, {"record:1": {"main/lead/1": b'["ann"]'}, "record:2": {}}, MARKS),
    "next chunk": Chunk(4, 11, {"pool": {}}, MARKS),
    "complete": Complete(4, 11, 10, "abc", 5, MARKS),
}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_is_read_back_byte_for_byte(record: LogRecord) -> None:
    """Also when it was read and written once more."""
    assert decode(encode(record)) == record
    assert encode(decode(encode(record))) == encode(record)


@given(some.binary(), some.binary(), some.lists(some.tuples(some.text(max_size=9), some.none() | some.binary())))
def test_any_output_comes_back_as_it_was(key: bytes, value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    """Whatever bytes a dead letter holds."""
    printable = tuple((name.encode(errors="replace").decode(), said) for name, said in headers)
    output = Message("topic", key, value, printable)
    read = decode(encode(Batch(0, Place(), Place(), 0, {}, 1, [], [], [output])))
    assert isinstance(read, Batch)
    assert list(read.outputs) == [output]


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"{}", b'{"kind":"other"}', b'{"kind":"batch"}'])
def test_a_foreign_record_is_named(value: bytes) -> None:
    """The lane halts on it rather than guess."""
    with pytest.raises(UnreadableLog):
        decode(value)
