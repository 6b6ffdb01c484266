"""Odoo's words for dates in domains: what they mean at a given now, and what is refused."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.language.compiling import check
from service.language.odoo import domains
from service.language.odoo.dates import date_in
from service.language.tree import Calendar, ConditionError

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = Calendar("Europe/Berlin")


def at(text: str) -> int:
    """Milliseconds since 1970 of a local time in Berlin."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


NOW = at("2024-05-15T14:30:15")
"""A Wednesday."""


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2024-05-15", "2024-05-16"),
        ("now", "2024-05-15T14:30:15", "2024-05-15T14:30:15.001"),
        ("-7d", "2024-05-08T14:30:15", "2024-05-08T14:30:15.001"),
        ("+12H", "2024-05-16T02:30:15", "2024-05-16T02:30:15.001"),
        ("today -7d", "2024-05-08", "2024-05-09"),
        ("today +1w", "2024-05-22", "2024-05-23"),
        ("today -3m", "2024-02-15", "2024-02-16"),
        ("today +1y", "2025-05-15", "2025-05-16"),
        ("today =1d", "2024-05-01", "2024-05-02"),
        ("today =1d +1m -1d", "2024-05-31", "2024-06-01"),
        ("today =31d =2m", "2024-02-29", "2024-03-01"),
        ("=6m", "2024-06-15T00:00", "2024-06-15T00:00:00.001"),
        ("=3H", "2024-05-15T03:00", "2024-05-15T03:00:00.001"),
        ("=0M", "2024-05-15T14:00", "2024-05-15T14:00:00.001"),
        ("=monday", "2024-05-13T00:00", "2024-05-13T00:00:00.001"),
        ("today =monday", "2024-05-13", "2024-05-14"),
        ("today +monday", "2024-05-20", "2024-05-21"),
        ("today -friday", "2024-05-10", "2024-05-11"),
        ("today +wednesday", "2024-05-15", "2024-05-16"),
        ("today =week_start", "2024-05-13", "2024-05-14"),
        ("today +12H", "2024-05-15T12:00", "2024-05-15T12:00:00.001"),
        ("2024-05-01 10:00:00", "2024-05-01T10:00", "2024-05-01T10:00:00.001"),
    ],
)
def test_a_word_of_odoo_means_what_it_means_there(text: str, start: str, end: str) -> None:
    """S75: a day where it begins with today, else an instant; a week begins when the division says."""
    span = date_in(text, CALENDAR)
    assert span is not None
    assert span.bounds(NOW) == (at(start), at(end))


def test_the_beginning_of_the_week_is_the_divisions() -> None:
    """S75: Odoo takes it from the reader's language, which no event has."""
    span = date_in("today =week_start", Calendar("Europe/Berlin", 6))
    assert span is not None
    assert span.bounds(NOW)[0] == at("2024-05-12")


@pytest.mark.parametrize(
    "text", ["", "Acme", "today 7d", "today - 7d", "=1w", "=13m", "=0d", "-7x", "+d", "now now", "-", "2024-02-30"]
)
def test_other_texts_are_texts(text: str) -> None:
    """S75: what is no date word is compared as the text it is."""
    assert date_in(text, CALENDAR) is None


@pytest.mark.parametrize(
    "text", ["today - 7d", "yesterday", "last_7_days", "-7x", "2024-02-30", "now-2h", "LAST_N_DAYS:7"]
)
def test_what_should_be_a_date_is_refused_in_an_order(text: str) -> None:
    """S74: with what to write instead of a comparison that is quietly one of texts."""
    with pytest.raises(ConditionError, match="is no date in a domain") as refused:
        domains.parse(f"[('create_date', '>=', '{text}')]")
    assert refused.value.column == 24
    domains.parse(refused.value.example)
    domains.parse(f"[('name', '=', '{text}')]")


@pytest.mark.parametrize(
    ("domain", "matching", "other"),
    [
        ("[('d', '>=', 'today -7d')]", "2024-05-08", "2024-05-07"),
        ("[('d', '>=', '-7d')]", "2024-05-08 14:30:15", "2024-05-08 14:30:14"),
        ("[('d', '>=', '-7d')]", "2024-05-08", "2024-05-07"),
        ("[('d', '<', 'today')]", "2024-05-14 23:59:59", "2024-05-15 00:00:00"),
        ("[('d', '=', 'today')]", "2024-05-15", "2024-05-14"),
        ("[('d', 'in', ['today', 'today +1d'])]", "2024-05-16", "2024-05-17"),
        ("[('d', '!=', 'today')]", None, "2024-05-15"),
        ("[('l', 'any', [('d', '>', '=monday')])]", "2024-05-14", "2024-05-13"),
        ("[('d', '>=', '2024-05-01')]", "2024-04-30T22:00:00Z", "2024-04-30T21:59:59Z"),
        ("[('d', '<', '9999-12-31')]", "2024-05-01", "9999-12-31"),
        ("[('d', '=', '9999-12-31 23:59:59')]", "9999-12-31T22:59:59Z", "9999-12-31 23:59:58"),
    ],
)
def test_domains_with_dates_are_asked_as_of_now_in_the_divisions_zone(
    domain: str, matching: object, other: object
) -> None:
    """D12: one rule for all notations: what has no offset is of the division's zone."""
    ask = check(domains.parse(domain, CALENDAR))
    assert ask({"d": matching, "l": [{"d": matching}]}, NOW)
    assert not ask({"d": other, "l": [{"d": other}]}, NOW)


WORDS = st.sampled_from(
    ["today", "now", "=", "+", "-", "1", "31", "99999", "d", "w", "m", "y", "H", "M", "S", "monday", "week_start", " "]
)


@given(st.lists(WORDS, max_size=12).map("".join), st.sampled_from([0, NOW, 253_402_300_799_999, -62_135_596_800_000]))
def test_no_text_and_no_time_make_it_crash(text: str, now_ms: int) -> None:
    """S51: however far a word leads, it leads to some day."""
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        span = date_in(text, Calendar(zone, 6))
        assert span is None or span.bounds(now_ms)[0] < span.bounds(now_ms)[1]
