"""What moves a record on its steps: the wait for one is over (D56).

Members of pools take it out of the line in which it stands, and whom a step names alone out of theirs, like all that
waits there (see `draining`).
"""

from __future__ import annotations

from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding.moving import ask_reached
from service.core.model import Decision


def step_on(name: str, draft: Draft, config: Config, now_ms: int) -> tuple[Decision, ...]:
    """The record has waited for a step as long as it says: the next is asked, too."""
    parked = draft.parked.get(name)
    decided = None if parked is None else ask_reached(name, parked, draft, config, now_ms)
    return () if decided is None else decided
