"""What the checkers of giving talk about: limits and agreements as configured, and decisions as published.

Nothing of the core is asked here: each of these is read anew from what stands in a configuration or a topic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from tests.log_reader import Line, Output, header

UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
WEEK_MINUTES: Final = 7 * 24 * 60
Place = tuple[str, str, str]
"""Where something that was given counts: a pool, a person and a type of record, empty where any is meant."""


class Bound(NamedTuple):
    """A limit as configured. `of` is `member` (`person` in `pool`), `person` (of `types` of record) or `pool`; `per` is
    `open`, `day`, `week`, `month`, or a window such as `90s`; `zone` is where its days are.
    """

    of: str
    pool: str
    person: str
    per: str
    at_most: int
    types: tuple[str, ...] = ()
    zone: str = "UTC"

    @property
    def holder(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What is counted together."""
        return self.of, self.pool, self.person, self.types

    @property
    def places(self) -> tuple[Place, ...]:
        """Where all is counted that it is of."""
        match self.of:
            case "pool":
                return ((self.pool, "", ""),)
            case "member":
                return ((self.pool, self.person, ""),)
            case _:
                return tuple(("", self.person, record_type) for record_type in self.types)

    @property
    def is_window(self) -> bool:
        """Whether it moves with now."""
        return self.per[:-1].isdigit()

    def since_ms(self, now_ms: int) -> int:
        """Of what was given after this it is (milliseconds)."""
        if self.is_window:
            return now_ms - int(self.per[:-1]) * UNITS_MS[self.per[-1]]
        day = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(self.zone)).date()
        first = {"week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}.get(self.per, day)
        return round(datetime.combine(first, time(), ZoneInfo(self.zone)).timestamp() * 1000) - 1


class Accept(NamedTuple):
    """A pool's people are to accept within so long; else it is handed on so often at most."""

    within_ms: int
    hand_on: int
    ask_again: bool = False


class Quiet(NamedTuple):
    """Quiet hours: blocks of a week in a zone, each from one minute to another, counted from its Monday."""

    zone: str
    blocks: tuple[tuple[int, int], ...]

    def is_at(self, ms: int) -> bool:
        """Whether it is quiet at this moment."""
        there = datetime.fromtimestamp(ms / 1000, ZoneInfo(self.zone))
        minute = (there.weekday() * 24 + there.hour) * 60 + there.minute
        return any(start <= at < end for start, end in self.blocks for at in (minute, minute + WEEK_MINUTES))


class Hearer(NamedTuple):
    """The kinds of news that somebody wants to hear of, when they have quiet, and how many of one kind they want one by
    one before a summary; none: all.
    """

    kinds: frozenset[str]
    quiet: Quiet | None = None
    alone: int | None = None


class Terms(NamedTuple):
    """What one version of a division's configuration says: all limits, and by pool how its people accept and after
    what time it escalates (milliseconds). `is_mixed`: some who decide by it are of a build that does not tell how much
    of a pool's own limits was used.
    """

    bounds: tuple[Bound, ...] = ()
    accept: Mapping[str, Accept] = {}
    escalates: Mapping[str, int] = {}
    is_mixed: bool = False
    hearers: Mapping[str, Hearer] = {}
    caps: Mapping[str, tuple[int, int]] = {}


Known = Mapping[tuple[str, int], Terms]
"""By division and version."""


def said_of(output: Output | None) -> dict[str, Any] | None:
    """A decision: its data, with its kind, division and time (`ms`)."""
    kind = "" if output is None else header(output, "ce_type")
    if output is None or not kind.startswith("assignment."):
        return None
    ms = milliseconds(header(output, "ce_time"))
    told = {"division": header(output, "ce_division"), "ms": ms, "kind": kind.split(".")[1]}
    said: dict[str, Any] = {**json.loads(output.value), **told}
    return said


def milliseconds(told: str) -> int:
    return round((datetime.fromisoformat(told) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def id_of(line: Line) -> str:
    return "" if line.output is None else header(line.output, "ce_id")
