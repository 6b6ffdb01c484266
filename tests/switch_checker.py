"""When a lane goes over to another configuration: at the time of the input that it does so in front of.

A lane at rest has a clock that stands. What a switch decides by hours, limits and deadlines would be decided by it, and
nothing that comes later would notice: so whoever begins a switch has something come in first, a tick of their own where
nothing else does. Of a division that is configured for the first time nothing is remembered, and it need not wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.log_reader import Reader, Seen, read_record

SWITCHED: Final = "configuration_switched"


def switch_violations(
    reader: Reader, log: Sequence[Seen], inputs: Sequence[Seen], *, is_finished: bool
) -> Iterator[str]:
    """Switches decided by a clock that stood. Nothing is said where it is not known when inputs arrived."""
    times = {seen.offset: seen.time_ms for seen in inputs if seen.time_ms is not None}
    known: Mapping[str, int] = {}
    for seen in log if times else ():
        batch = read_record(seen.value) if seen.offset in reader.batches else None
        if batch is None:
            continue
        before, known = known, batch["versions"]
        moved = [name for name, version in known.items() if before.get(name, version) != version]
        if not moved or not any(line[3] == SWITCHED for line in batch["outcomes"]):
            continue
        arrived_ms = times.get(batch["from"][0])
        if arrived_ms is None and is_finished:
            yield f"lane {reader.lane}: batch {seen.offset} goes over with {moved}, and nothing had come in"
        elif arrived_ms is not None and batch["time"] < arrived_ms:
            yield (
                f"lane {reader.lane}: batch {seen.offset} goes over with {moved} at {batch['time']}, and what comes "
                f"next was there at {arrived_ms}"
            )
