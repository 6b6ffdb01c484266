"""A made-up CRM: its events, in the form in which ingest hands them to lanes, and its changing configuration.

Everything comes from the given random numbers. Ingest sends each source partition in order and forgets now and then
that it did: then whole stretches are sent again, as after a crash before the acknowledgement. People of the CRM read
what is published, and answer what they are to accept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from service.core.configuration import Config
from service.core.events import OFFER_KINDS
from service.kafka.memory import MemoryBroker
from service.kafka.partitions import Place
from service.wire.lanes import lane_of
from service.wire.messages import Message
from service.wire.seals import sealed
from service.wire.topics import Topics
from tests.simulation.floor import OFFERS, PEOPLE, Floor
from tests.simulation.flows import CALLED, FOUND, MINUTE_MS

DIVISIONS: Final = ("main", "north", "south")
RECORDS_SOURCE: Final = "crm.records"
MEMBERS_SOURCE: Final = "crm.members"
SOURCE_PARTITIONS: Final = ((RECORDS_SOURCE, 0), (RECORDS_SOURCE, 1), (MEMBERS_SOURCE, 0))
HAPPENINGS: Final = (
    *("created",) * 5,
    *("owner_changed",) * 3,
    *("updated", "updated", "deleted", "contacted", "step_marked"),
    *OFFER_KINDS,
)
POISON: Final = (b"{", b"[1]", b'{"at":[0]}', b'{"record":{}}')


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
    made: int = 0
    left: int = 0

    def prepare(self, events: int) -> None:
        """There will be so many events, answers not counted. Make each division's first configuration."""
        self.left = events
        for source in SOURCE_PARTITIONS:
            self.sources[source] = []
            self.acknowledged[source] = 0
        for division in DIVISIONS:
            self.versions[division] = []
            self.publish_configuration(division)

    @property
    def is_sent(self) -> bool:
        """Whether ingest has acknowledged everything there will be."""
        return not self.left and all(self.acknowledged[source] == len(sent) for source, sent in self.sources.items())

    def positions(self, topic: str) -> list[str]:
        """All source positions of a topic."""
        return [
            f"0/{name}/{partition}/{offset}"
            for (name, partition), sent in self.sources.items()
            if name == topic
            for offset in range(len(sent))
        ]

    def ingest(self, *, is_forgetful: bool) -> None:
        """Something happens in the CRM. Send the next few events of one source partition; sometimes without
        acknowledging, sometimes from before.
        """
        for _ in range(min(self.left, self.random.randint(0, 10))):
            self.left -= 1
            self._make_event(self.made)
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

    def answer(self) -> str:
        """Somebody accepts what was offered to them, or declines it; sometimes it is an old offer, or another's. What
        they said; empty: nothing was offered.
        """
        offered = [each for each in self.broker.records(self.topics.assignments)[-60:] if b'"accept_by"' in each.value]
        if not offered:
            return ""
        offer = self.random.choice(offered[-6:] if self.random.random() < 0.9 else offered)
        told, named = json.loads(offer.value), dict(offer.headers)
        person = told["owner"]["id"] if self.random.random() < 0.9 else self.random.choice(PEOPLE)
        word = self.random.choice(("accepted", "declined", "declined"))
        record = {"kind": word, "record_type": told["record"]["type"], "record_id": told["record"]["id"]}
        answered = {**record, "facts": {}, "person": person, "reason": "no time" if word == "declined" else ""}
        if self.random.random() < 0.7:
            answered["decision"] = told["decision"]
        self._write(answered, (named["ce_division"] or b"").decode(), f"e{self.made}")
        return word

    def fulfil(self) -> str:
        """The CRM does what a workflow asked for, tells that it did or could not, or both. The word of it; empty:
        nothing was asked for.
        """
        asked = self.broker.records(self.topics.workflow_actions)[-30:]
        if not asked:
            return ""
        action = self.random.choice(asked)
        said, named = json.loads(action.value), dict(action.headers)
        division, name = (named["ce_division"] or b"").decode(), (named["ce_id"] or b"").decode()
        record = {"record_type": said["record"]["type"], "record_id": said["record"]["id"], "facts": {}}
        word = self.random.choice(("action_done", "action_failed", "action_fulfilled"))
        if word != "action_fulfilled":
            self._write({**record, "kind": word, "action": name}, division, f"e{self.made}")
        elif said["action"] == "mark_step":
            step = {"kind": "step_marked", "step": (said["process"], said["step"])}
            self._write({**record, **step}, division, f"e{self.made}")
        elif said["action"] == "set_field":
            facts = {said["field"]: said["value"]}
            self._write({**record, "kind": "updated", "facts": facts}, division, f"e{self.made}")
        else:
            return ""
        return word

    def publish_configuration(self, division: str) -> None:
        """The division's next version: members and pools come, go and change places."""
        versions = self.versions[division]
        versions.append(Floor(self.random).configuration(division, len(versions) + 1))

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
            self._append((MEMBERS_SOURCE, 0), event, {"member": self._member(event, number)})
        else:
            record = self._record(self.random.randrange(30))
            self._write(record, self.random.choice(DIVISIONS), event)

    def _write(self, record: Mapping[str, object], division: str, event: str) -> None:
        """Something about a record, to where all of that record goes."""
        elsewhere = {} if division == DIVISIONS[0] else {"division": division}
        source = (RECORDS_SOURCE, int(str(record["record_id"])) % 2)
        self._append(source, event, {"record": {**record, "id": event}, **elsewhere})

    def _append(self, source: tuple[str, int], event: str, content: Mapping[str, object]) -> None:
        self.made += 1
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

    def _record(self, number: int) -> Mapping[str, object]:
        kind = self.random.choice(HAPPENINGS)
        facts = self._facts()
        owner = self.random.choice(
            (*(None,) * 4, *(("pool", "sales"),) * 2, ("pool", "late"), ("pool", "gone"), ("user", "ann"))
        )
        record_type = "contact" if number % 7 == 0 else "lead"
        record: dict[str, object] = {
            "kind": kind,
            "record_type": record_type,
            "record_id": str(number),
            "facts": facts,
        }
        if self.random.random() < 0.5:
            record["actor"] = self.random.choice(PEOPLE)
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

    def _facts(self) -> dict[str, object]:
        random = self.random
        facts: dict[str, object] = {"city": random.choice(("Oslo", "Rome")), "score": random.randrange(5)}
        facts["boom"] = random.random() < 0.6
        kept: Sequence[object] = (None, 7, *PEOPLE, "user:ann", "nobody")
        for name, values in (("size", (0, 1, 2)), ("budget", (None, 0, 5)), ("keeper", kept)):
            if random.random() < 0.4:
                facts[name] = random.choice(values)
        return facts


START_MS: Final = 1_700_002_000_000
"""When every simulation begins: a quarter of an hour before midnight in Berlin."""
