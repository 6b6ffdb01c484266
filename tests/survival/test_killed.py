"""A process that dies between any two steps costs nothing: others, and its successors, go on where the log stands."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

import service
from tests.survival.cluster import Cluster
from tests.survival.worker import BATCH_STEPS, INGEST_STEPS, RARE_STEPS, SNAPSHOT_STEPS, STEPS, TAKEOVER_STEPS, Fault

pytestmark = [pytest.mark.real, pytest.mark.faults, pytest.mark.timeout(240)]

TIMES = 3
"""So often a process is killed at each step."""


@pytest.mark.parametrize(
    "steps",
    [INGEST_STEPS, BATCH_STEPS, TAKEOVER_STEPS, SNAPSHOT_STEPS],
    ids=["ingest", "batch", "take-over", "snapshot"],
)
async def test_a_process_may_be_killed_between_any_two_steps(cluster: Cluster, steps: tuple[str, ...]) -> None:
    """Three processes at a time take in and decide; one after the other is killed at a step. S38."""
    random = Random(cluster.seed)
    faults = [Fault(step, nth=random.randint(1, 3)) for step in steps for _ in range(TIMES)]
    random.shuffle(faults)

    async with cluster.under_load():
        await cluster.kill_at(faults)
    cluster.start()

    assert await cluster.finish() == []
    assert cluster.hits == dict.fromkeys(steps, TIMES)


def test_the_steps_are_all_the_steps_there_are() -> None:
    """A step that is added to the service must be added here, or nobody would ever be killed there."""
    assert {*STEPS, *RARE_STEPS} == steps_in_the_service()


def steps_in_the_service() -> set[str]:
    named = re.compile(r'\bstep\("(\w+)"\)')
    files = Path(service.__file__ or "").parent.rglob("*.py")
    return {step for file in files for step in named.findall(file.read_text("utf-8"))}
