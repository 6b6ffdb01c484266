"""What the workers have to do: CRM events of several divisions, made from a seed, with everything that may come along.

New records with and without an owner, leads that come into plans by tools and offers, changes of owner to people and
pools, updates, records that are closed, opened again, converted and merged, deletions, repetitions, people who leave
and come back, one of whom works in shifts, a pool whose only member is often away, pools with limits, with people who
are to accept, and with escalations, targets with steps, what people answer, and bytes that nobody can read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson
import yaml

from service.wire.messages import Message
from service.wire.topics import Topics

LANES: Final = 3
DIVISIONS: Final = ("main", "south", "east", "emea")
"""Every lane has one, and one lane has two."""
PEOPLE: Final = ("ann", "bob", "eve", "joe", "kim", "zoe")
BROKEN: Final = (b"{", b"[]", b'{"type": "crm.record.created.v1"}', b'{"type": "of.nobody", "id": "x"}', b"\xff\xfe")
NOTHING: Final[Mapping[str, Any]] = {}
HOURS: Final = {"mon-sun": [f"{hour:02}:00-{hour:02}:30" for hour in range(4, 24)]}
"""Of one of them: every other half hour, so that some runs see a shift begin or end."""
OF_PEOPLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "kim": {"hours": HOURS},
    "ann": {"limits": [{"at_most": 15, "per": "10s", "types": ["lead"]}, {"at_most": 100_000, "per": "month"}]},
    "eve": {"zone": "America/Los_Angeles", "limits": [{"at_most": 100_000, "per": "day"}]},
}
"""Limits of people over all pools: windows that are full under load, and periods that are counted and never full."""
KNOWN_RECORDS: Final = 400
"""Only so many of the latest records are talked about again."""
ASKED_LATELY: Final = 40
"""So many of the latest records that people are asked to accept get answers."""


def configuration(division: str, generation: int = 0) -> dict[str, Any]:
    """A division's document. Each generation is new, with another circle of members, and so other decisions."""
    first = generation % 3
    circle = [*PEOPLE[first:5], *PEOPLE[:first]][:4]
    return {
        "division": division,
        "users": {name: dict(OF_PEOPLE.get(name, {})) for name in PEOPLE},
        "pools": {
            "sales": {"record_type": "lead", "members": circle},
            "deals": {"record_type": "deal", "members": [*map(busy, circle[::-1])], "strategy": "least_loaded"},
            "hotline": {
                "record_type": "lead",
                "members": [*circle],
                "accept_within": "3s",
                "hand_on": 1 + generation % 2,
                "ask_again": generation % 3 == 2,
                "escalate": {"after": "5s", "to": {"pool": "second"}},
            },
            "second": {
                "record_type": "lead",
                "members": [*map(busy, circle)],
                "accept_within": "2s",
                "hand_on": 2,
                "limits": [{"at_most": 20, "per": "10s"}],
                "nobody_eligible": {"fallback": {"pool": "lonely"}},
                "escalate": {"after": "20s", "to": {"user": "joe"}},
                "longest_wait": "4s",
            },
            "lonely": {"record_type": "lead", "members": ["zoe"], "drain_per_minute": 1_000 + generation},
        },
        "rule_sets": {"inbound": {"record_type": "lead", "active": True, "entries": stepped(generation)}},
        "tools": ["form"],
        "offers": ["gold", "silver"],
        "plans": {
            "spring": {"name": "Spring", "managers": circle[:2], "tools": ["form"], "offers": {"ordered": ["gold"]}},
            "dunning": {"name": "Dunning", "managers": [*circle], "offers": {"payment_failed": ["gold"]}},
            "care": {"name": "Care", "managers": circle[1:], "offers": {"paid": ["gold", "silver"]}, "mode": "linked"},
        },
        "defaults": {"lead": {"pool": "sales"}, "deal": {"pool": "deals"}},
    }


def stepped(generation: int) -> list[dict[str, Any]]:
    """Targets with steps, for about every third lead that nobody chose an owner for. Every other generation the waits
    of the first are others, so that it is another target.
    """
    first = [
        {"user": {"field": "keeper"}, "wait": "1s"},
        {"pool": "second", "wait": f"{2 + generation % 2}s", "skip_if": "nobody_present"},
        {"pool": "hotline", "wait": "2s"},
        {"user": "joe"},
    ]
    other = [
        {"pool": "lonely", "wait": "1s", "skip_if": "nobody_present"},
        {"user": "kim", "wait": "2s"},
        {"pool": "second", "wait": "3s"},
        {"pool": "hotline"},
    ]
    return [{"when": "score < 15", "target": first}, {"when": "score < 35", "target": other}]


def busy(person: str) -> dict[str, Any]:
    """A member with limits of their own."""
    return {"user": person, "limits": [{"at_most": 40, "open": True}, {"at_most": 4, "per": "2s"}]}


def write_configuration(directory: Path, generation: int = 0, divisions: Sequence[str] = DIVISIONS) -> Path:
    """A directory with the documents of these divisions."""
    directory.mkdir(parents=True, exist_ok=True)
    for division in divisions:
        (directory / f"{division}.yaml").write_text(yaml.safe_dump(configuration(division, generation)), "utf-8")
    return directory


class Load:
    """An endless row of events; the same for the same seed."""

    def __init__(self, topics: Topics, seed: int) -> None:
        self.made = 0
        self._random = Random(seed)
        self._records_topic, self._members_topic = topics.sources
        self._known: list[tuple[str, str, str]] = []
        self._latest: list[Message] = []
        self._asked_lately: list[tuple[str, str, str]] = []
        self._kinds: Mapping[Callable[[], Message], int] = {
            self._created: 60,
            self._owner_changed: 15,
            self._updated: 10,
            self._offered: 8,
            self._contacted: 3,
            self._asked: 12,
            self._answered: 24,
            self._closed: 8,
            self._reopened: 4,
            self._converted: 2,
            self._merged: 1,
            self._deleted: 3,
            self._repeated: 5,
            self._broken: 2,
            self._member_changed: 5,
            self._member_of_one_division_changed: 3,
        }

    def events(self, count: int) -> list[Message]:
        """The next events."""
        return [self._next() for _ in range(count)]

    def leads(self, count: int, divisions: Sequence[str] = DIVISIONS) -> list[Message]:
        """Nothing but new leads for each division's largest pool in turn: every one is an assignment."""
        return [self._create("lead", divisions[number % len(divisions)], {}) for number in range(count)]

    def _next(self) -> Message:
        (kind,) = self._random.choices(list(self._kinds), list(self._kinds.values()))
        message = kind()
        self._latest = [*self._latest[-20:], message]
        return message

    def _created(self) -> Message:
        record_type = self._random.choice(("lead", "lead", "deal"))
        owner = self._random.choice(("sales", "lonely", None, None) if record_type == "lead" else ("deals", None))
        more: dict[str, Any] = {"owner": {"kind": "pool", "id": owner}} if owner else {}
        more |= {"tool": "form"} if self._random.random() < 0.2 else {}
        return self._create(record_type, self._random.choice(DIVISIONS), more)

    def _create(self, record_type: str, division: str, more: dict[str, Any]) -> Message:
        record = (division, record_type, f"r{self.made}")
        self._known = [*self._known[-KNOWN_RECORDS:], record]
        return self._record_event("created", record, {"channel": "api", **more})

    def _asked(self) -> Message:
        """A lead that somebody is to accept."""
        owner = {"kind": "pool", "id": self._random.choice(("hotline", "hotline", "second"))}
        message = self._create("lead", self._random.choice(DIVISIONS), {"owner": owner})
        self._asked_lately = [*self._asked_lately[-ASKED_LATELY:], self._known[-1]]
        return message

    def _answered(self) -> Message:
        """Somebody accepts one or declines it. Who it is offered to nobody here knows: one of four is."""
        record = self._random.choice(self._asked_lately) if self._asked_lately else self._any_record()
        word = self._random.choice(("accepted", "declined"))
        more = {"person": self._random.choice(PEOPLE)} | ({"reason": "no time"} if word == "declined" else {})
        return self._message(f"crm.assignment.{word}.v1", record, more)

    def _owner_changed(self) -> Message:
        record = self._any_record()
        pool = "sales" if record[1] == "lead" else "deals"
        owners = ({"kind": "user", "id": self._random.choice(PEOPLE)}, {"kind": "pool", "id": pool})
        return self._record_event("owner_changed", record, {"owner": self._random.choice(owners)})

    def _updated(self) -> Message:
        return self._record_event("updated", self._any_record(), {})

    def _offered(self) -> Message:
        """Two of three say when it happened, in whatever order."""
        happened = self._random.choice(("ordered", "payment_failed", "paid"))
        minute = self._random.randrange(180)
        told = {"time": f"2026-03-02T{minute // 60:02}:{minute % 60:02}:00Z"} if minute % 3 else {}
        return self._about(f"crm.offer.{happened}.v1", {"offer": self._random.choice(("gold", "silver")), **told})

    def _contacted(self) -> Message:
        return self._about("crm.record.contacted.v1", {"person": self._random.choice(PEOPLE)})

    def _closed(self) -> Message:
        return self._record_event("updated", self._any_record(), {}, {"status": "closed"})

    def _reopened(self) -> Message:
        return self._record_event("updated", self._any_record(), {}, {"status": "open"})

    def _converted(self) -> Message:
        """A lead becomes a deal; maybe it is none, or nobody has heard of it."""
        division, _, name = self._any_record()
        linked = {"linked": {"lead": {"type": "lead", "id": name}}}
        return self._record_event("created", (division, "deal", f"c{self.made}"), {"channel": "conversion"}, linked)

    def _merged(self) -> Message:
        return self._record_event("deleted", self._any_record(), {}, {"merged_into": self._any_record()[2]})

    def _deleted(self) -> Message:
        return self._record_event("deleted", self._any_record(), {})

    def _repeated(self) -> Message:
        return self._random.choice(self._latest) if self._latest else self._created()

    def _broken(self) -> Message:
        return Message(self._records_topic, f"broken/{self.made}".encode(), self._random.choice(BROKEN))

    def _member_changed(self) -> Message:
        person = self._random.choice((*PEOPLE, "zoe"))
        availability = self._random.choice(("away", "available", "available"))
        event = self._event("crm.member.changed.v1", {"person": person, "availability": availability})
        return Message(self._members_topic, person.encode(), event)

    def _member_of_one_division_changed(self) -> Message:
        """Among the records, so it has one outcome; what stands with the members has one in each lane."""
        person = self._random.choice(PEOPLE)
        availability = self._random.choice(("away", "available", "available"))
        said = {"division": self._random.choice(DIVISIONS), "person": person, "availability": availability}
        return Message(self._records_topic, person.encode(), self._event("crm.member.changed.v1", said))

    def _any_record(self) -> tuple[str, str, str]:
        return self._random.choice(self._known) if self._known else (DIVISIONS[0], "lead", "unheard-of")

    def _about(self, event_type: str, more: dict[str, Any]) -> Message:
        """Something about a record that is no change of the record itself."""
        return self._message(event_type, self._any_record(), more)

    def _record_event(
        self, kind: str, record: tuple[str, str, str], more: dict[str, Any], of_record: Mapping[str, Any] = NOTHING
    ) -> Message:
        return self._message(f"crm.record.{kind}.v1", record, more, of_record)

    def _message(
        self,
        event_type: str,
        record: tuple[str, str, str],
        more: dict[str, Any],
        of_record: Mapping[str, Any] = NOTHING,
    ) -> Message:
        division, record_type, name = record
        fields: dict[str, Any] = {"score": self._random.randrange(100)}
        if self._random.random() < 0.5:
            fields["keeper"] = self._random.choice((*PEOPLE, "nobody", None))
        told = {"type": record_type, "id": name, "fields": fields, **of_record}
        said = {"division": division, "record": told, **more}
        key = f"{division}/{record_type}/{name}".encode()
        return Message(self._records_topic, key, self._event(event_type, said))

    def _event(self, event_type: str, said: dict[str, Any]) -> bytes:
        self.made += 1
        return orjson.dumps({"type": event_type, "id": f"e{self.made}", "source": "survival", **said})
