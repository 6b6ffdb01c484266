"""The first look at an event: what nothing is wrong with is read by its form, straight from the bytes.

Nearly all events are in binary mode and as the models want them. For these the envelope and the data are read by forms
(`schemas.forms`), which costs a fifth of asking the models. In any doubt there is no answer here, and the event is read
as a whole by `service.wire.inputs`, which has the verdict and the words. So this file decides nothing but speed: an
event that is told here is told in the same way there, and `tests/wire/test_first_look.py` holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, cast

import msgspec
import orjson

from schemas.envelope import Envelope
from schemas.events import INPUTS, RecordData
from schemas.forms import form_of
from service.wire.cloudevents import binary_attributes
from service.wire.input_fields import input_of
from service.wire.messages import Position, RawRecord

LONGEST_TIME: Final = len("2026-01-01T00:00:00.123456Z")
"""In a longer text there may be more digits than a time keeps: here they would be rounded, the models cut them off."""
CHAIN_DIGITS: Final = 4

_ENVELOPE: Final = form_of(Envelope)
_READ_DATA: Final[Mapping[str, Callable[[bytes], RecordData]]] = {
    name: msgspec.json.Decoder(form_of(model)).decode for name, model in INPUTS.items() if issubclass(model, RecordData)
}
_AS_THEY_ARE: Final = (datetime,)
"""Types that the form of an envelope takes as they are and reads from no text."""


class Told(NamedTuple):
    """An event by its forms, which have the attributes of the models."""

    envelope: Envelope
    data: RecordData


class Look(NamedTuple):
    """What ingest sends on: the lane's input, to the lane of `division` (none: the default one)."""

    division: str | None
    value: bytes


def first_look(raw: RawRecord, position: Position, division_attribute: str, size_limit: int) -> Look | None:
    """What comes of an event that nothing is wrong with; none: the models are to be asked."""
    told = told_by_forms(raw, division_attribute, size_limit)
    if told is None:
        return None
    try:
        return Look(told.envelope.division, input_of(position, told.envelope, told.data))
    except orjson.JSONEncodeError:
        return None  # a whole number beyond 64 bits, which the models are given as a fraction


def told_by_forms(raw: RawRecord, division_attribute: str, size_limit: int) -> Told | None:
    """What an event tells; none: it may be in order all the same, and is to be read in full."""
    try:
        attributes = binary_attributes(raw, division_attribute, size_limit)
        if attributes is None:
            return None
        if "time" in attributes:
            attributes["time"] = _moment(cast("str", attributes["time"]))
        if "chaindepth" in attributes:
            attributes["chaindepth"] = _depth(cast("str", attributes["chaindepth"]))
        envelope = msgspec.convert(attributes, _ENVELOPE, builtin_types=_AS_THEY_ARE)
        read_data = _READ_DATA.get(envelope.type)
        return None if read_data is None else Told(envelope, read_data(raw.value or b""))
    except (ValueError, RecursionError):
        return None


def _moment(text: str) -> datetime:
    if len(text) > LONGEST_TIME:
        raise ValueError("it may have more digits than a time keeps")
    return msgspec.convert(text, datetime)


def _depth(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= CHAIN_DIGITS):
        raise ValueError("not a number as most are written")
    return int(text)
