"""How messages get to their place, and a producer to its end."""

from __future__ import annotations

from service.kafka.partitions import Place
from service.kafka.port import Message
from service.kafka.publisher import Publisher
from service.kafka.topics import create, read_wanted
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
