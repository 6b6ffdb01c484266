"""What a scenario may expect of a step: who has which record, what was decided, and what follows from it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from schemas.envelope import Id, Time
from schemas.reasons import ExclusionReason, Unresolved, Withheld
from schemas.scenario_telling import ExpectedNotifications
from schemas.scenario_values import Owner
from schemas.scenario_workflows import ExpectedActions


def _outcomes(value: object) -> object:
    """One word stands for the last outcome, a list for all of them."""
    known = ", ".join(OUTCOMES)
    for word in value if isinstance(value, list | tuple) else [value]:
        if word not in OUTCOMES:
            raise ValueError(f"an outcome, or a list of them, is expected here: {known}")
    return tuple(value) if isinstance(value, list) else value


Outcome = Literal["assigned", "pending", "rejected", "released", "nothing", "dead_letter"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("assigned", "pending", "rejected", "released", "nothing", "dead_letter")

RecordName = Annotated[
    str, StringConstraints(pattern=r"^[^/\s]+/\S+$", max_length=300), Field(description="Type and id: `lead/1`.")
]
Count = Annotated[int, Field(ge=0, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedOwner(_Part):
    """What an assignment expects the CRM to hold, so that it can be applied conditionally."""

    owner: Owner | None = None
    version: Annotated[int | None, Field(ge=0, strict=True)] = None


class Expect(_Part):
    """What is expected after a step. Only the words that are written are checked.

    `owner` and `owners` say who has a record in the CRM then (null: nobody). `outcome`, `reason`, `pool`, `queue`,
    `turn`, `rule`, `passed_over`, `question`, `score`, `trace`, `expects` and `correlation` speak of the step's last
    decision.
    """

    owner: Annotated[Id | None, Field(description="Who has the record of this step; null: nobody.")] = None
    owners: Annotated[dict[RecordName, Id | None], Field(description="Who has these records.")] = {}
    counts: Annotated[dict[Id, Count], Field(description="How many records each of these people has.")] = {}
    waiting: Annotated[dict[Id, Count], Field(description="How many records wait in each of these pools, queues.")] = {}
    outcome: Annotated[
        Outcome | tuple[Outcome, ...] | None,
        BeforeValidator(_outcomes),
        Field(description="The last outcome of the step, or a list of all."),
    ] = None
    reason: Annotated[str | None, Field(description="The reason of a pending, a rejection, a release, of nothing.")] = (
        None
    )
    pool: Annotated[Id | None, Field(description="The pool the decision is about; null: none.")] = None
    queue: Annotated[Id | None, Field(description="The queue that owns the record then; null: none.")] = None
    turn: Annotated[int | None, Field(ge=1, strict=True, description="The number of the turn; null: none.")] = None
    rule: Annotated[Id | None, Field(description="The id of the entry that won; null: none did.")] = None
    question: Annotated[
        Literal[
            "explicit_target",
            "tool",
            "ordered",
            "payment_failed",
            "paid",
            "rule_set",
            "team",
            "default",
            "escalated",
            "handed_on",
            "parked",
            "reopened",
        ]
        | None,
        Field(description="Which question gave the target."),
    ] = None
    label: Annotated[str | None, Field(description="What the label says that the decision carries; null: none.")] = None
    plans: Annotated[dict[RecordName, Id | None], Field(description="The sales plans that these leads are in.")] = {}
    clients: Annotated[
        dict[Id, dict[Id, Count]], Field(description="By plan: how many clients each of these people has in it.")
    ] = {}
    passed_over: Annotated[
        dict[Id, Unresolved], Field(description="Entries that matched and could not have the record, and why.")
    ] = {}
    score: Annotated[float | None, Field(description="What the decision was ranked by; null: nothing.")] = None
    trace: Annotated[
        dict[Id, ExclusionReason | None], Field(description="Why these were left out; null: they could have got it.")
    ] = {}
    notifications: ExpectedNotifications = ()
    actions: Annotated[
        ExpectedActions, Field(description="All workflows that asked for their action, by id, and what they asked for.")
    ] = {}
    withheld: Annotated[
        dict[Id, Withheld], Field(description="Why these workflows, which cared for what happened, asked for nothing.")
    ] = {}
    next_try: Annotated[
        Time | None, Field(description="When what waits is tried again, written out; null: nobody knows.")
    ] = None
    expects: ExpectedOwner | None = None
    correlation: Annotated[Id | None, Field(description="The chain of events that the decision names.")] = None
