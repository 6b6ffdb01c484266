"""What Fairlead writes: decisions about records, and what follows from them.

Each output is sent at least once with the same id and the same bytes. A consumer ignores an output about a record whose
`sequence` is not higher than one it has applied, and applies an assignment only while the record still has the
`expected_owner`: a person who was quicker wins. The version is information and no condition, because any edit raises
it. New names may be added within a version: readers ignore what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.envelope import Id, Time
from schemas.events import Owner, OwnerKind, RecordType

PendingReason = Literal["empty_pool", "nobody_eligible"]
RejectionReason = Literal[
    "chain_depth",
    "channel_not_allowed",
    "inactive_user",
    "not_a_member",
    "not_permitted",
    "no_configuration",
    "no_target",
    "outside_domain",
    "unknown_plan",
    "unknown_pool",
    "unknown_queue",
    "unknown_record_type",
    "unknown_user",
    "wrong_record_type",
]
ReleaseReason = Literal["deleted", "given_to_pool", "owner_chosen", "owner_removed", "reassigned", "taken"]
ExclusionReason = Literal["away", "off_shift", "inactive", "full", "paced", "domain"]
Unresolved = Literal[
    "away",
    "inactive_user",
    "no_related_owner",
    "no_related_record",
    "no_team",
    "nobody",
    "not_a_person",
    "off_shift",
    "outside_domain",
    "unknown_plan",
    "unknown_pool",
    "unknown_queue",
    "unknown_user",
    "wrong_record_type",
]


class Said(BaseModel):
    """A part of an output. Readers ignore what they do not know."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RecordName(Said):
    """Which record it is about."""

    type: RecordType
    id: Id


class ConfigurationName(Said):
    """The configuration that was in force."""

    version: Annotated[int, Field(ge=0)]
    label: Annotated[str, Field(description="A hash of the content, for people.")]


class Tried(Said):
    """A rule entry that was asked. `criterion` is the position of the criterion that said no, counted from 0."""

    entry: str
    matched: bool
    criterion: Annotated[int, Field(ge=0)] | None
    unresolved: Annotated[
        Unresolved | None, Field(description="Why an entry that matched was passed over and the next one asked.")
    ] = None


class Candidate(Said):
    """A member of the pool as the choice saw them. The lowest (load, last turn) among those not excluded is chosen."""

    person: str
    excluded: ExclusionReason | None
    load: int
    last_turn: int
    open_items: int


class TraceTarget(Said):
    """Whom or what the question named."""

    kind: OwnerKind
    id: str


class Trace(Said):
    """Why this decision. `omitted` counts the candidates beyond the listed ones, `earlier` the entries before them."""

    question: Annotated[str, Field(description="The question that gave the target.")]
    rule_set: str
    tried: tuple[Tried, ...]
    target: TraceTarget | None
    candidates: tuple[Candidate, ...]
    omitted: Annotated[int, Field(ge=0)]
    earlier: Annotated[int, Field(ge=0, description="Entries asked before the listed ones: all said no.")] = 0
    score: Annotated[float | None, Field(description="What orders the record where it waits; null: nothing.")] = None


class DecisionData(Said):
    """What all decisions carry."""

    record: RecordName
    decision: Annotated[Id, Field(description="The decision's id: lane, epoch, input offset and ordinal.")]
    sequence: Annotated[int, Field(ge=1, description="Grows with each output about the record.")]
    expected_owner: Annotated[Owner | None, Field(description="The owner the CRM last told us; null: none.")]
    expected_version: Annotated[
        int | None, Field(ge=0, description="The version the CRM last told us: information, no condition.")
    ]
    configuration: ConfigurationName
    trace: Trace


class AssignmentAssigned(DecisionData):
    """The record has an owner, chosen by us: a person, or a queue, from which a member takes it."""

    owner: Annotated[Owner, Field(description="A user or a queue. A queue: no person owns the record yet.")]
    pool: Annotated[str | None, Field(description="The pool the owner came from; null: none was asked.")]
    turn: Annotated[int | None, Field(ge=1, description="The number of the turn in that pool.")]


class AssignmentPending(DecisionData):
    """Nobody can take the record now; it waits in the pool."""

    pool: str
    reason: PendingReason
    next_try: Annotated[Time | None, Field(description="When it is tried again, where that is known.")]


class AssignmentRejected(DecisionData):
    """The event was readable but not allowed."""

    reason: RejectionReason
    detail: Annotated[str, Field(description="A sentence for people.")]


class AssignmentReleased(DecisionData):
    """We no longer hold the record for anybody."""

    previous_owner: Annotated[Owner | None, Field(description="Who had it through us; null: nobody, it waited.")]
    pool: str | None
    reason: ReleaseReason


class NotificationRequested(Said):
    """Somebody asked to be told of a decision. The event's id is `decision/kind/person`: never two for one."""

    decision: Id
    kind: Annotated[
        Literal["assigned", "queued", "refused"],
        Field(description="The person got the record; it came into a queue of theirs; they reached for it in vain."),
    ]
    person: Id
    via: Annotated[tuple[str, ...], Field(min_length=1, description="The means the person chose.")]
    record: RecordName


class WorkflowActionRequested(Said):
    """A workflow asks the CRM to mark a step, or to ask a person for a field."""

    decision: Id
    record: RecordName
    sequence: Annotated[int, Field(ge=1, description="Grows with each output about the record.")]
    workflow: Id
    action: Literal["mark_step", "require_field"]
    process: Id
    step: Id
    field: Id
    enforcement: Annotated[
        Literal["ask", "required"] | None, Field(description="How firmly the field is asked for; null: not asked for.")
    ]


OUTPUTS: Final[Mapping[str, type[Said]]] = {
    "assignment.assigned.v1": AssignmentAssigned,
    "assignment.pending.v1": AssignmentPending,
    "assignment.rejected.v1": AssignmentRejected,
    "assignment.released.v1": AssignmentReleased,
    "notification.requested.v1": NotificationRequested,
    "workflow.action_requested.v1": WorkflowActionRequested,
}
"""The model of the data of each event type that is written."""
