"""The state as one decision sees it: what was, and on top of it what this decision has changed so far.

A decision changes copies of its own in place; nothing reaches the state until the caller applies `changes()`. One that
raises leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from service.core.catch_up import CatchUp
from service.core.in_plan import Clients, Contacts, InPlan
from service.core.in_process import Element, InProcess, Usage
from service.core.past import Past
from service.core.person import Person
from service.core.state import (
    Changes,
    Fields,
    Forgotten,
    Hit,
    Kind,
    Open,
    Pace,
    Parked,
    Pool,
    Record,
    Seat,
    State,
    Timer,
    Value,
)
from service.core.waiting_line import Rank

V = TypeVar("V", bound=Value)


class Overlay(Generic[V]):
    """Fields of one kind: those of the state, unless changed here.

    `own` is what this decision made, edited or dropped (none) so far. `begin` makes the first value of a field; none:
    what the kind remembers cannot begin by being edited.
    """

    __slots__ = ("_begin", "_below", "kind", "own")

    def __init__(self, kind: Kind, below: Mapping[str, V], begin: Callable[[], V] | None = None) -> None:
        self.kind: Kind = kind
        self._below = below
        self._begin = begin
        self.own: dict[str, V | None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of any field, or was changed."""
        return not self._below and not self.own

    def get(self, field: str) -> V | None:
        """The field's value, to be read only; none: there is none."""
        if self.own and field in self.own:
            return self.own[field]
        return self._below.get(field)

    def get_all(self, fields: Sequence[str]) -> list[V | None]:
        """What `get` gives for each of the fields."""
        return list(map(self.get if self.own else self._below.get, fields))

    def edit(self, field: str) -> V:
        """The decision's own copy of the field's value, to be changed in place.

        Where there is none it is begun. Raises KeyError where its kind cannot begin like that.
        """
        own = self.own.get(field)
        if own is not None:
            return own
        known = None if field in self.own else self._below.get(field)
        if known is not None:
            own = replace(known)
        elif self._begin is not None:
            own = self._begin()
        else:
            raise KeyError(field)
        self.own[field] = own
        return own

    def put(self, field: str, value: V) -> None:
        """Make this, which nobody else holds, the field's value."""
        self.own[field] = value

    def drop(self, field: str) -> None:
        """The field has no value from now on."""
        self.own[field] = None

    def items(self) -> Iterator[tuple[str, V]]:
        """All fields with a value; the order is not defined."""
        for field, value in self._below.items():
            if field not in self.own:
                yield field, value
        for field, own in self.own.items():
            if own is not None:
                yield field, own

    def changes(self) -> dict[str, V | None]:
        """The final values of the fields that differ from the state; none: gone."""
        below = self._below.get
        return {field: own for field, own in self.own.items() if own != below(field)}


class Draft:
    """Typed access to all kinds of a division's state."""

    __slots__ = (
        "_overlays",
        "_state",
        "elements",
        "catch_ups",
        "clients",
        "contacts",
        "fields",
        "forgotten",
        "hits",
        "open",
        "paces",
        "parked",
        "past",
        "people",
        "plans",
        "pools",
        "progress",
        "records",
        "seats",
        "timers",
        "workflows",
    )

    def __init__(self, state: State) -> None:
        self._state = state
        self.records: Overlay[Record] = Overlay("record", state.records, Record)
        self.pools: Overlay[Pool] = Overlay("pool", state.pools, Pool)
        self.seats: Overlay[Seat] = Overlay("seat", state.seats)
        self.catch_ups: Overlay[CatchUp] = Overlay("catch_up", state.catch_ups)
        self.open: Overlay[Open] = Overlay("open", state.open, Open)
        self.paces: Overlay[Pace] = Overlay("pace", state.paces, Pace)
        self.people: Overlay[Person] = Overlay("person", state.people, Person)
        self.parked: Overlay[Parked] = Overlay("parked", state.parked)
        self.fields: Overlay[Fields] = Overlay("fields", state.fields)
        self.past: Overlay[Past] = Overlay("past", state.past)
        self.timers: Overlay[Timer] = Overlay("timer", state.timers)
        self.hits: Overlay[Hit] = Overlay("hit", state.hits, Hit)
        self.forgotten: Overlay[Forgotten] = Overlay("forgotten", state.forgotten, Forgotten)
        self.progress: Overlay[InProcess] = Overlay("progress", state.progress, InProcess)
        self.workflows: Overlay[Usage] = Overlay("workflow", state.workflows, Usage)
        self.elements: Overlay[Element] = Overlay("element", state.elements, Element)
        self.plans: Overlay[InPlan] = Overlay("plan", state.plans, InPlan)
        self.clients: Overlay[Clients] = Overlay("clients", state.clients, Clients)
        self.contacts: Overlay[Contacts] = Overlay("contacts", state.contacts, Contacts)
        self._overlays: tuple[Overlay[Any], ...] = (
            self.records,
            self.pools,
            self.seats,
            self.catch_ups,
            self.open,
            self.paces,
            self.people,
            self.parked,
            self.fields,
            self.past,
            self.timers,
            self.hits,
            self.forgotten,
            self.progress,
            self.workflows,
            self.elements,
            self.plans,
            self.clients,
            self.contacts,
        )

    def changes(self) -> Changes:
        """Final values of all that differs from the state. Whoever takes them lets go of the draft."""
        found: dict[Kind, Mapping[str, Value | None]] = {}
        for overlay in self._overlays:
            if overlay.own:
                changes = overlay.changes()
                if changes:
                    found[overlay.kind] = changes
        return found

    def set_timer(self, name: str, due_ms: int) -> None:
        """Have the timer go off at `due_ms` at the latest."""
        timer = self.timers.get(name)
        if timer is None or due_ms < timer.due_ms:
            self.timers.put(name, Timer(due_ms))

    def members_before(self, pool: str) -> list[str]:
        """Who was a member of the pool before this decision, in the order in which they joined."""
        return self._state.members(pool)

    @property
    def taken_bytes(self) -> int:
        """How much room the fields of waiting records took before this decision."""
        return self._state.room.taken_bytes

    def strangers_before(self) -> Mapping[str, int]:
        """Of whom news was remembered before this decision though they are not configured, and since when."""
        return self._state.strangers

    def pools_of(self, person: str) -> list[str]:
        """The pools that somebody was a member of before this decision, by name."""
        return self._state.pools_of(person)

    def waiting(self, pool: str, behind: Rank | None, *, with_queued: bool) -> Iterator[str]:
        """The names of those who wait in the pool, in the order in which they leave, as they stand when this is asked.

        Only those behind a rank, where one is given. `with_queued`: what lies in it as in a queue is among them.
        """
        line = self._state.line(pool, behind, with_queued=with_queued)
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
