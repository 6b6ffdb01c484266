"""Any history of events: a model of what the CRM did says what must never be untrue.

The model knows nothing of turns. It follows who a record belongs to by the CRM's own word, and checks after each step
that the division's books balance, that a human's choice stands, and that a creation is decided once.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from service.core.configuration import User
from service.core.decide import decide
from service.core.events import (
    Event,
    MemberEvent,
    RecordEvent,
    RecordStatus,
    Target,
)
from service.core.model import (
    Assigned,
    Nothing,
    Outcome,
    Rejected,
    Released,
)
from service.core.pool_spec import Membership
from service.core.record import Record
from service.core.rule_sets import Entry
from service.core.state import KINDS
from service.core.tracking import recall
from tests.core.build import (
    OUTSIDER,
    Division,
    created,
    deleted,
    owner_changed,
    pool,
    predicate,
    rules,
    turns_of,
    updated,
)

EVENT_NUMBERS = itertools.count(1)
RECORDS = st.sampled_from(["lead/1", "lead/2", "lead/3", "contact/1"])
OWNERS = st.one_of(
    st.none(),
    st.sampled_from(["ann", "bob", "cat", OUTSIDER, "ghost"]),
    st.sampled_from(["pool:sales", "pool:other", "pool:nowhere", "queue:hot", "pool:hot", "queue:other"]),
)
ACTORS = st.sampled_from([None, "ann", OUTSIDER, "kate"])
STATUSES = st.sampled_from([None, None, "open", "closed"])
FACTS = st.sampled_from([{}, {"country": "DE"}, {"country": "FR"}, {"country": "DE", "score": 50}])
GERMAN = predicate("country equals DE")
MEMBERS = st.sampled_from(["ann", "bob", "cat"])
NARROWED = st.sampled_from([None, None, GERMAN])
MOVING = rules(
    Entry("german", Target("pool", "other"), (GERMAN,), on=frozenset({"created", "updated"}), reassign="always"),
    Entry("french", Target("queue", "hot"), (predicate("country equals FR"),), on=frozenset({"updated"})),
)
SEATED = st.lists(
    st.builds(Membership, MEMBERS, st.sampled_from([1.0, 2.0]), st.sampled_from([None, 1, 2]), NARROWED),
    max_size=3,
    unique_by=lambda member: member.person,
)


@dataclass
class Told:
    """What the CRM has told of one record: its newest version, the owner with the version that named them, and who was
    named at last, whether they could have it or not.
    """

    version: int = 0
    owner: Target | None = None
    named: Target | None = None
    owner_version: int = 0
    refused: Target | None = None
    is_created: bool = False
    is_deleted: bool = False
    is_closed: bool = False
    status_version: int = 0

    def hear(self, event: RecordEvent, users: Collection[str]) -> None:
        """News replace older news; what is newer than a deletion brings the record back, with the owner it had, if that
        is still one of the users.
        """
        assert event.version is not None
        if event.status is not None and event.version >= self.status_version:
            self.is_closed, self.status_version = event.status == "closed", event.version
        is_beginning = event.kind == "created" and not self.is_created
        tells_owner = event.owner is not None or event.kind == "owner_changed" or (is_beginning and not self.is_deleted)
        tells_owner = tells_owner and not self._is_first_days(event)
        if event.kind == "deleted":
            if event.version >= self.version:
                self.version, self.is_deleted = event.version, True
            return
        if tells_owner and event.version >= self.owner_version:
            self.owner_version = event.version
            if not self._is_named_already(event):
                self.owner = self.named = event.owner
                if event.owner == self.refused:
                    self.owner = None
                else:
                    self.refused = None
        if self.is_deleted and event.version > self.version:
            self.is_deleted = False
            if not tells_owner and self.owner is not None and self.owner.id not in users:
                self.owner = None
        if not self.is_deleted:
            self.version = max(self.version, event.version)

    def _is_first_days(self, event: RecordEvent) -> bool:
        """A creation that is told again tends to name the pool or queue of the first day, which is no news."""
        is_again = event.kind == "created" and self.is_created and not self.is_deleted
        return is_again and event.owner is not None and event.owner.kind != "user" and event.owner != self.owner

    def _is_named_already(self, event: RecordEvent) -> bool:
        """Whoever is named at last stands in every event; it is a choice where it is one, or brings the record back."""
        return event.kind != "owner_changed" and event.owner == self.named and not self.is_deleted

    def refuse(self) -> None:
        """What was told is nobody's choice, also when it is told again."""
        self.refused, self.owner = self.owner, None


class RecordLives(RuleBasedStateMachine):
    """A CRM with four records, three people, two pools and a queue; events may be repeated or come late.

    `kate` alone may give records away; rules move German leads to one pool whenever they become German.
    """

    def __init__(self) -> None:
        super().__init__()
        self.division = Division(
            pool("ann", "bob", drain_per_minute=2),
            pool("cat", id="other"),
            pool("ann", "cat", id="hot", strategy="take"),
            users=[User("kate", roles=frozenset({"reassign"}))],
            rule_sets=MOVING,
        )
        self.versions: dict[str, int] = defaultdict(int)
        self.sent: list[RecordEvent] = []
        self.held_back: list[RecordEvent] = []
        self.crm: dict[str, Told] = defaultdict(Told)

    def _next(self, record: str) -> int:
        self.versions[record] += 1
        return self.versions[record]

    def _send(self, event: Event) -> None:
        """Decide, and see on the way that deciding is pure."""
        division = self.division
        before = deepcopy([dict(division.state.of_kind(kind)) for kind in KINDS])
        once = decide(event, division.state, division.config, division.now_ms)
        after = [division.state.of_kind(kind) for kind in KINDS]
        assert before == after, "deciding changed the state"
        again = decide(event, division.state, division.config, division.now_ms)
        assert (once.decisions, once.changes) == (again.decisions, again.changes)
        is_ours = isinstance(event, RecordEvent) and self._is_ours(event)
        outcomes = division.send(event)
        if isinstance(event, RecordEvent):
            self.sent.append(event)
            assert outcomes, "an event must have an outcome"
            self.crm[event.record].hear(event, division.config.users)
            if is_ours:
                self.crm[event.record].owner = None
            elif any(_is_no_choice(outcome) for outcome in outcomes):
                self.crm[event.record].refuse()
            if event.kind == "created":
                self.crm[event.record].is_created = division.record(event.record).created

    def _is_ours(self, event: RecordEvent) -> bool:
        """Whether the CRM tells us a choice of ours."""
        record = self.division.record(event.record)
        ours = {*record.outstanding, record.owner if record.by_us else ""}
        return event.owner is not None and event.owner.kind == "user" and event.owner.id in ours

    @rule(record=RECORDS, owner=OWNERS, facts=FACTS)
    def record_is_created(self, record: str, owner: str | None, facts: dict[str, object]) -> None:
        self._send(created(record, owner, version=self._next(record), facts=facts))

    @rule(record=RECORDS, owner=OWNERS, actor=ACTORS)
    def owner_is_changed(self, record: str, owner: str | None, actor: str | None) -> None:
        self._send(owner_changed(record, owner, version=self._next(record), actor=actor))

    @rule(record=RECORDS, facts=FACTS, status=STATUSES)
    def fields_are_changed(self, record: str, facts: dict[str, object], status: RecordStatus | None) -> None:
        self._send(updated(record, version=self._next(record), facts=facts, status=status))

    @rule(record=RECORDS)
    def record_is_deleted(self, record: str) -> None:
        self._send(deleted(record, version=self._next(record)))

    @rule(record=RECORDS)
    def crm_applies_our_assignment(self, record: str) -> None:
        owner = self.division.record(record).owner
        if owner and not self.division.record(record).deleted:
            was_ours = self.division.record(record).by_us
            self._send(owner_changed(record, f"user:{owner}", version=self._next(record)))
            assert self.division.record(record).by_us == was_ours

    @rule(record=RECORDS, owner=OWNERS, status=STATUSES, data=st.data())
    def event_is_held_back(self, record: str, owner: str | None, status: RecordStatus | None, data: Any) -> None:
        """Its version is taken now, and it comes later."""
        make = data.draw(st.sampled_from([created, owner_changed, updated]))
        self.held_back.append(make(record, owner, version=self._next(record), status=status))

    @precondition(lambda self: self.held_back)
    @rule(data=st.data())
    def event_comes_late(self, data: Any) -> None:
        late = self.held_back.pop(data.draw(st.integers(0, len(self.held_back) - 1)))
        self._send(late)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def event_is_repeated(self, data: Any) -> None:
        """The very same event, from among the latest: nothing may change."""
        again = data.draw(st.sampled_from(self.sent[-4:]))
        before = self.division.record(again.record)
        outcomes = self.division.send(again)
        assert all(isinstance(outcome, Nothing) for outcome in outcomes), outcomes
        assert self.division.record(again.record) == before

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def event_is_repeated_under_another_id(self, data: Any) -> None:
        """A producer that numbers its attempts: the newest news of a record, told again, use no turn.

        Unless they are news of fields: rules that are asked on updates may have changed in between.
        """
        again = data.draw(st.sampled_from(self.sent[-4:]))
        turns = len(turns_of(self.division.decisions, "sales")) + len(turns_of(self.division.decisions, "other"))
        record = self.division.record(again.record)
        is_newest = again.version is not None and record.told_version == again.version
        if record.by_us and is_newest and again.kind != "updated":
            self.division.send(replace(again, id="again"))
            after = len(turns_of(self.division.decisions, "sales")) + len(turns_of(self.division.decisions, "other"))
            assert after == turns

    @rule(person=st.one_of(MEMBERS, st.just("ghost")), minutes=st.sampled_from([None, 0, 3]))
    def person_goes_away(self, person: str, minutes: int | None) -> None:
        until_ms = None if minutes is None else self.division.now_ms + minutes * 60_000
        self._send(MemberEvent(f"event-{next(EVENT_NUMBERS)}", person, "away", until_ms))

    @rule(person=MEMBERS)
    def person_is_back(self, person: str) -> None:
        self._send(MemberEvent(f"event-{next(EVENT_NUMBERS)}", person, "available"))

    @rule(minutes=st.integers(0, 5))
    def time_passes(self, minutes: int) -> None:
        self.division.later(minutes=minutes)

    @rule(
        sales=SEATED,
        other=st.one_of(st.none(), SEATED),
        other_type=st.sampled_from(["lead", "contact"]),
        hot=st.one_of(st.none(), SEATED),
        strategy=st.sampled_from(["take", "take", "round_robin"]),
    )
    def configuration_is_switched(
        self,
        sales: list[Membership],
        other: list[Membership] | None,
        other_type: str,
        hot: list[Membership] | None,
        strategy: str,
    ) -> None:
        specs = [pool(*sales, drain_per_minute=2)]
        if hot is not None:
            specs.append(pool(*hot, id="hot", strategy=strategy))
        if other is not None:
            specs.append(pool(*other, id="other", record_type=other_type))
        self.division.configure(*specs)

    @invariant()
    def sequences_strictly_grow(self) -> None:
        latest: dict[str, int] = defaultdict(int)
        for decision in self.division.decisions:
            if not isinstance(decision.outcome, Nothing):
                assert decision.sequence == latest[decision.record] + 1
                latest[decision.record] = decision.sequence

    @invariant()
    def turns_have_no_gap(self) -> None:
        for name in ("sales", "other"):
            turns = turns_of(self.division.decisions, name)
            assert turns == list(range(1, len(turns) + 1))

    @invariant()
    def an_owner_is_released_before_the_next_is_assigned(self) -> None:
        held: dict[str, str] = {}
        for decision in self.division.decisions:
            if isinstance(decision.outcome, Assigned):
                assert decision.record not in held, f"{decision.record} has two owners"
                held[decision.record] = decision.outcome.owner
            elif isinstance(decision.outcome, Released):
                assert held.pop(decision.record, "") == decision.outcome.previous
        living = {name: record for name, record in self.division.state.records.items() if not record.deleted}
        told = {name: record for name, record in living.items() if record.by_us and not record.owed}
        assert held == {name: record.owner for name, record in told.items()}

    @invariant()
    def a_humans_choice_stands(self) -> None:
        """The newest owner the CRM named is a person: they have the record, whatever came late or twice."""
        for name, told in self.crm.items():
            assert self.division.record(name).deleted == told.is_deleted
            if told.owner is not None and told.owner.kind == "user" and not told.is_deleted:
                assert self.division.record(name).owner == told.owner.id, f"{name} was given to {told.owner.id}"

    @invariant()
    def a_record_is_closed_as_it_was_last_told(self) -> None:
        """By the order of the tellings themselves; what is closed waits nowhere and is nobody's open item."""
        for name, told in self.crm.items():
            assert self.division.record(name).closed == told.is_closed

    @invariant()
    def nobody_waits_while_somebody_could_take(self) -> None:
        """A record waits only for a reason: a timer is set, or each member is away, full, or not for it."""
        for record, parked in self.division.state.parked.items():
            spec = self.division.config.pools.get(parked.pool)
            if f"drain/{parked.pool}" not in self.division.state.timers:
                assert spec is not None, f"{record} waits in {parked.pool}, which is gone"
                assert spec.is_queue == parked.queued, f"{record} waits in {parked.pool} as if it were no queue"
                for member in spec.members if not spec.is_queue else ():
                    assert not self._could_take(member, record), f"{member.person} could take {record}"

    def _could_take(self, member: Membership, record: str) -> bool:
        division = self.division
        person = division.state.people.get(member.person)
        is_away = person is not None and not person.is_present
        is_full = member.max_open is not None and self._open_items(member.person, record) >= member.max_open
        facts = recall(division.record(record).facts)
        return not (is_away or is_full) and (member.domain is None or member.domain.test(facts, division.now_ms))

    def _open_items(self, person: str, record: str) -> int:
        """Whoever gave them: the open records of the same type that somebody has (D26)."""
        kind = record.partition("/")[0]
        has = [name for name, each in self.division.state.records.items() if each.owner == person and is_open(each)]
        return sum(name.partition("/")[0] == kind for name in has)


def is_open(record: Record) -> bool:
    """Whether somebody who has it has something to do."""
    return not (record.closed or record.deleted)


def _is_no_choice(outcome: Outcome) -> bool:
    """The CRM confirms our own choice, or tells of one that is refused."""
    match outcome:
        case Nothing(reason="echo") | Rejected(reason="not_a_member"):
            return True
        case _:
            return False


pytestmark: Final = pytest.mark.timeout(300)
RecordLives.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestRecordLives = RecordLives.TestCase
