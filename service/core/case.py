"""One record in front of us: what is known of it, and how a decision about it is concluded."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypedDict, Unpack

from service.core.configuration import Config, Facts
from service.core.draft import Draft
from service.core.model import Decision, Nothing, Notification, Outcome, RecordEvent, Target, Trace
from service.core.score import score_of
from service.core.state import Changes, Record

NO_TRACE: Final = Trace()
NO_FACTS: Final[Facts] = MappingProxyType({})
UNKNOWN: Final = Record()


class Verdict(NamedTuple):
    """What comes of one event or timer: decisions in order, and the final values of all they changed."""

    decisions: tuple[Decision, ...]
    changes: Changes


class Held(TypedDict, total=False):
    """Who has the record after a decision, as far as that changes."""

    owner: str
    by_us: bool
    pool: str


class Case(NamedTuple):
    """A record, the state and configuration it is decided with, and the chain of events it belongs to.

    `facts` are all fields that are known at this moment, the score among them.
    """

    name: str
    draft: Draft
    config: Config
    now_ms: int
    correlation_id: str = ""
    depth: int = 0
    facts: Facts = NO_FACTS

    @property
    def record(self) -> Record:
        """What is known of the record at this moment of the decision."""
        return self.draft.records.get(self.name) or UNKNOWN

    @property
    def record_type(self) -> str:
        """The part of the name before the first slash."""
        return self.name.partition("/")[0]

    @property
    def score(self) -> float:
        """What orders the record where it waits; 0 where nothing ranks it."""
        return score_of(self.facts) or 0.0

    def keep(self, record: Record) -> None:
        """Make this the record's state."""
        self.draft.records.put(self.name, record)

    def conclude(
        self,
        outcome: Outcome,
        trace: Trace = NO_TRACE,
        notifications: tuple[Notification, ...] = (),
        **held: Unpack[Held],
    ) -> Decision:
        """The decision with this outcome. All but `Nothing` take the record's next sequence number.

        `held` is made part of the record with it; with `Nothing` nothing of it changes.
        """
        record = self.record
        if isinstance(outcome, Nothing):
            return Decision(self.name, outcome, trace, correlation_id=self.correlation_id, depth=self.depth)
        score = score_of(self.facts)
        if score is not None:
            trace = Trace(*trace[:-1], score)
        sequence = record.sequence + 1
        self.keep(record._replace(sequence=sequence, **held))
        return Decision(
            self.name,
            outcome,
            trace,
            notifications,
            sequence,
            told_owner(record.told),
            record.version,
            self.correlation_id,
            self.depth,
        )


def case_of(event: RecordEvent, draft: Draft, config: Config, now_ms: int) -> Case:
    """The case an event opens."""
    return Case(event.record, draft, config, now_ms, event.correlation_id, event.depth, event.facts)


@lru_cache(maxsize=4_096)
def told_owner(told: str) -> Target | None:
    """The owner the CRM last named (`Record.told`), as a target."""
    kind, _, name = told.partition(":")
    return Target(kind, name) if name else None  # type: ignore[arg-type]  # written by `str(Target)`
