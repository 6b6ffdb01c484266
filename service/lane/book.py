"""What the owner of a lane holds in memory: its divisions' states, and how far it has come.

People, pools, seats, timers and what is parked stay here while the lane is owned. Records are loaded for a batch and
forgotten after it, except those that are parked, because a timer may move them at any moment.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import orjson

from service.core.state import Changes, Kind, Person, State, Timer, Value
from service.lane.redriven import Redriven
from service.store.keys import KEYS, locate, place
from service.wire.log_records import Place, Stored
from service.wire.messages import Position
from service.wire.values import pack, unpack

RESIDENT_KEYS: Final[tuple[str, ...]] = tuple(key for kind, keys in KEYS.items() if kind != "record" for key in keys)
"""The keys that are read whole when a lane is taken over."""

NOTHING_CHANGED: Final[Mapping[str, Value | None]] = MappingProxyType({})

SourceMark = tuple[int, int]
"""Epoch and offset of the highest position taken from one source partition."""


class Book:
    """A lane's memory. It runs ahead of the log by the batch being made: when that fails, the book is thrown away.

    `place` is where the input goes on, `clock_ms` the lane's time, `marks` the highest position taken of each source
    partition, `epoch` the newest of them, `versions` each division's configuration, `redriven` which dead letters were
    sent again and decided.
    """

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.divisions: dict[str, State] = {}
        self.place = Place()
        self.clock_ms = 0
        self.marks: dict[tuple[str, int], SourceMark] = {}
        self.versions: dict[str, int] = {}
        self.raised_in_a_row = 0
        self.epoch = 0
        self.redriven = Redriven()
        self._agenda: list[tuple[int, str, str]] = []

    def state(self, division: str) -> State:
        """The division's state; an unknown division has an empty one."""
        state = self.divisions.get(division)
        if state is None:
            state = self.divisions[division] = State(self.people)
        return state

    def apply(self, division: str, changes: Changes) -> None:
        """Take over a decision's changes, and note its timers on the agenda."""
        self.state(division).apply(changes)
        for name, timer in changes.get("timer", NOTHING_CHANGED).items():
            if isinstance(timer, Timer):
                heapq.heappush(self._agenda, (timer.due_ms, division, name))

    def next_timer(self) -> tuple[int, str, str] | None:
        """Due time, division and name of the timer that goes off first. Ties go by division, then by name."""
        while self._agenda:
            due_ms, division, name = self._agenda[0]
            timer = self.state(division).timers.get(name)
            if timer is not None and timer.due_ms == due_ms:
                return self._agenda[0]
            heapq.heappop(self._agenda)
        return None

    def is_taken(self, position: Position) -> bool:
        """Whether this or a later event of the same source partition was taken before."""
        mark = self.marks.get((position.topic, position.partition))
        return mark is not None and (position.epoch, position.offset) <= mark

    def take(self, position: Position) -> None:
        """Remember the event as taken."""
        self.marks[position.topic, position.partition] = (position.epoch, position.offset)
        self.epoch = max(self.epoch, position.epoch)

    def absorb(self, key: str, fields: dict[str, bytes]) -> None:
        """Take in one key of the lane's memory, as it is stored."""
        for stored, value in fields.items():
            kind, division, field = locate(key, stored)
            if kind == "lane":
                self._absorb_own(field, value)
            elif kind == "redriven":
                self.redriven.absorb(field, value)
            else:
                self.apply(division, {kind: {field: unpack(kind, value)}})

    def parked_records(self) -> list[tuple[str, str]]:
        """Division and name of every record that waits."""
        return [(division, name) for division, state in self.divisions.items() for name in state.parked]

    def forget_records(self, touched: Iterable[tuple[str, str]]) -> None:
        """Drop these records from memory unless a timer may need them."""
        for division, name in touched:
            state = self.state(division)
            if name not in state.parked:
                state.records.pop(name, None)

    def own_changes(self, versions_before: dict[str, int], marked: Iterable[tuple[str, int]]) -> list[Stored]:
        """The lane's own as changes: place, clock, marks of these source partitions, new versions, redrives."""
        own = [("input", orjson.dumps(self.place[:])), ("clock", orjson.dumps(self.clock_ms))]
        own += [(f"mark/{topic}/{number}", orjson.dumps(self.marks[topic, number])) for topic, number in marked]
        own += [
            (f"config/{division}", orjson.dumps(version))
            for division, version in self.versions.items()
            if versions_before.get(division) != version
        ]
        redriven = self.redriven.take_changes()
        return [
            *(Stored(*place("lane", "", field), value) for field, value in own),
            *(Stored(*place("redriven", "", field), value) for field, value in redriven),
        ]

    def _absorb_own(self, field: str, value: bytes) -> None:
        what, _, rest = field.partition("/")
        content = orjson.loads(value)
        if what == "input":
            self.place = Place(*content)
        elif what == "clock":
            self.clock_ms = content
        elif what == "mark":
            topic, _, partition = rest.rpartition("/")
            self.marks[topic, int(partition)] = (content[0], content[1])
            self.epoch = max(self.epoch, content[0])
        elif what == "config":
            self.versions[rest] = content


def stored(kind: Kind, division: str, fields: Mapping[str, Value | None]) -> list[Stored]:
    """Changes of one kind in their stored form."""
    return [
        Stored(*place(kind, division, field), None if value is None else pack(value)) for field, value in fields.items()
    ]
