"""The words of a decision: what comes out, and why.

Everything here is a frozen value, of which the wire layer makes bytes. None can be part of a cycle, so the garbage
collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import ClassVar, Literal, NamedTuple

from msgspec import Struct

from service.core.events import Target
from service.core.given import USUAL
from service.core.limit_spec import Held
from service.core.reasons import (
    NOTHING,
    PENDING,
    REJECTED,
    RELEASED,
    ExclusionReason,
    NothingReason,
    PendingReason,
    RejectionReason,
    ReleaseReason,
    Skipped,
    Unresolved,
    Withheld,
)
from service.core.workflow_specs import ActionKind, Enforcement, StepName
from service.language.tree import Facts

Link = Literal["contact", "stays", "owner"]
"""Why somebody of a pool is given a record whose turn it need not be. In a plan in linked mode: they were in contact
with the lead, or it stays with them in the plan in which it was. By a rule: they are the owner of a related record.
"""
NotificationKind = Literal[
    "assigned", "offered", "queued", "refused", "withdrawn", "reassigned", "waiting", "escalated", "skewed", "workflow"
]


class Words(NamedTuple):
    """What people read of an outcome: who or what it comes to, and the rest (may be empty)."""

    what: str
    rest: str


class Label(Struct, frozen=True, gc=False):
    """What the CRM shows beside a plan's leads; `colour` is `#rrggbb`, none: the CRM's own."""

    text: str
    colour: str | None = None


NameOf = Callable[[str], str]
"""How a person is called, by id."""


class Assigned(Struct, frozen=True, gc=False):
    """The record has an owner, chosen by us. `pool` is empty where no pool was asked, `turn` where it was nobody's.
    `accept_by_ms`: it is offered to them until then; none: it is theirs.
    """

    name: ClassVar = "assigned"
    reason: ClassVar = ""

    owner: str
    pool: str = ""
    turn: int = 0
    accept_by_ms: int | None = None

    def words(self, person: NameOf) -> Words:
        """The owner, and whose turn that was."""
        turn = f", turn {self.turn}" if self.turn else ""
        accept = f", to be accepted by {_minute(self.accept_by_ms)}" if self.accept_by_ms is not None else ""
        return Words(person(self.owner), f"pool {self.pool}{turn}{accept}" if self.pool else "")


class Queued(Struct, frozen=True, gc=False):
    """The record lies in a queue, which owns it: no person does until a member takes it."""

    name: ClassVar = "assigned"
    reason: ClassVar = ""
    pool: ClassVar = ""

    queue: str

    def words(self, person: NameOf) -> Words:
        """The queue."""
        return Words(f"queue {self.queue}", "any member may take it")


class Pending(Struct, frozen=True, gc=False):
    """Nobody can take the record now; it is parked in `pool`."""

    name: ClassVar = "pending"

    pool: str
    reason: PendingReason
    next_try_ms: int | None = None

    def words(self, person: NameOf) -> Words:
        """Where it waits, or for whom where a step names one person, and until when that is known."""
        until = "" if self.next_try_ms is None else f", next try {_minute(self.next_try_ms)}"
        _, kind, named = self.pool.partition(":user:")
        whom = person(named) if kind else "the person whom it names"
        is_of_one = bool(kind) or ":named:" in self.pool
        return Words(
            f"waiting for {whom}" if is_of_one else f"waiting in pool {self.pool}", PENDING[self.reason] + until
        )


class Rejected(Struct, frozen=True, gc=False):
    """The event is readable but not allowed; `detail` is a sentence for people."""

    name: ClassVar = "rejected"
    pool: ClassVar = ""

    reason: RejectionReason
    detail: str

    def words(self, person: NameOf) -> Words:
        """What is not allowed."""
        return Words("rejected", _with_detail(REJECTED[self.reason], self.detail))


class Released(Struct, frozen=True, gc=False):
    """We no longer hold the record for anybody: `previous` had it (empty: it was parked, or lay in a queue). `said` is
    why, in their own words.
    """

    name: ClassVar = "released"

    previous: str
    pool: str
    reason: ReleaseReason
    said: str = ""

    def words(self, person: NameOf) -> Words:
        """Who no longer has it, or where it no longer waits."""
        left = f"{person(self.previous)} no longer has it" if self.previous else f"no longer waiting in {self.pool}"
        return Words("released", f"{left}: {_with_detail(RELEASED[self.reason], self.said)}")


class Nothing(Struct, frozen=True, gc=False):
    """Nothing to do, and why."""

    name: ClassVar = "nothing"
    pool: ClassVar = ""

    reason: NothingReason
    detail: str = ""

    def words(self, person: NameOf) -> Words:
        """Why there is nothing to do."""
        return Words("nothing to do", _with_detail(NOTHING[self.reason], self.detail))


Outcome = Assigned | Queued | Pending | Rejected | Released | Nothing
"""Each is a row of its own: `name` and `reason` are what the log and the counts call it, `pool` is the one it is about
(both empty where there is none), `words` what people read. Its bytes are a row of `service.wire.outcomes`."""


def _with_detail(sentence: str, detail: str) -> str:
    return f"{sentence}: {detail}" if detail else sentence


def _minute(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


class Tried(Struct, frozen=True, omit_defaults=True, gc=False):
    """One rule entry that was asked: `criterion` is the position of the criterion that decided, none where all held.

    `unresolved` says why an entry that matched was passed over.
    """

    entry: str
    matched: bool
    criterion: int | None
    unresolved: Unresolved | None = None


class LimitCount(Struct, frozen=True, gc=False):
    """How much of a limit was used when somebody was picked. `of`: whose limit it is; `per`: what it counts, as it is
    written (`open`, `1h`, `day`).
    """

    of: Held
    per: str
    count: int
    at_most: int


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One member of the pool as the choice saw them: what a decision tells of them.

    `excluded`: why they were passed over; none: they were not. `load`: see `strategies`. `behind`: how many turns they
    have to catch up, or, where it is told that the pool is skewed, passed them by; 0: they are level. `back`: when
    somebody who is not there is back, where that is known. `preferred`: they come before those who are not, whatever
    their load. `limits`: how much of each of theirs was used.
    """

    person: str
    excluded: ExclusionReason | None
    load: int
    last_turn: int
    open_items: int
    behind: int = 0
    back: datetime | None = None
    preferred: bool = False
    limits: tuple[LimitCount, ...] = ()


class Weighed(Struct, frozen=True, omit_defaults=True, gc=False):
    """A workflow that cared for what happened. `withheld`: why it did nothing; none: it acted. `criterion`: which leaf
    of its condition decided, where that did not hold.
    """

    workflow: str
    withheld: Withheld | None
    criterion: int | None = None


class AskedPool(Struct, frozen=True, gc=False):
    """A pool that was asked for the record, and why nobody of it takes it."""

    pool: str
    reason: PendingReason


class StepSeen(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A step of a target, as it stood when it was decided. `since`: when it was reached, none: it is still to come.

    `begins`: when the next one is reached if nobody takes the record before. `skipped`: why nothing waits for it, or no
    longer.
    """

    target: str
    since: datetime | None = None
    begins: datetime | None = None
    skipped: Skipped | None = None


class Trace(Struct, frozen=True, kw_only=True, gc=False):
    """Why this outcome: which question answered (D8), entries tried, candidates seen.

    `question` is the one of D8 that gave the target. `omitted` counts candidates beyond the listed ones,
    `not_looked_at` members of a large pool behind whoever was chosen, `earlier` the entries asked before the listed
    ones. `cut` names fields that were too much to keep while the record waits, so that
    later conditions do not see them. `score` is what the record was ranked by; none: nothing ranks it. `through` is the
    tool or the offer that brought a lead into a plan, `link` why its manager is not whose turn it is, `contacted_ms`
    when they were in contact with the lead, or came to have it, last (none: not known). `workflows` are those that
    cared for what happened. `limits`: how much of each limit of the pool as a whole was used. `asked` are the pools
    that were asked in vain, where there was more than one to ask. `steps` are those of the target, in order. `size` is
    what the record weighed when somebody was picked. `workflow` is the one that had the record given to somebody
    (empty: none did).
    """

    question: str = ""
    rule_set: str = ""
    tried: tuple[Tried, ...] = ()
    target: Target | None = None
    candidates: tuple[Candidate, ...] = ()
    omitted: int = 0
    not_looked_at: int = 0
    earlier: int = 0
    score: float | None = None
    cut: tuple[str, ...] = ()
    workflows: tuple[Weighed, ...] = ()
    through: str = ""
    link: Link | None = None
    contacted_ms: int | None = None
    asked: tuple[AskedPool, ...] = ()
    limits: tuple[LimitCount, ...] = ()
    steps: tuple[StepSeen, ...] = ()
    size: int = USUAL
    workflow: str = ""


class LateNews(Struct, frozen=True, gc=False):
    """News that was held back: the decision that it is about, why that came so (see `why`), and in which pool."""

    decision: str
    why: str
    pool: str


class NewsSummary(Struct, frozen=True, gc=False):
    """Much of one kind, told as one: how many pieces, since when and until when, and the first of the records."""

    count: int
    since_ms: int
    until_ms: int
    records: tuple[str, ...]


class Notification(Struct, frozen=True, gc=False):
    """Somebody asked to be told of this decision; or, later, of another one (`late`), or of many (`summary`). `word` is
    why, where the decision's own outcome is about somebody else (see `why`). `about` is the workflow that tells them,
    or the pool of which they are told since they manage it; empty: neither.
    """

    kind: NotificationKind
    person: str
    via: tuple[str, ...]
    late: LateNews | None = None
    summary: NewsSummary | None = None
    word: str = ""
    about: str = ""


class ActionRequest(Struct, frozen=True, kw_only=True, gc=False):
    """What a workflow asks the CRM for: to mark the step, to have somebody fill the field (`enforcement`: how), to set
    it to the `value`, or to make a record of `record_type` with these `fields`.

    `before` and `after` are values of what set it off: of the field or fields, whether the step was marked, or who had
    the record. `reason` is one sentence. `sequence` is the record's, which grows with each output about it (0 until
    all is decided). `number` counts the workflow's actions from 1.
    """

    workflow: str
    action: ActionKind
    step: StepName
    field: str
    enforcement: Enforcement | None
    before: object
    after: object
    reason: str
    sequence: int = 0
    number: int = 1
    value: object = None
    record_type: str = ""
    fields: Mapping[str, object] | None = None


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """One outcome for one record, with everything that is published about it.

    `sequence` grows with each output about the record: consumers ignore what is not newer. `expected_owner` is whom the
    CRM last told us, so that it can apply the assignment conditionally; `expected_version` is information (D21).
    `correlation_id` names the chain of events that this decision belongs to. `plan` is the sales plan that the record
    is in (empty: none), with its label. `actions` are what workflows ask for. `facts` are the record's fields, where
    what people are told asks for any.
    """

    record: str
    outcome: Outcome
    trace: Trace = Trace()
    notifications: tuple[Notification, ...] = ()
    sequence: int = 0
    expected_owner: Target | None = None
    expected_version: int | None = None
    correlation_id: str = ""
    depth: int = 0
    actions: tuple[ActionRequest, ...] = ()
    facts: Facts = {}
    plan: str = ""
    label: Label | None = None
