"""People's time that is hardly meant: minutes left out, blocks that overlap, shifts that nobody has, holidays that are
past, and parts that nobody uses.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from schemas.config import Document, User
from schemas.config_time import DAY_MINUTES, DAYS, Calendar, is_date
from service.config.findings import Finding
from service.config.lint.skills import active_members
from service.config.nodes import Steps
from service.config.working_time import blocks_of, effective, working_times
from service.core.calendar import DAY_MS, Block, WorkingTime

YEAR_MS: Final = 365 * DAY_MS


def of_working_time(document: Document) -> Iterator[Finding]:
    """Everything of the kind."""
    for name, calendar in document.calendars.items():
        yield from _of_hours(("calendars", name), calendar)
        yield from _of_works_on(document, ("calendars", name), calendar, calendar)
    for name, user in document.users.items():
        yield from _of_hours(("users", name), user)
        yield from _of_works_on(document, ("users", name), user, effective(user, document))
        yield from _of_leave(("users", name), user)
    yield from _unused(document)
    yield from _of_shifts(document)


def _of_hours(path: Steps, calendar: Calendar) -> Iterator[Finding]:
    """Ends that leave out a minute, and blocks of the week that overlap. What touches joins, and is fine."""
    blocks = sorted(blocks_of(calendar), key=_start)
    for block in blocks:
        if block.end % DAY_MINUTES == DAY_MINUTES - 1:
            message = "23:59 leaves out the last minute of the day: write 24:00"
            yield Finding((*path, "hours", DAYS[block.weekday]), message)
    around = [*blocks, *(blocks[:1] if len(blocks) > 1 else ())]
    for one, other in pairwise(around):
        gap = (_start(other) - _start(one)) % (7 * DAY_MINUTES)
        if gap < one.end - one.start:
            yield Finding((*path, "hours", DAYS[other.weekday]), "this overlaps the block before it: join the two")


def _start(block: Block) -> int:
    return block.weekday * DAY_MINUTES + block.start


def _of_leave(path: Steps, user: User) -> Iterator[Finding]:
    """Leave from one moment to the same."""
    for position, each in enumerate(user.leave):
        if each.from_ == each.until and not is_date(each.from_):
            message = f"this leave ends when it begins: for a whole day write the day alone, {each.from_[:10]}"
            yield Finding((*path, "leave", position), message)


def _of_works_on(document: Document, path: Steps, said: Calendar, effective: Calendar) -> Iterator[Finding]:
    """Days on which somebody works although they are no holidays."""
    named = effective.holidays or ()
    days = {day for name in named for day in ([name] if is_date(name) else document.holidays[name])}
    for position, day in enumerate(said.works_on or ()):
        if day not in days:
            yield Finding((*path, "works_on", position), f"{day} is no holiday there: take it out")


def _unused(document: Document) -> Iterator[Finding]:
    used = {user.calendar for user in document.users.values()}
    for name in document.calendars:
        if name not in used:
            yield Finding(("calendars", name), "nobody has this calendar: give it to users, or take it out")
    for name, days in document.holidays.items():
        if not days:
            yield Finding(("holidays", name), "this list has no day: add some, or take it out")
        elif max(days) < str(datetime.now(UTC).year):
            message = f"these days end with {max(days)}, and none is of this year: add those to come"
            yield Finding(("holidays", name), message)


def _of_shifts(document: Document) -> Iterator[Finding]:
    """Pools in which nobody is foreseen to be there."""
    times, now_ms = working_times(document), time.time_ns() // 1_000_000
    for pool_id, pool in document.pools.items():
        active = active_members(document, pool)
        if active and all(name in times and _is_gone(times[name], now_ms) for name in active):
            message = "nobody in this pool is there in the year to come, by hours, holidays and leave: its records wait"
            yield Finding(("pools", pool_id), message)


def _is_gone(worktime: WorkingTime, now_ms: int) -> bool:
    there_ms = worktime.next_there(now_ms)
    return there_ms is None or there_ms > now_ms + YEAR_MS
