"""Scenario files: steps that happen, and what is expected of each.

A scenario is how people test their own configuration: it reads like a story, and each word in it is checked, so that a
mistyped expectation is an error and never an expectation that silently holds.

A step has exactly one of the verbs `record`, `owner`, `update`, `delete`, `step`, `contacted`,
`accepted`, `declined`, `ordered`, `payment_failed`, `paid`, `member`, `time`, `config` and `raw`, the words that belong
to it, and `expect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from schemas.config_values import RecordType
from schemas.envelope import Division, Id
from schemas.events import REASON_LIMIT, VERSION_LIMIT, Channel, Fields, Status
from schemas.scenario_expect import Expect, RecordName
from schemas.scenario_values import FIRST_START, LAST_START, START, Linked, Moment, Owner, State
from schemas.scenario_workflows import Marked

STEPS_LIMIT: Final = 1_000
REPEAT_LIMIT: Final = 10_000
NUMBER: Final = "{n}"
"""Stands in a record's name for the number of a repetition, from 1."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """What all steps have."""

    expect: Expect = Expect()

    @property
    def records(self) -> tuple[str, ...]:
        """The records that the step is about."""
        return ()

    @model_validator(mode="after")
    def _one_record(self) -> Self:
        if "owner" in self.expect.model_fields_set and len(set(self.records)) != 1:
            raise ValueError('"owner" speaks of the one record of its step: use "owners: {lead/1: ann}" here')
        return self


class RecordWords(Step):
    """What all steps about records may say beside their verb."""

    actor: Annotated[Id | None, Field(description="Who did it. Absent: a system.")] = None
    channel: Channel | None = None
    version: Annotated[int | None, Field(ge=0, le=VERSION_LIMIT, strict=True)] = None
    id: Annotated[Id | None, Field(description="The event's id, to send it again later. Absent: a new one.")] = None
    division: Division | None = None
    correlation: Id | None = None
    depth: Annotated[int | None, Field(ge=0, le=1000, strict=True, description="Automatic decisions so far.")] = None
    process: Annotated[Id | None, Field(description="The process that the record is in.")] = None
    at: Annotated[Moment | None, Field(description="When it was, as the CRM tells it. Absent: it does not tell.")] = (
        None
    )
    status: Annotated[Status | None, Field(description="Whether the record is open or closed from now on.")] = None
    merged_into: Annotated[
        Id | None, Field(description="The record that it was merged into: its id, also with its type, `lead/1`.")
    ] = None

    @property
    def winner(self) -> str | None:
        """The id of the record that it was merged into, however it was named."""
        kind, slash, record_id = (self.merged_into or "").partition("/")
        return record_id if slash and record_id and kind in get_args(RecordType) else self.merged_into

    @model_validator(mode="after")
    def _merged_within_a_type(self) -> Self:
        kind = (self.merged_into or "").removesuffix(self.winner or "").removesuffix("/")
        other = next((name for name in self.records if kind and name.partition("/")[0] != kind), None)
        if other is not None:
            raise ValueError(f"{other} is merged into a record of its own type, not into {self.merged_into}")
        return self


class Content(RecordWords):
    """What an event about one record may say of it."""

    fields: Fields = {}
    linked: dict[Id, Linked] = {}
    owner: Owner | None = None
    assign: Literal["by_rules"] | None = None
    tool: Annotated[Id | None, Field(description="The lead-generation tool.")] = None


class RecordStep(Content):
    """Something happened to a record: it was created, unless `event` says otherwise."""

    record: RecordName
    event: Literal["created", "updated", "deleted", "owner_changed"] = "created"
    repeat: Annotated[
        int, Field(ge=1, le=REPEAT_LIMIT, strict=True, description="So many times; {n} in the name is the number.")
    ] = 1

    @property
    def records(self) -> tuple[str, ...]:
        return tuple(self.record.replace(NUMBER, str(number)) for number in range(1, self.repeat + 1))


class UpdateStep(Content):
    """Fields of a record changed."""

    update: RecordName

    @property
    def records(self) -> tuple[str, ...]:
        return (self.update,)


class DeleteStep(RecordWords):
    """A record is gone."""

    delete: RecordName

    @property
    def records(self) -> tuple[str, ...]:
        return (self.delete,)


class ContactedStep(RecordWords):
    """Somebody was in contact with a record."""

    contacted: RecordName
    person: Id

    @property
    def records(self) -> tuple[str, ...]:
        return (self.contacted,)


class AnswerStep(RecordWords):
    """Somebody answers whether they take a record that is offered to them."""

    person: Id
    answers: Annotated[
        int | None,
        Field(ge=1, strict=True, description="Which offer of the record to them, from 1 on. Absent: it is not told."),
    ] = None


class AcceptedStep(AnswerStep):
    """Somebody takes a record that is offered to them."""

    accepted: RecordName

    @property
    def records(self) -> tuple[str, ...]:
        return (self.accepted,)


class DeclinedStep(AnswerStep):
    """Somebody does not take a record that is offered to them."""

    declined: RecordName
    reason: Annotated[str, StringConstraints(max_length=REASON_LIMIT), Field(description="Why, in their words.")] = ""

    @property
    def records(self) -> tuple[str, ...]:
        return (self.declined,)


class OfferStep(RecordWords):
    """Something happened to an offer that was made for a lead, or to several of them."""

    offer: Annotated[Id | tuple[Id, ...], Field(description="Which, or a list of them.")]


class OrderedStep(OfferStep):
    """Offers were ordered."""

    ordered: RecordName

    @property
    def records(self) -> tuple[str, ...]:
        return (self.ordered,)


class PaymentFailedStep(OfferStep):
    """The payment of offers failed."""

    payment_failed: RecordName

    @property
    def records(self) -> tuple[str, ...]:
        return (self.payment_failed,)


class PaidStep(OfferStep):
    """Offers were paid."""

    paid: RecordName

    @property
    def records(self) -> tuple[str, ...]:
        return (self.paid,)


class OwnerStep(RecordWords):
    """Records were given to somebody else in the CRM; null: to nobody."""

    owner: Annotated[dict[RecordName, Owner | None], Field(min_length=1)]

    @property
    def records(self) -> tuple[str, ...]:
        return tuple(self.owner)


class StepStep(RecordWords):
    """Steps of their processes were marked for records, or are so no more."""

    step: Annotated[
        dict[RecordName, Marked],
        Field(min_length=1, description="By record, `process/step`."),
    ]
    fields: Fields = {}

    @property
    def records(self) -> tuple[str, ...]:
        return tuple(self.step)


class MemberStep(Step):
    """People come and go."""

    member: Annotated[
        dict[Id, State],
        Field(min_length=1),
    ]


class TimeStep(Step):
    """Time passes, or it is a certain time."""

    time: Moment


class ConfigStep(Step):
    """A new version of the whole configuration of a division."""

    config: dict[str, Any]


class RawStep(Step):
    """An event as it stands on the wire, in plain JSON."""

    raw: dict[str, Any]


VERBS: Final[Mapping[str, type[Step]]] = {
    "record": RecordStep,
    "update": UpdateStep,
    "delete": DeleteStep,
    "contacted": ContactedStep,
    "accepted": AcceptedStep,
    "declined": DeclinedStep,
    "ordered": OrderedStep,
    "payment_failed": PaymentFailedStep,
    "paid": PaidStep,
    "member": MemberStep,
    "time": TimeStep,
    "config": ConfigStep,
    "raw": RawStep,
    "owner": OwnerStep,
    "step": StepStep,
}
"""The verbs, in the order in which they are looked for: `owner` is also a word of other steps."""


def verb_of(step: object) -> str | None:
    """The verb of a step as written; none: it has none."""
    return next((verb for verb in VERBS if isinstance(step, Mapping) and verb in step), None)


AnyStep = Annotated[
    Annotated[RecordStep, Tag("record")]
    | Annotated[UpdateStep, Tag("update")]
    | Annotated[DeleteStep, Tag("delete")]
    | Annotated[ContactedStep, Tag("contacted")]
    | Annotated[AcceptedStep, Tag("accepted")]
    | Annotated[DeclinedStep, Tag("declined")]
    | Annotated[OrderedStep, Tag("ordered")]
    | Annotated[PaymentFailedStep, Tag("payment_failed")]
    | Annotated[PaidStep, Tag("paid")]
    | Annotated[MemberStep, Tag("member")]
    | Annotated[TimeStep, Tag("time")]
    | Annotated[ConfigStep, Tag("config")]
    | Annotated[RawStep, Tag("raw")]
    | Annotated[OwnerStep, Tag("owner")]
    | Annotated[StepStep, Tag("step")],
    Discriminator(verb_of),
]


class Scenario(_Part):
    """A story: a configuration, and steps with what is expected of them.

    `config` holds the configuration itself, `config_dir` names its folder; without either it is the folder in which
    the folder `scenarios` lies.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    description: str = ""
    config: dict[str, Any] | None = None
    config_dir: Annotated[str | None, Field(description="A folder, as seen from the scenario's file.")] = None
    division: Annotated[
        Division | None, Field(description="Where steps happen that name none; absent: the only one, or `main`.")
    ] = None
    start: Moment = START
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1, max_length=STEPS_LIMIT)]

    @field_validator("start")
    @classmethod
    def _is_absolute(cls, value: timedelta | datetime) -> datetime:
        start = START + value if isinstance(value, timedelta) else value
        if FIRST_START <= start <= LAST_START:
            return start
        raise ValueError("a story begins in the years 1970 to 9989 in UTC")

    @model_validator(mode="after")
    def _one_configuration(self) -> Self:
        if self.config is not None and self.config_dir is not None:
            raise ValueError('a scenario has "config" or "config_dir", not both')
        return self
