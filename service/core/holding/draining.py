"""What waits moves on: what is overdue first, then the best score, then the oldest, over all lines whose time has come.

Somebody who has room, or is back, wakes every line from which they may take. Served one after the other, the line that
comes first would have all they can take, for ever where enough comes into it. So the lines that are due are served
together, and the next record is the first of them all (D3, D40). A line that is looked through under a new
configuration is looked through before any is served.

Hundreds of lines may be due at once, and one firing comes to the first of a few: so each of them is known by whoever
is first in it, and opened only when the order has come to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heapify, heappop, heapreplace
from math import inf
from typing import Final, TypeVar

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.climbing import AWAITED_PREFIX
from service.core.holding.lines import (
    DRAINED_PER_FIRING,
    LOOKED_AT_PER_FIRING,
    Follow,
    Line,
    Turn,
    glance,
    line_of,
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


T = TypeVar("T")


Place = tuple[Turn, str, int, str]
"""Where the order has come to in a line: the turn of the next record, the timer of the line, which decides between
equals, the line's number among those that are opened, and the record.
"""
NOT_OPENED: Final = -1
"""The number of a line of which no more is known than the turn of whoever is first in it."""


class Serving:
    """Whom to ask about next, over all lines that are due. `opened`: the lines that it has come to."""

    def __init__(self, timer: str, draft: Draft, config: Config, now_ms: int) -> None:
        self.opened: list[Line] = []
        self._standing: list[Iterator[tuple[Turn, str]]] = []
        self._draft, self._config, self._now_ms = draft, config, now_ms
        self._due = _due(timer, draft, now_ms)

    @property
    def first(self) -> str:
        """The timer that is the first of them to go off."""
        return min(self._due)[1]

    def records(self) -> Iterator[tuple[Line, str]]:
        """The lines and records in order, so many as one firing may come to."""
        heap = self._beginnings()
        heapify(heap)
        looked_at = 0
        while heap and looked_at < LOOKED_AT_PER_FIRING:
            _, timer, number, name = heap[0]
            if number == NOT_OPENED:
                following = self._opened(timer)
            else:
                yield self.opened[number], name
                looked_at += 1
                following = self._following(number)
            if following is None:
                heappop(heap)
            else:
                heapreplace(heap, following)

    def _beginnings(self) -> list[Place]:
        """Of the first that is to be looked through anew, by itself, for what stands there may not belong there; else
        of all.
        """
        seen = {timer: glance(timer, self._draft) for _, timer in self._due}
        sifted = min((timer for timer, (is_sifted, _) in seen.items() if is_sifted), default=None)
        if sifted is not None:
            seen = {sifted: (True, None)}
        found: list[Place] = []
        for timer, (_, turn) in seen.items():
            place = self._opened(timer) if turn is None else (turn, timer, NOT_OPENED, "")
            if place is not None:
                found.append(place)
        return found

    def _opened(self, timer: str) -> Place | None:
        """The line is served from now on; none: nobody is to be asked about."""
        line = line_of(timer, self._draft, self._config, self._now_ms)
        self.opened.append(line)
        self._standing.append(line.standing())
        return self._following(len(self.opened) - 1)

    def _following(self, number: int) -> Place | None:
        """Where the order comes to next in a line that is opened; none: to nobody."""
        line = self.opened[number]
        found = _blaming(line, partial(next, self._standing[number], None))
        return None if found is None else (found[0], line.timer, number, found[1])


def needed(timer: str, draft: Draft, config: Config, now_ms: int) -> Iterator[str]:
    """The records that are looked at when the timer of a line goes off, as far as that may come: it stops in front of
    one that is not loaded, and the first must be. Of lines that are served together the first to go off says it.

    Where one that cannot move stops its line, no more are named than one firing moves.
    """
    serving = Serving(timer, draft, config, now_ms)
    if serving.first != timer:
        return
    moving = 0
    found: set[str] = set()
    records = serving.records()
    while True:
        try:
            line, name = next(records)
        except (StopIteration, LineRaised):  # what is raised is told of when the line is served
            return
        moving += not line.goes_on
        if moving > DRAINED_PER_FIRING + 1:
            return
        if name not in found:
            found.add(name)
            yield name


def drain(
    timer: str, draft: Draft, config: Config, now_ms: int, room_bytes: int, follow: Follow
) -> tuple[Decision, ...]:
    """Assign what waits in the timer's line and in all others that are due, in one order, while somebody has room and
    keeps their pace. What stands behind a record that is not loaded has to wait, and so has what comes after as much
    as there is room for: it is looked at when the timers of its lines go off again.

    Raises LineRaised where one of the lines cannot be served.
    """
    serving = Serving(timer, draft, config, now_ms)
    decisions: list[Decision] = []
    for line, name in serving.records():
        if line.is_over:
            continue
        if draft.records.get(name) is None:
            break
        decision = _blaming(line, partial(line.ask, name, follow))
        if decision is None:
            continue
        decisions.append(decision)
        room_bytes -= _bytes_of(decision, draft)
        if len(decisions) == DRAINED_PER_FIRING or room_bytes <= 0:
            break
    for line in serving.opened:
        _blaming(line, partial(line.leave, has_moved=bool(decisions)))
    if all(line.timer != timer for line in serving.opened):
        draft.set_timer(timer, now_ms)
    return tuple(decisions)


def _due(timer: str, draft: Draft, now_ms: int) -> list[tuple[float, str]]:
    """The timer, and those of the other lines in which something waits and whose time has come, each with when it goes
    off (milliseconds).
    """
    pools, people = draft.lines_before()
    names = {timer, *(DRAIN_PREFIX + pool for pool in pools), *(AWAITED_PREFIX + person for person in people)}
    known = draft.timers.get_all(list(names))
    found = zip([inf if each is None else each.due_ms for each in known], names, strict=True)
    return [(due_ms, name) for due_ms, name in found if due_ms <= now_ms or name == timer]


def _blaming(line: Line, act: Callable[[], T]) -> T:
    """What is raised here is raised for this line."""
    try:
        return act()
    except Exception as error:
        raise LineRaised(line.timer, error) from error


def _bytes_of(decision: Decision, draft: Draft) -> int:
    record = draft.records.get(decision.record)
    facts_bytes = 0 if record is None else 2 * len(record.facts)
    return DECISION_BYTES + facts_bytes + NOTIFICATION_BYTES * len(decision.notifications)
