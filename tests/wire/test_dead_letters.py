"""A dead letter holds the original and says why it is here (D24)."""

from __future__ import annotations

import orjson

from service.wire import dead_letters
from service.wire.dead_letters import dead_letter
from service.wire.inputs import SIZE_LIMIT_BYTES, decode
from service.wire.messages import Message, Poison, Position, RawRecord
from service.wire.topics import Topics
from tests.wire.builders import decoded, header, plain, poison, raw

TOPICS = Topics.of("t.")
AT = Position(2, "t.crm.records", 3, 17)


def letter(record: RawRecord) -> Message:
    return dead_letter(poison(record), AT, TOPICS)


def test_a_dead_letter_holds_the_original_bytes() -> None:
    """D24: value, key and headers are kept byte for byte, broken ones among them."""
    record = raw(b"{broken", ("ce_id", b"\xff"), ("x", None), key=b"\x00lead/1")
    found = letter(record)
    assert (found.topic, found.key, found.value) == ("t.assignment.dead-letters", b"2/t.crm.records/3/17", b"{broken")
    assert header(found.headers, "original_key") == b"\x00lead/1"
    assert found.headers[-2:] == (("original_header_ce_id", b"\xff"), ("original_header_x", None))


def test_a_dead_letter_says_why_and_where_from() -> None:
    """D24: reason, a sentence, and the source position."""
    headers = dict(letter(raw(b"{broken")).headers)
    assert headers[dead_letters.REASON] == b"invalid_json"
    assert headers[dead_letters.DETAIL]
    position = ("SOURCE_EPOCH", "SOURCE_TOPIC", "SOURCE_PARTITION", "SOURCE_OFFSET")
    assert [headers[getattr(dead_letters, name)] for name in position] == [b"2", b"t.crm.records", b"3", b"17"]


def test_a_value_that_was_missing_is_told_from_an_empty_one() -> None:
    """The original can be sent again exactly."""
    assert header(letter(raw(None)).headers, dead_letters.ORIGINAL_VALUE_NULL) == b"true"
    assert header(letter(raw(b"")).headers, dead_letters.ORIGINAL_VALUE_NULL) is None


def test_an_event_too_big_to_read_is_kept_whole() -> None:
    """The limit of the dead letters is larger than that of the events."""
    record = plain(tool="x" * SIZE_LIMIT_BYTES)
    assert letter(record).value == record.value


def test_an_event_that_made_deciding_raise_carries_the_trace() -> None:
    """D24: the decoded event as it lay in the lane's input, the traceback, and where the original is."""
    value = decoded(plain()).value
    failed = Poison("decide_raised", "ValueError: planted", value)
    found = dead_letter(failed, AT, TOPICS, traceback="Traceback …\nValueError: planted")
    assert found.value == value
    assert orjson.loads(found.value)["record"]["record_id"] == "1"
    assert header(found.headers, dead_letters.TRACEBACK) == "Traceback …\nValueError: planted".encode()
    assert found.key == b"2/t.crm.records/3/17"


def test_of_a_long_traceback_the_end_is_kept() -> None:
    """It says what was raised and where; headers have a limit."""
    failed = Poison("decide_raised", "d" * 5_000, b"{}")
    found = dead_letter(failed, AT, TOPICS, traceback="x" * 50_000 + "the end")
    trace = header(found.headers, dead_letters.TRACEBACK) or b""
    assert (len(trace), trace[-7:]) == (dead_letters.TRACEBACK_LIMIT, b"the end")
    assert len(header(found.headers, dead_letters.DETAIL) or b"") == dead_letters.DETAIL_LIMIT


def test_half_a_character_in_an_error_does_no_harm() -> None:
    """An exception's text may hold what UTF-8 cannot."""
    assert header(dead_letter(Poison("decide_raised", "\ud800", b""), AT, TOPICS).headers, dead_letters.DETAIL)


def test_a_dead_letter_can_be_sent_again_and_fails_the_same_way() -> None:
    """Nothing of the original is lost: rebuilding it from the letter gives the same poison."""
    record = plain("crm.unknown.v1", ("x-app", b"1"))
    found = letter(record)
    prefix = dead_letters.ORIGINAL_HEADER_PREFIX
    headers = [(name.removeprefix(prefix), value) for name, value in found.headers if name.startswith(prefix)]
    again = decode(raw(found.value, *headers), epoch=0)
    assert isinstance(again, Poison)
    assert again.reason == "unknown_type"
