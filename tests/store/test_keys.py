"""Where state lies: a fixed set of keys, the same in every process and version."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.keys import LAYOUT, MARK, Layout, Stored, full_name, kind_of, parted, read_layout

OF_THE_LANE = {"lane", "redriven", "refused"}
divisions = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)


@given(kind=st.sampled_from(sorted(LAYOUT.kinds)), division=divisions, field=st.text())
def test_a_full_name_tells_division_and_field_again(kind: str, division: str, field: str) -> None:
    """And its key the kind; what belongs to the whole lane has no division."""
    name = full_name(kind, division, field)
    assert parted(name) == ("" if kind in OF_THE_LANE else division, field)
    assert kind_of(LAYOUT.key(kind, name)) == kind
    assert "/" in name
    assert "/" not in MARK


@pytest.mark.parametrize(
    ("kind", "division", "field", "key", "name"),
    [
        ("record", "main", "lead/4711", "record:856", "main/lead/4711"),
        ("record", "emea", "lead/4711", "record:466", "emea/lead/4711"),
        ("parked", "main", "lead/4711", "parked:8", "main/lead/4711"),
        ("timer", "main", "drain/sales", "timer:4", "main/drain/sales"),
        ("hit", "main", "inbound/vip", "hit:6", "main/inbound/vip"),
        ("seat", "main", "sales/ann", "seat:15", "main/sales/ann"),
        ("pool", "main", "sales", "pool:3", "main/sales"),
        ("open", "main", "lead/ann", "open:4", "main/lead/ann"),
        ("person", "main", "ann", "person:5", "main/ann"),
        ("lane", "", "clock", "lane:0", "/clock"),
        ("redriven", "", "0/crm.records/3/146", "redriven:5", "/0/crm.records/3/146"),
    ],
)
def test_a_place_never_moves(kind: str, division: str, field: str, key: str, name: str) -> None:
    """Another version of the program must find what this one stored."""
    assert full_name(kind, division, field) == name
    assert LAYOUT.key(kind, name) == key
    assert LAYOUT.placed({kind: {name: b"[1]"}}) == [Stored(key, name, b"[1]")]


def test_every_key_is_listed_once() -> None:
    """Emptying a lane goes by this list."""
    assert len(LAYOUT.keys) == len(set(LAYOUT.keys)) == sum(LAYOUT.kinds.values())
    assert set(LAYOUT.keys) == {key for kind in LAYOUT.kinds for key in LAYOUT.keys_of(kind)}


def test_records_spread_evenly_over_their_buckets() -> None:
    """A bucket is read whole and must stay small: none has twice its share of 100,000 records."""
    share = Counter(LAYOUT.key("record", f"main/lead/{number}") for number in range(100_000))
    assert max(share.values()) < 2 * 100_000 / len(LAYOUT.keys_of("record"))


def test_a_layout_carries_kinds_that_this_version_does_not_know() -> None:
    """Ours stay as they are; the text of a layout tells it again, whatever the order in which kinds were named."""
    wider = LAYOUT.joined({"later": 8, "record": 2})
    assert wider.kinds == {**LAYOUT.kinds, "later": 8}
    assert (wider.holds(LAYOUT.kinds), LAYOUT.holds(wider.kinds), LAYOUT.knows(["later"])) == (True, False, False)
    found = read_layout(Layout(dict(reversed(wider.kinds.items()))).text())
    assert found is not None
    assert found.text() == wider.text()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format":2,"kinds":{"record":1}}', '{"format":1,"kinds":{"a":0}}']
)
def test_a_layout_of_another_format_is_none(text: str) -> None:
    """A memory that carries it is built anew."""
    assert read_layout(text) is None
