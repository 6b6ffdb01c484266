"""A batch: what is in it, where it ends, and what an input that goes wrong costs."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from service.core.configuration import Config
from service.core.events import EmptyEvent, MemberEvent, Target
from service.core.rule_sets import Entry
from service.core.state import Timer
from service.kafka.port import MAX_RECORD_BYTES
from service.lane.book import Book
from service.lane.deciding import (
    begin_switch,
    decide_batch,
    is_at_a_loss,
    switch_configuration,
)
from service.lane.making import Grounds, Made
from service.lane.needs import Read
from service.lane.raising import MAX_RAISED_IN_A_ROW
from service.limits import Limits
from service.wire.dead_letters import stored_bytes
from service.wire.inputs import LANE_INPUT_LIMIT_BYTES, Decoded, Tick, decode, read_input
from service.wire.log_forms import Cursor
from service.wire.log_records import encode
from service.wire.messages import Position, RawRecord
from tests.core.build import MINUTE_MS, START_MS, config, created, planted, pool, predicate, rules
from tests.lane.build import LANE, TOPICS, read


def raises(fact: object) -> bool:
    """A criterion with a bug."""
    raise ZeroDivisionError("planted")


BUG = planted("field", raises)
SOUND = config(pool("ann", "bob"))
BROKEN = config(pool("ann", "bob"), rule_sets=rules(Entry("bug", Target("pool", "sales"), (BUG,))))


def division(given: Config = SOUND, **settings: Any) -> tuple[Book, Grounds]:
    """The book of a lane that has switched to the configuration, and the grounds that say so."""
    book, grounds = Book(), Grounds(LANE, TOPICS, {"main": given}, Limits(**settings))
    switch_configuration(book, given, begin_switch(book, given), grounds)
    return book, grounds


def with_timers(book: Book, *due_ms: int) -> None:
    """Timers of people who come back."""
    book.apply("main", {"timer": {f"back/p{number}": Timer(due) for number, due in enumerate(due_ms)}})


def kinds(made: Made) -> list[str]:
    """The kinds of all outcomes."""
    return [line.kind for line in made.batch.outcomes]


def test_a_record_without_a_value_is_nothing_to_do_and_is_taken() -> None:
    """D36 Its position ends as one outcome, like any other."""
    book, given = division()
    made = decide_batch(book, [read(EmptyEvent(), 0), read(created("lead/1", "pool:sales"), 1)], given)
    assert [(line.kind, line.reason) for line in made.batch.outcomes] == [("nothing", "no_value"), ("assigned", "")]
    assert [line.source for line in made.batch.outcomes] == ["0/crm.records/0/0", "0/crm.records/0/1"]
    assert book.is_taken(Position(0, "crm.records", 0, 0))


def test_timers_go_off_before_the_input_whose_time_they_precede() -> None:
    """Time is an event: what is due by an input's time is decided first, earliest first."""
    book, given = division()
    with_timers(book, START_MS + 2, START_MS + 1, START_MS + 90)
    made = decide_batch(book, [read(created(owner="pool:sales"), 0, time_ms=START_MS + 5)], given)
    assert [line.reason or line.kind for line in made.batch.outcomes] == [
        "member_changed",
        "member_changed",
        "assigned",
    ]
    assert "back/p2" in book.state("main").timers


def test_a_batch_ends_in_front_of_an_input_when_its_timers_are_used_up() -> None:
    """At most so many timers per batch; the next batch goes on in front of the same input, with the next ordinal."""
    book, given = division(timers_per_batch=2)
    with_timers(book, *[START_MS] * 5)
    item = read(created(owner="pool:sales"), 0)
    first, second, third = (decide_batch(book, [item], given) for _ in range(3))
    assert [first.used, second.used, third.used] == [0, 0, 1]
    assert first.batch.end == second.batch.start
    assert second.batch.end == third.batch.start
    assert third.batch.end == Cursor(1)
    ids = [line.decision_id for made in (first, second, third) for line in made.batch.outcomes]
    assert len(set(ids)) == len(ids) == 6


def test_the_clock_never_goes_back() -> None:
    """An input with an older time is decided at the newest time seen."""
    book, given = division()
    decide_batch(book, [read(created(), 0, time_ms=START_MS)], given)
    made = decide_batch(book, [read(created("lead/2"), 1, time_ms=START_MS - MINUTE_MS)], given)
    assert made.batch.time_ms == START_MS


def test_a_decision_that_raises_goes_to_the_dead_letters_and_the_batch_goes_on() -> None:
    """D24: its dead letter names the source position and carries the trace; the events around it are decided."""
    book, given = division(BROKEN)
    inputs = [
        read(created("lead/1", "pool:sales"), 0),
        read(created("lead/2"), 1),
        read(created("lead/3", "pool:sales"), 2),
    ]
    made = decide_batch(book, inputs, given)
    assert kinds(made) == ["assigned", "dead_letter", "assigned"]
    (letter,) = [message for message in made.batch.outputs if message.topic == TOPICS.dead_letters]
    headers = dict(letter.headers)
    assert headers["dead_letter_reason"] == b"decide_raised"
    assert b"ZeroDivisionError: planted" in (headers["dead_letter_traceback"] or b"")
    assert (letter.key, letter.value) == (b"0/crm.records/0/1", inputs[1].raw)
    assert "lead/2" not in book.state("main").records


@pytest.mark.parametrize("letter", [b"x", b'"', b"\x00", b"\xff", "é".encode(), b"\n"])
def test_the_dead_letter_of_a_foreign_input_fits_the_log(letter: bytes) -> None:
    """In a log record a byte may take six: the letter is cut, for its lane would stand still for ever."""
    book, given = division()
    raw = letter * (1_000_000 // len(letter))
    made = decide_batch(book, [Read(0, START_MS, read_input(raw), raw)], given)
    assert kinds(made) == ["dead_letter"]
    assert len(encode(made.batch)) <= MAX_RECORD_BYTES
    assert stored_bytes(made.batch.outputs[0]) <= given.limits.dead_letter_limit_bytes


@pytest.mark.parametrize("letter", ["x", '"', "\\", "é", "\x01"])
def test_the_largest_input_that_ingest_sends_fits_the_log_also_where_deciding_raises(letter: str) -> None:
    """Its dead letter is written as a text within JSON, and holds it whole."""
    book, given = division(BROKEN, dead_letter_limit_bytes=1_000_000)
    room = LANE_INPUT_LIMIT_BYTES - 1_000
    facts = {"note": letter * (room // (len(json.dumps(letter, ensure_ascii=False).encode()) - 2))}
    record = orjson.dumps({"type": "crm.record.created.v1", "record": {"type": "lead", "id": "1", "fields": facts}})
    decoded = decode(RawRecord("crm.records", 0, 0, None, record, (), 0), epoch=0, size_limit=1_000_000)
    assert isinstance(decoded, Decoded)
    item = Read(0, START_MS, read_input(decoded.value), decoded.value)
    made = decide_batch(book, [item], given)
    assert kinds(made) == ["dead_letter"]
    assert len(encode(made.batch)) <= MAX_RECORD_BYTES
    assert made.batch.outputs[0].value == decoded.value


def test_a_lanes_dead_letter_keeps_the_limit_of_the_settings() -> None:
    book, given = division(BROKEN, dead_letter_limit_bytes=5_000)
    made = decide_batch(book, [read(created("lead/2", facts={"note": "x" * 50_000}), 0)], given)
    (message,) = made.batch.outputs
    assert stored_bytes(message) <= 5_000
    assert b"ZeroDivisionError: planted" in (dict(message.headers)["dead_letter_traceback"] or b"")


def test_too_many_raises_in_a_row_end_the_batch() -> None:
    """A bug must become an outage, not a silent loss of everything that comes; what raised is told of first."""
    book, given = division(BROKEN)
    inputs = [read(created(f"lead/{number}"), number) for number in range(MAX_RAISED_IN_A_ROW + 1)]
    made = decide_batch(book, inputs, given)
    assert kinds(made) == ["dead_letter"] * MAX_RAISED_IN_A_ROW
    assert (made.used, len(made.batch.outputs)) == (MAX_RAISED_IN_A_ROW, MAX_RAISED_IN_A_ROW)
    assert is_at_a_loss(book)


def test_a_sound_decision_ends_a_row_of_raises() -> None:
    """Only a row without any success is a bug."""
    book, given = division(BROKEN)
    bad = [read(created(f"lead/{number}"), number) for number in range(MAX_RAISED_IN_A_ROW - 1)]
    good = read(created("lead/good", "pool:sales"), len(bad))
    worse = [read(created(f"lead/b{number}"), number + 100) for number in range(MAX_RAISED_IN_A_ROW)]
    assert kinds(decide_batch(book, [*bad, good, *worse], given)).count("dead_letter") == 2 * MAX_RAISED_IN_A_ROW - 1


def test_what_was_taken_before_is_dropped() -> None:
    """S38 D19: what ingest sends again, whole batches included, is listed as dropped and decided once."""
    book, given = division()
    events = [created(f"lead/{number}", "pool:sales") for number in range(3)]
    again = [read(event, number) for number, event in enumerate(events)]
    later = [item._replace(offset=item.offset + 3) for item in again]
    made = decide_batch(book, [*again, *later], given)
    assert kinds(made) == ["assigned"] * 3 + ["dropped"] * 3
    assert made.batch.end == Cursor(6)


def test_an_unreadable_input_goes_to_the_dead_letters() -> None:
    """Something foreign in the lane's input is named by its place there."""
    book, given = division()
    raw = b"{"
    item = read(created(), 0)
    made = decide_batch(book, [Read(0, START_MS, read_input(raw), raw), item._replace(offset=1)], given)
    assert kinds(made)[0] == "dead_letter"
    assert made.batch.outputs[0].key == f"0/{TOPICS.events}/{LANE}/0".encode()


def test_a_hole_in_the_input_is_stepped_over() -> None:
    """Offsets may be missing, as after a transaction of somebody else; ids stay those of the offsets."""
    book, given = division()
    made = decide_batch(book, [read(created("lead/1"), 0), read(created("lead/2"), 7)], given)
    assert [line.offset for line in made.batch.outcomes] == [0, 7]
    assert made.batch.end == Cursor(8)


def test_a_tick_lets_time_pass() -> None:
    """It decides nothing itself; timers that are due go off."""
    book, given = division()
    with_timers(book, START_MS + 1)
    made = decide_batch(book, [Read(0, START_MS + 1, Tick(), b'{"tick":1}')], given)
    assert [line.reason for line in made.batch.outcomes] == ["member_changed", "tick"]


def test_a_member_event_reaches_all_divisions_of_the_lane() -> None:
    """Who is away is away everywhere: each division decides it, one outcome each, under one source position."""
    book, _ = division()
    north = Config("north", 1, users=SOUND.users, pools=SOUND.pools)
    both = Grounds(LANE, TOPICS, {"main": SOUND, "north": north})
    switch_configuration(book, north, begin_switch(book, north), both)
    made = decide_batch(book, [read(MemberEvent("e1", "ann", "away"), 0)], both)
    assert [line.source for line in made.batch.outcomes] == ["0/crm.records/0/0"] * 2
    for name in ("main", "north"):
        later = decide_batch(book, [read(created("lead/1", "pool:sales"), book.place.offset, division=name)], both)
        assert json.loads(later.batch.outputs[0].value)["owner"]["id"] == "bob"


def test_a_record_that_would_become_too_large_ends_the_batch() -> None:
    """The log record stays below the broker's limit; the rest goes into the next batch."""
    book, given = division(record_max_bytes=1)
    items = [read(created(f"lead/{number}", "pool:sales"), number) for number in range(3)]
    assert decide_batch(book, items, given).used == 1


def test_an_input_that_might_not_fit_waits_for_the_next_batch() -> None:
    """What comes of an input can be as large as the input: it stands alone, if need be."""
    book, given = division(record_max_bytes=4_000)
    items = [
        read(created("lead/1", "pool:sales"), 0),
        read(created("lead/2", "pool:sales", facts={"note": "x" * 5_000}), 1),
    ]
    assert decide_batch(book, items, given).used == 1
    assert decide_batch(book, items[1:], given).used == 1


def test_what_is_listed_of_inputs_that_change_nothing_takes_room_too() -> None:
    """So what is decided behind many of them is never one piece with them: alone in its batch it fits."""
    book, given = division(record_max_bytes=1)
    event = read(created("lead/1", "pool:sales"), 0)
    decide_batch(book, [event], given)
    again = [event._replace(offset=offset) for offset in range(1, 9)]
    assert decide_batch(book, [*again, read(created("lead/2", "pool:sales"), 9)], given).used == 1


@pytest.mark.parametrize("letter", ["x", '"', "\\", "é"])
def test_what_is_remembered_of_records_counts_for_the_size_of_the_log_record(letter: str) -> None:
    """Also where each letter takes several in the log."""
    limit = 100_000
    asked_later = Entry("later", Target("pool", "sales"), (predicate("note contains z"),), on=frozenset({"updated"}))
    book, given = division(config(pool("ann", "bob"), rule_sets=rules(asked_later)), record_max_bytes=limit)
    items = [
        read(created(f"lead/{number}", "pool:sales", facts={"note": letter * 900}), number) for number in range(200)
    ]
    made = decide_batch(book, items, given)
    assert 1 < made.used < len(items)
    assert len(encode(made.batch)) < limit
