"""`make calendar`: ten zones, a whole year each, every minute: the look-up equals the walk (D12).

Fixed weeks in every zone, and as many random ones as there is time for: `python -m tests.calendar SECONDS SEED`.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, datetime

from service.core.calendar import WorkCalendar
from tests.calendar.minutes import disagreements
from tests.calendar.weeks import WEEKS, ZONES, any_calendar

YEAR = 2026


def main(seconds: float, seed: int) -> int:
    """Walk, and say where the two disagree; the number of calendars that do."""
    first, last = datetime(YEAR, 1, 1, tzinfo=UTC), datetime(YEAR + 1, 1, 1, tzinfo=UTC)
    rng, until = random.Random(seed), time.monotonic() + seconds
    wrong = tried = 0
    fixed = [WorkCalendar(zone, blocks) for zone in ZONES for blocks in WEEKS.values()]
    while fixed or time.monotonic() < until:
        calendar = fixed.pop(0) if fixed else any_calendar(rng, rng.choice(ZONES), YEAR)
        found = disagreements(calendar, first, last)
        tried += 1
        wrong += bool(found)
        for line in found:
            print(f"{line}\n  {calendar}")
    print(f"{tried} calendars, a year each, seed {seed}: {wrong} disagree")
    return wrong


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "60", "1"][: max(2, len(sys.argv) - 1)]
    sys.exit(main(float(arguments[0]), int(arguments[1])) > 0)
