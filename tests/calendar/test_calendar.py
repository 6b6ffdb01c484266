"""When somebody works: the rule of D12, on the days on which it is hard, and what leave and holidays do to it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

import pytest

from service.core.calendar import (
    ALWAYS,
    HORIZON_WINDOWS,
    KEPT_WINDOWS,
    WINDOW_MS,
    Attendance,
    Block,
    Phase,
    Roster,
    WorkCalendar,
    WorkingTime,
    first_at,
    joined,
)
from service.version import ZONE_DATA
from service.wire.log_forms import Cursor
from service.wire.log_records import Batch, decode, encode
from tests.calendar.minutes import disagreements
from tests.calendar.weeks import OFFICE, WEEKS, ZONES, any_calendar

YEAR: Final = 2026
CHANGES: Final = {
    "Europe/Berlin": ((3, 29), (10, 25)),
    "America/New_York": ((3, 8), (11, 1)),
    "America/Santiago": ((4, 5), (9, 6)),
    "Africa/Cairo": ((4, 24), (10, 30)),
    "Asia/Beirut": ((3, 29), (10, 25)),
    "Australia/Lord_Howe": ((4, 5), (10, 4)),
    "Africa/Casablanca": ((2, 15), (3, 22)),
    "America/St_Johns": ((3, 8), (11, 1)),
    "Pacific/Chatham": ((4, 5), (9, 27)),
    "Asia/Kolkata": ((3, 29), (10, 25)),
}
"""By zone, two days around which its clocks are changed in that year; in one of them never."""


def at(text: str) -> int:
    """Milliseconds since 1970 of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("week", WEEKS)
def test_the_look_up_is_the_walk_around_the_days_on_which_clocks_are_changed(zone: str, week: str) -> None:
    """D12 a2 a3 Every minute of three days around each change; the whole year is `make calendar`."""
    calendar = WorkCalendar(zone, WEEKS[week])
    for month, day in CHANGES[zone]:
        middle = datetime(YEAR, month, day, tzinfo=UTC)
        assert disagreements(calendar, middle - timedelta(days=1), middle + timedelta(days=2)) == []


@pytest.mark.parametrize("seed", range(20))
def test_the_look_up_is_the_walk_for_any_week(seed: int) -> None:
    """D12 With holidays, overlaps and blocks over midnight, through two weeks from anywhere in the year."""
    rng = random.Random(seed)
    first = datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(350 * 1_440))
    calendar = any_calendar(rng, rng.choice(ZONES), YEAR)
    assert disagreements(calendar, first, first + timedelta(days=10)) == []


def test_a_time_that_does_not_exist_is_the_next_that_does() -> None:
    """D12 02:30 is 03:00 in the night in which clocks are put forward."""
    berlin = ZoneInfo("Europe/Berlin")
    assert first_at(datetime(2026, 3, 29, 2, 30), berlin) == at("2026-03-29T01:00")  # noqa: DTZ001 - a clock's time
    assert first_at(datetime(2026, 10, 25, 2, 30), berlin) == at("2026-10-25T00:30")  # noqa: DTZ001 - the first of two


def test_time_that_nobody_leaves_has_no_end_that_is_foreseen() -> None:
    """D12 a1 Days that are worked through touch, so a week of them is one stretch."""
    assert WorkCalendar("Europe/Berlin", ALWAYS).phase(at("2026-03-02T12:00")) == Phase(is_on=True, until_ms=None)


def test_a_calendar_keeps_few_windows() -> None:
    """However far is looked, and wherever it is asked."""
    calendar = WorkCalendar("UTC", (Block(0, 0, 1),))
    for window in range(0, 300, 7):
        calendar.phase(window * WINDOW_MS)
    assert len(calendar._windows) <= KEPT_WINDOWS


def test_who_is_never_there_has_no_next_shift() -> None:
    """A calendar whose days are all holidays is looked through as far as is foreseen, and no further."""
    days = frozenset(date(2026, 1, 1) + timedelta(days=count) for count in range(HORIZON_WINDOWS * 28 + 100))
    time = WorkingTime(WorkCalendar("UTC", OFFICE, days))
    assert time.at(at("2026-01-10T12:00")) == Attendance("off_shift", None, None)


def test_leave_stands_above_hours_and_ends_with_the_next_shift() -> None:
    """D12 Off shift before it, on leave in it, back at the next shift behind it."""
    leave = (at("2026-03-06T12:00"), at("2026-03-07T12:00"))  # from Friday noon to Saturday noon
    time = WorkingTime(WorkCalendar("UTC", OFFICE), (leave,))
    monday = at("2026-03-09T09:00")
    assert time.at(at("2026-03-06T11:59")) == Attendance(None, leave[0], at("2026-03-06T11:59"))
    assert time.at(leave[0]) == Attendance("leave", leave[1], monday)
    assert time.at(leave[1]) == Attendance("off_shift", monday, monday)


def test_two_leaves_that_touch_are_one() -> None:
    assert joined([(5, 9), (0, 5), (7, 8), (20, 20)]) == [(0, 9)]


@pytest.mark.parametrize("seed", range(30))
def test_a_roster_says_what_each_calendar_says(seed: int) -> None:
    """However the clock moves on, and also where it is asked about the past."""
    rng = random.Random(seed)
    start = at("2026-03-20T00:00")
    times = {
        f"p{number}": WorkingTime(
            any_calendar(rng, rng.choice(ZONES), YEAR),
            tuple(joined([(start + rng.randrange(10**9), start + rng.randrange(10**9)) for _ in range(3)])),
        )
        for number in range(12)
    }
    roster = Roster(times)
    now_ms, found = start, roster.off(start)
    for _ in range(60):
        now_ms += rng.choice([0, 1, 60_000, 3_600_000, 40_000_000, -500_000])
        expected = {person: time.at(now_ms).absent for person, time in times.items()}
        before = dict(found)
        latest = roster.off(now_ms)
        assert found == before, "what was said is not changed afterwards"
        found = latest
        assert {person: found[person].absent if person in found else None for person in times} == expected
        assert roster.off(now_ms) is found, "it is the same until something changes"


def test_zones_are_those_of_the_locked_package_and_each_batch_names_it() -> None:
    """D12 Nine o'clock is one moment on every machine."""
    batch = Batch(0, Cursor(), Cursor(), 0, {}, 1, (), {}, (), zones=ZONE_DATA)
    found = decode(encode(batch))
    assert TZPATH == ()
    assert isinstance(found, Batch)
    assert found.zones == version("tzdata")
