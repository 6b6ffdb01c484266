"""The stored form of the state's values."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.state import KINDS, Hit, Kind, Parked, Person, Pool, Record, Seat, Timer, Value
from service.wire.values import pack, pack_row, unpack, unpack_row

for primitive, strategy in {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(),
}.items():
    st.register_type_strategy(primitive, strategy)


def values() -> st.SearchStrategy[tuple[Kind, Value]]:
    """A value of each kind, with anything its types allow."""
    return st.one_of([st.tuples(st.just(kind), st.from_type(row.form)) for kind, row in KINDS.items()])


@given(values())
def test_a_value_survives_being_packed(kinded: tuple[Kind, Value]) -> None:
    """Every kind comes back as it was, types included."""
    kind, value = kinded
    revived = unpack(kind, pack(value))
    assert revived == value
    assert type(revived) is type(value)
    assert [type(part) for part in revived] == [type(part) for part in value]


@given(values())
def test_a_packed_value_in_a_document_is_the_same_bytes_again(kinded: tuple[Kind, Value]) -> None:
    """The log embeds packed values as they are; whoever parses the log packs the same bytes, and the same value."""
    kind, value = kinded
    document = orjson.dumps({"changes": [orjson.Fragment(pack(value))]})
    row = orjson.loads(document)["changes"][0]
    assert pack_row(row) == pack(value)
    assert unpack_row(kind, row) == value


@pytest.mark.parametrize(
    ("kind", "value", "packed"),
    [
        ("record", Record(owner="ann", by_us=True), b'["ann",true]'),
        ("record", Record(seen=("e1", "e2")), b'["",false,"","",0,null,null,["e1","e2"]]'),
        ("record", Record(), b"[]"),
        ("pool", Pool(turn=3, joins=2, members=("ann", "bob")), b'[3,2,["ann","bob"]]'),
        ("seat", Seat(served_pass=0, last_turn=0, joined=0), b"[0,0,0]"),
        ("person", Person("away", 5), b'["away",5]'),
        ("parked", Parked("sales", 1, 2, score=0.5), b'["sales",1,2,0.5]'),
        ("timer", Timer(7), b"[7]"),
        ("hit", Hit(3, 7), b"[3,7]"),
    ],
)
def test_defaults_at_the_end_are_left_out(kind: Kind, value: Value, packed: bytes) -> None:
    """What is stored stays readable by every later version: these bytes never change."""
    assert pack(value) == packed
    assert unpack(kind, packed) == value


@pytest.mark.parametrize(
    ("kind", "packed"), [("seat", b"[1]"), ("seat", b"{"), ("timer", b"[1,2]"), ("pool", b"[1,2,3]")]
)
def test_bytes_of_no_value_are_an_error(kind: Kind, packed: bytes) -> None:
    """Missing positions without a default, broken JSON and positions of a newer version are never guessed at."""
    with pytest.raises((ValueError, TypeError)):
        unpack(kind, packed)
