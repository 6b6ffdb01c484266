"""Read published decisions back, with what stands beside them in the headers: id, type, time, division."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from service.core.model import Decision
from service.wire.decisions import read_decision
from service.wire.messages import RawRecord
from service.wire.outputs import DEFAULT_DIVISION


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


def read_published(record: RawRecord) -> Published:
    """The decision in a record of the assignments topic. Raises `NotADecision`."""
    headers = {name: (value or b"").decode(errors="backslashreplace") for name, value in record.headers}
    value = record.value or b""
    decision = read_decision(value, record.headers)
    return Published(
        headers.get("ce_id", ""),
        headers.get("ce_type", ""),
        headers.get("ce_time", ""),
        headers.get("ce_division", DEFAULT_DIVISION),
        orjson.loads(value),
        decision,
    )
