"""Count what was really published: from the topics alone, with no word from those who published.

It reads the sources, the lanes' logs, the decisions and the dead letters as they grow. A log record counts if its token
is the newest claim before it; everything else follows from positions, ids and numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from service.core.configuration import Config
from service.core.model import Assigned, Decision, Pending, Rejected
from service.lane.deciding import UNCONCERNED
from service.wire.dead_letters import DETAIL, REASON, SOURCE_EPOCH, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC
from service.wire.decisions import NotADecision, read_decision
from service.wire.log_records import NO_OFFSET, Batch, Claim, ForeignRecord, NewerLog, decode
from service.wire.messages import OF_A_LANE, Headers, Position, RawRecord
from service.wire.outcomes import FORMS
from service.wire.topics import Topics

OF_OTHER_LANES: Final = frozenset({"unknown_user", UNCONCERNED})
"""What lanes say of news of a person whom they do not know: that reaches every lane."""

PUBLISHED: Final = frozenset(outcome.name for outcome in FORMS)


class LetterSeen(NamedTuple):
    """What could not be read: why, and where it was."""

    reason: str
    detail: str
    position: str


@dataclass
class Tally:
    """Takes records one by one; the questions below may be asked at any time. `lanes` is how many there are.

    `foreign` are the places of records that none of us wrote.

    `reasons` counts why there was nothing to do; that a lane does not know somebody, or has no
    division, is left out, because news of people go to every lane.
    """

    topics: Topics
    lanes: int
    sources: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    served: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    dead_letters: dict[str, LetterSeen] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    kept: dict[str, Decision] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    answered: int = 0
    _tokens: dict[int, int] = field(default_factory=dict)
    _places: defaultdict[str, set[tuple[int, int]]] = field(default_factory=lambda: defaultdict(set))
    _decided: set[str] = field(default_factory=set)
    _published: set[str] = field(default_factory=set)
    _numbers: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def take(self, record: RawRecord) -> None:
        """Count one record of any of the topics; a foreign one is only listed."""
        try:
            self._take(record)
        except (NotADecision, NewerLog, LookupError, TypeError, ValueError):
            self.foreign.append(f"{record.topic}/{record.partition}/{record.offset}")

    def _take(self, record: RawRecord) -> None:
        topics = self.topics
        if record.topic in topics.sources:
            self._source(record)
        elif record.topic == topics.log:
            self._log(record)
        elif record.topic == topics.assignments:
            self._decision(record)
        elif record.topic == topics.dead_letters:
            self._dead_letter(record)

    @property
    def missing(self) -> list[str]:
        """Source positions without an outcome, and decisions of the log that were never published."""
        unanswered = [source for source in self.sources if not self._is_answered(source)]
        return sorted(unanswered) + sorted(self._decided - self._published)

    @property
    def doubles(self) -> list[str]:
        """Source positions, turns, sequence numbers and causes with more than one decision."""
        positions = [source for source, places in self._places.items() if len(places) > self._needed(source)]
        positions += [
            source
            for source, letter in self.dead_letters.items()
            if letter.reason not in OF_A_LANE and source in self._places
        ]
        return sorted(positions) + sorted("/".join(name) for name, count in self._numbers.items() if count > 1)

    def spread(self, config: Config) -> dict[str, int | None]:
        """Per pool: most minus fewest turns among the members of weight 1 who never left. None: fewer than two."""
        found: dict[str, int | None] = {}
        for pool in config.pools.values():
            constant = [one.person for one in pool.members if one.weight == 1 and one.person not in self.away]
            counts = [self.served[pool.id, person] for person in constant]
            found[pool.id] = max(counts) - min(counts) if len(counts) > 1 else None
        return found

    def _source(self, record: RawRecord) -> None:
        position = Position(0, record.topic, record.partition, record.offset)
        self.sources.add(str(position))
        if record.topic == self.topics.sources[1]:
            said = orjson.loads(record.value or b"{}")
            if said.get("availability") != "available":
                self.away.add(said["person"])

    def _log(self, record: RawRecord) -> None:
        lane, entry = record.partition, decode(record.value or b"")
        match entry:
            case Claim():
                self._tokens[lane] = record.offset
            case ForeignRecord(reason=reason):
                raise ValueError(reason)
            case Batch() if entry.token == self._tokens.get(lane, NO_OFFSET):
                for line in entry.outcomes:
                    if line.kind in PUBLISHED:
                        self._decided.add(line.decision_id)
                    if line.source and line.kind != "dropped":
                        self._answer(line.source, (lane, line.offset))
                    if line.kind == "nothing" and line.reason not in OF_OTHER_LANES:
                        self.reasons[line.reason] += 1
            case _:
                pass

    def _decision(self, record: RawRecord) -> None:
        headers = dict(record.headers)
        name = (headers["ce_id"] or b"").decode()
        decision = read_decision(record.value or b"", record.headers)
        if name in self._published:
            return
        self._published.add(name)
        kind = decision.outcome.name
        self.kinds[kind] += 1
        self._numbers["sequence", decision.record, str(decision.sequence)] += 1
        self.waiting.discard(decision.record)
        match decision.outcome:
            case Assigned(owner, pool, turn):
                self.served[pool, owner] += 1
                cause = (headers.get("ce_causationid") or b"").decode()
                if cause:
                    self._numbers["cause", decision.record, cause] += 1
                if pool:
                    self._numbers["turn", pool, str(turn)] += 1
            case Pending():
                self.waiting.add(decision.record)
            case _:
                pass
        self._keep(kind, decision)

    def _dead_letter(self, record: RawRecord) -> None:
        said = _texts(record.headers)
        place = (SOURCE_EPOCH, SOURCE_TOPIC, SOURCE_PARTITION, SOURCE_OFFSET)
        position = "/".join(said[name] for name in place)
        if position in self.dead_letters:
            return
        self.dead_letters[position] = LetterSeen(said[REASON], said[DETAIL], position)
        self.answered += said[REASON] not in OF_A_LANE

    def _answer(self, source: str, place: tuple[int, int]) -> None:
        places = self._places[source]
        before = len(places)
        places.add(place)
        if before < len(places) == self._needed(source):
            self.answered += 1

    def _is_answered(self, source: str) -> bool:
        return source in self.dead_letters or len(self._places.get(source, ())) >= self._needed(source)

    def _needed(self, source: str) -> int:
        """An event about a person goes to every lane, any other to one."""
        return self.lanes if source.split("/")[1] == self.topics.sources[1] else 1

    def _keep(self, kind: str, decision: Decision) -> None:
        """The first decision of each sort that is worth explaining."""
        for sort in _sorts(kind, decision):
            self.kept.setdefault(sort, decision)


def _sorts(kind: str, decision: Decision) -> Iterator[str]:
    trace = decision.trace
    if kind == "assigned" and any(candidate.excluded for candidate in trace.candidates):
        yield "somebody was away"
    if kind == "assigned" and trace.question == "explicit_target":
        yield "given to a pool"
    if isinstance(decision.outcome, Rejected):
        yield decision.outcome.reason
    yield kind


def _texts(headers: Headers) -> Mapping[str, Any]:
    return {name: (value or b"").decode(errors="replace") for name, value in headers}
