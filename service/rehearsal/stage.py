"""The service in miniature: the real lane on a broker and a memory that are a few lists, with a clock that we set.

Events go the way they go in production, from plain JSON through ingest's own function into a lane. For each step the
lane is taken over anew and left when nothing remains to do, as if the process had been restarted in between: no
scenario can pass because of something that only a running process knew.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, NamedTuple

import orjson

from service.core.acting import NOTHING_DONE, Acting
from service.core.configuration import Config
from service.core.events import RecordEvent
from service.core.in_plan import Clients, InPlan
from service.core.in_process import NO_PROGRESS, InProcess
from service.core.model import ActionRequest, Decision, Weighed
from service.core.parked import Parked
from service.core.past import NOTHING_TOLD, Past, change_between
from service.core.score import FIELD as SCORE
from service.core.state import Kind, Value
from service.core.telling.explain import explain_due
from service.core.telling.workflows import due_at, last_weighed
from service.core.tracking import recall, together
from service.ingest import Letter, Reading, sort_batch
from service.kafka.memory import BrokerRecord, MemoryBroker, MemoryTransport
from service.kafka.partitions import Place
from service.lane.book import Book
from service.lane.loop import Lane
from service.lane.ownership import Tenure
from service.lane.surroundings import Surroundings
from service.language.changes import Change, as_created
from service.language.tree import Facts
from service.store.keys import LAYOUT, full_name, parted
from service.store.memory import MemoryStore
from service.wire.actions import read_action
from service.wire.decisions import read_decision
from service.wire.inputs import LaneInput, read_input, tick
from service.wire.log_forms import OutcomeLine
from service.wire.log_records import Batch, decode
from service.wire.messages import Position, RawRecord
from service.wire.records import read_tracked
from service.wire.topics import Topics
from service.wire.values import unpack

TOPICS: Final = Topics.of()
READING: Final = Reading(TOPICS, lanes=1)
LANE: Final = 0
MEMBERS_TOPIC: Final = "crm.members"
RECORDS_TOPIC: Final = "crm.records"
OFFSET_IN_ID: Final = 2
"""A decision's id is lane, epoch, offset of the input, and number, with dashes between."""


class RehearsedDecision(NamedTuple):
    """A decision as it was published, and the configuration that was in force."""

    id: str
    division: str
    decision: Decision
    config: Config


class RehearsedAction(NamedTuple):
    """What a workflow asked for, of which record, by which decision, and which workflows cared as well and asked for
    nothing.
    """

    division: str
    record: str
    request: ActionRequest
    decision: str
    withheld: tuple[Weighed, ...]


class Looked(NamedTuple):
    """The workflows that last cared for a record, and when that was written down."""

    weighed: tuple[Weighed, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class RehearsedNotification:
    """What somebody is told: the words that a scenario may ask for, none where there is nothing of the kind."""

    division: str
    person: str
    kind: str
    via: tuple[str, ...]
    record: str
    count: int | None
    language: str
    subject: str
    body: str
    html: str | None
    reason: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a step led to: the outcomes in order, what was published about them, who was notified, and what workflows
    asked for.
    """

    lines: tuple[OutcomeLine, ...]
    published: Mapping[str, RehearsedDecision]
    notified: tuple[RehearsedNotification, ...]
    actions: tuple[RehearsedAction, ...]


class Plans(NamedTuple):
    """Which sales plan each lead of a division is in, and by plan how many clients each person has."""

    of_leads: Mapping[str, str]
    clients: Mapping[str, Mapping[str, int]]


NO_PLANS: Final = Plans({}, {})


class Rehearsal:
    """A lane and its surroundings. `now_ms` is the time, since 1970 in UTC; it only moves by `pass_time`."""

    def __init__(self, start_ms: int) -> None:
        self.now_ms = start_ms
        self._broker = MemoryBroker(lambda: self.now_ms)
        self._store = MemoryStore()
        self._configs: dict[str, Config] = {}
        self._versions: dict[tuple[str, int], Config] = {}
        self._sent: Counter[str] = Counter()
        self._refused: list[OutcomeLine] = []
        self._read: Counter[str] = Counter()
        self._known_ids: set[bytes] = set()
        self._book = Book()

    def configure(self, config: Config) -> None:
        """Make this the next version of its division's configuration."""
        current = self._configs.get(config.division)
        config = replace(config, version=1 if current is None else current.version + 1)
        self._configs[config.division] = config
        self._versions[config.division, config.version] = config

    def send(self, body: Mapping[str, object], topic: str = RECORDS_TOPIC) -> str:
        """Send an event as the CRM does, in plain JSON; its source position."""
        position = Position(0, topic, 0, self._sent[topic])
        self._sent[topic] += 1
        raw = RawRecord(topic, 0, position.offset, None, orjson.dumps(body), (), self.now_ms)
        batch = sort_batch([raw], READING)
        self._broker.write(Place(TOPICS.events, LANE), batch.lanes.get(LANE, []))
        self._refused += [_refusal(letter) for letter in batch.dead_letters]
        return str(position)

    async def settle(self) -> None:
        """Own the lane until it has nothing left to do at this time."""
        around = Surroundings("scenario", TOPICS, lambda: self._configs, self._configured, _no_wall_clock)
        lane = Lane(LANE, MemoryTransport(self._broker, LANE, TOPICS), self._store, around)
        await lane.own(lambda tenure: self._leave_if_idle(lane, tenure))

    async def pass_time(self, until_ms: int) -> None:
        """Let time pass; each timer goes off when it is due, in order."""
        transport = MemoryTransport(self._broker, LANE, TOPICS)
        while (timer := self._book.next_timer()) is not None and timer[0] <= until_ms:
            self.now_ms = max(self.now_ms, timer[0])
            await transport.tick(tick())
            await self.settle()
        self.now_ms = max(self.now_ms, until_ms)

    def look(self) -> Scene:
        """What happened since the last look."""
        batches = [record for entry in self._new(TOPICS.log) if isinstance(record := decode(entry.value), Batch)]
        lines = [*self._refused, *(line for batch in batches for line in batch.outcomes)]
        self._refused = []
        published = {each.id: each for record in self._once(TOPICS.assignments) for each in [self._published(record)]}
        notified = [_told(record) for record in self._once(TOPICS.notifications)]
        actions = [_action(record) for record in self._once(TOPICS.workflow_actions)]
        return Scene(tuple(lines), published, tuple(notified), tuple(actions))

    def facts_of(self, published: RehearsedDecision) -> Facts:
        """What the record had when this was decided: all that its creation told; else what is remembered, and what
        the event told that set the decision off. What a new configuration set off stands before the next event.
        """
        about = self._event_of(published)
        news = about.facts if about is not None else {}
        if about is None or about.kind != "created":
            news = together(self._remembered(published.division, published.decision.record), news)
        score = published.decision.trace.score
        return news if score is None else {**news, SCORE: score}

    def change_of(self, published: RehearsedDecision) -> Change:
        """What was changed when this was decided: what was remembered before its batch, and what since."""
        about, config = self._event_of(published), published.config
        if about is not None and about.kind == "created":
            return as_created(config.asked_before.get(about.record_type, frozenset()), about.facts)
        field = full_name("past", published.division, published.decision.record)
        before = now = NOTHING_TOLD
        for entry in self._broker.partitions[Place(TOPICS.log, LANE)].records:
            if isinstance(batch := decode(entry.value), Batch):
                before, packed = now, batch.changes.get("past", {}).get(field)
                told = None if packed is None else unpack("past", packed)
                now = told if isinstance(told, Past) else now
                if any(line.decision_id == published.id for line in batch.outcomes):
                    break
        return change_between(before, now, config.zone)

    def _event_of(self, published: RehearsedDecision) -> RecordEvent | None:
        """The event that set the decision off, if one about its record did."""
        offset = int(published.id.split("-")[OFFSET_IN_ID])
        inputs = self._broker.partitions[Place(TOPICS.events, LANE)].records
        found = read_input(inputs[offset].value) if offset < len(inputs) else None
        event = found.event if isinstance(found, LaneInput) else None
        return event if isinstance(event, RecordEvent) and event.record == published.decision.record else None

    def plans_in(self, division: str) -> Plans:
        """The division's sales plans as they stand."""
        of_leads = {
            name: each.plan for name, each in self._values("plan", division) if isinstance(each, InPlan) and each.plan
        }
        clients: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for field, each in self._values("clients", division):
            if isinstance(each, Clients):
                plan, _, person = field.partition("/")
                clients[plan][person] = each.clients
        return Plans(of_leads, clients)

    def _values(self, kind: Kind, division: str) -> Iterator[tuple[str, Value]]:
        """All of one kind that the memory holds for the division."""
        for key in LAYOUT.keys_of(kind):
            for full, packed in self._store.lanes[LANE].fields(key).items():
                owner, field = parted(full)
                if owner == division:
                    yield field, unpack(kind, packed)

    def _remembered(self, division: str, name: str) -> Facts:
        field = full_name("tracked", division, name)
        packed = self._store.lanes[LANE].content.get(LAYOUT.key("tracked", field), {}).get(field)
        return {} if packed is None else recall(read_tracked(packed))

    def looked_at(self, division: str, name: str) -> Looked:
        """The workflows that last cared for what happened to a record, and why they asked for nothing."""
        progress, acting = self._beside("progress", division, name), self._beside("acting", division, name)
        known = progress if isinstance(progress, InProcess) else NO_PROGRESS
        weighed = last_weighed(known, acting if isinstance(acting, Acting) else NOTHING_DONE)
        return Looked(weighed, known.weighed_ms)

    def due_of(self, division: str, name: str) -> list[str]:
        """The workflows that the record will set off by waiting, in lines."""
        parked, acting = self._beside("parked", division, name), self._beside("acting", division, name)
        if not isinstance(parked, Parked):
            return []
        known, config = acting if isinstance(acting, Acting) else NOTHING_DONE, self._configs[division]
        return explain_due(due_at(name.partition("/")[0], parked, known, config), config)

    def config_of(self, division: str) -> Config:
        """The configuration that is in force."""
        return self._configs[division]

    def _beside(self, kind: Kind, division: str, name: str) -> Value | None:
        field = full_name(kind, division, name)
        packed = self._store.lanes[LANE].content.get(LAYOUT.key(kind, field), {}).get(field)
        return None if packed is None else unpack(kind, packed)

    async def _configured(self, division: str, version: int) -> Config:
        return self._versions[division, version]

    def _leave_if_idle(self, lane: Lane, tenure: Tenure) -> None:
        self._book = book = tenure.book
        timer = book.next_timer()
        inputs_end = self._broker.partitions[Place(TOPICS.events, LANE)].end
        is_behind = any(config.version > book.versions.get(name, 0) for name, config in self._configs.items())
        if (
            not (is_behind or book.switching)
            and book.place.offset == inputs_end
            and (timer is None or timer[0] > book.clock_ms)
        ):
            lane.leave()

    def _new(self, topic: str) -> list[BrokerRecord]:
        records = self._broker.partitions[Place(topic, LANE)].records[self._read[topic] :]
        self._read[topic] += len(records)
        return records

    def _once(self, topic: str) -> list[BrokerRecord]:
        """New records, without those that were published again: consumers know them by their id."""
        found = []
        for record in self._new(topic):
            event_id = dict(record.headers)["ce_id"]
            assert event_id is not None, "an output without an id"
            if event_id not in self._known_ids:
                self._known_ids.add(event_id)
                found.append(record)
        return found

    def _published(self, record: BrokerRecord) -> RehearsedDecision:
        headers = {name: (value or b"").decode() for name, value in record.headers}
        said = orjson.loads(record.value)
        division, version = headers["ce_division"], said["configuration"]["version"]
        config = self._versions.get((division, version)) or Config(division)
        return RehearsedDecision(headers["ce_id"], division, read_decision(record.value, record.headers), config)


def _no_wall_clock() -> int:
    """A lane lets time pass by the wall clock; here a step of the scenario does."""
    return 0


def _told(record: BrokerRecord) -> RehearsedNotification:
    said = orjson.loads(record.value)
    about = said["record"] if "record" in said else said["records"][0]
    words = {each.name: said.get(each.name) for each in fields(RehearsedNotification)}
    own = {"division": _division(record), "via": tuple(said["via"]), "record": f"{about['type']}/{about['id']}"}
    return RehearsedNotification(**{**words, **own})


def _action(record: BrokerRecord) -> RehearsedAction:
    said = orjson.loads(record.value)
    request, withheld = read_action(said)
    name = f"{said['record']['type']}/{said['record']['id']}"
    return RehearsedAction(_division(record), name, request, said["decision"], withheld)


def _division(record: BrokerRecord) -> str:
    """Whose output it is: two may have records, people and workflows of the same name."""
    return (dict(record.headers)["ce_division"] or b"").decode()


def _refusal(letter: Letter) -> OutcomeLine:
    """What ingest refused, in the form in which a lane lists its outcomes."""
    return OutcomeLine(-1, 0, "dead_letter", letter.poison.reason, "", str(letter.position))
