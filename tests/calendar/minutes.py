"""The rule of D12 a second time, as a walk through all minutes instead of a calculation with dates.

A block is one stretch, from the first occurrence of its start to the first occurrence of its end, and a time that no
clock shows is the next that does. So it lasts as long as the latest time that the clocks have shown *by now* is not
before its start and is before its end: clocks that are put back show nothing later for a while, and clocks that are put
forward pass what they leave out. Nothing of the calendar's own code is used but the words in which it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from service.core.calendar import WorkCalendar

MINUTE: Final = timedelta(minutes=1)


def walk(calendar: WorkCalendar, first: datetime, last: datetime) -> Iterator[tuple[int, bool]]:
    """Each minute from `first` up to `last` (UTC), in milliseconds since 1970, and whether it is working time."""
    zone = ZoneInfo(calendar.zone)
    latest = (first - timedelta(days=9)).replace(tzinfo=None)
    now = first - timedelta(days=2)
    while now < last:
        latest = max(latest, now.astimezone(zone).replace(tzinfo=None))
        if now >= first:
            yield (
                int(now.timestamp() * 1000),
                any(_is_within(calendar, latest.date() - timedelta(days=back), latest) for back in (0, 1)),
            )
        now += MINUTE


def _is_within(calendar: WorkCalendar, day: date, latest: datetime) -> bool:
    """Whether a block that begins on this day lasts."""
    if day in calendar.holidays:
        return False
    midnight = datetime.combine(day, time())
    return any(
        midnight + block.start * MINUTE <= latest < midnight + block.end * MINUTE
        for block in calendar.blocks
        if block.weekday == day.weekday()
    )


def disagreements(calendar: WorkCalendar, first: datetime, last: datetime) -> list[str]:
    """The minutes at which the calendar says something else than the walk, or the end of a stretch is not where the
    walk changes; at most a few.
    """
    found: list[str] = []
    phase = calendar.phase(int(first.timestamp() * 1000))
    for now_ms, is_on in walk(calendar, first, last):
        if phase.until_ms is not None and now_ms >= phase.until_ms:
            phase = calendar.phase(now_ms)
        if phase.is_on != is_on or calendar.phase(now_ms) != phase:
            shown = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(calendar.zone))
            found.append(f"{calendar.zone} {shown.isoformat()}: {phase} and the walk says {is_on}")
            if len(found) > 5:
                break
    return found
