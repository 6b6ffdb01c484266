"""A dead letter holds the original and says why it is here (D24)."""

from __future__ import annotations

from hashlib import sha256

import orjson
import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from service.views.dead_letters import DeadLetter, read_dead_letter
from service.wire import dead_letters
from service.wire.dead_letters import LEAST_LIMIT_BYTES, LIMIT_BYTES, dead_letter, stored_bytes
from service.wire.inputs import SIZE_LIMIT_BYTES, decode
from service.wire.messages import Headers, Message, Poison, Position, RawRecord
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
    nowhere = raw(None, ("division", b"a b"))
    assert header(letter(nowhere).headers, dead_letters.ORIGINAL_VALUE_NULL) == b"true"
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


def batch_bytes(message: Message) -> int:
    """What the driver sends, and a broker compares with its limit."""
    batch = BatchBuilder(1, 0)
    assert batch.append(timestamp=1e12, key=message.key, value=message.value, headers=list(message.headers))
    return int(batch.size())


def originals(message: Message) -> Headers:
    prefix = dead_letters.ORIGINAL_HEADER_PREFIX
    return tuple((name.removeprefix(prefix), value) for name, value in message.headers if name.startswith(prefix))


def is_part(part: Headers, whole: Headers) -> bool:
    """Whether all of the part stands in the whole, in the same order."""
    rest = iter(whole)
    return all(header in rest for header in part)


SIZES = st.sampled_from([0, 1, 100, 2_000, 30_000])
DATA = st.builds(lambda seed, size: (seed * size)[:size], st.binary(min_size=1, max_size=9), SIZES)
NAMES = st.builds(lambda seed, size: (seed * size)[:size], st.text(st.characters(), min_size=1, max_size=9), SIZES)
ORIGINALS = st.builds(
    lambda key, value, headers, often: RawRecord("t", 3, 17, key, value, tuple(headers * often), 0),
    st.none() | DATA,
    st.none() | DATA,
    st.lists(st.tuples(NAMES, st.none() | DATA), max_size=4),
    st.sampled_from([1, 50]),
)
NUMBERS = st.integers(0, 2**63 - 1)
POSITIONS = st.builds(Position, NUMBERS, st.text(st.characters(), max_size=249), NUMBERS, NUMBERS)
LIMITS = st.sampled_from([LEAST_LIMIT_BYTES, 2_500, 20_000, LIMIT_BYTES])


@settings(deadline=None)
@given(ORIGINALS, POSITIONS, NAMES, NAMES, LIMITS)
def test_a_dead_letter_fits_and_what_is_not_cut_is_the_original(
    record: RawRecord, position: Position, detail: str, trace: str, limit: int
) -> None:
    """Whatever the original, and wherever it was read; a part that is not named as cut is there byte for byte."""
    found = dead_letter(Poison("invalid_json", detail, record), position, TOPICS, trace, limit)
    assert batch_bytes(found) <= stored_bytes(found) <= limit
    ours = dict(found.headers)
    cut = (ours.get(dead_letters.CUT) or b"").decode().split()
    key, value = ours.get(dead_letters.ORIGINAL_KEY), record.value or b""
    whole = tuple((name.encode(errors="backslashreplace").decode(), content) for name, content in record.headers)
    assert value.startswith(found.value)
    assert (record.key or b"").startswith(key or b"")
    assert is_part(originals(found), whole)
    assert (found.value == value, key == record.key, originals(found) == whole) == tuple(
        name not in cut for name in ("value", "key", "headers")
    )
    assert (ours.get(dead_letters.ORIGINAL_VALUE_NULL) is not None) == (record.value is None)
    if cut:
        assert ours[dead_letters.ORIGINAL_VALUE_BYTES] == b"%d" % len(value)
        assert ours[dead_letters.ORIGINAL_VALUE_SHA256] == sha256(value).hexdigest().encode()
    assert ours[dead_letters.REASON] == b"invalid_json"
    assert (dead_letters.TRACEBACK in ours) == bool(trace)


def test_a_record_of_five_megabytes_is_cut_and_says_so() -> None:
    """A source's broker counts compressed bytes: it may hold what our topic refuses."""
    value = b"x" * 5_000_000
    found = letter(raw(value, ("ce_id", b"1"), key=b"lead/1"))
    seen = read_dead_letter(RawRecord(found.topic, 0, 0, found.key, found.value, found.headers, 0))
    assert isinstance(seen, DeadLetter)
    assert (seen.cut, seen.value_bytes, seen.sha256) == ("value", 5_000_000, sha256(value).hexdigest())
    assert (seen.key, seen.headers, seen.position) == (b"lead/1", (("ce_id", b"1"),), "2/t.crm.records/3/17")
    assert 890_000 < stored_bytes(found) <= LIMIT_BYTES


@pytest.mark.parametrize(
    ("headers", "key", "cut"),
    [
        pytest.param([("n" * 2_000_000, b"")], None, "headers", id="a huge name"),
        pytest.param([(f"h{number}", b"x" * 10_000) for number in range(300)], None, "headers", id="many long ones"),
        pytest.param([("", b"")] * 100_000, None, "headers", id="many empty ones"),
        pytest.param([], b"k" * 2_000_000, "key", id="a huge key"),
    ],
)
def test_what_is_large_is_cut_and_the_rest_is_whole(
    headers: list[tuple[str, bytes]], key: bytes | None, cut: str
) -> None:
    record = raw(b"value", *headers, key=key)
    found = letter(record)
    assert stored_bytes(found) <= LIMIT_BYTES
    assert (header(found.headers, dead_letters.CUT), found.value) == (cut.encode(), b"value")


def test_of_many_headers_those_that_fit_are_kept() -> None:
    """A huge one does not hide those behind it."""
    found = letter(raw(b"v", ("a", b"1"), ("b", b"x" * 2_000_000), ("c", b"3")))
    assert originals(found) == (("a", b"1"), ("c", b"3"))


def test_a_dead_letter_that_fits_says_nothing_of_a_cut() -> None:
    assert {dead_letters.CUT, dead_letters.ORIGINAL_VALUE_BYTES} & dict(letter(raw(b"{")).headers).keys() == set()
