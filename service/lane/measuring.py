"""What a lane's loop tells the metrics: how long its steps take, and what came of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

import structlog

from service.lane.deciding import UNDECIDED
from service.lane.making import Made
from service.lane.needs import Read
from service.noticed import Noticed
from service.telemetry.metrics import METERS, BatchStep
from service.wire.inputs import Tick

log = structlog.get_logger()


@contextmanager
def measured(step: BatchStep) -> Iterator[None]:
    """Measure what is done within, where it ends well."""
    started = perf_counter()
    yield
    METERS.timing("batch_seconds", perf_counter() - started, step=step)


def first_arrival(inputs: Iterable[Read]) -> int | None:
    """When the first event among the inputs arrived (the broker's time); none: there is none. A tick is no event."""
    return min((item.time_ms for item in inputs if not isinstance(item.content, Tick)), default=None)


def count(lane: int, made: Made, noticed: Noticed) -> None:
    """Count outcomes and outputs of a batch that is true, note which events would have been lost, and name workflows
    that were paused: this once, for afterwards they only do nothing.
    """
    for line in made.batch.outcomes:
        if line.reason == "taken_before":
            noticed.note("event_dropped", line.source)
    for (kind, reason), amount in Counter((line.kind, line.reason) for line in made.batch.outcomes).items():
        if kind == "dead_letter":
            METERS.count("dead_letters", amount, reason=reason)
        elif kind == "dropped":
            METERS.count("events_dropped", amount, lane=str(lane), reason=reason or "repeat")
        elif reason not in UNDECIDED:
            METERS.count("decisions", amount, outcome=kind)
    for topic, amount in Counter(message.topic for message in made.batch.outputs).items():
        METERS.count("outputs_published", amount, topic=topic)
    for division, workflow, record in made.paused:
        METERS.count("workflows_paused", scope="record" if record else "whole")
        log.warning("workflow.paused", lane=lane, division=division, workflow=workflow, record=record)
