"""The feed of configurations: what it cannot use is told and passed over, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest
from structlog.testing import capture_logs

from schemas.config import Document
from service.config.compiler import from_wire
from service.config.history import History, Proposal, proposal, sources_record
from service.config.sources import AgreedLevel, Sources
from service.core.configuration import Config
from service.kafka import configuration
from service.kafka.configuration import ConfigurationFeed
from service.kafka.port import BrokerUnreachable
from service.kafka.reading import read_one
from service.kafka.topics import create, read_wanted
from service.supervision import Supervisor
from service.telemetry.metrics import METERS
from service.wire.topics import Topics
from tests.app.test_supervision import Clock
from tests.backends.kafka_fixture import Kafka
from tests.sources.topics import remake
from tests.sources.world import World as SourcesWorld


@pytest.fixture
async def feed(real_kafka: Kafka, topics: Topics) -> AsyncIterator[ConfigurationFeed]:
    """A feed of a topic of this test alone, from its beginning."""
    connection = real_kafka.connection()
    await create(connection, [topic for topic in read_wanted(topics, 1) if topic.name == topics.config])
    made = ConfigurationFeed(connection, topics.config)
    await made.start()
    yield made
    await made.stop()


def version(history: History, *people: str, **unknown: object) -> Proposal:
    """The next version of `main`, with these people and with keys that no release knows yet."""
    document = Document.model_validate({"division": "main", "users": {person: {} for person in people}})
    record = proposal(document, history)
    assert record is not None
    content = orjson.loads(record.value)
    content["document"] |= unknown
    return Proposal(record.key, orjson.dumps(content))


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


def all_versions(*each: tuple[list[str], dict[str, object]]) -> list[Proposal]:
    """Versions of `main` that follow one another: the people of each, and its unknown keys."""
    history = History()
    records = []
    for people, unknown in each:
        records.append(version(history, *people, **unknown))
        history.fold(records[-1].value)
    return records


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the versions that were compiled, in turn."""
    made: list[int] = []

    def noted(document: bytes, number: int) -> Config:
        made.append(number)
        return from_wire(document, number)

    monkeypatch.setattr(configuration, "from_wire", noted)
    return made


async def test_of_a_long_history_the_newest_is_compiled_and_what_somebody_names(
    feed: ConfigurationFeed, compilations: list[int]
) -> None:
    """A start and the memory depend on what is in use, and not on how often somebody published."""
    await feed.publish(all_versions(*(([f"person{number}"], {}) for number in range(1, 301))))
    assert compilations == [300]
    assert (await feed.configured("main", 300)).version == 300
    assert list((await feed.configured("main", 7)).users) == ["person7"]
    assert compilations == [300, 7]
    assert list(feed.latest()) == ["main"]


async def test_what_is_usable_is_found_below_any_counted_versions_that_are_not(
    feed: ConfigurationFeed, compilations: list[int]
) -> None:
    """An older release that comes back starts with the newest version that it understands."""
    unknown: list[tuple[list[str], dict[str, object]]] = [
        (["eve", f"p{number}"], {"moods": {}}) for number in range(25)
    ]
    await feed.publish(all_versions((["ann"], {}), (["ann", "bob"], {}), *unknown))
    assert feed.latest()["main"].version == 2
    assert feed.unusable["main"].startswith("version 27: ")
    assert (compilations[0], compilations[-1], 1 in compilations) == (27, 2, False)


async def test_a_lane_whose_version_cannot_be_used_is_given_the_next_that_can(feed: ConfigurationFeed) -> None:
    """Its log names what a newer release went over to; once that is replaced, the lane goes over and decides again."""
    await feed.publish(all_versions((["ann"], {}), (["ann", "bob"], {"moods": {}})))
    waiting = asyncio.create_task(feed.configured("main", 2))
    await asyncio.wait([waiting], timeout=0.3)
    assert not waiting.done()
    await feed.publish([version(feed.history, "ann", "eve")])
    assert (await asyncio.wait_for(waiting, 30)).version == 3
    assert (await feed.configured("main", 2)).version == 3
    assert (await feed.configured("main", 1)).version == 1


async def test_a_version_that_meets_a_bug_costs_its_division_alone(
    feed: ConfigurationFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on, and the process that starts again is not refused."""

    def fails_for_one(document: bytes, number: int) -> Config:
        if b"bob" in document:
            raise ZeroDivisionError("planted")
        return from_wire(document, number)

    monkeypatch.setattr(configuration, "from_wire", fails_for_one)
    north = proposal(Document.model_validate({"division": "north", "users": {"ann": {}}}), feed.history)
    assert north is not None
    await feed.publish([version(feed.history, "bob"), north])
    assert list(feed.latest()) == ["north"]
    assert "ZeroDivisionError" in feed.unusable["main"]


async def test_foreign_records_are_told_once_with_their_position(
    feed: ConfigurationFeed,
) -> None:
    """They do not count, and what follows does."""
    foreign = [b"", b"null", b"\xff", b"[1e400]", b'{"division":"main","version":1e300}']
    with capture_logs() as lines:
        await feed.publish([Proposal(b"", value) for value in foreign])
        await feed.publish([version(feed.history, "ann")])
    told = [(line["position"], line["why"]) for line in lines if line["event"] == "configuration.ignored"]
    assert told == [(f"{feed._partition.topic}/0/{offset}", "foreign") for offset in range(len(foreign))]
    assert feed.latest()["main"].version == 1


async def test_what_two_processes_publish_at_once_is_neither_told_nor_counted(feed: ConfigurationFeed) -> None:
    """Both began with one directory. Every later command would warn of it, though nothing is wrong."""
    same = [version(History(), "ann"), sources_record(Sources(0, "tenant", 4)), sources_record(AgreedLevel(2))]
    with capture_logs() as lines:
        await feed.publish(same + same)
    assert [line for line in lines if line["log_level"] in ("warning", "error")] == []
    assert METERS.registry.get_sample_value("fairlead_configuration_ignored_total", {"why": "repeated"}) is None
    assert feed.latest()["main"].version == 1


async def test_a_lane_that_asks_while_the_broker_is_away_is_told_so_in_its_words(feed: ConfigurationFeed) -> None:
    """It claims again, as after any surprise."""
    await feed.publish(all_versions((["ann"], {}), (["ann", "bob"], {})))
    feed._connection = replace(feed._connection, bootstrap="127.0.0.1:1")
    with pytest.raises(BrokerUnreachable):
        await feed.configured("main", 1)
    assert (await feed.configured("main", 2)).version == 2


async def test_reading_up_ends_when_all_that_was_there_is_in_use(feed: ConfigurationFeed) -> None:
    """Whoever says that a division has no configuration has asked the topic first."""
    writer = ConfigurationFeed(feed._connection, feed._partition.topic)
    await writer.start()
    following = asyncio.create_task(feed.follow())
    try:
        for number in range(1, 6):
            await writer.publish([version(writer.history, f"person{number}")])
            await asyncio.wait_for(feed.read_up(), 30)
            assert feed.latest()["main"].version == number
    finally:
        following.cancel()
        await writer.stop()


async def test_following_that_met_a_bug_begins_behind_the_last_record_that_was_read(
    feed: ConfigurationFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of a page would be lost for good, and nobody would know."""
    records = all_versions((["ann"], {}), (["ann", "bob"], {}), (["ann", "bob", "eve"], {}))
    failures = iter([False, True, False, False])
    fold = History.fold

    def fails_once(history: History, value: bytes, offset: int, time_ms: int) -> object:
        if next(failures):
            raise ZeroDivisionError("planted")
        return fold(history, value, offset, time_ms)

    monkeypatch.setattr(History, "fold", fails_once)
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


async def test_a_topic_made_anew_that_has_grown_since_is_named(
    feed: ConfigurationFeed, real_kafka: Kafka, topics: Topics
) -> None:
    """It holds the place that comes next, so reading raises nothing: its identity tells that it is another."""
    await feed.publish([version(feed.history, "ann")])
    await remake(real_kafka.connection(), topics.config)
    other = ConfigurationFeed(real_kafka.connection(), topics.config)
    await other.start()
    await other.publish(all_versions((["bob"], {}), (["bob", "eve"], {})))
    await feed.backlog()
    following = asyncio.create_task(feed.follow())
    try:
        assert feed.problem == configuration.GONE
        await feed.backlog()
        assert feed.problem == configuration.GONE
        assert (feed.latest()["main"].version, sorted(feed.latest()["main"].users)) == (1, ["ann"])
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await other.stop()


async def test_records_that_no_client_can_read_are_passed_over(
    feed: ConfigurationFeed, real_kafka: Kafka, topics: Topics
) -> None:
    """One keeps neither a process from its start nor a version from coming."""
    await feed.publish([version(feed.history, "ann")])
    world = SourcesWorld(real_kafka.connection(), replace(topics, sources=(topics.config,)))
    await world.send(0, ["a", "b", "c"], spoil=1)
    await world.send(0, ["d", "e"], compression_type="gzip", breaks=True)
    await feed.publish([version(feed.history, "ann", "eve")])
    assert feed.latest()["main"].version == 2
    (told,) = feed.noticed.recent().values()
    assert told == (4, f"{topics.config}/0/4")
