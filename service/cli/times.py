"""How a time is written on the command line: with its zone, or as a span from now where it is still to come."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from service.cli.exits import WrongUsage
from service.config.plans import span_ms

FROM_NOW: Final = re.compile(r"\+([1-9][0-9]{0,4}[dhms])")
"""A span as configurations write it, from now on."""


WRITTEN: Final = "2026-12-24T08:00+01:00"
WRITTEN_TO_COME: Final = f"{WRITTEN}, or from now on as +2h, +30m, +3d"


def written_time(option: str, text: str, written: str = WRITTEN) -> datetime:
    """The time in UTC. Raises `WrongUsage`, which says how it is `written`."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option} {text}: this is no time; it is written {written}") from None
    if time.tzinfo is None:
        raise WrongUsage(f"{option} {text}: the zone is missing; add Z for UTC, or an offset such as +01:00")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise WrongUsage(f"{option} {text}: this is too far away") from None


def time_to_come(option: str, text: str, *, may_be_from_now: bool = True) -> datetime:
    """The time in UTC, written as a time or as a span from now (`+2h`), which cannot name a time that was told before.

    Raises `WrongUsage` where it is over, too.
    """
    now = datetime.now(UTC)
    if may_be_from_now and (found := FROM_NOW.fullmatch(text)):
        return now + timedelta(milliseconds=span_ms(found[1]))
    time = written_time(option, text, WRITTEN_TO_COME if may_be_from_now else WRITTEN)
    if time <= now:
        raise WrongUsage(f"{option} {text}: this is over; say a time to come")
    return time
