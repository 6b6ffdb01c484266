"""One record in front of us: what is known of it, and how a decision about it is concluded."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.model import Decision, Nothing, Notification, Outcome, Target, Trace
from service.core.score import score_of
from service.core.state import Changes, Record
from service.language.tree import Facts

NO_TRACE: Final = Trace()
NO_FACTS: Final[Facts] = MappingProxyType({})
UNKNOWN: Final = Record()


class Verdict(NamedTuple):
    """What comes of one event or timer: decisions in order, and the final values of all they changed."""

    decisions: tuple[Decision, ...]
    changes: Changes


class Held(NamedTuple):
    """Who has the record after a decision, and the pool where it counts as an open item."""

    owner: str = ""
    by_us: bool = False
    pool: str = ""


NOBODY: Final = Held()


class Case:
    """A record, the state and configuration it is decided with, and the chain of events it belongs to.

    `record` is what is known of it at this moment of the decision, `record_type` the part of its name before the
    first slash. `facts` are all fields that are known at this moment, the score among them.
    """

    __slots__ = ("config", "correlation_id", "depth", "draft", "facts", "name", "now_ms", "record", "record_type")

    def __init__(self, name: str, draft: Draft, config: Config, now_ms: int, correlation_id: str, depth: int) -> None:
        self.name = name
        self.draft = draft
        self.config = config
        self.now_ms = now_ms
        self.correlation_id = correlation_id
        self.depth = depth
        self.facts = NO_FACTS
        self.record = draft.records.get(name) or UNKNOWN
        self.record_type = name.partition("/")[0]

    @property
    def score(self) -> float:
        """What orders the record where it waits; 0 where nothing ranks it."""
        return score_of(self.facts) or 0.0

    def keep(self, record: Record) -> None:
        """Make this the record's state."""
        self.record = record
        self.draft.records.put(self.name, record)

    def hold(self, held: Held) -> None:
        """Make this the holder of the record."""
        self.keep(self.record._replace(owner=held.owner, by_us=held.by_us, pool=held.pool))

    def conclude(
        self,
        outcome: Outcome,
        trace: Trace = NO_TRACE,
        notifications: tuple[Notification, ...] = (),
        held: Held | None = None,
    ) -> Decision:
        """The decision with this outcome. All but `Nothing` take the record's next sequence number.

        `held` is made part of the record with it, where it changes; with `Nothing` nothing of it does.
        """
        if isinstance(outcome, Nothing):
            return Decision(self.name, outcome, trace, correlation_id=self.correlation_id, depth=self.depth)
        score = score_of(self.facts)
        if score is not None:
            trace = Trace(*trace[:-1], score)
        record = self.record
        owner, by_us, pool = (record.owner, record.by_us, record.pool) if held is None else held
        sequence = record.sequence + 1
        self.keep(Record(owner, by_us, record.told, pool, sequence, *record[5:]))
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


@lru_cache(maxsize=4_096)
def told_owner(told: str) -> Target | None:
    """The owner the CRM last named (`Record.told`), as a target."""
    kind, _, name = told.partition(":")
    return Target(kind, name) if name else None  # type: ignore[arg-type]  # written by `str(Target)`
