"""What waits moves on: what is overdue first, then the best score, then the oldest, over all lines whose time has come.

Somebody who has room, or is back, wakes every line from which they may take. Served one after the other, the line that
comes first would have all they can take, for ever where enough comes into it. So the lines that are due are served
together, and the next record is the first of them all (D3, D40). A line that is looked through under a new
configuration is looked through before any is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from math import inf
from operator import itemgetter
from typing import Final

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.climbing import AWAITED_PREFIX
from service.core.holding.lines import (
    DRAINED_PER_FIRING,
    LOOKED_AT_PER_FIRING,
    Follow,
    Line,
    PersonLine,
    PoolLine,
    Turn,
)
from service.core.holding.waiting import DRAIN_PREFIX
from service.core.model import Decision

ROOM_BYTES: Final = 1_000_000
"""About so much may come of one firing, unless it is told otherwise."""
DECISION_BYTES: Final = 2_000
NOTIFICATION_BYTES: Final = 1_000
"""About what a decision and a notification take where they are written down, besides the record's facts."""


class LineRaised(Exception):
    """Serving the line of this timer raised this `error`, and no other that was served with it."""

    def __init__(self, timer: str, error: Exception) -> None:
        super().__init__(f"the line of {timer} cannot be served")
        self.timer = timer
        self.error = error


def needed(timer: str, draft: Draft, config: Config, now_ms: int) -> tuple[str, ...]:
    """The records that are looked at when the timer of a line goes off, as far as that may come: it stops in front of
    one that is not loaded, and the first must be. Of lines that are served together the first to go off says it.
    """
    lines = _due(timer, draft, config, now_ms)
    first = min(lines, key=lambda line: (_due_ms(line.timer, draft), line.timer))
    if first.timer != timer:
        return ()
    return tuple(dict.fromkeys(name for _, _, name in _in_order(_served(lines))))


def drain(
    timer: str, draft: Draft, config: Config, now_ms: int, room_bytes: int, follow: Follow
) -> tuple[Decision, ...]:
    """Assign what waits in the timer's line and in all others that are due, in one order, while somebody has room and
    keeps their pace. What stands behind a record that is not loaded has to wait, and so has what comes after as much
    as there is room for: it is looked at when the timers of its lines go off again.

    Raises LineRaised where one of the lines cannot be served.
    """
    lines = _served(_due(timer, draft, config, now_ms))
    decisions: list[Decision] = []
    for _, line, name in _in_order(lines):
        if line.is_over:
            continue
        if draft.records.get(name) is None:
            break
        with _blaming(line):
            decision = line.ask(name, follow)
        if decision is None:
            continue
        decisions.append(decision)
        room_bytes -= _bytes_of(decision, draft)
        if len(decisions) == DRAINED_PER_FIRING or room_bytes <= 0:
            break
    for line in lines:
        with _blaming(line):
            line.leave(has_moved=bool(decisions))
    if all(line.timer != timer for line in lines):
        draft.set_timer(timer, now_ms)
    return tuple(decisions)


def _due(timer: str, draft: Draft, config: Config, now_ms: int) -> list[Line]:
    """The timer's line, and the others in which something waits and whose time has come, by name."""
    pools, people = draft.lines_before()
    names = {timer, *(DRAIN_PREFIX + pool for pool in pools), *(AWAITED_PREFIX + person for person in people)}
    due = sorted(name for name in names if name == timer or _due_ms(name, draft) <= now_ms)
    return [_line(name, draft, config, now_ms) for name in due]


def _due_ms(timer: str, draft: Draft) -> float:
    """When it goes off (milliseconds)."""
    known = draft.timers.get(timer)
    return inf if known is None else known.due_ms


def _line(timer: str, draft: Draft, config: Config, now_ms: int) -> Line:
    """The line that the timer has looked at."""
    prefix, slash, whose = timer.partition("/")
    kind = PoolLine if prefix + slash == DRAIN_PREFIX else PersonLine
    return kind(whose, draft, config, now_ms)


def _served(lines: Sequence[Line]) -> list[Line]:
    """The first that is to be looked through anew, by itself, for what stands there may not belong there; else all."""
    sifted = next((line for line in lines if isinstance(line, PoolLine) and line.is_sifting), None)
    return list(lines) if sifted is None else [sifted]


def _in_order(lines: Iterable[Line]) -> Iterator[tuple[Turn, Line, str]]:
    """Whom to ask about next, so many as one firing may come to: the first of those who are first in their lines."""
    return islice(merge(*map(_standing, lines), key=itemgetter(0)), LOOKED_AT_PER_FIRING)


def _standing(line: Line) -> Iterator[tuple[Turn, Line, str]]:
    with _blaming(line):
        for turn, name in line.standing():
            yield turn, line, name


@contextmanager
def _blaming(line: Line) -> Iterator[None]:
    """What is raised here is raised for this line."""
    try:
        yield
    except Exception as error:
        raise LineRaised(line.timer, error) from error


def _bytes_of(decision: Decision, draft: Draft) -> int:
    record = draft.records.get(decision.record)
    facts_bytes = 0 if record is None else 2 * len(record.facts)
    return DECISION_BYTES + facts_bytes + NOTIFICATION_BYTES * len(decision.notifications)
