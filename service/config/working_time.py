"""When people work: from what documents say to what the core asks.

A person's own keys stand above those of their calendar, and the division's zone is everybody's who has none. Equal
calendars become one, however many people have them, so that each is compiled once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from schemas.config import Document, User
from schemas.config_time import DAY_MINUTES, DAYS, Calendar, Leave, is_date, minutes_of
from service.config.findings import Declared, Finding, undeclared
from service.config.holidays import unknown_list
from service.config.nodes import Steps
from service.core.calendar import ALWAYS, Block, Span, WorkCalendar, WorkingTime, first_at, joined
from service.language.moments import days_after, milliseconds

YEARS_MAX: Final = 2


def of_time(document: Document, declared: Declared) -> Iterator[Finding]:
    """Names of calendars and of lists of holidays that lead nowhere."""
    for name, calendar in document.calendars.items():
        yield from _of_holidays(document, ("calendars", name), calendar)
    for name, user in document.users.items():
        yield from _of_holidays(document, ("users", name), user)
        if user.calendar is not None and user.calendar not in declared.calendars:
            yield undeclared(("users", name, "calendar"), user.calendar, declared.calendars, "calendars")


def notes_on_time(document: Document) -> Iterator[Finding]:
    """Hours and leave that may be meant, and are more often a slip of the pen."""
    for name, calendar in document.calendars.items():
        yield from _long_nights(("calendars", name), calendar)
    for name, user in document.users.items():
        yield from _long_nights(("users", name), user)
        for position, each in enumerate(user.leave):
            start, end = (int(text[:4]) for text in (each.from_, each.until))
            if start + YEARS_MAX < end < MAXYEAR:
                message = f"this leave lasts {end - start} years: correct it, or write 9999-12-31 for good"
                yield Finding(("users", name, "leave", position), message)


def _long_nights(path: Steps, calendar: Calendar) -> Iterator[Finding]:
    """Blocks over midnight that are longer than half a day: often the two ends are the wrong way round."""
    for block in blocks_of(calendar):
        if block.end > DAY_MINUTES and block.end - block.start > DAY_MINUTES // 2:
            hours = (block.end - block.start) / 60
            message = f"this lasts {hours:g} hours, over midnight: if it ends on the same day, turn it around"
            yield Finding((*path, "hours", DAYS[block.weekday]), message)


def _of_holidays(document: Document, path: Steps, calendar: Calendar) -> Iterator[Finding]:
    for position, name in enumerate(calendar.holidays or ()):
        if not is_date(name) and name not in document.holidays:
            yield unknown_list((*path, "holidays", position), name, document.holidays)


def effective(user: User, document: Document) -> Calendar:
    """What holds for somebody: their own keys, else their calendar's, else the settings'."""
    shared = document.calendars.get(user.calendar or "", Calendar())
    keys = {
        key: own if own is not None else getattr(shared, key)
        for key in Calendar.model_fields
        for own in [getattr(user, key)]
    }
    return Calendar.model_construct(**keys | {"zone": keys["zone"] or document.settings.zone})


def zone_of(user: User, document: Document) -> str:
    """The zone of somebody's clock, where it is not the division's; else empty."""
    shared = document.calendars.get(user.calendar or "")
    zone = user.zone or (shared.zone if shared is not None else None) or ""
    return "" if zone == document.settings.zone else zone


def working_times(document: Document) -> Mapping[str, WorkingTime]:
    """Of each user who does not work always, when they do."""
    holidays = {name: frozenset(map(date.fromisoformat, days)) for name, days in document.holidays.items()}
    by_content: dict[tuple[object, ...], WorkCalendar | None] = {}
    found: dict[str, WorkingTime] = {}
    for name, user in document.users.items():
        if user.calendar is None and not user.leave and user.hours is None and user.holidays is None:
            continue
        said = effective(user, document)
        content = (said.zone, _key(said), said.holidays, said.works_on)
        if content not in by_content:
            by_content[content] = _compiled(said, holidays)
        calendar, zone = by_content[content], said.zone or document.settings.zone
        if calendar is not None or user.leave:
            found[name] = WorkingTime(calendar, _leave(user.leave, ZoneInfo(zone)))
    return found


def _key(calendar: Calendar) -> object:
    return None if calendar.hours is None else tuple(calendar.hours.items())


def _compiled(said: Calendar, lists: Mapping[str, frozenset[date]]) -> WorkCalendar | None:
    """The calendar as the core has it; none: it says nothing, so they work always."""
    named = [frozenset([date.fromisoformat(each)]) if is_date(each) else lists[each] for each in said.holidays or ()]
    days = frozenset[date]().union(*named) - frozenset(map(date.fromisoformat, said.works_on or ()))
    if said.hours is None and not days:
        return None
    assert said.zone is not None, "a calendar that is compiled has a zone"
    return WorkCalendar(said.zone, ALWAYS if said.hours is None else tuple(blocks_of(said)), days)


def blocks_of(calendar: Calendar) -> Iterator[Block]:
    """The blocks of the week, in order."""
    hours = calendar.hours or {}
    for weekday, day in enumerate(DAYS):
        for block in hours.get(day, ()):
            yield Block(weekday, *minutes_of(block))


def _leave(leave: tuple[Leave, ...], zone: ZoneInfo) -> tuple[Span, ...]:
    return tuple(joined([(_instant(each.from_, zone, days=0), _instant(each.until, zone, days=1)) for each in leave]))


def _instant(written: str, zone: ZoneInfo, *, days: int) -> int:
    """The moment that is written; of a day its midnight, or that of so many days later, as far as there are days."""
    if is_date(written):
        return first_at(datetime.combine(days_after(date.fromisoformat(written), days), time()), zone)
    moment = datetime.fromisoformat(written)
    return milliseconds(moment) if moment.tzinfo is not None else first_at(moment, zone)
