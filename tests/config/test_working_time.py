"""People's time in documents: what is refused with its place, what is warned of, and what it comes to."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config import Document
from schemas.config_time import by_day
from service.config import holidays
from service.config.compiler import from_wire, to_wire
from service.config.loader import compile_inline, load
from service.config.problems import ConfigurationError
from service.core.calendar import ALWAYS, Block
from tests.config.files import write
from tests.config.linting import warned


def user(**said: Any) -> Any:
    """Somebody with these keys, compiled."""
    return compile_inline({"users": {"ann": said}}, "test").users["ann"]


def problems(text: str, tmp_path: Path) -> list[str]:
    write(tmp_path, {"config": text})
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    return [f"{each.line}: {each.message}" for each in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("hours: {}", "these hours are empty"),
        ("hours: {mon: []}", "these hours are empty"),
        ("hours: {mon: '9-17'}", "working time is written from-to"),
        ("hours: {mon: '09:00-25:00'}", "a day has the times 00:00 to 24:00"),
        ("hours: {mon: '24:00-03:00'}", "a day has the times 00:00 to 24:00"),
        ("hours: {mon: '09:00-09:00'}", "this begins and ends at one time"),
        ("hours: {someday: '09:00-17:00'}", "hours are by day"),
        ("hours: {mon-fri: '09:00-17:00', fri: '09:00-13:00'}", "the hours of fri are said twice"),
        ("zone: Middle/Earth", "this is no time zone"),
        ("holidays: 2026-02-30", "there is no such day"),
        ("holidays: Mordor", '"Mordor" is not declared under "holidays"'),
        ("calendar: none", '"none" is not declared under "calendars"'),
        ("leave: [{from: 2026-08-14, until: 2026-08-01}]", "this leave ends before it begins"),
        ("leave: [{from: soon, until: 2026-08-01}]", "a day such as 2026-08-01, or a moment"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(written: str, said: str, tmp_path: Path) -> None:
    """a5 D12 Empty hours are a mistake, and nobody guesses what was meant."""
    (found,) = problems(f"users:\n  ann:\n    {written}\n", tmp_path)
    assert said in found
    assert found.startswith("3: ")


@pytest.mark.parametrize(
    ("hours", "blocks"),
    [
        ({"mon": "09:00-17:00"}, [(0, 540, 1_020)]),
        ({"Sat, sunday": ["22:00 - 06:00"]}, [(5, 1_320, 1_800), (6, 1_320, 1_800)]),
        ({"fri-mon": "00:00-24:00"}, [(day, 0, 1_440) for day in (0, 4, 5, 6)]),
        ({"tue": ["13:30-18:00", "09:00-12:30"]}, [(1, 540, 750), (1, 810, 1_080)]),
    ],
)
def test_hours_are_read_in_short_forms(hours: object, blocks: list[tuple[int, ...]]) -> None:
    assert user(hours=hours).time.calendar.blocks == tuple(Block(*each) for each in blocks)


@given(st.lists(st.sampled_from(["mon", "fr", "Sundy", "never", "-", ",", " ", ""]), max_size=6).map("".join))
def test_days_that_are_suggested_can_be_read(written: str) -> None:
    try:
        by_day({written: "09:00-17:00"})
    except ValueError as error:
        _, _, meant = str(error).partition('did you mean "')
        assert not meant or by_day({meant.rstrip('"?'): "09:00-17:00"})


def test_who_says_nothing_of_their_time_works_always() -> None:
    """a5 A zone alone is no working time."""
    assert user().time is None
    assert user(zone="Europe/Berlin").time is None


def test_equal_calendars_are_one() -> None:
    """However many people have them, and wherever they were written."""
    hours = {"mon-fri": "09:00-17:00"}
    config = compile_inline(
        {
            "calendars": {"office": {"hours": hours, "zone": "Europe/Berlin"}},
            "users": {
                "ann": {"calendar": "office"},
                "bob": {"hours": {"mon,tue,wed,thu,fri": "09:00-17:00"}, "zone": "Europe/Berlin"},
                "cat": {"calendar": "office", "zone": "Asia/Tokyo"},
            },
        },
        "test",
    )
    ann, bob, cat = (config.users[name].time for name in ("ann", "bob", "cat"))
    assert ann is not None
    assert bob is not None
    assert cat is not None
    assert ann.calendar is bob.calendar
    assert cat.calendar != ann.calendar
    assert [config.zone_of(name) for name in ("ann", "cat", "zoe")] == ["Europe/Berlin", "Asia/Tokyo", "UTC"]


def test_a_persons_own_keys_stand_above_their_calendar() -> None:
    """Also where they say that there are none."""
    config = compile_inline(
        {
            "settings": {"zone": "Asia/Tokyo"},
            "calendars": {"office": {"hours": {"mon": "09:00-17:00"}, "holidays": ["2026-01-05", "2026-01-12"]}},
            "users": {
                "ann": {"calendar": "office", "holidays": []},
                "bob": {"calendar": "office", "works_on": "2026-01-12"},
            },
        },
        "test",
    )
    ann, bob = (config.users[name].time for name in ("ann", "bob"))
    assert ann is not None
    assert bob is not None
    assert ann.calendar is not None
    assert bob.calendar is not None
    assert (ann.calendar.zone, ann.calendar.holidays) == ("Asia/Tokyo", frozenset())
    assert bob.calendar.holidays == {date(2026, 1, 5)}


def test_what_is_published_says_the_same() -> None:
    """Hours, leave and levels of skills come back from the bytes as they went into them."""
    document = Document.model_validate(
        {
            "users": {
                "ann": {
                    "hours": {"mon-fri": ["09:00-12:30", "13:30-18:00"]},
                    "leave": [{"from": "2026-08-01", "until": "2026-08-14T12:00"}],
                    "holidays": "2026-12-24",
                    "skills": {"german": 3, "erp": 1},
                },
                "bob": {"skills": ["german", "erp"]},
            }
        }
    )
    wire = to_wire(document)
    assert to_wire(Document.model_validate_json(wire)) == wire
    assert b'"skills":["erp","german"]' in wire, "without levels they are written as before there were any"
    config = from_wire(wire, 1)
    assert config.users["ann"].time is not None
    assert config.users["ann"].traits == {("skill", "german"): 3, ("skill", "erp"): 1}


@pytest.fixture
def a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of holidays that knows one region, and one that knows it only by its observances."""
    package = ModuleType(holidays.PACKAGE)

    def country_holidays(country: str, *, subdiv: str | None, years: range, categories: str) -> list[date]:
        if (country, subdiv) != ("DE", "BE") or categories != "public":
            raise NotImplementedError
        return [date(year, 3, 8) for year in years]

    package.country_holidays = country_holidays  # type: ignore[attr-defined]  # a module made here
    package.PUBLIC = "public"  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, holidays.PACKAGE, package)
    monkeypatch.setattr(holidays, "find_spec", lambda name: object())
    holidays.public_holidays.cache_clear()


@pytest.mark.usefixtures("a_package")
def test_public_holidays_become_days_when_files_are_loaded(tmp_path: Path) -> None:
    """a4 What is published holds the days, and a lane asks no package."""
    write(tmp_path, {"config": "users: {ann: {holidays: DE-BE}, bob: {holidays: [DE-BE, 2026-12-24]}}\n"})
    document = load(tmp_path).documents["main"]
    assert document.holidays["DE-BE"][:2] == ("2025-03-08", "2026-03-08")

    holidays.public_holidays.cache_clear()
    sys.modules[holidays.PACKAGE].country_holidays = None  # type: ignore[attr-defined]  # a module made here
    time = from_wire(to_wire(document), 1).users["bob"].time
    assert time is not None
    assert time.calendar is not None
    assert {date(2026, 3, 8), date(2026, 12, 24)} <= time.calendar.holidays
    assert time.calendar.blocks == ALWAYS
    holidays.public_holidays.cache_clear()


def test_the_package_knows_the_holidays_of_a_region_and_no_observances() -> None:
    """a4 6 January is one in Bavaria and none in Berlin; 11 November, a mere custom, is one in neither."""
    pytest.importorskip(holidays.PACKAGE)
    holidays.public_holidays.cache_clear()
    bavaria, berlin = (set(holidays.public_holidays(region)) for region in ("DE-BY", "DE-BE"))
    assert "2026-01-06" in bavaria - berlin
    assert "2026-11-11" not in bavaria | berlin
    assert holidays.public_holidays("XX-YY") == ()


@pytest.mark.usefixtures("a_package")
def test_a_list_of_ones_own_stands_above_a_region(tmp_path: Path) -> None:
    write(tmp_path, {"config": "users: {ann: {holidays: DE-BE}}\nholidays: {DE-BE: [2026-12-24]}\n"})
    assert load(tmp_path).documents["main"].holidays == {"DE-BE": ("2026-12-24",)}
    holidays.public_holidays.cache_clear()


def test_without_the_package_a_region_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holidays, "find_spec", lambda name: None)
    holidays.public_holidays.cache_clear()
    (found,) = problems("users: {ann: {holidays: DE-BE}}\n", tmp_path)
    assert 'install the extra "holidays"' in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("users: {cat: {hours: {mon: '00:00-23:59'}}}", "23:59 leaves out the last minute of the day"),
        ("users: {cat: {hours: {mon: '22:00-06:00', tue: '05:00-09:00'}}}", "this overlaps the block before it"),
        ("users: {cat: {hours: {sun: '22:00-06:00', mon: '05:00-09:00'}}}", "this overlaps the block before it"),
        ("users: {cat: {hours: {mon-tue: '00:00-24:00'}}}", ""),
        ("users: {cat: {leave: [{from: 2026-08-10T12:00, until: 2026-08-10}]}}", ""),
        ("users: {cat: {leave: [{from: 2026-08-10T12:00, until: 2026-08-10T12:00}]}}", "ends when it begins"),
        ("users: {cat: {holidays: 2026-01-01, works_on: 2026-01-02}}", "2026-01-02 is no holiday there"),
        ("calendars: {office: {hours: {mon: '09:00-17:00'}}}", "nobody has this calendar"),
        (
            (
                "users: {cat: {leave: [{from: 2020-01-01, until: 2099-01-01}]}}\n"
                "pools: {cats: {record_type: deal, members: [cat]}}"
            ),
            "nobody in this pool is there in the year to come",
        ),
        (
            (
                "users: {cat: {skills: {german: 1}}}\n"
                "pools: {cats: {record_type: deal, members: [cat], requires: {skill: german, level: 2}}}"
            ),
            'nobody who could get it has the skill "german" at level 2',
        ),
        (
            "rule_sets: {deals: {record_type: deal, entries: [{target: {user: ann}, requires: {skill: x}}]}}",
            "only members of a pool are asked for skills",
        ),
    ],
)
def test_what_is_hardly_meant_is_warned_of(text: str, said: str) -> None:
    """a1 D12 S39"""
    found = [each for each in warned(text + "\n") if "below level" not in each]
    assert [said in each for each in found] == ([True] if said else [])
