"""What builds of different levels may share a lane for: none writes what belongs to a level that the lane is not at.

The levels are those of the newest kinds, which builds that went before do not know; they would carry them along, and
decide as if they were not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tests.log_reader import Reader, Seen, read_record

FIRST_LEVELS: Final = {
    "acting": 4,
    "tally": 4,
    "orders": 4,
    "climb": 4,
    "hush": 4,
    "held": 4,
    "digest": 4,
    "answerable": 5,
    "offered_by": 5,
    "skew": 5,
}


def level_violations(reader: Reader, log: Sequence[Seen]) -> Iterator[str]:
    """Kinds that a batch changes below their level, and levels that go down."""
    level = 0
    for seen in log:
        batch = read_record(seen.value) if seen.offset in reader.batches else None
        if batch is None:
            continue
        early = sorted(kind for kind in batch["changes"] if FIRST_LEVELS.get(kind, 0) > batch["level"])
        if early:
            yield f"lane {reader.lane}: batch {seen.offset} is of level {batch['level']} and changes {early}"
        if batch["level"] < level:
            yield f"lane {reader.lane}: batch {seen.offset} is of level {batch['level']}, and the lane of {level}"
        level = max(level, batch["level"])
