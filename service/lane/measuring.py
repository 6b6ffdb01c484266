"""What a lane's loop tells the metrics: how long its steps take, and what came of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from service.lane.deciding import UNDECIDED, Made
from service.telemetry import METERS, BatchStep


@contextmanager
def measured(step: BatchStep) -> Iterator[None]:
    """Measure what is done within, where it ends well."""
    started = perf_counter()
    yield
    METERS.timing("batch_seconds", perf_counter() - started, step=step)


def count(lane: int, made: Made) -> None:
    """Count outcomes and outputs of a batch that is true."""
    for (kind, reason), amount in Counter((line.kind, line.reason) for line in made.batch.outcomes).items():
        if kind == "dead_letter":
            METERS.count("dead_letters", amount, reason=reason)
        elif kind == "dropped":
            METERS.count("events_dropped", amount, lane=str(lane), reason=reason or "repeat")
        elif reason not in UNDECIDED:
            METERS.count("decisions", amount, outcome=kind)
    for topic, amount in Counter(message.topic for message in made.batch.outputs).items():
        METERS.count("outputs_published", amount, topic=topic)


def overtaken(made: Made) -> Iterator[str]:
    """The source positions of events that would have been lost (see `repeats`)."""
    return (line.source for line in made.batch.outcomes if line.reason == "taken_before")
