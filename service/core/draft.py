"""The state as one decision sees it: what was, and on top of it what this decision has changed so far.

Nothing reaches the state until the caller applies `changes()`. A decision that raises leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from service.core.state import Changes, Hit, Kind, Parked, Person, Pool, Record, Seat, State, Timer, Value

V = TypeVar("V", bound=Value)


class Overlay(Generic[V]):
    """Fields of one kind: those of the state, unless changed here."""

    __slots__ = ("_below", "changed")

    def __init__(self, below: dict[str, V]) -> None:
        self._below = below
        self.changed: dict[str, V | None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of any field, or was changed."""
        return not self._below and not self.changed

    def get(self, field: str) -> V | None:
        if self.changed and field in self.changed:
            return self.changed[field]
        return self._below.get(field)

    def get_all(self, fields: Sequence[str]) -> list[V | None]:
        """What `get` gives for each of the fields."""
        return list(map(self.get if self.changed else self._below.get, fields))

    def put(self, field: str, value: V) -> None:
        self.changed[field] = value

    def drop(self, field: str) -> None:
        if self.get(field) is not None:
            self.changed[field] = None

    def items(self) -> Iterator[tuple[str, V]]:
        """All fields with a value; the order is not defined."""
        for field, value in self._below.items():
            if field not in self.changed:
                yield field, value
        for field, changed in self.changed.items():
            if changed is not None:
                yield field, changed


class Draft:
    """Typed access to all kinds of a division's state."""

    __slots__ = ("hits", "parked", "people", "pools", "records", "seats", "timers")

    def __init__(self, state: State) -> None:
        self.records: Overlay[Record] = Overlay(state.records)
        self.pools: Overlay[Pool] = Overlay(state.pools)
        self.seats: Overlay[Seat] = Overlay(state.seats)
        self.people: Overlay[Person] = Overlay(state.people)
        self.parked: Overlay[Parked] = Overlay(state.parked)
        self.timers: Overlay[Timer] = Overlay(state.timers)
        self.hits: Overlay[Hit] = Overlay(state.hits)

    def changes(self) -> Changes:
        """Final values of all that differs from the state."""
        overlays: dict[Kind, Mapping[str, Value | None]] = {
            "record": self.records.changed,
            "pool": self.pools.changed,
            "seat": self.seats.changed,
            "person": self.people.changed,
            "parked": self.parked.changed,
            "timer": self.timers.changed,
            "hit": self.hits.changed,
        }
        return {kind: changed for kind, changed in overlays.items() if changed}

    def set_timer(self, name: str, due_ms: int) -> None:
        """Have the timer go off at `due_ms` at the latest."""
        timer = self.timers.get(name)
        if timer is None or due_ms < timer.due_ms:
            self.timers.put(name, Timer(due_ms))
