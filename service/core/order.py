"""Newer, same, older: the one place that compares two tellings of one thing, be it a record, its owner or a presence.

Producers differ in what they can say of order, so what is compared is what both sides have: the version, else the time,
else the chain of events that both belong to, which tells that they are one act and not which came first. Where there is
nothing to compare, the order is unknown, and what arrives counts as it arrives.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal

from msgspec import Struct

ACT_BYTES: Final = 8

ID_BYTES: Final = 6
ID_CHARACTERS: Final = 8
"""So long is an event id in short. Two are only compared within one record or person: a few bytes tell them apart."""

_IN_SHORT: Final = re.compile(rf"[A-Za-z0-9_-]{{{ID_CHARACTERS}}}")

_SAFE: Final = bytes.maketrans(b"+/", b"-_")

Order = Literal["newer", "same", "older", "unknown"]
"""How a telling stands to the one that is known."""


class Moment(Struct, array_like=True, frozen=True, gc=False):
    """When something was told: at which version and time (milliseconds since 1970, UTC), and within which `act`.

    An act is the short form of a correlation id (see `act_of`), and stands only where there is neither of the others.
    """

    version: int | None = None
    time_ms: int | None = None
    act: str = ""


NO_MOMENT: Final = Moment()
"""Nothing is known of when it was told."""


def compare(told: Moment, known: Moment) -> Order:
    """How what is told now stands to what is known."""
    if told.version is not None and known.version is not None:
        return _ordered(told.version, known.version)
    if told.time_ms is not None and known.time_ms is not None:
        return _ordered(told.time_ms, known.time_ms)
    return "same" if told.act and told.act == known.act else "unknown"


def act_of(correlation_id: str) -> str:
    """A chain of events in short, because memory keeps it; empty for none."""
    return blake2b(correlation_id.encode(), digest_size=ACT_BYTES).hexdigest() if correlation_id else ""


@lru_cache(maxsize=64)
def short_id(event_id: str) -> str:
    """An event's id in short, because memory keeps it. Whoever hears of an event asks, and whoever notes it."""
    return in_letters(blake2b(event_id.encode(), digest_size=ID_BYTES).digest())


def id_in_short(event_id: str) -> str:
    """The same of an id that may be one in short already: whoever reads what is stored has no other."""
    return event_id if _IN_SHORT.fullmatch(event_id) else short_id(event_id)


def in_letters(data: bytes) -> str:
    """Bytes in few characters that stand for themselves in JSON and in addresses: base64 of its urlsafe kind."""
    return b2a_base64(data, newline=False).translate(_SAFE).decode()


def _ordered(told: int, known: int) -> Order:
    if told == known:
        return "same"
    return "newer" if told > known else "older"
