"""What a division remembers between decisions, and how a decision changes it.

The state is a flat map: a *kind* (`record`, `pool`, …) and a *field* (`lead/4711`) lead to one small value. A decision
never touches it; it reads through a `Draft` and leaves a list of final values, so that memory, Redis and recovery can
apply the same changes in the same way, and so that the changes of a decision that failed are simply dropped.

The values are named tuples because their positions are their stored form: new fields go to the end, with a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Kind = Literal["record", "pool", "seat", "person", "parked", "timer", "hit"]


class Record(NamedTuple):
    """A record we have heard of.

    `owner` is the person who has it and `by_us` whether we chose him; `told` is the owner the CRM last named
    (`user:ann`, empty: none), at `told_version` and `told_time_ms`: newer news of other fields do not make news of the
    owner old. `pool` is where the record counts as an open item. `seen` are the latest event ids.
    `created` tells whether its creation was decided: an update may overtake it. A deleted record stays as a tombstone.
    `facts` are the fields that later decisions need, as JSON text (see `tracking`).
    """

    owner: str = ""
    by_us: bool = False
    told: str = ""
    pool: str = ""
    sequence: int = 0
    version: int | None = None
    time_ms: int | None = None
    seen: tuple[str, ...] = ()
    created: bool = False
    parked: bool = False
    deleted: bool = False
    told_version: int | None = None
    told_time_ms: int | None = None
    facts: str = ""


class Pool(NamedTuple):
    """A pool's memory: the number of the last turn, how many ever joined, who is in it in joining order, how many
    records were ever parked here and how many are now. It outlives the pool, so that no turn number comes twice.
    `scanned` is the place in the waiting line behind which a drain goes on; empty: at its beginning.
    """

    turn: int = 0
    joins: int = 0
    members: tuple[str, ...] = ()
    parkings: int = 0
    waiting: int = 0
    scanned: tuple[float, ...] = ()


class Seat(NamedTuple):
    """One member in one pool. `served_pass` is in parts of `turns.SCALE`; `drained` counts within `minute`.

    The seat of somebody who left stays as long as he has open items, so that they still count if he joins again.
    """

    served_pass: int
    last_turn: int
    joined: int
    open_items: int = 0
    minute: int = 0
    drained: int = 0


class Person(NamedTuple):
    """Whether somebody can take records now, and until when he cannot, where that is known."""

    availability: str = "available"
    until_ms: int | None = None


class Parked(NamedTuple):
    """A record that waits for somebody in `pool`. The first to leave has the highest score, then the lowest number.

    `queued`: the pool is a queue that owns the record; its members take, nothing is given out.
    """

    pool: str
    number: int
    since_ms: int
    score: float = 0.0
    correlation_id: str = ""
    depth: int = 0
    queued: bool = False


class Timer(NamedTuple):
    """Something to do at a time; the field's name says what (`drain/sales`, `back/ann`)."""

    due_ms: int


class Hit(NamedTuple):
    """How often a rule entry gave a record to somebody, and when it last did (see `hits`)."""

    times: int = 0
    last_ms: int = 0


Value = Record | Pool | Seat | Person | Parked | Timer | Hit

FIRST_LEVEL: Final = 1
LEVEL: Final = 1
"""The newest level that this version knows. A lane's log carries its level; see `StateKind`."""


class StateKind(NamedTuple):
    """What there is to say of a kind: the form of its values, over how many keys a lane's memory spreads them, whether
    they belong to the whole lane instead of a division, and from which level of the lane on they are written.
    """

    form: type[Value]
    buckets: int = 16
    is_of_lane: bool = False
    level: int = FIRST_LEVEL


KINDS: Final[Mapping[Kind, StateKind]] = {
    "record": StateKind(Record, buckets=1024),
    "pool": StateKind(Pool),
    "seat": StateKind(Seat),
    "person": StateKind(Person, is_of_lane=True),
    "parked": StateKind(Parked),
    "timer": StateKind(Timer),
    "hit": StateKind(Hit),
}
"""One row per kind; everything that goes through all kinds goes through this table."""


Changes = Mapping[Kind, Mapping[str, Value | None]]
"""Final values by kind and field; none: gone."""


class State:
    """One division's state in memory. `people` may be shared by several divisions."""

    __slots__ = ("hits", "parked", "people", "pools", "records", "seats", "timers", "_by_kind")

    def __init__(self, people: dict[str, Person] | None = None) -> None:
        self.records: dict[str, Record] = {}
        self.pools: dict[str, Pool] = {}
        self.seats: dict[str, Seat] = {}
        self.people: dict[str, Person] = {} if people is None else people
        self.parked: dict[str, Parked] = {}
        self.timers: dict[str, Timer] = {}
        self.hits: dict[str, Hit] = {}
        self._by_kind: dict[Kind, dict[str, Value]] = {
            "record": self.records,  # type: ignore[dict-item]  # each kind holds its own type of value
            "pool": self.pools,  # type: ignore[dict-item]
            "seat": self.seats,  # type: ignore[dict-item]
            "person": self.people,  # type: ignore[dict-item]
            "parked": self.parked,  # type: ignore[dict-item]
            "timer": self.timers,  # type: ignore[dict-item]
            "hit": self.hits,  # type: ignore[dict-item]
        }

    def apply(self, changes: Changes) -> None:
        """Make each final value the value of its field."""
        for kind, fields in changes.items():
            known = self._by_kind[kind]
            for field, value in fields.items():
                if value is None:
                    known.pop(field, None)
                else:
                    known[field] = value

    def of_kind(self, kind: Kind) -> Mapping[str, Value]:
        """All fields of a kind."""
        return self._by_kind[kind]


def seat_field(pool: str, person: str) -> str:
    """Where a member's seat is kept."""
    return f"{pool}/{person}"
