"""What the workers have to do: CRM events of several divisions, made from a seed, with everything that may come along.

New records with and without an owner, leads that come into plans by tools and offers, changes of owner to people and
pools, updates, records that are closed, opened again, converted and merged, deletions, repetitions, people who leave
and come back, one of whom works in shifts, a pool whose only member is often away, pools with limits, with people who
are to accept, and with escalations, targets with steps, what people answer, and bytes that nobody can read. Fields are
filled and emptied and steps marked, and what workflows ask for is done, or fails, or both is told of one action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

import orjson

from service.wire.messages import Message
from service.wire.topics import Topics
from tests.survival.documents import DIVISIONS, PEOPLE

BROKEN: Final = (b"{", b"[]", b'{"type": "crm.record.created.v1"}', b'{"type": "of.nobody", "id": "x"}', b"\xff\xfe")
NOTHING: Final[Mapping[str, Any]] = {}
KNOWN_RECORDS: Final = 400
"""Only so many of the latest records are talked about again."""
RESULTS_MOST: Final = 4
"""Of so many of the latest actions the CRM says at once what became of them."""
ASKED_LATELY: Final = 40
"""So many of the latest records that people are asked to accept get answers."""


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
            self._marked: 5,
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

    def results(self, asked: Sequence[Message]) -> list[Message]:
        """What the CRM says to some of these actions that workflows asked for: done, failed, or simply what it did."""
        chosen = self._random.sample(list(asked), min(len(asked), self._random.randrange(RESULTS_MOST)))
        return [message for each in chosen for message in self._result(each)]

    def _result(self, asked: Message) -> Iterator[Message]:
        said, headers = orjson.loads(asked.value), dict(asked.headers)
        record = ((headers["ce_division"] or b"").decode(), said["record"]["type"], said["record"]["id"])
        if said["action"] == "set_field" and self._random.random() < 0.5:
            yield self._record_event("updated", record, {}, {"fields": {said["field"]: said["value"]}})
        elif said["action"] == "mark_step" and self._random.random() < 0.5:
            yield self._message("crm.step.marked.v1", record, {"process": said["process"], "step": said["step"]})
        word = self._random.choice(("done", "failed"))
        more = {"action": (headers["ce_id"] or b"").decode()} | ({"reason": "locked"} if word == "failed" else {})
        yield self._message(f"crm.action.{word}.v1", record, more)

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
        actor = {"id": self._random.choice(PEOPLE)}
        return self._record_event("owner_changed", record, {"owner": self._random.choice(owners), "actor": actor})

    def _updated(self) -> Message:
        return self._record_event("updated", self._any_record(), {})

    def _marked(self) -> Message:
        """A step, or that it is so no more."""
        step, marked = self._random.choice(("found", "called")), self._random.random() < 0.8
        return self._about("crm.step.marked.v1", {"process": "hunt", "step": step, "marked": marked})

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
        if self._random.random() < 0.3:
            fields["budget"] = self._random.choice((None, 0, 5))
        if self._random.random() < 0.5:
            fields["keeper"] = self._random.choice((*PEOPLE, "nobody", None))
        told = {"type": record_type, "id": name, "fields": fields, **of_record}
        said = {"division": division, "record": told, **more}
        key = f"{division}/{record_type}/{name}".encode()
        return Message(self._records_topic, key, self._event(event_type, said))

    def _event(self, event_type: str, said: dict[str, Any]) -> bytes:
        self.made += 1
        return orjson.dumps({"type": event_type, "id": f"e{self.made}", "source": "survival", **said})
