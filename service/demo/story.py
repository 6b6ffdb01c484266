"""A few thousand events of a made-up CRM, with everything that goes wrong in a real one.

The same number and seed give the same events, byte for byte. The story is told in scenes: before one begins, all that
came before it has been decided, so that an absence begins and ends at the same event in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

import orjson

from service.demo.people_and_firms import COUNTRIES, SOURCES, made_up_contact, made_up_firm
from service.wire.cloudevents import STRUCTURED_JSON, binary_message
from service.wire.messages import Message
from service.wire.topics import Topics

FEWEST_EVENTS: Final = 400
CRM: Final = "made-up-crm"
LUNCH_DEALS: Final = 12
LUNCH_OTHERS: Final = 18
HANDED_OVER: Final = 6
REPEATS_OF_LATEST: Final = 40
DEAL_EXECUTIVES: Final = ("hugo", "ines", "jonas")

CREATED: Final = "crm.record.created.v1"
UPDATED: Final = "crm.record.updated.v1"
OWNER_CHANGED: Final = "crm.record.owner_changed.v1"
MEMBER_CHANGED: Final = "crm.member.changed.v1"


class Sent(NamedTuple):
    """An event on its way. `elsewhere`: to another partition than its key's, as a careless sender might."""

    message: Message
    elsewhere: bool = False


Scene = list[Sent]


def story(events: int, seed: int, topics: Topics) -> Iterator[Scene]:
    """The scenes, together exactly `events` events (at least `FEWEST_EVENTS`)."""
    teller = _Teller(Random(seed), topics)  # noqa: S311  # made-up data, repeatable by its seed
    yield teller.ordinary(events // 4)
    yield [teller.presence("dirk", "away")]
    yield [*teller.unreadable(), *teller.not_allowed(), *teller.ordinary(events // 4)]
    yield [teller.presence("dirk", "available")]
    yield teller.ordinary(events // 8)
    yield [teller.presence(person, "off_shift") for person in DEAL_EXECUTIVES]
    yield teller.lunch()
    yield [teller.presence(person, "available") for person in DEAL_EXECUTIVES]
    yield teller.handed_over()
    yield teller.ordinary(events - teller.sent)


@dataclass
class _Teller:
    """Makes events one after the other and remembers what exists by now."""

    chance: Random
    topics: Topics
    sent: int = 0
    leads: list[str] = field(default_factory=list)
    latest: list[Sent] = field(default_factory=list)
    deals: int = 0

    def ordinary(self, count: int) -> Scene:
        """A working day: mostly new leads, some deals, some news, some repeats."""
        return [self._ordinary() for _ in range(count)]

    def lunch(self) -> Scene:
        """Deals come in while nobody is there to take them; leads as always."""
        scene = [self._deal() for _ in range(LUNCH_DEALS)] + [self._lead() for _ in range(LUNCH_OTHERS)]
        self.chance.shuffle(scene)
        return scene

    def handed_over(self) -> Scene:
        """Leads are given to a pool by somebody who may, and one by somebody who may not."""
        pool = {"kind": "pool", "id": "americas-inbound"}
        given = [self._owner_changed(lead, pool, "kate") for lead in self.chance.sample(self.leads, HANDED_OVER)]
        return [*given, self._owner_changed(self.leads[0], pool, "bela")]

    def presence(self, person: str, availability: str) -> Sent:
        """Somebody comes or goes."""
        data = {"person": person, "availability": availability}
        return self._binary(self.topics.sources[1], person, MEMBER_CHANGED, data)

    def unreadable(self) -> Scene:
        """What no schema can help: broken JSON, broken headers, a missing field, a type that nobody knows."""
        topic = self.topics.sources[0]
        version, created = ("ce_specversion", b"1.0"), ("ce_type", CREATED.encode())
        broken = [
            Message(topic, b"lead/half", b'{"type": "crm.record.created.v1", "record": {"type": "le'),
            Message(topic, b"lead/null", b"{}", (version, created, ("ce_source", None))),
            Message(topic, b"lead/latin", b"{}", (version, created, ("ce_source", b"Caf\xe9"))),
        ]
        self.sent += len(broken)
        broken.append(self._plain("lead/nameless", CREATED, {"record": {"type": "lead"}}))
        broken.append(self._plain("lead/L-1", "crm.record.archived.v1", {"record": {"type": "lead", "id": "L-1"}}))
        return [Sent(message) for message in broken]

    def not_allowed(self) -> Scene:
        """What can be read and must not be done: a wrong type for a pool, an unknown pool, a wrong way in."""
        wrong = [
            self._record("lead", "X-1", owner={"kind": "pool", "id": "deals"}),
            self._record("contact", "X-2", owner={"kind": "pool", "id": "emea-inbound"}),
            self._record("lead", "X-3", owner={"kind": "pool", "id": "apac-inbound"}),
            self._record("invoice", "X-4"),
            self._record("deal", "X-5", channel="capture_form"),
        ]
        return [self._created(record, data) for record, data in wrong]

    def _ordinary(self) -> Sent:
        roll = self.chance.random()
        choices: list[tuple[float, Callable[[], Sent]]] = [(0.74, self._lead), (0.90, self._deal), (0.96, self._news)]
        make = next((make for limit, make in choices if roll < limit), self._repeat)
        return make() if self.latest else self._lead()

    def _lead(self) -> Sent:
        chance, firm, number = self.chance, made_up_firm(self.chance), len(self.leads) + 1
        fields = {
            "name": made_up_contact(chance),
            "country": chance.choice(COUNTRIES),
            "source": chance.choice(SOURCES),
            "score": chance.randrange(100),
        }
        record, data = self._record(
            "lead", f"L-{number}", fields=fields, channel=chance.choice(("capture_form", "api"))
        )
        data["record"]["linked"] = {
            "account": {"id": firm.name, "fields": {"sector": firm.sector, "employees": firm.employees}}
        }
        if data["channel"] == "capture_form":
            data["owner"] = {"kind": "user", "id": "web-form"}
        self.leads.append(record)
        return self._created(record, data)

    def _deal(self) -> Sent:
        self.deals += 1
        fields = {"title": made_up_firm(self.chance).name, "value": self.chance.randrange(500, 50_000, 100)}
        channel = self.chance.choice(("detail_page", "conversion"))
        return self._created(*self._record("deal", f"D-{self.deals}", fields=fields, channel=channel))

    def _news(self) -> Sent:
        """A change of fields, or, now and then, a person who was chosen by hand."""
        lead = self.chance.choice(self.leads)
        if self.chance.random() < 0.2:
            return self._owner_changed(lead, {"kind": "user", "id": self.chance.choice(("ann", "elena"))}, "liam")
        record = {"type": "lead", "id": lead.partition("/")[2], "fields": {"score": self.chance.randrange(100)}}
        return self._binary(self.topics.sources[0], lead, UPDATED, {"record": record})

    def _repeat(self) -> Sent:
        """The same event once more, half of the time in another partition."""
        self.sent += 1
        return Sent(self.chance.choice(self.latest).message, elsewhere=self.chance.random() < 0.5)

    def _record(
        self, kind: str, name: str, *, fields: dict[str, Any] | None = None, channel: str = "api", **more: object
    ) -> tuple[str, dict[str, Any]]:
        """A record's name, and the data of an event about it."""
        return f"{kind}/{name}", {
            "record": {"type": kind, "id": name, "fields": fields or {}},
            "channel": channel,
            **more,
        }

    def _created(self, record: str, data: dict[str, Any]) -> Sent:
        """Three forms, as three senders would: binary, structured, and plain JSON."""
        form = self.chance.choice(("binary", "binary", "structured", "plain"))
        if form == "binary":
            sent = self._binary(self.topics.sources[0], record, CREATED, data)
        elif form == "plain":
            sent = Sent(self._plain(record, CREATED, data))
        else:
            event = {"specversion": "1.0", **self._attributes(CREATED), "data": data}
            content_type = ("content-type", STRUCTURED_JSON.encode())
            sent = Sent(Message(self.topics.sources[0], record.encode(), orjson.dumps(event), (content_type,)))
        self.latest = [*self.latest[1 - REPEATS_OF_LATEST :], sent]
        return sent

    def _owner_changed(self, record: str, owner: dict[str, str], actor: str) -> Sent:
        kind, _, name = record.partition("/")
        data = {"record": {"type": kind, "id": name}, "owner": owner, "actor": {"id": actor}}
        return self._binary(self.topics.sources[0], record, OWNER_CHANGED, data)

    def _binary(self, topic: str, key: str, kind: str, data: object) -> Sent:
        return Sent(binary_message(topic, key, self._attributes(kind), data))

    def _plain(self, key: str, kind: str, data: dict[str, Any]) -> Message:
        return Message(self.topics.sources[0], key.encode(), orjson.dumps({**self._attributes(kind), **data}))

    def _attributes(self, kind: str) -> dict[str, str]:
        self.sent += 1
        return {"id": f"{CRM}-{self.sent}", "source": CRM, "type": kind}
