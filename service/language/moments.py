"""Dates, times and relative dates in conditions: text becomes a span of time, a field becomes an instant.

Everything about time is a half-open span in milliseconds, so `equals today`, `< 2024-05-01` and `>= now - 2h` are
one arithmetic. Days begin at midnight of the division's zone and last 23 or 25 hours where the clock is changed. A
field that is a date is the beginning of that day, one without an offset is read in the division's zone, in every
notation. Months and years are counted by the calendar: a month after 31 January is the last of February. The core has
no clock: now is handed in with each record.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.language.tree import Calendar, Span

UTC_CALENDAR: Final = Calendar()
EXAMPLES: Final = "2024-05-31, 2024-05-31T09:30+02:00, today, last_7_days, this_month, now - 2h, today - 3mo"
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_SHIFT: Final = r"\s*([+-])\s*(\d{1,5})\s*"
WRITTEN: Final = re.compile(
    rf"{_MOMENT.pattern}(?!\w)"
    r"|(?:now|today)(?:\s*[+-]\s*\d{1,5}\s*(?:mo|[mhdwy]))?(?!\w)"
    r"|(?:(?:last|next)_)?n_[a-z]+(?:_ago)?:\d{1,3}(?!\w)",
    re.ASCII | re.IGNORECASE,
)
"""The dates and relative dates that are more than one word; for a text in which something else may follow."""
_CAPITAL_MONTH: Final = re.compile(r"\d\s*M\s*\Z", re.ASCII)
"""Some products say M for months and m for minutes, others the other way round: here months are `mo`."""
_NOW: Final = re.compile(rf"now(?:{_SHIFT}([mhdw]))?", re.ASCII)
_TODAY: Final = re.compile(rf"today{_SHIFT}([dw])", re.ASCII)
_BY_CALENDAR: Final = re.compile(rf"(now|today){_SHIFT}(mo|y)", re.ASCII)
_UNIT: Final = "(day|week|month|quarter|year)"
_PERIOD: Final = re.compile(rf"(last|this|next)_{_UNIT}", re.ASCII)
_PERIODS: Final = re.compile(rf"(last|next)_(\d{{1,3}})_{_UNIT}s", re.ASCII)
_AGO: Final = re.compile(rf"(\d{{1,3}})_{_UNIT}s_ago", re.ASCII)
_SALESFORCE: Final = re.compile(r"((?:last|next)_|)n_([a-z_]+):(\d{1,3})", re.ASCII)
_WORDS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_MINUTE_MS: Final = 60_000
_LENGTHS_MS: Final = {"m": _MINUTE_MS, "h": 60 * _MINUTE_MS, "d": 1_440 * _MINUTE_MS, "w": 10_080 * _MINUTE_MS}
_DAYS: Final = {"d": 1, "w": 7}
_CALENDAR_MONTHS: Final = {"mo": 1, "y": 12}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_STEPS: Final[Mapping[str, int]] = {"last": -1, "this": 0, "next": 1}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_DAY_MS: Final = _LENGTHS_MS["d"]

Bounds = tuple[int, int]


def span_in(text: str, calendar: Calendar = UTC_CALENDAR) -> Span | None:
    """The span of time that a text means; none where it means none.

    Dates and date-times as ISO 8601 writes them; `today`, `yesterday`, `tomorrow`, `today + 7d` (d, w, mo, y); `now`,
    `now - 2h` (m, h, d = 24 hours, w, mo, y); `this_week`, `last_month`, `next_quarter`, …; `last_7_days` (from the
    beginning of the day 7 days ago up to now), `next_7_days` (the 7 days after today), `last_3_months` and the like
    (whole ones, without the present one); `3_days_ago`, …; and Salesforce's `LAST_N_DAYS:7`.
    """
    written = text.strip()
    if _MOMENT.fullmatch(written):
        return _fixed(written, calendar)
    if _CAPITAL_MONTH.search(written):
        return None
    word = " ".join(written.casefold().split())
    salesforce = _SALESFORCE.fullmatch(word)
    if salesforce is not None:
        before, unit, count = salesforce.groups()
        word = f"{before}{count}_{unit}"
    bounds = _relative(word, calendar)
    return None if bounds is None else Span(word, calendar, bounds)


def instant_in(fact: object, zone: ZoneInfo) -> int | None:
    """The instant that a field holds, in milliseconds since 1970; none where it is neither date nor date-time."""
    if type(fact) is not str or not _MOMENT.fullmatch(written := fact.strip()):
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return milliseconds(moment if moment.tzinfo is not None else moment.replace(tzinfo=zone))


def is_day(fact: str) -> bool:
    """Whether a text that is an instant names a whole day."""
    return len(fact.strip()) == len("2024-05-31")


def local(now_ms: int, zone: ZoneInfo) -> datetime:
    """What the clocks of a zone show; the first or last time there is, where it would be beyond."""
    try:
        return datetime.fromtimestamp(now_ms / 1000, zone)
    except (OverflowError, ValueError):
        return (_LAST if now_ms > 0 else _FIRST).replace(tzinfo=zone)


def milliseconds(moment: datetime) -> int:
    """Since 1970, of a time with a zone."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def day_bounds(day: date, zone: ZoneInfo) -> Bounds:
    """From midnight to midnight."""
    start = midnight(day, zone)
    return start, start + _DAY_MS if day == date.max else midnight(day + timedelta(days=1), zone)


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins, in milliseconds since 1970."""
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=zone))


def days_after(day: date, count: int) -> date:
    """The day so many days later; the first or last there is, where it would be beyond."""
    return date.fromordinal(min(max(day.toordinal() + count, 1), date.max.toordinal()))


def months_after(day: date, count: int) -> date:
    """The same day so many months later, or the last of that month where it has no such day."""
    months = min(max(day.year * 12 + day.month - 1 + count, 12), date.max.year * 12 + 11)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _fixed(text: str, calendar: Calendar) -> Span | None:
    start = instant_in(text, zone := ZoneInfo(calendar.zone))
    if start is None:
        return None
    bounds = day_bounds(date.fromisoformat(text), zone) if is_day(text) else (start, start + 1)
    return Span(text, calendar, lambda now_ms: bounds)


def _relative(word: str, calendar: Calendar) -> Callable[[int], Bounds] | None:
    if word in _WORDS:
        return _unit("day", _WORDS[word], _WORDS[word] + 1, calendar)
    if match := _NOW.fullmatch(word):
        sign, count, length = match.groups()
        shift_ms = int(f"{sign}{count}") * _LENGTHS_MS[length] if sign else 0
        return lambda now_ms: (now_ms + shift_ms, now_ms + shift_ms + 1)
    if match := _TODAY.fullmatch(word):
        shift = int(match[1] + match[2]) * _DAYS[match[3]]
        return _unit("day", shift, shift + 1, calendar)
    if match := _BY_CALENDAR.fullmatch(word):
        return _by_calendar(match[1], int(match[2] + match[3]) * _CALENDAR_MONTHS[match[4]], ZoneInfo(calendar.zone))
    if match := _PERIOD.fullmatch(word):
        first = _STEPS[match[1]]
        return _unit(match[2], first, first + 1, calendar)
    if match := _AGO.fullmatch(word):
        return _unit(match[2], -int(match[1]), 1 - int(match[1]), calendar)
    if match := _PERIODS.fullmatch(word):
        return _several(match[1], int(match[2]), match[3], calendar)
    return None


def _by_calendar(word: str, months: int, zone: ZoneInfo) -> Callable[[int], Bounds]:
    """So many months from now, at the time that clocks show now, or from today."""

    def instant(now_ms: int) -> Bounds:
        now = local(now_ms, zone)
        day = months_after(now.date(), months)
        at = milliseconds(now.replace(year=day.year, month=day.month, day=day.day))
        return at, at + 1

    def day(now_ms: int) -> Bounds:
        return day_bounds(months_after(local(now_ms, zone).date(), months), zone)

    return instant if word == "now" else day


def _several(direction: str, count: int, unit: str, calendar: Calendar) -> Callable[[int], Bounds]:
    if direction == "next":
        return _unit(unit, 1, count + 1, calendar)
    whole = _unit(unit, -count, 0, calendar)
    if unit != "day":
        return whole
    return lambda now_ms: (whole(now_ms)[0], now_ms + 1)


def _unit(unit: str, first: int, end: int, calendar: Calendar) -> Callable[[int], Bounds]:
    """From the beginning of the unit that is `first` after the present one to that of the one `end` after it."""
    zone = ZoneInfo(calendar.zone)

    def bounds(now_ms: int) -> Bounds:
        today = local(now_ms, zone).date()
        begins = [_begin(unit, today, shift, calendar.week_starts) for shift in (first, end)]
        return midnight(begins[0], zone), midnight(begins[1], zone)

    return bounds


def _begin(unit: str, today: date, shift: int, week_starts: int) -> date:
    if unit == "day":
        return days_after(today, shift)
    if unit == "week":
        return days_after(today, 7 * shift - (today.weekday() - week_starts) % 7)
    length = _MONTHS[unit]
    return months_after(today.replace(day=1), -((today.month - 1) % length) + shift * length)
