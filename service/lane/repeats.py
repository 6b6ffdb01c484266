"""Whether an input whose place counts as taken was taken, or is about to be lost.

Ingest may send anything twice, so what lies at or below a mark is dropped: mostly it was decided before, and that is
nobody's worry. But a mark may be wrong (a source that lost records and grew again, a mark from elsewhere), and then
events are dropped that nobody has ever decided. So a lane remembers what it took lately, and compares:

* The same event at the same place is a repeat. Not the same bytes: ingest of the next release may write another key.
* Another one at the same place, or one within the reach of memory that was never taken, is `lost`.
* What lies below the reach of memory is asked of the state: the creation of a record that nobody ever heard of, or news
  by version or time, is `lost` as well. What has no such order, or is of a record that may be forgotten by now, may be
  a repeat: that is `unknown`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, Literal

from service.core.configuration import Config
from service.core.hearing import hear
from service.core.model import EmptyEvent, MemberEvent, RecordEvent
from service.core.news import NoNews
from service.core.past import NOTHING_TOLD
from service.core.state import State
from service.wire.inputs import LaneInput
from service.wire.messages import Position

REMEMBERED: Final = 5_000
"""So many inputs a lane remembers: as many as ingest sends at once, at most."""

Fate = Literal["repeat", "unknown", "lost"]
"""What a drop means: taken before; not known; never decided."""


class Repeats:
    """The inputs that were taken lately, by their place, and per source partition from where on all are remembered."""

    def __init__(self) -> None:
        self._taken: dict[Position, int] = {}
        self._order: deque[Position] = deque()
        self._reach: dict[tuple[str, int], tuple[int, int]] = {}

    def remember(self, received: LaneInput) -> None:
        """An input is taken; above all that were taken of its partition before."""
        position = received.position
        self._reach.setdefault((position.topic, position.partition), (position.epoch, position.offset))
        self._taken[position] = _told(received)
        self._order.append(position)
        if len(self._order) > REMEMBERED:
            oldest = self._order.popleft()
            del self._taken[oldest]
            self._reach[oldest.topic, oldest.partition] = (oldest.epoch, oldest.offset + 1)

    def fate(self, received: LaneInput, states: Mapping[str, tuple[State, Config]], kept_since_ms: int = 0) -> Fate:
        """What it means to drop this input. `states`: of each division that it concerns; no record was forgotten that
        was heard of since `kept_since_ms`.
        """
        position = received.position
        known = self._taken.get(position)
        if known is not None:
            return "repeat" if known == _told(received) else "lost"
        reach = self._reach.get((position.topic, position.partition))
        if reach is not None and (position.epoch, position.offset) >= reach:
            return "lost"
        event = received.event
        if not isinstance(event, RecordEvent):
            return "unknown"
        fates = [_fate_of(event, state, config, kept_since_ms) for state, config in states.values()]
        return "lost" if "lost" in fates else "unknown" if "unknown" in fates or not fates else "repeat"


def _told(received: LaneInput) -> int:
    """Which event it is: by its id, and for a CRM that gives all of them one id, by whom and what it is about."""
    match received.event:
        case RecordEvent(kind=kind, id=name, record=record):
            return hash((received.division, kind, name, record))
        case MemberEvent(id=name, person=person, availability=availability):
            return hash((received.division, availability, name, person))
        case EmptyEvent():
            return hash(received.division)


def _fate_of(event: RecordEvent, state: State, config: Config, kept_since_ms: int) -> Fate:
    record = state.records.get(event.record)
    if record is None:
        may_be_forgotten = bool(state.forgotten) and (event.time_ms or 0) < kept_since_ms
        return "lost" if event.kind == "created" and not may_be_forgotten else "unknown"
    if isinstance(hear(event, record, state.past.get(event.record) or NOTHING_TOLD, config), NoNews):
        return "repeat"
    return "unknown" if event.version is None and event.time_ms is None else "lost"
