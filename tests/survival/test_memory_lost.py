"""The memory may be lost, or be of yesterday, at any moment: the log knows everything."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import pytest

from tests.survival.cluster import Cluster, Worker, a_moment, wait_until
from tests.survival.worker import Fault

pytestmark = [pytest.mark.real, pytest.mark.faults]

LOSSES = 3
UNDER_WAY = 400
"""Events that are decided before anything is lost."""


async def flush(cluster: Cluster) -> None:
    """FLUSHALL."""
    cluster.flush()


async def restart_empty(cluster: Cluster) -> None:
    """The server is killed and comes back with nothing."""
    cluster.redis.restart()


async def restart_older(cluster: Cluster) -> None:
    """The server is killed and comes back with what it saved at the very beginning of the run."""
    cluster.redis.restart(cluster.saved)


Loss = Callable[[Cluster], Awaitable[None]]
every_loss = pytest.mark.parametrize("lose", [flush, restart_empty, restart_older])


async def begin(cluster: Cluster) -> None:
    """Have something decided, and saved to a file, that can be lost."""
    await cluster.owned_by(cluster.start())
    await cluster.send(UNDER_WAY)
    await cluster.quiet()
    cluster.saved = cluster.redis.save()


async def freeze_in_rebuild(cluster: Cluster) -> Worker:
    """The only process lost the memory, and is frozen behind the first chunk of a rebuild."""
    await cluster.stop(*cluster.workers)
    worker = cluster.start(Fault("rebuilding", how="freeze"))
    await cluster.owned_by(worker)
    await a_moment(1.0)
    cluster.flush()
    await cluster.struck(worker)
    return worker


@every_loss
async def test_the_memory_may_be_lost_under_load(cluster: Cluster, lose: Loss) -> None:
    await begin(cluster)
    cluster.start()
    await cluster.owned_by(*cluster.workers)

    async with cluster.under_load():
        for _ in range(LOSSES):
            await a_moment(1.0)
            await lose(cluster)
        await a_moment(1.0)

    assert await cluster.finish() == []


@every_loss
async def test_the_memory_may_be_lost_again_in_the_middle_of_a_rebuild(cluster: Cluster, lose: Loss) -> None:
    """The process is frozen behind the first chunk of a rebuild, and finds another memory when it goes on."""
    await begin(cluster)

    async with cluster.under_load():
        worker = await freeze_in_rebuild(cluster)
        await lose(cluster)
        worker.signal(signal.SIGCONT)
        await a_moment(1.0)

    assert await cluster.finish() == []


async def test_a_file_that_was_saved_in_the_middle_of_a_rebuild_is_not_believed(cluster: Cluster) -> None:
    await begin(cluster)

    async with cluster.under_load():
        worker = await freeze_in_rebuild(cluster)
        half_built = cluster.redis.save()
        worker.signal(signal.SIGCONT)
        await a_moment(1.0)
        cluster.redis.restart(half_built)
        await a_moment(1.0)

    assert await cluster.finish() == []


async def test_a_log_without_its_beginning_gives_the_memory_back_from_a_snapshot(cluster: Cluster) -> None:
    """All processes are gone and the memory is empty: there is only the log, and it begins with a snapshot."""
    async with cluster.under_load():
        workers = [cluster.start(), cluster.start()]
        await cluster.owned_by(*workers)
        await wait_until(lambda: is_cut(cluster), 60, lambda: "the beginning of every log is deleted")
    for worker in workers:
        await cluster.stop(worker)
    cluster.flush()
    await cluster.send(UNDER_WAY)
    successor = cluster.start()

    assert await cluster.finish() == []
    assert successor.has_logged("memory.rebuilt")


async def is_cut(cluster: Cluster) -> bool:
    return min((await cluster.witness.log_begins()).values()) > 0
