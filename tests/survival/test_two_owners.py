"""Several processes share one group: one may vanish, one may come back from the dead, all may be replaced."""

from __future__ import annotations

import pytest

from tests.survival.cluster import Cluster, a_moment
from tests.survival.worker import Fault

pytestmark = [pytest.mark.real, pytest.mark.faults]


async def test_the_other_process_takes_over_from_one_that_is_killed(cluster: Cluster) -> None:
    one, other = cluster.start(), cluster.start()
    await cluster.owned_by(one, other)

    async with cluster.under_load():
        await a_moment(1.0)
        await cluster.kill(one)
        await cluster.owned_by(other)

    assert await cluster.finish() == []


@pytest.mark.parametrize("steps", [("decided", "ingest_sent"), ("appended", "ingest_polled"), ("loaded", "polled")])
async def test_a_process_that_was_frozen_for_longer_than_its_session_does_no_harm(
    cluster: Cluster, steps: tuple[str, ...]
) -> None:
    """It goes on in the middle of a batch that others have decided meanwhile, with another configuration. S38.

    One that is frozen in the middle of reading its sources may hear of the new owners before it decides anything.
    """
    frozen = [cluster.start(Fault(step, nth=5, how="freeze")) for step in steps]
    survivor = cluster.start()
    await cluster.owned_by(survivor, *frozen)

    async with cluster.under_load():
        for worker in frozen:
            await cluster.struck(worker)
        await cluster.configure(1)
        await cluster.outlived(survivor, *frozen)
        await cluster.owned_by(survivor, *frozen)

    assert await cluster.finish() == []
    assert frozen[0].has_logged("lane.fenced")


async def test_all_processes_may_be_replaced_one_after_the_other(cluster: Cluster) -> None:
    """A rolling restart: each ends in order, its successor is there before the next one goes."""
    old = [cluster.start(), cluster.start()]
    await cluster.owned_by(*old)

    async with cluster.under_load():
        for worker in old:
            await cluster.stop(worker)
            cluster.start()
            await cluster.owned_by(*cluster.workers)

    assert await cluster.finish() == []
    assert all(worker.has_logged("process.stopped") for worker in old)


async def test_what_was_sent_and_not_acknowledged_is_sent_again_and_decided_once(cluster: Cluster) -> None:
    """The watermark of each source partition makes a repeated batch free. S38."""
    victim = cluster.start(Fault("ingest_sent", nth=2))

    async with cluster.under_load():
        await cluster.killed(victim)
        cluster.start()
        await a_moment(1.0)

    assert await cluster.finish() == []
    assert "dropped" in cluster.witness.kinds_of_outcomes()
