"""Whom an input is for: the division that it names, or each that the lane has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.core.model import RecordEvent
from service.wire.inputs import LaneInput, Tick
from service.wire.messages import Poison
from service.wire.outputs import DEFAULT_DIVISION


def divisions_named(content: LaneInput | Tick | Poison) -> tuple[str, ...]:
    """The division that an input is for; none: it is for all that there are, or about nobody."""
    match content:
        case LaneInput(division=None, event=RecordEvent()):
            return (DEFAULT_DIVISION,)
        case LaneInput(division=str(division)):
            return (division,)
        case _:
            return ()


def divisions_of(received: LaneInput, configured: Iterable[str]) -> Sequence[str]:
    """Those that an event concerns: about a person it is each configured one of the lane, unless it names one."""
    return divisions_named(received) or sorted(configured)
