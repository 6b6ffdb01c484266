"""Dates, times and relative dates: what they mean at a given now, in a given zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language.moments import instant_in, span_in
from service.language.tree import Calendar
from tests.language.trees import NOW_MS, fits, line

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """Milliseconds since 1970 of a local time in Berlin, or of one with an offset."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)).timestamp() * 1000)


NOW = at("2024-05-15T14:30")
"""A Wednesday."""


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2024-05-15", "2024-05-16"),
        ("Yesterday", "2024-05-14", "2024-05-15"),
        ("tomorrow", "2024-05-16", "2024-05-17"),
        ("today + 7d", "2024-05-22", "2024-05-23"),
        ("today - 2w", "2024-05-01", "2024-05-02"),
        ("this_week", "2024-05-13", "2024-05-20"),
        ("last_week", "2024-05-06", "2024-05-13"),
        ("next_month", "2024-06-01", "2024-07-01"),
        ("this_quarter", "2024-04-01", "2024-07-01"),
        ("last_quarter", "2024-01-01", "2024-04-01"),
        ("last_year", "2023-01-01", "2024-01-01"),
        ("last_7_days", "2024-05-08", "2024-05-15T14:30:00.001"),
        ("next_7_days", "2024-05-16", "2024-05-23"),
        ("last_3_months", "2024-02-01", "2024-05-01"),
        ("next_2_weeks", "2024-05-20", "2024-06-03"),
        ("3_days_ago", "2024-05-12", "2024-05-13"),
        ("LAST_N_DAYS:30", "2024-04-15", "2024-05-15T14:30:00.001"),
        ("N_MONTHS_AGO:5", "2023-12-01", "2024-01-01"),
        ("now", "2024-05-15T14:30", "2024-05-15T14:30:00.001"),
        ("now - 2h", "2024-05-15T12:30", "2024-05-15T12:30:00.001"),
        ("now+90m", "2024-05-15T16:00", "2024-05-15T16:00:00.001"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2024-05-15T12:00", "2024-05-15T12:00", "2024-05-15T12:00:00.001"),
        ("2024-05-15 12:00:30+00:00", "2024-05-15T14:00:30", "2024-05-15T14:00:30.001"),
    ],
)
def test_a_relative_date_is_a_half_open_span(text: str, start: str, end: str) -> None:
    """S42 D12: the days of the zone, weeks from Monday, whole months; now is handed in."""
    span = span_in(text, Calendar("Europe/Berlin"))
    assert span is not None
    assert span.bounds(NOW) == (at(start), at(end))


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-05-15", 24)])
def test_a_day_is_as_long_as_the_clock_makes_it(day: str, hours: int) -> None:
    """D12: correct on both days on which the clock is changed, written down or relative."""
    fixed, today = span_in(day, Calendar("Europe/Berlin")), span_in("today", Calendar("Europe/Berlin"))
    assert fixed is not None
    assert today is not None
    assert fixed.bounds(0) == today.bounds(at(f"{day}T20:00"))
    assert fixed.bounds(0)[1] - fixed.bounds(0)[0] == hours * 3_600_000


@pytest.mark.parametrize(
    "text",
    ["", "tod", "2024-02-30", "2024-13-01", "2024-5-1", "20240501", "last_days", "last_1000_days", "now - h", "0"],
)
def test_what_is_no_date_is_none(text: str) -> None:
    """S42: it is text, or nothing at all, and some reader says so."""
    assert span_in(text) is None


@pytest.mark.parametrize(
    ("comparison", "day_before", "midnight", "last_ms", "next_midnight"),
    [
        ("==", False, True, True, False),
        ("!=", True, False, False, True),
        ("<", True, False, False, False),
        ("<=", True, True, True, False),
        (">", False, False, False, True),
        (">=", False, True, True, True),
    ],
)
def test_operators_agree_about_the_edges_of_a_day(
    comparison: str, day_before: bool, midnight: bool, last_ms: bool, next_midnight: bool
) -> None:
    """S65 D12: from included, to excluded, so a value on the boundary belongs to one side exactly."""
    condition = line(f"closed {comparison} 2024-05-15", "Europe/Berlin")
    found = ["2024-05-14", "2024-05-15", "2024-05-15T23:59:59.999+02:00", "2024-05-15T22:00:00Z"]
    answers = [fits(condition, {"closed": fact}) for fact in found]
    assert answers == [day_before, midnight, last_ms, next_midnight]


@pytest.mark.parametrize("fact", ["soon", 1_700_000_000, True, ["2024-05-15"], {"at": 1}, "2024-05-32"])
def test_a_field_that_is_no_date_is_matched_by_nothing(fact: object) -> None:
    """S51 D9: not even by a negative operator; an unset field is, by the negative one."""
    for comparison in ("==", "!=", "<", ">=", "in", "not in"):
        condition = line(f"closed {comparison} today")
        assert not fits(condition, {"closed": fact})
        assert fits(condition, {}) is (comparison in ("!=", "not in"))


def test_the_answer_moves_with_now() -> None:
    """S32: the time of the decision is an input like any other, so a replay gives the same answer."""
    condition = line("created > now - 2h")
    fact = {"created": "2023-11-14T21:00:00Z"}
    assert fits(condition, fact, NOW_MS)
    assert not fits(condition, fact, NOW_MS + 3_600_000)


@given(st.text(alphabet="0123456789-T:Z+. "))
def test_no_text_makes_it_crash(text: str) -> None:
    """S51: a field may hold anything that looks like a date."""
    assert isinstance(instant_in(text, BERLIN), int | None)
    span = span_in(text, Calendar("Europe/Berlin"))
    assert span is None or span.bounds(NOW)[0] < span.bounds(NOW)[1]
