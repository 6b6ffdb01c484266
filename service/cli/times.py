"""How a time is written on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from service.cli.exits import WrongUsage


def written_time(option: str, text: str) -> datetime:
    """The time in UTC. Raises `WrongUsage`, which says how it is written."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option} {text}: this is no time; it is written 2026-12-24T08:00+01:00") from None
    if time.tzinfo is None:
        raise WrongUsage(f"{option} {text}: the zone is missing; add Z for UTC, or an offset such as +01:00")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise WrongUsage(f"{option} {text}: this is too far away") from None
