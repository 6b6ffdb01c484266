"""How a key finds its partition: as every client of Kafka chooses it."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from service.kafka.partitions import partition_of

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


@given(st.binary(max_size=100), st.integers(min_value=1, max_value=1_000))
def test_our_hash_is_the_drivers(key: bytes, partitions: int) -> None:
    """Whatever the length of the key, and whatever bytes are at its end."""
    assert partition_of(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions
