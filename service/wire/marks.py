"""Times and event ids in one text of fixed width, eight characters each, as values that must be small are stored."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Final

from service.core.order import ID_BYTES, ID_CHARACTERS, in_letters

NO_TIME: Final = 2**48 - 1
"""Stands for no time: a time beyond all that events may tell."""


def time_text(time_ms: int | None) -> str:
    """A time, or that there is none, in eight characters. Raises OverflowError for what is before 1970 or too late."""
    return in_letters((NO_TIME if time_ms is None else time_ms).to_bytes(ID_BYTES, "big"))


def time_of(text: str) -> int | None:
    """The time that `time_text` wrote. Raises ValueError for other texts."""
    time_ms = int.from_bytes(urlsafe_b64decode(text), "big")
    return None if time_ms == NO_TIME else time_ms


def marks_of(text: str) -> tuple[str, ...]:
    """What stands in a text, one after the other."""
    return tuple([text[at : at + ID_CHARACTERS] for at in range(0, len(text), ID_CHARACTERS)])
