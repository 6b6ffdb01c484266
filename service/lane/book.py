"""What the owner of a lane holds in memory: its divisions' states, and how far it has come.

People, pools, seats, timers and what is parked stay here while the lane is owned. Records, with what stands beside
them, are loaded for a batch and forgotten after it; those at the head of a waiting line are kept longer, because they
are the next that a timer moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import orjson

from service.core.record import UNHEARD, Record
from service.core.state import (
    KINDS,
    Changes,
    Kind,
    State,
    Timer,
    Value,
)
from service.core.waiting_line import Room
from service.lane.agenda import Agenda, Entry
from service.lane.changed import StoredFields
from service.lane.positions import Positions
from service.lane.repeats import Repeats
from service.store.keys import LANE, REDRIVEN, REFUSED, full_name, parted
from service.wire.log_forms import Cursor
from service.wire.log_records import NO_OFFSET
from service.wire.messages import Position
from service.wire.values import unpack

ResidentKind = Kind | Literal["lane", "redriven", "refused"]

RESIDENT_KINDS: Final[tuple[ResidentKind, ...]] = (
    "lane",
    "redriven",
    "refused",
    *(kind for kind, row in KINDS.items() if row.is_resident),
)
"""What is read whole when a lane is taken over."""

NOTHING_CHANGED: Final[Mapping[str, Value | None]] = MappingProxyType({})

SourceMark = tuple[int, int]
"""Epoch and offset of the highest position taken from one source partition."""


KEPT_RECORDS: Final = 2_000
"""At most so many records that wait are kept in memory for the timers that look at them next."""

EVERY_KEY: Final = 2**31
"""More keys than any kind has."""


class Swept(NamedTuple):
    """How far a sweep is: which period's, counted from 1970 (see `sweep`), and the keys of records that are done."""

    period: int
    keys: int


class Noted(NamedTuple):
    """What the lane has noted of itself: each division's version, which are on the way to theirs, and the sweep."""

    versions: dict[str, int]
    switching: frozenset[str]
    swept: Swept | None


class Book:
    """A lane's memory. It runs ahead of the log by the batch being made: when that fails, the book is thrown away.

    `place` is where the input goes on, `clock_ms` the lane's time, `marks` the highest position taken of each source
    partition, `epoch` the newest of them, `versions` each division's configuration, `switching` the divisions whose
    switch to that version was begun and is not finished: before it is, nothing else is decided. `raised` are the events
    in a row whose decision raised. `swept` is how far the records were looked through for what is to be forgotten;
    none: not since the lane began. `redriven` tells which dead letters were sent again and decided, `refused` which
    events became dead letters. `input_identity` tells which topic `place` is a place in; empty: that was never known.
    `repeats` are the inputs taken lately.
    """

    def __init__(self) -> None:
        self.room = Room()
        self.divisions: dict[str, State] = {}
        self.place = Cursor()
        self.clock_ms = 0
        self.marks: dict[tuple[str, int], SourceMark] = {}
        self.versions: dict[str, int] = {}
        self.switching: set[str] = set()
        self.raised: list[Position] = []
        self.epoch = 0
        self.swept: Swept | None = None
        self.input_identity = ""
        self._news: dict[str, object] = {}
        self.redriven = Positions()
        self.refused = Positions()
        self.repeats = Repeats(self.refused)
        self.agenda = Agenda()
        self._kept: set[tuple[str, str]] = set()

    def state(self, division: str) -> State:
        """The division's state. An unknown division has an empty one, which is not kept: anybody may invent a name."""
        state = self.divisions.get(division)
        return State(self.room) if state is None else state

    def kept_state(self, division: str) -> State:
        """The division's state, kept from now on: something is to be remembered of it."""
        state = self.divisions.get(division)
        if state is None:
            state = self.divisions[division] = State(self.room)
        return state

    def apply(self, division: str, changes: Changes) -> None:
        """Take over a decision's changes, and note its timers on the agenda."""
        self.kept_state(division).apply(changes)
        timers = changes.get("timer", NOTHING_CHANGED)
        for name, timer in timers.items():
            if isinstance(timer, Timer):
                self.agenda.note((timer.due_ms, division, name))
        if timers and self.agenda.is_to_be_made_anew:
            self._make_agenda_anew()

    def next_timer(self, now_ms: int | None = None) -> Entry | None:
        """The timer that goes off first (see `agenda`), of those that are due by now or else next."""
        return self.agenda.first(self._due_ms, now_ms)

    def has_due_timer(self, now_ms: int) -> bool:
        """Whether a timer's time has come."""
        timer = self.next_timer()
        return timer is not None and timer[0] <= now_ms

    def timers_due(self, now_ms: int, limit: int) -> list[tuple[str, str]]:
        """Division and name of the next timers that go off by then."""
        return [(division, name) for _, division, name in self.agenda.due(self._due_ms, now_ms, limit)]

    def _due_ms(self, division: str, name: str) -> int | None:
        timer = self.state(division).timers.get(name)
        return None if timer is None else timer.due_ms

    def _make_agenda_anew(self) -> None:
        self.agenda.make_anew(
            (timer.due_ms, division, name)
            for division, state in self.divisions.items()
            for name, timer in state.timers.items()
        )

    def begin_switches(self, divisions: Sequence[str]) -> None:
        """Have these divisions switched to the version in force once more. The next batch writes it down."""
        self.switching.update(divisions)
        self._news |= {f"switching/{division}": True for division in divisions}

    def is_taken(self, position: Position) -> bool:
        """Whether this or a later event of the same source partition was taken before."""
        mark = self.marks.get((position.topic, position.partition))
        return mark is not None and (position.epoch, position.offset) <= mark

    def take(self, position: Position) -> None:
        """Remember the event as taken."""
        self.marks[position.topic, position.partition] = (position.epoch, position.offset)
        self.epoch = max(self.epoch, position.epoch)

    def source_epoch(self, events: str) -> int:
        """The newest epoch in which a source was read. Marks on the lanes' own topic, `events`, stand for none."""
        return max((epoch for (topic, _), (epoch, _) in self.marks.items() if topic != events), default=0)

    def know_input(self, identity: str) -> None:
        """The input is the topic of this identity. The next batch writes it down."""
        self.input_identity = self._news["input_topic"] = identity

    def begin_input(self, identity: str, begin: int, own: tuple[str, int]) -> None:
        """The input is another topic now: read it from `begin`. `own` is the input's topic and partition.

        Its offsets repeat, so decisions get a new epoch in their ids. The mark that says so stands for no source.
        """
        self.know_input(identity)
        self.place = Cursor(begin)
        self.take(Position(self.epoch + 1, *own, NO_OFFSET))
        self._news["mark/{}/{}".format(*own)] = self.marks[own]

    def absorb(self, kind: ResidentKind, fields: Mapping[str, bytes]) -> None:
        """Take in fields of one kind as they are stored, by full name."""
        for name, value in fields.items():
            division, field = parted(name)
            if kind == "lane":
                self._absorb_own(field, value)
            elif kind == "redriven":
                self.redriven.absorb(field, value)
            elif kind == "refused":
                self.refused.absorb(field, value)
            else:
                self.apply(division, {kind: {field: unpack(kind, value)}})

    def parked_records(self) -> list[tuple[str, str]]:
        """Division and name of every record that waits."""
        return [(division, name) for division, state in self.divisions.items() for name in state.parked]

    def keep_loaded(self, names: Sequence[tuple[str, str]]) -> None:
        """These records, which timers look at next, stay in memory as long as they wait, if they are not too many.

        Of one that waits and that the memory has lost nothing is known but that it waits; any other that the memory
        does not have was forgotten.
        """
        if len(self._kept) + len(names) > KEPT_RECORDS:
            kept, self._kept = self._kept, set()
            self.forget_records(kept)
        self._kept.update(names)
        for division, name in names:
            state = self.kept_state(division)
            state.records.setdefault(name, Record(parked=True) if name in state.parked else UNHEARD)

    def forget_records(self, touched: Iterable[tuple[str, str]]) -> None:
        """Drop these records from memory, unless timers look at them next."""
        for division, name in touched:
            state = self.divisions.get(division)
            if state is None or ((division, name) in self._kept and name in state.parked):
                continue
            self._kept.discard((division, name))
            state.unload(name)

    def noted(self) -> Noted:
        """What is noted, to be compared with later."""
        return Noted(dict(self.versions), frozenset(self.switching), self.swept)

    def own_changes(self, before: Noted, marked: Iterable[tuple[str, int]]) -> dict[str, StoredFields]:
        """The lane's own as changes by kind: place, clock, marks of these source partitions, new versions, what was
        redriven and refused.
        """
        own: dict[str, object] = {"input": self.place[:], "clock": self.clock_ms, **self._news}
        self._news = {}
        own |= {f"mark/{topic}/{number}": self.marks[topic, number] for topic, number in marked}
        own |= {
            f"config/{division}": version
            for division, version in self.versions.items()
            if before.versions.get(division) != version
        }
        own |= {f"switching/{division}": True for division in self.switching - before.switching}
        if self.swept is not None and self.swept != before.swept:
            own["swept"] = self.swept[:]
        finished: StoredFields = {
            full_name(LANE, "", f"switching/{division}"): None for division in before.switching - self.switching
        }
        changes = {LANE: {full_name(LANE, "", field): orjson.dumps(value) for field, value in own.items()} | finished}
        for kind, positions in ((REDRIVEN, self.redriven), (REFUSED, self.refused)):
            if changed := positions.take_changes():
                changes[kind] = {full_name(kind, "", field): value for field, value in changed}
        return changes

    def _absorb_own(self, field: str, value: bytes) -> None:
        what, _, rest = field.partition("/")
        content = orjson.loads(value)
        if what == "input":
            self.place = Cursor(*content)
        elif what == "input_topic":
            self.input_identity = content
        elif what == "clock":
            self.clock_ms = content
        elif what == "mark":
            topic, _, partition = rest.rpartition("/")
            self.marks[topic, int(partition)] = (content[0], content[1])
            self.epoch = max(self.epoch, content[0])
        elif what == "config":
            self.versions[rest] = content
        elif what == "swept":
            self.swept = Swept(*content)
        elif what == "switching":
            self.switching.add(rest)
