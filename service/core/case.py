"""One record in front of us: what is known of it, and how a decision about it is concluded."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.events import Target
from service.core.model import (
    Decision,
    Nothing,
    Notification,
    Outcome,
    Trace,
)
from service.core.parked import UNSCORED
from service.core.record import UNHEARD
from service.core.reservation import Handing
from service.core.retold import sayable
from service.core.score import score_of
from service.core.state import Changes
from service.core.traits import Trait
from service.language.changes import UNCHANGED
from service.language.tree import Facts

NO_TRACE: Final = Trace()
NO_FACTS: Final[Facts] = MappingProxyType({})

FORGOTTEN_RECORDS: Final = "records"
"""Where it stands what is left of forgotten records."""


class Verdict:
    """What comes of one event or timer: decisions in order, and the final values of all they changed."""

    __slots__ = ("changes", "decisions")

    def __init__(self, decisions: tuple[Decision, ...], changes: Changes) -> None:
        self.decisions = decisions
        self.changes = changes


class Case:
    """A record, the state and configuration it is decided with, and the chain of events it belongs to.

    `before` is what was known of it, `record` the decision's own copy, which is what is known at this moment.
    `record_type` is the part of its name before the first slash. `facts` are all fields that are known at this moment,
    the score among them; `change` is what of them was changed just now. `actor` is who did what is decided on, where
    that is told. `requires` is what the entry that gives it asks
    of whoever gets it. `bereft` is who lost it without a decision of its own, to be told with the next one.
    """

    __slots__ = (
        "actor",
        "before",
        "bereft",
        "change",
        "config",
        "correlation_id",
        "depth",
        "draft",
        "facts",
        "name",
        "now_ms",
        "record",
        "record_type",
        "requires",
    )

    def __init__(self, name: str, draft: Draft, config: Config, now_ms: int, correlation_id: str, depth: int) -> None:
        self.name = name
        self.draft = draft
        self.config = config
        self.now_ms = now_ms
        self.correlation_id = correlation_id
        self.depth = depth
        self.facts = NO_FACTS
        self.change = UNCHANGED
        self.requires: tuple[Trait, ...] = ()
        self.bereft: tuple[Notification, ...] = ()
        self.actor = ""
        self.before = draft.records.get(name) or UNHEARD
        self.record = draft.records.edit(name)
        if self.before is UNHEARD:
            self.record.sequence = last_sequence_forgotten(draft)
        self.record_type = name.partition("/")[0]

    @property
    def score(self) -> float:
        """What orders the record where it waits."""
        score = score_of(self.facts)
        return UNSCORED if score is None else score

    @property
    def handing(self) -> Handing | None:
        """To whom the record was offered before; none: to nobody."""
        return self.draft.handings.get(self.name) if self.record.handed else None

    @property
    def has_turned(self) -> bool:
        """Whether the record was closed or opened again by what is decided."""
        return self.record.closed != self.before.closed

    def forget(self) -> None:
        """Nothing but a tombstone is left of the record: what recognises what comes late, and who had it (D34)."""
        before = self.before
        self.record = replace(
            self.record, owner=before.owner, by_us=before.by_us, pool=before.pool, facts="", deleted=True
        )
        self.draft.records.put(self.name, self.record)

    def conclude(
        self, outcome: Outcome, trace: Trace = NO_TRACE, notifications: tuple[Notification, ...] = ()
    ) -> Decision:
        """The decision with this outcome. All but `Nothing` take the record's next sequence number; all have the
        record's fields where a text may say them, for somebody may be told of `Nothing`, too. Who lost the record
        hears of that rather than of anything else about it.
        """
        facts = NO_FACTS
        if self.config.fields_told:
            facts = sayable(self.facts, self.record.facts, self.record_type, self.draft, self.config)
        if self.bereft:
            lost = tuple(each for each in self.bereft if each.person != self.record.owner)
            told = {each.person for each in lost}
            notifications = (*lost, *(each for each in notifications if each.person not in told))
            self.bereft = ()
        if type(outcome) is Nothing:
            return Decision(
                record=self.name,
                outcome=outcome,
                trace=trace,
                notifications=notifications,
                correlation_id=self.correlation_id,
                depth=self.depth,
                facts=facts,
            )
        score = score_of(self.facts)
        record = self.record
        record.sequence += 1
        known = None if self.draft.plans.is_empty else self.draft.plans.get(self.name)
        plan = "" if known is None else known.plan
        spec = self.config.plans.get(plan)
        return Decision(
            record=self.name,
            outcome=outcome,
            trace=trace if score is None else replace(trace, score=score),
            notifications=notifications,
            sequence=record.sequence,
            expected_owner=told_owner(record.told),
            expected_version=record.version,
            correlation_id=self.correlation_id,
            depth=self.depth,
            facts=facts,
            plan=plan,
            label=None if spec is None else spec.label,
        )


def last_sequence_forgotten(draft: Draft) -> int:
    """The highest sequence number of any record of the division that was forgotten; 0: none was."""
    known = draft.forgotten.get(FORGOTTEN_RECORDS)
    return 0 if known is None else known.sequence


@lru_cache(maxsize=4_096)
def told_owner(told: str) -> Target | None:
    """The owner the CRM last named (`Record.told`), as a target."""
    kind, _, name = told.partition(":")
    return Target(kind, name) if name else None  # type: ignore[arg-type]  # written by `str(Target)`
