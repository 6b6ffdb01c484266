"""Builders for tests of the core: they fill in what a test does not care about.

`Division` drives the core as a lane does: timers that are due go off before the event, every verdict is applied, and
after each step the books must balance.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from service.core import timers
from service.core.case import Verdict
from service.core.configuration import Config, User
from service.core.decide import decide
from service.core.events import (
    OFFER_KINDS,
    Event,
    MemberEvent,
    RecordEvent,
    RecordEventKind,
    Target,
)
from service.core.holding import membership
from service.core.model import (
    Assigned,
    Decision,
    Nothing,
    Outcome,
)
from service.core.person import Absence, Person
from service.core.pool_spec import Membership, PoolSpec
from service.core.reasons import AbsenceReason
from service.core.record import Record
from service.core.rule_sets import Entry, RuleSet
from service.core.state import Kind, State, Value
from service.core.telling.timing import Numbers
from service.language import criteria
from service.language.predicate import Predicate
from service.language.tree import Compare, Operator, Probe

START_MS: Final = 1_700_000_000_000 // 60_000 * 60_000
"""The full minute at which every test begins."""

OUTSIDER: Final = "zoe"
"""A user of every configuration; a human gives them records without asking any pool."""

MINUTE_MS: Final = 60_000
FIRINGS: Final = 1_000
"""Timers that go off more often than this within one instant will never come to rest."""

_event_numbers = itertools.count(1)


def absent(reason: AbsenceReason) -> Person:
    """Somebody who is not there, until something else is said."""
    gone = Absence(is_absent=True)
    return {"away": Person(presence=gone), "off_shift": Person(shift=gone), "leave": Person(leave=gone)}[reason]


def target(text: str | None) -> Target | None:
    """`pool:sales` or `user:ann`; a name alone is a person."""
    if text is None:
        return None
    kind, colon, name = text.partition(":")
    return Target(kind, name) if colon else Target("user", kind)  # type: ignore[arg-type]  # tests name real kinds


def event(kind: RecordEventKind, record: str = "lead/1", owner: str | None = None, **more: Any) -> RecordEvent:
    """An event with an id of its own about a record with no fields."""
    record_type, _, record_id = record.partition("/")
    more = {"id": f"event-{next(_event_numbers)}", "facts": {}} | more
    if kind in OFFER_KINDS:
        more = {"offer": "some-offer"} | more
    return RecordEvent(kind=kind, record_type=record_type, record_id=record_id, owner=target(owner), **more)


def created(record: str = "lead/1", owner: str | None = None, **more: Any) -> RecordEvent:
    """The record came into being."""
    return event("created", record, owner, **more)


def owner_changed(record: str = "lead/1", owner: str | None = None, **more: Any) -> RecordEvent:
    """The CRM says that the record's owner is another one from now on."""
    return event("owner_changed", record, owner, **more)


def updated(record: str = "lead/1", owner: str | None = None, **more: Any) -> RecordEvent:
    """Some of the record's fields changed."""
    return event("updated", record, owner, **more)


def deleted(record: str = "lead/1", **more: Any) -> RecordEvent:
    """The record is gone."""
    return event("deleted", record, None, **more)


def closed(record: str = "lead/1", **more: Any) -> RecordEvent:
    """The CRM says in words that the record is closed from now on."""
    return event("updated", record, None, status="closed", **more)


def reopened(record: str = "lead/1", **more: Any) -> RecordEvent:
    """The same of a record that is open."""
    return event("updated", record, None, status="open", **more)


def pool(*members: str | Membership, id: str = "sales", record_type: str = "lead", **settings: Any) -> PoolSpec:
    """A pool of leads; a name is a member with weight 1 and no limit."""
    seated = tuple(Membership(member) if isinstance(member, str) else member for member in members)
    return PoolSpec(id, record_type, seated, **settings)


def config(*pools: PoolSpec, users: Sequence[User] = (), version: int = 1, **settings: Any) -> Config:
    """A configuration in which every member is a user, zoe is one in no pool, and `users` are as given."""
    known = {OUTSIDER: User(OUTSIDER)}
    known |= {member.person: User(member.person) for spec in pools for member in spec.members}
    known |= {user.id: user for user in users}
    return Config("main", version, users=known, pools={spec.id: spec for spec in pools}, **settings)


def predicate(criterion: str) -> Predicate:
    """A criterion as a configuration has it."""
    return Predicate(criterion, criteria.parse(criterion))


def planted(field: str, holds: Callable[[object], bool]) -> Predicate:
    """A criterion that asks a function of the test's, which may have a bug."""
    operator = Operator("planted", {}, lambda _: Probe("{0}({field})", (holds,)))
    return Predicate("planted", Compare((field,), operator, None))


def rules(*entries: Entry, record_type: str = "lead") -> Mapping[str, RuleSet]:
    """The active rule set of one record type."""
    return {record_type: RuleSet("inbound", record_type, entries)}


def switch(state: State, given: Config, now_ms: int) -> Verdict:
    """All steps of a switch together."""
    changes: dict[Kind, dict[str, Value | None]] = {}
    for step in membership.switch_steps(state, given, now_ms):
        for kind, fields in step.changes().items():
            changes.setdefault(kind, {}).update(fields)
    return Verdict((membership.switched(given),), changes)


class Division:
    """A division under test. `decisions` is everything that was decided so far, in order; the id of a decision is its
    place in it.
    """

    def __init__(self, *pools: PoolSpec, users: Sequence[User] = (), **settings: Any) -> None:
        self.state = State()
        self.now_ms = START_MS
        self.decisions: list[Decision] = []
        self.users: Sequence[User] = users
        self.settings = settings
        self.config = Config("main")
        self.queues: set[str] = set()
        self.configure(*pools)

    def configure(self, *pools: PoolSpec, users: Sequence[User] | None = None, **settings: Any) -> None:
        """Switch to a new version with these pools; users and settings stay unless given."""
        self.users = self.users if users is None else users
        self.settings |= settings
        self.take_over(config(*pools, users=self.users, version=self.config.version + 1, **self.settings))

    def take_over(self, given: Config) -> None:
        """Switch to this configuration."""
        self.config = given
        self.queues |= {spec.id for spec in given.pools.values() if spec.is_queue}
        self._take(switch(self.state, self.config, self.now_ms))
        self._fire_timers()

    def send(self, sent: Event) -> tuple[Outcome, ...]:
        """Decide one event and return the outcomes; timers that fall due with it go off as well."""
        self._fire_timers()
        verdict = decide(sent, self.state, self.config, self.now_ms, self._numbers())
        self._take(verdict)
        self._fire_timers()
        return tuple(decision.outcome for decision in verdict.decisions)

    def create(self, record: str = "lead/1", owner: str | None = "pool:sales", **more: Any) -> Outcome:
        """A record is created, for the pool `sales` unless said otherwise; its one outcome."""
        (outcome,) = self.send(created(record, owner, **more))
        return outcome

    def give(self, record: str, owner: str | None, **more: Any) -> tuple[Outcome, ...]:
        """The owner is changed in the CRM."""
        return self.send(owner_changed(record, owner, **more))

    def delete(self, record: str, **more: Any) -> tuple[Outcome, ...]:
        """The record is deleted in the CRM."""
        return self.send(deleted(record, **more))

    def serve(self, *records: str) -> list[str]:
        """Create the records, in order, for the pool `sales`; who got each (empty: nobody)."""
        for record in records:
            self.create(record)
        return [self.record(record).owner for record in records]

    def away(self, person: str, *, until_minutes: int | None = None, off_shift: bool = False) -> None:
        """Somebody leaves, until so many minutes from now where that is known."""
        until_ms = None if until_minutes is None else self.now_ms + until_minutes * MINUTE_MS
        self.tell(person, "off_shift" if off_shift else "away", until_ms=until_ms)

    def accept(self, record: str, person: str, **more: Any) -> Outcome:
        """Somebody takes the record that is offered to them."""
        (outcome,) = self.send(event("accepted", record, person=person, **more))
        return outcome

    def decline(self, record: str, person: str, **more: Any) -> tuple[Outcome, ...]:
        """Somebody does not."""
        return self.send(event("declined", record, person=person, **more))

    def back(self, person: str) -> None:
        """Somebody is there again."""
        self.tell(person, "available")

    def tell(self, person: str, availability: str, **more: Any) -> None:
        """News of somebody, in an event with an id of its own."""
        self.send(MemberEvent(f"event-{next(_event_numbers)}", person, availability, **more))

    def later(self, *, minutes: int = 0, ms: int = 0) -> None:
        """Let time pass, timer by timer."""
        end = self.now_ms + minutes * MINUTE_MS + ms
        while upcoming := [timer.due_ms for timer in self.state.timers.values() if timer.due_ms <= end]:
            self.now_ms = max(self.now_ms, min(upcoming))
            self._fire_timers()
        self.now_ms = end

    def record(self, record: str = "lead/1") -> Record:
        """What is known of a record."""
        return self.state.records.get(record) or Record()

    def open_items(self, person: str, pool_id: str = "sales") -> int:
        """How many open items a member has in a pool."""
        return self.state.seats[f"{pool_id}/{person}"].open_items

    def last(self, record: str = "lead/1") -> Decision:
        """The latest decision about a record that did something."""
        return next(
            each for each in reversed(self.decisions) if each.record == record and not isinstance(each.outcome, Nothing)
        )

    def offer_of(self, record: str = "lead/1", person: str | None = None, *, back: int = 0) -> str:
        """The id of the decision that last offered the record, to this person if one is named; or so many before."""
        found = [
            str(number)
            for number, each in enumerate(self.decisions)
            if each.record == record
            and isinstance(each.outcome, Assigned)
            and each.outcome.accept_by_ms is not None
            and person in {None, each.outcome.owner}
        ]
        return found[-1 - back]

    def _numbers(self) -> Numbers:
        return Numbers(first=len(self.decisions))

    def _take(self, verdict: Verdict) -> None:
        self.state.apply(verdict.changes)
        self.decisions.extend(verdict.decisions)
        check_books(self.state, self.queues)

    def _fire_timers(self) -> None:
        for _ in range(FIRINGS):
            due = timers.due(self.state, self.now_ms)
            if not due:
                return
            self._take(timers.fire(due[0][1], self.state, self.config, self.now_ms, numbers=self._numbers()))
        raise AssertionError(f"timers never come to rest: {self.state.timers}")


def users(*names: str, **settings: Any) -> tuple[User, ...]:
    """Users of these names, all with the same settings."""
    return tuple(replace(User(name), **settings) for name in names)


def check_books(state: State, queues: Collection[str] = ()) -> None:
    """What must hold between any two decisions, whatever happened before. `queues`: all that there ever were.

    D26 D33 D46 The open items and clients that are counted are a recount of the records; nobody's is kept who has none.
    """
    for name, record in state.records.items():
        assert not (record.owner and record.parked), f"{name} has an owner and waits"
        assert not (record.deleted and record.parked), f"{name} is deleted and waits"
        assert record.owner or not (record.by_us or record.pool), f"{name} is held for nobody"
        is_counted = record.by_us or record.pool in queues
        assert is_counted or not record.pool, f"{name} counts in a pool and was neither given by us nor taken"
        assert record.parked == (name in state.parked), f"{name} and the waiting line disagree"
    living = {name: record for name, record in state.records.items() if not record.deleted}
    for name, record in state.records.items():
        is_open = name in living and not record.closed
        assert record.counted == bool(record.owner and is_open), f"{name} and the open items disagree"
        assert not (record.closed and record.parked), f"{name} is closed and waits"
        assert record.parked or f"ask/{name}" not in state.timers, f"{name} waits no more and is to be asked for"
    opened = {name: each for name, each in living.items() if not each.closed}
    assert {name for name, each in state.records.items() if each.sized} == state.sizes.keys(), "weights are beside"
    sizes = {name: state.sizes[name].size if name in state.sizes else 1 for name in opened}
    by_person: Counter[str] = Counter()
    owned: Counter[str] = Counter()
    for name, each in opened.items():
        if each.owner and sizes[name]:
            by_person[f"{name.partition('/')[0]}/{each.owner}"] += sizes[name]
            if each.pool:
                owned[f"{each.pool}/{each.owner}"] += sizes[name]
    counted = {field: each.open_items for field, each in state.open.items()}
    assert counted == by_person, "open items are not what they own"
    check_reservations(state)
    check_climbs(state)
    assert state.room.taken_bytes == sum(len(each.text) for each in state.fields.values())
    seats = {field: seat.open_items for field, seat in state.seats.items() if seat.open_items}
    assert seats == owned, "open items are not the records owned through the pool"
    for name in {field.partition("/")[0] for field in state.seats}:
        assert state.membership.open_in(name) == sum(n for field, n in owned.items() if field.startswith(f"{name}/"))
    assert all(parked.pool in queues for parked in state.parked.values() if parked.queued), "it lies in no queue"
    clients = Counter(
        f"{known.plan}/{state.records[name].owner}"
        for name, known in state.plans.items()
        if known.plan and not state.records[name].deleted
    )
    assert {field: each.clients for field, each in state.clients.items()} == clients, "clients are not the leads"
    waiting = Counter(parked.pool for parked in state.parked.values())
    assert {field: memory.waiting for field, memory in state.pools.items() if memory.waiting} == waiting
    for name in state.pools:
        check_members(name, state)


def check_reservations(state: State) -> None:
    """An offered record is an open item of whom it is offered to, and of nobody else; it has one timer (D50)."""
    kept = state.parked.keys() | state.reservations.keys()
    assert state.fields.keys() == kept, "fields are kept of what waits or is offered, and no others"
    timers = {name.removeprefix("offer/") for name in state.timers if name.startswith("offer/")}
    assert state.reservations.keys() == timers, "reservations and their timers disagree"
    assert state.reservations.keys() == state.offered_by.keys(), "of each it is known by which decision it was made"
    for name, record in state.records.items():
        assert record.offered == (name in state.reservations), f"{name} and its reservation disagree"
        assert record.handed == (name in state.handings), f"{name} and what is remembered of its offers disagree"
        assert not record.offered or (record.by_us and record.counted), f"{name} is offered and not an open item"
    reserved = {name: each.person for name, each in state.reservations.items()}
    assert reserved == {name: state.records[name].owner for name in reserved}, "a record is offered to who has it not"
    people = set(reserved.values())
    assert {name: person for person in people for name in state.reserved.of(person)} == reserved


def check_climbs(state: State) -> None:
    """What is on steps waits or is offered, and people are awaited by what waits alone (D56)."""
    assert state.climbs.keys() <= state.parked.keys() | state.reservations.keys(), "nobody is asked for it any more"
    awaited = {(person, name) for name, climb in state.climbs.items() for person in climb.awaited}
    assert {name for _, name in awaited} <= state.parked.keys(), "it waits for nobody"
    assert state.awaiting._lines.keys() == {person for person, _ in awaited}
    for person in state.awaiting._lines:
        names = [name for each, name in awaited if each == person]
        ordered = sorted(names, key=lambda name: (-state.parked[name].score, state.parked[name].since_ms, name))
        assert list(state.awaiting.of(person)) == ordered, f"what waits for {person} is not in its order"
        assert state.awaiting.count(person) == len(ordered)
    timers = {name.removeprefix("step/") for name in state.timers if name.startswith("step/")}
    assert timers <= state.climbs.keys() & state.parked.keys(), "it reaches no further step"


def check_members(name: str, state: State) -> None:
    """The index of members says what the seats say, and in joining order."""
    taken = {field: seat.joined for field, seat in state.seats.items() if field.startswith(f"{name}/") and seat.joined}
    members = [f"{name}/{person}" for person in state.membership.members(name)]
    assert [taken[field] for field in members] == sorted(taken.values()), f"the members of {name} are not its seats"
    assert all(name in state.membership.pools_of(field.removeprefix(f"{name}/")) for field in members)


def turns_of(decisions: Sequence[Decision], pool_id: str = "sales") -> list[int]:
    """The pool's turn numbers in the order in which they were used."""
    return [
        decision.outcome.turn
        for decision in decisions
        if isinstance(decision.outcome, Assigned) and decision.outcome.pool == pool_id
    ]
