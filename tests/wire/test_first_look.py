"""The first look decides nothing but speed: what it tells, the models tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import product
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.envelope import Envelope
from schemas.events import INPUTS, RecordData
from schemas.samples import SAMPLES
from service.wire.cloudevents import unpack
from service.wire.first_look import ByForms, told_by_forms
from service.wire.inputs import SIZE_LIMIT_BYTES, Decoded, LaneInput, by_models, decode, read_input
from service.wire.messages import Poison, Position, RawRecord
from tests.wire.builders import LEAD, binary
from tests.wire.told_events import DAYS, HOURS, ODD_HEADERS, ZONES, odd_texts, records_of, whole_of

RECORDS: Final[Mapping[str, type[BaseModel]]] = {
    name: model for name, model in INPUTS.items() if issubclass(model, RecordData)
}
AT: Final = Position(0, "crm.records", 3, 17)


def told_alike(form: Any, model: object) -> bool:
    """Whether a form says what the model says, field by field, in values of the same types.

    A whole number beyond 64 bits is a fraction for the models: an event with one is left to them, but where a linked
    record hides the field that holds it.
    """
    if isinstance(model, BaseModel):
        return all(told_alike(getattr(form, name), getattr(model, name)) for name in type(model).model_fields)
    if isinstance(model, dict):
        return list(form) == list(model) and all(told_alike(form[name], value) for name, value in model.items())
    if isinstance(model, list | tuple):
        return type(form) is type(model) and len(form) == len(model) and all(map(told_alike, form, model))
    if isinstance(model, datetime):
        return bool(form == model)
    if type(form) is int and not -(2**63) <= form < 2**64:
        return repr(float(form)) == repr(model)
    return type(form) is type(model) and repr(form) == repr(model)


def judged(record: RawRecord, division_attribute: str = "division") -> Decoded | Poison:
    """What the models alone say of a record."""
    event = unpack(record, AT, division_attribute)
    return event if isinstance(event, Poison) else by_models(record, AT, event)


def told(record: RawRecord, division_attribute: str = "division") -> ByForms | None:
    return told_by_forms(record, division_attribute, SIZE_LIMIT_BYTES)


def compare(record: RawRecord, division_attribute: str = "division") -> None:
    """Hold both to the very same input, which a lane can read, of values that are equal; and what is not told to the
    verdict of the models.
    """
    decoded = decode(record, epoch=AT.epoch, division_attribute=division_attribute)
    found = told(record, division_attribute)
    assert isinstance(decoded, Poison) or isinstance(read_input(decoded.value), LaneInput)
    if not any(name.startswith("redrive") for name, _ in record.headers):
        assert decoded == judged(record, division_attribute)
    if found is not None:
        model = RECORDS[found.envelope.type].model_validate(orjson.loads(record.value or b""))
        assert told_alike(found.data, model)


@given(records_of(RECORDS), st.sampled_from(["division", "company"]))
def test_what_is_told_at_first_look_the_models_tell(record: RawRecord, division_attribute: str) -> None:
    compare(record, division_attribute)


@pytest.mark.parametrize("event_type", RECORDS)
def test_each_odd_value_in_each_place_is_told_as_the_models_tell_it(event_type: str) -> None:
    """None of them is left to chance: a rule that a form has lost is seen in the one place where it was."""
    record = binary(whole_of(RECORDS[event_type]), type=event_type)
    assert told(record) is not None
    for text in odd_texts(whole_of(RECORDS[event_type])):
        compare(record._replace(value=text))


def test_each_odd_header_is_told_as_the_models_tell_it() -> None:
    values = {value for listed in ODD_HEADERS.values() for value in listed}
    for name in {*ODD_HEADERS, *(f"ce_{field}" for field in Envelope.model_fields)}:
        for value in values:
            compare(binary(LEAD, (name, value)))
    for time in map("".join, product(DAYS, HOURS, ZONES)):
        compare(binary(LEAD, ("ce_time", time.encode())))


@given(st.floats(allow_nan=False, allow_infinity=False) | st.decimals(allow_nan=False, allow_infinity=False))
def test_a_fraction_is_read_to_the_last_digit(number: object) -> None:
    """Two readers of JSON make the same number of whatever digits."""
    value = b'{"record":{"type":"lead","id":"1","fields":{"a":%s}}}' % str(number).lower().encode()
    record = binary()._replace(value=value)
    assert decode(record, epoch=0) == judged(record)


@pytest.mark.parametrize("event_type", RECORDS)
def test_events_as_the_pages_show_them_are_told_at_first_look(event_type: str) -> None:
    """Else all of this would be for nothing: nothing else fails where no event passes here."""
    sample = dict(SAMPLES[event_type])
    data = sample.pop("data")
    record = binary(data, **{name: str(value) for name, value in sample.items() if name != "specversion"})
    assert told(record) is not None
    assert isinstance(decode(record, epoch=0), Decoded)


@pytest.mark.parametrize(
    "header",
    [
        ("ce_time", b"2026-03-01T08:00:00Z"),
        ("ce_time", b"2026-03-01T08:00:00.123456Z"),
        ("ce_time", b"2026-03-01T09:00:00+01:00"),
        ("ce_chaindepth", b"3"),
        ("ce_company", b"x"),
        ("CE_Subject", b"x"),
        ("division", b"north"),
        ("odd", None),
    ],
)
def test_what_many_senders_write_is_told_at_first_look(header: tuple[str, bytes | None]) -> None:
    assert told(binary(LEAD, header)) is not None


@pytest.mark.parametrize(
    "header",
    [
        ("ce_time", b"2026-03-01T08:00:00.1234567Z"),
        ("ce_time", b"1969-12-31T23:59:59Z"),
        ("ce_time", b"9999-12-31T23:59:59-01:00"),
        ("ce_chaindepth", b"3.0"),
        ("ce_correlationid", b" "),
        ("ce_division", b"north\n"),
        ("ce_id", b""),
        ("ce_id", b"\xff"),
        ("content-type", b"application/cloudevents+json"),
    ],
)
def test_what_is_in_doubt_is_left_to_the_models(header: tuple[str, bytes | None]) -> None:
    assert told(binary(LEAD, header)) is None
