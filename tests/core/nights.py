"""Divisions whose people have quiet hours, and what they were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from service.core.calendar import Block, WorkCalendar
from service.core.case import Verdict
from service.core.configuration import User
from service.core.held import HeldBack
from service.core.model import Nothing, Notification, NotificationKind
from service.core.pool_spec import PoolSpec
from service.core.wishes import Wishes
from tests.core.build import MINUTE_MS, START_MS, Division

DAY: Final = 1_440
START: Final = START_MS % (DAY * MINUTE_MS) // MINUTE_MS
"""The minute of the day at which tests begin, UTC."""


def quiet(start: int, end: int) -> WorkCalendar:
    """Quiet hours from and until so many minutes after tests begin, each day."""
    first = (START + start) % DAY
    return WorkCalendar("UTC", tuple(Block(weekday, first, first + end - start) for weekday in range(7)))


def person(name: str, **wishes: Any) -> User:
    return User(name, wishes=Wishes(**wishes))


def told(division: Division) -> list[Notification]:
    return [each for decision in division.decisions for each in decision.notifications]


def kinds(division: Division) -> list[tuple[str, NotificationKind]]:
    return [(each.person, each.kind) for each in told(division)]


def kept(division: Division) -> list[str]:
    """What is remembered of news that are told later, and all timers."""
    state = division.state
    return [
        *map("held {}".format, state.held),
        *map("hush {}".format, state.hushes),
        *map("digest {}".format, state.digests),
        *state.timers,
    ]


def reasons(division: Division) -> list[str]:
    return [each.outcome.reason for each in division.decisions if isinstance(each.outcome, Nothing)]


def records(count: int, first: int = 1) -> list[str]:
    return [f"lead/{number}" for number in range(first, first + count)]


class Timed(Division):
    """A division that notes when it told what: the minutes since it began, with the record, in order; and how often it
    is kept for somebody that they lost a record which they have again.
    """

    def __init__(self, *pools: PoolSpec, users: Sequence[User]) -> None:
        self.told: list[tuple[float, str]] = []
        self.returned = Counter[str]()
        super().__init__(*pools, users=users)

    def _take(self, verdict: Verdict) -> None:
        at = (self.now_ms - START_MS) / MINUTE_MS
        self.told += [(at, each.record) for each in verdict.decisions if each.notifications]
        super()._take(verdict)
        for name, held in verdict.changes.get("held", {}).items():
            who = name.rpartition("/")[0]
            if isinstance(held, HeldBack) and (held.kind, self.record(held.record).owner) == ("reassigned", who):
                self.returned[who] += 1
