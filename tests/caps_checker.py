"""No workflow beyond its cap: by what it asked for, and by what the log says it did, for one record and in all.

What was counted begins anew with another day, with another revision of the workflow, and where the lane forgot the
count: with the record, or with a configuration that did not have the workflow.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.giving_words import UNITS_MS, Known, milliseconds
from tests.log_reader import Content, Reader, Seen, header, read_record

CAPS_LEVEL: Final = 4
"""Below this level of a lane nothing is counted."""
NO_CAP: Final = (0, 0)
Caps = Mapping[str, Mapping[str, tuple[int, int]]]
"""By division and workflow: how often it may act in a day for one record, and in all."""


def cap_violations(known: Known, reader: Reader, log: Sequence[Seen]) -> Iterator[str]:
    """Workflows that acted more often in a day than the configuration of that moment says."""
    asked: Counter[tuple[object, ...]] = Counter()
    counts = _Counts()
    for seen in log if known else ():
        batch = read_record(seen.value) if seen.offset in reader.batches else None
        if batch is None or batch["level"] < CAPS_LEVEL:
            continue
        caps = {division: known[division, version].caps for division, version in batch["versions"].items()}
        counts.heed(batch["changes"])
        yield from (f"lane {reader.lane}: batch {seen.offset}: {line}" for line in _counted(batch["changes"], caps))
        for output in reader.batches[seen.offset]:
            if not header(output, "ce_type").startswith("workflow."):
                continue
            division, workflow = header(output, "ce_division"), json.loads(output.value)["workflow"]
            day = milliseconds(header(output, "ce_time")) // UNITS_MS["d"]
            for key, may in counts.keys(division, workflow, output.key, caps):
                asked[key, day] += 1
                if asked[key, day] == may + 1:
                    yield f"lane {reader.lane}: {header(output, 'ce_id')} is beyond {may} in a day"


class _Counts:
    """Since when what is counted counts: a number that is another one wherever the lane counts anew."""

    def __init__(self) -> None:
        self._revisions: dict[str, str] = {}
        self._begun: Counter[str] = Counter()

    def heed(self, changes: Content) -> None:
        """What a batch changed."""
        for name, tally in changes.get("tally", {}).items():
            revision = "" if tally is None else tally[0]
            if tally is None or self._revisions.get(name, revision) != revision:
                self._begun[name] += 1
            self._revisions[name] = revision
        for name, acting in changes.get("acting", {}).items():
            self._begun[name] += acting is None

    def keys(self, division: str, workflow: str, record: bytes, caps: Caps) -> Iterator[tuple[tuple[object, ...], int]]:
        """Where an action of the workflow about a record counts, each with how many may."""
        per_record, per_day = caps[division].get(workflow, NO_CAP)
        name, about = f"{division}/{workflow}", f"{division}/{record.decode().removeprefix(f'{division}/')}"
        yield (name, self._begun[name]), per_day
        yield (name, self._begun[name], about, self._begun[about]), per_record


def _counted(changes: Content, caps: Caps) -> Iterator[str]:
    """What the lane itself counted."""
    for name, tally in changes.get("tally", {}).items():
        division, _, workflow = name.partition("/")
        if tally is not None and tally[2] > caps[division].get(workflow, NO_CAP)[1]:
            yield f"{name} acted {tally[2]} times in a day"
    for name, acting in changes.get("acting", {}).items():
        yield from _counted_of(name, acting or [[], []], caps[name.partition("/")[0]])


def _counted_of(record: str, acting: Sequence[Any], caps: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for workflow, _, _, times, *_ in acting[1]:
        if workflow in caps and times > caps[workflow][0]:
            yield f"{workflow} acted {times} times in a day about {record}"
