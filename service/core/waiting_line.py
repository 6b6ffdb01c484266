"""The records that wait in one pool, kept in the order in which they leave.

A drain looks at the head of a line that may be a hundred thousand long, so the order is kept and not made. Records come
to the end of their line mostly; those that do not are put into their places together, when the line is next looked at.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final

Rank = tuple[float, int]
"""What records leave by, the lowest first: the score, negative, then the number in the line."""

Waiting = tuple[Rank, str]
"""A record's rank and its name. No two records of a pool have one number, so the name never decides."""

SORTED_AGAIN: Final = 100
"""From so many newcomers on, sorting the line is less work than finding a place for each."""


class Line:
    """One waiting line. Each record is in it once; who takes one out says at which rank it stood."""

    __slots__ = ("_newcomers", "_ordered")

    def __init__(self) -> None:
        self._ordered: list[Waiting] = []
        self._newcomers: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._ordered) + len(self._newcomers)

    def add(self, waiting: Waiting) -> None:
        """A record joins the line."""
        if not self._newcomers and (not self._ordered or waiting > self._ordered[-1]):
            self._ordered.append(waiting)
        else:
            self._newcomers.append(waiting)

    def remove(self, waiting: Waiting) -> None:
        """A record leaves the line. Raises ValueError where it is not in it."""
        self._settle()
        at = bisect_left(self._ordered, waiting)
        if self._ordered[at : at + 1] != [waiting]:
            raise ValueError("the record is not in the line")
        del self._ordered[at]

    @property
    def first(self) -> Waiting:
        """The first to leave. Raises IndexError where nobody waits."""
        self._settle()
        return self._ordered[0]

    def behind(self, rank: Rank | None) -> Iterator[Waiting]:
        """Those behind a rank, from the first on; none: all. The line must not change meanwhile."""
        self._settle()
        start = 0 if rank is None else bisect_left(self._ordered, ((rank[0], rank[1] + 1), ""))
        return map(self._ordered.__getitem__, range(start, len(self._ordered)))

    def _settle(self) -> None:
        """Put the newcomers into their places."""
        if len(self._newcomers) < SORTED_AGAIN:
            for waiting in self._newcomers:
                insort(self._ordered, waiting)
        else:
            self._ordered += self._newcomers
            self._ordered.sort()
        self._newcomers.clear()


class Room:
    """How much the fields of waiting records take, in bytes: the divisions of a lane share it."""

    __slots__ = ("taken_bytes",)

    def __init__(self) -> None:
        self.taken_bytes = 0
