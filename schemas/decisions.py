"""What Fairlead writes: decisions about records, and what follows from them.

Each output is sent at least once with the same id and the same bytes. A consumer ignores an output about a record whose
`sequence` is not higher than one it has applied, and applies an assignment only while the record still has the
`expected_owner`: a person who was quicker wins. The version is information and no condition, because any edit raises
it. New names may be added within a version: readers ignore what they do not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.envelope import Id, Time
from schemas.events import Owner, OwnerKind, RecordType
from schemas.reasons import (
    ExclusionReason,
    Link,
    NotificationKind,
    PendingReason,
    RejectionReason,
    ReleaseReason,
    Skipped,
    Unresolved,
    Withheld,
)


class Said(BaseModel):
    """A part of an output. Readers ignore what they do not know."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RecordName(Said):
    """Which record it is about."""

    type: Annotated[RecordType, Field(description="As the event named it.")]
    id: Annotated[Id, Field(description="Its id in the CRM.")]


class ConfigurationName(Said):
    """The configuration that was in force."""

    version: Annotated[int, Field(ge=0, description="Counts from 1 in each division; 0: there was none.")]
    label: Annotated[str, Field(description="A hash of the content, for people.")]


class Tried(Said):
    """A rule entry that was asked. `criterion` is the position of the criterion that said no, counted from 0."""

    entry: Annotated[str, Field(description="Its id.")]
    matched: Annotated[bool, Field(description="Whether its condition held.")]
    criterion: Annotated[int | None, Field(ge=0, description="Which criterion said no, from 0; null: none did.")]
    unresolved: Annotated[
        Unresolved | None, Field(description="Why an entry that matched was passed over and the next one asked.")
    ] = None


class LimitCount(Said):
    """How much of a limit was used when somebody was picked."""

    of: Annotated[Literal["member", "pool", "person"], Field(description="Whose limit it is.")]
    per: Annotated[str, Field(description="What it counts: `open`, a window such as `1h`, `day`, `week` or `month`.")]
    count: Annotated[int, Field(ge=0, description="So many: open, or given.")]
    at_most: Annotated[int, Field(ge=0, description="So many there may be.")]


class Candidate(Said):
    """A member of the pool as the choice saw them. Among those not excluded who is preferred comes first, then
    the lowest (load, last turn).
    """

    person: Annotated[str, Field(description="The member.")]
    excluded: Annotated[ExclusionReason | None, Field(description="Why they were left out; null: they were not.")]
    load: Annotated[int, Field(description="What they have had or have, by the pool's strategy; the lowest is next.")]
    last_turn: Annotated[int, Field(description="The turn they had last; breaks ties.")]
    open_items: Annotated[int, Field(description="Open records that they have, as the pool counts them.")]
    behind: Annotated[
        int,
        Field(
            ge=0,
            description="How many turns they have to catch up; in a decision that tells of a skewed pool, how many "
            "passed them by. 0: they are level.",
        ),
    ] = 0
    preferred: Annotated[
        bool, Field(description="Whether the pool prefers them: they come before all who are not.")
    ] = False
    back: Annotated[Time | None, Field(description="When they are back who are not there; null: nobody knows.")] = None
    limits: Annotated[tuple[LimitCount, ...], Field(description="Their limits, as a member and over all pools.")] = ()


class TraceTarget(Said):
    """Whom or what the question named."""

    kind: Annotated[OwnerKind, Field(description="What kind of owner.")]
    id: Annotated[str, Field(description="Its name.")]


class Weighed(Said):
    """A workflow that cared for what happened."""

    workflow: Annotated[str, Field(description="Its id.")]
    withheld: Annotated[Withheld | None, Field(description="Why it did nothing; null: it acted.")]
    criterion: Annotated[
        int | None, Field(ge=0, description="`condition`: which comparison decided, from 0; null: none did.")
    ] = None


class Asked(Said):
    """A pool that was asked for the record in vain."""

    pool: Annotated[str, Field(description="The pool.")]
    reason: Annotated[PendingReason, Field(description="Why nobody of it takes the record.")]


class TargetStep(Said):
    """A step of the target, as it stood when it was decided. The record waits for all steps that it has reached."""

    target: Annotated[str, Field(description="`pool:emea`, `user:boss`, `user:{field}` or `owner_of:account`.")]
    since: Annotated[Time | None, Field(description="When it was reached; null: it is still to come.")] = None
    begins: Annotated[
        Time | None, Field(description="Of the next step: when it is reached if nobody takes the record before.")
    ] = None
    skipped: Annotated[
        Skipped | None,
        Field(description="Why nobody waits for it, from the beginning or since the next step; null: it has its wait."),
    ] = None


class Trace(Said):
    """Why this decision. `omitted` counts the candidates beyond the listed ones, `earlier` the entries before them.

    In a pool of more than 50 members these are asked in the order of turns, until one can take the record. Of those
    passed over on the way the first 5 are listed; `not_looked_at` counts those behind.
    """

    question: Annotated[str, Field(description="The question that gave the target.")]
    rule_set: Annotated[str, Field(description="The rule set that was asked; empty: none was.")]
    tried: Annotated[tuple[Tried, ...], Field(description="Entries that were asked, in order; the last one won.")]
    target: Annotated[TraceTarget | None, Field(description="Whom or what the question named; null: nobody.")]
    candidates: Annotated[tuple[Candidate, ...], Field(description="Members as the choice saw them.")]
    omitted: Annotated[int, Field(ge=0, description="Candidates beyond the listed ones.")]
    not_looked_at: Annotated[
        int, Field(ge=0, description="Members of a large pool who were not asked: somebody could take it before them.")
    ] = 0
    earlier: Annotated[int, Field(ge=0, description="Entries asked before the listed ones: all said no.")] = 0
    score: Annotated[float | None, Field(description="What orders the record where it waits; null: nothing.")] = None
    cut: Annotated[
        tuple[str, ...],
        Field(description="Fields that were too much to keep while it waits: later conditions find them unset."),
    ] = ()
    workflows: Annotated[
        tuple[Weighed, ...], Field(description="Workflows that cared for what happened; their actions are events.")
    ] = ()
    through: Annotated[str, Field(description="The tool or the offer that brought a lead into its plan.")] = ""
    link: Annotated[
        Link | None,
        Field(
            description="Why somebody of a pool got it whose turn it need not be: in a linked plan they were in "
            "`contact` with it, or it `stays` with them in the plan in which it was; by a rule they are the `owner` of "
            "a related record."
        ),
    ] = None
    contacted: Annotated[
        Time | None,
        Field(description="With `link`: when they were in contact with the lead, or came to have it; null: not known."),
    ] = None
    asked: Annotated[
        tuple[Asked, ...],
        Field(description="Pools that were asked in vain, in order, where one helps another out; empty: none does."),
    ] = ()
    limits: Annotated[tuple[LimitCount, ...], Field(description="Limits of the pool as a whole.")] = ()
    steps: Annotated[
        tuple[TargetStep, ...], Field(description="The steps of the target, in order; empty: it has none.")
    ] = ()
    size: Annotated[int, Field(ge=0, description="What the record weighs where limits count what is open.")] = 1


class Label(Said):
    """What is shown beside a plan's leads."""

    text: Annotated[str, Field(description="What it says.")]
    colour: Annotated[str | None, Field(description="`#rrggbb`; null: none was chosen.")]


class DecisionData(Said):
    """What all decisions carry."""

    record: Annotated[RecordName, Field(description="Which record it is about.")]
    decision: Annotated[Id, Field(description="The decision's id: lane, epoch, input offset and ordinal.")]
    sequence: Annotated[int, Field(ge=1, description="Grows with each output about the record.")]
    expected_owner: Annotated[Owner | None, Field(description="The owner the CRM last told us; null: none.")]
    expected_version: Annotated[
        int | None, Field(ge=0, description="The version the CRM last told us: information, no condition.")
    ]
    configuration: Annotated[ConfigurationName, Field(description="The configuration that was in force.")]
    trace: Annotated[Trace, Field(description="Why.")]
    plan: Annotated[str | None, Field(description="The sales plan that the record is in; null: none.")] = None
    label: Annotated[Label | None, Field(description="The label of that plan; null: it has none.")] = None


class AssignmentAssigned(DecisionData):
    """The record has an owner, chosen by us: a person, or a queue, from which a member takes it."""

    owner: Annotated[Owner, Field(description="A user or a queue. A queue: no person owns the record yet.")]
    pool: Annotated[str | None, Field(description="The pool the owner came from; null: none was asked.")]
    turn: Annotated[int | None, Field(ge=1, description="The number of the turn in that pool.")]
    accept_by: Annotated[
        Time | None,
        Field(
            description="It is offered to them, and theirs once they accepted it; they have to answer before this. "
            "Null: it is theirs."
        ),
    ] = None


class AssignmentPending(DecisionData):
    """Nobody can take the record now; it waits in the pool."""

    pool: Annotated[str, Field(description="The pool in which it waits.")]
    reason: Annotated[PendingReason, Field(description="Why nobody can take it.")]
    next_try: Annotated[Time | None, Field(description="When it is tried again, where that is known.")]


class AssignmentRejected(DecisionData):
    """The event was readable but not allowed."""

    reason: Annotated[RejectionReason, Field(description="Why, in a word.")]
    detail: Annotated[str, Field(description="A sentence for people.")]


class AssignmentReleased(DecisionData):
    """We no longer hold the record for anybody."""

    previous_owner: Annotated[Owner | None, Field(description="Who had it through us; null: nobody, it waited.")]
    pool: Annotated[str | None, Field(description="The pool in which it counted or waited; null: none.")]
    reason: Annotated[ReleaseReason, Field(description="What ended it.")]
    said: Annotated[str, Field(description="Why they declined it, in their words; empty: they did not say.")] = ""


class Told(Said):
    """What a person is told, in their language."""

    language: Annotated[str, Field(description="The language of the texts, such as `en`.")] = ""
    subject: Annotated[str, Field(description="One line of at most 200 characters.")] = ""
    body: Annotated[str, Field(description="The message as plain text.")] = ""
    html: Annotated[
        str | None, Field(description="The message as HTML, with all values escaped; null: there is plain text only.")
    ] = None


class NotificationRequested(Told):
    """Somebody asked to be told of a decision. The event's id is `decision/kind/person`: never two for one.

    Where that is longer than 256 characters, a digest stands for the person. In somebody's quiet hours it comes when
    these are over.
    """

    decision: Annotated[Id, Field(description="The decision of which to tell.")]
    kind: Annotated[
        NotificationKind,
        Field(
            description="The person got the record (`assigned`); they are to accept it (`offered`); it came into a "
            "queue of theirs (`queued`); they reached for it in vain (`refused`); they did not accept it and have it "
            "no more (`withdrawn`); they had it and somebody else is to (`reassigned`); a workflow tells them "
            "(`workflow`). Of a pool that they manage: nobody of it can take the record (`waiting`), or it waited too "
            "long and was given away (`escalated`); or somebody of it stays behind the others, who get their turns "
            "(`skewed`)."
        ),
    ]
    person: Annotated[Id, Field(description="Whom to tell.")]
    via: Annotated[tuple[str, ...], Field(min_length=1, description="The means the person chose.")]
    record: Annotated[RecordName, Field(description="The record it is about.")]
    reason: Annotated[str, Field(description="Why they are told, in one sentence.")] = ""
    link: Annotated[str, Field(description="Where the record is seen, http or https; empty: it is not said.")] = ""


class NotificationSummaryRequested(Told):
    """Much of one kind of news, told as one. The event's id is `person/kind/start`, its time's first millisecond."""

    kind: Annotated[NotificationKind, Field(description="The kind of news.")]
    person: Annotated[Id, Field(description="Whom to tell.")]
    via: Annotated[tuple[str, ...], Field(min_length=1, description="The means the person chose.")]
    count: Annotated[int, Field(ge=1, description="So many pieces, besides those that were told one by one.")]
    since: Annotated[Time, Field(description="When its time began.")]
    until: Annotated[Time, Field(description="When it was over.")]
    records: Annotated[tuple[RecordName, ...], Field(description="The first ten of the records it is about.")]


class NewRecord(Said):
    """A record that the CRM is asked to make."""

    type: Annotated[str, Field(description="Its type in the CRM.")]
    fields: Annotated[dict[str, Any], Field(description="Its fields; null: not set.")]


class WorkflowActionRequested(Said):
    """A workflow asks the CRM to mark a step, to have a person fill a field, to set a field, or to make a record.

    The event's id is `decision/workflow`, from a workflow's second action on with its number behind it: never two for
    one. The CRM tells that it is done as it tells everything, which sets off no other workflow, and may say so, or that
    it failed, with `crm.action.done.v1` and `crm.action.failed.v1`.
    """

    decision: Annotated[Id, Field(description="The decision that asks for it.")]
    record: Annotated[RecordName, Field(description="Whose process it is.")]
    sequence: Annotated[int, Field(ge=1, description="Grows with each output about the record.")]
    workflow: Annotated[Id, Field(description="The workflow.")]
    action: Annotated[
        Literal["mark_step", "require_field", "set_field", "create_record"],
        Field(description="What the CRM is asked to do."),
    ]
    process: Annotated[Id | None, Field(description="The process in the CRM; null: it is about no step.")]
    step: Annotated[Id | None, Field(description="Its step: to be marked, or the one that was marked.")]
    field: Annotated[
        Id | None,
        Field(description="The field: to be set, asked for, or the one that was filled; null: it is about no field."),
    ]
    enforcement: Annotated[
        Literal["ask", "required"] | None,
        Field(description="Whether a person may leave the field empty (`ask`) or not; null: no field is asked for."),
    ]
    before: Annotated[
        Any,
        Field(
            description="What set it off, before: the field's value, whether the step was marked, who had the record; "
            "of an update, values by field. Null: none."
        ),
    ]
    after: Annotated[Any, Field(description="The same after it.")]
    reason: Annotated[str, Field(description="Why, in one sentence for people.")]
    configuration: Annotated[ConfigurationName, Field(description="The configuration that was in force.")]
    withheld: Annotated[
        tuple[Weighed, ...], Field(description="Other workflows that cared for what happened, and asked for nothing.")
    ] = ()
    number: Annotated[int, Field(ge=1, description="Which of the workflow's actions it is, from 1.")] = 1
    value: Annotated[Any, Field(description="`set_field`: the value that the field is to have; null: none.")] = None
    create: Annotated[NewRecord | None, Field(description="`create_record`: the record to be made.")] = None


Output = DecisionData | NotificationRequested | NotificationSummaryRequested | WorkflowActionRequested

OUTPUTS: Final[Mapping[str, type[Said]]] = {
    "assignment.assigned.v1": AssignmentAssigned,
    "assignment.pending.v1": AssignmentPending,
    "assignment.rejected.v1": AssignmentRejected,
    "assignment.released.v1": AssignmentReleased,
    "notification.requested.v1": NotificationRequested,
    "notification.summary_requested.v1": NotificationSummaryRequested,
    "workflow.action_requested.v1": WorkflowActionRequested,
}
"""The model of the data of each event type that is written."""
