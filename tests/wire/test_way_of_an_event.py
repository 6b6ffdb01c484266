"""From the bytes a CRM sends to the bytes it gets back, through the real core: every output keeps its contract."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import orjson
import pytest
from jsonschema import Draft202012Validator

from schemas.decisions import OUTPUTS
from schemas.envelope import Envelope
from schemas.generate import artifacts
from service.wire.inputs import Origin
from service.wire.messages import Message, RawRecord
from service.wire.outputs import Context, render
from service.wire.topics import Topics
from tests.core.build import Division, pool, users
from tests.wire.builders import header, lane_input, plain


@cache
def schema(event_type: str) -> Draft202012Validator:
    """What an output of this type must fit."""
    published = orjson.loads(artifacts()[f"json/{event_type}.json"])
    return Draft202012Validator(published, format_checker=Draft202012Validator.FORMAT_CHECKER)


def way(division: Division, *records: RawRecord) -> Iterator[Message]:
    """Everything that is published because of the records."""
    for number, record in enumerate(records):
        found = lane_input(record._replace(offset=number))
        before = len(division.decisions)
        division.send(found.event)
        for ordinal, decision in enumerate(division.decisions[before:]):
            context = Context(Topics.of(), "main", division.now_ms, 1, "abc")
            yield from render(decision, f"0-0-{number}-{ordinal}", context, found.origin)


def lead(record_id: str, event_type: str = "created", owner: str = "pool:sales", **parts: object) -> RawRecord:
    kind, _, name = owner.partition(":")
    return plain(
        f"crm.record.{event_type}.v1",
        record={"type": "lead", "id": record_id},
        owner={"kind": kind, "id": name},
        **parts,
    )


def member(person: str, availability: str) -> RawRecord:
    return plain("crm.member.changed.v1", person=person, availability=availability)


def fits(message: Message) -> str:
    """The message's type, after its envelope, its model and its JSON Schema have accepted it."""
    event_type = (header(message.headers, "ce_type") or b"").decode()
    attributes = {name[3:]: (value or b"").decode() for name, value in message.headers if name.startswith("ce_")}
    Envelope.model_validate(attributes)
    body = orjson.loads(message.value)
    schema(event_type).validate(body)
    OUTPUTS[event_type].model_validate(body, extra="forbid")
    return event_type


@pytest.mark.parametrize(
    ("records", "types"),
    [
        pytest.param([lead("1")], ["assignment.assigned", "notification.requested"], id="assigned"),
        pytest.param([lead("1"), lead("1")], ["assignment.assigned", "notification.requested"], id="created again"),
        pytest.param([member("ann", "away"), lead("1")], ["assignment.pending"], id="pending"),
        pytest.param([lead("1", owner="pool:nobody")], ["assignment.rejected"], id="rejected"),
        pytest.param(
            [lead("1"), lead("1", "owner_changed", "user:eve", version=2)],
            ["assignment.assigned", "notification.requested", "assignment.released", "notification.requested"],
            id="released",
        ),
    ],
)
def test_what_the_core_decides_is_published_as_the_contract_says(records: list[RawRecord], types: list[str]) -> None:
    """D24, D16: assigned, pending, rejected and released, as real decisions render them, fit their schemas."""
    division = Division(pool("ann"), users=users("eve"))
    assert [fits(message) for message in way(division, *records)] == [f"{name}.v1" for name in types]


def test_a_human_who_was_quicker_is_seen_in_what_the_next_output_expects() -> None:
    """D21: the output carries the owner and version the CRM told last, so that it can apply it conditionally."""
    division = Division(pool("ann"))
    (assigned, _) = way(division, lead("1", version=4))
    body = orjson.loads(assigned.value)
    assert (body["expected_owner"], body["expected_version"]) == ({"kind": "pool", "id": "sales"}, 4)


def test_assignment_and_notification_carry_one_decision_id() -> None:
    """S19, D22: both name the decision, and the notification's own id is made of it."""
    assigned, told = way(Division(pool("ann")), lead("1"))
    decision = header(assigned.headers, "ce_id") or b""
    assert orjson.loads(told.value)["decision"].encode() == decision
    assert header(told.headers, "ce_id") == decision + b"/assigned/ann"


def test_an_assignments_depth_is_one_more_than_its_events() -> None:
    """D7: a CRM that copies the attribute to what it does next lets a chain be limited."""
    (assigned, _) = way(Division(pool("ann")), lead("1", chaindepth=2))
    assert header(assigned.headers, "ce_chaindepth") == b"3"


def test_an_origin_names_the_event_and_not_its_memory_form() -> None:
    """The cause of an output is the id the CRM knows."""
    found = lane_input(plain(id="crm-77", source="/crm"))
    assert found.origin == Origin("crm-77", "/crm")
    (assigned, _) = way(Division(pool("ann")), lead("1", id="crm-77"))
    assert header(assigned.headers, "ce_causationid") == b"crm-77"
