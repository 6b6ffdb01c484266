"""What an event may look like, and what makes it unreadable."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from schemas.envelope import Envelope
from schemas.events import (
    DEPTH_LIMIT,
    FIELDS_LIMIT,
    Channel,
    MemberChanged,
    OfferPaid,
    Owner,
    OwnerKind,
    RecordCreated,
    RecordOwnerChanged,
    RecordUpdated,
)


def created(**parts: object) -> dict[str, Any]:
    return {"record": {"type": "lead", "id": "1"}, **parts}


def with_fields(fields: dict[str, object]) -> dict[str, Any]:
    return {"record": {"type": "lead", "id": "1", "fields": fields}}


def envelope(**attributes: object) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e1", "source": "/crm", "type": "crm.record.created.v1", **attributes}


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("kind", get_args(OwnerKind))
@pytest.mark.parametrize("model", [RecordCreated, RecordUpdated, RecordOwnerChanged])
def test_an_owner_may_be_a_person_a_pool_a_queue_or_a_plan(
    model: type[RecordCreated | RecordUpdated | RecordOwnerChanged], kind: str
) -> None:
    """S10: a pool is a legal owner value wherever an owner can be given."""
    assert model.model_validate(created(owner={"kind": kind, "id": "x"})).owner == Owner.model_validate(
        {"kind": kind, "id": "x"}
    )


@pytest.mark.parametrize("channel", get_args(Channel))
def test_an_owner_may_be_a_pool_through_every_channel(channel: str) -> None:
    """S10: in create, import and conversion alike."""
    data = RecordCreated.model_validate(created(owner={"kind": "pool", "id": "sales"}, channel=channel))
    assert data.owner == Owner(kind="pool", id="sales")


@pytest.mark.parametrize(
    "owner",
    ["ann", {"id": "ann"}, {"kind": "user"}, {"kind": "team", "id": "x"}, {"kind": "user", "id": ""}, ["user", "ann"]],
)
def test_an_owner_is_a_kind_and_an_id(owner: object) -> None:
    """D25: an owner on the wire is `{kind, id}` and nothing else."""
    with pytest.raises(ValidationError):
        RecordCreated.model_validate(created(owner=owner))


def test_a_change_of_owner_names_the_owner_even_if_there_is_none() -> None:
    """Nobody is `null`; an owner that is merely left out is a broken event."""
    assert RecordOwnerChanged.model_validate(created(owner=None)).owner is None
    with pytest.raises(ValidationError):
        RecordOwnerChanged.model_validate(created())


def test_a_record_type_is_free_text() -> None:
    """D24: an unknown record type is readable; refusing it is the core's answer, not a dead letter."""
    data = RecordCreated.model_validate({"record": {"type": "spaceship", "id": "1"}})
    assert data.record.type == "spaceship"


@pytest.mark.parametrize("record_type", ["", "le/ad", "lead\n", "x" * 65])
def test_a_record_type_can_stand_before_a_slash(record_type: str) -> None:
    """`type/id` names a record, so a type holds no slash, and it is short."""
    with pytest.raises(ValidationError):
        RecordCreated.model_validate({"record": {"type": record_type, "id": "1"}})


@pytest.mark.parametrize(
    "data",
    [
        created(ownr={"kind": "user", "id": "ann"}),
        {"record": {"type": "lead", "id": "1", "feilds": {}}},
        created(actor={"id": "ann", "role": "admin"}),
    ],
)
def test_an_unknown_name_beside_the_known_ones_is_ignored(data: dict[str, Any]) -> None:
    """D36 A producer may say more than is read; that a name looks like a known one, the reader tells."""
    assert RecordCreated.model_validate(data).owner is None


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"record": {"type": "lead"}},
        {"record": {"id": "1"}},
        {"record": {"type": "lead", "id": 1.5}},
        {"record": {"type": "lead", "id": True}},
        {"record": {"type": "lead", "id": "x" * 257}},
        created(channel=""),
        created(version=-1),
        created(version="three"),
        created(version=2**53),
        created(assign="by_chance"),
    ],
)
def test_a_record_event_with_missing_or_wrong_parts_is_refused(data: dict[str, Any]) -> None:
    """Missing fields, wrong types and values without bound are bad input."""
    with pytest.raises(ValidationError):
        RecordCreated.model_validate(data)


def test_fields_hold_any_value_a_company_has() -> None:
    """Standard and custom fields keep their JSON types."""
    fields = {"score": 55, "rate": 0.5, "tags": ["a", "b"], "vip": True, "left": None, "address": {"city": "Köln"}}
    assert RecordCreated.model_validate(with_fields(fields)).record.fields == fields


def test_fields_are_limited_in_number_and_depth() -> None:
    """There is a limit on everything."""
    RecordCreated.model_validate(with_fields({"deep": nested(DEPTH_LIMIT)}))
    with pytest.raises(ValidationError, match="nested deeper"):
        RecordCreated.model_validate(with_fields({"deep": nested(DEPTH_LIMIT + 1)}))
    RecordCreated.model_validate(with_fields({str(n): n for n in range(FIELDS_LIMIT)}))
    with pytest.raises(ValidationError):
        RecordCreated.model_validate(with_fields({str(n): n for n in range(FIELDS_LIMIT + 1)}))


def test_an_offer_event_names_its_offer() -> None:
    """An offer event without an offer says nothing."""
    assert OfferPaid.model_validate(created(offer="starter")).offer == "starter"
    with pytest.raises(ValidationError):
        OfferPaid.model_validate(created())


def test_a_member_may_be_whatever_the_crm_says() -> None:
    """D28 A configuration knows what the CRM's own words mean; no word is none."""
    MemberChanged.model_validate({"person": "ann", "availability": "off_shift"})
    MemberChanged.model_validate({"person": "ann", "availability": "In a call"})
    for nothing in ("", "  ", None, True):
        with pytest.raises(ValidationError):
            MemberChanged.model_validate({"person": "ann", "availability": nothing})


@pytest.mark.parametrize(
    "attributes",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"source": ""},
        {"time": "yesterday"},
        {"time": "2026-01-01T00:00:00"},
        {"time": 1_767_225_600},
        {"time": "1767225600.00000000000"},
        {"division": "a/b"},
        {"division": ""},
        {"division": "x" * 65},
        {"chaindepth": -1},
        {"chaindepth": "deep"},
    ],
)
def test_an_envelope_with_a_wrong_attribute_is_refused(attributes: dict[str, object]) -> None:
    """Times need a zone; a division's name can be part of a key."""
    with pytest.raises(ValidationError):
        Envelope.model_validate(envelope(**attributes))


def test_an_envelope_takes_extensions_it_does_not_know() -> None:
    """CloudEvents lets anybody add attributes."""
    assert Envelope.model_validate(envelope(tenanttier="gold")).id == "e1"


def test_a_division_may_be_written_as_a_number() -> None:
    """CloudEvents sends an integer as text in headers; both forms must name the same division."""
    assert Envelope.model_validate(envelope(division=42)).division == "42"
