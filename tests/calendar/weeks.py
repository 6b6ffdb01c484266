"""Zones whose clocks do what clocks do, and weeks of working time to try in them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Final

from service.core.calendar import DAY_MINUTES, WEEKDAYS, Block, WorkCalendar

ZONES: Final = (
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # puts its clocks forward at midnight: a day begins at 01:00
    "Africa/Cairo",
    "Asia/Beirut",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",  # for Ramadan
    "America/St_Johns",
    "Pacific/Chatham",
    "Asia/Kolkata",
)
"""Ten, nine of which change their clocks."""

OFFICE: Final = tuple(Block(day, start, end) for day in range(5) for start, end in ((540, 750), (810, 1_080)))
NIGHTS: Final = tuple(Block(day, 22 * 60, DAY_MINUTES + 6 * 60) for day in range(WEEKDAYS))
SMALL_HOURS: Final = tuple(
    Block(day, start, end) for day in range(WEEKDAYS) for start, end in ((0, 30), (75, 90), (125, 150), (165, 195))
)
"""Blocks that begin or end within the hours that are shown twice, or not at all."""
TO_THE_HOUR: Final = (Block(5, 22 * 60, DAY_MINUTES + 150), Block(6, 150, 600), Block(6, 1_410, DAY_MINUTES + 60))

WEEKS: Final = {"office": OFFICE, "nights": NIGHTS, "small hours": SMALL_HOURS, "to the hour": TO_THE_HOUR}


def any_week(rng: random.Random) -> tuple[Block, ...]:
    """Some blocks, which may touch and overlap, on quarters of an hour and between them."""
    blocks = []
    for _ in range(rng.randint(1, 12)):
        start = rng.randrange(0, DAY_MINUTES, rng.choice([1, 15, 60]))
        length = rng.choice([15, 60, 240, 480, DAY_MINUTES]) - rng.choice([0, 0, 1])
        blocks.append(Block(rng.randrange(WEEKDAYS), start, start + length))
    return tuple(blocks)


def any_calendar(rng: random.Random, zone: str, year: int) -> WorkCalendar:
    """Such a week, with some holidays."""
    days = {date(year, 1, 1) + timedelta(days=rng.randrange(365)) for _ in range(rng.randint(0, 15))}
    return WorkCalendar(zone, any_week(rng), frozenset(days))
