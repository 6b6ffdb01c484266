"""A redrive is the original once more, and is read as it would have been at first (D37)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.events import MemberEvent, RecordEvent
from service.views.dead_letters import DeadLetter, read_dead_letter
from service.wire.dead_letters import dead_letter
from service.wire.inputs import Decoded, decode
from service.wire.messages import MAX_NUMBER, Poison, Position, RawRecord
from service.wire.redrive import HEADERS_BYTES, LAST_TIME_MS, Redrive, again, read_position, read_redrive, redrive_of
from service.wire.topics import Topics
from tests.wire.builders import binary, decoded, lane_input, plain, poison, raw, structured

AT = Position(0, "crm.records", 3, 17)
NEXT_OFFSET = 99

numbers = st.integers(0, MAX_NUMBER)
positions = st.builds(Position, numbers, st.from_regex(r"[A-Za-z0-9._-]{1,249}", fullmatch=True), numbers, numbers)
headers = st.lists(st.tuples(st.text(max_size=9), st.none() | st.binary(max_size=9)), max_size=4).map(tuple)


def redriven(record: RawRecord) -> RawRecord:
    """The record as it arrives after a redrive, later and further on."""
    sent = again(record, redrive_of(record, epoch=0))
    return RawRecord(sent.topic, record.partition, NEXT_OFFSET, sent.key, sent.value, sent.headers, 77_000)


@given(st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=9), headers, numbers)
def test_key_value_and_headers_are_the_originals(
    key: bytes | None, value: bytes | None, given_headers: tuple[tuple[str, bytes | None], ...], time_ms: int
) -> None:
    """D37: and a redrive of a redrive names the first position and time."""
    original = RawRecord("crm.records", 3, 17, key, value, given_headers, time_ms)
    first = redriven(original)
    second = redriven(first)
    assert (first.key, first.value, first.headers[:-2]) == (key, value, given_headers)
    assert second.headers == first.headers
    assert read_redrive(first.headers) == Redrive(AT, min(time_ms, LAST_TIME_MS))


@given(positions)
def test_a_position_is_read_as_it_is_written(position: Position) -> None:
    assert read_position(str(position)) == position


@pytest.mark.parametrize(
    "text",
    ["", "0/a/1", "0/a/1/2/3", "-1/a/0/0", "0//0/0", "0/a/x/0", "0/a/0/²", f"0/{'a' * 250}/0/0", "0/a/0/" + "9" * 20],
)
def test_what_no_broker_can_have_is_no_position(text: str) -> None:
    assert read_position(text) is None


@pytest.mark.parametrize("make", [plain, binary, structured])
def test_a_redriven_event_is_the_same_event(make: object) -> None:
    """D37: the id that is made of a position is that of the first one, and the lane is told it."""
    record = {plain: plain(), binary: binary(), structured: structured()}[make]  # type: ignore[index]  # one of them
    before, after = lane_input(record), lane_input(redriven(record))
    assert isinstance(before.event, RecordEvent)
    assert isinstance(after.event, RecordEvent)
    assert (before.redriven, after.redriven, after.position.offset) == (None, AT, NEXT_OFFSET)
    assert after.event == replace(before.event, time_ms=record.time_ms)
    assert (after.origin, after.division) == (before.origin, before.division)


def test_an_event_keeps_the_time_that_it_tells() -> None:
    """D37: only without one it is given that of its first record, so that it is no news."""
    timed = plain(time="2026-03-01T08:00:00Z")
    assert lane_input(redriven(timed)).event == lane_input(timed).event
    member = plain("crm.member.changed.v1", person="ann", availability="away")
    assert isinstance(lane_input(redriven(member)).event, MemberEvent)


@pytest.mark.parametrize(
    ("position", "time"),
    [(b"", b"1"), (b"0/a/0/0", b""), (b"0/a/0/0", None), (None, b"1"), (b"\xff", b"1"), (b"0/a/0/0", b"9" * 19)],
)
def test_redrive_headers_of_somebody_else_make_a_dead_letter(position: bytes | None, time: bytes | None) -> None:
    """Guessing would let an event pass as decided that never was."""
    found = poison(plain("crm.record.created.v1", ("redrive_position", position), ("Redrive_Time", time)))
    assert found.reason == "invalid_header"
    assert lane_input(redriven(plain("crm.record.created.v1", ("redrive_position", position)))).redriven == AT


@given(headers)
def test_whatever_stands_in_the_headers_nothing_raises(others: tuple[tuple[str, bytes | None], ...]) -> None:
    for name in ("redrive_position", "redrive_time"):
        record = raw(b"{}", *((name, value) for _, value in others), *others)
        assert isinstance(decode(record, epoch=0), Poison)


def test_the_size_limit_does_not_count_our_headers() -> None:
    """What was allowed at first is allowed again."""
    record = plain(tool="t" * 100)
    size = len(record.value or b"")
    assert isinstance(decode(record, epoch=0, size_limit=size), Decoded)
    assert isinstance(decode(redriven(record), epoch=0, size_limit=size), Decoded)
    longest = redrive_of(RawRecord("t" * 249, MAX_NUMBER, MAX_NUMBER, None, None, (), MAX_NUMBER), MAX_NUMBER)
    sent = again(raw(None), longest)
    assert sum(len(name) + len(value or b"") for name, value in sent.headers) <= HEADERS_BYTES


def test_a_letter_of_ingest_holds_all_that_a_redrive_needs() -> None:
    """D37: bytes, key, headers, and the time at which the record was written."""
    record = raw(b"{broken", ("ce_id", b"\xff"), ("x", None), key=b"\x00lead/1")
    message = dead_letter(poison(record), AT, Topics.of())
    found = read_dead_letter(RawRecord(message.topic, 0, 5, message.key, message.value, message.headers, 99_000))
    assert isinstance(found, DeadLetter)
    assert (found.key, found.value, found.headers, found.written_ms) == (*record[3:6], record.time_ms)
    assert read_position(found.position) == AT
    of_lane = dead_letter(Poison("decide_raised", "", decoded(plain()).value), AT, Topics.of())
    found = read_dead_letter(RawRecord("", 0, 0, of_lane.key, of_lane.value, of_lane.headers, 0))
    assert isinstance(found, DeadLetter)
    assert found.written_ms is None


def test_a_time_that_no_calendar_has_is_cut_to_one_that_has() -> None:
    """A producer may write any time beside its record."""
    record = plain()._replace(time_ms=MAX_NUMBER)
    event = lane_input(redriven(record)).event
    assert isinstance(event, RecordEvent)
    assert event.time_ms == LAST_TIME_MS
