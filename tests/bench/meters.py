"""What a contestant says of itself: the service's own metrics, read over HTTP as a dashboard reads them."""

from __future__ import annotations

import asyncio
import socket
from http.client import HTTPConnection
from typing import Final, NamedTuple, get_args

from prometheus_client.parser import text_string_to_metric_families

from service.telemetry.metrics import BatchStep

LOOPBACK: Final = "127.0.0.1"
STEPS: Final[tuple[BatchStep, ...]] = get_args(BatchStep)

Samples = dict[tuple[str, str], float]
"""Values by the metric's name and its first label's value."""


class StepCost(NamedTuple):
    """What a step of a lane's loop took: milliseconds a batch, microseconds an event."""

    step: str
    ms_per_batch: float
    us_per_event: float


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def samples(port: int) -> Samples:
    """All metrics of the process that serves them at the port."""
    text = await asyncio.to_thread(_page, port)
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def split_of(after: Samples, before: Samples | None = None) -> list[StepCost]:
    """What each step took, from a process that did nothing but work on a lane, since `before`."""
    passed = {key: value - (before or {}).get(key, 0.0) for key, value in after.items()}
    batches = passed["fairlead_batch_seconds_count", "append"]
    events = sum(value for (name, _), value in passed.items() if name == "fairlead_decisions_total")
    seconds = {step: passed["fairlead_batch_seconds_sum", step] for step in STEPS}
    return [StepCost(step, took / batches * 1e3, took / events * 1e6) for step, took in seconds.items()]


def _page(port: int) -> str:
    connection = HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
