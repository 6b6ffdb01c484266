"""What a decision raises costs what it was about: an event, a timer, one pool's part of a switch. Nothing else.

Its changes are dropped, it is told of with a dead letter and its traceback, and the others go on. A row of events that
all raise is no bad input but a bug, and a bug must become an outage, not a silent loss: then the lane halts, behind
the dead letters, which are in the log by then.
"""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

from service.lane.surprise import Halted
from service.wire.dead_letters import LEAST_LIMIT_BYTES, dead_letter
from service.wire.log_records import output_bytes
from service.wire.messages import Message, Poison, Position
from service.wire.topics import Topics

T = TypeVar("T")

MAX_RAISED_IN_A_ROW: Final = 100
"""So many events in a row whose decision raised are a bug and not bad input: the lane halts."""
NAMED_POSITIONS: Final = 20
"""So many of them are named where it is told."""

PUT_OFF_MS: Final = 3_600_000
"""A timer that raised goes off again after this: what waits for it is not forgotten, and no lane is busy with it."""

LETTER_LOG_BYTES: Final = 1_900_000
"""What a dead letter may take in a log record: control characters take six times what they are, base64 a third more."""


class DoesNotFit(Exception):
    """What was decided cannot be written down; the event is a dead letter."""


class TooManyDeadLetters(Halted):
    """Deciding raised for too many events in a row. This is a bug: see the dead letters' traces, then restart."""

    def __init__(self, raised: Sequence[Position]) -> None:
        super().__init__(
            "raises", f"deciding raised for {len(raised)} events in a row, which are dead letters: {_named(raised)}"
        )


class Raised(NamedTuple):
    """What was raised instead of an answer."""

    error: Exception

    @property
    def what(self) -> str:
        """Its kind and its message."""
        return f"{type(self.error).__name__}: {self.error}"

    @property
    def trace(self) -> str:
        """Where it came from."""
        return "".join(traceback.format_exception(self.error))


def guarded(decide: Callable[[], T]) -> T | Raised:
    """What is decided, or what that raised."""
    try:
        return decide()
    except Exception as error:  # noqa: BLE001  # the one place: what a decision raises costs what it is about
        return Raised(error)


def fitting_letter(poison: Poison, position: Position, topics: Topics, trace: str, limit_bytes: int) -> Message:
    """The dead letter, cut to what its topic and a log record take."""
    letter = dead_letter(poison, position, topics, trace, limit_bytes)
    while output_bytes(letter) > LETTER_LOG_BYTES and limit_bytes > LEAST_LIMIT_BYTES:
        limit_bytes = max(LEAST_LIMIT_BYTES, limit_bytes // 2)
        letter = dead_letter(poison, position, topics, trace, limit_bytes)
    return letter


def _named(positions: Sequence[Position]) -> str:
    """Source positions by partition: `0/crm.records/3/17, 18, 19`."""
    offsets: defaultdict[str, list[str]] = defaultdict(list)
    for position in positions[:NAMED_POSITIONS]:
        offsets[str(position).rpartition("/")[0]].append(str(position.offset))
    told = [f"{where}/{', '.join(those)}" for where, those in offsets.items()]
    more = len(positions) - NAMED_POSITIONS
    return "; ".join(told) + (f" and {more} more" if more > 0 else "")
