"""What comes in: what a CRM tells of its records, of people and of its own catalogue.

Everything here is a frozen value. The wire layer makes events from bytes; the core only ever sees these types. None can
be part of a cycle, so the garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from msgspec import Struct

from service.core.workflow_specs import StepName

TargetKind = Literal["user", "pool", "queue", "plan"]
OfferKind = Literal["ordered", "payment_failed", "paid"]
"""What may happen to an offer."""
OFFER_KINDS: Final[tuple[OfferKind, ...]] = get_args(OfferKind)
AnswerKind = Literal["accepted", "declined"]
"""What somebody may say to a record that is offered to them."""
ANSWER_KINDS: Final[tuple[AnswerKind, ...]] = get_args(AnswerKind)
ResultKind = Literal["action_done", "action_failed"]
"""What may become of what a workflow asked for."""
RESULT_KINDS: Final[tuple[ResultKind, ...]] = get_args(ResultKind)
RecordEventKind = Literal[
    "created", "owner_changed", "updated", "deleted", "contacted", "step_marked", OfferKind, AnswerKind, ResultKind
]
CatalogueEventKind = Literal["field_deleted", "step_deleted", "step_changed"]
RecordStatus = Literal["open", "closed"]
Availability = Literal["available", "away", "leave", "leave_ended", "off_shift"]
"""What can be said of a person. What a CRM says may be any text: see `Config.presence_words`."""

LEAD: Final = "lead"
CONVERSION: Final = "conversion"
"""The way in of what a lead became; its link `lead` names the lead."""

CHANNELS: Final[Mapping[str, frozenset[str]]] = {
    "lead": frozenset({"detail_page", "capture_form", "import", "conversion", "api", "integration"}),
    "contact": frozenset({"detail_page", "import", "conversion", "api", "integration"}),
    "deal": frozenset({"detail_page", "import", "conversion", "api", "integration", "from_contact"}),
}
"""Which ways in a record type has (S21-S27). Its keys are the record types there are."""


class Target(Struct, frozen=True, gc=False):
    """What an owner value may name."""

    kind: TargetKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class RecordEvent(Struct, frozen=True, kw_only=True, gc=False):
    """Something happened to a record in the CRM.

    `facts` holds the record's fields, standard and custom, and each linked record as a mapping under its name, so
    that `account.sector` is one walk. `owner` is the owner after the event, as the CRM tells it. Times are
    milliseconds since 1970 (UTC). `person` was in contact with it, or accepts or declines it, for the `reason` in
    their own words; `decision` is the id of the one that offered it, where an answer names it. `depth` counts how many
    automatic decisions led to this event. `process` is the one that the record goes through; `step` was marked, or,
    not `marked`, is so no more. `status`: the event says whether the record is open. `merged_into`: the record is gone
    because it was merged into the one with this id. `if_unchanged`: it corrects what was seen of the record under this
    mark, and says nothing where that changed since. `action` is the id of one that a workflow asked for, and that was
    done or failed, for the `reason`.
    """

    kind: RecordEventKind
    id: str
    record_type: str
    record_id: str
    facts: Mapping[str, object]
    owner: Target | None = None
    channel: str | None = None
    actor: str | None = None
    version: int | None = None
    time_ms: int | None = None
    by_rules: bool = False
    tool: str | None = None
    offer: str | None = None
    more_offers: tuple[str, ...] = ()
    person: str | None = None
    depth: int = 0
    correlation_id: str = ""
    process: str | None = None
    step: StepName | None = None
    marked: bool = True
    status: RecordStatus | None = None
    merged_into: str | None = None
    reason: str = ""
    if_unchanged: str | None = None
    action: str | None = None
    decision: str | None = None

    @property
    def offers(self) -> tuple[str, ...]:
        """All offers that it is about, in the order in which it names them."""
        return () if self.offer is None else (self.offer, *self.more_offers)

    @property
    def record(self) -> str:
        """The record's name within its division, `lead/4711`."""
        return f"{self.record_type}/{self.record_id}"

    @property
    def converted_lead(self) -> str | None:
        """The name of the lead that this record came of in a conversion, as its link `lead` tells; none: of none."""
        if self.channel != CONVERSION or self.kind != "created" or self.record_type == LEAD:
            return None
        link = self.facts.get(LEAD)
        lead_id = link.get("id") if isinstance(link, Mapping) else None
        return f"{LEAD}/{lead_id}" if isinstance(lead_id, str) and lead_id else None

    @property
    def records(self) -> tuple[str, ...]:
        """The names of all records that a decision about it may concern."""
        lead = self.converted_lead
        return (self.record,) if lead is None else (self.record, lead)


class MemberEvent(Struct, frozen=True, gc=False):
    """A person is available, away, off shift or on leave from now on, `until` a time where it is known.

    `availability` is the CRM's word for it. `time_ms` is when it was so; none: now. `begins_ms`: it is not so before.
    """

    id: str
    person: str
    availability: str
    until_ms: int | None = None
    correlation_id: str = ""
    time_ms: int | None = None
    begins_ms: int | None = None


class CatalogueEvent(Struct, frozen=True, kw_only=True, gc=False):
    """A field or a step itself is gone, or a step takes more than before: no record is meant.

    `name` is what it is about: of a field the type of record and its name, of a step the process and its id. What is
    none stays as it was.
    """

    kind: CatalogueEventKind
    id: str
    name: tuple[str, str]
    requires_note: bool | None = None
    generates_task: bool | None = None
    actor: str | None = None
    version: int | None = None
    time_ms: int | None = None
    correlation_id: str = ""


class EmptyEvent(Struct, frozen=True, gc=False):
    """A source record without a value: it says nothing."""

    id: str = ""


Event = RecordEvent | MemberEvent | CatalogueEvent | EmptyEvent
