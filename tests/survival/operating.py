"""What operators do to a deployment, and what becomes of it until they do: with the commands that they have.

A version of a newer release is published, topics are deleted and made again, and `fairlead sources` says knowingly how
to go on where the service must not decide that by itself.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import orjson

from service.config.history import Proposal
from service.kafka.configuration import ConfigurationFeed
from service.kafka.connection import administration
from tests.e2e.programs import fairlead
from tests.sources.topics import exists, remake
from tests.survival.cluster import READY_SECONDS, Cluster, a_moment, wait_until
from tests.survival.load import LANES

MADE_ANEW: Final = "was deleted and made again"
"""What a process tells of such a source."""
SOME_LEFT: Final = 1
"""How a redrive ends of which some could not be sent."""
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
    """Run a command of `fairlead` as an operator does; its answer as JSON."""
    told = await fairlead(*words, "--json", environment=_environment(cluster))
    assert told.code == 0, f"{words}: {told.err}{told.out}"
    answer: dict[str, Any] = orjson.loads(told.out)
    return answer


async def redrive(cluster: Cluster) -> Counter[str]:
    """Send again whatever was a dead letter because its division had no configuration; what became of the letters.

    All of them, each time: those that were decided since are nothing to do.
    """
    words = ("deadletters", "redrive", "--reason", "no_configuration", "--json")
    told = await fairlead(*words, environment=_environment(cluster))
    assert told.code in (0, SOME_LEFT), f"{words}: {told.err}{told.out}"
    return Counter(fate["became"] for fate in orjson.loads(told.out))


async def pass_unreadable(cluster: Cluster) -> int:
    """Skip what no client can read, as the readiness says it. How many ranges there were."""
    await cluster.witness.ledger.read_on()
    ranges = 0
    known: set[str] = set()
    for position in cluster.witness.unpassed():
        _, _, where = position.partition("/")
        if where not in known:
            skip = await command(cluster, "sources", "skip", where, "--yes")
            known |= {f"{skip['topic']}/{skip['partition']}/{at}" for at in range(skip["start"], skip["stop"])}
            ranges += 1
    return ranges


async def remake_source(cluster: Cluster, topic: str, meanwhile: int) -> None:
    """At rest a source is deleted and made again, so many events come, then it is reset and read anew.

    What was in it has its outcome. One process runs while it happens and stops before the reset, as all must.
    """
    await cluster.at_rest()
    (worker,) = cluster.workers
    await remake(cluster.connection, topic, cluster.witness.ledger.partitions(topic))
    await cluster.renew()
    await cluster.send(meanwhile)
    await wait_until(lambda: MADE_ANEW in worker.said, READY_SECONDS, lambda: f"{topic} is known to be another")
    await cluster.stop(worker)
    told = await command(cluster, "sources", "reset", "--topic", topic, "--yes")
    cluster.witness.ledger.begin_life(topic, told["epoch"])
    cluster.start()


async def lose_topic(cluster: Cluster, topic: str, meanwhile: int) -> None:
    """At rest an output topic is deleted, so many events come, then a process that starts makes it again.

    What was in it had been published; whoever wants to keep it has read it.
    """
    await cluster.at_rest()
    await cluster.witness.look_away(topic)
    async with administration(cluster.connection) as admin:
        await admin.delete_topics([topic])
    await cluster.send(meanwhile)
    await a_moment(GONE_SECONDS)
    cluster.start()
    await wait_until(lambda: exists(cluster.connection, topic), READY_SECONDS, lambda: f"{topic} is made again")
    await cluster.witness.look_again(topic)


def _environment(cluster: Cluster) -> dict[str, str]:
    """The same deployment for a command."""
    return {
        "FAIRLEAD_KAFKA__BOOTSTRAP": cluster.connection.bootstrap,
        "FAIRLEAD_KAFKA__TOPIC_PREFIX": cluster.topics.prefix,
        "FAIRLEAD_KAFKA__GROUP": cluster.group,
        "FAIRLEAD_KAFKA__LANES": str(LANES),
        "FAIRLEAD_REDIS__URL": cluster.redis.address,
    }
