"""Odoo's words for dates in domains: `today`, `now`, `today -7d`, `+12H`, `=monday`, with the meaning Odoo gives them.

A text begins with `today` (the day) or `now` (the instant, also where neither is written), and terms follow, each
behind a space: `+` and `-` count d, w, m, y, H, M, S on or back; `=` sets a day, month, year, hour, minute or second
and everything smaller in the day to its beginning; a weekday is that of the present week (`=`), the next (`+`) or the
last (`-`), today included. Days, weeks and clocks are those of the division.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from service.language.moments import WEEKDAYS, day_bounds, days_after, local, milliseconds, months_after, span_in
from service.language.tree import Calendar, Span

EXAMPLES: Final = "2024-05-31, today, today -7d, now +12H, =monday"

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d.*", re.ASCII)
_TERM: Final = re.compile(rf"([-+=])(?:(\d{{1,5}})([dwmyHMS])|({'|'.join(WEEKDAYS)}|week_start))", re.ASCII)
_MEANT: Final = re.compile(
    r"(?:today|now)\b.*|[-+=]\s*\d+\s*[a-zA-Z]\w*.*|[-+=]\s*[a-z]+day\b.*"
    r"|\d{1,5}\s*(?:[dwmyHMS]|(?:day|week|month|year|hour|minute)s?)",
    re.ASCII | re.DOTALL,
)
_MONTHS: Final = {"m": 1, "y": 12}
_DAYS: Final = {"d": 1, "w": 7}
_TIMES: Final = {"H": "hours", "M": "minutes", "S": "seconds"}
_TO_OURS: Final = re.compile(r"today(?: ([-+])(\d{1,5})([dwmy]))?", re.ASCII)
_TO_ODOO: Final = re.compile(r"today(?: ?([-+]) ?(\d{1,5}) ?(d|w|mo|y))?", re.ASCII)
_MOST_TERMS: Final = 10


class _Term(NamedTuple):
    sign: str
    number: int
    unit: str
    weekday: str


def date_in(text: str, calendar: Calendar) -> Span | None:
    """The date or date-time that a text in a domain means, in ISO 8601 or Odoo's words; none: it is another text."""
    if _ISO.fullmatch(text):
        return span_in(text, calendar)
    first, *further = text.split(" ")
    if first not in ("today", "now"):
        first, further = "now", [first, *further]
    terms = [_TERM.fullmatch(each) for each in further]
    if not text or len(terms) > _MOST_TERMS or not all(terms):
        return None
    read = [_Term(match[1], int(match[2] or 0), match[3] or "", match[4] or "") for match in terms if match]
    if any((term.sign == "=" and term.unit == "w") or not _can_be_set(term) for term in read):
        return None
    is_day = first == "today" and not any(term.unit in _TIMES for term in read)
    return Span(text, calendar, _bounds(read, calendar, is_day=is_day, begins_at_midnight=first == "today"))


def is_meant_as_date(text: str) -> bool:
    """Whether a text that is no date looks as if it should be one."""
    return bool(_MEANT.fullmatch(text) or _ISO.fullmatch(text)) or span_in(text) is not None


def as_odoo(span: Span) -> Span | None:
    """A day of criteria in Odoo's words; none where a domain has no words for it."""
    match = _TO_ODOO.fullmatch(span.text)
    if match is None:
        return span if _is_written_day(span) else None
    sign, count, unit = match.groups()
    return date_in(f"today {sign}{count}{unit[0]}" if sign else "today", span.calendar)


def as_ours(span: Span) -> Span | None:
    """A day of a domain in the words of criteria; none where they have none for it."""
    match = _TO_OURS.fullmatch(span.text)
    if match is None:
        return span if _is_written_day(span) else None
    sign, count, unit = match.groups()
    return span_in(f"today {sign} {count}{'mo' if unit == 'm' else unit}" if sign else "today", span.calendar)


def _is_written_day(span: Span) -> bool:
    return bool(_ISO.fullmatch(span.text)) and len(span.text) == len("2024-05-31")


def _can_be_set(term: _Term) -> bool:
    """Whether there is such a day, month, year or hour."""
    limits = {"d": (1, 31), "m": (1, 12), "y": (1, 9999), "H": (0, 23), "M": (0, 59), "S": (0, 59)}
    low, high = limits.get(term.unit, (0, 0))
    return term.sign != "=" or bool(term.weekday) or low <= term.number <= high


def _bounds(
    terms: Sequence[_Term], calendar: Calendar, *, is_day: bool, begins_at_midnight: bool
) -> Callable[[int], tuple[int, int]]:
    zone = ZoneInfo(calendar.zone)

    def bounds(now_ms: int) -> tuple[int, int]:
        at = local(now_ms, zone)
        if begins_at_midnight:
            at = _truncated(at, "d")
        for term in terms:
            at = _moved(at, term, calendar.week_starts)
        if is_day:
            return day_bounds(at.date(), zone)
        return milliseconds(at), milliseconds(at) + 1

    return bounds


def _moved(at: datetime, term: _Term, week_starts: int) -> datetime:
    if term.weekday:
        return _on_weekday(at, term, week_starts)
    if term.sign == "=":
        return _set(_truncated(at, term.unit), term)
    count = -term.number if term.sign == "-" else term.number
    if term.unit in _TIMES:
        return _later(at, timedelta(**{_TIMES[term.unit]: count}))
    if term.unit in _MONTHS:
        day = months_after(at.date(), count * _MONTHS[term.unit])
    else:
        day = days_after(at.date(), count * _DAYS[term.unit])
    return at.replace(year=day.year, month=day.month, day=day.day)


def _later(at: datetime, by: timedelta) -> datetime:
    """So much time on; the same where no calendar reaches so far."""
    try:
        return (at.astimezone(UTC) + by).astimezone(at.tzinfo)
    except OverflowError:
        return at


def _truncated(at: datetime, unit: str) -> datetime:
    """The beginning of the second, minute or hour; of the day for whatever is longer."""
    match unit:
        case "S":
            return at.replace(microsecond=0)
        case "M":
            return at.replace(second=0, microsecond=0)
        case "H":
            return at.replace(minute=0, second=0, microsecond=0)
        case _:
            return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _set(at: datetime, term: _Term) -> datetime:
    """With this day, month, year, hour, minute or second; the last of the month where it has no such day."""
    match term.unit:
        case "H":
            return at.replace(hour=term.number)
        case "M":
            return at.replace(minute=term.number)
        case "S":
            return at.replace(second=term.number)
        case "d":
            return at.replace(day=min(term.number, monthrange(at.year, at.month)[1]))
        case "m":
            day = months_after(at.date(), term.number - at.month)
        case _:
            day = months_after(at.date(), 12 * (term.number - at.year))
    return at.replace(year=day.year, month=day.month, day=day.day)


def _on_weekday(at: datetime, term: _Term, week_starts: int) -> datetime:
    """That day of the present week, whose beginning is set by the division; or the next or last such day."""
    wanted = week_starts if term.weekday == "week_start" else WEEKDAYS.index(term.weekday)
    shift = (wanted - week_starts) % 7 - (at.weekday() - week_starts) % 7
    if term.sign == "=":
        at = _truncated(at, "d")
    elif term.sign == "+" and shift < 0:
        shift += 7
    elif term.sign == "-" and shift > 0:
        shift -= 7
    day = days_after(at.date(), shift)
    return at.replace(year=day.year, month=day.month, day=day.day)
