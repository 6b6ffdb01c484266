"""The commands that change how the sources are read: they say what they would do, and do it only when told to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownMemberIdError

from service.app.sources import prepare_positions, reset_positions
from service.cli import sources
from service.kafka.publisher import Publisher
from service.wire.messages import Message
from tests.cli.deployment import Deployment
from tests.sources.world import World as SourceWorld


def said(value: object) -> Any:
    """A JSON value, of which a test knows the form."""
    return value


@pytest.mark.real
def test_sources_reset_begins_an_epoch_at_the_beginning_of_the_topics(deployment: Deployment) -> None:
    """Without --yes it only explains. Each reset is one epoch more."""
    group = "fairlead.ingest"

    async def committed() -> int | None:
        connection = deployment.kafka.connection()
        consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"group_id": group}))
        await consumer.start()
        try:
            found: int | None = await consumer.committed(TopicPartition(deployment.topics.sources[0], 0))
            return found
        finally:
            await consumer.stop()

    async def read_all() -> None:
        connection = deployment.kafka.connection()
        publisher = Publisher(connection)
        topic = deployment.topics.sources[0]
        await publisher.publish([Message(topic, b"%d" % number, b"x") for number in range(200)])
        await publisher.close()
        await prepare_positions(connection, group, deployment.topics.sources)
        consumer = AIOKafkaConsumer(**(connection.consumer_options() | {"group_id": group}))
        await consumer.start()
        try:
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            await consumer.commit(await consumer.end_offsets([partition]))
        finally:
            await consumer.stop()

    asyncio.run(read_all())
    before = asyncio.run(committed())
    assert before
    explained = deployment.run("sources", "reset")
    assert explained.code == 2
    assert "A new epoch of the sources, 1 after 0" in explained.out
    assert asyncio.run(committed()) == before
    done = said(deployment.run("sources", "reset", "--yes", "--json").json)
    assert done["epoch"] == 1
    assert asyncio.run(committed()) == 0
    assert said(deployment.run("sources", "reset", "--yes", "--json").json)["epoch"] == 2
    assert said(deployment.run("sources", "reset", "--above", "6", "--yes", "--json").json)["epoch"] == 7


@pytest.mark.real
def test_sources_reset_does_not_change_the_counted_lanes(deployment: Deployment) -> None:
    """State lies in its lane; a new epoch does not move it."""
    deployment.monkeypatch.setenv("FAIRLEAD_KAFKA__LANES", "3")
    told = deployment.run("sources", "reset", "--yes")
    assert (told.code, "FAIRLEAD_KAFKA__LANES" in told.err) == (2, True)


@pytest.mark.real
def test_sources_reset_of_one_topic_leaves_the_others_alone(deployment: Deployment) -> None:
    """It was made anew; the others' positions still mean what they meant."""
    first, second = deployment.topics.sources
    explained = deployment.run("sources", "reset", "--topic", first)
    assert (explained.code, f"A new epoch of the topic {first}, 1 after 0" in explained.out) == (2, True)
    done = said(deployment.run("sources", "reset", "--topic", first, "--yes", "--json").json)
    assert (done["epoch"], done["topics"]) == (1, [first])
    assert said(deployment.run("sources", "reset", "--topic", second, "--yes", "--json").json)["epoch"] == 2
    assert said(deployment.run("sources", "reset", "--yes", "--json").json)["epoch"] == 3
    told = deployment.run("sources", "reset", "--topic", "nobody", "--yes")
    assert (told.code, first in told.err) == (2, True)


@pytest.mark.real
def test_a_reset_of_sources_says_if_somebody_started_meanwhile(deployment: Deployment) -> None:
    """They may have read on in the epoch before, from the positions that were just reset: nobody would read that."""
    asked = 0

    async def reset(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise UnknownMemberIdError
        return await reset_positions(*arguments)

    deployment.monkeypatch.setattr(sources, "reset_positions", reset)
    told = deployment.run("sources", "reset", "--yes")
    assert (told.code, "was started at the same moment" in told.err) == (2, True)


@pytest.mark.real
def test_sources_skip_passes_only_what_cannot_be_read(deployment: Deployment) -> None:
    """Without --yes it only explains. Told again there is nothing to do; what can be read is refused."""
    topic = deployment.topics.sources[0]
    world = SourceWorld(deployment.kafka.connection(), deployment.topics)
    asyncio.run(world.send(0, ["a", "b", "c", "d"], spoil=1))
    asyncio.run(world.send(0, ["e"]))
    explained = deployment.run("sources", "skip", f"{topic}/0/1")
    assert (explained.code, "offset 1 of" in explained.out) == (2, True)
    done = said(deployment.run("sources", "skip", f"{topic}/0/1", "--yes", "--json").json)
    assert (done["start"], done["stop"]) == (1, 2)
    again = deployment.run("sources", "skip", f"{topic}/0/1", "--yes")
    assert (again.code, "nothing to do" in again.out) == (0, True)
    for where, why in (
        ("0/0", "can be read"),
        ("0/2", "can be read"),
        ("0/99", "holds offsets 0 to 4"),
        ("99/0", "no such partition"),
        ("0", "TOPIC/"),
    ):
        told = deployment.run("sources", "skip", f"{topic}/{where}", "--yes")
        assert (told.code, why in told.err) == (2, True)
