"""A made-up CRM: its events, in the form in which ingest hands them to lanes, and its changing configuration.

Everything comes from the given random numbers. Ingest sends each source partition in order and forgets now and then
that it did: then whole stretches are sent again, as after a crash before the acknowledgement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from service.core.calendar import DAY_MINUTES, Block, WorkCalendar, WorkingTime
from service.core.configuration import Config, User
from service.core.entry_policy import EntryPolicy
from service.core.events import OFFER_KINDS, OfferKind, Target
from service.core.model import Label
from service.core.plan_facts import PlanFacts
from service.core.pool_spec import Membership, PoolSpec
from service.core.rule_sets import Entry, RuleSet
from service.core.traits import Trait, Traits
from service.core.workflow_specs import NO_WORKFLOWS, ProcessSpec, StepName, Workflows
from service.kafka.memory import MemoryBroker
from service.kafka.partitions import Place
from service.language.predicate import Predicate
from service.wire.lanes import lane_of
from service.wire.messages import Message
from service.wire.seals import sealed
from service.wire.topics import Topics
from tests.core.build import planted, predicate
from tests.core.directions import direction

PEOPLE: Final = ("ann", "bob", "cem", "dia", "eve", "fay")
POOLS: Final = ("sales", "partners", "late")
DIVISIONS: Final = ("main", "north", "south")
RECORDS_SOURCE: Final = "crm.records"
MEMBERS_SOURCE: Final = "crm.members"
SOURCE_PARTITIONS: Final = ((RECORDS_SOURCE, 0), (RECORDS_SOURCE, 1), (MEMBERS_SOURCE, 0))
PLANS: Final[Mapping[str, tuple[str, OfferKind]]] = {"spring": ("form", "payment_failed"), "care": ("chat", "paid")}
"""Each plan with the tool and the happening to offers that bring leads in."""
OFFERS: Final = ("gold", "silver")
HAPPENINGS: Final = (
    *("created",) * 5,
    *("owner_changed",) * 3,
    *("updated", "updated", "deleted", "contacted", "step_marked"),
    *OFFER_KINDS,
)
FOUND: Final = StepName("hunt", "found")
CALLED: Final = StepName("hunt", "called")
FLOWS: Final = Workflows(
    all={
        "budget": direction("budget", "lead", ("budget", "number"), FOUND, active=True),
        "note": direction("note", "lead", ("note", "text"), CALLED, "ask", active=True),
    },
    processes={"hunt": ProcessSpec("hunt", "lead", frozenset({FOUND.step, CALLED.step}))},
    fields={"lead": {"budget": "number", "note": "text"}},
)
"""A workflow in each direction."""
CITY: Final = Trait("skill", path="city")
"""Whoever gets the record knows its city."""
POISON: Final = (b"{", b"[1]", b'{"at":[0]}', b'{"record":{}}')
MINUTE_MS: Final = 60_000


def raises_on_boom(fact: object) -> bool:
    """A criterion with a planted bug."""
    if fact:
        raise ZeroDivisionError("planted")
    return True


@dataclass
class Crm:
    """Sources, ingest and configurations. `versions` are all configurations ever published, per division."""

    random: Random
    broker: MemoryBroker
    topics: Topics
    sources: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    acknowledged: dict[tuple[str, int], int] = field(default_factory=dict)
    versions: dict[str, list[Config]] = field(default_factory=dict)
    inputs_sent: int = 0

    def prepare(self, events: int) -> None:
        """Make all events there will be, and each division's first configuration."""
        for source in SOURCE_PARTITIONS:
            self.sources[source] = []
            self.acknowledged[source] = 0
        for number in range(events):
            self._make_event(number)
        for division in DIVISIONS:
            self.versions[division] = []
            self.publish_configuration(division)

    @property
    def is_sent(self) -> bool:
        """Whether ingest has acknowledged everything."""
        return all(self.acknowledged[source] == len(sent) for source, sent in self.sources.items())

    def positions(self, topic: str) -> list[str]:
        """All source positions of a topic."""
        return [
            f"0/{name}/{partition}/{offset}"
            for (name, partition), sent in self.sources.items()
            if name == topic
            for offset in range(len(sent))
        ]

    def ingest(self, *, is_forgetful: bool) -> None:
        """Send the next few events of one source partition; sometimes without acknowledging, sometimes from before."""
        source = self.random.choice(SOURCE_PARTITIONS)
        events, start = self.sources[source], self.acknowledged[source]
        if is_forgetful and self.random.random() < 0.1:
            start = self.random.randint(0, start)
        end = min(len(events), start + self.random.randint(1, 10))
        for offset in range(start, end):
            self._send(source, offset)
        if not is_forgetful or self.random.random() < 0.8:
            self.acknowledged[source] = max(end, self.acknowledged[source])

    def poison(self) -> None:
        """Something foreign gets into a lane's input."""
        lane = self.random.randrange(self.broker.lanes)
        self.broker.write(Place(self.topics.events, lane), [Message("", b"", self.random.choice(POISON))])

    def redrive(self) -> None:
        """An operator sends a dead letter again, perhaps one that was sent again before, perhaps twice."""
        records = self.broker.records(self.topics.dead_letters)
        letters = [each.value for each in records if dict(each.headers)["dead_letter_reason"] == b"decide_raised"]
        for _ in range(self.random.choice((1, 1, 2)) if letters else 0):
            content = json.loads(self.random.choice(letters))
            _, topic, partition, _ = content["at"]
            source = self.sources[topic, partition]
            again = {"at": (0, topic, partition, len(source)), "redriven": content.get("redriven", content["at"])}
            del content["seal"]
            source.append(sealed(json.dumps(content | again).encode()))

    def publish_configuration(self, division: str) -> None:
        """The division's next version: members and pools come, go and change places."""
        version = len(self.versions[division]) + 1
        pools = {name: self._pool(name) for name in POOLS if name == "sales" or self.random.random() < 0.7}
        entries = (
            Entry("oslo", Target("pool", "partners"), (*self._bug(), predicate("city equals Oslo"))),
            Entry("found", Target("pool", "sales"), (predicate("score equals 3"),), requires=(CITY,)),
            Entry("others", Target("pool", "sales")),
        )
        users = {name: self._user(name) for name in PEOPLE if self.random.random() < 0.95}
        if self.random.random() < 0.8:
            pools |= {name: self._plan(name, *brought) for name, brought in PLANS.items()}
        config = Config(
            division,
            version,
            f"label{version}",
            users=users,
            pools=pools,
            rule_sets={"lead": RuleSet("inbound", "lead", entries)},
            offers=dict.fromkeys(OFFERS, ""),
            closed_when={"lead": predicate("score equals 4")} if version % 2 else {},
            workflows=FLOWS if version % 3 else NO_WORKFLOWS,
        )
        self.versions[division].append(config)

    def _user(self, name: str) -> User:
        """Somebody who works always, or in shifts of minutes, and may speak the language of Oslo.

        By chances of their own, so that those of all else are the same for a seed whoever works when.
        """
        chances = Random(f"{self.random.getstate()[1][0]}/{name}")
        time, start = None, chances.randrange(10)
        if chances.random() < 0.4:
            length = chances.randint(1, 8)
            week = (Block(day, at, at + length) for day in range(7) for at in range(start, DAY_MINUTES, 10))
            time = WorkingTime(WorkCalendar("UTC", tuple(week)))
        skills: Traits = {("skill", "oslo"): 1} if chances.random() < 0.7 else {}
        return User(name, roles=frozenset({"reassign"}), time=time, traits=skills)

    def _bug(self) -> Sequence[Predicate]:
        """A mistake that half of the versions have; where it is mended, dead letters can be decided after all."""
        return (planted("boom", raises_on_boom),) if self.random.random() < 0.5 else ()

    def _pool(self, name: str) -> PoolSpec:
        members = self.random.sample(PEOPLE, self.random.randint(0 if name == "late" else 1, len(PEOPLE)))
        room = self.random.choice((None, 1, 2, 6))
        places = tuple(Membership(person, self.random.choice((1, 1, 2, 0.5)), room) for person in members)
        return PoolSpec(name, "contact" if name == "partners" else "lead", places, drain_per_minute=2)

    def _plan(self, name: str, tool: str, kind: OfferKind) -> PoolSpec:
        managers = self.random.sample(PEOPLE, self.random.randint(0, 3))
        facts = PlanFacts(
            tools=frozenset({tool}), offers={kind: frozenset(OFFERS)}, is_linked=name == "care", label=Label(name)
        )
        entry = EntryPolicy(catches_up=True)
        return PoolSpec(name, "lead", tuple(map(Membership, managers)), entry=entry, plan=facts)

    def _send(self, source: tuple[str, int], offset: int) -> None:
        value = self.sources[source][offset]
        found = json.loads(value)
        lanes: Sequence[int] = range(self.broker.lanes)
        if "record" in found:
            lanes = [lane_of(found.get("division", "main"), self.broker.lanes)]
        for lane in lanes:
            self.broker.write(Place(self.topics.events, lane), [Message("", b"", value)])
            self.inputs_sent += 1

    def _make_event(self, number: int) -> None:
        event = f"e{self.random.randint(0, number) if self.random.random() < 0.05 else number}"
        if self.random.random() < 0.1:
            source, content = (MEMBERS_SOURCE, 0), {"member": self._member(event, number)}
        else:
            record = self.random.randrange(30)
            source, content = (RECORDS_SOURCE, record % 2), {"record": self._record(event, record)}
            division = self.random.choice(DIVISIONS)
            content |= {} if division == "main" else {"division": division}  # type: ignore[dict-item]  # see below
        at = (0, *source, len(self.sources[source]))
        value = json.dumps({"at": at, "origin": (event, "crm", "", ""), **content}).encode()
        self.sources[source].append(sealed(value))

    def _member(self, event: str, number: int) -> Mapping[str, object]:
        member = {"id": event, "person": self.random.choice(PEOPLE)}
        if self.random.random() < 0.6:
            return {**member, "availability": self.random.choice(("available", "leave_ended"))}
        until = {"until_ms": START_MS + self.random.randrange(30 * MINUTE_MS)} if self.random.random() < 0.7 else {}
        begins = {"begins_ms": START_MS + self.random.randrange(30 * MINUTE_MS)} if self.random.random() < 0.3 else {}
        return {**member, "availability": self.random.choice(("away", "off_shift", "leave")), **until, **begins}

    def _record(self, event: str, number: int) -> Mapping[str, object]:
        kind = self.random.choice(HAPPENINGS)
        facts: dict[str, object] = {"city": self.random.choice(("Oslo", "Rome")), "score": self.random.randrange(5)}
        if self.random.random() < 0.3:
            facts["boom"] = True
        if self.random.random() < 0.3:
            facts["budget"] = self.random.choice((None, 0, 5))
        owner = self.random.choice(
            (None, None, ("pool", "sales"), ("pool", "sales"), ("pool", "late"), ("pool", "gone"), ("user", "ann"))
        )
        record_type = "contact" if number % 7 == 0 else "lead"
        record: dict[str, object] = {
            "kind": kind,
            "id": event,
            "record_type": record_type,
            "record_id": str(number),
            "facts": facts,
        }
        if owner is not None and kind != "deleted":
            record["owner"] = dict(zip(("kind", "id"), owner, strict=True))
        if kind in OFFER_KINDS:
            record["offer"] = self.random.choice(OFFERS)
            record["time_ms"] = START_MS + self.random.randrange(30) * MINUTE_MS
        elif kind == "contacted":
            record["person"] = self.random.choice(PEOPLE)
        elif kind == "step_marked":
            record |= {"step": self.random.choice((FOUND, CALLED)), "marked": self.random.random() < 0.7}
        elif self.random.random() < 0.2:
            record["tool"] = self.random.choice(("form", "chat", "unknown"))
        if self.random.random() < 0.25:
            record["status"] = self.random.choice(("closed", "closed", "open"))
        if kind == "created" and record_type == "contact" and self.random.random() < 0.5:
            record["channel"] = "conversion"
            facts["lead"] = {"id": str(self.random.randrange(30))}
        return record


START_MS: Final = 1_700_000_000_000
"""When every simulation begins."""
