"""What a division remembers between decisions, and how a decision changes it.

The state is a flat map: a *kind* (`record`, `pool`, …) and a *field* (`lead/4711`) lead to one small value. A decision
never touches it: it changes copies of its own in a `Draft` and leaves a list of final values, so that memory, Redis and
recovery can apply the same changes in the same way, and so that the changes of a decision that failed are dropped.

What can be derived from the values is not stored: who is a member of which pool, and the order in which records wait,
follow from seats and parked records, and are kept up as those change.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, overload

from service.core.acting import Acting, ActingKind, Answerables, DayCount, Orders
from service.core.catch_up import CatchUp
from service.core.climb import Climb
from service.core.given import Given, Size, Slot
from service.core.held import Digest, HeldBack, Hush
from service.core.in_plan import Clients, Contacts, InPlan
from service.core.in_process import Element, Hindered, InProcess, Usage, WorkflowKind
from service.core.indexes import Awaiting, Reserved, Seated, StrangersHeard, WaitingLines
from service.core.overlay import Overlay, put_in_place
from service.core.parked import Fields, Parked, Required
from service.core.past import Past
from service.core.person import Person, Planned
from service.core.record import Record
from service.core.remembered import Remembered
from service.core.reservation import Handing, OfferedBy, Reservation
from service.core.seating import Pool, Seat
from service.core.skew import Skew
from service.core.waiting_line import Room

if TYPE_CHECKING:
    from service.core.draft import Draft

Kind = Literal[
    "record",
    "pool",
    "seat",
    "catch_up",
    "open",
    "pace",
    "person",
    "planned",
    "parked",
    "required",
    "fields",
    "past",
    "timer",
    "hit",
    "forgotten",
    "plan",
    "clients",
    "contacts",
    "offer",
    "handing",
    "offered_by",
    "given",
    "slot",
    "size",
    "climb",
    "hush",
    "held",
    "digest",
    "skew",
    WorkflowKind,
    ActingKind,
]


class Open(Remembered):
    """How many open items of one type of record somebody has, whoever gave them. Nothing is kept of who has none."""

    open_items: int = 0


class Pace(Remembered):
    """How many waiting records somebody was given in a minute (since 1970), from all their pools together."""

    minute: int = 0
    drained: int = 0


class Timer(Remembered):
    """Something to do at a time; the field's name says what (`drain/sales`, `back/ann`)."""

    due_ms: int


class Hit(Remembered):
    """How often a rule entry gave a record to somebody, and when it last did (see `hits`)."""

    times: int = 0
    last_ms: int = 0


class Forgotten(Remembered):
    """What is left of records that were forgotten: the highest `sequence` of any. Who comes anew counts on from there,
    so that no consumer takes news of a record for a repeat.
    """

    sequence: int = 0


Value = Remembered
V = TypeVar("V", bound=Value)

FIRST_LEVEL: Final = 1
LEVEL: Final = 5
"""The newest level that this version knows. A lane's log carries its level; see `StateKind`."""


@dataclasses.dataclass(eq=False, slots=True)
class StateKind(Generic[V]):
    """What there is to say of a kind: the form of its values, over how many keys a lane's memory spreads them, whether
    they belong to the whole lane instead of a division, and from which level of the lane on they are written. A value
    that `begins` may be edited where there is none yet: it has the defaults of its form then.

    Values of most kinds stay in memory while a lane is owned. Records do not, nor do values that stand `beside` a
    record under its name: they are loaded with it, where it says so in one of the fields of these names.

    As an attribute it leads to the values of its kind: of a state, or of the draft that a decision lays over one. They
    are looked up once, like a cached property.
    """

    kind: Kind
    form: type[V]
    buckets: int = 16
    is_of_lane: bool = False
    level: int = FIRST_LEVEL
    beside: tuple[str, ...] = ()
    begins: bool = False
    _attribute: str = dataclasses.field(init=False, default="")

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = name

    @overload
    def __get__(self, holder: None, owner: type) -> StateKind[V]: ...
    @overload
    def __get__(self, holder: State, owner: type) -> dict[str, V]: ...
    @overload
    def __get__(self, holder: Draft, owner: type) -> Overlay[V]: ...
    def __get__(self, holder: State | Draft | None, owner: type) -> StateKind[V] | dict[str, V] | Overlay[V]:
        if holder is None:
            return self
        values: dict[str, V] | Overlay[V] = holder.values_of(self)
        vars(holder)[self._attribute] = values
        return values

    @property
    def is_resident(self) -> bool:
        """Whether all its values stay in memory."""
        return self.form is not Record and not self.beside


class ByKind:
    """One row per kind, and the attribute by which a state and a draft have its values; everything that goes through
    all kinds goes through these rows.
    """

    records = StateKind("record", Record, buckets=1024, begins=True)
    pools = StateKind("pool", Pool, begins=True)
    seats = StateKind("seat", Seat)
    catch_ups = StateKind("catch_up", CatchUp)
    open = StateKind("open", Open, begins=True)
    paces = StateKind("pace", Pace, begins=True)
    people = StateKind("person", Person, begins=True)
    parked = StateKind("parked", Parked)
    required = StateKind("required", Required, level=3)
    fields = StateKind("fields", Fields, buckets=256, beside=("parked", "offered"))
    past = StateKind("past", Past, buckets=256, beside=("has_past",))
    timers = StateKind("timer", Timer)
    hits = StateKind("hit", Hit, begins=True)
    forgotten = StateKind("forgotten", Forgotten, buckets=1, begins=True)
    progress = StateKind("progress", InProcess, buckets=256, level=2, beside=("has_progress",), begins=True)
    workflows = StateKind("workflow", Usage, level=2, begins=True)
    planned = StateKind("planned", Planned, level=2, begins=True)
    elements = StateKind("element", Element, level=2, begins=True)
    plans = StateKind("plan", InPlan, buckets=256, level=2, beside=("in_plans",), begins=True)
    clients = StateKind("clients", Clients, level=2, begins=True)
    contacts = StateKind("contacts", Contacts, buckets=256, level=2, beside=("contacted",), begins=True)
    reservations = StateKind("offer", Reservation, level=3)
    handings = StateKind("handing", Handing, buckets=256, level=3, beside=("handed",), begins=True)
    given = StateKind("given", Given, level=3, begins=True)
    slots = StateKind("slot", Slot, buckets=64, level=3)
    sizes = StateKind("size", Size, buckets=256, level=3, beside=("sized",))
    offered_by = StateKind("offered_by", OfferedBy, buckets=256, level=5, beside=("offered",))
    acting = StateKind("acting", Acting, buckets=256, level=4, beside=("has_progress",), begins=True)
    answerable = StateKind("answerable", Answerables, buckets=256, level=5, beside=("has_progress",))
    tallies = StateKind("tally", DayCount, level=4, begins=True)
    orders = StateKind("orders", Orders, level=4, begins=True)
    climbs = StateKind("climb", Climb, level=4)
    hushes = StateKind("hush", Hush, level=4, begins=True)
    held = StateKind("held", HeldBack, level=4)
    digests = StateKind("digest", Digest, level=4, begins=True)
    skews = StateKind("skew", Skew, level=5)


KINDS: Final[Mapping[Kind, StateKind[Any]]] = {
    row.kind: row for row in vars(ByKind).values() if isinstance(row, StateKind)
}

BESIDE: Final[Mapping[Kind, tuple[str, ...]]] = {kind: row.beside for kind, row in KINDS.items() if row.beside}
"""What may stand beside a record, and the fields in one of which the record says so."""

Changes = Mapping[Kind, Mapping[str, Value | None]]
"""Final values by kind and field; none: gone."""


class State(ByKind):
    """One division's state in memory.

    `room` may be shared by several divisions. `finished_draft` lies ready for the next decision (see `Draft.over`). The
    others are indexes, each kept up as the values that it follows change.
    """

    def __init__(self, room: Room | None = None) -> None:
        self.room = Room() if room is None else room
        self.finished_draft: Draft | None = None
        self._by_kind: dict[Kind, dict[str, Any]] = {kind: {} for kind in KINDS}
        self.membership = Seated(self.seats)
        self.lines = WaitingLines(self.parked, self.room)
        self.reserved = Reserved(self.reservations, self.room)
        self.awaiting = Awaiting(self.climbs, self.parked)
        self.strangers = StrangersHeard()
        self.hindered = Hindered()
        self._follow: dict[Kind, Callable[[Mapping[str, Value | None]], None]] = {
            "seat": self.membership.follow_seats,
            "open": self.membership.follow_open_items,
            "parked": self.lines.follow,
            "person": self.strangers.follow,
            "offer": self.reserved.follow,
            "workflow": self.hindered.follow_workflows,
            "element": self.hindered.follow_elements,
        }

    def apply(self, changes: Changes) -> None:
        """Make each final value the value of its field. The values are read only from now on."""
        put_in_place(changes, self._by_kind, self._follow)
        if "parked" in changes or "climb" in changes:
            self.awaiting.follow({*changes.get("parked", ()), *changes.get("climb", ())})

    def unload(self, record: str) -> None:
        """Drop a record from memory, with what stands beside it."""
        self.records.pop(record, None)
        for kind in BESIDE:
            self._by_kind[kind].pop(record, None)

    def values_of(self, row: StateKind[V]) -> dict[str, V]:
        """All fields of a kind, by its row."""
        return self._by_kind[row.kind]

    def of_kind(self, kind: Kind) -> Mapping[str, Value]:
        """All fields of a kind."""
        return self._by_kind[kind]


def seat_field(pool: str, person: str) -> str:
    """Where a member's seat is kept. A pool's name has no slash."""
    return f"{pool}/{person}"


def clients_field(plan: str, person: str) -> str:
    """Where the number of somebody's clients in a plan is kept; of a lead that nobody has, without a name."""
    return f"{plan}/{person}"


def open_field(record_type: str, person: str) -> str:
    """Where the number of somebody's open items is kept. A record's type has no slash."""
    return f"{record_type}/{person}"
