"""Where state lies: a fixed set of keys, the same in every process and version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store.keys import ALL_KEYS, KEYS, PlacedKind, locate, place

OF_THE_LANE = {"lane"}
divisions = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True)


@given(kind=st.sampled_from(sorted(KEYS)), division=divisions, field=st.text())
def test_what_was_placed_can_be_located(kind: PlacedKind, division: str, field: str) -> None:
    """The place tells kind, division and field again; what belongs to the whole lane has no division."""
    key, stored = place(kind, division, field)
    assert key in KEYS[kind]
    assert locate(key, stored) == (kind, "" if kind in OF_THE_LANE else division, field)


@pytest.mark.parametrize(
    ("kind", "division", "field", "placed"),
    [
        ("record", "main", "lead/4711", ("record:856", "main/lead/4711")),
        ("record", "emea", "lead/4711", ("record:466", "emea/lead/4711")),
        ("parked", "main", "lead/4711", ("parked:8", "main/lead/4711")),
        ("timer", "main", "drain/sales", ("timer:4", "main/drain/sales")),
        ("hit", "main", "inbound/vip", ("hit:6", "main/inbound/vip")),
        ("seat", "main", "sales/ann", ("seat:15", "main/sales/ann")),
        ("open", "main", "lead/ann", ("open:4", "main/lead/ann")),
        ("pool", "main", "sales", ("pool", "main/sales")),
        ("person", "main", "ann", ("person:5", "main/ann")),
        ("lane", "", "clock", ("lane", "/clock")),
    ],
)
def test_a_place_never_moves(kind: PlacedKind, division: str, field: str, placed: tuple[str, str]) -> None:
    """Another version of the program must find what this one stored."""
    assert place(kind, division, field) == placed


def test_every_key_is_listed_once() -> None:
    """Emptying a lane goes by this list."""
    assert len(ALL_KEYS) == len(set(ALL_KEYS)) == 1024 + 256 + 7 * 16 + 2
    assert set(ALL_KEYS) == {key for keys in KEYS.values() for key in keys}


def test_records_spread_evenly_over_their_buckets() -> None:
    """A bucket is one snapshot chunk and must stay small: none has twice its share of 100,000 records."""
    share = [0] * len(KEYS["record"])
    for number in range(100_000):
        share[KEYS["record"].index(place("record", "main", f"lead/{number}")[0])] += 1
    assert max(share) < 2 * 100_000 / len(share)
