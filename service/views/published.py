"""Read published decisions back, with what stands beside them in the headers: id, type, time, division.

Anybody who may write to the topic can put something else there. Only what is a decision in our published language is
read as one, so that whoever shows it meets no surprise behind it; anything else is `Foreign`, with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from schemas.decisions import OUTPUTS, DecisionData
from service.core.model import Decision
from service.wire.decisions import NotADecision, read_decision
from service.wire.messages import RawRecord
from service.wire.outputs import DEFAULT_DIVISION


class Foreign(NamedTuple):
    """A record that is none of ours: where it lies (`topic/partition/offset`), and what it lacks."""

    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Published:
    """One decision as it stands on the topic. `said` is the event's data, `config_version` what it was decided with."""

    id: str
    type: str
    time: str
    division: str
    said: Mapping[str, Any]
    decision: Decision

    @property
    def config_version(self) -> int:
        return int(self.said["configuration"]["version"])

    def as_json(self) -> dict[str, Any]:
        """The event's data with its id, type, time and division in front, for machines."""
        return {"id": self.id, "type": self.type, "time": self.time, "division": self.division, **self.said}


def read_published(record: RawRecord) -> Published | Foreign:
    """The decision in a record of the assignments topic."""
    headers = {name: (value or b"").decode(errors="backslashreplace") for name, value in record.headers}
    value = record.value or b""
    kind = headers.get("ce_type", "")
    model = OUTPUTS.get(kind)
    if model is None or not issubclass(model, DecisionData):
        return foreign(record, f"its type is {kind}, which is no decision" if kind else "it has no header ce_type")
    try:
        model.model_validate_json(value, strict=True)
        decision = read_decision(value, record.headers)
    except (ValidationError, NotADecision):
        return foreign(record, f"its value is no {kind}")
    return Published(
        headers.get("ce_id", ""),
        kind,
        headers.get("ce_time", ""),
        headers.get("ce_division", DEFAULT_DIVISION),
        orjson.loads(value),
        decision,
    )


def foreign(record: RawRecord, why: str) -> Foreign:
    """The record as one that is none of ours."""
    return Foreign(f"{record.topic}/{record.partition}/{record.offset}", why)
