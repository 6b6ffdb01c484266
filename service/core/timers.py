"""What happens when a time has come: somebody is back, parked records can move, or are asked for anew.

A timer's name says what it does and for whom. Which are due is the lane's question; time is an input like any other.
"""

from __future__ import annotations

from service.core import following
from service.core.case import Verdict
from service.core.configuration import Config
from service.core.draft import Draft
from service.core.holding import draining
from service.core.holding.clients import recount
from service.core.holding.draining import ROOM_BYTES, drain
from service.core.holding.presence import RETURN_PREFIX, come_back
from service.core.holding.waiting import ASK_PREFIX, DRAIN_PREFIX
from service.core.model import Decision
from service.core.state import State


def due(state: State, now_ms: int) -> list[tuple[int, str]]:
    """The timers whose time has come, in the order in which they go off: by time, then by name."""
    return sorted((timer.due_ms, name) for name, timer in state.timers.items() if timer.due_ms <= now_ms)


def needed(name: str, state: State, config: Config) -> tuple[str, ...]:
    """The records that the timer looks at when it goes off, in order; at least the first of them must be loaded."""
    if name.startswith(ASK_PREFIX):
        record = name.removeprefix(ASK_PREFIX)
        return (record,) if record in state.parked else ()
    if name.startswith(DRAIN_PREFIX):
        return draining.needed(name.removeprefix(DRAIN_PREFIX), Draft(state), config)
    return ()


def fire(name: str, state: State, config: Config, now_ms: int, room_bytes: int = ROOM_BYTES) -> Verdict:
    """Let one timer go off. Pure, like `decide`. About so much may come of it, or what one record makes."""
    draft = Draft(state)
    draft.timers.drop(name)
    if name.startswith(RETURN_PREFIX):
        person = name.removeprefix(RETURN_PREFIX)
        decisions: tuple[Decision, ...] = (come_back(person, draft, config, now_ms),)
    elif name.startswith(ASK_PREFIX):
        decisions = following.anew(name.removeprefix(ASK_PREFIX), draft, config, now_ms)
    else:
        decisions = drain(name.removeprefix(DRAIN_PREFIX), draft, config, now_ms, room_bytes)
    recount(draft)
    return Verdict(decisions, draft.changes())
