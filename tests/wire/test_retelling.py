"""What a lane has kept of an event can be told again, and says the very same (D37)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.wire.input_fields import CATALOGUE_KINDS, KINDS
from service.wire.inputs import TICK, Decoded, LaneInput, decode, read_input
from service.wire.messages import Position
from service.wire.redrive import again, read_redrive, redrive_of
from service.wire.retelling import retold
from tests.wire.builders import decoded, plain, structured
from tests.wire.test_decoding_fuzz import CATALOGUE, ENVELOPE, MEMBER, RECORD

AT = Position(2, "crm.records", 3, 17)


def some(parts: dict[str, Any], *needed: str) -> st.SearchStrategy[dict[str, Any]]:
    """The parts, any of them left out but for those that are needed."""
    optional = {name: st.just(value) for name, value in parts.items() if name not in needed}
    return st.fixed_dictionaries({name: st.just(parts[name]) for name in needed}, optional=optional)


CATALOGUE_NEEDS = ("record_type", "field", "process", "step")
EVENTS = st.one_of(
    st.tuples(
        st.sampled_from(sorted(KINDS)), some(RECORD, "record", "owner", "offer", "person", "process", "step", "action")
    ),
    st.tuples(st.sampled_from(sorted(CATALOGUE_KINDS)), some(CATALOGUE, *CATALOGUE_NEEDS)),
    st.tuples(st.just("crm.member.changed.v1"), some(MEMBER, "person", "availability")),
)


@given(EVENTS, some(ENVELOPE, "id", "source"), st.sampled_from(["division", "tenant"]))
def test_an_event_that_is_told_again_is_the_same(
    event: tuple[str, dict[str, Any]], envelope: dict[str, Any], attribute: str
) -> None:
    kind, data = event
    kept = decoded(structured(data, **{**envelope, "type": kind}), attribute).value
    told = retold(kept, AT, 5, attribute)
    assert told is not None
    found = decode(told, epoch=2, division_attribute=attribute)
    assert isinstance(found, Decoded)
    before, after = read_input(kept), read_input(found.value)
    assert isinstance(before, LaneInput)
    assert isinstance(after, LaneInput)
    assert after == before._replace(position=AT)


def test_what_was_redriven_before_names_its_first_position() -> None:
    original = plain()
    sent = again(original, redrive_of(original, epoch=0))
    kept = decoded(original._replace(headers=sent.headers, offset=99)).value
    told = retold(kept, AT, 5, "division")
    assert told is not None
    first = read_redrive(told.headers)
    assert first is not None
    assert first.position == Position(0, "crm.records", 3, 17)
    assert isinstance(decode(told, epoch=2), Decoded)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        TICK,
        orjson.dumps(
            {"at": AT[:], "origin": ["", "", "", ""], "member": {"id": "x", "person": "", "availability": "away"}}
        ),
    ],
)
def test_what_does_not_come_out_as_it_was_is_not_told(value: bytes) -> None:
    """A foreign input, or one that this release would read otherwise."""
    assert retold(value, AT, 5, "division") is None


@pytest.mark.parametrize("about", [{"division": "main", "timer": "drain/sales", "due_ms": 5}, {"division": "main"}])
def test_what_a_lane_tells_of_its_own_work_is_no_event(about: dict[str, object]) -> None:
    """The content of a letter about a timer, a switch or a sweep."""
    assert retold(orjson.dumps(about), AT, 5, "division") is None
