"""From a raw record to a lane's input, and from there to the core's event.

Two steps, because they run in two places. `decode` is ingest's: a pure function of the bytes, free of configuration,
so that running it twice is harmless; all validation happens here, once. `read_input` is a lane's: it trusts what
`decode` wrote and does as little as possible. A redriven event is read as it would have been at first: it has the id
and the time of then.

A lane's input is compact JSON: `at` (the source position), `origin` (event id, source, trace context), `division` where
the event named one, `redriven` (the position of then) where it was a dead letter, and `record`, `member` or `catalogue`
with the core event's fields, those at their default left out; a source record without a value is told as `empty`. A
tick is `{"tick":1}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec
import orjson
from msgspec.structs import replace
from pydantic import TypeAdapter, ValidationError

from schemas.envelope import Division, Envelope
from schemas.events import INPUTS, Input, MemberChanged
from service.core.events import CatalogueEvent, EmptyEvent, Event, MemberEvent, RecordEvent
from service.wire.cloudevents import CloudEvent, told_division, unpack
from service.wire.first_look import Look, first_look, look_at
from service.wire.input_fields import EPOCH, input_of
from service.wire.messages import Poison, Position, RawRecord
from service.wire.misspelt import Misspelt, misspelt, unknown_keys
from service.wire.redrive import HEADERS_BYTES, Redrive, read_redrive
from service.wording import worded

SIZE_LIMIT_BYTES: Final = 256 * 1024
"""Key, value and headers of a source record together. The dead letter topic must take more than this."""

LANE_INPUT_LIMIT_BYTES: Final = 900_000
"""Of what ingest sends on. Numbers written short grow (`1e15`), and so do some texts. Where deciding raises, the whole
input stands as a text in a record of the lane's log, in which each byte may take two: it must fit there."""

TOLD_ERRORS: Final = 3
TICK: Final = b'{"tick":1}'

_read_envelope: Final = Envelope.__pydantic_validator__.validate_python
_READ_DATA: Final = {name: model.__pydantic_validator__.validate_python for name, model in INPUTS.items()}
"""`model_validate` without its options: they cost a tenth of decoding."""
_read_division: Final = TypeAdapter[str | None](Division | None).validate_python


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """What ingest sends on: to the lane of `division` (none: the default one), or, `broadcast`, to every lane: news of
    a person that names no division.

    `unknown` are the names of what was not read, `misspelt` those among them that look like a known one.
    """

    division: str | None
    broadcast: bool
    value: bytes
    unknown: tuple[str, ...] = ()
    misspelt: tuple[Misspelt, ...] = ()


class Origin(NamedTuple):
    """The event in the CRM that set this off, and the trace it belongs to (W3C; empty: none).

    Nobody decides by `source`; with the id it makes an event the same one when a dead letter is told again.
    """

    event_id: str = ""
    source: str = ""
    traceparent: str = ""
    tracestate: str = ""


class LaneInput(NamedTuple):
    """One event for a lane. `division` is what the event said, none where it said nothing.

    `redriven` is where it was first read, if it was a dead letter since.
    """

    position: Position
    division: str | None
    event: Event
    origin: Origin
    redriven: Position | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened; it lets time pass."""


class _Written(msgspec.Struct, gc=False):
    """What `decode` writes: what happened to a record, a member, a field or a step, or that nothing was said."""

    at: Position
    origin: Origin
    division: str | None = None
    record: RecordEvent | None = None
    member: MemberEvent | None = None
    redriven: Position | None = None
    empty: EmptyEvent | None = None
    catalogue: CatalogueEvent | None = None


class _Placed(msgspec.Struct, gc=False):
    """What an input of any release has."""

    at: Position


_read: Final = msgspec.json.Decoder(_Written).decode
_read_place: Final = msgspec.json.Decoder(_Placed).decode


def decode(
    raw: RawRecord, *, epoch: int, division_attribute: str = "division", size_limit: int = SIZE_LIMIT_BYTES
) -> Decoded | Poison:
    """The lane input of a source record, or why there is none. Whatever the bytes, it is not meant to raise."""
    position = Position(epoch, raw.topic, raw.partition, raw.offset)
    look = first_look(raw, position, division_attribute, size_limit)
    decoded = in_full(raw, position, division_attribute, size_limit) if look is None else _looked_at(look)
    if isinstance(decoded, Decoded) and len(decoded.value) > LANE_INPUT_LIMIT_BYTES:
        told = f"its lane input has {len(decoded.value)} bytes, {LANE_INPUT_LIMIT_BYTES} are allowed"
        return Poison("too_large", told, raw)
    return decoded


def _looked_at(look: Look) -> Decoded:
    return Decoded(look.division, broadcast=False, value=look.value)


def in_full(raw: RawRecord, position: Position, division_attribute: str, size_limit: int) -> Decoded | Poison:
    """What comes of any record. One in binary mode was looked at from its bytes: there was some doubt."""
    try:
        redrive = read_redrive(raw.headers)
    except ValueError as error:
        return Poison("invalid_header", str(error), raw)
    size = _size(raw)
    if size > size_limit + (HEADERS_BYTES if redrive else 0):
        return Poison("too_large", f"{size} bytes, {size_limit} are allowed", raw)
    if raw.value is None:
        return _without_value(raw, position, division_attribute)
    unpacked = unpack(raw, redrive.position if redrive else position, division_attribute)
    if isinstance(unpacked, Poison):
        return unpacked
    look = None if redrive or unpacked.is_binary else look_at(unpacked, position)
    return by_models(raw, position, unpacked, redrive) if look is None else _looked_at(look)


def by_models(
    raw: RawRecord, position: Position, unpacked: CloudEvent, redrive: Redrive | None = None
) -> Decoded | Poison:
    """What the models make of an event: the same that is told of it at first look, or the verdict.

    A redriven one has the time of then where it names none.
    """
    try:
        envelope: Envelope = _read_envelope(unpacked.attributes)
    except ValidationError as error:
        return Poison("invalid_envelope", _told(error), raw)
    read_data = _READ_DATA.get(envelope.type)
    if read_data is None:
        return Poison("unknown_type", "there is no event of this type", raw)
    try:
        data: Input = read_data(unpacked.data)
    except ValidationError as error:
        return Poison("invalid_schema", _told(error), raw)
    if redrive and envelope.time is None:
        envelope = envelope.model_copy(update={"time": EPOCH + timedelta(milliseconds=redrive.time_ms)})
    concerns_all = isinstance(data, MemberChanged) and envelope.division is None
    value = input_of(position, envelope, data, redrive.position if redrive else None)
    decoded = Decoded(envelope.division, concerns_all, value)
    unknown = unknown_keys(unpacked.data, INPUTS[envelope.type])
    if unknown:
        looks_known = tuple(misspelt(unknown, INPUTS[envelope.type]))
        decoded = replace(decoded, unknown=unknown, misspelt=looks_known)
    return decoded


def read_input(value: bytes) -> LaneInput | Tick | Poison:
    """What a lane finds in its input. Poison only where something else than ingest wrote it."""
    if value == TICK:
        return Tick()
    try:
        found = _read(value)
    except (ValueError, RecursionError) as error:
        return Poison("unreadable_event", f"not a lane input: {_what_is_broken(value) or error}", value)
    event = found.record or found.member or found.catalogue or found.empty
    if event is None:
        return Poison("unreadable_event", "not a lane input: about nothing that there is", value)
    if not (found.at.is_possible and (found.redriven is None or found.redriven.is_possible)):
        return Poison("unreadable_event", "not a lane input: no broker has its position", value)
    return LaneInput(found.at, found.division, event, found.origin, found.redriven)


def place_of(value: bytes) -> Position | None:
    """Where an input says that its event was read, also one that a newer release wrote about what is unknown here."""
    try:
        found = _read_place(value).at
    except (ValueError, RecursionError):
        return None
    return found if found.is_possible else None


def _without_value(raw: RawRecord, position: Position, division_attribute: str) -> Decoded | Poison:
    """A record without a value is read, and says nothing: compacted topics have them where something was deleted."""
    division = told_division(raw, division_attribute)
    if isinstance(division, Poison):
        return division
    try:
        division = _read_division(division)
    except ValidationError as error:
        return Poison("invalid_envelope", _told(error), raw)
    found: dict[str, object] = {"at": position[:], "origin": (str(position), raw.topic, "", ""), "empty": {}}
    if division is not None:
        found["division"] = division
    return Decoded(division, broadcast=False, value=orjson.dumps(found))


def _what_is_broken(value: bytes) -> str:
    """Where the JSON is broken, with line and column; empty where it is not, but something else is written in it."""
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return str(error)
    return ""


def tick() -> bytes:
    """The input that lets time pass on an idle lane."""
    return TICK


def _size(raw: RawRecord) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in raw.headers)
    return len(raw.key or b"") + len(raw.value or b"") + headers


def _told(error: ValidationError) -> str:
    """The first few problems with their places, but not the models tried (in brackets) nor values: people's data."""
    problems = error.errors(include_url=False, include_input=False)
    places = [".".join(str(step) for step in problem["loc"] if "[" not in str(step)) or "data" for problem in problems]
    told = [f"{at}: {worded(problem)}" for at, problem in zip(places[:TOLD_ERRORS], problems, strict=False)]
    more = len(problems) - TOLD_ERRORS
    return "; ".join([*told, f"{more} more"] if more > 0 else told)
