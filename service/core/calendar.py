"""When somebody works: weekly hours, holidays and leave become stretches of time.

A pure function of what is configured and of now. All is half-open and right on the days on which clocks are changed: a
block is one stretch, from the first occurrence of its start to the first occurrence of its end, and a time that no
clock shows is the next one that does (D12). A block belongs to the day on which it begins, also over midnight, so a
holiday takes away what begins on it and nothing else.

A calendar is compiled window by window, when somebody asks, into the instants at which it changes; what is asked is
looked up there in logarithmic time. People with equal calendars share one, and leave is each person's own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from service.language.moments import local, milliseconds

MINUTE_MS: Final = 60_000
DAY_MINUTES: Final = 1_440
DAY_MS: Final = DAY_MINUTES * MINUTE_MS

WINDOW_DAYS: Final = 28
WINDOW_MS: Final = WINDOW_DAYS * DAY_MS
MARGIN_DAYS: Final = 3
"""A block that is under way when a window begins began so many days before at most, wherever its day begins."""
HORIZON_WINDOWS: Final = 14
"""So far is looked ahead, a year and a month. What does not change until then is not foreseen."""
KEPT_WINDOWS: Final = HORIZON_WINDOWS + 2
"""So many of a calendar's windows are kept at most: mostly this one and the next, all that are looked through where
nothing changes for long.
"""

HORIZON_MS: Final = HORIZON_WINDOWS * WINDOW_MS
FORESEEN_UNTIL_MS: Final = milliseconds(datetime(9990, 1, 1, tzinfo=UTC))
"""From then on nothing is foreseen: `9999-12-31` is how people write for good, and no day can be written after it."""

WEEKDAYS: Final = 7

Absent = Literal["leave", "off_shift"]
Span = tuple[int, int]
"""From an instant up to another, in milliseconds since 1970; the second is not part of it."""


class Block(NamedTuple):
    """Working time that begins on a day of the week (0: Monday), in minutes since that day's midnight. An `end` above
    `DAY_MINUTES` is on the day after.
    """

    weekday: int
    start: int
    end: int


ALWAYS: Final = tuple(Block(weekday, 0, DAY_MINUTES) for weekday in range(WEEKDAYS))


class Phase(NamedTuple):
    """Whether it is working time, and until when that stays so; none: longer than is foreseen."""

    is_on: bool
    until_ms: int | None


@dataclass(frozen=True)
class WorkCalendar:
    """Weekly hours in a zone, without the days that are holidays."""

    zone: str
    blocks: tuple[Block, ...] = ALWAYS
    holidays: frozenset[date] = frozenset()

    def phase(self, now_ms: int) -> Phase:
        """What it is at an instant, and until when."""
        if now_ms >= FORESEEN_UNTIL_MS:
            return Phase(is_on=False, until_ms=None)
        window = now_ms // WINDOW_MS
        self._windows.pop(window - 2, None)
        edges = self._edges(window)
        place = bisect_right(edges, now_ms)
        is_on = place % 2 == 1
        for _ in range(HORIZON_WINDOWS):
            end_ms = (window + 1) * WINDOW_MS
            if place < len(edges) and edges[place] < end_ms:
                return Phase(is_on, edges[place])
            window += 1
            edges = self._edges(window)
            place = bisect_right(edges, end_ms)
            if (place % 2 == 1) != is_on:
                return Phase(is_on, end_ms)
        return Phase(is_on, None)

    def _edges(self, window: int) -> Sequence[int]:
        """The instants at which work begins and ends, in turn, of all that touches the window."""
        edges = self._windows.get(window)
        if edges is None:
            while len(self._windows) >= KEPT_WINDOWS:
                del self._windows[min(self._windows)]
            edges = self._windows[window] = self._compiled(window)
        return edges

    @cached_property
    def _windows(self) -> dict[int, tuple[int, ...]]:
        return {}

    def _compiled(self, window: int) -> tuple[int, ...]:
        zone = ZoneInfo(self.zone)
        first = local(window * WINDOW_MS, zone).date() - timedelta(days=MARGIN_DAYS)
        days = [first + timedelta(days=count) for count in range(WINDOW_DAYS + 2 * MARGIN_DAYS + 1)]
        midnights = [first_at(datetime.combine(day, time()), zone) for day in days]
        found: list[Span] = []
        for day, midnight_ms, second_ms in zip(days, midnights, midnights[2:], strict=False):
            if day not in self.holidays:
                found += _on(day, self._of_weekday[day.weekday()], zone, midnight_ms, second_ms - midnight_ms)
        return tuple(edge for span in joined(found) for edge in span)

    @cached_property
    def _of_weekday(self) -> Sequence[Sequence[Block]]:
        return [[block for block in self.blocks if block.weekday == weekday] for weekday in range(WEEKDAYS)]


def first_at(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which the clocks of a zone show this time, or a later one where they never show it."""
    instant_ms = milliseconds(wall.replace(tzinfo=zone))
    if local(instant_ms, zone).replace(tzinfo=None) == wall:
        return instant_ms
    before, after = milliseconds(wall.replace(tzinfo=zone, fold=1)) // 1000, instant_ms // 1000
    while after - before > 1:
        middle = (before + after) // 2
        if local(middle * 1000, zone).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after * 1000


def _on(day: date, blocks: Sequence[Block], zone: ZoneInfo, midnight_ms: int, two_days_ms: int) -> Iterator[Span]:
    """The blocks that begin on a day. Where no clock is changed on it and the next, they are as long as written."""
    if two_days_ms == 2 * DAY_MS:
        yield from [(midnight_ms + block.start * MINUTE_MS, midnight_ms + block.end * MINUTE_MS) for block in blocks]
        return
    midnight = datetime.combine(day, time())
    for block in blocks:
        start, end = (first_at(midnight + timedelta(minutes=minute), zone) for minute in block[1:])
        yield start, end


def joined(spans: Sequence[Span]) -> list[Span]:
    """The same time in order, without overlaps: what touches is one. Empty spans are none."""
    found: list[Span] = []
    for start_ms, end_ms in sorted(spans):
        if found and start_ms <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end_ms)
        elif start_ms < end_ms:
            found.append((start_ms, end_ms))
    return found


class Attendance(NamedTuple):
    """What somebody's calendar says of them: why they are not there (none: they are), until when that is so, and when
    they are there next. None where it is not foreseen.
    """

    absent: Absent | None
    until_ms: int | None
    back_ms: int | None


@dataclass(frozen=True)
class WorkingTime:
    """When somebody is there: by a calendar (none: always), but for their own leave, which is sorted and disjoint."""

    calendar: WorkCalendar | None = None
    leave: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        assert all(one[1] < next_one[0] for one, next_one in pairwise(self.leave)), "leave is sorted and disjoint"

    def at(self, now_ms: int) -> Attendance:
        """What it says at an instant."""
        end_ms, next_ms = self._leave_around(now_ms)
        if end_ms is not None:
            return Attendance("leave", end_ms, self.next_there(end_ms))
        is_on, until_ms = self._phase(now_ms)
        changes_ms = min((each for each in (until_ms, next_ms) if each is not None), default=None)
        if is_on:
            return Attendance(None, changes_ms, now_ms)
        back_ms = None if until_ms is None else self.next_there(until_ms)
        return Attendance("off_shift", changes_ms, back_ms)

    def next_there(self, now_ms: int) -> int | None:
        """The first instant from now on at which they are there; none: none is foreseen."""
        while now_ms < FORESEEN_UNTIL_MS:
            end_ms, _ = self._leave_around(now_ms)
            if end_ms is not None:
                now_ms = end_ms
                continue
            is_on, until_ms = self._phase(now_ms)
            if is_on:
                return now_ms
            if until_ms is None:
                return None
            now_ms = until_ms
        return None

    def _phase(self, now_ms: int) -> Phase:
        return Phase(is_on=True, until_ms=None) if self.calendar is None else self.calendar.phase(now_ms)

    def _leave_around(self, now_ms: int) -> tuple[int | None, int | None]:
        """When the leave ends that is under way (none: none is), and when the next one begins (none: there is none)."""
        place = bisect_right(self._leave_starts, now_ms)
        end_ms = self.leave[place - 1][1] if place else 0
        next_ms = self._leave_starts[place] if place < len(self.leave) else None
        return (end_ms if now_ms < end_ms else None), next_ms

    @cached_property
    def _leave_starts(self) -> Sequence[int]:
        return [start_ms for start_ms, _ in self.leave]


class Roster:
    """Who of several people is not there by their calendars. It follows the clock: only those are looked at anew for
    whom something has changed since it was asked last.

    What it says is never changed afterwards, and is another mapping only where something has changed.
    """

    __slots__ = ("_changes", "_off", "_since_ms", "_times")

    def __init__(self, times: Mapping[str, WorkingTime]) -> None:
        self._times = times
        self._off: dict[str, Attendance] = {}
        self._changes: list[tuple[int, str]] = []
        self._since_ms: int | None = None

    def off(self, now_ms: int) -> Mapping[str, Attendance]:
        """Those who are not there at an instant."""
        if self._since_ms is None or now_ms < self._since_ms:
            self._off = {}
            self._changes = [(now_ms, person) for person in self._times]
            heapify(self._changes)
        self._since_ms = now_ms
        if self._changes and self._changes[0][0] <= now_ms:
            self._off = self._off.copy()
            while self._changes[0][0] <= now_ms:
                _, person = heappop(self._changes)
                self._look_at(person, now_ms)
        return self._off

    def _look_at(self, person: str, now_ms: int) -> None:
        found = self._times[person].at(now_ms)
        if found.absent is None:
            self._off.pop(person, None)
        else:
            self._off[person] = found
        until_ms = now_ms + HORIZON_MS if found.until_ms is None else found.until_ms
        heappush(self._changes, (until_ms, person))
