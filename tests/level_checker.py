"""What builds of different levels may share a lane for: none writes what belongs to a level that the lane is not at.

The levels are those of the newest kinds, which builds that went before do not know; they would carry them along, and
decide as if they were not there. A kind may have a newer form, too, which they could not read at all, and so may
outputs.
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
PEOPLE_IN_SHORT: Final = 5
"""From which level on a person may be written as a text and a number; before, as causes of absence, ids and a time."""
OUTPUTS_AS_OBJECTS: Final = 5
"""From which level on an output may stand in the log as the object that it is; before, as a text."""


def level_violations(reader: Reader, log: Sequence[Seen]) -> Iterator[str]:
    """What a batch has below its level, and levels that go down."""
    level = 0
    for seen in log:
        batch = read_record(seen.value) if seen.offset in reader.digests else None
        if batch is None:
            continue
        outputs = batch.get("outputs", ())
        if batch["level"] < OUTPUTS_AS_OBJECTS and any(isinstance(value, dict) for _, _, value, _ in outputs):
            yield f"lane {reader.lane}: record {seen.offset} is of level {batch['level']} and has outputs as objects"
        if seen.offset not in reader.batches:
            continue
        early = sorted(kind for kind in batch["changes"] if FIRST_LEVELS.get(kind, 0) > batch["level"])
        if early:
            yield f"lane {reader.lane}: batch {seen.offset} is of level {batch['level']} and changes {early}"
        for name, value in batch["changes"].get("person", {}).items():
            if batch["level"] < PEOPLE_IN_SHORT and value is not None and isinstance(value[0], str):
                yield f"lane {reader.lane}: batch {seen.offset} is of level {batch['level']} and has {name} in short"
        if batch["level"] < level:
            yield f"lane {reader.lane}: batch {seen.offset} is of level {batch['level']}, and the lane of {level}"
        level = max(level, batch["level"])
