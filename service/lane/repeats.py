"""Whether an input whose place counts as taken was taken, or is about to be lost.

Ingest may send anything twice, so what lies at or below a mark is dropped: mostly it was answered before, and that is
nobody's worry. But a mark may be wrong (a source that lost records and grew again, a mark from elsewhere), and then
events are dropped that nobody has ever decided. So a lane remembers what it took lately, and compares:

* The same event at the same place is a repeat. Not the same bytes: ingest of the next release may write another key.
* Another one at the same place, or one within the reach of memory that was never taken, is `lost`.
* What became a dead letter left nothing in the state but that (see `positions`): it is a repeat.
* Anything else below the reach of memory is asked of the state. It is `lost` where it is proven that nobody heard it:
  its record is not known; or its id is none of those that the record heard, and they are all there; or it comes after
  all that is known of the record, by each order that the record has. That proves nothing where record or dead letter
  may be forgotten by now. What is no news, as far as the record says, is a repeat; the rest may be one: `unknown`.

To be wrong about a repeat makes a second answer of an event; so `lost` is only said where it is proven.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final, Literal

from service.core.configuration import Config
from service.core.events import MemberEvent, RecordEvent
from service.core.hearing import REMEMBERED_EVENTS, hear, moment_of
from service.core.news import NoNews
from service.core.order import NO_MOMENT, compare, short_id
from service.core.past import NOTHING_TOLD
from service.core.record import Record
from service.core.state import State
from service.core.status import NEVER_TOLD
from service.lane.positions import Positions
from service.limits import DAY_MS
from service.wire.input_fields import RECORD_KINDS
from service.wire.inputs import LaneInput
from service.wire.messages import Position

REMEMBERED: Final = 5_000
"""So many inputs a lane remembers: as many as ingest sends at once, at most."""

CONTENTS: Final = 8
"""Of so many inputs with different content at one place it is remembered that they were answered."""

CLOCKS_MS: Final = DAY_MS
"""So far the clock of a CRM may be ahead of the broker's."""

Fate = Literal["repeat", "unknown", "lost"]
"""What a drop means: answered before; not known; never answered."""


class Repeats:
    """The inputs that were taken lately, by their place, and per source partition from where on all are remembered.

    `refused` are the positions of the lane that became dead letters.
    """

    def __init__(self, refused: Positions) -> None:
        self._refused = refused
        self._taken: dict[Position, tuple[int, ...]] = {}
        self._order: deque[Position] = deque()
        self._reach: dict[tuple[str, int], tuple[int, int]] = {}

    def remember(self, received: LaneInput) -> None:
        """An input is taken; above all that were taken of its partition before."""
        position = received.position
        epoch, topic, partition, offset = position
        self._reach.setdefault((topic, partition), (epoch, offset))
        self._taken[position] = (_told(received),)
        self._order.append(position)
        if len(self._order) > REMEMBERED:
            oldest = self._order.popleft()
            del self._taken[oldest]
            self._reach[oldest.topic, oldest.partition] = (oldest.epoch, oldest.offset + 1)

    def remember_lost(self, received: LaneInput) -> None:
        """An input was lost, and somebody was told: that was its answer."""
        position = received.position
        known = self._taken.get(position)
        if known is not None:
            self._taken[position] = (known[0], *known[1:][-CONTENTS + 2 :], _told(received))

    def fate(self, received: LaneInput, states: Mapping[str, tuple[State, Config]], kept_since_ms: int = 0) -> Fate:
        """What it means to drop this input. `states`: of each division that it concerns; no record was forgotten that
        was heard of since `kept_since_ms`.
        """
        position = received.position
        known = self._taken.get(position)
        if known is not None:
            return "repeat" if _told(received) in known else "lost"
        if self._refused.holds(position):
            return "repeat"
        reach = self._reach.get((position.topic, position.partition))
        if reach is not None and (position.epoch, position.offset) >= reach:
            return "lost"
        event = received.event
        if not isinstance(event, RecordEvent):
            return "unknown"
        fates = [self._fate_of(event, position, *known, kept_since_ms) for known in states.values()]
        return "lost" if "lost" in fates else "unknown" if "unknown" in fates or not fates else "repeat"

    def _fate_of(
        self, event: RecordEvent, position: Position, state: State, config: Config, kept_since_ms: int
    ) -> Fate:
        record = state.records.get(event.record)
        if record is not None and short_id(event.id) in record.seen:
            return "repeat"
        was_maybe_forgotten = bool(state.forgotten) and (event.time_ms or 0) < kept_since_ms + CLOCKS_MS
        is_proof = not was_maybe_forgotten and not self._refused.may_have_held(position)
        if is_proof and (record is None or _is_complete(record) or _comes_after(event, record)):
            return "lost"
        return "repeat" if record is not None and _knows(record, event, state, config) else "unknown"


def _told(received: LaneInput) -> int:
    """Which event it is: by its id, and for a CRM that gives all of them one id, by whom and what it is about."""
    match received.event:
        case RecordEvent(kind=kind, id=name, record=record):
            return hash((received.division, kind, name, record))
        case MemberEvent(id=name, person=person, availability=availability):
            return hash((received.division, availability, name, person))
        case told:
            return hash((received.division, repr(told)))


def _is_complete(record: Record) -> bool:
    """Whether the ids of all that it ever heard are there. Of one that waits and heard nothing, the memory was lost."""
    return len(record.seen) < REMEMBERED_EVENTS and bool(record.seen or not record.parked)


def _knows(record: Record, event: RecordEvent, state: State, config: Config) -> bool:
    """Whether it tells nothing that the record does not know, of its being open or closed neither. Of steps the record
    itself does not say.
    """
    news = hear(event, record, state.past.get(event.record) or NOTHING_TOLD, config)
    if not isinstance(news, NoNews) or news.reason == "step_told":
        return False
    return event.status is None or compare(moment_of(event), (record.status or NEVER_TOLD).at) in {"older", "same"}


def _comes_after(event: RecordEvent, record: Record) -> bool:
    """Whether it is newer than all that was heard of the record: by version and by time, as far as those are known.

    That supposes of a record's events that they tell the same of their order, if anything: a CRM does. Of an offer made
    for a deleted record no note is taken.
    """
    at, known = moment_of(event), record.moment
    is_ordered = event.kind in RECORD_KINDS and known != NO_MOMENT
    return is_ordered and _is_above(at.version, known.version) and _is_above(at.time_ms, known.time_ms)


def _is_above(told: int | None, known: int | None) -> bool:
    return known is None or (told is not None and told > known)
