"""Read what a record of a lane's log publishes, byte for byte. Part of the independent checker."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, NamedTuple

import msgspec

Headers = tuple[tuple[str, bytes | None], ...]


class Output(NamedTuple):
    """A message as the log holds it; two are the same if all of this is."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


class _Published(msgspec.Struct):
    """What a record holds of outputs. Values are left in their own bytes: read and written anew they may differ."""

    headers: list[tuple[str, Any]]
    outputs: list[tuple[str, Any, msgspec.Raw, list[int]]]


def read_outputs(value: bytes) -> list[Output]:
    """The messages in a log record, which name their headers by position. A value stands there as the object that it
    is, or as a text; what is no text, in base64.
    """
    found = msgspec.json.decode(value, type=_Published)
    headers = [(name, None if said is None else _plain(said)) for name, said in found.headers]
    return [
        Output(topic, _plain(key), _own_bytes(bytes(raw)), tuple([headers[position] for position in positions]))
        for topic, key, raw, positions in found.outputs
    ]


def _own_bytes(raw: bytes) -> bytes:
    return raw if raw.startswith(b"{") else _plain(json.loads(raw))


def _plain(text: str | list[str]) -> bytes:
    return text.encode() if isinstance(text, str) else b64decode(text[0])
