"""Dates, times and relative dates in conditions: text becomes a span of time, a field becomes an instant.

Everything about time is a half-open span in milliseconds, so `equals today`, `< 2024-05-01` and `>= now - 2h` are
one arithmetic. Days begin at midnight of the division's zone and last 23 or 25 hours where the clock is changed. A
field that is a date is the beginning of that day, one without an offset is read in the division's zone. The core has
no clock: now is handed in with each record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.language.tree import Span

UTC_ZONE: Final = "UTC"
EXAMPLES: Final = "2024-05-31, 2024-05-31T09:30+02:00, today, last_7_days, this_month, now - 2h"

_MOMENT: Final = re.compile(
    r"[12]\d{3}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
WRITTEN: Final = re.compile(
    rf"{_MOMENT.pattern}(?!\w)|(?:now|today)(?:\s*[+-]\s*\d{{1,5}}\s*[mhdw])?(?!\w)", re.ASCII | re.IGNORECASE
)
"""The dates and relative dates that are more than one word; for a text in which something else may follow."""
_NOW: Final = re.compile(r"now(?:\s*([+-])\s*(\d{1,5})\s*([mhdw]))?", re.ASCII)
_TODAY: Final = re.compile(r"today\s*([+-])\s*(\d{1,3})\s*([dw])", re.ASCII)
_UNIT: Final = "(day|week|month|quarter|year)"
_PERIOD: Final = re.compile(rf"(last|this|next)_{_UNIT}", re.ASCII)
_PERIODS: Final = re.compile(rf"(last|next)_(\d{{1,3}})_{_UNIT}s", re.ASCII)
_AGO: Final = re.compile(rf"(\d{{1,3}})_{_UNIT}s_ago", re.ASCII)
_SALESFORCE: Final = re.compile(r"((?:last|next)_|)n_([a-z_]+):(\d{1,3})", re.ASCII)
_WORDS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_MINUTE_MS: Final = 60_000
_LENGTHS_MS: Final = {"m": _MINUTE_MS, "h": 60 * _MINUTE_MS, "d": 1_440 * _MINUTE_MS, "w": 10_080 * _MINUTE_MS}
_DAYS: Final = {"d": 1, "w": 7}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_STEPS: Final[Mapping[str, int]] = {"last": -1, "this": 0, "next": 1}

Bounds = tuple[int, int]


def span_in(text: str, zone: str = UTC_ZONE) -> Span | None:
    """The span of time that a text means; none where it means none.

    Dates and date-times as ISO 8601 writes them; `today`, `yesterday`, `tomorrow`, `today + 7d`; `now`, `now - 2h`
    (m, h, d = 24 hours, w); `this_week` (from Monday), `last_month`, `next_quarter`, …; `last_7_days` (from the
    beginning of the day 7 days ago up to now), `next_7_days` (the 7 days after today), `last_3_months` and the like
    (whole ones, without the present one); `3_days_ago`, …; and Salesforce's `LAST_N_DAYS:7`.
    """
    written = text.strip()
    if _MOMENT.fullmatch(written):
        return _fixed(written, zone)
    word = " ".join(written.casefold().split())
    salesforce = _SALESFORCE.fullmatch(word)
    if salesforce is not None:
        before, unit, count = salesforce.groups()
        word = f"{before}{count}_{unit}"
    bounds = _relative(word, ZoneInfo(zone))
    return None if bounds is None else Span(word, zone, bounds)


def instant_in(fact: object, zone: ZoneInfo) -> int | None:
    """The instant that a field holds, in milliseconds since 1970; none where it is neither date nor date-time."""
    if type(fact) is not str or not _MOMENT.fullmatch(fact):
        return None
    try:
        moment = datetime.fromisoformat(fact)
    except ValueError:
        return None
    return _milliseconds(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone))


def _fixed(text: str, zone: str) -> Span | None:
    start = instant_in(text, ZoneInfo(zone))
    if start is None:
        return None
    if len(text) > len("2024-05-31"):
        return Span(text, zone, lambda now_ms: (start, start + 1))
    end = _midnight(date.fromisoformat(text) + timedelta(days=1), ZoneInfo(zone))
    return Span(text, zone, lambda now_ms: (start, end))


def _relative(word: str, zone: ZoneInfo) -> Callable[[int], Bounds] | None:
    if word in _WORDS:
        return _unit("day", _WORDS[word], _WORDS[word] + 1, zone)
    if match := _NOW.fullmatch(word):
        sign, count, length = match.groups()
        shift_ms = int(f"{sign}{count}") * _LENGTHS_MS[length] if sign else 0
        return lambda now_ms: (now_ms + shift_ms, now_ms + shift_ms + 1)
    if match := _TODAY.fullmatch(word):
        shift = int(match[1] + match[2]) * _DAYS[match[3]]
        return _unit("day", shift, shift + 1, zone)
    if match := _PERIOD.fullmatch(word):
        first = _STEPS[match[1]]
        return _unit(match[2], first, first + 1, zone)
    if match := _AGO.fullmatch(word):
        return _unit(match[2], -int(match[1]), 1 - int(match[1]), zone)
    if match := _PERIODS.fullmatch(word):
        return _several(match[1], int(match[2]), match[3], zone)
    return None


def _several(direction: str, count: int, unit: str, zone: ZoneInfo) -> Callable[[int], Bounds]:
    if direction == "next":
        return _unit(unit, 1, count + 1, zone)
    whole = _unit(unit, -count, 0, zone)
    if unit != "day":
        return whole
    return lambda now_ms: (whole(now_ms)[0], now_ms + 1)


def _unit(unit: str, first: int, end: int, zone: ZoneInfo) -> Callable[[int], Bounds]:
    """From the beginning of the unit that is `first` after the present one to that of the one `end` after it."""

    def bounds(now_ms: int) -> Bounds:
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        return _midnight(_begin(unit, today, first), zone), _midnight(_begin(unit, today, end), zone)

    return bounds


def _begin(unit: str, today: date, shift: int) -> date:
    if unit == "day":
        return today + timedelta(days=shift)
    if unit == "week":
        return today + timedelta(days=7 * shift - today.weekday())
    length = _MONTHS[unit]
    months = ((today.year * 12 + today.month - 1) // length + shift) * length
    return date(months // 12, months % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return _milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
