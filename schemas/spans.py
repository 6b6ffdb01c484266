"""How people write a time span, and how the same is written here: `90 minutes` is `90m`, and so is `1h30m`."""

from __future__ import annotations

import re
from typing import Final

SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
"""How long each unit is that spans are written in."""

_UNITS: Final = {**SECONDS, "w": 604_800}
_WORDS: Final = {"sec": "s", "min": "m", "hr": "h", "std": "h", "hour": "h", "day": "d", "week": "w", "tag": "d"}
_PART: Final = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]+)\s*")
_LONGEST: Final = 40
_NUMBER_MAX: Final = 99_999


def span_meant(value: object, units: str) -> str:
    """The span that is probably meant, in the first of these units that fits, as the end of a sentence; empty: nobody
    knows.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _NUMBER_MAX:
        return f"; say of what, such as {value}m"
    seconds = _seconds(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    for unit in units if seconds else ():
        count, rest = divmod(seconds or 0, _UNITS[unit])
        if not rest and 0 < count <= _NUMBER_MAX:
            return f'; did you mean "{count}{unit}"?'
    return ""


def _seconds(written: str) -> int | None:
    """How long it is; none: it is no time at all, or no whole number of seconds."""
    rest, total = written.casefold(), 0.0
    while rest:
        found = _PART.match(rest)
        unit = None if found is None else _unit(found[2])
        if found is None or unit is None:
            return None
        total += float(found[1]) * _UNITS[unit]
        rest = rest[found.end() :]
    return int(total) if total.is_integer() else None


def _unit(word: str) -> str | None:
    return word if word in _UNITS else next((unit for name, unit in _WORDS.items() if word.startswith(name)), None)
