"""The state as one decision sees it: what was, and on top of it what this decision has changed so far.

A decision changes copies of its own in place; nothing reaches the state until the caller applies `changes()`. One that
raises leaves nothing behind.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from typing import Any, Final

from service.core.in_process import Hindered
from service.core.overlay import Overlay, take_all
from service.core.seating import KeptOrder
from service.core.state import KINDS, ByKind, Changes, Kind, State, StateKind, Timer, V
from service.core.waiting_line import Rank

ORDER: Final[Mapping[Kind, int]] = {kind: place for place, kind in enumerate(KINDS)}


class Draft(ByKind):
    """Typed access to all kinds of a division's state.

    Whoever decides takes one with `over` and lets go of it with `finish`. Most decisions look at the same kinds: what
    one has laid over them is laid there for the next, empty.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._laid: list[tuple[int, Kind, Overlay[Any]]] = []

    @classmethod
    def over(cls, state: State) -> Draft:
        """A draft in which nothing is changed yet: the one that was finished last, where it was, and else a new one."""
        draft, state.finished_draft = state.finished_draft, None
        return cls(state) if draft is None else draft

    def values_of(self, row: StateKind[V]) -> Overlay[V]:
        """The fields of a kind as they stand now, by its row. Asked once for each kind that a decision looks at."""
        overlay = Overlay(self._state.values_of(row), row.form if row.begins else None)
        insort(self._laid, (ORDER[row.kind], row.kind, overlay))
        return overlay

    def changes(self) -> Changes:
        """Final values of all that differs from the state, kinds in the order of their rows."""
        return {kind: changes for _, kind, overlay in self._laid if (changes := overlay.changes())}

    def finish(self) -> Changes:
        """What `changes` says. Nobody uses this draft any more, but who takes it for another decision."""
        self._state.finished_draft = self
        return take_all(self._laid)

    @property
    def rings(self) -> dict[str, KeptOrder]:
        """The large pools whose order of turns is kept up, by name."""
        return self._state.membership.rings

    def set_timer(self, name: str, due_ms: int) -> None:
        """Have the timer go off at `due_ms` at the latest."""
        timer = self.timers.get(name)
        if timer is None or due_ms < timer.due_ms:
            self.timers.put(name, Timer(due_ms))

    def members_before(self, pool: str) -> list[str]:
        """Who was a member of the pool before this decision, in the order in which they joined."""
        return self._state.membership.members(pool)

    @property
    def taken_bytes(self) -> int:
        """How much room the fields of waiting records took before this decision."""
        return self._state.room.taken_bytes

    def strangers_before(self) -> Mapping[str, int]:
        """Of whom news was remembered before this decision though they are not configured, and since when."""
        return self._state.strangers

    def hindered_before(self) -> Hindered:
        """What stood against workflows before this decision, whatever a record says."""
        return self._state.hindered

    def open_in(self, pool: str) -> int:
        """How much of what the pool gave is open with whom it gave it to, as it stands now."""
        found = self._state.membership.open_in(pool)
        for field, seat in self.seats.own.items():
            if field.partition("/")[0] == pool:
                before = self._state.seats.get(field)
                found += (0 if seat is None else seat.open_items) - (0 if before is None else before.open_items)
        return found

    def pools_of(self, person: str) -> list[str]:
        """The pools that somebody was a member of before this decision, by name."""
        return self._state.membership.pools_of(person)

    def reserved_for(self, person: str) -> list[str]:
        """The records that somebody was asked to accept before this decision, by name."""
        return self._state.reserved.of(person)

    def awaiting(self, person: str) -> Iterator[str]:
        """The records that waited for somebody whom a step names before this decision, best score first, then oldest.
        The state must not change meanwhile.
        """
        return self._state.awaiting.of(person)

    def awaits(self, person: str) -> int:
        """How many these are."""
        return self._state.awaiting.count(person)

    def lines_before(self) -> tuple[Iterable[str], Iterable[str]]:
        """The pools in which something waited before this decision, and whom steps name for whom something did. The
        order is not defined.
        """
        return self._state.lines.pools(), self._state.awaiting.people()

    def first_waiting(self, pool: str) -> str | None:
        """Who stood first in the pool before this decision, in its line or as in a queue; none: nobody."""
        return self._state.lines.first(pool)

    def waiting(self, pool: str, behind: Rank | None, *, with_queued: bool) -> Iterator[str]:
        """The names of those who wait in the pool, in the order in which they leave, as they stand when this is asked.

        Only those behind a rank, where one is given. `with_queued`: what lies in it as in a queue is among them.
        """
        line = self._state.lines.of(pool, behind, with_queued=with_queued)
        touched = dict(self.parked.own)
        if not touched:
            return (name for _, name in line)
        own = sorted(
            (parked.rank, name)
            for name, parked in touched.items()
            if parked is not None
            and parked.pool == pool
            and (with_queued or not parked.queued)
            and (behind is None or parked.rank > behind)
        )
        unchanged = (waiting for waiting in line if waiting[1] not in touched)
        return (name for _, name in merge(unchanged, own))
