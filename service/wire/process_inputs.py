"""What only some events say, in the core's own words: of processes, fields and steps, of offers, of who was in contact
with a record or answers whether they take it.
"""

from __future__ import annotations

from typing import Final

from schemas.events import (
    AssignmentAnswered,
    CatalogueChanged,
    FieldDeleted,
    OfferEvent,
    RecordContacted,
    RecordData,
    StepChanged,
    StepDeleted,
    StepMarked,
)

_AS_TOLD: Final = ("requires_note", "generates_task", "version")


def process_fields(data: RecordData, *, is_gone: bool) -> dict[str, object]:
    """What an event about a record says of the process that it goes through. One that is gone goes through none, and an
    event that tells so is no longer one of a step.
    """
    fields: dict[str, object] = {} if data.record.process is None else {"process": data.record.process}
    if isinstance(data, StepMarked) and not is_gone:
        fields |= {"step": (data.process, data.step), "marked": data.marked}
    return fields


def catalogue_fields(data: CatalogueChanged) -> dict[str, object]:
    """What an event says of a field or step itself, and who did it."""
    fields: dict[str, object] = {}
    match data:
        case FieldDeleted():
            fields["name"] = (data.record_type, data.field)
        case StepDeleted() | StepChanged():
            fields["name"] = (data.process, data.step)
    told = {name: getattr(data, name, None) for name in _AS_TOLD}
    fields |= {name: value for name, value in told.items() if value is not None}
    return fields if data.actor is None else fields | {"actor": data.actor.id}


def only_of(data: RecordData, kind: object) -> dict[str, object]:
    """What only some events tell. An event that tells of a merger is a deletion, and no longer one of these."""
    match data:
        case OfferEvent(offer=tuple() as offers):
            return {"offer": offers[0]} | ({} if kind == "deleted" else {"more_offers": offers[1:]})
        case RecordContacted(person=person) if kind != "deleted":
            return {"person": person}
        case AssignmentAnswered(person=person, reason=reason):
            answered: dict[str, object] = {"person": person}
            return answered | {"reason": reason} if reason else answered
        case _:
            return {}
