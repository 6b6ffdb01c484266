"""How messages find their partition, and a producer its end."""

from __future__ import annotations

import pytest

from service.kafka.port import Message
from service.kafka.publisher import Place, Publisher, partition_of
from service.kafka.topics import create, read_wanted
from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka

MURMUR2 = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]
"""Values from the tests of Kafka's own client."""


@pytest.mark.parametrize(("key", "hash_value"), MURMUR2)
def test_a_key_goes_where_every_kafka_client_sends_it(key: bytes, hash_value: int) -> None:
    """Else two producers of one topic would tear a record's messages apart."""
    assert partition_of(key, 12) == (hash_value & 0x7FFFFFFF) % 12


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
