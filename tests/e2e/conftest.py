"""Where the programs of a test find their back ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from service.wire.topics import Topics
from tests.backends.kafka_fixture import Kafka

LANES: Final = 4


def environment(bootstrap: str, redis: str, prefix: str = "") -> Mapping[str, str]:
    """What tells a program where everything is. The topics' prefix keeps a test's keys and group apart, too."""
    return {
        "FAIRLEAD_KAFKA__BOOTSTRAP": bootstrap,
        "FAIRLEAD_KAFKA__TOPIC_PREFIX": prefix,
        "FAIRLEAD_KAFKA__GROUP": f"{prefix}fairlead",
        "FAIRLEAD_KAFKA__LANES": str(LANES),
        "FAIRLEAD_REDIS__URL": redis,
        "FAIRLEAD_REDIS__PREFIX": prefix or "fairlead",
        "FAIRLEAD_HTTP__PORT": "0",
    }


@pytest.fixture(autouse=True)
def hang_ups() -> Iterator[None]:
    """Programs hear when their terminal closes, also where this run does not, for they inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def where(real_kafka: Kafka, redis_address: str, topics: Topics) -> Mapping[str, str]:
    """A real broker and a real memory, with names of this test alone."""
    return environment(real_kafka.bootstrap, redis_address, topics.prefix)
