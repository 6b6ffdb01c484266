"""When a field is filled (S86): text that is not blank, a ticked box, a valid date, any number, zero included.

A field is read as its declared type, whatever kind of value the CRM sends: `"0"` is a number, `"false"` is no tick, and
`0000-00-00`, how some databases write that a date is not set, is a text where the type is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from service.language.moments import instant_in
from service.language.readings import TRUTHS
from service.language.unset import is_empty

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_LONGEST_NUMBER: Final = 400
_ANYWHERE: Final = ZoneInfo("UTC")
"""Whether a text is a date does not depend on where it is read."""


def is_filled(kind: str, value: object) -> bool:
    """Whether a field of this type that holds this value is filled. Never raises, whatever the value."""
    return FILLED[kind](value)


def _text(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else not is_empty(value)


def _boolean(value: object) -> bool:
    texts, numbers = TRUTHS[True]
    if isinstance(value, str):
        return value.strip().casefold() in texts
    return value is True or (type(value) in (int, float) and value in numbers)


def _date(value: object) -> bool:
    return instant_in(value, _ANYWHERE) is not None


def _number(value: object) -> bool:
    if isinstance(value, str):
        text = value.strip()
        return len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None
    return type(value) is int or (isinstance(value, float) and isfinite(value))


FILLED: Final[Mapping[str, Callable[[object], bool]]] = {
    "text": _text,
    "boolean": _boolean,
    "date": _date,
    "number": _number,
}
"""The types of field for which it is said when they are filled, and what says so."""
