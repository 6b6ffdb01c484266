"""What the checkers of giving talk about: limits and agreements as configured, and decisions as published.

Nothing of the core is asked here: each of these is read anew from what stands in a configuration or a topic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from tests.log_outputs import Output
from tests.log_reader import Line, header

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


class Circle(NamedTuple):
    """A pool: the type of record it serves, its members, and what helps it out (`pool:late`, `user:fay`; empty: nothing
    does). `counts_own`: its limits look only at what it gave itself. `choosy` are the members who may never want a
    record, by a condition or skills that are asked for.
    """

    record_type: str
    members: tuple[str, ...]
    helped_by: str = ""
    counts_own: bool = False
    choosy: frozenset[str] = frozenset()


class Stage(NamedTuple):
    """A step of a target (`pool:sales`, `user:fay`, `user:{keeper}`) and how long until the next is asked, too.
    `skips_absent`: at once, where nobody of it is there in all that time.
    """

    target: str
    wait_ms: int = 0
    skips_absent: bool = False


class Stages(NamedTuple):
    """A target with steps, and what it is the target of: `inbound/found`, or `/lead` where it is a type's default."""

    named_at: str
    steps: tuple[Stage, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(step.target for step in self.steps)


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
    """What one version of a division's configuration says: all limits, by pool how its people accept and after what
    time it escalates (milliseconds) and who is in it, all targets with steps, which entries (`inbound/found`) ask for
    more than to be there, which people are switched on, who of them works at set times only and how they want to hear
    of things, by workflow how often it may act for a record and on a day, by type of record the field that says how
    much one weighs, of which types fields say that one is closed, and by pool how many turns somebody may be passed
    over until it is skewed. `is_mixed`: some who decide
    by it are of a build that knows no steps and does not tell how much of a pool's own limits was used.
    """

    bounds: tuple[Bound, ...] = ()
    accept: Mapping[str, Accept] = {}
    escalates: Mapping[str, int] = {}
    is_mixed: bool = False
    hearers: Mapping[str, Hearer] = {}
    caps: Mapping[str, tuple[int, int]] = {}
    circles: Mapping[str, Circle] = {}
    stages: tuple[Stages, ...] = ()
    picky: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    timed: frozenset[str] = frozenset()
    sizes: Mapping[str, str] = {}
    closes: frozenset[str] = frozenset()
    skewed: Mapping[str, int] = {}

    def helping(self, pool: str) -> tuple[str, ...]:
        """The pool, and those that help it out and each other, in order."""
        found: dict[str, None] = {}
        while pool in self.circles and pool not in found:
            found[pool] = None
            kind, _, pool = self.circles[pool].helped_by.partition(":")
            if kind != "pool":
                break
        return tuple(found)


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
