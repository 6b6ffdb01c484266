"""The stored form of the state's values."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from service.core.parked import Parked
from service.core.person import Absence, Person
from service.core.score import SCORE_LIMIT
from service.core.seating import Pool, Seat
from service.core.state import KINDS, Hit, Kind, Timer, Value
from service.wire.values import pack, unpack

for primitive, strategy in {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(-SCORE_LIMIT, SCORE_LIMIT),
    str: st.text(),
}.items():
    st.register_type_strategy(primitive, strategy)


def values() -> st.SearchStrategy[tuple[Kind, Value]]:
    """A value of each kind, with anything its types allow. A record has a form of its own (see `test_records`)."""
    kinds = [(kind, row.form) for kind, row in KINDS.items() if kind != "record"]
    return st.one_of([st.tuples(st.just(kind), st.from_type(form)) for kind, form in kinds])


@given(values())
def test_a_value_survives_being_packed(kinded: tuple[Kind, Value]) -> None:
    """Every kind comes back as it was, types included."""
    kind, value = kinded
    revived = unpack(kind, pack(value))
    assert revived == value
    assert type(revived) is type(value)
    assert [type(part) for part in astuple(revived)] == [type(part) for part in astuple(value)]


@given(values())
def test_a_packed_value_in_a_document_is_the_same_bytes_again(kinded: tuple[Kind, Value]) -> None:
    """The log embeds packed values as they are; whoever parses the log writes the same bytes."""
    _, value = kinded
    document = orjson.dumps({"changes": [orjson.Fragment(pack(value))]})
    assert orjson.dumps(orjson.loads(document)["changes"][0]) == pack(value)


@pytest.mark.parametrize(
    ("kind", "value", "packed"),
    [
        ("pool", Pool(turn=3, joins=2, scanned=(-1.5, 7)), b"[3,2,0,0,[-1.5,7],false,false]"),
        ("seat", Seat(served_pass=0, last_turn=0, joined=1), b"[0,0,1,0]"),
        (
            "person",
            Person(presence=Absence(is_absent=True, until_ms=5, time_ms=4), seen=("e1",)),
            b'[[true,5,4],[false,null,null],[false,null,null],["e1"],0]',
        ),
        ("parked", Parked(pool="sales", number=1, since_ms=2, score=0.5), b'["sales",1,2,0.5,"",0,false,false,0]'),
        ("timer", Timer(7), b"[7]"),
        ("hit", Hit(3, 7), b"[3,7]"),
    ],
)
def test_what_is_stored_is_the_fields_in_their_order(kind: Kind, value: Value, packed: bytes) -> None:
    """What is stored stays readable by every later version: these bytes never change."""
    assert pack(value) == packed
    assert unpack(kind, packed) == value


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        ("seat", b"[1]"),
        ("seat", b"{"),
        ("seat", b"{}"),
        ("seat", b'["1",0,0]'),
        ("seat", b"[1.5,0,0]"),
        ("timer", b"[1,2]"),
        ("timer", b""),
        ("pool", b'[1,2,["ann"]]'),
        ("person", b'["asleep",null]'),
        ("person", b"[\xff]"),
    ],
)
def test_bytes_of_no_value_are_an_error(kind: Kind, packed: bytes) -> None:
    """Missing fields without a default, fields of another type, broken JSON and fields too many: none is guessed at."""
    with pytest.raises((ValueError, TypeError)):
        unpack(kind, packed)
