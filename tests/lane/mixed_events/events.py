"""A made-up CRM: every kind of event there is, right ones and wrong ones, in the bytes in which a CRM sends them.

Everything comes from a seed and nothing from the product, neither a clock nor an answer: the same seed gives the same
bytes on every machine, whatever becomes of the program that reads them.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, NamedTuple

EVENTS: Final = 8_000
CROWD: Final = range(3_850, 3_970)
"""Shortly before the configuration changes."""
SWEPT_FROM: Final = 6_000
LEADS_OF: Final = (3, 5)
"""The first three of five records are leads."""
BLOCK: Final = 250
START_MS: Final = 1_772_316_000_000
MINUTE_MS: Final = 60_000

RECORDS_TOPIC: Final = "crm.records"
MEMBERS_TOPIC: Final = "crm.members"
PEOPLE: Final = ("ann", "bob", "cem", "dia", "eve", "fay", "gus", "hal", "kay", "nia", "elena", "hugo", "off", "zoe")
LIKELY: Final = {
    "lead": ("ann", "bob", "cem", "dia", "eve", "fay", "gus", "hal", "elena"),
    "contact": ("kay", "dia", "kay", "dia", "ann", "bob"),
    "deal": ("eve", "fay", "hugo", "nia"),
}
"""Who is chosen for such records most of the time: members of what they lie in, and the owners that they have."""
ACTORS: Final = (None, None, None, "kay", "lea", "kay", "lea", "bob", "kate", "ann", "nobody")
POOLS: Final = ("dach", "nordics", "sizes", "busy", "hot", "empty", "contacts", "deals", "big-deals", "fjord", "gone")
QUEUES: Final = ("hot", "desk", "desk", "dach", "gone")
CHANNELS: Final = ("detail_page", "import", "conversion", "api", "integration")
COUNTRIES: Final = ("DE", "AT", "CH", "FR", "SE", "NO", "US", "br", "", None)
SOURCES: Final = ("web", "phone", "partner", "old", "jam", "jam", "void", "Web", None)
DIVISIONS: Final = (None,) * 18 + ("main", "main", "north", "north", "north", "west")
KINDS: Final = ("created",) * 10 + ("updated",) * 6 + ("owner_changed",) * 8 + ("deleted", "offer")
REGIONS: Final = (
    None,
    False,
    7,
    "Nord",
    {"id": 7, "display_name": "Nord", "parent_path": "1/7/"},
    {"id": 9, "name": "West", "parent_path": ["Nord", "West"]},
)
TAGS: Final = (1, {"id": 2, "display_name": "Gold"}, {"id": 3, "display_name": "silver"})
OFFERS: Final = ("ordered", "paid", "payment_failed")
BARE: Final = ("division", "traceparent", "tracestate")
"""Attributes that may also stand in headers of their own names."""
TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Headers = tuple[tuple[str, bytes | None], ...]


class Sent(NamedTuple):
    """One record of a source topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Step(NamedTuple):
    """What happens next: time passes (milliseconds), then this arrives, and the lane works until it is idle.

    `foreign` is what somebody else than ingest writes into the lane's input. `events` counts the new ones.
    """

    events: int
    pass_ms: int
    arriving: Sequence[Sent]
    foreign: Sequence[bytes] = ()
    is_switch: bool = False
    is_restart: bool = False


@dataclass
class Crm:
    """Records as the CRM has them: each with a version, and the ids of events that may be sent again."""

    random: Random
    now_ms: int = START_MS
    versions: Counter[str] = field(default_factory=Counter)
    offsets: Counter[tuple[str, int]] = field(default_factory=Counter)
    recent: list[str] = field(default_factory=list)
    numbers: int = 0
    swept: int = -1
    latest: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def event(self) -> Sent:
        """The next event, of whatever kind."""
        chance = self.random.random()
        self.numbers += 1
        if self.numbers in CROWD:
            return self._crowded()
        if chance < 0.02:
            return self._broken()
        if chance < 0.08:
            return self._member()
        if chance > 0.5 and self.numbers > SWEPT_FROM:
            return self._swept()
        return self._record()

    def _record(self) -> Sent:
        random = self.random
        name, record = self._chosen()
        kind = random.choice(KINDS)
        data: dict[str, Any] = {"record": record}
        if kind != "deleted":
            data |= self._owned(kind, record["type"])
        if random.random() < 0.9:
            self.versions[name] += 1
            late = random.choice((0,) * 12 + (1, 3))
            data["version"] = max(0, self.versions[name] - late)
        if (actor := random.choice(ACTORS)) is not None:
            data["actor"] = {"id": actor}
        if kind == "offer":
            data["offer"] = f"O-{random.randrange(40)}"
        happened = f"crm.offer.{random.choice(OFFERS)}.v1" if kind == "offer" else f"crm.record.{kind}.v1"
        if name in self.told and random.random() < 0.05:
            happened, data = self.told[name]
        self.told[name] = happened, data
        attributes: dict[str, Any] = {"id": self._event_id(name), "source": "crm", "type": happened}
        if random.random() < 0.5:
            attributes["time"] = iso(self.now_ms - random.randrange(5 * MINUTE_MS))
        if (division := random.choice(DIVISIONS)) is not None:
            attributes["division"] = division
        if random.random() < 0.2:
            attributes["chaindepth"] = random.choice((0, 1, 2, 3, 4, 5, 9))
        if random.random() < 0.2:
            attributes |= {"traceparent": TRACE, "tracestate": "vendor=1", "correlationid": f"chain-{name}"}
        return self._written(RECORDS_TOPIC, attributes, data, len(name) % 2)

    def _crowded(self) -> Sent:
        """One of many that are alike and wait for one pool: more than move in one go when somebody has room."""
        record_type, pool = ("lead", "sizes") if self.numbers % 3 == 0 else ("contact", "burst")
        record = {"type": record_type, "id": f"crowd-{self.numbers}", "fields": {"size": 5, "source": "web"}}
        data = {"record": record, "owner": {"kind": "pool", "id": pool}, "actor": {"id": "kay"}, "version": 1}
        attributes = {"id": self._event_id("crowd"), "source": "crm", "type": "crm.record.created.v1"}
        return self._written(RECORDS_TOPIC, attributes, data, 0)

    def _swept(self) -> Sent:
        """The oldest lead that is still there goes: late in the run all places that leads took are freed again."""
        self.swept += 1 if self.swept % LEADS_OF[1] < LEADS_OF[0] - 1 else LEADS_OF[1] - LEADS_OF[0] + 1
        name = f"lead/{self.swept}"
        attributes = {"id": self._event_id(name), "source": "crm", "type": "crm.record.deleted.v1"}
        return self._written(RECORDS_TOPIC, attributes, {"record": {"type": "lead", "id": str(self.swept)}}, 0)

    def _chosen(self) -> tuple[str, dict[str, Any]]:
        """A record, mostly one of late, with some of its fields."""
        random = self.random
        newest = self.numbers // 5
        number = random.randint(max(0, newest - 40), newest) if random.random() < 0.85 else random.randint(0, newest)
        record_type = "lead" if number % LEADS_OF[1] < LEADS_OF[0] else ("contact", "deal")[number % 2]
        if random.random() < 0.01:
            record_type = "ticket"
        record: dict[str, Any] = {"type": record_type, "id": str(number), "fields": self._fields()}
        if random.random() < 0.15:
            record["linked"] = {"account": self._account()}
        return f"{record_type}/{number}", record

    def _fields(self) -> dict[str, Any]:
        random = self.random
        found: dict[str, Any] = {
            "country": random.choice(COUNTRIES),
            "size": random.choice((None, 5, 50, 99, 100, 501, 950, "70", 12.5)),
            "source": random.choice(SOURCES),
            "interests": random.sample(("crm", "support", "Büro 漢字"), random.randrange(3)),
            "asked": iso(self.now_ms - random.randrange(3) * 24 * 60 * MINUTE_MS),
            "due": random.choice((None, "2026-03-02", "2027-01-01", "soon")),
            "name": random.choice(("Front desk", "Åse", "", 'quoted "name"')),
            "score": random.choice((None, 1, 70, "high", 1e300)),
            "vip": random.choice((True, False, "true", None)),
            "region": random.choice(REGIONS),
            "tags": random.sample(TAGS, random.randrange(4)),
            "Lead Source": random.choice(("Web", "fair")),
        }
        return {name: value for name, value in found.items() if random.random() < 0.6}

    def _account(self) -> dict[str, Any]:
        random = self.random
        owner = {"kind": random.choice(("user", "user", "user", "pool")), "id": random.choice(PEOPLE)}
        account: dict[str, Any] = {
            "id": f"A-{random.randrange(30)}",
            "fields": {"employees": random.choice((10, 6_000))},
        }
        if random.random() < 0.5:
            account |= {"owner": owner, "type": "account"}
        if random.random() < 0.3:
            account["fields"]["parent"] = {"owner": f"user:{random.choice(PEOPLE)}"}
        return account

    def _owned(self, kind: str, record_type: str) -> dict[str, Any]:
        """Channel and owner, as an event of this kind may tell them."""
        random = self.random
        told: dict[str, Any] = {}
        if random.random() < 0.5:
            told["channel"] = random.choice(CHANNELS)
        elif random.random() < 0.1:
            told["channel"] = random.choice(("capture_form", "from_contact"))
        if kind == "owner_changed" or random.random() < (0.3 if kind == "created" else 0.2):
            told["owner"] = self._owner(record_type, is_change=kind == "owner_changed")
        if random.random() < 0.1:  # senders tell more than is read
            told["previous_owner"] = {"kind": "user", "id": random.choice(PEOPLE)}
        if kind == "created" and random.random() < 0.05:
            told["assign"] = "by_rules"
        return told

    def _owner(self, record_type: str, *, is_change: bool) -> dict[str, str] | None:
        random = self.random
        chance = random.random()
        if chance < 0.12 and is_change:
            return None
        if chance < 0.55:
            likely = LIKELY.get(record_type, PEOPLE) if random.random() < 0.75 else (*PEOPLE, "web-form")
            return {"kind": "user", "id": random.choice(likely)}
        if chance < 0.85:
            fitting = {"lead": POOLS[:6], "contact": POOLS[6:7], "deal": POOLS[7:9]}.get(record_type, POOLS)
            return {"kind": "pool", "id": random.choice(fitting if random.random() < 0.7 else POOLS)}
        if chance < 0.97:
            return {"kind": "queue", "id": random.choice(QUEUES)}
        return {"kind": "plan", "id": "spring"}

    def _member(self) -> Sent:
        random = self.random
        data: dict[str, Any] = {"person": random.choice(PEOPLE), "availability": "available"}
        if random.random() < 0.55:
            data["availability"] = random.choice(("away", "off_shift"))
            if random.random() < 0.85:
                until_ms = self.now_ms + random.randrange(-2, 40) * MINUTE_MS
                data["until"] = iso(until_ms - until_ms % MINUTE_MS + random.choice((0, random.randrange(MINUTE_MS))))
        attributes = {"id": self._event_id("member"), "source": "hr", "type": "crm.member.changed.v1"}
        if random.random() < 0.2:
            attributes["division"] = random.choice(("main", "north", "west"))
        return self._written(MEMBERS_TOPIC, attributes, data, 0)

    def _event_id(self, name: str) -> str:
        """A new id; now and then one that the same record had before."""
        if self.latest[name] and self.random.random() < 0.06:
            return self.random.choice(self.latest[name][-6:])
        self.latest[name].append(f"e-{self.numbers}")
        return self.latest[name][-1]

    def _written(self, topic: str, attributes: dict[str, Any], data: dict[str, Any], partition: int) -> Sent:
        """The event in one of the forms in which events may come."""
        form = self.random.choice(("plain", "plain", "plain", "bare", "binary", "binary", "structured", "base64"))
        if form == "plain":
            return self._sent(topic, dumped(attributes | data), (), partition)
        if form == "bare":
            bare = tuple((name, attributes.pop(name).encode()) for name in BARE if name in attributes)
            return self._sent(topic, dumped(attributes | data), bare, partition)
        attributes = {"specversion": "1.0", **attributes}
        if form == "structured":
            content = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
            return self._sent(topic, dumped({**attributes, "data": data}), content, partition)
        if form == "base64":
            encoded = b64encode(dumped(data)).decode()
            return self._sent(topic, dumped({**attributes, "data_base64": encoded}), (), partition)
        headers = tuple((f"ce_{name}", str(value).encode()) for name, value in attributes.items())
        return self._sent(topic, dumped(data), (*headers, ("content-type", b"application/json")), partition)

    def _broken(self) -> Sent:
        """Something that ingest cannot read."""
        random = self.random
        event = {"id": f"b-{self.numbers}", "type": "crm.record.created.v1", "record": {"type": "lead", "id": "1"}}
        wrong: Sequence[tuple[bytes | None, Headers]] = (
            (b"{", ()),
            (None, ()),
            (b"[1]", ()),
            (b'{"specversion":"1.0","data_base64":"%"}', ()),
            (b"\xff\xfe", (("x", b"1"),)),
            (dumped(event), (("x", None),)),
            (dumped(event), (("x", b"\xff"),)),
            (dumped(event | {"type": "crm.record.painted.v1"}), ()),
            (dumped(event | {"ownr": {"kind": "user", "id": "ann"}}), ()),
            (dumped(event | {"owner": {"kind": "team", "id": "ann"}, "version": -1, "channel": "fax"}), ()),
            (dumped(event | {"time": "yesterday"}), ()),
            (dumped(event | {"division": "no division"}), ()),
            (dumped(event | {"record": {"type": "lead", "id": "1", "fields": {"x": "y" * 270_000}}}), ()),
            (dumped(event), (("content-type", b"application/cloudevents+avro"),)),
        )
        value, headers = random.choice(wrong)
        return self._sent(RECORDS_TOPIC, value, headers, 0)

    def _sent(self, topic: str, value: bytes | None, headers: Headers, partition: int) -> Sent:
        offset = self.offsets[topic, partition]
        self.offsets[topic, partition] += 1
        key = None if self.random.random() < 0.3 else f"k{self.numbers % 7}".encode()
        return Sent(topic, partition, offset, key, value, headers)


def steps(seed: int = 1, *, events: int = EVENTS) -> Iterator[Step]:
    """All that happens. No step reaches over the end of a block of `BLOCK` events."""
    random = Random(seed)
    crm = Crm(random)
    sent = 0
    before: Sequence[Sent] = ()
    while sent < events:
        pass_ms = random.choice((0, 0, 700, 5_000, 20_000, 61_000, 150_000))
        if random.random() < 0.02:
            pass_ms += 47 * MINUTE_MS
        crm.now_ms += pass_ms
        count = min(random.randint(1, 40), BLOCK - sent % BLOCK)
        arriving = [crm.event() for _ in range(count)]
        again = list(before[random.randrange(len(before)) :]) if before and random.random() < 0.04 else []
        foreign = [b"{"] if random.random() < 0.02 else []
        sent += count
        yield Step(count, pass_ms, [*again, *arriving], foreign, is_restart=sent % 2_000 == 0)
        if random.random() < 0.2:
            idle_ms = random.choice((3_000, 61_000, 9 * MINUTE_MS))
            crm.now_ms += idle_ms
            yield Step(0, idle_ms, ())
        if sent % (events // 2) == 0 and sent < events:
            yield Step(0, 1_000, (), is_switch=True)
        before = arriving
    for _ in range(40):
        yield Step(0, 5 * MINUTE_MS, ())


def dumped(data: object) -> bytes:
    """Compact JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def iso(time_ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"
