"""The names of all topics, in one value, so that nothing else spells a topic's name.

A prefix lets several deployments (and tests) share a broker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SOURCES: Final = ("crm.records", "crm.members")
"""Where CRM events are read by default. One topic for all events of a record keeps their order."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names as the broker knows them, prefix included."""

    prefix: str
    sources: tuple[str, ...]
    events: str
    log: str
    config: str
    assignments: str
    notifications: str
    workflow_actions: str
    dead_letters: str

    @classmethod
    def of(cls, prefix: str = "", sources: tuple[str, ...] = SOURCES) -> Topics:
        """All names behind one prefix (`test1.` makes `test1.assignments`); `sources` are given without it."""
        return cls(
            prefix=prefix,
            sources=tuple(prefix + source for source in sources),
            events=f"{prefix}assignment.events",
            log=f"{prefix}assignment.log",
            config=f"{prefix}assignment.config",
            assignments=f"{prefix}assignments",
            notifications=f"{prefix}notifications",
            workflow_actions=f"{prefix}workflow-actions",
            dead_letters=f"{prefix}assignment.dead-letters",
        )
