"""CloudEvents on Kafka: from a raw record to attributes and data, and back.

An own codec, because the mode is decided as the Kafka binding says and because it runs for every event. Three forms
are read:

* *structured*: the header `content-type` begins with `application/cloudevents`, or there is none of the CloudEvents
  headers and the body is an object with a `specversion`;
* *binary*: there is a header `ce_specversion`; attributes are `ce_` headers and the body is the data;
* *plain*: anything else that is a JSON object. The attributes of `PLAIN` are taken out of it, or from headers of the
  same name with or without `ce_`, and all other names are the data. Only a `type` is needed: the source defaults to
  the topic and the id to the source position, which does not recognise a repetition by the sender.

In every form the division and the trace context may also stand in headers of their bare names, where brokers and
tracing libraries put them. Header names are compared in lower case. Only headers that are read can make a record
unreadable, without a value or in bytes that are not UTF-8; what an agent or a library puts beside them is not ours.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from service.wire.messages import Message, Poison, Position, RawRecord
from service.wire.redrive import OURS

PLAIN: Final = (
    "id",
    "source",
    "type",
    "time",
    "subject",
    "division",
    "correlationid",
    "causationid",
    "partitionkey",
    "traceparent",
    "tracestate",
    "chaindepth",
)
HEADER_NAMES: Final = 1_024
"""So many names of headers are remembered with what they mean."""
HEADER_NAME_LIMIT: Final = 64
"""A longer name is not remembered: senders write what they like, and so many of any length would fill the memory."""
TRACE_CONTEXT: Final = ("traceparent", "tracestate")
CONTENT_TYPE: Final = "content-type"
ALWAYS_READ: Final = frozenset({*TRACE_CONTEXT, *OURS, CONTENT_TYPE})
"""Headers without the prefix that are read in every form, as the division's is."""
PREFIX: Final = "ce_"
SPECVERSION: Final = ("ce_specversion", b"1.0")
JSON_CONTENT: Final = ("content-type", b"application/json")
STRUCTURED_PREFIX: Final = "application/cloudevents"
STRUCTURED_JSON: Final = "application/cloudevents+json"


class CloudEvent(NamedTuple):
    """An event's attributes, extensions among them, and its parsed data. Neither is validated. `is_binary`: its
    attributes stood in headers.
    """

    attributes: dict[str, object]
    data: Any
    is_binary: bool = False


def unpack(raw: RawRecord, position: Position, division_attribute: str = "division") -> CloudEvent | Poison:
    """Attributes and data of a record in any of the three forms. The division is always found under `division`."""
    headers = _texts(raw, division_attribute)
    if isinstance(headers, Poison):
        return headers
    content_type = headers.get(CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if content_type.startswith(STRUCTURED_PREFIX) and content_type != STRUCTURED_JSON:
        return Poison("invalid_envelope", f"of the structured forms only {STRUCTURED_JSON} is read", raw)
    try:
        body = orjson.loads(raw.value or b"")
        event = _take_apart(body, headers, content_type, _Plain(raw, position, division_attribute))
    except orjson.JSONDecodeError as error:
        return Poison("invalid_json", str(error), raw)
    except ValueError:
        return Poison("invalid_json", "data_base64 is not base64", raw)
    if isinstance(event, Poison):
        return event
    if event is None:
        return Poison("invalid_envelope", "the body is not a JSON object", raw)
    _add_bare_headers(event.attributes, headers, division_attribute)
    return event


def binary_attributes(raw: RawRecord, division_attribute: str, size_limit: int) -> dict[str, object] | None:
    """The attributes of a record in binary mode, whose value is its data. None: it is not one, or is to be looked at
    with care, such as for its size or because it was redriven. Raises `UnicodeDecodeError`.
    """
    attributes: dict[str, object] = {}
    bare: dict[str, str] = {}
    size = len(raw.key or b"") + len(raw.value or b"")
    for name, value in raw.headers:
        size += len(name) + len(value or b"")
        known, attribute, is_read = _header(name)
        if not (is_read or known == division_attribute):
            continue
        if value is None or known in OURS:
            return None
        if attribute != "":
            attributes[attribute] = value.decode()
        else:
            bare[known] = value.decode()
    if size > size_limit or "specversion" not in attributes:
        return None
    if CONTENT_TYPE in bare and bare[CONTENT_TYPE].lstrip().lower().startswith(STRUCTURED_PREFIX):
        return None
    _add_bare_headers(attributes, bare, division_attribute)
    return attributes


def binary_message(topic: str, key: str, attributes: Mapping[str, str], data: object) -> Message:
    """An event in binary mode. `attributes` need `id`, `source` and `type`; the rest of the envelope is added."""
    headers = tuple((f"ce_{name}", value.encode()) for name, value in attributes.items())
    value = orjson.dumps(data)
    return Message(topic, key.encode(), value, (SPECVERSION, *headers, JSON_CONTENT))


def told_division(raw: RawRecord, division_attribute: str = "division") -> str | Poison | None:
    """The division that the headers name, where the record has no value that could; none: they name none."""
    headers = _texts(raw, division_attribute)
    if isinstance(headers, Poison):
        return headers
    return headers.get(f"{PREFIX}{division_attribute}", headers.get(division_attribute))


def _texts(raw: RawRecord, division_attribute: str) -> dict[str, str] | Poison:
    """The headers that are read in every form."""
    texts = {}
    for name, value in raw.headers:
        known, _, is_read = _header(name)
        if not (is_read or known == division_attribute):
            continue
        text = _text(name, value, raw)
        if isinstance(text, Poison):
            return text
        texts[known] = text
    return texts


def _header(name: str) -> tuple[str, str, bool]:
    """A header in lower case, the attribute that it is with the prefix (empty: none), and whether it is always read."""
    return _remembered(name) if len(name) <= HEADER_NAME_LIMIT else _meant(name)


def _meant(name: str) -> tuple[str, str, bool]:
    known = name.lower()
    is_prefixed = known.startswith(PREFIX)
    return known, known[len(PREFIX) :] if is_prefixed else "", is_prefixed or known in ALWAYS_READ


_remembered: Final = lru_cache(maxsize=HEADER_NAMES)(_meant)


def _text(name: str, value: bytes | None, raw: RawRecord) -> str | Poison:
    if value is None:
        return Poison("invalid_header", f"the header {name} has no value", raw)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return Poison("invalid_header", f"the header {name} is not UTF-8", raw)


class _Plain(NamedTuple):
    """What a plain event is completed from."""

    raw: RawRecord
    position: Position
    division_attribute: str


def _take_apart(
    body: object, headers: Mapping[str, str], content_type: str, plain: _Plain
) -> CloudEvent | Poison | None:
    """The event in the form the headers and the body show; none where the form needs an object and there is none."""
    is_structured = content_type == STRUCTURED_JSON
    if not is_structured and "ce_specversion" in headers:
        attributes: dict[str, object] = {
            name[len(PREFIX) :]: text for name, text in headers.items() if name.startswith(PREFIX)
        }
        return CloudEvent(attributes, body, is_binary=True)
    if not isinstance(body, dict):
        return None
    if is_structured or "specversion" in body:
        encoded = body.pop("data_base64", None)
        if isinstance(encoded, str):
            return CloudEvent(body, orjson.loads(base64.b64decode(encoded, validate=True)))
        return CloudEvent(body, body.pop("data", None))
    return _plain(body, headers, plain)


def _plain(body: dict[str, object], headers: Mapping[str, str], plain: _Plain) -> CloudEvent | Poison:
    raw, position, division_attribute = plain
    attributes: dict[str, object] = {"specversion": "1.0", "id": str(position), "source": position.topic}
    bare = {name.lower(): (name, value) for name, value in raw.headers}
    for name in (*PLAIN, division_attribute):
        found = body.pop(name, None)
        if found is None:
            found = headers.get(f"{PREFIX}{name}")
        if found is None and name in bare:
            text = _text(*bare[name], raw)
            if isinstance(text, Poison):
                return text
            found = text
        if found is not None:
            attributes[name] = found
    return CloudEvent(attributes, body)


def _add_bare_headers(attributes: dict[str, object], headers: Mapping[str, str], division_attribute: str) -> None:
    for name in (division_attribute, *TRACE_CONTEXT):
        if name in headers and attributes.get(name) is None:
            attributes[name] = headers[name]
    attributes["division"] = attributes.get(division_attribute)
