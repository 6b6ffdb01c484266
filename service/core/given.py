"""What is remembered of what was given, for limits of a time: the latest times, and how many in each period.

The times of a holder lie in a ring, one field a slot, so that a turn writes one small value however many there are. An
entry is never taken out before its time: what is closed, deleted or handed on was given nevertheless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Final

from service.core.limit_spec import PERIODS, SLOTS, Period
from service.core.remembered import Remembered

USUAL: Final = 1
"""What a record weighs where nothing says otherwise."""
ON_HOLD: Final = 0
"""What it weighs where it takes no place."""


class Slot(Remembered):
    """When something was given (milliseconds since 1970)."""

    at_ms: int


class Size(Remembered):
    """With what weight a record is counted that does not weigh 1 (see `sizing`)."""

    size: int


class Given(Remembered, kw_only=True):
    """What a holder of limits was given. Entries are counted from 0: `total` so far, of which the times from `first` on
    are kept. `days` is how many since the day began at `day_ms`; the same of weeks and months.
    """

    total: int = 0
    first: int = 0
    day_ms: int = 0
    days: int = 0
    week_ms: int = 0
    weeks: int = 0
    month_ms: int = 0
    months: int = 0

    def since(self, period: Period, began_ms: int) -> int:
        """How many were given in a period that began then. Who moves to the west is in the day that they have begun:
        a period that begins earlier than the one that was counted is no new one.
        """
        counted_ms, count = COUNTED[period](self)
        return count if counted_ms >= began_ms else 0

    def count(self, day_ms: int, week_ms: int, month_ms: int) -> None:
        """One more was given in the day, week and month that began then."""
        self.days, self.day_ms = self.since("day", day_ms) + 1, max(self.day_ms, day_ms)
        self.weeks, self.week_ms = self.since("week", week_ms) + 1, max(self.week_ms, week_ms)
        self.months, self.month_ms = self.since("month", month_ms) + 1, max(self.month_ms, month_ms)


COUNTED: Final[Mapping[Period, Callable[[Given], tuple[int, int]]]] = {
    period: attrgetter(f"{period}_ms", f"{period}s") for period in PERIODS
}
"""Since when a period is counted, and how many are."""

SLOT_MARK: Final = "#"
"""Stands between a holder and the number of a slot. No id has it."""


def slot_field(holder: str, entry: int) -> str:
    """Where the time of a holder's entry is kept."""
    return f"{holder}{SLOT_MARK}{entry % SLOTS}"


def holder_of(field: str) -> str:
    """Whose slot it is."""
    return field.rpartition(SLOT_MARK)[0]
