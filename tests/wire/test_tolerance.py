"""What an event may have beside what we read (D36), what may stand for what, and which headers are ours (D29)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import INPUTS, VERSION_LIMIT
from service.core.events import (
    EmptyEvent,
    MemberEvent,
    RecordEvent,
    Target,
)
from service.wire.inputs import LaneInput, decode, read_input
from service.wire.messages import Poison
from service.wire.misspelt import TOLD_KEYS, Misspelt, meant_by
from tests.wire.builders import CREATED, LEAD, binary, decoded, lane_input, plain, poison, raw, structured

HEADERS = yaml.safe_load((Path(__file__).parent / "headers.yaml").read_text(encoding="utf-8"))
NAMES = tuple(INPUTS["crm.record.updated.v1"].model_fields)


def _header(value: Any) -> bytes | None:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return None if value is None else str(value).encode()


@pytest.mark.parametrize("case", HEADERS, ids=lambda case: case["what"])
def test_only_headers_that_are_read_can_spoil_an_event(case: dict[str, Any]) -> None:
    """D29 Of CloudEvents, content type, trace context, division; and what completes a plain event."""
    headers = tuple((name, _header(value)) for name, value in case["headers"])
    found = decode(raw(orjson.dumps(case["value"]), *headers), epoch=0)
    if case["becomes"] == "read":
        assert not isinstance(found, Poison), found
    else:
        assert isinstance(found, Poison)
        assert found.reason == "invalid_header"


@given(st.lists(st.tuples(st.text().map("x-{}".format), st.none() | st.binary()), max_size=5))
def test_whatever_stands_in_foreign_headers_the_event_is_the_same(headers: list[tuple[str, bytes | None]]) -> None:
    """D29 In each of the three forms."""
    for record in (plain(), binary(), structured()):
        with_foreign = record._replace(headers=(*record.headers, *headers))
        assert decode(with_foreign, epoch=0) == decode(record, epoch=0)


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_id_is_one_that_is_not_told(blank: str | None) -> None:
    """D36 Where nothing may be told, as many systems write it; where it must be, it is missing."""
    record = {"type": "lead", "id": "1", "process": blank, "merged_into": blank, "linked": {"account": {"id": blank}}}
    event = lane_input(plain(record=record, tool=blank, offer=blank)).event

    assert isinstance(event, RecordEvent)
    assert event.kind == "created"
    assert {event.tool, event.offer, event.process, event.merged_into} == {None}
    told = poison(plain("crm.offer.paid.v1", offer="")).detail
    assert told == "offer: 1 characters or more are expected; offer: a list is expected"


@pytest.mark.parametrize(
    "parts",
    [
        {"priority": 1},
        {"Owner": {"kind": "user", "id": "ann"}},
        {"record": {"type": "lead", "id": "1", "source_system": "x"}},
        {"record": {"type": "lead", "id": "1", "linked": {"account": {"id": "88", "url": "x"}}}},
        {"actor": {"id": "eve", "role": "admin"}},
        {"owner": {"kind": "user", "id": "ann", "name": "Ann"}},
    ],
)
def test_what_we_do_not_know_is_ignored(parts: dict[str, Any]) -> None:
    """D36 A producer may send more than we read: the event is as if it were not there."""
    assert isinstance(lane_input(plain(**parts)).event, RecordEvent)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"Owner": None}, [("Owner", "owner")]),
        ({"onwer": None, "chanel": "api"}, [("onwer", "owner"), ("chanel", "channel")]),
        ({"versionn": 1, "assigm": "x"}, [("versionn", "version"), ("assigm", "assign")]),
        ({"Actor": None, "owner_id": 7}, [("Actor", "actor"), ("owner_id", "owner")]),
        ({"record": {"type": "lead", "id": "1", "feilds": {}}}, [("record.feilds", "fields")]),
        (
            {"record": {"type": "lead", "id": "1", "linked": {"a": {"ID": "1", "owners": 1}, "b": {"ID": "2"}}}},
            [("record.linked.*.ID", "id"), ("record.linked.*.owners", "owner")],
        ),
        ({"owner": {"kind": "user", "id": "ann", "Kind": "x"}}, [("owner.Kind", "kind")]),
        ({"record": {"type": "lead", "id": "1", "status": "Qualified"}}, [("record.status", "status")]),
        ({"record": {"type": "lead", "id": "1", "Status": "closed"}}, [("record.Status", "status")]),
        ({"record": {"type": "lead", "id": "1", "status": None}}, []),
        ({"priority": 1, "stage": 2, "oner_of_many": 3}, []),
    ],
)  # fmt: skip
def test_a_key_that_looks_like_a_known_one_is_told(parts: dict[str, Any], told: list[tuple[str, str]]) -> None:
    """D36 By its name alone: what stands in it is people's data."""
    assert list(decoded(plain(**parts)).misspelt) == [Misspelt(*each) for each in told]


@given(st.sampled_from(NAMES), st.data())
def test_a_known_name_with_one_slip_is_recognised(name: str, data: st.DataObject) -> None:
    """D36 A letter lost, doubled, or changed places with the next; or in another letter case."""
    at = data.draw(st.integers(0, len(name) - 2))
    slips = [
        name[:at] + name[at + 1 :],
        name[:at] + name[at] + name[at:],
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        name.upper(),
        name.title(),
    ]
    for slip in slips if len(name) > 4 else slips[-2:]:
        assert meant_by(slip, (name,)) == name


def test_so_many_unknown_keys_are_told() -> None:
    """D36 There is a limit on everything, and a name without end is no near miss."""
    parts: dict[str, Any] = {f"own{number}": 1 for number in range(100)}
    parts["owner" * 100] = 1
    found = decoded(plain(**parts))
    assert len(found.unknown) == TOLD_KEYS


@pytest.mark.parametrize("word", ["", "Qualified", "close", 3, True, {"id": 1}, ["closed"], None])
def test_a_status_that_nobody_knows_is_as_if_it_were_not_there(word: object) -> None:
    """D33 D36 CRMs have words of their own, and had them in this place before it meant anything."""
    event = lane_input(plain(record={"type": "lead", "id": "1", "status": word})).event
    assert isinstance(event, RecordEvent)
    assert event.status is None


@pytest.mark.parametrize("word", ["closed", "Closed", " CLOSED "])
def test_a_status_is_known_in_any_letter_case(word: str) -> None:
    """D33 D36 In every event about a record."""
    for kind in ("created", "updated", "owner_changed", "deleted"):
        record = {"type": "lead", "id": "1", "status": word}
        event = lane_input(plain(f"crm.record.{kind}.v1", record=record, owner=None)).event
        assert isinstance(event, RecordEvent)
        assert (event.kind, event.status) == (kind, "closed")


@pytest.mark.parametrize(
    ("kind", "winner", "told"),
    [
        ("crm.record.deleted.v1", 2, ("deleted", "2")),
        ("crm.record.updated.v1", "2", ("deleted", "2")),
        ("crm.record.updated.v1", "1", ("updated", None)),
        ("crm.record.updated.v1", None, ("updated", None)),
        ("crm.offer.paid.v1", "2", ("paid", None)),
    ],
)
def test_what_was_merged_into_another_is_gone(kind: str, winner: object, told: tuple[str, str | None]) -> None:
    """D33 However it is told; a record that names itself was the winner."""
    event = lane_input(plain(kind, record={"type": "lead", "id": 1, "merged_into": winner}, offer="o")).event
    assert isinstance(event, RecordEvent)
    assert (event.kind, event.merged_into) == told


def test_whole_numbers_as_ids_are_text() -> None:
    """D36 Most systems count their records and people."""
    record = {"type": "lead", "id": 4711, "linked": {"account": {"id": 88, "owner": {"kind": "user", "id": 5}}}}
    parts = {"record": record, "owner": {"kind": "pool", "id": 3}, "actor": {"id": 9}, "tool": 1, "offer": 2}
    event = lane_input(structured(parts, id=17, correlationid=18)).event
    assert isinstance(event, RecordEvent)
    assert (event.record, event.owner, event.actor) == ("lead/4711", Target("pool", "3"), "9")
    assert (event.tool, event.offer, event.correlation_id) == ("1", "2", "18")
    assert event.facts == {"account": {"id": "88", "owner": "user:5"}}
    member = lane_input(plain("crm.member.changed.v1", person=7, availability="away")).event
    assert isinstance(member, MemberEvent)
    assert member.person == "7"


@pytest.mark.parametrize("wrong", [True, 7.0, None, [], {}, ""])
def test_nothing_else_is_an_id(wrong: object) -> None:
    """D36 D24 The wrong kind is a dead letter, as it was."""
    assert poison(plain(record={"type": "lead", "id": wrong})).reason == "invalid_schema"


def test_a_version_in_quotes_is_a_number() -> None:
    """D36 Many a database writes long whole numbers as text."""
    for told in (7, "7", "007"):
        event = lane_input(plain(version=told)).event
        assert isinstance(event, RecordEvent)
        assert event.version == 7


@pytest.mark.parametrize(
    "wrong",
    ["", "seven", "-1", "+7", "7.0", "1e3", " 7", "٧", str(VERSION_LIMIT + 1), "9" * 99, True, 7.5],
    ids=repr,
)
def test_nothing_else_is_a_version(wrong: object) -> None:
    """D36 D24 What is no whole number within the limit cannot be put in order."""
    assert poison(plain(version=wrong)).reason == "invalid_schema"


def test_a_record_without_a_value_says_nothing() -> None:
    """D36 A compacted topic has them where something was deleted; their headers may say whose they are."""
    for headers, division in (
        ((), None),
        ((("division", b"acme"),), "acme"),
        ((("ce_division", b"acme"), ("x-agent", None)), "acme"),
    ):
        record = raw(None, *headers, key=b"lead/1")
        assert decoded(record).division == division
        found = read_input(decoded(record).value)
        assert isinstance(found, LaneInput)
        assert (found.event, found.division, found.position) == (EmptyEvent(), division, (0, *record[:3]))


def test_a_record_without_a_value_of_no_possible_division_is_a_dead_letter() -> None:
    """D36 D24 It has no lane."""
    assert poison(raw(None, ("division", b"a b"))).reason == "invalid_envelope"
    assert poison(raw(None, ("division", b"\xff"))).reason == "invalid_header"
    assert poison(raw(b"")).reason == "invalid_json"


def test_a_way_in_is_free_text() -> None:
    """D35 D24 An unknown one is readable: the core answers it."""
    event = lane_input(plain(CREATED, channel="live_chat")).event
    assert isinstance(event, RecordEvent)
    assert event.channel == "live_chat"
    for wrong in ("", "x" * 65, 7):
        assert poison(plain(channel=wrong)).reason == "invalid_schema"


def test_what_is_missing_is_a_dead_letter() -> None:
    """D36 D24 A change of owner that misspells its owner does not say that nobody has the record."""
    assert poison(plain("crm.record.owner_changed.v1", Owner=None)).reason == "invalid_schema"
    assert poison(plain(record={"Type": "lead", "id": "1"})).reason == "invalid_schema"
    assert decoded(binary(LEAD | {"x": 1})).unknown == ("x",)
