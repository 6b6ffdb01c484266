"""A time to come is a time with its zone or a span from now, wherever the command line takes one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import pytest
import typer

from service.cli import COMMANDS, application
from service.cli.exits import WrongUsage
from service.cli.times import time_to_come, written_time

UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
Asks = Literal["to come", "told before", "over"]
TIMES: Final[Mapping[tuple[str, str], Asks]] = {
    **{
        (f"members {word}", option): "to come"
        for word in ("away", "off-shift", "leave")
        for option in ("from", "until")
    },
    ("members back", "from"): "told before",
    ("members leave-ended", "from"): "told before",
    ("reconcile", "as-of"): "over",
}
"""Every option that takes a time, and what time it asks for."""


def that_take_times(command: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Command, option and help of all that say so."""
    for name, each in getattr(command, "commands", {}).items():
        yield from that_take_times(each, f"{path} {name}")
    for each in command.params:
        if each.metavar == "TIME":
            yield path, each.opts[0].removeprefix("--"), each.help


def test_every_option_that_takes_a_time_says_how_it_is_written() -> None:
    """One that takes a time to come takes a span, and says so."""
    found = {}
    for name in COMMANDS:
        command: Any = typer.main.get_command(application(name))
        for path, option, told in that_take_times(command.commands[name], name):
            found[path, option] = told
    assert found.keys() == TIMES.keys()
    assert {each for each, told in found.items() if "from now (+2h)" in told} == {
        each for each, asks in TIMES.items() if asks == "to come"
    }


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("number", [1, 24, 99_999])
def test_a_span_counts_from_now(number: int, unit: str) -> None:
    span = timedelta(**{UNITS[unit]: number})
    earliest = datetime.now(UTC) + span
    assert earliest <= time_to_come("--until", f"+{number}{unit}") <= datetime.now(UTC) + span


@pytest.mark.parametrize("hours", [-14, -1, 0, 2, 14])
def test_a_written_time_is_that_time(hours: int) -> None:
    """Whatever its zone."""
    written = datetime(8_999, 12, 31, 23, 59, 59, 999_999, UTC)
    text = f"{written.isoformat().removesuffix('+00:00')}{hours:+03}:00"
    assert time_to_come("--until", text) == written - timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["+", "2h", "+0h", "+2", "+2 h", "+h", "-2h", "+2h30m", "+100000d", "++2h", "+2y", "+٢h"]
)
def test_what_is_no_span_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(WrongUsage, match=r"this is no time; it is written .* or from now on as \+2h"):
        time_to_come("--until", text)


def test_a_span_is_none_of_what_was_told_before_and_none_of_what_is_over() -> None:
    """It would name another moment each time it is written."""
    with pytest.raises(WrongUsage, match=r"it is written 2026-12-24T08:00\+01:00$"):
        time_to_come("--from", "+2h", may_be_from_now=False)
    with pytest.raises(WrongUsage, match=r"it is written 2026-12-24T08:00\+01:00$"):
        written_time("--as-of", "+2h")
