"""What bounds a lane's work, in one value from the settings down to the batch.

It stands below all that reads it: the settings give the numbers, the lane, which is compiled, asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS

UNPACKED_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""What one read of a topic unpacks unless the settings say otherwise: a batch of a megabyte that shrank to a 60th."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds a lane's work, from the settings down to the batch. These are the defaults of the settings, too.

    `switch_steps`: so many pools are looked at in one batch of a switch. Every `sweep_every_ms` those records go of
    which nothing was heard for `deleted_ms`, where they were deleted or only refused, for `closed_ms`, where they are
    closed, or for `untouched_ms`.
    """

    batch_max: int = 500
    timers_per_batch: int = 100
    switch_steps: int = 1_000
    poll_wait_ms: int = 1_000
    record_max_bytes: int = 1_200_000
    snapshot_min_bytes: int = 1_048_576
    keep_ms: int = 168 * HOUR_MS
    dead_letter_limit_bytes: int = 900_000
    sweep_every_ms: int = DAY_MS
    deleted_ms: int = 30 * DAY_MS
    closed_ms: int = 400 * DAY_MS
    untouched_ms: int = 400 * DAY_MS

    @property
    def kept_least_ms(self) -> int:
        """So long a record of which something was heard is kept at least, less the minute to which that is known."""
        return min(self.deleted_ms, self.closed_ms, self.untouched_ms) - MINUTE_MS
