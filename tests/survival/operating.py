"""What operators do to a deployment, and what becomes of it until they do: with the commands that they have.

A version of a newer release is published, topics are deleted and made again, halted lanes are adopted and restored, and
`fairlead sources` says knowingly how to go on where the service must not decide that by itself.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from redis import Redis

from service.config.history import Proposal
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import administration
from service.kafka.port import Lost
from tests.e2e.programs import Ended, fairlead
from tests.sources.topics import exists, remake
from tests.survival.cluster import READY_SECONDS, Cluster, a_moment
from tests.survival.documents import LANES

MADE_ANEW: Final = "was deleted and made again"
"""What a process tells of such a source."""
REFUSED: Final = 2
"""How a command ends that would not help or would do harm."""
SOME_LEFT: Final = 1
"""How a redrive ends of which some could not be sent."""
NO_CONNECTION: Final = "no connection"
"""What a command says that the broker did not answer in time."""
GONE_SECONDS: Final = 3.0
"""A topic is gone for so long at least."""


async def publish_unusable(cluster: Cluster, division: str) -> None:
    """Publish a version that this release cannot compile, as a newer one would: it is the division's newest."""
    feed = ConfigurationFeed(cluster.connection, cluster.topics.config)
    try:
        await feed.start()
        latest = feed.history.latest(division)
        before = latest.number if latest else 0
        content = {"division": division, "version": before + 1, "expected_version": before, "hash": f"of {before}"}
        document = {"division": division, "of_a_newer_release": {"by": "neighbours"}}
        await feed.publish([Proposal(division.encode(), orjson.dumps({**content, "document": document}))])
        assert division in feed.unusable
    finally:
        await feed.stop()


async def command(cluster: Cluster, *words: str) -> dict[str, Any]:
    """Run a command of `fairlead` as an operator does, who tries again where the broker did not answer; its answer."""
    told = await cluster.insist(lambda: _told(cluster, *words), " ".join(words))
    assert told.code == 0, f"{words}: {told.err}{told.out}"
    answer: dict[str, Any] = orjson.loads(told.out)
    return answer


async def _told(cluster: Cluster, *words: str) -> Ended:
    """How a command ended that had its connections. Raises `Lost` where it had not, or took too long."""
    try:
        told = await fairlead(*words, "--json", environment=_environment(cluster))
    except TimeoutError as error:
        raise Lost(f"{words} took too long") from error
    if NO_CONNECTION in told.err:
        raise Lost(told.err)
    return told


async def redrive(cluster: Cluster) -> Counter[str]:
    """Send again whatever was a dead letter because its division had no configuration; what became of the letters.

    All of them, each time: those that were decided since are nothing to do. Raises `Lost`.
    """
    words = ("deadletters", "redrive", "--reason", "no_configuration")
    told = await _told(cluster, *words)
    assert told.code in (0, SOME_LEFT), f"{words}: {told.err}{told.out}"
    return Counter(fate["became"] for fate in orjson.loads(told.out))


async def pass_unreadable(cluster: Cluster) -> int:
    """Skip what no client can read, as the readiness says it. How many ranges there were."""
    await cluster.insist(cluster.witness.ledger.read_on, "the ledger is read to its end")
    ranges = 0
    known: set[str] = set()
    for position in cluster.witness.unpassed():
        _, _, where = position.partition("/")
        if where not in known:
            skip = await command(cluster, "sources", "skip", where, "--yes")
            known |= {f"{skip['topic']}/{skip['partition']}/{at}" for at in range(skip["start"], skip["stop"])}
            ranges += 1
    return ranges


async def recover_twice(cluster: Cluster, lane: int) -> list[str]:
    """At rest a lane's memory is of another life, though what it holds is right: the lane halts, and two people adopt
    and restore it at once. Then its process is started again. Which of the two was done.
    """
    await cluster.at_rest()
    (worker,) = cluster.workers
    await cluster.stop(worker)
    with Redis(port=cluster.redis.port) as redis:
        redis.hset(f"fairlead{{lane-{lane}}}:head", "checksum", "of another life")
    halting = cluster.start()
    await cluster.wait(lambda: halting.has_logged("lane.halted"), READY_SECONDS, lambda: f"lane {lane} halts")
    done = await asyncio.gather(_is_recovered(cluster, "adopt", lane), _is_recovered(cluster, "restore", lane))
    await cluster.stop(halting)
    cluster.start()
    return [word for word, is_done in zip(("adopt", "restore"), done, strict=True) if is_done]


async def _is_recovered(cluster: Cluster, word: str, lane: int) -> bool:
    """Whether a lane was brought back so; what is refused is wrong usage."""
    told = await cluster.insist(lambda: _told(cluster, word, str(lane), "--yes"), word)
    assert told.code in (0, REFUSED), f"{word}: {told.err}{told.out}"
    return told.code == 0


async def remake_source(cluster: Cluster, topic: str, meanwhile: int) -> None:
    """At rest a source is deleted and made again, so many events come, then it is reset and read anew.

    What was in it has its outcome. One process runs while it happens and stops before the reset, as all must. The
    events come once it is noticed: it looks every few seconds, and what fills the topic beyond its mark before that is
    decided in the old epoch and known again in the new one, which the checker cannot tell from an invention.
    """
    await cluster.at_rest()
    (worker,) = cluster.workers
    partitions = cluster.witness.ledger.partitions(topic)
    await cluster.insist(lambda: remake(cluster.connection, topic, partitions), f"{topic} is made anew")
    await cluster.renew()
    await cluster.wait(lambda: MADE_ANEW in worker.said, READY_SECONDS, lambda: f"{topic} is known to be another")
    await cluster.insist(lambda: cluster.send(meanwhile), "events are sent")
    await cluster.stop(worker)
    told = await command(cluster, "sources", "reset", "--topic", topic, "--yes")
    cluster.witness.ledger.begin_life(topic, told["epoch"])
    cluster.start()


async def lose_topic(cluster: Cluster, topic: str, meanwhile: int) -> None:
    """At rest an output topic is deleted, so many events come, then a process that starts makes it again.

    What was in it had been published; whoever wants to keep it has read it.
    """
    await cluster.at_rest()
    with _frozen(cluster):
        await cluster.wait(cluster.witness.is_up_to_date, READY_SECONDS, lambda: "everything was read")
        await cluster.insist(lambda: cluster.witness.look_away(topic), f"nobody looks at {topic}")
        await cluster.insist(lambda: _delete(cluster, topic), f"{topic} is deleted")
        await cluster.wait(lambda: _is_gone(cluster, topic), READY_SECONDS, lambda: f"{topic} is gone")
    await cluster.insist(lambda: cluster.send(meanwhile), "events are sent")
    await a_moment(GONE_SECONDS)
    cluster.start()
    await cluster.wait(lambda: exists(cluster.connection, topic), READY_SECONDS, lambda: f"{topic} is made again")
    await cluster.insist(lambda: cluster.witness.look_again(topic), f"{topic} is read again")


@contextmanager
def _frozen(cluster: Cluster) -> Iterator[None]:
    """No process does anything meanwhile: timers go off also at rest, and nobody would see what came of them."""
    frozen = list(cluster.workers)
    for worker in frozen:
        worker.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in frozen:
            worker.signal(signal.SIGCONT)


async def _is_gone(cluster: Cluster, topic: str) -> bool:
    """A deletion is granted before the broker does it: what it takes until then goes with the topic."""
    return not await exists(cluster.connection, topic)


async def _delete(cluster: Cluster, topic: str) -> None:
    async with administration(cluster.connection) as admin:
        await admin.delete_topics([topic])


def _environment(cluster: Cluster) -> dict[str, str]:
    """The same deployment for a command."""
    return {
        "FAIRLEAD_KAFKA__BOOTSTRAP": cluster.connection.bootstrap,
        "FAIRLEAD_KAFKA__TOPIC_PREFIX": cluster.topics.prefix,
        "FAIRLEAD_KAFKA__GROUP": cluster.group,
        "FAIRLEAD_KAFKA__LANES": str(LANES),
        "FAIRLEAD_REDIS__URL": cluster.redis.address,
    }
