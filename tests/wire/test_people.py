"""The stored form of a person: small for who is on no leave, and whole for what may be told of anybody."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from service.core.holding.presence import REMEMBERED_EVENTS, REMEMBERED_UNTIMED
from service.core.order import id_in_short, short_id
from service.core.person import Absence, Person
from service.core.state import LEVEL
from service.wire.people import IN_SHORT_FROM, read_person
from service.wire.values import pack, pack_at, unpack
from tests.wire.test_records import COMPACT_BYTES, HEARD_MS, LATEST_MS

ids = st.lists(st.text(), max_size=REMEMBERED_UNTIMED).map(tuple)


def people(times: st.SearchStrategy[int]) -> st.SearchStrategy[Person]:
    """Any person, of whom was told what is said to have been so at these times."""
    causes = st.builds(Absence, st.booleans(), st.none() | times, st.none() | times)
    return st.builds(Person, presence=causes, shift=causes, leave=causes, seen=ids, heard_ms=times)


def in_short(person: Person) -> Person:
    return replace(person, seen=tuple(id_in_short(each) for each in person.seen))


@given(people(st.integers(0, LATEST_MS)))
def test_a_person_survives_being_packed_and_their_ids_become_short(person: Person) -> None:
    """D28 Once: what is in short stays as it is, so whoever has read it writes the same bytes."""
    packed = pack_at(LEVEL, person)
    assert read_person(packed) == in_short(person)
    assert pack_at(LEVEL, read_person(packed)) == packed
    document = orjson.dumps({"changes": [orjson.Fragment(packed)]})
    assert orjson.dumps(orjson.loads(document)["changes"][0]) == packed


@given(people(st.integers(-(2**63), 2**63 - 1)), st.integers(1, LEVEL))
def test_whatever_is_told_of_a_person_can_be_stored_at_any_level(person: Person, level: int) -> None:
    """Times that no event tells come from nobody of us; they must not stop a lane."""
    assert in_short(read_person(pack_at(level, person))) == in_short(person)


@given(people(st.integers(0, LATEST_MS)), st.integers(1, IN_SHORT_FROM - 1))
def test_below_its_level_a_person_is_stored_as_it_ever_was(person: Person, level: int) -> None:
    """Releases that do not know the short form work beside this one."""
    assert pack_at(level, person) == pack(person)
    assert unpack("person", pack_at(level, person)) == person


HERE, SINCE = Absence(time_ms=HEARD_MS), "0123456789abcdef"
SEEN = tuple(f"{number:016x}" for number in range(REMEMBERED_EVENTS))


@pytest.mark.parametrize(
    "person",
    [
        Person(presence=HERE, shift=HERE, seen=SEEN),
        Person(presence=Absence(is_absent=True, until_ms=HEARD_MS + 1, time_ms=HEARD_MS), shift=HERE, seen=SEEN),
        Person(presence=HERE, shift=Absence(is_absent=True, until_ms=LATEST_MS, time_ms=HEARD_MS), seen=SEEN),
        Person(presence=HERE, shift=HERE, leave=HERE, seen=SEEN),
    ],
    ids=["here", "away for a while", "off shift", "back from leave"],
)
def test_who_is_on_no_leave_is_one_small_value(person: Person) -> None:
    """Redis keeps a hash of such values compact; of larger ones each takes some 90 bytes more."""
    assert len(pack_at(LEVEL, person)) <= COMPACT_BYTES


def test_what_is_stored_in_short_stays_readable() -> None:
    """These bytes never change."""
    away = Absence(is_absent=True, until_ms=5, time_ms=4)
    person = Person(presence=away, leave=Absence(time_ms=HEARD_MS), seen=("e1",), heard_ms=6)
    packed = b'["AAAAAAAEAaDEUGwAAAAAAAAFAAAAAAAG%b",617]' % short_id("e1").encode()
    assert pack_at(LEVEL, person) == packed
    assert read_person(packed) == in_short(person)


@pytest.mark.parametrize("packed", [b"", b"[", b'["AAAAAAAE"]', b'["AAAA",8]', b'["",512]', b'["",0,0]', b'["","x"]'])
def test_bytes_of_no_person_are_an_error(packed: bytes) -> None:
    """Broken JSON, fields or times that are missing, of another type, or too many: none is guessed at."""
    with pytest.raises((ValueError, TypeError)):
        read_person(packed)
