"""Careless, hostile and unlucky neighbours cost nobody an event: each of their faults, at least once.

`python -m tests.survival` lets all of them loose together with the other faults.
"""

from __future__ import annotations

import pytest

from tests.checker import fates_of_redriven
from tests.survival.cluster import Cluster, a_moment, wait_until
from tests.survival.documents import DIVISIONS
from tests.survival.neighbours import KINDS_OF_PLANS, SPOILINGS
from tests.survival.operating import lose_topic, pass_unreadable, publish_unusable, redrive, remake_source

pytestmark = [pytest.mark.real, pytest.mark.faults]

SOME = 150
"""So many events are sent where load is not what matters."""


async def test_whole_keys_of_the_memory_may_be_lost_or_spoilt_under_load(cluster: Cluster) -> None:
    """By whoever deletes or overwrites them, or by a policy that evicts: the log knows what they held."""
    await cluster.owned_by(cluster.start())

    async with cluster.under_load():
        for how in SPOILINGS:
            await a_moment(0.7)
            cluster.neighbours.lose_keys(cluster.redis.port, how)
        await a_moment(0.7)
        cluster.neighbours.evict(cluster.redis.port)
        await a_moment(0.7)

    assert await cluster.finish() == []


async def test_what_is_remembered_of_plans_may_be_lost_under_load(cluster: Cluster) -> None:
    """D46 Whole keys of the leads' plans, of the numbers of clients and of contacts, and whoever owns them dies."""
    await cluster.owned_by(cluster.start())

    async with cluster.under_load():
        for how in SPOILINGS:
            await a_moment(0.7)
            for kind in KINDS_OF_PLANS:
                cluster.neighbours.lose_keys(cluster.redis.port, how, kind)
        cluster.start()
        await cluster.kill(cluster.workers[0])
        for kind in KINDS_OF_PLANS:
            cluster.neighbours.lose_keys(cluster.redis.port, "deleted", kind)
        await a_moment(0.7)

    assert await cluster.finish() == []
    held = {key.partition(":")[0] for lane in cluster.witness.lanes for key in cluster.witness.memory(lane).content}
    assert set(KINDS_OF_PLANS) <= held


async def test_strange_records_and_what_was_taken_back_do_not_count(cluster: Cluster) -> None:
    """Whatever stands in our topics, whatever a transaction took back, and a version of a newer release."""
    worker = cluster.start()
    await cluster.owned_by(worker)
    await cluster.meet_strangers()  # before anything was read, and again in the middle

    async with cluster.under_load():
        for commits in (False, True, False):
            await cluster.neighbours.transaction(commits=commits)
        await cluster.meet_strangers()
        for division in DIVISIONS:
            await publish_unusable(cluster, division)
        await cluster.configure(1)
        await cluster.neighbours.transaction(commits=False)

    assert await cluster.finish() == []
    assert worker.has_logged("configuration.refused")
    assert worker.has_logged("record.passed_over")


async def test_dead_letters_are_decided_once_however_often_they_are_sent_again(cluster: Cluster) -> None:
    """D37 Before their cause is mended and after it, by several people, while an owner dies and the memory is lost."""
    first = cluster.start()
    await cluster.owned_by(first)
    await cluster.send_leads(SOME, ["early"])
    await wait_until(lambda: len(cluster.witness.refused) >= SOME, 30, lambda: "they are dead letters")
    assert await redrive(cluster) == {"sent": SOME}
    await cluster.admit("early")
    assert (await redrive(cluster))["sent"] == SOME
    await cluster.kill(first)
    cluster.flush()
    cluster.start()
    await cluster.send(SOME)
    assert (await redrive(cluster))["sent"] == SOME

    assert await cluster.finish() == []
    fates = fates_of_redriven(await cluster.witness.evidence())
    assert fates["redriven assigned"] == SOME
    assert fates["redriven redriven_already"] > 0


@pytest.mark.parametrize("how", ["header", "compression"])
async def test_what_no_client_can_read_is_passed_by_those_who_say_so(cluster: Cluster, how: str) -> None:
    """Nothing else is passed with it, and all that can be read in front of it and behind it is decided."""
    worker = cluster.start()
    await cluster.send(SOME)
    await cluster.neighbours.send_unreadable(how)
    await cluster.send(SOME)
    await wait_until(lambda: worker.has_logged("source.stood"), 30, lambda: f"a partition stands: {worker.last_words}")

    assert await pass_unreadable(cluster) == 1
    assert await cluster.finish() == []
    assert len(cluster.witness.ledger.unreadable) == (8 if how == "compression" else 1)


@pytest.mark.parametrize("topic", [0, 1], ids=["records", "members"])
async def test_a_source_that_is_made_anew_is_read_after_a_reset(cluster: Cluster, topic: int) -> None:
    """What comes in the meantime waits for it. Of the topic as it was all is decided."""
    cluster.start()
    await cluster.send(SOME)

    await remake_source(cluster, cluster.topics.sources[topic], SOME)

    await cluster.send(SOME)
    assert await cluster.finish() == []


async def test_an_output_topic_may_be_deleted(cluster: Cluster) -> None:
    """What is decided while it is gone is published when it is there again: the log has every output."""
    cluster.start()
    await cluster.send(SOME)

    await lose_topic(cluster, cluster.topics.assignments, SOME)

    assert await cluster.finish() == []
