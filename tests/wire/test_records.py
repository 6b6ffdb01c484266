"""The stored form of a record: small for what most records are, and whole for what any may be."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.hearing import REMEMBERED_EVENTS
from service.core.order import Moment, short_id
from service.core.record import Record, StatusTold
from service.wire.record_forms import SIDES
from service.wire.records import pack_record, read_base, read_record

COMPACT_BYTES = 64
"""What a value may take so that Redis keeps a small hash compact (`hash-max-listpack-value`)."""

LATEST_MS = 253_402_300_799_999
"""The end of the year 9999: no event tells a later time."""
MINUTE_MS = 60_000
HEARD_MS = 1_790_000_000_000

times = st.none() | st.integers(0, LATEST_MS)
versions = st.none() | st.integers(0, 2**63 - 1)
ids = st.lists(st.text().map(short_id), max_size=REMEMBERED_EVENTS).map(tuple)
people = st.sampled_from(["", "ann", "bob", "cem"])
moments = st.builds(Moment, versions, times, st.sampled_from(["", "0123456789abcdef"]))


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record; often one whose owner is the one that was told, and at the same time."""
    record = draw(
        st.builds(
            Record,
            owner=people,
            told=st.sampled_from(["", "user:ann", "user:bob", "pool:sales"]),
            version=versions,
            time_ms=times,
            told_version=versions,
            told_time_ms=times,
            nobody_since=st.none() | moments,
            seen=ids,
            outstanding=st.lists(people, max_size=8).map(tuple),
            heard_min=st.integers(0, LATEST_MS // MINUTE_MS),
            closed=st.booleans(),
            status=st.none() | st.builds(StatusTold, moments, st.booleans(), st.sampled_from(["", "0123456789abcdef"])),
        )
    )
    if draw(st.booleans()):
        record = replace(record, told_version=record.version, told_time_ms=record.time_ms)
    return replace(record, nobody_since=record.moment) if draw(st.booleans()) else record


def revived(record: Record) -> Record:
    """The record, written and read."""
    base, beside = pack_record(record)
    assert read_base(base).sides == [side for side in SIDES if side in beside]
    return read_record(read_base(base), beside)


@given(records())
def test_a_record_survives_being_packed(record: Record) -> None:
    """Whatever it says comes back; what stands beside it is named by its base value."""
    again = revived(record)
    assert again == record
    assert pack_record(again) == pack_record(record)


@given(records())
def test_a_packed_record_in_a_document_is_the_same_bytes_again(record: Record) -> None:
    """The log embeds packed values as they are; whoever parses the log writes the same bytes."""
    base, beside = pack_record(record)
    for packed in (base, *beside.values()):
        document = orjson.dumps({"changes": [orjson.Fragment(packed)]})
        assert orjson.dumps(orjson.loads(document)["changes"][0]) == packed


def ordinary(**more: object) -> Record:
    """A record that the CRM told of a moment before we heard of it."""
    record = Record(
        created=True,
        sequence=1,
        version=1,
        time_ms=HEARD_MS,
        told_version=1,
        told_time_ms=HEARD_MS,
        seen=(short_id("one"),),
        heard_min=HEARD_MS // MINUTE_MS,
    )
    return replace(record, **more)


OWNED = {"owner": "ann@example.com", "pool": "sales", "by_us": True, "counted": True}
TWICE = (short_id("one"), short_id("two"))


@pytest.mark.parametrize(
    "record",
    [
        ordinary(nobody_since=Moment(1, HEARD_MS)),
        ordinary(**OWNED, outstanding=("ann@example.com",), nobody_since=Moment(1, HEARD_MS)),
        ordinary(**OWNED, told="user:ann@example.com", seen=TWICE, sequence=2),
        ordinary(owner="ann@example.com", told="user:ann@example.com", counted=True, version=12, told_version=12),
    ],
    ids=["of nobody", "given by us", "given by us and told", "chosen in the CRM"],
)
def test_an_ordinary_record_is_one_small_value(record: Record) -> None:
    """Redis keeps a hash of such values compact; that is half of what it takes otherwise."""
    base, beside = pack_record(record)
    assert len(base) <= COMPACT_BYTES
    assert not beside


def test_what_is_beside_a_record_is_bounded() -> None:
    """Remembered events and outstanding choices are bounded in number, and ids of events in length."""
    record = ordinary(
        seen=tuple(short_id(str(each)) for each in range(REMEMBERED_EVENTS)),
        told_act="0123456789abcdef",
        told="user:" + "x" * 256,
        outstanding=("x" * 256,) * 8,
    )
    _, beside = pack_record(record)
    assert len(beside["heard"]) < 2_600


@pytest.mark.parametrize("packed", [b"{}", b"[", b"[1]", b'["ann","x",0,"","________"]', b'["",0,0,"","",0,0,0]'])
def test_bytes_of_no_record_are_an_error(packed: bytes) -> None:
    """Broken JSON, fields that are missing, of another type, or too many: none is guessed at."""
    with pytest.raises((ValueError, TypeError)):
        read_base(packed)
