"""Which timer of a lane goes off next.

They go off by the time at which they are due, but that a lane may come to them late, and to many at once. Then people
come and go first, whatever else was due before: what is decided now is decided with who is there now.

What is put off or called off stays on the agenda until it is met there, or until half of it is of that sort.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Final

from service.core.timers import goes_first

Entry = tuple[int, str, str]
"""When a timer is due (milliseconds), its division and its name. Ties go by division, then by name."""

LEAST: Final = 1_000
"""So many entries the agenda may have, whatever of it is still true."""


DueMs = Callable[[str, str], int | None]
"""When a division's timer is due as things stand (milliseconds); none: it is there no more."""


class Agenda:
    """All timers of a lane, as they were noted."""

    def __init__(self) -> None:
        self._of_people: list[Entry] = []
        self._others: list[Entry] = []
        self._max = LEAST

    def __len__(self) -> int:
        return len(self._of_people) + len(self._others)

    @property
    def is_to_be_made_anew(self) -> bool:
        """Whether so much was noted that half of it may be out of date."""
        return len(self) > self._max

    def note(self, entry: Entry) -> None:
        """A timer is set, or put off."""
        heapq.heappush(self._line_of(entry), entry)

    def make_anew(self, entries: Iterable[Entry]) -> None:
        """These are all there are."""
        self._of_people, self._others = [], []
        for entry in entries:
            self._line_of(entry).append(entry)
        heapq.heapify(self._of_people)
        heapq.heapify(self._others)
        self._max = max(LEAST, 2 * len(self))

    def first(self, due_ms: DueMs, now_ms: int | None = None) -> Entry | None:
        """The timer that goes off first of those that are due by now, or else next; none: there is none."""
        people, other = _head(self._of_people, due_ms), _head(self._others, due_ms)
        if people is not None and (other is None or people < other or (now_ms is not None and people[0] <= now_ms)):
            return people
        return other

    def due(self, due_ms: DueMs, now_ms: int, limit: int) -> list[Entry]:
        """The next timers that go off by then, at most so many."""
        found: list[Entry] = []
        while len(found) < limit and (entry := self.first(due_ms, now_ms)) is not None and entry[0] <= now_ms:
            found.append(heapq.heappop(self._line_of(entry)))
        for entry in found:
            self.note(entry)
        return list(dict.fromkeys(found))

    def _line_of(self, entry: Entry) -> list[Entry]:
        return self._of_people if goes_first(entry[2]) else self._others


def _head(line: list[Entry], due_ms: DueMs) -> Entry | None:
    """The first of a line that is still true."""
    while line and due_ms(line[0][1], line[0][2]) != line[0][0]:
        heapq.heappop(line)
    return line[0] if line else None
