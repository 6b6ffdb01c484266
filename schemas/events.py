"""What Fairlead reads: things that happened to records and people in the CRM.

A record's type and channel are free text here: an unknown one is a readable event that is not allowed, which the core
answers with a rejection. What is missing or of the wrong kind cannot be read and becomes a dead letter. The reader is
tolerant where nothing is lost by it: names that it does not know are ignored, a whole number may stand for an id, a
blank text for an id that is not told, and a version in quotes for a number. A company's own fields belong in `fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from schemas.envelope import MaybeId, Time, ToldId

FIELDS_LIMIT: Final = 500
LINKED_LIMIT: Final = 50
DEPTH_LIMIT: Final = 8
OFFERS_LIMIT: Final = 8
REASON_LIMIT: Final = 500
VERSION_LIMIT: Final = 2**53 - 1
VERSION_DIGITS: Final = len(str(VERSION_LIMIT))
CONTAINERS: Final = (dict, list)

Channel = Literal["detail_page", "capture_form", "import", "conversion", "api", "integration", "from_contact"]
"""The ways in that there are (S21-S27)."""
OwnerKind = Literal["user", "pool", "queue", "plan"]
Status = Literal["open", "closed"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
AvailabilityWord = Literal["available", "away", "leave", "leave_ended", "off_shift"]
"""The words that every configuration knows."""
Availability = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def is_shallow(fields: dict[str, Any]) -> dict[str, Any]:
    """Refuse values nested so deeply that walking or writing them could fail later."""
    for name, value in fields.items():
        if value.__class__ in CONTAINERS and not _fits(value, DEPTH_LIMIT):
            raise ValueError(f"the field {name} is nested deeper than {DEPTH_LIMIT} levels")
    return fields


def _fits(container: Any, levels: int) -> bool:
    parts = container.values() if isinstance(container, dict) else container
    inner = [part for part in parts if part.__class__ in CONTAINERS]
    return levels > 0 and all(_fits(part, levels - 1) for part in inner)


def as_number(value: object) -> object:
    """A version in quotes is the number that it says."""
    is_number = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= VERSION_DIGITS
    return int(value) if is_number else value  # type: ignore[call-overload]  # a text by then


def known_status(value: object) -> Status | None:
    """What a text means as a record's status; none: nothing that is known."""
    word = value.strip().casefold() if isinstance(value, str) else ""
    return next((status for status in STATUSES if status == word), None)


RecordType = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^/\x00-\x1F]+$")]
Version = Annotated[int, Field(ge=0, le=VERSION_LIMIT, strict=True), BeforeValidator(as_number)]
ChannelName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Fields = Annotated[
    dict[FieldName, Any],
    Field(max_length=FIELDS_LIMIT, description="Standard and custom fields: any JSON value, at most 8 levels deep."),
    AfterValidator(is_shallow),
]


class Part(BaseModel):
    """A part of an event; what it does not know it ignores."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Owner(Part):
    """What an owner value names: a person, or who or what is to choose one."""

    kind: Annotated[OwnerKind, Field(description="A person, or what is to choose one.")]
    id: Annotated[ToldId, Field(description="Its name in the CRM; of a pool or queue, in the configuration.")]


class Actor(Part):
    """Who did it. Absent: a system did."""

    id: Annotated[ToldId, Field(description="The person's id in the CRM.")]


class Linked(Part):
    """A record that the record points to, as far as the sender knows it. Rules read it as `account.sector`."""

    type: Annotated[RecordType | None, Field(description="Such as `account`.")] = None
    id: Annotated[MaybeId, Field(description="Its id in the CRM.")] = None
    owner: Annotated[Owner | None, Field(description="Who has it, for targets such as `owner_of: account`.")] = None
    fields: Fields = {}


StatusWord = Annotated[Status | None, BeforeValidator(known_status, json_schema_input_type=str | None)]


class CrmRecord(Part):
    """A lead, contact or deal with what is known of it."""

    type: Annotated[RecordType, Field(description="`lead`, `contact` or `deal`; others are rejected.")]
    id: Annotated[ToldId, Field(description="Its id in the CRM.")]
    fields: Fields = {}
    linked: Annotated[
        dict[FieldName, Linked],
        Field(
            max_length=LINKED_LIMIT,
            description="Linked records by name; one hides a field of the same name. What a lead was converted into"
            " names it as `lead`.",
        ),
    ] = {}
    process: Annotated[MaybeId, Field(description="The process that it goes through. Absent or null: not told.")] = None
    status: Annotated[
        StatusWord,
        Field(description="`open` or `closed` from now on; any other word is passed over. Absent or null: not told."),
    ] = None
    merged_into: Annotated[
        MaybeId,
        Field(description="The id of the record of this type that it was merged into: then this one is gone."),
    ] = None


class RecordData(Part):
    """What all events about a record carry."""

    record: Annotated[CrmRecord, Field(description="Which record, and what is known of it.")]
    channel: Annotated[
        ChannelName | None, Field(description="The way in. Which a type of record has, the integrator's page says.")
    ] = None
    actor: Annotated[Actor | None, Field(description="Who did it. Absent: a system did.")] = None
    owner: Annotated[Owner | None, Field(description="The owner after the event. Absent or null: not told.")] = None
    version: Annotated[Version | None, Field(description="Grows with each change of the record.")] = None
    assign: Annotated[
        Literal["by_rules"] | None, Field(description="`by_rules`: choose an owner although one is named.")
    ] = None
    tool: Annotated[MaybeId, Field(description="The lead-generation tool it came in through.")] = None
    offer: Annotated[MaybeId, Field(description="The offer it is about.")] = None
    if_unchanged: Annotated[
        MaybeId,
        Field(description="A mark of the record, by `fairlead reconcile`: where it changed since, nothing is done."),
    ] = None


class RecordCreated(RecordData):
    """A record was created. An owner that is a pool asks for an assignment."""


class RecordOwnerChanged(RecordData):
    """A record has another owner; null: none any more."""

    owner: Annotated[Owner | None, Field(description="The owner after the event; null: nobody.")]


class RecordUpdated(RecordData):
    """A record's fields changed. An owner that differs from the last one counts as a change of owner."""


class RecordDeleted(RecordData):
    """A record is gone."""


class RecordContacted(RecordData):
    """Somebody was in contact with a record, such as by a call or in a chat. `time` says when; absent: now."""

    person: Annotated[ToldId, Field(description="Who of us it was.")]


class AssignmentAnswered(RecordData):
    """Somebody answers whether they take a record that is offered to them; whoever else answers says nothing."""

    person: Annotated[ToldId, Field(description="Who of us it was: the one to whom it is offered.")]
    decision: Annotated[
        MaybeId,
        Field(
            description="The id of the decision that offered it to them, as assignment and notification name it: what"
            " names another than the offer that stands is late, and nothing to do. Absent or null: not told."
        ),
    ] = None
    reason: Annotated[
        str, StringConstraints(max_length=REASON_LIMIT), Field(description="Why, in their own words.")
    ] = ""


class AssignmentAccepted(AssignmentAnswered):
    """They take it: it is theirs."""


class AssignmentDeclined(AssignmentAnswered):
    """They do not take it: it is handed on."""


class OfferEvent(RecordData):
    """Something happened to an offer made to a lead, or to several at once.

    `time` orders what happened to a lead's offers: what comes without it counts as the latest.
    """

    offer: Annotated[  # type: ignore[assignment]  # other events are about one at most
        ToldId | Annotated[tuple[ToldId, ...], Field(min_length=1, max_length=OFFERS_LIMIT)],
        Field(description="The offer it is about, or a list of them: the first that some plan lists decides."),
    ]


class OfferOrdered(OfferEvent):
    """The offer was ordered."""


class OfferPaid(OfferEvent):
    """The offer was paid."""


class OfferPaymentFailed(OfferEvent):
    """The payment of the offer failed."""


class StepMarked(RecordData):
    """A step of a process was marked for a record, or is marked no more.

    What is told of a step is ordered for itself: by version, else by time, else by arrival.
    """

    process: Annotated[ToldId, Field(description="The process of the step.")]
    step: Annotated[ToldId, Field(description="Its id in the CRM.")]
    marked: Annotated[bool, Field(description="False: the mark was taken away again.")] = True


class ActionAnswered(RecordData):
    """The CRM says what became of an action that a workflow asked for. The record is the one that the action names."""

    action: Annotated[ToldId, Field(description="The id of the event that asked for it.")]
    reason: Annotated[
        str, StringConstraints(max_length=REASON_LIMIT), Field(description="Why it failed, in words for people.")
    ] = ""


class ActionDone(ActionAnswered):
    """It was done."""


class ActionFailed(ActionAnswered):
    """It was not done, and will not be: where its occasion comes again, it is asked for again."""


class CatalogueChanged(Part):
    """What all events about fields and steps themselves carry: no record is meant."""

    actor: Annotated[Actor | None, Field(description="Who did it. Absent: a system did.")] = None
    version: Annotated[Version | None, Field(description="Grows with each change of the field or step.")] = None


class FieldDeleted(CatalogueChanged):
    """A field is gone: records of this type do not have it any more."""

    record_type: Annotated[RecordType, Field(description="Whose field it was.")]
    field: Annotated[FieldName, Field(description="Its name, as records have it under `fields`.")]


class StepDeleted(CatalogueChanged):
    """A step of a process is gone."""

    process: Annotated[ToldId, Field(description="The process of the step.")]
    step: Annotated[ToldId, Field(description="Its id in the CRM.")]


class StepChanged(CatalogueChanged):
    """It takes more, or less, than before to mark a step. What is absent stays as it was."""

    process: Annotated[ToldId, Field(description="The process of the step.")]
    step: Annotated[ToldId, Field(description="Its id in the CRM.")]
    requires_note: Annotated[bool | None, Field(description="Whoever marks it must write a note.")] = None
    generates_task: Annotated[bool | None, Field(description="Marking it makes a task.")] = None


class MemberChanged(Part):
    """A person is available, away, off shift or on leave, from now on or from a time to come."""

    person: Annotated[ToldId, Field(description="A user of the configuration.")]
    availability: Annotated[
        Availability,
        Field(
            description="How it is then: `available`, `away`, `off_shift`, `leave`, `leave_ended`, or a word of "
            "the CRM's that the configuration knows; others are nothing to do."
        ),
    ]
    begins: Annotated[
        Time | None,
        Field(
            description="When it begins, where that is to come; absent: now. The word that ends it calls it off, with "
            "the same `begins`."
        ),
    ] = None
    until: Annotated[Time | None, Field(description="When they are expected back, where it is known.")] = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.begins is not None and self.until is not None and self.until <= self.begins:
            raise ValueError("`until` must be later than `begins`")
        return self


Input = RecordData | CatalogueChanged | MemberChanged

INPUTS: Final[Mapping[str, type[Input]]] = {
    "crm.record.created.v1": RecordCreated,
    "crm.record.owner_changed.v1": RecordOwnerChanged,
    "crm.record.updated.v1": RecordUpdated,
    "crm.record.deleted.v1": RecordDeleted,
    "crm.record.contacted.v1": RecordContacted,
    "crm.offer.ordered.v1": OfferOrdered,
    "crm.offer.paid.v1": OfferPaid,
    "crm.offer.payment_failed.v1": OfferPaymentFailed,
    "crm.assignment.accepted.v1": AssignmentAccepted,
    "crm.assignment.declined.v1": AssignmentDeclined,
    "crm.step.marked.v1": StepMarked,
    "crm.action.done.v1": ActionDone,
    "crm.action.failed.v1": ActionFailed,
    "crm.step.deleted.v1": StepDeleted,
    "crm.step.changed.v1": StepChanged,
    "crm.field.deleted.v1": FieldDeleted,
    "crm.member.changed.v1": MemberChanged,
}
"""The model of the data of each event type that is read."""
