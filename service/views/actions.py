"""Read published actions back: what workflows asked the CRM for about a record, and why.

As with decisions, only what is an action in our published language is read as one; anything else is `Foreign`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.decisions import WorkflowActionRequested
from service.core.model import ActionRequest, Weighed
from service.views.published import Foreign, foreign
from service.wire.actions import ACTION, read_action
from service.wire.messages import RawRecord


@dataclass(frozen=True, slots=True)
class PublishedAction:
    """One action as it stands on the topic. `withheld` are workflows that cared for the same and asked for nothing."""

    id: str
    time: str
    said: Mapping[str, Any]
    request: ActionRequest
    withheld: tuple[Weighed, ...]

    def as_json(self) -> dict[str, Any]:
        """The event's data with its id and time in front, for machines."""
        return {"id": self.id, "time": self.time, **self.said}


def read_published_action(record: RawRecord) -> PublishedAction | Foreign:
    """The action in a record of the topic of workflow actions."""
    headers = {name: (value or b"").decode(errors="backslashreplace") for name, value in record.headers}
    kind, wanted = headers.get("ce_type", ""), (ACTION[1] or b"").decode()
    value = record.value or b""
    if kind != wanted:
        return foreign(record, f"its type is {kind}, which is no action" if kind else "it has no header ce_type")
    try:
        WorkflowActionRequested.model_validate_json(value, strict=True)
        said = orjson.loads(value)
        request, withheld = read_action(said)
    except (ValidationError, ValueError, KeyError, TypeError):
        return foreign(record, f"its value is no {kind}")
    return PublishedAction(headers.get("ce_id", ""), headers.get("ce_time", ""), said, request, withheld)


def each_once(found: Iterable[PublishedAction]) -> list[PublishedAction]:
    """Each action once, in order: outputs may be published again, even after newer ones."""
    return sorted({each.id: each for each in found}.values(), key=lambda each: each.request.sequence)
