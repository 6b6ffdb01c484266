"""The checker is worth something: with a safeguard left out, the same faults are found to break promises.

Every safeguard has its test. Should one of them stay green, then either the checker is blind or the safeguard is
superfluous.
"""

from __future__ import annotations

import pytest

from service.lane.surroundings import Safeguards
from tests.survival.cluster import READY_SECONDS, Cluster, Worker
from tests.survival.documents import LANES
from tests.survival.worker import Fault

pytestmark = [pytest.mark.real, pytest.mark.faults]

LEADS = 60


async def test_without_contiguity_a_process_back_from_the_dead_publishes_what_nobody_decided(cluster: Cluster) -> None:
    """It is frozen with a batch that is decided and not appended; the others decide it with another configuration.

    They have the memory as well by then: one that it had written to meanwhile would keep them from their work.
    """
    careless = Safeguards(contiguity=False)
    frozen = cluster.start(Fault("decided", nth=3, how="freeze"), careless)
    await cluster.owned_by(frozen)
    async with cluster.under_load():
        await cluster.struck(frozen)
    await cluster.configure(1)
    survivor = cluster.start()
    await cluster.wait(lambda: has_taken_over(survivor), READY_SECONDS, lambda: survivor.last_words)

    await cluster.outlived(survivor, frozen)
    await cluster.wait(lambda: has_let_go(frozen), READY_SECONDS, lambda: frozen.last_words)

    assert some("was published and is in no batch that counts", await cluster.finish())


async def test_without_the_watermark_a_repeated_batch_is_decided_twice(cluster: Cluster) -> None:
    careless = Safeguards(watermark=False)
    await killed_with(cluster, Fault("ingest_sent", nth=2), careless)

    cluster.start(safeguards=careless)

    assert some("is decided twice", await cluster.finish())


async def test_without_republication_the_outputs_of_the_last_batch_are_missing(cluster: Cluster) -> None:
    careless = Safeguards(republication=False)
    await killed_with(cluster, Fault("appended", nth=8), careless)

    cluster.start(safeguards=careless)

    assert some("was never published", await cluster.finish())


async def test_an_event_that_ingest_loses_is_missed(cluster: Cluster) -> None:
    """No lane has ever heard of it: only who reads the sources knows that it was there."""
    worker = cluster.start(neglect="event")
    await cluster.send_leads(LEADS)
    await cluster.struck(worker)
    lost = worker.order.journal.read_text("utf-8")

    assert await cluster.finish(frozenset({lost})) == [f"{lost} ended 0 times"]


async def test_a_dead_letter_that_is_not_written_is_missed(cluster: Cluster) -> None:
    cluster.start(neglect="dead_letters")
    await cluster.send_leads(LEADS)
    broken = await cluster.send_broken()

    assert await cluster.finish(frozenset({broken})) == [f"{broken} ended 0 times"]


async def killed_with(cluster: Cluster, fault: Fault, safeguards: Safeguards) -> None:
    """A process was killed by the fault while there were new leads."""
    victim = cluster.start(fault, safeguards)
    for _ in range(10):
        await cluster.send_leads(LEADS)
    await cluster.killed(victim)


def has_taken_over(worker: Worker) -> bool:
    """Whether it has every lane, with its memory: no other one can write there any more."""
    return worker.said.count('"event":"lane.claimed"') >= LANES


def has_let_go(worker: Worker) -> bool:
    """Whether it has ended its work on every lane, and with it on the batch that it was frozen in."""
    return worker.said.count('"event":"lane.stopped"') >= LANES


def some(complaint: str, found: list[str]) -> bool:
    return any(complaint in violation for violation in found)
