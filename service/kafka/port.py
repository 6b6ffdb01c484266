"""What a lane needs from the broker: its input, its log, its outputs.

One of the program's two ports. It has two implementations: Kafka, and a list of records for scenarios, simulation and
replay. One contract suite runs against both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple, Protocol

from service.wire.messages import Message

MAX_RECORD_BYTES: Final = 2_000_000
"""Largest value of a record. The log must accept a little more (batch header), see `deploy/topics.yaml`."""
TOGETHER_BYTES: Final = 900_000
"""Several records that are appended together hold at most so much: they are one batch of the broker's."""


class LogEntry(NamedTuple):
    """One record of a lane's log."""

    offset: int
    value: bytes


class Arrived(NamedTuple):
    """One record of a lane's input; `time_ms` is the broker's append time where it has one."""

    offset: int
    time_ms: int
    value: bytes


class Lost(Exception):
    """It is not known whether a write arrived. The producer is of no use any more: renew it and claim again."""


class BrokerUnreachable(ConnectionError):
    """The broker does not answer, or cannot now. Of a write it is not used: that is `Lost`."""


class Refused(Lost):
    """The broker refused a batch of `size` bytes and would refuse it again; `is_too_large`: for its size.

    What to do is the writer's to know: write less, or tell that a topic has the wrong settings.
    """

    def __init__(self, topic: str, size: int, error: Exception, *, is_too_large: bool) -> None:
        remedy = ": raise the topic's max.message.bytes" if is_too_large else ""
        super().__init__(
            f"the broker refuses a batch of {size} bytes for {topic} ({str(error) or type(error).__name__}){remedy}"
        )
        self.topic = topic
        self.size = size
        self.is_too_large = is_too_large

    @property
    def remedy(self) -> str:
        """What lets the topic take it."""
        if self.is_too_large:
            return f"raise max.message.bytes of {self.topic} above {self.size}; it is tried again, and nothing is lost"
        return f"see that {self.topic} exists and may be written to; it is tried again, and nothing is lost"


class Truncated(Exception):
    """The position asked for is not (or no longer) there. `begin` and `end` are what there is."""

    def __init__(self, begin: int, end: int) -> None:
        super().__init__(f"the partition holds offsets {begin} to {end}")
        self.begin = begin
        self.end = end


class LogReader(Protocol):
    """Whatever the log can be read from. Raises `BrokerUnreachable` besides what is named."""

    def read_log(self, start: int, stop: int) -> AsyncIterator[LogEntry]:
        """Records with start <= offset < stop, in order. Raises `Truncated` when `start` is not there."""


class Transport(LogReader, Protocol):
    """One lane's side of the broker. Not safe for concurrent use, except `append` beside `poll`.

    Whatever only reads raises `BrokerUnreachable` besides what is named.
    """

    async def log_bounds(self) -> tuple[int, int]:
        """First offset of the log, and the offset the next record will have."""

    async def append(self, *values: bytes) -> int:
        """Append a record to the log, or several: all or none, and nothing in between (see `TOGETHER_BYTES`).

        Returns the offset of the first as the broker told it. Raises `Lost`.
        """

    async def seek(self, offset: int) -> None:
        """Make `offset` the next input position to poll."""

    async def poll(self, limit: int, wait_ms: int) -> Sequence[Arrived]:
        """Up to `limit` input records in order; empty after `wait_ms` without any. Raises `Truncated`."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish all, in order per key, and wait until the broker has them. Raises `Lost`."""

    async def tick(self, value: bytes) -> None:
        """Append to the lane's own input, to let time pass. Raises `Lost`."""

    async def truncate_log(self, before: int) -> None:
        """Delete the log's records below `before`. A broker that cannot is left as it is."""

    async def renew(self) -> None:
        """Throw the producer away and make a new one."""

    async def close(self) -> None:
        """Let go of every connection. Never waits for a broker that does not answer."""
