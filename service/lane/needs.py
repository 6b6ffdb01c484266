"""What a batch is made of and needs: its inputs, and the records that these name and that timers look at.

Each timer declares its records, and a batch ends in front of one whose records are not loaded. What waits may be a
hundred thousand records with all their fields, and few of them move at a time: so none of it stays in memory but the
lines in which they wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, NamedTuple

from service.core.configuration import Config
from service.core.events import CatalogueEvent, RecordEvent
from service.core.state import State
from service.core.timers import needed, serves_all
from service.lane.book import Book
from service.lane.raising import Raised, guarded
from service.wire.inputs import LaneInput, Tick
from service.wire.messages import Poison
from service.wire.outputs import DEFAULT_DIVISION

NEEDED_AT_ONCE: Final = 1_000
"""About so many records are loaded for timers at once, or those that one of them looks at."""


class Read(NamedTuple):
    """One input, decoded. `offset` is its position in the lane's input, `time_ms` the broker's time."""

    offset: int
    time_ms: int
    content: LaneInput | Tick | Poison
    raw: bytes


def divisions_named(content: LaneInput | Tick | Poison) -> tuple[str, ...]:
    """The division that an input is for; none: it is for all that there are, or about nobody."""
    match content:
        case LaneInput(division=None, event=RecordEvent() | CatalogueEvent()):
            return (DEFAULT_DIVISION,)
        case LaneInput(division=str(division)):
            return (division,)
        case _:
            return ()


def records_named(inputs: Iterable[Read], configs: Mapping[str, Config]) -> set[tuple[str, str]]:
    """The records (division, name) that inputs may concern. A division without a configuration has none."""
    return {
        (division, name)
        for item in inputs
        if isinstance(item.content, LaneInput) and isinstance(item.content.event, RecordEvent)
        for division in divisions_named(item.content)
        if division in configs
        for name in item.content.event.records
    }


def records_missing(book: Book, division: str, timer: str, config: Config, now_ms: int) -> tuple[str, ...]:
    """The records that must be loaded before the timer goes off at this time; none: it may, and comes as far as it can.

    What raises here raises when it goes off, and is told of there.
    """
    missing = guarded(partial(_missing, book.state(division), timer, config, now_ms))
    return () if isinstance(missing, Raised) else missing


def _missing(state: State, timer: str, config: Config, now_ms: int) -> tuple[str, ...]:
    names = iter(needed(timer, state, config, now_ms))
    first = next(names, None)
    return () if first is None or first in state.records else (first, *names)


def records_for_timers(book: Book, configs: Mapping[str, Config], now_ms: int, timers: int) -> list[tuple[str, str]]:
    """The records (division, name) to be loaded before the next timers go off that are due by then."""
    found: dict[tuple[str, str], None] = {}
    served: set[str] = set()
    for division, timer in book.timers_due(now_ms, timers):
        if serves_all(timer):
            if division in served:
                continue
            served.add(division)
        config = configs.get(division) or Config(division)
        known = book.state(division).records
        missing = records_missing(book, division, timer, config, now_ms)
        found |= dict.fromkeys((division, name) for name in missing if name not in known)
        if len(found) >= NEEDED_AT_ONCE:
            break
    return list(found)
