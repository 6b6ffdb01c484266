"""The first and the last days that can be written, wherever a time may stand: each is taken, or refused in words.

What is taken is used too: nobody notices a date in a file before a lane asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.envelope import LAST_TIME
from service.config.loader import compile_inline
from service.config.problems import ConfigurationError
from service.core.configuration import User
from service.language.moments import milliseconds
from service.rehearsal.scenarios.playing import play
from service.rehearsal.scenarios.reading import read_directory

ZONES = ("Pacific/Kiritimati", "Europe/Berlin", "Etc/GMT+12")
DAYS = ("0001-01-01", "1969-12-31", "1970-01-01", "9998-12-31", "9999-12-31")
MOMENTS = ("0001-01-01T00:00+14:00", "1970-01-01T00:00", "9999-12-31T23:59:59.999999", "9999-12-31T23:59-12:00")
HOURS = {"mon-sun": "22:00-06:00"}
EVENT_TIMES = ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00")
STATES = ("away", "off_shift", "leave")
POOLS = {"p": {"record_type": "lead", "members": ["ann"], "accept_within": "1h", "longest_wait": "1d"}}
TWO_LEADS = [{"record": f"lead/{number}", "expect": {"owner": "nobody who is"}} for number in (2, 3)]
"""The expectation does not hold, so that all is explained."""


def whole_days(day: str) -> Iterator[dict[str, Any]]:
    """Configurations with a day wherever one may stand."""
    for keys in ({}, {"hours": HOURS}):
        yield {"users": {"ann": {**keys, "holidays": [day], "works_on": [day]}}}
        yield {"users": {"ann": {**keys, "holidays": "x"}}, "holidays": {"x": [day]}}
        yield {"users": {"ann": {"calendar": "c"}}, "calendars": {"c": {**keys, "holidays": day, "works_on": [day]}}}


def leaves(moment: str) -> Iterator[dict[str, Any]]:
    """Configurations with a moment wherever one may stand."""
    for keys in ({}, {"hours": HOURS}):
        for span in ((moment, "9999-12-31"), ("0001-01-01", moment), (moment, moment)):
            leave = [dict(zip(("from", "until"), span, strict=True))]
            yield {"users": {"ann": {**keys, "leave": leave}, "bob": {}}}


def conditions(day: str) -> Iterator[dict[str, Any]]:
    """Configurations with a moment in each notation of conditions."""
    for condition in (
        {"criteria": [f"at > {day}"]},
        {"when": f"at <= {day}"},
        {"domain": [["at", "=", day]]},
    ):
        entry = {"target": {"user": "ann"}, "when": condition.get("when"), "criteria": condition.get("criteria")}
        entry |= {"domain": condition.get("domain")}
        entries = [{key: value for key, value in entry.items() if value is not None}]
        yield {"users": {"ann": {}}, "rule_sets": {"r": {"record_type": "lead", "active": True, "entries": entries}}}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("made", "written"), [(whole_days, DAYS), (leaves, (*DAYS, *MOMENTS)), (conditions, (*DAYS, *MOMENTS))]
)
def test_a_day_in_a_configuration_is_taken_or_refused_in_words(
    made: Callable[[str], Iterator[dict[str, Any]]], written: tuple[str, ...], zone: str
) -> None:
    """D12 And whoever is on leave until the last day can be asked about, now and then."""
    for content in (each for day in written for each in made(day)):
        document = {"settings": {"zone": zone}, **content}
        for user in _users(document):
            for now_ms in (0, 1_772_000_000_000, milliseconds(LAST_TIME)):
                if user.time is not None:
                    user.time.at(now_ms)


def _users(document: dict[str, Any]) -> list[User]:
    """Of the configuration; none where it is refused."""
    try:
        return list(compile_inline(document, "test").users.values())
    except ConfigurationError as refused:
        found = refused.problems
    assert found
    assert all(problem.message for problem in found)
    return []


def test_leave_for_good_has_no_return() -> None:
    """D12 Whoever writes 9999-12-31 means for ever: no shift that begins then is waited for."""
    leave = [{"from": "2026-01-01", "until": "9999-12-31"}]
    for hours in ({}, {"hours": HOURS}):
        time = compile_inline({"users": {"ann": {**hours, "leave": leave}}}, "test").users["ann"].time
        assert time is not None
        found = time.at(1_772_000_000_000)
        assert (found.absent, found.back_ms) == ("leave", None)


@pytest.mark.parametrize("zone", ZONES)
async def test_a_time_in_a_story_is_taken_or_refused_in_words(zone: str, tmp_path: Path) -> None:
    """D28 What an event tells of the last day there is can be decided on, and told in the zone of who it is about."""
    hours = {"hours": HOURS, "limits": [{"at_most": 1, "per": period} for period in ("day", "week", "month", "1h")]}
    for number, moment in enumerate(EVENT_TIMES):
        stories: list[dict[str, Any]] = [
            {"start": moment, "steps": TWO_LEADS},
            {"steps": [{"record": "lead/1", "at": moment, "fields": {"at": moment}}, *TWO_LEADS]},
            *({"steps": [{"member": {"ann": {"state": state, "until": moment}}}, *TWO_LEADS]} for state in STATES),
            {"steps": [{"member": {"ann": {"state": "leave", "begins": moment}}}, {"time": moment}, *TWO_LEADS]},
        ]
        for place, story in enumerate(stories):
            users = {"ann": hours if place % 2 else {}}
            config = {"settings": {"zone": zone}, "users": users, "pools": POOLS, "defaults": {"lead": {"pool": "p"}}}
            await _play({"name": f"{number}/{place}", "config": config, **story}, tmp_path)


async def _play(content: dict[str, Any], directory: Path) -> None:
    (directory / "scenarios").mkdir(exist_ok=True)
    (directory / "scenarios" / "edge.yaml").write_text(json.dumps(content), encoding="utf-8")
    found = read_directory(directory)
    assert all(problem.message and problem.line for problem in found.problems)
    for script in found.scripts:
        report = await play(script)
        assert report.failures
        assert "nothing was decided" not in str(report), report
