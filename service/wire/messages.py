"""What passes between the program and a broker, and the one word for what cannot be read.

These types stand below both ports: the broker client makes them, the codecs read and write them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from msgspec import Struct

TOPIC_NAME_LIMIT: Final = 249
MAX_NUMBER: Final = 2**63 - 1
"""No broker has a longer name or a larger offset."""

Header = tuple[str, bytes | None]
Headers = tuple[Header, ...]

PoisonReason = Literal[
    "decide_raised",
    "decode_raised",
    "invalid_envelope",
    "invalid_header",
    "invalid_json",
    "invalid_schema",
    "no_configuration",
    "sweep_raised",
    "switch_raised",
    "taken_before",
    "timer_raised",
    "too_large",
    "unknown_type",
    "unreadable_event",
    "unreadable_record",
]
"""Why something went to the dead letters. `OF_A_LANE` are a lane's, the others ingest's."""
OF_A_LANE: Final[frozenset[PoisonReason]] = frozenset(
    {
        "decide_raised",
        "no_configuration",
        "sweep_raised",
        "switch_raised",
        "taken_before",
        "timer_raised",
        "unreadable_event",
    }
)
OF_NO_EVENT: Final[frozenset[PoisonReason]] = frozenset({"sweep_raised", "switch_raised", "timer_raised"})
"""Letters about a lane's own work: there is nothing in them that could be sent again."""


class Message(Struct, frozen=True, gc=False):
    """Something to publish. The key decides the partition."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()


class RawRecord(NamedTuple):
    """A record of a source topic as the broker gave it, unread. `time_ms` is since 1970, UTC."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    time_ms: int


class Position(NamedTuple):
    """Where an event was first read. The epoch changes when someone knowingly starts the sources over."""

    epoch: int
    topic: str
    partition: int
    offset: int

    @property
    def is_possible(self) -> bool:
        """Whether a broker can have it. A foreign writer's would stand in keys and marks, however long."""
        epoch, topic, partition, offset = self
        is_number = 0 <= epoch <= MAX_NUMBER and 0 <= partition <= MAX_NUMBER and 0 <= offset <= MAX_NUMBER
        return is_number and len(topic) <= TOPIC_NAME_LIMIT

    def __str__(self) -> str:
        epoch, topic, partition, offset = self
        return f"{epoch}/{topic}/{partition}/{offset}"


@dataclass(frozen=True, slots=True)
class Poison:
    """What could not be read or decided: why, in a sentence, and the untouched original.

    `raw` is the source record, or the bytes of the lane's input where a lane gave up. `detail` quotes no values.
    """

    reason: PoisonReason
    detail: str
    raw: RawRecord | bytes
