"""How people read a moment: the day of the week and the time on their own clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from service.language.moments import local, milliseconds

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def clock_time(moment: datetime, zone: str, days: Sequence[str] = DAYS) -> str:
    """Such as `Mon 2026-03-02 08:00 Europe/Berlin`, whatever the language of the machine; `days` are its words."""
    there = local(milliseconds(moment), ZoneInfo(zone))
    return f"{days[there.weekday()]} {there:%Y-%m-%d %H:%M} {zone}"
