"""The feed of configurations: what it cannot use is told and passed over, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from schemas.config import Document
from service.config.compiler import from_wire
from service.config.history import History, Record, proposal
from service.core.configuration import Config
from service.kafka import configuration
from service.kafka.configuration import ConfigurationFeed
from service.kafka.reading import read_one
from service.kafka.topics import create, read_wanted
from service.supervision import Supervisor
from service.wire.topics import Topics
from tests.app.test_supervision import Clock
from tests.backends.kafka_fixture import Kafka
from tests.sources.topics import remake


@pytest.fixture
async def feed(real_kafka: Kafka, topics: Topics) -> AsyncIterator[ConfigurationFeed]:
    """A feed of a topic of this test alone, from its beginning."""
    connection = real_kafka.connection()
    await create(connection, [topic for topic in read_wanted(topics, 1) if topic.name == topics.config])
    made = ConfigurationFeed(connection, topics.config)
    await made.start()
    yield made
    await made.stop()


def version(history: History, *people: str, **unknown: object) -> Record:
    """The next version of `main`, with these people and with keys that no release knows yet."""
    document = Document.model_validate({"division": "main", "users": {person: {} for person in people}})
    record = proposal(document, history)
    assert record is not None
    content = orjson.loads(record.value)
    content["document"] |= unknown
    return Record(record.key, orjson.dumps(content))


async def test_a_version_of_a_newer_release_is_named_and_the_one_before_stays_in_use(feed: ConfigurationFeed) -> None:
    """After an upgrade and a rollback: it neither ends the feed nor keeps a start from succeeding."""
    await feed.publish([version(feed.history, "ann")])
    await feed.publish([version(feed.history, "ann", "bob", moods={})])
    assert feed.latest()["main"].version == 1
    assert feed.unusable["main"].startswith("version 2: ")
    assert "moods" in feed.unusable["main"]


async def test_a_version_that_cannot_be_used_is_replaced_by_the_next(feed: ConfigurationFeed) -> None:
    await feed.publish([version(feed.history, "ann", moods={})])
    assert (list(feed.latest()), list(feed.unusable)) == ([], ["main"])
    await feed.publish([version(feed.history, "ann", "eve")])
    assert (feed.latest()["main"].version, feed.unusable) == (2, {})


async def test_following_that_met_a_bug_begins_behind_the_last_record_that_was_read(
    feed: ConfigurationFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a page would be lost for good, and nobody would know."""
    history = History()
    records = []
    for people in (["ann"], ["ann", "bob"], ["ann", "bob", "eve"]):
        records.append(version(history, *people))
        history.fold(records[-1].value)
    failures = iter([False, True, False, False])

    def fails_once(document: bytes, number: int) -> Config:
        if next(failures):
            raise ZeroDivisionError("planted")
        return from_wire(document, number)

    monkeypatch.setattr(configuration, "from_wire", fails_once)
    clock = Clock()
    supervisor = Supervisor(clock, clock.pause)
    supervisor.start("configuration", feed.follow)
    writer = ConfigurationFeed(feed._connection, feed._partition.topic)
    await writer.start()
    monkeypatch.setattr(writer, "catch_up", writer.backlog)
    await writer.publish(records)
    read = await asyncio.wait_for(feed.configured("main", 3), 30)
    assert sorted(read.users) == ["ann", "bob", "eve"]
    assert [trouble.about for trouble in supervisor.troubles()] == ["configuration"]
    await supervisor.stop()
    await writer.stop()


async def test_a_topic_that_lost_what_was_read_is_named_and_read_no_further(
    feed: ConfigurationFeed, real_kafka: Kafka, topics: Topics
) -> None:
    """What it holds once it has grown does not follow on what is known here."""
    await feed.publish([version(feed.history, "ann")])
    await feed.publish([version(feed.history, "ann", "eve")])
    following = asyncio.create_task(feed.follow())
    try:
        await remake(real_kafka.connection(), topics.config)
        async with asyncio.timeout(60):
            while feed.problem != configuration.GONE:
                await read_one(real_kafka.connection(), topics.config, 0, 0)
        assert feed.latest()["main"].version == 2
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
