"""The first look at an event: what nothing is wrong with is read by its form.

Nearly all events are as the models want them. Their envelope and data are read by forms (`schemas.forms`), in binary
mode straight from the bytes, which costs a fraction of asking the models. In any doubt there is no answer here, and
`service.wire.inputs` asks the models, which have the verdict and the words. So this file decides nothing but speed: an
event that is told here is told in the same way there, and `tests/wire/test_first_look.py` holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
import orjson

from schemas.envelope import Envelope
from schemas.events import INPUTS, RecordData
from schemas.forms import form_of
from service.wire.cloudevents import CloudEvent, binary_attributes
from service.wire.input_fields import input_of
from service.wire.messages import Position, RawRecord

LONGEST_TIME: Final = len("2026-01-01T00:00:00.123456Z")
"""In a longer text there may be more digits than a time keeps: here they would be rounded, the models cut them off."""
CHAIN_DIGITS: Final = 4

_ENVELOPE: Final = form_of(Envelope)
_FORMS: Final[Mapping[str, type[RecordData]]] = {
    name: form_of(model) for name, model in INPUTS.items() if issubclass(model, RecordData)
}
_READ_DATA: Final[Mapping[str, Callable[[bytes], RecordData]]] = {
    name: msgspec.json.Decoder(form).decode for name, form in _FORMS.items()
}
_AS_THEY_ARE: Final = (datetime,)
"""Types that the form of an envelope takes as they are and reads from no text."""


class ByForms(NamedTuple):
    """An event by its forms, which have the attributes of the models."""

    envelope: Envelope
    data: RecordData


class Look:
    """What ingest sends on: the lane's input, to the lane of `division` (none: the default one)."""

    __slots__ = ("division", "value")

    def __init__(self, division: str | None, value: bytes) -> None:
        self.division = division
        self.value = value


def first_look(raw: RawRecord, position: Position, division_attribute: str, size_limit: int) -> Look | None:
    """What comes of an event in binary mode that nothing is wrong with; none: it is to be read in full."""
    told = told_by_forms(raw, division_attribute, size_limit)
    if told is None:
        return None
    try:
        return Look(told.envelope.division, input_of(position, told.envelope, told.data))
    except orjson.JSONEncodeError:
        return None  # a whole number beyond 64 bits, which the models are given as a fraction


def look_at(event: CloudEvent, position: Position) -> Look | None:
    """The same of an event of any form that is unpacked already; none: the models are to be asked."""
    try:
        envelope = _envelope(dict(event.attributes))
        form = _FORMS.get(envelope.type)
        if form is None:
            return None
        return Look(envelope.division, input_of(position, envelope, msgspec.convert(event.data, form)))
    except ValueError:
        return None


def told_by_forms(raw: RawRecord, division_attribute: str, size_limit: int) -> ByForms | None:
    """What an event in binary mode tells; none: it may be in order all the same."""
    try:
        attributes = binary_attributes(raw, division_attribute, size_limit)
        if attributes is None:
            return None
        envelope = _envelope(attributes)
        read_data = _READ_DATA.get(envelope.type)
        return None if read_data is None else ByForms(envelope, read_data(raw.value or b""))
    except (ValueError, RecursionError):
        return None


def _envelope(attributes: dict[str, object]) -> Envelope:
    """The envelope that the attributes make. Raises `ValueError`."""
    time, depth = attributes.get("time"), attributes.get("chaindepth")
    if isinstance(time, str):
        attributes["time"] = _moment(time)
    if isinstance(depth, str):
        attributes["chaindepth"] = _depth(depth)
    return msgspec.convert(attributes, _ENVELOPE, builtin_types=_AS_THEY_ARE)


def _moment(text: str) -> datetime:
    if len(text) > LONGEST_TIME:
        raise ValueError("it may have more digits than a time keeps")
    return msgspec.convert(text, datetime)


def _depth(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= CHAIN_DIGITS):
        raise ValueError("not a number as most are written")
    return int(text)
