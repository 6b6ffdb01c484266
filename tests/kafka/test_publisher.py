"""How messages get to their place, and a producer to its end."""

from __future__ import annotations

import dataclasses

import pytest
from structlog.testing import capture_logs

from service.ingest import Ingest, Reading
from service.kafka.partitions import Place
from service.kafka.port import Lost, Refused
from service.kafka.publisher import Publisher
from service.kafka.topics import create, read_wanted
from service.wire.messages import Message, RawRecord
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka


async def test_an_append_goes_to_the_place_and_tells_its_first_offset(real_kafka: Kafka, topics: Topics) -> None:
    """Whatever the keys say: ingest chooses the lane itself."""
    await create(real_kafka.connection(), read_wanted(topics, 4))
    publisher = Publisher(real_kafka.connection())
    messages = [Message(topics.events, b"key %d" % number, b"value") for number in range(50)]
    try:
        assert await publisher.append(Place(topics.events, 3), messages) == 0
        assert await publisher.append(Place(topics.events, 3), messages) == 50
        assert await publisher.append(Place(topics.events, 2), messages) == 0
    finally:
        await publisher.close()


async def create_topics(kafka: Kafka, topics: Topics, lanes: int = 1, dead_letter_bytes: int = 2_097_152) -> None:
    """The topics, where that of the dead letters takes so much."""
    wanted = [
        dataclasses.replace(topic, settings={**topic.settings, "max.message.bytes": str(dead_letter_bytes)})
        if topic.name == topics.dead_letters
        else topic
        for topic in read_wanted(topics, lanes)
    ]
    await create(kafka.connection(), wanted)


async def test_what_the_broker_refuses_for_good_is_told_with_topic_and_size(real_kafka: Kafka, topics: Topics) -> None:
    """Whoever wrote it can write less, and a person can read in the log what is wrong with the topic."""
    await create_topics(real_kafka, topics, dead_letter_bytes=10_000)
    publisher = Publisher(real_kafka.connection())
    try:
        with capture_logs() as lines, pytest.raises(Refused) as refused:
            await publisher.publish([Message(topics.dead_letters, b"", b"x" * 50_000)])
    finally:
        await publisher.close()
    assert (refused.value.topic, refused.value.is_too_large) == (topics.dead_letters, True)
    assert "max.message.bytes" in str(refused.value)
    assert 50_000 < refused.value.size < 50_200
    told = [(line["log_level"], line["topic"], line["bytes"]) for line in lines if line["event"] == "write.refused"]
    assert told == [("error", topics.dead_letters, refused.value.size)]


async def test_a_partition_that_is_not_there_is_a_loss(real_kafka: Kafka, topics: Topics) -> None:
    """The driver asserts: a topic with fewer partitions than lanes must not end what writes."""
    await create_topics(real_kafka, topics)
    publisher = Publisher(real_kafka.connection())
    try:
        with pytest.raises(Lost, match="did not confirm"):
            await publisher.append(Place(topics.events, 7), [Message(topics.events, b"", b"value")])
        with pytest.raises(Lost, match="renew"):
            await publisher.append(Place(topics.events, 0), [Message(topics.events, b"", b"value")])
        await publisher.renew()
        assert await publisher.append(Place(topics.events, 0), [Message(topics.events, b"", b"value")]) == 0
    finally:
        await publisher.close()


async def test_a_message_that_cannot_be_written_is_a_loss(real_kafka: Kafka, topics: Topics) -> None:
    """Half a character in a header's name has no form in UTF-8; nothing but a loss leaves the publisher."""
    await create_topics(real_kafka, topics)
    publisher = Publisher(real_kafka.connection())
    try:
        with pytest.raises(Lost, match="surrogates not allowed"):
            await publisher.publish([Message(topics.assignments, b"", b"", (("\ud800", b""),))])
    finally:
        await publisher.close()


async def test_ingest_gets_a_dead_letter_into_a_topic_that_is_too_small(real_kafka: Kafka, topics: Topics) -> None:
    """A record of 5 MB, as a source holds it compressed: cut until the topic takes it."""
    await create_topics(real_kafka, topics, dead_letter_bytes=100_000)
    publisher = Publisher(real_kafka.connection())
    attempts: list[int] = []

    async def at_once(attempt: int) -> None:
        attempts.append(attempt)
        assert attempt < 10

    try:
        record = RawRecord(topics.sources[0], 0, 0, b"lead/1", b"x" * 5_000_000, (), 0)
        await Ingest(Reading(topics, 1), publisher, pause=at_once).handle([record])
    finally:
        await publisher.close()
    assert attempts, "it was too large at first"
