"""What events say of processes, in the core's own words: of a record's, and of fields and steps themselves."""

from __future__ import annotations

from typing import Final, cast

from schemas.events import CatalogueChanged, FieldDeleted, RecordData, StepChanged, StepDeleted, StepMarked
from service.core.events import RecordEventKind

_AS_TOLD: Final = ("requires_note", "generates_task", "version")


def process_fields(data: RecordData, kind: RecordEventKind) -> dict[str, object]:
    """What an event about a record says of the process that it goes through."""
    fields: dict[str, object] = {} if data.record.process is None else {"process": data.record.process}
    if kind == "step_marked":
        told = cast("StepMarked", data)
        fields |= {"step": (told.process, told.step), "marked": told.marked}
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
